//! Tollgate: work, terms and one scope before anything else, a `client_id` with every token.

use std::time::Duration;

use authmd_tui::sandbox::fault::Step;
use authmd_tui::sandbox::{ACME, Options, TOLLGATE};
use serde_json::{Value, json};
use sha2::{Digest, Sha256};

use super::client::{Client, code, text};

fn tollgate() -> Client {
    Client::new(TOLLGATE, Options { poll_interval: Duration::ZERO, ..Options::default() })
}

/// The proof for a challenge, found as any client would.
fn proof(asked: &Value) -> Value {
    assert_eq!((&asked["algorithm"], &asked["difficulty"]), (&json!("sha256-zero-bits"), &json!(12)), "{asked}");
    let challenge = text(asked, "challenge");
    let nonce = |nth: u64| {
        let begins_with_12_zero_bits = |nonce: &u64| {
            let hash = Sha256::digest(format!("{challenge}.{nth}.{nonce}"));
            hash[0] == 0 && hash[1] < 16
        };
        (0..).find(begins_with_12_zero_bits).map(|nonce| nonce.to_string())
    };
    let count = asked["count"].as_u64().expect("a count");
    json!({"challenge": challenge, "nonces": (0..count).map(nonce).collect::<Vec<_>>()})
}

fn register(tollgate: &Client, more: Value) -> (u16, Value) {
    let mut body = json!({"type": "anonymous"});
    more.as_object().into_iter().flatten().for_each(|(name, value)| body[name] = value.clone());
    tollgate.call(Step::Register, body)
}

/// A body that is let through.
fn paid(tollgate: &Client) -> Value {
    let asked = register(tollgate, json!({})).1;
    json!({"proof_of_work": proof(&asked), "tos_accepted": true, "tos_version": "2026-03", "scope": "passes.read"})
}

fn token(tollgate: &Client, fields: &[(&str, &str)]) -> (u16, Value) {
    let id = text(&tollgate.published(Step::Server), "agent_auth.client_id");
    tollgate.form(Step::Token, &[fields, &[("client_id", &id)]].concat())
}

/// A whole sign-up: the tokens that came of it.
fn tokens(tollgate: &Client) -> Value {
    let registered = register(tollgate, paid(tollgate)).1;
    let claim_token = text(&registered, "claim_token");
    let claimed = tollgate.call(Step::Claim, json!({"claim_token": claim_token, "email": "ada@example.com"})).1;
    let (page, typed) = (text(&claimed, "claim_attempt.verification_uri"), text(&claimed, "claim_attempt.user_code"));
    assert!(tollgate.look(&page).1.contains("passes.read") && !tollgate.look(&page).1.contains("passes.write"));
    assert_eq!(tollgate.human(&page, &[("code", &typed), ("decision", "allow")]).0, 200);
    let grant = ("grant_type", "urn:workos:agent-auth:grant-type:claim");
    let (status, given) = token(tollgate, &[grant, ("claim_token", &claim_token)]);
    assert_eq!((status, &given["scope"]), (200, &json!("passes.read")), "{given}");
    given
}

#[test]
fn every_demand_is_met_in_its_turn() {
    let tollgate = tollgate();
    let asked = register(&tollgate, json!({}));
    assert_eq!(code(&asked), (400, "proof_of_work_required"));
    assert!(text(&asked.1, "challenge_endpoint").ends_with(&TOLLGATE.path(Step::Challenge)));
    let mut body = json!({"proof_of_work": proof(&asked.1)});
    let terms = register(&tollgate, body.clone());
    assert_eq!(code(&terms), (400, "tos_required"));
    assert!(tollgate.look(&text(&terms.1, "tos_url")).1.contains(&text(&terms.1, "tos_version")));
    body["tos_version"] = terms.1["tos_version"].clone();
    assert_eq!(code(&register(&tollgate, body.clone())), (400, "tos_required"), "not accepted yet");
    body["tos_accepted"] = json!(true);
    for scope in [json!(null), json!("passes.read passes.write"), json!("all")] {
        body["scope"] = scope;
        let refused = register(&tollgate, body.clone());
        assert_eq!((code(&refused), &refused.1["message"]), ((400, "invalid_scope"), &json!("one scope is required")));
    }
    body["scope"] = json!("passes.write");
    let (status, registered) = register(&tollgate, body.clone());
    assert_eq!((status, &registered["post_claim_scopes"]), (200, &json!(["passes.write"])), "{registered}");
    let again = register(&tollgate, body);
    assert_eq!(code(&again), (400, "invalid_challenge"), "it was spent");
    assert!(again.1["challenge"].is_string() && again.1["challenge"] != asked.1["challenge"], "a fresh one");
}

#[test]
fn a_challenge_can_be_fetched_and_a_wrong_proof_is_none() {
    let tollgate = tollgate();
    let (status, asked) = tollgate.call(Step::Challenge, json!({}));
    assert_eq!(status, 200);
    let published = &tollgate.published(Step::Server)["agent_auth"]["anonymous"]["proof_of_work"];
    assert_eq!(published["algorithms_supported"], json!([asked["algorithm"]]));
    let mut wrong = proof(&asked);
    wrong["nonces"][0] = json!("x");
    assert_eq!(code(&register(&tollgate, json!({"proof_of_work": wrong}))), (400, "invalid_challenge"));
    assert_eq!(code(&register(&tollgate, json!({"proof_of_work": proof(&asked)}))), (400, "tos_required"));
    assert_eq!(
        code(&tollgate.call(Step::Register, json!({"type": "service_auth", "login_hint": "a@b.c"}))).1,
        "service_auth_not_enabled"
    );

    let late = Client::new(TOLLGATE, Options { code_lifetime: Duration::ZERO, ..Options::default() });
    let proof = proof(&late.call(Step::Challenge, json!({})).1);
    assert_eq!(code(&register(&late, json!({"proof_of_work": proof}))), (400, "invalid_challenge"));
}

#[test]
fn tokens_want_the_client_id_and_come_with_a_refresh_token() {
    let tollgate = tollgate();
    let given = tokens(&tollgate);
    assert_eq!(tollgate.api(&text(&given, "access_token")), 200);
    let assertion = text(&given, "identity_assertion");
    assert_eq!(code(&tollgate.exchange(&assertion, &tollgate.sandbox.target(TOLLGATE))), (401, "invalid_client"));
    let spent = text(&given, "refresh_token");
    let refresh = |sent: &str| token(&tollgate, &[("grant_type", "refresh_token"), ("refresh_token", sent)]);
    let (status, next) = refresh(&spent);
    assert_eq!((status, &next["scope"]), (200, &json!("passes.read")), "{next}");
    assert_eq!(code(&refresh(&spent)), (400, "invalid_grant"));
    assert_eq!(tollgate.api(&text(&next, "access_token")), 401, "the family has ended");
    let grant = ("grant_type", "urn:ietf:params:oauth:grant-type:jwt-bearer");
    let (status, exchanged) = token(&tollgate, &[grant, ("assertion", &assertion)]);
    assert!(status == 200 && exchanged["refresh_token"].is_string(), "{exchanged}");
    assert_eq!(tollgate.form(Step::Revoke, &[("token", &text(&exchanged, "refresh_token"))]).0, 200);
    assert_eq!(tollgate.api(&text(&exchanged, "access_token")), 401);
}

#[test]
fn a_demand_as_a_fault_can_be_met_at_any_service() {
    let acme = Client::with_fault(ACME, "register=proof_of_work_required:1");
    let asked = acme.call(Step::Register, json!({"type": "anonymous"}));
    assert_eq!(code(&asked), (400, "proof_of_work_required"));
    assert_eq!(acme.call(Step::Register, json!({"type": "anonymous", "proof_of_work": proof(&asked.1)})).0, 200);
}
