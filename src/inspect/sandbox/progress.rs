//! Where in a mail the worker is, told to its parent, so that the parent knows which part ended or held it up.
//!
//! In: what the reading tells a [`Watch`]. Out: frames for parts that may take long or end the process; for many small
//! ones now and then, as a sign of life; pictures, kept for the answer. A clean mail of a few lines causes no frame and
//! wakes nobody. Time is taken here as well: what overruns it stops by itself if its reader asks, and what was read until
//! then counts; who does not ask is killed by the parent somewhat later.

use std::{
    io::{self, Write},
    time::{Duration, Instant},
};

use rustix::time::{ClockId, clock_gettime};

use super::{
    fault::befall,
    ocr::{self, Pictures},
    wire::{self, Request, Word},
};
use crate::inspect::{Fault, Watch};

/// The longest time without a word, while parts begin.
const SILENCE: Duration = Duration::from_millis(250);

/// More of a place than this is not told.
const PLACE: usize = 1_000;

/// The watch over one mail.
pub(super) struct Progress<'w, W> {
    output: &'w mut W,
    /// What is told of a place leaves this process.
    veil: Box<dyn FnMut(&mut String) + 'w>,
    began: Instant,
    time: Duration,
    /// How long this process had worked when the mail came, and how much more it may work on it.
    start: Duration,
    work: Duration,
    part_time: Duration,
    open: Vec<Open>,
    /// How long this process had worked when the innermost open part was come to, and when that was.
    since: Duration,
    at: Instant,
    spoken: Instant,
    bounds: ocr::Bounds,
    pictures: Pictures,
    fault: Option<Fault>,
    failed: io::Result<()>,
}

/// A part that is being read.
#[derive(Default)]
struct Open {
    part: u64,
    /// How long it was worked on, parts inside of it not counted.
    used: Duration,
    told: bool,
}

impl<'w, W: Write> Progress<'w, W> {
    /// Starts the clock; `veil` masks what a place says of anybody.
    pub(super) fn new(output: &'w mut W, request: &Request<'_>, veil: Box<dyn FnMut(&mut String) + 'w>) -> Self {
        let (now, start) = (Instant::now(), worked());
        Self {
            output,
            veil,
            began: now,
            time: request.time,
            start,
            work: request.work,
            part_time: request.part_time,
            open: vec![Open::default()],
            since: start,
            at: now,
            spoken: now,
            bounds: request.pictures,
            pictures: Pictures::default(),
            fault: request.job.fault,
            failed: Ok(()),
        }
    }

    /// The pictures that were shown, and whether the parent still listens.
    pub(super) fn finish(self) -> io::Result<Pictures> {
        self.failed.map(|()| self.pictures)
    }

    fn say(&mut self, word: &Word) {
        self.spoken = self.at;
        if self.failed.is_ok() {
            self.failed = wire::write(self.output, word, b"");
        }
    }

    /// Takes the time for whatever was open until now.
    fn turn(&mut self) {
        let worked = worked();
        if let Some(open) = self.open.last_mut() {
            open.used += worked.saturating_sub(self.since);
        }
        self.since = worked;
        self.at = Instant::now();
    }
}

impl<W: Write> Watch for Progress<'_, W> {
    fn begin(&mut self, part: u64, place: &str, small: bool) {
        self.turn();
        let told = !small || self.at.duration_since(self.spoken) > SILENCE;
        self.open.push(Open { part, used: Duration::ZERO, told });
        if told {
            let mut place = place.get(..place.floor_char_boundary(PLACE)).unwrap_or_default().to_owned();
            (self.veil)(&mut place);
            self.say(&Word::Begin { part, place, spent: self.since });
            if let Some(fault) = self.fault {
                befall(fault);
            }
        }
        #[cfg(debug_assertions)]
        super::rehearsal::perform(place);
    }

    fn end(&mut self, part: u64) {
        self.turn();
        let Some(at) = self.open.iter().rposition(|open| open.part == part) else { return };
        let told = self.open.get(at).is_some_and(|open| open.told);
        self.open.truncate(at);
        if told {
            self.say(&Word::End { part, spent: self.since });
        }
    }

    fn is_over(&self) -> bool {
        let now = Instant::now();
        let passed = now.duration_since(self.began);
        if passed > self.time {
            return true;
        }
        // The clock of the work itself costs a call of the kernel, so the clock on the wall is asked first: it runs at
        // least as fast.
        let used = self.open.last().map(|open| open.used).unwrap_or_default();
        if passed <= self.work && used + now.duration_since(self.at) <= self.part_time {
            return false;
        }
        let worked = worked();
        worked.saturating_sub(self.start) > self.work || used + worked.saturating_sub(self.since) > self.part_time
    }

    fn picture(&mut self, part: u64, _: &str, bytes: &[u8]) {
        if self.bounds.take(bytes.len()) {
            self.pictures.push(part, bytes);
        }
    }
}

/// How long this process, which is one thread, has worked, ever; a machine that is busy with other things does not count.
/// The first time it asks the kernel where its clock is, so that must be done before the process is locked down.
pub(super) fn worked() -> Duration {
    Duration::try_from(clock_gettime(ClockId::ThreadCPUTime)).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use std::borrow::Cow;

    use super::*;
    use crate::inspect::{Job, Kind};

    fn request(time: u64, part_time: u64) -> Request<'static> {
        Request {
            job: Cow::Owned(Job::new(Kind::Mail)),
            time: Duration::from_millis(time),
            work: Duration::from_mins(1),
            part_time: Duration::from_millis(part_time),
            pictures: ocr::Bounds { pictures: 2, each: 4, bytes: 5 },
        }
    }

    fn words(mut pipe: &[u8]) -> Vec<String> {
        let read = std::iter::from_fn(|| wire::read::<Word>(&mut pipe).unwrap());
        read.map(|(word, _)| match word {
            Word::Begin { part, place, .. } => format!("+{part} {place}"),
            Word::End { part, .. } => format!("-{part}"),
            Word::Done(_) => "done".to_owned(),
        })
        .collect()
    }

    #[test]
    fn only_what_may_take_long_is_told() {
        let mut pipe = Vec::new();
        let mut progress = Progress::new(&mut pipe, &request(60_000, 60_000), Box::new(|_| {}));
        progress.begin(1, "", true);
        progress.begin(2, "body", true);
        progress.end(2);
        progress.begin(3, "a.zip", false);
        progress.begin(4, "a.zip › b.txt", true);
        progress.end(4);
        progress.end(3);
        progress.end(1);
        progress.finish().unwrap();
        assert_eq!(words(&pipe), ["+3 a.zip", "-3"]);
    }

    #[test]
    fn a_place_is_told_as_it_may_be_shown() {
        let mut pipe = Vec::new();
        let veil = Box::new(|place: &mut String| *place = place.replace("1234", "****"));
        let mut progress = Progress::new(&mut pipe, &request(60_000, 60_000), veil);
        progress.begin(1, "090-1234-5678.zip", false);
        progress.finish().unwrap();
        assert_eq!(words(&pipe), ["+1 090-****-5678.zip"]);
    }

    #[test]
    fn many_small_parts_give_a_sign_of_life() {
        let mut pipe = Vec::new();
        let mut progress = Progress::new(&mut pipe, &request(60_000, 60_000), Box::new(|_| {}));
        std::thread::sleep(2 * SILENCE);
        for part in 1..100 {
            progress.begin(part, "x", true);
            progress.end(part);
        }
        progress.finish().unwrap();
        assert_eq!(words(&pipe)[..2], ["+1 x", "-1"]);
        assert!(words(&pipe).len() < 20);
    }

    fn work(time: Duration) {
        let until = worked() + time;
        while worked() < until {
            std::hint::black_box((0..1_000).sum::<u64>());
        }
    }

    #[test]
    fn a_part_is_over_by_its_own_work_and_not_by_that_of_parts_inside() {
        let mut pipe = Vec::new();
        let mut progress = Progress::new(&mut pipe, &request(60_000, 100), Box::new(|_| {}));
        progress.begin(1, "a", false);
        progress.begin(2, "b", false);
        work(Duration::from_millis(150));
        assert!(progress.is_over());
        progress.end(2);
        assert!(!progress.is_over());
        drop(progress);
        let mut progress = Progress::new(&mut pipe, &request(20, 60_000), Box::new(|_| {}));
        assert!(!progress.is_over());
        std::thread::sleep(Duration::from_millis(30));
        progress.begin(1, "a", false);
        assert!(progress.is_over());
    }

    #[test]
    fn a_mail_of_many_parts_is_over_by_the_work_on_all_of_them() {
        let mut pipe = Vec::new();
        let request = Request { work: Duration::from_millis(100), ..request(60_000, 60_000) };
        let mut progress = Progress::new(&mut pipe, &request, Box::new(|_| {}));
        for part in 1..=3 {
            assert!(!progress.is_over());
            progress.begin(part, "a", true);
            work(Duration::from_millis(40));
            progress.end(part);
        }
        assert!(progress.is_over());
    }

    #[test]
    fn pictures_are_kept_within_bounds() {
        let mut pipe = Vec::new();
        let mut progress = Progress::new(&mut pipe, &request(60_000, 60_000), Box::new(|_| {}));
        for (part, bytes) in [(1, "large"), (2, "abcd"), (3, "ab"), (4, "a"), (5, "")] {
            progress.picture(part, "x", bytes.as_bytes());
        }
        let kept = Pictures { parts: vec![(2, 4), (4, 1)], bytes: b"abcda".to_vec() };
        assert_eq!(progress.finish().unwrap(), kept);
    }
}
