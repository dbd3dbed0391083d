//! A table → an index of exact data.
//!
//! In: the rows of the chosen columns, one after another. Out: the bytes of a `.edm` file ([`super::index`]). Held while it
//! is built: sixteen bytes a cell. Deliberately absent: reading the table (the command does); values, which are hashed as
//! they come.

use std::io::{self, Write};

use aws_lc_rs::digest::{Context, SHA256};

use super::super::normal::Normal;
use super::canonical::value;
use super::index::{COLUMNS, COMMON, CellAt, GATE, Head, MAGIC, ROWS, gate_bit, remainder};
use super::keyed::Keys;
use crate::inspect::detect::buckets::{blocks, bucket, filter_bits};

/// An index in the making.
#[derive(Debug)]
pub struct Builder {
    keys: Keys,
    columns: Vec<String>,
    salt: [u8; 16],
    lengths: [u64; 2],
    gate: Vec<u8>,
    filter: Vec<u8>,
    blocks: u32,
    cells: Vec<(u64, CellAt)>,
    summary: Summary,
}

/// What became of a table.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Summary {
    /// Rows that were read.
    pub rows: u32,
    /// Cells that are in the index.
    pub cells: u32,
    /// Cells that hold too little to tell anybody.
    pub short: u64,
    /// Cells whose value stands in more than 256 rows.
    pub common: u64,
}

/// Why a table cannot become an index.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum TooLarge {
    /// Too many columns.
    #[error("an index has at most {COLUMNS} columns; choose those that tell a person")]
    Columns,
    /// Too many rows.
    #[error("an index has at most {ROWS} rows; cut the table in two")]
    Rows,
}

impl Builder {
    /// Begins an index of `columns` for a table of some `rows` rows, with the organisation's secret and a salt that no
    /// other index has.
    ///
    /// # Errors
    /// [`TooLarge::Columns`].
    pub fn new(columns: Vec<String>, rows: usize, secret: &[u8], salt: [u8; 16]) -> Result<Self, TooLarge> {
        if columns.len() > COLUMNS {
            return Err(TooLarge::Columns);
        }
        let blocks = blocks(rows.saturating_mul(columns.len()));
        let filter = vec![0; usize::try_from(blocks).unwrap_or_default() * 64];
        let (lengths, summary) = ([0; 2], Summary::default());
        let (keys, gate) = (Keys::new(secret, &salt), vec![0; GATE]);
        Ok(Self { keys, columns, salt, lengths, gate, filter, blocks, cells: Vec::new(), summary })
    }

    /// Takes the next row: its cells in the order of the columns.
    ///
    /// # Errors
    /// [`TooLarge::Rows`].
    pub fn row<'c>(&mut self, cells: impl Iterator<Item = &'c str>) -> Result<(), TooLarge> {
        if self.summary.rows >= ROWS {
            return Err(TooLarge::Rows);
        }
        for (column, cell) in (0..).zip(cells).take(self.columns.len()) {
            match value(Normal::of(cell).text()) {
                Some(letters) => self.cell(CellAt::new(self.summary.rows, column), &letters),
                None if cell.trim().is_empty() => {}
                None => self.summary.short += 1,
            }
        }
        self.summary.rows += 1;
        Ok(())
    }

    fn cell(&mut self, at: CellAt, letters: &[char]) {
        let (Some(&first), Some(&second)) = (letters.first(), letters.get(1)) else { return };
        self.cells.push((self.keys.hash(letters.iter().copied()), at));
        let (byte, bit) = gate_bit(first, second);
        if let Some(slot) = self.gate.get_mut(byte) {
            *slot |= bit;
        }
        let lengths = if first.is_ascii() { &mut self.lengths[0] } else { &mut self.lengths[1] };
        *lengths |= 1 << (letters.len() - 1);
        let (block, bits) = filter_bits(self.keys.quick(letters), self.blocks);
        for (byte, bit) in bits {
            if let Some(slot) = self.filter.get_mut(block + byte) {
                *slot |= bit;
            }
        }
    }

    /// Writes the index.
    ///
    /// # Errors
    /// Those of `to`.
    pub fn finish(mut self, to: &mut impl Write) -> io::Result<Summary> {
        self.cells.sort_unstable();
        self.cells.dedup();
        let before = self.cells.len();
        let mut kept = Vec::with_capacity(before);
        for same in self.cells.chunk_by(|a, b| a.0 == b.0) {
            if same.len() <= COMMON {
                kept.extend_from_slice(same);
            }
        }
        self.summary.common = (before - kept.len()) as u64;
        self.cells = kept;
        self.summary.cells = u32::try_from(self.cells.len()).map_err(io::Error::other)?;
        // Sixteen entries a bucket are two lines of a processor's cache.
        let buckets = self.summary.cells.div_ceil(16).next_power_of_two();
        let head = self.head(buckets)?;
        let mut held = Vec::new();
        held.extend_from_slice(MAGIC);
        held.extend_from_slice(&u32::try_from(head.len()).map_err(io::Error::other)?.to_le_bytes());
        held.extend_from_slice(&head);
        held.extend_from_slice(&self.gate);
        held.append(&mut self.filter);
        self.directory(buckets, &mut held);
        let mut sum = Context::new(&SHA256);
        sum.update(&held);
        to.write_all(&held)?;
        drop(held);
        for (hash, at) in &self.cells {
            to.write_all(&remainder(*hash).to_le_bytes())?;
            to.write_all(&at.0.to_le_bytes())?;
        }
        to.write_all(sum.finish().as_ref())?;
        to.flush()?;
        Ok(self.summary)
    }

    fn head(&self, buckets: u32) -> io::Result<Vec<u8>> {
        let Summary { rows, cells, .. } = self.summary;
        let head = Head {
            columns: self.columns.clone(),
            rows,
            cells,
            salt: self.salt,
            lengths: self.lengths,
            buckets,
            blocks: self.blocks,
            proof: self.keys.hash(std::iter::empty()),
        };
        Ok(serde_json::to_vec(&head)?)
    }

    /// Where each bucket's entries begin, and where the last one's end.
    fn directory(&self, buckets: u32, to: &mut Vec<u8>) {
        let mut at = 0;
        for number in 0..=usize::try_from(buckets).unwrap_or_default() {
            while self.cells.get(at).is_some_and(|(hash, _)| bucket(*hash, buckets) < number) {
                at += 1;
            }
            to.extend_from_slice(&u32::try_from(at).unwrap_or(u32::MAX).to_le_bytes());
        }
    }
}
