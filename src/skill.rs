//! A skill: a file that teaches this program a service, `skill.yaml` or the front matter of a `readme.md`.
//!
//! ```yaml
//! id: lantern
//! name: Lantern
//! website: https://lantern.example
//! base_url: https://lantern.example/api/v1     # what the credential is for
//! auth: {type: api_key, header: Authorization, prefix: "Bearer "}
//! signup:
//!   - mode: oauth                              # in a browser, with PKCE
//!     authorize:
//!       url: https://lantern.example/auth
//!       query: {callback_url: .params.redirect_uri, code_challenge: .params.code_challenge, code_challenge_method: S256}
//!     token:
//!       url: https://lantern.example/api/v1/auth/keys
//!       body: {code: .params.code, code_verifier: .params.code_verifier}
//!       response: {mapping: {api_key: .key}}
//!   - mode: device                             # with a code in a browser anywhere
//!     start: {url: …, response: {mapping: {device_code: .id, user_code: .code, verification_uri: .url}}}
//!     poll:
//!       url: …
//!       body: {id: .params.device_code}
//!       response: {mapping: {api_key: .key, error: .status}, values: {authorization_pending: [waiting]}}
//! ```
//!
//! An authorization server that speaks the standard is described by `auth: {type: oauth2, authorize_url, token_url, …}`, and
//! one that publishes itself by no more than the `client_id` that it knows this program by.
//!
//! A skill is a stranger's text: it may send people and requests only to the sites that it declares itself.

mod call;

use std::collections::BTreeMap;

use serde::Deserialize;
use url::Url;

pub use call::{Call, Named, Params, Value, fields};

use crate::flow::wire::authorization::{Link, Server, Spelling};
use crate::flow::wire::sendable_scopes;
use crate::http::Presentation;
use crate::problem::{Kind, Problem};
use crate::trust;

/// Of a file, in bytes. Real ones have some thousand.
pub const LONGEST: usize = 64 * 1024;
const NAME_WIDTH: usize = 60;
const ID_LENGTH: usize = 64;
/// Longer than any client id.
const CLIENT_ID_LENGTH: usize = 400;

/// What may be named in each place.
const AUTHORIZING: &[&str] =
    &["client_id", "redirect_uri", "code_challenge", "code_challenge_method", "state", "scope", "resource"];
const REDEEMING: &[&str] = &["client_id", "redirect_uri", "code", "code_verifier", "state", "resource"];
const STARTING: &[&str] = &["client_id", "scope", "resource"];
const POLLING: &[&str] = &["client_id", "device_code", "user_code", "resource"];

#[derive(Debug, Clone, PartialEq)]
pub struct Skill {
    pub id: String,
    /// A stranger's text, cleaned.
    pub name: String,
    /// What the credential is for.
    pub resource: Url,
    /// Where it is tried.
    pub tried_at: Url,
    /// How one signs in, where the service does not publish it.
    pub server: Option<Server>,
    /// Who this program is there, and who knows it by that name.
    pub client_id: Option<String>,
    pub issuer: Option<String>,
}

#[derive(Deserialize)]
struct Written {
    id: String,
    #[serde(default)]
    name: Option<String>,
    website: String,
    #[serde(default)]
    base_url: Option<String>,
    #[serde(default)]
    auth: Auth,
    #[serde(default)]
    verify: Option<WrittenCheck>,
    #[serde(default)]
    signup: Vec<WrittenWay>,
}

#[derive(Deserialize)]
struct WrittenCheck {
    url: String,
}

/// `none`, or how it is.
#[derive(Deserialize)]
#[serde(untagged)]
enum Auth {
    Word(String),
    Block(Box<WrittenAuth>),
}

impl Default for Auth {
    fn default() -> Self {
        Auth::Block(Box::default())
    }
}

#[derive(Deserialize, Default)]
struct WrittenAuth {
    #[serde(default, rename = "type")]
    kind: Option<String>,
    #[serde(default)]
    header: Option<String>,
    #[serde(default)]
    prefix: Option<String>,
    #[serde(default)]
    issuer: Option<String>,
    #[serde(default)]
    authorize_url: Option<String>,
    #[serde(default)]
    token_url: Option<String>,
    #[serde(default)]
    device_authorization_url: Option<String>,
    #[serde(default)]
    revocation_url: Option<String>,
    #[serde(default)]
    scopes: Vec<String>,
    #[serde(default)]
    client_id: Option<String>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct WrittenWay {
    mode: String,
    #[serde(default)]
    client_id: Option<String>,
    #[serde(default)]
    scopes: Vec<String>,
    #[serde(default)]
    authorize: Option<WrittenLink>,
    #[serde(default)]
    redirect: Option<String>,
    #[serde(default)]
    token: Option<call::Written>,
    #[serde(default)]
    start: Option<call::Written>,
    #[serde(default)]
    poll: Option<call::Written>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct WrittenLink {
    url: String,
    query: BTreeMap<String, String>,
}

impl Skill {
    /// Every address that a sign-in would send something to.
    pub fn contacted(&self) -> impl Iterator<Item = &Url> {
        let server = self.server.iter();
        server.flat_map(|server| server.endpoints().chain(&server.authorize)).chain([&self.resource, &self.tried_at])
    }

    /// Reads a skill; `place` is what the file is called where it is spoken of.
    pub fn read(text: &str, place: &str) -> Result<Self, Problem> {
        Self::understand(text).map_err(|why| {
            let what = format!("The skill {} cannot be used: {why}.", trust::clean(place, 80));
            Problem::new(Kind::Usage, what, "Mend the file; nothing was sent.")
        })
    }

    fn understand(text: &str) -> Result<Self, String> {
        let options = serde_saphyr::options! { budget: serde_saphyr::budget! { max_nodes: 10_000, max_depth: 24 } };
        let written: Written = serde_saphyr::from_str_with_options(front_matter(text)?, options)
            .map_err(|error| trust::clean(error.to_string().lines().next().unwrap_or_default(), 160))?;
        let id = written.id.trim();
        let fits = |c: char| c.is_ascii_alphanumeric() || matches!(c, '-' | '_' | '.');
        if id.is_empty() || id.len() > ID_LENGTH || !id.chars().all(fits) {
            return Err("its id has letters, digits and dashes".to_owned());
        }
        let website = page(&written.website)?;
        let resource = written.base_url.as_deref().map_or_else(|| Ok(website.clone()), page)?;
        let tried_at = written.verify.map_or_else(|| Ok(resource.clone()), |check| page(&check.url))?;
        let declared = [website, resource.clone()];
        let auth = match written.auth {
            Auth::Block(auth) => auth,
            Auth::Word(word) if word == "none" => return Err("it needs no credential (auth: none)".to_owned()),
            Auth::Word(word) => return Err(format!("its auth is {}", trust::clean(&word, 40))),
        };
        let presentation = presentation(&auth)?;
        let mut client_id = auth.client_id.clone();
        let server = if written.signup.is_empty() {
            standard(&auth)?
        } else {
            Some(spelled(written.signup, presentation, &mut client_id)?)
        };
        for url in server.iter().flat_map(|server| server.endpoints().chain(&server.authorize)).chain([&tried_at]) {
            trust::endpoint_from(url, &resource).map_err(|problem| without_stop(&problem.what))?;
            if !declared.iter().any(|site| trust::same_site(site, url)) {
                return Err(format!("{} is no site that it declares", trust::clean(&trust::authority(url), 80)));
            }
        }
        if client_id.as_deref().is_some_and(|id| id.len() > CLIENT_ID_LENGTH || !trust::is_word(id)) {
            return Err("its client_id is not one word".to_owned());
        }
        let name = written.name.as_deref().map(|name| trust::clean(name, NAME_WIDTH));
        Ok(Self {
            id: id.to_owned(),
            name: name.filter(|name| !name.is_empty()).unwrap_or_else(|| id.to_owned()),
            resource,
            tried_at,
            server,
            client_id,
            issuer: auth.issuer,
        })
    }
}

/// The YAML in front of a Markdown text, or all of a text that is YAML.
fn front_matter(text: &str) -> Result<&str, String> {
    let text = text.trim_start_matches('\u{feff}');
    let Some(rest) = text.strip_prefix("---\n").or_else(|| text.strip_prefix("---\r\n")) else {
        return Ok(text);
    };
    let mut end = 0;
    for line in rest.split_inclusive('\n') {
        if line.trim_end() == "---" {
            return Ok(&rest[..end]);
        }
        end += line.len();
    }
    Ok(rest)
}

fn page(text: &str) -> Result<Url, String> {
    let url = Url::parse(text).map_err(|error| format!("{} is not an address: {error}", trust::clean(text, 80)))?;
    trust::endpoint_from(&url, &url).map_err(|problem| without_stop(&problem.what))?;
    Ok(url)
}

/// As a part of a sentence.
fn without_stop(what: &str) -> String {
    let mut chars = what.trim_end_matches('.').chars();
    chars.next().map(|first| first.to_lowercase().chain(chars).collect()).unwrap_or_default()
}

/// How the service wants to see its credential.
fn presentation(auth: &WrittenAuth) -> Result<Presentation, String> {
    let header = auth.header.as_deref().unwrap_or("Authorization").to_ascii_lowercase();
    let prefix = auth.prefix.as_deref().unwrap_or(if auth.header.is_none() { "Bearer" } else { "" });
    match (header.as_str(), prefix.trim().to_ascii_lowercase().as_str()) {
        ("authorization", "bearer") => Ok(Presentation::Bearer),
        ("authorization", "") => Ok(Presentation::Raw),
        ("x-api-key", "") => Ok(Presentation::ApiKey),
        _ => Err(format!("a credential is not shown in {} here", trust::clean(&header, 40))),
    }
}

/// A server that speaks the standard and does not publish itself.
fn standard(auth: &WrittenAuth) -> Result<Option<Server>, String> {
    let (Some("oauth2"), Some(token)) = (auth.kind.as_deref(), &auth.token_url) else {
        return Ok(None);
    };
    let url = |url: &Option<String>| url.as_deref().map(page).transpose();
    let server = Server {
        issuer: auth.issuer.clone(),
        authorize: url(&auth.authorize_url)?,
        device: url(&auth.device_authorization_url)?,
        revoke: url(&auth.revocation_url)?,
        scopes: sendable_scopes(auth.scopes.clone()),
        ..Server::at(page(token)?)
    };
    match (&server.authorize, &server.device) {
        (None, None) => {
            Err("its auth names a token_url, and neither an authorize_url nor a device_authorization_url".into())
        }
        _ => Ok(Some(server)),
    }
}

/// A sign-in that is OAuth in all but its words.
fn spelled(
    ways: Vec<WrittenWay>,
    presentation: Presentation,
    client_id: &mut Option<String>,
) -> Result<Server, String> {
    let mut spelling = Spelling { presentation, ..Spelling::default() };
    let mut scopes = Vec::new();
    for way in ways {
        *client_id = client_id.take().or(way.client_id);
        scopes.extend(way.scopes);
        let missing = |name: &str| format!("its way \"{}\" has no {name}", trust::clean(&way.mode, 20));
        let call = |written: Option<call::Written>, name: &str, params: &[&str]| {
            let call = Call::read(written.ok_or_else(|| missing(name))?, params);
            call.map_err(|why| format!("in {name}: {why}"))
        };
        match way.mode.as_str() {
            "oauth" => {
                let link = way.authorize.ok_or_else(|| missing("authorize"))?;
                let link =
                    Link::read(&link.url, link.query, AUTHORIZING).map_err(|why| format!("in authorize: {why}"))?;
                spelling.redirect = way.redirect.as_deref().map(loopback).transpose()?;
                (spelling.link, spelling.redeem) = (Some(link), Some(call(way.token, "token", REDEEMING)?));
            }
            "device" => {
                spelling.start = Some(call(way.start, "start", STARTING)?);
                spelling.poll = Some(call(way.poll, "poll", POLLING)?);
            }
            other => return Err(format!("\"{}\" is not a way that is walked from a file", trust::clean(other, 20))),
        }
    }
    let url = |call: &Option<Call>| call.as_ref().map(|call| call.url().clone());
    let token = url(&spelling.redeem).or_else(|| url(&spelling.poll)).ok_or("it has no way to sign up")?;
    Ok(Server {
        authorize: spelling.link.as_ref().map(|link| link.url().clone()),
        device: url(&spelling.start),
        scopes: sendable_scopes(scopes),
        hears_resource: spelling.uses("resource"),
        spelling: Some(Box::new(spelling)),
        ..Server::at(token)
    })
}

/// The address of this machine that a service takes.
fn loopback(text: &str) -> Result<Url, String> {
    let url = Url::parse(text).ok().filter(|url| url.scheme() == "http" && trust::is_loopback(url));
    url.ok_or_else(|| format!("{} is no address of this machine", trust::clean(text, 80)))
}
