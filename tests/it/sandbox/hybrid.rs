//! Quarry: the code is mailed and read back, and one call at the token endpoint brings the token.

use std::time::Duration;

use authmd_tui::sandbox::fault::Step;
use authmd_tui::sandbox::{Options, QUARRY};
use serde_json::{Value, json};

use super::client::{Client, code, text};

const ADA: &str = "ada@example.com";

fn quarry() -> Client {
    Client::new(QUARRY, Options::default())
}

fn by_mail(quarry: &Client) -> Value {
    quarry.call(Step::Register, json!({"type": "service_auth", "login_hint": ADA})).1
}

/// Sends the code to where the registration says.
fn complete(quarry: &Client, registered: &Value, sent: &str) -> (u16, Value) {
    let path = text(registered, "claim.complete_url").replace(quarry.sandbox.url().as_str(), "/");
    let body = json!({"claim_token": registered["claim_token"], "code": sent});
    quarry.json("POST", &path, "application/json", &body.to_string())
}

fn newest(quarry: &Client) -> String {
    text(quarry.list("mails").last().expect("a mail"), "code")
}

#[test]
fn a_sign_up_brings_one_token_once() {
    let quarry = quarry();
    let registered = by_mail(&quarry);
    assert!(!registered.to_string().contains("user_code") && registered.get("identity_assertion").is_none());
    let claim_token = text(&registered, "claim_token");
    assert_eq!(code(&quarry.claim_grant(&claim_token)), (400, "authorization_pending"));
    let answer = complete(&quarry, &registered, &newest(&quarry));
    assert_eq!(answer, (200, json!({"status": "claimed"})));
    let (status, given) = quarry.claim_grant(&claim_token);
    assert_eq!(
        (status, &given["scope"], quarry.api(&text(&given, "access_token"))),
        (200, &json!("samples.read"), 200)
    );
    assert!(given.get("refresh_token").is_none() && given.get("identity_assertion").is_none(), "{given}");
    assert_eq!(code(&quarry.claim_grant(&claim_token)), (400, "invalid_grant"), "single use");
    assert_eq!(quarry.form(Step::Revoke, &[("token", &text(&given, "access_token"))]).0, 200);
    assert_eq!(quarry.api(&text(&given, "access_token")), 401);
}

#[test]
fn an_anonymous_sign_up_is_mailed_by_the_claim() {
    let quarry = quarry();
    let registered = quarry.call(Step::Register, json!({"type": "anonymous"})).1;
    assert_eq!(code(&complete(&quarry, &registered, "1")), (400, "otp_not_generated"));
    let claim = json!({"claim_token": registered["claim_token"], "email": ADA});
    assert_eq!(quarry.call(Step::Claim, claim).1["status"], "pending");
    assert_eq!(complete(&quarry, &registered, &newest(&quarry)).0, 200);
    assert_eq!(quarry.claim_grant(&text(&registered, "claim_token")).0, 200);
}

#[test]
fn every_call_refuses_what_the_tables_say() {
    let quarry = quarry();
    let registered = by_mail(&quarry);
    let claim_token = text(&registered, "claim_token");
    let otp = json!({"claim_token": claim_token, "otp": newest(&quarry)});
    assert_eq!(code(&quarry.call(Step::Complete, otp)), (400, "invalid_request"), "it is called code here");
    assert_eq!(code(&complete(&quarry, &registered, "wrong")), (401, "otp_invalid"));
    (0..4).for_each(|_| assert_eq!(complete(&quarry, &registered, "wrong").0, 401));
    assert_eq!(code(&complete(&quarry, &registered, "wrong")), (429, "too_many_attempts"));
    let nobodys = json!({"claim_token": "nobody's", "code": "1"});
    assert_eq!(code(&quarry.call(Step::Complete, nobodys)), (401, "invalid_claim_token"));
    assert_eq!(code(&quarry.claim_grant("nobody's")), (400, "expired_token"));
    assert_eq!(code(&quarry.exchange("x", "y")), (400, "unsupported_grant_type"));
    assert_eq!(code(&quarry.call(Step::Register, json!({"type": "service_auth"}))), (400, "invalid_login_hint"));

    let registered = by_mail(&quarry);
    complete(&quarry, &registered, &newest(&quarry));
    assert_eq!(code(&complete(&quarry, &registered, "1")), (409, "previously_claimed"));
    let claim = json!({"claim_token": registered["claim_token"], "email": ADA});
    assert_eq!(code(&quarry.call(Step::Claim, claim)), (409, "previously_claimed"));
}

#[test]
fn what_has_a_life_ends() {
    let codes = Client::new(QUARRY, Options { code_lifetime: Duration::ZERO, ..Options::default() });
    assert_eq!(code(&complete(&codes, &by_mail(&codes), &newest(&codes))), (410, "otp_expired"));
    let claims = Client::new(QUARRY, Options { claim_lifetime: Duration::ZERO, ..Options::default() });
    let registered = by_mail(&claims);
    assert_eq!(code(&complete(&claims, &registered, &newest(&claims))), (410, "claim_expired"));
    assert_eq!(code(&claims.claim_grant(&text(&registered, "claim_token"))), (400, "expired_token"));
}
