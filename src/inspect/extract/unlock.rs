//! Protected parts and the passwords that may open them.
//!
//! In: parts that wait ([`Locked`]), the organisation's passwords and those of neighbouring mails (`Job::passwords`), and
//! the words of this mail's own texts and file names. Out: what opens is read as if it had never been protected; what
//! does not is `uninspected: encrypted`. Deliberately absent: guessing. Only passwords that somebody wrote are tried.

use crate::inspect::extract::archive;
use crate::inspect::extract::pdf;
use crate::inspect::extract::reading::{Hint, Part, Reading};
use crate::inspect::{Place, Reason};

/// How many passwords are tried on one part: each costs some formats a fortieth of a second.
const CANDIDATES: usize = 64;

/// How much of a mail's text is kept to look for passwords in.
const KEPT: usize = 64 << 10;

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
}

/// A protected part that waits.
pub(crate) struct Locked {
    bytes: Vec<u8>,
    place: Place,
    depth: u32,
    lock: Lock,
}

impl Locked {
    pub(crate) fn new(part: &Part<'_>, lock: Lock) -> Self {
        Self { bytes: part.bytes.to_vec(), place: part.place.clone(), depth: part.depth, lock }
    }

    fn part(&self) -> Part<'_> {
        Part { bytes: &self.bytes, place: &self.place, depth: self.depth, hint: Hint::default() }
    }

    pub(crate) fn place(&self) -> &Place {
        &self.place
    }
}

/// Opens a part that waited, or says that it stays closed.
pub(crate) fn open(reading: &mut Reading<'_>, locked: &Locked) {
    match locked.lock {
        Lock::Office => reading.unread(&locked.place, Reason::Encrypted),
        Lock::Pdf => {
            if !pdf::unlock(reading, &locked.part()) {
                reading.unread(&locked.place, Reason::Encrypted);
            }
        }
        Lock::Zip | Lock::SevenZ | Lock::Rar => archive::unlock(reading, &locked.part(), locked.lock),
    }
}

/// Words that may be passwords.
pub(crate) struct Words {
    known: Vec<String>,
    text: String,
}

impl Words {
    pub(crate) fn new(known: &[String]) -> Self {
        Self { known: known.to_vec(), text: String::new() }
    }

    /// Keeps a text to look for passwords in, should something be protected.
    pub(crate) fn note(&mut self, text: &str) {
        let room = KEPT.saturating_sub(self.text.len());
        self.text.push_str(text.get(..text.floor_char_boundary(room)).unwrap_or_default());
    }

    /// Passwords to try, likeliest first.
    pub(crate) fn candidates(&self) -> Vec<String> {
        self.known.iter().take(CANDIDATES).cloned().collect()
    }

    /// This one opened something.
    pub(crate) fn prefer(&mut self, password: &str) {
        self.known.retain(|known| known != password);
        self.known.insert(0, password.to_owned());
    }
}
