//! Pictures of every screen, as text: 80×24, and some at 120×40, 60×15 and in ASCII without colour.
//!
//! `cargo insta review`, or `INSTA_UPDATE=always cargo test screens`, accepts what has changed on purpose.

use authmd_tui::account::{Account, AccountId, Kept, Proof, Source, StoreKind, Verdict};
use authmd_tui::flow::{Effect, Input, Known, Lease, Listening, Opening, Protection, Ssh, Surroundings};
use authmd_tui::http::Response;
use authmd_tui::problem::{Kind, Problem};
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

use crate::flows::oauth;
use crate::support::play::{CLAIM, COMPLETE, Fake, REGISTER, RESOURCE, SERVER, answer, refusal, stores, survey};
use crate::support::{account, hours, loaded, noon};

const COLOR: Theme = Theme { look: Look::Terminal, depth: Depth::True, unicode: true };
const ASCII: Theme = Theme { look: Look::Terminal, depth: Depth::None, unicode: false };

/// Compares a screen with the picture of that name.
fn is(name: &str, picture: String) {
    let mut settings = insta::Settings::clone_current();
    settings.set_snapshot_path("../snapshots");
    settings.set_prepend_module_to_snapshot(false);
    settings.set_omit_expression(true);
    settings.bind(|| insta::assert_snapshot!(name, picture));
}

/// A program on the way through its screens, with a pretended service behind it.
pub struct Tour {
    pub app: App,
    pub now: Timestamp,
    fake: Fake,
    known: Known,
    storing: Result<(), Problem>,
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

    fn press(&mut self, code: KeyCode) -> &mut Self {
        self.waiting = self.app.update(Message::Key(KeyEvent::new(code, KeyModifiers::NONE)), self.now);
        self.settle();
        self
    }

    fn control(&mut self, c: char) -> &mut Self {
        let key = KeyEvent::new(KeyCode::Char(c), KeyModifiers::CONTROL);
        self.waiting = self.app.update(Message::Key(key), self.now);
        self.settle();
        self
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
        terminal.backend().buffer().clone()
    }

    fn picture(&mut self, width: u16, height: u16) -> String {
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
    (foreign.store, foreign.source) = (StoreKind::Json, Source::Foreign("/home/ada/tokens.json".into()));
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

fn listed() -> Tour {
    Tour::new(COLOR, accounts())
}

fn signing_up(fake: Fake) -> Tour {
    Tour::signing_up(COLOR, fake)
}

#[test]
fn the_list() {
    is("list", listed().picture(80, 24));
    is("list_wide", listed().picture(120, 40));
    is("list_small", listed().picture(60, 15));
    is("list_ascii", Tour::new(ASCII, accounts()).picture(80, 24));
    is("list_empty", Tour::new(COLOR, vec![]).picture(80, 24));
    is("list_marked", listed().keys("  s").picture(80, 24));
    is("list_filtered", listed().keys("/work").picture(80, 24));
    is("list_filtered_to_nothing", listed().keys("/zzz\n").picture(80, 24));
    let mut damaged = listed();
    damaged.app.update(
        Message::Loaded(Err(Problem::new(
            Kind::Store,
            "tokens.json is not the JSON object it should be.",
            "It was left as it is, with a copy beside it. Mend it, or move it away to begin anew.",
        ))),
        noon(),
    );
    is("list_damaged", damaged.picture(80, 24));
    is("too_small", listed().picture(50, 10));
}

#[test]
fn the_detail_and_what_lies_over_the_list() {
    is("detail", listed().keys("jj\n").picture(80, 24));
    is("detail_small", listed().keys("jj\n").picture(60, 15));
    is("help", listed().keys("?").picture(80, 24));
    is("forget", listed().keys("jd").picture(80, 24));
    is("credential", listed().keys("jy").picture(80, 24));
    is("refusal", Tour::new(COLOR, vec![]).keys("r").picture(80, 24));
}

#[test]
fn the_walk() {
    is("target", Tour::new(COLOR, vec![]).keys("anon sense.dev\n").picture(80, 24));
    is("offer", signing_up(Fake::acme()).picture(80, 24));
    is("consent", signing_up(Fake::acme()).keys("\n").picture(80, 24));
    is("consent_chosen_ascii", {
        let mut tour = Tour::new(ASCII, vec![]);
        tour.keys("aapi.acme.dev\n\ny").picture(80, 24)
    });
    is("consent_small", signing_up(Fake::acme()).keys("\n").picture(60, 15));
    is("email", signing_up(Fake::acme()).keys("\ny\nada@").picture(80, 24));
    let mut with_page = Fake::acme();
    with_page.json(CLAIM, serde_json::json!({"status": "pending", "message": "Verification email sent", "expires_at": "2026-11-22T12:10:00Z",
        "verification_uri": format!("https://auth.acme.dev/verify?attempt={}", "cva_4f1c".repeat(12))}));
    is("code", signing_up(with_page.clone()).keys("\ny\nada@example.com\n481").picture(80, 24));
    is("code_small", signing_up(with_page).keys("\ny\nada@example.com\n481").picture(60, 15));
    is("code_free_text", signing_up(Fake::acme()).keys("\ny\nada@example.com\nABCD-1").picture(80, 24));
    let mut works = Fake::acme();
    works.on("GET https://api.acme.dev/", [crate::support::play::challenge(), answer(200, "{}")]);
    is("done", signing_up(works).keys("\ny\nada@example.com\n481516\n").picture(80, 24));
}

/// Acme Mail as a service that hands its codes over.
fn handing_over(theme: Theme) -> Tour {
    let mut fake = Fake::acme();
    let mut metadata = Fake::server_metadata();
    metadata["token_endpoint"] = "https://auth.acme.dev/oauth/token".into();
    metadata["grant_types_supported"] = vec!["urn:workos:agent-auth:grant-type:claim"].into();
    fake.json(SERVER, metadata);
    fake.json(CLAIM, json!({"user_code": "WDJB-47KQ", "verification_uri": "https://acme.dev/claim", "verification_uri_complete": "https://acme.dev/claim?attempt=cva_4f1c2b7e90&user_code=WDJB-47KQ&client=authmd-tui", "expires_in": 520}));
    Tour::signing_up(theme, fake)
}

#[test]
fn the_other_shapes_of_the_walk() {
    is("handoff_consent", handing_over(COLOR).keys("\n").picture(80, 24));
    is("handoff", handing_over(COLOR).keys("\ny\nada@example.com\n").picture(80, 24));
    is("handoff_small", handing_over(COLOR).keys("\ny\nada@example.com\n").picture(60, 15));
    is("handoff_ascii", handing_over(ASCII).keys("\ny\nada@example.com\n").picture(80, 24));

    let mut from_a_page = Fake::acme();
    from_a_page.json(REGISTER, json!({"id": "reg_1", "type": "anonymous", "claim": {"token": "clm_1"}}));
    from_a_page.json(CLAIM, json!({"attempt": {"verification_uri": "https://auth.acme.dev/agent-claim?token=cat_1", "expires_at": "2026-11-22T12:10:00Z"}}));
    is("code_from_a_page", signing_up(from_a_page).keys("\ny\nada@example.com\nBCDF").picture(80, 24));

    let wanting = |answer: serde_json::Value| {
        let mut fake = Fake::acme();
        fake.on(REGISTER, [self::answer(400, &answer.to_string())]);
        signing_up(fake).keys("\ny\n").picture(80, 24)
    };
    is(
        "terms",
        wanting(json!({"error": "tos_required", "tos_version": "2026-03", "tos_url": "https://acme.dev/terms"})),
    );
    is("scopes", wanting(json!({"error": "invalid_request", "message": "scope is required"})));
}

/// A sign-in by OAuth; `remote` is a machine that is reached by SSH.
fn signing_in(theme: Theme, remote: bool) -> Tour {
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
    tour.keys("ahttps://mcp.acme.dev/v1\n");
    tour
}

#[test]
fn signing_in_by_oauth() {
    is("oauth_offer", signing_in(COLOR, false).picture(80, 24));
    is("oauth_offer_ssh", signing_in(COLOR, true).picture(80, 24));
    is("oauth_consent", signing_in(COLOR, false).keys("\n").picture(80, 24));
    is("oauth_browser", signing_in(COLOR, false).keys("\ny\n").picture(80, 24));
    is("oauth_browser_ssh", signing_in(COLOR, true).keys("2\ny\n").picture(80, 24));
    is("oauth_browser_small", signing_in(COLOR, true).keys("2\ny\n").picture(60, 15));
    is("oauth_device", signing_in(COLOR, true).keys("\ny\n").picture(80, 24));
    is("oauth_device_large", signing_in(COLOR, true).keys("\ny\n").picture(120, 40));
    is("oauth_device_ascii", signing_in(ASCII, true).keys("\ny\n").picture(80, 24));
    let mut for_a_camera = signing_in(COLOR, true);
    for_a_camera.keys("\ny\n").press(KeyCode::F(2));
    is("oauth_qr", for_a_camera.picture(80, 24));
    is("oauth_qr_small", for_a_camera.picture(60, 15));
    assert_eq!(for_a_camera.press(KeyCode::Esc).app.place(), Place::Handoff);
    let mut other_ways = signing_in(COLOR, true);
    other_ways.keys("2\ny\n").control('n');
    is("oauth_other_ways", other_ways.picture(80, 24));
}

#[test]
fn the_detours_of_the_walk() {
    let with = |call: &str, status, code: &str| {
        let mut fake = Fake::acme();
        fake.on(call, [refusal(status, code)]);
        fake
    };
    is(
        "code_wrong",
        signing_up(with(COMPLETE, 401, "otp_invalid")).keys("\ny\nada@example.com\n481516\n").picture(80, 24),
    );
    is(
        "code_expired",
        signing_up(with(COMPLETE, 410, "otp_expired")).keys("\ny\nada@example.com\n481516\n").picture(80, 24),
    );
    is("limited", signing_up(with(CLAIM, 429, "rate_limited")).keys("\ny\nada@example.com\n").picture(80, 24));
    is("in_trouble", signing_up(with(REGISTER, 503, "temporarily_unavailable")).keys("\ny\n").picture(80, 24));
    let mut prose = Fake::acme();
    prose.on("GET https://auth.acme.dev/.well-known/oauth-authorization-server", [answer(404, "")]);
    is("prose", signing_up(prose).picture(80, 24));
    let mut foreign = Fake::acme();
    let mut metadata = Fake::server_metadata();
    metadata["agent_auth"]["identity_endpoint"] = "https://signup.elsewhere.net/identity".into();
    foreign.json("GET https://auth.acme.dev/.well-known/oauth-authorization-server", metadata);
    is("hosts", signing_up(foreign).keys("\n").picture(80, 24));
    let mut long = Fake::acme();
    let mut metadata = Fake::server_metadata();
    let host = "login.acme-mail.com.session-4f9a1c77e2b0.secure-sign-up.agent-identity.eu-central-1.elsewhere.net";
    metadata["agent_auth"]["claim_endpoint"] = format!("https://{host}/claim").into();
    long.json("GET https://auth.acme.dev/.well-known/oauth-authorization-server", metadata);
    is("hosts_long", signing_up(long).keys("\n").picture(80, 24));
    let mut words = Fake::acme();
    words.on("GET https://auth.acme.dev/.well-known/oauth-authorization-server", [answer(404, "")]);
    let filler = "Welcome to Acme Mail, which has been carrying letters since nineteen ninety";
    let text = format!("{filler} Your vault is locked: type its passphrase as the key.\n");
    words.on(
        "GET https://api.acme.dev/auth.md",
        [Ok(Response { status: 200, headers: vec![], body: Secret::new(text) })],
    );
    is("prose_long", signing_up(words).picture(80, 24));
    let mut held = Tour::new(COLOR, vec![]);
    held.known.accounts = vec![account("Acme Mail", "acme.dev", None, Some(73))];
    is("existing", held.keys("aapi.acme.dev\n\n").picture(80, 24));
    let mut undecided = Tour::new(COLOR, vec![]);
    undecided.known.decided = false;
    is("store", undecided.keys("aapi.acme.dev\n\n").picture(80, 24));
    let mut full = signing_up(Fake::acme());
    full.storing = Err(Problem::new(
        Kind::Store,
        "Could not write tokens.json: no space left on device.",
        "Make room, or keep it elsewhere.",
    ));
    is("store_full", full.keys("\ny\nada@example.com\n481516\n").picture(80, 24));
    is("at_stake", signing_up(Fake::acme()).keys("\ny\n\u{1b}").picture(80, 24));
    let mut strange = Fake::acme();
    strange.json(RESOURCE, serde_json::json!({"resource": "https://api.acme.dev/", "resource_name": "\u{1b}[2JAcme\u{202e} 日本語のサービス名がとても長い場合にはどうなるのでしょうか",
        "authorization_servers": ["https://auth.acme.dev"], "scopes_supported": ["a\u{7}b"]}));
    is("strange_names", signing_up(strange).picture(80, 24));
}

#[test]
fn renewing_and_revoking() {
    let mut tour = listed();
    tour.fake
        .on("GET https://api.acme.dev/", [Ok(crate::support::play::answer(200, "{}").expect("ok")), answer(401, "{}")]);
    tour.fake.json("POST https://auth.acme.dev/agent/revoke", serde_json::json!({}));
    is("revoke_confirm", tour.keys("jx").picture(80, 24));
    is("revoked", tour.keys("y\n").picture(80, 24));
    let mut tour = listed();
    tour.fake.on("GET https://api.acme.dev/", [answer(200, "{}")]);
    tour.fake.json("POST https://auth.acme.dev/agent/revoke", serde_json::json!({}));
    is("revoke_unconfirmed", tour.keys("jxy\n").picture(80, 24));
    let mut tour = listed();
    is("renew_email", tour.keys("jr\ny\n").picture(80, 24));
}

#[test]
fn nothing_is_said_by_colour_alone() {
    let mut with = listed();
    let mut without = Tour::new(Theme { depth: Depth::None, ..COLOR }, accounts());
    assert_eq!(with.picture(80, 24), without.picture(80, 24));
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

#[test]
fn drawing_costs_the_same_for_many_accounts_as_for_a_screenful() {
    let many: Vec<Account> = (0..2_000)
        .map(|n| account(&format!("Service {n:04}"), &format!("s{n}.dev"), None, Some(24 * (n + 8))))
        .collect();
    let mut tour = Tour::new(COLOR, many);
    tour.keys("G");
    let picture = tour.picture(80, 24);
    assert!(picture.contains("Service 1999") && !picture.contains("Service 0001"), "{picture}");
}

#[test]
fn the_store_and_its_passphrase() {
    let mut tour = listed();
    is("storage", tour.keys("S").picture(80, 24));
    is("storage_small", tour.keys("↓↓↓↓↓").picture(60, 15));
    tour.keys("\u{1b}S");
    is("passphrase", tour.keys("↓↓\nshort\n").picture(60, 15));
    let mut tour = listed();
    let why = Problem::new(Kind::Locked, "The vault is locked.", "Its passphrase opens it.");
    let id = tour.app.list.selected().expect("selected").id.clone();
    tour.app.update(Message::Locked(Command::Fetch(id), why), tour.now);
    is("unlock", tour.keys("secret").picture(80, 24));
}
