//! Text → the passwords that it states: what stands behind the word パスワード, PW, password, ….
//!
//! In: one text of a mail. Out: candidates, likeliest first, each with its line and whether it is *stated*: a reader of
//! the mail would take it for the password. Both forms are given where they differ, as written (full width) and folded
//! (NFKC), since people type either into the box. Deliberately absent: tokens that stand in no such context (`words`).

use std::sync::LazyLock;

use regex::Regex;
use unicode_normalization::UnicodeNormalization;
use unicode_normalization::char::is_combining_mark;

/// A longer line is no line that a person wrote a password into.
const LINE: usize = 2_000;

/// A label on a line of its own may be this many written lines above its password.
const BELOW: usize = 4;

/// However many empty lines are between them, it is within so many.
const NEAR: usize = 40;

/// How many candidates one text may give. More labels than that are there to keep us busy.
const MOST: usize = 256;

/// How many words behind a label are tried, if none of them is certain.
const WORDS: usize = 6;

/// The longest password that is believed, in characters.
const LONGEST: usize = 64;

/// A password that a text states, or may state.
#[derive(Clone, PartialEq, Eq)]
pub(crate) struct Stated {
    /// Its forms, likeliest first.
    pub(crate) forms: Vec<String>,
    /// The line of its label, from 1.
    pub(crate) line: usize,
    /// Whether it is no guess.
    pub(crate) certain: bool,
}

/// A password in a message or a log would be worse than none at all.
impl std::fmt::Debug for Stated {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Stated").field("line", &self.line).field("certain", &self.certain).finish_non_exhaustive()
    }
}

/// Labels that are enough by themselves, and (second group) words that are labels only with a colon or quote behind.
static LABEL: LazyLock<Option<Regex>> = LazyLock::new(|| {
    let strong = "パスワ[ー\\-‐−–—―─]?ド|パスコード|パスフレーズ|pass ?-?words?|passwd|pass ?codes?|pass ?phrase\
                  |暗証(?:番号|コード|キー)?|合言葉|合い言葉\
                  |(?:解凍|復号|復号化|暗号|暗号化|開封|展開|認証|ロック|解除)(?:用)?(?:の)?(?:パスワ[ー\\-‐−–—―─]?ド|キー|鍵|コード|key|pass(?:word)?|pw|パス)\
                  |(?-u:\\b)(?:pwd?|p/w)(?-u:\\b)";
    let weak = "パス|キー|鍵|(?-u:\\b)(?:pass|key|pin)(?-u:\\b)";
    Regex::new(&format!("(?i)({strong})|({weak})")).ok()
});

/// What may stand between a label and its password on one line.
static LINK: LazyLock<Option<Regex>> = LazyLock::new(|| {
    let closing = "[】\\]」』〕>)]*";
    let aside = "(?:\\([^()]{1,30}\\))?";
    let english = "(?:(?:for|to|of)(?-u:\\b)[^:=.]{1,60}?(?:[:=]| +is(?-u:\\b)))?";
    let sign = "(?:は|が|:|=|→|⇒|➡|-+>|=+>|\\||\\t|、|,|(?-u:\\b)is(?-u:\\b)| |…|・)*";
    Regex::new(&format!("^({closing}) *{aside} *{english}({sign})")).ok()
});

/// Words of a sentence that points elsewhere or below instead of saying the password.
const POINTING: [&str; 34] = [
    "以下",
    "下記",
    "次の",
    "次に",
    "こちら",
    "上記",
    "別途",
    "別メール",
    "別便",
    "後ほど",
    "のちほど",
    "後日",
    "追って",
    "お送り",
    "送付",
    "送信",
    "連絡",
    "通知",
    "お知らせ",
    "お伝え",
    "ご参照",
    "ご確認",
    "ください",
    "下さい",
    "不要",
    "なし",
    "無し",
    "未設定",
    "変更",
    "設定",
    "再発行",
    "電話",
    "忘れ",
    "同じ",
];

const QUOTES: [(char, char); 14] = [
    ('「', '」'),
    ('『', '』'),
    ('【', '】'),
    ('〔', '〕'),
    ('〈', '〉'),
    ('《', '》'),
    ('[', ']'),
    ('(', ')'),
    ('<', '>'),
    ('"', '"'),
    ('\'', '\''),
    ('`', '`'),
    ('“', '”'),
    ('‘', '’'),
];

/// Everything that `text` states.
pub(crate) fn passwords(text: &str) -> Vec<Stated> {
    let lines: Vec<Folded> = text.split(['\n', '\r']).filter(|line| line.len() <= LINE).map(Folded::of).collect();
    let Some(label) = &*LABEL else { return Vec::new() };
    let mut found = Vec::new();
    for (number, line) in numbered(text, &lines) {
        let below =
            || lines.iter().skip(number.index + 1).take(NEAR).filter(|line| !line.text.trim().is_empty()).take(BELOW);
        for captures in label.captures_iter(&line.text) {
            let Some(word) = captures.get(0) else { continue };
            if found.len() >= MOST {
                return found;
            }
            let strong = captures.get(1).is_some();
            let rest = line.text.get(word.end()..).unwrap_or_default();
            let (start, linked) = behind_label(rest);
            let start = word.end() + start;
            if !strong && !linked {
                continue;
            }
            let mut values = on_line(line, start, linked);
            if values.is_empty() && strong {
                values = on_lines_below(below(), points_down(line.text.get(start..).unwrap_or_default()));
            }
            found.extend(values.into_iter().map(|(forms, certain)| Stated { forms, line: number.line, certain }));
        }
    }
    found
}

#[derive(Clone, Copy)]
struct Number {
    index: usize,
    line: usize,
}

/// Folded lines with their numbers in the text, which too long lines and the halves of CRLF do not shift.
fn numbered<'l>(text: &str, lines: &'l [Folded]) -> impl Iterator<Item = (Number, &'l Folded)> {
    let crlf = text.contains('\n');
    let mut line = 1;
    let mut numbers = Vec::new();
    let mut from = 0;
    for (at, end) in text.char_indices().filter(|(_, c)| matches!(c, '\n' | '\r')).chain([(text.len(), '\0')]) {
        if at - from <= LINE {
            numbers.push(line);
        }
        from = at + 1;
        line += usize::from(end == '\n' || (end == '\r' && !crlf));
    }
    lines.iter().zip(numbers).enumerate().map(|(index, (folded, line))| (Number { index, line }, folded))
}

/// Where the value may begin behind a label, and whether a colon or the like says that it does.
fn behind_label(rest: &str) -> (usize, bool) {
    let Some(found) = LINK.as_ref().and_then(|link| link.captures(rest)) else { return (0, false) };
    let whole = found.get(0).map_or(0, |all| all.end());
    let text = rest.get(..whole).unwrap_or_default();
    let in_brackets = found.get(1).is_some_and(|closing| !closing.is_empty());
    let linked = in_brackets
        || text.contains([':', '=', '→', '⇒', '➡', '|', '\t', 'は'])
        || text.contains("->")
        || text.contains("=>")
        || text.to_ascii_lowercase().split_ascii_whitespace().any(|word| word == "is")
        || rest.get(whole..).is_some_and(|value| value.starts_with(['「', '『', '"', '“', '【', '[', '`']));
    (whole, linked)
}

/// What a label's own line says: forms, and whether for certain.
fn on_line(line: &Folded, start: usize, linked: bool) -> Vec<(Vec<String>, bool)> {
    let rest = line.text.get(start..).unwrap_or_default();
    let mut found = Vec::new();
    let Some(first) = rest.chars().next() else { return found };
    if let Some((_, close)) = QUOTES.iter().find(|(open, _)| *open == first) {
        let inner = start + first.len_utf8();
        let length = line.text.get(inner..).and_then(|rest| rest.find(*close));
        if let Some(end) = length.map(|length| inner + length) {
            let value = line.text.get(inner..end).unwrap_or_default();
            let certain = is_credible(value) && (value.is_ascii() || !points(value));
            // `パスワード（zip）` says what it is for.
            found.push((line.forms(inner, end), certain && (linked || first != '(')));
        }
        return found;
    }
    let run = rest.split([' ', '\t', '。', '」', '』', '】']).next().unwrap_or_default();
    let ascii = ascii_prefix(run);
    let tail = run.get(ascii.len()..).unwrap_or_default();
    let whole = run.strip_suffix(copula(run)).unwrap_or(run);
    if !ascii.is_empty() && (tail.is_empty() || copula(tail).len() == tail.len() || tail.starts_with(['、', ','])) {
        found.push((line.forms(start, start + ascii.len()), linked && is_credible(ascii)));
    } else if !run.is_empty() && !points(rest) {
        // A Japanese password, or one in front of a sentence that goes on.
        found.push((line.forms(start, start + whole.len()), linked && is_credible(whole) && has_end(run, whole)));
        if !ascii.is_empty() {
            found.push((line.forms(start, start + ascii.len()), linked && is_credible(ascii)));
        }
    } else if points(rest) && ascii.chars().count() >= 4 && linked {
        // `PW：abc123（次のメールには…）`
        found.push((line.forms(start, start + ascii.len()), is_credible(ascii)));
    }
    if found.iter().any(|(_, certain)| *certain) {
        return found;
    }
    // Somewhere further on the line: in quotes, or a word of ASCII in a Japanese sentence.
    for (open, close) in QUOTES.iter().take(6) {
        let inside = rest.split(*open).nth(1).and_then(|rest| rest.split(*close).next()).filter(|s| is_credible(s));
        if let Some(at) = inside.and_then(|inside| rest.find(inside).map(|at| (start + at, start + at + inside.len())))
        {
            found.push((line.forms(at.0, at.1), false));
        }
    }
    found.extend(tokens(rest).filter(|(_, token)| is_credible(token)).take(WORDS).map(|(at, token)| {
        let at = start + at;
        (line.forms(at, at + token.len()), false)
    }));
    found
}

/// A password on a line of its own below its label: certain, if it looks like one.
fn on_lines_below<'l>(below: impl Iterator<Item = &'l Folded>, announced: bool) -> Vec<(Vec<String>, bool)> {
    let mut found = Vec::new();
    for (distance, line) in below.enumerate() {
        let (start, value) = alone(&line.text);
        if value.is_empty() || !is_credible(value) {
            continue;
        }
        let whole = value.strip_suffix(copula(value)).unwrap_or(value);
        let token = ascii_prefix(whole).len() == whole.len();
        let certain = if token { is_passwordlike(whole) || (announced && distance == 0) } else { false };
        if token || (announced && distance == 0 && !points(whole)) {
            found.push((line.forms(start, start + whole.len()), certain));
        }
        if certain {
            break;
        }
    }
    found
}

/// A line without its bullet and its brackets.
fn alone(line: &str) -> (usize, &str) {
    let bullets = |c: char| c.is_whitespace() || "・■□◆◇●○▼▽★☆※>|*-→:".contains(c);
    let value = line.trim_start_matches(bullets);
    let start = line.len() - value.len();
    let value = value.trim_end();
    for (open, close) in QUOTES {
        let inner =
            value.strip_prefix(open).and_then(|inner| inner.split(close).next().filter(|v| v.len() < inner.len()));
        if let Some(inner) = inner {
            return (start + open.len_utf8(), inner);
        }
    }
    if value.contains(' ') { (start, "") } else { (start, value) }
}

/// Runs of printable ASCII.
pub(super) fn tokens(text: &str) -> impl Iterator<Item = (usize, &str)> {
    let mut at = 0;
    text.split(|c: char| !c.is_ascii_graphic()).map(move |token| {
        let start = at;
        // The separator behind it may be several bytes long.
        at += token.len()
            + text.get(start + token.len()..).and_then(|rest| rest.chars().next()).map_or(0, char::len_utf8);
        (start, token)
    })
}

fn ascii_prefix(text: &str) -> &str {
    let end = text.find(|c: char| !c.is_ascii_graphic()).unwrap_or(text.len());
    text.get(..end).unwrap_or_default()
}

/// How a Japanese sentence ends behind a password.
fn copula(text: &str) -> &str {
    const ENDS: [&str; 16] = [
        "でお願いいたします",
        "でお願いします",
        "でございます",
        "になっております",
        "となっております",
        "になります",
        "となります",
        "とします",
        "です",
        "である",
        "で開けます",
        "です!",
        "となる",
        "だ",
        "で",
        "です.",
    ];
    ENDS.iter()
        .filter_map(|end| text.strip_suffix(end).map(|head| text.get(head.len()..).unwrap_or_default()))
        .max_by_key(|end| end.len())
        .unwrap_or_default()
}

/// Whether a run of Japanese ends where a password would: it is all there is, or a copula follows.
fn has_end(run: &str, whole: &str) -> bool {
    run.len() > whole.len() || !whole.chars().any(|c| matches!(c, 'を' | 'の' | 'に' | 'て' | 'が'))
}

fn points(text: &str) -> bool {
    POINTING.iter().any(|word| text.contains(word))
}

/// Whether a sentence says that the password follows.
fn points_down(text: &str) -> bool {
    let text = text.trim_end_matches(['。', '.', ' ', ':']);
    text.is_empty() || ["以下", "下記", "次の", "こちら", "below", "following"].iter().any(|word| text.contains(word))
}

/// Whether a value can be a password at all.
fn is_credible(value: &str) -> bool {
    let count = value.chars().count();
    let first = value.chars().next().unwrap_or_default();
    let is_page = value.contains("://") || value.to_ascii_lowercase().starts_with("www.");
    let is_mailbox = value.rsplit_once('@').is_some_and(|(_, domain)| domain.contains('.'));
    let is_varied = value.chars().any(char::is_alphanumeric) && value.chars().any(|c| c != first);
    (3..=LONGEST).contains(&count) && is_varied && !is_page && !is_mailbox
}

/// Whether a word looks like a password rather than like a word: letters with digits or signs among them, or digits.
pub(super) fn is_passwordlike(word: &str) -> bool {
    let (digits, letters) = (word.bytes().any(|c| c.is_ascii_digit()), word.bytes().any(|c| c.is_ascii_alphabetic()));
    let signs = word.trim_end_matches(['.', ',', ':', ';', '!', '?']).bytes().any(|c| c.is_ascii_punctuation());
    let capitals = word.bytes().skip(1).any(|c| c.is_ascii_uppercase()) && word.bytes().any(|c| c.is_ascii_lowercase());
    word.len() >= 4 && (digits || letters && (signs || capitals))
}

/// A line as NFKC, with the way back to how it was written.
struct Folded {
    text: String,
    raw: String,
    /// Offsets in both where a character begins that differs, and where the next begins.
    steps: Vec<(usize, usize)>,
}

impl Folded {
    fn of(raw: &str) -> Self {
        let mut folded = Self { text: String::with_capacity(raw.len()), raw: raw.to_owned(), steps: Vec::new() };
        // Most prose is folded already.
        if raw.chars().all(
            |c| matches!(c, '\0'..='\u{7f}' | '\u{3001}'..='\u{3098}' | '\u{30a0}'..='\u{30fe}' | '一'..='\u{9fff}'),
        ) {
            folded.text.push_str(raw);
            return folded;
        }
        let mut characters = raw.char_indices().peekable();
        while let Some((at, c)) = characters.next() {
            let mut end = at + c.len_utf8();
            while let Some(&(next, mark)) = characters.peek().filter(|(_, c)| is_mark(*c)) {
                end = next + mark.len_utf8();
                characters.next();
            }
            folded.steps.push((folded.text.len(), at));
            folded.text.extend(raw.get(at..end).unwrap_or_default().nfkc());
        }
        folded.steps.push((folded.text.len(), raw.len()));
        folded
    }

    /// The value between two offsets: folded, as written, and both without punctuation at the end.
    fn forms(&self, start: usize, end: usize) -> Vec<String> {
        let folded = self.text.get(start..end).unwrap_or_default();
        let raw = self.raw.get(self.written(start)..self.written(end)).unwrap_or_default();
        let mut forms = Vec::new();
        for form in [folded, raw] {
            let bare = form.trim_end_matches([
                '.', ',', ';', ':', ')', ']', '>', '"', '(', '\'', '」', '、', '。', '．', '，', '（', '）',
            ]);
            for form in [form, bare] {
                let form = form.trim();
                if !form.is_empty() && !forms.iter().any(|known| known == form) {
                    forms.push(form.to_owned());
                }
            }
        }
        forms
    }

    fn written(&self, offset: usize) -> usize {
        if self.steps.is_empty() {
            return offset;
        }
        let at = self.steps.partition_point(|&(here, _)| here < offset);
        self.steps.get(at).map_or(self.raw.len(), |&(_, there)| there)
    }
}

/// Marks that belong to the character before: combining ones, and the half-width sound marks.
fn is_mark(c: char) -> bool {
    is_combining_mark(c) || matches!(c, '\u{ff9e}' | '\u{ff9f}')
}

#[cfg(test)]
mod tests {
    use super::*;

    fn certain(text: &str) -> Vec<String> {
        passwords(text).into_iter().filter(|s| s.certain).flat_map(|s| s.forms).collect()
    }

    #[test]
    fn mails_state_passwords_in_many_ways() {
        let mut wrong = Vec::new();
        for (text, expected) in [
            ("パスワード：Himitsu2026", "Himitsu2026"),
            ("パスワード: Himitsu2026", "Himitsu2026"),
            ("ﾊﾟｽﾜｰﾄﾞ：Himitsu2026", "Himitsu2026"),
            ("ﾊﾟｽﾜ-ﾄﾞ:Himitsu2026", "Himitsu2026"),
            ("パスワード　　Ｈｉｍｉｔｓｕ２０２６ です\nパスワード＝Ｈｉｍｉｔｓｕ２０２６", "Himitsu2026"),
            ("解凍パスワードは「Himitsu2026」です。", "Himitsu2026"),
            ("解凍パスワードは、『Himitsu2026』となります。", "Himitsu2026"),
            ("パスワードはHimitsu2026です。よろしくお願いします。", "Himitsu2026"),
            ("【パスワード】Himitsu2026", "Himitsu2026"),
            ("【パスワード】\n　Himitsu2026\n", "Himitsu2026"),
            ("■解凍パスワード\n\n　Himitsu2026\n", "Himitsu2026"),
            ("パスワードは以下の通りです。\n\n---------\nHimitsu2026\n---------\n", "Himitsu2026"),
            ("先ほどお送りしたファイルのパスワードをお送りします。\r\n\r\nHimitsu2026\r\n\r\n以上", "Himitsu2026"),
            ("パスワード（zip）：Himitsu2026", "Himitsu2026"),
            ("パスワード → Himitsu2026", "Himitsu2026"),
            ("パスワード⇒Himitsu2026", "Himitsu2026"),
            ("PW:Himitsu2026", "Himitsu2026"),
            ("ＰＷ：Ｈｉｍｉｔｓｕ２０２６", "Himitsu2026"),
            ("PASS=Himitsu2026", "Himitsu2026"),
            ("Pass : Himitsu2026", "Himitsu2026"),
            ("password: Himitsu2026", "Himitsu2026"),
            ("The password is Himitsu2026.", "Himitsu2026"),
            ("The password for the attached file is: Himitsu2026", "Himitsu2026"),
            ("Password to open the file: Himitsu2026", "Himitsu2026"),
            ("The password for the ZIP is \"Himitsu2026\"", "Himitsu2026"),
            ("解凍キー：Himitsu2026", "Himitsu2026"),
            ("復号キー「Himitsu2026」", "Himitsu2026"),
            ("暗証番号は1129です", "1129"),
            ("暗証：1129", "1129"),
            ("key: Himitsu2026", "Himitsu2026"),
            ("> パスワード：Himitsu2026", "Himitsu2026"),
            ("パスワード：秘密２０２６", "秘密2026"),
            ("パスワードは秘密２０２６です。", "秘密2026"),
            ("パスワード：[Himitsu2026]", "Himitsu2026"),
            ("パスワード\tHimitsu2026", "Himitsu2026"),
            ("PW：Himitsu2026（次回から変更予定）", "Himitsu2026"),
            ("パスワード：sakura", "sakura"),
        ] {
            let found = certain(text);
            if !found.iter().any(|form| form == expected) {
                wrong.push(format!("{text}: {found:?}"));
            }
        }
        assert!(wrong.is_empty(), "{}", wrong.join("\n"));
    }

    #[test]
    fn mails_that_state_none() {
        for text in [
            "パスワードは別途お送りします。",
            "パスワードは後ほどメールにてご連絡いたします。",
            "パスワード：別途ご連絡",
            "パスワードは別メールにてお送りいたします。\n\nよろしくお願いいたします。\n佐藤",
            "パスワード再設定はこちら https://example.jp/reset",
            "パスワード: https://example.jp/reset",
            "パスワード：********",
            "Your password has expired. Please contact the help desk.",
            "The key point is that we deliver on Friday.",
            "キーマンは山田様です。",
            "パスワードを忘れた方は help@example.jp までご連絡ください。",
            "パスワードを変更してください。\n\n佐藤",
            "会議のパスポートをご持参ください。",
            "",
        ] {
            assert_eq!(certain(text), [""; 0], "{text}");
        }
    }

    #[test]
    fn forms_are_given_as_written_and_folded() {
        let forms = |text: &str| passwords(text).into_iter().flat_map(|s| s.forms).collect::<Vec<_>>();
        assert_eq!(forms("パスワード：秘密２０２６"), ["秘密2026", "秘密２０２６"]);
        assert_eq!(forms("ﾊﾟｽﾜｰﾄﾞは「ﾊﾟﾝﾀﾞ01」です"), ["パンダ01", "ﾊﾟﾝﾀﾞ01"]);
        assert_eq!(forms("The password is Abc-123."), ["Abc-123.", "Abc-123"]);
    }

    #[test]
    fn lines_are_counted_as_readers_count_them() {
        for text in ["a\nb\nPW: Himitsu2026", "a\r\nb\r\nPW: Himitsu2026", "a\rb\rPW: Himitsu2026"] {
            assert_eq!(passwords(text).first().map(|s| s.line), Some(3), "{text:?}");
        }
        let long = format!("a\n{}\nPW: Himitsu2026", "x".repeat(LINE + 1));
        assert_eq!(passwords(&long).first().map(|s| s.line), Some(3));
    }

    #[test]
    fn texts_made_to_keep_us_busy_take_no_time() {
        let start = std::time::Instant::now();
        for text in [
            "pw ".repeat(20_000),
            "パスワード: \n\n".repeat(4_000),
            format!("{}{}", "pw ".repeat(600), "\n".repeat(60_000)),
        ] {
            assert!(passwords(&text).len() < MOST + 2 * WORDS);
        }
        assert!(start.elapsed() < std::time::Duration::from_secs(5), "{:?}", start.elapsed());
    }

    #[test]
    fn a_password_is_never_shown() {
        let shown = format!("{:?}", passwords("パスワード：Himitsu2026"));
        assert!(shown.contains("line: 1") && !shown.contains("Himitsu"), "{shown}");
    }
}
