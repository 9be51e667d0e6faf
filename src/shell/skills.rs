//! Skills: the files that a person names, those in a folder of their own, and those that the program comes with.

use std::fs::{self, File};
use std::io::Read;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use directories::BaseDirs;

use super::pins::Pins;
use crate::flow::{Seen, SkillFile};
use crate::problem::{Kind, Problem, cause};
use crate::skill::catalogue::{self, Unclear};
use crate::skill::{Described, LONGEST, Source};
use crate::trust;

/// Of the person's own.
const MOST: usize = 500;
/// What a skill may be called in a folder of its own.
const IN_FOLDER: [&str; 5] = ["skill.yaml", "skill.yml", "SKILL.md", "skill.md", "readme.md"];

/// All skills that have a name.
#[derive(Debug, Clone)]
pub struct Library {
    folder: Arc<Path>,
    pins: Pins,
}

impl Library {
    /// `folder` is the person's own; it need not be there. What was used is remembered in `pins`.
    pub fn new(folder: PathBuf, pins: Pins) -> Self {
        Self { folder: folder.into(), pins }
    }

    /// Reads the skill that a person has named. Their own go before those that the program comes with.
    pub fn read(&self, source: &Source) -> Result<SkillFile, Problem> {
        let file = self.find(source)?;
        Ok(match &file.source {
            Source::File(path) => SkillFile { seen: self.pins.seen(path, &file.text), ..file },
            Source::Named(_) => file,
        })
    }

    /// Remembers a skill as it is.
    pub fn pin(&self, file: &SkillFile) -> Result<(), Problem> {
        match &file.source {
            Source::File(path) => self.pins.pin(path, &file.text),
            Source::Named(_) => Ok(()),
        }
    }

    fn find(&self, source: &Source) -> Result<SkillFile, Problem> {
        let name = match source {
            Source::File(path) => return read(path),
            Source::Named(name) => name,
        };
        let own: Vec<(String, PathBuf, String)> = self
            .own()
            .into_iter()
            .map(|(id, path)| {
                // One that cannot be read is told so when it is asked for by its id.
                let text = read(&path).map(|file| file.text).unwrap_or_default();
                (id, path, catalogue::name_in(&text).to_owned())
            })
            .collect();
        let comes_with = catalogue::all().map(|(id, text)| (id, catalogue::name_in(text)));
        let known = own.iter().map(|(id, _, name)| (id.as_str(), name.as_str()));
        let comes_with = comes_with.filter(|(id, _)| !own.iter().any(|(known, ..)| known == id));
        let id = catalogue::meant(name, known.chain(comes_with)).map_err(|unclear| no_such(name, &unclear))?;
        match (own.into_iter().find(|(known, ..)| *known == id), catalogue::text(&id)) {
            (Some((_, path, _)), _) => read(&path),
            (None, Some(text)) => {
                Ok(SkillFile { source: Source::Named(id), text: text.to_owned(), seen: Seen::AsItWas })
            }
            (None, None) => Err(no_such(name, &Unclear::Like(Vec::new()))),
        }
    }

    /// The services that the person's own skills describe.
    pub fn described(&self) -> Vec<Described> {
        let described = |(id, path): (String, PathBuf)| match read(&path) {
            Ok(SkillFile { source: Source::File(whole), text, .. }) => Some(Described::new(id, whole, &text)),
            Ok(_) | Err(_) => None,
        };
        self.own().into_iter().filter_map(described).collect()
    }

    /// The person's own, by id and file.
    pub fn own(&self) -> Vec<(String, PathBuf)> {
        let entries = fs::read_dir(&self.folder).into_iter().flatten().flatten().take(MOST);
        let mut own: Vec<(String, PathBuf)> = entries.filter_map(|entry| named(&entry.path())).collect();
        own.sort();
        own
    }
}

/// What stands there, if it is a skill.
fn named(path: &Path) -> Option<(String, PathBuf)> {
    if path.is_dir() {
        let file = IN_FOLDER.iter().map(|name| path.join(name)).find(|file| file.is_file())?;
        return Some((path.file_name()?.to_str()?.to_owned(), file));
    }
    let is_skill = path.extension().is_some_and(|kind| kind == "yaml" || kind == "yml" || kind == "md");
    is_skill.then_some(())?;
    Some((path.file_stem()?.to_str()?.to_owned(), path.to_owned()))
}

fn no_such(name: &str, unclear: &Unclear) -> Problem {
    let shown = trust::clean(name, 40);
    let (what, hint) = match unclear {
        Unclear::Several(ids) => {
            (format!("'{shown}' may be {}.", ids.join(", ")), "Name one of them in full.".to_owned())
        }
        Unclear::Like(ids) if ids.is_empty() => (
            format!("'{shown}' is no service that is known here by name."),
            "Give its host (api.example.com), or the path of a skill file.".to_owned(),
        ),
        Unclear::Like(ids) => (
            format!("'{shown}' is no service that is known here by name."),
            format!("Like it are: {}. Or give its host (api.example.com).", ids.join(", ")),
        ),
    };
    Problem::new(Kind::Usage, what, hint)
}

/// Reads a file; `~` is the person's home, as in a shell.
fn read(path: &Path) -> Result<SkillFile, Problem> {
    let named = trust::clean(&path.to_string_lossy(), 80);
    let problem = |why: String| {
        Problem::new(Kind::Usage, format!("The skill {named} cannot be read: {why}."), "Name a readable file.")
    };
    let whole = at_home(path).canonicalize().map_err(|error| problem(cause(&error)))?;
    let mut text = String::new();
    let limit = LONGEST as u64 + 1;
    let read = File::open(&whole).and_then(|file| file.take(limit).read_to_string(&mut text));
    match read {
        Err(error) => Err(problem(cause(&error))),
        Ok(_) if text.len() > LONGEST => Err(problem(format!("it is longer than {} KiB", LONGEST / 1024))),
        Ok(_) => Ok(SkillFile { source: Source::File(whole), text, seen: Seen::Never }),
    }
}

fn at_home(path: &Path) -> PathBuf {
    match (path.strip_prefix("~"), BaseDirs::new()) {
        (Ok(rest), Some(dirs)) => dirs.home_dir().join(rest),
        _ => path.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_persons_own_skills_go_before_those_that_the_program_comes_with() {
        let folder = tempfile::tempdir().expect("a folder");
        let library = Library::new(folder.path().join("skills"), Pins::Here(Arc::default()));
        let source = |name: &str| library.read(&Source::Named(name.into())).map(|file| file.source);
        assert_eq!(source("Open Router"), Ok(Source::Named("openrouter".into())), "there is no folder");
        fs::create_dir_all(folder.path().join("skills/acme")).expect("made");
        let write = |name: &str, text: &str| {
            let path = folder.path().join("skills").join(name);
            fs::write(&path, text).expect("written");
            Source::File(path.canonicalize().expect("a path"))
        };
        let own = write("openrouter.yaml", "id: openrouter\nname: Mine\n");
        let acme = write("acme/SKILL.md", "---\nname: The Acme\n---\n");
        write("notes.txt", "name: Notes");
        assert_eq!(source("openrouter"), Ok(own));
        assert_eq!((source("acme"), source("the acme")), (Ok(acme.clone()), Ok(acme)));
        assert_eq!(library.own().len(), 2);
        for (name, said) in
            [("git", "may be github, gitlab"), ("opnrouter", "is no service"), ("zzzz", "is no service")]
        {
            let problem = source(name).expect_err(name);
            assert!(problem.what.contains(said), "{name}: {problem}");
        }
    }
}
