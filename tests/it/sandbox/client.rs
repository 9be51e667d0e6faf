//! A plain HTTP client, which sends what no program of ours would: any JSON, any form.

use std::io::{Read, Write};
use std::net::TcpStream;

use authmd_tui::sandbox::fault::Step;
use authmd_tui::sandbox::{Options, Profile, Sandbox};
use serde_json::Value;
use url::form_urlencoded::Serializer;

/// One service of a sandbox of its own, and what was said there last.
pub struct Client {
    pub sandbox: Sandbox,
    pub profile: &'static Profile,
}

impl Client {
    pub fn new(profile: &'static Profile, options: Options) -> Self {
        Self { sandbox: Sandbox::start(options).expect("started"), profile }
    }

    /// With a fault switched on.
    pub fn with_fault(profile: &'static Profile, fault: &str) -> Self {
        Self::new(profile, Options { faults: vec![fault.parse().expect("a fault")], ..Options::default() })
    }

    /// A call of the ceremony.
    pub fn call(&self, step: Step, body: Value) -> (u16, Value) {
        self.json("POST", &self.profile.path(step), "application/json", &body.to_string())
    }

    /// A call that takes a form: token, revoke.
    pub fn form(&self, step: Step, fields: &[(&str, &str)]) -> (u16, Value) {
        let body = Serializer::new(String::new()).extend_pairs(fields).finish();
        self.json("POST", &self.profile.path(step), "application/x-www-form-urlencoded", &body)
    }

    pub fn claim_grant(&self, claim_token: &str) -> (u16, Value) {
        let grant = "urn:workos:agent-auth:grant-type:claim";
        self.form(Step::Token, &[("grant_type", grant), ("claim_token", claim_token)])
    }

    pub fn exchange(&self, assertion: &str, resource: &str) -> (u16, Value) {
        let grant = "urn:ietf:params:oauth:grant-type:jwt-bearer";
        self.form(Step::Token, &[("grant_type", grant), ("assertion", assertion), ("resource", resource)])
    }

    /// The status that the API gives to a credential.
    pub fn api(&self, credential: &str) -> u16 {
        let head = format!("Authorization: Bearer {credential}\r\n");
        self.send("GET", self.profile.base, &head, "").0
    }

    /// The human on a page of the service.
    pub fn human(&self, page: &str, fields: &[(&str, &str)]) -> (u16, String) {
        let body = Serializer::new(String::new()).extend_pairs(fields).finish();
        self.send("POST", &self.path(page), "Content-Type: application/x-www-form-urlencoded\r\n", &body)
    }

    pub fn look(&self, page: &str) -> (u16, String) {
        self.send("GET", &self.path(page), "Accept: text/html\r\n", "")
    }

    /// The sandbox's own lists: mails, pages, log.
    pub fn list(&self, name: &str) -> Vec<Value> {
        let (_, text) = self.send("GET", &format!("/sandbox/{name}"), "", "");
        serde_json::from_str(&text).expect("a list")
    }

    pub fn published(&self, step: Step) -> Value {
        serde_json::from_str(&self.look(&self.profile.path(step)).1).expect("JSON")
    }

    pub fn json(&self, method: &str, path: &str, kind: &str, body: &str) -> (u16, Value) {
        let (status, text) = self.send(method, path, &format!("Content-Type: {kind}\r\n"), body);
        (status, serde_json::from_str(&text).unwrap_or(Value::Null))
    }

    fn path(&self, address: &str) -> String {
        format!("/{}", address.trim_start_matches(self.sandbox.url().as_str()).trim_start_matches('/'))
    }

    fn send(&self, method: &str, path: &str, head: &str, body: &str) -> (u16, String) {
        let host = self.sandbox.url().socket_addrs(|| None).expect("an address")[0];
        let mut stream = TcpStream::connect(host).expect("connected");
        let length = body.len();
        let request = format!(
            "{method} {path} HTTP/1.1\r\nHost: {host}\r\nConnection: close\r\nContent-Length: {length}\r\n{head}\r\n{body}"
        );
        stream.write_all(request.as_bytes()).expect("sent");
        let mut answer = String::new();
        stream.read_to_string(&mut answer).expect("an answer");
        let (head, body) = answer.split_once("\r\n\r\n").expect("a head and a body");
        let status = head.split(' ').nth(1).and_then(|status| status.parse().ok()).expect("a status");
        (status, body.to_owned())
    }
}

/// The text of a member, `a.b` for one inside another.
pub fn text(answer: &Value, path: &str) -> String {
    let found = path.split('.').try_fold(answer, |value, name| value.get(name));
    found.and_then(Value::as_str).unwrap_or_else(|| panic!("no {path} in {answer}")).to_owned()
}

/// Status and code of a refusal, however it is spelled.
pub fn code((status, answer): &(u16, Value)) -> (u16, &str) {
    (*status, answer["error"].as_str().or(answer["code"].as_str()).unwrap_or_default())
}
