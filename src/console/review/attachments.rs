//! The files that a mail carries: what each is, how large, what of it was read and what was not.
//!
//! In: an inspection. Out: one view a file, with what the ledger says about everything inside of it; and what is left of the
//! ledger, which is the mail's own text and what has no name. Deliberately absent: opening a file; the original is a file
//! to save.

use super::{super::pages::MOST, evidence::characters, spot::Spot};
use crate::{
    inspect::{Attachment, Inspected, Inspection, Uninspected},
    language::Language,
    notice::words,
};

/// So many entries of each list are kept by the inspection: of what was read, and of what was not.
const LEDGER: usize = 1_000;

/// One file.
pub(super) struct AttachmentView {
    pub(super) name: String,
    /// `XLSX`
    pub(super) kind: String,
    pub(super) size: String,
    /// How much of it was read, in one line.
    pub(super) read: String,
    /// Whether anything in it was not read, or may not have been.
    pub(super) partly: bool,
    /// What was found in it, one name a detector of which there is a sample.
    pub(super) found: Vec<String>,
    /// The parts that were read.
    pub(super) parts: Vec<PartView>,
    /// The parts that were not, and why.
    pub(super) unread: Vec<(String, &'static str)>,
}

/// Something that was read.
pub(super) struct PartView {
    pub(super) place: String,
    pub(super) characters: String,
    pub(super) note: String,
}

/// Every file, and what the ledger says beside.
pub(super) struct Ledger {
    pub(super) attachments: Vec<AttachmentView>,
    /// How many files are not shown.
    pub(super) more: usize,
    /// What was read outside of them.
    pub(super) parts: Vec<PartView>,
    /// What was not read outside of them.
    pub(super) unread: Vec<(String, &'static str)>,
}

impl Ledger {
    /// Puts everything to the file that it stands in.
    pub(super) fn of(inspection: &Inspection, language: Language) -> Self {
        let files = &inspection.attachments;
        let shown = files.get(..MOST).unwrap_or(files);
        let is_file = |place: &str| shown.iter().any(|file| file.name == Spot::of(place).file);
        let parts = inspection.inspected.iter().filter(|part| !is_file(&part.place)).take(MOST);
        let unread = inspection.uninspected.iter().filter(|part| !is_file(&part.place)).take(MOST);
        Self {
            attachments: shown.iter().map(|file| attachment(file, inspection, language)).collect(),
            more: files.len() - shown.len(),
            parts: parts.map(|part| part_view(part, &words::place(&part.place, language), language)).collect(),
            unread: unread.map(|part| unread_view(part, &words::place(&part.place, language), language)).collect(),
        }
    }
}

/// What the lists of the inspection leave open about a file.
#[derive(Debug, Clone, Copy)]
struct Doubt {
    /// More may have been read than is listed.
    more_read: bool,
    /// More may not have been read than is listed, in this file as in any other.
    more_unread: bool,
    /// Another file has the same name.
    twins: bool,
}

fn attachment(file: &Attachment, inspection: &Inspection, language: Language) -> AttachmentView {
    let is_in = |place: &str| Spot::of(place).file == file.name;
    let inspected: Vec<&Inspected> = inspection.inspected.iter().filter(|part| is_in(&part.place)).collect();
    let uninspected: Vec<&Uninspected> = inspection.uninspected.iter().filter(|part| is_in(&part.place)).collect();
    let doubt = Doubt {
        more_read: inspection.inspected.len() >= LEDGER,
        more_unread: inspection.uninspected.len() >= LEDGER,
        twins: inspection.attachments.iter().filter(|other| other.name == file.name).count() > 1,
    };
    let mut found: Vec<String> = Vec::new();
    for finding in super::evidence::sorted(inspection) {
        if finding.examples.iter().any(|example| is_in(&example.place)) {
            found.push(words::finding(finding, language));
        }
    }
    found.truncate(8);
    let inside = |place: &str| {
        let part = Spot::of(place).part;
        if part.is_empty() { words::one_line(&file.name, 200) } else { words::one_line(part, 200) }
    };
    AttachmentView {
        name: words::one_line(&file.name, 200),
        kind: words::one_line(&file.kind.to_uppercase(), 20),
        size: size(file.size),
        read: read(&inspected, uninspected.len(), doubt, language),
        partly: !uninspected.is_empty() || inspected.is_empty() || doubt.more_unread,
        found,
        parts: inspected.iter().take(MOST).map(|part| part_view(part, &inside(&part.place), language)).collect(),
        unread: uninspected.iter().take(MOST).map(|part| unread_view(part, &inside(&part.place), language)).collect(),
    }
}

/// How much was read of what is in a file. That it was all of it is said only where nothing that was not read can be
/// missing from the list.
fn read(inspected: &[&Inspected], unread: usize, doubt: Doubt, language: Language) -> String {
    let sum = inspected.iter().fold(0_u64, |sum, part| sum.saturating_add(part.characters));
    let (count, sum) = (words::number(inspected.len() as u64), characters(sum, language));
    let parts = match (language, inspected.len()) {
        (Language::Ja, _) => format!("{count}か所"),
        (Language::En, 1) => "1 part".to_owned(),
        (Language::En, _) => format!("{count} parts"),
    };
    let said = match (language, inspected.is_empty(), unread) {
        (Language::Ja, true, 0) => "読み取った文字の記録はありません".to_owned(),
        (Language::En, true, 0) => "no text of it is recorded as read".to_owned(),
        (Language::Ja, true, _) => "中身を読めていません".to_owned(),
        (Language::En, true, _) => "nothing of it was read".to_owned(),
        (Language::Ja, false, 0) if doubt.more_unread => {
            format!("{parts}（{sum}）を読みました。ほかに読めていない部分があるかもしれません")
        }
        (Language::En, false, 0) if doubt.more_unread => format!("{parts} read ({sum}), others perhaps not"),
        (Language::Ja, false, 0) => format!("すべて読みました（{parts}、{sum}）"),
        (Language::En, false, 0) => format!("all of it was read ({parts}, {sum})"),
        (Language::Ja, false, _) => format!("{parts}（{sum}）を読み、{unread}か所は読めていません"),
        (Language::En, false, _) => format!("{parts} read ({sum}), {unread} not read"),
    };
    let said = match (doubt.more_read || doubt.more_unread, language) {
        (false, _) => said,
        (true, Language::Ja) => format!("{said}（部分が多いため、記録は先頭の{LEDGER}か所まで）"),
        (true, Language::En) => format!("{said} (only the first {LEDGER} parts of the mail are recorded)"),
    };
    match (doubt.twins, language) {
        (false, _) => said,
        (true, Language::Ja) => format!("{said}（同じ名前のファイルと合わせて）"),
        (true, Language::En) => format!("{said} (together with the other file of this name)"),
    }
}

fn part_view(part: &Inspected, place: &str, language: Language) -> PartView {
    PartView {
        place: place.to_owned(),
        characters: characters(part.characters, language),
        note: part.note.as_deref().map(|note| words::one_line(note, 200)).unwrap_or_default(),
    }
}

fn unread_view(part: &Uninspected, place: &str, language: Language) -> (String, &'static str) {
    (place.to_owned(), words::reason(part.reason, language))
}

/// `1.4 MB`, as file managers say it.
fn size(bytes: u64) -> String {
    let tenths = |unit: u64| {
        let tenths = bytes.saturating_mul(10) / unit;
        format!("{}.{}", tenths / 10, tenths % 10)
    };
    match bytes {
        0..1_000 => format!("{bytes} B"),
        1_000..1_000_000 => format!("{} kB", tenths(1_000)),
        1_000_000..1_000_000_000 => format!("{} MB", tenths(1_000_000)),
        _ => format!("{} GB", tenths(1_000_000_000)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::inspect::Reason;

    fn file(name: &str) -> Attachment {
        Attachment { kind: "zip".to_owned(), name: name.to_owned(), size: 1_450_000 }
    }

    fn ledger(attachments: Vec<Attachment>, read: &[(&str, u64)], unread: &[&str]) -> Ledger {
        let part = |&(place, characters): &(&str, u64)| Inspected { place: place.to_owned(), characters, note: None };
        let lost = |&place: &&str| Uninspected { place: place.to_owned(), reason: Reason::Encrypted };
        let inspection = Inspection {
            attachments,
            inspected: read.iter().map(part).collect(),
            uninspected: unread.iter().map(lost).collect(),
            ..Inspection::default()
        };
        Ledger::of(&inspection, Language::En)
    }

    #[test]
    fn each_file_tells_what_of_it_was_read_and_what_was_not() {
        let files = vec![file("a.zip"), file("b.zip"), file("c.zip")];
        let read = [("body", 12), ("a.zip › x.csv", 1_000), ("a.zip › y.csv", 34), ("b.zip › z.csv", 1)];
        let ledger = ledger(files, &read, &["b.zip › secret.pdf", "c.zip", "smime.p7m"]);
        let said: Vec<(&str, bool)> = ledger.attachments.iter().map(|view| (view.read.as_str(), view.partly)).collect();
        assert_eq!(
            said,
            [
                ("all of it was read (2 parts, 1,034 characters)", false),
                ("1 part read (1 character), 1 not read", true),
                ("nothing of it was read", true),
            ]
        );
        assert_eq!(ledger.attachments[1].unread[0].0, "secret.pdf");
        assert_eq!((ledger.parts.len(), ledger.parts[0].place.as_str()), (1, "the text"));
        assert_eq!(ledger.unread, [("smime.p7m".to_owned(), "it is protected by a password")]);
        assert_eq!(ledger.attachments[0].size, "1.4 MB");
    }

    #[test]
    fn a_file_of_which_nothing_is_recorded_is_not_said_to_be_read() {
        let ledger = ledger(vec![file("photo.jpg")], &[], &[]);
        assert_eq!(ledger.attachments[0].read, "no text of it is recorded as read");
        assert!(ledger.attachments[0].partly);
    }

    #[test]
    fn no_file_is_said_to_be_read_whole_when_the_list_of_what_was_not_is_full() {
        let lost: Vec<String> = (0..LEDGER).map(|number| format!("b.zip › {number}.pdf")).collect();
        let lost: Vec<&str> = lost.iter().map(String::as_str).collect();
        for (unread, said, partly) in [
            (&lost[1..], "all of it was read (1 part, 5 characters)", false),
            (
                &lost[..],
                "1 part read (5 characters), others perhaps not (only the first 1000 parts of the mail are recorded)",
                true,
            ),
        ] {
            let ledger = ledger(vec![file("a.zip"), file("b.zip")], &[("a.zip › x.csv", 5)], unread);
            assert_eq!((ledger.attachments[0].read.as_str(), ledger.attachments[0].partly), (said, partly));
            assert!(ledger.attachments[1].partly, "{}", ledger.attachments[1].read);
        }
    }

    #[test]
    fn files_of_one_name_say_that_they_are_told_together() {
        let ledger = ledger(vec![file("a.zip"), file("a.zip")], &[("a.zip › x", 1)], &[]);
        assert!(ledger.attachments.iter().all(|view| view.read.contains("together")), "{}", ledger.attachments[0].read);
    }
}
