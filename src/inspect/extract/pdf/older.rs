//! Older versions of a document that are still in its file.
//!
//! In: the file. Out: what its older versions said and the newest does not: pages with another text, objects that were
//! replaced or struck out. A program that saves by adding to the end leaves everything that it replaced. Deliberately
//! absent: which change was made when.

use std::collections::HashSet;
use std::sync::Arc;

use hayro_syntax::Pdf;
use hayro_syntax::object::{Name, Object, ObjectIdentifier};
use memchr::memmem;

use super::file::{File, Written};
use super::objects::{Known, Sweep};
use super::{Age, objects, pages, protection};
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
    let mut gone: Vec<(ObjectIdentifier, usize)> = file.superseded().map(|written| (written.id, written.end)).collect();
    for written in &file.objects {
        if pdf.xref().get::<Object<'_>>(written.id).is_none() {
            gone.push((written.id, written.end));
        }
    }
    if gone.is_empty() {
        return;
    }
    let place = Place { path: part.place.inside("older version").path, hidden: true };
    let mut ends: Vec<usize> = file.versions.clone();
    ends.push(part.bytes.len());
    let mut done = 0;
    for end in ends.into_iter().rev() {
        // Of each object that is gone, this version has the last one before its end.
        let in_it: HashSet<ObjectIdentifier> = gone.iter().filter(|(_, at)| *at <= end).map(|(id, _)| *id).collect();
        let later = gone.iter().any(|(_, at)| *at > end);
        if in_it.is_empty() || (done > 0 && !later) {
            continue;
        }
        done += 1;
        if done > VERSIONS || !reading.charge(end as u64) || !reading.take_entry() {
            return reading.unread(&place, Reason::Limit);
        }
        let cut = part.bytes.get(..end).unwrap_or_default();
        match protection::open(Arc::new(without_tables(cut)), password) {
            Ok(old) => version(reading, part, &place, &old, &in_it, texts),
            Err(_) => reading.unread(&place, Reason::Damaged),
        }
    }
}

/// A file whose tables of objects nobody finds, so that every object in it counts, struck out or not.
fn without_tables(bytes: &[u8]) -> Vec<u8> {
    let mut copy = bytes.to_vec();
    let found: Vec<usize> = memmem::find_iter(bytes, b"startxref").collect();
    for at in found {
        if let Some(word) = copy.get_mut(at..at + 9) {
            word.fill(b'%');
        }
    }
    copy
}

/// A document made of the pages in a file that lost its catalog.
pub(super) fn rebuilt(bytes: &[u8], file: &File) -> Option<Pdf> {
    let is_page = |written: &&Written| {
        let dict = written.object(bytes).and_then(Object::into_dict);
        dict.and_then(|dict| dict.get::<Name<'_>>("Type")).is_some_and(|kind| kind.as_str() == "Page")
    };
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
    let whole = [&without_tables(bytes), catalog.as_bytes()].concat();
    protection::open(Arc::new(whole), "").ok()
}

/// Reads what one version has of the objects that are gone.
fn version(
    reading: &mut Reading<'_>,
    part: &Part<'_>,
    place: &Place,
    old: &Pdf,
    gone: &HashSet<ObjectIdentifier>,
    texts: &mut HashSet<String>,
) {
    let old_part = Part { place, ..*part };
    let mut known = Known::default();
    let pictures = pages(reading, &old_part, old, &mut known, texts, Age::Older);
    known.objects(objects::all(old));
    let mut sweep = Sweep::new(&known);
    for id in gone {
        if let Some(object) = old.xref().get::<Object<'_>>(*id) {
            sweep.object(reading, &old_part, &object);
        }
    }
    if pictures + sweep.pictures > 0 {
        reading.unread(&place.inside("pictures"), Reason::Image);
    }
    sweep.end(reading, place);
    reading.done(place);
}
