//! What may be contacted, shown or opened, and what a stranger's text looks like once it is safe to print.
//!
//! Every URL that arrives from outside passes [`endpoint`] before anything is sent to it, every address that is connected to
//! passes [`Reach::allows`], and every text passes [`clean`] before it is drawn, logged or copied.

mod reach;

use std::borrow::Cow;
use std::net::IpAddr;

use percent_encoding::percent_decode_str;
use unicode_width::UnicodeWidthChar;
use url::form_urlencoded::byte_serialize;
use url::{Host, Url};
use zeroize::Zeroizing;

pub use self::reach::{Forbidden, Reach, Realm, realm};
use crate::problem::{Kind, Problem};
use crate::secret::Secret;

/// Of a URL, in bytes. Those of real services have some hundred; what is longer is a burden to everything that shows it.
pub const LONGEST_URL: usize = 2_048;
/// Of a host, in bytes (RFC 1035, section 2.3.4, without the two that are not written).
const LONGEST_NAME: usize = 253;

/// Is this a URL that requests may be sent to? `https`, or `http` on this very machine; no user name in it. Where it leads is
/// another question: see [`within`].
pub fn endpoint(url: &Url) -> Result<(), Problem> {
    let refuse = |why: &str| Err(refused(url, why));
    match url.scheme() {
        "https" => {}
        "http" if is_loopback(url) => {}
        "http" => return refuse("it is not encrypted (http)"),
        other => return refuse(&format!("{} is not a web address", clean(other, 20))),
    }
    if !url.username().is_empty() || url.password().is_some() {
        return refuse("it carries a user name");
    }
    match url.host_str() {
        None => refuse("it names no host"),
        Some(host) if host.trim_end_matches('.').len() > LONGEST_NAME => refuse("no host has so long a name"),
        Some(_) => Ok(()),
    }
}

/// The same, for a URL that came from `origin`: a stranger may not send us to this machine, nor burden us with its length.
pub fn endpoint_from(url: &Url, origin: &Url) -> Result<(), Problem> {
    if url.as_str().len() > LONGEST_URL {
        return Err(refused(url, "no address needs to be so long"));
    }
    if is_loopback(url) && !is_loopback(origin) {
        return Err(refused(url, "it is this very machine"));
    }
    endpoint(url)
}

/// The same as [`endpoint`], and the address that is written in the URL, if it is one, is within reach. Where a name leads is
/// seen when it is resolved; `shell::net` asks the same question then.
pub fn within(url: &Url, reach: Reach) -> Result<(), Problem> {
    endpoint(url)?;
    match address(url) {
        Some(address) if !is_loopback(url) => reach
            .allows(address)
            .map_err(|forbidden| Problem { hint: forbidden.hint().into(), ..refused(url, &format!("{forbidden}")) }),
        _ => Ok(()),
    }
}

/// A name whose addresses are all out of reach; one of them says why.
pub fn leads_astray(url: &Url, forbidden: Forbidden) -> Problem {
    let what = format!("Refused to contact {}: its address {forbidden}.", clean(&authority(url), 120));
    Problem::new(Kind::Unsafe, what, forbidden.hint())
}

fn refused(url: &Url, why: &str) -> Problem {
    let what = format!("Refused to contact {}: {why}.", clean(url.as_str(), 120));
    Problem::new(Kind::Unsafe, what, "Ask the service to publish a public https address.")
}

/// Is this the machine we run on?
pub fn is_loopback(url: &Url) -> bool {
    match url.host() {
        Some(Host::Domain(name)) => is_loopback_name(name),
        Some(Host::Ipv4(ip)) => ip.is_loopback(),
        Some(Host::Ipv6(ip)) => ip.is_loopback(),
        None => false,
    }
}

/// Names that mean this machine whoever is asked (RFC 6761, section 6.3).
fn is_loopback_name(name: &str) -> bool {
    let name = name.trim_end_matches('.');
    name == "localhost" || name.ends_with(".localhost")
}

/// The address that a URL names, where it names one and no name.
fn address(url: &Url) -> Option<IpAddr> {
    match url.host()? {
        Host::Domain(_) => None,
        Host::Ipv4(ip) => Some(IpAddr::V4(ip)),
        Host::Ipv6(ip) => Some(IpAddr::V6(ip)),
    }
}

/// Do two URLs belong to the same registrable domain (public suffix list)? Loopback and other bare addresses only match
/// themselves.
pub fn same_site(a: &Url, b: &Url) -> bool {
    match (site(a), site(b)) {
        (Some(a), Some(b)) => a == b,
        _ => false,
    }
}

/// The registrable domain of a URL, or its bare host where there is none.
fn site(url: &Url) -> Option<String> {
    match url.host()? {
        Host::Domain(name) => Some(psl::domain_str(name).unwrap_or(name).to_owned()),
        host => Some(host.to_string()),
    }
}

/// `host` or `host:port`, as a person reads it.
pub fn authority(url: &Url) -> String {
    match (url.host_str(), url.port()) {
        (Some(host), Some(port)) => format!("{host}:{port}"),
        (Some(host), None) => host.to_owned(),
        (None, _) => String::new(),
    }
}

/// A link that may be shown and opened: the same rule as for an endpoint. The browser is not to be led into a network that the
/// service itself is not in.
pub fn link(text: &str, base: &Url) -> Option<Url> {
    let url = base.join(text).ok()?;
    let reach = match address(base).map(realm) {
        Some(Realm::Private) => Reach::Private,
        _ => Reach::Public,
    };
    endpoint_from(&url, base).and_then(|()| within(&url, reach)).ok().map(|()| url)
}

/// What is shorter than a code may stand anywhere by chance.
const SHORTEST_SECRET: usize = 4;

/// A stranger's text with our secrets taken out of it, also as they are written in a URL.
pub fn without<'a>(text: &str, secrets: impl Iterator<Item = &'a Secret>) -> String {
    let telling = secrets.map(Secret::expose).filter(|secret| secret.len() >= SHORTEST_SECRET);
    telling.fold(text.to_owned(), |text, secret| {
        let encoded = Zeroizing::new(byte_serialize(secret.as_bytes()).collect::<String>());
        text.replace(secret, "•••").replace(encoded.as_str(), "•••")
    })
}

/// Does a URL hold one of these, however its bytes are written?
pub fn holds_secret(url: &Url, secrets: &[Secret]) -> bool {
    let decode = |text: &str| Zeroizing::new(percent_decode_str(text).decode_utf8_lossy().into_owned());
    // In a query a plus is a blank, elsewhere it is itself.
    let (decoded, as_form) = (decode(url.as_str()), decode(&url.as_str().replace('+', " ")));
    let telling = secrets.iter().map(Secret::expose).filter(|secret| secret.len() >= SHORTEST_SECRET);
    telling.into_iter().any(|secret| [url.as_str(), &decoded, &as_form].iter().any(|text| text.contains(secret)))
}

/// A stranger's text on one line: control, direction and zero-width characters gone, white space folded, cut at `max`
/// columns. What takes no column, as accents that stand on a letter, is cut where it is more than any script needs.
pub fn clean(text: &str, max: usize) -> String {
    /// Marks on one letter; Vietnamese needs two, pointed Hebrew three.
    const MOST_MARKS: usize = 4;
    let mut out = String::new();
    let mut width = 0;
    let mut marks = 0;
    for word in text.split(|c: char| c.is_whitespace() || c.is_control()) {
        let mut word = word.chars().filter(|c| !is_invisible(*c)).peekable();
        if word.peek().is_some() && !out.is_empty() {
            out.push(' ');
            width += 1;
        }
        for c in word {
            let columns = c.width().unwrap_or(0);
            marks = if columns == 0 { marks + 1 } else { 0 };
            if marks > MOST_MARKS {
                continue;
            }
            width += columns;
            if width > max {
                out.truncate(out.trim_end().len());
                out.push('…');
                return out;
            }
            out.push(c);
        }
    }
    out.truncate(out.trim_end().len());
    out
}

/// A word as a shell takes it, and nothing else in it: for what people paste there.
pub fn shell_word(text: &str) -> Cow<'_, str> {
    let is_safe = |c: char| c.is_ascii_alphanumeric() || "-_./:@%+=,".contains(c);
    match !text.is_empty() && text.chars().all(is_safe) {
        true => Cow::Borrowed(text),
        false => Cow::Owned(format!("'{}'", text.replace('\'', r"'\''"))),
    }
}

/// Is it written with the characters that URLs are made of (RFC 3986, section 2)? Readers differ about the rest, such as a
/// backslash, and with it about the host.
pub fn is_uri(text: &str) -> bool {
    text.chars().all(|c| c.is_ascii_alphanumeric() || "-._~:/?#[]@!$&'()*+,;=%".contains(c))
}

/// Is this one word, all of it visible: an id, a key, a code?
pub fn is_word(text: &str) -> bool {
    !text.is_empty() && !text.contains(char::is_whitespace) && !has_invisible(text)
}

/// Is there anything in it that shows nothing, and changes how the rest is read?
pub fn has_invisible(text: &str) -> bool {
    text.chars().any(is_invisible)
}

/// Characters that change how others are read while showing nothing themselves: zero-width marks, direction overrides and
/// isolates (Unicode TR 36), the soft hyphen, variation selectors, tags, the controls of hieroglyphs, shorthand and music.
fn is_invisible(c: char) -> bool {
    c.is_control()
        || matches!(c,
            '\u{ad}' | '\u{34f}' | '\u{61c}' | '\u{115f}' | '\u{1160}' | '\u{17b4}' | '\u{17b5}' | '\u{180b}'..='\u{180f}'
            | '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2060}'..='\u{206f}' | '\u{3164}'
            | '\u{fe00}'..='\u{fe0f}' | '\u{feff}' | '\u{ffa0}' | '\u{fff0}'..='\u{fffb}' | '\u{13430}'..='\u{1343f}'
            | '\u{1bca0}'..='\u{1bca3}' | '\u{1d173}'..='\u{1d17a}' | '\u{e0000}'..='\u{e0fff}')
}

#[cfg(test)]
mod tests {
    use super::*;

    fn url(text: &str) -> Url {
        Url::parse(text).expect(text)
    }

    #[test]
    fn only_https_and_this_machine_may_be_contacted() {
        for good in [
            "https://api.acme.dev/v1",
            "http://127.0.0.1:4180/",
            "http://localhost:1/",
            "http://x.localhost.:1/",
            "http://[::1]:1/",
            "https://8.8.8.8/",
        ] {
            assert_eq!(within(&url(good), Reach::Public), Ok(()), "{good}");
        }
        for bad in [
            "http://api.acme.dev/",
            "ftp://acme.dev/",
            "file:///etc/passwd",
            "javascript:alert(1)",
            "https://user@acme.dev/",
            "https://10.0.0.1/",
            "https://0xa.1/",
            "https://169.254.169.254/latest",
            "https://0.0.0.0/",
            &format!("https://{}dev/", "a.".repeat(126)),
            "https://[fe80::1]/",
            "https://[::ffff:192.168.1.1]/",
            "https://[::ffff:127.0.0.1]/",
        ] {
            assert_eq!(within(&url(bad), Reach::Public).map_err(|problem| problem.kind), Err(Kind::Unsafe), "{bad}");
        }
    }

    #[test]
    fn private_networks_are_opened_by_hand_and_the_way_is_told() {
        let private = url("https://10.0.0.1/");
        assert_eq!(within(&private, Reach::Private), Ok(()));
        let problem = within(&private, Reach::Public).expect_err("refused");
        assert!(problem.hint.contains("--resolve-private"), "{problem}");
        let metadata = within(&url("https://169.254.169.254/"), Reach::Private).expect_err("refused");
        assert!(!metadata.hint.contains("--resolve-private"), "{metadata}");
    }

    #[test]
    fn a_stranger_does_not_send_us_to_this_machine() {
        assert!(endpoint_from(&url("http://127.0.0.1:1/"), &url("https://acme.dev/")).is_err());
        assert!(endpoint_from(&url("http://127.0.0.1:1/"), &url("http://127.0.0.1:2/")).is_ok());
        let long = url(&format!("https://acme.dev/{}", "a".repeat(LONGEST_URL)));
        assert!(endpoint_from(&long, &url("https://acme.dev/")).is_err());
        assert_eq!(link("http://localhost/x", &url("https://acme.dev/")), None);
        assert_eq!(link("https://192.168.1.1/x", &url("https://acme.dev/")), None);
        assert!(link("https://192.168.1.1/x", &url("https://192.168.1.2/")).is_some());
    }

    #[test]
    fn what_people_paste_into_a_shell_is_one_word_there() {
        assert_eq!(shell_word("https://acme.dev/v1?a=1"), "'https://acme.dev/v1?a=1'");
        assert_eq!(shell_word("https://acme.dev/v1"), "https://acme.dev/v1");
        assert_eq!(shell_word("https://acme.dev/$(id)'`"), r"'https://acme.dev/$(id)'\''`'");
        assert_eq!(shell_word(""), "''");
    }

    #[test]
    fn what_readers_understand_differently_is_no_resource() {
        assert!(is_uri("https://acme.dev/v1?a=[1]&b=%20#c"));
        for bad in
            ["https://acme.dev\\@evil.dev/", "https://acme.dev/ü", "https://acme.dev/ ", "https://acme.dev/\"", "`"]
        {
            assert!(!is_uri(bad), "{bad}");
        }
    }

    #[test]
    fn a_secret_is_found_however_its_bytes_are_written() {
        let secrets = [Secret::new("clm/s+c t=="), Secret::new("abc")];
        for held in [
            "https://a.dev/?t=clm%2Fs%2Bc+t%3D%3D",
            "https://a.dev/clm%2fs+c%20t==",
            "https://a.dev/#%63lm/s%2Bc%20t%3D=",
        ] {
            assert!(holds_secret(&url(held), &secrets), "{held}");
        }
        assert!(!holds_secret(&url("https://a.dev/abc"), &secrets), "too short to mean it");
        assert_eq!(without("see ?t=clm%2Fs%2Bc+t%3D%3D&u, clm/s+c t==", secrets.iter()), "see ?t=•••&u, •••");
    }

    #[test]
    fn one_site_is_one_registrable_domain() {
        assert!(same_site(&url("https://api.acme.co.uk/"), &url("https://auth.acme.co.uk/")));
        assert!(!same_site(&url("https://acme.co.uk/"), &url("https://other.co.uk/")));
        assert!(!same_site(&url("https://a.github.io/"), &url("https://b.github.io/")));
        assert!(same_site(&url("http://127.0.0.1:1/"), &url("http://127.0.0.1:2/")));
        assert!(!same_site(&url("http://127.0.0.1:1/"), &url("http://localhost:1/")));
    }

    #[test]
    fn a_strangers_text_comes_out_as_one_plain_line() {
        assert_eq!(clean("Acme\u{1b}[31m Mail\r\n\tInc", 40), "Acme [31m Mail Inc");
        assert_eq!(clean("a\u{202e}b\u{200b}c\u{feff}", 40), "abc");
        assert_eq!(clean("日本語日本語", 7), "日本語…");
        assert_eq!(clean("  exact  ", 5), "exact");
        assert_eq!(clean("a \u{200b} b", 5), "a b");
        assert_eq!(clean("a\u{13430}b\u{1bca1}c\u{1d174}d", 5), "abcd");
    }

    #[test]
    fn what_takes_no_room_does_not_make_a_text_longer() {
        assert_eq!(clean("Vi\u{302}\u{323}t", 5), "Vi\u{302}\u{323}t");
        assert_eq!(clean(&format!("a{}b", "\u{301}".repeat(1_000)), 5), "a\u{301}\u{301}\u{301}\u{301}b");
        assert!(clean(&"\u{301} ".repeat(1_000), 5).chars().count() < 30);
    }
}
