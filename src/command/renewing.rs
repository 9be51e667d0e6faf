//! `renew`: new credentials, with a person or without one.

use serde_json::{Value, json};

use super::find::find_own;
use super::output::{print_json, say};
use super::unattended::{Progress, side_by_side};
use super::{
    Done, Ended, Settings, Walker, accounts, altogether, everything, open_vault_for, result_of, somebody_there, walk,
};
use crate::account::{Account, DUE_WITHIN, Status};
use crate::events::problem_json;
use crate::flow::Outcome;
use crate::flow::renew::Renew;
use crate::flow::revoke::Presence;
use crate::problem::{Kind, Problem};
use crate::shell::clock;
use crate::{report, when};

pub async fn renew(settings: &Settings, names: &[String], due: bool) -> Done {
    let now = clock::now();
    let ports = settings.ports()?;
    let chosen = match due {
        true => accounts(&ports).await?.into_iter().filter(|account| account.is_due(now)).collect(),
        false => find_own(&everything(&ports).await?, names)?,
    };
    let mut walker = Walker::new(settings, ports)?;
    // Who signs up again needs no secret that is kept.
    let wanting: Vec<Account> = chosen.iter().filter(|account| account.renews_itself()).cloned().collect();
    open_vault_for(&wanting, settings, &walker.ports, Some(&mut walker.console)).await?;
    let renewals = match somebody_there() && !due {
        true => walked(settings, &mut walker, chosen).await,
        false => by_themselves(&mut walker, chosen, due).await,
    };
    if settings.json {
        let results: Vec<Value> = renewals.iter().map(Renewal::json).collect();
        print_json(&json!({ "version": 1, "results": results }));
    } else if renewals.is_empty() {
        say("Nothing is due.");
    }
    let told = somebody_there() && !due;
    match problem_of_all(&renewals) {
        Some(problem) if told => Err(Ended::Told(problem)),
        Some(problem) => Err(problem.into()),
        None => Ok(()),
    }
}

/// What came of one renewal.
struct Renewal {
    account: Account,
    renewed: bool,
    lost_scopes: Vec<String>,
    problem: Option<Problem>,
}

impl Renewal {
    fn of(account: Account, flow: &Renew, outcome: Outcome) -> Self {
        let account = outcome.account().cloned().unwrap_or(account);
        let problem = result_of(outcome).err().map(|problem| match problem.kind {
            Kind::Cancelled => Problem { what: format!("{} was not renewed: it was stopped.", account.id), ..problem },
            _ => problem,
        });
        Self { account, renewed: problem.is_none(), lost_scopes: flow.lost_scopes().to_vec(), problem }
    }

    fn json(&self) -> Value {
        json!({
            "account": report::account_json(&self.account, clock::now(), DUE_WITHIN),
            "outcome": if self.renewed { "renewed" } else { "not_renewed" },
            "lost_scopes": self.lost_scopes,
            "problem": self.problem.as_ref().map(problem_json),
        })
    }
}

fn problem_of_all(renewals: &[Renewal]) -> Option<Problem> {
    let problem = |renewal: &Renewal| Some((renewal.account.id.clone(), renewal.problem.clone()?));
    altogether(renewals.iter().filter_map(problem).collect(), renewals.len())
}

/// What gets the next credential may end itself; only somebody can sign up again then.
fn still_due(account: &Account) -> Option<Problem> {
    let now = clock::now();
    let end = account.person_needed_at().filter(|_| account.status(now, DUE_WITHIN) == Status::Due)?;
    let layer = account.binding().map_or("it", |layer| layer.kind.label());
    Some(Problem::new(
        Kind::NeedsPerson,
        format!(
            "{} has a new credential, and needs a person all the same: {layer} {}.",
            account.id,
            when::ending(end, now)
        ),
        format!("To sign up again, in a terminal: authmd-tui renew {}", account.id),
    ))
}

/// One after another, with the person who is there. Who stops one does not want the next one begun.
async fn walked(settings: &Settings, walker: &mut Walker, chosen: Vec<Account>) -> Vec<Renewal> {
    let mut renewals = Vec::new();
    for account in chosen {
        let mut flow = Renew::new(account.clone(), Presence::Person);
        let outcome = walk(settings, walker, &mut flow).await;
        let cancelled = outcome == Outcome::Cancelled;
        renewals.push(Renewal::of(account, &flow, outcome));
        if cancelled {
            break;
        }
    }
    renewals
}

/// Side by side, with nobody there: what needs a person is named at the end.
async fn by_themselves(walker: &mut Walker, chosen: Vec<Account>, due: bool) -> Vec<Renewal> {
    let flows = chosen.iter().map(|account| Renew::new(account.clone(), Presence::Nobody)).collect();
    let mut progress = Progress::new("Renewed", chosen.len());
    let tell = |flow: &Renew, outcome: &Outcome| {
        progress.step(|| match outcome {
            Outcome::Connected(account) if flow.kept_nowhere().is_none() => {
                say(&format!("Renewed: {}", account.id));
                flow.lost_in_words().iter().for_each(|words| say(words));
            }
            _ => {}
        });
    };
    let ended = side_by_side(flows, &walker.ports, walker.events.as_mut(), tell).await;
    let renewals: Vec<Renewal> = chosen
        .into_iter()
        .zip(ended)
        .map(|(account, (flow, outcome))| {
            let outcome = match flow.kept_nowhere() {
                // What ends with this command is no renewal.
                Some(problem) => Outcome::of(lost(&account, problem)),
                None => outcome,
            };
            let renewal = Renewal::of(account, &flow, outcome);
            let still_due = still_due(&renewal.account).filter(|_| due && renewal.renewed);
            Renewal { problem: renewal.problem.or(still_due), ..renewal }
        })
        .collect();
    let problems: Vec<&Problem> = renewals.iter().filter_map(|renewal| renewal.problem.as_ref()).collect();
    // The only one is the command's own problem, and told by it.
    if problems.len() > 1 {
        problems.iter().for_each(|problem| say(&problem.what));
    }
    renewals
}

/// It was renewed, and what came of it is gone.
fn lost(account: &Account, why: &Problem) -> Problem {
    Problem::new(
        Kind::Store,
        format!("{} was renewed, but the new credential could not be stored and is lost: {}", account.id, why.what),
        why.hint.clone(),
    )
}
