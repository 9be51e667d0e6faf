//! What was signed in to by OAuth, afterwards: renewed without anybody, signed in to again in place, revoked.

use authmd_tui::account::{
    Account, Authentication, Client, Kept, Layer, LayerKind, Mode, Note, Renewal, Revocation, RevokeForm, StoreKind,
};
use authmd_tui::flow::renew::Renew;
use authmd_tui::flow::revoke::{Presence, Revoke};
use authmd_tui::flow::{Input, Outcome};
use authmd_tui::problem::Kind;
use authmd_tui::secret::Secret;
use serde_json::json;

use crate::support::play::{Fake, Play, answer, refusal};
use crate::support::{account, hours, noon, url};

const API: &str = "GET https://api.acme.dev/";
const TOKEN: &str = "POST https://auth.acme.dev/token";
const REVOKE: &str = "POST https://auth.acme.dev/revoke";
const REGISTER: &str = "POST https://auth.acme.dev/register";
const PAIR: &str = r#"{"access_token":"at_2","token_type":"Bearer","expires_in":3600,"refresh_token":"rt_2"}"#;

fn client() -> Client {
    Client {
        authentication: Authentication::None,
        issuer: Some("https://auth.acme.dev".into()),
        redirect: Some(url("http://127.0.0.1:41890/callback")),
        registered: true,
        ..Client::named("client_1")
    }
}

/// The access token is over; the registration ends in so many hours, if at all.
fn held(client: Client, secret: Option<&str>, registration_ends: Option<i64>) -> Kept {
    let mut account = account("Acme Notes", "acme.dev", None, Some(-1));
    account.store = StoreKind::Json;
    account.mode = Mode::OAuth;
    account.identity = None;
    account.bound = true;
    account.client = Some(client);
    let resource = Some("https://api.acme.dev/".to_owned());
    account.renewal = Renewal::Refresh { url: url("https://auth.acme.dev/token"), resource };
    account.revocation = Revocation::Endpoint { url: url("https://auth.acme.dev/revoke"), form: RevokeForm::OAuth };
    account.layers[0].kind = LayerKind::AccessToken;
    let mut kept = Kept::new(account, Secret::new("at_1"));
    kept.put(Layer { kind: LayerKind::RefreshToken, expires_at: None }, Secret::new("rt_1"));
    let expires_at = registration_ends.map(|ends| noon() + hours(ends));
    kept.put(Layer { kind: LayerKind::ClientRegistration, expires_at }, secret.map(Secret::from));
    kept
}

fn fake() -> Fake {
    let mut fake = Fake::default();
    fake.on(API, [answer(401, ""), answer(200, "{}")]);
    fake.json(
        "GET https://api.acme.dev/.well-known/oauth-protected-resource",
        json!({"resource": "https://api.acme.dev/", "resource_name": "Acme Notes", "authorization_servers": ["https://auth.acme.dev"]}),
    );
    fake.json(
        "GET https://auth.acme.dev/.well-known/oauth-authorization-server",
        json!({"issuer": "https://auth.acme.dev", "authorization_endpoint": "https://auth.acme.dev/authorize",
            "token_endpoint": "https://auth.acme.dev/token", "registration_endpoint": "https://auth.acme.dev/register",
            "code_challenge_methods_supported": ["S256"]}),
    );
    fake.on(TOKEN, [answer(200, PAIR)]);
    fake.on(REGISTER, [answer(201, r#"{"client_id":"client_2"}"#)]);
    fake
}

/// The same, and what is tried is taken.
fn works() -> Fake {
    let mut fake = fake();
    fake.on(API, [answer(200, "{}")]);
    fake
}

fn renewal(kept: Kept, presence: Presence, fake: Fake) -> Play {
    let mut play = Play::of(kept.account.clone(), |account| Renew::new(account, presence), fake);
    play.held = Some(kept);
    play.begin();
    play
}

#[test]
fn it_renews_itself_as_who_it_is_known_for_the_resource_it_is_for() {
    let play = renewal(held(client(), None, None), Presence::Nobody, works());
    assert!(matches!(play.outcome(), Outcome::Connected(_)));
    assert_eq!(
        play.last_body(),
        ["grant_type=refresh_token", "refresh_token=rt_1", "resource=https://api.acme.dev/", "client_id=client_1"]
    );
    let kept = &play.saved[0];
    assert_eq!(kept.secret_of(LayerKind::RefreshToken), Some(&Secret::new("rt_2")));
    assert!(kept.account.layer(LayerKind::ClientRegistration).is_some(), "the registration stays");

    let by_secret = Client { authentication: Authentication::Basic, ..client() };
    let play = renewal(held(by_secret, Some("cs_1"), None), Presence::Nobody, fake());
    assert!(play.requests[0].credential.is_some());
    assert_eq!(play.saved[0].secret_of(LayerKind::ClientRegistration), Some(&Secret::new("cs_1")));
}

#[test]
fn a_resource_that_is_not_wanted_at_renewal_is_left_out_there() {
    let mut fake = works();
    fake.on(TOKEN, [refusal(400, "invalid_target"), answer(200, PAIR)]);
    let play = renewal(held(client(), None, None), Presence::Nobody, fake);
    assert!(matches!(play.outcome(), Outcome::Connected(_)));
    assert!(!play.last_body().iter().any(|field| field.starts_with("resource=")), "{:?}", play.last_body());
    let account = &play.saved[0].account;
    assert!(account.bound, "what it is for was settled when it was granted");
    assert!(matches!(account.renewal, Renewal::Refresh { resource: None, .. }), "and it is not named the next time");
}

#[test]
fn a_registration_with_an_end_is_an_end_of_renewing_by_itself() {
    let kept = held(client(), None, Some(24));
    assert_eq!(kept.account.person_needed_at(), Some(noon() + hours(24)));
}

#[test]
fn what_another_program_has_just_got_is_taken_instead_of_giving_up() {
    let mut fake = fake();
    fake.on(TOKEN, [refusal(400, "invalid_grant")]);
    let kept = held(client(), None, None);
    let mut play = Play::of(kept.account.clone(), |account| Renew::new(account, Presence::Nobody), fake);
    play.held = Some(kept.clone());
    // It is in the store only after ours was read.
    let mut newer = kept;
    newer.put(Layer { kind: LayerKind::RefreshToken, expires_at: None }, Secret::new("rt_9"));
    play.held_later = Some(newer);
    play.begin();
    assert!(matches!(play.outcome(), Outcome::Connected(_)), "{:?}", play.outcome());
    assert_eq!((play.posts().len(), play.saved.len()), (1, 0));
    assert!(!play.noted.contains(&Note::NoRefresh));
}

#[test]
fn a_dead_refresh_token_leads_to_signing_in_again_in_place() {
    let mut fake = fake();
    fake.on(TOKEN, [refusal(400, "invalid_grant"), answer(200, PAIR)]);
    let mut play = renewal(held(client(), None, None), Presence::Person, fake);
    assert!(play.noted.contains(&Note::NoRefresh));
    assert!(play.problem().contains("does not take the refresh token any more"), "{}", play.problem());
    play.pick(0).confirm(true);
    assert!(play.posts().iter().all(|call| !call.ends_with("/register")), "it is known there already");
    assert_eq!(play.port, Some(41_890), "and with this port");
    play.redirect("code=c_1&state=st_1");
    assert!(matches!(play.outcome(), Outcome::Connected(_)), "{:?}", play.outcome());
    let kept = &play.saved[0];
    assert_eq!((kept.account.id.as_str(), kept.secrets.credential.expose()), ("api.acme.dev", "at_2"));
    assert_eq!(kept.account.client, Some(client()));
}

#[test]
fn a_pruned_registration_is_made_anew_and_the_tokens_are_kept() {
    let mut fake = fake();
    fake.on(TOKEN, [refusal(401, "invalid_client"), answer(200, PAIR)]);
    let mut play = renewal(held(client(), None, None), Presence::Person, fake);
    assert!(play.noted.contains(&Note::NoClient));
    assert_eq!((play.forgotten, play.saved.len()), (0, 0), "the tokens are as they were");
    play.pick(0).confirm(true);
    assert_eq!(play.posts().last().map(String::as_str), Some(REGISTER));
    play.redirect("code=c_1&state=st_1");
    assert_eq!(play.saved[0].account.client.as_ref().map(|client| client.id.as_str()), Some("client_2"));

    let mut alone = self::fake();
    alone.on(TOKEN, [refusal(401, "invalid_client")]);
    let play = renewal(held(client(), None, None), Presence::Nobody, alone);
    assert_eq!(play.outcome().problem().map(|problem| problem.kind), Some(Kind::NeedsPerson));
}

#[test]
fn revoking_ends_the_refresh_token_first_then_the_access_token_as_who_we_are() {
    let mut kept = held(Client { authentication: Authentication::Post, ..client() }, Some("cs_1"), None);
    kept.account.layers[0].expires_at = Some(noon() + hours(1));
    let mut fake = Fake::default();
    fake.on(API, [answer(200, "{}"), answer(401, "")]);
    fake.on(REVOKE, [answer(200, "")]);
    let mut play = Play::of(kept.account.clone(), |account| Revoke::new(account, Presence::Person), fake);
    play.held = Some(kept);
    play.begin().confirm(true);
    assert!(matches!(play.outcome(), Outcome::Removed(_)), "{:?}", play.outcome());
    let who = ["client_id=client_1", "client_secret=cs_1"];
    assert_eq!(
        play.bodies(),
        [
            [&["token=rt_1", "token_type_hint=refresh_token"][..], &who].concat(),
            [&["token=at_1", "token_type_hint=access_token"][..], &who].concat(),
        ]
    );
    let told = play.text_shown();
    assert!(told.contains("refresh token: auth.acme.dev · 200, accepted"), "{told}");
    assert!(told.contains("401, as it should be"), "{told}");
}

#[test]
fn what_proves_who_we_are_is_at_hand_when_a_person_signs_in_again() {
    let kept = held(Client { authentication: Authentication::Post, ..client() }, Some("cs_1"), None);
    let account = Account { renewal: Renewal::Person, ..kept.account.clone() };
    let mut play = Play::of(account.clone(), |account| Renew::new(account, Presence::Person), fake());
    play.held = Some(Kept { account, ..kept });
    play.begin().pick(0).confirm(true).redirect("code=c_1&state=st_1");
    assert!(play.last_body().contains(&"client_secret=cs_1".to_owned()), "{:?}", play.last_body());
    assert_eq!(play.saved[0].secret_of(LayerKind::ClientRegistration), Some(&Secret::new("cs_1")));
}

#[test]
fn cancelling_while_the_browser_is_waited_for_ends_it() {
    let mut fake = fake();
    fake.on(TOKEN, [refusal(400, "invalid_grant")]);
    let mut play = renewal(held(client(), None, None), Presence::Person, fake);
    play.pick(0).confirm(true).step(Input::Cancel);
    assert_eq!((play.outcome(), play.saved.len(), play.is_listening()), (Outcome::Cancelled, 0, false));
}

#[test]
fn what_is_known_of_a_registration_stays_known_and_one_that_has_ended_is_not_used() {
    for (ends, id, known_until) in [(24, "client_1", Some(noon() + hours(24))), (-1, "client_2", None)] {
        let mut fake = fake();
        fake.on(TOKEN, [refusal(400, "invalid_grant"), answer(200, PAIR)]);
        let mut play = renewal(held(client(), None, Some(ends)), Presence::Person, fake);
        play.pick(0).confirm(true).redirect("code=c_1&state=st_1");
        let account = &play.saved[0].account;
        assert_eq!(account.client.as_ref().map(|client| client.id.as_str()), Some(id));
        assert_eq!(account.layer(LayerKind::ClientRegistration).and_then(|layer| layer.expires_at), known_until);
    }
}
