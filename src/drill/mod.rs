//! The drill of the machine: marked mails go the live way, and show that what should be found is found, that what cannot be
//! read counts as not read, and that nothing leaves when the next hop is away.
//!
//! In: the detectors in force with their examples, where the server listens, the store whose key makes the marks. Out: a
//! [`Report`], a record of the journal, and how the last one ended for those who look after it. A drill mail comes in by the
//! server's own SMTP listener ([`door`]), is known by its envelope sender ([`mark`]), judged by the very workers, checks and
//! rules that judge real mail (`pipeline::marked`), and refused with what would have become of it ([`outcome`]): it has no
//! connection to a next hop, no clearance and no place in the store, so that it can never leave. One goes at a time, and
//! only while a worker has nothing to do.
//!
//! Deliberately absent: drills of people. Whether those who decide look at what they approve is another drill, of a held mail
//! (`hold::drill`, `pipeline::drill`); the two share no mark, no record and no table. Absent as well is any content: reports
//! name detectors, formats and what went wrong.

mod daily;
mod door;
mod format;
mod letter;
mod mark;
mod outcome;
mod scenario;
mod told;

use std::time::{Duration, Instant};

use jiff::Timestamp;

pub use daily::Daily;
pub use door::{Door, DoorError};
pub use format::{Format, FormatError};
pub use mark::{Act, Marks, NoMark, SENDER, mark};
pub use outcome::Outcome;
pub use scenario::{Lapse, Scenario, Trial, Verdict};
pub use told::{Last, last, told};

use door::{Visit, Word};

use crate::{
    inspect::{Limits, Plant},
    journal::{JournalError, MachineDrill, Via},
    mail::{Address, AddressError},
    store::{Store, StoreError},
};

/// How long a drill waits in all for a worker that has nothing to do, and how often it asks.
const PATIENCE: Duration = Duration::from_secs(1_800);
const ASK_EVERY: Duration = Duration::from_secs(1);

/// So many failures are named in the journal.
const NAMED: usize = 20;

/// To whom drill mails are: a domain that can never exist (RFC 2606), outside of every organisation.
const TO: &str = "anybody@drill.example";

/// Why there was no drill.
#[derive(Debug, thiserror::Error)]
pub enum DrillError {
    /// The server cannot be entered.
    #[error(transparent)]
    Door(#[from] DoorError),
    /// A mail could not be made.
    #[error("a drill mail could not be made: {0}")]
    Letter(#[from] FormatError),
    /// A mark, or an address of ours, is none.
    #[error("a drill mail could not be addressed: {0}")]
    Address(#[from] AddressError),
    /// Its end could not be written down.
    #[error("the drill could not be journalled: {0}")]
    Journal(#[from] JournalError),
    /// The store failed.
    #[error("the store failed: {0}")]
    Store(#[from] StoreError),
}

/// A drill that can be held.
#[derive(Debug, Clone)]
pub struct Drill {
    /// Whose key makes the marks, and where the drill is written down.
    pub store: Store,
    /// Where the server is entered.
    pub door: Door,
    /// What is to be found.
    pub plants: Vec<Plant>,
    /// How much of a mail is read.
    pub limits: Limits,
    /// Our own domain, from which drill mails seem to come.
    pub domain: String,
}

/// How a drill ended.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Report {
    /// When it began.
    pub at: Timestamp,
    /// What was tried, and how it came out.
    pub trials: Vec<Trial>,
    /// How long it took.
    pub took: Duration,
}

impl Drill {
    /// How many mails it has.
    pub fn mails(&self) -> usize {
        Scenario::all(&self.plants).len()
    }

    /// Sends one mail after the other; `each` hears how it came out. Where a mail is taken that must not be, whoever listens
    /// knows no drills, and where there was no room for too long, more is too much: then no other is sent.
    ///
    /// # Errors
    /// The server cannot be entered at all, or a mail cannot be made: then nothing is known.
    pub async fn hold(&self, mut each: impl FnMut(&Trial) + Send) -> Result<Report, DrillError> {
        let (at, began) = (Timestamp::now(), Instant::now());
        let from = Address::parse(&format!("{SENDER}@{}", self.domain))?;
        let to = Address::parse(TO)?;
        let mut visit = Some(self.door.enter().await?);
        let mut patience = PATIENCE;
        let (mut trials, mut calm) = (Vec::new(), None);
        for scenario in Scenario::all(&self.plants) {
            let message = letter::letter(&scenario, (&from, &to), &self.limits)?;
            let began = Instant::now();
            let said = self.try_out(&scenario, (&to, &message), &mut visit, &mut patience).await?;
            let (verdict, reply) = match said {
                Said::Outcome(outcome) => {
                    let verdict = scenario.judge(&outcome, calm.as_ref());
                    if scenario == Scenario::Calm {
                        calm = Some(outcome);
                    }
                    (verdict, None)
                }
                Said::Other(verdict, reply) => (verdict, Some(reply)),
            };
            let is_over =
                scenario != Scenario::DeadNextHop && matches!(verdict.lapse, Some(Lapse::Taken | Lapse::Busy));
            let trial = Trial { scenario, verdict, reply, took: began.elapsed() };
            each(&trial);
            trials.push(trial);
            if is_over {
                break;
            }
        }
        if let Some(visit) = visit {
            visit.leave().await;
        }
        Ok(Report { at, trials, took: began.elapsed() })
    }

    /// Holds it and writes down how it ended.
    ///
    /// # Errors
    /// As [`Self::hold`], or it cannot be written down.
    pub async fn carry_out(
        &self,
        (by, via): (&str, Via),
        each: impl FnMut(&Trial) + Send,
    ) -> Result<Report, DrillError> {
        let report = self.hold(each).await?;
        told::keep(&self.store, report.at, report.record(by, via)).await?;
        Ok(report)
    }

    /// One mail. A connection that broke off is made anew, once.
    async fn try_out(
        &self,
        scenario: &Scenario,
        (to, message): (&Address, &[u8]),
        visit: &mut Option<Visit>,
        patience: &mut Duration,
    ) -> Result<Said, DrillError> {
        let mut broken = false;
        // For a next hop that is away MAIL is refused already; there is nothing to read.
        let message = Some(message).filter(|_| scenario.act() != Act::DeadNextHop);
        loop {
            // A mark is good once, so that every try has its own.
            let from = mark(&self.store, scenario.act(), Timestamp::now())?;
            let mut entered = match visit.take() {
                Some(visit) => visit,
                None => match self.door.enter().await {
                    Ok(entered) => entered,
                    // Too many are in there; it was entered a moment ago.
                    Err(DoorError::Full(..)) if wait(patience).await => continue,
                    Err(why) => return Err(why.into()),
                },
            };
            match entered.send((&from, to), message).await {
                Ok(word) if word.is_busy() => {
                    // After 421 the connection is of no use; it is soon made anew.
                    entered.leave().await;
                    if !wait(patience).await {
                        return Ok(Said::Other(Verdict::without_outcome(Lapse::Busy), told_reply(&word)));
                    }
                }
                Ok(word) => {
                    if word.is_positive() {
                        entered.reset().await;
                    }
                    *visit = Some(entered);
                    return Ok(came_out(scenario, &word));
                }
                Err(error @ DoorError::NotLetIn(..)) => return Err(error.into()),
                Err(DoorError::Closed(..)) if !broken => broken = true,
                Err(error) => return Ok(Said::Other(Verdict::without_outcome(Lapse::NoAnswer), error.to_string())),
            }
        }
    }
}

/// Waits until it asks again, as long as there is patience.
async fn wait(patience: &mut Duration) -> bool {
    let Some(left) = patience.checked_sub(ASK_EVERY) else { return false };
    *patience = left;
    tokio::time::sleep(ASK_EVERY).await;
    true
}

/// The server's last word on a mail.
#[derive(Debug)]
enum Said {
    Outcome(Outcome),
    /// No outcome: what to make of that, and the word itself.
    Other(Verdict, String),
}

/// What the server's last word says of a scenario.
fn came_out(scenario: &Scenario, word: &Word) -> Said {
    if let Some(outcome) = Outcome::read(word.code, &word.text) {
        return Said::Outcome(outcome);
    }
    let verdict = match word.code {
        // The mail server would keep the mail and try again.
        400..=499 if *scenario == Scenario::DeadNextHop => Verdict::well(),
        _ if word.is_positive() => Verdict::without_outcome(Lapse::Taken),
        code => Verdict::without_outcome(Lapse::Refused(code)),
    };
    Said::Other(verdict, told_reply(word))
}

fn told_reply(word: &Word) -> String {
    format!("{} {}", word.code, word.text.lines().next().unwrap_or_default())
}

impl Report {
    /// What failed.
    pub fn failed(&self) -> impl Iterator<Item = &Trial> {
        self.trials.iter().filter(|trial| trial.verdict.lapse.is_some())
    }

    /// How many mails would have gone out with something in them not found or not read.
    pub fn left_uninspected(&self) -> usize {
        self.trials.iter().filter(|trial| trial.verdict.left_uninspected).count()
    }

    /// What the journal says of it.
    pub fn record(&self, by: &str, via: Via) -> MachineDrill {
        let count = |number: usize| u32::try_from(number).unwrap_or(u32::MAX);
        let fault = |trial: &Trial| {
            let lapse = trial.verdict.lapse.as_ref().map_or("", Lapse::name);
            format!("{}: {lapse}", trial.scenario)
        };
        MachineDrill {
            by: by.to_owned(),
            via,
            node: told::node(),
            scenarios: count(self.trials.len()),
            failed: count(self.failed().count()),
            left_uninspected: count(self.left_uninspected()),
            only_reported: count(self.trials.iter().filter(|trial| trial.verdict.only_reported).count()),
            faults: self.failed().take(NAMED).map(fault).collect(),
            seconds: self.took.as_secs(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn word(code: u16, text: &str) -> Word {
        Word { code, text: text.to_owned() }
    }

    fn other(said: Said) -> (Verdict, String) {
        let Said::Other(verdict, reply) = said else { panic!("{said:?}") };
        (verdict, reply)
    }

    #[test]
    fn a_dead_next_hop_must_be_put_off_and_nothing_else() {
        let lapse = |code| other(came_out(&Scenario::DeadNextHop, &word(code, "x"))).0.lapse;
        assert_eq!(lapse(451), None);
        assert_eq!(lapse(250), Some(Lapse::Taken));
        assert_eq!(lapse(550), Some(Lapse::Refused(550)));
    }

    #[test]
    fn a_mail_that_is_taken_or_put_off_is_a_failure() {
        let (verdict, reply) = other(came_out(&Scenario::Bomb, &word(250, "2.0.0 forwarded\nmore")));
        assert!(verdict.left_uninspected && verdict.lapse == Some(Lapse::Taken));
        assert_eq!(reply, "250 2.0.0 forwarded");
        let (verdict, _) = other(came_out(&Scenario::Bomb, &word(451, "4.3.0 internal fault")));
        assert!(!verdict.left_uninspected && verdict.lapse == Some(Lapse::Refused(451)));
    }

    #[tokio::test]
    async fn how_it_ended_is_in_the_journal_and_with_the_node() {
        let dir = tempfile::tempdir().unwrap();
        let store = Store::open(dir.path()).await.unwrap();
        let plant = Plant { detector: "jp.phone".to_owned(), texts: vec!["090-1234-5678".to_owned()] };
        let scenario = Scenario::Find { plant, format: Format::Xlsx };
        let verdict = Verdict { left_uninspected: true, ..Verdict::without_outcome(Lapse::NotFound) };
        let took = Duration::from_secs(2);
        let trials = vec![
            Trial { scenario, verdict, reply: None, took },
            Trial { scenario: Scenario::Bomb, verdict: Verdict::well(), reply: None, took },
        ];
        let report = Report { at: Timestamp::from_second(1_790_000_000).unwrap(), trials, took };
        assert_eq!(last(&store).await.unwrap(), None);
        told::keep(&store, report.at, report.record("root (uid 0)", Via::Cli)).await.unwrap();
        let known = last(&store).await.unwrap().unwrap();
        assert_eq!(known.at, report.at);
        assert_eq!((known.drill.scenarios, known.drill.failed, known.drill.left_uninspected), (2, 1, 1));
        assert_eq!(known.drill.faults, ["jp.phone in xlsx: not_found"]);
        assert!(!known.drill.is_well());
        let journal = crate::journal::Journal::start(store);
        let found = journal.search("machine_drill", Timestamp::MIN, Timestamp::MAX, 9).await.unwrap();
        assert_eq!(found.len(), 1);
        assert!(!serde_json::to_string(&found).unwrap().contains("5678"), "no value");
        journal.verify().await.unwrap();
    }
}
