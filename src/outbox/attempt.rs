//! One attempt to bring one mail out.
//!
//! In: a row of the outbox. Out: the row again, with the fate of each recipient by the next hop's own replies, settled
//! in one commit.
//!
//! A panic is a fault of ours, which counts as a failed attempt: waiting helps as much. One while the outcome is noted makes
//! that be tried again, and not the mail. Deliberately absent: the loop, and concurrency.

use std::time::{Duration, Instant};

use jiff::Timestamp;
use tokio::time::sleep;

use super::{
    POLL, Settings, in_time,
    schedule::{is_older, next_attempt, retry_until},
};
use crate::{
    hold::{Clearance, Consignment, Hold, Tidings},
    mail::MailId,
    smtp::{
        MailFrom, Panicked, RcptTo, Reply, caught,
        client::{Cleared, NextHop, Sent},
    },
    store::{Consignee, Fate, OutboxRow},
    telemetry::trail::{Fact, Stage, Trail},
};

/// The longest wait between two tries to note what an attempt came to.
const LONGEST_PAUSE: Duration = Duration::from_secs(60);

/// How long clearing a mail, or one try to note what an attempt came to, may take.
const STEP: Duration = Duration::from_secs(120);

/// What the next hop said.
struct Said {
    /// One reply for each recipient that was still queued, in order.
    replies: Vec<Reply>,
    /// Which host said it.
    via: Option<String>,
    /// Whether it reports on the delivery itself.
    reports: bool,
}

impl Said {
    /// The same for all, by nobody in particular.
    fn by_nobody(row: &OutboxRow, reply: &Reply) -> Self {
        Self { replies: row.queued().map(|_| reply.clone()).collect(), via: None, reports: false }
    }
}

/// Makes one attempt; what took how long. `chance` is from 0 to 1.
pub(super) async fn make(
    (hold, next_hop, settings): (&Hold, &NextHop, &Settings),
    row: OutboxRow,
    now: impl Fn() -> Timestamp,
    chance: f64,
) -> Trail {
    let mut trail = trail_of(&row);
    let outcome = caught(clear_and_bring((hold, next_hop), &row, &mut trail, &now)).await;
    let broken_off = outcome.is_err();
    let (mut row, said) = match outcome {
        Ok(Some(outcome)) => outcome,
        Ok(None) => {
            trail.note("sekisho.outcome", Fact::Word("gone"));
            return trail;
        }
        Err(Panicked) => {
            let words = "an attempt to bring a mail out died of a fault of ours; it is made again later";
            tracing::error!(id = %mail_of(&row), outgoing = %row.id, attempt = row.attempts + 1, "{words}");
            let said = Said::by_nobody(&row, &Reply::broken_off());
            (row, said)
        }
    };
    let tidings = Tidings { broken_off, ..judge(settings, &mut row, said, now(), chance) };
    let began = Instant::now();
    note(hold, &row, &tidings, now).await;
    trail.stage(Stage::since("settle", began));
    ended(&mut trail, &row, &tidings);
    trail
}

/// What was said of the mail to whom; nothing if it is not to go out any more.
async fn clear_and_bring(
    (hold, next_hop): (&Hold, &NextHop),
    row: &OutboxRow,
    trail: &mut Trail,
    now: &impl Fn() -> Timestamp,
) -> Option<(OutboxRow, Said)> {
    let cleared = in_time(STEP, Box::pin(hold.clear(&row.id, now()))).await;
    trail.stage(Stage::since("clear", trail.began()));
    match cleared {
        Ok(consignment) => {
            let Consignment { row, clearance } = consignment?;
            let began = Instant::now();
            let said = bring(next_hop, &row, &clearance).await;
            let brought = Stage::since("next_hop", began);
            trail.stage(match said.replies.last() {
                Some(reply) => brought.with("sekisho.reply.code", Fact::Number(reply.code.into())),
                None => brought,
            });
            Some((row, said))
        }
        // Not the next hop's fault, but waiting helps as much: the row must not be tried every second.
        Err(error) => {
            tracing::error!(id = %mail_of(row), outgoing = %row.id, %error, "a mail cannot be brought out");
            Some((row.clone(), Said::by_nobody(row, &Reply::internal())))
        }
    }
}

/// The mail that it is, or is about: what other lines of the log, the journal and traces know it by.
fn mail_of(row: &OutboxRow) -> &MailId {
    row.mail_id.as_ref().unwrap_or(&row.id)
}

fn trail_of(row: &OutboxRow) -> Trail {
    let mut trail = Trail::of_delivery(&mail_of(row).0);
    trail.note("sekisho.outgoing.id", Fact::id(&row.id.0));
    trail.note("sekisho.outgoing.kind", Fact::Word(row.kind.name()));
    trail.note("sekisho.attempt", Fact::Number(i64::from(row.attempts) + 1));
    if let Some(held) = &row.held_id {
        trail.note("sekisho.held.id", Fact::id(&held.0));
    }
    trail
}

fn ended(trail: &mut Trail, row: &OutboxRow, tidings: &Tidings) {
    let waiting = row.queued().count();
    let outcome = match (tidings.refused.len(), waiting) {
        (0, 0) => "delivered",
        (0, _) => "deferred",
        (_, _) => "refused",
    };
    trail.note("sekisho.outcome", Fact::Word(outcome));
    trail.note("sekisho.recipients.waiting", Fact::count(waiting));
    trail.note("sekisho.recipients.refused", Fact::count(tidings.refused.len()));
    if outcome != "delivered" {
        trail.failed();
    }
    let (id, kind, refused) = (mail_of(row), row.kind.name(), tidings.refused.len());
    tracing::info!(%id, outgoing = %row.id, kind, outcome, waiting, refused, "brought out");
}

/// Notes what the attempt came to, however often the store fails: what the next hop has would be sent again else, and
/// again as long as the store can be read but not written. Meanwhile the mail keeps its place among those under way.
async fn note(hold: &Hold, row: &OutboxRow, tidings: &Tidings, now: impl Fn() -> Timestamp) {
    let mut pause = POLL;
    loop {
        let settling = async { in_time(STEP, Box::pin(hold.settle(row, tidings, now()))).await };
        let error = match caught(settling).await {
            Ok(Ok(())) => return,
            Ok(Err(error)) => error.to_string(),
            Err(Panicked) => "it died of a fault of ours".to_owned(),
        };
        let id = mail_of(row);
        tracing::error!(%id, outgoing = %row.id, %error, "what became of a mail that was brought out cannot be noted yet");
        sleep(pause).await;
        pause = (pause * 2).min(LONGEST_PAUSE);
    }
}

/// Brings the mail to all recipients that are still queued.
async fn bring(next_hop: &NextHop, row: &OutboxRow, clearance: &Clearance) -> Said {
    #[cfg(test)]
    super::fake::die_once(row);
    let size = (clearance.trace().len() + clearance.message().len()) as u64;
    let from = MailFrom {
        sender: row.sender.clone(),
        body: row.body,
        smtputf8: row.smtputf8,
        size: Some(size),
        requiretls: row.requiretls,
        ret: row.dsn.ret,
        envid: row.dsn.envid.clone(),
    };
    let asked =
        |consignee: &Consignee| RcptTo { address: consignee.address.clone(), dsn: row.dsn.of(&consignee.address) };
    let recipients: Vec<RcptTo> = row.queued().map(asked).collect();
    let (transaction, replies) = match next_hop.begin_with(&from, &recipients).await {
        Ok(begun) => begun,
        Err(reply) => return Said::by_nobody(row, &reply),
    };
    if !replies.iter().any(Reply::is_positive) {
        let via = Some(transaction.host().to_owned());
        transaction.reset().await;
        return Said { replies, via, reports: false };
    }
    let Sent { reply: last, host, reports } = transaction.data(clearance).await;
    let replies = replies.into_iter().map(|reply| if reply.is_positive() { last.clone() } else { reply }).collect();
    Said { replies, via: Some(host), reports }
}

/// Notes in `row` what was said and when to try again; gives what is to be told.
fn judge(settings: &Settings, row: &mut OutboxRow, said: Said, now: Timestamp, chance: f64) -> Tidings {
    let created_at = row.created_at;
    let too_old = is_older(created_at, settings.give_up_after, now);
    let late = is_older(created_at, settings.warn_after, now);
    let mut tidings = Tidings { retry_until: retry_until(settings, created_at), ..Tidings::default() };
    let consignees = row.recipients.iter_mut().filter(|consignee| consignee.fate == Fate::Queued);
    for (consignee, reply) in consignees.zip(said.replies) {
        consignee.reply = Some(format!("{} {}", reply.code, reply.text()));
        consignee.via.clone_from(&said.via);
        if reply.is_positive() {
            consignee.fate = Fate::Accepted;
            if !said.reports {
                tidings.relayed.push(consignee.clone());
            }
        } else if !reply.is_transient() || too_old {
            consignee.fate = Fate::Refused;
            tidings.refused.push(consignee.clone());
        } else if late && !consignee.warned {
            consignee.warned = true;
            tidings.delayed.push(consignee.clone());
        }
    }
    row.next_attempt_at = next_attempt(settings, (created_at, row.attempts), now, chance);
    row.attempts = row.attempts.saturating_add(1);
    tidings
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        mail::{Address, BodyKind, Dsn, MailId},
        store::Kind,
    };

    fn row(recipients: &[&str]) -> OutboxRow {
        OutboxRow {
            id: MailId("O".to_owned()),
            kind: Kind::Release,
            mail_id: None,
            held_id: None,
            sealed_id: "O".to_owned(),
            sender: None,
            body: BodyKind::SevenBit,
            smtputf8: false,
            requiretls: false,
            dsn: Dsn::default(),
            trace: Vec::new(),
            recipients: recipients.iter().map(|a| Consignee::new(Address::parse(a).unwrap())).collect(),
            attempts: 0,
            created_at: Timestamp::UNIX_EPOCH,
            next_attempt_at: Timestamp::UNIX_EPOCH,
        }
    }

    fn after(hours: u64) -> Timestamp {
        Timestamp::UNIX_EPOCH + Duration::from_secs(3600 * hours)
    }

    fn judged(row: &mut OutboxRow, replies: Vec<Reply>, now: Timestamp) -> Tidings {
        let said = Said { replies, via: Some("mx.example.com".to_owned()), reports: false };
        judge(&Settings::default(), row, said, now, 0.0)
    }

    fn busy() -> Vec<Reply> {
        vec![Reply::new(451, "4.3.0", "busy")]
    }

    #[test]
    fn each_recipient_has_its_own_fate() {
        let mut row = row(&["a@x.jp", "b@x.jp", "c@x.jp"]);
        let replies = vec![
            Reply::new(250, "2.0.0", "queued"),
            Reply::new(450, "4.2.0", "greylisted"),
            Reply::new(550, "5.1.1", "no such user"),
        ];
        let tidings = judged(&mut row, replies, after(0));
        let fates: Vec<Fate> = row.recipients.iter().map(|consignee| consignee.fate).collect();
        assert_eq!(fates, [Fate::Accepted, Fate::Queued, Fate::Refused]);
        assert_eq!((tidings.refused.len(), tidings.relayed.len(), tidings.delayed.len()), (1, 1, 0));
        assert_eq!(tidings.refused[0].via.as_deref(), Some("mx.example.com"));
        assert!(tidings.refused[0].reply.as_deref().unwrap().contains("no such user"), "{tidings:?}");
    }

    #[test]
    fn a_mail_that_waits_is_told_of_once_and_given_up_after_five_days() {
        let mut row = row(&["a@x.jp"]);
        let (mut now, mut told) = (after(0), Vec::new());
        let refused = loop {
            let tidings = judged(&mut row, busy(), now);
            told.extend(tidings.delayed.iter().map(|_| now));
            if !tidings.refused.is_empty() {
                break tidings.refused;
            }
            assert_eq!(tidings.retry_until, after(5 * 24));
            now = row.next_attempt_at;
        };
        assert!(told.len() == 1 && told[0] >= after(4) && told[0] < after(5), "{told:?}");
        assert_eq!(now, after(5 * 24));
        assert!(refused[0].reply.as_deref().unwrap().contains("busy"));
    }

    #[test]
    fn a_clock_that_ran_backwards_gives_up_nothing() {
        let mut row = row(&["a@x.jp"]);
        row.created_at = after(15 * 24);
        let tidings = judged(&mut row, busy(), after(0));
        assert!(tidings.refused.is_empty() && tidings.delayed.is_empty(), "{tidings:?}");
    }

    #[test]
    fn a_next_hop_that_reports_itself_leaves_nothing_to_tell() {
        let mut row = row(&["a@x.jp"]);
        let said = Said { replies: vec![Reply::new(250, "2.0.0", "queued")], via: None, reports: true };
        assert!(judge(&Settings::default(), &mut row, said, after(0), 0.0).relayed.is_empty());
    }
}
