//! `token` and `run`: a credential for a script, renewed first where that needs nobody.

use std::env;
use std::ffi::OsString;
use std::process::Command;

use jiff::{SignedDuration, Timestamp};
use serde_json::json;

use super::handover::is_variable;
use super::output::{print, print_json, say};
use super::{Done, Ended, Settings, account_named, open_vault_for, unattended};
use crate::account::{Account, DUE_WITHIN, Kept, Status, StoreKind};
use crate::flow::Outcome;
use crate::flow::claim::ClaimLink;
use crate::flow::renew::{Renew, to_be_decided};
use crate::flow::revoke::{Presence, to_be_revoked};
use crate::flow::verify::credential_missing;
use crate::problem::{Kind, Problem, cause};
use crate::shell::process::as_before;
use crate::shell::{Ports, clock, variables};
use crate::trust;

/// A credential that ends so soon is renewed before it is handed out.
const HARDLY_ANY_TIME: SignedDuration = SignedDuration::from_secs(60);

pub async fn token(settings: &Settings, name: &str, claim: bool) -> Done {
    let ports = settings.ports()?;
    let account = account_named(&ports, name).await?;
    open_vault_for(std::slice::from_ref(&account), settings, &ports, None).await?;
    if claim {
        return claim_link(settings, &account, &ports).await;
    }
    let kept = ready(account, &ports).await?;
    for name in shadowing(settings, &kept) {
        say(&format!(
            "{name} is set in this environment: programs that look there use that, not what is printed here."
        ));
    }
    let credential = kept.secrets.credential.expose();
    match settings.json {
        true => print_json(&json!({ "version": 1, "account": kept.account.id.as_str(), "credential": credential })),
        false => print(&format!("{credential}\n")),
    }
    Ok(())
}

/// Runs a command with the credential in its environment, and becomes it: what it ends with is what this ends with.
pub async fn run(settings: &Settings, name: &str, variable: Option<String>, command: &[OsString]) -> Done {
    let Some((program, arguments)) = command.split_first() else {
        return Err(Problem::new(Kind::Usage, "There is no command to run.", "Put it behind: -- CMD…").into());
    };
    let ports = settings.ports()?;
    let account = account_named(&ports, name).await?;
    let variable = variable.unwrap_or_else(|| variables::usual(&account, &settings.library()));
    if !is_variable(&variable) {
        let what = format!("'{}' is no name for an environment.", trust::clean(&variable, 40));
        return Err(Problem::new(Kind::Usage, what, "Name one with --env, like ACME_API_KEY.").into());
    }
    open_vault_for(std::slice::from_ref(&account), settings, &ports, None).await?;
    let kept = ready(account, &ports).await?;
    let credential = kept.secrets.credential.expose();
    if env::var_os(&variable).is_some_and(|there| there != credential) {
        say(&format!("{variable} is set to something else here; the command gets that of {}.", kept.account.id));
    }
    for other in shadowing(settings, &kept).into_iter().filter(|name| *name != variable) {
        say(&format!("{other} is set in this environment, too: the command may use that instead of {variable}."));
    }
    let mut command = Command::new(program);
    command.args(arguments).env(&variable, credential);
    let error = become_it(command);
    let program = trust::clean(&program.to_string_lossy(), 80);
    Err(Problem::new(Kind::Usage, format!("{program} could not be run: {}.", cause(&error)), "Is it in the PATH?")
        .into())
}

/// Returns only where that cannot be done.
#[cfg(unix)]
fn become_it(mut command: Command) -> std::io::Error {
    as_before();
    std::os::unix::process::CommandExt::exec(&mut command)
}

#[cfg(not(unix))]
fn become_it(mut command: Command) -> std::io::Error {
    as_before();
    match command.status() {
        Ok(status) => std::process::exit(status.code().unwrap_or(1)),
        Err(error) => error,
    }
}

/// The account with a credential that works for a while yet, as far as can be known without asking the service.
pub async fn ready(account: Account, ports: &Ports) -> Result<Kept, Ended> {
    let account = match account.more.revoking {
        // What is to be ended gets no new life from a script.
        Some(_) => account,
        None => renewed_if_needed(account, ports).await?,
    };
    refuse_dead(&account, clock::now())?;
    if !account.claimed {
        say("Nobody has confirmed this account at its service: the credential has only the rights from before that.");
    }
    let id = account.id.clone();
    Ok(ports.blocking(move |stores| stores.load(&id)).await?.ok_or_else(|| credential_missing(&account))?)
}

/// The variables of this environment that programs of the service would look at first, where something else is in them.
fn shadowing(settings: &Settings, kept: &Kept) -> Vec<String> {
    let credential = kept.secrets.credential.expose();
    let mut names = variables::all(&kept.account, &settings.library());
    names.retain(|name| env::var_os(name).is_some_and(|there| there != credential));
    names
}

/// Where the account can be made somebody's: it was told once, and is kept with the credential.
async fn claim_link(settings: &Settings, account: &Account, ports: &Ports) -> Done {
    let id = account.id.clone();
    let kept = ports.blocking(move |stores| stores.load(&id)).await?.ok_or_else(|| credential_missing(account))?;
    let link = ClaimLink::of(&kept).ok_or_else(|| ClaimLink::missing(account))?;
    let (page, code) = (link.page.expose(), link.code.as_ref().map(|code| code.expose()));
    if settings.json {
        print_json(&json!({ "version": 1, "account": account.id.as_str(), "claim_url": page, "claim_code": code }));
        return Ok(());
    }
    // The link alone on stdout; what its page asks for is for a person.
    code.into_iter().for_each(|code| say(&format!("It asks for: {code}")));
    print(&format!("{page}\n"));
    Ok(())
}

/// The account with a credential that works for a while yet, where that needs nobody.
async fn renewed_if_needed(account: Account, ports: &Ports) -> Result<Account, Problem> {
    let now = clock::now();
    let left = account.expires_at().map(|end| end.duration_since(now));
    let wanting =
        account.lacks_credential() || account.is_refused() || left.is_some_and(|left| left <= HARDLY_ANY_TIME);
    if !account.renews_itself() || account.more.narrows || !wanting {
        return Ok(account);
    }
    let mut flow = Renew::new(account.clone(), Presence::Nobody);
    match unattended::run(&mut flow, ports, None).await {
        Outcome::Connected(renewed) => {
            flow.lost_in_words().iter().for_each(|words| say(words));
            if renewed.store == StoreKind::Memory && account.store != StoreKind::Memory {
                say("The new credential could not be stored: it is printed now, and kept nowhere.");
            }
            Ok(*renewed)
        }
        // It works for a moment yet; that is better than nothing.
        outcome
            if left.is_some_and(|left| left.is_positive()) && !account.is_refused() && !account.lacks_credential() =>
        {
            outcome.problem().into_iter().for_each(|problem| say(&problem.what));
            Ok(account)
        }
        outcome => Err(outcome.problem().cloned().unwrap_or_else(Problem::cancelled)),
    }
}

/// A credential that is known to be dead is not handed out: the caller would only learn it later.
fn refuse_dead(account: &Account, now: Timestamp) -> Done {
    if account.more.revoking.is_some() {
        if !account.works_yet(now) {
            return Err(to_be_revoked(account).into());
        }
        say(&format!("{} is to be revoked: authmd-tui revoke --pending finishes that.", account.id));
    }
    if account.more.narrows && !account.works_yet(now) {
        return Err(to_be_decided(account).into());
    }
    let dead = match account.status(now, DUE_WITHIN) {
        Status::Expired => "has expired",
        Status::Revoked => "was revoked",
        _ if account.is_foreign() && !account.works_yet(now) => "has expired",
        _ => return Ok(()),
    };
    if account.is_foreign() {
        let what = format!("The credential of {} {dead}; the program that keeps it gets the next one.", account.id);
        return Err(Problem::new(Kind::NeedsPerson, what, "Use that program once, or sign in there again.").into());
    }
    Err(Ended::from(Problem::new(
        Kind::NeedsPerson,
        format!("The credential of {} {dead}; a person has to sign up again.", account.id),
        format!("In a terminal: authmd-tui renew {}", account.id),
    )))
}
