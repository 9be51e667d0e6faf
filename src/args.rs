//! The command line: declarations only.

use std::ffi::{OsStr, OsString};
use std::path::{Path, PathBuf};
use std::time::Duration;

use clap::{ArgGroup, Args, Parser, Subcommand, ValueEnum};
use jiff::SignedDuration;
use url::Url;

use crate::account::{AgentOs, Mode, Status};
use crate::flow::Protection;
use crate::sandbox::fault::Fault;
use crate::when;

/// Get, review, renew and revoke the credentials of the services you and your agents use.
///
/// Without a command, the full-screen program starts; it needs a terminal. Data goes to stdout, everything else to stderr.
#[derive(Debug, Parser)]
#[command(name = "authmd-tui", version, max_term_width = 100, after_help = EXIT_CODES)]
pub struct Arguments {
    #[command(flatten)]
    pub common: Common,
    #[command(subcommand)]
    pub command: Option<Command>,
}

const EXIT_CODES: &str = "Exit codes: 0 done, 1 failed, 2 wrong use, 3 no such account, 4 something needs attention (check), 5 a person is needed, 6 the service refused, \
7 the service could not be reached, 8 the store is locked or cannot be opened, 9 refused for safety, 130 cancelled";

/// The names under which other programs call this one for credentials, and the command that is meant.
const HELPERS: [(&str, &str); 2] =
    [("git-credential-authmd-tui", "git-credential"), ("docker-credential-authmd-tui", "docker-credential")];

impl Arguments {
    /// What was typed; or what a program wants that has found this one under the name of a helper (a symbolic link).
    pub fn of(words: impl IntoIterator<Item = OsString>) -> Self {
        let mut words: Vec<OsString> = words.into_iter().collect();
        let called = words.first().and_then(|program| Path::new(program).file_stem()).and_then(OsStr::to_str);
        if let Some((_, command)) = HELPERS.iter().find(|(name, _)| called == Some(name)) {
            words.insert(1, command.into());
        }
        Self::parse_from(words)
    }
}

#[derive(Debug, Args)]
pub struct Common {
    /// Print JSON on stdout, and nothing else there
    #[arg(long, global = true)]
    pub json: bool,
    /// Where credentials are kept
    #[arg(long, global = true, value_name = "STORE", env = "AUTHMD_TUI_STORE")]
    pub store: Option<StoreChoice>,
    /// Append a record of a guided flow to FILE: JSON lines, never a secret
    #[arg(long, global = true, value_name = "FILE")]
    pub events: Option<PathBuf>,
    /// Never start a browser
    #[arg(long, global = true)]
    pub no_browser: bool,
    /// No colours
    #[arg(long, global = true)]
    pub no_color: bool,
    /// How long to wait for one answer of a service, as in 30s
    #[arg(long, global = true, value_name = "SPAN", value_parser = span)]
    pub timeout: Option<Duration>,
    /// Connect to services inside private networks, too (10.0.0.0/8, 172.16.0.0/12, 192.168.0.0/16, 100.64.0.0/10, fc00::/7)
    ///
    /// Without it, a name that leads there is refused, so that no service can send this program into your network. Addresses
    /// of a single link and of cloud metadata (169.254.0.0/16, fe80::/10) stay refused, and so does any name but localhost
    /// that leads to this very machine. Behind a proxy, the proxy decides where names lead.
    #[arg(long, global = true)]
    pub resolve_private: bool,
    /// Say on stderr what is asked of whom
    #[arg(short, long, global = true)]
    pub verbose: bool,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum StoreChoice {
    /// The encrypted file of our own
    Vault,
    /// The file other tools share: AUTH_MD_TOKEN_STORE, or one of our own
    Json,
    /// Nowhere: gone when the program ends
    Memory,
}

#[derive(Debug, Subcommand)]
pub enum Command {
    /// Start the full-screen program on sandbox services and a throw-away store
    Demo,
    /// Run the sandbox services alone, in the foreground
    Sandbox(Sandbox),
    /// Say what a service offers and how one would sign up; changes nothing
    Discover {
        /// A host, a URL, a service by name, a skill file, noform:SLUG, or a pasted WWW-Authenticate header
        target: String,
    },
    /// Sign up to a service, with prompts instead of the full screen
    Add {
        /// A host, a URL, a service by name, a skill file, noform:SLUG, or a pasted WWW-Authenticate header
        target: String,
        /// How to obtain the credential; without it, what the service offers
        #[arg(long, value_name = "MODE")]
        mode: Option<ModeChoice>,
        /// A word that tells this account from another of the same service
        #[arg(long)]
        label: Option<String>,
        /// Show what would be sent, and send nothing
        #[arg(long)]
        dry_run: bool,
    },
    /// List the accounts; never prints a secret
    List {
        /// Only those that end within SPAN, as in 7d
        #[arg(long, value_name = "SPAN", value_parser = when::parse_span)]
        within: Option<SignedDuration>,
        /// Only those with this status
        #[arg(long, value_name = "STATUS", value_parser = status)]
        status: Option<Status>,
    },
    /// Show one account
    Show {
        /// Its id, or any beginning of its id, resource or service's name that fits one account only
        account: String,
    },
    /// Say whether somebody is needed soon, for cron, login messages and prompts: exit code 0 or 4
    Check {
        /// How soon, as in 7d
        #[arg(long, value_name = "SPAN", value_parser = when::parse_span)]
        within: Option<SignedDuration>,
        /// Say nothing where nobody is needed
        #[arg(short, long)]
        quiet: bool,
        /// A calendar: when which account needs somebody, of all time where --within is not given
        #[arg(long, conflicts_with_all = ["json", "prometheus"])]
        ical: bool,
        /// Metrics in the text format of Prometheus
        #[arg(long, conflicts_with = "json")]
        prometheus: bool,
    },
    /// Ask the services whether the credentials still work
    #[command(group = ArgGroup::new("which").required(true).args(["accounts", "all"]))]
    Verify {
        /// Their ids, or any beginnings of id, resource or service's name that fit one account each
        accounts: Vec<String>,
        /// All accounts
        #[arg(long)]
        all: bool,
    },
    /// Renew: what needs a person is walked on the terminal; with --due, or where there is none, it is named
    #[command(group = ArgGroup::new("which").required(true).args(["accounts", "due"]))]
    Renew {
        /// Their ids, or any beginnings of id, resource or service's name that fit one account each
        accounts: Vec<String>,
        /// All that end within a week, or have ended
        #[arg(long)]
        due: bool,
    },
    /// Revoke at the service, prove it, then forget
    #[command(group = ArgGroup::new("which").required(true).args(["accounts", "pending"]))]
    Revoke {
        /// Their ids, or any beginnings of id, resource or service's name that fit one account each
        accounts: Vec<String>,
        /// Try again what could not be revoked before
        #[arg(long)]
        pending: bool,
        /// Do not try these again: they are kept
        #[arg(long, conflicts_with = "pending")]
        withdraw: bool,
    },
    /// What has happened to accounts, also to those that are gone
    History {
        /// Their ids, or beginnings of them; all accounts where none is named
        accounts: Vec<String>,
        /// Only what happened within SPAN, as in 30d
        #[arg(long, value_name = "SPAN", value_parser = when::parse_span)]
        within: Option<SignedDuration>,
    },
    /// Remove here only; the credential goes on working at the service
    Forget {
        /// Their ids, or any beginnings of id, resource or service's name that fit one account each
        #[arg(required = true)]
        accounts: Vec<String>,
    },
    /// Write accounts into a sealed file, for another machine or a safe place
    ///
    /// Without --for, a passphrase is asked for. Nothing of what is in it can be seen without that.
    #[command(group = ArgGroup::new("which").required(true).args(["accounts", "all"]))]
    Export {
        /// Their ids, or any beginnings of id, resource or service's name that fit one account each
        accounts: Vec<String>,
        /// All accounts
        #[arg(long)]
        all: bool,
        /// A file that is not there yet
        #[arg(long, value_name = "FILE")]
        to: PathBuf,
        /// The public key of another vault, as `store key` prints it there
        #[arg(long, value_name = "KEY")]
        r#for: Option<String>,
    },
    /// Take in accounts from a sealed file; what is here and as new stays
    Import {
        /// What export has written
        file: PathBuf,
    },
    /// Copy what another program keeps, to look after it here; shown before, and asked for each
    TakeOver {
        /// Their ids, or any beginnings of id, resource or service's name that fit one account each
        #[arg(required = true)]
        accounts: Vec<String>,
    },
    /// Say that keys without an end were looked at, and when they are to be again
    ///
    /// Of a key that came at once, it says that you have made it yours at the service. Nothing is sent.
    Review {
        /// Their ids, or any beginnings of id, resource or service's name that fit one account each
        #[arg(required = true)]
        accounts: Vec<String>,
        /// In how long, as in 30d; without it, 90 days
        #[arg(long, value_name = "SPAN", value_parser = when::parse_span)]
        after: Option<SignedDuration>,
    },
    /// Put the credential of an account into another program's hands, now and whenever there is a new one
    ///
    /// What is done is shown before, and asked for each time. Without a place, it goes where it went before.
    #[command(group = ArgGroup::new("place").args(["agentos", "env_file", "command", "off"]))]
    Handover {
        /// Its id, or any beginning of its id, resource or service's name that fits one account only
        account: String,
        /// AgentOS at this address, as in http://localhost:3456
        #[arg(long, value_name = "URL")]
        agentos: Option<Url>,
        /// The call that this AgentOS has for it
        #[arg(long, value_name = "FORM", requires = "agentos", default_value = "settings")]
        form: AgentOsForm,
        /// What the service is called there; without it, the skill's name or the host
        #[arg(long, value_name = "SKILL", requires = "agentos")]
        skill: Option<String>,
        /// A line NAME=credential in this file
        #[arg(long, value_name = "FILE")]
        env_file: Option<PathBuf>,
        /// The name in the file; without it, the one that the service's programs look for
        #[arg(long, value_name = "NAME", requires = "env_file")]
        name: Option<String>,
        /// Nowhere any more
        #[arg(long)]
        off: bool,
        /// A command that reads it from its stdin
        #[arg(last = true, value_name = "CMD")]
        command: Vec<String>,
    },
    /// Run a command with the credential in its environment, never among its arguments
    ///
    /// The credential is renewed first where that needs nobody. The command takes this program's place: its exit code is the
    /// one that is seen.
    Run {
        /// Its id, or any beginning of its id, resource or service's name that fits one account only
        account: String,
        /// The variable; without it, the one that the service's programs look for
        #[arg(long, value_name = "NAME")]
        env: Option<String>,
        /// The command and its arguments
        #[arg(last = true, required = true, value_name = "CMD")]
        command: Vec<OsString>,
    },
    /// Speak git's protocol for credential helpers (gitcredentials(7)); reads stdin
    GitCredential {
        /// The account to be used, for the hosts of its own domain; without it, the one whose host git asks about
        #[arg(long, value_name = "ACCOUNT")]
        account: Option<String>,
        /// get, store or erase; only get does anything
        operation: String,
    },
    /// Speak docker's protocol for credential helpers; reads stdin
    DockerCredential {
        /// get, list, version, store or erase; the last two do nothing
        operation: String,
    },
    /// Print the credential on stdout, and nothing else
    Token {
        /// Its id, or any beginning of its id, resource or service's name that fits one account only
        account: String,
        /// The link with which the account can be made somebody's, in place of the credential
        #[arg(long)]
        claim: bool,
    },
    /// Where secrets are, and what opens them
    #[command(subcommand)]
    Store(Store),
    /// Check what this program rests on; each finding comes with its remedy
    Doctor {
        /// Take away the rights that others have to the program's files
        #[arg(long)]
        repair: bool,
    },
    /// Print what completes commands in this shell, for its folder of completions
    Completions {
        /// The shell that they are for
        shell: clap_complete::Shell,
    },
    /// Print the manual page, for man
    Man,
    /// Evaluates expressions of skills, as a child of this program
    #[command(hide = true)]
    Evaluate,
}

#[derive(Debug, Subcommand)]
pub enum Store {
    /// Say which store is used and why, what opens the vault, and what is not as it should be
    Status,
    /// Make the vault
    Init {
        /// What opens it; asked for when not named
        #[arg(long, value_name = "PROTECTION")]
        protection: Option<ProtectionChoice>,
    },
    /// Make every running program forget the vault's key before it uses it again
    Lock,
    /// Print the vault's public key: with it, another machine can export accounts that only this vault opens
    Key,
    /// Move: copy, verify each, then delete
    #[command(group = ArgGroup::new("direction").required(true).args(["to", "from"]))]
    Migrate {
        /// Let this open the vault from now on; once more "passphrase" changes it
        #[arg(long, value_name = "PROTECTION")]
        to: Option<ProtectionChoice>,
        /// Take the accounts of this store into the vault
        #[arg(long, value_name = "STORE")]
        from: Option<OtherStore>,
        /// Copy the entries that other programs wrote, too; they stay in the file
        #[arg(long, requires = "from")]
        foreign: bool,
    },
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum ProtectionChoice {
    /// The system's keyring
    Keyring,
    /// A passphrase, typed when a secret is used
    Passphrase,
}

impl From<ProtectionChoice> for Protection {
    fn from(choice: ProtectionChoice) -> Self {
        match choice {
            ProtectionChoice::Keyring => Protection::Keyring,
            ProtectionChoice::Passphrase => Protection::Passphrase,
        }
    }
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum OtherStore {
    /// The token file
    Json,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum AgentOsForm {
    /// POST /api/settings/credentials
    Settings,
    /// POST /sys/accounts
    Accounts,
}

impl From<AgentOsForm> for AgentOs {
    fn from(form: AgentOsForm) -> Self {
        match form {
            AgentOsForm::Settings => AgentOs::Settings,
            AgentOsForm::Accounts => AgentOs::Accounts,
        }
    }
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum ModeChoice {
    /// auth.md: a code confirms it
    #[value(name = "auth_md")]
    AuthMd,
    /// OAuth in the browser; its answer comes back to this machine, or is pasted
    #[value(name = "oauth")]
    OAuth,
    /// OAuth with a code that is typed in a browser anywhere
    Device,
    /// A key from a page of the service, pasted here
    #[value(name = "api_key")]
    ApiKey,
    /// A link by mail, as a skill says
    #[value(name = "magic_link")]
    MagicLink,
    /// A code by mail that is taken for a key, as a skill says
    #[value(name = "email_code")]
    EmailCode,
    /// A key that an API of the service makes, as a skill says
    Direct,
}

impl From<ModeChoice> for Mode {
    fn from(choice: ModeChoice) -> Self {
        match choice {
            ModeChoice::AuthMd => Mode::AuthMd,
            ModeChoice::OAuth => Mode::OAuth,
            ModeChoice::Device => Mode::Device,
            ModeChoice::ApiKey => Mode::ApiKey,
            ModeChoice::MagicLink => Mode::MagicLink,
            ModeChoice::EmailCode => Mode::EmailCode,
            ModeChoice::Direct => Mode::Direct,
        }
    }
}

#[derive(Debug, Args)]
pub struct Sandbox {
    /// 0 takes any free port
    #[arg(long, default_value_t = 0)]
    pub port: u16,
    /// How long a credential works
    #[arg(long, value_name = "SPAN", default_value = "30d", value_parser = span)]
    pub credential_lifetime: Duration,
    /// How long an access token works, at the services that hand those out
    #[arg(long, value_name = "SPAN", default_value = "1h", value_parser = span)]
    pub access_lifetime: Duration,
    /// How long a code is good
    #[arg(long, value_name = "SPAN", default_value = "10min", value_parser = span)]
    pub code_lifetime: Duration,
    /// How long a registration can be claimed
    #[arg(long, value_name = "SPAN", default_value = "1d", value_parser = span)]
    pub claim_lifetime: Duration,
    /// How long an identity assertion is exchanged for access tokens
    #[arg(long, value_name = "SPAN", default_value = "1d", value_parser = span)]
    pub assertion_lifetime: Duration,
    /// How long the refresh token for the next assertion works
    #[arg(long, value_name = "SPAN", default_value = "30d", value_parser = span)]
    pub identity_refresh_lifetime: Duration,
    /// How long a program has to wait between two polls
    #[arg(long, value_name = "SPAN", default_value = "5s", value_parser = span)]
    pub poll_interval: Duration,
    /// Make a step fail: STEP=FAULT or STEP=FAULT:TIMES, as in complete=otp_expired:1
    #[arg(long, value_name = "STEP=FAULT")]
    pub fault: Vec<Fault>,
}

fn span(text: &str) -> Result<Duration, String> {
    // A bare number has always meant seconds in flags of this name.
    let seconds = text.parse().map(Duration::from_secs);
    seconds.or_else(|_| {
        when::parse_span(text).and_then(|span| Duration::try_from(span).map_err(|error| error.to_string()))
    })
}

fn status(text: &str) -> Result<Status, String> {
    Status::ALL.into_iter().find(|status| status.as_str() == text).ok_or_else(|| {
        let known: Vec<_> = Status::ALL.iter().map(|status| status.as_str()).collect();
        format!("there are {}", known.join(", "))
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use clap::CommandFactory;

    #[test]
    fn the_declarations_hold_together() {
        Arguments::command().debug_assert();
    }

    #[test]
    fn no_flag_answers_a_consent_question() {
        let mut command = Arguments::command();
        let help = command.render_long_help().to_string();
        for forbidden in ["--yes", "--email", "--code", "--otp", "--force"] {
            assert!(!help.contains(forbidden), "{forbidden}");
        }
        for (name, own) in
            [("add", &["mode", "label", "dry-run"][..]), ("renew", &["due"]), ("revoke", &["pending", "withdraw"])]
        {
            let mut unbuilt = Arguments::command();
            let sub = unbuilt.find_subcommand_mut(name).expect("declared");
            let flags: Vec<_> = sub.get_arguments().filter_map(|argument| argument.get_long()).collect();
            assert_eq!(flags, own, "{name}");
        }
    }
}
