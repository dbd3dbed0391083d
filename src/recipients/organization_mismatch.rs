//! `organization_mismatch`: the mail names another organisation than the one that it goes to.
//!
//! In: subject, salutation, names of files, and what the worker heard of organisations in the content
//! (`Letter::organizations`). Out: a mismatch where an organisation that we know by name is named where the addressee
//! stands (the subject, the salutation, the name of a file, `… 御中` in a document, or most rows of its tables), the
//! recipient is known to be of another, and its own is named nowhere; a match where its own is named. Our own name counts for nobody. Whoever is
//! greeted by name may be written to about somebody else, so the subject alone is no mistake then.
//! Deliberately absent: what a text says about others in passing.

use super::{
    Check, Facts, Issue,
    companies::Company,
    facts::To,
    meant::meant,
    opinion::Opinion,
    person::Fit,
    salutation_mismatch::{Greetings, shown},
};

/// Fewer names in rows are no list of anybody's.
const ROWS: u32 = 5;

/// Where a name stands, the most telling first.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Source {
    Salutation,
    Addressed,
    File,
    Subject,
    Rows,
    /// Somewhere; that speaks for a recipient, and against nobody.
    Elsewhere,
}

struct Named<'a> {
    company: Company<'a>,
    name: String,
    source: Source,
    /// What the evidence says of it.
    place: String,
    /// Whether somebody of it gets the mail.
    gets_it: bool,
}

/// Every organisation that the mail names and that we know.
pub(super) struct Organizations<'a> {
    facts: &'a Facts<'a>,
    named: Vec<Named<'a>>,
}

impl<'a> Organizations<'a> {
    pub(super) fn new(facts: &'a Facts<'a>, greetings: &Greetings<'a>) -> Self {
        let mut all = Self { facts, named: Vec::new() };
        for (company, name) in greetings.companies() {
            all.add(company.clone(), name.to_owned(), Source::Salutation, "body".to_owned());
        }
        for (company, name) in Company::in_text(facts, &facts.subject) {
            all.add(company, name, Source::Subject, "Subject".to_owned());
        }
        for file in &facts.letter.files {
            for (company, name) in Company::in_text(facts, &file.name) {
                all.add(company, name, Source::File, file.shown.clone());
            }
        }
        for (company, name) in greetings.named() {
            all.add(company.clone(), name.clone(), Source::Elsewhere, "body".to_owned());
        }
        all.mentions();
        for named in &mut all.named {
            named.gets_it = facts.recipients.iter().any(|to| named.company.has(to) == Fit::Yes);
        }
        all
    }

    fn add(&mut self, company: Company<'a>, name: String, source: Source, place: String) {
        if !matches!(company, Company::Own) {
            self.named.push(Named { company, name, source, place, gets_it: false });
        }
    }

    fn mentions(&mut self) {
        let facts = self.facts;
        let known = facts.letter.organizations.iter().filter_map(|mention| {
            Some((mention, company_of(facts, &mention.name)?)).filter(|(_, company)| !matches!(company, Company::Own))
        });
        let known: Vec<_> = known.collect();
        let rows: u32 = facts.letter.organizations.iter().map(|mention| mention.rows).sum();
        for (mention, company) in known {
            let source = if mention.addressed > 0 && mention.place != "body" {
                Source::Addressed
            } else if mention.rows >= ROWS && mention.rows > rows / 2 {
                Source::Rows
            } else {
                Source::Elsewhere
            };
            self.add(company, mention.name.clone(), source, format!("{} ×{}", mention.place, mention.count));
        }
    }

    /// What the names say about a recipient; `greeted` is whether the letter greets this person.
    pub(super) fn check(&self, to: &To<'_>, greeted: bool, greetings: &Greetings<'a>) -> Opinion {
        if self.named.iter().any(|named| named.company.has(to) == Fit::Yes) {
            return Opinion::Match;
        }
        let speaks = |named: &&Named<'_>| {
            named.source != Source::Elsewhere
                && !(greeted && named.source == Source::Subject)
                && !named.gets_it
                && named.company.has(to) == Fit::No
        };
        let against = self.named.iter().filter(speaks).min_by_key(|named| named.source);
        against.map_or(Opinion::Unknown, |named| Opinion::Mismatch(self.issue(named, to, greetings)))
    }

    fn issue(&self, named: &Named<'a>, to: &To<'_>, greetings: &Greetings<'a>) -> Issue {
        let Named { company, name, source, place, .. } = named;
        let (ja, en) = match source {
            Source::Salutation => ("宛名", "The salutation"),
            Source::Addressed => ("文書の宛名", "A document"),
            Source::File => ("ファイル名", "The name of a file"),
            Source::Subject => ("件名", "The subject"),
            Source::Rows | Source::Elsewhere => ("表の大半の行", "Most rows of a table"),
        };
        let ja = format!("{ja}にある会社名「{name}」は、この宛先（{}）の会社ではありません。", to.domain.text);
        let en = format!("{en} names “{name}”, and {} is not an address of that organization.", to.canonical);
        let issue = Issue::new(Check::OrganizationMismatch, format!("{place}: {name} ≠ {}", shown(to)), ja, en);
        let person = greetings.person();
        let address = meant(self.facts, person, Some(company), to)
            .filter(|address| address.rsplit_once('@').is_none_or(|(_, domain)| company.owns(self.facts, domain)));
        match address.or_else(|| meant(self.facts, None, Some(company), to)) {
            Some(address) => issue.meaning(address),
            None => issue,
        }
    }
}

/// The organisation of a mention; the worker cuts names at the words around them, so one may stand at either end.
fn company_of<'a>(facts: &Facts<'a>, name: &str) -> Option<Company<'a>> {
    Company::folded(facts, name).or_else(|| {
        let at_an_end =
            |folded: &str| folded.chars().count() >= 4 && (name.starts_with(folded) || name.ends_with(folded));
        let mut found = Company::in_text(facts, name).into_iter();
        found
            .find(|(_, written)| at_an_end(&crate::inspect::detect::organizations::folded(written)))
            .map(|(company, _)| company)
    })
}

#[cfg(test)]
mod tests;
