//! The vault: real files, a pretended keyring.

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::Path;
use std::sync::Arc;

use authmd_tui::account::{
    Account, Client, Kept, Layer, LayerKind, Note, Proof, Renewal, Revocation, Secrets, StoreKind, Verdict,
};
use authmd_tui::flow::storage::Level;
use authmd_tui::flow::{Guard, Protection};
use authmd_tui::problem::{Kind, Problem};
use authmd_tui::secret::Secret;
use authmd_tui::store::json::Json;
use authmd_tui::store::keyring::{Keyring, Trouble};
use authmd_tui::store::lock::Locks;
use authmd_tui::store::vault::seal::Cost;
use authmd_tui::store::vault::{NAME, Schema, Vault};
use authmd_tui::store::{Store, Stores, migrate, survey};
use rusqlite::Connection;
use tempfile::TempDir;

use crate::store::{credential, keeps_its_promises, kept, listed};
use crate::support::keyring::FakeKeyring;
use crate::support::{account, hours, noon, url};

pub const CHEAP: Cost = Cost { memory: 8, passes: 1, lanes: 1 };

pub fn vault_in(folder: &TempDir, keyring: Arc<dyn Keyring>) -> Vault {
    Vault::new(folder.path().join("vault"), keyring).with(Schema::CURRENT, CHEAP)
}

fn passphrase(text: &str) -> Guard {
    Guard::Passphrase(Secret::new(text))
}

/// A vault that a working keyring opens.
fn made(folder: &TempDir) -> (Vault, Arc<FakeKeyring>) {
    let keyring = Arc::new(FakeKeyring::default());
    let vault = vault_in(folder, Arc::clone(&keyring) as Arc<dyn Keyring>);
    vault.protect(&Guard::Keyring).expect("made");
    (vault, keyring)
}

fn in_vault(label: Option<&str>) -> Account {
    kept(StoreKind::Vault, label)
}

fn saved(vault: &Vault, label: Option<&str>, secret: &str) -> Account {
    let account = in_vault(label);
    vault.save(&Kept::new(account.clone(), Secret::new(secret))).expect("saved");
    account
}

fn sql(folder: &TempDir) -> Connection {
    Connection::open(folder.path().join("vault").join(NAME)).expect("opened")
}

/// Every account with a refresh token, so that there are several secrets.
pub fn renewing() -> Kept {
    let mut account = in_vault(None);
    account.renewal = Renewal::Refresh { url: url("https://auth.acme.dev/token"), resource: None };
    account.layers.push(Layer { kind: LayerKind::RefreshToken, expires_at: Some(noon() + hours(1)) });
    let further = vec![(LayerKind::RefreshToken, Secret::new("rt_1"))];
    Kept { account, secrets: Secrets { credential: Secret::new("sk_1"), further } }
}

#[test]
fn the_vault_keeps_its_promises() {
    let folder = TempDir::new().expect("a folder");
    keeps_its_promises(&made(&folder).0);
}

#[test]
fn what_is_written_reads_back_the_same_in_another_program() {
    let folder = TempDir::new().expect("a folder");
    let (vault, keyring) = made(&folder);
    let mut all = Kept { account: Account { label: Some("work".into()), ..renewing().account }, ..renewing() };
    all.account.proof = Some(Proof { at: noon(), verdict: Verdict::Unclear { status: 200 } });
    (all.account.guarded, all.account.claimed, all.account.spending) = (Some(false), false, Some(noon()));
    all.account.metadata = Some(url("https://api.acme.dev/prm"));
    let mut bare = account("Bare ☃", "bare.dev", None, None);
    (bare.store, bare.identity, bare.guarded, bare.verified_at, bare.scopes) =
        (StoreKind::Vault, None, None, None, vec![]);
    bare.revocation = Revocation::Undiscovered;
    let bare = Kept::new(bare, Secret::new("“quoted”\n\\\u{0}"));
    for kept in [&all, &bare] {
        vault.save(kept).expect("saved");
    }
    let other = vault_in(&folder, keyring);
    assert_eq!(listed(&other), [all.account.clone(), bare.account.clone()]);
    for kept in [&all, &bare] {
        assert_eq!(other.load(&kept.account.id), Ok(Some(kept.clone())));
    }
}

#[test]
fn listing_saving_noting_and_forgetting_ask_no_keyring() {
    let folder = TempDir::new().expect("a folder");
    let (vault, keyring) = made(&folder);
    let first = saved(&vault, None, "sk_1");
    drop(vault);
    for trouble in [Trouble::Locked, Trouble::TimedOut, Trouble::None("x".into()), Trouble::Missing, Trouble::Denied] {
        keyring.fails(Some(trouble.clone()));
        *keyring.reads.lock().expect("not poisoned") = 0;
        let vault = vault_in(&folder, Arc::clone(&keyring) as Arc<dyn Keyring>);
        saved(&vault, Some("work"), "sk_2");
        assert_eq!(vault.note(&first.id, Note::Spending(noon()), first.obtained_at()), Ok(true));
        assert_eq!(listed(&vault).len(), 2);
        let removed = vault.forget(&in_vault(Some("work")).id).expect("forgotten").expect("it was there");
        vault.put_back(&removed).expect("put back");
        assert_eq!(listed(&vault).len(), 2);
        vault.forget(&in_vault(Some("work")).id).expect("forgotten");
        assert_eq!(*keyring.reads.lock().expect("not poisoned"), 0, "{trouble:?}");
        assert_eq!(vault.load(&first.id), Err(trouble.problem()), "and using one says what is wrong");
        keyring.fails(None);
        assert_eq!(credential(&vault.load(&first.id)), "sk_1", "nothing was lost by asking");
    }
}

#[test]
fn no_secret_stands_in_the_file() {
    let folder = TempDir::new().expect("a folder");
    let (vault, _) = made(&folder);
    let mut kept = renewing();
    kept.secrets.credential = Secret::new("sk_planted_in_the_vault");
    kept.secrets.further[0].1 = Secret::new("rt_planted_in_the_vault");
    vault.save(&kept).expect("saved");
    vault.protect(&passphrase("a planted passphrase")).expect("moved");
    for entry in fs::read_dir(folder.path().join("vault")).expect("readable") {
        let path = entry.expect("an entry").path();
        let bytes = fs::read(&path).expect("readable");
        let holds = |text: &str| bytes.windows(text.len()).any(|window| window == text.as_bytes());
        assert!(!holds("planted"), "{}", path.display());
    }
}

#[test]
fn a_passphrase_opens_it_once_per_run_and_a_wrong_one_does_not() {
    let folder = TempDir::new().expect("a folder");
    let keyring: Arc<dyn Keyring> = Arc::new(FakeKeyring::with(Trouble::None("no bus".into())));
    let vault = vault_in(&folder, Arc::clone(&keyring));
    vault.protect(&passphrase("correct horse")).expect("made");
    let first = saved(&vault, None, "sk_1");
    assert_eq!(credential(&vault.load(&first.id)), "sk_1", "who made it need not type it again");

    let vault = vault_in(&folder, keyring);
    saved(&vault, Some("work"), "sk_2");
    let locked = vault.load(&first.id).expect_err("locked");
    assert_eq!(locked.kind, Kind::Locked);
    assert_eq!(vault.unlock(&Secret::new("correct house")).map_err(|problem| problem.kind), Err(Kind::Locked));
    assert_eq!(vault.load(&first.id), Err(locked));
    vault.unlock(&Secret::new("correct horse")).expect("unlocked");
    assert_eq!(credential(&vault.load(&first.id)), "sk_1");
    assert_eq!(credential(&vault.load(&in_vault(Some("work")).id)), "sk_2", "saved while it was locked");
    assert!(vault.forget_key());
    assert!(vault.load(&first.id).is_err());
}

#[test]
fn locking_makes_every_program_forget_the_key() {
    let folder = TempDir::new().expect("a folder");
    let (vault, keyring) = made(&folder);
    vault.protect(&passphrase("correct horse")).expect("moved");
    let first = saved(&vault, None, "sk_1");
    assert_eq!(credential(&vault.load(&first.id)), "sk_1");
    vault_in(&folder, keyring).lock().expect("locked");
    assert_eq!(vault.load(&first.id).map_err(|problem| problem.kind), Err(Kind::Locked));
}

#[test]
fn moving_between_keyring_and_passphrase_leaves_one_way_and_every_secret() {
    let folder = TempDir::new().expect("a folder");
    let (vault, keyring) = made(&folder);
    let first = saved(&vault, None, "sk_1");
    vault.protect(&passphrase("correct horse")).expect("moved");
    let state = vault.state().expect("readable").expect("there");
    assert_eq!((state.protection, state.leftover, state.accounts), (Protection::Passphrase, false, 1));
    assert_eq!(keyring.items.lock().expect("not poisoned").len(), 0, "the keyring's copy is gone");

    vault.protect(&passphrase("another horse")).expect("changed");
    let fresh = vault_in(&folder, Arc::clone(&keyring) as Arc<dyn Keyring>);
    assert!(fresh.unlock(&Secret::new("correct horse")).is_err());
    fresh.unlock(&Secret::new("another horse")).expect("unlocked");
    fresh.protect(&Guard::Keyring).expect("moved back");
    let fresh = vault_in(&folder, keyring);
    assert_eq!(credential(&fresh.load(&first.id)), "sk_1");
    let wrapped: Option<Vec<u8>> =
        sql(&folder).query_row("SELECT wrapped FROM vault", [], |row| row.get(0)).expect("a row");
    assert_eq!(wrapped, None);
}

#[test]
fn a_locked_vault_is_not_moved_and_a_keyring_in_trouble_changes_nothing() {
    let folder = TempDir::new().expect("a folder");
    let (vault, keyring) = made(&folder);
    let first = saved(&vault, None, "sk_1");
    vault.protect(&passphrase("correct horse")).expect("moved");
    let fresh = vault_in(&folder, Arc::clone(&keyring) as Arc<dyn Keyring>);
    assert_eq!(fresh.protect(&Guard::Keyring).map_err(|problem| problem.kind), Err(Kind::Locked));
    keyring.fails(Some(Trouble::Denied));
    assert_eq!(vault.protect(&Guard::Keyring), Err(Trouble::Denied.problem()));
    fresh.unlock(&Secret::new("correct horse")).expect("as before");
    assert_eq!(credential(&fresh.load(&first.id)), "sk_1");

    keyring.fails(None);
    fresh.protect(&Guard::Keyring).expect("moved");
    keyring.fails(Some(Trouble::TimedOut));
    // The key is in memory: the vault gets its passphrase, and the copy that cannot be removed is told of.
    let told = fresh.protect(&passphrase("correct horse")).expect_err("told");
    assert!(told.what.contains("still has a copy"), "{told}");
    assert!(fresh.state().expect("readable").expect("there").leftover);
    keyring.fails(None);
    fresh.protect(&passphrase("correct horse")).expect("finished");
    assert!(!fresh.state().expect("readable").expect("there").leftover);
    assert_eq!(keyring.items.lock().expect("not poisoned").len(), 0);
}

#[test]
fn a_keyring_that_does_not_give_back_what_it_took_is_not_trusted() {
    struct Forgetful(FakeKeyring);
    impl Keyring for Forgetful {
        fn get(&self, name: &str) -> Result<zeroize::Zeroizing<Vec<u8>>, Trouble> {
            self.0.get(name).map(|_| zeroize::Zeroizing::new(Vec::new()))
        }
        fn set(&self, name: &str, secret: &[u8]) -> Result<(), Trouble> {
            self.0.set(name, secret)
        }
        fn delete(&self, name: &str) -> Result<(), Trouble> {
            self.0.delete(name)
        }
    }
    let folder = TempDir::new().expect("a folder");
    let vault = vault_in(&folder, Arc::new(Forgetful(FakeKeyring::default())));
    let problem = vault.protect(&Guard::Keyring).expect_err("not trusted");
    assert!(problem.what.contains("did not read back the same") && !vault.exists(), "{problem}");
}

#[test]
fn another_machines_key_is_told_from_a_missing_one() {
    let folder = TempDir::new().expect("a folder");
    let (vault, keyring) = made(&folder);
    let first = saved(&vault, None, "sk_1");
    vault.forget_key();
    keyring.items.lock().expect("not poisoned").values_mut().for_each(|key| key[0] ^= 255);
    assert!(vault.load(&first.id).expect_err("refused").what.contains("another key"));
    keyring.items.lock().expect("not poisoned").clear();
    assert_eq!(vault.load(&first.id), Err(Trouble::Missing.problem()));
}

#[test]
fn a_secret_goes_nowhere_but_where_it_was_sealed_for() {
    for change in [
        "UPDATE account SET resource = 'https://evil.dev/'",
        "UPDATE account SET renewal = '{\"way\":\"refresh\",\"url\":\"https://evil.dev/token\"}'",
        "UPDATE account SET revocation = '{\"way\":\"endpoint\",\"url\":\"https://evil.dev/\",\"form\":\"rfc7009\"}'",
        "UPDATE account SET start = 'https://evil.dev/', metadata = NULL, revocation = '{\"way\":\"undiscovered\"}'",
        "UPDATE account SET metadata = 'https://evil.dev/prm'",
        "UPDATE layer SET account = 'api.other.dev'",
        "UPDATE layer SET kind = 'api_key' WHERE nth = 1",
    ] {
        let folder = TempDir::new().expect("a folder");
        let (vault, _) = made(&folder);
        let kept = renewing();
        vault.save(&kept).expect("saved");
        let other = account("Other", "other.dev", None, None);
        vault
            .save(&Kept::new(Account { store: StoreKind::Vault, ..other.clone() }, Secret::new("sk_2")))
            .expect("saved");
        if change.contains("api.other.dev") {
            sql(&folder).execute("DELETE FROM layer WHERE account = 'api.other.dev'", []).expect("deleted");
        }
        sql(&folder).execute(change, []).expect("changed");
        let id = if change.contains("api.other.dev") { &other.id } else { &kept.account.id };
        let problem = vault.load(id).expect_err(change);
        assert_eq!(problem.kind, Kind::Unsafe, "{change}: {problem}");
    }
}

#[test]
fn a_record_that_cannot_be_read_hides_no_other() {
    let folder = TempDir::new().expect("a folder");
    let (vault, _) = made(&folder);
    saved(&vault, None, "sk_1");
    saved(&vault, Some("work"), "sk_2");
    sql(&folder).execute("UPDATE account SET mode = 'telepathy' WHERE label IS NULL", []).expect("changed");
    let listing = vault.accounts();
    assert_eq!(listing.accounts.len(), 1);
    assert!(listing.problem.expect("told").what.contains("api.acme.dev"));
}

#[test]
fn folders_and_files_are_for_their_owner_only_and_checked() {
    let folder = TempDir::new().expect("a folder");
    let (vault, _) = made(&folder);
    let first = saved(&vault, None, "sk_1");
    let inside = folder.path().join("vault");
    let mode = |path: &Path| fs::metadata(path).expect("there").permissions().mode() & 0o777;
    let set = |path: &Path, mode| fs::set_permissions(path, fs::Permissions::from_mode(mode)).expect("set");
    assert_eq!(mode(&inside), 0o700);
    for entry in fs::read_dir(&inside).expect("readable") {
        let path = entry.expect("an entry").path();
        assert_eq!(mode(&path), 0o600, "{}", path.display());
    }
    for (path, loose) in [(inside.join(NAME), 0o640), (inside.clone(), 0o750), (inside.join(NAME), 0o602)] {
        let right = mode(&path);
        set(&path, loose);
        let (fresh, keyring) = (Vault::new(inside.clone(), Arc::new(FakeKeyring::default())), FakeKeyring::default());
        let problem = fresh.accounts().problem.expect("told");
        assert!(problem.what.contains(&path.display().to_string()) && problem.hint.contains("--repair"), "{problem}");
        assert!(fresh.save(&Kept::new(first.clone(), Secret::new("sk"))).is_err());
        assert_eq!(mode(&path), loose, "nothing is mended unasked");
        let mended = survey::repair(
            &Stores::new(vec![], Locks::here(), Some("the test says so"))
                .with_vault(Arc::new(Vault::new(inside.clone(), Arc::new(FakeKeyring::default())))),
        );
        assert!(mended.expect("mended").contains(&path));
        assert_eq!((mode(&path), listed(&fresh).len()), (right, 1));
        drop(keyring);
    }
}

#[test]
fn an_older_vault_is_brought_up_to_date_with_a_copy_of_what_was() {
    const NEXT: Schema = Schema(&[
        Schema::FIRST,
        Schema::SECOND,
        Schema::THIRD,
        Schema::FOURTH,
        "ALTER TABLE account ADD COLUMN note TEXT",
    ]);
    let folder = TempDir::new().expect("a folder");
    let (vault, keyring) = made(&folder);
    let first = saved(&vault, None, "sk_1");
    let newer = vault_in(&folder, Arc::clone(&keyring) as Arc<dyn Keyring>).with(NEXT, CHEAP);
    assert_eq!(listed(&newer), std::slice::from_ref(&first));
    assert_eq!(newer.state().expect("readable").expect("there").schema, NEXT.version());

    let copy = folder.path().join("vault").join(format!("{NAME}.v{}", Schema::CURRENT.version()));
    assert_eq!(fs::metadata(&copy).expect("a copy").permissions().mode() & 0o777, 0o600);
    let version: u32 = Connection::open(&copy)
        .and_then(|copy| copy.pragma_query_value(None, "user_version", |row| row.get(0)))
        .expect("a version");
    assert_eq!(version, Schema::CURRENT.version());

    // The program of the older version had it open, and one is started anew: both read, neither writes.
    for older in [vault, vault_in(&folder, keyring)] {
        assert_eq!(listed(&older), std::slice::from_ref(&first));
        assert_eq!(credential(&older.load(&first.id)), "sk_1");
        let refused = older.save(&Kept::new(first.clone(), Secret::new("sk_2"))).expect_err("only read");
        assert!(refused.what.contains("newer version"), "{refused}");
        assert!(older.offers()[0].problem.is_some());
    }
}

#[test]
fn the_client_of_a_vault_of_version_two_is_still_known() {
    let folder = TempDir::new().expect("a folder");
    let (vault, keyring) = made(&folder);
    let mut account = account("Acme", "acme.dev", None, Some(48));
    account.store = StoreKind::Vault;
    account.renewal = Renewal::Refresh { url: url("https://auth.acme.dev/token"), resource: None };
    vault.save(&Kept::new(account.clone(), Secret::new("sk_1"))).expect("saved");
    drop(vault);
    Connection::open(folder.path().join("vault").join(NAME))
        .and_then(|file| {
            file.execute_batch(
                "ALTER TABLE account DROP COLUMN more;
                 ALTER TABLE account DROP COLUMN client; ALTER TABLE account DROP COLUMN bound;
                 UPDATE account SET renewal = json_set(renewal, '$.client_id', 'acme-agent'); PRAGMA user_version = 2",
            )
        })
        .expect("as it was in version two");
    account.client = Some(Client::named("acme-agent"));
    let vault = vault_in(&folder, keyring);
    assert_eq!(listed(&vault), std::slice::from_ref(&account));
    assert_eq!(credential(&vault.load(&account.id)), "sk_1");
}

#[test]
fn a_step_that_fails_leaves_the_vault_as_it_was() {
    const BROKEN: Schema = Schema(&[
        Schema::FIRST,
        Schema::SECOND,
        Schema::THIRD,
        Schema::FOURTH,
        "ALTER TABLE account ADD COLUMN note TEXT; SELECT nonsense",
    ]);
    let folder = TempDir::new().expect("a folder");
    let (vault, keyring) = made(&folder);
    let first = saved(&vault, None, "sk_1");
    drop(vault);
    let broken = vault_in(&folder, Arc::clone(&keyring) as Arc<dyn Keyring>).with(BROKEN, CHEAP);
    assert!(broken.accounts().problem.is_some());
    assert_eq!(listed(&vault_in(&folder, keyring)), [first]);
}

#[test]
fn a_damaged_file_is_said_to_be_damaged_and_left_alone() {
    let folder = TempDir::new().expect("a folder");
    let (vault, keyring) = made(&folder);
    for nth in 0..50 {
        saved(&vault, Some(&format!("n{nth}")), "sk");
    }
    drop(vault);
    let path = folder.path().join("vault").join(NAME);
    let whole = fs::read(&path).expect("readable");
    for (damaged, readable) in
        [(&whole[..whole.len() - 5], 49..=50), (b"not a vault, but long enough to be looked at", 0..=0)]
    {
        fs::write(&path, damaged).expect("written");
        let vault = vault_in(&folder, Arc::clone(&keyring) as Arc<dyn Keyring>);
        let listing = vault.accounts();
        let told = listing.problem.map(|problem| problem.what).unwrap_or_default();
        assert!(
            told.contains("damaged") && readable.contains(&listing.accounts.len()),
            "{told} {}",
            listing.accounts.len()
        );
        assert!(vault.save(&Kept::new(in_vault(None), Secret::new("sk"))).is_err());
        drop(vault);
        assert!(fs::read(&path).expect("readable") == damaged, "left as it is");
    }
    fs::write(&path, &whole).expect("put back");
    assert_eq!(listed(&vault_in(&folder, keyring)).len(), 50);
}

#[test]
fn a_vault_put_back_under_a_running_program_is_the_one_it_uses() {
    let folder = TempDir::new().expect("a folder");
    let (vault, _) = made(&folder);
    saved(&vault, None, "sk_1");
    let path = folder.path().join("vault").join(NAME);
    let copy = folder.path().join("copy");
    sql(&folder).execute("VACUUM INTO ?1", [copy.display().to_string()]).expect("copied");
    saved(&vault, Some("work"), "sk_2");
    fs::set_permissions(&copy, fs::Permissions::from_mode(0o600)).expect("set");
    for beside in ["-wal", "-shm"] {
        let _ = fs::remove_file(folder.path().join("vault").join(format!("{NAME}{beside}")));
    }
    fs::rename(&copy, &path).expect("put back");
    assert_eq!(listed(&vault).len(), 1);
    saved(&vault, Some("home"), "sk_3");
    assert_eq!(listed(&vault).len(), 2);
}

#[test]
fn what_cannot_be_made_says_so_and_leaves_nothing() {
    let folder = TempDir::new().expect("a folder");
    fs::write(folder.path().join("vault"), "in the way").expect("written");
    let keyring = Arc::new(FakeKeyring::default());
    let vault = vault_in(&folder, Arc::clone(&keyring) as Arc<dyn Keyring>);
    let problem: Problem = vault.protect(&Guard::Keyring).expect_err("refused");
    assert!(problem.kind == Kind::Store && problem.hint.contains("--store"), "{problem}");
    assert_eq!(keyring.items.lock().expect("not poisoned").len(), 0);
}

#[test]
fn there_is_one_vault_however_often_it_is_made() {
    let folder = TempDir::new().expect("a folder");
    let (vault, keyring) = made(&folder);
    let first = saved(&vault, None, "sk_1");
    vault_in(&folder, Arc::clone(&keyring) as Arc<dyn Keyring>).protect(&Guard::Keyring).expect("nothing to do");
    assert_eq!(listed(&vault), [first]);
    assert_eq!(keyring.items.lock().expect("not poisoned").len(), 1);
}

/// The stores of somebody who has both a vault and a token file.
fn both(folder: &TempDir) -> (Stores, Arc<Vault>, Arc<Json>) {
    let (vault, _) = made(folder);
    let (vault, file) = (Arc::new(vault), Arc::new(Json::new(folder.path().join("tokens.json"))));
    let in_use: Vec<Arc<dyn Store>> = vec![vault.clone(), file.clone()];
    (
        Stores::new(in_use, Locks::here(), Some("the test says so")).with_vault(vault.clone()).with_file(file.clone()),
        vault,
        file,
    )
}

#[test]
fn the_token_files_accounts_are_taken_over_whole_and_those_of_others_stay() {
    let folder = TempDir::new().expect("a folder");
    let (stores, vault, file) = both(&folder);
    let path = folder.path().join("tokens.json");
    fs::write(&path, r#"{"auth_md_token:https://other.dev/": {"credential": "sk_other", "extra": 1}}"#)
        .expect("written");
    let mut mine = renewing();
    mine.account.store = StoreKind::Json;
    file.save(&mine).expect("saved");
    let mut newer = Kept::new(kept(StoreKind::Json, Some("work")), Secret::new("sk_old"));
    file.save(&newer).expect("saved");
    (newer.account.store, newer.account.renewed_at) = (StoreKind::Vault, Some(noon()));
    newer.secrets.credential = Secret::new("sk_new");
    vault.save(&newer).expect("saved");

    let taken = migrate::take_over(&stores, false).expect("taken over");
    assert_eq!((taken.moved, taken.copied, taken.newer), (1, 0, 1));
    mine.account.store = StoreKind::Vault;
    assert_eq!(vault.load(&mine.account.id), Ok(Some(mine)));
    assert_eq!(credential(&stores.load(&newer.account.id)), "sk_new", "nothing newer is overwritten");
    let left = fs::read_to_string(&path).expect("there");
    assert!(left.contains(r#""extra": 1"#) && !left.contains("sk_1") && left.contains("sk_old"), "{left}");

    let taken = migrate::take_over(&stores, true).expect("taken over");
    assert_eq!((taken.moved, taken.copied), (0, 1));
    assert!(fs::read_to_string(&path).expect("there").contains("sk_other"), "it is another program's file");
    assert_eq!(listed(vault.as_ref()).len(), 3);
}

#[test]
fn a_locked_vault_takes_nothing_over() {
    let folder = TempDir::new().expect("a folder");
    let (stores, vault, file) = both(&folder);
    file.save(&Kept::new(kept(StoreKind::Json, None), Secret::new("sk_1"))).expect("saved");
    vault.protect(&passphrase("correct horse")).expect("moved");
    vault.forget_key();
    assert_eq!(migrate::take_over(&stores, false).map_err(|problem| problem.kind), Err(Kind::Locked));
    assert_eq!((listed(file.as_ref()).len(), listed(vault.as_ref()).len()), (1, 0));
}

#[test]
fn a_look_at_the_stores_opens_nothing_and_names_what_is_wrong() {
    let folder = TempDir::new().expect("a folder");
    let (stores, vault, file) = both(&folder);
    saved(&vault, None, "sk_1");
    let clean = survey::survey(&stores);
    assert!(clean.findings.iter().all(|finding| finding.level == Level::Good), "{clean:?}");
    assert_eq!((clean.keyring.0, clean.state().expect("a vault").accounts), ("works", 1));

    file.save(&Kept::new(kept(StoreKind::Json, Some("file")), Secret::new("sk_2"))).expect("saved");
    fs::set_permissions(file.path(), fs::Permissions::from_mode(0o644)).expect("set");
    let found = survey::survey(&stores);
    let loose: Vec<_> = found.findings.iter().filter(|finding| finding.level == Level::Problem).collect();
    assert!(matches!(loose.as_slice(), [one] if one.what.contains("tokens.json can be read by others (mode 0644)")));
    survey::repair(&stores).expect("mended");
    assert!(survey::survey(&stores).findings.iter().all(|finding| finding.level == Level::Good));
}

#[test]
#[cfg(target_os = "linux")]
fn looking_at_the_file_gives_up_no_lock() {
    let folder = TempDir::new().expect("a folder");
    let (vault, _) = made(&folder);
    saved(&vault, None, "sk_1");
    vault.accounts();
    let held = || {
        let file = fs::File::options().write(true).open(folder.path().join("vault").join(NAME)).expect("opened");
        let locks = fs::read_to_string("/proc/locks").expect("readable");
        let inode = std::os::unix::fs::MetadataExt::ino(&file.metadata().expect("there"));
        // Closing `file` here would give up the very lock that is looked for.
        std::mem::forget(file);
        locks.lines().any(|line| line.contains("POSIX") && line.contains(&format!(":{inode} ")))
    };
    assert!(held(), "SQLite's lock on the open vault");
    let reading = vault.state().expect("readable");
    assert!(reading.is_some() && held(), "and still after another look");
}

#[test]
fn two_programs_that_move_the_key_at_once_never_lose_it() {
    /// A keyring that takes its time to delete, so that somebody comes in between.
    struct Slow(Arc<FakeKeyring>, std::sync::Barrier);
    impl Keyring for Slow {
        fn get(&self, name: &str) -> Result<zeroize::Zeroizing<Vec<u8>>, Trouble> {
            self.0.get(name)
        }
        fn set(&self, name: &str, secret: &[u8]) -> Result<(), Trouble> {
            self.0.set(name, secret)
        }
        fn delete(&self, name: &str) -> Result<(), Trouble> {
            self.1.wait();
            (0..20_000).for_each(|_| std::thread::yield_now());
            self.0.delete(name)
        }
    }
    let folder = TempDir::new().expect("a folder");
    let (vault, keyring) = made(&folder);
    let first = saved(&vault, None, "sk_1");
    drop(vault);
    let slow = Arc::new(Slow(Arc::clone(&keyring), std::sync::Barrier::new(2)));
    let away = vault_in(&folder, slow.clone());
    let back = vault_in(&folder, Arc::clone(&keyring) as Arc<dyn Keyring>);
    std::thread::scope(|scope| {
        scope.spawn(|| away.protect(&passphrase("correct horse")).expect("moved"));
        scope.spawn(|| {
            slow.1.wait();
            back.unlock(&Secret::new("correct horse")).expect("the row says so already");
            back.protect(&Guard::Keyring).expect("moved back");
        });
    });
    let fresh = vault_in(&folder, keyring);
    assert_eq!(credential(&fresh.load(&first.id)), "sk_1");
}

#[test]
fn what_a_vault_that_was_taken_away_left_behind_is_not_mixed_into_a_new_one() {
    let folder = TempDir::new().expect("a folder");
    let (vault, keyring) = made(&folder);
    saved(&vault, None, "sk_1");
    let inside = folder.path().join("vault");
    let wal = fs::read(inside.join(format!("{NAME}-wal"))).expect("a log");
    drop(vault);
    fs::remove_file(inside.join(NAME)).expect("taken away");
    fs::write(inside.join(format!("{NAME}-wal")), &wal).expect("left behind");
    fs::set_permissions(inside.join(format!("{NAME}-wal")), fs::Permissions::from_mode(0o600)).expect("set");
    let vault = vault_in(&folder, keyring);
    vault.protect(&Guard::Keyring).expect("made");
    assert_eq!(listed(&vault), []);
    assert_eq!(fs::read(inside.join(format!("{NAME}-wal.left-1"))).expect("kept"), wal);
}

#[test]
fn an_empty_file_is_no_empty_vault() {
    let folder = TempDir::new().expect("a folder");
    let (vault, keyring) = made(&folder);
    drop(vault);
    let path = folder.path().join("vault").join(NAME);
    fs::write(&path, b"").expect("emptied");
    let vault = vault_in(&folder, keyring);
    assert!(vault.accounts().problem.expect("told").what.contains("damaged"));
    assert!(vault.save(&Kept::new(in_vault(None), Secret::new("sk"))).is_err());
    assert_eq!(fs::read(&path).expect("there"), b"");
}

#[test]
fn what_was_mended_is_used_again_without_a_restart() {
    let folder = TempDir::new().expect("a folder");
    let (vault, keyring) = made(&folder);
    saved(&vault, None, "sk_1");
    drop(vault);
    let path = folder.path().join("vault").join(NAME);
    let whole = fs::read(&path).expect("readable");
    fs::write(&path, &whole[..whole.len() - 5]).expect("cut short");
    let vault = vault_in(&folder, keyring);
    assert!(vault.save(&Kept::new(in_vault(None), Secret::new("sk"))).is_err());
    fs::write(&path, &whole).expect("put back, in the same file");
    assert_eq!(listed(&vault).len(), 1);
    saved(&vault, Some("work"), "sk_2");
}

#[test]
fn an_update_that_fails_leaves_one_copy_however_often_it_is_tried() {
    const BROKEN: Schema = Schema(&[Schema::FIRST, Schema::SECOND, Schema::THIRD, Schema::FOURTH, "SELECT nonsense"]);
    let folder = TempDir::new().expect("a folder");
    let (vault, keyring) = made(&folder);
    drop(vault);
    let broken = vault_in(&folder, keyring).with(BROKEN, CHEAP);
    (0..3).for_each(|_| assert!(broken.accounts().problem.is_some()));
    let copies = fs::read_dir(folder.path().join("vault")).expect("readable");
    let names = copies.map(|entry| entry.expect("an entry").file_name().into_string().expect("text"));
    assert_eq!(
        names
            .filter(|name| name.contains(&format!(".v{}", Schema::CURRENT.version())) || name.contains(".copy"))
            .count(),
        1
    );
}

#[test]
fn an_intent_that_stands_nowhere_is_no_intent() {
    let folder = TempDir::new().expect("a folder");
    let (stores, vault, _) = both(&folder);
    let first = saved(&vault, None, "sk_1");
    let now = noon() + hours(1);
    assert!(stores.note(&first.id, Note::Spending(now), Some(now)).is_err(), "another credential is there");
    assert!(stores.note(&in_vault(Some("gone")).id, Note::Spending(now), None).is_err());
    stores.note(&first.id, Note::Spending(now), first.obtained_at()).expect("noted");
    stores.note(&in_vault(Some("gone")).id, Note::Unspent, None).expect("no matter");
}

#[test]
fn another_programs_newer_credential_is_copied_too_and_nothing_is_counted_twice() {
    let folder = TempDir::new().expect("a folder");
    let (stores, vault, file) = both(&folder);
    let entry = |credential: &str, day: u8| {
        format!(
            r#"{{"auth_md_token:https://other.dev/": {{"credential": "{credential}", "registered_at": "2026-11-{day:02}T00:00:00Z"}}}}"#
        )
    };
    for (credential, day) in [("sk_first", 1), ("sk_second", 2)] {
        fs::write(file.path(), entry(credential, day)).expect("written");
        assert_eq!(migrate::take_over(&stores, true).map(|taken| taken.copied), Ok(1), "{credential}");
        assert_eq!(migrate::take_over(&stores, true).map(|taken| taken.copied), Ok(0), "it is there");
        let id = listed(vault.as_ref())[0].id.clone();
        assert_eq!(credential, self::credential(&vault.load(&id)));
    }
}

#[test]
fn nothing_is_taken_over_into_a_vault_that_is_not_in_use() {
    let folder = TempDir::new().expect("a folder");
    let (_, vault, file) = both(&folder);
    file.save(&Kept::new(kept(StoreKind::Json, None), Secret::new("sk_1"))).expect("saved");
    let stores = Stores::new(vec![file.clone()], Locks::here(), Some("the test says so"))
        .with_vault(vault)
        .with_file(file.clone());
    assert!(migrate::take_over(&stores, false).is_err());
    assert_eq!(listed(file.as_ref()).len(), 1);
}

#[test]
fn a_vault_that_another_program_has_just_made_is_not_changed_by_making_one() {
    let folder = TempDir::new().expect("a folder");
    let (vault, keyring) = made(&folder);
    let first = saved(&vault, None, "sk_1");
    let late = vault_in(&folder, Arc::clone(&keyring) as Arc<dyn Keyring>);
    for guard in [passphrase("correct horse"), Guard::Keyring] {
        assert!(late.create(&guard).expect_err("refused").what.contains("There is a vault already"));
    }
    assert_eq!(late.state().expect("readable").expect("there").protection, Protection::Keyring);
    assert_eq!(credential(&vault_in(&folder, keyring.clone()).load(&first.id)), "sk_1", "its key is where it was");
    assert_eq!(keyring.items.lock().expect("not poisoned").len(), 1);
}

#[test]
fn a_file_that_is_short_beside_a_whole_log_is_mended_and_not_called_damaged() {
    let folder = TempDir::new().expect("a folder");
    let (vault, keyring) = made(&folder);
    for nth in 0..60 {
        saved(&vault, Some(&format!("n{nth}")), "sk");
    }
    // As after a kill while the log was being copied into the file: the first page is new, the last ones are missing.
    let inside = folder.path().join("vault");
    let (path, log) = (inside.join(NAME), inside.join(format!("{NAME}-wal")));
    let whole_log = fs::read(&log).expect("a log");
    drop(vault);
    let whole = fs::read(&path).expect("checkpointed");
    fs::write(&path, &whole[..whole.len() / 2]).expect("cut");
    fs::write(&log, &whole_log).expect("put back");
    fs::set_permissions(&log, fs::Permissions::from_mode(0o600)).expect("set");
    let vault = vault_in(&folder, keyring);
    assert_eq!(listed(&vault).len(), 60);
    saved(&vault, Some("after"), "sk");
}
