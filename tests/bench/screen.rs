//! How long a key takes, and a drawing, with few accounts and with very many: `cargo bench --bench screen`. A frame of a
//! screen at 60 Hz is 16 ms.

use accounts::account;
use authmd_tui::account::{Account, StoreKind};
use authmd_tui::store::Listing;
use authmd_tui::tui::app::{App, Loaded, Message};
use authmd_tui::tui::theme::{Depth, Look, Theme};
use authmd_tui::tui::view;
use crossterm::event::{KeyCode, KeyEvent};
use divan::{Bencher, black_box};
use jiff::Timestamp;
use ratatui::Terminal;
use ratatui::backend::TestBackend;

mod accounts;

fn main() {
    divan::main();
}

fn now() -> Timestamp {
    "2026-11-22T12:00:00Z".parse().expect("a moment")
}

fn accounts(number: usize) -> Vec<Account> {
    (0..number).map(|nth| account(nth, &format!("https://api.s{nth}.dev/"), StoreKind::Memory, now())).collect()
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
