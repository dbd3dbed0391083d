//! Sessions and second factors of the console, kept for the directory.
//!
//! In and out: what `directory` keeps. Secrets of second factors are sealed like mails; of cookies and recovery codes only
//! hash sums come here. Deliberately absent: cookies, and what a session may do.

use jiff::{SignedDuration, Timestamp};

use super::{Store, StoreError, Writing, accounts::unavailable, address, micros, plain, time};
use crate::{
    directory::{ABSOLUTE, AccountsError, Factor, Factors, Session, Sessions, Stage},
    mail::Address,
};

/// There are never more sessions than this.
const MOST: i64 = 10_000;

impl Sessions for Store {
    async fn put_session(&self, session: &Session) -> Result<(), AccountsError> {
        let put = async {
            let mut writing = self.write().await?;
            writing.put_session(session).await?;
            writing.commit().await
        };
        put.await.map_err(unavailable)
    }

    async fn session(&self, key: &[u8; 32]) -> Result<Option<Session>, AccountsError> {
        let raw: Option<Raw> =
            sqlx::query_as(sqlx::AssertSqlSafe(format!("SELECT {COLUMNS} FROM session WHERE key = $1")))
                .bind(&key[..])
                .fetch_optional(self.readers())
                .await
                .map_err(unavailable)?;
        raw.map(Session::try_from).transpose().map_err(unavailable)
    }

    async fn use_session(&self, key: &[u8; 32], at: Timestamp) -> Result<(), AccountsError> {
        let used = async {
            let mut writing = self.write().await?;
            sqlx::query("UPDATE session SET used_at = max(used_at, $1) WHERE key = $2")
                .bind(micros(at))
                .bind(&key[..])
                .execute(&mut *writing.transaction)
                .await?;
            writing.commit().await
        };
        used.await.map_err(unavailable)
    }

    async fn end_session(&self, key: &[u8; 32]) -> Result<bool, AccountsError> {
        let ended = async {
            let mut writing = self.write().await?;
            let gone = sqlx::query("DELETE FROM session WHERE key = $1")
                .bind(&key[..])
                .execute(&mut *writing.transaction)
                .await?;
            writing.commit().await?;
            Ok::<_, StoreError>(gone.rows_affected() == 1)
        };
        ended.await.map_err(unavailable)
    }

    async fn sessions_of(&self, who: &Address) -> Result<Vec<Session>, AccountsError> {
        let raw: Vec<Raw> = sqlx::query_as(sqlx::AssertSqlSafe(format!(
            "SELECT {COLUMNS} FROM session WHERE mailbox = $1 ORDER BY used_at DESC"
        )))
        .bind(who.canonical())
        .fetch_all(self.readers())
        .await
        .map_err(unavailable)?;
        raw.into_iter().map(|raw| Session::try_from(raw).map_err(unavailable)).collect()
    }

    async fn end_sessions_of(&self, who: &Address, except: Option<&[u8; 32]>) -> Result<u64, AccountsError> {
        let ended = async {
            let mut writing = self.write().await?;
            let gone = sqlx::query("DELETE FROM session WHERE mailbox = $1 AND key IS DISTINCT FROM $2")
                .bind(who.canonical())
                .bind(except.map(|key| key.to_vec()))
                .execute(&mut *writing.transaction)
                .await?;
            writing.commit().await?;
            Ok::<_, StoreError>(gone.rows_affected())
        };
        ended.await.map_err(unavailable)
    }
}

impl Writing {
    async fn put_session(&mut self, session: &Session) -> Result<(), StoreError> {
        let oldest = SignedDuration::try_from(ABSOLUTE).ok().and_then(|age| session.began_at.checked_sub(age).ok());
        sqlx::query(
            "DELETE FROM session WHERE began_at < $1 \
             OR key NOT IN (SELECT key FROM session ORDER BY used_at DESC LIMIT $2)",
        )
        .bind(micros(oldest.unwrap_or(Timestamp::MIN)))
        .bind(MOST - 1)
        .execute(&mut *self.transaction)
        .await?;
        sqlx::query(
            "INSERT INTO session (key, mailbox, address, stage, password, place, browser, began_at, used_at) \
             VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9)",
        )
        .bind(&session.key[..])
        .bind(session.who.canonical())
        .bind(session.who.as_str())
        .bind(session.stage.name())
        .bind(session.password.map(|hash| hash.to_vec()))
        .bind(plain(&session.place))
        .bind(plain(&session.browser))
        .bind(micros(session.began_at))
        .bind(micros(session.used_at))
        .execute(&mut *self.transaction)
        .await?;
        Ok(())
    }
}

/// Under which id the secret of a second factor is sealed; no mail's id has a space.
fn sealed_id(who: &Address) -> String {
    format!("factor {}", who.canonical())
}

impl Factors for Store {
    async fn factor(&self, who: &Address) -> Result<Option<Factor>, AccountsError> {
        let row: Option<(i64, i64)> = sqlx::query_as(
            "SELECT confirmed, (SELECT count(*) FROM recovery_code WHERE recovery_code.mailbox = second_factor.mailbox) \
             FROM second_factor WHERE mailbox = $1",
        )
        .bind(who.canonical())
        .fetch_optional(self.readers())
        .await
        .map_err(unavailable)?;
        let Some((confirmed, recovery_left)) = row else { return Ok(None) };
        let secret = self.unseal(&sealed_id(who)).await.map_err(unavailable)?;
        let recovery_left = u32::try_from(recovery_left).unwrap_or(0);
        Ok(Some(Factor { secret, confirmed: confirmed != 0, recovery_left }))
    }

    async fn put_factor(&self, who: &Address, factor: &Factor, at: Timestamp) -> Result<bool, AccountsError> {
        let put = async {
            let sealed = self.seal(&sealed_id(who), factor.secret.clone()).await?;
            let mut writing = self.write().await?;
            let kept = sqlx::query(
                "INSERT INTO second_factor (mailbox, made_at) VALUES ($1, $2) \
                 ON CONFLICT (mailbox) DO UPDATE SET made_at = excluded.made_at WHERE second_factor.confirmed = 0",
            )
            .bind(who.canonical())
            .bind(micros(at))
            .execute(&mut *writing.transaction)
            .await?;
            if kept.rows_affected() == 0 {
                return Ok(false);
            }
            writing.destroy_sealed(&sealed_id(who)).await?;
            writing.put_sealed(sealed).await?;
            writing.commit().await?;
            Ok::<_, StoreError>(true)
        };
        put.await.map_err(unavailable)
    }

    async fn confirm_factor(&self, who: &Address, step: u64, recovery: &[[u8; 32]]) -> Result<bool, AccountsError> {
        let confirmed = async {
            let mut writing = self.write().await?;
            let done = sqlx::query(
                "UPDATE second_factor SET confirmed = 1, last_step = $1 WHERE mailbox = $2 AND confirmed = 0",
            )
            .bind(i64::try_from(step).unwrap_or(i64::MAX))
            .bind(who.canonical())
            .execute(&mut *writing.transaction)
            .await?;
            if done.rows_affected() == 0 {
                return Ok(false);
            }
            for hash in recovery {
                sqlx::query("INSERT INTO recovery_code (mailbox, hash) VALUES ($1, $2)")
                    .bind(who.canonical())
                    .bind(&hash[..])
                    .execute(&mut *writing.transaction)
                    .await?;
            }
            writing.commit().await?;
            Ok::<_, StoreError>(true)
        };
        confirmed.await.map_err(unavailable)
    }

    async fn use_step(&self, who: &Address, step: u64) -> Result<bool, AccountsError> {
        let step = i64::try_from(step).unwrap_or(i64::MAX);
        let used = async {
            let mut writing = self.write().await?;
            let done = sqlx::query(
                "UPDATE second_factor SET last_step = $1 WHERE mailbox = $2 AND confirmed = 1 AND last_step < $1",
            )
            .bind(step)
            .bind(who.canonical())
            .execute(&mut *writing.transaction)
            .await?;
            writing.commit().await?;
            Ok::<_, StoreError>(done.rows_affected() == 1)
        };
        used.await.map_err(unavailable)
    }

    async fn use_recovery(&self, who: &Address, hash: &[u8; 32]) -> Result<bool, AccountsError> {
        let used = async {
            let mut writing = self.write().await?;
            let done = sqlx::query("DELETE FROM recovery_code WHERE mailbox = $1 AND hash = $2")
                .bind(who.canonical())
                .bind(&hash[..])
                .execute(&mut *writing.transaction)
                .await?;
            writing.commit().await?;
            Ok::<_, StoreError>(done.rows_affected() == 1)
        };
        used.await.map_err(unavailable)
    }

    async fn remove_factor(&self, who: &Address) -> Result<bool, AccountsError> {
        let removed = async {
            let mut writing = self.write().await?;
            let gone = sqlx::query("DELETE FROM second_factor WHERE mailbox = $1")
                .bind(who.canonical())
                .execute(&mut *writing.transaction)
                .await?;
            writing.destroy_sealed(&sealed_id(who)).await?;
            writing.commit().await?;
            Ok::<_, StoreError>(gone.rows_affected() == 1)
        };
        removed.await.map_err(unavailable)
    }
}

/// The columns of a [`Raw`]. All are named: `SELECT *` would break under a running node when a version to come adds one.
const COLUMNS: &str = "key, address, stage, password, place, browser, began_at, used_at";

#[derive(sqlx::FromRow)]
struct Raw {
    key: Vec<u8>,
    address: String,
    stage: String,
    password: Option<Vec<u8>>,
    place: String,
    browser: String,
    began_at: i64,
    used_at: i64,
}

impl TryFrom<Raw> for Session {
    type Error = StoreError;

    fn try_from(raw: Raw) -> Result<Self, StoreError> {
        let odd = |what: &str| StoreError::Row(format!("a session with an odd {what}"));
        let hash = |bytes: Vec<u8>| <[u8; 32]>::try_from(bytes).map_err(|_| odd("hash sum"));
        Ok(Self {
            key: hash(raw.key)?,
            who: address(raw.address)?,
            stage: Stage::ALL.into_iter().find(|stage| stage.name() == raw.stage).ok_or_else(|| odd("stage"))?,
            password: raw.password.map(hash).transpose()?,
            place: raw.place,
            browser: raw.browser,
            began_at: time(raw.began_at)?,
            used_at: time(raw.used_at)?,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn address(text: &str) -> Address {
        Address::parse(text).unwrap()
    }

    fn session(key: u8, who: &str, used: i64) -> Session {
        Session {
            key: [key; 32],
            who: address(who),
            stage: Stage::Strong,
            password: Some([9; 32]),
            place: "192.0.2.1".to_owned(),
            browser: "Firefox".to_owned(),
            began_at: Timestamp::from_second(1_800_000_000).unwrap(),
            used_at: Timestamp::from_second(1_800_000_000 + used).unwrap(),
        }
    }

    #[tokio::test]
    async fn sessions_outlive_a_restart_and_end_one_by_one_or_all_at_once() {
        let dir = tempfile::tempdir().unwrap();
        let store = Store::open(dir.path()).await.unwrap();
        for (key, who, used) in [(1, "taro@a.jp", 5), (2, "Taro@A.jp", 9), (3, "hanako@a.jp", 0)] {
            store.put_session(&session(key, who, used)).await.unwrap();
        }
        store.close().await;
        let store = Store::open(dir.path()).await.unwrap();
        assert_eq!(store.session(&[1; 32]).await.unwrap(), Some(session(1, "taro@a.jp", 5)));
        let keys = |sessions: Vec<Session>| sessions.iter().map(|session| session.key[0]).collect::<Vec<_>>();
        assert_eq!(keys(store.sessions_of(&address("TARO@a.jp")).await.unwrap()), [2, 1]);
        store.use_session(&[1; 32], Timestamp::from_second(1_800_000_100).unwrap()).await.unwrap();
        assert_eq!(keys(store.sessions_of(&address("taro@a.jp")).await.unwrap()), [1, 2]);
        assert_eq!(store.end_sessions_of(&address("taro@a.jp"), Some(&[2; 32])).await.unwrap(), 1);
        assert!(store.session(&[1; 32]).await.unwrap().is_none());
        assert!(store.end_session(&[2; 32]).await.unwrap() && !store.end_session(&[2; 32]).await.unwrap());
        assert!(store.session(&[3; 32]).await.unwrap().is_some(), "somebody else's stays");
    }

    #[tokio::test]
    async fn old_sessions_go_when_new_ones_come() {
        let dir = tempfile::tempdir().unwrap();
        let store = Store::open(dir.path()).await.unwrap();
        let mut old = session(1, "taro@a.jp", 0);
        old.began_at = Timestamp::from_second(1_700_000_000).unwrap();
        store.put_session(&old).await.unwrap();
        store.put_session(&session(2, "taro@a.jp", 0)).await.unwrap();
        assert!(store.session(&[1; 32]).await.unwrap().is_none());
    }

    #[tokio::test]
    async fn a_code_works_once_and_a_confirmed_factor_is_not_replaced() {
        let dir = tempfile::tempdir().unwrap();
        let store = Store::open(dir.path()).await.unwrap();
        let (who, now) = (address("taro@a.jp"), Timestamp::UNIX_EPOCH);
        let (one, two) = (Factor::generate().unwrap(), Factor::generate().unwrap());
        assert!(store.put_factor(&who, &one, now).await.unwrap());
        assert!(store.put_factor(&who, &two, now).await.unwrap(), "an unconfirmed one gives way");
        assert!(!store.use_step(&who, 5).await.unwrap(), "nothing is confirmed");
        assert!(store.confirm_factor(&who, 7, &[[1; 32], [2; 32]]).await.unwrap());
        assert!(!store.confirm_factor(&who, 9, &[]).await.unwrap());
        assert!(!store.put_factor(&who, &one, now).await.unwrap());
        let kept = store.factor(&address("TARO@a.jp")).await.unwrap().unwrap();
        assert_eq!((&kept.secret, kept.confirmed, kept.recovery_left), (&two.secret, true, 2));
        let steps = [store.use_step(&who, 7).await, store.use_step(&who, 8).await, store.use_step(&who, 8).await];
        assert_eq!(steps.map(Result::unwrap), [false, true, false]);
        let codes = [store.use_recovery(&who, &[1; 32]).await, store.use_recovery(&who, &[1; 32]).await];
        assert_eq!(codes.map(Result::unwrap), [true, false]);
        assert!(store.remove_factor(&who).await.unwrap() && !store.remove_factor(&who).await.unwrap());
        assert!(store.factor(&who).await.unwrap().is_none() && !store.use_recovery(&who, &[2; 32]).await.unwrap());
        if !store.is_a_file() {
            return;
        }
        let bytes = std::fs::read(dir.path().join("sekisho.db-wal")).unwrap();
        assert!(!bytes.windows(20).any(|bytes| bytes == two.secret), "the secret is on the disk in the clear");
    }
}
