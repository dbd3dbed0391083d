//! An evaluation, not a test: how far the detectors agree with numbers and texts whose answers others have published.
//!
//!     cargo run --release --example numbers -- FILE.jsonl… [--only KIND] [--verbose]
//!
//! In: tables of python-stdnum's numbers (`module`, `number`, `label`) and of Presidio's texts (`entities`, `text`,
//! `expected_count`, `spans`), one JSON object a line, public test data all of it. Out: for each kind that we have, how
//! many answers agree, and what the rest is; `--verbose` prints each that differs.
//!
//! A value goes the whole way of a mail's text, through `inspect`, after the label that [`KINDS`] gives: most national
//! numbers are no more than nine to twelve digits, and are found beside a word that says what they are. Right and wrong
//! numbers get the same label. `alone` counts the right ones that are found without it. A hit counts when its number is
//! right; where the table tells places, what is shown of each hit must fit what stands there (`placed`).
//! Telephones of other countries are asked for in their international form, as `phone` finds them: 0917 123 4567 is a
//! number in a dozen countries.
//! Deliberately absent: kinds for which we have no detector, and the tables themselves.

#![expect(
    clippy::print_stdout,
    clippy::expect_used,
    reason = "a command that prints its figures and ends when it cannot go on"
)]

use std::collections::BTreeMap;

use sekisho::inspect::{Finding, Job, Kind as Form, Limits, RuleSource, Rules, inspect};
use serde::Deserialize;

/// A kind of number or value.
struct Kind {
    /// What the table calls it.
    name: &'static str,
    /// Our detectors that stand for it.
    detectors: &'static [&'static str],
    /// What a writer puts before it.
    label: &'static str,
}

const fn kind(name: &'static str, detectors: &'static [&'static str], label: &'static str) -> Kind {
    Kind { name, detectors, label }
}

/// What a table calls a kind, our detectors, the label.
const KINDS: [Kind; 49] = [
    kind("stdnum.au.tfn", &["au.tfn"], "TFN:"),
    kind("stdnum.be.iban", &["iban"], "IBAN:"),
    kind("stdnum.bic", &["swift_bic"], "SWIFT/BIC:"),
    kind("stdnum.br.cpf", &["br.cpf"], "CPF:"),
    kind("stdnum.ca.sin", &["ca.sin"], "SIN:"),
    kind("stdnum.cn.ric", &["cn.resident_id"], "身份证号:"),
    kind("stdnum.de.idnr", &["de.steuer_id"], "Steuer-ID:"),
    kind("stdnum.es.dni", &["es.dni_nie"], "DNI:"),
    kind("stdnum.es.iban", &["iban"], "IBAN:"),
    kind("stdnum.es.nie", &["es.dni_nie"], "NIE:"),
    kind("stdnum.fr.nir", &["fr.nir"], "NIR:"),
    kind("stdnum.gb.nhs", &["uk.nhs"], "NHS number:"),
    kind("stdnum.iban", &["iban"], "IBAN:"),
    kind("stdnum.in_.aadhaar", &["in.aadhaar"], "Aadhaar:"),
    kind("stdnum.in_.pan", &["in.pan"], "PAN:"),
    kind("stdnum.it.codicefiscale", &["it.codice_fiscale"], "Codice fiscale:"),
    kind("stdnum.jp.cn", &["jp.corporate_number"], "法人番号:"),
    kind("stdnum.jp.in_", &["jp.my_number"], "個人番号:"),
    kind("stdnum.kr.rrn", &["kr.rrn"], "주민등록번호:"),
    kind("stdnum.luhn", &[LUHN], ""),
    kind("stdnum.me.iban", &["iban"], "IBAN:"),
    kind("stdnum.nl.bsn", &["nl.bsn"], "BSN:"),
    kind("stdnum.no.iban", &["iban"], "IBAN:"),
    kind("stdnum.us.ein", &["us.ein"], "EIN:"),
    kind("stdnum.us.itin", &["us.itin"], "ITIN:"),
    kind("stdnum.us.ssn", &["us.ssn"], "SSN:"),
    kind("stdnum.us.tin", &["us.ssn", "us.itin", "us.ein"], "SSN, ITIN or EIN:"),
    kind("AU_MEDICARE", &["au.medicare"], "Medicare:"),
    kind("AU_TFN", &["au.tfn"], "TFN:"),
    kind("CA_SIN", &["ca.sin"], "SIN:"),
    kind("CREDIT_CARD", &["credit_card"], "Card:"),
    kind("DE_TAX_ID", &["de.steuer_id"], "Steuer-ID:"),
    kind("EMAIL_ADDRESS", &["email"], "Contact of a customer:"),
    kind("ES_NIE", &["es.dni_nie"], "NIE:"),
    kind("ES_NIF", &["es.dni_nie"], "NIF:"),
    kind("IBAN_CODE", &["iban"], "IBAN:"),
    kind("IN_AADHAAR", &["in.aadhaar"], "Aadhaar:"),
    kind("IN_PAN", &["in.pan"], "PAN:"),
    kind("IP_ADDRESS", &["ip_address"], "IP address:"),
    kind("IT_FISCAL_CODE", &["it.codice_fiscale"], "Codice fiscale:"),
    kind("KR_FRN", &["kr.rrn"], "외국인등록번호:"),
    kind("KR_RRN", &["kr.rrn"], "주민등록번호:"),
    kind("PH_MOBILE_NUMBER", &["phone"], "Phone:"),
    kind("SG_NRIC_FIN", &["sg.nric"], "NRIC:"),
    kind("TR_PHONE_NUMBER", &["phone"], "Phone:"),
    kind("UK_NHS", &["uk.nhs"], "NHS number:"),
    kind("UK_NINO", &["uk.nino"], "NINO:"),
    kind("US_ITIN", &["us.itin"], "ITIN:"),
    kind("US_SSN", &["us.ssn"], "SSN:"),
];

/// Luhn's check digit has no detector of its own; a rule that an organisation could write shows its check.
const LUHN: &str = "evaluation.luhn";

const LUHN_RULE: &str = r#"
[[detector]]
id = "evaluation.luhn"
category = "organizational"
title = { ja = "Luhn", en = "Luhn" }
source = "ISO/IEC 7812-1, Annex B"
personal = false
check = "luhn"
patterns = ['(?-u:\b)[0-9]{2,40}(?-u:\b)']
confidence = { alone = "low", context = "low" }
mask = "last4"
priority = 1
[detector.examples]
match = ["49927398716"]
no_match = ["49927398717"]
"#;

/// Answers of a table that we do not give, and why.
struct Explained {
    kinds: &'static [&'static str],
    texts: &'static [&'static str],
    why: &'static str,
}

const EXPLAINED: [Explained; 12] = [
    Explained {
        kinds: &["DE_TAX_ID"],
        texts: &["12345678903", "98765432106", "Meine Steuer-ID: 12345678903.", "IdNr. 98765432106 liegt vor."],
        why: "ten different digits: BZSt gives numbers in which one comes twice or three times (§ 139b AO)",
    },
    Explained {
        kinds: &["EMAIL_ADDRESS"],
        texts: &[
            "info@presidio.site",
            "my email address is info@presidio.site",
            "try one of these emails: info@presidio.site or anotherinfo@presidio.site",
        ],
        why: "info@ is an office's address and nobody's own",
    },
    Explained {
        kinds: &["IN_PAN"],
        texts: &["AAASA1111R", "ABCND1234Z", "A1111DFSFS"],
        why: "no holder has that fourth letter (Income Tax Department); Presidio gives 0.1 and less",
    },
    Explained {
        kinds: &["IT_FISCAL_CODE"],
        texts: &["AAAAAA00B11C333N", "AAAAAA00B11C333Y and AAAAAA00B11C333N"],
        why: "the check letter of the second is Y (Decreto 23 dicembre 1976); Presidio keeps it at 0.3",
    },
    Explained {
        kinds: &["KR_FRN", "KR_RRN"],
        texts: &["760413-1212134", "000402-2214431", "760413-5212134", "000402-6214431"],
        why: "the other of the two kinds, which kr.rrn finds both",
    },
    Explained {
        kinds: &["IP_ADDRESS"],
        texts: &["Use local ipv6 ::", "src=:: dst=::1", "Unspecified ::", "::/0", "::/128"],
        why: ":: is the address of nothing (RFC 4291, 2.5.2), and a mark of many languages",
    },
    Explained {
        kinds: &["IP_ADDRESS"],
        texts: &["Visit http://[2001:db8::1]/path"],
        why: "the host of a link is a server and leads to no person",
    },
    Explained { kinds: &["IP_ADDRESS"], texts: &["192.168.1.1.1"], why: "five groups are no address" },
    Explained {
        kinds: &["IP_ADDRESS"],
        texts: &["Primary: 10.0.0.1, Secondary: 172.16.0.1"],
        why: "the word for the second is more than 40 characters away",
    },
    Explained {
        kinds: &["SG_NRIC_FIN"],
        texts: &["T1234567Z", "G1122144L"],
        why: "the check letter is J, and R; Presidio does not look at it",
    },
    Explained {
        kinds: &["SG_NRIC_FIN"],
        texts: &["A1234567Z", "B1234567Z"],
        why: "no such series (National Registration Act); Presidio gives 0.3 and less",
    },
    Explained {
        kinds: &["PH_MOBILE_NUMBER", "TR_PHONE_NUMBER"],
        texts: &["First: +639171234567, Second: 09181234567", "Birinci: +905321234567, Ikinci: 05359876543"],
        why: "the second is no international form",
    },
];

/// A line of either table.
#[derive(Deserialize)]
struct Line {
    module: Option<String>,
    number: Option<String>,
    label: Option<String>,
    #[serde(default)]
    args: String,
    #[serde(default)]
    entities: Vec<String>,
    text: Option<String>,
    expected_count: Option<usize>,
    #[serde(default)]
    spans: Option<serde_json::Value>,
    #[serde(default)]
    raw: serde_json::Value,
}

/// A text with the answer that its table gives.
struct Case {
    kind: &'static Kind,
    text: String,
    expected: usize,
    /// What stands at the places of the hits, as far as they are told.
    values: Vec<String>,
}

/// The figures of one kind.
#[derive(Default)]
struct Figures {
    cases: usize,
    agreeing: usize,
    right: usize,
    alone: usize,
    told: usize,
    placed: usize,
    explained: usize,
}

struct Arguments {
    files: Vec<String>,
    only: String,
    is_verbose: bool,
}

fn main() {
    let Some(arguments) = parse(std::env::args().skip(1)) else {
        println!("usage: numbers FILE.jsonl… [--only KIND] [--verbose]");
        std::process::exit(2);
    };
    let extra = RuleSource { name: "detectors/evaluation.toml".to_owned(), text: LUHN_RULE.to_owned() };
    let rules = Rules::compile(&[extra]).expect("rules");
    let mut figures: BTreeMap<&str, Figures> = BTreeMap::new();
    for file in &arguments.files {
        let table = std::fs::read_to_string(file).expect("a table");
        let lines = table.lines().filter(|line| !line.trim().is_empty());
        for line in lines.map(|line| serde_json::from_str::<Line>(line).expect("one JSON object a line")) {
            for case in cases(&line).into_iter().filter(|case| case.kind.name.contains(&arguments.only)) {
                judge(&rules, &case, figures.entry(case.kind.name).or_default(), arguments.is_verbose);
            }
        }
    }
    summary(&figures);
}

fn parse(mut given: impl Iterator<Item = String>) -> Option<Arguments> {
    let mut arguments = Arguments { files: Vec::new(), only: String::new(), is_verbose: false };
    while let Some(word) = given.next() {
        match word.as_str() {
            "--only" => arguments.only = given.next()?,
            "--verbose" => arguments.is_verbose = true,
            _ => arguments.files.push(word),
        }
    }
    (!arguments.files.is_empty()).then_some(arguments)
}

/// What a line asks of the kinds that we have.
fn cases(line: &Line) -> Vec<Case> {
    let known = |name: &str| KINDS.iter().find(|kind| kind.name == name);
    if let (Some(module), Some(number), Some(label)) = (&line.module, &line.number, &line.label) {
        // A check digit over another alphabet is another number.
        let kind = known(module).filter(|_| !line.args.contains("alphabet"));
        let expected = usize::from(label == "valid");
        let values = if expected > 0 { vec![number.clone()] } else { Vec::new() };
        return kind.map(|kind| Case { kind, text: number.clone(), expected, values }).into_iter().collect();
    }
    let Some(text) = &line.text else { return Vec::new() };
    // A few tests ask the check digit alone.
    let checked = line.raw.get("expected").and_then(serde_json::Value::as_bool).map(usize::from);
    let Some(expected) = line.expected_count.or(checked) else { return Vec::new() };
    let international = |kind: &&Kind| kind.detectors != ["phone"] || text.contains('+');
    let kinds = line.entities.iter().filter_map(|name| known(name)).filter(international);
    kinds.map(|kind| Case { kind, text: text.clone(), expected, values: values(line, text) }).collect()
}

/// The pieces of `text` at the places that the table tells.
fn values(line: &Line, text: &str) -> Vec<String> {
    let spans = line.spans.clone().and_then(|spans| serde_json::from_value::<Vec<[usize; 2]>>(spans).ok());
    let piece = |[from, to]: [usize; 2]| text.chars().skip(from).take(to.saturating_sub(from)).collect();
    spans.unwrap_or_default().into_iter().map(piece).collect()
}

fn judge(rules: &Rules, case: &Case, figures: &mut Figures, is_verbose: bool) {
    let found = found(rules, case.kind, &format!("{} {}", case.kind.label, case.text));
    let count: usize = found.iter().map(|finding| usize::try_from(finding.count).unwrap_or(usize::MAX)).sum();
    figures.cases += 1;
    if case.expected > 0 {
        figures.right += 1;
        figures.alone += usize::from(!self::found(rules, case.kind, &case.text).is_empty());
    }
    let mut notes = Vec::new();
    if count == case.expected {
        figures.agreeing += 1;
        let shown: Vec<&str> = found.iter().flat_map(|f| &f.examples).map(|example| example.masked.as_str()).collect();
        figures.told += case.values.len();
        let placed = case.values.iter().filter(|value| shown.iter().any(|masked| fits(masked, value))).count();
        figures.placed += placed;
        if placed < case.values.len() {
            notes.push(format!("shown {shown:?}, expected {:?}", case.values));
        }
    } else {
        let why = EXPLAINED
            .iter()
            .find(|known| known.kinds.contains(&case.kind.name) && known.texts.contains(&case.text.as_str()));
        figures.explained += usize::from(why.is_some());
        notes.push(format!("found {count}, expected {}: {}", case.expected, why.map_or("UNEXPLAINED", |why| why.why)));
    }
    if is_verbose {
        notes.iter().for_each(|note| println!("{:<24} {:?}: {note}", case.kind.name, case.text));
    }
}

/// What the kind's detectors find in a text file that holds `text`.
fn found(rules: &Rules, kind: &Kind, text: &str) -> Vec<Finding> {
    let job = Job::new(Form::File("case.txt".to_owned()));
    let inspection = inspect(text.as_bytes(), &job, rules, &Limits::default(), &mut ());
    inspection.findings.into_iter().filter(|finding| kind.detectors.contains(&finding.detector.as_str())).collect()
}

/// Whether `masked` can be `value` with some of it hidden: stars stand for anything, the rest for itself.
fn fits(masked: &str, value: &str) -> bool {
    let mut rest = value;
    let mut shown = masked.split('*').filter(|part| !part.is_empty()).peekable();
    while let Some(part) = shown.next() {
        let at = if shown.peek().is_none() && masked.ends_with(part) { rest.rfind(part) } else { rest.find(part) };
        let Some(at) = at else { return false };
        rest = rest.get(at + part.len()..).unwrap_or_default();
    }
    masked.ends_with('*') || rest.is_empty()
}

fn summary(figures: &BTreeMap<&str, Figures>) {
    let heads = ["cases", "agree", "share", "explained", "open", "right", "alone", "placed"];
    print!("{:<26}", "kind");
    heads.iter().for_each(|head| print!(" {head:>9}"));
    println!();
    let mut all = Figures::default();
    for (name, one) in figures {
        row(name, one);
        all.cases += one.cases;
        all.agreeing += one.agreeing;
        all.right += one.right;
        all.alone += one.alone;
        all.told += one.told;
        all.placed += one.placed;
        all.explained += one.explained;
    }
    row("all", &all);
}

fn row(name: &str, figures: &Figures) {
    let permille = figures.agreeing * 1_000 / figures.cases.max(1);
    println!(
        "{name:<26} {:>9} {:>9} {:>7}.{} {:>9} {:>9} {:>9} {:>9} {:>9}",
        figures.cases,
        figures.agreeing,
        permille / 10,
        permille % 10,
        figures.explained,
        figures.cases - figures.agreeing - figures.explained,
        figures.right,
        figures.alone,
        format!("{}/{}", figures.placed, figures.told),
    );
}
