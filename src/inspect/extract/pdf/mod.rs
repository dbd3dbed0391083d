//! PDF: the text of its pages, and everything else in it that is text or a file.
//!
//! In: the file's bytes. Out: text page by page, tables as tables; form fields, notes, outline, properties, links,
//! scripts, attached files; objects of older versions that are still in the file; bytes that belong to no object. A page
//! that is only a picture is `uninspected: image`; text that its font does not explain is `damaged`. Structure, which is
//! passed over, is named in [`file`] and [`objects`]. Pages are walked by a reader of our own on top of hayro's objects
//! and fonts: hayro's interpreter drops text in layers that are off, follows forms that call each other for ever, and
//! unpacks whatever it is given. Deliberately absent: rendering.

mod blocks;
mod file;
mod filter;
mod font;
mod geometry;
mod layers;
mod lines;
mod objects;
mod older;
mod page;
mod picture;
mod protection;
mod string;
mod walk;

use std::collections::HashSet;
use std::sync::Arc;

use hayro_syntax::Pdf;
use hayro_syntax::object::{Dict, FromBytes as _, Object};

use self::file::File;
use self::font::Fonts;
use self::layers::Layers;
use self::objects::{Known, Sweep};
use self::protection::Closed;
use self::walk::{Around, Budget};
use crate::inspect::Reason;
use crate::inspect::extract::reading::{Part, Reading};
use crate::inspect::extract::unlock::Lock;

/// Operators on all pages together. A map has a million of them.
const OPERATORS: u64 = 30_000_000;
/// Forms drawn on all pages together.
const FORMS: u32 = 50_000;
/// Glyphs on all pages together: a book of a thousand pages has two million.
const GLYPHS: u64 = 20_000_000;

/// Reads a document.
pub(crate) fn read(reading: &mut Reading<'_>, part: &Part<'_>) {
    let file = File::of(part.bytes, reading.allowance());
    if file.flaws.contains(&Reason::Limit) {
        // The library would unpack what is too large.
        reading.unread(part.place, Reason::Limit);
        return reading.leftovers(part, &file.spans);
    }
    if !reading.charge(part.bytes.len() as u64) {
        return reading.unread(part.place, Reason::Limit);
    }
    match protection::open(Arc::new(part.bytes.to_vec()), "") {
        Ok(pdf) => document(reading, part, &pdf, &file, ""),
        Err(Closed::Password) => reading.locked(part, Lock::Pdf),
        Err(Closed::Method) => reading.unread(part.place, Reason::Encrypted),
        Err(Closed::Broken) => ruin(reading, part, &file),
    }
    reading.leftovers(part, &file.spans);
}

/// Opens a document that waited for its password; false if none fits.
pub(crate) fn unlock(reading: &mut Reading<'_>, part: &Part<'_>) -> bool {
    let bytes = Arc::new(part.bytes.to_vec());
    let Some((pdf, password)) = protection::open_with_known(reading, &bytes) else {
        return false;
    };
    let file = File::of(part.bytes, reading.allowance());
    document(reading, part, &pdf, &file, &password);
    true
}

/// Reads a document that is open.
fn document(reading: &mut Reading<'_>, part: &Part<'_>, pdf: &Pdf, file: &File, password: &str) {
    for flaw in &file.flaws {
        reading.unread(part.place, *flaw);
    }
    let mut known = Known::default();
    let mut texts = HashSet::new();
    let pictures = pages(reading, part, pdf, &mut known, &mut texts, Age::Newest);
    known.objects(objects::all(pdf));
    let mut sweep = Sweep::new(&known);
    for object in objects::all(pdf) {
        if reading.is_over() {
            reading.unread(part.place, Reason::Limit);
            break;
        }
        sweep.object(reading, part, &object);
    }
    for trailer in file.trailers.iter().filter_map(|range| Dict::from_bytes(part.bytes.get(range.clone())?)) {
        sweep.object(reading, part, &Object::Dict(trailer));
    }
    if pictures + sweep.pictures > 0 {
        reading.unread(&part.place.inside("pictures"), Reason::Image);
    }
    sweep.end(reading, part.place);
    older::read(reading, part, pdf, file, password, &mut texts);
    reading.done(part.place);
}

/// Whether a version of a document is the one that readers show.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Age {
    Newest,
    Older,
}

/// Reads the pages, of an older version only those that say something else than any page in `texts`, and returns how
/// many small pictures are on them.
fn pages(
    reading: &mut Reading<'_>,
    part: &Part<'_>,
    pdf: &Pdf,
    known: &mut Known,
    texts: &mut HashSet<String>,
    age: Age,
) -> u32 {
    let (fonts, layers) = (Fonts::new(), Layers::of(pdf));
    let around = Around { fonts: &fonts, layers: &layers };
    let (mut operators, mut forms, mut glyphs) = (OPERATORS, FORMS, GLYPHS);
    let (mut pictures, mut count) = (0, 0);
    for (number, page) in (1u32..).zip(pdf.pages().iter()) {
        let place = part.place.inside(&format!("page {number}"));
        if !reading.take_entry() {
            reading.unread(&place, Reason::Limit);
            return pictures;
        }
        known.page(number, page.raw());
        count = number;
        let bytes = reading.allowance();
        let mut budget = Budget { bytes, operators, forms, glyphs, is_over: &|| reading.is_over() };
        let walked = page::walk(page, around, &mut budget);
        let used = bytes - budget.bytes;
        (operators, forms, glyphs) = (budget.operators, budget.forms, budget.glyphs);
        if !reading.charge(used) {
            reading.unread(&place, Reason::Limit);
        }
        let Some(walked) = walked else {
            reading.unread(&place, Reason::Crashed);
            continue;
        };
        known.read.extend(walked.forms.iter().copied());
        known.read.extend(walked.pictures.iter().filter_map(|it| Some(it.stream.as_ref()?.obj_id())));
        if texts.insert(page::text(&walked)) || age == Age::Newest {
            pictures += page::read(reading, part, &place, walked);
        }
    }
    let catalog = pdf.xref().get::<Dict<'_>>(pdf.xref().root_id()).unwrap_or_default();
    let claimed = catalog.get::<Dict<'_>>("Pages").and_then(|pages| pages.get::<i32>("Count")).unwrap_or_default();
    if u32::try_from(claimed).is_ok_and(|claimed| claimed > count) {
        reading.unread(part.place, Reason::Damaged);
    }
    pictures
}

/// Reads what is left of a document that lost its catalog: its pages if there are any, else its objects, each for itself.
fn ruin(reading: &mut Reading<'_>, part: &Part<'_>, file: &File) {
    reading.unread(part.place, Reason::Damaged);
    if let Some(pdf) = older::rebuilt(part.bytes, file) {
        return document(reading, part, &pdf, file, "");
    }
    let objects = || file.objects.iter().filter_map(|written| written.object(part.bytes));
    let mut known = Known::default();
    known.objects(objects());
    let mut sweep = Sweep::new(&known);
    for object in objects() {
        if reading.is_over() {
            reading.unread(part.place, Reason::Limit);
            break;
        }
        sweep.object(reading, part, &object);
    }
    if sweep.pictures > 0 {
        reading.unread(&part.place.inside("pictures"), Reason::Image);
    }
    sweep.end(reading, part.place);
}
