//! Ctrl-C, heard from the moment at which somebody listens: one that comes while nothing waits for it is not lost.

#[cfg(unix)]
use tokio::signal::unix::{Signal, SignalKind, signal};

/// The interrupts since this was made.
#[derive(Debug)]
pub struct Interrupts {
    #[cfg(unix)]
    signal: Option<Signal>,
}

#[cfg(unix)]
impl Interrupts {
    /// Where the system lets nobody listen, Ctrl-C ends the program as it ends others.
    pub fn listen() -> Self {
        Self { signal: signal(SignalKind::interrupt()).ok() }
    }

    pub async fn next(&mut self) {
        match &mut self.signal {
            Some(signal) => drop(signal.recv().await),
            None => std::future::pending().await,
        }
    }
}

#[cfg(not(unix))]
impl Interrupts {
    pub fn listen() -> Self {
        Self {}
    }

    pub async fn next(&mut self) {
        if tokio::signal::ctrl_c().await.is_err() {
            std::future::pending().await
        }
    }
}
