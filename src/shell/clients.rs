//! Who this program is to authorization servers, from the settings file: `settings.json`, which only a person writes.
//!
//! ```json
//! {"oauth": {"clients": {"https://auth.example.com": "my-client-id"},
//!            "client_id_metadata_document": "https://example.com/authmd-tui.json"}}
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

#[derive(Deserialize, Default)]
struct Settings {
    #[serde(default)]
    oauth: OAuth,
}

#[derive(Deserialize, Default)]
#[serde(deny_unknown_fields)]
struct OAuth {
    #[serde(default)]
    clients: BTreeMap<String, String>,
    client_id_metadata_document: Option<Url>,
}

/// Reads the file, if it is there.
pub fn read(path: &Path) -> Result<Clients, Problem> {
    let problem = |why: String| {
        let what = format!("The settings in {} cannot be used: {why}.", path.display());
        Problem::new(Kind::Usage, what, "Mend the file, or take it away.")
    };
    let text = match fs::read_to_string(path) {
        Ok(text) => text,
        Err(error) if error.kind() == ErrorKind::NotFound => return Ok(Clients::default()),
        Err(error) => return Err(problem(cause(&error))),
    };
    let OAuth { clients, client_id_metadata_document: document } =
        serde_json::from_str::<Settings>(&text).map_err(|error| problem(error.to_string()))?.oauth;
    let is_issuer = |issuer: &String| Url::parse(issuer).is_ok_and(|url| trust::endpoint(&url).is_ok());
    if let Some(issuer) = clients.keys().find(|issuer| !is_issuer(issuer)) {
        return Err(problem(format!("{} is no issuer, as in https://auth.example.com", trust::clean(issuer, 60))));
    }
    if let Some((issuer, _)) = clients.iter().find(|(_, id)| !trust::is_word(id)) {
        return Err(problem(format!("the client id for {issuer} is not one word")));
    }
    match document {
        Some(document) if document.scheme() != "https" || document.path() == "/" => {
            Err(problem("a client's document has an https address with a path".to_owned()))
        }
        document => Ok(Clients { known: clients.into_iter().collect(), document }),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_written_wrong_is_said_and_not_passed_over() {
        let folder = tempfile::TempDir::new().expect("a folder");
        let path = folder.path().join("settings.json");
        assert_eq!(read(&path), Ok(Clients::default()));
        let written = |text: &str| {
            fs::write(&path, text).expect("written");
            read(&path)
        };
        let clients =
            written(r#"{"oauth": {"clients": {"https://auth.acme.dev": "me"}}, "later": 1}"#).expect("readable");
        assert_eq!(clients.known, [("https://auth.acme.dev".to_owned(), "me".to_owned())]);
        for wrong in [
            "{",
            r#"{"oauth": {"client": {}}}"#,
            r#"{"oauth": {"clients": {"https://auth.acme.dev": ""}}}"#,
            r#"{"oauth": {"clients": {"auth.acme.dev": "me"}}}"#,
            r#"{"oauth": {"client_id_metadata_document": "http://a.dev/x"}}"#,
            r#"{"oauth": {"client_id_metadata_document": "https://a.dev/"}}"#,
        ] {
            let problem = written(wrong).expect_err(wrong);
            assert!(problem.what.contains("settings.json") && problem.kind == Kind::Usage, "{problem}");
        }
    }
}
