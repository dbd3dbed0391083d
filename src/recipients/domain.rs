//! Domains as they are compared: lower case, international names decoded, split at the public suffix.
//!
//! In: the domain of an address as it was written. Out: a [`Domain`] with the forms that the checks compare.
//! Deliberately absent: DNS. Whether a domain exists says nothing about whether it was meant.

use unicode_security::skeleton;

/// So many labels above a domain are looked at; real ones have three or four, hostile ones a hundred.
const DEEPEST: usize = 8;

/// One domain in its forms.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Domain {
    /// Lower case, Punycode decoded, without a dot at its end.
    pub(super) text: String,
    /// What stands before the public suffix: `i.softbank` of `i.softbank.jp`.
    pub(super) name: String,
    /// The public suffix: `co.jp`.
    pub(super) suffix: String,
    /// What it looks like: look-alike characters made equal (Unicode TS 39), so that `gmаil` with a Cyrillic а and
    /// `gmail` are the same.
    pub(super) skeleton: String,
    /// Without dots and hyphens.
    pub(super) squeezed: String,
    /// The letters of `name`, for comparing them one by one.
    pub(super) letters: Vec<char>,
    /// Those without hyphens.
    pub(super) unhyphened: Vec<char>,
}

impl Domain {
    /// Reads a domain; never fails, because whatever the envelope holds must be judged.
    pub(super) fn new(written: &str) -> Self {
        let text = normal(written);
        let suffix = psl::suffix_str(&text).unwrap_or_default().to_owned();
        let name = text.strip_suffix(suffix.as_str()).unwrap_or(&text).trim_end_matches('.').to_owned();
        let skeleton = looks(&text);
        let squeezed = text.chars().filter(|c| !matches!(c, '.' | '-')).collect();
        let letters: Vec<char> = name.chars().collect();
        let unhyphened = letters.iter().copied().filter(|c| *c != '-').collect();
        Self { text, name, suffix, skeleton, squeezed, letters, unhyphened }
    }

    /// This domain and those above it down to the registered one: `mx.mail.gmai.com`, `mail.gmai.com`, `gmai.com`.
    pub(super) fn upwards(&self) -> Vec<Self> {
        let registered = self.registered();
        let mut forms = vec![self.clone()];
        let mut rest = self.text.as_str();
        while let Some((_, above)) = rest.split_once('.')
            && is_within(above, registered)
            && forms.len() < DEEPEST
        {
            forms.push(Self::new(above));
            rest = above;
        }
        forms
    }

    /// This domain and all above it, as texts: `mx.gmai.com`, `gmai.com`, `com`.
    pub(super) fn and_above(&self) -> impl Iterator<Item = &str> {
        std::iter::successors(Some(self.text.as_str()), |domain| domain.split_once('.').map(|(_, above)| above))
    }

    /// What counts as one organisation: the registered part, or the whole if there is none.
    pub(super) fn registered(&self) -> &str {
        psl::domain_str(&self.text).unwrap_or(&self.text)
    }

    /// Whether this is `other` or below it.
    pub(super) fn is_within(&self, other: &Self) -> bool {
        is_within(&self.text, &other.text)
    }
}

/// Reads a domain that somebody says is an organisation's, ours or a partner's.
pub(super) fn of_organization(written: &str) -> Result<Domain, String> {
    let domain = Domain::new(written);
    let odd = |c: char| !(c.is_alphanumeric() || matches!(c, '-' | '.' | '_' | '・' | 'ー'));
    if domain.text.is_empty() || domain.text.split('.').any(str::is_empty) || domain.text.contains(odd) {
        return Err(format!("`{written}` is no domain; write it as in \"example.co.jp\""));
    }
    if domain.name.is_empty() {
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

/// Whether `domain` is `parent` or below it; both in normal form.
pub(super) fn is_within(domain: &str, parent: &str) -> bool {
    domain.strip_suffix(parent).is_some_and(|front| front.is_empty() || front.ends_with('.'))
}

/// The skeleton, and two joined letters that eyes take for one.
fn looks(text: &str) -> String {
    // The skeleton turns 0 into O and I into l, and names are compared without case.
    let skeleton: String = skeleton(text).collect();
    skeleton.to_lowercase().replace("vv", "w").replace("cl", "d")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn forms_of_one_domain() {
        let domain = Domain::new("Mail.Kita-Hoan.CO.JP.");
        assert_eq!(domain.text, "mail.kita-hoan.co.jp");
        assert_eq!((domain.name.as_str(), domain.suffix.as_str()), ("mail.kita-hoan", "co.jp"));
        assert_eq!(domain.registered(), "kita-hoan.co.jp");
        assert_eq!(domain.upwards(), [domain.clone(), Domain::new("kita-hoan.co.jp")]);
        assert_eq!(Domain::new("a.".repeat(100).as_str()).upwards().len(), DEEPEST);
        assert_eq!(domain.squeezed, "mailkitahoancojp");
    }

    #[test]
    fn international_names_are_one_with_their_punycode() {
        assert_eq!(Domain::new("xn--r8jz45g.jp"), Domain::new("例え.jp"));
    }

    #[test]
    fn what_is_no_domain_is_kept() {
        for odd in ["[127.0.0.1]", "localhost", "a..b", "xn--", ".", "co.jp", "-.jp"] {
            let _ = Domain::new(odd).upwards();
        }
        assert_eq!(Domain::new("[127.0.0.1]").text, "[127.0.0.1]");
    }

    #[test]
    fn below_is_not_beside() {
        assert!(is_within("mail.example.co.jp", "example.co.jp"));
        assert!(is_within("example.co.jp", "example.co.jp"));
        assert!(!is_within("badexample.co.jp", "example.co.jp"));
    }
}
