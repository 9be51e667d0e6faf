//! A skill's expressions, evaluated by a child process of this program: what it runs cannot end this one, nor read anything of
//! it, and it has little time and room.

use std::io::{self, Read, Write};
use std::path::PathBuf;
use std::process::{ExitCode, Stdio};
use std::time::Duration;

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::process::Command;
use tokio::time::timeout;
use zeroize::Zeroizing;

use crate::problem::{Kind, Problem, cause};
use crate::skill::expression::{self, Results, Work};

/// The command that makes this program the child.
pub const COMMAND: &str = "evaluate";
/// Until it is ended, whatever it does.
const PATIENCE: Duration = Duration::from_secs(5);
/// Of its answer, in bytes.
const LONGEST: usize = 256 * 1024;
/// Seconds of a processor.
#[cfg(unix)]
const PROCESSOR: u64 = 2;
/// Bytes that it may have, the program itself among them.
#[cfg(unix)]
const ROOM: u64 = 512 << 20;

/// Starts child processes.
#[derive(Debug, Clone)]
pub struct Evaluator {
    program: PathBuf,
}

impl Evaluator {
    /// `program` is this one, wherever it is.
    pub fn new(program: PathBuf) -> Self {
        Self { program }
    }

    pub async fn evaluate(&self, work: &Work) -> Result<Results, Problem> {
        let hint = "The skill asks for too much; mend it, or leave the expression out.";
        let failed = |why: String| Problem::new(Kind::Failed, format!("An expression of the skill {why}."), hint);
        let answer = match timeout(PATIENCE, self.ask(work)).await {
            Ok(answer) => answer.map_err(|error| failed(format!("could not be evaluated: {}", cause(&error))))?,
            Err(_) => return Err(failed("did not come to an end".to_owned())),
        };
        // A child that was stopped has not answered.
        work.read(&answer).ok_or_else(|| failed("took more time or room than it may have".to_owned()))
    }

    async fn ask(&self, work: &Work) -> io::Result<Zeroizing<String>> {
        let mut child = Command::new(&self.program)
            .arg(COMMAND)
            .env_clear()
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .kill_on_drop(true)
            .spawn()?;
        if let Some(mut stdin) = child.stdin.take() {
            // One that does not read is seen by its answer.
            let _ = stdin.write_all(work.written().as_bytes()).await;
        }
        let mut answer = Zeroizing::new(String::new());
        if let Some(stdout) = child.stdout.take() {
            stdout.take(LONGEST as u64 + 1).read_to_string(&mut answer).await?;
        }
        if answer.len() > LONGEST {
            answer.clear();
        }
        Ok(answer)
    }
}

/// What the child process does: reads what is to be evaluated, and answers.
pub fn serve() -> ExitCode {
    confine();
    let mut written = Zeroizing::new(String::new());
    let done = io::stdin().read_to_string(&mut written).and_then(|_| {
        let answer = expression::evaluate(&written);
        io::stdout().write_all(answer.as_bytes())
    });
    if done.is_ok() { ExitCode::SUCCESS } else { ExitCode::FAILURE }
}

/// Nothing is opened or written from now on, and an end is in sight.
#[cfg(unix)]
fn confine() {
    use rustix::process::{Resource, Rlimit, setrlimit};
    for (resource, most) in
        [(Resource::Cpu, PROCESSOR), (Resource::As, ROOM), (Resource::Fsize, 0), (Resource::Nofile, 3)]
    {
        // Where a system knows no such limit, the time that it is waited for has to do.
        let _ = setrlimit(resource, Rlimit { current: Some(most), maximum: Some(most) });
    }
}

#[cfg(not(unix))]
fn confine() {}
