//! Lumen: the page shows a code once the human has signed in there, and the program reads it back.

use std::time::Duration;

use authmd_tui::sandbox::fault::Step;
use authmd_tui::sandbox::{LUMEN, Options};
use serde_json::{Value, json};

use super::client::{Client, code, text};

const ADA: &str = "ada@example.com";

fn lumen() -> Client {
    Client::new(LUMEN, Options::default())
}

fn by_mail(lumen: &Client) -> Value {
    let (status, answer) = lumen.call(Step::Register, json!({"type": "service_auth", "login_hint": ADA}));
    assert_eq!(status, 200, "{answer}");
    answer
}

fn anonymous(lumen: &Client) -> Value {
    lumen.call(Step::Register, json!({"type": "anonymous"})).1
}

fn claim(lumen: &Client, claim_token: &str) -> (u16, Value) {
    lumen.call(Step::Claim, json!({"type": "service_auth", "claim_token": claim_token, "login_hint": ADA}))
}

fn complete(lumen: &Client, claim_token: &str, user_code: &str) -> (u16, Value) {
    lumen.call(Step::Complete, json!({"claim_token": claim_token, "user_code": user_code}))
}

/// The human signs in, and reads the code off the page.
fn code_on(lumen: &Client, page: &str) -> String {
    let (status, shown) = lumen.human(page, &[("decision", "allow")]);
    let listed = lumen.list("pages").into_iter().find(|listed| listed["url"] == page).expect("listed");
    let read = text(&listed, "code");
    assert!(status == 200 && shown.contains(&read) && listed["state"] == "allowed", "{shown}");
    read
}

/// A whole sign-up: the identity that came of it.
fn identity(lumen: &Client) -> Value {
    let registered = by_mail(lumen);
    let read = code_on(lumen, &text(&registered, "claim.attempt.verification_uri"));
    let (status, completed) = complete(lumen, &text(&registered, "claim.token"), &read);
    assert_eq!((status, &completed["status"]), (200, &json!("claimed")), "{completed}");
    completed["identity"].clone()
}

#[test]
fn a_sign_up_with_an_address_brings_an_identity_once() {
    let lumen = lumen();
    let registered = by_mail(&lumen);
    assert!(registered.get("identity").is_none() && registered["id"].is_string(), "{registered}");
    let (claim_token, page) = (text(&registered, "claim.token"), text(&registered, "claim.attempt.verification_uri"));
    let (_, shown) = lumen.look(&page);
    assert!(
        shown.contains("Sign in") && shown.contains("Deny") && shown.contains(ADA) && !shown.contains("class=code")
    );
    assert_eq!(code(&complete(&lumen, &claim_token, "BCDF-GHJK")), (409, "claim_not_confirmed"));
    let read = code_on(&lumen, &page);
    let (_, completed) = complete(&lumen, &claim_token, &read);
    let resource = lumen.sandbox.target(LUMEN);
    let (status, exchanged) = lumen.exchange(&text(&completed, "identity.assertion"), &resource);
    assert_eq!((status, &exchanged["scope"]), (200, &json!("docs.read docs.write")));
    assert!(exchanged.get("refresh_token").is_none(), "{exchanged}");
    assert_eq!(lumen.api(&text(&exchanged, "access_token")), 200);
    assert_eq!(code(&complete(&lumen, &claim_token, &read)), (409, "already_claimed"));
    assert_eq!(code(&claim(&lumen, &claim_token)), (409, "already_claimed"));
    assert!(lumen.look(&page).1.contains("Done"));
}

#[test]
fn an_anonymous_sign_up_is_claimed_later_and_loses_what_it_had() {
    let lumen = lumen();
    let registered = anonymous(&lumen);
    assert_eq!(registered["scopes"], json!({"post_claim": ["docs.read", "docs.write"], "pre_claim": ["docs.read"]}));
    assert_eq!(registered["claim"]["url"], "/lumen/agent/identity/claim");
    let (early, claim_token) = (text(&registered, "identity.assertion"), text(&registered, "claim.token"));
    let resource = lumen.sandbox.target(LUMEN);
    let access = text(&lumen.exchange(&early, &resource).1, "access_token");
    assert_eq!(code(&complete(&lumen, &claim_token, "BCDF-GHJK")), (410, "claim_expired"), "nobody was asked");
    let (status, claimed) = claim(&lumen, &claim_token);
    assert_eq!((status, &claimed["id"]), (200, &registered["id"]), "{claimed}");
    let read = code_on(&lumen, &text(&claimed, "attempt.verification_uri"));
    assert_eq!(complete(&lumen, &claim_token, &read).0, 200);
    assert_eq!((lumen.api(&access), lumen.exchange(&early, &resource).0), (401, 400));
}

#[test]
fn the_identity_is_renewed_by_a_token_that_works_once() {
    let lumen = lumen();
    let first = identity(&lumen);
    let refresh = |sent: &str| lumen.call(Step::Register, json!({"type": "refresh", "refresh_token": sent}));
    let spent = text(&first, "refresh_token.value");
    let (status, second) = refresh(&spent);
    assert_eq!(status, 200, "{second}");
    let next = text(&second, "identity.refresh_token.value");
    assert_ne!(next, spent);
    let resource = lumen.sandbox.target(LUMEN);
    let access = text(&lumen.exchange(&text(&second, "identity.assertion"), &resource).1, "access_token");
    // Sent a second time, it ends the family.
    assert_eq!(code(&refresh(&spent)), (400, "invalid_refresh_token"));
    assert_eq!(code(&refresh(&next)), (400, "invalid_refresh_token"));
    assert_eq!(code(&lumen.exchange(&text(&second, "identity.assertion"), &resource)), (400, "invalid_grant"));
    assert_eq!(lumen.api(&access), 401);
    assert_eq!(code(&refresh("nobody's")), (400, "invalid_refresh_token"));
}

#[test]
fn a_denial_and_wrong_codes_are_told_apart() {
    let lumen = lumen();
    let registered = by_mail(&lumen);
    let (claim_token, page) = (text(&registered, "claim.token"), text(&registered, "claim.attempt.verification_uri"));
    assert!(lumen.human(&page, &[("decision", "deny")]).1.contains("Denied"));
    assert_eq!(code(&complete(&lumen, &claim_token, "BCDF-GHJK")), (403, "claim_denied"));

    let again = claim(&lumen, &claim_token).1;
    code_on(&lumen, &text(&again, "attempt.verification_uri"));
    for _ in 0..5 {
        assert_eq!(code(&complete(&lumen, &claim_token, "AAAA-AAAA")), (401, "invalid_user_code"));
    }
    assert_eq!(code(&complete(&lumen, &claim_token, "AAAA-AAAA")), (429, "too_many_attempts"));
}

#[test]
fn every_call_refuses_what_the_tables_say() {
    let lumen = lumen();
    let register = |body: Value| lumen.call(Step::Register, body);
    let refused = register(json!({"type": "service_auth", "login_hint": "ada"}));
    assert_eq!((refused.0, &refused.1["code"]), (400, &json!("invalid_login_hint")), "code, not error: {}", refused.1);
    assert_eq!(code(&register(json!({"type": "identity_assertion"}))).1, "issuer_not_enabled");
    assert_eq!(code(&register(json!({"type": "x"}))), (400, "invalid_request"));

    let claim_token = text(&anonymous(&lumen), "claim.token");
    for body in [
        json!({"claim_token": claim_token, "email": ADA}),
        json!({"claim_token": claim_token, "login_hint": ADA}),
        json!({"type": "service_auth", "claim_token": claim_token, "login_hint": "ada"}),
    ] {
        assert_eq!(code(&lumen.call(Step::Claim, body.clone())), (400, "invalid_request"), "{body}");
    }
    assert_eq!(code(&claim(&lumen, "nobody's")), (401, "invalid_claim_token"));

    assert_eq!(code(&complete(&lumen, "nobody's", "BCDF-GHJK")), (400, "invalid_claim"));
    let registered = by_mail(&lumen);
    let read = code_on(&lumen, &text(&registered, "claim.attempt.verification_uri"));
    let claim_token = text(&registered, "claim.token");
    for form in [read.to_lowercase(), read.replace('-', ""), String::new()] {
        assert_eq!(code(&complete(&lumen, &claim_token, &form)), (400, "invalid_request"), "{form}");
    }
    let otp = lumen.call(Step::Complete, json!({"claim_token": claim_token, "otp": read}));
    assert_eq!(code(&otp), (400, "invalid_request"));
    assert_eq!(complete(&lumen, &claim_token, &read).0, 200);

    assert_eq!(code(&lumen.claim_grant(&claim_token)), (400, "unsupported_grant_type"));
    assert_eq!(code(&lumen.exchange("nobody's", "x")), (400, "invalid_grant"));
    let assertion = text(&identity(&lumen), "assertion");
    assert_eq!(code(&lumen.exchange(&assertion, "https://elsewhere.example/")), (400, "invalid_target"));
}

#[test]
fn what_has_a_life_ends() {
    let codes = Client::new(LUMEN, Options { code_lifetime: Duration::ZERO, ..Options::default() });
    let claim_token = text(&by_mail(&codes), "claim.token");
    assert_eq!(code(&complete(&codes, &claim_token, "BCDF-GHJK")), (410, "user_code_expired"));

    let claims = Client::new(LUMEN, Options { claim_lifetime: Duration::ZERO, ..Options::default() });
    let claim_token = text(&anonymous(&claims), "claim.token");
    assert_eq!(code(&claim(&claims, &claim_token)), (410, "claim_expired"));
    assert_eq!(code(&complete(&claims, &claim_token, "BCDF-GHJK")), (410, "claim_expired"));

    let refreshes = Client::new(LUMEN, Options { identity_refresh_lifetime: Duration::ZERO, ..Options::default() });
    let sent = text(&identity(&refreshes), "refresh_token.value");
    let refused = refreshes.call(Step::Register, json!({"type": "refresh", "refresh_token": sent}));
    assert_eq!(code(&refused), (400, "invalid_refresh_token"));
}

#[test]
fn revocation_ends_access_tokens_and_leaves_the_identity() {
    let lumen = lumen();
    let (assertion, resource) = (text(&identity(&lumen), "assertion"), lumen.sandbox.target(LUMEN));
    let access = text(&lumen.exchange(&assertion, &resource).1, "access_token");
    assert_eq!(lumen.form(Step::Revoke, &[("token", &access)]).0, 200);
    assert_eq!((lumen.api(&access), lumen.exchange(&assertion, &resource).0), (401, 200));
}
