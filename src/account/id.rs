//! The names of accounts: what a person types and a script holds on to.

use std::fmt;

use serde::{Deserialize, Serialize};
use url::Url;

/// Short, stable, safe in a shell: the service's host, and the label where there is one (`api.acme.dev:work`).
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(transparent)]
pub struct AccountId(String);

/// Of a path in an id, which people type.
const LONGEST_PATH: usize = 60;

impl AccountId {
    /// The id for a resource and label that none of `taken` has. Where one host serves several resources, the path tells
    /// them apart.
    pub fn new(resource: &str, label: Option<&str>, taken: &[AccountId]) -> Self {
        let (host, path) = match Url::parse(resource) {
            Ok(url) => (shell_safe(url.host_str().unwrap_or("unknown")), shell_safe(url.path())),
            Err(_) => (shell_safe(resource), String::new()),
        };
        let label = label.map(shell_safe).filter(|label| !label.is_empty());
        let with_label = |base: String| match &label {
            Some(label) => format!("{base}:{label}"),
            None => base,
        };
        let short = with_label(host.clone());
        // Of ASCII, both of them.
        let long = with_label(format!("{host}-{}", &path[..path.len().min(LONGEST_PATH)]));
        let numbered = (2..).map(|n| format!("{short}-{n}"));
        std::iter::once(short.clone())
            .chain((!path.is_empty()).then_some(long))
            .chain(numbered)
            .map(AccountId)
            .find(|id| !taken.contains(id))
            .unwrap_or(AccountId(short.clone()))
    }

    /// The id of an entry that nobody gave one: made of the whole resource, so that it means the same whatever else is there.
    pub fn of_resource(resource: &str) -> Self {
        let Ok(url) = Url::parse(resource) else {
            return Self(shell_safe(resource));
        };
        let port = url.port().map(|port| port.to_string()).unwrap_or_default();
        let parts = [shell_safe(url.host_str().unwrap_or("unknown")), port, shell_safe(url.path())];
        let parts: Vec<String> = parts.into_iter().filter(|part| !part.is_empty()).collect();
        Self(parts.join("-"))
    }

    /// An id read back from where it was stored; anything a shell would trip over is replaced.
    pub fn stored(text: &str) -> Option<Self> {
        let safe: String = text.chars().map(|c| if is_safe(c) || c == ':' { c } else { '-' }).collect();
        (!safe.is_empty()).then_some(Self(safe))
    }

    pub fn as_str(&self) -> &str {
        &self.0
    }
}

fn is_safe(c: char) -> bool {
    c.is_ascii_alphanumeric() || matches!(c, '.' | '-' | '_')
}

fn shell_safe(text: &str) -> String {
    let dashed: String = text.chars().map(|c| if is_safe(c) { c } else { '-' }).collect();
    dashed.trim_matches('-').to_owned()
}

impl fmt::Display for AccountId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ids_of_other_tools_depend_on_the_resource_alone() {
        let id = |resource: &str| AccountId::of_resource(resource).to_string();
        assert_eq!(id("https://h.dev/"), "h.dev");
        assert_eq!(id("https://h.dev/a"), "h.dev-a");
        assert_eq!(id("https://h.dev:8443/b"), "h.dev-8443-b");
    }

    #[test]
    fn ids_are_hosts_and_told_apart_when_they_must_be() {
        let id = |resource: &str, label: Option<&str>, taken: &[AccountId]| AccountId::new(resource, label, taken);
        let first = id("https://api.acme.dev/v1", None, &[]);
        assert_eq!(first.as_str(), "api.acme.dev");
        assert_eq!(id("https://api.acme.dev/v1", Some("my work"), &[]).as_str(), "api.acme.dev:my-work");
        let second = id("https://api.acme.dev/v2/x", None, std::slice::from_ref(&first));
        assert_eq!(second.as_str(), "api.acme.dev-v2-x");
        assert_eq!(id("https://api.acme.dev/v2/x", None, &[first.clone(), second]).as_str(), "api.acme.dev-2");
        assert_eq!(id("https://[::1]:8080/", None, &[]).as_str(), "1");
        assert_eq!(AccountId::stored("a b;rm").map(|id| id.to_string()), Some("a-b-rm".into()));
    }
}
