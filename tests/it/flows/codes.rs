//! Every error code that this ceremony can meet, at every step where it can come, and what becomes of it.

use authmd_tui::problem::Kind;

use crate::support::play::{CLAIM, COMPLETE, Fake, Play, REGISTER, refusal};

/// What the person meets.
#[derive(Debug, PartialEq)]
enum Meets {
    /// The walk ends, told as the service's no.
    Stop,
    /// The question on this screen.
    Asked(&'static str),
}

use Meets::{Asked, Stop};

/// Call, status, code, what is met, and a word that the hint or the problem must have.
const TABLE: &[(&str, u16, &str, Meets, &str)] = &[
    (REGISTER, 400, "anonymous_not_enabled", Asked("consent"), ""),
    (REGISTER, 400, "anonymous_registration_disabled", Asked("consent"), ""),
    (REGISTER, 400, "service_auth_not_enabled", Asked("consent"), ""),
    (REGISTER, 403, "service_auth_registration_disabled", Asked("consent"), ""),
    (REGISTER, 400, "verified_email_not_enabled", Asked("consent"), ""),
    (REGISTER, 403, "auth_method_disabled", Asked("consent"), ""),
    (REGISTER, 400, "unsupported_identity_type", Asked("consent"), ""),
    (REGISTER, 400, "invalid_login_hint", Asked("email"), "does not take that e-mail address"),
    (REGISTER, 409, "claimed_or_in_flight", Stop, "open already"),
    (REGISTER, 409, "previously_claimed", Stop, "has an account there already"),
    (REGISTER, 400, "invalid_client", Asked("param:client_id"), ""),
    (REGISTER, 400, "tos_required", Asked("param:tos_accepted"), ""),
    (REGISTER, 403, "tos_acceptance_required", Asked("param:tos_accepted"), ""),
    (REGISTER, 400, "invalid_request", Stop, "refused to register"),
    (REGISTER, 400, "identity_assertion_not_enabled", Stop, "platform vouches"),
    (REGISTER, 400, "issuer_not_enabled", Stop, "platform vouches"),
    (REGISTER, 401, "login_required", Stop, "platform vouches"),
    (REGISTER, 401, "interaction_required", Stop, "interaction_required"),
    (REGISTER, 400, "unsupported_credential_type", Stop, "unsupported_credential_type"),
    (REGISTER, 429, "rate_limited", Stop, "too many requests"),
    (REGISTER, 429, "rate_limit_exceeded", Stop, "too many requests"),
    (REGISTER, 429, "too_many_requests", Stop, "too many requests"),
    (REGISTER, 503, "temporarily_unavailable", Asked("confirm"), "in trouble"),
    (REGISTER, 500, "internal_error", Asked("confirm"), "in trouble"),
    (REGISTER, 404, "not_found", Stop, "publishes a sign-up but has none"),
    (REGISTER, 501, "not_implemented", Stop, "publishes a sign-up but has none"),
    (REGISTER, 403, "approval_required", Stop, "approval_required, 403"),
    (CLAIM, 401, "invalid_claim_token", Asked("confirm"), "registration at Acme Mail is over"),
    (CLAIM, 410, "claim_expired", Asked("confirm"), "registration at Acme Mail is over"),
    (CLAIM, 409, "previously_claimed", Stop, "has an account there already"),
    (CLAIM, 409, "already_claimed", Stop, "has an account there already"),
    (CLAIM, 409, "claimed_or_in_flight", Stop, "open already"),
    (CLAIM, 410, "claim_revoked", Asked("confirm"), "registration at Acme Mail is over"),
    (CLAIM, 400, "invalid_login_hint", Asked("email"), "does not take that e-mail address"),
    (CLAIM, 400, "invalid_request", Asked("email"), "refused to begin the confirmation"),
    (CLAIM, 403, "access_denied", Stop, "turned down"),
    (CLAIM, 403, "rejected", Stop, "turned down"),
    (CLAIM, 429, "rate_limited", Stop, "too many requests"),
    (CLAIM, 429, "too_many_attempts", Stop, "too many requests"),
    (CLAIM, 502, "bad_gateway", Asked("confirm"), "in trouble"),
    (CLAIM, 400, "email_mismatch", Asked("email"), "does not take that e-mail address"),
    (COMPLETE, 401, "otp_invalid", Asked("code"), "2 tries are left"),
    (COMPLETE, 400, "invalid_otp", Asked("code"), "2 tries are left"),
    (COMPLETE, 401, "invalid_user_code", Asked("code"), "2 tries are left"),
    (COMPLETE, 401, "user_code_invalid", Asked("code"), "2 tries are left"),
    (COMPLETE, 410, "otp_expired", Asked("confirm"), "The code has expired"),
    (COMPLETE, 410, "user_code_expired", Asked("confirm"), "The code has expired"),
    (COMPLETE, 400, "expired_token", Asked("confirm"), "The code has expired"),
    (COMPLETE, 410, "code_dead", Asked("confirm"), "The code has expired"),
    (COMPLETE, 410, "expired", Asked("confirm"), "The code has expired"),
    (COMPLETE, 400, "otp_not_generated", Asked("code"), "Open the link in its mail"),
    (COMPLETE, 401, "invalid_claim_token", Asked("confirm"), "registration at Acme Mail is over"),
    (COMPLETE, 410, "claim_expired", Asked("confirm"), "registration at Acme Mail is over"),
    (COMPLETE, 409, "claim_not_confirmed", Asked("code"), "waits for you to confirm first"),
    (COMPLETE, 403, "claim_denied", Stop, "turned down"),
    (COMPLETE, 403, "declined", Stop, "turned down"),
    (COMPLETE, 403, "denied", Stop, "turned down"),
    (COMPLETE, 400, "invalid_claim", Asked("confirm"), "registration at Acme Mail is over"),
    (COMPLETE, 410, "claim_revoked", Asked("confirm"), "registration at Acme Mail is over"),
    (COMPLETE, 429, "too_many_attempts", Stop, "too many requests"),
    (COMPLETE, 409, "already_claimed", Stop, "has an account there already"),
    (COMPLETE, 409, "previously_claimed", Stop, "has an account there already"),
    (COMPLETE, 429, "rate_limited", Stop, "too many requests"),
    (COMPLETE, 500, "internal_error", Asked("confirm"), "in trouble"),
    (COMPLETE, 410, "endpoint_moved", Stop, "moved its endpoints"),
];

#[test]
fn each_code_leads_where_the_table_says() {
    for (call, status, code, meets, words) in TABLE {
        let mut fake = Fake::acme();
        fake.on(call, [refusal(*status, code)]);
        let mut play = Play::acme(fake);
        play.begin().pick(0).confirm(true);
        if *call != REGISTER {
            play.text("ada@example.com");
        }
        if *call == COMPLETE {
            play.text("123456");
        }
        let screen = play.screen();
        let told = format!("{}{}", play.problem(), play.text_shown());
        match meets {
            Stop => {
                let problem = screen.problem.as_ref().unwrap_or_else(|| panic!("{code}: no problem"));
                assert!(screen.outcome.is_some() && problem.kind == Kind::ServiceRefused, "{call} {code}: {screen:?}");
            }
            Asked(id) => {
                assert_eq!((screen.id.name().as_str(), screen.outcome.is_none()), (*id, true), "{call} {code}")
            }
        }
        assert!(told.contains(words), "{call} {code}: {told}");
        assert!(told.contains(code), "{call} {code} is shown verbatim: {told}");
        assert!(play.saved.is_empty(), "{call} {code}: something was stored");
    }
}

#[test]
fn a_limit_says_when_to_come_back() {
    let mut limited = refusal(429, "rate_limited").expect("an answer");
    limited.headers.push(("retry-after".into(), "120".into()));
    let mut fake = Fake::acme();
    fake.on(CLAIM, [Ok(limited)]);
    assert!(Play::acme_at_code(fake).problem().contains("Try again in 2 min."));
}

#[test]
fn an_open_ceremony_of_our_own_goes_on() {
    let mut fake = Fake::acme();
    fake.on(CLAIM, [crate::support::play::answer(200, "{}"), refusal(409, "claimed_or_in_flight")]);
    let mut play = Play::acme_at_code(fake);
    play.step(authmd_tui::flow::Input::Answer(authmd_tui::flow::Answer::NewCode));
    assert_eq!(play.id(), "code");
    assert!(play.problem().contains("still counts"), "{}", play.problem());
}
