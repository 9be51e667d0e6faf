//! Looking again at a key without an end.

use authmd_tui::account::Note;
use authmd_tui::flow::review::{Review, no_review};
use authmd_tui::flow::{Input, Outcome};
use authmd_tui::problem::{Kind, Problem};

use crate::support::play::{Fake, Play};
use crate::support::{account, hours, noon};

fn asked() -> Play {
    let held = account("Tailspin", "tailspin.dev", None, None);
    let mut play = Play::of(held, Review::new, Fake::default());
    play.begin();
    play
}

#[test]
fn the_day_is_the_one_that_was_chosen() {
    let mut play = asked();
    assert_eq!((play.id().as_str(), play.choices().len()), ("param:review", 4));
    assert_eq!(play.pick(1).outcome(), Outcome::Settled);
    assert_eq!(play.noted, [Note::Review { seen: noon(), again: noon() + hours(30 * 24) }]);
    assert!(play.text_shown().contains("to be looked at in 30 days (2026-12-22"), "{}", play.text_shown());
    assert!(play.requests.is_empty());
}

#[test]
fn nothing_is_written_down_for_who_leaves_or_where_it_cannot_be() {
    assert_eq!(asked().step(Input::Cancel).outcome(), Outcome::Cancelled);
    assert_eq!(asked().pick(9).id(), "param:review", "there is no such choice");
    let mut play = asked();
    play.noting = Err(Problem::new(Kind::Store, "The disk is full.", "Make room."));
    assert!(matches!(play.pick(0).outcome(), Outcome::Failed(_)));
}

#[test]
fn what_has_an_end_has_no_such_day() {
    assert!(
        no_review(&account("Acme Mail", "acme.dev", None, Some(48)))
            .is_some_and(|problem| problem.what.contains("an end"))
    );
    assert_eq!(no_review(&account("Acme Mail", "acme.dev", None, None)), None);
}
