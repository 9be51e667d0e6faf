//! Draws the pictures below `screenshots/`, as SVG and as PNG, from the cells of the program's own screens on its way through
//! whole walks. `tests/pictures/draw` makes them anew; with `--check` it only says whether they are as they would be made.

mod png;
mod scenes;
mod support;
mod svg;

use std::fs;
use std::path::Path;
use std::process::ExitCode;

fn main() -> ExitCode {
    let checks = std::env::args().any(|argument| argument == "--check");
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../screenshots");
    let painter = png::Painter::new();
    let mut wanted = Vec::new();
    for scene in scenes::all() {
        let svg = svg::svg(&scene.buffer, scene.paper);
        let png = painter.png(&svg);
        wanted.push((format!("{}.svg", scene.name), svg.into_bytes()));
        wanted.push((format!("{}.png", scene.name), png));
    }
    let mut stale = Vec::new();
    for (name, bytes) in &wanted {
        let path = folder.join(name);
        if fs::read(&path).ok().as_ref() == Some(bytes) {
            continue;
        }
        stale.push(name.clone());
        if !checks {
            fs::create_dir_all(&folder).and_then(|()| fs::write(&path, bytes)).expect("written");
        }
    }
    let there =
        fs::read_dir(&folder).into_iter().flatten().filter_map(|entry| entry.ok()?.file_name().into_string().ok());
    for name in there.filter(|name| !wanted.iter().any(|(known, _)| known == name)) {
        if !checks {
            fs::remove_file(folder.join(&name)).expect("removed");
        }
        stale.push(format!("{name} (of no scene)"));
    }
    match (checks, stale.is_empty()) {
        (_, true) => println!("{} pictures are as they would be made", wanted.len()),
        (false, false) => println!("made anew: {}", stale.join(", ")),
        (true, false) => {
            eprintln!("out of date below screenshots/: {}\nto make them anew: tests/pictures/draw", stale.join(", "));
            return ExitCode::FAILURE;
        }
    }
    ExitCode::SUCCESS
}
