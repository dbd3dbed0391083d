//! A rule about exact data: TOML → a table that is looked for.
//!
//! In: `[[exact]]` tables of `exact/*.toml` in the organisation's rule folder, and a way to the files that they name. Out:
//! [`Table`]s, or the first thing that is wrong, by file, line and column. Deliberately absent: opening files; who calls
//! knows where they are ([`Shelf`]).

use std::io;

use serde::Deserialize;

use super::index::{Bytes, Index};
use super::keyed::Keys;
use crate::inspect::Category;
use crate::inspect::detect::rules::rule::{self, DetectorInfo};
use crate::inspect::detect::{RuleError, RuleSource};
use crate::language::Text;

/// The files that rules name.
pub trait Shelf {
    /// The bytes of an index.
    ///
    /// # Errors
    /// Those of the file system.
    fn index(&self, name: &str) -> io::Result<Box<dyn Bytes>>;

    /// The organisation's secret.
    ///
    /// # Errors
    /// Those of the file system.
    fn secret(&self, name: &str) -> io::Result<Vec<u8>>;

    /// The library of registered documents ([`super::super::fingerprint`]), if there is one.
    ///
    /// # Errors
    /// Those of the file system.
    fn library(&self) -> io::Result<Option<Box<dyn Bytes>>> {
        Ok(None)
    }

    /// The organisation's secret for it.
    ///
    /// # Errors
    /// Those of the file system.
    fn library_secret(&self) -> io::Result<Vec<u8>> {
        Err(io::ErrorKind::NotFound.into())
    }
}

/// No files at all.
impl Shelf for () {
    fn index(&self, _: &str) -> io::Result<Box<dyn Bytes>> {
        Err(io::ErrorKind::NotFound.into())
    }

    fn secret(&self, _: &str) -> io::Result<Vec<u8>> {
        Err(io::ErrorKind::NotFound.into())
    }
}

/// One table that is looked for.
#[derive(Debug)]
pub(in super::super) struct Table {
    pub(in super::super) info: DetectorInfo,
    pub(super) index: Index,
    pub(super) keys: Keys,
    /// Which columns count, a bit each.
    pub(super) columns: u16,
    /// So many of them have to be there,
    pub(super) at_least: u32,
    /// within so many characters.
    pub(super) near: usize,
}

impl Table {
    /// The headers of the columns in `set`.
    pub(super) fn names(&self, set: u16) -> String {
        let named = self.index.head.columns.iter().enumerate().filter(|(number, _)| set & (1 << number) != 0);
        named.map(|(_, name)| name.as_str()).collect::<Vec<_>>().join(" + ")
    }
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct File {
    #[serde(default)]
    exact: Vec<toml::Spanned<Raw>>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Raw {
    id: String,
    title: Text,
    #[serde(default = "identity")]
    category: Category,
    #[serde(default = "yes")]
    personal: bool,
    file: String,
    #[serde(default = "key")]
    key: String,
    #[serde(default)]
    columns: Vec<String>,
    #[serde(default = "two")]
    at_least: u32,
    #[serde(default = "near")]
    near: usize,
}

fn identity() -> Category {
    Category::Identity
}

fn yes() -> bool {
    true
}

fn key() -> String {
    "edm.key".to_owned()
}

fn two() -> u32 {
    2
}

fn near() -> usize {
    200
}

/// Whether a rule file is about exact data.
pub(in super::super) fn is_exact(source: &RuleSource) -> bool {
    source.name.starts_with("exact/") || source.name.contains("/exact/")
}

/// Reads the tables of one file and opens what they name.
pub(in super::super) fn read(source: &RuleSource, shelf: &dyn Shelf) -> Result<Vec<Table>, RuleError> {
    let file: File = rule::parse(source)?;
    file.exact
        .into_iter()
        .map(|raw| {
            let place = rule::place(&source.text, raw.span().start);
            opened(raw.into_inner(), source, shelf)
                .map_err(|message| rule::wrong(source, &format!("{place}: {message}")))
        })
        .collect()
}

fn opened(raw: Raw, source: &RuleSource, shelf: &dyn Shelf) -> Result<Table, String> {
    let Raw { id, title, category, personal, file, key, columns, at_least, near } = raw;
    rule::check_id(&id)?;
    for name in [&file, &key] {
        if name.contains(['/', '\\']) || name.starts_with('.') {
            return Err(format!("table {id}: {name:?} is no plain file name; put the file beside this one"));
        }
    }
    let told = |name: &str, why: &dyn std::fmt::Display| format!("table {id}: {name}: {why}");
    let bytes = shelf.index(&file).map_err(|error| told(&file, &error))?;
    let index = Index::open(bytes).map_err(|why| told(&file, &why))?;
    let secret = shelf.secret(&key).map_err(|error| told(&key, &error))?;
    let keys = Keys::new(&secret, &index.head.salt);
    if keys.hash(std::iter::empty()) != index.head.proof {
        return Err(told(&key, &format!("{file} was built with another key; build it again, or bring its key")));
    }
    let mut chosen = 0;
    for column in &columns {
        match index.head.columns.iter().position(|known| known == column) {
            Some(number) => chosen |= 1 << number,
            None => {
                let known = index.head.columns.join(", ");
                return Err(format!("table {id}: it has no column {column:?}; it has {known}"));
            }
        }
    }
    let count = if columns.is_empty() { index.head.columns.len() } else { columns.len() };
    if at_least == 0 || usize::try_from(at_least).unwrap_or(usize::MAX) > count {
        return Err(format!("table {id}: at_least = {at_least} of {count} columns; write 1 to {count}"));
    }
    let info = DetectorInfo {
        id,
        category,
        personal,
        title,
        source: format!("{file}: {} rows of the organisation's own", index.head.rows),
        file: source.name.clone(),
        examples: 0,
    };
    let columns = if columns.is_empty() { u16::MAX } else { chosen };
    Ok(Table { info, index, keys, columns, at_least, near })
}
