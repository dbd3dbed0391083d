//! The life of a held mail.

use std::time::Duration;

use crate::mail::Address;

/// Who decides and until when; from `[approval]`.
#[derive(Debug, Clone)]
pub struct Settings {
    /// The team that releases held mail.
    pub security: Vec<Address>,
    /// Who approves mail that needs a second person; the security team if empty.
    pub approvers: Vec<Address>,
    /// How long a held mail waits before it goes back to its sender.
    pub expires_after: Duration,
    /// How long a delayed mail can be taken back before it goes out.
    pub delay: Duration,
}
