//! Where we listen.
//!
//! In: addresses, and sockets that the service manager has opened already. Out: sockets that are bound, and the console's with
//! TLS if it has a certificate. Deliberately absent: serving on them.

use std::{
    net::{SocketAddr, TcpListener as Socket},
    sync::Arc,
};

use anyhow::{Context, bail};
use tokio::net::TcpListener;
use tokio_util::sync::CancellationToken;

use crate::{
    console::Doorway,
    smtp::server::{Keyring, Listener, Settings},
};

/// The socket for `address`: one of the `inherited`, of which it is taken, or else one of our own.
pub(super) async fn bind(address: SocketAddr, inherited: &mut Vec<Socket>) -> anyhow::Result<Listener> {
    if let Some(found) = inherited.iter().position(|socket| socket.local_addr().is_ok_and(|known| known == address)) {
        let socket = inherited.swap_remove(found);
        socket.set_nonblocking(true)?;
        return Ok(Listener { inherited: true, ..TcpListener::from_std(socket)?.into() });
    }
    let socket = TcpListener::bind(address).await.with_context(|| {
        format!("{address} cannot be listened on; is another server there, or the port below 1024?")
    })?;
    Ok(socket.into())
}

/// Those that take mail, without and with TLS from the first byte.
pub(super) async fn smtp(settings: &Settings, inherited: &mut Vec<Socket>) -> anyhow::Result<Vec<Listener>> {
    let mut listeners = Vec::new();
    for (addresses, tls) in [(&settings.listen, false), (&settings.listen_tls, true)] {
        for address in addresses {
            listeners.push(Listener { tls, ..bind(*address, inherited).await? });
        }
    }
    Ok(listeners)
}

/// A socket that nobody serves would let mail servers wait for ever.
pub(super) fn all_taken(inherited: &[Socket]) -> anyhow::Result<()> {
    let Some(socket) = inherited.first() else { return Ok(()) };
    bail!(
        "the service manager opened {}, which neither smtp.listen nor console.listen nor metrics.listen names; make both say the same",
        socket.local_addr()?
    )
}

/// Where the console is entered: with TLS if it has a certificate, which is renewed until `stop`.
pub(super) fn doorway(socket: TcpListener, keys: Arc<Keyring>, stop: CancellationToken) -> Doorway {
    if keys.acceptor().is_none() {
        return socket.into();
    }
    tokio::spawn(Arc::clone(&keys).watch(stop));
    Doorway::with_tls(socket, Arc::new(move || keys.acceptor()))
}
