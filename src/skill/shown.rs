//! How a skill says that a credential is shown: by the name of a header, a parameter or a member of the body, or by templates
//! in the language of jq, of which there are few: all of the key, or one of two with a colon between, and a text before it.

use std::collections::BTreeMap;
use std::fmt;

use serde::Deserialize;
use serde::de::value::MapAccessDeserializer;
use serde::de::{self, Deserializer, MapAccess, Visitor};

use crate::http::{Part, Piece, Place, Presentation};
use crate::trust;

/// What stands for the credential.
const KEY: &str = ".auth.key";

/// Where a credential is shown, as it stands in the file.
#[derive(Debug, Default, Clone, Copy)]
pub struct Places<'a> {
    pub header: Option<&'a Where>,
    pub query: Option<&'a Where>,
    pub body: Option<&'a Where>,
    /// What stands before it in a header that is named only.
    pub prefix: Option<&'a str>,
}

#[derive(Debug, Clone)]
pub enum Where {
    Named(String),
    Templates(BTreeMap<String, String>),
}

impl<'de> Deserialize<'de> for Where {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Either;

        impl<'de> Visitor<'de> for Either {
            type Value = Where;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a name, or names with templates")
            }

            fn visit_str<E: de::Error>(self, name: &str) -> Result<Where, E> {
                Ok(Where::Named(name.to_owned()))
            }

            fn visit_map<A: MapAccess<'de>>(self, map: A) -> Result<Where, A::Error> {
                BTreeMap::deserialize(MapAccessDeserializer::new(map)).map(Where::Templates)
            }
        }

        deserializer.deserialize_any(Either)
    }
}

/// What a template makes of a credential.
enum Made {
    Piece(Piece, String),
    /// RFC 7617, of two with a colon between.
    Basic,
}

impl Places<'_> {
    /// How it is shown. Where nothing is said it is a bearer; a header alone holds nothing beside it.
    pub fn presentation(&self) -> Result<Presentation, String> {
        let named = |place: Option<&Where>| matches!(place, Some(Where::Named(_)));
        if named(self.header) && (named(self.query) || named(self.body)) || named(self.query) && named(self.body) {
            return Err("a credential is shown in a header, in the query or in the body, not in two of them".to_owned());
        }
        if self.prefix.is_some() && (self.query.is_some() || self.body.is_some()) {
            return Err("only a header has a prefix".to_owned());
        }
        if self.header.is_none() && self.query.is_none() && self.body.is_none() {
            let prefix = self.prefix.unwrap_or("Bearer ");
            return Presentation::header("Authorization", prefix).ok_or_else(|| no_place("Authorization"));
        }
        let mut parts = Vec::new();
        for (place, names) in [(Place::Header, self.header), (Place::Query, self.query), (Place::Body, self.body)] {
            match names {
                None => {}
                Some(Where::Named(name)) => {
                    let prefix = self.prefix.unwrap_or_default().to_owned();
                    parts.push((place, name, Made::Piece(Piece::Whole, prefix)));
                }
                Some(Where::Templates(templates)) => {
                    // What does not speak of the credential is sent by who uses it.
                    for (name, template) in templates.iter().filter(|(_, template)| template.contains(".auth.")) {
                        parts.push((place, name, made(template)?));
                    }
                }
            }
        }
        match parts.as_slice() {
            [] => Err("none of its templates speaks of .auth.key".to_owned()),
            [(Place::Header, name, Made::Basic)] if name.eq_ignore_ascii_case("authorization") => {
                Ok(Presentation::Basic)
            }
            [(Place::Header, name, Made::Piece(Piece::Whole, prefix))] => {
                Presentation::header(name, prefix).ok_or_else(|| no_place(name))
            }
            [(Place::Query, name, Made::Piece(Piece::Whole, prefix))] if prefix.is_empty() => {
                Presentation::query(name).ok_or_else(|| no_place(name))
            }
            parts => {
                let part = |(place, name, made): &(Place, &String, Made)| match made {
                    Made::Piece(piece, prefix) => Part::new(*place, *piece, name, prefix).ok_or_else(|| no_place(name)),
                    Made::Basic => Err("what is encoded stands in the header Authorization, alone".to_owned()),
                };
                let parts = parts.iter().map(part).collect::<Result<Vec<_>, _>>()?;
                Ok(Presentation::Parts(parts.into()))
            }
        }
    }
}

fn no_place(name: &str) -> String {
    format!("no credential is shown in {}", trust::clean(name, 40))
}

/// `.auth.key`, `"Bearer " + .auth.key`, `.auth.key | split(":") | .[0]`, `"Basic " + (.auth.key | @base64)`.
fn made(template: &str) -> Result<Made, String> {
    let no = || format!("{} is not .auth.key, one of two in it, or a text and it", trust::clean(template, 60));
    let (prefix, key) = match template.trim().strip_prefix('"') {
        Some(_) => {
            let (text, key) = template.split_once('+').ok_or_else(no)?;
            (serde_json::from_str::<String>(text.trim()).map_err(|_| no())?, key)
        }
        None => (String::new(), template),
    };
    let bare: String = key.chars().filter(|c| !c.is_whitespace() && !matches!(c, '(' | ')')).collect();
    let rest = bare.strip_prefix(KEY).ok_or_else(no)?;
    Ok(match rest {
        "" => Made::Piece(Piece::Whole, prefix),
        "|split\":\"|.[0]" | "|split\":\"[0]" | "|split\":\"|first" => Made::Piece(Piece::First, prefix),
        "|split\":\"|.[1]" | "|split\":\"[1]" | "|split\":\"|last" => Made::Piece(Piece::Second, prefix),
        "|@base64" if prefix.trim().eq_ignore_ascii_case("basic") => Made::Basic,
        _ => return Err(no()),
    })
}
