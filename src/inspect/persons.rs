//! Findings → how many distinct people.
//!
//! In: one [`Person`] for each table row and each cluster of values in running text, as hashes. Out: their number, the
//! same person counted once: one mail address is one person with one name, and a name alone is whoever was seen with
//! that name before. Deliberately absent: the values themselves, and any guess on who is related to whom.
//!
//! Memory is bounded: past [`MOST`] remembered keys everybody new counts as new, which can only count too many.

use std::collections::HashMap;
use std::hash::BuildHasherDefault;

use super::People;
use super::detect::words::{AsIs, Hashes, hash};

/// Remembered keys; eight bytes each and as much again for the table they live in.
const MOST: usize = 8 << 20;

/// What is known of one person in one place.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Person {
    /// The name, folded and hashed.
    pub(crate) name: Option<u64>,
    /// Hashes of what leads to one person: My Number, card, mail address, telephone.
    pub(crate) strong: Vec<u64>,
    /// Hashes of what only tells people of one name apart: address, birth date.
    pub(crate) weak: Vec<u64>,
}

/// The people seen so far, in plain sight and in all.
#[derive(Debug, Default)]
pub(crate) struct Persons {
    all: Crowd,
    /// Those in plain sight, from the first on who is not.
    visible: Option<Crowd>,
}

impl Persons {
    /// Takes one person into account.
    pub(crate) fn add(&mut self, person: &Person, hidden: bool) {
        if hidden && self.visible.is_none() {
            self.visible = Some(self.all.clone());
        }
        if let Some(visible) = self.visible.as_mut().filter(|_| !hidden) {
            visible.add(person);
        }
        self.all.add(person);
    }

    /// How many different people there are.
    pub(crate) fn count(&self) -> People {
        let all = self.all.count();
        let visible = self.visible.as_ref().map_or(all, Crowd::count).min(all);
        People { visible, hidden: all - visible }
    }
}

/// Different people.
#[derive(Debug, Clone, Default)]
struct Crowd {
    /// Name with something beside it; or something strong without a name.
    known: Hashes,
    /// Names that were seen with something beside them.
    named: Hashes,
    /// Names that were seen alone.
    bare: Hashes,
    /// Strong values, and whether they were seen with a name.
    reached: HashMap<u64, bool, BuildHasherDefault<AsIs>>,
    count: u32,
    uncounted: u32,
}

impl Crowd {
    fn add(&mut self, person: &Person) {
        if self.known.len() + self.named.len() + self.bare.len() + self.reached.len() > MOST {
            self.uncounted = self.uncounted.saturating_add(1);
            return;
        }
        let Some(name) = person.name else {
            // Without a name whoever has this number or address is the person, named elsewhere or not.
            // All of it must be known: a telephone that many mail addresses share is an office's.
            let seen = person.strong.iter().all(|strong| self.reached.contains_key(strong));
            for &strong in &person.strong {
                self.reached.entry(strong).or_insert(false);
            }
            let new = if person.strong.is_empty() { self.known.insert(hash(&person.weak)) } else { !seen };
            self.count = self.count.saturating_add(u32::from(new));
            return;
        };
        if person.strong.is_empty() && person.weak.is_empty() {
            self.bare.insert(name);
            return;
        }
        self.named.insert(name);
        let keys = if person.strong.is_empty() { &person.weak } else { &person.strong };
        // All are asked before any is kept: the same number may stand twice in one row.
        let seen = keys.iter().any(|&key| self.known.contains(&joined(name, key)));
        self.known.extend(keys.iter().map(|&key| joined(name, key)));
        // Seen before without a name: that was this person, and was counted. With another name it is somebody else.
        let nameless = person.strong.iter().any(|strong| self.reached.get(strong) == Some(&false));
        self.reached.extend(person.strong.iter().map(|&strong| (strong, true)));
        self.count = self.count.saturating_add(u32::from(!seen && !nameless));
    }

    fn count(&self) -> u32 {
        let alone = self.bare.difference(&self.named).count();
        self.count.saturating_add(u32::try_from(alone).unwrap_or(u32::MAX)).saturating_add(self.uncounted)
    }
}

/// One hash of two.
fn joined(name: u64, key: u64) -> u64 {
    (name.rotate_left(23) ^ key).wrapping_mul(0x9E37_79B9_7F4A_7C15)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn person(name: &str, strong: &[&str], weak: &[&str]) -> Person {
        let hashes = |values: &[&str]| values.iter().map(|value| hash(*value)).collect();
        Person { name: (!name.is_empty()).then(|| hash(name)), strong: hashes(strong), weak: hashes(weak) }
    }

    fn count(people: &[Person]) -> u32 {
        let mut persons = Persons::default();
        people.iter().for_each(|person| persons.add(person, false));
        persons.count().visible
    }

    #[test]
    fn the_same_person_twice_is_one() {
        let yamada = person("山田太郎", &["090", "t@x"], &[]);
        assert_eq!(count(&[yamada.clone(), yamada.clone()]), 1);
        assert_eq!(count(&[yamada.clone(), person("山田太郎", &["090"], &[])]), 1);
        assert_eq!(count(&[yamada.clone(), person("山田太郎", &[], &[])]), 1);
        assert_eq!(count(&[person("山田太郎", &[], &[]), yamada.clone()]), 1);
        assert_eq!(count(&[yamada.clone(), person("", &["t@x"], &[])]), 1);
        assert_eq!(count(&[person("", &["t@x"], &[]), yamada.clone()]), 1);
        assert_eq!(count(&[person("", &["t@x"], &[]), person("", &["t@x"], &[])]), 1);
    }

    #[test]
    fn a_value_that_stands_twice_in_one_row_hides_nobody() {
        assert_eq!(count(&[person("山田太郎", &["090", "090"], &[]), person("", &["a", "a"], &[])]), 2);
        assert_eq!(count(&[person("山田太郎", &[], &["東京", "東京"])]), 1);
    }

    #[test]
    fn different_people_are_not_merged() {
        assert_eq!(count(&[person("山田太郎", &["090"], &[]), person("山田太郎", &["080"], &[])]), 2);
        assert_eq!(count(&[person("山田太郎", &["03"], &[]), person("山田花子", &["03"], &[])]), 2, "one household");
        assert_eq!(count(&[person("山田太郎", &[], &["東京"]), person("山田太郎", &[], &["大阪"])]), 2);
        assert_eq!(count(&[person("山田太郎", &[], &[]), person("山田花子", &[], &[])]), 2);
        assert_eq!(count(&[person("", &["a"], &[]), person("", &["b"], &[])]), 2);
        assert_eq!(count(&[person("", &["a", "03"], &[]), person("", &["b", "03"], &[])]), 2, "one office");
    }

    #[test]
    fn only_who_is_nowhere_in_sight_is_hidden() {
        let mut persons = Persons::default();
        persons.add(&person("山田太郎", &["090"], &[]), false);
        persons.add(&person("山田太郎", &["090"], &[]), true);
        persons.add(&person("鈴木一郎", &["080"], &[]), true);
        persons.add(&person("佐藤花子", &["070"], &[]), true);
        assert_eq!(persons.count(), People { visible: 1, hidden: 2 });
        persons.add(&person("佐藤花子", &["070"], &[]), false);
        assert_eq!(persons.count(), People { visible: 2, hidden: 1 });
    }

    #[test]
    fn nobody_is_nobody() {
        assert_eq!(count(&[]), 0);
    }
}
