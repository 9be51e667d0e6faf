//! Revoking: at the service, with proof, and only then here.

use authmd_tui::account::{Happened, Layer, LayerKind, Note, Proof, Revocation, RevokeForm, Verdict};
use authmd_tui::flow::revoke::{Presence, Revoke};
use authmd_tui::flow::{Effect, Flow, Input, Lease, Outcome};
use authmd_tui::http::{Body, HttpError, Response};
use authmd_tui::problem::Kind;
use authmd_tui::secret::Secret;

use crate::support::play::{API, Fake, Play, REVOKE, answer, refusal};
use crate::support::{account, hours, noon, url};

fn works_then(after: u16) -> Fake {
    let mut fake = Fake::acme();
    fake.on(API, [answer(200, "{}"), answer(after, "{}")]);
    fake.json(REVOKE, serde_json::json!({}));
    fake
}

fn play(presence: Presence, fake: Fake) -> Play {
    let mut play = Play::new(Revoke::new(account("Acme Mail", "acme.dev", None, Some(48)), presence), fake);
    play.begin();
    play
}

#[test]
fn asked_told_proven_and_only_then_removed() {
    let mut play = play(Presence::Person, works_then(401));
    assert_eq!((play.id(), play.requests.len()), ("confirm".into(), 0), "a person is asked first");
    play.confirm(true);
    assert!(matches!(play.outcome(), Outcome::Removed(_)));
    assert_eq!((play.forgotten, play.posts()), (1, vec![REVOKE.to_owned()]));
    assert_eq!(play.last_body(), ["token=sk_held", "token_type_hint=access_token"]);
    assert!(
        matches!(play.requests[1].body, Body::Form(_)) && play.requests[1].credential.is_none(),
        "RFC 7009 wants a form and no bearer"
    );
    let told = play.text_shown();
    assert!(
        told.contains("200, accepted") && told.contains("401, as it should be") && told.contains("removed here"),
        "{told}"
    );
}

#[test]
fn no_keeps_everything() {
    let mut play = play(Presence::Person, works_then(401));
    play.confirm(false);
    assert_eq!((play.outcome(), play.requests.len(), play.forgotten), (Outcome::Cancelled, 0, 0));
}

#[test]
fn a_yes_that_proves_false_is_not_believed() {
    let mut play = play(Presence::Person, works_then(200));
    play.confirm(true);
    assert_eq!((play.id(), play.forgotten), ("confirm".into(), 0));
    assert!(play.problem().contains("said yes, but the credential still works"), "{}", play.problem());
    assert_eq!(play.choices(), ["Try again", "Forget it here", "Leave it for later", "Keep it"]);
    play.pick(1);
    assert!(matches!(play.outcome(), Outcome::Removed(_)));
    assert!(
        play.screen().title.starts_with("Forgotten") && play.text_shown().contains("may still work"),
        "{}",
        play.text_shown()
    );
}

#[test]
fn keeping_it_after_that_is_a_failure_that_says_why() {
    for (picked, is_left) in [(2, true), (3, false)] {
        let mut play = play(Presence::Person, works_then(200));
        play.confirm(true).pick(picked);
        assert!(matches!(play.outcome(), Outcome::Refused(_)));
        assert_eq!(play.forgotten, 0);
        let last = play.noted.last().expect("it was written down");
        assert_eq!(matches!(last, Note::NotRevoked { .. }), is_left, "{last:?}");
        assert_eq!(matches!(last, Note::KeptAfterAll { receipts, .. } if receipts.len() == 2), !is_left, "{last:?}");
    }
}

#[test]
fn what_is_to_be_ended_is_written_down_before_anybody_is_told_and_stays_until_it_is_shown() {
    let mut failing = works_then(200);
    failing.on(REVOKE, [refusal(503, "temporarily_unavailable")]);
    let failed = play(Presence::Nobody, failing);
    let done: Vec<&str> = failed.done.iter().map(String::as_str).collect();
    let before: Vec<&str> = done.iter().copied().take_while(|done| !done.starts_with("note Not")).collect();
    assert_eq!(before, ["unlock", "lock", "load", "http", "note Revoking", "http", "http"]);
    let mut held = account("Acme Mail", "acme.dev", None, Some(48));
    for note in &failed.noted {
        held.note(note.clone(), held.obtained_at());
    }
    let revoking = held.more.revoking.clone().expect("it is to be revoked");
    assert_eq!((revoking.since, revoking.tries), (noon(), 1));
    assert!(held.needs_person(noon(), hours(1)) && revoking.why.expect("a reason").contains("503"));

    let again = |fake: Fake| {
        let mut again = Play::of(held.clone(), |held| Revoke::new(held, Presence::Nobody), fake);
        again.begin();
        again
    };
    let cut_off_again = again({
        let mut failing = works_then(200);
        failing.on(REVOKE, [refusal(503, "temporarily_unavailable")]);
        failing
    });
    assert!(!cut_off_again.noted.iter().any(|note| matches!(note, Note::Revoking(_))), "that stands there already");
    let finished = again(works_then(401));
    assert!(matches!(finished.outcome(), Outcome::Removed(_)));
    let [Happened::Revoked { receipts }] = finished.history.as_slice() else {
        panic!("{:?}", finished.history);
    };
    let told: Vec<(&str, Option<bool>)> = receipts.iter().map(|it| (it.what.as_str(), it.proven)).collect();
    assert_eq!(told, [("credential", Some(true)), ("proof", Some(true))]);
}

#[test]
fn trying_again_makes_the_same_calls_once_more() {
    let mut fake = works_then(200);
    fake.on(API, [answer(200, ""), answer(200, ""), answer(200, ""), answer(401, "")]);
    let mut play = play(Presence::Person, fake);
    play.confirm(true).pick(0);
    assert!(matches!(play.outcome(), Outcome::Removed(_)));
    assert_eq!(play.posts(), [REVOKE, REVOKE]);
}

#[test]
fn a_refusal_is_told_verbatim_and_nothing_is_lost() {
    for (status, code) in [(403, "not_allowed"), (503, "temporarily_unavailable"), (404, "not_found")] {
        let mut fake = works_then(200);
        fake.on(REVOKE, [refusal(status, code)]);
        let mut play = play(Presence::Nobody, fake);
        let problem = play.screen().problem.expect("a problem");
        assert!(problem.what.contains(code) && problem.hint.contains("authmd-tui forget api.acme.dev"), "{problem:?}");
        assert_eq!((problem.kind, play.forgotten), (Kind::ServiceRefused, 0));
        play.step(Input::Cancel);
        assert!(matches!(play.outcome(), Outcome::Refused(_)), "over is over");
    }
}

#[test]
fn a_credential_that_was_dead_already_is_removed_and_told() {
    let mut fake = Fake::acme();
    fake.on(API, [answer(401, "")]);
    fake.on(REVOKE, [refusal(401, "credential_expired")]);
    let play = play(Presence::Nobody, fake);
    assert!(matches!(play.outcome(), Outcome::Removed(_)));
    assert!(play.text_shown().contains("it was dead already"), "{}", play.text_shown());
}

#[test]
fn the_older_form_sends_bearer_and_json_and_tries_the_other_name_once() {
    let mut held = account("Acme Mail", "acme.dev", None, Some(48));
    held.revocation = Revocation::Endpoint {
        url: crate::support::url("https://auth.acme.dev/agent/revoke"),
        form: RevokeForm::AgentAuth,
    };
    let mut fake = works_then(401);
    fake.on(REVOKE, [refusal(400, "invalid_request"), answer(200, "{}")]);
    let mut play = Play::of(held, |held| Revoke::new(held, Presence::Nobody), fake);
    play.begin();
    assert!(matches!(play.outcome(), Outcome::Removed(_)));
    let sent = play.requests.iter().filter_map(|request| match &request.body {
        Body::Json(fields) => Some((fields[0].name.to_string(), request.credential.clone().map(|shown| shown.1))),
        _ => None,
    });
    assert_eq!(
        sent.collect::<Vec<_>>(),
        ["token", "credential"].map(|name| (name.to_owned(), Some(Secret::new("sk_held"))))
    );
}

#[test]
fn where_there_is_no_way_the_person_is_told_what_is_left() {
    let mut held = account("Acme Mail", "acme.dev", None, Some(48));
    held.revocation = Revocation::None;
    let mut play = Play::of(held, |held| Revoke::new(held, Presence::Nobody), Fake::acme());
    play.begin();
    assert!(
        play.problem().contains("offers no way to revoke") && play.problem().contains("forget api.acme.dev"),
        "{}",
        play.problem()
    );
    assert!(play.requests.is_empty());
}

#[test]
fn where_there_is_no_way_nothing_is_promised_and_it_can_be_removed_here() {
    let mut held = account("Acme Mail", "acme.dev", None, None);
    held.revocation = Revocation::None;
    let mut play = Play::of(held, |held| Revoke::new(held, Presence::Person), Fake::acme());
    let told = play.text_shown();
    assert!(told.contains("no call that ends it") && !told.contains("must be refused"), "{told}");
    play.confirm(true);
    assert!(matches!(play.outcome(), Outcome::Removed(_)) && play.requests.is_empty());
    assert!(play.text_shown().contains("on the service's own site"), "{}", play.text_shown());
}

#[test]
fn what_is_dead_is_known_to_be_dead_though_the_rest_is_not() {
    let mut held = account("Northwind", "acme.dev", None, Some(48));
    held.layers.push(Layer { kind: LayerKind::RefreshToken, expires_at: None });
    let mut fake = works_then(401);
    fake.on(REVOKE, [refusal(500, "server_error"), answer(200, "")]);
    let mut play = Play::of(held, |held| Revoke::new(held, Presence::Nobody), fake);
    play.held.as_mut().expect("held").secrets.further.push((LayerKind::RefreshToken, Secret::new("rt_held")));
    play.begin();
    assert!(play.problem().contains("server_error, 500"), "{}", play.problem());
    let refused = |note: &Note| matches!(note, Note::Proof(Proof { verdict: Verdict::Refused { status: 401 }, .. }));
    assert!(play.noted.iter().any(refused), "{:?}", play.noted);
    assert_eq!(play.forgotten, 0);
}

#[test]
fn an_entry_of_another_tool_is_discovered_first() {
    let mut held = account("Acme Mail", "acme.dev", None, Some(48));
    held.revocation = Revocation::Undiscovered;
    held.guarded = None;
    let challenge = Fake::acme();
    let mut fake = challenge;
    fake.json(REVOKE, serde_json::json!({}));
    let guarded = Response {
        status: 401,
        headers: vec![("www-authenticate".into(), "Bearer resource_metadata=\"https://api.acme.dev/prm\"".into())],
        body: Secret::default(),
    };
    fake.on(API, [Ok(guarded), answer(200, ""), answer(401, "")]);
    let mut play = Play::of(held, |held| Revoke::new(held, Presence::Nobody), fake);
    play.begin();
    assert!(matches!(play.outcome(), Outcome::Removed(_)), "{}", play.problem());
    assert_eq!(play.posts(), [REVOKE]);
}

#[test]
fn another_domain_gets_the_credential_only_when_a_person_allows_it() {
    let mut held = account("Acme Mail", "acme.dev", None, Some(48));
    held.revocation = Revocation::Undiscovered;
    let fake = || {
        let mut fake = Fake::acme();
        let mut metadata = Fake::server_metadata();
        metadata["revocation_endpoint"] = serde_json::json!("https://elsewhere.net/revoke");
        fake.json(crate::support::play::SERVER, metadata);
        fake
    };
    let mut alone = Play::of(held.clone(), |held| Revoke::new(held, Presence::Nobody), fake());
    alone.begin();
    assert_eq!(alone.screen().problem.map(|problem| problem.kind), Some(Kind::Unsafe));
    let mut asked = Play::of(held, |held| Revoke::new(held, Presence::Person), fake());
    asked.begin().confirm(true);
    assert_eq!((asked.id(), asked.posts().len()), ("hosts".into(), 0));
    asked.confirm(false);
    assert_eq!((asked.outcome(), asked.posts().len()), (Outcome::Cancelled, 0));
}

#[test]
fn a_store_that_does_not_let_go_is_a_failure() {
    let mut play = Play::of(
        account("Acme Mail", "acme.dev", None, None),
        |held| Revoke::new(held, Presence::Nobody),
        works_then(401),
    );
    play.storing = [Err(authmd_tui::problem::Problem::new(Kind::Store, "The file is locked.", "Try again."))].into();
    play.begin();
    assert!(matches!(play.outcome(), Outcome::Failed(_)) && play.problem().contains("The file is locked."));
    assert!(play.screen().title.starts_with("Revoked, and still kept here"), "{}", play.screen().title);
}

#[test]
fn a_cancel_after_the_service_was_told_says_so() {
    let mut play = play(Presence::Person, works_then(401));
    let effects = play.flow.step(Input::Answer(authmd_tui::flow::Answer::Confirm(true)), play.now);
    assert_eq!(effects.len(), 1);
    let held = play.held.clone().map(Box::new);
    play.flow.step(Input::Stored(Ok(())), play.now);
    play.flow.step(Input::Locked(Ok(Lease::new(()))), play.now);
    play.flow.step(Input::Loaded(Ok(held)), play.now);
    let declared = play.flow.step(Input::Http(answer(200, "{}")), play.now);
    assert!(matches!(declared.as_slice(), [Effect::Note { note: Note::Revoking(_), .. }]), "{declared:?}");
    let told = play.flow.step(Input::Stored(Ok(())), play.now);
    assert!(
        matches!(told.as_slice(), [authmd_tui::flow::Effect::Http(request)] if request.url.as_str().ends_with("/revoke")),
        "{told:?}"
    );
    assert!(play.screen().at_stake.is_some());
    play.step(Input::Cancel);
    assert!(play.text_shown().contains("after the service was told"), "{}", play.text_shown());
}

#[test]
fn the_refresh_token_is_ended_first_and_has_a_receipt_of_its_own() {
    let mut held = account("Northwind", "acme.dev", None, Some(48));
    held.layers.push(Layer { kind: LayerKind::RefreshToken, expires_at: None });
    let mut play = Play::of(held, |held| Revoke::new(held, Presence::Nobody), works_then(401));
    play.held.as_mut().expect("held").secrets.further.push((LayerKind::RefreshToken, Secret::new("rt_held")));
    play.begin();
    let sent = |nth: usize| match &play.requests[nth].body {
        Body::Form(fields) => fields.iter().map(|field| field.value.as_text().to_string()).collect::<Vec<_>>(),
        _ => Vec::new(),
    };
    assert_eq!(
        (sent(1), sent(2)),
        (vec!["rt_held".into(), "refresh_token".into()], vec!["sk_held".into(), "access_token".into()])
    );
    assert!(matches!(play.outcome(), Outcome::Removed(_)));
    assert!(play.text_shown().contains("refresh token"), "{}", play.text_shown());
}

/// Revokes at a service whose `agent_auth` names the endpoint; it answers so many calls with `no` and then with yes, and the
/// credential works until then. Gives back how the calls were spelled.
fn spelled(nos: usize, no: Result<Response, HttpError>, proofs: usize) -> (Outcome, Vec<String>) {
    let mut held = account("Acme Mail", "acme.dev", None, Some(48));
    let at = url("https://auth.acme.dev/agent/revoke");
    held.revocation = Revocation::Endpoint { url: at, form: RevokeForm::AgentAuth };
    let mut fake = Fake::acme();
    fake.on(REVOKE, std::iter::repeat_n(no, nos).chain([answer(200, "{}")]));
    fake.on(API, std::iter::repeat_n(answer(200, ""), proofs).chain([answer(401, "")]));
    let mut play = Play::of(held, |held| Revoke::new(held, Presence::Nobody), fake);
    play.begin();
    let calls = play.requests.iter().filter(|request| request.url.path() == "/agent/revoke");
    let spelled = calls.map(|call| {
        let kind = if matches!(call.body, Body::Form(_)) { "form" } else { "json" };
        let fields: Vec<&str> = call.body.fields().iter().map(|field| &*field.name).collect();
        format!("{kind} {}{}", fields.join(","), if call.credential.is_some() { ", bearer" } else { "" })
    });
    (play.outcome(), spelled.collect())
}

#[test]
fn the_older_call_is_spelled_in_every_known_way_until_one_is_understood() {
    let ways = ["json token, bearer", "json credential, bearer", "form token, bearer"];
    let invalid = || refusal(400, "invalid_request");
    for understood in 0..ways.len() {
        let (outcome, spelled) = spelled(understood, invalid(), 1);
        assert!(matches!(outcome, Outcome::Removed(_)), "{outcome:?}");
        assert_eq!(spelled, ways[..=understood]);
    }
}

#[test]
fn a_no_that_may_be_about_the_spelling_and_a_yes_that_proves_false_lead_to_the_next_way() {
    for no in [refusal(401, "invalid_client"), refusal(404, "unknown_token"), answer(200, "{}")] {
        let (outcome, spelled) = spelled(2, no, 3);
        assert!(matches!(outcome, Outcome::Removed(_)), "{outcome:?}");
        assert_eq!(spelled.len(), 3);
    }
    let (outcome, spelled) = spelled(3, refusal(401, "invalid_client"), 9);
    assert!(matches!(outcome, Outcome::Refused(_)), "{outcome:?}");
    assert_eq!(spelled.len(), 3, "each way once, and no more");
}

/// Of two that revoke at once, one waits for the other, and finds nothing to be revoked.
#[test]
fn what_another_program_has_removed_meanwhile_is_gone_and_not_kept() {
    let mut flow = Revoke::new(account("Acme Mail", "acme.dev", None, Some(48)), Presence::Nobody);
    for input in [Input::Begin, Input::Stored(Ok(())), Input::Locked(Ok(Lease::new(()))), Input::Loaded(Ok(None))] {
        flow.step(input, noon());
    }
    let outcome = flow.screen(noon()).outcome.expect("over");
    assert_eq!(outcome.problem().map(|problem| problem.kind), Some(Kind::NoSuchAccount));
    assert_eq!(flow.came_to(&outcome), "gone already");
}
