//! Programs in a pseudo-terminal, watched as a person would: what stands on the screen, not what bytes came.

use std::io::{BufRead, BufReader, Read, Write};
use std::num::NonZeroU16;
use std::path::Path;
use std::process::{Child, Command, Output, Stdio};
use std::sync::{Arc, Condvar, Mutex, PoisonError, mpsc};
use std::thread;
use std::time::Duration;

use authmd_tui::http::field;
use portable_pty::{CommandBuilder, MasterPty, PtySize, native_pty_system};
use serde_json::Value;
use tempfile::TempDir;

/// How long anything may take; only a failing test waits as long.
const PATIENCE: Duration = Duration::from_secs(20);
pub const PROGRAM: &str = env!("CARGO_BIN_EXE_authmd-tui");

/// A program in a terminal of 80 by 24.
pub struct Screen {
    shown: Arc<(Mutex<Shown>, Condvar)>,
    writer: Box<dyn Write + Send>,
    master: Box<dyn MasterPty + Send>,
    child: Box<dyn portable_pty::Child + Send + Sync>,
}

struct Shown {
    terminal: vt100::Parser,
    /// All that was written to the terminal, as it was written.
    raw: Vec<u8>,
    over: bool,
}

fn side(length: u16) -> NonZeroU16 {
    NonZeroU16::new(length).expect("a terminal has sides")
}

fn size(columns: u16, rows: u16) -> PtySize {
    PtySize { rows, cols: columns, pixel_width: 0, pixel_height: 0 }
}

impl Screen {
    /// Starts the program in `home`, which is all that it knows of the world.
    pub fn start(arguments: &[&str], home: &Home) -> Self {
        Self::run(PROGRAM, arguments, home)
    }

    pub fn run(program: &str, arguments: &[&str], home: &Home) -> Self {
        let pair = native_pty_system().openpty(size(80, 24)).expect("a pseudo-terminal");
        let mut command = CommandBuilder::new(program);
        command.args(arguments);
        command.env_clear();
        for (name, value) in home.environment() {
            command.env(name, value);
        }
        command.cwd(home.folder.path());
        let child = pair.slave.spawn_command(command).expect("started");
        drop(pair.slave);
        let shown = Arc::new((
            Mutex::new(Shown { terminal: vt100::Parser::new(side(24), side(80), 500), raw: Vec::new(), over: false }),
            Condvar::new(),
        ));
        let mut reader = pair.master.try_clone_reader().expect("a reader");
        let writer = pair.master.take_writer().expect("a writer");
        let theirs = Arc::clone(&shown);
        thread::spawn(move || {
            let mut bytes = [0; 4096];
            loop {
                let read = reader.read(&mut bytes).unwrap_or(0);
                let (shown, changed) = &*theirs;
                let mut shown = shown.lock().unwrap_or_else(PoisonError::into_inner);
                shown.terminal.process(&bytes[..read]);
                shown.raw.extend_from_slice(&bytes[..read]);
                shown.over = read == 0;
                changed.notify_all();
                if read == 0 {
                    return;
                }
            }
        });
        Self { shown, writer, master: pair.master, child }
    }

    /// Waits until the screen is as wanted, and returns its text.
    pub fn until(&self, wanted: impl Fn(&str) -> bool, what: &str) -> String {
        let (shown, changed) = &*self.shown;
        let shown = shown.lock().expect("not poisoned");
        let text = |shown: &Shown| shown.terminal.screen().contents();
        let (shown, timeout) = changed
            .wait_timeout_while(shown, PATIENCE, |shown| !shown.over && !wanted(&text(shown)))
            .expect("not poisoned");
        let text = text(&shown);
        assert!(
            wanted(&text),
            "waited for {what} {}:\n{text}",
            if timeout.timed_out() { "in vain" } else { "until the program ended" }
        );
        text
    }

    /// Waits until all that was written to the terminal is as wanted, and returns it.
    pub fn until_written(&self, wanted: impl Fn(&str) -> bool, what: &str) -> String {
        let (shown, changed) = &*self.shown;
        let shown = shown.lock().expect("not poisoned");
        let text = |shown: &Shown| String::from_utf8_lossy(&shown.raw).into_owned();
        let (shown, _) = changed
            .wait_timeout_while(shown, PATIENCE, |shown| !shown.over && !wanted(&text(shown)))
            .expect("not poisoned");
        let text = text(&shown);
        assert!(wanted(&text), "waited for {what}:\n{text}");
        text
    }

    /// Continues the program if it was stopped, and waits until more than so much was written, or it has ended, or a bare link
    /// is shown, with which nothing is drawn.
    pub fn goes_on(&self, before: usize) {
        let _ = Command::new("kill").args(["-CONT", &self.process().to_string()]).stderr(Stdio::null()).status();
        let (shown, changed) = &*self.shown;
        let is_bare = |shown: &Shown| shown.terminal.screen().contents().contains("Any key goes back.");
        let waiting = |shown: &mut Shown| !shown.over && shown.raw.len() <= before && !is_bare(shown);
        let guard = shown.lock().expect("not poisoned");
        let (shown, timeout) = changed.wait_timeout_while(guard, PATIENCE, waiting).expect("not poisoned");
        assert!(!timeout.timed_out(), "nothing is drawn any more:\n{}", shown.terminal.screen().contents());
    }

    /// Has the program ended?
    pub fn is_over(&self) -> bool {
        self.shown.0.lock().expect("not poisoned").over
    }

    /// Waits for a text on the screen.
    pub fn shows(&self, text: &str) -> String {
        self.until(|screen| screen.contains(text), text)
    }

    /// Waits for the link to sign in with, the box beside it, and what is drawn last.
    pub fn shows_sign_in(&self) -> String {
        let whole = |text: &str| {
            text.contains("Where the browser ended up") && text.contains("other ways") && !link_of(text).is_empty()
        };
        self.until(whole, "a link to sign in with")
    }

    pub fn shows_no_more(&self, text: &str) -> String {
        self.until(|screen| !screen.contains(text), &format!("no more {text}"))
    }

    /// All that the program has written so far, escape sequences and all.
    pub fn written(&self) -> String {
        String::from_utf8_lossy(&self.shown.0.lock().expect("not poisoned").raw).into_owned()
    }

    pub fn is_alternate(&self) -> bool {
        self.shown.0.lock().expect("not poisoned").terminal.screen().alternate_screen()
    }

    pub fn keys(&mut self, keys: &str) {
        self.writer.write_all(keys.as_bytes()).and_then(|()| self.writer.flush()).expect("typed");
    }

    /// Types a line and Enter.
    pub fn line(&mut self, text: &str) {
        self.keys(&format!("{text}\r"));
    }

    pub fn resize(&self, columns: u16, rows: u16) {
        self.shown.0.lock().expect("not poisoned").terminal.screen_mut().set_size(side(rows), side(columns));
        self.master.resize(size(columns, rows)).expect("resized");
    }

    pub fn process(&self) -> u32 {
        self.child.process_id().expect("running")
    }

    /// Waits for the end and returns the exit code and all that is on the screen.
    pub fn ends(&mut self) -> (u32, String) {
        let (shown, changed) = &*self.shown;
        let shown = shown.lock().expect("not poisoned");
        let (shown, timeout) = changed.wait_timeout_while(shown, PATIENCE, |shown| !shown.over).expect("not poisoned");
        let text = shown.terminal.screen().contents();
        assert!(!timeout.timed_out(), "waited for the end in vain:\n{text}");
        (self.child.wait().expect("waited").exit_code(), text)
    }
}

impl Drop for Screen {
    fn drop(&mut self) {
        let _ = self.child.kill();
    }
}

/// A home of its own for the programs of one test.
pub struct Home {
    pub folder: TempDir,
    pub token_file: Option<String>,
    pub extra: Vec<(&'static str, String)>,
}

impl Home {
    pub fn new() -> Self {
        Self { folder: TempDir::new().expect("a folder"), token_file: None, extra: Vec::new() }
    }

    /// With the shared token file in it.
    pub fn with_tokens() -> Self {
        let mut home = Self::new();
        home.token_file = Some(home.path("tokens.json"));
        home
    }

    pub fn path(&self, name: &str) -> String {
        self.folder.path().join(name).display().to_string()
    }

    pub fn read(&self, name: &str) -> String {
        std::fs::read_to_string(self.folder.path().join(name)).unwrap_or_default()
    }

    pub fn environment(&self) -> Vec<(&str, String)> {
        let mut all = vec![
            ("AUTHMD_TUI_HOME", self.path("home")),
            ("HOME", self.path("")),
            ("PATH", std::env::var("PATH").unwrap_or_default()),
            ("TERM", "xterm-256color".to_owned()),
            ("LC_ALL", "C.UTF-8".to_owned()),
            // No test of these touches a real keyring: a bus that is not there says so at once.
            ("DBUS_SESSION_BUS_ADDRESS", "unix:path=/nonexistent".to_owned()),
        ];
        all.extend(self.token_file.clone().map(|file| ("AUTH_MD_TOKEN_STORE", file)));
        all.extend(self.extra.iter().cloned());
        all
    }

    /// With a browser that only writes down what it is to open.
    pub fn with_browser(mut self) -> Self {
        let script = self.path("browser");
        std::fs::write(&script, format!("#!/bin/sh\nprintf '%s' \"$1\" > {}\n", self.path("opening")))
            .expect("written");
        let mode: std::fs::Permissions = std::os::unix::fs::PermissionsExt::from_mode(0o755);
        std::fs::set_permissions(&script, mode).expect("made to be run");
        self.extra.push(("BROWSER", script));
        self
    }

    /// What the browser has been told to open, once it has.
    pub fn opening(&self) -> String {
        self.until_written("opening", |text| text.starts_with("http"))
    }

    /// What somebody writes into a file, once it is as wanted.
    pub fn until_written(&self, name: &str, wanted: impl Fn(&str) -> bool) -> String {
        let begun = authmd_tui::shell::clock::now();
        loop {
            let text = self.read(name);
            if wanted(&text) {
                return text;
            }
            let waited = authmd_tui::shell::clock::now().duration_since(begun);
            assert!(waited.unsigned_abs() < PATIENCE, "{name} was waited for in vain: {text}");
            thread::yield_now();
        }
    }

    /// On a machine that is reached by SSH.
    pub fn over_ssh(mut self) -> Self {
        self.extra.push(("SSH_CONNECTION", "198.51.100.7 50712 203.0.113.5 2222".to_owned()));
        self.extra.push(("USER", "ada".to_owned()));
        self
    }

    /// A program in this home, without a terminal and with nothing on its stdin.
    pub fn program(&self, program: &str, arguments: &[&str]) -> Command {
        let mut command = Command::new(program);
        command.args(arguments).env_clear().envs(self.environment()).current_dir(self.folder.path());
        command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped());
        command
    }

    /// Runs a command without a terminal; returns exit code, stdout and stderr.
    pub fn command(&self, arguments: &[&str]) -> (i32, String, String) {
        ended(self.program(PROGRAM, arguments).output().expect("run"))
    }

    /// The same of any program, with this on its stdin.
    pub fn asked(&self, program: &str, arguments: &[&str], question: &str) -> (i32, String, String) {
        let mut child = self.program(program, arguments).stdin(Stdio::piped()).spawn().expect("started");
        child.stdin.take().expect("piped").write_all(question.as_bytes()).expect("written");
        ended(child.wait_with_output().expect("waited"))
    }

    /// The same with so little memory that whoever asks for more dies, and for no longer than anything may take.
    pub fn command_in(&self, kilobytes: usize, arguments: &[&str]) -> (i32, String, String) {
        let script = limited(kilobytes);
        let child = self.program("sh", &[&["-c", &script, PROGRAM], arguments].concat()).spawn().expect("started");
        let (send, receive) = mpsc::channel();
        thread::spawn(move || send.send(child.wait_with_output()));
        let output = receive.recv_timeout(PATIENCE);
        ended(output.unwrap_or_else(|_| panic!("{arguments:?} took longer than {PATIENCE:?}")).expect("waited"))
    }

    /// Starts a command without a terminal, to be waited for or killed.
    pub fn spawn(&self, arguments: &[&str]) -> Child {
        self.program(PROGRAM, arguments).stdout(Stdio::null()).spawn().expect("started")
    }

    /// Eight programs that do the same at once; all of them have to end well.
    pub fn eight_times_at_once(&self, arguments: &[&str]) {
        let programs: Vec<Child> = (0..8).map(|_| self.spawn(arguments)).collect();
        for program in programs {
            let output = program.wait_with_output().expect("waited");
            assert_eq!(output.status.code(), Some(0), "{}", String::from_utf8_lossy(&output.stderr));
        }
    }

    pub fn json(&self, arguments: &[&str]) -> (i32, Value) {
        let (code, out, err) = self.command(arguments);
        (code, serde_json::from_str(&out).unwrap_or_else(|error| panic!("{arguments:?}: {error}\n{out}\n{err}")))
    }
}

/// Exit code, stdout and stderr.
fn ended(output: Output) -> (i32, String, String) {
    let text = |bytes: Vec<u8>| String::from_utf8(bytes).expect("UTF-8");
    let code = output.status.code().unwrap_or_else(|| panic!("it died: {}", output.status));
    (code, text(output.stdout), text(output.stderr))
}

/// A line of shell that becomes the program after it, with this much room for its data (`setrlimit(2)`, RLIMIT_DATA).
pub fn limited(kilobytes: usize) -> String {
    format!("ulimit -d {kilobytes} && exec \"$0\" \"$@\"")
}

/// The sandbox as a process of its own, killed at the end of the test.
pub struct Service {
    child: Child,
    ready: Value,
}

impl Service {
    pub fn start(arguments: &[&str]) -> Self {
        let mut child = Command::new(PROGRAM)
            .arg("sandbox")
            .args(arguments)
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .expect("started");
        let mut line = String::new();
        BufReader::new(child.stdout.take().expect("piped")).read_line(&mut line).expect("a line");
        Self { child, ready: serde_json::from_str(&line).unwrap_or_else(|error| panic!("{error}: {line}")) }
    }

    /// Fetches the skill of a service that publishes nothing, and says where it is now.
    pub fn skill(&self, name: &str, home: &Home) -> String {
        let (status, text) = Self::visit(&format!("{}/skill.yaml", self.target(name)));
        assert_eq!(status, 200, "{text}");
        let path = home.path("skill.yaml");
        std::fs::write(&path, text).expect("written");
        path
    }

    /// What a person types for one of the services, by a word of its name.
    pub fn target(&self, name: &str) -> String {
        let services = self.ready["services"].as_array().expect("services");
        let service = services
            .iter()
            .find(|service| service["name"].as_str().is_some_and(|known| known.contains(name)))
            .expect("a service");
        service["target"].as_str().expect("a target").to_owned()
    }

    fn ask(&self, member: &str) -> Value {
        let url = self.ready[member].as_str().expect("a place").parse().expect("a URL");
        let answer = Self::send(&authmd_tui::http::Request::get(url));
        serde_json::from_str(answer.body.expose()).expect("JSON")
    }

    fn send(request: &authmd_tui::http::Request) -> authmd_tui::http::Response {
        Self::try_send(request).expect("an answer")
    }

    fn try_send(request: &authmd_tui::http::Request) -> Option<authmd_tui::http::Response> {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().expect("a runtime");
        runtime.block_on(async {
            let net = authmd_tui::shell::net::Net::new(PATIENCE, authmd_tui::trust::Reach::Public).expect("a client");
            net.send(request).await.ok()
        })
    }

    /// The human decides on the newest page that a service has opened for them, with the code that they read elsewhere.
    pub fn decide(&self, code: &str, decision: &str) {
        let page = self.newest_page()["url"].as_str().expect("an address").parse().expect("a URL");
        let fields = vec![field("code", code), field("decision", decision)];
        let answer = Self::send(&authmd_tui::http::Request::post(page, authmd_tui::http::Body::Form(fields)));
        assert!(answer.is_success(), "{}: {}", answer.status, answer.body.expose());
    }

    /// The human's browser opens a link of an authorization, and the human decides: where it is led to then.
    pub fn browse(link: &str, decision: &str) -> String {
        let fields = vec![field("decision", decision)];
        let page = link.parse().expect("a URL");
        let answer = Self::send(&authmd_tui::http::Request::post(page, authmd_tui::http::Body::Form(fields)));
        let place = answer.header("location").next();
        place.unwrap_or_else(|| panic!("{}: {}", answer.status, answer.body.expose())).to_owned()
    }

    /// Makes the next call of that step fail.
    pub fn fault(&self, step: &str, fault: &str) {
        let place = self.ready["faults"].as_str().expect("a place").parse().expect("a URL");
        let fields = vec![field("step", step), field("fault", fault), field("times", "1")];
        Self::send(&authmd_tui::http::Request::post(place, authmd_tui::http::Body::Form(fields)));
    }

    /// The human's browser goes there.
    pub fn visit(place: &str) -> (u16, String) {
        let answer = Self::send(&authmd_tui::http::Request::get(place.parse().expect("a URL")));
        (answer.status, answer.body.expose().to_owned())
    }

    /// The same, where perhaps nobody answers.
    pub fn try_visit(place: &str) -> Option<u16> {
        Self::try_send(&authmd_tui::http::Request::get(place.parse().expect("a URL"))).map(|answer| answer.status)
    }

    /// The human types the code that a program shows into the page for codes.
    pub fn type_code(page: &str, code: &str, decision: &str) -> u16 {
        let fields = vec![field("user_code", code), field("decision", decision)];
        let page = page.parse().expect("a URL");
        Self::send(&authmd_tui::http::Request::post(page, authmd_tui::http::Body::Form(fields))).status
    }

    /// The human makes a key on the page of the service that explains itself in words.
    pub fn make_key(&self) -> String {
        Self::make_key_at(&format!("{}/keys", self.target("Prose")))
    }

    /// The human makes a key on a page.
    pub fn make_key_at(page: &str) -> String {
        let page = page.parse().expect("a URL");
        let answer = Self::send(&authmd_tui::http::Request::post(page, authmd_tui::http::Body::Empty));
        let key = answer.body.expose().split("<code>").nth(1).and_then(|rest| rest.split("</code>").next());
        key.expect("a key").to_owned()
    }

    /// The newest page on which the human can decide.
    pub fn newest_page(&self) -> Value {
        self.ask("pages").as_array().and_then(|pages| pages.last()).cloned().expect("a page")
    }

    /// The code of the newest mail, as the human reads it.
    pub fn newest_code(&self) -> String {
        let mails = self.ask("mails");
        mails
            .as_array()
            .and_then(|mails| mails.last())
            .and_then(|mail| mail["code"].as_str())
            .expect("a mail")
            .to_owned()
    }

    /// The link of the newest mail.
    pub fn newest_link(&self) -> String {
        let mails = self.ask("mails");
        let link = mails.as_array().and_then(|mails| mails.last()).and_then(|mail| mail["link"].as_str());
        link.expect("a link").to_owned()
    }

    /// How often a refresh token was sent.
    pub fn refreshes(&self) -> usize {
        self.posts().iter().filter(|call| call.ends_with("/oauth/token")).count()
    }

    /// Method and path of every call of the protocol so far.
    pub fn calls(&self) -> Vec<String> {
        let log = self.ask("log");
        let call = |call: &Value| {
            format!("{} {}", call["method"].as_str().unwrap_or_default(), call["path"].as_str().unwrap_or_default())
        };
        log.as_array().expect("a log").iter().map(call).collect()
    }

    pub fn posts(&self) -> Vec<String> {
        self.calls().into_iter().filter(|call| call.starts_with("POST")).collect()
    }

    /// The service goes down in the middle.
    pub fn kill(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

impl Drop for Service {
    fn drop(&mut self) {
        self.kill();
    }
}

/// Answers the prompts of a sign-up with no detours, up to the code.
pub fn answer_to_code(screen: &mut Screen) {
    answer_to_address(screen);
    screen.shows("The code (or: new");
}

/// The same, up to what comes after the address.
pub fn answer_to_address(screen: &mut Screen) {
    screen.shows("How do you want to ");
    screen.line("1");
    screen.shows("yes or no");
    screen.line("yes");
    screen.shows("Your e-mail address (or");
    screen.line("ada@example.com");
}

/// The full screen on its own store, with a sign-up to that service begun: its offer is on the screen.
pub fn begin_sign_up(screen: &mut Screen, service: &Service, name: &str) {
    begin_sign_up_at(screen, &service.target(name));
}

/// The same with whatever a person may name: a host, a skill file.
pub fn begin_sign_up_at(screen: &mut Screen, target: &str) {
    screen.shows("No accounts yet.");
    screen.keys("a");
    screen.shows("Which service?");
    screen.line(target);
    screen.shows("How do you want to sign up?");
}

/// The link as it stands on the screen: rows from the first column on, without anything in between.
pub fn link_of(text: &str) -> String {
    let rows = text.lines().skip_while(|row| !row.starts_with("http"));
    rows.take_while(|row| !row.starts_with(' ') && !row.trim().is_empty()).map(str::trim_end).collect()
}

pub fn exists(path: &str) -> bool {
    Path::new(path).exists()
}
