//! Who a worker becomes where Sekisho was started as root.
//!
//! In: a name of `/etc/passwd`, or none. Out: a user and a group without rights of their own. Deliberately absent: other
//! directories of users (NSS, LDAP): the user of a service is a local one.

use std::{fmt, fs, io, str::FromStr};

use rustix::{
    process::{Gid, Signal, Uid, geteuid, set_parent_process_death_signal},
    thread::{
        CapabilitySet, CapabilitySets, clear_ambient_capability_set, set_capabilities, set_thread_gid,
        set_thread_groups, set_thread_uid,
    },
};
use serde::{Deserialize, Serialize};

/// Where local users are listed.
const USERS: &str = "/etc/passwd";

/// What `nobody` is on every Linux, listed or not.
const NOBODY: u32 = 65_534;

/// A user and a group.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Identity {
    user: u32,
    group: u32,
}

impl Default for Identity {
    fn default() -> Self {
        Self { user: NOBODY, group: NOBODY }
    }
}

impl fmt::Display for Identity {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:{}", self.user, self.group)
    }
}

impl FromStr for Identity {
    type Err = &'static str;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let (user, group) = text.split_once(':').ok_or("write USER:GROUP, as numbers")?;
        let number = |text: &str| text.parse().map_err(|_| "write USER:GROUP, as numbers");
        Ok(Self { user: number(user)?, group: number(group)? })
    }
}

impl Identity {
    /// The local user of that name, if there is one. Root is none.
    pub fn of(name: &str) -> io::Result<Option<Self>> {
        Ok(listed(&fs::read_to_string(USERS)?, name))
    }

    /// Becomes it, for good, if this process is root; and gives up every capability, whoever it is. Only for a process of
    /// one thread. Whether it is still root afterwards.
    pub(super) fn assume(self) -> io::Result<bool> {
        if geteuid().is_root() {
            // The order is the law: without root the groups can no longer be changed.
            set_thread_groups(&[])?;
            set_thread_gid(Gid::from_raw(self.group))?;
            set_thread_uid(Uid::from_raw(self.user))?;
        }
        // A kernel without ambient capabilities has none to clear.
        let _ = clear_ambient_capability_set();
        let none = CapabilitySet::empty();
        set_capabilities(None, CapabilitySets { effective: none, permitted: none, inheritable: none })?;
        // A parent that is killed must not leave a worker behind that spins on a hostile file. A change of user undoes
        // this, so it comes last.
        set_parent_process_death_signal(Some(Signal::KILL))?;
        Ok(geteuid().is_root())
    }
}

fn listed(users: &str, name: &str) -> Option<Identity> {
    let fields: Vec<&str> =
        users.lines().map(|line| line.split(':').collect()).find(|fields: &Vec<&str>| fields.first() == Some(&name))?;
    let number = |at: usize| fields.get(at).and_then(|field| field.parse::<u32>().ok());
    let identity = Identity { user: number(2)?, group: number(3)? };
    (identity.user != 0 && identity.group != 0).then_some(identity)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_a_listed_user_without_rights_will_do() {
        let users = "root:x:0:0::/root:/bin/sh\nreader:x:990:991::/:/sbin/nologin\nwheel:x:5:0::/:\nbroken:x:5\n";
        assert_eq!(listed(users, "reader"), Some(Identity { user: 990, group: 991 }));
        for none in ["root", "wheel", "broken", "read", ""] {
            assert_eq!(listed(users, none), None, "{none}");
        }
        let identity = Identity { user: 990, group: 991 };
        assert_eq!(identity.to_string().parse(), Ok(identity));
    }
}
