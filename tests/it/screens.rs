//! Pictures of every screen, as text, each at three sizes; some in ASCII without colour.
//!
//! `cargo insta review`, or `INSTA_UPDATE=always cargo test screens`, accepts what has changed on purpose.

use std::borrow::BorrowMut;

use authmd_tui::account::{Account, Layer, LayerKind, Renewal};
use authmd_tui::http::Response;
use authmd_tui::problem::{Kind, Problem};
use authmd_tui::secret::Secret;
use authmd_tui::tui::app::{Command, Message};
use authmd_tui::tui::keymap::Place;
use authmd_tui::tui::theme::{Depth, Theme};
use crossterm::event::KeyCode;
use serde_json::json;

use crate::support::play::{CLAIM, COMPLETE, Fake, REGISTER, RESOURCE, answer, refusal};
use crate::support::tour::{ASCII, COLOR, Tour, accounts, handing_over, signing_in};
use crate::support::{account, hours, noon};

/// A usual window, a large one, and the smallest that will do.
const SIZES: [(u16, u16); 3] = [(80, 24), (120, 40), (60, 15)];

/// Compares a screen with the pictures of that name.
fn is(name: &str, mut tour: impl BorrowMut<Tour>) {
    let one = |(width, height)| format!("{width}×{height}\n{}\n", tour.borrow_mut().picture(width, height));
    let pictures: String = SIZES.map(one).join("\n");
    let mut settings = insta::Settings::clone_current();
    settings.set_snapshot_path("../snapshots");
    settings.set_prepend_module_to_snapshot(false);
    settings.set_omit_expression(true);
    settings.bind(|| insta::assert_snapshot!(name, pictures));
}

fn listed() -> Tour {
    Tour::new(COLOR, accounts())
}

/// Accounts of several layers, each with a clock of its own.
fn with_layers() -> Vec<Account> {
    let layer = |kind, ends: Option<i64>| Layer { kind, expires_at: ends.map(|ends| noon() + hours(ends)) };
    let mut notes = account("Acme Notes", "notes.acme.dev", None, Some(1));
    notes.layers = vec![
        layer(LayerKind::AccessToken, Some(1)),
        layer(LayerKind::RefreshToken, Some(24 * 45)),
        layer(LayerKind::ClientRegistration, Some(24 * 120)),
    ];
    let url = "https://auth.acme.dev/token".parse().expect("a URL");
    notes.renewal = Renewal::Refresh { url, resource: None };
    vec![account("Orbit API", "orbit.dev", None, Some(50)), notes]
}

fn signing_up(fake: Fake) -> Tour {
    Tour::signing_up(COLOR, fake)
}

#[test]
fn the_list() {
    is("list", listed());

    is("list_ascii", Tour::new(ASCII, accounts()));
    is("list_empty", Tour::new(COLOR, vec![]));
    is("list_marked", listed().keys("  s"));
    is("list_filtered", listed().keys("/work"));
    is("list_filtered_to_nothing", listed().keys("/zzz\n"));
    let mut damaged = listed();
    damaged.app.update(
        Message::Loaded(Err(Problem::new(
            Kind::Store,
            "tokens.json is not the JSON object it should be.",
            "It was left as it is, with a copy beside it. Mend it, or move it away to begin anew.",
        ))),
        noon(),
    );
    is("list_damaged", damaged);
    assert!(listed().picture(50, 10).contains("needs 60×15; this window has 50×10"));
    is("list_layers", Tour::new(COLOR, with_layers()).keys("j"));
}

#[test]
fn the_detail_and_what_lies_over_the_list() {
    is("detail", listed().keys("jj\n"));

    is("help", listed().keys("?"));
    is("help_in_a_walk", signing_up(Fake::acme()).keys("\n?"));
    is("commands", listed().keys(":"));
    is("commands_found", listed().keys(":the"));
    let tailspin = "jjjjjjj";
    is("review", listed().keys(tailspin).keys("w"));
    is("reviewed", listed().keys(tailspin).keys("w\n"));
    is("forget", listed().keys("jd"));
    is("credential", listed().keys("jy"));
    is("refusal", Tour::new(COLOR, vec![]).keys("r"));
}

#[test]
fn the_walk() {
    is("target", Tour::new(COLOR, vec![]).keys("anon sense.dev\n"));
    is("offer", signing_up(Fake::acme()));
    is("consent", signing_up(Fake::acme()).keys("\n"));
    is("consent_chosen_ascii", Tour::new(ASCII, vec![]).keys("aapi.acme.dev\n\ny"));

    is("email", signing_up(Fake::acme()).keys("\ny\nada@"));
    let mut with_page = Fake::acme();
    with_page.json(CLAIM, serde_json::json!({"status": "pending", "message": "Verification email sent", "expires_at": "2026-11-22T12:10:00Z",
        "verification_uri": format!("https://auth.acme.dev/verify?attempt={}", "cva_4f1c".repeat(12))}));
    is("code", signing_up(with_page.clone()).keys("\ny\nada@example.com\n481"));

    is("code_free_text", signing_up(Fake::acme()).keys("\ny\nada@example.com\nABCD-1"));
    let mut works = Fake::acme();
    works.on("GET https://api.acme.dev/", [crate::support::play::challenge(), answer(200, "{}")]);
    is("done", signing_up(works).keys("\ny\nada@example.com\n481516\n"));
}

#[test]
fn the_other_shapes_of_the_walk() {
    is("handoff_consent", handing_over(COLOR).keys("\n"));
    is("handoff", handing_over(COLOR).keys("\ny\nada@example.com\n"));

    is("handoff_ascii", handing_over(ASCII).keys("\ny\nada@example.com\n"));

    let mut from_a_page = Fake::acme();
    from_a_page.json(REGISTER, json!({"id": "reg_1", "type": "anonymous", "claim": {"token": "clm_1"}}));
    from_a_page.json(CLAIM, json!({"attempt": {"verification_uri": "https://auth.acme.dev/agent-claim?token=cat_1", "expires_at": "2026-11-22T12:10:00Z"}}));
    is("code_from_a_page", signing_up(from_a_page).keys("\ny\nada@example.com\nBCDF"));

    let wanting = |answer: serde_json::Value| {
        let mut fake = Fake::acme();
        fake.on(REGISTER, [self::answer(400, &answer.to_string())]);
        let mut tour = signing_up(fake);
        tour.keys("\ny\n");
        tour
    };
    is(
        "terms",
        wanting(json!({"error": "tos_required", "tos_version": "2026-03", "tos_url": "https://acme.dev/terms"})),
    );
    is("scopes", wanting(json!({"error": "invalid_request", "message": "scope is required"})));
}

#[test]
fn signing_in_by_oauth() {
    is("oauth_offer", signing_in(COLOR, false));
    is("oauth_offer_ssh", signing_in(COLOR, true));
    is("oauth_consent", signing_in(COLOR, false).keys("\n"));
    is("oauth_browser", signing_in(COLOR, false).keys("\ny\n"));
    is("oauth_browser_ssh", signing_in(COLOR, true).keys("2\ny\n"));

    is("oauth_device", signing_in(COLOR, true).keys("\ny\n"));

    is("oauth_device_ascii", signing_in(ASCII, true).keys("\ny\n"));
    let mut for_a_camera = signing_in(COLOR, true);
    for_a_camera.keys("\ny\n").press(KeyCode::F(2));
    is("oauth_qr", &mut for_a_camera);

    assert_eq!(for_a_camera.press(KeyCode::Esc).app.place(), Place::Handoff);
    let mut other_ways = signing_in(COLOR, true);
    other_ways.keys("2\ny\n").control('n');
    is("oauth_other_ways", other_ways);
}

#[test]
fn the_detours_of_the_walk() {
    let with = |call: &str, status, code: &str| {
        let mut fake = Fake::acme();
        fake.on(call, [refusal(status, code)]);
        fake
    };
    is("code_wrong", signing_up(with(COMPLETE, 401, "otp_invalid")).keys("\ny\nada@example.com\n481516\n"));
    is("code_expired", signing_up(with(COMPLETE, 410, "otp_expired")).keys("\ny\nada@example.com\n481516\n"));
    is("limited", signing_up(with(CLAIM, 429, "rate_limited")).keys("\ny\nada@example.com\n"));
    is("in_trouble", signing_up(with(REGISTER, 503, "temporarily_unavailable")).keys("\ny\n"));
    let mut prose = Fake::acme();
    prose.on("GET https://auth.acme.dev/.well-known/oauth-authorization-server", [answer(404, "")]);
    is("prose", signing_up(prose));
    let mut foreign = Fake::acme();
    let mut metadata = Fake::server_metadata();
    metadata["agent_auth"]["identity_endpoint"] = "https://signup.elsewhere.net/identity".into();
    foreign.json("GET https://auth.acme.dev/.well-known/oauth-authorization-server", metadata);
    is("hosts", signing_up(foreign).keys("\n"));
    let mut long = Fake::acme();
    let mut metadata = Fake::server_metadata();
    let host = "login.acme-mail.com.session-4f9a1c77e2b0.secure-sign-up.agent-identity.eu-central-1.elsewhere.net";
    metadata["agent_auth"]["claim_endpoint"] = format!("https://{host}/claim").into();
    long.json("GET https://auth.acme.dev/.well-known/oauth-authorization-server", metadata);
    is("hosts_long", signing_up(long).keys("\n"));
    let mut words = Fake::acme();
    words.on("GET https://auth.acme.dev/.well-known/oauth-authorization-server", [answer(404, "")]);
    let filler = "Welcome to Acme Mail, which has been carrying letters since nineteen ninety";
    let text = format!("{filler} Your vault is locked: type its passphrase as the key.\n");
    words.on(
        "GET https://api.acme.dev/auth.md",
        [Ok(Response { status: 200, headers: vec![], body: Secret::new(text) })],
    );
    is("prose_long", signing_up(words));
    let mut held = Tour::new(COLOR, vec![]);
    held.known.accounts = vec![account("Acme Mail", "acme.dev", None, Some(73))];
    is("existing", held.keys("aapi.acme.dev\n\n"));
    let mut undecided = Tour::new(COLOR, vec![]);
    undecided.known.decided = false;
    is("store", undecided.keys("aapi.acme.dev\n\n"));
    let mut full = signing_up(Fake::acme());
    full.storing = Err(Problem::new(
        Kind::Store,
        "Could not write tokens.json: no space left on device.",
        "Make room, or keep it elsewhere.",
    ));
    is("store_full", full.keys("\ny\nada@example.com\n481516\n"));
    is("at_stake", signing_up(Fake::acme()).keys("\ny\n\u{1b}"));
    let mut strange = Fake::acme();
    strange.json(RESOURCE, serde_json::json!({"resource": "https://api.acme.dev/", "resource_name": "\u{1b}[2JAcme\u{202e} 日本語のサービス名がとても長い場合にはどうなるのでしょうか",
        "authorization_servers": ["https://auth.acme.dev"], "scopes_supported": ["a\u{7}b"]}));
    is("strange_names", signing_up(strange));
}

/// What is to be revoked is finished, not renewed: the footer has room for that key at the usual width.
#[test]
fn the_footer_of_what_is_to_be_revoked_has_the_key_that_finishes_it() {
    let mut pending = account("Acme Mail", "acme.dev", None, Some(900));
    pending.more.revoking = Some(Box::new(authmd_tui::account::Revoking::since(noon())));
    let mut tour = Tour::new(COLOR, vec![pending]);
    let picture = tour.picture(80, 24);
    assert!(picture.contains("X finish revocations") && !picture.contains("r renew"), "{picture}");
}

#[test]
fn renewing_and_revoking() {
    let mut tour = listed();
    tour.fake
        .on("GET https://api.acme.dev/", [Ok(crate::support::play::answer(200, "{}").expect("ok")), answer(401, "{}")]);
    tour.fake.json("POST https://auth.acme.dev/agent/revoke", serde_json::json!({}));
    is("revoke_confirm", tour.keys("jx"));
    is("revoked", tour.keys("y\n"));
    let mut tour = listed();
    tour.fake.on("GET https://api.acme.dev/", [answer(200, "{}")]);
    tour.fake.json("POST https://auth.acme.dev/agent/revoke", serde_json::json!({}));
    is("revoke_unconfirmed", tour.keys("jxy\n"));
    let mut tour = listed();
    is("renew_email", tour.keys("jr\ny\n"));
}

#[test]
fn nothing_is_said_by_colour_alone() {
    let mut without = Tour::new(Theme { depth: Depth::None, ..COLOR }, accounts());
    for (width, height) in SIZES {
        assert_eq!(listed().picture(width, height), without.picture(width, height));
    }
}

#[test]
fn no_size_breaks_any_screen() {
    let tours: [fn() -> Tour; 4] = [
        listed,
        || {
            let mut tour = listed();
            tour.keys("?");
            tour
        },
        || signing_up(Fake::acme()),
        || {
            let mut tour = signing_up(Fake::acme());
            tour.keys("\ny\nada@example.com\n12");
            tour
        },
    ];
    for make in tours {
        let mut tour = make();
        for (width, height) in
            (1..=130).step_by(3).flat_map(|width| (1..=44).step_by(4).map(move |height| (width, height)))
        {
            tour.buffer(width, height);
        }
    }
}

fn many(number: i64) -> Tour {
    let account = |n: i64| account(&format!("Service {n:06}"), &format!("s{n}.dev"), None, Some(24 * (n + 8) % 9_000));
    Tour::new(COLOR, (0..number).map(account).collect())
}

/// What `cargo bench --bench screen` measures, held roughly: the median of some drawings, taken in turns.
#[test]
fn a_key_and_its_drawing_cost_the_same_for_many_accounts_as_for_a_screenful() {
    let mut tours = [many(100), many(50_000)];
    let mut took = [Vec::new(), Vec::new()];
    for _ in 0..15 {
        for (tour, took) in tours.iter_mut().zip(&mut took) {
            let begun = authmd_tui::shell::clock::now();
            tour.keys("j");
            tour.buffer(80, 24);
            took.push(authmd_tui::shell::clock::now().duration_since(begun));
        }
    }
    let [few, very_many] = took.map(|mut took| {
        took.sort();
        took[took.len() / 2]
    });
    assert!(very_many < few * 4, "{few:?} with 100 accounts, {very_many:?} with 50,000");
}

#[test]
fn the_last_of_many_is_reached_at_once() {
    let mut tour = many(2_000);
    tour.keys("sG");
    let picture = tour.picture(80, 24);
    assert!(
        picture.contains("▌") && picture.contains("Service 001999") && !picture.contains("Service 000001"),
        "{picture}"
    );
}

#[test]
fn the_store_and_its_passphrase() {
    let mut tour = listed();
    is("storage", tour.keys("S"));

    tour.keys("\u{1b}S");
    is("passphrase", tour.keys("↓↓\nshort\n"));
    let mut tour = listed();
    let why = Problem::new(Kind::Locked, "The vault is locked.", "Its passphrase opens it.");
    let id = tour.app.list.selected().expect("selected").id.clone();
    tour.app.update(Message::Locked(Command::Fetch(id), why), tour.now);
    is("unlock", tour.keys("secret"));
}
