//! One entry of the token file, read into an account and written back.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use url::Url;

use super::text;
use crate::account::{
    Account, AccountId, Client, Elsewhere, Kept, Layer, LayerKind, Mode, More, Proof, Renewal, Revocation, Secrets,
    Source, StoreKind,
};
use crate::http::Presentation;
use crate::secret::Secret;
use crate::{json as lenient, trust, when};

/// The member that holds what is only ours.
const OURS: &str = "authmd_tui";
/// In it: the layers beyond the credential, each with its secret.
const FURTHER: &str = "further";
const VERSION: u32 = 1;

/// An entry as read.
pub struct Entry {
    pub key: String,
    pub account: Account,
    pub secrets: Option<Secrets>,
    /// False where a newer version of this program has written what is not understood here.
    pub is_readable: bool,
}

/// What renewing and revoking need beyond the shared members.
#[derive(Serialize, Deserialize)]
struct Ours {
    version: u32,
    id: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    label: Option<String>,
    resource: String,
    mode: Mode,
    kind: LayerKind,
    claimed: bool,
    start: Url,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    metadata: Option<Url>,
    /// The entry's `registered_at` when this was written: another one since then means another tool's credential.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    registered_at: Option<Timestamp>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    guarded: Option<bool>,
    #[serde(default)]
    presentation: Presentation,
    #[serde(default = "by_a_person")]
    renewal: Renewal,
    revocation: Revocation,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    client: Option<Client>,
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    bound: bool,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    spending: Option<Timestamp>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    renewed_at: Option<Timestamp>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    verified_at: Option<Timestamp>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    proof: Option<Proof>,
    #[serde(default, skip_serializing_if = "More::is_empty")]
    more: More,
    /// The credential was put here by another tool.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    foreign: bool,
}

fn by_a_person() -> Renewal {
    Renewal::Person
}

/// A layer beyond the credential, as it stands in our member.
struct Further {
    layer: Layer,
    secret: Option<Secret>,
}

fn further(value: &Value) -> Vec<Further> {
    let listed = value.get(OURS).and_then(|ours| ours.get(FURTHER)).and_then(Value::as_array);
    let layer = |member: &Value| {
        let kind = serde_json::from_value(member.get("kind")?.clone()).ok()?;
        let expires_at = lenient::moment(member, &["expires_at"], &[], Timestamp::UNIX_EPOCH);
        let secret = lenient::text(member, &["secret"]).filter(|text| !trust::has_invisible(text)).map(Secret::from);
        Some(Further { layer: Layer { kind, expires_at }, secret })
    };
    listed.into_iter().flatten().filter_map(layer).collect()
}

/// Every entry that is a credential; what else is in the file is somebody else's.
/// `source` is the file, and `loose` what rights others have to it.
pub fn all(text: &str, prefix: &str, source: &str, loose: Option<&str>) -> Vec<Entry> {
    let mut parsed: Vec<(String, &str, Value)> = Vec::new();
    let members = text::members(text).unwrap_or_default();
    for member in &members {
        let Some(resource) = member.key.strip_prefix(prefix) else {
            continue;
        };
        if let Ok(value @ Value::Object(_)) = serde_json::from_str::<Value>(member.value(text)) {
            // A key that stands twice counts once, with its last value.
            parsed.retain(|(key, ..)| *key != member.key);
            parsed.push((member.key.clone(), resource, value));
        }
    }
    let mut entries: Vec<Entry> = Vec::new();
    for (key, resource, value) in parsed {
        let ours = ours(&value);
        let id = ours
            .as_ref()
            .and_then(|ours| AccountId::stored(&ours.id))
            .unwrap_or_else(|| AccountId::of_resource(resource));
        let is_readable = ours.is_some() || value.get(OURS).is_none();
        let Some(account) = account(id, resource, &value, ours, source, loose) else {
            continue;
        };
        let further = further(&value).into_iter().filter(|further| account.layers.contains(&further.layer));
        let further: Vec<(LayerKind, Secret)> =
            further.filter_map(|further| Some((further.layer.kind, further.secret?))).collect();
        // Anybody may write here: what could not be sent, and would be a way into a terminal, is no credential.
        let credential = lenient::text(&value, &["credential"]).filter(|text| !trust::has_invisible(text));
        let credential = credential.map(Secret::from);
        let secrets = match (credential, account.lacks_credential()) {
            (None, true) => Secrets::of_layers(further),
            (credential, _) => credential.map(|credential| Secrets { credential, further }),
        };
        entries.push(Entry { key, account, secrets, is_readable });
    }
    entries
}

/// Our own member, where it is there and of a version known here.
fn ours(value: &Value) -> Option<Ours> {
    let written = value.get(OURS)?;
    let mut ours: Ours = serde_json::from_value(written.clone()).ok()?;
    // The name of the client has stood with the way to renew.
    let formerly = || Some(Client::named(lenient::text(written.get("renewal")?, &["client_id"])?));
    ours.client = ours.client.or_else(formerly);
    (ours.version <= VERSION).then_some(ours)
}

fn account(
    id: AccountId,
    resource: &str,
    value: &Value,
    ours: Option<Ours>,
    source: &str,
    loose: Option<&str>,
) -> Option<Account> {
    let resource = ours.as_ref().map_or(resource, |ours| &ours.resource).to_owned();
    if trust::has_invisible(&resource) {
        return None;
    }
    let start = ours.as_ref().map(|ours| ours.start.clone()).or_else(|| Url::parse(&resource).ok())?;
    let created_at = lenient::moment(value, &["registered_at"], &[], Timestamp::UNIX_EPOCH);
    // What we knew of the former credential is not known of one that another tool has put in its place.
    let current = ours.as_ref().filter(|ours| ours.registered_at == created_at);
    let expires_at = lenient::moment(value, &["expires"], &[], Timestamp::UNIX_EPOCH);
    let kind = ours.as_ref().map_or(LayerKind::ApiKey, |ours| ours.kind);
    let shared = lenient::text(value, &["credential"]).is_some();
    // What only gets a credential does not stand in the shared member; what does was put there by another tool.
    let kind = if shared && kind == LayerKind::IdentityAssertion { LayerKind::AccessToken } else { kind };
    let has_credential = kind != LayerKind::IdentityAssertion;
    let mut layers: Vec<Layer> = has_credential.then_some(Layer { kind, expires_at }).into_iter().collect();
    layers.extend(further(value).into_iter().filter(|_| current.is_some()).map(|further| further.layer));
    let text = |name: &str, width: usize| {
        lenient::text(value, &[name]).map(|text| trust::clean(text, width)).filter(|text| !text.is_empty())
    };
    Some(Account {
        id,
        service: text("service", 60).unwrap_or_else(|| trust::authority(&start)),
        label: ours.as_ref().and_then(|ours| ours.label.as_deref()).map(|label| trust::clean(label, 80)),
        identity: text("email", 254),
        mode: ours.as_ref().map_or(Mode::AuthMd, |ours| ours.mode),
        scopes: lenient::list(value, &["scopes"])
            .unwrap_or_default()
            .iter()
            .map(|scope| trust::clean(scope, 60))
            .collect(),
        layers,
        claimed: ours.as_ref().is_none_or(|ours| ours.claimed),
        guarded: ours.as_ref().and_then(|ours| ours.guarded),
        presentation: current.map_or(Presentation::default(), |ours| ours.presentation.clone()),
        renewal: current.map_or(Renewal::Person, |ours| ours.renewal.clone()),
        revocation: ours.as_ref().map_or(Revocation::Undiscovered, |ours| ours.revocation.clone()),
        client: current.and_then(|ours| ours.client.clone()),
        bound: current.is_some_and(|ours| ours.bound),
        store: StoreKind::Json,
        source: if ours.as_ref().is_some_and(|ours| !ours.foreign) {
            Source::Own
        } else {
            Source::Foreign(Elsewhere { file: source.to_owned(), tool: None, loose: loose.map(str::to_owned) })
        },
        created_at,
        renewed_at: current.and_then(|ours| ours.renewed_at),
        verified_at: current.and_then(|ours| ours.verified_at),
        proof: current.and_then(|ours| ours.proof),
        spending: current.and_then(|ours| ours.spending),
        more: current.map(|ours| ours.more.clone()).unwrap_or_default(),
        metadata: ours.as_ref().and_then(|ours| ours.metadata.clone()),
        resource,
        start,
    })
}

/// The entry's text with account and secrets in it; members that are not known here stay.
pub fn written(former: &str, kept: &Kept) -> String {
    let account = &kept.account;
    let has_credential = !account.lacks_credential();
    let moment = |moment: Option<Timestamp>| json!(moment.map(when::rfc3339));
    let shared = [
        ("credential", json!(has_credential.then_some(kept.secrets.credential.expose()))),
        ("scopes", json!(account.scopes)),
        // When the credential ends; what came with it has its own end.
        ("expires", moment(account.layers.first().filter(|_| has_credential).and_then(|layer| layer.expires_at))),
        ("service", json!(account.service)),
        ("email", json!(account.identity)),
        ("registered_at", moment(account.created_at)),
    ];
    let text =
        shared.into_iter().fold(former.to_owned(), |text, (name, value)| text::set(&text, name, &value.to_string()));
    let text = annotated(&text, account);
    let further = account.layers.iter().enumerate().skip(usize::from(has_credential)).map(|(nth, layer)| {
        json!({
            "kind": layer.kind,
            "expires_at": moment(layer.expires_at),
            "secret": kept.secret(nth).map(Secret::expose),
        })
    });
    let further: Vec<Value> = further.collect();
    let ours = text::get(&text, OURS).unwrap_or_default();
    let ours = match further.is_empty() {
        true => text::remove(ours, FURTHER),
        false => text::set(ours, FURTHER, &json!(further).to_string()),
    };
    text::set(&text, OURS, ours.trim_end()).trim_end().to_owned()
}

/// The entry's text with only our own member brought up to date; members of it that are not known here stay.
pub fn annotated(former: &str, account: &Account) -> String {
    let ours = Ours {
        version: VERSION,
        id: account.id.to_string(),
        label: account.label.clone(),
        resource: account.resource.clone(),
        mode: account.mode,
        kind: account.layers.first().map_or(LayerKind::ApiKey, |layer| layer.kind),
        claimed: account.claimed,
        start: account.start.clone(),
        metadata: account.metadata.clone(),
        registered_at: account.created_at.map(when::whole_second),
        guarded: account.guarded,
        presentation: account.presentation.clone(),
        renewal: account.renewal.clone(),
        revocation: account.revocation.clone(),
        client: account.client.clone(),
        bound: account.bound,
        spending: account.spending,
        renewed_at: account.renewed_at,
        verified_at: account.verified_at,
        proof: account.proof,
        more: account.more.clone(),
        foreign: account.source != Source::Own,
    };
    // A struct of texts, numbers and moments always serializes.
    let ours = serde_json::to_value(ours).unwrap_or_default();
    let Some(there) = text::get(former, OURS) else {
        return text::set(former, OURS, &ours.to_string()).trim_end().to_owned();
    };
    let members = ours.as_object().into_iter().flatten();
    let mut kept = members.fold(there.to_owned(), |text, (name, value)| text::set(&text, name, &value.to_string()));
    for name in OPTIONAL.iter().filter(|name| ours.get(**name).is_none()) {
        kept = text::remove(&kept, name);
    }
    text::set(former, OURS, kept.trim_end()).trim_end().to_owned()
}

/// Members of ours that are left out when there is nothing to say.
const OPTIONAL: &[&str] = &[
    "label",
    "metadata",
    "registered_at",
    "guarded",
    "client",
    "bound",
    "spending",
    "renewed_at",
    "verified_at",
    "proof",
    "more",
    "foreign",
];
