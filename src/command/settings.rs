//! What arguments and environment decide, read once.

use std::env;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use crate::account::StoreKind;
use crate::args::Common;
use crate::events::Events;
use crate::problem::Problem;
use crate::shell::browser::Browser;
use crate::shell::net::{self, Net};
use crate::shell::paths::Paths;
use crate::shell::{Ports, log};
use crate::store::json::Json;
use crate::store::memory::Memory;
use crate::store::{Store, Stores};

pub struct Settings {
    pub json: bool,
    pub browser: Browser,
    pub color: bool,
    /// More than ASCII can be shown.
    pub unicode: bool,
    store: Option<StoreKind>,
    token_file: Option<PathBuf>,
    paths: Paths,
    events: Option<PathBuf>,
    timeout: Duration,
}

impl Settings {
    pub fn new(common: &Common, full_screen: bool) -> Result<Self, Problem> {
        let set = |name: &str| env::var_os(name).filter(|value| !value.is_empty());
        let paths = Paths::from_environment()?;
        log::start(&paths.log_file(), common.verbose && !full_screen)?;
        Ok(Self {
            json: common.json,
            browser: Browser::detect(common.no_browser),
            color: !common.no_color && set("NO_COLOR").is_none() && set("TERM").is_none_or(|term| term != "dumb"),
            unicode: speaks_unicode(),
            store: common.store.map(Into::into),
            token_file: set("AUTH_MD_TOKEN_STORE").map(PathBuf::from),
            paths,
            events: common.events.clone(),
            timeout: common.timeout.unwrap_or(net::TIMEOUT),
        })
    }

    pub fn net(&self) -> Result<Net, Problem> {
        Net::new(self.timeout)
    }

    pub fn ports(&self) -> Result<Ports, Problem> {
        Ok(Ports { net: self.net()?, stores: Arc::new(self.stores()) })
    }

    pub fn events(&self) -> Result<Option<Events>, Problem> {
        self.events.as_deref().map(Events::open).transpose()
    }

    /// The flag or `AUTHMD_TUI_STORE` decides; else the shared file where one is named; else the file of our own, once
    /// somebody has chosen it.
    fn stores(&self) -> Stores {
        let own_file = self.paths.token_file();
        let decided = self.store.is_some() || self.token_file.is_some() || own_file.exists();
        let memory: Box<dyn Store> = Box::new(Memory::default());
        if self.store == Some(StoreKind::Memory) {
            return Stores::new(vec![memory], true);
        }
        let file = self.token_file.clone().unwrap_or(own_file);
        Stores::new(vec![Box::new(Json::new(file)), memory], decided)
    }
}

/// The locale decides (POSIX, XBD 8.2): the first of these that is set.
fn speaks_unicode() -> bool {
    let locale =
        ["LC_ALL", "LC_CTYPE", "LANG"].iter().find_map(|name| env::var(name).ok().filter(|value| !value.is_empty()));
    match locale {
        Some(locale) => locale.to_lowercase().replace('-', "").contains("utf8"),
        None => cfg!(windows),
    }
}
