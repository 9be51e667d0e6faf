//! In the browser: the link, and what comes back of it.

use jiff::Timestamp;
use url::Url;

use super::{After, Next, OAuth, Question, Stage};
use crate::flow::Effect;
use crate::flow::discover::By;
use crate::flow::wire::authorization::{Authorizing, Brought, OFFLINE, Redirect};
use crate::flow::wire::{Meaning, Refusal, Step};
use crate::http::{HttpError, Response};
use crate::problem::{Kind, Problem};
use crate::secret::Secret;
use crate::trust;

/// The choices where the page does not do what it should.
const KEEP_WAITING: usize = 0;

/// What can be done about a page that does not do what it should.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Remedy {
    Wait,
    Anew,
    OtherHost,
    OtherClient,
    WithoutResource,
    Device,
}

/// What is wrong with an answer that came back.
#[derive(Debug)]
enum Wrong {
    /// It is not an answer to this sign-in; the right one may come yet.
    Stray(Problem),
    /// It is one, and there is no use in waiting for another.
    Final(Question),
}

impl OAuth {
    pub(super) fn open_link(&mut self) -> Next {
        let redirect = self.redirect();
        let Some(link) = self.authorizing(redirect.as_ref()).and_then(|asked| self.wanted.server.link(&asked)) else {
            return Next::Wait;
        };
        self.link = Some(link.clone());
        self.posted = true;
        match self.wanted.surroundings.no_browser {
            Some(_) => self.wait_for_browser(),
            None => {
                self.stage = Stage::Opening;
                Next::Do(Effect::Open(link))
            }
        }
    }

    /// What this sign-in asks for, in the link and again when its answer is redeemed.
    fn authorizing<'a>(&'a self, redirect: Option<&'a Url>) -> Option<Authorizing<'a>> {
        let listening = self.listening.as_ref()?;
        Some(Authorizing {
            client_id: self.identity.as_ref().map(|identity| identity.client.id.as_str()),
            redirect: redirect?,
            scopes: &self.wanted.scopes,
            resource: self.resource(),
            state: &listening.state,
            verifier: &listening.verifier,
        })
    }

    pub(super) fn wait_for_browser(&mut self) -> Next {
        self.stage = Stage::Awaiting;
        self.listen_on()
    }

    fn listen_on(&mut self) -> Next {
        match &self.listening {
            Some(listening) => {
                self.awaiting = true;
                Next::Do(Effect::Await { port: listening.port })
            }
            None => Next::Wait,
        }
    }

    pub(super) fn redirected(&mut self, query: &Secret) -> Next {
        // Nothing is under way any more: what is to come first closes the port without waiting for it.
        match self.judged(Redirect::of_query(query), true) {
            Ok(code) => self.redeem(code),
            Err(Wrong::Final(question)) => self.ask(question),
            Err(Wrong::Stray(problem)) => {
                self.problem = Some(problem);
                self.listen_on()
            }
        }
    }

    /// The person has brought the answer by hand, while the port is still waited at.
    pub(super) fn pasted(&mut self, pasted: &Secret) -> Next {
        let object = |what: &str, hint: &str| Problem::new(Kind::Usage, what, hint);
        let judged = match Brought::read(pasted) {
            Brought::Whole(redirect) => self.judged(redirect, true),
            Brought::Code(redirect) => self.judged(redirect, false),
            Brought::TheLink => Err(Wrong::Stray(object(
                "That is the link to open, not where it led to.",
                "Sign in there; then paste the address that the browser ends up at.",
            ))),
            Brought::Nothing => Err(Wrong::Stray(object(
                "There is no answer in that.",
                "Paste the whole address that the browser ended up at, or the code that the page shows.",
            ))),
        };
        match judged {
            Ok(code) => self.close(After::Redeem(code)),
            Err(Wrong::Final(question)) => self.close(After::Ask(question)),
            Err(Wrong::Stray(problem)) => {
                self.problem = Some(problem);
                Next::Wait
            }
        }
    }

    /// Is this the answer to what was asked? `whole` is one as the browser brings it; of a code less can be told, and nothing of
    /// who it is from.
    fn judged(&mut self, redirect: Redirect, whole: bool) -> Result<Secret, Wrong> {
        let asked = self.listening.as_ref().map(|listening| &listening.state);
        let names_state = whole && self.wanted.server.returns_state() || redirect.state.is_some();
        if names_state && (redirect.is_ambiguous || redirect.state.as_ref() != asked) {
            return Err(Wrong::Stray(Problem::new(
                Kind::Unsafe,
                "An answer came that does not belong to this sign-in; it was not used.",
                "Go on with the newest link only. If you did not start another one, somebody else may have.",
            )));
        }
        let unsafe_one = |what: String| {
            Wrong::Final(Question::Again(Problem::new(
                Kind::Unsafe,
                what,
                "Nothing of it was used. Try again; if it comes back, tell the service (RFC 9207).",
            )))
        };
        let (server, issuer) = (&self.wanted.server, redirect.issuer.as_deref());
        match issuer {
            // Not even its words are shown: they are somebody else's.
            Some(issuer) if server.issuer.as_deref().is_some_and(|asked| asked != issuer) => {
                let named = trust::clean(issuer, 80);
                return Err(unsafe_one(format!("The answer says that it is from {named}, which was not asked.")));
            }
            None if server.names_itself && whole => {
                let name = self.server_name();
                return Err(unsafe_one(format!(
                    "The answer does not say that it is from {name}, as it has promised to."
                )));
            }
            _ => {}
        }
        if let Some(code) = redirect.error {
            return Err(Wrong::Final(self.turned_down(code, redirect.message)));
        }
        redirect.code.ok_or_else(|| {
            let what = format!("{} sent you back without a code.", self.server_name());
            Wrong::Final(Question::Again(Problem::new(Kind::ServiceRefused, what, "Try again with a new link.")))
        })
    }

    fn turned_down(&mut self, code: String, message: Option<String>) -> Question {
        let refusal = Refusal::of_code(code, message);
        // Some say it in words only (Entra ID: AADSTS9010010).
        let names_it = refusal.mentions("resource") || refusal.mentions("AADSTS9010010");
        if refusal.code.as_deref() == Some("invalid_scope") {
            // That one was ours, to get a refresh token; the next link does without it.
            self.wanted.scopes.retain(|scope| scope != OFFLINE);
        }
        let meaning = refusal.meaning;
        let problem = self.told(refusal, Step::Authorize);
        match meaning {
            Meaning::InvalidTarget if !self.unbound => Question::WithoutResource(problem),
            Meaning::InvalidRequest if names_it && !self.unbound => Question::WithoutResource(problem),
            Meaning::InvalidClient | Meaning::ClientNotAllowed => Question::Client(problem),
            _ => Question::Again(problem),
        }
    }

    /// Lets go of the port; what is waited for there ends, and then it goes on.
    fn close(&mut self, after: After) -> Next {
        if !matches!(after, After::Redeem(_)) {
            self.listening = None;
        } else if let Some(listening) = &mut self.listening {
            // The verifier is needed yet, the port is not.
            listening.open = crate::flow::Lease::new(());
        }
        if !self.awaiting {
            return self.closed(after);
        }
        self.stage = Stage::Closing(after);
        Next::Wait
    }

    pub(super) fn closed(&mut self, after: After) -> Next {
        self.awaiting = false;
        match after {
            After::Redeem(code) => self.redeem(code),
            After::Anew => {
                self.identity = self.identity.take().filter(|identity| !identity.client.registered);
                self.begin()
            }
            After::WithDevice => {
                self.wanted.by = By::Device;
                self.begin()
            }
            After::Ask(question) => self.ask(question),
        }
    }

    /// What can be done about the page, in the order in which it is offered.
    pub(super) fn remedies(&self) -> Vec<Remedy> {
        let named = self.identity.as_ref().is_some_and(|identity| !identity.client.registered);
        let mut remedies = vec![Remedy::Wait, Remedy::Anew, Remedy::OtherHost];
        remedies.extend(named.then_some(Remedy::OtherClient));
        remedies.extend((!self.unbound).then_some(Remedy::WithoutResource));
        remedies.extend(self.wanted.server.device.as_ref().map(|_| Remedy::Device));
        remedies
    }

    pub(super) fn trouble_picked(&mut self, picked: usize) -> Next {
        debug_assert_eq!(self.remedies().get(KEEP_WAITING), Some(&Remedy::Wait));
        match self.remedies().get(picked) {
            Some(Remedy::Anew) => self.close(After::Anew),
            Some(Remedy::OtherHost) => {
                self.other_host();
                self.close(After::Anew)
            }
            Some(Remedy::OtherClient) => {
                let problem = self.client_disowned();
                self.close(After::Ask(Question::Client(problem)))
            }
            Some(Remedy::WithoutResource) => {
                self.unbound = true;
                self.close(After::Anew)
            }
            Some(Remedy::Device) => self.close(After::WithDevice),
            Some(Remedy::Wait) | None => {
                self.stage = Stage::Awaiting;
                Next::Wait
            }
        }
    }

    fn redeem(&mut self, code: Secret) -> Next {
        let redirect = self.redirect();
        if let Some(listening) = &mut self.listening {
            listening.open = crate::flow::Lease::new(());
        }
        let asked = self.authorizing(redirect.as_ref());
        let request = asked.and_then(|asked| self.wanted.server.redeem_request(&code, &asked, &self.asking()));
        let Some(request) = request else {
            return Next::Wait;
        };
        self.stage = Stage::Redeeming(code);
        Next::Do(Effect::Http(request))
    }

    pub(super) fn redeemed(&mut self, answer: Result<Response, HttpError>, now: Timestamp) -> Next {
        let response = match answer {
            Ok(response) => response,
            // A code works once: it is not sent again.
            Err(error) => return self.no_answer(&error),
        };
        match self.wanted.server.tokens(&response, Step::Redeem, now) {
            Ok(granted) => self.admitted(granted),
            Err(refusal) => {
                let meaning = refusal.meaning;
                let problem = self.unreadable(&response, refusal, Step::Redeem);
                match meaning {
                    Meaning::InvalidClient => self.client_unknown(problem),
                    Meaning::ClientNotAllowed => self.ask(Question::Client(problem)),
                    Meaning::InvalidTarget if !self.unbound => self.ask(Question::WithoutResource(problem)),
                    _ => self.ask(Question::Again(problem)),
                }
            }
        }
    }
}
