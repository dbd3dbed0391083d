//! The pages of one version of a document, and drawings that are on no page of it.
//!
//! In: an open document. Out: its pages one after the other, under one budget; pages and forms that fell out of the
//! page tree. Deliberately absent: everything that is no drawing (`objects`).

use std::collections::HashSet;
use std::panic::{AssertUnwindSafe, catch_unwind};

use hayro_syntax::Pdf;
use hayro_syntax::object::{Dict, Stream};
use hayro_syntax::page::{Page, Resources};

use super::font::Fonts;
use super::geometry::{Area, Matrix};
use super::layers::Layers;
use super::objects::Known;
use super::page;
use super::walk::{Around, Budget, Walk, Walked};
use crate::inspect::extract::reading::{Part, Reading};
use crate::inspect::{Place, Reason};

/// Operators on all pages together. A map has a million of them.
const OPERATORS: u64 = 30_000_000;
/// Forms drawn on all pages together.
const FORMS: u32 = 50_000;
/// Glyphs on all pages together: a book of a thousand pages has two million.
const GLYPHS: u64 = 20_000_000;

/// Whether a version of a document is the one that readers show.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Age {
    Newest,
    Older,
}

/// A drawing that no page shows.
pub(super) enum Stray<'a> {
    Page(Dict<'a>),
    Form(Stream<'a>),
}

/// One version of a document.
pub(super) struct Book<'a> {
    pdf: &'a Pdf,
    age: Age,
    fonts: Fonts<'a>,
    layers: Layers,
    operators: u64,
    forms: u32,
    glyphs: u64,
}

impl<'a> Book<'a> {
    pub(super) fn new(pdf: &'a Pdf, age: Age) -> Self {
        let (fonts, layers) = (Fonts::new(), Layers::of(pdf));
        Self { pdf, age, fonts, layers, operators: OPERATORS, forms: FORMS, glyphs: GLYPHS }
    }

    /// Reads the pages, of an older version only those that say something else than any page in `texts`, and returns
    /// how many small pictures are on them.
    pub(super) fn pages(
        &mut self,
        reading: &mut Reading<'_>,
        part: &Part<'_>,
        known: &mut Known,
        texts: &mut HashSet<String>,
    ) -> u32 {
        let (mut pictures, mut count) = (0, 0);
        for (number, page) in (1u32..).zip(self.pdf.pages().iter()) {
            let place = part.place.inside(&format!("page {number}"));
            if !reading.take_entry() {
                reading.unread(&place, Reason::Limit);
                return pictures;
            }
            known.page(number, page.raw());
            count = number;
            let (matrix, sight) = view(page);
            let walked =
                self.walk(reading, &place, sight, matrix, |walk| page::draw(walk, page.raw(), page.resources()));
            let Some(walked) = walked else { continue };
            known.drawn(&walked);
            if texts.insert(page::text(&walked)) || self.age == Age::Newest {
                pictures += page::read(reading, part, &place, walked);
            }
        }
        let catalog = self.pdf.xref().get::<Dict<'_>>(self.pdf.xref().root_id()).unwrap_or_default();
        let claimed = catalog.get::<Dict<'_>>("Pages").and_then(|pages| pages.get::<i32>("Count")).unwrap_or_default();
        if u32::try_from(claimed).is_ok_and(|claimed| claimed > count) {
            reading.unread(part.place, Reason::Damaged);
        }
        pictures
    }

    /// Reads drawings that are on no page: what they say beyond the pages. Returns how many small pictures they have.
    pub(super) fn strays(
        &mut self,
        reading: &mut Reading<'_>,
        part: &Part<'_>,
        strays: &[Stray<'a>],
        known: &mut Known,
        texts: &mut HashSet<String>,
    ) -> u32 {
        let mut pictures = 0;
        for stray in strays {
            let (id, name) = match stray {
                Stray::Page(page) => (page.obj_id().map_or(0, |id| id.obj_number), "unlisted page"),
                Stray::Form(form) if known.read.contains(&form.obj_id()) => continue,
                Stray::Form(form) => (form.obj_id().obj_number, "unused drawing"),
            };
            let place = Place { hidden: true, ..part.place.inside(&format!("{name} {id}")) };
            if reading.is_over() || self.operators == 0 {
                reading.unread(&place, Reason::Limit);
                return pictures;
            }
            let walked = self.walk(reading, &place, Area::EVERYWHERE, Matrix::IDENTITY, |walk| match stray {
                Stray::Page(page) => page::draw(walk, page, &Resources::new(page.get("Resources").unwrap_or_default())),
                Stray::Form(form) => walk.object(form, &Resources::new(Dict::default()), 1),
            });
            let Some(walked) = walked else { continue };
            known.drawn(&walked);
            let is_blank = walked.codes == 0 && walked.pictures.is_empty() && walked.flaws.is_empty();
            if !is_blank && texts.insert(page::text(&walked)) {
                pictures += page::read(reading, part, &place, walked);
            }
        }
        pictures
    }

    /// Walks over something under the budget; nothing if that killed the library.
    fn walk(
        &mut self,
        reading: &mut Reading<'_>,
        place: &Place,
        sight: Area,
        matrix: Matrix,
        draw: impl FnOnce(&mut Walk<'_, '_, 'a>),
    ) -> Option<Walked<'a>> {
        let bytes = reading.allowance();
        let is_over = || reading.is_over();
        let Self { operators, forms, glyphs, .. } = *self;
        let mut budget = Budget { bytes, operators, forms, glyphs, is_over: &is_over };
        let around = Around { fonts: &self.fonts, layers: &self.layers };
        let walked = catch_unwind(AssertUnwindSafe(|| {
            let mut walk = Walk::new(around, &mut budget, sight, matrix);
            draw(&mut walk);
            walk.end()
        }));
        let used = bytes - budget.bytes;
        (self.operators, self.forms, self.glyphs) = (budget.operators, budget.forms, budget.glyphs);
        if !reading.charge(used) {
            reading.unread(place, Reason::Limit);
        }
        if walked.is_err() {
            reading.unread(place, Reason::Crashed);
        }
        walked.ok()
    }
}

/// How a page is looked at: upright, from its visible corner; and what is in sight.
fn view(page: &Page<'_>) -> (Matrix, Area) {
    let (width, height) = page.render_dimensions();
    let sight = Area { x0: -1.0, y0: -1.0, x1: f64::from(width) + 1.0, y1: f64::from(height) + 1.0 };
    (Matrix(page.initial_transform(false).as_coeffs()), sight)
}
