//! The keys that wrap the keys of mails, and how they are changed while mail goes on.
//!
//! In: the root key (`key`) and the keys in the database, each wrapped with it. Out: keys of mails wrapped with the newest,
//! and unwrapped with whichever they say; and a rotation: a new key, every mail's key wrapped anew, the old keys deleted when
//! nothing needs them. No mail is encrypted anew: only its key, 32 bytes, is.
//!
//! A wrapped key of 60 bytes was wrapped with the root key itself; one of 64 begins with the number of its key.
//! A node that has not heard of a rotation cannot keep anything under an older key: the change that would asks which is the
//! newest, and then the node learns it. So an old key that nothing needs any more is never needed again.
//! Deliberately absent: changing the root key, from which the codes under the journal hang, too.

use std::{
    collections::BTreeMap,
    sync::{PoisonError, RwLock},
};

use jiff::Timestamp;

use super::{
    Store, StoreError, Writing,
    key::{self, KEY_LENGTH, MasterKey},
    micros,
};

/// Bytes of a number in front of a wrapped key.
const NUMBER: usize = 4;

/// How many mails' keys are wrapped anew in one change.
const AT_ONCE: i64 = 200;

/// The tables with wrapped keys.
const TABLES: [&str; 2] = ["sealed", "remembered"];

/// All keys that are known here; the root key is number 0.
pub(super) struct Ring {
    pub(super) root: MasterKey,
    keys: RwLock<BTreeMap<u32, MasterKey>>,
}

/// What a rotation did.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Rotated {
    /// The number of the key with which mails are sealed from now on.
    pub number: u32,
    /// How many mails' keys were wrapped anew.
    pub rewrapped: u64,
    /// How many older keys are no more.
    pub deleted: u64,
}

impl Ring {
    pub(super) fn new(root: MasterKey) -> Self {
        Self { root, keys: RwLock::default() }
    }

    /// Wraps the data key of the mail `id` with the newest key.
    pub(super) fn wrap(&self, id: &str, data_key: &[u8; KEY_LENGTH]) -> Result<Vec<u8>, StoreError> {
        let keys = self.keys.read().unwrap_or_else(PoisonError::into_inner);
        match keys.last_key_value() {
            None => self.root.wrap(id, data_key),
            Some((number, key)) => Ok([&number.to_be_bytes()[..], &key.wrap(id, data_key)?].concat()),
        }
    }

    /// Unwraps the data key of the mail `id`: as bytes, which are wrapped anew.
    fn unwrap_bytes(&self, id: &str, wrapped: &[u8]) -> Result<[u8; KEY_LENGTH], StoreError> {
        let broken = || StoreError::Seal(id.to_owned());
        let (number, wrapped) = split(wrapped);
        let bytes = if number == 0 {
            self.root.open(id, wrapped)
        } else {
            let keys = self.keys.read().unwrap_or_else(PoisonError::into_inner);
            keys.get(&number).ok_or_else(broken)?.open(id, wrapped)
        };
        bytes.map_err(|_| broken())?.try_into().map_err(|_| broken())
    }

    /// The data key of the mail `id`.
    pub(super) fn unwrap(&self, id: &str, wrapped: &[u8]) -> Result<aws_lc_rs::aead::LessSafeKey, StoreError> {
        key::aes_key(&self.unwrap_bytes(id, wrapped)?).map_err(|_| StoreError::Seal(id.to_owned()))
    }

    fn knows(&self, wrapped: &[u8]) -> bool {
        let number = split(wrapped).0;
        number == 0 || self.keys.read().unwrap_or_else(PoisonError::into_inner).contains_key(&number)
    }
}

/// Which key a wrapped key was wrapped with, and the rest.
fn split(wrapped: &[u8]) -> (u32, &[u8]) {
    match wrapped.split_first_chunk::<NUMBER>() {
        Some((number, rest)) if rest.len() == key::WRAPPED => (u32::from_be_bytes(*number), rest),
        _ => (0, wrapped),
    }
}

/// What a key in the database is bound to.
fn bound(number: u32) -> String {
    format!("seal key {number}")
}

impl Store {
    /// Learns the keys that are in the database.
    pub(super) async fn learn_keys(&self) -> Result<(), StoreError> {
        let rows: Vec<(i64, Vec<u8>)> =
            sqlx::query_as("SELECT number, wrapped FROM seal_key").fetch_all(self.readers()).await?;
        let ring = &self.inner.ring;
        let mut keys = BTreeMap::new();
        for (number, wrapped) in rows {
            let number = u32::try_from(number).map_err(|_| StoreError::Row(format!("{number} is no key's number")))?;
            let bytes = ring.root.open(&bound(number), &wrapped).map_err(|_| StoreError::Seal(bound(number)))?;
            keys.insert(number, MasterKey::of(&bytes).map_err(|_| StoreError::Seal(bound(number)))?);
        }
        *ring.keys.write().unwrap_or_else(PoisonError::into_inner) = keys;
        Ok(())
    }

    /// Makes sure that the key of `wrapped` is known, if there is one: whether there is.
    pub(super) async fn learn_key_of(&self, wrapped: &[u8]) -> Result<bool, StoreError> {
        if !self.inner.ring.knows(wrapped) {
            self.learn_keys().await?;
        }
        Ok(self.inner.ring.knows(wrapped))
    }

    /// How many mails' keys there are.
    pub async fn wrapped_keys(&self) -> Result<u64, StoreError> {
        let count = "SELECT (SELECT count(*) FROM sealed) + (SELECT count(*) FROM remembered)";
        let count: i64 = sqlx::query_scalar(count).fetch_one(self.readers()).await?;
        Ok(u64::try_from(count).unwrap_or(0))
    }

    /// Makes a new key, wraps every mail's key with it, and deletes the keys that nothing needs any more. Servers may run
    /// meanwhile. `progress` hears how many keys each step wrapped anew. Broken off, it is done by doing it again.
    ///
    /// # Errors
    /// The database fails, or a key does not open: which mail's, and nothing is deleted then.
    pub async fn rotate_keys(&self, now: Timestamp, progress: impl Fn(u64)) -> Result<Rotated, StoreError> {
        let number = self.make_key(now).await?;
        let mut rewrapped = 0;
        for table in TABLES {
            rewrapped += self.rewrap(table, number, &progress).await?;
        }
        let mut writing = self.write().await?;
        let deleted = writing.delete_keys_before(number).await?;
        writing.commit().await?;
        self.learn_keys().await?;
        Ok(Rotated { number, rewrapped, deleted })
    }

    async fn make_key(&self, now: Timestamp) -> Result<u32, StoreError> {
        let mut writing = self.write().await?;
        let last: Option<i64> =
            sqlx::query_scalar("SELECT max(number) FROM seal_key").fetch_one(&mut *writing.transaction).await?;
        let number = u32::try_from(last.unwrap_or(0) + 1).map_err(|_| StoreError::Row("too many keys".to_owned()))?;
        let wrapped = self.inner.ring.root.wrap(&bound(number), &key::random()?)?;
        sqlx::query("INSERT INTO seal_key (number, wrapped, made_at) VALUES ($1, $2, $3)")
            .bind(i64::from(number))
            .bind(wrapped)
            .bind(micros(now))
            .execute(&mut *writing.transaction)
            .await?;
        writing.commit().await?;
        self.learn_keys().await?;
        Ok(number)
    }

    /// Wraps the keys of `table` anew that are not wrapped with key `number`: how many.
    async fn rewrap(&self, table: &'static str, number: u32, progress: &impl Fn(u64)) -> Result<u64, StoreError> {
        let find = format!("SELECT id, wrapped_key FROM {table} WHERE id > $1 ORDER BY id LIMIT $2");
        let change = format!("UPDATE {table} SET wrapped_key = $1 WHERE id = $2 AND wrapped_key = $3");
        let (mut last, mut rewrapped) = (String::new(), 0);
        loop {
            let found = sqlx::query_as(sqlx::AssertSqlSafe(find.as_str())).bind(&last).bind(AT_ONCE);
            let found: Vec<(String, Vec<u8>)> = found.fetch_all(self.readers()).await?;
            let Some((end, _)) = found.last() else { return Ok(rewrapped) };
            last.clone_from(end);
            let old: Vec<_> = found.iter().filter(|(_, wrapped)| split(wrapped).0 != number).collect();
            if !old.is_empty() {
                let mut writing = self.write().await?;
                for (id, wrapped) in &old {
                    let anew = self.inner.ring.wrap(id, &self.inner.ring.unwrap_bytes(id, wrapped)?)?;
                    sqlx::query(sqlx::AssertSqlSafe(change.as_str()))
                        .bind(anew)
                        .bind(id)
                        .bind(wrapped)
                        .execute(&mut *writing.transaction)
                        .await?;
                }
                writing.commit().await?;
                rewrapped += old.len() as u64;
            }
            progress(found.len() as u64);
        }
    }
}

impl Writing {
    /// Makes sure that the key of `wrapped` is the newest, before anything is kept under it. The caller seals anew if it is
    /// not: the error says that it may try again.
    pub(super) async fn hold_key_of(&mut self, wrapped: &[u8]) -> Result<(), StoreError> {
        let newest: Option<i64> =
            sqlx::query_scalar("SELECT max(number) FROM seal_key").fetch_one(&mut *self.transaction).await?;
        if newest.unwrap_or(0) == i64::from(split(wrapped).0) {
            return Ok(());
        }
        // Another process rotated the keys: what is sealed next is sealed with the new one.
        self.store.learn_keys().await?;
        Err(StoreError::Busy)
    }

    /// Deletes the keys before `number` with which nothing is wrapped any more: how many.
    async fn delete_keys_before(&mut self, number: u32) -> Result<u64, StoreError> {
        let unused = |table: &str| {
            format!(
                "NOT EXISTS (SELECT 1 FROM {table} WHERE substr({table}.wrapped_key, 1, 4) = $2 AND length({table}.wrapped_key) = 64)"
            )
        };
        let delete =
            format!("DELETE FROM seal_key WHERE number = $1 AND {} AND {}", unused("sealed"), unused("remembered"));
        let old: Vec<i64> = sqlx::query_scalar("SELECT number FROM seal_key WHERE number < $1")
            .bind(i64::from(number))
            .fetch_all(&mut *self.transaction)
            .await?;
        let mut deleted = 0;
        for old in old {
            let prefix = u32::try_from(old).unwrap_or_default().to_be_bytes().to_vec();
            let gone = sqlx::query(sqlx::AssertSqlSafe(delete.as_str()))
                .bind(old)
                .bind(prefix)
                .execute(&mut *self.transaction)
                .await?;
            deleted += gone.rows_affected();
        }
        Ok(deleted)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    async fn keep(store: &Store, id: &str) -> Result<(), StoreError> {
        let sealed = store.seal(id, format!("the words of {id}").into_bytes()).await?;
        let mut writing = store.write().await?;
        writing.put_sealed(sealed).await?;
        writing.commit().await
    }

    async fn opens(store: &Store, id: &str) {
        assert_eq!(store.unseal(id).await.unwrap(), format!("the words of {id}").into_bytes());
    }

    async fn numbers(store: &Store) -> Vec<i64> {
        sqlx::query_scalar("SELECT number FROM seal_key ORDER BY number").fetch_all(store.readers()).await.unwrap()
    }

    #[tokio::test]
    async fn a_rotation_wraps_all_anew_and_old_keys_go() {
        let dir = tempfile::tempdir().unwrap();
        let store = Store::open(dir.path()).await.unwrap();
        for number in 0..450 {
            keep(&store, &format!("M{number:03}")).await.unwrap();
        }
        let code = store.vouch(b"words");
        let now = Timestamp::now();
        let first = store.rotate_keys(now, |_| {}).await.unwrap();
        assert_eq!(first, Rotated { number: 1, rewrapped: 450, deleted: 0 });
        keep(&store, "N").await.unwrap();
        let second = store.rotate_keys(now, |_| {}).await.unwrap();
        assert_eq!(second, Rotated { number: 2, rewrapped: 451, deleted: 1 });
        assert_eq!(numbers(&store).await, [2]);
        store.close().await;
        let store = Store::open(dir.path()).await.unwrap();
        opens(&store, "M000").await;
        opens(&store, "M449").await;
        opens(&store, "N").await;
        assert!(store.vouched(b"words", &code), "the root key is the same");
    }

    /// It had sealed a mail under the old key when the keys were rotated elsewhere.
    #[tokio::test]
    async fn a_process_that_has_not_heard_keeps_nothing_under_an_older_key() {
        let dir = tempfile::tempdir().unwrap();
        let (one, two) = (Store::open(dir.path()).await.unwrap(), Store::open(dir.path()).await.unwrap());
        keep(&one, "A").await.unwrap();
        one.rotate_keys(Timestamp::now(), |_| {}).await.unwrap();
        assert!(matches!(keep(&two, "B").await, Err(StoreError::Busy)), "the root key wraps no mail any more");
        keep(&two, "B").await.unwrap();
        one.rotate_keys(Timestamp::now(), |_| {}).await.unwrap();
        // It opens what it had no key for.
        opens(&two, "A").await;
        let late = two.seal("C", b"the words of C".to_vec()).await.unwrap();
        one.rotate_keys(Timestamp::now(), |_| {}).await.unwrap();
        let mut writing = two.write().await.unwrap();
        assert!(matches!(writing.put_sealed(late).await, Err(StoreError::Busy)));
        drop(writing);
        keep(&two, "C").await.unwrap();
        for id in ["A", "B", "C"] {
            opens(&one, id).await;
        }
    }

    #[tokio::test(flavor = "multi_thread")]
    async fn a_mail_opens_while_keys_are_rotated_elsewhere_again_and_again() {
        let dir = tempfile::tempdir().unwrap();
        let (one, two) = (Store::open(dir.path()).await.unwrap(), Store::open(dir.path()).await.unwrap());
        keep(&one, "A").await.unwrap();
        let rotating = tokio::spawn(async move {
            for _ in 0..100 {
                one.rotate_keys(Timestamp::now(), |_| {}).await.unwrap();
            }
        });
        while !rotating.is_finished() {
            opens(&two, "A").await;
        }
        rotating.await.unwrap();
    }
}
