//! Which account a person means.

use crate::account::Account;
use crate::problem::{Kind, Problem};
use crate::trust;

/// The account that `name` means: its id, any beginning of an id, a resource or a service's name that fits one only, or else a
/// label that one only has. Another program's is meant where none of our own is.
pub fn find<'a>(accounts: &'a [Account], name: &str) -> Result<&'a Account, Problem> {
    if name.trim().is_empty() {
        return Err(Problem::new(
            Kind::Usage,
            "The name of an account is empty.",
            "Say which one; see them all with: authmd-tui list",
        ));
    }
    if let Some(exact) = accounts.iter().find(|account| account.id.as_str() == name) {
        return Ok(exact);
    }
    let begins = |text: &str| text.to_lowercase().starts_with(&name.to_lowercase());
    let fits =
        |account: &&Account| begins(account.id.as_str()) || begins(&account.resource) || begins(&account.service);
    let labelled = |account: &&Account| account.label.as_deref() == Some(name);
    let of = |foreign: bool| {
        let those = || accounts.iter().filter(move |account| account.is_foreign() == foreign);
        let fitting: Vec<&Account> = those().filter(fits).collect();
        if fitting.is_empty() { those().filter(labelled).collect() } else { fitting }
    };
    let own = of(false);
    let fitting = if own.is_empty() { of(true) } else { own };
    match fitting.as_slice() {
        [only] => Ok(only),
        [] => Err(Problem::new(
            Kind::NoSuchAccount,
            format!("There is no account {}.", trust::clean(name, 60)),
            "See them all with: authmd-tui list",
        )),
        several => {
            let ids: Vec<&str> = several.iter().map(|account| account.id.as_str()).collect();
            Err(Problem::new(
                Kind::Usage,
                format!("{} fits several accounts.", trust::clean(name, 60)),
                format!("Say which: {}", ids.join(", ")),
            ))
        }
    }
}

/// The accounts named, each once.
pub fn find_all(accounts: &[Account], names: &[String]) -> Result<Vec<Account>, Problem> {
    let mut found: Vec<Account> = Vec::new();
    for name in names {
        let account = find(accounts, name)?;
        if found.iter().all(|known| known.id != account.id) {
            found.push(account.clone());
        }
    }
    Ok(found)
}

/// The accounts named, which are to be changed: none of another program's.
pub fn find_own(accounts: &[Account], names: &[String]) -> Result<Vec<Account>, Problem> {
    let found = find_all(accounts, names)?;
    match found.iter().find(|account| account.is_foreign()) {
        Some(account) => Err(Problem::new(
            Kind::Usage,
            format!("{} is kept by another program, and only read here.", account.id),
            format!("Use that program; or look after a copy here: authmd-tui take-over {}", account.id),
        )),
        None => Ok(found),
    }
}

/// The accounts named to be ended. A name that is an id but for the label means the account without one: where that is gone,
/// the one with the label is not meant.
pub fn find_to_end(accounts: &[Account], names: &[String]) -> Result<Vec<Account>, Problem> {
    let found = find_own(accounts, names)?;
    let labelled = |account: &&Account| names.iter().any(|name| account.id.as_str().starts_with(&format!("{name}:")));
    match found.iter().find(labelled) {
        Some(account) => Err(Problem::new(
            Kind::NoSuchAccount,
            "There is no account of that name without a label.",
            format!("If you mean this one, say so: {}", account.id),
        )),
        None => Ok(found),
    }
}
