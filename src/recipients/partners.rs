//! The organisations we often write to: partners.toml.
//!
//! In: the file's text. Out: [`Partners`], or everything that is wrong with it, with line and column.
//! Deliberately absent: reading the file (`config`), and partners learned from traffic.

use std::{collections::HashMap, sync::Arc};

use regex::Regex;
use serde::Deserialize;
use toml::Spanned;

use super::{
    MayReceive,
    called::Called,
    domain::{Domain, is_within, of_organization},
    near::{Near, Sought},
    spelled::Spelled,
};
use crate::{inspect::detect::organizations, mail::Address, written};

/// Every partner, in file order.
#[derive(Debug, Clone)]
pub struct Partners {
    partners: Vec<Partner>,
    /// Whose each domain is.
    of_domain: HashMap<String, usize>,
    /// Their domains by what they could be mistaken for, and which of whom each number is.
    near: Arc<Near>,
    numbers: Vec<(usize, usize)>,
    called: Called,
}

impl Default for Partners {
    fn default() -> Self {
        Self::of(Vec::new())
    }
}

/// One organisation we often write to.
#[derive(Debug, Clone)]
pub struct Partner {
    /// How rules, journal and API call it.
    pub id: String,
    /// What people call it, as it may stand at the head of a mail.
    pub names: Vec<String>,
    /// Its domains in lower case; subdomains belong to it too.
    pub domains: Vec<String>,
    /// What personal data it may receive without being stopped; nothing beyond the rules if not given.
    pub may_receive: Option<MayReceive>,
    /// What codes of customers look like whose data are this partner's, if that can be told; it fits the whole code.
    pub customer_codes: Option<Regex>,
    /// Where it is written: `file:line:column`.
    pub place: String,
    known: Vec<Spelled>,
    /// Its names as names are compared.
    pub(super) folded: Vec<String>,
}

/// What is wrong with partners.toml, and how to mend it.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{place}: {message}")]
pub struct PartnersError {
    /// `file:line:column`.
    pub place: String,
    /// What is wrong and how to mend it.
    pub message: String,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct File {
    #[serde(default)]
    partner: Vec<Raw>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Raw {
    id: Spanned<String>,
    #[serde(default)]
    names: Vec<String>,
    domains: Spanned<Vec<Spanned<String>>>,
    may_receive: Option<Spanned<MayReceive>>,
    customer_codes: Option<Spanned<String>>,
}

impl Partners {
    /// Reads partners.toml; `name` is what errors call the file.
    ///
    /// # Errors
    /// Everything that is wrong: syntax, an id twice, no domain, a domain that is none or a public suffix, and
    /// domains of two partners that overlap (nobody could say whose a recipient is).
    pub fn parse(name: &str, text: &str) -> Result<Self, Vec<PartnersError>> {
        let place = |offset| written::place(name, text, offset);
        let file: File = toml::from_str(text).map_err(|error| {
            let place = place(error.span().map_or(0, |span| span.start));
            vec![PartnersError { place, message: written::mended(error.message()) }]
        })?;
        let mut reading = Reading::default();
        for raw in file.partner {
            let place = place(raw.id.span().start);
            reading.take(raw, place);
        }
        if reading.errors.is_empty() {
            return Ok(Self::of(reading.partners));
        }
        Err(reading
            .errors
            .into_iter()
            .map(|(offset, message)| PartnersError { place: place(offset), message })
            .collect())
    }

    fn of(partners: Vec<Partner>) -> Self {
        let names = partners.iter().enumerate();
        let names = names.flat_map(|(whose, partner)| partner.folded.iter().map(move |name| (whose, name.as_str())));
        let mut all = Self {
            called: Called::new(names),
            partners: Vec::new(),
            of_domain: HashMap::new(),
            near: Arc::default(),
            numbers: Vec::new(),
        };
        let mut near = Near::thorough();
        for (whose, partner) in partners.iter().enumerate() {
            for (which, domain) in partner.known.iter().enumerate() {
                all.of_domain.insert(domain.domain.text.clone(), whose);
                near.add(&domain.domain, u32::try_from(all.numbers.len()).unwrap_or(u32::MAX));
                all.numbers.push((whose, which));
            }
        }
        Self { partners, near: Arc::new(near), ..all }
    }

    /// Whose folded name this is.
    pub(super) fn of_name(&self, folded: &str) -> Option<&Partner> {
        self.called.of(folded).and_then(|whose| self.partners.get(whose))
    }

    /// The names in a text of which nothing but letters and digits is left, and where they stand.
    pub(super) fn named_in(&self, letters: &str) -> impl Iterator<Item = (&Partner, std::ops::Range<usize>)> {
        self.called.within(letters).filter_map(|(whose, place)| Some((self.partners.get(whose)?, place)))
    }

    /// Whose address this is.
    pub fn of_address(&self, address: &Address) -> Option<&Partner> {
        self.of_domain(&Domain::new(address.domain()))
    }

    /// All of them.
    pub fn iter(&self) -> impl Iterator<Item = &Partner> {
        self.partners.iter()
    }

    /// Whose domain this is.
    pub(super) fn of_domain(&self, domain: &Domain) -> Option<&Partner> {
        let whose = domain.and_above().find_map(|domain| self.of_domain.get(domain))?;
        self.partners.get(*whose)
    }

    /// Their domains that somebody could mean who wrote this.
    pub(super) fn near(&self, written: &Sought) -> impl Iterator<Item = &Spelled> {
        let numbers = self.near.of(written).into_iter();
        let places = numbers.filter_map(|number| self.numbers.get(number as usize));
        places.filter_map(|&(whose, which)| self.partners.get(whose)?.known.get(which))
    }
}

#[derive(Default)]
struct Reading {
    partners: Vec<Partner>,
    errors: Vec<(usize, String)>,
}

impl Reading {
    fn take(&mut self, raw: Raw, place: String) {
        let id = raw.id.get_ref().clone();
        let at = raw.id.span().start;
        if id.trim().is_empty() {
            self.errors.push((at, "this partner's id is empty; give it one, as in \"kita-hoan\"".to_owned()));
        } else if self.partners.iter().any(|partner| partner.id == id) {
            self.errors.push((at, format!("two partners are called `{id}`; give one of them another id")));
        }
        let listed = raw.domains.span().start;
        if raw.domains.get_ref().is_empty() {
            self.errors.push((listed, format!("partner `{id}` has no domain; name at least one")));
        }
        let mut known: Vec<Spelled> = Vec::new();
        for domain in raw.domains.into_inner() {
            let at = domain.span().start;
            match self.domain(&id, domain.get_ref()) {
                Ok(domain) => known.push(Spelled::new(domain)),
                Err(message) => self.errors.push((at, message)),
            }
        }
        if let Some(scope) = &raw.may_receive
            && scope.get_ref().categories.is_empty()
        {
            let message = format!("may_receive of `{id}` allows nothing; name categories or leave it out");
            self.errors.push((scope.span().start, message));
        }
        let customer_codes = raw.customer_codes.and_then(|codes| self.codes(&id, &codes));
        let domains = known.iter().map(|known| known.domain.text.clone()).collect();
        let may_receive = raw.may_receive.map(Spanned::into_inner);
        let folded = raw.names.iter().map(|name| organizations::folded(name)).collect();
        let names = raw.names;
        self.partners.push(Partner { id, names, domains, may_receive, customer_codes, place, known, folded });
    }

    fn codes(&mut self, id: &str, written: &Spanned<String>) -> Option<Regex> {
        let pattern = format!("^(?:{})$", written.get_ref());
        let codes = regex::RegexBuilder::new(&pattern).size_limit(1 << 20).build();
        if codes.is_err() || written.get_ref().is_empty() {
            let message = format!(
                "customer_codes of `{id}` is no regular expression that can be used; write it as in 'KH-[0-9]{{5}}'"
            );
            self.errors.push((written.span().start, message));
        }
        codes.ok()
    }

    fn domain(&self, id: &str, written: &str) -> Result<Domain, String> {
        let domain = of_organization(written)?;
        let overlapping = self.partners.iter().find_map(|other| {
            let theirs = other
                .domains
                .iter()
                .find(|theirs| is_within(&domain.text, theirs) || is_within(theirs, &domain.text))?;
            Some((other, theirs))
        });
        match overlapping {
            Some((other, theirs)) => Err(format!(
                "`{written}` of partner `{id}` overlaps `{theirs}` of partner `{}`; each domain belongs to one partner",
                other.id
            )),
            None => Ok(domain),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::inspect::Category;

    fn errors(text: &str) -> Vec<String> {
        Partners::parse("partners.toml", text).unwrap_err().iter().map(ToString::to_string).collect()
    }

    #[test]
    fn reads_the_contract() {
        let text = r#"
[[partner]]
id = "kita-hoan"
names = ["北保安サービス株式会社", "北保安サービス"]
domains = ["Kita-Hoan.example.com"]
may_receive = { categories = ["contact"], max_persons = 100 }
"#;
        let partners = Partners::parse("partners.toml", text).unwrap();
        let partner = partners.of_address(&Address::parse("yamada@mail.kita-hoan.example.COM").unwrap()).unwrap();
        assert_eq!((partner.id.as_str(), partner.names.len()), ("kita-hoan", 2));
        assert_eq!(partner.may_receive, Some(MayReceive { categories: vec![Category::Contact], max_persons: 100 }));
        assert!(partners.of_address(&Address::parse("a@example.com").unwrap()).is_none());
    }

    #[test]
    fn every_error_is_told_with_its_place() {
        let text = "[[partner]]\nid = \"a\"\ndomains = [\"a.jp\", \"co.jp\"]\n[[partner]]\nid = \"a\"\ndomains = \
                    []\n[[partner]]\nid = \"c\"\ndomains = [\"mail.a.jp\"]\n";
        assert_eq!(
            errors(text),
            [
                "partners.toml:3:20: `co.jp` belongs to everybody; write the organisation's own, as in \"example.co.jp\"",
                "partners.toml:5:6: two partners are called `a`; give one of them another id",
                "partners.toml:6:11: partner `a` has no domain; name at least one",
                "partners.toml:9:12: `mail.a.jp` of partner `c` overlaps `a.jp` of partner `a`; each domain belongs \
                 to one partner",
            ]
        );
    }

    #[test]
    fn the_form_of_customer_codes_is_a_regular_expression() {
        let text = "[[partner]]\nid = \"a\"\ndomains = [\"a.jp\"]\ncustomer_codes = 'A-[0-9]{3}'\n";
        let partners = Partners::parse("partners.toml", text).unwrap();
        let codes = partners.iter().next().unwrap().customer_codes.as_ref().unwrap();
        assert!(codes.is_match("A-123") && !codes.is_match("BA-123") && !codes.is_match("A-1234"));
        let text = "[[partner]]\nid = \"a\"\ndomains = [\"a.jp\"]\ncustomer_codes = '[0-9'\n";
        assert_eq!(
            errors(text),
            ["partners.toml:4:18: customer_codes of `a` is no regular expression that can be used; write it as in \
                 'KH-[0-9]{5}'"]
        );
    }

    #[test]
    fn names_are_found_folded() {
        let text = "[[partner]]\nid = \"a\"\nnames = [\"北保安サービス株式会社\"]\ndomains = [\"a.jp\"]\n";
        let partners = Partners::parse("partners.toml", text).unwrap();
        assert!(partners.of_name("北保安サービス").is_some() && partners.of_name("北保安").is_none());
        assert_eq!(
            partners
                .named_in("見積北保安サービス株式会社様")
                .map(|(p, at)| (p.id.as_str(), at.start))
                .collect::<Vec<_>>(),
            [("a", 6)]
        );
    }

    #[test]
    fn unknown_keys_and_categories_are_refused() {
        assert!(errors("[[partner]]\nid = \"a\"\ndomain = [\"a.jp\"]\n")[0].starts_with("partners.toml:3:1: unknown"));
        let text = "[[partner]]\nid = \"a\"\ndomains = [\"a.jp\"]\nmay_receive = { categories = [\"phones\"], \
                    max_persons = 1 }\n";
        assert!(errors(text)[0].contains("unknown variant `phones`"), "{:?}", errors(text));
    }
}
