//! Before consent: what is offered, which hosts hear of it, what is there already, where things are to be kept.

use jiff::Timestamp;

use super::SignUp;
use crate::account::{Account, DUE_WITHIN};
use crate::flow::discover::{By, Calls, Sent, Way};
use crate::flow::keep::{NOT_STORED, where_to_keep_it};
use crate::flow::{Choice, Difference, Line, Prompt, Screen, ScreenId, Seen};
use crate::{report, trust};

impl SignUp {
    pub(super) fn offered(&self) -> Screen {
        let service = self.discovery.service();
        let mut screen = self.page(ScreenId::Offer, None);
        let scopes = match self.ways().first() {
            Some(Way::OAuth(_)) => self.discovery.wanted_scopes(),
            _ => service.scopes.clone(),
        };
        let scopes = if scopes.is_empty() { "not said beforehand".to_owned() } else { scopes.join(", ") };
        let elsewhere = Way::ALL.into_iter().any(|way| !self.discovery.foreign_hosts(way).is_empty());
        let site = if !elsewhere { "same domain" } else { "not all of one domain" };
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
        let choices = self.ways().into_iter().enumerate().map(|(nth, way)| self.way_offered(way, nth == 0));
        let label = match self.replaced {
            Some(_) => "How do you want to get a new one?",
            None => "How do you want to sign up?",
        };
        screen.prompt = Some(Prompt::Pick { label: label.into(), choices: choices.collect() });
        screen
    }

    /// What a skill says now, and what it said when somebody used it last.
    pub(super) fn changed(&self) -> Screen {
        let mut screen = self.page(ScreenId::Confirm, None);
        let file = self.discovery.skill_file();
        let source = file.map(|file| file.source.to_string()).unwrap_or_default();
        screen.lines.push(Line::text(format!("The skill {source} has changed since it was used last.")));
        screen.lines.push(Line::text("It says where what you type is sent, and where your key is shown. What is new:"));
        screen.lines.push(Line::Gap);
        if let Some(Seen::Otherwise(differences)) = file.map(|file| &file.seen) {
            screen.lines.extend(differences.iter().map(|difference| match difference {
                Difference::Same(line) => Line::Theirs(format!("  {line}")),
                Difference::Gone(line) => Line::Theirs(format!("- {line}")),
                Difference::New(line) => Line::Theirs(format!("+ {line}")),
            }));
        }
        screen.prompt = Some(Prompt::Confirm {
            label: "Use it as it is now?".into(),
            yes: "Use it".into(),
            no: "Stop here".into(),
        });
        screen
    }

    fn way_offered(&self, way: Way, first: bool) -> Choice {
        let no_browser = self.known.surroundings.no_browser.is_some();
        let (label, detail) = match way {
            Way::AuthMd => self.discovery.confirmation().words(),
            Way::OAuth(By::Browser) if no_browser => {
                ("OAuth, in a browser elsewhere", "you bring its answer here; safer than a code, which can be misused")
            }
            Way::OAuth(By::Browser) => {
                ("OAuth, in your browser", "its answer comes to this machine only; safer than a code")
            }
            Way::OAuth(By::Device) if no_browser => {
                ("OAuth, with a short code", "typed in a browser on any machine; there is none here")
            }
            Way::OAuth(By::Device) => ("OAuth, with a short code", "typed in a browser anywhere"),
            Way::Enrol(Calls::EmailCode) => ("A code by e-mail", "typed here, and handed in for a key"),
            Way::Enrol(Calls::MagicLink) => ("A link by e-mail", "the key is behind it"),
            Way::Enrol(Calls::Direct) if self.is_made_by_key() => {
                ("A new key, made with one that you have", "its API makes it; you pick the other one")
            }
            Way::Enrol(Calls::Direct) => ("A key at once", "its API makes it for somebody new"),
            Way::Key => ("A key from its page", "you make it there, and paste it here"),
        };
        // The page is another's word, and is opened once this is chosen: it is shown whole before.
        let page = self.discovery.key_page().filter(|_| way == Way::Key);
        let detail = page.map_or(detail.to_owned(), |page| format!("you make it at {}, and paste it here", page.url));
        let several = self.ways().len() > 1;
        let detail = if first && several { format!("recommended: {detail}") } else { detail };
        Choice { label: label.into(), detail }
    }

    /// The service's own words, and what can be done with them.
    pub(super) fn prose(&self) -> Screen {
        let mut screen = self.page(ScreenId::Offer, None);
        let name = self.service_name();
        let document = self.discovery.document_lines();
        if let Some(obstacle) = self.discovery.obstacle() {
            screen.lines.push(Line::text(obstacle.what));
            if self.discovery.known_skill().is_some() {
                screen.lines.push(Line::text(obstacle.hint));
            }
        }
        if let Some(link) = &self.link {
            // The link stands where it is seen, rather than below all the words.
            let place = trust::authority(link);
            screen.lines.extend([Line::Gap, Line::text(format!("Its auth.md has this link to {place}:"))]);
        } else if !document.is_empty() {
            screen.lines.extend([Line::Gap, Line::Heading(format!("{name} says in its auth.md:"))]);
            screen.lines.extend(document.into_iter().map(theirs));
        }
        screen.link.clone_from(&self.link);
        let mut choices = vec![Choice {
            label: "Paste a key that you have got there".into(),
            detail: "kept here, and tried once".into(),
        }];
        choices.extend(self.discovery.document_links().iter().map(|link| match self.link.as_ref() == Some(link) {
            true => Choice { label: "Show its words again".into(), detail: String::new() },
            false => Choice {
                label: format!("Show the link to {}", trust::authority(link)),
                detail: trust::clean(link.path(), 60),
            },
        }));
        choices.push(Choice { label: "Stop here".into(), detail: "nothing is sent".into() });
        screen.prompt = Some(Prompt::Pick { label: "What would you like?".into(), choices });
        screen
    }

    pub(super) fn key(&self) -> Screen {
        let service = self.discovery.service();
        let mut screen = self.page(ScreenId::Key, Some(2));
        let page = self.discovery.key_page();
        match self.enrol.as_ref().filter(|enrol| enrol.has_begun()) {
            Some(enrol) => {
                let email = trust::clean(&enrol.email().unwrap_or_default(), 80);
                let name = &service.name;
                screen.lines.push(Line::text(format!(
                    "Check your inbox: {name} has mailed a link to {email}. Open it in your browser; the key is on the page below."
                )));
                screen.lines.extend(enrol.quote());
            }
            None => screen.lines.extend(page.map(|page| {
                Line::text(format!("Make a key for yourself at {}: the skill says so.", trust::authority(&page.url)))
            })),
        }
        if let Some(link) = self.link.as_ref().filter(|link| !trust::same_site(link, &self.discovery.target().start)) {
            screen.lines.push(Line::text(format!("{} is of another domain than the service.", trust::authority(link))));
        }
        let is_unchecked = page.is_some_and(|page| !page.is_checked && self.link.as_ref() == Some(&page.url));
        if is_unchecked {
            screen
                .lines
                .push(Line::text("Nobody has checked that this is the page; look whether it is the service's own."));
        }
        let expires = self.discovery.skill().and_then(|skill| skill.expires.as_deref());
        screen.lines.extend(expires.map(|when| Line::Quiet(format!("Its keys end: {when}."))));
        let by_post = self.discovery.skill().filter(|skill| skill.trial.as_ref().is_some_and(|it| it.body.is_some()));
        screen.lines.extend(by_post.map(|skill| Line::Quiet(skill.trial_in_words())));
        screen.lines.push(Line::text(format!(
            "Paste the key from {}'s site. It is kept for {} and {}.",
            service.name,
            trust::clean(&service.resource, 80),
            match self.discovery.skill().is_none_or(|skill| skill.can_be_tried()) {
                true => "tried there once",
                false => "not tried: no harmless call is known for it",
            }
        )));
        screen.link.clone_from(&self.link);
        let label = self.discovery.skill().map_or("The key", |skill| skill.form.label.as_str());
        screen.prompt = Some(Prompt::Secret { label: label.to_owned() });
        screen
    }

    pub(super) fn hosts(&self) -> Screen {
        let mut screen = self.page(ScreenId::Hosts, None);
        let start = trust::authority(&self.discovery.target().start);
        screen.lines.push(Line::text(format!("You asked for {start}. Signing up would also send data to:")));
        screen.lines.push(Line::Gap);
        for host in self.discovery.foreign_hosts(self.way) {
            let sent: Vec<&str> = self.discovery.sent_to(&host, self.way).into_iter().map(Sent::words).collect();
            // Whole, however long it is: it is what the person decides by.
            screen.lines.extend([Line::Heading(host), Line::fact("gets", sent.join(", "))]);
        }
        if let Some(resource) = self.discovery.resource_apart() {
            screen.lines.extend([
                Line::Gap,
                Line::text(format!("What they hand out is then shown to {resource} with every call.")),
            ]);
        }
        screen.lines.push(Line::Gap);
        screen.lines.push(Line::text("Nothing has been sent there yet, and nothing is if you stop here."));
        screen.prompt = Some(Prompt::Confirm {
            label: "Do you know these hosts and allow this?".into(),
            yes: "Allow".into(),
            no: "Stop here".into(),
        });
        screen
    }

    pub(super) fn existing_screen(&self, now: Timestamp) -> Screen {
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

    pub(super) fn label_screen(&self) -> Screen {
        let mut screen = self.page(ScreenId::Param("label".into()), None);
        screen.lines.push(Line::text("A word that tells this account from the other one, for example work."));
        screen.prompt = Some(Prompt::Text { label: "Label".into() });
        screen
    }

    pub(super) fn stores(&self) -> Screen {
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
}

/// A line of the service's own, marked as theirs.
fn theirs(line: Line) -> Line {
    match line {
        Line::Heading(text) | Line::Text(text) | Line::Quiet(text) => Line::Theirs(text),
        _ => Line::Theirs(String::new()),
    }
}
