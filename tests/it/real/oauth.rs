//! Against a certified OAuth server. Not part of `cargo test`: `tests/real/oauth-server.sh` installs it and runs these.

use std::collections::BTreeMap;
use std::io::{BufRead, BufReader, Read, Write};
use std::net::TcpStream;
use std::process::{Child, Command, Stdio};

use serde_json::Value;
use url::Url;

use crate::support::terminal::{Home, Screen, exists, link_of};

/// The server as a process of its own; it ends with the pipe to it.
pub struct Server {
    child: Child,
    ready: Value,
}

impl Server {
    pub fn start(access_seconds: u32) -> Self {
        Self::start_at(0, access_seconds)
    }

    fn start_at(port: u16, access_seconds: u32) -> Self {
        let place = std::env::var("REAL_OAUTH_SERVER").expect("run by tests/real/oauth-server.sh");
        let mut child = Command::new("node")
            .arg(place)
            .env("PORT", port.to_string())
            .env("ACCESS_SECONDS", access_seconds.to_string())
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .expect("node");
        let mut line = String::new();
        BufReader::new(child.stdout.take().expect("piped")).read_line(&mut line).expect("a line");
        Self { child, ready: serde_json::from_str(&line).unwrap_or_else(|error| panic!("{error}: {line}")) }
    }

    /// The protected resource, as a person would name it.
    pub fn target(&self) -> &str {
        self.ready["resource"].as_str().expect("a resource")
    }

    fn api(&self, token: &str) -> u16 {
        Human::default().send("GET", self.target(), &[("authorization", &format!("Bearer {token}"))], "").0
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        drop(self.child.stdin.take());
        let _ = self.child.wait();
    }
}

/// A browser and the human before it: cookies by their paths, no redirect followed unless it is wanted.
#[derive(Default)]
pub struct Human {
    cookies: BTreeMap<(String, String), String>,
}

impl Human {
    fn send(&mut self, method: &str, address: &str, headers: &[(&str, &str)], body: &str) -> (u16, String, String) {
        let url = Url::parse(address).expect(address);
        let mut stream =
            TcpStream::connect((url.host_str().expect("a host"), url.port().expect("a port"))).expect("there");
        let path = url.query().map_or(url.path().to_owned(), |query| format!("{}?{query}", url.path()));
        let sent = self.cookies.iter().filter(|((place, _), _)| url.path().starts_with(place.as_str()));
        let cookies = sent.map(|((_, name), value)| format!("{name}={value}")).collect::<Vec<_>>().join("; ");
        let mut request = format!(
            "{method} {path} HTTP/1.1\r\nHost: {}:{}\r\nConnection: close\r\nCookie: {cookies}\r\nContent-Length: {}\r\n",
            url.host_str().expect("a host"),
            url.port().expect("a port"),
            body.len()
        );
        let form = (!body.is_empty()).then_some(("content-type", "application/x-www-form-urlencoded"));
        for (name, value) in headers.iter().copied().chain(form) {
            request += &format!("{name}: {value}\r\n");
        }
        stream.write_all(format!("{request}\r\n{body}").as_bytes()).expect("sent");
        let mut answer = String::new();
        stream.read_to_string(&mut answer).expect("an answer");
        let (head, rest) = answer.split_once("\r\n\r\n").expect("a head");
        let status = head.split(' ').nth(1).and_then(|status| status.parse().ok()).expect("a status");
        let mut location = String::new();
        for (name, value) in head.lines().filter_map(|line| line.split_once(": ")) {
            match name.to_ascii_lowercase().as_str() {
                "location" => location = value.to_owned(),
                "set-cookie" => self.keep(value),
                _ => {}
            }
        }
        (status, location, rest.to_owned())
    }

    fn keep(&mut self, cookie: &str) {
        let mut parts = cookie.split("; ");
        let (name, value) = parts.next().and_then(|first| first.split_once('=')).expect("a cookie");
        let path = parts.find_map(|part| part.strip_prefix("path=")).unwrap_or("/");
        self.cookies.insert((path.to_owned(), name.to_owned()), value.to_owned());
    }

    /// Opens the link, decides, and says where the browser is led to.
    pub fn decide(&mut self, link: &str, decision: &str) -> String {
        let (_, page, why) = self.send("GET", link, &[], "");
        assert!(page.contains("/human/"), "the server asks nobody: {page} {why}");
        let (_, on, _) = self.send("POST", &page, &[], &format!("decision={decision}"));
        self.send("GET", &on, &[], "").1
    }

    /// The browser goes there.
    pub fn visit(&mut self, place: &str) -> u16 {
        self.send("GET", place, &[], "").0
    }

    fn type_code(&mut self, page: &str, code: &str, decision: &str) -> u16 {
        self.send("POST", page, &[], &format!("user_code={code}&decision={decision}")).0
    }
}

/// A sign-in with prompts, up to its link or code.
fn sign_in(server: &Server, home: &Home, mode: &str) -> Screen {
    let mut screen = Screen::start(&["add", server.target(), "--mode", mode], home);
    screen.shows("Press Enter");
    screen.line("");
    screen.shows("Sign in to");
    screen.line("yes");
    screen
}

/// In the browser, to the end.
fn signed_in(server: &Server) -> Home {
    let home = Home::with_tokens().with_browser();
    let mut screen = sign_in(server, &home, "oauth");
    screen.shows("Where the browser ended up");
    let mut human = Human::default();
    let back = human.decide(&home.opening(), "allow");
    assert!(back.contains("iss=") && back.contains("state="), "{back}");
    assert_eq!(human.visit(&back), 200);
    screen.shows("is connected");
    screen.shows("works (200)");
    assert_eq!(screen.ends().0, 0);
    home
}

fn token(home: &Home) -> String {
    let (code, token, told) = home.command(&["token", "127"]);
    assert_eq!(code, 0, "{told}");
    token.trim().to_owned()
}

#[test]
#[ignore = "needs the OAuth server"]
fn in_the_browser_renewed_and_revoked() {
    let server = Server::start(300);
    let home = signed_in(&server);
    let (_, shown) = home.json(&["show", "127", "--json"]);
    let account = &shown["accounts"][0];
    assert_eq!(
        (&account["mode"], &account["audience"], &account["status"]),
        (&"oauth".into(), &server.target().into(), &"renews".into())
    );
    let first = token(&home);
    assert_eq!(server.api(&first), 200);
    // Refresh tokens work once there; each successor is kept.
    for _ in 0..3 {
        let (code, _, told) = home.command(&["renew", "127"]);
        assert_eq!(code, 0, "{told}");
        // Of several programs that renew at once, one is enough; this one means it each time.
        let file = home.read("tokens.json").replace("renewed_at", "formerly_renewed_at");
        std::fs::write(home.path("tokens.json"), file).expect("written");
    }
    let newest = token(&home);
    assert_ne!(first, newest);
    assert_eq!(server.api(&newest), 200);
    let (code, receipts, told) = home.command(&["revoke", "127"]);
    assert_eq!(code, 0, "{receipts}{told}");
    assert!(receipts.contains("refresh token") && receipts.contains("401, as it should be"), "{receipts}");
    assert_eq!(server.api(&newest), 401);
}

#[test]
#[ignore = "needs the OAuth server"]
fn with_a_code() {
    let server = Server::start(300);
    let home = Home::with_tokens();
    let mut screen = sign_in(&server, &home, "device");
    let text = screen.shows("The code:");
    let code =
        text.split("The code:").nth(1).and_then(|rest| rest.split_whitespace().next()).expect("a code").to_owned();
    let page = server.ready["device_page"].as_str().expect("a page");
    assert_eq!(Human::default().type_code(page, "WRNG-CODE", "allow"), 400);
    assert_eq!(Human::default().type_code(page, &code, "allow"), 200);
    screen.shows("is connected");
    assert_eq!(screen.ends().0, 0);
    assert_eq!(server.api(&token(&home)), 200);
    let (_, shown) = home.json(&["show", "127", "--json"]);
    assert_eq!(shown["accounts"][0]["mode"], "device");
}

#[test]
#[ignore = "needs the OAuth server"]
fn who_says_no_is_heard_and_may_say_yes_the_next_time() {
    let server = Server::start(300);
    let home = Home::with_tokens().over_ssh();
    let mut screen = sign_in(&server, &home, "oauth");
    let text = screen.shows("Where the browser ended up");
    let mut human = Human::default();
    let back = human.decide(&link_of(&text), "deny");
    // The browser is elsewhere: where it ended up is pasted.
    screen.keys(&format!("{back}\r"));
    let text = screen.shows("Sign in with a new link?");
    assert!(text.contains("told not to let you in (access_denied)") && text.contains("the human said no"), "{text}");
    assert!(!exists(&home.path("tokens.json")));
    screen.line("yes");
    let again = |text: &str| text.matches("Where the browser ended up").count() == 2;
    let text = screen.until_written(again, "the link again");
    let link = text.rsplit("\r\nhttp").next().map(|rest| format!("http{}", rest.split("\r\n").next().expect("a line")));
    let back = human.decide(&link.expect("a link"), "allow");
    screen.keys(&format!("{back}\r"));
    screen.shows("is connected");
    assert_eq!(screen.ends().0, 0);
    // The code in it works once, and so does the link.
    assert_eq!(server.api(&token(&home)), 200);
}

#[test]
#[ignore = "needs the OAuth server"]
fn what_is_over_is_renewed_for_who_asks() {
    let server = Server::start(5);
    let home = signed_in(&server);
    // It has hardly any time left, so each call gets another one that works.
    let (first, second) = (token(&home), token(&home));
    assert_eq!(server.api(&second), 200);
    drop(first);
    // Eight at once: one of them renews, and nobody's token is spent twice.
    home.eight_times_at_once(&["renew", "127"]);
    assert_eq!(server.api(&token(&home)), 200);
}

#[test]
#[ignore = "needs the OAuth server"]
fn a_server_that_has_forgotten_us_is_registered_with_anew() {
    let (home, port) = {
        let server = Server::start(5);
        (signed_in(&server), Url::parse(server.target()).expect("a URL").port().expect("a port"))
    };
    // The same place, and nothing in its memory.
    // It was free a moment ago; whoever else has taken it makes this test fail, not pass.
    let server = Server::start_at(port, 300);
    let (code, _, told) = home.command(&["renew", "127"]);
    assert!(code == 5 && told.contains("invalid_client"), "{code} {told}");
    assert!(home.read("tokens.json").contains("refresh_token"), "the tokens are kept");
    std::fs::remove_file(home.path("opening")).expect("there");
    let mut screen = Screen::start(&["renew", "127"], &home);
    screen.shows("Type 1 to");
    screen.line("1");
    screen.shows("Sign in to");
    screen.line("yes");
    let mut human = Human::default();
    let back = human.decide(&home.opening(), "allow");
    human.visit(&back);
    screen.shows("has a new credential");
    assert_eq!(screen.ends().0, 0);
    assert_eq!(server.api(&token(&home)), 200);
}
