//! Moments and accounts that tests begin with.

use authmd_tui::account::{
    Account, AccountId, Layer, LayerKind, Mode, More, Renewal, Revocation, RevokeForm, Source, StoreKind,
};
use authmd_tui::http::Presentation;
use authmd_tui::store::Listing;
use authmd_tui::tui::app::{Loaded, Message};
use jiff::{SignedDuration, Timestamp};
use url::Url;

/// The moment at which pure tests happen: 2026-11-22 12:00 UTC.
pub fn noon() -> Timestamp {
    "2026-11-22T12:00:00Z".parse().expect("a moment")
}

pub fn hours(hours: i64) -> SignedDuration {
    SignedDuration::from_hours(hours)
}

pub fn url(text: &str) -> Url {
    Url::parse(text).expect(text)
}

/// The stores have been read.
pub fn loaded(accounts: Vec<Account>) -> Message {
    Message::Loaded(Ok(Loaded { listing: Listing { accounts, problem: None }, store: "memory", described: vec![] }))
}

/// An account at `https://api.<host>/`, ending in so many hours.
pub fn account(name: &str, host: &str, label: Option<&str>, ends_in: Option<i64>) -> Account {
    let resource = format!("https://api.{host}/");
    Account {
        id: AccountId::new(&resource, label, &[]),
        service: name.into(),
        label: label.map(str::to_owned),
        identity: Some("ada@example.com".into()),
        mode: Mode::AuthMd,
        scopes: vec!["mail.read".into(), "mail.send".into()],
        layers: vec![Layer { kind: LayerKind::ApiKey, expires_at: ends_in.map(|ends| noon() + hours(ends)) }],
        claimed: true,
        start: url(&resource),
        metadata: None,
        guarded: Some(true),
        presentation: Presentation::Bearer,
        renewal: Renewal::Person,
        revocation: Revocation::Endpoint {
            url: url(&format!("https://auth.{host}/agent/revoke")),
            form: RevokeForm::OAuth,
        },
        client: None,
        bound: false,
        store: StoreKind::Memory,
        source: Source::Own,
        created_at: Some(noon() - hours(24 * 30)),
        renewed_at: None,
        verified_at: Some(noon() - hours(2)),
        proof: None,
        spending: None,
        more: More::default(),
        resource,
    }
}
