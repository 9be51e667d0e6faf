//! Somebody has looked at a credential that never ends, and says when they want to again. Nothing is sent.

use jiff::{SignedDuration, Timestamp};

use super::{Answer, Effect, Flow, Input, Line, Outcome, Prompt, Screen, ScreenId};
use crate::account::{Account, Note};
use crate::flow::screen::Choice;
use crate::problem::Problem;
use crate::when;

/// In how many days, the usual span first, and how that is said.
const SPANS: [(i64, &str); 4] = [(90, "in 90 days"), (30, "in 30 days"), (180, "in half a year"), (365, "in a year")];

#[derive(Debug)]
pub struct Review {
    account: Account,
    at: Option<Timestamp>,
    outcome: Option<Outcome>,
}

impl Review {
    pub fn new(account: Account) -> Self {
        Self { account, at: None, outcome: None }
    }

    fn choices(&self, now: Timestamp) -> Vec<(Timestamp, Choice)> {
        let choice = |(days, label): (i64, &str)| {
            let at = now.checked_add(SignedDuration::from_hours(days * 24)).ok()?;
            Some((at, Choice { label: label.to_owned(), detail: when::exact(at) }))
        };
        SPANS.into_iter().filter_map(choice).collect()
    }
}

impl Flow for Review {
    fn step(&mut self, input: Input, now: Timestamp) -> Vec<Effect> {
        if self.outcome.is_some() {
            return Vec::new();
        }
        match (self.at, input) {
            (None, Input::Answer(Answer::Pick(nth))) => {
                let Some((at, _)) = self.choices(now).into_iter().nth(nth) else {
                    return Vec::new();
                };
                self.at = Some(at);
                let (id, obtained) = (self.account.id.clone(), self.account.obtained_at());
                vec![Effect::Note { id, note: Note::Review { seen: now, again: at }, obtained }]
            }
            (None, Input::Cancel) => {
                self.outcome = Some(Outcome::Cancelled);
                Vec::new()
            }
            (Some(_), Input::Stored(stored)) => {
                self.outcome = Some(stored.map_or_else(Outcome::of, |()| Outcome::Settled));
                Vec::new()
            }
            _ => Vec::new(),
        }
    }

    fn screen(&self, now: Timestamp) -> Screen {
        let id = match &self.outcome {
            None => ScreenId::Param("review".into()),
            Some(Outcome::Settled) => ScreenId::Done,
            Some(_) => ScreenId::Failed,
        };
        let mut screen = Screen::new(id, format!("Review · {}", self.account.service));
        match (&self.outcome, self.at) {
            (Some(outcome), at) => {
                screen.lines.push(Line::text(match (outcome, at) {
                    (Outcome::Settled, Some(at)) => {
                        format!(
                            "{} is to be looked at {} ({}).",
                            self.account.id,
                            when::relative(at, now),
                            when::exact(at)
                        )
                    }
                    _ => "Nothing was changed.".to_owned(),
                }));
                screen.problem = outcome.problem().cloned();
                screen.outcome = Some(outcome.clone());
            }
            (None, Some(_)) => screen.lines.push(Line::text("Writing it down…")),
            (None, None) => {
                let what = format!(
                    "No end is known of {}, so nothing but you would ever ask whether it is still needed, and by whom.",
                    self.account.id
                );
                screen.lines.push(Line::text(what));
                if let Some(at) = self.account.review_at() {
                    screen.lines.extend([Line::Gap, Line::fact("to be looked at", when::relative(at, now))]);
                }
                screen.prompt = Some(Prompt::Pick {
                    label: "You have looked at it. When do you want to again?".into(),
                    choices: self.choices(now).into_iter().map(|(_, choice)| choice).collect(),
                });
            }
        }
        screen
    }
}

/// Why an account has no day of review.
pub fn no_review(account: &Account) -> Option<Problem> {
    if account.review_at().is_some() {
        return None;
    }
    let what = match account.claimed {
        true => format!("{} has an end of its own; it is looked at then.", account.id),
        false => format!("{} is to be confirmed first, while that is possible.", account.id),
    };
    Some(Problem::new(crate::problem::Kind::Usage, what, "Only a credential that never ends has a day of review."))
}
