//! What letters look like, as far as it decides whether they are seen: by themselves, and by the styles of a text document.
//!
//! In: properties of WordprocessingML; the part with the styles. Out: colours, sizes, shades, and whether text vanishes,
//! with what a style takes over from the one it is based on. Deliberately absent: where text stands (`looks`), and which
//! cells a table's style paints, which depends on conditions.

use std::collections::HashMap;

use crate::inspect::extract::xml::{self, Attributes, Event};

/// Colours that differ less in each of their parts nobody tells apart.
const NEAR: u8 = 16;

/// How many styles one may be based on.
const STYLE_DEPTH: usize = 16;

pub(crate) const WHITE: Ink = Ink::Rgb([255; 3]);

/// What something is painted with.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Ink {
    Rgb([u8; 3]),
    /// Nothing at all.
    Clear,
    /// A picture, a pattern, a colour that is not known.
    Other,
}

impl Ink {
    /// A colour in hexadecimal digits, or another one.
    pub(crate) fn of(digits: &str) -> Self {
        let digits = digits.trim_start_matches('#');
        let digits = digits.get(..6).unwrap_or(digits);
        match u32::from_str_radix(digits, 16) {
            Ok(number) if digits.len() == 6 => {
                let [_, red, green, blue] = number.to_be_bytes();
                Self::Rgb([red, green, blue])
            }
            _ => Self::Other,
        }
    }

    /// Whether letters in this colour cannot be told from what they stand on.
    pub(crate) fn is_lost_on(self, ground: Self) -> bool {
        match (self, ground) {
            (Self::Clear, _) => true,
            (Self::Rgb(letters), Self::Rgb(ground)) => {
                letters.iter().zip(ground).all(|(&letter, ground)| letter.abs_diff(ground) < NEAR)
            }
            _ => false,
        }
    }
}

/// What is said of how text looks, by itself or by a style.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(super) struct Look {
    pub(super) vanishes: Option<bool>,
    pub(super) ink: Option<Ink>,
    /// In half points.
    pub(super) size: Option<u32>,
    pub(super) ground: Option<Ink>,
}

impl Look {
    /// This, and where it says nothing what `below` says.
    pub(super) fn over(self, below: Self) -> Self {
        Self {
            vanishes: self.vanishes.or(below.vanishes),
            ink: self.ink.or(below.ink),
            size: self.size.or(below.size),
            ground: self.ground.or(below.ground),
        }
    }

    /// Takes a property of WordprocessingML.
    pub(super) fn take(&mut self, name: &str, attributes: Attributes<'_>) {
        let value = |name: &str| attributes.value(name);
        match name {
            "vanish" => self.vanishes = Some(is_on(attributes)),
            "sz" => self.size = value("val").and_then(|size| size.parse().ok()).or(self.size),
            "color" => {
                let light = || value("themeColor").filter(|name| matches!(&**name, "background1" | "light1"));
                self.ink = match value("val").map(|digits| Ink::of(&digits)) {
                    Some(ink @ Ink::Rgb(_)) => Some(ink),
                    _ if light().is_some() => Some(WHITE),
                    _ => Some(Ink::Other),
                };
            }
            "shd" => self.ground = shade(attributes).or(self.ground),
            "highlight" => {
                self.ground = match value("val").as_deref() {
                    None | Some("none") => self.ground,
                    Some("white") => Some(WHITE),
                    Some("black") => Some(Ink::Rgb([0; 3])),
                    Some(_) => Some(Ink::Other),
                };
            }
            _ => {}
        }
    }
}

/// What a shade paints, if it paints.
pub(super) fn shade(attributes: Attributes<'_>) -> Option<Ink> {
    let colour = |name: &str| attributes.value(name).filter(|value| &**value != "auto").map(|digits| Ink::of(&digits));
    match attributes.value("val").as_deref() {
        None | Some("clear" | "nil") => colour("fill"),
        Some("solid") => colour("color").or(Some(Ink::Other)),
        Some(_) => Some(Ink::Other),
    }
}

/// The styles of a text document.
#[derive(Debug, Default)]
pub(crate) struct Styles {
    looks: HashMap<String, Look>,
    /// What paragraphs without a style have.
    pub(super) plain: Look,
}

/// A style as it is written.
#[derive(Default)]
struct Style {
    look: Look,
    based_on: String,
    is_table: bool,
    is_default: bool,
}

impl Styles {
    /// Of the part with the styles.
    pub(crate) fn of(document: &str) -> Self {
        let mut written: HashMap<String, Style> = HashMap::new();
        let mut defaults = Look::default();
        let (mut id, mut open, mut asides) = (String::new(), Style::default(), 0u32);
        for event in xml::Reader::new(document) {
            match event {
                Event::Start { name, .. } if is_change(name) => asides += 1,
                Event::End { name } if is_change(name) => asides = asides.saturating_sub(1),
                _ if asides > 0 => {}
                Event::Start { name: "style", attributes } => {
                    let value = |name: &str| attributes.value(name);
                    id = value("styleId").unwrap_or_default().into_owned();
                    let kind = value("type");
                    let is_default = value("default").is_some_and(|value| !is_off(&value));
                    open = Style {
                        is_table: kind.as_deref() == Some("table"),
                        is_default: is_default && kind.as_deref() == Some("paragraph"),
                        ..Style::default()
                    };
                }
                Event::Start { name: "basedOn", attributes } => {
                    open.based_on = attributes.value("val").unwrap_or_default().into_owned();
                }
                // Which cells a table's style paints, and where it writes in white, depends on conditions.
                Event::Start { name: "shd", attributes } if open.is_table => {
                    open.look.ground = shade(attributes).map(|_| Ink::Other).or(open.look.ground);
                }
                Event::Start { name, attributes } if !open.is_table => open.look.take(name, attributes),
                Event::End { name: "docDefaults" } => defaults = std::mem::take(&mut open).look,
                Event::End { name: "style" } => {
                    written.insert(std::mem::take(&mut id), std::mem::take(&mut open));
                }
                _ => {}
            }
        }
        let whole = |id: &str| {
            let (mut look, mut id) = (Look::default(), id);
            for _ in 0..STYLE_DEPTH {
                let Some(style) = written.get(id) else { break };
                look = look.over(style.look);
                id = &style.based_on;
            }
            look
        };
        let plain = written.iter().find(|(_, style)| style.is_default).map(|(id, _)| whole(id)).unwrap_or_default();
        let looks = written.keys().map(|id| (id.clone(), whole(id))).filter(|(_, look)| *look != Look::default());
        Self { looks: looks.collect(), plain: plain.over(defaults) }
    }

    /// How a style that is named in `val` looks.
    pub(super) fn look(&self, attributes: Attributes<'_>) -> Look {
        let id = attributes.value("val");
        id.and_then(|id| self.looks.get(id.as_ref()).copied()).unwrap_or_default()
    }
}

/// How something looked before it was changed.
pub(super) fn is_change(name: &str) -> bool {
    name.ends_with("Change")
        && matches!(name, "rPrChange" | "pPrChange" | "tcPrChange" | "tblPrChange" | "trPrChange" | "tblPrExChange")
}

/// A property that stands there is on unless it says otherwise.
pub(super) fn is_on(attributes: Attributes<'_>) -> bool {
    !attributes.value("val").is_some_and(|value| is_off(&value))
}

pub(super) fn is_off(value: &str) -> bool {
    matches!(value, "0" | "false" | "off")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn look_of(styles: &Styles, id: &str) -> Look {
        styles.looks.get(id).copied().unwrap_or_default()
    }

    #[test]
    fn a_style_looks_like_the_one_it_is_based_on() {
        let styles = Styles::of(
            "<w:docDefaults><w:rPrDefault><w:rPr><w:sz w:val='21'/></w:rPr></w:rPrDefault></w:docDefaults>\
             <w:style w:styleId='a' w:type='paragraph' w:default='1'><w:rPr><w:vanish/></w:rPr></w:style>\
             <w:style w:styleId='b'><w:basedOn w:val='a'/><w:rPr><w:color w:val='FFFFFF'/></w:rPr></w:style>\
             <w:style w:styleId='c'><w:basedOn w:val='a'/><w:rPr><w:vanish w:val='0'/></w:rPr></w:style>\
             <w:style w:styleId='d'><w:basedOn w:val='d'/></w:style><w:style w:styleId='t' w:type='table'><w:tblStylePr>\
             <w:rPr><w:color w:val='FFFFFF'/></w:rPr><w:tcPr><w:shd w:val='clear' w:fill='1F3864'/></w:tcPr></w:tblStylePr></w:style>",
        );
        assert_eq!(styles.plain, Look { vanishes: Some(true), size: Some(21), ..Look::default() });
        assert_eq!(look_of(&styles, "b"), Look { vanishes: Some(true), ink: Some(WHITE), ..Look::default() });
        assert_eq!(look_of(&styles, "c").vanishes, Some(false));
        assert_eq!(look_of(&styles, "d"), Look::default());
        assert_eq!(look_of(&styles, "t"), Look { ground: Some(Ink::Other), ..Look::default() });
    }

    #[test]
    fn colours_are_lost_on_their_like() {
        assert!(Ink::of("FFFFFF").is_lost_on(WHITE) && Ink::of("#f8f8ff").is_lost_on(WHITE));
        assert!(!Ink::of("FFFF00").is_lost_on(WHITE) && !Ink::of("auto").is_lost_on(WHITE));
        assert!(Ink::Clear.is_lost_on(Ink::Other) && !WHITE.is_lost_on(Ink::Other));
    }
}
