//! One page: what is written on it, what is drawn on it.
//!
//! In: a page. Out: its text as tables and running text, what cannot be seen apart from what can; its pictures. A page
//! with nothing but a picture is that picture. Deliberately absent: what its notes and fields say beside what they show
//! (`objects`).

use hayro_syntax::object::{Array, Dict, Name, Object, Rect, Stream};
use hayro_syntax::page::Resources;

use super::blocks::{Block, blocks};
use super::geometry::{Area, Matrix};
use super::lines::lines;
use super::picture;
use super::walk::{Glyph, Walk, Walked};
use crate::inspect::extract::reading::{Part, Reading, cell};
use crate::inspect::{Cell, Place, Reason};

/// Fewer letters than this beside a picture are a stamp or a page number.
const CAPTION: usize = 12;

/// A picture that covers so much of a page is what the page is about.
const SHARE: f64 = 0.3;

/// Draws a page: its operators, and its notes and fields on top.
pub(super) fn draw<'a>(walk: &mut Walk<'_, '_, 'a>, page: &Dict<'a>, resources: &Resources<'a>) {
    let streams = contents(page);
    if streams.is_empty() && page.get_ref("Contents").is_some() {
        walk.missing();
    }
    let mut content = Vec::new();
    for stream in streams {
        content.extend_from_slice(&walk.content(&stream));
        // A word does not go on in the next stream.
        content.push(b'\n');
    }
    walk.run(content, resources);
    for (stream, place) in appearances(page) {
        walk.appearance(&stream, place, resources);
    }
}

/// The streams of a page's operators.
fn contents<'a>(page: &Dict<'a>) -> Vec<Stream<'a>> {
    match page.get::<Object<'_>>("Contents") {
        Some(Object::Stream(stream)) => vec![stream],
        Some(Object::Array(list)) => list.iter::<Stream<'_>>().collect(),
        _ => Vec::new(),
    }
}

/// What notes and fields look like, and where on the page.
fn appearances<'a>(page: &Dict<'a>) -> Vec<(Stream<'a>, Appearance)> {
    let notes = page.get::<Array<'_>>("Annots").map(|list| list.iter::<Dict<'_>>().collect::<Vec<_>>());
    notes.unwrap_or_default().iter().filter_map(appearance).collect()
}

/// Where an appearance is drawn.
#[derive(Clone, Copy)]
pub(super) struct Appearance {
    pub(super) area: Area,
    pub(super) hidden: bool,
}

fn appearance<'a>(note: &Dict<'a>) -> Option<(Stream<'a>, Appearance)> {
    let stream = match note.get::<Dict<'_>>("AP")?.get::<Object<'_>>("N")? {
        Object::Stream(stream) => stream,
        Object::Dict(states) => states.get::<Stream<'_>>(note.get::<Name<'_>>("AS")?.as_ref())?,
        _ => return None,
    };
    let Rect { x0, y0, x1, y1 } = note.get::<Rect>("Rect")?;
    // Hidden, or not to be shown on screen.
    let hidden = note.get::<i32>("F").is_some_and(|flags| flags & 0b10_0010 != 0);
    Some((stream, Appearance { area: Area { x0, y0, x1, y1 }, hidden }))
}

impl<'a> Walk<'_, '_, 'a> {
    /// Draws a note's appearance into its place.
    fn appearance(&mut self, stream: &Stream<'a>, place: Appearance, resources: &Resources<'a>) {
        let form = stream.dict().get::<[f64; 6]>("Matrix").map_or(Matrix::IDENTITY, Matrix);
        let bounds =
            stream.dict().get::<Rect>("BBox").map_or(place.area, |Rect { x0, y0, x1, y1 }| Area { x0, y0, x1, y1 });
        let bounds = bounds.under(form);
        let scale = |to: f64, from: f64| if from.abs() < 1e-6 { 1.0 } else { to / from };
        let x = scale(place.area.x1 - place.area.x0, bounds.x1 - bounds.x0);
        let y = scale(place.area.y1 - place.area.y0, bounds.y1 - bounds.y0);
        let into = Matrix([x, 0.0, 0.0, y, place.area.x0 - bounds.x0 * x, place.area.y0 - bounds.y0 * y]);
        self.placed(into, place.hidden, |walk| walk.object(stream, resources, 1));
    }
}

/// All that is written on a page, to know it again in an older version.
pub(super) fn text(walked: &Walked<'_>) -> String {
    walked.glyphs.iter().map(|glyph| &*glyph.text).collect()
}

/// Hands over what a page holds, and returns how many pictures were too small for a place of their own.
pub(super) fn read(reading: &mut Reading<'_>, part: &Part<'_>, place: &Place, walked: Walked<'_>) -> u32 {
    let mut text = String::new();
    for flaw in &walked.flaws {
        reading.unread(place, *flaw);
    }
    if walked.unreadable > 8 || (walked.unreadable > 0 && walked.glyphs.is_empty()) {
        // Text is there, and nobody can tell which.
        reading.unread(place, Reason::Damaged);
    }
    let (large, small): (Vec<_>, Vec<_>) = walked.pictures.into_iter().partition(picture::is_sizeable);
    // The text of a scanned page is drawn in no colour, and its reader sees it all the same.
    let scanned = large.iter().any(|picture| picture.share > SHARE);
    let is_seen = |glyph: &&Glyph| !(glyph.hidden || (glyph.inkless && !scanned));
    // A table that runs over the edge of the page is one table, whatever of it is seen.
    let (page, others): (Vec<&Glyph>, Vec<&Glyph>) =
        walked.glyphs.iter().partition(|glyph| is_seen(glyph) || glyph.beyond);
    write(reading, place, page.into_iter(), &mut text);
    let hidden = Place { hidden: true, ..place.clone() };
    write(reading, &hidden, others.into_iter(), &mut text);
    let said: String =
        walked.said.iter().filter(|said| !text.contains(said.trim())).map(|said| format!("{said}\n")).collect();
    if !said.is_empty() {
        reading.text(&hidden, &said);
    }
    let letters = text.chars().filter(|c| !c.is_whitespace()).take(CAPTION + 1).count();
    let is_picture = letters <= CAPTION && !large.is_empty();
    if !is_picture && walked.flaws.is_empty() {
        reading.done(place);
    } else if letters > 0 {
        reading.done(&place.inside("text"));
    }
    let alone = is_picture && large.len() == 1;
    for (index, picture) in large.iter().enumerate() {
        let own = if alone { place.clone() } else { place.inside(&format!("image {}", index + 1)) };
        picture::read(reading, part, &own, picture);
    }
    u32::try_from(small.len()).unwrap_or(u32::MAX)
}

/// Hands over glyphs, as tables and text.
fn write<'g>(reading: &mut Reading<'_>, place: &Place, glyphs: impl Iterator<Item = &'g Glyph>, all: &mut String) {
    for block in lines(glyphs).iter().flat_map(|lines| blocks(lines)) {
        match block {
            Block::Text(text) => {
                reading.text(place, &text);
                all.push_str(&text);
            }
            Block::Hidden(text) => {
                reading.text(&Place { hidden: true, ..place.clone() }, &text);
                all.push_str(&text);
            }
            Block::Table(rows) => {
                let all_hidden = rows.iter().flatten().all(|cell| cell.hidden);
                reading.begin_table(&Place { hidden: place.hidden || all_hidden, ..place.clone() });
                for (number, row) in rows.iter().enumerate() {
                    let paid = row.iter().all(|_| reading.take_cell());
                    if !paid {
                        reading.unread(place, Reason::Limit);
                        break;
                    }
                    let cells =
                        row.iter().map(|one| Cell { hidden: one.hidden, ..cell(one.column, one.text.as_str()) });
                    reading.row(u32::try_from(number).unwrap_or(u32::MAX), &cells.collect::<Vec<_>>());
                    row.iter().for_each(|cell| all.extend([cell.text.as_str(), "\n"]));
                }
                reading.end_table();
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use std::sync::LazyLock;

    use crate::inspect::extract::places::generators::pdf::Pdf;
    use crate::inspect::{Job, Kind, Limits, Rules, inspect};

    static RULES: LazyLock<Rules> = LazyLock::new(|| Rules::compile(&[]).unwrap());

    /// A page on which these rows stand, each cell 160 points from the last; the first at `left`.
    fn page(rows: &[Vec<String>], left: i32) -> Vec<u8> {
        let mut content = String::new();
        for (row, y) in rows.iter().zip((0..).map(|row| 700 - 14 * row)) {
            for (cell, x) in row.iter().zip((0..).map(|column| left + 160 * column)) {
                let codes: String = cell.encode_utf16().map(|code| format!("{code:04x}")).collect();
                content += &format!("BT /F1 7 Tf {x} {y} Td <{codes}> Tj ET\n");
            }
        }
        Pdf::with_page(&content).build()
    }

    #[test]
    fn a_table_on_its_side_that_runs_over_both_edges_is_a_person_a_column() {
        for count in [4, 12, 50] {
            let line = |label: &str, cell: &dyn Fn(usize) -> String| {
                std::iter::once(label.to_owned()).chain((0..count).map(cell)).collect::<Vec<_>>()
            };
            let names = ["山田太郎", "佐藤花子", "鈴木一郎", "高橋健一", "田中美咲"];
            let rows = [
                line("氏名", &|at| names[at % 5].to_owned()),
                line("電話番号", &|at| format!("090-1234-{:04}", 5_000 + at)),
                line("メール", &|at| format!("user{at}@example.com")),
                line("備考", &|_| "なし".to_owned()),
            ];
            for left in [20, -100, -80 * i32::try_from(count).unwrap()] {
                let job = Job::new(Kind::File("名簿.pdf".to_owned()));
                let found = inspect(&page(&rows, left), &job, &RULES, &Limits::default(), &mut ());
                assert_eq!(found.persons as usize, count, "{count} people from {left}");
                let seen =
                    (0..count).filter(|at| (-60..600).contains(&(left + 160 * (i32::try_from(*at).unwrap() + 1))));
                assert_eq!(found.visible_persons as usize, seen.count(), "{count} people from {left}");
            }
        }
    }
}
