//! Which elements are open, from tags alone.
//!
//! In: start and end tags. Out: whether what comes now is seen. Pages leave end tags out, so a paragraph, a list item, a
//! row and a cell end where the next one starts; an end tag ends everything inside its element, and one that ends
//! nothing is passed over. Deliberately absent: the rest of the rules of a tree; a tree is what makes deep pages slow.

use std::collections::HashMap;

use html5ever::LocalName;

use super::style::Effect;

/// How far below the top an element is looked for that a start tag ends.
const NEAR: usize = 64;

/// How what is in an element looks.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(crate) struct Look {
    /// Hidden with all that is in it.
    pub(crate) hidden: bool,
    /// Hidden, until an element inside takes it back.
    pub(crate) invisible: bool,
    pub(crate) tiny: bool,
    pub(crate) white: bool,
    /// Has a background, on which white can be read.
    pub(crate) backed: bool,
    /// Quoted from an earlier mail, with all that is in it.
    pub(crate) quoted: bool,
}

impl Look {
    /// An element inside.
    pub(crate) fn inside(self, effect: &Effect) -> Self {
        Self {
            hidden: self.hidden || effect.hides,
            invisible: effect.invisible.unwrap_or(self.invisible),
            tiny: effect.tiny.unwrap_or(self.tiny),
            white: effect.white.unwrap_or(self.white),
            backed: self.backed || effect.backed,
            quoted: self.quoted || effect.quotes,
        }
    }

    pub(crate) fn is_hidden(self) -> bool {
        self.hidden || self.invisible || self.tiny || (self.white && !self.backed)
    }
}

/// The open elements, the innermost last.
#[derive(Default)]
pub(crate) struct Elements {
    open: Vec<(LocalName, Look)>,
    count: HashMap<LocalName, u32>,
}

impl Elements {
    /// How what comes now looks.
    pub(crate) fn look(&self) -> Look {
        self.open.last().map(|(_, look)| *look).unwrap_or_default()
    }

    pub(crate) fn is_hidden(&self) -> bool {
        self.look().is_hidden()
    }

    /// A start tag that leaves an element of the same kind ends it first.
    pub(crate) fn end_implied(&mut self, name: &LocalName, is_block: bool) {
        match &**name {
            "li" => self.end_near(&["li"], &["ul", "ol"]),
            "dt" | "dd" => self.end_near(&["dt", "dd"], &["dl"]),
            "option" => self.end_near(&["option"], &["select"]),
            "td" | "th" => self.end_near(&["td", "th"], &["tr", "table"]),
            "tr" | "tbody" | "thead" | "tfoot" => self.end_near(&["tr"], &["table"]),
            _ => {}
        }
        if is_block {
            self.end_near(&["p"], &["td", "th", "table", "div", "button", "li"]);
        }
    }

    pub(crate) fn begin(&mut self, name: LocalName, look: Look) {
        *self.count.entry(name.clone()).or_default() += 1;
        self.open.push((name, look));
    }

    pub(crate) fn end(&mut self, name: &LocalName) {
        if self.count.get(name).is_none_or(|&count| count == 0) {
            return;
        }
        while let Some(ended) = self.pop() {
            if ended == *name {
                return;
            }
        }
    }

    fn pop(&mut self) -> Option<LocalName> {
        let (name, _) = self.open.pop()?;
        if let Some(count) = self.count.get_mut(&name) {
            *count = count.saturating_sub(1);
        }
        Some(name)
    }

    fn end_near(&mut self, names: &[&str], borders: &[&str]) {
        let near = self.open.iter().rev().take(NEAR);
        let found =
            near.take_while(|(open, _)| !borders.contains(&&**open)).position(|(open, _)| names.contains(&&**open));
        for _ in 0..found.map_or(0, |below| below + 1) {
            self.pop();
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ends_are_found_where_they_are_left_out() {
        let hide = Look { hidden: true, ..Look::default() };
        let mut elements = Elements::default();
        elements.begin("p".into(), hide);
        elements.begin("b".into(), hide);
        elements.end_implied(&"p".into(), true);
        assert!(!elements.is_hidden());
        elements.begin("div".into(), hide);
        elements.begin("span".into(), hide);
        elements.end(&"i".into());
        assert!(elements.is_hidden());
        elements.end(&"div".into());
        assert!(!elements.is_hidden());
    }
}
