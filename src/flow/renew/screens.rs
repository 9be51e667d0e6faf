//! What a person sees of a renewal.

use jiff::Timestamp;

use super::{Renew, Stage};
use crate::account::{Account, StoreKind};
use crate::flow::keep::{NOT_STORED, where_to_keep_it};
use crate::flow::verify::verdict_in_words;
use crate::flow::{Choice, Flow, Line, Outcome, Prompt, Screen, ScreenId};
use crate::when;

impl Renew {
    pub(super) fn shown(&self, now: Timestamp) -> Screen {
        if let Stage::SigningUp(flow) = &self.stage {
            let mut screen = flow.screen(now);
            screen.problem = screen.problem.or_else(|| self.problem.clone());
            return screen;
        }
        let title = format!("Renew · {}", self.account.id);
        let busy = |what: &str| {
            let mut screen = Screen::new(ScreenId::Waiting, title.clone());
            screen.lines.push(Line::text(what));
            screen
        };
        let mut screen = self.of_stage(&title, busy, now);
        if self.is_under_way() {
            screen.at_stake = Some("The refresh token is on its way: leaving now may lose what comes of it.".into());
        }
        screen
    }

    fn of_stage(&self, title: &str, busy: impl Fn(&str) -> Screen, now: Timestamp) -> Screen {
        match &self.stage {
            Stage::Opening => busy("Opening the store…"),
            Stage::Locking | Stage::Retaking => busy("Waiting until no other program renews it…"),
            Stage::Loading | Stage::Declaring => busy("Reading the refresh token…"),
            Stage::Asking(_) => busy("Trying the present credential once…"),
            Stage::Exchanging => busy("Exchanging the identity assertion…"),
            Stage::Spending => busy("Sending the refresh token…"),
            Stage::Rereading(_) | Stage::Rechecking => busy("Looking whether another program was faster…"),
            Stage::Proving(_) | Stage::Noting => busy("Trying the new credential once…"),
            Stage::Narrowed => self.narrowed(title, now),
            Stage::Securing
            | Stage::Undecided(_)
            | Stage::Saving
            | Stage::Pausing
            | Stage::Settling(_)
            | Stage::LookingUp => busy("Keeping what came of it…"),
            Stage::Doubt => self.doubt(title, now),
            Stage::Store => self.another_store(title),
            Stage::SigningUp(_) => busy(""),
            Stage::Over(outcome) => self.over(title, outcome, now),
        }
    }

    fn doubt(&self, title: &str, now: Timestamp) -> Screen {
        let mut screen = Screen::new(ScreenId::Confirm, title);
        let since = self.account.spending.map_or_else(String::new, |since| format!(" {}", when::relative(since, now)));
        screen.lines = vec![
            Line::Heading("The outcome of the last renewal is unknown.".into()),
            Line::text(format!(
                "The refresh token was sent{since}, and the program ended before an answer was kept. If the service took it, it works no more; sent once more, it may end everything that came of it."
            )),
        ];
        if self.asked.is_some() {
            screen.lines.extend([
                Line::Gap,
                Line::text(verdict_in_words(&self.account, self.account.proof.map(|proof| proof.verdict))),
            ]);
        }
        let choice = |label: &str, detail: &str| Choice { label: label.into(), detail: detail.into() };
        screen.prompt = Some(Prompt::Pick {
            label: "How do you want to go on?".into(),
            choices: vec![
                choice("Try the present credential", "asks the service; changes nothing"),
                choice("Send the refresh token once more", "right if the service never got it"),
                choice("Sign up again in place", "always works; needs you"),
                choice("Leave it as it is", "the present credential stays"),
            ],
        });
        screen
    }

    fn narrowed(&self, title: &str, now: Timestamp) -> Screen {
        let mut screen = Screen::new(ScreenId::Confirm, title);
        let scopes = |scopes: &[String]| match scopes.is_empty() {
            true => "none that are known".to_owned(),
            false => scopes.join(", "),
        };
        let granted = self.granted.as_ref().map(|granted| granted.account.scopes.as_slice()).unwrap_or_default();
        screen.lines = vec![
            Line::Heading("The new credential may do less than the old one.".into()),
            Line::Gap,
            Line::fact("old", scopes(&self.account.scopes)),
            Line::fact("new", scopes(granted)),
            Line::fact("lost", scopes(&self.lost_scopes)),
        ];
        let end = self.account.credential_ends().map(|end| format!("it {}", when::ending(end, now)));
        let choice = |label: &str, detail: String| Choice { label: label.into(), detail };
        screen.prompt = Some(Prompt::Pick {
            label: "Which one do you want?".into(),
            choices: vec![
                choice("Take the new one", "to ask for more, sign in again later".into()),
                choice("Keep the old one", end.unwrap_or_else(|| "it has no end that is known".into())),
            ],
        });
        screen
    }

    fn another_store(&self, title: &str) -> Screen {
        let mut screen = Screen::new(ScreenId::Store, title);
        screen.lines.push(Line::text(NOT_STORED));
        screen.problem.clone_from(&self.problem);
        screen.at_stake =
            Some("The new credential is kept nowhere yet and would be lost; the old one may be dead.".into());
        screen.prompt = Some(where_to_keep_it(&self.stores, Some(self.account.store)));
        screen
    }

    fn over(&self, title: &str, outcome: &Outcome, now: Timestamp) -> Screen {
        let id = if matches!(outcome, Outcome::Connected(_)) { ScreenId::Done } else { ScreenId::Failed };
        let mut screen = Screen::new(id, title);
        match outcome {
            Outcome::Connected(account) => screen.lines = self.renewed(account, now),
            Outcome::Cancelled if self.declined => {
                screen.lines.push(Line::text("The old credential is kept; what gets the next one was renewed."));
            }
            Outcome::Cancelled if self.spent && self.granted.is_none() => {
                screen.lines.push(Line::text("Cancelled. What gets the next credential was renewed and is kept."));
            }
            Outcome::Cancelled => screen.lines.push(Line::text(match (&self.granted, self.asked.is_some()) {
                (Some(_), _) => "Cancelled. The new credential was not kept and is lost; the old one may be dead.",
                (None, true) => "Cancelled. The refresh token was not sent; the account is as it was.",
                (None, false) => "Cancelled. Nothing was sent; the account is as it was.",
            })),
            _ => screen.problem = outcome.problem().cloned(),
        }
        screen.outcome = Some(outcome.clone());
        screen
    }

    /// What the new credential lacks, in words; nothing where it lacks nothing.
    pub fn lost_in_words(&self) -> Option<String> {
        let lost = self.lost_scopes.join(", ");
        (!lost.is_empty()).then(|| format!("The new credential has not got any more: {lost}."))
    }

    fn renewed(&self, account: &Account, now: Timestamp) -> Vec<Line> {
        let end = account
            .expires_at()
            .map_or("no end known".to_owned(), |end| format!("{} ({})", when::relative(end, now), when::exact(end)));
        let mut lines = vec![
            Line::Heading(match self.adopted {
                true => format!("{} has just been renewed; nothing was sent.", account.id),
                false => format!("Renewed: {} has a new credential.", account.id),
            }),
            Line::Gap,
            Line::fact("ends", end),
            Line::fact("kept in", account.store.as_str()),
            Line::fact(
                "you are needed",
                match account.person_needed_at() {
                    Some(end) => when::relative(end, now),
                    None if account.renews_itself() => "when it cannot renew itself any more".to_owned(),
                    None => "when it ends".to_owned(),
                },
            ),
        ];
        if account.store == StoreKind::Memory && self.account.store != StoreKind::Memory {
            lines.extend([Line::Gap, Line::text("It is in memory only, and gone when this program ends.")]);
        }
        lines.extend(self.lost_in_words().into_iter().flat_map(|words| [Line::Gap, Line::Text(words)]));
        lines
    }
}
