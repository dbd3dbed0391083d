//! Columns of a table → whose they are.
//!
//! In: the columns with their headers and the detectors that [`super::layout`] gave them. Out: for each column which part
//! of a name it holds, and which of the row's people it tells about: a row with 保護者氏名 and 生徒氏名 is about two.
//! `保護者電話` is the parent's; a telephone that says nothing is everybody's in the row; two tables side by side have a
//! person each. A number such as 会員番号 tells its owners apart. Deliberately absent: values.

use std::cell::RefCell;
use std::collections::BTreeMap;
use std::sync::LazyLock;

use aho_corasick::AhoCorasick;

use super::layout::Cell;
use crate::inspect::detect::checks::{Check, Note, is_part_of_latin_name};
use crate::inspect::detect::rules::Rules;
use crate::inspect::detect::rules::rule::header_key;

/// A table with columns.
#[derive(Debug, Default, Clone)]
pub(crate) struct Columns {
    /// How many of the given rows stand above the first record, header included.
    pub(crate) above: usize,
    /// How many of those are header rows.
    pub(super) header_rows: usize,
    pub(crate) columns: BTreeMap<u32, Column>,
    /// The table is about organisations: a column for them, and none for people's names.
    pub(crate) organisations: bool,
    /// How many people a row is about, if it is more than one.
    pub(crate) people: u8,
    /// The first column of names that its header calls so, if a row is about one person.
    pub(crate) name: Option<u32>,
}

impl Columns {
    /// Whether a cell says again what its column is.
    pub(crate) fn heads(&self, column: u32, text: &str) -> bool {
        let column = self.columns.get(&column).filter(|column| !column.header.is_empty());
        column.is_some_and(|column| column.header == text || column.header.split(' ').any(|word| word == text))
    }

    /// Whether it says above any of its columns what they are.
    pub(super) fn has_headers(&self) -> bool {
        self.columns.values().any(|column| column.headed && !column.header.is_empty())
    }

    /// Whether a row is the header of this table once more.
    pub(crate) fn is_header(&self, cells: &[Cell<'_>]) -> bool {
        let same = cells.iter().filter(|(column, text)| self.heads(*column, text)).count();
        same >= 2 && same * 2 > cells.len()
    }
}

/// One column.
#[derive(Debug, Default, Clone)]
pub(crate) struct Column {
    /// What its header says, for context.
    pub(crate) header: String,
    /// What the header above it says, of several columns at once.
    pub(crate) group: String,
    pub(crate) detector: Option<usize>,
    /// The header called for the detector, and not the values alone.
    pub(crate) headed: bool,
    pub(crate) part: Part,
    /// Which of the row's people, from 1; 0 for all of them.
    pub(crate) whose: u8,
    /// It holds numbers that are given to people: whose numbers.
    pub(crate) number: Option<&'static str>,
    /// It holds long numbers that are no cards, though one in ten has the check digit.
    pub(crate) counted: bool,
    pub(super) quiet: Quiet,
}

/// Texts of a column in which nothing was found. Remarks repeat, and are not searched again. What is kept is the text
/// itself: no two texts can be taken for one.
#[derive(Debug, Default, Clone)]
pub(super) struct Quiet(RefCell<Vec<String>>);

/// So many texts are kept, none longer than this.
const QUIET: usize = 16;
const QUIET_LENGTH: usize = 128;

impl Quiet {
    pub(crate) fn has(&self, text: &str) -> bool {
        self.0.borrow().get(Self::place(text)).is_some_and(|known| known == text)
    }

    pub(crate) fn keep(&self, text: &str) {
        if text.len() > QUIET_LENGTH {
            return;
        }
        let mut known = self.0.borrow_mut();
        known.resize(QUIET, String::new());
        if let Some(slot) = known.get_mut(Self::place(text)) {
            slot.clear();
            slot.push_str(text);
        }
    }

    fn place(text: &str) -> usize {
        let sum =
            text.bytes().take(QUIET_LENGTH).fold(0_u32, |sum, byte| sum.wrapping_mul(31).wrapping_add(byte.into()));
        (sum >> 5 ^ sum) as usize % QUIET
    }
}

/// Which part of a name a column holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Default)]
pub(crate) enum Part {
    #[default]
    Whole,
    Family,
    Given,
    /// The reading of a name that stands in another column.
    Reading,
    /// The name of somebody who works on the row, and is not what it is about.
    Staff,
}

/// A row is about no more people than this.
const PEOPLE: u8 = 12;

/// What a header says beside whose column it is. Longer words first.
const DRESS: [&str; 49] = [
    "フリガナ",
    "ふりがな",
    "ローマ字",
    "リガナ",
    "よみがな",
    "よみ",
    "読み",
    "カナ",
    "かな",
    "英字",
    "漢字",
    "全角",
    "半角",
    "メールアドレス",
    "メール",
    "携帯電話",
    "電話番号",
    "携帯",
    "電話",
    "郵便番号",
    "生年月日",
    "住所",
    "氏名",
    "お名前",
    "名前",
    "姓名",
    "苗字",
    "名字",
    "様",
    "セイ",
    "メイ",
    "姓",
    "名",
    "nomdefamille",
    "achternaam",
    "voornaam",
    "nachname",
    "vorname",
    "apellidos",
    "apellido",
    "cognome",
    "prénom",
    "firstname",
    "lastname",
    "middlename",
    "givenname",
    "familyname",
    "surname",
    "name",
];

/// Tells whose each column is.
pub(crate) fn assign(rules: &Rules, columns: &mut Columns) {
    for column in columns.columns.values_mut() {
        column.number = number_of(&column.header);
    }
    given_names(columns);
    let mut owners: Vec<(String, Part)> = Vec::new();
    let mut names: Vec<(u32, String, Part)> = Vec::new();
    for (&number, column) in columns.columns.iter().filter(|(_, column)| is_name(rules, column)) {
        names.push((number, role_of(&format!("{}{}", column.group, column.header)), column.part));
    }
    readings(&mut names);
    staff(&mut names, columns);
    let mut begun: Vec<u32> = Vec::new();
    let mut seen: BTreeMap<(&str, Part, String), u8> = BTreeMap::new();
    for (number, role, part) in &names {
        if *part == Part::Staff {
            continue;
        }
        // The n-th 氏名 of a role goes with its n-th フリガナ.
        let header = columns.columns.get(number).map(|column| column.header.clone()).unwrap_or_default();
        let nth = seen.entry((role, *part, header)).or_default();
        let known = owners.iter().enumerate().filter(|(_, (owner, _))| owner == role).nth(usize::from(*nth));
        *nth = nth.saturating_add(1);
        let whose = match known {
            Some((index, _)) => index,
            None => {
                owners.push((role.clone(), *part));
                begun.push(*number);
                owners.len() - 1
            }
        };
        if let Some(column) = columns.columns.get_mut(number) {
            column.whose = u8::try_from(whose + 1).unwrap_or(PEOPLE).min(PEOPLE);
        }
    }
    if owners.len() < 2 {
        columns.columns.values_mut().for_each(|column| column.whose = 0);
        let headed = |number: &&u32| columns.columns.get(number).is_some_and(|column| column.headed);
        columns.name = begun.iter().find(headed).copied();
        return;
    }
    columns.people = u8::try_from(owners.len()).unwrap_or(PEOPLE).min(PEOPLE);
    let repeats = owners.windows(2).all(|pair| matches!(pair, [(a, _), (b, _)] if a == b));
    for (&number, column) in &mut columns.columns {
        if column.whose != 0 || column.part == Part::Staff {
            continue;
        }
        let key = header_key(&format!("{}{}", column.group, column.header));
        let named = owners.iter().position(|(role, _)| !role.is_empty() && key.contains(role.as_str()));
        let before = begun.iter().rposition(|&start| start < number);
        let own = |check: Check| matches!(check, Check::BirthDate | Check::MyNumber | Check::DriversLicenseJp);
        let personal = column.number.is_some()
            || column.detector.and_then(|index| rules.detector(index)).is_some_and(|detector| own(detector.check));
        let whose = match (named, before) {
            (Some(index), _) => Some(index),
            (None, before) if repeats => before.or(Some(0)),
            (None, Some(index)) if personal => Some(index),
            _ => None,
        };
        column.whose = whose.and_then(|index| u8::try_from(index + 1).ok()).unwrap_or_default().min(PEOPLE);
    }
}

/// 本人名 is a whole name, but for beside 本人姓.
fn given_names(columns: &mut Columns) {
    let families = columns.columns.values().filter(|column| column.part == Part::Family);
    let families: Vec<String> =
        families.filter_map(|column| Some(header_key(&column.header).strip_suffix('姓')?.to_owned())).collect();
    for column in columns.columns.values_mut().filter(|column| column.part == Part::Whole && column.headed) {
        let is_beside = |given: &str| families.iter().any(|family| family == given);
        if header_key(&column.header).strip_suffix('名').is_some_and(is_beside) {
            column.part = Part::Given;
        }
    }
}

/// A reading that does not say whose it is goes with the name before it, or else with the one behind it.
fn readings(names: &mut [(u32, String, Part)]) {
    let is_written = |(_, _, part): &&(u32, String, Part)| *part != Part::Reading;
    let written: Vec<(u32, String)> =
        names.iter().filter(is_written).map(|(column, role, _)| (*column, role.clone())).collect();
    for (column, role, _) in names.iter_mut().filter(|(_, _, part)| *part == Part::Reading) {
        if written.iter().any(|(_, known)| known == role) {
            continue;
        }
        let nearest = written.iter().rev().find(|(before, _)| before < column).or_else(|| written.first());
        if let Some((_, whose)) = nearest {
            role.clone_from(whose);
        }
    }
}

/// Names of those who work on a row, where it is about somebody else.
fn staff(names: &mut [(u32, String, Part)], columns: &mut Columns) {
    const STAFF: [&str; 10] =
        ["担当", "営業", "登録者", "更新者", "作成者", "承認者", "記入者", "受付者", "責任者", "入力者"];
    let is_staff = |role: &str| STAFF.iter().any(|word| role.contains(word));
    if names.iter().all(|(_, role, _)| is_staff(role)) {
        return;
    }
    for (number, _, part) in names.iter_mut().filter(|(_, role, _)| is_staff(role)) {
        *part = Part::Staff;
        if let Some(column) = columns.columns.get_mut(number) {
            column.part = Part::Staff;
        }
    }
}

/// Whose name a header calls for: `保護者` of `保護者氏名（カナ）`.
fn role_of(header: &str) -> String {
    let mut role = header_key(header);
    for word in DRESS {
        if role.contains(word) {
            role = role.replace(word, "");
        }
    }
    for (same, as_) in [("お客", "顧客"), ("ご本人", ""), ("本人", ""), ("社員", ""), ("full", "")] {
        if role == same {
            as_.clone_into(&mut role);
        }
    }
    role
}

/// Whether `value` is what a header calls for; where it calls for a part of a name in Latin letters, one word is.
pub(super) fn is_called_for(rules: &Rules, check: Check, part: Part, value: &str) -> Option<Note> {
    let of_name = check == Check::PersonName && matches!(part, Part::Family | Part::Given);
    let is_part = || (of_name && is_part_of_latin_name(value)).then_some(Note::Plain);
    check.in_cell(rules.names(), value, true).or_else(is_part)
}

/// Which part of a name a header calls for.
pub(super) fn part_of(header: &str) -> Part {
    const READING: [&str; 12] =
        ["フリガナ", "ふりがな", "リガナ", "カナ", "かな", "ローマ字", "英字", "よみ", "読み", "名義", "旧姓", "kana"];
    let key = header_key(header);
    if READING.iter().any(|word| key.contains(word)) || matches!(key.as_str(), "セイ" | "メイ" | "ミョウジ") {
        return Part::Reading;
    }
    let plain =
        key.trim_end_matches("漢字").trim_start_matches("漢字").trim_start_matches("氏名").trim_start_matches("お名前");
    let is = |words: &[&str]| words.iter().any(|word| plain == *word || (word.len() > 4 && plain.contains(word)));
    const FAMILY: [&str; 13] = [
        "姓",
        "氏",
        "苗字",
        "名字",
        "lastname",
        "familyname",
        "surname",
        "nachname",
        "nomdefamille",
        "apellido",
        "apellidos",
        "cognome",
        "achternaam",
    ];
    const GIVEN: [&str; 7] = ["名", "firstname", "givenname", "middlename", "vorname", "prénom", "voornaam"];
    if is(&FAMILY) || plain.ends_with('姓') {
        Part::Family
    } else if is(&GIVEN) {
        Part::Given
    } else {
        Part::Whole
    }
}

/// Whose numbers a column holds.
fn number_of(header: &str) -> Option<&'static str> {
    const OWNERS: [(&str, &str); 25] = [
        ("社員", "社員"),
        ("従業員", "社員"),
        ("職員", "社員"),
        ("会員", "会員"),
        ("顧客", "顧客"),
        ("お客様", "顧客"),
        ("得意先", "顧客"),
        ("患者", "患者"),
        ("診察券", "患者"),
        ("カルテ", "患者"),
        ("学籍", "学籍"),
        ("学生", "学籍"),
        ("生徒", "学籍"),
        ("受験", "受験"),
        ("利用者", "利用者"),
        ("受講", "受講"),
        ("応募", "応募"),
        ("加入者", "加入者"),
        ("employee", "社員"),
        ("staff", "社員"),
        ("member", "会員"),
        ("customer", "顧客"),
        ("client", "顧客"),
        ("patient", "患者"),
        ("student", "学籍"),
    ];
    const NUMBERS: [&str; 7] = ["番号", "コード", "id", "no", "number", "code", "ナンバー"];
    let key = header_key(header);
    let (owner, name) = OWNERS.iter().find(|(owner, _)| key.starts_with(owner))?;
    let rest = key.strip_prefix(owner)?;
    NUMBERS.contains(&rest).then_some(*name)
}

pub(crate) fn is_name(rules: &Rules, column: &Column) -> bool {
    column.detector.is_some_and(|index| rules.is_name(index))
}

/// Whether a header calls something by its name that is nobody: 会社名, Product Name.
pub(super) fn is_thing(key: &str) -> bool {
    const THINGS: [&str; 38] = [
        "会社",
        "企業",
        "法人",
        "商品",
        "製品",
        "品名",
        "品目",
        "店舗",
        "店名",
        "支店",
        "銀行",
        "金融機関",
        "部署",
        "部門",
        "学校",
        "校名",
        "施設",
        "病院",
        "団体",
        "案件",
        "件名",
        "書類",
        "建物",
        "地名",
        "駅名",
        "講座",
        "コース",
        "イベント",
        "company",
        "product",
        "item",
        "file",
        "user",
        "school",
        "project",
        "course",
        "bank",
        "event",
    ];
    static SEARCH: LazyLock<Option<AhoCorasick>> = LazyLock::new(|| AhoCorasick::new(THINGS).ok());
    SEARCH.as_ref().is_some_and(|things| things.is_match(key))
}

pub(crate) fn is_organisation(header: &str) -> bool {
    const WORDS: [&str; 22] = [
        "会社",
        "企業",
        "法人",
        "取引先",
        "仕入先",
        "得意先",
        "店舗",
        "店名",
        "施設",
        "支店",
        "営業所",
        "事業所",
        "団体",
        "学校名",
        "病院名",
        "拠点",
        "company",
        "organization",
        "organisation",
        "store",
        "branch",
        "supplier",
    ];
    static SEARCH: LazyLock<Option<AhoCorasick>> = LazyLock::new(|| AhoCorasick::new(WORDS).ok());
    !header.is_empty() && SEARCH.as_ref().is_some_and(|words| words.is_match(&header_key(header)))
}

/// Whether a telephone or an address in a table of organisations is theirs and nobody's own.
pub(super) fn is_office(note: Note) -> bool {
    matches!(note, Note::Landline | Note::Service | Note::RoleAddress | Note::Plain)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn parts_and_owners_of_names() {
        for (header, role, part) in [
            ("氏名", "", Part::Whole),
            ("保護者氏名（カナ）", "保護者", Part::Reading),
            ("氏名 保護者", "保護者", Part::Whole),
            ("契約者姓", "契約者", Part::Family),
            ("姓（漢字）", "", Part::Family),
            ("氏名（名）", "", Part::Given),
            ("Last Name", "", Part::Family),
            ("メイ", "", Part::Reading),
            ("Student Name", "student", Part::Whole),
            ("お客様名", "顧客", Part::Whole),
        ] {
            assert_eq!((role_of(header).as_str(), part_of(header)), (role, part), "{header}");
        }
    }

    #[test]
    fn numbers_that_are_given_to_people() {
        assert_eq!((number_of("会員番号"), number_of("Customer ID")), (Some("会員"), Some("顧客")));
        assert_eq!((number_of("注文番号"), number_of("会員種別"), number_of("No.")), (None, None, None));
    }
}
