//! An answer came: what it holds decides how the ceremony goes on. In this order:
//!
//! 1. a code for the service's page: it is handed over;
//! 2. the claim is confirmed already, or something new was handed out for it: that is collected;
//! 3. there is nothing to claim: what was handed out is all there is;
//! 4. a page without a code, at a service that takes claims at its token endpoint: the person says which it is;
//! 5. else the service gives the person a code to bring: it is asked for.

use jiff::Timestamp;
use url::Url;

use super::handoff::Way;
use super::{Call, SignUp, Stage};
use crate::account::LayerKind;
use crate::flow::Effect;
use crate::flow::discover::Sent;
use crate::flow::wire::{Attempt, Credential, Expiry, Granted, Reply, Standing, Start};
use crate::http::Presentation;
use crate::problem::{Kind, Problem};
use crate::secret::Secret;
use crate::trust;

impl SignUp {
    pub(super) fn heard(&mut self, call: Call, mut reply: Reply, now: Timestamp) -> Vec<Effect> {
        self.take_note(&mut reply);
        match call {
            Call::Register => self.registered(reply, now),
            Call::Claim => self.claimed(reply, now),
            Call::Complete { .. } | Call::Fetch => self.collect(reply.granted, true, now),
            Call::Look(_) => self.looked(reply, now),
            Call::Exchange => self.exchanged(reply.granted, now),
            Call::Challenge(_) => Vec::new(),
        }
    }

    /// Takes over what is of use later. Pages and words that repeat a secret are not shown.
    fn take_note(&mut self, reply: &mut Reply) {
        let claim_page = reply.claim_url.clone();
        let claim_url = reply.claim_url.take().filter(|url| self.may_be_sent(Sent::Address, url));
        let complete_url = reply.complete_url.take().filter(|url| self.may_be_sent(Sent::Code, url));
        let ceremony = &mut self.ceremony;
        let former = ceremony.handle.as_ref().map(|handle| handle.value.clone());
        let newer = reply.handle.take().filter(|handle| handle.is_token || ceremony.handle.is_none());
        ceremony.former.extend(former.filter(|_| newer.is_some()));
        ceremony.handle = newer.or(ceremony.handle.take());
        ceremony.claim_grant = reply.claim_grant.take().or(ceremony.claim_grant.take());
        ceremony.claim_expires_at = reply.claim_expires_at.or(ceremony.claim_expires_at);
        ceremony.claim_page = claim_page.or(ceremony.claim_page.take());
        ceremony.claim_url = claim_url.or(ceremony.claim_url.take());
        ceremony.complete_url = complete_url.or(ceremony.complete_url.take());
        ceremony.client_id = reply.client_id.take().or(ceremony.client_id.take());
        if !reply.scopes_after_claim.is_empty() {
            ceremony.scopes_after_claim = std::mem::take(&mut reply.scopes_after_claim);
        }
        let secrets = self.secrets(&reply.granted);
        if let Some(attempt) = &mut reply.attempt {
            attempt.page = attempt.page.take().filter(|page| is_harmless(page, &secrets));
            attempt.complete = attempt.complete.take().filter(|page| is_harmless(page, &secrets));
            attempt.code = attempt.code.take().filter(|code| trust::without(code, secrets.iter()) == *code);
        }
        self.ceremony.message = reply.message.take().map(|message| trust::without(&message, secrets.iter()));
    }

    fn registered(&mut self, reply: Reply, now: Timestamp) -> Vec<Effect> {
        self.ceremony.registered = true;
        let handed_out = reply.granted.credential.is_some() || reply.granted.assertion.is_some();
        // Asked once more in lack of another way to look: now it is there.
        let asked_again = self.ceremony.code_sent && handed_out;
        if reply.standing == Standing::Claimed || asked_again && reply.standing != Standing::Pending {
            return self.collect(reply.granted, true, now);
        }
        self.ceremony.early = reply.granted;
        let nameless = self.start() == Start::Anonymous && self.ceremony.handle.is_none();
        if nameless
            && reply.attempt.is_none()
            && let Some(page) = self.page_to_claim_on()
        {
            return self.show_page(page);
        }
        let attempt = match reply.attempt {
            Some(attempt) if attempt.code.is_some() => return self.hand_over(attempt, now),
            _ if handed_out && !self.can_claim() => {
                let early = self.ceremony.early.clone();
                return self.collect(early, false, now);
            }
            attempt => attempt,
        };
        let to_be_claimed = self.start() == Start::Anonymous || attempt.is_none() && self.codes_come_with_the_claim();
        match &self.ceremony.email {
            None => self.ask(Stage::Email),
            Some(_) if to_be_claimed => self.send(Call::Claim),
            // The registration named the address: the mail is on its way.
            Some(_) => self.confirm_somehow(attempt),
        }
    }

    /// No endpoint for claims is published, and the answer names no token for one: what it calls its claim's address is a
    /// page for the person.
    pub(super) fn page_to_claim_on(&self) -> Option<Url> {
        let published = self.offer().is_some_and(|offer| offer.claim.is_some());
        let token = self.ceremony.handle.as_ref().is_some_and(|handle| handle.is_token);
        let secrets = self.secrets(&Granted::default());
        self.ceremony.claim_page.clone().filter(|page| !published && !token && is_harmless(page, &secrets))
    }

    /// The person confirms there, and says when it is done.
    pub(super) fn show_page(&mut self, page: Url) -> Vec<Effect> {
        self.ceremony.attempt = Some(Attempt { page: Some(page), ..Attempt::default() });
        self.ceremony.code_sent = true;
        self.ask(Stage::Unwatched)
    }

    /// A registration that names the address, at a service that hands its codes over, may want the claim called for one.
    fn codes_come_with_the_claim(&self) -> bool {
        let elsewhere = self.ceremony.complete_url.is_some();
        self.start() == Start::ServiceAuth && self.takes_claims() && !elsewhere && self.can_claim()
    }

    /// Does the token endpoint take claims? It says so, or the answer does; or what else would it be for, beside a
    /// registration by a login hint, which the services that mail a code do not have.
    fn takes_claims(&self) -> bool {
        let said = self.ceremony.claim_grant.is_some() || self.offer().is_some_and(|offer| offer.claim_grant.is_some());
        let hinted = self.start() == Start::ServiceAuth && self.offer().is_some_and(|offer| offer.complete.is_none());
        self.token_url().is_some() && (said || hinted)
    }

    fn claimed(&mut self, reply: Reply, now: Timestamp) -> Vec<Effect> {
        self.ceremony.registered = true;
        if let Some(attempt) = reply.attempt.clone().filter(|attempt| attempt.code.is_some()) {
            return self.hand_over(attempt, now);
        }
        let held = self.secrets(&Granted::default());
        let credential = reply.granted.credential.as_ref().map(|credential| &credential.secret);
        let assertion = reply.granted.assertion.as_ref().map(|assertion| &assertion.secret);
        let handed_out = credential.into_iter().chain(assertion).any(|secret| !held.contains(secret));
        match reply.standing {
            Standing::Claimed => self.collect(reply.granted, true, now),
            Standing::Unsaid if handed_out => self.collect(reply.granted, true, now),
            Standing::Unsaid | Standing::Pending => self.confirm_somehow(reply.attempt),
        }
    }

    /// There is no code of ours. A service that takes claims at its token endpoint, and names a page, may mean either: that
    /// the person confirms there, or that they bring a code from there. Only they can see which.
    fn confirm_somehow(&mut self, attempt: Option<Attempt>) -> Vec<Effect> {
        let grants = self.takes_claims() && self.offer().is_some_and(|offer| offer.complete.is_none());
        let nested = self.ceremony.handle.as_ref().is_some_and(|handle| handle.nested);
        let page = attempt.as_ref().is_some_and(|attempt| attempt.page.is_some());
        if page && grants && !nested && self.ceremony.complete_url.is_none() {
            self.ceremony.attempt = attempt;
            self.ceremony.code_sent = true;
            return self.ask(Stage::Either);
        }
        self.wait_for_code(attempt)
    }

    /// Is there anything that a person could confirm?
    fn can_claim(&self) -> bool {
        self.ceremony.handle.is_some() && self.claim_url().is_some()
    }

    fn wait_for_code(&mut self, attempt: Option<Attempt>) -> Vec<Effect> {
        let before = self.ceremony.attempt.take();
        self.ceremony.attempt = attempt.or(before);
        self.ceremony.code_sent = true;
        self.ask(Stage::Code)
    }

    /// It is confirmed, or as good as it gets: makes an account of what was handed out.
    pub(super) fn collect(&mut self, granted: Granted, claimed: bool, now: Timestamp) -> Vec<Effect> {
        let handed_out = granted.credential.is_some() || granted.assertion.is_some();
        let can_be_had = self.token_url().is_some() && self.ceremony.handle.is_some();
        let by_grant = self.offer().is_some_and(|offer| offer.claim_grant.is_some());
        let looked = matches!(self.stage, Stage::Sending(Call::Fetch | Call::Look(Way::Grant)));
        if !handed_out && claimed && can_be_had && !looked && (by_grant || !self.holds_early()) {
            // Confirmed, and the credential is at the token endpoint.
            return self.send(Call::Fetch);
        }
        let early = std::mem::take(&mut self.ceremony.early);
        let mut all = if handed_out { granted } else { upgraded(early.clone(), granted) };
        if all.credential.is_none() && (self.token_url().is_none() || all.assertion.is_none()) {
            // With some, what others exchange is the credential itself.
            match all.assertion.take() {
                Some(assertion) => {
                    all.expiry = assertion.expires_at.map_or(all.expiry, Expiry::At);
                    let (kind, presentation) = (LayerKind::ApiKey, Presentation::Bearer);
                    all.credential = Some(Credential { secret: assertion.secret, kind, presentation });
                }
                None => {
                    return self.fail(Problem::new(
                        Kind::ServiceRefused,
                        format!("{} has confirmed, but gave no credential.", self.service_name()),
                        "Look for it on the service's site; nothing was kept here.",
                    ));
                }
            }
        }
        let after_claim = std::mem::take(&mut self.ceremony.scopes_after_claim);
        if all.scopes.is_none() || !handed_out && claimed && !after_claim.is_empty() {
            all.scopes = Some(if after_claim.is_empty() { early.scopes.unwrap_or_default() } else { after_claim });
        }
        self.obtained(all, claimed, now)
    }

    pub(super) fn holds_early(&self) -> bool {
        self.ceremony.early.credential.is_some() || self.ceremony.early.assertion.is_some()
    }

    /// What this ceremony holds that must not be seen.
    pub(super) fn secrets(&self, besides: &Granted) -> Vec<Secret> {
        let handle = self.ceremony.handle.iter().map(|handle| handle.value.clone());
        let of = |granted: &Granted| {
            let credential = granted.credential.as_ref().map(|credential| credential.secret.clone());
            let assertion = granted.assertion.as_ref().map(|assertion| assertion.secret.clone());
            let refresh = granted.refresh.as_ref().map(|refresh| refresh.token.secret.clone());
            [credential, assertion, refresh].into_iter().flatten()
        };
        let former = self.ceremony.former.iter().cloned();
        handle.chain(former).chain(of(&self.ceremony.early)).chain(of(besides)).collect()
    }
}

/// The credential held since the registration is the one, with what the answer says of it.
fn upgraded(early: Granted, answer: Granted) -> Granted {
    Granted {
        expiry: if answer.expiry == Expiry::Unsaid { early.expiry } else { answer.expiry },
        scopes: answer.scopes.clone(),
        refresh: answer.refresh.or(early.refresh),
        ..early
    }
}

/// A page whose address holds a secret is neither shown nor recorded.
pub(super) fn is_harmless(page: &Url, secrets: &[Secret]) -> bool {
    !trust::holds_secret(page, secrets)
}
