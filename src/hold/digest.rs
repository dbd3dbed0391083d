//! The security team's digest: once on each business day, what waits, what ended, and what the rules caught.
//!
//! In: the clock, and what the journal says since the last digest. Out: one notice to each of the team, in one commit with
//! the mark that says how far it has come. Two processes, a restart and a clock that jumps come to one digest a day at
//! most, and to each record in one of them; a server that was down at its time sends it when it is up again that day.
//! Deliberately absent: a digest that has nothing to tell, and words (`notice`).

use std::collections::{BTreeMap, BTreeSet};

use jiff::{
    Timestamp, ToSpan,
    civil::{Date, DateTime, Time},
};

use super::{Hold, HoldError, State, Wanted, rounded, telling};
use crate::{
    journal::{Change, MailRecord, Record, What},
    language::Text,
    mail::{Address, MailId},
    notice::{self, Caught, Digest, Done, Outcome, Waiting},
    policy::{Action, Calendar, Matched},
    store::{DigestMark, Kind},
};

/// So many records are read at once.
const PAGE: u32 = 1_000;

/// What is to be done about the digest.
#[derive(Debug, PartialEq, Eq)]
enum Turn {
    Nothing,
    /// Only the mark is set: nothing before it is told, or the clock that set it was wrong.
    Mark(DigestMark),
    /// Everything behind this mark is told.
    Tell(DigestMark),
}

impl Hold {
    /// Sends the digest if its time has come; whether it was sent.
    pub async fn send_digest(&self, now: Timestamp) -> Result<bool, HoldError> {
        let Some(time) = self.inner.settings.digest else { return Ok(false) };
        let now = rounded(now);
        let local = now.to_zoned(self.voice().timezone.clone()).datetime();
        let before = self.store().digest_mark().await?;
        let head = self.store().journal_length().await?;
        let mark = DigestMark { day: local.date(), seq: head, at: now };
        let (mark, digest) = match turn(before, mark, local, time, &self.inner.settings.calendar) {
            Turn::Nothing => return Ok(false),
            Turn::Mark(mark) => (mark, None),
            Turn::Tell(last) => (mark, Some(self.digest_since(&last, head).await?)),
        };
        let digest = digest.filter(|digest| !digest.is_empty());
        let mut writing = self.store().write().await?;
        if writing.digest_mark().await? != before {
            // Another process was faster.
            return Ok(false);
        }
        for to in self.security().iter().filter(|_| digest.is_some()) {
            let Some(digest) = &digest else { break };
            let notice = notice::digest(digest, self.voice(), &self.letter(to, None, now));
            self.post(&mut writing, (None, None), Kind::Notice, notice, now).await?;
        }
        writing.set_digest_mark(&mark).await?;
        writing.commit().await?;
        Ok(digest.is_some())
    }

    /// What there is to tell behind the mark `last`, up to the record `head`.
    async fn digest_since(&self, last: &DigestMark, head: i64) -> Result<Digest, HoldError> {
        let mut telling = Counting::default();
        let mut after = last.seq;
        loop {
            let rows = self.store().journal_notable(after, head, PAGE).await?;
            let Some(row) = rows.last() else { break };
            after = row.seq;
            for row in &rows {
                match serde_json::from_str(&row.record) {
                    Ok(record) => telling.count(record),
                    Err(error) => tracing::error!(seq = row.seq, %error, "a record of the journal is in no digest"),
                }
            }
        }
        let decided = self.decided(telling.ended).await?;
        let mut rules = Vec::new();
        for (rule, (mails, held)) in telling.rules {
            rules.push(Caught { title: self.title_of(&rule, held.as_ref()).await?, rule, mails });
        }
        let Beside { unread, refused, unasked, destroyed } = telling.beside;
        Ok(Digest {
            since: last.at,
            waiting: self.waiting_now().await?,
            decided,
            rules,
            unread,
            refused,
            unasked,
            destroyed,
        })
    }

    async fn waiting_now(&self) -> Result<Vec<Waiting>, HoldError> {
        let mut waiting = Vec::new();
        let mut listing = self.listing(Wanted { states: vec![State::Pending], ..Wanted::default() });
        loop {
            let mails = listing.next_whole(usize::MAX).await?;
            if mails.is_empty() {
                return Ok(waiting);
            }
            // A delayed mail waits for nobody.
            for (mail, held, _) in mails.into_iter().filter(|(_, held, _)| held.release_at.is_none()) {
                let asked = held.asked.iter().filter(|asked| asked.level == held.level);
                waiting.push(Waiting {
                    sender: mail.sender.clone(),
                    persons: mail.persons,
                    action: telling::action(&held.action)?,
                    deciders: asked.map(|asked| asked.person.clone()).collect(),
                    arrived_at: held.created_at,
                    deadline: held.expires_at,
                    id: held.id,
                });
            }
        }
    }

    /// The same with everybody who said yes, not only the last of them.
    async fn decided(&self, mut ended: Vec<Done>) -> Result<Vec<Done>, HoldError> {
        let ids: Vec<MailId> = ended.iter().map(|done| done.id.clone()).collect();
        let mut said: BTreeMap<MailId, Vec<Address>> = BTreeMap::new();
        for approval in self.store().approvals(&ids).await? {
            if let Ok(person) = Address::parse(&approval.person) {
                said.entry(approval.held_id).or_default().push(person);
            }
        }
        for done in &mut ended {
            if let (Outcome::Released { by, .. }, Some(all)) = (&mut done.outcome, said.remove(&done.id)) {
                *by = all;
            }
        }
        Ok(ended)
    }

    /// What a rule is called, as a mail tells that was held by it; what it refuses at once tells only its id.
    async fn title_of(&self, rule: &str, held: Option<&MailId>) -> Result<Text, HoldError> {
        let none = Text { ja: String::new(), en: String::new() };
        let Some(id) = held else { return Ok(none) };
        let Some(row) = self.store().held_by_prefix(&id.0).await?.pop() else { return Ok(none) };
        let matched: Vec<Matched> = telling::parse(&row.matched)?;
        Ok(matched.into_iter().find(|matched| matched.rule == rule).map_or(none, |matched| matched.title))
    }
}

/// What is to be done at `local`, which is where `now` stands; `before` is the mark of the last digest.
fn turn(before: Option<DigestMark>, now: DigestMark, local: DateTime, time: Time, calendar: &Calendar) -> Turn {
    let today = now.day;
    let its_time = local.time() >= time;
    let Some(last) = before else {
        // What was before the first start is nobody's news; today's digest comes if its time does.
        let day = if its_time { today } else { today.yesterday().unwrap_or(today) };
        return Turn::Mark(DigestMark { day, ..now });
    };
    let tomorrow: Date = today.checked_add(1.day()).unwrap_or(today);
    if last.day > tomorrow {
        tracing::warn!(last = %last.day, today = %today, "the last digest is from the future: the clock was wrong");
        return Turn::Mark(DigestMark { day: today, ..last });
    }
    if its_time && last.day < today && calendar.is_business_day(today) { Turn::Tell(last) } else { Turn::Nothing }
}

/// What the journal says, being counted.
#[derive(Default)]
struct Counting {
    ended: Vec<Done>,
    /// How many mails each rule stopped, and one of them that was held.
    rules: BTreeMap<String, (u32, Option<MailId>)>,
    beside: Beside,
}

#[derive(Default)]
struct Beside {
    unread: u32,
    refused: u32,
    unasked: u32,
    destroyed: u32,
}

impl Counting {
    fn count(&mut self, record: Record) {
        match record.what {
            What::Mail(mail) => self.mail(&mail),
            What::Change(change) => self.change(record.at, change),
            What::Rules(_)
            | What::Removed(_)
            | What::History(_)
            | What::Access(_)
            | What::Export(_)
            | What::MachineDrill(_) => {}
        }
    }

    fn mail(&mut self, mail: &MailRecord) {
        self.beside.unread += u32::from(mail.uninspected > 0);
        let stopped = mail.decisions.iter().filter(|decided| decided.action > Action::Forward);
        let rules: BTreeSet<&String> = stopped.flat_map(|decided| &decided.rules).collect();
        for rule in rules {
            let (count, held) = self.rules.entry(rule.clone()).or_default();
            *count += 1;
            *held = held.take().or_else(|| mail.held.first().cloned());
        }
    }

    fn change(&mut self, at: Timestamp, change: Change) {
        let by = change.by.as_deref().and_then(|by| Address::parse(by).ok());
        let outcome = match (change.change.as_str(), by) {
            ("approved" | "released_alone", by) => {
                Outcome::Released { by: by.into_iter().collect(), comment: String::new() }
            }
            ("rejected", Some(by)) => Outcome::Rejected { by, comment: String::new() },
            ("sent_back", Some(by)) => Outcome::SentBack { by, comment: String::new() },
            ("withdrawn", _) => Outcome::Withdrawn,
            ("expired", _) => Outcome::Expired,
            (what, _) => {
                match what {
                    "refused" => self.beside.refused += 1,
                    "unasked" => self.beside.unasked += 1,
                    "destroyed" => self.beside.destroyed += 1,
                    _ => {}
                }
                return;
            }
        };
        self.ended.push(Done { id: change.held, at, outcome });
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;
    use crate::{
        hold::{Arrival, Settings, fixture::*},
        inspect::{Inspection, Reason, Uninspected},
        journal::Via,
        notice::{Answer, Verdict},
        store::Store,
    };

    /// A Monday before a holiday (文化の日), in UTC.
    fn monday(time: &str) -> Timestamp {
        format!("2026-11-02T{time}:00Z").parse().unwrap()
    }

    fn day(day: u8, time: &str) -> Timestamp {
        format!("2026-11-{day:02}T{time}:00Z").parse().unwrap()
    }

    fn daily() -> Settings {
        let approval = settings();
        Settings {
            digest: Some(Time::constant(8, 30, 0, 0)),
            expires_after: Duration::from_secs(30 * 86_400),
            security: vec![address(SECURITY), address("second@example.co.jp")],
            ..approval
        }
    }

    async fn digests(store: &Store) -> Vec<String> {
        let letters = outbox(store).await.into_iter();
        let letters = letters.filter(|l| l.to == [SECURITY] && l.text.contains("X-Sekisho-Notice: digest\r\n"));
        let plain = |text: &str| {
            let mail = mail_parser::MessageParser::default().parse(text.as_bytes()).unwrap();
            mail.body_text(0).unwrap().split_whitespace().collect::<Vec<_>>().join(" ")
        };
        letters.map(|letter| plain(&letter.text)).collect()
    }

    async fn held(hold: &Hold, number: usize, at: Timestamp) -> MailId {
        let mail = arrival(vec![group(Action::RequireApproval, &[&format!("a{number}@x.example.com")])]);
        hold.take(Arrival { at, ..mail }).await.unwrap()
    }

    #[tokio::test]
    async fn the_team_reads_once_a_business_day_what_waits_what_ended_and_what_rules_caught() {
        let dir = tempfile::tempdir().unwrap();
        let (store, hold) = hold_in(dir.path(), daily()).await;
        assert!(!hold.send_digest(monday("08:00")).await.unwrap(), "the first start has no past");
        let waits = held(&hold, 1, monday("08:05")).await;
        let goes = held(&hold, 2, monday("08:10")).await;
        hold.approve(&goes.0, &address(VICE), Via::Cli, "secret words", monday("08:11")).await.unwrap();
        let boss = outbox(&store).await.into_iter().find(|letter| letter.to == [BOSS]).unwrap().secret();
        let answer = Answer { verdict: Verdict::Approve, comment: String::new() };
        hold.answer(&boss, &[address("eve@x.example.com")], &answer, monday("08:12")).await.unwrap();
        let mut unread = arrival(vec![group(Action::Hold, &["b@x.example.com"])]);
        let part = Uninspected { place: "a.zip".to_owned(), reason: Reason::Encrypted };
        unread.inspection = Inspection { uninspected: vec![part], ..Inspection::default() };
        hold.take(unread).await.unwrap();
        assert!(!hold.send_digest(monday("08:29")).await.unwrap());
        assert!(hold.send_digest(monday("08:30")).await.unwrap());
        assert!(!hold.send_digest(monday("08:31")).await.unwrap());
        let told = digests(&store).await;
        assert_eq!(told.len(), 1);
        for said in [
            "2 waiting, 1 decided",
            &waits.0,
            &format!("{} released ({VICE})", goes.0),
            "[rule-require_approval]: 2",
            "[rule-hold]: 1",
            "could not be read: 1",
            "were refused: 1",
        ] {
            assert!(told[0].contains(said), "{said} in {}", told[0]);
        }
        assert!(!told[0].contains("secret words") && !told[0].contains("Subject: list"));
        // Tuesday is a holiday; on Wednesday only what is new is told, and what waits still.
        assert!(!hold.send_digest(day(3, "09:00")).await.unwrap());
        assert!(hold.send_digest(day(4, "08:30")).await.unwrap());
        let told = digests(&store).await;
        assert!(told[1].contains("2 waiting, 0 decided") && !told[1].contains("[rule-hold]"), "{}", told[1]);
        let to_second = outbox(&store).await.into_iter().filter(|letter| letter.to == ["second@example.co.jp"]);
        assert!(to_second.count() >= 2, "everybody of the team reads it");
    }

    #[tokio::test]
    async fn nothing_to_tell_is_no_digest() {
        let dir = tempfile::tempdir().unwrap();
        let (store, hold) = hold_in(dir.path(), daily()).await;
        hold.send_digest(monday("08:00")).await.unwrap();
        assert!(!hold.send_digest(monday("08:30")).await.unwrap());
        held(&hold, 1, monday("08:31")).await;
        assert!(!hold.send_digest(monday("08:32")).await.unwrap(), "the day had its turn");
        assert!(digests(&store).await.is_empty());
    }

    #[tokio::test]
    async fn a_server_that_was_down_sends_it_when_it_is_up_and_two_processes_send_one() {
        let dir = tempfile::tempdir().unwrap();
        let (store, hold) = hold_in(dir.path(), daily()).await;
        hold.send_digest(monday("08:00")).await.unwrap();
        held(&hold, 1, monday("08:05")).await;
        store.close().await;
        let (store, one) = hold_in(dir.path(), daily()).await;
        let (_, two) = hold_in(dir.path(), daily()).await;
        let (first, second) = tokio::join!(one.send_digest(monday("17:00")), two.send_digest(monday("17:00")));
        assert!(first.unwrap() ^ second.unwrap(), "one of them");
        let (store_again, three) = hold_in(dir.path(), daily()).await;
        assert!(!three.send_digest(monday("18:00")).await.unwrap());
        assert_eq!((digests(&store).await.len(), digests(&store_again).await.len()), (1, 1));
    }

    #[tokio::test]
    async fn whatever_the_clock_does_a_record_is_told_once() {
        let dir = tempfile::tempdir().unwrap();
        let (store, hold) = hold_in(dir.path(), daily()).await;
        hold.send_digest(monday("08:00")).await.unwrap();
        let early = held(&hold, 1, monday("08:05")).await;
        hold.reject(&early.0, &address(BOSS), Via::Cli, "", monday("08:06")).await.unwrap();
        assert!(hold.send_digest("2027-06-01T09:00:00Z".parse().unwrap()).await.unwrap(), "the clock is wrong");
        // It is right again: nothing is told twice, and what comes now is told on the next business day.
        let late = held(&hold, 2, monday("09:00")).await;
        hold.reject(&late.0, &address(BOSS), Via::Cli, "", monday("09:01")).await.unwrap();
        for at in [monday("09:30"), monday("09:31"), day(4, "08:29")] {
            assert!(!hold.send_digest(at).await.unwrap(), "{at}");
        }
        assert!(hold.send_digest(day(4, "08:30")).await.unwrap());
        assert!(!hold.send_digest(monday("09:32")).await.unwrap(), "back by some days");
        let told = digests(&store).await;
        let of = |id: &MailId| told.iter().filter(|text| text.contains(&id.0)).count();
        assert_eq!((told.len(), of(&early), of(&late)), (2, 1, 1));
    }

    #[test]
    fn switched_off_or_before_its_time_there_is_none() {
        let (calendar, time) = (Calendar::default(), Time::constant(8, 30, 0, 0));
        let mark = |day: &str| DigestMark { day: day.parse().unwrap(), seq: 1, at: noon() };
        let at = |text: &str| text.parse::<DateTime>().unwrap();
        let turn = |last: &str, local: &str| {
            let local = at(local);
            turn(Some(mark(last)), DigestMark { day: local.date(), seq: 9, at: noon() }, local, time, &calendar)
        };
        assert_eq!(turn("2026-11-01", "2026-11-02T08:29"), Turn::Nothing);
        assert_eq!(turn("2026-11-01", "2026-11-02T08:30"), Turn::Tell(mark("2026-11-01")));
        assert_eq!(turn("2026-11-02", "2026-11-02T23:59"), Turn::Nothing);
        assert_eq!(turn("2026-11-06", "2026-11-07T09:00"), Turn::Nothing, "a Saturday");
        assert_eq!(turn("2026-11-02", "2026-11-03T09:00"), Turn::Nothing, "文化の日");
        assert_eq!(turn("2026-11-05", "2026-11-02T09:00"), Turn::Mark(mark("2026-11-02")), "from the future");
    }
}
