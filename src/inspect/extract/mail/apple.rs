//! Macintosh files with their resources (RFC 1740): AppleSingle, and the AppleDouble half of `multipart/appledouble`.
//!
//! In: the file's bytes. Out: the data fork as the file it is, names and comments as text, the resource fork and
//! anything unknown as parts. Structure: the table of entries, dates, icons' positions, permissions. Deliberately
//! absent: resources one by one.

use crate::inspect::Reason;
use crate::inspect::extract::reading::{Part, Reading};
use crate::inspect::extract::spans::Spans;
use crate::mail::charset;

const SINGLE: &[u8] = b"\0\x05\x16\0\0\x02\0\0";
const DOUBLE: &[u8] = b"\0\x05\x16\x07\0\x02\0\0";

/// The magic, the version, filling, and how many entries there are.
const HEAD: usize = 26;

const DATA: u32 = 1;
const NAME: u32 = 3;
const COMMENT: u32 = 4;

/// Whether these bytes are one.
pub(crate) fn is_file(bytes: &[u8]) -> bool {
    bytes.starts_with(SINGLE) || bytes.starts_with(DOUBLE)
}

/// Reads one.
pub(crate) fn read(reading: &mut Reading<'_>, part: &Part<'_>) {
    let mut spans = Spans::default();
    let count =
        part.bytes.get(24..HEAD).map_or(0, |count| count.iter().fold(0usize, |sum, &c| sum << 8 | usize::from(c)));
    spans.claim(0, HEAD + count * 12);
    for number in 0..count {
        let word = |at: usize| {
            let bytes = part.bytes.get(at..)?.first_chunk::<4>()?;
            Some(u32::from_be_bytes(*bytes))
        };
        let at = HEAD + number * 12;
        let (Some(kind), Some(from), Some(length)) = (word(at), word(at + 4), word(at + 8)) else {
            reading.unread(part.place, Reason::Damaged);
            break;
        };
        let (from, length) = (from as usize, length as usize);
        let rest = part.bytes.get(from..).unwrap_or_default();
        if rest.len() < length {
            reading.unread(part.place, Reason::Damaged);
        }
        let content = rest.get(..length).unwrap_or(rest);
        match kind {
            DATA if !reading.take_entry() => return reading.unread(part.place, Reason::Limit),
            DATA => {
                reading.read(&part.inside(content, part.place));
            }
            NAME | COMMENT => reading.text(part.place, &charset::text(content, None)),
            // Dates, Finder's flags, permissions.
            8..=14 if length <= 64 => {}
            _ => continue,
        }
        spans.claim(from, length);
    }
    reading.done(part.place);
    reading.leftovers(part, &spans);
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::inspect::extract::{Limits, extract};
    use crate::inspect::{Cell, Job, Kind, Place, Sink};

    #[derive(Default)]
    struct Texts(String);

    impl Sink for Texts {
        fn text(&mut self, place: &Place, text: &str) {
            self.0.push_str(&format!("{}|{text}\n", place.path));
        }
        fn begin_table(&mut self, _: &Place) {}
        fn row(&mut self, _: u32, _: &[Cell<'_>]) {}
        fn end_table(&mut self) {}
    }

    #[test]
    fn both_forks_and_the_name_are_read() {
        let (name, data, resources) = ("名簿.txt".as_bytes(), "データ秘密語".as_bytes(), "資源秘密語です".as_bytes());
        let mut file = [SINGLE, &[0; 16], &[0, 3]].concat();
        let mut at = HEAD + 36;
        for (kind, content) in [(3u32, name), (1, data), (2, resources)] {
            file.extend(kind.to_be_bytes());
            file.extend(u32::try_from(at).unwrap().to_be_bytes());
            file.extend(u32::try_from(content.len()).unwrap().to_be_bytes());
            at += content.len();
        }
        file.extend([name, data, resources].concat());
        let mut texts = Texts::default();
        let job = Job::new(Kind::File("a".to_owned()));
        let ledger = extract(&file, &job, &Limits::default(), &mut texts, &mut ());
        assert!(["名簿.txt", "データ秘密語", "資源秘密語"].iter().all(|word| texts.0.contains(word)), "{}", texts.0);
        assert_eq!((ledger.kind.as_str(), ledger.uninspected.as_slice()), ("applefile", &[][..]));
        let cut = extract(&file[..file.len() - 30], &job, &Limits::default(), &mut texts, &mut ());
        assert_eq!(cut.uninspected.iter().map(|entry| entry.reason).collect::<Vec<_>>(), [Reason::Damaged]);
    }
}
