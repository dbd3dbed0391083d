//! What stands in header fields that machines write for machines, apart from what machines write.
//!
//! In: a field's decoded value. Out: what is left of it as text: nothing of a well-formed Message-ID, Date or
//! Received, everything of a sentence, a telephone number or a list that somebody put there. Structure, by its shape:
//! message identifiers, addresses, hosts and IP addresses up to a number that no such field has, dates, times, base64,
//! hexadecimal numbers. Deliberately absent: any trust in what a field is called: `X-MS-Exchange-Anything` is nobody's
//! property.

/// How many identifiers in angle brackets a field has at most. Mailers trim the References of longer threads.
const IDENTIFIERS: usize = 256;

/// How many addresses that are no identifiers.
const ADDRESSES: usize = 8;

/// Less than this can hold nothing, as in `spans`.
const SHORTEST: usize = 8;

/// A jumble of letters and digits of this length is base64.
const LONG: usize = 40;

/// Fields that machines write for machines. Every other field is text.
const FIELDS: [&str; 34] = [
    "arc-authentication-results",
    "arc-message-signature",
    "arc-seal",
    "authentication-results",
    "auto-submitted",
    "content-disposition",
    "content-id",
    "content-language",
    "content-length",
    "content-transfer-encoding",
    "content-type",
    "date",
    "delivered-to",
    "dkim-signature",
    "domainkey-signature",
    "importance",
    "in-reply-to",
    "lines",
    "message-id",
    "mime-version",
    "precedence",
    "priority",
    "received",
    "received-spf",
    "references",
    "resent-date",
    "resent-message-id",
    "return-path",
    "status",
    "thread-index",
    "user-agent",
    "x-mailer",
    "x-originating-ip",
    "x-priority",
];

/// The same, by how their names start.
const FAMILIES: [&str; 6] =
    ["x-forefront-", "x-google-", "x-microsoft-antispam", "x-ms-exchange-", "x-ms-office365-", "x-spam-"];

/// Whether machines write this field.
pub(crate) fn writes(name: &str) -> bool {
    let name = name.to_ascii_lowercase();
    FIELDS.binary_search(&name.as_str()).is_ok() || FAMILIES.iter().any(|family| name.starts_with(family))
}

/// What is no machine's in a value.
pub(crate) fn text(value: &str) -> String {
    // Nothing that machines write needs more than ASCII.
    if !value.is_ascii() {
        return value.to_owned();
    }
    let tokens: Vec<&str> = value.split([' ', '\t', ';', ',', '\r', '\n']).filter(|token| !token.is_empty()).collect();
    let (mut identifiers, mut addresses) = (0, 0);
    let mut kept: Vec<&str> = Vec::new();
    let mut rest = tokens.as_slice();
    while let Some((&token, after)) = rest.split_first() {
        if let [month, year, tail @ ..] = after
            && is_day(token)
            && is_month(month)
            && is_year(year)
        {
            rest = tail;
            continue;
        }
        rest = after;
        let bare = token.trim_matches(['<', '>', '(', ')', '[', ']', '"', '\'']);
        if bare.contains('@') {
            let is_identifier = token.starts_with('<') && token.ends_with('>');
            *(if is_identifier { &mut identifiers } else { &mut addresses }) += 1;
        } else if !is_of_machine(bare) {
            kept.push(token);
        }
    }
    let left = if identifiers > IDENTIFIERS || addresses > ADDRESSES { value.to_owned() } else { kept.join(" ") };
    // A version, a priority, a transfer encoding.
    if left.len() < SHORTEST || left == "quoted-printable" { String::new() } else { left }
}

/// A tag with its value, a time, an IP address, a long number in base 16 or 64.
fn is_of_machine(token: &str) -> bool {
    let value = match token.split_once('=') {
        Some((tag, value))
            if tag.len() <= 24 && tag.bytes().all(|c| c.is_ascii_alphanumeric() || b"._-".contains(&c)) =>
        {
            value
        }
        _ => token,
    };
    value.is_empty() || is_time(value) || value.parse::<core::net::IpAddr>().is_ok() || is_packed(value)
}

fn is_day(token: &str) -> bool {
    matches!(token.parse(), Ok(1..=31u32)) && token.len() <= 2
}

fn is_month(token: &str) -> bool {
    ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"].contains(&token)
}

fn is_year(token: &str) -> bool {
    token.len() == 4 && matches!(token.parse(), Ok(1970..=2199u32))
}

/// `12:34:56.7890`, `+0900`.
fn is_time(token: &str) -> bool {
    let zone =
        token.strip_prefix(['+', '-']).is_some_and(|rest| rest.len() == 4 && rest.bytes().all(|c| c.is_ascii_digit()));
    let clock = token.contains(':') && token.bytes().all(|c| c.is_ascii_digit() || matches!(c, b':' | b'.'));
    zone || (clock && token.len() <= 16)
}

/// Letters and digits in a jumble, as no word and no number of a person is.
fn is_packed(token: &str) -> bool {
    let in_alphabet = |c: u8| c.is_ascii_alphanumeric() || b"+/=_-.:".contains(&c);
    let count = |is_one: fn(&u8) -> bool| token.as_bytes().iter().filter(|c| is_one(c)).count();
    let (digits, letters) = (count(u8::is_ascii_digit), count(u8::is_ascii_alphabetic));
    token.len() >= 12 && token.bytes().all(in_alphabet) && letters >= 2 && digits >= 1 && longest_number(token) <= 9
}

/// How many digits the longest number has, with the hyphens that telephone numbers have. Between two letters it is none,
/// nor in a long jumble beside one.
fn longest_number(token: &str) -> usize {
    let is_letter = |c: Option<char>| c.is_some_and(|c| c.is_ascii_alphabetic());
    let mut longest = 0;
    let mut from = 0;
    for run in token.split(|c: char| !c.is_ascii_digit() && c != '-') {
        let before = token.get(..from).and_then(|text| text.chars().next_back());
        from += run.len();
        let after = token.get(from..).and_then(|text| text.chars().next());
        from += after.map_or(0, char::len_utf8);
        let is_part = if token.len() >= LONG {
            is_letter(before) || is_letter(after)
        } else {
            is_letter(before) && is_letter(after)
        };
        if !is_part {
            longest = longest.max(run.bytes().filter(u8::is_ascii_digit).count());
        }
    }
    longest
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_table_can_be_searched() {
        assert!(FIELDS.is_sorted());
        assert!(writes("X-MS-Exchange-Organization-SCL") && writes("date") && !writes("X-Memo"));
    }

    #[test]
    fn what_machines_write_is_not_text() {
        for (name, value) in [
            ("Message-ID", "<20261129012345.0901234567@mail.example.co.jp>"),
            ("References", "<CAF=1@mail.gmail.com> <TYAPR01MB1234@example.com>\r\n\t<3@x>"),
            ("Date", "Sun, 29 Nov 2026 01:23:45 +0900"),
            ("Thread-Index", "AQHaB1c2d3e4f5g6h7i8j9k0l1m2n3=="),
            ("X-Originating-IP", "[203.0.113.7]"),
            ("X-Google-Smtp-Source", "AGHT+IEabcdefghijklmnop0123456789ABCDEFGHIJ"),
            ("DKIM-Signature", "v=1; a=rsa-sha256; t=1764379425; bh=47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU="),
        ] {
            let left = text(value);
            assert!(!left.bytes().any(|c| c.is_ascii_digit()) || left.len() < 30, "{name}: {left}");
        }
        let received = "from a.example.jp (a.example.jp [203.0.113.7]) by mx.example.com with ESMTPS id 4bQZ2g3hK1z9 \
                        for <taro@example.com>; Sun, 29 Nov 2026 01:23:45 +0900 (JST)";
        assert_eq!(text(received), "from a.example.jp (a.example.jp by mx.example.com with ESMTPS id for Sun (JST)");
    }

    #[test]
    fn what_people_write_is_text() {
        for value in [
            "Yamada Hanako 090-1234-5678",
            "4111 1111 1111 1111",
            "=090-1234-5678",
            "山田花子 x@y",
            "4111111111111111",
            "Yamada090-1234-5678",
        ] {
            assert_eq!(text(value), value);
        }
        let many: String = (0..20).map(|i| format!("victim{i}@example.com ")).collect();
        assert_eq!(text(&many), many);
        let thread: String = (0..200).map(|i| format!("<{i}@example.com>\r\n ")).collect();
        assert_eq!(text(&thread), "");
    }
}
