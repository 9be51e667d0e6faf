//! The way through the screens, which the tests go, too.

#![allow(dead_code, reason = "the tests use more of it")]

#[path = "../../it/support/oauth.rs"]
pub mod oauth;
#[path = "../../it/support/play.rs"]
pub mod play;
#[path = "../../it/support/tour.rs"]
pub mod tour;
#[path = "../../it/support/values.rs"]
mod values;

pub use values::{account, hours, loaded, noon, url};
