//! SMTP out: transactions with the next hop over pooled connections.

/// How to reach the next hop; from `[next_hop]`.
#[derive(Debug, Clone)]
pub struct Settings {
    /// What we call ourselves in EHLO.
    pub hostname: String,
    /// `host:port`, tried in order.
    pub hosts: Vec<String>,
    /// Whether the connection is encrypted.
    pub tls: Tls,
}

/// Whether the connection to the next hop is encrypted.
#[derive(Debug, Clone, Copy, PartialEq, Eq, serde::Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Tls {
    /// Plain text.
    Never,
    /// STARTTLS when offered, whatever the certificate.
    Opportunistic,
    /// STARTTLS or nothing, whatever the certificate.
    Required,
    /// STARTTLS with a certificate that the system's roots vouch for, or nothing.
    Verified,
}

/// What the next hop may be given. One type of the product implements it (`hold::Clearance`), and a test in
/// `tests/it/tidy.rs` sees to it that no second one does.
pub trait Cleared {
    /// Header lines to put before the message (the trace header), ending in CRLF.
    fn trace(&self) -> &[u8];
    /// The message as it arrived.
    fn message(&self) -> &[u8];
}
