//! Running text: what detection costs, everything on, beside ripgrep, the regex crate's all-in-one search and memchr.
//!
//! `cargo bench --bench text`. Figures are megabytes per second of processor time on one core, the best of several runs:
//! clean and dense text in Japanese and English, the stages of ours one by one, texts of 1, 10 and 100 MB, 50 to 1,000
//! rules, and texts made to be slow; `-- sizes`, `-- rules` or `-- slow` leaves out the others. Peers search the same 26
//! patterns and do nothing else; ripgrep is a process of its own, and where it is missing the line says so.

#![expect(
    clippy::expect_used,
    clippy::print_stdout,
    reason = "a bench that cannot go on panics, and prints its figures"
)]

#[path = "support/prose.rs"]
mod prose;

use std::fmt::Write as _;
use std::hint::black_box;
use std::process::Command;

use prose::{Kind, text};
use regex_automata::meta::Regex;
use rustix::time::{ClockId, clock_gettime};
use sekisho::inspect::detect::stages;
use sekisho::inspect::{RuleSource, Rules};

const MB: usize = 1_000_000;

/// A share of the built-in patterns, and as many as ripgrep was measured with elsewhere.
const PATTERNS: [&str; 26] = [
    r"(?-u:\b)[0-9]{4}[- ]?[0-9]{4}[- ]?[0-9]{4}(?-u:\b)",
    r"(?-u:\b)[1-9][- ]?[0-9]{4}[- ]?[0-9]{4}[- ]?[0-9]{4}(?-u:\b)",
    r"(?-u:\b)[1-9][0-9]{11}(?-u:\b)",
    r"(?:普通|当座|貯蓄|口座番号|口座No\.?)(?:預金|口座)?[ \t]*[:)]?[ \t]*(?:No\.?)?[ \t]*[0-9]{6,8}(?-u:\b)",
    r"(?:\(0[0-9]{1,4}\)|(?-u:\b)0[0-9]{1,4})[- ]?\(?[0-9]{1,4}\)?[- ]?[0-9]{3,4}(?-u:\b)",
    r"(?:\+|(?-u:\b)00)81[- ]?(?:\(0\))?[- ]?[0-9]{1,4}[- ]?[0-9]{1,4}[- ]?[0-9]{3,4}(?-u:\b)",
    r"〒 ?[0-9]{3}-?[0-9]{4}(?-u:\b)",
    r"(?-u:\b)[0-9]{3}-[0-9]{4}(?-u:\b)",
    r"[市区町村][\p{Han}\p{Hiragana}\p{Katakana}ー]{0,12} ?(?:[0-9]{1,5}|[一二三四五六七八九十]{1,4})(?:丁目|番地の?|番町?|条|-)",
    "(?:様|さん|さま|殿|氏|先生|君|くん|ちゃん)",
    r"(?:氏名|お名前|名前|姓名|患者名|患者|契約者名?|申込者名?)[ \t]*[:】\]=][ \t]*",
    r"(?:明治|大正|昭和|平成|令和) ?(?:[0-9]{1,2}|元) ?年 ?[0-9]{1,2} ?月 ?[0-9]{1,2} ?日",
    r"(?-u:\b)[MTSHRmtshr] ?[0-9]{1,2}[./年-] ?[0-9]{1,2}[./月-] ?[0-9]{1,2}(?-u:\b)日?",
    r"(?-u:\b)(?:18|19|20)[0-9]{2} ?[年./-] ?[0-9]{1,2} ?[月./-] ?[0-9]{1,2}(?-u:\b)日?",
    r"糖尿病|高血圧症|統合失調症|うつ病|発達障害|てんかん|認知症|白血病|(?:肺|胃|大腸|乳)(?:がん|癌)|心筋梗塞|脳梗塞",
    r"(?-u:\b)[a-zA-Z0-9][a-zA-Z0-9._%+\-/=?]*@(?:[a-zA-Z0-9](?:[a-zA-Z0-9\-]*[a-zA-Z0-9])?\.)+[a-zA-Z]{2,24}(?-u:\b)",
    r"(?-u:\b)[2-6][0-9]{3}[- ]?[0-9]{4}[- ]?[0-9]{4}[- ]?[0-9]{1,7}(?-u:\b)",
    r"(?-u:\b)[A-Z]{2} ?[0-9]{2}(?:[ -]?[A-Z0-9]){11,30}(?-u:\b)",
    r"\+[1-9][0-9]{0,2}[-. ]?(?:\(?[0-9]{1,5}\)?[-. ]?){1,5}[0-9]{2,4}(?-u:\b)",
    r"(?:\([2-9][0-9]{2}\) ?|(?-u:\b)[2-9][0-9]{2}[-. ])[2-9][0-9]{2}[-. ][0-9]{4}(?-u:\b)",
    r"(?i)(?-u:\b)[0-9]{1,2}(?:st|nd|rd|th)? (?:jan|feb|mar|apr|may|jun|jul|aug|sep|oct|nov|dec)[a-z]{0,6}\.?,? (?:18|19|20)[0-9]{2}(?-u:\b)",
    r"(?-u:\b)(?:[Nn]ame|NAME|Patient|Customer|Employee|Applicant)[ \t]*:[ \t]*(?:[A-Z][A-Za-z.'\-]+)(?: [A-Z][A-Za-z.'\-]*){1,3}",
    r"(?-u:\b)[0-8][0-9]{2}-[0-9]{2}-[0-9]{4}(?-u:\b)",
    r"社外秘|極秘|部外秘|取扱注意|(?-u:\b)(?:STRICTLY |COMPANY |HIGHLY )?CONFIDENTIAL(?-u:\b)",
    r"-----BEGIN (?:[A-Z0-9]+ )*PRIVATE KEY(?: BLOCK)?-----|(?-u:\b)(?:AKIA|ASIA)[A-Z2-7]{16}(?-u:\b)",
    r"(?i)(?:password|passwd|passphrase|パスワード|暗証番号|(?-u:\b)pw|(?-u:\b)pass)(?:は)?[ \t]*[:=][ \t]*[!-~]{6,128}",
];

fn main() {
    let (load, rules) = best(3, || Rules::compile(&[]).expect("the built-in rules"));
    println!("loading the {} built-in rules: {:.0} ms", rules.detectors().count(), load * 1e3);
    let parts: Vec<String> = std::env::args().skip(1).filter(|part| !part.starts_with('-')).collect();
    let wanted = |part: &str| parts.is_empty() || parts.iter().any(|wanted| wanted == part);
    let dense = beside(&rules);
    if wanted("sizes") {
        sizes(&rules);
    }
    if wanted("rules") {
        numbers_of_rules();
    }
    if wanted("slow") {
        slow_texts(&rules, dense);
    }
}

/// Ours and the peers on the same texts; the cost of a dense byte, the mean of both languages, in seconds.
fn beside(rules: &Rules) -> f64 {
    println!("\nMB per CPU second, 26 patterns for the peers; Presidio elsewhere: 0.7 clean, 0.3 dense");
    println!(
        "{:<16} {:>8} {:>10} {:>12} {:>8} {:>8}   {:<60}",
        "text", "ours", "ripgrep", "regex crate", "memchr", "found", "ours by stage, ms per MB"
    );
    let all_in_one = Regex::new_many(&PATTERNS).expect("the patterns");
    let mut cost = Vec::new();
    for kind in Kind::ALL {
        let text = text(kind, 8 * MB);
        let size = megabytes(&text);
        let (ours, (findings, people)) = best(5, || stages::all(rules, &text));
        let normal = best(5, || stages::normalise(&text)).0;
        let candidates = best(5, || stages::candidates(rules, &text)).0;
        let hits = best(5, || stages::hits(rules, &text)).0;
        let (regex, matches) = best(5, || all_in_one.find_iter(&text).count());
        let memchr = best(5, || memchr::memchr_iter(b'@', text.as_bytes()).count()).0;
        let ripgrep = ripgrep(&text).map_or_else(|| "not here".to_owned(), |time| format!("{:.0}", size / time));
        let part = |from: f64, to: f64| (to - from).max(0.0) * 1e3 / size;
        println!(
            "{:<16} {:>8.0} {ripgrep:>10} {:>12.0} {:>8.0} {:>8}   normalise {:.2}, candidates {:.2}, validate {:.2}, names and persons {:.2}",
            kind.name(),
            size / ours,
            size / regex,
            size / memchr,
            findings.iter().map(|finding| finding.count).sum::<u32>(),
            part(0.0, normal),
            part(normal, candidates),
            part(candidates, hits),
            part(hits, ours),
        );
        println!(
            "{:<16} one match of the 26 patterns in {:.0} bytes, {} persons",
            "",
            text.len() as f64 / matches.max(1) as f64,
            people.visible
        );
        if kind.is_dense() {
            cost.push(ours / text.len() as f64);
        }
    }
    cost.iter().sum::<f64>() / cost.len() as f64
}

fn sizes(rules: &Rules) {
    println!("\nsize: MB per CPU second");
    for kind in Kind::ALL {
        let mut line = format!("{:<16}", kind.name());
        for size in [1, 10, 100] {
            let text = text(kind, size * MB);
            let time = best(if size > 10 { 1 } else { 3 }, || stages::all(rules, &text)).0;
            let _ = write!(line, "  {size} MB: {:.0}", megabytes(&text) / time);
        }
        println!("{line}");
    }
}

fn numbers_of_rules() {
    println!("\nnumber of rules: MB per CPU second");
    let texts = Kind::ALL.map(|kind| text(kind, 4 * MB));
    let built_in = Rules::compile(&[]).expect("the built-in rules").detectors().count();
    for count in [50, 200, 1_000] {
        let extra = own_rules(count - built_in.min(count));
        let (load, rules) = best(1, || Rules::compile(&extra).expect("rules"));
        let mut line = format!("{count:>5} rules, loaded in {:.0} ms:", load * 1e3);
        for (kind, text) in Kind::ALL.iter().zip(&texts) {
            // The first run makes the automaton.
            let time = best(3, || stages::all(&rules, text)).0;
            let _ = write!(line, "  {} {:.0}", kind.name(), megabytes(text) / time);
        }
        println!("{line}");
    }
}

/// What a company adds: codes of customers, contracts and parts by their own numbering, and lists of project names.
fn own_rules(count: usize) -> Vec<RuleSource> {
    let mut file = String::new();
    for number in 0..count {
        let letter =
            |place: usize| char::from(b'A' + u8::try_from(number / 26_usize.pow(place as u32) % 26).unwrap_or(0));
        let code = format!("{}{}{}", letter(0), letter(1), letter(2));
        let (patterns, yes, no) = match number % 4 {
            0 => (format!(r"'(?-u:\b){code}-[0-9]{{6}}(?-u:\b)'"), format!("{code}-123456"), "none"),
            1 => (
                format!(r"'(?-u:\b){}[A-Z]{{2}}-[0-9]{{5}}(?-u:\b)'", number + 1_000),
                format!("{}AB-12345", number + 1_000),
                "1",
            ),
            2 => {
                let words = prose::project_names(number, 20);
                (format!("'{}'", words.join("|")), words.last().cloned().unwrap_or_default(), "計画")
            }
            _ => (format!(r"'(?i)(?-u:\b)project {code}[0-9]*(?-u:\b)'"), format!("Project {code}7"), "project"),
        };
        let _ = write!(
            file,
            "[[detector]]\nid = \"our.rule_{number}\"\ncategory = \"organizational\"\npersonal = false\n\
             title = {{ ja = \"自社 {number}\", en = \"Our {number}\" }}\nsource = \"Our own numbering\"\n\
             patterns = [{patterns}]\nconfidence = {{ alone = \"low\", context = \"high\" }}\ncontext = [\"顧客番号\", \"契約\"]\n\
             mask = \"last4\"\n[detector.examples]\nmatch = [\"{yes}\"]\nno_match = [\"{no}\"]\n"
        );
    }
    vec![RuleSource { name: "detectors/ours.toml".to_owned(), text: file }]
}

fn slow_texts(rules: &Rules, dense: f64) {
    println!("\ntexts made to be slow, 10 MB each: the cost of a byte, dense text being 1 (at most 3)");
    let digits = {
        let mut random = prose::Random::new("digits");
        (0..10 * MB).map(|_| char::from(b'0' + u8::try_from(random.below(10)).unwrap_or(0))).collect::<String>()
    };
    let texts = [
        ("digits", digits),
        ("the digit 0", "0".repeat(10 * MB)),
        ("digits in fours", "1234 5678 9012 ".repeat(10 * MB / 15)),
        ("mail addresses", "a@b.jp ".repeat(10 * MB / 7)),
        ("mail addresses a line", "a@b.jp\n".repeat(10 * MB / 7)),
        ("dates", "1980-01-02 ".repeat(10 * MB / 11)),
        ("names", "山田太郎様 ".repeat(10 * MB / 16)),
        ("one surname", "山田".repeat(10 * MB / 6)),
        ("one surname, spaced", "山田 ".repeat(10 * MB / 7)),
        ("one surname a line", "山田\n".repeat(10 * MB / 7)),
        ("@", "@".repeat(10 * MB)),
        ("a@", "a@".repeat(5 * MB)),
        ("zero-width", "\u{200B}".repeat(10 * MB / 3)),
        ("brackets", "(".repeat(10 * MB)),
        ("wide brackets", "（".repeat(10 * MB / 3)),
        ("base64 of zeros", "A".repeat(10 * MB)),
        ("letter a", "a".repeat(10 * MB)),
        ("honorifics", "様".repeat(10 * MB / 3)),
        ("commas", "a,b\n".repeat(10 * MB / 4)),
        ("tax numbers, nearly", "ABCDE12345 ".repeat(10 * MB / 11)),
    ];
    for (name, text) in texts {
        let time = best(2, || stages::all(rules, &text)).0;
        println!(
            "{name:<22} {:>6.2}  ({:.0} MB per CPU second)",
            time / text.len() as f64 / dense,
            megabytes(&text) / time
        );
    }
}

fn megabytes(text: &str) -> f64 {
    text.len() as f64 / 1e6
}

/// The least processor time of several runs, in seconds, and what the last gave.
fn best<T>(times: usize, mut run: impl FnMut() -> T) -> (f64, T) {
    let now = || {
        let time = clock_gettime(ClockId::ThreadCPUTime);
        time.tv_sec as f64 + time.tv_nsec as f64 / 1e9
    };
    let mut one = || {
        let start = now();
        let result = black_box(run());
        (now() - start, result)
    };
    let mut least = one();
    for _ in 1..times {
        let (time, result) = one();
        least = (least.0.min(time), result);
    }
    least
}

/// The processor time that ripgrep takes to count the lines with one of the patterns, if it is here.
fn ripgrep(text: &str) -> Option<f64> {
    let folder = std::env::temp_dir();
    let (file, patterns) = (folder.join("sekisho-bench.txt"), folder.join("sekisho-bench.patterns"));
    std::fs::write(&file, text).ok()?;
    std::fs::write(&patterns, PATTERNS.join("\n")).ok()?;
    let children = || {
        let stat = std::fs::read_to_string("/proc/self/stat").ok()?;
        let after = stat.rsplit(')').next()?;
        let fields: Vec<f64> =
            after.split_whitespace().skip(13).take(2).filter_map(|field| field.parse().ok()).collect();
        Some(fields.iter().sum::<f64>() / 100.0)
    };
    let runs = 10;
    let start = children()?;
    for _ in 0..runs {
        let output = Command::new("rg")
            .args(["--threads=1", "--only-matching", "--count-matches", "--no-config", "-f"])
            .arg(&patterns)
            .arg(&file)
            .output()
            .ok()?;
        output.status.success().then_some(())?;
    }
    let time = (children()? - start) / f64::from(runs);
    for path in [file, patterns] {
        let _ = std::fs::remove_file(path);
    }
    Some(time)
}
