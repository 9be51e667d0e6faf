//! The vault under programs that die at any moment, and under many at once.

use std::collections::BTreeMap;
use std::io::{BufRead, BufReader, Write};
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::sync::Arc;
use std::thread;

use authmd_tui::account::{Account, Kept, Layer, LayerKind, Note, Renewal, Secrets, StoreKind};
use authmd_tui::flow::Guard;
use authmd_tui::secret::Secret;
use authmd_tui::store::json::Json;
use authmd_tui::store::keyring::Trouble;
use authmd_tui::store::lock::Locks;
use authmd_tui::store::vault::seal::Cost;
use authmd_tui::store::vault::{Schema, Vault};
use authmd_tui::store::{Store, Stores, migrate};
use jiff::SignedDuration;
use tempfile::TempDir;

use crate::store::listed;
use crate::support::keyring::FakeKeyring;
use crate::support::{account, noon, url};

const CHEAP: Cost = Cost { memory: 8, passes: 1, lanes: 1 };
const PASSPHRASES: [&str; 2] = ["the one passphrase", "the other passphrase"];

fn open(folder: &Path) -> Vault {
    let keyring = FakeKeyring::with(Trouble::None("no keyring in this test".into()));
    let vault = Vault::new(folder.join("vault"), Arc::new(keyring));
    vault.with(Schema::CURRENT, CHEAP)
}

fn unlock(vault: &Vault) {
    let opened = PASSPHRASES.iter().any(|passphrase| vault.unlock(&Secret::new(*passphrase)).is_ok());
    assert!(opened, "one of the two passphrases opens it");
}

/// An account whose every part says which change wrote it.
fn marked(name: &str, change: u32, store: StoreKind) -> Kept {
    let mut account = account("Acme", &format!("{name}.dev"), None, None);
    account.store = store;
    account.renewal = Renewal::Refresh { url: url("https://auth.acme.dev/token"), resource: None };
    account.renewed_at = Some(noon() + SignedDuration::from_secs(change.into()));
    account.scopes = vec![change.to_string()];
    account.layers.push(Layer { kind: LayerKind::RefreshToken, expires_at: account.renewed_at });
    let further = vec![(LayerKind::RefreshToken, Secret::new(format!("rt_{name}_{change}")))];
    Kept { account, secrets: Secrets { credential: Secret::new(format!("sk_{name}_{change}")), further } }
}

/// The change that wrote this account: all parts have to say the same.
fn change_of(vault: &Vault, listed: &Account, name: &str) -> u32 {
    let kept = vault.load(&listed.id).expect("readable").expect("there");
    let change: u32 = kept.account.scopes[0].parse().expect("a number");
    let whole = marked(name, change, StoreKind::Vault);
    assert_eq!(kept.secrets, whole.secrets, "{name}: the secrets are those of the metadata");
    assert_eq!(kept.account.layers, whole.account.layers, "{name}");
    assert_eq!(kept.account.renewed_at, whole.account.renewed_at, "{name}");
    change
}

fn child(test: &str, folder: &Path, variables: &[(&str, String)]) -> Command {
    let mut command = Command::new(std::env::current_exe().expect("a path"));
    command.args(["--ignored", "--exact", test, "--nocapture"]);
    command.env("FOLDER", folder).envs(variables.iter().map(|(name, value)| (*name, value)));
    command
}

fn folder_of_child() -> std::path::PathBuf {
    std::env::var("FOLDER").expect("a folder").into()
}

fn number_of_child(name: &str) -> u32 {
    std::env::var(name).expect("a number").parse().expect("a number")
}

/// Numbers that look random and can be repeated (xorshift).
struct Dice(u32);

impl Dice {
    fn roll(&mut self, sides: u32) -> u32 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 17;
        self.0 ^= self.0 << 5;
        self.0 % sides
    }
}

#[test]
fn whenever_it_is_killed_what_was_acknowledged_is_there_and_nothing_is_half_done() {
    let folder = TempDir::new().expect("a folder");
    open(folder.path()).protect(&Guard::Passphrase(Secret::new(PASSPHRASES[0]))).expect("made");
    let mut dice = Dice(20_261_122);
    // What each account has to be: the last change acknowledged.
    let mut acknowledged: BTreeMap<String, Option<u32>> = BTreeMap::new();
    let (mut changes, mut kills, mut next) = (0, 0, 1);
    while changes < 3_000 || kills < 40 {
        let mut killed = child("endurance::changes_until_it_is_killed", folder.path(), &[("FIRST", next.to_string())])
            .stdout(Stdio::piped())
            .spawn()
            .expect("started");
        let mut lines = BufReader::new(killed.stdout.take().expect("piped")).lines();
        let until = 1 + dice.roll(180);
        let mut begun: Option<(String, Option<u32>)> = None;
        let mut seen = 0;
        let mut follow = |line: String| {
            let words: Vec<&str> = line.split(' ').collect();
            let (["begin", name, change] | ["done", name, change]) = words.as_slice() else {
                return 0;
            };
            let is = change.parse().ok();
            next = next.max(is.unwrap_or(0) + 1);
            match words[0] {
                "begin" => begun = Some(((*name).to_owned(), is)),
                _ => {
                    acknowledged.insert((*name).to_owned(), is);
                    begun = None;
                }
            }
            u32::from(words[0] == "done")
        };
        while seen < until {
            match lines.next() {
                Some(Ok(line)) => seen += follow(line),
                _ => panic!("the child ended by itself"),
            }
        }
        (0..dice.roll(3_000)).for_each(|_| thread::yield_now());
        killed.kill().expect("killed");
        // What it had said before it died counts as well.
        lines.map_while(Result::ok).for_each(|line| seen += follow(line));
        killed.wait().expect("waited");
        kills += 1;
        changes += seen;

        let vault = open(folder.path());
        unlock(&vault);
        let file = Json::new(folder.path().join("tokens.json"));
        let mut there: BTreeMap<String, Option<u32>> = BTreeMap::new();
        for listed in listed(&vault) {
            let name = listed.id.as_str().trim_start_matches("api.").trim_end_matches(".dev").to_owned();
            let change = change_of(&vault, &listed, &name);
            assert_eq!(there.insert(name, Some(change)), None, "no account is there twice");
        }
        for account in file.accounts().accounts {
            let name = account.id.as_str().trim_start_matches("api.").trim_end_matches(".dev").to_owned();
            // On its way into the vault: in the file, or in both, and the newer one counts.
            let change = account.scopes[0].parse().ok();
            let known = there.entry(name).or_insert(change);
            *known = (*known).max(change);
        }
        for (name, change) in &acknowledged {
            let is = there.get(name).copied().flatten();
            let under_way = begun.as_ref().filter(|(begun, _)| begun == name).map(|(_, change)| *change);
            assert!(
                is == *change || under_way == Some(is),
                "{name}: {is:?} is there; {change:?} was acknowledged, {under_way:?} was under way"
            );
        }
        // What was under way is settled now, one way or the other.
        if let Some((name, _)) = begun {
            let is = there.get(&name).copied().flatten();
            acknowledged.insert(name, is);
        }
    }
    assert!(acknowledged.len() > 10, "{acknowledged:?}");
}

#[test]
#[ignore = "only to be run by the test above, which kills it"]
fn changes_until_it_is_killed() {
    let folder = folder_of_child();
    let vault = Arc::new(open(&folder));
    unlock(&vault);
    let file = Arc::new(Json::new(folder.join("tokens.json")));
    let in_use: Vec<Arc<dyn Store>> = vec![vault.clone(), file.clone()];
    let stores =
        Stores::new(in_use, Locks::here(), Some("the test says so")).with_vault(vault.clone()).with_file(file.clone());
    let say = |line: String| {
        let mut out = std::io::stdout();
        writeln!(out, "{line}").and_then(|()| out.flush()).expect("somebody reads");
    };
    let first = number_of_child("FIRST");
    let mut dice = Dice(first.wrapping_mul(2_654_435_761) | 1);
    // What a run before this one had not finished moving.
    migrate::take_over(&stores, false).expect("taken over");
    for change in first.. {
        let name = format!("a{}", dice.roll(12));
        let kept = marked(&name, change, StoreKind::Vault);
        match dice.roll(10) {
            0 => {
                say(format!("begin {name} -"));
                vault.forget(&kept.account.id).expect("forgotten");
                say(format!("done {name} -"));
            }
            1 => {
                // A new passphrase changes no account.
                vault.protect(&Guard::Passphrase(Secret::new(PASSPHRASES[change as usize % 2]))).expect("protected");
                say("done passphrase -".to_owned());
            }
            2 => {
                let name = format!("m{}", dice.roll(6));
                let kept = marked(&name, change, StoreKind::Json);
                say(format!("begin {name} {change}"));
                file.save(&kept).expect("saved");
                migrate::take_over(&stores, false).expect("taken over");
                say(format!("done {name} {change}"));
            }
            3..=5 => {
                // A renewal: the intent, then the successor.
                say(format!("begin {name} {change}"));
                if let Some(former) = vault.load(&kept.account.id).expect("readable") {
                    let account = former.account;
                    vault.note(&account.id, Note::Spending(noon()), account.obtained_at()).expect("noted");
                }
                vault.save(&kept).expect("saved");
                say(format!("done {name} {change}"));
            }
            _ => {
                say(format!("begin {name} {change}"));
                vault.save(&kept).expect("saved");
                say(format!("done {name} {change}"));
            }
        }
    }
}

#[test]
fn eight_programs_that_change_one_vault_at_once_lose_nothing_and_double_nothing() {
    let folder = TempDir::new().expect("a folder");
    open(folder.path()).protect(&Guard::Passphrase(Secret::new(PASSPHRASES[0]))).expect("made");
    let programs: Vec<Child> = (0..8)
        .map(|nth| {
            child("endurance::changes_two_hundred_times", folder.path(), &[("NTH", nth.to_string())])
                .stdout(Stdio::piped())
                .spawn()
                .expect("started")
        })
        .collect();
    let mut expected: BTreeMap<String, u32> = BTreeMap::new();
    for program in programs {
        let output = program.wait_with_output().expect("waited");
        let text = String::from_utf8(output.stdout).expect("text");
        assert!(output.status.success(), "{text}");
        let is = |line: &str| line.strip_prefix("is ")?.split_once(' ').map(|(a, b)| (a.to_owned(), b.to_owned()));
        expected.extend(text.lines().filter_map(is).map(|(name, change)| (name, change.parse().expect("a number"))));
    }
    let vault = open(folder.path());
    unlock(&vault);
    let mut there = BTreeMap::new();
    for listed in listed(&vault) {
        let name = listed.id.as_str().trim_start_matches("api.").trim_end_matches(".dev").to_owned();
        let change = change_of(&vault, &listed, &name);
        if name != "shared" {
            assert_eq!(there.insert(name, change), None);
        }
    }
    assert_eq!(there, expected);
    assert!(there.len() > 20, "{}", there.len());
}

#[test]
#[ignore = "only to be run by the test above, eight times at once"]
fn changes_two_hundred_times() {
    let mut vault = open(&folder_of_child());
    let nth = number_of_child("NTH");
    let mut dice = Dice(nth.wrapping_mul(2_654_435_761) | 1);
    let mut is: BTreeMap<String, u32> = BTreeMap::new();
    for change in 1..=200 {
        if change % 20 == 0 {
            // Programs come and go while others have it open.
            vault = open(&folder_of_child());
        }
        let name = format!("p{nth}a{}", dice.roll(6));
        let kept = marked(&name, change, StoreKind::Vault);
        match dice.roll(8) {
            0 => {
                vault.forget(&kept.account.id).expect("forgotten");
                is.remove(&name);
            }
            1 => {
                // One that all of them change.
                let shared = marked("shared", nth * 1_000 + change, StoreKind::Vault);
                vault.save(&shared).expect("saved");
            }
            2 => drop(vault.note(&kept.account.id, Note::Spending(noon()), None).expect("noted")),
            3 => assert_eq!(vault.accounts().problem, None),
            _ => {
                vault.save(&kept).expect("saved");
                is.insert(name, change);
            }
        }
    }
    is.iter().for_each(|(name, change)| println!("is {name} {change}"));
}

#[test]
fn a_disk_that_takes_no_more_is_told_and_what_was_there_stays() {
    let folder = TempDir::new().expect("a folder");
    open(folder.path()).protect(&Guard::Passphrase(Secret::new(PASSPHRASES[0]))).expect("made");
    // Files may not grow beyond this in the child, as on a disk that is full.
    let test = child("endurance::saves_until_the_disk_is_full", folder.path(), &[]);
    let program = test.get_program().to_owned();
    let output = Command::new("sh")
        .args(["-c", "trap '' XFSZ; ulimit -f 300; exec \"$0\" \"$@\""])
        .arg(program)
        .args(test.get_args())
        .env("FOLDER", folder.path())
        .output()
        .expect("run");
    let text = String::from_utf8_lossy(&output.stdout).into_owned();
    assert!(output.status.success(), "{text}\n{}", String::from_utf8_lossy(&output.stderr));
    let saved: usize = text.lines().find_map(|line| line.strip_prefix("saved ")?.parse().ok()).expect("a number");
    let vault = open(folder.path());
    unlock(&vault);
    let accounts = listed(&vault);
    assert!(saved > 5 && accounts.len() == saved, "{saved} were acknowledged, {} are there", accounts.len());
    accounts.iter().for_each(|account| assert!(vault.load(&account.id).expect("readable").is_some()));
    vault.save(&marked("again", 1, StoreKind::Vault)).expect("with room, it goes on");
}

#[test]
#[ignore = "only to be run by the test above, with little room"]
fn saves_until_the_disk_is_full() {
    let vault = open(&folder_of_child());
    let mut saved = 0;
    let problem = loop {
        match vault.save(&marked(&format!("n{saved}"), 1, StoreKind::Vault)) {
            Ok(()) => saved += 1,
            Err(problem) => break problem,
        }
        assert!(saved < 100_000, "the limit is not there");
    };
    assert!(problem.what.contains("disk") && problem.hint.contains("try again"), "{problem}");
    assert_eq!(vault.accounts().accounts.len(), saved, "what is there is still listed");
    println!("saved {saved}");
}

/// Steps that take a while, so that a kill comes in between.
const LATER: Schema = Schema(&[
    Schema::FIRST,
    Schema::SECOND,
    Schema::THIRD,
    Schema::FOURTH,
    "ALTER TABLE account ADD COLUMN note TEXT; UPDATE account SET note = hex(randomblob(20000))",
    "CREATE TABLE notes (id TEXT PRIMARY KEY, text TEXT) STRICT; INSERT INTO notes SELECT id, note FROM account",
]);

#[test]
fn killed_while_it_is_brought_up_to_date_a_vault_is_of_the_one_version_or_the_other() {
    let mut killed_at_work = 0;
    for round in 0..25_u32 {
        let folder = TempDir::new().expect("a folder");
        let vault = open(folder.path());
        vault.protect(&Guard::Passphrase(Secret::new(PASSPHRASES[0]))).expect("made");
        (0..20).for_each(|nth| vault.save(&marked(&format!("n{nth}"), nth, StoreKind::Vault)).expect("saved"));
        drop(vault);
        let mut program = child("endurance::brings_a_vault_up_to_date", folder.path(), &[])
            .stdout(Stdio::piped())
            .spawn()
            .expect("started");
        let mut lines = BufReader::new(program.stdout.take().expect("piped")).lines().map_while(Result::ok);
        assert!(lines.any(|line| line == "begin"), "it is at work");
        (0..round * 250).for_each(|_| thread::yield_now());
        program.kill().expect("killed");
        program.wait().expect("waited");
        killed_at_work += u32::from(!lines.any(|line| line == "done"));
        let vault = open(folder.path()).with(LATER, CHEAP);
        unlock(&vault);
        assert_eq!(
            vault.state().expect("readable").expect("there").schema,
            LATER.version(),
            "the next program finishes it"
        );
        let accounts = listed(&vault);
        assert_eq!(accounts.len(), 20, "round {round}");
        accounts.iter().for_each(|account| assert!(vault.load(&account.id).expect("readable").is_some()));
    }
    assert!(killed_at_work > 0, "no kill came in between");
}

#[test]
#[ignore = "only to be run by the test above, which kills it"]
fn brings_a_vault_up_to_date() {
    let vault = open(&folder_of_child()).with(LATER, CHEAP);
    let mut out = std::io::stdout();
    writeln!(out, "begin").and_then(|()| out.flush()).expect("somebody reads");
    assert_eq!(vault.accounts().problem, None);
    writeln!(out, "done").and_then(|()| out.flush()).expect("somebody reads");
}
