//! Renewing: by signing up again in place, and by the refresh token.

use std::collections::VecDeque;

use authmd_tui::account::{Happened, Kept, Layer, LayerKind, Note, Renewal, RenewedBy, StoreKind};
use authmd_tui::flow::renew::Renew;
use authmd_tui::flow::revoke::Presence;
use authmd_tui::flow::signup::SignUp;
use authmd_tui::flow::{Effect, Input, Lease, Outcome};
use authmd_tui::http::HttpError;
use authmd_tui::problem::{Kind, Problem};
use authmd_tui::secret::Secret;
use jiff::SignedDuration;
use serde_json::json;

use crate::support::play::{API, COMPLETE, Fake, Play, SERVER, answer, challenge, refusal};
use crate::support::{account, hours, noon, url};

fn renewal() -> Play {
    let mut held = account("Acme Mail", "acme.dev", Some("work"), Some(48));
    held.store = StoreKind::Json;
    let mut fake = Fake::acme();
    fake.on(API, [challenge(), answer(200, "{}")]);
    let mut play = Play::new(SignUp::again(held.clone()).expect("a flow"), fake);
    play.known.accounts = vec![held.clone()];
    play.known.ids = vec![held.id];
    play.begin();
    play
}

#[test]
fn id_label_and_first_day_stay_and_everything_else_is_new() {
    let mut play = renewal();
    play.pick(0);
    assert_eq!(play.id(), "consent", "nobody is asked whether the account exists");
    play.confirm(true);
    assert!(play.text_shown().contains("bound to ada@example.com"), "shown, and not filled in");
    play.text("ada@example.com").text("123456");
    let Kept { account: renewed, secrets } = &play.saved[0];
    assert_eq!(
        (renewed.id.as_str(), renewed.label.as_deref(), secrets.credential.expose()),
        ("api.acme.dev:work", Some("work"), "sk_final")
    );
    assert_eq!((renewed.renewed_at, renewed.store), (Some(noon()), StoreKind::Json));
    assert!(renewed.created_at < renewed.renewed_at);
    assert!(play.text_shown().contains("The former credential is no longer kept here"));
}

#[test]
fn another_address_is_asked_about() {
    let mut play = renewal();
    play.pick(0).confirm(true).text("bob@example.com");
    assert_eq!(play.id(), "confirm");
    play.confirm(false);
    assert_eq!(play.id(), "email");
    play.text("bob@example.com").confirm(true).text("123456");
    assert_eq!(play.saved[0].account.identity.as_deref(), Some("bob@example.com"));
}

#[test]
fn cancelled_halfway_the_old_credential_is_untouched() {
    let mut play = renewal();
    play.pick(0).confirm(true).text("ada@example.com").step(Input::Cancel);
    assert_eq!((play.outcome(), play.saved.len(), play.forgotten), (Outcome::Cancelled, 0, 0));
    assert!(play.text_shown().contains("old credential is still in place"), "{}", play.text_shown());
}

// By the refresh token, without anybody.

const TOKEN: &str = "POST https://auth.acme.dev/oauth/token";

/// An account that renews itself, its access token over, and a service that gives a new pair.
fn refreshing(presence: Presence, fake: Fake) -> Play {
    let mut held = account("Acme Mail", "acme.dev", None, Some(-1));
    held.store = StoreKind::Json;
    held.renewal = Renewal::Refresh { url: url("https://auth.acme.dev/oauth/token"), resource: None };
    held.layers.push(Layer { kind: LayerKind::RefreshToken, expires_at: None });
    let mut play = Play::of(held, |held| Renew::new(held, presence), fake);
    if let Some(kept) = &mut play.held {
        kept.secrets.further.push((LayerKind::RefreshToken, Secret::new("rt_1")));
    }
    play
}

fn pair() -> Fake {
    let mut fake = Fake::acme();
    fake.on(API, [answer(200, "{}")]);
    fake.json(
        TOKEN,
        json!({"access_token": "at_2", "expires_in": 3600, "refresh_token": "rt_2", "scope": "mail.read"}),
    );
    fake
}

#[test]
fn the_refresh_token_is_spent_once_and_its_successor_kept() {
    let mut play = refreshing(Presence::Nobody, pair());
    play.begin();
    assert_eq!(
        play.done,
        ["unlock", "lock", "load", "note Spending", "http", "save", "http", "note Proof"],
        "the intent is written before it is sent"
    );
    assert_eq!(play.last_body(), ["grant_type=refresh_token", "refresh_token=rt_1"]);
    let Kept { account, secrets } = &play.saved[0];
    assert_eq!(
        (secrets.credential.expose(), play.saved[0].secret_of(LayerKind::RefreshToken)),
        ("at_2", Some(&Secret::new("rt_2")))
    );
    assert_eq!((account.expires_at(), account.renewed_at), (Some(noon() + hours(1)), Some(noon())));
    assert_eq!((account.id.as_str(), account.layers.len(), account.spending), ("api.acme.dev", 2, None));
    assert!(play.text_shown().contains("has not got any more: mail.send"), "{}", play.text_shown());
}

#[test]
fn a_service_that_does_not_rotate_keeps_the_token_it_gave() {
    let mut fake = Fake::acme();
    fake.json(TOKEN, json!({"access_token": "at_2", "expires_in": 3600}));
    let mut play = refreshing(Presence::Nobody, fake);
    play.begin();
    let kept = &play.saved[0];
    assert_eq!(kept.secret_of(LayerKind::RefreshToken), Some(&Secret::new("rt_1")));
    assert_eq!(kept.account.scopes, ["mail.read", "mail.send"], "said nothing about scopes: they are as before");
}

#[test]
fn what_another_program_has_obtained_is_taken_over() {
    let mut play = refreshing(Presence::Nobody, pair());
    play.held.as_mut().expect("held").account.renewed_at = Some(noon() - hours(1));
    play.begin();
    assert!(matches!(play.outcome(), Outcome::Connected(account) if account.renewed_at == Some(noon() - hours(1))));
    assert_eq!((play.requests.len(), play.saved.len()), (0, 0));
}

#[test]
fn a_store_that_cannot_be_written_spends_nothing() {
    let mut play = refreshing(Presence::Nobody, pair());
    play.noting = Err(Problem::new(Kind::Store, "The disk is full.", "Make room."));
    play.begin();
    assert_eq!((play.requests.len(), play.problem().contains("disk is full")), (0, true));
}

#[test]
fn an_answer_that_never_came_leaves_the_note() {
    for (answer, last) in [
        (Err(HttpError::Unreachable("refused".into())), "note Unspent"),
        (Err(HttpError::TimedOut(SignedDuration::from_secs(30))), "http"),
        (Err(HttpError::Broken("reset".into())), "http"),
        (answer(500, ""), "http"),
        (answer(200, "<html>"), "http"),
        (refusal(503, "temporarily_unavailable"), "note Unspent"),
        (refusal(429, "rate_limited"), "note Unspent"),
    ] {
        let mut fake = Fake::acme();
        fake.on(TOKEN, [answer]);
        let mut play = refreshing(Presence::Nobody, fake);
        play.begin();
        assert_eq!(play.done.last().map(String::as_str), Some(last));
        assert_eq!(play.problem().contains("is unknown"), last == "http", "{}", play.problem());
        assert_eq!(play.saved.len(), 0);
    }
}

#[test]
fn a_dead_refresh_token_needs_a_person_and_is_not_sent_again() {
    let mut fake = Fake::acme();
    fake.on(TOKEN, [refusal(400, "invalid_grant")]);
    let mut alone = refreshing(Presence::Nobody, fake.clone());
    alone.begin();
    assert_eq!(alone.done.last().map(String::as_str), Some("note NoRefresh"));
    assert!(matches!(alone.outcome(), Outcome::Failed(Problem { kind: Kind::NeedsPerson, .. })));
    assert!(alone.problem().contains("invalid_grant, 400"), "{}", alone.problem());

    let mut asked = refreshing(Presence::Person, fake);
    asked.begin();
    assert_eq!(asked.id(), "offer", "signing up again begins at once");
    assert!(asked.problem().contains("does not take the refresh token"), "{}", asked.problem());
    asked.pick(0).confirm(true).text("ada@example.com").text("123456");
    assert_eq!(asked.saved[0].account.id.as_str(), "api.acme.dev");
}

#[test]
fn a_renewal_that_was_cut_off_is_said_so_with_the_ways_on() {
    let cut_off = |presence| {
        let mut play = refreshing(presence, pair());
        play.held.as_mut().expect("held").account.spending = Some(noon() - hours(1));
        play.begin();
        play
    };
    let alone = cut_off(Presence::Nobody);
    assert!(alone.problem().contains("was cut off") && alone.requests.is_empty(), "{}", alone.problem());

    let mut asked = cut_off(Presence::Person);
    assert_eq!((asked.id(), asked.choices().len()), ("confirm".into(), 4));
    assert!(asked.text_shown().contains("outcome of the last renewal is unknown"), "{}", asked.text_shown());
    asked.fake.on(API, [answer(401, "")]);
    asked.pick(0);
    assert!(asked.text_shown().contains("401") && asked.id() == "confirm", "{}", asked.text_shown());
    asked.pick(1);
    assert_eq!(asked.saved[0].secrets.credential.expose(), "at_2");
    assert_eq!(asked.saved[0].account.spending, None);

    // Sent once more in vain: what became of the first attempt is as unknown as before.
    let mut again = cut_off(Presence::Person);
    again.fake.on(TOKEN, [Err(HttpError::Unreachable("refused".into()))]);
    again.done.clear();
    again.pick(1);
    assert_eq!(again.done, ["unlock", "lock", "load", "note Spending", "http", "note Spending"]);
    assert_eq!(again.noted.last(), Some(&Note::Spending(noon() - hours(1))));

    let mut asked = cut_off(Presence::Person);
    asked.pick(2);
    assert_eq!(asked.id(), "offer");
    let mut asked = cut_off(Presence::Person);
    asked.pick(3);
    assert_eq!((asked.outcome(), asked.requests.len()), (Outcome::Cancelled, 0));
}

#[test]
fn a_successor_that_cannot_be_stored_is_held_until_it_can() {
    let full = || Err(Problem::new(Kind::Store, "The disk is full.", "Make room."));
    let mut asked = refreshing(Presence::Person, pair());
    asked.storing = VecDeque::from([full(), full(), Ok(())]);
    asked.begin();
    assert_eq!((asked.id(), asked.screen().at_stake.is_some()), ("store".into(), true));
    asked.pick(0);
    assert_eq!(asked.id(), "store", "still full");
    asked.pick(1);
    assert_eq!((asked.saved[0].account.store, asked.saved[0].secrets.credential.expose()), (StoreKind::Memory, "at_2"));

    let mut alone = refreshing(Presence::Nobody, pair());
    alone.storing = VecDeque::from([full(), full(), Ok(())]);
    alone.begin();
    assert_eq!(alone.saved[0].account.store, StoreKind::Json, "tried again, and there was room");

    let mut alone = refreshing(Presence::Nobody, pair());
    alone.storing = VecDeque::from([full(), full(), full(), full(), Ok(())]);
    alone.begin();
    assert_eq!(alone.saved[0].account.store, StoreKind::Memory, "whoever asked can still have it");
}

#[test]
fn leaving_while_the_token_is_on_its_way_waits_for_what_comes() {
    let mut play = refreshing(Presence::Person, pair());
    let (now, held) = (play.now, play.held.clone().map(Box::new));
    let flow = &mut play.flow;
    flow.step(Input::Begin, now);
    flow.step(Input::Stored(Ok(())), now);
    flow.step(Input::Locked(Ok(Lease::new(()))), now);
    flow.step(Input::Loaded(Ok(held)), now);
    assert!(flow.screen(now).at_stake.is_some(), "leaving is asked about");
    flow.step(Input::Cancel, now);
    let settled = flow.step(Input::Stored(Ok(())), now);
    assert!(matches!(settled.as_slice(), [Effect::Note { note: Note::Unspent, .. }]), "{settled:?}");
    flow.step(Input::Stored(Ok(())), now);
    assert_eq!(flow.screen(now).outcome, Some(Outcome::Cancelled));
}

#[test]
fn what_was_just_obtained_and_does_not_work_any_more_is_renewed_again() {
    let renewed = |ends: i64, ago: i64| {
        let mut play = refreshing(Presence::Nobody, pair());
        let held = &mut play.held.as_mut().expect("held").account;
        held.renewed_at = Some(noon() - SignedDuration::from_secs(ago));
        held.layers[0].expires_at = Some(noon() + SignedDuration::from_secs(ends));
        // The list that the caller saw was as new as the store.
        let account = held.clone();
        play.flow = Box::new(Renew::new(account, Presence::Nobody));
        play.begin();
        play.posts().len()
    };
    assert_eq!(renewed(3_600, 2), 0, "another program has just done it");
    assert_eq!(renewed(-1, 2), 1, "it is over already");
    assert_eq!(renewed(3_600, -60), 1, "a clock that went back is no reason to wait");
    assert_eq!(renewed(3_600, 60), 1);
}

#[test]
fn leaving_with_the_new_credential_in_hand_says_what_that_means() {
    let mut play = refreshing(Presence::Person, pair());
    play.storing = VecDeque::from([Err(Problem::new(Kind::Store, "The disk is full.", "Make room."))]);
    play.begin().step(Input::Cancel);
    assert!(play.text_shown().contains("was not kept and is lost"), "{}", play.text_shown());
}

// The new credential is tried before the old one is dropped.

/// The same, and the old access token works for an hour yet.
fn beside_a_good_one(presence: Presence, fake: Fake) -> Play {
    let mut play = refreshing(presence, fake);
    let held = &mut play.held.as_mut().expect("held").account;
    held.layers[0].expires_at = Some(noon() + hours(1));
    let account = held.clone();
    play.flow = Box::new(Renew::new(account, presence));
    play.begin();
    play
}

fn parts(kept: &Kept) -> (&str, &str) {
    let refresh = kept.secret_of(LayerKind::RefreshToken).expect("a refresh token");
    (kept.secrets.credential.expose(), refresh.expose())
}

/// With all the scopes of the old one.
fn whole_pair() -> Fake {
    let mut fake = pair();
    fake.json(TOKEN, json!({"access_token": "at_2", "expires_in": 7200, "refresh_token": "rt_2"}));
    fake
}

#[test]
fn what_comes_next_is_stored_at_once_and_the_old_credential_dropped_when_the_new_one_works() {
    let play = beside_a_good_one(Presence::Nobody, whole_pair());
    assert!(matches!(play.outcome(), Outcome::Connected(_)), "{}", play.problem());
    assert_eq!(play.done, ["unlock", "lock", "load", "note Spending", "http", "save", "http", "save"]);
    assert_eq!(
        parts(&play.saved[0]),
        ("sk_held", "rt_2"),
        "the successor of a token that works once, beside the old one"
    );
    assert_eq!(play.saved[0].account.obtained_at(), account("", "acme.dev", None, None).created_at);
    assert_eq!(parts(&play.saved[1]), ("at_2", "rt_2"));
    assert_eq!(play.saved[1].account.verified_at, Some(noon()));
    let renewed = Happened::Renewed { way: RenewedBy::RefreshToken, host: "auth.acme.dev".into() };
    assert_eq!(play.history, [renewed]);
}

#[test]
fn a_new_credential_that_is_turned_away_leaves_the_old_one_in_place() {
    let mut fake = whole_pair();
    fake.on(API, [answer(401, "")]);
    let play = beside_a_good_one(Presence::Nobody, fake);
    assert!(matches!(play.outcome(), Outcome::Refused(_)));
    assert!(play.problem().contains("turns it away (401)"), "{}", play.problem());
    let last = play.saved.last().expect("stored");
    assert_eq!((parts(last), last.account.spending), (("sk_held", "rt_2"), None));
    assert_eq!(last.account.expires_at(), Some(noon() + hours(1)));
    assert_eq!(play.history, [], "it was not renewed");

    // Where the old one had ended, there is nothing to go back to: it is told.
    let mut fake = whole_pair();
    fake.on(API, [answer(401, "")]);
    let mut play = refreshing(Presence::Nobody, fake);
    play.begin();
    assert!(matches!(play.outcome(), Outcome::Refused(_)), "{:?}", play.outcome());
    assert_eq!(parts(&play.saved[0]), ("at_2", "rt_2"));
    assert!(matches!(play.noted.last(), Some(Note::Proof(_))));
}

#[test]
fn silence_about_the_new_credential_is_no_refusal() {
    let mut fake = whole_pair();
    fake.on(API, [Err(HttpError::Unreachable("refused".into()))]);
    let play = beside_a_good_one(Presence::Nobody, fake);
    assert!(matches!(play.outcome(), Outcome::Connected(_)));
    assert_eq!(parts(play.saved.last().expect("stored")), ("at_2", "rt_2"));
}

#[test]
fn a_loss_of_scopes_is_asked_about_and_decided_by_nobody_else() {
    for (picked, credential, ends) in [(0, "at_2", true), (1, "sk_held", false)] {
        let mut play = beside_a_good_one(Presence::Person, pair());
        assert_eq!(play.choices(), ["Take the new one", "Keep the old one"]);
        assert!(play.text_shown().contains("lost") && play.text_shown().contains("mail.send"), "{}", play.text_shown());
        play.held = play.saved.last().cloned();
        play.pick(picked);
        assert_eq!(matches!(play.outcome(), Outcome::Connected(_)), ends);
        assert_eq!(
            parts(play.saved.last().expect("stored")),
            (credential, "rt_2"),
            "what comes next is kept in any case"
        );
    }
    let mut left = beside_a_good_one(Presence::Person, pair());
    left.step(Input::Cancel);
    assert!(left.text_shown().contains("The old credential is kept"), "{}", left.text_shown());
    // Nobody waits for the answer; what another program has got meanwhile is taken over.
    let mut slow = beside_a_good_one(Presence::Person, pair());
    let mut newer = slow.saved.last().cloned().expect("stored");
    newer.secrets.further = vec![(LayerKind::RefreshToken, Secret::new("rt_3"))];
    slow.held = Some(newer);
    let stored = slow.saved.len();
    slow.pick(0);
    assert_eq!(slow.done[slow.done.len() - 2..], ["lock", "load"]);
    assert!(matches!(slow.outcome(), Outcome::Connected(_)) && slow.saved.len() == stored);
    let alone = beside_a_good_one(Presence::Nobody, pair());
    assert!(matches!(alone.outcome(), Outcome::Failed(problem) if problem.kind == Kind::NeedsPerson));
    assert_eq!(parts(alone.saved.last().expect("stored")), ("sk_held", "rt_2"));
}

/// Signing up again beside a credential that works, with a service that answers a trial of the new one so.
fn signed_up_again(trial: Vec<Result<authmd_tui::http::Response, HttpError>>) -> Play {
    let mut play = renewal();
    let answers = std::iter::once(challenge()).chain(trial);
    play.fake.on(API, answers);
    play.flow = Box::new(SignUp::again(play.known.accounts[0].clone()).expect("a flow"));
    play.done.clear();
    play.begin().pick(0).confirm(true).text("ada@example.com").text("123456");
    play
}

#[test]
fn who_signs_up_again_has_the_new_credential_tried_before_the_old_one_goes() {
    let taken = signed_up_again(vec![answer(200, "{}")]);
    assert!(matches!(taken.outcome(), Outcome::Connected(_)), "{}", taken.problem());
    assert_eq!(taken.done[taken.done.len() - 3..], ["lock", "http", "save"]);
    assert_eq!(taken.saved[0].account.verified_at, Some(noon()));

    let mut refused = signed_up_again(vec![answer(401, "")]);
    assert_eq!((refused.id(), refused.saved.len()), ("confirm".into(), 0));
    let told = refused.text_shown();
    assert!(told.contains("turns it away (401). The old one works until 2026-11-24 12:00 UTC"), "{told}");
    refused.confirm(true);
    assert!(matches!(refused.outcome(), Outcome::Refused(_)) && refused.saved.is_empty());

    let mut refused = signed_up_again(vec![answer(401, "")]);
    refused.confirm(false);
    assert_eq!(refused.saved[0].secrets.credential.expose(), "sk_final", "whoever wants it has it");
    assert!(refused.saved[0].account.is_refused());
}

#[test]
fn who_signs_up_again_is_asked_about_a_loss_of_scopes() {
    let narrower = json!({"status": "claimed", "credential": "sk_final", "scopes": ["mail.read"]});
    for (old, saved) in [(true, 0), (false, 1)] {
        let mut play = renewal();
        play.fake.on(API, [challenge(), answer(200, "{}")]).json(COMPLETE, narrower.clone());
        play.flow = Box::new(SignUp::again(play.known.accounts[0].clone()).expect("a flow"));
        play.begin().pick(0).confirm(true).text("ada@example.com").text("123456");
        assert!(play.text_shown().contains("has not got any more: mail.send"), "{}", play.text_shown());
        play.confirm(old);
        assert_eq!(play.saved.len(), saved);
    }
}

/// An assertion that ends soon is not got by exchanging it: who asks for a renewal is led to another sign-up.
#[test]
fn who_renews_what_only_a_sign_up_renews_is_led_to_that() {
    let mut held = account("Acme Mail", "acme.dev", None, Some(-1));
    held.layers = vec![
        Layer { kind: LayerKind::AccessToken, expires_at: Some(noon() - hours(1)) },
        Layer { kind: LayerKind::IdentityAssertion, expires_at: Some(noon() + hours(5)) },
    ];
    held.renewal = Renewal::Exchange { url: url("https://auth.acme.dev/oauth2/token"), resource: None, identity: None };
    let mut play = Play::of(held, |account| Renew::new(account, Presence::Person), Fake::acme());
    play.begin();
    assert_eq!(play.id(), "offer");
    let told = play.screen().problem.expect("why").what;
    assert!(told.contains("The identity assertion of api.acme.dev ends in 5 h"), "{told}");
}

/// The old credential would live on, and nobody could end it any more.
#[test]
fn what_is_to_be_revoked_is_not_replaced() {
    let mut held = account("Acme Mail", "acme.dev", None, Some(5));
    held.more.revoking = Some(Box::new(authmd_tui::account::Revoking::since(noon())));
    let mut play = Play::of(held.clone(), |account| Renew::new(account, Presence::Person), Fake::acme());
    play.begin();
    assert!(play.text_shown().contains("is to be revoked") || play.problem().contains("is to be revoked"));
    let mut play = Play::acme(Fake::acme());
    play.known.accounts = vec![held];
    play.begin().pick(0);
    assert_eq!(play.id(), "existing");
    play.pick(1);
    assert!(play.problem().contains("is to be revoked"), "{}", play.problem());
    assert!(play.posts().is_empty() && play.saved.is_empty());
}

const EXCHANGE: &str = "POST https://auth.acme.dev/oauth2/token";

/// The same with a service that hands out an assertion, for which the access token is had with another call, answered so.
fn signed_up_again_by_exchange(exchanges: Vec<Result<authmd_tui::http::Response, HttpError>>) -> Play {
    let mut play = renewal();
    let mut metadata = Fake::server_metadata();
    metadata["token_endpoint"] = json!("https://auth.acme.dev/oauth2/token");
    metadata["grant_types_supported"] = json!(["urn:ietf:params:oauth:grant-type:jwt-bearer"]);
    play.fake.json(SERVER, metadata).on(API, [challenge(), answer(200, "{}")]).on(EXCHANGE, exchanges);
    play.fake.json(
        COMPLETE,
        json!({"status": "claimed", "identity_assertion": "jwt_new", "assertion_expires": "2026-11-23T12:00:00Z"}),
    );
    play.flow = Box::new(SignUp::again(play.known.accounts[0].clone()).expect("a flow"));
    play.done.clear();
    play.begin().pick(0).confirm(true).text("ada@example.com").text("123456");
    play
}

fn exchanged() -> Result<authmd_tui::http::Response, HttpError> {
    answer(
        200,
        &json!({"access_token": "at_new", "token_type": "Bearer", "expires_in": 3600, "scope": "mail.read mail.send"})
            .to_string(),
    )
}

#[test]
fn an_assertion_does_not_take_the_place_of_a_credential_that_works() {
    let taken = signed_up_again_by_exchange(vec![exchanged()]);
    assert!(matches!(taken.outcome(), Outcome::Connected(_)), "{}", taken.problem());
    assert_eq!(taken.done[taken.done.len() - 4..], ["lock", "http", "http", "save"], "exchanged, tried, stored");
    let saved = &taken.saved[0];
    assert_eq!((taken.saved.len(), saved.secrets.credential.expose()), (1, "at_new"));
    assert_eq!(saved.secret_of(LayerKind::IdentityAssertion), Some(&Secret::new("jwt_new")));
    assert_eq!((taken.history.len(), saved.account.verified_at), (1, Some(noon())));

    let silent = || Err(HttpError::Unreachable("no route".into()));
    let mut left = signed_up_again_by_exchange(vec![silent()]);
    assert_eq!((left.id(), left.saved.len()), ("confirm".into(), 0));
    assert!(left.text_shown().contains("the old credential is kept"), "{}", left.text_shown());
    left.confirm(false);
    assert!(left.saved.is_empty() && left.text_shown().contains("still in place"), "{}", left.text_shown());
    let mut repeated = signed_up_again_by_exchange(vec![silent(), exchanged()]);
    repeated.confirm(true);
    assert_eq!(repeated.saved[0].secrets.credential.expose(), "at_new");
    assert_eq!(repeated.done[repeated.done.len() - 4..], ["http", "lock", "http", "save"]);
}

/// What was confirmed is kept by whoever leaves while it is tried, unless it is of no use.
#[test]
fn who_leaves_during_the_trial_of_the_new_credential_has_it_stored() {
    for (trial, saved) in [(answer(200, "{}"), 1), (answer(401, ""), 0)] {
        let mut play = renewal();
        play.fake.on(API, [challenge(), trial]);
        play.flow = Box::new(SignUp::again(play.known.accounts[0].clone()).expect("a flow"));
        play.begin().pick(0).confirm(true).text("ada@example.com");
        play.slow = Some(API.to_owned());
        play.text("123456").step(Input::Cancel);
        assert_eq!(play.saved.len(), 0);
        play.slow = None;
        play.arrives();
        assert_eq!(play.saved.len(), saved);
        assert_eq!(matches!(play.outcome(), Outcome::Connected(_)), saved == 1);
    }
}
