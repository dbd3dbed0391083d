//! Fingerprints from a document to a finding.

use std::io;

use proptest::prelude::*;

use super::super::normal::Normal;
use super::evaluation::{ENGLISH, JAPANESE, Lot};
use super::winnow::Press;
use super::*;
use crate::inspect::detect::exact::{Bytes, Shelf};
use crate::inspect::detect::{Detection, Rules};
use crate::inspect::{Category, Cell, Confidence, Finding, Job, Kind, Limits, Reason, Sink, hear};

const SECRET: &[u8] = b"a secret of the organisation";

/// Documents to register.
pub(super) struct Registry {
    secret: &'static [u8],
    documents: Vec<(Registered, Print)>,
}

impl Registry {
    pub(super) fn new(secret: &'static [u8]) -> Self {
        Self { secret, documents: Vec::new() }
    }

    pub(super) fn with(self, name: &str, text: &str) -> Self {
        self.with_all(name, text, |_| ())
    }

    fn with_all(mut self, name: &str, text: &str, change: impl Fn(&mut Registered)) -> Self {
        let mut press = Press::new(&Keys::new(self.secret, &[5; 16]));
        press.text(Normal::of(text).text());
        let added = "2026-11-29".to_owned();
        let mut registered = Registered { name: name.to_owned(), class: None, share: 30, public: false, added };
        change(&mut registered);
        self.documents.push((registered, press.finish()));
        self
    }

    pub(super) fn with_share(mut self, share: u8) -> Self {
        self.documents.iter_mut().for_each(|(registered, _)| registered.share = share);
        self
    }

    fn catalogue(&self) -> Catalogue {
        let mut catalogue = Catalogue::new(self.secret, [5; 16]);
        for (registered, print) in &self.documents {
            catalogue.add(registered.clone(), print).unwrap();
        }
        catalogue
    }

    fn bytes(&self) -> Vec<u8> {
        written(self.catalogue())
    }

    pub(super) fn open(&self) -> Library {
        Library::open(Box::new(self.bytes()), self.secret).unwrap()
    }
}

fn written(catalogue: Catalogue) -> Vec<u8> {
    let mut bytes = Vec::new();
    catalogue.finish(&mut bytes).unwrap();
    bytes
}

fn findings(library: &Library, text: &str) -> Vec<Finding> {
    let mut search = Search::new(library);
    search.at("body");
    search.text(text, |_| ("body:1".to_owned(), false));
    search.finish().findings
}

/// What is said of normalised text: documents and their shares.
pub(super) fn shares(library: &Library, text: &str) -> Vec<(String, usize)> {
    let findings = findings(library, text);
    let said = findings.iter().flat_map(|finding| &finding.examples).map(|example| {
        let (name, share) = example.masked.rsplit_once(": ").unwrap();
        (name.to_owned(), share.trim_end_matches(" %").parse().unwrap())
    });
    said.collect()
}

/// A folder with a library in it.
struct Folder {
    bytes: Vec<u8>,
    secret: Option<&'static [u8]>,
    breaks: bool,
}

impl Shelf for Folder {
    fn index(&self, _: &str) -> io::Result<Box<dyn Bytes>> {
        Err(io::ErrorKind::NotFound.into())
    }

    fn secret(&self, _: &str) -> io::Result<Vec<u8>> {
        Err(io::ErrorKind::NotFound.into())
    }

    fn library(&self) -> io::Result<Option<Box<dyn Bytes>>> {
        let opened: Box<dyn Bytes> =
            if self.breaks { Box::new(Cut(self.bytes.clone())) } else { Box::new(self.bytes.clone()) };
        Ok(Some(opened))
    }

    fn library_secret(&self) -> io::Result<Vec<u8>> {
        self.secret.map(<[u8]>::to_vec).ok_or_else(|| io::ErrorKind::NotFound.into())
    }
}

/// A file that was cut off after it was opened.
#[derive(Debug)]
struct Cut(Vec<u8>);

impl Bytes for Cut {
    fn length(&self) -> io::Result<u64> {
        self.0.length()
    }

    fn read_at(&self, buffer: &mut [u8], offset: u64) -> io::Result<()> {
        // Entries are asked for a few at a time; what is opened is long, or at either end.
        let is_entries = offset > 16 && buffer.len().is_multiple_of(12) && buffer.len() < 600;
        if is_entries { Err(io::ErrorKind::UnexpectedEof.into()) } else { self.0.read_at(buffer, offset) }
    }
}

fn rules(registry: &Registry) -> Rules {
    Rules::compile_with(&[], &Folder { bytes: registry.bytes(), secret: Some(SECRET), breaks: false }).unwrap()
}

fn contract() -> String {
    JAPANESE.text(&JAPANESE.contract(1))
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(400))]

    /// The promise of winnowing: whatever stands around it, a run as long as that is noticed.
    #[test]
    fn no_run_that_is_long_enough_goes_unnoticed(
        seed: u64, wide: bool, before in "\\PC{0,80}", after in "\\PC{0,80}", others in "\\PC{0,80}"
    ) {
        let mut lot = Lot(seed);
        let (first, count, length) = if wide { (0x4E00, 5_000, SURE_WIDE) } else { (u32::from('a'), 26, SURE) };
        let letters = |lot: &mut Lot, count_of: usize| -> String {
            let letter = |_| char::from_u32(first + u32::try_from(lot.below(count)).unwrap()).unwrap();
            (0..count_of).map(letter).collect()
        };
        let run = letters(&mut lot, length);
        let document = letters(&mut lot, 150) + &run + &letters(&mut lot, 150);
        let library = Registry::new(SECRET).with_all("d", &document, |document| document.share = 1).open();
        let mut search = Search::new(&library);
        search.at("body");
        search.text(Normal::of(&format!("{before}{run}{after}{others}")).text(), |_| (String::new(), false));
        prop_assert!(search.hashes_of(0) > 0);
        // And each window of the document has its hash: no more than that is needed.
        prop_assert!(library.documents()[0].own >= 350 / 32 / 2);
    }

    /// Whatever is read, in whatever pieces, nothing breaks and nothing but the document is found.
    #[test]
    fn any_text_is_read(texts in prop::collection::vec("(\\PC{0,40}|[0-9,]{0,9}|(社外秘|甲は){0,9})", 0..8)) {
        let library = Registry::new(SECRET).with("d", &contract()).open();
        let mut search = Search::new(&library);
        for text in &texts {
            search.at(text);
            search.text(text, |offset| (text.get(offset..).unwrap_or("!").to_owned(), true));
        }
        prop_assert!(search.finish().findings.is_empty());
    }
}

#[test]
fn a_document_is_told_with_its_share_and_the_place_that_holds_most() {
    let rules = rules(&Registry::new(SECRET).with("契約書ひな形", &contract()));
    let mut detection = Detection::new(&rules, &[], false);
    let text = contract();
    let paragraphs: Vec<&str> = text.lines().collect();
    detection.text(&Place::new("body"), &format!("ご確認ください。\n{}", paragraphs[0]));
    detection.text(&Place::new("a.zip › 契約書.docx"), &format!("前文\n\n{}", paragraphs[..12].join("\r\n")));
    let (findings, people, faults) = detection.finish();
    let finding = findings.iter().find(|finding| finding.detector == DETECTOR).unwrap();
    assert_eq!((finding.count, finding.category, finding.confidence), (1, Category::Organizational, Confidence::High));
    let example = &finding.examples[0];
    // The first paragraph was in the body already.
    assert_eq!(example.place, "a.zip › 契約書.docx:4");
    let share: u32 =
        example.masked.strip_prefix("契約書ひな形: ").unwrap().strip_suffix(" %").unwrap().parse().unwrap();
    assert!((68..=82).contains(&share), "{share}");
    assert!(faults.is_empty() && people.visible == 0);
}

#[test]
fn what_stands_in_a_table_is_found_as_a_table_and_as_text() {
    let rows: Vec<[String; 3]> = (0..60)
        .map(|row| {
            let mut lot = Lot(row);
            let cell = |lot: &mut Lot| JAPANESE.sentence(lot);
            [cell(&mut lot), format!("{},{:03}", row + 1, lot.below(1_000)), cell(&mut lot)]
        })
        .collect();
    let sheet = |detection: &mut Detection<'_>, hidden: bool| {
        detection.begin_table(&Place::new("価格.xlsx › 表"));
        for (number, row) in rows.iter().enumerate() {
            let cells: Vec<Cell<'_>> =
                row.iter().zip(0..).map(|(text, column)| Cell { column, text: text.into(), hidden }).collect();
            detection.row(u32::try_from(number).unwrap(), &cells);
        }
        detection.end_table();
    };
    let none = Rules::compile(&[]).unwrap();
    let mut taking = Detection::new(&none, &[], false);
    taking.take_print(&Keys::new(SECRET, &[5; 16]));
    sheet(&mut taking, false);
    let print = taking.print().unwrap();
    let mut registry = Registry::new(SECRET).with("価格表", &contract());
    registry.documents[0].1 = print.clone();
    let rules = rules(&registry);
    let found = |read: &dyn Fn(&mut Detection<'_>)| {
        let mut detection = Detection::new(&rules, &[], false);
        read(&mut detection);
        detection.finish().0.into_iter().find(|finding| finding.detector == DETECTOR).unwrap().examples.remove(0)
    };
    let example = found(&|detection| sheet(detection, true));
    assert_eq!((example.masked.as_str(), example.hidden), ("価格表: 100 %", true));
    assert!(example.place.starts_with("価格.xlsx › 表!"), "{}", example.place);
    let lines: Vec<String> = rows.iter().map(|row| row.join("  ")).collect();
    let example = found(&|detection| detection.text(&Place::new("価格.pdf › page 1"), &lines.join("\n")));
    assert_eq!(example.masked, "価格表: 100 %");

    // What is out of sight is no part of a document that is registered, and neither are the names of its properties.
    let mut taking = Detection::new(&none, &[], false);
    taking.take_print(&Keys::new(SECRET, &[5; 16]));
    sheet(&mut taking, true);
    for place in [
        Place { hidden: true, ..Place::new("a.docx › properties (core)") },
        Place::new("").field("Subject"),
        Place::new("a.pptx › master 1"),
    ] {
        taking.text(&place, &contract());
    }
    assert_eq!(taking.print().unwrap().letters, 0);
    assert!(print.letters > 2_000);
}

#[test]
fn of_versions_of_one_document_the_best_is_told_and_of_two_documents_both() {
    let (first, second) = (contract(), JAPANESE.text(&JAPANESE.contract(2)));
    let newer = first.replacen("。", "。この項を新たに加える、というのが今年の版のただひとつの違いである。", 3);
    let library = Registry::new(SECRET).with("旧版", &first).with("新版", &newer).with("別件", &second).open();
    let names = |text: &str| shares(&library, text).into_iter().map(|(name, _)| name).collect::<Vec<_>>();
    assert_eq!(names(&newer), ["新版"]);
    assert_eq!(names(&format!("{first}{second}")), ["旧版", "別件"]);
    // Classes are for policies, which may do with each as they like.
    let class = |name: &'static str| move |document: &mut Registered| document.class = Some(name.to_owned());
    let library =
        Registry::new(SECRET).with_all("旧版", &first, class("board")).with_all("新版", &newer, class("sales")).open();
    let found: Vec<String> = findings(&library, &newer).into_iter().map(|finding| finding.detector).collect();
    assert_eq!(found, ["fingerprint.board", "fingerprint.sales"]);
}

#[test]
fn what_is_public_counts_for_nobody_until_it_is_removed() {
    let template = contract();
    let filled = format!("{template}{}", JAPANESE.text(&JAPANESE.contract(7)));
    let registry =
        Registry::new(SECRET).with("締結済み", &filled).with_all("ひな形", &template, |d| d.public = true);
    let library = registry.open();
    assert_eq!(shares(&library, &template), []);
    let [(name, share)] = shares(&library, &filled).try_into().unwrap();
    assert_eq!((name.as_str(), share), ("締結済み", 100));
    let own = &library.documents()[0];
    assert!(own.own * 3 < own.hashes * 2, "{own:?}");
    let mut without = Catalogue::of(&library).unwrap();
    assert!(without.remove("ひな形") && !without.remove("ひな形"));
    let library = Library::open(Box::new(written(without)), SECRET).unwrap();
    assert_eq!(library.documents()[0].own, own.hashes);
    assert!(shares(&library, &template)[0].1 > 40);
}

#[test]
fn a_library_that_was_added_to_is_as_one_made_at_once() {
    let one = Registry::new(SECRET).with("a", &contract());
    let both = Registry::new(SECRET).with("a", &contract()).with("b", &ENGLISH.text(&ENGLISH.contract(3)));
    let mut grown = Catalogue::of(&one.open()).unwrap();
    let (registered, print) = both.documents[1].clone();
    grown.add(registered.clone(), &print).unwrap();
    assert_eq!(written(grown), both.bytes());
    // The same name takes the place of the older.
    let mut again = Catalogue::of(&both.open()).unwrap();
    again.add(Registered { share: 50, ..registered }, &print).unwrap();
    let again = Library::open(Box::new(written(again)), SECRET).unwrap();
    let told: Vec<_> = again.documents().iter().map(|d| (d.name.as_str(), d.share, d.id)).collect();
    assert_eq!(told, [("a", 30, 0), ("b", 50, 1)]);
}

#[test]
fn what_is_wrong_with_a_library_is_told_with_what_helps() {
    let registry = Registry::new(SECRET).with("a", &contract());
    let error = |bytes: Vec<u8>, secret: Option<&'static [u8]>| {
        Rules::compile_with(&[], &Folder { bytes, secret, breaks: false }).unwrap_err().to_string()
    };
    let bytes = registry.bytes();
    let said = error(bytes.clone(), Some(b"another secret of the organisation"));
    assert!(said.starts_with("fingerprints/documents.fpr: the documents were registered with another key"), "{said}");
    let said = error(bytes.clone(), None);
    assert!(said.starts_with("fingerprints/fingerprint.key: ") && said.contains("; bring the key"), "{said}");
    for (at, why) in [(0, "this is no library"), (17, "its head is damaged"), (bytes.len() - 60, "its sum is wrong")] {
        let mut broken = bytes.clone();
        broken[at] ^= 0x80;
        let said = error(broken, Some(SECRET));
        assert!(said.contains(why) && said.contains("; bring it from a copy"), "{said}");
    }
    for length in [0, 20, bytes.len() - 12] {
        assert!(Library::open(Box::new(bytes[..length].to_vec()), SECRET).is_err(), "{length}");
    }
}

#[test]
fn a_library_that_cannot_be_read_is_never_silence() {
    let registry = Registry::new(SECRET).with("a", &contract());
    let rules =
        Rules::compile_with(&[], &Folder { bytes: registry.bytes(), secret: Some(SECRET), breaks: true }).unwrap();
    let mail = format!("Content-Type: text/plain; charset=utf-8\r\n\r\n{}", contract());
    let (inspection, _) = hear(mail.as_bytes(), &Job::new(Kind::Mail), &rules, &Limits::default(), &mut ());
    let told: Vec<_> = inspection.uninspected.iter().map(|entry| (entry.place.as_str(), entry.reason)).collect();
    assert_eq!(told, [("registered documents", Reason::Damaged)]);
}

#[test]
fn without_a_library_nothing_is_found_and_its_detector_is_known() {
    let rules = Rules::compile(&[]).unwrap();
    let ids: Vec<&str> =
        rules.detectors().map(|detector| detector.id.as_str()).filter(|id| id.starts_with("finger")).collect();
    assert_eq!(ids, [DETECTOR]);
    let with = self::rules(&Registry::new(SECRET).with_all("a", &contract(), |d| d.class = Some("board".to_owned())));
    let ids: Vec<&str> =
        with.detectors().map(|detector| detector.id.as_str()).filter(|id| id.starts_with("finger")).collect();
    assert_eq!(ids, [DETECTOR, "fingerprint.board"]);
}

#[test]
fn neither_the_library_nor_what_is_said_holds_the_text() {
    let text = contract();
    let registry = Registry::new(SECRET).with("契約", &text);
    let said = format!("{:?}", findings(&registry.open(), &text));
    let bytes = registry.bytes();
    let shingles: Vec<char> = text.chars().collect();
    for shingle in shingles.windows(6) {
        let shingle: String = shingle.iter().collect();
        assert!(memchr::memmem::find(&bytes, shingle.as_bytes()).is_none() && !said.contains(&shingle), "{shingle}");
    }
    // Another organisation's hashes of the same text have nothing in common with these.
    let other = Registry::new(b"the secret of another organisation").with("契約", &text);
    let (ours, theirs) = (&registry.documents[0].1.hashes, &other.documents[0].1.hashes);
    assert!(ours.len() > 100 && ours.iter().all(|hash| theirs.binary_search(hash).is_err()));
}

#[test]
fn text_that_repeats_itself_costs_no_more_than_other_text() {
    let library = Registry::new(SECRET).with("a", &format!("{}{}", contract(), "あ".repeat(400))).open();
    let cost = |text: &str| {
        let start = std::time::Instant::now();
        let _ = findings(&library, text);
        start.elapsed().as_secs_f64() / text.len() as f64
    };
    let plain: String = (100..200).map(|seed| JAPANESE.text(&JAPANESE.contract(seed))).collect();
    let usual = cost(&plain).min(cost(&plain));
    for text in ["あ".repeat(400_000), "1".repeat(1_000_000), "@".repeat(1_000_000), contract().repeat(60)] {
        let cost = cost(&text).min(cost(&text));
        assert!(cost < usual * 8.0 + 1e-7, "{cost:e} against {usual:e}: {:?}", text.chars().next());
    }
}
