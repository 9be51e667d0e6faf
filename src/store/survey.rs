//! Looking at the stores without opening a secret: what is where, what opens it, and what is not as it should be.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use jiff::{SignedDuration, Timestamp};

use super::json::Json;
use super::rights::{self, Loose};
use super::vault::{Vault, another_key};
use super::{Store, Stores};
use crate::account::{Account, Source, StoreKind};
use crate::flow::Protection;
use crate::flow::storage::{FileSurvey, Finding, Level, RIGHTS, Survey, VaultState, VaultSurvey};
use crate::problem::{Kind, Problem, cause};
use crate::{trust, when};

pub fn survey(stores: &Stores) -> Survey {
    let mut findings = Vec::new();
    let vault = stores.vault().map(|vault| look_at_vault(vault, &mut findings));
    let shown = |file: &&Arc<Json>| file.path().exists() || stores.first() == StoreKind::Json;
    let file = stores.file().filter(shown).map(|file| look_at_file(file, &mut findings));
    let state = vault.as_ref().and_then(|vault| vault.state.clone());
    let wanted = state.as_ref().is_none_or(|state| state.protection == Protection::Keyring || state.leftover);
    let keyring = match stores.vault().filter(|_| wanted) {
        Some(vault) => look_at_keyring(vault, state.as_ref(), &mut findings),
        None => ("not_used", None),
    };
    Survey { store: stores.first(), why: stores.why(), vault, keyring, file, findings }
}

fn finding(check: &'static str, level: Level, what: impl Into<String>, remedy: Option<&str>) -> Finding {
    Finding { check, level, what: what.into(), remedy: remedy.map(str::to_owned) }
}

fn told(check: &'static str, level: Level, problem: &Problem) -> Finding {
    finding(check, level, problem.what.clone(), Some(&problem.hint))
}

/// How far the clocks of two machines are apart that nobody has to do anything about.
const CLOCKS_APART: SignedDuration = SignedDuration::from_mins(1);

/// All ends are told by this machine's clock; it is behind where something was noted that has not been yet.
pub fn clock(stores: &Stores, now: Timestamp) -> Finding {
    let accounts = stores.accounts().accounts;
    let moments = |account: &Account| {
        [account.created_at, account.renewed_at, account.verified_at, account.proof.map(|proof| proof.at)]
    };
    let latest = accounts.iter().flat_map(moments).flatten().max();
    match latest.filter(|latest| latest.duration_since(now) > CLOCKS_APART) {
        Some(latest) => finding(
            "clock",
            Level::Warning,
            format!(
                "This machine's clock says {}, and something was noted here at {}, which is later.",
                when::exact(now),
                when::exact(latest)
            ),
            Some("Have the system set its clock by the network: what has ended, and what is due, is told by it."),
        ),
        None => finding("clock", Level::Good, when::exact(now), None),
    }
}

/// The files in which other programs keep credentials, and that others can get at. They are theirs to mend.
pub fn elsewhere(stores: &Stores) -> Vec<Finding> {
    let of_others = |account: &Account| match &account.source {
        Source::Foreign(elsewhere) if account.is_foreign() => {
            elsewhere.loose.clone().map(|loose| (elsewhere.file.clone(), loose))
        }
        Source::Foreign(_) | Source::Own => None,
    };
    // Several credentials are in one file.
    let loose: BTreeSet<_> = stores.everything().accounts.iter().filter_map(of_others).collect();
    let told = |(file, loose): (String, String)| {
        let file = trust::clean(&file, 200);
        let remedy = format!("Take these rights away: chmod 600 {}", trust::shell_word(&file));
        finding(
            RIGHTS,
            Level::Warning,
            format!("{file} {loose}; another program keeps credentials there"),
            Some(&remedy),
        )
    };
    loose.into_iter().map(told).collect()
}

fn look_at_vault(vault: &Vault, findings: &mut Vec<Finding>) -> VaultSurvey {
    let path = vault.file().display().to_string();
    let exists = vault.exists();
    let loose = look_at_rights(&vault.private(), findings);
    if let Some(home) = vault.folder().parent() {
        look_at_home(home, findings);
    }
    if on_network(vault.folder()) {
        findings.push(finding(
            "folder",
            Level::Warning,
            "The vault is on a network file system, where locks may not hold between machines.",
            Some("Use it from one machine at a time, or set AUTHMD_TUI_HOME to a local folder."),
        ));
    }
    let state = match vault.state() {
        _ if loose => None,
        Ok(state) => state,
        Err(problem) => {
            findings.push(told("vault", Level::Problem, &problem));
            None
        }
    };
    match &state {
        None if exists => {}
        None => findings.push(finding(
            "vault",
            Level::Good,
            "not made yet",
            Some("It is made at the first sign-up, or with: authmd-tui store init"),
        )),
        Some(state) => {
            let listing = vault.accounts();
            let problem = listing.problem.or_else(|| vault.offers().into_iter().find_map(|offer| offer.problem));
            findings.push(match problem {
                Some(problem) => told("vault", Level::Problem, &problem),
                None => finding("vault", Level::Good, format!("readable and writable, schema {}", state.schema), None),
            });
            if state.leftover {
                findings.push(finding(
                    "vault",
                    Level::Warning,
                    "The system keyring may still have a copy of the key that is of no use any more.",
                    Some("To remove it: authmd-tui store migrate --to passphrase"),
                ));
            }
        }
    }
    VaultSurvey { path, state, exists }
}

fn look_at_keyring(
    vault: &Vault,
    state: Option<&VaultState>,
    findings: &mut Vec<Finding>,
) -> (&'static str, Option<Problem>) {
    let keeps_the_key = state.is_some_and(|state| state.protection == Protection::Keyring);
    match vault.probe() {
        Ok(Some(true)) => {
            findings.push(finding("keyring", Level::Good, "answers, and has the vault's key", None));
            ("works", None)
        }
        Ok(None) => {
            findings.push(finding("keyring", Level::Good, "answers", None));
            ("works", None)
        }
        Ok(Some(false)) => {
            let problem = another_key();
            findings.push(told("keyring", Level::Problem, &problem));
            ("another_key", Some(problem))
        }
        Err(trouble) => {
            let level = if keeps_the_key { Level::Problem } else { Level::Warning };
            let problem = trouble.problem();
            findings.push(told("keyring", level, &problem));
            (trouble.name(), Some(problem))
        }
    }
}

fn look_at_file(file: &Json, findings: &mut Vec<Finding>) -> FileSurvey {
    look_at_rights(&[file.path().to_owned()], findings);
    let listing = file.accounts();
    if let Some(problem) = listing.problem {
        findings.push(told("token file", Level::Problem, &problem));
    }
    let own = listing.accounts.iter().filter(|account| account.source == Source::Own).count();
    FileSurvey { path: file.path().display().to_string(), own, foreign: listing.accounts.len() - own }
}

/// Who can change the folder above can put another vault in place. Reading it tells nothing.
fn look_at_home(home: &Path, findings: &mut Vec<Finding>) {
    if let Ok(Some(loose)) = rights::changeable(home) {
        findings.push(too_open(&loose));
    }
}

/// Is something there that others have a right to?
fn look_at_rights(paths: &[PathBuf], findings: &mut Vec<Finding>) -> bool {
    let before = findings.len();
    for path in paths {
        match rights::loose(path) {
            Ok(None) => {}
            Ok(Some(loose)) => findings.push(too_open(&loose)),
            Err(error) => {
                let what = format!("{} cannot be looked at: {}", path.display(), cause(&error));
                findings.push(finding(RIGHTS, Level::Problem, what, None));
            }
        }
    }
    findings.len() > before
}

fn too_open(loose: &Loose) -> Finding {
    finding(RIGHTS, Level::Problem, in_words(loose), Some(remedy(loose)))
}

fn in_words(loose: &Loose) -> String {
    format!("{} {}", loose.path.display(), loose.what)
}

fn remedy(loose: &Loose) -> &'static str {
    match loose.foreign {
        true => "Only that user can change it; or set AUTHMD_TUI_HOME to a folder of your own.",
        false => "To take these rights away: authmd-tui doctor --repair",
    }
}

/// Takes away the rights that others have to the vault and to the token file, and says from what.
pub fn repair(stores: &Stores) -> Result<Vec<PathBuf>, Problem> {
    let failed = |path: &Path, error: &std::io::Error| {
        Problem::new(
            Kind::Store,
            format!("The rights of {} could not be changed: {}.", path.display(), cause(error)),
            "Change them by hand: folders 0700, files 0600.",
        )
    };
    let vault = stores.vault().map(|vault| vault.private()).unwrap_or_default();
    let file = stores.file().map(|file| file.path().to_owned());
    let mut mended = Vec::new();
    let home = stores.vault().and_then(|vault| vault.folder().parent().map(Path::to_owned));
    if let Some(home) = home.filter(|home| matches!(rights::changeable(home), Ok(Some(loose)) if !loose.foreign)) {
        rights::keep_from_changing(&home).map_err(|error| failed(&home, &error))?;
        mended.push(home);
    }
    for path in vault.into_iter().chain(file) {
        let loose = rights::loose(&path).map_err(|error| failed(&path, &error))?;
        if loose.is_some_and(|loose| !loose.foreign) {
            rights::mend(&path).map_err(|error| failed(&path, &error))?;
            mended.push(path);
        }
    }
    Ok(mended)
}

/// The same for a person who looks on: that nothing could be mended is a problem.
pub fn repair_something(stores: &Stores) -> Result<(), Problem> {
    match repair(stores)?.is_empty() {
        false => Ok(()),
        true => Err(Problem::new(
            Kind::Store,
            "There was nothing that could be mended here.",
            "What belongs to another user has to be mended by that user; see authmd-tui doctor.",
        )),
    }
}

/// What others can read of the stores in use, in a sentence; said with every command until it is mended.
pub fn warning(stores: &Stores) -> Option<Problem> {
    let file = stores.file().filter(|_| stores.first() == StoreKind::Json)?;
    let loose = rights::loose(file.path()).ok()??;
    Some(Problem::new(Kind::Store, format!("{}.", in_words(&loose)), remedy(&loose)))
}

/// File systems whose locks hold on one machine only, or not at all (`statfs(2)`).
#[cfg(target_os = "linux")]
fn on_network(folder: &Path) -> bool {
    const NFS: u32 = 0x6969;
    const SMB: u32 = 0x517b;
    const SMB2: u32 = 0xfe53_4d42;
    const CIFS: u32 = 0xff53_4d42;
    const FUSE: u32 = 0x6573_5546;
    const CODA: u32 = 0x7375_7245;
    const NINE_P: u32 = 0x0102_1997;
    let there = folder.ancestors().find(|folder| folder.is_dir());
    let kind = there.and_then(|folder| rustix::fs::statfs(folder).ok()).map(|found| found.f_type as u32);
    kind.is_some_and(|kind| [NFS, SMB, SMB2, CIFS, FUSE, CODA, NINE_P].contains(&kind))
}

#[cfg(not(target_os = "linux"))]
fn on_network(_folder: &Path) -> bool {
    false
}
