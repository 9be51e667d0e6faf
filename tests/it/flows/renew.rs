//! Renewing by signing up again in place.

use authmd_tui::account::{Kept, StoreKind};
use authmd_tui::flow::signup::SignUp;
use authmd_tui::flow::{Input, Outcome};

use crate::support::play::{Fake, Play};
use crate::support::{account, noon};

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
