//! A notice before it is mail: titled blocks that are rendered twice, as text and as HTML, and so cannot disagree.

/// One notice's content.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub(super) struct Page {
    /// The subject.
    pub(super) subject: String,
    /// In order.
    pub(super) blocks: Vec<Block>,
}

/// A piece of content.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Block {
    /// Running text.
    Para(String),
}

impl Page {
    /// As plain text.
    pub(super) fn text(&self) -> String {
        self.blocks.iter().map(|Block::Para(text)| format!("{text}\n\n")).collect()
    }
}
