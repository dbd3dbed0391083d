//! The last people that were read, kept on disk: a restart while the directory is away still knows them.
//!
//! In: [`People`] with the time at which they were true, and a fingerprint of the settings they were read with. Out: the
//! same, or none: people that were read with other settings are others, and roles among them would be wrong. The file is
//! whole or not there, and for this user only. Deliberately absent: a limit to its age; whoever uses it is told the age.

use std::{
    collections::BTreeMap,
    fs::{self, File, OpenOptions},
    io::{self, BufReader, BufWriter, Read, Write},
    os::unix::fs::OpenOptionsExt,
    path::{Path, PathBuf},
};

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use super::people::{People, Person};
use crate::mail::Address;

/// A hundred thousand persons are some 30 MiB.
const LARGEST: u64 = 1 << 30;

/// Where the people of a folder are kept.
#[derive(Debug, Clone)]
pub(super) struct Snapshot {
    path: PathBuf,
    /// What they depend on.
    settings: String,
}

#[derive(Serialize)]
struct Written<'p> {
    settings: &'p str,
    at: Timestamp,
    persons: Vec<&'p Person>,
    groups: BTreeMap<&'p str, &'p [Address]>,
}

#[derive(Deserialize)]
struct Kept {
    settings: String,
    at: Timestamp,
    persons: Vec<Person>,
    groups: BTreeMap<String, Vec<Address>>,
}

impl Snapshot {
    pub(super) fn new(data_dir: &Path, settings: String) -> Self {
        Self { path: data_dir.join("directory.json"), settings }
    }

    /// The people who were kept; none if there are none, or of other settings.
    pub(super) fn load(&self) -> Option<People> {
        let file = match File::open(&self.path) {
            Ok(file) => file,
            Err(why) if why.kind() == io::ErrorKind::NotFound => return None,
            Err(why) => return self.useless(&why),
        };
        let kept: Kept = match serde_json::from_reader(BufReader::new(file.take(LARGEST))) {
            Ok(kept) => kept,
            Err(why) => {
                return self.useless(&io::Error::other(format!("line {}, column {}", why.line(), why.column())));
            }
        };
        if kept.settings != self.settings {
            tracing::info!("the people of the directory that are kept were read with other settings and are not used");
            return None;
        }
        Some(People::new(kept.persons, kept.groups).as_of(kept.at))
    }

    /// Keeps `people`.
    pub(super) fn keep(&self, people: &People) -> io::Result<()> {
        let unfinished = self.path.with_extension("json.new");
        let mut options = OpenOptions::new();
        // A file that somebody else left there would keep its mode.
        fs::remove_file(&unfinished)
            .or_else(|why| if why.kind() == io::ErrorKind::NotFound { Ok(()) } else { Err(why) })?;
        let mut file = BufWriter::new(options.write(true).create_new(true).mode(0o600).open(&unfinished)?);
        let written = Written {
            settings: &self.settings,
            at: people.known_at().unwrap_or(Timestamp::UNIX_EPOCH),
            persons: people.persons().collect(),
            groups: people.groups().collect(),
        };
        serde_json::to_writer(&mut file, &written)?;
        file.flush()?;
        file.get_ref().sync_all()?;
        fs::rename(&unfinished, &self.path)?;
        self.path.parent().map_or(Ok(()), |folder| File::open(folder)?.sync_all())
    }

    fn useless(&self, why: &io::Error) -> Option<People> {
        tracing::warn!(path = %self.path.display(), %why, "the people of the directory that are kept cannot be read");
        None
    }
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::PermissionsExt;

    use super::*;
    use crate::directory::Role;

    fn people() -> People {
        let mut taro = Person::new(Address::parse("taro@a.jp").unwrap());
        taro.name = Some("山田 太郎".to_owned());
        taro.roles.insert(Role::Security);
        let groups = BTreeMap::from([("法務".to_owned(), vec![taro.address.clone()])]);
        People::new(vec![taro], groups).as_of("2026-11-29T05:00:00Z".parse().unwrap())
    }

    #[test]
    fn what_is_kept_comes_back_with_its_time() {
        let folder = tempfile::tempdir().unwrap();
        let snapshot = Snapshot::new(folder.path(), "a".to_owned());
        assert!(snapshot.load().is_none());
        snapshot.keep(&people()).unwrap();
        snapshot.keep(&people()).unwrap();
        let kept = snapshot.load().unwrap();
        assert_eq!(kept.persons().collect::<Vec<_>>(), people().persons().collect::<Vec<_>>());
        assert_eq!((kept.known_at(), kept.group("法務").len()), (people().known_at(), 1));
        let mode = fs::metadata(folder.path().join("directory.json")).unwrap().permissions().mode();
        assert_eq!(mode & 0o777, 0o600);
        assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 1, "nothing else is left");
    }

    #[test]
    fn people_of_other_settings_and_torn_files_are_none() {
        let folder = tempfile::tempdir().unwrap();
        Snapshot::new(folder.path(), "a".to_owned()).keep(&people()).unwrap();
        assert!(Snapshot::new(folder.path(), "b".to_owned()).load().is_none());
        let path = folder.path().join("directory.json");
        let text = fs::read(&path).unwrap();
        fs::write(&path, &text[..text.len() / 2]).unwrap();
        assert!(Snapshot::new(folder.path(), "a".to_owned()).load().is_none());
    }

    #[test]
    fn a_folder_that_takes_nothing_is_an_error() {
        assert!(Snapshot::new(Path::new("/nowhere/at/all"), "a".to_owned()).keep(&people()).is_err());
    }
}
