//! The integration tests: one binary, one file per behaviour.
//!
//! Tests that need another program are ignored by `cargo test` and run by `tests/run`.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on panics")]

#[path = "../generators/mod.rs"]
mod generators;
mod support;

mod attacks;
mod backup;
mod bad_input;
mod bombs;
mod browser;
mod commands;
mod console;
mod crash;
mod crowds;
mod cut_through;
mod deploying;
mod dialogs;
mod drill;
mod edge;
mod exact;
mod exim;
mod fingerprint;
mod fleet;
mod health;
mod held;
mod history;
mod journal;
mod killers;
mod ldap;
mod life;
mod lock;
mod loops;
mod oidc;
mod outage;
mod outbox;
mod passwords;
mod pictures;
mod planted;
mod policy;
mod postfix;
mod postfix_filters;
mod recipes;
mod reload;
mod robustness;
mod siem;
mod story;
mod tidy;
mod traces;
mod upgrade;
mod workers;
