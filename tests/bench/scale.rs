//! The built program with very many accounts and services, as a person and a script meet it: `cargo bench --bench scale`.
//! `AUTHMD_BENCH_PROGRAM` names another build than that of the benches, as the one that is released; in `dbus-run-session` with an
//! open keyring, handing out a credential of the vault is measured, too. Of each, the median and the slowest.

use std::collections::HashMap;
use std::fs;
use std::io::{Read, Write};
use std::net::TcpListener;
use std::path::Path;
use std::process::{Command, Output, Stdio};
use std::sync::Arc;
use std::time::{Duration, Instant};
use std::{env, thread};

use accounts::account;
use authmd_tui::account::{Kept, StoreKind};
use authmd_tui::flow::Guard;
use authmd_tui::secret::Secret;
use authmd_tui::shell::clock;
use authmd_tui::store::Store;
use authmd_tui::store::json::Json;
use authmd_tui::store::keyring::System;
use authmd_tui::store::vault::Vault;
use axum::Router;
use axum::extract::{Path as InPath, State};
use axum::http::{HeaderMap, StatusCode};
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use portable_pty::{CommandBuilder, PtySize, native_pty_system};
use rustls::{ServerConnection, StreamOwned};
use serde_json::json;
use tempfile::TempDir;
use tls::Authority;

mod accounts;
#[path = "../it/support/tls.rs"]
#[allow(dead_code)] // Tests want certificates that are not good, too.
mod tls;

fn main() {
    for accounts in [1_000, 10_000] {
        let home = Home::with_vault(accounts, &by_passphrase());
        let (mut first, mut whole, mut memory) = (Vec::new(), Vec::new(), 0);
        for _ in 0..15 {
            let frame = first_frame(&home);
            first.push(frame.first);
            whole.push(frame.whole);
            memory = memory.max(frame.memory);
        }
        told(&format!("first frame, {accounts} accounts in the vault"), first);
        told(&format!("first frame with its accounts, {accounts}"), whole);
        println!("{:<60} {:>8.1} MiB", format!("most memory until then, {accounts}"), memory as f64 / 1024.0);
    }
    let home = Home::with_vault(1_000, &by_passphrase());
    told("list --json, 1,000 accounts", timed(20, || home.run(&["list", "--json"])));
    told("check, 1,000 accounts", timed(20, || home.run(&["check"])));
    tokens();
    after_https();
    let delay = Duration::from_millis(100);
    let slow = serve(delay);
    let home = Home::new();
    let target = format!("{slow}/published");
    told("discover, each answer 100 ms late", timed(10, || home.run(&["discover", &target])));
    let slow = serve(Duration::from_millis(200));
    let home = Home::new();
    let file = Json::new(home.path("tokens.json").into());
    (0..200).for_each(|nth| file.save(&at(&format!("{slow}/s/{nth}/"), nth, StoreKind::Json)).expect("saved"));
    told("verify --all, 200 services, each answer 200 ms late", timed(5, || home.run(&["verify", "--all"])));
    idle();
}

/// The median of these, and the slowest.
fn told(what: &str, mut times: Vec<Duration>) {
    times.sort();
    let ms = |time: Option<&Duration>| time.map_or(0.0, |time| time.as_secs_f64() * 1_000.0);
    println!("{what:<60} {:>8.1} ms   at most {:.1} ms", ms(times.get(times.len() / 2)), ms(times.last()));
}

#[allow(clippy::disallowed_methods)]
fn start() -> Instant {
    Instant::now()
}

fn timed<T>(times: usize, mut work: impl FnMut() -> T) -> Vec<Duration> {
    (0..times)
        .map(|_| {
            let started = start();
            work();
            started.elapsed()
        })
        .collect()
}

fn program() -> String {
    env::var("AUTHMD_BENCH_PROGRAM").unwrap_or_else(|_| env!("CARGO_BIN_EXE_authmd-tui").to_owned())
}

fn by_passphrase() -> Guard {
    Guard::Passphrase(Secret::new("correct horse"))
}

fn at(resource: &str, nth: usize, store: StoreKind) -> Kept {
    let account = account(nth, resource, store, clock::now());
    Kept::new(account, Secret::new(format!("sk_live_0123456789abcdef_{nth}")))
}

struct Home(TempDir);

impl Home {
    fn new() -> Self {
        Self(TempDir::new().expect("a folder"))
    }

    fn with_vault(accounts: usize, guard: &Guard) -> Self {
        let home = Self::new();
        let vault = Vault::new(home.0.path().join("vault"), Arc::new(System::default()));
        vault.protect(guard).expect("made");
        for nth in 0..accounts {
            vault.save(&at(&format!("https://api.service-{nth}.dev/"), nth, StoreKind::Vault)).expect("saved");
        }
        home
    }

    fn path(&self, name: &str) -> String {
        self.0.path().join(name).display().to_string()
    }

    fn environment(&self) -> HashMap<&'static str, String> {
        let bus = env::var("DBUS_SESSION_BUS_ADDRESS").unwrap_or_else(|_| "unix:path=/nonexistent".to_owned());
        HashMap::from([
            ("AUTHMD_TUI_HOME", self.path("")),
            ("HOME", self.path("")),
            ("TERM", "xterm-256color".to_owned()),
            ("LC_ALL", "C.UTF-8".to_owned()),
            ("DBUS_SESSION_BUS_ADDRESS", bus),
            ("XDG_RUNTIME_DIR", env::var("XDG_RUNTIME_DIR").unwrap_or_default()),
        ])
    }

    fn run(&self, arguments: &[&str]) -> Output {
        let mut command = Command::new(program());
        command.args(arguments).env_clear().envs(self.environment()).stdin(Stdio::null());
        if Path::new(&self.path("tokens.json")).exists() {
            command.env("AUTH_MD_TOKEN_STORE", self.path("tokens.json"));
        }
        command.output().expect("run")
    }
}

struct Frame {
    first: Duration,
    whole: Duration,
    /// KiB.
    memory: u64,
}

/// The full screen, from its start to what is on it.
fn first_frame(home: &Home) -> Frame {
    let mut seen = Seen::start(home);
    let first = seen.until("authmd");
    let whole = seen.until("Service 0");
    let memory = status(seen.process, "VmHWM:");
    Frame { first, whole, memory }
}

struct Seen {
    begun: Instant,
    reader: Box<dyn Read + Send>,
    bytes: Vec<u8>,
    process: u32,
    child: Box<dyn portable_pty::Child + Send + Sync>,
    writer: Box<dyn Write + Send>,
    _master: Box<dyn portable_pty::MasterPty + Send>,
}

impl Seen {
    fn start(home: &Home) -> Self {
        Self::start_with(home, &[])
    }

    fn start_with(home: &Home, extra: &[(&str, &str)]) -> Self {
        let size = PtySize { rows: 40, cols: 120, pixel_width: 0, pixel_height: 0 };
        let pair = native_pty_system().openpty(size).expect("a pseudo-terminal");
        let mut command = CommandBuilder::new(program());
        command.env_clear();
        home.environment().into_iter().for_each(|(name, value)| command.env(name, value));
        extra.iter().for_each(|(name, value)| command.env(name, value));
        let begun = start();
        let child = pair.slave.spawn_command(command).expect("started");
        let reader = pair.master.try_clone_reader().expect("a reader");
        let process = child.process_id().expect("a process");
        let writer = pair.master.take_writer().expect("a writer");
        Self { begun, reader, bytes: Vec::new(), process, child, writer, _master: pair.master }
    }

    fn type_in(&mut self, keys: &str) {
        self.writer.write_all(keys.as_bytes()).and_then(|()| self.writer.flush()).expect("typed");
    }

    fn until(&mut self, text: &str) -> Duration {
        let mut buffer = [0; 65_536];
        while !self.bytes.windows(text.len()).any(|bytes| bytes == text.as_bytes()) {
            let read = self.reader.read(&mut buffer).expect("the program goes on");
            assert!(read > 0, "the program ended");
            self.bytes.extend_from_slice(&buffer[..read]);
        }
        self.begun.elapsed()
    }
}

impl Drop for Seen {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// A number that the system keeps of a process (proc(5)).
fn status(process: u32, name: &str) -> u64 {
    let text = fs::read_to_string(format!("/proc/{process}/status")).unwrap_or_default();
    let line = text.lines().find_map(|line| line.strip_prefix(name)).unwrap_or_default();
    line.split_whitespace().next().and_then(|number| number.parse().ok()).unwrap_or(0)
}

/// A credential handed out, from a vault whose key the keyring has.
fn tokens() {
    if Vault::new(TempDir::new().expect("a folder").path().to_owned(), Arc::new(System::default())).probe().is_err() {
        println!("(there is no keyring here: token is not measured)");
        return;
    }
    let home = Home::with_vault(1_000, &Guard::Keyring);
    let ran = home.run(&["token", "service-500"]);
    assert!(ran.status.success(), "{}", String::from_utf8_lossy(&ran.stderr));
    told("token, of 1,000 accounts, with the keyring", timed(20, || home.run(&["token", "service-500"])));
    told("list --json beside it, which needs no keyring", timed(20, || home.run(&["list", "--json"])));
}

/// The most memory of the full screen after a service was looked for over TLS, with the system's authorities and one more.
fn after_https() {
    let authority = Authority::new("The bench");
    let home = Home::with_vault(1_000, &by_passphrase());
    let file = authority.write(home.0.path());
    let system = fs::read_to_string("/etc/ssl/certs/ca-certificates.crt").unwrap_or_default();
    fs::write(&file, system + &fs::read_to_string(&file).expect("written")).expect("written");
    let listener = TcpListener::bind("127.0.0.1:0").expect("a port");
    let target = format!("https://localhost:{}", listener.local_addr().expect("an address").port());
    let config = authority.server("localhost");
    thread::spawn(move || {
        for stream in listener.incoming().flatten() {
            let config = Arc::clone(&config);
            thread::spawn(move || {
                let mut stream = StreamOwned::new(ServerConnection::new(config).expect("a connection"), stream);
                let mut head = Vec::new();
                let mut byte = [0];
                while !head.ends_with(b"\r\n\r\n") && stream.read(&mut byte).is_ok_and(|read| read == 1) {
                    head.push(byte[0]);
                }
                let _ = stream.write_all(b"HTTP/1.1 404 Not Found\r\ncontent-length: 0\r\nconnection: close\r\n\r\n");
                stream.conn.send_close_notify();
                let _ = stream.flush();
            });
        }
    });
    let mut seen = Seen::start_with(&home, &[("SSL_CERT_FILE", &file)]);
    seen.until("Service 0");
    seen.type_in("a");
    seen.until("Which");
    seen.type_in(&format!("{target}\r"));
    seen.until("publishes");
    println!(
        "{:<60} {:>8.1} MiB",
        "most memory after a request over TLS, 1000",
        status(seen.process, "VmHWM:") as f64 / 1024.0
    );
}

/// A minute in front of the list with nothing pressed.
fn idle() {
    let home = Home::with_vault(100, &by_passphrase());
    let mut seen = Seen::start(&home);
    seen.until("Service 0");
    let switches = |process: u32| -> u64 {
        let tasks = fs::read_dir(format!("/proc/{process}/task")).expect("its threads").flatten();
        let ids = tasks.filter_map(|task| task.file_name().to_str().and_then(|id| id.parse().ok()));
        ids.map(|id: u32| status(id, "voluntary_ctxt_switches:") + status(id, "nonvoluntary_ctxt_switches:")).sum()
    };
    let ticks = |process: u32| -> u64 {
        let text = fs::read_to_string(format!("/proc/{process}/stat")).expect("its times");
        let after = text.rsplit(')').next().unwrap_or_default().split_whitespace();
        after.skip(11).take(2).filter_map(|ticks| ticks.parse::<u64>().ok()).sum()
    };
    // Threads that were needed at the start end when they had nothing to do for ten seconds.
    thread::sleep(Duration::from_secs(12));
    let before = (switches(seen.process), ticks(seen.process));
    thread::sleep(Duration::from_secs(60));
    let after = (switches(seen.process), ticks(seen.process));
    println!("{:<60} {} wakeups, {} CPU ticks", "60 s with nothing pressed", after.0 - before.0, after.1 - before.1);
}

/// Services that answer so late: one that publishes all of auth.md, and any number that take a key.
fn serve(delay: Duration) -> String {
    let listener = TcpListener::bind("127.0.0.1:0").expect("a port");
    let base = format!("http://{}", listener.local_addr().expect("an address"));
    let state = (delay, base.clone());
    thread::spawn(move || {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().expect("a runtime");
        runtime.block_on(async {
            listener.set_nonblocking(true).expect("set");
            let listener = tokio::net::TcpListener::from_std(listener).expect("a listener");
            let router = Router::new().route("/s/{nth}/", get(keyed)).fallback(published).with_state(state);
            axum::serve(listener, router).await.expect("served");
        });
    });
    base
}

async fn keyed(
    State((delay, _)): State<(Duration, String)>,
    InPath(nth): InPath<usize>,
    headers: HeaderMap,
) -> Response {
    tokio::time::sleep(delay).await;
    let key = format!("Bearer sk_live_0123456789abcdef_{nth}");
    let good = headers.get("authorization").is_some_and(|value| value.as_bytes() == key.as_bytes());
    if good { "fine".into_response() } else { StatusCode::UNAUTHORIZED.into_response() }
}

async fn published(State((delay, base)): State<(Duration, String)>, uri: axum::http::Uri) -> Response {
    tokio::time::sleep(delay).await;
    let place = "/.well-known/oauth-protected-resource/published";
    match uri.path() {
        "/published" => {
            let challenge = format!("Bearer resource_metadata=\"{base}{place}\"");
            (StatusCode::UNAUTHORIZED, [("www-authenticate", challenge)]).into_response()
        }
        path if path == place => axum::Json(json!({
            "resource": format!("{base}/published"), "resource_name": "Slow", "authorization_servers": [format!("{base}/issuer")],
        }))
        .into_response(),
        "/.well-known/oauth-authorization-server/issuer" => axum::Json(json!({
            "issuer": format!("{base}/issuer"), "revocation_endpoint": format!("{base}/revoke"),
            "agent_auth": {
                "identity_endpoint": format!("{base}/identity"), "claim_endpoint": format!("{base}/claim"),
                "identity_types_supported": ["anonymous"],
            },
        }))
        .into_response(),
        "/published/auth.md" => "# Slow\n\nSign up.\n".into_response(),
        "/identity" => StatusCode::METHOD_NOT_ALLOWED.into_response(),
        _ => StatusCode::NOT_FOUND.into_response(),
    }
}
