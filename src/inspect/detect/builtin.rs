//! The rule files and dictionaries that are compiled into the binary.
//!
//! Out: name and text of each, as `rules.directory` would hold them. Deliberately absent: anything read at run time.

/// The detectors.
pub(super) const DETECTORS: [(&str, &str); 8] = [
    ("detectors/jp.toml", include_str!("../../../rules/detectors/jp.toml")),
    ("detectors/jp-numbers.toml", include_str!("../../../rules/detectors/jp-numbers.toml")),
    ("detectors/global.toml", include_str!("../../../rules/detectors/global.toml")),
    ("detectors/foreign-america.toml", include_str!("../../../rules/detectors/foreign-america.toml")),
    ("detectors/foreign-asia-pacific.toml", include_str!("../../../rules/detectors/foreign-asia-pacific.toml")),
    ("detectors/foreign-europe.toml", include_str!("../../../rules/detectors/foreign-europe.toml")),
    ("detectors/secret.toml", include_str!("../../../rules/detectors/secret.toml")),
    ("detectors/mark.toml", include_str!("../../../rules/detectors/mark.toml")),
];

/// The word lists.
pub(super) const DICTIONARIES: [(&str, &str); 5] = [
    ("dictionaries/surnames.txt", include_str!("../../../rules/dictionaries/surnames.txt")),
    ("dictionaries/given_names.txt", include_str!("../../../rules/dictionaries/given_names.txt")),
    ("dictionaries/given_names_modern.txt", include_str!("../../../rules/dictionaries/given_names_modern.txt")),
    ("dictionaries/surname_readings.txt", include_str!("../../../rules/dictionaries/surname_readings.txt")),
    ("dictionaries/given_readings.txt", include_str!("../../../rules/dictionaries/given_readings.txt")),
];
