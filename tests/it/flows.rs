//! Flows: scripts in, effects and screens out.

mod bad_answers;
mod claim;
mod codes;
mod enrol;
mod exchange;
mod handoff;
mod handover;
pub mod oauth;
mod oauth_described;
mod oauth_found;
mod oauth_life;
mod renew;
mod review;
mod revoke;
mod signup;
mod storage;
mod traps;
mod verify;
