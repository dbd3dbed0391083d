//! What only this store can have said: message authentication codes under a key that hangs from the master key.
//!
//! In: bytes. Out: their HMAC-SHA256 (RFC 2104), or whether a code is theirs, compared in constant time. Deliberately
//! absent: what is vouched for (`hold::pass`).

use super::Store;

impl Store {
    /// The code of `bytes`. A backup of the database and its key gives the same.
    pub fn vouch(&self, bytes: &[u8]) -> [u8; 32] {
        self.inner.ring.root.vouch(bytes)
    }

    /// Whether this store gave `code` for `bytes`.
    pub fn vouched(&self, bytes: &[u8], code: &[u8]) -> bool {
        self.inner.ring.root.vouched(bytes, code)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn a_code_outlives_the_process_and_no_other_store_gives_it() {
        let (one, two) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
        let code = Store::open(one.path()).await.unwrap().vouch(b"words");
        let again = Store::open(one.path()).await.unwrap();
        assert!(again.vouched(b"words", &code));
        assert!(!again.vouched(b"other words", &code) && !again.vouched(b"words", &code[..31]));
        assert!(!Store::open(two.path()).await.unwrap().vouched(b"words", &code));
    }
}
