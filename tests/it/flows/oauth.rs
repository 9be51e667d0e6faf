//! Signing in by OAuth: who we are, the browser, the code, and everything that comes back otherwise than it should.

use authmd_tui::account::{Authentication, LayerKind, Mode, Renewal, Revocation};
use authmd_tui::flow::signup::SignUp;
use authmd_tui::flow::target::Target;
use authmd_tui::flow::{Answer, Input, Outcome, Prompt, Ssh, Surroundings};
use authmd_tui::http::{HttpError, Request};
use authmd_tui::problem::{Kind, Problem};
use authmd_tui::secret::Secret;
use jiff::SignedDuration;
use serde_json::{Value, json};
use url::Url;

use crate::support::noon;
use crate::support::oauth::{DEVICE, ISSUER, REGISTER, SERVER, TARGET, TOKEN, fake, metadata};
use crate::support::play::{Fake, Play, answer, refusal};

fn with(more: Value) -> Value {
    let mut metadata = metadata();
    for (name, value) in more.as_object().expect("members") {
        metadata[name.as_str()] = value.clone();
    }
    metadata
}

fn play(fake: Fake) -> Play {
    Play::new(SignUp::new(Target::parse(TARGET).expect("a target"), None), fake)
}

/// On a machine that is reached by SSH.
fn over_ssh(fake: Fake) -> Play {
    let mut play = play(fake);
    play.known.surroundings = Surroundings {
        no_browser: Some("you are on SSH"),
        ssh: Some(Ssh { user: "ada".into(), host: "203.0.113.5".into(), port: 2222 }),
        ..Surroundings::default()
    };
    play
}

/// As far as the browser: the way is chosen, consent given.
fn in_browser(mut play: Play) -> Play {
    play.begin();
    let nth = play.choices().iter().position(|choice| choice.contains("browser")).expect("offered");
    play.pick(nth).confirm(true);
    play
}

fn with_code(mut play: Play) -> Play {
    play.begin();
    let nth = play.choices().iter().position(|choice| choice.contains("short code")).expect("offered");
    play.pick(nth).confirm(true);
    play
}

fn good(play: &Play) -> String {
    format!("code=c_1&state={}&iss=https%3A%2F%2Fauth.acme.dev%2Ft1", play.state())
}

fn query(link: &str, name: &str) -> Option<String> {
    let link = Url::parse(link).expect("a link");
    link.query_pairs().find(|(known, _)| known == name).map(|(_, value)| value.into_owned())
}

fn sent<'a>(play: &'a Play, call: &str) -> Vec<&'a Request> {
    let is = |request: &&Request| format!("{} {}", request.method.as_str(), request.url) == call;
    play.requests.iter().filter(is).collect()
}

fn field(request: &Request, name: &str) -> Option<String> {
    let field = request.body.fields().iter().find(|field| field.name == name)?;
    Some(field.value.as_text().to_string())
}

#[test]
fn in_the_browser_the_port_is_open_before_anything_is_registered() {
    let mut play = in_browser(play(fake()));
    assert_eq!(play.id(), "paste");
    let order: Vec<&str> = play.done.iter().map(String::as_str).filter(|done| !matches!(*done, "lookup")).collect();
    let from_listening = order.iter().position(|done| *done == "listen").expect("listened");
    assert_eq!(order[from_listening..], ["listen", "http", "open", "await"]);

    let registration = sent(&play, REGISTER)[0];
    assert_eq!(field(registration, "redirect_uris").as_deref(), Some("http://127.0.0.1:41890/callback"));
    assert_eq!(field(registration, "application_type").as_deref(), Some("native"));
    assert_eq!(field(registration, "token_endpoint_auth_method").as_deref(), Some("none"));

    let link = &play.opened[0];
    assert!(link.starts_with("https://auth.acme.dev/t1/authorize?"), "{link}");
    for (name, value) in [
        ("response_type", "code"),
        ("client_id", "client_1"),
        ("redirect_uri", "http://127.0.0.1:41890/callback"),
        ("resource", TARGET),
        ("scope", "notes.read notes.write offline_access"),
        ("code_challenge_method", "S256"),
        ("state", "st_1"),
    ] {
        assert_eq!(query(link, name).as_deref(), Some(value), "{name}");
    }
    assert_eq!(query(link, "code_challenge").map(|it| it.len()), Some(43));
    assert_eq!(play.screen().link.map(String::from).as_ref(), Some(link), "it is shown as well");

    let redirect = good(&play);
    play.redirect(&redirect);
    let redeemed = sent(&play, TOKEN)[0];
    for (name, value) in [
        ("grant_type", "authorization_code"),
        ("code", "c_1"),
        ("redirect_uri", "http://127.0.0.1:41890/callback"),
        ("client_id", "client_1"),
        ("resource", TARGET),
    ] {
        assert_eq!(field(redeemed, name).as_deref(), Some(value), "{name}");
    }
    assert!(field(redeemed, "code_verifier").is_some());
    assert!(!play.is_listening(), "a replay finds nobody");

    assert!(matches!(play.outcome(), Outcome::Connected(_)), "{:?}", play.outcome());
    let kept = &play.saved[0];
    let account = &kept.account;
    assert_eq!((account.mode, account.bound, account.resource.as_str()), (Mode::OAuth, true, TARGET));
    assert_eq!(account.scopes, ["notes.read"]);
    let url = "https://auth.acme.dev/t1/token".parse().expect("a URL");
    assert_eq!(account.renewal, Renewal::Refresh { url, resource: Some(TARGET.to_owned()) });
    assert!(matches!(&account.revocation, Revocation::Endpoint { url, .. } if url.path() == "/t1/revoke"));
    let kinds: Vec<LayerKind> = account.layers.iter().map(|layer| layer.kind).collect();
    assert_eq!(kinds, [LayerKind::AccessToken, LayerKind::RefreshToken, LayerKind::ClientRegistration]);
    assert_eq!(kept.secret_of(LayerKind::RefreshToken), Some(&Secret::new("rt_1")));
    assert_eq!(kept.secret_of(LayerKind::ClientRegistration), None);
    let client = account.client.as_ref().expect("known");
    assert_eq!((client.id.as_str(), client.issuer.as_deref(), client.registered), ("client_1", Some(ISSUER), true));
    assert!(play.text_shown().contains("not granted: notes.write"), "{}", play.text_shown());
    assert!(play.text_shown().contains("is for this resource only"), "{}", play.text_shown());
    assert!(account.proof.is_some(), "it was tried where it was asked for");
}

#[test]
fn nothing_is_sent_before_consent() {
    let mut play = play(fake());
    play.begin().pick(0);
    assert_eq!((play.id().as_str(), play.posts(), play.port), ("consent", vec![], None));
    assert!(play.text_shown().contains("notes.read, notes.write, offline_access"), "{}", play.text_shown());
    play.confirm(false);
    assert_eq!((play.outcome(), play.posts()), (Outcome::Cancelled, vec![]));
}

#[test]
fn what_the_person_brings_by_hand_is_as_good_as_the_browser() {
    for brought in
        ["http://127.0.0.1:41890/callback?code=c_1&state=st_1&iss=https%3A%2F%2Fauth.acme.dev%2Ft1", "c_1#st_1", "c_1"]
    {
        // A code alone cannot say who it is from, whatever the server promises of its redirects.
        let mut play = in_browser(over_ssh(fake()));
        assert!(play.opened.is_empty(), "no browser is started over SSH");
        play.text(brought);
        assert!(matches!(play.outcome(), Outcome::Connected(_)), "{brought}: {:?}", play.outcome());
        assert_eq!(field(sent(&play, TOKEN)[0], "code").as_deref(), Some("c_1"), "{brought}");
    }
}

#[test]
fn over_ssh_the_pane_has_everything_to_get_the_answer_here() {
    let mut play = over_ssh(fake());
    play.begin();
    assert_eq!(play.choices(), ["OAuth, with a short code", "OAuth, in a browser elsewhere"], "the code first");
    let play = in_browser(over_ssh(fake()));
    let shown = play.text_shown();
    assert!(shown.contains("\nssh -N -L 41890:127.0.0.1:41890 -p 2222 ada@203.0.113.5\n"), "{shown}");
    assert!(shown.contains("short code"), "{shown}");
    assert!(matches!(play.screen().prompt, Some(Prompt::Paste { .. })));
}

#[test]
fn what_does_not_belong_here_is_not_used_and_the_right_one_still_is() {
    let mut play = in_browser(play(fake()));
    play.redirect("code=stolen&state=st_0&iss=https%3A%2F%2Fauth.acme.dev%2Ft1");
    assert_eq!(play.id(), "paste");
    assert!(play.problem().contains("does not belong to this sign-in"), "{}", play.problem());
    play.redirect("code=a&code=b&state=st_1");
    assert!(play.problem().contains("does not belong"), "{}", play.problem());
    for (brought, told) in [
        ("stolen#st_0", "does not belong"),
        ("https://auth.acme.dev/t1/authorize?response_type=code&state=st_1", "the link to open"),
        ("two words", "no answer in that"),
    ] {
        play.text(brought);
        assert!(play.problem().contains(told), "{brought}: {}", play.problem());
    }
    assert!(sent(&play, TOKEN).is_empty());
    let redirect = good(&play);
    play.redirect(&redirect);
    assert!(matches!(play.outcome(), Outcome::Connected(_)));
}

#[test]
fn an_answer_from_somebody_else_is_refused_without_its_words() {
    for redirect in [
        "code=c_1&state=st_1&iss=https%3A%2F%2Fevil.example",
        "error=access_denied&error_description=call+555&state=st_1&iss=https%3A%2F%2Fauth.acme.dev%2Ft1%2F",
        "code=c_1&state=st_1",
    ] {
        let mut play = in_browser(play(fake()));
        play.redirect(redirect);
        assert_eq!(play.id(), "confirm", "{redirect}");
        let problem = play.screen().problem.expect("told");
        assert!(problem.kind == Kind::Unsafe && problem.what.contains("from"), "{problem}");
        assert!(!format!("{:?}", play.screen()).contains("555"), "{redirect}");
        assert!(sent(&play, TOKEN).is_empty() && play.saved.is_empty() && !play.is_listening());
        // A new link has another state, and the port and the registration are the same.
        play.confirm(true);
        assert_eq!((play.id().as_str(), play.state().as_str(), sent(&play, REGISTER).len()), ("paste", "st_2", 1));
        let redirect = good(&play);
        play.redirect(&redirect);
        assert!(matches!(play.outcome(), Outcome::Connected(_)));
    }
}

#[test]
fn a_no_is_told_in_the_servers_words_cleaned_and_marked() {
    let mut play = in_browser(play(fake()));
    play.redirect("error=access_denied&error_description=No%1B%5B31m+way%0D%0A%3Cb%3E&state=st_1&iss=https%3A%2F%2Fauth.acme.dev%2Ft1");
    assert!(play.problem().contains("told not to let you in (access_denied)"), "{}", play.problem());
    assert!(play.text_shown().contains("auth.acme.dev says: No [31m way <b>"), "{:?}", play.text_shown());
    // Once more; what goes wrong now is not what was said then.
    play.confirm(true).redirect("state=st_2&iss=https%3A%2F%2Fauth.acme.dev%2Ft1");
    assert!(
        play.problem().contains("without a code") && !play.text_shown().contains("says"),
        "{:?}",
        play.text_shown()
    );
    play.confirm(false);
    assert!(matches!(play.outcome(), Outcome::Refused(_)) && play.saved.is_empty());
}

#[test]
fn without_a_code_there_is_nothing_to_redeem() {
    let mut play = in_browser(play(fake()));
    play.redirect("state=st_1&iss=https%3A%2F%2Fauth.acme.dev%2Ft1");
    assert!(play.problem().contains("without a code"), "{}", play.problem());
    assert_eq!(play.id(), "confirm");
}

#[test]
fn a_browser_that_does_not_start_leaves_the_link() {
    let mut play = play(fake());
    play.opening = Err(Problem::new(Kind::Failed, "The browser did not start: no such file.", "Open it by hand."));
    let mut play = in_browser(play);
    assert!(play.problem().contains("did not start") && play.screen().link.is_some());
    let redirect = good(&play);
    play.redirect(&redirect);
    assert!(matches!(play.outcome(), Outcome::Connected(_)));
}

#[test]
fn odd_token_answers_keep_nothing_and_leave_a_way_on() {
    for (odd, told) in [
        (answer(200, r#"{"access_token":"at_1"}"#), "without saying of which type"),
        (answer(200, r#"{"access_token":"at_1","token_type":"mac"}"#), "without saying of which type"),
        (answer(200, "<html>Sorry"), "cannot be read"),
        (answer(200, r#"{"token_type":"Bearer"}"#), "cannot be read"),
        (refusal(400, "invalid_grant"), "does not take what came back"),
        (answer(503, ""), "in trouble"),
        (Err(HttpError::TimedOut(SignedDuration::from_secs(15))), "did not answer"),
    ] {
        let mut fake = fake();
        fake.on(TOKEN, [odd, answer(200, r#"{"access_token":"at_2","token_type":"bearer"}"#)]);
        let mut play = in_browser(play(fake));
        let redirect = good(&play);
        play.redirect(&redirect);
        assert!(play.problem().contains(told), "{told}: {}", play.problem());
        assert!(play.id() == "confirm" && play.saved.is_empty(), "{told}");
        play.confirm(true);
        let redirect = good(&play);
        play.redirect(&redirect);
        assert!(matches!(play.outcome(), Outcome::Connected(_)), "{told}: {:?}", play.outcome());
        let account = &play.saved[0].account;
        assert_eq!((account.renewal.clone(), account.expires_at()), (Renewal::Person, None));
        assert_eq!(
            account.scopes,
            ["notes.read", "notes.write", "offline_access"],
            "what is not said is what was asked"
        );
    }
}

#[test]
fn with_a_code_it_is_looked_at_the_servers_pace() {
    let mut fake = fake();
    let done = answer(200, r#"{"access_token":"at_1","token_type":"Bearer","refresh_token":"rt_1"}"#);
    fake.on(
        TOKEN,
        [
            refusal(400, "authorization_pending"),
            refusal(400, "slow_down"),
            Err(HttpError::Broken("reset".into())),
            refusal(400, "authorization_pending"),
            done,
        ],
    );
    let play = with_code(play(fake));
    assert!(matches!(play.outcome(), Outcome::Connected(_)), "{:?}", play.outcome());
    // 5 s, 5 s, 10 s after slow_down, 20 s after silence, 10 s again.
    assert_eq!(play.now.duration_since(noon()), SignedDuration::from_secs(5 + 5 + 10 + 20 + 10));
    let asked = sent(&play, DEVICE)[0];
    assert_eq!(field(asked, "client_id").as_deref(), Some("client_1"));
    assert_eq!(field(asked, "scope").as_deref(), Some("notes.read notes.write offline_access"));
    assert_eq!(field(asked, "resource").as_deref(), Some(TARGET));
    assert_eq!(field(sent(&play, TOKEN)[0], "device_code").as_deref(), Some("dc_1"));
    assert_eq!(play.saved[0].account.mode, Mode::Device);
    assert_eq!(play.port, None, "no port is opened for it");
}

#[test]
fn a_code_that_ends_is_replaced_when_the_person_wants_it() {
    for code in ["expired_token", "access_denied", "invalid_grant"] {
        let mut fake = fake();
        fake.on(TOKEN, [refusal(400, code), answer(200, r#"{"access_token":"at_1","token_type":"Bearer"}"#)]);
        let mut play = with_code(play(fake));
        assert_eq!(play.id(), "confirm", "{code}");
        assert!(play.problem().contains(code), "{}", play.problem());
        play.confirm(true);
        assert!(matches!(play.outcome(), Outcome::Connected(_)), "{code}");
        assert_eq!(sent(&play, DEVICE).len(), 2);
    }
}

#[test]
fn a_secret_that_nobody_asked_for_is_kept_and_shown() {
    let mut fake = fake();
    let registered = r#"{"client_id":"client_1","client_secret":"cs_1","client_secret_expires_at":1800000000}"#;
    fake.on(REGISTER, [answer(201, registered)]);
    let mut play = in_browser(play(fake));
    let redirect = good(&play);
    play.redirect(&redirect);
    let redeemed = sent(&play, TOKEN)[0];
    assert!(redeemed.credential.is_some(), "client_secret_basic, as nothing else was said");
    let kept = &play.saved[0];
    assert_eq!(kept.account.client.as_ref().map(|client| client.authentication), Some(Authentication::Basic));
    assert_eq!(kept.secret_of(LayerKind::ClientRegistration), Some(&Secret::new("cs_1")));
    let layer = kept.account.layer(LayerKind::ClientRegistration).expect("a layer");
    assert_eq!(layer.expires_at.map(|end| end.as_second()), Some(1_800_000_000));
}

#[test]
fn only_one_name_of_this_machine_may_be_taken() {
    let mut fake = fake();
    fake.on(REGISTER, [refusal(400, "invalid_redirect_uri"), answer(201, r#"{"client_id":"client_1"}"#)]);
    let play = in_browser(play(fake));
    let tried: Vec<_> = sent(&play, REGISTER).into_iter().filter_map(|sent| field(sent, "redirect_uris")).collect();
    assert_eq!(tried, ["http://127.0.0.1:41890/callback", "http://localhost:41890/callback"]);
    assert_eq!(query(&play.opened[0], "redirect_uri").as_deref(), Some("http://localhost:41890/callback"));
}

#[test]
fn a_server_that_wants_secrets_is_registered_with_in_its_way() {
    let mut fake = fake();
    fake.json(SERVER, with(json!({"token_endpoint_auth_methods_supported": ["client_secret_post"]})));
    let registered =
        r#"{"client_id":"client_1","client_secret":"cs_1","token_endpoint_auth_method":"client_secret_post"}"#;
    fake.on(REGISTER, [refusal(400, "invalid_client_metadata"), answer(201, registered)]);
    let mut play = in_browser(play(fake));
    let redirect = good(&play);
    play.redirect(&redirect);
    assert_eq!(field(sent(&play, REGISTER)[1], "token_endpoint_auth_method").as_deref(), Some("client_secret_post"));
    assert_eq!(field(sent(&play, TOKEN)[0], "client_secret").as_deref(), Some("cs_1"));
}

#[test]
fn who_registers_chosen_programs_only_is_asked_about_and_nobody_is_posed_as() {
    for no in [
        answer(403, r#"{"error":"forbidden","error_description":"client_name not allowed"}"#),
        answer(401, ""),
        refusal(400, "unapproved_software_statement"),
    ] {
        let mut fake = fake();
        fake.on(REGISTER, [no]);
        let mut play = in_browser(play(fake));
        assert_eq!((play.id().as_str(), sent(&play, REGISTER).len()), ("param:client_id", 1));
        assert!(play.problem().contains("only programs that it has chosen"), "{}", play.problem());
        assert!(play.problem().contains("does not pose as another"), "{}", play.problem());
        assert!(play.text_shown().contains("http://127.0.0.1:41890/callback"), "{}", play.text_shown());
        let names: Vec<_> = sent(&play, REGISTER).iter().filter_map(|sent| field(sent, "client_name")).collect();
        assert_eq!(names, ["authmd-tui"]);
        play.text("two words");
        assert!(play.problem().contains("not a client id"));
        play.text("mine");
        assert_eq!(query(&play.opened[0], "client_id").as_deref(), Some("mine"));
    }
}

#[test]
fn who_we_are_is_settled_in_this_order() {
    let none = |fake: &mut Fake| {
        fake.json(SERVER, with(json!({"registration_endpoint": null, "client_id_metadata_document_supported": true})));
    };
    // Known beforehand.
    let mut first = play(fake());
    first.known.clients.known = vec![(ISSUER.into(), "known_1".into())];
    first.known.clients.document = Some("https://me.example/client.json".parse().expect("a URL"));
    let first = in_browser(first);
    assert_eq!(query(&first.opened[0], "client_id").as_deref(), Some("known_1"));
    assert!(sent(&first, REGISTER).is_empty());
    // A person may leave the last slash out, or write one too many; another server is another server.
    for (issuer, id) in [(format!("{ISSUER}/"), "known_1"), ("https://auth.acme.dev".to_owned(), "client_1")] {
        let mut other = play(fake());
        other.known.clients.known = vec![(issuer, "known_1".into())];
        assert_eq!(query(&in_browser(other).opened[0], "client_id").as_deref(), Some(id));
    }
    // A document about this program, where that is taken.
    let mut fake_ = fake();
    none(&mut fake_);
    let mut second = play(fake_);
    second.known.clients.document = Some("https://me.example/client.json".parse().expect("a URL"));
    assert_eq!(query(&in_browser(second).opened[0], "client_id").as_deref(), Some("https://me.example/client.json"));
    // Nobody but the person can say.
    let mut fake_ = fake();
    none(&mut fake_);
    assert_eq!(in_browser(play(fake_)).id(), "param:client_id");
}

#[test]
fn a_client_of_the_persons_may_have_a_secret() {
    let mut fake = fake();
    fake.json(
        SERVER,
        with(json!({"registration_endpoint": null, "token_endpoint_auth_methods_supported": ["client_secret_post"]})),
    );
    fake.on(TOKEN, [refusal(401, "invalid_client"), answer(200, r#"{"access_token":"at_1","token_type":"Bearer"}"#)]);
    let mut play = in_browser(play(fake));
    play.text("mine");
    let redirect = good(&play);
    play.redirect(&redirect);
    assert_eq!(play.choices(), ["It has a secret", "It is another client", "Stop here"]);
    assert!(play.problem().contains("invalid_client, 401"), "{}", play.problem());
    play.pick(0);
    assert_eq!(play.id(), "param:client_secret");
    assert!(matches!(play.screen().prompt, Some(Prompt::Secret { .. })));
    play.text("cs_1");
    let redirect = good(&play);
    play.redirect(&redirect);
    assert_eq!(field(sent(&play, TOKEN)[1], "client_secret").as_deref(), Some("cs_1"));
    assert_eq!(play.saved[0].secret_of(LayerKind::ClientRegistration), Some(&Secret::new("cs_1")));
}

const INVALID_CLIENT: &str = r#"{"error":"invalid_client"}"#;
const TOKENS: &str = r#"{"access_token":"at_1","token_type":"Bearer"}"#;

#[test]
fn a_client_that_was_named_wrong_is_corrected_within_the_walk() {
    let mut fake = fake();
    fake.json(SERVER, with(json!({"registration_endpoint": null})));
    fake.on(TOKEN, [answer(401, INVALID_CLIENT), answer(401, INVALID_CLIENT), answer(200, TOKENS)]);
    let mut play = in_browser(play(fake));
    play.text("mien");
    let come_back = |play: &mut Play| {
        let redirect = good(play);
        play.redirect(&redirect);
    };
    come_back(&mut play);
    play.pick(0).text("cs_wrong");
    come_back(&mut play);
    assert_eq!(play.choices()[0], "Its secret is another one");
    play.pick(1);
    assert_eq!(play.id(), "param:client_id");
    assert!(play.text_shown().contains("http://127.0.0.1:41890/callback"), "as it was: {}", play.text_shown());
    play.text("mine");
    come_back(&mut play);
    let ids: Vec<_> = play.opened.iter().filter_map(|link| query(link, "client_id")).collect();
    assert_eq!(ids, ["mien", "mien", "mine"]);
    let account = &play.saved[0].account;
    assert_eq!(account.client.as_ref().map(|client| client.id.as_str()), Some("mine"));
    assert_eq!(play.saved[0].secret_of(LayerKind::ClientRegistration), None, "the secret was the other one's");
}

#[test]
fn what_was_settled_beforehand_and_is_not_taken_gives_way_to_a_registration() {
    let not_known = |fake: &mut Fake| {
        fake.on(TOKEN, [answer(401, INVALID_CLIENT), answer(200, TOKENS)]);
    };
    // The settings name a client; the token endpoint does not take it.
    let mut acme = fake();
    not_known(&mut acme);
    let mut first = play(acme);
    first.known.clients.known = vec![(ISSUER.into(), "known_1".into())];
    let mut first = in_browser(first);
    let redirect = good(&first);
    first.redirect(&redirect);
    assert_eq!(first.choices()[2], "Let the server register this program");
    // Another id may be wrong, too; the registration is there as before.
    first.pick(1).text("other_1").step(Input::Answer(Answer::NewCode));
    let nth = first.choices().iter().position(|choice| choice.contains("correct the client")).expect("offered");
    first.pick(nth);
    assert_eq!(first.choices()[2], "Let the server register this program");
    first.pick(2);
    assert_eq!(query(&first.opened[2], "client_id").as_deref(), Some("client_1"));

    // The page turns it away, where no redirect tells us.
    let mut second = play(fake());
    second.known.clients.known = vec![(ISSUER.into(), "known_1".into())];
    let mut second = in_browser(second);
    second.step(Input::Answer(Answer::NewCode));
    let nth = second.choices().iter().position(|choice| choice.contains("correct the client")).expect("offered");
    second.pick(nth);
    assert!(second.problem().contains("does not take the client known_1"), "{}", second.problem());
    second.pick(3);
    assert_eq!(second.outcome().name(), "refused");

    // It may not do this, and says so in the redirect (RFC 6749, section 4.1.2.1).
    let mut third = in_browser(play(fake()));
    let state = third.state();
    third.redirect(&format!("error=unauthorized_client&state={state}&iss=https%3A%2F%2Fauth.acme.dev%2Ft1"));
    assert!(third.problem().contains("does not let this client sign people in"), "{}", third.problem());
    assert_eq!(third.choices(), ["It is another client", "Stop here"], "another registration would be the same");
}

#[test]
fn a_code_that_is_on_its_way_is_waited_for_when_the_person_leaves() {
    for (came, outcome, saved) in [
        (answer(200, TOKENS), "connected", 1),
        (answer(400, r#"{"error":"invalid_grant"}"#), "cancelled", 0),
        (Err(HttpError::TimedOut(SignedDuration::from_secs(30))), "cancelled", 0),
    ] {
        let mut fake = fake();
        fake.on(TOKEN, [came]);
        let mut play = in_browser(play(fake));
        play.slow = Some(TOKEN.into());
        let redirect = good(&play);
        play.redirect(&redirect).step(Input::Cancel);
        assert_eq!(play.screen().outcome, None, "what the code brings would be lost");
        play.step(Input::Answer(Answer::NewCode));
        assert_eq!(play.screen().outcome, None, "that is no answer to anything");
        play.arrives();
        assert_eq!((play.outcome().name(), play.saved.len()), (outcome, saved));
    }
}

#[test]
fn where_nobody_listens_any_more_the_answer_can_be_brought_all_the_same() {
    let mut play = in_browser(play(fake()));
    play.port_breaks();
    assert_eq!(play.id(), "paste");
    let redirect = good(&play);
    play.text(&redirect);
    assert!(matches!(play.outcome(), Outcome::Connected(_)), "{:?}", play.screen());
}

#[test]
fn a_registration_that_was_pruned_is_made_anew_by_itself() {
    let mut fake = fake();
    fake.on(REGISTER, [answer(201, r#"{"client_id":"client_1"}"#), answer(201, r#"{"client_id":"client_2"}"#)]);
    fake.on(TOKEN, [refusal(401, "invalid_client"), answer(200, r#"{"access_token":"at_1","token_type":"Bearer"}"#)]);
    let mut play = in_browser(play(fake));
    let redirect = good(&play);
    play.redirect(&redirect);
    assert_eq!((play.id().as_str(), play.opened.len()), ("paste", 2), "without a question");
    assert_eq!(query(&play.opened[1], "client_id").as_deref(), Some("client_2"));
    let redirect = good(&play);
    play.redirect(&redirect);
    assert_eq!(play.saved[0].account.client.as_ref().map(|client| client.id.as_str()), Some("client_2"));
}

#[test]
fn another_port_needs_another_registration() {
    let mut fake = fake();
    fake.on(REGISTER, [answer(201, r#"{"client_id":"client_1"}"#), answer(201, r#"{"client_id":"client_2"}"#)]);
    let mut play = in_browser(play(fake));
    play.redirect("error=server_error&state=st_1&iss=https%3A%2F%2Fauth.acme.dev%2Ft1");
    // Meanwhile somebody else has taken the port.
    play.free_ports.push_back(50_000);
    play.confirm(true);
    assert_eq!(query(&play.opened[1], "redirect_uri").as_deref(), Some("http://127.0.0.1:50000/callback"));
    assert_eq!(query(&play.opened[1], "client_id").as_deref(), Some("client_2"));
}

#[test]
fn a_resource_that_is_not_taken_is_left_out_only_when_the_person_agrees() {
    for redirect in
        ["error=invalid_target", "error=invalid_request&error_description=AADSTS9010010:+The+resource+parameter"]
    {
        let mut play = in_browser(play(fake()));
        play.redirect(&format!("{redirect}&state=st_1&iss=https%3A%2F%2Fauth.acme.dev%2Ft1"));
        assert!(play.text_shown().contains("may open more than https://mcp.acme.dev/v1"), "{}", play.text_shown());
        play.confirm(true);
        assert_eq!(query(&play.opened[1], "resource"), None);
        let redirect = good(&play);
        play.redirect(&redirect);
        assert_eq!(field(sent(&play, TOKEN)[0], "resource"), None);
        assert!(!play.saved[0].account.bound);
        assert!(!play.text_shown().contains("only"), "{}", play.text_shown());
    }
    let mut fake = fake();
    fake.on(TOKEN, [refusal(400, "invalid_target")]);
    let mut play = in_browser(play(fake));
    let redirect = good(&play);
    play.redirect(&redirect);
    play.confirm(false);
    assert!(matches!(play.outcome(), Outcome::Refused(_)) && play.saved.is_empty());
}

#[test]
fn what_only_the_browser_shows_has_its_remedies() {
    let trouble = |fake| {
        let mut play = in_browser(play(fake));
        play.step(authmd_tui::flow::Input::Answer(authmd_tui::flow::Answer::NewCode));
        play
    };
    let pick = |play: &mut Play, what: &str| {
        let nth = play.choices().iter().position(|choice| choice.contains(what)).unwrap_or_else(|| panic!("{what}"));
        play.pick(nth);
    };
    let mut anew = trouble(fake());
    assert_eq!(anew.choices().len(), 5);
    pick(&mut anew, "register anew");
    assert_eq!((anew.opened.len(), sent(&anew, REGISTER).len(), anew.state().as_str()), (2, 2, "st_2"));
    let mut other = trouble(fake());
    pick(&mut other, "redirect address");
    assert_eq!(query(&other.opened[1], "redirect_uri").as_deref(), Some("http://localhost:41890/callback"));
    let mut unbound = trouble(fake());
    pick(&mut unbound, "leave it out");
    assert_eq!(query(&unbound.opened[1], "resource"), None);
    let mut device = trouble(fake());
    pick(&mut device, "short code");
    assert!(matches!(device.outcome(), Outcome::Connected(_)) && device.saved[0].account.mode == Mode::Device);
    let mut waits = trouble(fake());
    // The answer may come while the person looks at this.
    let redirect = good(&waits);
    waits.redirect(&redirect);
    assert!(matches!(waits.outcome(), Outcome::Connected(_)));
}

#[test]
fn registering_may_fail_for_a_while() {
    for odd in [answer(503, ""), Err(HttpError::Unreachable("refused".into())), answer(200, "<html>")] {
        let mut fake = fake();
        fake.on(REGISTER, [odd, answer(201, r#"{"client_id":"client_1"}"#)]);
        let mut play = in_browser(play(fake));
        assert_eq!(play.id(), "confirm");
        play.confirm(true);
        assert_eq!(play.id(), "paste");
    }
}

#[test]
fn the_token_is_what_is_called_so_whatever_stands_beside_it() {
    let mut fake = fake();
    fake.json(
        TOKEN,
        json!({"access_token": "at_1", "token_type": "Bearer", "api_key": "k", "secret": "s", "cookie": "c=1", "identity_assertion": "j"}),
    );
    let mut play = in_browser(play(fake));
    let redirect = good(&play);
    play.redirect(&redirect);
    let kept = &play.saved[0];
    assert_eq!((kept.secrets.credential.expose(), kept.account.layers[0].kind), ("at_1", LayerKind::AccessToken));
    assert_eq!(kept.account.presentation, authmd_tui::http::Presentation::Bearer);
    assert_eq!(kept.account.layer(LayerKind::IdentityAssertion), None);
}

#[test]
fn a_scope_of_our_own_that_is_not_taken_is_left_out_the_next_time() {
    let mut play = in_browser(play(fake()));
    play.redirect("error=invalid_scope&state=st_1&iss=https%3A%2F%2Fauth.acme.dev%2Ft1");
    play.confirm(true);
    assert_eq!(query(&play.opened[1], "scope").as_deref(), Some("notes.read notes.write"));
    assert_eq!(query(&play.opened[1], "prompt"), None);
}
