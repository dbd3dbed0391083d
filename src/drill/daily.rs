//! The drill that comes by itself, once a day, and the eye on how the last one ended, whoever held it.
//!
//! In: the time of day, what can be held now. Out: a drill at its time; every few seconds the condition of
//! [`Health`](crate::telemetry::health::Health) and the figures, of which the store knows: `sekisho drill` runs in a process
//! of its own. Each node of a fleet holds its own. A time that passed while the server was down is not made up for, and a
//! drill that does not come for two days is told. Deliberately absent: what a drill is.

use std::{sync::Arc, time::Duration};

use jiff::{Timestamp, civil::Time, tz::TimeZone};
use tokio::time::sleep;
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
        let mut due = next(Timestamp::now());
        loop {
            self.look().await;
            let now = Timestamp::now();
            if due.is_some_and(|due| due <= now) {
                due = next(now);
                // What is cut off by the end of the server was no drill, and leaves no trace.
                if stop.run_until_cancelled(Box::pin(self.hold())).await.is_none() {
                    return;
                }
            }
            if stop.run_until_cancelled(sleep(EVERY)).await.is_none() {
                return;
            }
        }
    }

    async fn hold(&self) {
        let Some(drill) = (self.drill)() else {
            tracing::error!("the daily drill has no way into the server: smtp.listen names no address");
            return;
        };
        match drill.carry_out((BY, Via::System), |_| {}).await {
            Ok(report) => {
                let (mails, failed, left) = (report.trials.len(), report.failed().count(), report.left_uninspected());
                tracing::info!(mails, failed, left_uninspected = left, "a drill of the machine was held");
            }
            Err(why) => {
                tracing::error!(%why, "there was no drill of the machine");
                // No proof is a failure too, and is told until the next drill.
                let none = Report { at: Timestamp::now(), trials: Vec::new(), took: Duration::ZERO };
                let faults = vec![why.to_string()];
                let record = MachineDrill { failed: 1, faults, ..none.record(BY, Via::System) };
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

    #[tokio::test]
    async fn how_the_last_one_ended_is_told_whoever_held_it() {
        let dir = tempfile::tempdir().unwrap();
        let store = Store::open(dir.path()).await.unwrap();
        let (health, metrics) = (Health::default(), Metrics::default());
        let daily = Daily {
            at: None,
            timezone: TimeZone::UTC,
            store: store.clone(),
            drill: Arc::new(|| None),
            health: health.clone(),
            metrics: metrics.clone(),
        };
        daily.look().await;
        assert!(health.is_well(Condition::Drill));
        let report = Report { at: Timestamp::now(), trials: Vec::new(), took: EVERY };
        keep(&store, report.at, report.record("root", Via::Cli)).await.unwrap();
        daily.look().await;
        assert!(!health.is_well(Condition::Drill), "a drill of nothing shows nothing");
        assert!(metrics.text(&health, &[]).unwrap().contains("sekisho_drill_duration_seconds 5"));
    }
}
