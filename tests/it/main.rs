//! Every test of the program as a whole, in one binary: layers as in CONTRIBUTING.

mod app;
mod architecture;
mod check;
mod documents;
mod endurance;
mod expressions;
mod flows;
mod foreign;
mod hands;
mod hostile;
mod invariants;
mod journeys;
mod proxy;
mod random_keys;
mod real;
mod sandbox;
mod screens;
mod skills;
mod store;
mod support;
mod vault;
mod wild;
