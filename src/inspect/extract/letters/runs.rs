//! The long words of a text, and the lines of letters that they begin.
//!
//! In: a text. Out: the files that such words begin, and whether there is more noise than a key makes. Lines of one file
//! may be of any width, quoted, commented out, added by a patch (`+` before each), or wrapped again by a mail program.
//! Cost: eight bytes at a time are tested for a space, punctuation and 8-bit bytes, of which prose has some in nearly every
//! eight; a long word has its first letters decoded, and nothing else where they promise nothing. Deliberately absent: what
//! the bytes are (`opens`); letters in groups with spaces between.

use std::ops::Range;

use super::{DIFFERENT, Found, OPENING, UNKNOWN, different, opens};

/// A word of so many letters may begin a file or be a text: four Japanese characters, and one block at least in step.
const WORD: usize = 2 * BLOCK;

/// So many bytes are tested at once.
const BLOCK: usize = 8;

/// So many letters of a word are decoded to see whether they promise anything.
const HEAD: usize = 24;

/// Encoders fill lines of 64 or 76 characters. Lines that are shorter count if their first one is.
const LINE: usize = 60;

/// The widths in which encoders write; a line and its rest, wrapped by somebody else, add up to one.
const WIDTHS: [usize; 4] = [60, 64, 72, 76];

/// Of a name that is joined to the letters.
const NAME: usize = 32;

/// Of a line end with what stands around it: quotes, commas, `+`, the marks of a quoted mail.
const GAP: usize = 64;

/// So many different letters have a key or a packed file in short lines; lists of hashes and of identifiers have fewer.
const NOISY: usize = 32;

/// As [`NOISY`], in lines as encoders write them: more than a long number or a chain of bases has.
const NOISY_LINES: usize = 16;

/// What stands in long words of a text.
pub(super) fn words(text: &str, found: &mut Vec<Found>) {
    let bytes = text.as_bytes();
    // Where the run ends that is known to be noise as a whole. In it, what begins like a file may still be one.
    let mut noise = 0;
    let mut from = 0;
    while let Some(word) = long_word(bytes, from) {
        let is_in_noise = word.start < noise;
        let start = |start: Option<Start>| start.and_then(|start| opened(bytes, &start, is_in_noise));
        let whole = Start { word: word.clone(), mark: None };
        let opened = start(Some(whole.clone()))
            .or_else(|| start(behind_mark(bytes, &word)))
            .or_else(|| start(behind_name(bytes, &word)));
        if let Some((file, end)) = opened {
            found.push(Found::File(file));
            from = end;
            continue;
        }
        from = word.end;
        if !is_in_noise && word.len() >= HEAD {
            let run = Run::of(bytes, &whole, usize::MAX);
            noise = run.end();
            let least = if word.len() < LINE { NOISY } else { NOISY_LINES };
            if run.length >= UNKNOWN && different(&run.letters(bytes)) >= least {
                found.push(Found::Unknown);
            }
        }
    }
}

/// Where a file may begin.
#[derive(Clone)]
struct Start {
    word: Range<usize>,
    /// What a patch puts before each of its lines.
    mark: Option<u8>,
}

/// `sha512-…`, `report_…`: the dashes of base64 in URLs are those of a name before it as well.
fn behind_name(text: &[u8], word: &Range<usize>) -> Option<Start> {
    let head = text.get(word.start..word.end.min(word.start + NAME))?;
    let dash = head.iter().rposition(|&c| matches!(c, b'-' | b'_'))?;
    let rest = word.start + dash + 1..word.end;
    (rest.len() >= WORD).then_some(Start { word: rest, mark: None })
}

/// The `+` and `-` of a patch are letters as well.
fn behind_mark(text: &[u8], word: &Range<usize>) -> Option<Start> {
    let mark = text.get(word.start).copied().filter(|c| matches!(c, b'+' | b'-'))?;
    let is_line = word.start == 0 || text.get(word.start - 1) == Some(&b'\n');
    let rest = word.start + 1..word.end;
    (is_line && rest.len() >= WORD).then_some(Start { word: rest, mark: Some(mark) })
}

/// The file that begins there, if it opens as one, and where it ends.
fn opened(text: &[u8], start: &Start, is_in_noise: bool) -> Option<(Vec<u8>, usize)> {
    let word = &start.word;
    let head = text.get(word.start..word.end.min(word.start + HEAD))?;
    if word.len() < LINE && !opens::promises(head) {
        return None;
    }
    let opening = Run::of(text, start, OPENING);
    let mut letters = opening.letters(text);
    letters.truncate(OPENING);
    if different(&letters) < DIFFERENT.min(letters.len() / 2) {
        return None;
    }
    let is_all = opening.length <= OPENING;
    let decode = opens::DECODERS.into_iter().find(|decode| opens::opens(&decode(&letters), is_all || is_in_noise))?;
    // Whatever it turns out to be, it is looked at once: its reader says so if that is nothing known.
    let run = if is_all { opening } else { Run::of(text, start, usize::MAX) };
    let file = decode(&run.letters(text));
    // A word on the next line is none of a text that is whole without it.
    if let Some(shorter) = run.without_last().filter(|_| is_all && std::str::from_utf8(&file).is_err()) {
        let text_of_it = decode(&shorter.letters(text));
        if std::str::from_utf8(&text_of_it).is_ok() {
            return Some((text_of_it, shorter.end()));
        }
    }
    Some((file, run.end()))
}

/// The first word of base64's letters from there on that is long enough.
fn long_word(text: &[u8], from: usize) -> Option<Range<usize>> {
    let mut at = from;
    loop {
        // The last few bytes are no block; a word that ends with them began before.
        let block = text.get(at..)?.first_chunk::<BLOCK>()?;
        if !may_be_letters(*block) || !block.iter().all(|&c| is_letter(c)) {
            at += BLOCK;
            continue;
        }
        let before = text.get(from..at)?;
        let start = before.iter().rposition(|&c| !is_letter(c)).map_or(from, |found| from + found + 1);
        let behind = text.get(at..)?;
        let end = behind.iter().position(|&c| !is_letter(c)).map_or(text.len(), |found| at + found);
        if end - start >= WORD {
            return Some(start..end);
        }
        at = end;
    }
}

/// Whether no byte of a block is beyond ASCII or below `+`, the first of the letters. All at once.
fn may_be_letters(block: [u8; BLOCK]) -> bool {
    const HIGH: u64 = u64::from_ne_bytes([0x80; BLOCK]);
    const FIRST: u64 = u64::from_ne_bytes([b'+'; BLOCK]);
    let block = u64::from_ne_bytes(block);
    (block | block.wrapping_sub(FIRST)) & HIGH == 0
}

/// A word, and the lines of letters behind it.
struct Run {
    lines: Vec<Range<usize>>,
    /// How many letters they have.
    length: usize,
}

impl Run {
    /// So many lines as have `most` letters.
    fn of(text: &[u8], start: &Start, most: usize) -> Self {
        let Start { word, mark } = start;
        let full = word.len().min(LINE);
        let mut run = Self { lines: vec![word.clone()], length: word.len() };
        // Padding ends a file, and so does a line that is shorter.
        while run.length <= most && text.get(run.end()) != Some(&b'=') {
            let Some(line) = line_behind(text, run.end(), *mark) else { break };
            let short = line.len() < full;
            let is_rest = short && run.is_wrapped(&line, full);
            run.lines.push(line.clone());
            run.length += line.len();
            if short && !is_rest {
                break;
            }
        }
        run
    }

    /// Whether a short line is what did not fit on the one before it.
    fn is_wrapped(&self, line: &Range<usize>, full: usize) -> bool {
        self.lines.last().is_some_and(|last| last.len() >= full && WIDTHS.contains(&(last.len() + line.len())))
    }

    fn without_last(&self) -> Option<Self> {
        let (last, lines) = self.lines.split_last().filter(|(_, lines)| !lines.is_empty())?;
        Some(Self { lines: lines.to_vec(), length: self.length - last.len() })
    }

    fn end(&self) -> usize {
        self.lines.last().map_or(0, |line| line.end)
    }

    fn letters(&self, text: &[u8]) -> Vec<u8> {
        let mut letters = Vec::with_capacity(self.length);
        self.lines.iter().for_each(|line| letters.extend_from_slice(text.get(line.clone()).unwrap_or_default()));
        letters
    }
}

/// The line of letters that follows behind `end`.
fn line_behind(text: &[u8], end: usize, mark: Option<u8>) -> Option<Range<usize>> {
    let gap = gap(text.get(end..)?, mark);
    let start = end + gap;
    let line = text.get(start..)?;
    let length = line.iter().position(|&c| !is_letter(c)).unwrap_or(line.len());
    let is_whole = line.get(length).is_none_or(|c| b"=\r\n\"'<\\ \t".contains(c));
    (gap > 0 && length > 0 && is_whole && !line.starts_with(b"--")).then_some(start..start + length)
}

/// How many bytes part two lines of one file: a line end, written out or not, and what quotes them. Nothing, where no line
/// ends.
fn gap(text: &[u8], mark: Option<u8>) -> usize {
    let head = text.get(..GAP).unwrap_or(text);
    let mut length = 0;
    let mut ended = false;
    while let Some(&c) = head.get(length) {
        length += match (c, head.get(length + 1)) {
            (b'\\', Some(b'n' | b'r')) => {
                ended = true;
                2
            }
            (b'\\', Some(b't')) => 2,
            (b'\n' | b'\r', next) => {
                ended = true;
                1 + usize::from(mark.is_some() && next.copied() == mark)
            }
            (b' ' | b'\t' | b'>' | b'"' | b'\'' | b',' | b';' | b'&' | b'.' | b'|' | b'#' | b'*', _) => 1,
            // Joined strings of a program; at the start of a line it is a letter.
            (b'+', Some(b' ' | b'\t' | b'\r' | b'\n')) => 1,
            _ => break,
        };
    }
    if ended { length } else { 0 }
}

/// Letters of base64, in its two alphabets. A table, since every 24th byte of every text asks.
const LETTERS: [bool; 256] = {
    let mut letters = [false; 256];
    let mut c = 0u8;
    while c < 128 {
        letters[c as usize] = c.is_ascii_alphanumeric() || matches!(c, b'+' | b'/' | b'-' | b'_');
        c += 1;
    }
    letters
};

pub(super) fn is_letter(c: u8) -> bool {
    LETTERS[usize::from(c)]
}
