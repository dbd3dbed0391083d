//! Texts and rows → rows of the organisation's tables.
//!
//! In: normalised lines, and cells. Out: which rows of a table have enough of their columns near each other, as a
//! [`Finding`] that tells the table, the columns and the number of rows, never a value. Each stretch of a line that may be
//! a value is asked of the gate and the filter; what passes both is looked up. Deliberately absent: confidence; a keyed
//! hash is right or it is not there.

use std::collections::HashMap;

use super::super::normal::Normal;
use super::canonical::{Letter, letters};
use super::index::{CellAt, gate_bit};
use super::keyed::Stretches;
use super::table::Table;
use crate::inspect::{By, Cell, Confidence, Example, Finding, Validation, Why};

/// Examples kept of each table.
const EXAMPLES: usize = 5;

/// Rows that have some of their columns and wait for more. Beyond that those that waited are forgotten, which only a text
/// of nothing but values of the table comes to.
const WAITING: usize = 1 << 20;

/// The search for one table in one mail or file.
#[derive(Debug)]
pub(in super::super) struct Search<'a> {
    table: &'a Table,
    stretches: Stretches,
    letters: Vec<Letter>,
    cells: Vec<CellAt>,
    /// Where in the mail the search is, in characters; between what is not near each other lies more than `near`.
    at: usize,
    /// Row → columns and where each was seen last.
    waiting: HashMap<u32, Vec<(u32, usize)>>,
    /// A bit for each row that was found anywhere, and in plain sight.
    found: Vec<u64>,
    visible: Vec<u64>,
    examples: Vec<Example>,
    fault: bool,
}

/// What a search came to.
#[derive(Debug)]
pub(in super::super) struct Outcome {
    pub(in super::super) finding: Option<Finding>,
    /// Different rows that were found in plain sight, and those only in hidden places, if they are people.
    pub(in super::super) visible: u32,
    pub(in super::super) hidden: u32,
    /// The table, where its file could not be read.
    pub(in super::super) fault: Option<String>,
}

impl<'a> Search<'a> {
    pub(in super::super) fn new(table: &'a Table) -> Self {
        let words = usize::try_from(table.index.head.rows).unwrap_or_default().div_ceil(64);
        Self {
            table,
            stretches: Stretches::default(),
            letters: Vec::new(),
            cells: Vec::new(),
            at: 0,
            waiting: HashMap::new(),
            found: vec![0; words],
            visible: vec![0; words],
            examples: Vec::new(),
            fault: false,
        }
    }

    /// Reads running text; `place` tells where an offset is, and whether that is hidden.
    pub(in super::super) fn text(&mut self, text: &str, place: impl Fn(usize) -> (String, bool)) {
        self.part();
        let mut start = 0;
        for line in text.split('\n') {
            self.line(line, |offset| place(start + offset));
            self.at += 1;
            start += line.len() + 1;
        }
    }

    /// Reads a row of a table: all of its cells are near each other, and no other row is.
    pub(in super::super) fn row(&mut self, cells: &[Cell<'_>], place: impl Fn(u32) -> (String, bool)) {
        self.part();
        let at = self.at;
        for cell in cells {
            self.line(Normal::of(&cell.text).text(), |_| place(cell.column));
            self.at = at;
        }
    }

    /// What comes now is near nothing that came before.
    fn part(&mut self) {
        self.waiting.clear();
        self.at = self.at.saturating_add(self.table.near + 1);
    }

    fn line(&mut self, line: &str, place: impl Fn(usize) -> (String, bool)) {
        let mut all = std::mem::take(&mut self.letters);
        letters(line, &mut all);
        let table = self.table;
        self.stretches.take(&table.keys, all.iter().map(|letter| letter.value));
        let from = self.at;
        for start in 0..all.len().saturating_sub(1) {
            let (Some(first), Some(second)) = (all.get(start), all.get(start + 1)) else { break };
            let (byte, bit) = gate_bit(first.value, second.value);
            if first.within || table.index.gate.get(byte).is_none_or(|gate| gate & bit == 0) {
                continue;
            }
            let mut lengths = table.index.head.lengths[usize::from(!first.value.is_ascii())];
            while lengths != 0 {
                let length = usize::try_from(lengths.trailing_zeros()).unwrap_or_default() + 1;
                lengths &= lengths - 1;
                let Some(quick) = self.stretches.of(start, length) else { break };
                if all.get(start + length).is_some_and(|next| next.within) || !table.index.may_hold(quick) {
                    continue;
                }
                self.at = from + start;
                let value = all.iter().skip(start).take(length).map(|letter| letter.value);
                self.value(table.keys.hash(value), || place(first.at));
            }
        }
        self.at = from + all.len();
        self.letters = all;
    }

    /// A value that is likely to be there.
    fn value(&mut self, hash: u64, place: impl Fn() -> (String, bool)) {
        let mut cells = std::mem::take(&mut self.cells);
        match self.table.index.cells(hash, &mut cells) {
            Ok(()) => cells.iter().for_each(|cell| self.cell(*cell, &place)),
            Err(_) => self.fault = true,
        }
        self.cells = cells;
    }

    fn cell(&mut self, cell: CellAt, place: &impl Fn() -> (String, bool)) {
        let Table { columns, at_least, near, .. } = *self.table;
        if columns & (1 << cell.column()) == 0 {
            return;
        }
        if self.waiting.len() >= WAITING {
            self.waiting.clear();
        }
        let seen = self.waiting.entry(cell.row()).or_default();
        seen.retain(|&(column, at)| column != cell.column() && at + near >= self.at);
        seen.push((cell.column(), self.at));
        if u32::try_from(seen.len()).unwrap_or(u32::MAX) < at_least {
            return;
        }
        let set = seen.iter().fold(0, |set, (column, _)| set | (1 << column));
        let (word, bit) = (usize::try_from(cell.row() / 64).unwrap_or_default(), 1 << (cell.row() % 64));
        let is_new = |rows: &[u64]| rows.get(word).is_some_and(|rows| rows & bit == 0);
        if !is_new(&self.visible) {
            return;
        }
        let is_example = is_new(&self.found);
        let (path, hidden) = place();
        for rows in [Some(&mut self.found), (!hidden).then_some(&mut self.visible)].into_iter().flatten() {
            if let Some(rows) = rows.get_mut(word) {
                *rows |= bit;
            }
        }
        if is_example && self.examples.len() < EXAMPLES {
            let why = Some(Why::plain(By::Table, Validation::ExactMatch));
            self.examples.push(Example { masked: self.table.names(set), place: path, hidden, quoted: false, why });
        }
    }

    pub(in super::super) fn finish(self) -> Outcome {
        let count = |rows: &[u64]| rows.iter().map(|rows| rows.count_ones()).sum::<u32>();
        let (all, visible) = (count(&self.found), count(&self.visible));
        let info = &self.table.info;
        let finding = (all > 0).then(|| Finding {
            detector: info.id.clone(),
            title: Some(info.title.clone()),
            category: info.category,
            confidence: Confidence::High,
            count: all,
            examples: self.examples,
        });
        let (visible, hidden) = if info.personal { (visible, all - visible) } else { (0, 0) };
        Outcome { finding, visible, hidden, fault: self.fault.then(|| format!("exact data: {}", info.id)) }
    }
}
