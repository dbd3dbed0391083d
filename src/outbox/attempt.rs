//! One attempt to bring one mail out.
//!
//! In: a row of the outbox. Out: the row again, with the fate of each recipient by the next hop's own replies, settled
//! in one commit. Deliberately absent: the loop, and concurrency.

use std::time::Duration;

use jiff::Timestamp;

use crate::{
    hold::{Clearance, Hold, HoldError},
    mail::Address,
    smtp::{
        MailFrom, RcptTo, Reply,
        client::{Cleared, NextHop},
    },
    store::{Consignee, Fate, OutboxRow},
};

/// How long to wait after the first, second, … attempt; the last one repeats.
const WAITS: [Duration; 5] = [minutes(1), minutes(5), minutes(15), minutes(30), minutes(60)];

/// How long a mail is tried (RFC 5321 §4.5.4.1: "generally needs to be at least 4-5 days").
const GIVE_UP_AFTER: Duration = Duration::from_secs(5 * 24 * 3600);

const fn minutes(count: u64) -> Duration {
    Duration::from_secs(60 * count)
}

/// Makes one attempt. An error means that the store failed; the mail is still queued then.
pub(super) async fn make(
    hold: &Hold,
    next_hop: &NextHop,
    row: OutboxRow,
    now: impl Fn() -> Timestamp,
) -> Result<(), HoldError> {
    let cleared = match hold.clear(&row.id, now()).await {
        Ok(None) => return Ok(()),
        Ok(Some(consignment)) => Ok(consignment),
        Err(error) => Err(error),
    };
    let (mut row, replies) = match cleared {
        Ok(consignment) => {
            let replies = bring(next_hop, &consignment.row, &consignment.clearance).await;
            (consignment.row, replies)
        }
        // Not the next hop's fault, but waiting helps as much: the row must not be tried every second.
        Err(error) => {
            tracing::error!(outgoing = %row.id, %error, "a mail cannot be brought out");
            let replies = queued(&row).map(|_| Reply::internal()).collect();
            (row, replies)
        }
    };
    let refused = judge(&mut row, replies, now());
    hold.settle(&row, &refused, now()).await
}

/// Brings the mail to all recipients that are still queued; one reply for each, in order.
async fn bring(next_hop: &NextHop, row: &OutboxRow, clearance: &Clearance) -> Vec<Reply> {
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
    let recipients: Vec<RcptTo> = queued(row).map(asked).collect();
    let (transaction, replies) = match next_hop.begin_with(&from, &recipients).await {
        Ok(begun) => begun,
        Err(reply) => return queued(row).map(|_| reply.clone()).collect(),
    };
    if !replies.iter().any(Reply::is_positive) {
        transaction.reset().await;
        return replies;
    }
    let last = transaction.data(clearance).await;
    replies.into_iter().map(|reply| if reply.is_positive() { last.clone() } else { reply }).collect()
}

fn queued(row: &OutboxRow) -> impl Iterator<Item = &Consignee> {
    row.recipients.iter().filter(|consignee| consignee.fate == Fate::Queued)
}

/// Notes the replies in `row` and when to try again; gives the recipients that were refused for good now.
fn judge(row: &mut OutboxRow, replies: Vec<Reply>, now: Timestamp) -> Vec<(Address, String)> {
    let waited_long = now.duration_since(row.created_at).unsigned_abs() >= GIVE_UP_AFTER && now > row.created_at;
    let mut refused = Vec::new();
    let consignees = row.recipients.iter_mut().filter(|consignee| consignee.fate == Fate::Queued);
    for (consignee, reply) in consignees.zip(replies) {
        let words = format!("{} {}", reply.code, reply.text());
        consignee.fate = if reply.is_positive() {
            Fate::Accepted
        } else if reply.is_transient() && !waited_long {
            Fate::Queued
        } else {
            refused.push((consignee.address.clone(), words.clone()));
            Fate::Refused
        };
        consignee.reply = Some(words);
    }
    let wait = WAITS.get(row.attempts as usize).unwrap_or(&WAITS[WAITS.len() - 1]);
    row.attempts = row.attempts.saturating_add(1);
    row.next_attempt_at = now.checked_add(*wait).unwrap_or(Timestamp::MAX);
    refused
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        mail::{BodyKind, Dsn, MailId},
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

    fn after(time: Duration) -> Timestamp {
        Timestamp::UNIX_EPOCH + time
    }

    #[test]
    fn each_recipient_has_its_own_fate() {
        let mut row = row(&["a@x.jp", "b@x.jp", "c@x.jp"]);
        let replies = vec![
            Reply::new(250, "2.0.0", "queued"),
            Reply::new(450, "4.2.0", "greylisted"),
            Reply::new(550, "5.1.1", "no such user"),
        ];
        let refused = judge(&mut row, replies, after(minutes(0)));
        let fates: Vec<Fate> = row.recipients.iter().map(|consignee| consignee.fate).collect();
        assert_eq!(fates, [Fate::Accepted, Fate::Queued, Fate::Refused]);
        assert_eq!(refused.len(), 1);
        assert!(refused[0].1.contains("no such user"), "{refused:?}");
    }

    #[test]
    fn waits_grow_to_an_hour_and_end_after_five_days() {
        let mut row = row(&["a@x.jp"]);
        let (mut now, mut waits) = (Timestamp::UNIX_EPOCH, Vec::new());
        let refused = loop {
            let refused = judge(&mut row, vec![Reply::new(451, "4.3.0", "busy")], now);
            if !refused.is_empty() {
                break refused;
            }
            waits.push((row.next_attempt_at - now).total(jiff::Unit::Minute).unwrap() as u64);
            now = row.next_attempt_at;
        };
        assert_eq!(waits[..6], [1, 5, 15, 30, 60, 60]);
        assert!(now >= after(GIVE_UP_AFTER) && now < after(GIVE_UP_AFTER + minutes(61)), "{now}");
        assert!(refused[0].1.contains("busy"));
    }

    #[test]
    fn a_clock_that_ran_backwards_gives_up_nothing() {
        let mut row = row(&["a@x.jp"]);
        row.created_at = after(GIVE_UP_AFTER * 3);
        assert!(judge(&mut row, vec![Reply::new(451, "4.3.0", "busy")], Timestamp::UNIX_EPOCH).is_empty());
    }
}
