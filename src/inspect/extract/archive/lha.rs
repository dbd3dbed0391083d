//! LHA and LZH archives, in Japan still alive.
//!
//! In: the archive's bytes. Out: each file as a part, its name (in Shift_JIS, as ever), comments and owners as text,
//! what stands behind the end mark as a part. Structure, which is passed over: the headers' numbers, times and rights.
//! Deliberately absent: methods that nobody has documented, which are `unsupported`.

use std::cell::Cell;
use std::io::Read;

use delharc::{LhaDecodeReader, LhaHeader};

use crate::inspect::Reason;
use crate::inspect::extract::archive::{self, Metered, Trial, name_of};
use crate::inspect::extract::reading::{Part, Reading};
use crate::inspect::extract::spans::Spans;

/// Kinds of extended header: those that are text, and those that are numbers.
const FILE_NAME: u8 = 0x01;
const FOLDER: u8 = 0x02;
const COMMENT: u8 = 0x3f;
const GROUP: u8 = 0x52;
const OWNER: u8 = 0x53;

/// Another kind of header, or an area behind the name, of this length may hold something.
const ASIDE: usize = 32;

/// Whether bytes start as an archive does: a method's name behind two numbers.
pub(crate) fn starts(bytes: &[u8]) -> bool {
    matches!(bytes, [_, _, b'-', b'l' | b'p', b'h' | b'z' | b'm', _, b'-', ..])
        && bytes.get(20).is_some_and(|&level| level <= 3)
        && bytes.first().is_some_and(|&length| length > 0)
}

/// Reads an archive.
pub(crate) fn read(reading: &mut Reading<'_>, part: &Part<'_>) {
    let mut spans = Spans::default();
    let mut at = 0;
    let mut whole = true;
    loop {
        let entry = part.bytes.get(at..).unwrap_or_default();
        let mut rest = entry;
        let header = match LhaHeader::read(&mut rest) {
            Ok(Some(header)) => header,
            Ok(None) => {
                // The end mark, a zero.
                spans.claim(at, 1);
                break;
            }
            Err(_) => {
                whole = false;
                break;
            }
        };
        if !reading.take_entry() {
            return reading.unread(part.place, Reason::Limit);
        }
        let length =
            (entry.len() - rest.len()).saturating_add(usize::try_from(header.compressed_size).unwrap_or(usize::MAX));
        spans.claim(at, length);
        read_file(reading, part, &header, entry);
        at = at.saturating_add(length);
        if at > part.bytes.len() {
            whole = false;
            break;
        }
    }
    if whole {
        reading.done(part.place);
    } else {
        reading.unread(part.place, Reason::Damaged);
    }
    reading.leftovers(part, &spans);
}

fn read_file(reading: &mut Reading<'_>, part: &Part<'_>, header: &LhaHeader, entry: &[u8]) {
    let name = name(header);
    let place = part.place.inside(&name);
    reading.text(&place, &name);
    for extra in header.iter_extra() {
        let Some((kind, content)) = extra.split_first() else { continue };
        match *kind {
            COMMENT | GROUP | OWNER => reading.text(&place, &name_of(content)),
            FILE_NAME | FOLDER => {}
            _ if content.len() >= ASIDE => reading.aside(part, content, &place.inside("extra field")),
            _ => {}
        }
    }
    if header.extended_area.len() >= ASIDE {
        reading.aside(part, &header.extended_area, &place.inside("extra field"));
    }
    if header.is_directory() {
        return;
    }
    let consumed = Cell::default();
    match LhaDecodeReader::new(Metered { bytes: entry, consumed: &consumed }) {
        Ok(decoder) if decoder.is_decoder_supported() => {
            let mut content = Drops(decoder);
            let mut trial = Trial::new(reading.allowance());
            trial.run(&mut content, &consumed);
            if trial.failure.is_none() && !content.0.crc_is_ok() {
                trial.failure = Some(Reason::Damaged);
            }
            if let Some(content) = archive::settle(reading, &place, trial) {
                archive::read_entry(reading, part, &name, &content);
            }
        }
        Ok(_) => reading.unread(&place, Reason::Unsupported),
        Err(_) => reading.unread(&place, Reason::Damaged),
    }
}

/// The name with its folder, which keeps its parts apart with 0xFF: a byte that no Shift_JIS character has.
fn name(header: &LhaHeader) -> String {
    let (mut folder, mut file) = (Vec::new(), header.filename.to_vec());
    for extra in header.iter_extra() {
        match extra.split_first() {
            Some((&FILE_NAME, content)) => file = content.to_vec(),
            Some((&FOLDER, content)) => folder = content.to_vec(),
            _ => {}
        }
    }
    let decoded = |raw: &[u8]| raw.split(|&c| c == 0xff).map(name_of).collect::<Vec<_>>().join("/");
    match (decoded(&folder), decoded(&file)) {
        (folder, file) if folder.is_empty() => file,
        (folder, file) => format!("{}/{file}", folder.trim_end_matches('/')),
    }
}

/// Reads little at a time: a decoder that fails gives nothing of what it was asked for.
struct Drops<R>(R);

impl<R: Read> Read for Drops<R> {
    fn read(&mut self, buffer: &mut [u8]) -> std::io::Result<usize> {
        let few = buffer.len().min(64);
        self.0.read(buffer.get_mut(..few).unwrap_or_default())
    }
}
