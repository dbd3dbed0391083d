//! Older versions of a document that are still in its file.
//!
//! In: the file. Out: what its older versions said and the newest does not: pages with another text, objects that were
//! replaced or struck out, or that were packed and never named. A program that saves by adding to the end leaves
//! everything that it replaced. Deliberately absent: which change was made when.

use std::collections::HashSet;
use std::sync::Arc;

use hayro_syntax::Pdf;
use hayro_syntax::object::{Name, Object, ObjectIdentifier};

use super::book::{Age, Book};
use super::file::{File, Written};
use super::objects::{Known, Sweep};
use super::packed::{self, Pack};
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
    let mut packs = Vec::new();
    let gone = gone(reading, part, pdf, file, &mut packs);
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
            Ok(old) => version(reading, &Part { place: &place, ..*part }, (&old, &packs), &own, texts),
            Err(_) => reading.unread(&place, Reason::Damaged),
        }
    }
}

/// An object that the newest version does not have, or has otherwise.
struct Gone<'f> {
    id: ObjectIdentifier,
    /// Where it ends, or the pack that it is in.
    end: usize,
    found: Found<'f>,
}

#[derive(Clone, Copy)]
enum Found<'f> {
    Written(&'f Written),
    /// In this pack, from there on.
    Packed(usize, usize),
}

/// The objects in a file that its newest version does not have; those that are packed stand in `packs`.
fn gone<'f>(
    reading: &mut Reading<'_>,
    part: &Part<'_>,
    pdf: &Pdf,
    file: &'f File,
    packs: &mut Vec<Vec<u8>>,
) -> Vec<Gone<'f>> {
    let mut gone: Vec<Gone<'f>> = Vec::new();
    let superseded: HashSet<usize> = file.superseded().map(|written| written.start).collect();
    for written in &file.objects {
        let known = if superseded.contains(&written.start) { None } else { pdf.xref().get::<Object<'_>>(written.id) };
        let is_known = known.is_some();
        let object = known.or_else(|| written.object(part.bytes));
        if !is_known && kind(object.as_ref()) != "XRef" {
            gone.push(Gone { id: written.id, end: written.end, found: Found::Written(written) });
        }
        let Some(Object::Stream(stream)) = object.filter(|object| kind(Some(object)) == "ObjStm") else { continue };
        let unpacked = filter::unpack(&stream, reading.allowance());
        if !reading.charge(unpacked.bytes.len() as u64) {
            break;
        }
        let place = Place { hidden: true, ..part.place.inside(&format!("object {}", written.id.obj_number)) };
        // Of one that no table names nobody else has seen this.
        if let Some(flaw) = unpacked.flaw.filter(|_| !is_known) {
            reading.unread(&place, flaw);
        }
        let pack = Pack::new(&unpacked.bytes, stream.dict());
        reading.text(&place, &pack.between());
        // Something may have been replaced since, or have never been part of the document.
        let before = gone.len();
        for (id, at, old) in pack.objects() {
            if pdf.xref().get::<Object<'_>>(id).as_ref() != Some(&old) {
                gone.push(Gone { id, end: written.end, found: Found::Packed(packs.len(), at) });
            }
        }
        if gone.len() > before {
            packs.push(unpacked.bytes.into_owned());
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
fn version(
    reading: &mut Reading<'_>,
    part: &Part<'_>,
    (old, packs): (&Pdf, &[Vec<u8>]),
    gone: &[&Gone<'_>],
    texts: &mut HashSet<String>,
) {
    let mut known = Known::default();
    let mut book = Book::new(old, Age::Older);
    let mut pictures = book.pages(reading, part, &mut known, texts);
    known.objects(objects::all(old));
    let mut sweep = Sweep::new(&known, reading.allowance());
    for (at, it) in gone.iter().enumerate() {
        let now = || old.xref().get::<Object<'_>>(it.id);
        let object = match it.found {
            // Written twice in one version: only the last one can be found by its number.
            Found::Written(written) if gone.get(at + 1..).unwrap_or_default().iter().any(|later| later.id == it.id) => {
                written.object(part.bytes)
            }
            Found::Written(_) => now(),
            // Found by its number it knows what it refers to.
            Found::Packed(pack, at) => {
                let alone = packs.get(pack).and_then(|pack| packed::object(pack, at));
                now().filter(|now| alone.as_ref() == Some(now)).or(alone)
            }
        };
        match object {
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
