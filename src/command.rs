//! The commands: each takes what was typed, does it, and says how it ended.

mod check;
mod exporting;
mod find;
mod handover;
mod helpers;
mod history;
mod listing;
mod manual;
mod output;
mod renewing;
mod revoking;
mod scripts;
mod settings;
mod storage;
mod unattended;
mod verifying;

use std::io::{self, IsTerminal};
use std::sync::Arc;

use jiff::SignedDuration;

use self::check::Format;
use self::find::{find, find_all, find_own, find_to_end};
use self::handover::Place;
use self::output::{print, print_json, print_text, say};
use self::revoking::Which;
use crate::account::{Account, AccountId, DUE_WITHIN, Happened, Note, REVIEW_AFTER, Source, Status, StoreKind};
use crate::args::{self, Arguments, Command, ModeChoice};
use crate::events::Events;
use crate::flow::discover::{Discover, Way};
use crate::flow::review::no_review;
use crate::flow::signup::{self, SignUp};
use crate::flow::takeover::TakeOver;
use crate::flow::target::Target;
use crate::flow::{Flow, Outcome};
use crate::plain::{self, Console};
use crate::problem::{Kind, Problem, cause};
use crate::report;
use crate::sandbox::{self, Sandbox};
use crate::shell::interrupt::Interrupts;
use crate::shell::{Ports, clock};
use crate::store::attempts::Attempts;
use crate::store::lock::Locks;
use crate::store::memory::Memory;
use crate::store::{Listing, Stores};
use crate::{tui, when};

pub use settings::Settings;

type Done = Result<(), Ended>;

/// Why a command did not go well.
#[derive(Debug)]
pub enum Ended {
    /// Nobody has been told yet.
    Tell(Problem),
    /// The person has read it on the screen of a walk already.
    Told(Problem),
    /// All went well, and somebody is needed.
    Attention,
}

impl Ended {
    pub fn exit_code(&self) -> u8 {
        match self {
            Ended::Tell(problem) | Ended::Told(problem) => problem.kind.exit_code(),
            Ended::Attention => 4,
        }
    }
}

impl From<Problem> for Ended {
    fn from(problem: Problem) -> Self {
        Ended::Tell(problem)
    }
}

pub async fn run(arguments: Arguments) -> Done {
    let done = done(arguments).await;
    if let Some(problem) = crate::store::history::lost() {
        say(&format!("warning: {problem}"));
    }
    match done {
        Ok(()) => Ok(output::arrived()?),
        Err(Ended::Attention) => output::arrived().map_err(Ended::from).and(Err(Ended::Attention)),
        failed => failed,
    }
}

async fn done(arguments: Arguments) -> Done {
    let full_screen = matches!(arguments.command, None | Some(Command::Demo));
    let settings = Settings::new(&arguments.common, full_screen)?;
    match arguments.command {
        None => Ok(tui::run(settings).await?),
        Some(Command::Demo) => Ok(tui::demo(settings).await?),
        Some(Command::Sandbox(options)) => run_sandbox(options).await,
        Some(Command::Discover { target }) => discover(&settings, &target).await,
        Some(Command::Add { target, label, mode, dry_run }) => add(&settings, &target, label, mode, dry_run).await,
        Some(Command::List { within, status }) => listing::list(&settings, within, status).await,
        Some(Command::Show { account }) => listing::show(&settings, &account).await,
        Some(Command::Check { within, quiet, ical, prometheus }) => {
            let format = match (settings.json, ical, prometheus) {
                (true, ..) => Format::Json,
                (_, true, _) => Format::Calendar,
                (_, _, true) => Format::Metrics,
                _ if quiet => Format::LineIfAny,
                _ => Format::Line,
            };
            check::check(&settings, within, format).await
        }
        Some(Command::Verify { accounts, all }) => verifying::verify(&settings, &accounts, all).await,
        Some(Command::Renew { accounts, due }) => renewing::renew(&settings, &accounts, due).await,
        Some(Command::Revoke { withdraw: true, accounts, .. }) => revoking::withdraw(&settings, &accounts).await,
        Some(Command::Revoke { pending: true, .. }) => revoking::revoke(&settings, Which::Pending).await,
        Some(Command::Revoke { accounts, .. }) => revoking::revoke(&settings, Which::Named(&accounts)).await,
        Some(Command::History { accounts, within }) => history::history(&settings, &accounts, within).await,
        Some(Command::Forget { accounts }) => forget(&settings, &accounts).await,
        Some(Command::Handover { account, agentos, form, skill, env_file, name, off, command }) => {
            let place = match (agentos, env_file) {
                (Some(url), _) => Place::AgentOs { url, form: form.into(), skill },
                (None, Some(file)) => Place::EnvFile { file, name },
                (None, None) if off => Place::Nowhere,
                (None, None) if !command.is_empty() => Place::Command(command),
                (None, None) => Place::AsBefore,
            };
            handover::handover(&settings, &account, place).await
        }
        Some(Command::Review { accounts, after }) => review(&settings, &accounts, after).await,
        Some(Command::TakeOver { accounts }) => take_over(&settings, &accounts).await,
        Some(Command::Export { accounts, all, to, r#for }) => {
            exporting::export(&settings, (!all).then_some(accounts), &to, r#for).await
        }
        Some(Command::Import { file }) => exporting::import(&settings, file).await,
        Some(Command::Store(args::Store::Key)) => exporting::key(&settings).await,
        Some(Command::Token { account, claim }) => scripts::token(&settings, &account, claim).await,
        Some(Command::Run { account, env, command }) => scripts::run(&settings, &account, env, &command).await,
        Some(Command::GitCredential { account, operation }) => {
            helpers::git(&settings, account.as_deref(), &operation).await
        }
        Some(Command::DockerCredential { operation }) => helpers::docker(&settings, &operation).await,
        Some(Command::Store(args::Store::Status)) => storage::status(&settings).await,
        Some(Command::Store(args::Store::Init { protection })) => storage::init(&settings, protection).await,
        Some(Command::Store(args::Store::Lock)) => storage::lock(&settings).await,
        Some(Command::Store(args::Store::Migrate { to, from: _, foreign })) => {
            storage::migrate(&settings, to.map(Into::into), foreign).await
        }
        Some(Command::Completions { shell }) => {
            print(&manual::completions(shell));
            Ok(())
        }
        Some(Command::Man) => {
            print(&manual::page());
            Ok(())
        }
        // The program is its own child then, and does nothing else.
        Some(Command::Evaluate) => Ok(()),
        Some(Command::Doctor { repair }) => storage::doctor(&settings, repair).await,
    }
}

/// The accounts that this program looks after.
async fn accounts(ports: &Ports) -> Result<Vec<Account>, Problem> {
    listed(ports, Stores::accounts).await
}

/// The same, and what other programs keep: to be listed, and for whoever names one of those.
async fn everything(ports: &Ports) -> Result<Vec<Account>, Problem> {
    listed(ports, Stores::everything).await
}

/// The account that a name means; by its id it is found at once, whatever else is there.
async fn account_named(ports: &Ports, name: &str) -> Result<Account, Problem> {
    let exact = AccountId::stored(name).filter(|id| id.as_str() == name);
    if let Some(id) = exact
        && let Some(account) = ports.blocking(move |stores| stores.find(&id)).await?
    {
        return Ok(account);
    }
    find(&everything(ports).await?, name).cloned()
}

/// The accounts that are to be ended. A name that was one's whole id means that one, also when it is gone: another one that begins
/// like it is not ended in its place.
async fn named_to_end(ports: &Ports, names: &[String]) -> Result<Vec<Account>, Problem> {
    let known = everything(ports).await?;
    let found = find_to_end(&known, names)?;
    let gone = names.iter().filter(|name| known.iter().all(|account| account.id.as_str() != name.as_str()));
    for id in gone.filter_map(|name| AccountId::stored(name)) {
        let past = ports.blocking({
            let id = id.clone();
            // What cannot be read says nothing of it.
            move |stores| Ok(stores.history().of(&id).unwrap_or_default())
        });
        if !past.await?.is_empty() {
            let hint =
                format!("What has happened to it: authmd-tui history {id}. Another one is meant by its whole id.");
            return Err(Problem::new(Kind::NoSuchAccount, format!("{id} is not here any more."), hint));
        }
    }
    Ok(found)
}

async fn listed(ports: &Ports, list: fn(&Stores) -> Listing) -> Result<Vec<Account>, Problem> {
    let listing = ports.blocking(move |stores| Ok(list(stores))).await?;
    // A list that may hide something is no list for a script.
    if let Some(problem) = listing.problem {
        return Err(problem);
    }
    let mut accounts = listing.accounts;
    report::soonest_first(&mut accounts);
    Ok(accounts)
}

/// A person is at the terminal: they see what is said on stderr and type on stdin.
fn somebody_there() -> bool {
    io::stdin().is_terminal() && io::stderr().is_terminal()
}

/// Opens the vault where one of these accounts is in it, see [`open_vault`]. What else keeps it shut is told by whatever wants to
/// use it.
async fn open_vault_for(
    accounts: &[Account],
    settings: &Settings,
    ports: &Ports,
    console: Option<&mut Console>,
) -> Result<(), Problem> {
    if !accounts.iter().any(|account| account.store == StoreKind::Vault) {
        return Ok(());
    }
    match open_vault(settings, ports, console).await {
        Err(problem) if problem.kind == Kind::Cancelled => Err(problem),
        _ => Ok(()),
    }
}

/// Asks for the vault's passphrase, where it is needed and somebody is there to type it.
async fn open_vault(settings: &Settings, ports: &Ports, console: Option<&mut Console>) -> Result<(), Problem> {
    match ports.blocking(|stores| stores.required_vault()?.ready()).await {
        Err(problem) if problem.kind == Kind::Locked && somebody_there() => match console {
            Some(console) => console.unlock(ports).await,
            None => Console::terminal(settings.unicode).unlock(ports).await,
        },
        ready => ready,
    }
}

fn result_of(outcome: Outcome) -> Result<(), Problem> {
    match outcome {
        Outcome::Failed(problem) | Outcome::Refused(problem) => Err(problem),
        Outcome::Cancelled => Err(Problem::cancelled()),
        Outcome::Connected(_) | Outcome::Removed(_) | Outcome::Checked(_) | Outcome::Found | Outcome::Settled => Ok(()),
    }
}

async fn run_sandbox(options: args::Sandbox) -> Done {
    let options = sandbox::Options {
        port: options.port,
        credential_lifetime: options.credential_lifetime,
        access_lifetime: options.access_lifetime,
        code_lifetime: options.code_lifetime,
        claim_lifetime: options.claim_lifetime,
        assertion_lifetime: options.assertion_lifetime,
        identity_refresh_lifetime: options.identity_refresh_lifetime,
        poll_interval: options.poll_interval,
        faults: options.fault,
    };
    let sandbox = Sandbox::start(options).map_err(|error| {
        Problem::new(
            Kind::Failed,
            format!("The sandbox could not start: {}.", cause(&error)),
            "Another program may have the port; name another with --port.",
        )
    })?;
    let mut interrupts = Interrupts::listen();
    say(&format!("Sandbox  {}", sandbox.url()));
    for profile in sandbox::PROFILES {
        say(&format!("  {:<18} {}", profile.name, sandbox.how_to_add(profile)));
    }
    say(&format!("  {:<18} {}", "Inbox", sandbox.inbox()));
    say("Ctrl-C ends it.");
    print(&format!("{}\n", sandbox.ready_line()));
    interrupts.next().await;
    Ok(())
}

async fn discover(settings: &Settings, target: &str) -> Done {
    let mut flow = Discover::new(Target::within(target, settings.reach)?);
    let outcome = unattended::run(&mut flow, &settings.ports()?, None).await;
    let discovery = flow.discovery();
    let surroundings = settings.browser.surroundings();
    match (settings.json, &outcome) {
        (true, _) => print_json(&report::discovery_json(discovery, &surroundings)),
        (false, Outcome::Found) => print_text(settings, &report::discovery_text(discovery, &surroundings)),
        (false, _) => {}
    }
    result_of(outcome)?;
    match (discovery.verdict(), discovery.obstacle()) {
        (crate::flow::discover::Verdict::Refused, Some(problem)) => Err(problem.into()),
        _ => Ok(()),
    }
}

/// Walks a sign-up with prompts. What ends up only in memory is offered once more before the program ends.
async fn walk(settings: &Settings, walker: &mut Walker, flow: &mut dyn Flow) -> Outcome {
    let outcome = plain::run(flow, &walker.ports, &mut walker.console, walker.events.as_mut()).await;
    if let Outcome::Connected(account) = &outcome {
        rescue(settings, &walker.ports, account, &mut walker.console).await;
    }
    handover::after(walker, &outcome).await;
    outcome
}

/// What a walk with prompts is made with; one reads the terminal, however many accounts are walked.
struct Walker {
    ports: Ports,
    console: Console,
    events: Option<Events>,
}

impl Walker {
    fn new(settings: &Settings, ports: Ports) -> Result<Self, Problem> {
        Ok(Self { ports, console: Console::terminal(settings.unicode), events: settings.events()? })
    }
}

async fn rescue(settings: &Settings, ports: &Ports, account: &Account, console: &mut Console) {
    let id = account.id.clone();
    if account.store != StoreKind::Memory {
        return;
    }
    let Ok(Some(kept)) = ports.blocking(move |stores| stores.load(&id)).await else {
        return;
    };
    console.say("");
    // Beside JSON there is no room for it on stdout.
    let (place, out): (_, fn(&str)) =
        if settings.json { ("here", say) } else { ("on stdout", |text| print(&format!("{text}\n"))) };
    if console
        .confirm(&format!("  The credential is kept nowhere and ends with this program. Print it {place} now?"))
        .await
    {
        out(kept.secrets.credential.expose());
    }
}

async fn add(
    settings: &Settings,
    target: &str,
    label: Option<String>,
    mode: Option<ModeChoice>,
    dry_run: bool,
) -> Done {
    let target = Target::within(target, settings.reach)?;
    let label = label.map(|label| signup::label(&label)).transpose()?;
    if !somebody_there() {
        return Err(Ended::from(Problem::new(
            Kind::NeedsPerson,
            "Signing up needs a person at a terminal: consent, e-mail address and code are typed by hand.",
            "Run it in a terminal. Nothing has been sent.",
        )));
    }
    let mut walker = Walker::new(settings, settings.ports()?)?;
    let flow = SignUp::new(target, label);
    let flow = if dry_run { flow.dry() } else { flow };
    let mut flow = match mode {
        None => flow,
        Some(mode) => flow.only(Way::of(mode.into())),
    };
    let outcome = walk(settings, &mut walker, &mut flow).await;
    if let (true, Some(account)) = (settings.json, outcome.account()) {
        print_json(&report::accounts_json(&[account], &[], clock::now(), DUE_WITHIN));
    }
    if settings.json && outcome == Outcome::Found {
        print_json(&report::calls_json(&flow.calls().unwrap_or_default()));
    }
    result_of(outcome).map_err(Ended::Told)
}

/// Which of several problems becomes the exit code: a fault of our own first, then what needs a person, a no, silence.
fn rank(problem: &Problem) -> u8 {
    match problem.kind {
        Kind::Unreachable => 0,
        Kind::ServiceRefused => 1,
        Kind::NeedsPerson => 2,
        _ => 3,
    }
}

/// With how many names a command that is to be typed is one that somebody types.
const NAMES_TO_TYPE: usize = 5;

/// What a command on several accounts ends with, all of whose problems have been told by then: the worst one's exit code, and
/// what can be done about those of its kind.
fn altogether(problems: Vec<(AccountId, Problem)>, accounts: usize) -> Option<Problem> {
    let count = problems.len();
    let (id, worst) = problems.iter().rev().max_by_key(|(_, problem)| rank(problem)).cloned()?;
    if count == 1 {
        return Some(worst);
    }
    let alike: Vec<(AccountId, Problem)> = problems.into_iter().filter(|(_, it)| it.kind == worst.kind).collect();
    // The same is to be done with each: what names one of them can name them all.
    let template = |(id, problem): &(AccountId, Problem)| problem.hint.replace(id.as_str(), "\0");
    let common = template(&(id, worst.clone()));
    let names = match alike.len() {
        many if many > NAMES_TO_TYPE => "ACCOUNT…".to_owned(),
        _ => alike.iter().map(|(id, _)| id.as_str()).collect::<Vec<_>>().join(" "),
    };
    let hint = match alike.iter().all(|it| template(it) == common) {
        true => common.replace('\0', &names),
        false => worst.hint,
    };
    let what = format!("Of {accounts} accounts, {count} did not go well; each is told above.");
    Some(Problem::new(worst.kind, what, hint))
}

/// Copies what other programs keep, one after another, as the person agrees.
async fn take_over(settings: &Settings, names: &[String]) -> Done {
    let ports = settings.ports()?;
    let chosen = find_all(&everything(&ports).await?, names)?;
    if let Some(own) = chosen.iter().find(|account| !account.is_foreign()) {
        let what = format!("{} is looked after here already.", own.id);
        return Err(Problem::new(Kind::Usage, what, "Other programs' are at the end of: authmd-tui list").into());
    }
    if !somebody_there() {
        let what = "Taking something over from another program needs a person at a terminal: it is asked for each.";
        return Err(Problem::new(Kind::NeedsPerson, what, "Run it in a terminal. Nothing was copied.").into());
    }
    let mut walker = Walker::new(settings, ports)?;
    let mut copied = false;
    for account in chosen {
        let mut flow = TakeOver::new(account);
        let outcome = plain::run(&mut flow, &walker.ports, &mut walker.console, walker.events.as_mut()).await;
        if !flow.was_declined() {
            result_of(outcome).map_err(Ended::Told)?;
            copied = true;
        }
    }
    match copied {
        true => Ok(()),
        false => Err(Ended::Told(Problem::cancelled())),
    }
}

/// Somebody has looked at keys that never end, and wants to again.
async fn review(settings: &Settings, names: &[String], after: Option<SignedDuration>) -> Done {
    let (ports, now) = (settings.ports()?, clock::now());
    if after.is_some_and(|after| after.is_zero()) {
        let what = "Nothing is to be looked at again at once.";
        return Err(Problem::new(Kind::Usage, what, "Name a span, like --after 90d.").into());
    }
    let at = now.checked_add(after.unwrap_or(REVIEW_AFTER)).map_err(|_| {
        Problem::new(Kind::Usage, "That is further away than the calendar goes.", "Name a span like 90d.")
    })?;
    for account in find_own(&everything(&ports).await?, names)? {
        let (id, obtained) = (account.id.clone(), account.obtained_at());
        let claimed = Account { claimed: true, ..account.clone() };
        if account.can_be_claimed() && claimed.review_at().is_some() {
            let id = id.clone();
            ports.blocking(move |stores| stores.note(&id, Note::Claimed(now), obtained)).await?;
            say(&format!("{} is somebody's, then; nothing was sent.", account.id));
        } else if let Some(problem) = no_review(&account) {
            return Err(problem.into());
        }
        ports.blocking(move |stores| stores.note(&id, Note::Review { seen: now, again: at }, obtained)).await?;
        say(&format!("{}: to be looked at {} ({}).", account.id, when::relative(at, now), when::exact(at)));
    }
    Ok(())
}

async fn forget(settings: &Settings, names: &[String]) -> Done {
    let ports = settings.ports()?;
    for account in named_to_end(&ports, names).await? {
        let id = account.id.clone();
        let event = Happened::Forgotten { receipts: Vec::new() }.at(clock::now());
        // Not while another program renews it: what that stores would bring it back.
        ports.blocking(move |stores| stores.lock(&id).and_then(|_lease| stores.forget(&id, &event))).await?;
        let dead = matches!(account.status(clock::now(), DUE_WITHIN), Status::Expired | Status::Revoked);
        say(&match dead {
            true => format!("Forgotten: {}.", account.id),
            false => format!(
                "Forgotten: {}. The credential goes on working at {} until it ends or is revoked there.",
                account.id, account.service
            ),
        });
        if let Source::Foreign(elsewhere) = &account.source {
            say(&format!("It was another program's entry in {}.", elsewhere.file));
        }
    }
    Ok(())
}

/// The stores of the demo: one, that ends with it.
pub fn throw_away_ports(settings: &Settings) -> Result<Ports, Problem> {
    let stores = Stores::new(vec![Arc::new(Memory::default())], Locks::here(), Some("nothing of the demo is kept"));
    settings.ports_on(stores, Attempts::here())
}
