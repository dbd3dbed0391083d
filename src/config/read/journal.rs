//! `[journal]`: what becomes of mail, and of the records of it, while the store is away.
//!
//! In: the section. Out: [`SpoolSettings`]. Deliberately absent: how long records are kept (`retention.journal`).

use super::within;
use crate::{
    config::{
        document::{Problem, Section},
        value,
    },
    journal::SpoolSettings,
};

/// How many bytes may wait where nothing is said: the records of some hundred thousand mails.
const MOST: u64 = 256 << 20;

pub(super) fn read(mut section: Section<'_>, problems: &mut Vec<Problem>) -> SpoolSettings {
    let spools = section.read("on_outage", |text| match text {
        "451" => Ok(false),
        "spool" => Ok(true),
        other => {
            Err(format!("`{other}` is not known; write \"451\" (no mail goes out) or \"spool\" (clean mail does)"))
        }
    });
    let spools = spools.unwrap_or(false);
    let most = section
        .read("spool_max", |text| within(value::size(text)?, 1 << 20, 1 << 40, "write a size from 1 MiB to 1 TiB"));
    if most.is_some() && !spools {
        let at = section.place_of("spool_max");
        section.wrong(
            "spool_max",
            at,
            "it bounds a spool that is not there; add on_outage = \"spool\", or leave it out",
        );
    }
    problems.extend(section.finish());
    SpoolSettings { spools, most: most.unwrap_or(MOST) }
}
