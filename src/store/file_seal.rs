//! Sealing what lies in a file beside the database, because that is away.
//!
//! In: the name of a file, and its lines. Out: the lines encrypted with a key of the file's own, and that key wrapped with
//! the root key, which needs no database and is never rotated; a line opens only in its file and in its place. Deliberately
//! absent: the file (`journal::spool`).

use aws_lc_rs::aead::{AES_256_GCM, Aad, LessSafeKey, NONCE_LEN, Nonce};

use super::{
    Store, StoreError,
    key::{self, KEY_LENGTH},
};

/// The key of one file.
pub struct FileKey {
    key: LessSafeKey,
}

impl std::fmt::Debug for FileKey {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("FileKey").finish_non_exhaustive()
    }
}

/// What the key of a file is bound to; no mail has such an id.
fn bound(name: &str) -> String {
    format!("file {name}")
}

impl Store {
    /// A new key for the file `name`, and the same wrapped, to be kept in the file.
    pub fn new_file_key(&self, name: &str) -> Result<(FileKey, Vec<u8>), StoreError> {
        let bytes = key::random::<KEY_LENGTH>()?;
        let wrapped = self.inner.ring.root.wrap(&bound(name), &bytes)?;
        Ok((FileKey::of(name, &bytes)?, wrapped))
    }

    /// The key of the file `name` that was kept in it.
    pub fn file_key(&self, name: &str, wrapped: &[u8]) -> Result<FileKey, StoreError> {
        let bytes = self.inner.ring.root.open(&bound(name), wrapped).map_err(|_| StoreError::Seal(bound(name)))?;
        FileKey::of(name, &bytes)
    }
}

impl FileKey {
    fn of(name: &str, bytes: &[u8]) -> Result<Self, StoreError> {
        let key = key::aes_key(bytes).map_err(|_| StoreError::Seal(bound(name)))?;
        Ok(Self { key })
    }

    /// How long a line is, once it is encrypted.
    pub fn sealed_length(plain: usize) -> usize {
        NONCE_LEN + plain + AES_256_GCM.tag_len()
    }

    /// Encrypts line number `line` of the file.
    pub fn seal(&self, line: u64, plain: &[u8]) -> Result<Vec<u8>, StoreError> {
        let nonce = key::random::<NONCE_LEN>()?;
        let mut sealed = plain.to_vec();
        let place = Aad::from(line.to_be_bytes());
        self.key
            .seal_in_place_append_tag(Nonce::assume_unique_for_key(nonce), place, &mut sealed)
            .map_err(|_| StoreError::System("encryption failed".to_owned()))?;
        Ok([&nonce[..], &sealed].concat())
    }

    /// Opens line number `line`; none if it is not what was sealed there.
    pub fn open(&self, line: u64, sealed: &[u8]) -> Option<Vec<u8>> {
        let (nonce, sealed) = sealed.split_at_checked(NONCE_LEN)?;
        let mut bytes = sealed.to_vec();
        let nonce = Nonce::try_assume_unique_for_key(nonce).ok()?;
        let length = self.key.open_in_place(nonce, Aad::from(line.to_be_bytes()), &mut bytes).ok()?.len();
        bytes.truncate(length);
        Some(bytes)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn a_line_opens_in_its_file_and_its_place_only_and_outlives_a_rotation() {
        let dir = tempfile::tempdir().unwrap();
        let store = Store::open(dir.path()).await.unwrap();
        let (key, wrapped) = store.new_file_key("1").unwrap();
        let sealed = key.seal(3, b"words").unwrap();
        assert!(memchr::memmem::find(&sealed, b"words").is_none());
        assert_eq!(sealed.len(), FileKey::sealed_length(5));
        store.rotate_keys(jiff::Timestamp::now(), |_| {}).await.unwrap();
        let again = store.file_key("1", &wrapped).unwrap();
        assert_eq!(again.open(3, &sealed).unwrap(), b"words");
        assert!(
            again.open(4, &sealed).is_none() && again.open(3, &sealed[1..]).is_none() && again.open(3, b"x").is_none()
        );
        assert!(matches!(store.file_key("2", &wrapped), Err(StoreError::Seal(_))), "another file's");
        let (other, _) = store.new_file_key("1").unwrap();
        assert!(other.open(3, &sealed).is_none());
    }
}
