//! uuencode: a file as lines of text.
//!
//! In: a text. Out: the file, what stands before and behind it; lines may be quoted. Deliberately absent: line check sums, which some
//! encoders append and nobody checks.

use memchr::memmem;

/// The longest line that begins a file.
const NAME: usize = 1_000;

/// A file in the text: `begin 644 name`, lines of their own length, `end`.
pub(crate) struct Uuencoded<'a> {
    pub(crate) before: &'a str,
    pub(crate) name: String,
    pub(crate) bytes: Vec<u8>,
    pub(crate) after: &'a str,
}

/// The first one.
pub(crate) fn first(text: &str) -> Option<Uuencoded<'_>> {
    let mut from = 0;
    loop {
        let at = from + memmem::find(text.get(from..)?.as_bytes(), b"begin ")?;
        from = at + 6;
        let before = text.get(..at)?;
        // In a mail that quotes, and in a value: `> begin`, `"begin`.
        let marks = before.trim_end_matches(['>', ' ', '\t']);
        let quote = before.get(marks.len()..)?.trim();
        if !(marks.is_empty() || marks.ends_with('\n') || before.ends_with('"')) {
            continue;
        }
        let rest = text.get(from..)?;
        let head = rest.get(..rest.floor_char_boundary(NAME))?;
        let Some(((mode, name), body)) =
            head.find('\n').and_then(|end| Some((head.get(..end)?.trim_end().split_once(' ')?, rest.get(end + 1..)?)))
        else {
            continue;
        };
        if !(3..=4).contains(&mode.len()) || !mode.bytes().all(|c| c.is_ascii_digit()) {
            continue;
        }
        let (bytes, after) = uudecode(body, quote);
        if bytes.is_empty() {
            continue;
        }
        return Some(Uuencoded { before: text.get(..at)?, name: name.trim().to_owned(), bytes, after });
    }
}

/// Decodes up to `end` or the first line that is none of it. Each stands behind the same marks of a quotation.
fn uudecode<'a>(body: &'a str, quote: &str) -> (Vec<u8>, &'a str) {
    let mut bytes = Vec::new();
    let mut rest = body;
    while let Some((line, after)) = rest.split_once('\n').or_else(|| (!rest.is_empty()).then_some((rest, ""))) {
        let line = line.trim_end_matches('\r');
        let line = match line.strip_prefix(quote).filter(|_| !quote.is_empty()) {
            Some(line) => line.strip_prefix(' ').unwrap_or(line),
            None => line,
        };
        let line = line.as_bytes();
        let Some((&first, groups)) = line.split_first() else {
            rest = after;
            break;
        };
        if line == b"end" || line.starts_with(b"end\"") {
            return (bytes, after);
        }
        let length = usize::from(first.wrapping_sub(32) & 63);
        // A full line is 45 bytes in 60 characters; anything far from its own length is prose.
        if !(32..=96).contains(&first)
            || groups.len() + 4 < length.div_ceil(3) * 4
            || groups.len() > length.div_ceil(3) * 4 + 2
        {
            break;
        }
        let start = bytes.len();
        for group in groups.chunks(4) {
            let bits =
                (0..4).fold(0u32, |bits, i| bits << 6 | u32::from(group.get(i).map_or(0, |c| c.wrapping_sub(32) & 63)));
            bytes.extend_from_slice(&bits.to_be_bytes()[1..]);
        }
        bytes.truncate(start + length);
        rest = after;
    }
    (bytes, rest)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_uuencoded_file_is_found_between_prose() {
        let text = "see below\nbegin 644 a b.txt\n#0V%T\n`\nend\nafter begin 1 x\n";
        let file = first(text).unwrap();
        assert_eq!((file.before, file.name.as_str(), file.bytes.as_slice()), ("see below\n", "a b.txt", &b"Cat"[..]));
        assert_eq!(file.after, "after begin 1 x\n");
        assert!(first("begin 644 x\nthis is prose, not a file\n").is_none());
        assert!(first("begin 644 x").is_none());
    }

    #[test]
    fn quoted_lines_and_values_are_files_as_well() {
        for text in [
            "x\n> begin 644 a.txt\n> #0V%T\n> `\n> end\ny",
            "x\n>> begin 644 a.txt\n>> #0V%T\n>> `\n>> end\ny",
            "{\"f\": \"begin 644 a.txt\n#0V%T\n`\nend\n\"}",
            "  begin 644 a.txt\n#0V%T\n`\nend\n",
        ] {
            let file = first(text).unwrap();
            assert_eq!((file.name.as_str(), file.bytes.as_slice()), ("a.txt", &b"Cat"[..]), "{text}");
        }
        assert!(first("we begin 644 x\n#0V%T\n").is_none());
    }
}
