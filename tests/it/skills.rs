//! What skills say, in every form in which there have been any, read into one model.

use std::fs;
use std::path::Path;

use authmd_tui::account::Mode;
use authmd_tui::http::{FieldValue, Method, Request};
use authmd_tui::skill::expression::evaluate;
use authmd_tui::skill::operation::{Kind, Operation};
use authmd_tui::skill::{Enrolment, Params, Skill, Worked, catalogue};
use regex_lite::Regex;
use serde::Deserialize;
use serde_json::{Map, Value};
use url::Url;

fn fixture(name: &str) -> Skill {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures/skills").join(name);
    let text = fs::read_to_string(path).expect("a skill");
    Skill::read(&text, name).unwrap_or_else(|problem| panic!("{problem}"))
}

fn modes(skill: &Skill) -> Vec<Mode> {
    skill.enrolments.iter().map(|enrolment| enrolment.mode).collect()
}

fn unrun(skill: &Skill) -> Vec<(&str, &str)> {
    skill.unrun.iter().map(|unrun| (unrun.name.as_str(), unrun.why.as_str())).collect()
}

fn of(skill: &Skill, mode: Mode) -> &Enrolment {
    skill.enrolments.iter().find(|enrolment| enrolment.mode == mode).expect("such a way")
}

fn params(named: &[(&str, &str)]) -> Params {
    named.iter().map(|(name, value)| (*name, FieldValue::from(*value))).collect()
}

/// The request with its expressions evaluated.
fn request(operation: &Operation, params: &Params) -> Request {
    let worked = Worked::work(operation.template.expressions(), params)
        .map(|work| Worked::of(&work, work.read(&evaluate(&work.written())).expect("an answer")).expect("values"));
    operation.template.request(params, &worked.unwrap_or_default()).expect("a request")
}

fn body(request: &Request) -> String {
    request.body.text().map(|(_, text)| text.to_string()).unwrap_or_default()
}

#[test]
fn the_first_generation_is_read() {
    let skill = fixture("first.md");
    assert_eq!(modes(&skill), [Mode::MagicLink, Mode::Direct]);
    assert_eq!(skill.tried_at.as_str(), "https://quillpost.dev/api/me");
    assert!(skill.optional && skill.key.is_some());
    assert_eq!(unrun(&skill), [("setup", "it is for the program that uses the service")]);

    let link = of(&skill, Mode::MagicLink);
    assert_eq!(link.page.as_ref().map(|page| page.as_str()), Some("https://quillpost.dev/dashboard"));
    let asked = &link.steps[0].asked;
    assert_eq!((asked.len(), asked[0].kind.clone()), (1, Kind::Email));
    let sent = request(&link.steps[0], &params(&[("email", "ada@x.dev")]));
    assert_eq!((sent.method, sent.url.as_str()), (Method::Post, "https://quillpost.dev/api/auth/login"));
    assert_eq!(body(&sent), r#"{"email":"ada@x.dev","client":"authmd-tui"}"#);
    assert!(sent.credential.is_none(), "a sign-up carries no credential");

    let agent = of(&skill, Mode::Direct);
    let asked: Vec<_> = agent.steps[0].asked.iter().map(|asked| (asked.name.as_str(), asked.required)).collect();
    assert_eq!(asked, [("name", true), ("description", false), ("plan", false)]);
    assert_eq!(agent.steps[0].asked[2].kind, Kind::OneOf(vec!["free".into(), "paid".into()]));
    let sent = request(&agent.steps[0], &params(&[("name", "Ada"), ("plan", "free")]));
    assert_eq!(body(&sent), r#"{"name":"Ada","plan":"free"}"#, "what nobody has said is left out");
}

#[test]
fn the_second_generation_is_read() {
    let skill = fixture("second.yaml");
    assert_eq!(modes(&skill), [Mode::MagicLink]);
    assert_eq!(skill.tried_at.as_str(), "https://api.harvester.dev/v2/me");
    assert_eq!(skill.presentation.to_string(), "header:authorization:Token ");
    let sent = request(&skill.enrolments[0].steps[0], &params(&[("email", "ada@x.dev")]));
    assert_eq!(sent.url.as_str(), "https://api.harvester.dev/v2/signup", "below the address of its connection");
    assert_eq!(body(&sent), r#"{"user":{"email":"ada@x.dev","tags":["terminal","x.dev"]}}"#);
}

#[test]
fn the_third_generation_is_read_and_what_runs_elsewhere_is_explained() {
    let skill = fixture("third.md");
    assert_eq!(skill.presentation.to_string(), "header:x-corsair-key");
    assert_eq!(skill.form.label, "Deck key");
    assert!(skill.enrolments.is_empty());
    assert_eq!(
        unrun(&skill),
        [
            ("signup", "it runs a Python program on this machine"),
            ("register", "it asks a database"),
            ("whoami", "it has several steps, which only its own engine runs"),
            ("setup", "it is for the program that uses the service"),
        ]
    );
}

#[test]
fn our_own_ways_are_read() {
    let skill = fixture("own.yaml");
    assert_eq!(modes(&skill), [Mode::EmailCode, Mode::MagicLink, Mode::Direct]);
    let code = of(&skill, Mode::EmailCode);
    assert_eq!(code.code.canonical("abcd 2345").as_deref(), Some("ABCD-2345"));
    assert_eq!(code.steps[1].asked.len(), 1, "what the first answer has is not asked");
    let known = params(&[("email", "ada@x.dev"), ("code", "ABCD-2345"), ("ticket", "t1")]);
    assert_eq!(body(&request(&code.steps[1], &known)), r#"{"email":"ada@x.dev","code":"ABCD-2345","ticket":"t1"}"#);
    let link = of(&skill, Mode::MagicLink);
    let pasted = params(&[("link", "https://nightjar.dev/in?token=t9")]);
    assert_eq!(body(&request(&link.steps[1], &pasted)), r#"{"token":"t9"}"#);
    let direct = of(&skill, Mode::Direct);
    assert!(direct.by_credential);
    let end = request(direct.end.as_ref().expect("an end"), &params(&[("key_id", "k/1")]));
    assert_eq!((end.method, end.url.as_str()), (Method::Delete, "https://nightjar.dev/api/v1/keys/k%2F1"));
}

/// What of a skill is wrong ends it, or is left out and explained; nothing goes to a host that it does not declare.
/// What nobody knows may be another program's; a slip in what is known would change where the key goes, without a word.
#[test]
fn a_slip_in_a_name_is_told_and_not_passed_over() {
    let auth = |auth: &str| Skill::read(&format!("id: a\nwebsite: https://a.dev\nauth: {auth}\n"), "a.yaml");
    for (slip, meant) in [("heder: X-Key", "header"), ("prefx: 'Token '", "prefix"), ("headers: X-Key", "header")] {
        let problem = auth(&format!("{{type: api_key, {slip}}}")).expect_err("a slip");
        assert!(problem.what.contains(&format!("is not known: is {meant} meant?")), "{problem:?}");
    }
    assert!(auth("{type: api_key, header: X-Key, connect: {key: [x]}, domain: a.dev}").is_ok());
    let call = |call: &str| {
        let way = format!(
            "{{mode: direct, request: {{url: https://a.dev/k, {call}, response: {{mapping: {{api_key: .k}}}}}}}}"
        );
        Skill::read(&format!("id: a\nwebsite: https://a.dev\nauth: {{type: api_key}}\nsignup:\n  - {way}\n"), "a.yaml")
    };
    for fine in ["method: POST", "method: POST, paging: {next: .n}"] {
        let read = call(fine).map(drop);
        assert!(read.is_ok(), "{read:?}");
    }
    let problem = call("metod: POST").expect_err("a slip");
    assert!(problem.what.contains("a call has 'metod', which is not known: is method meant?"), "{problem:?}");
}

#[test]
fn what_is_hostile_or_wrong_is_not_run() {
    let skill = |utility: &str| {
        let text = format!("id: a\nwebsite: https://a.dev\nauth: {{type: api_key}}\nutilities:\n  signup: {utility}\n");
        Skill::read(&text, "a").unwrap_or_else(|problem| panic!("{utility}: {problem}"))
    };
    let rest = |rest: &str| format!("{{params: {{email: string}}, rest: {{method: POST, {rest}}}}}");
    for (utility, why) in [
        (rest("url: https://evil.dev/x, body: {email: .params.email}"), "evil.dev is not of the site of a.dev"),
        (rest("url: http://a.dev/x, body: {email: .params.email}"), "not encrypted"),
        (rest("url: https://a.dev/x, body: {email: .params.email, k: .auth.key}"), ""),
        (rest("url: https://a.dev/x, headers: {Authorization: .params.email}"), "authorization is not for a skill"),
        (rest("url: https://a.dev/x, headers: {Cookie: a}"), "cookie is not for a skill"),
        (rest("url: https://a.dev/x, headers: {Host: evil.dev}"), "host is no header"),
        (rest("url: https://a.dev/x, body: {email: .params.email, who: env}"), ""),
        (rest("url: https://a.dev/x, body: {email: '.params.email | env.HOME'}"), "env reaches out of it"),
        (rest("url: https://a.dev/x, body: {email: '.params.email | halt'}"), "halt reaches out of it"),
        (rest("url: https://a.dev/x, body: {email: '.params.email |'}"), "ends too soon"),
        (rest("url: https://a.dev/x, body: {email: '{{params.email}}'}"), "is written .params.NAME"),
        (rest("url: https://a.dev/x, body: {email: .params.mail}"), ".params.mail is not one of"),
        (rest("url: https://a.dev/x, body: {email: '.params.mail | length'}"), "nothing says what .params.mail is"),
        (rest("url: https://a.dev/x, body: {a: b}"), "mails nobody a link"),
        (rest("url: 'https://{email}.a.dev/x'"), "not an address"),
        (rest("url: 'https://a.dev/{email'"), "a brace is open"),
        ("{rest: {url: https://a.dev/x, response: {mapping: {api_key: .k}}}}".into(), "without a POST"),
        (
            "{params: {l: {type: array, required: true}}, rest: {method: POST, url: https://a.dev/}}".into(),
            "nobody can type",
        ),
        ("{params: {'a b': string}, rest: {method: POST, url: https://a.dev/}}".into(), "is no name of a parameter"),
        ("{description: nothing}".into(), "does not say what is sent"),
        ("3".into(), ""),
    ] {
        let skill = skill(&utility);
        match why.is_empty() {
            true => assert!(skill.unrun.len() + skill.enrolments.len() == 1, "{utility}"),
            false => {
                assert!(unrun(&skill).iter().any(|(_, said)| said.contains(why)), "{utility}: {:?}", unrun(&skill))
            }
        }
    }
    // There is no credential in a sign-up, whatever it asks for.
    let asks = skill(&rest("url: https://a.dev/x, body: {email: .params.email, k: .auth.key}"));
    let sent = request(&asks.enrolments[0].steps[0], &params(&[("email", "a@x.dev")]));
    assert_eq!(body(&sent), r#"{"email":"a@x.dev"}"#);
    let asks = skill(&rest("url: https://a.dev/x, body: {email: .params.email, who: env}"));
    let sent = request(&asks.enrolments[0].steps[0], &params(&[("email", "a@x.dev")]));
    assert_eq!(body(&sent), r#"{"email":"a@x.dev","who":"env"}"#, "a word like any other");
}

#[test]
fn a_way_of_our_own_that_cannot_be_meant_is_said() {
    let own = |way: &str| {
        let text = format!("id: a\nwebsite: https://a.dev\nauth: {{type: api_key}}\nsignup:\n  - {way}\n");
        Skill::read(&text, "a").map(|_| ()).expect_err(way).what
    };
    let request = "request: {url: /r, body: {email: .params.email}}";
    let key = "response: {mapping: {api_key: .k}}";
    for (way, why) in [
        ("{mode: magic_link}".to_owned(), "it has no request"),
        ("{mode: magic_link, request: {url: /r, body: {a: b}}}".into(), "does not send .params.email"),
        (format!("{{mode: magic_link, {request}, redeem: {{url: /x, {key}}}}}"), "does not send .params.link"),
        (format!("{{mode: email_code, {request}}}"), "no redeem that sends .params.code"),
        (
            format!("{{mode: email_code, {request}, redeem: {{url: /x, body: {{c: .params.code}}}}}}"),
            "mapped to api_key",
        ),
        (format!("{{mode: direct, {request}}}"), "mapped to api_key"),
        (format!("{{mode: direct, request: {{url: /r, {key}}}, redeem: {{url: /r}}}}"), "no redeem"),
        (format!("{{mode: direct, request: {{method: DELETE, url: /r, {key}}}}}"), "by DELETE"),
        (format!("{{mode: direct, credential: stolen, request: {{url: /r, {key}}}}}"), "is not held, nor none"),
        (format!("{{mode: magic_link, credential: held, {request}}}"), "only mode: direct"),
        (format!("{{mode: magic_link, {request}, page: 'http://a.dev/k'}}"), "not encrypted"),
        (
            format!("{{mode: magic_link, {request}, start: {{url: 'https://a.dev'}}}}"),
            "has request, and perhaps redeem",
        ),
        (format!("{{mode: email_code, {request}, code: {{groups: [0]}}}}"), "groups of letters"),
        (format!("{{mode: oauth, {request}}}"), "mode: oauth has no request"),
        (format!("{{mode: magic_link, {request}}}\n  - {{mode: magic_link, {request}}}"), "stands there twice"),
        (
            "{mode: magic_link, request: {url: 'https://evil.dev/r', body: {email: .params.email}}}".into(),
            "evil.dev is not of the site",
        ),
        ("{mode: magic_link, mails: now}".into(), "mails"),
    ] {
        let said = own(&way);
        assert!(said.contains(why), "{way}: {said}");
    }
}

#[test]
fn how_a_credential_is_tried_is_said_with_the_traps_of_its_service() {
    let trial = |verify: &str| {
        let text = format!("id: a\nwebsite: https://a.dev\nauth: {{type: api_key}}\nverify: {verify}\n");
        Skill::read(&text, "a").map(|skill| (skill.tried_at.to_string(), skill.trial)).map_err(|problem| problem.what)
    };
    assert_eq!(trial("{url: https://a.dev/me}"), Ok(("https://a.dev/me".into(), None)));
    let (_, none) = trial("none").expect("a skill");
    assert!(none.is_some_and(|trial| trial.none));
    let (_, told) = trial(
        "{url: https://a.dev/q, headers: {X-Version: 2023-06-01}, body: {query: '{ me { id } }'}, narrow: [403, missing_permissions], refused: [400], says: .data.me}",
    )
    .expect("a skill");
    let told = told.expect("a trial");
    assert_eq!(told.narrow, ["403", "missing_permissions"]);
    assert_eq!((told.says.as_deref(), told.headers["x-version"].as_str()), (Some("/data/me"), "2023-06-01"));
    let request = told.request("https://a.dev/q".parse().expect("a url"));
    assert_eq!((request.method, body(&request).as_str()), (Method::Post, r#"{"query":"{ me { id } }"}"#));
    for (verify, why) in [
        ("all", "verify is none, or a call"),
        ("{url: https://b.dev/}", "is not below"),
        ("{url: https://a.dev/, headers: {Authorization: x}}", "not for a skill"),
        ("{url: https://a.dev/, body: {k: .auth.key}}", "sent as it stands"),
        ("{url: https://a.dev/, narrow: [4]}", "statuses, or words"),
        ("{url: https://a.dev/, says: 'length > 1'}", "is not a path"),
        ("{url: https://a.dev/, status: 200}", "status"),
    ] {
        let said = trial(verify).expect_err(verify);
        assert!(said.contains(why), "{verify}: {said}");
    }
}

/// A file of the catalogue, by all that may stand in one: what is misspelled is not passed over.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Service {
    id: String,
    name: String,
    description: String,
    website: Url,
    base_url: Url,
    auth: Auth,
    #[serde(default)]
    env: Vec<String>,
    verify: Value,
    #[serde(default)]
    signup: Vec<Map<String, Value>>,
    expires: Option<String>,
    revoke: Option<Ending>,
    oauth: Option<Map<String, Value>>,
    source: Vec<String>,
    checked: jiff::civil::Date,
    #[serde(default)]
    unchecked: Vec<String>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Auth {
    r#type: String,
    header: Option<Value>,
    prefix: Option<String>,
    query: Option<String>,
    body: Option<Map<String, Value>>,
    #[serde(default)]
    optional: bool,
    label: String,
    help_url: Option<Url>,
    prefill: Option<String>,
    pattern: Option<String>,
}

/// How a key is ended by a call, as far as that is known.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Ending {
    method: String,
    url: Url,
    by: String,
    rotate: Option<String>,
    note: Option<String>,
}

#[test]
fn every_service_of_the_catalogue_is_whole() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("assets/services");
    let mut files: Vec<String> = fs::read_dir(folder)
        .expect("a folder")
        .map(|file| file.expect("a file").path().file_stem().expect("a name").to_string_lossy().into_owned())
        .collect();
    files.sort();
    let ids: Vec<&str> = catalogue::all().map(|(id, _)| id).collect();
    assert_eq!(files, ids, "the list in catalogue.rs has them all, in order");
    assert!(ids.len() >= 60, "{}", ids.len());
    let mut envs = Vec::new();
    for (id, text) in catalogue::all() {
        let service: Service = serde_saphyr::from_str(text).unwrap_or_else(|error| panic!("{id}: {error}"));
        let skill = Skill::read(text, id).unwrap_or_else(|problem| panic!("{problem}"));
        assert_eq!((service.id.as_str(), service.name.as_str()), (id, skill.name.as_str()));
        assert_eq!(catalogue::name_in(text), service.name, "{id}");
        assert!(!service.description.is_empty() && service.description.len() < 80, "{id}");
        assert!(service.auth.r#type == "api_key" && !service.auth.label.is_empty(), "{id}");
        let pages = service.auth.help_url.iter().chain(service.revoke.iter().map(|ending| &ending.url));
        for url in pages.chain([&service.website, &service.base_url]) {
            assert!(url.scheme() == "https" && url.username().is_empty(), "{id}: {url}");
        }
        // Somewhere it is shown, and somehow it is had.
        assert!(service.auth.header.is_some() || service.auth.query.is_some() || service.auth.body.is_some(), "{id}");
        assert!(skill.key.is_some() || !skill.enrolments.is_empty(), "{id}: no way to a key");
        assert!(service.auth.prefix.is_none() || service.auth.header.is_some(), "{id}");
        assert!(!service.auth.optional || !service.signup.is_empty(), "{id}");
        assert!(service.auth.prefill.as_deref().is_none_or(|page| page.starts_with("https://")), "{id}");
        let host = trust_site(&service.base_url);
        assert_eq!(host, trust_site(&skill.tried_at), "{id}");
        assert!(
            service.verify == "none" || service.verify["url"].as_str().is_some_and(|url| url.starts_with("https://"))
        );
        if let Some(pattern) = &service.auth.pattern {
            is_harmless(id, pattern);
        }
        if let Some(ending) = &service.revoke {
            assert!(["DELETE", "POST"].contains(&ending.method.as_str()) && !ending.by.is_empty(), "{id}");
            let texts = [&ending.rotate, &ending.note];
            assert!(texts.into_iter().flatten().all(|text| text.len() < 120), "{id}");
        }
        for fact in service.oauth.iter().flat_map(Map::keys) {
            assert!(["metadata", "registers", "device"].contains(&fact.as_str()), "{id}: {fact}");
        }
        assert!(!service.source.is_empty() && service.checked.year() >= 2026, "{id}");
        for name in &service.unchecked {
            let known = ["help_url", "pattern", "verify", "expires", "revoke", "oauth"];
            assert!(known.contains(&name.as_str()) && text.contains(&format!("{name}:")), "{id}: {name}");
        }
        // What nobody has checked is not acted on.
        let unchecked = |name: &str| service.unchecked.iter().any(|known| known == name);
        assert!(!unchecked("verify") || !skill.can_be_tried(), "{id}");
        assert!(skill.key.as_ref().is_none_or(|page| page.is_checked != unchecked("help_url")), "{id}");
        assert!(!unchecked("pattern") || skill.form.fits("x"), "{id}");
        assert_eq!(service.expires.is_some() && !unchecked("expires"), skill.expires.is_some(), "{id}");
        assert_eq!(service.env.len(), skill.env.len(), "{id}: names of the environment");
        envs.extend(service.env);
    }
    let count = envs.len();
    envs.sort();
    envs.dedup();
    assert_eq!(envs.len(), count, "no two services share a name in the environment");
}

fn trust_site(url: &Url) -> String {
    let host = url.host_str().expect("a host");
    let labels: Vec<&str> = host.rsplit('.').take(2).collect();
    labels.join(".")
}

/// It compiles, has a beginning and an end, and nothing that repeats what repeats.
fn is_harmless(id: &str, pattern: &str) {
    let compiled = Regex::new(pattern).unwrap_or_else(|error| panic!("{id}: {error}"));
    assert!(pattern.starts_with('^') && pattern.ends_with('$'), "{id}: {pattern}");
    let repeats_what_repeats = Regex::new(r"[+*}]\)[+*{]").expect("a pattern");
    assert!(!repeats_what_repeats.is_match(pattern), "{id}: {pattern}");
    // The longest that is ever asked, and one letter too many at its end.
    for letter in ["a", "0", "A", "-", "_", "eyJ"] {
        compiled.is_match(&format!("{}!", letter.repeat(4_000)));
    }
}

/// What strangers write is shown without anything that a terminal would understand, and never as long as they like.
#[test]
fn what_a_skill_says_is_cleaned_before_anybody_sees_it() {
    let nasty = "A\\u001b[2J\\u202eB\\u0007";
    let long = "x".repeat(5_000);
    let text = format!(
        "id: a\nname: \"{nasty}{long}\"\nwebsite: https://a.dev\nauth: {{help_url: https://a.dev/k, label: \"{nasty}{long}\"}}\nexpires: \"{nasty}{long}\"\nutilities:\n  signup:\n    params: {{email: string, n: {{description: \"{nasty}{long}\", enum: [\"{nasty}{long}\"], required: true}}}}\n    rest: {{method: POST, url: https://a.dev/s, body: {{email: .params.email, n: .params.n}}}}\n  setup: {{command: \"{nasty}\"}}\n"
    );
    let skill = Skill::read(&text, "a").unwrap_or_else(|problem| panic!("{problem}"));
    let asked = &skill.enrolments[0].steps[0].asked[1];
    let Kind::OneOf(choices) = &asked.kind else { panic!("{asked:?}") };
    let shown = [
        skill.name.clone(),
        skill.form.label.clone(),
        skill.expires.clone().expect("said"),
        asked.description.clone().expect("said"),
        authmd_tui::skill::operation::shown(&choices[0]),
    ];
    for text in shown {
        assert!(text.starts_with('A') && text.chars().count() <= 201, "{text:?}");
        assert!(!text.chars().any(|c| c.is_control() || c == '\u{202e}'), "{text:?}");
    }
    for (text, why) in [
        ("id: a\nid: b\nwebsite: https://a.dev\n", "id"),
        ("id: a\nwebsite: https://a.dev\nunchecked: [signup]\n", "is not one of help_url"),
        (
            "id: a\nwebsite: https://a.dev\nauth: {help_url: https://a.dev/k, prefill: 'https://evil.dev/{name}'}\n",
            "leads to evil.dev",
        ),
    ] {
        let said = Skill::read(text, "a").map(|_| ()).expect_err(text).what;
        assert!(said.contains(why), "{text}: {said}");
    }
}
