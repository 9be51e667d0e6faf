//! An auth.md that explains in words how a person gets a credential: its text as lines, and the links in it.

use url::Url;

use super::Discovery;
use crate::flow::Line;
use crate::trust;

/// Lines of a stranger's text that are shown.
const MOST_LINES: usize = 400;
const LINE_WIDTH: usize = 300;
const MOST_LINKS: usize = 8;

impl Discovery {
    /// What the service's auth.md says, marked as theirs by whoever shows it.
    pub fn document_lines(&self) -> Vec<Line> {
        let text = self.document.as_deref().unwrap_or_default();
        let mut lines: Vec<Line> = text.lines().take(MOST_LINES).map(line).collect();
        if text.lines().count() > MOST_LINES {
            lines.push(Line::Quiet("(The rest is not shown here.)".into()));
        }
        lines
    }

    /// The links in the auth.md, each once, in the order in which they come.
    pub fn document_links(&self) -> Vec<Url> {
        let mut links: Vec<Url> = Vec::new();
        let text = self.document.as_deref().unwrap_or_default();
        for url in addresses(text).filter(|url| trust::endpoint_from(url, &self.target.start).is_ok()) {
            if !links.contains(&url) && links.len() < MOST_LINKS {
                links.push(url);
            }
        }
        links
    }
}

fn line(text: &str) -> Line {
    let cleaned = trust::clean(text, LINE_WIDTH);
    let indent = text.chars().take_while(|c| *c == ' ').count().min(8);
    match cleaned.trim_start_matches('#') {
        "" => Line::Gap,
        heading if heading.len() < cleaned.len() && heading.starts_with(' ') => {
            Line::Heading(heading.trim().to_owned())
        }
        _ => Line::Text(format!("{}{cleaned}", " ".repeat(indent))),
    }
}

/// Every web address in a text. What ends a sentence or a bracket around it is not part of it.
pub fn addresses(text: &str) -> impl Iterator<Item = Url> + '_ {
    let ends = |c: char| c.is_whitespace() || matches!(c, '"' | '\'' | '<' | '>' | '`' | '|' | '\\' | '{' | '}');
    let starts = text.match_indices("http").filter(|(at, _)| {
        let rest = &text[*at..];
        rest.starts_with("https://") || rest.starts_with("http://")
    });
    starts.filter_map(move |(at, _)| {
        let whole = text[at..].split(ends).next().unwrap_or_default();
        let mut address = whole.trim_end_matches(['.', ',', ';', ':', '!', '?', '*', ']']);
        while address.ends_with(')') && address.matches(')').count() > address.matches('(').count() {
            address = address[..address.len() - 1].trim_end_matches(['.', ',', ')']);
        }
        Url::parse(address).ok()
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addresses_are_found_without_what_surrounds_them() {
        let text = "See [keys](https://acme.dev/keys). ISSUER=\"https://auth.acme.dev\", <https://a.dev/x_(y)>, https://b.dev/?q=1,";
        let found: Vec<String> = addresses(text).map(String::from).collect();
        assert_eq!(
            found,
            ["https://acme.dev/keys", "https://auth.acme.dev/", "https://a.dev/x_(y)", "https://b.dev/?q=1"]
        );
    }

    #[test]
    fn a_strangers_text_becomes_plain_lines() {
        assert_eq!(line("## Keys\u{1b}[31m"), Line::Heading("Keys [31m".into()));
        assert_eq!(line("  - one"), Line::Text("  - one".into()));
        assert_eq!(line(" "), Line::Gap);
        assert_eq!(line("#hash"), Line::Text("#hash".into()));
    }
}
