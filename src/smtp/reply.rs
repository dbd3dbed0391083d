//! Replies: the only place where SMTP reply lines are written (RFC 5321 §4.2, RFC 3463 for the second code).
//!
//! In: a code, an enhanced code, words. Out: a [`Reply`] that renders itself. Deliberately absent: the log's reason
//! (what a peer is told and what an operator is told are two different texts) and any rule's name or found value.

mod refusals;

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
    /// A refusal that was asked for, which the log can do without.
    pub quiet: bool,
}

impl Reply {
    /// A one-line reply with its enhanced code.
    pub fn new(code: u16, enhanced: &str, text: impl Into<String>) -> Self {
        Self { code, enhanced: Some(enhanced.to_owned()), lines: vec![text.into()], then: Then::Continue, quiet: false }
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

    /// The same reply, of which the log says nothing.
    #[must_use]
    pub fn quietly(mut self) -> Self {
        self.quiet = true;
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
        Self { code, enhanced: None, lines: vec![text.into()], then: Then::Continue, quiet: false }
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
        Self { code: 250, enhanced: None, lines, then: Then::Continue, quiet: false }
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
        Self { code: 451, enhanced: Some(enhanced), lines: self.lines, then: Then::Continue, quiet: self.quiet }
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

    /// 451: this mail needs the database, which is away; others may go.
    pub fn needs_store() -> Self {
        Self::new(451, "4.3.2", "the database is away, and this mail needs it; it was not taken, try again later")
    }

    /// 550: the sender is at a domain from which only drills come, and this is none.
    pub fn no_drill() -> Self {
        Self::new(
            550,
            "5.7.1",
            "nobody is at this domain; it is for drills of this server, and this is none that is good",
        )
    }

    /// 451: there is no place for the record of this mail.
    pub fn no_record() -> Self {
        Self::new(451, "4.3.2", "no record of this mail can be written; it was not taken, try again later")
    }

    /// 451: a fault of our own; the mail server keeps the mail.
    pub fn internal() -> Self {
        Self::new(451, "4.3.0", "internal fault, the mail was not taken; try again later")
    }

    /// 451: an attempt to bring out a mail of ours died of a fault of our own.
    pub fn broken_off() -> Self {
        Self::new(451, "4.3.0", "a fault of sekisho itself broke the attempt off, its log says which")
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
