//! The files of other programs, each in its own shape. Nothing of them is trusted: texts are cleaned, and what is not as it should
//! be is passed over.

use std::fs;
use std::path::{Path, PathBuf};

use jiff::Timestamp;
use serde_json::Value;
use url::Url;
use zeroize::Zeroizing;

use super::{Found, Tool};
use crate::account::{
    Account, AccountId, Elsewhere, Kept, Layer, LayerKind, Mode, More, Renewal, Revocation, Secrets, Source, StoreKind,
};
use crate::http::Presentation;
use crate::json::{self, Document};
use crate::secret::Secret;
use crate::store::rights;
use crate::trust;

/// No file of theirs is larger.
const LARGEST: u64 = 4 * 1024 * 1024;
/// Of a folder.
const MOST_FILES: usize = 1_000;

pub fn all(tool: Tool, place: &Path) -> Vec<Found> {
    match tool {
        Tool::AuthMd => file(place).map(|(_, document)| by_issuer(place, &document)).unwrap_or_default(),
        Tool::Gh => hosts(place),
        Tool::McpRemote => servers(place),
        Tool::Aws => sessions(place),
    }
}

/// What is known of an account before it is one.
struct Draft<'a> {
    tool: Tool,
    file: &'a Path,
    resource: String,
    /// Where the credential can be tried; else at the resource.
    start: Option<Url>,
    service: String,
    login: Option<&'a str>,
    mode: Mode,
    scopes: Vec<String>,
    created_at: Option<Timestamp>,
    /// Each with its secret, where that is there: the credential first.
    layers: Vec<(Layer, Option<&'a str>)>,
}

impl Draft<'_> {
    fn found(self) -> Option<Found> {
        let resource = Url::parse(&self.resource).ok()?;
        // A second login of one host has it in its name.
        let label = match self.login {
            Some(login) => format!("{}-{login}", self.tool.name()),
            None => self.tool.name().to_owned(),
        };
        let loose = rights::loose(self.file).ok().flatten().map(|loose| loose.what);
        let file = self.file.display().to_string();
        let is_renewed = self.layers.iter().any(|(layer, _)| layer.kind.gets_the_next());
        let account = Account {
            id: AccountId::new(&self.resource, Some(&label), &[]),
            service: trust::clean(&self.service, 60),
            label: None,
            identity: self.login.map(|login| trust::clean(login, 100)),
            mode: self.mode,
            scopes: self.scopes.iter().map(|scope| trust::clean(scope, 60)).collect(),
            layers: self.layers.iter().map(|(layer, _)| layer.clone()).collect(),
            claimed: true,
            start: self.start.unwrap_or(resource),
            metadata: None,
            guarded: None,
            presentation: Presentation::Bearer,
            renewal: if is_renewed { Renewal::Elsewhere } else { Renewal::None },
            revocation: Revocation::None,
            client: None,
            bound: false,
            store: StoreKind::Foreign,
            source: Source::Foreign(Elsewhere { file, tool: Some(self.tool.name()), loose }),
            created_at: self.created_at,
            renewed_at: None,
            verified_at: None,
            proof: None,
            spending: None,
            more: More::default(),
            resource: self.resource,
        };
        // What could not be sent, and would be a way into a terminal, is no credential.
        let secret = |text: &str| (!trust::has_invisible(text)).then(|| Secret::new(text));
        // What only gets the next one is no credential, and goes nowhere.
        let is_credential = |layer: &Layer| matches!(layer.kind, LayerKind::AccessToken | LayerKind::ApiKey);
        let first = self.layers.first().filter(|(layer, _)| is_credential(layer));
        let credential = first.and_then(|(_, text)| (*text).and_then(secret));
        let further = self.layers.iter().skip(1).filter_map(|(layer, text)| Some((layer.kind, secret((*text)?)?)));
        let further: Vec<(LayerKind, Secret)> = further.collect();
        let kept = credential.map(|credential| Kept::new(account.clone(), Secrets { credential, further }));
        Some(Found { account, kept })
    }
}

/// A file as a document, and when it was written.
fn file(path: &Path) -> Option<(Option<Timestamp>, Document)> {
    let (written, text) = text(path)?;
    json::read(&text).map(|value| (written, Document::new(value)))
}

fn text(path: &Path) -> Option<(Option<Timestamp>, Zeroizing<String>)> {
    let metadata = fs::metadata(path).ok().filter(|metadata| metadata.is_file() && metadata.len() <= LARGEST)?;
    let written = metadata.modified().ok().and_then(|time| Timestamp::try_from(time).ok());
    Some((written, Zeroizing::new(fs::read_to_string(path).ok()?)))
}

/// The files of a folder whose names end so, and of the folders in it.
fn files(folder: &Path, ending: &str) -> Vec<PathBuf> {
    let entries = |folder: &Path| fs::read_dir(folder).into_iter().flatten().flatten().map(|entry| entry.path());
    let mut found: Vec<PathBuf> = entries(folder)
        .take(MOST_FILES)
        .flat_map(|path| if path.is_dir() { entries(&path).take(MOST_FILES).collect() } else { vec![path] })
        .filter(|path| path.file_name().is_some_and(|name| name.to_string_lossy().ends_with(ending)))
        .collect();
    found.sort();
    found
}

fn layer(kind: LayerKind, expires_at: Option<Timestamp>) -> Layer {
    Layer { kind, expires_at }
}

/// A token beside its end, or an object with both in it.
fn token<'a>(record: &'a Value, names: &[&str], ends: &[&str]) -> Option<(&'a str, Option<Timestamp>)> {
    let there = json::member(record, names)?;
    match there {
        Value::String(text) if !text.is_empty() => Some((text, json::moment(record, ends, &[], Timestamp::UNIX_EPOCH))),
        Value::Object(_) => {
            let text = json::text(there, &["token", "value", "access_token", "assertion"])?;
            Some((text, json::moment(there, &["expires_at", "expires"], &[], Timestamp::UNIX_EPOCH)))
        }
        _ => None,
    }
}

/// `{"version": 1, "issuers": {ISSUER: record}}`
fn by_issuer(path: &Path, document: &Value) -> Vec<Found> {
    let issuers = json::member(document, &["issuers"]).and_then(Value::as_object);
    let found = issuers.into_iter().flatten().filter_map(|(issuer, record)| {
        let access = token(record, &["access_token"], &["access_token_expires_at", "access_expires_at", "expires_at"]);
        let assertion = token(
            record,
            &["identity_assertion", "assertion"],
            &["identity_assertion_expires_at", "assertion_expires_at", "assertion_expires"],
        );
        let refresh = token(record, &["refresh_token"], &["refresh_token_expires_at", "refresh_expires_at"]);
        let kinds = [LayerKind::AccessToken, LayerKind::IdentityAssertion, LayerKind::RefreshToken];
        let layers = kinds.into_iter().zip([access, assertion, refresh]);
        let layers: Vec<_> =
            layers.filter_map(|(kind, token)| token.map(|(text, end)| (layer(kind, end), Some(text)))).collect();
        let resource = json::text(record, &["resource"]).unwrap_or(issuer).to_owned();
        Draft {
            tool: Tool::AuthMd,
            file: path,
            service: Url::parse(&resource).map_or_else(|_| resource.clone(), |url| trust::authority(&url)),
            start: None,
            login: json::text(record, &["email"]),
            mode: Mode::AuthMd,
            scopes: json::list(record, &["scopes", "scope"]).unwrap_or_default(),
            created_at: json::moment(record, &["registered_at", "created_at"], &[], Timestamp::UNIX_EPOCH),
            layers: if layers.is_empty() { return None } else { layers },
            resource,
        }
        .found()
    });
    found.collect()
}

/// `HOST: {user: …, oauth_token: …, users: {USER: {oauth_token: …}}}`. Where gh uses the system's keyring, no token is in it.
fn hosts(path: &Path) -> Vec<Found> {
    let Some((_, text)) = text(path) else {
        return Vec::new();
    };
    // Its errors quote what they were given, and are not told.
    let Ok(read) = serde_saphyr::from_str::<Value>(&text) else {
        return Vec::new();
    };
    let document = Document::new(read);
    let mut found = Vec::new();
    for (host, settings) in document.as_object().into_iter().flatten() {
        let api = match host.as_str() {
            "github.com" => "https://api.github.com/".to_owned(),
            host => format!("https://{host}/api/v3/"),
        };
        let of = |login: Option<&str>, token: Option<&str>| {
            let kind = LayerKind::AccessToken;
            Draft {
                tool: Tool::Gh,
                file: path,
                start: Url::parse(&api).ok().and_then(|api| api.join("user").ok()),
                service: if host == "github.com" { "GitHub".to_owned() } else { host.clone() },
                login,
                mode: Mode::OAuth,
                scopes: Vec::new(),
                created_at: None,
                layers: vec![(layer(kind, None), token)],
                resource: api.clone(),
            }
            .found()
        };
        let token = |value: &'_ Value| json::text(value, &["oauth_token"]).map(str::to_owned).map(Zeroizing::new);
        let active = json::text(settings, &["user"]);
        let users = json::member(settings, &["users"]).and_then(Value::as_object).filter(|users| !users.is_empty());
        match users {
            Some(users) => found.extend(users.iter().filter_map(|(user, kept)| {
                let active = token(settings).filter(|_| active == Some(user));
                of(Some(user), token(kept).or(active).as_ref().map(|token| token.as_str()))
            })),
            None => found.extend(of(active, token(settings).as_ref().map(|token| token.as_str()))),
        }
    }
    found
}

/// `mcp-remote-VERSION/HASH_tokens.json` beside `HASH_client_info.json`. Which server a hash stands for is written nowhere.
fn servers(folder: &Path) -> Vec<Found> {
    let found = files(folder, "_tokens.json").into_iter().filter_map(|path| {
        let (written, tokens) = file(&path)?;
        let name = path.file_name()?.to_str()?.trim_end_matches("_tokens.json").to_owned();
        let short = name.get(..8).unwrap_or(&name).to_owned();
        let ends = json::moment(&tokens, &["expires_at"], &["expires_in"], written?);
        let client = file(&path.with_file_name(format!("{name}_client_info.json")));
        let registration = client.as_ref().map(|(_, client)| {
            layer(
                LayerKind::ClientRegistration,
                json::moment(client, &["client_secret_expires_at"], &[], Timestamp::UNIX_EPOCH),
            )
        });
        let mut layers = vec![(layer(LayerKind::AccessToken, ends), json::text(&tokens, &["access_token"]))];
        layers.extend(
            json::text(&tokens, &["refresh_token"])
                .map(|refresh| (layer(LayerKind::RefreshToken, None), Some(refresh))),
        );
        layers.extend(registration.map(|registration| (registration, None)));
        Draft {
            tool: Tool::McpRemote,
            file: &path,
            service: format!("an MCP server ({short})"),
            start: None,
            login: None,
            mode: Mode::OAuth,
            scopes: json::list(&tokens, &["scope"]).unwrap_or_default(),
            created_at: written,
            layers,
            resource: format!("mcp-remote:{name}"),
        }
        .found()
        .map(|found| {
            // A hash is no host to be named after.
            let id = AccountId::stored(&format!("mcp-remote-{short}")).unwrap_or_else(|| found.account.id.clone());
            found.called(id)
        })
    });
    // Each of its versions has a folder of its own: of one server, what was written last is in use.
    let mut newest: Vec<Found> = Vec::new();
    for found in found {
        match newest.iter_mut().find(|known| known.account.resource == found.account.resource) {
            Some(known) if found.account.created_at > known.account.created_at => *known = found,
            Some(_) => {}
            None => newest.push(found),
        }
    }
    newest
}

/// `{"startUrl": …, "region": …, "accessToken": …, "expiresAt": …, "refreshToken": …, "registrationExpiresAt": …}`
fn sessions(folder: &Path) -> Vec<Found> {
    let found = files(folder, ".json").into_iter().filter_map(|path| {
        let (written, session) = file(&path)?;
        let moment = |name: &str| json::moment(&session, &[name], &[], Timestamp::UNIX_EPOCH);
        // Others there are registrations of a client, without a session.
        let access = json::text(&session, &["accessToken"])?;
        let mut layers = vec![(layer(LayerKind::AccessToken, moment("expiresAt")), Some(access))];
        layers.extend(
            json::text(&session, &["refreshToken"]).map(|text| (layer(LayerKind::RefreshToken, None), Some(text))),
        );
        layers
            .extend(moment("registrationExpiresAt").map(|end| (layer(LayerKind::ClientRegistration, Some(end)), None)));
        Draft {
            tool: Tool::Aws,
            file: &path,
            service: "AWS IAM Identity Center".to_owned(),
            start: None,
            login: None,
            mode: Mode::Device,
            scopes: Vec::new(),
            created_at: written,
            layers,
            resource: json::text(&session, &["startUrl"])?.to_owned(),
        }
        .found()
    });
    found.collect()
}
