//! The pass: by it we know a mail again that we let go, when a mail server brings it back to us on its way out.
//!
//! In: a mail that leaves, or one that comes in. Out: the pass to put into its trace header; or [`Passed`], the proof
//! that this very mail has been through here, so that it need not be inspected (and held) a second time.
//!
//! A pass is `v1.EXPIRY.CODE`. The code is an HMAC under a key of the store, over the mail's id, the expiry, the
//! envelope sender, and a digest of the whole message except for the fields that mail servers add on the way. What
//! inspection reads is all under it: nobody without the store's key can make one, and a pass is worth nothing in
//! another mail, from another sender, with one word changed, or after a week. And it says that a mail passed, not to
//! whom: each recipient must be one for whom journal or store say that this mail was let go, so that neither a mail
//! that is held or refused nor a new recipient gains anything from it.
//! Deliberately absent: secrecy of the pass. Every recipient can read it; it opens nothing that did not go out before.

use aws_lc_rs::digest::{Context, Digest, SHA256};
use data_encoding::BASE64URL_NOPAD;
use jiff::{SignedDuration, Timestamp};

use super::{Hold, HoldError};
use crate::{
    journal::{Record, What},
    mail::{Address, Envelope, MailId, Message, trace},
    policy::Action,
};

/// How long a mail is known again: longer than any loop or queue of a mail server.
const VALID: SignedDuration = SignedDuration::from_hours(7 * 24);

/// A larger mail is digested where it holds up nobody.
const LARGE: usize = 1 << 20;

/// Fields that mail servers add or change on the way and that inspection does not read, in lower case.
const ON_THE_WAY: [&str; 9] = [
    "received",
    "return-path",
    "delivered-to",
    "received-spf",
    "authentication-results",
    "dkim-signature",
    "arc-seal",
    "arc-message-signature",
    "arc-authentication-results",
];

/// The same, by how their names start.
const FAMILIES_ON_THE_WAY: [&str; 4] = ["x-ms-exchange-", "x-forefront-", "x-microsoft-antispam", "x-google-"];

/// The proof that a mail was let go to all its recipients before. Only [`Hold::recognise`] makes one.
#[derive(Debug, PartialEq, Eq)]
pub struct Passed {
    first: MailId,
    expires_at: Timestamp,
}

impl Passed {
    /// What the mail was called then.
    pub fn first(&self) -> &MailId {
        &self.first
    }

    /// Until when it is known again: another round does not make that later.
    pub(super) fn expires_at(&self) -> Timestamp {
        self.expires_at
    }
}

/// Until when a mail that leaves at `now` for the first time is known again.
pub(super) fn expiry(now: Timestamp) -> Timestamp {
    now + VALID
}

impl Hold {
    /// The pass for a mail that leaves, good until `expires_at`.
    pub(super) async fn pass(
        &self,
        id: &MailId,
        sender: Option<&Address>,
        message: &Message,
        expires_at: Timestamp,
    ) -> String {
        let expiry = expires_at.as_second();
        let code = self.store().vouch(&vouched(id, expiry, sender, &digest(message).await));
        format!("v1.{expiry}.{}", BASE64URL_NOPAD.encode(&code))
    }

    /// Whether the mail that came in is one that we let go, as it was, to each of its recipients. In doubt it is not,
    /// and is inspected like any other.
    pub async fn recognise(&self, envelope: &Envelope, message: &Message, now: Timestamp) -> Option<Passed> {
        let own = trace::own(message, &self.voice().hostname).next()?;
        let (expiry, code) = own.pass.as_deref()?.strip_prefix("v1.")?.split_once('.')?;
        let expiry: i64 = expiry.parse().ok()?;
        let code = BASE64URL_NOPAD.decode(code.as_bytes()).ok()?;
        let sender = envelope.sender.as_ref();
        if expiry <= now.as_second()
            || !self.store().vouched(&vouched(&own.id, expiry, sender, &digest(message).await), &code)
        {
            return None;
        }
        let let_go = match self.let_go_to(&own.id).await {
            Ok(let_go) => let_go,
            Err(error) => {
                tracing::warn!(id = %own.id, %error, "whether a mail was let go before cannot be told; it is inspected");
                return None;
            }
        };
        let known = |recipient: &Address| let_go.iter().any(|known| known.same_mailbox(recipient));
        let expires_at = Timestamp::from_second(expiry).ok()?;
        envelope.recipients.iter().all(known).then_some(Passed { first: own.id, expires_at })
    }

    /// Everybody to whom the mail `id` was let go: at once, as the journal says, or out of the hold.
    async fn let_go_to(&self, id: &MailId) -> Result<Vec<Address>, HoldError> {
        let mut known = self.store().released_to(id).await?;
        for row in self.store().journal_of(&id.0).await? {
            let record: Record =
                serde_json::from_str(&row.record).map_err(|error| HoldError::Row(error.to_string()))?;
            let What::Mail(mail) = record.what else { continue };
            if mail.next_hop.is_some() {
                let forwarded = mail.decisions.into_iter().filter(|decided| decided.action == Action::Forward);
                known.extend(forwarded.flat_map(|decided| decided.rcpt_to));
            }
        }
        Ok(known)
    }
}

/// What the code is made over; each part ends where its line does.
fn vouched(id: &MailId, expiry: i64, sender: Option<&Address>, digest: &Digest) -> Vec<u8> {
    let sender = sender.map(Address::canonical).unwrap_or_default();
    let mut bytes = format!("pass v1\n{id}\n{expiry}\n<{sender}>\n").into_bytes();
    bytes.extend_from_slice(digest.as_ref());
    bytes
}

async fn digest(message: &Message) -> Digest {
    if message.bytes().len() < LARGE {
        return digest_now(message);
    }
    let shared = message.clone();
    tokio::task::spawn_blocking(move || digest_now(&shared)).await.unwrap_or_else(|_| digest_now(message))
}

/// Every line of the header except fields added on the way, with any white space as one space, and the body without the
/// line ends behind it.
fn digest_now(message: &Message) -> Digest {
    let (bytes, body) = (message.bytes(), message.body());
    let mut hash = Context::new(&SHA256);
    let mut head = bytes.get(..bytes.len() - body.len()).unwrap_or_default();
    while !head.is_empty() {
        let (field, rest) = head.split_at(field_end(head));
        head = rest;
        if !is_added_on_the_way(field) {
            for word in field.split(u8::is_ascii_whitespace).filter(|word| !word.is_empty()) {
                hash.update(word);
                hash.update(b" ");
            }
            hash.update(b"\n");
        }
    }
    let end = body.iter().rposition(|byte| !matches!(byte, b'\r' | b'\n')).map_or(0, |last| last + 1);
    hash.update(b"\n");
    hash.update(body.get(..end).unwrap_or_default());
    hash.finish()
}

/// Where the first field of `head` ends, its folded lines included.
fn field_end(head: &[u8]) -> usize {
    let mut end = 0;
    loop {
        let rest = head.get(end..).unwrap_or_default();
        end += memchr::memchr(b'\n', rest).map_or(rest.len(), |at| at + 1);
        if !matches!(head.get(end), Some(b' ' | b'\t')) {
            return end;
        }
    }
}

fn is_added_on_the_way(field: &[u8]) -> bool {
    let Some(colon) = memchr::memchr(b':', field) else { return false };
    // Only ASCII white space may stand before the colon. Inspection takes a line with any other there for text, not for
    // this field, and reads it.
    let name = String::from_utf8_lossy(field.get(..colon).unwrap_or_default().trim_ascii_end()).to_ascii_lowercase();
    ON_THE_WAY.contains(&name.as_str()) || FAMILIES_ON_THE_WAY.iter().any(|family| name.starts_with(family))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        hold::{Outgoing, fixture::*},
        journal::Via,
        smtp::client::Cleared,
        store::Store,
    };

    const HOSTNAME: &str = "relay.example.co.jp";

    fn trace_of(id: &MailId) -> Vec<u8> {
        format!("Received: from mta ([192.0.2.1])\r\n\tby {HOSTNAME} (Sekisho) with ESMTP id {id};\r\n\tdate\r\n")
            .into_bytes()
    }

    /// A mail held and released: the bytes that the next hop got, with the pass in them.
    async fn released(hold: &Hold, store: &Store, to: &[&str]) -> Vec<u8> {
        let mut mail = arrival(vec![group(Action::Hold, to)]);
        mail.trace = trace_of(&mail.id);
        let id = hold.take(mail).await.unwrap();
        hold.approve(&id.0, &address(SECURITY), Via::Cli, "", noon()).await.unwrap();
        let rows = store.outbox_due(Timestamp::MAX, 100).await.unwrap();
        let row = rows.iter().find(|row| row.kind == crate::store::Kind::Release).unwrap();
        let clearance = hold.clear(&row.id, noon()).await.unwrap().unwrap().clearance;
        [clearance.trace(), clearance.message()].concat()
    }

    fn envelope(sender: &str, to: &[&str]) -> Envelope {
        let recipients = to.iter().map(|text| address(text)).collect();
        Envelope { sender: Some(address(sender)), recipients, ..Envelope::default() }
    }

    fn replaced(bytes: &[u8], from: &str, to: &str) -> Message {
        let text = String::from_utf8(bytes.to_vec()).unwrap();
        assert!(text.contains(from), "{text}");
        Message::new(text.replacen(from, to, 1).into_bytes())
    }

    #[tokio::test]
    async fn a_released_mail_is_known_again_and_anything_else_is_not() {
        let dir = tempfile::tempdir().unwrap();
        let (store, hold) = hold_in(dir.path(), settings()).await;
        let other = "other@partner.example.com";
        let bytes = released(&hold, &store, &[OUTSIDE, other]).await;
        let same = Message::new(bytes.clone());
        let knows =
            async |message: &Message, envelope: &Envelope, now| hold.recognise(envelope, message, now).await.is_some();
        let usual = envelope(SENDER, &[OUTSIDE, other]);
        assert!(knows(&same, &usual, noon()).await);
        assert!(knows(&same, &envelope(SENDER, &[OUTSIDE]), noon()).await, "fewer recipients");
        let travelled = [
            b"Received: from relay.example.co.jp by next.example\r\n\twith ESMTP; date\r\nDKIM-Signature: v=1; a=b\r\n",
            bytes.as_slice(),
            b"\r\n",
        ];
        assert!(knows(&Message::new(travelled.concat()), &usual, noon()).await, "as mail servers change it");

        assert!(
            !knows(&same, &envelope(SENDER, &[OUTSIDE, "new@partner.example.com"]), noon()).await,
            "a new recipient"
        );
        assert!(!knows(&same, &envelope("hanako@example.co.jp", &[OUTSIDE]), noon()).await, "another sender");
        assert!(!knows(&same, &Envelope { sender: None, ..usual.clone() }, noon()).await, "no sender");
        assert!(knows(&same, &usual, noon() + minutes(7 * 24 * 60 - 1)).await, "in a week");
        assert!(!knows(&same, &usual, noon() + minutes(7 * 24 * 60)).await, "later");
        for (from, to) in [
            ("secret words", "secret wordS"),
            ("Subject: list", "Subject: other"),
            ("From: taro", "From: jiro"),
            ("Message-ID: <1@", "Message-ID: <2@"),
            // What inspection reads must not grow: a field, a line in the header that is none, another meaning of the body.
            ("Subject:", "X-More: words\r\nSubject:"),
            ("Subject:", "Content-Transfer-Encoding: base64\r\nSubject:"),
            ("Subject:", "stray words\r\nSubject:"),
            // No Received fields, though they look like it.
            ("Subject:", "Received\u{b}: words\r\nSubject:"),
            ("Subject:", "Received\u{3000}: words\r\nSubject:"),
            ("\r\n\r\nsecret", "\r\n\r\nmore\r\nsecret"),
            // The pass itself.
            ("(pass v1.", "(pass v2."),
            ("(pass v1.", "(pass v1.9"),
            ("(pass ", "(passed "),
            (" id 0", " id 1"),
        ] {
            assert!(!knows(&replaced(&bytes, from, to), &usual, noon()).await, "{from} as {to}");
        }
        let forged =
            replaced(&bytes, "(pass v1.", "(pass v1.1793620800.AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA) (");
        assert!(!knows(&forged, &usual, noon()).await, "an invented code");
        // A second field in our name above the true one: the topmost counts.
        let covered = [trace_of(&MailId("X".to_owned())), bytes.clone()].concat();
        assert!(!knows(&Message::new(covered), &usual, noon()).await, "covered");

        let elsewhere = tempfile::tempdir().unwrap();
        let (_, stranger) = hold_in(elsewhere.path(), settings()).await;
        assert!(stranger.recognise(&usual, &same, noon()).await.is_none(), "another store's pass");
    }

    #[tokio::test]
    async fn a_pass_for_a_mail_that_is_held_or_refused_opens_nothing() {
        let dir = tempfile::tempdir().unwrap();
        let (_store, hold) = hold_in(dir.path(), settings()).await;
        let mut mail = arrival(vec![group(Action::Hold, &[OUTSIDE])]);
        mail.trace = trace_of(&mail.id);
        let (message, trace, envelope) = (mail.message.clone(), mail.trace.clone(), mail.envelope.clone());
        let id = hold.take(mail).await.unwrap();
        // As if somebody had made it leave.
        let outgoing = Outgoing { id: &id, sender: envelope.sender.as_ref(), trace: &trace, message: &message };
        let stamped = hold.stamped(outgoing, expiry(noon())).await;
        let back = Message::new([stamped.trace(), stamped.message()].concat());
        assert!(hold.recognise(&envelope, &back, noon()).await.is_none(), "pending");
        hold.reject(&id.0, &address(SECURITY), Via::Cli, "", noon()).await.unwrap();
        assert!(hold.recognise(&envelope, &back, noon()).await.is_none(), "rejected");
    }

    #[tokio::test]
    async fn a_pass_is_worth_nothing_for_a_mail_that_was_approved_and_then_dropped() {
        let dir = tempfile::tempdir().unwrap();
        let (store, hold) = hold_in(dir.path(), settings()).await;
        let other = "other@partner.example.com";
        let mut mail = arrival(vec![group(Action::Forward, &[other]), group(Action::Hold, &[OUTSIDE])]);
        mail.trace = trace_of(&mail.id);
        let (message, trace, sender) = (mail.message.clone(), mail.trace.clone(), mail.envelope.sender.clone());
        let id = taken_with_its_forward(&hold, mail).await;
        // The bytes that the next hop got for the first recipient, who may hand them back to their author.
        let stamped = hold
            .stamped(Outgoing { id: &id, sender: sender.as_ref(), trace: &trace, message: &message }, expiry(noon()))
            .await;
        let back = Message::new([stamped.trace(), stamped.message()].concat());
        hold.approve(&id.0, &address(SECURITY), Via::Cli, "", noon()).await.unwrap();
        let rows = store.outbox_due(Timestamp::MAX, 100).await.unwrap();
        let release = rows.iter().find(|row| row.kind == crate::store::Kind::Release).unwrap();
        hold.drop_outgoing(&release.id.0, &address(SECURITY), Via::Cli, "", noon()).await.unwrap();
        assert!(hold.recognise(&envelope(SENDER, &[other]), &back, noon()).await.is_some(), "who has it");
        assert!(hold.recognise(&envelope(SENDER, &[OUTSIDE]), &back, noon()).await.is_none(), "who was not to get it");
    }

    #[tokio::test]
    async fn a_mail_that_comes_round_again_does_not_make_its_pass_last_longer() {
        let dir = tempfile::tempdir().unwrap();
        let (store, hold) = hold_in(dir.path(), settings()).await;
        let first = Message::new(released(&hold, &store, &[OUTSIDE]).await);
        let (usual, later) = (envelope(SENDER, &[OUTSIDE]), noon() + minutes(6 * 24 * 60));
        let passed = hold.recognise(&usual, &first, later).await.unwrap();
        let id = MailId("AGAIN".to_owned());
        let outgoing = Outgoing { id: &id, sender: usual.sender.as_ref(), trace: &trace_of(&id), message: &first };
        let again = hold.clear_at_once(crate::hold::Proof::Passed(&passed), outgoing, later).await;
        let pass = |bytes: &[u8]| trace::own(&Message::new(bytes.to_vec()), HOSTNAME).next().unwrap().pass.unwrap();
        let until = |pass: &str| pass.split('.').nth(1).unwrap().to_owned();
        assert_eq!(until(&pass(again.trace())), until(&pass(first.bytes())));
    }

    #[test]
    fn white_space_and_trailing_line_ends_do_not_count() {
        let one = Message::new(*b"Subject: a\r\n b\r\nTo: x\r\n\r\nbody\r\n");
        let two = Message::new(*b"Received: x\r\nSubject:  a b \r\nTo: x\r\n\r\nbody\r\n\r\n");
        let three = Message::new(*b"Subject: a b\r\nTo: x\r\n\r\n body\r\n");
        assert_eq!(digest_now(&one).as_ref(), digest_now(&two).as_ref());
        assert_ne!(digest_now(&one).as_ref(), digest_now(&three).as_ref());
    }
}
