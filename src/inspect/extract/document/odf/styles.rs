//! Which styles of an OpenDocument part hide what has them.
//!
//! In: the decoded part, and the one with the styles that all parts share. Out: the names of styles that hide text, white
//! text and dots included, and of those that hide slides. Deliberately absent: what white text stands on; where anything
//! is painted, it counts as seen. A style that takes back what the one it is based on hides.

use std::collections::{HashMap, HashSet};

use crate::inspect::extract::document::looks;
use crate::inspect::extract::xml::{Event, Reader};

/// How many styles one may be based on.
const DEPTH: usize = 16;

#[derive(Debug, Default)]
pub(super) struct Hidden {
    pub(super) text: HashSet<String>,
    pub(super) slides: HashSet<String>,
}

/// What a part says if it hides anything.
const SIGNS: [&str; 7] =
    ["display=", "visibility=", "color=\"#f", "color=\"#F", "font-size=\"0", "font-size=\"1pt", "font-size=\"1.0"];

impl Hidden {
    /// Of a part, and of the styles that it may use from another.
    pub(super) fn of(common: &str, document: &str) -> Self {
        let mut hidden = Self::default();
        let parts = [common, document];
        // Most documents have none of it.
        if !parts.iter().any(|part| SIGNS.iter().any(|sign| part.contains(sign))) {
            return hidden;
        }
        let mut parents: HashMap<String, String> = HashMap::new();
        let mut white: HashSet<String> = HashSet::new();
        let mut is_painted = false;
        let mut open = String::new();
        for event in parts.into_iter().flat_map(Reader::new) {
            let Event::Start { name, attributes } = event else { continue };
            let value = |wanted: &str| attributes.value(wanted);
            is_painted |= value("background-color").is_some_and(|colour| looks::is_painted(&colour))
                || value("fill").is_some_and(|fill| &*fill != "none");
            match name {
                "style" => {
                    open = value("name").unwrap_or_default().into_owned();
                    if let Some(parent) = value("parent-style-name") {
                        parents.insert(open.clone(), parent.into_owned());
                    }
                }
                "text-properties" => {
                    let is_tiny = value("font-size").is_some_and(|size| looks::is_tiny(&size));
                    if is_tiny || value("display").as_deref() == Some("none") {
                        hidden.text.insert(open.clone());
                    } else if value("color").is_some_and(|colour| looks::is_white(&colour)) {
                        white.insert(open.clone());
                    }
                }
                "drawing-page-properties" if value("visibility").as_deref() == Some("hidden") => {
                    hidden.slides.insert(open.clone());
                }
                _ => {}
            }
        }
        // Where something is painted, white letters may stand on it.
        if !is_painted {
            hidden.text.extend(white);
        }
        let inherits = |style: &String| {
            let mut at = style;
            for _ in 0..DEPTH {
                match parents.get(at) {
                    Some(parent) if hidden.text.contains(parent) => return true,
                    Some(parent) => at = parent,
                    None => return false,
                }
            }
            false
        };
        let heirs: Vec<String> = parents.keys().filter(|style| inherits(style)).cloned().collect();
        hidden.text.extend(heirs);
        hidden
    }
}
