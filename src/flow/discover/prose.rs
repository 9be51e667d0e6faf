//! An auth.md that explains in words how a person gets a credential: its text as lines, and the links in it.

use url::Url;

use super::Discovery;
use crate::flow::Line;
use crate::trust;

/// Lines of a stranger's text that are shown.
const MOST_LINES: usize = 400;
const LINE_WIDTH: usize = 300;
const MOST_LINKS: usize = 8;
/// Places in a text that are looked at for an address: a text that repeats `https://` to its end is one address at each.
const MOST_ADDRESSES: usize = 2_000;

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
        for url in addresses(text).filter_map(|url| trust::link(url.as_str(), &self.target.start)) {
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

/// The web addresses in a text. What ends a sentence or a bracket around it is not part of it.
pub fn addresses(text: &str) -> impl Iterator<Item = Url> + '_ {
    let ends = |c: char| c.is_whitespace() || matches!(c, '"' | '\'' | '<' | '>' | '`' | '|' | '\\' | '{' | '}');
    let starts = text.match_indices("http").filter(|(at, _)| {
        let rest = &text[*at..];
        rest.starts_with("https://") || rest.starts_with("http://")
    });
    starts.take(MOST_ADDRESSES).filter_map(move |(at, _)| {
        let rest = &text[at..];
        let end =
            rest.char_indices().take(trust::LONGEST_URL).find(|(_, c)| ends(*c)).map_or(rest.len(), |(end, _)| end);
        if end > trust::LONGEST_URL {
            return None;
        }
        let mut address = rest[..end].trim_end_matches(['.', ',', ';', ':', '!', '?', '*', ']']);
        let mut closing = address.matches(')').count().saturating_sub(address.matches('(').count());
        while let Some(inside) = address.strip_suffix(')').filter(|_| closing > 0) {
            closing -= 1;
            address = inside.trim_end_matches(['.', ',']);
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
    fn brackets_around_an_address_leave_its_own() {
        let found: Vec<String> = addresses("(see https://a.dev/x_(y)).").map(String::from).collect();
        assert_eq!(found, ["https://a.dev/x_(y)"]);
    }

    /// A megabyte of these took the square of its length.
    #[test]
    fn a_text_that_is_one_address_throughout_is_not_read_over_and_over() {
        assert_eq!(addresses(&"https://".repeat(1 << 17)).count(), 0);
        assert_eq!(addresses(&format!("https://a.dev/{}", ")".repeat(1 << 20))).count(), 0);
        assert_eq!(addresses(&format!("https://a.dev/{}", ")".repeat(1_000))).count(), 1);
        assert!(addresses(&"https://a.dev/ü ".repeat(1 << 16)).count() <= MOST_ADDRESSES);
    }

    #[test]
    fn a_strangers_text_becomes_plain_lines() {
        assert_eq!(line("## Keys\u{1b}[31m"), Line::Heading("Keys [31m".into()));
        assert_eq!(line("  - one"), Line::Text("  - one".into()));
        assert_eq!(line(" "), Line::Gap);
        assert_eq!(line("#hash"), Line::Text("#hash".into()));
    }
}
