//! One policy rule: what is written in TOML, and whether it matches.
//!
//! In: one `[[policy]]` table. Out: a checked [`Rule`], or what is wrong with it: no examples, contradicting bounds,
//! a list that nothing can be in. Every condition that is given must hold; within a list one is enough.
//! Deliberately absent: which rule wins (`compile`), and negation of findings; a rule can only add a reason to stop.

use std::{fmt, marker::PhantomData};

use serde::{
    Deserialize, Deserializer,
    de::{self, SeqAccess, Unexpected, Visitor, value::SeqAccessDeserializer},
};

use super::{Action, example::Example};
use crate::{
    inspect::{Category, Confidence, Finding, Inspection, Reason, Reportable},
    language::Text,
    recipients::{Check, Direction, Recipient},
};

/// What an organisation may not call its own rule: the reason that `policy.default` gives.
pub(super) const DEFAULT_ID: &str = "default";

/// A rule that can decide.
#[derive(Debug, Clone)]
pub(super) struct Rule {
    pub(super) id: String,
    pub(super) title: Text,
    pub(super) action: Action,
    pub(super) when: When,
    pub(super) unless: Unless,
    pub(super) must_match: Vec<Example>,
    pub(super) must_not_match: Vec<Example>,
}

/// `[[policy]]` as it is written.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct RawRule {
    pub(super) id: String,
    #[serde(default = "yes")]
    pub(super) enabled: bool,
    title: Option<Text>,
    action: Option<Action>,
    #[serde(default)]
    when: When,
    #[serde(default)]
    unless: Unless,
    #[serde(default)]
    must_match: Vec<Example>,
    #[serde(default)]
    must_not_match: Vec<Example>,
}

/// All that must hold.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct When {
    /// Where the recipient is; both if not given.
    direction: Option<Direction>,
    /// Findings of one of these categories …
    categories: Option<Vec<Category>>,
    /// … by one of these detectors (`secret.*` is every detector that starts so) …
    pub(super) detectors: Option<Vec<String>>,
    /// … at least this sure …
    confidence: Option<Confidence>,
    /// … this often in all.
    count: Option<Bounds>,
    /// About how many people the mail is.
    persons: Option<Bounds>,
    /// About how many people whose data stands only where a reader does not see it.
    hidden_persons: Option<Bounds>,
    /// About how many people more in the history of the mail, who are not counted.
    quoted_persons: Option<Bounds>,
    /// How many of a hundred parts were read.
    coverage: Option<Bounds>,
    /// Something was not read, for one of these reasons.
    uninspected: Option<Few<Reason>>,
    /// The recipient has one of these issues.
    issues: Option<Vec<Check>>,
    /// A leak would be reportable under one of these headings.
    reportable: Option<Few<Reportable>>,
}

/// What exempts a recipient from the rule.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Unless {
    /// The recipient is a partner, and the mail stays within what `may_receive` in partners.toml allows.
    #[serde(default)]
    within_partner_scope: bool,
}

/// From `min` to `max`, both included.
#[derive(Debug, Clone, Copy, Default, Deserialize)]
#[serde(deny_unknown_fields)]
struct Bounds {
    min: Option<u32>,
    max: Option<u32>,
}

/// A list, or the word `any`.
#[derive(Debug, Clone)]
enum Few<T> {
    Any,
    These(Vec<T>),
}

impl<'de, T: Deserialize<'de>> Deserialize<'de> for Few<T> {
    /// By hand, because serde's untagged enums forget which word was unknown and where it stands.
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct AnyOrList<T>(PhantomData<T>);

        impl<'de, T: Deserialize<'de>> Visitor<'de> for AnyOrList<T> {
            type Value = Few<T>;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("\"any\" or a list")
            }

            fn visit_str<E: de::Error>(self, word: &str) -> Result<Few<T>, E> {
                if word == "any" { Ok(Few::Any) } else { Err(E::invalid_value(Unexpected::Str(word), &self)) }
            }

            fn visit_seq<A: SeqAccess<'de>>(self, list: A) -> Result<Few<T>, A::Error> {
                Vec::deserialize(SeqAccessDeserializer::new(list)).map(Few::These)
            }
        }

        deserializer.deserialize_any(AnyOrList(PhantomData))
    }
}

impl RawRule {
    /// The checked rule, or what is wrong and how to mend it.
    pub(super) fn check(self) -> Result<Rule, String> {
        let id = &self.id;
        if !is_id(id) {
            return Err(format!("`{id}` is no rule id; use lower-case letters, digits and hyphens"));
        }
        if id == DEFAULT_ID {
            return Err(format!("`{DEFAULT_ID}` is what policy.default is called as a reason; choose another id"));
        }
        let Some(title) = self.title else {
            return Err(format!("rule `{id}` has no title; say in ja and en why it stops a mail"));
        };
        if title.ja.trim().is_empty() || title.en.trim().is_empty() {
            return Err(format!("rule `{id}` has an empty title; say in ja and en why it stops a mail"));
        }
        let Some(action) = self.action else {
            return Err(format!("rule `{id}` has no action; choose delay, hold, require_approval or reject"));
        };
        if action == Action::Forward {
            return Err(format!(
                "rule `{id}` can never decide: `forward` is the mildest action and the most severe wins; narrow the \
                 rule that stops the mail instead"
            ));
        }
        if let Some(why) = self.when.contradiction() {
            return Err(format!("rule `{id}` can never match: {why}"));
        }
        if self.must_match.is_empty() || self.must_not_match.is_empty() {
            return Err(format!(
                "rule `{id}` has no examples of both kinds; add at least one must_match and one must_not_match"
            ));
        }
        let rule = Rule {
            id: self.id,
            title,
            action,
            when: self.when,
            unless: self.unless,
            must_match: self.must_match,
            must_not_match: self.must_not_match,
        };
        rule.run_examples()?;
        Ok(rule)
    }
}

impl Rule {
    /// Whether the rule holds for this recipient of this mail.
    pub(super) fn matches(&self, recipient: &Recipient, inspection: &Inspection) -> bool {
        self.when.holds(recipient, inspection) && !self.unless.exempts(recipient, inspection)
    }

    fn run_examples(&self) -> Result<(), String> {
        for (examples, expected) in [(&self.must_match, true), (&self.must_not_match, false)] {
            for (number, example) in examples.iter().enumerate() {
                let (recipient, inspection) = example.facts();
                if self.matches(&recipient, &inspection) != expected {
                    return Err(format!(
                        "rule `{}`: {} example {} ({}) {}; mend the rule or the example",
                        self.id,
                        if expected { "must_match" } else { "must_not_match" },
                        number + 1,
                        example.what(),
                        if expected { "does not match" } else { "matches" },
                    ));
                }
            }
        }
        Ok(())
    }
}

impl When {
    fn holds(&self, recipient: &Recipient, inspection: &Inspection) -> bool {
        let Self { direction, persons, hidden_persons, quoted_persons, coverage, uninspected, .. } = self;
        let Self { issues, reportable, .. } = self;
        direction.is_none_or(|direction| direction == recipient.direction)
            && persons.is_none_or(|bounds| bounds.contain(inspection.persons))
            && hidden_persons.is_none_or(|bounds| bounds.contain(inspection.hidden_persons))
            && quoted_persons.is_none_or(|bounds| bounds.contain(inspection.quoted_persons))
            && coverage.is_none_or(|bounds| bounds.contain(inspection.coverage.percent()))
            && self.findings_hold(inspection)
            && uninspected.as_ref().is_none_or(|few| inspection.uninspected.iter().any(|part| few.has(&part.reason)))
            && issues.as_ref().is_none_or(|checks| {
                recipient.issues.iter().any(|issue| !issue.learning && checks.contains(&issue.check))
            })
            && reportable.as_ref().is_none_or(|few| inspection.reportable.iter().any(|heading| few.has(heading)))
    }

    fn findings_hold(&self, inspection: &Inspection) -> bool {
        if !self.asks_for_findings() {
            return true;
        }
        let found =
            inspection.findings.iter().filter(|f| self.selects(f)).fold(0u32, |sum, f| sum.saturating_add(f.count));
        found > 0 && self.count.is_none_or(|bounds| bounds.contain(found))
    }

    fn asks_for_findings(&self) -> bool {
        self.categories.is_some() || self.detectors.is_some() || self.confidence.is_some() || self.count.is_some()
    }

    fn selects(&self, finding: &Finding) -> bool {
        self.categories.as_ref().is_none_or(|categories| categories.contains(&finding.category))
            && self.detectors.as_ref().is_none_or(|names| names.iter().any(|name| names_it(name, &finding.detector)))
            && self.confidence.is_none_or(|least| finding.confidence >= least)
    }

    /// Why no mail at all can fulfil this, if so.
    fn contradiction(&self) -> Option<String> {
        let bounded = [
            ("persons", self.persons),
            ("hidden_persons", self.hidden_persons),
            ("quoted_persons", self.quoted_persons),
            ("coverage", self.coverage),
            ("count", self.count),
        ];
        for (name, bounds) in bounded {
            let (min, max) = bounds.map_or((0, u32::MAX), |b| (b.min.unwrap_or(0), b.max.unwrap_or(u32::MAX)));
            if min > max {
                return Some(format!("{name}.min = {min} is more than {name}.max = {max}; exchange them"));
            }
        }
        if self.count.is_some_and(|bounds| bounds.max == Some(0)) {
            return Some("count.max = 0 asks for findings and for none of them; leave count out".to_owned());
        }
        let empty = [
            ("categories", self.categories.as_ref().is_some_and(Vec::is_empty)),
            ("detectors", self.detectors.as_ref().is_some_and(Vec::is_empty)),
            ("issues", self.issues.as_ref().is_some_and(Vec::is_empty)),
            ("uninspected", matches!(&self.uninspected, Some(Few::These(list)) if list.is_empty())),
            ("reportable", matches!(&self.reportable, Some(Few::These(list)) if list.is_empty())),
        ];
        if let Some((name, _)) = empty.into_iter().find(|(_, empty)| *empty) {
            return Some(format!("the list {name} is empty; name something in it or leave it out"));
        }
        if self.direction == Some(Direction::Internal) && self.issues.is_some() {
            return Some("only external recipients have issues; drop direction = \"internal\"".to_owned());
        }
        let only_over_1000 =
            matches!(&self.reportable, Some(Few::These(list)) if list.iter().all(|r| *r == Reportable::Over1000));
        if only_over_1000 && self.persons.and_then(|bounds| bounds.max).is_some_and(|max| max <= 1_000) {
            return Some("reportable over_1000 needs more people than persons.max allows; raise or drop it".to_owned());
        }
        None
    }
}

impl Unless {
    fn exempts(&self, recipient: &Recipient, inspection: &Inspection) -> bool {
        self.within_partner_scope && recipient.may_receive.as_ref().is_some_and(|scope| scope.covers(inspection))
    }
}

impl Bounds {
    fn contain(self, number: u32) -> bool {
        self.min.is_none_or(|min| number >= min) && self.max.is_none_or(|max| number <= max)
    }
}

impl<T: PartialEq> Few<T> {
    fn has(&self, one: &T) -> bool {
        match self {
            Self::Any => true,
            Self::These(list) => list.contains(one),
        }
    }
}

/// Whether a detector name of a rule, possibly ending in `*`, names `detector`.
pub(super) fn names_it(name: &str, detector: &str) -> bool {
    match name.strip_suffix('*') {
        Some(start) => detector.starts_with(start),
        None => name == detector,
    }
}

fn is_id(id: &str) -> bool {
    !id.is_empty() && id.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'-')
}

fn yes() -> bool {
    true
}
