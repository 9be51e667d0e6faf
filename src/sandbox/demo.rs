//! The accounts that the demo starts with: one in each state that a person meets.

use std::time::Duration;
use std::{fs, io};

use jiff::{SignedDuration, Timestamp};
use tempfile::TempDir;
use url::Url;

use super::{ACME, BEACON, HandsOut, NORTHWIND, Profile, Sandbox, Shape};
use crate::account::{
    Account, AccountId, Event, Happened, Kept, Layer, LayerKind, Mode, More, Note, Proof, Renewal, Revocation,
    RevokeForm, Secrets, Source, StoreKind, Verdict,
};
use crate::http::Presentation;
use crate::problem::{Kind, Problem, cause};
use crate::sandbox::fault::Step;
use crate::secret::Secret;
use crate::shell::Ports;
use crate::store::Stores;

const HOUR: i64 = 3_600;
const DAY: i64 = 24 * HOUR;

struct Example {
    profile: &'static Profile,
    label: &'static str,
    email: &'static str,
    /// Seconds from now to the end; negative where it has ended.
    ends: i64,
    /// The service turned it away, hours ago.
    refused: bool,
}

const EXAMPLES: &[Example] = &[
    Example { profile: ACME, label: "old", email: "ada@example.com", ends: -2 * DAY, refused: false },
    Example { profile: ACME, label: "work", email: "ada@example.com", ends: 3 * DAY + HOUR, refused: false },
    Example { profile: BEACON, label: "ci", email: "ops@example.com", ends: 41 * DAY, refused: true },
    Example { profile: NORTHWIND, label: "work", email: "ada@example.com", ends: HOUR, refused: false },
    Example { profile: BEACON, label: "home", email: "ada@example.com", ends: 27 * DAY + HOUR, refused: false },
    Example { profile: ACME, label: "agent", email: "agent@example.com", ends: 64 * DAY + HOUR, refused: false },
];

/// A folder with the skills of the services that publish nothing; it ends with what is returned.
pub fn skills(sandbox: &Sandbox) -> Result<TempDir, Problem> {
    let failed = |error: io::Error| {
        let what = format!("The demo could not write its skills: {}.", cause(&error));
        Problem::new(Kind::Failed, what, "Is there room for temporary files?")
    };
    let folder = TempDir::new().map_err(failed)?;
    for (name, text) in sandbox.skills() {
        fs::write(folder.path().join(format!("{name}.yaml")), text).map_err(failed)?;
    }
    Ok(folder)
}

/// Puts the examples into the store. The credentials that have not ended work at the sandbox.
pub async fn fill(sandbox: &Sandbox, ports: &Ports, now: Timestamp) -> Result<(), Problem> {
    for example in EXAMPLES {
        let account = account(sandbox, example, now)?;
        let past = past(&account);
        if example.profile.shape == Shape::ReadBack(HandsOut::Tokens) {
            let (access, refresh) = sandbox.issue_tokens(example.profile, example.email);
            let further = vec![(LayerKind::RefreshToken, Secret::new(refresh))];
            let kept = Kept::new(account, Secrets { credential: Secret::new(access), further });
            ports.blocking(move |stores| keep(stores, &kept, &past)).await?;
            continue;
        }
        let lifetime = Duration::from_secs(if example.refused { 0 } else { u64::try_from(example.ends).unwrap_or(0) });
        let credential = Secret::new(sandbox.issue(example.profile, example.email, lifetime));
        ports.blocking(move |stores| keep(stores, &Kept::new(account, credential), &past)).await?;
    }
    Ok(())
}

fn keep(stores: &Stores, kept: &Kept, past: &[Event]) -> Result<(), Problem> {
    past.iter().for_each(|event| stores.history().record(&kept.account.id, event));
    stores.save(kept, None)
}

/// What has come before.
fn past(account: &Account) -> Vec<Event> {
    let obtained = |at| Happened::Obtained { way: account.mode, host: account.host() }.at(at);
    let tried = account.proof.and_then(|proof| Event::of(account, &Note::Proof(proof)));
    account.created_at.map(obtained).into_iter().chain(tried).collect()
}

fn account(sandbox: &Sandbox, example: &Example, now: Timestamp) -> Result<Account, Problem> {
    let profile = example.profile;
    let resource = sandbox.target(profile);
    let wrong = |_| {
        Problem::new(Kind::Failed, "The sandbox has no address.", "This is a fault of the program; please report it.")
    };
    let start = Url::parse(&resource).map_err(wrong)?;
    let hours_ago = |hours: i64| now.checked_sub(SignedDuration::from_hours(hours)).unwrap_or(now);
    let verdict = if example.refused { Verdict::Refused { status: 401 } } else { Verdict::Accepted { status: 200 } };
    let proof = Proof { at: hours_ago(if example.ends < 0 { 72 } else { 2 }), verdict };
    let ends = now.checked_add(SignedDuration::from_secs(example.ends)).ok();
    let (layers, renewal) = match profile.shape {
        Shape::ReadBack(HandsOut::Tokens) => (
            vec![
                Layer { kind: LayerKind::AccessToken, expires_at: ends },
                Layer { kind: LayerKind::RefreshToken, expires_at: None },
            ],
            Renewal::Refresh { url: start.join(&profile.path(Step::Token)).map_err(wrong)?, resource: None },
        ),
        _ => (vec![Layer { kind: LayerKind::ApiKey, expires_at: ends }], Renewal::Person),
    };
    Ok(Account {
        id: AccountId::new(
            &format!("https://{}.sandbox", profile.base.trim_start_matches("/a/").trim_start_matches('/')),
            Some(example.label),
            &[],
        ),
        service: profile.name.to_owned(),
        label: Some(example.label.to_owned()),
        identity: Some(example.email.to_owned()),
        mode: Mode::AuthMd,
        scopes: profile.scopes_after.iter().map(|scope| (*scope).to_owned()).collect(),
        layers,
        claimed: true,
        metadata: None,
        guarded: Some(true),
        presentation: Presentation::Bearer,
        renewal,
        revocation: Revocation::Endpoint {
            url: start.join(&profile.path(Step::Revoke)).map_err(wrong)?,
            form: match profile.shape {
                Shape::ReadBack(HandsOut::KeySinceRegister) => RevokeForm::AgentAuth,
                _ => RevokeForm::OAuth,
            },
        },
        client: None,
        bound: false,
        store: StoreKind::Memory,
        source: Source::Own,
        created_at: Some(hours_ago(24 * 30)),
        renewed_at: None,
        verified_at: (!example.refused).then_some(proof.at),
        proof: Some(proof),
        spending: None,
        more: More::default(),
        start,
        resource,
    })
}
