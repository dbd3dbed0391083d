//! One run of extraction: the budget, and the way from a part to its reader.
//!
//! In: parts. Out: text and rows to the sink (`handover`), entries in the ledger (`ledger`), and what stands beside what a
//! reader reads as parts again (`beside`). What is protected waits until everything else is
//! read, since its password may stand in a later part ([`unlock`]). Deliberately absent: formats (each has its file); a
//! clock (who runs this holds it, see [`Watch`]).

mod beside;
mod handover;
mod ledger;

use std::collections::HashSet;
use std::hash::{DefaultHasher, Hash, Hasher};
use std::ops::Range;
use std::panic::{AssertUnwindSafe, catch_unwind};

pub(crate) use self::handover::cell;
use crate::inspect::extract::letters::{self, Letters};
use crate::inspect::extract::sniff::{self, Format};
use crate::inspect::extract::unlock::{self, Cost, Lock, Locked, Words};
use crate::inspect::extract::{
    Ledger, Limits, Watch, archive, document, image, mail, package, pdf, sweep, text, workbook,
};
use crate::inspect::{Job, Place, Reason, Sink, Uninspected};

/// The largest single part that is unpacked. More than that in one piece would ask for several times as much memory
/// while it is decoded and searched.
const PART_BYTES: u64 = 128 << 20;

/// A text up to this size costs nobody any time.
const SMALL: usize = 4 << 10;

/// Something to be read.
#[derive(Clone, Copy)]
pub(crate) struct Part<'a> {
    pub(crate) bytes: &'a [u8],
    /// Where it stands: for an attachment or an entry, the place of the file itself.
    pub(crate) place: &'a Place,
    /// How many archives and mails are around it.
    pub(crate) depth: u32,
    pub(crate) hint: Hint<'a>,
}

impl<'a> Part<'a> {
    /// Something inside of this part, one level deeper.
    pub(crate) fn inside(&self, bytes: &'a [u8], place: &'a Place) -> Self {
        Self { bytes, place, depth: self.depth.saturating_add(1), hint: Hint::default() }
    }
}

/// A part that is being read.
#[derive(Clone, Copy, Default)]
pub(crate) struct Open {
    number: u64,
    /// How many parts inside of it have been begun.
    begun: u64,
}

impl Open {
    /// The next part inside of this one. Its number comes from its way down, so that it is the same again when another
    /// part, with all that is inside of that, is passed over.
    fn next(&mut self) -> Self {
        self.begun = self.begun.saturating_add(1);
        let mut hasher = DefaultHasher::new();
        (self.number, self.begun).hash(&mut hasher);
        Self { number: hasher.finish(), begun: 0 }
    }
}

/// What somebody says about a part. Nobody has to be believed.
#[derive(Clone, Copy, Default)]
pub(crate) struct Hint<'a> {
    /// The declared media type in lower case.
    pub(crate) media: &'a str,
    /// The declared charset.
    pub(crate) charset: Option<&'a str>,
    /// Whether this is a mail's own text, which is never a table or another mail.
    pub(crate) body: bool,
}

/// The context that goes through the whole extraction of one mail or file.
pub(crate) struct Reading<'s> {
    sink: &'s mut dyn Sink,
    watch: &'s mut dyn Watch,
    job: &'s Job,
    bytes_left: u64,
    entries_left: u32,
    cells_left: u64,
    characters_left: u64,
    depth: u32,
    ledger: Ledger,
    seen: HashSet<Uninspected>,
    in_table: bool,
    /// Where the table is that was begun last, and whether passwords are looked for in it.
    table: Place,
    heard: bool,
    /// Characters handed over since the last entry in the ledger, for each part that is open, innermost last.
    characters: Vec<u64>,
    /// The parts that are open, innermost last.
    open: Vec<Open>,
    words: Words,
    locked: Vec<Locked>,
    /// Where the part being read is in memory.
    whole: Range<usize>,
    /// Stretches of it that were read as parts of their own.
    apart: Vec<Range<usize>>,
    /// How deep the part being read is.
    level: u32,
    /// What stands in the letters of its texts, read when the part itself is.
    letters: Vec<Letters>,
}

impl<'s> Reading<'s> {
    pub(crate) fn new(job: &'s Job, limits: &Limits, sink: &'s mut dyn Sink, watch: &'s mut dyn Watch) -> Self {
        Self {
            sink,
            watch,
            job,
            bytes_left: limits.bytes,
            entries_left: limits.entries,
            cells_left: limits.cells,
            characters_left: limits.characters,
            depth: limits.depth,
            ledger: Ledger::default(),
            seen: HashSet::new(),
            in_table: false,
            table: Place::default(),
            heard: false,
            characters: vec![0],
            open: vec![Open::default()],
            words: Words::new(job),
            locked: Vec::new(),
            whole: 0..0,
            apart: Vec::new(),
            level: 0,
            letters: Vec::new(),
        }
    }

    /// Opens what waited for its password, and closes the ledger.
    pub(crate) fn finish(mut self, kind: &str) -> Ledger {
        while !self.locked.is_empty() {
            for locked in std::mem::take(&mut self.locked) {
                self.watched_as(locked.open(), locked.place(), false, |reading| unlock::open(reading, &locked));
            }
        }
        kind.clone_into(&mut self.ledger.kind);
        self.ledger.statements = self.words.statements();
        self.ledger
    }

    /// Reads the outermost bytes as a mail, whatever they look like.
    pub(crate) fn read_mail(&mut self, bytes: &[u8]) -> Format {
        let place = Place::default();
        let part = Part { bytes, place: &place, depth: 0, hint: Hint::default() };
        self.words.written_on(bytes);
        // Whoever passes over the mail itself reads nothing, so that nobody needs to know of it.
        self.watched(&place, true, |reading| reading.read_as(&part, Format::Mail));
        Format::Mail
    }

    /// Tells a part's type by its content and reads it; what it is besides (a picture with an archive behind it) as well.
    pub(crate) fn read(&mut self, part: &Part<'_>) -> Format {
        if part.depth > self.depth {
            self.unread(part.place, Reason::Limit);
            return Format::Other("unknown", Reason::Limit);
        }
        let format =
            catch_unwind(|| sniff::format(part.bytes, part.hint)).unwrap_or(Format::Other("unknown", Reason::Crashed));
        let others = catch_unwind(|| sniff::others(part.bytes, format)).unwrap_or_default();
        // A text ends where something else starts.
        let end = others.first().filter(|_| format.is_text()).map_or(part.bytes.len(), |first| first.start);
        let own = Part { bytes: part.bytes.get(..end).unwrap_or_default(), ..*part };
        let outer = (std::mem::take(&mut self.apart), std::mem::replace(&mut self.whole, addresses(part.bytes)));
        self.watched(part.place, is_small(part, format), |reading| reading.read_as(&own, format));
        let apart = std::mem::replace(&mut self.apart, outer.0);
        self.whole = outer.1;
        for other in others {
            // What its own reader found to be none of it, it has handed on.
            if !apart.iter().any(|range| range.contains(&other.start)) {
                self.carved(part, other);
            }
        }
        format
    }

    /// Reads a part that is known to be a mail.
    pub(crate) fn read_nested_mail(&mut self, part: &Part<'_>) {
        if part.depth > self.depth {
            self.unread(part.place, Reason::Limit);
        } else {
            self.watched(part.place, false, |reading| reading.read_as(part, Format::Mail));
        }
    }

    /// A panic in a reader, or in a parser below it, costs only this part. What killed a process before is passed over.
    fn watched(&mut self, place: &Place, small: bool, read: impl FnOnce(&mut Self)) {
        let part = self.open.last_mut().map(Open::next).unwrap_or_default();
        self.watched_as(part, place, small, read);
    }

    fn watched_as(&mut self, part: Open, place: &Place, small: bool, read: impl FnOnce(&mut Self)) {
        let number = part.number;
        if let Some(known) = self.job.without.iter().find(|known| known.part == number) {
            return self.unread(place, known.reason);
        }
        if self.watch.is_over() {
            return self.unread(place, Reason::Limit);
        }
        self.watch.begin(number, &place.path, small);
        self.open.push(part);
        self.characters.push(0);
        let depth = self.characters.len();
        let outer = (self.level, std::mem::take(&mut self.letters));
        let outcome = catch_unwind(AssertUnwindSafe(|| {
            read(self);
            self.read_letters();
        }));
        (self.level, self.letters) = outer;
        if outcome.is_err() {
            self.end_table();
            self.unread(place, Reason::Crashed);
        }
        self.characters.truncate(depth.saturating_sub(1));
        self.open.truncate(depth.saturating_sub(1));
        self.watch.end(number);
    }

    /// Reads the files that stand in letters of what was read, and those in theirs.
    fn read_letters(&mut self) {
        let depth = self.level.saturating_add(1);
        while !self.letters.is_empty() {
            for letters in std::mem::take(&mut self.letters) {
                letters::read(self, &letters, depth);
            }
        }
    }

    fn read_as(&mut self, part: &Part<'_>, format: Format) {
        self.level = part.depth;
        match format {
            Format::Mail => mail::read(self, part),
            Format::Outlook(kind) => mail::read_outlook(self, part, kind),
            Format::Wrapped(kind) => mail::read_wrapped(self, part, kind),
            Format::Text | Format::Html | Format::Xml | Format::Csv | Format::Json | Format::Mbox => {
                text::read(self, part, format);
            }
            Format::Archive(kind) => archive::read(self, part, kind),
            Format::Package(kind) => package::read(self, part, kind),
            Format::Xls => workbook::read_xls(self, part),
            Format::FlatSheet(kind) => workbook::read_flat(self, part, kind),
            Format::Document(kind) => document::read(self, part, kind),
            Format::Pdf => pdf::read(self, part),
            Format::Image(_) => image::read(self, part),
            Format::Locked(lock) => self.locked(part, lock),
            Format::Other(name, reason) => {
                if reason == Reason::Unsupported && !matches!(name, "audio" | "video") {
                    self.text(part.place, &sweep::glimpse(part.bytes));
                }
                self.unread(part.place, reason);
            }
        }
    }

    /// A picture: read by what was seen in it, if somebody looked; shown to who watches and named, if nobody did.
    pub(crate) fn picture(&mut self, part: &Part<'_>) {
        let number = self.open.last().map_or(0, |open| open.number);
        if let Some(seen) = self.job.texts.iter().find(|seen| seen.part == number) {
            self.text(&part.place.inside("picture text"), &seen.text);
            self.done(part.place);
        } else {
            self.watch.picture(number, &part.place.path, part.bytes);
            self.unread(part.place, Reason::Image);
        }
    }

    /// Keeps a protected part until everything else is read and passwords are known.
    pub(crate) fn locked(&mut self, part: &Part<'_>, lock: Lock) {
        self.ledger.protected = true;
        if self.charge(part.bytes.len() as u64) {
            // By the way down to it, and not by which others wait.
            let open = self.open.last_mut().map(Open::next).unwrap_or_default();
            self.locked.push(Locked::new(part, lock, open));
        } else {
            self.unread(part.place, Reason::Encrypted);
        }
    }

    /// Passwords to try, likeliest first, as many as fit what a try costs.
    pub(crate) fn passwords(&mut self, cost: Cost) -> Vec<String> {
        self.words.candidates(cost)
    }

    /// This password opened something, so it is tried first from now on.
    pub(crate) fn password_fits(&mut self, password: &str) {
        self.words.prefer(password);
    }

    /// How many bytes the next part may unpack to.
    pub(crate) fn allowance(&self) -> u64 {
        self.bytes_left.min(PART_BYTES)
    }

    /// Pays for unpacked bytes; false when the budget does not cover them.
    #[must_use]
    pub(crate) fn charge(&mut self, bytes: u64) -> bool {
        let covered = bytes <= self.bytes_left;
        self.bytes_left = self.bytes_left.saturating_sub(bytes);
        covered
    }

    /// Pays for one table cell.
    #[must_use]
    pub(crate) fn take_cell(&mut self) -> bool {
        // The clock is asked now and then: asking costs as much as a cell.
        let is_left = self.cells_left > 0 && self.characters_left > 0;
        let covered = is_left && (!self.cells_left.is_multiple_of(4_096) || !self.watch.is_over());
        self.cells_left = self.cells_left.saturating_sub(1);
        covered
    }

    /// Pays for one part or entry. Whoever enumerates parts pays, before it reads each.
    #[must_use]
    pub(crate) fn take_entry(&mut self) -> bool {
        let covered = self.entries_left > 0 && !self.watch.is_over();
        self.entries_left = self.entries_left.saturating_sub(1);
        covered
    }

    /// Whether the time for this mail is used up. Loops that take no cell and no entry ask from time to time.
    pub(crate) fn is_over(&self) -> bool {
        self.watch.is_over()
    }
}

fn addresses(bytes: &[u8]) -> Range<usize> {
    let start = bytes.as_ptr() as usize;
    start..start.saturating_add(bytes.len())
}

/// Whether reading this is a matter of microseconds and of no parser that dies.
fn is_small(part: &Part<'_>, format: Format) -> bool {
    match format {
        Format::Image(_) | Format::Other(..) => true,
        Format::Text | Format::Html | Format::Csv | Format::Json => part.bytes.len() <= SMALL,
        _ => false,
    }
}
