//! The log of a Postfix mail server: who sent to whom.
//!
//! In: lines of its daemons, with times as syslog (`Nov 20 10:00:00`) or RFC 3339 writes them. Out: a lesson for every mail
//! that was delivered. A mail that passes twice through one Postfix (before and behind a filter) is one, by its
//! Message-ID. Deliberately absent: display names and threads, which no log has.

use std::{
    collections::{HashMap, HashSet},
    io::{self, BufRead},
};

use jiff::{
    Timestamp, ToSpan,
    civil::{Date, DateTime},
    tz::TimeZone,
};

use super::sources::Sent;
use crate::recipients::{Lesson, LessonTo};

/// A log of months has millions of lines; mails that never end are forgotten beyond so many.
const OPEN: usize = 100_000;

/// Whether this looks like lines of a Postfix log.
pub(super) fn is_log(glimpse: &[u8]) -> bool {
    let text = String::from_utf8_lossy(glimpse);
    text.lines().take(200).any(|line| line.contains("postfix") && line.contains("]: "))
}

#[derive(Debug, Default)]
struct Mail {
    from: String,
    to: Vec<String>,
    message_id: Option<String>,
    at: Option<Timestamp>,
}

/// Reads a log; `learn` gets each mail that was delivered.
pub(super) fn read(mut log: impl BufRead, learn: &mut dyn FnMut(Sent, Timestamp)) -> io::Result<()> {
    let mut open: HashMap<String, Mail> = HashMap::new();
    let mut passed = HashSet::new();
    let mut finish = |mail: Mail, learn: &mut dyn FnMut(Sent, Timestamp)| {
        let Some(at) = mail.at.filter(|_| !mail.to.is_empty()) else { return };
        if mail.message_id.as_ref().is_some_and(|id| !passed.insert(id.clone())) {
            return;
        }
        let to = mail.to.into_iter().map(|address| LessonTo { address, ..LessonTo::default() }).collect();
        learn(Sent::Logged(Lesson { sender: mail.from, to, message_id: mail.message_id, thread: Vec::new() }), at);
    };
    let mut line = Vec::new();
    while {
        line.clear();
        log.read_until(b'\n', &mut line)? > 0
    } {
        let text = String::from_utf8_lossy(&line);
        let Some((head, said)) = text.split_once("]: ").filter(|(head, _)| head.contains("postfix")) else { continue };
        let Some((queue, said)) = said.trim_end().split_once(": ").filter(|(queue, _)| is_queue_id(queue)) else {
            continue;
        };
        if said == "removed" {
            if let Some(mail) = open.remove(queue) {
                finish(mail, learn);
            }
            continue;
        }
        if open.len() > OPEN {
            open.clear();
        }
        let mail = open.entry(queue.to_owned()).or_default();
        mail.at = mail.at.or_else(|| time(head));
        if let Some(from) = field(said, "from=<") {
            from.clone_into(&mut mail.from);
        } else if let Some(id) = said.strip_prefix("message-id=") {
            mail.message_id = Some(id.to_owned());
        } else if said.contains("status=sent")
            && let Some(to) = field(said, "to=<")
        {
            mail.to.push(to.to_lowercase());
        }
    }
    open.into_values().for_each(|mail| finish(mail, learn));
    Ok(())
}

/// `3F2A1C0D9E` or, with long ids, `4Zk1x23Yb7z9Q`.
fn is_queue_id(text: &str) -> bool {
    (6..=20).contains(&text.len()) && text.bytes().all(|byte| byte.is_ascii_alphanumeric())
}

fn field<'a>(said: &'a str, name: &str) -> Option<&'a str> {
    let rest = said.strip_prefix(name).or_else(|| said.split_once(&format!(", {name}")).map(|(_, rest)| rest))?;
    rest.split_once('>').map(|(value, _)| value).filter(|value| !value.is_empty())
}

/// When a line was written; a syslog time has no year and is never in the future.
fn time(head: &str) -> Option<Timestamp> {
    let first = head.split_whitespace().next()?;
    if let Ok(at) = first.parse::<Timestamp>() {
        return Some(at);
    }
    const MONTHS: [&str; 12] = ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"];
    let mut words = head.split_whitespace().skip(1);
    let month = i8::try_from(MONTHS.iter().position(|name| *name == first)? + 1).ok()?;
    let (day, clock) = (words.next()?.parse().ok()?, words.next()?);
    let zone = TimeZone::system();
    let now = Timestamp::now();
    let year = now.to_zoned(zone.clone()).year();
    let of_year = |year| {
        let at: DateTime = Date::new(year, month, day).ok()?.to_datetime(clock.parse().ok()?);
        zone.to_timestamp(at).ok()
    };
    of_year(year).filter(|at| *at <= now + 24.hours()).or_else(|| of_year(year - 1))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn learned(log: &str) -> Vec<(String, Vec<String>, Timestamp)> {
        let mut all = Vec::new();
        read(log.as_bytes(), &mut |sent, at| {
            let lesson = sent.lesson();
            all.push((lesson.sender, lesson.to.into_iter().map(|to| to.address).collect(), at));
        })
        .unwrap();
        all
    }

    const LOG: &str = "\
2026-11-20T10:00:00.123456+09:00 mx postfix/smtpd[1]: connect from unknown[10.0.0.1]
2026-11-20T10:00:01.123456+09:00 mx postfix/cleanup[2]: 3F2A1C0D9E: message-id=<1@x.jp>
2026-11-20T10:00:01.123456+09:00 mx postfix/qmgr[3]: 3F2A1C0D9E: from=<a@x.jp>, size=1000, nrcpt=2 (queue active)
2026-11-20T10:00:02.123456+09:00 mx postfix/smtp[4]: 3F2A1C0D9E: to=<B@y.jp>, relay=mx.y.jp[192.0.2.1]:25, delay=1, dsn=2.0.0, status=sent (250 ok)
2026-11-20T10:00:02.123456+09:00 mx postfix/smtp[4]: 3F2A1C0D9E: to=<c@z.jp>, orig_to=<d@x.jp>, relay=none, delay=1, dsn=4.4.1, status=deferred (timeout)
2026-11-20T10:00:03.123456+09:00 mx postfix/qmgr[3]: 3F2A1C0D9E: removed
";

    #[test]
    fn delivered_mails_are_learned_with_their_time() {
        assert!(is_log(LOG.as_bytes()) && !is_log(b"From: a@x.jp\nTo: b@y.jp\n"));
        let at: Timestamp = "2026-11-20T01:00:01.123456Z".parse().unwrap();
        assert_eq!(learned(LOG), [("a@x.jp".to_owned(), vec!["b@y.jp".to_owned()], at)]);
    }

    #[test]
    fn a_mail_that_passes_twice_is_one_and_an_unfinished_one_counts() {
        let twice = format!("{LOG}{}", LOG.replace("3F2A1C0D9E", "4B2A1C0D9F"));
        assert_eq!(learned(&twice).len(), 1);
        let unfinished = LOG.lines().take(4).collect::<Vec<_>>().join("\n");
        assert_eq!(learned(&unfinished).len(), 1);
    }

    #[test]
    fn a_time_without_a_year_is_the_last_such_day() {
        let log =
            LOG.replace("2026-11-20T10:00:01.123456+09:00", "Nov  9 10:00:01").replace("postfix/", "postfix-out/");
        let all = learned(&log);
        assert_eq!(all.len(), 1);
        let now = Timestamp::now();
        assert!(all[0].2 <= now + 24.hours() && all[0].2 > now - (366 * 24).hours(), "{}", all[0].2);
        assert_eq!(learned("garbage\n\u{FFFD}]: x\n postfix[1]: NOQUEUE: reject\n"), []);
    }
}
