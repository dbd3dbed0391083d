//! The door: who may talk, how many at once, and how it closes.
//!
//! In: bound listeners and a stop signal. Out: one task per admitted connection, each ended when [`serve`] returns.
//! What lies before the greeting happens here: the header of a load balancer, who may come in, how many of one address,
//! and the handshake of a listener that speaks TLS from the first byte. Deliberately absent: binding (the caller owns
//! the sockets, so that tests use port 0 and systemd can hand them over) and everything that is said after the
//! greeting.

use std::{
    io::{self, Write},
    net::SocketAddr,
    sync::Arc,
    time::Duration,
};

use tokio::{
    net::{TcpListener, TcpStream},
    sync::Semaphore,
    task::JoinSet,
    time::timeout,
};
use tokio_util::{sync::CancellationToken, task::TaskTracker};
use tracing::{debug, info, warn};

use super::{
    Certificate, Gate, Keyring, Settings,
    access::{Access, names},
    auth::Logins,
    budget::Budget,
    limits::{Connections, Place, Senders},
    proxy, session,
    stream::Stream,
};
use crate::smtp::Reply;

/// How long mails in flight may take after a stop: longer than a relay's usual exchange, shorter than the 90 seconds
/// after which systemd kills.
const GRACE: Duration = Duration::from_secs(30);

/// How many passwords are compared at once: two cores of whatever machine, so that logins never stop mail.
const COMPARISONS: usize = 2;

/// How long to wait when the system refuses to hand out a connection (no file descriptors): long enough not to spin.
const ACCEPT_PAUSE: Duration = Duration::from_millis(100);

/// A bound socket.
#[derive(Debug)]
pub struct Listener {
    /// Where connections come from.
    pub socket: TcpListener,
    /// Whether they are encrypted from the first byte (`smtp.listen_tls`).
    pub tls: bool,
    /// Whether the service manager opened it and keeps it open: who comes while we stop is then served by the next
    /// process.
    pub inherited: bool,
}

impl From<TcpListener> for Listener {
    fn from(socket: TcpListener) -> Self {
        Self { socket, tls: false, inherited: false }
    }
}

/// Serves mail on `listeners` until `stop` is cancelled. Then idle clients and new ones get 421 (on an inherited socket
/// new ones wait for the next process), mails in flight are finished (for [`GRACE`] at most), and the call returns.
pub async fn serve<G: Gate>(
    listeners: Vec<Listener>,
    gate: Arc<G>,
    settings: Arc<Settings>,
    keys: Arc<Keyring>,
    stop: CancellationToken,
) {
    serve_with_grace(listeners, gate, settings, keys, stop, GRACE).await;
}

pub(super) async fn serve_with_grace<G: Gate>(
    listeners: Vec<Listener>,
    gate: Arc<G>,
    settings: Arc<Settings>,
    keys: Arc<Keyring>,
    stop: CancellationToken,
    grace: Duration,
) {
    let door = Arc::new(Door {
        room: Arc::new(Semaphore::new(settings.max_connections)),
        budget: Budget::new(settings.max_memory),
        places: Connections::new(settings.max_connections_per_address),
        logins: Arc::new(Logins::new(COMPARISONS)),
        senders: Senders::new(settings.senders.clone()),
        gate,
        settings,
        keys,
        stop,
        hurry: CancellationToken::new(),
        connections: TaskTracker::new(),
    });
    let watching = Arc::clone(&door.keys).watch(door.stop.clone());
    let mut loops = JoinSet::new();
    for listener in listeners {
        loops.spawn(Arc::clone(&door).accept(listener));
    }
    // A panic in an accept loop is not one connection's: it goes on up.
    let (ended, ()) = tokio::join!(loops.join_all(), watching);
    door.connections.close();
    let own = ended.into_iter().filter(|listener| !listener.inherited);
    let _turning_away: JoinSet<()> = own.map(turn_away).collect();
    if timeout(grace, door.connections.wait()).await.is_err() {
        warn!(connections = door.connections.len(), "SMTP connections did not end in time and are cut");
        door.hurry.cancel();
        door.connections.wait().await;
    }
}

/// What all connections share.
struct Door<G> {
    gate: Arc<G>,
    settings: Arc<Settings>,
    keys: Arc<Keyring>,
    logins: Arc<Logins>,
    senders: Arc<Senders>,
    budget: Arc<Budget>,
    room: Arc<Semaphore>,
    places: Connections,
    stop: CancellationToken,
    hurry: CancellationToken,
    connections: TaskTracker,
}

/// A connection that nothing has been said on yet.
struct Arrival {
    stream: TcpStream,
    address: SocketAddr,
    tls: bool,
}

impl<G: Gate> Door<G> {
    /// Lets connections in until it is to stop; gives the socket back.
    async fn accept(self: Arc<Self>, listener: Listener) -> Listener {
        loop {
            let accepted = tokio::select! {
                biased;
                () = self.stop.cancelled() => return listener,
                accepted = listener.socket.accept() => accepted,
            };
            match accepted {
                Ok((stream, address)) => self.admit(Arrival { stream, address, tls: listener.tls }),
                Err(error) => {
                    warn!(%error, "cannot accept an SMTP connection");
                    tokio::time::sleep(ACCEPT_PAUSE).await;
                }
            }
        }
    }

    /// Starts a task for the connection, or tells the peer why there is none.
    fn admit(self: &Arc<Self>, arrival: Arrival) {
        let (peer, limit) = (arrival.address, self.settings.max_connections);
        // A balancer speaks for others; whether they may come in is seen once it has said who they are.
        let proxied = names(&self.settings.proxy_protocol_from, peer.ip());
        if !proxied && !self.admits(peer) {
            return arrival.refuse(&Reply::not_allowed());
        }
        let Ok(place) = Arc::clone(&self.room).try_acquire_owned() else {
            warn!(%peer, limit, "refused: too many SMTP connections");
            return arrival.refuse(&Reply::too_many_connections());
        };
        let door = Arc::clone(self);
        self.connections.spawn(async move {
            let welcomed = tokio::select! {
                biased;
                () = door.hurry.cancelled() => None,
                welcomed = door.welcome(arrival, proxied) => welcomed,
            };
            if let Some((start, stream, _place)) = welcomed {
                session::run(start, stream, door.hurry.clone()).await;
            }
            drop(place);
        });
    }

    /// What lies before the greeting; none if it does not come to that.
    async fn welcome(
        &self,
        mut arrival: Arrival,
        proxied: bool,
    ) -> Option<(session::Start<G>, Stream<TcpStream>, Place)> {
        if proxied {
            let balancer = arrival.address;
            match proxy::client(&mut arrival.stream).await {
                Ok(client) => arrival.address = client.unwrap_or(balancer),
                Err(why) => {
                    info!(%balancer, %why, "closed without a greeting");
                    return None;
                }
            }
            if !self.admits(arrival.address) {
                arrival.refuse(&Reply::not_allowed());
                return None;
            }
        }
        let address = arrival.address;
        let Some(place) = self.places.place(address.ip()) else {
            let limit = self.settings.max_connections_per_address;
            warn!(peer = %address, limit, "refused: too many SMTP connections of this address");
            arrival.refuse(&Reply::too_many_connections());
            return None;
        };
        let stream = match arrival.opened(self.keys.current().certificate.as_ref()).await {
            Ok(stream) => stream,
            Err(why) => {
                info!(peer = %address, %why, "closed without a greeting");
                return None;
            }
        };
        Some((self.start(address), stream, place))
    }

    fn start(&self, address: SocketAddr) -> session::Start<G> {
        session::Start {
            gate: Arc::clone(&self.gate),
            settings: Arc::clone(&self.settings),
            budget: Arc::clone(&self.budget),
            keys: Arc::clone(&self.keys),
            logins: Arc::clone(&self.logins),
            senders: Arc::clone(&self.senders),
            address,
            stop: self.stop.clone(),
        }
    }

    fn admits(&self, peer: SocketAddr) -> bool {
        let admitted = self.settings.access(peer.ip()) != Access::Nobody;
        if !admitted {
            info!(%peer, "refused: neither in smtp.allow_from nor in smtp.auth_from");
        }
        admitted
    }
}

impl Arrival {
    /// The stream of a peer that has waited for us to speak first, encrypted if the listener says so.
    async fn opened(self, certificate: Option<&Certificate>) -> io::Result<Stream<TcpStream>> {
        // Replies must not wait for acknowledgements (Nagle): a dialogue is many small writes.
        self.stream.set_nodelay(true)?;
        if self.tls {
            let certificate = certificate.ok_or_else(|| io::Error::other("there is no TLS certificate"))?;
            let mut stream = Stream::Plain(self.stream);
            stream.encrypt(certificate).await?;
            return Ok(stream);
        }
        let (stream, address) = (self.stream.into_std()?, self.address);
        match stream.peek(&mut [0]) {
            Err(error) if error.kind() == io::ErrorKind::WouldBlock => Ok(Stream::Plain(TcpStream::from_std(stream)?)),
            Err(error) => Err(error),
            Ok(0) => Err(io::ErrorKind::UnexpectedEof.into()),
            Ok(_) => {
                let stream = TcpStream::from_std(stream)?;
                Self { stream, address, tls: false }.refuse(&Reply::spoke_first());
                Err(io::Error::other("it spoke before the greeting"))
            }
        }
    }

    /// Says why and hangs up, without waiting: the socket's own buffer takes the few bytes. To a peer that expects a
    /// handshake nothing can be said.
    fn refuse(self, reply: &Reply) {
        let peer = self.address;
        if !self.tls
            && let Err(error) = say_and_close(self.stream, reply)
        {
            debug!(%peer, %error, "a refused SMTP connection did not wait for the reason");
        }
    }
}

/// Tells whoever comes that we are stopping; never ends by itself.
async fn turn_away(Listener { socket, tls, .. }: Listener) {
    loop {
        match socket.accept().await {
            Ok((stream, address)) => {
                info!(peer = %address, "refused: stopping");
                Arrival { stream, address, tls }.refuse(&Reply::shutting_down());
            }
            Err(_) => tokio::time::sleep(ACCEPT_PAUSE).await,
        }
    }
}

fn say_and_close(stream: TcpStream, reply: &Reply) -> io::Result<()> {
    let mut bytes = Vec::new();
    reply.render(&mut bytes);
    let mut stream = stream.into_std()?;
    stream.write_all(&bytes)?;
    stream.shutdown(std::net::Shutdown::Write)?;
    // Unread input would turn the close into a reset, which can overtake the reply.
    let _ = io::Read::read(&mut stream, &mut [0; 4096]);
    Ok(())
}
