//! What comes in, and what goes out: all that [`super::App::update`] hears of the world, and asks of it.

use crossterm::event::KeyEvent;
use url::Url;

use crate::account::{AccountId, Event, Kept};
use crate::flow::{Effect, Input};
use crate::problem::Problem;
use crate::secret::Secret;
use crate::skill::Described;
use crate::store::{Listing, Removed};
use crate::tui::session::FlowId;

/// What can happen to the program.
#[derive(Debug)]
pub enum Message {
    Key(KeyEvent),
    /// Perhaps a passphrase.
    Paste(Secret),
    /// The left button, at a column and a row.
    Click(u16, u16),
    Wheel(Wheel),
    /// The screen has to be drawn again: another size, another moment, back from suspension.
    Redraw,
    Flow(FlowId, Input),
    Loaded(Result<Loaded, Problem>),
    Credential(AccountId, Result<Option<Box<Kept>>, Problem>),
    /// What its detail has besides the account.
    Recalled(AccountId, Beside),
    Forgotten(AccountId, Result<Vec<Removed>, Problem>),
    /// This machine's own clipboard has it, too.
    Copied,
    /// What was forgotten is there again.
    PutBack(AccountId, Vec<Removed>, Result<(), Problem>),
    /// The command could not be done: the vault wants its passphrase first.
    Locked(Command, Problem),
    Unlocked(Result<(), Problem>),
    /// The vault's key was forgotten; true where there was one.
    KeyForgotten(bool),
    Opened(Result<(), Problem>),
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Wheel {
    Up,
    Down,
}

/// What there is to be listed.
#[derive(Debug)]
pub struct Loaded {
    pub listing: Listing,
    /// Where new credentials go.
    pub store: &'static str,
    /// The services of the person's own skills.
    pub described: Vec<Described>,
}

/// What is told of an account besides what it is.
#[derive(Debug, Default)]
pub struct Beside {
    /// What has happened to it.
    pub past: Vec<Event>,
    /// The variables of this environment that programs look at before its credential.
    pub set_here: Vec<String>,
}

/// What is to be done in the world.
#[derive(Debug, Clone, PartialEq)]
pub enum Command {
    Perform(FlowId, Effect),
    /// Read the accounts of all stores.
    Load,
    Fetch(AccountId),
    /// Read what the detail of an account has besides it.
    Recall(AccountId),
    Forget(AccountId),
    /// Undo that.
    PutBack(AccountId, Vec<Removed>),
    /// Open the vault with a passphrase.
    Unlock(Secret),
    /// Nobody is there any more: forget the vault's key.
    ForgetKey,
    Open(Url),
    /// Hand a text to the terminal's clipboard.
    Copy(Secret),
    ClearClipboard,
    /// Leave the screen and print the bare link.
    Print(Url),
    Suspend,
    Quit,
}
