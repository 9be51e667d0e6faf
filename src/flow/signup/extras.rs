//! What some services ask for besides: scopes, terms, a name, a client id, a proof of work. A person gives what only a
//! person can give; then the same call is made again.

use jiff::Timestamp;

use super::{Call, Extra, SignUp, Stage};
use crate::flow::wire::{self, Meaning, Refusal, Step, Want};
use crate::flow::work::{Proof, Puzzle, Slice};
use crate::flow::{Answer, Effect, Outcome};
use crate::http::Response;
use crate::problem::{Kind, Problem};
use crate::secret::Secret;

/// Longer than any name or client id.
const TEXT_LENGTH: usize = 200;
/// Puzzles that are solved for one sign-up.
const MOST_PROOFS: u8 = 5;

impl SignUp {
    /// Does the refusal name something that can be given? Each thing is given once.
    pub(super) fn asked_for_more(&mut self, call: &Call, refusal: &Refusal) -> Option<Vec<Effect>> {
        if matches!(refusal.meaning, Meaning::InvalidClient | Meaning::ClientNotAllowed) && self.client().is_none() {
            return Some(self.ask_extra(Extra::ClientId, call));
        }
        let proofs = self.ceremony.proofs;
        let extras = self.ceremony.extras.of(call)?;
        match (refusal.want.as_deref(), refusal.meaning) {
            (Some(Want::Terms { version, page }), _) if extras.terms.is_none() => {
                let extra = Extra::Terms { version: version.clone(), page: page.clone() };
                return Some(self.ask_extra(extra, call));
            }
            // A puzzle works once; who asks for more besides has used it up.
            (Some(Want::Work(puzzle)), _) if proofs < MOST_PROOFS => {
                self.ceremony.proofs += 1;
                return Some(match puzzle {
                    Some(puzzle) => self.work(puzzle.clone(), call.clone()),
                    None => self.send(Call::Challenge(Box::new(call.clone()))),
                });
            }
            (Some(Want::UnknownWork), _) => {
                let name = self.service_name();
                return Some(self.fail(too_hard(&name)));
            }
            // Who names terms that are accepted already names something else too.
            (Some(Want::Terms { .. }), _) | (None, Meaning::InvalidRequest) => {}
            _ => return None,
        }
        if extras.introduce(refusal) {
            return Some(self.send(call.clone()));
        }
        if let Some(name) = wire::scope_name(refusal).filter(|_| extras.scopes.is_none()) {
            return Some(self.ask_extra(Extra::Scopes(name), call));
        }
        let wants_terms = ["tos", "tos_accepted", "terms"].iter().any(|word| refusal.mentions(word));
        if wants_terms && extras.terms.is_none() {
            return Some(self.ask_extra(Extra::Terms { version: None, page: None }, call));
        }
        let wants_name = refusal.mentions("name") && (refusal.mentions("required") || refusal.mentions("missing"));
        if wants_name && extras.name.is_none() {
            return Some(self.ask_extra(Extra::Name, call));
        }
        None
    }

    fn ask_extra(&mut self, extra: Extra, call: &Call) -> Vec<Effect> {
        self.lease = None;
        self.stage = Stage::Extra(extra, Box::new(call.clone()));
        Vec::new()
    }

    /// The scopes that the person can choose from.
    pub(super) fn choosable_scopes(&self) -> Vec<String> {
        let published = self.discovery.service().scopes;
        let of_the_block = self.offer().map(|offer| offer.scopes.clone()).unwrap_or_default();
        if of_the_block.is_empty() { published } else { of_the_block }
    }

    pub(super) fn extra_given(&mut self, extra: Extra, call: Call, answer: Answer) -> Vec<Effect> {
        let scopes = self.choosable_scopes();
        if let (Extra::ClientId, Answer::Text(text)) = (&extra, &answer) {
            let Some(typed) = typed(text) else {
                return self.needs_text();
            };
            self.ceremony.client_id = Some(typed);
            return self.send(call);
        }
        let Some(extras) = self.ceremony.extras.of(&call) else {
            return Vec::new();
        };
        match (extra, answer) {
            (Extra::Scopes(name), Answer::Pick(nth)) => match scopes.get(nth) {
                Some(scope) => extras.scopes = Some((name, vec![scope.clone()])),
                None if nth == scopes.len() => extras.scopes = Some((name, scopes)),
                None => return Vec::new(),
            },
            (Extra::Scopes(name), Answer::Text(text)) => {
                let typed: Vec<String> = text.expose().split_whitespace().map(str::to_owned).collect();
                if typed.is_empty() {
                    return self.needs_text();
                }
                extras.scopes = Some((name, typed));
            }
            (Extra::Terms { version, .. }, Answer::Confirm(true)) => extras.terms = Some(version),
            (Extra::Terms { .. }, Answer::Confirm(false)) => return self.end(Outcome::Cancelled),
            (Extra::Name, Answer::Text(text)) => match typed(&text) {
                Some(name) => extras.name = Some(name),
                None => return self.needs_text(),
            },
            _ => return Vec::new(),
        }
        self.send(call)
    }

    fn needs_text(&mut self) -> Vec<Effect> {
        self.object(Problem::new(Kind::Usage, "Something has to stand there.", "Type it, or cancel the sign-up."))
    }

    /// A puzzle came from the place where puzzles are had.
    pub(super) fn challenged(&mut self, call: Call, response: &Response, now: Timestamp) -> Vec<Effect> {
        let puzzle = wire::object(response).filter(|_| response.is_success());
        match puzzle.as_ref().map(wire::puzzle) {
            Some(Some(puzzle)) => self.work(puzzle, call),
            Some(None) => {
                let name = self.service_name();
                self.fail(too_hard(&name))
            }
            None => {
                let (secrets, base) = (self.secrets(&wire::Granted::default()), &self.discovery.target().start);
                let refusal = wire::refusal(response, Step::Challenge, base, now).without(secrets.iter());
                let problem = refusal.problem(&self.service_name(), Step::Challenge);
                self.fail(problem)
            }
        }
    }

    fn work(&mut self, puzzle: Puzzle, call: Call) -> Vec<Effect> {
        let slice = puzzle.part(0);
        self.go_on_working(slice, Vec::new(), call)
    }

    fn go_on_working(&mut self, slice: Slice, nonces: Vec<u64>, call: Call) -> Vec<Effect> {
        self.stage = Stage::Working(slice.clone(), nonces, Box::new(call));
        vec![Effect::Work(slice)]
    }

    pub(super) fn worked(&mut self, slice: Slice, mut nonces: Vec<u64>, call: Call, found: Option<u64>) -> Vec<Effect> {
        let puzzle = slice.puzzle().clone();
        let Some(nonce) = found else {
            return match slice.next() {
                Some(next) => self.go_on_working(next, nonces, call),
                None => {
                    let name = self.service_name();
                    self.fail(too_hard(&name))
                }
            };
        };
        nonces.push(nonce);
        match u32::try_from(nonces.len()).ok().filter(|solved| *solved < puzzle.count) {
            Some(part) => self.go_on_working(puzzle.part(part), nonces, call),
            None => {
                if let Some(extras) = self.ceremony.extras.of(&call) {
                    extras.proof = Some(Proof { puzzle, nonces });
                }
                self.send(call)
            }
        }
    }
}

/// A name or a client id, as somebody typed it.
fn typed(text: &Secret) -> Option<String> {
    let typed = text.expose().trim();
    (!typed.is_empty() && typed.len() <= TEXT_LENGTH).then(|| typed.to_owned())
}

fn too_hard(service: &str) -> Problem {
    Problem::new(
        Kind::ServiceRefused,
        format!("{service} asks for a proof of work that is too hard, or of a kind that is not known here."),
        "Sign up on its web site instead.",
    )
}
