//! What a server knows from files and may learn anew while it runs: its certificate and its users. The console, which has
//! no users here, keeps its certificate in one too.
//!
//! In: where the files are. Out: [`Keys`], all of it checked, or everything that is wrong; and a [`Keyring`] that holds
//! the present ones. Connections that are open keep what they began with, the next handshake or login sees what is new.
//! Files that are faulty change nothing: the old keys stay and the log says why. Deliberately absent: signals (who
//! calls [`Keyring::replace`]) and watching the users file, of which only a person knows when it is finished.

use std::{
    fs,
    path::PathBuf,
    sync::{Arc, PoisonError, RwLock},
    time::{Duration, SystemTime},
};

use tokio::task::spawn_blocking;
use tokio_rustls::TlsAcceptor;
use tokio_util::sync::CancellationToken;
use tracing::{info, warn};

use super::{
    tls::{Certificate, CertificateFiles, Stamps},
    users::Users,
};

/// How often the certificate's files are looked at: soon enough for whoever renews it, and two system calls a file.
const LOOK: Duration = Duration::from_secs(30);

/// Where the files are; from `[smtp]`.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct KeyFiles {
    /// `certificate` and `key`: without them there is no TLS.
    pub certificate: Option<CertificateFiles>,
    /// `users`: without it there is no AUTH.
    pub users: Option<PathBuf>,
}

/// What stands in the files.
#[derive(Debug, Clone, Default)]
pub struct Keys {
    files: KeyFiles,
    pub(super) certificate: Option<Certificate>,
    pub(super) users: Option<Arc<Users>>,
}

impl Keys {
    /// Reads all files.
    ///
    /// # Errors
    /// Everything that is wrong with them, one line each.
    pub fn load(files: &KeyFiles) -> Result<Self, Vec<String>> {
        let mut wrong = Vec::new();
        let certificate = files
            .certificate
            .as_ref()
            .and_then(|files| Certificate::load(files).map_err(|error| wrong.push(error.to_string())).ok());
        let users = files.users.as_ref().and_then(|path| {
            let name = path.display().to_string();
            let text = fs::read_to_string(path)
                .map_err(|error| {
                    wrong.push(format!("{name}: cannot be read ({error}); name a file that this user may read"))
                })
                .ok()?;
            let users = Users::parse(&name, &text);
            users.map_err(|errors| wrong.extend(errors.iter().map(ToString::to_string))).ok().map(Arc::new)
        });
        if wrong.is_empty() { Ok(Self { files: files.clone(), certificate, users }) } else { Err(wrong) }
    }

    fn complaint(&self) -> Option<String> {
        self.certificate.as_ref().and_then(|certificate| certificate.complaint(SystemTime::now()))
    }

    fn complain(&self) {
        if let Some(complaint) = self.complaint() {
            warn!("{complaint}");
        }
    }
}

/// The keys as they are at the moment.
#[derive(Debug, Default)]
pub struct Keyring(RwLock<Arc<Keys>>);

impl Keyring {
    /// Starts with these; warns if the certificate's time is over or nearly so.
    pub fn new(keys: Keys) -> Self {
        keys.complain();
        Self(RwLock::new(Arc::new(keys)))
    }

    /// Replaces them for the next handshake and the next login.
    pub fn replace(&self, keys: Keys) {
        keys.complain();
        *self.0.write().unwrap_or_else(PoisonError::into_inner) = Arc::new(keys);
    }

    /// What does the handshakes at the moment; nothing without a certificate.
    pub fn acceptor(&self) -> Option<TlsAcceptor> {
        self.current().certificate.as_ref().map(|certificate| certificate.acceptor().clone())
    }

    /// What clients object to in the certificate, now or soon; nothing without one.
    pub fn complaint(&self) -> Option<String> {
        self.current().complaint()
    }

    /// The present ones.
    pub(super) fn current(&self) -> Arc<Keys> {
        Arc::clone(&self.0.read().unwrap_or_else(PoisonError::into_inner))
    }

    /// Looks at the certificate's files until `stop`, and reads them anew when they have changed.
    pub async fn watch(self: Arc<Self>, stop: CancellationToken) {
        self.watch_every(LOOK, stop).await;
    }

    async fn watch_every(self: Arc<Self>, pause: Duration, stop: CancellationToken) {
        let (mut watched, mut seen) = self.stamps();
        while stop.run_until_cancelled(tokio::time::sleep(pause)).await.is_some() {
            let keyring = Arc::clone(&self);
            let Ok((files, stamps)) = spawn_blocking(move || keyring.stamps()).await else { return };
            let changed = files == watched && stamps != seen;
            (watched, seen) = (files, stamps);
            if changed {
                let keyring = Arc::clone(&self);
                // A panic there would leave the old certificate, as any fault does.
                let _ = spawn_blocking(move || keyring.renew()).await;
            }
        }
    }

    fn stamps(&self) -> (Option<CertificateFiles>, Option<Stamps>) {
        let files = self.current().files.certificate.clone();
        let stamps = files.as_ref().map(Stamps::of);
        (files, stamps)
    }

    /// Reads the certificate anew and leaves the users as they are.
    fn renew(&self) {
        let Some(files) = self.current().files.certificate.clone() else { return };
        match Certificate::load(&files) {
            Ok(certificate) => {
                info!(certificate = %files.certificate.display(), "the TLS certificate has changed and is in use");
                self.exchange(&files, certificate);
            }
            Err(why) => warn!(%why, "the TLS certificate has changed but cannot be used, the old one stays"),
        }
    }

    /// Exchanges the certificate of these files alone. [`replace`](Self::replace) may have come while they were read:
    /// users who were removed by it stay removed, and so do the files.
    fn exchange(&self, files: &CertificateFiles, certificate: Certificate) {
        let mut keys = self.0.write().unwrap_or_else(PoisonError::into_inner);
        if keys.files.certificate.as_ref() == Some(files) {
            let renewed = Keys { certificate: Some(certificate), ..Keys::clone(&keys) };
            renewed.complain();
            *keys = Arc::new(renewed);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::smtp::server::{tls::fixture, users};

    #[test]
    fn everything_wrong_with_the_files_is_told_at_once() {
        let folder = tempfile::tempdir().unwrap();
        let (files, _) = fixture::write(folder.path(), (2090, 1, 1));
        let users = folder.path().join("users.toml");
        fs::write(&users, "[[user]]\nname = \"a\"\npassword = \"x\"\n[[user]]\nname = \"a\"\npassword = \"y\"\n")
            .unwrap();
        fs::remove_file(&files.key).unwrap();
        let wrong = Keys::load(&KeyFiles { certificate: Some(files), users: Some(users.clone()) }).unwrap_err();
        assert_eq!(wrong.len(), 4, "{wrong:#?}");
        fs::remove_file(&users).unwrap();
        let wrong = Keys::load(&KeyFiles { certificate: None, users: Some(users.clone()) }).unwrap_err();
        assert!(wrong[0].contains("users.toml: cannot be read"), "{wrong:?}");
        fs::write(
            &users,
            format!("[[user]]\nname = \"a\"\npassword = \"{}\"\n", users::hash("long enough for one").unwrap()),
        )
        .unwrap();
        assert!(Keys::load(&KeyFiles { certificate: None, users: Some(users) }).unwrap().users.is_some());
    }

    #[test]
    fn users_replaced_while_a_certificate_is_read_stay_replaced() {
        let folder = tempfile::tempdir().unwrap();
        let (files, _) = fixture::write(folder.path(), (2090, 1, 1));
        let users = |name: &str| {
            let path = folder.path().join("users.toml");
            let hash = users::hash("long enough for one").unwrap();
            fs::write(&path, format!("[[user]]\nname = \"{name}\"\npassword = \"{hash}\"\n")).unwrap();
            Keys::load(&KeyFiles { certificate: Some(files.clone()), users: Some(path) }).unwrap()
        };
        let keyring = Keyring::new(users("dismissed"));
        let certificate = Certificate::load(&files).unwrap();
        keyring.replace(users("new"));
        keyring.exchange(&files, certificate.clone());
        let knows = |name: &str| keyring.current().users.as_ref().unwrap().may_send_as(name, None).is_some();
        assert!(knows("new") && !knows("dismissed"));
        let elsewhere = CertificateFiles { key: folder.path().join("other.pem"), ..files.clone() };
        let present = keyring.current();
        keyring.exchange(&elsewhere, certificate);
        assert!(Arc::ptr_eq(&present, &keyring.current()), "those files are not ours any more");
    }

    #[tokio::test]
    async fn a_changed_certificate_is_taken_and_a_faulty_one_is_not() {
        let folder = tempfile::tempdir().unwrap();
        let (files, _) = fixture::write(folder.path(), (2090, 1, 1));
        let keys = Keys::load(&KeyFiles { certificate: Some(files.clone()), users: None }).unwrap();
        let keyring = Arc::new(Keyring::new(keys));
        let stop = CancellationToken::new();
        let watching = tokio::spawn(Arc::clone(&keyring).watch_every(Duration::from_millis(5), stop.clone()));
        let first = keyring.current();
        fs::write(&files.key, "not a key, and of another length").unwrap();
        // It was looked at, and the old one stayed: the good one behind it is taken.
        tokio::time::sleep(Duration::from_millis(50)).await;
        assert!(Arc::ptr_eq(&first, &keyring.current()));
        fixture::write(folder.path(), (2091, 1, 1));
        let changed = async {
            while Arc::ptr_eq(&first, &keyring.current()) {
                tokio::time::sleep(Duration::from_millis(5)).await;
            }
        };
        tokio::time::timeout(Duration::from_secs(20), changed).await.expect("the new certificate is not taken");
        stop.cancel();
        watching.await.unwrap();
    }
}
