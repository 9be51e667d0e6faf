//! Reading ahead: what is likely to be asked next may be asked side by side with what is asked first.
//!
//! Whoever builds a request says what will probably follow it; whoever sends it may ask that as well, and puts what is under
//! way on the shelf, where a later request with the same shelf finds it. To the one who asks it is all the same but for the
//! time it takes: answers come in the order in which they are asked for.

use std::collections::HashMap;
use std::fmt;
use std::pin::Pin;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use url::Url;

use super::{HttpError, Response};

/// What is likely to be asked after a request, by `GET` and with nothing in it but where it goes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Ahead {
    pub likely: Vec<Url>,
    pub shelf: Shelf,
}

/// An answer that is under way. It is given up when this is dropped.
pub type UnderWay = Pin<Box<dyn Future<Output = Result<Response, HttpError>> + Send>>;

/// Answers under way that nobody has asked for yet. They are given up with its last copy.
#[derive(Clone, Default)]
pub struct Shelf(Arc<Mutex<HashMap<Url, UnderWay>>>);

impl Shelf {
    pub fn has(&self, url: &Url) -> bool {
        self.open().contains_key(url)
    }

    pub fn put(&self, url: Url, answer: UnderWay) {
        self.open().insert(url, answer);
    }

    pub fn take(&self, url: &Url) -> Option<UnderWay> {
        self.open().remove(url)
    }

    fn open(&self) -> MutexGuard<'_, HashMap<Url, UnderWay>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// What lies on a shelf makes no request another one.
impl PartialEq for Shelf {
    fn eq(&self, _: &Self) -> bool {
        true
    }
}

impl Eq for Shelf {}

impl fmt::Debug for Shelf {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Shelf")
    }
}
