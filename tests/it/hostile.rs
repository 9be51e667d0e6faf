//! The built program at services that mean harm: it says what happened in two lines, soon, in little memory, with nothing of
//! the stranger's control characters, and goes nowhere that the stranger sends it.

mod answers;

use std::sync::{Arc, Mutex};
use std::thread;

use serde_json::{Value, json};

use self::answers::*;
use crate::support::hostile::{Act, Bystander, Script, Service, behaves, json, status};
use crate::support::terminal::{Home, PROGRAM, Screen, answer_to_code, limited};
use crate::support::tls::Authority;

/// What a walk may use, in KiB: 100 MB.
const ROOM: usize = 100_000_000 / 1024;

/// Said where a service takes its time; then it is given two seconds, and all others as long as always.
const TOO_SLOW: &str = "did not answer within 2.0 s";

/// What is looked at: its name, the service, the exit code, words of what is said or found.
type Case = (&'static str, Script, i32, &'static str);

fn answers() -> Vec<Case> {
    vec![
        ("an endless body", but("GET ", |_| endless_body()), 6, "more than 1024 KiB"),
        ("ten mebibytes of JSON", but("GET /prm", |_| large_json()), 0, "signup"),
        ("a slow drip", but("GET ", |_| slow_drip()), 7, TOO_SLOW),
        ("headers without end", but("GET ", |_| many_headers()), 7, "broke off"),
        ("a header without end", but("GET ", |_| long_header()), 7, "broke off"),
        ("preliminary answers without end", but("GET ", |_| preliminaries()), 7, TOO_SLOW),
        ("a body that inflates", but("GET ", |_| gzip_bomb()), 0, "none"),
        ("deep JSON", but("GET ", |_| deep_json()), 0, "none"),
        ("wide JSON", but("GET /.well-known", |_| wide_json()), 0, "prose"),
        ("wide objects", but("GET /.well-known", |_| wide_objects()), 0, "prose"),
        ("a wide auth.md", but("GET /", |_| wide_prose()), 0, "prose"),
        ("poison everywhere", poison(), 0, "signup"),
        ("control characters in a header", but("GET ", |_| header_of_controls()), 7, "broke off"),
        ("500 for ever", but("GET ", |_| status(500, "Oh", "")), 7, "in trouble (500)"),
        ("hung up on", but("GET ", |_| Act::HangsUp), 7, "broke off"),
        ("garbage", but("GET ", |_| garbage()), 7, "broke off"),
    ]
}

/// Services that send this program elsewhere; `foreign` is a port that it must not be seen at.
fn directions(foreign: u16) -> Vec<Case> {
    let elsewhere = format!("http://localhost:{foreign}/");
    let (start, metadata, endpoint) = (elsewhere.clone(), elsewhere.clone(), elsewhere.clone());
    vec![
        ("a start page that is elsewhere", but("GET /", move |_| redirect(&start)), 9, "elsewhere"),
        ("metadata that is elsewhere", but("GET /prm", move |_| redirect(&metadata)), 0, "signup"),
        ("round and round", but("GET ", |_| redirect("/")), 9, "in circles"),
        ("an endpoint elsewhere", offering("identity_endpoint", move |_| json!(endpoint)), 0, "foreign_host"),
        (
            "a cloud's metadata",
            offering("identity_endpoint", |_| json!("https://169.254.169.254/")),
            9,
            "169.254.169.254",
        ),
        ("a mapped address", offering("identity_endpoint", |_| json!("https://[::ffff:10.0.0.1]/")), 9, "::ffff:"),
        ("a script", offering("identity_endpoint", |_| json!("javascript:alert(1)")), 9, "javascript:"),
        ("a server in a network", but("GET /prm", |base| served_by(base, "https://10.0.0.1/")), 0, "a private network"),
        ("a server of a cloud", but("GET /prm", |base| served_by(base, "https://169.254.169.254/")), 0, "unsafe_url"),
        ("a server on the disk", but("GET /prm", |base| served_by(base, "file:///etc/")), 0, "unsafe_url"),
        ("auth.md from the disk", offering("skill", |_| json!("file:///etc/passwd")), 0, "unsafe_endpoint"),
        ("auth.md as a script", offering("skill", |_| json!("javascript:alert(1)")), 0, "unsafe_endpoint"),
    ]
}

#[test]
fn looking_at_a_hostile_service_ends_calmly() {
    let bystander = Bystander::new();
    few_at_once(answers().into_iter().chain(directions(bystander.port())), look);
    assert!(!bystander.was_contacted());
}

/// Most of a case is waiting; but a machine has only so many hands.
fn few_at_once<T: Send>(cases: impl Iterator<Item = T> + Send, play: impl Fn(T) + Sync) {
    let cases = Mutex::new(cases);
    let next = || cases.lock().expect("not poisoned").next();
    thread::scope(|scope| {
        for _ in 0..6 {
            scope.spawn(|| std::iter::from_fn(next).for_each(&play));
        }
    });
}

fn patience(words: &str) -> &'static str {
    if words == TOO_SLOW { "2s" } else { "15s" }
}

fn look((name, script, expected, words): Case) {
    let (service, home) = (Service::start(script), Home::new());
    let (code, out, err) = home
        .command_in(ROOM, &["discover", &service.url(), "--timeout", patience(words), "--json", "--store", "memory"]);
    let found: Value = serde_json::from_str(&out).unwrap_or_else(|error| panic!("{name}: {error}\n{out}{err}"));
    assert_eq!(code, expected, "{name}: {err}\n{found:#}\n{:?}", service.calls());
    assert!(err.contains(words) || out.contains(words), "{name}: {err}\n{found:#}");
    assert_calm(name, code, &err);
    assert_harmless(name, &out);
}

/// What must not reach a terminal, whatever it came with.
fn assert_harmless(name: &str, text: &str) {
    let harm = |c: char| c.is_control() && c != '\n' || "\u{202e}\u{2066}\u{200b}\u{200d}\u{feff}".contains(c);
    assert!(!text.chars().any(harm), "{name}: {text:?}");
}

/// A command that failed ends with two lines: what happened, what to do.
fn assert_calm(name: &str, code: i32, err: &str) {
    assert_harmless(name, err);
    let lines: Vec<&str> = err.lines().collect();
    let told = lines.iter().position(|line| line.starts_with("hint: "));
    match code {
        0 => assert_eq!(told, None, "{name}: {err}"),
        _ => assert!(told.is_some_and(|told| told > 0 && told == lines.len() - 1), "{name}: {err}"),
    }
}

#[test]
fn a_certificate_for_another_name_is_told_and_nothing_is_sent() {
    let authority = Authority::new("Acme Root");
    let service = Service::secure(authority.server("other.test"), "https://localhost/", Arc::new(behaves));
    let mut home = Home::new();
    home.extra.push(("SSL_CERT_FILE", authority.write(home.folder.path())));
    let target = format!("https://localhost:{}", service.address.port());
    let (code, _, err) = home.command_in(ROOM, &["discover", &target]);
    assert!(code == 9 && err.contains("it is for other.test, another name (issued by \"Acme Root\")"), "{err}");
    assert!(service.calls().is_empty());
}

/// How a sign-up ends whose registration is answered so.
enum End {
    /// The person decides whether the call is made again.
    Asks,
    Fails,
}

type Registration = (&'static str, Act, End, &'static str);

fn registrations(foreign: u16) -> Vec<Registration> {
    let away = format!("location: http://localhost:{foreign}/agent/identity\r\n");
    vec![
        ("an endless body", endless_body(), End::Fails, "more than 1024 KiB"),
        ("a slow drip", slow_drip(), End::Asks, TOO_SLOW),
        ("headers without end", many_headers(), End::Asks, "broke off"),
        ("a body that inflates", gzip_bomb(), End::Fails, "(200)"),
        ("deep JSON", deep_json(), End::Fails, "(200)"),
        ("wide JSON", wide_json(), End::Fails, "(200)"),
        ("ten mebibytes of JSON", large_json(), End::Fails, "more than 1024 KiB"),
        ("a redirect to elsewhere", status(307, "Moved", &away), End::Fails, "307"),
        ("500 for ever", status(500, "Oh", ""), End::Asks, "in trouble (500)"),
        ("hung up on", Act::HangsUp, End::Asks, "broke off"),
        ("garbage", garbage(), End::Asks, "broke off"),
    ]
}

#[test]
fn registering_at_a_hostile_service_ends_calmly() {
    let bystander = Bystander::new();
    few_at_once(registrations(bystander.port()).into_iter(), register);
    assert!(!bystander.was_contacted());
}

fn register((name, act, end, words): Registration) {
    let (service, home) = (Service::start(but("POST /agent/identity", move |_| act.clone())), Home::new());
    let mut screen = walk(&service, &home, patience(words));
    screen.shows("How do you want to sign up?");
    screen.line("1");
    screen.shows("yes or no");
    screen.line("yes");
    if let End::Asks = end {
        screen.shows("Try again?");
        screen.line("no");
    }
    let (code, text) = screen.ends();
    let joined = text.split_whitespace().collect::<Vec<_>>().join(" ");
    assert!((6..=7).contains(&code) && joined.contains(words), "{name}: {code}\n{text}");
    assert_untouched(name, &screen);
    let posts: Vec<String> = service.calls().into_iter().filter(|call| call.starts_with("POST")).collect();
    assert_eq!(posts, ["POST /agent/identity"], "{name}");
}

fn walk(service: &Service, home: &Home, patience: &str) -> Screen {
    let limit = limited(ROOM);
    let target = service.url();
    Screen::run("sh", &["-c", &limit, PROGRAM, "add", &target, "--timeout", patience, "--store", "memory"], home)
}

/// Nothing of the payload came through to the terminal.
fn assert_untouched(name: &str, screen: &Screen) {
    let written = screen.written();
    for harm in [
        "\u{1b}]52",
        "\u{1b}]0",
        "\u{1b}[2J",
        "\u{9b}",
        "\u{9d}",
        "\u{202e}",
        "\u{2066}",
        "\u{200b}",
        "\u{feff}",
        "\u{0}",
    ] {
        assert!(!written.contains(harm), "{name}: {written:?}");
    }
}

#[test]
fn what_a_service_says_is_only_text() {
    let (service, home) = (Service::start(poison()), Home::new());
    let (code, out, err) = home.command(&["discover", &service.url(), "-v"]);
    assert_eq!(code, 0, "{err}");
    assert_harmless("in words", &(out + &err));
    assert!(
        ["GET /prm", "GET /.well-known"].iter().all(|seen| service.calls().iter().any(|call| call.starts_with(seen)))
    );
    let mut screen = walk(&service, &home, "15s");
    answer_to_code(&mut screen);
    assert_untouched("poison", &screen);
    screen.line("cancel");
    screen.shows("(yes/no)");
    screen.line("yes");
    screen.ends();
    assert_untouched("poison", &screen);
}

#[test]
fn the_full_screen_shows_it_as_text_too() {
    let (service, home) = (Service::start(poison()), Home::new());
    let mut screen = Screen::start(&["--store", "memory"], &home);
    screen.shows("No accounts yet.");
    screen.keys("a");
    screen.shows("Which service?");
    screen.line(&service.url());
    screen.shows("How do you want to sign up?");
    screen.keys("\r");
    screen.shows("Yes, register");
    let written = screen.written();
    for harm in ["\u{1b}]52", "\u{1b}]0", "\u{9b}", "\u{9d}", "\u{202e}", "\u{2066}", "\u{200b}", "\u{feff}"] {
        assert!(!written.contains(harm), "{harm:?}");
    }
}

#[test]
fn pages_that_are_no_pages_are_not_shown() {
    for page in ["javascript:alert(1)", "file:///etc/passwd", "https://169.254.169.254/", "https://[::ffff:10.0.0.1]/"]
    {
        let script = but("POST /agent/claim", move |_| {
            json(&json!({"status": "pending", "verification_uri": page, "message": "A mail is on its way."}))
        });
        let (service, home) = (Service::start(script), Home::new());
        let mut screen = walk(&service, &home, "15s");
        answer_to_code(&mut screen);
        assert!(!screen.written().contains(page), "{page}");
    }
}
