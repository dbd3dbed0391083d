//! Files with one secret each, every one in another hiding place: written byte by byte from fixed seeds.
//!
//! In: nothing. Out: [`cases`], each with its name (`xlsx/hidden_sheet.xlsx`), its bytes and the secret in it; what has
//! to come out of reading it stands in `tests/corpus/places.json`. The unit tests of `inspect::extract`, the integration
//! tests, the benches and the fuzz targets all take their files from here. Deliberately absent: the readers under test
//! and their libraries, so that a misunderstanding of a format cannot cancel itself out; packed data comes from the
//! compression libraries.

pub(crate) mod archive;
pub(crate) mod biff;
pub(crate) mod biff12;
pub(crate) mod document;
pub(crate) mod docx;
pub(crate) mod html;
pub(crate) mod image;
pub(crate) mod mail;
pub(crate) mod odf;
pub(crate) mod ole;
pub(crate) mod outlook;
pub(crate) mod package;
pub(crate) mod packed;
pub(crate) mod pdf;
pub(crate) mod polyglot;
pub(crate) mod pptx;
pub(crate) mod rtf;
pub(crate) mod text;
pub(crate) mod xlsx;
pub(crate) mod xlsx_parts;
pub(crate) mod zipped;

/// One file and the secret in it.
pub(crate) struct Case {
    /// Folder and file name: `xlsx/hidden_sheet.xlsx`. What ends in `.eml` is read as a mail.
    pub(crate) name: &'static str,
    pub(crate) secret: String,
    pub(crate) bytes: Vec<u8>,
}

impl Case {
    /// The name under which it is given to a reader.
    pub(crate) fn file(&self) -> &'static str {
        self.name.split_once('/').map_or(self.name, |(_, file)| file)
    }
}

/// A name and what makes its bytes around a secret.
type Maker = (&'static str, fn(&str) -> Vec<u8>);

/// Every case, in a fixed order.
pub(crate) fn cases() -> Vec<Case> {
    let lists: [&[Maker]; 20] = [
        xlsx::CASES,
        xlsx_parts::CASES,
        biff12::CASES,
        biff::CASES,
        docx::CASES,
        pptx::CASES,
        odf::SHEETS,
        odf::TEXTS,
        odf::SLIDES,
        rtf::CASES,
        document::CASES,
        outlook::CASES,
        pdf::CASES,
        mail::CASES,
        mail::NESTED,
        archive::CASES,
        packed::CASES,
        html::CASES,
        text::CASES,
        image::CASES,
    ];
    let makers = lists.into_iter().flatten().chain(polyglot::CASES);
    let made = makers.map(|&(name, make)| {
        let secret = secret(name);
        Case { name, bytes: make(&secret), secret }
    });
    made.collect()
}

/// The invented person of a case, and a word that no other case has: `佐藤健一 090-4821-7763 ネミロト秘密語`.
pub(crate) fn secret(name: &str) -> String {
    const SURNAMES: [&str; 8] = ["佐藤", "鈴木", "高橋", "田中", "渡辺", "伊藤", "山本", "中村"];
    const GIVEN: [&str; 8] = ["健一", "花子", "一郎", "美咲", "大輔", "陽子", "翔太", "和子"];
    const KANA: [char; 16] =
        ['ア', 'カ', 'サ', 'タ', 'ナ', 'ハ', 'マ', 'ヤ', 'ラ', 'ワ', 'キ', 'シ', 'チ', 'ニ', 'ミ', 'ロ'];
    let mut random = Random::new(name);
    let mut pick = |count: usize| random.below(count);
    let (surname, given) = (SURNAMES[pick(8)], GIVEN[pick(8)]);
    let (middle, last) = (1_000 + pick(9_000), 1_000 + pick(9_000));
    let word: String = std::iter::repeat_with(|| KANA[pick(16)]).take(6).collect();
    format!("{surname}{given} 090-{middle}-{last} {word}秘密語")
}

/// Numbers from a seed (SplitMix64): the same ones on every machine.
pub(crate) struct Random(u64);

impl Random {
    pub(crate) fn new(seed: &str) -> Self {
        let hash = |state: u64, byte: u8| (state ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3);
        Self(seed.bytes().fold(0xcbf2_9ce4_8422_2325, hash))
    }

    pub(crate) fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mixed = (self.0 ^ (self.0 >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        let mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        mixed ^ (mixed >> 31)
    }

    /// A number below `count`.
    pub(crate) fn below(&mut self, count: usize) -> usize {
        usize::try_from(self.next() % count.max(1) as u64).unwrap_or_default()
    }
}

/// Text in Shift_JIS (Windows code page 932).
pub(crate) fn cp932(text: &str) -> Vec<u8> {
    encoding_rs::SHIFT_JIS.encode(text).0.into_owned()
}

/// Text in ISO-2022-JP.
pub(crate) fn jis(text: &str) -> Vec<u8> {
    encoding_rs::ISO_2022_JP.encode(text).0.into_owned()
}

/// Text in EUC-JP.
pub(crate) fn euc(text: &str) -> Vec<u8> {
    encoding_rs::EUC_JP.encode(text).0.into_owned()
}

/// Text in UTF-16, least byte first.
pub(crate) fn wide(text: &str) -> Vec<u8> {
    text.encode_utf16().flat_map(u16::to_le_bytes).collect()
}

/// Text in UTF-16, most significant byte first.
pub(crate) fn wide_be(text: &str) -> Vec<u8> {
    text.encode_utf16().flat_map(u16::to_be_bytes).collect()
}

/// Bytes as hexadecimal digits.
pub(crate) fn hex(bytes: &[u8]) -> String {
    data_encoding::HEXLOWER.encode(bytes)
}

/// Bytes in base64, in lines as mails have them.
pub(crate) fn base64(bytes: &[u8]) -> String {
    let text = data_encoding::BASE64.encode(bytes);
    text.as_bytes().chunks(76).map(|line| String::from_utf8_lossy(line).into_owned() + "\r\n").collect()
}
