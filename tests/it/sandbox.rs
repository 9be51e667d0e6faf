//! The sandbox over real sockets: the protocol as clients see it, its pages, and the limits of our own network side.

mod client;
mod closed;
mod faults;
mod handed_over;
mod hybrid;
mod nested;
mod toll;

use std::time::Duration;

use authmd_tui::http::{Body, HttpError, Request, Response, field};
use authmd_tui::sandbox::{ACME, BEACON, Options, Profile, Sandbox};
use authmd_tui::secret::Secret;
use authmd_tui::shell::net::Net;
use authmd_tui::trust::Reach;
use serde_json::Value;

use crate::support::url;

pub fn sandbox(faults: &[&str]) -> Sandbox {
    let faults = faults.iter().map(|fault| fault.parse().expect("a fault")).collect();
    Sandbox::start(Options { faults, ..Options::default() }).expect("started")
}

fn send(request: Request) -> Result<Response, HttpError> {
    send_within(request, Duration::from_secs(10))
}

fn send_within(request: Request, timeout: Duration) -> Result<Response, HttpError> {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().expect("a runtime");
    runtime.block_on(async { Net::new(timeout, Reach::Public).expect("a client").send(&request).await })
}

fn get(sandbox: &Sandbox, path: &str) -> Response {
    send(Request::get(sandbox.url().join(path).expect("a path"))).expect("an answer")
}

fn post(sandbox: &Sandbox, path: &str, fields: &[(&'static str, &str)]) -> (u16, Value) {
    let fields = fields.iter().map(|(name, value)| field(*name, *value)).collect();
    let answer = send(Request::post(sandbox.url().join(path).expect("a path"), Body::Json(fields))).expect("an answer");
    (answer.status, serde_json::from_str(answer.body.expose()).unwrap_or_default())
}

fn paths(profile: &Profile) -> (String, String, String) {
    use authmd_tui::sandbox::fault::Step;
    (profile.path(Step::Register), profile.path(Step::Claim), profile.path(Step::Complete))
}

fn newest_code(sandbox: &Sandbox) -> String {
    let mails: Value = serde_json::from_str(get(sandbox, "/sandbox/mails").body.expose()).expect("JSON");
    mails.as_array().and_then(|mails| mails.last()).and_then(|mail| mail["code"].as_str()).expect("a mail").to_owned()
}

#[test]
fn both_forms_speak_the_protocol() {
    let sandbox = sandbox(&[]);
    for (profile, early) in [(ACME, false), (BEACON, true)] {
        let (register, claim, complete) = paths(profile);
        let (_, registered) = post(&sandbox, &register, &[("type", "anonymous")]);
        assert_eq!(registered["credential"].is_string(), early, "{registered}");
        let token = registered["claim_token"].as_str().expect("a claim token");
        assert_eq!(post(&sandbox, &complete, &[("claim_token", token), ("otp", "1")]).1["error"], "otp_not_generated");
        assert_eq!(
            post(&sandbox, &claim, &[("claim_token", token), ("email", "ada@example.com")]).1["status"],
            "pending"
        );
        assert_eq!(
            post(&sandbox, &complete, &[("claim_token", token), ("otp", "wrong")]),
            (401, serde_json::json!({"error": "otp_invalid", "message": "The sandbox says otp invalid."}))
        );
        let (status, completed) = post(&sandbox, &complete, &[("claim_token", token), ("otp", &newest_code(&sandbox))]);
        assert_eq!((status, completed["credential"].is_string()), (200, !early), "{completed}");
        assert_eq!(post(&sandbox, &complete, &[("claim_token", token), ("otp", "1")]).0, 409);
        assert_eq!(post(&sandbox, &claim, &[("claim_token", "nobody's"), ("email", "a@b.c")]).0, 401);
        let held = completed["credential"].as_str().or(registered["credential"].as_str()).expect("a credential");
        let api = Request::get(url(&sandbox.target(profile))).bearer(Secret::new(held));
        let answer = send(api).expect("an answer");
        assert!(answer.status == 200 && answer.body.expose().contains("ada@example.com"), "{}", answer.body.expose());
    }
}

#[test]
fn short_lives_end() {
    let sandbox = Sandbox::start(Options {
        code_lifetime: Duration::ZERO,
        claim_lifetime: Duration::from_secs(60),
        ..Options::default()
    })
    .expect("started");
    let (register, claim, complete) = paths(ACME);
    let (_, registered) = post(&sandbox, &register, &[("type", "anonymous")]);
    let token = registered["claim_token"].as_str().expect("a claim token");
    post(&sandbox, &claim, &[("claim_token", token), ("email", "ada@example.com")]);
    assert_eq!(
        post(&sandbox, &complete, &[("claim_token", token), ("otp", &newest_code(&sandbox))]).1["error"],
        "otp_expired"
    );
    let dead = Request::get(url(&sandbox.target(ACME))).bearer(Secret::new(sandbox.issue(
        ACME,
        "ada@example.com",
        Duration::ZERO,
    )));
    assert_eq!(send(dead).map(|answer| answer.status), Ok(401));
}

#[test]
fn an_api_without_a_credential_points_to_its_metadata() {
    let sandbox = sandbox(&[]);
    let answer = get(&sandbox, "/acme");
    let challenge = answer.header("www-authenticate").next().expect("a challenge");
    let place = authmd_tui::flow::wire::resource_metadata(challenge).expect("a place");
    let metadata: Value = serde_json::from_str(get(&sandbox, &place).body.expose()).expect("JSON");
    assert_eq!(metadata["resource"], sandbox.target(ACME));
}

#[test]
fn every_fault_answers_and_can_be_switched_from_the_page() {
    let sandbox = sandbox(&[]);
    // These take their time, or change what a call of another kind does.
    let others = ["slow", "late", "ignored", "wrong_state", "wrong_issuer", "no_code", "narrowed"];
    for name in authmd_tui::sandbox::fault::names().filter(|name| !others.contains(name)) {
        let form = Body::Form(vec![field("step", "register"), field("fault", name)]);
        let switched =
            send(Request::post(sandbox.url().join("/sandbox/faults").expect("a path"), form)).expect("an answer");
        assert_eq!(switched.status, 303, "{name}");
        let answer = send(Request::post(
            sandbox.url().join("/acme/agent/identity").expect("a path"),
            Body::Json(vec![field("type", "anonymous")]),
        ));
        assert!(
            !matches!(&answer, Ok(answer) if answer.status == 200 && answer.body.expose().contains("\"claim_token\":\"")),
            "{name}: {answer:?}"
        );
    }
    let bad = Body::Form(vec![field("step", "register"), field("fault", "no such thing")]);
    assert_eq!(
        send(Request::post(sandbox.url().join("/sandbox/faults").expect("a path"), bad)).map(|answer| answer.status),
        Ok(400)
    );
}

#[test]
fn answers_are_bounded_in_size_time_and_place() {
    let sandbox = sandbox(&["register=huge", "api=redirect", "resource=slow"]);
    let at = |path: &str| sandbox.url().join(path).expect("a path");
    assert_eq!(
        send(Request::post(at("/acme/agent/identity"), Body::Json(vec![]))),
        Err(HttpError::TooLarge(1024 * 1024))
    );
    assert!(
        matches!(send(Request::get(at("/acme"))), Err(HttpError::Redirected(to)) if to.contains("elsewhere.example"))
    );
    let slow = send_within(Request::get(at("/.well-known/oauth-protected-resource/acme")), Duration::from_millis(200));
    assert!(matches!(slow, Err(HttpError::TimedOut(_))), "{slow:?}");
    assert!(
        matches!(send(Request::get(url("http://127.0.0.1:1/"))), Err(HttpError::Unreachable(why)) if why.contains("refused") && !why.contains("os error"))
    );
}

#[test]
fn the_pages_are_whole_and_show_what_happened() {
    let sandbox = sandbox(&["claim=otp_invalid"]);
    let (register, ..) = paths(ACME);
    post(
        &sandbox,
        &register,
        &[("type", "identity_assertion"), ("assertion_type", "verified_email"), ("assertion", "<b>@example.com")],
    );
    let index = get(&sandbox, "/");
    assert!(index.body.expose().contains("/acme/agent/identity") && index.body.expose().contains("otp_invalid"));
    let mail = get(&sandbox, "/inbox/0");
    assert!(
        mail.body.expose().contains(&newest_code(&sandbox)) && !mail.body.expose().contains("<b>@"),
        "{}",
        mail.body.expose()
    );
    assert_eq!(get(&sandbox, "/inbox/7").status, 404);
    let text = get(&sandbox, "/inbox");
    assert!(text.body.expose().contains("your code is"), "without a browser the inbox is text: {}", text.body.expose());
}
