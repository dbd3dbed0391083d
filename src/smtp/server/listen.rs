//! The door: who may talk, how many at once, and how it closes.
//!
//! In: bound listeners and a stop signal. Out: one task per admitted connection, each ended when [`serve`] returns.
//! Deliberately absent: binding (the caller owns the sockets, so that tests use port 0 and systemd can hand them
//! over) and everything that is said after the greeting.

use std::{
    io::{self, Write},
    net::{IpAddr, SocketAddr},
    sync::Arc,
    time::Duration,
};

use tokio::{
    net::{TcpListener, TcpStream},
    sync::{OwnedSemaphorePermit, Semaphore},
    task::JoinSet,
    time::timeout,
};
use tokio_util::{sync::CancellationToken, task::TaskTracker};
use tracing::{debug, info, warn};

use super::{Gate, Settings, session};
use crate::smtp::Reply;

/// How long mails in flight may take after a stop: longer than a relay's usual exchange, shorter than the 90 seconds
/// after which systemd kills.
const GRACE: Duration = Duration::from_secs(30);

/// How long to wait when the system refuses to hand out a connection (no file descriptors): long enough not to spin.
const ACCEPT_PAUSE: Duration = Duration::from_millis(100);

/// A bound socket.
#[derive(Debug)]
pub struct Listener {
    /// Where connections come from.
    pub socket: TcpListener,
    /// Whether the service manager opened it and keeps it open: who comes while we stop is then served by the next
    /// process.
    pub inherited: bool,
}

impl From<TcpListener> for Listener {
    fn from(socket: TcpListener) -> Self {
        Self { socket, inherited: false }
    }
}

/// Serves mail on `listeners` until `stop` is cancelled. Then idle clients and new ones get 421 (on an inherited socket
/// new ones wait for the next process), mails in flight are finished (for [`GRACE`] at most), and the call returns.
pub async fn serve<G: Gate>(listeners: Vec<Listener>, gate: Arc<G>, settings: Arc<Settings>, stop: CancellationToken) {
    serve_with_grace(listeners, gate, settings, stop, GRACE).await;
}

pub(super) async fn serve_with_grace<G: Gate>(
    listeners: Vec<Listener>,
    gate: Arc<G>,
    settings: Arc<Settings>,
    stop: CancellationToken,
    grace: Duration,
) {
    let door = Arc::new(Door {
        room: Arc::new(Semaphore::new(settings.max_connections)),
        gate,
        settings,
        stop,
        hurry: CancellationToken::new(),
        connections: TaskTracker::new(),
    });
    let mut loops = JoinSet::new();
    for listener in listeners {
        loops.spawn(Arc::clone(&door).accept(listener));
    }
    // A panic in an accept loop is not one connection's: it goes on up.
    let ended = loops.join_all().await;
    door.connections.close();
    let own = ended.into_iter().filter(|listener| !listener.inherited);
    let _turning_away: JoinSet<()> = own.map(|listener| turn_away(listener.socket)).collect();
    if timeout(grace, door.connections.wait()).await.is_err() {
        warn!(connections = door.connections.len(), "SMTP connections did not end in time and are cut");
        door.hurry.cancel();
        door.connections.wait().await;
    }
}

struct Door<G> {
    gate: Arc<G>,
    settings: Arc<Settings>,
    room: Arc<Semaphore>,
    stop: CancellationToken,
    hurry: CancellationToken,
    connections: TaskTracker,
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
                Ok((stream, address)) => self.admit(stream, address),
                Err(error) => {
                    warn!(%error, "cannot accept an SMTP connection");
                    tokio::time::sleep(ACCEPT_PAUSE).await;
                }
            }
        }
    }

    /// Starts a session, or tells the peer why there is none.
    fn admit(&self, stream: TcpStream, address: SocketAddr) {
        match self.inspect(stream, address) {
            Ok((stream, permit)) => {
                let session = session::Start {
                    gate: Arc::clone(&self.gate),
                    settings: Arc::clone(&self.settings),
                    address,
                    stop: self.stop.clone(),
                };
                let hurry = self.hurry.clone();
                self.connections.spawn(async move {
                    session::run(session, stream, hurry).await;
                    drop(permit);
                });
            }
            Err(error) => debug!(peer = %address, %error, "SMTP connection refused"),
        }
    }

    fn inspect(&self, stream: TcpStream, address: SocketAddr) -> io::Result<(TcpStream, OwnedSemaphorePermit)> {
        if !self.allows(address.ip()) {
            info!(peer = %address, "refused: not in smtp.allow_from");
            return refuse(stream, &Reply::not_allowed());
        }
        let Ok(permit) = Arc::clone(&self.room).try_acquire_owned() else {
            warn!(peer = %address, limit = self.settings.max_connections, "refused: too many SMTP connections");
            return refuse(stream, &Reply::too_many_connections());
        };
        // Replies must not wait for acknowledgements (Nagle): a dialogue is many small writes.
        stream.set_nodelay(true)?;
        let stream = stream.into_std()?;
        match stream.peek(&mut [0]) {
            Err(error) if error.kind() == io::ErrorKind::WouldBlock => Ok((TcpStream::from_std(stream)?, permit)),
            Err(error) => Err(error),
            Ok(0) => Err(io::ErrorKind::UnexpectedEof.into()),
            Ok(_) => {
                info!(peer = %address, "refused: spoke before the greeting");
                refuse(TcpStream::from_std(stream)?, &Reply::spoke_first())
            }
        }
    }

    /// A dual-stack socket shows IPv4 peers as `::ffff:a.b.c.d`; they are the IPv4 peers that the setting names.
    fn allows(&self, peer: IpAddr) -> bool {
        let peer = peer.to_canonical();
        self.settings.allow_from.iter().any(|network| network.contains(&peer))
    }
}

/// Tells whoever comes that we are stopping; never ends by itself.
async fn turn_away(socket: TcpListener) {
    loop {
        match socket.accept().await {
            Ok((stream, peer)) => {
                info!(%peer, "refused: stopping");
                let _: io::Result<()> = refuse(stream, &Reply::shutting_down());
            }
            Err(_) => tokio::time::sleep(ACCEPT_PAUSE).await,
        }
    }
}

/// Says why and hangs up, without waiting: the socket's own buffer takes the few bytes.
fn refuse<T>(stream: TcpStream, reply: &Reply) -> io::Result<T> {
    let mut bytes = Vec::new();
    reply.render(&mut bytes);
    let mut stream = stream.into_std()?;
    stream.write_all(&bytes)?;
    stream.shutdown(std::net::Shutdown::Write)?;
    // Unread input would turn the close into a reset, which can overtake the reply.
    let _ = io::Read::read(&mut stream, &mut [0; 4096]);
    Err(io::Error::new(io::ErrorKind::PermissionDenied, reply.text()))
}
