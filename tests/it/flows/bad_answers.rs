//! Answers that no client expects: one line, nothing half stored.

use authmd_tui::flow::discover::Discover;
use authmd_tui::flow::target::Target;
use authmd_tui::http::{CertificateFault, HttpError, ProxyFault, Refused};
use authmd_tui::problem::Kind;
use jiff::SignedDuration;

use crate::support::play::{API, CLAIM, COMPLETE, Fake, Play, REGISTER, RESOURCE, SERVER, answer};

const ODD: &[(&str, u16, &str)] = &[
    ("a web page", 200, "<!doctype html><title>Oops</title>"),
    ("nothing", 200, ""),
    ("a list", 200, "[1, 2]"),
    ("a number", 200, "7"),
    (
        "wrong types",
        200,
        r#"{"credential": 42, "claim_token": ["a"], "scopes": 7, "status": true, "resource": [], "authorization_servers": "x", "agent_auth": "none"}"#,
    ),
    ("an empty object", 200, "{}"),
    ("a no that says yes", 200, r#"{"ok": false, "error": "nope"}"#),
    ("an error page", 500, "<h1>500</h1>"),
    ("a teapot", 418, ""),
    ("a redirect", 302, ""),
];

#[test]
fn each_odd_answer_of_the_ceremony_ends_calmly() {
    for call in [REGISTER, CLAIM, COMPLETE] {
        for (name, status, body) in ODD {
            // Said once and in a while: a claim that is answered with nothing at all has been seen to mean yes.
            if call == CLAIM && *status == 200 && ["nothing", "an empty object", "wrong types"].contains(name) {
                continue;
            }
            let mut fake = Fake::acme();
            fake.on(call, [answer(*status, body)]);
            let mut play = Play::acme(fake);
            play.begin().pick(0).confirm(true);
            if call != REGISTER {
                play.text("ada@example.com");
            }
            if call == COMPLETE {
                play.text("123456");
            }
            let problem =
                play.screen().problem.unwrap_or_else(|| panic!("{call}, {name}: no problem on {}", play.id()));
            assert!(!problem.what.contains('\n') && !problem.hint.is_empty(), "{call}, {name}: {problem:?}");
            assert!(problem.what.contains(&status.to_string()), "{call}, {name}: the status is told: {problem:?}");
            assert!(play.saved.is_empty(), "{call}, {name}");
        }
    }
}

#[test]
fn each_odd_answer_of_discovery_ends_calmly() {
    for call in [API, RESOURCE, SERVER] {
        for (name, status, body) in ODD {
            let mut fake = Fake::acme();
            fake.on(call, [answer(*status, body)]);
            let mut play = Play::new(Discover::new(Target::parse("api.acme.dev").expect("a target")), fake);
            play.begin();
            assert!(play.screen().outcome.is_some(), "{call}, {name}: {:?}", play.screen());
            assert!(play.posts().is_empty());
        }
    }
}

#[test]
fn no_answer_is_told_by_its_cause() {
    let cases = [
        (HttpError::Unreachable("Connection refused".into()), Kind::Unreachable, "Connection refused"),
        (HttpError::Broken("connection reset".into()), Kind::Unreachable, "broke off"),
        (HttpError::TimedOut(SignedDuration::from_secs(15)), Kind::Unreachable, "within 15 s"),
        (HttpError::TooLarge(1024 * 1024), Kind::ServiceRefused, "more than 1024 KiB"),
        (HttpError::Redirected("https://elsewhere.example/".into()), Kind::Unsafe, "elsewhere.example"),
        (
            HttpError::Certificate(Refused {
                fault: CertificateFault::UnknownIssuer,
                issuer: Some("Acme Root".into()),
            }),
            Kind::Unsafe,
            "its issuer, \"Acme Root\", is not trusted here",
        ),
        (
            HttpError::Certificate(Refused { fault: CertificateFault::Expired, issuer: None }),
            Kind::Unsafe,
            "was not accepted: it has expired.",
        ),
        (
            HttpError::Proxy { name: "proxy.acme.dev:3128".into(), fault: ProxyFault::WantsPassword },
            Kind::Unreachable,
            "through the proxy proxy.acme.dev:3128: it wants",
        ),
    ];
    for (error, kind, words) in cases {
        // A start page that is large or leads elsewhere keeps nobody from the metadata beside it.
        let at_the_start = !matches!(error, HttpError::TooLarge(_) | HttpError::Redirected(_));
        let mut fake = Fake::acme();
        fake.on(if at_the_start { API } else { RESOURCE }, [Err(error.clone())]);
        let mut play = Play::acme(fake);
        play.begin();
        let problem = play.screen().problem.unwrap_or_else(|| panic!("{error:?}"));
        assert_eq!(problem.kind, kind, "{error:?}");
        assert!(problem.what.contains(words) && !problem.hint.is_empty(), "{problem:?}");
        assert!(!at_the_start || play.requests.len() == 1, "a host that does not answer is asked once");
    }
}

#[test]
fn a_connection_that_breaks_in_the_middle_is_the_persons_to_decide() {
    let mut fake = Fake::acme();
    fake.on(COMPLETE, [Err(HttpError::Broken("connection reset".into())), answer(200, r#"{"credential":"sk_1"}"#)]);
    let mut play = Play::acme_at_code(fake);
    play.text("123456");
    assert_eq!((play.id(), play.posts().len()), ("confirm".into(), 3));
    assert!(play.text_shown().contains("may or may not have accepted the code"));
    play.confirm(true);
    assert_eq!(
        (play.saved.len(), play.last_body()),
        (1, vec!["claim_token=clm_1".to_owned(), "otp=123456".to_owned()])
    );
}

#[test]
fn a_strangers_text_is_cleaned_and_marked_as_theirs() {
    let mut fake = Fake::acme();
    fake.json(RESOURCE, serde_json::json!({"resource": "https://api.acme.dev/", "resource_name": "Ac\u{1b}[31mme\u{202e}", "authorization_servers": ["https://auth.acme.dev"]}));
    fake.json(
        CLAIM,
        serde_json::json!({"status": "pending", "message": "Click\u{1b}]8;;https://evil.dev\u{7} here\n\nnow"}),
    );
    let play = Play::acme_at_code(fake);
    let shown = format!("{} {}", play.screen().title, play.text_shown());
    assert!(!shown.chars().any(|c| c.is_control() && c != '\n') && !shown.contains('\u{202e}'), "{shown:?}");
    assert!(shown.contains("says: Click ]8;;https://evil.dev here now"), "{shown}");
}

#[test]
fn links_that_are_no_links_are_not_shown() {
    for link in [
        "javascript:alert(1)",
        "file:///etc/passwd",
        "http://acme.dev/",
        "https://user@acme.dev/",
        "https://169.254.169.254/",
    ] {
        let mut fake = Fake::acme();
        fake.json(CLAIM, serde_json::json!({"status": "pending", "verification_uri": link}));
        assert_eq!(Play::acme_at_code(fake).screen().link, None, "{link}");
    }
}

#[test]
fn a_start_page_that_leads_elsewhere_does_not_hide_the_metadata_beside_it() {
    for error in [HttpError::Redirected("https://www.acme.dev/".into()), HttpError::TooLarge(1)] {
        let mut fake = Fake::acme();
        fake.on(API, [Err(error)]);
        fake.json(
            "GET https://api.acme.dev/.well-known/oauth-protected-resource",
            serde_json::json!({"resource": "https://api.acme.dev/", "resource_name": "Acme Mail", "authorization_servers": ["https://auth.acme.dev"]}),
        );
        let mut play = Play::acme(fake);
        play.begin();
        assert_eq!(play.id(), "offer", "{}", play.problem());
    }
}

#[test]
fn a_server_that_is_down_is_not_one_that_offers_nothing() {
    for down in [Err(HttpError::Unreachable("no route".into())), answer(503, "")] {
        let mut fake = Fake::acme();
        fake.on(SERVER, [down.clone()]);
        fake.on("GET https://auth.acme.dev/.well-known/openid-configuration", [down.clone()]);
        let mut play = Play::acme(fake);
        play.begin();
        assert_eq!(
            play.screen().problem.map(|problem| problem.kind),
            Some(Kind::Unreachable),
            "{down:?}: {}",
            play.problem()
        );
        assert!(play.problem().contains("auth.acme.dev"), "{}", play.problem());
    }
}

#[test]
fn a_stranger_does_not_lead_to_this_machine() {
    let mut fake = Fake::acme();
    fake.json(
        RESOURCE,
        serde_json::json!({"resource": "https://api.acme.dev/", "authorization_servers": ["http://127.0.0.1:8080"]}),
    );
    let mut play = Play::acme(fake);
    play.begin();
    assert!(play.requests.iter().all(|request| request.url.host_str() == Some("api.acme.dev")), "{:?}", play.requests);
}

#[test]
fn a_connection_that_was_never_made_did_nothing() {
    let mut fake = Fake::acme();
    fake.on(REGISTER, [Err(HttpError::Unreachable("connection refused".into()))]);
    let mut play = Play::acme(fake);
    play.begin().pick(0).confirm(true);
    assert_eq!(play.id(), "confirm");
    assert!(play.text_shown().contains("Nothing reached Acme Mail"), "{}", play.text_shown());
}
