//! `sekisho serve`: the relay, its workers, the outbox and the console, until told to stop.
//!
//! SIGTERM and Ctrl+C: no new connections, what is under way is finished, exit 0; a second one does not wait for that:
//! what is cut off was never promised to anybody, and is sent again. SIGHUP: rules, partners, people (of the file, and
//! of another directory server), texts of notices, certificate and users are loaded anew; if they do not load, the old ones
//! stay and the log says why; what takes a restart it names. Deliberately absent: daemonising, pid
//! files, dropping of rights; systemd does these better, and hears through `service` how we are.

use std::process::ExitCode;

use anyhow::Context;
use tokio::signal::unix::{Signal, SignalKind, signal};
use tokio_util::sync::CancellationToken;

use super::{ConfigFile, Failure, service};
use crate::{
    app::{App, Reload},
    telemetry,
};

pub(super) async fn run(file: ConfigFile) -> Result<ExitCode, Failure> {
    telemetry::start();
    // Heard from the first moment: an unheard SIGHUP would end the process.
    let (mut terminate, hangup) = (signal(SignalKind::terminate())?, signal(SignalKind::hangup())?);
    let sockets = service::inherited()?;
    let loaded = file.load()?;
    allow_files_for(loaded.config.smtp.max_connections + loaded.config.next_hop.max_connections);
    let app = App::build(loaded, sockets).await?;
    let stop = CancellationToken::new();
    let reload = app.reload();
    let alive = service::watchdog((app.pulse(), app.store().clone(), app.journal().clone()), stop.clone());
    let mut serving = tokio::spawn(app.run(stop.clone()));
    tokio::spawn(alive);
    service::ready();
    tokio::select! {
        // A long-lived task ended by itself: the service manager starts the whole process anew.
        ended = &mut serving => return finished(ended),
        told = until_told_to_stop(&mut terminate) => told?,
        () = reload_on_hangup(file, reload, hangup) => {}
    }
    service::stopping();
    tracing::info!("stopping: what is under way is finished first");
    stop.cancel();
    tokio::select! {
        ended = serving => finished(ended),
        told = until_told_to_stop(&mut terminate) => {
            told?;
            tracing::warn!("told to stop again: what is under way is cut off");
            Ok(ExitCode::SUCCESS)
        }
    }
}

/// Each connection is an open file, and a process gets 1,024 of them on most systems unless it asks for what it may have.
fn allow_files_for(connections: usize) {
    /// The database, the log, the listeners and the workers' pipes.
    const OTHERS: usize = 200;
    match rlimit::increase_nofile_limit(u64::MAX) {
        Ok(limit) if limit >= (connections + OTHERS) as u64 => {}
        Ok(limit) => tracing::warn!(
            limit,
            connections,
            "fewer open files are allowed than smtp.max_connections and next_hop.max_connections need; raise LimitNOFILE"
        ),
        Err(why) => tracing::warn!(%why, "how many open files are allowed cannot be changed"),
    }
}

fn finished(ended: Result<anyhow::Result<()>, tokio::task::JoinError>) -> Result<ExitCode, Failure> {
    ended.context("the server died")??;
    Ok(ExitCode::SUCCESS)
}

/// Returns when somebody asks the process to stop: by SIGTERM or Ctrl+C.
pub(super) async fn until_told_to_stop(terminate: &mut Signal) -> std::io::Result<()> {
    tokio::select! {
        _ = terminate.recv() => Ok(()),
        interrupted = tokio::signal::ctrl_c() => interrupted,
    }
}

/// Loads rules, partners, people, texts of notices, certificate and users anew at each SIGHUP; never returns.
async fn reload_on_hangup(file: ConfigFile, reload: Reload, mut hangup: Signal) {
    while hangup.recv().await.is_some() {
        service::reloading();
        match file.load() {
            Err(why) => tracing::error!(%why, "not reloaded, the old rules stay in force"),
            Ok(loaded) => match reload.apply(&loaded).await {
                Ok(waits) => {
                    tracing::info!("rules, partners, people, texts of notices, certificate and users reloaded");
                    if !waits.is_empty() {
                        let sections = waits.join(", ");
                        tracing::warn!(%sections, "these say something new that is in force only after a restart");
                    }
                }
                Err(why) => tracing::error!("not reloaded, the old rules stay in force: {why:#}"),
            },
        }
        service::ready();
    }
    std::future::pending().await
}
