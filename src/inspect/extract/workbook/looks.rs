//! Whether the text of a cell can be seen, as far as its font and its fill decide that.
//!
//! In: fonts and fills of a workbook, in whichever form it writes them. Out: whether letters are in the colour of the
//! cell, or no larger than a dot; the same of single runs of a text ([`Runs`]) and of what a condition changes
//! ([`Difference`]). A colour that is not known here can be seen on any other. Deliberately absent: what tables and
//! pictures paint.

use std::ops::Range;

use crate::inspect::extract::compound::{u16_at, u32_at};
use crate::inspect::extract::workbook::number::Format;
use crate::inspect::extract::xml::{self, Attributes, Event};

/// Letters of a point are no larger than this, in twentieths of a point.
const TINY: u16 = 20;

/// Colours that differ less in each of their parts nobody tells apart.
const NEAR: u8 = 16;

/// How many fonts and fills a workbook may have; Excel knows some hundreds of the one and 64,000 of the other.
const KNOWN: usize = 100_000;

const WHITE: Paint = Paint::Rgb([255; 3]);
const BLACK: Paint = Paint::Rgb([0; 3]);

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Paint {
    Rgb([u8; 3]),
    Other,
}

impl Paint {
    fn is_like(self, other: Self) -> bool {
        match (self, other) {
            (Self::Rgb(one), Self::Rgb(other)) => one.iter().zip(other).all(|(&a, b)| a.abs_diff(b) < NEAR),
            _ => false,
        }
    }

    /// A colour by its number in the palette that every workbook begins with, as far as it matters.
    fn indexed(number: u32) -> Self {
        match number {
            0 | 8 | 64 => BLACK,
            1 | 9 | 65 => WHITE,
            _ => Self::Other,
        }
    }

    /// A colour of the theme, which begins with that of paper and that of letters.
    fn themed(number: u32) -> Self {
        match number {
            0 => WHITE,
            1 => BLACK,
            _ => Self::Other,
        }
    }

    fn of(attributes: Attributes<'_>) -> Self {
        let value = |name: &str| attributes.value(name);
        let number = |name: &str| value(name).and_then(|value| value.parse::<u32>().ok());
        if value("tint").and_then(|tint| tint.parse::<f64>().ok()).is_some_and(|tint| tint.abs() > 0.01) {
            return Self::Other;
        }
        if let Some(digits) = value("rgb") {
            let number = u32::from_str_radix(&digits, 16).ok();
            return number.map_or(Self::Other, |number| {
                let [_, red, green, blue] = number.to_be_bytes();
                Self::Rgb([red, green, blue])
            });
        }
        let indexed = || number("indexed").map(Self::indexed);
        number("theme").map(Self::themed).or_else(indexed).unwrap_or(Self::Other)
    }

    /// As a binary part writes it.
    fn of_record(data: &[u8]) -> Self {
        let Some(&[kind, index, tint @ .., red, green, blue, _]) = data.first_chunk::<8>() else { return Self::Other };
        match kind >> 1 {
            _ if tint != [0, 0] => Self::Other,
            1 => Self::indexed(index.into()),
            2 => Self::Rgb([red, green, blue]),
            3 => Self::themed(index.into()),
            _ => Self::Other,
        }
    }
}

#[derive(Debug, Clone, Copy)]
struct Font {
    paint: Paint,
    is_tiny: bool,
}

/// The fonts and fills of a workbook, in their order.
#[derive(Debug, Default)]
pub(super) struct Palette {
    fonts: Vec<Font>,
    fills: Vec<Paint>,
    /// A workbook of old may have colours of its own.
    is_custom: bool,
}

impl Palette {
    /// Whether text in this font on this fill is not seen.
    pub(super) fn hides(&self, font: usize, fill: usize) -> bool {
        self.hides_on(font, self.fills.get(fill).copied().unwrap_or(WHITE))
    }

    /// Whether a fill is another colour than paper, on which white letters can be seen.
    pub(super) fn is_painted(&self, fill: usize) -> bool {
        self.fills.get(fill).is_some_and(|fill| !fill.is_like(WHITE))
    }

    fn hides_on(&self, font: usize, fill: Paint) -> bool {
        self.fonts.get(font).is_some_and(|font| font.is_tiny || font.paint.is_like(fill))
    }

    /// Of the styles of a workbook in XML.
    pub(super) fn of(document: &str) -> Self {
        let mut palette = Self::default();
        let mut of = "";
        for event in xml::Reader::new(document) {
            match event {
                Event::Start { name: name @ ("fonts" | "fills"), .. } => of = name,
                Event::End { name: "fonts" | "fills" } => of = "",
                // What follows says which cells have them.
                Event::Start { name: "cellStyleXfs" | "cellXfs", .. } => break,
                Event::Start { name, attributes } => match of {
                    "fonts" => palette.font(name, attributes),
                    "fills" => palette.fill(name, attributes),
                    _ => {}
                },
                _ => {}
            }
        }
        palette
    }

    fn font(&mut self, name: &str, attributes: Attributes<'_>) {
        if name == "font" && self.fonts.len() < KNOWN {
            self.fonts.push(Font { paint: Paint::Other, is_tiny: false });
        }
        let Some(font) = self.fonts.last_mut() else { return };
        match name {
            "color" => font.paint = Paint::of(attributes),
            "sz" => font.is_tiny = is_tiny(attributes),
            _ => {}
        }
    }

    fn fill(&mut self, name: &str, attributes: Attributes<'_>) {
        if name == "fill" && self.fills.len() < KNOWN {
            self.fills.push(WHITE);
        }
        let Some(fill) = self.fills.last_mut() else { return };
        match name {
            "patternFill" if attributes.value("patternType").is_none_or(|kind| &*kind == "none") => {}
            "patternFill" | "gradientFill" => *fill = Paint::Other,
            "fgColor" => *fill = Paint::of(attributes),
            _ => {}
        }
    }

    /// A font of a binary part.
    pub(super) fn font_record(&mut self, data: &[u8]) {
        let size = u16_at(data, 0).unwrap_or(u16::MAX);
        let paint = data.get(12..).map_or(Paint::Other, Paint::of_record);
        self.push_font(Font { paint, is_tiny: size <= TINY });
    }

    /// A fill of a binary part.
    pub(super) fn fill_record(&mut self, data: &[u8]) {
        let paint = match u32_at(data, 0) {
            Some(0) => WHITE,
            Some(1) => data.get(4..).map_or(Paint::Other, Paint::of_record),
            _ => Paint::Other,
        };
        if self.fills.len() < KNOWN {
            self.fills.push(paint);
        }
    }

    /// A font of a workbook before 2007.
    pub(super) fn old_font(&mut self, data: &[u8]) {
        let size = u16_at(data, 0).unwrap_or(u16::MAX);
        let paint = u16_at(data, 4).map_or(Paint::Other, |colour| Paint::indexed(colour.into()));
        self.push_font(Font { paint, is_tiny: size <= TINY });
    }

    /// The workbook brings its own colours.
    pub(super) fn replace_colours(&mut self) {
        self.is_custom = true;
    }

    /// Whether a cell's format of Excel 97 to 2003 hides what has it.
    pub(super) fn hides_old(&self, format: &[u8]) -> bool {
        let (Some(font), Some(pattern), Some(colours)) = (u16_at(format, 0), u32_at(format, 14), u16_at(format, 18))
        else {
            return false;
        };
        let fill = match pattern >> 26 {
            0 => WHITE,
            1 => Paint::indexed((colours & 0x7f).into()),
            _ => Paint::Other,
        };
        // There is no font of number 4.
        let font = usize::from(if font > 4 { font - 1 } else { font });
        !self.is_custom && self.hides_on(font, fill)
    }

    fn push_font(&mut self, font: Font) {
        if self.fonts.len() < KNOWN {
            self.fonts.push(font);
        }
    }
}

/// Whether a size is that of a dot.
fn is_tiny(attributes: Attributes<'_>) -> bool {
    let size = attributes.value("val").and_then(|size| size.parse::<f64>().ok());
    size.is_some_and(|size| size * 20.0 <= f64::from(TINY))
}

/// The runs of one text, each with looks of its own, while its XML goes by.
#[derive(Debug, Default)]
pub(super) struct Runs {
    /// Where the open run began, and whether its letters are white or dots.
    open: Option<(usize, bool)>,
}

impl Runs {
    /// Takes note of an event, before which the text has `length` bytes; the run that ended with it, if that is not seen on
    /// paper.
    pub(super) fn event(&mut self, event: &Event<'_>, length: usize) -> Option<Range<usize>> {
        match (event, &mut self.open) {
            (Event::Start { name: "r", .. }, open) => *open = Some((length, false)),
            (Event::Start { name: "color", attributes }, Some((_, unseen))) => {
                *unseen |= Paint::of(*attributes).is_like(WHITE);
            }
            (Event::Start { name: "sz", attributes }, Some((_, unseen))) => *unseen |= is_tiny(*attributes),
            (Event::End { name: "r" }, open) => {
                let (start, unseen) = open.take()?;
                return Some(start..length).filter(|run| unseen && !run.is_empty());
            }
            _ => {}
        }
        None
    }
}

/// What of a text is seen, and what is not; `unseen` are stretches of it in their order.
pub(super) fn parted(text: &str, unseen: &[Range<usize>]) -> (String, String) {
    let (mut seen, mut hidden, mut at) = (String::new(), String::new(), 0);
    for range in unseen {
        seen.push_str(text.get(at..range.start).unwrap_or_default());
        hidden.push_str(text.get(range.clone()).unwrap_or_default());
        at = range.end;
    }
    seen.push_str(text.get(at..).unwrap_or_default());
    (seen, hidden)
}

/// What a condition that applies makes of a cell.
#[derive(Debug, Clone, Default, PartialEq)]
pub(super) struct Difference {
    /// Its number format.
    pub(super) format: Format,
    /// White letters, or dots.
    pub(super) unseen: bool,
    /// A fill on which white letters can be seen.
    pub(super) painted: bool,
}

impl Difference {
    /// Whether it can hide anything.
    pub(super) fn hides(&self) -> bool {
        self.format.hides_numbers() || self.format.hides_texts() || (self.unseen && !self.painted)
    }

    /// Those of the styles of a workbook in XML.
    pub(super) fn all(document: &str) -> Vec<Self> {
        let mut all: Vec<Self> = Vec::new();
        let mut within = false;
        let mut of = "";
        for event in xml::Reader::new(document) {
            match event {
                Event::Start { name: "dxfs", .. } => within = true,
                Event::End { name: "dxfs" } => break,
                Event::Start { name: "dxf", .. } if within && all.len() < KNOWN => all.push(Self::default()),
                Event::Start { name: name @ ("font" | "fill" | "border"), .. } => of = name,
                Event::Start { name, attributes } if within => {
                    let Some(open) = all.last_mut() else { continue };
                    match (of, name) {
                        (_, "numFmt") => {
                            open.format =
                                attributes.value("formatCode").map_or_else(Format::default, |code| Format::of(&code));
                        }
                        ("font", "color") => open.unseen |= Paint::of(attributes).is_like(WHITE),
                        ("font", "sz") => open.unseen |= is_tiny(attributes),
                        // Of a fill that is only one colour, a condition says it as the one behind the pattern.
                        ("fill", "bgColor" | "fgColor") => open.painted |= !Paint::of(attributes).is_like(WHITE),
                        ("fill", "gradientFill") => open.painted = true,
                        _ => {}
                    }
                }
                _ => {}
            }
        }
        all
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn letters_are_lost_in_the_colour_of_their_cell() {
        let palette = Palette::of(
            "<styleSheet><fonts><font><sz val='11'/><color theme='1'/></font><font><color rgb='FFFFFFFF'/></font>\
             <font><color theme='0'/></font><font><color theme='0' tint='-0.5'/></font><font><sz val='1'/></font>\
             <font><color indexed='9'/></font><font><color rgb='FF203040'/></font></fonts><fills><fill><patternFill \
             patternType='none'/></fill><fill><patternFill patternType='gray125'/></fill><fill><patternFill \
             patternType='solid'><fgColor rgb='FF203344'/><bgColor indexed='64'/></patternFill></fill></fills>\
             <cellXfs><xf/></cellXfs><dxfs><dxf><font><color rgb='FFFFFFFF'/></font></dxf></dxfs></styleSheet>",
        );
        let on = |fill: usize| (0..8).map(|font| palette.hides(font, fill)).collect::<Vec<_>>();
        assert_eq!(on(0), [false, true, true, false, true, true, false, false]);
        assert_eq!(on(1), [false, false, false, false, true, false, false, false]);
        assert_eq!(on(2), [false, false, false, false, true, false, true, false]);
    }

    #[test]
    fn workbooks_of_records_say_the_same() {
        let mut palette = Palette::default();
        let font = |size: u8, colour: [u8; 8]| [&[size, 0, 0, 0, 0x90, 1, 0, 0, 0, 0, 0, 0][..], &colour].concat();
        palette.font_record(&font(220, [5, 255, 0, 0, 255, 255, 255, 255]));
        palette.font_record(&font(20, [6, 1, 0, 0, 0, 0, 0, 255]));
        palette.font_record(&font(220, [6, 0, 0, 128, 0, 0, 0, 255]));
        palette.fill_record(&[0; 20]);
        assert_eq!([0, 1, 2, 3].map(|font| palette.hides(font, 0)), [true, true, false, false]);

        let mut palette = Palette::default();
        for colour in [0x7fff, 9, 0x7fff, 0x7fff, 9u16] {
            palette.old_font(&[&[220, 0, 0, 0][..], &colour.to_le_bytes()].concat());
        }
        let format = |font: u16, pattern: u32, colours: u16| {
            [&font.to_le_bytes()[..], &[0; 12], &(pattern << 26).to_le_bytes(), &colours.to_le_bytes()].concat()
        };
        assert!(palette.hides_old(&format(1, 0, 0)) && palette.hides_old(&format(5, 1, 9)));
        assert!(!palette.hides_old(&format(1, 1, 10)) && !palette.hides_old(&format(0, 0, 0)));
        palette.replace_colours();
        assert!(!palette.hides_old(&format(1, 0, 0)));
    }
}
