//! Names in Latin letters.
//!
//! In: a candidate behind its label or title, or a word or two. Out: where the name is, how well it is known, and whether
//! an organisation is called so. Deliberately absent: names in Japanese ([`super::words`]), and rows of names
//! ([`super::super::prose::neighbours`]).

use std::ops::Range;

use super::super::names::Names;
use super::{Note, Passed};

/// A name in Latin letters after its label: two to four capitalised words. `name: Cloud Console` in a file of settings
/// names anything; what no dictionary knows is only likely there.
pub(super) fn latin_name(names: &Names, text: &str, range: &Range<usize>) -> Option<Passed> {
    let value = text.get(range.clone())?;
    if value.contains('/') {
        return airline_name(names, value, range);
    }
    let start = label_end(value)?;
    let name = value.get(start..)?;
    // Below a label a line may have a mark.
    let start = range.start + start + (name.len() - name.trim_start_matches(|c: char| !c.is_alphabetic()).len());
    let name = name.trim_start_matches(|c: char| !c.is_alphabetic()).trim_end();
    let name = without_next_label(name, text.get(range.end..)?);
    let name = ["'s ", "' "].iter().find_map(|owns| name.split_once(owns)).map_or(name, |(name, _)| name);
    let name = name.trim_end_matches("'s").trim_end_matches(['\'', '.', '-']);
    let setting = value.starts_with("name") && begins_entry(text.get(..range.start)?);
    let known = is_known_latin_name(names, name);
    let label = value.split_once(':').map_or("", |(label, _)| label.trim_end());
    if !known && OF_OTHERS.contains(&label) {
        return None;
    }
    // `Attendees:`, `employees on leave:` announce several; one alone is whoever is there for work.
    let several = label.split(' ').next().is_some_and(|word| word.ends_with('s'));
    // `employees in:` Charlotte is where they are.
    if several && [" in", " at", " of", " from", " near", " by"].iter().any(|end| label.ends_with(end)) {
        return None;
    }
    let note = match () {
        () if several => Note::BareName,
        () if setting && !known => Note::Likely,
        () => Note::LabelledName,
    };
    let range = start..start + name.len();
    // Ms. Brown: who of that name it is, what else is there says.
    let titled =
        || label.is_empty() && !value.contains(" is ") && is_part_of_latin_name(name) && !is_organisation(name);
    if is_latin_name(name) {
        return Some(Passed { range, doubt: false, note });
    }
    titled().then_some(Passed { range, doubt: false, note: Note::Surname })
}

/// The name without the label behind it that calls for the next value: `Hans Weber, Handy` before `: 0171 …`.
fn without_next_label<'n>(name: &'n str, behind: &str) -> &'n str {
    let behind = behind.trim_start_matches(' ');
    let calls = behind.starts_with([':', '(', '+']) || behind.starts_with(|c: char| c.is_ascii_digit());
    name.rsplit_once(',').map(|(name, _)| name).filter(|name| calls && name.contains(' ')).unwrap_or(name)
}

/// Labels behind which a company, or a kind of people, stands as often as a person.
const OF_OTHERS: [&str; 20] = [
    "Bill to",
    "Billed to",
    "Ship to",
    "Shipped to",
    "Sold to",
    "Deliver to",
    "Billing address",
    "Shipping address",
    "Delivery address",
    "Contact",
    "Payee",
    "Owner",
    "Buyer",
    "Seller",
    "Member",
    "Resident",
    "Student",
    "Parent",
    "Child",
    "Donor",
];

/// Where the label before a name ends: in a colon, in `name is`; a title in a dot or a space.
fn label_end(value: &str) -> Option<usize> {
    let said = || value.find(" is ").filter(|_| value.contains("ame ")).map(|at| at + " is ".len());
    let title = || value.find(['.', ' ']).map(|at| at + 1);
    value.find(':').map(|at| at + 1).or_else(said).or_else(title)
}

/// A name as airlines write it: `1.YAMADA/TARO MR`.
fn airline_name(names: &Names, value: &str, range: &Range<usize>) -> Option<Passed> {
    let start = value.find(['.', ':'])? + 1;
    let name = value.get(start..)?;
    let start = start + (name.len() - name.trim_start().len());
    let titles = ["MSTR", "MISS", "MRS", "MR", "MS"];
    let name = titles.iter().find_map(|title| name.strip_suffix(title))?.trim();
    let known = is_known_latin_name(names, &name.replace('/', " "));
    let note = if known { Note::LabelledName } else { Note::Likely };
    let start = range.start + start;
    Some(Passed { range: start..start + name.len(), doubt: false, note })
}

/// Whether before the end of `text` stands nothing on its line but what begins an entry of a file of settings.
fn begins_entry(text: &str) -> bool {
    text.trim_end_matches([' ', '\t', '-']).chars().next_back().is_none_or(|c| c == '\n')
}

/// Whether `value` reads as a person's name in Latin letters.
pub(in super::super) fn is_latin_name(value: &str) -> bool {
    let mut count = 0;
    for word in words_of(value) {
        // Ludwig van Beethoven, Sten van den Oever
        if count > 0 && PARTICLES.contains(&word) {
            continue;
        }
        if !is_part(word) {
            return false;
        }
        count += 1;
    }
    (2..=4).contains(&count) && !words_of(value).last().is_some_and(|word| is_organisation(word) || !is_part(word))
}

/// Small words within surnames.
const PARTICLES: [&str; 16] =
    ["van", "von", "de", "der", "den", "del", "della", "di", "da", "dos", "du", "la", "le", "ten", "ter", "'t"];

/// Whether a text begins with a word for organisations, or with `& Co`.
pub(in super::super) fn is_organisation(text: &str) -> bool {
    let text = text.trim_start_matches(' ');
    let word = text.split(|c: char| !c.is_alphanumeric()).next().unwrap_or_default();
    text.starts_with("& Co") || ORGANISATIONS.iter().any(|known| known.eq_ignore_ascii_case(word))
}

/// Whether `value` may be a surname or a given name alone, or with another: `Yamada`, `DE LA CRUZ`, `Mary Ann`.
pub(in super::super) fn is_part_of_latin_name(value: &str) -> bool {
    let is_long = |word: &str| word.chars().nth(1).is_some_and(char::is_alphabetic);
    words_of(value).all(is_part) && words_of(value).any(is_long) && words_of(value).count() <= 3
}

fn is_part(word: &str) -> bool {
    word.starts_with(|c: char| c.is_uppercase())
        && word.chars().all(|c| c.is_alphabetic() || matches!(c, '.' | '\'' | '-'))
        && word.is_ascii() | word.chars().any(|c| matches!(c, 'À'..='ſ'))
}

/// Whether a name of that shape is one that the dictionaries know.
pub(in super::super) fn is_known_latin_name(names: &Names, value: &str) -> bool {
    let known = |first: &str, last: &str| {
        // `Smith, John`
        names.is_latin(first, last) || value.contains(',') && names.is_latin(last, first)
    };
    is_latin_name(value)
        && !names.no_names.has(value)
        && words_of(value).next().zip(words_of(value).last()).is_some_and(|(first, last)| known(first, last))
}

fn words_of(name: &str) -> impl Iterator<Item = &str> {
    name.split([' ', ',']).filter(|word| !word.is_empty())
}

/// What firms and other organisations are called, at the end of their names.
const ORGANISATIONS: [&str; 44] = [
    "inc",
    "ltd",
    "llc",
    "llp",
    "plc",
    "corp",
    "corporation",
    "gmbh",
    "co",
    "company",
    "group",
    "limited",
    "team",
    "department",
    "office",
    "partners",
    "associates",
    "holdings",
    "holding",
    "consulting",
    "solutions",
    "services",
    "systems",
    "industries",
    "international",
    "laboratories",
    "capital",
    "bank",
    "securities",
    "insurance",
    "technologies",
    "enterprises",
    "foundation",
    "institute",
    "university",
    "college",
    "hospital",
    "agency",
    "clinic",
    "school",
    "committee",
    "society",
    "airlines",
    "controls",
];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn latin_names_are_no_companies() {
        assert!(is_latin_name("John Smith") && is_latin_name("Mary J. O'Neil") && is_latin_name("YAMADA Taro"));
        assert!(!is_latin_name("Acme Inc.") && !is_latin_name("john smith") && !is_latin_name("John"));
    }

    #[test]
    fn words_for_organisations_follow_a_name() {
        for text in [" Group", " & Co.", " partners, and", "LLP"] {
            assert!(is_organisation(text), "{text}");
        }
        for text in ["", ", Group", " (Sales)", " and Mary", " Grouper"] {
            assert!(!is_organisation(text), "{text}");
        }
    }
}
