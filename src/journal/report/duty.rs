//! What the law asks for: whether a leak must be reported, under which heading, and until when.
//!
//! In: an incident, and what only a person knows (since when it is known, whether it was done with a wrongful purpose).
//! Out: a [`Ground`] for each heading, [`Days`]. The law, as it stands in 2026:
//!
//! - Act on the Protection of Personal Information (個人情報の保護に関する法律, APPI), Article 26 (1): the duty to report;
//!   (2): to notify the persons. Its Enforcement Rules (同法施行規則), Article 7: which incidents, items (i) special-care
//!   data, (ii) data whose misuse costs money, (iii) a wrongful purpose, (iv) more than 1,000 persons; Article 8 (1): what
//!   the preliminary report says, "promptly" (速やかに); (2): the final report within 30 days, 60 for item (iii).
//! - Guidelines on the APPI, general part (ガイドライン通則編), 3-5-3-3: promptly is about three to five days from knowing of
//!   it; 3-5-3-4: the day on which it became known is the first, Saturdays, Sundays and holidays count, and a last day on
//!   which offices are closed (行政機関の休日に関する法律 Articles 1 and 2: these, and 29 December to 3 January) moves on.
//! - My Number Act (番号法) Article 29-4 and the Rules on reports under it (平成27年特定個人情報保護委員会規則第5号) Article 2:
//!   leaks of My Number data, among others (item 4) of more than 100 persons, with the same deadlines.
//! - GDPR Article 33 (1): 72 hours.
//!
//! Deliberately absent: a decision. Whether data is 個人データ at all, whether encryption makes up for it, whether somebody
//! meant harm: that is for people, and each [`Ground`] says what it rests on.

use jiff::{ToSpan, civil::Date};

use super::incident::{Incident, Mail};
use crate::{
    inspect::{Category, Reason, Reportable},
    policy::is_holiday,
};

/// More persons than this make a leak reportable by number alone (Enforcement Rules Article 7 (iv)).
pub const PERSONS: u32 = 1_000;

/// The same for My Number data (Rules under the My Number Act Article 2 (iv)).
pub const NUMBERS: u32 = 100;

/// A heading of the law.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Heading {
    /// Enforcement Rules Article 7 (i).
    SpecialCare,
    /// Article 7 (ii).
    Financial,
    /// Article 7 (iii).
    Malicious,
    /// Article 7 (iv).
    Number,
    /// My Number Act Article 29-4.
    MyNumber,
}

impl Heading {
    /// All of them, in the order of the law.
    pub const ALL: [Self; 5] = [Self::SpecialCare, Self::Financial, Self::Malicious, Self::Number, Self::MyNumber];
}

/// Whether a heading applies.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Ground {
    /// What was recorded says so.
    Applies,
    /// It may: hits that are only a guess, or a number whose bounds lie on both sides.
    MayApply,
    /// Nothing was found, but not everything was read.
    NotExcluded,
    /// Nothing of it was found in what was read, and all was read.
    NotFound,
    /// Only people know.
    Unknown,
}

/// How many persons, all mails together.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Count {
    /// At least: the same people may be in every mail.
    pub least: u32,
    /// At most: nobody is in two of them. People in quoted history are among these only.
    pub most: u32,
    /// What inspection counted; of several mails the largest.
    pub counted: u32,
    /// How many there are in quoted history.
    pub quoted: u32,
    /// Whether every mail has bounds of its own.
    pub bounded: bool,
    /// Whether there is a mail of which nobody knows what is in it, or a part of one that was not read.
    pub open: bool,
}

impl Count {
    /// That of the mails that left.
    pub fn of(incident: &Incident) -> Self {
        let mut count = Self { least: 0, most: 0, counted: 0, quoted: 0, bounded: true, open: false };
        for mail in incident.leaked() {
            let Some(contents) = &mail.contents else {
                (count.bounded, count.open) = (false, true);
                continue;
            };
            let (least, most) = contents.bounds.unwrap_or((contents.persons, contents.persons));
            count.least = count.least.max(least);
            count.most = count.most.saturating_add(most).saturating_add(contents.quoted);
            count.counted = count.counted.max(contents.persons);
            count.quoted = count.quoted.saturating_add(contents.quoted);
            count.bounded &= contents.bounds.is_some();
            count.open |= is_partly_unread(mail);
        }
        count
    }
}

/// Whether parts of it, or all of it, were not read.
pub fn is_partly_unread(mail: &Mail) -> bool {
    mail.contents.as_ref().is_none_or(|contents| !contents.unread.is_empty())
}

/// Whether a part of what left is protected by a password.
pub fn is_encrypted(incident: &Incident) -> bool {
    incident.leaked().filter_map(|mail| mail.contents.as_ref()).any(|c| c.unread.contains_key(&Reason::Encrypted))
}

/// Whether `heading` applies to what left.
pub fn ground(heading: Heading, incident: &Incident, malicious: bool) -> Ground {
    let count = Count::of(incident);
    match heading {
        Heading::SpecialCare => found(incident, Category::SpecialCare, Reportable::SpecialCare),
        Heading::Financial => found(incident, Category::Financial, Reportable::Financial),
        Heading::MyNumber => match found(incident, Category::Specific, Reportable::Specific) {
            // By number alone; the other items of that Article are for people to judge.
            Ground::Applies if my_numbers(incident) <= NUMBERS || count.most <= NUMBERS => Ground::MayApply,
            ground => ground,
        },
        Heading::Malicious if malicious => Ground::Applies,
        Heading::Malicious => Ground::Unknown,
        Heading::Number if count.least > PERSONS => Ground::Applies,
        Heading::Number if count.most > PERSONS => Ground::MayApply,
        Heading::Number if count.open => Ground::NotExcluded,
        Heading::Number => Ground::NotFound,
    }
}

/// How often a My Number was found.
pub fn my_numbers(incident: &Incident) -> u32 {
    let counts = incident
        .leaked()
        .filter_map(|mail| mail.contents.as_ref())
        .filter_map(|contents| contents.detectors.get("jp.my_number").map(|hits| hits.count));
    counts.fold(0, u32::saturating_add)
}

fn found(incident: &Incident, category: Category, heading: Reportable) -> Ground {
    let contents = || incident.leaked().filter_map(|mail| mail.contents.as_ref());
    if contents().any(|contents| contents.reportable.contains(&heading)) {
        Ground::Applies
    } else if contents().any(|contents| contents.categories.contains(&category)) {
        Ground::MayApply
    } else if incident.leaked().any(is_partly_unread) {
        Ground::NotExcluded
    } else {
        Ground::NotFound
    }
}

/// Whether a report is due, as far as can be told.
pub fn must_report(incident: &Incident, malicious: bool) -> Ground {
    let grounds = Heading::ALL.map(|heading| ground(heading, incident, malicious));
    [Ground::Applies, Ground::MayApply, Ground::NotExcluded]
        .into_iter()
        .find(|ground| grounds.contains(ground))
        .unwrap_or(Ground::NotFound)
}

/// Until when to report.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Days {
    /// The third day, counted from the day on which it became known as the first.
    pub third: Date,
    /// The fifth.
    pub fifth: Date,
    /// How many days there are for the final report.
    pub allowed: i32,
    /// The last of them.
    pub last: Date,
    /// The first day from then on on which offices are open.
    pub open: Date,
}

impl Days {
    /// Those for an incident of which somebody knows since `aware`.
    pub fn since(aware: Date, malicious: bool) -> Self {
        let nth = |days: i32| aware.checked_add((days - 1).days()).unwrap_or(Date::MAX);
        let allowed = if malicious { 60 } else { 30 };
        let last = nth(allowed);
        let mut open = last;
        while is_closed(open) {
            let Ok(next) = open.tomorrow() else { break };
            open = next;
        }
        Self { third: nth(3), fifth: nth(5), allowed, last, open }
    }
}

/// Whether the offices of the state are closed. A year whose holidays nobody knows has none: the deadline is then the
/// earlier one.
fn is_closed(day: Date) -> bool {
    use jiff::civil::Weekday::{Saturday, Sunday};
    let year_end = matches!((day.month(), day.day()), (12, 29..=31) | (1, 1..=3));
    matches!(day.weekday(), Saturday | Sunday) || year_end || is_holiday(day) == Some(true)
}

#[cfg(test)]
mod tests {
    use jiff::civil::date;

    use super::*;

    #[test]
    fn the_day_of_knowing_is_the_first_and_weekends_count() {
        let days = Days::since(date(2026, 11, 27), false);
        assert_eq!((days.third, days.fifth), (date(2026, 11, 29), date(2026, 12, 1)));
        assert_eq!((days.allowed, days.last, days.open), (30, date(2026, 12, 26), date(2026, 12, 28)));
        let days = Days::since(date(2026, 11, 27), true);
        assert_eq!((days.allowed, days.last, days.open), (60, date(2027, 1, 25), date(2027, 1, 25)));
    }

    #[test]
    fn a_last_day_in_the_holidays_moves_behind_them() {
        for (aware, last, open) in [
            (date(2026, 11, 30), date(2026, 12, 29), date(2027, 1, 4)),
            (date(2026, 4, 4), date(2026, 5, 3), date(2026, 5, 7)),
            (date(2026, 3, 1), date(2026, 3, 30), date(2026, 3, 30)),
        ] {
            let days = Days::since(aware, false);
            assert_eq!((days.last, days.open), (last, open), "{aware}");
        }
    }
}
