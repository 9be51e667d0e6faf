//! What a person sees on each stage of a sign-up.

use jiff::Timestamp;
use url::Url;

use super::{Call, Question, Sent, SignUp, Stage};
use crate::account::{Account, DUE_WITHIN, StoreKind, Verdict};
use crate::flow::keep::{NOT_STORED, where_to_keep_it};
use crate::flow::wire::Start;
use crate::flow::{Choice, Line, Outcome, Prompt, Screen, ScreenId, Trail};
use crate::{report, trust, when};

const STEPS: &[&str] = &["consent", "e-mail", "code", "done"];

impl SignUp {
    pub(super) fn shown(&self, now: Timestamp) -> Screen {
        let mut screen = match &self.stage {
            Stage::Discovering | Stage::LookingUp => self.discovering(),
            Stage::Offer => self.offered(),
            Stage::Hosts => self.hosts(),
            Stage::Existing => self.existing_screen(now),
            Stage::Label => self.label_screen(),
            Stage::Store => self.stores(),
            Stage::Passphrase => self.passphrase.screen(&self.page(ScreenId::Store, None).title),
            Stage::SettingUp(_) => {
                let mut screen = self.page(ScreenId::Waiting, None);
                screen.lines.push(Line::text("Making the vault…"));
                screen
            }
            Stage::Consent => self.consent(),
            Stage::Email => self.email(),
            Stage::Code => self.code(),
            Stage::Ask(question) => self.asked(question),
            Stage::Sending(call) => self.sending(call),
            Stage::Locking | Stage::Saving => self.busy("Keeping the credential…", 2),
            Stage::Proving(_) | Stage::Noting => self.busy("Kept. Trying the new credential once…", 3),
            Stage::Over(outcome) => self.over(outcome, now),
        };
        if screen.problem.is_none() {
            screen.problem.clone_from(&self.problem);
        }
        screen.can_go_back = self.before().is_some();
        screen.at_stake = self.at_stake();
        screen
    }

    fn at_stake(&self) -> Option<String> {
        match &self.stage {
            Stage::Over(_) | Stage::Proving(_) | Stage::Noting => None,
            _ if self.ceremony.granted.is_some() => {
                Some("The new credential is kept nowhere yet and would be lost.".into())
            }
            _ if self.ceremony.posted => {
                Some(format!("The sign-up at {} is not finished; it would have to begin anew.", self.service_name()))
            }
            _ => None,
        }
    }

    fn page(&self, id: ScreenId, at: Option<usize>) -> Screen {
        let verb = if self.replaced.is_some() { "Renew" } else { "Sign up" };
        let name = match self.stage {
            Stage::Discovering | Stage::LookingUp => self.discovery.target().typed.clone(),
            _ => self.service_name(),
        };
        // Of several accounts of one service, the title says which.
        let name = self.replaced.as_ref().map_or(name, |account| account.id.to_string());
        let mut screen = Screen::new(id, format!("{verb} · {name}"));
        screen.trail = at.map(|at| Trail { steps: STEPS, at });
        screen
    }

    fn discovering(&self) -> Screen {
        let mut screen = self.page(ScreenId::Discovering, None);
        screen.lines.push(Line::Quiet(format!(
            "Understood as {}. Only reading; nothing is registered.",
            self.discovery.target().understood
        )));
        screen.lines.push(Line::Gap);
        screen.lines.extend(self.discovery.lines());
        screen
    }

    fn offered(&self) -> Screen {
        let service = self.discovery.service();
        let mut screen = self.page(ScreenId::Offer, None);
        let scopes =
            if service.scopes.is_empty() { "not said beforehand".to_owned() } else { service.scopes.join(", ") };
        let site = if self.discovery.foreign_hosts().is_empty() { "same domain" } else { "not all of one domain" };
        screen.lines.extend(self.discovery.lines());
        screen.lines.extend([
            Line::Gap,
            Line::Heading(service.name),
            Line::fact("you would get", scopes),
            Line::fact("talks to", format!("{} ({site})", service.hosts.join(", "))),
            Line::fact("resource", trust::clean(&service.resource, 100)),
        ]);
        for finding in self.discovery.findings() {
            screen.lines.push(Line::Quiet(format!("Note: {}", finding.message)));
        }
        screen.prompt = Some(Prompt::Pick {
            label: "How do you want to sign up?".into(),
            choices: vec![Choice { label: "auth.md, code by e-mail".into(), detail: "no browser needed".into() }],
        });
        screen
    }

    fn hosts(&self) -> Screen {
        let mut screen = self.page(ScreenId::Hosts, None);
        let start = trust::authority(&self.discovery.target().start);
        screen.lines.push(Line::text(format!("You asked for {start}. Signing up would also send data to:")));
        screen.lines.push(Line::Gap);
        for host in self.discovery.foreign_hosts() {
            screen.lines.push(Line::fact("host", host));
        }
        screen.lines.push(Line::Gap);
        screen.lines.push(Line::text("Your e-mail address, the code and the credential may pass through there."));
        screen.prompt = Some(Prompt::Confirm {
            label: "Do you know these hosts and allow this?".into(),
            yes: "Allow".into(),
            no: "Stop here".into(),
        });
        screen
    }

    fn existing_screen(&self, now: Timestamp) -> Screen {
        let mut screen = self.page(ScreenId::Existing, None);
        let accounts: Vec<&Account> = self.existing().collect();
        screen.lines.push(Line::text(format!("You are signed up at {} already:", self.service_name())));
        screen.lines.push(Line::Gap);
        screen.lines.extend(accounts.iter().map(|account| {
            let identity = account.identity.as_deref().unwrap_or("no address known");
            let status = account.status(now, DUE_WITHIN);
            Line::fact(account.id.as_str(), format!("{identity}, {}", report::meaning(account, status, now)))
        }));
        let mut choices = vec![Choice { label: "Keep it as it is".into(), detail: "nothing is sent".into() }];
        choices.extend(accounts.iter().map(|account| Choice {
            label: format!("Sign up again in place of {}", account.id),
            detail: "the old credential stays until the new one is stored".into(),
        }));
        if self.label.is_none() {
            choices.push(Choice {
                label: "Add another account beside it".into(),
                detail: "with a label to tell them apart".into(),
            });
        }
        screen.prompt = Some(Prompt::Pick { label: "What would you like?".into(), choices });
        screen
    }

    fn label_screen(&self) -> Screen {
        let mut screen = self.page(ScreenId::Param("label"), None);
        screen.lines.push(Line::text("A word that tells this account from the other one, for example work."));
        screen.prompt = Some(Prompt::Text { label: "Label".into() });
        screen
    }

    fn stores(&self) -> Screen {
        let after_failure = self.ceremony.granted.is_some();
        let mut screen = self.page(ScreenId::Store, after_failure.then_some(2));
        screen.lines.push(Line::text(match after_failure {
            true => NOT_STORED,
            false => "Where should the credential be kept?",
        }));
        let mut places: Vec<&str> = self.known.stores.iter().filter_map(|store| store.place.as_deref()).collect();
        places.dedup();
        screen.lines.extend((!places.is_empty()).then_some(Line::Gap));
        screen.lines.extend(places.iter().map(|place| Line::Quiet((*place).to_owned())));
        if self.known.stores.iter().any(|store| store.setup.is_some()) {
            let why = "The vault shows which services you use and when credentials end; the credentials in it are sealed. Listing and saving ask for nothing; using one asks for what opens the vault.";
            screen.lines.push(Line::Quiet(why.into()));
        }
        if !after_failure {
            // With nothing at stake yet, the reason why the usual place is out comes from the offers.
            let made = self.known.stores.iter().filter(|store| store.setup.is_none());
            screen.problem = made.into_iter().find_map(|store| store.problem.clone());
        }
        screen.prompt = Some(where_to_keep_it(&self.known.stores, self.place.filter(|_| after_failure)));
        screen
    }

    fn consent(&self) -> Screen {
        let service = self.discovery.service();
        let name = &service.name;
        let mut screen = self.page(ScreenId::Consent, Some(0));
        let register = place(self.offer().and_then(|offer| offer.register.as_ref()));
        let claim = place(self.claim_url().as_ref());
        let complete = place(self.complete_url().as_ref());
        let store = match self.place {
            Some(StoreKind::Vault) => "in the vault",
            Some(StoreKind::Json) => "in a file",
            Some(StoreKind::Memory) | None => "in memory",
        };
        let mailed = format!("{name} mails you a code");
        let mut plan = match self.start() {
            Start::Anonymous => vec![
                ("register without a name".to_owned(), register),
                ("you type your e-mail address".to_owned(), String::new()),
                (mailed, claim),
            ],
            Start::VerifiedEmail | Start::ServiceAuth => vec![
                ("you type your e-mail address".to_owned(), String::new()),
                ("register with it".to_owned(), register),
                (mailed, "to that address".to_owned()),
            ],
        };
        plan.extend([
            ("you type the code here".to_owned(), String::new()),
            ("the account is bound to you".to_owned(), complete),
            (format!("the credential is kept {store}"), format!("for {} only", trust::clean(&service.resource, 60))),
            ("and tried once".to_owned(), format!("GET {}", short_url(&service.resource))),
        ]);
        if let Some(detour) = &self.ceremony.detour {
            screen.lines.extend([Line::text(detour.clone()), Line::Gap]);
        }
        screen.lines.push(Line::Heading("This will happen, in this order:".into()));
        let registered = self.ceremony.registration.is_some();
        screen.lines.extend(plan.into_iter().enumerate().map(|(nth, (what, detail))| Line::Item {
            number: nth + 1,
            what,
            detail,
            done: registered && nth == 0,
        }));
        screen.lines.push(Line::Gap);
        let scopes =
            if service.scopes.is_empty() { "not said beforehand".to_owned() } else { service.scopes.join(", ") };
        screen.lines.push(Line::text(format!("You would get: {scopes}.")));
        let hosts = self.discovery.registering_hosts().join(", ");
        screen.lines.push(Line::text(match registered {
            true => "The first step is done. Nothing more is sent until you go on.".to_owned(),
            false => format!("Nothing has been sent yet. Your e-mail address goes to {hosts} and nowhere else."),
        }));
        let label = if registered {
            format!("Go on with the sign-up at {name}?")
        } else if self.replaced.is_some() {
            format!("Register again on {name}?")
        } else {
            format!("Register an account on {name}?")
        };
        screen.prompt = Some(Prompt::Confirm {
            label,
            yes: if registered { "Yes, go on" } else { "Yes, register" }.into(),
            no: "No".into(),
        });
        screen
    }

    fn email(&self) -> Screen {
        let name = self.service_name();
        let mut screen = self.page(ScreenId::Email, Some(1));
        screen.lines.push(Line::text(format!("{name} sends a code there. The account will be bound to this address.")));
        if let Some(bound) = self.replaced.as_ref().and_then(|account| account.identity.as_deref()) {
            screen.lines.push(Line::Quiet(format!("So far the account is bound to {}.", trust::clean(bound, 80))));
        }
        screen.prompt = Some(Prompt::Email { label: "Your e-mail address".into() });
        screen
    }

    fn code(&self) -> Screen {
        let name = self.service_name();
        let email = self.ceremony.email.as_deref().unwrap_or("your address");
        let mut screen = self.page(ScreenId::Code, Some(2));
        screen.lines.push(Line::text(format!(
            "A mail is on its way to {}. Open it and find the code.",
            trust::clean(email, 80)
        )));
        screen.lines.extend(self.quote(&name));
        screen.lines.push(Line::Quiet(
            "No mail? Look in the junk folder, go back to correct the address, or have a new code sent.".into(),
        ));
        if self.ceremony.page.is_some() {
            screen.lines.push(Line::Quiet(format!("{name} also has a page for this:")));
        }
        screen.link.clone_from(&self.ceremony.page);
        screen.prompt = Some(Prompt::Code { label: "The code".into(), digits: self.code_digits() });
        screen.deadline = self.ceremony.code_expires_at;
        screen
    }

    fn asked(&self, question: &Question) -> Screen {
        let name = self.service_name();
        let email = trust::clean(self.ceremony.email.as_deref().unwrap_or("your address"), 80);
        let at = match question {
            Question::Repeat(call, ..) if **call == Call::Register => 0,
            Question::Repeat(call, ..) if **call == Call::Claim => 1,
            Question::OtherAddress(_) => 1,
            _ => 2,
        };
        let mut screen = self.page(ScreenId::Confirm, Some(at));
        let (text, label, yes, no) = match question {
            Question::NewCode(_) => (
                format!("{name} can mail another code to {email}; the old one is of no use any more."),
                "Have a new code sent?",
                "Send a new code",
                "Stop here",
            ),
            Question::RegisterAgain(_) => (
                format!(
                    "The steps begin again: register, a new code to {email}, type it here. Nothing of the first registration is kept."
                ),
                "Register once more?",
                "Register again",
                "Stop here",
            ),
            Question::Repeat(_, _, Sent::No) => {
                (format!("Nothing reached {name} this time."), "Try again?", "Try again", "Stop here")
            }
            Question::Repeat(call, _, Sent::Perhaps) => {
                let what = match **call {
                    Call::Register => "made a registration",
                    Call::Claim => "mailed a code",
                    Call::Complete { .. } => "accepted the code",
                };
                (
                    format!("{name} may or may not have {what}. Trying again makes the same call once more."),
                    "Try again?",
                    "Try again",
                    "Stop here",
                )
            }
            Question::OtherAddress(typed) => {
                let bound = self.replaced.as_ref().and_then(|account| account.identity.as_deref()).unwrap_or_default();
                (
                    format!(
                        "The account was bound to {}; you typed {}.",
                        trust::clean(bound, 80),
                        trust::clean(typed, 80)
                    ),
                    "Bind it to the new address?",
                    "Yes, that one",
                    "No, type again",
                )
            }
        };
        screen.lines.push(Line::text(text));
        screen.lines.extend(self.quote(&name));
        screen.problem = match question {
            Question::NewCode(problem) | Question::RegisterAgain(problem) | Question::Repeat(_, problem, _) => {
                Some(problem.clone())
            }
            Question::OtherAddress(_) => None,
        };
        screen.prompt = Some(Prompt::Confirm { label: label.into(), yes: yes.into(), no: no.into() });
        screen
    }

    fn quote(&self, from: &str) -> Option<Line> {
        let text = self.ceremony.message.clone()?;
        Some(Line::Quote { from: from.to_owned(), text })
    }

    fn sending(&self, call: &Call) -> Screen {
        match call {
            Call::Register => self.busy("Registering…", 0),
            Call::Claim => self.busy("Asking for a code to be mailed…", 1),
            Call::Complete { .. } => self.busy("Handing in the code…", 2),
        }
    }

    fn busy(&self, what: &str, at: usize) -> Screen {
        let mut screen = self.page(ScreenId::Waiting, Some(at));
        screen.lines.push(Line::text(what));
        screen
    }

    fn over(&self, outcome: &Outcome, now: Timestamp) -> Screen {
        let mut screen = match outcome {
            Outcome::Connected(account) if self.kept => {
                let mut screen = self.page(ScreenId::Done, None);
                screen.lines.push(Line::text(format!("Nothing was changed; {} stays as it is.", account.id)));
                screen
            }
            Outcome::Connected(account) => {
                let mut screen = self.page(ScreenId::Done, Some(STEPS.len()));
                screen.lines = self.connected(account, now);
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
                screen.lines.extend(lost.is_none().then(|| Line::text(match (self.ceremony.posted, &self.replaced) {
                    (false, _) => "Cancelled. Nothing was registered.",
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

    fn connected(&self, account: &Account, now: Timestamp) -> Vec<Line> {
        let scopes = if account.scopes.is_empty() { "not said".to_owned() } else { account.scopes.join(", ") };
        let expires = account.expires_at().map_or("never, as far as the service says".to_owned(), |end| {
            format!("{} ({})", when::relative(end, now), when::exact(end))
        });
        let kept = match account.store {
            StoreKind::Vault => "the vault".to_owned(),
            StoreKind::Json => "the token file".to_owned(),
            StoreKind::Memory => "memory only; gone when this program ends".to_owned(),
        };
        let tried = match account.proof.map(|proof| proof.verdict) {
            Some(Verdict::Accepted { status }) => format!("works ({status})"),
            Some(Verdict::Refused { status }) => {
                format!("the service does not accept it yet ({status}); verify again in a while")
            }
            Some(Verdict::Unclear { status }) => format!("the answer proves nothing ({status})"),
            Some(Verdict::Unreachable) | None => "no answer; verify it later".to_owned(),
        };
        let mut lines = vec![
            Line::Heading(match self.replaced {
                Some(_) => format!("Renewed: {} has a new credential.", account.id),
                None => format!("Signed up: {} is connected.", account.service),
            }),
            Line::Gap,
            Line::fact("scopes", scopes),
            Line::fact(
                "bound to",
                account.identity.as_deref().map_or("nobody".to_owned(), |identity| trust::clean(identity, 80)),
            ),
            Line::fact("expires", expires),
            Line::fact("kept in", kept),
            Line::fact("tried", tried),
        ];
        if account.store != StoreKind::Memory {
            lines.extend([Line::Gap, Line::Heading("How to use it".into())]);
            lines.push(Line::text(format!("authmd-tui token {}", account.id)));
            lines.push(Line::text(format!("curl -H \"Authorization: Bearer $(authmd-tui token {})\" \\", account.id)));
            lines.push(Line::text(format!("  {}", trust::clean(&account.resource, 100))));
        }
        if !account.claimed {
            lines.extend([
                Line::Gap,
                Line::text(
                    "The service asked for no confirmation: this credential has only the rights from before one.",
                ),
            ]);
        }
        if let Some(end) = self.replaced.as_ref().and_then(Account::expires_at).filter(|end| *end > now) {
            lines.extend([
                Line::Gap,
                Line::Quiet(format!(
                    "The former credential is no longer kept here. The service may accept it until {}.",
                    when::exact(end)
                )),
            ]);
        }
        lines
    }
}

/// A call as the plan shows it: a long path by its end, which tells the calls apart.
fn place(url: Option<&Url>) -> String {
    let Some(url) = url else {
        return "POST, where the service says next".to_owned();
    };
    let segments: Vec<&str> = url.path_segments().map(Iterator::collect).unwrap_or_default();
    let path = match segments.as_slice() {
        [_, .., before, last] if url.path().len() > 20 => format!("/…/{before}/{last}"),
        _ => url.path().to_owned(),
    };
    format!("POST {}{}", trust::authority(url), trust::clean(&path, 60))
}

/// A resource as host and path.
fn short_url(resource: &str) -> String {
    Url::parse(resource).map_or_else(
        |_| trust::clean(resource, 60),
        |url| trust::clean(&format!("{}{}", trust::authority(&url), url.path()), 60),
    )
}
