//! What comes back of an authorization: in the browser's redirect (RFC 6749, section 4.1.2), or pasted by the person.

use url::Url;
use url::form_urlencoded;
use zeroize::Zeroizing;

use crate::secret::Secret;
use crate::trust;

/// Longer than any code, state or issuer.
const LONGEST: usize = 4_096;
const ERROR_WIDTH: usize = 64;
const WORDS_WIDTH: usize = 200;

/// The answer of an authorization server, as it stands in a redirect.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Redirect {
    pub code: Option<Secret>,
    pub state: Option<Secret>,
    /// Who says that it answers (RFC 9207, section 2).
    pub issuer: Option<String>,
    /// The code of a no, cleaned.
    pub error: Option<String>,
    /// The server's words about it, cleaned.
    pub message: Option<String>,
    /// Something stands in it twice, which none of it may (RFC 6749, section 3.1).
    pub is_ambiguous: bool,
}

impl Redirect {
    /// Reads the query of a redirect.
    pub fn of_query(query: &Secret) -> Self {
        let mut redirect = Self::default();
        for (name, value) in form_urlencoded::parse(query.expose().as_bytes()) {
            let value = Zeroizing::new(value.into_owned());
            let seen = match &*name {
                _ if value.is_empty() || value.len() > LONGEST => false,
                "code" => redirect.code.replace(Secret::new(value.as_str())).is_some(),
                "state" => redirect.state.replace(Secret::new(value.as_str())).is_some(),
                "iss" => redirect.issuer.replace(value.to_string()).is_some(),
                "error" => redirect.error.replace(trust::clean(&value, ERROR_WIDTH)).is_some(),
                "error_description" => redirect.message.replace(trust::clean(&value, WORDS_WIDTH)).is_some(),
                _ => false,
            };
            redirect.is_ambiguous |= seen;
        }
        redirect
    }
}

/// What somebody has pasted.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Brought {
    /// All of where the browser was led to, or its query.
    Whole(Redirect),
    /// `code#state`, as some pages show it, or a code alone.
    Code(Redirect),
    /// The link that was to be opened, not where it led to.
    TheLink,
    Nothing,
}

impl Brought {
    pub fn read(pasted: &Secret) -> Self {
        let text = pasted.expose().trim();
        if !trust::is_word(text) || text.len() > LONGEST {
            return Brought::Nothing;
        }
        if let Some(query) = query_of(text) {
            let names: Vec<_> = form_urlencoded::parse(query.as_bytes()).map(|(name, _)| name).collect();
            let has = |name: &str| names.iter().any(|known| known == name);
            return match () {
                () if has("code_challenge") || has("response_type") => Brought::TheLink,
                () if has("code") || has("error") => Brought::Whole(Redirect::of_query(&Secret::new(query))),
                () => Brought::Nothing,
            };
        }
        if text.contains("://") {
            return Brought::Nothing;
        }
        let (code, state) = text.split_once('#').map_or((text, None), |(code, state)| (code, Some(state)));
        let part = |text: &str| Some(text).filter(|text| !text.is_empty()).map(Secret::from);
        match part(code) {
            Some(code) => {
                Brought::Code(Redirect { code: Some(code), state: state.and_then(part), ..Redirect::default() })
            }
            None => Brought::Nothing,
        }
    }
}

/// The query of an address, or what looks like one.
fn query_of(text: &str) -> Option<String> {
    if let Ok(url) = Url::parse(text)
        && matches!(url.scheme(), "http" | "https")
    {
        return url.query().or(url.fragment()).map(str::to_owned);
    }
    // A browser's address line may leave the scheme out; some people copy from the question mark on.
    let query = text.split_once('?').map_or(text, |(_, query)| query);
    ["code=", "error=", "state="].iter().any(|start| query.starts_with(start)).then(|| query.to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn redirect(code: &str, state: Option<&str>) -> Redirect {
        Redirect { code: Some(code.into()), state: state.map(Secret::from), ..Redirect::default() }
    }

    #[test]
    fn everything_that_people_bring_is_understood() {
        let read = |text: &str| Brought::read(&Secret::new(text));
        let whole = Brought::Whole(redirect("a/b+c", Some("s1")));
        for text in [
            "http://127.0.0.1:41890/callback?code=a%2Fb%2Bc&state=s1",
            "  http://localhost:41890/callback?state=s1&code=a%2Fb%2Bc \n",
            "127.0.0.1:41890/callback?code=a%2Fb%2Bc&state=s1",
            "?code=a%2Fb%2Bc&state=s1",
            "code=a%2Fb%2Bc&state=s1",
            "http://127.0.0.1:41890/callback#code=a%2Fb%2Bc&state=s1",
        ] {
            assert_eq!(read(text), whole, "{text}");
        }
        assert_eq!(read("abc#s1"), Brought::Code(redirect("abc", Some("s1"))));
        assert_eq!(read("abc"), Brought::Code(redirect("abc", None)));
        assert_eq!(read("4/0Ab_5-x"), Brought::Code(redirect("4/0Ab_5-x", None)));
        let link = "https://auth.acme.dev/authorize?response_type=code&client_id=x&code_challenge=y&state=s1";
        assert_eq!(read(link), Brought::TheLink);
        for text in ["", "two words", "https://auth.acme.dev/login", "#s1", "http://127.0.0.1:1/callback", "a\u{202e}b"]
        {
            assert_eq!(read(text), Brought::Nothing, "{text:?}");
        }
    }

    #[test]
    fn a_redirect_is_read_without_believing_it() {
        let read = |query: &str| Redirect::of_query(&Secret::new(query));
        let hostile = read("error=access%1b%5b2Jdenied&error_description=a%0D%0A%1B%5B31mb%E2%80%AE&state=s");
        assert_eq!(hostile.error.as_deref(), Some("access [2Jdenied"));
        assert_eq!(hostile.message.as_deref(), Some("a [31mb"));
        assert!(read("code=a&code=b").is_ambiguous);
        assert_eq!(read("code=&state="), Redirect::default());
        assert_eq!(read(&format!("code={}", "x".repeat(5_000))).code, None);
        assert_eq!(read("iss=https%3A%2F%2Fauth.acme.dev%2F").issuer.as_deref(), Some("https://auth.acme.dev/"));
        assert!(!format!("{:?}", read("code=secret1&state=secret2")).contains("secret"));
    }
}
