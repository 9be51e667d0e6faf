//! The built program in a company's network: behind a proxy, with a certificate authority that only that company knows.

use std::sync::Arc;

use serde_json::Value;

use crate::support::hostile::{Bystander, Service, behaves};
use crate::support::proxy::{Manner, Proxy};
use crate::support::terminal::{self, Home};
use crate::support::tls::{Authority, Validity};

const HOST: &str = "api.acme.test";
const TARGET: &str = "https://api.acme.test";
const ROOT: &str = "Acme Corporate Root";

/// A company: its authority, and a service behind its proxy.
struct Company {
    authority: Arc<Authority>,
    service: Service,
}

impl Company {
    fn new() -> Self {
        Self::with(HOST)
    }

    fn with(host: &str) -> Self {
        let authority = Arc::new(Authority::new(ROOT));
        let service = Service::secure(authority.server(host), &format!("https://{host}/"), Arc::new(behaves));
        Self { authority, service }
    }

    fn passing(&self) -> Proxy {
        Proxy::start(Manner::Passes(self.service.address))
    }

    /// A home in which the authority is trusted.
    fn home(&self) -> Home {
        trusting(&self.authority)
    }
}

fn trusting(authority: &Authority) -> Home {
    let mut home = Home::new();
    let file = authority.write(home.folder.path());
    home.extra.push(("SSL_CERT_FILE", file));
    home
}

/// A home in which an authority is trusted that has signed nothing.
fn trusting_another() -> Home {
    trusting(&Authority::new("Somebody Else"))
}

fn through(mut home: Home, variable: &'static str, proxy: &Proxy) -> Home {
    home.extra.push((variable, format!("http://127.0.0.1:{}", proxy.port())));
    home
}

fn verdict(home: &Home, arguments: &[&str]) -> String {
    let (code, found) = home.json(&[&["discover", "--json"], arguments].concat());
    assert_eq!(code, 0, "{found:#}");
    found["verdict"].as_str().unwrap_or_default().to_owned()
}

/// A command that fails: its exit code, and what it says, which is two lines.
fn refusal(home: &Home, arguments: &[&str]) -> (i32, String, String) {
    let (code, _, err) = home.command(&[&["discover"], arguments].concat());
    let lines: Vec<&str> = err.lines().collect();
    let told = lines.iter().position(|line| line.starts_with("hint: ")).unwrap_or_else(|| panic!("no hint: {err}"));
    assert_eq!(told, lines.len() - 1, "{err}");
    (code, lines[told - 1].to_owned(), lines[told].to_owned())
}

#[test]
fn through_a_proxy_that_passes_the_bytes_on() {
    let company = Company::new();
    for variable in ["HTTPS_PROXY", "https_proxy", "ALL_PROXY"] {
        let proxy = company.passing();
        assert_eq!(verdict(&through(company.home(), variable, &proxy), &[TARGET]), "signup", "{variable}");
        assert_eq!(proxy.hosts(), [format!("{HOST}:443")]);
    }
}

#[test]
fn through_a_proxy_that_looks_inside() {
    let company = Company::new();
    let proxy = Proxy::start(Manner::Intercepts(Arc::clone(&company.authority), Arc::new(behaves)));
    assert_eq!(verdict(&through(company.home(), "HTTPS_PROXY", &proxy), &[TARGET]), "signup");
    assert!(company.service.calls().is_empty());

    let (code, what, hint) = refusal(&through(trusting_another(), "HTTPS_PROXY", &proxy), &[TARGET]);
    assert_eq!((code, what.contains(&format!("its issuer, \"{ROOT}\", is not trusted here"))), (9, true), "{what}");
    assert!(hint.contains("name it in SSL_CERT_FILE"), "{hint}");
}

#[test]
fn the_authority_of_the_network_is_named_by_file_or_folder() {
    let company = Company::new();
    let proxy = company.passing();
    let mut by_folder = Home::new();
    let folder = by_folder.folder.path().join("authorities");
    std::fs::create_dir(&folder).expect("made");
    company.authority.write(&folder);
    by_folder.extra.push(("SSL_CERT_DIR", folder.display().to_string()));
    assert_eq!(verdict(&through(by_folder, "HTTPS_PROXY", &proxy), &[TARGET]), "signup");

    // The system knows nothing of it; where there are no roots at all, that is what is said.
    let (code, what, hint) = refusal(&through(Home::new(), "HTTPS_PROXY", &proxy), &[TARGET]);
    assert!(code == 9 && (what.contains(ROOT) || what.contains("no issuer is trusted here")), "{what}");
    assert!(hint.contains("SSL_CERT_FILE"), "{hint}");

    let mut astray = Home::new();
    astray.extra.push(("SSL_CERT_FILE", "/nonexistent/authority.pem".into()));
    let (code, what, hint) = refusal(&through(astray, "HTTPS_PROXY", &proxy), &[TARGET]);
    assert!(code == 9 && what.contains("SSL_CERT_FILE (/nonexistent/authority.pem)"), "{what}");
    assert!(hint.contains("readable"), "{hint}");
}

#[test]
fn the_rule_that_a_certificate_breaks_is_told() {
    let authority = Arc::new(Authority::new(ROOT));
    let cases = [
        ("other.test", Validity::Now, "it is for other.test, another name", "Check the address"),
        (HOST, Validity::LongAgo, "it has expired", "clock"),
        (HOST, Validity::Someday, "it is not valid yet", "clock"),
    ];
    for (name, validity, words, remedy) in cases {
        let service = Service::secure(authority.server_of(name, validity), "https://api.acme.test/", Arc::new(behaves));
        let proxy = Proxy::start(Manner::Passes(service.address));
        let (code, what, hint) = refusal(&through(trusting(&authority), "HTTPS_PROXY", &proxy), &[TARGET]);
        assert!(code == 9 && what.contains(words) && what.contains(ROOT) && hint.contains(remedy), "{what}\n{hint}");
        assert!(service.calls().is_empty(), "nothing was sent");
    }
}

#[test]
fn what_no_proxy_lists_is_connected_to_without() {
    // So long that it cannot be asked for: no test looks for a name in the network.
    let host = format!("{}.acme.test", "a".repeat(64));
    let company = Company::new();
    for variable in ["NO_PROXY", "no_proxy"] {
        let proxy = company.passing();
        let mut home = through(company.home(), "HTTPS_PROXY", &proxy);
        home.extra.push((variable, "localhost,.acme.test".into()));
        let (code, what, hint) = refusal(&home, &[&format!("https://{host}")]);
        assert!(code == 7 && what.contains("could not be reached: ") && !what.contains("proxy"), "{what}");
        assert!(hint.contains("Check the name"), "{hint}");
        assert!(proxy.seen().is_empty());
    }
}

#[test]
fn services_on_this_machine_have_no_proxy() {
    let (sandbox, proxy) = (terminal::Service::start(&[]), Proxy::start(Manner::Says("HTTP/1.1 500 No\r\n\r\n")));
    let mut home = Home::new();
    for variable in ["HTTPS_PROXY", "HTTP_PROXY", "http_proxy", "ALL_PROXY"] {
        home = through(home, variable, &proxy);
    }
    let target = sandbox.target("Acme");
    for target in [target.clone(), target.replace("127.0.0.1", "localhost"), target.replace("127.0.0.1", "a.localhost")]
    {
        assert_eq!(verdict(&home, &[&target]), "signup", "{target}");
    }
    assert!(proxy.seen().is_empty());
}

#[test]
fn a_proxy_that_says_no_is_told_by_name_and_its_password_is_not() {
    let cases = [
        ("HTTP/1.1 407 Proxy Authentication Required\r\n\r\n", "it wants a user name and password", "USER:PASSWORD"),
        ("HTTP/1.1 403 Forbidden\r\n\r\n", "it refused to connect to that host", "NO_PROXY"),
        ("HTTP/1.1 502 Bad Gateway\r\n\r\n", "it refused to connect to that host", "NO_PROXY"),
        ("", "it closed the connection", "Check HTTPS_PROXY"),
    ];
    for (says, words, remedy) in cases {
        let proxy = Proxy::start(Manner::Says(says));
        let place = format!("127.0.0.1:{}", proxy.port());
        let mut home = Home::new();
        home.extra.push(("HTTPS_PROXY", format!("http://ada:hunter2@{place}")));
        home.extra.push(("AUTHMD_TUI_LOG", "trace".into()));
        let (code, out, err) = home.command(&["discover", TARGET, "-v"]);
        assert_eq!(code, 7, "{err}");
        assert!(
            err.contains(&format!("api.acme.test could not be reached through the proxy {place}: {words}")),
            "{err}"
        );
        assert!(err.contains(remedy), "{err}");
        let sent = proxy.seen().concat().join("\n").to_lowercase();
        assert!(sent.contains("proxy-authorization: basic ywrhomh1bnrlcji="), "it is sent to the proxy: {sent}");
        for written in [out, err, home.read("home/authmd-tui.log")] {
            assert!(!written.contains("hunter2") && !written.contains("YWRhOmh1bnRlcjI"), "{written}");
        }
        assert!(home.read("home/authmd-tui.log").contains("Proxy {"), "the log tells of it");
    }
}

#[test]
fn a_proxy_that_is_not_there_is_not_the_services_fault() {
    let gone = "127.0.0.1:1";
    let mut home = Home::new();
    home.extra.push(("HTTPS_PROXY", format!("http://ada:hunter2@{gone}")));
    let (code, what, hint) = refusal(&home, &[TARGET]);
    assert!(code == 7 && what.contains(&format!("through the proxy {gone}: Connection refused")), "{what}");
    assert!(hint.contains("HTTPS_PROXY"), "{hint}");

    // One that takes the call and never says a word.
    let silent = Bystander::new();
    home.extra.pop();
    home.extra.push(("HTTPS_PROXY", format!("http://127.0.0.1:{}", silent.port())));
    let (code, what, hint) = refusal(&home, &[TARGET, "--timeout", "1s"]);
    assert!(code == 7 && what.contains("through the proxy") && what.contains("in time"), "{what}");
    assert!(hint.contains("HTTPS_PROXY"), "{hint}");

    home.extra.pop();
    home.extra.push(("ALL_PROXY", format!("socks5h://ada:hunter2@{gone}")));
    let (code, what, _) = refusal(&home, &[TARGET]);
    assert!(code == 7 && what.contains("SOCKS") && !what.contains("hunter2"), "{what}");
}

#[test]
fn a_proxy_may_be_spoken_to_over_tls() {
    let company = Company::new();
    let proxy = Proxy::secure(
        company.authority.server("localhost"),
        Manner::Intercepts(Arc::clone(&company.authority), Arc::new(behaves)),
    );
    let place = format!("https://localhost:{}", proxy.port());
    let mut home = company.home();
    home.extra.push(("HTTPS_PROXY", place.clone()));
    assert_eq!(verdict(&home, &[TARGET]), "signup");
    assert_eq!(proxy.hosts(), [format!("{HOST}:443")]);

    let mut home = trusting_another();
    home.extra.push(("HTTPS_PROXY", place.clone()));
    let (code, what, hint) = refusal(&home, &[TARGET]);
    assert!(code == 7 && what.contains(&format!("through the proxy {place}: its certificate")), "{what}");
    assert!(what.contains(ROOT) && hint.contains("SSL_CERT_FILE"), "{what}\n{hint}");
}

#[test]
fn a_private_address_is_refused_before_the_proxy_hears_of_it() {
    let company = Company::with("10.0.0.1");
    let proxy = company.passing();
    let home = through(company.home(), "HTTPS_PROXY", &proxy);
    let (code, what, hint) = refusal(&home, &["https://10.0.0.1"]);
    assert!(code == 9 && what.contains("10.0.0.1 is inside a private network"), "{what}");
    assert!(hint.contains("--resolve-private"), "{hint}");
    let (code, _, hint) = refusal(&home, &["https://169.254.169.254", "--resolve-private"]);
    assert!(code == 9 && !hint.contains("--resolve-private"), "{hint}");
    assert!(proxy.seen().is_empty());

    assert_eq!(verdict(&home, &["https://10.0.0.1", "--resolve-private"]), "signup");
}

#[test]
fn doctor_tells_of_the_proxy_and_of_what_is_trusted() {
    let company = Company::new();
    let finding = |home: &Home, check: &str| -> Value {
        let (_, found) = home.json(&["doctor", "--json", "--store", "memory"]);
        let findings = found["findings"].as_array().expect("findings");
        findings.iter().find(|finding| finding["check"] == check).expect("looked at").clone()
    };
    let mut home = company.home();
    home.extra.push(("HTTPS_PROXY", "http://ada:hunter2@proxy.acme.test:3128".into()));
    let proxy = finding(&home, "proxy");
    assert_eq!(proxy["level"], "good");
    assert!(proxy["what"].as_str().is_some_and(|what| what.starts_with("proxy.acme.test:3128")), "{proxy}");
    let trusted = finding(&home, "certificates");
    assert!(
        trusted["what"].as_str().is_some_and(|what| what.contains("1 certificate") && what.contains("SSL_CERT_FILE"))
    );

    for (variable, value, check, words) in [
        ("HTTPS_PROXY", "not a proxy", "proxy", "is not the address of a proxy"),
        ("ALL_PROXY", "socks5://127.0.0.1:1080", "proxy", "SOCKS"),
        ("SSL_CERT_FILE", "/nonexistent.pem", "certificates", "No certificate could be read"),
    ] {
        let mut home = Home::new();
        home.extra.push((variable, value.into()));
        let finding = finding(&home, check);
        assert_eq!(finding["level"], "warning", "{finding}");
        assert!(finding["what"].as_str().is_some_and(|what| what.contains(words)), "{finding}");
        assert!(finding["remedy"].is_string(), "{finding}");
    }
}
