//! Conditions that no mail can fulfil, and words in them that mean nothing.
//!
//! In: a condition. Out: why nothing fulfils it, and how to mend it; or nothing. Deliberately absent: one rule beside
//! another (`reach`).

use super::{
    condition::{Condition, Field},
    crowd::Crowd,
    moment::Moment,
    value::{Bounds, Few, Sizes},
    who::{Who, domain},
};
use crate::{inspect::Reportable, recipients::Direction};

impl Condition {
    /// Why no mail at all can fulfil this, if so.
    pub(super) fn contradiction(&self) -> Option<String> {
        self.bounds()
            .or_else(|| self.empty_lists())
            .or_else(|| self.of_recipients())
            .or_else(|| self.of_mail())
            .or_else(|| self.groups())
    }

    fn bounds(&self) -> Option<String> {
        let bounded = [
            ("persons", self.persons),
            ("visible_persons", self.visible_persons),
            ("hidden_persons", self.hidden_persons),
            ("quoted_persons", self.quoted_persons),
            ("coverage", self.coverage),
            ("count", self.count),
            ("recipients.count", self.recipients.as_ref().and_then(|crowd| crowd.count)),
            ("attachments.count", self.attachments.as_ref().and_then(|crowd| crowd.count)),
        ];
        for (name, bounds) in bounded {
            let (min, max) =
                bounds.map_or((0, u32::MAX), |Bounds { min, max }| (min.unwrap_or(0), max.unwrap_or(u32::MAX)));
            if min > max {
                return Some(format!("{name}.min = {min} is more than {name}.max = {max}; exchange them"));
            }
        }
        if self.count.is_some_and(|bounds| bounds.max == Some(0)) {
            return Some("count.max = 0 asks for findings and for none of them; leave count out".to_owned());
        }
        if self.coverage.and_then(|bounds| bounds.min).is_some_and(|min| min > 100) {
            return Some("coverage is of a hundred parts; write at most 100".to_owned());
        }
        let size = self.size.is_some_and(Sizes::is_none);
        let files = self.attachments.iter().flat_map(Crowd::each);
        if size || files.filter_map(|file| file.size).any(Sizes::is_none) {
            return Some("size.min is more than size.max; exchange them".to_owned());
        }
        None
    }

    fn empty_lists(&self) -> Option<String> {
        let whos = self.recipient.iter().chain(self.recipients.iter().flat_map(Crowd::each));
        let in_whos = whos.flat_map(|who| {
            [
                ("standing", who.standing.as_ref().is_some_and(Vec::is_empty)),
                ("partner", who.partner.as_ref().is_some_and(Few::is_empty)),
                ("addresses", who.addresses.as_ref().is_some_and(Vec::is_empty)),
                ("domains", who.domains.as_ref().is_some_and(Vec::is_empty)),
                ("lists", who.lists.as_ref().is_some_and(Vec::is_empty)),
                ("seen", who.seen.as_ref().is_some_and(Vec::is_empty)),
                ("issues", who.issues.as_ref().is_some_and(Vec::is_empty)),
            ]
        });
        let in_senders = self.sender.iter().flat_map(|sender| {
            [
                ("addresses", sender.addresses.as_ref().is_some_and(Vec::is_empty)),
                ("domains", sender.domains.as_ref().is_some_and(Vec::is_empty)),
                ("lists", sender.lists.as_ref().is_some_and(Vec::is_empty)),
            ]
        });
        let files = self.attachments.iter().flat_map(Crowd::each);
        let in_files = files.flat_map(|file| {
            [
                ("types", file.types.as_ref().is_some_and(Vec::is_empty)),
                ("names", file.names.as_ref().is_some_and(Vec::is_empty)),
            ]
        });
        let own = [
            ("categories", self.categories.as_ref().is_some_and(Vec::is_empty)),
            ("detectors", self.detectors.as_ref().is_some_and(Vec::is_empty)),
            ("issues", self.issues.as_ref().is_some_and(Vec::is_empty)),
            ("uninspected", self.uninspected.as_ref().is_some_and(Few::is_empty)),
            ("reportable", self.reportable.as_ref().is_some_and(Few::is_empty)),
            ("labels", self.labels.as_ref().is_some_and(Few::is_empty)),
            ("days", self.time.as_ref().and_then(|time| time.days.as_ref()).is_some_and(Vec::is_empty)),
            ("all", self.all.as_ref().is_some_and(Vec::is_empty)),
            ("any", self.any.as_ref().is_some_and(Vec::is_empty)),
            ("none", self.none.as_ref().is_some_and(Vec::is_empty)),
        ];
        let empty = own.into_iter().chain(in_whos).chain(in_senders).chain(in_files).find(|(_, empty)| *empty)?;
        Some(format!("the list {} is empty; name something in it or leave it out", empty.0))
    }

    fn of_recipients(&self) -> Option<String> {
        let issues = |who: &Who| who.issues.is_some();
        let inside = |who: &Who| who.direction == Some(Direction::Internal);
        if (self.direction == Some(Direction::Internal)
            && (self.issues.is_some() || self.recipient.as_ref().is_some_and(issues)))
            || self.recipient.as_ref().is_some_and(|who| inside(who) && (issues(who) || self.issues.is_some()))
        {
            return Some("only external recipients have issues; drop direction = \"internal\"".to_owned());
        }
        let own = self.recipient.as_ref().and_then(|who| who.direction);
        if self.direction.zip(own).is_some_and(|(one, other)| one != other) {
            return Some("direction and recipient.direction contradict each other; keep one".to_owned());
        }
        let whos = self.recipients.iter().flat_map(Crowd::each).chain(&self.recipient);
        let domains = whos.flat_map(|who| who.domains.iter().flatten());
        let domains = domains.chain(self.sender.iter().flat_map(|sender| sender.domains.iter().flatten()));
        if let Some(why) = domains.map(|text| domain(text)).find_map(Result::err) {
            return Some(why);
        }
        self.recipients.as_ref().and_then(|crowd| crowd.contradiction("recipients"))
    }

    fn of_mail(&self) -> Option<String> {
        if self.time.as_ref().is_some_and(Moment::asks_nothing) {
            return Some("time asks for nothing; write days, between or business_hours".to_owned());
        }
        let only_over_1000 = matches!(
            &self.reportable, Some(Few::These(list)) if list.iter().all(|r| *r == Reportable::Over1000)
        );
        if only_over_1000 && self.persons.and_then(|bounds| bounds.max).is_some_and(|max| max <= 1_000) {
            return Some("reportable over_1000 needs more people than persons.max allows; raise or drop it".to_owned());
        }
        self.header
            .as_ref()
            .and_then(Field::contradiction)
            .or_else(|| self.attachments.as_ref().and_then(|crowd| crowd.contradiction("attachments")))
    }

    fn groups(&self) -> Option<String> {
        let groups = [("all", &self.all), ("any", &self.any), ("none", &self.none)];
        for (name, group) in groups {
            for condition in group.iter().flatten() {
                if *condition == Self::default() {
                    return Some(format!("a condition in {name} asks for nothing; say what, or leave it out"));
                }
                if let Some(why) = condition.contradiction() {
                    return Some(format!("in {name}: {why}"));
                }
            }
        }
        None
    }
}

impl Field {
    fn contradiction(&self) -> Option<String> {
        let asks = self.contains.is_some() || self.matches.is_some();
        if self.name.trim().is_empty() || self.name.contains(':') {
            return Some("header.name is no field name; write it as in \"X-Mailer\"".to_owned());
        }
        if self.contains.as_ref().is_some_and(|words| words.iter().all(String::is_empty)) {
            return Some("the list contains is empty; name something in it or leave it out".to_owned());
        }
        match (self.present, asks) {
            (None, false) => Some("header asks for nothing; write contains, matches or present".to_owned()),
            (Some(false), true) => {
                Some("a field that is not present contains nothing; drop present = false".to_owned())
            }
            _ => None,
        }
    }
}
