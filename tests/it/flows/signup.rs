//! The walk of a sign-up, in both forms of the claim, with its detours.

use authmd_tui::account::{Kept, Revocation, RevokeForm, StoreKind, Verdict};
use authmd_tui::flow::signup::SignUp;
use authmd_tui::flow::target::Target;
use authmd_tui::flow::{Answer, Input, Outcome};
use authmd_tui::problem::{Kind, Problem};
use authmd_tui::secret::Secret;
use serde_json::json;

use crate::support::play::{API, CLAIM, COMPLETE, Fake, Play, REGISTER, RESOURCE, SERVER, answer, challenge, refusal};
use crate::support::{account, hours, noon};

#[test]
fn the_whole_walk_where_the_credential_comes_with_the_claim() {
    let mut fake = Fake::acme();
    fake.on(API, [challenge(), answer(200, "{}")]);
    let mut play = Play::acme(fake);
    play.begin();
    assert_eq!(play.id(), "offer");
    assert!(
        play.text_shown().contains("Acme Mail") && play.text_shown().contains("api.acme.dev, auth.acme.dev"),
        "{}",
        play.text_shown()
    );
    play.pick(0);
    assert_eq!(play.id(), "consent");
    assert!(play.posts().is_empty(), "nothing is posted before the yes");
    play.confirm(true);
    assert_eq!((play.id(), play.last_body()), ("email".into(), vec!["type=anonymous".to_owned()]));
    play.text(" ada@example.com ");
    assert_eq!(
        (play.id(), play.last_body()),
        ("code".into(), vec!["claim_token=clm_1".to_owned(), "email=ada@example.com".to_owned()])
    );
    assert_eq!(play.screen().deadline, Some("2026-11-22T12:10:00Z".parse().expect("a moment")));
    play.text("481 516");
    assert_eq!(play.last_body(), ["claim_token=clm_1", "otp=481516"]);
    assert_eq!(play.posts(), [REGISTER, CLAIM, COMPLETE]);

    let Kept { account, secrets } = play.saved.last().expect("something saved");
    assert_eq!(secrets.credential.expose(), "sk_final");
    assert_eq!(
        (account.id.as_str(), account.resource.as_str(), account.identity.as_deref()),
        ("api.acme.dev", "https://api.acme.dev/", Some("ada@example.com"))
    );
    assert_eq!(account.expires_at(), Some("2026-12-22T12:00:00Z".parse().expect("a moment")));
    assert!(matches!(&account.revocation, Revocation::Endpoint { form: RevokeForm::OAuth, .. }));
    assert_eq!(account.proof.map(|proof| proof.verdict), Some(Verdict::Accepted { status: 200 }));
    let Outcome::Connected(done) = play.outcome() else { panic!("{:?}", play.outcome()) };
    assert_eq!(done.scopes, ["mail.read", "mail.send"]);
    let probe = play.requests.last().expect("a probe");
    assert_eq!(
        (probe.url.as_str(), probe.credential.clone().map(|shown| shown.1)),
        ("https://api.acme.dev/", Some(Secret::new("sk_final")))
    );
}

#[test]
fn the_credential_held_since_the_registration_is_upgraded() {
    let mut fake = Fake::acme();
    fake.json(
        REGISTER,
        json!({"credential": "sk_low", "credential_type": "api_key", "credential_expires": "2026-12-01T00:00:00Z", "claim_token": "clm_1", "scopes": ["mail.read"],
            "post_claim_scopes": ["mail.read", "mail.send"]}),
    );
    fake.json(COMPLETE, json!({"status": "claimed"}));
    let mut play = Play::acme_at_code(fake);
    play.text("481516");
    let Kept { account, secrets } = &play.saved[0];
    assert_eq!(secrets.credential.expose(), "sk_low");
    assert_eq!(account.scopes, ["mail.read", "mail.send"]);
    assert_eq!(account.expires_at(), Some("2026-12-01T00:00:00Z".parse().expect("a moment")));
}

#[test]
fn a_credential_from_before_the_claim_is_never_kept_on_its_own() {
    let mut fake = Fake::acme();
    fake.json(REGISTER, json!({"credential": "sk_low", "claim_token": "clm_1", "scopes": ["mail.read"]}));
    let mut play = Play::acme_at_code(fake);
    play.step(Input::Cancel);
    assert_eq!((play.outcome(), play.saved.len()), (Outcome::Cancelled, 0));
}

#[test]
fn the_older_names_and_a_noform_slug_walk_the_same_way() {
    let base = "https://noform.dev/a/acme";
    let mut fake = Fake::default();
    fake.json(
        &format!("GET {base}/.well-known/oauth-protected-resource"),
        json!({"resource": base, "resource_name": "Acme", "authorization_servers": [base]}),
    );
    fake.json(
        &format!("GET {base}/.well-known/oauth-authorization-server"),
        json!({"agent_auth": {"register_uri": format!("{base}/agent/auth"), "claim_uri": format!("{base}/agent/auth/claim"),
            "revocation_uri": format!("{base}/agent/revoke"), "identity_types_supported": ["anonymous"]}}),
    );
    fake.json(&format!("POST {base}/agent/auth"), json!({"claim_token": "clm_n"}));
    fake.json(&format!("POST {base}/agent/auth/claim"), json!({"ok": true}));
    fake.json(
        &format!("POST {base}/agent/auth/claim/complete"),
        json!({"ok": true, "data": {"credential": "sk_n", "credential_expires": null, "scopes": "read write"}}),
    );
    for typed in ["noform:acme", "acme.noform.dev", "https://noform.dev/a/acme"] {
        let mut play = Play::new(SignUp::new(Target::parse(typed).expect(typed), None), fake.clone());
        play.begin().pick(0).confirm(true).text("ada@example.com").text("123456");
        let Kept { account, secrets } =
            play.saved.first().unwrap_or_else(|| panic!("{typed}: {} {}", play.id(), play.problem()));
        assert_eq!(
            (account.resource.as_str(), secrets.credential.expose(), account.expires_at()),
            (base, "sk_n", None)
        );
        assert_eq!(account.scopes, ["read", "write"]);
        assert!(matches!(&account.revocation, Revocation::Endpoint { form: RevokeForm::AgentAuth, .. }));
    }
}

#[test]
fn a_pasted_challenge_goes_straight_to_the_metadata() {
    let target =
        Target::parse("WWW-Authenticate: Bearer resource_metadata=\"https://api.acme.dev/prm\"").expect("a target");
    let mut play = Play::new(SignUp::new(target, None), Fake::acme());
    play.begin();
    assert_eq!(play.requests[0].url.as_str(), "https://api.acme.dev/prm");
    assert_eq!(play.id(), "offer");
}

#[test]
fn a_clock_that_is_off_is_told_and_spans_count_by_ours() {
    let dated = |moment: &str| {
        let mut fake = Fake::acme();
        let mut challenged = challenge().expect("an answer");
        challenged.headers.push(("date".into(), moment.into()));
        fake.on(API, [Ok(challenged), answer(200, "{}")]);
        fake.json(
            COMPLETE,
            json!({"credential": "sk_1", "expires_in": 3600, "credential_expires": "2026-11-22T14:30:00Z"}),
        );
        let mut play = Play::acme_at_code(fake);
        play.text("123456");
        play
    };
    let off = dated("Sun, 22 Nov 2026 12:02:00 GMT");
    let skew = "The clock here is 2 min behind that of api.acme.dev";
    assert!(off.text_shown().contains(skew), "{}", off.text_shown());
    assert_eq!(off.saved[0].account.expires_at(), Some(noon() + hours(1)), "receipt and span, not their moment");
    for close in ["Sun, 22 Nov 2026 12:00:29 GMT", "Sun, 22 Nov 2026 11:59:31 GMT", "yesterday"] {
        assert!(!dated(close).text_shown().contains("The clock here"), "{close}");
    }
}

#[test]
fn no_means_that_nothing_was_sent() {
    let mut play = Play::acme(Fake::acme());
    play.begin().pick(0).confirm(false);
    assert_eq!((play.outcome(), play.posts()), (Outcome::Cancelled, vec![]));
}

#[test]
fn an_address_has_to_look_like_one() {
    let mut play = Play::acme(Fake::acme());
    play.begin().pick(0).confirm(true);
    for wrong in ["", "ada", "@example.com", "ada@", "a da@example.com", &format!("{}@example.com", "x".repeat(300))] {
        let before = play.posts().len();
        play.text(wrong);
        assert_eq!((play.id(), play.posts().len()), ("email".into(), before), "{wrong:?}");
        assert!(play.problem().contains("not an e-mail address"), "{wrong:?}");
    }
}

#[test]
fn three_wrong_codes_stop_it() {
    let mut fake = Fake::acme();
    fake.on(COMPLETE, [refusal(401, "otp_invalid")]);
    let mut play = Play::acme_at_code(fake);
    play.text("111111");
    assert!(
        play.problem().contains("2 tries are left") && play.problem().contains("otp_invalid, 401"),
        "{}",
        play.problem()
    );
    play.text("222222");
    assert!(play.problem().contains("1 try is left"), "{}", play.problem());
    play.text("333333");
    assert!(
        matches!(play.outcome(), Outcome::Refused(_)) && play.problem().contains("Three codes"),
        "{}",
        play.problem()
    );
    assert_eq!(play.saved.len(), 0);
}

#[test]
fn a_code_that_is_too_old_is_sent_again_to_the_same_address() {
    let mut fake = Fake::acme();
    fake.on(COMPLETE, [refusal(410, "otp_expired"), answer(200, r#"{"credential":"sk_2","credential_expires":null}"#)]);
    fake.on(
        CLAIM,
        [answer(200, r#"{"status":"pending"}"#), answer(200, r#"{"status":"pending","claim_token":"clm_2"}"#)],
    );
    let mut play = Play::acme_at_code(fake);
    play.text("111111");
    assert_eq!(play.id(), "confirm");
    play.confirm(true);
    assert_eq!(
        (play.id(), play.last_body()),
        ("code".into(), vec!["claim_token=clm_1".to_owned(), "email=ada@example.com".to_owned()])
    );
    play.text("222222");
    assert_eq!(
        play.last_body(),
        ["claim_token=clm_2", "otp=222222"],
        "the token that came with the new code is the one"
    );
    assert_eq!(play.saved.len(), 1);
}

#[test]
fn a_new_code_can_be_asked_for_at_any_time() {
    let mut play = Play::acme_at_code(Fake::acme());
    play.step(Input::Answer(Answer::NewCode));
    assert_eq!((play.id(), play.posts()), ("code".into(), vec![REGISTER.into(), CLAIM.into(), CLAIM.into()]));
}

#[test]
fn a_registration_that_lapsed_is_made_again_only_when_asked() {
    let mut fake = Fake::acme();
    fake.on(COMPLETE, [refusal(410, "claim_expired"), answer(200, r#"{"credential":"sk_2"}"#)]);
    let mut play = Play::acme_at_code(fake);
    play.text("111111");
    assert_eq!((play.id(), play.posts().len()), ("confirm".into(), 3));
    play.confirm(true);
    assert_eq!(play.posts()[3..], [REGISTER, CLAIM]);
    play.text("222222");
    assert_eq!(play.saved.len(), 1);

    let mut fake = Fake::acme();
    fake.on(COMPLETE, [refusal(401, "invalid_claim_token")]);
    let mut play = Play::acme_at_code(fake);
    play.text("111111").confirm(false);
    assert!(matches!(play.outcome(), Outcome::Refused(_)));
    assert!(play.problem().contains("invalid_claim_token, 401"));
}

#[test]
fn a_service_in_trouble_is_asked_again_by_a_person_only() {
    let mut fake = Fake::acme();
    fake.on(REGISTER, [refusal(503, "temporarily_unavailable"), answer(200, r#"{"claim_token":"clm_1"}"#)]);
    let mut play = Play::acme(fake);
    play.begin().pick(0).confirm(true);
    assert_eq!((play.id(), play.posts().len()), ("confirm".into(), 1));
    assert!(play.problem().contains("temporarily_unavailable, 503"));
    play.confirm(true);
    assert_eq!((play.id(), play.posts().len()), ("email".into(), 2));
}

#[test]
fn metadata_that_answers_500_is_asked_again_by_itself() {
    let mut fake = Fake::acme();
    let metadata = Fake::server_metadata().to_string();
    fake.on(SERVER, [answer(500, ""), answer(502, ""), answer(200, &metadata)]);
    let mut play = Play::acme(fake);
    play.begin();
    assert_eq!(play.id(), "offer");
    let asked = |request: &&authmd_tui::http::Request| request.url.path().starts_with("/.well-known/oauth-a");
    assert_eq!(play.requests.iter().filter(asked).count(), 3);
}

#[test]
fn where_nobody_is_registered_without_a_name_the_plan_changes_and_is_shown() {
    let mut fake = Fake::acme();
    fake.on(
        REGISTER,
        [
            refusal(400, "anonymous_not_enabled"),
            answer(200, r#"{"claim_token":"clm_1","registration_type":"email-verification"}"#),
        ],
    );
    let mut play = Play::acme(fake);
    play.begin().pick(0).confirm(true);
    assert_eq!(play.id(), "consent");
    assert!(play.text_shown().contains("anonymous_not_enabled"));
    play.confirm(true);
    assert_eq!((play.id(), play.posts().len()), ("email".into(), 1), "the address is asked for first now");
    play.text("ada@example.com");
    assert_eq!(
        play.last_body(),
        ["type=identity_assertion", "assertion_type=verified_email", "assertion=ada@example.com"]
    );
    assert_eq!(play.id(), "code", "the registration has sent the mail");
    play.text("123456");
    assert_eq!((play.saved.len(), play.posts()), (1, vec![REGISTER.into(), REGISTER.into(), COMPLETE.into()]));
}

#[test]
fn the_oldest_services_are_told_what_they_want_to_hear_once() {
    let mut metadata = Fake::server_metadata();
    metadata["agent_auth"]["credential_types_supported"] = json!(["access_token", "api_key"]);
    let mut fake = Fake::acme();
    fake.json(SERVER, metadata);
    fake.on(REGISTER, [refusal(400, "unsupported_credential_type"), answer(200, r#"{"claim_token":"clm_1"}"#)]);
    let mut play = Play::acme(fake);
    play.begin().pick(0).confirm(true);
    assert_eq!(
        (play.id(), play.last_body()),
        ("email".into(), vec!["type=anonymous".to_owned(), "requested_credential_type=access_token".to_owned()])
    );

    let mut fake = Fake::acme();
    fake.on(REGISTER, [refusal(400, "invalid_request")]);
    let mut play = Play::acme(fake);
    play.begin().pick(0).confirm(true);
    let bodies: Vec<Vec<String>> = play.bodies();
    assert_eq!(
        bodies,
        [
            vec!["type=anonymous"],
            vec!["type=anonymous", "requested_credential_type=api_key"],
            vec!["flow=anonymous"],
            vec!["identity_type=anonymous"],
            vec!["method=anonymous"],
            vec![],
        ],
        "each known way once, and no more"
    );
    assert_eq!(play.id(), "failed");
}

#[test]
fn an_invitation_to_claim_is_no_error() {
    let mut fake = Fake::acme();
    fake.on(
        REGISTER,
        [answer(401, r#"{"error":"interaction_required","claim":{"claim_token":"clm_i","user_code":null}}"#)],
    );
    let mut play = Play::acme_at_code(fake);
    assert_eq!(play.id(), "code");
    play.text("123456");
    assert_eq!(play.last_body(), ["claim_token=clm_i", "otp=123456"]);
}

#[test]
fn endpoints_that_moved_are_looked_up_once_more() {
    let mut moved = Fake::server_metadata();
    moved["agent_auth"]["identity_endpoint"] = json!("https://auth.acme.dev/v2/identity");
    let mut fake = Fake::acme();
    fake.on(SERVER, [answer(200, &Fake::server_metadata().to_string()), answer(200, &moved.to_string())]);
    fake.on(REGISTER, [refusal(410, "endpoint_moved")]);
    fake.json("POST https://auth.acme.dev/v2/identity", json!({"claim_token": "clm_1"}));
    let mut play = Play::acme(fake);
    play.begin().pick(0).confirm(true);
    assert_eq!(play.id(), "offer");
    play.pick(0).confirm(true);
    assert_eq!(play.id(), "email");

    let mut fake = Fake::acme();
    fake.on(REGISTER, [refusal(410, "endpoint_moved")]);
    let mut play = Play::acme(fake);
    play.begin().pick(0).confirm(true).pick(0).confirm(true);
    assert!(matches!(play.outcome(), Outcome::Refused(_)), "a service that keeps moving is left alone");
}

#[test]
fn hosts_of_another_domain_are_shown_before_anything_is_sent_there() {
    let mut metadata = Fake::server_metadata();
    metadata["agent_auth"]["identity_endpoint"] = json!("https://signup.elsewhere.net/agent/identity");
    let mut fake = Fake::acme();
    fake.json(SERVER, metadata);
    let mut play = Play::acme(fake);
    play.begin().pick(0);
    assert_eq!(play.id(), "hosts");
    assert!(play.text_shown().contains("signup.elsewhere.net"));
    play.confirm(false);
    assert_eq!((play.outcome(), play.posts()), (Outcome::Cancelled, vec![]));
}

#[test]
fn a_resource_that_speaks_for_somebody_else_is_not_believed() {
    let mut fake = Fake::acme();
    fake.json(RESOURCE, json!({"resource": "https://api.bank.example/", "resource_name": "Bank", "authorization_servers": ["https://auth.acme.dev"]}));
    let mut play = Play::acme_at_code(fake);
    play.text("123456");
    assert_eq!(play.saved[0].account.resource, "https://api.acme.dev/");
}

#[test]
fn an_account_held_already_is_kept_replaced_or_joined_by_another() {
    let held = account("Acme Mail", "acme.dev", None, Some(48));
    let with_held = |fake| {
        let mut play = Play::acme(fake);
        play.known.accounts = vec![held.clone()];
        play.known.ids = vec![held.id.clone()];
        play.begin().pick(0);
        assert_eq!(play.id(), "existing");
        play
    };
    let mut play = with_held(Fake::acme());
    play.pick(0);
    assert_eq!((play.outcome(), play.posts()), (Outcome::Connected(Box::new(held.clone())), vec![]));

    let mut works = Fake::acme();
    works.on(API, [challenge(), answer(200, "{}")]);
    let mut play = with_held(works);
    play.known.accounts[0].store = StoreKind::Memory;
    play.pick(1).confirm(true).text("ada@example.com").text("123456");
    let Kept { account: renewed, .. } = &play.saved[0];
    assert_eq!(
        (&renewed.id, renewed.created_at, renewed.renewed_at, renewed.store),
        (&held.id, held.created_at, Some(noon()), StoreKind::Memory)
    );

    let mut play = with_held(Fake::acme());
    play.pick(2);
    assert_eq!(play.id(), "param:label");
    play.text("not this!");
    assert_eq!(play.id(), "param:label");
    play.text("work").confirm(true).text("bob@example.com").text("123456");
    assert_eq!(
        (play.saved[0].account.id.as_str(), play.saved[0].account.label.as_deref()),
        ("api.acme.dev:work", Some("work"))
    );
}

#[test]
fn back_goes_to_the_question_before_and_registers_nothing_twice() {
    let mut play = Play::acme_at_code(Fake::acme());
    play.step(Input::Back);
    assert_eq!(play.id(), "email");
    play.step(Input::Back);
    assert_eq!(play.id(), "consent");
    assert!(play.text_shown().contains("The first step is done"));
    play.confirm(true);
    assert_eq!((play.id(), play.posts().len()), ("email".into(), 2));
    play.text("bob@example.com").text("123456");
    assert_eq!(play.posts(), [REGISTER, CLAIM, CLAIM, COMPLETE]);
    assert_eq!(play.saved[0].account.identity.as_deref(), Some("bob@example.com"));
}

#[test]
fn back_at_the_first_question_stays_there() {
    let mut play = Play::acme(Fake::acme());
    play.begin();
    assert!(!play.screen().can_go_back);
    play.step(Input::Back);
    assert_eq!(play.id(), "offer");
}

#[test]
fn a_store_that_cannot_be_written_is_known_before_anything_is_sent() {
    let mut play = Play::acme(Fake::acme());
    play.known.stores[0].problem = Some(Problem::new(Kind::Store, "The folder is read-only.", "Choose another."));
    play.begin().pick(0);
    assert_eq!((play.id(), play.posts()), ("store".into(), vec![]));
    play.pick(0);
    assert_eq!(play.id(), "store", "a store with a problem cannot be chosen");
    play.pick(1).confirm(true).text("ada@example.com").text("123456");
    assert_eq!(play.saved[0].account.store, StoreKind::Memory);
}

#[test]
fn a_credential_that_cannot_be_stored_stays_until_it_is() {
    let full = Problem::new(Kind::Store, "The disk is full.", "Make room.");
    let mut play = Play::acme_at_code(Fake::acme());
    play.storing = [Err(full.clone()), Err(full), Ok(())].into();
    play.text("123456");
    assert_eq!(play.id(), "store");
    assert!(
        play.problem().contains("The disk is full.")
            && play.screen().at_stake.is_some_and(|stake| stake.contains("would be lost"))
    );
    assert_eq!(play.choices(), ["Try again: In a file", "In memory"]);
    play.pick(0);
    assert_eq!((play.id(), play.saved.len()), ("store".into(), 0));
    play.pick(1);
    assert_eq!(
        (play.saved[0].account.store, play.saved[0].secrets.credential.expose()),
        (StoreKind::Memory, "sk_final")
    );
    assert!(matches!(play.outcome(), Outcome::Connected(_)));
}

#[test]
fn where_nobody_has_said_where_to_keep_things_it_is_asked() {
    let mut play = Play::acme(Fake::acme());
    play.known.decided = false;
    play.begin().pick(0);
    assert_eq!(play.id(), "store");
}

#[test]
fn a_service_that_hands_out_a_credential_without_a_claim_is_marked_so() {
    let mut fake = Fake::acme();
    fake.json(REGISTER, json!({"api_key": "sk_low", "scopes": ["mail.read"]}));
    let mut play = Play::acme(fake);
    play.begin().pick(0).confirm(true);
    assert!(!play.saved[0].account.claimed);
    assert!(play.text_shown().contains("only the rights from before"), "{}", play.text_shown());
}

#[test]
fn a_block_published_beside_the_resource_only_is_an_offer() {
    let mut fake = Fake::acme();
    fake.json(RESOURCE, json!({"resource": "https://api.acme.dev/", "authorization_servers": ["https://auth.acme.dev"], "agent_auth": Fake::server_metadata()["agent_auth"]}));
    fake.on(SERVER, [answer(404, "")]);
    let mut play = Play::acme(fake);
    play.begin();
    assert_eq!(play.id(), "offer", "{}", play.problem());
}

#[test]
fn a_cancel_while_the_registration_is_under_way_does_not_claim_that_nothing_happened() {
    let mut play = Play::acme(Fake::acme());
    play.begin().pick(0);
    let effects = play.flow.step(Input::Answer(Answer::Confirm(true)), play.now);
    assert_eq!(effects.len(), 1);
    assert!(play.screen().at_stake.is_some());
    play.step(Input::Cancel);
    assert!(!play.text_shown().contains("Nothing was registered"), "{}", play.text_shown());
}

#[test]
fn back_from_a_label_finds_the_accounts_again() {
    let held = account("Acme Mail", "acme.dev", None, Some(48));
    let mut play = Play::acme(Fake::acme());
    (play.known.accounts, play.known.ids) = (vec![held.clone()], vec![held.id.clone()]);
    play.begin().pick(0).pick(2).text("work");
    assert_eq!(play.id(), "consent");
    play.step(Input::Back).step(Input::Back);
    assert_eq!(play.id(), "existing");
    play.pick(0);
    assert_eq!(play.outcome(), Outcome::Connected(Box::new(held)));
}

#[test]
fn what_was_found_by_a_challenge_is_found_by_it_again() {
    let target = Target::parse("Bearer resource_metadata=\"https://api.acme.dev/prm\"").expect("a target");
    let mut play = Play::new(SignUp::new(target, None), Fake::acme());
    play.begin().pick(0).confirm(true).text("ada@example.com").text("123456");
    let held = play.saved[0].account.clone();
    let mut again = Play::new(SignUp::again(held).expect("a flow"), Fake::acme());
    again.begin();
    assert_eq!((again.requests[0].url.as_str(), again.id()), ("https://api.acme.dev/prm", "offer".into()));
}

#[test]
fn digits_set_apart_are_one_code_and_other_codes_stay_as_typed() {
    for (typed, sent) in
        [("718-602", "718602"), ("7 1 8 6 0 2", "718602"), ("ABCD-1234", "ABCD-1234"), ("1234-5678", "1234-5678")]
    {
        let mut play = Play::acme_at_code(Fake::acme());
        play.text(typed);
        assert_eq!(play.last_body()[1], format!("otp={sent}"), "{typed}");
    }
}
