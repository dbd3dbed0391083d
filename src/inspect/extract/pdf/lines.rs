//! Glyphs and where they stand → lines of text, as they are read.
//!
//! In: a page's glyphs in the order in which they were drawn. Out: for each direction of writing its lines from the top,
//! each in pieces that stand apart ([`Piece`]). Pages know no words and no spaces: what stands close together is a word,
//! whatever the order it was drawn in; vertical writing is a page on its side. Deliberately absent: what the pieces of
//! several lines have to do with each other ([`super::blocks`]).

use std::collections::BTreeMap;

use super::walk::Glyph;

/// From this gap on, in ems, two pieces stand apart.
const APART: f64 = 1.0;
/// As far as this a piece follows a space that was typed.
const APART_BY_SPACE: f64 = 1.9;
/// As far as this two letters may be spread by spaces that were typed: 氏　　名.
const LABEL: f64 = 3.2;
/// A gap between words.
const WORD: f64 = 0.2;
/// A gap between Japanese and European letters; a quarter of an em is good setting and no gap.
const MIXED_WORD: f64 = 0.4;
/// From this gap on a pen that was put down anew may have started a cell.
const CELL: f64 = 0.25;
/// So many single characters at the same distance are one number in the boxes of a form.
const BOXED: usize = 4;
/// Boxes of a form are at most so far from each other.
const BOX: f64 = 2.6;
/// So many lines, of those around one, have a cell that starts at the same place if it is a column.
const COLUMN: usize = 5;
/// How many lines before and behind are around one.
const AROUND: usize = 10;
/// How exactly cells of a column start at the same place; words of a text do so within their width.
const SAME: f64 = 0.06;

/// Text that stands together.
#[derive(Debug, Clone)]
pub(super) struct Piece {
    pub(super) text: String,
    /// From here to there along its line, in points.
    pub(super) from: f64,
    pub(super) to: f64,
    /// When it was drawn.
    pub(super) order: usize,
    /// Its letters' em.
    size: f64,
    level: f64,
    /// It starts where the pen was put down, and not where the last piece ended.
    jumped: bool,
    /// A space was typed before it.
    spaced: bool,
    /// No reader sees any of it.
    pub(super) hidden: bool,
}

impl Piece {
    fn is_space(&self) -> bool {
        self.text.is_empty()
    }

    fn is_single(&self) -> bool {
        self.text.chars().nth(1).is_none()
    }

    fn is_letter(&self) -> bool {
        self.is_single() && self.text.contains(is_wide)
    }

    fn is_bullet(&self) -> bool {
        self.is_single() && self.text.contains(['•', '●', '・', '■', '▪', '◆', '○', '–', '➢', '✓', '\u{f0b7}'])
    }
}

/// One line.
#[derive(Debug, Clone)]
pub(super) struct Line {
    /// How high it stands; the first has the greatest.
    pub(super) level: f64,
    pub(super) size: f64,
    /// From its start to its end.
    pub(super) pieces: Vec<Piece>,
}

/// The lines of a page, a list for each direction of writing, the most used first.
pub(super) fn lines<'g>(glyphs: impl Iterator<Item = &'g Glyph>) -> Vec<Vec<Line>> {
    let mut directions: BTreeMap<i32, Vec<Piece>> = BTreeMap::new();
    for (order, glyph) in glyphs.enumerate() {
        let key = angle(glyph);
        add(directions.entry(key).or_default(), glyph, order, key);
    }
    let mut directions: Vec<Vec<Piece>> = directions.into_values().collect();
    directions.sort_by_key(|pieces| std::cmp::Reverse(pieces.iter().map(|piece| piece.text.len()).sum::<usize>()));
    directions.into_iter().map(assemble).collect()
}

/// The direction in which a glyph is followed by the next, in degrees.
fn angle(glyph: &Glyph) -> i32 {
    let (x, y) = (glyph.end.0 - glyph.start.0, glyph.end.1 - glyph.start.1);
    if x.hypot(y) < 1e-9 {
        return if glyph.vertical { -90 } else { 0 };
    }
    // Whole degrees lie within ±180.
    (y.atan2(x).to_degrees().round() as i32 + 540) % 360 - 180
}

fn along((x, y): (f64, f64), degrees: i32) -> f64 {
    let (sin, cos) = f64::from(degrees).to_radians().sin_cos();
    x * cos + y * sin
}

fn across((x, y): (f64, f64), degrees: i32) -> f64 {
    let (sin, cos) = f64::from(degrees).to_radians().sin_cos();
    y * cos - x * sin
}

/// Adds a glyph to the piece it continues, or starts another. A space is a piece of its own: some programs draw all
/// spaces of a line first.
fn add(pieces: &mut Vec<Piece>, glyph: &Glyph, order: usize, degrees: i32) {
    let (from, to) = (along(glyph.start, degrees), along(glyph.end, degrees));
    let level = across(glyph.start, degrees);
    let is_space = glyph.text.trim().is_empty();
    if let Some(piece) = pieces.last_mut().filter(|piece| !is_space && !piece.is_space()) {
        let gap = (from - piece.to) / piece.size.max(0.01);
        let same_line = (level - piece.level).abs() < 0.25 * piece.size;
        let alike = glyph.size < 2.0 * piece.size && piece.size < 2.0 * glyph.size;
        if same_line && alike && gap > -0.6 && gap < WORD {
            piece.text.push_str(&glyph.text);
            piece.to = to.max(piece.to);
            piece.hidden &= glyph.hidden;
            return;
        }
    }
    let text = if is_space { String::new() } else { glyph.text.to_string() };
    let (jumped, hidden) = (glyph.jumped, glyph.hidden);
    pieces.push(Piece { text, from, to, order, size: glyph.size, level, jumped, spaced: false, hidden });
}

/// Kana, kanji and their signs.
pub(super) fn is_wide(c: char) -> bool {
    matches!(u32::from(c), 0x2e80..=0x9fff | 0xf900..=0xfaff | 0xff00..=0xffef | 0x20000..=0x3ffff)
}

/// Sorts pieces into lines, and joins those that stand together.
fn assemble(mut pieces: Vec<Piece>) -> Vec<Line> {
    pieces.sort_by(|a, b| b.level.total_cmp(&a.level).then(a.from.total_cmp(&b.from)));
    let mut lines: Vec<Line> = Vec::new();
    for piece in pieces {
        match lines.last_mut() {
            Some(line) if line.level - piece.level < 0.45 * line.size.min(piece.size) => {
                line.size = line.size.max(piece.size);
                line.pieces.push(piece);
            }
            _ => lines.push(Line { level: piece.level, size: piece.size, pieces: vec![piece] }),
        }
    }
    let mut lines: Vec<Line> = lines.into_iter().flat_map(layers).collect();
    let starts: Vec<Vec<f64>> = lines.iter().map(starts).collect();
    for (at, line) in lines.iter_mut().enumerate() {
        let around = starts.get(at.saturating_sub(AROUND)..(at + AROUND + 1).min(starts.len())).unwrap_or_default();
        let pieces = std::mem::take(&mut line.pieces);
        line.pieces = joined(unboxed(pieces), around);
    }
    lines
}

/// A line, and behind it what is written across it: a stamp, a text box that ran over.
fn layers(mut line: Line) -> Vec<Line> {
    line.pieces.sort_by(|a, b| a.from.total_cmp(&b.from).then(a.order.cmp(&b.order)));
    let (mut below, mut above): (Vec<Piece>, Vec<Piece>) = (Vec::new(), Vec::new());
    let mut spaced = false;
    for mut piece in line.pieces {
        if piece.is_space() {
            spaced = true;
            continue;
        }
        piece.spaced = std::mem::take(&mut spaced);
        match below.last() {
            // The same once more, a hair beside it, makes it bold.
            Some(last) if last.text == piece.text && piece.from - last.from < 0.3 * piece.size => {}
            Some(last) if piece.from < last.to - 0.6 * last.size.min(piece.size) => above.push(piece),
            _ => below.push(piece),
        }
    }
    let layer =
        |pieces: Vec<Piece>| (!pieces.is_empty()).then_some(Line { level: line.level, size: line.size, pieces });
    [layer(below), layer(above)].into_iter().flatten().collect()
}

/// Where a line's pieces start that may be cells.
fn starts(line: &Line) -> Vec<f64> {
    let mut end = f64::NEG_INFINITY;
    let mut starts = Vec::new();
    for piece in &line.pieces {
        if piece.from - end > CELL * piece.size {
            starts.push(piece.from);
        }
        end = piece.to;
    }
    starts
}

/// Joins single characters that stand at the same distance from each other.
fn unboxed(pieces: Vec<Piece>) -> Vec<Piece> {
    let mut unboxed: Vec<Piece> = Vec::new();
    let mut rest = pieces.as_slice();
    while let Some((first, after)) = rest.split_first() {
        let pitch = after.first().map_or(f64::INFINITY, |next| next.from - first.from);
        let keeps = |pair: &[Piece]| matches!(pair, [a, b] if a.is_single() && b.is_single() && (b.from - a.from - pitch).abs() < 0.12 * pitch);
        let boxes =
            if pitch < BOX * first.size { rest.windows(2).take_while(|pair| keeps(pair)).count() + 1 } else { 1 };
        let taken = if boxes >= BOXED { boxes } else { 1 };
        let (together, others) = rest.split_at(taken);
        let mut piece = first.clone();
        for next in together.iter().skip(1) {
            piece.text.push_str(&next.text);
            piece.to = next.to;
            piece.hidden &= next.hidden;
        }
        unboxed.push(piece);
        rest = others;
    }
    unboxed
}

fn joined(pieces: Vec<Piece>, around: &[Vec<f64>]) -> Vec<Piece> {
    let mut joined: Vec<Piece> = Vec::new();
    // Whether what was joined last is more than one character.
    let mut is_word = false;
    for next in pieces {
        let Some(piece) = joined.last_mut() else {
            is_word = !next.is_single();
            joined.push(next);
            continue;
        };
        let size = piece.size.max(next.size).max(0.01);
        let gap = (next.from - piece.to) / size;
        // A label of two letters, spread to the width of the others.
        let label = next.spaced && piece.is_letter() && next.is_letter() && gap < LABEL;
        let apart = gap >= if next.spaced { APART_BY_SPACE } else { APART } && !label;
        let word = !next.is_single();
        // A bullet belongs to what it stands before.
        let cell = next.jumped && gap > CELL && is_column(next.from, size, around);
        if (apart || cell) && !piece.is_bullet() {
            joined.push(next);
        } else {
            let wide =
                (piece.text.chars().next_back().is_some_and(is_wide), next.text.chars().next().is_some_and(is_wide));
            let space = match wide {
                // Letters that are spread over a space are no words.
                (true, true) => gap > WORD && (is_word || word),
                (false, false) => gap > WORD,
                _ => gap > MIXED_WORD,
            };
            if (space || next.spaced) && !label {
                piece.text.push(' ');
            }
            piece.text.push_str(&next.text);
            piece.to = piece.to.max(next.to);
            piece.size = size;
            piece.hidden &= next.hidden;
        }
        is_word = word;
    }
    joined
}

/// Whether cells start here in several lines.
fn is_column(from: f64, size: f64, around: &[Vec<f64>]) -> bool {
    let here = |starts: &&Vec<f64>| {
        let at = starts.partition_point(|&start| start < from - SAME * size);
        starts.get(at).is_some_and(|&start| start < from + SAME * size)
    };
    around.iter().filter(here).count() >= COLUMN
}

#[cfg(test)]
pub(super) mod tests {
    use super::*;

    /// A glyph of ten points at a place.
    pub(in crate::inspect::extract::pdf) fn glyph(text: &str, x: f64, y: f64, width: f64, jumped: bool) -> Glyph {
        Glyph::upright(text, (x, y), width, 10.0, jumped)
    }

    /// Letters of a string, half an em each, an em if they are Japanese.
    pub(in crate::inspect::extract::pdf) fn written(text: &str, x: f64, y: f64) -> Vec<Glyph> {
        let mut at = x;
        let mut glyphs = Vec::new();
        for (index, c) in text.chars().enumerate() {
            let width = if is_wide(c) { 10.0 } else { 5.0 };
            glyphs.push(glyph(&c.to_string(), at, y, width, index == 0));
            at += width;
        }
        glyphs
    }

    fn read(glyphs: &[Glyph]) -> Vec<String> {
        let texts = |line: &Line| line.pieces.iter().map(|piece| piece.text.as_str()).collect::<Vec<_>>().join("|");
        lines(glyphs.iter()).iter().flatten().map(texts).collect()
    }

    #[test]
    fn kerning_parts_nothing_and_gaps_part_words() {
        let glyphs = [
            glyph("0", 0.0, 0.0, 5.0, true),
            glyph("9", 5.3, 0.0, 5.0, false),
            glyph("0", 9.8, 0.0, 5.0, true),
            glyph("a", 18.0, 0.0, 5.0, false),
            glyph("z", 40.0, 0.0, 5.0, false),
        ];
        assert_eq!(read(&glyphs), ["090 a|z"]);
    }

    #[test]
    fn the_order_of_drawing_does_not_matter() {
        let glyphs: Vec<Glyph> =
            [written("2345", 40.0, 0.0), written("second", 0.0, -12.0), written("電話01", 10.0, 0.2)].concat_glyphs();
        assert_eq!(read(&glyphs), ["電話012345", "second"]);
    }

    #[test]
    fn bold_by_drawing_twice_is_read_once() {
        let glyphs: Vec<Glyph> = [written("山田", 0.0, 0.0), written("山田", 0.4, 0.0)].concat_glyphs();
        assert_eq!(read(&glyphs), ["山田"]);
    }

    #[test]
    fn a_number_in_boxes_is_one_number() {
        let glyphs: Vec<Glyph> = "591510225528"
            .chars()
            .zip(0..)
            .map(|(c, at)| glyph(&c.to_string(), f64::from(at) * 18.0, 0.0, 5.0, true))
            .collect();
        assert_eq!(read(&glyphs), ["591510225528"]);
    }

    #[test]
    fn spaces_may_be_drawn_before_the_words() {
        let words = [written("福田", 0.0, 0.0), written("太郎", 23.0, 0.0), written("090", 46.0, 0.0)];
        let glyphs: Vec<Glyph> =
            [vec![glyph(" ", 20.0, 0.0, 3.0, true), glyph(" ", 43.0, 0.0, 3.0, false)], words.concat_glyphs()]
                .concat_glyphs();
        assert_eq!(read(&glyphs), ["福田 太郎 090"]);
        assert_eq!(
            read(&[written("細竹", 0.0, 0.0), written("22", 22.5, 0.0), written("丁目", 35.0, 0.0)].concat_glyphs()),
            ["細竹22丁目"]
        );
    }

    #[test]
    fn what_is_written_across_a_line_is_a_line() {
        let glyphs = [written("677179516179", 0.0, 0.0), written("59763", 42.0, 1.0)].concat_glyphs();
        assert_eq!(read(&glyphs), ["677179516179", "59763"]);
    }

    #[test]
    fn spread_letters_are_one_word_and_typed_spaces_stay() {
        let spread = [glyph("氏", 0.0, 0.0, 10.0, true), glyph("名", 14.0, 0.0, 10.0, true)];
        assert_eq!(read(&spread), ["氏名"]);
        assert_eq!(read(&written("氏　　名", 0.0, 0.0)), ["氏名"]);
        assert_eq!(read(&written("山田 花子", 0.0, 0.0)), ["山田 花子"]);
        assert_eq!(read(&written("山田   花子", 0.0, 0.0)), ["山田 花子"]);
        assert_eq!(read(&written("山田    花子", 0.0, 0.0)), ["山田|花子"]);
    }

    pub(in crate::inspect::extract::pdf) trait ConcatGlyphs {
        fn concat_glyphs(self) -> Vec<Glyph>;
    }

    impl<const N: usize> ConcatGlyphs for [Vec<Glyph>; N] {
        fn concat_glyphs(self) -> Vec<Glyph> {
            self.into_iter().flatten().collect()
        }
    }
}
