//! Arguments in, exit code out.

use std::io::Write;
use std::process::ExitCode;

use authmd_tui::args::{Arguments, Command};
use authmd_tui::command::{self, Ended};
use authmd_tui::shell::expressions;
use authmd_tui::shell::process::keep_memory_private;

fn main() -> ExitCode {
    keep_memory_private();
    let arguments = Arguments::of(std::env::args_os());
    if matches!(arguments.command, Some(Command::Evaluate)) {
        return expressions::serve();
    }
    // A service that writes without end keeps its task busy; deadlines are looked at in between.
    let runtime = match tokio::runtime::Builder::new_current_thread().event_interval(1).enable_all().build() {
        Ok(runtime) => runtime,
        Err(error) => {
            eprintln!("The program could not start: {error}.\nhint: The system may be out of file handles or memory.");
            return ExitCode::FAILURE;
        }
    };
    let done = runtime.block_on(command::run(arguments));
    // A read from the terminal may still be waiting; there is nothing left to wait for.
    runtime.shutdown_background();
    match done {
        Ok(()) => ExitCode::SUCCESS,
        Err(ended) => {
            if let Ended::Tell(problem) = &ended {
                // Where stderr is gone, the exit code has to do.
                let _ = writeln!(std::io::stderr(), "{problem}");
            }
            ExitCode::from(ended.exit_code())
        }
    }
}
