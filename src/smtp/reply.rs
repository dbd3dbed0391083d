//! Replies: the only place where SMTP reply lines are written (RFC 5321 §4.2, RFC 3463 for the second code).
//!
//! In: a code, an enhanced code, words. Out: a [`Reply`] that renders itself. Deliberately absent: the log's reason
//! (what a peer is told and what an operator is told are two different texts) and any rule's name or found value.

use crate::mail::MailId;

/// RFC 5321 §4.5.3.1.5 allows 512 octets in a reply line, code and CRLF included.
const MAX_TEXT: usize = 480;

/// What becomes of the connection after a reply.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Then {
    /// It goes on.
    Continue,
    /// It goes on behind a TLS handshake.
    Encrypt,
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

    /// 4xx or 5xx.
    pub fn is_refusal(&self) -> bool {
        self.code >= 400
    }

    /// The same reply, after which the connection is closed.
    #[must_use]
    pub fn and_close(mut self) -> Self {
        self.then = Then::Close;
        self
    }

    /// Enhanced code and text in one line, without the basic code: for logs, the journal and delivery notices.
    pub fn text(&self) -> String {
        let text = self.lines.join(" ");
        match &self.enhanced {
            Some(enhanced) => format!("{enhanced} {text}"),
            None => text,
        }
    }

    /// Appends the reply as it goes over the wire. The enhanced code stands on every line (RFC 2034 §4), lines that are
    /// too long are folded at a space, and what is not printable ASCII becomes `?`: replies may be UTF-8 only within
    /// SMTPUTF8, and a control character could end the line early.
    pub fn render(&self, out: &mut Vec<u8>) {
        let folded: Vec<&str> = self.lines.iter().flat_map(|line| Fold { rest: Some(line) }).collect();
        let last = folded.len().saturating_sub(1);
        for (number, line) in folded.iter().enumerate() {
            out.extend_from_slice(self.code.to_string().as_bytes());
            out.push(if number == last { b' ' } else { b'-' });
            if let Some(enhanced) = &self.enhanced {
                out.extend(enhanced.chars().map(printable));
                out.push(b' ');
            }
            out.extend(line.chars().map(printable));
            out.extend_from_slice(b"\r\n");
        }
    }

    fn plain(code: u16, text: impl Into<String>) -> Self {
        Self { code, enhanced: None, lines: vec![text.into()], then: Then::Continue }
    }
}

/// What a session says as it goes along.
impl Reply {
    /// 220: who we are.
    pub fn greeting(hostname: &str) -> Self {
        Self::plain(220, format!("{hostname} ESMTP Sekisho"))
    }

    /// 250 to HELO.
    pub fn hello(hostname: &str) -> Self {
        Self::plain(250, hostname)
    }

    /// 250 to EHLO: our name, then one extension a line.
    pub fn extended_hello(hostname: &str, extensions: impl IntoIterator<Item = String>) -> Self {
        let lines = std::iter::once(hostname.to_owned()).chain(extensions).collect();
        Self { code: 250, enhanced: None, lines, then: Then::Continue }
    }

    /// 250 to MAIL.
    pub fn sender_accepted() -> Self {
        Self::new(250, "2.1.0", "sender ok")
    }

    /// 250 to RCPT.
    pub fn recipient_accepted() -> Self {
        Self::new(250, "2.1.5", "recipient ok")
    }

    /// 354: the message, please.
    pub fn start_message() -> Self {
        Self::plain(354, "end the message with <CRLF>.<CRLF>")
    }

    /// 250 to RSET and NOOP.
    pub fn done() -> Self {
        Self::new(250, "2.0.0", "ok")
    }

    /// 252 to VRFY: which addresses exist is the next hop's to say, at RCPT.
    pub fn not_verified() -> Self {
        Self::new(252, "2.5.0", "addresses are verified at RCPT TO")
    }

    /// 214 to HELP.
    pub fn help() -> Self {
        let mut reply =
            Self::new(214, "2.0.0", "Sekisho, a relay for outgoing mail (RFC 5321); EHLO shows what it offers");
        reply.lines.push("commands: EHLO HELO MAIL RCPT DATA BDAT RSET NOOP VRFY HELP QUIT".to_owned());
        reply
    }

    /// 250 to a chunk of a message (RFC 3030 §2).
    pub fn chunk_taken(octets: u64) -> Self {
        Self::new(250, "2.0.0", format!("{octets} octets received"))
    }

    /// 221 to QUIT.
    pub fn closing(hostname: &str) -> Self {
        Self::new(221, "2.0.0", format!("{hostname} closing connection")).and_close()
    }
}

/// What becomes of a mail: the final reply.
impl Reply {
    /// 250: the next hop took the mail; its own words are passed on, so that the mail server's log shows the next
    /// hop's queue id.
    pub fn forwarded(next_hop: &Self) -> Self {
        Self::new(250, "2.0.0", format!("forwarded ({})", next_hop.text()))
    }

    /// 250: the mail and its verdict are in the store.
    pub fn held(id: &MailId) -> Self {
        Self::new(250, "2.0.0", format!("held as {id}"))
    }

    /// 250: nothing of the mail waits; the next hop has it for some recipients, and for the others it goes back.
    pub fn settled(id: &MailId) -> Self {
        Self::new(250, "2.0.0", format!("forwarded to some and returned for the others, as {id}"))
    }

    /// 451 with the words of this reply: the mail server is to try the whole mail again.
    #[must_use]
    pub fn later(self) -> Self {
        let enhanced = self.enhanced.filter(|code| code.starts_with('4')).unwrap_or_else(|| "4.3.0".to_owned());
        Self { code: 451, enhanced: Some(enhanced), lines: self.lines, then: Then::Continue }
    }

    /// The same for any 4xx; other replies stay as they are.
    #[must_use]
    pub fn later_if_transient(self) -> Self {
        if self.is_transient() { self.later() } else { self }
    }

    /// 451 at MAIL: there is no room for another mail. `why` is for the administrator of the mail server.
    pub fn strained(why: &str) -> Self {
        Self::new(451, "4.3.2", format!("not taking mail at the moment: {why}; try again later"))
    }

    /// 451: a fault of our own; the mail server keeps the mail.
    pub fn internal() -> Self {
        Self::new(451, "4.3.0", "internal fault, the mail was not taken; try again later")
    }

    /// 451: the next hop cannot be reached or cannot be understood; the mail server keeps the mail.
    pub fn next_hop_unavailable() -> Self {
        Self::new(451, "4.3.0", "next hop unavailable, the mail was not taken; try again later")
    }

    /// 451: the next hop does not let us in; an administrator has to see to it, and the mail server keeps the mail.
    pub fn next_hop_login() -> Self {
        Self::new(451, "4.7.0", "the next hop refuses our login, the mail was not taken; see the log of this relay")
    }

    /// 451: too much to do at the moment.
    pub fn busy() -> Self {
        Self::new(451, "4.3.2", "too busy to take mail; try again later")
    }

    /// 451: the mails that are being taken leave no memory for this one.
    pub fn no_memory() -> Self {
        Self::new(451, "4.3.2", "not enough memory for this mail at the moment; try again later")
    }

    /// 550: policy rejects the mail. `advice` says what the sender can do, not what matched.
    pub fn rejected(advice: impl Into<String>) -> Self {
        Self::new(550, "5.7.1", advice)
    }

    /// 552: larger than `limit` bytes.
    pub fn too_large(limit: u64) -> Self {
        Self::new(552, "5.3.4", format!("message too large; the limit is {limit} bytes"))
    }

    /// 550: a line in the message does not end in CRLF. Taking it would let a second mail be smuggled in.
    pub fn bare_newline() -> Self {
        Self::new(550, "5.6.0", "message refused: every line must end in CRLF, without bare CR or LF")
    }

    /// 554: the mail has been through here too often.
    pub fn mail_loop() -> Self {
        Self::new(554, "5.4.6", "mail loop: too many hops")
    }

    /// 550: the next hop cannot take internationalised addresses or headers (RFC 6531 §3.5).
    pub fn smtputf8_unsupported() -> Self {
        Self::new(550, "5.6.7", "the next hop does not support SMTPUTF8; use ASCII addresses")
    }

    /// 550: the mail may only travel over verified TLS, and the next hop cannot promise that (RFC 8689 §4.2.1).
    pub fn requiretls_unsupported() -> Self {
        Self::new(550, "5.7.30", "the next hop does not support REQUIRETLS over verified TLS; send without it")
    }

    /// 554: the body would have to be changed for the next hop, which nobody here does (RFC 6152 §3).
    pub fn conversion_required() -> Self {
        Self::new(554, "5.6.3", "the next hop takes no 8-bit or binary content; send it as quoted-printable or base64")
    }
}

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

fn printable(c: char) -> u8 {
    u8::try_from(c).ok().filter(|byte| matches!(byte, b' '..=b'~')).unwrap_or(b'?')
}

/// A line in pieces that fit a reply line, cut at spaces where there are any.
struct Fold<'a> {
    rest: Option<&'a str>,
}

impl<'a> Iterator for Fold<'a> {
    type Item = &'a str;

    fn next(&mut self) -> Option<&'a str> {
        let line = self.rest.take()?;
        let Some((limit, _)) = line.char_indices().nth(MAX_TEXT) else { return Some(line) };
        let (head, _) = line.split_at(limit);
        let cut = head.rfind(' ').filter(|&at| at > 0).unwrap_or(limit);
        let (piece, rest) = line.split_at(cut);
        self.rest = Some(rest.strip_prefix(' ').unwrap_or(rest));
        Some(piece)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn rendered(reply: &Reply) -> String {
        let mut out = Vec::new();
        reply.render(&mut out);
        String::from_utf8(out).unwrap()
    }

    #[test]
    fn one_line_and_many() {
        assert_eq!(rendered(&Reply::done()), "250 2.0.0 ok\r\n");
        assert_eq!(rendered(&Reply::start_message()), "354 end the message with <CRLF>.<CRLF>\r\n");
        assert_eq!(
            rendered(&Reply::extended_hello("a.example", ["SIZE 10".to_owned(), "HELP".to_owned()])),
            "250-a.example\r\n250-SIZE 10\r\n250 HELP\r\n"
        );
        let mut two = Reply::rejected("first");
        two.lines.push("second".into());
        assert_eq!(rendered(&two), "550-5.7.1 first\r\n550 5.7.1 second\r\n");
    }

    #[test]
    fn nothing_in_a_text_can_end_the_line_or_leave_ascii() {
        assert_eq!(rendered(&Reply::rejected("a\r\n250 b\0 日本")), "550 5.7.1 a??250 b? ??\r\n");
        assert_eq!(rendered(&Reply::rejected("")), "550 5.7.1 \r\n");
    }

    #[test]
    fn long_lines_are_folded_below_the_limit_without_losing_a_word() {
        for text in ["word ".repeat(400), "x".repeat(3000), "あ".repeat(2000)] {
            let wire = rendered(&Reply::rejected(text.trim()));
            assert!(wire.lines().count() > 1);
            assert!(wire.split_inclusive("\r\n").all(|line| line.len() <= 512), "{wire}");
            assert_eq!(wire.matches("550-").count() + 1, wire.matches("5.7.1").count());
            assert_eq!(wire.matches("word").count(), text.matches("word").count());
        }
    }

    #[test]
    fn the_contract_is_kept() {
        let hop = Reply::new(250, "2.0.0", "Ok: queued as 4XYZ");
        assert_eq!(rendered(&Reply::forwarded(&hop)), "250 2.0.0 forwarded (2.0.0 Ok: queued as 4XYZ)\r\n");
        assert_eq!(rendered(&Reply::held(&MailId("01J".into()))), "250 2.0.0 held as 01J\r\n");
        let codes = |reply: Reply| (reply.code, reply.enhanced.unwrap());
        assert_eq!(codes(Reply::internal()), (451, "4.3.0".into()));
        assert_eq!(codes(Reply::next_hop_unavailable()), (451, "4.3.0".into()));
        assert_eq!(codes(Reply::rejected("")), (550, "5.7.1".into()));
        assert_eq!(codes(Reply::too_large(1)), (552, "5.3.4".into()));
        assert_eq!(codes(Reply::not_allowed()), (554, "5.7.1".into()));
        assert_eq!(codes(Reply::mail_loop()), (554, "5.4.6".into()));
    }
}
