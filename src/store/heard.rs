//! What people said about held mails, and the secret addresses at which they may say it.
//!
//! In: an [`Approval`] or a [`Token`]. Out: the same; one person is heard once about a mail. Deliberately absent: what a person
//! may say (`hold`), and what colleagues think, who decide nothing (`opinions`).

use jiff::Timestamp;
use serde::Serialize;
use sqlx::{Any, Executor};

use super::{Store, StoreError, Writing, address, micros, plain, time, to_json};
use crate::mail::{Address, MailId};

/// What one person said.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Approval {
    /// About which held mail.
    #[serde(skip)]
    pub held_id: MailId,
    /// Who, in canonical form.
    pub person: String,
    /// `approve`, `reject`, or `return` (it is sent back for a change).
    pub verdict: String,
    /// Why.
    pub comment: String,
    /// `reply`, `console` or `cli`.
    pub via: String,
    /// On which level of the route.
    pub level: u8,
    /// When.
    pub at: Timestamp,
}

/// What a secret reply address is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Purpose {
    /// Approving or rejecting.
    Decide,
    /// Taking back.
    Withdraw,
}

/// A secret reply address, as far as it is known here.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Token {
    /// SHA-256 of the secret.
    pub hash: [u8; 32],
    /// About which held mail.
    pub held_id: MailId,
    /// Whose it is.
    pub person: Address,
    /// What for.
    pub purpose: Purpose,
}

impl Store {
    /// What was said about the held mails `ids`, in order of time.
    pub async fn approvals(&self, ids: &[MailId]) -> Result<Vec<Approval>, StoreError> {
        approvals(&mut *self.readers().acquire().await?, ids).await
    }

    /// The secret address whose hash is `hash`.
    pub async fn token(&self, hash: &[u8; 32]) -> Result<Option<Token>, StoreError> {
        let row: Option<(String, String, String)> =
            sqlx::query_as("SELECT held_id, person, purpose FROM reply_token WHERE hash = $1")
                .bind(&hash[..])
                .fetch_optional(self.readers())
                .await?;
        let Some((held_id, person, purpose)) = row else { return Ok(None) };
        let purpose = if purpose == "decide" { Purpose::Decide } else { Purpose::Withdraw };
        Ok(Some(Token { hash: *hash, held_id: MailId(held_id), person: address(person)?, purpose }))
    }
}

impl Writing {
    /// As [`Store::approvals`].
    pub async fn approvals(&mut self, ids: &[MailId]) -> Result<Vec<Approval>, StoreError> {
        approvals(&mut *self.transaction, ids).await
    }

    /// Keeps what a person said; false if that person was heard already.
    pub async fn put_approval(&mut self, approval: &Approval) -> Result<bool, StoreError> {
        let done = sqlx::query(
            "INSERT INTO approval (held_id, person, verdict, comment, via, level, at) VALUES ($1, $2, $3, $4, $5, $6, $7) \
             ON CONFLICT (held_id, person) DO NOTHING",
        )
        .bind(&approval.held_id.0)
        .bind(&approval.person)
        .bind(&approval.verdict)
        .bind(plain(&approval.comment))
        .bind(&approval.via)
        .bind(i64::from(approval.level))
        .bind(micros(approval.at))
        .execute(&mut *self.transaction)
        .await?;
        Ok(done.rows_affected() == 1)
    }

    /// Makes the secret reply address `old` unknown and `new` known in its place; false, and nothing is done, if `old`
    /// is not known any more.
    pub async fn replace_token(&mut self, old: &[u8; 32], new: &Token) -> Result<bool, StoreError> {
        let gone = sqlx::query("DELETE FROM reply_token WHERE hash = $1")
            .bind(&old[..])
            .execute(&mut *self.transaction)
            .await?;
        if gone.rows_affected() == 0 {
            return Ok(false);
        }
        self.put_token(new).await?;
        Ok(true)
    }

    /// Makes a secret reply address known.
    pub async fn put_token(&mut self, token: &Token) -> Result<(), StoreError> {
        let purpose = match token.purpose {
            Purpose::Decide => "decide",
            Purpose::Withdraw => "withdraw",
        };
        sqlx::query("INSERT INTO reply_token (hash, held_id, person, purpose) VALUES ($1, $2, $3, $4)")
            .bind(&token.hash[..])
            .bind(&token.held_id.0)
            .bind(token.person.as_str())
            .bind(purpose)
            .execute(&mut *self.transaction)
            .await?;
        Ok(())
    }
}

async fn approvals(connection: impl Executor<'_, Database = Any>, ids: &[MailId]) -> Result<Vec<Approval>, StoreError> {
    let raw: Vec<(String, String, String, String, String, i64, i64)> = sqlx::query_as(
        "SELECT held_id, person, verdict, comment, via, level, at FROM approval \
         WHERE held_id IN (SELECT value FROM json_each($1)) ORDER BY at",
    )
    .bind(to_json(&ids)?)
    .fetch_all(connection)
    .await?;
    raw.into_iter()
        .map(|(held_id, person, verdict, comment, via, level, at)| {
            let level = u8::try_from(level).map_err(|_| StoreError::Row(format!("{level} is no level of a route")))?;
            Ok(Approval { held_id: MailId(held_id), person, verdict, comment, via, level, at: time(at)? })
        })
        .collect()
}
