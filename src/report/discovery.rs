//! What a service offers, and what signing up would send.

use serde_json::{Value, json};

use super::{VERSION, lines_text};
use crate::flow::discover::{By, Calls, Discovery, Way};
use crate::flow::enrol::{ShownCall, ShownValue};
use crate::flow::{Line, Surroundings};
use crate::trust;

pub fn discovery_text(discovery: &Discovery, surroundings: &Surroundings) -> String {
    let service = discovery.service();
    // A pasted header is no word for a command line; the resource is.
    let typed = discovery.target().typed.as_str();
    let target =
        if typed.contains(char::is_whitespace) { trust::clean(&service.resource, 200) } else { typed.to_owned() };
    let mut lines = discovery.lines();
    lines.extend([
        Line::Gap,
        Line::fact("service", service.name.clone()),
        Line::fact("resource", trust::clean(&service.resource, 120)),
        Line::fact("hosts", service.hosts.join(", ")),
        Line::fact(
            "scopes",
            if service.scopes.is_empty() { "not said beforehand".to_owned() } else { service.scopes.join(", ") },
        ),
        Line::fact("verdict", discovery.verdict().as_str()),
    ]);
    for finding in discovery.findings() {
        lines.push(Line::fact(finding.level.as_str(), finding.message));
    }
    match discovery.obstacle() {
        Some(problem) => {
            lines.extend([Line::Gap, Line::text(problem.what), Line::text(format!("hint: {}", problem.hint))])
        }
        None => {
            let ways = discovery.ways(surroundings);
            for way in &ways {
                lines.extend([Line::Gap, Line::Heading(format!("{}: {}", way.mode().as_str(), why(discovery, *way)))]);
                lines.extend(steps(discovery, *way).into_iter().enumerate().map(|(nth, what)| Line::Item {
                    number: nth + 1,
                    what,
                    detail: String::new(),
                    done: false,
                }));
            }
            let target = trust::shell_word(&target);
            lines.extend([Line::Gap, Line::text(format!("Sign up with: authmd-tui add {target}"))]);
        }
    }
    lines_text(&lines)
}

pub fn discovery_json(discovery: &Discovery, surroundings: &Surroundings) -> Value {
    let service = discovery.service();
    let findings = discovery
        .findings()
        .into_iter()
        .map(|finding| json!({ "level": finding.level.as_str(), "code": finding.code, "message": finding.message }));
    let offers = discovery.ways(surroundings).into_iter().enumerate().map(|(nth, way)| {
        json!({
            "mode": way.mode().as_str(),
            "recommended": nth == 0,
            "why": why(discovery, way),
            "steps": steps(discovery, way),
        })
    });
    json!({
        "version": VERSION,
        "target": discovery.target().typed,
        "service": { "name": service.name, "resource": service.resource, "logo": service.logo.as_ref().map(url::Url::as_str), "hosts": service.hosts },
        "offers": offers.collect::<Vec<_>>(),
        "verdict": discovery.verdict().as_str(),
        "findings": findings.collect::<Vec<_>>(),
    })
}

/// What a dry run would have sent.
pub fn calls_json(calls: &[ShownCall]) -> Value {
    let value = |shown: &ShownValue| json!({ "in": shown.place.as_str(), "name": shown.name, "value": shown.value, "origin": shown.origin });
    let call = |call: &ShownCall| {
        let values: Vec<Value> = call.values.iter().map(value).collect();
        json!({ "method": call.method, "url": call.address, "values": values })
    };
    json!({ "version": VERSION, "sent": false, "calls": calls.iter().map(call).collect::<Vec<_>>() })
}

/// What a sign-up would do, in order.
fn steps(discovery: &Discovery, way: Way) -> Vec<String> {
    let plan = match (way, discovery.starts().first()) {
        (Way::AuthMd, Some(start)) => discovery.plan(*start, ""),
        (Way::AuthMd, None) => Vec::new(),
        (Way::OAuth(by), _) => discovery.oauth_plan(by, "", false),
        (Way::Enrol(_), _) => discovery.enrolment_plan(way, ""),
        (Way::Key, _) => discovery.key_plan(),
    };
    plan.into_iter().map(|step| step.what.trim_end().to_owned()).collect()
}

/// Why one would take this way.
fn why(discovery: &Discovery, way: Way) -> String {
    let stranger = discovery
        .authorization()
        .is_some_and(|server| server.register.is_none() && server.wants_client() && discovery.named_client().is_none());
    let known = if stranger { " It registers no programs by itself: a client id of yours is asked for." } else { "" };
    match way {
        Way::AuthMd => discovery.confirmation().why().to_owned(),
        Way::Key => "A key that you make on a page of the service, and paste.".to_owned(),
        Way::Enrol(Calls::EmailCode) => "A code by mail, typed here, for a key; no browser needed.".to_owned(),
        Way::Enrol(Calls::MagicLink) => "A link by mail, and the key behind it.".to_owned(),
        Way::Enrol(Calls::Direct) => "A key that the service's API makes at once.".to_owned(),
        Way::OAuth(By::Browser) => format!("A browser's answer comes to this machine only, or is pasted.{known}"),
        Way::OAuth(By::Device) => {
            format!("A code that is typed in a browser anywhere: for SSH, containers, servers.{known}")
        }
    }
}
