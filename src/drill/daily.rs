//! The drill that comes by itself, once a day, and the eye on how the last one ended, whoever held it.
//!
//! In: the time of day, what can be held now. Out: a drill at its time; every few seconds the condition of
//! [`Health`](crate::telemetry::health::Health) and the figures, of which the store knows: `sekisho drill` runs in a process
//! of its own. Each node of a fleet holds its own. A time that passed while the server was down is not made up for, and a
//! drill that does not come for two days is told. Deliberately absent: what a drill is.

use std::{sync::Arc, time::Duration};

use jiff::{Timestamp, civil::Time, tz::TimeZone};
use tokio::time::{sleep, timeout};
use tokio_util::sync::CancellationToken;

use super::{
    Drill, Last, Report,
    told::{keep, last, told},
};
use crate::{
    journal::{MachineDrill, Via},
    store::Store,
    telemetry::{
        drill::Drilled,
        health::{Condition, Health},
        metrics::Metrics,
    },
};

/// How often to look.
const EVERY: Duration = Duration::from_secs(5);

/// How soon behind its start a node drills that never did.
const FIRST: Duration = Duration::from_secs(600);

/// Who orders it, as the journal says.
const BY: &str = "sekisho";

/// The daily drill.
pub struct Daily {
    /// When; never, if there is none.
    pub at: Option<Time>,
    /// By which clock.
    pub timezone: TimeZone,
    /// Where drills are written down.
    pub store: Store,
    /// The drill as it is now: the rules may be other ones than they were yesterday.
    pub drill: Arc<dyn Fn() -> Option<Drill> + Send + Sync>,
    /// Where it is told how the last one ended.
    pub health: Health,
    /// The same in figures.
    pub metrics: Metrics,
}

impl Daily {
    /// Until `stop`.
    pub async fn run(self, stop: CancellationToken) {
        let next = |now| self.at.and_then(|at| next(at, &self.timezone, now));
        let began = Timestamp::now();
        let mut due = next(began);
        // One that never drilled does not wait for tomorrow: it may be gone by then.
        if let (Some(at), Ok(None)) = (due, last(&self.store).await) {
            due = Some(at.min(began + FIRST));
        }
        loop {
            self.look().await;
            let now = Timestamp::now();
            if due.is_some_and(|due| due <= now) {
                due = next(now);
                // What is cut off by the end of the server was no drill, and leaves no trace.
                if stop.run_until_cancelled(Box::pin(self.hold_and_look())).await.is_none() {
                    return;
                }
            }
            let until = due.and_then(|due| Duration::try_from(due.duration_since(Timestamp::now())).ok());
            if stop.run_until_cancelled(sleep(EVERY.min(until.unwrap_or(EVERY)))).await.is_none() {
                return;
            }
        }
    }

    /// Holds one, and has an eye on things meanwhile: it may take long on a busy machine.
    async fn hold_and_look(&self) {
        let holding = self.hold();
        tokio::pin!(holding);
        while timeout(EVERY, &mut holding).await.is_err() {
            self.look().await;
        }
    }

    async fn hold(&self) {
        let held = match (self.drill)() {
            Some(drill) => drill.carry_out((BY, Via::System), |_| {}).await.map_err(|why| why.to_string()),
            None => Err("there is no way into the server: smtp.listen names no address".to_owned()),
        };
        match held {
            Ok(report) => {
                let (mails, failed, left) = (report.trials.len(), report.failed().count(), report.left_uninspected());
                tracing::info!(mails, failed, left_uninspected = left, "a drill of the machine was held");
            }
            Err(why) => {
                tracing::error!(%why, "there was no drill of the machine");
                // No proof is a failure too, and is told until the next drill; what the last one found is not mended by it.
                let before = last(&self.store).await.ok().flatten();
                let left_uninspected = before.map_or(0, |before| before.drill.left_uninspected);
                let none = Report { at: Timestamp::now(), trials: Vec::new(), took: Duration::ZERO };
                let record =
                    MachineDrill { failed: 1, left_uninspected, faults: vec![why], ..none.record(BY, Via::System) };
                if let Err(why) = keep(&self.store, none.at, record).await {
                    tracing::error!(%why, "that there was none cannot be written down");
                }
            }
        }
    }

    /// Tells how the last drill ended.
    async fn look(&self) {
        let known = match last(&self.store).await {
            Ok(known) => known,
            // That the store cannot be read is a condition of its own.
            Err(error) => return tracing::warn!(%error, "how the last drill ended cannot be read"),
        };
        if let Some(Last { at, drill }) = &known {
            let (scenarios, failed, left_uninspected) = (drill.scenarios, drill.failed, drill.left_uninspected);
            let seconds = drill.seconds;
            self.metrics.drilled(Drilled { at: at.as_second(), scenarios, failed, left_uninspected, seconds });
        }
        match told(known.as_ref(), self.at.is_some(), Timestamp::now(), &self.timezone) {
            (true, words) => self.health.well(Condition::Drill, words),
            (false, words) => self.health.unwell(Condition::Drill, words),
        }
    }
}

/// The first moment behind `now` at which the clock says `at`.
fn next(at: Time, zone: &TimeZone, now: Timestamp) -> Option<Timestamp> {
    let today = now.to_zoned(zone.clone()).date();
    [today, today.tomorrow().ok()?]
        .into_iter()
        .filter_map(|day| Some(day.to_datetime(at).to_zoned(zone.clone()).ok()?.timestamp()))
        .find(|moment| *moment > now)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{drill::Door, inspect::Limits, smtp::server};

    #[test]
    fn it_comes_once_a_day_at_its_time() {
        let zone = TimeZone::get("Asia/Tokyo").unwrap();
        let at = Time::constant(4, 30, 0, 0);
        let moment = |text: &str| text.parse::<Timestamp>().unwrap();
        let comes = |now: &str| next(at, &zone, moment(now)).unwrap();
        assert_eq!(comes("2026-11-30T04:29:59+09:00"), moment("2026-11-30T04:30:00+09:00"));
        assert_eq!(comes("2026-11-30T04:30:00+09:00"), moment("2026-12-01T04:30:00+09:00"));
        assert_eq!(comes("2026-11-30T23:00:00+09:00"), moment("2026-12-01T04:30:00+09:00"));
        // A clock that is set forward over the time has it at the first moment behind the gap.
        let berlin = TimeZone::get("Europe/Berlin").unwrap();
        let gap = Time::constant(2, 30, 0, 0);
        assert_eq!(
            next(gap, &berlin, moment("2026-03-29T00:00:00+01:00")).unwrap(),
            moment("2026-03-29T03:30:00+02:00")
        );
    }

    async fn daily() -> (tempfile::TempDir, Daily) {
        let dir = tempfile::tempdir().unwrap();
        let store = Store::open(dir.path()).await.unwrap();
        let (health, metrics) = (Health::default(), Metrics::default());
        (dir, Daily { at: None, timezone: TimeZone::UTC, store, drill: Arc::new(|| None), health, metrics })
    }

    /// The server that it is to enter is not there: no proof either, which is written down and told.
    #[tokio::test]
    async fn it_is_held_at_its_time_and_one_that_cannot_be_held_is_told() {
        let (_dir, daily) = daily().await;
        let nobody = std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
        let settings = server::Settings { listen: vec![nobody], ..server::Settings::default() };
        let drill = Drill {
            store: daily.store.clone(),
            door: Door::of(&settings, Duration::from_secs(60)).unwrap(),
            plants: Vec::new(),
            limits: Limits::default(),
            domain: "toho.example.co.jp".to_owned(),
        };
        let soon = Timestamp::now() + Duration::from_secs(2);
        let at = soon.to_zoned(TimeZone::UTC).datetime().time();
        let (store, health, stop) = (daily.store.clone(), daily.health.clone(), CancellationToken::new());
        let daily = Daily { at: Some(at), drill: Arc::new(move || Some(drill.clone())), ..daily };
        let running = tokio::spawn(daily.run(stop.clone()));
        let told = timeout(Duration::from_secs(60), async {
            loop {
                match last(&store).await.unwrap() {
                    Some(last) if !health.is_well(Condition::Drill) => return last,
                    _ => sleep(Duration::from_millis(20)).await,
                }
            }
        });
        let told = told.await.unwrap();
        assert!(told.at >= soon, "{told:?}");
        assert_eq!((told.drill.failed, told.drill.scenarios), (1, 0));
        assert!(told.drill.faults[0].contains(&nobody.to_string()), "{told:?}");
        stop.cancel();
        running.await.unwrap();
    }

    #[tokio::test]
    async fn how_the_last_one_ended_is_told_whoever_held_it() {
        let (_dir, daily) = daily().await;
        let (store, health, metrics) = (daily.store.clone(), daily.health.clone(), daily.metrics.clone());
        daily.look().await;
        assert!(health.is_well(Condition::Drill));
        let report = Report { at: Timestamp::now(), trials: Vec::new(), took: EVERY };
        keep(&store, report.at, report.record("root", Via::Cli)).await.unwrap();
        daily.look().await;
        assert!(!health.is_well(Condition::Drill), "a drill of nothing shows nothing");
        assert!(metrics.text(&health, &[]).unwrap().contains("sekisho_drill_duration_seconds 5"));
    }
}
