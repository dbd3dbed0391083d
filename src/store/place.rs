//! Where a store is.
//!
//! In: a directory, and the address of a PostgreSQL database if it is kept there. Out: a [`Place`], which tells nobody the
//! password in that address. Deliberately absent: opening it (`open`).

use std::path::{Path, PathBuf};

use sqlx::postgres::{PgConnectOptions, PgSslMode};

use super::sqlite::DATABASE;

/// A directory, in which the key is, and the database if it is not on a server.
#[derive(Clone, PartialEq, Eq)]
pub struct Place {
    pub(super) directory: PathBuf,
    pub(super) server: Option<String>,
    /// A replica of the server's database, for searches.
    pub(super) mirror: Option<String>,
    /// What prints the root key, if it is not in the directory.
    pub(super) key_command: Option<Vec<String>>,
}

impl Place {
    /// With its database at `url`, on a server.
    ///
    /// # Errors
    /// It is no such address, and how one is written.
    pub fn on_server(directory: &Path, url: &str) -> Result<Self, String> {
        if !url.starts_with("postgres://") && !url.starts_with("postgresql://") {
            return Err(format!("`{url}` is no store; write url = \"sqlite\", or \"postgres://user@host/database\""));
        }
        url.parse::<PgConnectOptions>().map_err(|error| {
            format!(
                "{} is no address of a database ({error}); write \"postgres://user@host/database\"",
                without_password(url)
            )
        })?;
        Ok(Self { directory: directory.to_owned(), server: Some(url.to_owned()), mirror: None, key_command: None })
    }

    /// The same with a root key that a command prints, as one does that asks a key service.
    #[must_use]
    pub fn with_key_from(self, command: Option<Vec<String>>) -> Self {
        Self { key_command: command, ..self }
    }

    /// The same with a read replica at `url`, which searches of the console ask.
    #[must_use]
    pub fn with_mirror(self, url: Option<String>) -> Self {
        Self { mirror: url, ..self }
    }

    /// Whether the root key is not in the directory.
    pub fn has_key_elsewhere(&self) -> bool {
        self.key_command.is_some()
    }

    /// The server's database without the password, if it is on one.
    pub fn server(&self) -> Option<String> {
        self.server.as_deref().map(without_password)
    }

    /// Whether somebody on the way to the server could read along, or pretend to be it: it is another machine, and what it
    /// shows as its certificate is not looked at.
    pub fn may_be_overheard(&self) -> bool {
        self.server.iter().chain(&self.mirror).any(|url| overheard(url))
    }

    /// Whether there is a store already. On a server there is, as far as can be told without asking it.
    pub fn is_made(&self) -> bool {
        self.server.is_some() || self.directory.join(DATABASE).is_file()
    }
}

impl From<&Path> for Place {
    fn from(directory: &Path) -> Self {
        Self { directory: directory.to_owned(), server: None, mirror: None, key_command: None }
    }
}

impl From<&PathBuf> for Place {
    fn from(directory: &PathBuf) -> Self {
        directory.as_path().into()
    }
}

impl From<&Self> for Place {
    fn from(place: &Self) -> Self {
        place.clone()
    }
}

impl std::fmt::Debug for Place {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Place")
            .field("directory", &self.directory)
            .field("server", &self.server())
            .field("mirror", &self.mirror.as_deref().map(without_password))
            .field("key_command", &self.key_command)
            .finish()
    }
}

fn overheard(url: &str) -> bool {
    let Ok(server) = url.parse::<PgConnectOptions>() else { return false };
    let here = server.get_socket().is_some() || matches!(server.get_host(), "localhost" | "127.0.0.1" | "::1");
    !here && !matches!(server.get_ssl_mode(), PgSslMode::VerifyCa | PgSslMode::VerifyFull)
}

/// `postgres://host/database`, without who logs in and how.
pub(super) fn without_password(url: &str) -> String {
    let whole = url.split('?').next().unwrap_or(url);
    match (whole.split_once("://"), whole.rsplit_once('@')) {
        (Some((scheme, _)), Some((_, host))) => format!("{scheme}://{host}"),
        _ => whole.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_address_is_checked_and_its_password_told_nobody() {
        let place =
            Place::on_server(Path::new("/d"), "postgres://u:p%40ss@db.example:5433/mail?sslmode=require").unwrap();
        assert_eq!(place.server().unwrap(), "postgres://db.example:5433/mail");
        assert!(!format!("{place:?}").contains("ss@"), "{place:?}");
        let overheard = |url: &str| Place::on_server(Path::new("/d"), url).unwrap().may_be_overheard();
        assert!(overheard("postgres://u@db.example/mail") && overheard("postgres://u@db.example/mail?sslmode=require"));
        assert!(
            !overheard("postgres://u@db.example/mail?sslmode=verify-full") && !overheard("postgres://u@127.0.0.1/mail")
        );
        assert!(!overheard("postgres://u@localhost/mail?host=/run/postgresql"));
        assert!(Place::on_server(Path::new("/d"), "mysql://u@h/d").unwrap_err().contains("postgres://"));
        assert!(Place::on_server(Path::new("/d"), "postgres://u@h:port/d").is_err());
    }
}
