//! Accounts as rows: metadata in plain columns, each layer's secret sealed.

use std::borrow::Cow;

use jiff::Timestamp;
use rusqlite::types::Type;
use rusqlite::{Connection, OptionalExtension, Row, params};
use serde::de::value::StrDeserializer;
use serde::de::{DeserializeOwned, IntoDeserializer};
use serde::{Deserialize, Serialize};
use zeroize::Zeroizing;

use super::file::Fault;
use super::seal::{self, PrivateKey, PublicKey};
use crate::account::{Account, AccountId, Kept, Layer, LayerKind, Renewal, Revocation, Secrets, Source, StoreKind};
use crate::problem::{Kind, Problem};
use crate::secret::Secret;

const COLUMNS: &str = "id, service, resource, label, identity, mode, scopes, claimed, start, metadata, guarded, renewal, \
     revocation, created_at, renewed_at, verified_at, proof, spending, presentation, client, bound, more";

type Read<T> = Result<T, rusqlite::Error>;

/// What is sealed: a secret, whose it is, and where it may be sent. Whoever can write the file could otherwise have it
/// sent to an address of their own, by changing a column.
#[derive(Serialize, Deserialize)]
struct Sealed<'a> {
    account: &'a str,
    kind: LayerKind,
    places: Vec<Cow<'a, str>>,
    secret: &'a str,
}

/// Every place that the secrets of this account may be sent to, and those where such places are looked up.
fn places(account: &Account) -> Vec<Cow<'_, str>> {
    let (renewal, identity) = match &account.renewal {
        Renewal::Refresh { url, .. } => (Some(url), None),
        Renewal::Exchange { url, identity, .. } => (Some(url), identity.as_ref()),
        Renewal::Person | Renewal::Elsewhere | Renewal::None => (None, None),
    };
    let renewal = [renewal, identity].into_iter().flatten().map(url::Url::as_str);
    let revocation = match &account.revocation {
        Revocation::Endpoint { url, .. } => Some(url.as_str()),
        Revocation::None | Revocation::Undiscovered => None,
    };
    let start = [account.resource.as_str(), account.start.as_str()];
    let metadata = account.metadata.as_ref().map(url::Url::as_str);
    let known = start.into_iter().chain(metadata).chain(renewal).chain(revocation).map(Cow::from);
    let hand_over = account.more.hand_over.as_deref().and_then(|to| serde_json::to_string(to).ok());
    known.chain(hand_over.map(Cow::from)).collect()
}

fn seal(account: &Account, kind: LayerKind, secret: &Secret, to: &PublicKey) -> Result<Vec<u8>, Fault> {
    let sealed = Sealed { account: account.id.as_str(), kind, places: places(account), secret: secret.expose() };
    // Room for everything from the start: a buffer that grows leaves copies behind.
    let room = secret.expose().len() * 6 + sealed.places.iter().map(|place| place.len() * 2).sum::<usize>() + 512;
    let mut plain = Zeroizing::new(Vec::with_capacity(room));
    serde_json::to_writer(&mut *plain, &sealed).map_err(|_| unopened(&account.id))?;
    seal::seal(&plain, to).map_err(|_| Fault::Told(unopened(&account.id)))
}

fn open(account: &Account, kind: LayerKind, sealed: &[u8], key: &PrivateKey) -> Result<Secret, Problem> {
    let plain = seal::open(sealed, key).map_err(|_| unopened(&account.id))?;
    let opened: OwnedSealed = serde_json::from_slice(&plain).map_err(|_| unopened(&account.id))?;
    let is_for = |place: &Cow<'_, str>| opened.places.iter().any(|known| known == place);
    if opened.account != account.id.as_str() || opened.kind != kind || !places(account).iter().all(is_for) {
        return Err(Problem::new(
            Kind::Unsafe,
            format!(
                "The record of {} was changed by something else: its secret was not sealed for these addresses.",
                account.id
            ),
            "The secret was not used. Put a backup of the vault in place, or forget the account and sign up again.",
        ));
    }
    Ok(opened.secret)
}

/// [`Sealed`] as it comes out: JSON may have escapes in it, so nothing can be borrowed.
#[derive(Deserialize)]
struct OwnedSealed {
    account: String,
    kind: LayerKind,
    places: Vec<String>,
    secret: Secret,
}

fn unopened(id: &AccountId) -> Problem {
    Problem::new(
        Kind::Store,
        format!("The secret of {id} does not open with the vault's key."),
        "The record was left as it is. Put a backup of the vault in place, or sign up again in place.",
    )
}

/// Every account that can be read, in the order in which they came, and a problem for those that cannot.
pub fn all(connection: &Connection) -> Result<(Vec<Account>, Option<Problem>), Fault> {
    let count: u32 = connection.query_row("SELECT count(*) FROM account", [], |row| row.get(0))?;
    let mut accounts = Vec::with_capacity(count as usize);
    let mut unread: Option<String> = None;
    let mut rows = connection.prepare_cached(&format!("SELECT {COLUMNS} FROM account ORDER BY rowid"))?;
    let mut layers = connection.prepare_cached("SELECT kind, expires_at FROM layer WHERE account = ?1 ORDER BY nth")?;
    let mut cursor = rows.query([])?;
    while let Some(row) = cursor.next()? {
        let id = row.get_ref(0)?.as_str().map_err(rusqlite::Error::from)?;
        let read = layers.query_map([id], |row| layer(row, 0))?.collect::<Read<Vec<Layer>>>();
        match (account(row), read) {
            (Ok(account), Ok(layers)) if !layers.is_empty() => accounts.push(Account { layers, ..account }),
            _ => unread = unread.or_else(|| Some(id.to_owned())),
        }
    }
    let problem = unread.map(|id| {
        Problem::new(
            Kind::Store,
            format!("The vault's record of {} cannot be read.", crate::trust::clean(&id, 60)),
            "It was left as it is. Perhaps a newer version of this program wrote it.",
        )
    });
    Ok((accounts, problem))
}

/// One account, without its secrets.
pub fn one(connection: &Connection, id: &AccountId) -> Result<Option<Account>, Fault> {
    let mut statement = connection.prepare_cached(&format!("SELECT {COLUMNS} FROM account WHERE id = ?1"))?;
    let Some(found) = statement.query_row([id.as_str()], account).optional()? else {
        return Ok(None);
    };
    let mut statement =
        connection.prepare_cached("SELECT kind, expires_at FROM layer WHERE account = ?1 ORDER BY nth")?;
    let layers = statement.query_map([id.as_str()], |row| layer(row, 0))?.collect::<Read<_>>()?;
    Ok(Some(Account { layers, ..found }))
}

/// The sealed secrets of an account, the credential first.
pub fn sealed(connection: &Connection, id: &AccountId) -> Result<Vec<Option<Vec<u8>>>, Fault> {
    let mut statement = connection.prepare_cached("SELECT sealed FROM layer WHERE account = ?1 ORDER BY nth")?;
    Ok(statement.query_map([id.as_str()], |row| row.get(0))?.collect::<Read<_>>()?)
}

/// Opens what [`sealed`] gave; `None` where there is no credential in it.
pub fn unseal(account: Account, sealed: &[Option<Vec<u8>>], key: &PrivateKey) -> Result<Option<Kept>, Problem> {
    let mut credential = None;
    let mut further = Vec::new();
    for (nth, (layer, sealed)) in account.layers.iter().zip(sealed).enumerate() {
        let secret = sealed.as_ref().map(|sealed| open(&account, layer.kind, sealed, key)).transpose()?;
        match (nth, secret) {
            (0, secret) => credential = secret,
            (_, Some(secret)) => further.push((layer.kind, secret)),
            (_, None) => {}
        }
    }
    Ok(credential.map(|credential| Kept { account, secrets: Secrets { credential, further } }))
}

/// Puts an account and its secrets in place of what has the same id. Called within a transaction.
pub fn save(connection: &Connection, kept: &Kept, to: &PublicKey) -> Result<(), Fault> {
    let sealing = |(nth, layer): (usize, &Layer)| {
        kept.secret(nth).map(|secret| seal(&kept.account, layer.kind, secret, to)).transpose()
    };
    let sealed = kept.account.layers.iter().enumerate().map(sealing).collect::<Result<Vec<_>, _>>()?;
    put(connection, &kept.account, &sealed)
}

/// The same with secrets that are sealed already, one for each layer.
pub fn put(connection: &Connection, account: &Account, sealed: &[Option<Vec<u8>>]) -> Result<(), Fault> {
    let values = (1..=COLUMNS.split(',').count()).map(|nth| format!("?{nth}")).collect::<Vec<_>>().join(", ");
    let updates = COLUMNS.split(", ").skip(1).map(|name| format!("{} = excluded.{}", name.trim(), name.trim()));
    let updates = updates.collect::<Vec<_>>().join(", ");
    let mut statement = connection.prepare_cached(&format!(
        "INSERT INTO account ({COLUMNS}) VALUES ({values}) ON CONFLICT (id) DO UPDATE SET {updates}"
    ))?;
    statement.execute(params![
        account.id.as_str(),
        account.service,
        account.resource,
        account.label,
        account.identity,
        account.mode.as_str(),
        json(&account.scopes)?,
        account.claimed,
        account.start.as_str(),
        account.metadata.as_ref().map(url::Url::as_str),
        account.guarded,
        json(&account.renewal)?,
        json(&account.revocation)?,
        moment(account.created_at),
        moment(account.renewed_at),
        moment(account.verified_at),
        account.proof.as_ref().map(json).transpose()?,
        moment(account.spending),
        account.presentation.to_string(),
        account.client.as_ref().map(json).transpose()?,
        account.bound,
        json(&account.more)?,
    ])?;
    connection.prepare_cached("DELETE FROM layer WHERE account = ?1")?.execute([account.id.as_str()])?;
    let mut statement = connection
        .prepare_cached("INSERT INTO layer (account, nth, kind, expires_at, sealed) VALUES (?1, ?2, ?3, ?4, ?5)")?;
    for (number, (layer, sealed)) in (0_i64..).zip(account.layers.iter().zip(sealed)) {
        statement.execute(params![
            account.id.as_str(),
            number,
            layer.kind.as_str(),
            moment(layer.expires_at),
            sealed
        ])?;
    }
    Ok(())
}

/// Writes the columns that a note can change.
pub fn annotate(connection: &Connection, account: &Account) -> Result<(), Fault> {
    let mut statement = connection.prepare_cached(
        "UPDATE account SET renewal = ?2, verified_at = ?3, proof = ?4, spending = ?5, presentation = ?6, \
         client = ?7, more = ?8, claimed = ?9 WHERE id = ?1",
    )?;
    statement.execute(params![
        account.id.as_str(),
        json(&account.renewal)?,
        moment(account.verified_at),
        account.proof.as_ref().map(json).transpose()?,
        moment(account.spending),
        account.presentation.to_string(),
        account.client.as_ref().map(json).transpose()?,
        json(&account.more)?,
        account.claimed,
    ])?;
    Ok(())
}

pub fn forget(connection: &Connection, id: &AccountId) -> Result<(), Fault> {
    connection.prepare_cached("DELETE FROM account WHERE id = ?1")?.execute([id.as_str()])?;
    Ok(())
}

/// An account without its layers.
fn account(row: &Row<'_>) -> Read<Account> {
    let text = |nth| row.get::<_, String>(nth);
    let id = AccountId::stored(&text(0)?).ok_or_else(|| unreadable(0))?;
    Ok(Account {
        id,
        service: text(1)?,
        resource: text(2)?,
        label: row.get(3)?,
        identity: row.get(4)?,
        mode: word(row, 5)?,
        scopes: parsed(row, 6)?,
        layers: Vec::new(),
        claimed: row.get(7)?,
        start: text(8)?.parse().map_err(|_| unreadable(8))?,
        metadata: row.get::<_, Option<String>>(9)?.map(|url| url.parse()).transpose().map_err(|_| unreadable(9))?,
        guarded: row.get(10)?,
        renewal: parsed(row, 11)?,
        revocation: parsed(row, 12)?,
        store: StoreKind::Vault,
        source: Source::Own,
        created_at: moment_at(row, 13)?,
        renewed_at: moment_at(row, 14)?,
        verified_at: moment_at(row, 15)?,
        proof: parsed_where_there(row, 16)?,
        spending: moment_at(row, 17)?,
        presentation: word(row, 18)?,
        client: parsed_where_there(row, 19)?,
        bound: row.get(20)?,
        more: parsed(row, 21)?,
    })
}

fn layer(row: &Row<'_>, from: usize) -> Read<Layer> {
    Ok(Layer { kind: word(row, from)?, expires_at: moment_at(row, from + 1)? })
}

fn unreadable(column: usize) -> rusqlite::Error {
    rusqlite::Error::InvalidColumnType(column, String::new(), Type::Text)
}

/// A variant by its name.
fn word<T: DeserializeOwned>(row: &Row<'_>, column: usize) -> Read<T> {
    let text: StrDeserializer<'_, serde::de::value::Error> = row.get_ref(column)?.as_str()?.into_deserializer();
    T::deserialize(text).map_err(|_| unreadable(column))
}

fn parsed<T: DeserializeOwned>(row: &Row<'_>, column: usize) -> Read<T> {
    serde_json::from_str(row.get_ref(column)?.as_str()?).map_err(|_| unreadable(column))
}

fn parsed_where_there<T: DeserializeOwned>(row: &Row<'_>, column: usize) -> Read<Option<T>> {
    row.get_ref(column)?.as_str_or_null()?.map(|_| parsed(row, column)).transpose()
}

fn moment_at(row: &Row<'_>, column: usize) -> Read<Option<Timestamp>> {
    row.get_ref(column)?.as_str_or_null()?.map(str::parse).transpose().map_err(|_| unreadable(column))
}

fn moment(moment: Option<Timestamp>) -> Option<String> {
    moment.map(|moment| moment.to_string())
}

fn json(value: &impl Serialize) -> Result<String, Fault> {
    serde_json::to_string(value).map_err(|error| Fault::Io(error.into()))
}
