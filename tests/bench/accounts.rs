//! The accounts that are measured with: each of another service, with a key that ends at another hour.

use authmd_tui::account::{
    Account, AccountId, Layer, LayerKind, Mode, More, Renewal, Revocation, RevokeForm, Source, StoreKind,
};
use authmd_tui::http::Presentation;
use jiff::{SignedDuration, Timestamp};
use url::Url;

pub fn account(nth: usize, resource: &str, store: StoreKind, now: Timestamp) -> Account {
    let start = Url::parse(resource).expect("a URL");
    let ends = now + SignedDuration::from_hours((nth * 7 % 4_000) as i64 + 96);
    Account {
        id: AccountId::stored(&format!("service-{nth}")).expect("an id"),
        service: format!("Service {nth}"),
        label: None,
        identity: Some(format!("ada+{nth}@example.com")),
        mode: Mode::AuthMd,
        scopes: vec!["mail.read".into(), "mail.send".into()],
        layers: vec![Layer { kind: LayerKind::ApiKey, expires_at: Some(ends) }],
        claimed: true,
        metadata: None,
        guarded: Some(true),
        presentation: Presentation::Bearer,
        renewal: Renewal::Person,
        revocation: Revocation::Endpoint { url: start.join("/agent/revoke").expect("a URL"), form: RevokeForm::OAuth },
        client: None,
        bound: false,
        store,
        source: Source::Own,
        created_at: Some(now - SignedDuration::from_hours(720)),
        renewed_at: None,
        verified_at: Some(now),
        proof: None,
        spending: None,
        more: More::default(),
        start,
        resource: resource.to_owned(),
    }
}
