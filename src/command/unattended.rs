//! Flows with nobody there to ask: one, or many side by side.

use std::io::{self, IsTerminal, Write};

use tokio::task::JoinSet;

use crate::events::Events;
use crate::flow::{AT_ONCE, Effect, Flow, Input, Outcome, Screen};
use crate::problem::{Kind, Problem};
use crate::shell::interrupt::Interrupts;
use crate::shell::{Ports, clock, perform};

/// Runs a flow to its end. A question ends it: nobody is there to answer.
pub async fn run(flow: &mut dyn Flow, ports: &Ports, mut events: Option<&mut Events>) -> Outcome {
    let mut interrupts = Interrupts::listen();
    let mut effects = flow.step(Input::Begin, clock::now());
    loop {
        let now = clock::now();
        let screen = flow.screen(now);
        if let Some(events) = events.as_deref_mut() {
            events.screen(&screen, now);
        }
        if let Some(outcome) = screen.outcome {
            return outcome;
        }
        // A flow wants one thing at a time.
        let Some(effect) = effects.pop() else {
            return Outcome::of(needs_person(&screen));
        };
        effects = settled(flow, effect, ports, &mut interrupts).await;
    }
}

/// Performs an effect, and steps with what came of it. Ctrl-C is heard meanwhile; what must arrive first (a credential on its
/// way into the store) is waited for all the same.
async fn settled(flow: &mut dyn Flow, effect: Effect, ports: &Ports, interrupts: &mut Interrupts) -> Vec<Effect> {
    let mut work = std::pin::pin!(perform(effect, ports));
    loop {
        let input = tokio::select! {
            input = &mut work => return flow.step(input, clock::now()),
            _ = interrupts.next() => Input::Cancel,
        };
        let instead = flow.step(input, clock::now());
        if !instead.is_empty() || flow.screen(clock::now()).outcome.is_some() {
            return instead;
        }
    }
}

/// The problem of a question that nobody is there to answer.
fn needs_person(screen: &Screen) -> Problem {
    Problem::new(Kind::NeedsPerson, format!("{}: a person has to answer here.", screen.title), "Run it in a terminal.")
}

/// Runs them all, [`AT_ONCE`] at a time, tells of each as it ends, and returns them in the order in which they came. After Ctrl-C
/// none is begun any more. A record of events has room for one at a time.
pub async fn side_by_side<F: Flow + 'static>(
    flows: Vec<F>,
    ports: &Ports,
    mut events: Option<&mut Events>,
    mut over: impl FnMut(&F, &Outcome),
) -> Vec<(F, Outcome)> {
    let mut ended: Vec<Option<(F, Outcome)>> = flows.iter().map(|_| None).collect();
    let mut waiting = flows.into_iter().enumerate();
    let mut running = JoinSet::new();
    // Each that runs hears it, too, and ends when what it has under way has arrived.
    let mut interrupts = Interrupts::listen();
    let mut stopped = false;
    loop {
        while running.len() < AT_ONCE
            && !stopped
            && let Some((nth, mut flow)) = waiting.next()
        {
            if let Some(events) = events.as_deref_mut() {
                let outcome = run(&mut flow, ports, Some(events)).await;
                stopped = tokio::select! {
                    biased;
                    () = interrupts.next() => true,
                    () = std::future::ready(()) => false,
                };
                over(&flow, &outcome);
                ended[nth] = Some((flow, outcome));
                continue;
            }
            let ports = ports.clone();
            running.spawn(async move {
                let outcome = run(&mut flow, &ports, None).await;
                (nth, flow, outcome)
            });
        }
        let joined = tokio::select! {
            biased;
            () = interrupts.next(), if !stopped => {
                stopped = true;
                continue;
            }
            joined = running.join_next() => joined,
        };
        match joined {
            Some(Ok((nth, flow, outcome))) => {
                over(&flow, &outcome);
                ended[nth] = Some((flow, outcome));
            }
            Some(Err(error)) => std::panic::resume_unwind(error.into_panic()),
            None => break,
        }
    }
    waiting.for_each(|(nth, flow)| {
        over(&flow, &Outcome::Cancelled);
        ended[nth] = Some((flow, Outcome::Cancelled));
    });
    ended.into_iter().flatten().collect()
}

/// One line on stderr that says how far it is, where somebody sees it.
pub struct Progress {
    what: &'static str,
    total: usize,
    done: usize,
    is_seen: bool,
}

impl Progress {
    pub fn new(what: &'static str, total: usize) -> Self {
        let can_overwrite = std::env::var_os("TERM").is_some_and(|term| term != "dumb");
        let progress = Self { what, total, done: 0, is_seen: total > 1 && io::stderr().is_terminal() && can_overwrite };
        progress.show();
        progress
    }

    /// One more is over; `told` is said meanwhile, without the line of progress in between.
    pub fn step(&mut self, told: impl FnOnce()) {
        self.done += 1;
        self.clear();
        told();
        self.show();
    }

    fn show(&self) {
        if self.is_seen && self.done < self.total {
            let _ = write!(io::stderr(), "{} {} of {}…", self.what, self.done, self.total);
        }
    }

    fn clear(&self) {
        if self.is_seen {
            let _ = write!(io::stderr(), "\r\x1b[K");
        }
    }
}
