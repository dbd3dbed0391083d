//! Whether a name and a password are somebody's, and how often that may be tried.
//!
//! In: what was typed, and from where. Out: an [`Outcome`]. Our own accounts are asked first, then the directory, of which a try
//! counts for whomever it means by the name, however that is spelt.
//! An unknown account, a disabled one and a wrong password look the same and take as long. Who fails too often has to wait, and
//! whoever types another name of theirs is told so too: that the two are one person is all that it gives away.
//! Deliberately absent: sessions, cookies and pages (`login`), second factors (`code`).

use std::{sync::Arc, time::Instant};

use tokio::sync::OwnedSemaphorePermit;

use super::{Desk, Web, session};
use crate::{
    directory::{Identities, ldap::LdapError, proves},
    journal::Access,
    mail::Address,
};

/// In bytes; neither an account of ours nor the directory takes a longer one.
const LONGEST_PASSWORD: usize = 512;

/// What came of a name and a password.
pub(super) enum Outcome {
    /// It is them; with the password's hash for one of our own accounts.
    Proven(Address, Option<String>),
    /// It is not.
    Wrong,
    /// Not looked at: there were too many failures.
    Wait,
    /// It could not be found out.
    Broken,
}

/// Why it could not be found out whose a password is.
enum Fault {
    /// Our own, or the store's.
    Ours,
    /// The directory's. Whether one of our own accounts has this password was looked at before.
    Directory,
    /// Whom the directory means by the name has to wait, whatever was typed. Our own accounts were looked at, too.
    Wait,
}

/// What one login counts as: a try under the name that was typed, and one under the address of whom the directory means by
/// it. A person has many names there, and each would be worth as many guesses otherwise.
struct Tries<'w> {
    failures: &'w session::Failures,
    begun: Vec<session::Attempt>,
    /// Whom it is about, as far as it is known.
    who: Option<Address>,
}

impl<'w> Tries<'w> {
    /// Begins; none if the name has to wait.
    fn begin(failures: &'w session::Failures, name: &str) -> Option<Self> {
        let first = failures.try_begin(name, Instant::now())?;
        Some(Self { failures, begun: vec![first], who: Address::parse(name).ok() })
    }

    /// Goes on with whom the directory means; false if they have to wait.
    fn are_about(&mut self, who: &Address) -> bool {
        let name = who.canonical();
        self.who = Some(who.clone());
        if self.begun.iter().any(|attempt| attempt.is_of(&name)) {
            return true;
        }
        let attempt = self.failures.try_begin(&name, Instant::now());
        let may = attempt.is_some();
        self.begun.extend(attempt);
        may
    }

    fn forget(&self) {
        self.begun.iter().for_each(|attempt| self.failures.forget(attempt));
    }

    fn take_back(&self) {
        self.begun.iter().for_each(|attempt| self.failures.take_back(attempt));
    }

    fn locks(&self) -> bool {
        self.begun.iter().any(session::Attempt::locks)
    }
}

/// Looks whose they are, unless there were too many failures of late. Turns are taken before a try is counted, so that
/// nobody can fill the memory of failures faster than passwords are checked.
pub(super) async fn tried<D: Desk, A: Identities>(
    web: &Web<D, A>,
    name: &str,
    password: String,
    place: &str,
) -> Outcome {
    // Nobody's, and quickly said: it is no guess, and shall not push out what is to be remembered.
    if password.is_empty() || password.len() > LONGEST_PASSWORD {
        return Outcome::Wrong;
    }
    if web.failures.wait(name, Instant::now()).is_some() {
        return Outcome::Wait;
    }
    let Ok(turn) = Arc::clone(&web.checking).acquire_owned().await else { return Outcome::Broken };
    let Some(mut tries) = Tries::begin(&web.failures, name) else { return Outcome::Wait };
    let outcome = match proven(web, name, password, turn, &mut tries).await {
        Ok(Some((who, hash))) => {
            tries.forget();
            return Outcome::Proven(who, hash);
        }
        Err(Fault::Ours) => {
            tries.take_back();
            return Outcome::Broken;
        }
        // It stays a failure: otherwise our own accounts could be guessed at while the directory is away.
        Err(Fault::Directory) => Outcome::Broken,
        Err(Fault::Wait) => Outcome::Wait,
        Ok(None) => Outcome::Wrong,
    };
    if tries.locks()
        && let Some(who) = &tries.who
    {
        web.desk.note(who, Access::Locked, place).await;
    }
    outcome
}

/// Whose the name and the password are: with the password's hash for one of our own accounts, without one for somebody
/// whom the directory knows. `Err` when it could not be found out.
async fn proven<D, A: Identities>(
    web: &Web<D, A>,
    name: &str,
    password: String,
    turn: OwnedSemaphorePermit,
    tries: &mut Tries<'_>,
) -> Result<Option<(Address, Option<String>)>, Fault> {
    if let Some((who, hash)) = own(web, name, password.clone(), turn).await? {
        return Ok(Some((who, Some(hash))));
    }
    let away = |error: LdapError| {
        tracing::warn!(%error, "the directory cannot be asked for a password");
        Fault::Directory
    };
    let Some(meant) = web.logins.directory.meant(name).await.map_err(away)? else { return Ok(None) };
    let who = meant.address.clone();
    if !tries.are_about(&who) {
        return Err(Fault::Wait);
    }
    if !meant.proves(&password).await.map_err(away)? {
        return Ok(None);
    }
    let account = web.accounts.account(&who).await.map_err(|error| {
        tracing::error!(%error, "accounts cannot be read");
        Fault::Ours
    })?;
    // Whoever is shut out here is shut out, whatever the directory says.
    let shut_out = account.is_some_and(|account| account.disabled);
    Ok((!shut_out).then_some((who, None)))
}

/// The account's address and password hash if the password is right.
async fn own<D, A: Identities>(
    web: &Web<D, A>,
    name: &str,
    password: String,
    turn: OwnedSemaphorePermit,
) -> Result<Option<(Address, String)>, Fault> {
    let account = match Address::parse(name) {
        Ok(address) => web.accounts.account(&address).await.map_err(|error| {
            tracing::error!(%error, "accounts cannot be read");
            Fault::Ours
        })?,
        Err(_) => None,
    };
    let checked = tokio::task::spawn_blocking(move || {
        let proven = proves(account.as_ref(), &password).then_some(account).flatten();
        // Held until the check is over, also of one whose browser has gone: a flood of logins takes neither all memory
        // nor all cores.
        drop(turn);
        proven
    });
    let account = checked.await.map_err(|_panicked| Fault::Ours)?;
    Ok(account.map(|account| (account.address, account.password_hash)))
}
