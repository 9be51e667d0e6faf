//! What a service that means harm may answer.

use std::sync::Arc;

use serde_json::{Value, json};

use crate::support::hostile::{Act, Script, behaves, body, document, json, status};

/// Clears the screen, fills the clipboard, names the window; eight-bit controls; turns the reading direction; hides.
pub const PAYLOAD: &str = "x\u{1b}[2J\u{1b}]52;c;aGFja2Vk\u{7}\u{1b}]0;owned\u{1b}\\\u{9b}31m\u{9d}52;c;aGFja2Vk\u{9c}\u{0}\u{8}\r\n\u{202e}\u{2066}\u{200b}\u{200d}\u{feff}y";

/// The calls that begin so are answered so; all others, as a service should.
pub fn but(start: &'static str, act: impl Fn(&str) -> Act + Send + Sync + 'static) -> Script {
    Arc::new(move |call, base| if call.starts_with(start) { Some(act(base)) } else { behaves(call, base) })
}

/// The metadata of the server with one member of its block changed.
pub fn offering(member: &'static str, value: impl Fn(&str) -> Value + Send + Sync + 'static) -> Script {
    but("GET /.well-known/oauth-authorization-server", move |base| {
        let mut metadata = document("GET /.well-known/oauth-authorization-server", base).expect("there");
        metadata["agent_auth"][member] = value(base);
        json(&metadata)
    })
}

pub fn endless_body() -> Act {
    Act::Pours("HTTP/1.1 200 OK\r\ncontent-type: application/json\r\n\r\n".into(), vec![b' '; 65536])
}

pub fn many_headers() -> Act {
    Act::Pours(
        "HTTP/1.1 200 OK\r\n".into(),
        b"x-filler: aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa\r\n".to_vec(),
    )
}

pub fn long_header() -> Act {
    Act::Pours("HTTP/1.1 200 OK\r\nx-filler: ".into(), vec![b'a'; 65536])
}

pub fn preliminaries() -> Act {
    Act::Pours(String::new(), b"HTTP/1.1 100 Continue\r\n\r\n".repeat(1000))
}

pub fn slow_drip() -> Act {
    Act::Drips("HTTP/1.1 200 OK\r\ncontent-type: application/json\r\n\r\n{".into())
}

pub fn deep_json() -> Act {
    let deep = format!("{{\"agent_auth\":{}{}}}", "[".repeat(100_000), "]".repeat(100_000));
    body("application/json", deep)
}

pub fn large_json() -> Act {
    body("application/json", format!("{{\"resource\":\"{}\"}}", "a".repeat(10 * 1024 * 1024)))
}

/// As many values as fit into what is read: half a million.
pub fn wide_json() -> Act {
    body("application/json", format!("{{\"agent_auth\":{{\"x\":[0{}]}}}}", ",0".repeat(500_000)))
}

pub fn wide_objects() -> Act {
    body("application/json", format!("{{\"agent_auth\":{{\"x\":[{{}}{}]}}}}", ",{\"a\":{}}".repeat(110_000)))
}

/// 900 KiB that inflate to 140 MiB of zeros: one literal, then "the last byte 258 times more" without end (RFC 1951).
pub fn gzip_bomb() -> Act {
    let mut packed = vec![0x1f, 0x8b, 8, 0, 0, 0, 0, 0, 0, 255];
    // Bits are packed from the lowest up: last block, fixed codes; a zero byte; length 258, distance 1.
    let start = [1, 1, 0, 0, 0, 1, 1, 0, 0, 0, 0];
    let again = [1, 1, 0, 0, 0, 1, 0, 1, 0, 0, 0, 0, 0];
    let bits: Vec<u8> = start.iter().chain(again.iter().cycle()).take((2 + 13) * 8).copied().collect();
    let bytes = bits.chunks(8).map(|byte| byte.iter().rev().fold(0, |byte, bit| byte << 1 | bit));
    let bytes: Vec<u8> = bytes.collect();
    // From the third byte on it is the same thirteen again and again.
    packed.extend_from_slice(&bytes[..2]);
    packed.extend(bytes[2..].iter().cycle().take(900 * 1024));
    let head =
        "HTTP/1.1 200 OK\r\ncontent-type: application/json\r\ncontent-encoding: gzip\r\nconnection: close\r\n\r\n";
    Act::Says([head.as_bytes(), &packed].concat())
}

/// The same where sign-up is only published in prose.
pub fn wide_prose() -> Act {
    body(
        "text/markdown",
        format!("# Acme\n\n```json\n{{\"agent_auth\":{{\"x\":[{{}}{}]}}}}\n```\n", ",{\"a\":{}}".repeat(110_000)),
    )
}

pub fn redirect(place: &str) -> Act {
    status(302, "Found", &format!("location: {place}\r\n"))
}

/// Resource metadata that names an authorization server.
pub fn served_by(base: &str, server: &str) -> Act {
    json(&json!({"resource": base, "authorization_servers": [server]}))
}

pub fn header_of_controls() -> Act {
    status(401, "No", &format!("server: {PAYLOAD}\r\n"))
}

pub fn garbage() -> Act {
    Act::Says((0..4096_u32).map(|n| (n.wrapping_mul(2_654_435_761) >> 24) as u8).collect())
}

/// Every text of a document with the payload in it. Addresses carry it where they lead nowhere else by it.
pub fn poisoned(value: Value, base: &str) -> Value {
    match value {
        Value::String(text) if text.starts_with(base) => Value::String(format!("{text}?{PAYLOAD}")),
        Value::String(text) if text == "anonymous" || text == "pending" => Value::String(text),
        Value::String(text) => Value::String(format!("{text}{PAYLOAD}")),
        Value::Array(items) => items.into_iter().map(|item| poisoned(item, base)).collect(),
        Value::Object(members) => {
            let mut members: serde_json::Map<_, _> =
                members.into_iter().map(|(name, value)| (name, poisoned(value, base))).collect();
            members.insert(format!("extra{PAYLOAD}"), json!(PAYLOAD));
            Value::Object(members)
        }
        other => other,
    }
}

/// Poison wherever text can be. A header cannot carry all of it: control characters in it are another case.
pub fn poison() -> Script {
    Arc::new(|call, base| match call {
        "GET /" => Some(status(
            401,
            "No",
            &format!(
                "server: \u{202e}\u{9b}31m\r\nwww-authenticate: Basic realm=\"\u{202e}\u{9b}\"\r\nwww-authenticate: Bearer resource_metadata=\"{base}prm?%1b%9b\"\r\n"
            ),
        )),
        "GET /auth.md" => Some(body("text/markdown", format!("# {PAYLOAD}\n\n{PAYLOAD}\n"))),
        call => document(call, base).map(|value| json(&poisoned(value, base))),
    })
}
