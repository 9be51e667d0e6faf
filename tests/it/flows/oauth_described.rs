//! Signing in where a skill says how: OAuth in all but its words, and servers that do not publish themselves.

use std::path::{Path, PathBuf};

use authmd_tui::account::{Account, Authentication, Client, Layer, LayerKind, Mode, Renewal, Verdict};
use authmd_tui::flow::discover::Way;
use authmd_tui::flow::renew::Renew;
use authmd_tui::flow::revoke::Presence;
use authmd_tui::flow::signup::SignUp;
use authmd_tui::flow::target::Target;
use authmd_tui::flow::{Answer, Input, Outcome, Seen, SkillFile, Surroundings};
use authmd_tui::http::{Body, Method, Presentation};
use authmd_tui::problem::{Kind, Problem};
use authmd_tui::secret::Secret;
use authmd_tui::skill::{Skill, Source};
use serde_json::json;
use url::Url;

use crate::support::play::{Fake, Play, answer};

const FILE: &str = "/home/ada/skills/skill.yaml";

fn skill(text: &str) -> Result<SkillFile, Problem> {
    Ok(SkillFile { source: Source::File(PathBuf::from(FILE)), text: text.to_owned(), seen: Seen::AsItWas })
}

fn of_repository(path: &str) -> String {
    std::fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join(path)).expect("a skill")
}

/// A sign-up by the skill in `path`.
fn play(path: &str, fake: Fake) -> Play {
    let mut play = Play::new(SignUp::new(Target::parse("./skill.yaml").expect("a target"), None), fake);
    play.skill = Some(skill(&of_repository(path)));
    play
}

fn query(link: &str, name: &str) -> Option<String> {
    let link = Url::parse(link).expect("a link");
    link.query_pairs().find(|(known, _)| known == name).map(|(_, value)| value.into_owned())
}

const OPENROUTER: &str = "assets/services/openrouter.yaml";
const EXCHANGE: &str = "POST https://openrouter.ai/api/v1/auth/keys";

fn openrouter() -> Fake {
    let mut fake = Fake::default();
    fake.on("GET https://openrouter.ai/api/v1/key", [answer(401, "{}"), answer(200, "{}")]);
    fake.json(EXCHANGE, json!({"key": "sk-or-v1-1", "user_id": "user_1", "refresh_token": "no such thing"}));
    fake
}

fn in_browser(mut play: Play) -> Play {
    play.begin().pick(0).confirm(true);
    play
}

#[test]
fn a_key_is_exchanged_for_a_code_with_a_proof() {
    let mut play = play(OPENROUTER, openrouter());
    play.begin();
    assert_eq!(play.choices(), ["OAuth, in your browser", "A key from its page"]);
    assert!(play.requests.is_empty(), "nobody needs to be asked what the skill says");
    play.pick(0);
    assert!(play.text_shown().contains("POST openrouter.ai/api/v1/auth/keys"), "{}", play.text_shown());
    assert!(play.text_shown().contains("it can do what your account there can"), "{}", play.text_shown());
    assert!(play.text_shown().contains("GET openrouter.ai/api/v1/key"), "{}", play.text_shown());
    play.confirm(true);
    assert_eq!(play.port, Some(3000), "the port that its guide uses");
    let link = play.opened[0].clone();
    let names: Vec<String> =
        Url::parse(&link).expect("a link").query_pairs().map(|(name, _)| name.into_owned()).collect();
    assert_eq!(names, ["callback_url", "code_challenge", "code_challenge_method"], "and nothing else");
    assert_eq!(query(&link, "callback_url").as_deref(), Some("http://localhost:3000/callback"));
    assert_eq!(query(&link, "code_challenge").map(|proof| proof.len()), Some(43));

    play.redirect("code=c_1");
    let exchange = play.requests.iter().find(|request| request.method == Method::Post).expect("exchanged");
    assert!(matches!(exchange.body, Body::Json(_)));
    let body = play.last_body();
    assert_eq!(body[0], "code=c_1");
    assert_eq!((body[1].as_str(), body.len()), ("code_challenge_method=S256", 3));
    assert!(body[2].starts_with("code_verifier=verifier_"), "{body:?}");

    let Outcome::Connected(account) = play.outcome() else { panic!("{:?}", play.outcome()) };
    assert_eq!((account.service.as_str(), account.mode), ("OpenRouter", Mode::OAuth));
    assert_eq!((account.resource.as_str(), account.id.as_str()), ("https://openrouter.ai/api/v1", "openrouter.ai"));
    assert_eq!(account.layers.iter().map(|layer| layer.kind).collect::<Vec<_>>(), [LayerKind::ApiKey]);
    assert_eq!((account.renewal.clone(), account.client.clone(), account.bound), (Renewal::Person, None, false));
    assert_eq!(
        account.proof.map(|proof| proof.verdict),
        Some(Verdict::Accepted { status: 200 }),
        "where the skill says"
    );
    assert_eq!(play.saved[0].secrets.credential, Secret::new("sk-or-v1-1"));
}

#[test]
fn a_service_that_takes_one_address_only_gets_that() {
    let text = of_repository(OPENROUTER).replace("http://localhost:3000/callback", "http://127.0.0.1:1455/auth/done");
    let mut play = play(OPENROUTER, openrouter());
    play.skill = Some(skill(&text));
    let play = in_browser(play);
    assert_eq!(query(&play.opened[0], "callback_url").as_deref(), Some("http://127.0.0.1:1455/auth/done"));
}

#[test]
fn without_a_state_the_proof_keeps_strangers_out_and_errors_are_told() {
    // Only who has the verifier can use the code; one with a state that nobody sent is not even tried.
    let mut play = in_browser(play(OPENROUTER, openrouter()));
    play.redirect("code=c_9&state=somebody");
    assert!(play.problem().contains("does not belong to this sign-in"), "{}", play.problem());
    assert!(play.posts().is_empty());
    play.text("c_1");
    assert!(matches!(play.outcome(), Outcome::Connected(_)), "a bare code will do: {:?}", play.screen());

    let mut fake = openrouter();
    fake.on(
        EXCHANGE,
        [answer(403, r#"{"error":{"code":403,"message":"Invalid code or code_verifier"}}"#), answer(200, "<html>")],
    );
    let mut play = in_browser(self::play(OPENROUTER, fake));
    play.redirect("code=stolen");
    assert!(play.problem().contains("refused to hand out a token (403)"), "{}", play.problem());
    play.confirm(true).redirect("code=c_2");
    assert!(play.problem().contains("cannot be read"), "{}", play.problem());
    assert!(play.saved.is_empty());
}

#[test]
fn what_was_signed_up_to_by_a_skill_is_so_again_in_place() {
    let mut first = in_browser(play(OPENROUTER, openrouter()));
    first.redirect("code=c_1");
    let Outcome::Connected(account) = first.outcome() else { panic!("connected") };
    let again = |text: String| {
        let mut play = Play::of((*account).clone(), |account| Renew::new(account, Presence::Person), openrouter());
        play.skill = Some(skill(&text));
        play.begin();
        play
    };
    let mut play = again(of_repository(OPENROUTER));
    play.pick(0).confirm(true).redirect("code=c_1");
    let Outcome::Connected(renewed) = play.outcome() else { panic!("{:?}", play.screen()) };
    assert_eq!((&renewed.id, &renewed.metadata), (&account.id, &account.metadata));

    // A secret that another server gave is not for one that a skill calls so.
    let mut kept = first.saved[0].clone();
    kept.account.client = Some(Client { authentication: Authentication::Basic, ..Client::named("mine") });
    let registration = Layer { kind: LayerKind::ClientRegistration, expires_at: None };
    kept.put(registration, Secret::new("cs_1"));
    let with_client = of_repository(OPENROUTER)
        .replace("code_verifier:", "who: .params.client_id\n        code_verifier:")
        .replace("  type: api_key", "  type: api_key\n  client_id: known");
    let mut play = Play::of(kept.account.clone(), |account| Renew::new(account, Presence::Person), openrouter());
    (play.held, play.skill) = (Some(kept), Some(skill(&with_client)));
    play.begin().pick(0).confirm(true).redirect("code=c_1");
    assert!(!format!("{:?}", play.bodies()).contains("cs_1"));
    assert!(play.last_body().contains(&"who=known".to_owned()), "{:?}", play.last_body());

    // The file is about another service by now; the key of that one has no place in this account.
    let other = of_repository(OPENROUTER).replace("https://openrouter.ai", "https://elsewhere.dev");
    let play = again(other);
    assert!(play.problem().contains("is about https://elsewhere.dev/api/v1 now"), "{}", play.problem());

    let mut gone = Play::of((*account).clone(), |account| Renew::new(account, Presence::Person), openrouter());
    gone.skill = Some(Err(Problem::new(Kind::Usage, "The skill cannot be read: there is no such file.", "Name it.")));
    gone.begin();
    assert!(gone.problem().contains("no such file"), "{}", gone.problem());
}

const PAIRING: &str = "tests/fixtures/skills/pairing.yaml";
const START: &str = "POST https://api.acme.dev/v2/pairings";
const POLL: &str = "GET https://api.acme.dev/v2/pairings/p%2F1";

fn pairing(polls: impl IntoIterator<Item = (u16, &'static str)>) -> Fake {
    let mut fake = Fake::default();
    fake.on("GET https://api.acme.dev/v2", [answer(401, ""), answer(200, "{}")]);
    fake.json(
        START,
        json!({"pairing": {"id": "p/1", "words": {"short": "KITE-42"}, "ttl": 300, "every": 2,
        "pages": ["https://acme.dev/pair", "https://acme.dev/pair?w=KITE-42"]}}),
    );
    fake.on(POLL, polls.into_iter().map(|(status, body)| answer(status, body)));
    fake
}

#[test]
fn a_pairing_in_json_is_the_device_grant_in_other_words() {
    let polls = [
        (200, r#"{"pairing":{"state":"waiting"}}"#),
        (429, ""),
        (503, ""),
        (200, r#"{"pairing":{"state":"done","key":{"secret":"rk_1","until":"2026-12-22T12:00:00Z"}}}"#),
    ];
    let mut play = play(PAIRING, pairing(polls));
    play.begin().pick(0).confirm(true);
    let Outcome::Connected(account) = play.outcome() else { panic!("{:?}", play.screen()) };
    assert_eq!(play.bodies()[0], ["app=authmd-tui", "cli=true"]);
    let polled: Vec<_> = play.requests.iter().filter(|request| request.url.path().ends_with("p%2F1")).collect();
    assert_eq!(polled.len(), 4);
    assert_eq!(polled[0].target().query(), Some("app=authmd-tui"));
    assert!(polled[0].discreet, "the address is as good as the code");
    assert_eq!((account.mode, account.presentation.clone()), (Mode::Device, Presentation::ApiKey));
    assert_eq!(account.layers[0].kind, LayerKind::ApiKey);
    assert_eq!(account.expires_at().map(|end| end.to_string()).as_deref(), Some("2026-12-22T12:00:00Z"));
}

#[test]
fn the_code_of_a_pairing_is_shown_and_its_ends_are_told() {
    for (end, told) in [
        ((410, r#"{"pairing":{"state":"gone"}}"#), "code has expired (expired_token, 410)"),
        ((200, r#"{"pairing":{"state":"refused"}}"#), "turned down"),
        ((409, r#"{"error":"consumed"}"#), "consumed, 409"),
    ] {
        let mut play = play(PAIRING, pairing([(200, r#"{"pairing":{"state":"waiting"}}"#), end]));
        play.slow = Some(POLL.into());
        play.begin().pick(0).confirm(true);
        let screen = play.screen();
        assert_eq!((play.id().as_str(), screen.user_code.as_deref()), ("handoff", Some("KITE-42")));
        assert_eq!(screen.qr.map(String::from).as_deref(), Some("https://acme.dev/pair?w=KITE-42"));
        play.arrives();
        play.arrives();
        assert!(play.problem().contains(told), "{told}: {}", play.problem());
        assert!(play.saved.is_empty());
        play.step(Input::Answer(Answer::Confirm(false)));
        assert!(play.screen().outcome.is_some());
    }
}

#[test]
fn a_skill_that_looks_in_the_wrong_place_is_told_so() {
    let looks = |skill_says: (&str, &str), polled: &'static str| {
        let mut play = play(PAIRING, pairing([(200, polled)]));
        play.skill = Some(skill(&of_repository(PAIRING).replace(skill_says.0, skill_says.1)));
        play.begin().pick(0).confirm(true);
        assert!(play.saved.is_empty());
        play.problem()
    };
    let told = looks((".key.secret", ".secret"), r#"{"pairing":{"state":"done","key":{"secret":"rk_1"}}}"#);
    assert!(told.contains("not with .pairing.secret, where the skill looks"), "{told}");
    assert!(told.contains("It has .pairing.state, .pairing.key. Mend the skill") && !told.contains("rk_1"), "{told}");
    let told = looks((".words.short", ".word"), "{}");
    assert!(told.contains("not with .pairing.word"), "{told}");
    let told = looks(("device_code: .id", "device_code: .code"), "{}");
    assert!(told.contains("not with .pairing.code") && told.contains(".pairing.id"), "{told}");
}

#[test]
fn what_only_we_may_know_is_not_shown_though_the_page_has_it() {
    let mut fake = pairing([(200, "{}")]);
    fake.json(START, json!({"pairing": {"id": "pairing_1", "words": {"short": "KITE-42"}, "pages": ["https://acme.dev/pair?id=pairing_1"]}}));
    let mut play = play(PAIRING, fake);
    play.begin().pick(0).confirm(true);
    assert!(play.problem().contains("holds what only this program may know"), "{}", play.problem());
    assert!(!format!("{:?}", play.screen()).contains("pairing_1"));
}

#[test]
fn a_key_is_made_on_its_page_pasted_and_tried_where_the_skill_says() {
    let key = format!("sk-or-v1-{}", "0a".repeat(32));
    for (only, picked) in [(None, 1), (Some(Way::Key), 0)] {
        let mut fake = Fake::default();
        fake.on("GET https://openrouter.ai/api/v1/key", [401, 200, 401, 200].map(|status| answer(status, "{}")));
        let flow = SignUp::new(Target::parse("./skill.yaml").expect("a target"), None);
        let mut play = Play::new(only.into_iter().fold(flow, SignUp::only), fake);
        play.skill = Some(skill(&of_repository(OPENROUTER)));
        play.begin();
        let shown = format!("{:?}", play.screen().prompt);
        assert!(play.opened.is_empty() && shown.contains("https://openrouter.ai/settings/keys"), "{shown}");
        play.pick(picked);
        assert_eq!(
            (play.id().as_str(), play.opened.as_slice()),
            ("key", ["https://openrouter.ai/settings/keys".to_owned()].as_slice())
        );
        assert_eq!(play.screen().link.map(String::from).as_deref(), Some("https://openrouter.ai/settings/keys"));
        play.text(&format!("  {key}\r\n"));
        let Outcome::Connected(account) = play.outcome() else { panic!("{:?}", play.screen()) };
        assert_eq!((account.mode, account.layers[0].kind), (Mode::ApiKey, LayerKind::ApiKey));
        assert_eq!(account.proof.map(|proof| proof.verdict), Some(Verdict::Accepted { status: 200 }));
        assert!(play.requests.iter().all(|request| request.url.path() == "/api/v1/key"));
        assert_eq!(play.saved[0].secrets.credential, Secret::new(key.as_str()));
    }
}

#[test]
fn what_does_not_look_like_a_key_is_doubted_once_and_one_that_is_refused_is_not_kept() {
    let mut fake = Fake::default();
    fake.on("GET https://openrouter.ai/api/v1/key", [answer(401, "{}")]);
    let mut play = Play::new(SignUp::new(Target::parse("./skill.yaml").expect("a target"), None).only(Way::Key), fake);
    play.skill = Some(skill(&of_repository(OPENROUTER)));
    // Over SSH the page is shown, not opened.
    play.known.surroundings = Surroundings { no_browser: Some("you are on SSH"), ..Surroundings::default() };
    play.begin();
    play.pick(0).text("sk-proj-1");
    assert!(play.opened.is_empty() && play.screen().link.is_some());
    assert!(play.problem().contains("does not look like what OpenRouter calls API key"), "{}", play.problem());
    assert!(play.requests.is_empty(), "a key of another service goes nowhere");
    play.text("sk-proj-2");
    assert!(play.problem().contains("does not look like"), "another one is another doubt");
    play.text("sk-proj-2");
    assert!(play.problem().contains("refuses this key (401)"), "{}", play.problem());
    assert!(play.saved.is_empty());
}

#[test]
fn a_server_that_publishes_nothing_is_signed_in_to_as_the_skill_says() {
    let mut fake = Fake::default();
    fake.on("GET https://forge.acme.dev/", [answer(401, ""), answer(200, "{}")]);
    fake.json(
        "POST https://forge.acme.dev/login/device",
        json!({"device_code": "dc_1", "user_code": "WDJB-47KQ", "verification_uri": "https://forge.acme.dev/device", "interval": 5}),
    );
    fake.json(
        "POST https://forge.acme.dev/login/token",
        json!({"access_token": "at_1", "token_type": "bearer", "refresh_token": "rt_1"}),
    );
    let mut play = play("tests/fixtures/skills/known-client.md", fake);
    play.known.surroundings = Surroundings { no_browser: Some("you are on SSH"), ..Surroundings::default() };
    play.begin();
    assert_eq!(play.choices().len(), 2);
    play.pick(0).confirm(true);
    let Outcome::Connected(account) = play.outcome() else { panic!("{:?}", play.screen()) };
    assert_eq!(play.bodies()[0], ["scope=repo gist", "client_id=Iv1.known"]);
    assert_eq!(account.client.as_ref().map(|client| client.id.as_str()), Some("Iv1.known"));
    assert!(matches!(account.renewal, Renewal::Refresh { .. }) && !account.bound, "{account:?}");
    let Account { scopes, .. } = *account;
    assert_eq!(scopes, ["repo", "gist"]);
}

#[test]
fn a_client_that_only_the_skill_names_is_used_at_the_server_that_is_found() {
    let mut fake = crate::support::oauth::fake();
    fake.json("GET https://mcp.acme.dev/v1", json!({}));
    let text = "id: acme\nwebsite: https://mcp.acme.dev/v1\nauth: {type: oauth2, client_id: known_1ISSUER}\n";
    for (issuer, id) in
        [("", "known_1"), (", issuer: https://auth.acme.dev/t1", "known_1"), (", issuer: https://b.dev", "client_1")]
    {
        let mut play = Play::new(SignUp::new(Target::parse("./skill.yaml").expect("a target"), None), fake.clone());
        play.skill = Some(skill(&text.replace("ISSUER", issuer)));
        let play = in_browser(play);
        assert_eq!(play.id(), "paste", "{}", play.problem());
        assert_eq!(query(&play.opened[0], "client_id").as_deref(), Some(id), "{issuer}");
    }
}

/// How a skill says that its credential is shown; or why it cannot be used.
fn shown(auth: &str) -> String {
    match Skill::read(&format!("id: acme\nwebsite: https://acme.dev\n{auth}"), "acme") {
        Ok(skill) => {
            format!("{} at {}{}", skill.presentation, skill.resource, if skill.key.is_some() { ", page" } else { "" })
        }
        Err(problem) => problem.what,
    }
}

#[test]
fn all_forms_in_which_a_credential_is_described_are_one() {
    let help = "help_url: https://acme.dev/keys";
    for (auth, expected) in [
        (format!("auth: {{type: api_key, header: X-Acme, {help}}}"), "header:x-acme at https://acme.dev/, page"),
        (
            format!("auth: {{type: api_key, header: Authorization, prefix: 'Bearer ', {help}}}"),
            "bearer at https://acme.dev/, page",
        ),
        (format!("auth: {{type: api_key, query: key, {help}}}"), "query:key at https://acme.dev/, page"),
        (
            format!(
                "connections: {{api: {{base_url: https://api.acme.dev/v1, header: {{Authorization: '\"Bearer \" + .auth.key'}}, {help}}}}}"
            ),
            "bearer at https://api.acme.dev/v1, page",
        ),
        (
            format!(
                "connections: {{api: {{header: {{X-Acme: .auth.key, Accept: application/json}}, optional: true, {help}}}, open: {{base_url: https://acme.dev}}}}"
            ),
            "header:x-acme at https://acme.dev/, page",
        ),
        (
            format!("connections: {{api: {{query: {{api_key: .auth.key}}, {help}}}}}"),
            "query:api_key at https://acme.dev/, page",
        ),
        (
            format!("connections: {{api: {{auth: {{type: api_key, header: {{Authorization: .auth.key}}}}, {help}}}}}"),
            "raw at https://acme.dev/, page",
        ),
        (format!("auth: {{type: api_key, body: key, {help}}}"), "parts:body.0:key: at https://acme.dev/, page"),
        (
            format!(
                "auth: {{header: {{X-Id: '.auth.key | split(\":\") | .[0]', X-Key: '(.auth.key | split(\":\"))[1]'}}, {help}}}"
            ),
            "parts:header.1:x-id:;header.2:x-key: at https://acme.dev/, page",
        ),
        (
            format!(
                "connections: {{api: {{body: {{apikey: '.auth.key | split(\":\")[0]', secret: '.auth.key | split(\":\") | last'}}, {help}}}}}"
            ),
            "parts:body.1:apikey:;body.2:secret: at https://acme.dev/, page",
        ),
        (
            format!(
                "connections: {{api: {{header: {{Authorization: '\"Basic \" + (.auth.key | @base64)'}}, {help}}}}}"
            ),
            "basic at https://acme.dev/, page",
        ),
    ] {
        assert_eq!(shown(&auth), expected, "{auth}");
    }
    // What looks like a number or a yes is a text all the same.
    let text = "id: acme\nwebsite: https://acme.dev\nauth: {type: oauth2, client_id: 0123, token_url: https://acme.dev/t, authorize_url: https://acme.dev/a, scopes: [on, 1]}";
    let skill = Skill::read(text, "acme").expect("a skill");
    assert_eq!(skill.client_id.as_deref(), Some("0123"));
    assert_eq!(skill.server.map(|server| server.scopes), Some(vec!["on".to_owned(), "1".to_owned()]));
    for (auth, why) in [
        ("auth: [1]", "none, or a block"),
        ("auth: none", "needs no credential"),
        ("connections: {web: {cookies: {domain: .acme.dev}}}", "in the connection web: it lives on the cookies"),
        ("connections: {web: {auth: {type: cookies}}}", "lives on the cookies"),
        ("connections: {g: {oauth: {service: google}}}", "that of the program it was written for"),
        ("connections: {a: {header: {X: .auth.key}}, b: {header: {Y: .auth.key}}}", "a and b want a credential each"),
        ("connections: {a: {header: {X: .auth.key, Y: .auth.secret}}}", ".auth.secret is not .auth.key"),
        ("connections: {a: {header: {X: '.auth.key | @base64'}}}", "is not .auth.key"),
        ("connections: {a: {query: {x: '\"Basic \" + (.auth.key | @base64)'}}}", "stands in the header Authorization"),
        ("connections: {a: {header: {Host: .auth.key}}}", "no credential is shown in Host"),
        ("connections: {a: {header: {Accept: text/plain}}}", "none of its templates speaks of"),
        ("auth: {type: keychain}", "in the system's keyring"),
        ("auth: {type: connection_string}", "the address of a database"),
        ("connections: {a: {base_url: https://acme.dev}}", "none of its connections wants"),
        ("auth: {type: api_key}\nconnections: {a: {header: {X: .auth.key}}}", "say the same"),
    ] {
        assert!(shown(auth).contains(why), "{auth}: {}", shown(auth));
    }
}

#[test]
fn an_apostrophe_in_single_quotes_is_told_with_its_place_and_its_mend() {
    let skill_of = |text: &str| match Skill::read(text, "readme.md") {
        Ok(skill) => panic!("{skill:?}"),
        Err(problem) => problem.to_string(),
    };
    let yaml = "id: acme\nwebsite: https://acme.dev\nutilities:\n  signup:\n    message: '\"Click it. Once you\\'re in, copy the key.\"'\n";
    let told = skill_of(yaml);
    assert!(told.contains("line 5 column 3") && told.contains("an apostrophe is written twice"), "{told}");
    let told = skill_of(&format!("---\n{yaml}---\n# Acme\n"));
    assert!(told.contains("line 6 column 3") && told.contains("an apostrophe is written twice"), "{told}");
}

#[test]
fn a_skill_that_cannot_be_used_ends_it_before_anything_is_sent() {
    let openrouter = of_repository(OPENROUTER);
    let changed = |from: &str, to: &str| openrouter.replace(from, to);
    let oauth2 = |auth: &str| {
        format!("id: a\nwebsite: https://a.dev\nauth: {{type: oauth2, token_url: 'https://a.dev/t', {auth}}}\n")
    };
    let pairing = of_repository(PAIRING);
    for (text, why) in [
        (String::new(), "unexpected end"),
        ("{".into(), "cannot be used"),
        (changed("id: openrouter", "id: a b"), "letters, digits and dashes"),
        (changed("website: https", "website: http"), "not encrypted"),
        // Nothing leads to another site than that of the credential.
        (changed("url: https://openrouter.ai/auth", "url: https://evil.dev/auth"), "evil.dev is not of the site"),
        (changed("url: https://openrouter.ai/api/v1/auth", "url: https://evil.dev/"), "evil.dev is not of the site"),
        (changed("base_url: https://openrouter.ai", "base_url: https://evil.dev"), "is not below https://evil.dev"),
        (changed("api/v1/key\n", "api/v2/key\n"), "is not below"),
        (changed("https://openrouter.ai/api/v1/auth/keys", "https:///{client_id}/openrouter.ai/keys"), "only its path"),
        (changed("https://openrouter.ai/auth", "https://openrouter.ai/auth?callback_url=x"), "a query of its own"),
        (
            changed(
                "code_challenge_method: S256\n    token",
                "code_challenge_method: S256\n        redirect: https://evil.dev\n    token",
            ),
            "redirect is not one word",
        ),
        // Nothing goes without its proof.
        (changed("code_challenge: .params.code_challenge", "x: y"), "a stolen code would do"),
        (changed("code_challenge_method: S256\n    token", "code_challenge_method: plain\n    token"), "a stolen code"),
        (changed("code_verifier: .params.code_verifier", "x: y"), "does not send .params.code_verifier"),
        (changed("callback_url: .params.redirect_uri", "x: y"), "where the answer is brought to"),
        (pairing.replace("{device_code}", "all"), "does not send .params.device_code"),
        (oauth2("device_authorization_url: 'https://a.dev/d', issuer: 'https://auth.acme.dev'"), "is no issuer of"),
        (oauth2("device_authorization_url: 'https://b.dev/d'"), "b.dev is not of the site of a.dev"),
        // What would be passed over is said.
        (changed("http://localhost:3000", "http://evil.dev:3000"), "is not http://localhost"),
        (changed("mode: oauth", "mode: cookies"), "\"cookies\" is not one of oauth, device"),
        (changed("    token:", "    tokens:"), "tokens"),
        (
            format!(
                "{pairing}  - mode: device\n    start: {{url: 'https://acme.dev/'}}\n    poll: {{url: 'https://acme.dev/', query: {{a: .params.device_code}}}}\n"
            ),
            "twice",
        ),
        (changed("type: api_key", "type: basic"), "not one of api_key, oauth2"),
        (changed("type: api_key\n", "type: api_key\n  scopes: [all]\n"), "sends .params.scope nowhere"),
        (
            changed("type: api_key\n", "type: api_key\n  revocation_url: https://openrouter.ai/r\n"),
            "says the same as signup",
        ),
        (oauth2("authorize_url: 'https://a.dev/a', header: X-API-Key"), "shown as a bearer"),
        (
            "id: a\nwebsite: https://a.dev\nauth: {type: api_key, token_url: 'https://a.dev/t'}".into(),
            "with type: oauth2",
        ),
        (oauth2("client_id: a b"), "client_id is not one word"),
        (changed("name: OpenRouter", "name: A\nname: B"), "name"),
        (changed("^sk-or-v1-[a-f0-9]{64}$", "(open"), "its pattern (open is none"),
        (changed("help_url: https", "help_url: http"), "not encrypted"),
        (changed("header: Authorization", "header: Host"), "no credential is shown in Host"),
        (changed("header: Authorization", "query: a&b"), "only a header has a prefix"),
        (changed("header: Authorization", "query: key\n  header: X-Key"), "not in two of them"),
        (changed("auth:\n  type: api_key", "auth: none\nx:\n  type: api_key"), "needs no credential"),
        (
            format!(
                "a: &a [x, x, x, x, x, x, x, x]\nb: &b [*a, *a, *a, *a, *a, *a, *a, *a]\nc: &c [*b, *b, *b, *b, *b, *b, *b, *b]\nd: &d [*c, *c, *c, *c, *c, *c, *c, *c]\ne: [*d, *d, *d, *d, *d, *d, *d, *d]\n{openrouter}"
            ),
            "cannot be used",
        ),
        ("[".repeat(5_000), "cannot be used"),
    ] {
        let mut play = Play::new(SignUp::new(Target::parse("./skill.yaml").expect("a target"), None), Fake::default());
        play.skill = Some(skill(&text));
        play.begin();
        let problem = play.problem();
        assert!(problem.contains(why), "{why}: {problem}\n{text:.200}");
        assert!(play.requests.is_empty() && !problem.contains('\u{1b}'), "{problem}");
        assert!(problem.lines().all(|line| line.chars().count() < 400), "{problem}");
    }
}
