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

/// Numbers of sixteen digits that begin as cards do, a tenth of them with the check digit.
fn long_numbers(count: usize) -> impl Iterator<Item = u64> {
    let mut state = 20_261_129_u64;
    (0..count).map(move |_| {
        state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        4_000_000_000_000_000 + (state >> 8) % 1_000_000_000_000_000
    })
}

fn cards(findings: &[Finding]) -> Option<(Confidence, u32)> {
    let card = findings.iter().find(|finding| finding.detector == "credit_card");
    card.map(|finding| (finding.confidence, finding.count))
}

#[test]
fn numbers_by_which_a_program_counts_are_nobodys_cards() {
    let lines = |line: &dyn Fn(u64) -> String| long_numbers(600).map(line).collect::<Vec<_>>().join("\n");
    for log in [
        lines(&|number| format!("2026-11-29T10:00:00Z DEBUG seq={number} ack=17 win=4096")),
        lines(&|number| format!("{{\"level\":\"info\",\"requestId\":\"{number}\",\"took\":12}}")),
    ] {
        let (findings, persons) = mail(&log);
        assert_eq!((cards(&findings), persons), (None, 0), "{}", told(&findings));
    }
    // Whatever they are called, most have no check digit; some of them are counted up.
    let written = lines(&|number| format!("order {number} was shipped"));
    let up =
        (0..9).map(|step| format!("order {} was shipped", 4_539_578_763_621_480_u64 + step * 3)).collect::<Vec<_>>();
    for text in [written, up.join("\n")] {
        let (findings, persons) = mail(&text);
        assert!(cards(&findings).is_some_and(|(sure, _)| sure == Confidence::Low), "{}", told(&findings));
        assert_eq!(persons, 0);
    }
    let rows: Vec<String> = std::iter::once("取引番号\t金額".to_owned())
        .chain(long_numbers(600).map(|number| format!("{number}\t1200")))
        .collect();
    let (findings, persons) = sheet(&rows);
    assert!(cards(&findings).is_none_or(|(sure, _)| sure == Confidence::Low), "{}", told(&findings));
    assert_eq!(persons, 0);
}

#[test]
fn cards_are_cards_in_whatever_stands_around_them() {
    let card = |digits: &str| {
        let sum: u32 = digits
            .bytes()
            .rev()
            .enumerate()
            .map(|(at, byte)| {
                let digit = u32::from(byte - b'0') * if at % 2 == 0 { 2 } else { 1 };
                digit / 10 + digit % 10
            })
            .sum();
        format!("{digits}{}", (10 - sum % 10) % 10)
    };
    // A batch of one issuer: each a step after the one before, all with their check digit.
    let batch: Vec<String> = (0..20).map(|number| card(&format!("4539578763{number:05}"))).collect();
    let (findings, _) = mail(&batch.join("\n"));
    assert_eq!(cards(&findings).map(|(sure, _)| sure), Some(Confidence::High), "{}", told(&findings));
    for text in [
        "4539 5787 6362 1486",
        "5555555555554444",
        "{\"card_id\": \"4111111111111111\"}",
        "customerId=4111111111111111",
        "id: 4111-1111-1111-1111",
        "カード番号=4111111111111111 seq=4539578763621486",
    ] {
        let (findings, persons) = mail(text);
        assert!(cards(&findings).is_some_and(|(sure, _)| sure >= Confidence::Medium), "{text}: {}", told(&findings));
        assert_eq!(persons, 1, "{text}");
    }
    // Among many numbers that are none, one that is called so.
    let log = long_numbers(300).map(|number| format!("order {number} was shipped")).collect::<Vec<_>>().join("\n");
    let (findings, persons) = mail(&format!("{log}\n\n\n\nクレジットカード 4111 1111 1111 1111"));
    assert_eq!((cards(&findings).map(|(sure, _)| sure), persons), (Some(Confidence::High), 1), "{}", told(&findings));
}
