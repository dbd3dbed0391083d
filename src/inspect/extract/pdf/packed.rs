//! Streams of objects: many small objects packed as one.
//!
//! In: such a stream, unpacked, and its dictionary. Out: the objects in it with their numbers; what stands between them
//! and behind them, where no reader looks. Deliberately absent: which of them count (`older`).

use hayro_syntax::object::{Dict, FromBytes as _, Object, ObjectIdentifier};

use super::string;
use crate::inspect::extract::spans::Spans;
use crate::inspect::extract::sweep;

/// A stream of objects: numbers of objects and where they begin, then the objects.
pub(super) struct Pack<'p> {
    bytes: &'p [u8],
    /// Where the objects begin.
    first: usize,
    /// Numbers of objects, and where each begins.
    listed: Vec<(u32, usize)>,
}

impl<'p> Pack<'p> {
    pub(super) fn new(bytes: &'p [u8], dict: &Dict<'_>) -> Self {
        let first = dict.get::<i32>("First").and_then(|first| usize::try_from(first).ok()).unwrap_or(usize::MAX);
        let first = first.min(bytes.len());
        let words = bytes.get(..first).unwrap_or_default().split(u8::is_ascii_whitespace);
        let numbers: Vec<usize> = words.filter_map(|word| std::str::from_utf8(word).ok()?.parse().ok()).collect();
        let pair = |pair: &[usize]| {
            let [number, offset] = *pair else { return None };
            Some((u32::try_from(number).ok()?, first.checked_add(offset)?))
        };
        Self { bytes, first, listed: numbers.chunks(2).filter_map(pair).collect() }
    }

    /// The objects, with where they begin.
    pub(super) fn objects(&self) -> impl Iterator<Item = (ObjectIdentifier, usize, Object<'p>)> {
        self.listed
            .iter()
            .filter_map(|&(number, at)| Some((ObjectIdentifier::new(number, 0), at, object(self.bytes, at)?)))
    }

    /// Text where no object is.
    pub(super) fn between(&self) -> String {
        let mut spans = Spans::default();
        let is_number = |c: &u8| c.is_ascii_digit() || c.is_ascii_whitespace();
        spans.claim(0, self.bytes.iter().take(self.first).take_while(|c| is_number(c)).count());
        for &(_, at) in &self.listed {
            let rest = self.bytes.get(at..).unwrap_or_default();
            spans.claim(at, length(rest));
        }
        let gaps = spans.gaps(self.bytes);
        gaps.into_iter().map(|gap| sweep::text(self.bytes.get(gap).unwrap_or_default())).collect()
    }
}

/// The object that begins there.
pub(super) fn object(bytes: &[u8], at: usize) -> Option<Object<'_>> {
    Object::from_bytes(bytes.get(at..)?.trim_ascii_start())
}

/// How long the object is that stands at the front, with white space before it.
fn length(bytes: &[u8]) -> usize {
    let inside = bytes.trim_ascii_start();
    let space = bytes.len() - inside.len();
    let own = match Object::from_bytes(inside) {
        Some(Object::Dict(dict)) => dict.data().len(),
        Some(Object::Array(list)) => list.data().len() + 2,
        Some(Object::String(_)) => string::length(inside),
        Some(_) => inside.iter().position(|c| c.is_ascii_whitespace()).unwrap_or(inside.len()),
        None => 0,
    };
    space + own
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn objects_are_found_and_so_is_what_stands_between_them() {
        let pieces = [
            "<</A(x)>>",
            " Hanako Yamada here ",
            "[1 (b)]",
            " Taro Yamada too ",
            "(a \\) (c) d)",
            " nobody owns this ",
            "<</Z 1>>",
        ];
        let start = |piece: usize| pieces[..piece].concat().len();
        let head = format!("5 {} 6 {} 7 {} 8 {} note: 090-1234-5678 \n", start(0), start(2), start(4), start(6));
        let dict = format!("<</Type/ObjStm/N 4/First {}>>", head.len());
        let bytes = [head.as_bytes(), pieces.concat().as_bytes()].concat();
        let dict = Dict::from_bytes(dict.as_bytes()).unwrap();
        let pack = Pack::new(&bytes, &dict);
        let ids: Vec<u32> = pack.objects().map(|(id, _, _)| id.obj_number).collect();
        assert_eq!(ids, [5, 6, 7, 8], "{:?}", pack.listed);
        let between = pack.between();
        for text in ["090-1234-5678", "Hanako Yamada", "Taro Yamada", "nobody owns this"] {
            assert!(between.contains(text), "{text}: {between}");
        }
        assert!(!between.contains("(b)") && !between.contains("(c)") && !between.contains("/Z"), "{between}");
    }
}
