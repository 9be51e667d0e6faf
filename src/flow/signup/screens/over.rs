//! The end of a sign-up, and what a person has then.

use jiff::Timestamp;
use url::Url;

use super::super::FormerEnd;
use super::{CODE_STEPS, SignUp};
use crate::account::{Account, StoreKind, Verdict};
use crate::flow::discover::{Planned, Way};
use crate::flow::{Line, Outcome, Screen, ScreenId};
use crate::{report, trust, when};

impl SignUp {
    pub(super) fn over_screen(&self, outcome: &Outcome, now: Timestamp) -> Screen {
        let mut screen = match outcome {
            Outcome::Connected(account) if self.kept => {
                let mut screen = self.page(ScreenId::Done, None);
                screen.lines.push(Line::text(format!("Nothing was changed; {} stays as it is.", account.id)));
                screen
            }
            Outcome::Connected(account) => {
                let mut screen = self.page(ScreenId::Done, Some(CODE_STEPS.len()));
                screen.lines = self.connected(account, now);
                if let Some(claim) = &self.claim {
                    // Shown to the person, and recorded nowhere.
                    screen.link = Url::parse(claim.page.expose()).ok();
                    (screen.qr, screen.discreet) = (screen.link.clone(), true);
                }
                screen
            }
            // What would be sent was all that was wanted.
            Outcome::Found => {
                let mut screen = self.page(ScreenId::Done, None);
                screen.lines = match &self.enrol {
                    Some(enrol) => enrol.shown_calls(),
                    None => self.planned(),
                };
                screen.lines.extend([Line::Gap, Line::text("Nothing was sent.")]);
                screen
            }
            Outcome::Cancelled => {
                let mut screen = self.page(ScreenId::Failed, None);
                let lost = self.ceremony.granted.as_ref().map(|kept| &kept.account);
                if let Some(account) = lost {
                    let end = account.expires_at().map_or(String::new(), |end| format!(" until {}", when::exact(end)));
                    screen.lines.push(Line::text(format!(
                        "Cancelled. The new credential was kept nowhere. It goes on working at {}{end}; revoke it on the service's own site.",
                        account.service
                    )));
                }
                let by_oauth = matches!(self.way, Way::OAuth(_));
                screen.lines.extend(lost.is_none().then(|| Line::text(match (self.ceremony.posted, &self.replaced) {
                    (false, _) => "Cancelled. Nothing was registered.",
                    (true, Some(_)) if by_oauth => "Cancelled. The old credential is still in place.",
                    (true, None) if by_oauth => "Cancelled. The sign-in was not finished; nothing was kept here.",
                    (true, Some(_)) => {
                        "Cancelled. The old credential is still in place; the unfinished registration lapses by itself."
                    }
                    (true, None) => "Cancelled. The unfinished registration lapses by itself; nothing was kept here.",
                })));
                screen
            }
            _ => {
                let mut screen = self.page(ScreenId::Failed, None);
                if self.discovery.obstacle().is_some() {
                    screen.lines.extend(self.discovery.lines());
                }
                screen.lines.extend(self.quote(&self.service_name()));
                screen.lines.extend(self.enrol.as_ref().and_then(|enrol| enrol.quote()));
                if self.replaced.is_some() {
                    screen.lines.push(Line::text("The old credential is still in place."));
                }
                screen.problem = outcome.problem().cloned();
                screen
            }
        };
        screen.outcome = Some(outcome.clone());
        screen
    }

    fn bound_to(&self, account: &Account) -> String {
        match (&account.identity, self.way) {
            (Some(identity), _) => trust::clean(identity, 80),
            (None, Way::AuthMd) => "nobody".to_owned(),
            (None, Way::Key) => "whoever made it".to_owned(),
            (None, Way::OAuth(_)) => "whoever signed in".to_owned(),
            (None, Way::Enrol(_)) if self.claim.is_some() => "nobody yet".to_owned(),
            (None, Way::Enrol(_)) => "whoever signed up".to_owned(),
        }
    }

    /// What would be sent, where that is told in steps.
    fn planned(&self) -> Vec<Line> {
        if !self.by_key() {
            return self.consent().lines;
        }
        let plan = self.discovery.key_plan().into_iter().enumerate();
        let item = |(nth, step): (usize, Planned)| Line::Item {
            number: nth + 1,
            what: step.what,
            detail: step.detail,
            done: false,
        };
        plan.map(item).collect()
    }

    /// How what came at once becomes somebody's.
    fn to_be_claimed(&self, account: &Account, now: Timestamp) -> Vec<Line> {
        let Some(claim) = &self.claim else {
            return Vec::new();
        };
        let until = claim.expires_at.map(|end| format!(", until {} ({})", when::exact(end), when::relative(end, now)));
        let mut lines = vec![
            Line::Gap,
            Line::text(format!(
                "It is nobody's yet. Make it yours on the page below{}; it is kept with the key: authmd-tui token {} --claim",
                until.unwrap_or_default(),
                account.id
            )),
        ];
        lines.extend(claim.code.clone().map(|code| Line::Fact("it asks for".to_owned(), code)));
        lines
    }

    fn connected(&self, account: &Account, now: Timestamp) -> Vec<Line> {
        let scopes = if account.scopes.is_empty() { "not said".to_owned() } else { account.scopes.join(", ") };
        // The time to make it somebody's is told below, and is no end of the key.
        let end = if self.claim.is_some() { account.credential_ends() } else { account.expires_at() };
        let expires = end.map_or("never, as far as the service says".to_owned(), |end| {
            format!("{} ({})", when::relative(end, now), when::exact(end))
        });
        let expires = match account.person_needed_at().filter(|_| account.renews_itself()) {
            Some(end) => format!("{expires}; renews by itself, you are needed {}", when::relative(end, now)),
            None if account.renews_itself() => format!("{expires}; renews by itself"),
            None => expires,
        };
        let expires = match account.review_at() {
            Some(at) => format!("{expires}; to be looked at {}", when::relative(at, now)),
            None => expires,
        };
        let kept = match account.store {
            StoreKind::Vault => "the vault".to_owned(),
            StoreKind::Json => "the token file".to_owned(),
            StoreKind::Memory | StoreKind::Foreign => "memory only; gone when this program ends".to_owned(),
        };
        let tried = match account.proof.map(|proof| proof.verdict) {
            Some(Verdict::Accepted { status }) => format!("works ({status})"),
            Some(Verdict::Refused { status }) => {
                format!("the service does not accept it yet ({status}); verify again in a while")
            }
            Some(Verdict::Unclear { status }) => format!("the answer proves nothing ({status})"),
            None if !account.can_be_tried() => "no; no harmless call is known for it".to_owned(),
            Some(Verdict::Unreachable) | None => "no answer; verify it later".to_owned(),
        };
        let mut lines = vec![
            Line::Heading(match self.replaced {
                Some(_) => format!("Renewed: {} has a new credential.", account.id),
                None => format!("Signed up: {} is connected.", account.service),
            }),
            Line::Gap,
            Line::fact("scopes", scopes),
            Line::fact("bound to", self.bound_to(account)),
            Line::fact("expires", expires),
            Line::fact("kept in", kept),
            Line::fact("tried", tried),
        ];
        let withheld = self.scopes_withheld(&account.scopes);
        if !withheld.is_empty() {
            lines.extend([Line::Gap, Line::text(format!("Asked for, and not granted: {}.", withheld.join(", ")))]);
        }
        if account.bound {
            lines.extend([
                Line::Gap,
                Line::fact("for", trust::clean(&account.resource, 100)),
                Line::text(report::BOUND),
            ]);
        }
        lines.extend(self.to_be_claimed(account, now));
        // The link is what matters then, and is to be seen.
        if account.store != StoreKind::Memory && self.claim.is_none() {
            lines.extend([Line::Gap, Line::Heading("How to use it".into())]);
            lines.push(Line::text(format!("authmd-tui token {}", account.id)));
            let shown = account.presentation.curl(&format!("$(authmd-tui token {})", account.id));
            lines.push(Line::text(format!("curl {shown} \\")));
            lines.push(Line::text(format!("  {}", trust::shell_word(&trust::clean(&account.resource, 100)))));
        }
        if let Some(skew) = self.discovery.clock_skew() {
            lines.extend([Line::Gap, Line::text(skew)]);
        }
        // Where the person has brought the key, its last words were about the mail.
        let last = self.enrol.as_ref().filter(|enrol| !enrol.is_brought());
        lines.extend(last.and_then(|enrol| enrol.quote()));
        if !account.claimed && self.claim.is_none() {
            lines.extend([
                Line::Gap,
                Line::text(
                    "The service asked for no confirmation: this credential has only the rights from before one.",
                ),
            ]);
        }
        if let Some(end) = &self.former_end {
            lines.extend([
                Line::Gap,
                Line::text(match end {
                    FormerEnd::Ended => "The former key was ended at the service.".to_owned(),
                    FormerEnd::Not(why) => {
                        format!("The former key was not ended: {why}. End it on the service's own site.")
                    }
                }),
            ]);
            return lines;
        }
        let former = self.replaced.as_ref().filter(|account| !account.is_refused());
        let until = match former.map(Account::expires_at) {
            Some(Some(end)) if end > now => Some(format!("The service may accept it until {}.", when::exact(end))),
            Some(None) => Some("The service may go on accepting it; it can be ended on the service's own site.".into()),
            _ => None,
        };
        if let Some(until) = until {
            lines.extend([Line::Gap, Line::Quiet(format!("The former credential is no longer kept here. {until}"))]);
        }
        lines
    }
}
