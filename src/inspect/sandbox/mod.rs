//! Worker processes that run the inspection with no files, no network, bounded memory and time.

use std::time::Duration;

/// How inspection runs; from `[inspection]`.
#[derive(Debug, Clone)]
pub struct Settings {
    /// How many workers; 0 is one per core.
    pub workers: usize,
    /// How long one mail may take.
    pub timeout: Duration,
    /// How much of one mail is read.
    pub limits: super::Limits,
}
