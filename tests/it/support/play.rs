//! Plays a flow against a pretended service: no runtime, no network, no clock.

use std::collections::{HashMap, VecDeque};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use authmd_tui::account::{Account, Attempt, Happened, Kept, Note, StoreKind};
use authmd_tui::flow::handover::Delivery;
use authmd_tui::flow::signup::SignUp;
use authmd_tui::flow::storage::{FileSurvey, Finding, Level, RIGHTS, Survey, TakenOver, VaultState, VaultSurvey};
use authmd_tui::flow::target::Target;
use authmd_tui::flow::{
    Answer, Effect, Flow, Guard, Input, Known, Lease, Listening, Outcome, Prompt, Protection, Screen, SkillFile,
    StoreOffer,
};
use authmd_tui::http::{Body, Field, FieldValue, HttpError, Method, Request, Response};
use authmd_tui::problem::Problem;
use authmd_tui::secret::Secret;
use authmd_tui::skill::expression::evaluate;
use jiff::Timestamp;
use serde_json::{Value, json};

use super::{account, noon};

/// A service by its answers: for each call, those it gives one after another; the last one stays.
#[derive(Default, Clone)]
pub struct Fake {
    answers: HashMap<String, VecDeque<Result<Response, HttpError>>>,
}

pub fn answer(status: u16, body: &str) -> Result<Response, HttpError> {
    Ok(Response { status, headers: vec![("content-type".into(), "application/json".into())], body: Secret::new(body) })
}

pub fn refusal(status: u16, code: &str) -> Result<Response, HttpError> {
    answer(status, &json!({"error": code, "message": format!("it is {code}")}).to_string())
}

/// What the API answers without a credential.
pub fn challenge() -> Result<Response, HttpError> {
    let header = "Bearer resource_metadata=\"https://api.acme.dev/prm\"";
    Ok(Response { status: 401, headers: vec![("www-authenticate".into(), header.into())], body: Secret::default() })
}

pub const REGISTER: &str = "POST https://auth.acme.dev/agent/identity";
pub const CLAIM: &str = "POST https://auth.acme.dev/agent/identity/claim";
pub const COMPLETE: &str = "POST https://auth.acme.dev/agent/identity/claim/complete";
pub const REVOKE: &str = "POST https://auth.acme.dev/agent/revoke";
pub const API: &str = "GET https://api.acme.dev/";
pub const RESOURCE: &str = "GET https://api.acme.dev/prm";
pub const SERVER: &str = "GET https://auth.acme.dev/.well-known/oauth-authorization-server";

impl Fake {
    /// Acme Mail: published whole, the credential comes with the completed claim.
    pub fn acme() -> Self {
        let mut fake = Self::default();
        fake.on(API, [challenge()]);
        fake.json(
            RESOURCE,
            json!({"resource": "https://api.acme.dev/", "resource_name": "Acme Mail", "authorization_servers": ["https://auth.acme.dev"], "scopes_supported": ["mail.read", "mail.send"]}),
        );
        fake.json(SERVER, Self::server_metadata());
        fake.on(
            "GET https://api.acme.dev/auth.md",
            [Ok(Response { status: 200, headers: vec![], body: Secret::new("# Acme\n\nSign up.\n") })],
        );
        fake.on("GET https://auth.acme.dev/agent/identity", [answer(405, "")]);
        fake.json(REGISTER, json!({"registration_id": "reg_1", "claim_token": "clm_1", "claim_token_expires": "2026-11-23T12:00:00Z", "post_claim_scopes": ["mail.read", "mail.send"]}));
        fake.json(
            CLAIM,
            json!({"status": "pending", "message": "Verification email sent", "expires_at": "2026-11-22T12:10:00Z"}),
        );
        fake.json(COMPLETE, json!({"status": "claimed", "credential": "sk_final", "credential_expires": "2026-12-22T12:00:00Z", "scopes": ["mail.read", "mail.send"]}));
        fake
    }

    pub fn server_metadata() -> Value {
        json!({"issuer": "https://auth.acme.dev", "revocation_endpoint": "https://auth.acme.dev/agent/revoke", "agent_auth": {
            "identity_endpoint": "https://auth.acme.dev/agent/identity", "claim_endpoint": "https://auth.acme.dev/agent/identity/claim",
            "identity_types_supported": ["anonymous", "identity_assertion"], "identity_assertion_types_supported": ["verified_email"]}})
    }

    pub fn on(&mut self, call: &str, answers: impl IntoIterator<Item = Result<Response, HttpError>>) -> &mut Self {
        self.answers.insert(call.to_owned(), answers.into_iter().collect());
        self
    }

    pub fn json(&mut self, call: &str, body: Value) -> &mut Self {
        self.on(call, [answer(200, &body.to_string())])
    }

    pub fn answer_to(&mut self, request: &Request) -> Result<Response, HttpError> {
        match self.answers.get_mut(&call(request)) {
            Some(answers) if answers.len() > 1 => answers.pop_front().expect("more than one"),
            Some(answers) => answers.front().cloned().unwrap_or_else(|| answer(404, "")),
            None => answer(404, ""),
        }
    }
}

/// A field as `name=value`; what has parts, as JSON.
fn pair(field: &Field) -> String {
    let value = match &field.value {
        FieldValue::Object(_) | FieldValue::Objects(_) => {
            Body::Json(vec![field.clone()]).text().map(|(_, text)| text.to_string()).unwrap_or_default()
        }
        value => value.as_text().to_string(),
    };
    format!("{}={value}", field.name)
}

fn call(request: &Request) -> String {
    format!("{} {}", request.method.as_str(), request.url)
}

/// A flow, the service it talks to, and the store it keeps things in.
pub struct Play {
    pub flow: Box<dyn Flow>,
    pub fake: Fake,
    pub now: Timestamp,
    /// Every request that was made.
    pub requests: Vec<Request>,
    pub saved: Vec<Kept>,
    pub forgotten: usize,
    /// What the account's history was told with that.
    pub history: Vec<Happened>,
    /// What a look at the stores finds.
    pub survey: Result<Survey, Problem>,
    /// Every effect, in order.
    pub done: Vec<String>,
    pub noted: Vec<Note>,
    /// What the store says to a note.
    pub noting: Result<(), Problem>,
    /// What the vault was protected with.
    pub guards: Vec<Guard>,
    pub known: Known,
    /// What the store says when something is put into it, one after another; the last one stays.
    pub storing: VecDeque<Result<(), Problem>>,
    pub held: Option<Kept>,
    /// What is there after that was read once.
    pub held_later: Option<Kept>,
    /// Pages that were opened for the person, and what comes of opening one.
    pub opened: Vec<String>,
    pub opening: Result<(), Problem>,
    /// The port that is listened at, once it is; false as soon as nobody does any more.
    pub port: Option<u16>,
    open: Arc<AtomicBool>,
    awaiting: bool,
    /// The ports that are to be had, one after another where the one that is wanted is taken.
    pub free_ports: VecDeque<u16>,
    listened: u8,
    /// A call whose answer takes its time, and the one that is waited for.
    pub slow: Option<String>,
    /// What is in the file that is named.
    pub skill: Option<Result<SkillFile, Problem>>,
    /// What was handed over.
    pub delivered: Vec<Delivery>,
    /// What was written down of sign-ups.
    pub attempts: Vec<Attempt>,
    under_way: Option<Request>,
}

/// Tells when it is dropped.
struct Told(Arc<AtomicBool>);

impl Drop for Told {
    fn drop(&mut self) {
        self.0.store(false, Ordering::Relaxed);
    }
}

pub fn stores() -> Vec<StoreOffer> {
    let offer = |kind, label: &str| StoreOffer {
        kind,
        setup: None,
        label: label.into(),
        detail: "here".into(),
        place: None,
        problem: None,
    };
    vec![offer(StoreKind::Json, "In a file"), offer(StoreKind::Memory, "In memory")]
}

/// The stores of somebody with a vault that this opens, or with none.
pub fn survey(protection: Option<Protection>) -> Survey {
    let state = protection.map(|protection| VaultState {
        protection,
        leftover: false,
        unlocked: true,
        accounts: 12,
        schema: 1,
    });
    let exists = state.is_some();
    Survey {
        store: StoreKind::Vault,
        why: "the default",
        vault: Some(VaultSurvey { path: "/home/ada/.local/share/authmd-tui/vault/vault.sqlite".into(), state, exists }),
        keyring: ("works", None),
        file: Some(FileSurvey { path: "/home/ada/tokens.json".into(), own: 2, foreign: 1 }),
        findings: vec![
            Finding {
                check: "vault",
                level: Level::Good,
                what: "readable and writable, schema 1".into(),
                remedy: None,
            },
            Finding {
                check: RIGHTS,
                level: Level::Problem,
                what: "/home/ada/tokens.json can be read by others (mode 0644)".into(),
                remedy: Some("To take these rights away: authmd-tui doctor --repair".into()),
            },
        ],
    }
}

impl Play {
    pub fn new(flow: impl Flow + 'static, fake: Fake) -> Self {
        Self {
            flow: Box::new(flow),
            fake,
            now: noon(),
            requests: Vec::new(),
            saved: Vec::new(),
            forgotten: 0,
            history: Vec::new(),
            survey: Ok(survey(Some(Protection::Passphrase))),
            done: Vec::new(),
            noted: Vec::new(),
            noting: Ok(()),
            guards: Vec::new(),
            known: Known { stores: stores(), decided: true, ..Known::default() },
            storing: VecDeque::from([Ok(())]),
            held: Some(Kept::new(account("Acme Mail", "acme.dev", None, Some(48)), Secret::new("sk_held"))),
            held_later: None,
            opened: Vec::new(),
            opening: Ok(()),
            port: None,
            open: Arc::default(),
            awaiting: false,
            free_ports: VecDeque::new(),
            listened: 0,
            slow: None,
            skill: None,
            delivered: Vec::new(),
            attempts: Vec::new(),
            under_way: None,
        }
    }

    /// A flow about an account that is in the store.
    pub fn of<F: Flow + 'static>(held: Account, flow: impl FnOnce(Account) -> F, fake: Fake) -> Self {
        let mut play = Self::new(flow(held.clone()), fake);
        play.held = Some(Kept::new(held, Secret::new("sk_held")));
        play
    }

    /// A sign-up to Acme Mail, before anything has happened.
    pub fn acme(fake: Fake) -> Self {
        Self::new(SignUp::new(Target::parse("api.acme.dev").expect("a target"), None), fake)
    }

    /// The same, with consent given and the address typed: the next thing is the code.
    pub fn acme_at_code(fake: Fake) -> Self {
        let mut play = Self::acme(fake);
        play.begin().pick(0).confirm(true).text("ada@example.com");
        play
    }

    /// What was done, in order, by the first word of each.
    fn log(&mut self, effect: &Effect) {
        self.done.push(match effect {
            Effect::Http(_) => "http".into(),
            Effect::Wait(_) => "wait".into(),
            Effect::Work(_) => "work".into(),
            Effect::Lookup { .. } => "lookup".into(),
            Effect::Unlock(_) => "unlock".into(),
            Effect::Lock(_) => "lock".into(),
            Effect::Load(_) => "load".into(),
            Effect::Save(..) => "save".into(),
            Effect::Note { note, .. } => {
                format!("note {}", format!("{note:?}").split('(').next().expect("a first word"))
            }
            Effect::Forget(..) => "forget".into(),
            Effect::MakeVault(_) => "make vault".into(),
            Effect::Protect(_) => "protect".into(),
            Effect::Survey => "survey".into(),
            Effect::LockVault => "lock vault".into(),
            Effect::TakeOver { .. } => "take over".into(),
            Effect::Repair => "repair".into(),
            Effect::Listen { .. } => "listen".into(),
            Effect::Await { .. } => "await".into(),
            Effect::Open(_) => "open".into(),
            Effect::Read(_) => "read".into(),
            Effect::Evaluate(_) => "evaluate".into(),
            Effect::Pin(_) => "pin".into(),
            Effect::Deliver(_) => "deliver".into(),
            Effect::Attempted(attempt) => format!("attempt {:?}", attempt.ended).to_lowercase(),
        });
    }

    pub fn begin(&mut self) -> &mut Self {
        self.step(Input::Begin)
    }

    pub fn text(&mut self, text: &str) -> &mut Self {
        self.step(Input::Answer(Answer::Text(Secret::new(text))))
    }

    pub fn pick(&mut self, nth: usize) -> &mut Self {
        self.step(Input::Answer(Answer::Pick(nth)))
    }

    pub fn confirm(&mut self, yes: bool) -> &mut Self {
        self.step(Input::Answer(Answer::Confirm(yes)))
    }

    /// Steps, and does what the flow wants done until it waits for a person or is over.
    pub fn step(&mut self, input: Input) -> &mut Self {
        let mut effects = self.flow.step(input, self.now);
        loop {
            let effect = effects.pop();
            assert!(effects.is_empty(), "more than one effect at a time");
            let input = match effect {
                Some(Effect::Await { port }) => {
                    assert_eq!(Some(port), self.port);
                    assert!(!self.awaiting, "waited for already");
                    self.awaiting = true;
                    self.done.push("await".into());
                    return self;
                }
                Some(Effect::Http(request)) if self.slow.as_ref() == Some(&call(&request)) => {
                    self.under_way = Some(request);
                    return self;
                }
                Some(effect) => {
                    assert!(!self.awaiting, "something beside what is waited for: {effect:?}");
                    self.perform(effect)
                }
                None if self.awaiting && !self.is_listening() => {
                    self.awaiting = false;
                    Input::Redirected(None)
                }
                None => return self,
            };
            effects = self.flow.step(input, self.now);
        }
    }

    /// The slow answer comes after all.
    pub fn arrives(&mut self) -> &mut Self {
        let request = self.under_way.take().expect("something under way");
        let answer = self.fake.answer_to(&request);
        self.requests.push(request);
        self.step(Input::Http(answer))
    }

    /// Waiting at the port has ended, for whatever reason.
    pub fn port_breaks(&mut self) -> &mut Self {
        self.awaiting = false;
        self.step(Input::Redirected(None))
    }

    /// Is there anybody at the port?
    pub fn is_listening(&self) -> bool {
        self.open.load(Ordering::Relaxed)
    }

    /// The browser is led to where the answer is waited for.
    pub fn redirect(&mut self, query: &str) -> &mut Self {
        assert!(std::mem::take(&mut self.awaiting) && self.is_listening(), "nobody waits for it");
        self.step(Input::Redirected(Some(Secret::new(query))))
    }

    /// The newest state, which only who was sent the link knows.
    pub fn state(&self) -> String {
        format!("st_{}", self.listened)
    }

    fn perform(&mut self, effect: Effect) -> Input {
        self.log(&effect);
        match effect {
            Effect::Http(request) => {
                let answer = self.fake.answer_to(&request);
                self.requests.push(request);
                Input::Http(answer)
            }
            Effect::Wait(span) => {
                self.now += span;
                Input::Elapsed
            }
            Effect::Work(slice) => Input::Worked(slice.search()),
            Effect::Lookup { .. } => Input::Known(Ok(Box::new(self.known.clone()))),
            Effect::Load(_) => {
                let now = self.held.clone();
                self.held = self.held_later.take().or(self.held.take());
                Input::Loaded(Ok(now.map(Box::new)))
            }
            Effect::Save(kept, event) => {
                let result = self.stored();
                if result.is_ok() {
                    self.saved.push(*kept);
                    self.history.extend(event.map(|event| event.what));
                }
                Input::Stored(result)
            }
            Effect::Note { id, note, obtained } => {
                self.noted.push(note.clone());
                if let Some(kept) = self.saved.iter_mut().find(|kept| kept.account.id == id) {
                    kept.account.note(note, obtained);
                }
                Input::Stored(self.noting.clone())
            }
            Effect::Listen { port } => {
                let port = self.free_ports.pop_front().or(port).unwrap_or(41_890);
                self.listened += 1;
                (self.port, self.open) = (Some(port), Arc::new(AtomicBool::new(true)));
                Input::Listening(Ok(Listening {
                    port,
                    open: Lease::new(Told(Arc::clone(&self.open))),
                    state: Secret::new(self.state()),
                    verifier: Secret::new(format!("verifier_{:0>40}", self.listened)),
                }))
            }
            Effect::Await { .. } => unreachable!("waited for by whoever steps"),
            Effect::Open(page) => {
                self.opened.push(page.to_string());
                Input::Opened(self.opening.clone())
            }
            Effect::Read(_) => Input::Read(self.skill.clone().expect("a skill")),
            Effect::Evaluate(work) => {
                Input::Evaluated(Ok(work.read(&evaluate(&work.written())).expect("all are answered")))
            }
            Effect::Attempted(attempt) => {
                self.attempts.push(*attempt);
                Input::Stored(Ok(()))
            }
            Effect::Deliver(delivery) => {
                self.delivered.push(*delivery);
                Input::Stored(self.stored())
            }
            Effect::Pin(_) | Effect::Unlock(_) => Input::Stored(Ok(())),
            Effect::Lock(_) => Input::Locked(Ok(Lease::new(()))),
            Effect::MakeVault(guard) | Effect::Protect(guard) => {
                self.guards.push(guard);
                Input::Stored(self.stored())
            }
            Effect::Survey => Input::Surveyed(Box::new(self.survey.clone())),
            Effect::LockVault | Effect::Repair => Input::Stored(self.stored()),
            Effect::TakeOver { foreign } => {
                let copied = usize::from(foreign);
                Input::TakenOver(self.stored().map(|()| TakenOver { moved: 2, copied, newer: 0 }))
            }
            Effect::Forget(_, event) => {
                let result = self.stored();
                if result.is_ok() {
                    self.forgotten += 1;
                    self.history.push(event.what);
                }
                Input::Stored(result)
            }
        }
    }

    fn stored(&mut self) -> Result<(), Problem> {
        if self.storing.len() > 1 { self.storing.pop_front().expect("more than one") } else { self.storing[0].clone() }
    }

    pub fn screen(&self) -> Screen {
        self.flow.screen(self.now)
    }

    pub fn id(&self) -> String {
        self.screen().id.name()
    }

    pub fn outcome(&self) -> Outcome {
        self.screen().outcome.expect("the flow is over")
    }

    /// The problem shown now, both lines of it.
    pub fn problem(&self) -> String {
        self.screen().problem.map(|problem| problem.to_string()).unwrap_or_default()
    }

    pub fn text_shown(&self) -> String {
        self.screen().lines.iter().map(|line| line.plain() + "\n").collect()
    }

    pub fn choices(&self) -> Vec<String> {
        match self.screen().prompt {
            Some(Prompt::Pick { choices, .. }) => choices.into_iter().map(|choice| choice.label).collect(),
            _ => Vec::new(),
        }
    }

    pub fn posts(&self) -> Vec<String> {
        self.requests.iter().filter(|request| request.method == Method::Post).map(call).collect()
    }

    /// The body of the last `POST`, as `name=value` pairs.
    pub fn last_body(&self) -> Vec<String> {
        self.bodies().pop().expect("a POST")
    }

    /// The bodies of all of them.
    pub fn bodies(&self) -> Vec<Vec<String>> {
        let posts = self.requests.iter().filter(|request| request.method == Method::Post);
        posts.map(|request| request.body.fields().iter().map(pair).collect()).collect()
    }
}
