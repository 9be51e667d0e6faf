//! A copy of what another program keeps, to be looked after here.
//!
//! ```text
//!   Confirm ▶ Loading ▶ LookingUp ▶ Saving ▶ Over
//!   (a person's yes)     a name, a store
//! ```
//!
//! Only the credential is copied. What gets the next one works once at many services (RFC 9700, section 4.14.2): with two
//! programs that spend it, each logs the other out.

use jiff::Timestamp;
use url::Url;

use super::verify::credential_missing;
use super::{Answer, Effect, Flow, Input, Line, Outcome, Prompt, Screen, ScreenId};
use crate::account::{
    Account, AccountId, Elsewhere, Happened, Kept, LayerKind, Mode, Renewal, Revocation, Source, StoreKind,
};
use crate::problem::{Kind, Problem};
use crate::{trust, when};

#[derive(Debug)]
pub struct TakeOver {
    account: Account,
    kept: Option<Box<Kept>>,
    /// The person does not want this one copied; another one may be asked about.
    declined: bool,
    stage: Stage,
}

#[derive(Debug, Clone, PartialEq)]
enum Stage {
    Confirm,
    Loading,
    LookingUp,
    Saving(Box<Account>),
    Over(Outcome),
}

impl TakeOver {
    /// An account of another program.
    pub fn new(account: Account) -> Self {
        let stage = match unusable(&account) {
            Some(problem) => Stage::Over(Outcome::of(problem)),
            None => Stage::Confirm,
        };
        Self { account, kept: None, declined: false, stage }
    }

    pub fn was_declined(&self) -> bool {
        self.declined
    }

    fn end(&mut self, outcome: Outcome) -> Vec<Effect> {
        (self.kept, self.stage) = (None, Stage::Over(outcome));
        Vec::new()
    }

    fn elsewhere(&self) -> Option<&Elsewhere> {
        match &self.account.source {
            Source::Foreign(elsewhere) => Some(elsewhere),
            Source::Own => None,
        }
    }

    fn whose(&self) -> &'static str {
        self.elsewhere().and_then(|elsewhere| elsewhere.tool).unwrap_or("the other program")
    }

    /// The copy, under a name that none has yet.
    fn copy(&self, ids: &[AccountId], store: StoreKind, now: Timestamp) -> Account {
        let label = self.account.identity.clone();
        let layers = self.account.layers.first().cloned().into_iter().collect();
        let by_page = self.account.layers.first().is_some_and(|layer| layer.kind == LayerKind::ApiKey);
        Account {
            id: AccountId::new(&self.account.resource, label.as_deref(), ids),
            label,
            layers,
            mode: if by_page { Mode::ApiKey } else { self.account.mode },
            renewal: Renewal::Person,
            revocation: Revocation::Undiscovered,
            store,
            source: Source::Own,
            created_at: Some(when::whole_second(now)),
            ..self.account.clone()
        }
    }

    fn asked(&self) -> Vec<Line> {
        let account = &self.account;
        let whose = self.whose();
        let end = account.credential_ends().map_or("no end known".to_owned(), when::exact);
        let mut lines = vec![
            Line::text(format!("The credential that {whose} keeps is copied, and looked after here from then on:")),
            Line::Gap,
            Line::fact("service", account.service.clone()),
            Line::fact(
                "bound to",
                account.identity.as_deref().map_or("nobody known".to_owned(), |it| trust::clean(it, 80)),
            ),
            Line::fact("ends", end),
        ];
        lines.extend(self.elsewhere().map(|elsewhere| Line::fact("from", trust::clean(&elsewhere.file, 160))));
        lines.extend([Line::Gap, Line::text(format!("{whose} keeps its own, and nothing of it is changed."))]);
        if account.layers.iter().any(|layer| layer.kind == LayerKind::RefreshToken) {
            lines.push(Line::text(
                "Its refresh token is not copied: two programs that spend one log each other out. When it ends, you sign in again here.",
            ));
        }
        lines
    }
}

/// Why a copy would be of no use: where the place that it is for is not known, or there is only what gets a credential.
fn unusable(account: &Account) -> Option<Problem> {
    let has_place = Url::parse(&account.resource).is_ok_and(|resource| matches!(resource.scheme(), "http" | "https"));
    let only_gets_one = account.layers.first().is_some_and(|layer| layer.kind.gets_the_next());
    if !has_place {
        let what = format!("Which server {} is for is not in its program's files.", account.id);
        return Some(Problem::new(Kind::Usage, what, "Sign in to that server from here instead: authmd-tui add URL"));
    }
    only_gets_one.then(|| {
        let what = format!("There is no credential of {} in its program's file, only what gets one.", account.id);
        Problem::new(Kind::Usage, what, "Use that program once, and it will be there.")
    })
}

impl Flow for TakeOver {
    fn step(&mut self, input: Input, now: Timestamp) -> Vec<Effect> {
        match (self.stage.clone(), input) {
            (Stage::Over(_), _) => Vec::new(),
            // It is on its way into the store.
            (Stage::Saving(_), Input::Cancel) => Vec::new(),
            (_, Input::Cancel) => self.end(Outcome::Cancelled),
            (Stage::Confirm, Input::Answer(Answer::Confirm(true))) => {
                self.stage = Stage::Loading;
                vec![Effect::Load(self.account.id.clone())]
            }
            (Stage::Confirm, Input::Answer(Answer::Confirm(false))) => {
                self.declined = true;
                self.end(Outcome::Cancelled)
            }
            (Stage::Loading, Input::Loaded(Ok(Some(kept)))) => {
                self.kept = Some(kept);
                self.stage = Stage::LookingUp;
                vec![Effect::Lookup { resource: self.account.resource.clone() }]
            }
            (Stage::Loading, Input::Loaded(Ok(None))) => self.end(Outcome::of(credential_missing(&self.account))),
            (Stage::Loading, Input::Loaded(Err(problem))) => self.end(Outcome::of(problem)),
            (Stage::LookingUp, Input::Known(Err(problem))) => self.end(Outcome::of(problem)),
            (Stage::LookingUp, Input::Known(Ok(known))) => match (known.stores.first(), self.kept.take()) {
                (Some(store), Some(kept)) if store.setup.is_none() => {
                    let copy = self.copy(&known.ids, store.kind, now);
                    let event =
                        Happened::TakenOver { from: self.elsewhere().map_or_else(String::new, |it| it.file.clone()) };
                    self.stage = Stage::Saving(Box::new(copy.clone()));
                    let kept = Kept::new(copy, kept.secrets.credential);
                    vec![Effect::Save(Box::new(kept), Some(event.at(now)))]
                }
                _ => self.end(Outcome::of(Problem::new(
                    Kind::Store,
                    "There is no vault yet to take it into.",
                    "Make one first: authmd-tui store init",
                ))),
            },
            (Stage::Saving(copy), Input::Stored(Ok(()))) => self.end(Outcome::Connected(copy)),
            (Stage::Saving(_), Input::Stored(Err(problem))) => self.end(Outcome::of(problem)),
            _ => Vec::new(),
        }
    }

    fn screen(&self, _now: Timestamp) -> Screen {
        let id = match &self.stage {
            Stage::Confirm => ScreenId::Confirm,
            Stage::Over(Outcome::Connected(_)) => ScreenId::Done,
            Stage::Over(_) => ScreenId::Failed,
            _ => ScreenId::Waiting,
        };
        let mut screen = Screen::new(id, format!("Take over · {}", self.account.id));
        match &self.stage {
            Stage::Confirm => {
                screen.lines = self.asked();
                screen.prompt =
                    Some(Prompt::Confirm { label: "Copy it?".into(), yes: "Copy it".into(), no: "No".into() });
            }
            Stage::Loading | Stage::LookingUp => screen.lines.push(Line::text("Reading the other program's file…")),
            Stage::Saving(_) => screen.lines.push(Line::text("Keeping the copy…")),
            Stage::Over(outcome) => {
                screen.lines.push(Line::text(match outcome {
                    Outcome::Connected(copy) => {
                        let place = match copy.store {
                            StoreKind::Vault => "in the vault",
                            StoreKind::Json => "in the token file",
                            StoreKind::Memory | StoreKind::Foreign => "in memory only",
                        };
                        format!("Copied: {} is {place}. {} keeps its own.", copy.id, self.whose())
                    }
                    Outcome::Cancelled => "Nothing was copied.".to_owned(),
                    _ => "Not copied.".to_owned(),
                }));
                screen.problem = outcome.problem().cloned();
                screen.outcome = Some(outcome.clone());
            }
        }
        screen
    }
}
