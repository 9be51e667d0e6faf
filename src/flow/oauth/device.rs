//! With a code that is typed in a browser anywhere (RFC 8628).

use jiff::Timestamp;

use super::{Next, OAuth, Question, Stage};
use crate::flow::Effect;
use crate::flow::wire::{Meaning, Refusal, Step};
use crate::http::{HttpError, Response};
use crate::problem::{Kind, Problem};
use crate::trust;

impl OAuth {
    pub(super) fn start(&mut self) -> Next {
        let Some(request) = self.wanted.server.device_request(&self.wanted.scopes, &self.asking()) else {
            return Next::Wait;
        };
        (self.stage, self.posted) = (Stage::Starting, true);
        (self.device, self.wants_new_code) = (None, false);
        Next::Do(Effect::Http(request))
    }

    pub(super) fn started(&mut self, answer: Result<Response, HttpError>, now: Timestamp) -> Next {
        let response = match answer {
            Ok(response) => response,
            Err(error) => return self.no_answer(&error),
        };
        match self.wanted.server.device(&response, now) {
            Ok(mut device) => {
                // A page that repeats what only this program may know is neither shown nor put into a picture.
                let secrets = [device.code.clone()];
                device.attempt.complete = device.attempt.complete.filter(|page| !trust::holds_secret(page, &secrets));
                if device.attempt.page.as_ref().is_some_and(|page| trust::holds_secret(page, &secrets)) {
                    let what = format!("The page of {} holds what only this program may know.", self.server_name());
                    let hint = "It was not shown. Tell the service to keep its device_code out of it (RFC 8628, 3.2).";
                    return Next::Over(Problem::new(Kind::Unsafe, what, hint));
                }
                self.message = None;
                self.pace.begin(device.attempt.interval, now);
                self.device = Some(device);
                self.watch(now)
            }
            Err(refusal) => self.refused(&response, refusal, Step::Device, now),
        }
    }

    /// Waits a while longer, or looks.
    pub(super) fn watch(&mut self, now: Timestamp) -> Next {
        let Some(device) = &self.device else {
            return Next::Wait;
        };
        if self.wants_new_code {
            return self.start();
        }
        if device.attempt.expires_at.map_or_else(|| self.pace.gives_up(now), |end| end <= now) {
            let what = "The code has expired before it was confirmed.";
            return self.ask(Question::Again(Problem::new(Kind::Failed, what, "Get a new one.")));
        }
        if let Some(wait) = self.pace.wait(now) {
            self.stage = Stage::Watching;
            return Next::Do(Effect::Wait(wait));
        }
        let Some(request) = self.wanted.server.poll_request(device, &self.asking()) else {
            return Next::Wait;
        };
        self.stage = Stage::Polling;
        Next::Do(Effect::Http(request))
    }

    pub(super) fn polled(&mut self, answer: Result<Response, HttpError>, now: Timestamp) -> Next {
        let response = match answer {
            Ok(response) => response,
            // RFC 8628, section 3.5: less and less often.
            Err(error) if error_may_pass(&error) => {
                self.pace.unanswered();
                return self.later(now);
            }
            Err(error) => return self.no_answer(&error),
        };
        match self.wanted.server.tokens(&response, Step::Poll, now) {
            Ok(granted) => self.admitted(granted),
            Err(refusal) => self.refused(&response, refusal, Step::Poll, now),
        }
    }

    fn later(&mut self, now: Timestamp) -> Next {
        self.pace.later(now);
        self.watch(now)
    }

    fn refused(&mut self, response: &Response, refusal: Refusal, step: Step, now: Timestamp) -> Next {
        let meaning = refusal.meaning;
        match (meaning, step) {
            (Meaning::Pending, Step::Poll) => {
                self.pace.answered();
                return self.later(now);
            }
            (Meaning::SlowDown, Step::Poll) => {
                self.pace.answered();
                self.pace.slow_down();
                return self.later(now);
            }
            (Meaning::Unavailable | Meaning::RateLimited, Step::Poll) => {
                self.pace.trouble(refusal.retry_after);
                self.pace.unanswered();
                return self.later(now);
            }
            _ => {}
        }
        let problem = self.unreadable(response, refusal, step);
        match meaning {
            Meaning::InvalidClient => self.client_unknown(problem),
            Meaning::ClientNotAllowed => self.ask(Question::Client(problem)),
            Meaning::InvalidTarget if !self.unbound => self.ask(Question::WithoutResource(problem)),
            _ => self.ask(Question::Again(problem)),
        }
    }
}

/// Might the next look be answered?
fn error_may_pass(error: &HttpError) -> bool {
    matches!(error, HttpError::Unreachable(_) | HttpError::Broken(_) | HttpError::TimedOut(_))
}
