//! The connections that wait for the next mail, and which host to ask for a new one.
//!
//! In: connections whose transaction is over. Out: one that works, most recently used first. Bounded in number and in
//! time: unused ones are closed with QUIT, and none lives long enough to keep us away from a first host that has come
//! back. Deliberately absent: a bound on connections in use; each belongs to a client's connection or to the outbox,
//! and both are bounded.

use std::{
    sync::{Arc, Mutex, PoisonError, Weak},
    time::Duration,
};

use tokio::time::Instant;
use tracing::{debug, warn};

use super::{
    Timeouts,
    connection::{Connection, Fault, Route},
};

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
    routes: Vec<Route>,
    pub(super) timeouts: Timeouts,
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
    pub(super) connection: Connection,
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
    pub(super) fn new(hostname: String, routes: Vec<Route>, timeouts: Timeouts) -> Arc<Self> {
        let avoid = routes.iter().map(|_| None).collect();
        let state = Mutex::new(State { idle: Vec::new(), avoid, sweeping: false });
        Arc::new_cyclic(|me| Self { hostname, routes, timeouts, state, me: me.clone() })
    }

    /// An unused connection, if there is one that was used a short while ago.
    pub(super) fn take(&self) -> Option<Pooled> {
        let mut state = self.lock();
        let pooled = state.idle.pop()?;
        // The last one is the freshest: if it is too old, the sweeper has them all.
        if pooled.used.elapsed() < self.timeouts.idle {
            return Some(pooled);
        }
        state.idle.push(pooled);
        None
    }

    /// A new connection to the first host that answers.
    pub(super) async fn open(&self) -> Option<Pooled> {
        let now = Instant::now();
        let avoided: Vec<bool> = self.lock().avoid.iter().map(|until| until.is_some_and(|until| now < until)).collect();
        let (last, first): (Vec<usize>, Vec<usize>) =
            (0..self.routes.len()).partition(|&number| avoided.get(number) == Some(&true));
        for number in first.into_iter().chain(last) {
            let Some(route) = self.routes.get(number) else { continue };
            match Connection::open(route, &self.hostname, &self.timeouts).await {
                Ok(connection) => {
                    self.mark(number, None);
                    debug!(host = %route.host, "connected to the next hop");
                    let now = Instant::now();
                    return Some(Pooled { connection, route: number, opened: now, used: now });
                }
                Err(fault) => {
                    self.avoid(number);
                    warn!(host = %route.host, error = %fault, "next hop unavailable");
                }
            }
        }
        None
    }

    /// How many hosts there are to try.
    pub(super) fn hosts(&self) -> usize {
        self.routes.len()
    }

    /// Puts the host of a connection that failed behind the others for a while. What is left of it is dropped.
    pub(super) fn avoid(&self, route: usize) {
        self.mark(route, Some(Instant::now() + AVOID));
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

/// Whether a fault on a connection that waited in the pool may only mean that the host closed it meanwhile.
pub(super) fn may_be_stale(fault: &Fault) -> bool {
    matches!(fault, Fault::Broken { .. } | Fault::Unexpected(_, 421))
}
