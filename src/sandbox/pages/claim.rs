//! The page on which the human decides: plain HTML, one form, no script. Scripts that play the human send the same form:
//! `code=…&decision=allow`, or `decision=deny`.

use std::fmt::Write;

use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use serde::{Deserialize, Serialize};

use super::{escape, page};
use crate::sandbox::attempts::{Decision, Mistake, State};
use crate::sandbox::services::Shape;
use crate::sandbox::world::{Inner, World};
use crate::shell::clock;

/// Which page, from its address.
#[derive(Deserialize)]
pub struct Place {
    #[serde(default)]
    attempt: String,
    /// Filled in beforehand.
    #[serde(default)]
    code: String,
}

/// What the form sends.
#[derive(Deserialize)]
pub struct Sent {
    #[serde(default)]
    code: String,
    #[serde(default)]
    decision: String,
}

/// A page as a script sees it.
#[derive(Serialize)]
pub struct Listed {
    service: &'static str,
    to: String,
    url: String,
    /// Where the page shows one.
    code: Option<String>,
    state: State,
}

pub fn list(world: &World) -> Vec<Listed> {
    let (inner, now) = (world.inner(), clock::now());
    let listed = |(nth, attempt): (usize, &crate::sandbox::attempts::Attempt)| {
        let state = inner.attempt_state(nth, now);
        Listed {
            service: attempt.profile.name,
            to: attempt.email.clone(),
            url: world.page_of(attempt),
            code: shows_code(attempt.profile.shape, state).then(|| attempt.code.clone()),
            state,
        }
    };
    inner.attempts.iter().enumerate().map(listed).collect()
}

/// The pages that wait for a human, for the index.
pub fn links(world: &World) -> String {
    let waiting: Vec<_> =
        list(world).into_iter().filter(|it| matches!(it.state, State::Waiting | State::Allowed)).collect();
    if waiting.is_empty() {
        return String::new();
    }
    let mut body = String::from("<h2>Waiting for you</h2><ul class=mails>");
    for it in waiting {
        let _ = write!(
            body,
            "<li><a href=\"{}\"><strong>{}</strong> <span class=quiet>for {}</span></a></li>",
            escape(&it.url),
            escape(it.service),
            escape(&it.to)
        );
    }
    body + "</ul>"
}

pub fn show(world: &World, place: &Place) -> Response {
    let inner = world.inner();
    match find(&inner, place) {
        Some(nth) => whole(&inner, nth, &place.code, None),
        None => missing(),
    }
}

pub fn decide(world: &World, place: &Place, sent: &Sent) -> Response {
    let Some(nth) = find(&world.inner(), place) else {
        return missing();
    };
    let decision = match sent.decision.as_str() {
        "allow" => Decision::Allow,
        "deny" => Decision::Deny,
        _ => return whole(&world.inner(), nth, &sent.code, Some("Choose one of the buttons.")),
    };
    let mistake = match world.decide(nth, decision, &sent.code, clock::now()) {
        Err(Mistake::WrongCode) => Some("That is not the code that the program shows. Look again."),
        Ok(()) | Err(Mistake::NotOpen) => None,
    };
    whole(&world.inner(), nth, &sent.code, mistake)
}

fn find(inner: &Inner, place: &Place) -> Option<usize> {
    inner.attempts.iter().position(|attempt| attempt.token == place.attempt)
}

fn shows_code(shape: Shape, state: State) -> bool {
    shape == Shape::Nested && state == State::Allowed
}

fn whole(inner: &Inner, nth: usize, typed: &str, mistake: Option<&str>) -> Response {
    let attempt = &inner.attempts[nth];
    let state = inner.attempt_state(nth, clock::now());
    let (name, email) = (escape(attempt.profile.name), escape(&attempt.email));
    let body = match state {
        State::Waiting => {
            let scopes = inner.scopes_of(nth).iter().map(|scope| format!("<li><code>{}</code>", escape(scope)));
            format!(
                "<p>A program asks to act at {name} for <strong>{email}</strong>. It could then use:</p><ul>{}</ul>{}",
                scopes.collect::<String>(),
                form(attempt.profile.shape, &email, typed, mistake)
            )
        }
        State::Allowed if shows_code(attempt.profile.shape, state) => format!(
            "<p>You are signed in as <strong>{email}</strong>. Read this code back to the program:</p><p class=code>{}</p>\
             <p>Nobody gets in without it.</p>",
            attempt.code
        ),
        State::Allowed | State::Claimed => {
            format!("<p>Done: the program may act for <strong>{email}</strong>. Go back to it.</p>")
        }
        State::Denied => "<p>Denied. The program is told, and gets nothing.</p>".to_owned(),
        State::Blocked => "<p>Too many wrong codes. Let the program ask again.</p>".to_owned(),
        State::Expired => "<p>This has taken too long. Let the program ask again.</p>".to_owned(),
        State::Replaced => "<p>The program has asked again since; this page is no longer the one.</p>".to_owned(),
    };
    let status = match state {
        State::Waiting if mistake.is_some() => StatusCode::BAD_REQUEST,
        State::Waiting | State::Allowed | State::Claimed | State::Denied => StatusCode::OK,
        State::Blocked | State::Expired | State::Replaced => StatusCode::GONE,
    };
    let title = format!("{} asks", attempt.profile.name);
    (status, page(&title, &format!("<article><h1>{name}</h1>{body}</article>"))).into_response()
}

fn form(shape: Shape, email: &str, typed: &str, mistake: Option<&str>) -> String {
    let mistake = mistake.map(|words| format!("<p class=\"sign bad\" role=alert>{words}</p>")).unwrap_or_default();
    let deny = "<button name=decision value=deny>Deny</button>";
    if shape == Shape::Nested {
        return format!(
            "{mistake}<p>Sign in, and a code appears here.</p><form method=post>\
             <button name=decision value=allow>Sign in as {email}</button> {deny}</form>"
        );
    }
    format!(
        "<p><label for=code>The code that the program shows:</label></p>{mistake}<form method=post>\
         <input id=code name=code value=\"{}\" autocomplete=off autocapitalize=characters spellcheck=false autofocus>\
         <button name=decision value=allow>Allow</button> {deny}</form><p class=quiet>No program of yours asks? Then deny.</p>",
        escape(typed)
    )
}

fn missing() -> Response {
    let body = "<h1>No such page</h1><p>The link is incomplete, or of another run of the sandbox.</p>";
    (StatusCode::NOT_FOUND, page("No such page", body)).into_response()
}
