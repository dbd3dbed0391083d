//! What is remembered of a sender's mails about passwords, for a few days.
//!
//! In: the passwords that a mail stated, and for whom it carried something protected. Out: the same, together for the
//! sender, until it expires. Everything is sealed; senders and recipients are there as keyed hash sums only. Deliberately
//! absent: how long it is kept, and what it is for (`pipeline::memory`).

use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use ulid::Ulid;

use super::{Sealed, Store, StoreError, Writing, micros};

/// How many mails of one sender are remembered, the latest ones.
const MAILS: u32 = 32;

/// How many bytes of a recipient's hash sum are kept: enough to know it again.
const KNOWN_BY: usize = 8;

/// What is remembered of one mail, or of all mails of a sender.
#[derive(Clone, PartialEq, Eq, Default)]
pub struct Remembered {
    /// The passwords that it stated; of several mails those of the latest first.
    pub passwords: Vec<String>,
    /// Whether something protected was sent to the recipients.
    pub protected: bool,
}

impl std::fmt::Debug for Remembered {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let Self { passwords, protected } = self;
        f.debug_struct("Remembered").field("passwords", &passwords.len()).field("protected", protected).finish()
    }
}

/// What is sealed in one row.
#[derive(Serialize, Deserialize)]
struct Content {
    passwords: Vec<String>,
    /// Hash sums of the recipients of something protected.
    protected_for: Vec<[u8; KNOWN_BY]>,
}

type Row = (String, Vec<u8>, Vec<u8>, Vec<u8>);

impl Store {
    /// Everything that is remembered of `sender` at `now`, as far as it concerns `recipients`.
    pub async fn remembered(
        &self,
        sender: &str,
        recipients: &[String],
        now: Timestamp,
    ) -> Result<Remembered, StoreError> {
        let rows: Vec<Row> = sqlx::query_as(
            "SELECT id, wrapped_key, nonce, bytes FROM remembered WHERE sender = $1 AND expires_at > $2 \
             ORDER BY expires_at DESC LIMIT $3",
        )
        .bind(self.known_sender(sender))
        .bind(micros(now))
        .bind(i64::from(MAILS))
        .fetch_all(self.readers())
        .await?;
        let mut all = Remembered::default();
        if rows.is_empty() {
            return Ok(all);
        }
        let wanted: Vec<_> = recipients.iter().map(|recipient| self.known_recipient(recipient)).collect();
        for (id, wrapped_key, nonce, bytes) in rows {
            self.learn_key_of(&wrapped_key).await?;
            let opened = self.unseal_now(&id, &wrapped_key, &nonce, bytes);
            // One row that does not open must not hide the others.
            let Some(content) = opened.ok().and_then(|plain| serde_json::from_slice::<Content>(&plain).ok()) else {
                tracing::error!(%id, "something that was remembered does not open");
                continue;
            };
            let new = content.passwords.into_iter().filter(|password| !all.passwords.contains(password));
            let new: Vec<String> = new.collect();
            all.passwords.extend(new);
            all.protected |= content.protected_for.iter().any(|known| wanted.contains(known));
        }
        Ok(all)
    }

    fn known_sender(&self, sender: &str) -> Vec<u8> {
        self.vouch(format!("sender of passwords\0{sender}").as_bytes()).to_vec()
    }

    fn known_recipient(&self, recipient: &str) -> [u8; KNOWN_BY] {
        let sum = self.vouch(format!("recipient of something protected\0{recipient}").as_bytes());
        let mut known = [0; KNOWN_BY];
        known.iter_mut().zip(sum).for_each(|(byte, of_sum)| *byte = of_sum);
        known
    }
}

impl Writing {
    /// Remembers something about a mail of `sender` to `recipients` until `expires_at`. The same once more lasts longer;
    /// beyond the last [`MAILS`] of the sender the oldest is forgotten.
    pub async fn remember(
        &mut self,
        sender: &str,
        recipients: &[String],
        what: &Remembered,
        expires_at: Timestamp,
    ) -> Result<(), StoreError> {
        let store = self.store.clone();
        let protected_for = recipients.iter().filter(|_| what.protected).map(|r| store.known_recipient(r)).collect();
        let content = Content { passwords: what.passwords.clone(), protected_for };
        let plain = serde_json::to_vec(&content).map_err(|error| StoreError::Row(error.to_string()))?;
        let known = store.known_sender(sender);
        let print = store.vouch(&[b"remembered\0", known.as_slice(), &plain].concat());
        let Sealed { id, wrapped_key, nonce, bytes } = store.seal_now(Ulid::generate().to_string(), &plain)?;
        self.hold_key_of(&wrapped_key).await?;
        sqlx::query(
            "INSERT INTO remembered (id, sender, print, expires_at, wrapped_key, nonce, bytes) VALUES ($1, $2, $3, $4, $5, $6, $7) \
             ON CONFLICT (sender, print) DO UPDATE SET expires_at = max(remembered.expires_at, excluded.expires_at)",
        )
        .bind(id)
        .bind(&known)
        .bind(print.to_vec())
        .bind(micros(expires_at))
        .bind(wrapped_key)
        .bind(nonce.to_vec())
        .bind(bytes)
        .execute(&mut *self.transaction)
        .await?;
        sqlx::query(
            "DELETE FROM remembered WHERE sender = $1 AND id NOT IN \
             (SELECT id FROM remembered WHERE sender = $1 ORDER BY expires_at DESC, id DESC LIMIT $2)",
        )
        .bind(&known)
        .bind(i64::from(MAILS))
        .execute(&mut *self.transaction)
        .await?;
        Ok(())
    }

    /// Destroys what has expired at `now`, and says how much that was.
    pub async fn forget_expired(&mut self, now: Timestamp) -> Result<u64, StoreError> {
        let done = sqlx::query("DELETE FROM remembered WHERE expires_at <= $1")
            .bind(micros(now))
            .execute(&mut *self.transaction)
            .await?;
        Ok(done.rows_affected())
    }
}

#[cfg(test)]
mod tests {
    use jiff::SignedDuration;

    use super::*;

    const SENDER: &str = "sato@toho.example.co.jp";
    const WEEK: SignedDuration = SignedDuration::from_hours(7 * 24);

    fn noon() -> Timestamp {
        "2026-11-29T03:00:00Z".parse().unwrap()
    }

    fn people(names: &[&str]) -> Vec<String> {
        names.iter().map(|name| (*name).to_owned()).collect()
    }

    fn stating(passwords: &[&str]) -> Remembered {
        Remembered { passwords: people(passwords), protected: false }
    }

    async fn remember(store: &Store, sender: &str, to: &[&str], what: &Remembered, at: Timestamp) {
        let mut writing = store.write().await.unwrap();
        writing.remember(sender, &people(to), what, at + WEEK).await.unwrap();
        writing.commit().await.unwrap();
    }

    async fn count(store: &Store) -> i64 {
        sqlx::query_scalar("SELECT count(*) FROM remembered").fetch_one(store.readers()).await.unwrap()
    }

    #[tokio::test]
    async fn a_sender_is_remembered_until_it_expires_and_nobody_else() {
        let dir = tempfile::tempdir().unwrap();
        let store = Store::open(dir.path()).await.unwrap();
        remember(&store, SENDER, &[], &stating(&["Himitsu2026"]), noon()).await;
        remember(&store, SENDER, &[], &stating(&["Ashita2026", "Himitsu2026"]), noon() + SignedDuration::from_secs(1))
            .await;
        store.close().await;
        let store = Store::open(dir.path()).await.unwrap();
        let known = store.remembered(SENDER, &[], noon()).await.unwrap();
        assert_eq!(known.passwords, ["Ashita2026", "Himitsu2026"]);
        let other = store.remembered("suzuki@toho.example.co.jp", &[], noon()).await.unwrap();
        assert_eq!(other, Remembered::default());
        let later = noon() + WEEK;
        assert_eq!(store.remembered(SENDER, &[], later).await.unwrap().passwords, ["Ashita2026", "Himitsu2026"]);
        let mut writing = store.write().await.unwrap();
        assert_eq!(writing.forget_expired(later).await.unwrap(), 1);
        writing.commit().await.unwrap();
        assert_eq!(count(&store).await, 1);
        let late = later + SignedDuration::from_secs(1);
        assert_eq!(store.remembered(SENDER, &[], late).await.unwrap(), Remembered::default());
    }

    #[tokio::test]
    async fn something_protected_is_remembered_for_its_recipients() {
        let dir = tempfile::tempdir().unwrap();
        let store = Store::open(dir.path()).await.unwrap();
        let what = Remembered { passwords: Vec::new(), protected: true };
        remember(&store, SENDER, &["a@x.example.com", "b@x.example.com"], &what, noon()).await;
        for (to, expected) in
            [(["b@x.example.com", "z@x.example.com"], true), (["z@x.example.com", "y@y.example"], false)]
        {
            assert_eq!(store.remembered(SENDER, &people(&to), noon()).await.unwrap().protected, expected, "{to:?}");
        }
    }

    #[tokio::test]
    async fn the_same_is_kept_once_and_the_oldest_is_forgotten() {
        let dir = tempfile::tempdir().unwrap();
        let store = Store::open(dir.path()).await.unwrap();
        for _ in 0..3 {
            remember(&store, SENDER, &[], &stating(&["Himitsu2026"]), noon()).await;
        }
        assert_eq!(count(&store).await, 1);
        for number in 0..MAILS {
            let at = noon() + SignedDuration::from_secs(i64::from(number) + 1);
            remember(&store, SENDER, &[], &stating(&[&format!("other{number}")]), at).await;
        }
        remember(&store, "suzuki@toho.example.co.jp", &[], &stating(&["theirs"]), noon()).await;
        let known = store.remembered(SENDER, &[], noon()).await.unwrap().passwords;
        assert_eq!((known.len(), known[0].as_str()), (32, "other31"));
        assert!(!known.contains(&"Himitsu2026".to_owned()));
        assert_eq!(count(&store).await, 33);
    }

    #[tokio::test]
    async fn neither_passwords_nor_people_are_on_the_disk_in_the_clear() {
        let dir = tempfile::tempdir().unwrap();
        let store = Store::open(dir.path()).await.unwrap();
        let what = Remembered { passwords: people(&["Himitsu2026"]), protected: true };
        remember(&store, SENDER, &["a@x.example.com"], &what, noon()).await;
        assert!(!format!("{what:?}").contains("Himitsu"));
        store.close().await;
        for file in std::fs::read_dir(dir.path()).unwrap() {
            let bytes = std::fs::read(file.unwrap().path()).unwrap();
            for clear in ["Himitsu2026", SENDER, "a@x.example.com"] {
                assert!(memchr::memmem::find(&bytes, clear.as_bytes()).is_none(), "{clear}");
            }
        }
    }

    #[tokio::test]
    async fn a_row_that_does_not_open_hides_no_other() {
        let dir = tempfile::tempdir().unwrap();
        let store = Store::open(dir.path()).await.unwrap();
        remember(&store, SENDER, &[], &stating(&["first"]), noon()).await;
        let broken = "UPDATE remembered SET bytes = zeroblob(length(bytes))";
        store.tamper(broken).await.unwrap();
        remember(&store, SENDER, &[], &stating(&["second"]), noon()).await;
        assert_eq!(store.remembered(SENDER, &[], noon()).await.unwrap().passwords, ["second"]);
    }
}
