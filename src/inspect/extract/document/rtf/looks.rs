//! Whether text of an RTF document can be seen, as far as its looks decide that.
//!
//! In: control words. Out: whether text is hidden by `\v` or by its style, written in white on nothing, or no larger than a
//! dot. Writers repeat at each use what a style says; a style that hides counts whether they did or not. Deliberately
//! absent: any colour but white; what a shape or a table's style paints.

use std::collections::HashMap;

/// Letters of a point are no larger than this, in half points.
const TINY: i32 = 2;

/// What is at least so light in all its parts is white.
const WHITE: i32 = 240;

/// How many styles and colours are remembered.
const KNOWN: usize = 4_096;

/// How many styles one may be based on.
const DEPTH: usize = 16;

/// How text looks.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Look {
    hidden: Option<bool>,
    /// The styles of the text and of its paragraph.
    style: Option<i32>,
    paragraph: Option<i32>,
    colour: usize,
    size: Option<i32>,
    /// Something is painted behind the text, or behind its paragraph.
    is_backed: bool,
    is_shaded: bool,
    is_on_shape: bool,
}

impl Look {
    pub(super) fn hides(&mut self, on: bool) {
        self.hidden = Some(on);
    }

    /// `\plain`: nothing is said of the text.
    pub(super) fn plain(&mut self) {
        let Self { paragraph, is_shaded, is_on_shape, .. } = *self;
        *self = Self { paragraph, is_shaded, is_on_shape, ..Self::default() };
    }

    /// `\pard`: nothing is said of the paragraph.
    pub(super) fn pard(&mut self) {
        (self.paragraph, self.is_shaded) = (None, false);
    }

    pub(super) fn on_shape(&mut self, is_on_shape: bool) {
        self.is_on_shape |= is_on_shape;
    }
}

/// What a style says.
#[derive(Debug, Clone, Copy, Default)]
struct Style {
    hides: Option<bool>,
    based_on: Option<i32>,
}

/// Which table is open.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
enum Open {
    Styles,
    Colours,
    #[default]
    Neither,
}

/// The styles and the colours of a document. Styles of text and of paragraphs share their numbers.
#[derive(Debug, Default)]
pub(super) struct Sheet {
    styles: HashMap<i32, Style>,
    /// Whether each colour is white.
    whites: Vec<bool>,
    open: Open,
    /// The style and the colour that are being described.
    described: i32,
    colour: [Option<i32>; 3],
    is_row_shaded: bool,
}

impl Sheet {
    /// The table of styles or of colours begins.
    pub(super) fn open(&mut self, word: &[u8]) {
        self.described = 0;
        self.open = if word == b"stylesheet" { Open::Styles } else { Open::Colours };
    }

    /// It ends, or another group of the page does.
    pub(super) fn close(&mut self) {
        self.open = Open::Neither;
    }

    pub(super) fn begin_row(&mut self) {
        self.is_row_shaded = false;
    }

    /// Text of a table: each colour ends with a semicolon, each style as well.
    pub(super) fn text(&mut self, text: &str) {
        let ends = text.matches(';').count();
        match self.open {
            Open::Colours => {
                for _ in 0..ends.min(KNOWN.saturating_sub(self.whites.len())) {
                    let colour = std::mem::take(&mut self.colour);
                    self.whites.push(colour.iter().all(|part| part.is_some_and(|part| part >= WHITE)));
                }
            }
            Open::Styles if ends > 0 => self.described = 0,
            _ => {}
        }
    }

    /// Control words about looks. False for all others.
    pub(super) fn control(&mut self, look: &mut Look, word: &[u8], number: Option<i32>) -> bool {
        match self.open {
            Open::Styles => return self.describe(word, number),
            Open::Colours => {
                let part = match word {
                    b"red" => 0,
                    b"green" => 1,
                    b"blue" => 2,
                    _ => return false,
                };
                if let Some(part) = self.colour.get_mut(part) {
                    *part = number;
                }
                return true;
            }
            Open::Neither => {}
        }
        let is_colour = number.is_some_and(|number| number > 0);
        match word {
            b"v" => look.hides(number != Some(0)),
            b"cs" => look.style = number,
            b"s" => look.paragraph = number,
            b"cf" => look.colour = number.and_then(|number| usize::try_from(number).ok()).unwrap_or(0),
            b"fs" => look.size = number,
            b"highlight" | b"cb" | b"chcbpat" => look.is_backed = is_colour,
            b"cbpat" => look.is_shaded = is_colour,
            b"clcbpat" | b"clcbpatraw" | b"trcbpat" => self.is_row_shaded |= is_colour,
            _ => return false,
        }
        true
    }

    fn describe(&mut self, word: &[u8], number: Option<i32>) -> bool {
        match word {
            b"s" | b"cs" | b"ds" | b"ts" => self.described = number.unwrap_or(0),
            b"v" | b"sbasedon" if self.styles.len() < KNOWN => {
                let style = self.styles.entry(self.described).or_default();
                if word == b"v" {
                    style.hides = Some(number != Some(0));
                } else {
                    style.based_on = number;
                }
            }
            _ => return false,
        }
        true
    }

    fn hides(&self, style: Option<i32>) -> bool {
        let mut at = style;
        for _ in 0..DEPTH {
            match at.and_then(|at| self.styles.get(&at)) {
                Some(Style { hides: Some(hides), .. }) => return *hides,
                Some(style) => at = style.based_on,
                None => break,
            }
        }
        false
    }

    pub(super) fn is_unseen(&self, look: Look, in_table: bool) -> bool {
        let is_hidden = look.hidden.unwrap_or_else(|| {
            // Most documents have no style that hides.
            !self.styles.is_empty() && (self.hides(look.style) || self.hides(look.paragraph))
        });
        let is_white = self.whites.get(look.colour).is_some_and(|white| *white);
        let is_backed = look.is_backed || look.is_shaded || look.is_on_shape || (in_table && self.is_row_shaded);
        is_hidden || look.size.is_some_and(|size| size <= TINY) || (is_white && !is_backed)
    }
}
