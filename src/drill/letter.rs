//! The mail of a scenario.
//!
//! In: a scenario, the limits of what is read. Out: a message as people send it, with nothing in it that is anybody's: what
//! is planted are the examples of the rules. A header field says what it is to whoever looks. Deliberately absent: its mark,
//! which is not in the message (`mark`).

use mail_builder::MessageBuilder;

use super::{
    format::{self, FormatError, Part},
    scenario::Scenario,
};
use crate::{
    inspect::{Limits, Plant},
    mail::Address,
};

/// Beside the text that a drill plants: words in which no rule finds anything.
const OPENING: &str = "Hello,\n\nplease find the following.\n\n";
const CLOSING: &str = "\n\nKind regards\n";

/// So much is unpacked of any mail; a bomb has more.
const LARGE: u64 = 80 << 20;

/// The message of a scenario.
///
/// # Errors
/// A file that it carries cannot be made.
pub(super) fn letter(
    scenario: &Scenario,
    (from, to): (&Address, &Address),
    limits: &Limits,
) -> Result<Vec<u8>, FormatError> {
    let parts = match scenario {
        Scenario::Find { plant: Plant { texts, .. }, format } => vec![format.part(texts)?],
        Scenario::Bomb => vec![
            Part::File("application/zip", "large.zip", format::bomb(LARGE)?),
            Part::File("application/zip", "deep.zip", nested(limits.depth + 2)?),
        ],
        Scenario::Calm | Scenario::Crash | Scenario::Hang => {
            let archive = format::zip([("note.txt", b"nothing\n".as_slice())])?;
            vec![Part::File("application/zip", "note.zip", archive)]
        }
        Scenario::DeadNextHop => Vec::new(),
    };
    let mut builder = MessageBuilder::new()
        .message_id(format!("{}@{}", ulid::Ulid::generate(), from.domain()))
        .from(from.as_str())
        .to(to.as_str())
        .subject("Drill")
        .header(
            "X-Sekisho-Machine-Drill",
            mail_builder::headers::raw::Raw::new("this mail is a drill and never leaves"),
        );
    let mut text = format!("{OPENING}{CLOSING}");
    let mut page = None;
    for part in parts {
        match part {
            Part::Text(planted) => text = format!("{OPENING}{planted}{CLOSING}"),
            Part::Html(planted) => {
                page = Some(format!("<html><body><p>Hello,</p>{planted}<p>Kind regards</p></body></html>"))
            }
            Part::File(kind, name, bytes) => builder = builder.attachment(kind, name, bytes),
        }
    }
    builder = match page {
        Some(page) => builder.html_body(page),
        None => builder.text_body(text),
    };
    Ok(builder.write_to_vec()?)
}

/// Archives inside each other, so many.
fn nested(depth: u32) -> Result<Vec<u8>, FormatError> {
    let mut bytes = format::zip([("note.txt", b"nothing\n".as_slice())])?;
    for _ in 1..depth {
        bytes = format::zip([("deeper.zip", bytes.as_slice())])?;
    }
    Ok(bytes)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        drill::Format,
        inspect::{Inspection, Job, Kind, Reason, Rules, inspect},
    };

    fn read(rules: &Rules, scenario: &Scenario) -> Inspection {
        let address = |text: &str| Address::parse(text).unwrap();
        let (from, to) = (address("drill@toho.example.co.jp"), address("anybody@drill.example"));
        let bytes = letter(scenario, (&from, &to), &Limits::default()).unwrap();
        let job = Job { own: vec![from.canonical(), to.canonical()], ..Job::new(Kind::Mail) };
        inspect(&bytes, &job, rules, &Limits::default(), &mut ())
    }

    #[test]
    fn what_every_shipped_detector_finds_is_found_in_every_format() {
        let rules = Rules::compile(&[]).unwrap();
        let plants = rules.plants();
        let with_examples = rules.detectors().filter(|detector| detector.examples > 0).count();
        assert!(plants.len() == with_examples && with_examples > 60, "{} of {with_examples}", plants.len());
        let mut missed = Vec::new();
        for plant in &plants {
            for format in Format::ALL {
                let scenario = Scenario::Find { plant: plant.clone(), format };
                let inspection = read(&rules, &scenario);
                let found = inspection.findings.iter().any(|finding| finding.detector == plant.detector);
                if !found || !inspection.uninspected.is_empty() {
                    missed.push(format!("{scenario}: {:?}", inspection.uninspected));
                }
            }
        }
        assert!(missed.is_empty(), "{} missed:\n{}", missed.len(), missed.join("\n"));
    }

    #[test]
    fn nothing_is_found_where_nothing_is_planted() {
        let rules = Rules::compile(&[]).unwrap();
        for scenario in [Scenario::Calm, Scenario::Crash, Scenario::Hang, Scenario::DeadNextHop] {
            let inspection = read(&rules, &scenario);
            assert!(inspection.findings.is_empty() && inspection.uninspected.is_empty(), "{scenario}: {inspection:?}");
        }
    }

    #[test]
    fn a_bomb_is_more_than_is_read() {
        let rules = Rules::compile(&[]).unwrap();
        let inspection = read(&rules, &Scenario::Bomb);
        let over = |place: &str| {
            let parts = inspection.uninspected.iter();
            parts.filter(|part| part.reason == Reason::Limit).any(|part| part.place.starts_with(place))
        };
        assert!(over("large.zip") && over("deep.zip"), "{:?}", inspection.uninspected);
    }
}
