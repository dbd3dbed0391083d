//! National numbers of other countries.
//!
//! In: a candidate in one of the ways its country writes it, or a whole cell. Out: whether the number can have been
//! issued ([`Foreign::judge`]), and whether only context tells it from other numbers. Each function names the text that
//! defines it. Deliberately absent: company numbers, save the one that the United States gives employers; and numbers of
//! old that nobody issues any more.

mod america;
mod asia;
mod europe;
mod oceania;

use std::borrow::Cow;

use serde::Deserialize;

/// A number by the name that rules call it: country and kind.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(in crate::inspect::detect) enum Foreign {
    /// Medicare card, Australia.
    AuMedicare,
    /// Tax file number, Australia.
    AuTfn,
    /// Cadastro de Pessoas Físicas, Brazil.
    BrCpf,
    /// Social Insurance Number, Canada.
    CaSin,
    /// 公民身份号码, China.
    CnResidentId,
    /// Steuerliche Identifikationsnummer, Germany.
    DeSteuerId,
    /// DNI of Spaniards, NIE of foreigners, Spain.
    EsDniNie,
    /// Numéro d'inscription au répertoire, France.
    FrNir,
    /// Aadhaar, India.
    InAadhaar,
    /// Permanent Account Number, India.
    InPan,
    /// Codice fiscale of a person, Italy.
    ItCodiceFiscale,
    /// 주민등록번호 and 외국인등록번호, Korea.
    KrRrn,
    /// Burgerservicenummer, the Netherlands.
    NlBsn,
    /// NRIC and FIN, Singapore.
    SgNric,
    /// 身分證字號 and 統一證號, Taiwan.
    TwNationalId,
    /// NHS number, England and Wales.
    UkNhs,
    /// National Insurance number, United Kingdom.
    UkNino,
    /// Employer Identification Number, United States.
    UsEin,
    /// Individual Taxpayer Identification Number, United States.
    UsItin,
    /// Social Security number, United States.
    UsSsn,
}

impl Foreign {
    /// Whether `value` can have been issued; `true` when so many other numbers look the same that only context makes it
    /// one.
    pub(super) fn judge(self, value: &str) -> Option<bool> {
        let certain = |holds: bool| holds.then_some(false);
        match self {
            Self::AuMedicare => certain(oceania::is_medicare(value)),
            Self::AuTfn => certain(oceania::is_tfn(value)),
            Self::BrCpf => america::is_cpf(value).then(|| is_bare(value)),
            Self::CaSin => certain(america::is_sin(value)),
            Self::CnResidentId => certain(asia::is_resident_id(value)),
            Self::DeSteuerId => certain(europe::is_steuer_id(value)),
            Self::EsDniNie => certain(europe::is_dni_nie(value)),
            // Documents numbered by their day begin with 20.
            Self::FrNir => europe::is_nir(value).then(|| value.bytes().all(|b| b.is_ascii_digit())),
            Self::InAadhaar => certain(asia::is_aadhaar(value)),
            Self::InPan => certain(asia::is_pan(value)),
            Self::ItCodiceFiscale => europe::is_codice_fiscale(value)
                .then(|| value.bytes().filter(u8::is_ascii_digit).count() < 4 || !has_capitals_only(value)),
            Self::KrRrn => asia::registration(value).map(|checked| !checked || is_bare(value)),
            Self::NlBsn => certain(europe::is_bsn(value)),
            Self::SgNric => certain(asia::is_nric(value)),
            Self::TwNationalId => certain(asia::is_national_id(value)),
            Self::UkNhs => certain(europe::is_nhs(value)),
            Self::UkNino => certain(europe::is_nino(value)),
            Self::UsEin => certain(america::is_ein(value)),
            Self::UsItin => certain(america::is_itin(value)),
            Self::UsSsn => certain(america::is_ssn(value)),
        }
    }

    /// As [`Self::judge`], for a whole cell; under a header the zeros that a spreadsheet dropped are put back.
    pub(super) fn judge_cell(self, value: &str, headed: bool) -> Option<bool> {
        let value = match self.digits().filter(|_| headed) {
            Some(length) => Cow::Owned(super::padded(value, length, headed)),
            None => Cow::Borrowed(value),
        };
        self.judge(&value)
    }

    /// Whether a check digit makes many hits in a row no accident. Canada's is Luhn's, as in lists of French companies;
    /// Korea gives numbers without one since 2020, and half of all product numbers look like those.
    pub(super) fn has_check_digit(self) -> bool {
        match self {
            Self::AuMedicare
            | Self::AuTfn
            | Self::BrCpf
            | Self::CnResidentId
            | Self::DeSteuerId
            | Self::EsDniNie
            | Self::FrNir
            | Self::InAadhaar
            | Self::ItCodiceFiscale
            | Self::NlBsn
            | Self::SgNric
            | Self::TwNationalId
            | Self::UkNhs => true,
            Self::CaSin | Self::InPan | Self::KrRrn | Self::UkNino | Self::UsEin | Self::UsItin | Self::UsSsn => false,
        }
    }

    /// How many digits a number has that is digits alone and may begin with a zero.
    fn digits(self) -> Option<usize> {
        match self {
            Self::BrCpf => Some(11),
            Self::KrRrn => Some(13),
            Self::NlBsn | Self::UsEin | Self::UsSsn => Some(9),
            Self::UkNhs => Some(10),
            _ => None,
        }
    }
}

/// Exactly `N` digits, with separators between.
fn digits<const N: usize>(value: &str) -> Option<[u32; N]> {
    let mut found = [0; N];
    let mut slots = found.iter_mut();
    for byte in value.bytes() {
        match byte {
            b'0'..=b'9' => *slots.next()? = u32::from(byte - b'0'),
            _ if is_separator(char::from(byte)) => {}
            _ => return None,
        }
    }
    slots.next().is_none().then_some(found)
}

/// Exactly `N` letters and digits, with separators between; letters as capitals.
fn characters<const N: usize>(value: &str) -> Option<[u8; N]> {
    let mut found = [0; N];
    let mut slots = found.iter_mut();
    for c in value.chars() {
        if c.is_ascii_alphanumeric() {
            *slots.next()? = u8::try_from(c).ok()?.to_ascii_uppercase();
        } else if !is_separator(c) {
            return None;
        }
    }
    slots.next().is_none().then_some(found)
}

fn is_separator(c: char) -> bool {
    matches!(c, ' ' | '-' | '.' | ':' | '/')
}

/// The number that `digits` are, in the order of writing.
fn number(digits: &[u32]) -> u32 {
    digits.iter().fold(0, |number, digit| number * 10 + digit)
}

/// Each digit times its weight, all added up.
fn weighted(weights: &[u32], digits: &[u32]) -> u32 {
    weights.iter().zip(digits).map(|(weight, digit)| weight * digit).sum()
}

/// One digit all the way: in forms and tests, and nobody's.
fn is_one_digit(digits: &[u32]) -> bool {
    digits.iter().all(|digit| Some(digit) == digits.first())
}

/// Nothing but letters and digits, as most numbers are that are none.
fn is_bare(value: &str) -> bool {
    value.bytes().all(|b| b.is_ascii_alphanumeric())
}

fn has_capitals_only(value: &str) -> bool {
    !value.bytes().any(|b| b.is_ascii_lowercase())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn separators_do_not_count_and_lengths_do() {
        assert_eq!(digits("1-2 3.4"), Some([1, 2, 3, 4]));
        assert_eq!(digits::<4>("12345"), None);
        assert_eq!(digits::<4>("123"), None);
        assert_eq!(digits::<4>("12３4"), None);
        assert_eq!(characters("a-1 b"), Some(*b"A1B"));
        assert_eq!(characters::<3>("ä1b"), None);
    }

    #[test]
    fn what_other_numbers_look_like_waits_for_context() {
        for (number, value, doubt) in [
            (Foreign::BrCpf, "390.533.447-05", false),
            (Foreign::BrCpf, "39053344705", true),
            (Foreign::FrNir, "2 95 10 99 126 111 93", false),
            (Foreign::FrNir, "253072B07300470", false),
            (Foreign::FrNir, "269054958815780", true),
            (Foreign::KrRrn, "971013-9019902", false),
            (Foreign::KrRrn, "9710139019902", true),
            (Foreign::KrRrn, "960121-1234567", true),
            (Foreign::ItCodiceFiscale, "RSSMRA85T10A562S", false),
            (Foreign::ItCodiceFiscale, "rssmra85t10a562s", true),
        ] {
            assert_eq!(number.judge(value), Some(doubt), "{value}");
        }
    }

    #[test]
    fn zeros_come_back_under_a_header_only() {
        assert_eq!(Foreign::UsSsn.judge_cell("78051123", true), Some(false));
        assert_eq!(Foreign::UsSsn.judge_cell("78051123", false), None);
    }
}
