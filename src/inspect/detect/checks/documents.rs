//! What travel documents, banks and networks write: machine-readable zones, bank identifiers, network addresses.
//!
//! In: a candidate, as written. Out: whether it holds. Each function names the standard that defines it. Deliberately
//! absent: cards and account numbers with their check digits ([`super::numbers`]).

use core::net::{IpAddr, Ipv4Addr, Ipv6Addr};
use std::ops::Range;

use super::Note;

/// The machine-readable zone of a travel document: lines of letters, digits and `<` with check digits over number,
/// birth date, expiry date and all of these together (ICAO Doc 9303, part 3, 4.9; parts 4 to 7 for the forms).
pub(super) fn is_mrz(value: &str) -> bool {
    // Quoted mails put `> ` before each line.
    let zone: Vec<u8> = value.bytes().filter(|b| b.is_ascii_digit() || b.is_ascii_uppercase() || *b == b'<').collect();
    let line = |from: usize, length: usize| zone.get(from..from + length);
    match (zone.len(), zone.first()) {
        (90, _) => line(0, 30).zip(line(30, 30)).is_some_and(|(one, two)| is_td1(one, two)),
        (72, Some(b'V')) => line(36, 36).is_some_and(holds_dates),
        (72, _) => line(36, 36).is_some_and(is_td2),
        (88, Some(b'V')) => line(44, 44).is_some_and(holds_dates),
        (88, _) => line(44, 44).is_some_and(is_td3),
        _ => false,
    }
}

/// Identity cards: three lines of thirty.
fn is_td1(one: &[u8], two: &[u8]) -> bool {
    let whole: Option<Vec<u8>> = [(one, 5, 30), (two, 0, 7), (two, 8, 15), (two, 18, 29)]
        .iter()
        .map(|&(line, from, to)| line.get(from..to))
        .collect::<Option<Vec<_>>>()
        .map(|parts| parts.concat());
    // A number that is longer than its nine places has its check digit in the optional data.
    let number = one.get(14) == Some(&b'<') || checks(one, 5..14, 14);
    number
        && checks(two, 0..6, 6)
        && checks(two, 8..14, 14)
        && whole.is_some_and(|whole| digit_of(&whole) == two.get(29).copied())
}

/// Documents of the size of an identity card of old: two lines of thirty-six.
fn is_td2(two: &[u8]) -> bool {
    holds_dates(two) && composite(two, &[(0, 10), (13, 20), (21, 35)], 35)
}

/// Passports: two lines of forty-four.
fn is_td3(two: &[u8]) -> bool {
    // The personal number and its digit may both be empty.
    let personal = checks(two, 28..42, 42) || (two.get(42) == Some(&b'<') && blank(two, 28..42));
    holds_dates(two) && personal && composite(two, &[(0, 10), (13, 20), (21, 43)], 43)
}

/// Number, birth date and expiry date of a second line, all that a visa checks.
fn holds_dates(two: &[u8]) -> bool {
    checks(two, 0..9, 9) && checks(two, 13..19, 19) && checks(two, 21..27, 27)
}

fn composite(line: &[u8], parts: &[(usize, usize)], at: usize) -> bool {
    let parts: Option<Vec<&[u8]>> = parts.iter().map(|&(from, to)| line.get(from..to)).collect();
    parts.is_some_and(|parts| digit_of(&parts.concat()) == line.get(at).copied())
}

fn checks(line: &[u8], field: Range<usize>, at: usize) -> bool {
    line.get(field).is_some_and(|field| digit_of(field) == line.get(at).copied())
}

fn blank(line: &[u8], field: Range<usize>) -> bool {
    line.get(field).is_some_and(|field| field.iter().all(|&b| b == b'<'))
}

/// The check digit: weights 7, 3, 1, letters from 10, filler 0, modulo 10.
fn digit_of(field: &[u8]) -> Option<u8> {
    let mut sum = 0;
    for (&byte, weight) in field.iter().zip([7_u32, 3, 1].iter().cycle()) {
        let value = if byte == b'<' { 0 } else { char::from(byte).to_digit(36)? };
        sum += value * weight;
    }
    u8::try_from(sum % 10).ok().map(|digit| b'0' + digit)
}

/// A bank's identifier: four letters, a country, two and perhaps three places (ISO 9362).
pub(super) fn is_bic(value: &str) -> bool {
    let value = &value.replace(' ', "");
    let (Some(bank), Some(country), Some(place)) = (value.get(..4), value.get(4..6), value.get(6..)) else {
        return false;
    };
    // A place that ends in 0 belongs to the test network.
    let live = place.len() == 2 || place.len() == 5;
    live && bank.bytes().all(|b| b.is_ascii_uppercase())
        && COUNTRIES.binary_search(&country).is_ok()
        && place.bytes().all(|b| b.is_ascii_digit() || b.is_ascii_uppercase())
}

/// A network address in running text. What a colon joins to it makes another address of it, or none; a label's colon
/// does not.
pub(super) fn ip_address_in(text: &str, range: &Range<usize>) -> Option<Note> {
    let value = text.get(range.clone())?;
    let (before, after) = (text.get(..range.start)?, text.get(range.end..)?);
    let ahead = before.strip_suffix(':').is_some_and(|before| {
        // Of a longer word the last letters tell.
        let word = before.bytes().rev().take(16).take_while(u8::is_ascii_alphanumeric);
        let figures = word.clone().any(|b| b.is_ascii_digit()) || word.clone().all(|b| b.is_ascii_hexdigit());
        before.ends_with(|c: char| c == ':' || c.is_ascii_alphanumeric())
            && figures
            && !word.eq(b"6vPI".iter().copied())
    });
    let behind =
        after.strip_prefix(':').is_some_and(|after| after.starts_with(|c: char| c == ':' || c.is_ascii_hexdigit()));
    if value.contains(':') && (ahead || behind) { None } else { ip_address(value) }
}

/// A network address (RFC 791, RFC 4291), perhaps with the interface that it is reached by. Those that only mean something inside a network lead to nobody outside.
pub(super) fn ip_address(value: &str) -> Option<Note> {
    let value = value.split_once('%').map_or(value, |(address, _)| address);
    let local = match value.parse::<IpAddr>().ok()? {
        IpAddr::V4(address) => is_local(address),
        IpAddr::V6(address) => match address.to_ipv4_mapped() {
            Some(mapped) => is_local(mapped),
            None => is_local_v6(address),
        },
    };
    Some(if local { Note::Faint } else { Note::Plain })
}

fn is_local(address: Ipv4Addr) -> bool {
    let [first, second, ..] = address.octets();
    address.is_private()
        || address.is_loopback()
        || address.is_link_local()
        || address.is_multicast()
        || address.is_broadcast()
        || first == 0
        || first >= 240
        || (first == 100 && (64..128).contains(&second))
}

fn is_local_v6(address: Ipv6Addr) -> bool {
    let first = address.segments().first().copied().unwrap_or_default();
    address.is_loopback()
        || address.is_unspecified()
        || address.is_multicast()
        || first & 0xfe00 == 0xfc00
        || first & 0xffc0 == 0xfe80
}

/// ISO 3166-1, and XK, which ISO 9362 uses for Kosovo. Sorted.
const COUNTRIES: [&str; 250] = [
    "AD", "AE", "AF", "AG", "AI", "AL", "AM", "AO", "AQ", "AR", "AS", "AT", "AU", "AW", "AX", "AZ", "BA", "BB", "BD",
    "BE", "BF", "BG", "BH", "BI", "BJ", "BL", "BM", "BN", "BO", "BQ", "BR", "BS", "BT", "BV", "BW", "BY", "BZ", "CA",
    "CC", "CD", "CF", "CG", "CH", "CI", "CK", "CL", "CM", "CN", "CO", "CR", "CU", "CV", "CW", "CX", "CY", "CZ", "DE",
    "DJ", "DK", "DM", "DO", "DZ", "EC", "EE", "EG", "EH", "ER", "ES", "ET", "FI", "FJ", "FK", "FM", "FO", "FR", "GA",
    "GB", "GD", "GE", "GF", "GG", "GH", "GI", "GL", "GM", "GN", "GP", "GQ", "GR", "GS", "GT", "GU", "GW", "GY", "HK",
    "HM", "HN", "HR", "HT", "HU", "ID", "IE", "IL", "IM", "IN", "IO", "IQ", "IR", "IS", "IT", "JE", "JM", "JO", "JP",
    "KE", "KG", "KH", "KI", "KM", "KN", "KP", "KR", "KW", "KY", "KZ", "LA", "LB", "LC", "LI", "LK", "LR", "LS", "LT",
    "LU", "LV", "LY", "MA", "MC", "MD", "ME", "MF", "MG", "MH", "MK", "ML", "MM", "MN", "MO", "MP", "MQ", "MR", "MS",
    "MT", "MU", "MV", "MW", "MX", "MY", "MZ", "NA", "NC", "NE", "NF", "NG", "NI", "NL", "NO", "NP", "NR", "NU", "NZ",
    "OM", "PA", "PE", "PF", "PG", "PH", "PK", "PL", "PM", "PN", "PR", "PS", "PT", "PW", "PY", "QA", "RE", "RO", "RS",
    "RU", "RW", "SA", "SB", "SC", "SD", "SE", "SG", "SH", "SI", "SJ", "SK", "SL", "SM", "SN", "SO", "SR", "SS", "ST",
    "SV", "SX", "SY", "SZ", "TC", "TD", "TF", "TG", "TH", "TJ", "TK", "TL", "TM", "TN", "TO", "TR", "TT", "TV", "TW",
    "TZ", "UA", "UG", "UM", "US", "UY", "UZ", "VA", "VC", "VE", "VG", "VI", "VN", "VU", "WF", "WS", "XK", "YE", "YT",
    "ZA", "ZM", "ZW",
];

#[cfg(test)]
mod tests {
    use super::*;

    // The specimens of ICAO Doc 9303, parts 4, 5, 6 and 7.
    const TD3: &str = "P<UTOERIKSSON<<ANNA<MARIA<<<<<<<<<<<<<<<<<<<\nL898902C36UTO7408122F1204159ZE184226B<<<<<10";
    const TD2: &str = "I<UTOERIKSSON<<ANNA<MARIA<<<<<<<<<<<\nD231458907UTO7408122F1204159<<<<<<<6";
    const TD1: &str = "I<UTOD231458907<<<<<<<<<<<<<<<\n7408122F1204159UTO<<<<<<<<<<<6\nERIKSSON<<ANNA<MARIA<<<<<<<<<<";
    const MRV_A: &str = "V<UTOERIKSSON<<ANNA<MARIA<<<<<<<<<<<<<<<<<<<\nL8988901C4XXX4009078F96121096ZE184226B<<<<<<";
    const MRV_B: &str = "V<UTOERIKSSON<<ANNA<MARIA<<<<<<<<<<<\nL8988901C4XXX4009078F9612109<<<<<<<<";

    #[test]
    fn the_specimens_of_the_standard_hold() {
        for zone in [TD1, TD2, TD3, MRV_A, MRV_B] {
            assert!(is_mrz(zone), "{zone}");
            assert!(is_mrz(&zone.replace('\n', "\n> ")), "{zone}");
        }
    }

    #[test]
    fn one_wrong_digit_is_seen() {
        for (zone, right, wrong) in [
            (TD1, "7408122F", "7408132F"),
            (TD2, "D231458907", "D231468907"),
            (TD3, "1204159ZE", "1204158ZE"),
            (MRV_A, "F96121096", "F96121086"),
        ] {
            assert!(zone.contains(right) && !is_mrz(&zone.replace(right, wrong)), "{zone}");
        }
        assert!(!is_mrz(&TD3.replace("10", "11")) && !is_mrz("P<UTO") && !is_mrz(&"<".repeat(88)));
    }

    #[test]
    fn bank_identifiers_name_a_country() {
        assert!(COUNTRIES.is_sorted());
        // MUFG, Mizuho, Deutsche Bank.
        for yes in ["BOTKJPJT", "MHCBJPJT", "DEUTDEFF", "DEUTDEFF500"] {
            assert!(is_bic(yes), "{yes}");
        }
        for no in ["PASSWORD", "BOTKXXJT", "BOTKJPJ", "BOTKJPJTXX", "B0TKJPJT", "INTERNAL"] {
            assert!(!is_bic(no), "{no}");
        }
    }

    #[test]
    fn addresses_inside_a_network_are_faint() {
        for public in ["203.0.113.45", "8.8.8.8", "2400:c401::5054:ff:fe1b:b031", "::ffff:8.8.8.8"] {
            assert_eq!(ip_address(public), Some(Note::Plain), "{public}");
        }
        for local in
            ["192.168.0.1", "10.1.2.3", "127.0.0.1", "100.64.0.1", "fe80::1", "::1", "fd00::1", "::ffff:10.0.0.1"]
        {
            assert_eq!(ip_address(local), Some(Note::Faint), "{local}");
        }
        for (text, at) in
            [("IPv6:fe80::1", 5), ("from:fe80::1", 5), ("接続元:fe80::1", 10), ("fe80::1%eth0", 0), ("fe80::1: up", 0)]
        {
            let end = text.find(": up").unwrap_or(text.len());
            assert_eq!(ip_address_in(text, &(at..end)), Some(Note::Faint), "{text}");
        }
        for (text, at) in [("12345:db8::1", 6), ("2001::db8::1", 6), ("a:::1", 2), ("text2001:db8::1", 9)] {
            assert_eq!(ip_address_in(text, &(at..text.len())), None, "{text}");
        }
        assert_eq!(ip_address_in("2001::25de::cade", &(0..10)), None);
        for no in ["256.1.1.1", "1.2.3", "1.2.3.4.5", "2001::25de::cade", "12345::1", "01.02.03.04"] {
            assert_eq!(ip_address(no), None, "{no}");
        }
    }
}
