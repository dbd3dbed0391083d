//! Local accounts, kept for the directory.
//!
//! In and out: `directory::Account`, whose password is an Argon2id hash already. Deliberately absent: passwords in
//! clear, sessions, roles.

use sqlx::any::AnyQueryResult;

use super::{Store, StoreError, address, micros, time};
use crate::{
    directory::{Account, Accounts, AccountsError},
    mail::Address,
};

impl Accounts for Store {
    async fn accounts(&self) -> Result<Vec<Account>, AccountsError> {
        let raw: Vec<Raw> =
            sqlx::query_as("SELECT address, password_hash, disabled, created_at FROM account ORDER BY mailbox")
                .fetch_all(self.readers())
                .await
                .map_err(unavailable)?;
        raw.into_iter().map(|raw| Account::try_from(raw).map_err(unavailable)).collect()
    }

    async fn account(&self, address: &Address) -> Result<Option<Account>, AccountsError> {
        let raw: Option<Raw> =
            sqlx::query_as("SELECT address, password_hash, disabled, created_at FROM account WHERE mailbox = $1")
                .bind(address.canonical())
                .fetch_optional(self.readers())
                .await
                .map_err(unavailable)?;
        raw.map(|raw| Account::try_from(raw).map_err(unavailable)).transpose()
    }

    async fn put_account(&self, account: &Account) -> Result<(), AccountsError> {
        let done = sqlx::query(
            "INSERT INTO account (mailbox, address, password_hash, disabled, created_at) VALUES ($1, $2, $3, $4, $5) \
             ON CONFLICT (mailbox) DO NOTHING",
        )
        .bind(account.address.canonical())
        .bind(account.address.as_str())
        .bind(&account.password_hash)
        .bind(i64::from(account.disabled))
        .bind(micros(account.created_at))
        .execute(self.inner.writers.pool())
        .await
        .map_err(unavailable)?;
        if done.rows_affected() == 0 { Err(AccountsError::Exists) } else { Ok(()) }
    }

    async fn set_account_disabled(&self, address: &Address, disabled: bool) -> Result<(), AccountsError> {
        let done = sqlx::query("UPDATE account SET disabled = $1 WHERE mailbox = $2")
            .bind(i64::from(disabled))
            .bind(address.canonical())
            .execute(self.inner.writers.pool())
            .await;
        known(&done.map_err(unavailable)?)
    }

    async fn set_account_password(&self, address: &Address, password_hash: &str) -> Result<(), AccountsError> {
        let done = sqlx::query("UPDATE account SET password_hash = $1 WHERE mailbox = $2")
            .bind(password_hash)
            .bind(address.canonical())
            .execute(self.inner.writers.pool())
            .await;
        known(&done.map_err(unavailable)?)
    }
}

fn known(done: &AnyQueryResult) -> Result<(), AccountsError> {
    if done.rows_affected() == 0 { Err(AccountsError::Unknown) } else { Ok(()) }
}

pub(super) fn unavailable(error: impl Into<StoreError>) -> AccountsError {
    AccountsError::Unavailable(error.into().to_string())
}

#[derive(sqlx::FromRow)]
struct Raw {
    address: String,
    password_hash: String,
    disabled: i64,
    created_at: i64,
}

impl TryFrom<Raw> for Account {
    type Error = StoreError;

    fn try_from(raw: Raw) -> Result<Self, StoreError> {
        Ok(Self {
            address: address(raw.address)?,
            password_hash: raw.password_hash,
            disabled: raw.disabled != 0,
            created_at: time(raw.created_at)?,
        })
    }
}

#[cfg(test)]
mod tests {
    use jiff::Timestamp;

    use super::*;

    #[tokio::test]
    async fn one_account_a_mailbox() {
        let dir = tempfile::tempdir().unwrap();
        let store = Store::open(dir.path()).await.unwrap();
        let account = Account {
            address: Address::parse("Hanako@example.co.jp").unwrap(),
            password_hash: "$argon2id$one".to_owned(),
            disabled: false,
            created_at: Timestamp::from_second(1_700_000_000).unwrap(),
        };
        let other_case = Address::parse("hanako@EXAMPLE.co.jp").unwrap();
        assert_eq!(store.set_account_disabled(&other_case, true).await, Err(AccountsError::Unknown));
        store.put_account(&account).await.unwrap();
        let again = Account { address: other_case.clone(), ..account.clone() };
        assert_eq!(store.put_account(&again).await, Err(AccountsError::Exists));
        store.set_account_disabled(&other_case, true).await.unwrap();
        store.set_account_password(&other_case, "$argon2id$two").await.unwrap();
        let changed = Account { disabled: true, password_hash: "$argon2id$two".to_owned(), ..account };
        assert_eq!(store.account(&other_case).await, Ok(Some(changed.clone())));
        assert_eq!(store.accounts().await, Ok(vec![changed]));
    }
}
