//! Mails that we answered for: what came, from whom, and what was found in it, without the bytes.
//!
//! In and out: a [`MailRow`]. Its reports are JSON text here; what they mean is `hold`'s matter.
//! Deliberately absent: the bytes, which are sealed under the same id.

use jiff::Timestamp;
use sqlx::{Any, Executor};

use super::{Store, StoreError, Writing, address, from_json, micros, plain, time, to_json};
use crate::mail::{Address, BodyKind, Dsn, MailId};

/// One mail that is in our hands.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct MailRow {
    /// Its name everywhere.
    pub id: MailId,
    /// When it came.
    pub at: Timestamp,
    /// Who delivered it: address and EHLO name.
    pub peer: String,
    /// The reverse path.
    pub sender: Option<Address>,
    /// Everybody who wrote or sent it, as its header says; the first in the From field first.
    pub authors: Vec<Address>,
    /// The From field, decoded, as people read it.
    pub from_field: String,
    /// What `BODY=` said.
    pub body: BodyKind,
    /// Whether `SMTPUTF8` was asked for.
    pub smtputf8: bool,
    /// Whether `REQUIRETLS` was asked for.
    pub requiretls: bool,
    /// What its sender wants to hear about its delivery.
    pub dsn: Dsn,
    /// With its angle brackets.
    pub message_id: Option<String>,
    /// Decoded.
    pub subject: String,
    /// In bytes.
    pub size: u64,
    /// The header lines to put in front when it goes out.
    pub trace: Vec<u8>,
    /// Recipients of the same mail for whom it went out at once.
    pub sent_to: Vec<Address>,
    /// How many people's data is in it.
    pub persons: u32,
    /// The inspection, as JSON.
    pub inspection: String,
    /// Every recipient with its issues, as JSON.
    pub recipients: String,
    /// What a retry of the same mail has in common with it.
    pub retry_key: [u8; 32],
}

impl Store {
    /// The mail with `retry_key` that came after `since`, if one did and did not come to nothing: a mail whose held
    /// rows were all rejected, withdrawn, expired or bounced may be sent again. A mail that is only prepared is none.
    pub async fn mail_by_retry_key(&self, key: &[u8; 32], since: Timestamp) -> Result<Option<MailId>, StoreError> {
        retry(&mut *self.readers().acquire().await?, key, since).await
    }

    /// The mail `id`.
    pub async fn mail(&self, id: &MailId) -> Result<Option<MailRow>, StoreError> {
        load(&mut *self.readers().acquire().await?, id).await
    }

    /// The mails `ids`, in no order.
    pub async fn mails(&self, ids: &[MailId]) -> Result<Vec<MailRow>, StoreError> {
        let raw: Vec<Raw> = sqlx::query_as(sqlx::AssertSqlSafe(format!(
            "SELECT {COLUMNS} FROM mail WHERE id IN (SELECT value FROM json_each($1))"
        )))
        .bind(to_json(&ids)?)
        .fetch_all(self.readers())
        .await?;
        raw.into_iter().map(MailRow::try_from).collect()
    }
}

impl Writing {
    /// As [`Store::mail_by_retry_key`].
    pub async fn mail_by_retry_key(&mut self, key: &[u8; 32], since: Timestamp) -> Result<Option<MailId>, StoreError> {
        retry(&mut *self.transaction, key, since).await
    }

    /// As [`Store::mail`].
    pub async fn mail(&mut self, id: &MailId) -> Result<Option<MailRow>, StoreError> {
        load(&mut *self.transaction, id).await
    }

    /// Keeps a mail.
    pub async fn put_mail(&mut self, mail: &MailRow) -> Result<(), StoreError> {
        sqlx::query(
            "INSERT INTO mail (id, at, peer, mail_from, authors, from_field, body, smtputf8, message_id, subject, size, trace, \
             sent_to, persons, inspection, recipients, retry_key, requiretls, dsn) \
             VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, $17, $18, $19)",
        )
        .bind(&mail.id.0)
        .bind(micros(mail.at))
        .bind(plain(&mail.peer))
        .bind(mail.sender.as_ref().map(Address::as_str))
        .bind(to_json(&mail.authors)?)
        .bind(plain(&mail.from_field))
        .bind(to_json(&mail.body)?)
        .bind(i64::from(mail.smtputf8))
        .bind(mail.message_id.as_deref().map(plain))
        .bind(plain(&mail.subject))
        .bind(i64::try_from(mail.size).unwrap_or(i64::MAX))
        .bind(&mail.trace)
        .bind(to_json(&mail.sent_to)?)
        .bind(i64::from(mail.persons))
        .bind(&mail.inspection)
        .bind(&mail.recipients)
        .bind(&mail.retry_key[..])
        .bind(i64::from(mail.requiretls))
        .bind(to_json(&mail.dsn)?)
        .execute(&mut *self.transaction)
        .await?;
        Ok(())
    }

    /// Destroys the bytes of up to `limit` mails with which nothing has been left to do since `before`, and says of
    /// which. With a mail that is only prepared nothing has been done yet.
    pub async fn destroy_settled_mails(
        &mut self,
        before: Timestamp,
        specific_before: Timestamp,
        limit: u32,
    ) -> Result<Vec<MailId>, StoreError> {
        let ids: Vec<String> = sqlx::query_scalar(
            "WITH old (id, before) AS ( \
                 SELECT mail.id, CASE WHEN EXISTS (SELECT 1 FROM json_each(mail.inspection, '$.reportable') \
                     WHERE json_each.value = 'specific') THEN $2 ELSE $1 END \
                 FROM mail JOIN sealed ON sealed.id = mail.id WHERE mail.at < max($1, $2)) \
             DELETE FROM sealed WHERE id IN ( \
                 SELECT mail.id FROM mail JOIN old ON old.id = mail.id WHERE mail.at < old.before \
                 AND NOT EXISTS (SELECT 1 FROM held WHERE held.mail_id = mail.id \
                     AND (held.state IN ('pending', 'approved', 'released') OR held.changed_at >= old.before)) \
                 AND NOT EXISTS (SELECT 1 FROM outbox WHERE outbox.mail_id = mail.id AND outbox.state = 'queued') \
                 AND NOT EXISTS (SELECT 1 FROM prepared WHERE prepared.mail_id = mail.id) \
                 LIMIT $3) \
             RETURNING id",
        )
        .bind(micros(before))
        .bind(micros(specific_before))
        .bind(i64::from(limit))
        .fetch_all(&mut *self.transaction)
        .await?;
        Ok(ids.into_iter().map(MailId).collect())
    }
}

async fn retry(
    connection: impl Executor<'_, Database = Any>,
    key: &[u8; 32],
    since: Timestamp,
) -> Result<Option<MailId>, StoreError> {
    let id: Option<String> = sqlx::query_scalar(
        "SELECT id FROM mail WHERE retry_key = $1 AND at > $2 \
             AND NOT EXISTS (SELECT 1 FROM prepared WHERE prepared.mail_id = mail.id) AND ( \
                 NOT EXISTS (SELECT 1 FROM held WHERE held.mail_id = mail.id) \
                 OR EXISTS (SELECT 1 FROM held WHERE held.mail_id = mail.id \
                     AND held.state IN ('pending', 'approved', 'released', 'delivered'))) \
             ORDER BY at LIMIT 1",
    )
    .bind(&key[..])
    .bind(micros(since))
    .fetch_optional(connection)
    .await?;
    Ok(id.map(MailId))
}

async fn load(connection: impl Executor<'_, Database = Any>, id: &MailId) -> Result<Option<MailRow>, StoreError> {
    let raw: Option<Raw> = sqlx::query_as(sqlx::AssertSqlSafe(format!("SELECT {COLUMNS} FROM mail WHERE id = $1")))
        .bind(&id.0)
        .fetch_optional(connection)
        .await?;
    raw.map(MailRow::try_from).transpose()
}

/// The columns of a [`Raw`]. All are named: `SELECT *` would break under a running node when a version to come adds one.
const COLUMNS: &str = "id, at, peer, mail_from, authors, from_field, body, smtputf8, message_id, subject, size, trace, \
                       sent_to, persons, inspection, recipients, retry_key, requiretls, dsn";

#[derive(sqlx::FromRow)]
struct Raw {
    id: String,
    at: i64,
    peer: String,
    mail_from: Option<String>,
    authors: String,
    from_field: String,
    body: String,
    smtputf8: i64,
    message_id: Option<String>,
    subject: String,
    size: i64,
    trace: Vec<u8>,
    sent_to: String,
    #[sqlx(try_from = "i64")]
    persons: u32,
    inspection: String,
    recipients: String,
    retry_key: Vec<u8>,
    requiretls: i64,
    dsn: String,
}

impl TryFrom<Raw> for MailRow {
    type Error = StoreError;

    fn try_from(raw: Raw) -> Result<Self, StoreError> {
        Ok(Self {
            id: MailId(raw.id),
            at: time(raw.at)?,
            peer: raw.peer,
            sender: raw.mail_from.map(address).transpose()?,
            authors: from_json(&raw.authors)?,
            from_field: raw.from_field,
            body: from_json(&raw.body)?,
            smtputf8: raw.smtputf8 != 0,
            requiretls: raw.requiretls != 0,
            dsn: from_json(&raw.dsn)?,
            message_id: raw.message_id,
            subject: raw.subject,
            size: u64::try_from(raw.size).unwrap_or(0),
            trace: raw.trace,
            sent_to: from_json(&raw.sent_to)?,
            persons: raw.persons,
            inspection: raw.inspection,
            recipients: raw.recipients,
            retry_key: raw
                .retry_key
                .try_into()
                .map_err(|_| StoreError::Row("a retry key that is no SHA-256".to_owned()))?,
        })
    }
}
