//! What a browser shows of the sandbox: the index, the inbox, and the pages on which the human decides.

pub mod claim;
pub mod consent;
pub mod enrolled;

use std::fmt::Write;

use axum::http::{HeaderMap, StatusCode, header};
use axum::response::{Html, IntoResponse, Response};

use super::fault::{self, Step};
use super::services::{PROFILES, Profile};
use super::toll;
use super::world::{Mail, World};

pub fn style() -> Response {
    ([(header::CONTENT_TYPE, "text/css; charset=utf-8")], include_str!("../../assets/sandbox.css")).into_response()
}

pub fn index(world: &World) -> Html<String> {
    let mut body = String::from(
        "<h1>Sandbox</h1><p class=lead>Services to sign up to, on this machine only. Nothing here leaves it.</p>",
    );
    body.push_str("<h2>Services</h2><table><tr><th>Service<th>How<th>Target</tr>");
    for profile in PROFILES {
        let _ = write!(
            body,
            "<tr><td>{}<td class=quiet>{}<td><code>{}</code></tr>",
            profile.name,
            profile.shape.words(),
            escape(&world.how_to_add(profile)),
        );
    }
    let _ = write!(
        body,
        "</table><p><a class=button href=/inbox>Inbox <span class=count>{}</span></a></p>",
        world.mails().len()
    );
    body.push_str(&claim::links(world));
    body.push_str(
        "<h2>Faults</h2><p>Make a step fail, to see what a client does.</p><table><tr><th>Step<th>Now<th>Change</tr>",
    );
    for step in Step::ALL {
        let now = world.fault_on(step);
        let _ = write!(
            body,
            "<tr><td>{0}<td><span class=\"sign {1}\">{2}</span><td><form method=post action=/sandbox/faults><input type=hidden name=step value={0}>\
             <select name=fault aria-label=\"fault of {0}\"><option value=\"\">works</option>{3}</select> <button>Set</button></form></tr>",
            step.name(),
            if now.is_some() { "bad" } else { "good" },
            now.unwrap_or("works"),
            fault::names().fold(String::new(), |options, name| {
                let selected = if now == Some(name) { " selected" } else { "" };
                options + &format!("<option{selected}>{name}</option>")
            }),
        );
    }
    body.push_str("</table><h2>Calls</h2>");
    let log = world.log();
    if log.is_empty() {
        body.push_str("<p class=quiet>None yet.</p>");
    } else {
        body.push_str("<table class=log>");
        for call in log.iter().rev().take(50) {
            let class = if call.status < 400 { "good" } else { "bad" };
            let _ = write!(
                body,
                "<tr><td class=quiet>{}<td>{}<td><code>{}</code><td><span class=\"sign {class}\">{}</span></tr>",
                call.at,
                escape(&call.method),
                escape(&call.path),
                call.status
            );
        }
        body.push_str("</table>");
    }
    page("Sandbox", &body)
}

/// The inbox: a page for browsers, plain text for everything else, so that it can be read over SSH.
pub fn inbox(world: &World, headers: &HeaderMap) -> Response {
    let mails = world.mails();
    let browser = headers
        .get(header::ACCEPT)
        .and_then(|accept| accept.to_str().ok())
        .is_some_and(|accept| accept.contains("text/html"));
    if !browser {
        let lines: String = mails
            .iter()
            .rev()
            .map(|mail| match &mail.link {
                Some(link) => format!("{}  {}  to {}: open {link}\n", mail.at, mail.from, mail.to),
                None => format!("{}  {}  to {}: your code is {}\n", mail.at, mail.from, mail.to, mail.code),
            })
            .collect();
        return if lines.is_empty() { "No mail yet.\n".into_response() } else { lines.into_response() };
    }
    let mut body = String::from("<p><a href=/>Sandbox</a></p><h1>Inbox</h1>");
    if mails.is_empty() {
        body.push_str("<p class=quiet>No mail yet. It appears here when a service sends a code.</p>");
    }
    body.push_str("<ul class=mails>");
    for (number, mail) in mails.iter().enumerate().rev() {
        let _ = write!(
            body,
            "<li><a href=/inbox/{number}><strong>{}</strong> <span>{}</span> <span class=quiet>to {} · {}</span></a></li>",
            escape(&mail.from),
            escape(&mail.subject),
            escape(&mail.to),
            mail.at
        );
    }
    body.push_str("</ul>");
    // The human waits here for the mail to come.
    ([(header::REFRESH, "5")], page("Inbox", &body)).into_response()
}

pub fn mail(world: &World, number: usize) -> Response {
    match world.mails().get(number) {
        Some(mail) => page(&mail.subject, &letter(mail)).into_response(),
        None => (StatusCode::NOT_FOUND, page("No such mail", "<p><a href=/inbox>Inbox</a></p><h1>No such mail</h1>"))
            .into_response(),
    }
}

fn letter(mail: &Mail) -> String {
    let what = match &mail.link {
        Some(link) => format!("open this link:</p><p><a href=\"{0}\">{0}</a></p>", escape(link)),
        None => format!("type this code there:</p><p class=code>{}</p>", mail.code),
    };
    format!(
        "<p><a href=/inbox>Inbox</a></p><article><h1>{}</h1><p class=quiet>from {} to {} · {}</p>\
         <p>A program asks to act for you at {}. If that was you, {what}\
         <p>If it was not you, do nothing. Nobody gets in without it.</p></article>",
        escape(&mail.subject),
        escape(&mail.from),
        escape(&mail.to),
        mail.at,
        escape(&mail.from),
    )
}

/// Where its auth.md sends a person first.
pub fn prose_account() -> Html<String> {
    page("Account", "<article><h1>Prose</h1><p>You have an account. <a href=/prose/keys>Make a key</a></p></article>")
}

/// Where the person gets the key, to be pasted.
pub fn keys(made: Option<&str>) -> Html<String> {
    let made = made.map(|key| format!("<p>Your key, shown once:</p><p><code>{key}</code></p>")).unwrap_or_default();
    let form = "<form method=post><button>Make a key</button></form>";
    page("Keys", &format!("<article><h1>Keys</h1>{made}{form}</article>"))
}

/// What the human accepts by saying so to a program.
pub fn terms(profile: &Profile) -> Html<String> {
    let name = escape(profile.name);
    let body = format!(
        "<article><h1>Terms of {name}</h1><p class=quiet>Version {}</p>\
         <p>You may pass. You may not say that {name} is more than a service of the sandbox.</p></article>",
        toll::TERMS
    );
    page(&format!("Terms of {}", profile.name), &body)
}

fn page(title: &str, body: &str) -> Html<String> {
    Html(format!(
        "<!doctype html><html lang=en><meta charset=utf-8><meta name=viewport content=\"width=device-width\">\
         <title>{} · authmd-tui sandbox</title><link rel=stylesheet href=/sandbox/style.css><main>{body}</main></html>",
        escape(title)
    ))
}

fn escape(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;").replace('"', "&quot;")
}
