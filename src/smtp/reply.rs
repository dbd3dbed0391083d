//! Replies: the only place where SMTP reply lines are written (RFC 5321 §4.2, RFC 3463 for the second code).
//!
//! In: a code, an enhanced code, words. Out: a [`Reply`] that renders itself. Deliberately absent: the log's reason;
//! what a peer is told and what an operator is told are two different texts.

/// What becomes of the connection after a reply.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Then {
    /// It goes on.
    Continue,
    /// It is closed.
    Close,
}

/// One reply, of one or more lines.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Reply {
    /// The three-digit code.
    pub code: u16,
    /// The enhanced status code, as in `2.0.0`; none where the RFC has none (greeting, EHLO, 354).
    pub enhanced: Option<String>,
    /// The text lines, at least one.
    pub lines: Vec<String>,
    /// Whether the connection goes on.
    pub then: Then,
}

impl Reply {
    /// A one-line reply with its enhanced code.
    pub fn new(code: u16, enhanced: &str, text: impl Into<String>) -> Self {
        Self { code, enhanced: Some(enhanced.to_owned()), lines: vec![text.into()], then: Then::Continue }
    }

    /// 2xx.
    pub fn is_positive(&self) -> bool {
        self.code / 100 == 2
    }

    /// 4xx: the other side keeps the mail and tries again.
    pub fn is_transient(&self) -> bool {
        self.code / 100 == 4
    }
}
