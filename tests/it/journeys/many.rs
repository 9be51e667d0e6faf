//! Two hundred services at once: what is slow holds up nobody, and what is silent is not dead.

use std::process::Command;
use std::sync::Arc;

use authmd_tui::account::{AccountId, Revoking};
use authmd_tui::secret::Secret;
use authmd_tui::store::Stores;
use authmd_tui::store::json::Json;
use authmd_tui::store::lock::Locks;
use authmd_tui::store::memory::Memory;
use serde_json::Value;

use crate::support::many::{Like, World};
use crate::support::terminal::Home;

#[test]
fn two_hundred_are_asked_side_by_side_and_the_silent_one_holds_up_nobody() {
    let (world, home) = (World::that_gathers(32), Home::with_tokens());
    world.keep(&home, (0..200).map(|nth| world.account(nth)));
    world.is(3, Like::Dead).is(7, Like::Silent);
    let (code, out, err) = home.command(&["verify", "--all", "--timeout", "3s"]);
    assert_eq!(code, 6, "{out}{err}");
    let lines: Vec<&str> = out.lines().collect();
    assert_eq!(lines.len(), 200);
    assert_eq!(lines.iter().filter(|line| line.contains("works (200)")).count(), 198);
    assert!(out.contains("s003 was revoked") && out.contains("s007 could not be checked"), "{out}");
    assert!(lines.last().expect("one").contains("s007"), "the others did not wait for it: {:?}", lines.last());
    assert_eq!(world.most_at_once(), 32, "no more than that");

    let status = |id: &str| -> Value { home.json(&["show", id, "--json"]).1["accounts"][0]["status"].clone() };
    assert_eq!((status("s003"), status("s007"), status("s000")), ("revoked".into(), "unreachable".into(), "ok".into()));
}

#[test]
fn what_renews_itself_is_renewed_side_by_side_and_the_rest_is_named() {
    let (world, home) = (World::that_gathers(20), Home::with_tokens());
    world.keep(&home, (0..20).map(|nth| world.renewing(nth)));
    let ended = |nth: usize| {
        let mut kept = world.account(nth);
        kept.account.layers[0].expires_at = kept.account.created_at;
        kept
    };
    world.keep(&home, [ended(20), world.account(21)]);
    let (code, due) = home.json(&["renew", "--due", "--json"]);
    assert_eq!(code, 5);
    let results = due["results"].as_array().expect("results");
    let with = |outcome: &str| results.iter().filter(|result| result["outcome"] == outcome).count();
    assert_eq!((results.len(), with("renewed"), with("not_renewed")), (21, 20, 1), "a key without an end is not due");
    let problem =
        results.iter().find(|result| result["account"]["id"] == "s020").expect("named")["problem"].to_string();
    assert!(problem.contains("needs a person"), "{problem}");
    assert_eq!(world.most_at_once(), 20);
    assert_eq!(home.command(&["verify", "s000", "s019"]).0, 0, "the new ones work");
}

/// The last line is what scripts' logs end with: it names what can be typed, for all of them.
#[test]
fn several_that_did_not_go_well_are_named_together() {
    let (world, home) = (World::start(), Home::with_tokens());
    let ended = |nth: usize| {
        let mut kept = world.account(nth);
        kept.account.layers[0].expires_at = kept.account.created_at;
        kept
    };
    world.keep(&home, [world.renewing(0), ended(1), ended(2), world.account(3)]);
    let (code, _, err) = home.command(&["renew", "--due"]);
    assert_eq!(code, 5, "{err}");
    assert_eq!(err.matches("needs a person").count(), 2, "each, once: {err}");
    let told =
        "Of 3 accounts, 2 did not go well; each is told above.\nhint: In a terminal: authmd-tui renew s001 s002\n";
    assert!(err.ends_with(told), "{err}");

    world.is(0, Like::Dead).is(3, Like::Dead);
    let (code, _, err) = home.command(&["verify", "s001", "s003", "s000"]);
    assert_eq!(code, 6, "{err}");
    assert!(err.ends_with("hint: Renew it or forget it: authmd-tui renew s003 s000\n"), "{err}");
}

#[test]
fn who_stops_many_renewals_gets_those_that_are_under_way_and_no_more() {
    let (world, home) = (World::that_gathers(100), Home::with_tokens());
    world.keep(&home, (0..40).map(|nth| world.renewing(nth)));
    let renewing = home.spawn(&["renew", "--due"]);
    world.until_under_way(32);
    let interrupted = Command::new("kill").args(["-INT", &renewing.id().to_string()]).status().expect("sent");
    assert!(interrupted.success());
    world.open();
    let output = renewing.wait_with_output().expect("waited");
    assert_eq!(output.status.code(), Some(130), "{output:?}");
    let err = String::from_utf8_lossy(&output.stderr).into_owned();
    assert_eq!(err.matches("was not renewed: it was stopped.").count(), 8, "each by its name: {err}");
    assert_eq!(world.tokens(), 32, "no other one was begun");
    let (_, listed) = home.json(&["list", "--json"]);
    let renewed = listed["accounts"].as_array().expect("accounts").iter().filter(|it| !it["renewed_at"].is_null());
    assert_eq!(renewed.count(), 32, "and what was on its way is kept");
}

/// What was revoked once is not there to be revoked again, whatever else begins like it.
#[test]
fn a_revocation_that_is_asked_for_twice_ends_one_account() {
    let (world, home) = (World::start(), Home::with_tokens());
    let named = |nth: usize, id: &str| {
        let mut kept = world.account(nth);
        kept.account.id = AccountId::stored(id).expect("an id");
        kept
    };
    world.keep(&home, [named(0, "127.0.0.1"), named(1, "127.0.0.1-other")]);
    assert_eq!(home.command(&["revoke", "127.0.0.1"]).0, 0);
    for command in ["revoke", "forget"] {
        let (code, _, err) = home.command(&[command, "127.0.0.1"]);
        assert!(code == 3 && err.contains("127.0.0.1 is not here any more"), "{command}: {err}");
    }
    assert_eq!(home.command(&["token", "127.0.0.1-other"]).0, 0);
}

/// Who was told what is written down, also where nobody waits for what comes of it.
#[test]
fn a_revocation_that_is_left_is_not_called_off() {
    let (world, home) = (World::start(), Home::with_tokens());
    world.keep(&home, [world.account(0)]);
    world.is(0, Like::Mute);
    let revoking = home.spawn(&["revoke", "s000"]);
    world.until_told();
    let interrupted = Command::new("kill").args(["-INT", &revoking.id().to_string()]).status().expect("sent");
    assert!(interrupted.success());
    let output = revoking.wait_with_output().expect("waited");
    let err = String::from_utf8_lossy(&output.stderr).into_owned();
    assert!(output.status.code() == Some(130) && err.contains("revoke --pending"), "{err}");
    let history = home.command(&["history", "s000"]).1;
    assert!(history.contains("no answer was waited for"), "{history}");
    world.is(0, Like::Good);
    assert_eq!(home.command(&["revoke", "--pending"]).0, 0);
    let (code, out, _) = home.command(&["history"]);
    assert!(code == 0 && out.contains("revoked, and removed here"), "{out}");
}

#[test]
fn what_was_cut_off_is_not_called_dead_and_a_receipt_that_is_lost_is_told() {
    let (world, home) = (World::start(), Home::with_tokens());
    let mut kept = world.renewing(0);
    kept.account.spending = kept.account.created_at;
    world.keep(&home, [kept, world.account(1)]);
    world.is(0, Like::Dead);
    let (_, out, _) = home.command(&["verify", "s000"]);
    assert!(!out.contains("renews by itself"), "{out}");
    world.is(0, Like::Good);
    let (code, out, _) = home.command(&["revoke", "s000"]);
    assert!(code == 0 && out.contains("there may be one: a renewal was cut off"), "{out}");
    std::fs::write(home.path("home/history.sqlite"), "not a database, and longer than nothing").expect("written");
    let (code, out, err) = home.command(&["revoke", "s001"]);
    assert!(
        code == 0 && out.starts_with("Revoked: s001") && err.contains("could not be written into the history"),
        "{err}"
    );
}

/// The file is what they share: a token that works once must not be spent by both, though each has a folder of its own.
#[test]
fn programs_with_one_token_file_wait_for_each_other() {
    let (world, here, mut there) = (World::that_gathers(100), Home::with_tokens(), Home::new());
    there.extra.push(("AUTH_MD_TOKEN_STORE", here.path("tokens.json")));
    world.keep(&here, [world.renewing(0)]);
    let files = |home: &Home| {
        let file = Arc::new(Json::new(home.path("tokens.json").into()));
        let locks = Locks::Folder(home.path("locks").into());
        Stores::new(vec![Arc::new(Memory::default())], locks, None).with_file(file)
    };
    let first = here.spawn(&["token", "s000"]);
    world.until_under_way(1);
    let listed = there.json(&["show", "s000", "--json"]).1;
    assert_eq!(listed["accounts"][0]["status"], "renews", "somebody is at it, and nothing was cut off: {listed}");
    let second = there.spawn(&["token", "s000"]);
    world.open();
    let [first, second] = [first, second].map(|child| child.wait_with_output().expect("waited"));
    assert!(first.status.success() && second.status.success(), "{first:?} {second:?}");
    // Whichever store is in use there: what is in the file is locked beside it.
    let id = AccountId::stored("s000").expect("an id");
    let lease = files(&here).lock(&id).expect("locked");
    let beside = Locks::Folder(Json::new(here.path("tokens.json").into()).lock_folder());
    assert!(beside.is_held(&id));
    drop(lease);
    assert!(!beside.is_held(&id));
    assert_eq!((world.tokens(), there.command(&["token", "s000"]).1), (1, "access-0-1\n".to_owned()));
}

/// What was turned away once stays dead for the list; what is told is what was heard now.
#[test]
fn silence_is_told_as_silence_also_of_what_was_turned_away_before() {
    let (world, home) = (World::start(), Home::with_tokens());
    world.keep(&home, [world.account(0)]);
    world.is(0, Like::Dead);
    assert_eq!(home.command(&["verify", "s000"]).0, 6);
    world.is(0, Like::Silent);
    let (code, out, err) = home.command(&["verify", "s000", "--timeout", "1s"]);
    assert!(code == 7 && out.contains("could not be checked") && err.contains("Try again later"), "{out}{err}");
    let (_, told) = home.json(&["verify", "s000", "--timeout", "1s", "--json"]);
    assert_eq!((&told["results"][0]["verdict"], &told["results"][0]["status"]), (&"unreachable".into(), &Value::Null));
    assert_eq!(home.json(&["show", "s000", "--json"]).1["accounts"][0]["status"], "revoked");
}

/// A record has room for one at a time: they come one after another then, each with its end.
#[test]
fn a_record_of_several_has_each_from_its_beginning_to_its_end() {
    let (world, home) = (World::start(), Home::with_tokens());
    world.keep(&home, (0..3).map(|nth| world.account(nth)));
    world.is(1, Like::Deaf);
    let file = home.path("events");
    assert_eq!(home.command(&["revoke", "s000", "s001", "s002", "--events", &file]).0, 6);
    let events: Vec<Value> =
        home.read("events").lines().map(|line| serde_json::from_str(line).expect("JSON")).collect();
    let outcomes = events
        .iter()
        .filter(|event| event["type"] == "outcome")
        .map(|event| event["outcome"].as_str().expect("a word"));
    assert_eq!(outcomes.collect::<Vec<_>>(), ["removed", "refused", "removed"]);
    let titles: Vec<&str> = events.iter().filter_map(|event| event["title"].as_str()).collect();
    let of = |nth: usize| titles.iter().filter(|title| title.ends_with(&format!("Service {nth}"))).count();
    assert!(of(0) > 1 && of(1) > 1 && of(2) > 1, "{titles:?}");
    assert!(!home.read("events").contains("key-"), "and no secret");
    assert_eq!(world.most_at_once(), 1);
}

/// It has ended, and gets the next one by itself: no news, and no failure.
#[test]
fn what_renews_itself_is_not_broken_because_its_access_token_has_ended() {
    let (world, home) = (World::start(), Home::with_tokens());
    let mut renewing = world.renewing(1);
    renewing.secrets.credential = Secret::new("ended");
    world.keep(&home, [world.account(0), renewing]);
    let (code, out, err) = home.command(&["verify", "--all"]);
    assert!(code == 0 && out.contains("s001: its access token has ended (401); it renews by itself."), "{out}{err}");
    assert_eq!(home.command(&["check"]).0, 0);
}

#[test]
fn what_is_to_be_revoked_gets_no_new_life() {
    let (world, home) = (World::start(), Home::with_tokens());
    let mut kept = world.renewing(1);
    let since = kept.account.created_at.expect("known");
    kept.account.more.revoking = Some(Box::new(Revoking::since(since)));
    world.keep(&home, [kept]);
    let (code, out, err) = home.command(&["token", "s001"]);
    assert!(code == 5 && out.is_empty() && err.contains("s001 is to be revoked"), "{err}");
    assert_eq!(world.tokens(), 0);
    assert_eq!(home.command(&["renew", "--due"]).2, "Nothing is due.\n");
    // Nor from somebody, before that is settled: the old credential would live on, and nobody could end it.
    let (code, _, err) = home.command(&["renew", "s001"]);
    assert!(code == 5 && err.contains("--withdraw s001"), "{err}");
    assert_eq!(world.tokens(), 0);
    let (code, out, _) = home.command(&["revoke", "--pending"]);
    assert!(code == 0 && out.contains("Revoked: s001"), "{out}");
}

#[test]
fn many_are_revoked_at_once_and_what_was_not_is_finished_later() {
    let (world, home) = (World::start(), Home::with_tokens());
    world.keep(&home, (0..6).map(|nth| world.account(nth)));
    world.is(1, Like::Deaf).is(2, Like::Dead);
    let (code, out, err) = home.command(&["revoke", "s000", "s001", "s002", "s003"]);
    assert!(code == 6 && err.contains("authmd-tui revoke --pending"), "{out}{err}");
    assert_eq!(out.matches("Revoked: ").count(), 3, "{out}");
    assert!(out.contains("Not revoked: s001") && out.contains("200, still works"), "{out}");

    let ids = || -> Vec<String> {
        let (_, listed) = home.json(&["list", "--json"]);
        let accounts = listed["accounts"].as_array().expect("accounts").iter();
        accounts.map(|account| account["id"].as_str().expect("an id").to_owned()).collect()
    };
    assert_eq!(ids(), ["s001", "s004", "s005"], "what needs somebody comes first");
    let (_, shown) = home.json(&["show", "s001", "--json"]);
    assert_eq!(shown["accounts"][0]["revoking"]["tries"], 1);
    assert!(
        home.command(&["show", "s001"]).1.contains("tried once: Service 1 said yes, but the credential still works.")
    );

    // Another process, and the service is mended.
    world.is(1, Like::Good);
    let (code, out, _) = home.command(&["revoke", "--pending"]);
    assert!(code == 0 && out.contains("Revoked: s001"), "{out}");
    assert_eq!(home.command(&["revoke", "--pending"]), (0, String::new(), "No revocation is to be finished.\n".into()));
    assert_eq!(ids(), ["s004", "s005"]);

    let (code, history) = home.json(&["history", "s001", "--json"]);
    let events = history["events"].as_array().expect("events");
    let happened: Vec<&str> = events.iter().map(|event| event["event"].as_str().expect("a word")).collect();
    assert_eq!((code, happened), (0, vec!["not_revoked", "revoked"]), "the receipts outlive the account");
    assert_eq!(events[1]["receipts"][1]["answer"], "401, as it should be");
    let (code, out, _) = home.command(&["history"]);
    assert!(code == 0 && out.contains("s003  revoked, and removed here"), "{out}");
    assert!(!out.contains("key-") && !home.read("home/history.sqlite").contains("key-"), "no secret is in it");
    assert_eq!(home.command(&["history", "nobody"]).0, 3);

    world.is(4, Like::Deaf);
    assert_eq!(home.command(&["revoke", "s004"]).0, 6);
    assert_eq!(home.command(&["revoke", "--withdraw", "s004"]).0, 0);
    assert_eq!(home.command(&["revoke", "--pending"]).0, 0, "it is kept");
    let (code, _, err) = home.command(&["revoke", "--withdraw", "s004"]);
    assert!(code == 2 && err.contains("None is."), "{err}");
}
