//! Services as they are in the wild, one file each below `tests/fixtures/wild`: what they publish and how they answer.
//! Each is discovered, and walked as far as it can be; [`TABLE`] says what comes of it. A service more is a file and a line.
//!
//! A file has the `target` that a person would type, the `documents` that can be read, and the `calls`: the first whose
//! fields are all in a request answers it, one answer after another; the last one stays. `api` is the resource: it turns
//! away everything but its credential, shown in its way.

use std::collections::HashMap;
use std::fs;
use std::path::{Path, PathBuf};

use authmd_tui::account::{Account, LayerKind, Renewal};
use authmd_tui::flow::discover::{Discovery, Next, Verdict};
use authmd_tui::flow::signup::SignUp;
use authmd_tui::flow::target::Target;
use authmd_tui::flow::{Answer, Effect, Flow, Input, Known, Lease, Outcome, Prompt};
use authmd_tui::http::{HttpError, Method, Request, Response};
use authmd_tui::secret::Secret;
use jiff::Timestamp;
use serde_json::Value;

use crate::support::noon;
use crate::support::play::{answer, stores};

/// How the walk ends.
#[derive(Debug, Clone, Copy, PartialEq)]
enum Way {
    /// A code is read back; the credential is a key.
    Code(&'static str),
    /// The code is handed over, and the service asked whether it is done; tokens.
    Page(&'static str),
    /// A code is read back; what it gives is exchanged.
    Exchanged(&'static str),
    /// There is nothing to confirm.
    AtOnce(&'static str),
    /// A key from elsewhere is pasted.
    Pasted,
    /// The walk cannot be finished, and the person is told why: these words.
    Told(&'static str),
}

use Verdict::{AgentOnly, None as Nothing, Placeholder, Prose, Signup};
use Way::{AtOnce, Code, Exchanged, Page, Pasted, Told};

const TABLE: &[(&str, Verdict, Way)] = &[
    ("reference-v0.1", Signup, Code("sk_1")),
    ("reference-v0.4", Signup, Page("at_1")),
    ("reference-v0.4-anonymous", Signup, Page("at_1")),
    ("reference-v0.7", Signup, Exchanged("at_1")),
    ("reference-v0.7-anonymous", Signup, Exchanged("at_1")),
    ("aged-amber", Placeholder, Told("nothing behind it")),
    ("agentmodus", Signup, Code("sk_1")),
    ("agentsim", Signup, Page("agt_1")),
    ("algebraic-intelligence", Placeholder, Told("nothing behind it")),
    ("aptos-docs", Placeholder, Told("no sign-up for people")),
    ("aurelle-shop", Placeholder, Told("nothing behind it")),
    ("beatbox", Signup, Told("registration at beatbox.example is over")),
    ("bopen", Signup, Page("at_1")),
    ("camelcase", Signup, Code("sk_1")),
    ("carbosilex", Signup, AtOnce("sk_1")),
    ("cloudinary", Prose, Pasted),
    ("conxian-nexus", Signup, Code("sk_1")),
    ("custos-pds", Signup, Page("at_1")),
    ("deadbrush", Placeholder, Told("nothing behind it")),
    ("depot", Signup, Exchanged("at_1")),
    ("ezkey", Placeholder, Told("nothing behind it")),
    ("gesttalt", Signup, Page("at_1")),
    ("headlessdomains", Signup, Page("sk_1")),
    ("hodlxxi", Placeholder, Told("nothing behind it")),
    ("hopper", Signup, Page("key_1")),
    ("id-org-ai", Signup, Exchanged("at_1")),
    ("inline-code-demo", Signup, Code("sk_1")),
    ("khora", Signup, Code("sid=s_1")),
    ("knock", Prose, Pasted),
    ("marketplace-nexus", Signup, Page("at_1")),
    ("meal-plan", Signup, AtOnce("at_1")),
    ("meal-plan-by-name", Signup, AtOnce("at_1")),
    ("mermail", Placeholder, Told("nothing behind it")),
    ("msx", Prose, Pasted),
    ("neon-claimable", Signup, Page("at_1")),
    ("noform", Signup, Code("sk_1")),
    ("nothing", Nothing, Told("publishes no sign-up")),
    ("oghmanotes", Placeholder, Told("hands out no credential")),
    ("one-shot-environments", Prose, Pasted),
    ("orangecloud", Placeholder, Told("registers programs by OAuth")),
    ("pagespace", Signup, Page("ps_at_1")),
    ("parallel", Prose, Pasted),
    ("pereira", Placeholder, Told("nothing behind it")),
    ("posthog", AgentOnly, Told("platform vouches for")),
    ("ration", Signup, Code("sk_1")),
    ("rodrigocastilho", Placeholder, Told("nothing behind it")),
    ("shalin", Placeholder, Told("nothing behind it")),
    ("shipstacked", Signup, Code("sk_1")),
    ("signed-reviews", Signup, Page("sk_agent_1")),
    ("stacks-wallet", Signup, Page("at_1")),
    ("swirls", Signup, Code("sk_1")),
    ("tinysend", Signup, Code("sk_1")),
    ("tw-template", Placeholder, Told("nothing behind it")),
    ("vidjutsu", Signup, Code("sk_1")),
    ("webhooks-cc", Signup, Page("whcc_1")),
    ("webhooks-cc-anonymous", Signup, Page("whcc_1")),
    ("worldmonitor", Placeholder, Told("registers programs by OAuth")),
];

fn folder() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures/wild")
}

/// A service by its file.
struct Service {
    file: Value,
    /// How often each call was answered.
    answered: HashMap<usize, usize>,
    /// Every request, as `METHOD url`.
    asked: Vec<String>,
}

impl Service {
    fn named(name: &str) -> Self {
        let text = fs::read_to_string(folder().join(format!("{name}.json"))).expect(name);
        Self { file: serde_json::from_str(&text).expect(name), answered: HashMap::new(), asked: Vec::new() }
    }

    fn target(&self) -> Target {
        Target::parse(self.file["target"].as_str().expect("a target")).expect("understood")
    }

    fn answer(&mut self, request: &Request) -> Result<Response, HttpError> {
        let call = format!("{} {}", request.method.as_str(), request.url);
        self.asked.push(call.clone());
        if let Some(nth) = self.entry(&call, request) {
            let answers = self.file["calls"][nth]["answers"].as_array().expect("answers");
            let times = self.answered.entry(nth).or_default();
            let given = &answers[(*times).min(answers.len() - 1)];
            *times += 1;
            return answer(given[0].as_u64().expect("a status") as u16, &given[1].to_string());
        }
        let known = self.file["calls"].as_array().is_some_and(|calls| calls.iter().any(|entry| entry["call"] == call));
        if request.method == Method::Post {
            return if known { answer(400, r#"{"error":"invalid_request"}"#) } else { answer(404, "") };
        }
        if let Some(answered) = self.resource(request) {
            return answered;
        }
        let document = &self.file["documents"][request.url.as_str()];
        match (&document["json"], &document["text"]) {
            (Value::Null, Value::String(text)) => Ok(Response {
                status: document["status"].as_u64().unwrap_or(200) as u16,
                headers: vec![("content-type".into(), "text/markdown".into())],
                body: Secret::new(text),
            }),
            (Value::Null, _) if known => answer(405, ""),
            (Value::Null, _) => answer(if self.registers(&request.url) { 405 } else { 404 }, ""),
            (json, _) => answer(document["status"].as_u64().unwrap_or(200) as u16, &json.to_string()),
        }
    }

    /// Somebody takes posts there, and refuses to be read.
    fn registers(&self, url: &url::Url) -> bool {
        let post = format!("POST {url}");
        self.file["calls"].as_array().is_some_and(|calls| calls.iter().any(|entry| entry["call"] == post))
    }

    fn entry(&self, call: &str, request: &Request) -> Option<usize> {
        let fields: Vec<_> = request.body.fields().iter().chain(&request.query).collect();
        let fits = |entry: &Value| {
            let when = entry["when"].as_object().expect("fields");
            entry["call"] == call
                && when.iter().all(|(name, wanted)| {
                    let value = fields.iter().find(|field| field.name == name).map(|field| field.value.as_text());
                    value.is_some_and(|value| wanted == "*" || wanted.as_str() == Some(value.as_str()))
                })
        };
        self.file["calls"].as_array()?.iter().position(fits)
    }

    fn resource(&self, request: &Request) -> Option<Result<Response, HttpError>> {
        let api = self.file.get("api")?;
        let at = api["url"].as_str()?.trim_end_matches('/');
        if request.url.as_str().trim_end_matches('/') != at {
            return None;
        }
        let by = api["by"].as_str().unwrap_or("bearer");
        let shown = request.credential.as_ref().filter(|(how, _)| how.as_str() == by);
        let good = shown.is_some_and(|(_, secret)| api["credential"] == secret.expose());
        Some(if good { answer(200, r#"{"you":"ada"}"#) } else { answer(401, r#"{"error":"unauthorized"}"#) })
    }
}

/// A person, at a sign-up.
struct Walk {
    service: Service,
    flow: SignUp,
    now: Timestamp,
    screens: Vec<String>,
    kept: Vec<authmd_tui::account::Kept>,
}

impl Walk {
    fn through(service: Service) -> (Self, Outcome) {
        let flow = SignUp::new(service.target(), None);
        let mut walk = Self { service, flow, now: noon(), screens: Vec::new(), kept: Vec::new() };
        let mut effects = walk.flow.step(Input::Begin, walk.now);
        for _ in 0..500 {
            let screen = walk.flow.screen(walk.now);
            let id = screen.id.name();
            if walk.screens.last() != Some(&id) {
                walk.screens.push(id);
            }
            if let Some(outcome) = screen.outcome {
                return (walk, outcome);
            }
            let input = match effects.pop() {
                Some(effect) => walk.perform(effect),
                None => walk.person(&screen.prompt.expect("something to do")),
            };
            effects = walk.flow.step(input, walk.now);
        }
        panic!("it goes on for ever: {:?}", walk.screens)
    }

    fn perform(&mut self, effect: Effect) -> Input {
        match effect {
            Effect::Http(request) => Input::Http(self.service.answer(&request)),
            Effect::Wait(span) => {
                self.now += span;
                Input::Elapsed
            }
            Effect::Work(slice) => Input::Worked(slice.search()),
            Effect::Lookup { .. } => {
                Input::Known(Ok(Known { accounts: vec![], ids: vec![], stores: stores(), decided: true }))
            }
            Effect::Save(kept) => {
                self.kept.push(*kept);
                Input::Stored(Ok(()))
            }
            Effect::Lock(_) => Input::Locked(Ok(Lease::new(()))),
            _ => Input::Stored(Ok(())),
        }
    }

    /// Says yes, takes the first, types what is asked for.
    fn person(&self, prompt: &Prompt) -> Input {
        Input::Answer(match prompt {
            Prompt::Pick { .. } => Answer::Pick(0),
            Prompt::Confirm { label, .. } => {
                // A registration that is gone is not made again for ever.
                Answer::Confirm(!label.starts_with("Register once more"))
            }
            Prompt::Email { .. } => Answer::Text(Secret::new("ada@example.com")),
            Prompt::Code { .. } => Answer::Text(Secret::new("123456")),
            Prompt::Secret { .. } => Answer::Text(Secret::new("sk_pasted")),
            Prompt::Text { .. } => Answer::Text(Secret::new("Ada's robot")),
        })
    }

    fn credential(&self) -> &str {
        self.kept.last().expect("something kept").secrets.credential.expose()
    }
}

fn verdict(service: &mut Service) -> Verdict {
    let mut discovery = Discovery::new(service.target());
    let mut next = discovery.begin(noon());
    loop {
        next = match next {
            Next::Send(request) => {
                assert_eq!(request.method, Method::Get, "discovery only reads");
                discovery.answer(service.answer(&request), noon())
            }
            Next::Wait(_) => discovery.resume(noon()),
            Next::Over => return discovery.verdict(),
        };
    }
}

#[test]
fn every_service_has_its_line() {
    let mut files: Vec<String> = fs::read_dir(folder())
        .expect("fixtures")
        .map(|entry| entry.expect("an entry").file_name().into_string().expect("text").replace(".json", ""))
        .collect();
    let mut lines: Vec<String> = TABLE.iter().map(|(name, ..)| (*name).to_owned()).collect();
    files.sort();
    lines.sort();
    assert_eq!(files, lines);
}

#[test]
fn every_service_gets_its_verdict() {
    let wrong = TABLE.iter().filter_map(|(name, expected, _)| {
        let found = verdict(&mut Service::named(name));
        (found != *expected).then(|| format!("{name}: {} instead of {}", found.as_str(), expected.as_str()))
    });
    assert_eq!(wrong.collect::<Vec<_>>(), Vec::<String>::new());
}

/// What is wrong with how the walk went, if anything.
fn complaint(walk: &Walk, outcome: &Outcome, way: Way) -> Option<String> {
    let passed = |id: &str| walk.screens.iter().any(|screen| screen == id);
    let account = |outcome: &Outcome| outcome.account().cloned();
    let tokens = |account: &Account| account.layers.iter().any(|layer| layer.kind == LayerKind::IdentityAssertion);
    let works = |account: &Account| account.verified_at.is_some() && !account.lacks_credential();
    let connected = |secret: &str, shape: &dyn Fn(&Account) -> bool| match account(outcome) {
        Some(account) if walk.credential() == secret && works(&account) && shape(&account) => None,
        Some(account) => Some(format!("{} as {account:?}", walk.credential())),
        None => Some(format!("{outcome:?}")),
    };
    match way {
        Code(secret) => connected(secret, &|account| passed("code") && account.claimed && !tokens(account)),
        Page(secret) => connected(secret, &|_| passed("handoff") && !passed("code")),
        Exchanged(secret) => connected(secret, &|account| {
            passed("code") && tokens(account) && matches!(account.renewal, Renewal::Exchange { .. })
        }),
        AtOnce(secret) => connected(secret, &|_| !passed("code") && !passed("handoff")),
        Pasted => match outcome {
            Outcome::Connected(account) if passed("key") && walk.credential() == "sk_pasted" => {
                (account.mode.as_str() != "api_key").then(|| format!("{account:?}"))
            }
            _ => Some(format!("{outcome:?}")),
        },
        Told(words) => match outcome.problem() {
            Some(problem) if problem.what.contains(words) && !problem.hint.is_empty() => None,
            _ => Some(format!("{outcome:?}")),
        },
    }
}

#[test]
fn every_service_is_walked_as_far_as_it_goes() {
    let wrong = TABLE.iter().filter_map(|(name, _, way)| {
        let (walk, outcome) = Walk::through(Service::named(name));
        let complaint = complaint(&walk, &outcome, *way)?;
        let posts: Vec<&String> = walk.service.asked.iter().filter(|call| call.starts_with("POST")).collect();
        Some(format!("{name}, {way:?}: {complaint}\n  {:?}\n  {posts:?}", walk.screens))
    });
    let wrong: Vec<String> = wrong.collect();
    assert!(wrong.is_empty(), "{}", wrong.join("\n\n"));
}
