//! `list` and `show`: what is known of the accounts. Nobody is asked, and no secret is opened.

use jiff::SignedDuration;

use super::find::find;
use super::output::{print_json, print_table, print_text, say, width};
use super::{Done, Settings, everything};
use crate::account::{Account, DUE_WITHIN, Status};
use crate::report;
use crate::shell::{clock, variables};
use crate::skill::Described;

pub async fn list(settings: &Settings, within: Option<SignedDuration>, status: Option<Status>) -> Done {
    let now = clock::now();
    let all = everything(&settings.ports()?).await?;
    // A key that never ends is looked at on its day.
    let ends_within = |account: &Account| {
        let end = account.expires_at().or_else(|| account.review_at());
        within.is_none_or(|within| end.is_some_and(|end| end.duration_since(now) <= within))
    };
    let fits = |account: &&Account| {
        ends_within(account) && status.is_none_or(|status| account.status(now, DUE_WITHIN) == status)
    };
    let accounts: Vec<&Account> = all.iter().filter(fits).collect();
    match settings.json {
        true => print_json(&report::accounts_json(&accounts, &all, now, DUE_WITHIN)),
        false if accounts.is_empty() && (within.is_some() || status.is_some()) => say("No account fits."),
        false => {
            print_table(settings, &report::list_text(&accounts, now, DUE_WITHIN, width()));
            if within.is_none() && status.is_none() {
                let library = settings.library();
                let described: Vec<Described> =
                    library.described().into_iter().filter(|service| !service.is_connected(&all)).collect();
                print_table(settings, &report::unconnected_text(&described));
            }
        }
    }
    Ok(())
}

pub async fn show(settings: &Settings, name: &str) -> Done {
    let now = clock::now();
    let ports = settings.ports()?;
    let accounts = everything(&ports).await?;
    let account = find(&accounts, name)?;
    let id = account.id.clone();
    // The account is there to be shown, whatever is the matter with its history.
    let past = ports.blocking(move |stores| stores.past(&id)).await;
    let past = past.inspect_err(|problem| say(&problem.to_string())).unwrap_or_default();
    let shadowing = variables::set_here(account, &settings.library());
    if settings.json {
        let mut json = report::accounts_json(&[account], &accounts, now, DUE_WITHIN);
        json.accounts.iter_mut().for_each(|account| {
            account.shadowed_by = Some(shadowing.clone());
            account.history = Some(past.iter().map(report::history::event_json).collect());
        });
        print_json(&json);
        return Ok(());
    }
    let twins: Vec<&str> = report::twins(account, &accounts).collect();
    let mut lines = report::account_lines(account, &twins, &shadowing, now, DUE_WITHIN);
    lines.extend(report::history::history_lines(&past));
    print_text(settings, &format!("{}\n\n{}", account.service, report::lines_text(&lines)));
    Ok(())
}
