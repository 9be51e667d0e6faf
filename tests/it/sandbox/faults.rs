//! Every error code can be switched on at every step, with the status that goes with it and in the service's own spelling.

use std::collections::BTreeMap;

use authmd_tui::sandbox::fault::Step;
use authmd_tui::sandbox::{HARBOR, LUMEN, Options, PROFILES};
use serde_json::json;

use super::client::{Client, code};

/// The codes of auth.md v0.4 to v0.7 and of what services ask beyond it.
const CODES: &[(&str, u16)] = &[
    ("authorization_pending", 400),
    ("slow_down", 400),
    ("expired_token", 400),
    ("access_denied", 400),
    ("claim_denied", 403),
    ("claim_not_confirmed", 409),
    ("claim_revoked", 410),
    ("invalid_user_code", 401),
    ("user_code_invalid", 401),
    ("invalid_otp", 401),
    ("user_code_expired", 410),
    ("code_dead", 410),
    ("already_claimed", 409),
    ("invalid_claim", 400),
    ("anonymous_registration_disabled", 403),
    ("service_auth_registration_disabled", 403),
    ("auth_method_disabled", 403),
    ("invalid_login_hint", 400),
    ("email_mismatch", 400),
    ("invalid_target", 400),
    ("invalid_refresh_token", 400),
    ("unsupported_grant_type", 400),
    ("invalid_client", 401),
    ("rate_limit_exceeded", 429),
    ("too_many_requests", 429),
    ("not_implemented", 501),
    ("server_error", 500),
    ("proof_of_work_required", 400),
    ("invalid_challenge", 400),
    ("tos_required", 400),
    ("invalid_scope", 400),
    ("requires_funding", 402),
    ("account_claim_required", 403),
];

fn switch(client: &Client, step: &str, fault: &str) {
    let body = format!("step={step}&fault={fault}");
    let answer = client.json("POST", "/sandbox/faults", "application/x-www-form-urlencoded", &body);
    assert_eq!(answer.0, 303, "{step}={fault}");
}

#[test]
fn every_code_has_its_status() {
    let client = Client::new(LUMEN, Options::default());
    for (name, status) in CODES {
        switch(&client, "claim", name);
        let refused = client.call(Step::Claim, json!({}));
        assert_eq!((code(&refused), refused.1.get("error")), ((*status, *name), None), "{}", refused.1);
    }
}

#[test]
fn every_step_of_every_service_can_fail() {
    let client = Client::new(HARBOR, Options::default());
    let steps: BTreeMap<_, _> = Step::ALL.into_iter().map(|step| (step.name(), step)).collect();
    for name in steps.keys() {
        switch(&client, name, "code_dead");
    }
    for profile in PROFILES {
        for step in steps.values().filter(|step| profile.serves(**step)) {
            let reading = matches!(step, Step::Api | Step::Resource | Step::Server | Step::AuthMd);
            let method = if reading { "GET" } else { "POST" };
            let answer = client.json(method, &profile.path(*step), "application/json", "{}");
            assert_eq!(code(&answer), (410, "code_dead"), "{} {}", profile.name, step.name());
        }
    }
}

#[test]
fn pending_comes_in_every_dress() {
    let client = Client::new(HARBOR, Options::default());
    let answers = [
        ("pending_428", (428, json!({"error": "authorization_pending"}))),
        ("pending_200", (200, json!({"status": "pending"}))),
        ("pending_status", (400, json!({"status": "authorization_pending"}))),
    ];
    for (name, answer) in answers {
        switch(&client, "token", name);
        assert_eq!(client.claim_grant("x"), answer, "{name}");
    }
}

#[test]
fn what_a_program_needs_to_go_on_is_in_the_answer() {
    let client = Client::new(HARBOR, Options::default());
    for (name, member) in [
        ("requires_funding", "claim_url"),
        ("account_claim_required", "claimUrl"),
        ("rate_limit_exceeded", "retry_after"),
        ("not_implemented", "enabled"),
        ("invalid_challenge", "challenge"),
        ("tos_required", "tos_version"),
        ("interaction_required", "claim"),
    ] {
        switch(&client, "register", name);
        let answer = client.call(Step::Register, json!({"type": "anonymous"})).1;
        assert!(answer.get(member).is_some(), "{name}: {answer}");
    }
}
