//! Which elements are open, from tags alone.
//!
//! In: start and end tags. Out: whether what comes now is seen. Pages leave end tags out, so a paragraph, a list item, a
//! row and a cell end where the next one starts; an end tag ends everything inside its element, and one that ends
//! nothing is passed over. Deliberately absent: the rest of the rules of a tree; a tree is what makes deep pages slow.

use std::collections::HashMap;

use html5ever::LocalName;

/// How far below the top an element is looked for that a start tag ends.
const NEAR: usize = 64;

/// What an element does to what is in it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(crate) struct Look {
    pub(crate) hidden: bool,
    /// Has a background of its own.
    pub(crate) backed: bool,
}

/// The open elements, the innermost last.
#[derive(Default)]
pub(crate) struct Elements {
    open: Vec<(LocalName, Look)>,
    count: HashMap<LocalName, u32>,
    hidden: u32,
    backed: u32,
}

impl Elements {
    /// How many of the open elements hide what is in them.
    pub(crate) fn hidden(&self) -> u32 {
        self.hidden
    }

    /// Whether there is a background behind what comes.
    pub(crate) fn is_backed(&self) -> bool {
        self.backed > 0
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
        self.hidden += u32::from(look.hidden);
        self.backed += u32::from(look.backed);
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
        let (name, look) = self.open.pop()?;
        if let Some(count) = self.count.get_mut(&name) {
            *count = count.saturating_sub(1);
        }
        self.hidden -= u32::from(look.hidden);
        self.backed -= u32::from(look.backed);
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
        let hide = Look { hidden: true, backed: false };
        let mut elements = Elements::default();
        elements.begin("p".into(), hide);
        elements.begin("b".into(), Look::default());
        elements.end_implied(&"p".into(), true);
        assert_eq!(elements.hidden(), 0);
        elements.begin("div".into(), hide);
        elements.begin("span".into(), hide);
        elements.end(&"i".into());
        assert_eq!(elements.hidden(), 2);
        elements.end(&"div".into());
        assert_eq!(elements.hidden(), 0);
    }
}
