//! Asking a resource whether a credential works, and believing only what the answer proves.

use url::Url;

use crate::account::Verdict;
use crate::http::{HttpError, Presentation, Request, Response};
use crate::secret::Secret;

/// One check of one credential: a call without it where it is not known whether the resource is guarded, then a call with
/// it. Both are harmless: `GET` on the resource itself.
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
        }
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
        let request = Request::get(self.resource.clone());
        match self.guarded {
            Some(_) => request.presenting(self.presentation.clone(), self.credential.clone()),
            None => request,
        }
    }

    pub fn answer(&mut self, answer: &Result<Response, HttpError>) -> Next {
        match (self.guarded, answer) {
            (Some(guarded), _) => match (verdict(answer, guarded), self.otherwise.pop()) {
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
                self.guarded = Some(matches!(response.status, 401 | 403));
                Next::Send(self.begin())
            }
        }
    }
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
}
