//! The full-screen program on the way through its screens, with a pretended service behind it: keys in, cells out.

use authmd_tui::account::{Account, AccountId, Elsewhere, Kept, Proof, Source, StoreKind, Verdict};
use authmd_tui::flow::{Effect, Input, Known, Lease, Listening, Opening, Protection, Ssh, Surroundings};
use authmd_tui::problem::Problem;
use authmd_tui::secret::Secret;
use authmd_tui::tui::app::{App, Command, Message};
use authmd_tui::tui::keymap::Place;
use authmd_tui::tui::theme::{Depth, Look, Theme};
use authmd_tui::tui::view;
use crossterm::event::{KeyCode, KeyEvent, KeyModifiers};
use jiff::{SignedDuration, Timestamp};
use ratatui::Terminal;
use ratatui::backend::TestBackend;
use serde_json::json;
use unicode_width::UnicodeWidthStr;

use super::play::{CLAIM, Fake, SERVER, refusal, stores, survey};
use super::{account, hours, loaded, noon, oauth};

pub const COLOR: Theme = Theme { look: Look::Terminal, depth: Depth::True, unicode: true };
pub const ASCII: Theme = Theme { look: Look::Terminal, depth: Depth::None, unicode: false };

/// A program on the way through its screens, with a pretended service behind it.
pub struct Tour {
    pub app: App,
    pub now: Timestamp,
    pub fake: Fake,
    pub known: Known,
    pub storing: Result<(), Problem>,
    waiting: Vec<Command>,
}

impl Tour {
    pub fn new(theme: Theme, accounts: Vec<Account>) -> Self {
        let mut app = App::new(theme, "memory", None);
        app.update(loaded(accounts), noon());
        let known = Known { stores: stores(), decided: true, ..Known::default() };
        Self { app, now: noon(), fake: Fake::acme(), known, storing: Ok(()), waiting: Vec::new() }
    }

    /// On the way to Acme Mail, with the offer on the screen.
    pub fn signing_up(theme: Theme, fake: Fake) -> Self {
        let mut tour = Self::new(theme, vec![]);
        tour.fake = fake;
        tour.keys("aapi.acme.dev\n");
        tour
    }

    pub fn keys(&mut self, keys: &str) -> &mut Self {
        for c in keys.chars() {
            let (code, modifiers) = match c {
                '\n' => (KeyCode::Enter, KeyModifiers::NONE),
                '\u{1b}' => (KeyCode::Esc, KeyModifiers::NONE),
                '\t' => (KeyCode::Tab, KeyModifiers::NONE),
                '↓' => (KeyCode::Down, KeyModifiers::NONE),
                c => (KeyCode::Char(c), KeyModifiers::NONE),
            };
            self.waiting = self.app.update(Message::Key(KeyEvent::new(code, modifiers)), self.now);
            self.settle();
        }
        self
    }

    pub fn press(&mut self, code: KeyCode) -> &mut Self {
        self.waiting = self.app.update(Message::Key(KeyEvent::new(code, KeyModifiers::NONE)), self.now);
        self.settle();
        self
    }

    pub fn control(&mut self, c: char) -> &mut Self {
        let key = KeyEvent::new(KeyCode::Char(c), KeyModifiers::CONTROL);
        self.waiting = self.app.update(Message::Key(key), self.now);
        self.settle();
        self
    }

    /// Does what was wanted.
    pub fn does(&mut self, commands: Vec<Command>) {
        self.waiting = commands;
        self.settle();
    }

    /// Sends anything, answers what the flows want done, and returns what was wanted at first.
    pub fn send(&mut self, message: Message) -> Vec<Command> {
        let wanted = self.app.update(message, self.now);
        self.waiting.clone_from(&wanted);
        self.settle();
        wanted
    }

    /// Answers what the flows want done, as the shell would.
    fn settle(&mut self) {
        while let Some(command) = self.waiting.pop() {
            let message = match command {
                // While a person is on the service's page, time stands still here.
                Command::Perform(_, Effect::Wait(_)) if self.app.place() == Place::Handoff => continue,
                // The browser's answer is not there yet.
                Command::Perform(_, Effect::Await { .. }) => continue,
                Command::Perform(id, effect) => Message::Flow(id, self.perform(effect)),
                Command::Fetch(id) => {
                    let kept = self.kept(&id, "sk_live_51f0c2a9d7e3b8");
                    Message::Credential(id, Ok(kept))
                }
                _ => continue,
            };
            self.waiting.extend(self.app.update(message, self.now));
        }
    }

    fn kept(&self, id: &AccountId, credential: &str) -> Option<Box<Kept>> {
        let account = self.app.list.accounts().iter().find(|account| account.id == *id)?;
        Some(Box::new(Kept::new(account.clone(), Secret::new(credential))))
    }

    fn perform(&mut self, effect: Effect) -> Input {
        match effect {
            Effect::Http(request) => {
                self.now += SignedDuration::from_millis(84);
                Input::Http(self.fake.answer_to(&request))
            }
            Effect::Wait(_) => Input::Elapsed,
            Effect::Listen { .. } => Input::Listening(Ok(Listening {
                port: 41_890,
                open: Lease::new(()),
                state: Secret::new("yzwcYMQTv5vrr-hGjoQOGQ"),
                verifier: Secret::new("dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk"),
            })),
            Effect::Open(_) => Input::Opened(Ok(())),
            Effect::Lookup { .. } => Input::Known(Ok(Box::new(self.known.clone()))),
            Effect::Survey => Input::Surveyed(Box::new(Ok(survey(Some(Protection::Passphrase))))),
            Effect::Unlock(_) => Input::Stored(Ok(())),
            Effect::Lock(_) => Input::Locked(Ok(Lease::new(()))),
            Effect::Load(id) => Input::Loaded(Ok(self.kept(&id, "sk_held"))),
            _ => Input::Stored(self.storing.clone()),
        }
    }

    pub fn buffer(&mut self, width: u16, height: u16) -> ratatui::buffer::Buffer {
        self.app.size = (width, height);
        // As the loop does when the window changes.
        self.app.update(Message::Redraw, self.now);
        let mut terminal = Terminal::new(TestBackend::new(width, height)).expect("a test terminal");
        terminal.draw(|frame| drop(view::draw(&self.app, frame, self.now))).expect("drawn");
        self.app.drawn();
        terminal.backend().buffer().clone()
    }

    /// Where links are on the screen.
    pub fn links(&mut self, width: u16, height: u16) -> Vec<view::Link> {
        self.app.size = (width, height);
        self.app.update(Message::Redraw, self.now);
        let mut terminal = Terminal::new(TestBackend::new(width, height)).expect("a test terminal");
        let mut links = Vec::new();
        terminal.draw(|frame| links = view::draw(&self.app, frame, self.now).links).expect("drawn");
        links
    }

    pub fn picture(&mut self, width: u16, height: u16) -> String {
        let buffer = self.buffer(width, height);
        let row = |y: u16| {
            let mut text = String::new();
            let mut x = 0;
            while x < width {
                let symbol = buffer[(x, y)].symbol();
                text.push_str(symbol);
                // A letter of two columns is followed by a cell that stands for its second half.
                x += symbol.width().max(1) as u16;
            }
            text.trim_end().to_owned()
        };
        (0..height).map(row).collect::<Vec<_>>().join("\n")
    }
}

pub fn accounts() -> Vec<Account> {
    let mut revoked = account("Lumen", "lumen.io", None, Some(24 * 41));
    revoked.proof = Some(Proof { at: noon() - hours(3), verdict: Verdict::Refused { status: 401 } });
    let mut unreachable = account("Fabrikam", "fabrikam.com", None, Some(24 * 27));
    unreachable.proof = Some(Proof { at: noon() - hours(1), verdict: Verdict::Unreachable });
    let mut unknown = account("Tailspin", "tailspin.dev", None, None);
    (unknown.verified_at, unknown.identity, unknown.scopes) = (None, None, vec![]);
    let mut unclaimed = account("Contoso", "contoso.com", None, Some(24 * 64));
    unclaimed.claimed = false;
    let mut foreign = account("Northwind", "northwind.dev", Some("ci"), Some(24 * 90));
    (foreign.store, foreign.source) =
        (StoreKind::Json, Source::Foreign(Elsewhere { file: "/home/ada/tokens.json".into(), tool: None, loose: None }));
    vec![
        account("Orbit API", "orbit.dev", None, Some(-49)),
        account("Acme Mail", "acme.dev", Some("work"), Some(73)),
        revoked,
        unreachable,
        unknown,
        unclaimed,
        foreign,
        account("here.now", "here.now", None, Some(24 * 400)),
    ]
}

/// Acme Mail as a service that hands its codes over.
pub fn handing_over(theme: Theme) -> Tour {
    let mut fake = Fake::acme();
    let mut metadata = Fake::server_metadata();
    metadata["token_endpoint"] = "https://auth.acme.dev/oauth/token".into();
    metadata["grant_types_supported"] = vec!["urn:workos:agent-auth:grant-type:claim"].into();
    fake.json(SERVER, metadata);
    fake.json(CLAIM, json!({"user_code": "WDJB-47KQ", "verification_uri": "https://acme.dev/claim", "verification_uri_complete": "https://acme.dev/claim?attempt=cva_4f1c2b7e90&user_code=WDJB-47KQ&client=authmd-tui", "expires_in": 520}));
    Tour::signing_up(theme, fake)
}

/// A sign-in by OAuth; `remote` is a machine that is reached by SSH.
pub fn signing_in(theme: Theme, remote: bool) -> Tour {
    let mut tour = Tour::new(theme, vec![]);
    tour.fake = oauth::fake();
    // The person is not done yet, and stays so.
    tour.fake.on("POST https://auth.acme.dev/t1/token", [refusal(400, "authorization_pending")]);
    if remote {
        tour.known.surroundings = Surroundings {
            no_browser: Some("you are on SSH, a browser would open on the other machine"),
            opening: Opening::Not,
            ssh: Some(Ssh { user: "ada".into(), host: "203.0.113.5".into(), port: 22 }),
        };
    }
    tour.app.surroundings.clone_from(&tour.known.surroundings);
    tour.keys("ahttps://mcp.acme.dev/v1\n");
    tour
}
