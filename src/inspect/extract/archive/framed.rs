//! Packed data behind a header that we wrote: how a library unpacks what we found by our own reading of an archive.
//!
//! In: a header and data that stand somewhere in a part. Out: both as one file that can be read and searched, without a
//! copy of the data, and a count of how much was used. Deliberately absent: what the header says (its format's file).

use std::cell::Cell;
use std::io::{Error, ErrorKind, Read, Result, Seek, SeekFrom};

/// A header and data behind it.
pub(super) struct Framed<'a> {
    pub(super) head: Vec<u8>,
    pub(super) data: &'a [u8],
    pub(super) at: usize,
    /// How far it was read.
    pub(super) consumed: &'a Cell<usize>,
}

impl Read for Framed<'_> {
    fn read(&mut self, buffer: &mut [u8]) -> Result<usize> {
        let mut source = match self.at.checked_sub(self.head.len()) {
            None => self.head.get(self.at..),
            Some(at) => self.data.get(at..),
        }
        .unwrap_or_default();
        let count = source.read(buffer)?;
        self.at += count;
        self.consumed.set(self.at.max(self.consumed.get()));
        Ok(count)
    }
}

impl Seek for Framed<'_> {
    fn seek(&mut self, to: SeekFrom) -> Result<u64> {
        let end = (self.head.len() + self.data.len()) as u64;
        let at = match to {
            SeekFrom::Start(at) => Some(at),
            SeekFrom::Current(by) => (self.at as u64).checked_add_signed(by),
            SeekFrom::End(by) => end.checked_add_signed(by),
        };
        self.at = at.and_then(|at| usize::try_from(at).ok()).ok_or_else(|| Error::from(ErrorKind::InvalidInput))?;
        Ok(self.at as u64)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn header_and_data_are_one_file() {
        let consumed = Cell::default();
        let mut framed = Framed { head: b"head".to_vec(), data: b"data", at: 0, consumed: &consumed };
        let mut all = String::new();
        framed.read_to_string(&mut all).unwrap();
        assert_eq!(all, "headdata");
        framed.seek(SeekFrom::End(-5)).unwrap();
        let mut rest = String::new();
        framed.read_to_string(&mut rest).unwrap();
        assert_eq!((rest.as_str(), consumed.get()), ("ddata", 8));
        assert!(framed.seek(SeekFrom::Current(-9)).is_err());
    }
}
