//! Word and PowerPoint documents of 97–2003 behind a password.
//!
//! In: the compound file. Out: the same file with its streams in the clear. The library verifies each password by the
//! file's own verifier (RC4 and RC4 CryptoAPI). Deliberately absent: the XOR obfuscation of Word 95, which stays
//! encrypted; Word has not written it for a quarter of a century.

use std::panic::{AssertUnwindSafe, catch_unwind};

use super::{Cost, try_each};
use crate::inspect::extract::compound::{Compound, u16_at, u32_at};
use crate::inspect::extract::reading::Reading;

/// `fEncrypted` in the header of a Word document.
const ENCRYPTED: u16 = 0x0100;

/// What `Current User` says of an encrypted presentation ([MS-PPT] 2.3.2).
const ENCRYPTED_TOKEN: u32 = 0xf3d1_c4df;

/// Whether a password protects this Word document.
pub(crate) fn is_protected_doc(bytes: &[u8]) -> bool {
    head_of(bytes, "WordDocument").is_some_and(|head| u16_at(&head, 10).is_some_and(|flags| flags & ENCRYPTED != 0))
}

/// Whether a password protects this presentation.
pub(crate) fn is_protected_ppt(bytes: &[u8]) -> bool {
    head_of(bytes, "Current User").is_some_and(|head| u32_at(&head, 12) == Some(ENCRYPTED_TOKEN))
}

fn head_of(bytes: &[u8], name: &str) -> Option<Vec<u8>> {
    let file = Compound::open(bytes)?;
    file.top().into_iter().find(|entry| entry.name == name).map(|entry| file.stream(entry))
}

/// The document in the clear, if a password opens it.
pub(super) fn open(reading: &mut Reading<'_>, bytes: &[u8]) -> Option<Vec<u8>> {
    try_each(reading, Cost::Cheap, Some(super::office::DEFAULT), |password| decrypted(bytes, password))
}

fn decrypted(bytes: &[u8], password: &str) -> Option<Vec<u8>> {
    // A damaged container makes the library panic.
    let opened = catch_unwind(AssertUnwindSafe(|| office_crypto::decrypt_from_bytes(bytes.to_vec(), password)));
    opened.ok()?.ok().filter(|opened| !is_protected_doc(opened) && !is_protected_ppt(opened))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_document_opens_by_its_password_only_and_damage_never_opens_it() {
        let file = include_bytes!("../../../../tests/corpus/encrypted/lo_pw.doc");
        let secret: Vec<u8> = "入れ子表秘密語".encode_utf16().flat_map(u16::to_le_bytes).collect();
        let holds = |bytes: &[u8]| memchr::memmem::find(bytes, &secret).is_some();
        assert!(is_protected_doc(file) && !is_protected_ppt(file) && !holds(file));
        assert_eq!(decrypted(file, "himitsu2026"), None);
        assert!(decrypted(file, "Himitsu2026").is_some_and(|opened| holds(&opened)));
        for length in (0..file.len()).step_by(509) {
            let _ = decrypted(&file[..length], "Himitsu2026");
        }
    }
}
