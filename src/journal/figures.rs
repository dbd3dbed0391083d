//! How much of what there was: mails by day, decision, department and detector.
//!
//! In: the records, a while after they are written ([`count`], in the background and beside the index); a span of days.
//! Out: numbers, from a table that holds a row for each day and name, so that a chart costs the same whatever the journal
//! holds. A mail counts once: one that the mail server brought again and that was known is not counted again.
//! The department is the sender's when the mail was counted: who changes it takes no past along. Like the index, the table
//! is a copy that is made from the journal; of days that retention took from the journal it is emptied with them (`store`).
//! Deliberately absent: persons. A chart of people's mails is a chart of people.

use std::{
    collections::{BTreeMap, HashMap},
    sync::Arc,
};

use jiff::{Span, Zoned, civil::Date, tz::TimeZone};
use serde::Serialize;

use super::{Journal, JournalError, MailRecord, Record, What};
use crate::{
    mail::Address,
    policy::Action,
    store::{JournalCount, Store},
};

/// So many records are counted in one change.
const COUNTED: u32 = 1_000;

/// The longest span that is told at once.
const LONGEST: i64 = 10 * 366;

const DECISION: &str = "decision";
const DEPARTMENT: &str = "department";
const DETECTOR: &str = "detector";

/// To which department a sender belongs; empty if to none that is known.
pub type Department = Arc<dyn Fn(Option<&Address>) -> String + Send + Sync>;

/// By what is counted.
#[derive(Clone)]
pub struct Counting {
    /// In which days begin.
    pub timezone: TimeZone,
    /// The departments.
    pub department: Department,
}

/// What there was in some days.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Figures {
    /// Every day of the span, in order, also those on which there was nothing.
    pub days: Vec<Day>,
    /// By what was decided, as it was most severe for one of the recipients: the mildest first.
    pub decisions: Vec<Figure>,
    /// By the department of the sender, the most first; an empty name for senders of none that is known.
    pub departments: Vec<Figure>,
    /// By what was found, the most first. A mail counts for every detector that hit.
    pub detectors: Vec<Figure>,
    /// How many records are not counted yet.
    pub behind: u64,
}

/// One day.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Day {
    /// Which.
    pub day: Date,
    /// How many mails each decision was made about.
    pub decisions: BTreeMap<Action, u64>,
}

/// How many mails.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Figure {
    /// Of what.
    pub name: String,
    /// All of them.
    pub mails: u64,
    /// Those that did not simply go out.
    pub stopped: u64,
}

impl Day {
    /// How many mails in all.
    pub fn mails(&self) -> u64 {
        self.decisions.values().sum()
    }
}

impl Journal {
    /// Brings the numbers up to date.
    pub async fn count(&self, counting: &Counting) -> Result<(), JournalError> {
        while count(&self.store, counting).await? {}
        Ok(())
    }

    /// What there was from one day to another, both included; of a longer span than ten years the last ones.
    pub async fn figures(&self, from: Date, until: Date) -> Result<Figures, JournalError> {
        let (first, last) = (number(from), number(until));
        let first = first.max(last.saturating_sub(LONGEST));
        let of = |name: String| Action::ALL.into_iter().find(|action| action.name() == name);
        let mut days: BTreeMap<i64, BTreeMap<Action, u64>> = (first..=last).map(|day| (day, BTreeMap::new())).collect();
        let mut decisions: BTreeMap<Action, (u64, u64)> = BTreeMap::new();
        for (day, name, mails, stopped) in self.store.journal_days(DECISION, first, last).await? {
            let (Some(action), Some(counted)) = (of(name), days.get_mut(&day)) else { continue };
            let (mails, stopped) = (natural(mails), natural(stopped));
            counted.insert(action, mails);
            let sum = decisions.entry(action).or_default();
            *sum = (sum.0 + mails, sum.1 + stopped);
        }
        let sums = async |kind| -> Result<Vec<Figure>, JournalError> {
            let sums = self.store.journal_sums(kind, first, last).await?;
            let figure = |(name, mails, stopped)| Figure { name, mails: natural(mails), stopped: natural(stopped) };
            Ok(sums.into_iter().map(figure).collect())
        };
        let day = |(day, decisions)| date(day).map(|day| Day { day, decisions });
        let behind = self.store.journal_last().await? - self.store.journal_counted().await?;
        Ok(Figures {
            days: days.into_iter().filter_map(day).collect(),
            decisions: decisions
                .into_iter()
                .map(|(action, (mails, stopped))| Figure { name: action.name().to_owned(), mails, stopped })
                .collect(),
            departments: sums(DEPARTMENT).await?,
            detectors: sums(DETECTOR).await?,
            behind: natural(behind),
        })
    }
}

/// Counts some more records; whether there may be more to do. What is read and counted is so before anything is locked,
/// and whoever was faster has done the work.
async fn count(store: &Store, counting: &Counting) -> Result<bool, JournalError> {
    let (counted, last) = (store.journal_counted().await?, store.journal_last().await?);
    if counted == last {
        return Ok(false);
    }
    let rows = store.journal_after(counted, COUNTED).await?;
    let mut tally = Tally::default();
    for row in &rows {
        // What is no record is not counted; `verify` tells of it.
        let Ok(record) = serde_json::from_str::<Record>(&row.record) else { continue };
        if let What::Mail(mail) = &record.what
            && mail.passed_before.is_none()
        {
            tally.add(&record.at.to_zoned(counting.timezone.clone()), mail, counting);
        }
    }
    let mut writing = store.write().await?;
    if writing.journal_counted().await? == counted {
        if let Some(last) = rows.last() {
            writing.add_journal_counts(last.seq, &tally.counts()).await?;
        }
    } else if counted > last {
        // The journal was cut, and all is counted anew.
        writing.add_journal_counts(0, &[]).await?;
    } else {
        return Ok(true);
    }
    writing.commit().await?;
    Ok(counted > last || !rows.is_empty())
}

#[derive(Default)]
struct Tally {
    counts: BTreeMap<(&'static str, i64, String), (i64, i64)>,
    departments: HashMap<Option<Address>, String>,
}

impl Tally {
    fn add(&mut self, at: &Zoned, mail: &MailRecord, counting: &Counting) {
        let (day, stopped) = (number(at.date()), mail.decision != Action::Forward);
        let department = match self.departments.get(&mail.mail_from) {
            Some(known) => known.clone(),
            None => {
                let named = (counting.department)(mail.mail_from.as_ref());
                self.departments.insert(mail.mail_from.clone(), named.clone());
                named
            }
        };
        self.one((DEPARTMENT, day, department), stopped);
        self.one((DECISION, day, mail.decision.name().to_owned()), stopped);
        mail.detectors.keys().for_each(|detector| self.one((DETECTOR, day, detector.clone()), stopped));
    }

    fn one(&mut self, what: (&'static str, i64, String), stopped: bool) {
        let (mails, kept) = self.counts.entry(what).or_default();
        *mails += 1;
        *kept += i64::from(stopped);
    }

    fn counts(self) -> Vec<JournalCount> {
        let count = |((kind, day, name), (mails, stopped))| JournalCount { kind, day, name, mails, stopped };
        self.counts.into_iter().map(count).collect()
    }
}

/// A day as a number.
fn number(day: Date) -> i64 {
    i64::from(Date::constant(1970, 1, 1).until(day).map_or(0, |span| span.get_days()))
}

fn date(number: i64) -> Option<Date> {
    Date::constant(1970, 1, 1).checked_add(Span::new().try_days(number).ok()?).ok()
}

fn natural(number: i64) -> u64 {
    u64::try_from(number).unwrap_or(0)
}

#[cfg(test)]
mod tests {
    use jiff::{SignedDuration, Timestamp};

    use super::*;
    use crate::{
        inspect::{Category, Confidence, Finding, Inspection},
        journal::{Walked, append, retain},
        mail::{Envelope, MailId, Message},
        policy::Group,
    };

    fn counting() -> Counting {
        let department = |from: Option<&Address>| match from {
            Some(from) if from.as_str().starts_with("sales") => "営業部".to_owned(),
            Some(from) => from.domain().to_owned(),
            None => String::new(),
        };
        Counting { timezone: TimeZone::get("Asia/Tokyo").unwrap(), department: Arc::new(department) }
    }

    fn record(number: i64, at: Timestamp) -> Record {
        let from = ["sales1@example.co.jp", "sales2@example.co.jp", "it@example.co.jp", ""];
        let from = from[usize::try_from(number).unwrap() % 4];
        let envelope = Envelope {
            sender: Address::parse(from).ok(),
            recipients: vec![Address::parse("a@out.example").unwrap()],
            ..Envelope::default()
        };
        let finding = Finding {
            detector: "jp.phone".to_owned(),
            title: None,
            category: Category::Contact,
            confidence: Confidence::High,
            count: 3,
            examples: Vec::new(),
        };
        let findings = if number % 2 == 0 { vec![finding] } else { Vec::new() };
        let action = if number % 5 == 0 { Action::Hold } else { Action::Forward };
        let inspection = Inspection { findings, ..Inspection::default() };
        let groups = [Group::new(action, envelope.recipients.clone())];
        let mail = MailRecord::new("mta", &envelope, &Message::new(*b"X: y\r\n\r\n"), &inspection, &groups);
        Record::mail(MailId(format!("M{number:05}")), at, mail)
    }

    fn day(number: i64) -> Timestamp {
        Timestamp::from_second(1_790_000_000 + number * 86_400).unwrap()
    }

    async fn write(store: &Store, records: Vec<Record>) {
        let mut writing = store.write().await.unwrap();
        append(&mut writing, &records).await.unwrap();
        writing.commit().await.unwrap();
    }

    async fn journal(days: i64) -> (tempfile::TempDir, Store, Journal) {
        let dir = tempfile::tempdir().unwrap();
        let store = Store::open(dir.path()).await.unwrap();
        write(&store, (0..days * 20).map(|n| record(n, day(n / 20))).collect()).await;
        (dir, store.clone(), Journal::start(store))
    }

    fn of(at: Timestamp) -> Date {
        at.to_zoned(counting().timezone).date()
    }

    fn figure(list: &[Figure], name: &str) -> (u64, u64) {
        list.iter().find(|figure| figure.name == name).map_or((0, 0), |figure| (figure.mails, figure.stopped))
    }

    #[tokio::test]
    async fn what_is_counted_is_what_a_look_at_every_record_counts() {
        let (_dir, store, journal) = journal(60).await;
        // One that was known again is the same mail.
        let mut again = record(10_000, day(3));
        if let What::Mail(mail) = &mut again.what {
            mail.passed_before = Some(MailId("M00001".to_owned()));
        }
        write(&store, vec![again]).await;
        assert_eq!(journal.figures(of(day(0)), of(day(60))).await.unwrap().behind, 1_201);
        journal.count(&counting()).await.unwrap();
        let figures = journal.figures(of(day(10)), of(day(19))).await.unwrap();
        assert_eq!((figures.behind, figures.days.len()), (0, 10));
        assert!(figures.days.iter().all(|day| day.mails() == 20), "{:?}", figures.days);
        assert_eq!(figures.days[0].decisions, BTreeMap::from([(Action::Forward, 16), (Action::Hold, 4)]));
        assert_eq!(figure(&figures.decisions, "hold"), (40, 40));
        assert_eq!(figure(&figures.decisions, "forward"), (160, 0));
        assert_eq!(figure(&figures.departments, "営業部"), (100, 20));
        assert_eq!(figure(&figures.departments, "example.co.jp"), (50, 10));
        assert_eq!(figure(&figures.departments, ""), (50, 10));
        assert_eq!(figure(&figures.detectors, "jp.phone"), (100, 20));
        assert_eq!(journal.figures(of(day(-9)), of(day(-1))).await.unwrap().detectors, []);
        let backwards = journal.figures(of(day(9)), of(day(1))).await.unwrap();
        assert!(backwards.days.is_empty() && backwards.decisions.is_empty());
    }

    #[tokio::test]
    async fn days_begin_where_the_organisation_is() {
        let dir = tempfile::tempdir().unwrap();
        let store = Store::open(dir.path()).await.unwrap();
        let late = ["2026-11-29T14:59:59Z", "2026-11-29T15:00:00Z"].map(|at| record(1, at.parse().unwrap()));
        write(&store, late.into()).await;
        let journal = Journal::start(store);
        journal.count(&counting()).await.unwrap();
        let day = |day: i8| Date::constant(2026, 11, day);
        let days = journal.figures(day(28), day(30)).await.unwrap().days;
        assert_eq!(days.iter().map(Day::mails).collect::<Vec<_>>(), [0, 1, 1]);
    }

    #[tokio::test(flavor = "multi_thread")]
    async fn two_processes_count_once_and_a_second_time_changes_nothing() {
        let (dir, _, one) = journal(200).await;
        let two = Journal::start(Store::open(dir.path()).await.unwrap());
        let counting = counting();
        let (a, b) = tokio::join!(one.count(&counting), two.count(&counting));
        a.and(b).unwrap();
        one.count(&counting).await.unwrap();
        let figures = two.figures(of(day(0)), of(day(200))).await.unwrap();
        assert_eq!((figures.days.iter().map(Day::mails).sum::<u64>(), figures.behind), (4_000, 0));
    }

    #[tokio::test]
    async fn days_go_with_the_last_of_their_records() {
        let (_dir, store, journal) = journal(400).await;
        journal.count(&counting()).await.unwrap();
        let kept = SignedDuration::from_hours(365 * 24);
        assert!(retain(&store, kept, day(400), &mut Walked::default()).await.unwrap() > 0);
        let figures = journal.figures(of(day(0)), of(day(400))).await.unwrap();
        let counted: Vec<Date> = figures.days.iter().filter(|day| day.mails() > 0).map(|day| day.day).collect();
        assert_eq!((counted.first(), counted.last()), (Some(&of(day(34))), Some(&of(day(399)))));
        let full = figures.days.iter().filter(|day| day.mails() > 0).all(|day| day.mails() == 20);
        assert!(full, "no day is counted by halves");
    }

    #[tokio::test]
    async fn a_journal_that_was_cut_is_counted_anew() {
        let (_dir, store, journal) = journal(10).await;
        journal.count(&counting()).await.unwrap();
        let mut writing = store.write().await.unwrap();
        writing.tamper("DELETE FROM journal WHERE seq > 100").await;
        writing.commit().await.unwrap();
        journal.count(&counting()).await.unwrap();
        let figures = journal.figures(of(day(0)), of(day(10))).await.unwrap();
        assert_eq!((figures.days.iter().map(Day::mails).sum::<u64>(), figures.behind), (100, 0));
    }
}
