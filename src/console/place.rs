//! From where a request came.
//!
//! In: the connection's address; where that is a proxy that `console.trusted_proxies` names, what it says in
//! X-Forwarded-For. Out: the address of whoever asked, for the journal and the list of sessions. Nothing is allowed or
//! refused by it. Deliberately absent: `Forwarded` (RFC 7239), which none of the common proxies sends by itself.

use std::{convert::Infallible, net::IpAddr, sync::Arc};

use axum::{
    extract::{ConnectInfo, FromRequestParts},
    http::{HeaderMap, request::Parts},
};
use ipnet::IpNet;

use super::{Web, doorway::Peer};

/// The address of whoever asked; empty if nobody knows.
pub(super) struct Place(pub(super) String);

impl<D: Send + Sync, A: Send + Sync> FromRequestParts<Arc<Web<D, A>>> for Place {
    type Rejection = Infallible;

    async fn from_request_parts(parts: &mut Parts, web: &Arc<Web<D, A>>) -> Result<Self, Infallible> {
        let peer = parts.extensions.get::<ConnectInfo<Peer>>().map(|ConnectInfo(Peer(peer))| peer.ip());
        let place = peer.map(|peer| place(peer, &parts.headers, &web.logins.trusted_proxies).to_string());
        Ok(Self(place.unwrap_or_default()))
    }
}

/// The last address that no trusted proxy has. A client can write whatever it likes in front of it.
fn place(peer: IpAddr, headers: &HeaderMap, trusted: &[IpNet]) -> IpAddr {
    let is_trusted = |address: &IpAddr| trusted.iter().any(|net| net.contains(&address.to_canonical()));
    let lines = headers.get_all("x-forwarded-for").iter().filter_map(|line| line.to_str().ok());
    let named: Vec<&str> = lines.flat_map(|line| line.split(',')).map(str::trim).collect();
    let mut place = peer.to_canonical();
    for name in named.iter().rev() {
        if !is_trusted(&place) {
            break;
        }
        match name.parse::<IpAddr>() {
            Ok(address) => place = address.to_canonical(),
            Err(_) => break,
        }
    }
    place
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_a_trusted_proxy_says_from_where_a_request_came() {
        let trusted: Vec<IpNet> = ["127.0.0.0/8", "10.0.0.0/24"].iter().map(|net| net.parse().unwrap()).collect();
        for (peer, forwarded, from) in [
            ("192.0.2.9", &["198.51.100.1"][..], "192.0.2.9"),
            ("127.0.0.1", &[], "127.0.0.1"),
            ("127.0.0.1", &["198.51.100.1"], "198.51.100.1"),
            ("127.0.0.1", &["203.0.113.5, 198.51.100.1"], "198.51.100.1"),
            ("127.0.0.1", &["203.0.113.5", "198.51.100.1, 10.0.0.7"], "198.51.100.1"),
            ("::ffff:127.0.0.1", &["2001:db8::1"], "2001:db8::1"),
            ("127.0.0.1", &["<script>"], "127.0.0.1"),
            ("127.0.0.1", &["198.51.100.1, "], "127.0.0.1"),
        ] {
            let mut headers = HeaderMap::new();
            for line in forwarded {
                headers.append("x-forwarded-for", line.parse().unwrap());
            }
            assert_eq!(place(peer.parse().unwrap(), &headers, &trusted).to_string(), from, "{peer} {forwarded:?}");
        }
    }
}
