//! Looking into the journal: by who, what, when.
//!
//! In: a [`Query`]. Out: the records that fit, the newest first, handed over one by one; at no time is more than a page of
//! them in memory. The index says which rows may fit ([`terms`]), the record itself whether it does: a term too many costs
//! a look, a term too few would hide a record. So nothing is sought in the index that [`terms::of`] does not put there, and
//! what is newer than the index is looked at row by row.
//! The index is made some time after the records, by the server ([`Journal::keep_index`](super::Journal::keep_index)) and
//! before each search on the command line, so that writing a record costs nothing more. A page takes what is found in a
//! [`Leaf`] and goes on behind a record's number, so that what is written meanwhile moves nothing; a search that looks for
//! long stops and says how far it got. Deliberately absent: an order other than by age.

mod query;
mod terms;

use std::{
    collections::HashSet,
    ops::ControlFlow,
    time::{Duration, Instant},
};

pub use query::{Query, QueryError, Who};

use super::{JournalError, Record};
use crate::store::{JournalRow, Sieve, Store};

/// So many rows are read at once.
const PAGE: u32 = 256;

/// A database that looks for a text is asked about so many rows at once: some 16 ms.
const STRETCH: i64 = 16_384;

/// So many rows are indexed in one change: while it lasts, no record can be written.
const INDEXED: u32 = 500;

/// A record that fits.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Hit {
    /// Its number.
    pub seq: i64,
    /// As it is written and chained.
    pub text: String,
    /// What it says.
    pub record: Record,
}

/// Where a search begins, and for how long it looks.
#[derive(Debug, Clone, Copy, Default)]
pub struct Reach {
    /// Before the record with this number; with the newest if not said.
    pub before: Option<i64>,
    /// After so long it stops where it is; never if not said.
    pub patience: Option<Duration>,
}

/// Some of what fits.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Leaf {
    /// The newest first.
    pub hits: Vec<Hit>,
    /// Before which record the search goes on; nothing if there is no more.
    pub next: Option<i64>,
    /// Whether it ran out of time: what comes behind the hits was not looked at.
    pub tired: bool,
}

/// Takes what is found, and says whether it wants more.
type Each<'a> = &'a mut (dyn FnMut(Hit) -> ControlFlow<()> + Send);

/// Hands over every record that fits, until `each` has enough. If time runs out: before which record it does not know.
pub(super) async fn find(
    store: &Store,
    query: &Query,
    reach: Reach,
    each: Each<'_>,
) -> Result<Option<i64>, JournalError> {
    let Query { since, until, text, .. } = query;
    let sieve = Sieve { since: *since, until: *until, text: text.clone() };
    let Some((first, last)) = store.journal_between(&sieve).await? else { return Ok(None) };
    let outside = if query.whole { HashSet::new() } else { store.journal_blocks_outside(&sieve).await? };
    let before = reach.before.map_or(last + 1, |before| before.min(last + 1));
    let ends = reach.patience.map(|patience| Instant::now() + patience);
    let mut search = Search { store, query, sieve, each, outside, first, before, entered: None, ends, tired: false };
    let found = search.run().await?;
    Ok((found.is_break() && search.tired).then_some(search.before))
}

struct Search<'a> {
    store: &'a Store,
    query: &'a Query,
    sieve: Sieve,
    each: Each<'a>,
    /// The first rows of blocks in which nothing is from the time that is asked for.
    outside: HashSet<i64>,
    /// The first row that may fit.
    first: i64,
    /// The row before which the search goes on.
    before: i64,
    /// The block of which it knows what is from the time that is asked for.
    entered: Option<i64>,
    /// When it has looked for long enough.
    ends: Option<Instant>,
    /// Whether that is why it stopped.
    tired: bool,
}

impl Search<'_> {
    async fn run(&mut self) -> Result<ControlFlow<()>, JournalError> {
        let mut asked = terms::asked(self.query);
        if let Some(id) = &self.query.id {
            let numbers = self.store.journal_numbers_of(&id.to_uppercase(), self.before).await?;
            if !numbers.is_empty() {
                return self.these(&numbers).await;
            }
            // Not a mail: one of several under which one is held.
            asked.push(vec![terms::id(id)]);
        }
        // What the index does not know yet lies in none of the blocks that are left out.
        let indexed = if self.query.whole { 0 } else { self.store.journal_searchable().await? };
        if self.every(self.first.max(indexed + 1), false).await?.is_break() {
            return Ok(ControlFlow::Break(()));
        }
        if asked.is_empty() { self.every(self.first, true).await } else { self.indexed(&asked).await }
    }

    /// Whether anything before which the search goes on in this block can be from the time that is asked for. What is newer
    /// than that is passed over; all of the block, if nothing is.
    async fn is_within(&mut self, block: i64) -> Result<bool, JournalError> {
        if self.outside.contains(&block) {
            self.before = block;
            return Ok(false);
        }
        if self.query.whole || self.entered == Some(block) {
            return Ok(true);
        }
        self.entered = Some(block);
        match self.store.journal_within(block, &self.sieve).await? {
            Some((first, last)) if first < self.before => {
                self.before = self.before.min(last + 1);
                Ok(true)
            }
            _ => {
                self.before = block;
                Ok(false)
            }
        }
    }

    /// Whether it has looked for long enough.
    fn is_tired(&mut self) -> bool {
        self.tired = self.ends.is_some_and(|ends| Instant::now() >= ends);
        self.tired
    }

    /// Looks at every row down to number `from`; `by_block`, if those that the index knows are all that is left.
    async fn every(&mut self, from: i64, by_block: bool) -> Result<ControlFlow<()>, JournalError> {
        while self.before > from {
            let block = if by_block { Store::journal_block_start(self.before) } else { from };
            if by_block && !self.is_within(block).await? {
                continue;
            }
            let low = from.max(block).max(self.before - STRETCH);
            let rows = self.store.journal_before(low, self.before, &self.sieve, PAGE).await?;
            self.before = match rows.last() {
                Some(last) if rows.len() == PAGE as usize => last.seq,
                _ => low,
            };
            if self.look(rows)?.is_break() || self.is_tired() {
                return Ok(ControlFlow::Break(()));
            }
        }
        self.before = self.before.min(from);
        Ok(ControlFlow::Continue(()))
    }

    /// Looks at the rows to which the index leads.
    async fn indexed(&mut self, asked: &[Vec<terms::Term>]) -> Result<ControlFlow<()>, JournalError> {
        while self.before > self.first {
            let block = Store::journal_block_start(self.before);
            if !self.is_within(block).await? {
                continue;
            }
            let numbers = self.store.journal_with(asked, self.before, PAGE).await?;
            self.before = match numbers.last() {
                Some(last) if numbers.len() == PAGE as usize => *last,
                _ => block,
            };
            if self.these(&numbers).await?.is_break() || self.is_tired() {
                return Ok(ControlFlow::Break(()));
            }
        }
        Ok(ControlFlow::Continue(()))
    }

    /// Looks at these rows.
    async fn these(&mut self, numbers: &[i64]) -> Result<ControlFlow<()>, JournalError> {
        for numbers in numbers.chunks(PAGE as usize) {
            let rows = self.store.journal_rows(numbers, &self.sieve).await?;
            if self.look(rows)?.is_break() {
                return Ok(ControlFlow::Break(()));
            }
        }
        Ok(ControlFlow::Continue(()))
    }

    fn look(&mut self, rows: Vec<JournalRow>) -> Result<ControlFlow<()>, JournalError> {
        for JournalRow { seq, record: text, .. } in rows {
            let record: Record = parsed(&text)?;
            if self.query.fits(&record) && (self.each)(Hit { seq, text, record }).is_break() {
                return Ok(ControlFlow::Break(()));
            }
        }
        Ok(ControlFlow::Continue(()))
    }
}

/// Brings the index a step further; whether there may be more to do. Terms are found before anything is locked: while
/// something is, no record is written.
pub(super) async fn index(store: &Store) -> Result<bool, JournalError> {
    let (indexed, last) = (store.journal_indexed().await?, store.journal_last().await?);
    if indexed == last {
        return Ok(false);
    }
    let rows = store.journal_after(indexed, INDEXED).await?;
    let mut found = Vec::with_capacity(rows.len() * 12);
    for row in &rows {
        // What is no record is no hit either; `verify` tells of it.
        if let Ok(record) = parsed(&row.record) {
            terms::of(&record, &mut |term| found.push((row.seq, term)));
        }
    }
    let mut writing = store.write().await?;
    if writing.journal_indexed().await? == indexed {
        writing.put_journal_terms(&rows, &found).await?;
    } else if indexed > last {
        // The journal was cut, and everything is found anew.
        writing.set_journal_indexed(0).await?;
    } else {
        return Ok(true);
    }
    writing.commit().await?;
    Ok(indexed > last || !rows.is_empty())
}

fn parsed(text: &str) -> Result<Record, JournalError> {
    serde_json::from_str(text).map_err(|error| JournalError::Record(error.to_string()))
}

#[cfg(test)]
mod tests;
