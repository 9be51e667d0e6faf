//! Before consent: what is offered, what is there already, where things are to be kept. Nothing is sent but reading.

use super::{LABEL_LENGTH, SignUp, Stage};
use crate::account::{Account, Mode, StoreKind};
use crate::flow::discover::{Calls, Way};
use crate::flow::passphrase::NewPassphrase;
use crate::flow::revoke::to_be_revoked;
use crate::flow::{Effect, Guard, Outcome, Protection, Seen, StoreOffer, discover};
use crate::problem::{Kind, Problem};
use crate::trust;

impl SignUp {
    pub(super) fn discover(&mut self, next: discover::Next) -> Vec<Effect> {
        match next {
            discover::Next::Send(request) => vec![Effect::Http(request)],
            discover::Next::Wait(span) => vec![Effect::Wait(span)],
            discover::Next::Read(file) => vec![Effect::Read(file)],
            discover::Next::Over => {
                if let (Some(problem), Some(account)) = (self.discovery.unread(), &self.replaced) {
                    let hint =
                        format!("Put the file back; or sign up anew from where it is now, and forget {}.", account.id);
                    return self.fail(Problem { hint, ..problem });
                }
                if let Some(problem) = self.discovery.obstacle() {
                    if !self.can_be_brought() {
                        return self.fail(problem);
                    }
                    // Words can be read, and what they lead to can be kept.
                    self.way = Way::Key;
                }
                if let Some(problem) = self.described_otherwise() {
                    return self.fail(problem);
                }
                match self.discovery.skill_file().map(|file| &file.seen) {
                    Some(Seen::Otherwise(_)) => self.ask(Stage::Changed),
                    Some(Seen::Never) => self.pin(),
                    Some(Seen::AsItWas) | None => self.look_up(),
                }
            }
        }
    }

    /// The skill is remembered as it is; a change of it is shown from now on.
    pub(super) fn pin(&mut self) -> Vec<Effect> {
        self.stage = Stage::Pinning;
        self.discovery.skill_file().map(|file| Effect::Pin(Box::new(file.clone()))).into_iter().collect()
    }

    pub(super) fn look_up(&mut self) -> Vec<Effect> {
        self.stage = Stage::LookingUp;
        vec![Effect::Lookup { resource: self.discovery.service().resource }]
    }

    /// The file that described the account's service describes another one: its key would be kept in the wrong place.
    fn described_otherwise(&self) -> Option<Problem> {
        let (account, file) = (self.replaced.as_ref()?, self.discovery.target().skill.as_ref()?);
        let resource = self.discovery.service().resource;
        (resource != account.resource).then(|| {
            let what = format!("The skill {file} is about {} now.", trust::clean(&resource, 80));
            let hint =
                format!("Put back the one for {}; or sign up anew, and forget {}.", account.resource, account.id);
            Problem::new(Kind::Unsafe, what, hint)
        })
    }

    /// The ways that are to be chosen from: all that are offered, or the one that was asked for.
    pub(super) fn ways(&self) -> Vec<Way> {
        let mut ways = self.discovery.ways(&self.known.surroundings);
        // A key is renewed as it was obtained; where keys make keys, either way leads to one like it.
        let either = |way: Way| {
            let alike = [Way::Key, Way::Enrol(Calls::Direct)];
            self.replaced.is_some() && self.is_made_by_key() && alike.contains(&way)
        };
        ways.retain(|way| self.only.is_none_or(|only| only == *way || either(*way)));
        if self.replaced.is_some() {
            ways.sort_by_key(|way| self.only.is_some_and(|only| only != *way));
        }
        // What was signed in to by OAuth is so again, unless the person wants something else.
        let by_oauth = self.replaced.as_ref().is_some_and(|account| matches!(account.mode, Mode::OAuth | Mode::Device));
        if by_oauth {
            ways.sort_by_key(|way| *way == Way::AuthMd);
        }
        // A key that is made with another one is for who has another one.
        if self.is_made_by_key() && self.held().next().is_none() {
            ways.sort_by_key(|way| *way == Way::Enrol(Calls::Direct));
        }
        ways
    }

    pub(super) fn choose_way(&mut self) -> Vec<Effect> {
        if self.by_key() && self.discovery.key_page().is_none() {
            return self.ask(Stage::Prose);
        }
        match (self.ways().first(), self.only) {
            (None, Some(only)) => {
                let name = self.service_name();
                let offered = self.discovery.ways(&self.known.surroundings);
                let offered: Vec<&str> = offered.into_iter().map(|way| way.mode().as_str()).collect();
                self.fail(Problem::new(
                    Kind::ServiceRefused,
                    format!("{name} does not offer {}.", only.mode().as_str()),
                    format!("It offers {}; leave --mode out to choose.", offered.join(", ")),
                ))
            }
            _ => self.ask(Stage::Offer),
        }
    }

    pub(super) fn offer_picked(&mut self, picked: usize) -> Vec<Effect> {
        let Some(way) = self.ways().get(picked).copied() else {
            return Vec::new();
        };
        self.way = way;
        self.after_offer()
    }

    pub(super) fn after_offer(&mut self) -> Vec<Effect> {
        if self.discovery.foreign_hosts(self.way).is_empty() { self.after_hosts() } else { self.ask(Stage::Hosts) }
    }

    pub(super) fn after_hosts(&mut self) -> Vec<Effect> {
        let asked_already = self.replaced.is_some();
        if asked_already || self.existing().next().is_none() {
            self.after_existing()
        } else {
            self.ask(Stage::Existing)
        }
    }

    /// The accounts that this sign-up might be a repetition of.
    pub(super) fn existing(&self) -> impl Iterator<Item = &Account> {
        let label = self.asked_label.as_deref();
        self.known.accounts.iter().filter(move |account| label.is_none() || account.label.as_deref() == label)
    }

    pub(super) fn existing_picked(&mut self, picked: usize) -> Vec<Effect> {
        let existing: Vec<Account> = self.existing().cloned().collect();
        match picked.checked_sub(1) {
            None => match existing.into_iter().next() {
                Some(kept) => {
                    self.kept = true;
                    self.end(Outcome::Connected(Box::new(kept)))
                }
                None => Vec::new(),
            },
            Some(nth) => match existing.into_iter().nth(nth) {
                Some(account) if account.more.revoking.is_some() => self.fail(to_be_revoked(&account)),
                Some(account) => {
                    self.label = account.label.clone();
                    self.replaced = Some(account);
                    self.after_existing()
                }
                None => {
                    (self.replaced, self.label) = (None, None);
                    self.ask(Stage::Label)
                }
            },
        }
    }

    pub(super) fn label_typed(&mut self, text: &str) -> Vec<Effect> {
        let label = match label(text) {
            Ok(label) => label,
            Err(problem) => return self.object(problem),
        };
        if self.known.accounts.iter().any(|account| account.label.as_ref() == Some(&label)) {
            return self.object(Problem::new(
                Kind::Usage,
                format!("There is an account labelled {label} already."),
                "Choose another word.",
            ));
        }
        self.label = Some(label);
        self.after_existing()
    }

    /// The answer does not fit; the question stays.
    pub(super) fn object(&mut self, problem: Problem) -> Vec<Effect> {
        self.problem = Some(problem);
        Vec::new()
    }

    pub(super) fn after_existing(&mut self) -> Vec<Effect> {
        let wanted = self.replaced.as_ref().map(|account| account.store);
        let fitting = |kind| {
            self.known.stores.iter().find(|store| wanted.is_none_or(|wanted| wanted == kind) && store.kind == kind)
        };
        let first = wanted.or(self.known.stores.first().map(|store| store.kind)).and_then(fitting);
        match first {
            Some(StoreOffer { kind, problem: None, setup: None, .. }) if self.known.decided || wanted.is_some() => {
                self.place = Some(*kind);
                self.after_store()
            }
            _ => self.ask(Stage::Store),
        }
    }

    pub(super) fn store_picked(&mut self, picked: usize) -> Vec<Effect> {
        let Some(store) = self.known.stores.get(picked) else {
            return Vec::new();
        };
        // With a credential in hand it is tried all the same: the place may have been mended.
        if let (Some(problem), None) = (store.problem.clone(), &self.ceremony.granted) {
            return self.object(problem);
        }
        match (store.setup, store.kind) {
            (Some(Protection::Keyring), _) => self.set_up(Guard::Keyring),
            (Some(Protection::Passphrase), _) => {
                self.passphrase = NewPassphrase::default();
                self.ask(Stage::Passphrase)
            }
            (None, kind) => self.place_settled(kind),
        }
    }

    pub(super) fn set_up(&mut self, guard: Guard) -> Vec<Effect> {
        let protection = match guard {
            Guard::Keyring => Protection::Keyring,
            Guard::Passphrase(_) => Protection::Passphrase,
        };
        self.stage = Stage::SettingUp(protection);
        vec![Effect::MakeVault(guard)]
    }

    pub(super) fn was_set_up(&mut self, protection: Protection, result: Result<(), Problem>) -> Vec<Effect> {
        if self.question == Some(Stage::Passphrase) {
            // It is answered; "back" does not lead there any more.
            self.question = self.past.pop();
        }
        if let Err(problem) = result {
            self.stage = Stage::Store;
            return self.object(problem);
        }
        // There is one vault now; no need to ask for it again.
        self.known.stores.retain(|store| store.setup.is_none() || store.setup == Some(protection));
        for made in self.known.stores.iter_mut().filter(|store| store.setup.is_some()) {
            (made.setup, made.label) = (None, "In the vault".to_owned());
        }
        self.place_settled(StoreKind::Vault)
    }

    fn place_settled(&mut self, kind: StoreKind) -> Vec<Effect> {
        self.place = Some(kind);
        match self.ceremony.granted.take() {
            Some(mut kept) => {
                kept.account.store = kind;
                self.save(kept)
            }
            None => self.after_store(),
        }
    }

    fn after_store(&mut self) -> Vec<Effect> {
        match self.way {
            Way::Enrol(_) => return self.enrol(),
            _ if self.dry => return self.end(Outcome::Found),
            Way::Key => {}
            Way::AuthMd | Way::OAuth(_) => return self.ask(Stage::Consent),
        }
        let effects = self.ask(Stage::Key);
        let Some(page) = self.discovery.key_page() else {
            return effects;
        };
        self.link = Some(page.url.clone());
        // What nobody has checked is shown, and opened by the person if by anybody.
        if self.known.surroundings.no_browser.is_some() || !page.is_checked {
            return effects;
        }
        self.stage = Stage::OpeningPage;
        self.link.clone().map(Effect::Open).into_iter().collect()
    }
}

/// A label as it may stand in an id.
pub fn label(text: &str) -> Result<String, Problem> {
    let label = text.trim();
    let fits = label.chars().all(|c| c.is_ascii_alphanumeric() || matches!(c, '.' | '-' | '_'));
    if label.is_empty() || !fits || label.len() > LABEL_LENGTH {
        let what = format!("A label has 1 to {LABEL_LENGTH} of these: a-z, A-Z, 0-9, dot, dash, underscore.");
        return Err(Problem::new(Kind::Usage, what, "Try something like: work"));
    }
    Ok(label.to_owned())
}
