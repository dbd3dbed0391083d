//! Why a hit is one, and why it is as sure as it is.
//!
//! In: what detection noticed of a hit that is shown. Out: [`Why`], whose JSON form stands beside each example of `scan
//! --json`. The words in it are those of rules: patterns by their number, context words and headers as the rule writes
//! them. Deliberately absent: anything of the mail itself, and sentences for people (`notice::why`).

use serde::{Deserialize, Serialize};

/// Why there is a hit.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Why {
    /// What pointed to it.
    #[serde(flatten)]
    pub by: By,
    /// What its check proved; nothing where the form is all that is asked for.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub validation: Option<Validation>,
    /// What speaks for it.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub raised: Vec<Raised>,
    /// What kept it from being surer.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub lowered: Vec<Lowered>,
}

impl Why {
    /// A reason that needs no more words.
    pub fn plain(by: By, validation: Validation) -> Self {
        Self { by, validation: Some(validation), raised: Vec::new(), lowered: Vec::new() }
    }
}

/// What pointed to a hit.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "by", rename_all = "snake_case")]
pub enum By {
    /// A pattern of the detector.
    Pattern {
        /// Which of those that its rule lists, from 1.
        pattern: usize,
    },
    /// A word of the list that the detector's rule names.
    Dictionary {
        /// The list's name.
        dictionary: String,
    },
    /// The column of a table that it stands in.
    Column,
    /// The label of a form that it stands beside.
    Label,
    /// A name that nothing announces: it stands where names stand.
    Position,
    /// A row of one of the organisation's own tables.
    Table,
    /// Passages of a document that the organisation registered.
    Document,
    /// A sentence that tells a password.
    Statement,
}

/// What a check proves.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Validation {
    /// The check digit is right.
    CheckDigit,
    /// The parts are of the right form: length, letters, ranges.
    Structure,
    /// A number that the country's numbering plan gives out.
    NumberingPlan,
    /// A postal area in use.
    PostalArea,
    /// A municipality that there is, and a block in it.
    Places,
    /// Surname and given name are in the dictionaries, or one of them is and something announces it.
    Names,
    /// A day on which somebody alive can be born.
    Calendar,
    /// It looks drawn by lot.
    Randomness,
    /// It is no placeholder.
    Secret,
    /// It stands for itself and not in a sentence.
    Standing,
    /// The keyed hash is in the organisation's index.
    ExactMatch,
}

/// What speaks for a hit.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "by", rename_all = "snake_case")]
pub enum Raised {
    /// A context word of the rule stands near.
    Context {
        /// The word.
        word: String,
        /// So many characters lie between them.
        distance: usize,
        /// Whether the word stands behind the value.
        #[serde(default, skip_serializing_if = "std::ops::Not::not")]
        after: bool,
    },
    /// The header of its column says so.
    Header {
        /// The word of the rule that is in the header.
        word: String,
    },
    /// The label of its form says so.
    Label {
        /// The word of the rule that is in the label.
        word: String,
    },
    /// Most values of its column are of this kind.
    Neighbours,
    /// Too many of its kind have a right check digit for chance.
    Crowd,
    /// A value of a person stands beside the name.
    Beside,
    /// Several names stand one below the other.
    List,
    /// A person stands beside it.
    Person,
    /// Something in the mail, or in one before, is protected by a password.
    Protected,
}

/// What kept a hit from being surer.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "by", rename_all = "snake_case")]
pub enum Lowered {
    /// No context word of the rule is near.
    NoContext,
    /// No header calls the column so.
    NoHeader,
    /// Only the form is right; nothing in it proves it.
    FormOnly,
    /// It looks like a sample of a manual, a word in a sentence, an address inside a network.
    Sample,
}
