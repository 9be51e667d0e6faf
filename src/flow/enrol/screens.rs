//! What a person sees while they sign up by a skill's calls: what is asked, and what is sent.

use super::{Enrol, Question, Stage};
use crate::account::{Attempt, Ended, Mode};
use crate::flow::{Choice, Line, Prompt, Screen, ScreenId};
use crate::http::FieldValue;
use crate::skill::operation::{Asked, Kind as AskedFor, Operation};
use crate::skill::{Value, operation};
use crate::{trust, when};

/// Of a value that is shown.
const VALUE_WIDTH: usize = 2_000;

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

    /// Everything that is sent, before any of it is.
    fn preview(&self, mut screen: Screen) -> Screen {
        screen.lines.extend(self.shown_calls());
        let before = self.wanted.before.iter().take(3).map(|attempt| Line::fact("before", in_words(attempt)));
        let before: Vec<Line> = before.collect();
        if !before.is_empty() {
            screen.lines.push(Line::Gap);
            screen.lines.extend(before);
            screen.lines.push(Line::text("Once more may make a second account, or end the key that came of it."));
        }
        screen.prompt =
            Some(Prompt::Confirm { label: "Send this?".into(), yes: "Send it".into(), no: "No, stop here".into() });
        screen
    }

    /// The calls, whole, the first as it is sent now.
    pub fn shown_calls(&self) -> Vec<Line> {
        let mut lines = vec![Line::text("This is sent, and nothing else:")];
        for (nth, operation) in self.wanted.enrolment.steps.iter().enumerate() {
            if nth > 0 {
                let what = match self.mode() {
                    Mode::MagicLink => "And once you have pasted the link:",
                    _ => "And once you have typed the code:",
                };
                lines.extend([Line::Gap, Line::text(what)]);
            }
            lines.extend(self.shown_call(operation));
        }
        lines.push(Line::Gap);
        lines.push(match &self.credential {
            Some((whose, ..)) => Line::fact("shown with it", format!("{whose}, as {}", in_place(&self.credential))),
            None => Line::Quiet("No credential of yours goes with it.".to_owned()),
        });
        lines.push(Line::Quiet(self.wanted.tried.clone()));
        lines
    }

    fn shown_call(&self, operation: &Operation) -> Vec<Line> {
        let template = &operation.template;
        let request = template.request(&self.params, &self.worked).ok();
        let address = request.as_ref().filter(|request| !request.discreet).map(|request| request.url.to_string());
        let address = address.unwrap_or_else(|| template.address().to_owned());
        let mut lines =
            vec![Line::Heading(format!("{} {}", template.method().as_str(), trust::clean(&address, VALUE_WIDTH)))];
        for (place, name, value) in template.values() {
            let Some(shown) = self.shown_value(operation, value) else {
                continue;
            };
            let name = match place {
                crate::http::Place::Body => trust::clean(name, 40),
                place => format!("{} {}", place.as_str(), trust::clean(name, 40)),
            };
            lines.push(Line::Fact(name, shown));
        }
        lines
    }

    /// What stands there; nothing where it is left out.
    fn shown_value(&self, operation: &Operation, value: &Value) -> Option<String> {
        let text = match value.of(&self.params, &self.worked) {
            Some(FieldValue::Secret(_)) => "not shown".to_owned(),
            Some(value) => trust::clean(&value.as_text(), VALUE_WIDTH),
            None => {
                // What is not known yet is known by then.
                let later = |name: &String| match name.as_str() {
                    operation::CODE => Some("the code that you type"),
                    operation::LINK => Some("the link that you paste"),
                    name if operation.asked.iter().any(|asked| asked.name == name) => None,
                    _ => Some("what the first answer has"),
                };
                if std::ptr::eq(operation, self.wanted.enrolment.steps.first()?) {
                    return None;
                }
                let unsaid = || matches!(value, Value::Expression(_)).then_some("worked out then");
                let later = value.params().iter().find_map(later).or_else(unsaid)?;
                return Some(match value {
                    Value::Expression(_) => format!("{later} ({})", value.origin()),
                    _ => later.to_owned(),
                });
            }
        };
        Some(format!("{text} ({})", value.origin()))
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

fn in_place(credential: &Option<(String, crate::http::Presentation, crate::secret::Secret)>) -> String {
    credential.as_ref().map_or_else(String::new, |(_, presentation, _)| presentation.to_string())
}

fn in_words(attempt: &Attempt) -> String {
    let ended = match attempt.ended {
        Ended::Open => "begun, and not finished as far as is known here",
        Ended::Refused => "refused",
        Ended::Done => "it went well",
    };
    format!("{}, {ended}", when::exact(attempt.at))
}
