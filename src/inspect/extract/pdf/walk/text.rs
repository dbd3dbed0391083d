//! The text among the operators.
//!
//! In: operators that move the pen and show strings. Out: glyphs, put where they stand on the page. Deliberately absent:
//! what they say together (`lines`).

use std::rc::Rc;

use hayro_syntax::content::ops::TypedInstruction as Op;
use hayro_syntax::object::{Dict, Object};
use hayro_syntax::page::Resources;

use super::{Glyph, Walk, matrix};
use crate::inspect::Reason;
use crate::inspect::extract::pdf::font::Face;
use crate::inspect::extract::pdf::geometry::Matrix;

/// So many codes on one page; a newspaper's has fifty thousand.
const CODES: u64 = 400_000;

/// Writing smaller than this is there to be overlooked.
const TINY: f64 = 0.8;

/// So many codes in a row that nobody can read are text; fewer may be bullets.
const RUN: usize = 4;

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
            if self.budget.glyphs == 0 || self.walked.codes >= CODES {
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
            && boxes < super::paint::BOXES
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
            beyond: !page.has(middle) && state.off.is_none() && size >= TINY && !lost,
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
