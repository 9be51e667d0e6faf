//! Every key of the full-screen program, once. The footer, the help, the palette and the table in README come from
//! [`BINDINGS`], or from what a person has made of it in the settings file: a [`Keymap`].

use std::fmt::Write;

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
    /// Every command, by name.
    Palette,
    Help,
}

impl Place {
    pub const ALL: [Place; 17] = [
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
        Place::Palette,
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
            Place::Palette => "the commands",
            Place::Help => "the help",
        }
    }

    /// Letters are text here, not commands.
    pub fn takes_text(self) -> bool {
        matches!(
            self,
            Place::Filter | Place::Target | Place::Typing | Place::Code | Place::Paste | Place::Unlock | Place::Palette
        )
    }
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Action {
    Add,
    Open,
    Renew,
    Revoke,
    Forget,
    Undo,
    Verify,
    Review,
    Claim,
    HandOver,
    RenewDue,
    RevokePending,
    TakeOver,
    Credential,
    OpenPage,
    Filter,
    Sort,
    Mark,
    NextPane,
    Store,
    Theme,
    Palette,
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

    /// As the settings file calls it. What has no name keeps its keys.
    pub fn name(self) -> Option<&'static str> {
        Some(match self {
            Action::Add => "add",
            Action::Renew => "renew",
            Action::Revoke => "revoke",
            Action::Forget => "forget",
            Action::Undo => "undo",
            Action::Verify => "verify",
            Action::Review => "review",
            Action::Claim => "claim",
            Action::HandOver => "handover",
            Action::RenewDue => "renew-due",
            Action::RevokePending => "revoke-pending",
            Action::TakeOver => "take-over",
            Action::Credential => "credential",
            Action::OpenPage => "page",
            Action::Filter => "filter",
            Action::Sort => "sort",
            Action::Mark => "mark",
            Action::Store => "store",
            Action::Theme => "theme",
            Action::Palette => "commands",
            Action::Help => "help",
            Action::Quit => "quit",
            Action::Up => "up",
            Action::Down => "down",
            Action::Top => "first",
            Action::Bottom => "last",
            Action::PageUp => "page-up",
            Action::PageDown => "page-down",
            Action::NewCode => "new-code",
            Action::OpenLink => "open-link",
            Action::CopyLink => "copy-link",
            Action::PrintLink => "print-link",
            Action::ShowQr => "qr",
            Action::Yes => "yes",
            Action::No => "no",
            Action::Copy => "copy",
            Action::Show => "show",
            Action::Redraw => "reload",
            Action::Open
            | Action::NextPane
            | Action::Back
            | Action::Submit
            | Action::Cancel
            | Action::PreviousQuestion
            | Action::ChooseLeft
            | Action::ChooseRight
            | Action::Suspend => return None,
        })
    }
}

/// One key, what it does, and where.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Binding {
    pub key: Key,
    pub action: Action,
    /// Empty where the next binding's label is for both.
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
const LINKED: &[Place] =
    &[Place::Handoff, Place::Paste, Place::Typing, Place::Code, Place::Choice, Place::YesNo, Place::Busy, Place::Over];
const ANYWHERE: &[Place] = &Place::ALL;
const MOVING: &[Place] = &[Place::List, Place::Detail, Place::Choice, Place::Help, Place::Over];
/// Where letters are commands, and nothing lies over what they are about.
const LETTERS: &[Place] =
    &[Place::List, Place::Detail, Place::Handoff, Place::Choice, Place::YesNo, Place::Busy, Place::Over];
const SCENES: &[Place] = &[
    Place::List,
    Place::Detail,
    Place::Handoff,
    Place::Choice,
    Place::YesNo,
    Place::Busy,
    Place::Over,
    Place::Target,
    Place::Typing,
    Place::Code,
    Place::Paste,
];
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
    Place::Palette,
];

pub const BINDINGS: &[Binding] = &[
    seen(char('a'), Action::Add, "add", &[Place::List]),
    seen(plain(KeyCode::Enter), Action::Open, "open", &[Place::List]),
    seen(char('r'), Action::Renew, "renew", ACCOUNT),
    seen(char('x'), Action::Revoke, "revoke", ACCOUNT),
    seen(char('v'), Action::Verify, "verify", ACCOUNT),
    seen(char('c'), Action::Claim, "claim", ACCOUNT),
    seen(char('i'), Action::TakeOver, "take over a copy", ACCOUNT),
    seen(char('X'), Action::RevokePending, "finish revocations", ACCOUNT),
    known(char('d'), Action::Forget, "forget, here only", ACCOUNT),
    known(char('u'), Action::Undo, "undo forgetting", ACCOUNT),
    known(char('w'), Action::Review, "looked at it", ACCOUNT),
    known(char('h'), Action::HandOver, "hand over again", ACCOUNT),
    known(char('R'), Action::RenewDue, "renew all that is due", ACCOUNT),
    known(char('y'), Action::Credential, "credential", &[Place::List]),
    seen(char('y'), Action::Credential, "credential", &[Place::Detail]),
    known(char('o'), Action::OpenPage, "open its page", ACCOUNT),
    seen(char('?'), Action::Help, "help", ACCOUNT),
    seen(char('/'), Action::Filter, "filter", &[Place::List]),
    known(char('s'), Action::Sort, "sort", &[Place::List]),
    known(char(' '), Action::Mark, "mark", &[Place::List]),
    known(plain(KeyCode::Tab), Action::NextPane, "next pane", ACCOUNT),
    known(char('S'), Action::Store, "where secrets are", ACCOUNT),
    known(char('t'), Action::Theme, "another theme", &[Place::List, Place::Detail, Place::Help]),
    known(plain(KeyCode::F(5)), Action::Redraw, "read the stores again", ACCOUNT),
    seen(char('y'), Action::Copy, "copy", &[Place::Credential]),
    seen(char('s'), Action::Show, "show or hide", &[Place::Credential]),
    seen(plain(KeyCode::Enter), Action::Submit, "go on", &[Place::Target, Place::Filter, Place::Typing]),
    seen(plain(KeyCode::Enter), Action::Submit, "open the vault", &[Place::Unlock]),
    seen(plain(KeyCode::Enter), Action::Submit, "send", &[Place::Code]),
    seen(plain(KeyCode::Enter), Action::Submit, "hand over", &[Place::Paste]),
    seen(plain(KeyCode::Enter), Action::Submit, "choose", &[Place::Choice]),
    seen(plain(KeyCode::Enter), Action::Submit, "do it", &[Place::Palette]),
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
    known(ctrl('n'), Action::NewCode, "new code", &[Place::Handoff]),
    seen(ctrl('o'), Action::OpenLink, "open link", LINKED),
    seen(ctrl('y'), Action::CopyLink, "copy link", LINKED),
    seen(plain(KeyCode::F(2)), Action::ShowQr, "QR code", LINKED),
    seen(ctrl('l'), Action::PrintLink, "print link", LINKED),
    known(plain(KeyCode::F(2)), Action::Back, "back", &[Place::Qr]),
    seen(plain(KeyCode::BackTab), Action::PreviousQuestion, "back", GUIDED),
    known(plain(KeyCode::Esc), Action::Back, "back", &[Place::List]),
    seen(
        plain(KeyCode::Esc),
        Action::Back,
        "back",
        &[Place::Detail, Place::Credential, Place::Qr, Place::Help, Place::Palette],
    ),
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
    known(char(':'), Action::Palette, "every command, by name", LETTERS),
    known(ctrl('p'), Action::Palette, "every command, by name", SCENES),
    known(char('?'), Action::Help, "help", &[Place::Handoff, Place::Choice, Place::YesNo, Place::Busy, Place::Over]),
    known(plain(KeyCode::F(1)), Action::Help, "help", SCENES),
    known(char('?'), Action::Back, "back", &[Place::Help]),
    known(plain(KeyCode::F(1)), Action::Back, "back", &[Place::Help]),
    seen(char('q'), Action::Quit, "quit", &[Place::List]),
    known(char('q'), Action::Back, "back", &[Place::Detail, Place::Credential, Place::Qr, Place::Help, Place::Over]),
    known(ctrl('c'), Action::Quit, "quit", ANYWHERE),
    known(ctrl('z'), Action::Suspend, "suspend", ANYWHERE),
];

/// Named keys, as people write them, and as the help shows them.
const NAMED: &[(&str, &str, KeyCode)] = &[
    ("space", "Space", KeyCode::Char(' ')),
    ("enter", "Enter", KeyCode::Enter),
    ("esc", "esc", KeyCode::Esc),
    ("tab", "Tab", KeyCode::Tab),
    ("shift-tab", "Shift-Tab", KeyCode::BackTab),
    ("backspace", "Backspace", KeyCode::Backspace),
    ("delete", "Delete", KeyCode::Delete),
    ("insert", "Insert", KeyCode::Insert),
    ("up", "Up", KeyCode::Up),
    ("down", "Down", KeyCode::Down),
    ("left", "Left", KeyCode::Left),
    ("right", "Right", KeyCode::Right),
    ("home", "Home", KeyCode::Home),
    ("end", "End", KeyCode::End),
    ("pageup", "PageUp", KeyCode::PageUp),
    ("pagedown", "PageDown", KeyCode::PageDown),
];

impl Key {
    /// Ends every program.
    pub const INTERRUPT: Self = ctrl('c');

    pub fn of(event: &KeyEvent) -> Self {
        // The letter says whether Shift was held; BackTab is Shift-Tab already.
        let modifiers = event.modifiers & (KeyModifiers::CONTROL | KeyModifiers::ALT);
        Self { code: event.code, modifiers }
    }

    /// A key as a person writes it: `r`, `R`, `ctrl-r`, `alt-x`, `f5`, `space`.
    pub fn parse(text: &str) -> Option<Self> {
        let (mut rest, mut modifiers) = (text, KeyModifiers::NONE);
        for (name, modifier) in [("ctrl-", KeyModifiers::CONTROL), ("alt-", KeyModifiers::ALT)] {
            if let Some(tail) =
                rest.get(..name.len()).filter(|head| head.eq_ignore_ascii_case(name)).map(|_| &rest[name.len()..])
                && !tail.is_empty()
            {
                (rest, modifiers) = (tail, modifiers | modifier);
            }
        }
        let lower = rest.to_ascii_lowercase();
        let named = || NAMED.iter().find(|(name, ..)| *name == lower).map(|(.., code)| *code);
        let function = || lower.strip_prefix('f')?.parse().ok().filter(|n| (1..=24).contains(n)).map(KeyCode::F);
        let mut letters = rest.chars();
        let code = match (letters.next(), letters.next()) {
            // With Ctrl, terminals know no capitals.
            (Some(c), None) if modifiers.contains(KeyModifiers::CONTROL) => KeyCode::Char(c.to_ascii_lowercase()),
            (Some(c), None) if !c.is_whitespace() => KeyCode::Char(c),
            _ => named().or_else(function)?,
        };
        Some(Self { code, modifiers })
    }

    /// As it stands on a footer, and as it stands where symbols may be missing.
    pub fn label(self, unicode: bool) -> String {
        let symbol = match self.code {
            KeyCode::Enter => Some("↵"),
            KeyCode::Left => Some("←"),
            KeyCode::Right => Some("→"),
            KeyCode::Up => Some("↑"),
            KeyCode::Down => Some("↓"),
            _ => None,
        };
        let name = match self.code {
            _ if unicode && symbol.is_some() => symbol.unwrap_or_default().to_owned(),
            KeyCode::Char(' ') => "Space".to_owned(),
            KeyCode::Char(c) if self.modifiers.contains(KeyModifiers::CONTROL) => c.to_uppercase().to_string(),
            KeyCode::Char(c) => c.to_string(),
            KeyCode::F(n) => format!("F{n}"),
            code => {
                NAMED.iter().find(|named| named.2 == code).map_or_else(|| code.to_string(), |named| named.1.to_owned())
            }
        };
        let held = |modifier, name| if self.modifiers.contains(modifier) { name } else { "" };
        format!("{}{}{name}", held(KeyModifiers::CONTROL, "Ctrl-"), held(KeyModifiers::ALT, "Alt-"))
    }

    /// Is it a letter that is typed?
    pub fn is_letter(self) -> bool {
        matches!(self.code, KeyCode::Char(_)) && self.modifiers.is_empty()
    }

    /// Is it for typing where text is typed: a letter, or what corrects one?
    fn is_for_typing(self) -> bool {
        // What the editor takes with Ctrl: to the ends, by words, and away with them.
        const EDITING: &str = "abdefhkuw";
        match self.code {
            KeyCode::Char(c) if self.modifiers == KeyModifiers::CONTROL => EDITING.contains(c),
            KeyCode::Char(_) => true,
            KeyCode::Backspace | KeyCode::Delete | KeyCode::Left | KeyCode::Right | KeyCode::Home | KeyCode::End => {
                true
            }
            _ => false,
        }
    }

    /// Every terminal program has these, and a person who is lost looks for them.
    fn is_fixed(self) -> bool {
        let named = matches!(
            self.code,
            KeyCode::Enter
                | KeyCode::Esc
                | KeyCode::Tab
                | KeyCode::BackTab
                | KeyCode::Up
                | KeyCode::Down
                | KeyCode::Left
                | KeyCode::Right
                | KeyCode::Home
                | KeyCode::End
                | KeyCode::PageUp
                | KeyCode::PageDown
        );
        named || self == Self::INTERRUPT || self == ctrl('z')
    }
}

/// Keys that do the same, with what that is: a line of the help, of the palette and of README's table.
#[derive(Debug, Clone, PartialEq)]
pub struct Entry {
    pub keys: Vec<Key>,
    pub action: Action,
    pub label: &'static str,
    /// Where, if that is one place of several.
    pub place: Option<Place>,
}

impl Entry {
    pub fn keys_label(&self, unicode: bool) -> String {
        self.keys.iter().map(|key| key.label(unicode)).collect::<Vec<_>>().join(" ")
    }
}

/// The keys as they are for one person.
#[derive(Debug, Clone, PartialEq)]
pub struct Keymap {
    bindings: Vec<Binding>,
}

impl Default for Keymap {
    fn default() -> Self {
        Self { bindings: BINDINGS.to_vec() }
    }
}

impl Keymap {
    /// The keys with changes: the name of an action, and the keys that it has from now on. What every terminal program has
    /// stays (Enter, Esc, arrows, Ctrl-C). A key that would mean two things in one place is an error that names both.
    pub fn with(changes: impl IntoIterator<Item = (String, Vec<String>)>) -> Result<Self, String> {
        let mut bindings = BINDINGS.to_vec();
        for (name, keys) in changes {
            let Some(action) =
                BINDINGS.iter().map(|binding| binding.action).find(|action| action.name() == Some(&name))
            else {
                let names = BINDINGS.iter().filter_map(|binding| binding.action.name());
                let like = names.max_by(|a, b| strsim::jaro(a, &name).total_cmp(&strsim::jaro(b, &name)));
                let (name, like) = (crate::trust::clean(&name, 40), like.unwrap_or_default());
                return Err(format!(
                    "there is nothing called {name} that a key does (is {like} meant? README has the names)"
                ));
            };
            let parsed = keys.iter().map(|text| Key::parse(text).ok_or(text)).collect::<Result<Vec<_>, _>>();
            let keys = parsed.map_err(|text| {
                format!(
                    "{} is no key; keys are written like r, R, ctrl-r, alt-x, f5 or space",
                    crate::trust::clean(text, 40)
                )
            })?;
            bindings = changed(bindings, action, &keys);
        }
        let keymap = Self { bindings };
        match keymap.conflict() {
            Some(why) => Err(why),
            None => Ok(keymap),
        }
    }

    fn conflict(&self) -> Option<String> {
        let called = |binding: &Binding| binding.action.name().unwrap_or(binding.label);
        for (nth, binding) in self.bindings.iter().enumerate() {
            let key = binding.key.label(false);
            if let Some(place) = binding.places.iter().find(|place| binding.key.is_for_typing() && place.takes_text()) {
                return Some(format!("{key} cannot be {}: in {} it is for typing", called(binding), place.name()));
            }
            for other in self.bindings[nth + 1..]
                .iter()
                .filter(|other| other.key == binding.key && other.action != binding.action)
            {
                if let Some(place) = binding.places.iter().find(|place| other.places.contains(place)) {
                    return Some(format!(
                        "{key} is both {} and {} in {}",
                        called(binding),
                        called(other),
                        place.name()
                    ));
                }
            }
        }
        None
    }

    /// What a key does in a place.
    pub fn action(&self, place: Place, key: Key) -> Option<Action> {
        let mut here = self.bindings.iter().filter(|binding| binding.places.contains(&place));
        here.find(|binding| binding.key == key).map(|binding| binding.action)
    }

    /// The key that does something in a place: the first of them.
    pub fn key(&self, place: Place, action: Action) -> Option<Key> {
        let mut here = self.bindings.iter().filter(|binding| binding.places.contains(&place));
        here.find(|binding| binding.action == action).map(|binding| binding.key)
    }

    /// Where else a key does something, for the person who pressed it in vain.
    pub fn elsewhere(&self, key: Key) -> Option<(&'static str, Place)> {
        let binding = self.bindings.iter().find(|binding| binding.key == key && !binding.label.is_empty())?;
        Some((binding.label, *binding.places.first()?))
    }

    /// The bindings for the footer of a place, in order.
    pub fn footer(&self, place: Place) -> impl Iterator<Item = &Binding> {
        self.bindings.iter().filter(move |binding| binding.footer && binding.places.contains(&place))
    }

    /// What can be done in a place.
    pub fn here(&self, place: Place) -> Vec<Entry> {
        entries(self.bindings.iter().filter(|binding| binding.places.contains(&place)), |_| None)
    }

    /// Every key once, in groups, with the place where it works if that is one alone.
    pub fn groups(&self) -> Vec<(&'static str, Vec<Entry>)> {
        let of_accounts = [Place::List, Place::Detail, Place::Filter, Place::Credential];
        let group = |binding: &Binding| match binding {
            _ if binding.places.len() == Place::ALL.len() => 3,
            _ if binding.action.is_moving() => 2,
            _ if binding.places.iter().any(|place| of_accounts.contains(place)) => 0,
            _ => 1,
        };
        let place = |binding: &Binding| match binding.places {
            [one] => Some(*one),
            _ => None,
        };
        let names = ["The list and the detail", "Guided panes", "Moving", "Everywhere"];
        let of = |nth: usize| entries(self.bindings.iter().filter(|binding| group(binding) == nth), place);
        names.into_iter().enumerate().map(|(nth, name)| (name, of(nth))).collect()
    }
}

/// `keys` in place of those that the action has had, wherever it has them.
fn changed(bindings: Vec<Binding>, action: Action, keys: &[Key]) -> Vec<Binding> {
    let has = |fixed: bool| bindings.iter().any(|binding| binding.action == action && binding.key.is_fixed() == fixed);
    // Where it has only keys that stay, the new ones are beside them.
    let beside = !has(false);
    let mut changed = Vec::new();
    for binding in &bindings {
        let is_replaced = binding.action == action && (beside || !binding.key.is_fixed());
        if !is_replaced || beside {
            changed.push(*binding);
        }
        if is_replaced {
            let new = keys.iter().map(|key| Binding { key: *key, ..*binding });
            for new in new {
                let footer = new.footer && !beside && new.key == keys[0];
                // Where text is typed, what was there already has to do.
                let places = if beside && new.key.is_for_typing() { MOVING } else { new.places };
                let new = Binding { footer, places, ..new };
                if !changed.iter().any(|known: &Binding| Binding { footer, ..*known } == new) {
                    changed.push(new);
                }
            }
        }
    }
    changed
}

/// Bindings with the same action and label, as one.
fn entries<'a>(bindings: impl Iterator<Item = &'a Binding>, place: impl Fn(&Binding) -> Option<Place>) -> Vec<Entry> {
    let mut entries: Vec<Entry> = Vec::new();
    let mut pending = Vec::new();
    for binding in bindings {
        pending.push(binding.key);
        if binding.label.is_empty() {
            continue;
        }
        let keys = std::mem::take(&mut pending);
        match entries.iter_mut().find(|entry| (entry.action, entry.label) == (binding.action, binding.label)) {
            Some(entry) => {
                let new = keys.into_iter().filter(|key| !entry.keys.contains(key)).collect::<Vec<_>>();
                entry.keys.extend(new);
                entry.place = None;
            }
            None => {
                entries.push(Entry { keys, action: binding.action, label: binding.label, place: place(binding) });
            }
        }
    }
    entries
}

/// The table of keys in README, in Markdown.
pub fn markdown() -> String {
    let mut text = String::new();
    for (group, entries) in Keymap::default().groups() {
        let _ = writeln!(text, "| {group} | | name |\n|---|---|---|");
        for entry in entries {
            let keys: Vec<String> = entry.keys.iter().map(|key| format!("`{}`", key.label(false))).collect();
            let place = entry.place.map(|place| format!(" ({})", place.name())).unwrap_or_default();
            let name = entry.action.name().map(|name| format!("`{name}`")).unwrap_or_default();
            let _ = writeln!(text, "| {} | {}{place} | {name} |", keys.join(" "), entry.label);
        }
        text.push('\n');
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    fn with(name: &str, keys: &[&str]) -> Result<Keymap, String> {
        Keymap::with([(name.to_owned(), keys.iter().map(|key| (*key).to_owned()).collect())])
    }

    #[test]
    fn no_key_means_two_things_in_one_place_and_letters_are_letters() {
        assert_eq!(Keymap::default().conflict(), None);
    }

    #[test]
    fn no_footer_has_more_than_eight_keys() {
        for place in Place::ALL {
            // These are there on few accounts only, most of which lack others of the keys.
            let rare = |action| matches!(action, Action::Claim | Action::TakeOver | Action::RevokePending);
            let keymap = Keymap::default();
            let usual = keymap.footer(place).filter(|it| !it.label.is_empty() && !rare(it.action));
            let shown = usual.count();
            assert!(shown <= 8, "{place:?}: {shown}");
        }
    }

    #[test]
    fn keys_are_written_as_people_write_them() {
        let key = |code, modifiers| Some(Key { code, modifiers });
        for (text, wanted) in [
            ("r", key(KeyCode::Char('r'), KeyModifiers::NONE)),
            ("R", key(KeyCode::Char('R'), KeyModifiers::NONE)),
            ("Ctrl-R", key(KeyCode::Char('r'), KeyModifiers::CONTROL)),
            ("ctrl-alt-x", key(KeyCode::Char('x'), KeyModifiers::CONTROL | KeyModifiers::ALT)),
            ("F5", key(KeyCode::F(5), KeyModifiers::NONE)),
            ("space", key(KeyCode::Char(' '), KeyModifiers::NONE)),
            ("-", key(KeyCode::Char('-'), KeyModifiers::NONE)),
            ("ctrl-", None),
            ("f0", None),
            ("", None),
            ("rr", None),
        ] {
            assert_eq!(Key::parse(text), wanted, "{text}");
        }
    }

    #[test]
    fn a_changed_key_takes_the_place_of_the_old_one_wherever_that_was() {
        let keymap = with("renew", &["E", "f6"]).expect("no conflict");
        let does = |place, text: &str| keymap.action(place, Key::parse(text).expect("a key"));
        for key in ["E", "f6"] {
            assert_eq!([does(Place::List, key), does(Place::Detail, key)], [Some(Action::Renew); 2], "{key}");
        }
        assert_eq!(does(Place::List, "r"), None);
        assert_eq!(keymap.footer(Place::List).filter(|binding| binding.action == Action::Renew).count(), 1);
        let keymap = with("up", &["p"]).expect("no conflict");
        let does = |text: &str| keymap.action(Place::List, Key::parse(text).expect("a key"));
        assert_eq!((does("p"), does("up"), does("k")), (Some(Action::Up), Some(Action::Up), None));
        let keymap = with("page-down", &["ctrl-d"]).expect("no conflict");
        let does = |text: &str| keymap.action(Place::List, Key::parse(text).expect("a key"));
        assert_eq!((does("ctrl-d"), does("pagedown")), (Some(Action::PageDown), Some(Action::PageDown)));
    }

    #[test]
    fn what_would_be_ambiguous_is_refused_with_both_names() {
        for (name, key, why) in [
            ("renew", "x", "x is both renew and revoke in the list"),
            ("new-code", "g", "g cannot be new-code: in the code question it is for typing"),
            ("open-link", "backspace", "Backspace cannot be open-link: in a sign-in in the browser it is for typing"),
            ("qr", "ctrl-u", "Ctrl-U cannot be qr: in a sign-in in the browser it is for typing"),
            ("quit", "enter", "Enter is both open and quit in the list"),
            ("dance", "x", "there is nothing called dance that a key does (is handover meant? README has the names)"),
            ("renew", "hyper-x", "hyper-x is no key; keys are written like r, R, ctrl-r, alt-x, f5 or space"),
        ] {
            assert_eq!(with(name, &[key]).expect_err(name), why);
        }
    }
}
