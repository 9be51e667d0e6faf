//! The calls themselves: the trial before, one call for each token, and the trial afterwards that is the proof.

use jiff::Timestamp;

use super::{Revoke, Stage};
use crate::account::{LayerKind, Note, Proof, Receipt, Revocation, RevokeForm, Verdict};
use crate::flow::discover::no_answer;
use crate::flow::probe::Check;
use crate::flow::verify::{credential_missing, resource_url};
use crate::flow::wire::{self, Step};
use crate::flow::{Effect, Outcome};
use crate::http::{HttpError, Response};
use crate::problem::{Kind, Problem};
use crate::secret::Secret;
use crate::trust;

/// Ways to spell the older form of the call.
const AGENT_FORMS: usize = 3;
const CREDENTIAL: &str = "credential";

fn named(kind: LayerKind) -> &'static str {
    match kind {
        LayerKind::RefreshToken => "refresh token",
        LayerKind::IdentityAssertion => "identity assertion",
        LayerKind::ApiKey | LayerKind::AccessToken | LayerKind::ClientRegistration | LayerKind::Claim => CREDENTIAL,
    }
}

impl Revoke {
    fn check(&self) -> Result<Check, Problem> {
        let (_, credential) = self.credential().cloned().ok_or_else(|| credential_missing(&self.account))?;
        Ok(Check::of(&self.account, resource_url(&self.account)?, credential))
    }

    /// What opens the resource; what only gets it does not.
    fn credential(&self) -> Option<&(LayerKind, Secret)> {
        self.tokens.iter().find(|(kind, _)| matches!(kind, LayerKind::AccessToken | LayerKind::ApiKey))
    }

    pub(super) fn try_before(&mut self, now: Timestamp) -> Vec<Effect> {
        if self.credential().is_none() {
            // There is nothing yet that could be tried.
            return self.declare(now);
        }
        self.try_it(Stage::Before)
    }

    /// Shows the credential to its resource, once.
    fn try_it(&mut self, stage: fn(Check) -> Stage) -> Vec<Effect> {
        match self.check() {
            Ok(check) => {
                let request = check.begin();
                self.stage = stage(check);
                vec![Effect::Http(request)]
            }
            Err(problem) => self.end(Outcome::of(problem)),
        }
    }

    pub(super) fn send(&mut self, now: Timestamp) -> Vec<Effect> {
        let Revocation::Endpoint { url, form } = &self.account.revocation else {
            return self.end(Outcome::of(credential_missing(&self.account)));
        };
        let credential = self.credential().or(self.tokens.first()).map(|(_, secret)| secret.clone());
        let (Some((kind, token)), Some(bearer)) = (self.tokens.get(self.nth), credential) else {
            return self.end(Outcome::of(credential_missing(&self.account)));
        };
        // The older form ends the credential that it is called with, and knows no other.
        if *form == RevokeForm::AgentAuth && *token != bearer {
            return self.next_token(None, now);
        }
        match wire::revoke_request(url, *form, *kind, token, &bearer, self.identity.as_ref(), self.sent.form) {
            Some(request) => {
                self.told = true;
                self.stage = Stage::Sending;
                vec![Effect::Http(request)]
            }
            None => self.next_token(None, now),
        }
    }

    pub(super) fn sent(&mut self, answer: Result<Response, HttpError>, now: Timestamp) -> Vec<Effect> {
        let Revocation::Endpoint { url, .. } = &self.account.revocation else {
            return Vec::new();
        };
        let kind = self.tokens.get(self.nth).map_or(LayerKind::ApiKey, |(kind, _)| *kind);
        let (said, refused) = match &answer {
            // Only what opens the resource can be tried there.
            Ok(response) if response.is_success() && named(kind) != CREDENTIAL => {
                (format!("{}, accepted (nothing proves it)", response.status), None)
            }
            Ok(response) if response.is_success() => (format!("{}, accepted", response.status), None),
            Ok(response) => {
                // Before believing the no, the call is spelled in the next known way.
                if self.has_another_form() && matches!(response.status, 400 | 405 | 415 | 422) {
                    self.sent.form += 1;
                    return self.send(now);
                }
                let proof = self.identity.iter().flat_map(|identity| &identity.secret);
                let secrets = self.tokens.iter().map(|(_, token)| token).chain(proof);
                let refusal = wire::refusal(response, Step::Revoke, url, now).without(secrets);
                self.sent.message.clone_from(&refusal.message);
                (refusal.verbatim(), Some(refusal.problem(&self.account.service, Step::Revoke)))
            }
            Err(error) => {
                let problem = no_answer(&self.account.service, error);
                ("no answer".to_owned(), Some(problem))
            }
        };
        // That assertions are not ended there is usual, and no failure: it is dropped here.
        let counts = kind != LayerKind::IdentityAssertion || answer.is_err();
        let refused = refused.filter(|_| counts);
        if named(kind) != CREDENTIAL {
            self.sent.unended = self.sent.unended.take().or(refused.clone());
        }
        self.sent.refused = self.sent.refused.take().or(refused);
        let receipt = self.receipt(said, now);
        self.next_token(receipt, now)
    }

    /// For the token that is being ended.
    pub(super) fn receipt(&self, answer: String, at: Timestamp) -> Option<Receipt> {
        let kind = self.tokens.get(self.nth).map_or(LayerKind::ApiKey, |(kind, _)| *kind);
        let place = trust::authority(self.account.revocation.url()?);
        Some(Receipt { what: named(kind).to_owned(), place, answer, proven: None, at })
    }

    fn has_another_form(&self) -> bool {
        matches!(&self.account.revocation, Revocation::Endpoint { form: RevokeForm::AgentAuth, .. })
            && self.sent.form + 1 < AGENT_FORMS
    }

    /// Goes on to the next token, and after the last to the proof.
    fn next_token(&mut self, receipt: Option<Receipt>, now: Timestamp) -> Vec<Effect> {
        self.receipts.extend(receipt);
        self.nth += 1;
        if self.nth < self.tokens.len() {
            return self.send(now);
        }
        if self.credential().is_none() {
            // Nothing can be tried: what the service said is all there is to go by, and proves nothing.
            return match self.sent.refused.clone() {
                None => self.forget(now),
                Some(problem) => self.unconfirmed(problem, now),
            };
        }
        self.try_it(Stage::After)
    }

    pub(super) fn proven(&mut self, after: Verdict, now: Timestamp) -> Vec<Effect> {
        let worked_before = matches!(self.before, Some(Verdict::Accepted { .. }));
        self.dead = match after {
            Verdict::Refused { .. } => true,
            Verdict::Unclear { status: 403 } => worked_before,
            _ => false,
        };
        let answer = match after {
            Verdict::Refused { status } | Verdict::Unclear { status } if self.dead => match worked_before {
                true => format!("{status}, as it should be"),
                false => format!("{status}, as before: it was dead already"),
            },
            Verdict::Refused { status } | Verdict::Unclear { status } => format!("{status}, proves nothing"),
            Verdict::Accepted { status } => format!("{status}, still works"),
            Verdict::Unreachable => "no answer".to_owned(),
        };
        let shown = match after {
            Verdict::Accepted { .. } => Some(false),
            _ => self.dead.then_some(true),
        };
        if let Some(receipt) = self.receipts.iter_mut().rfind(|receipt| receipt.what == CREDENTIAL) {
            receipt.proven = shown;
        }
        self.receipts.push(Receipt {
            what: "proof".to_owned(),
            place: self.account.host(),
            answer,
            proven: shown,
            at: now,
        });
        // The credential's death says nothing of what gets the next one.
        if let (true, Some(problem)) = (self.dead, self.sent.unended.clone()) {
            self.dead = false;
            // That one is over, at least: nobody is to be told that it works.
            self.stage = Stage::HalfDone(problem);
            let note = Note::Proof(Proof { at: now, verdict: after });
            return vec![Effect::Note { id: self.account.id.clone(), note, obtained: self.account.obtained_at() }];
        }
        if self.dead {
            return self.forget(now);
        }
        if matches!(after, Verdict::Accepted { .. }) && self.has_another_form() {
            // Whatever it said, it did not understand: the call is spelled in the next known way.
            self.sent.form += 1;
            self.sent.refused = None;
            self.nth = self.tokens.iter().position(|(kind, _)| named(*kind) == CREDENTIAL).unwrap_or(0);
            return self.send(now);
        }
        let name = &self.account.service;
        let problem = self.sent.refused.clone().unwrap_or_else(|| match after {
            Verdict::Accepted { .. } => Problem::new(
                Kind::ServiceRefused,
                format!("{name} said yes, but the credential still works."),
                self.by_hand(),
            ),
            _ => Problem::new(
                Kind::ServiceRefused,
                format!("{name} said yes, but that could not be proven."),
                self.by_hand(),
            ),
        });
        self.unconfirmed(problem, now)
    }
}
