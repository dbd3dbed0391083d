//! Older versions of a document that are still in its file.
//!
//! In: the file. Out: what its older versions said and the newest does not: pages with another text, objects that were
//! replaced or struck out. A program that saves by adding to the end leaves everything that it replaced. Deliberately
//! absent: which change was made when.

use std::collections::HashSet;
use std::sync::Arc;

use hayro_syntax::Pdf;
use hayro_syntax::object::{Dict, FromBytes as _, Name, Object, ObjectIdentifier};

use super::book::{Age, Book};
use super::file::{File, Written};
use super::objects::{Known, Sweep};
use super::{filter, objects, protection};
use crate::inspect::extract::reading::{Part, Reading};
use crate::inspect::{Place, Reason};

/// So many versions are looked into, the latest first.
const VERSIONS: usize = 8;

/// Reads what older versions have beyond the newest one. `texts` is what the newest pages say.
pub(super) fn read(
    reading: &mut Reading<'_>,
    part: &Part<'_>,
    pdf: &Pdf,
    file: &File,
    password: &str,
    texts: &mut HashSet<String>,
) {
    if file.versions.is_empty() {
        return;
    }
    let gone = gone(reading, part.bytes, pdf, file);
    let place = Place { hidden: true, ..part.place.inside("older version") };
    let mut ends: Vec<usize> = file.versions.clone();
    ends.push(part.bytes.len());
    let (mut from, mut done) = (0, 0);
    for end in ends {
        let own: Vec<&Gone<'_>> = gone.iter().filter(|it| from < it.end && it.end <= end).collect();
        from = end;
        if own.is_empty() {
            continue;
        }
        done += 1;
        if done > VERSIONS || !reading.charge(end as u64) || !reading.take_entry() {
            return reading.unread(&place, Reason::Limit);
        }
        let cut = part.bytes.get(..end).unwrap_or_default();
        match protection::open(Arc::new(protection::without_tables(cut)), password) {
            Ok(old) => version(reading, &Part { place: &place, ..*part }, &old, &own, texts),
            Err(_) => reading.unread(&place, Reason::Damaged),
        }
    }
}

/// An object that the newest version does not have, or has otherwise.
struct Gone<'f> {
    id: ObjectIdentifier,
    /// Where it ends, or the pack that it is in.
    end: usize,
    /// Where it stands; nothing if it is in a pack.
    written: Option<&'f Written>,
}

/// The objects in a file that its newest version does not have.
fn gone<'f>(reading: &mut Reading<'_>, bytes: &[u8], pdf: &Pdf, file: &'f File) -> Vec<Gone<'f>> {
    let mut gone: Vec<Gone<'f>> = Vec::new();
    let superseded: HashSet<usize> = file.superseded().map(|written| written.start).collect();
    for written in &file.objects {
        let object = pdf.xref().get::<Object<'_>>(written.id);
        let is_table = || kind(written.object(bytes).as_ref()) == "XRef";
        if (superseded.contains(&written.start) || object.is_none()) && !is_table() {
            gone.push(Gone { id: written.id, end: written.end, written: Some(written) });
        }
        // Of what is packed together, something may have been replaced since.
        if file.versions.len() > 1
            && kind(object.as_ref()) == "ObjStm"
            && let Some(Object::Stream(pack)) = object
        {
            let unpacked = filter::unpack(&pack, reading.allowance());
            if !reading.charge(unpacked.bytes.len() as u64) {
                break;
            }
            let replaced = packed(&unpacked.bytes, pack.dict()).into_iter().filter(|(id, old)| {
                let new = pdf.xref().get::<Object<'_>>(*id);
                new.as_ref() != Some(old)
            });
            gone.extend(replaced.map(|(id, _)| Gone { id, end: written.end, written: None }));
        }
    }
    gone
}

/// What an object says it is.
fn kind(object: Option<&Object<'_>>) -> String {
    let dict = match object {
        Some(Object::Dict(dict)) => dict,
        Some(Object::Stream(stream)) => stream.dict(),
        _ => return String::new(),
    };
    dict.get::<Name<'_>>("Type").map(|kind| kind.as_str().to_owned()).unwrap_or_default()
}

/// The objects in a stream of objects.
fn packed<'o>(bytes: &'o [u8], dict: &Dict<'_>) -> Vec<(ObjectIdentifier, Object<'o>)> {
    let first = dict.get::<i32>("First").and_then(|first| usize::try_from(first).ok()).unwrap_or(usize::MAX);
    let head = bytes.get(..first).unwrap_or_default();
    let numbers: Vec<usize> =
        head.split(u8::is_ascii_whitespace).filter_map(|word| std::str::from_utf8(word).ok()?.parse().ok()).collect();
    let object = |pair: &[usize]| {
        let [number, offset] = *pair else { return None };
        let object = Object::from_bytes(bytes.get(first.checked_add(offset)?..)?.trim_ascii_start())?;
        Some((ObjectIdentifier::new(u32::try_from(number).ok()?, 0), object))
    };
    numbers.chunks(2).filter_map(object).collect()
}

/// A document made of the pages in a file that lost its catalog.
pub(super) fn rebuilt(bytes: &[u8], file: &File) -> Option<Pdf> {
    let is_page = |written: &&Written| kind(written.object(bytes).as_ref()) == "Page";
    let pages: Vec<String> = file
        .objects
        .iter()
        .filter(is_page)
        .map(|page| format!("{} {} R", page.id.obj_number, page.id.gen_number))
        .collect();
    let free = file.objects.iter().map(|written| written.id.obj_number).max()?.checked_add(2)?;
    let (count, kids) = (pages.len(), pages.join(" "));
    let catalog = format!(
        "\n{free} 0 obj<</Type/Pages/Count {count}/Kids[{kids}]>>endobj\n\
         {root} 0 obj<</Type/Catalog/Pages {free} 0 R>>endobj\ntrailer<</Root {root} 0 R>>\n",
        root = free - 1
    );
    let whole = [&protection::without_tables(bytes), catalog.as_bytes()].concat();
    protection::open(Arc::new(whole), "").ok()
}

/// Reads what one version has of the objects that are gone.
fn version(reading: &mut Reading<'_>, part: &Part<'_>, old: &Pdf, gone: &[&Gone<'_>], texts: &mut HashSet<String>) {
    let mut known = Known::default();
    let mut book = Book::new(old, Age::Older);
    let mut pictures = book.pages(reading, part, &mut known, texts);
    known.objects(objects::all(old));
    let mut sweep = Sweep::new(&known);
    for (at, it) in gone.iter().enumerate() {
        // Written twice in one version: only the last one can be found by its number.
        let again = gone.get(at + 1..).unwrap_or_default().iter().any(|later| later.id == it.id);
        let alone = it.written.filter(|_| again).map(|written| written.object(part.bytes));
        match alone.unwrap_or_else(|| old.xref().get::<Object<'_>>(it.id)) {
            Some(object) => sweep.object(reading, part, &object),
            None => reading.unread(part.place, Reason::Damaged),
        }
    }
    let strays = sweep.end(reading, part.place);
    pictures += book.strays(reading, part, &strays.drawings, &mut known, texts);
    if pictures + known.unseen(&strays.pictures) > 0 {
        reading.unread(&part.place.inside("pictures"), Reason::Image);
    }
    reading.done(part.place);
}
