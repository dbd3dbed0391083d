//! Edits of a header that policy orders: outsiders taken out of view, a tag before the subject, fields added.
//!
//! In: a [`Message`] and [`Edits`]. Out: new bytes in which only the header lines concerned differ; every other byte,
//! the body above all, is the one that arrived. A field that needs no change is not written anew either, so that an
//! edit which changes nothing gives the same message.
//! What is written is ASCII with encoded words (RFC 2047): no edit makes a mail need SMTPUTF8 or 8BITMIME.
//! Deliberately absent: which edits to make (`policy`); and signatures: a DKIM signature over an edited field breaks, so
//! Sekisho stands before the signer (docs/policy.md).

mod list;
mod word;

use std::collections::BTreeSet;

use serde::{Deserialize, Serialize};

use super::{Address, Header, Message, header};

/// A line of a header is not longer than this, if it can be helped (RFC 5322 §2.1.1).
const LINE: usize = 78;

/// What policy orders. Sets, so that the order of rules cannot be felt.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Edits {
    /// Outsiders are taken out of To and Cc; the envelope still brings them the mail.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub bcc: bool,
    /// Words before the subject: `[社外]`.
    #[serde(skip_serializing_if = "BTreeSet::is_empty")]
    pub tags: BTreeSet<String>,
    /// Fields to add: name and value.
    #[serde(skip_serializing_if = "BTreeSet::is_empty")]
    pub headers: BTreeSet<(String, String)>,
}

/// Fields that say who a mail is from, to whom, what it is and how it came: no rule may add one.
const RESERVED: [&str; 17] = [
    "from",
    "sender",
    "reply-to",
    "to",
    "cc",
    "bcc",
    "subject",
    "date",
    "message-id",
    "in-reply-to",
    "references",
    "received",
    "return-path",
    "mime-version",
    "dkim-signature",
    "authentication-results",
    "disposition-notification-to",
];

impl Edits {
    /// Whether there is nothing to do.
    pub fn is_empty(&self) -> bool {
        !self.bcc && self.tags.is_empty() && self.headers.is_empty()
    }

    /// These and those.
    #[must_use]
    pub fn and(mut self, other: &Self) -> Self {
        self.bcc |= other.bcc;
        self.tags.extend(other.tags.iter().cloned());
        self.headers.extend(other.headers.iter().cloned());
        self
    }

    /// The message as it goes out; `is_ours` says who may stay in view.
    pub fn apply(&self, message: &Message, is_ours: impl Fn(&Address) -> bool) -> Message {
        if self.is_empty() {
            return message.clone();
        }
        let mut writer = Writer { edits: self, out: Vec::with_capacity(message.bytes().len() + 512), tagged: false };
        let nobody_left = self.bcc && !shows_anybody(message, &is_ours);
        let mut said_undisclosed = false;
        for (line, field) in message.lines() {
            match field {
                Some(field) if field.is("Subject") && !writer.tagged => writer.tag(line, &field),
                Some(field) if self.bcc && field.is("Bcc") => {}
                Some(field) if self.bcc && (field.is("To") || field.is("Cc")) => {
                    match list::without_outsiders(field.value, &is_ours) {
                        list::Left::All => writer.out.extend_from_slice(line),
                        list::Left::Some(value) => writer.field(&field, &value),
                        list::Left::Nobody if nobody_left && field.is("To") && !said_undisclosed => {
                            said_undisclosed = true;
                            writer.field(&field, b" undisclosed-recipients:;");
                        }
                        list::Left::Nobody => {}
                    }
                }
                _ => writer.out.extend_from_slice(line),
            }
        }
        writer.rest(message, nobody_left && !said_undisclosed);
        Message::new(writer.out)
    }
}

/// Whether a rule may add a field of this name, and if not, why.
///
/// # Errors
/// It is no field name, or one that mail programs act on.
pub fn addable(name: &str) -> Result<(), String> {
    let lower = name.to_ascii_lowercase();
    let plain = |c: u8| c.is_ascii_alphanumeric() || matches!(c, b'-' | b'_');
    if name.is_empty() || name.len() > 60 || !name.bytes().all(plain) {
        return Err(format!(
            "`{name}` is no field name; write letters, digits and hyphens, as in \"X-Classification\""
        ));
    }
    if RESERVED.contains(&lower.as_str())
        || ["content-", "resent-", "arc-", "list-"].iter().any(|start| lower.starts_with(start))
    {
        return Err(format!("`{name}` says what a mail is, and no rule may add it; choose a name of your own (X-…)"));
    }
    Ok(())
}

fn shows_anybody(message: &Message, is_ours: &impl Fn(&Address) -> bool) -> bool {
    let fields = message.headers().filter(|field| field.is("To") || field.is("Cc"));
    fields.flat_map(|field| header::mailboxes(field.value)).any(|mailbox| list::stays(&mailbox.address, is_ours))
}

struct Writer<'e> {
    edits: &'e Edits,
    out: Vec<u8>,
    tagged: bool,
}

impl Writer<'_> {
    /// A field with its own name, in its own spelling, and another value.
    fn field(&mut self, field: &Header<'_>, value: &[u8]) {
        self.out.extend_from_slice(field.name);
        self.out.push(b':');
        self.out.extend_from_slice(value);
        self.out.extend_from_slice(b"\r\n");
    }

    /// The subject with those tags before it that it does not have yet; its own bytes follow as they are.
    fn tag(&mut self, line: &[u8], field: &Header<'_>) {
        self.tagged = true;
        let subject = header::decode(field.value);
        let missing: Vec<&str> =
            self.edits.tags.iter().map(String::as_str).filter(|tag| !subject.contains(*tag)).collect();
        if missing.is_empty() {
            return self.out.extend_from_slice(line);
        }
        let value = field.value.trim_ascii();
        let words = word::before(&missing.join(" "), value);
        let mut tagged = format!(" {words}").into_bytes();
        if !value.is_empty() {
            let first = value.split(|c| *c == b'\r' || *c == b'\n').next().unwrap_or_default();
            let last = words.rsplit('\n').next().unwrap_or_default().len();
            let before = if words.contains('\n') { last } else { field.name.len() + 2 + last };
            let fits = before + 1 + first.len() <= LINE;
            tagged.extend_from_slice(if fits { b" " } else { b"\r\n " });
            tagged.extend_from_slice(value);
        }
        self.field(field, &tagged);
    }

    /// What is added at the end of the header, and all that comes behind it.
    fn rest(&mut self, message: &Message, undisclosed: bool) {
        let writer = self;
        let body_at = message.bytes().len() - message.body().len();
        let blank = message.header_end()..body_at;
        if writer.out.last().is_some_and(|last| *last != b'\n') {
            writer.out.extend_from_slice(b"\r\n");
        }
        if undisclosed {
            writer.out.extend_from_slice(b"To: undisclosed-recipients:;\r\n");
        }
        if !writer.tagged && !writer.edits.tags.is_empty() {
            let tags: Vec<&str> = writer.edits.tags.iter().map(String::as_str).collect();
            let line = format!("Subject: {}\r\n", word::before(&tags.join(" "), b""));
            writer.out.extend_from_slice(line.as_bytes());
        }
        for (name, value) in &writer.edits.headers {
            let there = |field: Header<'_>| field.is(name) && header::decode(field.value) == *value;
            if !message.headers().any(there) {
                let line = format!("{name}: {}\r\n", word::before(value, b""));
                writer.out.extend_from_slice(line.as_bytes());
            }
        }
        writer.out.extend_from_slice(message.bytes().get(blank).unwrap_or_default());
        writer.out.extend_from_slice(message.body());
    }
}

#[cfg(test)]
mod tests;
