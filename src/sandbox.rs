//! Services to try things on: real HTTP on 127.0.0.1, with an inbox where the human reads the mail.
//!
//! It is a tool for people who build services that speak auth.md as much as a stage for the demo and the tests. Two
//! services show the two forms of a claim whose code is read back (auth.md v0.1 to v0.3), a third hands out tokens:
//!
//! | service | at | the credential comes | names | revocation |
//! |---|---|---|---|---|
//! | Acme Mail | `/acme` | with the completed claim | `identity_endpoint`, `claim_endpoint` | RFC 7009 |
//! | Beacon Metrics | `/a/beacon` | with the registration, upgraded by the claim | `register_uri`, `claim_uri` | bearer and JSON |
//! | Northwind | `/northwind` | as Acme's: an access token for an hour, a refresh token that works once (RFC 9700, 4.14.2) | as Acme | RFC 7009 |
//!
//! Every call can be made to fail on purpose ([`fault`]); every call is in a log that can be read.

pub mod demo;
pub mod fault;
mod pages;
mod tokens;
mod world;

use std::io;
use std::net::{Ipv4Addr, SocketAddr, TcpListener};
use std::sync::Arc;
use std::thread;
use std::time::Duration;

use axum::Router;
use axum::body::Bytes;
use axum::extract::{Form, Path, State};
use axum::http::{HeaderMap, Method, Uri};
use axum::response::{IntoResponse, Redirect, Response};
use axum::routing::{get, post};
use serde::Deserialize;
use url::Url;

use self::fault::{Fault, Faults, Step};
use self::world::World;

/// How the sandbox is to be.
#[derive(Debug, Clone)]
pub struct Options {
    /// 0 takes any free port.
    pub port: u16,
    /// How long a credential works.
    pub credential_lifetime: Duration,
    /// How long an access token works, at the service that hands those out.
    pub access_lifetime: Duration,
    /// How long a mailed code is good.
    pub code_lifetime: Duration,
    /// How long a registration can be claimed.
    pub claim_lifetime: Duration,
    pub faults: Vec<Fault>,
}

impl Default for Options {
    fn default() -> Self {
        Self {
            port: 0,
            credential_lifetime: Duration::from_secs(30 * 24 * 3_600),
            access_lifetime: Duration::from_secs(3_600),
            code_lifetime: Duration::from_secs(10 * 60),
            claim_lifetime: Duration::from_secs(24 * 3_600),
            faults: Vec::new(),
        }
    }
}

/// One of the services: what it is called and how it publishes itself.
#[derive(Debug)]
pub struct Profile {
    pub name: &'static str,
    /// The path of the resource.
    pub base: &'static str,
    pub scopes_before: &'static [&'static str],
    pub scopes_after: &'static [&'static str],
    pub form: ClaimForm,
    pub hands_out: HandsOut,
}

/// What the completed claim is answered with.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum HandsOut {
    /// One key with one lifetime.
    Key,
    /// A short-lived access token, and a refresh token that works once.
    Tokens,
}

/// When the credential is handed out.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ClaimForm {
    OnComplete,
    SinceRegister,
}

pub const ACME: &Profile = &Profile {
    name: "Acme Mail",
    base: "/acme",
    scopes_before: &[],
    scopes_after: &["mail.read", "mail.send"],
    form: ClaimForm::OnComplete,
    hands_out: HandsOut::Key,
};

pub const BEACON: &Profile = &Profile {
    name: "Beacon Metrics",
    base: "/a/beacon",
    scopes_before: &["metrics.read"],
    scopes_after: &["metrics.read", "metrics.write"],
    form: ClaimForm::SinceRegister,
    hands_out: HandsOut::Key,
};

pub const NORTHWIND: &Profile = &Profile {
    name: "Northwind",
    base: "/northwind",
    scopes_before: &[],
    scopes_after: &["orders.read"],
    form: ClaimForm::OnComplete,
    hands_out: HandsOut::Tokens,
};

pub const PROFILES: [&Profile; 3] = [ACME, BEACON, NORTHWIND];

impl Profile {
    /// Where a call of the ceremony goes. The two services use different paths, as real ones do.
    pub fn path(&self, step: Step) -> String {
        let root = match self.form {
            ClaimForm::OnComplete => "/agent/identity",
            ClaimForm::SinceRegister => "/agent/auth",
        };
        let base = self.base;
        match step {
            Step::Api => base.to_owned(),
            Step::Resource => format!("/.well-known/oauth-protected-resource{base}"),
            Step::Server => match self.form {
                ClaimForm::OnComplete => format!("/.well-known/oauth-authorization-server{base}"),
                ClaimForm::SinceRegister => format!("{base}/.well-known/oauth-authorization-server"),
            },
            Step::AuthMd => format!("{base}/auth.md"),
            Step::Register => format!("{base}{root}"),
            Step::Claim => format!("{base}{root}/claim"),
            Step::Complete => format!("{base}{root}/claim/complete"),
            Step::Token => format!("{base}/oauth/token"),
            Step::Revoke => format!("{base}/agent/revoke"),
        }
    }
}

/// A running sandbox. It ends with the program.
#[derive(Clone)]
pub struct Sandbox {
    url: Url,
    world: Arc<World>,
}

impl Sandbox {
    /// Binds a port on 127.0.0.1 and serves on a thread of its own.
    pub fn start(options: Options) -> io::Result<Self> {
        let listener = TcpListener::bind(SocketAddr::from((Ipv4Addr::LOCALHOST, options.port)))?;
        listener.set_nonblocking(true)?;
        let address = listener.local_addr()?;
        let url = Url::parse(&format!("http://{address}/")).map_err(io::Error::other)?;
        let world = Arc::new(World::new(url.clone(), &options));
        let router = router(Arc::clone(&world));
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
        thread::Builder::new().name("sandbox".into()).spawn(move || {
            runtime.block_on(async {
                match tokio::net::TcpListener::from_std(listener) {
                    // Only a dead listener ends this; then callers find nobody there.
                    Ok(listener) => drop(axum::serve(listener, router).await),
                    Err(error) => tracing::error!(%error, "the sandbox could not serve"),
                }
            });
        })?;
        Ok(Self { url, world })
    }

    pub fn url(&self) -> &Url {
        &self.url
    }

    /// What a person would type to sign up.
    pub fn target(&self, profile: &Profile) -> String {
        self.at(profile.base)
    }

    pub fn inbox(&self) -> String {
        self.at("/inbox")
    }

    fn at(&self, path: &str) -> String {
        format!("{}{path}", self.url.as_str().trim_end_matches('/'))
    }

    /// A credential that works there for `lifetime`, or is dead already where that is nothing.
    pub fn issue(&self, profile: &'static Profile, email: &str, lifetime: Duration) -> String {
        self.world.issue(profile, email, lifetime)
    }

    /// An access token and its refresh token, at the service that hands those out.
    pub fn issue_tokens(&self, profile: &'static Profile, email: &str) -> (String, String) {
        self.world.issue_tokens(profile, email, crate::shell::clock::now())
    }

    /// The line that says that it is ready, for programs.
    pub fn ready_line(&self) -> String {
        let services: Vec<_> = PROFILES
            .iter()
            .map(|profile| serde_json::json!({ "name": profile.name, "target": self.target(profile) }))
            .collect();
        serde_json::json!({
            "type": "ready",
            "url": self.url.as_str(),
            "inbox": self.inbox(),
            "log": self.at("/sandbox/log"),
            "mails": self.at("/sandbox/mails"),
            "faults": self.at("/sandbox/faults"),
            "services": services,
        })
        .to_string()
    }
}

fn router(world: Arc<World>) -> Router {
    let mut router = Router::new()
        .route("/", get(|State(world): State<Arc<World>>| async move { pages::index(&world) }))
        .route(
            "/inbox",
            get(|State(world): State<Arc<World>>, headers: HeaderMap| async move { pages::inbox(&world, &headers) }),
        )
        .route(
            "/inbox/{mail}",
            get(|State(world): State<Arc<World>>, Path(mail): Path<usize>| async move { pages::mail(&world, mail) }),
        )
        .route("/sandbox/style.css", get(|| async { pages::style() }))
        .route("/sandbox/log", get(|State(world): State<Arc<World>>| async move { axum::Json(world.log()) }))
        .route("/sandbox/mails", get(|State(world): State<Arc<World>>| async move { axum::Json(world.mails()) }))
        .route("/sandbox/faults", post(set_fault));
    for profile in PROFILES {
        for step in [Step::Register, Step::Claim, Step::Complete, Step::Token, Step::Revoke] {
            router = router.route(
                &profile.path(step),
                post(move |State(world): State<Arc<World>>, headers: HeaderMap, body: Bytes| {
                    serve(world, profile, step, Method::POST, headers, body)
                }),
            );
        }
        for step in [Step::Api, Step::Resource, Step::Server, Step::AuthMd] {
            router = router.route(
                &profile.path(step),
                get(move |State(world): State<Arc<World>>, headers: HeaderMap| {
                    serve(world, profile, step, Method::GET, headers, Bytes::new())
                }),
            );
        }
    }
    router
        .fallback(|State(world): State<Arc<World>>, method: Method, uri: Uri| async move {
            world.note(&method, uri.path(), 404);
            (axum::http::StatusCode::NOT_FOUND, "There is nothing here.\n")
        })
        .with_state(world)
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

#[derive(Deserialize)]
struct FaultForm {
    step: String,
    #[serde(default)]
    fault: String,
    #[serde(default)]
    times: Option<u32>,
}

/// Switches a fault on or, with no name, off. Answers with the page, so that the form on it works.
async fn set_fault(State(world): State<Arc<World>>, Form(form): Form<FaultForm>) -> Response {
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
        Err(why) => (axum::http::StatusCode::BAD_REQUEST, format!("{why}\n")).into_response(),
    }
}

impl From<Vec<Fault>> for Faults {
    fn from(faults: Vec<Fault>) -> Self {
        let mut all = Faults::default();
        faults.into_iter().for_each(|fault| all.set(fault));
        all
    }
}
