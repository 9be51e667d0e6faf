//! The services, and the shape of the protocol that each of them speaks.

use super::fault::Step;

/// One of the services: what it is called, where it is, and what one has to do there.
#[derive(Debug)]
pub struct Profile {
    pub name: &'static str,
    /// The path of the resource.
    pub base: &'static str,
    pub scopes_before: Scopes,
    pub scopes_after: Scopes,
    pub shape: Shape,
}

pub type Scopes = &'static [&'static str];

/// How a human and a program come together.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Shape {
    /// The service mails a code, and the program reads it back (auth.md v0.1 to v0.3).
    ReadBack(HandsOut),
}

/// What comes of a code that is read back, and when.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum HandsOut {
    /// One key with one lifetime, with the completed claim.
    KeyOnComplete,
    /// The same with the registration; the claim lets it do more.
    KeySinceRegister,
    /// A short-lived access token, and a refresh token that works once.
    Tokens,
}

pub const ACME: &Profile = &Profile {
    name: "Acme Mail",
    base: "/acme",
    scopes_before: &[],
    scopes_after: &["mail.read", "mail.send"],
    shape: Shape::ReadBack(HandsOut::KeyOnComplete),
};

pub const BEACON: &Profile = &Profile {
    name: "Beacon Metrics",
    base: "/a/beacon",
    scopes_before: &["metrics.read"],
    scopes_after: &["metrics.read", "metrics.write"],
    shape: Shape::ReadBack(HandsOut::KeySinceRegister),
};

pub const NORTHWIND: &Profile = &Profile {
    name: "Northwind",
    base: "/northwind",
    scopes_before: &[],
    scopes_after: &["orders.read"],
    shape: Shape::ReadBack(HandsOut::Tokens),
};

pub const PROFILES: &[&Profile] = &[ACME, BEACON, NORTHWIND];

impl Profile {
    /// Where a call of the ceremony goes. The services use different paths, as real ones do.
    pub fn path(&self, step: Step) -> String {
        let base = self.base;
        let older = self.shape == Shape::ReadBack(HandsOut::KeySinceRegister);
        let root = if older { "/agent/auth" } else { "/agent/identity" };
        match step {
            Step::Api => base.to_owned(),
            Step::Resource => format!("/.well-known/oauth-protected-resource{base}"),
            Step::Server if older => format!("{base}/.well-known/oauth-authorization-server"),
            Step::Server => format!("/.well-known/oauth-authorization-server{base}"),
            Step::AuthMd => format!("{base}/auth.md"),
            Step::Register => format!("{base}{root}"),
            Step::Claim => format!("{base}{root}/claim"),
            Step::Complete => format!("{base}{root}/claim/complete"),
            Step::Token => format!("{base}/oauth/token"),
            Step::Revoke => format!("{base}/agent/revoke"),
        }
    }
}
