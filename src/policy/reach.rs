//! Rules that can never decide, because another one always does.
//!
//! In: compiled [`Policies`]. Out: warnings with the place of the rule; such a rule is harmless, but whoever wrote it
//! expects something of it. One condition lies within another if every key of the wider one is in the narrower one, as
//! narrow or narrower; where that cannot be seen from the keys, no warning is given.
//! Deliberately absent: proofs. A rule without a warning may be unreachable all the same.

use super::{
    Mode,
    compile::{Compiled, Policies},
    condition::{Condition, names_it},
    rule::{IfUnknown, Rule},
    value::{Bounds, Few},
};
use crate::inspect::RuleError;

impl Policies {
    /// What is odd about the rules as a whole, though they can be used.
    pub fn warnings(&self) -> Vec<RuleError> {
        let mut warnings = Vec::new();
        for (number, Compiled { rule, place, .. }) in self.rules.iter().enumerate() {
            let more_severe = self.rules.iter().find(|Compiled { rule: other, .. }| {
                other.action > rule.action && other.mode == Mode::Enforce && other.holds_where(rule)
            });
            let twin = self.rules.iter().take(number).find(|Compiled { rule: other, .. }| {
                (other.action, &other.when, &other.unless, other.mode)
                    == (rule.action, &rule.when, &rule.unless, rule.mode)
            });
            let message = match (more_severe, twin) {
                // It still tags subjects, hides recipients, adds fields.
                (Some(_), _) if !rule.orders.edits.is_empty() => continue,
                (Some(Compiled { rule: other, place, .. }), _) => format!(
                    "rule `{}` can never decide: wherever it matches, `{}` ({place}) matches too and asks for {}; \
                     narrow that one or drop this one",
                    rule.id, other.id, other.action
                ),
                (None, Some(Compiled { rule: other, place, .. })) => {
                    format!("rule `{}` says the same as `{}` ({place}); drop one of them", rule.id, other.id)
                }
                (None, None) if self.settings.default > rule.action && rule.orders.edits.is_empty() => format!(
                    "rule `{}` can never decide: policy.default asks for {} already; drop it or make it more severe",
                    rule.id, self.settings.default
                ),
                (None, None) => continue,
            };
            warnings.push(RuleError { file: place.clone(), message });
        }
        warnings
    }
}

impl Rule {
    /// Whether this rule matches wherever `other` does.
    fn holds_where(&self, other: &Self) -> bool {
        let exempts_no_more = match (&self.unless, &other.unless) {
            (None, _) => true,
            (Some(own), Some(others)) => own == others || own.within(others),
            (Some(_), None) => false,
        };
        // What it does with unknown is part of where it matches.
        let certain = other.if_unknown == IfUnknown::Pass || self.if_unknown == IfUnknown::Match;
        exempts_no_more && certain && other.when.within(&self.when)
    }
}

impl Condition {
    /// Whether `wide` holds wherever this does, as far as the keys show.
    fn within(&self, wide: &Self) -> bool {
        let same_or_unasked = self.same_where_asked(wide);
        let numbers = [
            (self.persons, wide.persons),
            (self.visible_persons, wide.visible_persons),
            (self.hidden_persons, wide.hidden_persons),
            (self.quoted_persons, wide.quoted_persons),
            (self.coverage, wide.coverage),
        ];
        let numbers = numbers.iter().all(|(own, wide)| wide.is_none_or(|wide| own.is_some_and(|own| own.within(wide))));
        same_or_unasked
            && numbers
            && narrower(self.uninspected.as_ref(), wide.uninspected.as_ref(), Few::within)
            && narrower(self.reportable.as_ref(), wide.reportable.as_ref(), Few::within)
            && narrower(self.labels.as_ref(), wide.labels.as_ref(), Few::within)
            && narrower(self.issues.as_ref(), wide.issues.as_ref(), |own, wide| own.iter().all(|i| wide.contains(i)))
            && self.finds_within(wide)
            && wide.all.iter().flatten().all(|wide| self.within(wide))
            && wide.any.as_ref().is_none_or(|any| self.any == wide.any || any.iter().any(|wide| self.within(wide)))
            && wide.none.iter().flatten().all(|wide| self.none.iter().flatten().any(|own| own == wide))
    }

    /// What is compared as a whole.
    fn same_where_asked(&self, wide: &Self) -> bool {
        fn same<T: PartialEq>(own: &Option<T>, wide: &Option<T>) -> bool {
            wide.is_none() || own == wide
        }
        same(&self.direction, &wide.direction)
            && same(&self.sender, &wide.sender)
            && same(&self.recipient, &wide.recipient)
            && same(&self.recipients, &wide.recipients)
            && same(&self.attachments, &wide.attachments)
            && same(&self.size, &wide.size)
            && same(&self.time, &wide.time)
            && same(&self.header, &wide.header)
            && same(&self.within_partner_scope, &wide.within_partner_scope)
    }

    fn finds_within(&self, wide: &Self) -> bool {
        if !wide.asks_for_findings() {
            return true;
        }
        let same = (&self.categories, &self.detectors, self.confidence)
            == (&wide.categories, &wide.detectors, wide.confidence);
        let least = |condition: &Self| {
            let Bounds { min, max } = condition.count.unwrap_or_default();
            Bounds { min: Some(min.unwrap_or(1)), max }
        };
        // Fewer kinds of findings may be fewer than a limit that all kinds pass.
        self.asks_for_findings()
            && (same || wide.count.and_then(|count| count.max).is_none())
            && least(self).within(least(wide))
            && narrower(self.categories.as_ref(), wide.categories.as_ref(), |own, wide| {
                own.iter().all(|c| wide.contains(c))
            })
            && narrower(self.detectors.as_ref(), wide.detectors.as_ref(), |own, wide| {
                own.iter().all(|name| wide.iter().any(|wide| names_it(wide, name)))
            })
            && wide.confidence.is_none_or(|wide| self.confidence.is_some_and(|own| own >= wide))
    }
}

fn narrower<T>(own: Option<&T>, wide: Option<&T>, within: impl Fn(&T, &T) -> bool) -> bool {
    wide.is_none_or(|wide| own.is_some_and(|own| within(own, wide)))
}
