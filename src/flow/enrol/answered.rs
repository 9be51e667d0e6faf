//! What comes of a call: the next one, a key, a page with the key on it, or a no.

use jiff::Timestamp;
use serde_json::Value as Json;

use super::{Claim, Enrol, Harvest, Next, Question, Stage, TRIES};
use crate::account::{Ended, Mode};
use crate::flow::Effect;
use crate::flow::discover::no_answer;
use crate::flow::wire::{self, Meaning, Refusal, Step};
use crate::http::{HttpError, Response};
use crate::problem::{Kind, Problem};
use crate::secret::Secret;
use crate::skill::expression::{Results, Work};
use crate::skill::operation::Kind as AskedFor;
use crate::skill::reading::Answered;
use crate::{json, trust};

/// Of a service's words.
const MESSAGE_WIDTH: usize = 400;
const IDENTITY_WIDTH: usize = 80;
const KEY_ID_WIDTH: usize = 200;

impl Enrol {
    pub(super) fn answered(&mut self, answer: Result<Response, HttpError>, now: Timestamp) -> Next {
        let response = match answer {
            Ok(response) => response,
            Err(error) => {
                let problem = no_answer(&self.wanted.service, &error);
                return self.ask(Question::Again { problem, arrived: !error.nothing_was_sent() });
            }
        };
        if !response.is_success() {
            return self.refused(&response, now);
        }
        match self.operation().reading.work(&response) {
            Some(work) => {
                self.stage = Stage::Reading(Box::new(work.clone()), Box::new(response));
                Next::Do(Effect::Evaluate(Box::new(work)))
            }
            None => self.read(&response, &Vec::new(), now),
        }
    }

    pub(super) fn evaluated(
        &mut self,
        work: &Work,
        results: Result<Results, Problem>,
        response: &Response,
        now: Timestamp,
    ) -> Next {
        // It said yes. What needs no evaluating is read all the same: the key may be there.
        let none = |problem: Problem| work.expressions.iter().map(|_| Err(problem.what.clone())).collect();
        self.read(response, &results.unwrap_or_else(none), now)
    }

    fn read(&mut self, response: &Response, results: &Results, now: Timestamp) -> Next {
        let answered = match self.operation().reading.answered(response, results) {
            Ok(answered) => answered,
            Err(why) => return self.unread(&format!("An expression of the skill fails on it: {why}.")),
        };
        let granted = wire::handed_out(&answered.granted(), now);
        // Some say no with a 200.
        if granted.credential.is_none() && says_no(response) {
            return self.refused(response, now);
        }
        let credential = granted.credential.iter().map(|credential| credential.secret.clone());
        let secrets: Vec<Secret> = self.secrets().into_iter().chain(credential).collect();
        const MESSAGE: &[&str] = &["message", "note", "instructions"];
        // Often it stands beside what the skill says is the answer.
        let whole = wire::object(response).map(json::Document::new);
        let beside = || whole.as_deref().and_then(|whole| json::text(whole, MESSAGE));
        self.message = json::text(answered.members(), MESSAGE).or_else(beside).map(|text| {
            let text = trust::without(&trust::clean(text, MESSAGE_WIDTH), secrets.iter());
            (text, answered.is_constant("message"))
        });
        if self.at + 1 < self.wanted.enrolment.steps.len() {
            return self.go_on(&answered, now);
        }
        match granted.credential {
            Some(_) => {
                let claim = claim(&answered, now);
                let identity = json::text(answered.members(), &["identity", "email", "login", "username"]);
                let identity = identity.filter(|_| !answered.is_constant("identity"));
                let identity = identity.map(|text| trust::without(&trust::clean(text, IDENTITY_WIDTH), secrets.iter()));
                let mut granted = granted;
                if let Some(credential) = &mut granted.credential {
                    credential.presentation = self.wanted.presentation.clone();
                    credential.kind = crate::account::LayerKind::ApiKey;
                }
                let key_id = json::text(answered.members(), &["key_id"]).map(|id| trust::clean(id, KEY_ID_WIDTH));
                let identity = identity.or_else(|| self.email());
                Next::Granted(Box::new(Harvest { granted, identity, claim, key_id }))
            }
            None if self.is_brought() => Next::Bring,
            None => self.unread("There is no key where the skill says that there is one."),
        }
    }

    /// The mail is on its way; what is in it is asked for.
    fn go_on(&mut self, answered: &Answered, now: Timestamp) -> Next {
        let names: Vec<String> = self.operation().reading.names().map(str::to_owned).collect();
        for name in names {
            if let (Some(value), None) = (answered.members().get(&name), self.params.get(&name)) {
                let text = value.as_str().map_or_else(|| value.to_string(), str::to_owned);
                self.carried.push(name.clone());
                self.params.insert(name, Secret::new(text).into());
            }
        }
        const ENDS: &[&str] = &["expires_at", "expires"];
        self.deadline = json::moment(answered.members(), ENDS, &["expires_in"], now);
        self.at += 1;
        self.prepare()
    }

    /// It went well at the service, and nobody knows what came of it.
    fn unread(&mut self, why: &str) -> Next {
        let name = &self.wanted.service;
        let hint =
            format!("Look for the key on {name}'s own site before you sign up again: another one may have been made.");
        Next::Over(Problem::new(
            Kind::ServiceRefused,
            format!("{name} said yes, and no key was found in it. {why}"),
            hint,
        ))
    }

    fn refused(&mut self, response: &Response, now: Timestamp) -> Next {
        let step = if self.at == 0 { Step::Register } else { Step::Complete };
        let secrets = self.secrets();
        let refusal = wire::refusal(response, step, &self.wanted.resource, now).without(secrets.iter());
        self.message = refusal.message.clone().map(|text| (text, false));
        let problem = self.told(&refusal, response);
        let asks_for_mailed = self.operation().asked.iter().position(|asked| is_mailed(&asked.kind));
        match (refusal.meaning, asks_for_mailed) {
            (Meaning::Unavailable, _) => self.ask(Question::Again { problem, arrived: true }),
            // What was typed is wrong, or too old; with the same mail or another one it may be right.
            (Meaning::RateLimited, _) => self.turned_away(problem, now),
            (_, Some(nth)) => {
                self.wrong_codes += 1;
                if self.wrong_codes >= TRIES {
                    return self.turned_away(problem, now);
                }
                let name = self.operation().asked[nth].name.clone();
                self.params.remove(&name);
                self.stage = Stage::Asking(nth);
                self.object(problem)
            }
            _ => self.turned_away(problem, now),
        }
    }

    /// That is its answer, and it is written down.
    fn turned_away(&mut self, problem: Problem, now: Timestamp) -> Next {
        self.stage = Stage::Ending(problem);
        Next::Do(self.record_of(Ended::Refused, now))
    }

    fn told(&self, refusal: &Refusal, response: &Response) -> Problem {
        let name = &self.wanted.service;
        let retry = refusal.retry_after.map(|span| format!(" It names {} to wait.", crate::when::rough(span)));
        let kind = Kind::ServiceRefused;
        let verbatim = if response.is_success() { "in a 200".to_owned() } else { refusal.verbatim() };
        match refusal.meaning {
            Meaning::RateLimited => Problem::new(
                kind,
                format!("{name} has had too many requests ({verbatim}).{}", retry.unwrap_or_default()),
                "Wait a while, then try again.",
            ),
            Meaning::Unavailable => Problem::new(
                Kind::Unreachable,
                format!("{name} is in trouble ({verbatim})."),
                "Wait a while, then try again.",
            ),
            // There is a page for a wrong code; that there is nothing at all is the address's fault more often than the code's.
            _ if matches!(response.status, 404 | 405) && wire::object(response).is_none() => {
                let address = self.calls().get(self.at).map(|call| call.address.clone()).unwrap_or_default();
                let hint = "The skill may name a wrong address: look at it, or ask who wrote it.";
                Problem::new(kind, format!("{name} has nothing at {address} ({verbatim})."), hint)
            }
            _ if self.at > 0 => {
                let what = match self.mode() {
                    Mode::MagicLink => "link",
                    _ => "code",
                };
                let hint = format!("Check the {what}, or have another mail sent.");
                Problem::new(kind, format!("{name} does not take this {what} ({verbatim})."), hint)
            }
            _ => Problem::new(
                kind,
                format!("{name} says no ({verbatim})."),
                "Read its words above, if there are any; or sign up on its own site.",
            ),
        }
    }
}

fn is_mailed(kind: &AskedFor) -> bool {
    matches!(kind, AskedFor::Code | AskedFor::Link)
}

/// Does an answer of success say that there was none?
fn says_no(response: &Response) -> bool {
    let body = wire::object(response).map(json::Document::new);
    let says = |name: &str| body.as_ref().and_then(|body| body.get(name)) == Some(&Json::Bool(false));
    says("success") || says("ok")
}

/// The page on which the person makes it theirs, if there is one.
fn claim(answered: &Answered, now: Timestamp) -> Option<Claim> {
    let members = answered.members();
    let page = json::text(members, &["claim_url", "claim_link"]).filter(|_| !answered.is_constant("claim_url"))?;
    let page = url::Url::parse(page).ok().filter(|url| trust::endpoint(url).is_ok())?;
    let expires_at = json::moment(members, &["claim_expires_at", "claim_expires"], &["claim_expires_in"], now);
    let code = json::text(members, &["verification_code", "claim_code"]).map(|code| trust::clean(code, 40));
    Some(Claim { page: Secret::new(page), expires_at, code })
}
