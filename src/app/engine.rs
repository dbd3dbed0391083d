//! What the console asks of the rest of the server.
//!
//! In: the stages of a mail's way. Out: closures that use them, and rules and books as they are in force when somebody asks.
//! Deliberately absent: pages.

use std::sync::{Arc, PoisonError, RwLock};

use crate::{
    console::{self, Rulebook},
    pipeline::Stages,
    telemetry::health::Health,
};

/// The rules in force, for people.
pub(super) type Rules = Arc<RwLock<Arc<Rulebook>>>;

/// All that the console asks.
pub(super) fn engine(stages: &Arc<Stages>, rules: &Rules, health: &Health) -> console::Engine {
    let rules = Arc::clone(rules);
    console::Engine {
        judge: trial(stages),
        drill: drill(stages),
        reader: reader(stages),
        ledger: books(stages),
        rulebook: Arc::new(move || Arc::clone(&rules.read().unwrap_or_else(PoisonError::into_inner))),
        health: health.clone(),
    }
}

/// What judges a mail that somebody tries in the console: as the server judges now, keeping and learning nothing.
fn trial(stages: &Arc<Stages>) -> console::Judge {
    let stages = Arc::clone(stages);
    Arc::new(move |envelope, message| {
        let stages = Arc::clone(&stages);
        Box::pin(async move { stages.try_out(&envelope, &message).await.map_err(|why| why.to_string()) })
    })
}

/// What holds a drill of those who decide, for the console.
fn drill(stages: &Arc<Stages>) -> console::Drill {
    let stages = Arc::clone(stages);
    Arc::new(move |by| {
        let stages = Arc::clone(&stages);
        Box::pin(async move { stages.drill(&by).await })
    })
}

/// What reads a held mail for whoever may look at its content.
fn reader(stages: &Arc<Stages>) -> console::Reader {
    let stages = Arc::clone(stages);
    Arc::new(move |envelope, message, what| {
        let stages = Arc::clone(&stages);
        Box::pin(async move {
            let shown = stages.show(&envelope, &message, what).await.map_err(|why| why.to_string())?;
            shown.ok_or_else(|| "reading it failed or took too long".to_owned())
        })
    })
}

/// The journal for the console, with the titles of the rules that are in force when somebody looks.
fn books(stages: &Arc<Stages>) -> Arc<console::Books> {
    let (journal, stages) = (stages.journal.clone(), Arc::clone(stages));
    Arc::new(console::Books { journal, titles: Arc::new(move || stages.titles()) })
}
