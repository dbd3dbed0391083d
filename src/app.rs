//! The composition root: builds everything from a loaded configuration, binds, runs, stops.
//!
//! In: [`Loaded`]. Out: a running relay, until it is told to stop. Explicit construction, no registry: what depends
//! on what can be read here from top to bottom. Deliberately absent: signals (`cli::serve`) and any decision.

use std::{fs::File, future::Future, path::Path, sync::Arc};

use anyhow::{Context, bail};
use tokio::{net::TcpListener, task::JoinSet};
use tokio_util::sync::CancellationToken;

use crate::{
    config::{Config, Loaded},
    console,
    hold::Hold,
    inspect::sandbox::{self, Workers},
    journal::Journal,
    notice::Voice,
    outbox::Outbox,
    pipeline::{Judgement, Pipeline, Stages},
    smtp::{client::NextHop, server},
    store::Store,
};
