//! What a service publishes: each document by itself, and all of them as discovery meets them.
//!
//! The input is the documents in the order in which they are asked for, with `%%` between: three digits of a status, then a
//! blank and the body; for a 401 the body is the challenge.
#![no_main]

use authmd_tui::flow::discover::{By, Discovery, Next, Way};
use authmd_tui::flow::target::Target;
use authmd_tui::flow::wire;
use authmd_tui::flow::{Line, wire::ResourceMetadata};
use authmd_tui::http::{HttpError, Response};
use authmd_tui::secret::Secret;
use authmd_tui::{json, trust};
use serde_json::Value;
use url::Url;

libfuzzer_sys::fuzz_target!(|data: &[u8]| {
    let text = String::from_utf8_lossy(data);
    let (local, documents) = match text.strip_prefix("local ") {
        Some(rest) => (true, rest),
        None => (false, text.as_ref()),
    };
    let base = promises::base(local);
    let mut before: Option<Value> = None;
    for document in documents.split("%%") {
        let body = document.trim_start().get(3..).unwrap_or_default();
        if let Some(block) = wire::embedded_agent_auth(body) {
            offered(&block, &base, None);
        }
        let Some(value) = json::read(body) else { continue };
        published(&wire::resource_metadata_document(&value, &base), &base);
        offered(&value, &base, before.as_ref());
        before = Some(value);
    }
    discovered(documents, &base);
});

fn offered(document: &Value, base: &Url, from_resource: Option<&Value>) {
    for from_resource in [None, from_resource, Some(document)] {
        wire::offer(document, base, from_resource).iter().for_each(|offer| promises::offer(offer, base));
    }
}

/// Its servers are judged by who asks them: see `discovered`.
fn published(metadata: &ResourceMetadata, base: &Url) {
    metadata.name.iter().for_each(|name| {
        assert!(!name.is_empty());
        promises::shown(name, 60);
    });
    metadata.logo.iter().for_each(|logo| promises::contacted(logo, base));
    assert!(metadata.scopes.len() <= 100);
    metadata.scopes.iter().for_each(|scope| promises::shown(scope, 60));
}

fn discovered(documents: &str, base: &Url) {
    let target = Target::parse(base.as_str()).expect("a target");
    let mut discovery = Discovery::new(target);
    let mut answers = documents.split("%%").map(answer);
    let mut next = discovery.begin(promises::now());
    let mut asked = 0;
    loop {
        next = match next {
            Next::Send(request) => {
                promises::contacted(&request.url, base);
                asked += 1;
                assert!(asked < 100, "asked and asked");
                let nothing = || Ok(Response { status: 404, headers: vec![], body: Secret::new("") });
                discovery.answer(answers.next().unwrap_or_else(nothing), promises::now())
            }
            Next::Wait(_) => discovery.resume(promises::now()),
            Next::Read(_) => unreachable!("no skill was named"),
            Next::Over => break,
        };
    }
    told(&discovery, base);
}

fn answer(document: &str) -> Result<Response, HttpError> {
    let document = document.trim_start();
    let (status, body) = document.split_at_checked(3).unwrap_or(("404", ""));
    let status = status.parse().ok().filter(|status| (100..600).contains(status));
    match status {
        Some(status @ (301 | 302)) => Err(HttpError::Redirected(format!("{status} {body}"))),
        Some(401) => {
            let headers = vec![("www-authenticate".to_owned(), body.trim().to_owned())];
            Ok(Response { status: 401, headers, body: Secret::new("") })
        }
        status => Ok(Response { status: status.unwrap_or(200), headers: vec![], body: Secret::new(body) }),
    }
}

/// What a person is told of it.
fn told(discovery: &Discovery, base: &Url) {
    let service = discovery.service();
    promises::shown(&service.name, 270);
    let resource = Url::parse(&service.resource).expect("a resource is an address");
    promises::contacted(&resource, base);
    assert!(trust::same_site(&resource, base), "{resource}");
    // It is shown letter by letter in some places; its length is cut where it is.
    service.resource.chars().for_each(|c| promises::shown(c.encode_utf8(&mut [0; 4]), 1));
    service.logo.iter().for_each(|logo| promises::contacted(logo, base));
    service.scopes.iter().for_each(|scope| promises::shown(scope, 60));
    for host in service.hosts.iter().chain(&discovery.hosts_of_the_address()) {
        promises::shown(host, 270);
    }
    for way in Way::ALL {
        for host in discovery.foreign_hosts(way) {
            promises::shown(&host, 270);
            assert!(!discovery.sent_to(&host, way).is_empty(), "{host} is told something");
        }
    }
    if let Some(server) = discovery.authorization() {
        server.endpoints().chain(&server.authorize).for_each(|url| promises::contacted(url, base));
        let named = discovery.named_resource().expect("a server is for what was asked");
        assert_eq!(Url::parse(&named).expect("an address").origin(), base.origin(), "{named}");
        discovery.wanted_scopes().iter().for_each(|scope| promises::shown(scope, 256));
        for step in discovery.oauth_plan(By::Browser, "in the vault", true) {
            promises::sentence(&step.what);
            promises::sentence(&step.detail);
        }
    }
    if let Some(offer) = discovery.offer() {
        // It was published anywhere: each document is judged by its own origin, and all by where discovery began.
        promises::offer(offer, base);
    }
    discovery.findings().iter().for_each(|finding| promises::sentence(&finding.message));
    discovery.obstacle().iter().for_each(promises::problem);
    discovery.tried().for_each(|(place, answer)| {
        promises::shown(&place, 100);
        promises::sentence(answer);
    });
    for start in discovery.starts() {
        for step in discovery.plan(*start, "in the vault") {
            promises::sentence(&step.what);
            promises::sentence(&step.detail);
        }
    }
    let document = discovery.document_lines();
    assert!(document.len() <= 401);
    for line in discovery.lines().iter().chain(&document) {
        match line {
            Line::Gap => {}
            Line::Heading(text) | Line::Text(text) | Line::Quiet(text) => promises::shown(text, 310),
            Line::Step { what, found, .. } => [what, found].into_iter().for_each(|text| promises::sentence(text)),
            Line::Fact(..) | Line::Item { .. } | Line::Command(_) | Line::Theirs(_) | Line::Quote { .. } => {
                panic!("{line:?} is not of discovery")
            }
        }
    }
    let links = discovery.document_links();
    assert!(links.len() <= 8);
    links.iter().for_each(|link| promises::contacted(link, base));
}
