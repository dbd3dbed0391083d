//! `[inspection]`: how mail is read, and by whom.
//!
//! In: the section. Out: [`sandbox::Settings`]. Deliberately absent: what is looked for (the rule folder).

use std::time::Duration;

use super::{SECOND, whole, within};
use crate::{
    config::{
        document::{Problem, Section},
        value,
    },
    inspect::{
        Limits,
        sandbox::{
            Identity, Settings,
            ocr::{self, Bounds, Lack, Program},
        },
    },
};

pub(super) fn read(mut section: Section<'_>, problems: &mut Vec<Problem>) -> Settings {
    let usual = Settings::default();
    let workers = section.number("workers", 0..=256);
    let (timeout, part_timeout) = times(&mut section, &usual);
    let memory = section.read("max_memory", |text| {
        within(value::size(text)?, 128 << 20, 64 << 30, "write a size from 128 MiB to 64 GiB")
    });
    let user = section.read("user", user);
    let limits = limits(&mut section, usual.limits);
    let ocr = section.table("ocr", "inspection.ocr").and_then(|table| ocr(table, timeout, problems));
    problems.extend(section.finish());
    Settings {
        workers: whole(workers, usual.workers),
        timeout,
        part_timeout,
        memory: memory.unwrap_or(usual.memory),
        user: user.unwrap_or(usual.user),
        limits,
        ocr,
        ..usual
    }
}

/// `[inspection.ocr]`: asked of the program itself, so that what is missing is no surprise at the first picture.
fn ocr(mut section: Section<'_>, most: Duration, problems: &mut Vec<Problem>) -> Option<ocr::Settings> {
    section.require("program", "program = \"tesseract\" under [inspection.ocr], or remove the section");
    let languages = section.list("languages", language).map(|list| list.into_iter().map(|(_, name)| name).collect());
    let languages = languages.unwrap_or_else(|| vec!["jpn".to_owned(), "eng".to_owned()]);
    let found = section.read("program", value::something).map(|name| Program::find(&name, &languages));
    if let Some(Err(lack)) = &found {
        let key = if matches!(lack, Lack::Language(..)) { "languages" } else { "program" };
        section.wrong(key, section.place_of(key), &lack.to_string());
    }
    let timeout = section.read("timeout", |text| {
        within(value::duration(text)?, SECOND, most, "write a duration from 1s to inspection.timeout")
    });
    let pictures = section.number("max_pictures", 1..=1_000).and_then(|number| u32::try_from(number).ok());
    let each = section.read("max_picture_size", |text| {
        within(value::size(text)?, 1 << 10, 64 << 20, "write a size from 1 KiB to 64 MiB")
    });
    problems.extend(section.finish());
    let each = whole(each, 8 << 20);
    let pictures = pictures.unwrap_or(16);
    Some(ocr::Settings {
        program: found?.ok()?,
        languages,
        timeout: timeout.unwrap_or(most.min(10 * SECOND)),
        // Pictures are kept by the worker until the mail is read, beside all that it reads.
        bounds: Bounds { pictures, each, bytes: each.max(32 << 20) },
    })
}

fn language(text: &str) -> Result<String, String> {
    // A name such as jpn_vert or script/Japanese; it becomes part of a command line and of a path.
    if !text.is_empty() && text.chars().all(|c| c.is_ascii_alphanumeric() || matches!(c, '_' | '/')) {
        return Ok(text.to_owned());
    }
    Err(format!("`{text}` is no language of tesseract; write one that `tesseract --list-langs` shows, as in \"jpn\""))
}

fn times(section: &mut Section<'_>, usual: &Settings) -> (Duration, Duration) {
    let timeout = section.read("timeout", |text| {
        // Mail servers wait 10 minutes for the reply to the final dot (RFC 5321 §4.5.3.2.6); ours must come earlier.
        within(value::duration(text)?, SECOND, 540 * SECOND, "write a duration from 1s to 9m")
    });
    let timeout = timeout.unwrap_or(usual.timeout);
    let part_timeout = section
        .read("part_timeout", |text| within(value::duration(text)?, SECOND, 540 * SECOND, "write a duration from 1s"));
    let part_timeout = part_timeout.unwrap_or(usual.part_timeout.min(timeout));
    if part_timeout > timeout {
        let at = section.place_of("part_timeout");
        section.wrong("part_timeout", at, "it is longer than inspection.timeout; make it at most that");
    }
    (timeout, part_timeout)
}

fn limits(section: &mut Section<'_>, usual: Limits) -> Limits {
    let bytes = section.read("max_unpacked", |text| {
        within(value::size(text)?, 1 << 20, 64 << 30, "write a size from 1 MiB to 64 GiB")
    });
    let ratio = section.number("max_ratio", 1..=1_000_000).and_then(|n| u32::try_from(n).ok());
    let depth = section.number("max_depth", 1..=100).and_then(|n| u32::try_from(n).ok());
    let entries = section.number("max_entries", 1..=10_000_000).and_then(|n| u32::try_from(n).ok());
    let cells = section.number("max_cells", 1..=1_000_000_000);
    let characters = section.number("max_characters", 1_000..=100_000_000_000);
    Limits {
        bytes: bytes.unwrap_or(usual.bytes),
        ratio: ratio.unwrap_or(usual.ratio),
        depth: depth.unwrap_or(usual.depth),
        entries: entries.unwrap_or(usual.entries),
        cells: cells.unwrap_or(usual.cells),
        characters: characters.unwrap_or(usual.characters),
    }
}

/// A user that workers can become.
fn user(name: &str) -> Result<Identity, String> {
    match Identity::of(name) {
        Ok(Some(identity)) => Ok(identity),
        Ok(None) => Err(format!(
            "`{name}` is no user of this machine without root's rights; add it with `useradd --system {name}`, or leave \
             the key out for nobody"
        )),
        Err(error) => Err(format!("/etc/passwd cannot be read: {error}; make it readable, or leave the key out")),
    }
}
