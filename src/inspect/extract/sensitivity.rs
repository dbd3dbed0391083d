//! Sensitivity labels as Office keeps them since 2021: in a part of the package (`docMetadata/LabelInfo.xml`), or, where
//! rights are managed, beside the encrypted package ([MS-OFFCRYPTO] 2.6).
//!
//! In: an XML document. Out: a line for each label with its attributes as they are written, in the form that detection
//! knows: `clbl:label id={…} enabled=1 … name=…`. Deliberately absent: which labels matter; labels in properties
//! (`MSIP_Label_…`), which are properties.

use std::fmt::Write as _;

use crate::inspect::extract::compound::Compound;
use crate::inspect::extract::xml::{self, Event};

/// How many labels are told; a document has one of each organisation that it passed through.
const LABELS: usize = 64;

/// The labels in a document, if it is a list of them.
pub(crate) fn labels(document: &str) -> Option<String> {
    if !document.contains("mipLabelMetadata") {
        return None;
    }
    let mut lines = String::new();
    let labels = xml::Reader::new(document).filter_map(|event| match event {
        Event::Start { name: "label", attributes } => Some(attributes),
        _ => None,
    });
    for attributes in labels.take(LABELS) {
        lines.push_str("clbl:label");
        // The name comes last, since it may be of several words.
        let (names, others): (Vec<_>, Vec<_>) = attributes.iter().partition(|(name, _)| *name == "name");
        for (name, value) in others.iter().chain(&names) {
            let _ = write!(lines, " {name}={value}");
        }
        lines.push('\n');
    }
    Some(lines)
}

/// The labels beside an encrypted package.
pub(crate) fn labels_beside(bytes: &[u8]) -> Option<String> {
    let file = Compound::open(bytes)?;
    let entry = file.entries().find(|entry| entry.is_stream() && entry.name == "LabelInfo")?;
    labels(&xml::decode(&file.stream(entry)))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::inspect::extract::places::generators::cases;
    use crate::inspect::extract::places::generators::ole::{self, Node};
    use crate::inspect::extract::places::generators::package::{Package, label};
    use crate::inspect::{Job, Kind, Limits, Rules, inspect};

    #[test]
    fn a_label_is_told_with_its_state_and_its_name_last() {
        let list = "<clbl:labelList xmlns:clbl='http://schemas.microsoft.com/office/2020/mipLabelMetadata'><clbl:label \
                    name='社外秘 役員' id='{a}' enabled='1' siteId='{b}' removed='0'/><clbl:label id='{c}'/></clbl:labelList>";
        let lines = labels(list).unwrap();
        assert_eq!(lines, "clbl:label id={a} enabled=1 siteId={b} removed=0 name=社外秘 役員\nclbl:label id={c}\n");
        assert_eq!(labels("<labelList><label id='1'/></labelList>"), None);
    }
    fn marks(name: &str, bytes: &[u8]) -> Vec<(String, String)> {
        let rules = Rules::compile(&[]).unwrap();
        let job = Job::new(Kind::File(name.to_owned()));
        let inspection = inspect(bytes, &job, &rules, &Limits::default(), &mut ());
        let found = inspection.findings.into_iter().filter(|finding| finding.detector == "mark.sensitivity_label");
        found.flat_map(|finding| finding.examples).map(|example| (example.masked, example.place)).collect()
    }

    #[test]
    fn every_office_document_tells_its_label() {
        let list = label("社外秘");
        let at = |package: Package| package.part("docMetadata/LabelInfo.xml", &list).build();
        let found = |name: &str, bytes: &[u8]| marks(name, bytes).into_iter().map(|(mark, _)| mark).collect::<Vec<_>>();
        assert_eq!(found("a.docx", &at(Package::document(""))), ["社外秘"]);
        assert_eq!(found("a.xlsx", &at(Package::workbook())), ["社外秘"]);
        assert_eq!(found("a.pptx", &at(Package::presentation(""))), ["社外秘"]);
        let of_pdf = cases().into_iter().find(|case| case.name == "pdf/sensitivity_label.pdf").unwrap();
        assert_eq!(found("a.pdf", &of_pdf.bytes), [of_pdf.secret]);
        let removed = list.replace("removed=\"0\"", "removed=\"1\"");
        let bytes = Package::document("").part("docMetadata/LabelInfo.xml", removed).build();
        assert!(found("a.docx", &bytes).is_empty());
    }

    #[test]
    fn a_document_whose_rights_are_managed_tells_its_label() {
        let list = label("").replace(" name=\"\"", "");
        let bytes = ole::compound(vec![
            Node::Stream("EncryptedPackage", vec![7; 5_000]),
            Node::Storage(
                "\u{6}DataSpaces",
                vec![Node::Storage("TransformInfo", vec![Node::Stream("LabelInfo", list.into_bytes())])],
            ),
        ]);
        let found = marks("a.docx", &bytes);
        assert_eq!(found, [("{2096f6a2-d2f7-48be-b329-b73aaa526e5d}".to_owned(), "a.docx › LabelInfo:1".to_owned())]);
    }
}
