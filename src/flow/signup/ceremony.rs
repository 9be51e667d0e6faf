//! After consent: registering, claiming, completing, and every way in which a service can say no to that.

use jiff::Timestamp;
use url::Url;

use super::{CODE_DIGITS, CODE_LENGTH, Call, Ceremony, EMAIL_LENGTH, Question, Sent, SignUp, Stage, TRIES};
use crate::account::LayerKind;
use crate::flow::Effect;
use crate::flow::discover::{Discovery, no_answer};
use crate::flow::wire::{self, Completion, Granted, Meaning, Refusal, Registration, Start, Step};
use crate::http::{HttpError, Response};
use crate::problem::{Kind, Problem};
use crate::secret::Secret;
use crate::trust;

impl SignUp {
    pub(super) fn consented(&mut self) -> Vec<Effect> {
        let email_first = self.start() != Start::Anonymous;
        match (&self.ceremony.registration, email_first) {
            (None, false) => self.send(Call::Register),
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
        self.ceremony.email = Some(email);
        self.send(if self.ceremony.registration.is_some() { Call::Claim } else { Call::Register })
    }

    /// The one place where a claim is completed: with the code a person typed.
    pub(super) fn code_typed(&mut self, code: &Secret) -> Vec<Effect> {
        let typed = code.expose().trim();
        if typed.is_empty() || typed.len() > CODE_LENGTH {
            return self.object(Problem::new(
                Kind::Usage,
                "A code is needed to go on.",
                "Type the code from the mail.",
            ));
        }
        // Mails often set the digits apart; where they are as many as there should be, nothing else is part of the code.
        let digits: String = typed.chars().filter(char::is_ascii_digit).collect();
        let apart = typed.chars().all(|c| c.is_ascii_digit() || c.is_whitespace() || c == '-');
        let code = if apart && digits.len() == self.code_digits() { digits } else { typed.to_owned() };
        self.send(Call::Complete { code: Secret::new(code) })
    }

    pub(super) fn code_digits(&self) -> usize {
        self.offer().and_then(|offer| offer.code_digits).unwrap_or(CODE_DIGITS).clamp(4, 10)
    }

    pub(super) fn new_code(&mut self) -> Vec<Effect> {
        self.send(Call::Claim)
    }

    pub(super) fn register_again(&mut self) -> Vec<Effect> {
        self.ceremony.registration = None;
        self.ceremony.code_sent = false;
        self.ceremony.wrong_codes = 0;
        self.send(Call::Register)
    }

    pub(super) fn send(&mut self, call: Call) -> Vec<Effect> {
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
    pub(super) fn claim_url(&self) -> Option<Url> {
        let published = self.offer().and_then(|offer| offer.claim.clone());
        let answered = || self.ceremony.registration.as_ref()?.claim_url.clone().filter(|url| self.is_consented(url));
        published.or_else(answered)
    }

    pub(super) fn complete_url(&self) -> Option<Url> {
        self.offer().and_then(|offer| offer.complete.clone()).or_else(|| {
            let mut url = self.claim_url()?;
            url.path_segments_mut().ok()?.pop_if_empty().push("complete");
            Some(url)
        })
    }

    pub(super) fn is_consented(&self, url: &Url) -> bool {
        crate::trust::same_site(url, &self.discovery.target().start)
            || self.discovery.foreign_hosts().contains(&crate::trust::authority(url))
    }

    pub(super) fn answered(&mut self, call: Call, answer: Result<Response, HttpError>, now: Timestamp) -> Vec<Effect> {
        let response = match answer {
            Ok(response) => response,
            Err(error) => {
                let problem = no_answer(&self.service_name(), &error);
                let sent = if error.nothing_was_sent() { Sent::No } else { Sent::Perhaps };
                return match problem.kind {
                    Kind::Unreachable => self.interrupt(Question::Repeat(Box::new(call), problem, sent)),
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

    pub(super) fn registered(&mut self, registration: Registration, now: Timestamp) -> Vec<Effect> {
        let unclaimable = registration.claim_token.is_none();
        let page = registration.page.clone();
        let claim_expires_at = registration.claim_expires_at;
        let before_claim = registration.before_claim.clone();
        self.ceremony.registration = Some(registration);
        match (self.start(), &self.ceremony.email, before_claim) {
            // Nothing to claim with: what was handed out is all there is.
            (_, _, Some(granted)) if unclaimable => self.obtained(granted, false, now),
            (Start::Anonymous, None, _) => self.ask(Stage::Email),
            (Start::Anonymous, Some(_), _) => self.send(Call::Claim),
            // The registration named the address: the mail is on its way.
            _ => {
                self.ceremony.code_sent = true;
                let secrets = self.secrets();
                self.ceremony.page = page.filter(|page| is_harmless(page, &secrets));
                self.ceremony.code_expires_at = claim_expires_at;
                self.ask(Stage::Code)
            }
        }
    }

    pub(super) fn claimed(&mut self, claim: wire::Claim) -> Vec<Effect> {
        let registration = self.ceremony.registration.as_mut();
        let claim_ends = registration.as_ref().and_then(|registration| registration.claim_expires_at);
        if let (Some(registration), Some(token)) = (registration, claim.claim_token) {
            registration.claim_token = Some(token);
        }
        let ceremony = &mut self.ceremony;
        ceremony.code_sent = true;
        ceremony.code_expires_at = claim.code_expires_at.or(claim_ends);
        ceremony.page = claim.page;
        let secrets = self.secrets();
        self.ceremony.message = claim.message.map(|message| trust::without(&message, secrets.iter()));
        self.ceremony.page = self.ceremony.page.take().filter(|page| is_harmless(page, &secrets));
        self.ask(Stage::Code)
    }

    pub(super) fn completed(&mut self, completion: Completion, now: Timestamp) -> Vec<Effect> {
        let before = self.ceremony.registration.as_ref().and_then(|registration| registration.before_claim.clone());
        let after_claim = self
            .ceremony
            .registration
            .as_ref()
            .map(|registration| registration.scopes_after_claim.clone())
            .unwrap_or_default();
        // The answer's credential, or the one held since the registration: it has been upgraded.
        let mut granted = match (completion.credential, &before) {
            (Some(credential), _) => {
                Granted { credential, kind: LayerKind::ApiKey, expires_at: None, scopes: Vec::new(), refresh: None }
            }
            (None, Some(granted)) => granted.clone(),
            (None, None) => {
                return self.fail(Problem::new(
                    Kind::ServiceRefused,
                    format!("{} accepted the code but gave no credential.", self.service_name()),
                    "Look for it on the service's site; nothing was kept here.",
                ));
            }
        };
        granted.scopes = completion.scopes.unwrap_or_else(|| match (after_claim.is_empty(), before) {
            (false, _) => after_claim,
            (true, Some(before)) => before.scopes,
            (true, None) => Vec::new(),
        });
        granted.kind = completion.kind.unwrap_or(granted.kind);
        granted.expires_at = completion.expires_at.unwrap_or(granted.expires_at);
        granted.refresh = completion.refresh.or(granted.refresh);
        self.obtained(granted, true, now)
    }

    /// What this ceremony holds that must not be seen.
    fn secrets(&self) -> Vec<Secret> {
        let registration = self.ceremony.registration.as_ref();
        let token = registration.and_then(|registration| registration.claim_token.clone());
        let before = registration.and_then(|registration| registration.before_claim.clone());
        let early = before.into_iter().flat_map(|granted| {
            [Some(granted.credential), granted.refresh.map(|refresh| refresh.token)].into_iter().flatten()
        });
        token.into_iter().chain(early).collect()
    }

    pub(super) fn refused(&mut self, call: Call, refusal: Refusal) -> Vec<Effect> {
        let step = match call {
            Call::Register => Step::Register,
            Call::Claim => Step::Claim,
            Call::Complete { .. } => Step::Complete,
        };
        let name = self.service_name();
        let typed = if let Call::Complete { code } = &call { Some(code) } else { None };
        let secrets = self.secrets();
        let refusal = refusal.without(secrets.iter().chain(typed));
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
            (Meaning::Unavailable, _) => self.interrupt(Question::Repeat(Box::new(call), problem, Sent::Perhaps)),
            (Meaning::Moved, Call::Register) if !self.moved => self.rediscover(),
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

/// A page whose address holds a secret is neither shown nor recorded.
fn is_harmless(page: &Url, secrets: &[Secret]) -> bool {
    trust::without(page.as_str(), secrets.iter()) == page.as_str()
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
