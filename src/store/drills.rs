//! Drills: which mails are of our own making, and who let them pass or caught them.
//!
//! In: the mark of a drill, its outcome. Out: whether a mail is one, and the outcomes of a span of time. That none leaves is a
//! trigger's business. Deliberately absent: what a drill says, and who is asked (`hold`).

use jiff::Timestamp;

use super::{Store, StoreError, Writing, micros};
use crate::mail::{Address, MailId};

impl Writing {
    /// Marks the mail `id` as a drill that `by` ordered. From here on nothing brings it out.
    pub async fn mark_drill(&mut self, id: &MailId, by: &Address, at: Timestamp) -> Result<(), StoreError> {
        sqlx::query("INSERT INTO drill (mail_id, at, ordered) VALUES ($1, $2, $3)")
            .bind(&id.0)
            .bind(micros(at))
            .bind(by.canonical())
            .execute(&mut *self.transaction)
            .await?;
        Ok(())
    }

    /// Whether the mail `id` is a drill.
    pub async fn is_drill(&mut self, id: &MailId) -> Result<bool, StoreError> {
        let found: Option<i64> = sqlx::query_scalar("SELECT at FROM drill WHERE mail_id = $1")
            .bind(&id.0)
            .fetch_optional(&mut *self.transaction)
            .await?;
        Ok(found.is_some())
    }

    /// `person` (in canonical form) caught the drill `id`, or let it pass.
    pub async fn end_drill(&mut self, id: &MailId, person: &str, caught: bool) -> Result<(), StoreError> {
        sqlx::query("UPDATE drill SET person = $1, caught = $2 WHERE mail_id = $3")
            .bind(person)
            .bind(i64::from(caught))
            .bind(&id.0)
            .execute(&mut *self.transaction)
            .await?;
        Ok(())
    }
}

impl Store {
    /// Who caught how many drills of those since then, and let how many pass: person in canonical form, caught, passed.
    pub async fn drills_since(&self, since: Timestamp) -> Result<Vec<(String, u32, u32)>, StoreError> {
        let rows: Vec<(String, i64, i64)> = sqlx::query_as(
            "SELECT person, CAST(sum(caught) AS BIGINT), CAST(sum(1 - caught) AS BIGINT) FROM drill WHERE at >= $1 AND person IS NOT NULL \
             GROUP BY person",
        )
        .bind(micros(since))
        .fetch_all(self.readers())
        .await?;
        let count = |number| u32::try_from(number).unwrap_or(u32::MAX);
        Ok(rows.into_iter().map(|(person, caught, passed)| (person, count(caught), count(passed))).collect())
    }
}
