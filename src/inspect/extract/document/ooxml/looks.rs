//! Whether text of an OOXML part can be seen, as far as its looks decide that: hidden by a property or a style, written in
//! the colour that it stands on, or no larger than a dot.
//!
//! In: the elements of a part as they come, the styles of the document, and what stands on a slide ([`Stage`]). Out:
//! whether text that comes now is seen. What it stands on is known for pages, shaded paragraphs, cells and runs, filled
//! shapes, and slides; where it is not known (a table with a style that paints, a text box without a fill, pictures behind
//! the text), text counts as seen. Deliberately absent: what stands in front of text; sizes and colours that conditional
//! formats give.

use crate::inspect::extract::document::ooxml::stage::{Scheme, Stage};
use crate::inspect::extract::document::ooxml::styles::{Ink, Look, Styles, WHITE, is_change, shade};
use crate::inspect::extract::xml::Attributes;

/// Letters of a point are no larger than this, in half points.
const TINY: u32 = 2;

/// Text boxes in text boxes that are told apart.
pub(super) const BOXES: usize = 128;

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
