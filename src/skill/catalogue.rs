//! The skills that the program comes with, and how a name leads to one.

use url::Url;

use super::Source;
use crate::trust;

macro_rules! services {
    ($($id:literal),* $(,)?) => {
        &[$(($id, include_str!(concat!("../../assets/services/", $id, ".yaml")))),*]
    };
}

/// Text of each by its id, in the order of their ids.
const SERVICES: &[(&str, &str)] = services![
    "agentmail",
    "airtable",
    "anthropic",
    "asana",
    "atlassian",
    "bland",
    "brave-search",
    "buildkite",
    "circleci",
    "clickup",
    "cloudflare",
    "cohere",
    "datadog",
    "deepgram",
    "deepseek",
    "digitalocean",
    "discord",
    "docker-hub",
    "doppler",
    "elevenlabs",
    "exa",
    "figma",
    "firecrawl",
    "fly",
    "gandi",
    "github",
    "gitlab",
    "google-gemini",
    "groq",
    "here-now",
    "heroku",
    "hetzner",
    "huggingface",
    "inkbox",
    "linear",
    "mem0",
    "merge-agent-handler",
    "mistral",
    "moltbook",
    "monday",
    "nano-gpt",
    "neon",
    "netlify",
    "ngrok",
    "notion",
    "openai",
    "openrouter",
    "perplexity",
    "planetscale",
    "porkbun",
    "posthog",
    "postmark",
    "pulumi",
    "railway",
    "render",
    "replicate",
    "resend",
    "sendgrid",
    "sentry",
    "serpapi",
    "slack",
    "snyk",
    "stripe",
    "supabase",
    "tailscale",
    "tavily",
    "telegram",
    "telnyx",
    "todoist",
    "together",
    "turso",
    "twilio",
    "vercel",
    "xai",
];

/// As many are named where a name may mean several.
const MOST_NAMED: usize = 5;

/// A name that leads to several, or to none.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Unclear {
    /// Ids, or those that are like it.
    Several(Vec<String>),
    Like(Vec<String>),
}

/// Id and text of all.
pub fn all() -> impl Iterator<Item = (&'static str, &'static str)> {
    SERVICES.iter().copied()
}

pub fn text(id: &str) -> Option<&'static str> {
    all().find(|(known, _)| *known == id).map(|(_, text)| text)
}

/// The id of the service that a person means, of those that `known` are: the same letters, the beginning of one, or a part of
/// one only.
pub fn meant<'a>(name: &str, known: impl Iterator<Item = (&'a str, &'a str)>) -> Result<String, Unclear> {
    let known: Vec<(&str, String, String)> = known.map(|(id, name)| (id, folded(id), folded(name))).collect();
    let wanted = folded(name);
    let fits: [fn(&str, &str) -> bool; 3] =
        [|it, wanted| it == wanted, |it, wanted| it.starts_with(wanted), |it, wanted| it.contains(wanted)];
    // What is typed by mistake is part of some name or other: of a few letters only the whole name is meant.
    for (fits, letters) in fits.into_iter().zip([1, 3, 4]) {
        if wanted.chars().count() < letters {
            break;
        }
        let found: Vec<String> = known
            .iter()
            .filter(|(_, id, name)| fits(id, &wanted) || fits(name, &wanted))
            .map(|(id, ..)| (*id).to_owned())
            .collect();
        match found.len() {
            0 => {}
            1 => return Ok(found.into_iter().next().unwrap_or_default()),
            _ => return Err(Unclear::Several(found.into_iter().take(MOST_NAMED).collect())),
        }
    }
    let mut like: Vec<(f64, String)> = known
        .iter()
        .map(|(id, folded, name)| {
            let near = |it: &str| strsim::jaro_winkler(it, &wanted);
            (near(folded).max(near(name)), (*id).to_owned())
        })
        .filter(|(near, _)| *near > 0.84)
        .collect();
    like.sort_by(|a, b| b.0.total_cmp(&a.0));
    Err(Unclear::Like(like.into_iter().map(|(_, id)| id).take(MOST_NAMED).collect()))
}

/// The name that a skill gives its service, without reading all of it.
pub fn name_in(text: &str) -> &str {
    let line = text.lines().find_map(|line| line.strip_prefix("name:")).unwrap_or_default();
    line.trim().trim_matches('"')
}

/// The skill for the site of a host, if the program comes with one.
pub fn of_site(site: &Url) -> Option<Source> {
    with_address(|url| trust::same_site(url, site))
}

/// The skill whose API is at this very host: another one of the site is another product's, perhaps.
pub fn of_host(place: &Url) -> Option<Source> {
    with_address(|url| url.host_str() == place.host_str())
}

fn with_address(is_meant: impl Fn(&Url) -> bool) -> Option<Source> {
    let has_one = |text: &str| {
        let address = |name: &str| {
            text.lines().find_map(|line| line.strip_prefix(name)).and_then(|url| Url::parse(url.trim()).ok())
        };
        ["website:", "base_url:"].into_iter().filter_map(address).any(|url| is_meant(&url))
    };
    all().find(|(_, text)| has_one(text)).map(|(id, _)| Source::Named(id.to_owned()))
}

fn folded(text: &str) -> String {
    text.chars().filter(|c| c.is_alphanumeric()).flat_map(char::to_lowercase).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn found(name: &str) -> Result<String, Unclear> {
        meant(name, all().map(|(id, text)| (id, name_in(text))))
    }

    #[test]
    fn a_name_leads_to_the_service_that_is_meant() {
        for (name, id) in [
            ("openrouter", "openrouter"),
            ("OpenRouter", "openrouter"),
            ("Hugging Face", "huggingface"),
            ("here.now", "here-now"),
            ("herenow", "here-now"),
            ("telegr", "telegram"),
            ("brave", "brave-search"),
            ("docean", "docean"),
        ] {
            match found(name) {
                Ok(meant) => assert_eq!(meant, id, "{name}"),
                Err(unclear) => assert!(id == "docean", "{name}: {unclear:?}"),
            }
        }
        assert!(matches!(found("git"), Err(Unclear::Several(ids)) if ids == ["github", "gitlab"]));
        assert!(matches!(found("opnrouter"), Err(Unclear::Like(ids)) if ids[0] == "openrouter"));
        assert_eq!(found("qqqqqq"), Err(Unclear::Like(vec![])));
        assert_eq!(found(""), Err(Unclear::Like(vec![])));
    }

    #[test]
    fn the_skill_of_a_host_is_found() {
        let at = |url: &str| of_site(&url::Url::parse(url).expect(url));
        assert_eq!(at("https://here.now/"), Some(Source::Named("here-now".into())));
        assert_eq!(at("https://mcp.linear.app/mcp"), Some(Source::Named("linear".into())));
        assert_eq!(at("https://nobody.example/"), None);
        let host = |url: &str| of_host(&url::Url::parse(url).expect(url));
        assert_eq!(host("https://api.github.com/"), Some(Source::Named("github".into())));
        assert_eq!(host("https://mcp.atlassian.com/v1/sse"), None, "what its token opens is not the API");
    }
}
