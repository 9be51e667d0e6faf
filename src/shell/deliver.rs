//! A credential put where somebody wants it: a line in a file, or a command's stdin.

use std::fs;
use std::io::{self, Write};
use std::path::Path;
use std::process::Stdio;
use std::time::Duration;

use tempfile::NamedTempFile;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::process::Command;
use tokio::time::timeout;
use zeroize::Zeroizing;

use super::paths;
use crate::account::HandOver;
use crate::flow::handover::Delivery;
use crate::problem::{Kind, Problem, cause};
use crate::secret::Secret;
use crate::trust;

/// How long a command may take.
const PATIENCE: Duration = Duration::from_secs(60);
/// Of what it says, in bytes.
const LONGEST: u64 = 4_096;

pub async fn deliver(delivery: Delivery) -> Result<(), Problem> {
    let Delivery { to, credential } = delivery;
    match &to {
        HandOver::EnvFile { file, name } => write_line(file, name, &credential).map_err(|error| {
            let what = format!("{} could not be written: {}.", to.place(), cause(&error));
            Problem::new(Kind::Failed, what, "Is the folder there, and yours?")
        }),
        HandOver::Command { command } => run(command, &credential).await,
        // That is a call, and made as one.
        HandOver::AgentOs { .. } => Ok(()),
    }
}

/// Puts `NAME=credential` in place of the line of that name, or at the end. Whoever reads the file sees the old one or the new.
fn write_line(file: &Path, name: &str, credential: &Secret) -> io::Result<()> {
    // A link leads to the file that is meant.
    let file = fs::canonicalize(file).unwrap_or_else(|_| file.to_owned());
    let folder = file.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."));
    let before = match fs::read_to_string(&file) {
        Ok(text) => Zeroizing::new(text),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Zeroizing::default(),
        Err(error) => return Err(error),
    };
    let line = Zeroizing::new(format!("{name}={}", quoted(credential.expose()).as_str()));
    let is_it = |old: &str| {
        let old = old.trim_start();
        let old = old.strip_prefix("export ").unwrap_or(old).trim_start();
        old.strip_prefix(name).is_some_and(|rest| rest.trim_start().starts_with('='))
    };
    let mut text = Zeroizing::new(String::with_capacity(before.len() + line.len() + 8));
    let mut put = false;
    for old in before.lines() {
        match is_it(old) {
            true if put => continue,
            true => {
                if old.trim_start().starts_with("export ") {
                    text.push_str("export ");
                }
                text.push_str(&line);
                put = true;
            }
            false => text.push_str(old),
        }
        text.push('\n');
    }
    if !put {
        text.push_str(&line);
        text.push('\n');
    }
    // Made by tempfile for its owner only.
    let mut new = NamedTempFile::new_in(folder)?;
    new.write_all(text.as_bytes())?;
    new.as_file().sync_all()?;
    new.persist(&file)?;
    paths::sync_folder(folder)
}

/// As a shell and the readers of such files understand it alike.
fn quoted(text: &str) -> Zeroizing<String> {
    let is_plain = text.chars().all(|c| c.is_ascii_alphanumeric() || "-_.:/+=@,%".contains(c));
    Zeroizing::new(if is_plain { text.to_owned() } else { format!("'{}'", text.replace('\'', "'\\''")) })
}

async fn run(command: &[String], credential: &Secret) -> Result<(), Problem> {
    let Some((program, arguments)) = command.split_first() else {
        return Ok(());
    };
    let name = trust::clean(program, 60);
    let failed = |what: String| Problem::new(Kind::Failed, what, "Run it by hand to see what it wants.");
    let done = async {
        let mut child = Command::new(program)
            .args(arguments)
            .stdin(Stdio::piped())
            .stdout(Stdio::null())
            .stderr(Stdio::piped())
            .kill_on_drop(true)
            .spawn()?;
        if let Some(mut stdin) = child.stdin.take() {
            // One that does not read it says so by how it ends.
            let _ = stdin.write_all(credential.expose().as_bytes()).await;
        }
        let mut said = Vec::new();
        if let Some(stderr) = child.stderr.take() {
            stderr.take(LONGEST).read_to_end(&mut said).await?;
        }
        io::Result::Ok((child.wait().await?, said))
    };
    match timeout(PATIENCE, done).await {
        Err(_) => Err(failed(format!("{name} did not come to an end within a minute."))),
        Ok(Err(error)) => Err(failed(format!("{name} could not be run: {}.", cause(&error)))),
        Ok(Ok((status, _))) if status.success() => Ok(()),
        Ok(Ok((status, said))) => {
            let said = String::from_utf8_lossy(&said);
            let said =
                trust::without(&trust::clean(said.lines().next().unwrap_or_default(), 120), [credential].into_iter());
            let said = if said.is_empty() { String::new() } else { format!(", and says: {said}") };
            Err(failed(format!("{name} ended with {status}{said}.")))
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_line_is_replaced_and_the_rest_stays() {
        let folder = tempfile::tempdir().expect("a folder");
        let file = folder.path().join(".env");
        let written = |before: Option<&str>, key: &str| {
            match before {
                Some(text) => fs::write(&file, text).expect("written"),
                None => drop(fs::remove_file(&file)),
            }
            write_line(&file, "ACME_KEY", &Secret::new(key)).expect("written");
            fs::read_to_string(&file).expect("read")
        };
        assert_eq!(written(None, "sk_1"), "ACME_KEY=sk_1\n");
        assert_eq!(
            written(Some("A=1\nACME_KEY=old\n# c\nACME_KEY_2=x"), "sk_1"),
            "A=1\nACME_KEY=sk_1\n# c\nACME_KEY_2=x\n"
        );
        assert_eq!(written(Some("export ACME_KEY = old\nACME_KEY=older\n"), "a b"), "export ACME_KEY='a b'\n");
        assert_eq!(written(Some("A=1"), "it's $x"), "A=1\nACME_KEY='it'\\''s $x'\n");
        #[cfg(unix)]
        {
            use std::os::unix::fs::PermissionsExt;
            assert_eq!(fs::metadata(&file).expect("there").permissions().mode() & 0o777, 0o600);
        }
    }
}
