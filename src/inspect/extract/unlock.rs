//! Protected parts and the passwords that may open them.
//!
//! In: parts that wait ([`Locked`]), the passwords known beforehand (`Job::passwords`), and the words of this mail's own
//! texts and file names ([`words`]). Out: what opens is read as if it had never been protected; what does not is
//! `uninspected: encrypted`. One file a format says how a password is tried on it. Deliberately absent: guessing. Only
//! passwords that somebody wrote are tried, and the one that Office itself tries.

mod cipher;
mod legacy;
mod odf;
mod office;
mod stated;
mod words;
mod xls;

pub(crate) use self::legacy::{is_protected_doc, is_protected_ppt};
pub(crate) use self::odf::is_protected as is_protected_odf;
pub(crate) use self::words::{Cost, Words};
pub(crate) use self::xls::is_protected as is_protected_xls;
use crate::inspect::extract::package::Package;
use crate::inspect::extract::reading::{Hint, Open, Part, Reading};
use crate::inspect::extract::{archive, pdf, sensitivity};
use crate::inspect::{Place, Reason};

/// How something is protected, and so who can open it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Lock {
    /// An Office document in the container of [MS-OFFCRYPTO].
    Office,
    /// A PDF with a password for its readers.
    Pdf,
    /// Encrypted entries of a zip archive.
    Zip,
    /// A 7z archive, or some of its entries.
    SevenZ,
    /// A RAR archive, or some of its entries.
    Rar,
    /// A Word 97–2003 document.
    Doc,
    /// A PowerPoint 97–2003 presentation.
    Ppt,
    /// An Excel 97–2003 workbook.
    Xls,
    /// An OpenDocument package.
    OpenDocument(Package),
}

impl Lock {
    /// The `type` of `scan --json`.
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Office => "office",
            Self::Pdf => "pdf",
            Self::Zip => "zip",
            Self::SevenZ => "7z",
            Self::Rar => "rar",
            Self::Doc => "doc",
            Self::Ppt => "ppt",
            Self::Xls => "xls",
            Self::OpenDocument(package) => package.name(),
        }
    }
}

/// A protected part that waits.
pub(crate) struct Locked {
    bytes: Vec<u8>,
    place: Place,
    depth: u32,
    lock: Lock,
    open: Open,
}

impl Locked {
    /// `open` is what it is known by once it is opened.
    pub(crate) fn new(part: &Part<'_>, lock: Lock, open: Open) -> Self {
        Self { bytes: part.bytes.to_vec(), place: part.place.clone(), depth: part.depth, lock, open }
    }

    pub(crate) fn open(&self) -> Open {
        self.open
    }

    fn part(&self) -> Part<'_> {
        Part { bytes: &self.bytes, place: &self.place, depth: self.depth, hint: Hint::default() }
    }

    pub(crate) fn place(&self) -> &Place {
        &self.place
    }

    pub(crate) fn bytes(&self) -> &[u8] {
        &self.bytes
    }

    /// What was inside, at the same place; one level deeper, so that what opens into itself comes to an end.
    pub(crate) fn opened<'a>(&'a self, bytes: &'a [u8]) -> Part<'a> {
        Part { bytes, place: &self.place, depth: self.depth.saturating_add(1), hint: Hint::default() }
    }
}

/// Opens a part that waited, or says that it stays closed.
pub(crate) fn open(reading: &mut Reading<'_>, locked: &Locked) {
    if locked.lock == Lock::Office {
        // The label stands beside what is encrypted.
        let place = Place { hidden: true, ..locked.place.inside("LabelInfo") };
        reading.text(&place, &sensitivity::labels_beside(locked.bytes()).unwrap_or_default());
    }
    let opened = match locked.lock {
        Lock::Zip | Lock::SevenZ | Lock::Rar => return archive::unlock(reading, &locked.part(), locked.lock),
        Lock::Pdf if pdf::unlock(reading, &locked.part()) => return,
        Lock::Pdf => None,
        Lock::Office => office::open(reading, locked.bytes()),
        Lock::Doc | Lock::Ppt => legacy::open(reading, locked.bytes()),
        Lock::Xls => xls::open(reading, locked.bytes()),
        Lock::OpenDocument(_) => odf::open(reading, locked),
    };
    match opened {
        Some(bytes) if reading.charge(bytes.len() as u64) => {
            reading.read(&locked.opened(&bytes));
        }
        Some(_) => reading.unread(&locked.place, Reason::Limit),
        None => reading.unread(&locked.place, Reason::Encrypted),
    }
}

/// Tries `first`, which is tried by every program, and then every candidate; the first that opens is remembered.
fn try_each<T>(
    reading: &mut Reading<'_>,
    cost: Cost,
    first: Option<&str>,
    attempt: impl Fn(&str) -> Option<T>,
) -> Option<T> {
    if let Some(opened) = first.and_then(&attempt) {
        return Some(opened);
    }
    for password in reading.passwords(cost) {
        if reading.is_over() {
            return None;
        }
        if let Some(opened) = attempt(&password) {
            reading.password_fits(&password);
            return Some(opened);
        }
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::inspect::extract::{Ledger, Limits, Watch, extract};
    use crate::inspect::{Cell, Job, Kind, Sink};

    struct Nowhere;

    impl Sink for Nowhere {
        fn text(&mut self, _: &Place, _: &str) {}
        fn begin_table(&mut self, _: &Place) {}
        fn row(&mut self, _: u32, _: &[Cell<'_>]) {}
        fn end_table(&mut self) {}
    }

    fn read(bytes: &[u8]) -> Ledger {
        let job = Job { passwords: vec!["Himitsu2026".to_owned()], ..Job::new(Kind::File("a".to_owned())) };
        extract(bytes, &job, &Limits::default(), &mut Nowhere, &mut ())
    }

    /// The numbers and names of the parts that were begun.
    #[derive(Default)]
    struct Begun(Vec<(u64, String)>);

    impl Watch for Begun {
        fn begin(&mut self, part: u64, path: &str, _: bool) {
            self.0.push((part, path.to_owned()));
        }
        fn end(&mut self, _: u64) {}
        fn is_over(&self) -> bool {
            false
        }
        fn picture(&mut self, _: u64, _: &str, _: &[u8]) {}
    }

    #[test]
    fn a_part_that_waited_keeps_its_number_when_another_is_passed_over() {
        use crate::inspect::Without;
        use crate::inspect::extract::places::generators::zipped::archive_of;
        let book: &[u8] = include_bytes!("../../../tests/corpus/encrypted/rc4.xls");
        let bytes = archive_of(&[("a.xls", book), ("b.xls", book), ("c.xls", book)]);
        let begun = |without: Vec<Without>| {
            let job = Job { without, ..Job::new(Kind::File("z".to_owned())) };
            let mut begun = Begun::default();
            extract(&bytes, &job, &Limits::default(), &mut Nowhere, &mut begun);
            begun.0
        };
        let all = begun(Vec::new());
        let of = |name: &str| all.iter().filter(|(_, path)| path.ends_with(name)).cloned().collect::<Vec<_>>();
        assert!(of("a.xls").len() >= 2 && of("c.xls").len() >= 2, "{all:?}");
        let (first, _) = of("a.xls").first().cloned().unwrap();
        let rest = begun(vec![Without { part: first, reason: Reason::Crashed }]);
        assert!(of("c.xls").iter().all(|part| rest.contains(part)), "{all:?} {rest:?}");
    }

    /// Those whose passwords cost nothing to try; for the others there is no time.
    #[test]
    fn damage_to_what_is_protected_breaks_no_opener() {
        let files: [&[u8]; 5] = [
            include_bytes!("../../../tests/corpus/encrypted/rc4.xls"),
            include_bytes!("../../../tests/corpus/encrypted/xor.xls"),
            include_bytes!("../../../tests/corpus/encrypted/lo_pw.xls"),
            include_bytes!("../../../tests/corpus/encrypted/lo_pw.doc"),
            include_bytes!("../../../tests/corpus/encrypted/blowfish.odt"),
        ];
        let mut state = 20_261_129u32;
        let mut random = |below: usize| {
            state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
            usize::try_from(state >> 8).unwrap() % below
        };
        for file in files {
            assert!(read(file).protected);
            for _ in 0..40 {
                let mut bytes = file.to_vec();
                for _ in 0..=random(8) {
                    // Most of what decides is at the front or at the end.
                    let at =
                        [random(bytes.len()), random(2_048.min(bytes.len())), bytes.len() - 1 - random(300)][random(3)];
                    bytes[at] = u8::try_from(random(256)).unwrap();
                }
                bytes.truncate(bytes.len() - random(4) * random(bytes.len() / 8));
                let ledger = read(&bytes);
                let crashed = ledger.uninspected.iter().any(|entry| entry.reason == Reason::Crashed);
                assert!(!crashed, "{:?}", ledger.uninspected);
                let told = !ledger.uninspected.is_empty() || ledger.coverage.inspected > 0;
                assert!(told, "nothing is said of a damaged file");
            }
        }
    }
}
