//! Accounts that hold an identity assertion: what it is exchanged for, what gets the next one, and how all of it is ended.

use authmd_tui::account::{Account, Kept, Layer, LayerKind, Note, Renewal, StoreKind};
use authmd_tui::flow::Outcome;
use authmd_tui::flow::renew::Renew;
use authmd_tui::flow::revoke::{Presence, Revoke};
use authmd_tui::http::{HttpError, Response};
use authmd_tui::problem::Kind;
use authmd_tui::secret::Secret;
use serde_json::json;

use crate::support::play::{API, Fake, Play, REVOKE, answer, refusal};
use crate::support::{account, hours, noon, url};

const TOKEN: &str = "POST https://auth.acme.dev/oauth2/token";
const IDENTITY: &str = "POST https://auth.acme.dev/agent/identity";

/// An account whose access token is over; the assertion ends in so many hours.
fn held(assertion_ends: i64) -> Kept {
    let mut account = account("Acme Docs", "acme.dev", None, Some(-1));
    account.store = StoreKind::Json;
    account.renewal = Renewal::Exchange {
        url: url("https://auth.acme.dev/oauth2/token"),
        resource: Some("https://api.acme.dev/".into()),
        identity: Some(url("https://auth.acme.dev/agent/identity")),
    };
    account.layers[0].kind = LayerKind::AccessToken;
    let mut kept = Kept::new(account, Secret::new("at_1"));
    let ends = |hours_left| Some(noon() + hours(hours_left));
    kept.put(Layer { kind: LayerKind::RefreshToken, expires_at: ends(24 * 60) }, Secret::new("irt_1"));
    kept.put(Layer { kind: LayerKind::IdentityAssertion, expires_at: ends(assertion_ends) }, Secret::new("jwt_1"));
    kept
}

fn renewal(kept: Kept, presence: Presence, fake: Fake) -> Play {
    let mut play = Play::of(kept.account.clone(), |account| Renew::new(account, presence), fake);
    play.held = Some(kept);
    play.begin();
    play
}

fn exchanging() -> Fake {
    let mut fake = Fake::acme();
    fake.on(API, [answer(200, "{}")]);
    fake.json(TOKEN, json!({"access_token": "at_2", "token_type": "Bearer", "expires_in": 3600, "scope": "mail.read"}));
    fake.json(IDENTITY, json!({"id": "reg_1", "identity": {"assertion": "jwt_2", "expires_at": "2026-11-24T12:00:00Z", "refresh_token": {"value": "irt_2", "expires_at": "2027-02-01T12:00:00Z"}}}));
    fake
}

fn kinds(account: &Account) -> Vec<LayerKind> {
    account.layers.iter().map(|layer| layer.kind).collect()
}

const ALL: [LayerKind; 3] = [LayerKind::AccessToken, LayerKind::IdentityAssertion, LayerKind::RefreshToken];

#[test]
fn layers_stand_in_their_order_whatever_comes_first() {
    let kept = held(24);
    assert_eq!(kinds(&kept.account), ALL);
    let secrets: Vec<_> = ALL.iter().map(|kind| kept.secret_of(*kind).expect("there").expose()).collect();
    assert_eq!(secrets, ["at_1", "jwt_1", "irt_1"]);
}

#[test]
fn an_assertion_that_lives_is_exchanged_and_nothing_else_is_spent() {
    let play = renewal(held(24), Presence::Nobody, exchanging());
    assert!(matches!(play.outcome(), Outcome::Connected(_)), "{}", play.problem());
    assert_eq!(
        play.done,
        ["unlock", "lock", "load", "http", "save", "http", "note Proof"],
        "no intent is needed for what works often"
    );
    assert_eq!(
        play.last_body(),
        ["grant_type=urn:ietf:params:oauth:grant-type:jwt-bearer", "assertion=jwt_1", "resource=https://api.acme.dev/"]
    );
    let kept = &play.saved[0];
    assert_eq!((kept.secrets.credential.expose(), kinds(&kept.account)), ("at_2", ALL.to_vec()));
    assert_eq!(kept.account.expires_at(), Some(noon() + hours(1)));
    assert_eq!(kept.secret_of(LayerKind::RefreshToken), Some(&Secret::new("irt_1")));
}

#[test]
fn an_assertion_that_is_over_is_had_anew_for_the_refresh_token_and_kept_before_it_is_used() {
    let play = renewal(held(-1), Presence::Nobody, exchanging());
    assert!(matches!(play.outcome(), Outcome::Connected(_)), "{}", play.problem());
    assert_eq!(
        play.done,
        ["unlock", "lock", "load", "note Spending", "http", "save", "http", "save", "http", "note Proof"],
        "what works once is stored before anything else happens"
    );
    assert_eq!(play.bodies()[0], ["type=refresh", "refresh_token=irt_1"]);
    assert!(play.bodies()[1].contains(&"assertion=jwt_2".to_owned()));
    let (first, last) = (&play.saved[0], &play.saved[1]);
    assert_eq!((first.secrets.credential.expose(), last.secrets.credential.expose()), ("at_1", "at_2"));
    for kept in [first, last] {
        assert_eq!(kept.secret_of(LayerKind::RefreshToken), Some(&Secret::new("irt_2")));
        assert_eq!((kept.account.spending, kinds(&kept.account)), (None, ALL.to_vec()));
    }
}

#[test]
fn an_assertion_that_the_service_refuses_leads_to_the_refresh_token() {
    let mut fake = exchanging();
    fake.on(TOKEN, [refusal(400, "invalid_grant"), answer(200, r#"{"access_token":"at_2"}"#)]);
    let play = renewal(held(24), Presence::Nobody, fake);
    assert!(matches!(play.outcome(), Outcome::Connected(_)), "{}", play.problem());
    assert_eq!(play.posts(), [TOKEN, IDENTITY, TOKEN]);
}

#[test]
fn a_dead_refresh_token_needs_a_person() {
    let mut fake = exchanging();
    fake.on(IDENTITY, [refusal(400, "invalid_refresh_token")]);
    let play = renewal(held(-1), Presence::Nobody, fake.clone());
    let problem = play.screen().problem.expect("a problem");
    assert_eq!((problem.kind, play.saved.len()), (Kind::NeedsPerson, 0));
    assert!(matches!(play.noted.last(), Some(Note::NoRefresh)), "{:?}", play.noted);
    let play = renewal(held(-1), Presence::Person, fake);
    assert_eq!(play.id(), "offer", "with somebody there it goes on to sign up again");
}

#[test]
fn a_target_that_is_not_wanted_is_left_out_from_then_on() {
    let mut fake = exchanging();
    fake.on(TOKEN, [refusal(400, "invalid_target"), answer(200, r#"{"access_token":"at_2"}"#)]);
    let play = renewal(held(24), Presence::Nobody, fake);
    assert_eq!(play.last_body().len(), 2, "{:?}", play.last_body());
    let Renewal::Exchange { resource, .. } = &play.saved[0].account.renewal else { panic!("another way") };
    assert_eq!(*resource, None);
}

#[test]
fn no_answer_to_an_exchange_loses_nothing() {
    let mut fake = exchanging();
    fake.on(TOKEN, [Err(HttpError::Broken("reset".into()))]);
    let play = renewal(held(24), Presence::Nobody, fake);
    assert_eq!((play.saved.len(), play.noted.len()), (0, 0));
    assert!(matches!(play.outcome(), Outcome::Failed(_)), "{:?}", play.outcome());
}

#[test]
fn every_token_is_ended_and_has_a_receipt() {
    let mut fake = Fake::acme();
    fake.on(API, [answer(200, "{}"), answer(401, "{}")]);
    fake.on(REVOKE, [answer(200, ""), answer(200, ""), refusal(400, "unsupported_token_type")]);
    let kept = held(24);
    let mut play = Play::of(kept.account.clone(), |account| Revoke::new(account, Presence::Nobody), fake);
    play.held = Some(kept);
    play.begin();
    assert!(matches!(play.outcome(), Outcome::Removed(_)), "{}", play.problem());
    assert_eq!(
        play.bodies(),
        [
            vec!["token=irt_1", "token_type_hint=refresh_token"],
            vec!["token=at_1", "token_type_hint=access_token"],
            vec!["token=jwt_1"],
        ]
    );
    let told = play.text_shown();
    for words in
        ["refresh token", "nothing proves it", "identity assertion", "unsupported_token_type", "401, as it should be"]
    {
        assert!(told.contains(words), "{words}: {told}");
    }
}

/// Confirmed, stored, and the exchange did not work: it is an account all the same, and can be gone on with.
#[test]
fn what_was_confirmed_is_kept_though_the_token_is_missing() {
    let mut kept = held(24);
    let layers = [kept.account.layers[1].clone(), kept.account.layers[2].clone()];
    kept.account.layers = layers.to_vec();
    kept.secrets.credential = Secret::new("jwt_1");
    kept.secrets.further = vec![(LayerKind::RefreshToken, Secret::new("irt_1"))];
    assert!(kept.account.lacks_credential());
    let play = renewal(kept, Presence::Nobody, exchanging());
    let saved = &play.saved[0];
    assert_eq!((saved.secrets.credential.expose(), kinds(&saved.account)), ("at_2", ALL.to_vec()));
    assert_eq!(saved.secret_of(LayerKind::IdentityAssertion), Some(&Secret::new("jwt_1")));
}

/// What is kept after a renewal whose exchanges and refreshes are answered so.
fn after(
    assertion_ends: i64,
    exchanges: Vec<Result<Response, HttpError>>,
    refreshes: Vec<Result<Response, HttpError>>,
) -> (String, String) {
    let mut fake = Fake::acme();
    fake.on(API, [answer(200, "{}")]).on(TOKEN, exchanges).on(IDENTITY, refreshes);
    let play = renewal(held(assertion_ends), Presence::Nobody, fake);
    assert!(matches!(play.outcome(), Outcome::Connected(_)), "{:?}", play.outcome());
    let last = play.saved.last().expect("saved");
    let of = |kind| last.secret_of(kind).map_or_else(String::new, |secret| secret.expose().to_owned());
    (of(LayerKind::AccessToken), of(LayerKind::RefreshToken))
}

#[test]
fn the_token_that_follows_a_spent_one_is_kept_however_it_is_written() {
    for refreshed in [
        json!({"identity": {"assertion": "jwt_2", "refresh_token": {"value": "irt_2", "expires_at": null}}}),
        json!({"identity": {"assertion": "jwt_2", "refreshToken": "irt_2"}}),
        json!({"ok": true, "data": {"identity": {"assertion": "jwt_2", "refresh_token": {"value": "irt_2"}}}}),
        json!({"identity_assertion": "jwt_2", "refresh_token": "irt_2"}),
    ] {
        let token = answer(200, r#"{"ok": true, "data": {"access_token": "at_2"}}"#);
        let kept = after(-1, vec![token], vec![answer(200, &refreshed.to_string())]);
        assert_eq!(kept, ("at_2".into(), "irt_2".into()), "{refreshed}");
    }
}

#[test]
fn an_assertion_that_is_not_taken_any_more_is_followed_by_the_refresh_token_however_that_is_said() {
    let identity = answer(200, r#"{"identity": {"assertion": "jwt_2", "refresh_token": {"value": "irt_2"}}}"#);
    for no in [
        refusal(400, "invalid_grant"),
        refusal(400, "expired_token"),
        refusal(401, "credential_expired"),
        refusal(400, "assertion_expired"),
        answer(401, "Unauthorized"),
        answer(401, r#"{"error": {"code": "invalid_grant", "message": "x"}}"#),
        answer(400, r#"{"statusCode": 400, "message": "invalid_grant", "error": "Bad Request"}"#),
    ] {
        let kept = after(1, vec![no, answer(200, r#"{"access_token": "at_2"}"#)], vec![identity.clone()]);
        assert_eq!(kept, ("at_2".into(), "irt_2".into()));
    }
}

#[test]
fn a_bare_401_does_not_make_the_assertion_worthless() {
    let mut kept = held(1);
    kept.account.layers.retain(|layer| layer.kind != LayerKind::RefreshToken);
    kept.secrets.further.retain(|(kind, _)| *kind != LayerKind::RefreshToken);
    let mut fake = Fake::acme();
    fake.on(TOKEN, [answer(401, "Unauthorized")]);
    let play = renewal(kept, Presence::Nobody, fake);
    assert!(matches!(play.outcome(), Outcome::Failed(_) | Outcome::Refused(_)), "{:?}", play.outcome());
    assert_eq!(play.noted, [], "nothing is given up");
}
