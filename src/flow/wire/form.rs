//! The bodies of the ceremony's calls, in every way that services want them spelled.
//!
//! For each call there is a ladder of forms, the one with the least in it first. A service that finds a form invalid is
//! asked in the next one, once each: see [`Forms`]. What a service asks for besides is in [`Extras`].

use url::Url;

use super::NAME;
use super::metadata::{Offer, Start};
use super::refusal::Refusal;
use super::reply::Handle;
use crate::flow::work::Proof;
use crate::http::{Body, Field, Request, field};
use crate::secret::Secret;

/// Names under which services want to know that.
const CLIENT_NAMES: [&str; 7] =
    ["client_name", "agent_name", "agent_platform", "agent_provider", "client_hint", "source", "agent"];
/// Names under which they want to know what for.
const SCOPE_NAMES: [&str; 4] = ["requested_scopes", "capabilities", "scopes", "scope"];

/// What a service asks for beyond the ceremony, as far as it has been answered.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Extras {
    /// The scopes that the person chose, under the name that the service knows them by.
    pub scopes: Option<(&'static str, Vec<String>)>,
    /// The person has accepted the terms; the version where there is one.
    pub terms: Option<Option<String>>,
    /// What the person wants to be called.
    pub name: Option<String>,
    /// Under which names this program has to say what it is.
    pub client_names: Vec<&'static str>,
    pub proof: Option<Proof>,
    /// What kind of credential is wanted (auth.md v0.1).
    pub credential_type: Option<String>,
}

impl Extras {
    fn fields(&self) -> Vec<Field> {
        let scopes = self.scopes.as_ref().map(|(name, scopes)| match *name {
            "scope" => field("scope", scopes.join(" ").as_str()),
            name => field(name, scopes.clone()),
        });
        let terms = self.terms.iter().flat_map(|version| {
            let version = version.as_deref().map(|version| field("tos_version", version));
            std::iter::once(field("tos_accepted", true)).chain(version)
        });
        let client_names = self.client_names.iter().map(|name| field(*name, NAME));
        let name = self.name.as_deref().map(|name| field("name", name));
        let credential_type = self.credential_type.as_deref().map(|wanted| field("requested_credential_type", wanted));
        let proof = self.proof.iter().flat_map(proof_fields);
        credential_type.into_iter().chain(scopes).chain(terms).chain(name).chain(client_names).chain(proof).collect()
    }

    /// Takes up what this refusal names and this program can answer by itself; false where that is nothing new.
    pub fn introduce(&mut self, refusal: &Refusal) -> bool {
        let wanted = CLIENT_NAMES.iter().filter(|name| refusal.mentions(name) && !self.client_names.contains(name));
        let wanted: Vec<&'static str> = wanted.copied().collect();
        self.client_names.extend(&wanted);
        !wanted.is_empty()
    }
}

fn proof_fields(proof: &Proof) -> Vec<Field> {
    let nonces: Vec<String> = proof.nonces.iter().map(u64::to_string).collect();
    match (proof.puzzle.several, nonces.as_slice()) {
        (false, [nonce]) => vec![field("challenge", proof.puzzle.challenge.as_str()), field("nonce", nonce.as_str())],
        _ => {
            let inside = vec![field("challenge", proof.puzzle.challenge.as_str()), field("nonces", nonces)];
            vec![Field { name: "proof_of_work".into(), value: crate::http::FieldValue::Object(inside) }]
        }
    }
}

/// The name by which this refusal knows scopes, where it speaks of them.
pub fn scope_name(refusal: &Refusal) -> Option<&'static str> {
    SCOPE_NAMES.into_iter().find(|name| refusal.mentions(name))
}

/// Which rung of each ladder is tried, or has been found to hold.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Forms {
    pub register: usize,
    pub claim: usize,
    pub complete: usize,
}

/// Registers; `email` where the start names it. `None` when the ladder ends.
pub fn register_request(offer: &Offer, start: Start, email: &str, extras: &Extras, form: usize) -> Option<Request> {
    let mut fields = match (start, form) {
        (Start::Anonymous, 0) => vec![field("type", "anonymous")],
        (Start::Anonymous, 1) => vec![field("flow", "anonymous")],
        (Start::Anonymous, 2) => vec![field("identity_type", "anonymous")],
        (Start::Anonymous, 3) => vec![field("method", "anonymous")],
        (Start::Anonymous, 4) => vec![],
        (Start::VerifiedEmail, 0) => vec![
            field("type", "identity_assertion"),
            field("assertion_type", "verified_email"),
            field("assertion", email),
        ],
        (Start::VerifiedEmail, 1) => vec![
            field("type", "identity_assertion"),
            field("assertion_type", "verified_email"),
            field("login_hint", email),
        ],
        (Start::VerifiedEmail, 2) => {
            let inside = vec![field("type", "verified_email"), field("email", email)];
            let assertions = crate::http::FieldValue::Objects(vec![inside]);
            vec![field("type", "identity_assertion"), Field { name: "assertions".into(), value: assertions }]
        }
        (Start::VerifiedEmail, 3) => vec![field("type", "verified_email"), field("email", email)],
        (Start::VerifiedEmail, 4) => vec![field("identity_type", "verified_email"), field("email", email)],
        (Start::VerifiedEmail, 5) => vec![field("email", email)],
        (Start::ServiceAuth, 0) => vec![field("type", "service_auth"), field("login_hint", email)],
        (Start::ServiceAuth, 1) => vec![field("type", "service_auth"), field("email", email)],
        (Start::ServiceAuth, 2) => vec![field("identity_type", "service_auth"), field("login_hint", email)],
        (Start::ServiceAuth, 3) => vec![field("flow", "service_auth"), field("email", email)],
        (Start::ServiceAuth, 4) => vec![field("method", "service_auth"), field("login_hint", email)],
        (Start::ServiceAuth, 5) => vec![field("email", email)],
        (Start::Anonymous | Start::VerifiedEmail | Start::ServiceAuth, _) | (Start::Claim, _) => return None,
    };
    fields.extend(extras.fields());
    Some(Request::post(offer.register.clone()?, Body::Json(fields)))
}

/// Asks for a code, or for the claim to begin. `bound` says that the registration has named the address already.
pub fn claim_request(
    url: &Url,
    handle: Option<&Handle>,
    email: &str,
    bound: bool,
    extras: &Extras,
    form: usize,
) -> Option<Request> {
    let named = |name| field(name, email);
    let kind = |kind: &str| field("type", kind);
    let mut ladder = vec![
        vec![named("email")],
        vec![named("login_hint")],
        vec![kind("login_hint"), named("login_hint")],
        vec![kind("service_auth"), named("login_hint")],
    ];
    if handle.is_some_and(|handle| handle.nested) {
        // Where claims are blocks of their own, their bodies name their type (auth.md v0.7).
        ladder.rotate_right(1);
    }
    if bound && handle.is_some() {
        ladder.insert(0, vec![]);
    }
    let rest = ladder.into_iter().nth(form)?;
    let fields = handle.map(naming).into_iter().chain(rest).chain(extras.fields());
    Some(Request::post(url.clone(), Body::Json(fields.collect())))
}

/// Completes the claim with the code that a person typed.
pub fn complete_request(
    url: &Url,
    handle: Option<&Handle>,
    email: Option<&str>,
    code: &Secret,
    extras: &Extras,
    form: usize,
) -> Option<Request> {
    let mut names = vec!["otp", "code", "user_code", "otp_code"];
    if handle.is_some_and(|handle| handle.nested) {
        names = vec!["user_code", "otp", "code", "otp_code"];
    }
    let name = names.into_iter().nth(form)?;
    // Where nothing names the registration, the address does.
    let who = handle.map(naming).or_else(|| email.map(|email| field("email", email)))?;
    let fields = [who, field(name, code.clone())].into_iter().chain(extras.fields());
    Some(Request::post(url.clone(), Body::Json(fields.collect())))
}

fn naming(handle: &Handle) -> Field {
    field(handle.name, handle.value.clone())
}

/// A code as services write it, where a person wrote it otherwise: capitals, and the dash in the middle. `None` where
/// what was typed is that already.
pub fn canonical_code(typed: &str) -> Option<String> {
    let letters: Vec<char> = typed.chars().filter(char::is_ascii_alphanumeric).collect();
    let apart = typed.chars().all(|c| c.is_ascii_alphanumeric() || c.is_whitespace() || c == '-');
    if !apart || letters.is_empty() || letters.iter().all(char::is_ascii_digit) {
        return None;
    }
    let upper: String = letters.iter().collect::<String>().to_ascii_uppercase();
    let hex_as_one = letters.len() == typed.chars().count()
        && letters.iter().all(char::is_ascii_hexdigit)
        && !letters[..letters.len() / 2].iter().all(char::is_ascii_alphabetic);
    let canonical = match (letters.len(), hex_as_one) {
        (8, true) => upper.to_ascii_lowercase(),
        (8, false) => format!("{}-{}", &upper[..4], &upper[4..]),
        // Where a dash was typed, there is one.
        _ if typed.contains('-') => typed.to_ascii_uppercase().split_whitespace().collect(),
        _ => upper,
    };
    (canonical != typed).then_some(canonical)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_code_typed_by_a_person_has_one_proper_form() {
        let cases = [
            ("wdjb 47kq", Some("WDJB-47KQ")),
            ("WDJB47KQ", Some("WDJB-47KQ")),
            ("WDJB-47KQ", None),
            ("abcd1234", Some("ABCD-1234")),
            ("1A2B3C4D", Some("1a2b3c4d")),
            ("1a2b3c4d", None),
            ("481 516", None),
            ("abc", Some("ABC")),
            ("what?", None),
        ];
        for (typed, expected) in cases {
            assert_eq!(canonical_code(typed).as_deref(), expected, "{typed}");
        }
    }
}
