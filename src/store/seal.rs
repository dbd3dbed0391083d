//! Sealing at rest: each mail is encrypted with a key of its own, and that key with the master key.
//!
//! In: bytes and the id they belong to. Out: a [`Sealed`] for the database, or the bytes again. AES-256-GCM binds both
//! layers to the id, so that neither a key nor a mail can be put in another's place. A 50 MiB mail exists twice while
//! it is sealed (as it came, and sealed), never more.
//! Deliberately absent: any key on disk that is not wrapped.

use aws_lc_rs::aead::{AES_256_GCM, Aad, NONCE_LEN, Nonce};

use super::{
    Store, StoreError, Writing,
    key::{self, KEY_LENGTH},
};

/// Encrypted bytes with all that is needed, beside the master key, to open them.
pub struct Sealed {
    pub(super) id: String,
    pub(super) wrapped_key: Vec<u8>,
    pub(super) nonce: [u8; NONCE_LEN],
    pub(super) bytes: Vec<u8>,
}

impl Store {
    /// Encrypts `bytes` as those of `id`; nothing is written yet.
    pub async fn seal(&self, id: &str, bytes: impl AsRef<[u8]> + Send + 'static) -> Result<Sealed, StoreError> {
        let (store, id) = (self.clone(), id.to_owned());
        blocking(move || store.seal_now(id, bytes.as_ref())).await
    }

    /// Opens the sealed bytes of `id`.
    pub async fn unseal(&self, id: &str) -> Result<Vec<u8>, StoreError> {
        let (mut wrapped_key, mut nonce, mut bytes) = self.sealed(id).await?;
        if !self.learn_key_of(&wrapped_key).await? {
            // Its key was wrapped anew after it was read, and the older one deleted.
            (wrapped_key, nonce, bytes) = self.sealed(id).await?;
            self.learn_key_of(&wrapped_key).await?;
        }
        let (store, id) = (self.clone(), id.to_owned());
        blocking(move || store.unseal_now(&id, &wrapped_key, &nonce, bytes)).await
    }

    /// The wrapped key, the nonce and the sealed bytes of `id`.
    async fn sealed(&self, id: &str) -> Result<(Vec<u8>, Vec<u8>, Vec<u8>), StoreError> {
        let row = sqlx::query_as("SELECT wrapped_key, nonce, bytes FROM sealed WHERE id = $1").bind(id);
        row.fetch_optional(self.readers()).await?.ok_or_else(|| StoreError::Destroyed(id.to_owned()))
    }

    pub(super) fn seal_now(&self, id: String, plain: &[u8]) -> Result<Sealed, StoreError> {
        let data_key = key::random::<KEY_LENGTH>()?;
        let nonce = key::random::<NONCE_LEN>()?;
        let wrapped_key = self.inner.ring.wrap(&id, &data_key)?;
        let mut bytes = vec![0; plain.len() + AES_256_GCM.tag_len()];
        let (sealed, tag) = bytes.split_at_mut(plain.len());
        key::aes_key(&data_key)
            .and_then(|key| {
                let nonce = Nonce::assume_unique_for_key(nonce);
                key.seal_out_of_place_scatter(nonce, Aad::from(id.as_bytes()), plain, sealed, &[], tag)
            })
            .map_err(|_| StoreError::System("encryption failed".to_owned()))?;
        Ok(Sealed { id, wrapped_key, nonce, bytes })
    }

    pub(super) fn unseal_now(
        &self,
        id: &str,
        wrapped: &[u8],
        nonce: &[u8],
        mut bytes: Vec<u8>,
    ) -> Result<Vec<u8>, StoreError> {
        let broken = |_| StoreError::Seal(id.to_owned());
        let data_key = self.inner.ring.unwrap(id, wrapped)?;
        let nonce = Nonce::try_assume_unique_for_key(nonce).map_err(broken)?;
        let length = data_key.open_in_place(nonce, Aad::from(id.as_bytes()), &mut bytes).map_err(broken)?.len();
        bytes.truncate(length);
        Ok(bytes)
    }
}

impl Writing {
    /// Keeps sealed bytes.
    pub async fn put_sealed(&mut self, sealed: Sealed) -> Result<(), StoreError> {
        self.hold_key_of(&sealed.wrapped_key).await?;
        sqlx::query("INSERT INTO sealed (id, wrapped_key, nonce, bytes) VALUES ($1, $2, $3, $4)")
            .bind(sealed.id)
            .bind(sealed.wrapped_key)
            .bind(sealed.nonce.to_vec())
            .bind(sealed.bytes)
            .execute(&mut *self.transaction)
            .await?;
        Ok(())
    }

    /// Destroys the sealed bytes of `id` together with their key.
    pub async fn destroy_sealed(&mut self, id: &str) -> Result<(), StoreError> {
        sqlx::query("DELETE FROM sealed WHERE id = $1").bind(id).execute(&mut *self.transaction).await?;
        Ok(())
    }
}

/// Ciphers over 50 MiB take tens of milliseconds: not on the threads that talk to mail servers.
async fn blocking<T: Send + 'static>(
    work: impl FnOnce() -> Result<T, StoreError> + Send + 'static,
) -> Result<T, StoreError> {
    tokio::task::spawn_blocking(work).await.map_err(|error| StoreError::System(error.to_string()))?
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use super::*;

    async fn keep(store: &Store, id: &str, bytes: &[u8]) {
        let sealed = store.seal(id, Arc::from(bytes)).await.unwrap();
        let mut writing = store.write().await.unwrap();
        writing.put_sealed(sealed).await.unwrap();
        writing.commit().await.unwrap();
    }

    #[tokio::test]
    async fn sealed_bytes_open_after_a_restart_and_are_nowhere_in_the_clear() {
        let dir = tempfile::tempdir().unwrap();
        let secret = b"Subject: secret\r\n\r\nthe-plain-words-of-the-mail\r\n".repeat(1000);
        let store = Store::open(dir.path()).await.unwrap();
        keep(&store, "A", &secret).await;
        drop(store);
        let store = Store::open(dir.path()).await.unwrap();
        assert_eq!(store.unseal("A").await.unwrap(), secret);
        store.close().await;
        for file in std::fs::read_dir(dir.path()).unwrap() {
            let bytes = std::fs::read(file.unwrap().path()).unwrap();
            assert!(memchr::memmem::find(&bytes, b"the-plain-words").is_none());
        }
    }

    #[tokio::test]
    async fn sealed_bytes_belong_to_their_id() {
        let dir = tempfile::tempdir().unwrap();
        let store = Store::open(dir.path()).await.unwrap();
        keep(&store, "A", b"for A").await;
        keep(&store, "B", b"for B").await;
        let swap = "UPDATE sealed SET (wrapped_key, nonce, bytes) = \
                    (SELECT wrapped_key, nonce, bytes FROM sealed WHERE id = 'A') WHERE id = 'B'";
        store.tamper(swap).await.unwrap();
        assert!(matches!(store.unseal("B").await, Err(StoreError::Seal(_))));
        store.tamper("UPDATE sealed SET bytes = zeroblob(length(bytes)) WHERE id = 'A'").await.unwrap();
        assert!(matches!(store.unseal("A").await, Err(StoreError::Seal(_))));
    }

    #[tokio::test]
    async fn the_largest_mail_is_kept_whole() {
        let dir = tempfile::tempdir().unwrap();
        let store = Store::open(dir.path()).await.unwrap();
        let bytes: Vec<u8> = (0..50 << 20).map(|number: u32| (number % 251) as u8).collect();
        keep(&store, "A", &bytes).await;
        assert!(store.unseal("A").await.unwrap() == bytes);
    }

    #[tokio::test]
    async fn destroyed_bytes_are_gone() {
        let dir = tempfile::tempdir().unwrap();
        let store = Store::open(dir.path()).await.unwrap();
        keep(&store, "A", b"for A").await;
        let mut writing = store.write().await.unwrap();
        writing.destroy_sealed("A").await.unwrap();
        writing.commit().await.unwrap();
        assert!(matches!(store.unseal("A").await, Err(StoreError::Destroyed(_))));
    }

    #[tokio::test]
    async fn a_change_that_is_dropped_never_was() {
        let dir = tempfile::tempdir().unwrap();
        let store = Store::open(dir.path()).await.unwrap();
        let sealed = store.seal("A", Arc::from(&b"x"[..])).await.unwrap();
        let mut writing = store.write().await.unwrap();
        writing.put_sealed(sealed).await.unwrap();
        drop(writing);
        assert!(matches!(store.unseal("A").await, Err(StoreError::Destroyed(_))));
        store.probe().await.unwrap();
    }
}
