//! How a credential is shown to the service it is for.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

/// Names of headers that say what is sent, or that a connection lives by: no credential has a place there.
const TAKEN: &[&str] = &[
    "accept",
    "connection",
    "content-encoding",
    "content-length",
    "content-type",
    "cookie",
    "host",
    "keep-alive",
    "te",
    "trailer",
    "transfer-encoding",
    "upgrade",
    "user-agent",
];
/// Of a name, or of what stands before the credential; in bytes.
const LONGEST: usize = 64;

/// It is written as one word, which stores keep: `bearer`, `query:api_key`, `header:xi-api-key`, `header:authorization:Token `,
/// `parts:header.1:dd-api-key;header.2:dd-application-key`.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub enum Presentation {
    /// `Authorization: Bearer …` (RFC 6750, section 2.1).
    #[default]
    Bearer,
    /// `X-API-Key: …`.
    ApiKey,
    /// `Authorization: …`, the credential alone.
    Raw,
    /// `Authorization: Basic …`, for a credential of two parts with a colon between (RFC 7617).
    Basic,
    /// `Cookie: …`.
    Cookie,
    /// A header of the service's own.
    Header(Box<Header>),
    /// A parameter of the query, by its name.
    Query(Box<String>),
    /// In several places, or in the body.
    Parts(Box<[Part]>),
}

/// Something of a credential, and where it stands.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Part {
    pub place: Place,
    pub piece: Piece,
    /// Of the header, in lower case, or of the field.
    pub name: String,
    /// What stands before it.
    pub prefix: String,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Place {
    Header,
    Query,
    Body,
}

impl Place {
    const ALL: [Place; 3] = [Place::Header, Place::Query, Place::Body];

    pub fn as_str(self) -> &'static str {
        match self {
            Place::Header => "header",
            Place::Query => "query",
            Place::Body => "body",
        }
    }
}

/// Which piece of a credential whose two have a colon between.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Piece {
    Whole,
    First,
    Second,
}

impl Part {
    /// If something can be called so there.
    pub fn new(place: Place, piece: Piece, name: &str, prefix: &str) -> Option<Self> {
        let name = match (place, Presentation::query(name)?) {
            // No header that says what is sent.
            (Place::Header, _) => Presentation::header(name, prefix).map(|_| name.trim().to_ascii_lowercase())?,
            (Place::Query | Place::Body, _) => name.to_owned(),
        };
        let fits = prefix.len() <= LONGEST && prefix.bytes().all(|byte| (b' '..=b'~').contains(&byte) && byte != b';');
        fits.then(|| Self { place, piece, name, prefix: prefix.to_owned() })
    }

    fn word(&self) -> String {
        let place = self.place.as_str();
        let piece = match self.piece {
            Piece::Whole => 0,
            Piece::First => 1,
            Piece::Second => 2,
        };
        format!("{place}.{piece}:{}:{}", self.name, self.prefix)
    }

    fn read(word: &str) -> Option<Self> {
        let (how, rest) = word.split_once(':')?;
        let (name, prefix) = rest.split_once(':')?;
        let (place, piece) = how.split_once('.')?;
        let place = Place::ALL.into_iter().find(|known| known.as_str() == place)?;
        let piece = match piece {
            "0" => Piece::Whole,
            "1" => Piece::First,
            "2" => Piece::Second,
            _ => return None,
        };
        Self::new(place, piece, name, prefix)
    }

    /// What to write for it behind curl; `credential` is a command that prints it, in `$(…)`.
    fn of_command(&self, credential: &str) -> String {
        let cut = |field: u8| match credential.strip_suffix(')') {
            Some(command) => format!("{command} | cut -d: -f{field})"),
            None => credential.to_owned(),
        };
        let piece = match self.piece {
            Piece::Whole => credential.to_owned(),
            Piece::First => cut(1),
            Piece::Second => cut(2),
        };
        format!("{}{piece}", unquoted(&self.prefix))
    }
}

/// Without what would end the quotes of a shell, or be understood by it inside of them.
fn unquoted(text: &str) -> String {
    text.replace(['"', '$', '`', '\\'], "")
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Header {
    /// In lower case.
    pub name: String,
    /// What stands before the credential, the blank included.
    pub prefix: String,
}

impl Presentation {
    /// In a header, if that may hold one.
    pub fn header(name: &str, prefix: &str) -> Option<Self> {
        let name = name.trim().to_ascii_lowercase();
        let is_name =
            !name.is_empty() && name.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"-_.".contains(&byte));
        let is_shown = prefix.bytes().all(|byte| (b' '..=b'~').contains(&byte));
        if !is_name || !is_shown || name.len().max(prefix.len()) > LONGEST || TAKEN.contains(&name.as_str()) {
            return None;
        }
        let word = prefix.trim().to_ascii_lowercase();
        Some(match (name.as_str(), word.as_str()) {
            ("authorization", "bearer") => Presentation::Bearer,
            ("authorization", "") => Presentation::Raw,
            ("x-api-key", "") => Presentation::ApiKey,
            _ if word.is_empty() => Presentation::Header(Box::new(Header { name, prefix: String::new() })),
            _ => Presentation::Header(Box::new(Header { name, prefix: prefix.to_owned() })),
        })
    }

    /// In the query, if a parameter can be called so.
    pub fn query(name: &str) -> Option<Self> {
        let is_name = |byte: u8| byte.is_ascii_alphanumeric() || b"-_.".contains(&byte);
        let fits = !name.is_empty() && name.len() <= LONGEST && name.bytes().all(is_name);
        fits.then(|| Presentation::Query(Box::new(name.to_owned())))
    }

    /// What to write behind curl, with `credential` in the place of the credential.
    pub fn curl(&self, credential: &str) -> String {
        match self {
            Presentation::Bearer => format!("-H \"Authorization: Bearer {credential}\""),
            Presentation::ApiKey => format!("-H \"X-API-Key: {credential}\""),
            Presentation::Raw => format!("-H \"Authorization: {credential}\""),
            Presentation::Basic => format!("-u \"{credential}\""),
            Presentation::Cookie => format!("-H \"Cookie: {credential}\""),
            // Nothing of it ends the quotes of a shell: see `header`.
            Presentation::Header(header) => {
                format!("-H \"{}: {}{credential}\"", header.name, unquoted(&header.prefix))
            }
            Presentation::Query(name) => format!("-G --data-urlencode \"{name}={credential}\""),
            Presentation::Parts(parts) => {
                let shown = |part: &Part| (part.name.clone(), part.of_command(credential));
                let of = |place| parts.iter().filter(move |part| part.place == place).map(shown);
                let headers = of(Place::Header).map(|(name, value)| format!("-H \"{name}: {value}\""));
                let query = of(Place::Query).map(|(name, value)| format!("--url-query \"{name}={value}\""));
                let body: Vec<String> =
                    of(Place::Body).map(|(name, value)| format!("\\\"{name}\\\": \\\"{value}\\\"")).collect();
                let body = (!body.is_empty()).then(|| format!("--json \"{{{}}}\"", body.join(", ")));
                headers.chain(query).chain(body).collect::<Vec<_>>().join(" ")
            }
        }
    }
}

impl fmt::Display for Presentation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Presentation::Bearer => f.write_str("bearer"),
            Presentation::ApiKey => f.write_str("api_key"),
            Presentation::Raw => f.write_str("raw"),
            Presentation::Basic => f.write_str("basic"),
            Presentation::Cookie => f.write_str("cookie"),
            Presentation::Header(header) if header.prefix.is_empty() => write!(f, "header:{}", header.name),
            Presentation::Header(header) => write!(f, "header:{}:{}", header.name, header.prefix),
            Presentation::Query(name) => write!(f, "query:{name}"),
            Presentation::Parts(parts) => {
                let words: Vec<String> = parts.iter().map(Part::word).collect();
                write!(f, "parts:{}", words.join(";"))
            }
        }
    }
}

impl From<Presentation> for String {
    fn from(presentation: Presentation) -> Self {
        presentation.to_string()
    }
}

/// No way of showing a credential is written like this.
#[derive(Debug, PartialEq, Eq)]
pub struct Unknown;

impl fmt::Display for Unknown {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("no way of showing a credential is written like this")
    }
}

impl FromStr for Presentation {
    type Err = Unknown;

    fn from_str(text: &str) -> Result<Self, Unknown> {
        Ok(match text {
            "bearer" => Presentation::Bearer,
            "api_key" => Presentation::ApiKey,
            "raw" => Presentation::Raw,
            "basic" => Presentation::Basic,
            "cookie" => Presentation::Cookie,
            _ => match text.split_once(':') {
                Some(("query", name)) => Self::query(name).ok_or(Unknown)?,
                Some(("parts", words)) => {
                    let parts: Option<Vec<Part>> = words.split(';').map(Part::read).collect();
                    Presentation::Parts(parts.ok_or(Unknown)?.into())
                }
                Some(("header", rest)) => {
                    let (name, prefix) = rest.split_once(':').unwrap_or((rest, ""));
                    Self::header(name, prefix).ok_or(Unknown)?
                }
                _ => return Err(Unknown),
            },
        })
    }
}

impl TryFrom<String> for Presentation {
    type Error = Unknown;

    fn try_from(text: String) -> Result<Self, Unknown> {
        text.parse()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_written_down_is_read_back() {
        let header = |name, prefix| Presentation::header(name, prefix).expect("a header");
        for (shown, word) in [
            (header("Authorization", "Bearer "), "bearer"),
            (header("authorization", ""), "raw"),
            (header("X-API-Key", ""), "api_key"),
            (header("xi-api-key", " "), "header:xi-api-key"),
            (header("Authorization", "Token token="), "header:authorization:Token token="),
            (header("x-a", "a:b "), "header:x-a:a:b "),
            (Presentation::query("api_key").expect("a name"), "query:api_key"),
            (
                Presentation::Parts(
                    [(Piece::First, "apikey"), (Piece::Second, "secretapikey")]
                        .map(|(piece, name)| Part::new(Place::Body, piece, name, "").expect("a part"))
                        .into(),
                ),
                "parts:body.1:apikey:;body.2:secretapikey:",
            ),
            (Presentation::Basic, "basic"),
            (Presentation::Cookie, "cookie"),
        ] {
            assert_eq!(shown.to_string(), word);
            assert_eq!(word.parse(), Ok(shown));
        }
        for wrong in [
            "",
            "token",
            "header:",
            "header:a b",
            "header:host",
            "header:x:\u{1b}",
            "query:",
            "query:a&b",
            "query:a=b",
            "parts:",
            "parts:body.3:a:",
            "parts:header.0:host:",
        ] {
            assert_eq!(wrong.parse::<Presentation>(), Err(Unknown), "{wrong}");
        }
    }

    #[test]
    fn what_is_put_behind_curl_stays_behind_it() {
        let shown = Presentation::header("x-key", "a\"; `rm` $(x) \\ ").expect("a header");
        assert_eq!(shown.curl("$(cat)"), "-H \"x-key: a; rm (x)  $(cat)\"");
        assert_eq!(Presentation::query("key").expect("a name").curl("K"), "-G --data-urlencode \"key=K\"");
        let parts: Presentation = "parts:header.1:x-id:;body.1:id:;body.2:key:k$ ".parse().expect("parts");
        assert_eq!(
            parts.curl("$(cat)"),
            r#"-H "x-id: $(cat | cut -d: -f1)" --json "{\"id\": \"$(cat | cut -d: -f1)\", \"key\": \"k $(cat | cut -d: -f2)\"}""#
        );
    }
}
