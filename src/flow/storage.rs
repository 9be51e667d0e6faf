//! Where secrets are, what opens them, and changing that: the store screen, and the commands below `store`.
//!
//! ```text
//!   Surveying ▶ Overview ──pick──▶ Passphrase? ▶ Working ▶ Over
//! ```
//!
//! A wish that was named beforehand skips the overview. Moving a vault from one protection to another, and taking accounts
//! over from a file, copy first, verify each, and only then delete.

mod screens;

pub use screens::{survey_lines, taken_in_words};

use jiff::Timestamp;

use super::passphrase::NewPassphrase;
use super::{Answer, Effect, Flow, Guard, Input, Outcome, Protection, Screen};
use crate::account::StoreKind;
use crate::problem::Problem;

/// What is known of the stores, without opening a secret.
#[derive(Debug, Clone, PartialEq)]
pub struct Survey {
    /// Where new credentials go, and why there.
    pub store: StoreKind,
    pub why: &'static str,
    /// `None` where there can be none: in the demo.
    pub vault: Option<VaultSurvey>,
    /// What the system's keyring says when it is asked; a word for programs, and why it is of no use.
    pub keyring: (&'static str, Option<Problem>),
    pub file: Option<FileSurvey>,
    pub findings: Vec<Finding>,
}

impl Survey {
    pub fn has_vault(&self) -> bool {
        self.vault.as_ref().is_some_and(|vault| vault.exists)
    }

    /// The vault as it tells itself, where it can be read.
    pub fn state(&self) -> Option<&VaultState> {
        self.vault.as_ref()?.state.as_ref()
    }

    pub fn is_opened_by(&self, protection: Protection) -> bool {
        self.state().is_some_and(|state| state.protection == protection)
    }
}

#[derive(Debug, Clone, PartialEq)]
pub struct VaultSurvey {
    pub path: String,
    /// `None` where there is no vault, or where it cannot be read.
    pub state: Option<VaultState>,
    pub exists: bool,
}

/// A vault as it tells itself.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct VaultState {
    pub protection: Protection,
    /// The keyring may hold a copy of the key that is of no use any more.
    pub leftover: bool,
    /// Is the key in this program's memory?
    pub unlocked: bool,
    pub accounts: u32,
    pub schema: u32,
}

/// The token file.
#[derive(Debug, Clone, PartialEq)]
pub struct FileSurvey {
    pub path: String,
    /// Entries written by this program, and those of others.
    pub own: usize,
    pub foreign: usize,
}

/// Something that was looked at.
#[derive(Debug, Clone, PartialEq)]
pub struct Finding {
    /// "vault", "keyring", "rights", "token file", "folder"; of what is around the program: "clock", "proxy", "certificates",
    /// "surroundings", "terminal", "browser", "clipboard", "settings".
    pub check: &'static str,
    pub level: Level,
    pub what: String,
    pub remedy: Option<String>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Level {
    Good,
    Warning,
    Problem,
}

impl Level {
    pub fn as_str(self) -> &'static str {
        match self {
            Level::Good => "good",
            Level::Warning => "warning",
            Level::Problem => "problem",
        }
    }
}

/// What came of taking accounts over.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct TakenOver {
    /// Now in the vault, and no longer in the file.
    pub moved: usize,
    /// Now in the vault as well; the file is another program's.
    pub copied: usize,
    /// The vault had a newer credential.
    pub newer: usize,
}

/// What is to be done.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Wish {
    /// Look, then choose.
    Look,
    Protect(Protection),
    Lock,
    /// Take the token file's accounts into the vault; `foreign` ones too.
    TakeOver {
        foreign: bool,
    },
    /// Take away the rights that others have.
    Repair,
}

#[derive(Debug)]
pub struct Storage {
    wish: Wish,
    stage: Stage,
    survey: Option<Survey>,
    passphrase: NewPassphrase,
}

#[derive(Debug, Clone, PartialEq)]
enum Stage {
    Surveying,
    Overview,
    Passphrase,
    Working,
    Over(Outcome, String),
}

impl Storage {
    pub fn new(wish: Wish) -> Self {
        Self { wish, stage: Stage::Surveying, survey: None, passphrase: NewPassphrase::default() }
    }

    fn end(&mut self, outcome: Outcome, told: impl Into<String>) -> Vec<Effect> {
        self.stage = Stage::Over(outcome, told.into());
        Vec::new()
    }

    fn surveyed(&mut self, result: Result<Survey, Problem>) -> Vec<Effect> {
        match result {
            Ok(survey) => self.survey = Some(survey),
            Err(problem) => return self.end(Outcome::of(problem), ""),
        }
        self.work(self.wish)
    }

    /// What can be done now, in the order in which it is offered.
    fn wishes(&self) -> Vec<Wish> {
        let Some(survey) = &self.survey else {
            return Vec::new();
        };
        let mut wishes = Vec::new();
        if survey.findings.iter().any(|finding| finding.check == RIGHTS && finding.level == Level::Problem) {
            wishes.push(Wish::Repair);
        }
        match &survey.vault {
            Some(VaultSurvey { state: Some(state), .. }) => {
                wishes.extend(state.unlocked.then_some(Wish::Lock));
                wishes.push(Wish::Protect(Protection::Passphrase));
                if state.protection == Protection::Passphrase {
                    wishes.push(Wish::Protect(Protection::Keyring));
                }
                let own = survey.file.as_ref().map_or(0, |file| file.own);
                wishes.extend((own > 0).then_some(Wish::TakeOver { foreign: false }));
            }
            Some(VaultSurvey { exists: false, .. }) => {
                wishes.extend(Protection::ALL.map(Wish::Protect));
                // What works comes first.
                if survey.keyring.1.is_some() {
                    wishes.reverse();
                }
            }
            Some(_) | None => {}
        }
        wishes
    }

    fn work(&mut self, wish: Wish) -> Vec<Effect> {
        self.wish = wish;
        self.stage = Stage::Working;
        match wish {
            Wish::Look => {
                self.stage = Stage::Overview;
                Vec::new()
            }
            Wish::Protect(Protection::Keyring) => self.guard(Guard::Keyring),
            Wish::Protect(Protection::Passphrase) => {
                self.passphrase = NewPassphrase::default();
                self.stage = Stage::Passphrase;
                Vec::new()
            }
            Wish::Lock => vec![Effect::LockVault],
            Wish::TakeOver { foreign } => vec![Effect::TakeOver { foreign }],
            Wish::Repair => vec![Effect::Repair],
        }
    }

    fn guard(&self, guard: Guard) -> Vec<Effect> {
        match self.survey.as_ref().is_some_and(Survey::has_vault) {
            true => vec![Effect::Protect(guard)],
            false => vec![Effect::MakeVault(guard)],
        }
    }

    fn worked(&mut self) -> Vec<Effect> {
        let there = self.survey.as_ref().is_some_and(Survey::has_vault);
        let by_keyring = self.survey.as_ref().is_some_and(|survey| survey.is_opened_by(Protection::Keyring));
        let told = match self.wish {
            Wish::Protect(Protection::Keyring) if there => {
                "The system keyring opens the vault from now on. Every secret was opened with the key it has, before the passphrase was dropped."
            }
            Wish::Protect(Protection::Keyring) => "The vault is made; the system keyring opens it.",
            Wish::Protect(Protection::Passphrase) if there => {
                "The passphrase opens the vault from now on. It was tried, and every secret was opened, before the former way was dropped."
            }
            Wish::Protect(Protection::Passphrase) => "The vault is made; the passphrase opens it.",
            Wish::Lock if by_keyring => {
                "Locked: every program that runs forgets the vault's key before it uses it again. The system keyring gives it out anew as long as it is unlocked itself."
            }
            Wish::Lock => {
                "Locked: every program that runs forgets the vault's key before it uses it again, and asks for the passphrase."
            }
            Wish::Repair => "The rights of others were taken away.",
            Wish::TakeOver { .. } | Wish::Look => "",
        };
        self.end(Outcome::Settled, told)
    }
}

/// The name of the check that [`Wish::Repair`] answers.
pub const RIGHTS: &str = "rights";

impl Flow for Storage {
    fn step(&mut self, input: Input, _now: Timestamp) -> Vec<Effect> {
        match (self.stage.clone(), input) {
            (Stage::Over(..), _) => Vec::new(),
            // What has begun is finished: it ends in one step or not at all.
            (Stage::Working, Input::Cancel) => Vec::new(),
            (_, Input::Cancel) => self.end(Outcome::Cancelled, "Nothing was changed."),
            (Stage::Surveying, Input::Begin) => vec![Effect::Survey],
            (Stage::Surveying, Input::Surveyed(result)) => self.surveyed(*result),
            (Stage::Overview, Input::Answer(Answer::Pick(picked))) => match self.wishes().get(picked) {
                Some(wish) => self.work(*wish),
                None => self.end(Outcome::Cancelled, "Nothing was changed."),
            },
            (Stage::Passphrase, Input::Back) if self.survey.is_some() => {
                self.stage = Stage::Overview;
                Vec::new()
            }
            (Stage::Passphrase, Input::Answer(Answer::Text(typed))) => match self.passphrase.typed(&typed) {
                Some(passphrase) => {
                    self.stage = Stage::Working;
                    self.guard(Guard::Passphrase(passphrase))
                }
                None => Vec::new(),
            },
            (Stage::Working, Input::Stored(Ok(()))) => self.worked(),
            (Stage::Working, Input::TakenOver(Ok(taken))) => {
                let told = screens::taken_in_words(taken);
                self.end(Outcome::Settled, told)
            }
            (Stage::Working, Input::Stored(Err(problem)) | Input::TakenOver(Err(problem))) => {
                self.end(Outcome::of(problem), "")
            }
            _ => Vec::new(),
        }
    }

    fn screen(&self, _now: Timestamp) -> Screen {
        self.shown()
    }
}
