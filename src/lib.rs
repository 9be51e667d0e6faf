//! map to come
pub mod account;
pub mod args;
pub mod command;
pub mod events;
pub mod flow;
pub mod http;
pub mod json;
pub mod plain;
pub mod problem;
pub mod report;
pub mod sandbox;
pub mod secret;
pub mod shell;
pub mod store;
pub mod trust;
pub mod tui;
pub mod when;
