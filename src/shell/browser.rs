//! Opening a page for the person, where there is a browser that they can see.

use std::env;

use url::Url;

use crate::flow::{Ssh, Surroundings};
use crate::problem::{Kind, Problem};

/// Is there a browser on the machine that the person sits at?
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Browser {
    /// The system's way of opening pages, or the program named in `BROWSER`.
    Here(Option<String>),
    /// There is none to be seen; the words say why.
    Nowhere(&'static str),
}

impl Browser {
    pub fn detect(forbidden: bool) -> Self {
        let set = |name: &str| env::var_os(name).is_some_and(|value| !value.is_empty());
        if forbidden {
            return Browser::Nowhere("--no-browser was given");
        }
        if set("SSH_CONNECTION") || set("SSH_TTY") {
            return Browser::Nowhere("you are on SSH, a browser would open on the other machine");
        }
        let named = env::var("BROWSER").ok().filter(|browser| !browser.is_empty());
        // One that is named in a container knows the way out of it.
        if named.is_none() && is_container() {
            return Browser::Nowhere("this is a container, and no browser of yours is in it");
        }
        let display =
            cfg!(not(target_os = "linux")) || set("DISPLAY") || set("WAYLAND_DISPLAY") || set("WSL_DISTRO_NAME");
        match (named, display) {
            (None, false) => Browser::Nowhere("there is no display here"),
            (named, _) => Browser::Here(named),
        }
    }

    /// What this means for who sits at the terminal.
    pub fn surroundings(&self) -> Surroundings {
        let no_browser = match self {
            Browser::Nowhere(why) => Some(*why),
            Browser::Here(_) => None,
        };
        let variable = |name: &str| env::var(name).ok().filter(|value| !value.is_empty());
        let user = variable("USER").or_else(|| variable("LOGNAME"));
        let ssh = variable("SSH_CONNECTION").and_then(|connection| reached_by_ssh(&connection, user?));
        Surroundings { no_browser, ssh }
    }

    /// Opens a page that passes [`crate::trust::endpoint`], never through a shell.
    pub fn open(&self, page: &Url) -> Result<(), Problem> {
        crate::trust::endpoint(page)?;
        let by_hand = format!("Open it where you have a browser: {page}");
        let opened = match self {
            Browser::Nowhere(why) => return Err(Problem::new(Kind::Failed, format!("Not opened: {why}."), by_hand)),
            Browser::Here(Some(program)) => open::with_detached(page.as_str(), program),
            Browser::Here(None) => open::that_detached(page.as_str()),
        };
        opened.map_err(|error| Problem::new(Kind::Failed, format!("The browser did not start: {error}."), by_hand))
    }
}

/// A file that container engines put into each of theirs, or the name that they give.
fn is_container() -> bool {
    let files = ["/.dockerenv", "/run/.containerenv"];
    files.iter().any(|file| std::path::Path::new(file).exists())
        || env::var_os("container").is_some_and(|name| !name.is_empty())
}

/// `SSH_CONNECTION`: the client's address and port, then those of this machine (ssh(1)). The machine is named as the client
/// reached it, as far as it can be told from here.
fn reached_by_ssh(connection: &str, user: String) -> Option<Ssh> {
    let mut parts = connection.split_whitespace().skip(2);
    let (host, port) = (parts.next()?, parts.next()?.parse().ok()?);
    host.parse::<std::net::IpAddr>().ok()?;
    Some(Ssh { user, host: host.to_owned(), port })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_machine_is_named_as_it_was_reached() {
        let ssh = |connection: &str| reached_by_ssh(connection, "ada".into()).map(|ssh| (ssh.host, ssh.port));
        assert_eq!(ssh("198.51.100.7 50712 203.0.113.5 2222"), Some(("203.0.113.5".into(), 2222)));
        assert_eq!(ssh("2001:db8::7 50712 2001:db8::5 22"), Some(("2001:db8::5".into(), 22)));
        for odd in ["", "198.51.100.7 50712", "a b $(id) 22", "a b 203.0.113.5 x"] {
            assert_eq!(ssh(odd), None, "{odd}");
        }
    }
}
