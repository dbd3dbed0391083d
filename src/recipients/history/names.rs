//! Each text once: addresses, domains and names stand in many counters.
//!
//! In: a text. Out: its number, and back. A number is free again once nothing uses it.

use std::{collections::HashMap, sync::Arc};

#[derive(Debug, Default)]
pub(super) struct Names {
    texts: Vec<Option<Arc<str>>>,
    numbers: HashMap<Arc<str>, u32>,
    free: Vec<u32>,
}

impl Names {
    /// The number of a text, a new one if it has none.
    pub(super) fn add(&mut self, text: &str) -> u32 {
        if let Some(number) = self.number(text) {
            return number;
        }
        let text: Arc<str> = Arc::from(text);
        let number = self.free.pop().unwrap_or_else(|| {
            self.texts.push(None);
            // Memory ends long before the numbers do.
            u32::try_from(self.texts.len() - 1).unwrap_or(u32::MAX)
        });
        if let Some(place) = self.texts.get_mut(number as usize) {
            *place = Some(Arc::clone(&text));
        }
        self.numbers.insert(text, number);
        number
    }

    /// The number of a text, if it has one.
    pub(super) fn number(&self, text: &str) -> Option<u32> {
        self.numbers.get(text).copied()
    }

    /// The text of a number.
    pub(super) fn text(&self, number: u32) -> Option<&str> {
        self.texts.get(number as usize)?.as_deref()
    }

    /// Forgets every text whose number is not among these.
    pub(super) fn keep(&mut self, used: impl Iterator<Item = u32>) {
        let mut is_used = vec![false; self.texts.len()];
        for number in used {
            if let Some(is_used) = is_used.get_mut(number as usize) {
                *is_used = true;
            }
        }
        for ((number, text), is_used) in (0u32..).zip(&mut self.texts).zip(is_used) {
            if !is_used && let Some(text) = text.take() {
                self.numbers.remove(&text);
                self.free.push(number);
            }
        }
    }
}
