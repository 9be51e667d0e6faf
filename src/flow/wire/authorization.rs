//! OAuth on the wire: what an authorization server publishes of itself (RFC 8414), how a program is made known to it
//! (RFC 7591), the link that a person opens (RFC 6749, section 4.1, with RFC 7636 and RFC 8707), what comes back of it
//! (RFC 9207), and the code for a browser anywhere (RFC 8628).

mod redirect;
mod spelling;

use std::time::Duration;

use jiff::Timestamp;
use oauth2::basic::BasicClient;
use oauth2::{AuthUrl, ClientId, CsrfToken, PkceCodeChallenge, PkceCodeVerifier, RedirectUrl, Scope};
use serde_json::Value;
use url::Url;

pub use self::redirect::{Brought, Redirect};
pub use self::spelling::{Link, Spelling};
use super::refusal::{Meaning, Refusal, Step, refusal};
use super::reply::granted::{granted, sendable};
use super::reply::{Attempt, COMPLETE_PAGE, Credential, Granted, PAGE, client_id, user_code};
use super::{Asking, NAME, object};
use crate::account::{Authentication, LayerKind};
use crate::http::{Body, Method, Presentation, Request, Response, field};
use crate::json::{self, Document};
use crate::problem::{Kind, Problem};
use crate::secret::Secret;
use crate::skill::Call;
use crate::trust;

const CODE_GRANT: &str = "authorization_code";
const REFRESH_GRANT: &str = "refresh_token";
const DEVICE_GRANT: &str = "urn:ietf:params:oauth:grant-type:device_code";
/// Gets a refresh token where the server has such a scope (OpenID Connect Core, section 11).
pub const OFFLINE: &str = "offline_access";
/// Scopes that only say who somebody is.
const LOGIN: [&str; 4] = ["openid", "profile", "email", OFFLINE];

/// An authorization server, as far as signing in needs it.
#[derive(Debug, Clone, PartialEq)]
pub struct Server {
    /// Letter by letter: it is compared so. Of a server that a skill describes, it may not be known.
    pub issuer: Option<String>,
    /// Where the person is sent (RFC 6749, section 3.1); only where the server checks a proof of S256 (RFC 7636).
    pub authorize: Option<Url>,
    /// It has such a place, and does not say that it checks the proof.
    pub lacks_pkce: bool,
    pub token: Url,
    /// Where a code for a browser anywhere is had (RFC 8628, section 3.1).
    pub device: Option<Url>,
    /// Where programs register themselves (RFC 7591, section 3).
    pub register: Option<Url>,
    pub revoke: Option<Url>,
    pub scopes: Vec<String>,
    /// Its answers name it (RFC 9207, section 3).
    pub names_itself: bool,
    /// A client may be the address of a document about itself.
    pub takes_documents: bool,
    /// How a client may prove itself, in the order in which they are asked for.
    pub authentication: Vec<Authentication>,
    /// It is told what a token is for (RFC 8707).
    pub hears_resource: bool,
    /// It says the same in words of its own.
    pub spelling: Option<Box<Spelling>>,
}

impl Server {
    /// One that a skill describes; of itself it says nothing.
    pub fn at(token: Url) -> Self {
        Self {
            issuer: None,
            authorize: None,
            lacks_pkce: false,
            token,
            device: None,
            register: None,
            revoke: None,
            scopes: Vec::new(),
            names_itself: false,
            takes_documents: false,
            authentication: vec![Authentication::None],
            hears_resource: false,
            spelling: None,
        }
    }

    /// It is told who asks.
    pub fn wants_client(&self) -> bool {
        self.spelling.as_ref().is_none_or(|spelling| spelling.uses("client_id"))
    }

    /// What comes back of its page has the state in it. Without one, it is the proof that keeps a stranger's code out
    /// (RFC 9700, section 2.1.1).
    pub fn returns_state(&self) -> bool {
        self.spelling.as_ref().is_none_or(|spelling| spelling.names_in_link("state"))
    }

    /// Where it wants to bring the answer to, if that matters to it.
    pub fn redirect(&self) -> Option<&Url> {
        self.spelling.as_ref()?.redirect.as_ref()
    }

    /// The link that the person opens.
    pub fn link(&self, authorizing: &Authorizing<'_>) -> Option<Url> {
        match &self.spelling {
            Some(spelling) => spelling.link(authorizing),
            None => Some(authorization_link(self.authorize.as_ref()?, authorizing)),
        }
    }

    /// Turns the code that came back into tokens.
    pub fn redeem_request(&self, code: &Secret, authorizing: &Authorizing<'_>, asking: &Asking<'_>) -> Option<Request> {
        match &self.spelling {
            Some(spelling) => spelling.redeem(code, authorizing),
            None => Some(code_request(&self.token, code, authorizing.redirect, authorizing.verifier, asking)),
        }
    }

    /// Asks for a code that a person types in a browser anywhere.
    pub fn device_request(&self, scopes: &[String], asking: &Asking<'_>) -> Option<Request> {
        match &self.spelling {
            Some(spelling) => spelling.start(scopes, asking),
            None => Some(device_request(self.device.as_ref()?, scopes, asking)),
        }
    }

    /// Reads what came of that.
    pub fn device(&self, response: &Response, now: Timestamp) -> Result<Device, Refusal> {
        let base = self.device.as_ref().unwrap_or(&self.token);
        let call = self.call(Step::Device);
        let device = match call {
            Some(call) => device(&call.answer().standard(response), base, now)?,
            None => device(response, base, now)?,
        };
        // A page of its own may do without a code; the standard's has one, and a skill that says where there is one means it.
        match device.attempt.code.is_none() && call.is_none_or(|call| call.answer().maps("user_code")) {
            true => Err(Refusal { meaning: Meaning::Unreadable, ..refusal(response, Step::Device, base, now) }),
            false => Ok(device),
        }
    }

    /// Has the person let this program in?
    pub fn poll_request(&self, device: &Device, asking: &Asking<'_>) -> Option<Request> {
        match &self.spelling {
            Some(spelling) => spelling.poll(device, asking),
            None => Some(poll_request(&self.token, &device.code, asking)),
        }
    }

    /// Reads what was handed out, if it was.
    pub fn tokens(&self, response: &Response, step: Step, now: Timestamp) -> Result<Granted, Refusal> {
        match (&self.spelling, self.call(step)) {
            (Some(spelling), Some(call)) => {
                let granted = tokens(&call.answer().standard(response), step, call.url(), now)?;
                Ok(spelling.shown(call, granted))
            }
            _ => tokens(response, step, &self.token, now),
        }
    }

    /// How it is called for that step.
    pub fn method(&self, step: Step) -> Method {
        self.call(step).map_or(Method::Post, Call::method)
    }

    /// What a skill says of that step.
    fn call(&self, step: Step) -> Option<&Call> {
        self.spelling.as_ref()?.call(step)
    }

    /// Why an answer that is no refusal is of no use, where a skill says what stands where in it.
    pub fn misread(&self, response: &Response, step: Step) -> Option<Problem> {
        let call = self.call(step).filter(|_| response.is_success())?;
        let needed = match step {
            Step::Device if call.answer().maps("user_code") => &["device_code", "verification_uri", "user_code"][..],
            Step::Device => &["device_code", "verification_uri"],
            _ => &["access_token"],
        };
        let (sought, names) = call.answer().missing(response, needed)?;
        let what =
            format!("{} has answered, and not with {sought}, where the skill looks.", trust::authority(call.url()));
        Some(Problem::new(Kind::ServiceRefused, what, format!("It has {names}. Mend the skill; nothing was kept.")))
    }

    /// Where it is asked whether the person has let this program in.
    pub fn polled(&self) -> &Url {
        self.call(Step::Poll).map_or(&self.token, Call::url)
    }

    /// All its scopes only say who somebody is.
    pub fn is_for_login_only(&self) -> bool {
        !self.scopes.is_empty() && self.scopes.iter().all(|scope| LOGIN.contains(&scope.as_str()))
    }

    /// The addresses that something is sent to, other than the one that the person opens.
    pub fn endpoints(&self) -> impl Iterator<Item = &Url> {
        [&self.token, self.polled()]
            .into_iter()
            .chain([&self.device, &self.register, &self.revoke].into_iter().flatten())
    }
}

/// Reads what is published at `place`; `None` where nobody can sign in with it.
pub fn server(document: &Value, place: &Url) -> Option<Server> {
    let url = |name: &str| {
        let url = place.join(json::text(document, &[name])?).ok()?;
        trust::endpoint_from(&url, place).ok().map(|()| url)
    };
    let says = |name: &str| document.get(name).and_then(Value::as_bool) == Some(true);
    let grants = json::list(document, &["grant_types_supported"]);
    let takes = |grant: &str| grants.as_ref().is_none_or(|grants| grants.iter().any(|listed| listed == grant));
    let authorize = url("authorization_endpoint").filter(|_| takes(CODE_GRANT));
    let proofs = json::list(document, &["code_challenge_methods_supported"]).unwrap_or_default();
    let checks = proofs.iter().any(|method| method == "S256");
    let device = url("device_authorization_endpoint");
    if authorize.is_none() && device.is_none() {
        return None;
    }
    // What is not said is `client_secret_basic` (RFC 8414, section 2).
    let listed = json::list(document, &["token_endpoint_auth_methods_supported"]);
    let listed = listed.unwrap_or_else(|| vec![spelled(Authentication::Basic).to_owned()]);
    let ways = [Authentication::None, Authentication::Basic, Authentication::Post];
    Some(Server {
        issuer: Some(document.get("issuer")?.as_str()?.to_owned()),
        hears_resource: true,
        spelling: None,
        lacks_pkce: authorize.is_some() && !checks,
        authorize: authorize.filter(|_| checks),
        token: url("token_endpoint")?,
        device,
        register: url("registration_endpoint"),
        revoke: url("revocation_endpoint"),
        scopes: json::list(document, &["scopes_supported"]).unwrap_or_default(),
        names_itself: says("authorization_response_iss_parameter_supported"),
        takes_documents: says("client_id_metadata_document_supported"),
        // To be known by name only is asked for first, whatever is listed.
        authentication: ways
            .into_iter()
            .filter(|way| *way == Authentication::None || listed.iter().any(|name| name == spelled(*way)))
            .collect(),
    })
}

fn spelled(way: Authentication) -> &'static str {
    match way {
        Authentication::None => "none",
        Authentication::Basic => "client_secret_basic",
        Authentication::Post => "client_secret_post",
    }
}

/// Makes this program known (RFC 7591, section 2): a native one, without a secret where that is taken.
pub fn registration_request(url: &Url, server: &Server, redirect: Option<&Url>, by: Authentication) -> Request {
    // Who is led nowhere says so: what is left out means an authorization by redirect.
    let by_code = redirect.map(|_| CODE_GRANT);
    let by_device = server.device.as_ref().map(|_| DEVICE_GRANT);
    let grants = by_code.into_iter().chain([REFRESH_GRANT]).chain(by_device);
    let fields = vec![
        field("client_name", NAME),
        field("application_type", "native"),
        field("token_endpoint_auth_method", spelled(by)),
        field("redirect_uris", redirect.map(Url::to_string).into_iter().collect::<Vec<_>>()),
        field("response_types", redirect.map(|_| "code".to_owned()).into_iter().collect::<Vec<_>>()),
        field("grant_types", grants.map(str::to_owned).collect::<Vec<_>>()),
    ];
    Request::post(url.clone(), Body::Json(fields))
}

/// What a registration brought.
#[derive(Debug, Clone, PartialEq)]
pub struct Registered {
    pub id: String,
    pub authentication: Authentication,
    pub secret: Option<Secret>,
    /// When the secret ends.
    pub expires_at: Option<Timestamp>,
}

pub fn registered(response: &Response, base: &Url, now: Timestamp) -> Result<Registered, Refusal> {
    let refusal = refusal(response, Step::ClientRegistration, base, now);
    let unreadable = || Refusal { meaning: Meaning::Unreadable, ..refusal.clone() };
    if !response.is_success() {
        return Err(refusal);
    }
    let answer = Document::new(object(response).ok_or_else(unreadable)?);
    let id = client_id(&answer).ok_or_else(unreadable)?;
    // A secret that nobody asked for is kept all the same: the server may want to see it.
    let secret = sendable(&answer, &["client_secret"]).map(Secret::from);
    let authentication = match (json::text(&answer, &["token_endpoint_auth_method"]), &secret) {
        (Some("client_secret_post"), Some(_)) => Authentication::Post,
        // What is not said is `client_secret_basic` (RFC 7591, section 2).
        (Some("client_secret_basic") | None, Some(_)) => Authentication::Basic,
        _ => Authentication::None,
    };
    let expires_at = secret.as_ref().and_then(|_| json::timestamp(answer.get("client_secret_expires_at")?));
    Ok(Registered { id, authentication, secret, expires_at })
}

/// What the link is made of.
#[derive(Debug, Clone)]
pub struct Authorizing<'a> {
    pub client_id: Option<&'a str>,
    pub redirect: &'a Url,
    pub scopes: &'a [String],
    /// Letter by letter as published (RFC 8707, section 2).
    pub resource: Option<&'a str>,
    pub state: &'a Secret,
    pub verifier: &'a Secret,
}

/// The link that the person opens.
fn authorization_link(url: &Url, authorizing: &Authorizing<'_>) -> Url {
    let client = BasicClient::new(ClientId::new(authorizing.client_id.unwrap_or_default().to_owned()))
        .set_auth_uri(AuthUrl::from_url(url.clone()))
        .set_redirect_uri(RedirectUrl::from_url(authorizing.redirect.clone()));
    let mut request = client
        .authorize_url(|| CsrfToken::new(authorizing.state.expose().to_owned()))
        .add_scopes(authorizing.scopes.iter().cloned().map(Scope::new))
        .set_pkce_challenge(challenge(authorizing.verifier));
    if let Some(resource) = authorizing.resource {
        request = request.add_extra_param("resource", resource);
    }
    if authorizing.scopes.iter().any(|scope| scope == OFFLINE) {
        // Without asking, servers of OpenID Connect hand out no refresh token (Core, section 11).
        request = request.add_extra_param("prompt", "consent");
    }
    request.url().0
}

/// The proof that is shown beforehand, of what is sent in the end (RFC 7636, section 4.2).
fn challenge(verifier: &Secret) -> PkceCodeChallenge {
    PkceCodeChallenge::from_code_verifier_sha256(&PkceCodeVerifier::new(verifier.expose().to_owned()))
}

/// Turns the code that came back into tokens (RFC 6749, section 4.1.3).
fn code_request(url: &Url, code: &Secret, redirect: &Url, verifier: &Secret, asking: &Asking<'_>) -> Request {
    asking.post(
        url,
        vec![
            field("grant_type", CODE_GRANT),
            field("code", code.clone()),
            field("redirect_uri", redirect.as_str()),
            field("code_verifier", verifier.clone()),
        ],
    )
}

/// Asks for a code that a person types in a browser anywhere (RFC 8628, section 3.1).
fn device_request(url: &Url, scopes: &[String], asking: &Asking<'_>) -> Request {
    let scope = (!scopes.is_empty()).then(|| field("scope", scopes.join(" ").as_str()));
    asking.post(url, scope.into_iter().collect())
}

/// What the code for the page is, and what asks whether it was typed.
#[derive(Debug, Clone, PartialEq)]
pub struct Device {
    pub code: Secret,
    pub attempt: Attempt,
}

/// Reads the answer to that. Who leads to a page of its own may have no code for it.
pub fn device(response: &Response, base: &Url, now: Timestamp) -> Result<Device, Refusal> {
    let refusal = refusal(response, Step::Device, base, now);
    if !response.is_success() {
        return Err(refusal);
    }
    let read = || {
        let answer = Document::new(object(response)?);
        let link = |names: &[&str]| trust::link(json::text(&answer, names)?, base);
        let interval = answer.get("interval").and_then(Value::as_u64).filter(|seconds| *seconds > 0);
        Some(Device {
            code: sendable(&answer, &["device_code"])?.into(),
            attempt: Attempt {
                code: json::text(&answer, &["user_code"]).and_then(user_code),
                page: Some(link(PAGE)?),
                complete: link(COMPLETE_PAGE),
                expires_at: json::moment(&answer, &["expires_at"], &["expires_in"], now),
                interval: interval.map(|seconds| Duration::from_secs(seconds.min(600))),
            },
        })
    };
    read().ok_or(Refusal { meaning: Meaning::Unreadable, ..refusal })
}

/// Has the person let this program in (RFC 8628, section 3.4)?
fn poll_request(url: &Url, code: &Secret, asking: &Asking<'_>) -> Request {
    asking.post(url, vec![field("grant_type", DEVICE_GRANT), field("device_code", code.clone())])
}

/// Tokens (RFC 6749, section 5.1): of an answer that says of which type they are.
pub fn tokens(response: &Response, step: Step, base: &Url, now: Timestamp) -> Result<Granted, Refusal> {
    let refusal = refusal(response, step, base, now);
    let answer = match object(response) {
        Some(answer) if response.is_success() && answer.get("error").is_none_or(Value::is_null) => {
            Document::new(answer)
        }
        _ => return Err(refusal),
    };
    let Some(token) = sendable(&answer, &["access_token"]).map(Secret::from) else {
        return Err(Refusal { meaning: Meaning::Unreadable, ..refusal });
    };
    match json::text(&answer, &["token_type"]) {
        Some(kind) if kind.eq_ignore_ascii_case("bearer") => {
            // Whatever else stands there is not the token.
            let (kind, presentation) = (LayerKind::AccessToken, Presentation::Bearer);
            let credential = Some(Credential { secret: token, kind, presentation });
            Ok(Granted { credential, assertion: None, ..granted(&answer, None, now) })
        }
        _ => Err(Refusal { meaning: Meaning::TokenTypeUnknown, ..refusal }),
    }
}
