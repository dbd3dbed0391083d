//! Seals on the journal: what only this store can have said about how far it went.
//!
//! In: number and hash of the journal's last row, in the change that wrote it. Out: a message authentication code over both,
//! under a key that hangs from the master key; later, which seals there are and whether they are ours. Whoever changes the
//! database without that key can neither shorten the journal nor make it anew unseen. Deliberately absent: the hashes
//! (`crate::journal`); and protection against putting back the whole of an older database with its own seals, which only a
//! head that was kept elsewhere shows.

use super::{Store, StoreError, Writing, sql::Statement};

/// One seal stands for so many rows.
const SLOT: i64 = 1_000;

/// A seal as it was found.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct JournalSeal {
    /// The number of the row.
    pub seq: i64,
    /// The hash that it had.
    pub hash: Vec<u8>,
    /// Whether this store said so.
    pub genuine: bool,
}

impl Store {
    /// Every seal, in order.
    pub async fn journal_seals(&self) -> Result<Vec<JournalSeal>, StoreError> {
        let raw: Vec<(i64, Vec<u8>, Vec<u8>)> =
            sqlx::query_as("SELECT seq, hash, code FROM journal_seal ORDER BY seq").fetch_all(self.readers()).await?;
        let seal = |(seq, hash, code): (i64, Vec<u8>, Vec<u8>)| JournalSeal {
            seq,
            genuine: self.vouched(&said(seq, &hash), &code),
            hash,
        };
        Ok(raw.into_iter().map(seal).collect())
    }

    /// The number of the last row; 0 if there is none.
    pub async fn journal_last(&self) -> Result<i64, StoreError> {
        let last: Option<i64> = sqlx::query_scalar("SELECT max(seq) FROM journal").fetch_one(self.readers()).await?;
        Ok(last.unwrap_or(0))
    }

    /// Puts the statement that seals the row into `change`; it does nothing if there is no such row.
    pub(super) fn push_seal(&self, change: &mut Statement, seq: i64, hash: &[u8]) {
        self.push_seal_if(
            change,
            seq,
            hash,
            "EXISTS (SELECT 1 FROM journal WHERE seq = sealing.seq AND hash = sealing.hash)",
        );
    }

    /// The same; it does nothing unless `condition` holds, in which the row is called `sealing`.
    pub(super) fn push_seal_if(&self, change: &mut Statement, seq: i64, hash: &[u8], condition: &str) {
        let code = self.vouch(&said(seq, hash));
        change.push("INSERT INTO journal_seal (slot, seq, hash, code) SELECT * FROM (SELECT ").push_bind(seq / SLOT);
        change.push(" AS slot, ").push_bind(seq).push(" AS seq, ").push_bind(hash.to_vec()).push(" AS hash, ");
        change.push_bind(code.to_vec()).push(" AS code) AS sealing WHERE ").push(condition);
        change.push(" ON CONFLICT (slot) DO UPDATE SET seq = excluded.seq, hash = excluded.hash, code = excluded.code");
    }
}

impl Writing {
    /// Seals the journal, whose last row is `seq`.
    pub async fn seal_journal(&mut self, seq: i64, hash: &[u8]) -> Result<(), StoreError> {
        let mut seal = Statement::new(self.store.inner.engine, "");
        self.store.push_seal(&mut seal, seq, hash);
        seal.build().execute(&mut *self.transaction).await?;
        Ok(())
    }
}

/// What a code is made over.
fn said(seq: i64, hash: &[u8]) -> Vec<u8> {
    [b"journal v1\n".as_slice(), &seq.to_be_bytes(), hash].concat()
}
