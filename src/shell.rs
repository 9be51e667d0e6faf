//! The one place where effects happen.
//!
//! [`perform`] takes an [`Effect`] and brings back the [`Input`] that answers it. Everything else in here is what it needs
//! for that: the network, the browser, the clock, folders and the log file.

pub mod browser;
pub mod clipboard;
pub mod clock;
pub mod deliver;
pub mod expressions;
pub mod hangup;
pub mod interrupt;
pub mod log;
pub mod loopback;
pub mod net;
pub mod paths;
pub mod pins;
pub mod process;
pub mod settings;
pub mod skills;
pub mod surroundings;
pub mod variables;

use std::path::Path;
use std::sync::Arc;

use crate::account::StoreKind;
use crate::flow::{Clients, Effect, Input, Known};
use crate::problem::{Kind, Problem};
use crate::store::attempts::Attempts;
use crate::store::{self, Stores};

/// What effects are performed with. Cheap to clone.
#[derive(Clone)]
pub struct Ports {
    pub net: net::Net,
    pub stores: Arc<Stores>,
    pub attempts: Arc<Attempts>,
    pub browser: browser::Browser,
    /// The file that only a person writes.
    pub settings: Arc<Path>,
    pub loopback: loopback::Loopback,
    pub evaluator: expressions::Evaluator,
    pub library: skills::Library,
}

pub async fn perform(effect: Effect, ports: &Ports) -> Input {
    match effect {
        Effect::Http(request) => Input::Http(ports.net.send(&request).await),
        Effect::Wait(span) => {
            tokio::time::sleep(span).await;
            Input::Elapsed
        }
        Effect::Work(slice) => {
            // A task that ends badly has found nothing.
            Input::Worked(tokio::task::spawn_blocking(move || slice.search()).await.unwrap_or_default())
        }
        Effect::Lookup { resource } => {
            let (surroundings, file) = (ports.browser.surroundings(), Arc::clone(&ports.settings));
            let attempts = Arc::clone(&ports.attempts);
            let known = move |stores: &Stores| {
                let (clients, unsettled) = match settings::read(&file) {
                    Ok(settings) => (settings.clients, None),
                    Err(problem) => (Clients::default(), Some(Box::new(problem))),
                };
                let attempts = attempts.of(&resource);
                let known = Known { attempts, surroundings, clients, unsettled, ..stores.known(&resource) };
                Ok(Box::new(known))
            };
            Input::Known(ports.blocking(known).await)
        }
        Effect::Listen { port } => Input::Listening(ports.loopback.listen(port).await),
        Effect::Await { port } => Input::Redirected(ports.loopback.redirected(port).await),
        Effect::Read(source) => {
            let library = ports.library.clone();
            Input::Read(ports.blocking(move |_| library.read(&source)).await)
        }
        Effect::Evaluate(work) => Input::Evaluated(ports.evaluator.evaluate(&work).await),
        Effect::Deliver(delivery) => Input::Stored(deliver::deliver(*delivery).await),
        Effect::Pin(file) => {
            let library = ports.library.clone();
            Input::Stored(ports.blocking(move |_| library.pin(&file)).await)
        }
        Effect::Open(page) => Input::Opened(ports.browser.open(&page)),
        Effect::Load(id) => Input::Loaded(ports.blocking(move |stores| Ok(stores.load(&id)?.map(Box::new))).await),
        Effect::Unlock(StoreKind::Vault) => {
            Input::Stored(ports.blocking(|stores| stores.required_vault()?.ready()).await)
        }
        Effect::Unlock(StoreKind::Json | StoreKind::Memory | StoreKind::Foreign) => Input::Stored(Ok(())),
        Effect::Lock(id) => Input::Locked(ports.blocking(move |stores| stores.lock(&id)).await),
        Effect::Save(kept, event) => {
            Input::Stored(ports.blocking(move |stores| stores.save(&kept, event.as_ref())).await)
        }
        Effect::Note { id, note, obtained } => {
            Input::Stored(ports.blocking(move |stores| stores.note(&id, note, obtained)).await)
        }
        Effect::Attempted(attempt) => {
            let attempts = Arc::clone(&ports.attempts);
            Input::Stored(ports.blocking(move |_| attempts.record(*attempt)).await)
        }
        Effect::Forget(id, event) => {
            Input::Stored(ports.blocking(move |stores| stores.forget(&id, &event)).await.map(drop))
        }
        Effect::Survey => Input::Surveyed(Box::new(ports.blocking(|stores| Ok(store::survey::survey(stores))).await)),
        Effect::LockVault => Input::Stored(ports.blocking(|stores| stores.required_vault()?.lock()).await),
        Effect::TakeOver { foreign } => {
            Input::TakenOver(ports.blocking(move |stores| store::migrate::take_over(stores, foreign)).await)
        }
        Effect::Repair => Input::Stored(ports.blocking(store::survey::repair_something).await),
        Effect::MakeVault(guard) => {
            Input::Stored(ports.blocking(move |stores| stores.required_vault()?.create(&guard)).await)
        }
        Effect::Protect(guard) => {
            Input::Stored(ports.blocking(move |stores| stores.required_vault()?.protect(&guard)).await)
        }
    }
}

impl Ports {
    /// Runs a store's work where it may take its time.
    pub async fn blocking<T: Send + 'static>(
        &self,
        work: impl FnOnce(&Stores) -> Result<T, Problem> + Send + 'static,
    ) -> Result<T, Problem> {
        let stores = Arc::clone(&self.stores);
        tokio::task::spawn_blocking(move || work(&stores)).await.unwrap_or_else(|_| {
            Err(Problem::new(
                Kind::Store,
                "The store ended unexpectedly.",
                "Try again; if it happens again, please report it.",
            ))
        })
    }
}
