//! Asking the service whether a credential still works.
//!
//! ```text
//!   Loading ▶ Asking ▶ Noting ▶ Over
//! ```

use jiff::Timestamp;
use url::Url;

use super::probe::{Check, Next};
use super::{Effect, Flow, Input, Line, Outcome, Screen, ScreenId};
use crate::account::{Account, Note, Proof, Verdict};
use crate::problem::{Kind, Problem};
use crate::when;

#[derive(Debug)]
pub struct Verify {
    account: Account,
    /// What the service said this time, or that it said nothing.
    heard: Option<Verdict>,
    stage: Stage,
}

#[derive(Debug, Clone, PartialEq)]
enum Stage {
    Loading,
    Asking(Check),
    Noting,
    Over(Outcome),
}

impl Verify {
    pub fn new(account: Account) -> Self {
        Self { account, heard: None, stage: Stage::Loading }
    }

    /// The account as far as it has been asked about.
    pub fn account(&self) -> &Account {
        &self.account
    }

    /// What came of it. The account may know better: what was turned away once is dead, though nobody answers today.
    pub fn heard(&self) -> Option<Verdict> {
        self.heard
    }

    fn end(&mut self, outcome: Outcome) -> Vec<Effect> {
        self.stage = Stage::Over(outcome);
        Vec::new()
    }

    fn noted(&mut self, verdict: Verdict, now: Timestamp) -> Vec<Effect> {
        let (note, obtained) = (Note::Proof(Proof { at: now, verdict }), self.account.obtained_at());
        self.account.note(note.clone(), obtained);
        self.heard = Some(verdict);
        self.stage = Stage::Noting;
        vec![Effect::Note { id: self.account.id.clone(), note, obtained }]
    }
}

/// The credential is not where its account says it is.
pub fn credential_missing(account: &Account) -> Problem {
    Problem::new(
        Kind::Store,
        format!("The credential of {} is not in the store any more.", account.id),
        "Another program may have removed it; sign up again in place.",
    )
}

/// The account is confirmed, and its access token was never fetched.
pub fn no_credential_yet(account: &Account) -> Problem {
    Problem::new(
        Kind::Failed,
        format!("{} has no access token yet, only what gets one.", account.id),
        format!("Fetch it with: authmd-tui renew {}", account.id),
    )
}

/// What is asked when a credential is tried.
pub fn resource_url(account: &Account) -> Result<Url, Problem> {
    let url = account.tried_at().map_err(|_| {
        Problem::new(
            Kind::Failed,
            format!("The resource of {} is not an address.", account.id),
            "Forget the account and sign up again.",
        )
    })?;
    crate::trust::endpoint(&url).map(|()| url)
}

impl Flow for Verify {
    fn step(&mut self, input: Input, now: Timestamp) -> Vec<Effect> {
        match (self.stage.clone(), input) {
            (Stage::Over(_), _) => Vec::new(),
            (_, Input::Cancel) => self.end(Outcome::Cancelled),
            (Stage::Loading, Input::Begin) => vec![Effect::Load(self.account.id.clone())],
            (Stage::Loading, Input::Loaded(loaded)) => {
                let ready = loaded.and_then(|found| found.ok_or_else(|| credential_missing(&self.account)));
                let ready = ready.and_then(|kept| match kept.account.lacks_credential() {
                    true => Err(no_credential_yet(&kept.account)),
                    false => Ok(kept),
                });
                match ready.and_then(|kept| Ok((resource_url(&kept.account)?, *kept))) {
                    Ok((resource, kept)) => {
                        // It may have been renewed since it was listed; what is asked about is what is there now.
                        self.account = kept.account;
                        if !self.account.can_be_tried() {
                            return self.end(Outcome::Checked(Box::new(self.account.clone())));
                        }
                        let check = Check::of(&self.account, resource, kept.secrets.credential);
                        let request = check.begin();
                        self.stage = Stage::Asking(check);
                        vec![Effect::Http(request)]
                    }
                    Err(problem) => self.end(Outcome::of(problem)),
                }
            }
            (Stage::Asking(mut check), Input::Http(answer)) => match check.answer(&answer) {
                Next::Send(request) => {
                    self.stage = Stage::Asking(check);
                    vec![Effect::Http(request)]
                }
                Next::Over(verdict) => self.noted(verdict, now),
            },
            // What the service said is worth telling even where it could not be written down.
            (Stage::Noting, Input::Stored(_)) => self.end(Outcome::Checked(Box::new(self.account.clone()))),
            _ => Vec::new(),
        }
    }

    fn screen(&self, _now: Timestamp) -> Screen {
        let id = match &self.stage {
            Stage::Over(Outcome::Checked(_)) => ScreenId::Done,
            Stage::Over(_) => ScreenId::Failed,
            _ => ScreenId::Waiting,
        };
        let mut screen = Screen::new(id, format!("Verify · {}", self.account.service));
        match &self.stage {
            Stage::Over(outcome) => {
                if let Outcome::Checked(account) = outcome {
                    screen.lines.push(Line::text(verdict_in_words(account, self.heard)));
                }
                screen.problem = outcome.problem().cloned();
                screen.outcome = Some(outcome.clone());
            }
            _ => screen.lines.push(Line::text(format!("Asking {}…", self.account.host()))),
        }
        screen
    }
}

/// One line on what was heard of an account, for every front end.
pub fn verdict_in_words(account: &Account, heard: Option<Verdict>) -> String {
    let id = &account.id;
    match heard {
        Some(Verdict::Accepted { status }) => format!("{id} works ({status})."),
        Some(Verdict::Refused { status }) if account.is_between_credentials() => {
            let who = if account.is_foreign() { "its own program renews it" } else { "it renews by itself" };
            format!("{id}: its access token has ended ({status}); {who}.")
        }
        Some(Verdict::Refused { status }) => {
            match account.expires_at().zip(account.proof).filter(|(end, proof)| *end <= proof.at) {
                Some((end, _)) => format!("{id} has expired ({status}); it ended on {}.", when::exact(end)),
                None => format!("{id} was revoked: the service turns it away ({status})."),
            }
        }
        Some(Verdict::Unclear { status }) => {
            format!("{id}: the answer ({status}) proves nothing; this resource lets anybody in.")
        }
        Some(Verdict::Unreachable) => format!("{id} could not be checked: {} gave no usable answer.", account.host()),
        None if !account.can_be_tried() => format!("{id} cannot be checked: no harmless call is known for it."),
        None => format!("{id} has not been checked."),
    }
}
