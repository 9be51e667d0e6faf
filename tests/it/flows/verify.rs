//! Verifying: what is asked, and what the answer proves.

use authmd_tui::account::{DUE_WITHIN, Status, Verdict};
use authmd_tui::flow::Outcome;
use authmd_tui::flow::verify::{Verify, verdict_in_words};
use authmd_tui::http::HttpError;

use crate::support::play::{API, Fake, Play, answer};
use crate::support::{account, noon};

fn verified(
    guarded: Option<bool>,
    answers: Vec<Result<authmd_tui::http::Response, HttpError>>,
) -> (Play, authmd_tui::account::Account) {
    let mut held = account("Acme Mail", "acme.dev", None, Some(24 * 30));
    held.guarded = guarded;
    let mut fake = Fake::default();
    fake.on(API, answers);
    let mut play = Play::of(held, Verify::new, fake);
    play.begin();
    let Outcome::Checked(account) = play.outcome() else { panic!("{:?}", play.outcome()) };
    (play, *account)
}

#[test]
fn a_guarded_resource_that_lets_us_in_is_proof() {
    let (play, account) = verified(Some(true), vec![answer(200, "{}")]);
    assert_eq!((account.status(noon(), DUE_WITHIN), account.verified_at), (Status::Ok, Some(noon())));
    assert_eq!(play.requests.len(), 1);
    assert!(play.requests[0].credential.is_some());
}

#[test]
fn a_401_from_a_credential_that_worked_means_revoked_and_is_told() {
    let (play, account) = verified(Some(true), vec![answer(401, "")]);
    assert_eq!(account.status(noon(), DUE_WITHIN), Status::Revoked);
    assert!(play.text_shown().contains("was revoked"), "{}", play.text_shown());
}

#[test]
fn a_resource_that_lets_anybody_in_proves_nothing() {
    let (play, account) = verified(None, vec![answer(200, "")]);
    assert_eq!(account.proof.map(|proof| proof.verdict), Some(Verdict::Unclear { status: 200 }));
    assert_eq!(play.requests.iter().map(|request| request.credential.is_some()).collect::<Vec<_>>(), [false, true]);
    assert!(verdict_in_words(&account, account.proof.map(|proof| proof.verdict)).contains("proves nothing"));
}

#[test]
fn no_answer_is_not_revoked() {
    for no_answer in [Err(HttpError::Unreachable("x".into())), answer(503, "")] {
        let (_, account) = verified(Some(true), vec![no_answer]);
        assert_eq!(account.status(noon(), DUE_WITHIN), Status::Unreachable);
    }
}

#[test]
fn a_credential_that_is_gone_from_the_store_is_said_so() {
    let mut play = Play::new(Verify::new(account("Acme Mail", "acme.dev", None, None)), Fake::default());
    play.held = None;
    play.begin();
    assert!(matches!(play.outcome(), Outcome::Failed(_)) && play.problem().contains("not in the store any more"));
    assert!(play.requests.is_empty());
}

#[test]
fn a_page_for_people_is_no_proof() {
    let page = authmd_tui::http::Response {
        status: 200,
        headers: vec![("content-type".into(), "text/html".into())],
        body: "<html>".into(),
    };
    let (_, account) = verified(Some(true), vec![Ok(page)]);
    assert_eq!(account.proof.map(|proof| proof.verdict), Some(Verdict::Unclear { status: 200 }));
}
