//! Renewing: by signing up again in place, and by the refresh token.

use std::collections::VecDeque;

use authmd_tui::account::{Kept, Layer, LayerKind, Note, Renewal, StoreKind};
use authmd_tui::flow::renew::Renew;
use authmd_tui::flow::revoke::Presence;
use authmd_tui::flow::signup::SignUp;
use authmd_tui::flow::{Effect, Input, Lease, Outcome};
use authmd_tui::http::HttpError;
use authmd_tui::problem::{Kind, Problem};
use authmd_tui::secret::Secret;
use jiff::SignedDuration;
use serde_json::json;

use crate::support::play::{API, Fake, Play, answer, refusal};
use crate::support::{account, hours, noon, url};

fn renewal() -> Play {
    let mut held = account("Acme Mail", "acme.dev", Some("work"), Some(48));
    held.store = StoreKind::Json;
    let mut play = Play::new(SignUp::again(held.clone()).expect("a flow"), Fake::acme());
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
        ["unlock", "lock", "load", "note Spending", "http", "save"],
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
        play.requests.len()
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
