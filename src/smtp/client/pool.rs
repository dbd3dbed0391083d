//! The connections that wait for the next mail, and which host to ask for a new one.
//!
//! In: connections whose transaction is over. Out: one that works, most recently used first. Bounded in number and in
//! time: unused ones are closed with QUIT, and none lives long enough to keep us away from a first host that has come
//! back. Connections in use are bounded too: a mail takes a place, and waits a short time for it. Deliberately absent:
//! what is said over them.

use std::{
    sync::{
        Arc, Mutex, PoisonError, Weak,
        atomic::{AtomicBool, Ordering},
    },
    time::Duration,
};

use tokio::{
    sync::{OwnedSemaphorePermit, Semaphore},
    time::{Instant, timeout},
};
use tracing::{debug, warn};

use super::{Login, Settings, Timeouts, connection::Connection, fault::Fault, route::Route};
use crate::smtp::Reply;

/// How many unused connections are kept.
const MAX_IDLE: usize = 64;

/// After this long a connection is closed when its mail is done, so that the hosts are tried in their order again.
const MAX_AGE: Duration = Duration::from_secs(120);

/// How long a host that could not be reached is asked last.
const AVOID: Duration = Duration::from_secs(10);

/// How long QUIT may take; it is a courtesy.
const FAREWELL: Duration = Duration::from_secs(2);

/// The unused connections to the next hop.
#[derive(Debug)]
pub(super) struct Pool {
    hostname: String,
    login: Option<Login>,
    routes: Vec<Route>,
    pub(super) timeouts: Timeouts,
    places: Arc<Semaphore>,
    takes_binary: AtomicBool,
    state: Mutex<State>,
    me: Weak<Self>,
}

#[derive(Debug)]
struct State {
    idle: Vec<Pooled>,
    avoid: Vec<Option<Instant>>,
    sweeping: bool,
}

/// A connection with its history.
pub(super) struct Pooled {
    pub(super) connection: Box<Connection>,
    route: usize,
    opened: Instant,
    used: Instant,
}

impl std::fmt::Debug for Pooled {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Pooled").field("opened", &self.opened).field("used", &self.used).finish_non_exhaustive()
    }
}

impl Pooled {
    /// Which host it is with, for [`Pool::avoid`].
    pub(super) fn route(&self) -> usize {
        self.route
    }
}

impl Pool {
    /// An empty pool for these hosts.
    pub(super) fn new(settings: Settings, routes: Vec<Route>, timeouts: Timeouts) -> Arc<Self> {
        let avoid = routes.iter().map(|_| None).collect();
        let Settings { hostname, login, max_connections, .. } = settings;
        Arc::new_cyclic(|me| Self {
            hostname,
            login,
            routes,
            timeouts,
            places: Arc::new(Semaphore::new(max_connections)),
            takes_binary: AtomicBool::new(false),
            state: Mutex::new(State { idle: Vec::new(), avoid, sweeping: false }),
            me: me.clone(),
        })
    }

    /// A place among the connections in use, for as long as it is kept.
    pub(super) async fn place(&self) -> Result<OwnedSemaphorePermit, Reply> {
        match timeout(self.timeouts.turn, Arc::clone(&self.places).acquire_owned()).await {
            Ok(Ok(place)) => Ok(place),
            _ => {
                warn!("all connections to the next hop are in use; raise next_hop.max_connections if it can take more");
                Err(Reply::busy())
            }
        }
    }

    /// An unused connection, if there is one that was used a short while ago and is still in order: nothing can have
    /// come over it since.
    pub(super) fn take(&self) -> Option<Pooled> {
        loop {
            let mut state = self.lock();
            let mut pooled = state.idle.pop()?;
            // The last one is the freshest: if it is too old, the sweeper has them all.
            if pooled.used.elapsed() >= self.timeouts.idle {
                state.idle.push(pooled);
                return None;
            }
            drop(state);
            if pooled.connection.is_quiet() {
                return Some(pooled);
            }
            debug!(host = %pooled.connection.host, "an unused connection was closed or spoke out of turn");
        }
    }

    /// A new connection to the first host that answers; or what the mail server is told of the last that did not.
    pub(super) async fn open(&self) -> Result<Pooled, Reply> {
        let now = Instant::now();
        let avoided: Vec<bool> = self.lock().avoid.iter().map(|until| until.is_some_and(|until| now < until)).collect();
        let (last, first): (Vec<usize>, Vec<usize>) =
            (0..self.routes.len()).partition(|&number| avoided.get(number) == Some(&true));
        let mut refusal = Reply::next_hop_unavailable();
        for number in first.into_iter().chain(last) {
            let Some(route) = self.routes.get(number) else { continue };
            let opening = Connection::open(route, self.login.as_ref(), &self.hostname, &self.timeouts);
            let opened = timeout(self.timeouts.open, opening).await;
            match opened.unwrap_or(Err(Fault::Timeout("the connection as a whole"))) {
                Ok(connection) => {
                    self.mark(number, None);
                    self.takes_binary.store(connection.offers.binary, Ordering::Relaxed);
                    debug!(host = %route.host, verified = connection.verified, "connected to the next hop");
                    let now = Instant::now();
                    return Ok(Pooled { connection: Box::new(connection), route: number, opened: now, used: now });
                }
                Err(fault) => {
                    self.avoid(number);
                    warn!(host = %route.host, error = %fault, "next hop unavailable");
                    refusal = fault.before_mail();
                }
            }
        }
        Err(refusal)
    }

    /// Whether the last connection offered BINARYMIME.
    pub(super) fn takes_binary(&self) -> bool {
        self.takes_binary.load(Ordering::Relaxed)
    }

    /// How many hosts there are to try.
    pub(super) fn hosts(&self) -> usize {
        self.routes.len()
    }

    /// Puts the host of a connection that failed behind the others for a while. Its unused connections are dropped: what
    /// made this one fail has most likely made all of them fail, and each would cost the next mail a timeout.
    pub(super) fn avoid(&self, route: usize) {
        self.mark(route, Some(Instant::now() + AVOID));
        self.lock().idle.retain(|pooled| pooled.route != route);
    }

    /// Takes a connection back. Only one whose transaction is over may come here.
    pub(super) fn give(&self, mut pooled: Pooled) {
        pooled.used = Instant::now();
        let mut state = self.lock();
        if pooled.opened.elapsed() >= MAX_AGE || state.idle.len() >= MAX_IDLE {
            drop(state);
            tokio::spawn(quit(pooled));
            return;
        }
        state.idle.push(pooled);
        if !state.sweeping {
            state.sweeping = true;
            tokio::spawn(sweep(self.me.clone(), self.timeouts.idle));
        }
    }

    /// Closes all that is unused.
    pub(super) async fn close(&self) {
        let idle = std::mem::take(&mut self.lock().idle);
        for pooled in idle {
            quit(pooled).await;
        }
    }

    fn mark(&self, number: usize, until: Option<Instant>) {
        if let Some(avoid) = self.lock().avoid.get_mut(number) {
            *avoid = until;
        }
    }

    /// The state is a list and a few times: nothing in it can be left half-changed by a panic.
    fn lock(&self) -> std::sync::MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Closes connections as they grow old, and ends when none is left.
async fn sweep(pool: Weak<Pool>, idle: Duration) {
    loop {
        tokio::time::sleep(idle / 2).await;
        let Some(pool) = pool.upgrade() else { return };
        let old = {
            let mut state = pool.lock();
            let (old, young) = std::mem::take(&mut state.idle).into_iter().partition(|one| one.used.elapsed() >= idle);
            state.idle = young;
            state.sweeping = !state.idle.is_empty();
            if !state.sweeping { (old, true) } else { (old, false) }
        };
        let (old, last): (Vec<Pooled>, bool) = old;
        for pooled in old {
            quit(pooled).await;
        }
        if last {
            return;
        }
    }
}

async fn quit(mut pooled: Pooled) {
    if let Err(fault) = pooled.connection.command("QUIT", "QUIT\r\n", FAREWELL).await {
        debug!(error = %fault, "an unused connection to the next hop was gone already");
    }
}
