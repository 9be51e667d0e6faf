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
mod mailed;
mod pages;
mod published;
mod refusal;
mod router;
mod services;
mod tokens;
mod world;

use std::io;
use std::net::{Ipv4Addr, SocketAddr, TcpListener};
use std::sync::Arc;
use std::thread;
use std::time::Duration;

use url::Url;

use self::fault::Fault;
use self::world::World;

pub use self::services::{ACME, BEACON, HandsOut, NORTHWIND, PROFILES, Profile, Shape};

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
            .map(|profile| serde_json::json!({ "name": profile.name, "target": self.target(profile) }))
            .collect();
        serde_json::json!({
            "type": "ready",
            "url": self.url().as_str(),
            "inbox": self.inbox(),
            "log": self.world.at("/sandbox/log"),
            "mails": self.world.at("/sandbox/mails"),
            "faults": self.world.at("/sandbox/faults"),
            "services": services,
        })
        .to_string()
    }
}
