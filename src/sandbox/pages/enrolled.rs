//! Pages of the services that have calls of their own: behind a link, and where an agent is claimed.

use axum::http::StatusCode;
use axum::response::{Html, IntoResponse, Response};
use serde::Deserialize;

use super::{escape, page};
use crate::sandbox::services::Profile;
use crate::sandbox::world::World;
use crate::shell::clock;

#[derive(Deserialize)]
pub struct Opened {
    #[serde(default)]
    token: String,
    #[serde(default)]
    agent: String,
}

/// Behind the link that was mailed: the key is made by a button, so that a program that opens links makes none.
pub fn behind_link(world: &World, profile: &Profile, opened: &Opened) -> Response {
    match world.is_open_link(&opened.token, clock::now()) {
        true => {
            let form = "<form method=post><button>Make a key</button></form>";
            of(profile, &format!("<p>You are in.</p>{form}")).into_response()
        }
        false => too_old(profile),
    }
}

pub fn make_key(world: &World, profile: &'static Profile, opened: &Opened) -> Response {
    match world.key_behind_link(profile, &opened.token, clock::now()) {
        Some(key) => of(profile, &format!("<p>Your key, shown once:</p><p><code>{key}</code></p>")).into_response(),
        None => too_old(profile),
    }
}

/// Where the keys are, for who is in.
pub fn dashboard(profile: &Profile) -> Html<String> {
    of(profile, "<p>Open the link from your mail first; your key is behind it.</p>")
}

pub fn claim(world: &World, profile: &Profile, opened: &Opened) -> Response {
    match world.is_claimable(&opened.agent, clock::now()) {
        true => {
            let form = "<form method=post><button>It is mine</button></form>";
            of(profile, &format!("<p>An agent is waiting for somebody to say whose it is.</p>{form}")).into_response()
        }
        false => too_old(profile),
    }
}

pub fn claimed(world: &World, profile: &Profile, opened: &Opened) -> Response {
    match world.claim_agent(&opened.agent, clock::now()) {
        true => of(profile, "<p>It is yours.</p>").into_response(),
        false => too_old(profile),
    }
}

fn too_old(profile: &Profile) -> Response {
    (StatusCode::GONE, of(profile, "<p>This link is of no use any more.</p>")).into_response()
}

fn of(profile: &Profile, body: &str) -> Html<String> {
    let name = escape(profile.name);
    page(&name, &format!("<article><h1>{name}</h1>{body}</article>"))
}
