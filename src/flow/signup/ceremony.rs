//! After consent: what is sent, where to, and what becomes of an answer that did not come.

use jiff::Timestamp;
use url::Url;

use super::handoff::Way;
use super::{CODE_DIGITS, CODE_LENGTH, Call, Ceremony, EMAIL_LENGTH, Question, Sent, SignUp, Stage};
use crate::account::{Client, Identity};
use crate::flow::Effect;
use crate::flow::discover::{self, Discovery, no_answer};
use crate::flow::wire::{self, Asking, Start, Step};
use crate::http::{Body, HttpError, Request, Response};
use crate::problem::{Kind, Problem};
use crate::secret::Secret;
use crate::trust;

impl Call {
    pub(super) fn step(&self) -> Step {
        match self {
            Call::Register => Step::Register,
            Call::Claim => Step::Claim,
            Call::Complete { .. } => Step::Complete,
            Call::Look(_) | Call::Fetch => Step::Poll,
            Call::Exchange => Step::Exchange,
            Call::Challenge(_) => Step::Challenge,
        }
    }
}

impl SignUp {
    pub(super) fn consented(&mut self, now: Timestamp) -> Vec<Effect> {
        if let discover::Way::OAuth(by) = self.way {
            return self.sign_in(by, now);
        }
        match (self.ceremony.registered, self.start()) {
            (false, Start::Anonymous) => self.send(Call::Register),
            _ => self.ask(Stage::Email),
        }
    }

    pub(super) fn email_typed(&mut self, text: &str) -> Vec<Effect> {
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

    pub(super) fn email_settled(&mut self, email: String) -> Vec<Effect> {
        let another = self.ceremony.email.as_ref().is_some_and(|before| *before != email);
        self.ceremony.email = Some(email);
        let named_at_registration = matches!(self.start(), Start::VerifiedEmail | Start::ServiceAuth);
        match self.ceremony.registered {
            // A registration that named one address is none for another.
            true if named_at_registration && another => self.register_again(),
            true => self.send(Call::Claim),
            false if self.start() == Start::Claim => self.send(Call::Claim),
            false => self.send(Call::Register),
        }
    }

    /// The one place where a claim is completed: with the code a person typed.
    pub(super) fn code_typed(&mut self, code: &Secret) -> Vec<Effect> {
        let typed = code.expose().trim();
        if typed.is_empty() || typed.len() > CODE_LENGTH {
            return self.object(Problem::new(
                Kind::Usage,
                "A code is needed to go on.",
                "Type the code from the mail or the page.",
            ));
        }
        // Mails often set the digits apart; where they are as many as there should be, nothing else is part of the code.
        let digits: String = typed.chars().filter(char::is_ascii_digit).collect();
        let apart = typed.chars().all(|c| c.is_ascii_digit() || c.is_whitespace() || c == '-');
        let joined = apart && digits.len() == self.code_digits() && digits != typed;
        let code = if joined { digits } else { typed.to_owned() };
        // It may have been set apart by the service itself.
        self.ceremony.typed = joined.then(|| Secret::new(typed));
        self.send(Call::Complete { code: Secret::new(code) })
    }

    pub(super) fn code_digits(&self) -> usize {
        self.offer().and_then(|offer| offer.code_digits).unwrap_or(CODE_DIGITS).clamp(4, 10)
    }

    pub(super) fn new_code(&mut self) -> Vec<Effect> {
        if self.claim_url().is_none() {
            let what = "The service gives another code only with another registration.";
            return self.interrupt(Question::RegisterAgain(Problem::new(Kind::Failed, what, "Register once more.")));
        }
        self.send(Call::Claim)
    }

    pub(super) fn register_again(&mut self) -> Vec<Effect> {
        let before = std::mem::take(&mut self.ceremony);
        self.ceremony = Ceremony {
            start: before.start,
            email: before.email,
            forms: before.forms,
            extras: before.extras,
            client_id: before.client_id,
            resource_unwanted: before.resource_unwanted,
            posted: before.posted,
            ..Ceremony::default()
        };
        // What was made for the registration before is of no use for this one.
        self.ceremony.extras.register.proof = None;
        self.send(if self.start() == Start::Claim { Call::Claim } else { Call::Register })
    }

    pub(super) fn send(&mut self, call: Call) -> Vec<Effect> {
        if call == Call::Claim && self.ceremony.email.is_none() {
            return self.ask(Stage::Email);
        }
        match self.request(&call) {
            Some(request) => {
                // What was said before a call is about something else; while it is looked, it goes on to hold.
                if !matches!(call, Call::Look(_)) {
                    self.ceremony.message = None;
                }
                self.ceremony.posted = true;
                self.stage = Stage::Sending(call);
                vec![Effect::Http(request)]
            }
            None => self.fail(Problem::new(
                Kind::ServiceRefused,
                format!("The service does not say where to {}.", missing(&call)),
                "Nothing can be done here; tell the service that its metadata is incomplete.",
            )),
        }
    }

    /// The request for a call; `None` where the service says too little for it, or finds no form of it valid.
    pub(super) fn request(&self, call: &Call) -> Option<Request> {
        let request = self.written(call)?;
        let told = [&self.ceremony.claim_url, &self.ceremony.complete_url].into_iter().flatten();
        let published = |url: &Url| self.offer().is_some_and(|offer| offer.claim.as_ref() == Some(url));
        let discreet = told.into_iter().any(|told| !published(told) && request.url.path().starts_with(told.path()));
        Some(Request { discreet, ..request })
    }

    fn written(&self, call: &Call) -> Option<Request> {
        let ceremony = &self.ceremony;
        let (handle, extras) = (ceremony.handle.as_ref(), &ceremony.extras);
        let email = ceremony.email.as_deref().unwrap_or_default();
        let identity = self.client().map(Identity::from);
        let client = identity.as_ref();
        match call {
            Call::Register => {
                wire::register_request(self.offer()?, self.start(), email, &extras.register, ceremony.forms.register)
            }
            Call::Claim => {
                let named_before = matches!(self.start(), Start::VerifiedEmail | Start::ServiceAuth);
                let form = ceremony.forms.claim;
                wire::claim_request(&self.claim_url()?, handle, email, named_before, &extras.claim, form)
            }
            Call::Complete { code } => {
                let email = ceremony.email.as_deref();
                let form = ceremony.forms.complete;
                wire::complete_request(&self.complete_url()?, handle, email, code, &extras.complete, form)
            }
            Call::Look(Way::View) => wire::view_request(&self.claim_url()?, &handle?.value),
            Call::Look(Way::Grant) | Call::Fetch => {
                let grant = ceremony.claim_grant.as_deref().or(self.offer()?.claim_grant.as_deref());
                let asking = Asking { client, resource: None };
                Some(wire::grant_request(&self.token_url()?, grant, &handle?.value, &asking))
            }
            Call::Exchange => {
                let kept = ceremony.granted.as_ref()?;
                let resource = self.discovery.resource_as_published().filter(|_| !ceremony.resource_unwanted);
                let asking = Asking { client, resource };
                Some(wire::exchange_request(&self.token_url()?, &kept.secrets.credential, &asking))
            }
            Call::Challenge(_) => Some(Request::post(self.offer()?.challenge.clone()?, Body::Empty)),
        }
    }

    /// Who we are to say we are at the token endpoint, where it is known.
    pub(super) fn client(&self) -> Option<Client> {
        let published = || self.offer().and_then(|offer| offer.client_id.as_deref());
        self.ceremony.client_id.as_deref().or_else(published).map(Client::named)
    }

    /// Where to claim: the metadata's endpoint; else what the registration answered, on a host that was consented to.
    pub(super) fn claim_url(&self) -> Option<Url> {
        self.offer().and_then(|offer| offer.claim.clone()).or_else(|| self.ceremony.claim_url.clone())
    }

    /// Where the code goes: what the answer said is about this very claim.
    pub(super) fn complete_url(&self) -> Option<Url> {
        let published = || self.offer().and_then(|offer| offer.complete.clone());
        self.ceremony.complete_url.clone().or_else(published).or_else(|| {
            let mut url = self.claim_url()?;
            url.path_segments_mut().ok()?.pop_if_empty().push("complete");
            Some(url)
        })
    }

    /// Where tokens are had, on a host that was consented to.
    pub(super) fn token_url(&self) -> Option<Url> {
        self.offer().and_then(|offer| offer.token.clone()).filter(|url| self.is_consented(url))
    }

    /// Is it one of the hosts that the person was shown, and allowed where they are of another domain?
    pub(super) fn is_consented(&self, url: &Url) -> bool {
        self.discovery.service().hosts.contains(&trust::authority(url))
    }

    /// May this be sent there? On another domain than the one asked for, only what the person has read that it gets.
    pub(super) fn may_be_sent(&self, what: discover::Sent, url: &Url) -> bool {
        let host = trust::authority(url);
        let here = trust::same_site(url, &self.discovery.target().start);
        self.is_consented(url) && (here || self.discovery.sent_to(&host, self.way).contains(&what))
    }

    pub(super) fn answered(&mut self, call: Call, answer: Result<Response, HttpError>, now: Timestamp) -> Vec<Effect> {
        let response = match answer {
            Ok(response) => response,
            Err(error) => return self.no_answer(call, &error, now),
        };
        if let Call::Challenge(call) = call {
            return self.challenged(*call, &response, now);
        }
        // What is relative in an answer is relative to where it came from.
        let asked = self.request(&call).map(|request| request.url);
        let base = asked.unwrap_or_else(|| self.discovery.target().start.clone());
        match wire::reply(&response, call.step(), &base, now) {
            Ok(reply) => self.heard(call, reply, now),
            Err(refusal) => self.refused(call, refusal, now),
        }
    }

    fn no_answer(&mut self, call: Call, error: &HttpError, now: Timestamp) -> Vec<Effect> {
        let problem = no_answer(&self.service_name(), error);
        let sent = if error.nothing_was_sent() { Sent::No } else { Sent::Perhaps };
        match (problem.kind, &call) {
            (Kind::Unreachable, Call::Look(_)) => self.unanswered(now),
            (_, Call::Look(way)) if !self.is_settled() => self.look_elsewhere(*way, now),
            (Kind::Unreachable, _) => self.interrupt(Question::Repeat(Box::new(call), problem, sent)),
            (_, Call::Exchange) => self.exchange_failed(problem),
            _ => self.fail(problem),
        }
    }

    pub(super) fn rediscover(&mut self) -> Vec<Effect> {
        self.moved = true;
        self.past.clear();
        self.question = None;
        self.ceremony = Ceremony::default();
        self.discovery = Discovery::new(self.discovery.target().clone());
        self.stage = Stage::Discovering;
        // The next answer begins the new discovery; a wait of nothing gives it one.
        vec![Effect::Wait(std::time::Duration::ZERO)]
    }
}

fn missing(call: &Call) -> &'static str {
    match call {
        Call::Register => "register",
        Call::Claim => "claim the registration",
        Call::Complete { .. } => "complete the claim",
        Call::Look(_) | Call::Fetch => "ask for what was confirmed",
        Call::Exchange => "exchange what it handed out",
        Call::Challenge(_) => "fetch its puzzle",
    }
}

/// Good enough to tell an address from a slip of the hand; only the mail that arrives proves it.
pub fn is_email(text: &str) -> bool {
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
