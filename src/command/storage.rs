//! The commands below `store`, and `doctor`.

use serde_json::json;

use super::output::{print_json, print_text, say};
use super::{Done, Settings, open_vault, result_of, somebody_there};
use crate::account::Source;
use crate::args::ProtectionChoice;
use crate::flow::storage::{Finding, Level, Storage, Survey, TakenOver, Wish, survey_lines, taken_in_words};
use crate::flow::{Guard, Line, Protection};
use crate::plain::{self, Console};
use crate::problem::{Kind, Problem};
use crate::report;
use crate::shell::clipboard::Tool;
use crate::shell::{Ports, clock, net, surroundings};
use crate::store::vault::none_yet;
use crate::store::{Store, Stores, migrate, survey};

async fn surveyed(ports: &Ports) -> Result<Survey, Problem> {
    ports.blocking(|stores| Ok(survey::survey(stores))).await
}

pub async fn status(settings: &Settings) -> Done {
    let survey = surveyed(&settings.ports()?).await?;
    match settings.json {
        true => print_json(&report::survey_json(&survey)),
        false => print_text(settings, &report::lines_text(&survey_lines(&survey))),
    }
    verdict(&survey)
}

/// What needs something done is a problem of the command.
fn verdict(survey: &Survey) -> Done {
    let troubles: Vec<&Finding> = survey.findings.iter().filter(|finding| finding.level == Level::Problem).collect();
    let Some(first) = troubles.first() else {
        return Ok(());
    };
    let more = match troubles.len() {
        1 => String::new(),
        several => format!(" (the first of {several})"),
    };
    let hint = first.remedy.clone().unwrap_or_else(|| "See authmd-tui doctor.".to_owned());
    Err(Problem::new(Kind::Store, format!("{}{more}", first.what), hint).into())
}

/// Makes the vault. What opens it is asked for where it was not named.
pub async fn init(settings: &Settings, protection: Option<ProtectionChoice>) -> Done {
    let ports = settings.ports()?;
    let vault = ports.stores.required_vault()?;
    if vault.exists() {
        return Err(vault.there_already().into());
    }
    match protection.map(Protection::from) {
        Some(protection) => protect(settings, ports, protection).await,
        None => walk(settings, ports, Wish::Look).await,
    }
}

pub async fn migrate(settings: &Settings, to: Option<Protection>, foreign: bool) -> Done {
    let ports = settings.ports()?;
    if !ports.stores.required_vault()?.exists() {
        return Err(none_yet().into());
    }
    if to.is_none() && nothing_to_take(&ports, foreign).await? {
        return taken(settings, TakenOver::default());
    }
    if to == Some(Protection::Keyring) {
        // Nobody is asked for a passphrase in vain.
        ports
            .blocking(|stores| stores.required_vault()?.probe().map(drop).map_err(|trouble| trouble.problem()))
            .await?;
    }
    open_vault(settings, &ports, None).await?;
    match to {
        Some(protection) => protect(settings, ports, protection).await,
        None => {
            let what = ports.blocking(move |stores| migrate::take_over(stores, foreign)).await?;
            taken(settings, what)
        }
    }
}

fn taken(settings: &Settings, taken: TakenOver) -> Done {
    match settings.json {
        true => print_json(&json!({
            "version": 1, "moved": taken.moved, "copied": taken.copied, "newer": taken.newer,
        })),
        false => say(&taken_in_words(taken)),
    }
    Ok(())
}

async fn nothing_to_take(ports: &Ports, foreign: bool) -> Result<bool, Problem> {
    let listing = ports.blocking(|stores| Ok(stores.file().map(|file| file.accounts()).unwrap_or_default())).await?;
    match listing.problem {
        Some(problem) => Err(problem),
        None => Ok(!listing.accounts.iter().any(|account| foreign || account.source == Source::Own)),
    }
}

async fn protect(settings: &Settings, ports: Ports, protection: Protection) -> Done {
    match protection {
        // Nothing has to be typed for this one.
        Protection::Keyring => {
            let there = ports.stores.required_vault()?.exists();
            let guard = move |stores: &Stores| match there {
                true => stores.required_vault()?.protect(&Guard::Keyring),
                false => stores.required_vault()?.create(&Guard::Keyring),
            };
            ports.blocking(guard).await?;
            say(match there {
                true => "The system keyring opens the vault from now on.",
                false => "The vault is made; the system keyring opens it.",
            });
            Ok(())
        }
        Protection::Passphrase => walk(settings, ports, Wish::Protect(protection)).await,
    }
}

async fn walk(settings: &Settings, ports: Ports, wish: Wish) -> Done {
    if !somebody_there() {
        return Err(Problem::new(
            Kind::NeedsPerson,
            "A passphrase is typed by a person at a terminal.",
            "Run it in a terminal, or let the system keyring open the vault: --protection keyring, or --to keyring.",
        )
        .into());
    }
    let mut console = Console::terminal(settings.unicode);
    let mut events = settings.events()?;
    let outcome = plain::run(&mut Storage::new(wish), &ports, &mut console, events.as_mut()).await;
    result_of(outcome).map_err(super::Ended::Told)
}

pub async fn lock(settings: &Settings) -> Done {
    let ports = settings.ports()?;
    ports.blocking(|stores| stores.required_vault()?.lock()).await?;
    if settings.json {
        print_json(&json!({ "version": 1, "locked": true }));
    }
    say("Locked: programs that run forget the vault's key before they use it again.");
    let state = ports.blocking(|stores| stores.required_vault()?.state()).await?;
    if state.is_some_and(|state| state.protection == Protection::Keyring) {
        say("The system keyring gives the key out anew as long as it is unlocked itself.");
    }
    Ok(())
}

/// Is what a person has written into the settings file understood?
fn written(settings: &Settings) -> Finding {
    let (level, what, remedy) = match settings.preferences() {
        Ok(_) => (Level::Good, settings.file().display().to_string(), None),
        Err(problem) => (Level::Problem, problem.what, Some(problem.hint)),
    };
    Finding { check: "settings", level, what, remedy }
}

pub async fn doctor(settings: &Settings, repair: bool) -> Done {
    let ports = settings.ports()?;
    if repair {
        let mended = ports.blocking(survey::repair).await?;
        mended.iter().for_each(|path| say(&format!("The rights of others were taken away: {}", path.display())));
    }
    let mut survey = surveyed(&ports).await?;
    let now = clock::now();
    let further = ports.blocking(move |stores| Ok((survey::elsewhere(stores), survey::clock(stores, now)))).await?;
    survey.findings.extend(further.0);
    survey.findings.push(further.1);
    survey.findings.extend(net::survey::findings());
    survey.findings.push(written(settings));
    let clipboard = Tool::here(&settings.found);
    survey.findings.extend(surroundings::survey::findings(&settings.found, &settings.browser, clipboard));
    match settings.json {
        true => {
            let mut report = report::survey_json(&survey);
            report["log"] = json!(settings.log_file().display().to_string());
            print_json(&report);
        }
        false => {
            let mut lines = survey_lines(&survey);
            let log = format!("{} (AUTHMD_TUI_LOG=debug writes it)", settings.log_file().display());
            lines.extend([Line::Gap, Line::fact("log", log)]);
            print_text(settings, &report::lines_text(&lines));
        }
    }
    verdict(&survey)
}
