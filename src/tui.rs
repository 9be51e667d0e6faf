//! The full-screen program: the terminal in and out, and the loop between them.
//!
//! ```text
//!   terminal ──▶ Message ──▶ App::update ──▶ Command ──▶ shell, terminal
//!                                │                          │
//!                            view::draw            Message ◀┘
//! ```
//!
//! The loop waits for a key, for an answer, or for the moment at which a word on the screen changes; it takes all that is
//! pending, and draws once. When nothing happens, nothing wakes.

pub mod app;
pub mod keymap;
pub mod list;
pub mod session;
pub mod terminal;
pub mod theme;
pub mod view;

use std::sync::Arc;
use std::thread;
use std::time::Duration;

use crossterm::event::{self, Event, KeyEventKind, MouseButton, MouseEventKind};
use tokio::sync::mpsc;
use tokio::time::sleep;

use self::app::{App, Beside, Command, Loaded, Message, Wheel};
use self::keymap::{Action, Place};
use self::terminal::{Ending, Signal, Signals, Terminal};
use self::theme::Theme;
use crate::account::Happened;
use crate::command::{self, Settings};
use crate::events::Events;
use crate::flow::{Effect, Input};
use crate::problem::{Kind, Problem, cause};
use crate::sandbox::{self, Sandbox};
use crate::secret::Secret;
use crate::shell::clipboard::{Clipboard, Tool};
use crate::shell::pins::Pins;
use crate::shell::skills::Library;
use crate::shell::surroundings::Multiplexer;
use crate::shell::{Ports, clock, perform, variables};
use crate::store::{Stores, survey};

/// The program on the person's own stores.
pub async fn run(settings: Settings) -> Result<(), Problem> {
    terminal::required()?;
    let ports = settings.ports()?;
    start(settings, ports, None).await
}

/// The program on sandbox services and a store that ends with it.
pub async fn demo(settings: Settings) -> Result<(), Problem> {
    terminal::required()?;
    let sandbox = Sandbox::start(sandbox::Options::default()).map_err(|error| {
        Problem::new(
            Kind::Failed,
            format!("The sandbox could not start: {}.", cause(&error)),
            "Is there a network on this machine at all?",
        )
    })?;
    // The skills that describe its services, for as long as the demo runs.
    let skills = sandbox::demo::skills(&sandbox)?;
    let ports = Ports {
        library: Library::new(skills.path().to_owned(), Pins::Here(Arc::default())),
        ..command::throw_away_ports(&settings)?
    };
    sandbox::demo::fill(&sandbox, &ports, clock::now()).await?;
    let add = settings.preferences()?.keymap.key(Place::List, Action::Add).map(|key| key.label(true));
    let banner = format!(
        "A demo on sandbox services: press {} and type {}. Mails: {}. Nothing is kept when you quit.",
        add.unwrap_or_default(),
        sandbox.target(sandbox::ACME).trim_start_matches("http://"),
        sandbox.inbox(),
    );
    start(settings, ports, Some(banner)).await
}

async fn start(settings: Settings, ports: Ports, banner: Option<String>) -> Result<(), Problem> {
    let preferences = settings.preferences()?;
    let theme = Theme { look: preferences.look, depth: settings.depth, unicode: settings.unicode };
    let events = settings.events()?;
    let mut app = App::new(theme, ports.stores.name(), banner);
    app.keymap = preferences.keymap;
    app.surroundings = settings.browser.surroundings();
    app.clipboard = sent(settings.found.multiplexer);
    app.lock_after = settings.lock_after;
    app.reach = settings.reach;
    app.notice = survey::warning(&ports.stores).map(|problem| format!("{} {}", problem.what, problem.hint));
    let terminal = Terminal::enter(preferences.mouse, settings.found.multiplexer)?;
    let (send, receive) = mpsc::unbounded_channel();
    let answers = send.clone();
    let taken = move || drop(answers.send(Incoming::Answer(Box::new(Message::Copied))));
    let clipboard = Tool::here(&settings.found).map(|tool| Clipboard::new(tool, taken));
    let ending = Program { app, terminal, ports, clipboard, copied: Secret::default(), settings, events, send }
        .run(receive)
        .await;
    match ending {
        Ending::Quit => Ok(()),
        Ending::Interrupted => Err(Problem::cancelled()),
        Ending::Signal(number) => terminal::die_of(number),
        Ending::HungUp => terminal::die_of(terminal::HANGUP),
    }
}

/// What is said of a copy. Nobody says whether a terminal took it.
fn sent(multiplexer: Option<Multiplexer>) -> &'static str {
    match multiplexer {
        None => "Sent to your terminal's clipboard.",
        Some(Multiplexer::Tmux) => {
            "Sent to your terminal through tmux, which hands it on if set-clipboard or allow-passthrough is on."
        }
        Some(Multiplexer::Screen) => "Sent to your terminal through screen.",
    }
}

/// Puts pasted text into an editor as one line.
fn insert(editor: &mut tui_input::Input, text: &str) {
    let line = text.split(['\r', '\n']).map(str::trim).filter(|line| !line.is_empty()).collect::<Vec<_>>().join(" ");
    for c in line.chars().filter(|c| !c.is_control()) {
        editor.handle(tui_input::InputRequest::InsertChar(c));
    }
}

/// What comes in: from the terminal, or as an answer to a command.
enum Incoming {
    Terminal(Event),
    Answer(Box<Message>),
    /// The terminal can be read no more.
    Closed,
}

struct Program {
    app: App,
    terminal: Terminal,
    ports: Ports,
    /// This machine's own, where somebody sits at it.
    clipboard: Option<Clipboard>,
    /// What was copied last.
    copied: Secret,
    settings: Settings,
    events: Option<Events>,
    send: mpsc::UnboundedSender<Incoming>,
}

/// Reads the terminal on a thread of its own. Half of a key's sequence, as a slow connection or Alt-[ brings it, makes
/// crossterm wait for the rest (0.29), and nothing else is to wait with it.
fn read_terminal(send: &mpsc::UnboundedSender<Incoming>) {
    while let Ok(event) = event::read() {
        if send.send(Incoming::Terminal(event)).is_err() {
            return;
        }
    }
    // Nobody may be left to be told.
    let _ = send.send(Incoming::Closed);
}

impl Program {
    async fn run(mut self, mut incoming: mpsc::UnboundedReceiver<Incoming>) -> Ending {
        let ending = self.turn(&mut incoming).await;
        if let Ending::HungUp = ending {
            // Nobody is left to read anything, and what is left to be dropped would try to write.
            terminal::die_of(terminal::HANGUP);
        }
        if self.app.holds_clipboard() {
            self.clear_clipboard();
        }
        ending
    }

    async fn turn(&mut self, incoming: &mut mpsc::UnboundedReceiver<Incoming>) -> Ending {
        let Ok(mut signals) = Signals::new() else {
            return Ending::HungUp;
        };
        let send = self.send.clone();
        thread::spawn(move || read_terminal(&send));
        self.resize();
        let mut todo = self.app.begin();
        loop {
            if let Some(ending) = self.work(std::mem::take(&mut todo)) {
                return ending;
            }
            let now = clock::now();
            if self.terminal.draw(|frame| view::draw(&self.app, frame, now)).is_err() {
                return Ending::HungUp;
            }
            self.app.drawn();
            let alarm = self
                .app
                .next_change(now)
                .map(|at| Duration::try_from(at.duration_since(clock::now())).unwrap_or_default());
            let mut pending = tokio::select! {
                came = incoming.recv() => came,
                signal = signals.next() => match signal {
                    Signal::End(ending) => return ending,
                    Signal::Stop => {
                        self.terminal.suspend();
                        None
                    }
                    Signal::Continue => {
                        self.terminal.come_back();
                        self.resize();
                        None
                    }
                    Signal::Resized => {
                        self.resize();
                        Some(Incoming::Answer(Box::new(Message::Redraw)))
                    }
                },
                () = sleep(alarm.unwrap_or_default()), if alarm.is_some() => Some(Incoming::Answer(Box::new(Message::Redraw))),
            };
            while let Some(came) = pending {
                let message = match came {
                    Incoming::Closed => return Ending::HungUp,
                    Incoming::Answer(message) => Some(*message),
                    Incoming::Terminal(event) => self.message(event),
                };
                todo.extend(message.map(|message| self.app.update(message, clock::now())).unwrap_or_default());
                self.record();
                pending = incoming.try_recv().ok();
            }
        }
    }

    fn message(&mut self, event: Event) -> Option<Message> {
        match event {
            Event::Key(_) if self.terminal.is_bare() => {
                self.terminal.come_back();
                Some(Message::Redraw)
            }
            Event::Key(key) if key.kind != KeyEventKind::Release => Some(Message::Key(key)),
            Event::Paste(text) => Some(Message::Paste(Secret::new(text))),
            Event::Mouse(mouse) => match mouse.kind {
                MouseEventKind::Down(MouseButton::Left) => Some(Message::Click(mouse.column, mouse.row)),
                MouseEventKind::ScrollUp => Some(Message::Wheel(Wheel::Up)),
                MouseEventKind::ScrollDown => Some(Message::Wheel(Wheel::Down)),
                _ => None,
            },
            Event::Resize(..) => {
                self.resize();
                Some(Message::Redraw)
            }
            _ => None,
        }
    }

    fn resize(&mut self) {
        self.app.size = self.terminal.size();
    }

    /// The record of the guided pane on the screen, where one is asked for.
    fn record(&mut self) {
        let left = self.app.left.take();
        let Some(events) = &mut self.events else {
            return;
        };
        let screens = left.iter().chain(self.app.session().map(|session| session.screen()));
        screens.for_each(|screen| events.screen(screen, clock::now()));
    }

    fn work(&mut self, commands: Vec<Command>) -> Option<Ending> {
        for command in commands {
            match command {
                Command::Quit => return Some(if self.app.interrupted { Ending::Interrupted } else { Ending::Quit }),
                Command::Suspend => self.terminal.suspend(),
                Command::Print(link) => self.terminal.print_bare(link.as_str()),
                Command::Copy(text) => self.copy(text),
                Command::ClearClipboard => self.clear_clipboard(),
                Command::Open(page) => self.answer(Message::Opened(self.settings.browser.open_asked(&page))),
                Command::Perform(id, effect) => self.spawn(move |ports| async move {
                    let again = effect.clone();
                    match perform(effect, &ports).await {
                        Input::Loaded(Err(why)) | Input::Stored(Err(why)) | Input::TakenOver(Err(why))
                            if why.kind == Kind::Locked =>
                        {
                            Message::Locked(Command::Perform(id, again), why)
                        }
                        input => Message::Flow(id, input),
                    }
                }),
                Command::Load => self.spawn(|ports| async move {
                    let library = ports.library.clone();
                    let load = move |stores: &Stores| {
                        let (listing, store) = (stores.everything(), stores.name());
                        Ok(Loaded { listing, store, described: library.described() })
                    };
                    Message::Loaded(ports.blocking(load).await)
                }),
                Command::Unlock(passphrase) => self.spawn(move |ports| async move {
                    let unlock = move |stores: &Stores| stores.required_vault()?.unlock(&passphrase);
                    Message::Unlocked(ports.blocking(unlock).await)
                }),
                Command::ForgetKey => {
                    let forgotten = self.ports.stores.vault().is_some_and(|vault| vault.forget_key());
                    self.answer(Message::KeyForgotten(forgotten));
                }
                Command::Fetch(account) => self.spawn(|ports| async move {
                    match perform(Effect::Load(account.clone()), &ports).await {
                        Input::Loaded(Err(why)) if why.kind == Kind::Locked => {
                            Message::Locked(Command::Fetch(account), why)
                        }
                        Input::Loaded(loaded) => Message::Credential(account, loaded),
                        _ => Message::Redraw,
                    }
                }),
                Command::Recall(account) => self.spawn(|ports| async move {
                    let (id, library) = (account.clone(), ports.library.clone());
                    let look = move |stores: &Stores| {
                        let set_here = stores.find(&id)?.map(|account| variables::set_here(&account, &library));
                        // What cannot be read is left out: the rest of the detail stands.
                        let past = stores.past(&id).unwrap_or_default();
                        Ok(Beside { past, set_here: set_here.unwrap_or_default() })
                    };
                    Message::Recalled(account, ports.blocking(look).await.unwrap_or_default())
                }),
                Command::Forget(account) => self.spawn(|ports| async move {
                    // Not while another program renews it: what that stores would bring it back.
                    let _lease = match perform(Effect::Lock(account.clone()), &ports).await {
                        Input::Locked(Err(problem)) => return Message::Forgotten(account, Err(problem)),
                        lease => lease,
                    };
                    let (id, event) = (account.clone(), Happened::Forgotten { receipts: Vec::new() }.at(clock::now()));
                    Message::Forgotten(account, ports.blocking(move |stores| stores.forget(&id, &event)).await)
                }),
                Command::PutBack(account, removed) => self.spawn(|ports| async move {
                    let (id, again) = (account.clone(), removed.clone());
                    // Not while another program makes one of that name.
                    let put_back = move |stores: &Stores| {
                        stores.lock(&id).and_then(|_lease| stores.put_back(&again, clock::now()))
                    };
                    Message::PutBack(account, removed, ports.blocking(put_back).await)
                }),
            }
        }
        None
    }

    fn copy(&mut self, text: Secret) {
        self.terminal.copy(&text);
        if let Some(clipboard) = &self.clipboard {
            clipboard.take(text.clone());
        }
        self.copied = text;
    }

    /// A terminal cannot be asked whose it is that it has there; a desktop can.
    fn clear_clipboard(&mut self) {
        self.terminal.copy(&Secret::default());
        let copied = std::mem::take(&mut self.copied);
        if let Some(clipboard) = &self.clipboard {
            clipboard.forget(copied);
        }
    }

    fn answer(&self, message: Message) {
        // The receiver lives as long as the loop.
        let _ = self.send.send(Incoming::Answer(Box::new(message)));
    }

    fn spawn<F: Future<Output = Message> + Send + 'static>(&self, work: impl FnOnce(Ports) -> F) {
        let (work, send) = (work(self.ports.clone()), self.send.clone());
        tokio::spawn(async move {
            let _ = send.send(Incoming::Answer(Box::new(work.await)));
        });
    }
}
