//! The SMTP envelope: the truth about who sends and who receives (RFC 5321 §2.3.1).
//!
//! In: MAIL and RCPT. Out: an [`Envelope`]. Deliberately absent: To, Cc and Bcc; headers only explain.

use std::fmt;

use serde::{Deserialize, Serialize};

use super::{Address, Dsn};

/// Names one mail through its whole life here: in the trace header, the journal, the hold and the logs.
///
/// A ULID (26 characters, sorted by time), made where the mail is accepted.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(transparent)]
pub struct MailId(pub String);

impl fmt::Display for MailId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// What `BODY=` said (RFC 6152); what may be in a body grows from one to the next.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Default, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum BodyKind {
    /// `7BIT`, or nothing was said.
    #[default]
    SevenBit,
    /// `8BITMIME`.
    EightBitMime,
    /// `BINARYMIME` (RFC 3030): bare CR and LF and NUL are content.
    BinaryMime,
}

/// Who sends and who receives.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct Envelope {
    /// The reverse path; `None` is the null path `<>` of bounces.
    pub sender: Option<Address>,
    /// Every recipient that was accepted, in order. Bcc recipients stand here like all others.
    pub recipients: Vec<Address>,
    /// What `BODY=` said.
    pub body: BodyKind,
    /// Whether `SMTPUTF8` was asked for (RFC 6531).
    pub smtputf8: bool,
    /// Whether `REQUIRETLS` was asked for (RFC 8689): only over verified TLS, or not at all.
    pub requiretls: bool,
    /// What the sender wants to hear about its delivery.
    pub dsn: Dsn,
}
