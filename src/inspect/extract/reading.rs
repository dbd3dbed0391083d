//! One run of extraction: the budget, the ledger, and the way from a part to its reader.
//!
//! In: parts. Out: text and rows to the sink, entries in the ledger. What is protected waits until everything else is
//! read, since its password may stand in a later part ([`unlock`]). Deliberately absent: formats (each has its file); a
//! clock (who runs this holds it, see [`Watch`]).

use std::borrow::Cow;
use std::collections::HashSet;
use std::hash::{DefaultHasher, Hash, Hasher};
use std::ops::Range;
use std::panic::{AssertUnwindSafe, catch_unwind};

use crate::inspect::extract::letters::{self, Found, Letters};
use crate::inspect::extract::sniff::{self, Format};
use crate::inspect::extract::spans::Spans;
use crate::inspect::extract::unlock::{self, Cost, Lock, Locked, Words};
use crate::inspect::extract::{
    Ledger, Limits, Watch, archive, document, escapes, image, mail, package, pdf, sweep, text, workbook,
};
use crate::inspect::{Attachment, Cell, Inspected, Job, Place, Reason, Sink, Uninspected};

/// The largest single part that is unpacked. More than that in one piece would ask for several times as much memory
/// while it is decoded and searched.
const PART_BYTES: u64 = 128 << 20;

/// A text up to this size costs nobody any time.
const SMALL: usize = 4 << 10;

/// How many entries each of the ledger's two lists may have; a reader of more would learn nothing, and a hostile archive
/// could make millions. The ledger's counts go on.
const ENTRIES: usize = 1_000;

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

    /// Reads a stretch of a part that is something else as well.
    pub(crate) fn carved(&mut self, part: &Part<'_>, range: Range<usize>) {
        let place = out_of_sight(part.place, &range);
        if !self.take_entry() {
            return self.unread(&place, Reason::Limit);
        }
        self.read(&part.inside(part.bytes.get(range).unwrap_or_default(), &place));
    }

    /// Reads a part that is known to be a mail.
    pub(crate) fn read_nested_mail(&mut self, part: &Part<'_>) {
        if part.depth > self.depth {
            self.unread(part.place, Reason::Limit);
        } else {
            self.guarded(part.place, |reading| reading.read_as(part, Format::Mail));
        }
    }

    /// A panic in a reader, or in a parser below it, costs only this part. What killed a process before is passed over.
    fn guarded(&mut self, place: &Place, read: impl FnOnce(&mut Self)) {
        self.watched(place, false, read);
    }

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

    /// Hands over running text.
    pub(crate) fn text(&mut self, place: &Place, text: &str) {
        if text.trim().is_empty() {
            return;
        }
        self.end_table();
        // A password may look like an escape, or be written in some.
        self.words.note(place, text);
        let readable = escapes::readable(text);
        if let Cow::Owned(text) = &readable {
            self.words.note(place, text);
        }
        let text = &*readable;
        self.keep_letters(place, letters::found(text));
        let text = self.within_characters(place, text);
        self.sink.text(place, text);
    }

    /// Keeps what stands in letters of a text until its part is read.
    fn keep_letters(&mut self, place: &Place, all: Vec<Found>) {
        for found in all {
            let letters = Letters { place: place.clone(), found };
            if self.charge(letters.len()) {
                self.letters.push(letters);
            } else {
                self.unread(place, Reason::Limit);
            }
        }
    }

    /// As much of `text` as the budget covers.
    fn within_characters<'t>(&mut self, place: &Place, text: &'t str) -> &'t str {
        let count = text.chars().count() as u64;
        if let Some(open) = self.characters.last_mut() {
            *open = open.saturating_add(count);
        }
        if count <= self.characters_left {
            self.characters_left -= count;
            return text;
        }
        let covered = usize::try_from(self.characters_left).unwrap_or(usize::MAX);
        self.characters_left = 0;
        self.unread(place, Reason::Limit);
        let end = text.char_indices().nth(covered).map_or(text.len(), |(at, _)| at);
        text.get(..end).unwrap_or_default()
    }

    pub(crate) fn begin_table(&mut self, place: &Place) {
        self.end_table();
        self.sink.begin_table(place);
        self.table = place.clone();
        self.heard = Words::wants_rows_of(place);
        self.in_table = true;
    }

    /// Hands over one row of the table that was begun.
    pub(crate) fn row(&mut self, row: u32, cells: &[Cell<'_>]) {
        if self.in_table && !cells.is_empty() {
            let original = cells;
            let cells = &*readable(cells);
            let count: u64 = cells.iter().map(|cell| cell.text.chars().count() as u64).sum();
            if let Some(open) = self.characters.last_mut() {
                *open = open.saturating_add(count);
            }
            // A string that a thousand cells share is read a thousand times.
            if count > self.characters_left {
                self.characters_left = 0;
                let place = self.table.clone();
                return self.unread(&place, Reason::Limit);
            }
            self.characters_left -= count;
            if self.heard {
                self.words.note_row(&self.table, original.iter().map(|cell| cell.text.as_ref()));
            }
            for cell in cells {
                let found = letters::found(&cell.text);
                // Nearly no cell has any, and there are millions.
                if !found.is_empty() {
                    let table = self.table.clone();
                    self.keep_letters(&table, found);
                }
            }
            self.sink.row(row, cells);
        }
    }

    pub(crate) fn end_table(&mut self) {
        if self.in_table {
            self.in_table = false;
            self.sink.end_table();
        }
    }

    /// What stands at `place` was read: everything that was handed over for the open part since the last such entry.
    pub(crate) fn done(&mut self, place: &Place) {
        self.done_noted(place, None);
    }

    /// As [`Self::done`], with something to know about it.
    pub(crate) fn done_noted(&mut self, place: &Place, note: Option<String>) {
        let characters = self.characters.last_mut().map(std::mem::take).unwrap_or_default();
        let coverage = &mut self.ledger.coverage;
        coverage.parts = coverage.parts.saturating_add(1);
        coverage.inspected = coverage.inspected.saturating_add(1);
        coverage.characters = coverage.characters.saturating_add(characters);
        if self.ledger.inspected.len() < ENTRIES {
            self.ledger.inspected.push(Inspected { place: named(place), characters, note });
        }
    }

    /// The mail carries this file; the first thousand are listed.
    pub(crate) fn attached(&mut self, name: &str, format: Format, size: usize) {
        if self.ledger.attachments.len() < ENTRIES {
            let (kind, name) = (format.name().to_owned(), name.to_owned());
            self.ledger.attachments.push(Attachment { kind, name, size: size as u64 });
        }
    }

    /// Something was not read, or not to its end.
    pub(crate) fn unread(&mut self, place: &Place, reason: Reason) {
        self.ledger.protected |= reason == Reason::Encrypted;
        let entry = Uninspected { place: named(place), reason };
        if self.seen.contains(&entry) {
            return;
        }
        self.ledger.coverage.parts = self.ledger.coverage.parts.saturating_add(1);
        if self.seen.len() < ENTRIES {
            self.seen.insert(entry.clone());
            self.ledger.uninspected.push(entry);
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

    /// Reads what a container's own reader had no use for: stretches that belong to no entry, stream or record.
    pub(crate) fn leftovers(&mut self, part: &Part<'_>, spans: &Spans) {
        for range in spans.gaps(part.bytes) {
            let place = out_of_sight(part.place, &range);
            if !self.take_entry() {
                return self.unread(&place, Reason::Limit);
            }
            let bytes = part.bytes.get(range.clone()).unwrap_or_default();
            // What its own reader made nothing of would come back here again and again.
            if range.start == 0 && sniff::format(bytes, Hint::default()) == sniff::format(part.bytes, part.hint) {
                sweep::read(self, &part.inside(bytes, &place));
            } else {
                self.aside(part, bytes, &place);
            }
            // What was unpacked from the part is no stretch of it.
            let (stretch, whole) = (addresses(bytes), &self.whole);
            if whole.start <= stretch.start && stretch.end <= whole.end {
                self.apart.push(stretch.start - whole.start..stretch.end - whole.start);
            }
        }
    }

    /// Reads bytes that stand beside a container's contents: whatever they are, or the text in them.
    pub(crate) fn aside(&mut self, part: &Part<'_>, bytes: &[u8], place: &Place) {
        let inside = part.inside(bytes, place);
        let format = sniff::format(bytes, inside.hint);
        if !matches!(format, Format::Other(..) | Format::Text) {
            self.read(&inside);
            return;
        }
        let others = sniff::others(bytes, format);
        let end = others.first().map_or(bytes.len(), |first| first.start);
        sweep::read(self, &Part { bytes: bytes.get(..end).unwrap_or_default(), ..inside });
        for other in others {
            self.carved(&inside, other);
        }
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

/// The place of a stretch of bytes, which nobody who opens the file sees.
fn out_of_sight(place: &Place, range: &Range<usize>) -> Place {
    Place { hidden: true, ..place.inside(&format!("bytes {}–{}", range.start, range.end)) }
}

/// Whether reading this is a matter of microseconds and of no parser that dies.
fn is_small(part: &Part<'_>, format: Format) -> bool {
    match format {
        Format::Image(_) | Format::Other(..) => true,
        Format::Text | Format::Html | Format::Csv | Format::Json => part.bytes.len() <= SMALL,
        _ => false,
    }
}

/// A mail's own text has no name in its path.
fn named(place: &Place) -> String {
    if place.path.is_empty() { "body".to_owned() } else { place.path.clone() }
}

/// Cells with what is escaped in them readable. Nearly no row has any.
fn readable<'a, 'c>(cells: &'a [Cell<'c>]) -> Cow<'a, [Cell<'c>]> {
    let mut all = Cow::Borrowed(cells);
    for (at, cell) in cells.iter().enumerate() {
        if let Cow::Owned(text) = escapes::readable(&cell.text)
            && let Some(cell) = all.to_mut().get_mut(at)
        {
            cell.text = Cow::Owned(text);
        }
    }
    all
}

/// A cell with its text, in plain sight.
pub(crate) fn cell<'a>(column: u32, text: impl Into<Cow<'a, str>>) -> Cell<'a> {
    Cell { column, text: text.into(), hidden: false }
}
