//! A writer of compound files (OLE): streams and storages, small streams in the mini stream, and what hides beside them.
//!
//! In: a tree of nodes. Out: the bytes of the file. Deliberately absent: what the streams mean; only the two that every
//! format shares are made here, packages of OLE and VBA projects.

use super::{cp932, wide};

const SECTOR: usize = 512;
const MINI: usize = 64;
/// Streams shorter than this stand in the mini stream.
const CUTOFF: usize = 4096;
const END: u32 = 0xffff_fffe;
const FREE: u32 = 0xffff_ffff;
const FAT: u32 = 0xffff_fffd;
const LIST: u32 = 0xffff_fffc;
/// How many sectors of the allocation table the header can name.
const IN_HEADER: usize = 109;

/// A stream with its bytes, or a storage with what is in it.
pub(crate) enum Node {
    Stream(&'static str, Vec<u8>),
    Storage(&'static str, Vec<Self>),
}

/// What stands in the file and belongs to no stream.
#[derive(Default)]
pub(crate) struct Beside<'a> {
    /// A sector that the allocation table calls free.
    pub(crate) free: &'a [u8],
    /// The rest of the last sector of each long stream.
    pub(crate) slack: &'a [u8],
    /// A stream that no directory entry names any more, though its sectors are still allocated.
    pub(crate) orphan: &'a [u8],
}

struct Directory {
    name: Vec<u8>,
    kind: u8,
    right: u32,
    child: u32,
    start: u32,
    size: usize,
}

/// The parts of the file while it is written.
struct File {
    sectors: Vec<u8>,
    fat: Vec<u32>,
    mini: Vec<u8>,
    mini_fat: Vec<u32>,
    directory: Vec<Directory>,
    slack: Vec<u8>,
}

pub(crate) fn compound(nodes: Vec<Node>) -> Vec<u8> {
    compound_with(nodes, &Beside::default())
}

pub(crate) fn compound_with(nodes: Vec<Node>, beside: &Beside<'_>) -> Vec<u8> {
    let root = Directory { name: wide("Root Entry"), kind: 5, right: FREE, child: FREE, start: END, size: 0 };
    let mut file = File {
        sectors: Vec::new(),
        fat: Vec::new(),
        mini: Vec::new(),
        mini_fat: Vec::new(),
        directory: vec![root],
        slack: beside.slack.to_vec(),
    };
    file.directory[0].child = file.children(nodes);
    if !beside.free.is_empty() {
        let start = file.allocate(beside.free) as usize;
        file.fat.iter_mut().skip(start).for_each(|entry| *entry = FREE);
    }
    if !beside.orphan.is_empty() {
        file.allocate(beside.orphan);
    }
    file.finish()
}

impl File {
    /// Writes siblings and returns the first; each points to the next on its right.
    fn children(&mut self, mut nodes: Vec<Node>) -> u32 {
        let key = |node: &Node| match node {
            Node::Stream(name, _) | Node::Storage(name, _) => (name.encode_utf16().count(), name.to_uppercase()),
        };
        nodes.sort_by_key(key);
        let first = self.directory.len();
        let count = nodes.len();
        for (at, node) in nodes.iter().enumerate() {
            let (Node::Stream(name, _) | Node::Storage(name, _)) = node;
            let right = if at + 1 < count { number(first + at + 1) } else { FREE };
            self.directory.push(Directory { name: wide(name), kind: 2, right, child: FREE, start: END, size: 0 });
        }
        for (at, node) in nodes.into_iter().enumerate() {
            match node {
                Node::Stream(_, bytes) => {
                    self.directory[first + at].size = bytes.len();
                    self.directory[first + at].start = self.stream(&bytes);
                }
                Node::Storage(_, inside) => {
                    let child = self.children(inside);
                    self.directory[first + at].kind = 1;
                    self.directory[first + at].start = 0;
                    self.directory[first + at].child = child;
                }
            }
        }
        if count == 0 { FREE } else { number(first) }
    }

    fn stream(&mut self, bytes: &[u8]) -> u32 {
        if bytes.is_empty() {
            return END;
        }
        if bytes.len() >= CUTOFF {
            let slack = std::mem::take(&mut self.slack);
            let start = self.allocate(&[bytes, &slack].concat());
            self.slack = slack;
            return start;
        }
        let start = self.mini.len() / MINI;
        self.mini.extend_from_slice(bytes);
        self.mini.resize(self.mini.len().next_multiple_of(MINI), 0);
        chain(&mut self.mini_fat, start, self.mini.len() / MINI);
        number(start)
    }

    fn allocate(&mut self, bytes: &[u8]) -> u32 {
        let start = self.sectors.len() / SECTOR;
        self.sectors.extend_from_slice(bytes);
        self.sectors.resize(self.sectors.len().next_multiple_of(SECTOR), 0);
        chain(&mut self.fat, start, self.sectors.len() / SECTOR);
        number(start)
    }

    fn finish(mut self) -> Vec<u8> {
        let mini = std::mem::take(&mut self.mini);
        let mini_fat = words(&self.mini_fat, FREE);
        if !mini.is_empty() {
            self.directory[0].start = self.allocate(&mini);
            self.directory[0].size = mini.len();
        }
        let mini_fat_start = if mini_fat.is_empty() { END } else { self.allocate(&mini_fat) };
        let mut directory: Vec<u8> = self.directory.iter().flat_map(entry).collect();
        directory.resize(directory.len().next_multiple_of(SECTOR), 0);
        let directory_start = self.allocate(&directory);
        // Both tables describe the whole file, themselves included.
        let (mut tables, mut lists) = (1, 0usize);
        while (self.fat.len() + tables + lists).div_ceil(SECTOR / 4) > tables || lists < list_sectors(tables) {
            tables += 1;
            lists = list_sectors(tables);
        }
        let first = self.fat.len();
        self.fat.extend(std::iter::repeat_n(FAT, tables));
        self.fat.extend(std::iter::repeat_n(LIST, lists));
        let table = words(&self.fat, FREE);
        let located: Vec<u32> = (first..first + tables).map(number).collect();
        let (in_header, in_lists) = located.split_at(located.len().min(IN_HEADER));
        let list_start = if lists == 0 { END } else { number(first + tables) };
        let header = [
            &b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"[..],
            &[0; 16],
            b"\x3e\0\x03\0\xfe\xff\x09\0\x06\0\0\0\0\0\0\0\0\0\0\0",
            &number(tables).to_le_bytes(),
            &directory_start.to_le_bytes(),
            &[0; 4],
            &number(CUTOFF).to_le_bytes(),
            &mini_fat_start.to_le_bytes(),
            &number(mini_fat.len() / SECTOR).to_le_bytes(),
            &list_start.to_le_bytes(),
            &number(lists).to_le_bytes(),
        ]
        .concat();
        let mut listed: Vec<u8> = in_header.iter().flat_map(|sector| sector.to_le_bytes()).collect();
        listed.resize(SECTOR - header.len(), 0xff);
        let lists: Vec<u8> = in_lists
            .chunks(SECTOR / 4 - 1)
            .zip(1..)
            .flat_map(|(sectors, count)| {
                let next = if count == lists { END } else { number(first + tables + count) };
                let padded = sectors.iter().copied().chain(std::iter::repeat(FREE)).take(SECTOR / 4 - 1);
                padded.chain([next]).flat_map(u32::to_le_bytes).collect::<Vec<u8>>()
            })
            .collect();
        [header, listed, self.sectors, table, lists].concat()
    }
}

/// How many sectors list the sectors of the allocation table that the header has no room for.
fn list_sectors(tables: usize) -> usize {
    tables.saturating_sub(IN_HEADER).div_ceil(SECTOR / 4 - 1)
}

fn chain(table: &mut Vec<u32>, start: usize, end: usize) {
    table.extend((start + 1..end).map(number));
    table.push(END);
}

fn words(table: &[u32], filling: u32) -> Vec<u8> {
    let count = table.len().next_multiple_of(SECTOR / 4);
    let padded = table.iter().copied().chain(std::iter::repeat(filling)).take(count);
    padded.flat_map(u32::to_le_bytes).collect()
}

fn entry(directory: &Directory) -> Vec<u8> {
    let mut out = directory.name.clone();
    let length = u16::try_from(out.len() + 2).unwrap();
    out.resize(64, 0);
    out.extend_from_slice(&length.to_le_bytes());
    // The colour of the tree's node: black.
    out.extend_from_slice(&[directory.kind, 1]);
    for number in [FREE, directory.right, directory.child] {
        out.extend_from_slice(&number.to_le_bytes());
    }
    out.extend_from_slice(&[0; 36]);
    out.extend_from_slice(&directory.start.to_le_bytes());
    out.extend_from_slice(&(directory.size as u64).to_le_bytes());
    out
}

fn number(value: usize) -> u32 {
    u32::try_from(value).unwrap()
}

/// A package of OLE: a whole file with its name, as Office embeds what it has no program for.
pub(crate) fn package(name: &str, content: &[u8]) -> Vec<u8> {
    let name = [cp932(name), vec![0]].concat();
    let body = [
        &b"\x02\0"[..],
        &name,
        &name,
        b"\0\0\x03\0",
        &number(name.len()).to_le_bytes(),
        &name,
        &number(content.len()).to_le_bytes(),
        content,
    ]
    .concat();
    let stream = [&number(body.len()).to_le_bytes()[..], &body].concat();
    compound(vec![Node::Stream("\u{1}Ole10Native", stream)])
}

/// The storages of a VBA project with one module of this source.
pub(crate) fn vba(source: &str) -> Vec<Node> {
    let record = |id: u16, data: &[u8]| [&id.to_le_bytes()[..], &number(data.len()).to_le_bytes(), data].concat();
    let directory = [
        record(1, &[1, 0, 0, 0]),
        record(2, &[0x11, 4, 0, 0]),
        record(0x14, &[0x11, 4, 0, 0]),
        record(3, &932u16.to_le_bytes()),
        record(4, b"VBAProject"),
        record(0x0f, &[1, 0]),
        record(0x13, &[0xff, 0xff]),
        record(0x19, b"Module1"),
        record(0x1a, b"Module1"),
        record(0x32, &wide("Module1")),
        record(0x31, &[0; 4]),
        record(0x21, b""),
        record(0x2b, b""),
        record(0x10, b""),
    ]
    .concat();
    let module = format!("Attribute VB_Name = \"Module1\"\r\nSub Main()\r\n  MsgBox \"{source}\"\r\nEnd Sub\r\n");
    vec![
        Node::Storage(
            "VBA",
            vec![
                Node::Stream("dir", literals(&directory)),
                Node::Stream("Module1", literals(&cp932(&module))),
                Node::Stream("_VBA_PROJECT", b"\xcc\x61\xff\xff\0\0\0".to_vec()),
            ],
        ),
        Node::Stream("PROJECT", b"ID=\"{00000000-0000-0000-0000-000000000000}\"\r\nModule=Module1\r\n".to_vec()),
    ]
}

/// The compression of [MS-OVBA] without copies: a flag byte of zero, then eight literal bytes.
fn literals(bytes: &[u8]) -> Vec<u8> {
    let mut out = vec![1];
    for chunk in bytes.chunks(3_000) {
        let packed: Vec<u8> = chunk.chunks(8).flat_map(|eight| [&[0][..], eight].concat()).collect();
        let header = 0xb000 | u16::try_from(packed.len() - 1).unwrap();
        out.extend_from_slice(&header.to_le_bytes());
        out.extend_from_slice(&packed);
    }
    out
}

/// A property set stream with one string property: its number, and the text in code page 932.
pub(crate) fn property_set(property: u32, text: &str) -> Vec<u8> {
    let text = [cp932(text), vec![0]].concat();
    let padded = text.len().next_multiple_of(4);
    let mut value = [&0x1eu32.to_le_bytes()[..], &number(text.len()).to_le_bytes(), &text].concat();
    value.resize(8 + padded, 0);
    let table = [
        &2u32.to_le_bytes()[..],
        &1u32.to_le_bytes(),
        &24u32.to_le_bytes(),
        &property.to_le_bytes(),
        &32u32.to_le_bytes(),
        &2u32.to_le_bytes(),
        &932u32.to_le_bytes(),
    ]
    .concat();
    let section = [&number(4 + table.len() + value.len()).to_le_bytes()[..], &table, &value].concat();
    let format = b"\xe0\x85\x9f\xf2\xf9\x4f\x68\x10\xab\x91\x08\x00\x2b\x27\xb3\xd9";
    [&b"\xfe\xff\0\0\x05\x01\x02\0"[..], &[0; 16], &1u32.to_le_bytes(), format, &48u32.to_le_bytes(), &section].concat()
}
