//! Places on a page: transforms and boxes.
//!
//! In and out: numbers. Deliberately absent: curves; a path is the box around it.

/// A transform as PDF writes it: `[a b c d e f]`.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Matrix(pub(super) [f64; 6]);

impl Matrix {
    pub(super) const IDENTITY: Self = Self([1.0, 0.0, 0.0, 1.0, 0.0, 0.0]);

    pub(super) fn moved(x: f64, y: f64) -> Self {
        Self([1.0, 0.0, 0.0, 1.0, x, y])
    }

    /// First this one, then `after`.
    pub(super) fn then(self, after: Self) -> Self {
        let ([a, b, c, d, e, f], [g, h, i, j, k, l]) = (self.0, after.0);
        Self([a * g + b * i, a * h + b * j, c * g + d * i, c * h + d * j, e * g + f * i + k, e * h + f * j + l])
    }

    pub(super) fn apply(self, x: f64, y: f64) -> (f64, f64) {
        let [a, b, c, d, e, f] = self.0;
        (a * x + c * y + e, b * x + d * y + f)
    }

    /// Where a step goes, wherever it starts.
    pub(super) fn turn(self, x: f64, y: f64) -> (f64, f64) {
        let [a, b, c, d, ..] = self.0;
        (a * x + c * y, b * x + d * y)
    }
}

/// An upright box.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Area {
    pub(super) x0: f64,
    pub(super) y0: f64,
    pub(super) x1: f64,
    pub(super) y1: f64,
}

impl Area {
    pub(super) const EVERYWHERE: Self =
        Self { x0: f64::NEG_INFINITY, y0: f64::NEG_INFINITY, x1: f64::INFINITY, y1: f64::INFINITY };
    /// Holds nothing; what is added to it is all it holds.
    pub(super) const NOWHERE: Self =
        Self { x0: f64::INFINITY, y0: f64::INFINITY, x1: f64::NEG_INFINITY, y1: f64::NEG_INFINITY };

    /// The box around a box that was turned.
    pub(super) fn under(self, matrix: Matrix) -> Self {
        let mut area = Self::NOWHERE;
        for (x, y) in [(self.x0, self.y0), (self.x0, self.y1), (self.x1, self.y0), (self.x1, self.y1)] {
            area.add(matrix.apply(x, y));
        }
        area
    }

    pub(super) fn add(&mut self, (x, y): (f64, f64)) {
        (self.x0, self.y0) = (self.x0.min(x), self.y0.min(y));
        (self.x1, self.y1) = (self.x1.max(x), self.y1.max(y));
    }

    pub(super) fn within(self, other: Self) -> Self {
        Self {
            x0: self.x0.max(other.x0),
            y0: self.y0.max(other.y0),
            x1: self.x1.min(other.x1),
            y1: self.y1.min(other.y1),
        }
    }

    pub(super) fn has(self, (x, y): (f64, f64)) -> bool {
        self.x0 <= x && x <= self.x1 && self.y0 <= y && y <= self.y1
    }

    /// Its shorter side.
    pub(super) fn thickness(self) -> f64 {
        (self.x1 - self.x0).min(self.y1 - self.y0)
    }

    pub(super) fn size(self) -> f64 {
        (self.x1 - self.x0).max(0.0) * (self.y1 - self.y0).max(0.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn transforms_follow_each_other() {
        let twice = Matrix([2.0, 0.0, 0.0, 2.0, 0.0, 0.0]);
        assert_eq!(Matrix::moved(1.0, 1.0).then(twice).apply(0.0, 0.0), (2.0, 2.0));
        assert_eq!(twice.then(Matrix::moved(1.0, 1.0)).apply(0.0, 0.0), (1.0, 1.0));
        let turned = Matrix([0.0, 1.0, -1.0, 0.0, 0.0, 0.0]);
        let area = Area { x0: 0.0, y0: 0.0, x1: 2.0, y1: 1.0 }.under(turned);
        assert_eq!(area, Area { x0: -1.0, y0: 0.0, x1: 0.0, y1: 2.0 });
        assert!(area.has((-0.5, 1.0)) && !area.has((0.5, 1.0)));
    }
}
