//! The pure core: everything that talks to the world is a [`Flow`], a state machine whose effects are values.
//!
//! ```text
//!            Input ──▶ Flow::step(input, now) ──▶ Vec<Effect>      performed by `shell`, answered with the next Input
//!                      Flow::screen(now)      ──▶ Screen           drawn by `tui`, asked by `plain`, compared by tests
//! ```
//!
//! The rules that every flow keeps, property-tested in `tests/it/invariants.rs`:
//! - at most one effect is under way at a time, so one request and one timer at most; what may be read ahead of its turn
//!   ([`crate::http::Ahead`]) is a hint to whoever performs;
//! - an input that does not fit the state is ignored;
//! - `Cancel` ends it from anywhere; only what cannot be taken back any more is waited for first: a token on its way
//!   and what came of it, a change of the stores;
//! - a token that works once is sent only after that was written down;
//! - after the outcome nothing is emitted;
//! - a claim is completed only with a code that came in as a human's answer.

pub mod claim;
pub mod discover;
pub mod enrol;
pub mod handover;
pub mod keep;
pub mod oauth;
pub mod pace;
pub mod passphrase;
pub mod probe;
pub mod renew;
pub mod review;
pub mod revoke;
pub mod screen;
pub mod signup;
pub mod storage;
pub mod takeover;
pub mod target;
pub mod tokens;
pub mod verify;
pub mod wire;
pub mod work;

use std::any::Any;
use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use jiff::Timestamp;
use url::Url;

use self::storage::{Survey, TakenOver};
use crate::account::{Account, AccountId, Attempt, Event, Kept, Note, StoreKind};
use crate::http::{HttpError, Request, Response};
use crate::problem::Problem;
use crate::secret::Secret;
use crate::skill::Source;
use crate::skill::expression::{Results, Work};

pub use keep::{Clients, Guard, Known, Protection, StoreOffer};
pub use screen::{Choice, Line, Opening, Prompt, Screen, ScreenId, Ssh, StepState, Surroundings, Trail};

/// Flows that run side by side with nobody there. A service that is slow takes one place, and holds up nobody in the others.
pub const AT_ONCE: usize = 32;

/// A guided conversation with a service and a person.
pub trait Flow: Send {
    /// Takes one input and says what is to be done next. No clock, no randomness, no input or output of its own.
    fn step(&mut self, input: Input, now: Timestamp) -> Vec<Effect>;

    /// What a person sees in this state.
    fn screen(&self, now: Timestamp) -> Screen;
}

/// What can happen to a flow.
#[derive(Debug, Clone, PartialEq)]
pub enum Input {
    /// The first input of every flow.
    Begin,
    /// The person answered the prompt on the screen.
    Answer(Answer),
    /// The person wants the question before.
    Back,
    /// The person wants out.
    Cancel,
    /// Answers [`Effect::Http`].
    Http(Result<Response, HttpError>),
    /// Answers [`Effect::Wait`].
    Elapsed,
    /// Answers [`Effect::Work`]: the nonce, if it was in the slice.
    Worked(Option<u64>),
    /// Answers [`Effect::Lookup`].
    Known(Result<Box<Known>, Problem>),
    /// Answers [`Effect::Load`].
    Loaded(Result<Option<Box<Kept>>, Problem>),
    /// Answers [`Effect::Lock`].
    Locked(Result<Lease, Problem>),
    /// Answers [`Effect::Survey`].
    Surveyed(Box<Result<Survey, Problem>>),
    /// Answers [`Effect::Listen`].
    Listening(Result<Listening, Problem>),
    /// Answers [`Effect::Await`]: the query of the redirect; nothing once nobody listens any more.
    Redirected(Option<Secret>),
    /// Answers [`Effect::Open`].
    Opened(Result<(), Problem>),
    /// Answers [`Effect::Evaluate`].
    Evaluated(Result<Results, Problem>),
    /// Answers [`Effect::Read`].
    Read(Result<SkillFile, Problem>),
    /// Answers [`Effect::TakeOver`].
    TakenOver(Result<TakenOver, Problem>),
    /// Answers every other effect that changes a store.
    Stored(Result<(), Problem>),
}

#[derive(Debug, Clone, PartialEq)]
pub enum Answer {
    Text(Secret),
    Pick(usize),
    Confirm(bool),
    /// The code prompt's second way: send me another one.
    NewCode,
}

/// What a flow wants done. `shell::perform` does it and brings the answer back.
#[derive(Debug, Clone, PartialEq)]
pub enum Effect {
    Http(Request),
    Wait(Duration),
    /// A slice of a proof of work.
    Work(work::Slice),
    /// What is known of this resource, and where could a credential be kept?
    Lookup {
        resource: String,
    },
    /// Listens on this machine for where the browser is led in the end, on this port if it is free.
    Listen {
        port: Option<u16>,
    },
    /// Waits for the browser. It ends without it when the [`Listening`] is let go of.
    Await {
        port: u16,
    },
    /// Opens a page in the person's browser.
    Open(Url),
    /// Remembers a skill as it is, so that a change of it is noticed.
    Pin(Box<SkillFile>),
    /// Puts a credential where somebody wants it.
    Deliver(Box<handover::Delivery>),
    /// Evaluates what a skill says.
    Evaluate(Box<Work>),
    /// Reads a skill that the person has named.
    Read(Source),
    /// Makes sure that what this store keeps can be opened: a passphrase is asked for before a lock is held, not while.
    Unlock(StoreKind),
    /// Waits until nobody else renews or ends the account.
    Lock(AccountId),
    /// The account as it is in the store now, with its secrets.
    Load(AccountId),
    /// Puts account and secrets into `account.store`, in one step, in place of what has the same id; and the event into its
    /// history.
    Save(Box<Kept>, Option<Event>),
    /// Writes something down about an account. `obtained` names the credential that it is about.
    Note {
        id: AccountId,
        note: Note,
        obtained: Option<Timestamp>,
    },
    /// Removes the account. Its history stays, with this at its end.
    Forget(AccountId, Event),
    /// Writes down that somebody signs up, or how that ended.
    Attempted(Box<Attempt>),
    /// Makes the vault, where there is none.
    MakeVault(Guard),
    /// Changes what opens the vault.
    Protect(Guard),
    /// What is there to be known of the stores?
    Survey,
    /// Makes every program forget the vault's key.
    LockVault,
    /// Moves the token file's accounts into the vault, or copies them where they are another program's.
    TakeOver {
        foreign: bool,
    },
    /// Takes away the rights that others have to the stores' files.
    Repair,
}

/// A skill as it was read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SkillFile {
    /// Where it was found: a file from the root on, or an id.
    pub source: Source,
    pub text: String,
    pub seen: Seen,
}

/// Is a skill as it was when somebody used it last?
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub enum Seen {
    /// Nobody has used it here, as far as is known.
    Never,
    /// It is; or it comes with the program.
    #[default]
    AsItWas,
    /// The lines that differ, and some around them.
    Otherwise(Vec<Difference>),
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Difference {
    Same(String),
    Gone(String),
    New(String),
}

/// The right to renew or end an account, held by one at a time on this machine. It ends when the last copy is dropped.
#[derive(Clone)]
pub struct Lease(Arc<dyn Any + Send + Sync>);

impl Lease {
    /// `held` is let go of when the lease ends.
    pub fn new(held: impl Any + Send + Sync) -> Self {
        Self(Arc::new(held))
    }
}

impl PartialEq for Lease {
    fn eq(&self, other: &Self) -> bool {
        Arc::ptr_eq(&self.0, &other.0)
    }
}

impl fmt::Debug for Lease {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Lease")
    }
}

/// A place on this machine where the browser's answer arrives, open until the last copy is dropped, and what nobody can
/// guess for one authorization.
#[derive(Debug, Clone, PartialEq)]
pub struct Listening {
    pub port: u16,
    pub open: Lease,
    /// RFC 6749, section 10.12.
    pub state: Secret,
    /// RFC 7636, section 4.1.
    pub verifier: Secret,
}

/// How a flow ended.
#[derive(Debug, Clone, PartialEq)]
pub enum Outcome {
    /// The account holds a credential.
    Connected(Box<Account>),
    /// The account is gone from here.
    Removed(Box<Account>),
    /// Asked and answered: what is known of the account now.
    Checked(Box<Account>),
    /// Discovery went through, whatever its verdict.
    Found,
    /// The stores are as they were asked to be.
    Settled,
    Cancelled,
    Failed(Problem),
    /// The service, or our own rules of safety, said no.
    Refused(Problem),
}

impl Outcome {
    /// A problem as the outcome it leads to.
    pub fn of(problem: Problem) -> Self {
        use crate::problem::Kind;
        match problem.kind {
            Kind::Cancelled => Outcome::Cancelled,
            Kind::ServiceRefused | Kind::Unsafe => Outcome::Refused(problem),
            _ => Outcome::Failed(problem),
        }
    }

    pub fn name(&self) -> &'static str {
        match self {
            Outcome::Connected(_) => "connected",
            Outcome::Removed(_) => "removed",
            Outcome::Checked(_) => "checked",
            Outcome::Found => "found",
            Outcome::Settled => "settled",
            Outcome::Cancelled => "cancelled",
            Outcome::Failed(_) => "failed",
            Outcome::Refused(_) => "refused",
        }
    }

    pub fn account(&self) -> Option<&Account> {
        match self {
            Outcome::Connected(account) | Outcome::Removed(account) | Outcome::Checked(account) => Some(account),
            _ => None,
        }
    }

    pub fn problem(&self) -> Option<&Problem> {
        match self {
            Outcome::Failed(problem) | Outcome::Refused(problem) => Some(problem),
            _ => None,
        }
    }
}
