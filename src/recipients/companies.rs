//! Which organisations a mail names, and which of its recipients belong to them.
//!
//! In: a name or a text, partners.toml, and what the history learned of names at the head of letters. Out: a [`Company`],
//! and whether a recipient is of it ([`Fit`]). An unknown domain contradicts no name: an organisation has more domains
//! than partners.toml lists, so only a partner of another name, or a domain that we often write to under another name,
//! does. Deliberately absent: names that nobody told us of.

use std::collections::HashSet;

use unicode_normalization::UnicodeNormalization;

use super::{
    Facts, Partner, Relation, Standing,
    domain::{Domain, is_within, normalized},
    facts::To,
    person::Fit,
};
use crate::inspect::detect::organizations::{self, Said};

/// An organisation that we know by name.
#[derive(Debug, Clone)]
pub(super) enum Company<'a> {
    /// Ourselves.
    Own,
    /// One of partners.toml, and the other domains to which letters to it went.
    Partner(&'a Partner, HashSet<String>),
    /// One at the head of letters that went out, and the domains that they went to.
    Learned {
        /// Its folded name.
        name: String,
        /// The registered ones.
        domains: HashSet<String>,
    },
}

/// After so many mails a domain is one that we often write to.
const OFTEN: f32 = 3.0;
/// After so many mails a name is learned.
const LEARNED: f32 = 1.5;
/// Before the name of an organisation in the history, so that it is no person's.
const MARK: char = '㈱';

/// What the history calls an organisation.
pub(super) fn key(folded: &str) -> String {
    format!("{MARK}{folded}")
}

impl<'a> Company<'a> {
    /// The one of this name, as it is written.
    pub(super) fn named(facts: &Facts<'a>, written: &str) -> Option<Self> {
        Self::folded(facts, &organizations::folded(written))
    }

    /// The one of this folded name.
    pub(super) fn folded(facts: &Facts<'a>, name: &str) -> Option<Self> {
        let own = facts.own_name.as_str();
        if !own.is_empty() && (name == own || (own.chars().count() >= 3 && name.starts_with(own))) {
            return Some(Self::Own);
        }
        if let Some(partner) = facts.partners.of_name(name) {
            return Some(Self::partner(facts, partner));
        }
        let (domains, weight) = learned(facts, name);
        (weight >= LEARNED && domains.len() <= 3).then(|| Self::Learned { name: name.to_owned(), domains })
    }

    /// A partner.
    pub(super) fn partner(facts: &Facts<'a>, partner: &'a Partner) -> Self {
        Self::Partner(partner, partner.folded.iter().flat_map(|name| learned(facts, name).0).collect())
    }

    /// Those that a short text names: a subject, a line, a file's name.
    pub(super) fn in_text(facts: &Facts<'a>, text: &str) -> Vec<(Self, String)> {
        Self::in_letters(facts, text, &Letters::new(text))
    }

    /// The same of a text whose letters are known.
    pub(super) fn in_letters(facts: &Facts<'a>, text: &str, letters: &Letters) -> Vec<(Self, String)> {
        let mut found: Vec<(Self, String)> = Vec::new();
        for (partner, range) in facts.partners.named_in(&letters.text) {
            if letters.is_whole(&range) {
                let name = letters.text.get(range).unwrap_or_default();
                let mut names = partner.names.iter().zip(&partner.folded);
                let written = names.find(|(_, folded)| *folded == name).map(|(written, _)| written);
                found.push((Self::partner(facts, partner), written.map_or_else(|| name.to_owned(), Clone::clone)));
            }
        }
        for said in organizations::said(text) {
            if let Said::Organization(name, _) = said
                && let Some(company) = Self::folded(facts, &name)
                && !found.iter().any(|(known, _)| known.is(&company))
            {
                found.push((company, name));
            }
        }
        found
    }

    /// Whether both are one.
    pub(super) fn is(&self, other: &Self) -> bool {
        match (self, other) {
            (Self::Own, Self::Own) => true,
            (Self::Partner(a, _), Self::Partner(b, _)) => a.id == b.id,
            (Self::Learned { name: a, .. }, Self::Learned { name: b, .. }) => a == b,
            _ => false,
        }
    }

    /// What tells it from others.
    pub(super) fn id(&self) -> String {
        match self {
            Self::Own => String::new(),
            Self::Partner(partner, _) => format!("partner {}", partner.id),
            Self::Learned { name, .. } => format!("learned {name}"),
        }
    }

    /// Whether a recipient is of it.
    pub(super) fn has(&self, to: &To<'_>) -> Fit {
        let registered = to.domain.registered();
        let is_known = || to.partner.is_some() || to.domain_known >= OFTEN;
        let belongs = match self {
            Self::Own => to.is_internal(),
            Self::Partner(partner, others) => match to.partner {
                Some(own) => own.id == partner.id,
                None => others.contains(registered) || is_called_like(registered, partner),
            },
            Self::Learned { domains, .. } => domains.contains(registered),
        };
        match belongs {
            true => Fit::Yes,
            // The private mailbox of somebody who works there, for all we know.
            false if to.is_private() => Fit::Unknown,
            false if to.standing == Standing::Internal || is_known() => Fit::No,
            false => Fit::Unknown,
        }
    }

    /// The domain to write to.
    pub(super) fn domain(&self) -> Option<String> {
        match self {
            Self::Own => None,
            Self::Partner(partner, _) => partner.domains.first().cloned(),
            Self::Learned { domains, .. } => domains.iter().min().cloned(),
        }
    }

    /// Whether an address, as the history has it, is of it.
    pub(super) fn owns(&self, facts: &Facts<'_>, domain: &str) -> bool {
        match self {
            Self::Own => facts.organization.owns(domain),
            Self::Partner(partner, _) => {
                let domain = normalized(domain);
                partner.domains.iter().any(|own| is_within(&domain, own))
            }
            Self::Learned { domains, .. } => {
                let normal = normalized(domain);
                // Whatever is registered stands at the end.
                domains.iter().any(|own| is_within(&normal, own)) && domains.contains(Domain::new(domain).registered())
            }
        }
    }
}

/// The domains to which letters of this name went, and how many.
fn learned(facts: &Facts<'_>, folded: &str) -> (HashSet<String>, f32) {
    let key = key(folded);
    let (mut domains, mut weight) = (HashSet::new(), 0.0);
    for (address, times) in facts.history.of(Relation::Greeted, &key, facts.today) {
        if let Some((_, domain)) = address.rsplit_once('@') {
            domains.insert(Domain::new(domain).registered().to_owned());
            weight += times;
        }
    }
    (domains, weight)
}

/// Whether a domain is called like a partner: minamitrading.example.
fn is_called_like(registered: &str, partner: &Partner) -> bool {
    let label = registered.split('.').next().unwrap_or_default().replace('-', "");
    partner.folded.iter().any(|name| name.is_ascii() && name.len() >= 4 && label.contains(name.as_str()))
}

/// A text of which nothing but letters and digits is left, in small letters, and where something else stood.
pub(super) struct Letters {
    pub(super) text: String,
    /// For each byte whether something else stood before it.
    apart: Vec<bool>,
}

impl Letters {
    pub(super) fn new(text: &str) -> Self {
        // Most texts need no folding of width, and every mail has some lines.
        if text
            .chars()
            .all(|c| c.is_ascii() || matches!(c, 'ぁ'..='ゖ' | 'ァ'..='ヺ' | 'ー' | '、' | '。' | '一'..='鿿'))
        {
            return Self::of(text.chars().map(|c| c.to_ascii_lowercase()), text.len());
        }
        Self::of(text.nfkc().flat_map(char::to_lowercase), text.len())
    }

    fn of(text: impl Iterator<Item = char>, length: usize) -> Self {
        let (mut letters, mut apart, mut was_other) = (String::with_capacity(length), Vec::with_capacity(length), true);
        for c in text {
            if c.is_alphanumeric() {
                letters.push(c);
                apart.resize(letters.len(), was_other);
                was_other = false;
            } else {
                was_other = true;
            }
        }
        apart.push(true);
        Self { text: letters, apart }
    }

    /// Whether a name is not a part of a longer word.
    fn is_whole(&self, range: &std::ops::Range<usize>) -> bool {
        let apart = |at: usize| self.apart.get(at).copied().unwrap_or(true);
        let (name, before, after) = (
            self.text.get(range.clone()).unwrap_or_default(),
            self.text.get(..range.start).unwrap_or_default(),
            self.text.get(range.end..).unwrap_or_default(),
        );
        // Corporate forms and who is addressed may stand close by.
        let front = ["株式会社", "有限会社", "合同会社", "株", "有"].iter().any(|form| before.ends_with(form));
        let back = ["株式会社", "有限会社", "株", "様", "御中", "殿", "向", "宛", "社", "各位", "さま"]
            .iter()
            .any(|word| after.starts_with(word));
        let joins = |a: Option<char>, b: Option<char>| matches!((a, b), (Some(a), Some(b)) if kind(a) == kind(b));
        let starts = apart(range.start) || front || !joins(before.chars().next_back(), name.chars().next());
        let ends = apart(range.end) || back || !joins(name.chars().next_back(), after.chars().next());
        starts && ends
    }
}

/// Characters of one kind make a word.
fn kind(c: char) -> u8 {
    match c {
        'ぁ'..='ゖ' => 0,
        'ァ'..='ヺ' | 'ー' => 1,
        c if c.is_ascii() => 2,
        _ => 3,
    }
}
