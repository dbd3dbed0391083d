//! Transfer files of banks (全銀フォーマット): records of 120 characters, an account and its holder each.
//!
//! In: a text. Out: for each 総合振込, 給与振込, 賞与振込 or 口座振替 in it a table with a row for each data record, so
//! that payee, account and amount stand in columns of their own; what is none of it stays running text. Source: Japanese
//! Bankers Association (全国銀行協会), 全銀協制定レコード・フォーマット: header `1`, data `2`, trailer `8`, end `9`, in JIS X
//! 0201, with or without line breaks. Read as structure, and not handed over: the record type, the code for new accounts,
//! counts and sums of trailers. Deliberately absent: EBCDIC, and the formats of statements (入出金取引明細, 200 characters).

use crate::inspect::extract::reading::{Reading, cell};
use crate::inspect::extract::sniff;
use crate::inspect::{Place, Reason};

/// Characters of a record; a character of two bytes counts twice.
const RECORD: usize = 120;

/// A record of an unbroken file is looked for so many characters behind one that is broken.
const SLIP: usize = 4 * RECORD;

/// Between a header and the first data record so many may be broken.
const BROKEN: usize = 3;

/// 総合振込, 給与振込, 賞与振込, 公務員の給与 and 賞与, 口座振替.
const KINDS: [&str; 6] = ["21", "11", "12", "71", "72", "91"];

/// Type, kind, code division, client's code and name, day, bank, branch, kind of account, account, dummy.
const HEADER: [usize; 13] = [1, 2, 1, 10, 40, 4, 4, 15, 3, 15, 1, 7, 17];

/// Type, bank, branch, number of the exchange, kind of account, account, holder, amount, code for new accounts, the
/// client's numbers for the holder, the rest.
const DATA: [usize; 13] = [1, 4, 15, 3, 15, 4, 1, 7, 30, 10, 1, 20, 9];

/// Type, count, sum, and further counts and sums.
const TRAILER: [usize; 3] = [1, 18, 101];

/// A text with a transfer file in it.
pub(crate) struct Transfer<'a> {
    pub(crate) before: &'a str,
    /// From its first record on, to the end of the text.
    records: &'a str,
}

/// One record.
enum Record<'a> {
    Header([&'a str; 13]),
    Data([&'a str; 13]),
    /// Trailer or end.
    Close,
}

/// The text of bytes that are a transfer file in JIS X 0201: half-width kana alone tell a guess of the charset too little.
pub(crate) fn decoded(bytes: &[u8]) -> Option<String> {
    let high = sniff::count(bytes, |byte| byte >= 0x80);
    if high == 0 || high != sniff::count(bytes, |byte| (0xA1..=0xDF).contains(&byte)) {
        return None;
    }
    let kana = |byte: u8| char::from_u32(0xFF61 + u32::from(byte) - 0xA1).unwrap_or('\u{fffd}');
    let character = |&byte: &u8| if byte < 0x80 { char::from(byte) } else { kana(byte) };
    let text: String = bytes.iter().map(character).collect();
    first(&text).is_some().then_some(text)
}

/// The first transfer file in a text: a header and a data record below it, or two data records.
pub(crate) fn first(text: &str) -> Option<Transfer<'_>> {
    let mut at = if text.starts_with('\u{feff}') { '\u{feff}'.len_utf8() } else { 0 };
    loop {
        let line = text.get(at..)?;
        if line.starts_with(['1', '2']) && begins(line) {
            return Some(Transfer { before: text.get(..at)?, records: line });
        }
        at += memchr::memchr2(b'\n', b'\r', line.as_bytes())? + 1;
    }
}

fn begins(text: &str) -> bool {
    let (mut rest, broken) = match record(text) {
        Some((Record::Header(_), rest)) => (rest, BROKEN),
        Some((Record::Data(_), rest)) => (rest, 0),
        _ => return false,
    };
    for _ in 0..=broken {
        rest = between(rest);
        if let Some((record, _)) = record(rest) {
            return matches!(record, Record::Data(_));
        }
        rest = rest.get(next(rest)..).unwrap_or_default();
    }
    false
}

/// Hands over the data records as tables, one for each header; gives what else is there, the clients' own names among
/// it, as text.
pub(crate) fn read(reading: &mut Reading<'_>, place: &Place, file: &Transfer<'_>) -> String {
    let (mut rest, mut others, mut kind) = (file.records, String::new(), "");
    // Rows have the numbers of their records; without a header the names of the columns come first.
    let mut number = u32::from(!rest.starts_with('1'));
    let mut open = false;
    while !rest.is_empty() {
        let after = match record(rest) {
            Some((Record::Header(fields), after)) => {
                reading.end_table();
                open = false;
                kind = fields.get(1).copied().unwrap_or_default();
                others.push_str(&fields.map(str::trim).join(" "));
                others.push('\n');
                after
            }
            Some((Record::Data(fields), after)) => {
                if !open {
                    reading.begin_table(place);
                    row(reading, number.saturating_sub(1), &columns(kind));
                    open = true;
                }
                if !row(reading, number, &values(kind, &fields)) {
                    reading.end_table();
                    reading.unread(place, Reason::Limit);
                    return others;
                }
                after
            }
            Some((Record::Close, after)) => after,
            None => {
                let (other, after) = rest.split_at_checked(next(rest)).unwrap_or((rest, ""));
                others.push_str(other);
                others.push('\n');
                after
            }
        };
        number = number.saturating_add(1);
        rest = between(after);
    }
    reading.end_table();
    others
}

/// Hands over a row, unless the budget is used up.
fn row(reading: &mut Reading<'_>, number: u32, values: &[&str]) -> bool {
    let mut cells = Vec::with_capacity(values.len());
    for (column, value) in (0u32..).zip(values).filter(|(_, value)| !value.is_empty()) {
        if !reading.take_cell() {
            return false;
        }
        cells.push(cell(column, *value));
    }
    reading.row(number, &cells);
    true
}

/// What the columns are called for a kind of transfer.
fn columns(kind: &str) -> Vec<&'static str> {
    let mut columns = vec!["銀行コード", "銀行名", "支店コード", "支店名", "手形交換所番号", "預金種目", "口座番号"];
    columns.extend(match kind {
        "91" => ["預金者名", "引落金額", "顧客番号", ""],
        "11" | "12" | "71" | "72" => ["受取人名", "振込金額", "社員番号", "所属コード"],
        _ => ["受取人名", "振込金額", "EDI情報", ""],
    });
    columns.push("その他");
    columns
}

/// The values of a data record in those columns. A number that is not used is zero for everybody.
fn values<'a>(kind: &str, fields: &[&'a str; 13]) -> Vec<&'a str> {
    let &[_, bank, bank_name, branch, branch_name, exchange, account_kind, account, holder, amount, _, numbers, rest] =
        fields;
    let (first, second) = match kind {
        "11" | "12" | "71" | "72" => cut(numbers, 10),
        _ => (numbers, ""),
    };
    let used = |number: &'a str| if number.trim_matches(['0', ' ']).is_empty() { "" } else { number.trim() };
    let account_kind = match account_kind {
        "1" => "普通",
        "2" => "当座",
        "3" => "納税準備",
        "4" => "貯蓄",
        _ => "その他",
    };
    let plain = [bank, bank_name, branch, branch_name].map(str::trim);
    let amount = amount.trim_start_matches('0');
    let more = [used(exchange), account_kind, account.trim(), holder.trim(), amount, used(first), used(second)];
    plain.into_iter().chain(more).chain([used(rest)]).collect()
}

/// The record that a text begins with, and what follows it.
fn record(text: &str) -> Option<(Record<'_>, &str)> {
    let (line, after) = cut(text, RECORD);
    let record = match line.as_bytes().first()? {
        b'1' => Record::Header(header(line)?),
        b'2' => Record::Data(data(line)?),
        b'8' => {
            let [_, sums, more] = fields(line, TRAILER);
            (sums.len() == 18 && is_number(sums) && is_blank_or_digits(more)).then_some(Record::Close)?
        }
        // Nothing stands in it.
        b'9' => line.get(1..)?.bytes().all(|byte| matches!(byte, b' ' | b'0')).then_some(Record::Close)?,
        _ => return None,
    };
    Some((record, after))
}

fn header(line: &str) -> Option<[&str; 13]> {
    let found = fields(line, HEADER);
    let [_, kind, code, client, _, day, ..] = found;
    let holds = KINDS.contains(&kind)
        && matches!(code, "0" | "1" | " ")
        && client.len() == 10
        && is_blank_or_digits(client)
        && day.len() == 4
        && is_number(day);
    holds.then_some(found)
}

/// A data record. Only a holder's name and the names of banks have letters.
fn data(line: &str) -> Option<[&str; 13]> {
    let found = fields(line, DATA);
    let [_, bank, bank_name, branch, branch_name, _, account_kind, account, holder, amount, ..] = found;
    let is_full = |number: &str, length: usize| number.len() == length && is_number(number);
    let padded = account.trim_start_matches(' ');
    let holds = is_full(bank, 4)
        && is_full(branch, 3)
        && matches!(account_kind, "1" | "2" | "3" | "4" | "9")
        && account.len() == 7
        && !padded.is_empty()
        && is_number(padded)
        && is_full(amount, 10)
        && holder.chars().any(char::is_alphabetic)
        && ![bank_name, branch_name].iter().any(|name| name.contains(|c: char| c.is_ascii_digit()));
    holds.then_some(found)
}

/// Where what is no record ends: at the end of its line, or where in an unbroken file the next record begins.
fn next(text: &str) -> usize {
    let line = memchr::memchr2(b'\n', b'\r', text.as_bytes()).unwrap_or(text.len());
    let begins = |&at: &usize| {
        let rest = text.get(at..line).unwrap_or_default();
        rest.starts_with(['1', '2']) && matches!(record(rest), Some((Record::Header(_) | Record::Data(_), _)))
    };
    let mut places = text.char_indices().map(|(at, _)| at).take_while(|&at| at < line).skip(1).take(SLIP);
    places.find(begins).unwrap_or(line)
}

/// A text without what stands between records: line breaks, and DOS's mark of the end.
fn between(text: &str) -> &str {
    text.trim_start_matches(['\r', '\n', '\u{1a}'])
}

/// Cuts a line into fields; what is missing at its end, where an editor took blanks away, is empty.
fn fields<const N: usize>(line: &str, widths: [usize; N]) -> [&str; N] {
    let mut rest = line;
    widths.map(|width| {
        let (field, after) = cut(rest, width);
        rest = after;
        field
    })
}

/// Cuts a text behind so many columns, or at the end of its line.
fn cut(text: &str, columns: usize) -> (&str, &str) {
    let mut left = columns;
    let end = text.char_indices().find(|&(_, c)| {
        let is_end = left == 0 || matches!(c, '\r' | '\n');
        let width = if c.is_ascii() || ('\u{ff61}'..='\u{ff9f}').contains(&c) { 1 } else { 2 };
        left = left.saturating_sub(width);
        is_end
    });
    text.split_at_checked(end.map_or(text.len(), |(at, _)| at)).unwrap_or((text, ""))
}

fn is_number(text: &str) -> bool {
    !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit())
}

fn is_blank_or_digits(text: &str) -> bool {
    text.bytes().all(|byte| byte.is_ascii_digit() || byte == b' ')
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::inspect::extract::{Ledger, Limits, extract};
    use crate::inspect::{Cell, Job, Kind, Sink};

    /// Rows as they came, and running text.
    #[derive(Default)]
    struct Kept {
        rows: Vec<(u32, Vec<String>)>,
        text: String,
    }

    impl Sink for Kept {
        fn text(&mut self, _: &Place, text: &str) {
            self.text.push_str(text);
            self.text.push('\n');
        }
        fn begin_table(&mut self, _: &Place) {}
        fn row(&mut self, row: u32, cells: &[Cell<'_>]) {
            self.rows.push((row, cells.iter().map(|cell| cell.text.to_string()).collect()));
        }
        fn end_table(&mut self) {}
    }

    fn read(bytes: &[u8], limits: &Limits) -> (Kept, Ledger) {
        let mut kept = Kept::default();
        let job = Job::new(Kind::File("data.txt".into()));
        let ledger = extract(bytes, &job, limits, &mut kept, &mut ());
        (kept, ledger)
    }

    /// `text` in so many half-width characters.
    fn pad(text: &str, width: usize) -> String {
        let missing = width - text.chars().count();
        format!("{text}{}", " ".repeat(missing))
    }

    fn head(kind: &str) -> String {
        let client = format!("1{kind}01234567890{}1225", pad("ｶ)ﾔﾏﾀﾞｼﾖｳｼﾞ", 40));
        pad(&format!("{client}0001{}001{}11111111", pad("ﾐｽﾞﾎ", 15), pad("ﾎﾝﾃﾝ", 15)), 120)
    }

    fn person(account: &str, holder: &str, numbers: &str) -> String {
        let bank = format!("20001{}240{}0000", pad("ﾐｽﾞﾎ", 15), pad("ｼﾝｼﾞﾕｸ", 15));
        pad(&format!("{bank}1{account}{}00002500000{}", pad(holder, 30), pad(numbers, 20)), 120)
    }

    fn closing() -> [String; 2] {
        [pad("8000002000000500000", 120), pad("9", 120)]
    }

    /// Two people of a payroll.
    fn payroll(kind: &str) -> Vec<String> {
        let mut records = vec![head(kind), person("1234567", "ﾔﾏﾀﾞ ﾀﾛｳ", "00000010010000000007")];
        records.push(person("7654321", "ｻﾄｳ ﾊﾅｺ", "00000010020000000007"));
        records.extend(closing());
        assert!(records.iter().all(|record| record.chars().count() == RECORD));
        records
    }

    /// In JIS X 0201, and as UTF-8.
    fn both(text: &str) -> [Vec<u8>; 2] {
        let byte = |c: char| if c.is_ascii() { c as u8 } else { (c as u32 - 0xFF61 + 0xA1) as u8 };
        [text.chars().map(byte).collect(), text.as_bytes().to_vec()]
    }

    #[test]
    fn a_payroll_is_a_table_with_and_without_line_breaks() {
        let header = "銀行コード 銀行名 支店コード 支店名 手形交換所番号 預金種目 口座番号 受取人名 振込金額 社員番号 所属コード その他";
        let taro = "0001 ﾐｽﾞﾎ 240 ｼﾝｼﾞﾕｸ 普通 1234567 ﾔﾏﾀﾞ ﾀﾛｳ 250000 0000001001 0000000007";
        let hanako = "0001 ﾐｽﾞﾎ 240 ｼﾝｼﾞﾕｸ 普通 7654321 ｻﾄｳ ﾊﾅｺ 250000 0000001002 0000000007";
        for kind in ["11", "12", "71", "72"] {
            for between in ["\r\n", "\n", ""] {
                let text = payroll(kind).join(between);
                for end in ["", between, "\u{1a}"] {
                    for bytes in both(&format!("{text}{end}")) {
                        let (kept, ledger) = read(&bytes, &Limits::default());
                        let rows: Vec<_> = kept.rows.iter().map(|(row, cells)| (*row, cells.join(" "))).collect();
                        let expected = [(0, header), (1, taro), (2, hanako)].map(|(row, text)| (row, text.to_owned()));
                        assert_eq!(rows, expected, "{kind} {between:?} {end:?}");
                        assert!(kept.text.contains("ｶ)ﾔﾏﾀﾞｼﾖｳｼﾞ"), "{}", kept.text);
                        assert_eq!(ledger.uninspected, []);
                    }
                }
            }
        }
    }

    #[test]
    fn a_transfer_and_a_debit_have_columns_of_their_own() {
        let of = |kind: &str, numbers: &str| {
            let mut records = vec![head(kind), person("1234567", "ﾔﾏﾀﾞ ﾀﾛｳ", numbers)];
            records.extend(closing());
            let (kept, _) = read(&both(&records.concat())[0], &Limits::default());
            kept.rows.into_iter().map(|(_, cells)| cells[5..].join(" ")).collect::<Vec<_>>()
        };
        assert_eq!(
            of("91", "00000000000000004711"),
            ["預金種目 口座番号 預金者名 引落金額 顧客番号 その他", "1234567 ﾔﾏﾀﾞ ﾀﾛｳ 250000 00000000000000004711"]
        );
        // Numbers that are not used are nobody's.
        assert_eq!(
            of("21", "00000000000000000000"),
            ["預金種目 口座番号 受取人名 振込金額 EDI情報 その他", "1234567 ﾔﾏﾀﾞ ﾀﾛｳ 250000"]
        );
    }

    #[test]
    fn broken_records_are_running_text_and_the_others_are_rows() {
        for between in ["\r\n", ""] {
            let mut records = payroll("11");
            records.insert(2, person("12X4567", "ｽｽﾞｷ ｲﾁﾛｳ", ""));
            records.insert(1, person("1111111", "ﾀﾅｶ ﾐｻｷ", "").replace("240", "24O"));
            let text = format!("{}\r\n下記のとおりです。", records.join(between));
            let (kept, _) = read(text.as_bytes(), &Limits::default());
            let holders: Vec<&str> = kept.rows.iter().skip(1).map(|(_, cells)| cells[6].as_str()).collect();
            assert_eq!(holders, ["ﾔﾏﾀﾞ ﾀﾛｳ", "ｻﾄｳ ﾊﾅｺ"], "{between:?}");
            for left in ["12X4567ｽｽﾞｷ ｲﾁﾛｳ", "1111111ﾀﾅｶ ﾐｻｷ", "下記のとおりです。"]
            {
                assert!(kept.text.contains(left), "{between:?} {left} {}", kept.text);
            }
        }
    }

    #[test]
    fn records_without_their_blanks_or_below_a_letter_are_rows_too() {
        let trimmed: Vec<String> = payroll("11").iter().map(|record| record.trim_end().to_owned()).collect();
        let text = format!("お世話になっております。\r\nデータを送ります。\r\n{}\r\n以上", trimmed.join("\r\n"));
        let (kept, _) = read(text.as_bytes(), &Limits::default());
        assert_eq!(kept.rows.len(), 3);
        assert!(kept.text.starts_with("お世話に") && kept.text.contains("以上"));
        let (kept, _) = read(both(&payroll("11")[1..3].join("\n"))[0].as_slice(), &Limits::default());
        assert_eq!(kept.rows.iter().map(|(row, _)| *row).collect::<Vec<_>>(), [0, 1, 2]);
    }

    #[test]
    fn other_texts_are_none() {
        let lone = [head("11"), closing().concat()].concat();
        let other = payroll("11").concat().replacen("111", "101", 1).replace("0001", "A001");
        let digits = "2".repeat(RECORD * 3);
        for text in [lone.as_str(), other.as_str(), digits.as_str(), "1110 件の注文\n2000 件の返品\n", "", "1", "21"]
        {
            assert!(first(text).is_none(), "{text}");
        }
        for bytes in [both(&lone)[0].as_slice(), &both(&other)[0], "1110 ﾔﾏﾀﾞ".as_bytes(), b"1110"] {
            assert!(decoded(bytes).is_none(), "{bytes:?}");
        }
    }

    #[test]
    fn what_no_budget_is_left_for_is_said() {
        let limits = Limits { cells: 20, ..Limits::default() };
        let (kept, ledger) = read(&both(&payroll("11").concat())[0], &limits);
        assert_eq!(kept.rows.len(), 1);
        assert!(ledger.uninspected.iter().any(|entry| entry.reason == Reason::Limit));
    }
}
