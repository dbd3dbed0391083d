//! Tokens of the API, kept for the directory.
//!
//! In and out: `directory::ApiToken` under the SHA-256 of the token. Deliberately absent: the tokens themselves.

use jiff::Timestamp;

use super::{Store, StoreError, accounts::unavailable, address, micros, plain, time};
use crate::{
    directory::{AccountsError, ApiToken, ApiTokens},
    mail::Address,
};

impl ApiTokens for Store {
    async fn put_api_token(&self, hash: &[u8; 32], token: &ApiToken) -> Result<(), AccountsError> {
        let put = async {
            let mut writing = self.write().await?;
            let done = sqlx::query(
                "INSERT INTO api_token (hash, mailbox, address, name, made_at, expires_at) VALUES ($1, $2, $3, $4, $5, $6) \
                 ON CONFLICT (mailbox, name) DO NOTHING",
            )
            .bind(&hash[..])
            .bind(token.who.canonical())
            .bind(token.who.as_str())
            .bind(plain(&token.name))
            .bind(micros(token.made_at))
            .bind(micros(token.expires_at))
            .execute(&mut *writing.transaction)
            .await?;
            writing.commit().await?;
            Ok::<_, StoreError>(done.rows_affected() == 1)
        };
        if put.await.map_err(unavailable)? { Ok(()) } else { Err(AccountsError::Exists) }
    }

    async fn api_token(&self, hash: &[u8; 32], now: Timestamp) -> Result<Option<ApiToken>, AccountsError> {
        let raw: Option<Raw> = sqlx::query_as(
            "SELECT address, name, made_at, expires_at FROM api_token WHERE hash = $1 AND expires_at > $2",
        )
        .bind(&hash[..])
        .bind(micros(now))
        .fetch_optional(self.readers())
        .await
        .map_err(unavailable)?;
        raw.map(ApiToken::try_from).transpose().map_err(unavailable)
    }

    async fn api_tokens(&self) -> Result<Vec<ApiToken>, AccountsError> {
        let raw: Vec<Raw> =
            sqlx::query_as("SELECT address, name, made_at, expires_at FROM api_token ORDER BY mailbox, name")
                .fetch_all(self.readers())
                .await
                .map_err(unavailable)?;
        raw.into_iter().map(|raw| ApiToken::try_from(raw).map_err(unavailable)).collect()
    }

    async fn end_api_token(&self, who: &Address, name: &str) -> Result<bool, AccountsError> {
        let ended = async {
            let mut writing = self.write().await?;
            let gone = sqlx::query("DELETE FROM api_token WHERE mailbox = $1 AND name = $2")
                .bind(who.canonical())
                .bind(plain(name))
                .execute(&mut *writing.transaction)
                .await?;
            writing.commit().await?;
            Ok::<_, StoreError>(gone.rows_affected() == 1)
        };
        ended.await.map_err(unavailable)
    }
}

#[derive(sqlx::FromRow)]
struct Raw {
    address: String,
    name: String,
    made_at: i64,
    expires_at: i64,
}

impl TryFrom<Raw> for ApiToken {
    type Error = StoreError;

    fn try_from(raw: Raw) -> Result<Self, StoreError> {
        let (made_at, expires_at) = (time(raw.made_at)?, time(raw.expires_at)?);
        Ok(Self { who: address(raw.address)?, name: raw.name, made_at, expires_at })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn a_token_is_known_until_it_ends_and_its_text_is_nowhere() {
        let dir = tempfile::tempdir().unwrap();
        let store = Store::open(dir.path()).await.unwrap();
        let at = |second| Timestamp::from_second(second).unwrap();
        let who = Address::parse("Taro@a.jp").unwrap();
        let token = ApiToken { who: who.clone(), name: "siem".to_owned(), made_at: at(0), expires_at: at(100) };
        let (one, two) = (ApiToken::generate().unwrap(), ApiToken::generate().unwrap());
        let hash = ApiToken::hash(&one).unwrap();
        store.put_api_token(&hash, &token).await.unwrap();
        let twice = store.put_api_token(&ApiToken::hash(&two).unwrap(), &token).await;
        assert_eq!(twice, Err(AccountsError::Exists));
        assert_eq!(store.api_token(&hash, at(99)).await.unwrap(), Some(token.clone()));
        assert_eq!(store.api_token(&hash, at(100)).await.unwrap(), None);
        assert_eq!(store.api_token(&ApiToken::hash(&two).unwrap(), at(1)).await.unwrap(), None);
        assert_eq!(ApiToken::hash("Bearer x"), None);
        assert_eq!(store.api_tokens().await.unwrap(), [token]);
        let taro = Address::parse("taro@A.jp").unwrap();
        assert!(
            store.end_api_token(&taro, "siem").await.unwrap() && !store.end_api_token(&taro, "siem").await.unwrap()
        );
        if !store.is_a_file() {
            return;
        }
        let bytes = std::fs::read(dir.path().join("sekisho.db-wal")).unwrap();
        assert!(!bytes.windows(one.len()).any(|bytes| bytes == one.as_bytes()));
    }
}
