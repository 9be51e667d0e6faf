//! The built program as a person meets it: in a terminal, against the sandbox as a process of its own.

mod commands;
mod exits;
mod exports;
mod full_screen;
mod manners;
mod many;
mod oauth;
mod prompts;
mod renewal;
mod scripts;
mod shapes;
mod skills;
mod storage;
mod terminals;
mod traces;
