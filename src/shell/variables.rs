//! The variables of the environment in which programs of a service look for its credential.

use std::env;

use url::Url;

use super::skills::Library;
use crate::account::{Account, HandOver};
use crate::skill::{Skill, catalogue};

/// The one that a credential is put into where nobody names one: where it was put before, or what the service's programs look
/// for, or its name.
pub fn usual(account: &Account, library: &Library) -> String {
    usual_of(account, &named(account, library))
}

/// All of them: those that the service's skill names, and the usual one.
pub fn all(account: &Account, library: &Library) -> Vec<String> {
    let mut names = named(account, library);
    let usual = usual_of(account, &names);
    if !names.contains(&usual) {
        names.push(usual);
    }
    names
}

/// Those of them that are set here: programs use what is in them, and not the credential that is kept.
pub fn set_here(account: &Account, library: &Library) -> Vec<String> {
    let mut names = all(account, library);
    names.retain(|name| env::var_os(name).is_some_and(|value| !value.is_empty()));
    names
}

/// By the account's skill, or by the one that the catalogue has for its host.
fn named(account: &Account, library: &Library) -> Vec<String> {
    let of_host = || Url::parse(&account.resource).ok().and_then(|resource| catalogue::of_host(&resource));
    let skill = account.skill().or_else(of_host).and_then(|source| library.read(&source).ok());
    skill.and_then(|file| Skill::read(&file.text, "").ok()).map(|skill| skill.env).unwrap_or_default()
}

fn usual_of(account: &Account, named: &[String]) -> String {
    match account.more.hand_over.as_deref() {
        Some(HandOver::EnvFile { name, .. }) => name.clone(),
        _ => named.first().cloned().unwrap_or_else(|| by_name(&account.service)),
    }
}

/// A service's name as a variable.
fn by_name(service: &str) -> String {
    let letters = service.chars().map(|c| if c.is_ascii_alphanumeric() { c.to_ascii_uppercase() } else { '_' });
    let name: String = letters.collect();
    format!("{}_API_KEY", name.trim_matches('_'))
}
