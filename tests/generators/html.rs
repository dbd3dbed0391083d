//! Pages: what a reader sees, and every way of writing it where no reader looks.
//!
//! In: a secret. Out: a page with it in one place. Deliberately absent: pages inside mails (`mail`).

use super::{Maker, cp932, euc, wide};

pub(crate) const CASES: &[Maker] = &[
    ("html/paragraph.html", |s| page(&format!("<p>{s}</p>"))),
    ("html/split_by_tags.html", |s| page(&s.chars().map(|c| format!("<b>{c}</b><i></i>")).collect::<String>())),
    ("html/split_by_comments.html", |s| page(&s.chars().map(|c| format!("{c}<!-- -->")).collect::<String>())),
    ("html/split_by_invisible_characters.html", |s| {
        page(&s.chars().map(|c| format!("{c}&#8203;&shy;")).collect::<String>())
    }),
    ("html/entities.html", |s| page(&s.chars().map(|c| format!("&#{};", u32::from(c))).collect::<String>())),
    ("html/display_none.html", |s| page(&format!("<p>x</p><div style='display:none'>{s}</div>"))),
    ("html/visibility_hidden.html", |s| page(&format!("<p>x</p><span style='visibility: hidden'>{s}</span>"))),
    ("html/font_size_zero.html", |s| page(&format!("<p>x</p><span style='font-size:0'>{s}</span>"))),
    ("html/hidden_attribute.html", |s| page(&format!("<p>x</p><p hidden>{s}</p>"))),
    ("html/comment.html", |s| page(&format!("<p>x</p><!-- {s} -->"))),
    ("html/conditional_comment.html", |s| page(&format!("<p>x</p><!--[if mso]><p>{s}</p><![endif]-->"))),
    ("html/attribute_alt.html", |s| page(&format!("<img src=a.png alt='{s}'>"))),
    ("html/attribute_title.html", |s| page(&format!("<p title=\"{s}\">x</p>"))),
    ("html/attribute_of_data.html", |s| page(&format!("<p data-memo=\"{s}\">x</p>"))),
    ("html/attribute_of_nobody.html", |s| page(&format!("<p q=\"{s}\">x</p>"))),
    ("html/input_value.html", |s| page(&format!("<form><input type=hidden value='{s}'></form>"))),
    ("html/link.html", |s| page(&format!("<a href='https://example.jp/?q={s}'>x</a>"))),
    ("html/link_percent_encoded.html", |s| {
        let percent: String = s.bytes().map(|byte| format!("%{byte:02X}")).collect();
        page(&format!("<a href='https://example.jp/?q={percent}'>x</a>"))
    }),
    ("html/script.html", |s| page(&format!("<script>var memo = '{s}';</script>"))),
    ("html/style.html", |s| page(&format!("<style>p:after {{ content: '{s}' }}</style><p>x</p>"))),
    ("html/template.html", |s| page(&format!("<template><p>{s}</p></template>"))),
    ("html/no_script.html", |s| page(&format!("<noscript>{s}</noscript>"))),
    ("html/text_area.html", |s| page(&format!("<textarea>{s}</textarea>"))),
    ("html/title.html", |s| format!("<html><head><title>{s}</title></head><body>x</body></html>").into_bytes()),
    ("html/meta.html", |s| {
        format!("<html><head><meta name=description content=\"{s}\"></head><body>x</body></html>").into_bytes()
    }),
    ("html/table_cell.html", |s| page(&format!("<table><tr><th>氏名</th></tr><tr><td>{s}</td></tr></table>"))),
    ("html/ruby.html", |s| {
        let (name, rest) = s.split_once(' ').unwrap_or((s, ""));
        page(&format!("<p><ruby>{name}<rt>るび</rt></ruby> {rest}</p>"))
    }),
    ("html/drawing.html", |s| page(&format!("<svg><text x=1 y=1>{s}</text></svg>"))),
    ("html/data_address.html", |s| {
        page(&format!(
            "<iframe src='data:text/plain;charset=utf-8;base64,{}'></iframe>",
            data_encoding::BASE64.encode(s.as_bytes())
        ))
    }),
    ("html/never_closed.html", |s| format!("<html><body><div><p>{s}").into_bytes()),
    ("html/tag_never_closed.html", |s| format!("<html><body><p>x</p><p title=\"{s}").into_bytes()),
    ("html/behind_the_page.html", |s| [page("<p>x</p>"), s.as_bytes().to_vec()].concat()),
    ("html/declaration.html", |s| page(&format!("<p>x</p><![CDATA[ {s} ]]>"))),
    ("html/shift_jis.html", |s| {
        cp932(&format!("<html><head><meta charset=Shift_JIS></head><body><p>{s}</p></body></html>"))
    }),
    ("html/euc.html", |s| {
        euc(&format!(
            "<html><head><meta http-equiv=Content-Type content='text/html; charset=EUC-JP'></head><body>{s}</body></html>"
        ))
    }),
    ("html/utf16.html", |s| [vec![0xff, 0xfe], wide(&format!("<html><body><p>{s}</p></body></html>"))].concat()),
];

fn page(body: &str) -> Vec<u8> {
    format!("<!DOCTYPE html><html><head><meta charset=utf-8></head><body>{body}</body></html>").into_bytes()
}
