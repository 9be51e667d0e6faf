//! Opening a page for the person, where there is a browser that they can see.

use std::env;

use url::Url;

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
        let display =
            cfg!(not(target_os = "linux")) || set("DISPLAY") || set("WAYLAND_DISPLAY") || set("WSL_DISTRO_NAME");
        match (named, display) {
            (None, false) => Browser::Nowhere("there is no display here"),
            (named, _) => Browser::Here(named),
        }
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
