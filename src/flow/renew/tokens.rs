//! The ways that need nobody: an assertion exchanged, a refresh token spent.

use jiff::Timestamp;
use url::Url;

use super::{Renew, Stage};
use crate::account::{Happened, Identity, Kept, LayerKind, Mode, Note, Renewal, RenewedBy, Secrets};
use crate::flow::tokens::{absorb, obtained_after, renews_at};
use crate::flow::wire::{self, Asking, Granted, Meaning, Step};
use crate::flow::{Effect, Outcome};
use crate::http::{HttpError, Request, Response};
use crate::problem::{Kind, Problem};
use crate::trust;

impl Renew {
    pub(super) fn note(&self, note: Note) -> Vec<Effect> {
        vec![Effect::Note { id: self.account.id.clone(), note, obtained: self.account.obtained_at() }]
    }

    /// Is there an assertion that lives, as far as is known?
    pub(super) fn can_exchange(&self, now: Timestamp) -> bool {
        let held = self.kept.as_ref().is_some_and(|kept| kept.secret_of(LayerKind::IdentityAssertion).is_some());
        let layer = self.account.layer(LayerKind::IdentityAssertion);
        let lives = layer.is_some_and(|layer| layer.expires_at.is_none_or(|end| end > now));
        held && lives && matches!(self.account.renewal, Renewal::Exchange { .. })
    }

    pub(super) fn exchange(&mut self) -> Vec<Effect> {
        match self.exchange_request() {
            Some(Ok(request)) => {
                self.stage = Stage::Exchanging;
                vec![Effect::Http(request)]
            }
            Some(Err(problem)) => self.fail(problem),
            None => {
                let account = Box::new(self.account.clone());
                self.end(Outcome::Connected(account))
            }
        }
    }

    /// What is relative in an answer is relative to where it came from.
    fn exchange_place(&self) -> Url {
        match &self.account.renewal {
            Renewal::Refresh { url, .. } | Renewal::Exchange { url, .. } => url.clone(),
            Renewal::Person | Renewal::Elsewhere | Renewal::None => self.account.start.clone(),
        }
    }

    fn exchange_request(&self) -> Option<Result<Request, Problem>> {
        let Renewal::Exchange { url, resource, .. } = &self.account.renewal else {
            return None;
        };
        let kept = self.kept.as_deref()?;
        let assertion = kept.secret_of(LayerKind::IdentityAssertion)?;
        let resource = resource.as_deref().filter(|_| !self.resource_unwanted);
        let identity = Identity::of(kept);
        let asking = Asking { client: identity.as_ref(), resource };
        Some(trust::endpoint(url).map(|()| wire::exchange_request(url, assertion, &asking)))
    }

    pub(super) fn exchanged(&mut self, answer: Result<Response, HttpError>, now: Timestamp) -> Vec<Effect> {
        let name = self.account.service.clone();
        let response = match answer {
            Ok(response) => response,
            // It works as often as it is shown: nothing is lost.
            Err(error) => return self.fail(crate::flow::discover::no_answer(&name, &error)),
        };
        let base = self.exchange_place();
        match wire::reply(&response, Step::Exchange, &base, now) {
            Ok(reply) => self.obtained(reply.granted, RenewedBy::IdentityAssertion, self.doubt, now),
            Err(refusal) if refusal.meaning == Meaning::InvalidTarget && !self.resource_unwanted => {
                self.resource_unwanted = true;
                self.exchange()
            }
            Err(refusal) => {
                let meaning = refusal.meaning;
                // A bare 401 says too little to give the assertion up, and enough to try the cheaper way.
                let bare = refusal.status == 401 && meaning == Meaning::Other;
                let problem = self.told(refusal, Step::Exchange);
                match meaning {
                    // What was got just now is not taken: another one would not be either.
                    Meaning::GrantDead if self.spent => self.fail(Problem { kind: Kind::ServiceRefused, ..problem }),
                    // With a refresh token there is a cheaper way than a person.
                    _ if (meaning == Meaning::GrantDead || bare && !self.spent) && self.has_refresh_token() => {
                        self.spend_or_doubt(now)
                    }
                    Meaning::GrantDead => self.settle(Note::NoRefresh, problem),
                    _ => self.fail(problem),
                }
            }
        }
    }

    /// A refusal as a problem, without what was sent.
    fn told(&self, refusal: wire::Refusal, step: Step) -> Problem {
        let secrets = self.kept.as_ref().map(|kept| kept.secrets.clone());
        refusal.without(secrets.iter().flat_map(Secrets::iter)).problem(&self.account.service, step)
    }

    fn has_refresh_token(&self) -> bool {
        self.kept.as_ref().is_some_and(|kept| kept.secret_of(LayerKind::RefreshToken).is_some())
    }

    pub(super) fn declare(&mut self, now: Timestamp) -> Vec<Effect> {
        if !self.has_refresh_token() {
            return self.sign_up_again(None, now);
        }
        self.stage = Stage::Declaring;
        self.note(Note::Spending(now))
    }

    pub(super) fn spend(&mut self, now: Timestamp) -> Vec<Effect> {
        let Some((place, request)) = self.spend_request() else {
            return self.sign_up_again(None, now);
        };
        if let Err(problem) = trust::endpoint(&place) {
            return self.settle(Note::Unspent, problem);
        }
        self.stage = Stage::Spending;
        vec![Effect::Http(request)]
    }

    /// Where the refresh token goes: to the token endpoint, or to the one that hands out assertions.
    fn spend_request(&self) -> Option<(Url, Request)> {
        let kept = self.kept.as_deref()?;
        let token = kept.secret_of(LayerKind::RefreshToken)?;
        match &self.account.renewal {
            Renewal::Exchange { identity: Some(url), .. } => Some((url.clone(), wire::identity_request(url, token))),
            Renewal::Refresh { url, .. } | Renewal::Exchange { url, .. } => {
                let resource = match &kept.account.renewal {
                    Renewal::Refresh { resource, .. } => resource.as_deref().filter(|_| !self.resource_unwanted),
                    _ => None,
                };
                let identity = Identity::of(kept);
                let asking = Asking { client: identity.as_ref(), resource };
                Some((url.clone(), wire::refresh_request(url, token, &asking)))
            }
            Renewal::Person | Renewal::Elsewhere | Renewal::None => None,
        }
    }

    /// Writes down how it ended. What this attempt did not send, one before it may have.
    pub(super) fn settle(&mut self, note: Note, problem: Problem) -> Vec<Effect> {
        let note = match (note, self.doubt) {
            (Note::Unspent, Some(since)) => Note::Spending(since),
            (note, _) => note,
        };
        let effects = self.note(note.clone());
        self.account.note(note, self.account.obtained_at());
        self.stage = Stage::Settling(problem);
        effects
    }

    pub(super) fn answered(&mut self, answer: Result<Response, HttpError>, now: Timestamp) -> Vec<Effect> {
        let name = self.account.service.clone();
        let response = match answer {
            Ok(response) => response,
            Err(error) => {
                let problem = crate::flow::discover::no_answer(&name, &error);
                return match error {
                    error if error.nothing_was_sent() => self.settle(Note::Unspent, problem),
                    _ => self.perhaps_taken(problem),
                };
            }
        };
        match wire::reply(&response, Step::Refresh, &self.exchange_place(), now) {
            Ok(reply) => {
                (self.doubt, self.spent) = (None, true);
                let mut granted = reply.granted;
                // What takes the place of the token that was spent is taken where that was.
                if let (Some(refresh), Some(at)) = (&mut granted.refresh, renews_at(&self.account.renewal)) {
                    refresh.at = at;
                }
                self.obtained(granted, RenewedBy::RefreshToken, None, now)
            }
            Err(refusal) => {
                let meaning = refusal.meaning;
                let problem = self.told(refusal, Step::Refresh);
                let by_oauth = matches!(self.account.mode, Mode::OAuth | Mode::Device);
                match meaning {
                    Meaning::GrantDead => {
                        self.stage = Stage::Rereading(problem);
                        vec![Effect::Load(self.account.id.clone())]
                    }
                    // The token stays what it is, and is for that resource all the same.
                    Meaning::InvalidTarget if !self.resource_unwanted => {
                        self.resource_unwanted = true;
                        self.declare(now)
                    }
                    // Servers forget programs that have registered themselves, and people change their clients: who we are
                    // is settled anew when the person signs in again.
                    Meaning::InvalidClient | Meaning::ClientNotAllowed if by_oauth => {
                        self.settle(Note::NoClient, Problem { kind: Kind::NeedsPerson, ..problem })
                    }
                    // It may have gone through before the trouble began.
                    Meaning::Unreadable => self.perhaps_taken(problem),
                    Meaning::Unavailable if !matches!(response.status, 429 | 503) => self.perhaps_taken(problem),
                    _ => self.settle(Note::Unspent, problem),
                }
            }
        }
    }

    /// Whoever got the next one without our lock has put it into the store.
    pub(super) fn reread(&mut self, loaded: Result<Option<Box<Kept>>, Problem>, problem: Problem) -> Vec<Effect> {
        let refresh = |kept: &Kept| kept.secret_of(LayerKind::RefreshToken).cloned();
        let sent = self.kept.as_deref().and_then(refresh);
        match loaded {
            Ok(Some(kept)) if refresh(&kept).is_some() && refresh(&kept) != sent => {
                self.adopted = true;
                self.end(Outcome::Connected(Box::new(kept.account)))
            }
            _ => self.settle(Note::NoRefresh, problem),
        }
    }

    /// The service may have taken the token: the note stays, so that nobody sends it again unawares.
    fn perhaps_taken(&mut self, problem: Problem) -> Vec<Effect> {
        self.fail(Problem::new(
            problem.kind,
            format!("{} Whether the service took the refresh token is unknown.", problem.what),
            format!("The old credential is kept. To choose how to go on: authmd-tui renew {}", self.account.id),
        ))
    }

    fn obtained(&mut self, granted: Granted, way: RenewedBy, doubt: Option<Timestamp>, now: Timestamp) -> Vec<Effect> {
        let Some(mut kept) = self.kept.clone() else {
            return Vec::new();
        };
        self.half_done = granted.credential.is_none();
        let host = trust::authority(&self.exchange_place());
        self.event = (!self.half_done).then(|| Happened::Renewed { way, host }.at(now));
        self.lost_scopes = absorb(&mut kept, granted);
        self.learn(&mut kept);
        kept.account.renewed_at = obtained_after(&kept, now);
        kept.account.spending = doubt;
        (kept.account.proof, kept.account.verified_at) = (None, None);
        self.granted(kept, now)
    }

    /// What the service was found not to want is not sent to it the next time either.
    fn learn(&self, kept: &mut Kept) {
        if self.resource_unwanted
            && let Renewal::Exchange { resource, .. } | Renewal::Refresh { resource, .. } = &mut kept.account.renewal
        {
            *resource = None;
        }
    }
}
