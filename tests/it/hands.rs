//! What hands do besides typing: the mouse, commands by name, taking back, another look.

use authmd_tui::account::{Account, Kept, Mode};
use authmd_tui::flow::{Opening, Surroundings};
use authmd_tui::problem::{Kind, Problem};
use authmd_tui::secret::Secret;
use authmd_tui::store::memory::Memory;
use authmd_tui::store::{Removed, Store};
use authmd_tui::tui::app::{Command, Message, Overlay, Scene, Wheel};
use authmd_tui::tui::keymap::{Keymap, Place};
use authmd_tui::tui::theme::{Depth, Look, Theme};
use crossterm::event::KeyCode;

use crate::support::play::{COMPLETE, Fake, refusal};
use crate::support::tour::{ASCII, COLOR, Tour, accounts, signing_in};
use crate::support::{account, noon};

fn listed() -> Tour {
    Tour::new(COLOR, accounts())
}

/// Clicks on the first place where a text stands: on its last letter.
fn click(tour: &mut Tour, text: &str) -> Vec<Command> {
    let picture = tour.picture(80, 24);
    let (row, line) = picture
        .lines()
        .enumerate()
        .find(|(_, line)| line.contains(text))
        .unwrap_or_else(|| panic!("{text}: {picture}"));
    let column = line.split(text).next().expect("before it").chars().count() + text.chars().count() - 1;
    tour.app.update(Message::Click(column as u16, row as u16), tour.now)
}

fn selected(tour: &Tour) -> &str {
    tour.app.list.selected().map_or("", |account| account.service.as_str())
}

fn notice(tour: &Tour) -> &str {
    tour.app.notice.as_deref().unwrap_or_default()
}

#[test]
fn a_row_is_selected_by_one_click_and_opened_by_another() {
    let mut tour = listed();
    click(&mut tour, "Fabrikam");
    assert_eq!((selected(&tour), tour.app.place()), ("Fabrikam", Place::List));
    click(&mut tour, "Fabrikam");
    assert_eq!(tour.app.place(), Place::Detail);
    click(&mut tour, "esc back");
    assert_eq!(tour.app.place(), Place::List);
    click(&mut tour, "this week");
    assert_eq!(selected(&tour), "Fabrikam", "a heading is no row");
    // The filter that is being typed stays when a row is clicked on.
    tour.keys("/mail");
    click(&mut tour, "Acme Mail");
    assert_eq!((tour.app.place(), tour.app.list.filter()), (Place::List, "mail"));
}

#[test]
fn a_yes_takes_two_clicks_as_it_takes_two_keys() {
    let mut tour = Tour::signing_up(COLOR, Fake::acme());
    click(&mut tour, "auth.md, code by e-mail");
    assert_eq!(tour.app.place(), Place::Choice, "it is chosen already, and not by a click");
    let commands = click(&mut tour, "auth.md, code by e-mail");
    tour.does(commands);
    assert_eq!(tour.app.place(), Place::YesNo);
    assert!(click(&mut tour, "Yes, register").is_empty(), "chosen, and nothing is sent");
    assert_eq!(tour.app.session().and_then(|session| session.chosen()), Some(0));
    assert!(click(&mut tour, "    No").is_empty());
    assert_eq!(tour.app.session().and_then(|session| session.chosen()), Some(1));
    click(&mut tour, "Yes, register");
    assert!(!click(&mut tour, "Yes, register").is_empty(), "the second one means it");
}

#[test]
fn the_wheel_moves_the_list_and_scrolls_pages() {
    let mut tour = listed();
    tour.app.update(Message::Wheel(Wheel::Down), tour.now);
    assert_eq!(tour.app.list.selected_row(), 3);
    tour.app.update(Message::Wheel(Wheel::Up), tour.now);
    assert_eq!(tour.app.list.selected_row(), 0);
    tour.keys("?");
    tour.app.update(Message::Wheel(Wheel::Down), tour.now);
    assert!(matches!(tour.app.overlay, Some(Overlay::Help { scroll: 3 })));
    let mut over = Tour::signing_up(COLOR, Fake::acme());
    over.app.update(Message::Wheel(Wheel::Down), over.now);
    assert_eq!(over.app.session().and_then(|session| session.chosen()), Some(0), "it chooses nothing");
}

#[test]
fn a_command_is_found_by_its_name_and_done() {
    let mut tour = listed();
    tour.keys(":sort\n");
    assert_eq!((notice(&tour), tour.app.place()), ("Sorted by service.", Place::List));
    tour.keys(":fil\n");
    assert_eq!(tour.app.place(), Place::Filter);
    tour.press(KeyCode::Esc).control('p');
    assert_eq!(tour.app.place(), Place::Palette);
    tour.keys("undo\n");
    assert_eq!(notice(&tour), "There is nothing that was forgotten to be taken back.", "what does nothing says why");
    tour.keys(":nothing like it\n");
    assert_eq!(tour.app.place(), Place::List);
    tour.keys(":");
    click(&mut tour, "open its page");
    assert!(tour.app.place() != Place::Palette, "a click does it");
    // Where text is typed a colon is one, and Ctrl-P is the way.
    let mut typing = Tour::new(COLOR, vec![]);
    typing.keys("a:");
    assert_eq!(typing.app.place(), Place::Target);
    typing.control('p');
    assert_eq!(typing.app.place(), Place::Palette);
    typing.keys("canc\n");
    assert_eq!(typing.app.place(), Place::List);
}

#[test]
fn keys_of_ones_own_are_those_that_are_shown() {
    let mut tour = listed();
    let changes =
        [("renew", "E"), ("add", "+"), ("revoke", "K")].map(|(action, key)| (action.to_owned(), vec![key.to_owned()]));
    tour.app.keymap = Keymap::with(changes).expect("no conflict");
    let picture = tour.picture(80, 24);
    assert!(picture.contains("+ add") && picture.contains("E renew") && !picture.contains(" r renew"), "{picture}");
    tour.keys("r");
    assert_eq!(tour.app.place(), Place::List);
    tour.keys("jjd");
    assert!(tour.picture(80, 24).contains("revoke it (K)"), "{}", tour.picture(80, 24));
    tour.press(KeyCode::Esc).keys("gE");
    assert!(matches!(tour.app.scene, Scene::Session(_)));
    let mut empty = Tour::new(COLOR, vec![]);
    empty.app.keymap = tour.app.keymap.clone();
    assert!(empty.picture(80, 24).contains("+   sign up to a service"), "{}", empty.picture(80, 24));
}

#[test]
fn a_theme_changes_nothing_but_colours_and_says_how_to_keep_it() {
    let mut tour = listed();
    let before = tour.buffer(80, 24);
    tour.keys("t");
    assert_eq!(tour.app.theme.look, Look::Dark);
    assert_eq!(notice(&tour), "Theme: dark. To keep it, write \"theme\": \"dark\" into settings.json.");
    tour.keys("gk");
    let after = tour.buffer(80, 24);
    let letters = |buffer: &ratatui::buffer::Buffer| {
        buffer.content.iter().map(|cell| cell.symbol().to_owned()).collect::<String>()
    };
    assert_eq!(letters(&before), letters(&after));
    assert_ne!(before, after);
    let mut plain = Tour::new(ASCII, accounts());
    plain.keys("t");
    assert!(notice(&plain).contains("Colours are off"), "{}", notice(&plain));
}

/// No colour is left to chance: where a theme has its own, every cell has both.
#[test]
fn a_theme_of_our_own_covers_every_cell() {
    for look in [Look::Dark, Look::Light, Look::HighContrast] {
        let theme = Theme { look, depth: Depth::True, unicode: true };
        let tours = [
            Tour::new(theme, accounts()),
            {
                let mut tour = Tour::new(theme, accounts());
                tour.keys("?");
                tour
            },
            {
                let mut tour = signing_in(theme, true);
                tour.keys("\ny\n");
                tour
            },
            {
                let mut tour = Tour::signing_up(theme, Fake::acme());
                tour.keys("\ny\nada@example.com\n12");
                tour
            },
        ];
        for mut tour in tours {
            for (width, height) in [(80, 24), (130, 40), (60, 15), (40, 10)] {
                let buffer = tour.buffer(width, height);
                let bare = |cell: &ratatui::buffer::Cell| {
                    cell.bg == ratatui::style::Color::Reset || cell.fg == ratatui::style::Color::Reset
                };
                assert!(!buffer.content.iter().any(bare), "{look:?}, {width}×{height}");
            }
        }
    }
}

/// An account as it is taken out of a store.
fn removed(account: &Account) -> (Memory, Vec<Removed>) {
    let store = Memory::default();
    store.save(&Kept::new(account.clone(), Secret::new("sk_forgotten"))).expect("saved");
    let removed = store.forget(&account.id).expect("forgotten").into_iter().collect();
    (store, removed)
}

#[test]
fn what_is_forgotten_comes_back_until_the_program_ends() {
    let mut tour = listed();
    let account = tour.app.list.selected().expect("selected").clone();
    let (store, what) = removed(&account);
    tour.app.update(Message::Forgotten(account.id.clone(), Ok(what.clone())), tour.now);
    assert!(notice(&tour).contains("u undoes it."), "{}", notice(&tour));
    let undo =
        |tour: &mut Tour| tour.app.update(Message::Key(crossterm::event::KeyEvent::from(KeyCode::Char('u'))), noon());
    let commands = undo(&mut tour);
    assert_eq!(commands, [Command::PutBack(account.id.clone(), what.clone())]);
    assert!(!format!("{commands:?}").contains("sk_forgotten"));
    // It could not be done now: it can be tried again.
    let failed = Problem::new(Kind::Store, "The disk is full.", "Make room.");
    tour.app.update(Message::PutBack(account.id.clone(), what.clone(), Err(failed)), tour.now);
    assert_eq!(undo(&mut tour), [Command::PutBack(account.id.clone(), what.clone())]);
    store.put_back(&what[0]).expect("put back");
    assert_eq!(
        store.load(&account.id).expect("readable").expect("there").secrets.credential,
        Secret::new("sk_forgotten")
    );
    tour.app.update(Message::PutBack(account.id.clone(), what.clone(), Ok(())), tour.now);
    assert_eq!(notice(&tour), format!("{} is back, as it was.", account.id));
    assert!(undo(&mut tour).is_empty(), "once");
}

#[test]
fn a_page_is_not_opened_on_another_machine_unasked() {
    let why = Some("you are on SSH, a browser would open on the other machine");
    let at = |opening| {
        let mut tour = signing_in(COLOR, true);
        tour.app.surroundings = Surroundings { no_browser: why, opening, ssh: None };
        tour.keys("2\ny\n");
        tour
    };
    let open = |tour: &mut Tour| {
        let key = crossterm::event::KeyEvent::new(KeyCode::Char('o'), crossterm::event::KeyModifiers::CONTROL);
        tour.app.update(Message::Key(key), tour.now)
    };
    assert!(matches!(open(&mut at(Opening::AtOnce)).as_slice(), [Command::Open(_)]));
    let mut not = at(Opening::Not);
    assert!(open(&mut not).is_empty());
    assert!(notice(&not).contains("Ctrl-Y copies the link, Ctrl-L prints it bare."), "{}", notice(&not));
    let mut asked = at(Opening::Asked);
    assert!(open(&mut asked).is_empty() && asked.app.place() == Place::YesNo);
    assert!(asked.picture(80, 24).contains("on the other machine"));
    let enter = crossterm::event::KeyEvent::from(KeyCode::Enter);
    assert!(asked.app.update(Message::Key(enter), asked.now).is_empty(), "Enter alone opens nothing");
    asked.keys("y");
    assert!(matches!(asked.app.update(Message::Key(enter), asked.now).as_slice(), [Command::Open(_)]));
}

#[test]
fn a_link_of_any_length_is_a_picture_or_says_what_it_needs() {
    let mut tour = signing_in(COLOR, true);
    tour.keys("2\ny\n");
    assert!(tour.picture(80, 24).contains("As a QR code it needs a window of 73×37; this one has 80×24."));
    tour.press(KeyCode::F(2));
    assert!(tour.picture(80, 24).contains("The QR code needs 73×37; this window has 80×24."));
    assert!(tour.picture(100, 40).contains("█▀▀▀▀▀█"));
}

#[test]
fn every_row_of_a_link_leads_to_all_of_it() {
    let mut tour = signing_in(COLOR, true);
    tour.keys("2\ny\n");
    let whole = tour.app.session().and_then(|session| session.screen().link.clone()).expect("a link").to_string();
    for (width, height) in [(80, 24), (60, 40), (200, 60)] {
        let links = tour.links(width, height);
        let letters: u16 = links.iter().map(|link| link.place.width).sum();
        assert!(links.iter().all(|link| link.place.x == 0 && *link.address == *whole), "{width}×{height}");
        assert_eq!(usize::from(letters), whole.len(), "{width}×{height}: nothing is cut off, nothing added");
    }
}

#[test]
fn what_was_typed_is_there_again_for_who_goes_back() {
    let mut tour = Tour::signing_up(COLOR, Fake::acme());
    tour.keys("\ny\nada@exmaple.com\n");
    assert_eq!(tour.app.place(), Place::Code);
    tour.keys("12").press(KeyCode::BackTab);
    let typed = tour.app.session().map(|session| session.typed().value().to_owned());
    assert_eq!((tour.app.place(), typed.as_deref()), (Place::Typing, Some("ada@exmaple.com")));
    // Nobody filled it in: a walk begins with an empty box.
    let mut anew = Tour::signing_up(COLOR, Fake::acme());
    anew.keys("\ny\n");
    assert_eq!(anew.app.session().map(|session| session.typed().value().len()), Some(0));
}

#[test]
fn claiming_and_handing_over_say_why_they_do_nothing() {
    let mut tour = listed();
    tour.keys("c");
    assert_eq!(notice(&tour), "There is nothing to claim: it is somebody's already.");
    tour.keys("h");
    assert_eq!(notice(&tour), "It is handed to nobody yet; see authmd-tui handover --help.");
    tour.keys("w");
    assert_eq!(notice(&tour), "It has an end of its own; it is looked at then.");
    let mut direct = account("Hatchling", "hatch.dev", None, None);
    (direct.mode, direct.claimed) = (Mode::Direct, false);
    let mut tour = Tour::new(COLOR, vec![direct]);
    tour.keys("w");
    assert_eq!(notice(&tour), "It is to be claimed, or confirmed, before it has a day of review.");
    tour.keys("c");
    assert!(matches!(tour.app.scene, Scene::Session(_)));
}

#[test]
fn the_list_keeps_what_is_selected_in_sight_and_moves_no_further() {
    let many: Vec<Account> =
        (0..60).map(|n| account(&format!("Service {n:02}"), &format!("s{n}.dev"), None, Some(24 * (n + 40)))).collect();
    let mut tour = Tour::new(COLOR, many);
    let shows = |tour: &mut Tour, name: &str| tour.picture(80, 24).contains(name);
    assert!(shows(&mut tour, "Service 00"));
    tour.keys("jjj");
    assert!(shows(&mut tour, "later"), "it does not move while there is room");
    tour.keys("G");
    assert!(shows(&mut tour, "Service 59") && !shows(&mut tour, "Service 30"));
    tour.keys("kk");
    assert!(shows(&mut tour, "Service 59"), "nor on the way back");
    // A smaller window shows the selection, too.
    assert!(tour.picture(60, 15).contains("▌ ● Service 57"), "{}", tour.picture(60, 15));
    tour.keys("g");
    assert!(shows(&mut tour, "later"), "the heading of the first row comes with it");
}

#[test]
fn a_yes_counts_for_what_was_on_the_screen() {
    let mut tour = Tour::signing_up(COLOR, Fake::acme());
    tour.app.size = (60, 15);
    tour.keys("\n");
    let enter = || Message::Key(crossterm::event::KeyEvent::from(KeyCode::Enter));
    tour.keys("y");
    let mut pressed = 0;
    while tour.app.update(enter(), tour.now).is_empty() {
        assert!(notice(&tour).starts_with("There was more to read"), "{}", notice(&tour));
        pressed += 1;
        assert!(pressed < 9, "it ends");
    }
    assert!(pressed > 0, "nothing is sent before the last line was there");
    // A no needs no reading, and neither does who has scrolled to the end.
    let mut no = Tour::signing_up(COLOR, Fake::acme());
    no.app.size = (60, 15);
    no.keys("\nn\n");
    assert_ne!(no.app.place(), Place::YesNo);
    let mut read = Tour::signing_up(COLOR, Fake::acme());
    read.app.size = (60, 15);
    read.keys("\n");
    for _ in 0..3 {
        read.press(KeyCode::PageDown);
    }
    read.keys("y");
    assert!(!read.app.update(enter(), read.now).is_empty());
}

#[test]
fn a_code_that_is_not_whole_is_not_sent_and_a_wrong_one_is_there_to_be_looked_at() {
    let mut wrong = Fake::acme();
    wrong.on(COMPLETE, [refusal(401, "otp_invalid")]);
    let mut tour = Tour::signing_up(COLOR, wrong);
    tour.keys("\ny\nada@example.com\n48 1-5");
    assert!(
        tour.picture(80, 24).contains("│ 4 ││ 8 ││ 1 ││ 5 ││   ││   │"),
        "blanks and dashes are how codes are written"
    );
    let enter = crossterm::event::KeyEvent::from(KeyCode::Enter);
    assert!(tour.app.update(Message::Key(enter), tour.now).is_empty());
    assert!(tour.picture(80, 24).contains("The code has 6 digits; 4 are there."));
    tour.keys("16\n");
    let picture = tour.picture(80, 24);
    assert!(picture.contains("was not right") && picture.contains("│ 4 ││ 8 ││ 1 ││ 5 ││ 1 ││ 6 │"), "{picture}");
    tour.keys("9");
    assert!(tour.picture(80, 24).contains("│ 9 ││   │"), "the next digit begins anew");
}

#[test]
fn a_service_that_was_not_reached_is_there_to_be_tried_again() {
    let mut tour = Tour::new(COLOR, vec![]);
    tour.keys("anonsense.dev\n");
    tour.press(KeyCode::Esc).press(KeyCode::Esc);
    tour.keys("a");
    assert!(tour.picture(80, 24).contains("> nonsense.dev"), "{}", tour.picture(80, 24));
    tour.keys("x");
    assert!(tour.picture(80, 24).contains("> x"), "a letter begins anew");
}

#[test]
fn what_is_clicked_on_is_what_was_seen() {
    let mut tour = listed();
    tour.picture(80, 24);
    // Something comes between the drawing and the click.
    tour.app.update(Message::Redraw, tour.now);
    tour.app.update(Message::Click(10, 14), tour.now);
    assert_eq!(tour.app.list.selected_row(), 0, "nobody has seen that row there");
    let mut tour = listed();
    tour.keys(":");
    // The line that says that there is more is no command.
    click(&mut tour, "more lines: PageDown");
    assert_eq!(tour.app.place(), Place::Palette);
}

#[test]
fn commands_are_closed_when_what_they_are_about_is_gone() {
    let mut tour = Tour::new(COLOR, vec![]);
    let wanted = tour.app.update(Message::Redraw, tour.now);
    assert!(wanted.is_empty());
    tour.keys("a");
    let mut commands = Vec::new();
    for c in "api.acme.dev\n".chars() {
        let code = if c == '\n' { KeyCode::Enter } else { KeyCode::Char(c) };
        commands = tour.app.update(Message::Key(crossterm::event::KeyEvent::from(code)), tour.now);
    }
    let key = crossterm::event::KeyEvent::new(KeyCode::Char('p'), crossterm::event::KeyModifiers::CONTROL);
    tour.app.update(Message::Key(key), tour.now);
    assert_eq!(tour.app.place(), Place::Palette);
    tour.does(commands);
    assert_eq!(tour.app.place(), Place::Choice, "{}", notice(&tour));
    assert_eq!(notice(&tour), "Something came meanwhile: the commands were closed.");
}
