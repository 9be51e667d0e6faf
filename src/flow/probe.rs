//! Asking a resource whether a credential works, and believing only what the answer proves.

use serde_json::Value as Json;
use url::Url;

use crate::account::{Account, Trial, Verdict};
use crate::http::{HttpError, Presentation, Request, Response};
use crate::json::{self, Document};
use crate::secret::Secret;

/// One check of one credential: a call without it where it is not known whether the resource is guarded, then a call with
/// it. Both are harmless: `GET` on the resource itself, or the call that a skill names for it, which is shown before.
#[derive(Debug, Clone, PartialEq)]
pub struct Check {
    resource: Url,
    credential: Secret,
    guarded: Option<bool>,
    /// How it is shown as far as is known, and in the call under way.
    known: Presentation,
    presentation: Presentation,
    /// How else to show it where it is turned away; each way once.
    otherwise: Vec<Presentation>,
    /// What the service is known to answer.
    trial: Option<Box<Trial>>,
}

/// What [`Check`] wants next.
#[derive(Debug, PartialEq)]
pub enum Next {
    Send(Request),
    Over(Verdict),
}

impl Check {
    pub fn new(resource: Url, credential: Secret, guarded: Option<bool>) -> Self {
        Self {
            resource,
            credential,
            guarded,
            known: Presentation::default(),
            presentation: Presentation::default(),
            otherwise: Vec::new(),
            trial: None,
        }
    }

    /// A check of an account's credential, as the account knows how to.
    pub fn of(account: &Account, resource: Url, credential: Secret) -> Self {
        let check = Self::new(resource, credential, account.guarded).presented(account.presentation.clone());
        check.by(account.more.trial.clone())
    }

    /// The service has a call of its own for this.
    pub fn by(mut self, trial: Option<Box<Trial>>) -> Self {
        self.trial = trial;
        self
    }

    /// The account knows how its credential is to be shown.
    pub fn presented(mut self, presentation: Presentation) -> Self {
        (self.known, self.presentation) = (presentation.clone(), presentation);
        self
    }

    /// The credential is new, and it is not known how the service wants to see it: where the usual way is turned away, the
    /// other usual ones are tried. It goes to its own resource each time.
    pub fn or_otherwise(mut self) -> Self {
        if self.presentation == Presentation::Bearer {
            self.otherwise = vec![Presentation::Basic, Presentation::Raw, Presentation::ApiKey];
        }
        self
    }

    /// How it was shown last.
    pub fn presentation(&self) -> &Presentation {
        &self.presentation
    }

    pub fn begin(&self) -> Request {
        let request = match &self.trial {
            Some(trial) => trial.request(self.resource.clone()),
            None => Request::get(self.resource.clone()),
        };
        match self.guarded {
            Some(_) => request.presenting(self.presentation.clone(), self.credential.clone()),
            None => request,
        }
    }

    pub fn answer(&mut self, answer: &Result<Response, HttpError>) -> Next {
        match (self.guarded, answer) {
            (Some(guarded), _) => match (self.verdict(answer, guarded), self.otherwise.pop()) {
                (Verdict::Refused { .. }, Some(otherwise)) => {
                    self.presentation = otherwise;
                    Next::Send(self.begin())
                }
                (refused @ Verdict::Refused { .. }, None) => {
                    self.presentation.clone_from(&self.known);
                    Next::Over(refused)
                }
                (verdict, _) => Next::Over(verdict),
            },
            (None, Err(_)) => Next::Over(Verdict::Unreachable),
            (None, Ok(response)) => {
                let refused = self.trial.as_ref().is_some_and(|trial| meant(trial, response) == Meant::Refused);
                self.guarded = Some(refused || matches!(response.status, 401 | 403));
                Next::Send(self.begin())
            }
        }
    }

    fn verdict(&self, answer: &Result<Response, HttpError>, guarded: bool) -> Verdict {
        match (&self.trial, answer) {
            (Some(trial), Ok(response)) => match meant(trial, response) {
                Meant::Works if guarded => Verdict::Accepted { status: response.status },
                Meant::Works => Verdict::Unclear { status: response.status },
                Meant::Refused => Verdict::Refused { status: response.status },
                Meant::AsItSays => verdict(answer, guarded),
            },
            _ => verdict(answer, guarded),
        }
    }
}

/// What an answer means by itself.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Meant {
    Works,
    Refused,
    /// What its status says.
    AsItSays,
}

fn meant(trial: &Trial, response: &Response) -> Meant {
    let text = response.body.expose();
    let is = |signs: &[String], by_word: bool| {
        signs.iter().any(|sign| match sign.parse::<u16>() {
            Ok(status) => !by_word && status == response.status,
            Err(_) => by_word && text.contains(sign.as_str()),
        })
    };
    // A word says more than a status.
    match () {
        () if is(&trial.narrow, true) => Meant::Works,
        () if is(&trial.refused, true) => Meant::Refused,
        () if is(&trial.narrow, false) => Meant::Works,
        () if is(&trial.refused, false) => Meant::Refused,
        () if response.is_success() && !is_said(trial, text) => Meant::Refused,
        () => Meant::AsItSays,
    }
}

/// Does the answer say what it says to a credential that works?
fn is_said(trial: &Trial, text: &str) -> bool {
    let Some(pointer) = &trial.says else {
        return true;
    };
    let answer = json::read(text).map(Document::new);
    let said = answer.as_ref().and_then(|answer| answer.pointer(pointer));
    said.is_some_and(|value| !matches!(value, Json::Null | Json::Bool(false)))
}

/// What the answer to a call with the credential proves. Only a resource that is `guarded` proves anything by letting a
/// call pass; a 401 always does.
fn verdict(answer: &Result<Response, HttpError>, guarded: bool) -> Verdict {
    let Ok(response) = answer else {
        return Verdict::Unreachable;
    };
    let status = response.status;
    // A page for people is what a login form looks like; it proves nothing.
    let is_page = response.header("content-type").any(|kind| kind.contains("html"));
    match status {
        401 => Verdict::Refused { status },
        // Anything that got past the guard, even a "not found", was let in.
        200..=299 | 400 | 404..=422 if guarded && !is_page => Verdict::Accepted { status },
        500.. => Verdict::Unreachable,
        _ => Verdict::Unclear { status },
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_resource_not_known_is_asked_without_the_credential_first() {
        let answer = |status| Ok(Response { status, headers: vec![], body: Secret::new("") });
        let resource = Url::parse("https://api.acme.dev/").expect("valid");
        let mut check = Check::new(resource.clone(), Secret::new("sk"), None);
        assert_eq!(check.begin(), Request::get(resource.clone()));
        assert_eq!(check.answer(&answer(401)), Next::Send(Request::get(resource).bearer(Secret::new("sk"))));
        assert_eq!(check.answer(&answer(200)), Next::Over(Verdict::Accepted { status: 200 }));
    }

    #[test]
    fn only_a_guarded_resource_proves_that_a_credential_works() {
        let of = |status, guarded| verdict(&Ok(Response { status, headers: vec![], body: Secret::new("") }), guarded);
        assert_eq!(of(200, true), Verdict::Accepted { status: 200 });
        assert_eq!(of(404, true), Verdict::Accepted { status: 404 });
        assert_eq!(of(200, false), Verdict::Unclear { status: 200 });
        assert_eq!(of(401, false), Verdict::Refused { status: 401 });
        assert_eq!(of(403, true), Verdict::Unclear { status: 403 });
        assert_eq!(of(503, true), Verdict::Unreachable);
        assert_eq!(verdict(&Err(HttpError::Unreachable("x".into())), true), Verdict::Unreachable);
    }

    /// The traps of real services: a no with 200, a no with 400, a narrow yes with 401 and 403.
    #[test]
    fn what_an_answer_means_is_told_by_what_the_service_is_known_for() {
        let slack = Trial { says: Some("/ok".into()), ..Trial::default() };
        let linear = Trial { says: Some("/data/viewer".into()), ..Trial::default() };
        let gemini = Trial { refused: vec!["API_KEY_INVALID".into()], ..Trial::default() };
        let stripe = Trial { narrow: vec!["403".into()], ..Trial::default() };
        let resend = Trial { narrow: vec!["restricted_api_key".into()], ..Trial::default() };
        let datadog = Trial { refused: vec!["403".into()], ..Trial::default() };
        for (trial, status, body, meant) in [
            (&slack, 200, r#"{"ok": true}"#, Meant::AsItSays),
            (&slack, 200, r#"{"ok": false, "error": "invalid_auth"}"#, Meant::Refused),
            (&slack, 200, "<html>", Meant::Refused),
            (&slack, 500, "", Meant::AsItSays),
            (&linear, 200, r#"{"data": {"viewer": {"id": "u"}}}"#, Meant::AsItSays),
            (&linear, 200, r#"{"data": {"viewer": null}, "errors": []}"#, Meant::Refused),
            (&gemini, 400, r#"{"error": {"details": [{"reason": "API_KEY_INVALID"}]}}"#, Meant::Refused),
            (&gemini, 400, r#"{"error": {"message": "a parameter"}}"#, Meant::AsItSays),
            (&stripe, 403, "{}", Meant::Works),
            (&stripe, 401, "{}", Meant::AsItSays),
            (&resend, 401, r#"{"name": "restricted_api_key"}"#, Meant::Works),
            (&resend, 401, r#"{"name": "invalid_api_key"}"#, Meant::AsItSays),
            (&datadog, 403, "{}", Meant::Refused),
        ] {
            let response = Response { status, headers: vec![], body: Secret::new(body) };
            assert_eq!(super::meant(trial, &response), meant, "{status} {body}");
        }
    }
}
