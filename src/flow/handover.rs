//! Handing a credential to another program, where somebody wants that: shown before it is done, and nothing is lost when it
//! fails.
//!
//! ```text
//!   Unlocking ▶ Loading ▶ Asking ──no──▶ Over
//!                           │yes
//!                           ▼
//!                        Handing ▶ Setting? ▶ Over
//! ```

use jiff::Timestamp;

use super::{Answer, Effect, Flow, Input, Line, Outcome, Prompt, Screen, ScreenId};
use crate::account::{Account, AgentOs, HandOver, Happened, Kept, Note, shell_words};
use crate::flow::discover::no_answer;
use crate::flow::verify::credential_missing;
use crate::http::{Body, Request, field};
use crate::problem::{Kind, Problem};
use crate::secret::Secret;
use crate::trust;

#[derive(Debug)]
pub struct HandingOver {
    account: Account,
    to: HandOver,
    /// It is new: once it has been handed there, the account knows it. Until then it knows the place before.
    is_new: bool,
    kept: Option<Box<Kept>>,
    stage: Stage,
}

#[derive(Debug, Clone, PartialEq)]
enum Stage {
    Unlocking,
    Loading,
    Asking,
    Setting,
    Handing,
    Over(Outcome),
}

/// What is put where by the shell.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Delivery {
    pub to: HandOver,
    pub credential: Secret,
}

impl HandingOver {
    /// Hands the credential to what the account knows, if it knows anything.
    pub fn of(account: &Account) -> Option<Self> {
        let to = account.more.hand_over.as_deref()?.clone();
        Some(Self { account: account.clone(), to, is_new: false, kept: None, stage: Stage::Unlocking })
    }

    /// The same to a place that it does not know yet.
    pub fn anew(account: Account, to: HandOver) -> Self {
        Self { account, to, is_new: true, kept: None, stage: Stage::Unlocking }
    }

    fn end(&mut self, outcome: Outcome) -> Vec<Effect> {
        (self.stage, self.kept) = (Stage::Over(outcome), None);
        Vec::new()
    }

    fn hand(&mut self) -> Vec<Effect> {
        let Some(kept) = &self.kept else {
            return Vec::new();
        };
        let credential = kept.secrets.credential.clone();
        self.stage = Stage::Handing;
        match &self.to {
            HandOver::AgentOs { url, form, skill } => {
                let mut url = url.clone();
                let (path, fields) = match form {
                    AgentOs::Settings => {
                        ("/api/settings/credentials", vec![field("skill", skill.as_str()), field("key", credential)])
                    }
                    AgentOs::Accounts => (
                        "/sys/accounts",
                        vec![
                            field("skill", skill.as_str()),
                            field("account", self.account.label.as_deref().unwrap_or("default")),
                            field("api_key", credential),
                        ],
                    ),
                };
                url.set_path(path);
                vec![Effect::Http(Request::post(url, Body::Json(fields)))]
            }
            to => vec![Effect::Deliver(Box::new(Delivery { to: to.clone(), credential }))],
        }
    }

    /// It is there, which is written down; and where it goes from now on, where that is new.
    fn handed(&mut self, now: Timestamp) -> Vec<Effect> {
        let to = self.to.place();
        self.stage = Stage::Setting;
        match (self.is_new, &mut self.kept) {
            (true, Some(kept)) => {
                kept.account.more.hand_over = Some(Box::new(self.to.clone()));
                vec![Effect::Save(kept.clone(), Some(Happened::HandedOver { to }.at(now)))]
            }
            _ => {
                let (note, obtained) = (Note::HandedOver { at: now, to }, self.account.obtained_at());
                vec![Effect::Note { id: self.account.id.clone(), note, obtained }]
            }
        }
    }

    fn failed(&mut self, problem: Problem) -> Vec<Effect> {
        // What was stored is stored; what was not handed over can be handed over later.
        let next = match (self.is_new, &self.account.more.hand_over) {
            (false, _) => format!("try again with: authmd-tui handover {}", self.account.id),
            (true, Some(before)) => format!("new ones go to {}, as before.", before.place()),
            (true, None) => "say it again when it is mended.".to_owned(),
        };
        let hint = format!("{} The credential is kept; {next}", problem.hint);
        self.end(Outcome::of(Problem { hint, ..problem }))
    }

    fn shown(&self) -> Vec<Line> {
        let id = &self.account.id;
        let mut lines =
            vec![Line::text(format!("The credential of {id} is handed over, and stays here too:")), Line::Gap];
        match &self.to {
            HandOver::AgentOs { url, form, skill } => {
                let (path, key) = match form {
                    AgentOs::Settings => ("/api/settings/credentials", "key"),
                    AgentOs::Accounts => ("/sys/accounts", "api_key"),
                };
                let place = format!("{}{path}", url.as_str().trim_end_matches('/'));
                lines.push(Line::Heading(format!("POST {}", trust::clean(&place, 160))));
                lines.push(Line::fact("skill", skill.clone()));
                if *form == AgentOs::Accounts {
                    lines.push(Line::fact("account", self.account.label.as_deref().unwrap_or("default")));
                }
                lines.push(Line::fact(key, "the credential, not shown"));
            }
            HandOver::EnvFile { file, name } => {
                lines.push(Line::Heading(trust::clean(&file.to_string_lossy(), 160)));
                lines.push(Line::fact(name, "the credential, in place of what is there under this name"));
                lines.push(Line::Quiet("The file is for its owner only from then on.".to_owned()));
            }
            HandOver::Command { command } => {
                lines.push(Line::Command(shell_words(command)));
                lines.push(Line::fact("stdin", "the credential, and nothing else"));
            }
        }
        if let (true, Some(before)) = (self.is_new, &self.account.more.hand_over)
            && **before != self.to
        {
            let what = format!("In place of {}: what is there stays, and is not renewed any more.", before.place());
            lines.extend([Line::Gap, Line::text(what)]);
        }
        lines
    }
}

impl Flow for HandingOver {
    fn step(&mut self, input: Input, now: Timestamp) -> Vec<Effect> {
        match (self.stage.clone(), input) {
            (Stage::Over(_), _) => Vec::new(),
            // What is on its way arrives.
            (Stage::Setting | Stage::Handing, Input::Cancel) => Vec::new(),
            (_, Input::Cancel) => self.end(Outcome::Cancelled),
            (Stage::Unlocking, Input::Begin) => vec![Effect::Unlock(self.account.store)],
            (Stage::Unlocking, Input::Stored(Ok(()))) => {
                self.stage = Stage::Loading;
                vec![Effect::Load(self.account.id.clone())]
            }
            (Stage::Unlocking, Input::Stored(Err(problem))) => self.end(Outcome::of(problem)),
            (Stage::Loading, Input::Loaded(Ok(Some(kept)))) => {
                self.kept = Some(kept);
                self.stage = Stage::Asking;
                Vec::new()
            }
            (Stage::Loading, Input::Loaded(Ok(None))) => self.end(Outcome::of(credential_missing(&self.account))),
            (Stage::Loading, Input::Loaded(Err(problem))) => self.end(Outcome::of(problem)),
            (Stage::Asking, Input::Answer(Answer::Confirm(false))) => self.end(Outcome::Cancelled),
            (Stage::Asking, Input::Answer(Answer::Confirm(true))) => self.hand(),
            (Stage::Setting, Input::Stored(Ok(()))) => self.end(Outcome::Settled),
            (Stage::Setting, Input::Stored(Err(_))) if !self.is_new => self.end(Outcome::Settled),
            (Stage::Setting, Input::Stored(Err(problem))) => {
                let what = format!("{} It was handed over; that new ones go there is not written down.", problem.what);
                self.end(Outcome::of(Problem { what, ..problem }))
            }
            (Stage::Handing, Input::Stored(Ok(()))) => self.handed(now),
            (Stage::Handing, Input::Stored(Err(problem))) => self.failed(problem),
            (Stage::Handing, Input::Http(answer)) => match answer {
                Ok(response) if response.is_success() => self.handed(now),
                Ok(response) => {
                    let what = format!("{} does not take it ({}).", self.to.place(), response.status);
                    self.failed(Problem::new(
                        Kind::ServiceRefused,
                        what,
                        "Is it the right program, and its right version?",
                    ))
                }
                Err(error) => {
                    let problem = no_answer(&self.to.place(), &error);
                    self.failed(problem)
                }
            },
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
        let mut screen = Screen::new(id, format!("Hand over · {}", self.account.id));
        match &self.stage {
            Stage::Unlocking | Stage::Loading => {
                screen.lines.push(Line::text("Fetching the credential from its store…"))
            }
            Stage::Asking => {
                screen.lines = self.shown();
                screen.prompt = Some(Prompt::Confirm {
                    label: "Hand it over?".into(),
                    yes: "Hand it over".into(),
                    no: "No".into(),
                });
            }
            Stage::Setting => screen.lines.push(Line::text("Writing down where it goes…")),
            Stage::Handing => screen.lines.push(Line::text("Handing it over…")),
            Stage::Over(outcome) => {
                screen.lines.push(Line::text(match outcome {
                    Outcome::Settled => {
                        format!("Handed to {}. You are asked again when there is a new one.", self.to.place())
                    }
                    Outcome::Cancelled => "Not handed over; the credential is kept here.".to_owned(),
                    _ => "Not handed over.".to_owned(),
                }));
                screen.problem = outcome.problem().cloned();
                screen.outcome = Some(outcome.clone());
            }
        }
        screen
    }
}
