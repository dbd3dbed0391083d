//! Where the shapes of a slide are, and what they stand on.
//!
//! In: a slide, its layout and its master, decoded, and the colours of its theme. Out: for each shape, in the order of
//! the file, whether it lies wholly beside the slide, the colour that its letters have if they do not say otherwise, and
//! everything that may be behind them: its own fill, or else whatever fill or picture its area touches, and the slide's
//! background. What cannot be told is [`Ink::Other`], on which nothing is lost. Deliberately absent: which shape is in
//! front of which; effects; motion.

use std::collections::HashMap;

use crate::inspect::extract::document::ooxml::looks::{Ink, WHITE, is_beside};
use crate::inspect::extract::document::ooxml::outline::targets;
use crate::inspect::extract::xml::{self, Attributes, Event};

/// With more painted shapes than this, what a text stands on is not looked for.
const PAINTED: usize = 256;

/// Letters of which less is to be seen are not seen: thousandths of a per cent.
const FAINT: u32 = 5_000;

/// What the slides of a presentation have in common.
#[derive(Debug, Default)]
pub(crate) struct Scenery {
    size: Option<(f64, f64)>,
    /// Layouts and masters.
    scenes: HashMap<String, Scene>,
    /// The layout of a slide, the master of a layout.
    behind: HashMap<String, String>,
    /// By master.
    schemes: HashMap<String, Scheme>,
}

impl Scenery {
    /// Whether a part of this name is needed for it.
    pub(super) fn wants(name: &str) -> bool {
        let folders = ["ppt/slides/_rels/", "ppt/slidelayouts/", "ppt/slidemasters/", "ppt/theme/"];
        folders.iter().any(|folder| name.starts_with(folder))
    }

    /// Of these parts of a presentation.
    pub(super) fn of(parts: &HashMap<String, String>) -> Self {
        let mut scenery = Self::default();
        let presentation = parts.get("ppt/presentation.xml").map(String::as_str).unwrap_or_default();
        scenery.size = xml::Reader::new(presentation).find_map(|event| match event {
            Event::Start { name: "sldSz", attributes } => Some((number(attributes, "cx")?, number(attributes, "cy")?)),
            _ => None,
        });
        for (name, links) in parts {
            let Some((folder, file)) = name.split_once("/_rels/") else { continue };
            let source = format!("{folder}/{}", file.trim_end_matches(".rels"));
            let targets = targets(links, folder);
            let to = |folder: &str| targets.values().find(|target| target.starts_with(folder)).cloned();
            let behind = match folder {
                "ppt/slides" => to("ppt/slidelayouts/"),
                "ppt/slidelayouts" => to("ppt/slidemasters/"),
                _ => None,
            };
            if let Some(behind) = behind {
                scenery.behind.insert(source.clone(), behind);
            }
            if folder == "ppt/slidemasters" {
                let theme = to("ppt/theme/").and_then(|theme| parts.get(&theme));
                let master = parts.get(&source).map(String::as_str).unwrap_or_default();
                scenery.schemes.insert(source, Scheme::of(theme.map(String::as_str).unwrap_or_default(), master));
            }
        }
        let is_scene = |name: &str| name.starts_with("ppt/slidelayouts/") || name.starts_with("ppt/slidemasters/");
        for (name, document) in parts.iter().filter(|(name, _)| is_scene(name) && name.ends_with(".xml")) {
            let scene = Scene::of(document, &scenery.scheme(name));
            scenery.scenes.insert(name.clone(), scene);
        }
        scenery
    }

    /// What stands behind a part, the nearest first; `None` for what should be there and is not.
    fn backs(&self, name: &str) -> Option<Vec<&Scene>> {
        let mut backs = Vec::new();
        let mut name = name;
        while let Some(behind) = self.behind.get(name).filter(|_| backs.len() < 2) {
            backs.push(self.scenes.get(behind)?);
            name = behind;
        }
        Some(backs)
    }

    fn scheme(&self, name: &str) -> Scheme {
        let mut name = name;
        for _ in 0..3 {
            if let Some(scheme) = self.schemes.get(name) {
                return scheme.clone();
            }
            match self.behind.get(name) {
                Some(behind) => name = behind,
                None => break,
            }
        }
        Scheme::default()
    }

    /// The stage of a slide, a layout or a master; other parts have none.
    pub(super) fn stage(&self, name: &str, document: &str) -> Option<Stage> {
        let is_one = ["ppt/slides/", "ppt/slidelayouts/", "ppt/slidemasters/"].iter().any(|at| name.starts_with(at));
        if !is_one {
            return None;
        }
        let mut scheme = self.scheme(name);
        if document.contains("overrideClrMapping") {
            scheme.colours.clear();
        }
        let scene = Scene::of(document, &scheme);
        let shapes = scene.shapes(self.backs(name).as_deref(), self.size);
        Some(Stage { scheme, shapes })
    }
}

/// The shapes of one part.
#[derive(Debug, Default)]
pub(crate) struct Stage {
    pub(super) scheme: Scheme,
    pub(super) shapes: Vec<Shape>,
}

#[derive(Debug, Default, PartialEq)]
pub(crate) struct Shape {
    /// It lies wholly beside the slide.
    pub(super) is_off: bool,
    /// The colour of letters that say nothing about theirs.
    pub(super) ink: Option<Ink>,
    /// All that they may stand on.
    pub(super) grounds: Vec<Ink>,
}

/// The colours of a theme by the names that slides know them by.
#[derive(Debug, Default, Clone)]
pub(crate) struct Scheme {
    colours: HashMap<String, Ink>,
}

/// A colour as it is written, or what is done to one.
pub(super) enum Colour {
    Is(Ink),
    Named(String),
    Opaque(u32),
    Changed,
}

impl Scheme {
    fn of(theme: &str, master: &str) -> Self {
        let mut colours = HashMap::new();
        let mut open = String::new();
        for event in xml::Reader::new(theme) {
            let Event::Start { name, attributes } = event else { continue };
            match name {
                "dk1" | "lt1" | "dk2" | "lt2" => open = name.to_owned(),
                "accent1" | "fontScheme" => break,
                _ => {
                    if let Some(Colour::Is(ink)) = Self::read(name, attributes) {
                        colours.insert(open.clone(), ink);
                    }
                }
            }
        }
        let map = xml::Reader::new(master).find_map(|event| match event {
            Event::Start { name: "clrMap", attributes } => Some(attributes),
            _ => None,
        });
        for (name, usual) in [("bg1", "lt1"), ("tx1", "dk1"), ("bg2", "lt2"), ("tx2", "dk2")] {
            let mapped = map.and_then(|map| map.value(name));
            if let Some(&ink) = colours.get(mapped.as_deref().unwrap_or(usual)) {
                colours.insert(name.to_owned(), ink);
            }
        }
        Self { colours }
    }

    /// What an element says about a colour, if it does.
    pub(super) fn read(name: &str, attributes: Attributes<'_>) -> Option<Colour> {
        let value = |name: &str| attributes.value(name).unwrap_or_default();
        Some(match name {
            "srgbClr" => Colour::Is(Ink::of(&value("val"))),
            "sysClr" => Colour::Is(Ink::of(&value("lastClr"))),
            "prstClr" => Colour::Is(match &*value("val") {
                "white" => WHITE,
                "black" => Ink::Rgb([0; 3]),
                _ => Ink::Other,
            }),
            "schemeClr" => Colour::Named(value("val").into_owned()),
            "noFill" => Colour::Is(Ink::Clear),
            "scrgbClr" | "hslClr" | "gradFill" | "blipFill" | "pattFill" | "grpFill" => Colour::Is(Ink::Other),
            "alpha" => Colour::Opaque(value("val").parse().unwrap_or(u32::MAX)),
            "lumMod" | "lumOff" | "lum" | "shade" | "tint" | "satMod" | "satOff" | "hueMod" | "hueOff" | "inv"
            | "gray" | "comp" | "alphaMod" | "alphaOff" => Colour::Changed,
            _ => return None,
        })
    }

    /// The colour that was `before`, after this.
    pub(super) fn resolve(&self, colour: Colour, before: Option<Ink>) -> Ink {
        match colour {
            Colour::Is(ink) => ink,
            Colour::Named(name) => self.colours.get(&name).copied().unwrap_or(Ink::Other),
            Colour::Opaque(share) if share <= FAINT => Ink::Clear,
            Colour::Opaque(_) => before.unwrap_or(Ink::Other),
            Colour::Changed => Ink::Other,
        }
    }
}

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
struct Scene {
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
    fn of(document: &str, scheme: &Scheme) -> Self {
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
    fn shapes(&self, backs: Option<&[&Self]>, size: Option<(f64, f64)>) -> Vec<Shape> {
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
                let mut grounds: Vec<Ink> =
                    painted.iter().chain(behind).filter(near).filter_map(|other| other.fill).collect();
                grounds.push(background);
                if grounds.contains(&Ink::Other) { vec![Ink::Other] } else { grounds }
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

fn number(attributes: Attributes<'_>, name: &str) -> Option<f64> {
    attributes.value(name)?.parse().ok().filter(|number: &f64| number.is_finite())
}
