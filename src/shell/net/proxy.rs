//! Which proxy a request goes through, as `HTTPS_PROXY`, `ALL_PROXY` and `NO_PROXY` say (in either case), and what it said.
//!
//! The HTTP client decides by the same reader of the environment. It is asked here as well because a proxied request is
//! another thing: the proxy resolves the name and connects, so that our judgement of addresses ends with what is written in
//! the URL; and an error that is the proxy's must not be told as the service's.

use std::error::Error;

use hyper_util::client::proxy::matcher::Matcher;
use url::Url;

use crate::http::{HttpError, ProxyFault, Refused};
use crate::trust;

pub struct Proxies(Matcher);

pub struct Proxy {
    /// `host:port`, and the scheme where it is not `http`. User name and password are not in it.
    pub name: String,
}

impl Proxies {
    pub fn from_environment() -> Self {
        Self(Matcher::from_env())
    }

    /// The proxy for this URL. Services on this machine have none.
    pub fn of(&self, url: &Url) -> Result<Option<Proxy>, HttpError> {
        if trust::is_loopback(url) {
            return Ok(None);
        }
        let Some(intercept) = url.as_str().parse().ok().and_then(|uri| self.0.intercept(&uri)) else {
            return Ok(None);
        };
        let uri = intercept.uri();
        let authority = uri.authority().map(|authority| authority.as_str()).unwrap_or_default();
        let place = authority.rsplit('@').next().unwrap_or_default();
        let scheme = uri.scheme_str().unwrap_or("http");
        let name = trust::clean(&if scheme == "http" { place.to_owned() } else { format!("{scheme}://{place}") }, 80);
        match scheme {
            "http" | "https" => Ok(Some(Proxy { name })),
            _ => {
                let why = "it is a SOCKS proxy, which this program does not speak to".to_owned();
                Err(HttpError::Proxy { name, fault: ProxyFault::Unreachable(why) })
            }
        }
    }
}

/// What the proxy is at fault for, if it is: before the tunnel stands, every error is its own. The client has no name for
/// these errors but their words; `tests/it/proxy.rs` holds them.
pub fn fault<'a>(
    mut causes: impl Iterator<Item = &'a (dyn Error + 'static)>,
    innermost: &str,
    refused: Option<&Refused>,
) -> Option<ProxyFault> {
    let words = causes.find_map(|cause| cause.to_string().strip_prefix("tunnel error: ").map(str::to_owned))?;
    if let Some(refused) = refused {
        return Some(ProxyFault::Certificate(refused.clone()));
    }
    Some(match words.as_str() {
        "proxy authorization required" => ProxyFault::WantsPassword,
        "unsuccessful" => ProxyFault::Refused,
        "unexpected end of file" => ProxyFault::Unreachable("it closed the connection".into()),
        "proxy response headers too long" => ProxyFault::Unreachable("its answer has no end".into()),
        _ => ProxyFault::Unreachable(innermost.to_owned()),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn name(proxies: &Proxies, url: &str) -> Option<String> {
        proxies.of(&Url::parse(url).expect(url)).expect("a proxy of the web").map(|proxy| proxy.name)
    }

    #[test]
    fn a_proxy_is_named_without_its_password() {
        let proxies = Proxies(
            Matcher::builder()
                .https("http://ada:hunter2@proxy.acme.dev:3128")
                .no("internal.acme.dev,10.0.0.0/8")
                .build(),
        );
        assert_eq!(name(&proxies, "https://api.acme.dev/").as_deref(), Some("proxy.acme.dev:3128"));
        for direct in [
            "https://internal.acme.dev/",
            "https://x.internal.acme.dev/",
            "https://10.1.2.3/",
            "https://localhost/",
            "http://127.0.0.1:1/",
        ] {
            assert_eq!(name(&proxies, direct), None, "{direct}");
        }
        let secure = Proxies(Matcher::builder().all("https://proxy.acme.dev").build());
        assert_eq!(name(&secure, "https://api.acme.dev/").as_deref(), Some("https://proxy.acme.dev"));
    }

    #[test]
    fn a_proxy_of_another_kind_is_not_passed_by() {
        let socks = Proxies(Matcher::builder().all("socks5h://ada:hunter2@127.0.0.1:1080").build());
        let error = socks.of(&Url::parse("https://api.acme.dev/").expect("a URL")).err();
        let expected = "socks5h://127.0.0.1:1080";
        assert!(matches!(error, Some(HttpError::Proxy { name, .. }) if name == expected));
    }
}
