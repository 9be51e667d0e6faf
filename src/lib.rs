//! map to come
pub mod account;
pub mod flow;
pub mod http;
pub mod json;
pub mod problem;
pub mod secret;
pub mod trust;
pub mod when;
