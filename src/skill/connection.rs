//! The `connections` of later manifests: each says where it leads and how its credential is shown, of itself or in an `auth` of
//! its own.

use std::collections::BTreeMap;

use serde::Deserialize;
use serde::de::IgnoredAny;

use super::shown::Where;
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
    optional: bool,
    #[serde(default)]
    auth: Option<Shown>,
    // The same as in `Shown`; what is flattened would be read without its types.
    #[serde(default)]
    header: Option<Where>,
    #[serde(default)]
    query: Option<Where>,
    #[serde(default)]
    body: Option<Where>,
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
    header: Option<Where>,
    #[serde(default)]
    query: Option<Where>,
    #[serde(default)]
    body: Option<Where>,
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
        let oauth = self.oauth.is_some().then_some("oauth");
        let kind = self.cookies.is_some().then_some("cookies").or(oauth).or(self.kind.as_deref());
        let kind = kind.unwrap_or("api_key").to_owned();
        let block = Block {
            kind: Some(kind),
            header: self.header,
            query: self.query,
            body: self.body,
            label: connection.label,
            help_url: connection.help_url,
            optional: connection.optional,
            ..Block::default()
        };
        block.check()?;
        Ok((block, connection.base_url))
    }
}
