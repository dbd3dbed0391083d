//! Sekisho (関所): an outbound e-mail data-loss-prevention SMTP proxy.

pub mod cli;
pub mod config;
pub mod console;
pub mod directory;
pub mod hold;
pub mod inspect;
pub mod journal;
pub mod language;
pub mod mail;
pub mod notice;
pub mod outbox;
pub mod policy;
pub mod recipients;
pub mod smtp;
pub mod store;
pub mod telemetry;
pub mod written;
