//! An attempt to bring a mail out that ended by a fault of our own: what its record says, and the same in words.
//!
//! In: which attempt it was, of what, and when the next one is; or the text of a record. Out: that text, which is the same in
//! every language and chained; a sentence for a reader of one language, in the time of the organisation.
//! Deliberately absent: the fault itself, which only the log has.

use std::{fmt, str::FromStr};

use jiff::{Timestamp, tz::TimeZone};

use crate::language::Language;

/// An attempt that broke off.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct BrokenOff {
    /// Which it was, counted from one.
    pub attempt: u32,
    /// What was to go out: `release`, `notice` or `dsn`.
    pub kind: String,
    /// Whether it is about a held mail; a report of a mail that was never held, or the digest of a day, is not.
    pub held: bool,
    /// When it is tried again; never, if not said.
    pub again: Option<Timestamp>,
}

/// What stands behind the kind of what is about no held mail.
const ABOUT_NONE: &str = " of no held mail";

impl fmt::Display for BrokenOff {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { attempt, kind, held, again } = self;
        write!(f, "attempt {attempt} ({kind}{}), ", if *held { "" } else { ABOUT_NONE })?;
        match again {
            Some(again) => write!(f, "again at {again:.0}"),
            None => f.write_str("the last"),
        }
    }
}

impl FromStr for BrokenOff {
    type Err = ();

    fn from_str(text: &str) -> Result<Self, ()> {
        let (attempt, rest) = text.strip_prefix("attempt ").and_then(|rest| rest.split_once(" (")).ok_or(())?;
        let (kind, rest) = rest.split_once("), ").ok_or(())?;
        let again = match rest.strip_prefix("again at ") {
            Some(again) => Some(again.parse().map_err(|_| ())?),
            None if rest == "the last" => None,
            None => return Err(()),
        };
        let (kind, held) = kind.strip_suffix(ABOUT_NONE).map_or((kind, true), |kind| (kind, false));
        Ok(Self { attempt: attempt.parse().map_err(|_| ())?, kind: kind.to_owned(), held, again })
    }
}

impl BrokenOff {
    /// What happened and what comes next, in a sentence or two.
    pub(super) fn said(&self, language: Language, zone: &TimeZone) -> String {
        let Self { attempt, kind, again, .. } = self;
        let again = again.map(|at| at.to_zoned(zone.clone()).strftime("%Y-%m-%d %H:%M:%S").to_string());
        match language {
            Language::Ja => {
                let what = match kind.as_str() {
                    "release" => "送信を認められたメール",
                    "notice" => "通知メール",
                    "dsn" => "配信状況の通知",
                    _ => "メール",
                };
                let next = match again {
                    Some(at) => format!("{at} に自動で再送信します"),
                    None => "再送信はしません".to_owned(),
                };
                format!(
                    "{what}の送信（{attempt}回目）が Sekisho の内部エラーで中断しました。{next}（原因はサーバーのログ）"
                )
            }
            Language::En => {
                let what = match kind.as_str() {
                    "release" => "the released mail",
                    "notice" => "a notice",
                    "dsn" => "a delivery report",
                    _ => "a mail",
                };
                let next = match again {
                    Some(at) => format!("it is tried again at {at}"),
                    None => "it is not tried again".to_owned(),
                };
                format!("a fault of Sekisho ended attempt {attempt} to send {what}; {next} (the server's log says why)")
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_a_record_says_is_read_again() {
        for (kind, held, again) in [
            ("release", true, Some("2026-11-30T20:41:12Z".parse().unwrap())),
            ("notice", true, None),
            ("notice", false, Some(Timestamp::UNIX_EPOCH)),
            ("dsn", false, None),
        ] {
            let broken = BrokenOff { attempt: 3, kind: kind.to_owned(), held, again };
            assert_eq!(broken.to_string().parse::<BrokenOff>(), Ok(broken));
        }
        // As the first version wrote it.
        let old = "attempt 1 (release), again at 2026-11-30T20:41:12Z".parse::<BrokenOff>().unwrap();
        assert_eq!((old.attempt, old.held, old.again.is_some()), (1, true, true));
        for other in
            ["", "attempt 1", "attempt x (release), the last", "attempt 1 (release), again at noon", "a: 451 no"]
        {
            assert_eq!(other.parse::<BrokenOff>(), Err(()), "{other}");
        }
    }

    #[test]
    fn it_is_said_in_the_readers_language_and_the_time_of_the_organisation() {
        let tokyo = TimeZone::get("Asia/Tokyo").unwrap();
        let again = Some("2026-11-30T20:41:12Z".parse().unwrap());
        let broken = BrokenOff { attempt: 2, kind: "release".to_owned(), held: true, again };
        let ja = broken.said(Language::Ja, &tokyo);
        assert!(ja.contains("2回目") && ja.contains("2026-12-01 05:41:12 に自動で再送信"), "{ja}");
        let en = BrokenOff { again: None, ..broken }.said(Language::En, &tokyo);
        assert_eq!(
            en,
            "a fault of Sekisho ended attempt 2 to send the released mail; it is not tried again (the server's log says why)"
        );
    }
}
