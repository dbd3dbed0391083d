//! What a session refuses, command by command.
//!
//! In: nothing, or what the peer should know to mend it. Out: replies. Deliberately absent: what becomes of a mail once
//! it is here (the room above).

use super::{Reply, Then};

/// What a session refuses.
impl Reply {
    /// 554 at connect: this peer is neither in `smtp.allow_from` nor in `smtp.auth_from`, which only the log says.
    pub fn not_allowed() -> Self {
        Self::new(554, "5.7.1", "not allowed to relay from this address; ask the administrator of this host")
            .and_close()
    }

    /// 554 at connect: the peer spoke before it was greeted, as mail servers never do.
    pub fn spoke_first() -> Self {
        Self::new(554, "5.5.1", "wait for the greeting before sending commands").and_close()
    }

    /// 421 at connect.
    pub fn too_many_connections() -> Self {
        Self::new(421, "4.7.0", "too many connections; try again later").and_close()
    }

    /// 421 after too many bad commands.
    pub fn too_many_errors() -> Self {
        Self::new(421, "4.7.0", "too many errors, closing connection").and_close()
    }

    /// 421 after too long a silence.
    pub fn timeout() -> Self {
        Self::new(421, "4.4.2", "timeout, closing connection").and_close()
    }

    /// 421 to a message that trickles.
    pub fn too_slow() -> Self {
        Self::new(421, "4.4.2", "the message comes too slowly, closing connection").and_close()
    }

    /// 421 after too many commands that bring no mail.
    pub fn too_many_idle_commands() -> Self {
        Self::new(421, "4.7.0", "too many commands without a mail, closing connection").and_close()
    }

    /// 421 to MAIL: the connection has brought as many mails as it may (RFC 9422 §4.1).
    pub fn too_many_mails() -> Self {
        Self::new(421, "4.7.0", "too many mails in one connection; send the rest in another").and_close()
    }

    /// 421 while we stop.
    pub fn shutting_down() -> Self {
        Self::new(421, "4.3.2", "shutting down; try again later").and_close()
    }

    /// 421 after a panic in this connection's code.
    pub fn broken() -> Self {
        Self::new(421, "4.3.0", "internal fault, closing connection; try again later").and_close()
    }

    /// 220 to STARTTLS.
    pub fn start_tls() -> Self {
        Self { then: Then::Encrypt, ..Self::new(220, "2.0.0", "ready to start TLS") }
    }

    /// 530 to MAIL in plain text (RFC 3207 §4).
    pub fn starttls_needed() -> Self {
        Self::new(530, "5.7.0", "this host takes mail over TLS only; say STARTTLS first")
    }

    /// 530 to MAIL without a login (RFC 4954 §6).
    pub fn login_needed() -> Self {
        Self::new(530, "5.7.0", "authentication required; log in over TLS first")
    }

    /// 538 to AUTH in plain text (RFC 4954 §4).
    pub fn login_needs_tls() -> Self {
        Self::new(538, "5.7.11", "encryption required for authentication; say STARTTLS first")
    }

    /// 500 within AUTH (RFC 4954 §4).
    pub fn login_line_too_long() -> Self {
        Self::new(500, "5.5.6", "the line of the authentication exchange is too long")
    }

    /// 421 after too many failed logins.
    pub fn too_many_failed_logins() -> Self {
        Self::new(421, "4.7.0", "too many failed logins, closing connection").and_close()
    }

    /// 553 to MAIL: another login's sender.
    pub fn not_your_sender() -> Self {
        Self::new(553, "5.7.1", "this login may not send as this address; use one of its own")
    }

    /// 550 to XCLIENT and XFORWARD.
    pub fn not_trusted() -> Self {
        Self::new(550, "5.7.1", "this host may not speak for other clients")
    }

    /// 450 to MAIL: this sender sends too fast.
    pub fn sender_too_fast() -> Self {
        Self::new(450, "4.7.1", "this sender sends too many mails a minute; try again later")
    }

    /// 550 to MAIL: this sender has sent what a day allows.
    pub fn sender_at_daily_cap() -> Self {
        Self::new(
            550,
            "5.7.1",
            "this sender has sent as many mails as a day allows; send again tomorrow or ask for more",
        )
    }

    /// 334: a question of an AUTH exchange, in base64.
    pub fn challenge(text: String) -> Self {
        Self::plain(334, text)
    }

    /// 235: the login is good.
    pub fn logged_in() -> Self {
        Self::new(235, "2.7.0", "authentication successful")
    }

    /// 535: name and password do not belong together; which of them is wrong is not said.
    pub fn wrong_login() -> Self {
        Self::new(535, "5.7.8", "authentication failed; check name and password")
    }

    /// 454: not looked at, for the moment.
    pub fn login_unavailable() -> Self {
        Self::new(454, "4.7.0", "temporary authentication failure; try again later")
    }

    /// 501: the client gave the AUTH exchange up.
    pub fn login_cancelled() -> Self {
        Self::new(501, "5.7.0", "authentication cancelled")
    }

    /// 501: a response of an AUTH exchange that cannot be read.
    pub fn bad_base64() -> Self {
        Self::new(501, "5.5.2", "this response cannot be read; it must be base64 of what the mechanism asks for")
    }

    /// 504: an AUTH mechanism that is not offered.
    pub fn unknown_mechanism() -> Self {
        Self::new(504, "5.5.4", "this mechanism is not offered; use PLAIN or LOGIN")
    }

    /// 452: this mail has as many recipients as it may have; the others go in a second mail (RFC 5321 §4.5.3.1.10).
    pub fn too_many_recipients() -> Self {
        Self::new(452, "4.5.3", "too many recipients; send the rest in another mail")
    }

    /// 503: not now. `hint` says what comes first.
    pub fn bad_sequence(hint: &str) -> Self {
        Self::new(503, "5.5.1", hint)
    }

    /// 554 to DATA after every recipient was refused.
    pub fn no_valid_recipients() -> Self {
        Self::new(554, "5.5.1", "no valid recipients")
    }

    /// 500: not an SMTP command.
    pub fn unknown_command() -> Self {
        Self::new(500, "5.5.2", "command not recognised")
    }

    /// 502: an SMTP command that is not offered here.
    pub fn not_implemented() -> Self {
        Self::new(502, "5.5.1", "command not implemented")
    }

    /// 500: the command line itself cannot be read. `why` says what is wrong with it.
    pub fn bad_line(why: &str) -> Self {
        Self::new(500, "5.5.2", why)
    }

    /// 501: the command is known, its form is wrong. `usage` shows the right one.
    pub fn bad_syntax(usage: &str) -> Self {
        Self::new(501, "5.5.2", format!("syntax: {usage}"))
    }

    /// 501: an argument has a value that it cannot have.
    pub fn bad_argument(why: &str) -> Self {
        Self::new(501, "5.5.4", why)
    }

    /// 555: a parameter of MAIL or RCPT that is not offered here (RFC 5321 §4.1.1.11).
    pub fn unknown_parameter() -> Self {
        Self::new(555, "5.5.4", "parameter not supported")
    }

    /// 530 to MAIL with REQUIRETLS outside TLS, where it is not offered (RFC 8689 §3).
    pub fn requiretls_needs_tls() -> Self {
        Self::new(530, "5.7.0", "REQUIRETLS needs an encrypted connection; say STARTTLS first")
    }

    /// 501 to MAIL: the address cannot be read.
    pub fn bad_sender(why: &str) -> Self {
        Self::new(501, "5.1.7", why)
    }

    /// 501 to RCPT: the address cannot be read.
    pub fn bad_recipient(why: &str) -> Self {
        Self::new(501, "5.1.3", why)
    }

    /// 550 to RCPT: the host is ours, the mailbox is not.
    pub fn no_such_mailbox() -> Self {
        Self::new(
            550,
            "5.1.1",
            "this address takes no answers any more; please answer the newest notice about the mail",
        )
    }

    /// 553: an address that is not ASCII, in a mail that was not announced as SMTPUTF8 (RFC 6531 §3.5).
    pub fn smtputf8_needed() -> Self {
        Self::new(553, "5.6.7", "this address needs SMTPUTF8 in MAIL FROM")
    }
}
