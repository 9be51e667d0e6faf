//! How long a key takes, and a drawing, with few accounts and with very many: `cargo bench --bench screen`. A frame of a
//! screen at 60 Hz is 16 ms.

use authmd_tui::account::{Account, AccountId, Layer, LayerKind, Mode, More, Renewal, Revocation, Source, StoreKind};
use authmd_tui::http::Presentation;
use authmd_tui::store::Listing;
use authmd_tui::tui::app::{App, Loaded, Message};
use authmd_tui::tui::theme::{Depth, Look, Theme};
use authmd_tui::tui::view;
use crossterm::event::{KeyCode, KeyEvent};
use divan::{Bencher, black_box};
use jiff::{SignedDuration, Timestamp};
use ratatui::Terminal;
use ratatui::backend::TestBackend;

fn main() {
    divan::main();
}

fn now() -> Timestamp {
    "2026-11-22T12:00:00Z".parse().expect("a moment")
}

fn accounts(number: usize) -> Vec<Account> {
    let account = |nth: usize| {
        let resource = format!("https://api.s{nth}.dev/");
        let ends = now() + SignedDuration::from_hours((nth * 7 % 4_000) as i64 - 200);
        Account {
            id: AccountId::new(&resource, None, &[]),
            service: format!("Service {nth}"),
            label: None,
            identity: Some(format!("ada+{nth}@example.com")),
            mode: Mode::AuthMd,
            scopes: vec!["mail.read".into(), "mail.send".into()],
            layers: vec![Layer { kind: LayerKind::ApiKey, expires_at: Some(ends) }],
            claimed: true,
            start: resource.parse().expect("a URL"),
            metadata: None,
            guarded: Some(true),
            presentation: Presentation::Bearer,
            renewal: Renewal::Person,
            revocation: Revocation::None,
            client: None,
            bound: false,
            store: StoreKind::Memory,
            source: Source::Own,
            created_at: Some(now() - SignedDuration::from_hours(720)),
            renewed_at: None,
            verified_at: Some(now()),
            proof: None,
            spending: None,
            more: More::default(),
            resource,
        }
    };
    (0..number).map(account).collect()
}

fn loaded(number: usize) -> Message {
    let listing = Listing { accounts: accounts(number), problem: None };
    Message::Loaded(Ok(Loaded { listing, store: "memory", described: vec![] }))
}

fn app(number: usize) -> App {
    let mut app = App::new(Theme { look: Look::Dark, depth: Depth::True, unicode: true }, "memory", None);
    app.size = (200, 60);
    app.update(loaded(number), now());
    app
}

fn press(app: &mut App, code: KeyCode) {
    black_box(app.update(Message::Key(KeyEvent::from(code)), now()));
}

const NUMBERS: [usize; 3] = [100, 10_000, 100_000];

/// Down and up again, each with its drawing.
#[divan::bench(args = NUMBERS)]
fn a_row_down_and_up(bencher: Bencher, number: usize) {
    let mut app = app(number);
    let mut terminal = Terminal::new(TestBackend::new(200, 60)).expect("a test terminal");
    bencher.bench_local(|| {
        for key in ['j', 'k'] {
            press(&mut app, KeyCode::Char(key));
            terminal.draw(|frame| drop(view::draw(&app, frame, now()))).expect("drawn");
        }
    });
}

#[divan::bench(args = NUMBERS)]
fn drawing(bencher: Bencher, number: usize) {
    let app = app(number);
    let mut terminal = Terminal::new(TestBackend::new(200, 60)).expect("a test terminal");
    bencher.bench_local(|| terminal.draw(|frame| drop(view::draw(&app, frame, now()))).map(drop));
}

/// A letter of a filter, and taking it back.
#[divan::bench(args = NUMBERS)]
fn a_letter_of_a_filter(bencher: Bencher, number: usize) {
    let mut app = app(number);
    press(&mut app, KeyCode::Char('/'));
    bencher.bench_local(|| {
        press(&mut app, KeyCode::Char('7'));
        press(&mut app, KeyCode::Backspace);
    });
}

#[divan::bench(args = NUMBERS)]
fn sorting(bencher: Bencher, number: usize) {
    let mut app = app(number);
    bencher.bench_local(|| press(&mut app, KeyCode::Char('s')));
}

/// The accounts come anew from the store.
#[divan::bench(args = NUMBERS)]
fn reading(bencher: Bencher, number: usize) {
    let mut app = app(1);
    bencher.with_inputs(|| loaded(number)).bench_local_values(|message| app.update(message, now()));
}
