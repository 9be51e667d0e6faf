//! `verify`: whether credentials still work, asked of their services.

use super::find::find_all;
use super::output::{print, print_json};
use super::unattended::{Progress, side_by_side};
use super::{Done, Settings, accounts, altogether, everything, open_vault_for};
use crate::account::{Account, DUE_WITHIN, Verdict};
use crate::flow::Outcome;
use crate::flow::verify::{Verify, verdict_in_words};
use crate::problem::{Kind, Problem};
use crate::report;
use crate::shell::clock;

pub async fn verify(settings: &Settings, names: &[String], all: bool) -> Done {
    let ports = settings.ports()?;
    let chosen = match all {
        // Other programs' tokens go nowhere unless they are named.
        true => accounts(&ports).await?,
        false => find_all(&everything(&ports).await?, names)?,
    };
    open_vault_for(&chosen, settings, &ports, None).await?;
    let mut progress = Progress::new("Asked", chosen.len());
    let flows = chosen.into_iter().map(Verify::new).collect();
    let tell = |flow: &Verify, outcome: &Outcome| {
        progress.step(|| match outcome {
            _ if settings.json => {}
            Outcome::Checked(account) => print(&format!("{}\n", verdict_in_words(account, flow.heard()))),
            outcome => {
                let problem = outcome.problem().cloned().unwrap_or_else(Problem::cancelled);
                print(&format!("{}: {}\n", flow.account().id, problem.what));
            }
        });
    };
    let ended = side_by_side(flows, &ports, None, tell).await;
    let results: Vec<(Account, Result<Option<Verdict>, Problem>)> = ended
        .into_iter()
        .map(|(flow, outcome)| match outcome {
            Outcome::Checked(account) => (*account, Ok(flow.heard())),
            outcome => (flow.account().clone(), Err(outcome.problem().cloned().unwrap_or_else(Problem::cancelled))),
        })
        .collect();
    if settings.json {
        print_json(&report::verify_json(&results, clock::now(), DUE_WITHIN));
    }
    let problem_of = |account: &Account, heard: &Result<Option<Verdict>, Problem>| match heard {
        Ok(heard) => bad_news(account, (*heard)?),
        Err(problem) => Some(problem.clone()),
    };
    let problems =
        results.iter().filter_map(|(account, heard)| Some((account.id.clone(), problem_of(account, heard)?))).collect();
    altogether(problems, results.len()).map_or(Ok(()), |problem| Err(problem.into()))
}

/// A dead credential, or one that could not be asked about, is a problem of the command too.
fn bad_news(account: &Account, heard: Verdict) -> Option<Problem> {
    match heard {
        // It is had anew when it is wanted, or when all that is due is renewed.
        Verdict::Refused { .. } if account.is_between_credentials() => None,
        Verdict::Refused { .. } => Some(Problem::new(
            Kind::ServiceRefused,
            format!("A credential does not work any more: {}.", account.id),
            match account.is_foreign() {
                true => "The program that keeps it gets the next one: use it once, or sign in there again.".to_owned(),
                false => format!("Renew it or forget it: authmd-tui renew {}", account.id),
            },
        )),
        Verdict::Unreachable => Some(Problem::new(
            Kind::Unreachable,
            format!("A credential could not be checked: {}.", account.id),
            "Try again later; the account is as it was.",
        )),
        Verdict::Accepted { .. } | Verdict::Unclear { .. } => None,
    }
}
