//! `git-credential` and `docker-credential`: what git and docker ask a helper for, answered with an account of the host that they
//! ask about. Nothing is stored or removed through them.

use std::io::{self, IsTerminal, Read};

use serde_json::json;
use url::Url;

use super::output::{print, say};
use super::scripts::ready;
use super::{Done, Settings, account_named, accounts, open_vault_for};
use crate::account::{Account, Kept};
use crate::problem::{Kind, Problem};
use crate::trust;

/// More than this is no question.
const LONGEST: u64 = 64 * 1024;
/// Whom a token belongs to where nobody is known: most servers that take a token as a password do not look.
const ANYBODY: &str = "token";
/// User names that stand in addresses and mean nobody: how servers want a token to be shown.
const ANYBODYS: [&str; 5] = ["git", "oauth2", ANYBODY, "x-access-token", "x-token-auth"];
/// What docker takes for "none here" (docker-credential-helpers, `credentials.errCredentialsNotFoundMessage`).
const NOT_FOUND: &str = "credentials not found in native keychain";

/// A question of git's (git-credential(1), "INPUT/OUTPUT FORMAT").
#[derive(Debug, PartialEq, Eq)]
struct Asked {
    /// Where the credential would be sent.
    place: Url,
    username: Option<String>,
    /// The server wants a bearer and nothing else, and this git can show one.
    bearer: bool,
}

impl Asked {
    /// Nothing where the credential would go over the network in the clear, or nowhere.
    fn read(text: &str) -> Option<Self> {
        let lines = || text.lines().take_while(|line| !line.is_empty()).filter_map(|line| line.split_once('='));
        let value = |name: &str| lines().filter(|(key, _)| *key == name).map(|(_, value)| value).last();
        let values = |name: &'static str| lines().filter(move |(key, _)| *key == name).map(|(_, value)| value);
        let place = address(&format!("{}://{}/", value("protocol")?, value("host")?))?;
        // What stands there is a host, as whoever connects to it reads it too (`git.acme.dev/.evil.dev` is none).
        let is_host = place.path() == "/" && place.query().is_none() && place.fragment().is_none();
        if !is_host || !place.username().is_empty() || place.password().is_some() {
            return None;
        }
        let schemes: Vec<String> = values("wwwauth[]")
            .filter_map(|challenge| challenge.split_whitespace().next())
            .map(str::to_ascii_lowercase)
            .collect();
        let is_bearer = !schemes.is_empty() && schemes.iter().all(|scheme| scheme == "bearer");
        Some(Self {
            place,
            username: value("username").filter(|name| !name.is_empty()).map(str::to_owned),
            bearer: is_bearer && values("capability[]").any(|word| word == "authtype"),
        })
    }

    /// A line a member: what had a line break in it would be another one.
    fn answer(&self, kept: &Kept) -> Result<String, Problem> {
        let credential = kept.secrets.credential.expose();
        if trust::has_invisible(credential) {
            let what =
                format!("The credential of {} has characters in it that git takes for a line's end.", kept.account.id);
            return Err(Problem::new(Kind::Unsafe, what, "Nothing was handed out. Renew it, or tell the service."));
        }
        let ends = kept.account.credential_ends().map(|end| format!("password_expiry_utc={}\n", end.as_second()));
        let ends = ends.unwrap_or_default();
        if self.bearer {
            return Ok(format!("capability[]=authtype\nauthtype=Bearer\ncredential={credential}\n{ends}"));
        }
        let username = self.username.as_deref().or(kept.account.identity.as_deref()).unwrap_or(ANYBODY);
        Ok(format!("username={}\npassword={credential}\n{ends}", trust::clean(username, 254)))
    }
}

pub async fn git(settings: &Settings, named: Option<&str>, operation: &str) -> Done {
    let asked = Asked::read(&question()?);
    if operation == "erase"
        && let Some(asked) = &asked
    {
        let host = trust::authority(&asked.place);
        say(&format!("{host} has turned a credential away; see which work with: authmd-tui verify --all"));
    }
    let Some(asked) = asked.filter(|_| operation == "get") else {
        return Ok(());
    };
    let ports = settings.ports()?;
    let account = match named {
        Some(name) => account_named(&ports, name).await?,
        None => match at_host(&accounts(&ports).await?, &asked.place, asked.username.as_deref()).as_slice() {
            [] => return Ok(()),
            [only] => (*only).clone(),
            several => return Err(which(&asked.place, several).into()),
        },
    };
    // A repository may name any host for its parts.
    let home = Url::parse(&account.resource).unwrap_or_else(|_| account.start.clone());
    if !trust::same_site(&asked.place, &home) {
        let what = format!("{} is not for {}.", account.id, trust::authority(&asked.place));
        return Err(
            Problem::new(Kind::Unsafe, what, "Name the account in git's settings for its own host only.").into()
        );
    }
    open_vault_for(std::slice::from_ref(&account), settings, &ports, None).await?;
    print(&asked.answer(&ready(account, &ports).await?)?);
    Ok(())
}

pub async fn docker(settings: &Settings, operation: &str) -> Done {
    let ports = settings.ports()?;
    match operation {
        "get" => {
            let known = accounts(&ports).await?;
            let server = question()?.trim().to_owned();
            let place = registry(&server);
            let found = place.as_ref().map(|place| at_host(&known, place, None)).unwrap_or_default();
            let account = match (found.as_slice(), &place) {
                ([only], _) => (*only).clone(),
                (several @ [_, _, ..], Some(place)) => return Err(which(place, several).into()),
                _ => {
                    print(&format!("{NOT_FOUND}\n"));
                    let what = format!("There is no account for {}.", trust::clean(&server, 80));
                    return Err(Problem::new(Kind::Failed, what, "Sign up with: authmd-tui add HOST").into());
                }
            };
            open_vault_for(std::slice::from_ref(&account), settings, &ports, None).await?;
            let kept = ready(account, &ports).await?;
            let username = kept.account.identity.as_deref().unwrap_or(ANYBODY);
            print(&format!(
                "{}\n",
                json!({ "ServerURL": server, "Username": username, "Secret": kept.secrets.credential.expose() })
            ));
            Ok(())
        }
        "list" => {
            let known = accounts(&ports).await?;
            let server = |account: &Account| (account.host(), account.identity.as_deref().unwrap_or(ANYBODY).into());
            let servers: serde_json::Map<String, serde_json::Value> = known.iter().map(server).collect();
            print(&format!("{}\n", json!(servers)));
            Ok(())
        }
        "version" => {
            print(&format!("docker-credential-authmd-tui {}\n", env!("CARGO_PKG_VERSION")));
            Ok(())
        }
        _ => Err(Problem::new(
            Kind::Usage,
            "Nothing is stored or removed through docker: what a service gave to a person is theirs to end.",
            "Sign up with: authmd-tui add HOST; end it with: authmd-tui revoke ACCOUNT",
        )
        .into()),
    }
}

fn question() -> Result<String, Problem> {
    let mut text = String::new();
    if io::stdin().is_terminal() {
        return Err(Problem::new(
            Kind::Usage,
            "This is called by git or docker, which write their question to its stdin.",
            "See the README for how to have them do that.",
        ));
    }
    let read = io::stdin().lock().take(LONGEST).read_to_string(&mut text);
    read.map(|_| text)
        .map_err(|_| Problem::new(Kind::Usage, "What came in is no text.", "Is it git or docker that asks?"))
}

/// A registry as docker names it: a host, or a whole address.
fn registry(server: &str) -> Option<Url> {
    address(&if server.contains("://") { server.to_owned() } else { format!("https://{server}") })
}

/// An address that a credential may be sent to.
fn address(text: &str) -> Option<Url> {
    let url = Url::parse(text).ok().filter(|_| trust::is_uri(text))?;
    trust::endpoint(&url).is_ok().then_some(url)
}

/// The accounts whose resource is at this very host: those of this name, or else those of which no name is known. Somebody
/// else's is not handed out for it.
fn at_host<'a>(accounts: &'a [Account], place: &Url, username: Option<&str>) -> Vec<&'a Account> {
    let host = trust::authority(place);
    let found = accounts.iter().filter(|account| account.host() == host);
    let Some(username) = username.filter(|name| !ANYBODYS.contains(name)) else {
        return found.collect();
    };
    let names = |account: &'a Account| [&account.identity, &account.label].into_iter().flatten();
    let theirs: Vec<&Account> = found.clone().filter(|account| names(account).any(|name| name == username)).collect();
    if theirs.is_empty() { found.filter(|account| names(account).next().is_none()).collect() } else { theirs }
}

fn which(place: &Url, several: &[&Account]) -> Problem {
    let ids: Vec<&str> = several.iter().map(|account| account.id.as_str()).collect();
    Problem::new(
        Kind::Usage,
        format!("Several accounts fit {}: {}.", trust::authority(place), ids.join(", ")),
        "Say which: the label or the login as the user name, or git-credential --account ACCOUNT.",
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_git_asks_is_understood_and_nothing_goes_out_in_the_clear() {
        let read = |text: &str| Asked::read(text).map(|asked| (asked.place.to_string(), asked.username, asked.bearer));
        let asked = "capability[]=authtype\nprotocol=https\nhost=git.acme.dev:8443\npath=a.git\nusername=ada\n\nhost=evil.dev\n";
        assert_eq!(read(asked), Some(("https://git.acme.dev:8443/".into(), Some("ada".into()), false)));
        assert_eq!(read("protocol=http\nhost=git.acme.dev\n"), None);
        assert_eq!(read("protocol=http\nhost=127.0.0.1:80\n").map(|asked| asked.0), Some("http://127.0.0.1/".into()));
        assert_eq!(read("protocol=https\n"), None);
        assert_eq!(read("protocol=https\nhost=\n"), None);
        for other in [
            "git.acme.dev/.evil.dev",
            "git.acme.dev\\.evil.dev",
            "git.acme.dev?.evil.dev",
            "a@git.acme.dev",
            "git.acme\t.dev",
        ] {
            assert_eq!(read(&format!("protocol=https\nhost={other}\n")), None, "{other}");
        }
        let wants = |schemes: &[&str], capable: bool| {
            let challenges: String = schemes.iter().map(|scheme| format!("wwwauth[]={scheme} realm=\"x\"\n")).collect();
            let capability = if capable { "capability[]=authtype\n" } else { "" };
            read(&format!("{capability}protocol=https\nhost=a.dev\n{challenges}")).expect("a question").2
        };
        assert!(wants(&["Bearer"], true) && !wants(&["Bearer"], false));
        assert!(!wants(&["Bearer", "Basic"], true) && !wants(&["Basic"], true) && !wants(&[], true));
    }

    #[test]
    fn a_registry_is_named_by_host_or_address() {
        let place = |server: &str| registry(server).map(|url| url.to_string());
        assert_eq!(place("registry.acme.dev"), Some("https://registry.acme.dev/".into()));
        assert_eq!(place("https://index.acme.dev/v1/"), Some("https://index.acme.dev/v1/".into()));
        assert_eq!(place("http://registry.acme.dev"), None);
        assert_eq!(place(""), None);
    }
}
