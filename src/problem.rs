//! What went wrong, as a person is told it: one line what happened, one line what to do.

use std::fmt;

/// The only error a user sees.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Problem {
    pub kind: Kind,
    /// One line: what happened.
    pub what: String,
    /// One line: what to do about it.
    pub hint: String,
}

/// What sort of problem it is; it decides the exit code and nothing else.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    Failed,
    Usage,
    NoSuchAccount,
    NeedsPerson,
    ServiceRefused,
    Unreachable,
    Store,
    /// The store wants its passphrase first.
    Locked,
    Unsafe,
    Cancelled,
}

impl Kind {
    /// The exit code of a command that ends with such a problem.
    pub fn exit_code(self) -> u8 {
        match self {
            Kind::Failed => 1,
            Kind::Usage => 2,
            Kind::NoSuchAccount => 3,
            Kind::NeedsPerson => 5,
            Kind::ServiceRefused => 6,
            Kind::Unreachable => 7,
            Kind::Store | Kind::Locked => 8,
            Kind::Unsafe => 9,
            Kind::Cancelled => 130,
        }
    }
}

impl Problem {
    pub fn new(kind: Kind, what: impl Into<String>, hint: impl Into<String>) -> Self {
        Self { kind, what: what.into(), hint: hint.into() }
    }

    pub fn cancelled() -> Self {
        Self::new(Kind::Cancelled, "Cancelled.", "What was done before stays done; start again whenever you like.")
    }
}

/// An error of the system in words; its number is for programs.
pub fn cause(error: &dyn std::error::Error) -> String {
    let words = error.to_string();
    words.split(" (os error").next().unwrap_or_default().to_owned()
}

impl fmt::Display for Problem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}\nhint: {}", self.what, self.hint)
    }
}
