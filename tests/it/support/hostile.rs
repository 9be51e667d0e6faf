//! Services that do as they are told, byte by byte: well-behaved ones, and those that mean harm.

use std::io::{self, BufRead, BufReader, Read, Write};
use std::net::{SocketAddr, TcpListener};
use std::sync::{Arc, Mutex};
use std::thread;
use std::time::Duration;

use rustls::{ServerConfig, ServerConnection, StreamOwned};
use serde_json::{Value, json};

pub trait Stream: Read + Write + Send {}
impl<T: Read + Write + Send> Stream for T {}

/// How a call is answered.
#[derive(Clone)]
pub enum Act {
    /// These bytes, and that was it.
    Says(Vec<u8>),
    /// The first bytes once, then the second ones until nobody listens any more.
    Pours(String, Vec<u8>),
    /// The first bytes at once, then a byte a second.
    Drips(String),
    HangsUp,
}

/// By method and path, as in `GET /prm` (what a query says is never meant), and the service's own address; `None` is a 404.
pub type Script = Arc<dyn Fn(&str, &str) -> Option<Act> + Send + Sync>;

pub struct Service {
    pub address: SocketAddr,
    calls: Arc<Mutex<Vec<String>>>,
}

impl Service {
    pub fn start(script: Script) -> Self {
        Self::over(None, None, script)
    }

    /// Over TLS. It calls itself by that address in what it publishes.
    pub fn secure(config: Arc<ServerConfig>, base: &str, script: Script) -> Self {
        Self::over(Some(config), Some(base.to_owned()), script)
    }

    fn over(tls: Option<Arc<ServerConfig>>, base: Option<String>, script: Script) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").expect("a port");
        let address = listener.local_addr().expect("an address");
        let base = base.unwrap_or_else(|| format!("http://{address}/"));
        let calls = Arc::new(Mutex::new(Vec::new()));
        let theirs = Arc::clone(&calls);
        thread::spawn(move || {
            for stream in listener.incoming().flatten() {
                let (script, base, calls, tls) = (Arc::clone(&script), base.clone(), Arc::clone(&theirs), tls.clone());
                thread::spawn(move || match tls {
                    None => serve(&mut &stream, &script, &base, &calls),
                    Some(config) => serve_within_tls(&mut within_tls(config, stream), &script, &base, &calls),
                });
            }
        });
        Self { address, calls }
    }

    pub fn url(&self) -> String {
        format!("http://{}/", self.address)
    }

    pub fn calls(&self) -> Vec<String> {
        self.calls.lock().expect("not poisoned").clone()
    }
}

pub fn within_tls<S: Stream>(config: Arc<ServerConfig>, stream: S) -> StreamOwned<ServerConnection, S> {
    StreamOwned::new(ServerConnection::new(config).expect("a connection"), stream)
}

/// The same over TLS, ended as TLS wants it: else the last of it would pass for cut off.
pub fn serve_within_tls<S: Stream>(
    stream: &mut StreamOwned<ServerConnection, S>,
    script: &Script,
    base: &str,
    calls: &Mutex<Vec<String>>,
) {
    serve(stream, script, base, calls);
    stream.conn.send_close_notify();
    let _ = stream.flush();
}

/// One call, one answer. Whoever hangs up in the middle has seen enough.
pub fn serve(stream: &mut impl Stream, script: &Script, base: &str, calls: &Mutex<Vec<String>>) {
    let Ok(call) = asked(stream) else {
        return;
    };
    calls.lock().expect("not poisoned").push(call.clone());
    let path = call.split('?').next().unwrap_or_default();
    let act = script(path, base).unwrap_or_else(|| status(404, "Not Found", ""));
    let _ = play(stream, &act);
}

fn play(stream: &mut impl Stream, act: &Act) -> io::Result<()> {
    match act {
        Act::Says(bytes) => stream.write_all(bytes)?,
        Act::Pours(head, more) => {
            stream.write_all(head.as_bytes())?;
            loop {
                stream.write_all(more)?;
            }
        }
        Act::Drips(head) => {
            stream.write_all(head.as_bytes())?;
            stream.flush()?;
            loop {
                thread::park_timeout(Duration::from_secs(1));
                stream.write_all(b" ")?;
                stream.flush()?;
            }
        }
        Act::HangsUp => return Ok(()),
    }
    stream.flush()
}

/// Reads a request whole, so that closing the connection afterwards takes nothing of the answer back.
fn asked(stream: &mut impl Read) -> io::Result<String> {
    let mut reader = BufReader::with_capacity(1, stream);
    let lines = head(&mut reader)?;
    let length = lines.iter().find_map(|line| {
        let (name, value) = line.split_once(':')?;
        name.eq_ignore_ascii_case("content-length").then(|| value.trim().parse::<u64>().ok())?
    });
    io::copy(&mut reader.take(length.unwrap_or(0)), &mut io::sink())?;
    let mut words = lines[0].split(' ');
    Ok(format!("{} {}", words.next().unwrap_or_default(), words.next().unwrap_or_default()))
}

/// The lines of a request up to the blank one.
pub fn head(reader: &mut impl BufRead) -> io::Result<Vec<String>> {
    let mut lines = Vec::new();
    loop {
        let mut line = String::new();
        if reader.read_line(&mut line)? == 0 {
            return Err(io::ErrorKind::UnexpectedEof.into());
        }
        match line.trim_end() {
            "" if lines.is_empty() => {}
            "" => return Ok(lines),
            line => lines.push(line.to_owned()),
        }
    }
}

pub fn status(code: u16, reason: &str, headers: &str) -> Act {
    Act::Says(format!("HTTP/1.1 {code} {reason}\r\n{headers}content-length: 0\r\nconnection: close\r\n\r\n").into())
}

pub fn body(kind: &str, text: impl AsRef<[u8]>) -> Act {
    let head = format!("HTTP/1.1 200 OK\r\ncontent-type: {kind}\r\nconnection: close\r\n\r\n");
    Act::Says([head.as_bytes(), text.as_ref()].concat())
}

pub fn json(value: &Value) -> Act {
    body("application/json", value.to_string())
}

/// The documents of a service that behaves: a sign-up by code, without a name first.
pub fn document(call: &str, base: &str) -> Option<Value> {
    Some(match call {
        "GET /prm" => json!({"resource": base, "resource_name": "Acme Mail", "authorization_servers": [base]}),
        "GET /.well-known/oauth-authorization-server" => json!({
            "issuer": base,
            "agent_auth": {
                "identity_endpoint": format!("{base}agent/identity"),
                "claim_endpoint": format!("{base}agent/claim"),
                "identity_types_supported": ["anonymous"],
                "skill": format!("{base}auth.md"),
            },
        }),
        "POST /agent/identity" => json!({
            "registration_id": "reg_1",
            "claim_token": "clm_hostile_1",
            "claim_token_expires": "2099-01-01T00:00:00Z",
            "post_claim_scopes": ["mail.read"],
        }),
        "POST /agent/claim" => json!({
            "status": "pending",
            "message": "A mail is on its way.",
            "verification_uri": format!("{base}verify"),
        }),
        _ => return None,
    })
}

/// The same as answers.
pub fn behaves(call: &str, base: &str) -> Option<Act> {
    match call {
        "GET /" => {
            let challenge = format!("www-authenticate: Bearer resource_metadata=\"{base}prm\"\r\n");
            Some(status(401, "Unauthorized", &challenge))
        }
        "GET /auth.md" => Some(body("text/markdown", "# Acme\n\nSign up.\n")),
        call => document(call, base).map(|value| json(&value)),
    }
}

/// A port that nobody has any business with.
pub struct Bystander(TcpListener);

impl Bystander {
    pub fn new() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").expect("a port");
        listener.set_nonblocking(true).expect("set");
        Self(listener)
    }

    pub fn port(&self) -> u16 {
        self.0.local_addr().expect("an address").port()
    }

    pub fn was_contacted(&self) -> bool {
        self.0.accept().is_ok()
    }
}
