//! Everything that is sent, before any of it is.

use super::Enrol;
use crate::account::{Attempt, Ended, Mode};
use crate::flow::{Line, Prompt, Screen};
use crate::http::{FieldValue, Place};
use crate::skill::operation::Operation;
use crate::skill::{Value, operation};
use crate::{trust, when};

/// Of a value that is shown.
const VALUE_WIDTH: usize = 2_000;

/// A call as it is shown.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ShownCall {
    pub method: &'static str,
    /// With its places unfilled where something secret stands in them.
    pub address: String,
    pub values: Vec<ShownValue>,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ShownValue {
    pub place: Place,
    pub name: String,
    /// In words where it is a secret, or not known yet.
    pub value: String,
    /// Where it comes from, in words; nothing where the value says so itself.
    pub origin: Option<String>,
}

impl Enrol {
    /// Everything that is sent, before any of it is.
    pub(super) fn preview(&self, mut screen: Screen) -> Screen {
        screen.lines.extend(self.shown_calls());
        // Of many, the last that went well and the last that did not tell what there is to tell.
        let (well, otherwise): (Vec<&Attempt>, Vec<&Attempt>) =
            self.wanted.before.iter().partition(|attempt| attempt.ended == Ended::Done);
        let last = |attempts: Vec<&Attempt>| {
            let others = match attempts.len() {
                0 | 1 => String::new(),
                several => format!(", the last of {several}"),
            };
            let last = attempts.first()?;
            Some(Line::fact("before", format!("{}{others}", in_words(last))))
        };
        if !self.wanted.before.is_empty() {
            screen.lines.push(Line::Gap);
            screen.lines.extend([last(well), last(otherwise)].into_iter().flatten());
            screen.lines.push(Line::text("Once more may make a second account, or end the key that came of it."));
        }
        screen.prompt =
            Some(Prompt::Confirm { label: "Send this?".into(), yes: "Send it".into(), no: "No, stop here".into() });
        screen
    }

    /// The calls as lines, and what goes with them.
    pub fn shown_calls(&self) -> Vec<Line> {
        let mut lines = vec![Line::text("This is sent, and nothing else:")];
        for (nth, call) in self.calls().into_iter().enumerate() {
            if nth > 0 {
                let what = match self.mode() {
                    Mode::MagicLink => "And once you have pasted the link:",
                    _ => "And once you have typed the code:",
                };
                lines.extend([Line::Gap, Line::text(what)]);
            }
            lines.push(Line::Heading(format!("{} {}", call.method, call.address)));
            lines.extend(call.values.into_iter().map(|ShownValue { place, name, value, origin }| {
                let name = if place == Place::Body { name } else { format!("{} {name}", place.as_str()) };
                let origin = origin.map(|origin| format!(" ({origin})")).unwrap_or_default();
                Line::Fact(name, format!("{value}{origin}"))
            }));
        }
        lines.push(Line::Gap);
        lines.push(match &self.credential {
            Some((whose, presentation, _)) => Line::fact("shown with it", format!("{whose}, as {presentation}")),
            None => Line::Quiet("No credential of yours goes with it.".to_owned()),
        });
        lines.push(Line::Quiet(self.wanted.tried.clone()));
        lines
    }

    /// The calls, whole, the first as it is sent now.
    pub fn calls(&self) -> Vec<ShownCall> {
        let steps = self.wanted.enrolment.steps.iter().enumerate();
        steps.map(|(nth, operation)| self.shown_call(operation, nth == 0)).collect()
    }

    fn shown_call(&self, operation: &Operation, is_first: bool) -> ShownCall {
        let template = &operation.template;
        let request = template.request(&self.params, &self.worked).ok();
        let address = request.as_ref().filter(|request| !request.discreet).map(|request| request.url.to_string());
        let address = address.unwrap_or_else(|| template.address().to_owned());
        let values = template.values().filter_map(|(place, name, value)| {
            let (text, origin) = self.shown_value(operation, value, is_first)?;
            Some(ShownValue { place, name: trust::clean(name, 40), value: text, origin })
        });
        let values = values.collect();
        ShownCall { method: template.method().as_str(), address: trust::clean(&address, VALUE_WIDTH), values }
    }

    /// What stands there, and where it comes from; nothing where it is left out.
    fn shown_value(&self, operation: &Operation, value: &Value, is_first: bool) -> Option<(String, Option<String>)> {
        let is_expression = matches!(value, Value::Expression(_));
        match value.of(&self.params, &self.worked) {
            Some(FieldValue::Secret(_)) => Some(("not shown".to_owned(), Some(value.origin()))),
            Some(known) => Some((trust::clean(&known.as_text(), VALUE_WIDTH), Some(value.origin()))),
            None if is_first => None,
            None => {
                // What is not known yet is known by then.
                let later = |name: &String| match name.as_str() {
                    operation::CODE => Some("the code that you type"),
                    operation::LINK => Some("the link that you paste"),
                    name if operation.asked.iter().any(|asked| asked.name == name) => None,
                    _ => Some("what the first answer has"),
                };
                let unsaid = || is_expression.then_some("worked out then");
                let later = value.params().iter().find_map(later).or_else(unsaid)?;
                Some((later.to_owned(), is_expression.then(|| value.origin())))
            }
        }
    }
}

fn in_words(attempt: &Attempt) -> String {
    let ended = match attempt.ended {
        Ended::Open => "begun, and not finished as far as is known here",
        Ended::Refused => "refused",
        Ended::Done => "it went well",
    };
    format!("{}, {ended}", when::exact(attempt.at))
}
