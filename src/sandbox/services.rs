//! The services, and the shape of the protocol that each of them speaks.

use super::fault::Step;
use super::refusal::Spelling;

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
    /// The program shows a code, and the human types it on the service's page (v0.4 to v0.6).
    HandedOver(Entry),
    /// The service's page shows a code once the human has signed in, and the program reads it back (v0.7).
    Nested,
    /// Mailed and read back as in the first versions; the token comes from the token endpoint as in the later ones.
    Hybrid,
    /// OAuth: in the browser, or with a code in a browser anywhere.
    OAuth,
    /// OAuth in all but its words, and published nowhere: a skill says how.
    Described(Described),
    /// Calls of its own, and published nowhere: a skill says which.
    Enrolled(Calls),
    /// Nobody can walk in.
    Closed(Closed),
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

/// What is asked of a program before it may register.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Entry {
    Free,
    /// Work, terms, one scope; and `client_id` at the token endpoint.
    Toll,
}

/// What a skill has to describe.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Described {
    /// A key for a code of the browser, with a proof.
    Exchange,
    /// A word that the human types on the service's page.
    Pairing,
}

/// What its own calls come to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Calls {
    /// A link by mail, and the key behind it.
    Link,
    /// A code by mail, taken for a key.
    Code,
    /// A key at once, claimed later.
    AtOnce,
    /// Keys that are made with a key.
    ByKey,
}

/// Why nobody can walk in. Each was seen in the wild.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Closed {
    /// One is to register at the auth.md page itself.
    AuthMd,
    /// The one type listed is `none`, and there is nothing behind it.
    NoType,
    /// Published whole, and every call says that it is not made yet.
    Stub,
    /// OAuth client registration under the names of auth.md.
    OAuth,
    /// Says yes, and hands out nothing.
    Empty,
    /// Only assertions of agent platforms (ID-JAG).
    AgentsOnly,
    /// An auth.md for people, and no metadata.
    Prose,
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

pub const HARBOR: &Profile = &Profile {
    name: "Harbor CI",
    base: "/harbor",
    scopes_before: &["builds.read"],
    scopes_after: &["builds.read", "builds.run"],
    shape: Shape::HandedOver(Entry::Free),
};

pub const LUMEN: &Profile = &Profile {
    name: "Lumen Docs",
    base: "/lumen",
    scopes_before: &["docs.read"],
    scopes_after: &["docs.read", "docs.write"],
    shape: Shape::Nested,
};

pub const QUARRY: &Profile = &Profile {
    name: "Quarry",
    base: "/quarry",
    scopes_before: &[],
    scopes_after: &["samples.read"],
    shape: Shape::Hybrid,
};

pub const TOLLGATE: &Profile = &Profile {
    name: "Tollgate",
    base: "/tollgate",
    scopes_before: &[],
    scopes_after: &["passes.read", "passes.write"],
    shape: Shape::HandedOver(Entry::Toll),
};

pub const MERIDIAN: &Profile = &Profile {
    name: "Meridian Notes",
    base: "/meridian",
    scopes_before: &[],
    scopes_after: &["notes.read", "notes.write"],
    shape: Shape::OAuth,
};

pub const LANTERN: &Profile = &Profile {
    name: "Lantern Models",
    base: "/lantern",
    scopes_before: &[],
    scopes_after: &[],
    shape: Shape::Described(Described::Exchange),
};

pub const TANDEM: &Profile = &Profile {
    name: "Tandem Render",
    base: "/tandem",
    scopes_before: &[],
    scopes_after: &[],
    shape: Shape::Described(Described::Pairing),
};

pub const HERALD: &Profile = &enrolled("Herald Pages", "/herald", Calls::Link);
pub const NIGHTJAR: &Profile = &enrolled("Nightjar Sites", "/nightjar", Calls::Code);
pub const HATCHLING: &Profile = &enrolled("Hatchling Agents", "/hatchling", Calls::AtOnce);
pub const FOUNDRY: &Profile = &enrolled("Foundry Keys", "/foundry", Calls::ByKey);

const fn enrolled(name: &'static str, base: &'static str, calls: Calls) -> Profile {
    Profile { name, base, scopes_before: &[], scopes_after: &[], shape: Shape::Enrolled(calls) }
}

pub const AGENTS_ONLY: &Profile = &closed("Agents Only", "/agents-only", Closed::AgentsOnly);
pub const PROSE: &Profile = &closed("Prose", "/prose", Closed::Prose);
pub const PLACEHOLDERS: [&Profile; 5] = [
    &closed("Placeholder AuthMd", "/placeholder/auth-md", Closed::AuthMd),
    &closed("Placeholder None", "/placeholder/none", Closed::NoType),
    &closed("Placeholder Stub", "/placeholder/stub", Closed::Stub),
    &closed("Placeholder OAuth", "/placeholder/oauth", Closed::OAuth),
    &closed("Placeholder Empty", "/placeholder/empty", Closed::Empty),
];

const fn closed(name: &'static str, base: &'static str, why: Closed) -> Profile {
    Profile { name, base, scopes_before: &[], scopes_after: &["api.read"], shape: Shape::Closed(why) }
}

/// Every service there is.
pub const PROFILES: &[&Profile] = &[
    ACME,
    BEACON,
    NORTHWIND,
    HARBOR,
    LUMEN,
    QUARRY,
    TOLLGATE,
    MERIDIAN,
    LANTERN,
    TANDEM,
    HERALD,
    NIGHTJAR,
    HATCHLING,
    FOUNDRY,
    AGENTS_ONLY,
    PROSE,
    PLACEHOLDERS[0],
    PLACEHOLDERS[1],
    PLACEHOLDERS[2],
    PLACEHOLDERS[3],
    PLACEHOLDERS[4],
];

impl Shape {
    /// What one has to do there, in a few words.
    pub fn words(self) -> &'static str {
        match self {
            Shape::ReadBack(HandsOut::KeyOnComplete) => "code from a mail, then a key",
            Shape::ReadBack(HandsOut::KeySinceRegister) => "a key, upgraded by a code from a mail",
            Shape::ReadBack(HandsOut::Tokens) => "code from a mail, then tokens",
            Shape::HandedOver(Entry::Free) => "code typed on its page",
            Shape::HandedOver(Entry::Toll) => "code typed on its page, after work and terms",
            Shape::Nested => "code read on its page",
            Shape::Hybrid => "code from a mail, then one token",
            Shape::OAuth => "OAuth, in a browser or with a code",
            Shape::Described(Described::Exchange) => "by a skill: a key, in a browser",
            Shape::Described(Described::Pairing) => "by a skill: a key, with a code",
            Shape::Enrolled(Calls::Link) => "by a skill: a link from a mail, then a key",
            Shape::Enrolled(Calls::Code) => "by a skill: a code from a mail, then a key",
            Shape::Enrolled(Calls::AtOnce) => "by a skill: a key at once, claimed later",
            Shape::Enrolled(Calls::ByKey) => "by a skill: a key from its page, or made with one",
            Shape::Closed(Closed::AuthMd) => "no way in: registers at its own auth.md",
            Shape::Closed(Closed::NoType) => "no way in: lists the type \"none\"",
            Shape::Closed(Closed::Stub) => "no way in: 501 everywhere",
            Shape::Closed(Closed::OAuth) => "no way in: OAuth client registration",
            Shape::Closed(Closed::Empty) => "no way in: an empty yes",
            Shape::Closed(Closed::AgentsOnly) => "no way in: agent platforms only",
            Shape::Closed(Closed::Prose) => "a person reads how",
        }
    }

    /// The human decides on a page of the service.
    pub fn has_page(self) -> bool {
        matches!(self, Shape::HandedOver(_) | Shape::Nested)
    }
}

impl Profile {
    /// Whether there is such a call at all.
    pub fn serves(&self, step: Step) -> bool {
        match (self.shape, step) {
            (Shape::HandedOver(entry), Step::Challenge) => entry == Entry::Toll,
            (Shape::OAuth, step) => {
                matches!(
                    step,
                    Step::Api
                        | Step::Resource
                        | Step::Server
                        | Step::Register
                        | Step::Token
                        | Step::Revoke
                        | Step::Device
                )
            }
            (Shape::Described(Described::Exchange), step) => matches!(step, Step::Api | Step::Token),
            (Shape::Described(Described::Pairing), step) => matches!(step, Step::Api | Step::Device | Step::Token),
            (Shape::Enrolled(Calls::Code), step) => matches!(step, Step::Api | Step::Register | Step::Complete),
            (Shape::Enrolled(_), step) => matches!(step, Step::Api | Step::Register),
            (_, Step::Authorize | Step::Device) => false,
            (Shape::Closed(Closed::Prose), step) => matches!(step, Step::Api | Step::AuthMd),
            (_, Step::Api | Step::Resource | Step::Server | Step::AuthMd) => true,
            (Shape::Closed(Closed::Stub), step) => {
                matches!(step, Step::Register | Step::Claim | Step::Token | Step::Revoke)
            }
            (Shape::Closed(Closed::OAuth | Closed::Empty | Closed::AgentsOnly), step) => step == Step::Register,
            (Shape::Closed(_), _) => false,
            (_, Step::Challenge) | (Shape::HandedOver(_), Step::Complete) => false,
            _ => true,
        }
    }

    /// The page on which the human decides.
    pub fn page(&self) -> String {
        match self.shape {
            Shape::OAuth => format!("{}/code", self.base),
            Shape::Described(_) => format!("{}/pair", self.base),
            _ => format!("{}/claim", self.base),
        }
    }

    /// The file that teaches a program the service, where it publishes nothing itself.
    pub fn skill(&self) -> Option<String> {
        let is_told = matches!(self.shape, Shape::Described(_) | Shape::Enrolled(_));
        is_told.then(|| format!("{}/skill.yaml", self.base))
    }

    /// The page with the terms; every service can be made to demand them.
    pub fn terms(&self) -> String {
        format!("{}/terms", self.base)
    }

    /// The `client_id` that its token endpoint demands.
    pub fn client_id(&self) -> Option<&'static str> {
        (self.shape == Shape::HandedOver(Entry::Toll)).then_some("tollgate-agents")
    }

    /// How it writes a refusal of this call.
    pub fn spelling(&self, step: Step) -> Spelling {
        match (self.shape, step) {
            (Shape::Nested, _) => Spelling::Code,
            (Shape::OAuth, _) | (Shape::HandedOver(_) | Shape::Hybrid, Step::Token) => Spelling::Description,
            _ => Spelling::Message,
        }
    }

    /// Where a call of the ceremony goes. The services use different paths, as real ones do.
    pub fn path(&self, step: Step) -> String {
        let base = self.base;
        let older = self.shape == Shape::ReadBack(HandsOut::KeySinceRegister);
        let root = if older { "/agent/auth" } else { "/agent/identity" };
        match step {
            Step::Register if self.shape == Shape::Closed(Closed::AuthMd) => self.path(Step::AuthMd),
            Step::Register if self.shape == Shape::Closed(Closed::OAuth) => format!("{base}/oauth/register"),
            Step::Claim if self.shape == Shape::Closed(Closed::OAuth) => format!("{base}/oauth/authorize"),
            Step::Register if self.shape == Shape::Enrolled(Calls::Link) => format!("{base}/login"),
            Step::Register if self.shape == Shape::Enrolled(Calls::Code) => format!("{base}/request-code"),
            Step::Complete if self.shape == Shape::Enrolled(Calls::Code) => format!("{base}/verify-code"),
            Step::Register if self.shape == Shape::Enrolled(Calls::AtOnce) => format!("{base}/agents"),
            Step::Register if self.shape == Shape::Enrolled(Calls::ByKey) => format!("{base}/keys"),
            Step::Register if self.shape == Shape::OAuth => format!("{base}/oauth/register"),
            Step::Authorize if matches!(self.shape, Shape::Described(_)) => format!("{base}/auth"),
            Step::Device if matches!(self.shape, Shape::Described(_)) => format!("{base}/pairings"),
            Step::Token if self.shape == Shape::Described(Described::Exchange) => format!("{base}/keys"),
            Step::Token if self.shape == Shape::Described(Described::Pairing) => format!("{base}/pairings/look"),
            Step::Authorize => format!("{base}/oauth/authorize"),
            Step::Device => format!("{base}/oauth/device"),
            Step::Api => base.to_owned(),
            Step::Resource => format!("/.well-known/oauth-protected-resource{base}"),
            Step::Server if older => format!("{base}/.well-known/oauth-authorization-server"),
            Step::Server => format!("/.well-known/oauth-authorization-server{base}"),
            Step::AuthMd => format!("{base}/auth.md"),
            Step::Register => format!("{base}{root}"),
            Step::Claim => format!("{base}{root}/claim"),
            // The registration says where; nobody could guess it.
            Step::Complete if self.shape == Shape::Hybrid => format!("{base}/agent/complete"),
            Step::Complete => format!("{base}{root}/claim/complete"),
            Step::Challenge => format!("{base}{root}/challenge"),
            Step::Token => format!("{base}/oauth/token"),
            Step::Revoke if matches!(self.shape, Shape::ReadBack(_)) => format!("{base}/agent/revoke"),
            Step::Revoke => format!("{base}/oauth/revoke"),
        }
    }
}
