//! Text in every charset, and formats that are text: CSV, JSON, XML, old tables.
//!
//! In: a secret. Out: a file with it in one place. Deliberately absent: mails and pages.

use super::{Maker, cp932, euc, jis, wide, wide_be};

pub(crate) const CASES: &[Maker] = &[
    ("text/utf8.txt", |s| line(s).into_bytes()),
    ("text/utf8_with_mark.txt", |s| format!("\u{feff}{}", line(s)).into_bytes()),
    ("text/shift_jis.txt", |s| cp932(&line(s))),
    ("text/euc.txt", |s| euc(&line(s))),
    ("text/iso_2022_jp.txt", |s| jis(&line(s))),
    ("text/utf16_least_first.txt", |s| [vec![0xff, 0xfe], wide(&line(s))].concat()),
    ("text/utf16_most_first.txt", |s| [vec![0xfe, 0xff], wide_be(&line(s))].concat()),
    ("text/utf16_without_mark.txt", |s| wide(&line(s))),
    ("text/utf32.txt", |s| {
        [vec![0xff, 0xfe, 0, 0], line(s).chars().flat_map(|c| u32::from(c).to_le_bytes()).collect()].concat()
    }),
    ("text/two_charsets.txt", |s| [line("前半").repeat(5).into_bytes(), cp932(&line(s))].concat()),
    ("text/behind_a_nul.txt", |s| format!("前半\n\0\0\0\0{}", line(s)).into_bytes()),
    ("text/table.csv", |s| format!("番号,氏名,備考\r\n1,{s},なし\r\n2,x,なし\r\n").into_bytes()),
    ("text/table_in_shift_jis.csv", |s| cp932(&format!("番号,氏名,備考\r\n1,\"{s}\",なし\r\n2,x,なし\r\n"))),
    ("text/table_in_utf16_with_tabs.csv", |s| {
        [vec![0xff, 0xfe], wide(&format!("番号\t氏名\t備考\r\n1\t{s}\tなし\r\n2\tx\tなし\r\n"))].concat()
    }),
    ("text/quote_never_closed.csv", |s| format!("番号,氏名,備考\r\n1,\"{s},なし\r\n2,x,なし\r\n").into_bytes()),
    ("text/value.json", |s| format!("{{\"番号\": 1, \"氏名\": \"{s}\"}}\n").into_bytes()),
    ("text/key.json", |s| format!("{{\"{s}\": 1}}\n").into_bytes()),
    ("text/escaped.json", |s| {
        let escaped: String = s
            .encode_utf16()
            .map(|unit| {
                if unit < 0x80 { char::from(u8::try_from(unit).unwrap()).to_string() } else { format!("\\u{unit:04x}") }
            })
            .collect();
        format!("{{\"氏名\": \"{escaped}\"}}\n").into_bytes()
    }),
    ("text/element.xml", |s| format!("<?xml version=\"1.0\"?><c><n>{s}</n></c>").into_bytes()),
    ("text/attribute.xml", |s| format!("<?xml version=\"1.0\"?><c n=\"{s}\"/>").into_bytes()),
    ("text/comment.xml", |s| format!("<?xml version=\"1.0\"?><c/><!-- {s} -->").into_bytes()),
    ("text/entity.xml", |s| {
        format!("<?xml version=\"1.0\"?><!DOCTYPE c [<!ENTITY n \"{s}\">]><c>&n;</c>").into_bytes()
    }),
    ("text/broken_in_the_middle.xml", |s| format!("<?xml version=\"1.0\"?><c><a></b><n>{s}</n></c>").into_bytes()),
    ("text/spreadsheet_of_2003.xml", |s| {
        format!(
            "<?xml version=\"1.0\"?><?mso-application progid=\"Excel.Sheet\"?><Workbook xmlns=\"urn:schemas-microsoft-com:office:spreadsheet\" \
             xmlns:ss=\"urn:schemas-microsoft-com:office:spreadsheet\"><Worksheet ss:Name=\"顧客\"><Table><Row><Cell><Data ss:Type=\"String\">{s}</Data>\
             </Cell></Row></Table></Worksheet></Workbook>"
        )
        .into_bytes()
    }),
    ("text/symbolic_link.slk", |s| cp932(&format!("ID;PWXL;N;E\r\nC;Y1;X1;K\"{s}\"\r\nE\r\n"))),
    ("text/data_interchange.dif", |s| {
        cp932(&format!(
            "TABLE\r\n0,1\r\n\"EXCEL\"\r\nDATA\r\n0,0\r\n\"\"\r\n-1,0\r\nBOT\r\n1,0\r\n\"{s}\"\r\n-1,0\r\nEOD\r\n"
        ))
    }),
    ("text/drawing.svg", |s| {
        format!("<svg xmlns=\"http://www.w3.org/2000/svg\"><text x=\"1\" y=\"9\">{s}</text></svg>").into_bytes()
    }),
    ("text/drawing_description.svg", |s| {
        format!("<svg xmlns=\"http://www.w3.org/2000/svg\"><desc>{s}</desc></svg>").into_bytes()
    }),
];

fn line(text: &str) -> String {
    format!("お世話になっております。\n{text}\n以上です。\n")
}
