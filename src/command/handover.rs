//! `handover`: a credential put into another program's hands.

use std::path::{Path, PathBuf};

use url::Url;

use super::find::find_own;
use super::output::say;
use super::{Done, Settings, Walker, everything, open_vault_for, result_of, somebody_there};
use crate::account::{Account, AgentOs, HandOver, Kept};
use crate::flow::Outcome;
use crate::flow::handover::HandingOver;
use crate::flow::verify::credential_missing;
use crate::problem::{Kind, Problem, cause};
use crate::shell::skills::Library;
use crate::shell::{Ports, variables};
use crate::skill::Source;
use crate::{plain, trust};

/// Where it is to go, as it was typed.
pub enum Place {
    AgentOs { url: Url, form: AgentOs, skill: Option<String> },
    EnvFile { file: PathBuf, name: Option<String> },
    Command(Vec<String>),
    Nowhere,
    AsBefore,
}

pub async fn handover(settings: &Settings, name: &str, place: Place) -> Done {
    let ports = settings.ports()?;
    let account = find_own(&everything(&ports).await?, &[name.to_owned()])?.remove(0);
    if matches!(place, Place::Nowhere) {
        return forget_place(settings, &ports, &account).await;
    }
    let mut flow = match to(&account, place, &settings.library())? {
        Some(to) => HandingOver::anew(account.clone(), to),
        None => HandingOver::of(&account).ok_or_else(|| {
            let what = format!("{} is handed to nobody.", account.id);
            Problem::new(Kind::Usage, what, "Say where it goes: --agentos URL, --env-file FILE, or -- COMMAND.")
        })?,
    };
    if !somebody_there() {
        let what = "Handing a credential over needs a person at a terminal: it is shown before, and agreed to.";
        return Err(Problem::new(Kind::NeedsPerson, what, "Run it in a terminal. Nothing was handed over.").into());
    }
    let mut walker = Walker::new(settings, ports)?;
    open_vault_for(std::slice::from_ref(&account), settings, &walker.ports, Some(&mut walker.console)).await?;
    let outcome = plain::run(&mut flow, &walker.ports, &mut walker.console, walker.events.as_mut()).await;
    result_of(outcome).map_err(super::Ended::Told)
}

/// After a walk that has brought a credential: it goes where the account says, if that says anything.
pub async fn after(walker: &mut Walker, outcome: &Outcome) {
    if let Outcome::Connected(account) = outcome
        && let Some(mut flow) = HandingOver::of(account)
    {
        // What comes of it has been told by then, and the credential is kept whatever that was.
        plain::run(&mut flow, &walker.ports, &mut walker.console, walker.events.as_mut()).await;
    }
}

async fn forget_place(settings: &Settings, ports: &Ports, account: &Account) -> Done {
    open_vault_for(std::slice::from_ref(account), settings, ports, None).await?;
    let (id, missing) = (account.id.clone(), credential_missing(account));
    let save = move |stores: &crate::store::Stores| {
        let mut kept: Kept = stores.load(&id)?.ok_or(missing)?;
        kept.account.more.hand_over = None;
        stores.save(&kept, None)
    };
    ports.blocking(save).await?;
    say(&format!("{} is handed to nobody from now on; what has it keeps it.", account.id));
    Ok(())
}

fn to(account: &Account, place: Place, library: &Library) -> Result<Option<HandOver>, Problem> {
    let usage = |what: String, hint: &str| Problem::new(Kind::Usage, what, hint);
    Ok(Some(match place {
        Place::AgentOs { url, form, skill: named } => {
            trust::endpoint(&url)?;
            let known = || match account.skill()? {
                Source::Named(id) => Some(id),
                Source::File(file) => Some(file.file_stem()?.to_string_lossy().into_owned()),
            };
            let id = named.or_else(known).unwrap_or_else(|| account.host());
            HandOver::AgentOs { url, form, skill: trust::clean(&id, 80) }
        }
        Place::EnvFile { file, name } => {
            let name = name.unwrap_or_else(|| variables::usual(account, library));
            if !is_variable(&name) {
                return Err(usage(
                    format!("'{}' is no name for an environment.", trust::clean(&name, 40)),
                    "Like ACME_API_KEY.",
                ));
            }
            let whole = std::path::absolute(&file)
                .map_err(|error| usage(format!("{}: {}.", file.display(), cause(&error)), "Name a file."))?;
            if !whole.parent().is_some_and(Path::is_dir) {
                return Err(usage(format!("There is no folder for {}.", whole.display()), "Make it first."));
            }
            HandOver::EnvFile { file: whole, name }
        }
        Place::Command(command) => HandOver::Command { command },
        Place::Nowhere | Place::AsBefore => return Ok(None),
    }))
}

pub fn is_variable(name: &str) -> bool {
    let fits = |c: char| c.is_ascii_alphanumeric() || c == '_';
    !name.is_empty() && name.chars().all(fits) && !name.starts_with(|c: char| c.is_ascii_digit())
}
