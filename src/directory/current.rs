//! Who is known now: the people of the file and of LDAP together, kept current.
//!
//! In: the file's people, the settings of LDAP. Out: [`Directory`], which answers at once from what was read last. A
//! reading that fails leaves everything as it was: mail goes on being decided by the people who were known, and whoever
//! asks is told how old that is. Deliberately absent: what the people mean for a mail (`route`), and telling anybody
//! about an outage (whoever asks for [`Health`]).

use std::{
    path::{Path, PathBuf},
    sync::{Arc, PoisonError, RwLock},
    time::Duration,
};

use jiff::Timestamp;
use tokio::sync::Notify;
use tokio_util::sync::CancellationToken;

use super::{
    file::Written,
    ldap::{self, LdapError, Meant},
    people::People,
    snapshot::Snapshot,
};

/// After the first failure; each further wait is twice as long, up to what is usual between two readings.
const FIRST_RETRY: Duration = Duration::from_secs(5);

/// Where people are known from; from nowhere if nothing is said.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Settings {
    /// people.toml
    pub file: Option<PathBuf>,
    /// `[directory.ldap]`
    pub ldap: Option<ldap::Settings>,
}

/// Who is known now. Cheap to clone; all clones are one.
#[derive(Debug, Clone, Default)]
pub struct Directory {
    inner: Arc<Inner>,
}

#[derive(Debug, Default)]
struct Inner {
    data_dir: PathBuf,
    /// Changed only by who holds `state`.
    ldap: RwLock<Option<Arc<Source>>>,
    /// Tells the loop that reads that `ldap` is another one.
    renewed: Notify,
    state: RwLock<State>,
}

/// A server that people are read from, and where those read last are kept.
#[derive(Debug)]
struct Source {
    settings: ldap::Settings,
    snapshot: Snapshot,
}

impl Source {
    fn new(settings: ldap::Settings, data_dir: &Path) -> Arc<Self> {
        let snapshot = Snapshot::new(data_dir, settings.fingerprint());
        Arc::new(Self { settings, snapshot })
    }
}

#[derive(Debug, Default)]
struct State {
    file: Written,
    /// Whether what is odd about the file was told; it waits for those who may explain it.
    told: bool,
    /// Whether there is nothing but the file.
    alone: bool,
    read: Arc<People>,
    together: Arc<People>,
    trouble: Option<Trouble>,
    /// What was odd in the last reading, so that the log tells it once.
    odd: Vec<String>,
}

/// How a directory that is read from a server is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Health {
    /// How many people are known.
    pub people: usize,
    /// When that was last known to be true; never if nobody has ever been read.
    pub known_at: Option<Timestamp>,
    /// Why it is not newer.
    pub trouble: Option<Trouble>,
}

/// Readings that failed, one after the other.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Trouble {
    /// When the first of them did.
    pub since: Timestamp,
    /// How many.
    pub failures: u32,
    /// What the last one failed for.
    pub why: LdapError,
}

impl Directory {
    /// The people of a file, and those of `ldap` as they are kept in `data_dir`; nothing is asked yet.
    pub fn open(file: Written, ldap: Option<ldap::Settings>, data_dir: &Path) -> Self {
        let ldap = ldap.map(|settings| Source::new(settings, data_dir));
        let read = ldap.as_ref().and_then(|source| source.snapshot.load()).unwrap_or_default();
        let mut state = State { file, alone: ldap.is_none(), read: Arc::new(read), ..State::default() };
        state.join();
        let inner = Inner {
            data_dir: data_dir.to_owned(),
            ldap: RwLock::new(ldap),
            renewed: Notify::new(),
            state: RwLock::new(state),
        };
        Self { inner: Arc::new(inner) }
    }

    /// Everybody who is known. Cheap.
    pub fn people(&self) -> Arc<People> {
        Arc::clone(&self.inner.state.read().unwrap_or_else(PoisonError::into_inner).together)
    }

    /// Puts other people in the place of the file's.
    pub fn replace_file(&self, file: Written) {
        self.change(|state| (state.file, state.told) = (file, false));
    }

    /// How the directory that is read from a server is; none if none is.
    pub fn health(&self) -> Option<Health> {
        self.source()?;
        let state = self.inner.state.read().unwrap_or_else(PoisonError::into_inner);
        let (people, known_at) = (state.read.len(), state.read.known_at());
        Some(Health { people, known_at, trouble: state.trouble.clone() })
    }

    /// Whom a login means, by the address that is theirs here, if anybody; nobody without LDAP. Nothing is proven by it.
    ///
    /// # Errors
    /// The directory could not be asked.
    pub async fn meant(&self, login: &str) -> Result<Option<Meant>, LdapError> {
        let Some(source) = self.source() else { return Ok(None) };
        let Some(mut meant) = ldap::meant(&source.settings, login).await? else { return Ok(None) };
        if let Some(person) = self.people().person(&meant.address) {
            meant.address = person.address.clone();
        }
        Ok(Some(meant))
    }

    /// Reads everybody anew; without LDAP there is nothing to read.
    ///
    /// # Errors
    /// It failed, and everybody is as known before.
    pub async fn refresh(&self) -> Result<(), LdapError> {
        let Some(source) = self.source() else { return Ok(()) };
        let (people, oddities) = match ldap::read(&source.settings).await {
            Ok(read) => read,
            Err(why) => {
                self.failed(&source, &why);
                return Err(why);
            }
        };
        let people = Arc::new(people.as_of(Timestamp::now()));
        let lines = oddities.lines();
        let taken = self.change_of(&source, |state| {
            if let Some(trouble) = state.trouble.take() {
                tracing::info!(failures = trouble.failures, "the directory answers again");
            }
            for line in lines.iter().filter(|line| !state.odd.contains(line)) {
                tracing::warn!("the directory: {line}");
            }
            state.odd = lines;
            state.read = Arc::clone(&people);
        });
        if taken {
            keep(&source, people).await;
        }
        Ok(())
    }

    /// Reads people from another server, or in another way, from now on; from none without `settings`. The new settings
    /// are taken only when people could be read with them. Whether they are other ones at all.
    ///
    /// # Errors
    /// It could not be read, and everything stays as it was.
    pub async fn renew_ldap(&self, settings: Option<ldap::Settings>) -> Result<bool, LdapError> {
        if self.source().map(|source| source.settings.clone()) == settings {
            return Ok(false);
        }
        let Some(settings) = settings else {
            self.install(None, Arc::default(), Vec::new());
            return Ok(true);
        };
        let (people, oddities) = ldap::read(&settings).await?;
        let (source, people) = (Source::new(settings, &self.inner.data_dir), Arc::new(people.as_of(Timestamp::now())));
        let lines = oddities.lines();
        lines.iter().for_each(|line| tracing::warn!("the directory: {line}"));
        self.install(Some(Arc::clone(&source)), Arc::clone(&people), lines);
        keep(&source, people).await;
        Ok(true)
    }

    /// Reads everybody now and again until `stop`.
    pub async fn run(&self, stop: CancellationToken) {
        let mut failures = 0;
        loop {
            let Some(source) = self.source() else {
                tokio::select! {
                    () = self.inner.renewed.notified() => continue,
                    () = stop.cancelled() => return,
                }
            };
            let read = tokio::select! {
                read = self.refresh() => read,
                () = stop.cancelled() => return,
            };
            failures = if read.is_ok() { 0 } else { failures + 1 };
            tokio::select! {
                () = tokio::time::sleep(wait(failures, source.settings.refresh)) => {}
                () = self.inner.renewed.notified() => failures = 0,
                () = stop.cancelled() => return,
            }
        }
    }

    fn source(&self) -> Option<Arc<Source>> {
        self.inner.ldap.read().unwrap_or_else(PoisonError::into_inner).clone()
    }

    fn install(&self, source: Option<Arc<Source>>, people: Arc<People>, odd: Vec<String>) {
        self.change(|state| {
            (state.alone, state.told) = (source.is_none(), false);
            (state.read, state.odd, state.trouble) = (people, odd, None);
            *self.inner.ldap.write().unwrap_or_else(PoisonError::into_inner) = source;
        });
        self.inner.renewed.notify_one();
    }

    fn failed(&self, source: &Arc<Source>, why: &LdapError) {
        self.change_of(source, |state| {
            let before = state.trouble.take();
            if before.as_ref().is_none_or(|before| before.why != *why) {
                tracing::warn!(%why, people = state.read.len(), "the directory cannot be read; the people known last go on being known");
            }
            let (since, failures) = before.map_or((Timestamp::now(), 0), |before| (before.since, before.failures));
            state.trouble = Some(Trouble { since, failures: failures.saturating_add(1), why: why.clone() });
        });
    }

    fn change(&self, change: impl FnOnce(&mut State)) {
        let mut state = self.inner.state.write().unwrap_or_else(PoisonError::into_inner);
        change(&mut state);
        state.join();
    }

    /// The same if people are still read from `source`: what a reading brings that began before another one took its
    /// place is of no use. Whether they are.
    fn change_of(&self, source: &Arc<Source>, change: impl FnOnce(&mut State)) -> bool {
        let mut state = self.inner.state.write().unwrap_or_else(PoisonError::into_inner);
        let current = self.source().is_some_and(|current| Arc::ptr_eq(&current, source));
        if current {
            change(&mut state);
            state.join();
        }
        current
    }
}

/// Keeps `people` for a restart.
async fn keep(source: &Source, people: Arc<People>) {
    let snapshot = source.snapshot.clone();
    let kept = tokio::task::spawn_blocking(move || snapshot.keep(&people)).await;
    if let Err(why) = kept.map_err(std::io::Error::other).flatten() {
        tracing::warn!(%why, "the people of the directory are not kept: a restart while it is away would know nobody");
    }
}

impl State {
    fn join(&mut self) {
        let file = &self.file.people;
        let is_empty = file.is_empty() && file.groups().next().is_none();
        self.together = if is_empty { Arc::clone(&self.read) } else { Arc::new(self.read.with(file)) };
        if !self.told && (self.alone || self.read.known_at().is_some()) {
            self.told = true;
            self.file.warnings(&self.read).for_each(|odd| tracing::warn!("{odd}"));
        }
    }
}

/// How long until the next reading, after so many failures.
fn wait(failures: u32, refresh: Duration) -> Duration {
    match failures.checked_sub(1) {
        None => refresh,
        Some(doublings) => FIRST_RETRY.saturating_mul(1 << doublings.min(16)).min(refresh),
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use super::*;
    use crate::directory::{Person, Role};
    use crate::mail::Address;

    fn address(text: &str) -> Address {
        Address::parse(text).unwrap()
    }

    fn file(names: &[&str]) -> Written {
        let person = |name: &&str| format!("[[person]]\naddress = \"{name}\"\n");
        Written::parse("people.toml", &names.iter().map(person).collect::<String>()).unwrap()
    }

    fn people(names: &[&str]) -> People {
        People::new(names.iter().map(|name| Person::new(address(name))).collect(), BTreeMap::new())
    }

    /// A server that nobody is at.
    fn nobody() -> ldap::Settings {
        ldap::Settings::new(vec!["ldap://127.0.0.1:1".parse().unwrap()], "dc=jp".to_owned())
    }

    #[test]
    fn waits_grow_up_to_the_usual_time() {
        let waits = [0, 1, 2, 3, 8, 40].map(|failures| wait(failures, Duration::from_secs(600)).as_secs());
        assert_eq!(waits, [600, 5, 10, 20, 600, 600]);
        assert_eq!(wait(1, Duration::from_secs(1)).as_secs(), 1);
    }

    #[tokio::test]
    async fn a_file_alone_is_a_directory() {
        let directory = Directory::open(file(&["taro@a.jp"]), None, Path::new("/nowhere"));
        assert_eq!((directory.people().len(), directory.health()), (1, None));
        assert!(directory.meant("taro@a.jp").await.is_ok_and(|meant| meant.is_none()));
        directory.refresh().await.unwrap();
        let held = directory.people();
        directory.clone().replace_file(file(&["taro@a.jp", "hanako@a.jp"]));
        assert_eq!((held.len(), directory.people().len()), (1, 2));
        let stop = CancellationToken::new();
        stop.cancel();
        directory.run(stop).await;
    }

    #[tokio::test]
    async fn a_restart_while_the_server_is_away_knows_people_and_their_age() {
        let folder = tempfile::tempdir().unwrap();
        let at: Timestamp = "2026-11-29T05:00:00Z".parse().unwrap();
        let kept = Snapshot::new(folder.path(), nobody().fingerprint());
        kept.keep(&people(&["taro@a.jp", "hanako@a.jp"]).as_of(at)).unwrap();

        let text = "[[person]]\naddress = \"taro@a.jp\"\nroles = [\"security\"]\n";
        let directory = Directory::open(Written::parse("people.toml", text).unwrap(), Some(nobody()), folder.path());
        assert_eq!(directory.health(), Some(Health { people: 2, known_at: Some(at), trouble: None }));
        for failures in 1..=2 {
            assert!(matches!(directory.refresh().await, Err(LdapError::Unreachable(_))));
            let health = directory.health().unwrap();
            assert_eq!((health.people, health.known_at, health.trouble.unwrap().failures), (2, Some(at), failures));
        }
        assert_eq!(directory.people().known_at(), Some(at));
        assert!(directory.people().has_role(&address("taro@a.jp"), Role::Security));
        directory.replace_file(Written::default());
        assert_eq!(directory.people().len(), 2);
        assert!(!directory.people().has_role(&address("taro@a.jp"), Role::Security));
        assert!(directory.meant("taro@a.jp").await.is_err());
    }

    #[tokio::test]
    async fn a_server_that_cannot_be_read_takes_nobodys_place_and_one_that_is_gone_leaves_the_file() {
        let folder = tempfile::tempdir().unwrap();
        let at: Timestamp = "2026-11-29T05:00:00Z".parse().unwrap();
        let kept = Snapshot::new(folder.path(), nobody().fingerprint());
        kept.keep(&people(&["taro@a.jp"]).as_of(at)).unwrap();
        let directory = Directory::open(file(&["hanako@a.jp"]), Some(nobody()), folder.path());
        assert_eq!(directory.people().len(), 2);
        assert_eq!(directory.renew_ldap(Some(nobody())).await, Ok(false), "the same settings");
        let other = ldap::Settings::new(vec!["ldap://127.0.0.1:2".parse().unwrap()], "dc=other".to_owned());
        assert!(matches!(directory.renew_ldap(Some(other)).await, Err(LdapError::Unreachable(_))));
        let health = directory.health().unwrap();
        assert_eq!((directory.people().len(), health.known_at, health.trouble), (2, Some(at), None));
        // A reading that began before is of no use after.
        let before = directory.source().unwrap();
        assert_eq!(directory.renew_ldap(None).await, Ok(true));
        assert_eq!((directory.people().len(), directory.health()), (1, None));
        assert!(!directory.change_of(&before, |state| state.read = Arc::new(people(&["old@a.jp"]))));
        directory.failed(&before, &LdapError::Unreachable("gone".to_owned()));
        assert!(directory.people().person(&address("old@a.jp")).is_none());
        let stop = CancellationToken::new();
        stop.cancel();
        directory.run(stop).await;
    }

    #[tokio::test]
    async fn without_a_server_and_without_a_snapshot_nobody_is_known_and_that_is_told() {
        let folder = tempfile::tempdir().unwrap();
        let directory = Directory::open(Written::default(), Some(nobody()), folder.path());
        directory.refresh().await.unwrap_err();
        let health = directory.health().unwrap();
        assert_eq!((health.people, health.known_at), (0, None));
        assert!(health.trouble.unwrap().why.to_string().contains("ldap://127.0.0.1:1"));
    }
}
