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
//! Ways that are no OAuth are calls of the service's own: [`enrolment`] has them in a table, and [`operation`] what one is made
//! of. Foreign manifests call them `utilities` and `operations`.
//!
//! Beside `header` in `auth`, `help_url` is the page on which a person makes a key, `label` what it is called, and `pattern` (a
//! regular expression) what it looks like. An authorization server that speaks the standard is described by `auth: {type:
//! oauth2, authorize_url, token_url, …}`, and one that publishes itself by no more than the `client_id` that it knows this
//! program by.
//!
//! In place of `auth` there may be `connections`, as later manifests have it: NAME: `{base_url, header: {Authorization: '"Bearer "
//! + .auth.key'}, help_url}`.
//!
//! A skill is a stranger's text. People and requests are sent to the one site that its `base_url` (or, without one, its
//! `website`) is of, and to no other.

mod answer;
mod call;
pub mod catalogue;
mod connection;
pub mod enrolment;
pub mod expression;
mod key;
pub mod operation;
pub mod reading;
mod shown;
mod source;
pub mod template;
mod trial;
mod utility;
mod value;
mod written;

use url::Url;

pub use self::call::Call;
pub use self::enrolment::Enrolment;
pub use self::key::{KeyForm, KeyPage};
pub use self::source::{Described, Source};
pub use self::utility::Unrun;
pub use self::value::{Named, Params, Value, Vocabulary, Worked, fields};
use self::written::{Auth, Block, Way, Written};
use crate::account::{self, Client, Mode, Trial};
use crate::flow::wire::authorization::{Link, Server, Spelling};
use crate::flow::wire::sendable_scopes;
use crate::http::Presentation;
use crate::problem::{Kind, Problem};
use crate::trust;

/// Of a file, in bytes. Real ones have some thousand.
pub const LONGEST: usize = 64 * 1024;
const NAME_WIDTH: usize = 60;
const ID_LENGTH: usize = 64;
const LABEL_WIDTH: usize = 40;
/// What may be marked as unchecked.
const CHECKABLE: &[&str] = &["help_url", "pattern", "verify", "expires", "revoke", "oauth"];

/// What may be named in each place.
const AUTHORIZING: &[&str] =
    &["client_id", "redirect_uri", "code_challenge", "code_challenge_method", "state", "scope", "resource"];
const REDEEMING: &[&str] = &["client_id", "redirect_uri", "code", "code_verifier", "state", "resource"];
const STARTING: &[&str] = &["client_id", "scope", "resource"];
const POLLING: &[&str] = &["client_id", "device_code", "user_code", "resource"];

#[derive(Debug, Clone, PartialEq)]
pub struct Skill {
    /// A stranger's text, cleaned.
    pub name: String,
    /// What the credential is for.
    pub resource: Url,
    /// Where it is tried: there, or below.
    pub tried_at: Url,
    /// How it is tried, where it takes more than reading that address.
    pub trial: Option<Box<Trial>>,
    /// How it is shown.
    pub presentation: Presentation,
    /// The page on which a person makes a key.
    pub key: Option<KeyPage>,
    pub form: KeyForm,
    /// How one signs in, where the service does not publish it.
    pub server: Option<Server>,
    /// How else one signs up, in the order in which the file has it.
    pub enrolments: Vec<Enrolment>,
    /// What it has besides about a credential.
    pub unrun: Vec<Unrun>,
    /// It can be used without a credential, too.
    pub optional: bool,
    /// Where programs look for the credential in their environment.
    pub env: Vec<String>,
    /// When keys end there, in words; a stranger's text, cleaned.
    pub expires: Option<String>,
    /// Who this program is there, and who knows it by that name.
    pub client_id: Option<String>,
    pub issuer: Option<String>,
}

impl Skill {
    /// What is sent to see whether a credential works: by `POST`, whole.
    pub fn trial_in_words(&self) -> String {
        let at = trust::clean(self.tried_at.as_str(), 200);
        match self.trial.as_deref() {
            Some(trial) if trial.none => "The key is not tried: no harmless call is known for it.".to_owned(),
            Some(Trial { body: Some(body), .. }) => {
                let body = trust::clean(&serde_json::Value::from(body.clone()).to_string(), 1_000);
                format!("Once the key is here it is tried: POST {at} {body}")
            }
            _ => format!("Once the key is here it is tried: GET {at}"),
        }
    }

    /// What signing up takes, the first way first.
    fn takes(&self) -> String {
        let server = self.server.as_ref();
        let browser = server.and_then(|server| server.authorize.as_ref()).map(|_| "a sign-in in a browser");
        let code = server.and_then(|server| server.device.as_ref()).map(|_| "a code in a browser anywhere");
        let calls = self.enrolments.iter().map(|enrolment| match enrolment.mode {
            Mode::EmailCode => "a code by mail",
            Mode::MagicLink => "a link by mail",
            _ if enrolment.by_credential => "another key of it",
            _ => "nothing but a name",
        });
        let key = self.key.as_ref().map(|_| "a key from its page");
        let ways: Vec<&str> = browser.into_iter().chain(code).chain(calls).chain(key).collect();
        if ways.is_empty() { "asking it what it offers".to_owned() } else { ways.join(", or ") }
    }

    /// Is there a harmless call that tells whether a credential works?
    pub fn can_be_tried(&self) -> bool {
        !self.trial.as_ref().is_some_and(|trial| trial.none)
    }

    /// Every address that a sign-in would send something to.
    pub fn contacted(&self) -> impl Iterator<Item = &Url> {
        let server = self.server.iter();
        let signing_in = server.flat_map(|server| server.endpoints().chain(&server.authorize));
        let signing_up = self.enrolments.iter().flat_map(Enrolment::contacted);
        signing_in.chain(signing_up).chain([&self.resource, &self.tried_at])
    }

    /// Reads a skill; `place` is what the file is called where it is spoken of.
    pub fn read(text: &str, place: &str) -> Result<Self, Problem> {
        let problem = |why: String, hint: &str| {
            let what = format!("The skill {} cannot be used: {why}.", trust::clean(place, 80));
            Problem::new(Kind::Usage, what, hint)
        };
        let options = serde_saphyr::options! { budget: serde_saphyr::budget! { max_nodes: 10_000, max_depth: 24 } };
        let yaml = front_matter(text);
        let written = serde_saphyr::from_str_with_options(yaml, options).map_err(|error| {
            let (why, hint) = unreadable(yaml, &error);
            problem(why, hint)
        })?;
        Self::understand(written).map_err(|why| problem(why, "Mend the file; nothing was sent."))
    }

    fn understand(mut written: Written) -> Result<Self, String> {
        let id = written.id.trim();
        let fits = |c: char| c.is_ascii_alphanumeric() || matches!(c, '-' | '_' | '.');
        if id.is_empty() || id.len() > ID_LENGTH || !id.chars().all(fits) {
            return Err("its id has letters, digits and dashes".to_owned());
        }
        let (auth, at) = match (written.auth, written.connections.is_empty()) {
            (Some(Auth::Block(auth)), true) => (*auth, None),
            (None, true) => (Block::default(), None),
            (Some(Auth::Word(word)), _) if word == "none" => {
                return Err("it needs no credential (auth: none)".to_owned());
            }
            (Some(Auth::Word(word)), _) => return Err(format!("its auth is {}", trust::clean(&word, 40))),
            (None, false) => connection::read(written.connections)?,
            (Some(Auth::Block(_)), false) => return Err("auth and connections say the same".to_owned()),
        };
        let website = page(&written.website)?;
        let resource = written.base_url.or(at).as_deref().map_or_else(|| Ok(website.clone()), page)?;
        let unchecked = std::mem::take(&mut written.unchecked);
        if let Some(unknown) = unchecked.iter().find(|name| !CHECKABLE.contains(&name.as_str())) {
            return Err(format!("{} is not one of {}", trust::clean(unknown, 40), CHECKABLE.join(", ")));
        }
        let is_checked = |name: &str| !unchecked.iter().any(|known| known == name);
        let named = auth.signup_utility.as_deref();
        let help = auth.help_url.as_deref().map(page).transpose()?.unwrap_or_else(|| website.clone());
        let utilities = utility::read(&[&written.utilities, &written.operations], named, &resource, &help);
        let (tried_at, trial) = match (written.verify, utilities.who) {
            (Some(check), _) => match check.read(&resource)? {
                (url, _) if !is_checked("verify") => (url, Some(Box::new(Trial { none: true, ..Trial::default() }))),
                tried => tried,
            },
            (None, who) => (who.unwrap_or_else(|| resource.clone()), None),
        };
        if !account::is_below(&tried_at, &resource) {
            return Err(format!("its verify url is not below {}", trust::clean(resource.as_str(), 80)));
        }
        let fits = |id: &String| id.len() <= Client::LONGEST_ID && trust::is_word(id);
        if !auth.client_id.iter().all(fits) {
            return Err("its client_id is not one word".to_owned());
        }
        auth.check()?;
        let presentation = presentation(&auth)?;
        let is_oauth = |way: &Way| own_mode(way).is_none();
        let (signing_in, signing_up): (Vec<Way>, Vec<Way>) = written.signup.into_iter().partition(is_oauth);
        let server = match signing_in.is_empty() {
            true => standard(&auth)?,
            false => Some(spelled(signing_in, &auth, presentation.clone())?),
        };
        let mut enrolments: Vec<Enrolment> = Vec::new();
        for (mode, way) in signing_up.into_iter().filter_map(|way| Some((own_mode(&way)?, way))) {
            let enrolment = enrolled(mode, way, &resource)?;
            match enrolments.iter().any(|known| known.mode == enrolment.mode) {
                true => return Err(format!("mode: {} stands there twice", enrolment.mode.as_str())),
                false => enrolments.push(enrolment),
            }
        }
        let mut unrun = utilities.unrun;
        for enrolment in utilities.enrolments {
            match enrolments.iter().any(|known| known.mode == enrolment.mode) {
                true => unrun.push(Unrun::doubled(&enrolment.steps[0].name)),
                false => enrolments.push(enrolment),
            }
        }
        let name = written.name.as_deref().map(|name| trust::clean(name, NAME_WIDTH));
        let skill = Self {
            name: name.filter(|name| !name.is_empty()).unwrap_or_else(|| id.to_owned()),
            resource,
            tried_at,
            trial,
            presentation,
            form: key::form(&auth, is_checked("pattern"))?,
            key: key::page(&auth, is_checked("help_url"))?,
            server,
            enrolments,
            unrun,
            optional: auth.optional,
            env: written.env.iter().filter(|name| is_variable(name)).cloned().collect(),
            expires: written.expires.filter(|_| is_checked("expires")).map(|text| trust::clean(&text, LABEL_WIDTH)),
            client_id: auth.client_id,
            issuer: auth.issuer,
        };
        // The person is told one site. What another one would get of it, nobody has agreed to.
        for url in skill.contacted() {
            trust::endpoint_from(url, &skill.resource).map_err(|problem| without_stop(&problem.what))?;
            if !trust::same_site(&skill.resource, url) {
                let (host, own) = (trust::authority(url), trust::authority(&skill.resource));
                return Err(format!("{} is not of the site of {}", trust::clean(&host, 80), trust::clean(&own, 80)));
            }
        }
        Ok(skill)
    }
}

/// The YAML in front of a Markdown text, or all of a text that is YAML; its lines are counted from the first.
fn front_matter(text: &str) -> &str {
    let text = text.trim_start_matches('\u{feff}');
    let mut end = 0;
    for (nth, line) in text.split_inclusive('\n').enumerate() {
        match (nth, line.trim_end()) {
            (0, "---") => {}
            (0, _) => return text,
            (_, "---") => return &text[..end],
            _ => {}
        }
        end += line.len();
    }
    text
}

/// Where a text is no YAML, or not what a skill has, and what to do about it.
fn unreadable(yaml: &str, error: &serde_saphyr::Error) -> (String, &'static str) {
    let told = error.to_string();
    let why = trust::clean(told.lines().next().unwrap_or_default().trim_start_matches("error: "), 160);
    let line = error.location().and_then(|location| usize::try_from(location.line()).ok());
    let written = line.and_then(|line| yaml.lines().nth(line.checked_sub(1)?)).unwrap_or_default();
    let hint = match written.contains("\\'") {
        true => "In single quotes a backslash is only itself, and an apostrophe is written twice, as in: 'you''re in'",
        false => "Mend the file; nothing was sent.",
    };
    (why, hint)
}

/// A name as shells have them.
fn is_variable(name: &str) -> bool {
    let fits = |c: char| c.is_ascii_uppercase() || c.is_ascii_digit() || c == '_';
    !name.is_empty()
        && name.len() <= ID_LENGTH
        && name.chars().all(fits)
        && !name.starts_with(|c: char| c.is_ascii_digit())
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
fn presentation(auth: &Block) -> Result<Presentation, String> {
    match auth.places().presentation()? {
        shown if shown != Presentation::Bearer && auth.is_oauth() => {
            Err("a token of oauth2 is shown as a bearer".to_owned())
        }
        shown => Ok(shown),
    }
}

/// A server that speaks the standard and does not publish itself.
fn standard(auth: &Block) -> Result<Option<Server>, String> {
    let Some(token) = auth.token_url.as_ref().filter(|_| auth.is_oauth()) else {
        return match auth.endpoint() {
            Some(name) => Err(format!("its {name} is of use with type: oauth2 and a token_url only")),
            None => Ok(None),
        };
    };
    let url = |url: &Option<String>| url.as_deref().map(page).transpose();
    let token = page(token)?;
    // Who says to be a server is believed to know what only that one may know.
    if let Some(issuer) = &auth.issuer
        && !trust::same_site(&page(issuer)?, &token)
    {
        return Err(format!("{} is no issuer of that token_url", trust::clean(issuer, 80)));
    }
    let server = Server {
        issuer: auth.issuer.clone(),
        authorize: url(&auth.authorize_url)?,
        device: url(&auth.device_authorization_url)?,
        revoke: url(&auth.revocation_url)?,
        scopes: sendable_scopes(auth.scopes.clone()),
        ..Server::at(token)
    };
    match (&server.authorize, &server.device) {
        (None, None) => {
            Err("its auth names a token_url, and neither an authorize_url nor a device_authorization_url".into())
        }
        _ => Ok(Some(server)),
    }
}

/// A sign-in that is OAuth in all but its words.
fn spelled(ways: Vec<Way>, auth: &Block, presentation: Presentation) -> Result<Server, String> {
    if let Some(name) = auth.endpoint() {
        return Err(format!("its {name} says the same as signup does"));
    }
    let mut spelling = Spelling { presentation, ..Spelling::default() };
    let call = |written: Option<call::Written>, name: &str, params: &[&str], needed: &[&str]| {
        let written = written.ok_or_else(|| format!("a way has no {name}"))?;
        let call = Call::read(written, params).map_err(|why| format!("in {name}: {why}"))?;
        match needed.iter().find(|param| !call.uses(param)) {
            Some(param) => Err(format!("its {name} does not send .params.{param}")),
            None => Ok(call),
        }
    };
    for way in ways {
        if way.has_requests() {
            let mode = trust::clean(&way.mode, 20);
            return Err(format!("mode: {mode} has no request, redeem, revoke, params, page, code or credential"));
        }
        let Way { mode, authorize, redirect, token, start, poll, .. } = way;
        match (mode.as_str(), authorize) {
            ("oauth", _) if spelling.link.is_some() => return Err("mode: oauth stands there twice".to_owned()),
            ("device", _) if spelling.start.is_some() => return Err("mode: device stands there twice".to_owned()),
            ("oauth", Some(link)) if start.is_none() && poll.is_none() => {
                let link = Link::read(&link.url, link.query, AUTHORIZING);
                spelling.link = Some(link.map_err(|why| format!("in authorize: {why}"))?);
                spelling.redirect = redirect.as_deref().map(loopback).transpose()?;
                // Without the proof, whoever has a code of their own could have it redeemed here.
                spelling.redeem = Some(call(token, "token", REDEEMING, &["code", "code_verifier"])?);
            }
            ("oauth", _) => return Err("mode: oauth has authorize, token, and perhaps redirect".to_owned()),
            ("device", None) if token.is_none() && redirect.is_none() => {
                spelling.start = Some(call(start, "start", STARTING, &[])?);
                spelling.poll = Some(call(poll, "poll", POLLING, &["device_code"])?);
            }
            ("device", _) => return Err("mode: device has start and poll".to_owned()),
            (other, _) => {
                let known = "oauth, device, magic_link, email_code, direct";
                return Err(format!("its mode \"{}\" is not one of {known}", trust::clean(other, 20)));
            }
        }
    }
    if !auth.scopes.is_empty() && !spelling.uses("scope") {
        return Err("it has scopes, and sends .params.scope nowhere".to_owned());
    }
    let url = |call: &Option<Call>| call.as_ref().map(|call| call.url().clone());
    let token = url(&spelling.redeem).or_else(|| url(&spelling.poll)).ok_or("it has no way to sign up")?;
    Ok(Server {
        authorize: spelling.link.as_ref().map(|link| link.url().clone()),
        device: url(&spelling.start),
        scopes: sendable_scopes(auth.scopes.clone()),
        hears_resource: spelling.uses("resource"),
        spelling: Some(Box::new(spelling)),
        ..Server::at(token)
    })
}

/// The mode of a sign-up by calls of the service's own; nothing where it is OAuth, or not known.
fn own_mode(way: &Way) -> Option<Mode> {
    [Mode::MagicLink, Mode::EmailCode, Mode::Direct].into_iter().find(|mode| mode.as_str() == way.mode)
}

/// A sign-up by calls of the service's own.
fn enrolled(mode: Mode, way: Way, base: &Url) -> Result<Enrolment, String> {
    if way.authorize.is_some()
        || way.redirect.is_some()
        || way.token.is_some()
        || way.start.is_some()
        || way.poll.is_some()
    {
        return Err(format!("mode: {} has request, and perhaps redeem", mode.as_str()));
    }
    let by_credential = match way.credential.as_deref() {
        None | Some("none") => false,
        Some("held") => true,
        Some(other) => return Err(format!("its credential \"{}\" is not held, nor none", trust::clean(other, 20))),
    };
    let written = enrolment::Written {
        request: way.request,
        redeem: way.redeem,
        end: way.revoke,
        params: way.params,
        page: way.page,
        code: way.code,
        by_credential,
    };
    Enrolment::read(mode, written, base)
}

/// The address of this machine that a service takes; without a port it takes any.
fn loopback(text: &str) -> Result<Url, String> {
    let url = Url::parse(text).ok().filter(|url| {
        url.scheme() == "http" && matches!(url.host_str(), Some("localhost" | "127.0.0.1")) && url.query().is_none()
    });
    url.ok_or_else(|| {
        format!("{} is not http://localhost or http://127.0.0.1, a port and a path", trust::clean(text, 80))
    })
}
