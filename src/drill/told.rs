//! How the last drill ended, for those who look after the machine.
//!
//! In: the end of a drill. Out: a record of the journal and the last drill of this node, in one change; and words on it for
//! the health report, with what to do. Deliberately absent: every single trial, which `sekisho drill` shows.

use jiff::{SignedDuration, Timestamp, tz::TimeZone};

use super::DrillError;
use crate::{
    journal::{self, JournalError, MachineDrill, Record, What},
    language::Text,
    mail::MailId,
    store::{Store, StoreError},
};

/// A daily drill that did not come for so long is missed.
const MISSED: SignedDuration = SignedDuration::from_hours(49);

/// So many failures are named in a report of health.
const NAMED: usize = 3;

/// The last drill of this node.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Last {
    /// When it began.
    pub at: Timestamp,
    /// How it ended.
    pub drill: MachineDrill,
}

/// What this machine is called among the nodes.
pub(super) fn node() -> String {
    // Asked of the kernel: where the unit hides /proc, the server and the command must still say the same.
    rustix::system::uname().nodename().to_string_lossy().into_owned()
}

/// Writes down how a drill ended.
pub(super) async fn keep(store: &Store, at: Timestamp, drill: MachineDrill) -> Result<(), DrillError> {
    let node = drill.node.clone();
    let record = Record::machine_drill(MailId(ulid::Ulid::generate().to_string()), at, drill);
    let told = serde_json::to_string(&record).map_err(|error| JournalError::Record(error.to_string()))?;
    let mut writing = store.write().await?;
    journal::append(&mut writing, &[record]).await?;
    writing.set_machine_drill(&node, &told).await?;
    writing.commit().await?;
    Ok(())
}

/// The last drill of this node, if there was one.
///
/// # Errors
/// The store cannot be read.
pub async fn last(store: &Store) -> Result<Option<Last>, StoreError> {
    let Some(told) = store.machine_drill(&node()).await? else { return Ok(None) };
    let record: Record = serde_json::from_str(&told).map_err(|error| StoreError::Row(error.to_string()))?;
    let What::MachineDrill(drill) = record.what else { return Ok(None) };
    Ok(Some(Last { at: record.at, drill }))
}

/// Whether the last drill is as it should be, and words on it; `daily` is whether there is one every day.
pub fn told(last: Option<&Last>, daily: bool, now: Timestamp, zone: &TimeZone) -> (bool, Text) {
    let Some(Last { at, drill }) = last else {
        let (ja, en) = match daily {
            true => {
                ("まだ行われていません。毎日自動で行われます。", "there was none yet; it comes every day by itself")
            }
            false => (
                "まだ行われていません。sekisho drill で行えます（[drill] at で毎日自動）。",
                "there was none yet; `sekisho drill` holds one, and [drill] at one every day",
            ),
        };
        return (true, Text { ja: ja.to_owned(), en: en.to_owned() });
    };
    let MachineDrill { scenarios, failed, left_uninspected, .. } = drill;
    let time = at.to_zoned(zone.clone()).strftime("%Y-%m-%d %H:%M").to_string();
    if *scenarios == 0 {
        let why = drill.faults.join(", ");
        let ja = format!("{time} に行えませんでした（{why}）。sekisho drill で確認してください。");
        return (false, Text { ja, en: format!("at {time} there was none ({why}); `sekisho drill` tries again") });
    }
    let mut ja = format!("{time} に {scenarios} 通で実施。検査漏れ {left_uninspected}。");
    let mut en = format!("at {time} with {scenarios} mails; left uninspected: {left_uninspected}");
    if !drill.is_well() {
        let named: Vec<&str> = drill.faults.iter().take(NAMED).map(String::as_str).collect();
        let named = named.join(", ");
        ja.push_str(&format!(
            "失敗 {failed} 件（{named}）。sekisho drill で詳細を確認し、規則と設定を直してください。"
        ));
        en.push_str(&format!("; {failed} failed ({named}): `sekisho drill` says what to mend in rules and settings"));
        return (false, Text { ja, en });
    }
    if daily && now.duration_since(*at) > MISSED {
        ja.push_str("以後、毎日の自己点検が行われていません。ログを確認してください。");
        en.push_str("; since then the daily drill did not come, and the log says why");
        return (false, Text { ja, en });
    }
    (true, Text { ja, en })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::journal::Via;

    fn last_of(failed: u32, left_uninspected: u32) -> Last {
        let faults = (0..failed).map(|number| format!("jp.phone in {number}: not_found")).collect();
        let drill = MachineDrill {
            by: "sekisho".to_owned(),
            via: Via::System,
            node: node(),
            scenarios: 600,
            failed,
            left_uninspected,
            only_reported: 0,
            faults,
            seconds: 5,
        };
        Last { at: Timestamp::from_second(1_790_000_000).unwrap(), drill }
    }

    #[test]
    fn that_there_was_none_is_told_with_the_reason() {
        let mut none = last_of(1, 0);
        none.drill.scenarios = 0;
        none.drill.faults = vec!["the server cannot be entered".to_owned()];
        let (well, text) = told(Some(&none), true, none.at, &TimeZone::UTC);
        assert!(!well && text.en.contains("there was none (the server cannot be entered)"), "{text:?}");
    }

    #[test]
    fn a_drill_that_failed_or_did_not_come_is_not_well() {
        let soon = Timestamp::from_second(1_790_000_000).unwrap() + SignedDuration::from_hours(24);
        let late = soon + SignedDuration::from_hours(26);
        let told = |last: Option<&Last>, daily, now| told(last, daily, now, &TimeZone::UTC);
        for (last, daily, now, well, words) in [
            (None, true, soon, true, "every day by itself"),
            (None, false, soon, true, "`sekisho drill` holds one"),
            (Some(last_of(0, 0)), true, soon, true, "at 2026-09-21 14:13 with 600 mails; left uninspected: 0"),
            (Some(last_of(0, 0)), true, late, false, "the daily drill did not come"),
            (Some(last_of(0, 0)), false, late, true, "left uninspected: 0"),
            (Some(last_of(4, 2)), false, soon, false, "4 failed (jp.phone in 0: not_found"),
        ] {
            let (is_well, text) = told(last.as_ref(), daily, now);
            assert_eq!(is_well, well, "{text:?}");
            assert!(text.en.contains(words), "{text:?}");
            assert!(!text.ja.is_empty());
        }
    }
}
