//! Compressed mail contents (RFC 3274, RFC 4880 §5.6) → their bytes.
//!
//! In: a decompressor and how much may come out. Out: what came out, and why it ended early if it did. Deliberately
//! absent: compressed files, which are archives.

use std::io::Read;

use crate::inspect::Reason;

/// What came out.
pub(crate) struct Unpacked {
    pub(crate) bytes: Vec<u8>,
    /// Why it is not all of it.
    pub(crate) cut: Option<Reason>,
}

/// Reads a decompressor to its end, to the limit, or to where its input breaks.
pub(crate) fn unpack(mut packed: impl Read, limit: u64) -> Unpacked {
    let mut bytes = Vec::new();
    let mut buffer = [0; 16 * 1024];
    let cut = loop {
        match packed.read(&mut buffer) {
            Ok(0) => break None,
            Ok(count) if bytes.len() as u64 + count as u64 > limit => break Some(Reason::Limit),
            Ok(count) => bytes.extend_from_slice(buffer.get(..count).unwrap_or_default()),
            Err(_) => break Some(Reason::Damaged),
        }
    };
    Unpacked { bytes, cut }
}
