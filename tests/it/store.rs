//! One set of tests for every store, and what is special about the shared file.

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::Arc;
use std::thread;

use authmd_tui::account::{
    Account, Client, Elsewhere, Event, Happened, Kept, Layer, LayerKind, Note, Proof, Renewal, Revocation, Source,
    StoreKind, Verdict,
};
use authmd_tui::flow::StoreOffer;
use authmd_tui::http::Presentation;
use authmd_tui::problem::{Kind, Problem};
use authmd_tui::secret::Secret;
use authmd_tui::store::json::Json;
use authmd_tui::store::lock::Locks;
use authmd_tui::store::memory::Memory;
use authmd_tui::store::{Store, Stores};
use tempfile::TempDir;

use crate::support::{account, hours, noon, url};

fn json_in(folder: &TempDir) -> (Json, PathBuf) {
    let path = folder.path().join("tokens.json");
    (Json::new(path.clone()), path)
}

pub fn kept(store: StoreKind, label: Option<&str>) -> Account {
    Account { store, ..account("Acme Mail", "acme.dev", label, Some(48)) }
}

/// Every account of a store that can be read.
pub fn listed(store: &dyn Store) -> Vec<Account> {
    let listing = store.accounts();
    assert_eq!(listing.problem, None);
    listing.accounts
}

pub fn offer(store: &dyn Store) -> StoreOffer {
    store.offers().remove(0)
}

pub fn credential(loaded: &Result<Option<Kept>, Problem>) -> &str {
    loaded.as_ref().expect("readable").as_ref().expect("there").secrets.credential.expose()
}

/// What any store promises.
pub fn keeps_its_promises(store: &dyn Store) {
    let kind = store.kind();
    let (first, second) = (kept(kind, None), kept(kind, Some("work")));
    assert_eq!(listed(store), []);
    assert_eq!(store.load(&first.id).expect("readable"), None);
    assert_eq!(offer(store).problem, None);

    store.save(&Kept::new(first.clone(), Secret::new("sk_1"))).expect("saved");
    store.save(&Kept::new(second.clone(), Secret::new("sk_2"))).expect("saved");
    assert_eq!(listed(store), [first.clone(), second.clone()]);
    assert_eq!(credential(&store.load(&second.id)), "sk_2");

    let renewed = Account { renewed_at: Some(noon()), ..first.clone() };
    store.save(&Kept::new(renewed.clone(), Secret::new("sk_3"))).expect("saved");
    assert_eq!(listed(store).len(), 2, "in place of the one with that id");
    assert_eq!(credential(&store.load(&first.id)), "sk_3");

    let proof = Proof { at: noon() + hours(1), verdict: Verdict::Refused { status: 401 } };
    store.note(&first.id, Note::Proof(proof), first.obtained_at()).expect("recorded");
    assert_eq!(listed(store)[0].proof, None, "a proof about the former credential is none about this one");
    store.note(&first.id, Note::Proof(proof), renewed.obtained_at()).expect("recorded");
    assert_eq!(listed(store)[0].proof, Some(proof));
    assert_eq!(credential(&store.load(&first.id)), "sk_3", "the credential is untouched");

    keeps_every_layer(store, &second);
    let held = store.load(&first.id).expect("readable");
    let removed = store.forget(&first.id).expect("forgotten").expect("it was there");
    assert_eq!(store.forget(&first.id).expect("twice is no error"), None);
    assert_eq!(listed(store), std::slice::from_ref(&second));
    // As it was, notes and all; and it tells nothing of what it holds.
    assert!(!format!("{removed:?}").contains("sk_3"));
    store.put_back(&removed).expect("put back");
    assert_eq!(store.load(&first.id).expect("readable"), held);
    store.forget(&first.id).expect("forgotten");
    assert_eq!(listed(store), [second]);
    store
        .note(&first.id, Note::Proof(proof), renewed.obtained_at())
        .expect("a proof about what is gone changes nothing");
    assert_eq!(listed(store).len(), 1);
}

/// Some layers have no secret, and an account that was confirmed may have none that opens the resource yet.
fn keeps_every_layer(store: &dyn Store, former: &Account) {
    let layer = |kind, ends: i64| Layer { kind, expires_at: Some(noon() + hours(ends)) };
    let mut account = Account { presentation: Presentation::ApiKey, claimed: false, ..former.clone() };
    account.renewal = Renewal::Exchange {
        url: url("https://auth.acme.dev/token"),
        resource: Some(former.resource.clone()),
        identity: Some(url("https://auth.acme.dev/agent/identity")),
    };
    account.client = Some(Client::named("acme-agent"));
    account.bound = true;
    account.layers = vec![layer(LayerKind::Claim, 72)];
    let mut kept = Kept::new(account, Secret::default());
    kept.put(layer(LayerKind::ClientRegistration, 96), None);
    kept.put(layer(LayerKind::RefreshToken, 48), Secret::new("rt_1"));
    kept.put(layer(LayerKind::IdentityAssertion, 24), Secret::new("jwt_1"));
    assert!(kept.account.lacks_credential());
    for credential in [None, Some(Secret::new("at_1"))] {
        if let Some(credential) = credential {
            kept.put(layer(LayerKind::AccessToken, 1), credential);
        }
        store.save(&kept).expect("saved");
        assert_eq!(listed(store).last(), Some(&kept.account));
        assert_eq!(store.load(&kept.account.id).expect("readable"), Some(kept.clone()));
    }
    store.save(&Kept::new(former.clone(), Secret::new("sk_2"))).expect("saved");
}

#[test]
fn memory_keeps_its_promises() {
    keeps_its_promises(&Memory::default());
}

#[test]
fn the_file_keeps_its_promises() {
    let folder = TempDir::new().expect("a folder");
    keeps_its_promises(&json_in(&folder).0);
}

#[test]
fn what_is_written_reads_back_the_same() {
    let folder = TempDir::new().expect("a folder");
    let (store, path) = json_in(&folder);
    let mut all = kept(StoreKind::Json, Some("work"));
    all.proof = Some(Proof { at: noon(), verdict: Verdict::Unclear { status: 200 } });
    (all.guarded, all.claimed, all.renewed_at) = (Some(false), false, Some(noon()));
    let mut bare = account("Bare", "bare.dev", None, None);
    (bare.store, bare.identity, bare.guarded, bare.verified_at, bare.scopes) =
        (StoreKind::Json, None, None, None, vec![]);
    bare.revocation = Revocation::None;
    for account in [&all, &bare] {
        store.save(&Kept::new(account.clone(), Secret::new("sk"))).expect("saved");
    }
    assert_eq!(listed(&Json::new(path.clone())), [all, bare]);
    let mode = |path: &Path| fs::metadata(path).expect("there").permissions().mode() & 0o777;
    assert_eq!((mode(&path), mode(&path.with_extension("json.lock"))), (0o600, 0o600));
}

const FOREIGN: &str = r#"{
    "unrelated" : {"n": 1.0e5, "big": 12345678901234567890123, "s": "\u00e4\/"},
    "auth_md_token:https://api.orbit.dev/": {"credential": "sk_other", "scopes": "a b", "expires": "2026-11-24T12:00:00.000Z",
        "service": "Orbit\u001b[31m API", "email": "ada@example.com", "registered_at": "2026-10-01T00:00:00Z", "extra" : [1 , 2]},
    "auth_md_token:https://bare.dev": {"credential":"sk_bare"},
    "auth_md_token:no object": 7
}
"#;

#[test]
fn entries_of_other_tools_are_listed_and_stay_letter_for_letter() {
    let folder = TempDir::new().expect("a folder");
    let (store, path) = json_in(&folder);
    fs::write(&path, FOREIGN).expect("written");
    let accounts = listed(&store);
    assert_eq!(
        accounts.iter().map(|account| (account.id.as_str(), account.service.as_str())).collect::<Vec<_>>(),
        [("api.orbit.dev", "Orbit [31m API"), ("bare.dev", "bare.dev")]
    );
    assert_eq!(
        (&accounts[0].revocation, &accounts[0].source),
        (
            &Revocation::Undiscovered,
            &Source::Foreign(Elsewhere {
                file: path.display().to_string(),
                tool: None,
                loose: Some("can be read by others (mode 0644)".into())
            })
        )
    );
    assert_eq!(
        (accounts[0].scopes.as_slice(), accounts[0].expires_at()),
        (["a".to_owned(), "b".to_owned()].as_slice(), Some(noon() + hours(48)))
    );
    assert_eq!(credential(&store.load(&accounts[1].id)), "sk_bare");

    let mine = kept(StoreKind::Json, None);
    store.save(&Kept::new(mine.clone(), Secret::new("sk_mine"))).expect("saved");
    let with_mine = fs::read_to_string(&path).expect("there");
    assert!(with_mine.starts_with(FOREIGN.trim_end().trim_end_matches('}').trim_end()), "{with_mine}");
    store.forget(&mine.id).expect("forgotten");
    assert_eq!(fs::read_to_string(&path).expect("there"), FOREIGN);
}

#[test]
fn what_another_tool_wrote_is_no_way_into_a_terminal() {
    let folder = TempDir::new().expect("a folder");
    let (store, path) = json_in(&folder);
    let entry =
        |resource: &str, credential: &str| format!("\"auth_md_token:{resource}\":{{\"credential\":\"{credential}\"}}");
    let entries = [
        entry("https://good.dev/", "sk_1"),
        entry("https://esc.dev/", "sk\\u001b]52;c;AA\\u0007"),
        entry("https://bidi.dev/", "sk\\u202e1"),
        entry("https://a.dev/\\u009b2J", "sk_2"),
    ];
    fs::write(&path, format!("{{{}}}", entries.join(","))).expect("written");
    fs::set_permissions(&path, fs::Permissions::from_mode(0o600)).expect("kept to us");
    let ids: Vec<String> = listed(&store).iter().map(|account| account.id.to_string()).collect();
    assert_eq!(ids, ["good.dev", "esc.dev", "bidi.dev"]);
    let readable: Vec<bool> =
        listed(&store).iter().map(|account| matches!(store.load(&account.id), Ok(Some(_)))).collect();
    assert_eq!(readable, [true, false, false], "and the rest has no credential");
}

#[test]
fn a_proof_about_another_tools_entry_changes_only_our_own_member() {
    let folder = TempDir::new().expect("a folder");
    let (store, path) = json_in(&folder);
    fs::write(&path, FOREIGN).expect("written");
    let orbit = listed(&store).remove(0);
    let proof = Proof { at: noon(), verdict: Verdict::Accepted { status: 200 } };
    store.note(&orbit.id, Note::Proof(proof), orbit.obtained_at()).expect("recorded");
    let text = fs::read_to_string(&path).expect("there");
    let at = text.find(",\"authmd_tui\"").or_else(|| text.find(", \"authmd_tui\"")).unwrap_or_else(|| panic!("{text}"));
    let end = at + text[at..].find("}}").or_else(|| text[at..].find("}\n")).expect("the end of the member") + 1;
    assert_eq!(format!("{}{}", &text[..at], &text[end..]), FOREIGN, "everything else is as it was");
    let again = listed(&store).remove(0);
    assert_eq!((again.proof, again.verified_at), (Some(proof), Some(noon())));
    assert!(matches!(again.source, Source::Foreign(_)), "it is still the other tool's");
}

#[test]
fn unknown_members_of_our_own_entries_stay_too() {
    let folder = TempDir::new().expect("a folder");
    let (store, path) = json_in(&folder);
    let mine = kept(StoreKind::Json, None);
    store.save(&Kept::new(mine.clone(), Secret::new("sk_1"))).expect("saved");
    let text = fs::read_to_string(&path).expect("there").replacen(
        "\"credential\"",
        "\"note\": {\"by\" : \"hand\"},\n    \"credential\"",
        1,
    );
    fs::write(&path, &text).expect("written");
    store.save(&Kept::new(mine.clone(), Secret::new("sk_2"))).expect("saved");
    assert_eq!(fs::read_to_string(&path).expect("there"), text.replace("sk_1", "sk_2"));
}

#[test]
fn a_file_that_does_not_parse_is_refused_copied_and_never_overwritten() {
    for damaged in ["{\"auth_md_token:https://a.dev/\": {\"credential\": \"sk", "[]", "not json", "{} trailing"] {
        let folder = TempDir::new().expect("a folder");
        let (store, path) = json_in(&folder);
        fs::write(&path, damaged).expect("written");
        let problem = store.accounts().problem.expect("refused");
        assert_eq!(problem.kind, Kind::Store);
        assert!(problem.hint.contains("tokens.json.damaged-1"), "{problem}");
        let refused = store.save(&Kept::new(kept(StoreKind::Json, None), Secret::new("sk")));
        assert!(refused.is_err() && store.forget(&kept(StoreKind::Json, None).id).is_err());
        assert!(offer(&store).problem.is_some());
        assert_eq!(fs::read_to_string(&path).expect("there"), damaged);
        assert_eq!(fs::read_to_string(folder.path().join("tokens.json.damaged-1")).expect("a copy"), damaged);
        assert!(!folder.path().join("tokens.json.damaged-2").exists(), "one copy is enough");
    }
}

#[test]
fn a_file_cut_short_loses_nothing_and_works_again_once_mended() {
    let folder = TempDir::new().expect("a folder");
    let (store, path) = json_in(&folder);
    for n in 0..20 {
        let account = Account { store: StoreKind::Json, ..account("S", &format!("s{n}.dev"), None, None) };
        store.save(&Kept::new(account.clone(), Secret::new(format!("sk_{n}")))).expect("saved");
    }
    let whole = fs::read_to_string(&path).expect("there");
    fs::write(&path, &whole[..whole.len() - 5]).expect("written");
    assert!(store.save(&Kept::new(kept(StoreKind::Json, None), Secret::new("sk"))).is_err());
    fs::write(&path, &whole).expect("mended");
    assert_eq!(listed(&store).len(), 20);
}

#[test]
fn a_symbolic_link_stays_one_and_the_rights_of_the_file_stay() {
    let folder = TempDir::new().expect("a folder");
    let real = folder.path().join("real.json");
    fs::write(&real, "{}").expect("written");
    fs::set_permissions(&real, fs::Permissions::from_mode(0o640)).expect("set");
    let link = folder.path().join("link.json");
    std::os::unix::fs::symlink(&real, &link).expect("linked");
    let store = Json::new(link.clone());
    store.save(&Kept::new(kept(StoreKind::Json, None), Secret::new("sk"))).expect("saved");
    assert!(fs::symlink_metadata(&link).expect("there").is_symlink());
    assert_eq!(fs::metadata(&real).expect("there").permissions().mode() & 0o777, 0o640);
    assert_eq!(listed(&Json::new(real)).len(), 1);
}

#[test]
fn offering_a_store_leaves_nothing_behind() {
    let folder = TempDir::new().expect("a folder");
    let below = folder.path().join("not/yet/there/tokens.json");
    assert_eq!(offer(&Json::new(below)).problem, None);
    assert_eq!(fs::read_dir(folder.path()).expect("readable").count(), 0);
}

#[test]
fn what_cannot_be_written_is_a_problem_that_says_so() {
    let folder = TempDir::new().expect("a folder");
    let in_the_way = folder.path().join("file");
    fs::write(&in_the_way, "").expect("written");
    let store = Json::new(in_the_way.join("tokens.json"));
    let problem = store.save(&Kept::new(kept(StoreKind::Json, None), Secret::new("sk"))).expect_err("refused");
    assert!(problem.kind == Kind::Store && problem.hint.contains("--store"), "{problem}");
}

#[test]
fn eight_writers_at_once_lose_nothing() {
    let folder = TempDir::new().expect("a folder");
    let path = folder.path().join("tokens.json");
    let writers: Vec<_> = (0..8)
        .map(|writer| {
            let path = path.clone();
            thread::spawn(move || {
                let store = Json::new(path);
                for n in 0..25 {
                    let account =
                        Account { store: StoreKind::Json, ..account("S", &format!("w{writer}n{n}.dev"), None, None) };
                    let kept = Kept::new(account, Secret::new("sk"));
                    // On a busy machine the others may hold it for longer than anybody waits; that is told, and no loss.
                    while let Err(problem) = store.save(&kept) {
                        assert!(problem.what.starts_with("Another program has been writing"), "{problem}");
                    }
                }
            })
        })
        .collect();
    writers.into_iter().for_each(|writer| writer.join().expect("a writer ended well"));
    assert_eq!(listed(&Json::new(path)).len(), 200);
}

#[test]
fn a_kill_at_any_moment_leaves_a_whole_file() {
    let folder = TempDir::new().expect("a folder");
    let path = folder.path().join("tokens.json");
    let store = Json::new(path.clone());
    store.save(&Kept::new(kept(StoreKind::Json, None), Secret::new("sk_0"))).expect("saved");
    let mut killed_at_work = 0;
    for round in 0..30_u32 {
        let mut child = Command::new(std::env::current_exe().expect("a path"))
            .args(["--ignored", "--exact", "store::writes_until_it_is_killed", "--nocapture"])
            .env("WRITE_TO", &path)
            .stdout(std::process::Stdio::null())
            .spawn()
            .expect("started");
        // Once it writes for certain, let it go on for a different while each time.
        while fs::read_to_string(&path).is_ok_and(|text| !text.contains("sk_written")) {
            thread::yield_now();
        }
        (0..round * 50).for_each(|_| thread::yield_now());
        killed_at_work += u32::from(child.try_wait().expect("asked").is_none());
        child.kill().expect("killed");
        child.wait().expect("waited");
        assert_eq!(listed(&Json::new(path.clone())).len(), 1);
        store.save(&Kept::new(kept(StoreKind::Json, None), Secret::new("sk_0"))).expect("the lock of the dead is free");
    }
    assert_eq!(killed_at_work, 30);
}

#[test]
#[ignore = "only to be run by the test above, which kills it"]
fn writes_until_it_is_killed() {
    let store = Json::new(PathBuf::from(std::env::var("WRITE_TO").expect("a place")));
    for n in 0_u64.. {
        store.save(&Kept::new(kept(StoreKind::Json, None), Secret::new(format!("sk_written_{n}")))).expect("saved");
    }
}

#[test]
fn a_renewal_kept_elsewhere_is_the_one_that_counts() {
    let folder = TempDir::new().expect("a folder");
    let (json, _) = json_in(&folder);
    let stores =
        Stores::new(vec![Arc::new(json), Arc::new(Memory::default())], Locks::here(), Some("the test says so"));
    let in_file = kept(StoreKind::Json, None);
    let renewed = Account { renewed_at: Some(noon()), ..kept(StoreKind::Memory, None) };
    stores.save(&Kept::new(in_file.clone(), Secret::new("sk_old")), None).expect("saved");
    stores.save(&Kept::new(renewed.clone(), Secret::new("sk_new")), None).expect("saved");
    let listed = stores.accounts().accounts;
    let same = Account { more: listed[0].more.clone(), ..renewed };
    assert_eq!(listed, std::slice::from_ref(&same));
    assert_eq!(credential(&stores.load(&in_file.id)), "sk_new");
    stores.forget(&in_file.id, &removed_at_noon()).expect("forgotten");
    assert_eq!(stores.accounts().accounts, [], "forgotten is forgotten everywhere");
}

#[test]
fn what_a_newer_version_wrote_is_left_alone() {
    let folder = TempDir::new().expect("a folder");
    let (store, path) = json_in(&folder);
    let mine = kept(StoreKind::Json, None);
    store.save(&Kept::new(mine.clone(), Secret::new("sk_1"))).expect("saved");
    let newer =
        fs::read_to_string(&path).expect("there").replace("{\"version\":1", "{\"refresh\":{\"a\" : 1},\"version\":2");
    fs::write(&path, &newer).expect("written");
    let read = listed(&store).remove(0);
    let proof = Proof { at: noon(), verdict: Verdict::Accepted { status: 200 } };
    store.note(&read.id, Note::Proof(proof), read.obtained_at()).expect("nothing to do");
    assert_eq!(fs::read_to_string(&path).expect("there"), newer);

    let extended = newer.replace("\"version\":2", "\"version\":1");
    fs::write(&path, &extended).expect("written");
    store.note(&mine.id, Note::Proof(proof), mine.obtained_at()).expect("recorded");
    assert!(
        fs::read_to_string(&path).expect("there").contains("\"refresh\":{\"a\" : 1}"),
        "a member not known here stays"
    );
}

#[test]
fn a_credential_that_another_tool_put_in_place_is_not_judged_by_the_former_ones_proof() {
    let folder = TempDir::new().expect("a folder");
    let (store, path) = json_in(&folder);
    let mine = kept(StoreKind::Json, None);
    store.save(&Kept::new(mine.clone(), Secret::new("sk_1"))).expect("saved");
    let proof = Proof { at: noon(), verdict: Verdict::Refused { status: 401 } };
    store.note(&mine.id, Note::Proof(proof), mine.obtained_at()).expect("recorded");
    assert_eq!(listed(&store)[0].proof, Some(proof));
    let text = fs::read_to_string(&path).expect("there");
    let renewed =
        text.replace("sk_1", "sk_2").replacen("\"registered_at\": \"2026-10-23", "\"registered_at\": \"2026-11-22", 1);
    assert_ne!(text, renewed);
    fs::write(&path, renewed).expect("written");
    let read = listed(&store).remove(0);
    assert_eq!((read.proof, read.id), (None, mine.id));
}

#[test]
fn a_file_that_may_not_be_written_is_not_renamed_over() {
    let folder = TempDir::new().expect("a folder");
    let (store, path) = json_in(&folder);
    fs::write(&path, FOREIGN).expect("written");
    fs::set_permissions(&path, fs::Permissions::from_mode(0o444)).expect("set");
    let id = listed(&store)[0].id.clone();
    assert!(
        store.forget(&id).is_err() && store.save(&Kept::new(kept(StoreKind::Json, None), Secret::new("sk"))).is_err()
    );
    assert!(offer(&store).detail.contains("readable by others"));
    assert_eq!(fs::read_to_string(&path).expect("there"), FOREIGN);
}

#[test]
fn a_damaged_file_does_not_keep_a_sign_up_from_knowing_the_rest() {
    let folder = TempDir::new().expect("a folder");
    let (json, path) = json_in(&folder);
    fs::write(path, "damaged").expect("written");
    let stores =
        Stores::new(vec![Arc::new(json), Arc::new(Memory::default())], Locks::here(), Some("the test says so"));
    stores.save(&Kept::new(kept(StoreKind::Memory, None), Secret::new("sk")), None).expect("saved");
    let known = stores.known("https://api.acme.dev");
    assert_eq!(
        (known.accounts.len(), known.stores[0].problem.is_some(), known.stores[1].problem.is_none()),
        (1, true, true)
    );
    let listing = stores.accounts();
    assert_eq!((listing.accounts.len(), listing.problem.is_some()), (1, true));
    assert_eq!(credential(&stores.load(&kept(StoreKind::Memory, None).id)), "sk");
}

#[test]
fn what_is_put_back_is_what_was_there_letter_for_letter() {
    let folder = TempDir::new().expect("a folder");
    let (store, path) = json_in(&folder);
    let theirs = r#"{ "auth_md_token:https://api.acme.dev/" : {"credential":"sk_theirs", "odd" :[1 ,2], "scopes": []},"other":1}"#;
    fs::write(&path, theirs).expect("written");
    let account = listed(&store).remove(0);
    let removed = store.forget(&account.id).expect("forgotten").expect("it was there");
    assert!(!fs::read_to_string(&path).expect("readable").contains("sk_theirs"));
    store.put_back(&removed).expect("put back");
    let text = fs::read_to_string(&path).expect("readable");
    assert!(text.contains(r#"{"credential":"sk_theirs", "odd" :[1 ,2], "scopes": []}"#), "{text}");
    assert!(store.put_back(&removed).is_err(), "it is there");
    assert_eq!(listed(&store).len(), 1);
}

#[test]
fn nothing_is_put_over_an_account_that_is_there_again() {
    let folder = TempDir::new().expect("a folder");
    let memory: Arc<dyn Store> = Arc::new(Memory::default());
    let stores = Stores::new(vec![memory], Locks::Folder(folder.path().join("locks")), Some("here"));
    let account = kept(StoreKind::Memory, None);
    stores.save(&Kept::new(account.clone(), Secret::new("sk_1")), None).expect("saved");
    let removed = stores.forget(&account.id, &removed_at_noon()).expect("forgotten");
    stores.save(&Kept::new(account.clone(), Secret::new("sk_2")), None).expect("saved");
    let refused = stores.put_back(&removed, noon()).expect_err("there is one");
    assert!(refused.what.contains("is there again, with another credential"), "{refused}");
    assert_eq!(credential(&stores.load(&account.id)), "sk_2");
    stores.forget(&account.id, &removed_at_noon()).expect("forgotten");
    stores.put_back(&removed, noon()).expect("put back");
    assert_eq!(credential(&stores.load(&account.id)), "sk_1");
}

fn removed_at_noon() -> Event {
    Happened::Forgotten { receipts: vec![] }.at(noon())
}

mod imports {
    use authmd_tui::account::AccountId;
    use authmd_tui::store::export::{Imported, import};

    use super::*;

    /// An account of this person at that service, obtained so many hours ago.
    fn of(identity: Option<&str>, resource: &str, hours_ago: i64) -> Account {
        Account {
            id: AccountId::stored("api.acme.dev").expect("an id"),
            identity: identity.map(str::to_owned),
            resource: resource.to_owned(),
            created_at: Some(noon() - hours(hours_ago)),
            renewed_at: None,
            ..kept(StoreKind::Memory, None)
        }
    }

    fn stores(here: Option<Account>) -> Stores {
        let memory = Memory::default();
        if let Some(account) = here {
            memory.save(&Kept::new(account, Secret::new("sk_here"))).expect("saved");
        }
        Stores::new(vec![Arc::new(memory)], Locks::here(), Some("the test says so"))
    }

    /// What comes of it, as added, renewed and left alone; and the ids and credentials that are here then.
    fn taken_in(stores: &Stores, account: Account) -> ([usize; 3], Vec<(String, String)>) {
        let Imported { added, renewed, kept } =
            import(stores, vec![Kept::new(account, Secret::new("sk_there"))], noon()).expect("imported");
        let held = stores.accounts().accounts.into_iter().map(|account| {
            let loaded = stores.load(&account.id).expect("readable").expect("there");
            (account.id.to_string(), loaded.secrets.credential.expose().to_owned())
        });
        ([added.len(), renewed.len(), kept.len()], held.collect())
    }

    const V1: &str = "https://api.acme.dev/v1";
    const V2: &str = "https://api.acme.dev/v2";

    #[test]
    fn somebody_elses_credential_is_not_replaced_whatever_it_is_called() {
        for (here, there) in [
            (of(Some("ada@work.dev"), V1, 9), of(Some("ada@home.dev"), V1, 3)),
            (of(Some("ada@work.dev"), V1, 3), of(Some("ada@home.dev"), V1, 9)),
            (of(None, V1, 9), of(None, V1, 3)),
            (of(None, V2, 9), of(None, V1, 3)),
        ] {
            let (counts, held) = taken_in(&stores(Some(here)), there);
            assert_eq!(counts, [1, 0, 0]);
            assert_eq!(held[0], ("api.acme.dev".into(), "sk_here".into()));
            assert_eq!((held.len(), held[1].1.as_str()), (2, "sk_there"));
        }
    }

    #[test]
    fn the_same_account_has_one_place_and_the_newer_credential() {
        let older = of(Some("Ada@work.dev"), V1, 9);
        let newer = Account { renewed_at: Some(noon() - hours(1)), ..of(Some("ada@work.dev"), V1, 9) };
        let sk = |held: &[(String, String)]| held.iter().map(|(_, secret)| secret.clone()).collect::<Vec<_>>();
        let (counts, held) = taken_in(&stores(Some(older.clone())), newer.clone());
        assert_eq!((counts, sk(&held)), ([0, 1, 0], vec!["sk_there".to_owned()]));
        let (counts, held) = taken_in(&stores(Some(newer)), older);
        assert_eq!((counts, sk(&held)), ([0, 0, 1], vec!["sk_here".to_owned()]));
        // Of nobody who is known: what was obtained at one moment is one.
        let renewed = Account { renewed_at: Some(noon()), ..of(None, V1, 9) };
        assert_eq!(taken_in(&stores(Some(of(None, V1, 9))), renewed).0, [0, 1, 0]);
    }

    /// It had to be called otherwise here; the second time that is known.
    #[test]
    fn what_is_imported_twice_is_there_once() {
        let stores = stores(Some(of(None, V2, 9)));
        assert_eq!(taken_in(&stores, of(None, V1, 3)).0, [1, 0, 0]);
        let (counts, held) = taken_in(&stores, of(None, V1, 3));
        assert_eq!((counts, held.len()), ([0, 0, 1], 2));
    }
}
