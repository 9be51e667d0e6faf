//! Claiming: the page is shown, nothing is sent, and only a person's word counts.

use authmd_tui::account::{Account, Kept, Layer, LayerKind, Mode, Note};
use authmd_tui::flow::claim::Claim;
use authmd_tui::flow::{Input, Outcome};
use authmd_tui::problem::{Kind, Problem};
use authmd_tui::secret::Secret;

use crate::support::play::{Fake, Play};
use crate::support::{account, hours, noon};

const PAGE: &str = "https://acme.dev/claim?agent=ag_1";

fn at_the_question(kept: &str) -> Play {
    let mut held: Account = account("Acme Mail", "acme.dev", None, None);
    (held.claimed, held.mode) = (false, Mode::Direct);
    let mut play = Play::of(held.clone(), Claim::new, Fake::default());
    let mut whole = Kept::new(held, Secret::new("sk_held"));
    whole.put(Layer { kind: LayerKind::Claim, expires_at: Some(noon() + hours(20)) }, Secret::new(kept));
    play.held = Some(whole);
    play.begin();
    play
}

#[test]
fn the_page_is_shown_with_its_code_and_recorded_nowhere() {
    let play = at_the_question(&format!("{PAGE} reef-X4B2"));
    let screen = play.screen();
    assert_eq!((play.id().as_str(), screen.link.map(String::from)), ("confirm", Some(PAGE.to_owned())));
    assert!(screen.discreet && play.text_shown().contains("reef-X4B2"));
    assert!(play.requests.is_empty() && play.opened.is_empty());
}

#[test]
fn only_a_yes_is_written_down() {
    let mut play = at_the_question(PAGE);
    assert_eq!(play.confirm(false).outcome(), Outcome::Cancelled);
    assert!(play.noted.is_empty());
    let mut play = at_the_question(PAGE);
    assert_eq!(play.confirm(true).outcome(), Outcome::Settled);
    assert_eq!(play.noted, [Note::Claimed(noon())]);
    assert_eq!(at_the_question(PAGE).step(Input::Cancel).outcome(), Outcome::Cancelled);
}

#[test]
fn without_a_link_that_may_be_shown_it_says_so() {
    for kept in ["", "javascript:alert(1)", "http://acme.dev/claim"] {
        let play = at_the_question(kept);
        assert!(play.problem().contains("There is no link to claim api.acme.dev with."), "{kept}: {}", play.problem());
    }
    let mut play = at_the_question(PAGE);
    play.noting = Err(Problem::new(Kind::Store, "The disk is full.", "Make room."));
    assert!(matches!(play.confirm(true).outcome(), Outcome::Failed(problem) if problem.what == "The disk is full."));
}
