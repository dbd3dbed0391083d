//! The files of exact data, opened by a worker before it is locked down, and by whoever checks the rules.
//!
//! In: the folder `exact` of the organisation's rules. Out: indexes that are read where they lie ([`Bytes`]) and the secret
//! that they were made with. Deliberately absent: writing; `sekisho edm build` does that.

use std::fs::{self, File};
use std::io;
use std::os::unix::fs::FileExt as _;
use std::path::PathBuf;

use crate::inspect::detect::exact::{Bytes, Shelf};

/// The longest secret that is read.
const SECRET: u64 = 4 << 10;

/// The folder, if there is one.
#[derive(Debug, Clone)]
pub struct Folder(Option<PathBuf>);

impl Folder {
    /// Files of `path`; none without it.
    pub fn new(path: Option<PathBuf>) -> Self {
        Self(path)
    }

    fn path(&self, name: &str) -> io::Result<PathBuf> {
        let folder = self.0.as_ref().ok_or(io::ErrorKind::NotFound)?;
        Ok(folder.join(name))
    }
}

impl Shelf for Folder {
    fn index(&self, name: &str) -> io::Result<Box<dyn Bytes>> {
        Ok(Box::new(Index(File::open(self.path(name)?)?)))
    }

    fn secret(&self, name: &str) -> io::Result<Vec<u8>> {
        let path = self.path(name)?;
        if fs::metadata(&path)?.len() > SECRET {
            return Err(io::Error::other("it is too long for a key"));
        }
        fs::read(path)
    }
}

#[derive(Debug)]
struct Index(File);

impl Bytes for Index {
    fn length(&self) -> io::Result<u64> {
        Ok(self.0.metadata()?.len())
    }

    fn read_at(&self, buffer: &mut [u8], offset: u64) -> io::Result<()> {
        self.0.read_exact_at(buffer, offset)
    }
}
