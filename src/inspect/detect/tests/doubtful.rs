//! What may well be chance or a word of somebody else's trade: no people, and nothing that is sure.
//!
//! All people, companies and numbers are invented.

use super::{count, mail, sheet, told};
use crate::inspect::{Confidence, Finding};

fn surest(findings: &[Finding]) -> Option<Confidence> {
    findings.iter().map(|finding| finding.confidence).max()
}

#[test]
fn a_number_that_passes_by_chance_is_nobody() {
    // A parcel in ten has a number with My Number's check digit.
    let (findings, persons) =
        mail("1795000000.1 trace=9f shipped, tracking 1234-5678-9018\nshipped, tracking 6214-9832-0257");
    assert_eq!((count(&findings, "jp.my_number"), persons), (2, 0), "{}", told(&findings));
    assert_eq!(surest(&findings), Some(Confidence::Low));
    let parcels = ["品名\t伝票".to_owned(), "ボルト\t1234-5678-9018".to_owned(), "ナット\t1111-2222-3334".to_owned()];
    let (findings, persons) = sheet(&parcels);
    assert_eq!((count(&findings, "jp.my_number"), persons), (1, 0), "{}", told(&findings));
    // With a name it belongs to somebody, and what its header calls so is sure.
    assert_eq!(mail("田中美咲様 090-1234-5678 1234-5678-9018").1, 1);
    let numbers = ["個人番号".to_owned(), "123456789018".to_owned(), "621498320257".to_owned()];
    assert_eq!(sheet(&numbers).1, 2);
}

#[test]
fn names_of_settings_are_not_names_of_people() {
    let settings =
        "scope:\n  clientScope:\n    restrictedClientApplication:\n      name: Cloud Console\n- name: Build Image\n";
    let (findings, persons) = mail(settings);
    assert_eq!((findings.len(), persons), (0, 0), "{}", told(&findings));
    assert_eq!(mail("customers:\n  - name: John Smith\n    plan: gold\n").1, 1);
    assert_eq!(mail("Name: Zyx Qwertz\nPhone: +1 650-253-0000\n").1, 1);
}

#[test]
fn words_of_programmers_are_no_banks_and_no_marks() {
    for text in [
        ".UNINDENT\n.INDENT 0.0\n.B --no-swiftmodule-timestamp\n.UNINDENT",
        "    This function is for *internal use only*.\n    \"\"\"",
    ] {
        let (findings, _) = mail(text);
        assert!(surest(&findings).is_none_or(|sure| sure < Confidence::High), "{}", told(&findings));
    }
    for text in ["SWIFT: BOTKJPJT", "SWIFT code BOTKJPJT", "(社外秘)\n中期計画", "*Confidential*"] {
        assert_eq!(surest(&mail(text).0), Some(Confidence::High), "{text}");
    }
}
