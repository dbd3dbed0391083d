//! The header of a table of bank accounts.
//!
//! In: the cells of a row that may be a header. Out: the column of account numbers that is called 番号 or 口座 only,
//! where columns of banks, branches or kinds of accounts stand beside it. Deliberately absent: headers that say it
//! themselves (口座番号), which are words of the rule.

use super::layout::Cell;
use crate::inspect::detect::checks::Check;
use crate::inspect::detect::rules::Rules;
use crate::inspect::detect::rules::rule::header_key;

/// What a column of account numbers may be called beside those of a bank.
const NUMBERS: [&str; 6] = ["番号", "口座", "口座no", "no", "ナンバー", "口座ナンバー"];

/// The columns beside it, of which two are enough.
const BESIDE: [&str; 9] = ["銀行", "金融機関", "支店", "店名", "種別", "種目", "預金科目", "口座区分", "預金区分"];

/// The longest of these headers, in bytes.
const LONGEST: usize = 60;

/// The column of accounts in a header that does not call it so, and the detector of accounts.
pub(crate) fn column(rules: &Rules, row: &[Cell<'_>]) -> Option<(u32, usize)> {
    if row.len() < 3 || row.iter().all(|(_, text)| text.is_ascii()) {
        return None;
    }
    let key = |text: &str| if text.len() <= LONGEST { header_key(text) } else { String::new() };
    let beside = |text: &str| BESIDE.iter().any(|word| text.contains(word));
    if row.iter().filter(|(_, text)| text.len() <= LONGEST && beside(&key(text))).count() < 2 {
        return None;
    }
    // Beside 口座番号 a number counts rows.
    if row.iter().any(|(_, text)| text.contains("口座番号")) {
        return None;
    }
    let (column, _) = row.iter().rev().find(|(_, text)| NUMBERS.contains(&key(text).as_str()))?;
    let detector = rules.all().iter().position(|detector| detector.check == Check::AccountJp)?;
    Some((*column, detector))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_number_beside_a_bank_and_a_branch_is_an_account() {
        let rules = Rules::compile(&[]).unwrap();
        let found = |header: &str| {
            let row: Vec<Cell<'_>> = (0..).zip(header.split(',')).map(|(at, text)| (at, text.into())).collect();
            column(&rules, &row).map(|(column, detector)| (column, rules.all()[detector].info.id.as_str()))
        };
        for (header, at) in [
            ("銀行名,支店名,種別,番号,名義", 3),
            ("氏名,金融機関,支店,口座", 3),
            ("No.,氏名,銀行名,支店名,口座", 4),
            ("ﾅﾝﾊﾞｰ,銀行名,預金種目", 0),
        ] {
            assert_eq!(found(header), Some((at, "jp.bank_account")), "{header}");
        }
        for header in [
            "No.,氏名,銀行,支店,口座番号",
            "番号,氏名,支店名",
            "銀行名,支店名,名義",
            "番号,種別,数量",
            "No,bank,branch",
            "銀行,支店",
        ] {
            assert_eq!(found(header), None, "{header}");
        }
    }
}
