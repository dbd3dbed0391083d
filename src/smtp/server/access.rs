//! Who may come in, by address.
//!
//! In: a client's address. Out: whether it may relay, and whether it has to log in first. Where networks overlap the
//! smaller one counts, so that a mail server within a network of clients that must log in can be named on its own; of
//! two that are equal, the one that asks for more. Deliberately absent: logins themselves (`auth`, `users`).

use std::net::IpAddr;

use ipnet::IpNet;

use super::Settings;

/// What an address may do.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Access {
    /// Relay.
    Free,
    /// Relay once it has logged in.
    Login,
    /// Nothing.
    Nobody,
}

impl Settings {
    /// What this address may do.
    pub(super) fn access(&self, peer: IpAddr) -> Access {
        match (closest(&self.allow_from, peer), closest(&self.auth_from, peer)) {
            (None, None) => Access::Nobody,
            (Some(free), login) if login.is_none_or(|login| free > login) => Access::Free,
            _ => Access::Login,
        }
    }
}

/// Whether one of the networks holds this address.
pub(super) fn names(networks: &[IpNet], peer: IpAddr) -> bool {
    closest(networks, peer).is_some()
}

/// The prefix length of the smallest network that holds this address. A dual-stack socket shows IPv4 peers as
/// `::ffff:a.b.c.d`; they are the IPv4 peers that the settings name.
fn closest(networks: &[IpNet], peer: IpAddr) -> Option<u8> {
    let peer = peer.to_canonical();
    networks.iter().filter(|network| network.contains(&peer)).map(IpNet::prefix_len).max()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_smaller_network_counts_and_of_equals_the_stricter() {
        let networks = |list: &[&str]| list.iter().map(|network| network.parse().unwrap()).collect();
        let settings = Settings {
            allow_from: networks(&["10.0.0.5/32", "192.0.2.0/24", "198.51.100.0/24"]),
            auth_from: networks(&["10.0.0.0/8", "192.0.2.128/25", "198.51.100.0/24"]),
            ..Settings::default()
        };
        for (peer, access) in [
            ("10.0.0.5", Access::Free),
            ("::ffff:10.0.0.5", Access::Free),
            ("10.0.0.6", Access::Login),
            ("192.0.2.1", Access::Free),
            ("192.0.2.200", Access::Login),
            ("198.51.100.1", Access::Login),
            ("203.0.113.1", Access::Nobody),
            ("::1", Access::Nobody),
        ] {
            assert_eq!(settings.access(peer.parse().unwrap()), access, "{peer}");
        }
    }
}
