//! Nothing that this program writes holds a secret: a service puts recognisable ones into every member of every answer, and
//! everything written is looked through.

use std::fs;
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread;

use axum::Router;
use axum::extract::State;
use axum::http::{StatusCode, header};
use axum::response::IntoResponse;
use axum::routing::{get, post};
use serde_json::{Value, json};

use crate::support::terminal::{Home, Screen};

/// What is planted, in whatever place.
const MARK: &str = "PLANTED";
const CODE: &str = "735193";

/// A service that repeats its secrets, and the code it was sent, wherever there is room for words.
struct Leaky {
    url: String,
    tokens: AtomicUsize,
}

impl Leaky {
    fn start() -> String {
        let listener = std::net::TcpListener::bind("127.0.0.1:0").expect("a port");
        listener.set_nonblocking(true).expect("set");
        let url = format!("http://{}", listener.local_addr().expect("an address"));
        let leaky = Arc::new(Leaky { url: url.clone(), tokens: AtomicUsize::new(0) });
        let router = Router::new()
            .route("/", get(api))
            .route("/prm", get(|State(it): State<Arc<Leaky>>| async move { axum::Json(it.resource()) }))
            .route(
                "/.well-known/oauth-authorization-server",
                get(|State(it): State<Arc<Leaky>>| async move { axum::Json(it.server()) }),
            )
            .route("/register", post(|State(it): State<Arc<Leaky>>| async move { axum::Json(it.registered()) }))
            .route("/claim", post(|State(it): State<Arc<Leaky>>| async move { axum::Json(it.claimed()) }))
            .route("/complete", post(complete))
            .route("/token", post(token))
            .route("/revoke", post(|| async { axum::Json(words("revoke")) }))
            .with_state(leaky);
        thread::spawn(move || {
            let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().expect("a runtime");
            runtime.block_on(async {
                let listener = tokio::net::TcpListener::from_std(listener).expect("a listener");
                axum::serve(listener, router).await.expect("served");
            });
        });
        url
    }

    fn resource(&self) -> Value {
        json!({"resource": format!("{}/", self.url), "resource_name": "Leaky", "authorization_servers": [self.url]})
    }

    fn server(&self) -> Value {
        let at = |path: &str| format!("{}{path}", self.url);
        json!({"issuer": self.url, "token_endpoint": at("/token"), "revocation_endpoint": at("/revoke"), "agent_auth": {
            "identity_endpoint": at("/register"), "claim_endpoint": at("/claim"), "claim_complete_endpoint": at("/complete"),
            "identity_types_supported": ["anonymous"]}})
    }

    fn registered(&self) -> Value {
        let mut answer = words("claim");
        answer["status"] = json!("pending");
        answer["claim_token"] = json!(secret("claim"));
        answer["credential"] = json!(secret("early"));
        answer["verification_uri"] = json!(format!("{}/page?t={}", self.url, secret("claim")));
        answer
    }

    fn claimed(&self) -> Value {
        let mut answer = words("claim");
        answer["status"] = json!("pending");
        answer["verification_uri"] = json!(format!("{}/page?t={}", self.url, secret("claim")));
        answer
    }

    fn pair(&self) -> Value {
        let nth = self.tokens.fetch_add(1, Ordering::SeqCst);
        let (access, refresh) = (format!("access{nth}"), format!("refresh{nth}"));
        let mut answer = words(&access);
        answer["access_token"] = json!(secret(&access));
        answer["refresh_token"] = json!(secret(&refresh));
        answer["expires_in"] = json!(1);
        answer["scope"] = json!(format!("read {} {}", secret(&access), secret(&refresh)));
        answer
    }
}

fn secret(name: &str) -> String {
    format!("{MARK}_{name}_secret")
}

/// A secret wherever words are expected, and in members that nobody knows.
fn words(name: &str) -> Value {
    let secret = secret(name);
    json!({"message": format!("Yours is {secret}."), "registration_id": secret, "note": {"deep": [secret, {"er": secret}]},
        secret.clone(): "a name", "status": "claimed"})
}

async fn api(headers: axum::http::HeaderMap, State(it): State<Arc<Leaky>>) -> impl IntoResponse {
    let known = headers.contains_key(header::AUTHORIZATION);
    let challenge = format!("Bearer resource_metadata=\"{}/prm\", error=\"{}\"", it.url, secret("header"));
    let status = if known { StatusCode::OK } else { StatusCode::UNAUTHORIZED };
    (status, [(header::WWW_AUTHENTICATE, challenge)], axum::Json(words("api")))
}

async fn complete(State(it): State<Arc<Leaky>>, body: String) -> impl IntoResponse {
    if !body.contains(CODE) {
        let typed = serde_json::from_str::<Value>(&body).unwrap_or_default()["otp"].clone();
        let said = format!("{} is wrong; your token is {}", typed.as_str().unwrap_or_default(), secret("claim"));
        let answer = json!({"error": "otp_invalid", "message": said, "code": secret("claim")});
        return (StatusCode::UNAUTHORIZED, axum::Json(answer));
    }
    (StatusCode::OK, axum::Json(it.pair()))
}

async fn token(State(it): State<Arc<Leaky>>, body: String) -> impl IntoResponse {
    match it.tokens.load(Ordering::SeqCst) {
        1 => (StatusCode::OK, axum::Json(it.pair())),
        _ => {
            // The refusal repeats the very token that it was sent.
            let sent = body.split("refresh_token=").nth(1).unwrap_or_default().to_owned();
            (
                StatusCode::BAD_REQUEST,
                axum::Json(json!({"error": sent, "error_description": sent, "hint": "invalid_grant"})),
            )
        }
    }
}

/// Every file below a folder.
fn files(folder: &Path) -> Vec<std::path::PathBuf> {
    let entries = fs::read_dir(folder).expect("readable").map(|entry| entry.expect("an entry").path());
    entries.flat_map(|path| if path.is_dir() { files(&path) } else { vec![path] }).collect()
}

fn clean(what: &str, bytes: &[u8], typed: &[&str]) {
    let text = String::from_utf8_lossy(bytes);
    for planted in typed.iter().chain([&MARK]) {
        let at = text.find(planted).map(|at| text[at.saturating_sub(80)..(at + 80).min(text.len())].to_owned());
        assert!(at.is_none(), "{what} holds {planted}: {at:?}");
    }
}

#[test]
fn nothing_written_anywhere_holds_a_secret() {
    const PASSPHRASE: &str = "planted passphrase";
    const WRONG: &str = "868686";
    let typed = [PASSPHRASE, CODE, WRONG];
    let (url, mut home) = (Leaky::start(), Home::new());
    home.extra.push(("AUTHMD_TUI_LOG", "trace".to_owned()));
    let events = home.path("events.jsonl");

    let mut screen = Screen::start(&["add", &url, "-v", "--events", &events], &home);
    screen.shows("How do you want to sign up?");
    screen.line("1");
    screen.shows("Type 1 to 4");
    screen.line("1");
    screen.shows("New passphrase");
    screen.line(PASSPHRASE);
    screen.shows("Once more");
    screen.line(PASSPHRASE);
    screen.shows("yes or no");
    screen.line("yes");
    screen.shows("Your e-mail address (or");
    screen.line("ada@example.com");
    screen.shows("The code (or: new");
    screen.line(WRONG);
    screen.shows("2 tries are left");
    screen.line(CODE);
    screen.shows("is connected");
    let (code, shown) = screen.ends();
    assert_eq!(code, 0, "{shown}");
    // What a person types for a prompt that shows it stands on their screen, and nowhere else.
    clean("the screen of add", shown.replace(CODE, "").replace(WRONG, "").as_bytes(), &typed);

    let mut full = Screen::start(&["--events", &events], &home);
    full.shows("Leaky");
    full.keys("v");
    full.shows("Unlock the vault");
    full.line(PASSPHRASE);
    full.shows("works (200)");
    full.keys("\r");
    clean("the detail", full.shows("refresh token").as_bytes(), &typed);
    full.keys("r");
    clean("the renewal", full.shows("has a new credential").as_bytes(), &typed);
    full.keys("\r");
    full.shows("Leaky");
    full.keys("q");
    clean("the full screen", full.ends().1.as_bytes(), &typed);

    // The service refuses now, and repeats what it was sent.
    for command in [vec!["show", "127"], vec!["list", "--json"], vec!["renew", "127", "-v"], vec!["doctor", "--json"]] {
        let (_, out, err) = home.command(&command);
        clean(&format!("{command:?}"), format!("{out}{err}").as_bytes(), &typed);
    }
    for command in [["verify", "127", "-v"], ["renew", "127", "-v"], ["revoke", "127", "-v"]] {
        let mut screen = Screen::start(&command, &home);
        screen.shows("Passphrase of the vault");
        screen.line(PASSPHRASE);
        if command[0] == "renew" {
            screen.shows("refused to renew");
        }
        clean(&format!("{command:?}"), screen.ends().1.as_bytes(), &typed);
    }
    assert!(files(home.folder.path()).iter().any(|path| path.ends_with("authmd-tui.log")), "a log was written");
    for path in files(home.folder.path()) {
        clean(&path.display().to_string(), &fs::read(&path).expect("readable"), &typed);
    }
}
