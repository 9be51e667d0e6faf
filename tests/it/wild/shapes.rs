//! Services as nobody has met them yet: what the protocol and its odd relatives allow, put together otherwise.
//!
//! The files below `tests/fixtures/shapes` hold several services each. One is written as the difference from a plain
//! service: its `agent_auth` block, what else its `server` and `resource` publish (false: no such document), further
//! `documents`, and its `calls`. What many have in common is in `parts.json` and stands by its name. `HOST` is the host of
//! the service; where nothing is said, it takes the credential that the walk ends with, as a Bearer token.

use std::fs;
use std::path::Path;

use serde_json::{Map, Value, json};

use super::service::Service;
use super::walk::{Walk, Way, complaint, discovered};

const RESOURCE: &str = "https://HOST/.well-known/oauth-protected-resource";
const SERVER: &str = "https://HOST/.well-known/oauth-authorization-server";

fn file(name: &str) -> Value {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures/shapes");
    serde_json::from_str(&fs::read_to_string(folder.join(format!("{name}.json"))).expect(name)).expect(name)
}

const FILES: [&str; 9] =
    ["answers", "credentials", "starts", "codes", "wants", "closed", "published", "handed-over", "nested"];

fn all() -> Vec<Value> {
    FILES.into_iter().flat_map(|name| file(name).as_array().expect("services").clone()).collect()
}

fn name(written: &Value) -> &str {
    written["name"].as_str().expect("a name")
}

fn way(written: &Value) -> Way<'_> {
    let (kind, text) = match &written["way"] {
        Value::String(kind) => (kind.as_str(), ""),
        Value::Object(way) => {
            way.iter().next().map(|(kind, text)| (kind.as_str(), text.as_str().expect("a text"))).expect("a way")
        }
        other => panic!("{other}"),
    };
    match kind {
        "code" => Way::Code(text),
        "page" => Way::Page(text),
        "exchanged" => Way::Exchanged(text),
        "at_once" => Way::AtOnce(text),
        "pasted" => Way::Pasted,
        "told" => Way::Told(text),
        other => panic!("{other}"),
    }
}

/// A part by its name, or as it stands.
fn part<'a>(parts: &'a Value, kind: &str, written: &'a Value) -> &'a Value {
    written.as_str().map_or(written, |name| parts[kind].get(name).expect(name))
}

/// `base` and what is `written` besides; nothing where that is false.
fn document(base: Value, written: &Value) -> Option<Value> {
    let mut document = base;
    match written {
        Value::Bool(false) => return None,
        Value::Object(more) => document.as_object_mut()?.extend(more.clone()),
        _ => {}
    }
    Some(json!({"json": document}))
}

/// The service, as [`Service`] wants it written.
fn service(parts: &Value, written: &Value) -> Service {
    let mut documents = Map::new();
    let resource = json!({"resource": "https://HOST", "authorization_servers": ["https://HOST"]});
    documents.extend(document(resource, &written["resource"]).map(|it| (RESOURCE.to_owned(), it)));
    let block = match &written["agent_auth"] {
        Value::Null => &parts["agent_auth"]["anonymous"],
        written => part(parts, "agent_auth", written),
    };
    let server = match block {
        Value::Bool(false) => json!({"issuer": "https://HOST"}),
        block => json!({"issuer": "https://HOST", "agent_auth": block}),
    };
    let published = document(server, part(parts, "server", &written["server"]));
    documents.extend(published.map(|it| (SERVER.to_owned(), it)));
    documents.extend(written["documents"].as_object().cloned().unwrap_or_default());

    let calls = written["calls"].as_array().into_iter().flatten().map(|call| {
        let call = part(parts, "calls", call).as_array().expect("a call");
        let to = call[0].as_str().expect("a place").replace(" /", " https://HOST/");
        json!({"call": to, "when": call[1], "answers": call[2..]})
    });
    let mut whole = json!({"target": "https://HOST", "documents": documents, "calls": calls.collect::<Vec<_>>()});
    let credential = match (&written["credential"], way(written)) {
        (Value::String(credential), _) => Some(credential.as_str()),
        (_, Way::Code(secret) | Way::Page(secret) | Way::Exchanged(secret) | Way::AtOnce(secret)) => Some(secret),
        _ => None,
    };
    if let Some(credential) = credential {
        let by = written["shown_by"].as_str().unwrap_or("bearer");
        whole["api"] = json!({"url": "https://HOST", "credential": credential, "by": by});
        whole["api"]
            .as_object_mut()
            .expect("an object")
            .extend(written["api"].as_object().cloned().unwrap_or_default());
    }
    for more in ["target", "code", "either", "page", "user_code", "everything_else"] {
        if let Some(value) = written.get(more) {
            whole[more] = value.clone();
        }
    }
    let host = format!("{}.example", name(written));
    Service::new(serde_json::from_str(&whole.to_string().replace("HOST", &host)).expect("still JSON"))
}

#[test]
fn each_is_judged_and_walked_as_is_written_of_it() {
    let (parts, mut wrong) = (file("parts"), Vec::new());
    for written in all() {
        let (found, _) = discovered(&mut service(&parts, &written));
        if written["verdict"] != found.as_str() {
            wrong.push(format!("{}: {}", name(&written), found.as_str()));
        }
        let (walk, outcome) = Walk::through(service(&parts, &written));
        let complaint = complaint(&walk, &outcome, way(&written));
        wrong.extend(complaint.map(|complaint| format!("{}: {complaint}", name(&written))));
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n\n"));
}
