//! PDF: the text of its pages, and everything else in it that is text or a file.
//!
//! In: the file's bytes. Out: text page by page, tables as tables; form fields, notes, outline, properties, links,
//! scripts, attached files; objects of older versions that are still in the file; bytes that belong to no object. A page
//! that is only a picture is `uninspected: image`; text that its font does not explain is `damaged`. Structure, which is
//! passed over, is named in [`mod@file`] and [`objects`]. Pages are walked by a reader of our own on top of hayro's objects
//! and fonts: hayro's interpreter drops text in layers that are off, follows forms that call each other for ever, and
//! unpacks whatever it is given. Deliberately absent: rendering.

mod blocks;
mod book;
mod file;
mod filter;
mod font;
mod geometry;
mod layers;
mod lines;
mod objects;
mod older;
mod packed;
mod page;
mod picture;
mod protection;
mod remarks;
mod string;
#[cfg(test)]
mod tests;
mod walk;

use std::collections::HashSet;
use std::sync::Arc;

use hayro_syntax::Pdf;
use hayro_syntax::object::{Dict, FromBytes as _};

use self::book::{Age, Book};
use self::file::File;
use self::objects::{Known, Section, Sweep};
use self::protection::Closed;
use crate::inspect::Reason;
use crate::inspect::extract::reading::{Part, Reading};
use crate::inspect::extract::unlock::Lock;

/// Reads a document.
pub(crate) fn read(reading: &mut Reading<'_>, part: &Part<'_>) {
    let file = File::of(part.bytes, reading.allowance());
    if !reading.charge(part.bytes.len() as u64) {
        return reading.unread(part.place, Reason::Limit);
    }
    match protection::open(Arc::new(file.harmless(part.bytes)), "") {
        Ok(pdf) => document(reading, part, &pdf, &file, ""),
        Err(Closed::Password) => reading.locked(part, Lock::Pdf),
        Err(Closed::Method) => reading.unread(part.place, Reason::Encrypted),
        // Of a document whose tables are lost the library cannot tell what is missing.
        Err(Closed::Broken)
            if protection::lock(part.bytes, &file).is_some_and(|lock| protection::needs_password(&Arc::new(lock))) =>
        {
            reading.unread(part.place, Reason::Damaged);
            reading.locked(part, Lock::Pdf);
        }
        Err(Closed::Broken) => ruin(reading, part, &file),
    }
    reading.leftovers(part, &file.spans);
}

/// Opens a document that waited for its password; false if none fits.
pub(crate) fn unlock(reading: &mut Reading<'_>, part: &Part<'_>) -> bool {
    let file = File::of(part.bytes, reading.allowance());
    let bytes = Arc::new(file.harmless(part.bytes));
    let Some((pdf, password)) = protection::open_with_known(reading, &bytes, &file) else {
        return false;
    };
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
    let mut book = Book::new(pdf, Age::Newest);
    let mut pictures = book.pages(reading, part, &mut known, &mut texts);
    known.objects(objects::all(pdf));
    let mut sweep = Sweep::new(&known, reading.allowance());
    for object in objects::all(pdf) {
        if reading.is_over() {
            reading.unread(part.place, Reason::Limit);
            break;
        }
        sweep.object(reading, part, &object);
    }
    for trailer in file.trailers.iter().filter_map(|range| Dict::from_bytes(part.bytes.get(range.clone())?)) {
        sweep.dict(&trailer, Section::Other, 0);
    }
    for comment in &file.comments {
        sweep.text(Section::Other, part.bytes.get(comment.clone()).unwrap_or_default());
    }
    let strays = sweep.end(reading, part.place);
    pictures += book.strays(reading, part, &strays.drawings, &mut known, &mut texts);
    if pictures + known.unseen(&strays.pictures) > 0 {
        reading.unread(&part.place.inside("pictures"), Reason::Image);
    }
    older::read(reading, part, pdf, file, password, &mut texts);
    reading.done(part.place);
}

/// Reads what is left of a document that lost its catalog: its pages if there are any, else its objects, each for itself.
fn ruin(reading: &mut Reading<'_>, part: &Part<'_>, file: &File) {
    reading.unread(part.place, Reason::Damaged);
    if memchr::memmem::find(part.bytes, b"/Encrypt").is_some() {
        // How, only the catalog's table could have told.
        reading.unread(part.place, Reason::Encrypted);
    }
    if let Some(pdf) = older::rebuilt(part.bytes, file) {
        return document(reading, part, &pdf, file, "");
    }
    let objects = || file.objects.iter().filter_map(|written| written.object(part.bytes));
    let mut known = Known::default();
    known.objects(objects());
    let mut sweep = Sweep::new(&known, reading.allowance());
    for object in objects() {
        if reading.is_over() {
            reading.unread(part.place, Reason::Limit);
            break;
        }
        sweep.object(reading, part, &object);
    }
    for comment in &file.comments {
        sweep.text(Section::Other, part.bytes.get(comment.clone()).unwrap_or_default());
    }
    let strays = sweep.end(reading, part.place);
    if !strays.drawings.is_empty() {
        reading.unread(&part.place.inside("drawings"), Reason::Damaged);
    }
    if !strays.pictures.is_empty() {
        reading.unread(&part.place.inside("pictures"), Reason::Image);
    }
}
