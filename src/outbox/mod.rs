//! Durable outgoing mail: what was committed to go out goes out, through any number of failures and restarts.
//!
//! In: rows that `hold` put into the outbox, from this process (which wakes the loop) or another (which it notices
//! within a second). Out: mails at the next hop, and each attempt's outcome in one commit. The loop also lets time act
//! on held mail ([`Hold::due`]).
//!
//! Between the next hop's 250 and that commit a crash sends the mail a second time; SMTP has no way around it. It is
//! never lost: until the commit it is still queued.
//! Deliberately absent: reasons to send. Every mail is cleared by [`Hold::clear`] just before it leaves.

mod attempt;
#[cfg(test)]
pub(crate) mod fake;

use std::{
    collections::HashMap,
    time::{Duration, Instant},
};

use jiff::Timestamp;
use tokio::task::{Id, JoinError, JoinSet};
use tokio_util::sync::CancellationToken;

use crate::{
    hold::Hold,
    mail::MailId,
    smtp::client::NextHop,
    store::{OutboxRow, Store, StoreError},
};

/// How many mails are brought out at once.
const AT_ONCE: usize = 8;

/// How often the clock and other processes are asked.
const POLL: Duration = Duration::from_secs(1);

/// How often old bytes are looked for.
const SWEEP: Duration = Duration::from_secs(600);

/// How long attempts under way may take when the process is to stop; what is cut off is tried again after the start.
const PATIENCE: Duration = Duration::from_secs(20);

/// The loop that empties the outbox.
#[derive(Debug, Clone)]
pub struct Outbox {
    store: Store,
    hold: Hold,
    next_hop: NextHop,
}

impl Outbox {
    /// An outbox that sends to `next_hop` what `hold` clears from `store`.
    pub fn new(store: Store, hold: Hold, next_hop: NextHop) -> Self {
        Self { store, hold, next_hop }
    }

    /// Works until `stop`. Ends at once with an error if another process works on the same outbox.
    pub async fn run(&self, stop: CancellationToken) -> Result<(), StoreError> {
        let _claim = self.store.claim_outbox()?;
        let mut under_way = UnderWay::default();
        let mut next_sweep = Instant::now();
        let mut tick = tokio::time::interval(POLL);
        tick.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Delay);
        loop {
            tokio::select! {
                biased;
                () = stop.cancelled() => break,
                _ = tick.tick() => self.let_time_act(&mut next_sweep).await,
                () = self.store.outbox_grew() => {}
                Some(ended) = under_way.tasks.join_next_with_id() => under_way.forget(ended),
            }
            self.start_due(&mut under_way).await;
        }
        let drained = async { while under_way.tasks.join_next().await.is_some() {} };
        if tokio::time::timeout(PATIENCE, drained).await.is_err() {
            tracing::warn!("attempts to bring mail out were cut off; they are made again after the start");
        }
        Ok(())
    }

    async fn let_time_act(&self, next_sweep: &mut Instant) {
        if let Err(error) = self.hold.due(Timestamp::now()).await {
            tracing::error!(%error, "held mail whose time has come cannot be looked up");
        }
        if Instant::now() >= *next_sweep {
            *next_sweep = Instant::now() + SWEEP;
            if let Err(error) = self.hold.destroy_old(Timestamp::now()).await {
                tracing::error!(%error, "old mail cannot be destroyed");
            }
        }
    }

    async fn start_due(&self, under_way: &mut UnderWay) {
        let free = AT_ONCE.saturating_sub(under_way.tasks.len());
        if free == 0 {
            return;
        }
        // Rows under way are still due; AT_ONCE of them leave `free` others.
        let due = match self.store.outbox_due(Timestamp::now(), AT_ONCE).await {
            Ok(due) => due,
            Err(error) => {
                tracing::error!(%error, "the outbox cannot be read");
                return;
            }
        };
        let others: Vec<OutboxRow> = due.into_iter().filter(|row| !under_way.has(&row.id)).take(free).collect();
        for row in others {
            let (id, outbox) = (row.id.clone(), self.clone());
            let task = under_way.tasks.spawn(async move { outbox.attempt(row).await });
            under_way.ids.insert(task.id(), id);
        }
    }

    async fn attempt(&self, row: OutboxRow) {
        let id = row.id.clone();
        if let Err(error) = attempt::make(&self.hold, &self.next_hop, row, Timestamp::now).await {
            tracing::error!(outgoing = %id, %error, "an attempt to bring a mail out failed on our side");
            // It is still due; without a pause it would be tried as fast as it fails.
            tokio::time::sleep(POLL).await;
        }
    }
}

/// Attempts that are being made.
#[derive(Default)]
struct UnderWay {
    tasks: JoinSet<()>,
    ids: HashMap<Id, MailId>,
}

impl UnderWay {
    fn has(&self, id: &MailId) -> bool {
        self.ids.values().any(|known| known == id)
    }

    fn forget(&mut self, ended: Result<(Id, ()), JoinError>) {
        let task = match ended {
            Ok((task, ())) => task,
            Err(error) => {
                tracing::error!(%error, "an attempt to bring a mail out died; it is made again");
                error.id()
            }
        };
        self.ids.remove(&task);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        hold::{Arrival, State, fixture::*},
        journal::Via,
        policy::Action,
        store::Kind,
    };

    async fn attempt(hold: &Hold, fake: &fake::Fake, row: OutboxRow, now: Timestamp) {
        attempt::make(hold, &fake.next_hop(), row, || now).await.unwrap();
    }

    /// The one release in the outbox.
    async fn release(store: &Store) -> OutboxRow {
        let due = store.outbox_due(Timestamp::MAX, 100).await.unwrap();
        due.into_iter().find(|row| row.kind == Kind::Release).unwrap()
    }

    async fn approved(hold: &Hold, recipients: &[&str]) -> MailId {
        let id = hold.take(arrival(vec![group(Action::RequireApproval, recipients)])).await.unwrap();
        hold.approve(&id.0, &address(BOSS), Via::Cli, "", noon()).await.unwrap();
        id
    }

    async fn state(hold: &Hold, id: &MailId) -> State {
        hold.show(&id.0).await.unwrap().summary.state
    }

    #[tokio::test]
    async fn an_approved_mail_arrives_as_it_came_with_the_trace_in_front() {
        let dir = tempfile::tempdir().unwrap();
        let (store, hold) = hold_in(dir.path(), settings()).await;
        let fake = fake::Fake::start().await;
        let id = approved(&hold, &[OUTSIDE]).await;
        let outbox = Outbox::new(store.clone(), hold.clone(), fake.next_hop());
        let stop = CancellationToken::new();
        let running = tokio::spawn({
            let stop = stop.clone();
            async move { outbox.run(stop).await }
        });
        // Notice to the sender, two requests, the release, the outcome.
        let came = fake.wait_for(5).await;
        stop.cancel();
        running.await.unwrap().unwrap();
        let released: Vec<_> = came.iter().filter(|mail| mail.to == [OUTSIDE]).collect();
        assert_eq!(released.len(), 1);
        assert_eq!((released[0].from.as_str(), &released[0].bytes), (SENDER, &[TRACE, BYTES].concat()));
        assert!(came.iter().filter(|mail| mail.to != [OUTSIDE]).all(|mail| mail.from.is_empty()));
        assert_eq!((state(&hold, &id).await, store.outbox_length().await.unwrap()), (State::Delivered, 0));
    }

    #[tokio::test]
    async fn a_decision_of_another_process_is_noticed() {
        let dir = tempfile::tempdir().unwrap();
        let (store, hold) = hold_in(dir.path(), settings()).await;
        let (_, command_line) = hold_in(dir.path(), settings()).await;
        let fake = fake::Fake::start().await;
        let now = Timestamp::now();
        let mail = Arrival { at: now, ..arrival(vec![group(Action::RequireApproval, &[OUTSIDE])]) };
        let id = hold.take(mail).await.unwrap();
        let outbox = Outbox::new(store.clone(), hold.clone(), fake.next_hop());
        let stop = CancellationToken::new();
        let running = tokio::spawn({
            let stop = stop.clone();
            async move { outbox.run(stop).await }
        });
        fake.wait_for(3).await;
        command_line.approve(&id.0, &address(BOSS), Via::Cli, "", now).await.unwrap();
        let came = fake.wait_for(5).await;
        stop.cancel();
        running.await.unwrap().unwrap();
        assert!(came.iter().any(|mail| mail.to == [OUTSIDE]));
    }

    #[tokio::test]
    async fn each_recipient_gets_it_once_and_who_cannot_is_told_to_the_sender() {
        let dir = tempfile::tempdir().unwrap();
        let (store, hold) = hold_in(dir.path(), settings()).await;
        let fake = fake::Fake::start().await;
        let (good, slow, gone) = ("good@x.example.com", "slow@x.example.com", "gone@x.example.com");
        let id = approved(&hold, &[good, slow, gone]).await;
        fake.answer(slow, "450 4.2.0 try later");
        fake.answer(gone, "550 5.1.1 no such user here");
        attempt(&hold, &fake, release(&store).await, noon()).await;
        let row = release(&store).await;
        assert_eq!(
            (row.attempts, row.next_attempt_at, state(&hold, &id).await),
            (1, noon() + minutes(1), State::Released)
        );
        let dsn =
            store.outbox_due(Timestamp::MAX, 100).await.unwrap().into_iter().find(|row| row.kind == Kind::Dsn).unwrap();
        let words = String::from_utf8(store.unseal(&dsn.sealed_id).await.unwrap()).unwrap();
        assert!(words.contains("no such user here") && words.contains(gone) && !words.contains(slow), "{words}");
        assert_eq!(dsn.recipients[0].address, address(SENDER));

        fake.answer(slow, "250 2.1.5 ok");
        attempt(&hold, &fake, row, noon() + minutes(1)).await;
        let came: Vec<Vec<String>> = fake.came().into_iter().map(|mail| mail.to).collect();
        assert_eq!(came, [[good], [slow]]);
        assert_eq!(state(&hold, &id).await, State::Bounced);
    }

    #[tokio::test]
    async fn a_next_hop_that_is_down_loses_nothing_over_a_restart() {
        let dir = tempfile::tempdir().unwrap();
        let (store, hold) = hold_in(dir.path(), settings()).await;
        let fake = fake::Fake::start().await;
        let id = approved(&hold, &[OUTSIDE]).await;
        fake.answer_data(Some("451 4.3.0 disk full"));
        attempt(&hold, &fake, release(&store).await, noon()).await;
        let cleared = hold.clear(&release(&store).await.id, noon()).await.unwrap();
        // Dropped between clearance and settlement, as in a crash.
        drop((cleared, store, hold));
        let (store, hold) = hold_in(dir.path(), settings()).await;
        assert_eq!(state(&hold, &id).await, State::Released);
        fake.answer_data(None);
        attempt(&hold, &fake, release(&store).await, noon()).await;
        assert_eq!((fake.came().len(), state(&hold, &id).await), (1, State::Delivered));
    }

    #[tokio::test]
    async fn a_mail_that_was_not_approved_never_reaches_the_next_hop() {
        let dir = tempfile::tempdir().unwrap();
        let (store, hold) = hold_in(dir.path(), settings()).await;
        let fake = fake::Fake::start().await;
        approved(&hold, &[OUTSIDE]).await;
        let mut writing = store.write().await.unwrap();
        writing.tamper("DROP TRIGGER held_changes").await;
        writing.tamper("UPDATE held SET state = 'pending'").await;
        writing.commit().await.unwrap();
        attempt(&hold, &fake, release(&store).await, noon()).await;
        assert!(fake.came().is_empty());
        assert_eq!(release(&store).await.attempts, 1, "and is not tried again at once");
    }
}
