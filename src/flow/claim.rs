//! Making a credential that came at once somebody's own: the page of the service where that is done, and the person's word
//! that it is.
//!
//! ```text
//!   Unlocking ▶ Loading ▶ Asking ──yes──▶ Noting ▶ Over
//! ```

use jiff::Timestamp;
use url::Url;

use super::verify::credential_missing;
use super::{Answer, Effect, Flow, Input, Line, Outcome, Prompt, Screen, ScreenId};
use crate::account::{Account, Kept, LayerKind, Note};
use crate::problem::{Kind, Problem};
use crate::secret::Secret;
use crate::trust;

/// Where an account is claimed, and what the page asks for. Whoever has these can do it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ClaimLink {
    pub page: Secret,
    pub code: Option<Secret>,
}

impl ClaimLink {
    /// As it was kept with the credential.
    pub fn of(kept: &Kept) -> Option<Self> {
        let kept = kept.secret_of(LayerKind::Claim)?.expose();
        let (page, code) = kept.split_once(' ').map_or((kept, None), |(page, code)| (page, Some(code)));
        let may_be_shown = Url::parse(page).is_ok_and(|page| trust::endpoint(&page).is_ok());
        let code = code.map(|code| Secret::new(trust::clean(code, 40)));
        may_be_shown.then(|| Self { page: Secret::new(page), code })
    }

    /// For the person alone.
    fn shown(&self) -> (Option<Url>, Option<String>) {
        (Url::parse(self.page.expose()).ok(), self.code.as_ref().map(|code| code.expose().to_owned()))
    }

    pub fn missing(account: &Account) -> Problem {
        let what = format!("There is no link to claim {} with.", account.id);
        Problem::new(Kind::Failed, what, "Only what was made at once, for nobody yet, has one.")
    }
}

#[derive(Debug)]
pub struct Claim {
    account: Account,
    link: Option<ClaimLink>,
    stage: Stage,
}

#[derive(Debug, Clone, PartialEq)]
enum Stage {
    Unlocking,
    Loading,
    Asking,
    Noting,
    Over(Outcome),
}

impl Claim {
    pub fn new(account: Account) -> Self {
        Self { account, link: None, stage: Stage::Unlocking }
    }

    fn end(&mut self, outcome: Outcome) -> Vec<Effect> {
        self.stage = Stage::Over(outcome);
        Vec::new()
    }
}

impl Flow for Claim {
    fn step(&mut self, input: Input, now: Timestamp) -> Vec<Effect> {
        match (&self.stage, input) {
            (Stage::Over(_), _) => Vec::new(),
            // What is on its way arrives.
            (Stage::Noting, Input::Cancel) => Vec::new(),
            (_, Input::Cancel) => self.end(Outcome::Cancelled),
            (Stage::Unlocking, Input::Begin) => vec![Effect::Unlock(self.account.store)],
            (Stage::Unlocking, Input::Stored(Ok(()))) => {
                self.stage = Stage::Loading;
                vec![Effect::Load(self.account.id.clone())]
            }
            (Stage::Loading, Input::Loaded(Ok(kept))) => match kept {
                None => self.end(Outcome::of(credential_missing(&self.account))),
                Some(kept) => match ClaimLink::of(&kept) {
                    None => self.end(Outcome::of(ClaimLink::missing(&self.account))),
                    link => {
                        (self.link, self.stage) = (link, Stage::Asking);
                        Vec::new()
                    }
                },
            },
            (Stage::Asking, Input::Answer(Answer::Confirm(true))) => {
                self.stage = Stage::Noting;
                let (id, obtained) = (self.account.id.clone(), self.account.obtained_at());
                vec![Effect::Note { id, note: Note::Claimed(now), obtained }]
            }
            (Stage::Asking, Input::Answer(Answer::Confirm(false))) => self.end(Outcome::Cancelled),
            (Stage::Noting, Input::Stored(Ok(()))) => self.end(Outcome::Settled),
            (_, Input::Stored(Err(problem)) | Input::Loaded(Err(problem))) => self.end(Outcome::of(problem)),
            _ => Vec::new(),
        }
    }

    fn screen(&self, _now: Timestamp) -> Screen {
        let id = match &self.stage {
            Stage::Asking => ScreenId::Confirm,
            Stage::Over(Outcome::Settled) => ScreenId::Done,
            Stage::Over(_) => ScreenId::Failed,
            _ => ScreenId::Waiting,
        };
        let mut screen = Screen::new(id, format!("Claim · {}", self.account.service));
        match (&self.stage, &self.link) {
            (Stage::Asking, Some(link)) => {
                let what = format!(
                    "Open this page of {}, sign in, and make {} yours there.",
                    self.account.service, self.account.id
                );
                screen.lines.push(Line::text(what));
                let (page, code) = link.shown();
                screen.lines.extend(code.map(|code| Line::fact("it asks for", code)));
                screen
                    .lines
                    .push(Line::Quiet("Nothing is sent from here, and nobody looks whether you have.".to_owned()));
                (screen.link, screen.discreet) = (page, true);
                screen.deadline = self.account.claim_ends();
                screen.prompt = Some(Prompt::Confirm {
                    label: "Is it yours now?".into(),
                    yes: "Yes, it is mine".into(),
                    no: "Not yet".into(),
                });
            }
            (Stage::Noting, _) => screen.lines.push(Line::text("Writing it down…")),
            (Stage::Over(outcome), _) => {
                screen.lines.push(Line::text(match outcome {
                    Outcome::Settled => format!("{} is yours.", self.account.id),
                    _ => "Nothing was changed.".to_owned(),
                }));
                screen.problem = outcome.problem().cloned();
                screen.outcome = Some(outcome.clone());
            }
            _ => screen.lines.push(Line::text("Fetching the link from its store…")),
        }
        screen
    }
}
