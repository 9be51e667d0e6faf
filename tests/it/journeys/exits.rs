//! Every command with every exit code that it can end with, on the built program.

use std::collections::{BTreeMap, BTreeSet};
use std::fs::OpenOptions;
use std::io::Write;
use std::net::TcpListener;
use std::process::{Command, Stdio};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};

use authmd_tui::account::{Account, Kept, LayerKind, Renewal, Revocation, RevokeForm, StoreKind};
use authmd_tui::flow::Guard;
use authmd_tui::secret::Secret;
use authmd_tui::store::Store;
use authmd_tui::store::export::{Export, To};
use authmd_tui::store::keyring::System;
use authmd_tui::store::vault::Vault;
use authmd_tui::store::vault::seal::{Cost, PrivateKey};
use clap::CommandFactory;

use crate::support::many::{Like, World};
use crate::support::terminal::{Home, PROGRAM, Screen};
use crate::support::{noon, url};

/// The documented codes, and which command can end with which. A dot: it does not, because it asks nobody, reads nothing, or
/// needs nobody. `run` ends with what its command ends with; 42 stands for that.
const TABLE: &str = "
                   0  1  2  3  4  5  6  7  8  9  130
    (none)         0  .  2  .  .  .  .  .  .  .  130
    demo           0  .  2  .  .  .  .  .  .  .  130
    sandbox        0  1  2  .  .  .  .  .  .  .  .
    discover       0  1  2  .  .  .  .  7  .  9  130
    add            0  1  2  .  .  5  6  7  .  9  130
    list           0  1  2  .  .  .  .  .  8  .  .
    show           0  1  2  3  .  .  .  .  8  .  .
    check          0  1  2  .  4  .  .  .  8  .  .
    verify         0  1  2  3  .  .  6  7  8  9  130
    renew          0  1  2  3  .  5  6  7  8  9  130
    revoke         0  1  2  3  .  .  6  7  8  9  130
    history        0  1  2  3  .  .  .  .  8  .  .
    forget         0  .  2  3  .  .  .  .  8  .  .
    export         0  1  2  3  .  5  .  .  8  .  130
    import         0  1  2  .  .  5  .  .  8  .  130
    take-over      0  .  2  3  .  5  .  .  8  .  130
    review         0  .  2  3  .  .  .  .  8  .  .
    handover       0  .  2  3  .  5  6  7  8  9  130
    run            42 .  2  3  .  5  6  7  8  9  130
    git-credential 0  1  2  3  .  5  6  7  8  9  130
    docker-credential 0 1 2 .  .  5  6  7  8  9  130
    token          0  1  2  3  .  5  6  7  8  9  130
    store          0  1  2  .  .  5  .  .  8  .  130
    doctor         0  1  2  .  .  .  .  .  8  .  .
    completions    0  1  2  .  .  .  .  .  .  .  .
    man            0  1  2  .  .  .  .  .  .  .  .
";

/// How a command is started, and by whom.
#[derive(Clone, Copy)]
enum How {
    Alone,
    /// This comes in on stdin.
    Asked(&'static str),
    /// In a terminal, by somebody who answers so.
    Typed(&'static [(&'static str, &'static str)]),
    /// Ctrl-C while a service lets it wait.
    Stopped,
    /// The same, and this comes in on stdin.
    Interrupted(&'static str),
}

/// What there is when it starts.
#[derive(Clone, Copy, PartialEq)]
enum Place {
    /// Accounts of every kind in a token file.
    Usual,
    Empty,
    /// That account alone.
    Only(usize),
    /// The token file is none.
    Damaged,
    /// A vault that a passphrase opens, and the accounts in it.
    Vault,
}

struct Line {
    code: i32,
    arguments: &'static str,
    how: How,
    place: Place,
    /// Stdout is a disk that is full.
    is_full: bool,
}

fn line(code: i32, arguments: &'static str) -> Line {
    Line { code, arguments, how: How::Alone, place: Place::Usual, is_full: false }
}

impl Line {
    fn by(self, how: How) -> Self {
        Self { how, ..self }
    }

    fn full(self) -> Self {
        Self { is_full: true, ..self }
    }

    fn at(self, place: Place) -> Self {
        Self { place, ..self }
    }
}

/// The lines that every command that prints, reads the accounts, or takes the name of one has in common.
fn usual(command: &'static str) -> Vec<Line> {
    let with_account = |code, account: &'static str| {
        let arguments = match command {
            "run" => format!("run {account} -- true"),
            "handover" => format!("handover {account} --off"),
            "export" => format!("export {account} --to DIR/x --for authmd-key-no"),
            "git-credential" => format!("git-credential --account {account} get"),
            command => format!("{command} {account}"),
        };
        line(code, arguments.leak())
    };
    let wrong: &'static str = format!("{command} --no-such-flag").leak();
    let mut lines = vec![line(2, wrong)];
    match command {
        "show" | "verify" | "renew" | "revoke" | "history" | "forget" | "take-over" | "review" | "handover" | "run"
        | "token" => {
            lines.push(with_account(3, "nobody"));
            lines.push(with_account(2, "s"));
            if command != "history" {
                lines.push(with_account(8, "s000").at(Place::Damaged));
            }
        }
        _ => {}
    }
    lines
}

const REGISTRY: &str = "http://HOST";
const GIT: &str = "protocol=http\nhost=HOST\nusername=s000\n";
const PASSPHRASE: (&str, &str) = ("Passphrase of the vault", "correct horse");

fn lines_of(command: &'static str) -> Vec<Line> {
    let mut lines = usual(command);
    lines.extend(match command {
        "(none)" => vec![
            line(0, "").by(How::Typed(&[("Service", "q")])),
            line(2, ""),
            line(130, "").by(How::Typed(&[("Service", "\u{3}")])),
        ],
        "demo" => vec![
            line(0, "demo").by(How::Typed(&[("Northwind", "q")])),
            line(2, "demo"),
            line(130, "demo").by(How::Typed(&[("Northwind", "\u{3}")])),
        ],
        "sandbox" => {
            vec![line(0, "sandbox").by(How::Typed(&[("Placeholder Empty", "\u{3}")])), line(1, "sandbox --port BUSY")]
        }
        "discover" => vec![
            line(0, "discover BASE/nothing"),
            line(1, "discover BASE/nothing").full(),
            line(2, "discover"),
            line(7, "discover CLOSED"),
            line(9, "discover http://api.acme.dev"),
            line(130, "discover BASE/s/6/").by(How::Stopped),
        ],
        "add" => vec![
            line(0, "add BASE/s/0/ --mode api_key")
                .at(Place::Only(2))
                .by(How::Typed(&[("Type 1 to 2", "1"), ("The key", "key-0")])),
            line(1, "add BASE/s/0/ --mode api_key --json")
                .at(Place::Only(2))
                .by(How::Typed(&[("Type 1 to 2", "1"), ("The key", "key-0")]))
                .full(),
            line(5, "add BASE/s/0/"),
            line(6, "add BASE/nothing").by(How::Typed(&[])),
            line(7, "add CLOSED").by(How::Typed(&[])),
            line(9, "add http://api.acme.dev").by(How::Typed(&[])),
            line(130, "add BASE/s/6/").by(How::Typed(&[("Understood as", "\u{3}")])),
        ],
        "list" => vec![
            line(0, "list"),
            line(1, "list").full(),
            line(2, "list --within soon"),
            line(8, "list").at(Place::Damaged),
        ],
        "show" => vec![line(0, "show s000"), line(1, "show s000").full()],
        "check" => vec![
            line(0, "check").at(Place::Empty),
            line(1, "check").full(),
            line(4, "check"),
            line(4, "check --quiet"),
            line(8, "check").at(Place::Damaged),
        ],
        "verify" => vec![
            line(0, "verify s000"),
            line(1, "verify s000").full(),
            line(6, "verify s001"),
            line(7, "verify s004"),
            line(9, "verify s005"),
            line(130, "verify s006").by(How::Stopped),
        ],
        "renew" => vec![
            line(0, "renew s003"),
            line(0, "renew --due").at(Place::Empty),
            line(1, "renew --json s003").full(),
            line(5, "renew s002"),
            line(6, "renew s008"),
            line(7, "renew s009"),
            line(9, "renew s010"),
            line(130, "renew s012").by(How::Typed(&[("Understood as", "\u{3}")])),
        ],
        "revoke" => vec![
            line(0, "revoke s000"),
            line(0, "revoke --pending"),
            line(1, "revoke --json s000").full(),
            line(6, "revoke s007"),
            line(6, "revoke s011"),
            line(7, "revoke s004"),
            line(9, "revoke s005"),
            line(130, "revoke s006").by(How::Stopped),
        ],
        "history" => {
            vec![line(0, "history"), line(1, "history --json").full(), line(8, "history").at(Place::Damaged)]
        }
        "forget" => vec![line(0, "forget s000 s001")],
        "export" => vec![
            line(0, "export --all --to DIR/x --for KEY").at(Place::Vault).by(How::Typed(&[PASSPHRASE])),
            line(1, "export s000 --to DIR/x --for KEY --json").full(),
            line(3, "export nobody --to DIR/x --for KEY"),
            line(3, "export --all --to DIR/x").at(Place::Empty),
            line(5, "export --all --to DIR/x"),
            line(8, "export --all --to DIR/x --for KEY").at(Place::Damaged),
            line(130, "export s000 --to DIR/x").by(How::Typed(&[("New passphrase", "\u{1b}")])),
        ],
        "import" => vec![
            line(0, "import SEALED").at(Place::Vault).by(How::Typed(&[PASSPHRASE])),
            line(1, "import SEALED --json").at(Place::Vault).by(How::Typed(&[PASSPHRASE])).full(),
            line(2, "import DIR/nothing"),
            line(5, "import BYPASS"),
            line(8, "import SEALED").at(Place::Vault),
            line(130, "import BYPASS").by(How::Typed(&[("Passphrase of the file", "")])),
        ],
        "take-over" => vec![
            line(0, "take-over api.github.com:gh-ada").by(How::Typed(&[("Copy it", "yes")])),
            line(0, "take-over api.github.com:gh-ada git.acme.dev:gh-ops")
                .by(How::Typed(&[("Copy it", "no"), ("git.acme.dev", "yes")])),
            line(2, "take-over s000"),
            line(5, "take-over api.github.com:gh-ada"),
            line(130, "take-over api.github.com:gh-ada").by(How::Typed(&[("Copy it", "no")])),
        ],
        "review" => vec![line(0, "review s000"), line(2, "review s002"), line(2, "review s000 --after 0d")],
        "handover" => vec![
            line(0, "handover s000 --off"),
            line(5, "handover s000 --env-file DIR/env"),
            line(6, "handover s000 --agentos BASE").by(How::Typed(&[("?", "yes")])),
            line(7, "handover s000 --agentos CLOSED").by(How::Typed(&[("?", "yes")])),
            line(9, "handover s000 --agentos http://10.0.0.1/"),
            line(130, "handover s000 --env-file DIR/env").by(How::Typed(&[("?", "no")])),
        ],
        "run" => vec![
            line(42, "run s000 -- sh -c exit\u{a0}42"),
            line(5, "run s002 -- true"),
            line(6, "run s008 -- true"),
            line(7, "run s009 -- true"),
            line(9, "run s010 -- true"),
            line(130, "run s000 -- true").at(Place::Vault).by(How::Typed(&[(PASSPHRASE.0, "")])),
        ],
        "token" => vec![
            line(0, "token s000"),
            line(0, "token s000 --json"),
            line(1, "token s000").full(),
            line(5, "token s002"),
            line(6, "token s008"),
            line(7, "token s009"),
            line(8, "token s000").at(Place::Vault),
            line(9, "token s010"),
            line(130, "token s000").at(Place::Vault).by(How::Typed(&[(PASSPHRASE.0, "")])),
        ],
        "git-credential" => vec![
            line(0, "git-credential --account s000 get").by(How::Asked(GIT)),
            line(0, "git-credential get").by(How::Asked("protocol=https\nhost=nobody.dev\n")),
            line(1, "git-credential --account s000 get").by(How::Asked(GIT)).full(),
            line(2, "git-credential get").by(How::Asked("protocol=http\nhost=HOST\n")),
            line(3, "git-credential --account nobody get").by(How::Asked(GIT)),
            line(5, "git-credential --account s002 get").by(How::Asked(GIT)),
            line(6, "git-credential --account s008 get").by(How::Asked(GIT)),
            line(7, "git-credential --account s009 get").by(How::Asked(GIT)),
            line(9, "git-credential --account s010 get").by(How::Asked(GIT)),
            line(130, "git-credential --account s013 get").by(How::Interrupted(GIT)),
            line(8, "git-credential get").by(How::Asked(GIT)).at(Place::Damaged),
            line(9, "git-credential --account s000 get").by(How::Asked("protocol=https\nhost=git.evil.dev\n")),
        ],
        "docker-credential" => vec![
            line(0, "docker-credential list").by(How::Asked("")),
            line(0, "docker-credential version").by(How::Asked("")),
            line(1, "docker-credential get").by(How::Asked("registry.example.com")),
            line(2, "docker-credential store").by(How::Asked("{}")),
            line(5, "docker-credential get").by(How::Asked(REGISTRY)).at(Place::Only(2)),
            line(6, "docker-credential get").by(How::Asked(REGISTRY)).at(Place::Only(8)),
            line(7, "docker-credential get").by(How::Asked(REGISTRY)).at(Place::Only(9)),
            line(9, "docker-credential get").by(How::Asked(REGISTRY)).at(Place::Only(10)),
            line(130, "docker-credential get").by(How::Interrupted(REGISTRY)).at(Place::Only(13)),
            line(8, "docker-credential list").by(How::Asked("")).at(Place::Damaged),
        ],
        "store" => vec![
            line(0, "store status"),
            line(0, "store key").at(Place::Vault),
            line(0, "store lock").at(Place::Vault),
            line(1, "store status").full(),
            line(2, "store init --protection passphrase").at(Place::Vault),
            line(5, "store init --protection passphrase").at(Place::Empty),
            line(8, "store key").at(Place::Empty),
            line(8, "store init --protection keyring").at(Place::Empty),
            line(130, "store init --protection passphrase")
                .at(Place::Empty)
                .by(How::Typed(&[("New passphrase", "\u{1b}")])),
        ],
        "doctor" => vec![
            line(0, "doctor").at(Place::Empty),
            line(1, "doctor").at(Place::Empty).full(),
            line(8, "doctor").at(Place::Damaged),
        ],
        "completions" => vec![line(0, "completions zsh"), line(1, "completions bash").full(), line(2, "completions")],
        "man" => vec![line(0, "man"), line(1, "man").full()],
        other => panic!("{other} has no lines"),
    });
    lines
}

fn commands() -> Vec<&'static str> {
    TABLE.lines().skip(2).filter_map(|row| row.split_whitespace().next()).collect()
}

/// The accounts that the lines speak of.
fn accounts(world: &World) -> Vec<Kept> {
    let elsewhere = |mut kept: Kept, place: &str| {
        let account = Account {
            resource: place.to_owned(),
            start: url(place),
            revocation: Revocation::Endpoint { url: url(&format!("{place}revoke")), form: RevokeForm::OAuth },
            ..kept.account
        };
        kept.account = account;
        kept
    };
    let renewed_at = |nth: usize, place: &str| {
        let mut kept = world.renewing(nth);
        kept.account.renewal = Renewal::Refresh { url: url(&format!("{place}token")), resource: None };
        kept
    };
    let over = |nth: usize| {
        let mut kept = world.account(nth);
        kept.account.layers[0].expires_at = kept.account.created_at;
        kept
    };
    let mut exchanging = world.renewing(13);
    exchanging.account.renewal = Renewal::Exchange {
        url: url(&format!("{}token", exchanging.account.resource)),
        resource: None,
        identity: None,
    };
    exchanging.account.layers[1].kind = LayerKind::IdentityAssertion;
    exchanging.secrets.further[0].0 = LayerKind::IdentityAssertion;
    let mut by_hand = world.account(11);
    by_hand.account.revocation = Revocation::None;
    world
        .is(1, Like::Dead)
        .is(6, Like::Silent)
        .is(12, Like::Silent)
        .is(13, Like::Silent)
        .is(7, Like::Deaf)
        .is(8, Like::Barren);
    vec![
        world.account(0),
        world.account(1),
        over(2),
        world.renewing(3),
        elsewhere(world.account(4), CLOSED),
        elsewhere(world.account(5), FORBIDDEN),
        world.account(6),
        world.account(7),
        world.renewing(8),
        renewed_at(9, CLOSED),
        renewed_at(10, FORBIDDEN),
        by_hand,
        over(12),
        exchanging,
    ]
}

/// Nobody listens there.
const CLOSED: &str = "http://127.0.0.1:1/";
/// Credentials do not go over the network in the clear.
const FORBIDDEN: &str = "http://10.0.0.1/";

impl Place {
    fn home(self, world: &World) -> Home {
        let home = if self == Place::Vault || self == Place::Empty { Home::new() } else { Home::with_tokens() };
        match self {
            Place::Empty => {}
            Place::Usual => world.keep(&home, accounts(world)),
            Place::Only(nth) => world.keep(&home, accounts(world).into_iter().skip(nth).take(1)),
            Place::Damaged => {
                std::fs::write(home.path("tokens.json"), "{\"auth_md_token:https://a.dev/\": ").expect("written");
                std::fs::create_dir_all(home.path("home")).expect("made");
                std::fs::write(home.path("home/history.sqlite"), "no database, by far").expect("written");
            }
            Place::Vault => {
                let vault = Vault::new(home.folder.path().join("home/vault"), Arc::new(System::default()));
                vault.protect(&Guard::Passphrase(Secret::new(PASSPHRASE.1))).expect("made");
                for kept in accounts(world) {
                    let account = Account { store: StoreKind::Vault, ..kept.account };
                    vault.save(&Kept { account, ..kept }).expect("saved");
                }
            }
        }
        let gh = home.folder.path().join(".config/gh");
        std::fs::create_dir_all(&gh).expect("made");
        let hosts =
            "github.com:\n  user: ada\n  oauth_token: gho_1\ngit.acme.dev:\n  user: ops\n  oauth_token: gho_2\n";
        std::fs::write(gh.join("hosts.yml"), hosts).expect("written");
        home
    }
}

fn ended(line: &Line) -> (i32, String) {
    let world = World::start();
    let home = line.place.home(&world);
    let busy = TcpListener::bind("127.0.0.1:0").expect("a port");
    let public = || {
        let vault = Vault::new(home.folder.path().join("home/vault"), Arc::new(System::default()));
        vault.public_key().unwrap_or_else(|_| PrivateKey::from_bytes(&[7; 32]).expect("a key").public())
    };
    let sealed = |to: &To| {
        let path = home.path("sealed");
        let kept = vec![world.account(20)];
        Export::seal(&kept, to, noon()).expect("sealed").write(path.as_ref()).expect("written");
        path
    };
    let word = |word: &str| {
        let word = word.replace("DIR", &home.path("")).replace("CLOSED", CLOSED).replace('\u{a0}', " ");
        let word =
            word.replace("BASE", world.base()).replace("BUSY", &busy.local_addr().expect("bound").port().to_string());
        match word.as_str() {
            "KEY" => public().to_string(),
            "SEALED" => sealed(&To::Vault(public())),
            "BYPASS" => {
                sealed(&To::Passphrase(Secret::new("a few good words"), Cost { memory: 8, passes: 1, lanes: 1 }))
            }
            _ => word,
        }
    };
    let arguments: Vec<String> = line.arguments.split(' ').filter(|part| !part.is_empty()).map(word).collect();
    let arguments: Vec<&str> = arguments.iter().map(String::as_str).collect();
    if let How::Typed(answers) = line.how {
        let script = ["-c", "exec \"$0\" \"$@\" >/dev/full", PROGRAM];
        let mut screen = match line.is_full {
            true => Screen::run("sh", &[&script, arguments.as_slice()].concat(), &home),
            false => Screen::start(&arguments, &home),
        };
        for (shown, answer) in answers {
            screen.shows(shown);
            match answer.len() {
                1 if !answer.starts_with(char::is_numeric) => screen.keys(answer),
                _ => screen.line(answer),
            }
        }
        let (code, text) = screen.ends();
        return (code as i32, text);
    }
    let mut command = home.program(PROGRAM, &arguments);
    if line.is_full {
        command.stdout(OpenOptions::new().write(true).open("/dev/full").expect("there"));
    }
    let question = match line.how {
        How::Asked(question) | How::Interrupted(question) => Some(question),
        How::Alone | How::Typed(_) | How::Stopped => None,
    };
    if question.is_some() {
        command.stdin(Stdio::piped());
    }
    let mut child = command.spawn().expect("started");
    if let Some(question) = question {
        let question = question.replace("HOST", world.base().trim_start_matches("http://"));
        // Who does not read it may be gone already.
        let _ = child.stdin.take().expect("piped").write_all(question.as_bytes());
    }
    if let How::Stopped | How::Interrupted(_) = line.how {
        world.until_under_way(1);
        let sent = Command::new("kill").args(["-INT", &child.id().to_string()]).status().expect("sent");
        assert!(sent.success());
    }
    let output = child.wait_with_output().expect("waited");
    let text = format!("{}{}", String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr));
    (output.status.code().unwrap_or(-1), text)
}

#[test]
fn every_command_ends_with_every_code_that_the_table_has_and_no_other() {
    let mut cells: BTreeMap<&str, BTreeSet<i32>> = BTreeMap::new();
    for row in TABLE.lines().skip(2) {
        let mut words = row.split_whitespace();
        let Some(command) = words.next() else { continue };
        cells.insert(command, words.filter_map(|word| word.parse().ok()).collect());
    }
    let known: BTreeSet<String> = authmd_tui::args::Arguments::command()
        .get_subcommands()
        .filter(|command| !command.is_hide_set())
        .map(|command| command.get_name().to_owned())
        .chain(["(none)".to_owned()])
        .collect();
    assert_eq!(cells.keys().map(|command| (*command).to_owned()).collect::<BTreeSet<_>>(), known);
    for (command, codes) in &cells {
        let told: BTreeSet<i32> = lines_of(command).iter().map(|line| line.code).collect();
        assert_eq!(told, *codes, "{command}");
    }
}

/// Each line, a few at a time: most of it is waiting.
#[test]
fn each_line_ends_as_it_says() {
    let lines: Vec<Line> = commands().into_iter().flat_map(lines_of).collect();
    let next = AtomicUsize::new(0);
    let wrong = Mutex::new(Vec::new());
    std::thread::scope(|scope| {
        for _ in 0..4 {
            scope.spawn(|| {
                while let Some(line) = lines.get(next.fetch_add(1, Ordering::Relaxed)) {
                    let Ok((code, text)) = std::panic::catch_unwind(|| ended(line)) else {
                        wrong.lock().expect("whole").push(format!("{}: see above", line.arguments));
                        continue;
                    };
                    if code != line.code {
                        let told = format!("{}: {code}, not {}\n{text}", line.arguments, line.code);
                        wrong.lock().expect("whole").push(told);
                    }
                }
            });
        }
    });
    let wrong = wrong.into_inner().expect("whole");
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}
