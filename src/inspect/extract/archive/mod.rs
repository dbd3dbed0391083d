//! Archives and packed files: every entry, whatever its name, wherever it hides.
//!
//! In: an archive's bytes. Out: each entry as a part of its own, its name as text; what stands between and behind the
//! entries as well. Deliberately absent: writing, and believing any size that an archive claims.

pub(crate) mod zip;

use crate::inspect::Reason;
use crate::inspect::extract::reading::{Part, Reading};

/// Which archive.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Archive {
    Zip,
    SevenZ,
    Rar,
    Tar,
    Gzip,
    Bzip2,
    Xz,
    Lzma,
    Zstd,
    Lha,
    Cab,
    Iso,
    /// A program, which may unpack itself.
    Program,
}

impl Archive {
    /// The `type` of `scan --json`.
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Zip => "zip",
            Self::SevenZ => "7z",
            Self::Rar => "rar",
            Self::Tar => "tar",
            Self::Gzip => "gzip",
            Self::Bzip2 => "bzip2",
            Self::Xz => "xz",
            Self::Lzma => "lzma",
            Self::Zstd => "zstd",
            Self::Lha => "lzh",
            Self::Cab => "cab",
            Self::Iso => "iso",
            Self::Program => "executable",
        }
    }
}

/// Reads an archive.
pub(crate) fn read(reading: &mut Reading<'_>, part: &Part<'_>, kind: Archive) {
    match kind {
        Archive::Zip => zip::read(reading, part),
        _ => reading.unread(part.place, Reason::Unsupported),
    }
}
