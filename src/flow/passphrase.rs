//! A new passphrase: typed, and typed once more.

use super::{Line, Prompt, Screen, ScreenId};
use crate::problem::{Kind, Problem};
use crate::secret::Secret;

/// Fewer letters are tried out in no time, whatever a passphrase costs to try.
const SHORTEST: usize = 8;

#[derive(Debug, Clone, PartialEq, Default)]
pub struct NewPassphrase {
    first: Option<Secret>,
    problem: Option<Problem>,
}

impl NewPassphrase {
    /// Takes what was typed; the passphrase, once both agree.
    pub fn typed(&mut self, typed: &Secret) -> Option<Secret> {
        let object = |what: String, hint: &str| Some(Problem::new(Kind::Usage, what, hint));
        self.problem = None;
        match self.first.take() {
            None if typed.expose().chars().count() < SHORTEST => {
                self.problem = object(
                    format!("A passphrase has at least {SHORTEST} characters."),
                    "A few words that do not belong together are good, and easy to type.",
                );
                None
            }
            None => {
                self.first = Some(typed.clone());
                None
            }
            Some(first) if first == *typed => Some(first),
            Some(_) => {
                self.problem = object("The two were not the same.".to_owned(), "Type it again, from the beginning.");
                None
            }
        }
    }

    /// Why what was typed last is not taken.
    pub fn problem(&self) -> Option<&Problem> {
        self.problem.as_ref()
    }

    pub fn screen(&self, title: &str) -> Screen {
        let id = if self.first.is_some() { "passphrase_again" } else { "passphrase" };
        let mut screen = Screen::new(ScreenId::Param(id.into()), title);
        screen.lines = match self.first {
            None => vec![
                Line::text(
                    "It opens the vault, and is asked for once per run, when a secret is used; listing and saving need none.",
                ),
                Line::text(format!(
                    "It is written nowhere: without it, what is in the vault is lost. At least {SHORTEST} characters."
                )),
            ],
            Some(_) => vec![Line::text("The same once more.")],
        };
        let label = if self.first.is_some() { "Once more" } else { "New passphrase" };
        screen.prompt = Some(Prompt::Secret { label: label.into() });
        screen.problem.clone_from(&self.problem);
        screen
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_is_taken_when_typed_twice_alike() {
        let mut new = NewPassphrase::default();
        let mut typed = |text: &str| new.typed(&Secret::new(text));
        assert_eq!(typed("short"), None);
        assert_eq!(typed("correct horse"), None);
        assert_eq!(typed("correct house"), None, "another one: from the beginning");
        assert_eq!(typed("correct horse"), None);
        assert_eq!(typed("correct horse"), Some(Secret::new("correct horse")));
    }
}
