//! Placeholder while the room is being built.

pub mod config;
pub mod rules;
