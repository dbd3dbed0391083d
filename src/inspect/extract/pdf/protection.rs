//! Opening a document: without a password, or with one that somebody wrote down.
//!
//! In: the file's bytes. Out: the document, or why it stays closed. A document that only its owner may change opens
//! without a password. Deliberately absent: certificates, the rights that an owner grants.

use std::sync::Arc;

use hayro_syntax::object::{Array, Dict, FromBytes as _, MaybeRef, Object, String as Bytes};
use hayro_syntax::{DecryptionError, LoadPdfError, Pdf};
use memchr::memmem;

use super::file::File;
use crate::inspect::extract::reading::Reading;
use crate::inspect::extract::unlock::Cost;

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
pub(super) fn open_with_known(reading: &mut Reading<'_>, bytes: &Arc<Vec<u8>>, file: &File) -> Option<(Pdf, String)> {
    let lock = lock(bytes, file).map(Arc::new).filter(needs_password);
    // The newest encryption hashes some hundred times; and a whole document takes long to open, whatever protects it.
    let newest = memmem::find(bytes, b"AESV3").is_some() || lock.is_none();
    for password in reading.passwords(if newest { Cost::Dear } else { Cost::Cheap }) {
        if reading.is_over() {
            break;
        }
        if lock.as_ref().is_some_and(|lock| open(Arc::clone(lock), &password).is_err()) {
            continue;
        }
        if let Ok(pdf) = open(Arc::clone(bytes), &password) {
            reading.password_fits(&password);
            return Some((pdf, password));
        }
    }
    None
}

/// Whether nothing but a password is missing.
pub(super) fn needs_password(lock: &Arc<Vec<u8>>) -> bool {
    open(Arc::clone(lock), "").err() == Some(Closed::Password)
}

/// A document of nothing but another one's protection, on which passwords are quickly tried.
pub(super) fn lock(bytes: &[u8], file: &File) -> Option<Vec<u8>> {
    let trailers = file.trailers.iter().filter_map(|range| Dict::from_bytes(bytes.get(range.clone())?));
    let tables = file.objects.iter().filter_map(|written| match written.object(bytes) {
        Some(Object::Stream(stream)) if stream.dict().contains_key("Encrypt") => Some(stream.dict().clone()),
        _ => None,
    });
    let trailer = trailers.chain(tables).rfind(|dict| dict.contains_key("Encrypt"))?;
    let protection = match trailer.get_raw::<Object<'_>>("Encrypt")? {
        MaybeRef::Ref(to) => {
            file.objects.iter().rev().find(|written| written.id == to.into())?.object(bytes)?.into_dict()?
        }
        MaybeRef::NotRef(object) => object.into_dict()?,
    };
    let id = trailer.get::<Array<'_>>("ID").and_then(|id| id.iter::<Bytes<'_>>().next());
    let id: String = id.iter().flat_map(|id| id.as_bytes()).map(|byte| format!("{byte:02x}")).collect();
    let objects = [
        "1 0 obj<</Type/Catalog/Pages 2 0 R>>endobj\n",
        "2 0 obj<</Type/Pages/Kids[3 0 R]/Count 1>>endobj\n",
        "3 0 obj<</Type/Page/Parent 2 0 R>>endobj\n",
    ];
    let (mut lock, mut table) = (String::from("%PDF-1.7\n"), String::from("xref\n1 3\n"));
    for object in objects {
        table.push_str(&format!("{:010} 00000 n \n", lock.len()));
        lock.push_str(object);
    }
    let start = lock.len();
    let head = format!("{lock}{table}trailer<</Root 1 0 R/Encrypt ");
    let tail = format!("/ID[<{id}>]>>\nstartxref\n{start}\n%%EOF\n");
    Some([head.as_bytes(), protection.data(), tail.as_bytes()].concat())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_lock_opens_as_its_document_does() {
        let files: [&[u8]; 2] = [
            include_bytes!("../../../../tests/corpus/pdf/enc_aes128_user.pdf"),
            include_bytes!("../../../../tests/corpus/pdf/qpdf_r6_user.pdf"),
        ];
        for bytes in files {
            let lock = Arc::new(lock(bytes, &File::of(bytes, 1 << 20)).unwrap());
            assert!(lock.len() < 2_000);
            assert_eq!(open(Arc::clone(&lock), "wrong").err(), Some(Closed::Password));
            assert!(open(lock, "userpw").is_ok());
        }
    }
}
