//! Which path leads to what: the calls of every service, and the pages and lists of the sandbox itself.

use std::sync::Arc;

use axum::Router;
use axum::body::Bytes;
use axum::extract::{Form, Path, Query, State};
use axum::http::{HeaderMap, Method, StatusCode, Uri};
use axum::response::{IntoResponse, Redirect, Response};
use axum::routing::{MethodRouter, any, delete, get, post};
use serde::Deserialize;

use super::described::{self, Callback};
use super::enrolled;
use super::fault::{Fault, Step};
use super::oauth::Asked;
use super::pages;
use super::pages::claim::{self, Place, Sent};
use super::pages::consent;
use super::pages::enrolled::{self as opened, Opened};
use super::services::{Calls, Closed, Described, PROFILES, PROSE, Profile, Shape};
use super::world::World;
use crate::shell::clock;

type Shared = State<Arc<World>>;

pub fn router(world: Arc<World>) -> Router {
    let mut router = Router::new()
        .route("/", get(|State(world): Shared| async move { pages::index(&world) }))
        .route("/inbox", get(|State(world): Shared, headers: HeaderMap| async move { pages::inbox(&world, &headers) }))
        .route(
            "/inbox/{mail}",
            get(|State(world): Shared, Path(mail): Path<usize>| async move { pages::mail(&world, mail) }),
        )
        .route("/sandbox/style.css", get(|| async { pages::style() }))
        .route("/sandbox/log", get(|State(world): Shared| async move { axum::Json(world.log()) }))
        .route("/sandbox/mails", get(|State(world): Shared| async move { axum::Json(world.mails()) }))
        .route("/sandbox/pages", get(|State(world): Shared| async move { axum::Json(claim::list(&world)) }))
        .route("/prose/account", get(|| async { pages::prose_account() }))
        .route("/prose/keys", key_page(PROSE))
        .route("/sandbox/faults", post(set_fault));
    for profile in PROFILES {
        if profile.shape.has_page() {
            router = router.route(
                &profile.page(),
                get(|State(world): Shared, Query(place): Query<Place>| async move { claim::show(&world, &place) })
                    .post(|State(world): Shared, Query(place): Query<Place>, Form(sent): Form<Sent>| async move {
                        claim::decide(&world, &place, &sent)
                    }),
            );
        }
        match profile.shape {
            Shape::OAuth => router = oauth_pages(router, profile),
            Shape::Described(described) => router = described_pages(router, profile, described),
            Shape::Enrolled(calls) => router = enrolled_pages(router, profile, calls),
            _ => {}
        }
        router = router.route(&profile.terms(), get(move || async move { pages::terms(profile) }));
        for step in Step::ALL.into_iter().filter(|step| profile.serves(*step)) {
            router = router.route(
                &profile.path(step),
                match step {
                    Step::Api | Step::Resource | Step::Server | Step::AuthMd => {
                        get(move |State(world): Shared, headers: HeaderMap| {
                            serve(world, profile, step, Method::GET, headers, Bytes::new())
                        })
                    }
                    // Such a place has nothing behind it, whoever asks how.
                    _ if profile.shape == Shape::Closed(Closed::Stub) => {
                        any(move |State(world): Shared, method: Method, headers: HeaderMap| {
                            serve(world, profile, step, method, headers, Bytes::new())
                        })
                    }
                    _ => post(move |State(world): Shared, headers: HeaderMap, body: Bytes| {
                        serve(world, profile, step, Method::POST, headers, body)
                    }),
                },
            );
        }
    }
    router.fallback(nothing_here).method_not_allowed_fallback(not_that_way).with_state(world)
}

/// Where a browser is asked, and where a code is typed.
fn oauth_pages(router: Router<Arc<World>>, profile: &'static Profile) -> Router<Arc<World>> {
    let path = profile.path(Step::Authorize);
    router
        .route(
            &path,
            get(move |State(world): Shared, Query(asked): Query<Asked>| async move {
                consent::ask(&world, profile, &asked)
            })
            .post(
                move |State(world): Shared, Query(asked): Query<Asked>, Form(sent): Form<consent::Sent>| async move {
                    let answer = consent::decide(&world, profile, &asked, &sent);
                    world.note(&Method::POST, &profile.path(Step::Authorize), answer.status().as_u16());
                    answer
                },
            ),
        )
        .route(&profile.page(), code_page(profile))
}

/// The skill, and where a browser is asked or a word is typed.
fn described_pages(router: Router<Arc<World>>, profile: &'static Profile, described: Described) -> Router<Arc<World>> {
    let path = format!("{}/skill.yaml", profile.base);
    let router = router
        .route(&path, get(move |State(world): Shared| async move { described::skill(&world, profile, described) }));
    match described {
        Described::Exchange => router.route(&format!("{}/page", profile.base), key_page(profile)).route(
            &profile.path(Step::Authorize),
            get(move |State(world): Shared, Query(asked): Query<Callback>| async move {
                consent::ask_back(&world, profile, &asked)
            })
            .post(
                move |State(world): Shared, Query(asked): Query<Callback>, Form(sent): Form<consent::Sent>| async move {
                    consent::decide_back(&world, profile, &asked, &sent)
                },
            ),
        ),
        Described::Pairing => router.route(&profile.page(), code_page(profile)),
    }
}

/// The skill, and what a person opens.
fn enrolled_pages(router: Router<Arc<World>>, profile: &'static Profile, calls: Calls) -> Router<Arc<World>> {
    let at = |path: &str| format!("{}{path}", profile.base);
    let router = router.route(
        &at("/skill.yaml"),
        get(move |State(world): Shared| async move { enrolled::skill(&world, profile, calls) }),
    );
    match calls {
        Calls::Link => router.route(&at("/dashboard"), get(move || async move { opened::dashboard(profile) })).route(
            &at("/in"),
            get(move |State(world): Shared, Query(query): Query<Opened>| async move {
                opened::behind_link(&world, profile, &query)
            })
            .post(move |State(world): Shared, Query(query): Query<Opened>| async move {
                opened::make_key(&world, profile, &query)
            }),
        ),
        Calls::Code => router,
        Calls::AtOnce => router.route(
            &at("/claim"),
            get(move |State(world): Shared, Query(query): Query<Opened>| async move {
                opened::claim(&world, profile, &query)
            })
            .post(move |State(world): Shared, Query(query): Query<Opened>| async move {
                opened::claimed(&world, profile, &query)
            }),
        ),
        Calls::ByKey => router.route(&at("/page"), key_page(profile)).route(
            &at("/keys/{id}"),
            delete(move |State(world): Shared, Path(id): Path<String>, headers: HeaderMap| async move {
                let status = world.end_key(profile, &headers, &id, clock::now());
                world.note(&Method::DELETE, &format!("{}/keys/…", profile.base), status.as_u16());
                status
            }),
        ),
    }
}

/// The page on which a key is made.
fn key_page(profile: &'static Profile) -> MethodRouter<Arc<World>> {
    get(|| async { pages::keys(None) })
        .post(move |State(world): Shared| async move { pages::keys(Some(&world.make_key(profile))) })
}

/// The page on which a code is typed.
fn code_page(profile: &'static Profile) -> MethodRouter<Arc<World>> {
    get(move |Query(code): Query<consent::Code>| async move { consent::device(profile, &code) }).post(
        move |State(world): Shared, Form(sent): Form<consent::Sent>| async move {
            consent::decide_device(&world, profile, &sent)
        },
    )
}

async fn serve(
    world: Arc<World>,
    profile: &'static Profile,
    step: Step,
    method: Method,
    headers: HeaderMap,
    body: Bytes,
) -> Response {
    let (delay, response) = world.serve(profile, step, &headers, &body);
    world.note(&method, &profile.path(step), response.status().as_u16());
    if let Some(delay) = delay {
        tokio::time::sleep(delay).await;
    }
    response
}

async fn nothing_here(State(world): Shared, method: Method, uri: Uri) -> Response {
    world.note(&method, uri.path(), 404);
    (StatusCode::NOT_FOUND, "There is nothing here.\n").into_response()
}

/// There is a page for reading, and a program sends something to it.
async fn not_that_way(State(world): Shared, method: Method, uri: Uri) -> Response {
    world.note(&method, uri.path(), 405);
    (StatusCode::METHOD_NOT_ALLOWED, "Not in this way.\n").into_response()
}

#[derive(Deserialize)]
struct FaultForm {
    step: String,
    #[serde(default)]
    fault: String,
    #[serde(default)]
    times: Option<u32>,
}

/// Switches a fault on or, with no name, off. Answers with the page, so that the form on it works.
async fn set_fault(State(world): Shared, Form(form): Form<FaultForm>) -> Response {
    let spec = match (form.fault.is_empty(), form.times) {
        (true, _) => format!("{}=none", form.step),
        (false, Some(times)) => format!("{}={}:{times}", form.step, form.fault),
        (false, None) => format!("{}={}", form.step, form.fault),
    };
    match spec.parse::<Fault>() {
        Ok(fault) => {
            world.set_fault(fault);
            Redirect::to("/").into_response()
        }
        Err(why) => (StatusCode::BAD_REQUEST, format!("{why}\n")).into_response(),
    }
}
