//! Whatever is pressed, nothing panics, and no secret is on the screen that nobody asked to see.

use authmd_tui::tui::app::{Command, Message, Overlay, Wheel};
use crossterm::event::{KeyCode, KeyEvent, KeyModifiers};
use proptest::prelude::*;

use crate::support::play::Fake;
use crate::support::tour::{ASCII, COLOR, Tour, accounts, signing_in};

/// What hands and terminals send.
#[derive(Debug, Clone)]
enum Happening {
    Key(KeyCode, KeyModifiers),
    Click(u16, u16),
    Wheel(Wheel),
    Paste(&'static str),
    Window(u16, u16),
    /// Seconds go by.
    Time(i64),
}

fn happening() -> impl Strategy<Value = Happening> {
    let named = prop::sample::select(vec![
        KeyCode::Enter,
        KeyCode::Esc,
        KeyCode::Tab,
        KeyCode::BackTab,
        KeyCode::Up,
        KeyCode::Down,
        KeyCode::Left,
        KeyCode::Right,
        KeyCode::Home,
        KeyCode::End,
        KeyCode::PageUp,
        KeyCode::PageDown,
        KeyCode::Backspace,
        KeyCode::Delete,
        KeyCode::F(2),
        KeyCode::F(5),
    ]);
    prop_oneof![
        6 => named.prop_map(|code| Happening::Key(code, KeyModifiers::NONE)),
        6 => prop::char::range(' ', '~').prop_map(|c| Happening::Key(KeyCode::Char(c), KeyModifiers::NONE)),
        2 => prop::sample::select(vec!['n', 'o', 'y', 'l', 'p', 'u', 'c', 'w', 'a'])
            .prop_map(|c| Happening::Key(KeyCode::Char(c), KeyModifiers::CONTROL)),
        1 => (0..210_u16, 0..70_u16).prop_map(|(column, row)| Happening::Click(column, row)),
        1 => prop::sample::select(vec![Wheel::Up, Wheel::Down]).prop_map(Happening::Wheel),
        1 => prop::sample::select(vec!["ada@example.com", "481516", "api.acme.dev\n", "日本語\u{1b}[2J", ""]).prop_map(Happening::Paste),
        1 => (1..210_u16, 1..70_u16).prop_map(|(width, height)| Happening::Window(width, height)),
        1 => (0..4_000_i64).prop_map(Happening::Time),
    ]
}

fn tour(kind: u8) -> Tour {
    match kind {
        0 => Tour::new(COLOR, accounts()),
        1 => Tour::signing_up(COLOR, Fake::acme()),
        2 => signing_in(COLOR, true),
        3 => Tour::new(ASCII, accounts()),
        _ => Tour::new(COLOR, vec![]),
    }
}

/// Every secret that the pretended services and stores hand out begins like one of these.
const SECRETS: [&str; 4] = ["sk_", "at_1", "rt_1", "clm_"];

proptest! {
    #![proptest_config(ProptestConfig { cases: 64, ..ProptestConfig::default() })]

    #[test]
    fn nothing_panics_and_nothing_is_given_away(kind in 0..5_u8, happenings in prop::collection::vec(happening(), 1..160)) {
        let mut tour = tour(kind);
        let mut size = (80, 24);
        for happening in happenings {
            let quits = match happening {
                Happening::Key(code, modifiers) => tour.send(Message::Key(KeyEvent::new(code, modifiers))),
                Happening::Click(column, row) => tour.send(Message::Click(column, row)),
                Happening::Wheel(wheel) => tour.send(Message::Wheel(wheel)),
                Happening::Paste(text) => tour.send(Message::Paste(text.into())),
                Happening::Window(width, height) => {
                    size = (width, height);
                    vec![]
                }
                Happening::Time(seconds) => {
                    tour.now += jiff::SignedDuration::from_secs(seconds);
                    tour.send(Message::Redraw)
                }
            };
            let picture = tour.picture(size.0, size.1);
            let asked_for = matches!(&tour.app.overlay, Some(Overlay::Credential(pane)) if pane.shown);
            prop_assert!(asked_for || !SECRETS.iter().any(|secret| picture.contains(secret)), "{}", picture);
            if quits.contains(&Command::Quit) {
                break;
            }
        }
    }
}
