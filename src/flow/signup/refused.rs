//! Every way in which a service can say no to the ceremony, and what is done about it.

use jiff::Timestamp;

use super::{Call, Question, Sent, SignUp, Stage, TRIES};
use crate::flow::Effect;
use crate::flow::wire::{Forms, Meaning, Refusal, Start, canonical_code};
use crate::problem::{Kind, Problem};
use crate::secret::Secret;

impl SignUp {
    pub(super) fn refused(&mut self, call: Call, refusal: Refusal, now: Timestamp) -> Vec<Effect> {
        let name = self.service_name();
        let typed = if let Call::Complete { code } = &call { Some(code) } else { None };
        let secrets = self.secrets(&crate::flow::wire::Granted::default());
        let refusal = refusal.without(secrets.iter().chain(typed));
        let problem = refusal.problem(&name, call.step());
        // That it waits for the person is on the screen already, in words of ours.
        if !matches!(call, Call::Look(_)) {
            self.ceremony.message = refusal.message.clone();
        }
        // A registration that was turned down made nothing.
        self.ceremony.posted &= self.ceremony.registered || call != Call::Register || refusal.status >= 500;
        if let Some(effects) = self.asked_for_more(&call, &refusal) {
            return effects;
        }
        // What the answer called the claim's address takes no claims: it is a page for the person.
        let takes_none = matches!(refusal.meaning, Meaning::ClaimTokenInvalid | Meaning::NotThere)
            && matches!(refusal.status, 404 | 405);
        if takes_none
            && call == Call::Claim
            && let Some(page) = self.page_to_claim_on()
        {
            return self.show_page(page);
        }
        match (refusal.meaning, &call) {
            // It may be another way to look that the service has, or only a matter of time.
            (_, Call::Look(way)) => self.look_refused(*way, &refusal, now),
            // The person has confirmed; whether it is ready is asked again when they want it, not by itself.
            (Meaning::Pending | Meaning::SlowDown | Meaning::RateLimited, Call::Fetch) => {
                self.interrupt(Question::Repeat(Box::new(call), problem, Sent::No))
            }
            // It hands out nothing there: what was held since the registration is the credential then.
            (
                Meaning::UnsupportedGrant | Meaning::NotThere | Meaning::GrantDead | Meaning::InvalidRequest,
                Call::Fetch,
            ) if self.holds_early() => {
                let early = self.ceremony.early.clone();
                self.collect(early, true, now)
            }
            // The answer to the code was lost on the way, and the code was good: so is what has been held since.
            (Meaning::AlreadyClaimed | Meaning::ClaimTokenInvalid, Call::Complete { .. })
                if self.code_on_its_way && self.holds_early() =>
            {
                let early = self.ceremony.early.clone();
                self.collect(early, true, now)
            }
            (Meaning::InvalidTarget, Call::Exchange) if !self.ceremony.resource_unwanted => {
                self.ceremony.resource_unwanted = true;
                self.send(call)
            }
            (_, Call::Exchange) => self.exchange_failed(problem),
            (Meaning::WayOff, Call::Register) if self.ceremony.start + 1 < self.discovery.starts().len() => {
                self.ceremony.start += 1;
                self.ceremony.forms = Forms::default();
                self.ceremony.detour = Some(format!(
                    "{name} does not register that way ({}). It would go like this instead:",
                    refusal.verbatim()
                ));
                self.stage = Stage::Consent;
                self.question = Some(Stage::Consent);
                Vec::new()
            }
            (Meaning::UnsupportedCredentialType | Meaning::InvalidRequest, Call::Register)
                if self.ceremony.extras.register.credential_type.is_none()
                    && self.ceremony.forms.register == 0
                    && self.wanted_type(&refusal).is_some() =>
            {
                self.ceremony.extras.register.credential_type = self.wanted_type(&refusal);
                self.send(call)
            }
            (Meaning::InvalidRequest, _) => self.next_form(call, &refusal, problem),
            (Meaning::BadAddress, Call::Register | Call::Claim) => {
                self.stage = Stage::Email;
                self.question = Some(Stage::Email);
                self.object(problem)
            }
            (Meaning::ClaimTokenInvalid | Meaning::ClaimExpired, Call::Claim | Call::Complete { .. }) => {
                self.interrupt(Question::RegisterAgain(problem))
            }
            (Meaning::WrongCode, Call::Complete { code }) => {
                let code = code.clone();
                self.wrong_code(&code, &refusal)
            }
            (Meaning::CodeExpired, Call::Complete { .. }) => self.interrupt(Question::NewCode(problem)),
            (Meaning::CodeNotReady, Call::Complete { .. }) => {
                self.stage = Stage::Code;
                self.object(problem)
            }
            // Our own ceremony is the open one: its code is still good.
            (Meaning::InFlight, Call::Claim)
                if self.ceremony.code_sent || self.ceremony.registered && self.start() == Start::ServiceAuth =>
            {
                self.goes_on(problem, now)
            }
            // It may have been the yes.
            (Meaning::Unreadable, Call::Complete { .. }) => {
                self.interrupt(Question::Repeat(Box::new(call), problem, Sent::Perhaps))
            }
            (Meaning::Unavailable, _) => self.interrupt(Question::Repeat(Box::new(call), problem, Sent::Perhaps)),
            (Meaning::Moved, Call::Register) if !self.moved => self.rediscover(),
            _ => self.fail(problem),
        }
    }

    /// The kind of credential to ask for: one that is listed, or keys, which the oldest services hand out (auth.md v0.1).
    fn wanted_type(&self, refusal: &Refusal) -> Option<String> {
        let listed = self.offer().and_then(|offer| offer.credential_types.first().cloned());
        listed.or_else(|| (refusal.meaning == Meaning::InvalidRequest).then(|| "api_key".to_owned()))
    }

    /// The next known way to spell the call, once each.
    fn next_form(&mut self, call: Call, refusal: &Refusal, problem: Problem) -> Vec<Effect> {
        let forms = self.ceremony.forms;
        match call {
            Call::Register => {
                // What did not help is not sent on.
                self.ceremony.extras.register.credential_type = None;
                self.ceremony.forms.register += 1;
            }
            Call::Claim => self.ceremony.forms.claim += 1,
            Call::Complete { .. } => self.ceremony.forms.complete += 1,
            Call::Look(_) | Call::Fetch | Call::Exchange | Call::Challenge(_) => return self.fail(problem),
        }
        if self.request(&call).is_some() {
            return self.send(call);
        }
        // The ladder has ended; another address or code may still do, in the way that is the most usual.
        self.ceremony.forms = Forms { claim: 0, ..forms };
        match call {
            Call::Complete { code } => {
                self.ceremony.forms.complete = 0;
                self.wrong_code(&code, refusal)
            }
            // Some have no other word for an address that they do not take.
            Call::Claim => {
                self.stage = Stage::Email;
                self.question = Some(Stage::Email);
                self.object(problem)
            }
            _ => self.fail(problem),
        }
    }

    fn wrong_code(&mut self, code: &Secret, refusal: &Refusal) -> Vec<Effect> {
        // What was typed in another dress is the same code; that is tried before it counts as wrong.
        if let Some(typed) = self.ceremony.typed.take() {
            return self.send(Call::Complete { code: typed });
        }
        if let Some(canonical) = canonical_code(code.expose()) {
            return self.send(Call::Complete { code: Secret::new(canonical) });
        }
        self.ceremony.wrong_codes += 1;
        match TRIES.saturating_sub(self.ceremony.wrong_codes) {
            0 => self.fail(Problem::new(
                Kind::ServiceRefused,
                format!("Three codes were not right ({}); stopped.", refusal.verbatim()),
                "Start the sign-up again and use the newest mail.",
            )),
            left => {
                let tries = if left == 1 { "1 try is left".to_owned() } else { format!("{left} tries are left") };
                self.stage = Stage::Code;
                self.object(Problem::new(
                    Kind::ServiceRefused,
                    format!("That code was not right ({}).", refusal.verbatim()),
                    format!("Please check it; {tries}."),
                ))
            }
        }
    }

    /// A new code was refused because the one before is still good.
    fn goes_on(&mut self, problem: Problem, now: Timestamp) -> Vec<Effect> {
        let handed_over = self.ceremony.attempt.clone().filter(|attempt| attempt.code.is_some());
        match handed_over {
            Some(attempt) => {
                let effects = self.hand_over(attempt, now);
                self.problem = Some(Problem::new(problem.kind, problem.what, "The code on this page still counts."));
                effects
            }
            None => {
                self.stage = Stage::Code;
                self.object(Problem::new(problem.kind, problem.what, "The code mailed before still counts."))
            }
        }
    }
}
