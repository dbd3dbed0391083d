//! True, false, or unknown: what a condition comes to when a part of the mail was not read.
//!
//! Kleene's logic: unknown is what nobody can tell yet, so `all` of true and unknown is unknown, `any` of true and
//! unknown is true, and the opposite of unknown is unknown. Deliberately absent: what a rule makes of unknown (`rule`).

/// What a condition comes to; false before unknown before true, so that "and" is the least and "or" the greatest.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Truth {
    False,
    Unknown,
    True,
}

impl Truth {
    pub(super) fn and(self, other: Self) -> Self {
        self.min(other)
    }

    /// All of them; true if there are none.
    pub(super) fn all(truths: impl IntoIterator<Item = Self>) -> Self {
        let mut least = Self::True;
        for truth in truths {
            least = least.min(truth);
            if least == Self::False {
                break;
            }
        }
        least
    }

    /// One of them; false if there are none.
    pub(super) fn any(truths: impl IntoIterator<Item = Self>) -> Self {
        let mut greatest = Self::False;
        for truth in truths {
            greatest = greatest.max(truth);
            if greatest == Self::True {
                break;
            }
        }
        greatest
    }

    pub(super) fn or_unknown(self, unknown: bool) -> Self {
        if unknown { self.max(Self::Unknown) } else { self }
    }
}

impl std::ops::Not for Truth {
    type Output = Self;

    fn not(self) -> Self {
        match self {
            Self::False => Self::True,
            Self::Unknown => Self::Unknown,
            Self::True => Self::False,
        }
    }
}

impl From<bool> for Truth {
    fn from(holds: bool) -> Self {
        if holds { Self::True } else { Self::False }
    }
}

#[cfg(test)]
mod tests {
    use super::Truth::{self, False, True, Unknown};

    /// The tables of rules/policies/README.md.
    #[test]
    fn the_truth_tables() {
        for (a, b, both, either) in [
            (True, True, True, True),
            (True, Unknown, Unknown, True),
            (True, False, False, True),
            (Unknown, Unknown, Unknown, Unknown),
            (Unknown, False, False, Unknown),
            (False, False, False, False),
        ] {
            assert_eq!((Truth::all([a, b]), Truth::all([b, a])), (both, both), "{a:?} and {b:?}");
            assert_eq!((Truth::any([a, b]), Truth::any([b, a])), (either, either), "{a:?} or {b:?}");
            assert_eq!(!Truth::any([a, b]), Truth::all([!a, !b]), "none of {a:?} and {b:?}");
        }
        assert_eq!([!True, !Unknown, !False], [False, Unknown, True]);
        assert_eq!((Truth::all([]), Truth::any([])), (True, False));
    }
}
