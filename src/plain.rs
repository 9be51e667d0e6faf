//! The screens of a flow as plain prompts: for dumb terminals, screen readers, slow links, and people who like them.
//!
//! The same [`Flow`]s as in the full screen; only what a screen looks like is decided here. Everything goes to stderr.

mod printed;

use std::io::{self, BufRead, Write};
use std::pin::Pin;
use std::{process, thread};

use crossterm::event::{self, Event, KeyCode, KeyEventKind, KeyModifiers};
use tokio::sync::mpsc;
use tokio::task::AbortHandle;

use self::printed::{Printed, Told};
use crate::events::Events;
use crate::flow::{Answer, Effect, Flow, Input, Outcome, Prompt, Screen};
use crate::problem::{Kind, Problem};
use crate::report;
use crate::secret::{Secret, Typed};
use crate::shell::interrupt::Interrupts;
use crate::shell::{Ports, clock, hangup, perform};

/// How the next line is read.
#[derive(Clone, Copy)]
enum Wanted {
    Shown,
    Hidden,
}

/// The terminal shows nothing of what is typed, as long as this lives.
struct Unseen;

impl Unseen {
    fn enter() -> Option<Self> {
        crossterm::terminal::enable_raw_mode().ok().map(|()| Unseen)
    }
}

impl Drop for Unseen {
    fn drop(&mut self) {
        // A terminal that is gone has nothing left to restore.
        let _ = crossterm::terminal::disable_raw_mode();
    }
}

/// A line typed key by key; `None` where the person wants out.
fn hidden_line() -> Option<Secret> {
    let mut typed = Typed::default();
    loop {
        let Event::Key(key) = event::read().ok()? else {
            continue;
        };
        let control = key.modifiers.contains(KeyModifiers::CONTROL);
        match key.code {
            _ if key.kind == KeyEventKind::Release => {}
            KeyCode::Enter => return Some(typed.take()),
            KeyCode::Char('j' | 'm') if control => return Some(typed.take()),
            KeyCode::Char('c' | 'd') if control => return None,
            KeyCode::Esc => return None,
            KeyCode::Char('u') if control => typed.clear(),
            KeyCode::Backspace => typed.pop(),
            KeyCode::Char(c) if !control => typed.push(c),
            _ => {}
        }
    }
}

/// Prompts on stderr, answers from stdin.
pub struct Console {
    /// Lines are read one at a time, each when it is asked for.
    wanted: mpsc::UnboundedSender<Wanted>,
    typed: mpsc::UnboundedReceiver<Option<Secret>>,
    /// A line was asked for and has not come: what was waited for besides came first. It is the next one that is wanted.
    asked: Option<Wanted>,
    unicode: bool,
    /// From one hidden line to the next, so that nothing typed ahead is shown in between.
    unseen: Option<Unseen>,
    guard: AbortHandle,
}

impl Drop for Console {
    fn drop(&mut self) {
        self.guard.abort();
    }
}

impl Console {
    pub fn terminal(unicode: bool) -> Self {
        let (wanted, mut asked) = mpsc::unbounded_channel();
        let (answer, typed) = mpsc::unbounded_channel();
        // Reading keys gets in the way of what else would end the program, and nobody else would make the terminal show again
        // what is typed.
        let guard = tokio::spawn(async {
            let number = hangup::told_to_end().await;
            drop(Unseen);
            process::exit(128 + number)
        });
        // A thread of its own: a read from a terminal cannot be given up once it has begun.
        thread::spawn(move || {
            while let Some(wanted) = asked.blocking_recv() {
                let line = match wanted {
                    Wanted::Shown => io::stdin().lock().lines().next().and_then(Result::ok).map(Secret::new),
                    Wanted::Hidden => hidden_line(),
                };
                if answer.send(line).is_err() {
                    return;
                }
            }
        });
        Self { wanted, typed, asked: None, unicode, unseen: None, guard: guard.abort_handle() }
    }

    pub fn say(&self, text: &str) {
        self.tell(&Told::ours(text));
    }

    fn tell(&self, line: &Told) {
        // A terminal that is gone ends the next read.
        let _ = write!(io::stderr(), "{}", self.lines(&format!("{}\n", self.shaped(line))));
    }

    fn prompt(&self, text: &str) {
        let _ = write!(io::stderr(), "{} ", self.lines(&self.shaped(&Told::ours(text))));
    }

    /// A terminal that shows nothing typed does not go back to the first column by itself either.
    fn lines(&self, text: &str) -> String {
        if self.unseen.is_some() { text.replace('\n', "\r\n") } else { text.to_owned() }
    }

    /// What is typed is shown again.
    fn seen(&mut self) {
        self.unseen = None;
    }

    fn shaped(&self, line: &Told) -> String {
        let width = crossterm::terminal::size().map_or(80, |(columns, _)| columns as usize);
        let text = line.shaped(width);
        if self.unicode { text } else { report::in_ascii(&text) }
    }

    /// The next line, or `None` when there are no more.
    async fn line(&mut self) -> Option<Secret> {
        self.seen();
        self.next(Wanted::Shown).await
    }

    async fn next(&mut self, wanted: Wanted) -> Option<Secret> {
        if self.asked.is_none() {
            self.wanted.send(wanted).ok()?;
            self.asked = Some(wanted);
        }
        let line = self.typed.recv().await?;
        self.asked = None;
        line
    }

    /// The next line, not shown while it is typed.
    async fn hidden(&mut self, question: &str) -> Option<Secret> {
        if let Some(Wanted::Shown) = self.asked {
            // A line is being read that would be seen, and whose end is another key than that of a hidden one.
            self.say("Press Enter to go on.");
            self.line().await?;
        }
        if self.unseen.is_none() {
            self.unseen = Some(Unseen::enter()?);
        }
        self.prompt(question);
        let typed = self.next(Wanted::Hidden).await;
        self.say("");
        typed
    }

    /// A passphrase, not shown; nothing where the person gives up.
    pub async fn passphrase(&mut self, question: &str) -> Option<Secret> {
        let typed = self.hidden(question).await.filter(|typed| !typed.is_empty());
        self.seen();
        typed
    }

    /// Asks for the passphrase until it opens the vault; an empty line gives up.
    pub async fn unlock(&mut self, ports: &Ports) -> Result<(), Problem> {
        let unlocked = loop {
            let typed = self.hidden("Passphrase of the vault (Enter alone gives up):").await;
            let Some(passphrase) = typed.filter(|typed| !typed.is_empty()) else {
                break Err(Problem::new(Kind::Cancelled, "The vault stays locked.", "Nothing was done."));
            };
            match ports.blocking(move |stores| stores.required_vault()?.unlock(&passphrase)).await {
                Err(problem) if problem.kind == Kind::Locked => self.say(&problem.what),
                unlocked => break unlocked,
            }
        };
        self.seen();
        unlocked
    }

    /// A question outside of any flow. No answer is a no.
    pub async fn confirm(&mut self, question: &str) -> bool {
        // Whoever sees a question may answer it at once.
        self.seen();
        loop {
            self.prompt(&format!("{question} (yes/no):"));
            match self.line().await.as_ref().map(|line| line.expose().trim().to_lowercase()).as_deref() {
                Some("yes" | "y") => return true,
                Some("no" | "n") | None => return false,
                Some(_) => {}
            }
        }
    }
}

/// Runs a flow to its end.
pub async fn run(
    flow: &mut dyn Flow,
    ports: &Ports,
    console: &mut Console,
    mut events: Option<&mut Events>,
) -> Outcome {
    let mut interrupts = Interrupts::listen();
    let mut printed = Printed::default();
    let mut work = performing(flow.step(Input::Begin, clock::now()), ports);
    loop {
        let now = clock::now();
        let screen = flow.screen(now);
        if let Some(events) = events.as_deref_mut() {
            events.screen(&screen, now);
        }
        // Whoever sees a question may answer it at once.
        if !matches!(screen.prompt, Some(Prompt::Secret { .. } | Prompt::Paste { .. })) {
            console.seen();
        }
        printed.show(&screen, now).iter().for_each(|line| console.tell(line));
        if let Some(outcome) = screen.outcome {
            return outcome;
        }
        let input = match (&mut work, &screen.prompt) {
            // What is waited for may come before what is asked for, as the browser's answer does.
            (Some(effect), Some(prompt)) => tokio::select! {
                input = effect => {
                    console.say("");
                    work = None;
                    input
                }
                input = ask(console, &screen, prompt) => input,
                _ = interrupts.next() => Input::Cancel,
            },
            (Some(effect), None) => tokio::select! {
                input = effect => {
                    work = None;
                    input
                }
                // What must arrive first (a credential on its way into the store) is waited for.
                _ = interrupts.next() => Input::Cancel,
            },
            (None, Some(prompt)) => tokio::select! {
                input = ask(console, &screen, prompt) => input,
                _ = interrupts.next() => Input::Cancel,
            },
            // A flow that waits for nothing would wait for ever.
            (None, None) => Input::Cancel,
        };
        work = performing(flow.step(input, clock::now()), ports).or(work);
    }
}

/// What is being done. It goes on while the person is asked something.
type Work<'a> = Pin<Box<dyn Future<Output = Input> + 'a>>;

/// A flow wants one thing at a time.
fn performing(effects: Vec<Effect>, ports: &Ports) -> Option<Work<'_>> {
    effects.into_iter().next().map(|effect| Box::pin(perform(effect, ports)) as Work<'_>)
}

async fn ask(console: &mut Console, screen: &Screen, prompt: &Prompt) -> Input {
    let question = question(prompt, screen.can_go_back);
    if let Prompt::Secret { .. } | Prompt::Paste { .. } = prompt {
        loop {
            if let Some(typed) = console.hidden(&question).await {
                match hidden_answer(prompt, typed) {
                    Input::Cancel => {}
                    input => return input,
                }
            }
            match &screen.at_stake {
                Some(at_stake) if !console.confirm(&format!("{at_stake} Cancel all the same?")).await => {}
                _ => return Input::Cancel,
            }
        }
    }
    loop {
        console.prompt(&question);
        let Some(line) = console.line().await else {
            return Input::Cancel;
        };
        match understood(prompt, line.expose()) {
            Ok(Input::Cancel) => match &screen.at_stake {
                Some(at_stake) if !console.confirm(&format!("{at_stake} Cancel all the same?")).await => {}
                _ => return Input::Cancel,
            },
            Ok(input) => return input,
            Err(why) => console.say(&why),
        }
    }
}

/// The question as one line, with the words that do something else.
fn question(prompt: &Prompt, can_go_back: bool) -> String {
    let back = if can_go_back { "back, " } else { "" };
    match prompt {
        Prompt::Pick { choices, .. } if choices.len() == 1 => format!("Press Enter (or: {back}cancel):"),
        Prompt::Pick { choices, .. } => format!("Type 1 to {}, Enter takes 1 (or: {back}cancel):", choices.len()),
        Prompt::Confirm { label, .. } => format!("{label} yes or no (or: {back}cancel):"),
        Prompt::Code { label, .. } => format!("{label} (or: new, {back}cancel):"),
        Prompt::Text { label } | Prompt::Email { label } => format!("{label} (or: {back}cancel):"),
        Prompt::Secret { label } => format!("{label} (not shown; esc cancels):"),
        Prompt::Paste { label } => format!("{label} (not shown; or: other, {back}cancel):"),
    }
}

/// What was typed unseen. In place of something to paste, words are words; a secret may be any.
fn hidden_answer(prompt: &Prompt, typed: Secret) -> Input {
    let pastes = matches!(prompt, Prompt::Paste { .. });
    match typed.expose().trim().to_lowercase().as_str() {
        "other" if pastes => Input::Answer(Answer::NewCode),
        "cancel" if pastes => Input::Cancel,
        "back" if pastes => Input::Back,
        _ => Input::Answer(Answer::Text(typed)),
    }
}

/// What a typed line means for this prompt.
fn understood(prompt: &Prompt, line: &str) -> Result<Input, String> {
    let line = line.trim();
    let word = line.to_lowercase();
    match word.as_str() {
        "cancel" => return Ok(Input::Cancel),
        "back" => return Ok(Input::Back),
        _ => {}
    }
    match prompt {
        Prompt::Text { .. } | Prompt::Email { .. } | Prompt::Secret { .. } | Prompt::Paste { .. } => {
            Ok(Input::Answer(Answer::Text(Secret::new(line))))
        }
        Prompt::Code { .. } if word == "new" => Ok(Input::Answer(Answer::NewCode)),
        // One that is not whole would only cost a try.
        Prompt::Code { digits: Some(digits), .. } if is_begun(line, *digits) => {
            Err(format!("The code has {digits} digits; nothing was sent."))
        }
        Prompt::Code { .. } => Ok(Input::Answer(Answer::Text(Secret::new(line)))),
        // As in the full screen, Enter takes the first choice.
        Prompt::Pick { choices, .. } if word.is_empty() && !choices.is_empty() => Ok(Input::Answer(Answer::Pick(0))),
        Prompt::Pick { choices, .. } => match word.parse::<usize>() {
            Ok(number) if (1..=choices.len()).contains(&number) => Ok(Input::Answer(Answer::Pick(number - 1))),
            _ => Err(format!("Type a number from 1 to {}.", choices.len())),
        },
        Prompt::Confirm { .. } => match word.as_str() {
            "yes" | "y" => Ok(Input::Answer(Answer::Confirm(true))),
            "no" | "n" => Ok(Input::Answer(Answer::Confirm(false))),
            _ => Err("Type yes or no.".to_owned()),
        },
    }
}

/// Is this the beginning of a code of so many digits?
fn is_begun(line: &str, digits: usize) -> bool {
    let typed: String = line.chars().filter(|c| !matches!(c, ' ' | '-')).collect();
    typed.len() < digits && typed.chars().all(|c| c.is_ascii_digit())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_consent_takes_a_word_and_nothing_less() {
        let prompt = Prompt::Confirm { label: "Register?".into(), yes: "Yes".into(), no: "No".into() };
        for unclear in ["", " ", "ok", "1", "yess"] {
            assert!(understood(&prompt, unclear).is_err(), "{unclear:?}");
        }
        assert_eq!(understood(&prompt, " YES "), Ok(Input::Answer(Answer::Confirm(true))));
        assert_eq!(understood(&prompt, "n"), Ok(Input::Answer(Answer::Confirm(false))));
    }

    #[test]
    fn a_code_prompt_knows_the_ways_out() {
        let prompt = Prompt::Code { label: "Code".into(), digits: Some(6) };
        assert_eq!(understood(&prompt, "new"), Ok(Input::Answer(Answer::NewCode)));
        assert_eq!(understood(&prompt, "Back"), Ok(Input::Back));
        assert!(understood(&prompt, "481").is_err() && understood(&prompt, "").is_err(), "it is not whole");
        assert_eq!(understood(&prompt, " 481 516 "), Ok(Input::Answer(Answer::Text(Secret::new("481 516")))));
    }
}
