//! The rule files and dictionaries that are compiled into the binary.
//!
//! Out: name and text of each, as `rules.directory` would hold them. Deliberately absent: anything read at run time.

/// The detectors.
pub(super) const DETECTORS: [(&str, &str); 8] = [
    ("detectors/jp.toml", include_str!("../../../../rules/detectors/jp.toml")),
    ("detectors/jp-numbers.toml", include_str!("../../../../rules/detectors/jp-numbers.toml")),
    ("detectors/global.toml", include_str!("../../../../rules/detectors/global.toml")),
    ("detectors/foreign-america.toml", include_str!("../../../../rules/detectors/foreign-america.toml")),
    ("detectors/foreign-asia-pacific.toml", include_str!("../../../../rules/detectors/foreign-asia-pacific.toml")),
    ("detectors/foreign-europe.toml", include_str!("../../../../rules/detectors/foreign-europe.toml")),
    ("detectors/secret.toml", include_str!("../../../../rules/detectors/secret.toml")),
    ("detectors/mark.toml", include_str!("../../../../rules/detectors/mark.toml")),
];

/// Surnames and how they are read: `山田 ヤマダ` a line, all readings behind the name.
pub(crate) const READINGS_OF_SURNAMES: &str = include_str!("../../../../rules/dictionaries/readings_of_surnames.txt");
/// Given names likewise.
pub(crate) const READINGS_OF_GIVEN_NAMES: &str =
    include_str!("../../../../rules/dictionaries/readings_of_given_names.txt");

/// The word lists.
pub(crate) const DICTIONARIES: [(&str, &str); 17] = [
    ("dictionaries/surnames.txt", include_str!("../../../../rules/dictionaries/surnames.txt")),
    ("dictionaries/given_names.txt", include_str!("../../../../rules/dictionaries/given_names.txt")),
    ("dictionaries/given_names_modern.txt", include_str!("../../../../rules/dictionaries/given_names_modern.txt")),
    ("dictionaries/surname_readings.txt", include_str!("../../../../rules/dictionaries/surname_readings.txt")),
    ("dictionaries/given_readings.txt", include_str!("../../../../rules/dictionaries/given_readings.txt")),
    ("dictionaries/readings_of_surnames.txt", READINGS_OF_SURNAMES),
    ("dictionaries/readings_of_given_names.txt", READINGS_OF_GIVEN_NAMES),
    ("dictionaries/surnames_more.txt", include_str!("../../../../rules/dictionaries/surnames_more.txt")),
    ("dictionaries/not_names.txt", include_str!("../../../../rules/dictionaries/not_names.txt")),
    ("dictionaries/not_names_latin.txt", include_str!("../../../../rules/dictionaries/not_names_latin.txt")),
    ("dictionaries/not_given.txt", include_str!("../../../../rules/dictionaries/not_given.txt")),
    ("dictionaries/english_given_names.txt", include_str!("../../../../rules/dictionaries/english_given_names.txt")),
    ("dictionaries/latin_given_names.txt", include_str!("../../../../rules/dictionaries/latin_given_names.txt")),
    ("dictionaries/special_care.txt", include_str!("../../../../rules/dictionaries/special_care.txt")),
    ("dictionaries/municipalities.txt", include_str!("../../../../rules/dictionaries/municipalities.txt")),
    (
        "dictionaries/municipalities_former.txt",
        include_str!("../../../../rules/dictionaries/municipalities_former.txt"),
    ),
    ("dictionaries/postal_areas.txt", include_str!("../../../../rules/dictionaries/postal_areas.txt")),
];
