//! Signing a person up to a service that speaks auth.md, and signing up again in place.
//!
//! ```text
//!  Discovering ▶ LookingUp ▶ Offer ▶ Hosts? ▶ Existing? ▶ Label? ▶ Store? ▶ Consent ──no──▶ Over
//!                                                                             │yes
//!             ┌── e-mail wanted first ── Email ◀───────────────────────────────┤
//!             ▼                                                               ▼
//!        Sending(Register) ◀───────────────────────────────────────── Sending(Register)
//!             │                                                               ▼
//!             │                              Sending(Claim) ◀────────────── Email
//!             ▼                                   ▼                           ▲ back
//!           Code ◀────────────────────────────── Code ──wrong, at most 3──▶ Code
//!             ▼
//!        Sending(Complete) ▶ Saving ▶ Proving ▶ Over          Saving fails ▶ Store
//! ```
//!
//! Two things are kept apart on purpose: nothing is sent with `POST` before `Stage::Consent` was answered with yes, and
//! `Call::Complete` is built in one place, from the answer to the code prompt.

mod screens;

use jiff::Timestamp;
use url::Url;

use super::discover::{self, Discovery, no_answer};
use super::probe::{self, Check};
use super::target::Target;
use super::wire::{self, Completion, Meaning, Offer, Refusal, Registration, Start, Step};
use super::{Answer, Effect, Flow, Input, Known, Outcome, Screen};
use crate::account::{
    Account, AccountId, Layer, LayerKind, Mode, Proof, Renewal, Revocation, Source, StoreKind, Verdict,
};
use crate::http::{HttpError, Response};
use crate::problem::{Kind, Problem};
use crate::secret::Secret;
use crate::when;

/// Wrong codes until the walk stops.
const TRIES: u8 = 3;
/// A label goes into an id and on the screen.
const LABEL_LENGTH: usize = 32;
/// RFC 5321, section 4.5.3.1.3: a path has at most 256 octets, two of them brackets.
const EMAIL_LENGTH: usize = 254;
const CODE_LENGTH: usize = 64;

#[derive(Debug)]
pub struct SignUp {
    discovery: Discovery,
    stage: Stage,
    /// The last question, and those before it: where "back" leads.
    question: Option<Stage>,
    past: Vec<Stage>,
    problem: Option<Problem>,
    known: Known,
    /// The account that gets the new credential; it keeps the old one until the new one is stored.
    replaced: Option<Account>,
    /// The label named beforehand: only accounts with it can be the same one.
    asked_label: Option<String>,
    label: Option<String>,
    /// The person keeps what is there.
    kept: bool,
    place: Option<StoreKind>,
    ceremony: Ceremony,
    /// The service has sent us elsewhere once; twice would be a game.
    moved: bool,
    /// The person wants out as soon as the credential is stored.
    leaving: bool,
}

/// What has come of the ceremony so far. Dropped with the flow: a claim token is never stored.
#[derive(Debug, Default)]
struct Ceremony {
    /// Which of the offered starts is walked.
    start: usize,
    /// Why it is not the first one.
    detour: Option<String>,
    credential_type: Option<String>,
    email: Option<String>,
    registration: Option<Registration>,
    /// Something was sent that may have made a registration.
    posted: bool,
    /// The service has been asked to mail a code in this ceremony.
    code_sent: bool,
    code_expires_at: Option<Timestamp>,
    page: Option<Url>,
    /// The service's own words, last heard.
    message: Option<String>,
    wrong_codes: u8,
    granted: Option<(Box<Account>, Secret)>,
}

#[derive(Debug, Clone, PartialEq)]
enum Stage {
    Discovering,
    LookingUp,
    Offer,
    Hosts,
    Existing,
    Label,
    Store,
    Consent,
    Email,
    Code,
    /// Something unforeseen that only the person can decide.
    Ask(Question),
    Sending(Call),
    Saving,
    Proving(Check),
    Noting,
    Over(Outcome),
}

#[derive(Debug, Clone, PartialEq)]
enum Call {
    Register,
    Claim,
    Complete { code: Secret },
}

#[derive(Debug, Clone, PartialEq)]
enum Question {
    /// The code is too old: mail another one?
    NewCode(Problem),
    /// The registration is gone: register once more?
    RegisterAgain(Problem),
    /// Nobody knows whether the call went through: make it again?
    Repeat(Box<Call>, Problem),
    /// This address is not the one that the account was bound to.
    OtherAddress(String),
}

impl SignUp {
    /// Signs up to what `target` names; `label` tells a second account of one service from the first.
    pub fn new(target: Target, label: Option<String>) -> Self {
        Self {
            discovery: Discovery::new(target),
            stage: Stage::Discovering,
            question: None,
            past: Vec::new(),
            problem: None,
            known: Known { accounts: Vec::new(), ids: Vec::new(), stores: Vec::new(), decided: true },
            replaced: None,
            asked_label: label.clone(),
            label,
            kept: false,
            place: None,
            ceremony: Ceremony::default(),
            moved: false,
            leaving: false,
        }
    }

    /// Signs up again in place of `account`, which keeps its id, its label and its old credential until the new one is
    /// stored.
    pub fn again(account: Account) -> Result<Self, Problem> {
        let mut flow = Self::new(Target::of(&account)?, account.label.clone());
        flow.replaced = Some(account);
        Ok(flow)
    }

    fn offer(&self) -> Option<&Offer> {
        self.discovery.offer()
    }

    fn start(&self) -> Start {
        self.discovery.starts().get(self.ceremony.start).copied().unwrap_or(Start::Anonymous)
    }

    fn service_name(&self) -> String {
        self.discovery.service().name
    }

    fn end(&mut self, outcome: Outcome) -> Vec<Effect> {
        self.stage = Stage::Over(outcome);
        Vec::new()
    }

    fn fail(&mut self, problem: Problem) -> Vec<Effect> {
        self.end(Outcome::of(problem))
    }

    /// Puts a question to the person. One that came before is where "back" leads.
    fn ask(&mut self, stage: Stage) -> Vec<Effect> {
        if let Some(before) = self.question.replace(stage.clone()).filter(|before| *before != stage) {
            self.past.push(before);
        }
        self.stage = stage;
        Vec::new()
    }

    fn interrupt(&mut self, question: Question) -> Vec<Effect> {
        self.stage = Stage::Ask(question);
        Vec::new()
    }

    /// The question that "back" leads to.
    fn before(&self) -> Option<&Stage> {
        match &self.stage {
            Stage::Ask(_) => self.question.as_ref(),
            // A credential that is held only by this flow is not left behind by going back.
            Stage::Store if self.ceremony.granted.is_some() => None,
            stage if Some(stage) == self.question.as_ref() => self.past.last(),
            _ => None,
        }
    }

    fn back(&mut self) {
        let Some(question) = self.before().cloned() else {
            return;
        };
        if !matches!(self.stage, Stage::Ask(_)) {
            self.past.pop();
        }
        self.problem = None;
        self.question = Some(question.clone());
        self.stage = question;
    }

    fn cancel(&mut self) -> Vec<Effect> {
        match (&self.stage, self.ceremony.granted.take()) {
            (Stage::Over(_), granted) => self.ceremony.granted = granted,
            // It is on its way into the store: let it arrive, then go.
            (Stage::Saving, granted) => {
                self.ceremony.granted = granted;
                self.leaving = true;
            }
            (Stage::Proving(_) | Stage::Noting, Some((account, _))) => return self.end(Outcome::Connected(account)),
            _ => return self.end(Outcome::Cancelled),
        }
        Vec::new()
    }

    // Before consent: only reading.

    fn discover(&mut self, next: discover::Next) -> Vec<Effect> {
        match next {
            discover::Next::Send(request) => vec![Effect::Http(request)],
            discover::Next::Wait(span) => vec![Effect::Wait(span)],
            discover::Next::Over => match self.discovery.obstacle() {
                Some(problem) => self.fail(problem),
                None => {
                    self.stage = Stage::LookingUp;
                    vec![Effect::Lookup { resource: self.discovery.service().resource }]
                }
            },
        }
    }

    fn after_offer(&mut self) -> Vec<Effect> {
        if self.discovery.foreign_hosts().is_empty() { self.after_hosts() } else { self.ask(Stage::Hosts) }
    }

    fn after_hosts(&mut self) -> Vec<Effect> {
        let asked_already = self.replaced.is_some();
        if asked_already || self.existing().next().is_none() {
            self.after_existing()
        } else {
            self.ask(Stage::Existing)
        }
    }

    /// The accounts that this sign-up might be a repetition of.
    fn existing(&self) -> impl Iterator<Item = &Account> {
        let label = self.asked_label.as_deref();
        self.known.accounts.iter().filter(move |account| label.is_none() || account.label.as_deref() == label)
    }

    fn existing_picked(&mut self, picked: usize) -> Vec<Effect> {
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

    fn label_typed(&mut self, text: &str) -> Vec<Effect> {
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
    fn object(&mut self, problem: Problem) -> Vec<Effect> {
        self.problem = Some(problem);
        Vec::new()
    }

    fn after_existing(&mut self) -> Vec<Effect> {
        let wanted = self.replaced.as_ref().map(|account| account.store);
        let fitting = |kind| {
            self.known.stores.iter().find(|store| wanted.is_none_or(|wanted| wanted == kind) && store.kind == kind)
        };
        let first = wanted.or(self.known.stores.first().map(|store| store.kind)).and_then(fitting);
        match first {
            Some(store) if store.problem.is_none() && (self.known.decided || wanted.is_some()) => {
                self.place = Some(store.kind);
                self.ask(Stage::Consent)
            }
            _ => self.ask(Stage::Store),
        }
    }

    fn store_picked(&mut self, picked: usize) -> Vec<Effect> {
        let Some(store) = self.known.stores.get(picked) else {
            return Vec::new();
        };
        if let Some(problem) = store.problem.clone() {
            return self.object(problem);
        }
        let kind = store.kind;
        self.place = Some(kind);
        match self.ceremony.granted.take() {
            Some((account, credential)) => self.save(Box::new(Account { store: kind, ..*account }), credential),
            None => self.ask(Stage::Consent),
        }
    }

    // After consent: the ceremony.

    fn consented(&mut self) -> Vec<Effect> {
        let email_first = self.start() != Start::Anonymous;
        match (&self.ceremony.registration, email_first) {
            (None, false) => self.send(Call::Register),
            _ => self.ask(Stage::Email),
        }
    }

    fn email_typed(&mut self, text: &str) -> Vec<Effect> {
        let email = text.trim();
        if !is_email(email) {
            return self.object(Problem::new(
                Kind::Usage,
                "That is not an e-mail address.",
                "It looks like name@example.com.",
            ));
        }
        let bound = self.replaced.as_ref().and_then(|account| account.identity.as_deref());
        if bound.is_some_and(|bound| !bound.eq_ignore_ascii_case(email)) {
            return self.interrupt(Question::OtherAddress(email.to_owned()));
        }
        self.email_settled(email.to_owned())
    }

    fn email_settled(&mut self, email: String) -> Vec<Effect> {
        self.ceremony.email = Some(email);
        self.send(if self.ceremony.registration.is_some() { Call::Claim } else { Call::Register })
    }

    /// The one place where a claim is completed: with the code a person typed.
    fn code_typed(&mut self, code: &Secret) -> Vec<Effect> {
        let typed = code.expose().trim();
        if typed.is_empty() || typed.len() > CODE_LENGTH {
            return self.object(Problem::new(
                Kind::Usage,
                "A code is needed to go on.",
                "Type the code from the mail.",
            ));
        }
        // Mails often set the digits apart; the blanks are not part of the code.
        let digits_apart = typed.chars().all(|c| c.is_ascii_digit() || c.is_whitespace());
        let code = if digits_apart { typed.split_whitespace().collect::<String>() } else { typed.to_owned() };
        self.send(Call::Complete { code: Secret::new(code) })
    }

    fn new_code(&mut self) -> Vec<Effect> {
        self.send(Call::Claim)
    }

    fn register_again(&mut self) -> Vec<Effect> {
        self.ceremony.registration = None;
        self.ceremony.code_sent = false;
        self.ceremony.wrong_codes = 0;
        self.send(Call::Register)
    }

    fn send(&mut self, call: Call) -> Vec<Effect> {
        let missing = |what: &str| {
            Problem::new(
                Kind::ServiceRefused,
                format!("The service does not say where to {what}."),
                "Nothing can be done here; tell the service that its metadata is incomplete.",
            )
        };
        let registration = self.ceremony.registration.as_ref();
        let token = registration.and_then(|registration| registration.claim_token.as_ref());
        let request = match (&call, &self.ceremony.email) {
            (Call::Register, email) => {
                let credential_type = self.ceremony.credential_type.as_deref();
                let url = self.offer().and_then(|offer| offer.register.as_ref());
                url.map(|url| wire::register_request(url, self.start(), email.as_deref(), credential_type))
                    .ok_or_else(|| missing("register"))
            }
            (Call::Claim, Some(email)) => self
                .claim_url()
                .map(|url| wire::claim_request(&url, token, email))
                .ok_or_else(|| missing("claim the registration")),
            (Call::Claim, None) => return self.ask(Stage::Email),
            (Call::Complete { code }, _) => match (self.complete_url(), token) {
                (Some(url), Some(token)) => Ok(wire::complete_request(&url, token, code)),
                _ => Err(missing("complete the claim")),
            },
        };
        match request {
            Ok(request) => {
                self.ceremony.posted = true;
                self.stage = Stage::Sending(call);
                vec![Effect::Http(request)]
            }
            Err(problem) => self.fail(problem),
        }
    }

    /// Where to claim: the metadata's endpoint; else what the registration answered, on a host that was consented to.
    fn claim_url(&self) -> Option<Url> {
        let published = self.offer().and_then(|offer| offer.claim.clone());
        let answered = || self.ceremony.registration.as_ref()?.claim_url.clone().filter(|url| self.is_consented(url));
        published.or_else(answered)
    }

    fn complete_url(&self) -> Option<Url> {
        self.offer().and_then(|offer| offer.complete.clone()).or_else(|| {
            let mut url = self.claim_url()?;
            url.path_segments_mut().ok()?.pop_if_empty().push("complete");
            Some(url)
        })
    }

    fn is_consented(&self, url: &Url) -> bool {
        crate::trust::same_site(url, &self.discovery.target().start)
            || self.discovery.foreign_hosts().contains(&crate::trust::authority(url))
    }

    fn answered(&mut self, call: Call, answer: Result<Response, HttpError>, now: Timestamp) -> Vec<Effect> {
        let response = match answer {
            Ok(response) => response,
            Err(error) => {
                let problem = no_answer(&self.service_name(), &error);
                return match problem.kind {
                    Kind::Unreachable => self.interrupt(Question::Repeat(Box::new(call), problem)),
                    _ => self.fail(problem),
                };
            }
        };
        let base = self.discovery.target().start.clone();
        let outcome = match &call {
            Call::Register => {
                wire::registration(&response, &base, now).map(|registration| self.registered(registration, now))
            }
            Call::Claim => wire::claim(&response, &base, now).map(|claim| self.claimed(claim)),
            Call::Complete { .. } => wire::completion(&response, now).map(|completion| self.completed(completion, now)),
        };
        outcome.unwrap_or_else(|refusal| self.refused(call, refusal))
    }

    fn registered(&mut self, registration: Registration, now: Timestamp) -> Vec<Effect> {
        let unclaimable = registration.claim_token.is_none();
        let page = registration.page.clone();
        let claim_expires_at = registration.claim_expires_at;
        let before_claim = registration.before_claim.clone();
        self.ceremony.registration = Some(registration);
        match (self.start(), &self.ceremony.email, before_claim) {
            // Nothing to claim with: what was handed out is all there is.
            (_, _, Some(granted)) if unclaimable => {
                self.obtained(granted.credential, granted.kind, granted.expires_at, granted.scopes, false, now)
            }
            (Start::Anonymous, None, _) => self.ask(Stage::Email),
            (Start::Anonymous, Some(_), _) => self.send(Call::Claim),
            // The registration named the address: the mail is on its way.
            _ => {
                self.ceremony.code_sent = true;
                self.ceremony.page = page;
                self.ceremony.code_expires_at = claim_expires_at;
                self.ask(Stage::Code)
            }
        }
    }

    fn claimed(&mut self, claim: wire::Claim) -> Vec<Effect> {
        let registration = self.ceremony.registration.as_mut();
        let claim_ends = registration.as_ref().and_then(|registration| registration.claim_expires_at);
        if let (Some(registration), Some(token)) = (registration, claim.claim_token) {
            registration.claim_token = Some(token);
        }
        let ceremony = &mut self.ceremony;
        ceremony.code_sent = true;
        ceremony.code_expires_at = claim.code_expires_at.or(claim_ends);
        ceremony.page = claim.page;
        ceremony.message = claim.message;
        self.ask(Stage::Code)
    }

    fn completed(&mut self, completion: Completion, now: Timestamp) -> Vec<Effect> {
        let before = self.ceremony.registration.as_ref().and_then(|registration| registration.before_claim.clone());
        let after_claim = self
            .ceremony
            .registration
            .as_ref()
            .map(|registration| registration.scopes_after_claim.clone())
            .unwrap_or_default();
        // The answer's credential, or the one held since the registration: it has been upgraded.
        let (credential, kind, kept_expiry) = match (completion.credential, &before) {
            (Some(credential), _) => (credential, LayerKind::ApiKey, None),
            (None, Some(granted)) => (granted.credential.clone(), granted.kind, granted.expires_at),
            (None, None) => {
                return self.fail(Problem::new(
                    Kind::ServiceRefused,
                    format!("{} accepted the code but gave no credential.", self.service_name()),
                    "Look for it on the service's site; nothing was kept here.",
                ));
            }
        };
        let scopes = completion.scopes.unwrap_or_else(|| match (after_claim.is_empty(), before) {
            (false, _) => after_claim,
            (true, Some(granted)) => granted.scopes,
            (true, None) => Vec::new(),
        });
        self.obtained(
            credential,
            completion.kind.unwrap_or(kind),
            completion.expires_at.unwrap_or(kept_expiry),
            scopes,
            true,
            now,
        )
    }

    fn refused(&mut self, call: Call, refusal: Refusal) -> Vec<Effect> {
        let step = match call {
            Call::Register => Step::Register,
            Call::Claim => Step::Claim,
            Call::Complete { .. } => Step::Complete,
        };
        let name = self.service_name();
        let problem = refusal.problem(&name, step);
        self.ceremony.message = refusal.message.clone();
        match (refusal.meaning, &call) {
            (Meaning::AnonymousOff | Meaning::EmailOff, Call::Register)
                if self.ceremony.start + 1 < self.discovery.starts().len() =>
            {
                self.ceremony.start += 1;
                self.ceremony.detour = Some(format!(
                    "{name} does not register that way ({}). It would go like this instead:",
                    refusal.verbatim()
                ));
                self.stage = Stage::Consent;
                self.question = Some(Stage::Consent);
                Vec::new()
            }
            (Meaning::UnsupportedCredentialType | Meaning::InvalidRequest, Call::Register)
                if self.ceremony.credential_type.is_none() =>
            {
                let listed = self.offer().and_then(|offer| offer.credential_types.first().cloned());
                // The oldest services want to be told (auth.md v0.1), and hand out keys.
                match listed.or((refusal.meaning == Meaning::InvalidRequest).then(|| "api_key".to_owned())) {
                    Some(wanted) => {
                        self.ceremony.credential_type = Some(wanted);
                        self.send(Call::Register)
                    }
                    None => self.fail(problem),
                }
            }
            (Meaning::ClaimTokenInvalid | Meaning::ClaimExpired, Call::Claim | Call::Complete { .. }) => {
                self.interrupt(Question::RegisterAgain(problem))
            }
            (Meaning::WrongCode, Call::Complete { .. }) => {
                self.ceremony.wrong_codes += 1;
                match TRIES - self.ceremony.wrong_codes {
                    0 => self.fail(Problem::new(
                        Kind::ServiceRefused,
                        format!("Three codes were not right ({}); stopped.", refusal.verbatim()),
                        "Start the sign-up again and use the newest mail.",
                    )),
                    left => {
                        let tries =
                            if left == 1 { "1 try is left".to_owned() } else { format!("{left} tries are left") };
                        self.stage = Stage::Code;
                        self.object(Problem::new(
                            Kind::ServiceRefused,
                            format!("That code was not right ({}).", refusal.verbatim()),
                            format!("Please check it; {tries}."),
                        ))
                    }
                }
            }
            (Meaning::CodeExpired, Call::Complete { .. }) => self.interrupt(Question::NewCode(problem)),
            (Meaning::CodeNotReady, Call::Complete { .. }) => {
                self.stage = Stage::Code;
                self.object(problem)
            }
            // Our own ceremony is the open one: its code is still good.
            (Meaning::InFlight, Call::Claim) if self.ceremony.code_sent => {
                self.stage = Stage::Code;
                self.object(Problem::new(problem.kind, problem.what, "The code mailed before still counts."))
            }
            (Meaning::Unavailable, _) => self.interrupt(Question::Repeat(Box::new(call), problem)),
            (Meaning::Moved, Call::Register) if !self.moved => self.rediscover(),
            _ => self.fail(problem),
        }
    }

    fn rediscover(&mut self) -> Vec<Effect> {
        self.moved = true;
        self.past.clear();
        self.question = None;
        self.ceremony = Ceremony::default();
        self.discovery = Discovery::new(self.discovery.target().clone());
        self.stage = Stage::Discovering;
        // The next answer begins the new discovery; a wait of nothing gives it one.
        vec![Effect::Wait(std::time::Duration::ZERO)]
    }

    // The credential is here: keep it, then see whether it works.

    fn obtained(
        &mut self,
        credential: Secret,
        kind: LayerKind,
        expires_at: Option<Timestamp>,
        scopes: Vec<String>,
        claimed: bool,
        now: Timestamp,
    ) -> Vec<Effect> {
        let service = self.discovery.service();
        let now = when::whole_second(now);
        let replaced = self.replaced.as_ref();
        let id = replaced.map(|account| account.id.clone());
        let account = Account {
            id: id.unwrap_or_else(|| AccountId::new(&service.resource, self.label.as_deref(), &self.known.ids)),
            service: service.name,
            resource: replaced.map_or(service.resource, |account| account.resource.clone()),
            label: self.label.clone(),
            identity: self.ceremony.email.clone(),
            mode: Mode::AuthMd,
            scopes,
            layers: vec![Layer { kind, expires_at }],
            claimed,
            start: self.discovery.target().start.clone(),
            metadata: self.discovery.target().metadata.clone(),
            guarded: self.discovery.is_guarded(),
            renewal: Renewal::Person,
            revocation: self.offer().map_or(Revocation::None, |offer| offer.revocation.clone()),
            store: self.place.unwrap_or(StoreKind::Memory),
            source: Source::Own,
            created_at: Some(replaced.and_then(|account| account.created_at).unwrap_or(now)),
            renewed_at: replaced.map(|_| now),
            verified_at: None,
            proof: None,
        };
        self.save(Box::new(account), credential)
    }

    fn save(&mut self, account: Box<Account>, credential: Secret) -> Vec<Effect> {
        self.stage = Stage::Saving;
        self.ceremony.granted = Some((account.clone(), credential.clone()));
        vec![Effect::Save(account, credential)]
    }

    fn saved(&mut self, result: Result<(), Problem>) -> Vec<Effect> {
        let Some((account, credential)) = self.ceremony.granted.clone() else {
            return Vec::new();
        };
        if let Err(problem) = result {
            if let Some(store) = self.known.stores.iter_mut().find(|store| store.kind == account.store) {
                store.problem = None; // It may be mended by the time it is picked again.
            }
            self.leaving = false;
            self.problem = Some(problem);
            self.stage = Stage::Store;
            self.question = Some(Stage::Store);
            return Vec::new();
        }
        match Url::parse(&account.resource) {
            Ok(resource) if !self.leaving => {
                let check = Check::new(resource, credential, account.guarded);
                let request = check.begin();
                self.stage = Stage::Proving(check);
                vec![Effect::Http(request)]
            }
            _ => self.end(Outcome::Connected(account)),
        }
    }

    fn proven(&mut self, verdict: Verdict, now: Timestamp) -> Vec<Effect> {
        let Some((account, _)) = self.ceremony.granted.as_mut() else {
            return Vec::new();
        };
        let (proof, obtained) = (Proof { at: now, verdict }, account.obtained_at());
        account.record(proof, obtained);
        let id = account.id.clone();
        self.stage = Stage::Noting;
        vec![Effect::Record { id, proof, obtained }]
    }
}

impl Flow for SignUp {
    fn step(&mut self, input: Input, now: Timestamp) -> Vec<Effect> {
        match input {
            Input::Cancel => return self.cancel(),
            Input::Back => {
                self.back();
                return Vec::new();
            }
            Input::Answer(_) => self.problem = None,
            _ => {}
        }
        match (self.stage.clone(), input) {
            (Stage::Discovering, Input::Begin) => {
                let next = self.discovery.begin(now);
                self.discover(next)
            }
            (Stage::Discovering, Input::Http(answer)) => {
                let next = self.discovery.answer(answer, now);
                self.discover(next)
            }
            (Stage::Discovering, Input::Elapsed) => {
                let next = self.discovery.resume(now);
                self.discover(next)
            }
            (Stage::LookingUp, Input::Known(Ok(known))) => {
                self.known = known;
                self.ask(Stage::Offer)
            }
            (Stage::LookingUp, Input::Known(Err(problem))) => self.fail(problem),
            (Stage::Offer, Input::Answer(Answer::Pick(0))) => self.after_offer(),
            (Stage::Hosts, Input::Answer(Answer::Confirm(true))) => self.after_hosts(),
            (Stage::Existing, Input::Answer(Answer::Pick(picked))) => self.existing_picked(picked),
            (Stage::Label, Input::Answer(Answer::Text(text))) => self.label_typed(text.expose()),
            (Stage::Store, Input::Answer(Answer::Pick(picked))) => self.store_picked(picked),
            (Stage::Consent, Input::Answer(Answer::Confirm(true))) => self.consented(),
            (Stage::Hosts | Stage::Consent, Input::Answer(Answer::Confirm(false))) => self.end(Outcome::Cancelled),
            (Stage::Email, Input::Answer(Answer::Text(text))) => self.email_typed(text.expose()),
            (Stage::Code, Input::Answer(Answer::Text(code))) => self.code_typed(&code),
            (Stage::Code, Input::Answer(Answer::NewCode)) => self.new_code(),
            (Stage::Ask(question), Input::Answer(Answer::Confirm(yes))) => match (question, yes) {
                (Question::NewCode(_), true) => self.new_code(),
                (Question::RegisterAgain(_), true) => self.register_again(),
                (Question::Repeat(call, _), true) => self.send(*call),
                (Question::OtherAddress(email), true) => self.email_settled(email),
                (Question::OtherAddress(_), false) => {
                    self.stage = Stage::Email;
                    Vec::new()
                }
                (
                    Question::NewCode(problem) | Question::RegisterAgain(problem) | Question::Repeat(_, problem),
                    false,
                ) => self.fail(problem),
            },
            (Stage::Sending(call), Input::Http(answer)) => self.answered(call, answer, now),
            (Stage::Saving, Input::Stored(result)) => self.saved(result),
            (Stage::Proving(mut check), Input::Http(answer)) => match check.answer(&answer) {
                probe::Next::Send(request) => {
                    self.stage = Stage::Proving(check);
                    vec![Effect::Http(request)]
                }
                probe::Next::Over(verdict) => self.proven(verdict, now),
            },
            (Stage::Noting, Input::Stored(_)) => match self.ceremony.granted.take() {
                Some((account, _)) => self.end(Outcome::Connected(account)),
                None => Vec::new(),
            },
            _ => Vec::new(),
        }
    }

    fn screen(&self, now: Timestamp) -> Screen {
        self.shown(now)
    }
}

/// A label as it may stand in an id.
pub fn label(text: &str) -> Result<String, Problem> {
    let label = text.trim();
    let fits = label.chars().all(|c| c.is_ascii_alphanumeric() || matches!(c, '.' | '-' | '_'));
    if label.is_empty() || !fits || label.len() > LABEL_LENGTH {
        let what = format!("A label has 1 to {LABEL_LENGTH} letters, digits, dots or dashes.");
        return Err(Problem::new(Kind::Usage, what, "Try something like: work"));
    }
    Ok(label.to_owned())
}

/// Good enough to tell an address from a slip of the hand; only the mail that arrives proves it.
fn is_email(text: &str) -> bool {
    let Some((name, host)) = text.rsplit_once('@') else {
        return false;
    };
    let clean = !text.chars().any(|c| c.is_whitespace() || c.is_control());
    clean
        && text.len() <= EMAIL_LENGTH
        && !name.is_empty()
        && !host.is_empty()
        && !host.starts_with('.')
        && !host.ends_with('.')
}
