//! The checks that a rule can name: does this candidate hold what its shape promises?
//!
//! In: a candidate's place in normalised text, or the whole of a table cell. Out: [`Passed`] with its true range, or
//! nothing. A check digit, a numbering plan, a calendar or a dictionary decides; the standard behind each is named in
//! the rule's `source`. Deliberately absent: confidence and context, which are the rule's matter.

mod account;
mod address;
mod apart;
mod counters;
mod dates;
mod documents;
mod foreign;
mod japan;
mod latin;
mod marks;
mod numbers;
mod phone;
mod proof;
mod secrets;
mod words;

use std::ops::Range;

use serde::Deserialize;

pub(super) use self::dates::born;
use super::names::Names;
use super::words::places::prefecture;
use crate::inspect::Confidence;
use apart::Apart;
use foreign::Foreign;
pub(super) use latin::{is_known_latin_name, is_latin_name, is_organisation, is_part_of_latin_name};
pub(super) use words::is_role_address;

/// A check by the name that rules call it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(super) enum Check {
    /// The pattern is enough.
    None,
    /// Twelve digits with My Number's check digit.
    MyNumber,
    /// Thirteen digits with the corporate number's leading check digit.
    CorporateNumber,
    /// Luhn's check digit.
    Luhn,
    /// Luhn's check digit and an issuer's range and length.
    Card,
    /// ISO 13616: country, its length, mod 97.
    Iban,
    /// A telephone number of Japan's numbering plan.
    PhoneJp,
    /// A telephone number of any country's plan.
    Phone,
    /// Seven digits whose first three are in use.
    PostalCodeJp,
    /// From municipality to block number.
    AddressJp,
    /// A name beside the honorific or label that announces it.
    NameJp,
    /// A name in Latin letters after its label.
    PersonName,
    /// A day in the calendar on which somebody alive could be born.
    BirthDate,
    /// Twelve digits of a Japanese driver's licence.
    DriversLicenseJp,
    /// A number of another country: `check = { foreign = "us_ssn" }`.
    Foreign(Foreign),
    /// A mail address.
    Email,
    /// The secret after its label is a secret and no placeholder.
    Password,
    /// An account number after its label.
    AccountJp,
    /// Anything that a column of such a header holds, save "none".
    SpecialCare,

    /// Ten digits of a pension number.
    BasicPensionJp,
    /// Eleven digits of somebody insured against unemployment.
    EmploymentInsuranceJp,
    /// The numbers of a health insurance card, its insurer's check digit included.
    HealthInsuranceJp,
    /// T and thirteen digits.
    InvoiceNumberJp,
    /// Two letters and seven digits.
    PassportJp,
    /// Two letters, eight digits, two letters.
    ResidenceCardJp,
    /// Eleven digits with the resident record code's check digit.
    ResidentCodeJp,
    /// 記号 and 番号 of Japan Post Bank with their check digit.
    YuchoJp,

    /// ISO 9362: bank, country, place.
    Bic,
    /// An address of the Internet.
    IpAddress,
    /// The lines of a travel document with their check digits.
    Mrz,

    /// A password in an address or among settings.
    ConnectionString,
    /// A bot's number in base 64, and a key that looks drawn by lot.
    DiscordToken,
    /// Name and password of an HTTP request.
    HttpLogin,
    /// JSON that names an algorithm, and JSON that claims something.
    Jwt,
    /// A private key's first line, with the key below it.
    PrivateKey,
    /// A key that looks drawn by lot.
    Token,
    /// A key with GitHub's check sum.
    TokenChecksum,

    /// A mark that stands for itself.
    ConfidentialMark,
    /// A sensitivity label's name.
    SensitivityLabel,
}

/// What more the check learnt.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Note {
    /// Nothing.
    Plain,
    /// A surname alone.
    Surname,
    /// A full name.
    FullName,
    /// A full name after `氏名：` and its like.
    LabelledName,
    /// A full name that nothing announces, between boundaries.
    BareName,
    /// A full name in a list of names that something announces.
    Enrolled,
    /// A telephone that one person carries.
    Mobile,
    /// A telephone that stands in a house or an office.
    Landline,
    /// A freephone or service number: nobody's own.
    Service,
    /// `info@`, `sales@`: nobody's own.
    RoleAddress,
    /// A number of which the words beside it say what it is, whoever's it may be.
    Stated,
    /// Of the right form, but nothing in it proves it.
    Likely,
    /// A sample out of a manual, a word in a sentence, an address inside a network.
    Faint,
}

impl Note {
    /// However much speaks for such a value, it is no surer than this.
    pub(super) fn at_most(self) -> Confidence {
        match self {
            Self::Likely => Confidence::Medium,
            Self::Faint => Confidence::Low,
            _ => Confidence::High,
        }
    }
}

/// A candidate that holds.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Passed {
    /// The value itself, without its label.
    pub(super) range: Range<usize>,
    /// The shape is so common that only context makes it a finding.
    pub(super) doubt: bool,
    /// What more was learnt.
    pub(super) note: Note,
}

impl Passed {
    fn plain(range: Range<usize>) -> Self {
        Self { range, doubt: false, note: Note::Plain }
    }

    fn doubted(self, doubt: bool) -> Self {
        Self { doubt, ..self }
    }

    fn noted(range: Range<usize>, note: Note) -> Self {
        Self { range, doubt: false, note }
    }
}

impl Check {
    /// Checks the candidate at `range` of `text`; `apart` tells whether it stands apart ([`Self::stands_apart`]).
    pub(super) fn in_text(self, names: &Names, text: &str, range: Range<usize>, apart: bool) -> Option<Passed> {
        let value = text.get(range.clone())?;
        if self == Self::Phone && value.starts_with(char::is_alphabetic) {
            let (number, note) = phone::labelled(value).filter(|_| ends_alone(text, range.end))?;
            return Some(Passed::noted(range.start + number.start..range.start + number.end, note));
        }
        if self.is_number() && !stands_alone(text, &range) {
            return None;
        }
        if self == Self::MyNumber && !value.starts_with(|c: char| c.is_ascii_digit()) {
            let number = japan::trailing_number(value)?;
            let apart = value.get(number.clone()).is_some_and(|number| self.stands_apart(number));
            return self.in_text(names, text, range.start + number.start..range.start + number.end, apart);
        }
        if apart && let Some(apart) = apart::read(value) {
            return self.together(text, range, &apart);
        }
        match self {
            Self::None | Self::SpecialCare => Some(Passed::plain(range)),
            Self::MyNumber => numbers::is_my_number(value)
                .then(|| Passed::plain(range).doubted(value.bytes().all(|b| b.is_ascii_digit()))),
            Self::CorporateNumber => numbers::is_corporate_number(value).then(|| Passed::plain(range)),
            Self::Luhn => numbers::is_luhn(value).then(|| Passed::plain(range)),
            Self::Card if counters::is_counter(text, &range) => {
                numbers::card(value).map(|_| Passed::noted(range, Note::Faint).doubted(true))
            }
            Self::Card => numbers::card(value).map(|doubt| Passed::plain(range).doubted(doubt)),
            Self::Iban => numbers::iban_length(value).map(|length| Passed::plain(range.start..range.start + length)),
            Self::PhoneJp => phone::japanese(value, false).map(|(note, doubt)| Passed { range, doubt, note }),
            Self::Phone => phone::international(value).map(|doubt| Passed::plain(range).doubted(doubt)),
            Self::PostalCodeJp => postal_code(names, text, range),
            Self::AddressJp => address::around(&names.places, text, &range),
            Self::NameJp => words::japanese_name(names, text, &range),
            Self::PersonName => latin::latin_name(names, text, &range),
            Self::BirthDate => dates::is_birth_date(value).then(|| Passed::plain(range)),
            Self::DriversLicenseJp => numbers::is_drivers_license(value).then(|| Passed::plain(range)),
            Self::Foreign(number) => number.judge(value).map(|doubt| Passed::plain(range).doubted(doubt)),
            Self::Email => words::email(value).map(|note| Passed { note, ..Passed::plain(range) }),
            Self::Password => secrets::password(text, &range),
            Self::AccountJp => account::in_text(names, text, &range),

            Self::BasicPensionJp => {
                japan::after_label(value, &range, |number| japan::is_basic_pension(number).then_some(Note::Plain))
            }
            Self::EmploymentInsuranceJp => japan::after_label(value, &range, |number| {
                japan::is_employment_insurance(number).then_some(Note::Plain)
            }),
            Self::HealthInsuranceJp => japan::health_insurance(text, &range),
            Self::InvoiceNumberJp => japan::invoice_number(value).map(|note| Passed::noted(range, note)),
            Self::PassportJp => japan::is_passport(value).then(|| Passed::plain(range)),
            Self::ResidenceCardJp => japan::is_residence_card(value).then(|| Passed::plain(range)),
            Self::ResidentCodeJp => japan::after_label(value, &range, japan::resident_code),
            Self::YuchoJp => japan::yucho_account(value).map(|passed| {
                let part = passed.range;
                Passed { range: range.start + part.start..range.start + part.end, ..passed }
            }),

            Self::Bic => documents::is_bic(value).then(|| Passed::plain(range)),
            Self::IpAddress => documents::ip_address_in(text, &range).map(|note| Passed::noted(range, note)),
            Self::Mrz => documents::is_mrz(value).then(|| Passed::plain(range)),

            Self::ConnectionString => secrets::connection_string(text, &range),
            Self::DiscordToken => secrets::discord(text, &range),
            Self::HttpLogin => secrets::basic_login(text, &range),
            Self::Jwt => secrets::jwt(text, &range),
            Self::PrivateKey => secrets::private_key(text, &range),
            Self::Token => secrets::token(text, &range),
            Self::TokenChecksum => secrets::checksummed(text, &range),

            Self::ConfidentialMark => marks::confidential(text, &range),
            Self::SensitivityLabel => marks::sensitivity_label(text, &range),
        }
    }

    /// Whether the groups of a candidate stand apart unusually, of a number that people write so: only a word near makes it a
    /// number, and it tells nothing of others.
    pub(super) fn stands_apart(self, value: &str) -> bool {
        let written_so = matches!(self, Self::MyNumber | Self::Card | Self::PhoneJp | Self::DriversLicenseJp);
        written_so && !apart::is_usual(value, self == Self::PhoneJp)
    }

    /// Checks a number whose groups stand apart unusually.
    fn together(self, text: &str, range: Range<usize>, apart: &Apart) -> Option<Passed> {
        if apart::goes_on(text, &range, apart) {
            return None;
        }
        let (groups, number) = (apart.groups.as_slice(), apart.whole.as_str());
        let (note, doubt) = match self {
            Self::MyNumber | Self::DriversLicenseJp => {
                let in_groups = apart.is_single() || matches!(groups, [4, 4, 4] | [3, 3, 3, 3]);
                let holds = if self == Self::MyNumber { numbers::is_my_number } else { numbers::is_drivers_license };
                (in_groups && holds(number)).then_some((Note::Plain, true))?
            }
            Self::Card => {
                let in_groups = matches!(groups, [4, 4, 4, 1..=7] | [4, 6, 4..=5] | [4, 5, 6]);
                (Note::Plain, numbers::card(number).filter(|_| in_groups)?)
            }
            _ => phone::japanese(number, false)?,
        };
        Some(Passed { range, doubt: doubt || !apart.even, note })
    }

    /// Checks a whole cell, in a column that its header calls so (`headed`) or its values suggest.
    pub(super) fn in_cell(self, names: &Names, value: &str, headed: bool) -> Option<Note> {
        let plain = |holds: bool| holds.then_some(Note::Plain);
        match self {
            Self::None => None,
            Self::MyNumber => plain(numbers::is_my_number(&padded(value, 12, headed))),
            Self::CorporateNumber => plain(numbers::is_corporate_number(value)),
            Self::Luhn => plain(numbers::is_luhn(value)),
            Self::Card => numbers::card(value).and_then(|doubt| plain(headed || !doubt)),
            Self::Iban => plain(numbers::iban_length(value) == Some(value.len())),
            Self::PhoneJp => {
                phone::japanese(value, headed).and_then(|(note, doubt)| (headed || !doubt).then_some(note))
            }
            // Only a header makes a number without its country one.
            Self::Phone if headed => {
                let somewhere = || phone::is_of_somewhere(value).then_some(Note::Landline);
                plain(is_in_a_plan(value)).or_else(somewhere)
            }
            Self::Phone => plain(value.starts_with('+') && phone::international(value) == Some(false)),
            Self::PostalCodeJp => {
                // What a header calls a postal code may be of an area that was opened after this list was made.
                let used = || headed || value.contains('-') && names.places.area(value) != 0;
                plain(used() && numbers::is_postal_code(&padded(value, 7, headed)))
            }
            Self::AddressJp => plain(address::is_address(&names.places, value, headed)),
            Self::NameJp => words::name_cell(names, value, headed),
            Self::PersonName => plain(is_latin_name(value) && (headed || is_known_latin_name(names, value))),
            Self::BirthDate => plain(headed && dates::is_birth_date_cell(value)),
            Self::DriversLicenseJp => plain(numbers::is_drivers_license(&padded(value, 12, headed))),
            Self::Foreign(number) => number.judge_cell(value, headed).and_then(|doubt| plain(headed || !doubt)),
            Self::Email => words::whole_email(value),
            Self::Password => plain(headed && secrets::is_password_cell(value)),
            Self::AccountJp => plain(headed && numbers::is_account(value)),
            Self::SpecialCare => plain(headed && words::says_something(value)),

            Self::BasicPensionJp => plain(headed && japan::is_basic_pension(&padded(value, 10, headed))),
            Self::EmploymentInsuranceJp => plain(headed && japan::is_employment_insurance(&padded(value, 11, headed))),
            Self::HealthInsuranceJp => japan::health_insurance_cell(value).filter(|_| headed),
            Self::InvoiceNumberJp => japan::invoice_number(value),
            Self::PassportJp => plain(headed && japan::is_passport(value)),
            Self::ResidenceCardJp => plain(headed && japan::is_residence_card(value)),
            Self::ResidentCodeJp => japan::resident_code(&padded(value, 11, headed)).filter(|_| headed),
            Self::YuchoJp => japan::yucho_cell(value).filter(|_| headed),

            Self::Bic => plain(headed && documents::is_bic(value)),
            Self::IpAddress => documents::ip_address(value).filter(|_| headed),
            Self::Mrz => plain(documents::is_mrz(value)),

            // What says nothing about its column is found in a cell as in any text.
            Self::ConnectionString
            | Self::DiscordToken
            | Self::HttpLogin
            | Self::Jwt
            | Self::PrivateKey
            | Self::Token
            | Self::TokenChecksum
            | Self::ConfidentialMark
            | Self::SensitivityLabel => None,
        }
    }

    /// Whether [`Self::in_cell`] may tell a value that no header calls so.
    pub(super) fn is_told_without_header(self) -> bool {
        matches!(
            self,
            Self::MyNumber
                | Self::CorporateNumber
                | Self::Luhn
                | Self::Card
                | Self::Iban
                | Self::PhoneJp
                | Self::Phone
                | Self::PostalCodeJp
                | Self::AddressJp
                | Self::NameJp
                | Self::PersonName
                | Self::DriversLicenseJp
                | Self::Foreign(_)
                | Self::Email
                | Self::InvoiceNumberJp
                | Self::Mrz
        )
    }

    /// Whether a check digit makes many hits in a row no accident.
    pub(super) fn has_check_digit(self) -> bool {
        match self {
            Self::Foreign(number) => number.has_check_digit(),
            _ => matches!(
                self,
                Self::MyNumber | Self::DriversLicenseJp | Self::Card | Self::Iban | Self::CorporateNumber
            ),
        }
    }

    /// Whether what stands after a label may have a rule of its own: a provider's key, a telephone of Japan.
    pub(super) fn may_be_told_better(self) -> bool {
        matches!(self, Self::Password | Self::Token | Self::Phone)
    }

    /// Whether a value must not be part of a longer number.
    fn is_number(self) -> bool {
        !matches!(
            self,
            Self::None
                | Self::SpecialCare
                | Self::AddressJp
                | Self::NameJp
                | Self::PersonName
                | Self::Email
                | Self::Password
                | Self::AccountJp
                | Self::HealthInsuranceJp
                | Self::Mrz
                | Self::ConnectionString
                | Self::DiscordToken
                | Self::HttpLogin
                | Self::Jwt
                | Self::PrivateKey
                | Self::Token
                | Self::TokenChecksum
                | Self::ConfidentialMark
                | Self::SensitivityLabel
        )
    }
}

/// The digits of a telephone number as telephone numbers are compared: `+81 90…` is `090…`, a lost zero is put back.
pub(super) fn phone_digits(value: &str) -> String {
    phone::national(value, true).unwrap_or_else(|| value.chars().filter(char::is_ascii_digit).collect())
}

/// Whether `value` is a telephone number by the plan of some country, or by North America's.
pub(super) fn is_in_a_plan(value: &str) -> bool {
    phone::international(value).is_some()
}

/// Whether the digits at `range` are a number of their own: not the middle of a longer one, no amount, no part of a
/// link.
fn stands_alone(text: &str, range: &Range<usize>) -> bool {
    let before = text.get(..range.start).unwrap_or_default();
    let mut back = before.chars().rev();
    match back.next() {
        Some(c) if c.is_ascii_alphanumeric() || matches!(c, '¥' | '$' | '_' | '\\' | '#') => return false,
        Some('-' | '.' | '/' | '+') if back.next().is_some_and(|c| c.is_ascii_alphanumeric()) => return false,
        // The boundary of a mail's parts, as Python draws them: `===============4111…==`.
        Some('=') if before.ends_with("==") && text.get(range.end..).is_some_and(|rest| rest.starts_with("==")) => {
            return false;
        }
        _ => {}
    }
    if !ends_alone(text, range.end) {
        return false;
    }
    // The tail is looked at, so that a text without spaces does not cost its square.
    let link = before.bytes().rev().take(200).take_while(u8::is_ascii_graphic).count();
    link < 3 || !before.get(before.len() - link..).is_some_and(|link| link.contains("://"))
}

/// Whether a number that ends at `end` goes on no further.
fn ends_alone(text: &str, end: usize) -> bool {
    let mut on = text.get(end..).unwrap_or_default().chars();
    match on.next() {
        Some(c) if c.is_ascii_alphanumeric() || matches!(c, '円' | '%' | '_') => false,
        Some('-' | '.') => !on.next().is_some_and(|c| c.is_ascii_alphanumeric()),
        _ => true,
    }
}

/// A postal code of an area in use: sure after 〒 or before a place in its area, else in doubt.
fn postal_code(names: &Names, text: &str, range: Range<usize>) -> Option<Passed> {
    let value = text.get(range.clone())?;
    let area = names.places.area(value.trim_start_matches(['〒', ' ']));
    if area == 0 || !numbers::is_postal_code(value) {
        return None;
    }
    let after = text.get(range.end..)?.trim_start_matches([' ', '\t', '\n', ',', '、', ')']);
    let place = prefecture(after).or_else(|| names.places.beginning(after));
    let sure =
        value.starts_with('〒') || before(text, &range, "〒") || place.is_some_and(|(_, place)| place & area != 0);
    Some(Passed::plain(range).doubted(!sure))
}

fn before(text: &str, range: &Range<usize>, word: &str) -> bool {
    text.get(..range.start).is_some_and(|t| t.trim_end_matches(' ').ends_with(word))
}

/// A number typed into a spreadsheet loses its leading zeros and may gain `.0`; under a header they are put back.
fn padded(value: &str, length: usize, headed: bool) -> String {
    let value = value.strip_suffix(".0").unwrap_or(value);
    let short = headed && value.len() < length && value.len() + 2 >= length;
    if short && value.bytes().all(|b| b.is_ascii_digit()) { format!("{value:0>length$}") } else { value.to_owned() }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_number_inside_something_longer_is_no_number() {
        let alone = |text: &str| {
            let start = text.find("1234").unwrap();
            stands_alone(text, &(start..start + 4))
        };
        for text in ["1234", "x==1234", "番号1234です", "(1234)", "No: 1234.", "a 1234, b", "1234/5678"] {
            assert!(alone(text), "{text}");
        }
        for text in [
            "91234",
            "12345",
            "9-1234",
            "1234-5",
            "¥1234",
            "1234円",
            "x1234",
            "https://x.example/?q=1234",
            "=====1234==",
            "0.1234",
            "1234.5",
        ] {
            assert!(!alone(text), "{text}");
        }
    }

    #[test]
    fn zeros_that_a_spreadsheet_dropped_come_back_under_a_header_only() {
        assert_eq!(padded("600001", 7, true), "0600001");
        assert_eq!(padded("600001.0", 7, true), "0600001");
        assert_eq!(padded("600001", 7, false), "600001");
        assert_eq!(padded("12", 7, true), "12");
    }
}
