//! What a sender's earlier mails said about passwords.
//!
//! In: a mail on its way, and what its inspection heard. Out: passwords that the same sender mailed in the last days, and
//! whether the same recipients got something protected from them, for the inspection of the next mail. What cannot be looked
//! up is taken for the worse: a part stays closed and is told as `encrypted`, and a password that a mail states is one of
//! something that was sent earlier. What cannot be kept is one line in the log, and the mail goes its way. Neither ever says
//! a password.
//! Deliberately absent: the organisation's own list ([`Passwords`](crate::inspect::Passwords)).

use std::time::Duration;

use jiff::{SignedDuration, Timestamp};
use tokio::time::timeout;

use super::outage::ASKED;
use crate::{
    inspect::Heard,
    mail::{Address, Envelope, Message, header},
    store::{Remembered, Store, StoreError},
};

/// The memory of one server.
#[derive(Debug, Clone)]
pub struct Memory {
    store: Store,
    keep: SignedDuration,
}

/// What is known of a sender's earlier mails before a mail is read.
#[derive(Debug, Clone, Copy)]
pub(super) enum Earlier<'m> {
    /// Nothing: there is no memory, or the mail is to be judged by itself.
    Nothing,
    /// What the memory says.
    Asked(&'m Memory),
    /// There is a memory, and it is away.
    Away,
}

impl<'m> Earlier<'m> {
    /// What `memory` says, if there is one.
    pub(super) fn asked(memory: Option<&'m Memory>) -> Self {
        memory.map_or(Self::Nothing, Self::Asked)
    }

    /// The same while it is away.
    pub(super) fn unasked(memory: Option<&'m Memory>) -> Self {
        memory.map_or(Self::Nothing, |_| Self::Away)
    }

    pub(super) async fn known(self, envelope: &Envelope, message: &Message) -> Remembered {
        match self {
            Self::Nothing => Remembered::default(),
            Self::Asked(memory) => memory.recall(envelope, message).await,
            Self::Away => unknown(),
        }
    }
}

/// What has to be feared where nothing can be known: that these recipients got something protected.
fn unknown() -> Remembered {
    Remembered { passwords: Vec::new(), protected: true }
}

impl Memory {
    /// A memory that lasts for `keep`; none if that is no time at all.
    pub fn new(store: Store, keep: Duration) -> Option<Self> {
        let keep = SignedDuration::try_from(keep).unwrap_or(SignedDuration::MAX);
        keep.is_positive().then_some(Self { store, keep })
    }

    /// What is known before a mail is read.
    pub(super) async fn recall(&self, envelope: &Envelope, message: &Message) -> Remembered {
        let Some(sender) = sender(envelope, message) else { return Remembered::default() };
        let recipients = recipients(envelope);
        let recalled = timeout(ASKED, self.store.remembered(&sender, &recipients, self.store.now())).await;
        recalled.unwrap_or(Err(StoreError::Busy)).unwrap_or_else(|error| {
            tracing::warn!(%error, "what the sender mailed before cannot be looked up; the mail is read without it");
            unknown()
        })
    }

    /// Keeps what a mail said, if it said anything.
    pub(super) async fn keep(&self, envelope: &Envelope, message: &Message, heard: Heard) {
        let Some(sender) = sender(envelope, message) else { return };
        let Heard { passwords, protected, .. } = heard;
        if passwords.is_empty() && !protected {
            return;
        }
        let what = Remembered { passwords, protected };
        let kept = timeout(ASKED, self.write(&sender, &recipients(envelope), &what)).await;
        if let Err(error) = kept.unwrap_or(Err(StoreError::Busy)) {
            tracing::error!(%error, "that a mail stated or needs a password is not remembered for the next one");
        }
    }

    async fn write(&self, sender: &str, recipients: &[String], what: &Remembered) -> Result<(), StoreError> {
        let now = self.store.now();
        let mut writing = self.store.write().await?;
        writing.forget_expired(now).await?;
        writing.remember(sender, recipients, what, now.checked_add(self.keep).unwrap_or(Timestamp::MAX)).await?;
        writing.commit().await
    }
}

/// Whose memory it is: the reverse path, or the author of a mail without one.
fn sender(envelope: &Envelope, message: &Message) -> Option<String> {
    let author = || {
        let from = message.header("From")?;
        header::mailboxes(from.value).into_iter().next().map(|author| author.address.to_lowercase())
    };
    envelope.sender.as_ref().map(Address::canonical).or_else(author).filter(|sender| !sender.is_empty())
}

fn recipients(envelope: &Envelope) -> Vec<String> {
    envelope.recipients.iter().map(Address::canonical).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn mail() -> (Envelope, Message) {
        let address = |text: &str| Address::parse(text).unwrap();
        let envelope = Envelope {
            sender: Some(address("Sato@toho.example.co.jp")),
            recipients: vec![address("yamada@kita-hoan.example.com")],
            ..Envelope::default()
        };
        (envelope, Message::new(b"From: sato@toho.example.co.jp\r\n\r\n".to_vec()))
    }

    fn heard() -> Heard {
        Heard { passwords: vec!["Himitsu2026".to_owned()], protected: true, ..Heard::default() }
    }

    #[tokio::test]
    async fn what_one_mail_says_the_next_one_knows() {
        let dir = tempfile::tempdir().unwrap();
        let memory = Memory::new(Store::open(dir.path()).await.unwrap(), Duration::from_secs(60)).unwrap();
        let (envelope, message) = mail();
        assert_eq!(memory.recall(&envelope, &message).await, Remembered::default());
        memory.keep(&envelope, &message, heard()).await;
        let recalled = memory.recall(&envelope, &message).await;
        assert_eq!((recalled.passwords.as_slice(), recalled.protected), (&["Himitsu2026".to_owned()][..], true));
        // A bounce has no sender; its author is one.
        let nobody = Envelope { sender: None, ..envelope };
        assert_eq!(memory.recall(&nobody, &message).await, recalled);
    }

    #[tokio::test]
    async fn a_memory_that_is_away_takes_the_worse_for_true() {
        let dir = tempfile::tempdir().unwrap();
        let store = Store::open(dir.path()).await.unwrap();
        let memory = Memory::new(store.clone(), Duration::from_secs(60)).unwrap();
        let (envelope, message) = mail();
        memory.keep(&envelope, &message, heard()).await;
        store.close().await;
        let feared = Remembered { passwords: Vec::new(), protected: true };
        assert_eq!(memory.recall(&envelope, &message).await, feared);
        assert_eq!(Earlier::asked(Some(&memory)).known(&envelope, &message).await, feared);
        assert_eq!(Earlier::unasked(Some(&memory)).known(&envelope, &message).await, feared);
        memory.keep(&envelope, &message, heard()).await;
        // Where none is wanted, none is missing.
        for nobody in [Earlier::asked(None), Earlier::unasked(None), Earlier::Nothing] {
            assert_eq!(nobody.known(&envelope, &message).await, Remembered::default());
        }
    }

    #[tokio::test]
    async fn no_time_is_no_memory() {
        let dir = tempfile::tempdir().unwrap();
        assert!(Memory::new(Store::open(dir.path()).await.unwrap(), Duration::ZERO).is_none());
    }
}
