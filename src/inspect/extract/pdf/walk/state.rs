//! What operators set and later ones use, and the text among the operators.
//!
//! In: the operators of text. Out: glyphs, put where they stand on the page. Deliberately absent: everything that only
//! changes how a thing looks.

use std::rc::Rc;

use hayro_syntax::content::ops::TypedInstruction as Op;
use hayro_syntax::object::{Dict, Object};
use hayro_syntax::page::Resources;

use super::{Glyph, Walk, matrix};
use crate::inspect::Reason;
use crate::inspect::extract::pdf::font::Face;
use crate::inspect::extract::pdf::geometry::{Area, Matrix};

/// A page may save its state so often.
const SAVED: usize = 4096;

/// Writing smaller than this is there to be overlooked.
const TINY: f64 = 0.8;

/// So many codes in a row that nobody can read are text; fewer may be bullets.
const RUN: usize = 4;

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
    face: Option<Rc<Face<'a>>>,
    size: f64,
    spacing: f64,
    word_spacing: f64,
    scale: f64,
    leading: f64,
    rise: f64,
    mode: i64,
    text: Matrix,
    line: Matrix,
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

    fn next_line(&mut self, x: f64, y: f64) {
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

impl<'a> Walk<'_, '_, 'a> {
    /// Follows the operators of text.
    pub(super) fn text(&mut self, operator: &Op<'_, '_>, resources: &Resources<'a>) -> bool {
        let state = self.states.now();
        match operator {
            Op::BeginText(_) => (state.text, state.line) = (Matrix::IDENTITY, Matrix::IDENTITY),
            Op::SetTextMatrix(m) => {
                state.line = matrix([&m.0, &m.1, &m.2, &m.3, &m.4, &m.5]);
                state.text = state.line;
            }
            Op::NextLine(to) => state.next_line(to.0.as_f64(), to.1.as_f64()),
            Op::NextLineAndSetLeading(to) => {
                state.leading = -to.1.as_f64();
                state.next_line(to.0.as_f64(), to.1.as_f64());
            }
            Op::NextLineUsingLeading(_) => state.next_line(0.0, -state.leading),
            Op::TextFont(font) => {
                let size = font.1.as_f64();
                let dict = resources.get_font(font.0).unwrap_or_default();
                self.set_font(&dict, size);
                return true;
            }
            Op::CharacterSpacing(n) => state.spacing = n.0.as_f64(),
            Op::WordSpacing(n) => state.word_spacing = n.0.as_f64(),
            Op::HorizontalScaling(n) => state.scale = n.0.as_f64() / 100.0,
            Op::TextLeading(n) => state.leading = n.0.as_f64(),
            Op::TextRise(n) => state.rise = n.0.as_f64(),
            Op::TextRenderingMode(n) => state.mode = n.0.as_i64(),
            _ => return self.show_operator(operator),
        }
        self.jumped |= matches!(
            operator,
            Op::BeginText(_)
                | Op::SetTextMatrix(_)
                | Op::NextLine(_)
                | Op::NextLineAndSetLeading(_)
                | Op::NextLineUsingLeading(_)
        );
        true
    }

    pub(super) fn set_font(&mut self, dict: &Dict<'a>, size: f64) {
        let face = self.around.fonts.face(dict);
        if let Some(flaw) = face.flaw {
            self.walked.flaw(flaw);
        }
        let state = self.states.now();
        state.face = Some(face);
        state.size = size;
    }

    fn show_operator(&mut self, operator: &Op<'_, '_>) -> bool {
        let state = self.states.now();
        match operator {
            Op::ShowText(text) => self.show(text.0),
            Op::NextLineAndShowText(text) => {
                state.next_line(0.0, -state.leading);
                self.jumped = true;
                self.show(text.0);
            }
            Op::ShowTextWithParameters(text) => {
                (state.word_spacing, state.spacing) = (text.0.as_f64(), text.1.as_f64());
                state.next_line(0.0, -state.leading);
                self.jumped = true;
                self.show(text.2);
            }
            Op::ShowTexts(pieces) => {
                for piece in pieces.0.iter::<Object<'_>>() {
                    match piece {
                        Object::String(text) => self.show(&text),
                        Object::Number(back) => self.move_on(-back.as_f64() / 1000.0),
                        _ => {}
                    }
                }
            }
            _ => return false,
        }
        true
    }

    /// Moves the pen by so many ems.
    fn move_on(&mut self, ems: f64) {
        let state = self.states.now();
        let step = if state.face.as_ref().is_some_and(|face| face.vertical) {
            Matrix::moved(0.0, ems * state.size)
        } else {
            Matrix::moved(ems * state.size * state.scale, 0.0)
        };
        state.text = step.then(state.text);
    }

    fn show(&mut self, bytes: &[u8]) {
        let face = match self.states.now().face.clone() {
            Some(face) => face,
            // Readers show it in Helvetica.
            None => self.around.fonts.face(&Dict::default()),
        };
        let mut at = 0;
        while at < bytes.len() {
            if self.budget.glyphs == 0 {
                return self.walked.flaw(Reason::Limit);
            }
            self.budget.glyphs -= 1;
            let shown = face.next(bytes, at);
            at += shown.length.max(1);
            self.walked.codes += 1;
            let is_space = shown.length == 1 && shown.code == 32;
            match shown.text {
                Some(text) => {
                    self.end_unnamed();
                    self.put(&face, text, shown.advance);
                }
                None => self.unnamed.push(shown.code),
            }
            let state = self.states.now();
            let spacing = state.spacing + if is_space { state.word_spacing } else { 0.0 };
            let size = if state.size == 0.0 { 1e-6 } else { state.size };
            self.move_on(shown.advance + spacing / size);
        }
    }

    fn put(&mut self, face: &Face<'_>, text: Rc<str>, advance: f64) {
        let boxes = self.boxes.len();
        let page = self.page;
        let state = self.states.now();
        let glyph = Matrix([state.size * state.scale, 0.0, 0.0, state.size, 0.0, state.rise]);
        let glyph = glyph.then(state.text).then(state.matrix);
        let start = glyph.apply(0.0, 0.0);
        let end = if face.vertical { glyph.apply(0.0, advance) } else { glyph.apply(advance, 0.0) };
        let upright = glyph.turn(0.0, 1.0);
        let size = upright.0.hypot(upright.1) * face.em;
        if !(start.0.is_finite() && start.1.is_finite() && end.0.is_finite() && end.1.is_finite() && size.is_finite()) {
            return;
        }
        // The middle of the glyph itself, not of its baseline.
        let lift = if face.vertical { 0.0 } else { 0.3 };
        let middle =
            (f64::midpoint(start.0, end.0) + upright.0 * lift, f64::midpoint(start.1, end.1) + upright.1 * lift);
        let inkless = matches!(state.mode, 3 | 7);
        let out_of_sight = state.off.is_some() || !state.clip.has(middle) || !page.has(middle) || size < TINY;
        let is_white = state.white && !state.patterned && state.mode != 1;
        let lost = is_white
            && boxes < super::BOXES
            && self.boxes.iter().rev().find(|it| it.area.has(middle)).is_none_or(|it| it.white);
        let jumped = std::mem::take(&mut self.jumped);
        self.walked.glyphs.push(Glyph {
            text,
            start,
            end,
            size,
            vertical: face.vertical,
            jumped,
            hidden: out_of_sight || lost,
            inkless,
            boxes,
        });
    }

    /// A row of codes without meaning is over: was it text?
    pub(super) fn end_unnamed(&mut self) {
        let differ = self.unnamed.first().is_some_and(|first| self.unnamed.iter().any(|code| code != first));
        if self.unnamed.len() >= RUN && differ {
            self.walked.unreadable += self.unnamed.len() as u64;
        }
        self.unnamed.clear();
    }
}
