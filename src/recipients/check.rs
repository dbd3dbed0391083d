//! The checks by name.
//!
//! Deliberately absent: how each of them works; that is its own file's story.

use serde::{Deserialize, Serialize};

use crate::language::Text;

/// Which check raised an issue.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Check {
    /// The domain is almost, but not quite, one that we know.
    LookalikeDomain,
    /// The letter greets somebody else.
    SalutationMismatch,
    /// The letter is about another organisation than the one written to.
    OrganizationMismatch,
    /// The address is not the one that goes with its display name.
    DisplayNameMismatch,
    /// Too many outsiders see each other in To and Cc.
    ExposedRecipients,
    /// The partner receives more, or other people's, data than was agreed.
    DataScope,
    /// Nobody here wrote to this address before.
    FirstContact,
    /// The thread went on without this recipient until now.
    NewToThread,
    /// Somebody else usually gets mail together with the others.
    UnusualRecipient,
    /// A private mailbox of somebody whom we know at another address.
    FreeMail,
}

impl Check {
    /// All that there are.
    pub const ALL: [Self; 10] = [
        Self::LookalikeDomain,
        Self::SalutationMismatch,
        Self::OrganizationMismatch,
        Self::DisplayNameMismatch,
        Self::ExposedRecipients,
        Self::DataScope,
        Self::FirstContact,
        Self::NewToThread,
        Self::UnusualRecipient,
        Self::FreeMail,
    ];

    /// The word for it in rules, journal and API.
    pub fn name(self) -> &'static str {
        match self {
            Self::LookalikeDomain => "lookalike_domain",
            Self::SalutationMismatch => "salutation_mismatch",
            Self::OrganizationMismatch => "organization_mismatch",
            Self::DisplayNameMismatch => "display_name_mismatch",
            Self::ExposedRecipients => "exposed_recipients",
            Self::DataScope => "data_scope",
            Self::FirstContact => "first_contact",
            Self::NewToThread => "new_to_thread",
            Self::UnusualRecipient => "unusual_recipient",
            Self::FreeMail => "free_mail",
        }
    }

    /// How much likelier a mistake makes its issue than a mail without one, in bits. What rests on the history is in
    /// [`Recipient::surprise`](super::Recipient::surprise) already.
    pub fn bits(self) -> f32 {
        match self {
            Self::LookalikeDomain => 20.0,
            Self::SalutationMismatch => 12.0,
            Self::OrganizationMismatch => 10.0,
            Self::DisplayNameMismatch | Self::FreeMail => 4.0,
            Self::FirstContact | Self::ExposedRecipients | Self::DataScope => 1.0,
            Self::NewToThread | Self::UnusualRecipient => 0.0,
        }
    }

    /// What it looks for, in words for people.
    pub fn what(self) -> Text {
        let (ja, en) = match self {
            Self::LookalikeDomain => (
                "知っているドメインによく似た別のドメインです",
                "the domain is almost, but not quite, one that we know",
            ),
            Self::SalutationMismatch => {
                ("本文の宛名が、この宛先の人と違うようです", "the letter greets somebody other than this recipient")
            }
            Self::OrganizationMismatch => (
                "件名・本文・添付にある会社名が、この宛先の会社と違います",
                "subject, text or files name another organisation than the recipient's",
            ),
            Self::DisplayNameMismatch => (
                "表示名の人がいつも使うアドレスと違います",
                "the display name belongs to another address than this one",
            ),
            Self::ExposedRecipients => (
                "多数の社外の宛先が、To・Ccで互いに見えています",
                "many outside recipients see each other in To and Cc",
            ),
            Self::DataScope => (
                "取引先と取り決めた範囲を超えるデータ、または別の取引先のデータです",
                "more data than was agreed with this partner, or data of another one",
            ),
            Self::FirstContact => {
                ("これまで誰も送ったことのない宛先です", "nobody here has written to this address before")
            }
            Self::NewToThread => {
                ("このやり取りに、これまでいなかった宛先です", "this recipient was not part of the thread until now")
            }
            Self::UnusualRecipient => (
                "いつもの組み合わせと違う宛先です。別の人と取り違えたかもしれません",
                "somebody else usually gets mail together with the others; perhaps the wrong one was picked",
            ),
            Self::FreeMail => (
                "知っている人の名前に似た、フリーメールの宛先です",
                "a free-mail address named like somebody whom we know elsewhere",
            ),
        };
        Text { ja: ja.to_owned(), en: en.to_owned() }
    }
}
