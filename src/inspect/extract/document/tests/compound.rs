//! The same for documents in compound files, which are made here byte by byte.

use std::io::Write as _;

use super::read;
use crate::inspect::Reason;

/// A compound file of sectors of 512 bytes without small ones. A name with `/` is in a storage.
fn compound_of(streams: &[(&str, Vec<u8>)]) -> Vec<u8> {
    const END: u32 = 0xffff_fffe;
    const NONE: u32 = 0xffff_ffff;
    let (mut table, mut sectors): (Vec<u32>, Vec<u8>) = (Vec::new(), Vec::new());
    let mut put = |bytes: &[u8]| {
        let start = table.len();
        sectors.extend(bytes);
        sectors.resize(sectors.len().next_multiple_of(512), 0);
        let end = sectors.len() / 512;
        table.extend((start + 1..end).map(|next| u32::try_from(next).unwrap()));
        table.push(END);
        u32::try_from(start).unwrap()
    };
    let record = |name: &str, kind: u8, links: [u32; 3], start: u32, size: usize| {
        let mut bytes: Vec<u8> = name.encode_utf16().flat_map(u16::to_le_bytes).collect();
        let length = u16::try_from(bytes.len() + 2).unwrap();
        bytes.resize(64, 0);
        bytes.extend(length.to_le_bytes());
        bytes.extend([kind, 1]);
        bytes.extend(links.into_iter().flat_map(u32::to_le_bytes));
        bytes.resize(116, 0);
        bytes.extend(start.to_le_bytes());
        bytes.extend(u32::try_from(size).unwrap().to_le_bytes());
        bytes.resize(128, 0);
        bytes
    };
    let mut directory = record("Root Entry", 5, [NONE, NONE, 1], END, 0);
    let mut number = 1u32;
    for (index, (name, content)) in streams.iter().enumerate() {
        let start = put(content);
        let (storage, name) = name.rsplit_once('/').map_or((None, *name), |(storage, name)| (Some(storage), name));
        let last = index + 1 == streams.len();
        let next = number + if storage.is_some() { 2 } else { 1 };
        let right = if last { NONE } else { next };
        if let Some(storage) = storage {
            directory.extend(record(storage, 1, [NONE, right, number + 1], 0, 0));
            directory.extend(record(name, 2, [NONE; 3], start, content.len()));
        } else {
            directory.extend(record(name, 2, [NONE, right, NONE], start, content.len()));
        }
        number = next;
    }
    let directory_start = put(&directory);
    let table_start = table.len();
    let table_sectors = (table_start + 16).div_ceil(128);
    table.extend(std::iter::repeat_n(0xffff_fffd, table_sectors));
    let mut bytes = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1".to_vec();
    bytes.resize(24, 0);
    bytes.extend([0x3e, 0, 3, 0, 0xfe, 0xff, 9, 0, 6, 0]);
    bytes.resize(44, 0);
    let count = u32::try_from(table_sectors).unwrap();
    bytes.extend([count, directory_start, 0, 0, END, 0, END, 0].into_iter().flat_map(u32::to_le_bytes));
    bytes.extend((0..count).flat_map(|i| (u32::try_from(table_start).unwrap() + i).to_le_bytes()));
    bytes.resize(512, 0xff);
    bytes.extend(sectors);
    let table: Vec<u8> = table.into_iter().flat_map(u32::to_le_bytes).collect();
    bytes.extend(&table);
    bytes.resize(bytes.len().next_multiple_of(512), 0xff);
    bytes
}

fn utf16(text: &str) -> Vec<u8> {
    text.encode_utf16().flat_map(u16::to_le_bytes).collect()
}

/// The two streams of a Word document: its texts by document, what stands in the stream behind them, and its flags.
fn word97(texts: [&str; 8], behind: &str, flags: u8) -> Vec<(&'static str, Vec<u8>)> {
    let text = utf16(&texts.concat());
    let (words, longs, pairs) = (14usize, 22usize, 93usize);
    let mut stream = vec![0xec, 0xa5, 0xc1, 0];
    stream.resize(11, 0);
    stream.push(flags);
    stream.resize(32, 0);
    stream.extend(u16::try_from(words).unwrap().to_le_bytes());
    stream.resize(34 + 2 * words, 0);
    stream.extend(u16::try_from(longs).unwrap().to_le_bytes());
    let at = stream.len();
    stream.resize(at + 4 * longs, 0);
    for (index, text) in texts.iter().enumerate() {
        let length = u32::try_from(text.encode_utf16().count()).unwrap();
        stream[at + 4 * (3 + index)..][..4].copy_from_slice(&length.to_le_bytes());
    }
    stream.extend(u16::try_from(pairs).unwrap().to_le_bytes());
    let at = stream.len();
    stream.resize(at + 8 * pairs, 0);
    let start = u32::try_from(stream.len().next_multiple_of(512)).unwrap();
    let characters = u32::try_from(text.len() / 2).unwrap();
    let mut table = vec![2, 16, 0, 0, 0];
    table.extend([0, characters].into_iter().flat_map(u32::to_le_bytes));
    table.extend([0, 0]);
    table.extend(start.to_le_bytes());
    table.extend([0, 0]);
    stream[at + 8 * 33 + 4..][..4].copy_from_slice(&u32::try_from(table.len()).unwrap().to_le_bytes());
    stream.resize(usize::try_from(start).unwrap(), 0);
    stream.extend(text);
    stream.extend([0; 16]);
    stream.extend(utf16(behind));
    vec![("WordDocument", stream), ("0Table", table)]
}

#[test]
fn word_97_strings_its_documents_together() {
    let texts =
        ["本文\r氏名\x07電話\x07\x07山田\x07090\x07\x07", "脚注\r", "頭\r", "", "指摘\r", "文末\r", "枠\r", "頭の枠\r"];
    let mut streams = word97(texts, "保存の跡に残る山田花子", 0);
    streams.push((
        "ObjectPool/\u{1}Ole10Native",
        [
            &[60, 0, 0, 0, 2, 0][..],
            b"a.csv\0a\0",
            &[0, 0, 3, 0, 2, 0, 0, 0],
            b"a\0",
            &[9, 0, 0, 0],
            "埋込物".as_bytes(),
        ]
        .concat(),
    ));
    let picture = [&[0, 0x6e, 0x1e, 0xf0, 60, 0, 0, 0][..], &[7; 17], b"\x89PNG\r\n\x1a\n", &[9; 35]].concat();
    streams.push(("Data", [&b"picture's header "[..], &picture, "絵の後ろの文字列".as_bytes()].concat()));
    let file = [compound_of(&streams), "台帳の末尾に足した文字".as_bytes().to_vec()].concat();
    let (notes, ledger) = read("a.doc", &file);
    let [picture] = &ledger.uninspected[..] else { panic!("one picture: {:?}", ledger.uninspected) };
    assert_eq!((picture.place.as_str(), picture.reason), ("a.doc › Data › picture 1", Reason::Image));
    assert_eq!(ledger.kind, "doc");
    assert_eq!((notes.count("台帳の末尾に足した文字"), notes.count("絵の後ろの文字列")), (1, 1));
    for (place, text) in [
        ("a.doc", "本文"),
        ("a.doc › table 1", "table"),
        ("1", "0=山田 1=090"),
        ("a.doc › footnotes", "脚注"),
        ("a.doc › headers and footers", "頭"),
        ("a.doc › comments", "指摘"),
        ("a.doc › endnotes", "文末"),
        ("a.doc › text boxes", "枠"),
        ("a.doc › text boxes in headers", "頭の枠"),
    ] {
        notes.expect(place, text);
    }
    assert!(notes.count("保存の跡に残る山田花子") == 1 && notes.count("埋込物") == 1, "{:#?}", notes.0);
}

#[test]
fn word_95_is_read_in_its_code_page() {
    let text = encoding_rs::SHIFT_JIS.encode("氏名：山田花子\r表の能力\r").0.into_owned();
    let mut stream = vec![0xdc, 0xa5, 0x68, 0];
    stream.resize(24, 0);
    stream.extend([768u32, 768 + u32::try_from(text.len()).unwrap()].into_iter().flat_map(u32::to_le_bytes));
    stream.resize(768, 0);
    stream.extend(&text);
    stream.extend([&[0; 16], "前の版の文字列".as_bytes()].concat());
    let (notes, ledger) = read("a.doc", &compound_of(&[("WordDocument", stream)]));
    notes.expect("a.doc", "氏名：山田花子\n表の能力");
    assert_eq!((notes.count("前の版の文字列"), ledger.uninspected), (1, Vec::new()));
}

#[test]
fn an_encrypted_document_is_told() {
    let (_, ledger) = read("a.doc", &compound_of(&word97(["秘", "", "", "", "", "", "", ""], "", 1)));
    assert_eq!(ledger.uninspected.iter().map(|entry| entry.reason).collect::<Vec<_>>(), [Reason::Encrypted]);
}

#[test]
fn a_document_whose_pieces_lead_nowhere_is_damaged_and_read() {
    let mut streams = word97(["本文", "", "", "", "", "", "", ""], "後ろの文字列", 0);
    streams[1].1[15..19].copy_from_slice(&100_000u32.to_le_bytes());
    let (notes, ledger) = read("a.doc", &compound_of(&streams));
    assert!(ledger.uninspected.iter().any(|entry| entry.reason == Reason::Damaged));
    assert!(notes.count("後ろの文字列") > 0, "{:#?}", notes.0);
    streams[1].1.truncate(3);
    let (notes, ledger) = read("a.doc", &compound_of(&streams));
    assert!(ledger.uninspected.iter().any(|entry| entry.reason == Reason::Damaged));
    assert!(notes.count("後ろの文字列") > 0, "{:#?}", notes.0);
}

#[test]
fn pieces_that_stand_on_one_another_end_in_a_limit() {
    let mut streams = word97(["本文の一部", "", "", "", "", "", "", ""], "", 0);
    let start = u32::from_le_bytes(streams[1].1[15..19].try_into().unwrap());
    let count = 100_000u32;
    let mut table = vec![2];
    table.extend((4 + 12 * count).to_le_bytes());
    table.extend((0..=count).flat_map(|piece| (5 * piece).to_le_bytes()));
    for _ in 0..count {
        table.extend([&[0, 0][..], &start.to_le_bytes(), &[0, 0]].concat());
    }
    let length = u32::try_from(table.len()).unwrap();
    let at = streams[0].1.windows(4).position(|word| word == 21u32.to_le_bytes()).unwrap();
    streams[0].1[at..at + 4].copy_from_slice(&length.to_le_bytes());
    streams[1].1 = table;
    let (notes, ledger) = read("a.doc", &compound_of(&streams));
    assert!(ledger.uninspected.iter().any(|entry| entry.reason == Reason::Limit), "{:?}", ledger.uninspected);
    assert!((1..1_000).contains(&notes.count("本文の一部")));
}

/// A record of a presentation.
fn record(version: u8, instance: u16, kind: u16, content: &[u8]) -> Vec<u8> {
    let head = instance << 4 | u16::from(version);
    let length = u32::try_from(content.len()).unwrap();
    [&head.to_le_bytes()[..], &kind.to_le_bytes(), &length.to_le_bytes(), content].concat()
}

#[test]
fn powerpoint_97_tells_slides_apart() {
    let text = |text: &str| record(0, 0, 0x0fa0, &utf16(text));
    let longs = |words: &[u32]| words.iter().flat_map(|word| word.to_le_bytes()).collect::<Vec<u8>>();
    let persist = |object: u32, identifier: u32| record(0, 0, 0x03f3, &longs(&[object, 0, 0, identifier, 0]));
    let list = record(15, 0, 0x0ff0, &[persist(3, 256), text("一枚目"), persist(2, 257), text("二枚目")].concat());
    let mut stream = record(15, 0, 0x03e8, &list);
    let mut places = vec![0u32];
    let hidden = record(0, 0, 0x03f9, &[&longs(&[0, 0])[..], &[0, 0, 4, 0, 0, 0, 0, 0]].concat());
    let notes_of = record(0, 0, 0x03f1, &longs(&[256, 0]));
    let slides = [
        record(15, 0, 0x03ee, &[hidden, text("二枚目の図形")].concat()),
        record(15, 0, 0x03ee, &text("一枚目の図形")),
        record(15, 0, 0x03f0, &[notes_of, text("口述")].concat()),
        record(15, 0, 0x03f8, &text("親")),
    ];
    for slide in &slides {
        places.push(u32::try_from(stream.len()).unwrap());
        stream.extend(slide);
    }
    // A slide of an earlier version, which the directory no longer lists.
    stream.extend(record(15, 0, 0x03ee, &text("昔の頁")));
    let directory = u32::try_from(stream.len()).unwrap();
    stream.extend(record(0, 0, 0x1772, &[longs(&[5 << 20 | 1]), longs(&places)].concat()));
    let edit = u32::try_from(stream.len()).unwrap();
    stream.extend(record(0, 0, 0x0ff5, &longs(&[0, 0, 0, directory, 1, 6, 0])));
    let mut packed = longs(&[0]);
    let mut encoder = flate2::write::ZlibEncoder::new(Vec::new(), flate2::Compression::default());
    encoder.write_all("梱包された物".as_bytes()).unwrap();
    packed.extend(encoder.finish().unwrap());
    stream.extend(record(0, 1, 0x1011, &packed));
    let user = |token: u32| [vec![0, 0, 0xf6, 0x0f, 20, 0, 0, 0], longs(&[20, token, edit, 0])].concat();
    let streams = [("PowerPoint Document", stream), ("Current User", user(0xe391_c05f))];
    let (notes, ledger) = read("a.ppt", &compound_of(&streams));
    assert_eq!((ledger.kind.as_str(), ledger.uninspected), ("ppt", Vec::new()));
    for (place, text) in [
        ("a.ppt › slide 1", "一枚目\n一枚目の図形"),
        ("~a.ppt › slide 2", "二枚目\n二枚目の図形"),
        ("~a.ppt › slide 1 notes", "口述"),
        ("a.ppt › masters", "親"),
        ("~a.ppt › slides not in the presentation", "昔の頁"),
        ("a.ppt › object 1", "梱包された物"),
    ] {
        notes.expect(place, text);
    }
    let [(name, stream), (user_name, _)] = streams;
    let (_, ledger) = read("a.ppt", &compound_of(&[(name, stream), (user_name, user(0xf3d1_c4df))]));
    assert_eq!(ledger.uninspected.iter().map(|entry| entry.reason).collect::<Vec<_>>(), [Reason::Encrypted]);
}
