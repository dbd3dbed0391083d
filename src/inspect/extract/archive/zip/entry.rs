//! One zip entry's data → its content.
//!
//! In: packed data and what a header says of them. Out: a reader of the content. The `zip` crate unpacks and decrypts
//! every method, but only what its own reading of an archive leads it to; so each entry is given to it as an archive of
//! its own, with a directory of one header that says what we have read. Deliberately absent: where the data stand
//! (`directory`).

use std::cell::Cell;
use std::io::Cursor;

use zip::ZipReadOptions;
use zip::read::{Config, ZipFile};
use zip::result::{ZipError, ZipResult};
use zip::unstable::read::ZipIterable;

use crate::inspect::Reason;
use crate::inspect::extract::archive::framed::Framed;

/// A size that no entry reaches: the size that an archive claims must not cut off what there is.
const ANY_SIZE: u32 = u32::MAX - 1;

/// Methods whose packing does not tell where it ends, so that the claimed size counts.
const SIZED: [u16; 6] = [1, 2, 3, 4, 6, 14];

/// Packed data, and what a header says of them.
#[derive(Clone, Copy)]
pub(crate) struct Packed<'a> {
    pub(crate) method: u16,
    pub(crate) flags: u16,
    pub(crate) time: u16,
    /// The check sum, if a header has it.
    pub(crate) crc: Option<u32>,
    pub(crate) size: usize,
    /// The extra field of AES encryption, without its head.
    pub(crate) aes: &'a [u8],
    pub(crate) data: &'a [u8],
    pub(crate) is_encrypted: bool,
}

impl<'a> Packed<'a> {
    /// To be opened with [`Self::open`].
    pub(crate) fn framed<'f>(&self, consumed: &'f Cell<usize>) -> Framed<'f>
    where
        'a: 'f,
    {
        Framed { head: self.header(b"PK\x03\x04", b""), data: self.data, at: 0, consumed }
    }

    /// Starts to unpack.
    pub(crate) fn open<'f, 'd>(
        &self,
        framed: &'f mut Framed<'d>,
        password: Option<&[u8]>,
    ) -> ZipResult<ZipFile<'f, Framed<'d>>> {
        let mut directory = self.header(b"PK\x01\x02\x14\0", &[0; 14]);
        let length = u32::try_from(directory.len()).unwrap_or_default();
        directory.extend_from_slice(b"PK\x05\x06\0\0\0\0\x01\0\x01\0");
        directory.extend_from_slice(&length.to_le_bytes());
        directory.extend_from_slice(&[0; 6]);
        let mut archive = ZipIterable::try_new(Cursor::new(directory.as_slice()), Config::default())?;
        let entry = archive.files()?.next().ok_or(ZipError::FileNotFound)??;
        let options = ZipReadOptions::new().password(password).ignore_crc32(self.crc.is_none());
        entry.with_reader(framed, options)
    }

    /// A header of either kind: they differ in how they begin and in how many fields stand behind the lengths.
    fn header(&self, start: &[u8], end: &[u8]) -> Vec<u8> {
        let size = if SIZED.contains(&self.method) { u32::try_from(self.size).unwrap_or(ANY_SIZE) } else { ANY_SIZE };
        let packed = u32::try_from(self.data.len()).unwrap_or(ANY_SIZE);
        let mut header = start.to_vec();
        header.extend_from_slice(&[63, 0]);
        for short in [self.flags, self.method, self.time, 0x21] {
            header.extend_from_slice(&short.to_le_bytes());
        }
        for long in [self.crc.unwrap_or_default(), packed, size] {
            header.extend_from_slice(&long.to_le_bytes());
        }
        let extra = if self.aes.is_empty() { 0 } else { self.aes.len().saturating_add(4) };
        header.extend_from_slice(&[1, 0]);
        header.extend_from_slice(&u16::try_from(extra).unwrap_or_default().to_le_bytes());
        header.extend_from_slice(end);
        header.push(b'e');
        if extra > 0 {
            header.extend_from_slice(&[0x01, 0x99]);
            header.extend_from_slice(&u16::try_from(self.aes.len()).unwrap_or_default().to_le_bytes());
            header.extend_from_slice(self.aes);
        }
        header
    }
}

/// Why an entry could not be opened.
pub(crate) fn reason(error: &ZipError) -> Reason {
    match error {
        ZipError::InvalidPassword | ZipError::UnsupportedArchive(ZipError::PASSWORD_REQUIRED) => Reason::Encrypted,
        ZipError::UnsupportedArchive(_) | ZipError::CompressionMethodNotSupported(_) => Reason::Unsupported,
        ZipError::Io(error) if error.kind() == std::io::ErrorKind::OutOfMemory => Reason::Limit,
        _ => Reason::Damaged,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::inspect::extract::archive::Trial;

    struct Greedy;

    impl std::io::Read for Greedy {
        fn read(&mut self, _: &mut [u8]) -> std::io::Result<usize> {
            Err(std::io::ErrorKind::OutOfMemory.into())
        }
    }

    #[test]
    fn memory_that_is_short_is_a_limit_and_no_damage() {
        let short = || std::io::Error::from(std::io::ErrorKind::OutOfMemory);
        assert_eq!(reason(&ZipError::Io(short())), Reason::Limit);
        assert_eq!(reason(&ZipError::Io(std::io::ErrorKind::InvalidData.into())), Reason::Damaged);
        let mut trial = Trial::new(1_000);
        trial.run(Greedy, &Cell::default());
        assert_eq!(trial.failure, Some(Reason::Limit));
    }
}
