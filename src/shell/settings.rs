//! The settings file, `settings.json`, which only a person writes: who this program is to authorization servers, and how
//! the screen is.
//!
//! ```json
//! {"oauth": {"clients": {"https://auth.example.com": "my-client-id"},
//!            "client_id_metadata_document": "https://example.com/authmd-tui.json"},
//!  "theme": "light", "mouse": false, "keys": {"renew": "R", "quit": ["q", "ctrl-q"]}}
//! ```

use std::collections::BTreeMap;
use std::fs;
use std::io::ErrorKind;
use std::path::Path;

use serde::Deserialize;
use url::Url;

use crate::flow::Clients;
use crate::problem::{Kind, Problem, cause};
use crate::trust;
use crate::tui::keymap::Keymap;
use crate::tui::theme::Look;

/// What stands in the file, or what holds without it.
#[derive(Debug, PartialEq, Default)]
pub struct Settings {
    pub clients: Clients,
    pub screen: Preferences,
}

/// How a person wants the full screen.
#[derive(Debug, Clone, PartialEq)]
pub struct Preferences {
    pub look: Look,
    /// Clicks and the wheel come to the program; text is selected with the terminal's own modifier (often Shift).
    pub mouse: bool,
    pub keymap: Keymap,
}

impl Default for Preferences {
    fn default() -> Self {
        Self { look: Look::default(), mouse: true, keymap: Keymap::default() }
    }
}

#[derive(Deserialize, Default)]
#[serde(deny_unknown_fields)]
struct Written {
    #[serde(default)]
    oauth: OAuth,
    theme: Option<String>,
    mouse: Option<bool>,
    #[serde(default)]
    keys: BTreeMap<String, Keys>,
}

/// One key, or several.
#[derive(Deserialize)]
#[serde(untagged)]
enum Keys {
    One(String),
    Several(Vec<String>),
}

impl From<Keys> for Vec<String> {
    fn from(keys: Keys) -> Self {
        match keys {
            Keys::One(key) => vec![key],
            Keys::Several(keys) => keys,
        }
    }
}

#[derive(Deserialize, Default)]
#[serde(deny_unknown_fields)]
struct OAuth {
    #[serde(default)]
    clients: BTreeMap<String, String>,
    client_id_metadata_document: Option<Url>,
}

/// Reads the file, if it is there.
pub fn read(path: &Path) -> Result<Settings, Problem> {
    let problem = |why: String| {
        let what = format!("The settings in {} cannot be used: {why}.", path.display());
        Problem::new(Kind::Usage, what, "Mend the file, or take it away.")
    };
    let text = match fs::read_to_string(path) {
        Ok(text) => text,
        Err(error) if error.kind() == ErrorKind::NotFound => return Ok(Settings::default()),
        Err(error) => return Err(problem(cause(&error))),
    };
    let written: Written = serde_json::from_str(&text).map_err(|error| problem(error.to_string()))?;
    Ok(Settings {
        clients: clients(written.oauth).map_err(problem)?,
        screen: Preferences {
            look: written.theme.as_deref().map_or(Ok(Look::default()), look).map_err(problem)?,
            mouse: written.mouse.unwrap_or(true),
            keymap: Keymap::with(written.keys.into_iter().map(|(name, keys)| (name, keys.into()))).map_err(problem)?,
        },
    })
}

fn clients(OAuth { clients, client_id_metadata_document: document }: OAuth) -> Result<Clients, String> {
    let is_issuer = |issuer: &String| Url::parse(issuer).is_ok_and(|url| trust::endpoint(&url).is_ok());
    if let Some(issuer) = clients.keys().find(|issuer| !is_issuer(issuer)) {
        return Err(format!("{} is no issuer, as in https://auth.example.com", trust::clean(issuer, 60)));
    }
    if let Some((issuer, _)) = clients.iter().find(|(_, id)| !trust::is_word(id)) {
        return Err(format!("the client id for {issuer} is not one word"));
    }
    match document {
        Some(document) if document.scheme() != "https" || document.path() == "/" => {
            Err("a client's document has an https address with a path".to_owned())
        }
        document => Ok(Clients { known: clients.into_iter().collect(), document }),
    }
}

/// A theme by its name.
pub fn look(name: &str) -> Result<Look, String> {
    Look::ALL.into_iter().find(|look| look.name() == name).ok_or_else(|| {
        let known = Look::ALL.map(Look::name).join(", ");
        format!("there is no theme {}; there are {known}", trust::clean(name, 40))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_written_wrong_is_said_and_not_passed_over() {
        let folder = tempfile::TempDir::new().expect("a folder");
        let path = folder.path().join("settings.json");
        assert_eq!(read(&path), Ok(Settings::default()));
        let written = |text: &str| {
            fs::write(&path, text).expect("written");
            read(&path)
        };
        let settings = written(
            r#"{"oauth": {"clients": {"https://auth.acme.dev": "me"}}, "theme": "high-contrast", "mouse": false}"#,
        )
        .expect("readable");
        assert_eq!(settings.clients.known, [("https://auth.acme.dev".to_owned(), "me".to_owned())]);
        assert_eq!((settings.screen.look, settings.screen.mouse), (Look::HighContrast, false));
        for (wrong, why) in [
            ("{", "EOF"),
            (r#"{"oauth": {"client": {}}}"#, "client"),
            (r#"{"oauth": {"clients": {"https://auth.acme.dev": ""}}}"#, "not one word"),
            (r#"{"oauth": {"clients": {"auth.acme.dev": "me"}}}"#, "is no issuer"),
            (r#"{"oauth": {"client_id_metadata_document": "http://a.dev/x"}}"#, "https address"),
            (r#"{"oauth": {"client_id_metadata_document": "https://a.dev/"}}"#, "https address"),
            (r#"{"themes": "dark"}"#, "unknown field `themes`"),
            (r#"{"theme": "solarized"}"#, "there are terminal, dark, light, high-contrast"),
            (r#"{"keys": {"renew": "x"}}"#, "x is both renew and revoke in the list"),
            (r#"{"keys": {"renew": 1}}"#, "Keys"),
        ] {
            let problem = written(wrong).expect_err(wrong);
            assert!(problem.what.contains("settings.json") && problem.kind == Kind::Usage, "{problem}");
            assert!(problem.what.contains(why), "{problem}");
        }
    }
}
