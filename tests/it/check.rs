//! What somebody has to do soon, in each of the forms that programs read.

use std::os::unix::fs::PermissionsExt;

use authmd_tui::account::{Account, Layer, LayerKind, Mode, Note, Proof, Renewal, Revoking, Verdict, Why};
use authmd_tui::report::check::{Check, why_in_words};
use authmd_tui::report::{self, calendar, metrics};
use serde_json::{Value, json};

use crate::support::terminal::Home;
use crate::support::{account, hours, noon, url};

const WEEK: i64 = 7 * 24;

/// One of each kind that wants somebody, and some that want nobody.
fn accounts() -> Vec<Account> {
    let works = |mut account: Account| {
        account.note(
            Note::Proof(Proof { at: noon() - hours(1), verdict: Verdict::Accepted { status: 200 } }),
            account.obtained_at(),
        );
        account
    };
    let mut revoked = account("Beacon", "beacon.dev", None, Some(900));
    let refused = Proof { at: noon() - hours(5), verdict: Verdict::Refused { status: 401 } };
    revoked.note(Note::Proof(refused), revoked.obtained_at());
    let mut cut_off = account("Cut", "cut.dev", None, Some(900));
    cut_off.spending = Some(noon() - hours(2));
    let mut pending = works(account("Pending", "pending.dev", None, Some(900)));
    pending.more.revoking = Some(Box::new(Revoking::since(noon() - hours(3))));
    let unclaimed = Account { claimed: false, mode: Mode::Direct, ..account("Mine", "mine.dev", None, None) };
    let mut looked_at = works(account("Old key", "old.dev", None, None));
    looked_at.created_at = Some(noon() - hours(89 * 24));
    let mut renews = account("Northwind", "northwind.dev", None, Some(1));
    renews.renewal = Renewal::Refresh { url: url("https://northwind.dev/token"), resource: None };
    renews.layers.push(Layer { kind: LayerKind::RefreshToken, expires_at: Some(noon() + hours(12 * 24)) });
    vec![
        account("Orbit \"API\"", "orbit.dev", Some("old"), Some(-48)),
        revoked,
        cut_off,
        pending,
        unclaimed,
        works(account("Acme; Mail, 1", "acme.dev", Some("work"), Some(3 * 24))),
        looked_at,
        works(account("Fabrikam", "fabrikam.dev", None, Some(900))),
        renews,
    ]
}

#[test]
fn each_that_wants_somebody_is_named_with_its_reason_what_cannot_wait_first() {
    let accounts = accounts();
    let check = Check::new(&accounts, noon(), hours(WEEK));
    let whys: Vec<Why> = check.wanting.iter().map(|(_, why)| *why).collect();
    let all =
        [Why::Revoked, Why::Expired, Why::RenewalCutOff, Why::RevocationPending, Why::Unclaimed, Why::Due, Why::Review];
    assert_eq!(whys, all);
    assert_eq!(
        check.text(),
        "authmd-tui: 7 of 9 accounts need you within 7 days: api.beacon.dev was revoked, api.orbit.dev:old ended 2 days ago, \
         api.cut.dev was cut off in a renewal 2 h ago, and 4 more.\n"
    );
    let json = check.json();
    assert_eq!(
        json["statuses"],
        json!({"revoked": 1, "expired": 1, "due": 1, "unclaimed": 1, "unreachable": 0, "unknown": 1, "renews": 1, "ok": 3})
    );
    assert_eq!((&json["total"], &json["within_seconds"]), (&json!(9), &json!(604_800)));
    assert_eq!(
        json["needs_person"][5],
        json!({"id": "api.acme.dev:work", "service": "Acme; Mail, 1", "status": "due", "why": "due", "at": "2026-11-25T12:00:00Z"})
    );
    let month = Check::new(&accounts, noon(), hours(30 * 24));
    assert_eq!(month.wanting.len(), 8, "the refresh token ends in 12 days");
    let one = [accounts[7].clone()];
    assert_eq!(Check::new(&one, noon(), hours(WEEK)).text(), "authmd-tui: the account needs nobody within 7 days.\n");
    assert_eq!(Check::new(&[], noon(), hours(12)).text(), "authmd-tui: there are no accounts.\n");
}

#[test]
fn the_clock_that_counts_is_named() {
    let accounts = accounts();
    let line = |account: &Account| report::meaning(account, account.status(noon(), hours(WEEK)), noon());
    assert_eq!(
        line(&accounts[8]),
        "the access token ends in 1 h; renews by itself until the refresh token ends, in 12 days"
    );
    let read =
        |account| -> Value { serde_json::to_value(report::account_json(account, noon(), hours(WEEK))).expect("JSON") };
    let json = read(&accounts[8]);
    assert_eq!((&json["binding"], &json["needs_person_at"]), (&json!("refresh_token"), &json!("2026-12-04T12:00:00Z")));
    let json = read(&accounts[7]);
    assert_eq!(
        (&json["binding"], &json["checked_at"], &json["check"]),
        (&json!("api_key"), &json!("2026-11-22T11:00:00Z"), &json!("accepted"))
    );
    let text = report::lines_text(&report::account_lines(&accounts[7], &[], &[], noon(), hours(WEEK)));
    assert!(text.contains("last checked  1 h ago: accepted (200)"), "{text}");
}

/// A service that was silent once is asked for the next credential all the same, and what waits for somebody's yes is not
/// renewed over and over.
#[test]
fn what_renews_itself_is_due_when_its_credential_ends_whatever_else_is_known() {
    let accounts = accounts();
    let renewing = |ends: i64| {
        let mut account = accounts[8].clone();
        account.layers[0].expires_at = Some(noon() + hours(ends));
        account
    };
    let mut silent = renewing(-1);
    silent.note(Note::Proof(Proof { at: noon() - hours(2), verdict: Verdict::Unreachable }), silent.obtained_at());
    assert_eq!(silent.status(noon(), hours(WEEK)), authmd_tui::account::Status::Unreachable);
    assert!(silent.is_due(noon()) && renewing(-1).is_due(noon()));
    let unclaimed = Account { claimed: false, ..renewing(24 * 30) };
    assert!(!unclaimed.is_due(noon()) && !renewing(24 * 30).is_due(noon()));
    assert!(unclaimed.wants(noon(), hours(WEEK)).is_some(), "somebody is told all the same");
}

#[test]
fn a_calendar_has_what_wants_somebody_at_its_moment() {
    let accounts = accounts();
    let text = calendar::text(&accounts, noon(), None);
    assert!(text.starts_with("BEGIN:VCALENDAR\r\n") && text.ends_with("END:VCALENDAR\r\n"), "{text}");
    assert!(text.lines().all(|line| line.len() <= 75), "lines are folded: {text}");
    let event = text.split("BEGIN:VEVENT").find(|event| event.contains("acme.dev")).expect("an event");
    for line in [
        "UID:api.acme.dev:work@authmd-tui",
        "DTSTAMP:20261122T120000Z",
        "DTSTART:20261125T120000Z",
        "SUMMARY:Renew Acme\\; Mail\\, 1 · work",
        "DESCRIPTION:authmd-tui renew api.acme.dev:work",
    ] {
        assert!(event.contains(&format!("{line}\r\n")), "{line}\n{event}");
    }
    assert!(text.contains("SUMMARY:Look at the key of Old key"), "{text}");
    assert_eq!(text.matches("PRODID:").count(), 1, "once (RFC 5545, section 3.6)");
    let mut lapsing = accounts[0].clone();
    (lapsing.claimed, lapsing.layers) =
        (false, vec![Layer { kind: LayerKind::Claim, expires_at: Some(noon() + hours(5)) }]);
    let claim = calendar::text(&[lapsing.clone()], noon(), None);
    assert!(claim.contains("SUMMARY:Claim ") && claim.contains(" token --claim "), "{claim}");
    assert!(!lapsing.is_due(noon()), "another one would lapse as well");
    let week = calendar::text(&accounts, noon(), Some(noon() + hours(WEEK)));
    assert!(week.contains("acme.dev") && !week.contains("fabrikam.dev"), "{week}");
}

/// Nothing of it is later than it is, and what is to be typed can be.
#[test]
fn what_wants_somebody_now_stands_in_the_calendar_since_when_it_does() {
    let key = |change: &dyn Fn(&mut Account)| {
        let mut account = accounts()[5].clone();
        (account.layers[0].expires_at, account.proof) = (None, None);
        change(&mut account);
        calendar::text(&[account], noon(), None)
    };
    let refused = Proof { at: noon() - hours(3), verdict: Verdict::Refused { status: 401 } };
    let revoked = key(&|account| account.proof = Some(refused));
    assert!(revoked.contains("DTSTART:20261122T090000Z") && revoked.contains("SUMMARY:Renew "), "{revoked}");
    let cut_off = key(&|account| account.spending = Some(noon() - hours(1)));
    assert!(
        cut_off.contains("DTSTART:20261122T110000Z") && cut_off.contains("SUMMARY:Settle the renewal"),
        "{cut_off}"
    );
    let pending = key(&|account| account.more.revoking = Some(Box::new(Revoking::since(noon() - hours(2)))));
    assert!(pending.contains("DTSTART:20261122T100000Z"), "{pending}");
    assert!(pending.contains("DESCRIPTION:authmd-tui revoke --pending\r\n"), "{pending}");
    let unclaimed = key(&|account| account.claimed = false);
    assert!(unclaimed.contains("DTSTART:20261023T120000Z") && unclaimed.contains("SUMMARY:Claim "), "{unclaimed}");
    let mut nobodys = accounts()[4].clone();
    assert_eq!(why_in_words(&nobodys, Why::Unclaimed, noon()), "is to be confirmed");
    nobodys.layers.push(Layer { kind: LayerKind::Claim, expires_at: Some(noon() + hours(3)) });
    assert_eq!(why_in_words(&nobodys, Why::Unclaimed, noon()), "is to be confirmed, and lapses in 3 h");
    let half_done = key(&|account| {
        account.proof = Some(refused);
        account.more.revoking = Some(Box::new(Revoking::since(noon() - hours(2))));
    });
    assert!(half_done.contains("revoke --pending"), "it is not renewed before that: {half_done}");
    let mut account = accounts()[5].clone();
    account.proof = Some(refused);
    assert!(metrics::text(&[account], noon(), hours(WEEK)).contains(&format!(
        "needs_person_timestamp_seconds{{account=\"api.acme.dev:work\",service=\"Acme; Mail, 1\",mode=\"auth_md\"}} {}",
        (noon() - hours(3)).as_second()
    )));
}

#[test]
fn metrics_name_accounts_and_nobody() {
    let text = metrics::text(&accounts(), noon(), hours(WEEK));
    for line in [
        "# TYPE authmd_accounts gauge",
        "authmd_accounts{status=\"due\"} 1",
        "authmd_account_needs_person{account=\"api.orbit.dev:old\",service=\"Orbit \\\"API\\\"\",mode=\"auth_md\"} 1",
        "authmd_account_needs_person{account=\"api.fabrikam.dev\",service=\"Fabrikam\",mode=\"auth_md\"} 0",
        "authmd_account_needs_person_timestamp_seconds{account=\"api.northwind.dev\",service=\"Northwind\",mode=\"auth_md\"} 1796385600",
        "authmd_check_timestamp_seconds 1795348800",
    ] {
        assert!(text.lines().any(|found| found == line), "{line}\n{text}");
    }
    assert!(!text.contains("ada@"), "whom it is bound to is nobody's business there");
}

#[test]
fn the_exit_code_says_it_too_in_every_form() {
    let home = Home::with_tokens();
    let write = |text: &str| {
        std::fs::write(home.path("tokens.json"), text).expect("written");
        std::fs::set_permissions(home.path("tokens.json"), std::fs::Permissions::from_mode(0o600)).expect("set");
    };
    assert_eq!(home.command(&["check"]), (0, "authmd-tui: there are no accounts.\n".into(), String::new()));
    assert_eq!(home.command(&["check", "-q"]), (0, String::new(), String::new()));
    let ends = |hours: i64| authmd_tui::shell::clock::now() + self::hours(hours);
    let entry = |hours: i64| json!({"credential": "sk", "expires": ends(hours).to_string(), "service": "Acme"});
    let tokens = json!({"auth_md_token:https://a.dev/": entry(100), "auth_md_token:https://b.dev/": entry(24 * 20)});
    write(&tokens.to_string());
    let (code, line, _) = home.command(&["check"]);
    assert!(
        code == 4 && line.starts_with("authmd-tui: 1 of 2 accounts needs you within 7 days: a.dev ends in 4 days."),
        "{line}"
    );
    assert_eq!(home.command(&["check", "--within", "1d"]).0, 0);
    assert_eq!(home.command(&["check", "--within", "1d", "--quiet"]), (0, String::new(), String::new()));
    for form in ["--json", "--ical", "--prometheus", "--quiet"] {
        let (code, out, err) = home.command(&["check", form]);
        assert!(code == 4 && !out.is_empty() && err.is_empty(), "{form}: {out}{err}");
        assert_eq!(home.command(&["check", form, "--within", "1d"]).0, 0, "{form}");
    }
    assert_eq!(home.command(&["check", "--ical", "--json"]).0, 2);
    write("[");
    assert_eq!(home.command(&["check"]).0, 8, "a list that may hide something is no good news");
}
