//! README says what the program does: the parts of it that are made from the source.

use std::fs;
use std::path::Path;

use authmd_tui::args::Arguments;
use authmd_tui::tui::keymap;
use clap::CommandFactory;

fn readme() -> String {
    fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join("README.md")).expect("README.md")
}

#[test]
fn the_keys_in_readme_are_the_keys_of_the_program() {
    const START: &str = "<!-- keys: made from src/tui/keymap.rs; a test compares -->\n";
    const END: &str = "<!-- /keys -->";
    let text = readme();
    let (before, rest) = text.split_once(START).expect("a place for the keys");
    let (there, after) = rest.split_once(END).expect("its end");
    let made = keymap::markdown();
    if std::env::var_os("UPDATE_SCREENSHOTS").is_some() {
        fs::write(
            Path::new(env!("CARGO_MANIFEST_DIR")).join("README.md"),
            format!("{before}{START}{made}{END}{after}"),
        )
        .expect("written");
        return;
    }
    assert!(there == made, "UPDATE_SCREENSHOTS=1 cargo test documents brings README up to date");
}

#[test]
fn every_command_is_in_readme() {
    let text = readme();
    for command in Arguments::command().get_subcommands() {
        let name = command.get_name();
        assert!(text.contains(&format!("authmd-tui {name}")) || text.contains(&format!("`{name} ")), "{name}");
    }
}

#[test]
fn the_first_two_commands_of_readme_are_the_promised_ones() {
    let text = readme();
    let commands: Vec<&str> = text
        .lines()
        .filter(|line| line.starts_with("cargo "))
        .map(|line| line.split('#').next().unwrap_or_default().trim())
        .collect();
    assert_eq!(commands, ["cargo run -- demo", "cargo test"]);
}
