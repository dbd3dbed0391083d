//! Which styles of an OpenDocument part hide what has them.
//!
//! In: the decoded part. Out: the names of styles that hide text, and of those that hide slides. Deliberately absent:
//! styles of another part; what hides is nearly always an automatic style, which stands where it is used.

use std::collections::{HashMap, HashSet};

use crate::inspect::extract::xml::{Event, Reader};

/// How many styles one may be based on.
const DEPTH: usize = 16;

#[derive(Debug, Default)]
pub(super) struct Hidden {
    pub(super) text: HashSet<String>,
    pub(super) slides: HashSet<String>,
}

impl Hidden {
    pub(super) fn of(document: &str) -> Self {
        let mut hidden = Self::default();
        // Most documents have neither.
        if !document.contains("display=") && !document.contains("visibility=") {
            return hidden;
        }
        let mut parents: HashMap<String, String> = HashMap::new();
        let mut open = String::new();
        for event in Reader::new(document) {
            let Event::Start { name, attributes } = event else { continue };
            let value = |wanted: &str| attributes.value(wanted);
            match name {
                "style" => {
                    open = value("name").unwrap_or_default().into_owned();
                    if let Some(parent) = value("parent-style-name") {
                        parents.insert(open.clone(), parent.into_owned());
                    }
                }
                "text-properties" if value("display").as_deref() == Some("none") => {
                    hidden.text.insert(open.clone());
                }
                "drawing-page-properties" if value("visibility").as_deref() == Some("hidden") => {
                    hidden.slides.insert(open.clone());
                }
                _ => {}
            }
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
