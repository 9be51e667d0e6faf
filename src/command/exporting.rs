//! `export`, `import` and `store key`: accounts on their way from one machine to another, sealed.

use std::path::{Path, PathBuf};

use serde_json::json;

use super::find::find_own;
use super::output::{print, print_json, say};
use super::{Done, Settings, accounts, everything, open_vault, open_vault_for, somebody_there};
use crate::account::{Account, AccountId, Kept, Source, StoreKind};
use crate::flow::passphrase::NewPassphrase;
use crate::flow::verify::credential_missing;
use crate::plain::Console;
use crate::problem::{Kind, Problem};
use crate::secret::Secret;
use crate::shell::{Ports, clock};
use crate::store::export::{self, Export, Imported, To};
use crate::store::vault::seal::{Cost, PublicKey};

/// `named` are the accounts; nothing for all that are this program's own.
pub async fn export(settings: &Settings, named: Option<Vec<String>>, file: &Path, key: Option<String>) -> Done {
    let ports = settings.ports()?;
    let chosen = match named {
        Some(names) => find_own(&everything(&ports).await?, &names)?,
        None => accounts(&ports).await?.into_iter().filter(|account| account.source == Source::Own).collect(),
    };
    if chosen.is_empty() {
        let what = "There is no account to export.";
        return Err(
            Problem::new(Kind::NoSuchAccount, what, "Nothing was written. See what there is: authmd-tui list").into()
        );
    }
    let public = key.map(|key| key.parse::<PublicKey>().map_err(|_| no_key(&key))).transpose()?;
    export::is_free(file)?;
    if public.is_none() && !somebody_there() {
        return Err(Problem::new(
            Kind::NeedsPerson,
            "A passphrase is typed by a person at a terminal.",
            "Run it in a terminal, or seal it to another vault: --for KEY (authmd-tui store key, over there).",
        )
        .into());
    }
    open_vault_for(&chosen, settings, &ports, None).await?;
    let to = match public {
        Some(public) => To::Vault(public),
        None => To::Passphrase(new_passphrase(settings).await?, Cost::DEFAULT),
    };
    let path = file.to_owned();
    let ids: Vec<AccountId> = chosen.iter().map(|account| account.id.clone()).collect();
    let renewing = chosen.iter().filter(|account| account.renews_itself()).count();
    let work = move |stores: &crate::store::Stores| {
        let load = |account: &Account| -> Result<Kept, Problem> {
            stores.load(&account.id)?.ok_or_else(|| credential_missing(account))
        };
        let kept = chosen.iter().map(load).collect::<Result<Vec<_>, _>>()?;
        Export::seal(&kept, &to, clock::now())?.write(&path)
    };
    ports.blocking(work).await?;
    match settings.json {
        true => print_json(&json!({ "version": 1, "file": file.display().to_string(), "accounts": words(&ids) })),
        false => say(&format!("{} sealed into {}; they stay here, too.", number(ids.len()), file.display())),
    }
    if renewing > 0 {
        say(&format!(
            "{} {} by a token that may work once: from now on use them on one machine only.",
            number(renewing),
            renew(renewing)
        ));
    }
    Ok(())
}

fn number(accounts: usize) -> String {
    if accounts == 1 { "1 account".to_owned() } else { format!("{accounts} accounts") }
}

fn renew(accounts: usize) -> &'static str {
    if accounts == 1 { "renews itself" } else { "renew themselves" }
}

fn words(ids: &[AccountId]) -> Vec<&str> {
    ids.iter().map(AccountId::as_str).collect()
}

fn no_key(text: &str) -> Problem {
    let what = format!("'{}' is not the public key of a vault.", crate::trust::clean(text, 60));
    Problem::new(Kind::Usage, what, "Over there, authmd-tui store key prints it; it begins with authmd-key-.")
}

async fn new_passphrase(settings: &Settings) -> Result<Secret, Problem> {
    let mut console = Console::terminal(settings.unicode);
    let mut new = NewPassphrase::default();
    console.say("The passphrase opens the file, and is written nowhere. Enter alone gives up.");
    let mut question = "New passphrase for the file:";
    loop {
        let Some(typed) = console.passphrase(question).await else {
            return Err(Problem::cancelled());
        };
        if let Some(passphrase) = new.typed(&typed) {
            return Ok(passphrase);
        }
        question = match new.problem() {
            Some(problem) => {
                console.say(&format!("{} {}", problem.what, problem.hint));
                "New passphrase for the file:"
            }
            None => "Once more:",
        };
    }
}

pub async fn import(settings: &Settings, file: PathBuf) -> Done {
    let ports = settings.ports()?;
    let export = Export::read(&file)?;
    let kept = match export.wants_passphrase() {
        true => by_passphrase(settings, &export, &file).await?,
        false => by_vault(settings, &ports, export, file.clone()).await?,
    };
    let imported = ports.blocking(move |stores| export::import(stores, kept, clock::now())).await?;
    let is_written = !imported.added.is_empty() || !imported.renewed.is_empty();
    if is_written && ports.stores.first() == StoreKind::Json {
        say("They are in the token file from now on, which is not encrypted.");
    }
    match settings.json {
        true => print_json(&json!({
            "version": 1,
            "added": words(&imported.added),
            "renewed": words(&imported.renewed),
            "kept": words(&imported.kept),
        })),
        false => print(&in_words(&imported)),
    }
    Ok(())
}

fn in_words(imported: &Imported) -> String {
    let line = |what: &str, ids: &[AccountId]| ids.iter().map(|id| format!("{what}: {id}\n")).collect::<String>();
    let parts = [
        line("Added", &imported.added),
        line("Renewed", &imported.renewed),
        line("Left alone, as new or newer here", &imported.kept),
    ];
    parts.concat()
}

async fn by_passphrase(settings: &Settings, export: &Export, file: &Path) -> Result<Vec<Kept>, Problem> {
    if !somebody_there() {
        let what = "The file's passphrase is typed by a person at a terminal.";
        return Err(Problem::new(Kind::NeedsPerson, what, "Run it in a terminal. Nothing was changed."));
    }
    let mut console = Console::terminal(settings.unicode);
    loop {
        let typed = console.passphrase("Passphrase of the file (Enter alone gives up):").await;
        let typed = typed.ok_or_else(Problem::cancelled)?;
        match export.unlock(&typed) {
            Ok(key) => return export.open(file, &key),
            Err(problem) => console.say(&problem.what),
        }
    }
}

async fn by_vault(settings: &Settings, ports: &Ports, export: Export, file: PathBuf) -> Result<Vec<Kept>, Problem> {
    let public = ports.blocking(|stores| stores.required_vault()?.public_key()).await?;
    if !export.is_for(&public) {
        return Err(Problem::new(
            Kind::Store,
            format!("{} is sealed for another vault than the one here.", file.display()),
            "Open it where that vault is, or have it exported for this one: authmd-tui store key",
        ));
    }
    open_vault(settings, ports, None).await?;
    ports.blocking(move |stores| export.open(&file, &stores.required_vault()?.key()?)).await
}

/// The vault's public key.
pub async fn key(settings: &Settings) -> Done {
    let ports = settings.ports()?;
    let public = ports.blocking(|stores| stores.required_vault()?.public_key()).await?;
    match settings.json {
        true => print_json(&json!({ "version": 1, "public_key": public.to_string() })),
        false => print(&format!("{public}\n")),
    }
    Ok(())
}
