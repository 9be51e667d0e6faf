//! The code is handed over: shown here, typed on the service's page, and looked for by the rules.

use authmd_tui::account::LayerKind;
use authmd_tui::flow::{Answer, Effect, Input, Outcome};
use authmd_tui::http::{HttpError, Method};
use jiff::SignedDuration;
use serde_json::json;

use crate::support::play::{CLAIM, Fake, Play, REGISTER, SERVER, answer, refusal};
use crate::support::{hours, noon};

const TOKEN: &str = "POST https://auth.acme.dev/oauth/token";
const VIEW: &str = "GET https://auth.acme.dev/agent/identity/claim/view";

/// Acme Mail as a service that takes claims at its token endpoint.
fn acme() -> Fake {
    let mut fake = Fake::acme();
    let mut metadata = Fake::server_metadata();
    metadata["token_endpoint"] = json!("https://auth.acme.dev/oauth/token");
    metadata["grant_types_supported"] = json!(["urn:workos:agent-auth:grant-type:claim"]);
    metadata["agent_auth"]["identity_types_supported"] = json!(["service_auth"]);
    fake.json(SERVER, metadata);
    fake.json(REGISTER, json!({"claim_token": "clm_1", "claim": {"user_code": "WDJB-47KQ", "verification_uri": "https://acme.dev/claim", "expires_in": 600, "interval": 5}}));
    fake.json(
        CLAIM,
        json!({"user_code": "BCDF-GHJK", "verification_uri": "https://acme.dev/claim", "expires_in": 600}),
    );
    fake.json(TOKEN, json!({"access_token": "at_1", "expires_in": 3600, "identity_assertion": "jwt_1"}));
    fake
}

/// Until the address is typed; then the registration is made, and what follows needs nobody.
fn handed_over(fake: Fake) -> Play {
    let mut play = Play::acme(fake);
    play.begin().pick(0).confirm(true).text("ada@example.com");
    play
}

fn looks(play: &Play) -> usize {
    play.requests.iter().filter(|request| request.url.path() == "/oauth/token").count()
}

#[test]
fn the_code_is_shown_and_the_answer_brings_the_tokens() {
    let mut fake = acme();
    fake.on(
        TOKEN,
        [refusal(400, "authorization_pending"), answer(200, r#"{"access_token":"at_1","expires_in":3600}"#)],
    );
    let mut play = Play::acme(fake);
    play.begin().pick(0).confirm(true);
    // Step by step, to see the screen while nothing has come back.
    let effects = play.flow.step(Input::Answer(Answer::Text("ada@example.com".into())), play.now);
    let [Effect::Http(request)] = effects.as_slice() else { panic!("{effects:?}") };
    let registered = play.fake.answer_to(request);
    let effects = play.flow.step(Input::Http(registered), play.now);
    assert_eq!(effects, [Effect::Wait(std::time::Duration::from_secs(1))], "the first look is not at once");
    let screen = play.screen();
    assert_eq!((screen.id.name().as_str(), screen.user_code.as_deref()), ("handoff", Some("WDJB-47KQ")));
    assert_eq!(screen.link.map(String::from), Some("https://acme.dev/claim".into()));
    assert_eq!(screen.deadline, Some(noon() + SignedDuration::from_secs(600)));
    assert_eq!(screen.prompt, None, "nothing is typed here");
}

#[test]
fn it_is_looked_no_oftener_than_the_service_wants() {
    let pending = || refusal(400, "authorization_pending");
    let cases: [(Vec<_>, i64); 4] = [
        (vec![pending(), pending()], 15),
        // Five seconds more from then on (RFC 8628, section 3.5).
        (vec![pending(), refusal(400, "slow_down"), pending()], 5 + 5 + 10 + 10),
        // No answer: twice as long each time, until there is one.
        (vec![Err(HttpError::TimedOut(SignedDuration::ZERO)), answer(503, ""), pending()], 5 + 10 + 20 + 5),
        (
            vec![
                answer(428, "{}"),
                answer(200, r#"{"status":"pending"}"#),
                answer(400, r#"{"status":"authorization_pending"}"#),
            ],
            20,
        ),
    ];
    for (answers, seconds) in cases {
        let mut fake = acme();
        let all = answers.clone().into_iter().chain([answer(200, r#"{"access_token":"at_1"}"#)]);
        fake.on(TOKEN, all);
        let play = handed_over(fake);
        assert!(matches!(play.outcome(), Outcome::Connected(_)), "{answers:?}: {}", play.problem());
        assert_eq!(play.now.duration_since(noon()).as_secs(), seconds, "{answers:?}");
    }
}

#[test]
fn every_answer_to_a_look_leads_somewhere() {
    let cases = [
        (400, "expired_token", "confirm", "The code has expired"),
        (400, "access_denied", "failed", "turned down on Acme Mail's page"),
        (403, "claim_denied", "failed", "turned down on Acme Mail's page"),
        (410, "claim_expired", "confirm", "registration at Acme Mail is over"),
        (401, "invalid_claim_token", "confirm", "registration at Acme Mail is over"),
        (409, "already_claimed", "failed", "has an account there already"),
    ];
    for (status, code, screen, words) in cases {
        let mut fake = acme();
        fake.on(TOKEN, [refusal(400, "authorization_pending"), refusal(status, code)]);
        let play = handed_over(fake);
        assert_eq!(play.id(), screen, "{code}");
        assert!(play.problem().contains(words) && play.problem().contains(code), "{code}: {}", play.problem());
        assert!(play.saved.is_empty());
    }
}

#[test]
fn a_code_that_has_run_out_is_not_looked_for_and_another_is_had() {
    let mut fake = acme();
    fake.on(TOKEN, [refusal(400, "authorization_pending")]);
    let mut play = handed_over(fake);
    assert_eq!((play.id(), looks(&play)), ("confirm".into(), 119), "looked every five seconds of ten minutes");
    play.fake.json(TOKEN, json!({"access_token": "at_1"}));
    play.confirm(true);
    assert_eq!(play.bodies().iter().rfind(|body| body.len() == 1), Some(&vec!["claim_token=clm_1".to_owned()]));
    assert!(matches!(play.outcome(), Outcome::Connected(_)));
}

#[test]
fn a_new_code_can_be_had_while_it_is_waited() {
    let mut play = Play::acme(acme());
    play.begin().pick(0).confirm(true);
    let effects = play.flow.step(Input::Answer(Answer::Text("ada@example.com".into())), play.now);
    let [Effect::Http(request)] = effects.as_slice() else { panic!("{effects:?}") };
    let registered = play.fake.answer_to(request);
    play.flow.step(Input::Http(registered), play.now);
    assert_eq!(play.flow.step(Input::Answer(Answer::NewCode), play.now), [], "the timer runs");
    let effects = play.flow.step(Input::Elapsed, play.now);
    let [Effect::Http(request)] = effects.as_slice() else { panic!("{effects:?}") };
    let claimed = play.fake.answer_to(request);
    play.flow.step(Input::Http(claimed), play.now);
    assert_eq!(play.screen().user_code.as_deref(), Some("BCDF-GHJK"));
}

#[test]
fn where_the_token_endpoint_knows_no_claims_they_are_looked_for_beside_the_claim() {
    let mut fake = acme();
    fake.on(TOKEN, [refusal(400, "unsupported_grant_type"), answer(200, r#"{"access_token":"at_1"}"#)]);
    fake.on(
        VIEW,
        [answer(200, r#"{"status":"pending"}"#), answer(200, r#"{"status":"claimed","identity_assertion":"jwt_1"}"#)],
    );
    let play = handed_over(fake);
    assert!(matches!(play.outcome(), Outcome::Connected(_)), "{}", play.problem());
    let view = play.requests.iter().find(|request| request.url.path().ends_with("/view")).expect("looked there");
    assert_eq!((view.method, view.url.query()), (Method::Get, None), "the claim token is no part of what is logged");
    assert_eq!(view.target().query(), Some("claim_token=clm_1"));
}

#[test]
fn where_nobody_can_be_asked_the_person_says_when() {
    let mut fake = acme();
    fake.on(TOKEN, [refusal(400, "unsupported_grant_type")]);
    fake.on(VIEW, [answer(404, "")]);
    let mut play = handed_over(fake);
    assert_eq!((play.id(), play.screen().user_code.as_deref()), ("handoff".into(), Some("WDJB-47KQ")));
    let posts = play.posts().len();
    play.fake.json(REGISTER, json!({"status": "claimed", "credential": "sk_1", "claim_token": "clm_1"}));
    play.pick(0);
    assert_eq!(
        (play.posts().len(), play.saved.len()),
        (posts + 2, 1),
        "it is looked a last time, then the registration is repeated once, and asked for"
    );
}

#[test]
fn the_tokens_have_clocks_of_their_own() {
    let mut fake = acme();
    fake.json(TOKEN, json!({"access_token": "at_1", "expires_in": 3600, "identity_assertion": "jwt_1", "assertion_expires": "2026-12-22T12:00:00Z"}));
    let play = handed_over(fake);
    let kept = play.saved.last().expect("kept");
    let layers: Vec<_> = kept.account.layers.iter().map(|layer| (layer.kind, layer.expires_at)).collect();
    let looked = noon() + SignedDuration::from_secs(5);
    assert_eq!(
        layers,
        [
            (LayerKind::AccessToken, Some(looked + hours(1))),
            (LayerKind::IdentityAssertion, "2026-12-22T12:00:00Z".parse().ok())
        ]
    );
    assert_eq!(kept.secret_of(LayerKind::IdentityAssertion).map(|secret| secret.expose()), Some("jwt_1"));
    assert!(kept.account.renews_itself() && kept.account.claimed);
}
