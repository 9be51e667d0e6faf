//! README says what the program does: the parts of it that are made from the source.

use std::fs;
use std::path::Path;

use authmd_tui::args::Arguments;
use authmd_tui::skill::Skill;
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
    if std::env::var_os("UPDATE_README").is_some() {
        fs::write(
            Path::new(env!("CARGO_MANIFEST_DIR")).join("README.md"),
            format!("{before}{START}{made}{END}{after}"),
        )
        .expect("written");
        return;
    }
    assert!(there == made, "UPDATE_README=1 cargo test documents brings README up to date");
}

#[test]
fn the_skills_that_are_shown_can_be_used() {
    let text = readme();
    let shown = text.split("```yaml\n").nth(1).and_then(|rest| rest.split("```").next()).expect("a skill");
    let source = include_str!("../../src/skill.rs");
    let comment = source.split("```yaml\n").nth(1).and_then(|rest| rest.split("```").next()).expect("a skill");
    // What is left out there is left out here.
    let comment = comment.replace("//! ", "").replace('…', "https://lantern.example/pair");
    for skill in [shown, comment.trim_end_matches("//!").trim_end()] {
        Skill::read(skill, "README.md").unwrap_or_else(|problem| panic!("{problem}\n{skill}"));
    }
    for file in fs::read_dir(Path::new(env!("CARGO_MANIFEST_DIR")).join("assets/services")).expect("a folder") {
        let path = file.expect("a file").path();
        let skill = fs::read_to_string(&path).expect("readable");
        Skill::read(&skill, &path.to_string_lossy()).unwrap_or_else(|problem| panic!("{problem}"));
    }
}

#[test]
fn every_command_is_in_readme() {
    let text = readme();
    for command in Arguments::command().get_subcommands().filter(|command| !command.is_hide_set()) {
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
