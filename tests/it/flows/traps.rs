//! Answers that seem to say more than they do, and what must not come of them.

use authmd_tui::account::{Layer, LayerKind, Renewal, Revocation, StoreKind};
use authmd_tui::flow::Outcome;
use authmd_tui::flow::discover::Way;
use authmd_tui::flow::renew::Renew;
use authmd_tui::flow::revoke::{Presence, Revoke};
use authmd_tui::flow::signup::SignUp;
use authmd_tui::flow::target::Target;
use authmd_tui::http::HttpError;
use authmd_tui::secret::Secret;
use jiff::SignedDuration;
use serde_json::{Value, json};

use crate::support::play::{
    API, CLAIM, COMPLETE, Fake, Play, REGISTER, RESOURCE, REVOKE, SERVER, answer, challenge, refusal,
};
use crate::support::{account, url};

const TOKEN: &str = "POST https://auth.acme.dev/oauth/token";

/// Acme Mail with a token endpoint that takes claims.
fn granting() -> Fake {
    let mut fake = Fake::acme();
    let mut metadata = Fake::server_metadata();
    metadata["token_endpoint"] = json!("https://auth.acme.dev/oauth/token");
    metadata["grant_types_supported"] = json!(["urn:workos:agent-auth:grant-type:claim"]);
    fake.json(SERVER, metadata);
    fake
}

fn claimed_with(mut fake: Fake, answer: Value) -> Play {
    fake.json(CLAIM, answer);
    Play::acme_at_code(fake)
}

#[test]
fn what_comes_with_a_claim_that_is_open_is_not_the_credential() {
    let early = json!({"claim_token": "clm_1", "credential": "sk_low", "status": "active"});
    for (answer, screen) in [
        (json!({"status": "pending", "credential": "sk_low"}), "code"),
        (json!({"status": "accepted", "message": "Mail sent"}), "code"),
        (json!({"status": "active"}), "code"),
    ] {
        let mut fake = Fake::acme();
        fake.json(REGISTER, early.clone());
        let play = claimed_with(fake, answer.clone());
        assert_eq!((play.id(), play.saved.len()), (screen.into(), 0), "{answer}");
    }
    let mut fake = granting();
    fake.on(TOKEN, [refusal(400, "access_denied")]);
    let play = claimed_with(fake, json!({"identity_assertion": "jwt_0", "claim_attempt": {"user_code": "WDJB-47KQ"}}));
    assert!(play.problem().contains("turned down") && play.saved.is_empty(), "handed over, and denied");
}

#[test]
fn a_page_without_a_code_is_looked_for_only_when_the_person_says_that_it_is_the_gate() {
    let answer = json!({"status": "pending", "message": "A code was mailed", "verification_uri": "https://acme.dev/c"});
    let mut play = claimed_with(granting(), answer.clone());
    assert_eq!((play.id(), play.posts().len()), ("confirm".into(), 2), "nothing is looked for yet");
    play.pick(1);
    assert_eq!(play.id(), "code");
    let mut fake = granting();
    fake.on(TOKEN, [refusal(400, "authorization_pending"), self::answer(200, r#"{"access_token":"at_1"}"#)]);
    let mut play = claimed_with(fake, answer);
    play.pick(0);
    assert!(matches!(play.outcome(), Outcome::Connected(_)), "{}", play.problem());
}

#[test]
fn nothing_goes_to_a_host_that_was_not_shown() {
    let mut fake = Fake::acme();
    let mut metadata = Fake::server_metadata();
    metadata["agent_auth"]["claim_endpoint"] = Value::Null;
    fake.json(SERVER, metadata);
    fake.json(REGISTER, json!({"claim_token": "clm_1", "claim_url": "https://somebody.acme.dev/steal"}));
    let play = Play::acme_at_code(fake);
    assert!(matches!(play.outcome(), Outcome::Refused(_)), "{:?}", play.outcome());
    assert!(play.requests.iter().all(|request| request.url.host_str() != Some("somebody.acme.dev")));
}

/// Acme Mail with an endpoint elsewhere, and none published for the claim.
fn elsewhere(name: &str, endpoint: &str) -> Fake {
    let mut fake = Fake::acme();
    let mut metadata = Fake::server_metadata();
    metadata["agent_auth"]["claim_endpoint"] = Value::Null;
    metadata["agent_auth"][name] = json!(endpoint);
    fake.json(SERVER, metadata);
    fake
}

/// The person has read that this host is asked for a puzzle, and no more.
#[test]
fn a_host_gets_what_was_shown_and_nothing_else() {
    let mut fake = elsewhere("challenge_endpoint", "https://puzzles.net/challenge");
    fake.json(REGISTER, json!({"claim_token": "clm_1", "claim_url": "https://puzzles.net/claim"}));
    let mut play = Play::acme(fake);
    play.begin().pick(0);
    assert!(play.text_shown().contains("puzzles.net\ngets: a request for a puzzle"), "{}", play.text_shown());
    play.confirm(true).confirm(true).text("ada@example.com");
    assert!(matches!(play.outcome(), Outcome::Refused(_)), "{:?}", play.outcome());
    assert!(play.requests.iter().all(|request| request.url.host_str() != Some("puzzles.net")));
}

#[test]
fn a_registration_elsewhere_may_lead_on_to_where_it_was_said_to() {
    let mut fake = elsewhere("identity_endpoint", "https://signup.net/identity");
    fake.json("POST https://signup.net/identity", json!({"claim_token": "clm_1", "claim_url": "https://signup.net/c"}));
    fake.json("POST https://signup.net/c", json!({"status": "pending"}));
    let mut play = Play::acme(fake);
    play.begin().pick(0);
    let shown = play.text_shown();
    assert!(shown.contains("your e-mail address, the code that you type"), "{shown}");
    play.confirm(true).confirm(true).text("ada@example.com");
    assert_eq!(play.id(), "code");
}

#[test]
fn a_pasted_key_is_sent_to_no_host_that_nobody_has_read_of() {
    let mut fake = Fake::acme();
    let mut metadata = Fake::server_metadata();
    metadata["revocation_endpoint"] = json!("https://elsewhere.net/revoke");
    fake.json(SERVER, metadata);
    let flow = SignUp::new(Target::parse("api.acme.dev").expect("a target"), None).only(Way::Key);
    let mut takes_the_key = fake.clone();
    takes_the_key.on(API, [challenge(), answer(200, "{}")]);
    let mut play = Play::new(flow, takes_the_key);
    play.begin().pick(0).text("sk_pasted");
    let account = play.saved.first().expect("kept").account.clone();
    assert_eq!(account.revocation, Revocation::Undiscovered);
    let mut play = Play::of(account, |account| Revoke::new(account, Presence::Nobody), fake);
    play.begin();
    assert!(play.problem().contains("elsewhere.net, another domain"), "{}", play.problem());
    assert!(play.posts().is_empty(), "{:?}", play.posts());
}

#[test]
fn a_page_of_another_domain_is_not_called_the_services_own() {
    let mut fake = granting();
    let page = "https://acme-mail.net/device";
    fake.json(CLAIM, json!({"status": "pending", "claim": {"user_code": "WDJB-47KQ", "verification_uri": page}}));
    let play = Play::acme_at_code(fake);
    let shown = play.text_shown();
    assert!(shown.contains("this page at acme-mail.net (another domain than that of Acme Mail)"), "{shown}");
}

#[test]
fn who_lets_us_wait_in_vain_is_asked_for_nothing_more() {
    let mut fake = Fake::acme();
    fake.on(SERVER, [Err(HttpError::TimedOut(SignedDuration::from_secs(15)))]);
    let mut play = Play::acme(fake);
    play.begin();
    let of_auth = play.requests.iter().filter(|request| request.url.host_str() == Some("auth.acme.dev")).count();
    assert_eq!(of_auth, 1);
}

#[test]
fn trouble_that_comes_and_goes_is_waited_for_four_times_in_all() {
    let mut fake = Fake::acme();
    for (call, last) in [(API, challenge()), (RESOURCE, answer(404, "")), (SERVER, answer(404, ""))] {
        fake.on(call, [answer(503, ""), answer(503, ""), last]);
    }
    fake.on("GET https://api.acme.dev/.well-known/oauth-protected-resource", [answer(503, "")]);
    let mut play = Play::acme(fake);
    play.begin();
    let waits = play.done.iter().filter(|done| *done == "wait").count();
    assert_eq!(waits, 4, "{:?}", play.done);
}

#[test]
fn what_is_relative_is_relative_to_who_said_it() {
    let mut fake = Fake::acme();
    fake.json(CLAIM, json!({"status": "pending", "complete_url": "/here/complete"}));
    let mut play = Play::acme_at_code(fake);
    play.text("123456");
    assert_eq!(play.posts().last().map(String::as_str), Some("POST https://auth.acme.dev/here/complete"));
}

#[test]
fn an_address_with_the_claim_token_in_it_is_not_shown() {
    let mut fake = Fake::acme();
    fake.json(REGISTER, json!({"claim_token": "clm_secret_1", "claim_url": "https://acme.dev/claim/clm_secret_1"}));
    let play = Play::acme_at_code(fake);
    assert_eq!((play.id(), play.screen().link), ("code".into(), None));
}

#[test]
fn a_token_that_cannot_be_fetched_does_not_make_the_early_key_the_real_one() {
    for refused in
        [refusal(503, "temporarily_unavailable"), refusal(429, "rate_limited"), refusal(400, "authorization_pending")]
    {
        let mut fake = granting();
        fake.json(REGISTER, json!({"claim_token": "clm_1", "credential": "sk_low"}));
        fake.json(COMPLETE, json!({"status": "claimed"}));
        fake.on(TOKEN, [refused]);
        let mut play = Play::acme_at_code(fake);
        play.text("123456");
        assert_eq!((play.id(), play.saved.len()), ("confirm".into(), 0));
        assert_eq!(play.posts().iter().filter(|call| *call == TOKEN).count(), 1, "it is asked once");
    }
}

#[test]
fn a_lost_answer_to_a_good_code_does_not_lose_the_key() {
    let mut fake = Fake::acme();
    fake.json(REGISTER, json!({"claim_token": "clm_1", "credential": "sk_held_so_far"}));
    fake.on(COMPLETE, [Err(HttpError::Broken("reset".into())), refusal(409, "previously_claimed")]);
    let mut play = Play::acme_at_code(fake);
    play.text("123456").confirm(true);
    assert_eq!(play.saved.last().map(|kept| kept.secrets.credential.expose()), Some("sk_held_so_far"));
}

#[test]
fn an_assertion_that_is_refused_as_soon_as_it_is_had_ends_the_renewal() {
    let mut held = account("Acme Docs", "acme.dev", None, Some(-1));
    held.store = StoreKind::Json;
    held.renewal = Renewal::Exchange {
        url: url("https://auth.acme.dev/oauth/token"),
        resource: None,
        identity: Some(url("https://auth.acme.dev/agent/identity")),
    };
    held.layers.push(Layer { kind: LayerKind::RefreshToken, expires_at: None });
    let mut fake = Fake::acme();
    fake.json(REGISTER, json!({"identity": {"assertion": "jwt_2", "refresh_token": {"value": "irt_2"}}}));
    fake.on(TOKEN, [refusal(400, "invalid_grant")]);
    let mut play = Play::of(held, |held| Renew::new(held, Presence::Nobody), fake);
    play.held.as_mut().expect("held").secrets.further.push((LayerKind::RefreshToken, Secret::new("irt_1")));
    play.begin();
    assert!(matches!(play.outcome(), Outcome::Refused(_)), "{:?}", play.outcome());
    assert_eq!((play.posts().len(), play.saved.len()), (2, 1), "one refresh, one exchange, and what was got is kept");
    assert_eq!(play.saved[0].secret_of(LayerKind::RefreshToken), Some(&Secret::new("irt_2")));
}

#[test]
fn a_refresh_token_that_was_not_ended_is_not_forgotten() {
    let mut held = account("Northwind", "acme.dev", None, Some(-1));
    held.layers.push(Layer { kind: LayerKind::RefreshToken, expires_at: None });
    let mut fake = Fake::acme();
    fake.on(API, [answer(401, "")]);
    fake.on(REVOKE, [refusal(503, "temporarily_unavailable")]);
    let mut play = Play::of(held, |held| Revoke::new(held, Presence::Nobody), fake);
    play.held.as_mut().expect("held").secrets.further.push((LayerKind::RefreshToken, Secret::new("rt_1")));
    play.begin();
    assert_eq!(play.forgotten, 0, "the access token's end says nothing of the refresh token");
    assert!(play.outcome().problem().is_some());
}
