//! The files of exact data and of registered documents, opened by a worker before it is locked down, and by whoever checks
//! the rules.
//!
//! In: the folder of the organisation's rules. Out: indexes (`exact/`) and the library (`fingerprints/`), which are read where
//! they lie ([`Bytes`]), and the secrets that they were made with. Deliberately absent: writing; `sekisho edm build` and
//! `sekisho fingerprint` do that.

use std::fs::{self, File};
use std::io;
use std::os::unix::fs::FileExt as _;
use std::path::PathBuf;

use crate::inspect::detect::exact::{Bytes, Shelf};
use crate::inspect::detect::fingerprint::{LIBRARY, SECRET as LIBRARY_SECRET};

/// The longest secret that is read.
const SECRET: u64 = 4 << 10;

/// The folder, if there is one.
#[derive(Debug, Clone)]
pub struct Folder(Option<PathBuf>);

impl Folder {
    /// Files of the organisation's rules in `path`; none without it.
    pub fn new(path: Option<PathBuf>) -> Self {
        Self(path)
    }

    fn path(&self, name: &str) -> io::Result<PathBuf> {
        let folder = self.0.as_ref().ok_or(io::ErrorKind::NotFound)?;
        Ok(folder.join(name))
    }

    fn short(&self, name: &str) -> io::Result<Vec<u8>> {
        let path = self.path(name)?;
        if fs::metadata(&path)?.len() > SECRET {
            return Err(io::Error::other("it is too long for a key"));
        }
        fs::read(path)
    }
}

impl Shelf for Folder {
    fn index(&self, name: &str) -> io::Result<Box<dyn Bytes>> {
        Ok(Box::new(Index(File::open(self.path(&format!("exact/{name}"))?)?)))
    }

    fn secret(&self, name: &str) -> io::Result<Vec<u8>> {
        self.short(&format!("exact/{name}"))
    }

    fn library(&self) -> io::Result<Option<Box<dyn Bytes>>> {
        if self.0.is_none() {
            return Ok(None);
        }
        match File::open(self.path(LIBRARY)?) {
            Ok(file) => Ok(Some(Box::new(Index(file)))),
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
            Err(error) => Err(error),
        }
    }

    fn library_secret(&self) -> io::Result<Vec<u8>> {
        self.short(LIBRARY_SECRET)
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
