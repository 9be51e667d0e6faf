//! A person who walks through a sign-up, and looks whether anything is done without them.

use std::collections::HashMap;

use authmd_tui::account::{Account, Kept, LayerKind, Renewal};
use authmd_tui::flow::discover::{Discovery, Next, Verdict};
use authmd_tui::flow::signup::SignUp;
use authmd_tui::flow::{Answer, Effect, Flow, Input, Known, Lease, Outcome, Prompt};
use authmd_tui::http::{Method, Request};
use authmd_tui::secret::Secret;
use jiff::Timestamp;
use url::Url;

use super::service::Service;
use crate::support::noon;
use crate::support::play::stores;

/// How the walk ends.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Way<'a> {
    /// A code is read back; the credential is a key.
    Code(&'a str),
    /// The code is handed over, and the service asked whether it is done; tokens.
    Page(&'a str),
    /// A code is read back; what it gives is exchanged.
    Exchanged(&'a str),
    /// There is nothing to confirm.
    AtOnce(&'a str),
    /// A key from elsewhere is pasted.
    Pasted,
    /// The walk cannot be finished, and the person is told why, in these words.
    Told(&'a str),
}

/// A person, at a sign-up.
pub struct Walk {
    pub service: Service,
    flow: SignUp,
    now: Timestamp,
    pub screens: Vec<String>,
    kept: Vec<Kept>,
    /// What the person has been asked so far.
    prompts: Vec<&'static str>,
    /// Codes and links that were shown.
    shown: Vec<String>,
    /// What was done without the person.
    breaches: Vec<String>,
}

impl Walk {
    pub fn through(service: Service) -> (Self, Outcome) {
        let flow = SignUp::new(service.target(), None);
        let mut walk = Self {
            service,
            flow,
            now: noon(),
            screens: Vec::new(),
            kept: Vec::new(),
            prompts: Vec::new(),
            shown: Vec::new(),
            breaches: Vec::new(),
        };
        let mut effects = walk.flow.step(Input::Begin, walk.now);
        for _ in 0..500 {
            let screen = walk.flow.screen(walk.now);
            let id = screen.id.name();
            if walk.screens.last() != Some(&id) {
                walk.screens.push(id);
            }
            walk.shown.extend(screen.user_code.clone());
            walk.shown.extend(screen.link.iter().map(|link| link.to_string()));
            if let Some(outcome) = screen.outcome {
                return (walk, outcome);
            }
            let input = match effects.pop() {
                Some(effect) => walk.perform(effect),
                None => {
                    let prompt = screen.prompt.expect("something to do");
                    walk.prompts.push(prompt.kind());
                    walk.person(&prompt)
                }
            };
            effects = walk.flow.step(input, walk.now);
        }
        walk.breaches.push("it goes on for ever".into());
        (walk, Outcome::Cancelled)
    }

    fn perform(&mut self, effect: Effect) -> Input {
        match effect {
            Effect::Http(request) => {
                self.watch(&request);
                Input::Http(self.service.answer(&request))
            }
            Effect::Wait(span) => {
                self.now += span;
                Input::Elapsed
            }
            Effect::Work(slice) => Input::Worked(slice.search()),
            Effect::Lookup { .. } => {
                Input::Known(Ok(Box::new(Known { stores: stores(), decided: true, ..Known::default() })))
            }
            Effect::Save(kept, _) => {
                self.kept.push(*kept);
                Input::Stored(Ok(()))
            }
            Effect::Lock(_) => Input::Locked(Ok(Lease::new(()))),
            _ => Input::Stored(Ok(())),
        }
    }

    /// Nothing is registered before the yes, nothing typed for the person, nobody asked for a code of theirs.
    fn watch(&mut self, request: &Request) {
        let passed = |id: &str| self.screens.iter().any(|screen| screen == id);
        let fields: Vec<_> = request.body.fields().iter().chain(&request.query).collect();
        let holds = |text: &str| fields.iter().any(|field| field.value.as_text().contains(text));
        let grant = fields.iter().any(|field| field.name == "grant_type" && !holds("jwt-bearer"));
        let looks = grant || request.url.path().ends_with("/view");
        let wrong = [
            (request.method == Method::Post && !passed("consent"), "posts before consent"),
            (holds("ada@example.com") && !self.prompts.contains(&"email"), "an address nobody typed"),
            (holds(self.code()) && !self.prompts.contains(&"code"), "a code nobody typed"),
            (looks && self.screens.last().is_some_and(|last| last == "code"), "looks for a code"),
        ];
        for (_, what) in wrong.iter().filter(|(is, _)| *is) {
            self.breaches.push(format!("{what}: {} {}", request.method.as_str(), request.url));
        }
    }

    fn code(&self) -> &str {
        self.service.file["code"].as_str().unwrap_or("123456")
    }

    /// Says yes, takes the first, types what is asked for.
    fn person(&self, prompt: &Prompt) -> Input {
        Input::Answer(match prompt {
            Prompt::Pick { label, .. } if label == "What does it want?" => {
                Answer::Pick(self.service.file["either"].as_u64().unwrap_or(0) as usize)
            }
            Prompt::Pick { .. } => Answer::Pick(0),
            Prompt::Confirm { label, .. } => {
                // A registration that is gone is not made again for ever.
                Answer::Confirm(!label.starts_with("Register once more"))
            }
            Prompt::Email { .. } => Answer::Text(Secret::new("ada@example.com")),
            Prompt::Code { .. } => Answer::Text(Secret::new(self.code())),
            Prompt::Secret { .. } => Answer::Text(Secret::new("sk_pasted")),
            Prompt::Paste { .. } => Answer::Text(Secret::new("code_1")),
            Prompt::Text { .. } => Answer::Text(Secret::new("Ada's robot")),
        })
    }

    fn credential(&self) -> &str {
        self.kept.last().expect("something kept").secrets.credential.expose()
    }
}

/// What discovery makes of it, and how many answers' time that takes where every answer takes as long, and what is read ahead
/// is asked at once.
pub fn discovered(service: &mut Service) -> (Verdict, usize) {
    let mut discovery = Discovery::new(service.target());
    let mut next = discovery.begin(noon());
    let mut now = 0;
    let mut under_way: HashMap<Url, usize> = HashMap::new();
    loop {
        next = match next {
            Next::Send(request) => {
                assert_eq!(request.method, Method::Get, "discovery only reads");
                let there = under_way.remove(&request.url).unwrap_or(now + 1);
                let ahead = request.ahead.as_ref().expect("it always says what is next");
                for likely in &ahead.likely {
                    under_way.entry(likely.clone()).or_insert(now + 1);
                }
                now = there.max(now);
                discovery.answer(service.answer(&request), noon())
            }
            Next::Wait(_) => discovery.resume(noon()),
            Next::Read(_) => unreachable!("no skill was named"),
            Next::Over => return (discovery.verdict(), now),
        };
    }
}

/// What is wrong with how the walk went, if anything.
pub fn complaint(walk: &Walk, outcome: &Outcome, way: Way) -> Option<String> {
    let passed = |id: &str| walk.screens.iter().any(|screen| screen == id);
    let account = |outcome: &Outcome| outcome.account().cloned();
    let tokens = |account: &Account| account.layers.iter().any(|layer| layer.kind == LayerKind::IdentityAssertion);
    let works = |account: &Account| account.verified_at.is_some() && !account.lacks_credential();
    let connected = |secret: &str, shape: &dyn Fn(&Account) -> bool| match account(outcome) {
        Some(account) if walk.credential() == secret && works(&account) && shape(&account) => None,
        Some(account) => Some(format!("{} as {account:?}", walk.credential())),
        None => Some(format!("{outcome:?}")),
    };
    if !walk.breaches.is_empty() {
        return Some(format!("breach of consent: {:?}", walk.breaches));
    }
    let to_be_shown = ["page", "user_code"].into_iter().filter_map(|name| walk.service.file[name].as_str());
    if let Some(missing) = to_be_shown.into_iter().find(|wanted| !walk.shown.iter().any(|shown| shown == wanted)) {
        return Some(format!("{missing} was never shown, only {:?}", walk.shown));
    }
    match way {
        Way::Code(secret) => connected(secret, &|account| passed("code") && account.claimed && !tokens(account)),
        Way::Page(secret) => connected(secret, &|_| passed("handoff") && !passed("code")),
        Way::Exchanged(secret) => connected(secret, &|account| {
            passed("code") && tokens(account) && matches!(account.renewal, Renewal::Exchange { .. })
        }),
        Way::AtOnce(secret) => connected(secret, &|_| !passed("code") && !passed("handoff")),
        Way::Pasted => match outcome {
            Outcome::Connected(account) if passed("key") && walk.credential() == "sk_pasted" => {
                (account.mode.as_str() != "api_key").then(|| format!("{account:?}"))
            }
            _ => Some(format!("{outcome:?}")),
        },
        Way::Told(words) => match outcome.problem() {
            Some(problem) if problem.what.contains(words) && !problem.hint.is_empty() => None,
            _ => Some(format!("{outcome:?}")),
        },
    }
}
