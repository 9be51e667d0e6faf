//! `revoke` and `history`: ending credentials at their services, and what is remembered of it.

use jiff::SignedDuration;
use serde_json::{Value, json};

use super::find::{find_all, find_to_end};
use super::output::{print, print_json, print_text, say};
use super::unattended::{Progress, side_by_side};
use super::{Done, Settings, accounts, everything, open_vault_for, rank, result_of};
use crate::account::{Account, AccountId, Event, Note, Receipt};
use crate::events::problem_json;
use crate::flow::Outcome;
use crate::flow::revoke::{Presence, Revoke};
use crate::problem::{Kind, Problem};
use crate::report::{self, history};
use crate::shell::{Ports, clock};
use crate::{trust, when};

/// Which accounts are to be ended.
pub enum Which<'a> {
    Named(&'a [String]),
    /// Those that were to be, and that has not been shown.
    Pending,
}

pub async fn revoke(settings: &Settings, which: Which<'_>) -> Done {
    let ports = settings.ports()?;
    let chosen: Vec<Account> = match which {
        Which::Named(names) => find_to_end(&everything(&ports).await?, names)?,
        Which::Pending => {
            accounts(&ports).await?.into_iter().filter(|account| account.more.revoking.is_some()).collect()
        }
    };
    open_vault_for(&chosen, &ports, None).await?;
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
        let problem = result_of(outcome).err();
        results.push(result_json(id, name, &flow, problem.as_ref()));
        problems.extend(problem);
    }
    match (settings.json, results.is_empty()) {
        (true, _) => print_json(&json!({ "version": 1, "results": results })),
        (false, true) => say("No revocation is to be finished."),
        (false, false) => {}
    }
    problems.into_iter().rev().max_by_key(rank).map_or(Ok(()), |problem| Err(problem.into()))
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
    let verb = match (outcome, flow.is_proven()) {
        (Outcome::Removed(_), true) => "Revoked",
        (Outcome::Removed(_), false) => "Told to the service and removed here; nothing proves it",
        (_, true) => "Revoked, and still kept here",
        (_, false) => "Not revoked",
    };
    let why = outcome.problem().map(|problem| format!("  {}\n", problem.what)).unwrap_or_default();
    format!("{verb}: {}\n{}{why}", flow.account().id, receipts_text(flow.receipts()))
}

fn receipts_text(receipts: &[Receipt]) -> String {
    let line = |receipt: &Receipt| {
        let at = when::exact(receipt.at);
        format!("  {:<18} {:<24} {:<36} {at}", receipt.what, receipt.place, receipt.answer)
    };
    receipts.iter().map(|receipt| line(receipt).trim_end().to_owned() + "\n").collect()
}

/// Credentials that were to be ended are kept after all.
pub async fn withdraw(settings: &Settings, names: &[String]) -> Done {
    let ports = settings.ports()?;
    for account in find_all(&accounts(&ports).await?, names)? {
        if account.more.revoking.is_none() {
            let what = format!("{} is not among those that are to be revoked.", account.id);
            return Err(Problem::new(Kind::Usage, what, "See which are: authmd-tui check").into());
        }
        let (id, obtained) = (account.id.clone(), account.obtained_at());
        ports.blocking(move |stores| stores.note(&id, Note::KeptAfterAll, obtained)).await?;
        say(&format!("{} is kept. What its service was told before may have ended it: verify it.", account.id));
    }
    Ok(())
}

/// What has happened to accounts, also to those that are gone.
pub async fn history(settings: &Settings, names: &[String], within: Option<SignedDuration>) -> Done {
    let ports = settings.ports()?;
    let all = ports.blocking(|stores| stores.history().all()).await?;
    let ids = names.iter().map(|name| meant(&ports, &all, name)).collect::<Vec<_>>();
    let mut wanted = Vec::new();
    for id in ids {
        wanted.push(id.await?);
    }
    let now = clock::now();
    let recent = |event: &Event| within.is_none_or(|within| now.duration_since(event.at) <= within);
    let is_wanted = |(id, event): &(AccountId, Event)| (wanted.is_empty() || wanted.contains(id)) && recent(event);
    let events: Vec<(AccountId, Event)> = all.into_iter().filter(is_wanted).collect();
    if settings.json {
        print_json(&history::history_json(&events));
        return Ok(());
    }
    if events.is_empty() {
        say("Nothing is remembered.");
    }
    // One line an event, the account first: what a person greps.
    let lines = events.iter().map(|(id, event)| {
        let at = when::exact(event.at);
        format!("{at}  {id}  {}\n{}", history::in_words(&event.what), receipts_text(history::receipts_of(&event.what)))
    });
    match settings.unicode {
        true => print(&lines.collect::<String>()),
        false => print(&report::in_ascii(&lines.collect::<String>())),
    }
    Ok(())
}

/// The account that a name means, among those that are there and those that were.
async fn meant(ports: &Ports, all: &[(AccountId, Event)], name: &str) -> Result<AccountId, Problem> {
    if let Some((id, _)) = all.iter().find(|(id, _)| id.as_str() == name) {
        return Ok(id.clone());
    }
    let found = find_all(&everything(ports).await?, &[name.to_owned()]);
    let mut gone: Vec<&AccountId> = all.iter().map(|(id, _)| id).filter(|id| id.as_str().starts_with(name)).collect();
    gone.sort();
    gone.dedup();
    match (found.as_deref(), gone.as_slice()) {
        (Ok([account]), _) => Ok(account.id.clone()),
        (Err(problem), [only]) if problem.kind == Kind::NoSuchAccount => Ok((*only).clone()),
        (Err(problem), several @ [_, _, ..]) if problem.kind == Kind::NoSuchAccount => {
            let ids: Vec<&str> = several.iter().map(|id| id.as_str()).collect();
            let what = format!("{} fits several accounts.", trust::clean(name, 60));
            Err(Problem::new(Kind::Usage, what, format!("Say which: {}", ids.join(", "))))
        }
        _ => Err(found.err().unwrap_or_else(Problem::cancelled)),
    }
}
