//! What a mail says to those who carry it: passwords, to those who remember them and as a finding; and whom it is for.
//!
//! In: what extraction heard ([`Statement`]), and whether something is protected, in this mail or in one that its sender
//! sent before. Out: [`Heard`], the one thing that leaves a worker unmasked: passwords for the sealed memory of their
//! sender, the [`Letter`] for the checks of the recipients, names of files for the rules that ask for them, what a
//! reviewer asked to see, each for nothing else; and the finding `secret.password`,
//! masked as all of them are.
//!
//! A password beside the file that it opens, or in a mail behind it (the Japanese habit, PPAP), protects from nobody: who
//! gets one gets both. So where something is protected, a password that the text states is a finding for certain. Where
//! nothing is, the detector of the same name decides by its own rule. Deliberately absent: whether it fits.

use serde::{Deserialize, Serialize};

use super::detect::fingerprint::Print;
use super::{By, Category, Confidence, Example, Finding, Letter, Raised, Shown, Validation, Why};

/// The detector that the finding is counted to.
pub(super) const DETECTOR: &str = "secret.password";

/// How many passwords are remembered of one mail.
const REMEMBERED: usize = 16;

/// How many places the finding names.
const EXAMPLES: usize = 5;

/// A password that a text states, and where.
#[derive(Clone, PartialEq, Eq)]
pub struct Statement {
    /// `body:3`
    pub place: String,
    /// The forms in which it may be meant.
    pub passwords: Vec<String>,
}

impl std::fmt::Debug for Statement {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Statement").field("place", &self.place).finish_non_exhaustive()
    }
}

/// What a mail says that no finding does: for the next mails of its sender, and about its recipients.
#[derive(Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct Heard {
    /// The passwords that it states.
    pub passwords: Vec<String>,
    /// Whether a part of it was protected by a password, known or not.
    pub protected: bool,
    /// Its fingerprint, where one was asked for: keyed hashes, and no word of it.
    #[serde(default)]
    pub print: Option<Print>,
    /// Whom it is for, by its own words.
    #[serde(default)]
    pub letter: Letter,
    /// What the files that it carries are called, as it came and in their order: the inspection shows what may be shown
    /// of that, and rules ask for all of it.
    #[serde(default)]
    pub attached: Vec<String>,
    /// What a reviewer asked to see.
    #[serde(default)]
    pub shown: Option<Shown>,
}

impl std::fmt::Debug for Heard {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let Self { passwords, protected, letter, print: _, attached: _, shown: _ } = self;
        let mut heard = f.debug_struct("Heard");
        heard.field("passwords", &passwords.len()).field("protected", protected).field("letter", letter);
        heard.finish_non_exhaustive()
    }
}

impl Heard {
    /// What is worth remembering.
    pub(super) fn of(statements: &[Statement], protected: bool) -> Self {
        let mut passwords: Vec<String> = Vec::new();
        for password in statements.iter().flat_map(|statement| &statement.passwords) {
            if passwords.len() < REMEMBERED && !passwords.contains(password) {
                passwords.push(password.clone());
            }
        }
        Self { passwords, protected, ..Self::default() }
    }
}

/// Adds the finding to those of detection, or makes theirs a certain one.
pub(super) fn find(findings: &mut Vec<Finding>, statements: &[Statement]) {
    let mut places: Vec<&str> = statements.iter().map(|statement| statement.place.as_str()).collect();
    places.dedup();
    if places.is_empty() {
        return;
    }
    let known = findings.iter().position(|finding| finding.detector == DETECTOR);
    let mut finding = known.map_or_else(
        || Finding {
            detector: DETECTOR.to_owned(),
            title: None,
            category: Category::Credential,
            confidence: Confidence::High,
            count: 0,
            examples: Vec::new(),
        },
        |at| findings.remove(at),
    );
    finding.confidence = Confidence::High;
    finding.count = finding.count.max(u32::try_from(places.len()).unwrap_or(u32::MAX));
    for place in places {
        if finding.examples.len() < EXAMPLES && finding.examples.iter().all(|example| example.place != place) {
            finding.examples.push(Example {
                masked: "********".to_owned(),
                place: place.to_owned(),
                hidden: false,
                quoted: false,
                why: Some(why()),
            });
        }
    }
    findings.insert(known.unwrap_or(findings.len()), finding);
}

fn why() -> Why {
    Why { raised: vec![Raised::Protected], ..Why::plain(By::Statement, Validation::Secret) }
}

#[cfg(test)]
mod tests {
    use super::super::{Inspection, Job, Kind, Limits, Rules, hear};
    use super::*;

    fn heard(mail: &str, before: bool) -> (Inspection, Heard) {
        let rules = Rules::compile(&[]).unwrap();
        let job = Job { protected_before: before, ..Job::new(Kind::Mail) };
        let mail = format!("From: a@example.co.jp\r\nSubject: x\r\n{mail}");
        hear(mail.as_bytes(), &job, &rules, &Limits::default(), &mut ())
    }

    const STATING: &str =
        "Content-Type: text/plain; charset=utf-8\r\n\r\nお世話になります。\r\nパスワード：秘密２０２６\r\n";

    #[test]
    fn a_password_behind_a_protected_file_is_a_finding() {
        let (alone, _) = heard(STATING, false);
        assert_eq!(alone.findings, []);
        let (inspection, heard) = heard(STATING, true);
        let [finding] = inspection.findings.as_slice() else { panic!("{:?}", inspection.findings) };
        assert_eq!((finding.detector.as_str(), finding.confidence, finding.count), (DETECTOR, Confidence::High, 1));
        assert_eq!(
            finding.examples[0],
            Example {
                masked: "********".into(),
                place: "body:2".into(),
                hidden: false,
                quoted: false,
                why: Some(why())
            }
        );
        assert_eq!((heard.passwords, heard.protected), (vec!["秘密2026".into(), "秘密２０２６".into()], false));
    }

    #[test]
    fn a_password_that_the_detector_finds_too_is_counted_once() {
        let mail = "\r\nPassword: Himitsu2026\r\n";
        let (alone, _) = heard(mail, false);
        assert_eq!((alone.findings[0].confidence, alone.findings[0].count), (Confidence::Medium, 1));
        let (behind, _) = heard(mail, true);
        let [finding] = behind.findings.as_slice() else { panic!("{:?}", behind.findings) };
        assert_eq!((finding.confidence, finding.count, finding.examples.len()), (Confidence::High, 1, 1));
    }

    #[test]
    fn a_password_beside_the_file_that_it_opens_is_a_finding_and_opens_it() {
        let file = std::fs::read(concat!(env!("CARGO_MANIFEST_DIR"), "/tests/corpus/encrypted/rc4.xls")).unwrap();
        let mail = |text: &str| {
            let file = data_encoding::BASE64.encode(&file);
            format!(
                "MIME-Version: 1.0\r\nContent-Type: multipart/mixed; boundary=b\r\n\r\n--b\r\nContent-Type: text/plain; \
                 charset=utf-8\r\n\r\n{text}\r\n--b\r\nContent-Type: application/octet-stream; name=meibo.xls\r\n\
                 Content-Transfer-Encoding: base64\r\n\r\n{file}\r\n--b--\r\n"
            )
        };
        let (closed, told) = heard(&mail("名簿をお送りします。"), false);
        assert_eq!(closed.uninspected.len(), 1);
        assert!(told.protected && told.passwords.is_empty() && closed.persons == 0);
        let (opened, told) = heard(&mail("名簿をお送りします。解凍パスワードは「Himitsu2026」です。"), false);
        assert_eq!(opened.uninspected, []);
        assert!(told.protected && opened.persons >= 60, "{}", opened.persons);
        let place = |detector: &str| {
            let finding = opened.findings.iter().find(|finding| finding.detector == detector);
            finding.map(|finding| finding.examples[0].place.clone()).unwrap_or_default()
        };
        assert_eq!(place(DETECTOR), "body:1");
        assert!(place("jp.phone").starts_with("meibo.xls › 秘密名簿!B"), "{}", place("jp.phone"));
        let shown = format!("{} {told:?}", serde_json::to_string(&opened).unwrap());
        assert!(!shown.contains("Himitsu"), "{shown}");
    }
}
