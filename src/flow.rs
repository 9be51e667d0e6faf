//! The pure core: everything that talks to the world is a [`Flow`], a state machine whose effects are values.
//!
//! ```text
//!            Input ──▶ Flow::step(input, now) ──▶ Vec<Effect>      performed by `shell`, answered with the next Input
//!                      Flow::screen(now)      ──▶ Screen           drawn by `tui`, asked by `plain`, compared by tests
//! ```
//!
//! The rules that every flow keeps, property-tested in `tests/it/invariants.rs`:
//! - at most one effect is under way at a time, so one request and one timer at most;
//! - an input that does not fit the state is ignored;
//! - `Cancel` ends it from anywhere; only what cannot be taken back any more is waited for first: a token on its way
//!   and what came of it, a change of the stores;
//! - a token that works once is sent only after that was written down;
//! - after the outcome nothing is emitted;
//! - a claim is completed only with a code that came in as a human's answer.

pub mod discover;
pub mod passphrase;
pub mod probe;
pub mod renew;
pub mod revoke;
pub mod signup;
pub mod storage;
pub mod target;
pub mod verify;
pub mod wire;

use std::any::Any;
use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use jiff::{SignedDuration, Timestamp};
use url::Url;

use self::storage::{Survey, TakenOver};
use crate::account::{Account, AccountId, Kept, Note, StoreKind};
use crate::http::{HttpError, Request, Response};
use crate::problem::Problem;
use crate::secret::Secret;

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
    /// Answers [`Effect::Lookup`].
    Known(Result<Known, Problem>),
    /// Answers [`Effect::Load`].
    Loaded(Result<Option<Box<Kept>>, Problem>),
    /// Answers [`Effect::Lock`].
    Locked(Result<Lease, Problem>),
    /// Answers [`Effect::Survey`].
    Surveyed(Box<Result<Survey, Problem>>),
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
    /// What is known of this resource, and where could a credential be kept?
    Lookup {
        resource: String,
    },
    /// Makes sure that what this store keeps can be opened: a passphrase is asked for before a lock is held, not while.
    Unlock(StoreKind),
    /// Waits until nobody else renews or ends the account.
    Lock(AccountId),
    /// The account as it is in the store now, with its secrets.
    Load(AccountId),
    /// Puts account and secrets into `account.store`, in one step, in place of what has the same id.
    Save(Box<Kept>),
    /// Writes something down about an account. `obtained` names the credential that it is about.
    Note {
        id: AccountId,
        note: Note,
        obtained: Option<Timestamp>,
    },
    Forget(AccountId),
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

/// What the stores know when a sign-up asks.
#[derive(Debug, Clone, PartialEq)]
pub struct Known {
    /// The accounts held for the resource.
    pub accounts: Vec<Account>,
    /// Every id in use, so that a new one differs.
    pub ids: Vec<AccountId>,
    /// Where a credential can be kept. The first is the default.
    pub stores: Vec<StoreOffer>,
    /// False while nobody has said where credentials are to be kept.
    pub decided: bool,
}

/// What opens a vault.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Protection {
    /// The system's keyring has the key.
    Keyring,
    Passphrase,
}

impl Protection {
    pub const ALL: [Protection; 2] = [Protection::Keyring, Protection::Passphrase];

    pub fn name(self) -> &'static str {
        match self {
            Protection::Keyring => "keyring",
            Protection::Passphrase => "passphrase",
        }
    }

    pub fn from_name(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|protection| protection.name() == name)
    }
}

/// What is to open the vault from now on.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Guard {
    Keyring,
    Passphrase(Secret),
}

#[derive(Debug, Clone, PartialEq)]
pub struct StoreOffer {
    pub kind: StoreKind,
    /// It has to be made first, opened by this.
    pub setup: Option<Protection>,
    /// "in a file other tools can read".
    pub label: String,
    /// What that means: who can read it, how long it lasts.
    pub detail: String,
    /// Where it is.
    pub place: Option<String>,
    /// Why it cannot be used now.
    pub problem: Option<Problem>,
}

/// One state of a flow as a person sees it, before anybody decides how it is drawn.
#[derive(Debug, Clone, PartialEq)]
pub struct Screen {
    pub id: ScreenId,
    pub title: String,
    /// The steps of the walk and which of them this is.
    pub trail: Option<Trail>,
    pub lines: Vec<Line>,
    /// A page to open: checked, safe to show whole.
    pub link: Option<Url>,
    pub prompt: Option<Prompt>,
    /// Until when the thing on this screen is good.
    pub deadline: Option<Timestamp>,
    pub problem: Option<Problem>,
    /// Is there a question before this one?
    pub can_go_back: bool,
    /// What would be lost by cancelling here; then the front end asks first.
    pub at_stake: Option<String>,
    /// Set when the flow is over.
    pub outcome: Option<Outcome>,
}

/// The names that programs watching `--events` rely on.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ScreenId {
    Discovering,
    Offer,
    Hosts,
    Existing,
    Store,
    Consent,
    Email,
    Code,
    Waiting,
    /// A value asked for by name.
    Param(&'static str),
    Confirm,
    Done,
    Failed,
}

impl ScreenId {
    pub fn name(&self) -> String {
        match self {
            ScreenId::Discovering => "discovering".into(),
            ScreenId::Offer => "offer".into(),
            ScreenId::Hosts => "hosts".into(),
            ScreenId::Existing => "existing".into(),
            ScreenId::Store => "store".into(),
            ScreenId::Consent => "consent".into(),
            ScreenId::Email => "email".into(),
            ScreenId::Code => "code".into(),
            ScreenId::Waiting => "waiting".into(),
            ScreenId::Param(name) => format!("param:{name}"),
            ScreenId::Confirm => "confirm".into(),
            ScreenId::Done => "done".into(),
            ScreenId::Failed => "failed".into(),
        }
    }
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Trail {
    pub steps: &'static [&'static str],
    pub at: usize,
}

/// A line of a screen: what it is, not what it looks like.
#[derive(Debug, Clone, PartialEq)]
pub enum Line {
    Gap,
    Heading(String),
    Text(String),
    /// Of less weight.
    Quiet(String),
    /// A name and its value, aligned with others.
    Fact(String, String),
    /// One of several things that will happen, in order.
    Item {
        number: usize,
        what: String,
        detail: String,
        done: bool,
    },
    /// Something that was done, or is being done, and what came of it.
    Step {
        state: StepState,
        what: String,
        found: String,
        took: Option<SignedDuration>,
    },
    /// A stranger's words, marked as theirs.
    Quote {
        from: String,
        text: String,
    },
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum StepState {
    Active,
    Done,
    /// It did not work out, and that is no harm.
    Missed,
    Failed,
}

/// What is asked of the person.
#[derive(Debug, Clone, PartialEq)]
pub enum Prompt {
    Text {
        label: String,
    },
    Email {
        label: String,
    },
    /// Not shown while it is typed.
    Secret {
        label: String,
    },
    Code {
        label: String,
        /// How many digits, where the service said so or everybody does.
        digits: usize,
    },
    Pick {
        label: String,
        choices: Vec<Choice>,
    },
    /// Yes or no. There is no default: a person says which.
    Confirm {
        label: String,
        yes: String,
        no: String,
    },
}

impl Prompt {
    /// The name that programs watching `--events` rely on.
    pub fn kind(&self) -> &'static str {
        match self {
            Prompt::Text { .. } => "text",
            Prompt::Email { .. } => "email",
            Prompt::Secret { .. } => "secret",
            Prompt::Code { .. } => "code",
            Prompt::Pick { .. } => "pick",
            Prompt::Confirm { .. } => "confirm",
        }
    }

    pub fn label(&self) -> &str {
        match self {
            Prompt::Text { label }
            | Prompt::Email { label }
            | Prompt::Secret { label }
            | Prompt::Code { label, .. }
            | Prompt::Pick { label, .. }
            | Prompt::Confirm { label, .. } => label,
        }
    }
}

#[derive(Debug, Clone, PartialEq)]
pub struct Choice {
    pub label: String,
    pub detail: String,
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

impl Screen {
    /// An empty screen to fill in.
    pub fn new(id: ScreenId, title: impl Into<String>) -> Self {
        Self {
            id,
            title: title.into(),
            trail: None,
            lines: Vec::new(),
            link: None,
            prompt: None,
            deadline: None,
            problem: None,
            can_go_back: false,
            at_stake: None,
            outcome: None,
        }
    }
}

impl Line {
    pub fn text(text: impl Into<String>) -> Self {
        Line::Text(text.into())
    }

    pub fn fact(name: &str, value: impl Into<String>) -> Self {
        Line::Fact(name.to_owned(), value.into())
    }

    /// The line without any layout, for `--events`.
    pub fn plain(&self) -> String {
        match self {
            Line::Gap => String::new(),
            Line::Heading(text) | Line::Text(text) | Line::Quiet(text) => text.clone(),
            Line::Fact(name, value) => format!("{name}: {value}"),
            Line::Item { number, what, detail, .. } if detail.is_empty() => format!("{number}. {what}"),
            Line::Item { number, what, detail, .. } => format!("{number}. {what} ({detail})"),
            Line::Step { what, found, .. } if found.is_empty() => what.clone(),
            Line::Step { what, found, .. } => format!("{what}: {found}"),
            Line::Quote { from, text } => format!("{from} says: {text}"),
        }
    }
}
