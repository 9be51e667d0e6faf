//! `completions` and `man`: for packagers, and whoever installs by hand.

use clap::{Arg, CommandFactory};
use clap_complete::Shell;
use clap_mangen::Man;
use clap_mangen::roff::{Roff, roman};

use crate::args::Arguments;

const NAME: &str = "authmd-tui";

pub fn completions(shell: Shell) -> String {
    let mut script = Vec::new();
    clap_complete::generate(shell, &mut Arguments::command(), NAME, &mut script);
    String::from_utf8_lossy(&script).into_owned()
}

/// One page: the program, and below it each command as its help has it.
pub fn page() -> String {
    let mut program = Arguments::command();
    program.build();
    let mut page = Vec::new();
    // Written into memory, which takes everything.
    let _ = Man::new(program.clone()).render(&mut page);
    let mut commands = Roff::new();
    for command in program.get_subcommands().filter(|command| !command.is_hide_set() && command.get_name() != "help") {
        commands.control("SH", [format!("{NAME} {}", command.get_name()).to_uppercase().as_str()]);
        // As it stands, line by line, without what stands above already.
        commands.control("nf", []);
        let own = |argument: Arg| if argument.is_global_set() { argument.hide(true) } else { argument };
        let help = command.clone().mut_args(own).render_long_help().to_string();
        commands.text(help.lines().map(|line| roman(format!("{line}\n"))).collect::<Vec<_>>());
        commands.control("fi", []);
    }
    String::from_utf8_lossy(&page).into_owned() + &commands.to_roff()
}
