//! Disk images in the format of ISO 9660, with the long names of Joliet.
//!
//! In: the image's bytes. Out: each file as a part, its name (of either tree) and the volume's labels as text, what no
//! file covers as parts. Structure, which is passed over: volume descriptors, directories, path tables, the padding of
//! the last sector. Deliberately absent: UDF alone, which is `unsupported`; files in several extents are read in pieces.

use std::collections::HashSet;

use crate::inspect::Reason;
use crate::inspect::extract::archive::{self, name_of, number};
use crate::inspect::extract::reading::{Part, Reading};
use crate::inspect::extract::spans::Spans;

const SECTOR: usize = 2_048;

/// The sector of the first volume descriptor.
const DESCRIPTORS: usize = 16;

/// Volume descriptors, and directories inside of each other, beyond these are not looked at.
const VOLUMES: usize = 32;
const DEPTH: usize = 32;

/// Whether bytes are such an image.
pub(crate) fn starts(bytes: &[u8]) -> bool {
    let descriptor = bytes.get(DESCRIPTORS * SECTOR + 1..).unwrap_or_default();
    descriptor.starts_with(b"CD001") || descriptor.starts_with(b"BEA01")
}

/// Reads an image.
pub(crate) fn read(reading: &mut Reading<'_>, part: &Part<'_>) {
    let mut image =
        Image { part, spans: Spans::default(), folders: HashSet::new(), files: HashSet::new(), whole: true };
    image.spans.claim(0, DESCRIPTORS * SECTOR);
    if part.bytes.get(..DESCRIPTORS * SECTOR).is_some_and(|system| system.iter().any(|&c| c != 0)) {
        // The system area is anybody's: a hybrid image has a boot sector there.
        image.spans = Spans::default();
    }
    let mut volumes = Vec::new();
    let mut has_udf = false;
    for sector in DESCRIPTORS..DESCRIPTORS + VOLUMES {
        let Some(descriptor) = part.bytes.get(sector * SECTOR..(sector + 1) * SECTOR) else { break };
        match (descriptor.get(1..6).unwrap_or_default(), descriptor.first()) {
            (b"CD001", Some(1 | 2)) => volumes.push(descriptor),
            (b"CD001" | b"BEA01" | b"TEA01" | b"BOOT2", _) => {}
            (b"NSR02" | b"NSR03", _) => has_udf = true,
            _ => break,
        }
        // Numbers and the root folder; identifiers, dates and what an application keeps for itself are read.
        let of_volume: &[(usize, usize)] = match descriptor.first() {
            Some(1 | 2) => &[(0, 8), (80, 8), (120, 70)],
            _ => &[(0, 8)],
        };
        for (start, length) in of_volume {
            image.spans.claim(sector * SECTOR + start, *length);
        }
    }
    let is_iso = !volumes.is_empty();
    // The long names first: both trees name the same files, which are read where they are met first.
    volumes.sort_by_key(|descriptor| !is_joliet(descriptor));
    for descriptor in volumes {
        image.volume(reading, descriptor);
    }
    if has_udf && !is_iso {
        reading.unread(part.place, Reason::Unsupported);
    }
    if is_iso && image.whole {
        reading.done(part.place);
    } else if is_iso {
        reading.unread(part.place, Reason::Damaged);
    }
    reading.leftovers(part, &image.spans);
}

struct Image<'p> {
    part: &'p Part<'p>,
    spans: Spans,
    /// Where folders and files stand that were seen: both trees name the same files, and a folder may name itself.
    folders: HashSet<usize>,
    files: HashSet<(usize, usize)>,
    whole: bool,
}

impl Image<'_> {
    fn volume(&mut self, reading: &mut Reading<'_>, descriptor: &[u8]) {
        let joliet = is_joliet(descriptor);
        // System, volume, volume set, publisher, preparer, application.
        for (start, length) in [(8, 32), (40, 32), (190, 128), (318, 128), (446, 128), (574, 128)] {
            let label = text(descriptor.get(start..start + length).unwrap_or_default(), joliet);
            reading.text(self.part.place, label.trim());
        }
        let tables = number(descriptor, 132, 4);
        for table in [number(descriptor, 140, 4), number(descriptor, 144, 4)].into_iter().filter(|&table| table > 0) {
            self.spans.claim(table.saturating_mul(SECTOR), tables.next_multiple_of(SECTOR));
        }
        // The second pair is in the other byte order.
        for table in [148, 152].into_iter().filter_map(|at| descriptor.get(at..)?.first_chunk()) {
            let table = u32::from_be_bytes(*table) as usize;
            self.spans.claim(table.saturating_mul(SECTOR), if table > 0 { tables.next_multiple_of(SECTOR) } else { 0 });
        }
        if let Some(root) = Record::of(descriptor.get(156..190).unwrap_or_default(), joliet) {
            self.folder(reading, &root, "", joliet, 0);
        }
    }

    fn folder(&mut self, reading: &mut Reading<'_>, folder: &Record, path: &str, joliet: bool, depth: usize) {
        let start = folder.sector.saturating_mul(SECTOR);
        let Some(bytes) = self.part.bytes.get(start..start.saturating_add(folder.length)) else {
            self.whole = false;
            return;
        };
        if depth > DEPTH {
            return reading.unread(&self.part.place.inside(path), Reason::Limit);
        }
        if !self.folders.insert(folder.sector) {
            return;
        }
        let mut at = 0;
        while let Some(&length) = bytes.get(at) {
            if length == 0 {
                // Records do not reach over the end of a sector.
                at = (at + 1).next_multiple_of(SECTOR);
                continue;
            }
            let bytes = bytes.get(at..at + usize::from(length)).unwrap_or_default();
            self.spans.claim(start + at, bytes.len());
            at += usize::from(length);
            let Some(record) = Record::of(bytes, joliet) else {
                self.whole = false;
                return;
            };
            if matches!(record.raw.as_slice(), [0 | 1]) {
                continue;
            }
            if !reading.take_entry() {
                return reading.unread(self.part.place, Reason::Limit);
            }
            let name = if path.is_empty() { record.name.clone() } else { format!("{path}/{}", record.name) };
            reading.text(&self.part.place.inside(&name), &name);
            if record.is_folder {
                self.folder(reading, &record, &name, joliet, depth + 1);
            } else {
                self.file(reading, &record, &name);
            }
        }
    }

    fn file(&mut self, reading: &mut Reading<'_>, record: &Record, name: &str) {
        let place = self.part.place.inside(name);
        let start = record.sector.saturating_mul(SECTOR);
        let rest = self.part.bytes.get(start..).unwrap_or_default();
        let bytes = rest.get(..record.length).unwrap_or(rest);
        if bytes.len() < record.length {
            reading.unread(&place, Reason::Damaged);
        }
        if bytes.is_empty() || !self.files.insert((record.sector, record.length)) {
            return;
        }
        self.spans.claim(start, bytes.len());
        if reading.charge(bytes.len() as u64) {
            archive::read_entry(reading, self.part, name, bytes);
        } else {
            reading.unread(&place, Reason::Limit);
        }
    }
}

/// Whether a volume's names are in UTF-16.
fn is_joliet(descriptor: &[u8]) -> bool {
    matches!(descriptor.get(88..91), Some(b"%/@" | b"%/C" | b"%/E"))
}

/// One record of a directory.
struct Record {
    sector: usize,
    length: usize,
    is_folder: bool,
    raw: Vec<u8>,
    name: String,
}

impl Record {
    fn of(bytes: &[u8], joliet: bool) -> Option<Self> {
        let raw = bytes.get(33..)?.get(..usize::from(*bytes.get(32)?))?;
        let system = bytes.get(33 + raw.len() + (raw.len() + 1) % 2..).unwrap_or_default();
        let name = rock_ridge(system).filter(|_| !joliet).unwrap_or_else(|| text(raw, joliet));
        Some(Self {
            sector: number(bytes, 2, 4).checked_add(usize::from(*bytes.get(1)?))?,
            length: number(bytes, 10, 4),
            is_folder: bytes.get(25)? & 2 != 0,
            raw: raw.to_vec(),
            name: name.split(';').next().unwrap_or_default().to_owned(),
        })
    }
}

/// The name that Unix gives a file, from the system's field behind a record.
fn rock_ridge(system: &[u8]) -> Option<String> {
    let mut rest = system;
    let mut name = Vec::new();
    while let [first, second, length, ..] = *rest {
        let field = rest.get(..usize::from(length)).filter(|field| field.len() >= 4)?;
        if (first, second) == (b'N', b'M') {
            name.extend_from_slice(field.get(5..).unwrap_or_default());
        }
        rest = rest.get(field.len()..)?;
    }
    (!name.is_empty()).then(|| name_of(&name))
}

fn text(raw: &[u8], joliet: bool) -> String {
    if joliet { encoding_rs::UTF_16BE.decode_without_bom_handling(raw).0.into_owned() } else { name_of(raw) }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::inspect::extract::{Limits, extract};
    use crate::inspect::{Cell, Job, Kind, Sink};

    #[derive(Default)]
    struct Texts(String);

    impl Sink for Texts {
        fn text(&mut self, place: &crate::inspect::Place, text: &str) {
            self.0.push_str(&format!("{} | {text}\n", place.path));
        }

        fn begin_table(&mut self, _: &crate::inspect::Place) {}

        fn row(&mut self, _: u32, _: &[Cell<'_>]) {}

        fn end_table(&mut self) {}
    }

    fn record(name: &[u8], sector: u8, length: u16, flags: u8) -> Vec<u8> {
        let size = 33 + name.len() + (name.len() + 1) % 2;
        let mut record = vec![0; size];
        record[0] = size as u8;
        record[2] = sector;
        record[10..12].copy_from_slice(&length.to_le_bytes());
        record[25] = flags;
        record[32] = name.len() as u8;
        record[33..33 + name.len()].copy_from_slice(name);
        record
    }

    /// A primary volume, its root in sector 18 with one file and itself as a folder, the file in 19, more behind it.
    fn image() -> Vec<u8> {
        let mut image = vec![0; 21 * SECTOR];
        let mut put = |at: usize, bytes: &[u8]| image[at..at + bytes.len()].copy_from_slice(bytes);
        put(16 * SECTOR, b"\x01CD001\x01");
        put(16 * SECTOR + 40, "ラベル秘密".as_bytes());
        put(16 * SECTOR + 156, &record(b"\0", 18, 2048, 2));
        put(17 * SECTOR, b"\xffCD001\x01");
        let root = [record(b"\0", 18, 2048, 2), record(b"A.TXT;1", 19, 20, 0), record(b"LOOP", 18, 2048, 2)].concat();
        put(18 * SECTOR, &root);
        put(19 * SECTOR, b"inside SECRET 090-12");
        put(20 * SECTOR, b"behind everything SECRET");
        image
    }

    fn read(bytes: &[u8]) -> (String, Vec<Reason>) {
        let mut texts = Texts::default();
        let job = Job::new(Kind::File("a.iso".to_owned()));
        let ledger = extract(bytes, &job, &Limits::default(), &mut texts, &mut ());
        assert_eq!(ledger.kind, "iso");
        (texts.0, ledger.uninspected.into_iter().map(|entry| entry.reason).collect())
    }

    #[test]
    fn files_labels_and_what_no_file_covers_are_read() {
        let (texts, uninspected) = read(&image());
        for text in ["a.iso › A.TXT | inside SECRET 090-12", "ラベル秘密", "behind everything SECRET", "LOOP"] {
            assert!(texts.contains(text), "{text} in {texts}");
        }
        assert_eq!(uninspected, []);
        let (_, cut) = read(&image()[..19 * SECTOR + 5]);
        assert_eq!(cut, [Reason::Damaged]);
    }
}
