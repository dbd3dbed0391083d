//! Paths among the operators: what they cover, and what they cut off.
//!
//! In: operators of paths and colours. Out: the boxes that may hide text, or show white text, and the clip. Deliberately
//! absent: shapes; a path is the box around it.

use hayro_syntax::content::ops::TypedInstruction as Op;
use hayro_syntax::object::Number;

use super::Walk;
use crate::inspect::extract::pdf::geometry::Area;

/// Boxes on one page that may hide what is under them; a map has a million, and none of them matters.
pub(super) const BOXES: usize = 400;

/// Something painted over an area.
pub(super) struct Painted {
    pub(super) area: Area,
    /// White shows nothing that is written on it in white.
    pub(super) white: bool,
    /// Nothing shines through.
    pub(super) covers: bool,
}

impl Walk<'_, '_, '_> {
    pub(super) fn add_box(&mut self, area: Area, white: bool, covers: bool) {
        if self.boxes.len() < BOXES {
            self.boxes.push(Painted { area: area.within(self.states.now().clip), white, covers });
        }
    }

    /// Paths: where they are, whether they are painted, whether they clip.
    pub(super) fn paint(&mut self, operator: &Op<'_, '_>) -> bool {
        let mut points: [Option<(&Number, &Number)>; 3] = [None; 3];
        match operator {
            Op::MoveTo(p) => points[0] = Some((&p.0, &p.1)),
            Op::LineTo(p) => points[0] = Some((&p.0, &p.1)),
            Op::CubicTo(p) => points = [Some((&p.0, &p.1)), Some((&p.2, &p.3)), Some((&p.4, &p.5))],
            Op::CubicStartTo(p) => points = [Some((&p.0, &p.1)), Some((&p.2, &p.3)), None],
            Op::CubicEndTo(p) => points = [Some((&p.0, &p.1)), Some((&p.2, &p.3)), None],
            Op::RectPath(r) => {
                self.path_is_box = self.path == Area::NOWHERE;
                let (x, y, width, height) = (r.0.as_f64(), r.1.as_f64(), r.2.as_f64(), r.3.as_f64());
                let matrix = self.states.now().matrix;
                self.path.add(matrix.apply(x, y));
                self.path.add(matrix.apply(x + width, y + height));
                self.path.add(matrix.apply(x + width, y));
                self.path.add(matrix.apply(x, y + height));
                return true;
            }
            Op::ClipNonZero(_) | Op::ClipEvenOdd(_) => self.clip_pending = true,
            Op::ClosePath(_) => {}
            Op::FillPathNonZero(_)
            | Op::FillPathNonZeroCompatibility(_)
            | Op::FillPathEvenOdd(_)
            | Op::FillAndStrokeNonZero(_)
            | Op::FillAndStrokeEvenOdd(_)
            | Op::CloseFillAndStrokeNonZero(_)
            | Op::CloseFillAndStrokeEvenOdd(_) => self.end_path(true),
            Op::StrokePath(_) | Op::CloseAndStrokePath(_) | Op::EndPath(_) => self.end_path(false),
            Op::Shading(_) => {
                let clip = self.states.now().clip;
                self.add_box(clip, false, false);
            }
            _ => return false,
        }
        for (x, y) in points.into_iter().flatten() {
            self.path_is_box = false;
            let point = self.states.now().matrix.apply(x.as_f64(), y.as_f64());
            self.path.add(point);
        }
        true
    }

    fn end_path(&mut self, filled: bool) {
        let (path, is_box) = (self.path, self.path_is_box);
        self.path = Area::NOWHERE;
        self.path_is_box = false;
        let state = self.states.now();
        if filled && path.size() > 4.0 && state.off.is_none() {
            let covers = is_box && state.opaque && !state.blends && !state.patterned;
            let white = state.white;
            self.add_box(path, white, covers);
        }
        if std::mem::take(&mut self.clip_pending) {
            let state = self.states.now();
            state.clip = state.clip.within(path);
        }
    }

    pub(super) fn color(&mut self, operator: &Op<'_, '_>) {
        let all = |numbers: &[Number], value: f64| {
            !numbers.is_empty() && numbers.iter().all(|n| (n.as_f64() - value).abs() < 0.02)
        };
        let (white, patterned) = match operator {
            Op::NonStrokeColorDeviceGray(c) => (all(&[c.0], 1.0), false),
            Op::NonStrokeColorDeviceRgb(c) => (all(&[c.0, c.1, c.2], 1.0), false),
            Op::NonStrokeColorCmyk(c) => (all(&[c.0, c.1, c.2, c.3], 0.0), false),
            Op::ColorSpaceNonStroke(space) => (false, space.0.as_str() == "Pattern"),
            Op::NonStrokeColor(c) => (white(&c.0), false),
            Op::NonStrokeColorNamed(c) => (white(&c.0), c.1.is_some()),
            _ => return,
        };
        let state = self.states.now();
        (state.white, state.patterned) = (white, patterned);
    }
}

/// White in whatever space has that many components; in one ink (a spot colour) it cannot be told.
fn white(components: &[Number]) -> bool {
    let all = |value: f64| components.iter().all(|n| (n.as_f64() - value).abs() < 0.02);
    (components.len() == 3 && all(1.0)) || (components.len() == 4 && all(0.0))
}
