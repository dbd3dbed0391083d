//! What the journal holds about an incident.
//!
//! In: ids of mails as people have them: a mail's own, one under which it is held, a Message-ID. Out: all records of those
//! mails. Deliberately absent: what they mean (`incident`).

use std::ops::ControlFlow;

use super::Incident;
use crate::{
    journal::{Journal, JournalError, Query, Record, What},
    mail::MailId,
};

/// The mails that are meant, and what is recorded of them.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Meant {
    /// What is in no record.
    pub unknown: Vec<String>,
    /// The beginnings of ids that more than one mail has.
    pub ambiguous: Vec<String>,
    /// The rest.
    pub incident: Incident,
}

impl Journal {
    /// Everything about the mails with these ids.
    pub async fn incident(&self, ids: &[String]) -> Result<Meant, JournalError> {
        let mut meant = Meant::default();
        let mut asked: Vec<MailId> = Vec::new();
        for id in ids {
            match self.mails_called(id).await?.as_slice() {
                [] => meant.unknown.push(id.clone()),
                // Many mails may claim one Message-ID: a mail server that sends a mail in several pieces does.
                all if id.contains('@') => asked.extend_from_slice(all),
                [one] => asked.push(one.clone()),
                [_, _, ..] => meant.ambiguous.push(id.clone()),
            }
        }
        let mut records = Vec::new();
        for mail in &asked {
            records.extend(self.records_of(mail).await?);
        }
        let firsts: Vec<MailId> = records.iter().filter_map(passed_before).collect();
        for first in firsts {
            records.extend(self.records_of(&first).await?);
        }
        meant.incident = Incident::of(&records, &asked);
        // Of a mail whose own record is gone nothing can be said.
        let told = |id: &&MailId| !meant.incident.mails.iter().any(|mail| mail.id == **id);
        meant.unknown.extend(asked.iter().filter(told).map(MailId::to_string));
        Ok(meant)
    }

    /// The mails of which `id` is an id, a held id, a beginning of one, or the Message-ID.
    async fn mails_called(&self, id: &str) -> Result<Vec<MailId>, JournalError> {
        let id = id.trim();
        if id.is_empty() {
            return Ok(Vec::new());
        }
        let query = if id.contains('@') {
            Query { message_id: Some(id.to_owned()), ..Query::default() }
        } else {
            Query { id: Some(id.to_owned()), ..Query::default() }
        };
        let mut mails: Vec<MailId> = Vec::new();
        self.find(&query, |hit| {
            if matches!(hit.record.what, What::Mail(_) | What::Change(_)) && !mails.contains(&hit.record.id) {
                mails.push(hit.record.id);
            }
            // Two are too many already, unless they share a Message-ID.
            if mails.len() > 1 && !id.contains('@') { ControlFlow::Break(()) } else { ControlFlow::Continue(()) }
        })
        .await?;
        Ok(mails)
    }

    async fn records_of(&self, mail: &MailId) -> Result<Vec<Record>, JournalError> {
        let rows = self.store.journal_of(&mail.0).await?;
        let parsed = |text: &str| serde_json::from_str(text).map_err(|error| JournalError::Record(error.to_string()));
        rows.iter().map(|row| parsed(&row.record)).collect()
    }
}

fn passed_before(record: &Record) -> Option<MailId> {
    match &record.what {
        What::Mail(mail) => mail.passed_before.clone(),
        _ => None,
    }
}
