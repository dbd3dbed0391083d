//! The words of sekisho.toml: sizes, durations, networks, hosts, addresses, time zones.
//!
//! In: one string as an administrator wrote it. Out: the typed value, or what is wrong and how to mend it (the place
//! is added by the caller). Deliberately absent: keys, defaults, and checks of one value against another.

use std::net::{IpAddr, SocketAddr};

use ipnet::IpNet;
use jiff::{
    SignedDuration,
    civil::{Date, Time},
    tz::TimeZone,
};

pub(super) use crate::written::{duration, size};
use crate::{
    language::Language,
    mail::Address,
    policy::{Action, Mode, Preset},
    smtp::client::Tls,
    written,
};

/// `192.0.2.0/24`, or one address.
pub(super) fn network(text: &str) -> Result<IpNet, String> {
    let network = text
        .parse::<IpNet>()
        .or_else(|_| text.parse::<IpAddr>().map(IpNet::from))
        .map_err(|_| format!("`{text}` is no network; write an IP address or a CIDR range, as in \"192.0.2.0/24\""))?;
    if network.prefix_len() == 0 {
        return Err(format!("`{text}` lets the whole world relay through you; name the networks of your mail servers"));
    }
    Ok(network)
}

/// `127.0.0.1:10025`.
pub(super) fn socket(text: &str) -> Result<SocketAddr, String> {
    text.parse().map_err(|_| {
        format!("`{text}` is no address to listen at; write an IP address and a port, as in \"127.0.0.1:10025\"")
    })
}

/// `mx.example.co.jp:25`: checked, and kept as written for the client, which resolves it each time.
pub(super) fn host_and_port(text: &str) -> Result<String, String> {
    let wrong = || format!("`{text}` is no next hop; write host:port, as in \"127.0.0.1:10026\" or \"[::1]:25\"");
    if let Ok(socket) = text.parse::<SocketAddr>() {
        return if socket.port() == 0 { Err(wrong()) } else { Ok(text.to_owned()) };
    }
    let (host, port) = text.rsplit_once(':').ok_or_else(wrong)?;
    let port: u16 = port.parse().map_err(|_| wrong())?;
    if port == 0 || !is_hostname(host) {
        return Err(wrong());
    }
    Ok(text.to_owned())
}

/// `mx.example.co.jp:25`, or `smtps://mx.example.co.jp:465` where TLS comes before SMTP.
pub(super) fn next_hop(text: &str) -> Result<String, String> {
    host_and_port(text.strip_prefix("smtps://").unwrap_or(text)).map(|_| text.to_owned())
}

/// The name in a certificate: a host name or an IP address.
pub(super) fn server_name(text: &str) -> Result<String, String> {
    if is_hostname(text) || text.parse::<IpAddr>().is_ok() {
        return Ok(text.to_owned());
    }
    Err(format!("`{text}` cannot stand in a certificate; write a host name, as in \"mx.example.co.jp\""))
}

/// The name we go by in EHLO and in our own addresses.
pub(super) fn hostname(text: &str) -> Result<String, String> {
    if is_hostname(text) && text.parse::<IpAddr>().is_err() {
        return Ok(text.to_ascii_lowercase());
    }
    Err(format!("`{text}` is no host name; write the full name of this machine, as in \"sekisho.example.co.jp\""))
}

/// `security@example.co.jp`.
pub(super) fn address(text: &str) -> Result<Address, String> {
    Address::parse(text).map_err(|error| format!("`{text}` is no mail address; {error}"))
}

/// `Asia/Tokyo`.
pub(super) fn timezone(text: &str) -> Result<TimeZone, String> {
    TimeZone::get(text).map_err(|_| format!("`{text}` is no time zone; write its IANA name, as in \"Asia/Tokyo\""))
}

/// `https://sekisho.example.co.jp`, without a slash at its end.
pub(super) fn url(text: &str) -> Result<String, String> {
    let wrong = || {
        format!(
            "`{text}` is no web address; write http:// or https:// and the host, as in \"https://sekisho.example.co.jp\""
        )
    };
    let rest = text.strip_prefix("https://").or_else(|| text.strip_prefix("http://")).ok_or_else(wrong)?;
    let odd =
        |c: char| !c.is_ascii() || c.is_ascii_control() || matches!(c, ' ' | '"' | '\'' | '<' | '>' | '?' | '#' | '@');
    if rest.split('/').next().is_none_or(str::is_empty) || rest.contains(odd) {
        return Err(wrong());
    }
    Ok(text.trim_end_matches('/').to_owned())
}

/// A text that says something.
pub(super) fn something(text: &str) -> Result<String, String> {
    if text.trim().is_empty() {
        return Err("this is empty; write something or leave the key out".to_owned());
    }
    Ok(text.to_owned())
}

/// `ja` or `en`.
pub(super) fn language(text: &str) -> Result<Language, String> {
    word(text, "language", &[("ja", Language::Ja), ("en", Language::En)])
}

/// How the way to the next hop is protected.
pub(super) fn tls(text: &str) -> Result<Tls, String> {
    let words = [
        ("never", Tls::Never),
        ("opportunistic", Tls::Opportunistic),
        ("required", Tls::Required),
        ("verified", Tls::Verified),
    ];
    word(text, "TLS mode", &words)
}

/// Whether rules act.
pub(super) fn mode(text: &str) -> Result<Mode, String> {
    word(text, "mode", &[("enforce", Mode::Enforce), ("report", Mode::Report)])
}

/// Which shipped rules there are.
pub(super) fn preset(text: &str) -> Result<Preset, String> {
    word(text, "preset", &Preset::ALL.map(|preset| (preset.name(), preset)))
}

/// `2026-12-29`: a day off.
pub(super) fn day(text: &str) -> Result<Date, String> {
    text.parse().map_err(|_| format!("`{text}` is no day; write it as in \"2026-12-29\""))
}

/// The shortest time that a journal is kept: a leak is found, asked about and reported in months.
const SHORTEST: u64 = 90;

/// `5y` or `1825d`, or `forever`.
pub(super) fn years_or_forever(text: &str) -> Result<Option<SignedDuration>, String> {
    if text == "forever" {
        return Ok(None);
    }
    let wrong = || format!("`{text}` is no time to keep a journal; write it as in \"5y\" or \"1825d\", or \"forever\"");
    let (number, days) = match (text.strip_suffix('y'), text.strip_suffix('d')) {
        // A year is never shorter than a year.
        (Some(number), _) => (number, 366),
        (None, Some(number)) => (number, 1),
        (None, None) => return Err(wrong()),
    };
    let days = number.trim().parse::<u64>().ok().and_then(|number| number.checked_mul(days)).ok_or_else(wrong)?;
    if !(SHORTEST..=36_600).contains(&days) {
        return Err(format!("this is out of bounds; write a time from \"{SHORTEST}d\" to \"100y\", or \"forever\""));
    }
    let hours = i64::try_from(days * 24).map_err(|_| wrong())?;
    Ok(Some(SignedDuration::from_hours(hours)))
}

/// `08:30`, or `never`.
pub(super) fn time_or_never(text: &str) -> Result<Option<Time>, String> {
    if text == "never" {
        return Ok(None);
    }
    let read = |part: &str| (part.len() == 2).then(|| part.parse::<i8>().ok())?;
    let time = text.split_once(':').and_then(|(hour, minute)| Time::new(read(hour)?, read(minute)?, 0, 0).ok());
    time.map(Some).ok_or_else(|| format!("`{text}` is no time of day; write it as in \"08:30\", or \"never\""))
}

/// What happens at least to every mail.
pub(super) fn action(text: &str) -> Result<Action, String> {
    word(text, "action", &Action::ALL.map(|action| (action.name(), action)))
}

/// One of a few words.
pub(super) fn word<T: Copy>(text: &str, what: &str, words: &[(&str, T)]) -> Result<T, String> {
    words.iter().find(|(word, _)| *word == text).map(|(_, value)| *value).ok_or_else(|| {
        let hint = written::did_you_mean(text, words.iter().map(|(word, _)| *word));
        let list = words.iter().map(|(word, _)| format!("\"{word}\"")).collect::<Vec<_>>().join(", ");
        format!("`{text}` is no {what}{hint}; write one of {list}")
    })
}

fn is_hostname(text: &str) -> bool {
    let label = |label: &str| {
        (1..=63).contains(&label.len())
            && !label.starts_with('-')
            && !label.ends_with('-')
            && label.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'-')
    };
    text.len() <= 253 && text.split('.').all(label)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn hosts_and_networks() {
        assert_eq!(network("10.0.0.1").unwrap().to_string(), "10.0.0.1/32");
        for wrong in ["0.0.0.0/0", "::/0", "10.0.0.0/33", "office"] {
            assert!(network(wrong).is_err(), "{wrong}");
        }
        for right in ["127.0.0.1:25", "[::1]:25", "mx.example.co.jp:25", "localhost:10026"] {
            assert_eq!(host_and_port(right).as_deref(), Ok(right));
        }
        for wrong in ["mx.example.co.jp", "mx:0", "127.0.0.1:0", "::1:25", "a b:25", "mx:70000", ":25", "mx:+25x"] {
            assert!(host_and_port(wrong).is_err(), "{wrong}");
        }
        for wrong in ["", "-a.jp", "a..jp", "関所.jp", "127.0.0.1", "a_b.jp"] {
            assert!(hostname(wrong).is_err(), "{wrong}");
        }
    }

    #[test]
    fn how_long_a_journal_is_kept_and_when_the_day_is_told() {
        let days = |text: &str| years_or_forever(text).map(|kept| kept.map(|kept| kept.as_hours() / 24));
        assert_eq!([days("forever"), days("5y"), days("90d")], [Ok(None), Ok(Some(1_830)), Ok(Some(90))]);
        for wrong in ["", "5", "y", "-5y", "5 years", "never", "89d", "101y", "99999999999999999999y", "60m"] {
            assert!(days(wrong).is_err(), "{wrong}");
        }
        assert_eq!(time_or_never("never"), Ok(None));
        assert_eq!(time_or_never("08:30"), Ok(Some(Time::constant(8, 30, 0, 0))));
        for wrong in ["", "8:30", "24:00", "08:60", "08:30:00", "08", "morning"] {
            assert!(time_or_never(wrong).is_err(), "{wrong}");
        }
    }

    #[test]
    fn web_addresses() {
        assert_eq!(url("https://sekisho.example.co.jp/").as_deref(), Ok("https://sekisho.example.co.jp"));
        assert_eq!(url("http://127.0.0.1:8025").as_deref(), Ok("http://127.0.0.1:8025"));
        for wrong in ["sekisho.example.co.jp", "ftp://x", "https://", "https:///x", "https://a b", "https://a\"b"] {
            assert!(url(wrong).is_err(), "{wrong}");
        }
    }
}
