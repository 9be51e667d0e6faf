//! What the tests share: a pretended service for flows, the program on its way through its screens, and the means to watch a
//! program in a terminal.

pub mod hostile;
pub mod keyring;
pub mod many;
pub mod oauth;
pub mod play;
pub mod proxy;
pub mod terminal;
pub mod tls;
pub mod tour;
mod values;

pub use values::{account, hours, loaded, noon, url};
