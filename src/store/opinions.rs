//! What colleagues are asked about held mails, and what they think.
//!
//! In: questions and opinions. Out: the same. Deliberately absent: who may ask whom (`hold`).

use jiff::Timestamp;
use sqlx::{Any, Executor};

use super::{Store, StoreError, Writing, address, micros, plain, time};
use crate::mail::{Address, MailId};

/// A colleague who was asked about a held mail.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Opinion {
    /// Who.
    pub person: Address,
    /// By whom.
    pub asked_by: Address,
    /// What.
    pub question: String,
    /// When.
    pub asked_at: Timestamp,
    /// What they think, and since when they have said so.
    pub said: Option<(String, Timestamp)>,
}

type Row = (String, String, String, i64, Option<String>, Option<i64>);

impl Store {
    /// Everybody who was asked about the held mail `id`, in order of time.
    pub async fn opinions(&self, id: &MailId) -> Result<Vec<Opinion>, StoreError> {
        opinions(&mut *self.readers().acquire().await?, id).await
    }
}

impl Writing {
    /// As [`Store::opinions`].
    pub async fn opinions(&mut self, id: &MailId) -> Result<Vec<Opinion>, StoreError> {
        opinions(&mut *self.transaction, id).await
    }

    /// Keeps that somebody is asked about the held mail `id`; false if they were asked before.
    pub async fn put_question(&mut self, id: &MailId, asked: &Opinion) -> Result<bool, StoreError> {
        let done = sqlx::query(
            "INSERT INTO opinion (held_id, mailbox, person, asked_by, question, asked_at) VALUES ($1, $2, $3, $4, $5, $6) \
             ON CONFLICT (held_id, mailbox) DO NOTHING",
        )
        .bind(&id.0)
        .bind(asked.person.canonical())
        .bind(asked.person.as_str())
        .bind(asked.asked_by.as_str())
        .bind(plain(&asked.question))
        .bind(micros(asked.asked_at))
        .execute(&mut *self.transaction)
        .await?;
        Ok(done.rows_affected() == 1)
    }

    /// Keeps what `person` thinks about the held mail `id`; false if they were not asked, or have said it.
    pub async fn put_opinion(
        &mut self,
        id: &MailId,
        person: &Address,
        opinion: &str,
        now: Timestamp,
    ) -> Result<bool, StoreError> {
        let done = sqlx::query(
            "UPDATE opinion SET opinion = $1, said_at = $2 WHERE held_id = $3 AND mailbox = $4 AND opinion IS NULL",
        )
        .bind(plain(opinion))
        .bind(micros(now))
        .bind(&id.0)
        .bind(person.canonical())
        .execute(&mut *self.transaction)
        .await?;
        Ok(done.rows_affected() == 1)
    }
}

async fn opinions(connection: impl Executor<'_, Database = Any>, id: &MailId) -> Result<Vec<Opinion>, StoreError> {
    let rows: Vec<Row> = sqlx::query_as(
        "SELECT person, asked_by, question, asked_at, opinion, said_at FROM opinion WHERE held_id = $1 \
         ORDER BY asked_at, mailbox",
    )
    .bind(&id.0)
    .fetch_all(connection)
    .await?;
    rows.into_iter()
        .map(|(person, asked_by, question, asked_at, opinion, said_at)| {
            let said =
                opinion.zip(said_at).map(|(opinion, at)| Ok::<_, StoreError>((opinion, time(at)?))).transpose()?;
            let (person, asked_by) = (address(person)?, address(asked_by)?);
            Ok(Opinion { person, asked_by, question, asked_at: time(asked_at)?, said })
        })
        .collect()
}
