//! A PDF's bytes → which object stands where, whatever its table of contents says.
//!
//! In: the file's bytes. Out: a [`File`]: every object that was ever written into it, with its place; where a version
//! of the document ends; which bytes are objects or structure (the header, tables of objects, trailers, end marks), so
//! that the rest can be read for its own sake. Deliberately absent: what is in the objects (`objects`).

use std::ops::Range;

use hayro_syntax::object::{Dict, FromBytes, Object, ObjectIdentifier};
use memchr::memmem;

use super::filter;
use super::remarks::remarks;
use crate::inspect::Reason;
use crate::inspect::extract::spans::Spans;

/// So many objects at most; more are looked for by nobody.
const OBJECTS: usize = 1 << 20;

/// An object as it was written once.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Written {
    pub(super) id: ObjectIdentifier,
    pub(super) start: usize,
    pub(super) end: usize,
}

impl Written {
    /// The object as it stands there, without the help of any other.
    pub(super) fn object<'a>(&self, bytes: &'a [u8]) -> Option<Object<'a>> {
        let inside = bytes.get(self.start..self.end)?;
        let head = memmem::find(inside, b"obj")? + 3;
        Object::from_bytes(inside.get(head..)?.trim_ascii_start())
    }
}

/// What stands where.
#[derive(Default)]
pub(super) struct File {
    pub(super) objects: Vec<Written>,
    /// Where the versions of the document end, the last one included.
    pub(super) versions: Vec<usize>,
    /// Where the trailers stand.
    pub(super) trailers: Vec<Range<usize>>,
    /// Where somebody wrote a remark.
    pub(super) comments: Vec<Range<usize>>,
    pub(super) spans: Spans,
    /// Objects that the library must not see, since it would unpack them by itself.
    bombs: Vec<Range<usize>>,
    /// How much those may still unpack to, all together.
    left: u64,
    /// Why the file is not whole, or not read to its end.
    pub(super) flaws: Vec<Reason>,
}

impl File {
    /// Goes through the bytes once. Streams that the library would unpack by itself may unpack to
    /// `most` bytes.
    pub(super) fn of(bytes: &[u8], most: u64) -> Self {
        let mut file = Self { left: most, ..Self::default() };
        let streams_end = memmem::rfind(bytes, b"endstream").unwrap_or_default();
        let mut at = 0;
        while let Some(start) = next_token(bytes, at) {
            if file.objects.len() >= OBJECTS {
                file.flaw(Reason::Limit);
                break;
            }
            at = file.take(bytes, start, streams_end);
        }
        if file.versions.is_empty() {
            file.flaw(Reason::Damaged);
        }
        file
    }

    fn flaw(&mut self, reason: Reason) {
        if !self.flaws.contains(&reason) {
            self.flaws.push(reason);
        }
    }

    /// The bytes, without what would burst.
    pub(super) fn harmless(&self, bytes: &[u8]) -> Vec<u8> {
        let mut copy = bytes.to_vec();
        for bomb in &self.bombs {
            if let Some(object) = copy.get_mut(bomb.clone()) {
                object.fill(b' ');
            }
        }
        copy
    }

    /// Objects of which a newer one exists.
    pub(super) fn superseded(&self) -> impl Iterator<Item = &Written> {
        let mut last: std::collections::HashMap<u32, usize> = std::collections::HashMap::new();
        for written in &self.objects {
            last.insert(written.id.obj_number, written.start);
        }
        self.objects.iter().filter(move |written| last.get(&written.id.obj_number) != Some(&written.start))
    }

    /// Takes what starts here and says where it ends.
    fn take(&mut self, bytes: &[u8], start: usize, streams_end: usize) -> usize {
        let rest = bytes.get(start..).unwrap_or_default();
        let end = match () {
            () if rest.starts_with(b"%%EOF") => {
                self.versions.push(start + 5);
                start + 5
            }
            () if rest.starts_with(b"%PDF-") => start + line(rest),
            // The line of high bytes that tells mailers that this is no text.
            () if rest.starts_with(b"%") && line(rest) <= 12 && rest.iter().skip(1).take(4).all(|&c| c >= 0x80) => {
                start + line(rest)
            }
            () if rest.starts_with(b"startxref") => {
                start + 9 + run(rest.get(9..), |c| c.is_ascii_digit() || is_space(c))
            }
            () if rest.starts_with(b"xref") => {
                start + 4 + run(rest.get(4..), |c| c.is_ascii_digit() || matches!(c, b'n' | b'f') || is_space(c))
            }
            () if rest.starts_with(b"trailer") => {
                let space = run(rest.get(7..), is_space);
                let from = start + 7 + space;
                let end = from + bytes.get(from..).and_then(Dict::from_bytes).map_or(0, |dict| dict.data().len());
                self.trailers.push(from..end);
                end
            }
            () if rest.starts_with(b"%") => {
                self.comments.push(start + 1..start + line(rest));
                start + line(rest)
            }
            () => return self.take_object(bytes, start, streams_end),
        };
        self.spans.claim(start, end - start);
        end
    }

    /// Takes `12 0 obj … endobj`; anything else is left for others.
    fn take_object(&mut self, bytes: &[u8], start: usize, streams_end: usize) -> usize {
        let rest = bytes.get(start..).unwrap_or_default();
        let Some((id, head)) = heading(rest) else {
            // A word of something else.
            return start + run(Some(rest), |c| !is_space(c)).max(1);
        };
        let body = start + head;
        let inside = bytes.get(body..).unwrap_or_default();
        let bombs = self.bombs.len();
        let mut end = body + self.body(bytes, inside, body < streams_end);
        self.remarks(bytes, body..end);
        let space = run(bytes.get(end..), is_space);
        if bytes.get(end + space..).is_some_and(|rest| rest.starts_with(b"endobj")) {
            end += space + 6;
        }
        if self.bombs.len() > bombs {
            self.bombs.truncate(bombs);
            self.bombs.push(start..end);
        } else {
            self.objects.push(Written { id, start, end });
        }
        self.spans.claim(start, end - start);
        end
    }

    /// What stands in an object beside its values, a stream's data aside.
    fn remarks(&mut self, bytes: &[u8], object: Range<usize>) {
        let inside = bytes.get(object.clone()).unwrap_or_default();
        let dict = Dict::from_bytes(inside).filter(|_| inside.starts_with(b"<<")).map(|dict| dict.data().len());
        // Of one that is broken whatever comes before its data.
        let length = dict.or_else(|| memmem::find(inside, b"stream")).unwrap_or(inside.len());
        let values = inside.get(..length).unwrap_or_default();
        let found = remarks(values).into_iter().map(|range| object.start + range.start..object.start + range.end);
        self.comments.extend(found);
    }

    /// How long the object is whose inside this is.
    fn body(&mut self, bytes: &[u8], inside: &[u8], streams: bool) -> usize {
        let until = |slice: &[u8]| {
            (slice.as_ptr() as usize + slice.len()).saturating_sub(inside.as_ptr() as usize).min(inside.len())
        };
        let is_dict = inside.starts_with(b"<<");
        let dict = if is_dict { Dict::from_bytes(inside) } else { None };
        if let Some(dict) = dict {
            let end = until(dict.data());
            let space = run(inside.get(end..), is_space);
            if !inside.get(end + space..).is_some_and(|rest| rest.starts_with(b"stream")) {
                return end;
            }
            let Some(Object::Stream(stream)) = streams.then(|| Object::from_bytes(inside)).flatten() else {
                self.flaw(Reason::Damaged);
                return end + space + 6;
            };
            // These two the library unpacks before anybody can ask how large they are.
            let kind = dict.get::<hayro_syntax::object::Name<'_>>("Type");
            if kind.is_some_and(|kind| matches!(kind.as_str(), "ObjStm" | "XRef")) {
                let unpacked = filter::unpack(&stream, self.left);
                self.left -= unpacked.bytes.len() as u64;
                if unpacked.flaw == Some(Reason::Limit) {
                    self.flaw(Reason::Limit);
                    self.bombs.push(0..0);
                }
            }
            let end = match stream.raw_data() {
                std::borrow::Cow::Borrowed(data) => until(data),
                std::borrow::Cow::Owned(_) => end,
            };
            let tail = run(inside.get(end..), is_space) + end;
            let closed = inside.get(tail..).is_some_and(|rest| rest.starts_with(b"endstream"));
            return if closed { tail + 9 } else { end };
        }
        let found = memmem::find(inside, b"endobj");
        if found.is_none() || is_dict {
            self.flaw(Reason::Damaged);
        }
        // An object that ends nowhere ends with the next one at the latest.
        found.unwrap_or_else(|| bytes.len().min(inside.len()).min(64))
    }
}

/// The next byte that is no space.
fn next_token(bytes: &[u8], at: usize) -> Option<usize> {
    let space = run(bytes.get(at..), is_space);
    (at + space < bytes.len()).then_some(at + space)
}

/// `12 0 obj` and how long that is, with the space behind it.
fn heading(rest: &[u8]) -> Option<(ObjectIdentifier, usize)> {
    let number = |from: usize| {
        let digits = run(rest.get(from..), |c| c.is_ascii_digit());
        let value = rest.get(from..from + digits)?;
        std::str::from_utf8(value).ok()?.parse::<i32>().ok().map(|value| (value, from + digits))
    };
    let (object, end) = number(0)?;
    let (generation, end) = number(end + run(rest.get(end..), is_space).max(1))?;
    let at = end + run(rest.get(end..), is_space);
    let body = rest.get(at..)?.strip_prefix(b"obj")?;
    Some((ObjectIdentifier::new(u32::try_from(object).ok()?, generation), at + 3 + run(Some(body), is_space)))
}

/// How long the line is, with its end.
fn line(rest: &[u8]) -> usize {
    memchr::memchr2(b'\n', b'\r', rest).map_or(rest.len(), |at| at + 1)
}

fn run(rest: Option<&[u8]>, is_one: impl Fn(u8) -> bool) -> usize {
    rest.unwrap_or_default().iter().take_while(|&&c| is_one(c)).count()
}

fn is_space(c: u8) -> bool {
    matches!(c, 0 | b'\t' | b'\n' | 0x0c | b'\r' | b' ')
}

#[cfg(test)]
mod tests {
    use super::*;

    const TWO_VERSIONS: &[u8] = b"%PDF-1.4\n%\xe2\xe3\xcf\xd3\n1 0 obj<</A(x)>>endobj\n\
        2 0 obj\n<</Length 6>>\nstream\nendobj\nendstream\nendobj\nxref\n0 1\n0000000000 65535 f \ntrailer<</Size 3>>\n\
        startxref\n9\n%%EOF\n1 0 obj (new) endobj\nstartxref\n0\n%%EOF\nsomething behind the end";

    #[test]
    fn every_object_is_found_once_for_each_time_it_was_written() {
        let file = File::of(TWO_VERSIONS, 1000);
        let ids: Vec<u32> = file.objects.iter().map(|written| written.id.obj_number).collect();
        assert_eq!(ids, [1, 2, 1]);
        assert_eq!(file.superseded().map(|written| written.start).collect::<Vec<_>>(), [file.objects[0].start]);
        assert_eq!(file.versions.len(), 2);
        assert_eq!(file.flaws, []);
    }

    #[test]
    fn what_is_behind_the_end_is_nobodys() {
        let gaps = File::of(TWO_VERSIONS, 1000).spans.gaps(TWO_VERSIONS);
        let texts: Vec<&[u8]> = gaps.iter().map(|gap| &TWO_VERSIONS[gap.clone()]).collect();
        assert_eq!(texts, [&b"\nsomething behind the end"[..]]);
    }

    #[test]
    fn comments_inside_of_objects_are_found() {
        let bytes =
            b"%PDF-1.4\n1 0 obj\n<</A(50% x)%one\n/Length 2>>stream\n%x\nendstream endobj\n2 0 obj [1 %two\n] endobj\n";
        let file = File::of(bytes, 1000);
        let comments: Vec<&[u8]> = file.comments.iter().map(|range| &bytes[range.clone()]).collect();
        assert_eq!(comments, [&b"one"[..], b"two"]);
    }

    #[test]
    fn a_torn_file_says_so() {
        let torn = &TWO_VERSIONS[..60];
        assert_eq!(File::of(torn, 1000).flaws, [Reason::Damaged]);
        assert_eq!(File::of(b"", 1000).flaws, [Reason::Damaged]);
    }
}
