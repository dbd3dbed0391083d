//! Command lines (RFC 5321 §4.1): bytes to a [`Command`], or to the reply that refuses them.
//!
//! In: one line with its CRLF. Out: a typed command whose addresses are [`Address`]es, written as the client wrote
//! them. Lenient where real clients are sloppy and nothing can go wrong (a space behind `FROM:`, no angle brackets,
//! the local parts of Japanese phones), strict where something could: a line ends in CRLF and holds no control
//! character, `<>` stands only in MAIL, and source routes (`<@a,@b:user@c>`) are refused, since whom such an address
//! names depends on who reads it. Deliberately absent: what is allowed when (the session), and which extensions are
//! offered beyond the ones that MAIL's parameters belong to.

use super::Reply;
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
    /// MAIL FROM.
    Mail(MailFrom),
    /// RCPT TO.
    Rcpt(Recipient),
    /// DATA.
    Data,
    /// RSET.
    Rset,
    /// NOOP, whatever follows it.
    Noop,
    /// QUIT.
    Quit,
    /// VRFY, whatever follows it.
    Vrfy,
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

/// What RCPT said.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Recipient {
    /// An address.
    Address(Address),
    /// `<postmaster>` without a domain, which every server has to take (RFC 5321 §4.5.1): ours.
    Postmaster,
}

impl Command {
    /// Reads one line; the error is what the client is told.
    pub(super) fn parse(line: &[u8]) -> Result<Self, Reply> {
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
        match verb.to_ascii_uppercase().as_str() {
            "HELO" => name(rest).map(Self::Helo),
            "EHLO" => name(rest).map(Self::Ehlo),
            "MAIL" => mail(rest).map(Self::Mail),
            "RCPT" => recipient(rest).map(Self::Rcpt),
            "DATA" => alone(Self::Data, "DATA"),
            "RSET" => alone(Self::Rset, "RSET"),
            "QUIT" => alone(Self::Quit, "QUIT"),
            "NOOP" => Ok(Self::Noop),
            "VRFY" => Ok(Self::Vrfy),
            "HELP" => Ok(Self::Help),
            "EXPN" | "BDAT" | "STARTTLS" | "AUTH" | "ETRN" | "TURN" | "ATRN" | "SEND" | "SOML" | "SAML" | "XCLIENT"
            | "XFORWARD" | "BURL" => Err(Reply::not_implemented()),
            _ => Err(Reply::unknown_command()),
        }
    }
}

/// The name in HELO or EHLO: anything printable without a space. Many clients do not know their own name, and
/// nothing here relies on it.
fn name(text: &str) -> Result<String, Reply> {
    if text.is_empty() || text.len() > MAX_NAME || text.contains(char::is_whitespace) {
        return Err(Reply::bad_argument("give the name of your host, as in EHLO mail.example.co.jp"));
    }
    Ok(text.to_owned())
}

fn mail(rest: &str) -> Result<MailFrom, Reply> {
    const USAGE: &str = "MAIL FROM:<address> [SIZE=n] [BODY=7BIT|8BITMIME] [SMTPUTF8]";
    let (path, parameters) = after_keyword(rest, "FROM:").and_then(path).ok_or_else(|| Reply::bad_syntax(USAGE))?;
    let mut from = MailFrom::default();
    if !path.is_empty() {
        from.sender = Some(address(path).map_err(|why| Reply::bad_sender(&why))?);
    }
    for parameter in parameters.split_ascii_whitespace() {
        let (name, value) = match parameter.split_once('=') {
            Some((name, value)) => (name, Some(value)),
            None => (parameter, None),
        };
        match (name.to_ascii_uppercase().as_str(), value) {
            ("SIZE", Some(size)) => from.size = Some(digits(size)?),
            ("BODY", Some(body)) => from.body = body_kind(body)?,
            ("SMTPUTF8", None) => from.smtputf8 = true,
            ("SIZE" | "BODY" | "SMTPUTF8", _) => return Err(Reply::bad_syntax(USAGE)),
            _ => return Err(Reply::unknown_parameter()),
        }
    }
    if !from.smtputf8 && from.sender.as_ref().is_some_and(|sender| !sender.as_str().is_ascii()) {
        return Err(Reply::smtputf8_needed());
    }
    Ok(from)
}

fn recipient(rest: &str) -> Result<Recipient, Reply> {
    let Some((path, parameters)) = after_keyword(rest, "TO:").and_then(path) else {
        return Err(Reply::bad_syntax("RCPT TO:<address>"));
    };
    if path.is_empty() {
        return Err(Reply::bad_recipient("a recipient cannot be the null path"));
    }
    if !parameters.is_empty() {
        return Err(Reply::unknown_parameter());
    }
    if path.eq_ignore_ascii_case("postmaster") {
        return Ok(Recipient::Postmaster);
    }
    address(path).map(Recipient::Address).map_err(|why| Reply::bad_recipient(&why))
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

fn digits(text: &str) -> Result<u64, Reply> {
    let all = !text.is_empty() && text.len() <= 20 && text.bytes().all(|byte| byte.is_ascii_digit());
    // Twenty digits can be more than 64 bits: more than any limit in any case.
    all.then(|| text.parse().unwrap_or(u64::MAX)).ok_or_else(|| Reply::bad_argument("SIZE must be a number of bytes"))
}

fn body_kind(text: &str) -> Result<BodyKind, Reply> {
    match text.to_ascii_uppercase().as_str() {
        "7BIT" => Ok(BodyKind::SevenBit),
        "8BITMIME" => Ok(BodyKind::EightBitMime),
        _ => Err(Reply::bad_argument("BODY must be 7BIT or 8BITMIME")),
    }
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
            Command::Mail(from) => from.sender.map(String::from),
            other => panic!("{other:?}"),
        })
    }

    fn recipient(line: &str) -> Result<String, (u16, String)> {
        parse(line).map(|command| match command {
            Command::Rcpt(Recipient::Address(address)) => address.into(),
            Command::Rcpt(Recipient::Postmaster) => "postmaster".into(),
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
        assert_eq!(parse("MAIL FROM:<a@b.jp> smtputf8 size=12 Body=8BitMime"), Ok(Command::Mail(from)));
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
            ("EXPN list", 502, "5.5.1"),
            ("BDAT 10 LAST", 502, "5.5.1"),
            ("EHLO", 501, "5.5.4"),
            ("EHLO a b", 501, "5.5.4"),
            ("DATA now", 501, "5.5.2"),
            ("MAIL", 501, "5.5.2"),
            ("MAIL TO:<a@b.jp>", 501, "5.5.2"),
            ("MAIL FROM:", 501, "5.5.2"),
            ("MAIL FROM:<a@b.jp", 501, "5.5.2"),
            ("MAIL FROM:<a@b.jp>SIZE=1", 501, "5.5.2"),
            ("MAIL FROM:<a@b.jp> SIZE", 501, "5.5.2"),
            ("MAIL FROM:<a@b.jp> SIZE=", 501, "5.5.4"),
            ("MAIL FROM:<a@b.jp> SIZE=-1", 501, "5.5.4"),
            ("MAIL FROM:<a@b.jp> SIZE=1x", 501, "5.5.4"),
            ("MAIL FROM:<a@b.jp> BODY=BINARYMIME", 501, "5.5.4"),
            ("MAIL FROM:<a@b.jp> SMTPUTF8=1", 501, "5.5.2"),
            ("MAIL FROM:<a@b.jp> RET=HDRS", 555, "5.5.4"),
            ("MAIL FROM:<a@b.jp> <c@d.jp>", 555, "5.5.4"),
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
            ("RCPT TO:<a@b.jp> NOTIFY=NEVER", 555, "5.5.4"),
        ] {
            assert_eq!(parse(line), Err((code, enhanced.to_owned())), "{line:?}");
        }
        let long = format!("MAIL FROM:<a@b.jp> SIZE={}", "9".repeat(20));
        assert!(matches!(parse(&long), Ok(Command::Mail(MailFrom { size: Some(u64::MAX), .. }))));
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
                if let Ok(Command::Rcpt(Recipient::Address(address))) = Command::parse(&whole) {
                    prop_assert!(!address.as_str().contains(['\r', '\n', '<', '>']));
                }
            }
        }
    }
}
