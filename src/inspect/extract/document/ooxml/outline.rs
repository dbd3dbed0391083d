//! What must be known of a package before its parts are read, since they come in any order.
//!
//! In: the package. Out: how styles look, what stands behind slides, and the number of each slide and of the slide that
//! notes belong to.
//! Whatever cannot be read here leaves the outline empty; the parts themselves are read all the same, and what is broken
//! in them is told there. Deliberately absent: text.

use std::collections::HashMap;
use std::io::{Cursor, Read};

use zip::ZipArchive;

use crate::inspect::extract::document::font::{self, Key};
use crate::inspect::extract::document::ooxml::stage::Scenery;
use crate::inspect::extract::document::ooxml::styles::Styles;
use crate::inspect::extract::package::part_name;
use crate::inspect::extract::xml::{self, Event};

/// How much is unpacked to look at, in all.
const BYTES: u64 = 64 << 20;

/// How many parts are looked at.
const PARTS: usize = 2_048;

/// How many keys are tried on each font.
const FONTS: usize = 64;

#[derive(Debug, Default)]
pub(crate) struct Outline {
    pub(crate) styles: Styles,
    pub(crate) scenery: Scenery,
    /// What embedded fonts are disguised with.
    pub(crate) font_keys: Vec<Key>,
    /// The number of a slide by its part's name, as by [`part_name`].
    pub(crate) slides: HashMap<String, usize>,
    /// The number of the slide that notes belong to.
    pub(crate) notes: HashMap<String, usize>,
}

impl Outline {
    pub(crate) fn of(bytes: &[u8]) -> Self {
        let Ok(mut archive) = ZipArchive::new(Cursor::new(bytes)) else { return Self::default() };
        let wanted: Vec<(usize, String)> = (0..archive.len())
            .filter_map(|index| Some((index, part_name(&archive.name_for_index(index)?.ok()?))))
            .filter(|(_, name)| is_wanted(name))
            .take(PARTS)
            .collect();
        let mut parts = HashMap::new();
        let mut left = BYTES;
        for (index, name) in wanted {
            let mut content = Vec::new();
            if let Ok(file) = archive.by_index(index)
                && file.take(left).read_to_end(&mut content).is_ok()
            {
                left = left.saturating_sub(content.len() as u64);
                parts.insert(name, xml::decode(&content).into_owned());
            }
        }
        let part = |name: &str| parts.get(name).map(String::as_str).unwrap_or_default();
        let slides = slides(part("ppt/presentation.xml"), part("ppt/_rels/presentation.xml.rels"));
        let mut notes = HashMap::new();
        for (name, links) in &parts {
            let owner = name.strip_prefix("ppt/notesslides/_rels/").and_then(|name| name.strip_suffix(".rels"));
            let slide = targets(links, "ppt/notesslides").into_values().find_map(|target| slides.get(&target));
            if let (Some(owner), Some(number)) = (owner, slide) {
                notes.insert(format!("ppt/notesslides/{owner}"), *number);
            }
        }
        let font_keys = font_keys(part("word/fonttable.xml"));
        let styles = Styles::of(part("word/styles.xml"));
        Self { styles, scenery: Scenery::of(&parts), font_keys, slides, notes }
    }
}

fn is_wanted(name: &str) -> bool {
    matches!(
        name,
        "word/styles.xml" | "word/fonttable.xml" | "ppt/presentation.xml" | "ppt/_rels/presentation.xml.rels"
    ) || name.starts_with("ppt/notesslides/_rels/")
        || Scenery::wants(name)
}

fn font_keys(fonts: &str) -> Vec<Key> {
    let keys = xml::Reader::new(fonts).filter_map(|event| match event {
        Event::Start { attributes, .. } => font::key(&attributes.value("fontKey")?),
        _ => None,
    });
    keys.take(FONTS).collect()
}

/// Identifiers and the parts they lead to.
pub(super) fn targets(links: &str, folder: &str) -> HashMap<String, String> {
    let mut targets = HashMap::new();
    for event in xml::Reader::new(links) {
        if let Event::Start { name: "Relationship", attributes } = event
            && let (Some(id), Some(target)) = (attributes.value("Id"), attributes.value("Target"))
        {
            targets.insert(id.into_owned(), resolved(&target, folder));
        }
    }
    targets
}

/// A target relative to a folder, as a part's name.
fn resolved(target: &str, folder: &str) -> String {
    if target.starts_with('/') {
        return part_name(target);
    }
    let mut way: Vec<&str> = folder.split('/').collect();
    for step in target.split('/') {
        match step {
            ".." => drop(way.pop()),
            "." => {}
            _ => way.push(step),
        }
    }
    part_name(&way.join("/"))
}

fn slides(presentation: &str, links: &str) -> HashMap<String, usize> {
    let targets = targets(links, "ppt");
    let mut slides = HashMap::new();
    for event in xml::Reader::new(presentation) {
        if let Event::Start { name: "sldId", attributes } = event {
            // Two attributes are called `id`; only one of them is known as a relation.
            let target =
                attributes.iter().filter(|(name, _)| *name == "id").find_map(|(_, id)| targets.get(id.as_ref()));
            if let Some(target) = target {
                let number = slides.len() + 1;
                slides.entry(target.clone()).or_insert(number);
            }
        }
    }
    slides
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn slides_are_numbered_as_they_are_shown() {
        let links = "<Relationships><Relationship Id='a' Target='slides/slide1.xml'/>\
                     <Relationship Id='b' Target='/ppt/slides/slide2.xml'/></Relationships>";
        let presentation = "<p:sldIdLst><p:sldId id='256' r:id='b'/><p:sldId id='257' r:id='a'/></p:sldIdLst>";
        let slides = slides(presentation, links);
        assert_eq!((slides.get("ppt/slides/slide2.xml"), slides.get("ppt/slides/slide1.xml")), (Some(&1), Some(&2)));
        assert_eq!(resolved("../Slides/s.xml", "ppt/notesSlides"), "ppt/slides/s.xml");
    }
}
