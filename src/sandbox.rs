//! Services to try things on: real HTTP on 127.0.0.1, with an inbox where the human reads the mail, and pages where the
//! human decides.
//!
//! It is a tool for people who build services that speak auth.md as much as a stage for the demo and the tests. Every
//! shape of the protocol has a service:
//!
//! | service | at | the code is | what comes of it | spelled |
//! |---|---|---|---|---|
//! | Acme Mail | `/acme` | mailed, read back | a key with the completed claim | `identity_endpoint`, `claim_endpoint`; RFC 7009 |
//! | Beacon Metrics | `/a/beacon` | mailed, read back | a key with the registration, upgraded by the claim | `register_uri`, `claim_uri`; revoked by bearer and JSON |
//! | Northwind | `/northwind` | mailed, read back | an access token, a refresh token that works once (RFC 9700, 4.14.2) | as Acme |
//! | Harbor CI | `/harbor` | shown by the program, typed on the service's page; the program polls | access tokens and the assertion that gets more (auth.md v0.4 to v0.6) | OAuth at the token endpoint |
//! | Lumen Docs | `/lumen` | shown by the service's page after sign-in, read back | an assertion, once, with a refresh token that works once (v0.7) | nested; `{code, message}` |
//! | Quarry | `/quarry` | mailed, read back to `complete_url` | one access token, by one claim grant | `code`, not `otp` |
//! | Tollgate | `/tollgate` | as Harbor | as Harbor, with an OAuth refresh token | proof of work, terms, one scope, `client_id` |
//! | Meridian | `/meridian` | the browser's redirect, or typed on its page | access and refresh tokens by OAuth, for this resource only | OAuth: RFC 6749, 7591, 8628, 8707, 9207 |
//! | Lantern | `/lantern` | the browser's callback, with a proof and without a state | a key | nothing published: `/lantern/skill.yaml` describes it |
//! | Tandem | `/tandem` | shown by the program, typed on its page; the program polls | a key | nothing published: `/tandem/skill.yaml` describes a pairing in JSON |
//! | Herald | `/herald` | a link, mailed; the key is on the page behind it | a key | nothing published: its skill says what is called |
//! | Nightjar | `/nightjar` | mailed, read back to a call of its own | a key | as Herald |
//! | Hatchling | `/hatchling` | – | a key at once, and a page on which it is claimed | as Herald |
//! | Foundry | `/foundry` | – | a key from its page; more keys, made by an API for who shows one | as Herald |
//! | Placeholders | `/placeholder/…` | – | nothing | `auth-md`: registers at its own auth.md; `none`: no way listed; `stub`: 501; `oauth`: client registration (RFC 7591); `empty`: 200 and nothing in it |
//! | Agents Only | `/agents-only` | – | nothing for a person | only assertions of agent platforms (ID-JAG) |
//! | Prose | `/prose` | – | nothing | an auth.md in words, no metadata |
//!
//! Every call can be made to fail on purpose ([`fault`]); every call is in a log that can be read.
//!
//! # For scripts that play the human
//!
//! `GET /sandbox/mails` lists the mails with their codes or links; a `POST` to a link makes what is behind it. `GET /sandbox/pages` lists the pages on which the human decides,
//! newest last: `service`, `to`, `url`, `state` (`waiting`, `allowed`, `claimed`, `denied`, `blocked`, `expired` or
//! `replaced`), and `code` where the page shows one. The page is one form without a script; a plain `POST` of
//! `decision=allow` or `decision=deny` to its `url` decides. Where the program shows the code, the form holds it, too:
//! `code=123456&decision=allow`; a wrong one is answered with 400. The pages of the OAuth server are where its links lead: a
//! `POST` of `decision=allow` to the link sends the browser back with the answer, and one of `user_code=…&decision=allow` to the
//! page for codes lets the program in. Faults are switched by a `POST` of `step=…&fault=…` to
//! `/sandbox/faults`, and `GET /sandbox/log` lists the calls.

mod attempts;
mod closed;
pub mod demo;
mod described;
mod enrolled;
pub mod fault;
mod handed_over;
mod hybrid;
mod identities;
mod mailed;
mod nested;
mod oauth;
mod pages;
mod published;
mod refusal;
mod router;
mod services;
mod tokens;
mod toll;
mod world;

use std::io;
use std::net::{Ipv4Addr, SocketAddr, TcpListener};
use std::sync::Arc;
use std::thread;
use std::time::Duration;

use url::Url;

use self::fault::Fault;
use self::world::World;

pub use self::services::{
    ACME, AGENTS_ONLY, BEACON, Calls, Closed, Described, Entry, FOUNDRY, HARBOR, HATCHLING, HERALD, HandsOut, LANTERN,
    LUMEN, MERIDIAN, NIGHTJAR, NORTHWIND, PLACEHOLDERS, PROFILES, PROSE, Profile, QUARRY, Shape, TANDEM, TOLLGATE,
};

/// How the sandbox is to be.
#[derive(Debug, Clone)]
pub struct Options {
    /// 0 takes any free port.
    pub port: u16,
    /// How long a credential works.
    pub credential_lifetime: Duration,
    /// How long an access token works, at the services that hand those out.
    pub access_lifetime: Duration,
    /// How long a code is good, wherever it is shown.
    pub code_lifetime: Duration,
    /// How long a registration can be claimed.
    pub claim_lifetime: Duration,
    /// How long an identity assertion is exchanged for access tokens.
    pub assertion_lifetime: Duration,
    /// How long the refresh token that gets the next assertion works.
    pub identity_refresh_lifetime: Duration,
    /// How long a program has to wait between two polls.
    pub poll_interval: Duration,
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
            assertion_lifetime: Duration::from_secs(24 * 3_600),
            identity_refresh_lifetime: Duration::from_secs(30 * 24 * 3_600),
            poll_interval: Duration::from_secs(5),
            faults: Vec::new(),
        }
    }
}

/// A running sandbox. It ends with the program.
#[derive(Clone)]
pub struct Sandbox {
    world: Arc<World>,
}

impl Sandbox {
    /// Binds a port on 127.0.0.1 and serves on a thread of its own.
    pub fn start(options: Options) -> io::Result<Self> {
        let listener = TcpListener::bind(SocketAddr::from((Ipv4Addr::LOCALHOST, options.port)))?;
        listener.set_nonblocking(true)?;
        let address = listener.local_addr()?;
        let url = Url::parse(&format!("http://{address}/")).map_err(io::Error::other)?;
        let world = Arc::new(World::new(url, options));
        let router = router::router(Arc::clone(&world));
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
        Ok(Self { world })
    }

    pub fn url(&self) -> &Url {
        self.world.url()
    }

    /// What a person would type to sign up.
    pub fn target(&self, profile: &Profile) -> String {
        self.world.at(profile.base)
    }

    /// What to run to sign up there.
    pub fn how_to_add(&self, profile: &Profile) -> String {
        self.world.how_to_add(profile)
    }

    /// The skills of the services that publish nothing, by name.
    pub fn skills(&self) -> impl Iterator<Item = (&'static str, String)> {
        PROFILES.iter().filter_map(|profile| {
            let text = match profile.shape {
                Shape::Described(described) => described::skill(&self.world, profile, described),
                Shape::Enrolled(calls) => enrolled::skill(&self.world, profile, calls),
                _ => return None,
            };
            Some((profile.base.trim_start_matches('/'), text))
        })
    }

    /// The OAuth server forgets every program that has registered itself.
    pub fn prune_clients(&self) {
        self.world.prune_clients();
    }

    pub fn inbox(&self) -> String {
        self.world.at("/inbox")
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
            .map(|profile| {
                let skill = profile.skill().map(|path| self.world.at(&path));
                serde_json::json!({ "name": profile.name, "target": self.target(profile), "skill": skill, "shape": profile.shape.words() })
            })
            .collect();
        serde_json::json!({
            "type": "ready",
            "url": self.url().as_str(),
            "inbox": self.inbox(),
            "log": self.world.at("/sandbox/log"),
            "mails": self.world.at("/sandbox/mails"),
            "pages": self.world.at("/sandbox/pages"),
            "faults": self.world.at("/sandbox/faults"),
            "services": services,
        })
        .to_string()
    }
}
