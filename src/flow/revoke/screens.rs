//! What a person sees on each stage of a revocation.

use url::Url;

use super::{Revoke, Stage};
use crate::account::{Receipt, Revocation};
use crate::flow::{Choice, Line, Outcome, Prompt, Screen, ScreenId};
use crate::{trust, when};

impl Revoke {
    pub(super) fn shown(&self) -> Screen {
        let name = &self.account.service;
        let page = |id| Screen::new(id, format!("Revoke · {name}"));
        let busy = |text: String| {
            let mut screen = page(ScreenId::Waiting);
            screen.lines.push(Line::Text(text));
            screen
        };
        let mut screen = match &self.stage {
            Stage::Confirm => self.confirm_screen(),
            Stage::Opening => busy("Opening the store…".into()),
            Stage::Locking => busy("Waiting until no other program renews it…".into()),
            Stage::Loading => busy("Fetching the credential…".into()),
            Stage::Discovering(discovery) => {
                let mut screen = page(ScreenId::Discovering);
                screen.lines = discovery.lines();
                screen
            }
            Stage::Hosts => {
                let mut screen = page(ScreenId::Hosts);
                screen.lines.push(Line::text(format!(
                    "Revoking sends the credential to {}, another domain than {}.",
                    self.account.revocation.url().map(trust::authority).unwrap_or_default(),
                    self.account.host()
                )));
                screen.prompt = Some(Prompt::Confirm {
                    label: "Do you know this host and allow it?".into(),
                    yes: "Allow".into(),
                    no: "Stop here".into(),
                });
                screen
            }
            Stage::Before(_) => busy(format!("Trying the credential once at {}…", self.account.host())),
            Stage::Declaring => busy(format!("Writing down that {name} is to end it…")),
            Stage::Sending => busy(format!("Asking {name} to revoke it…")),
            Stage::After(_) => busy("Making sure that it is dead…".into()),
            Stage::Unconfirmed => self.unconfirmed_screen(),
            Stage::HalfDone(_) | Stage::Settling(_) => busy("Writing that down…".into()),
            Stage::Forgetting | Stage::Noting(_) => busy("Removing it here…".into()),
            Stage::Over(outcome) => self.over_screen(outcome),
        };
        if screen.problem.is_none() {
            screen.problem.clone_from(&self.problem);
        }
        if matches!(self.stage, Stage::Sending | Stage::After(_)) {
            screen.at_stake = Some(format!("{name} has been told; what came of it would not be known."));
        }
        screen
    }

    fn confirm_screen(&self) -> Screen {
        let account = &self.account;
        let mut screen = Screen::new(ScreenId::Confirm, format!("Revoke · {}", account.service));
        screen.lines.extend([
            Line::fact("account", account.id.as_str()),
            Line::fact(
                "bound to",
                account.identity.as_deref().map_or("nobody known".to_owned(), |identity| trust::clean(identity, 80)),
            ),
            Line::Gap,
        ]);
        if account.revocation == Revocation::None {
            screen.lines.extend([
                Line::text(format!("{} offers no call that ends it. {}", account.service, self.by_hand())),
                Line::text("Here it can only be removed. At the service it goes on working until you end it there."),
            ]);
            screen.prompt = Some(Prompt::Confirm {
                label: format!("Remove {} here?", account.id),
                yes: "Remove here".into(),
                no: "Keep it".into(),
            });
            return screen;
        }
        let place = |url: &Url| format!("POST {}{}", trust::authority(url), trust::clean(url.path(), 60));
        let (what, detail) = match &account.revocation {
            Revocation::Endpoint { url, .. } => ("the service is told to end the credential", place(url)),
            Revocation::None | Revocation::Undiscovered => {
                ("the service is asked how, then told to end it", "discovery first".to_owned())
            }
        };
        let items = [
            (what, detail),
            (
                "the credential is tried once more",
                format!(
                    "GET {}, must be refused",
                    trust::clean(account.resource.split("://").last().unwrap_or_default(), 60)
                ),
            ),
            ("then it is removed here", String::new()),
        ];
        screen.lines.extend(items.into_iter().enumerate().map(|(nth, (what, detail))| Line::Item {
            number: nth + 1,
            what: what.to_owned(),
            detail,
            done: false,
        }));
        screen
            .lines
            .extend([Line::Gap, Line::text("Programs that use this credential stop working. This cannot be undone.")]);
        screen.prompt = Some(Prompt::Confirm {
            label: format!("Revoke {}?", account.id),
            yes: "Revoke".into(),
            no: "Keep it".into(),
        });
        screen
    }

    fn unconfirmed_screen(&self) -> Screen {
        let mut screen = Screen::new(ScreenId::Confirm, format!("Revoke · {}", self.account.service));
        screen.lines.extend(self.receipt_lines());
        screen.lines.extend(self.quote());
        screen
            .lines
            .extend([Line::Gap, Line::text("The service did not confirm. The credential may still work there.")]);
        let choice = |label: &str, detail: &str| Choice { label: label.into(), detail: detail.into() };
        screen.prompt = Some(Prompt::Pick {
            label: "What now?".into(),
            choices: vec![
                choice("Try again", "the same calls once more"),
                choice("Forget it here", "it may go on working there"),
                choice("Leave it for later", "finished when you ask"),
                choice("Keep it", "not revoked any more"),
            ],
        });
        screen
    }

    fn over_screen(&self, outcome: &Outcome) -> Screen {
        let name = &self.account.service;
        let mut screen = match outcome {
            Outcome::Removed(_) => {
                let title = format!("{} · {name}", if self.dead { "Revoked" } else { "Forgotten" });
                let mut screen = Screen::new(ScreenId::Done, title);
                screen.lines.extend(self.receipt_lines());
                if !self.dead {
                    screen.lines.extend([
                        Line::Gap,
                        Line::text("Removed here only. The credential may still work at the service."),
                        Line::text(self.by_hand()),
                    ]);
                }
                screen
            }
            Outcome::Cancelled => {
                let mut screen = Screen::new(ScreenId::Failed, format!("Revoke · {name}"));
                screen.lines.extend(self.receipt_lines());
                screen.lines.extend((!self.receipts.is_empty()).then_some(Line::Gap));
                screen.lines.push(Line::text(match self.told {
                    false => "Cancelled. Nothing was sent; the account is as it was.",
                    true => "Cancelled after the service was told. The account is kept here, and still to be revoked.",
                }));
                screen
            }
            _ => {
                let title = if self.dead { "Revoked, and still kept here" } else { "Not revoked" };
                let mut screen = Screen::new(ScreenId::Failed, format!("{title} · {name}"));
                screen.lines.extend(self.receipt_lines());
                screen.lines.extend(self.quote());
                screen.problem = outcome.problem().cloned();
                screen
            }
        };
        screen.outcome = Some(outcome.clone());
        screen
    }

    /// One line a token: where it was ended, what was answered, when. The columns line up where lines are short enough for
    /// every screen.
    pub fn receipt_lines(&self) -> impl Iterator<Item = Line> {
        const SHORT: usize = 30;
        let widest = |text: fn(&Receipt) -> usize| self.receipts.iter().map(text).max().unwrap_or(0);
        let places = widest(|receipt| receipt.place.chars().count());
        let answers = widest(|receipt| receipt.answer.chars().count());
        self.receipts.iter().map(move |receipt| {
            let at = when::exact(receipt.at);
            let said = match (&receipt.place, &receipt.answer) {
                (place, answer) if places + answers <= SHORT => format!("{place:<places$}  {answer:<answers$}  {at}"),
                (place, answer) => {
                    let parts = [place.as_str(), answer, &at];
                    parts.into_iter().filter(|part| !part.is_empty()).collect::<Vec<_>>().join(" · ")
                }
            };
            Line::fact(&receipt.what, said)
        })
    }

    fn quote(&self) -> Option<Line> {
        let text = self.sent.message.clone()?;
        Some(Line::Quote { from: self.account.service.clone(), text })
    }
}
