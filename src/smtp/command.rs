//! Command lines (RFC 5321 §4.1): bytes to a [`Command`], or to the reply that refuses them.
//!
//! In: one line with its CRLF. Out: a typed command whose addresses are [`Address`]es, written as the client wrote
//! them. Lenient where real clients are sloppy and nothing can go wrong (a space behind `FROM:`, no angle brackets,
//! the local parts of Japanese phones), strict where something could: a line ends in CRLF and holds no control
//! character, `<>` stands only in MAIL, and source routes (`<@a,@b:user@c>`) are refused, since whom such an address
//! names depends on who reads it. Deliberately absent: the parameters behind a path (`parameter`), what is allowed when
//! and which extensions are offered (the session).

use super::{Reply, parameter};
use crate::mail::{Address, BodyKind, RcptDsn, Ret};

/// The longest command line read, CRLF included. RFC 5321 §4.5.3.1.4 asks for 512 and more for each extension; two
/// UTF-8 addresses of the longest accepted kind fit as well.
pub(super) const MAX_LINE: usize = 2048;

/// The longest name in EHLO (RFC 5321 §4.5.3.1.2).
const MAX_NAME: usize = 255;

/// One command.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Command {
    /// HELO and the client's name.
    Helo(String),
    /// EHLO and the client's name.
    Ehlo(String),
    /// STARTTLS (RFC 3207).
    StartTls,
    /// AUTH (RFC 4954).
    Auth {
        /// In capitals.
        mechanism: String,
        /// What came with it, `=` for an empty response, as written.
        initial: Option<String>,
    },
    /// XCLIENT and its attributes, as written.
    Xclient(String),
    /// XFORWARD and its attributes, as written.
    Xforward(String),
    /// MAIL FROM, and whether it had `AUTH=` (RFC 4954 §5).
    Mail(MailFrom, bool),
    /// RCPT TO, and what it asked.
    Rcpt(Recipient, RcptDsn),
    /// DATA.
    Data,
    /// BDAT (RFC 3030): this many bytes follow the line.
    Bdat {
        /// How many.
        size: u64,
        /// Whether they are the last of the message.
        last: bool,
    },
    /// RSET.
    Rset,
    /// NOOP, whatever follows it.
    Noop,
    /// QUIT.
    Quit,
    /// VRFY and somebody.
    Vrfy,
    /// EXPN and a list.
    Expn,
    /// HELP, whatever follows it.
    Help,
}

/// What MAIL said.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct MailFrom {
    /// The reverse path; `None` is `<>`.
    pub sender: Option<Address>,
    /// `BODY=`.
    pub body: BodyKind,
    /// `SMTPUTF8`.
    pub smtputf8: bool,
    /// `SIZE=`.
    pub size: Option<u64>,
    /// `REQUIRETLS`.
    pub requiretls: bool,
    /// `RET=`.
    pub ret: Option<Ret>,
    /// `ENVID=`, as written.
    pub envid: Option<String>,
}

/// One recipient, with what RCPT asked for it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RcptTo {
    /// Who.
    pub address: Address,
    /// `NOTIFY=` and `ORCPT=`.
    pub dsn: RcptDsn,
}

impl From<Address> for RcptTo {
    fn from(address: Address) -> Self {
        Self { address, dsn: RcptDsn::default() }
    }
}

/// Whom RCPT named.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Recipient {
    /// An address.
    Address(Address),
    /// `<postmaster>` without a domain, which every server has to take (RFC 5321 §4.5.1): ours.
    Postmaster,
}

impl Command {
    /// Reads one line; the error is what the client is told. Behind a BDAT that cannot be understood comes a chunk of
    /// unknown length, no byte of which may become a command: the connection ends there.
    pub(super) fn parse(line: &[u8]) -> Result<Self, Reply> {
        Self::read(line).map_err(|refusal| if starts_with(line, b"BDAT") { refusal.and_close() } else { refusal })
    }

    /// Whether `line` is a RCPT, readable or not.
    pub(super) fn is_rcpt(line: &[u8]) -> bool {
        starts_with(line, b"RCPT ")
    }

    fn read(line: &[u8]) -> Result<Self, Reply> {
        let Some(line) = line.strip_suffix(b"\r\n") else {
            return Err(Reply::bad_line("a command line must end in CRLF"));
        };
        let Ok(line) = std::str::from_utf8(line) else {
            return Err(Reply::bad_line("a command line must be ASCII or UTF-8"));
        };
        if line.contains(|c: char| c.is_control() && c != '\t') {
            return Err(Reply::bad_line("a command line cannot contain control characters"));
        }
        let line = line.trim_end_matches([' ', '\t']);
        let (verb, rest) = line.split_once([' ', '\t']).unwrap_or((line, ""));
        let rest = rest.trim_start_matches([' ', '\t']);
        let alone =
            |command: Self, usage: &str| if rest.is_empty() { Ok(command) } else { Err(Reply::bad_syntax(usage)) };
        let with =
            |command: Self, usage: &str| if rest.is_empty() { Err(Reply::bad_syntax(usage)) } else { Ok(command) };
        match verb.to_ascii_uppercase().as_str() {
            "HELO" => name(rest).map(Self::Helo),
            "EHLO" => name(rest).map(Self::Ehlo),
            "STARTTLS" => alone(Self::StartTls, "STARTTLS"),
            "AUTH" => authentication(rest),
            "XCLIENT" => with(Self::Xclient(rest.to_owned()), "XCLIENT name=value ..."),
            "XFORWARD" => with(Self::Xforward(rest.to_owned()), "XFORWARD name=value ..."),
            "MAIL" => mail(rest),
            "RCPT" => recipient(rest),
            "DATA" => alone(Self::Data, "DATA"),
            "BDAT" => chunk(rest),
            "RSET" => alone(Self::Rset, "RSET"),
            "QUIT" => alone(Self::Quit, "QUIT"),
            "NOOP" => Ok(Self::Noop),
            "VRFY" => with(Self::Vrfy, "VRFY address"),
            "EXPN" => with(Self::Expn, "EXPN list"),
            "HELP" => Ok(Self::Help),
            "ETRN" | "TURN" | "ATRN" | "SEND" | "SOML" | "SAML" | "BURL" => Err(Reply::not_implemented()),
            // A browser that was led here: what follows may hold commands, but nobody meant them (as Postfix does).
            "GET" | "POST" | "PUT" | "OPTIONS" | "CONNECT" => Err(Reply::unknown_command().and_close()),
            _ => Err(Reply::unknown_command()),
        }
    }
}

fn starts_with(line: &[u8], verb: &[u8]) -> bool {
    line.get(..verb.len()).is_some_and(|head| head.eq_ignore_ascii_case(verb))
}

/// The name in HELO or EHLO: anything printable without a space. Many clients do not know their own name, and
/// nothing here relies on it.
fn name(text: &str) -> Result<String, Reply> {
    if text.is_empty() || text.len() > MAX_NAME || text.contains(char::is_whitespace) {
        return Err(Reply::bad_argument("give the name of your host, as in EHLO mail.example.co.jp"));
    }
    Ok(text.to_owned())
}

fn authentication(rest: &str) -> Result<Command, Reply> {
    let mut words = rest.split_ascii_whitespace();
    match (words.next(), words.next(), words.next()) {
        (Some(mechanism), initial, None) => {
            Ok(Command::Auth { mechanism: mechanism.to_ascii_uppercase(), initial: initial.map(str::to_owned) })
        }
        _ => Err(Reply::bad_syntax("AUTH mechanism [initial-response]")),
    }
}

fn mail(rest: &str) -> Result<Command, Reply> {
    let Some((path, parameters)) = after_keyword(rest, "FROM:").and_then(path) else {
        return Err(Reply::bad_syntax("MAIL FROM:<address> [SIZE=n] [BODY=7BIT|8BITMIME] [SMTPUTF8]"));
    };
    let mut from = MailFrom::default();
    if !path.is_empty() {
        from.sender = Some(address(path).map_err(|why| Reply::bad_sender(&why))?);
    }
    let names_author = parameter::mail(parameters, &mut from)?;
    if !from.smtputf8 && from.sender.as_ref().is_some_and(|sender| !sender.as_str().is_ascii()) {
        return Err(Reply::smtputf8_needed());
    }
    Ok(Command::Mail(from, names_author))
}

fn recipient(rest: &str) -> Result<Command, Reply> {
    let Some((path, parameters)) = after_keyword(rest, "TO:").and_then(path) else {
        return Err(Reply::bad_syntax("RCPT TO:<address>"));
    };
    if path.is_empty() {
        return Err(Reply::bad_recipient("a recipient cannot be the null path"));
    }
    let recipient = if path.eq_ignore_ascii_case("postmaster") {
        Recipient::Postmaster
    } else {
        Recipient::Address(address(path).map_err(|why| Reply::bad_recipient(&why))?)
    };
    Ok(Command::Rcpt(recipient, parameter::recipient(parameters)?))
}

fn chunk(rest: &str) -> Result<Command, Reply> {
    let mut words = rest.split_ascii_whitespace();
    let size = words.next().and_then(parameter::digits);
    let last = match (words.next(), words.next()) {
        (None, None) => Some(false),
        (Some(word), None) if word.eq_ignore_ascii_case("LAST") => Some(true),
        _ => None,
    };
    match (size, last) {
        (Some(size), Some(last)) => Ok(Command::Bdat { size, last }),
        _ => Err(Reply::bad_syntax("BDAT number-of-bytes [LAST]")),
    }
}

fn after_keyword<'a>(text: &'a str, keyword: &str) -> Option<&'a str> {
    let (head, tail) = text.split_at_checked(keyword.len())?;
    head.eq_ignore_ascii_case(keyword).then(|| tail.trim_start_matches([' ', '\t']))
}

/// Splits a path from the parameters behind it. Within quotes a `>` does not end the path.
fn path(text: &str) -> Option<(&str, &str)> {
    let Some(inner) = text.strip_prefix('<') else {
        let (path, parameters) = text.split_once([' ', '\t']).unwrap_or((text, ""));
        return (!path.is_empty()).then_some((path, parameters.trim_ascii_start()));
    };
    let (mut quoted, mut escaped) = (false, false);
    let end = inner.bytes().position(|byte| {
        let ends = byte == b'>' && !quoted;
        if byte == b'"' && !escaped {
            quoted = !quoted;
        }
        escaped = byte == b'\\' && !escaped;
        ends
    })?;
    let (path, rest) = inner.split_at(end);
    let parameters = rest.strip_prefix('>')?;
    (parameters.is_empty() || parameters.starts_with([' ', '\t'])).then(|| (path, parameters.trim_ascii_start()))
}

fn address(path: &str) -> Result<Address, String> {
    if path.starts_with('@') {
        return Err("source routes are not accepted; give the mailbox only".to_owned());
    }
    Address::parse(path).map_err(|error| error.to_string())
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn parse(line: &str) -> Result<Command, (u16, String)> {
        Command::parse(format!("{line}\r\n").as_bytes()).map_err(|reply| (reply.code, reply.enhanced.unwrap()))
    }

    fn sender(line: &str) -> Result<Option<String>, (u16, String)> {
        parse(line).map(|command| match command {
            Command::Mail(from, _) => from.sender.map(String::from),
            other => panic!("{other:?}"),
        })
    }

    fn recipient(line: &str) -> Result<String, (u16, String)> {
        parse(line).map(|command| match command {
            Command::Rcpt(Recipient::Address(address), _) => address.into(),
            Command::Rcpt(Recipient::Postmaster, _) => "postmaster".into(),
            other => panic!("{other:?}"),
        })
    }

    #[test]
    fn verbs_in_any_case_with_spaces_behind() {
        assert_eq!(parse("ehlo mail.example.jp"), Ok(Command::Ehlo("mail.example.jp".into())));
        assert_eq!(parse("HeLo [192.0.2.1] "), Ok(Command::Helo("[192.0.2.1]".into())));
        assert_eq!(parse("data"), Ok(Command::Data));
        assert_eq!(parse("QUIT \t"), Ok(Command::Quit));
        assert_eq!(parse("NOOP anything"), Ok(Command::Noop));
        assert_eq!(parse("VRFY taro"), Ok(Command::Vrfy));
        assert_eq!(parse("HELP MAIL"), Ok(Command::Help));
    }

    #[test]
    fn senders() {
        for (line, expected) in [
            ("MAIL FROM:<a@example.jp>", Some("a@example.jp")),
            ("mail from:<>", None),
            ("MAIL FROM: <a@example.jp> SIZE=10", Some("a@example.jp")),
            ("MAIL FROM:a@example.jp SIZE=10", Some("a@example.jp")),
            ("MAIL FROM:<taro..yamada.@docomo.ne.jp>", Some("taro..yamada.@docomo.ne.jp")),
            ("MAIL FROM:<\"a b\"@example.jp> BODY=8bitmime", Some("\"a b\"@example.jp")),
            ("MAIL FROM:<花子@例え.jp> SMTPUTF8", Some("花子@例え.jp")),
        ] {
            assert_eq!(sender(line), Ok(expected.map(str::to_owned)), "{line}");
        }
        let from = MailFrom {
            sender: Some(Address::parse("a@b.jp").unwrap()),
            body: BodyKind::EightBitMime,
            smtputf8: true,
            size: Some(12),
            ..MailFrom::default()
        };
        assert_eq!(parse("MAIL FROM:<a@b.jp> smtputf8 size=12 Body=8BitMime"), Ok(Command::Mail(from, false)));
    }

    #[test]
    fn recipients() {
        for (line, expected) in [
            ("RCPT TO:<a@example.jp>", "a@example.jp"),
            ("rcpt to: a@example.jp", "a@example.jp"),
            ("RCPT TO:<Postmaster>", "postmaster"),
            ("RCPT TO:<PostMaster@example.jp>", "PostMaster@example.jp"),
            ("RCPT TO:<.a..b.@docomo.ne.jp>", ".a..b.@docomo.ne.jp"),
            ("RCPT TO:<a@[IPv6:::1]>", "a@[IPv6:::1]"),
        ] {
            assert_eq!(recipient(line).as_deref(), Ok(expected), "{line}");
        }
    }

    #[test]
    fn refusals_have_their_codes() {
        for (line, code, enhanced) in [
            ("", 500, "5.5.2"),
            ("FOO", 500, "5.5.2"),
            ("MAIL\0 FROM:<a@b.jp>", 500, "5.5.2"),
            ("MAIL FROM:<a@b.jp>\rRCPT TO:<c@d.jp>", 500, "5.5.2"),
            ("ETRN example.jp", 502, "5.5.1"),
            ("EXPN", 501, "5.5.2"),
            ("VRFY", 501, "5.5.2"),
            ("STARTTLS now", 501, "5.5.2"),
            ("AUTH", 501, "5.5.2"),
            ("AUTH PLAIN a b", 501, "5.5.2"),
            ("XCLIENT", 501, "5.5.2"),
            ("BDAT", 501, "5.5.2"),
            ("BDAT LAST", 501, "5.5.2"),
            ("BDAT -1", 501, "5.5.2"),
            ("BDAT 0x10", 501, "5.5.2"),
            ("BDAT 10 LAS", 501, "5.5.2"),
            ("BDAT 10 LAST LAST", 501, "5.5.2"),
            ("EHLO", 501, "5.5.4"),
            ("EHLO a b", 501, "5.5.4"),
            ("DATA now", 501, "5.5.2"),
            ("MAIL", 501, "5.5.2"),
            ("MAIL TO:<a@b.jp>", 501, "5.5.2"),
            ("MAIL FROM:", 501, "5.5.2"),
            ("MAIL FROM:<a@b.jp", 501, "5.5.2"),
            ("MAIL FROM:<a@b.jp>SIZE=1", 501, "5.5.2"),
            ("MAIL FROM:<a@b.jp> SIZE=1x", 501, "5.5.4"),
            ("MAIL FROM:<a@b.jp> FOO", 555, "5.5.4"),
            ("MAIL FROM:<a b@c.jp>", 501, "5.1.7"),
            ("MAIL FROM:<postmaster>", 501, "5.1.7"),
            ("MAIL FROM:<@x:a@b.jp>", 501, "5.1.7"),
            ("MAIL FROM:<花子@例え.jp>", 553, "5.6.7"),
            ("RCPT FROM:<a@b.jp>", 501, "5.5.2"),
            ("RCPT TO:<>", 501, "5.1.3"),
            ("RCPT TO:<taro>", 501, "5.1.3"),
            ("RCPT TO:<@relay.example:a@b.jp>", 501, "5.1.3"),
            ("RCPT TO:<@x,@y:a@b.jp>", 501, "5.1.3"),
            ("RCPT TO:<a@b.jp,c@d.jp>", 501, "5.1.3"),
            ("RCPT TO:<\"a>b\"@c.jp>", 501, "5.1.3"),
            ("RCPT TO:<a@b.jp> NOTIFY=ALWAYS", 501, "5.5.4"),
            ("RCPT TO:<a@b.jp> FOO", 555, "5.5.4"),
        ] {
            assert_eq!(parse(line), Err((code, enhanced.to_owned())), "{line:?}");
        }
    }

    #[test]
    fn extensions_are_read_with_their_arguments() {
        assert_eq!(parse("starttls"), Ok(Command::StartTls));
        let auth =
            |initial: Option<&str>| Command::Auth { mechanism: "PLAIN".into(), initial: initial.map(str::to_owned) };
        assert_eq!(parse("auth plain"), Ok(auth(None)));
        assert_eq!(parse("AUTH PLAIN AGEAYg=="), Ok(auth(Some("AGEAYg=="))));
        assert_eq!(parse("XCLIENT ADDR=192.0.2.1 NAME=x"), Ok(Command::Xclient("ADDR=192.0.2.1 NAME=x".into())));
        assert_eq!(parse("XFORWARD ADDR=192.0.2.1"), Ok(Command::Xforward("ADDR=192.0.2.1".into())));
        assert_eq!(parse("bdat 10 last"), Ok(Command::Bdat { size: 10, last: true }));
        assert_eq!(parse("BDAT 0"), Ok(Command::Bdat { size: 0, last: false }));
        let most = format!("BDAT {}", "9".repeat(20));
        assert_eq!(parse(&most), Ok(Command::Bdat { size: u64::MAX, last: false }));
        assert!(matches!(parse("MAIL FROM:<a@b.jp> AUTH=<>"), Ok(Command::Mail(_, true))));
        let asked = RcptDsn { orcpt: Some("rfc822;x@y.jp".into()), ..RcptDsn::default() };
        let address = Recipient::Address(Address::parse("a@b.jp").unwrap());
        assert_eq!(parse("RCPT TO:<a@b.jp> ORCPT=rfc822;x@y.jp"), Ok(Command::Rcpt(address, asked)));
        assert!(Command::is_rcpt(b"rcpt to:<") && !Command::is_rcpt(b"RCP") && !Command::is_rcpt(b"RCPTX"));
    }

    #[test]
    fn behind_a_chunk_of_unknown_length_nothing_is_read() {
        for line in [&b"BDAT x\r\n"[..], b"bdat 10\n", b"BDAT 10\0\r\n", b"BDAT10\r\n", b"BDAT 10 \xff\r\n"] {
            assert_eq!(Command::parse(line).unwrap_err().then, crate::smtp::Then::Close, "{}", line.escape_ascii());
        }
        assert_eq!(Command::parse(b"DATA x\r\n").unwrap_err().then, crate::smtp::Then::Continue);
    }

    #[test]
    fn a_line_ends_in_crlf_and_is_utf8() {
        for line in [&b"NOOP\n"[..], b"NOOP", b"NOOP\r", b"NOOP \xff\r\n", b"NO\nOP\r\n"] {
            assert_eq!(Command::parse(line).unwrap_err().code, 500, "{}", line.escape_ascii());
        }
    }

    proptest! {
        #[test]
        fn no_line_panics_and_no_address_hides_a_line_end(line in prop::collection::vec(any::<u8>(), 0..80)) {
            for prefix in [&b""[..], b"MAIL FROM:<", b"RCPT TO:<", b"RCPT TO:<\"", b"EHLO "] {
                let whole = [prefix, &line, b"\r\n"].concat();
                if let Ok(Command::Rcpt(Recipient::Address(address), _)) = Command::parse(&whole) {
                    prop_assert!(!address.as_str().contains(['\r', '\n', '<', '>']));
                }
            }
        }
    }
}
