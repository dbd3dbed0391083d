//! Whether there is room for another mail, asked at MAIL, before its body is on the way.
//!
//! In: how long mails wait for a worker, how long a commit takes, how much of the disk is free, whether the journal is
//! written, how many mails the outbox holds; looked at once a second. Out: the conditions of [`Health`], and at MAIL the
//! reason for `451 4.3.2`; with a spool for the journal a store that is away is none. Asking costs a few atomic loads;
//! looking is a task of its own. A condition that became bad must become clearly better before mail is taken again, so that
//! it does not flap.
//! Deliberately absent: queues (what there is no room for stays with the mail server), and the memory that messages on
//! their way take, which the SMTP server counts itself.

use std::{
    sync::atomic::{AtomicBool, Ordering},
    time::{Duration, Instant},
};

use jiff::Timestamp;
use tokio::time::{sleep, timeout};
use tokio_util::sync::CancellationToken;

use super::Stages;
use crate::{
    inspect::sandbox::Protection,
    journal::{Keeping, Spooled},
    language::Text,
    smtp::Reply,
    store::{Pool, Store},
    telemetry::{
        health::{Condition, Health},
        spool::Spooling,
    },
};

/// How often to look.
const EVERY: Duration = Duration::from_secs(1);

/// How often to try the disk while no mail comes, in looks.
const IDLE_LOOKS: u32 = 10;

/// A mail that waits longer for a worker: there is too much to read. And when there is not any more.
const LONG_WAIT: Duration = Duration::from_secs(10);
const SHORT_WAIT: Duration = Duration::from_secs(2);

/// A commit that takes longer: the disk cannot keep up. And when it can again.
const SLOW_COMMIT: Duration = Duration::from_secs(3);
const QUICK_COMMIT: Duration = Duration::from_secs(2);

/// So many mails in the outbox do not go out as fast as they come in. And when they do again.
const MANY_WAITING: u64 = 5_000;
const FEW_WAITING: u64 = 2_500;

/// What stops mail while it is not well.
const STOPS: [Condition; 3] = [Condition::Disk, Condition::Store, Condition::Workers];

/// From where on there is no room; from `[store]`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Settings {
    /// Bytes that must be free where the database is.
    pub min_free: u64,
    /// Whether a kernel without Landlock will do.
    pub accept_missing_landlock: bool,
}

/// What is known about the room there is.
#[derive(Debug)]
pub struct Pressure {
    health: Health,
    settings: Settings,
    /// Whether a mail came since the last look.
    asked: AtomicBool,
}

/// What there is no room in.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Strain(Condition);

impl Strain {
    /// What the administrator of the mail server is told.
    pub(super) fn words(self) -> &'static str {
        match self.0 {
            Condition::Sandbox => "inspection is not locked in",
            Condition::Workers => "too many mails wait for inspection",
            Condition::Store => "the store is slow",
            Condition::Journal | Condition::Spool => "the journal cannot be written",
            Condition::Disk => "the disk is nearly full",
            Condition::NextHop | Condition::Outbox => "the next hop cannot be reached",
            // It stops no mail: the people known last go on being known.
            Condition::Directory => "the directory cannot be read",
            // Nor does this: it is the clients' to object.
            Condition::Certificates => "the TLS certificate is not valid",
            // Nor this: the journal keeps what is not told.
            Condition::Siem => "the SIEM takes nothing",
            // Nor this: it says what to mend, and mails are read as well as they can be meanwhile.
            Condition::Drill => "the last drill failed",
            // Nor this: each judges by what it was given, and says so.
            Condition::Nodes => "nodes do not agree",
        }
    }
}

impl Stages {
    /// Why no mail can be taken now, if none can.
    pub(super) fn strain(&self) -> Option<Strain> {
        self.pressure.asked.store(true, Ordering::Relaxed);
        if self.journal.keeping() == Keeping::Nowhere {
            return Some(Strain(Condition::Journal));
        }
        // With a spool, a mail that needs the store hears so when it is known that it does.
        let spools = self.journal.spools();
        let stops = |condition: &Condition| !(spools && *condition == Condition::Store);
        let unwell = STOPS.into_iter().filter(stops).find(|condition| !self.pressure.is_well(*condition));
        let crowded = || self.judgement().workers.are_crowded().then_some(Condition::Workers);
        unwell.or_else(crowded).map(Strain)
    }

    /// Looks once a second, until `stop`.
    pub async fn watch(&self, store: &Store, stop: CancellationToken) {
        let mut looks = 0_u32;
        loop {
            let idle = !self.pressure.asked.swap(false, Ordering::Relaxed);
            let store_well = self.pressure.health.is_well(Condition::Store);
            let judgement = self.judgement();
            self.pressure.workers(judgement.workers.longest_wait());
            judgement.workers.replaced().into_iter().for_each(|(why, count)| self.metrics.workers(why, count));
            if let Some(past) = &judgement.past {
                self.metrics.history(past.read().len());
            }
            for Pool { name, open, idle, most } in store.pools() {
                self.metrics.connections(name, (open, idle, most));
            }
            self.pressure.sandbox(judgement.workers.protection());
            self.watch_journal().await;
            self.pressure.disk(store.free_space().await.map_err(|error| error.to_string()));
            if !idle || !store_well || looks.is_multiple_of(IDLE_LOOKS) {
                let took = commit_time(store).await;
                took.iter().for_each(|took| self.metrics.commit(*took));
                self.pressure.store(took);
                if !self.pressure.is_well(Condition::Store) {
                    self.journal.store_is_away();
                } else if let Ok(Ok(waiting)) = timeout(SLOW_COMMIT, store.outbox_length()).await {
                    self.pressure.outbox(waiting);
                }
            }
            let away = !self.pressure.health.is_well(Condition::NextHop);
            // On a quiet night no mail would tell that it is back.
            if away
                && looks.is_multiple_of(IDLE_LOOKS)
                && let Ok(heard) = timeout(EVERY, self.next_hop.probe()).await
            {
                self.pressure.heard_of_next_hop(heard.err().as_ref());
            }
            looks = looks.wrapping_add(1);
            tokio::select! {
                () = stop.cancelled() => return,
                () = sleep(EVERY) => {}
            }
        }
    }
}

impl Stages {
    async fn watch_journal(&self) {
        self.journal.probe_spool().await;
        let spooled = self.journal.spooled();
        self.pressure.journal(self.journal.keeping(), spooled.as_ref());
        if let Some(spooled) = spooled {
            self.pressure.spool(&spooled);
            let Spooled { records, bytes, oldest, aside, locked, written, .. } = spooled;
            let age = oldest.map_or(0, |oldest| Timestamp::now().duration_since(oldest).as_secs().max(0));
            self.metrics.spooled(Spooling { records, bytes, age, aside: aside + locked, written });
        }
    }
}

/// How long a small commit takes, the wait for its turn included.
async fn commit_time(store: &Store) -> Result<Duration, String> {
    let began = Instant::now();
    match timeout(SLOW_COMMIT, store.probe()).await {
        Ok(Ok(())) | Err(_) => Ok(began.elapsed()),
        Ok(Err(error)) => Err(error.to_string()),
    }
}

impl Pressure {
    /// Nothing is known yet, so all is well.
    pub fn new(health: Health, settings: Settings) -> Self {
        let pressure = Self { health, settings, asked: AtomicBool::new(false) };
        pressure.health.well(Condition::NextHop, reachable());
        pressure
    }

    /// The next hop took MAIL, or why it did not.
    pub(super) fn heard_of_next_hop(&self, refusal: Option<&Reply>) {
        let away =
            refusal.is_some_and(|reply| [Reply::next_hop_unavailable(), Reply::next_hop_login()].contains(reply));
        match (away, self.health.is_well(Condition::NextHop)) {
            (true, true) => self.health.unwell(
                Condition::NextHop,
                text(
                    "次の中継先に接続できないか、ログインできません。[next_hop] とログを確認してください。",
                    "the next hop cannot be reached, or refuses our login; look at [next_hop] and the log",
                ),
            ),
            (false, false) => self.health.well(Condition::NextHop, reachable()),
            (true, false) | (false, true) => {}
        }
    }

    fn workers(&self, wait: Duration) {
        let limit = self.limit(Condition::Workers, LONG_WAIT, SHORT_WAIT);
        let seconds = wait.as_secs();
        self.set(
            Condition::Workers,
            wait < limit,
            text(&format!("検査待ちは最長 {seconds} 秒です。"), &format!("mails wait {seconds} s for inspection")),
            text(
                &format!("検査待ちが {seconds} 秒です。inspection.workers を増やしてください。"),
                &format!("mails wait {seconds} s for inspection; raise inspection.workers"),
            ),
        );
    }

    /// What a worker may do does not change while it lives, so this tells of the kernel and of who we are. It stops no
    /// mail: seccomp stands in any case.
    fn sandbox(&self, protection: Protection) {
        let version = protection.landlock.map_or_else(String::new, |version| format!(" (Landlock {version})"));
        match protection.lack() {
            Some(lack) if self.settings.accept_missing_landlock && !protection.root => {
                self.health.well(Condition::Sandbox, lack);
            }
            Some(lack) => self.health.unwell(Condition::Sandbox, lack),
            None => self.health.well(
                Condition::Sandbox,
                text(&format!("隔離されています{version}。"), &format!("workers are locked in{version}")),
            ),
        }
    }

    fn store(&self, commit: Result<Duration, String>) {
        let limit = self.limit(Condition::Store, SLOW_COMMIT, QUICK_COMMIT);
        match commit {
            Ok(took) => {
                let millis = took.as_millis();
                self.set(
                    Condition::Store,
                    took < limit,
                    text(&format!("書き込みは {millis} ミリ秒です。"), &format!("a commit takes {millis} ms")),
                    text(
                        &format!("書き込みに {millis} ミリ秒かかっています。ディスクを確認してください。"),
                        &format!("a commit takes {millis} ms; look at the disk"),
                    ),
                );
            }
            Err(why) => {
                let words = text(&format!("書き込めません: {why}"), &format!("it cannot be written: {why}"));
                self.health.unwell(Condition::Store, words);
            }
        }
    }

    pub(super) fn is_well(&self, condition: Condition) -> bool {
        self.health.is_well(condition)
    }

    fn journal(&self, keeping: Keeping, spooled: Option<&Spooled>) {
        let (records, oldest) = spooled.map_or((0, None), |spooled| (spooled.records, spooled.oldest));
        let since = oldest.map_or_else(|| "-".to_owned(), |oldest| format!("{oldest:.0}"));
        let bad = match keeping {
            Keeping::Spool => text(
                &format!(
                    "データベースに書けないため、送信記録 {records} 件がこのサーバーの退避ファイルで待っています（最も古いもの {since}）。\
                     問題のないメールは送信しています。保留・遅延・承認が必要なメールは 451 で待たせています。コンソールでは操作できません。\
                     データベースを確認してください。"
                ),
                &format!(
                    "the database takes no records: {records} wait in the spool of this node (the oldest since {since}); clean \
                     mail goes out, mail that is to be held, delayed, approved or split gets 451, and nobody can work in the \
                     console; look at the database"
                ),
            ),
            Keeping::Store | Keeping::Nowhere => text(
                "記録できません。ディスクとログを確認してください。",
                "it cannot be written; look at the disk and the log",
            ),
        };
        self.set(Condition::Journal, keeping == Keeping::Store, text("記録されています。", "it is written"), bad);
    }

    fn spool(&self, spooled: &Spooled) {
        let Spooled { records, aside, locked, unread, spools, takes, .. } = *spooled;
        let good = if spools {
            text(&format!("退避ファイルで {records} 件が待っています。"), &format!("{records} records wait in it"))
        } else {
            text("退避ファイルは使っていません（journal.on_outage）。", "not used (journal.on_outage)")
        };
        let bad = if unread {
            text(
                "退避ファイルを読み出せないため、送信記録に入れられずに待っています。ディスクとログを確認してください。",
                "one of its files cannot be read, so its records and those behind it wait; look at the disk and the log",
            )
        } else if locked > 0 {
            text(
                &format!(
                    "退避ファイル {locked} 個は別の鍵で封印されているか、先頭行が書き換えられています。その中の記録は送信記録に入っていません。\
                     ログでファイル名を確認し、そのファイルを書いたときの seal.key を持つノードの journal-spool に移してください。"
                ),
                &format!(
                    "{locked} of its files were sealed with another key, or their first line was changed; nothing of them is in \
                     the journal; the log names them; move them to journal-spool of a node that has their seal.key"
                ),
            )
        } else if aside > 0 {
            text(
                &format!(
                    "退避ファイル {aside} 個が途中で切れているか、書き換えられています。data_dir の journal-spool にある .torn と .damaged を確認し、\
                     済んだら消してください。読めた記録は送信記録に入っています。"
                ),
                &format!(
                    "{aside} of its files were torn or changed; look at the .torn and .damaged files in journal-spool of \
                     data_dir, and remove them then; what was whole in them is in the journal"
                ),
            )
        } else {
            text(
                "退避ファイルに空きがありません。ディスクと journal.spool_max を確認してください。",
                "it has no room; look at the disk and journal.spool_max",
            )
        };
        let well = !unread && locked == 0 && aside == 0 && (takes || !spools);
        self.set(Condition::Spool, well, good, bad);
    }

    fn disk(&self, free: Result<u64, String>) {
        let floor = self.settings.min_free;
        let limit = self.limit(Condition::Disk, floor, floor.saturating_add(floor / 10));
        // A disk that cannot be asked tells nothing; whether it takes writes is seen by writing.
        let Ok(free) = free else { return };
        let mebibytes = free >> 20;
        self.set(
            Condition::Disk,
            free >= limit,
            text(&format!("空き容量は {mebibytes} MiB です。"), &format!("{mebibytes} MiB are free")),
            text(
                &format!("空き容量が {mebibytes} MiB しかありません (store.min_free)。空きを作ってください。"),
                &format!("only {mebibytes} MiB are free (store.min_free); make room"),
            ),
        );
    }

    fn outbox(&self, waiting: u64) {
        let limit = self.limit(Condition::Outbox, MANY_WAITING, FEW_WAITING);
        self.set(
            Condition::Outbox,
            waiting < limit,
            text(&format!("送信待ちは {waiting} 通です。"), &format!("{waiting} mails wait to go out")),
            text(
                &format!("送信待ちが {waiting} 通あります。次の中継先を確認してください。"),
                &format!("{waiting} mails wait to go out; look at the next hop"),
            ),
        );
    }

    /// What counts now: the bad limit for a condition that is well, the good one for a condition that is not.
    fn limit<T>(&self, condition: Condition, bad: T, good: T) -> T {
        if self.health.is_well(condition) { bad } else { good }
    }

    fn set(&self, condition: Condition, well: bool, good: Text, bad: Text) {
        if well { self.health.well(condition, good) } else { self.health.unwell(condition, bad) }
    }
}

fn reachable() -> Text {
    text("接続できています。", "nothing is wrong with it")
}

fn text(ja: &str, en: &str) -> Text {
    Text { ja: ja.to_owned(), en: en.to_owned() }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::language::Language;

    fn pressure() -> Pressure {
        Pressure::new(Health::default(), Settings { min_free: 1000, accept_missing_landlock: false })
    }

    #[test]
    fn what_became_bad_must_become_clearly_better() {
        let pressure = pressure();
        let well = |condition| pressure.health.is_well(condition);
        for (free, expected) in [(1000, true), (999, false), (1000, false), (1099, false), (1100, true), (1000, true)] {
            pressure.disk(Ok(free));
            assert_eq!(well(Condition::Disk), expected, "{free} free");
        }
        for (wait, expected) in [(9, true), (10, false), (5, false), (2, false), (1, true), (9, true)] {
            pressure.workers(Duration::from_secs(wait));
            assert_eq!(well(Condition::Workers), expected, "{wait} s");
        }
        for (took, expected) in [(2999, true), (3000, false), (2500, false), (1999, true)] {
            pressure.store(Ok(Duration::from_millis(took)));
            assert_eq!(well(Condition::Store), expected, "{took} ms");
        }
        for (waiting, expected) in [(4999, true), (5000, false), (2500, false), (2499, true)] {
            pressure.outbox(waiting);
            assert_eq!(well(Condition::Outbox), expected, "{waiting} mails");
        }
    }

    #[test]
    fn a_store_that_cannot_be_written_is_not_well_and_a_disk_that_cannot_be_asked_says_nothing() {
        let pressure = pressure();
        pressure.store(Err("the disk is full".to_owned()));
        assert!(!pressure.health.is_well(Condition::Store));
        pressure.disk(Err("gone".to_owned()));
        assert!(pressure.health.is_well(Condition::Disk));
        pressure.journal(Keeping::Nowhere, None);
        assert!(!pressure.health.is_well(Condition::Journal));
    }

    #[test]
    fn that_records_wait_is_told_and_what_is_in_doubt_too() {
        let pressure = pressure();
        let said = |name: &str| {
            let report = pressure.health.report(Language::En);
            report.conditions.into_iter().find(|line| line.name == name).map(|line| (line.ok, line.words)).unwrap()
        };
        let spooled = Spooled { records: 7, spools: true, takes: true, ..Spooled::default() };
        pressure.journal(Keeping::Spool, Some(&spooled));
        pressure.spool(&spooled);
        let (ok, words) = said("journal");
        assert!(!ok && words.contains("7 wait in the spool") && words.contains("clean mail goes out"), "{words}");
        assert_eq!(said("spool"), (true, "7 records wait in it".to_owned()));
        pressure.spool(&Spooled { takes: false, ..spooled });
        assert!(!said("spool").0 && said("spool").1.contains("no room"));
        pressure.spool(&Spooled { aside: 1, ..spooled });
        assert!(!said("spool").0 && said("spool").1.contains("torn or changed"));
        pressure.spool(&Spooled { locked: 1, aside: 1, ..spooled });
        assert!(!said("spool").0 && said("spool").1.contains("nothing of them is in the journal"));
        pressure.spool(&Spooled { unread: true, ..spooled });
        assert!(!said("spool").0 && said("spool").1.contains("cannot be read"));
        pressure.spool(&Spooled { spools: false, takes: false, ..spooled });
        assert!(said("spool").0, "who wants no spool lacks none");
        pressure.journal(Keeping::Store, Some(&spooled));
        assert!(said("journal").0);
    }

    #[test]
    fn a_lock_that_is_not_whole_is_told_and_no_reason_to_refuse_mail() {
        let whole = Protection { landlock: Some(6), root: false };
        for (protection, accept, expected, words) in [
            (whole, false, true, "Landlock 6"),
            (Protection { landlock: None, ..whole }, false, false, "no Landlock"),
            (Protection { landlock: None, ..whole }, true, true, "no Landlock"),
            (Protection { root: true, ..whole }, true, false, "root"),
        ] {
            let settings = Settings { min_free: 1000, accept_missing_landlock: accept };
            let pressure = Pressure::new(Health::default(), settings);
            pressure.sandbox(protection);
            assert_eq!(pressure.health.is_well(Condition::Sandbox), expected, "{protection:?}");
            let report = pressure.health.report(Language::En);
            assert!(report.conditions.iter().any(|line| line.words.contains(words)), "{report:?}");
        }
    }

    #[test]
    fn only_a_next_hop_that_is_away_is_not_well() {
        let pressure = pressure();
        pressure.heard_of_next_hop(Some(&Reply::new(550, "5.7.1", "not you")));
        assert!(pressure.health.is_well(Condition::NextHop));
        pressure.heard_of_next_hop(Some(&Reply::next_hop_unavailable()));
        assert!(!pressure.health.is_well(Condition::NextHop));
        pressure.heard_of_next_hop(None);
        assert!(pressure.health.is_well(Condition::NextHop));
    }
}
