//! The full-screen program without a screen: keys in, commands out.

use authmd_tui::account::{
    Account, AccountId, Kept, Layer, LayerKind, Note, Proof, Renewal, Revocation, StoreKind, Verdict,
};
use authmd_tui::flow::{Effect, Input, Known};
use authmd_tui::http::HttpError;
use authmd_tui::problem::{Kind, Problem};
use authmd_tui::secret::Secret;
use authmd_tui::skill::{Described, Source};
use authmd_tui::store::Listing;
use authmd_tui::tui::app::{App, Command, Loaded, Message, Overlay, Scene};
use authmd_tui::tui::keymap::{Action, BINDINGS, Key, Keymap, Place};
use authmd_tui::tui::session::FlowId;
use authmd_tui::tui::theme::{Depth, Look, Theme};
use crossterm::event::{KeyCode, KeyEvent, KeyModifiers};
use jiff::SignedDuration;

use crate::support::play::stores;
use crate::support::{account, loaded, noon, url};

fn plain_theme() -> Theme {
    Theme { look: Look::Terminal, depth: Depth::None, unicode: true }
}

fn some_accounts() -> Vec<Account> {
    vec![
        account("Orbit API", "orbit.dev", None, Some(-48)),
        account("Acme Mail", "acme.dev", Some("work"), Some(73)),
        account("Northwind", "northwind.dev", None, Some(24 * 40)),
    ]
}

fn kept(account: &Account, credential: &str) -> Box<Kept> {
    Box::new(Kept::new(account.clone(), Secret::new(credential)))
}

fn app() -> App {
    let mut app = App::new(plain_theme(), "memory", None);
    app.size = (80, 16);
    assert_eq!(app.begin(), [Command::Load]);
    app.update(loaded(some_accounts()), noon());
    app
}

fn key(code: KeyCode) -> Message {
    Message::Key(KeyEvent::new(code, KeyModifiers::NONE))
}

fn ctrl(c: char) -> Message {
    Message::Key(KeyEvent::new(KeyCode::Char(c), KeyModifiers::CONTROL))
}

fn press(app: &mut App, keys: &str) -> Vec<Command> {
    press_at(app, keys, noon())
}

fn press_at(app: &mut App, keys: &str, now: jiff::Timestamp) -> Vec<Command> {
    keys.chars()
        .flat_map(|c| {
            let code = match c {
                '\n' => KeyCode::Enter,
                '\u{1b}' => KeyCode::Esc,
                c => KeyCode::Char(c),
            };
            app.update(key(code), now)
        })
        .collect()
}

fn notice(app: &App) -> &str {
    app.notice.as_deref().unwrap_or_default()
}

/// Answers the effects of the guided pane with `answer` until it waits for a person.
fn settle(app: &mut App, commands: Vec<Command>, answer: impl Fn(&Effect) -> Input) {
    let mut commands = std::collections::VecDeque::from(commands);
    while let Some(command) = commands.pop_front() {
        if let Command::Perform(id, effect) = command {
            commands.extend(app.update(Message::Flow(id, answer(&effect)), noon()));
        }
    }
}

#[test]
fn a_service_is_named_and_discovery_begins() {
    let mut app = app();
    press(&mut app, "a");
    assert_eq!(app.place(), Place::Target);
    press(&mut app, "non sense.dev\n");
    let Scene::Target { problem, .. } = &app.scene else { panic!("still at the target") };
    assert!(problem.as_ref().is_some_and(|problem| problem.what.contains("has blanks in it")));
    press(&mut app, "/");
    let Scene::Target { problem, .. } = &app.scene else { panic!("still at the target") };
    assert!(problem.is_none(), "the next key clears it");
    press(&mut app, "\u{1b}a");
    let commands = press(&mut app, "nonsense.dev\n");
    assert!(
        matches!(commands.as_slice(), [Command::Perform(_, Effect::Http(request))] if request.url.as_str() == "https://nonsense.dev/"),
        "{commands:?}"
    );
    assert_eq!(app.place(), Place::Busy);
}

#[test]
fn a_whole_answer_can_be_pasted_as_the_target() {
    let mut app = app();
    press(&mut app, "a");
    app.update(
        Message::Paste(
            "HTTP/1.1 401 Unauthorized\r\nwww-authenticate: Bearer resource_metadata=\"https://acme.dev/prm\"\r\n"
                .into(),
        ),
        noon(),
    );
    let commands = press(&mut app, "\n");
    assert!(
        matches!(commands.as_slice(), [Command::Perform(_, Effect::Http(request))] if request.url.as_str() == "https://acme.dev/prm"),
        "{commands:?}"
    );
}

#[test]
fn an_answer_that_comes_after_its_pane_is_dropped() {
    let mut app = app();
    let commands = press(&mut app, "aacme.dev\n");
    let Some(Command::Perform(id, _)) = commands.first() else { panic!("{commands:?}") };
    let stale = *id;
    press(&mut app, "\u{1b}");
    assert_eq!(app.place(), Place::List);
    let commands = app.update(Message::Flow(stale, Input::Http(Err(HttpError::Unreachable("late".into())))), noon());
    assert!(commands.is_empty() && app.place() == Place::List);
    assert!(app.update(Message::Flow(FlowId(999), Input::Elapsed), noon()).is_empty());
}

#[test]
fn every_action_is_bound_and_every_key_is_in_the_help() {
    let in_help: Vec<Action> =
        Keymap::default().groups().into_iter().flat_map(|(_, keys)| keys).map(|entry| entry.action).collect();
    for binding in BINDINGS.iter().filter(|binding| !binding.label.is_empty()) {
        assert!(in_help.contains(&binding.action), "{binding:?}");
    }
    // The keys that other programs and people rely on.
    let fixed = [
        ('a', Action::Add),
        ('r', Action::Renew),
        ('x', Action::Revoke),
        ('d', Action::Forget),
        ('v', Action::Verify),
        ('y', Action::Credential),
        ('o', Action::OpenPage),
        ('/', Action::Filter),
        ('s', Action::Sort),
        (' ', Action::Mark),
        ('?', Action::Help),
        ('q', Action::Quit),
        ('j', Action::Down),
        ('k', Action::Up),
        ('g', Action::Top),
        ('G', Action::Bottom),
    ];
    for (c, action) in fixed {
        assert_eq!(
            Keymap::default().action(Place::List, Key { code: KeyCode::Char(c), modifiers: KeyModifiers::NONE }),
            Some(action),
            "{c}"
        );
    }
}

#[test]
fn a_key_that_does_nothing_here_says_why() {
    let mut empty = App::new(plain_theme(), "memory", None);
    empty.update(loaded(vec![]), noon());
    for c in ['r', 'x', 'v', 'd', 'y', 'o'] {
        press(&mut empty, &c.to_string());
        assert!(notice(&empty).contains("first sign up to a service"), "{c}: {}", notice(&empty));
    }
    let mut app = app();
    app.update(ctrl('n'), noon());
    assert_eq!(notice(&app), "Ctrl-N (new code) works in the code question.");
    press(&mut app, "\n/");
    assert_eq!(notice(&app), "/ (filter) works in the list.");
}

#[test]
fn the_notice_goes_with_the_next_key() {
    let mut app = app();
    press(&mut app, "s");
    assert_eq!(notice(&app), "Sorted by service.");
    press(&mut app, "j");
    assert_eq!(notice(&app), "");
}

#[test]
fn the_list_is_sorted_filtered_and_keeps_its_place() {
    let names = |app: &App| app.list.rows().map(|account| account.service.clone()).collect::<Vec<_>>();
    let mut app = app();
    assert_eq!(names(&app), ["Orbit API", "Acme Mail", "Northwind"]);
    press(&mut app, "j");
    press(&mut app, "s");
    assert_eq!(names(&app), ["Acme Mail", "Northwind", "Orbit API"]);
    assert_eq!(app.list.selected().map(|account| account.service.as_str()), Some("Acme Mail"));
    press(&mut app, "/orb\n");
    assert_eq!((names(&app), app.list.filter()), (vec!["Orbit API".to_owned()], "orb"));
    press(&mut app, "\u{1b}");
    assert_eq!(names(&app).len(), 3);
    press(&mut app, "/expired mail\n");
    assert_eq!(names(&app), ["Orbit API"], "every word counts: a status and a scope");
}

#[test]
fn the_selection_stays_with_its_account_when_the_list_is_read_again() {
    let mut app = app();
    press(&mut app, "jj");
    let mut again = some_accounts();
    again.remove(0);
    app.update(loaded(again), noon());
    assert_eq!(app.list.selected().map(|account| account.service.as_str()), Some("Northwind"));
}

#[test]
fn verification_runs_behind_the_list_and_tells_what_came() {
    let mut app = app();
    let commands = press(&mut app, "jv");
    assert!(
        matches!(commands.as_slice(), [Command::Perform(_, Effect::Load(id))] if id.as_str() == "api.acme.dev:work"),
        "{commands:?}"
    );
    assert_eq!(app.place(), Place::List, "nothing is in the way");
    let account = app.list.selected().expect("selected").clone();
    assert!(app.is_at(&account).is_some());
    assert!(press(&mut app, "v").is_empty(), "asked once");
    settle(&mut app, commands, |effect| match effect {
        Effect::Load(_) => Input::Loaded(Ok(Some(kept(&account, "sk")))),
        Effect::Http(_) => {
            Input::Http(Ok(authmd_tui::http::Response { status: 401, headers: vec![], body: Secret::default() }))
        }
        _ => Input::Stored(Ok(())),
    });
    assert_eq!(
        notice(&app),
        "api.acme.dev:work was revoked: the service turns it away (401). r signs up again in place."
    );
    assert!(app.is_at(&account).is_none());
}

#[test]
fn marks_make_keys_act_on_many() {
    let mut app = app();
    press(&mut app, "  ");
    assert_eq!(app.list.marked(), 2);
    let commands = press(&mut app, "v");
    assert_eq!(commands.len(), 2);
    assert_eq!(app.list.marked(), 2, "asking ends nothing, and neither do its marks");
    // What a filter hides is not acted on, and is counted.
    press(&mut app, "/northwind\n");
    assert_eq!((app.list.hidden_marks(), app.list.targets().len()), (2, 1));
    press(&mut app, "\u{1b}");
    assert_eq!(
        (app.list.filter(), app.list.marked(), app.list.hidden_marks()),
        ("", 2, 0),
        "esc shows all, marks and all"
    );
}

/// Marks the first accounts of a list of these.
fn marked(accounts: Vec<Account>, marks: usize) -> App {
    let mut app = app();
    app.update(loaded(accounts), noon());
    press(&mut app, &" ".repeat(marks));
    app
}

#[test]
fn several_are_revoked_with_one_yes_side_by_side_and_each_has_its_receipts() {
    let mut app = marked(some_accounts(), 2);
    let ids: Vec<AccountId> = app.list.targets().iter().map(|account| account.id.clone()).collect();
    assert!(press(&mut app, "x").is_empty(), "asked first");
    let Some(Overlay::Question(question)) = &app.overlay else { panic!("a question") };
    assert!(question.text.join(" ").contains("Revoke these 2 at their services?"), "{:?}", question.text);
    assert!(ids.iter().all(|id| question.text[1].contains(id.as_str())), "{:?}", question.text);
    assert!(press(&mut app, "n\n").is_empty() && app.overlay.is_none());
    press(&mut app, "x");
    let commands = press(&mut app, "y\n");
    assert_eq!(commands.len(), 2, "{commands:?}");
    assert_eq!((app.place(), app.list.marked()), (Place::List, 0), "nothing is in the way");
    assert!(press(&mut app, "q").is_empty(), "leaving is asked about");
    press(&mut app, "n\n");
    let accounts = app.list.accounts().to_vec();
    let tries = std::cell::RefCell::new(std::collections::HashMap::<String, usize>::new());
    settle(&mut app, commands, |effect| match effect {
        Effect::Load(id) => {
            let account = accounts.iter().find(|account| account.id == *id).expect("listed");
            Input::Loaded(Ok(Some(kept(account, "sk"))))
        }
        Effect::Lock(_) => Input::Locked(Ok(authmd_tui::flow::Lease::new(()))),
        Effect::Http(request) => {
            let mut tries = tries.borrow_mut();
            let nth = tries.entry(request.url.to_string()).or_default();
            *nth += 1;
            // The second service goes on taking it.
            let dead = *nth > 1 && !request.url.as_str().contains("acme");
            let status = if request.url.path().ends_with("/revoke") || !dead { 200 } else { 401 };
            Input::Http(Ok(authmd_tui::http::Response { status, headers: vec![], body: Secret::default() }))
        }
        _ => Input::Stored(Ok(())),
    });
    let screen = app.session().expect("the receipts").screen();
    assert_eq!(screen.title, "Revoked 1 of 2");
    let text: Vec<String> = screen.lines.iter().map(|line| line.plain()).collect();
    let text = text.join("\n");
    assert!(text.contains("api.orbit.dev: revoked\n") && text.contains("401, as it should be"), "{text}");
    assert!(text.contains("api.acme.dev:work: not revoked\n") && text.contains("still works"), "{text}");
    press(&mut app, "\n");
    assert_eq!(app.place(), Place::List);
}

#[test]
fn of_several_what_needs_nobody_is_renewed_behind_the_list_and_the_rest_walked_one_after_another() {
    let renewing = |mut account: Account| {
        account.renewal = Renewal::Refresh { url: url("https://auth.acme.dev/token"), resource: None };
        account.layers.push(Layer { kind: LayerKind::RefreshToken, expires_at: None });
        account
    };
    let ending = |name: &str, host: &str| account(name, host, None, Some(1));
    let accounts = vec![
        ending("A", "a.dev"),
        renewing(ending("B", "b.dev")),
        ending("C", "c.dev"),
        renewing(ending("D", "d.dev")),
    ];
    let mut app = app();
    app.update(loaded(accounts.clone()), noon());
    let commands = press(&mut app, "R");
    assert_eq!(commands.len(), 2, "those that renew themselves: {commands:?}");
    assert_eq!(app.place(), Place::List);
    settle(&mut app, commands, |effect| match effect {
        Effect::Load(id) => {
            let account = accounts.iter().find(|account| account.id == *id).expect("listed");
            let mut kept = kept(account, "at_1");
            kept.secrets.further.push((LayerKind::RefreshToken, Secret::new("rt_1")));
            Input::Loaded(Ok(Some(kept)))
        }
        Effect::Lock(_) => Input::Locked(Ok(authmd_tui::flow::Lease::new(()))),
        Effect::Http(request) if request.url.path() == "/token" => {
            // The refresh token of one of them is dead: it joins the queue.
            let grant = request.body.fields().iter().any(|field| field.name == "refresh_token");
            assert!(grant);
            crate::support::play::refusal(400, "invalid_grant")
                .map_or_else(|error| Input::Http(Err(error)), |no| Input::Http(Ok(no)))
        }
        _ => Input::Stored(Ok(())),
    });
    assert_eq!(notice(&app), "Renewed 0 of 2. 4 need you, one after another:");
    assert_eq!(app.session().and_then(|session| session.position), Some((1, 4)), "the queue");
    press(&mut app, "\u{1b}");
    assert_eq!(app.place(), Place::List, "who stops one does not want the next one begun");
    assert!(notice(&app).contains("The other 3 were left alone."), "{}", notice(&app));
    app.update(loaded(vec![account("E", "e.dev", None, Some(900))]), noon());
    press(&mut app, "R");
    assert_eq!(notice(&app), "Nothing is due.");
    press(&mut app, "X");
    assert_eq!(notice(&app), "There is no revocation to be finished.");
}

/// Somebody types while renewals run: the queue waits until they are done, and what they begin themselves is beside it.
#[test]
fn the_queue_of_renewals_waits_for_whoever_is_busy_and_forgets_nobody() {
    let renewing = |name: &str, host: &str| {
        let mut account = account(name, host, None, Some(1));
        account.renewal = Renewal::Refresh { url: url("https://auth.acme.dev/token"), resource: None };
        account
    };
    let ends = |name: &str, host: &str| account(name, host, None, Some(1));
    let accounts =
        vec![renewing("A", "a.dev"), ends("B", "b.dev"), ends("C", "c.dev"), account("D", "d.dev", None, Some(900))];
    let mut app = app();
    app.update(loaded(accounts), noon());
    let behind = press(&mut app, "R");
    assert_eq!(behind.len(), 1);
    press(&mut app, "/d");
    let fail = |_: &Effect| Input::Stored(Err(Problem::new(Kind::Store, "The store is gone.", "Mend it.")));
    settle(&mut app, behind, fail);
    assert_eq!(app.place(), Place::Filter, "typing goes on");
    press(&mut app, "\n");
    assert_eq!(app.session().and_then(|session| session.position), Some((1, 2)), "and then they come");

    let mut app = self::app();
    app.update(
        loaded(vec![renewing("A", "a.dev"), ends("B", "b.dev"), ends("C", "c.dev"), ends("D", "d.dev")]),
        noon(),
    );
    let behind = press(&mut app, "R");
    let own = app.list.accounts().iter().position(|account| account.service == "D").expect("listed");
    press(&mut app, &"j".repeat(own));
    press(&mut app, "r");
    assert_eq!(app.session().and_then(|session| session.position), None, "one of its own");
    settle(&mut app, behind, fail);
    press(&mut app, "\u{1b}");
    assert_eq!(app.session().and_then(|session| session.position), Some((1, 3)), "none of the queue was dropped");
}

#[test]
fn what_another_program_keeps_is_not_changed_by_way_of_a_mark() {
    let mut accounts = some_accounts();
    accounts[0].store = StoreKind::Foreign;
    let mut app = app();
    app.update(loaded(accounts), noon());
    press(&mut app, "G");
    assert!(app.list.selected().is_some_and(|account| account.is_foreign()), "at the end");
    for keys in [" ", "r", "x", "d"] {
        assert!(press(&mut app, keys).is_empty() && app.overlay.is_none() && app.session().is_none(), "{keys}");
        assert!(notice(&app).contains("another program's"), "{keys}: {}", notice(&app));
    }
    assert_eq!(app.list.marked(), 0);
    // Own ones that are marked are meant, wherever the selection is.
    press(&mut app, "gg G");
    press(&mut app, "x");
    assert!(app.session().is_some(), "{}", notice(&app));
}

#[test]
fn forgetting_is_asked_and_says_that_the_credential_goes_on_working() {
    let mut app = app();
    press(&mut app, "d");
    let Some(Overlay::Question(question)) = &app.overlay else { panic!("a question") };
    assert!(question.text.join(" ").contains("does not work at Orbit API any more"), "an expired one");
    press(&mut app, "n\njd");
    let Some(Overlay::Question(question)) = &app.overlay else { panic!("a question") };
    assert!(question.text.join(" ").contains("goes on working at Acme Mail"));
    assert!(press(&mut app, "\n").is_empty(), "Enter alone chooses nothing");
    assert!(notice(&app).contains("Choose with"));
    assert!(press(&mut app, "n\n").is_empty());
    let commands = press(&mut app, "dy\n");
    assert!(matches!(commands.as_slice(), [Command::Forget(id)] if id.as_str() == "api.acme.dev:work"), "{commands:?}");

    // What nothing ends is not said to be ended by a key.
    let mut accounts = some_accounts();
    accounts[1].revocation = Revocation::None;
    app.update(loaded(accounts), noon());
    press(&mut app, "gjd");
    let Some(Overlay::Question(question)) = &app.overlay else { panic!("a question") };
    let text = question.text.join(" ");
    assert!(text.contains("on the service's own site") && !text.contains("(x)"), "{text}");
    press(&mut app, "n\ng  x");
    let Some(Overlay::Question(question)) = &app.overlay else { panic!("a question") };
    assert!(question.text[3].ends_with("stay as they are: api.acme.dev:work"), "{:?}", question.text);
}

#[test]
fn a_credential_is_masked_copied_only_when_asked_and_gone_after_30_seconds() {
    let mut app = app();
    let commands = press(&mut app, "y");
    assert!(matches!(commands.as_slice(), [Command::Fetch(_)]), "{commands:?}");
    let account = app.list.selected().expect("selected").clone();
    app.update(Message::Credential(account.id.clone(), Ok(Some(kept(&account, "sk_live_0123456789")))), noon());
    let Some(Overlay::Credential(pane)) = &app.overlay else { panic!("a pane") };
    assert!(!pane.shown);
    assert_eq!(press(&mut app, "y"), [Command::Copy(Secret::new("sk_live_0123456789"))]);
    let later = noon() + SignedDuration::from_secs(30);
    assert_eq!(app.next_change(noon()), Some(noon() + SignedDuration::from_secs(1)), "its seconds are counted");
    assert_eq!(app.update(Message::Redraw, later), [Command::ClearClipboard]);
    assert!(app.overlay.is_none());
}

#[test]
fn a_sign_up_with_something_at_stake_is_not_left_by_accident() {
    let mut app = app();
    walk_to_email(&mut app, &acme());
    press(&mut app, "\u{1b}");
    let Some(Overlay::Question(question)) = &app.overlay else { panic!("a question") };
    assert!(question.text[0].contains("not finished"), "{:?}", question.text);
    press(&mut app, "n\n");
    assert_eq!(app.place(), Place::Typing);
    assert!(app.update(ctrl('c'), noon()).is_empty(), "Ctrl-C asks as well");
    assert_eq!(app.update(ctrl('c'), noon()), [Command::Quit], "and the second one means it");
}

/// Answers effects as Acme Mail and a store that takes everything would.
fn acme() -> impl Fn(&Effect) -> Input {
    let fake = std::cell::RefCell::new(crate::support::play::Fake::acme());
    move |effect| match effect {
        Effect::Http(request) => Input::Http(fake.borrow_mut().answer_to(request)),
        Effect::Lookup { .. } => {
            Input::Known(Ok(Box::new(Known { stores: stores(), decided: true, ..Known::default() })))
        }
        _ => Input::Stored(Ok(())),
    }
}

/// Plays discovery, consent and registration.
fn walk_to_email(app: &mut App, acme: &impl Fn(&Effect) -> Input) {
    app.size = (80, 24);
    press(app, "a");
    app.update(Message::Paste("Bearer resource_metadata=\"https://api.acme.dev/prm\"".into()), noon());
    let commands = press(app, "\n");
    settle(app, commands, acme);
    assert_eq!(app.place(), Place::Choice);
    let commands = press(app, "\n");
    settle(app, commands, acme);
    assert_eq!(app.place(), Place::YesNo);
    let commands = press(app, "y\n");
    settle(app, commands, acme);
    assert_eq!(app.place(), Place::Typing);
}

#[test]
fn what_was_signed_up_to_is_selected_in_the_list() {
    let (mut app, acme) = (app(), acme());
    walk_to_email(&mut app, &acme);
    for typed in ["ada@example.com\n", "123456\n"] {
        let commands = press(&mut app, typed);
        settle(&mut app, commands, &acme);
    }
    assert_eq!(app.place(), Place::Over);
    assert_eq!(press(&mut app, "\n"), [Command::Load]);
    let mut accounts = some_accounts();
    accounts.push(account("Acme Mail", "acme.dev", None, Some(24 * 30)));
    app.update(loaded(accounts), noon());
    let selected = app.list.selected().map(|account| account.id.to_string());
    assert_eq!(selected.as_deref(), Some("api.acme.dev"));
    press(&mut app, "k");
    app.update(loaded(some_accounts()), noon());
    assert_ne!(app.list.selected().map(|account| account.id.to_string()), selected, "it is looked for once");
}

#[test]
fn a_store_that_cannot_be_read_is_told_and_does_not_end_the_program() {
    let mut app = app();
    app.update(Message::Loaded(Err(Problem::new(Kind::Store, "The file is damaged.", "Mend it."))), noon());
    assert_eq!(app.problem.as_ref().map(|problem| problem.what.as_str()), Some("The file is damaged."));
    app.update(loaded(some_accounts()), noon());
    assert!(app.problem.is_none());
}

#[test]
fn at_rest_nothing_wakes_until_a_word_changes() {
    let mut app = app();
    let next = app.next_change(noon()).expect("the end that is nearest changes words within the day");
    assert!(next.duration_since(noon()) >= SignedDuration::from_secs(1));
    let far = vec![account("Northwind", "northwind.dev", None, None)];
    app.update(loaded(far), noon());
    // Only the days until somebody looks at it are counted.
    let soon = noon() + SignedDuration::from_secs(2);
    let next = app.next_change(soon).expect("a day passes");
    assert!(next.duration_since(soon) > SignedDuration::from_hours(23), "{next}");
    app.update(loaded(vec![]), noon());
    assert_eq!(app.next_change(noon()), None);
}

#[test]
fn quitting_from_the_list_asks_nothing() {
    assert_eq!(press(&mut app(), "q"), [Command::Quit]);
    assert_eq!(app().update(ctrl('z'), noon()), [Command::ForgetKey, Command::Suspend]);
}

#[test]
fn a_revoked_account_says_so_in_the_headline() {
    let mut app = app();
    let mut revoked = account("Acme Mail", "acme.dev", None, Some(24 * 40));
    revoked.note(Note::Proof(Proof { at: noon(), verdict: Verdict::Refused { status: 401 } }), revoked.obtained_at());
    app.update(loaded(vec![revoked]), noon());
    assert_eq!(app.list.headline(noon()), "1 needs you now.");
}

#[test]
fn the_detail_can_be_scrolled_beside_the_list_as_on_its_own() {
    for size in [(60, 15), (130, 15)] {
        let mut app = app();
        app.size = size;
        press(&mut app, "\nG");
        let Scene::Detail { scroll } = app.scene else { panic!("the detail") };
        assert!(scroll > 0, "{size:?}");
        app.update(key(KeyCode::Down), noon());
        assert!(matches!(app.scene, Scene::Detail { scroll: after } if after == scroll), "the end is the end");
    }
}

#[test]
fn a_locked_vault_asks_for_its_passphrase_and_goes_on_with_what_was_asked() {
    let locked = || Problem::new(Kind::Locked, "The vault is locked.", "Its passphrase opens it.");
    let mut app = app();
    let fetch = press(&mut app, "y").remove(0);
    let verify = press(&mut app, "v").remove(0);
    app.update(Message::Locked(fetch.clone(), locked()), noon());
    app.update(Message::Locked(verify.clone(), locked()), noon());
    assert_eq!(app.place(), Place::Unlock);
    assert!(press(&mut app, "wrong horse").is_empty(), "letters are letters here");
    let commands = app.update(key(KeyCode::Enter), noon());
    assert_eq!(commands, [Command::Unlock(Secret::new("wrong horse"))]);
    assert!(app.update(key(KeyCode::Enter), noon()).is_empty(), "one at a time");
    app.update(Message::Unlocked(Err(locked())), noon());
    assert_eq!(app.place(), Place::Unlock, "asked again");
    press(&mut app, "correct horse");
    app.update(key(KeyCode::Enter), noon());
    assert_eq!(app.update(key(KeyCode::F(1)), noon()), []);
    let suspend = KeyEvent::new(KeyCode::Char('z'), KeyModifiers::CONTROL);
    assert_eq!(app.update(Message::Key(suspend), noon()), [Command::ForgetKey, Command::Suspend]);
    assert_eq!(app.place(), Place::Unlock, "and it is still asked for afterwards");
    assert_eq!(app.update(Message::Unlocked(Ok(())), noon()), [fetch.clone(), verify.clone()], "both go on");
    assert!(app.overlay.is_none());

    // What is being looked at stays; the passphrase is asked for after it.
    app.update(key(KeyCode::Char('?')), noon());
    app.update(Message::Locked(fetch, locked()), noon());
    app.update(Message::Locked(verify, locked()), noon());
    assert_eq!(app.place(), Place::Help);
    app.update(key(KeyCode::Esc), noon());
    assert_eq!(app.place(), Place::Unlock);
    let commands = app.update(key(KeyCode::Esc), noon());
    assert!(app.overlay.is_none() && app.notice.is_some(), "whoever waited is told");
    assert!(!commands.iter().any(|command| matches!(command, Command::Perform(..))), "{commands:?}");
}

#[test]
fn the_vault_is_locked_when_nobody_is_there_any_more() {
    let mut app = app();
    press(&mut app, "j");
    let almost = noon() + app.lock_after - SignedDuration::from_secs(1);
    assert!(app.update(Message::Redraw, almost).is_empty());
    press_at(&mut app, "k", almost);
    assert!(app.update(Message::Redraw, noon() + app.lock_after).is_empty(), "a key begins it anew");
    let later = almost + app.lock_after;
    assert!(app.next_change(almost).is_some_and(|next| next <= later));
    assert_eq!(app.update(Message::Redraw, later), [Command::ForgetKey]);
    assert!(app.update(Message::Redraw, later + app.lock_after).is_empty(), "once is enough");
}

#[test]
fn a_passphrase_is_asked_for_only_on_behalf_of_what_is_still_there() {
    let why = || Problem::new(Kind::Locked, "The vault is locked.", "Its passphrase opens it.");
    let mut app = app();
    let commands = press(&mut app, "x");
    assert!(commands.is_empty() || app.place() == Place::YesNo);
    press(&mut app, "y");
    let asked = app.update(key(KeyCode::Enter), noon()).remove(0);
    app.update(key(KeyCode::Esc), noon());
    app.update(key(KeyCode::Esc), noon());
    app.update(Message::Locked(asked, why()), noon());
    assert_ne!(app.place(), Place::Unlock, "the pane it was for is gone");
}

#[test]
fn giving_up_the_passphrase_and_stopping_one_of_several_walks_is_the_end_of_them_all() {
    let why = || Problem::new(Kind::Locked, "The vault is locked.", "Its passphrase opens it.");
    let many: Vec<Account> =
        (0..12).map(|nth| account("Acme", &format!("s{nth}.dev"), None, Some(24 * (20 + nth)))).collect();
    let mut app = App::new(plain_theme(), "vault", None);
    app.update(loaded(many), noon());
    for command in press(&mut app, "            v") {
        app.update(Message::Locked(command, why()), noon());
    }
    assert_eq!(app.place(), Place::Unlock);
    let commands = app.update(key(KeyCode::Esc), noon());
    assert!(commands.iter().all(|command| *command == Command::Load), "{commands:?}");
    assert!(app.notice.as_deref().is_some_and(|notice| notice.starts_with("Not verified.")), "{:?}", app.notice);

    press(&mut app, "gg   r");
    assert!(app.session().is_some());
    let commands = app.update(key(KeyCode::Esc), noon());
    assert_eq!((commands.as_slice(), app.place()), (&[Command::Load][..], Place::List));
    assert!(app.notice.as_deref().is_some_and(|notice| notice.contains("left alone")), "{:?}", app.notice);
}

#[test]
fn services_that_are_not_connected_yet_stand_below_and_enter_signs_up() {
    let described = |id: &str, text: &str| Described::new(id.into(), format!("/skills/{id}.yaml").into(), text);
    let nightjar =
        "id: nightjar\nname: Nightjar\nwebsite: https://nightjar.dev\nauth: {help_url: 'https://nightjar.dev/k'}\n";
    let acme = "id: acme\nname: Acme\nwebsite: https://api.acme.dev/\nauth: {help_url: 'https://acme.dev/k'}\n";
    let services = vec![described("acme", acme), described("broken", "id: ["), described("nightjar", nightjar)];
    let mut app = App::new(plain_theme(), "memory", None);
    let listing = Listing { accounts: vec![account("Acme Mail", "acme.dev", None, Some(48))], problem: None };
    app.update(Message::Loaded(Ok(Loaded { listing, store: "memory", described: services })), noon());
    let names: Vec<&str> = app.list.unconnected().iter().map(|service| service.name.as_str()).collect();
    assert_eq!(names, ["broken", "Nightjar"], "whose account is there is connected");
    assert!(app.list.unconnected()[0].takes.contains("cannot be used"), "{:?}", app.list.unconnected()[0]);
    press(&mut app, "G");
    assert_eq!(app.list.selected_service().map(|service| service.takes.as_str()), Some("a key from its page"));
    for key in ["r", "x", "d", "y", " "] {
        press(&mut app, key);
        assert!(notice(&app).contains("Enter signs up to it"), "{key}: {}", notice(&app));
    }
    press(&mut app, "/night");
    assert_eq!((app.list.rows().len(), app.list.unconnected().len()), (0, 1));
    press(&mut app, "\n");
    let commands = press(&mut app, "\n");
    let read = Effect::Read(Source::File("/skills/nightjar.yaml".into()));
    assert!(matches!(commands.as_slice(), [Command::Perform(_, effect)] if *effect == read), "{commands:?}");
}
