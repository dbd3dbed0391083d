//! The trace header that we put in front of a mail (RFC 5321 §4.4), and knowing our own again.
//!
//! In: what is known of the mail's arrival. Out: one `Received` field; from a mail that comes in, the ids and passes of
//! the fields that we wrote on an earlier round. All that we say stands in this one field, the pass as a comment behind
//! the id, so that nothing else of a mail changes on its way through.
//! Deliberately absent: what a pass proves (`hold::pass`), and names that DNS gives a client: a name is only what it
//! called itself.

use jiff::Timestamp;

use super::{Address, MailId, Message};

/// Everything that a `Received` field of ours says.
#[derive(Debug, Clone)]
pub struct Trace<'a> {
    /// Who handed the mail over: its name in EHLO, and its address. Left out where that is nobody else's business.
    pub client: Option<(&'a str, String)>,
    /// Ourselves.
    pub hostname: &'a str,
    /// How it was handed over.
    pub protocol: Protocol<'a>,
    /// What we call the mail.
    pub id: &'a MailId,
    /// Its recipient, if it has only one: naming one of several would tell it to the others.
    pub recipient: Option<&'a Address>,
    /// When it came.
    pub at: Timestamp,
}

/// How a mail was handed over.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Protocol<'a> {
    /// With EHLO, not HELO.
    pub extended: bool,
    /// With SMTPUTF8.
    pub utf8: bool,
    /// Over TLS, of this version.
    pub tls: Option<&'a str>,
    /// After AUTH.
    pub login: bool,
}

impl Protocol<'_> {
    /// The name that IANA registers for it (RFC 3848, RFC 6531 §4.3).
    fn name(self) -> String {
        if !self.extended {
            return "SMTP".to_owned();
        }
        let tls = if self.tls.is_some() { "S" } else { "" };
        let login = if self.login { "A" } else { "" };
        format!("{}{tls}{login}", if self.utf8 { "UTF8SMTP" } else { "ESMTP" })
    }
}

impl Trace<'_> {
    /// The field with its CRLF.
    pub fn field(&self) -> Vec<u8> {
        let mut text = "Received: ".to_owned();
        if let Some((name, address)) = &self.client {
            let kind = if address.contains(':') { "IPv6:" } else { "" };
            text.push_str(&format!("from {} ([{kind}{address}])\r\n\t", atom(name)));
        }
        text.push_str(&format!("by {} (Sekisho) with {}", self.hostname, self.protocol.name()));
        if let Some(version) = self.protocol.tls {
            text.push_str(&format!(" ({})", atom(version)));
        }
        text.push_str(&format!(" id {}", self.id));
        // Only a mail with SMTPUTF8 may have other bytes than ASCII in its header.
        if let Some(recipient) = self.recipient.filter(|to| self.protocol.utf8 || to.as_str().is_ascii()) {
            text.push_str(&format!("\r\n\tfor <{recipient}>"));
        }
        text.push_str(&format!(";\r\n\t{}\r\n", self.at.strftime("%a, %d %b %Y %H:%M:%S +0000")));
        text.into_bytes()
    }
}

/// A name that a client chose, as far as it may stand in a header: it could begin a comment or a line otherwise.
fn atom(name: &str) -> String {
    let plain = |c: char| if c.is_ascii_alphanumeric() || "-._:[]".contains(c) { c } else { '?' };
    let name: String = name.chars().map(plain).collect();
    if name.is_empty() { "unknown".to_owned() } else { name }
}

/// `trace` with `pass` behind the id of the mail; as it is if it does not name it.
pub fn stamp(trace: &[u8], id: &MailId, pass: &str) -> Vec<u8> {
    let named = format!(" id {id}");
    let Some(at) = memchr::memmem::find(trace, named.as_bytes()) else { return trace.to_vec() };
    let (head, rest) = trace.split_at(at + named.len());
    [head, format!("\r\n\t(pass {pass})").as_bytes(), rest].concat()
}

/// A `Received` field that we wrote, or that somebody wrote in our name.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Own {
    /// What it calls the mail.
    pub id: MailId,
    /// The pass in it.
    pub pass: Option<String>,
}

/// Our own `Received` fields in `message`, the latest first.
pub fn own<'m>(message: &'m Message, hostname: &str) -> impl Iterator<Item = Own> + 'm {
    let ours = format!("by {hostname} (Sekisho)");
    message.headers().filter(|header| header.is("Received")).filter_map(move |header| {
        let at = memchr::memmem::find(header.value, ours.as_bytes())?;
        let said = String::from_utf8_lossy(header.value.get(at + ours.len()..).unwrap_or_default()).into_owned();
        let mut words = said.split_ascii_whitespace().skip_while(|word| *word != "id").skip(1);
        let id = words.next().unwrap_or_default().trim_end_matches(';').to_owned();
        let pass = match (words.next(), words.next()) {
            (Some("(pass"), Some(pass)) => pass.trim_end_matches(';').strip_suffix(')').map(str::to_owned),
            _ => None,
        };
        Some(Own { id: MailId(id), pass })
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn field(client: Option<(&str, &str)>, protocol: Protocol<'_>, recipient: Option<&str>) -> String {
        let recipient = recipient.map(|address| Address::parse(address).unwrap());
        let trace = Trace {
            client: client.map(|(name, address)| (name, address.to_owned())),
            hostname: "relay.example.jp",
            protocol,
            id: &MailId("01J".to_owned()),
            recipient: recipient.as_ref(),
            at: "2026-11-22T01:02:03Z".parse().unwrap(),
        };
        String::from_utf8(trace.field()).unwrap()
    }

    #[test]
    fn every_way_of_handing_over_has_its_registered_name() {
        for (extended, utf8, tls, login, name) in [
            (false, false, None, false, "SMTP"),
            (true, false, None, false, "ESMTP"),
            (true, false, None, true, "ESMTPA"),
            (true, false, Some("TLSv1.3"), false, "ESMTPS"),
            (true, false, Some("TLSv1.3"), true, "ESMTPSA"),
            (true, true, None, false, "UTF8SMTP"),
            (true, true, None, true, "UTF8SMTPA"),
            (true, true, Some("TLSv1.2"), false, "UTF8SMTPS"),
            (true, true, Some("TLSv1.2"), true, "UTF8SMTPSA"),
        ] {
            assert_eq!(Protocol { extended, utf8, tls, login }.name(), name);
        }
    }

    #[test]
    fn the_field_says_all_of_rfc_5321_and_nothing_that_was_to_be_left_out() {
        let protocol = Protocol { extended: true, tls: Some("TLSv1.3"), ..Protocol::default() };
        assert_eq!(
            field(Some(("mta.example.jp", "192.0.2.1")), protocol, Some("a@example.com")),
            "Received: from mta.example.jp ([192.0.2.1])\r\n\tby relay.example.jp (Sekisho) with ESMTPS (TLSv1.3) id 01J\
             \r\n\tfor <a@example.com>;\r\n\tSun, 22 Nov 2026 01:02:03 +0000\r\n"
        );
        assert!(field(Some(("[IPv6:2001:db8::1]", "2001:db8::1")), protocol, None).contains("([IPv6:2001:db8::1])"));
        assert_eq!(
            field(None, Protocol::default(), None),
            "Received: by relay.example.jp (Sekisho) with SMTP id 01J;\r\n\tSun, 22 Nov 2026 01:02:03 +0000\r\n"
        );
        let utf8 = Protocol { utf8: true, extended: true, ..Protocol::default() };
        assert!(field(None, utf8, Some("花子@例え.jp")).contains("for <花子@例え.jp>"));
        assert!(!field(None, Protocol::default(), Some("花子@例え.jp")).contains("for"));
    }

    #[test]
    fn a_name_in_ehlo_can_neither_end_the_line_nor_speak_for_us() {
        let text = field(Some(("x) by relay.example.jp (Sekisho)\r\nBcc: e", "192.0.2.1")), Protocol::default(), None);
        assert!(
            text.starts_with("Received: from x??by?relay.example.jp??Sekisho???Bcc:?e ([192.0.2.1])\r\n"),
            "{text}"
        );
    }

    #[test]
    fn a_pass_stands_in_the_same_field_and_is_found_again() {
        let trace = field(Some(("mta", "192.0.2.1")), Protocol::default(), Some("a@example.com"));
        let stamped = stamp(trace.as_bytes(), &MailId("01J".to_owned()), "v1.2.c");
        let bytes = [&b"Received: from elsewhere by next.example\r\n"[..], &stamped, trace.as_bytes(), b"\r\nbody"];
        let message = Message::new(bytes.concat());
        assert_eq!(message.hops(), 3);
        let own: Vec<_> = own(&message, "relay.example.jp").map(|own| (own.id.0, own.pass)).collect();
        assert_eq!(own, [("01J".to_owned(), Some("v1.2.c".to_owned())), ("01J".to_owned(), None)]);
        assert_eq!(stamp(b"Received: by x\r\n", &MailId("01J".to_owned()), "p"), b"Received: by x\r\n");
    }
}
