//! `revoke`: ending credentials at their services.

use serde_json::{Value, json};

use super::find::find_all;
use super::output::{print_json, print_text, say};
use super::unattended::{Progress, side_by_side};
use super::{Done, Settings, accounts, altogether, named_to_end, open_vault_for, result_of};
use crate::account::{Account, AccountId, Note};
use crate::events::problem_json;
use crate::flow::Outcome;
use crate::flow::revoke::{Presence, Revoke};
use crate::problem::{Kind, Problem};
use crate::report::{self, capitalized, history};
use crate::shell::clock;

/// Which accounts are to be ended.
pub enum Which<'a> {
    Named(&'a [String]),
    /// Those that were to be, and that has not been shown.
    Pending,
}

pub async fn revoke(settings: &Settings, which: Which<'_>) -> Done {
    let ports = settings.ports()?;
    let chosen: Vec<Account> = match which {
        Which::Named(names) => named_to_end(&ports, names).await?,
        Which::Pending => {
            accounts(&ports).await?.into_iter().filter(|account| account.more.revoking.is_some()).collect()
        }
    };
    open_vault_for(&chosen, settings, &ports, None).await?;
    let mut progress = Progress::new("Revoked", chosen.len());
    let mut events = settings.events()?;
    let ids: Vec<AccountId> = chosen.iter().map(|account| account.id.clone()).collect();
    let flows = chosen.into_iter().map(|account| Revoke::new(account, Presence::Nobody)).collect();
    let tell = |flow: &Revoke, outcome: &Outcome| {
        progress.step(|| {
            if !settings.json {
                print_text(settings, &told(flow, outcome));
            }
        });
    };
    let ended = side_by_side(flows, &ports, events.as_mut(), tell).await;
    let mut results = Vec::new();
    let mut problems = Vec::new();
    for (id, (flow, outcome)) in ids.iter().zip(ended) {
        let name = outcome.name();
        let problem = flow.left_told().or_else(|| result_of(outcome).err());
        results.push(result_json(id, name, &flow, problem.as_ref()));
        problems.extend(problem.map(|problem| (id.clone(), problem)));
    }
    match (settings.json, results.is_empty()) {
        (true, _) => print_json(&json!({ "version": 1, "results": results })),
        (false, true) => say("No revocation is to be finished."),
        (false, false) => {}
    }
    altogether(problems, ids.len()).map_or(Ok(()), |problem| Err(problem.into()))
}

fn result_json(id: &AccountId, outcome: &str, flow: &Revoke, problem: Option<&Problem>) -> Value {
    json!({
        "account": id.as_str(),
        "outcome": outcome,
        "receipts": report::receipts_json(flow.receipts()),
        "problem": problem.map(problem_json),
    })
}

fn told(flow: &Revoke, outcome: &Outcome) -> String {
    let (id, came_to) = (&flow.account().id, capitalized(flow.came_to(outcome)));
    let why = outcome.problem().map(|problem| format!("  {}\n", problem.what)).unwrap_or_default();
    format!("{came_to}: {id}\n{}{why}", history::receipts_text(flow.receipts()))
}

/// Credentials that were to be ended are kept after all.
pub async fn withdraw(settings: &Settings, names: &[String]) -> Done {
    let ports = settings.ports()?;
    let known = accounts(&ports).await?;
    for account in find_all(&known, names)? {
        if account.more.revoking.is_none() {
            let what = format!("{} is not among those that are to be revoked.", account.id);
            return Err(Problem::new(Kind::Usage, what, pending(&known)).into());
        }
        let (id, obtained) = (account.id.clone(), account.obtained_at());
        let note = Note::KeptAfterAll { at: clock::now(), receipts: Vec::new() };
        ports.blocking(move |stores| stores.note(&id, note, obtained)).await?;
        say(&format!("{} is kept. What its service was told before may have ended it: verify it.", account.id));
    }
    Ok(())
}

fn pending(known: &[Account]) -> String {
    let pending = known.iter().filter(|account| account.more.revoking.is_some());
    let ids: Vec<&str> = pending.map(|account| account.id.as_str()).collect();
    match ids.as_slice() {
        [] => "None is. To have a service end a credential: authmd-tui revoke ACCOUNT".to_owned(),
        ids => format!("These are: {}", ids.join(", ")),
    }
}
