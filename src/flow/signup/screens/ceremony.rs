//! Consent and what comes after it, up to the code.

use url::Url;

use super::super::Extra;
use super::super::handoff::{FINISHED, KEEP};
use super::super::heard::is_harmless;
use super::SignUp;
use crate::account::StoreKind;
use crate::flow::discover::{By, Confirmation, Way};
use crate::flow::wire::Granted;
use crate::flow::work::{SLICE, Slice};
use crate::flow::{Choice, Line, Prompt, Screen, ScreenId};
use crate::trust;

impl SignUp {
    pub(super) fn consent(&self) -> Screen {
        if let Way::OAuth(by) = self.way {
            return self.consent_to_oauth(by);
        }
        let service = self.discovery.service();
        let name = &service.name;
        let mut screen = self.page(ScreenId::Consent, Some(0));
        let registered = self.ceremony.registered;
        if let Some(detour) = &self.ceremony.detour {
            screen.lines.extend([Line::text(detour.clone()), Line::Gap]);
        }
        screen.lines.push(Line::Heading("This will happen, in this order:".into()));
        let plan = self.discovery.plan(self.start(), self.place_in_words());
        screen.lines.extend(plan.into_iter().enumerate().map(|(nth, step)| Line::Item {
            number: nth + 1,
            what: step.what,
            detail: step.detail,
            done: registered && nth == 0,
        }));
        screen.lines.push(Line::Gap);
        let scopes =
            if service.scopes.is_empty() { "not said beforehand".to_owned() } else { service.scopes.join(", ") };
        screen.lines.push(Line::text(format!("You would get: {scopes}.")));
        let hosts = self.discovery.hosts_of_the_address().join(", ");
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

    fn place_in_words(&self) -> &'static str {
        match self.place {
            Some(StoreKind::Vault) => "in the vault",
            Some(StoreKind::Json) => "in a file",
            Some(StoreKind::Memory | StoreKind::Foreign) | None => "in memory",
        }
    }

    fn consent_to_oauth(&self, by: By) -> Screen {
        let name = self.service_name();
        let mut screen = self.page(ScreenId::Consent, Some(0));
        screen.lines.push(Line::Heading("This will happen, in this order:".into()));
        let plan = self.discovery.oauth_plan(by, self.place_in_words(), self.is_known_there());
        screen.lines.extend(plan.into_iter().enumerate().map(|(nth, step)| Line::Item {
            number: nth + 1,
            what: step.what,
            detail: step.detail,
            done: false,
        }));
        let scopes = self.discovery.wanted_scopes();
        let scopes =
            if scopes.is_empty() { "what the service gives to everybody".to_owned() } else { scopes.join(", ") };
        let resource = self.discovery.named_resource().unwrap_or_default();
        let is_bound = self.discovery.authorization().is_none_or(|server| server.hears_resource);
        let good_for = match is_bound {
            true => format!("The token is for {} and nothing else.", trust::clean(&resource, 80)),
            false => "What you get is not limited to one address: it can do what your account there can.".to_owned(),
        };
        screen.lines.extend([Line::Gap, Line::text(format!("Asked for: {scopes}."))]);
        screen
            .lines
            .extend(self.client_beforehand().map(|id| Line::text(format!("As the client {}.", trust::clean(&id, 80)))));
        screen.lines.extend([Line::text(good_for), Line::text("Nothing has been sent yet.")]);
        screen.prompt =
            Some(Prompt::Confirm { label: format!("Sign in to {name}?"), yes: "Yes, sign in".into(), no: "No".into() });
        screen
    }

    pub(super) fn email(&self) -> Screen {
        let name = self.service_name();
        let mut screen = self.page(ScreenId::Email, Some(1));
        let how = match self.discovery.confirmation() {
            Confirmation::Mail => format!("{name} sends a code there."),
            Confirmation::Told => format!("{name} lets you confirm it with a code."),
        };
        screen.lines.push(Line::text(format!("{how} The account will be bound to this address.")));
        if let Some(bound) = self.replaced.as_ref().and_then(|account| account.identity.as_deref()) {
            screen.lines.push(Line::Quiet(format!("So far the account is bound to {}.", trust::clean(bound, 80))));
        }
        screen.prompt = Some(Prompt::Email { label: "Your e-mail address".into() });
        screen
    }

    /// The person brings a code: from a mail, or from a page of the service.
    pub(super) fn code(&self) -> Screen {
        let name = self.service_name();
        let email = trust::clean(self.ceremony.email.as_deref().unwrap_or("your address"), 80);
        let mut screen = self.page(ScreenId::Code, Some(2));
        let nested = self.ceremony.handle.as_ref().is_some_and(|handle| handle.nested);
        let page = self.ceremony.attempt.as_ref().and_then(|attempt| attempt.page.clone());
        let page = page.or_else(|| self.other_page());
        if nested && page.is_some() {
            let page = self.page_in_words(page.as_ref());
            screen
                .lines
                .push(Line::text(format!("Open {page} and sign in as {email}. It shows a code: type it here.")));
            screen.lines.extend(self.quote(&name));
        } else {
            screen.lines.push(Line::text(format!("A mail is on its way to {email}. Open it and find the code.")));
            screen.lines.extend(self.quote(&name));
            screen.lines.push(Line::Quiet(
                "No mail? Look in the junk folder, go back to correct the address, or have a new code sent.".into(),
            ));
        }
        screen.lines.push(Line::Quiet(format!(
            "Then it is handed in, and the credential is kept {} and tried once.",
            self.place_in_words()
        )));
        if !nested && page.is_some() {
            screen.lines.push(Line::Quiet(format!("{name} also has a page for this:")));
        }
        screen.link = page;
        screen.prompt = Some(Prompt::Code { label: "The code".into(), digits: (!nested).then(|| self.code_digits()) });
        screen.deadline = self.ceremony.attempt.as_ref().and_then(|attempt| attempt.expires_at);
        screen
    }

    /// Where the endpoint is published, another address for the claim is a page for people.
    fn other_page(&self) -> Option<Url> {
        let other = self.offer().and_then(|offer| offer.claim.as_ref()).and(self.ceremony.claim_page.clone());
        let secrets = self.secrets(&Granted::default());
        other.filter(|url| Some(url) != self.claim_url().as_ref() && is_harmless(url, &secrets))
    }

    /// Whose page it is: who looks for the service's name in the address does not find it on another domain.
    fn page_in_words(&self, page: Option<&Url>) -> String {
        let name = self.service_name();
        match page.filter(|page| !trust::same_site(page, &self.discovery.target().start)) {
            Some(page) => format!("this page at {} (another domain than that of {name})", trust::authority(page)),
            None => format!("this page of {name}"),
        }
    }

    /// The person takes our code to the service's page.
    pub(super) fn handoff(&self) -> Screen {
        let name = self.service_name();
        let mut screen = self.page(ScreenId::Handoff, Some(2));
        let attempt = self.ceremony.attempt.as_ref();
        screen.user_code = attempt.and_then(|attempt| attempt.code.clone());
        screen.link = attempt.and_then(|attempt| attempt.page.clone()).or_else(|| self.other_page());
        screen.qr = attempt.and_then(|attempt| attempt.complete.clone());
        screen.deadline = self.code_ends();
        screen.lines.push(Line::text(match (&screen.link, &screen.user_code) {
            (page @ Some(_), Some(_)) => {
                format!("Open {}, sign in, and type the code there. Not here.", self.page_in_words(page.as_ref()))
            }
            (page @ Some(_), None) => {
                format!("Open {}, sign in, and confirm there.", self.page_in_words(page.as_ref()))
            }
            (None, Some(_)) => format!("Type this code on {name}'s own site, where it asks for it. Not here."),
            (None, None) => format!("{name} waits until you have confirmed, as it told you."),
        }));
        screen.lines.push(Line::Quiet(format!(
            "Then the credential is fetched by itself, kept {} and tried once.",
            self.place_in_words()
        )));
        screen.lines.extend(self.quote(&name));
        screen
    }

    /// A page, and only the person can see what it wants of them.
    pub(super) fn either(&self) -> Screen {
        let name = self.service_name();
        let mut screen = self.page(ScreenId::Confirm, Some(2));
        screen.link = self.ceremony.attempt.as_ref().and_then(|attempt| attempt.page.clone());
        screen.lines.push(Line::text(format!("{name} wants you to go on with this page, or with a mail of its own.")));
        screen.lines.extend(self.quote(&name));
        screen.deadline = self.code_ends();
        let choice = |label: &str, detail: &str| Choice { label: label.into(), detail: detail.into() };
        screen.prompt = Some(Prompt::Pick {
            label: "What does it want?".into(),
            choices: vec![
                choice("I confirm on its page", "it is looked here whether you have"),
                choice("It gives me a code", "you type it here"),
            ],
        });
        screen
    }

    /// The same, where only the person can tell when it is done.
    pub(super) fn unwatched(&self) -> Screen {
        let mut screen = self.handoff();
        screen.lines.push(Line::Quiet(format!("{} gives no way to look whether you have.", self.service_name())));
        let choice = |label: &str, detail: &str| Choice { label: label.into(), detail: detail.into() };
        let goes_on = match self.holds_early() {
            true => "goes on with it",
            false => "looks once more; else repeats the registration",
        };
        let mut choices = vec![choice("I have confirmed there", goes_on)];
        debug_assert_eq!(choices.len() - 1, FINISHED);
        if self.holds_early() {
            choices.push(choice("Keep it as it is", "few rights, until somebody confirms"));
            debug_assert_eq!(choices.len() - 1, KEEP);
        }
        choices.push(choice("Stop here", "nothing is kept"));
        screen.prompt = Some(Prompt::Pick { label: "How far is it?".into(), choices });
        screen
    }

    /// The service asks for something more.
    pub(super) fn extra(&self, extra: &Extra) -> Screen {
        let name = self.service_name();
        let mut screen = match extra {
            Extra::Scopes(_) => {
                let mut screen = self.page(ScreenId::Param("scope".into()), Some(0));
                screen.lines.push(Line::text(format!("{name} wants to know what the credential is to be good for.")));
                let scopes = self.choosable_scopes();
                screen.prompt = Some(match scopes.as_slice() {
                    [] => Prompt::Text { label: "Scopes, with blanks between".into() },
                    several => {
                        let mut choices: Vec<Choice> = several
                            .iter()
                            .map(|scope| Choice { label: scope.clone(), detail: String::new() })
                            .collect();
                        if choices.len() > 1 {
                            choices.push(Choice { label: "All of them".into(), detail: "some take only one".into() });
                        }
                        Prompt::Pick { label: "Which?".into(), choices }
                    }
                });
                screen
            }
            Extra::Terms { version, page } => {
                let mut screen = self.page(ScreenId::Param("tos_accepted".into()), Some(0));
                let version = version.as_ref().map(|version| format!(", version {version}")).unwrap_or_default();
                screen
                    .lines
                    .push(Line::text(format!("{name} goes on only if you accept its terms of service{version}.")));
                screen.lines.push(Line::text(match page {
                    Some(_) => "Read them first:",
                    None => "It does not say where they are; look on its site.",
                }));
                screen.link.clone_from(page);
                screen.prompt = Some(Prompt::Confirm {
                    label: "Do you accept them?".into(),
                    yes: "I accept".into(),
                    no: "No, stop".into(),
                });
                screen
            }
            Extra::Name => {
                let mut screen = self.page(ScreenId::Param("name".into()), Some(0));
                screen.lines.push(Line::text(format!("{name} wants a name for the account.")));
                screen.prompt = Some(Prompt::Text { label: "Name".into() });
                screen
            }
            Extra::ClientId => {
                let mut screen = self.page(ScreenId::Param("client_id".into()), Some(2));
                screen.lines.push(Line::text(format!(
                    "{name} wants to hear a client id and does not publish one. Its documentation may say which."
                )));
                screen.prompt = Some(Prompt::Text { label: "Client id".into() });
                screen
            }
        };
        screen.lines.extend(self.quote(&name));
        screen
    }

    pub(super) fn working(&self, slice: &Slice, solved: usize) -> Screen {
        let puzzle = slice.puzzle();
        let mut screen = self.page(ScreenId::Waiting, Some(0));
        let name = self.service_name();
        screen.lines.push(Line::text(format!("{name} wants this machine to compute a while, against mass sign-ups.")));
        // Luck decides; on average one slice in so many has the nonce.
        let expected = (1_u64 << puzzle.difficulty).max(SLICE);
        screen.lines.push(Line::fact(
            "solved",
            format!(
                "{solved} of {} · {} % of the usual time for this one",
                puzzle.count,
                (100 * slice.tried() / expected).min(999)
            ),
        ));
        screen
    }
}
