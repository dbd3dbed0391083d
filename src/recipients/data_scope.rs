//! `data_scope`: a recipient gets more data than was agreed, or somebody else's.
//!
//! In: what inspection found, `may_receive` of the partner, and whose data it is by the content: names of organisations
//! and mail domains in the rows, and codes in columns of customers' codes against `customer_codes` in partners.toml. Out:
//! a mismatch that names the category or the number that goes beyond the agreement, or the partner whose data most of
//! the rows are; a match where an agreement covers everything. Without personal data and without rows there is nothing
//! to say. Deliberately absent: who may see what inside an organisation.

use super::{
    Check, Facts, Issue, MayReceive, Partner, companies::Company, domain::Domain, facts::To, meant::meant,
    opinion::Opinion, person::Fit, salutation_mismatch::shown,
};
use crate::inspect::{Category, Confidence, detect::organizations};

/// Fewer rows or codes are no list of anybody's.
const ROWS: u32 = 5;
/// Most rows, in per cent; the recipient's own are at most what is left.
const MOST: u32 = 60;
const OWN: u32 = 10;

/// Whose rows these are.
struct Share<'a> {
    company: Company<'a>,
    name: String,
    rows: u32,
}

/// What one kind of sign says about whose data the mail holds.
struct Evidence<'a> {
    /// What was counted, for the detail: names, domains, codes.
    what: &'static str,
    shares: Vec<Share<'a>>,
    all: u32,
}

/// Whose data the mail holds.
pub(super) struct Scope<'a> {
    facts: &'a Facts<'a>,
    evidence: Vec<Evidence<'a>>,
}

impl<'a> Scope<'a> {
    pub(super) fn new(facts: &'a Facts<'a>) -> Self {
        let evidence = [codes(facts), names(facts), domains(facts)];
        Self { facts, evidence: evidence.into_iter().filter(|evidence| evidence.all >= ROWS).collect() }
    }

    /// What the data say about a recipient.
    pub(super) fn check(&self, to: &To<'_>) -> Opinion {
        if let Some(issue) = self.whose(to) {
            return Opinion::Mismatch(issue);
        }
        let Some((partner, scope)) = to.partner.and_then(|partner| Some((partner, partner.may_receive.as_ref()?)))
        else {
            return Opinion::Unknown;
        };
        if !has_personal_data(self.facts) {
            return Opinion::Unknown;
        }
        if scope.covers(self.facts.inspection) {
            return Opinion::Match;
        }
        Opinion::Mismatch(self.beyond(partner, scope))
    }

    /// Rows of another partner than the recipient's.
    fn whose(&self, to: &To<'_>) -> Option<Issue> {
        for Evidence { what, shares, all } in &self.evidence {
            let percent = |rows: u32| rows.saturating_mul(100) / all;
            let own: u32 = shares.iter().filter(|share| share.company.has(to) == Fit::Yes).map(|s| s.rows).sum();
            let theirs = shares.iter().find(|share| percent(share.rows) >= MOST && share.company.has(to) == Fit::No);
            let Some(share) = theirs.filter(|_| percent(own) <= OWN) else { continue };
            let ja = format!(
                "データの大半（{}%）は「{}」のもののようです。宛先（{}）はその会社のアドレスではありません。",
                percent(share.rows),
                share.name,
                to.domain.text
            );
            let en = format!(
                "Most of the data ({}%) seem to be those of “{}”, and {} is not an address of that organization.",
                percent(share.rows),
                share.name,
                to.canonical
            );
            let detail = format!("{what}: {} {}/{all} ≠ {}", share.name, share.rows, shown(to));
            let issue = Issue::new(Check::DataScope, detail, ja, en);
            return Some(match meant(self.facts, None, Some(&share.company), to) {
                Some(address) => issue.meaning(address),
                None => issue,
            });
        }
        None
    }

    /// More than was agreed.
    fn beyond(&self, partner: &Partner, scope: &MayReceive) -> Issue {
        let inspection = self.facts.inspection;
        let mut beyond: Vec<String> = Vec::new();
        if inspection.persons > scope.max_persons {
            beyond.push(format!("persons {} > {}", inspection.persons, scope.max_persons));
        }
        let mut categories: Vec<Category> =
            personal(self.facts).filter(|category| !scope.categories.contains(category)).collect();
        categories.sort();
        categories.dedup();
        beyond.extend(categories.iter().map(|category| word(*category)));
        let detail = format!("{}: {}", partner.id, beyond.join(", "));
        let (ja, en) = (
            format!("取引先「{}」と取り決めた範囲を超えています（{}）。", partner.id, beyond.join("、")),
            format!("This is more than was agreed with the partner “{}” ({}).", partner.id, beyond.join(", ")),
        );
        Issue::new(Check::DataScope, detail, ja, en)
    }
}

/// The categories of personal data in the mail, as [`MayReceive::covers`] counts them.
fn personal<'f>(facts: &'f Facts<'_>) -> impl Iterator<Item = Category> + 'f {
    let found = facts.inspection.findings.iter().filter(|finding| finding.confidence >= Confidence::Medium);
    found
        .map(|finding| finding.category)
        .filter(|category| !matches!(category, Category::Credential | Category::Organizational))
}

fn has_personal_data(facts: &Facts<'_>) -> bool {
    facts.inspection.persons > 0 || personal(facts).next().is_some()
}

/// The word for a category in rules and API.
fn word(category: Category) -> String {
    serde_json::to_value(category).ok().and_then(|value| value.as_str().map(str::to_owned)).unwrap_or_default()
}

fn names<'a>(facts: &Facts<'a>) -> Evidence<'a> {
    let mentions = facts.letter.organizations.iter().filter(|mention| mention.rows > 0);
    let found = mentions.map(|mention| (Company::folded(facts, &mention.name), mention.name.clone(), mention.rows));
    gathered("names", found)
}

fn domains<'a>(facts: &Facts<'a>) -> Evidence<'a> {
    let mentions = facts.letter.domains.iter().filter(|mention| mention.rows > 0);
    let found = mentions.map(|mention| {
        let of = match facts.organization.owns(&mention.name) {
            true => Some(Company::Own),
            false => facts.partners.of_domain(&Domain::new(&mention.name)).map(|of| Company::partner(facts, of)),
        };
        (of, mention.name.clone(), mention.rows)
    });
    gathered("domains", found)
}

fn codes<'a>(facts: &Facts<'a>) -> Evidence<'a> {
    let partners: Vec<&'a Partner> = facts.partners.iter().filter(|partner| partner.customer_codes.is_some()).collect();
    if partners.is_empty() {
        return Evidence { what: "codes", shares: Vec::new(), all: 0 };
    }
    let codes = &facts.letter.codes;
    let mut left = u32::try_from(codes.len()).unwrap_or(u32::MAX);
    let mut found = Vec::new();
    for partner in partners {
        let Some(form) = &partner.customer_codes else { continue };
        let fitting = u32::try_from(codes.iter().filter(|code| form.is_match(code)).count()).unwrap_or(u32::MAX);
        if fitting > 0 {
            left = left.saturating_sub(fitting);
            found.push((Some(Company::partner(facts, partner)), String::new(), fitting));
        }
    }
    found.push((None, String::new(), left));
    gathered("codes", found.into_iter())
}

/// One share for each organisation. Our own name and mail addresses beside the rows are nobody's data.
fn gathered<'a>(what: &'static str, found: impl Iterator<Item = (Option<Company<'a>>, String, u32)>) -> Evidence<'a> {
    let mut evidence = Evidence { what, shares: Vec::new(), all: 0 };
    for (company, name, rows) in found {
        if matches!(company, Some(Company::Own)) {
            continue;
        }
        evidence.all = evidence.all.saturating_add(rows);
        let Some(company) = company else { continue };
        if let Some(share) = evidence.shares.iter_mut().find(|share| share.company.is(&company)) {
            share.rows = share.rows.saturating_add(rows);
            continue;
        }
        let name = match &company {
            Company::Partner(partner, _) => partner.names.first().unwrap_or(&partner.id).clone(),
            Company::Own | Company::Learned { .. } => organizations::folded(&name),
        };
        evidence.shares.push(Share { company, name, rows });
    }
    evidence
}

#[cfg(test)]
mod tests;
