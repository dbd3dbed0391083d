//! Where the shapes of a slide are, and what they stand on.
//!
//! In: a slide, its layout and its master, decoded, and the colours of its theme. Out: for each shape, in the order of
//! the file, whether it lies wholly beside the slide, the colour that its letters have if they do not say otherwise, and
//! everything that may be behind them: its own fill, or else whatever fill or picture its area touches, and the slide's
//! background. What cannot be told is [`Ink::Other`], on which nothing is lost. Deliberately absent: which shape is in
//! front of which; effects; motion.

use std::collections::HashMap;

use crate::inspect::extract::document::ooxml::outline::targets;
use crate::inspect::extract::document::ooxml::scene::Scene;
use crate::inspect::extract::document::ooxml::styles::{Ink, WHITE};
use crate::inspect::extract::xml::{self, Attributes, Event};

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

pub(super) fn number(attributes: Attributes<'_>, name: &str) -> Option<f64> {
    attributes.value(name)?.parse().ok().filter(|number: &f64| number.is_finite())
}
