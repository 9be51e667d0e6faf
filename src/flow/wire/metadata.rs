//! What a service publishes: protected resource metadata (RFC 9728), authorization server metadata (RFC 8414) and the
//! `agent_auth` block in it, under every name seen.

use serde_json::{Map, Value};
use url::Url;

use super::reply::client_id;
use crate::account::{Revocation, RevokeForm};
use crate::{json, trust};

const REGISTER: &[&str] =
    &["identity_endpoint", "register_uri", "register_url", "registration_endpoint", "agent_registration_endpoint"];
const CLAIM: &[&str] = &["claim_endpoint", "claim_uri", "claim_url", "claims_uri", "claims_url"];
const COMPLETE: &[&str] =
    &["claim_complete_uri", "claim_complete_endpoint", "claim_completion_endpoint", "complete_url"];
const AGENT_REVOKE: &[&str] = &["revocation_endpoint", "revocation_uri", "revocation_url"];
const DOCUMENT: &[&str] = &["skill", "skill_uri", "manifest_url", "auth_md_uri", "metadata_uri", "agent_auth_uri"];
const CHALLENGE: &[&str] = &["challenge_endpoint", "challenge_uri"];
const TYPES: &[&str] = &["identity_types_supported", "supported_identity_types", "supported_types", "flows_supported"];
const ASSERTIONS: &[&str] = &["assertion_types_supported", "identity_assertion_types_supported"];

/// A name, a scope or a logo's address: no service needs more.
const NAME_WIDTH: usize = 60;
const MOST_SCOPES: usize = 100;

/// The protected resource metadata that matters here.
#[derive(Debug, Clone, PartialEq)]
pub struct ResourceMetadata {
    /// Letter by letter as published.
    pub resource: Option<String>,
    pub name: Option<String>,
    pub logo: Option<Url>,
    pub servers: Vec<Issuer>,
    /// To be shown.
    pub scopes: Vec<String>,
    /// The same to be sent: letter by letter.
    pub sendable_scopes: Vec<String>,
    pub agent_auth: Option<Value>,
}

/// An authorization server as resource metadata names it (RFC 9728, section 2).
#[derive(Debug, Clone, PartialEq)]
pub struct Issuer {
    /// Letter by letter as published.
    pub name: String,
    pub url: Url,
}

pub fn resource_metadata_document(document: &Value, base: &Url) -> ResourceMetadata {
    ResourceMetadata {
        resource: json::text(document, &["resource"]).map(str::to_owned),
        name: json::text(document, &["resource_name"])
            .map(|name| trust::clean(name, NAME_WIDTH))
            .filter(|name| !name.is_empty()),
        logo: json::text(document, &["resource_logo_uri", "logo_uri"]).and_then(|logo| trust::link(logo, base)),
        servers: json::list(document, &["authorization_servers"])
            .unwrap_or_default()
            .iter()
            .filter_map(|server| {
                let url = match server.contains('/') {
                    true => base.join(server).ok()?,
                    // A host alone.
                    false => Url::parse(&format!("https://{server}")).ok()?,
                };
                Some(Issuer { name: server.clone(), url })
            })
            .collect(),
        scopes: scopes(document, &["scopes_supported"]),
        sendable_scopes: sendable_scopes(json::list(document, &["scopes_supported"]).unwrap_or_default()),
        agent_auth: json::member(document, &["agent_auth"])
            .filter(|block| block.is_object())
            .map(|it| absolute(it, base)),
    }
}

/// The same with whole addresses: what is relative is relative to the document that it stands in.
fn absolute(block: &Value, base: &Url) -> Value {
    match block {
        Value::Object(members) => {
            Value::Object(members.iter().map(|(name, value)| (name.clone(), absolute(value, base))).collect())
        }
        Value::String(text) if text.starts_with('/') => {
            base.join(text).map_or_else(|_| block.clone(), |url| Value::String(url.into()))
        }
        other => other.clone(),
    }
}

/// The ways of registering that a person can walk.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Start {
    /// Register without a name; the e-mail address comes with the claim.
    Anonymous,
    /// Register with the e-mail address as the assertion (auth.md v0.1).
    VerifiedEmail,
    /// Register with the e-mail address as a login hint.
    ServiceAuth,
    /// There is no registration: the claim names the address, and its answer names the registration.
    Claim,
}

/// What a service offers, whichever way it publishes it.
#[derive(Debug, Clone, PartialEq)]
pub struct Offer {
    pub register: Option<Url>,
    pub claim: Option<Url>,
    pub complete: Option<Url>,
    /// Where tokens are exchanged (RFC 6749, section 3.2).
    pub token: Option<Url>,
    /// The grant type under which the token endpoint takes a claim, where it is published.
    pub claim_grant: Option<String>,
    /// Where a challenge for a proof of work is had.
    pub challenge: Option<Url>,
    /// Who a client is to say it is at the token endpoint, where all are to say the same.
    pub client_id: Option<String>,
    pub revocation: Revocation,
    /// In the order in which they are tried.
    pub starts: Vec<Start>,
    /// True where the service lists no types at all, so that `starts` is a guess.
    pub starts_presumed: bool,
    /// Why nobody can be signed up here, where that can be told beforehand.
    pub closed: Option<Closed>,
    pub credential_types: Vec<String>,
    pub code_digits: Option<usize>,
    pub document: Option<Url>,
    pub scopes: Vec<String>,
    /// URLs that were published but cannot be used, cleaned.
    pub unusable: Vec<String>,
}

impl Offer {
    /// Does it name a place to begin at, be it an unusable one?
    pub fn says_where(&self) -> bool {
        self.register.is_some() || self.claim.is_some() || !self.unusable.is_empty() || self.closed.is_some()
    }
}

/// What a service publishes that looks like a sign-up for people and is none.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Closed {
    /// Only identity assertions minted by agent platforms (ID-JAG) are taken.
    AgentsOnly,
    /// The registration endpoint is OAuth dynamic registration (RFC 7591) under another name.
    OAuthRegistration,
    /// Published to please a scanner: nothing behind it.
    Placeholder,
    /// It makes accounts and hands out no credential.
    NoCredential,
}

/// Reads the offer out of authorization server metadata (or of a document standing in for it), completed by the
/// `agent_auth` block of the resource metadata. `None` where neither speaks of agent registration.
pub fn offer(server: &Value, server_url: &Url, from_resource: Option<&Value>) -> Option<Offer> {
    let block = merged(json::member(server, &["agent_auth", "service_metadata"]), from_resource)?;
    let mut unusable = Vec::new();
    // A name that holds nothing usable leaves the next one its chance.
    let mut url = |source: &Value, names: &[&str]| -> Option<Url> {
        names.iter().find_map(|name| {
            let text = json::text(source, &[name])?;
            let found = server_url.join(text).ok().filter(|url| trust::endpoint_from(url, server_url).is_ok());
            if found.is_none() {
                unusable.push(trust::clean(text, 100));
            }
            found
        })
    };
    let anonymous = json::member(&block, &["anonymous"]).cloned().unwrap_or_default();
    let register = url(&block, REGISTER);
    let claim = url(&block, CLAIM).or_else(|| url(&anonymous, CLAIM));
    let complete = url(&block, COMPLETE);
    let document = url(&block, DOCUMENT);
    let challenge = url(&block, CHALLENGE).or_else(|| url(json::member(&anonymous, &["proof_of_work"])?, CHALLENGE));
    let standard_revocation = url(server, &["revocation_endpoint"]);
    let agent_revocation = url(&block, AGENT_REVOKE).or_else(|| url(&anonymous, AGENT_REVOKE));
    let oauth_registration = url(server, &["registration_endpoint"]);
    let authorization = url(server, &["authorization_endpoint"]);
    // Some put another endpoint of the ceremony here for want of a token endpoint.
    let others = [&register, &claim, &complete];
    let token = url(server, &["token_endpoint"])
        .or_else(|| url(&block, &["token_endpoint"]))
        .filter(|url| others.iter().all(|other| other.as_ref() != Some(url)));

    // A registration whose address cannot be used is one all the same.
    let registers = json::text(&block, REGISTER).is_some();
    let (starts, starts_presumed, agents) = starts(&block, registers, claim.is_some(), token.is_some());
    let is_page = |url: &Url| {
        let path = url.path().to_ascii_lowercase();
        Some(url) == document.as_ref() || path.ends_with(".md") || path.contains("/.well-known/")
    };
    let is_oauth = register.is_some() && register == oauth_registration
        || register.is_some() && claim.is_some() && claim == authorization;
    let closed = if starts.is_empty() && agents {
        Some(Closed::AgentsOnly)
    } else if register.as_ref().is_some_and(is_page) || starts.is_empty() {
        Some(Closed::Placeholder)
    } else if is_oauth {
        Some(Closed::OAuthRegistration)
    } else {
        let issues = json::member(&block, &["credentials_issued"]).and_then(Value::as_bool);
        (issues == Some(false)).then_some(Closed::NoCredential)
    };
    Some(Offer {
        closed,
        revocation: match (standard_revocation, agent_revocation) {
            (Some(url), _) => Revocation::Endpoint { url, form: RevokeForm::OAuth },
            (None, Some(url)) => Revocation::Endpoint { url, form: RevokeForm::AgentAuth },
            (None, None) => Revocation::None,
        },
        claim_grant: token.as_ref().and_then(|_| claim_grant(server, &block)),
        client_id: client_id(&block),
        credential_types: credential_types(&block),
        code_digits: json::member(&block, &["otp_length"]).and_then(Value::as_u64).map(|digits| digits as usize),
        scopes: scopes(&block, &["scopes_supported", "scopes"]),
        register,
        claim,
        complete,
        token,
        challenge,
        starts,
        starts_presumed,
        document,
        unusable,
    })
}

/// The ways to start, whether they are a guess, and whether agent platforms are taken.
fn starts(block: &Value, registers: bool, claims: bool, exchanges: bool) -> (Vec<Start>, bool, bool) {
    let listed = json::list(block, TYPES);
    let assertion_block = json::member(block, &["identity_assertion"]);
    let assertions =
        json::list(block, ASSERTIONS).or_else(|| json::list(assertion_block?, ASSERTIONS)).unwrap_or_default();
    let folded = |listed: &String| listed.to_ascii_lowercase().replace('-', "_");
    let types: Vec<String> = listed.iter().flatten().map(folded).collect();
    let offered = |name: &str| types.iter().any(|listed| listed == name);
    let vouched = |name: &str| assertions.iter().any(|listed| listed == name);
    let agents = offered("identity_assertion");
    let nameless = json::member(block, &["anonymous_supported"]).and_then(Value::as_bool) != Some(false);
    let starts = match listed {
        _ if !registers && claims && (listed.is_none() || offered("user_claimed") || offered("anonymous")) => {
            vec![Start::Claim]
        }
        None => [nameless.then_some(Start::Anonymous), Some(Start::ServiceAuth)].into_iter().flatten().collect(),
        Some(_) => {
            let mut starts = vec![
                (offered("anonymous") || offered("user_claimed"), Start::Anonymous),
                (offered("verified_email") || agents && vouched("verified_email"), Start::VerifiedEmail),
                (offered("service_auth"), Start::ServiceAuth),
            ];
            if exchanges {
                // Where tokens are exchanged, the named way needs one ceremony fewer.
                starts.sort_by_key(|(_, start)| *start != Start::ServiceAuth);
            }
            starts.into_iter().filter_map(|(there, start)| there.then_some(start)).collect()
        }
    };
    (starts, listed.is_none(), agents)
}

fn claim_grant(server: &Value, block: &Value) -> Option<String> {
    let published = json::text(block, &["claim_grant_type"]).map(str::to_owned);
    published.or_else(|| {
        let grants =
            json::list(server, &["grant_types_supported"]).or_else(|| json::list(block, &["grant_types_supported"]))?;
        grants.into_iter().find(|grant| grant.ends_with(":claim") || grant.ends_with(":claim_token"))
    })
}

/// What stands between the fences of a Markdown text, without the lines that are comments.
fn fences(document: &str) -> Vec<String> {
    let (mut blocks, mut open) = (Vec::new(), false);
    for line in document.lines() {
        let start = line.trim_start();
        if start.starts_with("```") || start.starts_with("~~~") {
            open = !open;
            if open {
                blocks.push(String::new());
            }
        } else if let (true, Some(block)) = (open && !start.starts_with("//"), blocks.last_mut()) {
            block.push_str(line);
            block.push('\n');
        }
    }
    blocks
}

/// The JSON block fenced inside an auth.md, where that is the only place it is published.
pub fn embedded_agent_auth(document: &str) -> Option<Value> {
    fences(document).iter().find_map(|fenced| {
        let value = json::read(fenced.trim())?;
        if value.get("agent_auth").is_some_and(Value::is_object) {
            return Some(value);
        }
        json::text(&value, REGISTER)?;
        Some(Value::Object(Map::from_iter([("agent_auth".to_owned(), value)])))
    })
}

/// Two blocks as one; where both have a member, the fuller block wins.
fn merged(a: Option<&Value>, b: Option<&Value>) -> Option<Value> {
    let (a, b) = (a.and_then(Value::as_object), b.and_then(Value::as_object));
    let (fuller, other) = match (a, b) {
        (Some(a), Some(b)) if b.len() > a.len() => (b, Some(a)),
        (Some(a), b) => (a, b),
        (None, Some(b)) => (b, None),
        (None, None) => return None,
    };
    let mut block = fuller.clone();
    for (name, value) in other.into_iter().flatten() {
        if block.get(name).is_none_or(Value::is_null) {
            block.insert(name.clone(), value.clone());
        }
    }
    Some(Value::Object(block))
}

fn credential_types(block: &Value) -> Vec<String> {
    let names = &["credential_types_supported", "credential_types"];
    json::list(block, names)
        .or_else(|| json::list(json::member(block, &["anonymous"])?, names))
        .or_else(|| json::list(json::member(block, &["identity_assertion"])?, names))
        .unwrap_or_default()
}

/// Scopes that can be asked for: of the characters that they are made of (RFC 6749, appendix A.4), and not without end.
pub fn sendable_scopes(listed: Vec<String>) -> Vec<String> {
    const LONGEST: usize = 256;
    let is_scope = |scope: &String| {
        let visible = scope.bytes().all(|byte| matches!(byte, b'!' | b'#'..=b'[' | b']'..=b'~'));
        visible && !scope.is_empty() && scope.len() <= LONGEST
    };
    listed.into_iter().filter(is_scope).take(MOST_SCOPES).collect()
}

fn scopes(document: &Value, names: &[&str]) -> Vec<String> {
    let listed = json::list(document, names).unwrap_or_default();
    listed
        .iter()
        .map(|scope| trust::clean(scope, NAME_WIDTH))
        .filter(|scope| !scope.is_empty())
        .take(MOST_SCOPES)
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn base() -> Url {
        Url::parse("https://auth.acme.dev/").expect("valid")
    }

    #[test]
    fn both_pairs_of_names_are_one_offer() {
        let with = |register: &str, claim: &str| {
            offer(
                &json!({"agent_auth": {register: "/agent/auth", claim: "/agent/auth/claim", "identity_types_supported": ["anonymous"]}}),
                &base(),
                None,
            )
        };
        let named = with("identity_endpoint", "claim_endpoint").expect("an offer");
        assert_eq!(Some(&named), with("register_uri", "claim_uri").as_ref());
        assert_eq!(named.register.map(String::from), Some("https://auth.acme.dev/agent/auth".into()));
    }

    #[test]
    fn the_fuller_block_wins_and_the_other_completes_it() {
        let server = json!({"agent_auth": {"identity_endpoint": "/new", "identity_types_supported": ["anonymous"], "claim_endpoint": null}});
        let resource = json!({"identity_endpoint": "/old", "claim_endpoint": "/claim"});
        let offer = offer(&server, &base(), Some(&resource)).expect("an offer");
        assert_eq!(offer.register.map(|url| url.path().to_owned()), Some("/new".into()));
        assert_eq!(offer.claim.map(|url| url.path().to_owned()), Some("/claim".into()));
    }

    #[test]
    fn what_cannot_be_walked_is_told_apart() {
        let of = |block: Value| {
            offer(&json!({"registration_endpoint": "/oauth/register", "agent_auth": block}), &base(), None)
                .expect("an offer")
        };
        let closed = |block: Value| of(block).closed;
        assert_eq!(
            closed(json!({"register_uri": "/a", "identity_types_supported": ["identity_assertion"]})),
            Some(Closed::AgentsOnly)
        );
        for nothing in [
            json!({"register_uri": "/auth.md", "identity_types_supported": ["anonymous"]}),
            json!({"register_uri": "/.well-known/oauth-authorization-server"}),
            json!({"register_uri": "/a", "identity_types_supported": ["none"]}),
            json!({"register_uri": "/a", "identity_types_supported": []}),
        ] {
            assert_eq!(closed(nothing.clone()), Some(Closed::Placeholder), "{nothing}");
        }
        assert_eq!(closed(json!({"register_uri": "/oauth/register"})), Some(Closed::OAuthRegistration));
        assert_eq!(closed(json!({"identity_endpoint": "/a", "credentials_issued": false})), Some(Closed::NoCredential));
        assert!(of(json!({"register_uri": "/a"})).starts_presumed);
        assert_eq!(of(json!({"register_uri": "http://acme.dev/a", "skill": "javascript:x"})).unusable.len(), 2);
    }

    #[test]
    fn e_mail_registration_is_found_in_both_places() {
        let starts = |block: Value| offer(&json!({"agent_auth": block}), &base(), None).expect("an offer").starts;
        assert_eq!(
            starts(
                json!({"identity_types_supported": ["identity_assertion"], "identity_assertion_types_supported": ["verified_email"]})
            ),
            [Start::VerifiedEmail]
        );
        assert_eq!(
            starts(
                json!({"identity_types_supported": ["anonymous", "identity_assertion"], "identity_assertion": {"assertion_types_supported": ["verified_email"]}})
            ),
            [Start::Anonymous, Start::VerifiedEmail]
        );
    }

    #[test]
    fn the_order_of_the_starts_follows_what_comes_after_them() {
        let starts = |server: Value| offer(&server, &base(), None).expect("an offer").starts;
        let both = json!(["anonymous", "service_auth"]);
        assert_eq!(
            starts(json!({"agent_auth": {"register_uri": "/a", "identity_types_supported": both}})),
            [Start::Anonymous, Start::ServiceAuth]
        );
        assert_eq!(
            starts(
                json!({"token_endpoint": "/t", "agent_auth": {"register_uri": "/a", "identity_types_supported": both}})
            ),
            [Start::ServiceAuth, Start::Anonymous]
        );
        assert_eq!(
            starts(
                json!({"token_endpoint": "/c", "agent_auth": {"claim_endpoint": "/c", "flows_supported": ["user_claimed"]}})
            ),
            [Start::Claim]
        );
        assert_eq!(
            starts(json!({"service_metadata": {"register_uri": "/a", "anonymous_supported": false}})),
            [Start::ServiceAuth]
        );
    }

    #[test]
    fn the_grant_for_a_claim_is_found_under_any_name() {
        let grant = |server: Value| offer(&server, &base(), None).expect("an offer").claim_grant;
        let block = json!({"identity_endpoint": "/a"});
        let jwt = "urn:ietf:params:oauth:grant-type:jwt-bearer";
        assert_eq!(
            grant(
                json!({"token_endpoint": "/t", "grant_types_supported": [jwt, "urn:acme:grant:claim"], "agent_auth": block})
            ),
            Some("urn:acme:grant:claim".into())
        );
        assert_eq!(grant(json!({"token_endpoint": "/t", "grant_types_supported": [jwt], "agent_auth": block})), None);
        assert_eq!(grant(json!({"grant_types_supported": ["x:claim"], "agent_auth": block})), None);
    }

    #[test]
    fn one_bad_address_leaves_the_next_name_its_chance() {
        let found = offer(
            &json!({"agent_auth": {"identity_endpoint": "http://0.0.0.0/x", "register_uri": "/agent/auth"}}),
            &base(),
            None,
        );
        let found = found.expect("an offer");
        assert_eq!(
            (found.register.map(|url| url.path().to_owned()), found.unusable.len()),
            (Some("/agent/auth".into()), 1)
        );
    }

    #[test]
    fn a_block_fenced_in_prose_counts() {
        let document = "# Acme\n```sh\ncurl x\n```\nand\n```json\n{\"register_uri\": \"/a\"}\n```\n";
        let found = embedded_agent_auth(document).expect("a block");
        assert_eq!(found["agent_auth"]["register_uri"], "/a");
        assert_eq!(embedded_agent_auth("```\n{\"a\": 1}\n```"), None);
    }
}
