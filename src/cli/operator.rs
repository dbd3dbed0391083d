//! Who sits at the command line, for the journal.
//!
//! In: the process's user, and what sudo says of who became it. Out: one line, and what they did for or as somebody, in the
//! journal ([`note`]). Deliberately absent: proof; whoever may write the store may also write this, and the journal tells who
//! it was by the system's own account.

use std::fs;

use anyhow::Context;
use jiff::Timestamp;

use super::{ConfigFile, Failure};
use crate::{
    journal::{self, Access, Accessed, JournalError, Record, Via},
    mail::{Address, MailId},
    store::Store,
};

/// Writes into the journal what was done to a person's way in, or in their name.
pub(super) async fn note(store: &Store, who: &Address, access: Access) -> Result<(), Failure> {
    let accessed = Accessed { who: who.canonical(), access, via: Via::Cli, place: operator() };
    let record = Record::access(MailId(ulid::Ulid::generate().to_string()), Timestamp::now(), accessed);
    let noted = async {
        let mut writing = store.write().await.map_err(JournalError::from)?;
        journal::append(&mut writing, &[record]).await?;
        writing.commit().await.map_err(JournalError::from)
    };
    Ok(noted.await.context("the journal could not be written")?)
}

/// Writes into the journal who decides in somebody's name, before it is done: whoever has the store may be anybody.
pub(super) async fn acted_as(config: &ConfigFile, person: &Address) -> Result<(), Failure> {
    let store = Store::open(&config.load()?.config.store).await.context("the store could not be opened")?;
    let noted = note(&store, person, Access::ActedAs).await;
    store.close().await;
    noted
}

/// `taro (uid 1000)`, or `root (uid 0), by sudo from taro (uid 1000)`.
pub(super) fn operator() -> String {
    let users = fs::read_to_string("/etc/passwd").unwrap_or_default();
    let sudo = std::env::var("SUDO_UID").ok().and_then(|uid| uid.parse().ok());
    described(rustix::process::getuid().as_raw(), sudo, &users)
}

/// `users` is what /etc/passwd says; a user whom only a directory knows is told by number.
fn described(uid: u32, sudo: Option<u32>, users: &str) -> String {
    let named = |uid: u32| {
        let line = users.lines().find(|line| line.split(':').nth(2) == Some(uid.to_string().as_str()));
        let name = line.and_then(|line| line.split(':').next()).filter(|name| !name.is_empty());
        name.map_or_else(|| format!("uid {uid}"), |name| format!("{name} (uid {uid})"))
    };
    match sudo {
        Some(from) if from != uid => format!("{}, by sudo from {}", named(uid), named(from)),
        _ => named(uid),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_user_is_told_by_name_and_number_and_by_whom_sudo_was_called() {
        let users = "root:x:0:0:root:/root:/bin/sh\ntaro:x:1000:1000::/home/taro:/bin/sh\n:x:7:7:::\n";
        assert_eq!(described(1000, None, users), "taro (uid 1000)");
        assert_eq!(described(0, Some(1000), users), "root (uid 0), by sudo from taro (uid 1000)");
        assert_eq!(described(0, Some(0), users), "root (uid 0)");
        assert_eq!([described(4711, None, users), described(7, None, "")], ["uid 4711", "uid 7"]);
    }
}
