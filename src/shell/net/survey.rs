//! What `doctor` says of the network's surroundings: the proxy and the certificates. Nothing is connected to.

use std::env;

use url::Url;

use super::proxy::Proxies;
use crate::flow::storage::{Finding, Level};
use crate::http::HttpError;

/// In either case, as all programs read them.
const PROXY_VARIABLES: [&str; 4] = ["HTTPS_PROXY", "https_proxy", "ALL_PROXY", "all_proxy"];

pub fn findings() -> Vec<Finding> {
    vec![proxy(), certificates()]
}

fn proxy() -> Finding {
    let finding = |level, what: String, remedy: Option<&str>| Finding {
        check: "proxy",
        level,
        what,
        remedy: remedy.map(str::to_owned),
    };
    // A host that no list of exceptions names.
    let anywhere = Url::parse("https://somewhere.invalid/").expect("a URL");
    let named = PROXY_VARIABLES.iter().find(|name| env::var_os(name).is_some_and(|value| !value.is_empty()));
    match (Proxies::from_environment().of(&anywhere), named) {
        (Ok(Some(proxy)), _) => {
            finding(Level::Good, format!("{}, but for what NO_PROXY lists and this machine", proxy.name), None)
        }
        (Err(HttpError::Proxy { name, .. }), _) => finding(
            Level::Warning,
            format!("The proxy {name} is a SOCKS proxy, which this program does not speak to."),
            Some("Name an HTTP proxy in HTTPS_PROXY."),
        ),
        (_, Some(_)) if env::var("NO_PROXY").or_else(|_| env::var("no_proxy")).is_ok_and(|list| list.contains('*')) => {
            finding(Level::Good, "none, as NO_PROXY says".into(), None)
        }
        (_, Some(name)) => finding(
            Level::Warning,
            format!("{name} is set and is not the address of a proxy; services are connected to without one."),
            Some("Write it as http://HOST:PORT, or unset it."),
        ),
        (_, None) => finding(Level::Good, "none".into(), None),
    }
}

/// The variables that name certificates, with what they name.
pub fn named_places() -> Vec<String> {
    let named = |name: &str| {
        let value = crate::trust::clean(&env::var_os(name)?.to_string_lossy(), 120);
        // A file without a name is looked for all the same; a list of folders may be empty.
        match (value.is_empty(), name) {
            (true, "SSL_CERT_FILE") => Some(format!("{name}, which is empty")),
            (true, _) => None,
            (false, _) => Some(format!("{name} ({value})")),
        }
    };
    ["SSL_CERT_FILE", "SSL_CERT_DIR"].into_iter().filter_map(named).collect()
}

fn certificates() -> Finding {
    let loaded = rustls_native_certs::load_native_certs();
    let places = named_places();
    let source = if places.is_empty() { "of the system".to_owned() } else { format!("from {}", places.join(" and ")) };
    let (level, what, remedy) = match (loaded.certs.len(), loaded.errors.first()) {
        (0, _) if places.is_empty() => (
            Level::Warning,
            "The system has no certificates of authorities, so that no service can be trusted.".to_owned(),
            Some("Install them (ca-certificates), or name a file of them in SSL_CERT_FILE."),
        ),
        (0, _) => (
            Level::Warning,
            format!("No certificate could be read {source}, so that no service can be trusted."),
            Some("Name a readable file in PEM form, or unset the variable to use the system's certificates."),
        ),
        (number, Some(error)) => (
            Level::Warning,
            format!(
                "{number} certificates {source}; not all could be read: {}.",
                crate::trust::clean(&error.to_string(), 120)
            ),
            Some("What could be read is used."),
        ),
        (number, None) => (Level::Good, format!("{number} certificates of authorities {source}"), None),
    };
    Finding { check: "certificates", level, what, remedy: remedy.map(str::to_owned) }
}
