//! What a person may name as the service to sign up to, and what is understood by it.

use std::path::PathBuf;

use url::Url;

use super::wire;
use crate::account::Account;
use crate::problem::{Kind, Problem};
use crate::skill::Source;
use crate::trust::{self, Reach};

/// Where discovery begins.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Target {
    /// As typed, cleaned: for titles and reports.
    pub typed: String,
    /// What is asked first. Its site is the one that everything else is measured against.
    pub start: Url,
    /// The resource metadata's place, where it is known beforehand: a pasted challenge, a NoForm slug.
    pub metadata: Option<Url>,
    /// A file that describes the service, and has to be read before anything is asked.
    pub skill: Option<Source>,
    /// How the text was understood, in words.
    pub understood: String,
    /// How far discovery follows what is published.
    pub reach: Reach,
}

const EXAMPLES: &str = "Give a host or URL (api.example.com), a service by name, noform:SLUG, a skill file, or paste a WWW-Authenticate header.";
const NAME_LENGTH: usize = 40;
/// Stands for the service until its skill is read; nothing is asked there.
const UNREAD: &str = "file:///";

impl Target {
    /// A service that everybody can reach.
    pub fn parse(text: &str) -> Result<Self, Problem> {
        Self::within(text, Reach::Public)
    }

    pub fn within(text: &str, reach: Reach) -> Result<Self, Problem> {
        let target = Self::understand(text)?;
        if target.skill.is_none() {
            trust::within(&target.start, reach)?;
        }
        Ok(Self { reach, ..target })
    }

    fn understand(text: &str) -> Result<Self, Problem> {
        let text = text.trim();
        if text.is_empty() {
            return Err(Problem::new(Kind::Usage, "No service was named.", EXAMPLES));
        }
        // An address is one whatever it has in its query.
        if !is_address(text) && (text.to_ascii_lowercase().contains("resource_metadata") || is_header(text)) {
            return Self::challenge(text);
        }
        if is_file(text) {
            return Ok(Self::skill(text, Source::File(PathBuf::from(text))));
        }
        if let Some(slug) = text.strip_prefix("noform:") {
            return Self::noform(text, slug);
        }
        if is_name(text) {
            return Ok(Self::skill(text, Source::Named(text.to_owned())));
        }
        let url = parse_url(text)?;
        match noform_slug(&url) {
            Some(slug) => Self::noform(text, &slug),
            None => Self::at(text, url),
        }
    }

    fn at(typed: &str, start: Url) -> Result<Self, Problem> {
        trust::endpoint_from(&start, &start)?;
        let understood = format!("the service at {}", trust::authority(&start));
        // Somebody named the metadata itself.
        let metadata =
            Some(start.clone()).filter(|url| url.path().starts_with("/.well-known/oauth-protected-resource"));
        Ok(Self { typed: trust::clean(typed, 80), start, metadata, skill: None, understood, reach: Reach::Public })
    }

    /// What a skill describes, before it is read.
    pub fn skill(typed: &str, source: Source) -> Self {
        Self {
            typed: trust::clean(typed, 80),
            start: Url::parse(UNREAD).expect("a constant"),
            metadata: None,
            understood: match &source {
                Source::File(_) => format!("the skill in {source}"),
                Source::Named(_) => format!("the skill called {source}"),
            },
            skill: Some(source),
            reach: Reach::Public,
        }
    }

    /// What the skill in this file describes.
    pub fn described(self, start: Url, source: Source) -> Self {
        Self { start, skill: Some(source), ..self }
    }

    /// Where what is not published by the service itself was found, for the next time.
    pub fn found_in(&self) -> Option<Url> {
        let skill = self.skill.as_ref().and_then(Source::url);
        skill.or_else(|| self.metadata.clone())
    }

    /// The service of an account that is held already, found where it was found before. It may be one of a private network;
    /// whether that may be reached now is seen when it is connected to.
    pub fn of(account: &Account) -> Result<Self, Problem> {
        trust::endpoint(&account.start)?;
        if let Some(source) = account.skill() {
            return Ok(Self {
                start: account.start.clone(),
                reach: Reach::Private,
                ..Self::skill(&account.host(), source)
            });
        }
        if let Some(metadata) = &account.metadata {
            trust::endpoint(metadata)?;
        }
        let target = match (&account.metadata, noform_slug(&account.start)) {
            (None, Some(slug)) => Self::noform(&account.host(), &slug),
            (metadata, _) => Self::at(&account.host(), account.start.clone())
                .map(|target| Self { metadata: metadata.clone(), ..target }),
        };
        target.map(|target| Self { reach: Reach::Private, ..target })
    }

    /// A pasted `WWW-Authenticate` header, or the whole 401 response around it (RFC 9728, section 5.1).
    fn challenge(text: &str) -> Result<Self, Problem> {
        let missing = || {
            Problem::new(
                Kind::Usage,
                "That header names no resource_metadata.",
                "Paste the whole line, as in: WWW-Authenticate: Bearer resource_metadata=\"https://api.example.com/.well-known/oauth-protected-resource\"",
            )
        };
        let found = text
            .lines()
            .find_map(wire::resource_metadata)
            .or_else(|| wire::resource_metadata(text))
            .ok_or_else(missing)?;
        let url = Url::parse(&found).map_err(|_| missing())?;
        trust::endpoint_from(&url, &url)?;
        let understood = format!("a challenge that points to {}", trust::authority(&url));
        Ok(Self {
            typed: trust::clean(text, 80),
            start: url.clone(),
            metadata: Some(url),
            skill: None,
            understood,
            reach: Reach::Public,
        })
    }

    /// NoForm serves each tenant's metadata below a path of its own (auth.md as NoForm publishes it).
    fn noform(typed: &str, slug: &str) -> Result<Self, Problem> {
        let valid =
            (1..=100).contains(&slug.len()) && slug.chars().all(|c| c.is_ascii_alphanumeric() || c == '-' || c == '_');
        if !valid {
            return Err(Problem::new(
                Kind::Usage,
                format!("'{}' is not a NoForm slug.", trust::clean(slug, 40)),
                "A slug has letters, digits and dashes, as in noform:acme.",
            ));
        }
        let at =
            |path: &str| Url::parse(&format!("https://noform.dev/a/{slug}{path}")).expect("a slug is safe in a path");
        Ok(Self {
            typed: trust::clean(typed, 80),
            start: at(""),
            metadata: Some(at("/.well-known/oauth-protected-resource")),
            skill: None,
            understood: format!("the NoForm service {slug}"),
            reach: Reach::Public,
        })
    }
}

/// A path to a skill: it begins like a path, or has the ending of a skill and no host before it. A bare `readme.md` is the file,
/// though `.md` is a country's.
fn is_file(text: &str) -> bool {
    let lower = text.to_ascii_lowercase();
    let first = text.split(['/', '\\']).next().unwrap_or_default();
    let is_path = text != first && (first.is_empty() || matches!(first, "." | ".." | "~"));
    let is_folder = text != first && !first.contains('.');
    let is_yaml = lower.ends_with(".yaml") || lower.ends_with(".yml");
    let is_skill = matches!(lower.as_str(), "readme.md" | "skill.md");
    !text.contains("://")
        && (is_path || is_skill || is_yaml && text == first || is_folder && (is_yaml || lower.ends_with(".md")))
}

/// A word, or a few: a host has a dot in it, and is one.
fn is_name(text: &str) -> bool {
    let fits = |c: char| c.is_alphanumeric() || " -_+&'".contains(c);
    let is_host = text.eq_ignore_ascii_case("localhost");
    text.len() <= NAME_LENGTH && text.chars().all(fits) && text.chars().any(char::is_alphabetic) && !is_host
}

fn is_address(text: &str) -> bool {
    let lower = text.to_ascii_lowercase();
    (lower.starts_with("https://") || lower.starts_with("http://")) && !text.contains(char::is_whitespace)
}

fn is_header(text: &str) -> bool {
    let lower = text.to_ascii_lowercase();
    lower.starts_with("www-authenticate")
        || lower.starts_with("http/1")
        || lower.starts_with("http/2")
        || lower.starts_with("bearer ")
}

/// `acme.noform.dev` or `noform.dev/a/acme`.
fn noform_slug(url: &Url) -> Option<String> {
    let host = url.host_str()?;
    if host == "noform.dev" {
        let mut path = url.path_segments()?;
        return match (path.next(), path.next()) {
            (Some("a"), Some(slug)) if !slug.is_empty() => Some(slug.to_owned()),
            _ => None,
        };
    }
    host.strip_suffix(".noform.dev").filter(|slug| !slug.contains('.') && *slug != "www").map(str::to_owned)
}

fn parse_url(text: &str) -> Result<Url, Problem> {
    let shown = trust::clean(text, 60);
    let not_one = |why: &str| Problem::new(Kind::Usage, format!("'{shown}' is not a service: {why}."), EXAMPLES);
    if text.chars().any(char::is_whitespace) {
        return Err(not_one("it has blanks in it"));
    }
    if text.contains('@') && !text.contains('/') {
        return Err(not_one("it looks like an e-mail address; that is asked for later"));
    }
    if text.contains("://") {
        let url = Url::parse(text).map_err(|error| not_one(&error.to_string()))?;
        let of_the_web = matches!(url.scheme(), "http" | "https");
        return if of_the_web { Ok(url) } else { Err(not_one("it is no web address")) };
    }
    let assumed = Url::parse(&format!("https://{text}")).map_err(|error| not_one(&error.to_string()))?;
    // A bare name is more likely a typing error than a host; a service on this machine rarely has a certificate.
    match assumed.host() {
        _ if trust::is_loopback(&assumed) => {
            Url::parse(&format!("http://{text}")).map_err(|error| not_one(&error.to_string()))
        }
        Some(url::Host::Domain(name)) if !name.trim_end_matches('.').contains('.') => {
            Err(not_one("a host has a dot in it"))
        }
        Some(_) => Ok(assumed),
        None => Err(not_one("it names no host")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn start(text: &str) -> String {
        match Target::parse(text) {
            Ok(target) => target.metadata.unwrap_or(target.start).to_string(),
            Err(problem) => format!("{:?}: {}", problem.kind, problem.what),
        }
    }

    #[test]
    fn one_box_takes_all_the_usual_things() {
        let cases = [
            ("api.acme.dev", "https://api.acme.dev/"),
            (" api.acme.dev:8443/v1 ", "https://api.acme.dev:8443/v1"),
            ("https://api.acme.dev/mcp", "https://api.acme.dev/mcp"),
            ("127.0.0.1:4180/acme", "http://127.0.0.1:4180/acme"),
            ("localhost:4180", "http://localhost:4180/"),
            ("noform:acme", "https://noform.dev/a/acme/.well-known/oauth-protected-resource"),
            ("acme.noform.dev", "https://noform.dev/a/acme/.well-known/oauth-protected-resource"),
            ("https://noform.dev/a/acme/auth.md", "https://noform.dev/a/acme/.well-known/oauth-protected-resource"),
            ("WWW-Authenticate: Bearer resource_metadata=\"https://a.dev/prm\"", "https://a.dev/prm"),
            ("Bearer error=\"x\", resource_metadata=https://a.dev/prm", "https://a.dev/prm"),
            // An address leads where it says, whatever it has in its query.
            (
                "https://a.dev/?resource_metadata=https://b.dev/prm",
                "https://a.dev/?resource_metadata=https://b.dev/prm",
            ),
            (
                "HTTP/1.1 401 Unauthorized\r\nserver: x\r\nwww-authenticate: Bearer resource_metadata=\"https://a.dev/p\"\r\n\r\n{}",
                "https://a.dev/p",
            ),
        ];
        for (typed, expected) in cases {
            assert_eq!(start(typed), expected, "{typed}");
        }
    }

    #[test]
    fn a_path_is_told_from_a_host() {
        let file = |text: &str| {
            Target::parse(text).ok().and_then(|target| match target.skill {
                Some(Source::File(file)) => Some(file),
                _ => None,
            })
        };
        for text in [
            "skill.yaml",
            "./acme",
            "../a.txt",
            "./a/SKILL.md",
            "/srv/acme.yml",
            "~/a.yaml",
            "skills/acme.yaml",
            "README.md",
        ] {
            assert_eq!(file(text), Some(PathBuf::from(text)), "{text}");
        }
        for text in ["acme.md", "acme.dev/skill.yaml", "https://acme.dev/skill.yaml", "acme.dev/auth.md"] {
            assert_eq!(file(text), None, "{text}");
        }
    }

    #[test]
    fn a_service_of_a_private_network_is_asked_for_by_hand() {
        assert!(Target::parse("10.0.0.1").is_err());
        assert_eq!(Target::within("10.0.0.1", Reach::Private).map(|target| target.reach), Ok(Reach::Private));
        assert!(Target::within("169.254.169.254", Reach::Private).is_err());
    }

    #[test]
    fn what_is_no_target_is_said_in_one_line() {
        for typed in [
            "",
            "two words.dev",
            "https://",
            "noform:",
            "noform:a/b",
            &format!("noform:{}", "a".repeat(1_000)),
            "Bearer realm=\"x\"",
            "ftp://a.dev/",
            "http://a.dev/",
            "https://10.0.0.1/",
            "resource_metadata=\"nonsense\"",
        ] {
            let problem = Target::parse(typed).expect_err(typed);
            assert!(!problem.what.contains('\n') && !problem.hint.is_empty(), "{typed}: {problem:?}");
        }
    }
}
