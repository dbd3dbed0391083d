//! People who may log in over SMTP, in a file as the relay reads it.

use std::{
    path::{Path, PathBuf},
    sync::OnceLock,
};

use argon2::{
    Argon2,
    password_hash::{PasswordHasher, phc::PasswordHash},
};

/// The one person in the file.
pub(crate) const NAME: &str = "printer";
/// Its password.
pub(crate) const PASSWORD: &str = "correct horse battery";

/// The file, made once.
pub(crate) fn file() -> &'static Path {
    static FILE: OnceLock<(tempfile::TempDir, PathBuf)> = OnceLock::new();
    let (_home, path) = FILE.get_or_init(|| {
        let home = tempfile::tempdir().unwrap();
        let hash: PasswordHash = Argon2::default().hash_password(PASSWORD.as_bytes()).unwrap();
        let path = home.path().join("users.toml");
        std::fs::write(&path, format!("[[user]]\nname = {NAME:?}\npassword = \"{hash}\"\n")).unwrap();
        (home, path)
    });
    path
}
