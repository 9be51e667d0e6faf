//! How a skill says that a credential is shown, in the forms that there have been: a block `auth` at the top, or a
//! `connections` entry with templates, as of itself or in an `auth` of its own.

use std::collections::BTreeMap;

use serde::Deserialize;
use serde::de::IgnoredAny;

use super::written::Block;
use crate::trust;

#[derive(Deserialize)]
pub struct Written {
    #[serde(default)]
    base_url: Option<String>,
    #[serde(default)]
    label: Option<String>,
    #[serde(default)]
    help_url: Option<String>,
    #[serde(default)]
    auth: Option<Shown>,
    // The same as in `Shown`; what is flattened would be read without its types.
    #[serde(default)]
    header: Option<BTreeMap<String, String>>,
    #[serde(default)]
    query: Option<BTreeMap<String, String>>,
    #[serde(default)]
    body: Option<IgnoredAny>,
    #[serde(default)]
    cookies: Option<IgnoredAny>,
    #[serde(default)]
    oauth: Option<IgnoredAny>,
}

#[derive(Deserialize, Default)]
struct Shown {
    #[serde(default, rename = "type")]
    kind: Option<String>,
    #[serde(default)]
    header: Option<BTreeMap<String, String>>,
    #[serde(default)]
    query: Option<BTreeMap<String, String>>,
    #[serde(default)]
    body: Option<IgnoredAny>,
    #[serde(default)]
    cookies: Option<IgnoredAny>,
    #[serde(default)]
    oauth: Option<IgnoredAny>,
}

/// The connection that wants a credential, as the block that it would be at the top, and its address. Of several that do, none
/// can be said to be the one.
pub fn read(connections: BTreeMap<String, Written>) -> Result<(Block, Option<String>), String> {
    let settled = connections.into_iter().map(|(name, connection)| (name, connection.settled()));
    let mut wanting = settled.filter(|(_, (_, shown))| shown.wants_one());
    let Some((name, (connection, shown))) = wanting.next() else {
        return Err("none of its connections wants a credential".to_owned());
    };
    let name = trust::clean(&name, 40);
    if let Some((other, _)) = wanting.next() {
        let other = trust::clean(&other, 40);
        return Err(format!("its connections {name} and {other} want a credential each; only one is kept by one file"));
    }
    shown.block(connection).map_err(|why| format!("in the connection {name}: {why}"))
}

impl Written {
    /// In whichever place it stands.
    fn settled(mut self) -> (Self, Shown) {
        let here = Shown {
            kind: None,
            header: self.header.take(),
            query: self.query.take(),
            body: self.body.take(),
            cookies: self.cookies.take(),
            oauth: self.oauth.take(),
        };
        let shown = self.auth.take().unwrap_or(here);
        (self, shown)
    }
}

impl Shown {
    fn wants_one(&self) -> bool {
        let somewhere = self.header.is_some() || self.query.is_some() || self.body.is_some();
        let is_named = self.kind.as_deref().is_some_and(|kind| kind != "none");
        is_named || somewhere || self.cookies.is_some() || self.oauth.is_some()
    }

    fn block(self, connection: Written) -> Result<(Block, Option<String>), String> {
        let kind = self.kind.as_deref();
        match () {
            () if self.cookies.is_some() || kind == Some("cookies") => {
                return Err("it lives on the cookies of a browser, which this program has none of".to_owned());
            }
            () if self.oauth.is_some() || kind == Some("oauth") => {
                return Err("its OAuth is that of the program it was written for".to_owned());
            }
            () if self.body.is_some() => return Err("its credential stands in the body of each call".to_owned()),
            () => {}
        }
        let one = |map: Option<BTreeMap<String, String>>| {
            let mut entries = map.into_iter().flatten().filter(|(_, template)| template.contains(".auth."));
            match (entries.next(), entries.next()) {
                (Some(_), Some(_)) => Err("its credential has several parts".to_owned()),
                (entry, _) => Ok(entry),
            }
        };
        let mut block = Block {
            kind: Some("api_key".to_owned()),
            label: connection.label,
            help_url: connection.help_url,
            ..Block::default()
        };
        match (one(self.header)?, one(self.query)?) {
            (Some(_), Some(_)) => return Err("its credential has several parts".to_owned()),
            (Some((name, template)), None) => {
                (block.header, block.prefix) = (Some(name), Some(prefix(&template)?));
            }
            (None, Some((name, template))) if prefix(&template)?.is_empty() => block.query = Some(name),
            (None, Some(_)) => return Err("a query has no prefix".to_owned()),
            (None, None) => {}
        }
        Ok((block, connection.base_url))
    }
}

/// What stands before the key in a template: `.auth.key`, or `"Bearer " + .auth.key`.
fn prefix(template: &str) -> Result<String, String> {
    let no = || format!("{} is not .auth.key, or a text and it", trust::clean(template, 60));
    match template.trim().split_once('+') {
        None if template.trim() == ".auth.key" => Ok(String::new()),
        Some((text, key)) if key.trim() == ".auth.key" => serde_json::from_str(text.trim()).map_err(|_| no()),
        _ => Err(no()),
    }
}
