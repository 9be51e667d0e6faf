//! Finding an authorization server, as the MCP authorization specification of 2026-07-28 wants it: where it is looked for, by
//! the letter of its issuer, and what is refused.

use authmd_tui::flow::Surroundings;
use authmd_tui::flow::discover::{By, Discovery, Next, Sent, Verdict, Way};
use authmd_tui::flow::target::Target;
use authmd_tui::http::Response;
use authmd_tui::secret::Secret;
use serde_json::{Value, json};

use crate::support::noon;
use crate::support::play::{Fake, answer};

const SERVER: &str = "https://auth.acme.dev/.well-known/oauth-authorization-server/t1";

/// Documents by their addresses; everything else is 404. The first call is answered with 401 and this challenge.
fn discover(target: &str, challenge: Option<&str>, documents: &[(&str, Value)]) -> (Discovery, Vec<String>) {
    let mut fake = Fake::default();
    let first = challenge.map_or_else(
        || answer(401, ""),
        |challenge| {
            let headers = vec![("www-authenticate".to_owned(), challenge.to_owned())];
            Ok(Response { status: 401, headers, body: Secret::default() })
        },
    );
    fake.on(&format!("GET {target}"), [first]);
    for (place, document) in documents {
        fake.json(&format!("GET {place}"), document.clone());
    }
    run(target, fake)
}

fn run(target: &str, mut fake: Fake) -> (Discovery, Vec<String>) {
    let mut discovery = Discovery::new(Target::parse(target).expect("a target"));
    let (mut next, mut asked) = (discovery.begin(noon()), Vec::new());
    loop {
        next = match next {
            Next::Send(request) => {
                asked.push(request.url.to_string());
                discovery.answer(fake.answer_to(&request), noon())
            }
            Next::Wait(_) => discovery.resume(noon()),
            Next::Read(_) => unreachable!("no skill was named"),
            Next::Over => return (discovery, asked),
        };
    }
}

fn resource(resource: &str, issuer: &str) -> Value {
    json!({"resource": resource, "authorization_servers": [issuer]})
}

fn server(issuer: &str) -> Value {
    json!({
        "issuer": issuer, "authorization_endpoint": "https://auth.acme.dev/a", "token_endpoint": "https://auth.acme.dev/t",
        "registration_endpoint": "https://auth.acme.dev/r", "code_challenge_methods_supported": ["plain", "S256"],
    })
}

fn with(mut document: Value, name: &str, value: Value) -> Value {
    document[name] = value;
    document
}

fn ways(discovery: &Discovery) -> Vec<Way> {
    discovery.ways(&Surroundings::default())
}

fn codes(discovery: &Discovery) -> Vec<&'static str> {
    discovery.findings().iter().map(|finding| finding.code).collect()
}

const MCP: &str = "https://mcp.acme.dev/v1/mcp";
const BELOW: &str = "https://mcp.acme.dev/.well-known/oauth-protected-resource/v1/mcp";
const ROOT: &str = "https://mcp.acme.dev/.well-known/oauth-protected-resource";
const ISSUER: &str = "https://auth.acme.dev/t1";

#[test]
fn metadata_is_looked_for_where_the_challenge_says_then_below_the_path_then_at_the_root() {
    let named = "Bearer error=\"x\", resource_metadata=\"https://mcp.acme.dev/prm\"";
    for (challenge, place) in [(Some(named), "https://mcp.acme.dev/prm"), (None, BELOW), (Some("Bearer"), ROOT)] {
        let (discovery, asked) = discover(MCP, challenge, &[(place, resource(MCP, ISSUER)), (SERVER, server(ISSUER))]);
        assert_eq!(
            (discovery.verdict(), ways(&discovery)),
            (Verdict::Signup, vec![Way::OAuth(By::Browser)]),
            "{place}"
        );
        let order = [MCP, "https://mcp.acme.dev/prm", BELOW, ROOT];
        let looked: Vec<&str> = order.into_iter().filter(|it| asked.iter().any(|asked| asked == it)).collect();
        assert_eq!(looked.last(), Some(&place), "no further than needed: {asked:?}");
    }
}

#[test]
fn a_challenge_may_name_the_server_in_place_of_metadata() {
    for (named, found) in [
        ("https://auth.acme.dev/.well-known/oauth-authorization-server/t1", true),
        ("https://auth.acme.dev/t1", true),
        ("https://auth.acme.dev/t2", false),
        ("http://auth.acme.dev/t1", false),
        ("not an address", false),
    ] {
        let challenge = format!("Bearer authorization_uri=\"{named}\"");
        let (discovery, _) = discover(MCP, Some(&challenge), &[(SERVER, server(ISSUER))]);
        assert_eq!(!ways(&discovery).is_empty(), found, "{named}");
    }
    // What the metadata names counts, where there is some; and the server is who it says by the letter here, too.
    let challenge = "Bearer authorization_uri=\"https://evil.example/t1\"";
    let evil = "https://evil.example/.well-known/oauth-authorization-server/t1";
    let of_evil = with(server("https://evil.example/t1"), "token_endpoint", "https://evil.example/token".into());
    let published = [(ROOT, resource("https://mcp.acme.dev", ISSUER)), (SERVER, server(ISSUER)), (evil, of_evil)];
    let (discovery, _) = discover(MCP, Some(challenge), &published);
    assert_eq!(discovery.authorization().and_then(|server| server.issuer.as_deref()), Some(ISSUER));
    let (discovery, _) = discover(MCP, Some(challenge), &[(evil, server(ISSUER))]);
    assert_eq!(ways(&discovery), []);
}

#[test]
fn a_first_call_that_is_let_in_hides_no_server() {
    let mut fake = Fake::default();
    fake.on(&format!("GET {MCP}"), [answer(200, "{}")]);
    fake.json(&format!("GET {ROOT}"), resource("https://mcp.acme.dev", ISSUER));
    fake.json(&format!("GET {SERVER}"), server(ISSUER));
    let (discovery, _) = run(MCP, fake);
    assert_eq!(ways(&discovery), [Way::OAuth(By::Browser)]);
}

#[test]
fn the_metadata_of_an_issuer_with_a_path_has_three_places() {
    for place in [
        SERVER,
        "https://auth.acme.dev/.well-known/openid-configuration/t1",
        "https://auth.acme.dev/t1/.well-known/openid-configuration",
    ] {
        let (discovery, asked) = discover(MCP, None, &[(BELOW, resource(MCP, ISSUER)), (place, server(ISSUER))]);
        assert_eq!(ways(&discovery), [Way::OAuth(By::Browser)], "{place}: {asked:?}");
    }
}

#[test]
fn an_issuer_is_who_it_says_by_the_letter() {
    for (asked, named) in [
        (ISSUER, "https://auth.acme.dev/t1/"),
        (ISSUER, "https://AUTH.acme.dev/t1"),
        ("https://auth.acme.dev/t1/", ISSUER),
        (ISSUER, "https://evil.example/t1"),
        (ISSUER, ""),
    ] {
        let (discovery, _) = discover(MCP, None, &[(BELOW, resource(MCP, asked)), (SERVER, server(named))]);
        assert_eq!(ways(&discovery), [], "{asked} {named}");
        assert_eq!(discovery.verdict(), Verdict::Refused, "{asked} {named}");
        assert!(codes(&discovery).contains(&"oauth_issuer_differs"), "{:?}", codes(&discovery));
        assert!(discovery.obstacle().expect("told").what.contains("RFC 8414"));
    }
}

#[test]
fn a_server_that_does_not_check_s256_is_refused_with_the_reason() {
    for methods in [json!(null), json!([]), json!(["plain"])] {
        let server = with(server(ISSUER), "code_challenge_methods_supported", methods.clone());
        let (discovery, _) = discover(MCP, None, &[(BELOW, resource(MCP, ISSUER)), (SERVER, server.clone())]);
        assert_eq!((discovery.verdict(), ways(&discovery)), (Verdict::Refused, vec![]), "{methods}");
        let problem = discovery.obstacle().expect("told");
        assert!(problem.what.contains("S256") && problem.what.contains("RFC 7636"), "{problem}");
        // A code that is typed elsewhere needs no such proof.
        let server = with(server, "device_authorization_endpoint", json!("https://auth.acme.dev/d"));
        let (discovery, _) = discover(MCP, None, &[(BELOW, resource(MCP, ISSUER)), (SERVER, server)]);
        assert_eq!(ways(&discovery), [Way::OAuth(By::Device)]);
    }
}

#[test]
fn the_resource_may_be_a_parent_of_what_was_asked_and_not_another_origin() {
    let found =
        |published: &str| discover(MCP, None, &[(BELOW, resource(published, ISSUER)), (SERVER, server(ISSUER))]).0;
    for parent in ["https://mcp.acme.dev", "https://mcp.acme.dev/", "https://mcp.acme.dev/v1", MCP] {
        let discovery = found(parent);
        assert_eq!(
            (ways(&discovery), discovery.named_resource()),
            (vec![Way::OAuth(By::Browser)], Ok(parent.to_owned()))
        );
    }
    for other in ["https://api.acme.dev", "https://evil.example/", "http://mcp.acme.dev", "https://mcp.acme.dev:8443"] {
        let discovery = found(other);
        assert_eq!(ways(&discovery), [], "{other}");
        assert!(codes(&discovery).contains(&"oauth_resource_elsewhere"), "{other}: {:?}", codes(&discovery));
    }
}

#[test]
fn of_two_documents_that_disagree_the_resource_says_which_counts() {
    let own = with(server("https://mcp.acme.dev"), "token_endpoint", json!("https://mcp.acme.dev/own"));
    let (discovery, _) = discover(
        MCP,
        None,
        &[
            (BELOW, resource(MCP, ISSUER)),
            ("https://mcp.acme.dev/.well-known/oauth-authorization-server", own.clone()),
            (SERVER, server(ISSUER)),
        ],
    );
    assert_eq!(discovery.authorization().and_then(|server| server.issuer.as_deref()), Some(ISSUER));
    // Of one issuer, what stands where RFC 8414 has it.
    let openid = with(server(ISSUER), "token_endpoint", json!("https://auth.acme.dev/other"));
    let (discovery, _) = discover(
        MCP,
        None,
        &[
            (BELOW, resource(MCP, ISSUER)),
            (SERVER, server(ISSUER)),
            ("https://auth.acme.dev/t1/.well-known/openid-configuration", openid),
        ],
    );
    assert_eq!(discovery.authorization().map(|server| server.token.path().to_owned()).as_deref(), Some("/t"));
    // Where the resource names one that has nothing, its neighbour is not asked in its place.
    let (discovery, _) = discover(
        MCP,
        None,
        &[(BELOW, resource(MCP, ISSUER)), ("https://mcp.acme.dev/.well-known/oauth-authorization-server", own)],
    );
    assert_eq!(ways(&discovery), []);
}

#[test]
fn hosts_of_other_domains_are_told_with_what_each_gets() {
    let far = json!({
        "issuer": "https://login.example", "authorization_endpoint": "https://login.example/a",
        "token_endpoint": "https://tokens.example/t", "registration_endpoint": "https://login.example/r",
        "device_authorization_endpoint": "https://codes.example/d", "code_challenge_methods_supported": ["S256"],
    });
    let (discovery, _) = discover(
        MCP,
        None,
        &[
            (BELOW, resource(MCP, "https://login.example")),
            ("https://login.example/.well-known/oauth-authorization-server", far),
        ],
    );
    let (browser, device) = (Way::OAuth(By::Browser), Way::OAuth(By::Device));
    let all = ["codes.example", "login.example", "tokens.example"];
    // Who begins in the browser may change over to a code.
    assert_eq!(
        (discovery.foreign_hosts(browser), discovery.foreign_hosts(device)),
        (all.map(String::from).to_vec(), all.map(String::from).to_vec())
    );
    assert_eq!(discovery.sent_to("login.example", browser), [Sent::SignIn, Sent::ClientRegistration]);
    assert_eq!(discovery.sent_to("login.example", device), [Sent::ClientRegistration]);
    assert_eq!(discovery.sent_to("codes.example", device), [Sent::CodeRequest]);
}

#[test]
fn without_resource_metadata_the_servers_own_origin_is_asked() {
    let place = "https://mcp.acme.dev/.well-known/oauth-authorization-server";
    let own = server("https://mcp.acme.dev");
    let (discovery, _) = discover("https://mcp.acme.dev/", None, &[(place, own.clone())]);
    assert_eq!(ways(&discovery), [Way::OAuth(By::Browser)]);
    assert_eq!(discovery.named_resource(), Ok("https://mcp.acme.dev".to_owned()), "without a slash at the end");
    // One that only says who somebody is says nothing of the API.
    let login = with(own, "scopes_supported", json!(["openid", "email", "profile", "offline_access"]));
    let (discovery, _) = discover("https://mcp.acme.dev/", None, &[(place, login)]);
    assert_eq!((ways(&discovery), codes(&discovery)), (vec![], vec!["oauth_login_only"]));
}

#[test]
fn scopes_come_from_the_challenge_else_from_the_metadata() {
    let listed = with(resource(MCP, ISSUER), "scopes_supported", json!(["a", "b"]));
    let offline = with(server(ISSUER), "scopes_supported", json!(["a", "b", "offline_access"]));
    let scopes = |challenge, server: &Value| {
        discover(MCP, Some(challenge), &[(BELOW, listed.clone()), (SERVER, server.clone())]).0.wanted_scopes()
    };
    assert_eq!(scopes("Bearer scope=\"x y\"", &server(ISSUER)), ["x", "y"]);
    assert_eq!(scopes("Bearer", &server(ISSUER)), ["a", "b"]);
    assert_eq!(scopes("Bearer", &offline), ["a", "b", "offline_access"]);
    assert_eq!(scopes("Bearer scope=\"x\u{1b}[2J y\"", &server(ISSUER)), ["y"], "what is no scope is not asked for");
}

#[test]
fn both_auth_md_and_oauth_are_offered_the_one_without_a_browser_first() {
    let block = json!({"identity_endpoint": "https://auth.acme.dev/agent", "claim_endpoint": "https://auth.acme.dev/agent/claim", "identity_types_supported": ["anonymous"]});
    let both = with(
        with(server(ISSUER), "agent_auth", block),
        "device_authorization_endpoint",
        json!("https://auth.acme.dev/d"),
    );
    let (discovery, _) = discover(MCP, None, &[(BELOW, resource(MCP, ISSUER)), (SERVER, both)]);
    assert_eq!(ways(&discovery), [Way::AuthMd, Way::OAuth(By::Browser), Way::OAuth(By::Device)]);
    let remote = Surroundings { no_browser: Some("you are on SSH"), ..Surroundings::default() };
    assert_eq!(discovery.ways(&remote), [Way::AuthMd, Way::OAuth(By::Device), Way::OAuth(By::Browser)]);
}
