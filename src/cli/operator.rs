//! Who sits at the command line, for the journal.
//!
//! In: the process's user, and what sudo says of who became it. Out: one line. Deliberately absent: proof; whoever may write
//! the store may also write this, and the journal tells who it was by the system's own account.

use std::fs;

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
