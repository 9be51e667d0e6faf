//! The store screen and the commands below `store`, as walks.

use std::collections::VecDeque;

use authmd_tui::flow::storage::{Storage, Wish};
use authmd_tui::flow::{Guard, Input, Outcome, Protection};
use authmd_tui::problem::{Kind, Problem};
use authmd_tui::secret::Secret;

use crate::support::play::{Fake, Play, survey};

fn looking(protection: Option<Protection>) -> Play {
    let mut play = Play::new(Storage::new(Wish::Look), Fake::default());
    play.survey = Ok(survey(protection));
    play.begin();
    play
}

#[test]
fn what_can_be_done_is_offered_and_nothing_else() {
    let offered = looking(Some(Protection::Passphrase)).choices();
    assert_eq!(
        offered,
        [
            "Take the rights of others away",
            "Lock it now",
            "Change the passphrase",
            "Let the system keyring open it from now on",
            "Take the token file's accounts into the vault",
            "Leave all as it is"
        ]
    );
    let offered = looking(None).choices();
    assert!(offered.contains(&"Make a vault that a passphrase opens".to_owned()), "{offered:?}");
    assert!(!offered.iter().any(|choice| choice.contains("Lock")), "{offered:?}");
}

#[test]
fn a_new_passphrase_is_typed_twice_before_anything_happens() {
    let mut play = looking(Some(Protection::Keyring));
    let nth = play.choices().iter().position(|choice| choice.contains("passphrase open it")).expect("offered");
    play.pick(nth).text("correct horse").text("correct house");
    assert!(play.guards.is_empty() && play.problem().contains("not the same"), "{}", play.problem());
    play.text("correct horse").text("correct horse");
    assert_eq!(play.guards, [Guard::Passphrase(Secret::new("correct horse"))]);
    assert_eq!(play.outcome(), Outcome::Settled);
    assert!(play.text_shown().contains("every secret was opened"), "{}", play.text_shown());
}

#[test]
fn what_does_not_work_is_said_and_leaves_things_as_they_were() {
    let mut play = looking(Some(Protection::Passphrase));
    let denied = Problem::new(Kind::Store, "The system keyring was not opened.", "Try again.");
    play.storing = VecDeque::from([Err(denied.clone())]);
    play.pick(3);
    assert_eq!(play.outcome(), Outcome::Failed(denied));
}

#[test]
fn accounts_are_taken_over_and_counted() {
    let mut play = Play::new(Storage::new(Wish::TakeOver { foreign: true }), Fake::default());
    play.begin();
    let told = play.text_shown();
    assert!(told.contains("2 accounts moved") && told.contains("1 account of other programs copied"), "{told}");
}

#[test]
fn back_and_cancel_lead_out_of_a_passphrase() {
    let mut play = looking(Some(Protection::Passphrase));
    play.pick(2).step(Input::Back);
    assert_eq!(play.id(), "store");
    play.pick(2).step(Input::Cancel);
    assert_eq!((play.outcome(), play.guards.len()), (Outcome::Cancelled, 0));
}
