//! What a person sees of the stores.

use super::{Finding, Level, Stage, Storage, Survey, TakenOver, Wish};
use crate::account::StoreKind;
use crate::flow::{Choice, Line, Prompt, Protection, Screen, ScreenId, StepState};

const TITLE: &str = "Where secrets are";

impl Storage {
    pub(super) fn shown(&self) -> Screen {
        match &self.stage {
            Stage::Surveying => busy("Looking…"),
            Stage::Working => busy(match self.wish {
                Wish::Protect(_) => "Copying the key, and trying it on every secret…",
                Wish::TakeOver { .. } => "Copying, and reading back each…",
                _ => "One moment…",
            }),
            Stage::Overview => self.overview(),
            Stage::Passphrase => {
                let mut screen = self.passphrase.screen(TITLE);
                screen.can_go_back = true;
                screen
            }
            Stage::Over(outcome, told) => {
                let id = if outcome.problem().is_some() { ScreenId::Failed } else { ScreenId::Done };
                let mut screen = Screen::new(id, TITLE);
                screen.lines.extend((!told.is_empty()).then(|| Line::text(told.clone())));
                screen.problem = outcome.problem().cloned();
                screen.outcome = Some(outcome.clone());
                screen
            }
        }
    }

    fn overview(&self) -> Screen {
        let mut screen = Screen::new(ScreenId::Store, TITLE);
        screen.lines = self.survey.as_ref().map(survey_lines).unwrap_or_default();
        let choice = |label: String, detail: &str| Choice { label, detail: detail.to_owned() };
        let exists = self.survey.as_ref().is_some_and(Survey::has_vault);
        let mut choices: Vec<Choice> = self
            .wishes()
            .into_iter()
            .map(|wish| match wish {
                Wish::Protect(protection) if !exists => {
                    choice(format!("Make a vault that {} opens", opener(protection)), "encrypted, one file")
                }
                Wish::Protect(protection)
                    if self.survey.as_ref().is_some_and(|survey| survey.is_opened_by(protection)) =>
                {
                    choice("Change the passphrase".into(), "typed twice")
                }
                Wish::Protect(protection) => choice(
                    format!("Let {} open it from now on", opener(protection)),
                    "copied, verified, then the former way is dropped",
                ),
                Wish::Lock => choice("Lock it now".into(), "in every program"),
                Wish::TakeOver { .. } => choice(
                    "Take the token file's accounts into the vault".into(),
                    "copied, verified, then deleted there",
                ),
                Wish::Repair => choice("Take the rights of others away".into(), "folders 0700, files 0600"),
                Wish::Look => choice("Look".into(), ""),
            })
            .collect();
        choices.push(choice("Leave all as it is".into(), "back to the list"));
        screen.prompt = Some(Prompt::Pick { label: "What do you want to do?".into(), choices });
        screen
    }
}

fn busy(what: &str) -> Screen {
    let mut screen = Screen::new(ScreenId::Waiting, TITLE);
    screen.lines.push(Line::text(what));
    screen
}

fn opener(protection: Protection) -> &'static str {
    match protection {
        Protection::Keyring => "the system keyring",
        Protection::Passphrase => "a passphrase",
    }
}

/// The survey as lines for every front end.
pub fn survey_lines(survey: &Survey) -> Vec<Line> {
    let name = match survey.store {
        StoreKind::Vault => "the vault",
        StoreKind::Json => "the token file",
        StoreKind::Memory | StoreKind::Foreign => "memory",
    };
    // What is wrong comes first; what is well, last.
    let (well, wrong): (Vec<_>, Vec<_>) = survey.findings.iter().partition(|finding| finding.level == Level::Good);
    let mut lines: Vec<Line> = wrong.iter().flat_map(|finding| finding_lines(finding)).collect();
    lines.extend((!wrong.is_empty()).then_some(Line::Gap));
    lines.push(Line::fact("new credentials", format!("{name}: {}", survey.why)));
    lines.extend(survey.vault.as_ref().map(|vault| Line::fact("vault", vault.path.clone())));
    if let Some(state) = survey.state() {
        let opener = match (state.protection, state.unlocked) {
            (Protection::Passphrase, true) => "a passphrase; it is open in this program",
            (Protection::Passphrase, false) => "a passphrase, asked for when a secret is used",
            (Protection::Keyring, _) => "the system keyring",
        };
        lines.push(Line::fact("opened by", opener));
        lines.push(Line::fact("holds", accounts(state.accounts as usize)));
    } else if survey.vault.is_some() && !survey.has_vault() {
        lines.push(Line::fact("holds", "not made yet"));
    }
    if let Some(file) = &survey.file {
        lines.push(Line::fact("token file", file.path.clone()));
        let others =
            if file.foreign == 0 { String::new() } else { format!(", and {} of other programs", file.foreign) };
        lines.push(Line::fact("holds", format!("{}{others}; not encrypted", accounts(file.own))));
    }
    lines.extend((!well.is_empty()).then_some(Line::Gap));
    lines.extend(well.iter().flat_map(|finding| finding_lines(finding)));
    lines
}

fn finding_lines(finding: &Finding) -> impl Iterator<Item = Line> {
    let state = match finding.level {
        Level::Good => StepState::Done,
        Level::Warning => StepState::Missed,
        Level::Problem => StepState::Failed,
    };
    let step = match finding.level {
        // What is wrong is said in full, whatever the width.
        Level::Problem | Level::Warning => Line::text(format!("{} {}", crate::report::step_sign(state), finding.what)),
        Level::Good => Line::Step { state, what: finding.check.to_owned(), found: finding.what.clone(), took: None },
    };
    std::iter::once(step).chain(finding.remedy.clone().map(Line::Quiet))
}

fn accounts(number: usize) -> String {
    match number {
        0 => "no accounts".to_owned(),
        1 => "1 account".to_owned(),
        several => format!("{several} accounts"),
    }
}

/// What came of taking accounts over.
pub fn taken_in_words(taken: TakenOver) -> String {
    let mut told = Vec::new();
    if taken.moved > 0 {
        told.push(format!(
            "{} moved into the vault: copied, read back the same, then deleted in the file.",
            accounts(taken.moved)
        ));
    }
    if taken.copied > 0 {
        told.push(format!(
            "{} of other programs copied into the vault; their entries stay in the file.",
            accounts(taken.copied)
        ));
    }
    if taken.newer > 0 {
        told.push(format!(
            "{} left alone: the vault has the same account with a newer credential.",
            accounts(taken.newer)
        ));
    }
    if told.is_empty() { "There was nothing to take over.".to_owned() } else { told.join(" ") }
}
