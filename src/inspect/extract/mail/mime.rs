//! The cuts of a mail: header from body, part from part.
//!
//! In: an entity's bytes. Out: header lines, and a multipart's pieces, which together are all of it: what stands
//! before, between and after parts is given as well. Deliberately absent: what fields say (`mail`).

use crate::mail::Header;

/// The longest boundary that is read: a whole line (RFC 5322 §2.1.1), though RFC 2046 allows 70 characters.
pub(crate) const BOUNDARY_BYTES: usize = 998;

/// A multipart's body, cut.
#[derive(Default)]
pub(crate) struct Pieces<'a> {
    pub(crate) preamble: &'a [u8],
    pub(crate) parts: Vec<&'a [u8]>,
    /// What follows the closing line; if more parts follow it, also what follows theirs.
    pub(crate) epilogue: Vec<&'a [u8]>,
}

/// Cuts at the lines that are `--boundary` or `--boundary--`. Parts after the closing line are parts as well: some
/// mail programs show them.
pub(crate) fn pieces<'a>(body: &'a [u8], boundary: &[u8]) -> Pieces<'a> {
    let mut pieces = Pieces { preamble: body, ..Pieces::default() };
    if boundary.is_empty() {
        return pieces;
    }
    let delimiter = [b"--", boundary].concat();
    // Where the open piece starts, and whether it is a part.
    let (mut start, mut in_part) = (0, false);
    for at in memchr::memmem::find_iter(body, &delimiter) {
        if at < start || !(at == 0 || body.get(at - 1) == Some(&b'\n')) {
            continue;
        }
        let line = body.get(at + delimiter.len()..).unwrap_or_default();
        let line_end = memchr::memchr(b'\n', line).map_or(line.len(), |end| end + 1);
        let rest_of_line = line.get(..line_end).unwrap_or_default().trim_ascii();
        let closing = rest_of_line == b"--";
        if !closing && !rest_of_line.is_empty() {
            // A longer boundary that starts with this one.
            continue;
        }
        let piece = without_line_end(body.get(start..at).unwrap_or_default());
        if in_part {
            pieces.parts.push(piece);
        } else if pieces.parts.is_empty() {
            pieces.preamble = piece;
        } else {
            pieces.epilogue.push(piece);
        }
        start = at + delimiter.len() + line_end;
        in_part = !closing;
    }
    let last = body.get(start..).unwrap_or_default();
    if in_part {
        // The closing line is missing.
        pieces.parts.push(last);
    } else if start > 0 {
        pieces.epilogue.push(last);
    }
    pieces
}

/// The line end before a boundary belongs to the boundary.
fn without_line_end(piece: &[u8]) -> &[u8] {
    let piece = piece.strip_suffix(b"\n").unwrap_or(piece);
    piece.strip_suffix(b"\r").unwrap_or(piece)
}

/// The boundary of a multipart that declares none that fits: the first line of two dashes with a field behind it.
pub(crate) fn guessed_boundary(body: &[u8]) -> Option<Vec<u8>> {
    let mut lines = body.split(|&c| c == b'\n').map(<[u8]>::trim_ascii_end).take(1_000).peekable();
    while let Some(line) = lines.next() {
        let followed = lines.peek().is_some_and(|next| next.to_ascii_lowercase().starts_with(b"content-"));
        if let Some(boundary) =
            line.strip_prefix(b"--").filter(|b| followed && !b.is_empty() && b.len() <= BOUNDARY_BYTES)
        {
            return Some(boundary.to_vec());
        }
    }
    None
}

/// A line of a header, folds included.
pub(crate) enum Line<'a> {
    Field(Header<'a>),
    /// What is no field.
    Stray(&'a [u8]),
}

/// The lines of a header; when they are through, `rest` is the body. Unlike `Message::headers` it gives everything.
pub(crate) struct Fields<'a> {
    pub(crate) rest: &'a [u8],
}

impl<'a> Iterator for Fields<'a> {
    type Item = Line<'a>;

    fn next(&mut self) -> Option<Line<'a>> {
        if let Some(body) = self.rest.strip_prefix(b"\n").or_else(|| self.rest.strip_prefix(b"\r\n")) {
            self.rest = body;
            return None;
        }
        let mut end = 0;
        loop {
            let line = self.rest.get(end..).unwrap_or_default();
            end += memchr::memchr(b'\n', line).map_or(line.len(), |at| at + 1);
            if !matches!(self.rest.get(end), Some(b' ' | b'\t')) {
                break;
            }
        }
        if end == 0 {
            return None;
        }
        let (line, rest) = self.rest.split_at_checked(end)?;
        self.rest = rest;
        let line = without_line_end(line);
        let colon = memchr::memchr(b':', line).unwrap_or_default();
        let (name, value) = line.split_at(colon);
        let name = name.trim_ascii_end();
        let is_field = !name.is_empty() && name.iter().all(u8::is_ascii_graphic);
        Some(if is_field {
            Line::Field(Header { name, value: value.get(1..).unwrap_or_default() })
        } else {
            Line::Stray(line)
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_boundary_that_starts_another_is_not_taken_for_it() {
        let found = pieces(b"pre\r\n--b\r\none\r\n--bb\r\ntwo\r\n--b-- \r\npost", b"b");
        assert_eq!(
            (found.preamble, found.parts, found.epilogue),
            (&b"pre"[..], vec![&b"one\r\n--bb\r\ntwo"[..]], vec![&b"post"[..]])
        );
    }
    #[test]
    fn a_header_gives_every_line() {
        let mut fields = Fields { rest: b"A: 1\r\n 2\r\nstray\nB : 3\n\nbody" };
        let lines: Vec<String> = (&mut fields)
            .map(|line| match line {
                Line::Field(field) => format!("{}={}", field.name.escape_ascii(), field.value.escape_ascii()),
                Line::Stray(line) => format!("{}", line.escape_ascii()),
            })
            .collect();
        assert_eq!(lines, ["A= 1\\r\\n 2", "stray", "B= 3"]);
        assert_eq!(fields.rest, b"body");
    }

    #[test]
    fn a_boundary_is_guessed_only_before_a_field() {
        assert_eq!(guessed_boundary(b"text\n-- \nsignature\n--q\r\nContent-Type: a/b\r\n").as_deref(), Some(&b"q"[..]));
        assert_eq!(guessed_boundary(b"-- \nsignature"), None);
    }
}
