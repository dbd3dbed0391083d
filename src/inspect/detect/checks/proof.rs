//! What each check proves of a value that passed it, for people who ask why.
//!
//! In: a check and what it noted. Out: a [`Validation`], or nothing where the form is all that is asked for. Deliberately
//! absent: the checks themselves, and sentences.

use super::foreign::Foreign;
use super::{Check, Note};
use crate::inspect::Validation;

impl Check {
    /// What a value that passed is known to be.
    pub(in super::super) fn proves(self, note: Note) -> Option<Validation> {
        Some(match self {
            Self::None | Self::SpecialCare => return None,
            Self::MyNumber
            | Self::CorporateNumber
            | Self::Luhn
            | Self::Card
            | Self::Iban
            | Self::DriversLicenseJp
            | Self::ResidentCodeJp
            | Self::YuchoJp
            | Self::InvoiceNumberJp
            | Self::Mrz => {
                if note == Note::Likely {
                    Validation::Structure
                } else {
                    Validation::CheckDigit
                }
            }
            Self::TokenChecksum if note == Note::Plain => Validation::CheckDigit,
            Self::Foreign(number) if number.has_check_digit() || number == Foreign::CaSin => Validation::CheckDigit,
            // A label or a header made it one, no plan.
            Self::Phone if note != Note::Plain => Validation::Structure,
            Self::PhoneJp | Self::Phone => Validation::NumberingPlan,
            Self::PostalCodeJp => Validation::PostalArea,
            Self::AddressJp => Validation::Places,
            Self::NameJp => Validation::Names,
            Self::BirthDate => Validation::Calendar,
            Self::Token | Self::DiscordToken | Self::TokenChecksum => Validation::Randomness,
            Self::Password | Self::ConnectionString | Self::HttpLogin => Validation::Secret,
            Self::ConfidentialMark | Self::SensitivityLabel => Validation::Standing,
            Self::Foreign(_)
            | Self::PersonName
            | Self::Email
            | Self::AccountJp
            | Self::BasicPensionJp
            | Self::EmploymentInsuranceJp
            | Self::HealthInsuranceJp
            | Self::PassportJp
            | Self::ResidenceCardJp
            | Self::Bic
            | Self::IpAddress
            | Self::Jwt
            | Self::PrivateKey => Validation::Structure,
        })
    }
}
