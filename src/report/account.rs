//! Accounts as programs read them: written as they are gone through, because there may be thousands.

use std::collections::HashMap;

use jiff::{SignedDuration, Timestamp};
use serde::{Serialize, Serializer};
use serde_json::Value;

use super::{VERSION, elsewhere};
use crate::account::{Account, Source};
use crate::when;

/// What every command prints of several accounts.
#[derive(Debug, Serialize)]
pub struct AccountsJson<'a> {
    version: u32,
    pub accounts: Vec<AccountJson<'a>>,
}

#[derive(Debug, Serialize)]
pub struct AccountJson<'a> {
    id: &'a str,
    service: &'a str,
    resource: &'a str,
    label: Option<&'a str>,
    identity: Option<&'a str>,
    mode: &'static str,
    status: &'static str,
    expires_at: Option<Moment>,
    scopes: &'a [String],
    layers: Vec<LayerJson>,
    renewal: &'static str,
    revocation: &'static str,
    store: &'static str,
    created_at: Option<Moment>,
    renewed_at: Option<Moment>,
    verified_at: Option<Moment>,
    source: &'a str,
    source_tool: Option<&'static str>,
    source_exposed: Option<bool>,
    audience: Option<&'a str>,
    client_id: Option<&'a str>,
    issuer: Option<&'a str>,
    review_at: Option<Moment>,
    needs_person_at: Option<Moment>,
    binding: Option<&'static str>,
    checked_at: Option<Moment>,
    check: Option<&'static str>,
    revoking: Option<RevokingJson<'a>>,
    /// Accounts with the same credential, where they were looked for.
    #[serde(skip_serializing_if = "Option::is_none")]
    same_as: Option<Vec<&'a str>>,
    /// Variables of this environment that would be used in place of it, where they were looked for.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub shadowed_by: Option<Vec<String>>,
    /// What has become of it, where that was looked for.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub history: Option<Vec<Value>>,
}

#[derive(Debug, Serialize)]
struct LayerJson {
    kind: &'static str,
    expires_at: Option<Moment>,
    renews: bool,
}

#[derive(Debug, Serialize)]
struct RevokingJson<'a> {
    since: Moment,
    tries: u32,
    problem: Option<&'a str>,
}

/// RFC 3339, whole seconds.
#[derive(Debug)]
struct Moment(Timestamp);

impl Serialize for Moment {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(&when::rfc3339(self.0))
    }
}

pub fn account_json(account: &Account, now: Timestamp, due_within: SignedDuration) -> AccountJson<'_> {
    let automatic = account.is_renewed();
    let registers = account.client.as_ref().is_some_and(|client| client.registered);
    let layers = account.layers.iter().map(|layer| LayerJson {
        kind: layer.kind.as_str(),
        expires_at: layer.expires_at.map(Moment),
        renews: if layer.kind == crate::account::LayerKind::ClientRegistration { registers } else { automatic },
    });
    AccountJson {
        id: account.id.as_str(),
        service: &account.service,
        resource: &account.resource,
        label: account.label.as_deref(),
        identity: account.identity.as_deref(),
        mode: account.mode.as_str(),
        status: account.status(now, due_within).as_str(),
        expires_at: account.expires_at().map(Moment),
        scopes: &account.scopes,
        layers: layers.collect(),
        renewal: account.renewal.as_str(),
        revocation: account.revocation.as_str(),
        store: account.store.as_str(),
        created_at: account.created_at.map(Moment),
        renewed_at: account.renewed_at.map(Moment),
        verified_at: account.verified_at.map(Moment),
        source: match &account.source {
            Source::Own => "own",
            Source::Foreign(elsewhere) => &elsewhere.file,
        },
        source_tool: elsewhere(account).and_then(|it| it.tool),
        source_exposed: elsewhere(account).map(|it| it.loose.is_some()),
        audience: account.bound.then_some(&account.resource),
        client_id: account.client.as_ref().map(|client| client.id.as_str()),
        issuer: account.client.as_ref().and_then(|client| client.issuer.as_deref()),
        review_at: account.review_at().map(Moment),
        needs_person_at: account.person_needed_at().map(Moment),
        binding: account.binding().map(|layer| layer.kind.as_str()),
        checked_at: account.proof.map(|proof| Moment(proof.at)),
        check: account.proof.map(|proof| proof.verdict.as_str()),
        revoking: account.more.revoking.as_ref().map(|it| RevokingJson {
            since: Moment(it.since),
            tries: it.tries,
            problem: it.why.as_deref(),
        }),
        same_as: None,
        shadowed_by: None,
        history: None,
    }
}

/// `all` are the accounts that these are some of.
pub fn accounts_json<'a>(
    accounts: &[&'a Account],
    all: &'a [Account],
    now: Timestamp,
    due_within: SignedDuration,
) -> AccountsJson<'a> {
    let mut alike: HashMap<&str, Vec<&Account>> = HashMap::new();
    for account in all {
        if let Some(fingerprint) = &account.more.fingerprint {
            alike.entry(fingerprint).or_default().push(account);
        }
    }
    let with_twins = |account: &&'a Account| {
        let alike = account.more.fingerprint.as_deref().and_then(|fingerprint| alike.get(fingerprint));
        let others = alike.into_iter().flatten().filter(|other| other.id != account.id);
        let same_as = Some(others.map(|other| other.id.as_str()).collect());
        AccountJson { same_as, ..account_json(account, now, due_within) }
    };
    AccountsJson { version: VERSION, accounts: accounts.iter().map(with_twins).collect() }
}
