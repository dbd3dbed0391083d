//! One run of extraction: the budget, the ledger, and the way from a part to its reader.
//!
//! In: parts. Out: text and rows to the sink, entries in the ledger. Deliberately absent: formats (each has its
//! file); a clock (the worker's parent holds it).

use std::borrow::Cow;
use std::collections::HashSet;
use std::panic::{AssertUnwindSafe, catch_unwind};

use super::super::{Cell, Place, Reason, Sink, Uninspected};
use super::sniff::{self, Format};
use super::{Ledger, Limits, mail, package, sheet, text, zip};

/// The largest single part that is unpacked. More than that in one piece would ask for several times as much memory
/// while it is decoded and searched.
const PART_BYTES: u64 = 256 << 20;

/// How many entries `uninspected` may have; a reader of more would learn nothing, and a hostile archive could make
/// millions. The ledger's counts go on.
const UNINSPECTED: usize = 1_000;

/// Something to be read.
#[derive(Clone, Copy)]
pub(super) struct Part<'a> {
    pub(super) bytes: &'a [u8],
    /// Where it stands: for an attachment or an entry, the place of the file itself.
    pub(super) place: &'a Place,
    /// How many archives and mails are around it.
    pub(super) depth: u32,
    pub(super) hint: Hint<'a>,
}

/// What somebody says about a part. Nobody has to be believed.
#[derive(Clone, Copy, Default)]
pub(super) struct Hint<'a> {
    /// The declared media type in lower case.
    pub(super) media: &'a str,
    /// The declared charset.
    pub(super) charset: Option<&'a str>,
    /// Whether this is a mail's own text, which is never a table or another mail.
    pub(super) body: bool,
}

/// The context that goes through the whole extraction of one mail or file.
pub(super) struct Reading<'s> {
    sink: &'s mut dyn Sink,
    bytes_left: u64,
    entries_left: u32,
    cells_left: u64,
    depth: u32,
    ledger: Ledger,
    seen: HashSet<Uninspected>,
    in_table: bool,
}

impl<'s> Reading<'s> {
    pub(super) fn new(limits: &Limits, sink: &'s mut dyn Sink) -> Self {
        Self {
            sink,
            bytes_left: limits.bytes,
            entries_left: limits.entries,
            cells_left: limits.cells,
            depth: limits.depth,
            ledger: Ledger::default(),
            seen: HashSet::new(),
            in_table: false,
        }
    }

    pub(super) fn finish(mut self, kind: &str) -> Ledger {
        kind.clone_into(&mut self.ledger.kind);
        self.ledger
    }

    /// Reads the outermost bytes as a mail, whatever they look like.
    pub(super) fn read_mail(&mut self, bytes: &[u8]) -> Format {
        let place = Place::default();
        let part = Part { bytes, place: &place, depth: 0, hint: Hint::default() };
        self.guarded(&part, Format::Mail);
        Format::Mail
    }

    /// Tells a part's type by its content and reads it.
    pub(super) fn read(&mut self, part: &Part<'_>) -> Format {
        if part.depth > self.depth {
            self.unread(part.place, Reason::Limit);
            return Format::Other("unknown", Reason::Limit);
        }
        let format =
            catch_unwind(|| sniff::format(part.bytes, part.hint)).unwrap_or(Format::Other("unknown", Reason::Crashed));
        self.guarded(part, format);
        format
    }

    /// Reads a part that is known to be a mail.
    pub(super) fn read_nested_mail(&mut self, part: &Part<'_>) {
        if part.depth > self.depth {
            self.unread(part.place, Reason::Limit);
        } else {
            self.guarded(part, Format::Mail);
        }
    }

    /// A panic in a reader, or in a parser below it, costs only this part.
    fn guarded(&mut self, part: &Part<'_>, format: Format) {
        let outcome = catch_unwind(AssertUnwindSafe(|| self.read_as(part, format)));
        if outcome.is_err() {
            self.end_table();
            self.unread(part.place, Reason::Crashed);
        }
    }

    fn read_as(&mut self, part: &Part<'_>, format: Format) {
        match format {
            Format::Mail => mail::read(self, part),
            Format::Text | Format::Html | Format::Xml | Format::Csv | Format::Json | Format::Mbox => {
                text::read(self, part, format);
            }
            Format::Zip => zip::read(self, part),
            Format::Package(kind) => package::read(self, part, kind),
            Format::Xls => sheet::read_xls(self, part),
            Format::Other(_, reason) => self.unread(part.place, reason),
        }
    }

    /// Hands over running text.
    pub(super) fn text(&mut self, place: &Place, text: &str) {
        if !text.trim().is_empty() {
            self.end_table();
            self.sink.text(place, text);
        }
    }

    pub(super) fn begin_table(&mut self, place: &Place) {
        self.end_table();
        self.sink.begin_table(place);
        self.in_table = true;
    }

    /// Hands over one row of the table that was begun.
    pub(super) fn row(&mut self, row: u32, cells: &[Cell<'_>]) {
        if self.in_table && !cells.is_empty() {
            self.sink.row(row, cells);
        }
    }

    pub(super) fn end_table(&mut self) {
        if self.in_table {
            self.in_table = false;
            self.sink.end_table();
        }
    }

    /// Something with text in it was read.
    pub(super) fn done(&mut self) {
        self.ledger.coverage.parts = self.ledger.coverage.parts.saturating_add(1);
        self.ledger.coverage.inspected = self.ledger.coverage.inspected.saturating_add(1);
    }

    /// Something was not read, or not to its end.
    pub(super) fn unread(&mut self, place: &Place, reason: Reason) {
        let path = if place.path.is_empty() { "body" } else { &place.path };
        let entry = Uninspected { place: path.to_owned(), reason };
        if self.seen.contains(&entry) {
            return;
        }
        self.ledger.coverage.parts = self.ledger.coverage.parts.saturating_add(1);
        if self.seen.len() < UNINSPECTED {
            self.seen.insert(entry.clone());
            self.ledger.uninspected.push(entry);
        }
    }

    /// How many bytes the next part may unpack to.
    pub(super) fn allowance(&self) -> u64 {
        self.bytes_left.min(PART_BYTES)
    }

    /// Pays for unpacked bytes; false when the budget does not cover them.
    #[must_use]
    pub(super) fn charge(&mut self, bytes: u64) -> bool {
        let covered = bytes <= self.bytes_left;
        self.bytes_left = self.bytes_left.saturating_sub(bytes);
        covered
    }

    /// Pays for one table cell.
    #[must_use]
    pub(super) fn take_cell(&mut self) -> bool {
        let covered = self.cells_left > 0;
        self.cells_left = self.cells_left.saturating_sub(1);
        covered
    }

    /// Pays for one part or entry. Whoever enumerates parts pays, before it reads each.
    #[must_use]
    pub(super) fn take_entry(&mut self) -> bool {
        let covered = self.entries_left > 0;
        self.entries_left = self.entries_left.saturating_sub(1);
        covered
    }
}

/// A cell with its text.
pub(super) fn cell<'a>(column: u32, text: impl Into<Cow<'a, str>>) -> Cell<'a> {
    Cell { column, text: text.into() }
}
