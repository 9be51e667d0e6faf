//! Handing a credential over: shown before, and nothing is lost when it fails.

use authmd_tui::account::{AgentOs, HandOver};
use authmd_tui::flow::handover::HandingOver;
use authmd_tui::flow::{Input, Outcome};
use authmd_tui::http::HttpError;
use authmd_tui::problem::{Kind, Problem};
use authmd_tui::secret::Secret;

use crate::support::play::{Fake, Play, answer};
use crate::support::{account, url};

fn agent_os(form: AgentOs) -> HandOver {
    HandOver::AgentOs { url: url("http://localhost:3456"), form, skill: "acme".into() }
}

fn env_file() -> HandOver {
    HandOver::EnvFile { file: "/home/ada/.env".into(), name: "ACME_API_KEY".into() }
}

/// At the question, with what is done on the screen.
fn asked(to: HandOver, fake: Fake) -> Play {
    let held = account("Acme Mail", "acme.dev", Some("work"), Some(48));
    let mut play = Play::of(held, |account| HandingOver::anew(account, to), fake);
    play.begin();
    assert_eq!(play.id(), "confirm");
    assert!(play.requests.is_empty() && play.delivered.is_empty() && play.saved.is_empty());
    assert!(!format!("{:?}", play.screen()).contains("sk_held"));
    play
}

#[test]
fn each_agent_os_has_the_call_that_it_knows() {
    for (form, place, body) in [
        (AgentOs::Settings, "POST http://localhost:3456/api/settings/credentials", vec!["skill=acme", "key=sk_held"]),
        (
            AgentOs::Accounts,
            "POST http://localhost:3456/sys/accounts",
            vec!["skill=acme", "account=work", "api_key=sk_held"],
        ),
    ] {
        let mut fake = Fake::default();
        fake.on(place, [answer(200, "{}")]);
        let mut play = asked(agent_os(form), fake);
        assert!(play.text_shown().contains(place), "{}", play.text_shown());
        play.confirm(true);
        assert_eq!(
            (play.outcome(), play.last_body()),
            (Outcome::Settled, body.into_iter().map(str::to_owned).collect())
        );
        let known = play.saved[0].account.more.hand_over.as_deref();
        assert_eq!(known, Some(&agent_os(form)), "the account knows it from now on");
    }
}

#[test]
fn a_file_gets_a_line_and_a_command_its_stdin() {
    let command = HandOver::Command { command: vec!["pass".into(), "insert".into(), "a key".into()] };
    for (to, shown) in [(env_file(), "ACME_API_KEY"), (command, "pass insert 'a key'")] {
        let mut play = asked(to.clone(), Fake::default());
        assert!(play.text_shown().contains(shown), "{}", play.text_shown());
        play.confirm(true);
        assert_eq!(play.outcome(), Outcome::Settled);
        assert_eq!((&play.delivered[0].to, &play.delivered[0].credential), (&to, &Secret::new("sk_held")));
    }
}

#[test]
fn a_failure_loses_nothing_and_says_how_to_go_on() {
    let full = || Err(Problem::new(Kind::Failed, "The disk is full.", "Make room."));
    let mut play = asked(env_file(), Fake::default());
    play.storing = [full()].into();
    play.confirm(true);
    let Outcome::Failed(problem) = play.outcome() else { panic!("{:?}", play.screen()) };
    assert!(problem.hint.contains("The credential is kept; say it again"), "{problem:?}");
    assert!(play.saved.is_empty(), "a place that does not work is not written down");

    // It is there, and that new ones go there could not be written down.
    let mut play = asked(env_file(), Fake::default());
    play.storing = [Ok(()), full()].into();
    play.confirm(true);
    let Outcome::Failed(problem) = play.outcome() else { panic!("{:?}", play.screen()) };
    assert!(play.delivered.len() == 1 && problem.what.contains("not written down"), "{problem:?}");

    // The place that worked before stays, whatever becomes of the new one; and where it stays, it can be tried again.
    let held = || {
        let mut held = account("Acme Mail", "acme.dev", Some("work"), Some(48));
        held.more.hand_over = Some(Box::new(env_file()));
        held
    };
    let to = HandOver::Command { command: vec!["nosuchcommand".into()] };
    let mut play = Play::of(held(), |account| HandingOver::anew(account, to), Fake::default());
    play.begin();
    assert!(play.text_shown().contains("In place of /home/ada/.env"), "{}", play.text_shown());
    play.storing = [full()].into();
    play.confirm(true);
    let Outcome::Failed(problem) = play.outcome() else { panic!("{:?}", play.screen()) };
    assert!(problem.hint.contains("new ones go to /home/ada/.env, as before") && play.saved.is_empty(), "{problem:?}");
    let again = |account| HandingOver::of(&account).expect("a place");
    let mut play = Play::of(held(), again, Fake::default());
    play.begin();
    play.storing = [full()].into();
    play.confirm(true);
    let Outcome::Failed(problem) = play.outcome() else { panic!("{:?}", play.screen()) };
    assert!(problem.hint.contains("try again with: authmd-tui handover api.acme.dev:work"), "{problem:?}");

    for (answered, kind) in
        [(answer(404, ""), Kind::ServiceRefused), (Err(HttpError::Unreachable("refused".into())), Kind::Unreachable)]
    {
        let mut fake = Fake::default();
        fake.on("POST http://localhost:3456/api/settings/credentials", [answered]);
        let mut play = asked(agent_os(AgentOs::Settings), fake);
        play.confirm(true);
        let outcome = play.outcome();
        let problem = outcome.problem().expect("a problem");
        assert!(problem.kind == kind && problem.hint.contains("The credential is kept"), "{problem:?}");
    }
}

#[test]
fn a_no_leaves_everything_as_it_was() {
    let mut play = asked(env_file(), Fake::default());
    play.confirm(false);
    assert_eq!(play.outcome(), Outcome::Cancelled);
    assert!(play.saved.is_empty() && play.delivered.is_empty());
    let mut play = asked(env_file(), Fake::default());
    play.step(Input::Cancel);
    assert_eq!(play.outcome(), Outcome::Cancelled);
    // Nobody has said that it goes anywhere.
    assert!(HandingOver::of(&account("Acme Mail", "acme.dev", None, None)).is_none());
}
