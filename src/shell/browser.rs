//! Opening a page for the person, where there is a browser that they can see.

use std::env;

use url::Url;

use super::surroundings::Found;
use crate::flow::{Opening, Surroundings};
use crate::problem::{Kind, Problem};

/// How a page is opened from here.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Browser {
    found: Found,
    /// The program named in `BROWSER`.
    named: Option<String>,
    /// `--no-browser` was given.
    forbidden: bool,
}

impl Browser {
    pub fn new(found: Found, forbidden: bool) -> Self {
        let named = env::var("BROWSER").ok().filter(|browser| !browser.is_empty());
        Self { found, named, forbidden }
    }

    /// Why no browser is started unless somebody asks for it.
    fn why_not(&self) -> Option<&'static str> {
        let elsewhere = self.found.is_remote() || self.found.editor || self.found.wsl;
        match self.found.why_no_browser() {
            _ if self.forbidden => Some("--no-browser was given"),
            // One that is named in a container, or without a display, knows its way.
            Some(_) if self.named.is_some() && !elsewhere => None,
            why => why,
        }
    }

    /// What happens when somebody asks for a page.
    fn opening(&self) -> Opening {
        let found = &self.found;
        let leads_home = found.editor || found.wsl && !found.is_remote();
        match self.why_not() {
            None => Opening::AtOnce,
            Some(_) if self.forbidden => Opening::Not,
            // The editor's helper, or Windows itself, opens it where the person sits.
            Some(_) if leads_home && (self.named.is_some() || found.wsl) => Opening::AtOnce,
            Some(_) if self.named.is_some() || found.display => Opening::Asked,
            Some(_) => Opening::Not,
        }
    }

    /// What this means for who sits at the terminal.
    pub fn surroundings(&self) -> Surroundings {
        Surroundings { no_browser: self.why_not(), opening: self.opening(), ssh: self.found.reached.clone() }
    }

    /// Opens a page that nobody asked for, and only where the person sees the browser.
    pub fn open(&self, page: &Url) -> Result<(), Problem> {
        match self.why_not() {
            Some(why) => Err(not_opened(why, page)),
            None => self.start(page),
        }
    }

    /// Opens a page that somebody asked for, and who was asked in turn where that is not where they sit.
    pub fn open_asked(&self, page: &Url) -> Result<(), Problem> {
        match (self.opening(), self.why_not()) {
            (Opening::Not, Some(why)) => Err(not_opened(why, page)),
            _ => self.start(page),
        }
    }

    /// Starts it for a page that passes [`crate::trust::endpoint`], never through a shell.
    fn start(&self, page: &Url) -> Result<(), Problem> {
        crate::trust::endpoint(page)?;
        let opened = match &self.named {
            Some(program) => open::with_detached(page.as_str(), program),
            None => open::that_detached(page.as_str()),
        };
        opened
            .map_err(|error| Problem::new(Kind::Failed, format!("The browser did not start: {error}."), by_hand(page)))
    }
}

fn not_opened(why: &str, page: &Url) -> Problem {
    Problem::new(Kind::Failed, format!("Not opened: {why}."), by_hand(page))
}

fn by_hand(page: &Url) -> String {
    format!("Open it where you have a browser: {page}")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::tui::theme::Depth;

    fn browser(change: impl Fn(&mut Found), named: bool) -> Browser {
        let mut found = Found {
            ssh: false,
            reached: None,
            mosh: false,
            container: false,
            wsl: false,
            editor: false,
            display: true,
            multiplexer: None,
            depth: Depth::None,
            unicode: true,
        };
        change(&mut found);
        Browser { found, named: named.then(|| "helper".to_owned()), forbidden: false }
    }

    #[test]
    fn nothing_is_opened_on_the_wrong_machine_unasked() {
        let cases = [
            ("a desk", browser(|_| {}, false), true, Opening::AtOnce),
            ("SSH with a display there", browser(|found| found.ssh = true, false), false, Opening::Asked),
            ("SSH without", browser(|found| (found.ssh, found.display) = (true, false), false), false, Opening::Not),
            ("mosh", browser(|found| (found.mosh, found.display) = (true, false), false), false, Opening::Not),
            (
                "mosh, BROWSER",
                browser(|found| (found.mosh, found.display) = (true, false), true),
                false,
                Opening::Asked,
            ),
            ("VS Code", browser(|found| (found.editor, found.ssh) = (true, true), true), false, Opening::AtOnce),
            ("WSL", browser(|found| found.wsl = true, false), false, Opening::AtOnce),
            (
                "a container",
                browser(|found| (found.container, found.display) = (true, false), false),
                false,
                Opening::Not,
            ),
            ("a container, BROWSER", browser(|found| found.container = true, true), true, Opening::AtOnce),
            ("no display", browser(|found| found.display = false, false), false, Opening::Not),
        ];
        for (name, browser, unasked, opening) in cases {
            assert_eq!((browser.why_not().is_none(), browser.opening()), (unasked, opening), "{name}");
        }
        let forbidden = Browser { forbidden: true, ..browser(|_| {}, true) };
        assert!(forbidden.why_not().is_some() && forbidden.opening() == Opening::Not);
    }
}
