//! An account: one credential held for one service, as the list shows it. No secret is in here.
//!
//! What an account is *now* is never stored. [`Account::status`] computes it from the layers of the account's life, the
//! clock, and the last proof (what the service said when it was last asked).

mod attempt;
mod client;
mod event;
mod handover;
mod horizon;
mod id;
mod kept;
mod more;
mod status;
mod wanting;

use jiff::{SignedDuration, Timestamp};
use serde::{Deserialize, Serialize};
use url::Url;

use crate::http::Presentation;
use crate::{skill, trust};

pub use attempt::{Attempt, Ended};
pub use client::{Authentication, Client, Identity};
pub use event::{Event, Happened, Receipt, RenewedBy};
pub use handover::{AgentOs, HandOver, shell_words};
pub use horizon::Horizon;
pub use id::AccountId;
pub use kept::{Kept, Secrets};
pub use more::{More, Revoking, Trial};
pub use status::Status;
pub use wanting::Why;

/// A credential that never ends is looked at after so long, unless somebody says otherwise.
pub const REVIEW_AFTER: SignedDuration = SignedDuration::from_hours(90 * 24);

/// Ends within this span count as "due", unless the person asks for another.
pub const DUE_WITHIN: SignedDuration = SignedDuration::from_hours(7 * 24);

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Account {
    pub id: AccountId,
    /// The service's name: a stranger's text, cleaned.
    pub service: String,
    /// The canonical `resource` (RFC 9728, section 2), letter by letter as the service published it.
    pub resource: String,
    pub label: Option<String>,
    /// The e-mail address or login the credential is bound to.
    pub identity: Option<String>,
    pub mode: Mode,
    pub scopes: Vec<String>,
    /// What ends, and when. The first layer is the credential itself.
    pub layers: Vec<Layer>,
    /// False while only a human's confirmation would give the full rights.
    pub claimed: bool,
    /// Where discovery starts when the service is asked again.
    pub start: Url,
    /// Where the resource's metadata is, where that was known beforehand (a pasted challenge, a NoForm slug), or the skill that
    /// describes it (a `file:` URL).
    pub metadata: Option<Url>,
    /// Does the resource refuse callers without a credential? Only then does an accepted call prove anything.
    pub guarded: Option<bool>,
    /// How the credential is shown to the resource.
    pub presentation: Presentation,
    pub renewal: Renewal,
    pub revocation: Revocation,
    /// Who this program is to the server that hands out the tokens, where that is asked.
    pub client: Option<Client>,
    /// The tokens are asked for this one resource, which is named with every request for one (RFC 8707).
    pub bound: bool,
    pub store: StoreKind,
    pub source: Source,
    pub created_at: Option<Timestamp>,
    pub renewed_at: Option<Timestamp>,
    /// When the service last accepted the credential.
    pub verified_at: Option<Timestamp>,
    pub proof: Option<Proof>,
    /// Since when a token that works once has been on its way to the service. Whoever sent it has not come back.
    pub spending: Option<Timestamp>,
    pub more: More,
}

/// How the credential was obtained.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Mode {
    AuthMd,
    /// An authorization in the browser, whose answer comes back to this machine (RFC 6749, section 4.1; RFC 8252).
    #[serde(rename = "oauth")]
    OAuth,
    /// An authorization with a code that is typed in a browser anywhere (RFC 8628).
    Device,
    /// A key from a page of the service, pasted.
    ApiKey,
    /// A link by mail, behind which the key is.
    MagicLink,
    /// A code by mail, which the service takes for a key.
    EmailCode,
    /// A key that an API of the service made.
    Direct,
}

impl Mode {
    pub fn as_str(self) -> &'static str {
        match self {
            Mode::AuthMd => "auth_md",
            Mode::OAuth => "oauth",
            Mode::Device => "device",
            Mode::ApiKey => "api_key",
            Mode::MagicLink => "magic_link",
            Mode::EmailCode => "email_code",
            Mode::Direct => "direct",
        }
    }

    /// As a person reads it in a column.
    pub fn label(self) -> &'static str {
        match self {
            Mode::AuthMd => "auth.md",
            Mode::OAuth => "OAuth",
            Mode::Device => "device",
            Mode::ApiKey => "key",
            Mode::MagicLink => "link",
            Mode::EmailCode => "code",
            Mode::Direct => "API",
        }
    }
}

/// One thing with a clock of its own.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Layer {
    pub kind: LayerKind,
    pub expires_at: Option<Timestamp>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum LayerKind {
    ApiKey,
    AccessToken,
    /// Gets the next access token, and is good for as long as it lives (RFC 7523).
    IdentityAssertion,
    /// Gets what comes next, once or more often.
    RefreshToken,
    /// Until when this program is known to the authorization server (RFC 7591). Its secret, where it has one, is the client's.
    ClientRegistration,
    /// Until when the account can be confirmed by a person. It has no secret: a claim token is never kept.
    Claim,
}

impl LayerKind {
    pub fn as_str(self) -> &'static str {
        match self {
            LayerKind::ApiKey => "api_key",
            LayerKind::AccessToken => "access_token",
            LayerKind::IdentityAssertion => "identity_assertion",
            LayerKind::RefreshToken => "refresh_token",
            LayerKind::ClientRegistration => "client_registration",
            LayerKind::Claim => "claim",
        }
    }

    /// Does it get the next credential, with nobody there?
    pub fn gets_the_next(self) -> bool {
        matches!(self, LayerKind::RefreshToken | LayerKind::IdentityAssertion)
    }

    pub fn label(self) -> &'static str {
        match self {
            LayerKind::ApiKey => "API key",
            LayerKind::AccessToken => "access token",
            LayerKind::IdentityAssertion => "identity assertion",
            LayerKind::RefreshToken => "refresh token",
            LayerKind::ClientRegistration => "registration",
            LayerKind::Claim => "time to confirm",
        }
    }
}

/// How the account gets a new credential.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "way", rename_all = "snake_case")]
pub enum Renewal {
    /// The refresh token is spent at the token endpoint, without anybody (RFC 6749, section 6).
    Refresh {
        url: Url,
        /// The resource to be named, letter by letter as it was published (RFC 8707, section 2).
        #[serde(default, skip_serializing_if = "Option::is_none")]
        resource: Option<String>,
    },
    /// The identity assertion is exchanged at the token endpoint, without anybody (RFC 7523, section 2.1).
    Exchange {
        url: Url,
        /// The resource to be named, letter by letter as it was published (RFC 8707, section 2).
        #[serde(default, skip_serializing_if = "Option::is_none")]
        resource: Option<String>,
        /// Where the refresh token gets the next assertion (auth.md v0.7). Without it, a refresh token is spent at `url`.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        identity: Option<Url>,
    },
    /// A person signs up again, in place.
    Person,
    /// The program that keeps it gets the next one, without anybody.
    #[serde(skip)]
    Elsewhere,
    /// There is no way known.
    None,
}

impl Renewal {
    pub fn as_str(&self) -> &'static str {
        match self {
            Renewal::Refresh { .. } | Renewal::Exchange { .. } | Renewal::Elsewhere => "automatic",
            Renewal::Person => "person",
            Renewal::None => "none",
        }
    }
}

/// How the credential is ended at the service.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "way", rename_all = "snake_case")]
pub enum Revocation {
    /// A call to the service.
    Endpoint { url: Url, form: RevokeForm },
    /// The service offers no call for it.
    None,
    /// Not known yet, or nobody has been asked about its host: the entry was written by another tool, or the key was brought.
    /// Discovery will tell.
    Undiscovered,
}

impl Revocation {
    pub fn as_str(&self) -> &'static str {
        match self {
            Revocation::Endpoint { .. } => "endpoint",
            Revocation::None | Revocation::Undiscovered => "none",
        }
    }

    pub fn url(&self) -> Option<&Url> {
        match self {
            Revocation::Endpoint { url, .. } => Some(url),
            Revocation::None | Revocation::Undiscovered => None,
        }
    }
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum RevokeForm {
    /// RFC 7009: a form with `token` and `token_type_hint`; 200 whatever happened.
    #[serde(rename = "rfc7009")]
    OAuth,
    /// auth.md v0.1 as clients walk it: the credential as bearer, and once more in a JSON body.
    AgentAuth,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum StoreKind {
    /// The encrypted file of our own.
    Vault,
    /// Gone when the program ends.
    Memory,
    /// The file other tools share (`AUTH_MD_TOKEN_STORE`).
    Json,
    /// A file of another program, which is only read.
    Foreign,
}

impl StoreKind {
    pub fn as_str(self) -> &'static str {
        match self {
            StoreKind::Vault => "vault",
            StoreKind::Memory => "memory",
            StoreKind::Json => "json",
            StoreKind::Foreign => "foreign",
        }
    }
}

/// Who wrote the entry.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Source {
    Own,
    /// Another program.
    Foreign(Elsewhere),
}

/// Where another program has written it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Elsewhere {
    pub file: String,
    /// The program, where it is known.
    pub tool: Option<&'static str>,
    /// What rights others have to the file, if any: "can be read by others (mode 0644)".
    pub loose: Option<String>,
}

/// What the service said when it was last asked with the credential.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Proof {
    pub at: Timestamp,
    #[serde(flatten)]
    pub verdict: Verdict,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "verdict", rename_all = "snake_case")]
pub enum Verdict {
    /// A guarded resource let the call pass.
    Accepted { status: u16 },
    /// 401: the credential is dead.
    Refused { status: u16 },
    /// The answer proves neither.
    Unclear { status: u16 },
    /// No answer.
    Unreachable,
}

impl Verdict {
    /// The word for scripts.
    pub fn as_str(self) -> &'static str {
        match self {
            Verdict::Accepted { .. } => "accepted",
            Verdict::Refused { .. } => "refused",
            Verdict::Unclear { .. } => "unclear",
            Verdict::Unreachable => "unreachable",
        }
    }

    pub fn status(self) -> Option<u16> {
        match self {
            Verdict::Accepted { status } | Verdict::Refused { status } | Verdict::Unclear { status } => Some(status),
            Verdict::Unreachable => None,
        }
    }
}

/// Something written down about an account, its secrets untouched.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Note {
    Proof(Proof),
    /// The same, and it takes the credential only when that is shown like this.
    Shown(Presentation, Proof),
    /// A token that works once is about to be sent.
    Spending(Timestamp),
    /// It was not spent after all.
    Unspent,
    /// Somebody has looked at it, and wants to again.
    Review {
        seen: Timestamp,
        again: Timestamp,
    },
    /// Somebody has made it theirs at its service, and says so.
    Claimed(Timestamp),
    /// Somebody else has it now, too.
    HandedOver {
        at: Timestamp,
        to: String,
    },
    /// Its service is about to be told to end it.
    Revoking(Timestamp),
    /// It was told, or could not be, and nothing shows that the credential is dead. It is tried again when somebody asks.
    NotRevoked {
        at: Timestamp,
        why: String,
        receipts: Vec<Receipt>,
    },
    /// It is not to be ended any more; its service had been told, perhaps.
    KeptAfterAll {
        at: Timestamp,
        receipts: Vec<Receipt>,
    },
    /// It is not to be ended; nobody has been told.
    Undeclared,
    /// Renewing with nobody there has brought a credential that may do less; the old one stays until somebody decides.
    Narrows,
    /// The service does not take it any more: from now on renewing needs a person.
    NoRefresh,
    /// The authorization server does not know this program any more: it registers anew when a person signs in again.
    NoClient,
}

/// Is this address the resource, or a part of it?
pub fn is_below(url: &Url, resource: &Url) -> bool {
    let (path, whole) = (url.path(), resource.path().trim_end_matches('/'));
    url.origin() == resource.origin()
        && path.strip_prefix(whole).is_some_and(|rest| rest.is_empty() || rest.starts_with('/'))
}

impl Account {
    /// When the credential stops working, as far as the service told. What only gets the next one does not count.
    pub fn expires_at(&self) -> Option<Timestamp> {
        let is_open = |layer: &Layer| layer.kind == LayerKind::Claim && !self.claimed;
        let bound = self.layers.iter().enumerate().filter(|(nth, layer)| *nth == 0 || is_open(layer));
        bound.filter_map(|(_, layer)| layer.expires_at).min()
    }

    /// Until when what came at once can be made somebody's at its service, where nobody has yet as far as is known.
    pub fn claim_ends(&self) -> Option<Timestamp> {
        let open = self.layers.iter().find(|layer| layer.kind == LayerKind::Claim).filter(|_| self.can_be_claimed());
        open.and_then(|layer| layer.expires_at)
    }

    /// Did it come at once, for somebody who makes it theirs at the service, without this program?
    pub fn can_be_claimed(&self) -> bool {
        self.mode == Mode::Direct && !self.claimed
    }

    /// When the credential itself ends, whatever becomes of the account.
    pub fn credential_ends(&self) -> Option<Timestamp> {
        self.layers.first().and_then(|layer| layer.expires_at)
    }

    /// When somebody wants to look at a credential that never ends. It is no end: nothing happens then.
    pub fn review_at(&self) -> Option<Timestamp> {
        let never_ends = self.expires_at().is_none() && !self.is_renewed() && !self.is_refused() && !self.is_foreign();
        let usual = || self.obtained_at()?.checked_add(REVIEW_AFTER).ok();
        self.more.review_at.or_else(usual).filter(|_| never_ends)
    }

    /// Is another account's credential the same?
    pub fn is_twin_of(&self, other: &Account) -> bool {
        self.id != other.id && self.more.fingerprint.is_some() && self.more.fingerprint == other.more.fingerprint
    }

    /// There is no access token yet, only what gets one.
    pub fn lacks_credential(&self) -> bool {
        self.layers.first().is_some_and(|layer| layer.kind == LayerKind::IdentityAssertion)
    }

    pub fn layer(&self, kind: LayerKind) -> Option<&Layer> {
        self.layers.iter().find(|layer| layer.kind == kind)
    }

    /// When the credential now held was obtained.
    pub fn obtained_at(&self) -> Option<Timestamp> {
        self.renewed_at.or(self.created_at)
    }

    /// Is there a token with which this program gets the next credential with nobody there?
    pub fn renews_itself(&self) -> bool {
        matches!(self.renewal, Renewal::Refresh { .. } | Renewal::Exchange { .. })
    }

    /// The same, by this program or the one that keeps it, and nothing is to be decided about it.
    pub fn is_renewed(&self) -> bool {
        !self.more.narrows && (self.renews_itself() || self.renewal == Renewal::Elsewhere)
    }

    /// Is the last that was heard of the credential that the service refused it?
    pub fn is_refused(&self) -> bool {
        self.proof.is_some_and(|proof| matches!(proof.verdict, Verdict::Refused { .. }))
    }

    /// What is asked when the credential is tried: the resource. A token of an authorization server is tried where it was
    /// asked for: the resource may be all of the origin that this is a part of, and its root may be open to anybody.
    pub fn tried_at(&self) -> Result<Url, url::ParseError> {
        let resource = Url::parse(&self.resource)?;
        let by_oauth = matches!(self.mode, Mode::OAuth | Mode::Device);
        // A skill says where.
        let is_start = by_oauth && self.metadata.is_none() || self.skill().is_some();
        Ok(if is_start && is_below(&self.start, &resource) { self.start.clone() } else { resource })
    }

    /// Is there a harmless call that tells whether the credential works?
    pub fn can_be_tried(&self) -> bool {
        !self.more.trial.as_ref().is_some_and(|trial| trial.none)
    }

    /// The skill that describes the service.
    pub fn skill(&self) -> Option<skill::Source> {
        self.metadata.as_ref().and_then(skill::Source::of)
    }

    /// Is it another program's, and only read here?
    pub fn is_foreign(&self) -> bool {
        self.store == StoreKind::Foreign
    }

    /// The host that the credential is for, as a person reads it.
    pub fn host(&self) -> String {
        Url::parse(&self.resource).map_or_else(|_| trust::clean(&self.resource, 60), |url| trust::authority(&url))
    }
}
