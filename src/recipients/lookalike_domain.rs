//! `lookalike_domain`: the recipient's domain is almost, but not quite, one that we know.
//!
//! In: an outside address, our own domains, the partners', the well-known ones and those with traffic of their own. Out:
//! an issue that names the domain that was probably meant. A domain that we know exactly (or one below it) is quiet, so two partners that resemble each
//! other never disturb. The shorter a name, the more real neighbours it has (nhk and nec, honda and handa), so what
//! counts as a slip grows with its length.
//! A domain with traffic of its own is known too. Deliberately absent: DNS.

use std::{
    cell::{LazyCell, OnceCell, RefCell},
    collections::HashMap,
    rc::Rc,
};

use super::{
    Check, Facts, Issue, Partners, To,
    domain::Domain,
    known,
    near::{self, Near, Sought},
    opinion::Opinion,
    spelled::Spelled,
};

/// Names shorter than this have a real neighbour for every letter that is exchanged; only what leaves the letters as
/// they are (look-alike characters, the known doppelgangers) counts.
const SHORTEST: usize = 4;
/// From here on any one slip of the finger counts.
const SLIPS_FROM: usize = 5;
/// From here on any one letter counts.
const ANY_LETTER_FROM: usize = 7;
/// From here on two slips count, if the first letter is right and no letter became another (nishimatsu and nishitetsu
/// are two companies).
const TWO_SLIPS_FROM: usize = 10;

/// Suffixes that people confuse: the same name under another of these is most often the wrong one.
const CONFUSED: [&str; 6] = ["com", "co.jp", "ne.jp", "or.jp", "jp", "net"];
/// Suffixes that say what kind of body it is and that nobody writes by slip.
const INSTITUTIONS: [&str; 8] = ["go.jp", "ac.jp", "lg.jp", "ed.jp", "ad.jp", "gr.jp", "edu", "gov"];

/// Rows of the keyboard; a key's neighbours are beside it and, one row up or down, at most one place aside.
const KEYBOARD: [&str; 4] = ["1234567890-", "qwertyuiop", "asdfghjkl", "zxcvbnm"];

/// A domain with so many mails of its own is known, however much it resembles another.
const TRAFFIC: f32 = 2.5;

/// Everything a domain is compared with.
pub(super) struct Known<'a> {
    own: OnceCell<Own>,
    partners: &'a Partners,
    facts: &'a Facts<'a>,
    /// Of each domain of the mail, once somebody there was asked for.
    opinions: Vec<OnceCell<Opinion>>,
    /// What each of those above them resembles.
    above: RefCell<HashMap<String, Rc<Likenesses>>>,
}

/// What a domain resembles: one that is known, and one with traffic.
type Likenesses = (Option<String>, Option<String>);

impl<'a> Known<'a> {
    pub(super) fn new(facts: &'a Facts<'a>) -> Self {
        let opinions = facts.hosts.iter().map(|_| OnceCell::new()).collect();
        Self { own: OnceCell::new(), partners: facts.partners, facts, opinions, above: RefCell::default() }
    }

    /// A mismatch, if the address is in a domain that resembles a known one; a match in a known one.
    pub(super) fn check(&self, to: &To<'_>) -> Opinion {
        let written = to.domain.as_ref();
        let opinion = || {
            if to.partner.is_some() || known::is_known(written) || has_traffic(to) {
                return Opinion::Match;
            }
            self.lookalike(written).map_or(Opinion::Unknown, Opinion::Mismatch)
        };
        self.opinions.get(to.domain_number).map_or_else(opinion, |known| known.get_or_init(opinion).clone())
    }

    fn lookalike(&self, written: &Domain) -> Option<Issue> {
        let above: Vec<Domain> = written.upwards().skip(1).collect();
        let forms = || std::iter::once(written).chain(&above);
        let mistyped = |form: &Domain| known::meant_by(&form.text).map(str::to_owned);
        let (form, meant) = forms().find_map(|form| Some((form, mistyped(form)?))).or_else(|| {
            let whole = std::iter::once(Rc::new(self.likenesses(written)));
            let likenesses: Vec<Rc<Likenesses>> = whole.chain(above.iter().map(|form| self.above(form))).collect();
            let known = || forms().zip(&likenesses).find_map(|(form, likenesses)| Some((form, likenesses.0.clone()?)));
            let busy = || forms().zip(&likenesses).find_map(|(form, likenesses)| Some((form, likenesses.1.clone()?)));
            known().or_else(busy)
        })?;
        let detail = format!("{} ≈ {meant}", shown(&form.text));
        let ja = format!("いつもの宛先とよく似た、別のドメインです（{detail}）。");
        let en = format!("The domain looks like one that you write to, but is a different one ({detail}).");
        Some(Issue::new(Check::LookalikeDomain, detail, ja, en).meaning(meant))
    }

    /// What a domain above one of the mail's resembles; it may be above many of them.
    fn above(&self, written: &Domain) -> Rc<Likenesses> {
        if let Some(known) = self.above.borrow().get(&written.text) {
            return Rc::clone(known);
        }
        let likenesses = Rc::new(self.likenesses(written));
        self.above.borrow_mut().insert(written.text.clone(), Rc::clone(&likenesses));
        likenesses
    }

    fn likenesses(&self, written: &Domain) -> Likenesses {
        let sought = Sought::new(written);
        let domains = || self.facts.organization.domains.iter().map(|domain| Spelled::new(Domain::new(domain)));
        let own = self.own.get_or_init(|| Own::new(domains().collect()));
        let spelled = LazyCell::new(|| Spelled::new(written.clone()));
        let mut near = own.near(&sought).chain(self.partners.near(&sought)).chain(known::near(&sought));
        let known = near.find(|known| resembles(&spelled, known)).map(|known| known.domain.text.clone());
        // The one with the most traffic.
        let busy = self.facts.history.near(&sought, self.facts.today);
        let busy = busy
            .filter(|(known, weight)| *weight >= TRAFFIC && resembles(&spelled, &Spelled::new(Domain::new(known))))
            .max_by(|a, b| a.1.total_cmp(&b.1));
        (known, busy.map(|(known, _)| known.to_owned()))
    }
}

/// Our own domains.
struct Own {
    domains: Vec<Spelled>,
    near: Near,
}

impl Own {
    fn new(domains: Vec<Spelled>) -> Self {
        let mut near = Near::thorough();
        (0..).zip(&domains).for_each(|(number, own)| near.add(&own.domain, number));
        Self { domains, near }
    }

    fn near(&self, written: &Sought) -> impl Iterator<Item = &Spelled> {
        // Slips in very long names are not found by their letters, and we are few.
        let long = self.domains.iter().filter(|own| own.letters.len() >= near::LONGEST);
        self.near.of(written).into_iter().filter_map(|number| self.domains.get(number as usize)).chain(long)
    }
}

fn has_traffic(to: &To<'_>) -> bool {
    to.domain_known >= TRAFFIC && known::meant_by(&to.domain.text).is_none()
}

/// The domain for people; with its Punycode where letters may deceive.
fn shown(domain: &str) -> String {
    if domain.is_ascii() {
        return domain.to_owned();
    }
    idna::domain_to_ascii(domain).map_or_else(|_| domain.to_owned(), |ascii| format!("{domain} ({ascii})"))
}

/// The name kept for documentation under many suffixes (RFC 2606 §3, JPRS): nobody mistakes one for another.
const RESERVED: &str = "example";

/// Whether somebody who writes or sees `written` probably means `known`; they are not the same.
fn resembles(written: &Spelled, known: &Spelled) -> bool {
    if written.skeleton == known.skeleton {
        return true;
    }
    if known.letters.len() < SHORTEST {
        return false;
    }
    if written.squeezed == known.squeezed {
        return true;
    }
    let (name, meant) = (written.domain.name(), known.domain.name());
    if name == RESERVED && meant == RESERVED {
        return false;
    }
    if let Some(rest) = written.domain.text.strip_prefix(meant).and_then(|rest| rest.strip_prefix('.')) {
        return suffix_slipped(rest, known.domain.suffix());
    }
    written.domain.suffix() == known.domain.suffix() && name_slipped(written, known)
}

/// The name is right; is the rest a slip for `meant`?
fn suffix_slipped(written: &str, meant: &str) -> bool {
    if INSTITUTIONS.contains(&written) {
        return false;
    }
    let confused = CONFUSED.contains(&written) && CONFUSED.contains(&meant);
    let cut_short = meant.strip_prefix(written).is_some_and(|rest| rest.starts_with('.') || rest.len() == 1);
    let grown = written.strip_prefix(meant).is_some_and(|rest| rest.starts_with('.'));
    // Two countries one letter apart (.de, .be) are two branches of one company, not a slip.
    let two_countries = written.len() == 2 && meant.len() == 2;
    confused || cut_short || grown || (!two_countries && strsim::damerau_levenshtein(written, meant) == 1)
}

/// The suffix is right; is the name a slip for `meant`?
fn name_slipped(written: &Spelled, meant: &Spelled) -> bool {
    let (a, b) = (written.letters.as_slice(), meant.letters.as_slice());
    let length = a.len().min(b.len());
    if length < SHORTEST || a.len().abs_diff(b.len()) > 2 || a == b {
        return false;
    }
    if written.unhyphened == meant.unhyphened {
        return true;
    }
    let first_right = a.first() == b.first();
    match Edit::between(a, b) {
        Some(Edit::Numbering) => false,
        Some(Edit::Exchanged) => true,
        Some(Edit::Slipped) => length >= ANY_LETTER_FROM || (length >= SLIPS_FROM && first_right),
        Some(Edit::Other) => length >= ANY_LETTER_FROM && first_right,
        None => {
            length >= TWO_SLIPS_FROM
                && first_right
                && !numbered(a, b)
                && (same_letters(a, b) || a.len().abs_diff(b.len()) == 2)
                && strsim::damerau_levenshtein(written.domain.name(), meant.domain.name()) == 2
        }
    }
}

/// How two names differ, if in one place only.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Edit {
    /// Two neighbouring letters exchanged: `gmial`.
    Exchanged,
    /// A neighbouring key, a letter doubled or left out.
    Slipped,
    /// Two different digits: `store1`, `store2`.
    Numbering,
    /// Any other one letter.
    Other,
}

impl Edit {
    fn between(a: &[char], b: &[char]) -> Option<Self> {
        let front = a.iter().zip(b).take_while(|(x, y)| x == y).count();
        let (a_rest, b_rest) = (a.get(front..)?, b.get(front..)?);
        let back = a_rest.iter().rev().zip(b_rest.iter().rev()).take_while(|(x, y)| x == y).count();
        let (a_middle, b_middle) = (a_rest.get(..a_rest.len() - back)?, b_rest.get(..b_rest.len() - back)?);
        match (a_middle, b_middle) {
            ([x], [y]) if x.is_ascii_digit() && y.is_ascii_digit() => Some(Self::Numbering),
            ([x], [y]) if are_neighbours(*x, *y) => Some(Self::Slipped),
            ([_], [_]) => Some(Self::Other),
            ([x, y], [z, w]) if x == w && y == z => Some(Self::Exchanged),
            // A number at the end is a second site, not a slip.
            ([x], []) | ([], [x]) if x.is_ascii_digit() => Some(Self::Numbering),
            ([_], []) | ([], [_]) => Some(Self::Slipped),
            _ => None,
        }
    }
}

fn same_letters(a: &[char], b: &[char]) -> bool {
    let sorted = |name: &[char]| {
        let mut letters = name.to_vec();
        letters.sort_unstable();
        letters
    };
    a.len() == b.len() && sorted(a) == sorted(b)
}

/// Whether two names are the same but for their digits.
fn numbered(a: &[char], b: &[char]) -> bool {
    let letters = |name: &[char]| name.iter().filter(|c| !c.is_ascii_digit()).collect::<String>();
    letters(a) == letters(b)
}

fn are_neighbours(a: char, b: char) -> bool {
    let place = |key: char| {
        let places = KEYBOARD.iter().enumerate();
        places.filter_map(|(row, keys)| keys.find(key).map(|column| (row, column))).next()
    };
    let (Some(a), Some(b)) = (place(a), place(b)) else { return false };
    a.0.abs_diff(b.0) <= 1 && a.1.abs_diff(b.1) <= 1
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{mail::Address, recipients::fixture::Mail};

    const PARTNERS: &str = r#"
[[partner]]
id = "kita-hoan"
domains = ["kita-hoan.example.com"]
[[partner]]
id = "minami"
domains = ["minami-hoan.example.com", "minami-hoken.co.jp"]
[[partner]]
id = "twins-a"
domains = ["sakurashoji.co.jp"]
[[partner]]
id = "twins-b"
domains = ["sakurashoki.co.jp"]
[[partner]]
id = "short"
domains = ["nec.co.jp", "kao.com", "honda.co.jp", "jreast.co.jp", "store1.example.jp", "acme.de"]
[[partner]]
id = "banks"
domains = ["mizuho-fg.co.jp", "nishimatsu.co.jp", "tokyo-gas.co.jp", "yamato-unyu.co.jp", "fujita.co.jp", "okada.co.jp"]
"#;

    fn issue(domain: &str, partners: &str) -> Option<Issue> {
        let mut mail = Mail::to(&[&format!("yamada@{domain}")]).partners(partners);
        mail.organization.domains = vec!["toho-kanko.co.jp".to_owned()];
        mail.issues(Check::LookalikeDomain).remove(0)
    }

    fn checked(domain: &str) -> Option<String> {
        issue(domain, PARTNERS).map(|issue| {
            assert!(issue.detail.contains('≈') && issue.reason.is_some());
            issue.suggestion.unwrap()
        })
    }

    #[test]
    fn slips_are_caught_and_the_right_one_is_named() {
        let wrong: Vec<_> = [
            // a partner
            ("kita-haon.example.com", "kita-hoan.example.com"),
            ("kita-hoann.example.com", "kita-hoan.example.com"),
            ("kita-hosn.example.com", "kita-hoan.example.com"),
            ("kitahoan.example.com", "kita-hoan.example.com"),
            ("kita.hoan.example.com", "kita-hoan.example.com"),
            ("mail.kita-haon.example.com", "kita-hoan.example.com"),
            ("minami-hoken.com", "minami-hoken.co.jp"),
            ("minami-hoken.jp", "minami-hoken.co.jp"),
            ("minami-hoken.ne.jp", "minami-hoken.co.jp"),
            ("minami-hoken.or.jp", "minami-hoken.co.jp"),
            ("minami-hoken.cojp", "minami-hoken.co.jp"),
            ("minami-hoken.co.jo", "minami-hoken.co.jp"),
            ("minami-hoken.cp.jp", "minami-hoken.co.jp"),
            ("minami-hoken.co", "minami-hoken.co.jp"),
            ("minami-hoken.co.jp.com", "minami-hoken.co.jp"),
            ("minamihoken.co.jp", "minami-hoken.co.jp"),
            ("minani-hoken.co.jp", "minami-hoken.co.jp"),
            ("minami-hokenn.co.jp", "minami-hoken.co.jp"),
            ("minmai-hokne.co.jp", "minami-hoken.co.jp"),
            ("mminami-hokenn.co.jp", "minami-hoken.co.jp"),
            ("rninami-hoken.co.jp", "minami-hoken.co.jp"),
            // ourselves
            ("toho-kanko.com", "toho-kanko.co.jp"),
            ("toho-knako.co.jp", "toho-kanko.co.jp"),
            ("toho-kankou.co.jp", "toho-kanko.co.jp"),
            ("toh0-kank0.co.jp", "toho-kanko.co.jp"),
            ("tohokanko.co.jp", "toho-kanko.co.jp"),
            ("sales.toho-kamko.co.jp", "toho-kanko.co.jp"),
            // free mail and carriers
            ("gmai.com", "gmail.com"),
            ("gmial.com", "gmail.com"),
            ("gnail.com", "gmail.com"),
            ("gmail.co.jp", "gmail.com"),
            ("gmall.com", "gmail.com"),
            ("gmаil.com", "gmail.com"),
            ("xn--gmil-63d.com", "gmail.com"),
            ("mx.gmai.com", "gmail.com"),
            ("yaho.co.jp", "yahoo.co.jp"),
            ("yahoo.co.jo", "yahoo.co.jp"),
            ("yahooo.co.jp", "yahoo.co.jp"),
            ("docomo.co.jp", "docomo.ne.jp"),
            ("docmo.ne.jp", "docomo.ne.jp"),
            ("dcoomo.ne.jp", "docomo.ne.jp"),
            ("ezewb.ne.jp", "ezweb.ne.jp"),
            ("softbannk.ne.jp", "softbank.ne.jp"),
            ("i.softbak.jp", "i.softbank.jp"),
            ("isoftbank.jp", "i.softbank.jp"),
            ("iclodu.com", "icloud.com"),
            ("outlook.co.jp", "outlook.jp"),
            ("hotmial.co.jp", "hotmail.co.jp"),
            // short names: only what keeps the letters, or exchanges two
            ("hodna.co.jp", "honda.co.jp"),
            ("jr-east.co.jp", "jreast.co.jp"),
            ("fujuta.co.jp", "fujita.co.jp"),
        ]
        .into_iter()
        .filter(|(written, meant)| checked(written).as_deref() != Some(*meant))
        .collect();
        assert_eq!(wrong, [("", ""); 0]);
    }

    /// Why they are quiet, and who they are.
    const QUIET: [(&str, &str); 6] = [
        (
            "known exactly, or below; mail takes no notice of case",
            "kita-hoan.example.com mail.kita-hoan.example.com KITA-HOAN.example.com sakurashoji.co.jp sakurashoki.co.jp \
             gmail.com GMAiL.com mail.com ymail.com email.com yahoo.co.jp yahoo.com docomo.ne.jp nttdocomo.com \
             softbank.co.jp softbank.ne.jp i.softbank.jp icloud.com outlook.com outlook.jp hotmail.com live.jp \
             nifty.co.jp biglobe.co.jp goo.ne.jp store1.example.jp",
        ),
        (
            "short names have a real neighbour for every letter",
            "nhk.or.jp ntt.co.jp nef.co.jp nec.com kdo.com kao.co.jp kai.com jal.co.jp ana.co.jp mec.co.jp ael.com \
             gmo.jp sony.co.jp au.co.jp",
        ),
        (
            "neighbours of names of middle length",
            "handa.co.jp toyota.co.jp suzuki.co.jp fuji.co.jp fujitsu.com fujitv.co.jp okuda.co.jp ikeda.co.jp cloud.com \
             plaza.or.jp sonic.com thrifty.com swift.com",
        ),
        (
            "long names with something in common",
            "nishitetsu.co.jp osaka-gas.co.jp toho-gas.co.jp jrwest.co.jp jrcentral.co.jp toho-eiga.co.jp toho.co.jp \
             kanko.co.jp minami.co.jp minami-bank.co.jp kita-bank.co.jp higashi-hoan.example.com yamato-steel.co.jp \
             yamato.co.jp smbc.co.jp mufg.jp mizuhobank.co.jp",
        ),
        (
            "numbered sites, institutions, branches in other countries",
            "store2.example.jp store12.example.jp minami-hoken.go.jp minami-hoken.ac.jp acme.be acme.fr u-tokyo.ac.jp \
             city.yokohama.lg.jp meti.go.jp",
        ),
        (
            "like nothing we know, or no domain at all",
            "example.com example.org github.com 例え.jp localhost [127.0.0.1]",
        ),
    ];

    #[test]
    fn real_domains_stay_quiet() {
        let loud: Vec<_> = QUIET
            .iter()
            .flat_map(|(why, domains)| domains.split_whitespace().map(move |domain| (why, domain)))
            .filter_map(|(why, domain)| checked(domain).map(|meant| (why, domain, meant)))
            .collect();
        assert_eq!(loud, []);
    }

    #[test]
    fn domains_with_traffic_are_known_and_are_compared_with() {
        let judged = |to: &str| {
            Mail::to(&[to])
                .before(5, "sato@example.co.jp", &["x@tanaka-shoji.example.net", "y@fabrikam.co.jp"])
                .before(5, "sato@example.co.jp", &["z@kita-hoam.example.com"])
                .before(1, "sato@example.co.jp", &["once@gmai.com"])
                .partners(PARTNERS)
                .issues(Check::LookalikeDomain)
                .remove(0)
                .map(|issue| issue.suggestion.unwrap_or_default())
        };
        let meant = |domain: &str| Some(domain.to_owned());
        assert_eq!(judged("x@fabirkam.co.jp"), meant("fabrikam.co.jp"));
        assert_eq!(judged("x@fabrikam.com"), meant("fabrikam.co.jp"));
        assert_eq!(judged("x@tanakashoji.example.net"), meant("tanaka-shoji.example.net"));
        assert_eq!(judged("x@fabrikam.co.jp"), None);
        // One letter from a partner, and with traffic of its own.
        assert_eq!(judged("x@kita-hoam.example.com"), None);
        // Known to live on slips: no traffic makes it right.
        assert_eq!(judged("x@gmai.com"), meant("gmail.com"));
    }

    #[test]
    fn deceiving_letters_are_shown_with_their_punycode() {
        assert_eq!(issue("gmаil.com", "").unwrap().detail, "gmаil.com (xn--gmil-63d.com) ≈ gmail.com");
    }

    proptest::proptest! {
        /// What resembles a known domain is found among many.
        #[test]
        fn whatever_resembles_is_offered(
            known in "[a-d-]{4,14}(\\.(co\\.jp|com|jp|example\\.jp))",
            slips in proptest::collection::vec((0..4u8, 0..20usize, "[a-d]"), 1..3),
        ) {
            let mut letters: Vec<char> = known.chars().collect();
            for (how, at, letter) in slips {
                let at = at % (letters.len() - 1);
                match how {
                    0 => drop(letters.remove(at)),
                    1 => letters.swap(at, at + 1),
                    2 => letters.insert(at, letter.chars().next().unwrap()),
                    _ => letters[at] = letter.chars().next().unwrap(),
                }
            }
            let written: String = letters.into_iter().collect();
            let (known, written) = (Spelled::new(Domain::new(&known)), Spelled::new(Domain::new(&written)));
            let offered = Own::new(vec![known.clone()]).near.of(&Sought::new(&written.domain)) == [0];
            proptest::prop_assert!(offered || !resembles(&written, &known), "{:?} {:?}", written, known);
        }

        /// No domain breaks the comparison, and a domain that we know is quiet however it is written.
        #[test]
        fn any_domain_is_judged(domain in "[a-z0-9.あж-]{1,30}", upper in proptest::bool::ANY) {
            let toml = format!("[[partner]]\nid = \"a\"\ndomains = [\"{domain}\"]\n");
            let partners = Partners::parse("partners.toml", &toml);
            let written = if upper { domain.to_uppercase() } else { domain.clone() };
            let Ok(address) = Address::parse(&format!("a@{written}")) else { return Ok(()) };
            let issue = issue(&written, if partners.is_ok() { &toml } else { "" });
            let known = partners.is_ok_and(|partners| partners.of_address(&address).is_some());
            proptest::prop_assert!(!known || issue.is_none(), "{:?}", issue);
        }
    }
}
