//! Where the journal begins, once old records have been removed from it.
//!
//! In and out: an [`Anchor`], which takes the place of the records that are gone: how many they were, and the hash of the
//! last of them, so that the first that is left still follows something. It is vouched for under the store's key: records
//! that somebody removed by hand have none. Deliberately absent: which records are old, and the chain (`journal`).

use serde::{Deserialize, Serialize};
use sqlx::{Any, Executor};

use super::{Store, StoreError, Writing, to_json};

const ANCHOR: &str = "journal_anchor";

/// What an anchor is vouched for as; nothing else begins so.
const VOUCHED: &[u8] = b"sekisho: where the journal begins, 1";

/// The end of what was removed.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Anchor {
    /// The number of the last record that was removed, and so how many were.
    pub seq: i64,
    /// Its hash.
    pub hash: Vec<u8>,
    /// The code by which the store knows that it wrote this.
    code: Vec<u8>,
}

impl Store {
    /// Where the journal begins; none if nothing was ever removed.
    pub async fn journal_anchor(&self) -> Result<Option<Anchor>, StoreError> {
        anchor(&mut *self.readers().acquire().await?).await
    }

    /// Whether this store set `anchor`.
    pub fn set_anchor_itself(&self, anchor: &Anchor) -> bool {
        self.vouched(&vouched(anchor.seq, &anchor.hash), &anchor.code)
    }

    /// Whether a record came in `since..until`.
    pub async fn journal_has_between(
        &self,
        since: jiff::Timestamp,
        until: jiff::Timestamp,
    ) -> Result<bool, StoreError> {
        let one: Option<i64> = sqlx::query_scalar("SELECT 1 FROM journal WHERE at >= $1 AND at < $2 LIMIT 1")
            .bind(super::micros(since))
            .bind(super::micros(until))
            .fetch_optional(self.readers())
            .await?;
        Ok(one.is_some())
    }
}

impl Writing {
    /// As [`Store::journal_anchor`].
    pub async fn journal_anchor(&mut self) -> Result<Option<Anchor>, StoreError> {
        anchor(&mut *self.transaction).await
    }

    /// As [`Writing::remove_journal`], with the tables of the months that are gone as a whole. If there are none, there is no
    /// change: to remove all the records of a month one by one would hold up everybody.
    pub async fn remove_journal_months(mut self, seq: i64, hash: &[u8]) -> Result<Option<Self>, StoreError> {
        if !self.drop_journal_months(seq).await? {
            return Ok(None);
        }
        self.remove_journal(seq, hash).await?;
        Ok(Some(self))
    }

    /// Removes every record up to number `seq`, whose hash is `hash`, and keeps where the journal begins now.
    pub async fn remove_journal(&mut self, seq: i64, hash: &[u8]) -> Result<(), StoreError> {
        let code = self.store.vouch(&vouched(seq, hash)).to_vec();
        let anchor = Anchor { seq, hash: hash.to_vec(), code };
        self.set_meta(ANCHOR, to_json(&anchor)?.as_bytes()).await?;
        sqlx::query("DELETE FROM journal WHERE seq <= $1").bind(seq).execute(&mut *self.transaction).await?;
        self.forget_journal_counts().await?;
        self.forget_journal_terms(seq).await.map(drop)
    }
}

async fn anchor(connection: impl Executor<'_, Database = Any>) -> Result<Option<Anchor>, StoreError> {
    let value: Option<Vec<u8>> =
        sqlx::query_scalar("SELECT value FROM meta WHERE name = $1").bind(ANCHOR).fetch_optional(connection).await?;
    let read = |bytes: Vec<u8>| serde_json::from_slice(&bytes).map_err(|error| StoreError::Row(error.to_string()));
    value.map(read).transpose()
}

fn vouched(seq: i64, hash: &[u8]) -> Vec<u8> {
    [VOUCHED, &seq.to_be_bytes(), hash].concat()
}
