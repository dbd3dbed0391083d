//! A condition: what `when` and `unless` ask, alone and in groups.
//!
//! In: a table of TOML, a [`Mail`], a recipient. Out: a [`Truth`]. Every key that is given must hold; within a list one is
//! enough; `all`, `any` and `none` hold conditions again. What a mail was found to hold is known; what it does not hold is
//! known only if all of it was read: a number that was found may be too low, and nothing found may be something unseen.
//! What is the same for all recipients is asked once a mail ([`Condition::ask`]), since a mail may have a thousand.
//! Deliberately absent: whether a condition makes sense (`contradiction`), and what follows from it (`rule`).

use std::collections::BTreeSet;

use serde::Deserialize;

use super::{
    calendar::Calendar,
    crowd::{Crowd, FileKind},
    mail::{Found, Mail, To},
    moment::Moment,
    truth::Truth,
    value::{Bounds, Few, Pattern, Sizes},
    who::{Lists, Sender, Who, has_issue},
};
use crate::{
    inspect::{Category, Confidence, Reason, Reportable},
    recipients::{Check, Direction},
};

/// All that must hold.
#[derive(Debug, Clone, Default, PartialEq, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub(super) struct Condition {
    /// Where the recipient is; both if not given.
    pub(super) direction: Option<Direction>,
    /// Findings of one of these categories …
    pub(super) categories: Option<Vec<Category>>,
    /// … by one of these detectors (`secret.*` is every detector that starts so) …
    pub(super) detectors: Option<Vec<String>>,
    /// … at least this sure …
    pub(super) confidence: Option<Confidence>,
    /// … this often in all.
    pub(super) count: Option<Bounds>,
    /// About how many people the mail is.
    pub(super) persons: Option<Bounds>,
    /// About how many people whose data a reader sees.
    pub(super) visible_persons: Option<Bounds>,
    /// About how many people whose data stands only where a reader does not see it.
    pub(super) hidden_persons: Option<Bounds>,
    /// About how many more people who stand only in quoted history.
    pub(super) quoted_persons: Option<Bounds>,
    /// How many of a hundred parts were read.
    pub(super) coverage: Option<Bounds>,
    /// Something was not read, for one of these reasons.
    pub(super) uninspected: Option<Few<Reason>>,
    /// The recipient has one of these issues.
    pub(super) issues: Option<Vec<Check>>,
    /// A leak would be reportable under one of these headings.
    pub(super) reportable: Option<Few<Reportable>>,
    /// Who sends it.
    pub(super) sender: Option<Sender>,
    /// Who this recipient is.
    pub(super) recipient: Option<Who>,
    /// Who all recipients are.
    pub(super) recipients: Option<Crowd<Who>>,
    /// What it carries.
    pub(super) attachments: Option<Crowd<FileKind>>,
    /// How large it is.
    pub(super) size: Option<Sizes>,
    /// When it is sent.
    pub(super) time: Option<Moment>,
    /// What a header field says.
    pub(super) header: Option<Field>,
    /// It has one of these sensitivity labels.
    pub(super) labels: Option<Few<String>>,
    /// The recipient is a partner, and what was read stays within what `may_receive` in partners.toml allows.
    pub(super) within_partner_scope: Option<bool>,
    /// Every one of these holds.
    pub(super) all: Option<Vec<Self>>,
    /// One of these holds.
    pub(super) any: Option<Vec<Self>>,
    /// Not one of these holds.
    pub(super) none: Option<Vec<Self>>,
}

/// What a header field says: of several with one name, one is enough.
#[derive(Debug, Clone, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Field {
    pub(super) name: String,
    pub(super) contains: Option<Vec<String>>,
    pub(super) matches: Option<Pattern>,
    pub(super) present: Option<bool>,
}

/// What rules are asked against, beside the mail.
#[derive(Debug, Clone, Default)]
pub(super) struct World {
    pub(super) calendar: Calendar,
    pub(super) lists: Lists,
}

/// A condition of which everything is answered but what differs between recipients.
pub(super) struct Asked<'a> {
    about_mail: Truth,
    condition: &'a Condition,
    lists: &'a Lists,
    all: Vec<Self>,
    any: Option<Vec<Self>>,
    none: Vec<Self>,
}

impl Condition {
    /// Asks what is the same for all recipients.
    pub(super) fn ask<'a>(&'a self, mail: &Mail, world: &'a World) -> Asked<'a> {
        let about_mail = self.about_mail(mail, world);
        // What is false already needs no groups.
        let group = |conditions: &'a Option<Vec<Self>>| -> Vec<Asked<'a>> {
            let conditions = conditions.iter().flatten().filter(|_| about_mail != Truth::False);
            conditions.map(|condition| condition.ask(mail, world)).collect()
        };
        Asked {
            about_mail,
            condition: self,
            lists: &world.lists,
            all: group(&self.all),
            any: self.any.is_some().then(|| group(&self.any)),
            none: group(&self.none),
        }
    }

    /// This condition and those in its groups.
    pub(super) fn walk<'a>(&'a self, visit: &mut dyn FnMut(&'a Self)) {
        visit(self);
        for condition in [&self.all, &self.any, &self.none].into_iter().flatten().flatten() {
            condition.walk(visit);
        }
    }

    /// The header fields that it asks for, in lower case.
    pub(super) fn fields(&self) -> BTreeSet<String> {
        let mut fields = BTreeSet::new();
        self.walk(&mut |condition| fields.extend(condition.header.iter().map(|field| field.name.to_lowercase())));
        fields
    }

    pub(super) fn asks_for_findings(&self) -> bool {
        self.categories.is_some() || self.detectors.is_some() || self.confidence.is_some() || self.count.is_some()
    }

    fn about_mail(&self, mail: &Mail, world: &World) -> Truth {
        let more = mail.may_hold_more();
        let people = |bounds: Option<Bounds>, persons: u32| {
            bounds.map_or(Truth::True, |bounds| bounds.hold(persons, (!more).then_some(persons)))
        };
        let known = self.coverage.is_none_or(|bounds| bounds.contain(mail.coverage))
            && self.uninspected.as_ref().is_none_or(|few| mail.unread.iter().any(|reason| few.has(reason)))
            && self.size.is_none_or(|size| size.contain(mail.size))
            && self.sender.as_ref().is_none_or(|sender| sender.fits(mail.sender.as_ref(), &world.lists));
        if !known {
            return Truth::False;
        }
        let reportable = self.reportable.as_ref().map_or(Truth::True, |few| {
            Truth::from(mail.reportable.iter().any(|heading| few.has(heading))).or_unknown(more)
        });
        Truth::all([
            people(self.persons, mail.persons.total),
            people(self.visible_persons, mail.persons.visible),
            people(self.hidden_persons, mail.persons.hidden),
            people(self.quoted_persons, mail.persons.quoted),
            self.about_findings(mail, more),
            reportable,
            self.time.as_ref().map_or(Truth::True, |moment| moment.hold(mail.at, &world.calendar)),
            self.header.as_ref().map_or(Truth::True, |field| field.hold(mail)),
            self.labels.as_ref().map_or(Truth::True, |few| labelled(few, mail, more)),
            self.attachments.as_ref().map_or(Truth::True, |crowd| carries(crowd, mail)),
            self.recipients
                .as_ref()
                .map_or(Truth::True, |crowd| crowd.hold(&mail.recipients, false, |who, to| who.fits(to, &world.lists))),
        ])
    }

    fn about_findings(&self, mail: &Mail, more: bool) -> Truth {
        if !self.asks_for_findings() {
            return Truth::True;
        }
        let selected = mail.findings.iter().filter(|found| self.selects(found));
        let found = selected.fold(0u32, |sum, found| sum.saturating_add(found.count));
        let Bounds { min, max } = self.count.unwrap_or_default();
        let bounds = Bounds { min: Some(min.unwrap_or(1).max(1)), max };
        bounds.hold(found, (!more).then_some(found))
    }

    fn selects(&self, found: &Found) -> bool {
        self.categories.as_ref().is_none_or(|categories| categories.contains(&found.category))
            && self.detectors.as_ref().is_none_or(|names| names.iter().any(|name| names_it(name, &found.detector)))
            && self.confidence.is_none_or(|least| found.confidence >= least)
    }
}

impl Asked<'_> {
    /// What it comes to for this recipient.
    pub(super) fn of(&self, to: &To) -> Truth {
        let Condition { direction, issues, recipient, within_partner_scope, .. } = self.condition;
        let known = direction.is_none_or(|direction| direction == to.direction())
            && within_partner_scope.is_none_or(|within| within == to.within_scope);
        if self.about_mail == Truth::False || !known {
            return Truth::False;
        }
        let group = |asked: &[Self]| asked.iter().map(|asked| asked.of(to)).collect::<Vec<_>>();
        Truth::all([
            self.about_mail,
            issues.as_ref().map_or(Truth::True, |checks| has_issue(checks, to)),
            recipient.as_ref().map_or(Truth::True, |who| who.fits(to, self.lists)),
            Truth::all(group(&self.all)),
            self.any.as_ref().map_or(Truth::True, |any| Truth::any(group(any))),
            !Truth::any(group(&self.none)),
        ])
    }
}

impl Field {
    fn hold(&self, mail: &Mail) -> Truth {
        let Some(fields) = &mail.headers else { return Truth::Unknown };
        let name = self.name.to_lowercase();
        let mut values = fields.iter().filter(|(field, _)| *field == name).map(|(_, value)| value).peekable();
        if self.present == Some(false) {
            return Truth::from(values.peek().is_none());
        }
        Truth::from(values.any(|value| self.is_in(value)))
    }

    fn is_in(&self, value: &str) -> bool {
        let lower = value.to_lowercase();
        self.contains.as_ref().is_none_or(|words| words.iter().any(|word| lower.contains(&word.to_lowercase())))
            && self.matches.as_ref().is_none_or(|pattern| pattern.is_in(value))
    }
}

fn labelled(few: &Few<String>, mail: &Mail, more: bool) -> Truth {
    let Some(labels) = &mail.labels else { return Truth::Unknown };
    let has = |label: &String| match few {
        Few::Any => true,
        Few::These(list) => list.iter().any(|named| named.to_lowercase() == label.to_lowercase()),
    };
    Truth::from(labels.iter().any(has)).or_unknown(more)
}

fn carries(crowd: &Crowd<FileKind>, mail: &Mail) -> Truth {
    let Some(files) = &mail.attachments else { return Truth::Unknown };
    crowd.hold(files, mail.may_carry_more(), FileKind::fits)
}

/// Whether a detector name of a rule, possibly ending in `*`, names `detector`.
pub(super) fn names_it(name: &str, detector: &str) -> bool {
    match name.strip_suffix('*') {
        Some(start) => detector.starts_with(start),
        None => name == detector,
    }
}
