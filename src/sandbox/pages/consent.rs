//! The pages of the OAuth server: where a browser is sent to be asked, and where a code is typed. Scripts that play the human
//! send the same forms: `decision=allow` or `decision=deny`, the second with `user_code=…`.

use axum::http::StatusCode;
use axum::response::{IntoResponse, Redirect, Response};
use serde::Deserialize;

use super::{escape, page};
use crate::sandbox::described::Callback;
use crate::sandbox::oauth::{Asked, Unknown};
use crate::sandbox::services::Profile;
use crate::sandbox::world::World;
use crate::shell::clock;

#[derive(Deserialize)]
pub struct Sent {
    #[serde(default)]
    decision: String,
    #[serde(default)]
    user_code: String,
}

#[derive(Deserialize)]
pub struct Code {
    #[serde(default)]
    user_code: String,
}

/// Asks, or says why nobody can be asked.
pub fn ask(world: &World, profile: &Profile, asked: &Asked) -> Response {
    if let Err(Unknown(why)) = world.asker(asked) {
        return wrong(profile, why);
    }
    question(profile, &asked.scope, &asked.redirect_uri)
}

/// The same at the service that calls all of it something else.
pub fn ask_back(world: &World, profile: &Profile, asked: &Callback) -> Response {
    match world.caller(asked) {
        Ok(back) => question(profile, "all_that_you_can", back.as_str()),
        Err(Unknown(why)) => wrong(profile, why),
    }
}

pub fn decide_back(world: &World, profile: &'static Profile, asked: &Callback, sent: &Sent) -> Response {
    match (world.caller(asked), world.call_back(profile, asked, sent.decision == "allow", clock::now())) {
        (Ok(_), Some(back)) => Redirect::to(back.as_str()).into_response(),
        (Err(Unknown(why)), _) => wrong(profile, why),
        (Ok(_), None) => wrong(profile, "The address for the answer is none."),
    }
}

fn question(profile: &Profile, scope: &str, redirect: &str) -> Response {
    let scopes: String = scope.split_whitespace().map(|scope| format!("<li><code>{}</code>", escape(scope))).collect();
    let name = escape(profile.name);
    let body = format!(
        "<article><h1>{name}</h1><p>A program asks to act at {name} for <strong>ada@example.com</strong>. It could then use:</p>\
         <ul>{scopes}</ul><form method=post><button name=decision value=allow>Allow</button> \
         <button name=decision value=deny>Deny</button></form><p class=quiet>The answer goes to {}</p></article>",
        escape(redirect)
    );
    page(&format!("{} asks", profile.name), &body).into_response()
}

/// Sends the browser back with the answer.
pub fn decide(world: &World, profile: &'static Profile, asked: &Asked, sent: &Sent) -> Response {
    if let Err(Unknown(why)) = world.asker(asked) {
        return wrong(profile, why);
    }
    match world.authorize(profile, asked, sent.decision == "allow", clock::now()) {
        Some(back) => Redirect::to(back.as_str()).into_response(),
        None => wrong(profile, "The address for the answer is none."),
    }
}

/// Where a code is typed.
pub fn device(profile: &Profile, code: &Code) -> Response {
    form(profile, &code.user_code, None)
}

pub fn decide_device(world: &World, profile: &Profile, sent: &Sent) -> Response {
    match world.decide_device(profile, &sent.user_code, sent.decision == "allow", clock::now()) {
        true => {
            let name = escape(profile.name);
            let said =
                if sent.decision == "allow" { "Done. Go back to the program." } else { "Denied. The program is told." };
            page(profile.name, &format!("<article><h1>{name}</h1><p>{said}</p></article>")).into_response()
        }
        false => form(profile, &sent.user_code, Some("There is no such code, or it was used already. Look again.")),
    }
}

fn form(profile: &Profile, code: &str, mistake: Option<&str>) -> Response {
    let status = if mistake.is_some() { StatusCode::BAD_REQUEST } else { StatusCode::OK };
    let mistake = mistake.map(|words| format!("<p class=\"sign bad\" role=alert>{words}</p>")).unwrap_or_default();
    let name = escape(profile.name);
    let body = format!(
        "<article><h1>{name}</h1><p>You are signed in as <strong>ada@example.com</strong>.</p>\
         <p><label for=code>The code that the program shows:</label></p>{mistake}<form method=post>\
         <input id=code name=user_code value=\"{}\" autocomplete=off autocapitalize=characters spellcheck=false autofocus>\
         <button name=decision value=allow>Allow</button> <button name=decision value=deny>Deny</button></form>\
         <p class=quiet>No program of yours asks? Then deny.</p></article>",
        escape(code)
    );
    (status, page(profile.name, &body)).into_response()
}

fn wrong(profile: &Profile, why: &str) -> Response {
    let name = escape(profile.name);
    let body = format!("<article><h1>{name}</h1><p class=\"sign bad\">{}</p></article>", escape(why));
    (StatusCode::BAD_REQUEST, page(profile.name, &body)).into_response()
}
