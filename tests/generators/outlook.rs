//! Outlook's own: messages (.msg) and winmail.dat.
//!
//! In: a secret. Out: a message with it in one place. Deliberately absent: mails as they go over the wire (`mail`).

use super::ole::{self, Node};
use super::{Maker, cp932, rtf, wide};

pub(crate) const CASES: &[Maker] = &[
    ("msg/body.msg", |s| message(vec![wide_text("__substg1.0_1000001F", s)])),
    ("msg/subject.msg", |s| message(vec![wide_text("__substg1.0_0037001F", s)])),
    ("msg/body_in_cp932.msg", |s| message(vec![Node::Stream("__substg1.0_1000001E", cp932(s))])),
    ("msg/html.msg", |s| {
        let page = format!("<html><head><meta charset=utf-8></head><body><p>{s}</p></body></html>");
        message(vec![Node::Stream("__substg1.0_10130102", page.into_bytes())])
    }),
    ("msg/rich_text.msg", |s| message(vec![Node::Stream("__substg1.0_10090102", stored_rtf(s))])),
    ("msg/blind_copy.msg", |s| message(vec![wide_text("__substg1.0_0E02001F", s)])),
    ("msg/recipient.msg", |s| {
        let properties = Node::Stream("__properties_version1.0", vec![0; 8]);
        message(vec![Node::Storage(
            "__recip_version1.0_#00000000",
            vec![wide_text("__substg1.0_3001001F", s), properties],
        )])
    }),
    ("msg/transport_headers.msg", |s| {
        message(vec![wide_text("__substg1.0_007D001F", &format!("Received: x\r\nX-Memo: {s}\r\n"))])
    }),
    ("msg/attachment.msg", |s| {
        message(vec![attachment(vec![
            wide_text("__substg1.0_3707001F", "a.txt"),
            Node::Stream("__substg1.0_37010102", cp932(s)),
        ])])
    }),
    ("msg/attachment_name.msg", |s| {
        message(vec![attachment(vec![
            wide_text("__substg1.0_3707001F", &format!("{s}.txt")),
            Node::Stream("__substg1.0_37010102", b"x".to_vec()),
        ])])
    }),
    ("msg/message_in_it.msg", |s| {
        let inner = vec![Node::Stream("__properties_version1.0", vec![0; 24]), wide_text("__substg1.0_1000001F", s)];
        message(vec![attachment(vec![Node::Storage("__substg1.0_3701000D", inner)])])
    }),
    ("msg/named_property.msg", |s| message(vec![wide_text("__substg1.0_8001001F", s)])),
    ("msg/property_of_nobody.msg", |s| {
        message(vec![Node::Stream("__substg1.0_6ABC0102", [&[0, 1, 2, 3][..], &wide(s), &[0, 0]].concat())])
    }),
    ("tnef/body.dat", |s| tnef(&[attribute(1, 0x0002_800c, &[&cp932(s)[..], b"\0"].concat())])),
    ("tnef/subject.dat", |s| tnef(&[attribute(1, 0x0001_8004, &[&cp932(s)[..], b"\0"].concat())])),
    ("tnef/attachment.dat", |s| tnef(&attached("a.txt", &cp932(s)))),
    ("tnef/attachment_name.dat", |s| tnef(&attached(&format!("{s}.txt"), b"x"))),
    ("tnef/rich_text.dat", |s| tnef(&[attribute(1, 0x0006_9003, &properties(&property(0x1009_0102, &stored_rtf(s))))])),
    ("tnef/unicode_property.dat", |s| {
        tnef(&[attribute(1, 0x0006_9003, &properties(&property(0x0037_001f, &wide(&format!("{s}\0")))))])
    }),
    ("tnef/attribute_of_nobody.dat", |s| tnef(&[attribute(1, 0x0006_9abc, &wide(s))])),
];

fn wide_text(name: &'static str, text: &str) -> Node {
    Node::Stream(name, wide(text))
}

fn message(mut nodes: Vec<Node>) -> Vec<u8> {
    // The code page of its texts of one byte: PR_MESSAGE_CODEPAGE.
    let code_page = [&[3, 0, 0xfd, 0x3f, 6, 0, 0, 0][..], &932u32.to_le_bytes(), &[0; 4]].concat();
    nodes.push(Node::Stream("__properties_version1.0", [vec![0; 32], code_page].concat()));
    nodes.push(Node::Stream("__substg1.0_001A001F", wide("IPM.Note")));
    nodes.push(Node::Storage(
        "__nameid_version1.0",
        vec![Node::Stream("__substg1.0_00020102", vec![]), Node::Stream("__substg1.0_00030102", vec![])],
    ));
    ole::compound(nodes)
}

fn attachment(mut nodes: Vec<Node>) -> Node {
    nodes.push(Node::Stream("__properties_version1.0", vec![0; 8]));
    Node::Storage("__attach_version1.0_#00000000", nodes)
}

/// Rich text as Outlook keeps it, not compressed.
fn stored_rtf(text: &str) -> Vec<u8> {
    let text = format!("{{\\rtf1\\ansi\\ansicpg932 {}\\par}}", rtf::escaped(text)).into_bytes();
    let length = u32::try_from(text.len()).unwrap();
    [&(length + 12).to_le_bytes()[..], &length.to_le_bytes(), b"MELA", &[0; 4], &text].concat()
}

fn tnef(attributes: &[Vec<u8>]) -> Vec<u8> {
    let version = attribute(1, 0x0008_9006, &[0, 0, 1, 0]);
    let code_page = attribute(1, 0x0006_9007, &[&932u32.to_le_bytes()[..], &[0; 4]].concat());
    [&b"\x78\x9f\x3e\x22\x01\x00"[..], &version, &code_page, &attributes.concat()].concat()
}

fn attribute(level: u8, id: u32, data: &[u8]) -> Vec<u8> {
    let sum = data.iter().fold(0u16, |sum, &byte| sum.wrapping_add(u16::from(byte)));
    [&[level][..], &id.to_le_bytes(), &u32::try_from(data.len()).unwrap().to_le_bytes(), data, &sum.to_le_bytes()]
        .concat()
}

fn attached(name: &str, content: &[u8]) -> Vec<Vec<u8>> {
    vec![
        attribute(2, 0x0006_9002, &[&[1, 0][..], &[0xff; 4], &[0; 8]].concat()),
        attribute(2, 0x0001_8010, &[&cp932(name)[..], b"\0"].concat()),
        attribute(2, 0x0006_800f, content),
    ]
}

fn properties(property: &[u8]) -> Vec<u8> {
    [&1u32.to_le_bytes()[..], property].concat()
}

fn property(tag: u32, value: &[u8]) -> Vec<u8> {
    let mut padded = value.to_vec();
    padded.resize(value.len().next_multiple_of(4), 0);
    [&tag.to_le_bytes()[..], &1u32.to_le_bytes(), &u32::try_from(value.len()).unwrap().to_le_bytes(), &padded].concat()
}
