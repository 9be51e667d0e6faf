//! `history`: what has happened to accounts, and to those that are gone.

use jiff::SignedDuration;

use super::find::find_all;
use super::output::{print_json, print_text, say};
use super::{Done, Settings, everything};
use crate::account::{AccountId, Event};
use crate::problem::{Kind, Problem};
use crate::report::history;
use crate::shell::{Ports, clock};
use crate::{trust, when};

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
        let receipts = history::receipts_text(history::receipts_of(&event.what));
        format!("{at}  {id}  {}\n{receipts}", history::in_words(&event.what))
    });
    print_text(settings, &lines.collect::<String>());
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
