//! What a person sees of a flow, before anybody decides how it is drawn: what lines are, not what they look like.

use std::borrow::Cow;

use jiff::{SignedDuration, Timestamp};
use url::Url;

use super::Outcome;
use crate::problem::Problem;

/// One state of a flow as a person sees it.
#[derive(Debug, Clone, PartialEq)]
pub struct Screen {
    pub id: ScreenId,
    pub title: String,
    /// The steps of the walk and which of them this is.
    pub trail: Option<Trail>,
    pub lines: Vec<Line>,
    /// A page to open: checked, safe to show whole.
    pub link: Option<Url>,
    /// The link is for the person alone, and is recorded nowhere.
    pub discreet: bool,
    /// A code for the person to type on the service's page: cleaned, safe to show whole.
    pub user_code: Option<String>,
    /// A page for a camera: with the code filled in, so short that it can be a picture.
    pub qr: Option<Url>,
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
    /// The person takes our code to the service's page.
    Handoff,
    Waiting,
    /// A key from a page of the service.
    Key,
    /// A value asked for by name.
    Param(Cow<'static, str>),
    /// Where the browser ended up, while that is waited for.
    Paste,
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
            ScreenId::Handoff => "handoff".into(),
            ScreenId::Waiting => "waiting".into(),
            ScreenId::Key => "key".into(),
            ScreenId::Param(name) => format!("param:{name}"),
            ScreenId::Paste => "paste".into(),
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
    /// A command to be run elsewhere: whole, on a line of its own.
    Command(String),
    /// A line of a stranger's text, every row of which is marked as theirs.
    Theirs(String),
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
        /// How many digits, where the service said so or everybody does; `None` where there may be letters in it.
        digits: Option<usize>,
    },
    Pick {
        label: String,
        choices: Vec<Choice>,
    },
    /// What the browser was led to, not shown while it is pasted; what is waited for besides may come first.
    Paste {
        label: String,
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
            Prompt::Paste { .. } => "paste",
            Prompt::Confirm { .. } => "confirm",
        }
    }

    pub fn label(&self) -> &str {
        match self {
            Prompt::Text { label }
            | Prompt::Email { label }
            | Prompt::Secret { label }
            | Prompt::Paste { label }
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

/// Where the person sits, as far as this program can tell.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Surroundings {
    /// Why no browser that the person could see can be started from here.
    pub no_browser: Option<&'static str>,
    /// What happens when they ask for a page all the same.
    pub opening: Opening,
    /// How this machine is reached, where that is by SSH.
    pub ssh: Option<Ssh>,
}

/// Is a page opened that somebody asks for?
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Opening {
    /// In a browser that they see.
    #[default]
    AtOnce,
    /// In one on another machine than theirs, so that they are asked in turn.
    Asked,
    /// There is nothing to open it with.
    Not,
}

/// The machine that this program runs on, as SSH calls it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Ssh {
    pub user: String,
    pub host: String,
    pub port: u16,
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
            discreet: false,
            user_code: None,
            qr: None,
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
            Line::Heading(text) | Line::Text(text) | Line::Quiet(text) | Line::Command(text) => text.clone(),
            Line::Theirs(text) => format!("│ {text}"),
            Line::Fact(name, value) => format!("{name}: {value}"),
            Line::Item { number, what, detail, .. } if detail.is_empty() => format!("{number}. {what}"),
            Line::Item { number, what, detail, .. } => format!("{number}. {what} ({detail})"),
            Line::Step { what, found, .. } if found.is_empty() => what.clone(),
            Line::Step { what, found, .. } => format!("{what}: {found}"),
            Line::Quote { from, text } => format!("{from} says: {text}"),
        }
    }
}
