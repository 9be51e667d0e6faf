//! Get, review, renew and revoke the credentials of services that speak auth.md, from the terminal.
//!
//! # The map of the house
//!
//! ```text
//!   keys ─────────┐                                             ┌── tui      App::update, view::draw
//!                 ├─▶ front end ── Input ──▶ Flow::step ──┐     │
//!   typed lines ──┘        ▲                (pure)        │     └── plain    the same screens as prompts
//!                          │                   │          │
//!                      Screen ◀── Flow::screen ┘       Effect
//!                                                         │
//!                      shell::perform(effect, ports) ◀────┘
//!                        net · stores · timers
//! ```
//!
//! Everything that talks to a service or a person is a [`flow::Flow`]: a state machine that takes an input and the time and
//! says what is to be done, as values. The shell does it and brings the answer back. So a test of a whole sign-up is a
//! function call, and no test needs a clock.
//!
//! # The rooms
//!
//! What is decided, without touching the world (held by `tests/it/architecture.rs`):
//! - [`flow`]: the machines, one file each: discover, sign up, renew, verify, revoke, review, claim, hand over, take over, storage; [`flow::oauth`] is the
//!   part of a sign-up that is OAuth, [`flow::enrol`] the part that is calls of a service's own; [`flow::wire`] knows how
//!   services spell things, and nothing else does: every answer of auth.md is one [`flow::wire::Reply`], and what it holds
//!   decides how a flow goes on; [`flow::target`] understands what a person typed; [`flow::screen`] is what a person sees;
//!   [`flow::pace`] knows when to look again; [`flow::work`] proves work where a service wants that.
//! - [`account`]: what the list shows; its status, and by when somebody is needed, are computed, never stored.
//! - [`http`]: requests and responses as values. [`json`]: reading what strangers wrote. [`trust`]: what may be contacted,
//!   which addresses are within reach, and what a stranger's text looks like when it is safe. [`when`]: moments in words.
//!   [`wrap`]: text on lines. [`qr`]: a link for a camera.
//! - [`skill`]: what a file says of a service that publishes nothing: calls of OAuth under other names, or of its own;
//!   [`skill::catalogue`] has those that the program comes with, [`skill::expression`] the language of their values.
//! - [`secret`] and [`problem`]: what must not be seen, and what is said when something went wrong.
//! - [`report`]: accounts and findings as text and JSON.
//!
//! What touches the world:
//! - [`shell`]: effects performed: network (proxies, certificates, where names lead), the port for a browser's answer, clock,
//!   where the person sits, their browser and clipboard, folders, the settings file, skills, what they were, and the child that
//!   evaluates their expressions, where credentials are handed, process, log.
//! - [`store`]: where credentials are kept: the vault, the shared JSON file, memory; [`store::attempts`] remembers sign-ups,
//!   [`store::history`] what has happened to each account, [`store::export`] seals accounts for another machine, [`store::foreign`] reads what other programs keep, [`store::record`] writes small files of that kind, [`store::fingerprint`] notices twins; [`store::vault::seal`] has all other cryptography, [`store::keyring`] the system's
//!   keyring, [`store::lock`] one renewal at a time.
//! - [`tui`]: the full screen: its state and keys, and how it is drawn. [`plain`]: prompts. [`events`]: the record of a walk.
//! - [`sandbox`]: services to try things on.
//! - [`args`], [`command`]: the command line and what each command does.
//!
//! # Where to add what
//!
//! A way to sign up is one file in `flow/`; a key is one line in [`tui::keymap::BINDINGS`]; an error code is one line in
//! `flow/wire/refusal.rs`; a store implements [`store::Store`]. CONTRIBUTING has the details.

pub mod account;
pub mod args;
pub mod command;
pub mod events;
pub mod flow;
pub mod http;
pub mod json;
pub mod plain;
pub mod problem;
pub mod qr;
pub mod report;
pub mod sandbox;
pub mod secret;
pub mod shell;
pub mod skill;
pub mod store;
pub mod trust;
pub mod tui;
pub mod when;
pub mod wrap;
