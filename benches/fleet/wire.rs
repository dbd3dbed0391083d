//! A wire to the database that counts what goes over it.

use std::{
    net::SocketAddr,
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
};

use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::{TcpListener, TcpStream},
};

/// What has gone over the wire.
#[derive(Debug, Default)]
pub(crate) struct Traffic {
    /// How often an answer was waited for.
    trips: AtomicU64,
    /// Bytes to the database.
    up: AtomicU64,
    /// Bytes from it.
    down: AtomicU64,
}

impl Traffic {
    /// Round trips, bytes to the database, bytes from it.
    pub(crate) fn counts(&self) -> [u64; 3] {
        [&self.trips, &self.up, &self.down].map(|count| count.load(Ordering::Relaxed))
    }
}

/// Lays a wire to `database`; must be called inside a tokio runtime, and is there as long as that.
pub(crate) async fn lay(database: SocketAddr) -> (SocketAddr, Arc<Traffic>) {
    let listener = TcpListener::bind("127.0.0.1:0").await.expect("a free port");
    let (address, traffic) = (listener.local_addr().expect("its port"), Arc::<Traffic>::default());
    let counting = Arc::clone(&traffic);
    tokio::spawn(async move {
        while let Ok((node, _)) = listener.accept().await {
            let counting = Arc::clone(&counting);
            // A side that hangs up is an ordinary end.
            tokio::spawn(async move { carry(node, database, &counting).await });
        }
    });
    (address, traffic)
}

async fn carry(mut node: TcpStream, database: SocketAddr, traffic: &Traffic) -> std::io::Result<()> {
    let mut database = TcpStream::connect(database).await?;
    node.set_nodelay(true)?;
    database.set_nodelay(true)?;
    let (mut asked, mut answered) = (vec![0; 64 << 10], vec![0; 64 << 10]);
    let mut waiting = false;
    loop {
        tokio::select! {
            bytes = node.read(&mut asked) => {
                let bytes = bytes?;
                if bytes == 0 {
                    return Ok(());
                }
                waiting = true;
                traffic.up.fetch_add(bytes as u64, Ordering::Relaxed);
                database.write_all(&asked[..bytes]).await?;
            }
            bytes = database.read(&mut answered) => {
                let bytes = bytes?;
                if bytes == 0 {
                    return Ok(());
                }
                traffic.trips.fetch_add(u64::from(std::mem::take(&mut waiting)), Ordering::Relaxed);
                traffic.down.fetch_add(bytes as u64, Ordering::Relaxed);
                node.write_all(&answered[..bytes]).await?;
            }
        }
    }
}
