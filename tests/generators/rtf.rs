//! Rich text (RTF).
//!
//! In: a secret. Out: a document with it in one place. Deliberately absent: rich text inside Outlook messages
//! (`outlook`).

use super::package::Package;
use super::{Maker, cp932, hex, ole};

pub(crate) const CASES: &[Maker] = &[
    ("rtf/hex_escapes.rtf", |s| document(&escaped(s))),
    ("rtf/unicode_escapes.rtf", |s| document(&unicode(s))),
    ("rtf/unicode_with_long_fallback.rtf", |s| {
        let text: String = s.encode_utf16().map(|unit| format!("\\u{}\\'82\\'a0", unit.cast_signed())).collect();
        document(&format!("\\uc2 {text}"))
    }),
    ("rtf/raw_bytes.rtf", |s| {
        // A second byte that is a brace or a backslash is escaped, as Word does.
        let raw = |c: char| {
            let bytes = cp932(&c.to_string());
            if bytes.iter().any(|byte| b"\\{}".contains(byte)) { escaped(&c.to_string()).into_bytes() } else { bytes }
        };
        [&b"{\\rtf1\\ansi\\ansicpg932\\deff0 "[..], &s.chars().flat_map(raw).collect::<Vec<u8>>(), b"\\par}"].concat()
    }),
    ("rtf/split_over_groups.rtf", |s| {
        let groups: String = s.chars().map(|c| format!("{{\\b {}}}", unicode(&c.to_string()))).collect();
        document(&groups)
    }),
    ("rtf/font_charset_only.rtf", |s| {
        format!("{{\\rtf1\\ansi\\deff0{{\\fonttbl{{\\f0\\fcharset128 MS Gothic;}}}}\\f0 {}\\par}}", escaped(s))
            .into_bytes()
    }),
    ("rtf/hidden.rtf", |s| document(&format!("{{\\v {}}}", escaped(s)))),
    ("rtf/hidden_by_style.rtf", |s| {
        let styles = "{\\stylesheet{\\s0 Normal;}{\\*\\cs15 \\additive \\v Unseen;}{\\*\\cs16 \\sbasedon15 Heir;}}";
        document(&format!("{styles}x{{\\cs16 {}}}", escaped(s)))
    }),
    ("rtf/hidden_by_the_style_of_a_paragraph.rtf", |s| {
        document(&format!("{{\\stylesheet{{\\s7\\v Unseen;}}}}\\pard x\\par\\pard\\s7 {}\\par\\pard y", escaped(s)))
    }),
    ("rtf/shown_in_a_hidden_style.rtf", |s| {
        document(&format!("{{\\stylesheet{{\\s7\\v Unseen;}}}}\\pard\\s7\\v0 {}\\par", escaped(s)))
    }),
    ("rtf/white_on_white.rtf", |s| {
        document(&format!("{{\\colortbl;\\red0\\green0\\blue0;\\red255\\green255\\blue255;}}x{{\\cf2 {}}}", escaped(s)))
    }),
    ("rtf/white_on_blue.rtf", |s| {
        let colours = "{\\colortbl;\\red0\\green0\\blue99;\\red255\\green255\\blue255;}";
        document(&format!("{colours}x{{\\cf2\\chcbpat1 {}}}", escaped(s)))
    }),
    ("rtf/letters_of_a_point.rtf", |s| document(&format!("x{{\\fs2 {}}}", escaped(s)))),
    ("rtf/deleted.rtf", |s| document(&format!("{{\\deleted\\revauthdel0 {}}}", escaped(s)))),
    ("rtf/header.rtf", |s| document(&format!("{{\\header {}\\par}}", escaped(s)))),
    ("rtf/footer.rtf", |s| document(&format!("{{\\footer {}\\par}}", escaped(s)))),
    ("rtf/footnote.rtf", |s| document(&format!("a{{\\footnote {}}}", escaped(s)))),
    ("rtf/annotation.rtf", |s| document(&format!("a{{\\*\\annotation {}}}", escaped(s)))),
    ("rtf/annotation_author.rtf", |s| document(&format!("a{{\\*\\atnauthor {}}}", escaped(s)))),
    ("rtf/title.rtf", |s| document(&format!("{{\\info{{\\title {}}}}}", escaped(s)))),
    ("rtf/user_property.rtf", |s| {
        document(&format!("{{\\*\\userprops{{\\propname n}}\\proptype30{{\\staticval {}}}}}", escaped(s)))
    }),
    ("rtf/document_variable.rtf", |s| document(&format!("{{\\*\\docvar {{n}}{{{}}}}}", escaped(s)))),
    ("rtf/field_instruction.rtf", |s| {
        document(&format!("{{\\field{{\\*\\fldinst HYPERLINK \"{}\"}}{{\\fldrslt x}}}}", escaped(s)))
    }),
    ("rtf/field_result.rtf", |s| document(&format!("{{\\field{{\\*\\fldinst AUTHOR}}{{\\fldrslt {}}}}}", escaped(s)))),
    ("rtf/bookmark.rtf", |s| document(&format!("{{\\*\\bkmkstart {}}}x{{\\*\\bkmkend b}}", escaped(s)))),
    ("rtf/table_cell.rtf", |s| document(&format!("\\trowd\\cellx1000\\cellx2000 a\\cell {}\\cell\\row", escaped(s)))),
    ("rtf/shape_text.rtf", |s| document(&format!("{{\\shp{{\\*\\shpinst{{\\shptxt {}\\par}}}}}}", escaped(s)))),
    ("rtf/shape_property.rtf", |s| {
        document(&format!("{{\\shp{{\\*\\shpinst{{\\sp{{\\sn wzDescription}}{{\\sv {}}}}}}}}}", escaped(s)))
    }),
    ("rtf/destination_of_nobody.rtf", |s| document(&format!("{{\\*\\sekishotest {}}}", escaped(s)))),
    ("rtf/data_store.rtf", |s| {
        document(&format!("{{\\*\\datastore {}}}", hex(format!("<c><n>{s}</n></c>").as_bytes())))
    }),
    ("rtf/embedded_package.rtf", |s| document(&object("Package", &ole::package("a.txt", &cp932(s))))),
    ("rtf/embedded_workbook.rtf", |s| {
        let book = Package::workbook().edit("xl/sharedStrings.xml", "種別", s).build();
        document(&object("Excel.Sheet.12", &book))
    }),
    ("rtf/binary_run.rtf", |s| {
        let bytes = s.as_bytes();
        [format!("{{\\rtf1\\ansi a{{\\*\\blob\\bin{} ", bytes.len()).as_bytes(), bytes, b"}b\\par}"].concat()
    }),
    ("rtf/behind_the_last_brace.rtf", |s| [&document("x")[..], b"\r\n", &cp932(s)].concat()),
    ("rtf/group_never_closed.rtf", |s| format!("{{\\rtf1\\ansi\\ansicpg932 {{\\b {}", escaped(s)).into_bytes()),
];

/// The end of groups in `document` may not be mistaken for that of a format string.
fn document(body: &str) -> Vec<u8> {
    ["{\\rtf1\\ansi\\ansicpg932\\deff0{\\fonttbl{\\f0\\fnil\\fcharset128 Yu Gothic;}}\\f0\\fs21 ", body, "\\par\r\n}"]
        .concat()
        .into_bytes()
}

/// Text as Word writes it outside of Unicode.
pub(crate) fn escaped(text: &str) -> String {
    let escape = |c: char| {
        if c.is_ascii() {
            c.to_string()
        } else {
            cp932(&c.to_string()).iter().map(|byte| format!("\\'{byte:02x}")).collect()
        }
    };
    text.chars().map(escape).collect()
}

fn unicode(text: &str) -> String {
    text.encode_utf16().map(|unit| format!("\\u{}?", unit.cast_signed())).collect()
}

/// An object as `\objdata` has it: the header of OLE 1.0 with its class, and the bytes.
fn object(class: &str, bytes: &[u8]) -> String {
    let length = |n: usize| u32::try_from(n).unwrap().to_le_bytes();
    let header = [
        &b"\x01\x05\0\0\x02\0\0\0"[..],
        &length(class.len() + 1),
        class.as_bytes(),
        b"\0",
        &[0; 8],
        &length(bytes.len()),
        bytes,
    ]
    .concat();
    format!("{{\\object\\objemb{{\\*\\objclass {class}}}{{\\*\\objdata {}}}{{\\result x}}}}", hex(&header))
}
