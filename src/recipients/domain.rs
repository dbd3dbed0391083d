//! Domains as they are compared: lower case, international names decoded, split at the public suffix.
//!
//! In: the domain of an address as it was written. Out: a [`Domain`] and its parts, found once.
//! Deliberately absent: what it looks like (`spelled`), and DNS. Whether a domain exists says nothing about whether it
//! was meant.

use std::borrow::Cow;

/// So many labels above a domain are looked at; real ones have three or four, hostile ones a hundred.
const DEEPEST: usize = 8;

/// One domain and its parts.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Domain {
    /// Lower case, Punycode decoded, without a dot at its end.
    pub(super) text: String,
    /// Where the registered part begins, if there is one.
    registered: Option<usize>,
    /// Where the public suffix begins.
    suffix: usize,
}

impl Domain {
    /// Reads a domain; never fails, because whatever the envelope holds must be judged.
    pub(super) fn new(written: &str) -> Self {
        let text = normal(written);
        let domain = psl::domain_str(&text);
        // What stands behind the first label of the registered part is the suffix: one look into the list for both.
        let suffix = match domain {
            Some(domain) => domain.split_once('.').map_or("", |(_, suffix)| suffix),
            None => psl::suffix_str(&text).unwrap_or_default(),
        };
        let begins = |part: &str| text.len() - part.len();
        Self { registered: domain.map(begins), suffix: begins(suffix), text }
    }

    /// What stands before the public suffix: `i.softbank` of `i.softbank.jp`.
    pub(super) fn name(&self) -> &str {
        self.text.get(..self.suffix).unwrap_or_default().trim_end_matches('.')
    }

    /// The public suffix: `co.jp`.
    pub(super) fn suffix(&self) -> &str {
        self.text.get(self.suffix..).unwrap_or_default()
    }

    /// This domain and those above it down to the registered one: `mx.mail.gmai.com`, `mail.gmai.com`, `gmai.com`.
    pub(super) fn upwards(&self) -> impl Iterator<Item = Self> {
        let registered = self.registered.unwrap_or(0);
        let starts = self.text.match_indices('.').map(|(at, _)| at + 1).take_while(move |start| *start <= registered);
        std::iter::once(0).chain(starts).take(DEEPEST).map(|start| Self {
            text: self.text.get(start..).unwrap_or_default().to_owned(),
            registered: self.registered.map(|at| at - start),
            suffix: self.suffix - start,
        })
    }

    /// This domain and all above it, as texts: `mx.gmai.com`, `gmai.com`, `com`.
    pub(super) fn and_above(&self) -> impl Iterator<Item = &str> {
        std::iter::successors(Some(self.text.as_str()), |domain| domain.split_once('.').map(|(_, above)| above))
    }

    /// What counts as one organisation: the registered part, or the whole if there is none.
    pub(super) fn registered(&self) -> &str {
        self.text.get(self.registered.unwrap_or(0)..).unwrap_or_default()
    }
}

/// Reads a domain that somebody says is an organisation's, ours or a partner's.
pub(super) fn of_organization(written: &str) -> Result<Domain, String> {
    let domain = Domain::new(written);
    let odd = |c: char| !(c.is_alphanumeric() || matches!(c, '-' | '.' | '_' | '・' | 'ー'));
    if domain.text.is_empty() || domain.text.split('.').any(str::is_empty) || domain.text.contains(odd) {
        return Err(format!("`{written}` is no domain; write it as in \"example.co.jp\""));
    }
    if domain.name().is_empty() {
        return Err(format!("`{written}` belongs to everybody; write the organisation's own, as in \"example.co.jp\""));
    }
    Ok(domain)
}

/// Lower case, Punycode decoded, without a dot at its end.
pub(super) fn normal(written: &str) -> String {
    let bare = written.trim_end_matches('.').to_ascii_lowercase();
    // Most domains are plain, and every mail has some.
    if bare.is_ascii() && !bare.contains("xn--") {
        return bare;
    }
    idna::domain_to_unicode(&bare).0.to_lowercase()
}

/// The same, of what is most often in that form already.
pub(super) fn normalized(written: &str) -> Cow<'_, str> {
    let plain = |c: u8| c.is_ascii() && !c.is_ascii_uppercase();
    if written.bytes().all(plain) && !written.ends_with('.') && !written.contains("xn--") {
        return Cow::Borrowed(written);
    }
    Cow::Owned(normal(written))
}

/// Whether `domain` is `parent` or below it; both in normal form.
pub(super) fn is_within(domain: &str, parent: &str) -> bool {
    domain.strip_suffix(parent).is_some_and(|front| front.is_empty() || front.ends_with('.'))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn forms_of_one_domain() {
        let domain = Domain::new("Mail.Kita-Hoan.CO.JP.");
        assert_eq!(domain.text, "mail.kita-hoan.co.jp");
        assert_eq!((domain.name(), domain.suffix()), ("mail.kita-hoan", "co.jp"));
        assert_eq!(domain.registered(), "kita-hoan.co.jp");
        assert_eq!(domain.upwards().collect::<Vec<_>>(), [domain.clone(), Domain::new("kita-hoan.co.jp")]);
        assert_eq!(Domain::new("a.".repeat(100).as_str()).upwards().count(), DEEPEST);
    }

    #[test]
    fn international_names_are_one_with_their_punycode() {
        assert_eq!(Domain::new("xn--r8jz45g.jp"), Domain::new("例え.jp"));
    }

    #[test]
    fn what_is_no_domain_is_kept() {
        for odd in ["[127.0.0.1]", "localhost", "a..b", "xn--", ".", "co.jp", "-.jp", "", "..jp", ".co.jp", "a..co.jp"]
        {
            let domain = Domain::new(odd);
            assert_eq!(domain.suffix(), psl::suffix_str(&domain.text).unwrap_or_default(), "{odd}");
            assert_eq!(domain.upwards().next().as_ref(), Some(&domain));
        }
        assert_eq!(Domain::new("[127.0.0.1]").text, "[127.0.0.1]");
    }

    #[test]
    fn below_is_not_beside() {
        assert!(is_within("mail.example.co.jp", "example.co.jp"));
        assert!(is_within("example.co.jp", "example.co.jp"));
        assert!(!is_within("badexample.co.jp", "example.co.jp"));
    }

    proptest::proptest! {
        /// The parts are those that the list itself finds, of a domain and of all above it.
        #[test]
        fn parts_are_those_of_the_list(written in "([a-c-]{0,2}\\.|mail\\.|kobe\\.|city\\.|www\\.){0,5}(co\\.jp|jp|com|kobe\\.jp|blogspot\\.com|ck|)\\.?") {
            for domain in Domain::new(&written).upwards() {
                proptest::prop_assert_eq!(domain.registered(), psl::domain_str(&domain.text).unwrap_or(&domain.text));
                proptest::prop_assert_eq!(domain.suffix(), psl::suffix_str(&domain.text).unwrap_or_default());
            }
        }
    }
}
