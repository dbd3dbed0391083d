//! Whether text of an OOXML part can be seen, as far as its looks decide that: hidden by a property or a style, written in
//! the colour that it stands on, or no larger than a dot.
//!
//! In: the elements of a part as they come, the styles of the document, and what stands on a slide ([`Stage`]). Out:
//! whether text that comes now is seen. What it stands on is known for pages, shaded paragraphs, cells and runs, filled
//! shapes, and slides; where it is not known (a table with a style that paints, a text box without a fill, pictures behind
//! the text), text counts as seen. Deliberately absent: what stands in front of text; sizes and colours that conditional
//! formats give.

use std::collections::HashMap;

use crate::inspect::extract::document::ooxml::stage::{Scheme, Stage};
use crate::inspect::extract::xml::{self, Attributes, Event};

/// Letters of a point are no larger than this, in half points.
const TINY: u32 = 2;

/// Colours that differ less in each of their parts nobody tells apart.
const NEAR: u8 = 16;

/// How many styles one may be based on.
const STYLE_DEPTH: usize = 16;

/// Text boxes in text boxes that are told apart.
pub(super) const BOXES: usize = 128;

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
struct Look {
    vanishes: Option<bool>,
    ink: Option<Ink>,
    /// In half points.
    size: Option<u32>,
    ground: Option<Ink>,
}

impl Look {
    /// This, and where it says nothing what `below` says.
    fn over(self, below: Self) -> Self {
        Self {
            vanishes: self.vanishes.or(below.vanishes),
            ink: self.ink.or(below.ink),
            size: self.size.or(below.size),
            ground: self.ground.or(below.ground),
        }
    }

    /// Takes a property of WordprocessingML.
    fn take(&mut self, name: &str, attributes: Attributes<'_>) {
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
fn shade(attributes: Attributes<'_>) -> Option<Ink> {
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
    plain: Look,
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

    fn look(&self, attributes: Attributes<'_>) -> Look {
        let id = attributes.value("val");
        id.and_then(|id| self.looks.get(id.as_ref()).copied()).unwrap_or_default()
    }
}

/// What is being described.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
enum Of {
    Run,
    Paragraph,
    /// A cell or a table.
    Cell,
    Shape,
    #[default]
    Nothing,
}

/// What holds for the run and the paragraph that are open. A text box brings its own.
#[derive(Debug, Clone, Copy, Default)]
struct Open {
    /// How many runs are open.
    runs: u32,
    run: Look,
    /// The style of the run, and what its paragraph and the style of that say.
    character: Look,
    paragraph: Look,
    style: Look,
    /// Letters have a line around them.
    is_outlined: bool,
}

/// Follows the looks of a part from element to element.
pub(crate) struct Looks<'m> {
    styles: &'m Styles,
    stage: Option<&'m Stage>,
    open: Open,
    outer: Vec<(Open, usize)>,
    of: Of,
    /// Elements in which properties describe something else.
    asides: u32,
    /// What the open tables, cells and boxes paint, the innermost last.
    grounds: Vec<Option<Ink>>,
    page: Ink,
    /// What the open shape is filled with.
    fill: Option<Ink>,
    /// Shapes that are open, by their number on the stage.
    shapes: Vec<usize>,
    count: usize,
}

impl<'m> Looks<'m> {
    pub(super) fn new(styles: &'m Styles, stage: Option<&'m Stage>, document: &str) -> Self {
        // Something stands behind the text of this part, and who knows where.
        let is_backed = document.contains("behindDoc=\"1\"") || document.contains("behindDoc=\"true\"");
        Self {
            styles,
            stage,
            open: Open { style: styles.plain, ..Open::default() },
            outer: Vec::new(),
            of: Of::Nothing,
            asides: 0,
            grounds: Vec::new(),
            page: if is_backed { Ink::Other } else { WHITE },
            fill: None,
            shapes: Vec::new(),
            count: 0,
        }
    }

    pub(super) fn in_run(&self) -> bool {
        self.open.runs > 0
    }

    /// Whether text that comes now is not seen.
    pub(super) fn is_unseen(&self) -> bool {
        let Open { runs, run, character, paragraph, style, is_outlined } = self.open;
        let direct = if runs > 0 { run.over(character) } else { Look::default() };
        let look = direct.over(paragraph).over(style);
        let shape = self.stage.zip(self.shapes.last()).and_then(|(stage, &number)| stage.shapes.get(number));
        if look.vanishes == Some(true) || look.size.is_some_and(|size| size <= TINY) || shape.is_some_and(|s| s.is_off)
        {
            return true;
        }
        let ink = look.ink.or(shape.and_then(|shape| shape.ink));
        let Some(ink) = ink.filter(|ink| *ink != Ink::Other && !is_outlined) else { return false };
        if let Some(ground) = look.ground.or_else(|| self.grounds.iter().rev().find_map(|ground| *ground)) {
            return ink.is_lost_on(ground);
        }
        match shape {
            Some(shape) => shape.grounds.iter().all(|ground| ink.is_lost_on(*ground)),
            // On a slide nothing stands outside of shapes.
            None => self.stage.is_none() && ink.is_lost_on(self.page),
        }
    }

    pub(super) fn start(&mut self, name: &str, attributes: Attributes<'_>) {
        if is_change(name) || is_beside(name) {
            if self.asides == 0 {
                self.take(name, attributes);
            }
            self.asides += 1;
            return;
        }
        if self.asides > 0 {
            self.open.is_outlined |= name == "solidFill" && self.of == Of::Run;
            return;
        }
        match name {
            "r" | "fld" => {
                let runs = self.open.runs.saturating_add(1);
                self.open =
                    Open { runs, run: Look::default(), character: Look::default(), is_outlined: false, ..self.open };
            }
            "p" => (self.open.paragraph, self.open.style) = (Look::default(), self.styles.plain),
            // Of the mark at a paragraph's end.
            "rPr" if self.open.runs == 0 => self.of = Of::Nothing,
            "rPr" => {
                self.of = Of::Run;
                if let Some(size) = attributes.value("sz").and_then(|size| size.parse::<u32>().ok()) {
                    self.open.run.size = Some(size / 50);
                }
            }
            "pPr" => self.of = Of::Paragraph,
            "tcPr" | "tblPr" | "tblPrEx" => self.of = Of::Cell,
            "spPr" => self.of = Of::Shape,
            "rStyle" if self.open.runs > 0 => self.open.character = self.styles.look(attributes),
            "pStyle" => self.open.style = self.styles.look(attributes).over(self.styles.plain),
            "tblStyle" => self.paint(self.styles.look(attributes).ground),
            "background" => {
                if let Some(ink @ Ink::Rgb(_)) = attributes.value("color").map(|colour| Ink::of(&colour)) {
                    self.page = ink;
                }
            }
            // What a table on a slide is painted with stands in another part.
            "tbl" => self.grounds.push(self.stage.map(|_| Ink::Other)),
            "tc" => self.grounds.push(None),
            "wsp" => self.fill = None,
            // The shapes of old: white, if they do not say otherwise.
            "shape" | "rect" | "roundrect" | "oval" if self.of != Of::Shape => {
                let is_filled = !attributes.value("filled").is_some_and(|value| matches!(&*value, "f" | "false"));
                let colour = attributes.value("fillcolor").map_or(WHITE, |colour| Ink::of(&colour));
                self.fill = Some(if is_filled { colour } else { Ink::Other });
            }
            _ => self.take(name, attributes),
        }
    }

    /// Takes a property of what is being described.
    fn take(&mut self, name: &str, attributes: Attributes<'_>) {
        match self.of {
            Of::Run if name == "highlight" && attributes.is_empty() => self.open.run.ground = Some(Ink::Other),
            Of::Run => match (self.stage, Scheme::read(name, attributes)) {
                (Some(stage), Some(colour)) => {
                    self.open.run.ink = Some(stage.scheme.resolve(colour, self.open.run.ink))
                }
                _ => self.open.run.take(name, attributes),
            },
            Of::Paragraph if name == "shd" => self.open.paragraph.take(name, attributes),
            Of::Cell if name == "shd" => self.paint(shade(attributes)),
            Of::Shape => {
                self.fill = match name {
                    "srgbClr" => attributes.value("val").map(|digits| Ink::of(&digits)),
                    "schemeClr" | "sysClr" | "prstClr" | "noFill" | "gradFill" | "blipFill" | "pattFill" | "lumMod"
                    | "lumOff" | "alpha" | "tint" | "shade" => Some(Ink::Other),
                    _ => self.fill,
                };
            }
            Of::Paragraph | Of::Cell | Of::Nothing => {}
        }
    }

    /// The innermost table or cell is painted.
    fn paint(&mut self, ink: Option<Ink>) {
        if let (Some(ground), Some(ink)) = (self.grounds.last_mut(), ink) {
            *ground = Some(ink);
        }
    }

    pub(super) fn end(&mut self, name: &str) {
        if is_change(name) || is_beside(name) {
            self.asides = self.asides.saturating_sub(1);
            return;
        }
        match name {
            _ if self.asides > 0 => {}
            "r" | "fld" => self.open.runs = self.open.runs.saturating_sub(1),
            "rPr" | "pPr" | "tcPr" | "tblPr" | "tblPrEx" | "spPr" => self.of = Of::Nothing,
            "tbl" | "tc" => drop(self.grounds.pop()),
            _ => {}
        }
    }

    /// A shape begins, or what is drawn like one.
    pub(super) fn begin_shape(&mut self) {
        self.shapes.push(self.count);
        self.count += 1;
    }

    pub(super) fn end_shape(&mut self) {
        self.shapes.pop();
    }

    pub(super) fn begin_box(&mut self) {
        if self.outer.len() < BOXES {
            self.outer.push((self.open, self.grounds.len()));
            self.open = Open { style: self.styles.plain, ..Open::default() };
            // Without a fill, it may stand on anything.
            self.grounds.push(Some(self.fill.unwrap_or(Ink::Other)));
        }
    }

    pub(super) fn end_box(&mut self) {
        if let Some((open, depth)) = self.outer.pop() {
            self.open = open;
            self.grounds.truncate(depth);
        }
    }
}

/// How something looked before it was changed.
fn is_change(name: &str) -> bool {
    name.ends_with("Change")
        && matches!(name, "rPrChange" | "pPrChange" | "tcPrChange" | "tblPrChange" | "trPrChange" | "tblPrExChange")
}

/// Colours of something else than what they stand in: of lines, shadows, pens.
pub(super) fn is_beside(name: &str) -> bool {
    matches!(
        name,
        "ln" | "uLn"
            | "uFill"
            | "effectLst"
            | "effectDag"
            | "gradFill"
            | "blipFill"
            | "pattFill"
            | "highlight"
            | "textOutline"
            | "shadow"
    )
}

/// A property that stands there is on unless it says otherwise.
pub(super) fn is_on(attributes: Attributes<'_>) -> bool {
    !attributes.value("val").is_some_and(|value| is_off(&value))
}

pub(super) fn is_off(value: &str) -> bool {
    matches!(value, "0" | "false" | "off")
}
