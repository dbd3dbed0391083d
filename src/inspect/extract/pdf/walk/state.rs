//! What operators set and later ones use.
//!
//! In: changes. Out: the state that holds, and those that were saved. Deliberately absent: everything that only changes
//! how a thing looks.

use std::rc::Rc;

use crate::inspect::extract::pdf::font::Face;
use crate::inspect::extract::pdf::geometry::{Area, Matrix};

/// A page may save its state so often.
const SAVED: usize = 4096;

/// The graphics state, as far as text needs it.
#[derive(Clone)]
pub(super) struct State<'a> {
    pub(super) matrix: Matrix,
    pub(super) clip: Area,
    pub(super) white: bool,
    pub(super) patterned: bool,
    pub(super) opaque: bool,
    pub(super) blends: bool,
    /// How many stretches of marked content are open.
    pub(super) marked: u32,
    /// The stretch that belongs to a layer that is off.
    pub(super) off: Option<u32>,
    pub(super) face: Option<Rc<Face<'a>>>,
    pub(super) size: f64,
    pub(super) spacing: f64,
    pub(super) word_spacing: f64,
    pub(super) scale: f64,
    pub(super) leading: f64,
    pub(super) rise: f64,
    pub(super) mode: i64,
    pub(super) text: Matrix,
    pub(super) line: Matrix,
}

impl State<'_> {
    pub(super) fn new(matrix: Matrix) -> Self {
        Self {
            matrix,
            clip: Area::EVERYWHERE,
            white: false,
            patterned: false,
            opaque: true,
            blends: false,
            marked: 0,
            off: None,
            face: None,
            size: 1.0,
            spacing: 0.0,
            word_spacing: 0.0,
            scale: 1.0,
            leading: 0.0,
            rise: 0.0,
            mode: 0,
            text: Matrix::IDENTITY,
            line: Matrix::IDENTITY,
        }
    }

    pub(super) fn next_line(&mut self, x: f64, y: f64) {
        self.line = Matrix::moved(x, y).then(self.line);
        self.text = self.line;
    }
}

/// The states that were saved, and the one that holds.
pub(super) struct States<'a> {
    now: State<'a>,
    saved: Vec<State<'a>>,
    /// Saved beyond the limit: counted only.
    over: usize,
}

impl<'a> States<'a> {
    pub(super) fn new(now: State<'a>) -> Self {
        Self { now, saved: Vec::new(), over: 0 }
    }

    pub(super) fn now(&mut self) -> &mut State<'a> {
        &mut self.now
    }

    pub(super) fn depth(&self) -> usize {
        self.saved.len()
    }

    pub(super) fn save(&mut self) {
        if self.saved.len() < SAVED {
            self.saved.push(self.now.clone());
        } else {
            self.over += 1;
        }
    }

    /// Takes the last state back, unless it was saved outside of this stream.
    pub(super) fn restore(&mut self, outside: usize) {
        if self.over > 0 {
            self.over -= 1;
        } else if self.saved.len() > outside
            && let Some(state) = self.saved.pop()
        {
            // Marked content does not nest with saved states.
            let (marked, off) = (self.now.marked, self.now.off);
            self.now = state;
            (self.now.marked, self.now.off) = (marked, off);
        }
    }

    pub(super) fn restore_to(&mut self, depth: usize) {
        if let Some(state) = self.saved.get(depth) {
            self.now = state.clone();
        }
        self.saved.truncate(depth);
        self.over = 0;
    }
}
