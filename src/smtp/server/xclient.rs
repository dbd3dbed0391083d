//! XCLIENT and XFORWARD (Postfix's extensions): what another mail server knows about the client behind it.
//!
//! In: the attributes of one command, as `NAME=mail.example ADDR=198.51.100.7` in xtext. Out: [`Origin`], or the reply
//! that refuses them. Values end up in logs, the journal and trace headers, so that a control character, a space or a
//! bracket in one is refused. Deliberately absent: who may say so and what follows from it (the session).

use std::net::IpAddr;

use crate::smtp::Reply;

/// The longest value of an attribute; host names end at 255.
const LONGEST: usize = 255;

/// The attributes that EHLO offers for XCLIENT.
pub(super) const XCLIENT: &str = "XCLIENT NAME ADDR PORT PROTO HELO LOGIN DESTADDR DESTPORT";

/// The attributes that EHLO offers for XFORWARD.
pub(super) const XFORWARD: &str = "XFORWARD NAME ADDR PORT PROTO HELO IDENT SOURCE";

/// Where a mail came from before the host that hands it to us. `None` is an attribute that was not given,
/// `Some(None)` one that is said to be unknown.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Origin {
    /// The client's name, as DNS knows it.
    pub name: Option<Option<String>>,
    /// Its address.
    pub address: Option<Option<IpAddr>>,
    /// Its port.
    pub port: Option<Option<u16>>,
    /// Whether it spoke ESMTP.
    pub extended: Option<Option<bool>>,
    /// What it said in EHLO or HELO.
    pub helo: Option<Option<String>>,
    /// As whom it logged in there.
    pub login: Option<Option<String>>,
    /// The id of the mail there.
    pub ident: Option<Option<String>>,
}

/// Which of the two commands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Kind {
    /// This connection is to be treated as if it came from there.
    Xclient,
    /// The next mail came from there.
    Xforward,
}

impl Origin {
    /// Reads what follows the command's name.
    pub(super) fn parse(kind: Kind, text: &str) -> Result<Self, Reply> {
        let mut origin = Self::default();
        let mut any = false;
        for attribute in text.split_ascii_whitespace() {
            let (name, value) = attribute.split_once('=').ok_or_else(|| bad("write attributes as NAME=value"))?;
            origin.set(kind, &name.to_ascii_uppercase(), known(value)?)?;
            any = true;
        }
        if any { Ok(origin) } else { Err(bad("name at least one attribute, as in ADDR=198.51.100.7")) }
    }

    /// Takes over what `later` gives: XFORWARD may come in several lines.
    pub(super) fn merge(&mut self, later: Self) {
        let Self { name, address, port, extended, helo, login, ident } = later;
        self.name = name.or(self.name.take());
        self.address = address.or(self.address);
        self.port = port.or(self.port);
        self.extended = extended.or(self.extended);
        self.helo = helo.or(self.helo.take());
        self.login = login.or(self.login.take());
        self.ident = ident.or(self.ident.take());
    }

    fn set(&mut self, kind: Kind, name: &str, value: Option<String>) -> Result<(), Reply> {
        let value = value.as_deref();
        match (kind, name) {
            (_, "NAME") => self.name = Some(value.map(word).transpose()?),
            (_, "ADDR") => self.address = Some(value.map(address).transpose()?),
            (_, "PORT") => self.port = Some(value.map(port).transpose()?),
            (_, "PROTO") => self.extended = Some(value.map(protocol).transpose()?),
            (_, "HELO") => self.helo = Some(value.map(word).transpose()?),
            (Kind::Xclient, "LOGIN") => self.login = Some(value.map(word).transpose()?),
            (Kind::Xforward, "IDENT") => self.ident = Some(value.map(word).transpose()?),
            // Which of our sockets it was and whether it was local mail there says nothing about the client.
            (Kind::Xclient, "DESTADDR") => drop(value.map(address).transpose()?),
            (Kind::Xclient, "DESTPORT") => drop(value.map(port).transpose()?),
            (Kind::Xforward, "SOURCE") => drop(value.map(source).transpose()?),
            _ => return Err(bad("this attribute is not offered; see EHLO")),
        }
        Ok(())
    }
}

/// "198.51.100.7 mail.example", as much of it as is known.
impl std::fmt::Display for Origin {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let address = self.address.flatten().map(|address| address.to_string());
        let names = self.helo.as_ref().or(self.name.as_ref()).and_then(Option::as_ref);
        let ident = self.ident.as_ref().and_then(Option::as_ref).map(|ident| format!("as {ident}"));
        let words: Vec<&str> =
            [address.as_deref(), names.map(String::as_str), ident.as_deref()].into_iter().flatten().collect();
        f.write_str(if words.is_empty() { "unknown" } else { "" })?;
        f.write_str(&words.join(" "))
    }
}

fn bad(why: &str) -> Reply {
    Reply::bad_argument(why)
}

/// The value without its encoding; none where it is said to be unknown.
fn known(value: &str) -> Result<Option<String>, Reply> {
    let value = xtext(value).filter(|value| !value.is_empty() && value.len() <= LONGEST);
    let value = value.ok_or_else(|| bad("a value must be xtext (RFC 3461) of 1 to 255 characters"))?;
    let unknown = ["[UNAVAILABLE]", "[TEMPUNAVAIL]"].iter().any(|word| value.eq_ignore_ascii_case(word));
    Ok((!unknown).then_some(value))
}

/// RFC 3461 §4: `+` and two hexadecimal digits stand for a byte.
fn xtext(text: &str) -> Option<String> {
    let mut pieces = text.split('+');
    let mut bytes = pieces.next()?.as_bytes().to_vec();
    for piece in pieces {
        let (code, rest) = piece.split_at_checked(2)?;
        bytes.push(u8::from_str_radix(code, 16).ok().filter(|_| code.bytes().all(|c| c.is_ascii_hexdigit()))?);
        bytes.extend_from_slice(rest.as_bytes());
    }
    String::from_utf8(bytes).ok()
}

fn word(text: &str) -> Result<String, Reply> {
    let odd = |c: char| c.is_control() || c.is_whitespace() || matches!(c, '(' | ')' | '<' | '>' | ';' | '"' | '\\');
    if text.contains(odd) {
        Err(bad("a value cannot contain spaces, brackets or control characters"))
    } else {
        Ok(text.to_owned())
    }
}

fn address(text: &str) -> Result<IpAddr, Reply> {
    let bare = match text.split_at_checked(5) {
        Some((prefix, rest)) if prefix.eq_ignore_ascii_case("IPV6:") => rest,
        _ => text,
    };
    bare.parse().map_err(|_| bad("an address is 198.51.100.7 or IPV6:2001:db8::7"))
}

fn port(text: &str) -> Result<u16, Reply> {
    text.parse().map_err(|_| bad("a port is a number up to 65535"))
}

fn protocol(text: &str) -> Result<bool, Reply> {
    match text.to_ascii_uppercase().as_str() {
        "ESMTP" => Ok(true),
        "SMTP" => Ok(false),
        _ => Err(bad("PROTO is SMTP or ESMTP")),
    }
}

fn source(text: &str) -> Result<(), Reply> {
    let known = ["LOCAL", "REMOTE"].iter().any(|word| text.eq_ignore_ascii_case(word));
    if known { Ok(()) } else { Err(bad("SOURCE is LOCAL or REMOTE")) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn attributes_as_postfix_writes_them() {
        let origin = Origin::parse(
            Kind::Xforward,
            "NAME=spike.example ADDR=IPV6:2001:db8::7 PORT=[UNAVAILABLE] PROTO=ESMTP HELO=a+2Bb.example IDENT=4XYZ SOURCE=LOCAL",
        )
        .unwrap();
        assert_eq!(origin.address, Some(Some("2001:db8::7".parse().unwrap())));
        assert_eq!((origin.port, origin.extended), (Some(None), Some(Some(true))));
        assert_eq!(origin.to_string(), "2001:db8::7 a+b.example as 4XYZ");
        let origin = Origin::parse(
            Kind::Xclient,
            "name=[TEMPUNAVAIL] addr=198.51.100.7 login=app destaddr=192.0.2.1 destport=25",
        )
        .unwrap();
        assert_eq!((origin.name.clone(), origin.login.clone()), (Some(None), Some(Some("app".into()))));
        assert_eq!(origin.to_string(), "198.51.100.7");
        assert_eq!(Origin::default().to_string(), "unknown");
    }

    #[test]
    fn later_lines_add_to_earlier_ones() {
        let mut origin = Origin::parse(Kind::Xforward, "ADDR=198.51.100.7 HELO=a.example").unwrap();
        origin.merge(Origin::parse(Kind::Xforward, "HELO=b.example").unwrap());
        assert_eq!(origin.to_string(), "198.51.100.7 b.example");
    }

    #[test]
    fn what_could_forge_a_log_line_or_a_header_is_refused() {
        for text in [
            "",
            "NAME",
            "ADDR=",
            "ADDR=198.51.100",
            "ADDR=IPV6:198",
            "PORT=65536",
            "PROTO=LMTP",
            "NAME=a+0D+0Ab",
            "HELO=a+20b",
            "HELO=a+2",
            "HELO=a+GG",
            "HELO=a++2",
            "HELO=a+FF",
            "NAME=a+00",
            "HELO=(x)",
            "IDENT=x",
            "WHO=x",
            &format!("HELO={}", "x".repeat(256)),
        ] {
            let reply = Origin::parse(Kind::Xclient, text).unwrap_err();
            assert_eq!((reply.code, reply.enhanced.as_deref()), (501, Some("5.5.4")), "{text}");
        }
        for text in ["LOGIN=app", "DESTADDR=192.0.2.1", "SOURCE=INSIDE"] {
            assert_eq!(Origin::parse(Kind::Xforward, text).unwrap_err().code, 501, "{text}");
        }
    }
}
