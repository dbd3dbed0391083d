//! Opening a document: without a password, or with one that somebody wrote down.
//!
//! In: the file's bytes. Out: the document, or why it stays closed. A document that only its owner may change opens
//! without a password. Deliberately absent: certificates, the rights that an owner grants.

use std::sync::Arc;

use hayro_syntax::{DecryptionError, LoadPdfError, Pdf};
use memchr::memmem;

use crate::inspect::extract::reading::Reading;
use crate::inspect::extract::unlock::Cost;

/// How many passwords are tried: each costs the newest encryption some hundred rounds of hashing.
const TRIES: usize = 64;

/// The library follows tables of objects that refer to older ones as deep as they go, which is too deep for the stack
/// of a thread. An outline has as many entries of this name, and does not mind.
const TABLES: usize = 1_000;

/// Why a document did not open.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Closed {
    /// It needs a password.
    Password,
    /// It is encrypted in a way that no password opens: a certificate, an unknown method.
    Method,
    /// There is no document in it.
    Broken,
}

/// Opens a document.
pub(super) fn open(bytes: Arc<Vec<u8>>, password: &str) -> Result<Pdf, Closed> {
    let bytes = if memmem::find_iter(&bytes, b"/Prev").nth(TABLES).is_some() {
        Arc::new(without_tables(&bytes))
    } else {
        bytes
    };
    Pdf::new_with_password(bytes, password).map_err(|error| match error {
        LoadPdfError::Decryption(DecryptionError::PasswordProtected) => Closed::Password,
        LoadPdfError::Decryption(_) => Closed::Method,
        LoadPdfError::Invalid => Closed::Broken,
    })
}

/// A file whose tables of objects nobody finds, so that every object in it counts, struck out or not.
pub(super) fn without_tables(bytes: &[u8]) -> Vec<u8> {
    let mut copy = bytes.to_vec();
    for at in memmem::find_iter(bytes, b"startxref") {
        if let Some(word) = copy.get_mut(at..at + 9) {
            word.fill(b'%');
        }
    }
    copy
}

/// Opens a document with one of the known passwords, which is then known to fit.
pub(super) fn open_with_known(reading: &mut Reading<'_>, bytes: &Arc<Vec<u8>>) -> Option<(Pdf, String)> {
    for password in reading.passwords(Cost::Cheap).into_iter().take(TRIES) {
        if reading.is_over() {
            break;
        }
        if let Ok(pdf) = open(Arc::clone(bytes), &password) {
            reading.password_fits(&password);
            return Some((pdf, password));
        }
    }
    None
}
