//! Services as they are in the wild, one file each below `tests/fixtures/wild`: what they publish and how they answer.
//! Each is discovered, and walked as far as it can be; [`TABLE`] says what comes of it. A service more is a file and a line.
//! Those that nobody has met yet are in [`shapes`]. How a file is written is told in [`service`].

mod service;
mod shapes;
mod walk;

use std::fs;
use std::path::{Path, PathBuf};

use authmd_tui::flow::discover::Verdict;

use service::Service;
use walk::Way::{self, AtOnce, Code, Exchanged, Page, Pasted, Told};
use walk::{Walk, complaint, discovered};

use Verdict::{AgentOnly, None as Nothing, Placeholder, Prose, Signup};

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

fn service(name: &str) -> Service {
    let text = fs::read_to_string(folder().join(format!("{name}.json"))).expect(name);
    Service::new(serde_json::from_str(&text).expect(name))
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

/// The API, the documents beside it, and the server are read side by side as far as they do not name each other.
#[test]
fn every_service_is_found_in_the_time_of_three_answers() {
    let late = TABLE.iter().filter_map(|(name, ..)| {
        let (_, answers) = discovered(&mut service(name));
        (answers > 3).then(|| format!("{name}: {answers}"))
    });
    assert_eq!(late.collect::<Vec<_>>(), Vec::<String>::new());
}

#[test]
fn every_service_gets_its_verdict() {
    let wrong = TABLE.iter().filter_map(|(name, expected, _)| {
        let (found, _) = discovered(&mut service(name));
        (found != *expected).then(|| format!("{name}: {} instead of {}", found.as_str(), expected.as_str()))
    });
    assert_eq!(wrong.collect::<Vec<_>>(), Vec::<String>::new());
}

#[test]
fn every_service_is_walked_as_far_as_it_goes() {
    let wrong = TABLE.iter().filter_map(|(name, _, way)| {
        let (walk, outcome) = Walk::through(service(name));
        complaint(&walk, &outcome, *way).map(|complaint| format!("{name}: {complaint}"))
    });
    let wrong: Vec<String> = wrong.collect();
    assert!(wrong.is_empty(), "{}", wrong.join("\n\n"));
}
