//! Mails that are on the disk before anything is promised: a marker beside each.
//!
//! In: a mail just put. Out: the mail without its marker, or nothing of it. A prepared mail has no held row and no
//! outgoing mail, so that no list and no notice knows it; looking for retries passes it over.
//! Deliberately absent: when to do which (`hold`).

use jiff::Timestamp;

use super::{StoreError, Writing, micros};
use crate::mail::MailId;

impl Writing {
    /// Marks a mail of this change as prepared.
    pub async fn mark_prepared(&mut self, id: &MailId, at: Timestamp) -> Result<(), StoreError> {
        sqlx::query("INSERT INTO prepared (mail_id, at) VALUES ($1, $2)")
            .bind(&id.0)
            .bind(micros(at))
            .execute(&mut *self.transaction)
            .await?;
        Ok(())
    }

    /// Takes the marker away: from now on the mail is ours. False if there was none.
    pub async fn unmark_prepared(&mut self, id: &MailId) -> Result<bool, StoreError> {
        let gone =
            sqlx::query("DELETE FROM prepared WHERE mail_id = $1").bind(&id.0).execute(&mut *self.transaction).await?;
        Ok(gone.rows_affected() == 1)
    }

    /// Removes the mail `id` with its bytes, if it is prepared. False if it is not.
    pub async fn discard_prepared(&mut self, id: &MailId) -> Result<bool, StoreError> {
        if !self.unmark_prepared(id).await? {
            return Ok(false);
        }
        self.destroy_sealed(&id.0).await?;
        sqlx::query("DELETE FROM mail WHERE id = $1").bind(&id.0).execute(&mut *self.transaction).await?;
        Ok(true)
    }

    /// The mails that have been prepared since before `before`.
    pub async fn prepared_before(&mut self, before: Timestamp) -> Result<Vec<MailId>, StoreError> {
        let ids: Vec<String> = sqlx::query_scalar("SELECT mail_id FROM prepared WHERE at < $1")
            .bind(micros(before))
            .fetch_all(&mut *self.transaction)
            .await?;
        Ok(ids.into_iter().map(MailId).collect())
    }
}
