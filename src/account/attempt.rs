//! That somebody has signed up, or has tried to: a second time may make a second account, or end the key of the first.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use super::Mode;

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Attempt {
    /// What the credential is for.
    pub resource: String,
    pub mode: Mode,
    pub at: Timestamp,
    pub ended: Ended,
}

/// How it ended, as far as is known here.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Ended {
    /// Something was sent, and nothing is known of what became of it.
    Open,
    Refused,
    Done,
}
