//! Harbor: the program shows a code, the human types it on the service's page, the program asks until then.

use std::time::Duration;

use authmd_tui::sandbox::fault::Step;
use authmd_tui::sandbox::{HARBOR, Options};
use serde_json::{Value, json};

use super::client::{Client, code, text};

const ADA: &str = "ada@example.com";

fn harbor() -> Client {
    Client::new(HARBOR, Options { poll_interval: Duration::ZERO, ..Options::default() })
}

fn anonymous(harbor: &Client) -> Value {
    let (status, answer) = harbor.call(Step::Register, json!({"type": "anonymous"}));
    assert_eq!(status, 200, "{answer}");
    answer
}

fn by_mail(harbor: &Client) -> Value {
    let (status, answer) = harbor.call(Step::Register, json!({"type": "service_auth", "login_hint": ADA}));
    assert_eq!(status, 200, "{answer}");
    answer
}

fn allow(harbor: &Client, block: &Value) {
    let fields = [("code", &*text(block, "user_code")), ("decision", "allow")];
    let (status, page) = harbor.human(&text(block, "verification_uri"), &fields);
    assert!(status == 200 && page.contains("Done"), "{page}");
}

#[test]
fn what_it_publishes_says_how() {
    let server = harbor().published(Step::Server);
    let grants = json!(["urn:ietf:params:oauth:grant-type:jwt-bearer", "urn:workos:agent-auth:grant-type:claim"]);
    assert_eq!(server["grant_types_supported"], grants);
    assert_eq!(server["agent_auth"]["identity_types_supported"], json!(["anonymous", "service_auth"]));
    for place in ["token_endpoint", "revocation_endpoint"] {
        assert!(server[place].is_string(), "{place}");
    }
    for place in ["identity_endpoint", "claim_endpoint", "skill"] {
        assert!(server["agent_auth"][place].is_string(), "{place}");
    }
}

#[test]
fn a_sign_up_with_an_address_is_one_ceremony() {
    let harbor = harbor();
    let registered = by_mail(&harbor);
    assert!(registered.get("identity_assertion").is_none(), "{registered}");
    let claim_token = text(&registered, "claim_token");
    assert_eq!(code(&harbor.claim_grant(&claim_token)), (400, "authorization_pending"));
    allow(&harbor, &registered["claim"]);
    let (status, given) = harbor.claim_grant(&claim_token);
    assert_eq!(
        (status, &given["token_type"], &given["scope"]),
        (200, &json!("Bearer"), &json!("builds.read builds.run"))
    );
    assert!(given["expires_in"].is_u64() && given["assertion_expires"].is_string(), "{given}");
    assert_eq!(harbor.api(&text(&given, "access_token")), 200);
    let (status, exchanged) = harbor.exchange(&text(&given, "identity_assertion"), &harbor.sandbox.target(HARBOR));
    assert_eq!((status, harbor.api(&text(&exchanged, "access_token"))), (200, 200));
    assert!(exchanged.get("identity_assertion").is_none(), "{exchanged}");
    // Claimed, it goes on giving tokens, but cannot be claimed again.
    assert_eq!(harbor.claim_grant(&claim_token).0, 200);
    assert_eq!(
        code(&harbor.call(Step::Claim, json!({"claim_token": claim_token, "email": ADA}))),
        (409, "claimed_or_in_flight")
    );
}

#[test]
fn a_claim_ends_what_was_handed_out_before_it() {
    let harbor = harbor();
    let registered = anonymous(&harbor);
    assert_eq!(registered["pre_claim_scopes"], json!(["builds.read"]));
    let (early, resource) = (text(&registered, "identity_assertion"), harbor.sandbox.target(HARBOR));
    let access = text(&harbor.exchange(&early, &resource).1, "access_token");
    assert_eq!(harbor.api(&access), 200);
    let claim_token = text(&registered, "claim_token");
    assert_eq!(code(&harbor.claim_grant(&claim_token)), (400, "authorization_pending"), "before anybody was asked");
    let (status, claimed) = harbor.call(Step::Claim, json!({"claim_token": claim_token, "email": ADA}));
    assert_eq!((status, &claimed["status"]), (200, &json!("initiated")), "{claimed}");
    allow(&harbor, &claimed["claim_attempt"]);
    assert_eq!(code(&harbor.exchange(&early, &resource)), (400, "invalid_grant"));
    assert_eq!(harbor.api(&access), 401);
    assert_eq!(harbor.claim_grant(&claim_token).1["scope"], "builds.read builds.run");
}

#[test]
fn the_page_asks_for_the_code_and_tells_a_wrong_one() {
    let harbor = harbor();
    let block = by_mail(&harbor)["claim"].clone();
    let (page, right) = (text(&block, "verification_uri"), text(&block, "user_code"));
    let (status, shown) = harbor.look(&page);
    assert!(status == 200 && shown.contains(ADA) && shown.contains("builds.run") && !shown.contains(&right), "{shown}");
    assert!(!shown.contains("<script"), "it works without");
    assert!(harbor.look(&text(&block, "verification_uri_complete")).1.contains(&format!("value=\"{right}\"")));
    let listed = harbor.list("pages");
    assert_eq!(
        (&listed[0]["state"], &listed[0]["code"], &listed[0]["url"]),
        (&json!("waiting"), &json!(null), &json!(page))
    );
    let (status, told) = harbor.human(&page, &[("code", "<wrong>"), ("decision", "allow")]);
    assert!(status == 400 && told.contains("not the code") && !told.contains("<wrong>"), "{told}");
    assert_eq!(harbor.human(&page, &[("code", &right)]).0, 400, "no button");
    assert!(harbor.look("/").1.contains(&page), "the index leads there");
    let spaced = format!(" {}-{} ", &right[..3], &right[3..]);
    assert_eq!(harbor.human(&page, &[("code", &spaced), ("decision", "allow")]).0, 200);
    assert_eq!(harbor.list("pages")[0]["state"], "claimed");
    assert!(harbor.human(&page, &[("decision", "deny")]).1.contains("Done"), "what is decided is decided");
    assert_eq!(harbor.look("/harbor/claim?attempt=nobody").0, 404);
}

#[test]
fn a_human_who_denies_ends_it_until_the_program_asks_again() {
    let harbor = harbor();
    let registered = by_mail(&harbor);
    let (claim_token, page) = (text(&registered, "claim_token"), text(&registered, "claim.verification_uri"));
    assert!(harbor.human(&page, &[("decision", "deny")]).1.contains("Denied"));
    assert_eq!(code(&harbor.claim_grant(&claim_token)), (400, "access_denied"));
    // Known by the address of the registration.
    let (status, again) = harbor.call(Step::Claim, json!({"claim_token": claim_token}));
    assert_eq!(status, 200, "{again}");
    assert_eq!(code(&harbor.claim_grant(&claim_token)), (400, "authorization_pending"));
    allow(&harbor, &again["claim_attempt"]);
    assert_eq!(harbor.claim_grant(&claim_token).0, 200);
}

#[test]
fn a_newer_question_replaces_the_older_and_wrong_codes_end_one() {
    let harbor = harbor();
    let registered = by_mail(&harbor);
    let claim_token = text(&registered, "claim_token");
    let again = harbor.call(Step::Claim, json!({"claim_token": claim_token, "email": ADA})).1;
    assert_eq!(harbor.look(&text(&registered, "claim.verification_uri")).0, 410);
    let page = text(&again, "claim_attempt.verification_uri");
    (0..5).for_each(|_| assert_eq!(harbor.human(&page, &[("code", "no"), ("decision", "allow")]).0 / 100, 4));
    assert_eq!(harbor.look(&page).0, 410);
    assert_eq!(code(&harbor.claim_grant(&claim_token)), (400, "expired_token"));
}

#[test]
fn who_asks_too_often_is_told_to_slow_down() {
    let harbor = Client::new(HARBOR, Options::default());
    let registered = by_mail(&harbor);
    assert_eq!(registered["claim"]["interval"], 5);
    let claim_token = text(&registered, "claim_token");
    assert_eq!(code(&harbor.claim_grant(&claim_token)), (400, "authorization_pending"));
    let told = harbor.claim_grant(&claim_token);
    assert_eq!(code(&told), (400, "slow_down"));
    assert!(told.1["error_description"].is_string(), "as OAuth spells it: {}", told.1);
}

#[test]
fn every_call_refuses_what_the_tables_say() {
    let harbor = harbor();
    let register = |body: Value| code(&harbor.call(Step::Register, body)).1.to_owned();
    assert_eq!(register(json!({"type": "service_auth"})), "invalid_login_hint");
    assert_eq!(register(json!({"type": "service_auth", "login_hint": "ada"})), "invalid_login_hint");
    assert_eq!(register(json!({"type": "identity_assertion", "assertion": "x"})), "issuer_not_enabled");
    assert_eq!(register(json!({})), "invalid_request");
    let broken = harbor.json("POST", &HARBOR.path(Step::Register), "application/json", "{");
    assert_eq!(code(&broken), (500, "internal_error"));

    let claim = |body: Value| harbor.call(Step::Claim, body);
    assert_eq!(code(&claim(json!({"claim_token": "nobody's", "email": ADA}))), (401, "invalid_claim_token"));
    let nobody = text(&anonymous(&harbor), "claim_token");
    assert_eq!(code(&claim(json!({"claim_token": nobody}))), (400, "invalid_request"));
    assert_eq!(code(&claim(json!({"claim_token": nobody, "login_hint": ADA}))), (400, "invalid_request"));
    assert_eq!(code(&claim(json!({"claim_token": nobody, "email": "ada"}))), (400, "invalid_login_hint"));
    let ada = text(&by_mail(&harbor), "claim_token");
    assert_eq!(code(&claim(json!({"claim_token": ada, "login_hint": ADA}))), (400, "invalid_request"));
    assert_eq!(code(&claim(json!({"claim_token": ada, "email": "bob@example.com"}))), (400, "email_mismatch"));

    let resource = harbor.sandbox.target(HARBOR);
    let assertion = text(&anonymous(&harbor), "identity_assertion");
    assert_eq!(code(&harbor.claim_grant("nobody's")), (400, "expired_token"));
    assert_eq!(code(&harbor.exchange("nobody's", &resource)), (400, "invalid_grant"));
    assert_eq!(code(&harbor.exchange(&assertion, "https://elsewhere.example/")), (400, "invalid_target"));
    assert_eq!(code(&harbor.form(Step::Token, &[("grant_type", "password")])), (400, "unsupported_grant_type"));
    assert_eq!(code(&harbor.form(Step::Token, &[])), (400, "invalid_request"));
    assert_eq!(harbor.call(Step::Complete, json!({})).0, 404, "there is no such call");
}

#[test]
fn what_has_a_life_ends() {
    let at = |options: Options| Client::new(HARBOR, Options { poll_interval: Duration::ZERO, ..options });
    let codes = at(Options { code_lifetime: Duration::ZERO, ..Options::default() });
    let registered = by_mail(&codes);
    assert_eq!(code(&codes.claim_grant(&text(&registered, "claim_token"))), (400, "expired_token"));
    assert_eq!(codes.look(&text(&registered, "claim.verification_uri")).0, 410);

    let claims = at(Options { claim_lifetime: Duration::ZERO, ..Options::default() });
    let registered = anonymous(&claims);
    let claim_token = text(&registered, "claim_token");
    assert_eq!(
        code(&claims.call(Step::Claim, json!({"claim_token": claim_token, "email": ADA}))),
        (410, "claim_expired")
    );
    assert_eq!(code(&claims.claim_grant(&claim_token)), (400, "expired_token"));
    let early = text(&registered, "identity_assertion");
    assert_eq!(code(&claims.exchange(&early, &claims.sandbox.target(HARBOR))), (400, "invalid_grant"));

    let assertions = at(Options { assertion_lifetime: Duration::ZERO, ..Options::default() });
    let early = text(&anonymous(&assertions), "identity_assertion");
    assert_eq!(code(&assertions.exchange(&early, &assertions.sandbox.target(HARBOR))), (400, "invalid_grant"));
}

#[test]
fn revocation_ends_access_tokens_and_leaves_the_assertion() {
    let harbor = harbor();
    let registered = by_mail(&harbor);
    allow(&harbor, &registered["claim"]);
    let given = harbor.claim_grant(&text(&registered, "claim_token")).1;
    let (access, assertion) = (text(&given, "access_token"), text(&given, "identity_assertion"));
    for token in [&*access, &*access, &*assertion, "nobody's"] {
        assert_eq!(harbor.form(Step::Revoke, &[("token", token), ("token_type_hint", "access_token")]).0, 200);
    }
    assert_eq!(harbor.api(&access), 401);
    assert_eq!(harbor.exchange(&assertion, &harbor.sandbox.target(HARBOR)).0, 200);
}

#[test]
fn an_invitation_holds_a_code() {
    let harbor = Client::with_fault(HARBOR, "register=interaction_required");
    let invited = harbor.call(Step::Register, json!({"type": "identity_assertion"}));
    assert_eq!(code(&invited), (401, "interaction_required"));
    allow(&harbor, &invited.1["claim"]);
    assert_eq!(harbor.claim_grant(&text(&invited.1, "claim_token")).0, 200);
}
