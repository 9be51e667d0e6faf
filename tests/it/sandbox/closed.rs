//! What cannot be walked: each service says so in the way that was seen in the wild.

use authmd_tui::sandbox::fault::Step;
use authmd_tui::sandbox::{AGENTS_ONLY, Closed, Options, PLACEHOLDERS, PROFILES, PROSE, Profile, Shape};
use serde_json::{Value, json};

use super::client::{Client, code, text};

fn placeholder(closed: Closed) -> Client {
    let profile = PLACEHOLDERS.into_iter().find(|profile| profile.shape == Shape::Closed(closed)).expect("there");
    at(profile)
}

fn at(profile: &'static Profile) -> Client {
    Client::new(profile, Options::default())
}

fn register(client: &Client) -> (u16, Value) {
    client.call(Step::Register, json!({"type": "anonymous"}))
}

#[test]
fn a_placeholder_registers_at_its_own_page() {
    let client = placeholder(Closed::AuthMd);
    let block = &client.published(Step::Server)["agent_auth"];
    assert_eq!(block["register_uri"], block["skill"]);
    assert_eq!(register(&client).0, 405);
    assert_eq!(client.list("log").last().map(|call| call["status"].clone()), Some(json!(405)));
}

#[test]
fn a_placeholder_lists_no_type_and_has_nothing_behind() {
    let client = placeholder(Closed::NoType);
    assert_eq!(client.published(Step::Server)["agent_auth"]["identity_types_supported"], json!(["none"]));
    assert_eq!(register(&client).0, 404);
}

#[test]
fn a_placeholder_is_published_whole_and_not_made() {
    let client = placeholder(Closed::Stub);
    assert!(client.published(Step::Server)["agent_auth"]["claim_endpoint"].is_string());
    for step in [Step::Register, Step::Claim, Step::Token, Step::Revoke] {
        assert_eq!(client.call(step, json!({})), (501, json!({"error": "not_implemented", "enabled": false})));
    }
}

#[test]
fn a_placeholder_is_oauth_under_other_names() {
    let client = placeholder(Closed::OAuth);
    let server = client.published(Step::Server);
    assert_eq!(server["agent_auth"]["register_uri"], server["registration_endpoint"]);
    assert_eq!(server["agent_auth"]["claim_uri"], server["authorization_endpoint"]);
    assert_eq!(code(&register(&client)), (400, "invalid_redirect_uri"));
    let (status, answer) = client.call(Step::Register, json!({"redirect_uris": ["http://127.0.0.1:1/cb"]}));
    assert!(status == 201 && answer["client_id"].is_string(), "{answer}");
}

#[test]
fn a_placeholder_says_yes_to_nothing() {
    let client = placeholder(Closed::Empty);
    assert_eq!(register(&client), (200, json!({"registration_id": "public", "scopes": []})));
}

#[test]
fn some_take_the_word_of_platforms_only() {
    let client = at(AGENTS_ONLY);
    let block = &client.published(Step::Server)["agent_auth"];
    assert_eq!(block["identity_types_supported"], json!(["identity_assertion"]));
    assert_eq!(code(&register(&client)), (400, "anonymous_not_enabled"));
    for (kind, refused) in [("service_auth", "service_auth_not_enabled"), ("identity_assertion", "issuer_not_enabled")]
    {
        assert_eq!(code(&client.call(Step::Register, json!({"type": kind}))), (400, refused));
    }
}

#[test]
fn prose_tells_a_person_where_a_key_is_made() {
    let client = at(PROSE);
    assert_eq!((client.look(&PROSE.path(Step::Resource)).0, client.look(&PROSE.path(Step::Server)).0), (404, 404));
    let (status, document) = client.look(&PROSE.path(Step::AuthMd));
    let links: Vec<&str> = document.split_whitespace().filter(|word| word.starts_with("http://")).collect();
    assert_eq!((status, links.len()), (200, 2), "{document}");
    assert!(links.iter().all(|link| client.look(link).0 == 200));
    let (_, page) = client.human(links[1], &[]);
    let key = page.split("<code>").nth(1).and_then(|rest| rest.split('<').next()).expect("a key");
    assert_eq!((client.api(key), client.api("nobody's")), (200, 401));
}

#[test]
fn every_service_is_on_the_index_and_in_the_ready_line() {
    let client = at(PROSE);
    let (_, index) = client.look("/");
    let ready: Value = serde_json::from_str(&client.sandbox.ready_line()).expect("JSON");
    for profile in PROFILES {
        let target = client.sandbox.target(profile);
        assert!(index.contains(&target) && index.contains(profile.name), "{target}");
        let listed = ready["services"].as_array().expect("services").iter().find(|it| it["target"] == *target);
        assert_eq!(listed.map(|it| text(it, "name")), Some(profile.name.to_owned()));
        assert_eq!(client.look(profile.base).0, 401, "{target}");
        let explained = client.look(&profile.path(Step::AuthMd)).1.starts_with("# ");
        assert_eq!(explained, profile.serves(Step::AuthMd), "{target}");
    }
}
