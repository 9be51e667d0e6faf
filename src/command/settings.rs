//! What arguments and environment decide, read once.

use std::env;
use std::io::{self, Write};
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use jiff::SignedDuration;

use crate::args::{Common, StoreChoice};
use crate::events::Events;
use crate::problem::{Kind, Problem};
use crate::shell::browser::Browser;
use crate::shell::expressions::Evaluator;
use crate::shell::loopback::Loopback;
use crate::shell::net::{self, Net};
use crate::shell::paths::Paths;
use crate::shell::pins::Pins;
use crate::shell::settings::{self, Preferences};
use crate::shell::skills::Library;
use crate::shell::surroundings::Found;
use crate::shell::{Ports, log};
use crate::store::attempts::Attempts;
use crate::store::fingerprint::Fingerprints;
use crate::store::foreign::Foreign;
use crate::store::history::History;
use crate::store::json::Json;
use crate::store::keyring::System;
use crate::store::lock::Locks;
use crate::store::memory::Memory;
use crate::store::vault::Vault;
use crate::store::{Store, Stores, survey};
use crate::trust::Reach;
use crate::tui::theme::Depth;
use crate::{tui, when};

/// Why a store is used.
const ASKED_FOR: &str = "--store or AUTHMD_TUI_STORE says so";

pub struct Settings {
    pub json: bool,
    pub browser: Browser,
    /// Where the person sits, and what their terminal can show.
    pub found: Found,
    /// How many colours there are to be.
    pub depth: Depth,
    /// More than ASCII can be shown.
    pub unicode: bool,
    /// How long the vault stays open in the full screen with nobody there.
    pub lock_after: SignedDuration,
    /// How far requests may go.
    pub reach: Reach,
    store: Option<StoreChoice>,
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
        let found = Found::here();
        Ok(Self {
            json: common.json,
            browser: Browser::new(found.clone(), common.no_browser),
            depth: if common.no_color { Depth::None } else { found.depth },
            unicode: found.unicode,
            found,
            lock_after: lock_after()?,
            reach: if common.resolve_private { Reach::Private } else { Reach::Public },
            store: common.store,
            token_file: set("AUTH_MD_TOKEN_STORE").map(PathBuf::from),
            paths,
            events: common.events.clone(),
            timeout: common.timeout.unwrap_or(net::TIMEOUT),
        })
    }

    pub fn net(&self) -> Result<Net, Problem> {
        Net::new(self.timeout, self.reach)
    }

    /// What effects are performed with. A token file that others can read is used, and not silently.
    pub fn ports(&self) -> Result<Ports, Problem> {
        let stores = self.stores();
        if let Some(problem) = survey::warning(&stores) {
            let _ = writeln!(io::stderr(), "warning: {problem}");
        }
        self.ports_on(stores, Attempts::File(self.paths.attempts_file()))
    }

    /// The same on other stores.
    pub fn ports_on(&self, stores: Stores, attempts: Attempts) -> Result<Ports, Problem> {
        Ok(Ports {
            net: self.net()?,
            stores: Arc::new(stores),
            attempts: Arc::new(attempts),
            browser: self.browser.clone(),
            settings: self.paths.settings_file().into(),
            loopback: Loopback::default(),
            library: self.library(),
            evaluator: Evaluator::new(env::current_exe().unwrap_or_default()),
        })
    }

    /// The settings file, whether or not it is there.
    pub fn file(&self) -> PathBuf {
        self.paths.settings_file()
    }

    /// How the person wants the full screen: `AUTHMD_TUI_THEME`, and the settings file.
    pub fn preferences(&self) -> Result<Preferences, Problem> {
        let written = settings::read(&self.paths.settings_file())?.screen;
        match env::var("AUTHMD_TUI_THEME").ok().filter(|name| !name.is_empty()) {
            Some(name) => {
                let look = settings::look(&name).map_err(|why| {
                    Problem::new(Kind::Usage, format!("AUTHMD_TUI_THEME: {why}."), "Name one of these, or unset it.")
                })?;
                Ok(Preferences { look, ..written })
            }
            None => Ok(written),
        }
    }

    /// The skills that have a name.
    pub fn library(&self) -> Library {
        Library::new(self.paths.skills_folder(), Pins::File(self.paths.data.join("skills.json").into()))
    }

    pub fn log_file(&self) -> PathBuf {
        self.paths.log_file()
    }

    pub fn events(&self) -> Result<Option<Events>, Problem> {
        self.events.as_deref().map(Events::open).transpose()
    }

    /// The flag or `AUTHMD_TUI_STORE` decides; else the shared file where one is named; else the vault. Before there is
    /// one, a file of our own counts, where somebody has chosen that.
    fn stores(&self) -> Stores {
        let memory: Arc<dyn Store> = Arc::new(Memory::default());
        let foreign: Arc<dyn Store> = Arc::new(Foreign::here());
        let vault = self.vault();
        let file = Arc::new(Json::new(self.token_file.clone().unwrap_or_else(|| self.paths.token_file())));
        let locks = Locks::Folder(self.paths.lock_folder());
        let fingerprints = Fingerprints::in_file(self.paths.data.join("fingerprint.key"));
        let history = History::in_file(self.paths.data.join("history.sqlite"));
        let (in_use, why): (Vec<Arc<dyn Store>>, _) = match (self.store, &self.token_file) {
            (Some(StoreChoice::Memory), _) => (vec![memory], Some(ASKED_FOR)),
            (Some(StoreChoice::Json), _) => (vec![file.clone(), memory], Some(ASKED_FOR)),
            (Some(StoreChoice::Vault), _) => (vec![vault.clone(), memory], Some(ASKED_FOR)),
            (None, Some(_)) => (vec![file.clone(), memory, foreign], Some("AUTH_MD_TOKEN_STORE names it")),
            (None, None) => (vec![vault.clone(), file.clone(), memory, foreign], None),
        };
        let stores = Stores::new(in_use, locks, why).with_vault(vault).with_file(file);
        stores.with_fingerprints(fingerprints).with_history(history)
    }

    fn vault(&self) -> Arc<Vault> {
        Arc::new(Vault::new(self.paths.vault_folder(), Arc::new(System::default())))
    }
}

/// `AUTHMD_TUI_LOCK_AFTER`, as in 5min.
fn lock_after() -> Result<SignedDuration, Problem> {
    let Some(text) = env::var("AUTHMD_TUI_LOCK_AFTER").ok().filter(|text| !text.is_empty()) else {
        return Ok(tui::app::LOCK_AFTER);
    };
    when::parse_span(&text).map_err(|_| {
        Problem::new(Kind::Usage, "AUTHMD_TUI_LOCK_AFTER is not a span of time.", "Write it like 5min, or unset it.")
    })
}
