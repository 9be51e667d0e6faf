//! Guided panes, and the small ones of the program itself.

use std::rc::Rc;

use jiff::Timestamp;
use ratatui::layout::Size;
use ratatui::style::Style;
use ratatui::text::{Line, Span};
use tui_input::Input as Editor;
use unicode_width::UnicodeWidthStr;

use super::accounts::problem_rows;
use super::{Page, Row, Spot};
use crate::flow::{Choice, Line as Said, Prompt, Trail};
use crate::problem::Problem;
use crate::tui::app::{App, CredentialPane, Question, UnlockPane};
use crate::tui::keymap::{Action, Place};
use crate::tui::session::Session;
use crate::tui::theme::Theme;
use crate::when;
use crate::wrap::{fitting, wrapped};

/// Rows from which on the boxes of a code have frames.
const ROOM_FOR_BOXES: u16 = 20;
/// Names of facts are no wider than this; a longer one pushes its value.
const NAME_WIDTH: usize = 24;
/// The same for what happens, beside where it does.
const ITEM_WIDTH: usize = 36;

/// `inner` is the room for text; a link has all of the screen's `whole` width.
pub fn session(app: &App, session: &Session, inner: Size, whole: u16, now: Timestamp) -> Page {
    let theme = app.theme;
    let picture = session.screen().qr.as_ref().map(|link| super::qr_rows(link, theme)).unwrap_or_default();
    beside_picture(session, theme, inner, whole, &picture, now).unwrap_or_else(|| {
        let mut page = told_and_asked(session, theme, inner, whole, now);
        let room = (inner.height as usize).saturating_sub(AROUND + page.rows.len() + page.question.len());
        let (width, height) = super::size_of(&picture);
        // Where it does not fit below either, there is a key for it.
        if !picture.is_empty() && usize::from(height) < room && width <= inner.width {
            page.rows.push(Row::blank());
            page.rows.extend(picture.into_iter().map(|row| Row::text(row, theme.camera())));
        } else if let Some(why) = no_room_for_qr(app, session, whole, inner.height)
            && room >= 2
        {
            page.question.extend([Row::blank(), Row::text(why, theme.quiet())]);
        }
        page
    })
}

/// With the picture for a camera at the side, if what is told and asked, its link whole, fits beside it.
fn beside_picture(
    session: &Session,
    theme: Theme,
    inner: Size,
    whole: u16,
    picture: &[String],
    now: Timestamp,
) -> Option<Page> {
    let (width, height) = super::size_of(picture);
    let left = inner.width.checked_sub(width + super::MARGIN).filter(|left| *left >= NARROWEST)?;
    let mut page = told_and_asked(session, theme, Size { width: left, ..inner }, whole, now);
    let in_the_way = |row: &Row| row.is_flush() && row.width() > (left + super::MARGIN).into();
    let beside = page.rows.iter().chain(&page.question).take(height.into());
    let has_room = inner.height as usize >= AROUND - 1 + (height as usize).max(page.rows.len() + page.question.len());
    if picture.is_empty() || !has_room || beside.into_iter().any(in_the_way) {
        return None;
    }
    page.picture = Some((picture.to_vec(), left + super::MARGIN));
    Some(page)
}

/// Text is not narrower than this beside a picture.
const NARROWEST: u16 = 34;

/// Why there is no QR code of the link to be taken elsewhere.
fn no_room_for_qr(app: &App, session: &Session, width: u16, height: u16) -> Option<String> {
    let theme = app.theme;
    let screen = session.screen();
    let link = screen.qr.as_ref().or(screen.link.as_ref())?;
    if !matches!(session.place(), Place::Handoff | Place::Paste) || !theme.unicode {
        return None;
    }
    let (wide, high) = super::size_of(&super::qr_rows(link, theme));
    Some(match (wide, high) {
        (0, 0) => "This link is too long for a QR code.".to_owned(),
        (wide, high) if wide <= width && high <= height => {
            let key = app.key_label(session.place(), Action::ShowQr)?;
            format!("{key} shows it as a QR code.")
        }
        (wide, high) => format!("As a QR code it needs a window of {wide}×{high}; this one has {width}×{height}."),
    })
}

/// What a screen of a flow says, and its question.
fn told_and_asked(session: &Session, theme: Theme, inner: Size, whole: u16, now: Timestamp) -> Page {
    let screen = session.screen();
    let width = inner.width as usize;
    let mut page = Page {
        title: Line::styled(screen.title.clone(), theme.strong()),
        scroll: session.scroll(),
        trail: screen.trail,
        ..Page::default()
    };
    let room = usize::from(whole.saturating_sub(2 * super::MARGIN)).saturating_sub(screen.title.width() + 2);
    page.right = screen.trail.map_or_else(Line::default, |trail| trail_line(trail, room, theme));
    if let Some((nth, all)) = session.position {
        page.headline = Line::styled(format!("{nth} of {all}"), theme.quiet());
    }
    page.rows = flow_rows(&screen.lines, theme, width);
    let mut taken = Vec::new();
    if let Some(code) = &screen.user_code {
        taken.extend([Row::blank(), user_code(code, theme)]);
    }
    if let Some(link) = &screen.link {
        taken.push(Row::blank());
        taken.extend(link_rows(link.as_str(), whole as usize, theme));
    }
    if session.place() == Place::Handoff {
        taken.extend([Row::blank(), Row::text("waiting for you", theme.quiet())]);
    }
    ask(&mut page, session, theme, inner, now);
    // What is to be taken elsewhere stays in sight with the question: words can be scrolled, a link has to be whole.
    if taken.len() + page.question.len() + AROUND - 1 <= inner.height.into() {
        page.cursor = page.cursor.map(|(row, column)| (row + taken.len(), column));
        page.question.splice(..0, taken);
    } else {
        page.rows.extend(taken);
    }
    if let Some(since) = session.waiting_since().filter(|since| now.duration_since(*since).as_secs() >= 1) {
        page.rows.push(Row::blank());
        page.rows.push(Row::text(
            format!("waiting for an answer · {} s", now.duration_since(since).as_secs()),
            theme.quiet(),
        ));
    }
    page
}

/// Rows that have to stay beside the page: where you are, the keys, and blanks.
const AROUND: usize = 5;

/// The question: what is asked, what was typed or chosen, how long it is good, and what was wrong with it.
fn ask(page: &mut Page, session: &Session, theme: Theme, inner: Size, now: Timestamp) {
    let screen = session.screen();
    let width = inner.width as usize;
    let rows = &mut page.question;
    // What happened comes before a choice of what to do about it, and after what was typed.
    let choosing = matches!(screen.prompt, Some(Prompt::Pick { .. } | Prompt::Confirm { .. }));
    let (before, after) = if choosing {
        (screen.problem.as_ref(), session.slip())
    } else {
        (None, session.slip().or(screen.problem.as_ref()))
    };
    rows.extend(told(before, theme, width));
    match &screen.prompt {
        Some(Prompt::Text { label } | Prompt::Email { label }) => {
            rows.push(Row::blank());
            page.cursor = Some((rows.len() + 1, field(rows, label, session.typed(), theme, width)));
        }
        Some(Prompt::Secret { label } | Prompt::Paste { label }) => {
            rows.push(Row::blank());
            page.cursor = Some((rows.len() + 1, unseen_field(rows, label, session.unseen(), theme, width)));
        }
        Some(Prompt::Code { label, digits }) => {
            rows.push(Row::blank());
            let typed = session.typed();
            let is_number = typed.value().chars().all(|c| c.is_ascii_digit());
            match digits.filter(|digits| is_number && typed.value().len() <= *digits) {
                Some(digits) => page.cursor = Some(boxes(rows, typed, digits, theme, inner.height >= ROOM_FOR_BOXES)),
                None => page.cursor = Some((rows.len() + 1, field(rows, label, typed, theme, width))),
            }
        }
        Some(Prompt::Pick { label, choices }) => {
            rows.extend([Row::blank(), Row::text(label.clone(), theme.strong())]);
            let groups: Vec<Vec<Row>> = choices
                .iter()
                .enumerate()
                .map(|(nth, choice)| choice_rows(nth, choice, session.chosen() == Some(nth), theme, width))
                .collect();
            let room = (inner.height as usize).saturating_sub(AROUND_CHOICES + rows.len());
            let first = first_in_sight(&groups, session.chosen().unwrap_or(0), room);
            rows.extend(groups.into_iter().skip(first).flatten());
        }
        Some(Prompt::Confirm { label, yes, no }) => {
            rows.extend([
                Row::blank(),
                Row::text(label.clone(), theme.strong()),
                Row::blank(),
                yes_no(yes, no, session.chosen(), theme),
            ]);
        }
        None => {}
    }
    if let (Some(deadline), Some(share)) = (screen.deadline, session.share_left(now)) {
        rows.extend([Row::blank(), deadline_row(&when::countdown(deadline, now), share, width, theme)]);
    }
    rows.extend(told(after, theme, width));
}

/// Rows that have to stay on the screen beside choices: where you are, what it is about, the keys, and blanks.
const AROUND_CHOICES: usize = 8;

fn choice_rows(nth: usize, choice: &Choice, chosen: bool, theme: Theme, width: usize) -> Vec<Row> {
    let bar = if chosen { theme.bar() } else { " " };
    let style = if chosen { theme.strong() } else { theme.text() };
    let head = format!("{}  {}", nth + 1, choice.label);
    let room = width.saturating_sub(head.width() + 5);
    let beside = choice.detail.width() <= room;
    let detail = if beside { format!("   {}", choice.detail) } else { String::new() };
    let mut rows = vec![Row::inset(Line::from(vec![
        Span::styled(format!("{bar} "), theme.accent()),
        Span::styled(head, style),
        Span::styled(detail, theme.quiet()),
    ]))];
    if !beside {
        let below = wrapped(&choice.detail, width.saturating_sub(5));
        rows.extend(below.into_iter().map(|line| Row::text(format!("     {line}"), theme.quiet())));
    }
    rows.into_iter().map(|row| row.on(Spot::Choice(nth)).raised(chosen)).collect()
}

/// The first choice to show, so that the chosen one is whole in `room` rows.
fn first_in_sight(groups: &[Vec<Row>], chosen: usize, room: usize) -> usize {
    let last = chosen.min(groups.len().saturating_sub(1));
    let rows = |first: usize| groups[first..=last].iter().map(Vec::len).sum::<usize>();
    (0..last).find(|first| rows(*first) <= room).unwrap_or(last)
}

fn told(problem: Option<&Problem>, theme: Theme, width: usize) -> Vec<Row> {
    let rows = problem.map(|problem| problem_rows(problem, theme, width)).unwrap_or_default();
    if rows.is_empty() { rows } else { [vec![Row::blank()], rows].concat() }
}

/// The steps in the first line; where there is no room for all of them, the one that it is.
fn trail_line(trail: Trail, room: usize, theme: Theme) -> Line<'static> {
    let steps = trail.steps.iter().enumerate().map(|(nth, step)| match nth.cmp(&trail.at) {
        std::cmp::Ordering::Less => Span::styled(format!("  {} {step}", theme.done()), theme.quiet()),
        std::cmp::Ordering::Equal => Span::styled(format!("  {} {step}", nth + 1), theme.accent()),
        std::cmp::Ordering::Greater => Span::styled(format!("  {} {step}", nth + 1), theme.quiet()),
    });
    let all = Line::from(steps.collect::<Vec<_>>());
    match trail.steps.get(trail.at) {
        Some(step) if all.width() > room => {
            Line::styled(format!("{} of {}: {step}", trail.at + 1, trail.steps.len()), theme.accent())
        }
        _ => all,
    }
}

/// The lines of a flow as rows.
pub fn flow_rows(lines: &[Said], theme: Theme, width: usize) -> Vec<Row> {
    flow_rows_with(lines, theme.text(), theme, width)
}

/// The same, with a look of its own for the value of the first fact.
pub fn flow_rows_with(lines: &[Said], mut first: Style, theme: Theme, width: usize) -> Vec<Row> {
    let names = lines.iter().filter_map(|line| if let Said::Fact(name, _) = line { Some(name.width()) } else { None });
    let name_width = names.max().unwrap_or(0).min(NAME_WIDTH);
    let items =
        lines.iter().filter_map(|line| if let Said::Item { what, .. } = line { Some(what.width()) } else { None });
    let item_width = items.max().unwrap_or(0).min(ITEM_WIDTH);
    let wraps = |text: &str, style: Style| {
        wrapped(text, width).into_iter().map(|line| Row::text(line, style)).collect::<Vec<_>>()
    };
    let mut rows = Vec::new();
    for line in lines {
        match line {
            Said::Gap => rows.push(Row::blank()),
            Said::Heading(text) => rows.extend(wraps(text, theme.strong())),
            Said::Text(text) => rows.extend(wraps(text, theme.text())),
            Said::Quiet(text) => rows.extend(wraps(text, theme.quiet())),
            Said::Command(text) => rows.extend(whole_rows(text, width + 2 * super::MARGIN as usize, theme.accent())),
            Said::Theirs(text) => rows.extend(marked(text, width, "│ ", theme.text())),
            Said::Quote { from, text } => {
                rows.extend(marked(&format!("{from} says: “{text}”"), width, "", theme.quiet()));
            }
            Said::Fact(name, value) => {
                let name = format!("{name}{}  ", " ".repeat(name_width.saturating_sub(name.width())));
                let style = std::mem::replace(&mut first, theme.text());
                rows.extend(hanging(Span::styled(name, theme.quiet()), value, style, width));
            }
            Said::Item { number, what, detail, done } => {
                let sign = if *done { theme.done() } else { " " };
                let head = format!("{sign} {number}  ");
                let pad = " ".repeat(item_width.saturating_sub(what.width()) + 2);
                if head.width() + what.width() + pad.width() + detail.width() <= width {
                    rows.push(Row::inset(Line::from(vec![
                        Span::styled(head, theme.accent()),
                        Span::raw(what.clone()),
                        Span::styled(pad + detail, theme.quiet()),
                    ])));
                } else {
                    rows.extend(hanging(Span::styled(head, theme.accent()), what, theme.text(), width));
                    rows.extend(
                        wrapped(detail, width.saturating_sub(7))
                            .into_iter()
                            .map(|line| Row::text(format!("       {line}"), theme.quiet())),
                    );
                }
            }
            Said::Step { state, what, found, took } => {
                let (sign, style) = theme.step(*state);
                let took = took.map(when::took).unwrap_or_default();
                let head = format!(" {what:<22}");
                let room = width.saturating_sub(1 + head.width() + took.width() + 2);
                let found = super::cut(found, room, theme);
                let gap = " ".repeat(width.saturating_sub(1 + head.width() + found.width() + took.width()));
                rows.push(Row::inset(Line::from(vec![
                    Span::styled(sign.to_string(), style),
                    Span::raw(head),
                    Span::raw(found),
                    Span::styled(format!("{gap}{took}"), theme.quiet()),
                ])));
            }
        }
    }
    rows
}

/// A stranger's text: none of its rows looks like ours, the first not for what stands before it.
fn marked(text: &str, width: usize, first: &'static str, style: Style) -> Vec<Row> {
    let rows = wrapped(text, width.saturating_sub(2)).into_iter().enumerate();
    let mark = |nth: usize| if nth == 0 { first } else { "│ " };
    rows.map(|(nth, row)| Row::text(format!("{}{row}", mark(nth)), style)).collect()
}

/// A head, and a text beside it that stays in its column when it is broken. A head that leaves too little room for that has
/// rows of its own.
pub fn hanging(head: Span<'static>, text: &str, style: Style, width: usize) -> Vec<Row> {
    let indent = head.width();
    if indent > width / 2 {
        let above = wrapped(head.content.trim_end(), width).into_iter().map(|row| Row::text(row, head.style));
        return above
            .chain(wrapped(text, width.saturating_sub(2)).into_iter().map(|row| Row::text(format!("  {row}"), style)))
            .collect();
    }
    let lines = wrapped(text, width.saturating_sub(indent));
    let mut head = Some(head);
    let rows = lines.into_iter().map(|line| {
        let first = head.take().unwrap_or_else(|| Span::raw(" ".repeat(indent)));
        Row::inset(Line::from(vec![first, Span::styled(line, style)]))
    });
    rows.collect()
}

/// A command or a credential whole, on lines of its own, from the first column on: nothing around it and nothing in it.
fn whole_rows(text: &str, width: usize, style: Style) -> Vec<Row> {
    let mut rows = Vec::new();
    let mut rest = text;
    while !rest.is_empty() {
        let (line, tail) = rest.split_at(fitting(rest, width));
        rows.push(Row::flush(Line::styled(line.to_owned(), style)));
        rest = tail;
    }
    rows
}

/// The same for a link, each row of which leads to all of it.
fn link_rows(link: &str, width: usize, theme: Theme) -> Vec<Row> {
    let address = Rc::from(link);
    whole_rows(link, width, theme.link()).into_iter().map(|row| row.leading_to(&address)).collect()
}

/// A code to be read off and typed elsewhere: letters apart, nothing around them.
fn user_code(code: &str, theme: Theme) -> Row {
    let apart: String = code.chars().map(|c| format!("{c} ")).collect();
    Row::inset(Line::from(vec![Span::raw("     "), Span::styled(format!(" {apart}"), theme.chosen())]))
}

/// A label and a line to type in; returns the column of the cursor.
fn field(rows: &mut Vec<Row>, label: &str, editor: &Editor, theme: Theme, width: usize) -> u16 {
    let room = width.saturating_sub(3);
    let scroll = editor.visual_scroll(room);
    let shown: String = editor.value().chars().skip(scroll).collect();
    rows.push(Row::text(label.to_owned(), theme.strong()));
    rows.push(Row::inset(Line::from(vec![
        Span::styled("> ", theme.accent()),
        Span::raw(shown[..fitting(&shown, room).min(shown.len())].to_owned()),
    ])));
    2 + editor.visual_cursor().saturating_sub(scroll) as u16
}

/// A label and a line on which letters are counted, not shown; returns the column of the cursor.
fn unseen_field(rows: &mut Vec<Row>, label: &str, letters: usize, theme: Theme, width: usize) -> u16 {
    let shown = letters.min(width.saturating_sub(3));
    let dot = theme.dot();
    rows.push(Row::text(label.to_owned(), theme.strong()));
    rows.push(Row::inset(Line::from(vec![Span::styled("> ", theme.accent()), Span::raw(dot.repeat(shown))])));
    2 + shown as u16
}

/// One box a digit. Returns where the cursor stands.
fn boxes(rows: &mut Vec<Row>, editor: &Editor, digits: usize, theme: Theme, framed: bool) -> (usize, u16) {
    let typed: Vec<char> = editor.value().chars().collect();
    let digit = |nth: usize| typed.get(nth).map_or(' ', |c| *c);
    let cursor = editor.visual_cursor().min(digits - 1);
    let line = |make: &dyn Fn(usize) -> String| (0..digits).map(make).collect::<String>();
    const INDENT: &str = "   ";
    if !theme.unicode || !framed {
        let cells = line(&|nth| format!("[{}] ", digit(nth)));
        rows.push(Row::text(format!("{INDENT}{cells}"), theme.strong()));
        return (rows.len() - 1, (INDENT.len() + cursor * 4 + 1) as u16);
    }
    let style = theme.accent();
    rows.push(Row::text(format!("{INDENT}{}", line(&|_| "┌───┐".into())), style));
    let middle = (0..digits).flat_map(|nth| {
        [Span::styled("│ ", style), Span::styled(digit(nth).to_string(), theme.strong()), Span::styled(" │", style)]
    });
    rows.push(Row::inset(Line::from(std::iter::once(Span::raw(INDENT)).chain(middle).collect::<Vec<_>>())));
    rows.push(Row::text(format!("{INDENT}{}", line(&|_| "└───┘".into())), style));
    (rows.len() - 2, (INDENT.len() + cursor * 5 + 2) as u16)
}

fn yes_no(yes: &str, no: &str, chosen: Option<usize>, theme: Theme) -> Row {
    let button = |nth: usize, label: &str| {
        let style = if chosen == Some(nth) { theme.chosen() } else { theme.text() };
        let bar = if chosen == Some(nth) { theme.bar() } else { " " };
        [Span::styled(bar.to_owned(), theme.accent()), Span::styled(format!(" {label} "), style)]
    };
    const APART: u16 = 4;
    let width = |label: &str| label.width() as u16 + 3;
    let second = width(yes) + APART;
    let gap = Span::raw(" ".repeat(APART.into()));
    Row::inset(Line::from([button(0, yes).as_slice(), &[gap], button(1, no).as_slice()].concat()))
        .on_part(0..width(yes), Spot::Choice(0))
        .on_part(second..second + width(no), Spot::Choice(1))
}

fn deadline_row(left: &str, share: f64, width: usize, theme: Theme) -> Row {
    const BAR: usize = 40;
    let (stays, gone) = theme.stretch();
    let words = if share > 0.0 {
        format!("good for {left:<12}")
    } else {
        "this code is too old: ask for a new one  ".to_owned()
    };
    let bar = BAR.min(width.saturating_sub(words.width()));
    let filled = (share * bar as f64).round() as usize;
    Row::inset(Line::from(vec![
        Span::raw(words),
        Span::styled(stays.repeat(filled), theme.accent()),
        Span::styled(gone.repeat(bar - filled), theme.quiet()),
    ]))
}

pub fn target(editor: &Editor, problem: Option<&Problem>, theme: Theme, width: u16) -> Page {
    let width = width as usize;
    let mut page = Page { title: Line::styled("Sign up", theme.strong()), ..Page::default() };
    let ways = [
        ("a host or a URL", "api.example.com"),
        ("a name", "openrouter"),
        ("a NoForm slug", "noform:acme"),
        ("a skill file", "./skill.yaml"),
        ("a challenge", "WWW-Authenticate: Bearer resource_metadata=\"https://…\""),
    ];
    page.rows.push(Row::text("Which service? Type or paste one of these:", theme.text()));
    page.rows.push(Row::blank());
    page.rows.extend(ways.iter().flat_map(|(name, example)| {
        hanging(Span::styled(format!("  {name:<18}"), theme.quiet()), example, theme.text(), width)
    }));
    page.question.push(Row::blank());
    let column = field(&mut page.question, "Service", editor, theme, width);
    page.cursor = Some((2, column));
    if let Some(problem) = problem {
        page.question.push(Row::blank());
        page.question.extend(problem_rows(problem, theme, width));
    }
    page
}

pub fn credential(app: &App, pane: &CredentialPane, width: u16, now: Timestamp) -> Page {
    let theme = app.theme;
    let text = if pane.shown { pane.credential.expose().to_owned() } else { pane.credential.masked() };
    let mut page =
        Page { title: Line::styled(format!("Credential · {}", pane.account), theme.strong()), ..Page::default() };
    // From the first column on, with nothing around it: a credential that is shown is one to be taken with the mouse.
    page.rows.extend(whole_rows(&text, width as usize, theme.accent()));
    page.rows.push(Row::blank());
    let left = when::countdown(pane.until, now);
    let said = format!("This pane closes by itself in {left}. Nothing is copied unless you ask for it.");
    let room = usize::from(width - 2 * super::MARGIN);
    page.rows.extend(wrapped(&said, room).into_iter().map(|line| Row::text(line, theme.quiet())));
    page
}

/// The vault wants its passphrase before something can be done.
pub fn unlock(app: &App, pane: &UnlockPane, width: u16) -> Page {
    let theme = app.theme;
    let width = width as usize;
    let mut page = Page { title: Line::styled("Unlock the vault", theme.strong()), ..Page::default() };
    let why = "What you asked for uses a credential, and the vault is locked. Its passphrase is asked for once; then the vault stays open until this program ends, you lock it, or nothing is pressed for a while.";
    page.rows.extend(wrapped(why, width).into_iter().map(|line| Row::text(line, theme.text())));
    page.question.push(Row::blank());
    if pane.busy {
        page.question.push(Row::text("Opening…", theme.quiet()));
        return page;
    }
    let column = unseen_field(&mut page.question, "Passphrase", pane.typed.len(), theme, width);
    page.cursor = Some((2, column));
    page.question.extend(told(pane.problem.as_ref(), theme, width));
    page
}

pub fn question(app: &App, question: &Question, width: u16) -> Page {
    let theme = app.theme;
    let mut page = Page { title: Line::styled("authmd", theme.strong()), ..Page::default() };
    for (nth, text) in question.text.iter().enumerate() {
        let style = if nth == 0 { theme.strong() } else { theme.text() };
        page.rows.extend(wrapped(text, width as usize).into_iter().map(|line| Row::text(line, style)));
    }
    page.question = vec![Row::blank(), yes_no(question.yes, question.no, question.chosen, theme)];
    page
}
