//! What a person sees while they sign up by a skill's calls: what is asked, and what is sent.

use super::{Enrol, Question, Stage};
use crate::account::Mode;
use crate::flow::{Choice, Line, Prompt, Screen, ScreenId};
use crate::skill::operation;
use crate::skill::operation::{Asked, Kind as AskedFor};
use crate::trust;

impl Enrol {
    /// `page` makes an empty screen of the walk that this is a part of.
    pub fn screen(&self, page: impl Fn(ScreenId) -> Screen) -> Screen {
        let busy = |what: &str| {
            let mut screen = page(ScreenId::Waiting);
            screen.lines.push(Line::text(what));
            screen
        };
        let mut screen = match &self.stage {
            Stage::Asking(nth) => match self.operation().asked.get(*nth) {
                Some(asked) => self.asking(asked, page),
                None => busy("…"),
            },
            Stage::Picking => self.picking(page(ScreenId::Param("credential".into()))),
            Stage::Typing => {
                let mut screen = page(ScreenId::Key);
                screen.lines.push(Line::text(format!(
                    "{} makes the new key for who holds another one. It is shown to it once, and not kept here.",
                    self.wanted.service
                )));
                screen.prompt = Some(Prompt::Secret { label: "The key to make it with".into() });
                screen
            }
            Stage::Unlocking(_) | Stage::Loading(_) => busy("Fetching the credential from its store…"),
            Stage::Working(_) => busy("Working out what is sent…"),
            Stage::Preview => self.preview(page(ScreenId::Consent)),
            Stage::Recording | Stage::Sending => busy(match (self.mode(), self.at) {
                (Mode::MagicLink | Mode::EmailCode, 0) => "Asking for the mail…",
                (Mode::MagicLink, _) => "Handing in the link…",
                (Mode::EmailCode, _) => "Handing in the code…",
                _ => "Asking for the key…",
            }),
            Stage::Reading(..) | Stage::Ending(_) => busy("It has answered…"),
            Stage::Ask(question) => self.asked(question, page(ScreenId::Confirm)),
        };
        if screen.problem.is_none() {
            screen.problem.clone_from(&self.problem);
        }
        screen
    }

    /// The service's last words, or the skill's, as theirs.
    pub fn quote(&self) -> Option<Line> {
        let (text, is_skills) = self.message.clone()?;
        let from = if is_skills { "Its skill".to_owned() } else { self.wanted.service.clone() };
        (!text.is_empty()).then_some(Line::Quote { from, text })
    }

    fn asking(&self, asked: &Asked, page: impl Fn(ScreenId) -> Screen) -> Screen {
        let id = match asked.kind {
            AskedFor::Email => ScreenId::Email,
            AskedFor::Code => ScreenId::Code,
            AskedFor::Link => ScreenId::Paste,
            _ => ScreenId::Param(asked.name.clone().into()),
        };
        let mut screen = page(id);
        let name = &self.wanted.service;
        let address = || self.email().map_or_else(|| "your address".to_owned(), |email| trust::clean(&email, 80));
        match asked.kind {
            AskedFor::Email => screen.lines.push(Line::text(format!("{name} sends a mail to it. You see what is sent before it is."))),
            AskedFor::Code => screen.lines.extend([
                Line::text(format!("Check your inbox: {name} has mailed a code to {}.", address())),
                Line::text("Type it here. Nobody reads your mail for you."),
            ]),
            AskedFor::Link => screen.lines.extend([
                Line::text(format!("Check your inbox: {name} has mailed a link to {}.", address())),
                Line::text("Copy the link without opening it, and paste it here: it is handed to the service, and opened by nobody."),
            ]),
            _ => screen.lines.extend(asked.description.clone().map(|text| Line::Quote { from: "Its skill".into(), text })),
        }
        if self.posted {
            screen.lines.extend(self.quote());
        }
        screen.deadline = self.deadline.filter(|_| self.at > 0);
        let shown = trust::clean(&asked.name.replace('_', " "), 40);
        let label = match (&asked.default, asked.required) {
            (Some(default), _) => format!("{shown} (Enter alone: {})", operation::shown(default)),
            (None, false) => format!("{shown} (may be left empty)"),
            (None, true) => shown,
        };
        screen.prompt = Some(match &asked.kind {
            AskedFor::Email => Prompt::Email { label: "Your e-mail address".into() },
            AskedFor::Code => Prompt::Code { label: "Code".into(), digits: None },
            AskedFor::Link => Prompt::Paste { label: "The link from the mail".into() },
            AskedFor::Secret => Prompt::Secret { label },
            AskedFor::Flag => Prompt::Confirm { label: format!("{label}?"), yes: "Yes".into(), no: "No".into() },
            AskedFor::OneOf(choices) => Prompt::Pick {
                label,
                choices: choices
                    .iter()
                    .map(|choice| Choice { label: operation::shown(choice), detail: String::new() })
                    .collect(),
            },
            AskedFor::Text | AskedFor::Number => Prompt::Text { label },
        });
        screen
    }

    fn picking(&self, mut screen: Screen) -> Screen {
        screen.lines.push(Line::text(format!(
            "{} makes a key for who holds another one. Which one is shown to it?",
            self.wanted.service
        )));
        let held = self
            .wanted
            .held
            .iter()
            .map(|account| Choice { label: account.id.to_string(), detail: account.scopes.join(", ") });
        let another = Choice { label: "Another one".into(), detail: "pasted for this, and not kept".into() };
        screen.prompt = Some(Prompt::Pick { label: "Make it with".into(), choices: held.chain([another]).collect() });
        screen
    }

    fn asked(&self, question: &Question, mut screen: Screen) -> Screen {
        let name = &self.wanted.service;
        let (text, label, yes, no) = match question {
            Question::Again { arrived: false, .. } => {
                (format!("Nothing reached {name} this time."), "Send it again?", "Send it again", "Stop here")
            }
            Question::Again { arrived: true, .. } => {
                let what = match (self.mode(), self.at) {
                    (Mode::MagicLink | Mode::EmailCode, 0) => "has mailed it, and would mail another one",
                    _ => "has made a key, and would make another one, or end the first",
                };
                (format!("Nobody knows whether {name} {what}."), "Send it once more?", "Send it again", "Stop here")
            }
            Question::MailAgain => (
                format!("{name} mails another link; the one before it may be of no use then."),
                "Have another link mailed?",
                "Mail another one",
                "No, go on",
            ),
            Question::OtherAddress(typed) => {
                let bound = self.wanted.bound_to.as_deref().unwrap_or_default();
                let text = format!(
                    "The account was bound to {}; you typed {}.",
                    trust::clean(bound, 80),
                    trust::clean(typed, 80)
                );
                (text, "Sign up with the new address?", "Yes, that one", "No, type again")
            }
        };
        screen.lines.push(Line::text(text));
        screen.lines.extend(self.quote());
        if let Question::Again { problem, .. } = question {
            screen.problem = Some(problem.clone());
        }
        screen.prompt = Some(Prompt::Confirm { label: label.into(), yes: yes.into(), no: no.into() });
        screen
    }
}
