//! Every key of the full-screen program, once. The footer, the help and the table in README come from [`BINDINGS`].

use crossterm::event::{KeyCode, KeyEvent, KeyModifiers};

/// Where the person is. A key means what it means there.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Place {
    List,
    Detail,
    /// Typing a filter.
    Filter,
    /// Typing the service to sign up to.
    Target,
    /// A guided pane that asks for text.
    Typing,
    /// A guided pane that asks for a code.
    Code,
    /// A guided pane that waits for the browser, or for what it was led to.
    Paste,
    /// A guided pane whose code the person takes to the service's page.
    Handoff,
    /// A guided pane that offers a choice.
    Choice,
    /// A guided pane that asks yes or no.
    YesNo,
    /// A guided pane at work.
    Busy,
    /// A guided pane that is over.
    Over,
    /// The credential, masked.
    Credential,
    /// The vault's passphrase.
    Unlock,
    /// A link for a camera.
    Qr,
    Help,
}

impl Place {
    pub const ALL: [Place; 16] = [
        Place::List,
        Place::Detail,
        Place::Filter,
        Place::Target,
        Place::Typing,
        Place::Code,
        Place::Paste,
        Place::Handoff,
        Place::Choice,
        Place::YesNo,
        Place::Busy,
        Place::Over,
        Place::Credential,
        Place::Unlock,
        Place::Qr,
        Place::Help,
    ];

    /// As the help and the reasons name it.
    pub fn name(self) -> &'static str {
        match self {
            Place::List => "the list",
            Place::Detail => "the detail",
            Place::Filter => "the filter",
            Place::Target => "the target box",
            Place::Typing => "a text question",
            Place::Code => "the code question",
            Place::Paste => "a sign-in in the browser",
            Place::Handoff => "a code for the service's page",
            Place::Choice => "a choice",
            Place::YesNo => "a yes-or-no question",
            Place::Busy => "a pane at work",
            Place::Over => "a finished pane",
            Place::Credential => "the credential pane",
            Place::Unlock => "the passphrase question",
            Place::Qr => "the QR code",
            Place::Help => "the help",
        }
    }

    /// Letters are text here, not commands.
    pub fn takes_text(self) -> bool {
        matches!(self, Place::Filter | Place::Target | Place::Typing | Place::Code | Place::Paste | Place::Unlock)
    }
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Action {
    Add,
    Open,
    Renew,
    Revoke,
    Forget,
    Verify,
    Credential,
    OpenPage,
    Filter,
    Sort,
    Mark,
    NextPane,
    Store,
    Help,
    Back,
    Quit,
    Up,
    Down,
    Top,
    Bottom,
    PageUp,
    PageDown,
    Submit,
    Cancel,
    PreviousQuestion,
    NewCode,
    OpenLink,
    CopyLink,
    PrintLink,
    ShowQr,
    ChooseLeft,
    ChooseRight,
    Yes,
    No,
    Copy,
    Show,
    Suspend,
    Redraw,
}

impl Action {
    /// Does it move a selection or a page?
    pub fn is_moving(self) -> bool {
        matches!(self, Action::Up | Action::Down | Action::Top | Action::Bottom | Action::PageUp | Action::PageDown)
    }
}

/// One key, what it does, and where.
#[derive(Debug)]
pub struct Binding {
    pub key: Key,
    pub action: Action,
    pub label: &'static str,
    pub places: &'static [Place],
    /// Shown in the footer of its places.
    pub footer: bool,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Key {
    pub code: KeyCode,
    pub modifiers: KeyModifiers,
}

const fn plain(code: KeyCode) -> Key {
    Key { code, modifiers: KeyModifiers::NONE }
}

const fn char(c: char) -> Key {
    plain(KeyCode::Char(c))
}

const fn ctrl(c: char) -> Key {
    Key { code: KeyCode::Char(c), modifiers: KeyModifiers::CONTROL }
}

const fn seen(key: Key, action: Action, label: &'static str, places: &'static [Place]) -> Binding {
    Binding { key, action, label, places, footer: true }
}

const fn known(key: Key, action: Action, label: &'static str, places: &'static [Place]) -> Binding {
    Binding { key, action, label, places, footer: false }
}

const ACCOUNT: &[Place] = &[Place::List, Place::Detail];
const GUIDED: &[Place] = &[Place::Typing, Place::Code, Place::Choice, Place::YesNo];
const LINKED: &[Place] = &[Place::Handoff, Place::Paste, Place::Typing, Place::Code, Place::Choice, Place::YesNo];
const ANYWHERE: &[Place] = &Place::ALL;
const MOVING: &[Place] = &[Place::List, Place::Detail, Place::Choice, Place::Help, Place::Over];

const SCROLLING: &[Place] = &[
    Place::List,
    Place::Detail,
    Place::Choice,
    Place::Help,
    Place::Over,
    Place::Typing,
    Place::Code,
    Place::Paste,
    Place::Handoff,
    Place::YesNo,
    Place::Busy,
];

pub const BINDINGS: &[Binding] = &[
    seen(char('a'), Action::Add, "add", &[Place::List]),
    seen(plain(KeyCode::Enter), Action::Open, "open", &[Place::List]),
    seen(char('r'), Action::Renew, "renew", ACCOUNT),
    seen(char('x'), Action::Revoke, "revoke", ACCOUNT),
    known(char('d'), Action::Forget, "forget", ACCOUNT),
    seen(char('v'), Action::Verify, "verify", ACCOUNT),
    seen(char('y'), Action::Credential, "credential", &[Place::Detail]),
    known(char('y'), Action::Credential, "credential", &[Place::List]),
    known(char('o'), Action::OpenPage, "open the service's page", ACCOUNT),
    seen(char('?'), Action::Help, "help", ACCOUNT),
    seen(char('/'), Action::Filter, "filter", &[Place::List]),
    known(char('s'), Action::Sort, "sort", &[Place::List]),
    known(char(' '), Action::Mark, "mark", &[Place::List]),
    known(plain(KeyCode::Tab), Action::NextPane, "next pane", ACCOUNT),
    known(char('S'), Action::Store, "where secrets are, and what opens them", ACCOUNT),
    seen(char('y'), Action::Copy, "copy", &[Place::Credential]),
    seen(char('s'), Action::Show, "show or hide", &[Place::Credential]),
    seen(plain(KeyCode::Enter), Action::Submit, "go on", &[Place::Target, Place::Filter, Place::Typing]),
    seen(plain(KeyCode::Enter), Action::Submit, "open the vault", &[Place::Unlock]),
    seen(plain(KeyCode::Enter), Action::Submit, "send", &[Place::Code]),
    seen(plain(KeyCode::Enter), Action::Submit, "hand over", &[Place::Paste]),
    seen(plain(KeyCode::Enter), Action::Submit, "choose", &[Place::Choice]),
    seen(plain(KeyCode::Left), Action::ChooseLeft, "", &[Place::YesNo]),
    seen(plain(KeyCode::Right), Action::ChooseRight, "choose", &[Place::YesNo]),
    seen(plain(KeyCode::Enter), Action::Submit, "do it", &[Place::YesNo]),
    seen(plain(KeyCode::Enter), Action::Submit, "back to the list", &[Place::Over]),
    known(char('y'), Action::Yes, "choose yes", &[Place::YesNo]),
    known(char('n'), Action::No, "choose no", &[Place::YesNo]),
    seen(
        plain(KeyCode::Esc),
        Action::Cancel,
        "cancel",
        &[
            Place::Target,
            Place::Typing,
            Place::Code,
            Place::Paste,
            Place::Handoff,
            Place::Choice,
            Place::YesNo,
            Place::Busy,
            Place::Unlock,
        ],
    ),
    seen(ctrl('n'), Action::NewCode, "new code", &[Place::Code]),
    seen(ctrl('n'), Action::NewCode, "other ways", &[Place::Paste]),
    seen(char('n'), Action::NewCode, "new code", &[Place::Handoff]),
    seen(plain(KeyCode::F(2)), Action::ShowQr, "QR code", &[Place::Handoff]),
    known(plain(KeyCode::F(2)), Action::Back, "back", &[Place::Qr]),
    seen(ctrl('o'), Action::OpenLink, "open link", LINKED),
    seen(plain(KeyCode::BackTab), Action::PreviousQuestion, "back", GUIDED),
    seen(ctrl('y'), Action::CopyLink, "copy link", LINKED),
    known(ctrl('l'), Action::PrintLink, "leave the screen and print the bare link", LINKED),
    known(plain(KeyCode::Esc), Action::Back, "back", &[Place::List]),
    seen(plain(KeyCode::Esc), Action::Back, "back", &[Place::Detail, Place::Credential, Place::Qr, Place::Help]),
    seen(plain(KeyCode::Esc), Action::Back, "no filter", &[Place::Filter]),
    known(plain(KeyCode::Esc), Action::Back, "back to the list", &[Place::Over]),
    known(plain(KeyCode::Up), Action::Up, "up", SCROLLING),
    known(plain(KeyCode::Down), Action::Down, "down", SCROLLING),
    known(char('k'), Action::Up, "up", MOVING),
    known(char('j'), Action::Down, "down", MOVING),
    known(char('g'), Action::Top, "first", MOVING),
    known(char('G'), Action::Bottom, "last", MOVING),
    known(plain(KeyCode::Home), Action::Top, "first", MOVING),
    known(plain(KeyCode::End), Action::Bottom, "last", MOVING),
    known(plain(KeyCode::PageUp), Action::PageUp, "page up", SCROLLING),
    known(plain(KeyCode::PageDown), Action::PageDown, "page down", SCROLLING),
    known(char('?'), Action::Help, "help", &[Place::Handoff, Place::Choice, Place::YesNo, Place::Busy, Place::Over]),
    seen(char('?'), Action::Back, "", &[Place::Help]),
    seen(char('q'), Action::Quit, "quit", &[Place::List]),
    known(char('q'), Action::Back, "back", &[Place::Detail, Place::Credential, Place::Qr, Place::Help, Place::Over]),
    known(ctrl('c'), Action::Quit, "quit", ANYWHERE),
    known(ctrl('z'), Action::Suspend, "suspend", ANYWHERE),
    known(plain(KeyCode::F(5)), Action::Redraw, "read the stores again", ACCOUNT),
];

impl Key {
    pub fn of(event: &KeyEvent) -> Self {
        // The letter says whether Shift was held; BackTab is Shift-Tab already.
        let modifiers = event.modifiers & (KeyModifiers::CONTROL | KeyModifiers::ALT);
        Self { code: event.code, modifiers }
    }

    /// As it stands on a footer, and as it stands where symbols may be missing.
    pub fn label(self, unicode: bool) -> String {
        let name = match self.code {
            KeyCode::Char(' ') => "Space".to_owned(),
            KeyCode::Char(c) => c.to_string(),
            KeyCode::Enter if unicode => "⏎".to_owned(),
            KeyCode::Enter => "Enter".to_owned(),
            KeyCode::Esc => "esc".to_owned(),
            KeyCode::Tab => "Tab".to_owned(),
            KeyCode::BackTab => "Shift-Tab".to_owned(),
            KeyCode::Left if unicode => "←".to_owned(),
            KeyCode::Right if unicode => "→".to_owned(),
            KeyCode::F(n) => format!("F{n}"),
            other => other.to_string(),
        };
        if self.modifiers.contains(KeyModifiers::CONTROL) { format!("Ctrl-{}", name.to_uppercase()) } else { name }
    }
}

/// What a key does in a place.
pub fn action(place: Place, key: Key) -> Option<Action> {
    BINDINGS.iter().find(|binding| binding.key == key && binding.places.contains(&place)).map(|binding| binding.action)
}

/// Where else a key does something, for the person who pressed it in vain.
pub fn elsewhere(key: Key) -> Option<(&'static str, Place)> {
    let binding = BINDINGS.iter().find(|binding| binding.key == key && !binding.label.is_empty())?;
    Some((binding.label, *binding.places.first()?))
}

/// The bindings for the footer of a place, in order.
pub fn footer(place: Place) -> impl Iterator<Item = &'static Binding> {
    BINDINGS.iter().filter(move |binding| binding.footer && binding.places.contains(&place))
}

/// Every key once, in groups, with the places where it works: the help, and the table in README.
pub fn groups() -> Vec<(&'static str, Vec<(&'static Binding, String)>)> {
    let names = ["The list and the detail", "Guided panes", "Moving", "Everywhere"];
    let group = |binding: &Binding| match binding {
        _ if binding.places.len() == Place::ALL.len() => 3,
        _ if binding.action.is_moving() => 2,
        _ if binding
            .places
            .iter()
            .any(|place| matches!(place, Place::List | Place::Detail | Place::Filter | Place::Credential)) =>
        {
            0
        }
        _ => 1,
    };
    let shown = BINDINGS.iter().filter(|binding| !binding.label.is_empty());
    let mut groups: Vec<(&str, Vec<(&Binding, String)>)> = names.iter().map(|name| (*name, Vec::new())).collect();
    for binding in shown {
        let place_names = match binding.places {
            [one] => one.name().to_owned(),
            _ => String::new(),
        };
        let (_, keys) = &mut groups[group(binding)];
        match keys.iter_mut().find(|(known, _)| known.key == binding.key && known.label == binding.label) {
            Some((_, places)) => places.clear(),
            None => keys.push((binding, place_names)),
        }
    }
    groups
}

/// The table of keys in README, in Markdown.
pub fn markdown() -> String {
    let mut text = String::new();
    for (group, keys) in groups() {
        text += &format!("| {group} | |\n|---|---|\n");
        for (binding, places) in keys {
            let places = if places.is_empty() { places } else { format!(" ({places})") };
            text += &format!("| `{}` | {}{places} |\n", binding.key.label(false), binding.label);
        }
        text += "\n";
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_key_means_two_things_in_one_place() {
        for (nth, binding) in BINDINGS.iter().enumerate() {
            for other in &BINDINGS[nth + 1..] {
                let both: Vec<_> = binding
                    .places
                    .iter()
                    .filter(|place| binding.key == other.key && other.places.contains(place))
                    .collect();
                assert!(
                    both.is_empty(),
                    "{:?} is {:?} and {:?} in {both:?}",
                    binding.key,
                    binding.action,
                    other.action
                );
            }
        }
    }

    #[test]
    fn letters_are_letters_where_text_is_typed() {
        for binding in BINDINGS
            .iter()
            .filter(|binding| matches!(binding.key.code, KeyCode::Char(_)) && binding.key.modifiers.is_empty())
        {
            assert!(binding.places.iter().all(|place| !place.takes_text()), "{binding:?}");
        }
    }

    #[test]
    fn no_footer_has_more_than_nine_keys() {
        for place in Place::ALL {
            assert!(footer(place).count() <= 9, "{place:?}");
        }
    }
}
