//! 7z archives, solid or not, with every method that 7-Zip writes.
//!
//! In: the archive's bytes. Out: each file as a part, every name as text, what stands between and behind the packed
//! streams as parts. Encrypted files, and archives whose list of files is encrypted too, wait for their passwords.
//! Structure, which is passed over: the signature, the header, times and attributes.
//! Deliberately absent: the crate's own reader, which asks the system how many processors it has; an archive that is
//! the first of several volumes (its header is in the last one, so it is `damaged`).

use std::cell::Cell;
use std::io::{Cursor, Read, Seek, SeekFrom};

use memchr::memmem;
use sevenz_rust2::{Archive, BlockDecoder, Error, Password};

use crate::inspect::Reason;
use crate::inspect::extract::archive::{self, Trial, number};
use crate::inspect::extract::reading::{Part, Reading};
use crate::inspect::extract::spans::Spans;
use crate::inspect::extract::unlock::{Cost, Lock};

/// The signature and where the header is.
const SIGNATURE: usize = 32;

/// Dictionaries and headers beyond this are refused, in KiB.
const MEMORY: usize = 192 << 10;

/// How many rounds of the key derivation a whole archive may cost, as a power of two. 7-Zip's own is 2^19 a password.
const ROUNDS: u32 = 26;

/// How encryption is called in a list of methods.
const AES: [u8; 4] = [0x06, 0xf1, 0x07, 0x01];

/// Reads an archive.
pub(crate) fn read(reading: &mut Reading<'_>, part: &Part<'_>) {
    let spans = claimed(part.bytes);
    match open(part.bytes, &Password::empty()) {
        Ok(archive) => {
            let mut contents = Contents { part, archive: &archive, closed: false };
            if contents.name_all(reading) && contents.read(reading) {
                reading.done(part.place);
            }
            if contents.closed {
                reading.locked(part, Lock::SevenZ);
            }
            reading.leftovers(part, &spans.with(&archive));
        }
        Err(_) if is_encrypted(part.bytes) => reading.locked(part, Lock::SevenZ),
        Err(error) => {
            reading.unread(part.place, reason(&error));
            reading.leftovers(part, &spans.0);
        }
    }
}

/// Opens what waited for its password: all of it if the list of files was encrypted, else the encrypted files.
pub(crate) fn unlock(reading: &mut Reading<'_>, part: &Part<'_>) {
    let plain = open(part.bytes, &Password::empty());
    let tries = 1usize << ROUNDS.saturating_sub(rounds(part.bytes, plain.as_ref().ok()));
    let passwords: Vec<String> = reading.passwords(Cost::Dear).into_iter().take(tries).collect();
    match plain {
        Ok(archive) => {
            let mut contents = Contents { part, archive: &archive, closed: false };
            contents.unlock(reading, &passwords);
        }
        Err(_) => {
            for password in passwords {
                let Ok(archive) = open(part.bytes, &Password::from(password.as_str())) else { continue };
                reading.password_fits(&password);
                let mut contents = Contents { part, archive: &archive, closed: false };
                let whole = contents.name_all(reading);
                contents.unlock(reading, &[password]);
                if whole && contents.read(reading) {
                    reading.done(part.place);
                }
                return reading.leftovers(part, &claimed(part.bytes).with(&archive));
            }
            reading.unread(part.place, Reason::Encrypted);
        }
    }
}

fn open(bytes: &[u8], password: &Password) -> Result<Archive, Error> {
    Archive::read_with_memory_limit(&mut Cursor::new(bytes), password, MEMORY)
}

struct Contents<'p> {
    part: &'p Part<'p>,
    archive: &'p Archive,
    /// Whether some of it is encrypted.
    closed: bool,
}

impl Contents<'_> {
    fn name_all(&self, reading: &mut Reading<'_>) -> bool {
        for file in &self.archive.files {
            if !reading.take_entry() {
                reading.unread(self.part.place, Reason::Limit);
                return false;
            }
            reading.text(&self.part.place.inside(&file.name), &file.name);
        }
        true
    }

    /// Everything that is not encrypted; false if it could not be read to the end.
    fn read(&mut self, reading: &mut Reading<'_>) -> bool {
        for block in 0..self.archive.blocks.len() {
            if self.is_closed(block) {
                self.closed = true;
            } else {
                self.block(reading, block, &Password::empty());
            }
        }
        true
    }

    fn unlock(&mut self, reading: &mut Reading<'_>, passwords: &[String]) {
        let mut fitting: Option<Password> = None;
        for block in (0..self.archive.blocks.len()).filter(|&block| self.is_closed(block)) {
            let known = fitting.take().into_iter().filter(|password| self.fits(reading, block, password));
            let mut tried = passwords.iter().filter_map(|text| {
                let password = Password::from(text.as_str());
                (!reading.is_over() && self.fits(reading, block, &password)).then_some((text, password))
            });
            let found = known.map(|password| (None, password)).next();
            let found = found.or_else(|| tried.next().map(|(text, password)| (Some(text), password)));
            match found {
                Some((text, password)) => {
                    if let Some(text) = text {
                        reading.password_fits(text);
                    }
                    self.block(reading, block, &password);
                    fitting = Some(password);
                }
                None => {
                    for name in self.names(block) {
                        reading.unread(&self.part.place.inside(name), Reason::Encrypted);
                    }
                }
            }
        }
    }

    fn is_closed(&self, block: usize) -> bool {
        self.archive
            .blocks
            .get(block)
            .is_some_and(|block| block.coders.iter().any(|coder| coder.encoder_method_id() == AES))
    }

    /// Whether the first file of a block comes out whole with this password.
    fn fits(&self, reading: &Reading<'_>, block: usize, password: &Password) -> bool {
        let consumed = Cell::default();
        let mut source = Source { cursor: Cursor::new(self.part.bytes), consumed: &consumed };
        let mut trial = Trial::new(reading.allowance());
        let decoder = BlockDecoder::new_with_memory_limit(1, MEMORY, block, self.archive, password, &mut source);
        let outcome = decoder.for_each_entries(&mut |_, content| {
            trial.run(content, &consumed);
            Ok(false)
        });
        outcome.is_ok() && trial.failure.is_none_or(|failure| failure == Reason::Limit)
    }

    fn names(&self, block: usize) -> impl Iterator<Item = &str> {
        let of_block = move |index: usize| self.archive.stream_map.file_block_index.get(index) == Some(&Some(block));
        let files = self.archive.files.iter().enumerate();
        files.filter(move |(index, file)| of_block(*index) && !file.is_directory).map(|(_, file)| file.name.as_str())
    }

    /// The files of a block, which are packed in one.
    fn block(&self, reading: &mut Reading<'_>, block: usize, password: &Password) {
        let part = self.part;
        let consumed = Cell::default();
        let mut source = Source { cursor: Cursor::new(part.bytes), consumed: &consumed };
        let mut read = 0;
        let mut stopped = None;
        let decoder = BlockDecoder::new_with_memory_limit(1, MEMORY, block, self.archive, password, &mut source);
        let outcome = decoder.for_each_entries(&mut |file, content| {
            if file.is_directory {
                return Ok(true);
            }
            read += 1;
            let place = part.place.inside(&file.name);
            let mut trial = Trial::new(reading.allowance());
            trial.run(content, &consumed);
            stopped = trial.failure;
            if let Some(content) = archive::settle(reading, &place, trial) {
                archive::read_entry(reading, part, &file.name, &content);
            }
            // What is left of a file would be unpacked to get to the next.
            Ok(stopped.is_none() && !reading.is_over())
        });
        let rest = outcome.err().map(|error| reason(&error)).or(stopped);
        for name in self.names(block).skip(read) {
            reading.unread(&part.place.inside(name), rest.unwrap_or(Reason::Limit));
        }
    }
}

/// The archive, counting what was read of it.
struct Source<'a> {
    cursor: Cursor<&'a [u8]>,
    consumed: &'a Cell<usize>,
}

impl Read for Source<'_> {
    fn read(&mut self, buffer: &mut [u8]) -> std::io::Result<usize> {
        let count = self.cursor.read(buffer)?;
        self.consumed.set(self.consumed.get() + count);
        Ok(count)
    }
}

impl Seek for Source<'_> {
    fn seek(&mut self, to: SeekFrom) -> std::io::Result<u64> {
        self.cursor.seek(to)
    }
}

/// The header, as it stands at the end of an archive: packed or encrypted itself, mostly.
fn header(bytes: &[u8]) -> &[u8] {
    let start = SIGNATURE.saturating_add(number(bytes, 12, 8));
    let header = bytes.get(start..).unwrap_or_default();
    header.get(..number(bytes, 20, 8)).unwrap_or(header)
}

fn is_encrypted(bytes: &[u8]) -> bool {
    memmem::find(header(bytes), &AES).is_some()
}

/// The power of two of the key derivation's rounds: in the properties behind a method's name.
fn rounds(bytes: &[u8], archive: Option<&Archive>) -> u32 {
    let of_blocks = archive.into_iter().flat_map(|archive| &archive.blocks).flat_map(|block| &block.coders);
    let of_blocks =
        of_blocks.filter(|coder| coder.encoder_method_id() == AES).filter_map(|coder| coder.properties().first());
    let header = header(bytes);
    let of_header = memmem::find_iter(header, &AES).filter_map(|at| header.get(at + AES.len() + 1));
    of_blocks.chain(of_header).map(|&first| u32::from(first & 0x3f)).filter(|&power| power < 0x3f).max().unwrap_or(0)
}

struct Claimed(Spans);

/// What is structure: the signature, the header, and what the header is packed in.
fn claimed(bytes: &[u8]) -> Claimed {
    let mut spans = Spans::default();
    spans.claim(0, SIGNATURE);
    let header = header(bytes);
    spans.claim(SIGNATURE.saturating_add(number(bytes, 12, 8)), header.len());
    // Encoded header, pack info: where its streams start, how many there are, how long they are.
    let mut rest = header;
    if let Some(&[0x17, 0x06]) = rest.first_chunk() {
        rest = rest.get(2..).unwrap_or_default();
        let start = variable(&mut rest).unwrap_or_default();
        let count = variable(&mut rest).unwrap_or_default();
        if rest.first() == Some(&0x09) {
            rest = rest.get(1..).unwrap_or_default();
            let length = (0..count.min(8)).filter_map(|_| variable(&mut rest)).fold(0, usize::saturating_add);
            spans.claim(SIGNATURE.saturating_add(start), length);
        }
    }
    Claimed(spans)
}

impl Claimed {
    /// The streams as well that files are packed in.
    fn with(mut self, archive: &Archive) -> Spans {
        let length = archive.pack_sizes().iter().fold(0u64, |sum, &size| sum.saturating_add(size));
        let start = usize::try_from(archive.pack_pos()).unwrap_or(usize::MAX);
        self.0.claim(SIGNATURE.saturating_add(start), usize::try_from(length).unwrap_or(usize::MAX));
        self.0
    }
}

/// A number of 7z: the first byte's leading ones tell how many bytes follow.
fn variable(bytes: &mut &[u8]) -> Option<usize> {
    let (&first, rest) = bytes.split_first()?;
    let more = first.leading_ones() as usize;
    let low = number(rest.get(..more)?, 0, more);
    *bytes = rest.get(more..)?;
    let high = if more >= 7 { 0 } else { usize::from(first) & (0x7f >> more) };
    Some(high.checked_shl(8 * u32::try_from(more).ok()?).unwrap_or_default() | low)
}

fn reason(error: &Error) -> Reason {
    match error {
        Error::PasswordRequired | Error::MaybeBadPassword(_) => Reason::Encrypted,
        Error::UnsupportedVersion { .. }
        | Error::ExternalUnsupported
        | Error::UnsupportedCompressionMethod(_)
        | Error::Unsupported(_) => Reason::Unsupported,
        Error::MaxMemLimited { .. } => Reason::Limit,
        _ => Reason::Damaged,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_are_as_long_as_their_first_byte_says() {
        for (bytes, value) in
            [(&b"\x05"[..], 5), (b"\x81\x02", 0x102), (b"\xc1\x02\x03", 0x1_0302), (b"\xff\x01\0\0\0\0\0\0\0", 1)]
        {
            let mut rest = bytes;
            assert_eq!(variable(&mut rest), Some(value), "{bytes:?}");
            assert!(rest.is_empty());
        }
        assert_eq!(variable(&mut &b"\xff\x01"[..]), None);
    }
}
