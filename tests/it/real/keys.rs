//! A minute of random keys on the built program. Not part of `cargo test`: `tests/real/random-keys.sh` runs it.

use authmd_tui::shell::clock;
use jiff::SignedDuration;

use crate::support::terminal::{Home, Screen};

/// What is pressed: letters, named keys as terminals send them, clicks, pastes. Left out are Ctrl-Z, which is done by
/// the palette now and then, and `s`, which shows the credential to who has asked for it.
const KEYS: &[&str] = &[
    "a",
    "d",
    "r",
    "x",
    "v",
    "y",
    "o",
    "u",
    "w",
    "c",
    "h",
    "t",
    "S",
    "/",
    " ",
    "?",
    ":",
    "j",
    "k",
    "g",
    "G",
    "1",
    "2",
    "n",
    "q",
    "\t",
    "\r",
    "\r",
    "\r",
    "\x1b",
    "\x1b[A",
    "\x1b[B",
    "\x1b[C",
    "\x1b[D",
    "\x1b[5~",
    "\x1b[6~",
    "\x1b[H",
    "\x1b[F",
    "\x1b[Z",
    "\x1bOQ",
    "\x1b[15~",
    "\x7f",
    "\x0e",
    "\x0f",
    "\x19",
    "\x0c",
    "\x10",
    "\x15",
    "ada@example.com",
    "\x1b[200~481516\n\x1b[201~",
    "\x1b[<0;20;11M",
    "\x1b[<0;5;24M",
    "\x1b[<64;9;9M",
    "\x1b[<65;9;9M",
    "ä",
    "日",
];

#[test]
#[ignore = "takes a minute"]
fn a_minute_of_random_keys_ends_nothing_and_shows_no_secret() {
    let home = Home::new();
    let begun = clock::now();
    let mut screen = Screen::start(&["demo"], &home);
    screen.shows("need you");
    // Any row of numbers will do, as long as it is the same each time (Numerical Recipes, section 7.1).
    let (mut random, mut pressed, mut runs, mut columns) = (20_261_123_u32, 0_u32, 1, 80);
    while clock::now().duration_since(begun) < SignedDuration::from_secs(60) {
        random = random.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
        let key = KEYS[(random >> 8) as usize % KEYS.len()];
        let shown = screen.until(|_| true, "the screen");
        assert!(
            !["sk_sandbox_", "at_sandbox_", "rt_sandbox_", "panicked"].iter().any(|text| shown.contains(text)),
            "{shown}"
        );
        let before = screen.written().len();
        if screen.is_over() {
            let (code, text) = screen.ends();
            assert!(code == 0, "{code}: {text}");
            screen = Screen::start(&["demo"], &home);
            screen.shows("need you");
            (runs, columns) = (runs + 1, 80);
            continue;
        }
        screen.keys(key);
        pressed += 1;
        // Every few keys the program has to have drawn something: it goes on, and is not drowned.
        if pressed.is_multiple_of(16) {
            // Never back to a width that the program may not have left yet.
            columns = 80 + (columns - 79) % 20;
            screen.resize(columns, 24);
            screen.goes_on(before);
        }
    }
    println!("{pressed} keys in {runs} runs");
    assert!(pressed > 500, "{pressed}");
}
