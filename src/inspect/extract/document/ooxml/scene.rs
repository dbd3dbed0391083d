//! What one slide, layout or master draws, and what may be behind each of its shapes.
//!
//! In: the decoded part, and the scenes behind it. Out: [`Shape`]s in the order of the file. Places inside of groups are
//! turned into places on the slide; what is turned itself is taken for the circle that it stays in. Deliberately absent:
//! text.

use crate::inspect::extract::document::ooxml::looks::is_beside;
use crate::inspect::extract::document::ooxml::stage::{Colour, Scheme, Shape, number};
use crate::inspect::extract::document::ooxml::styles::{Ink, WHITE};
use crate::inspect::extract::xml::{self, Attributes, Event};

/// With more painted shapes than this, what a text stands on is not looked for.
const PAINTED: usize = 256;

/// Text that stands on more colours than this can be told from one of them.
const GROUNDS: usize = 8;

#[derive(Debug, Clone, Copy, PartialEq)]
struct Area {
    left: f64,
    top: f64,
    right: f64,
    bottom: f64,
}

impl Area {
    fn touches(self, other: Self) -> bool {
        self.left < other.right && other.left < self.right && self.top < other.bottom && other.top < self.bottom
    }

    fn is_off(self, (width, height): (f64, f64)) -> bool {
        self.right <= 0.0 || self.bottom <= 0.0 || self.left >= width || self.top >= height
    }
}

/// How places inside of a group become places on the slide.
#[derive(Debug, Clone, Copy)]
struct Frame {
    scale: (f64, f64),
    shift: (f64, f64),
    /// Turned or mirrored: nobody knows where anything is.
    is_turned: bool,
}

/// A place as it is written.
#[derive(Debug, Clone, Copy, Default)]
struct Place {
    at: Option<(f64, f64)>,
    size: Option<(f64, f64)>,
    /// A group's measure of what is inside of it.
    inner_at: (f64, f64),
    inner_size: (f64, f64),
    is_rotated: bool,
    is_mirrored: bool,
}

/// A shape as it is written.
#[derive(Debug, Default)]
struct Item {
    area: Option<Area>,
    fill: Option<Ink>,
    ink: Option<Ink>,
    is_placeholder: bool,
}

/// What one part draws.
#[derive(Debug, Default)]
pub(super) struct Scene {
    background: Option<Ink>,
    items: Vec<Item>,
}

/// What colours belong to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Of {
    Fill,
    Letters,
    Background,
    Nothing,
}

struct Painter<'s> {
    scheme: &'s Scheme,
    scene: Scene,
    /// Open shapes, and whether each is a group; the frames of open groups.
    open: Vec<(usize, bool)>,
    frames: Vec<Frame>,
    place: Option<Place>,
    of: Of,
    asides: u32,
}

impl Scene {
    pub(super) fn of(document: &str, scheme: &Scheme) -> Self {
        let mut painter = Painter {
            scheme,
            scene: Self::default(),
            open: Vec::new(),
            frames: Vec::new(),
            place: None,
            of: Of::Nothing,
            asides: 0,
        };
        for event in xml::Reader::new(document) {
            match event {
                Event::Start { name, attributes } => painter.start(name, attributes),
                Event::End { name } => painter.end(name),
                Event::Text(_) => {}
            }
        }
        painter.scene
    }

    /// The shapes, before what is behind them.
    pub(super) fn shapes(&self, backs: Option<&[&Self]>, size: Option<(f64, f64)>) -> Vec<Shape> {
        let others = || backs.into_iter().flatten();
        let background = self.background.or_else(|| others().find_map(|scene| scene.background));
        let background = if backs.is_none() { Ink::Other } else { background.unwrap_or(WHITE) };
        let is_painted = |item: &&Item| item.fill.is_some_and(|fill| fill != Ink::Clear);
        let painted: Vec<&Item> = self.items.iter().filter(is_painted).collect();
        let behind: Vec<&Item> = others().flat_map(|scene| scene.items.iter().filter(is_painted)).collect();
        let models = behind.iter().any(|item| item.is_placeholder);
        let ground = |item: &Item| match item.fill {
            Some(fill @ (Ink::Rgb(_) | Ink::Other)) => vec![fill],
            // It may have its fill from a placeholder in the layout.
            None if item.is_placeholder && models => vec![Ink::Other],
            _ if painted.len() + behind.len() > PAINTED => vec![Ink::Other],
            _ => {
                let near = |other: &&&Item| match (item.area, other.area) {
                    (Some(area), Some(other)) => area.touches(other),
                    _ => true,
                };
                let behind = behind.iter().filter(|other| !other.is_placeholder);
                let mut grounds = vec![background];
                for fill in painted.iter().chain(behind).filter(near).filter_map(|other| other.fill) {
                    if !grounds.contains(&fill) {
                        grounds.push(fill);
                    }
                }
                let is_known = !grounds.contains(&Ink::Other) && grounds.len() <= GROUNDS;
                if is_known { grounds } else { vec![Ink::Other] }
            }
        };
        let is_off = |item: &Item| item.area.zip(size).is_some_and(|(area, size)| area.is_off(size));
        self.items.iter().map(|item| Shape { is_off: is_off(item), ink: item.ink, grounds: ground(item) }).collect()
    }
}

impl Painter<'_> {
    fn item(&mut self) -> Option<&mut Item> {
        self.open.last().and_then(|&(number, _)| self.scene.items.get_mut(number))
    }

    fn start(&mut self, name: &str, attributes: Attributes<'_>) {
        if self.asides == 0
            && self.of != Of::Nothing
            && let Some(colour) = Scheme::read(name, attributes)
        {
            self.colour(colour);
        }
        if is_beside(name) {
            self.asides += 1;
        }
        match name {
            _ if self.asides > 0 => {}
            _ if is_shape(name) => self.begin(name),
            "spPr" => self.of = Of::Fill,
            "bgPr" => self.of = Of::Background,
            "bgRef" => {
                // The first of the theme's backgrounds is the colour itself.
                let is_plain = attributes.value("idx").as_deref() == Some("1001");
                self.of = if is_plain { Of::Background } else { Of::Nothing };
                self.scene.background = Some(Ink::Other);
            }
            "fillRef" if attributes.value("idx").as_deref() != Some("0") => {
                if let Some(item) = self.item() {
                    item.fill = item.fill.or(Some(Ink::Other));
                }
            }
            "fontRef" => self.of = Of::Letters,
            "ph" => {
                if let Some(item) = self.item() {
                    item.is_placeholder = true;
                }
            }
            "xfrm" => {
                let is_set = |name: &str| attributes.value(name).is_some_and(|value| value != "0" && value != "false");
                self.place = Some(Place {
                    is_rotated: is_set("rot"),
                    is_mirrored: is_set("flipH") || is_set("flipV"),
                    ..Place::default()
                });
            }
            "off" | "ext" | "chOff" | "chExt" => {
                let Some(place) = &mut self.place else { return };
                let pair = |x: &str, y: &str| number(attributes, x).zip(number(attributes, y));
                match name {
                    "off" => place.at = pair("x", "y"),
                    "ext" => place.size = pair("cx", "cy").or(place.size),
                    "chOff" => place.inner_at = pair("x", "y").unwrap_or_default(),
                    _ => place.inner_size = pair("cx", "cy").unwrap_or_default(),
                }
            }
            _ => {}
        }
    }

    fn begin(&mut self, name: &str) {
        // Pictures, tables, charts.
        let fill = matches!(name, "pic" | "graphicFrame" | "contentPart").then_some(Ink::Other);
        let is_group = matches!(name, "grpSp" | "wgp");
        self.open.push((self.scene.items.len(), is_group));
        self.scene.items.push(Item { fill, ..Item::default() });
        if is_group {
            // Until it says otherwise, what is inside of it is measured as what is around it.
            self.frames.push(self.frame());
        }
    }

    fn frame(&self) -> Frame {
        self.frames.last().copied().unwrap_or(Frame::SLIDE)
    }

    fn colour(&mut self, colour: Colour) {
        let before = match self.of {
            Of::Background => self.scene.background,
            Of::Fill => self.item().and_then(|item| item.fill),
            Of::Letters => self.item().and_then(|item| item.ink),
            Of::Nothing => None,
        };
        let ink = Some(self.scheme.resolve(colour, before));
        match self.of {
            Of::Background => self.scene.background = ink,
            Of::Fill | Of::Letters => {
                let of = self.of;
                if let Some(item) = self.item() {
                    *(if of == Of::Fill { &mut item.fill } else { &mut item.ink }) = ink;
                }
            }
            Of::Nothing => {}
        }
    }

    fn end(&mut self, name: &str) {
        if is_beside(name) {
            self.asides = self.asides.saturating_sub(1);
        }
        match name {
            _ if self.asides > 0 => {}
            _ if is_shape(name) => {
                if let Some((_, true)) = self.open.pop() {
                    self.frames.pop();
                }
            }
            "spPr" | "bgPr" | "bgRef" | "fontRef" => self.of = Of::Nothing,
            "xfrm" => self.put(),
            _ => {}
        }
    }

    /// The open shape is where its place says.
    fn put(&mut self) {
        let Some(place) = self.place.take() else { return };
        let (Some(at), Some(size), Some(&(_, is_group))) = (place.at, place.size, self.open.last()) else { return };
        let inner = is_group.then(|| self.frames.pop()).flatten();
        let outer = self.frame();
        if let Some(item) = self.item() {
            item.area = (!outer.is_turned).then(|| outer.area(at, size, place.is_rotated));
        }
        if inner.is_some() {
            self.frames.push(outer.inside(&place, at, size));
        }
    }
}

impl Frame {
    const SLIDE: Self = Self { scale: (1.0, 1.0), shift: (0.0, 0.0), is_turned: false };

    fn area(self, (x, y): (f64, f64), (width, height): (f64, f64), is_rotated: bool) -> Area {
        let (left, top) = (x * self.scale.0 + self.shift.0, y * self.scale.1 + self.shift.1);
        let (width, height) = (width * self.scale.0, height * self.scale.1);
        if !is_rotated {
            return Area { left, top, right: left + width, bottom: top + height };
        }
        // However it is turned, it stays in its circle.
        let (x, y, radius) = (left + width / 2.0, top + height / 2.0, width.hypot(height) / 2.0);
        Area { left: x - radius, top: y - radius, right: x + radius, bottom: y + radius }
    }

    /// The frame of a group that is at this place in this one.
    fn inside(self, place: &Place, at: (f64, f64), size: (f64, f64)) -> Self {
        let scale = |size: f64, inner: f64| if inner == 0.0 { 1.0 } else { size / inner };
        let (x, y) = (scale(size.0, place.inner_size.0), scale(size.1, place.inner_size.1));
        let shift = (at.0 - place.inner_at.0 * x, at.1 - place.inner_at.1 * y);
        Self {
            scale: (self.scale.0 * x, self.scale.1 * y),
            shift: (self.scale.0 * shift.0 + self.shift.0, self.scale.1 * shift.1 + self.shift.1),
            is_turned: self.is_turned || place.is_rotated || place.is_mirrored,
        }
    }
}

/// The frames of what is drawn.
pub(super) fn is_shape(name: &str) -> bool {
    matches!(name, "sp" | "pic" | "graphicFrame" | "cxnSp" | "grpSp" | "wsp" | "wgp" | "contentPart")
}
