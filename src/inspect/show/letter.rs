//! A mail's text as a mail program shows it, made harmless.
//!
//! In: the parts that a mail program would choose ([`View`]). Out: a [`Letter`]: HTML that can do nothing, or plain text.
//! HTML is cleaned by ammonia with a list of what may stay; pictures that come with the mail are written into it. The page
//! that shows it shuts it into a frame without scripts, forms and network, so this is one bolt of two.
//! Deliberately absent: addresses that lead anywhere (no link works, nothing is loaded from elsewhere), style sheets of the
//! mail (a style attribute counts, so that what is hidden by a sheet is seen here), and its attachments.

use std::{
    borrow::Cow,
    collections::{HashMap, HashSet},
    sync::{
        Arc,
        atomic::{AtomicU32, AtomicUsize, Ordering},
    },
};

use serde::{Deserialize, Serialize};

use crate::inspect::extract::{Text, View};

/// More of one text is not shown.
const LONGEST: usize = 512 << 10;

/// So many bytes of pictures are shown.
const PICTURES: usize = 4 << 20;

/// Pictures that cannot do anything; an SVG can.
const KINDS: [&str; 4] = ["image/png", "image/jpeg", "image/gif", "image/webp"];

/// What a style attribute may say: nothing that loads, and nothing that lays one thing over another.
const STYLES: [&str; 44] = [
    "background-color",
    "border",
    "border-bottom",
    "border-collapse",
    "border-color",
    "border-left",
    "border-right",
    "border-spacing",
    "border-style",
    "border-top",
    "border-width",
    "color",
    "direction",
    "display",
    "font",
    "font-family",
    "font-size",
    "font-style",
    "font-variant",
    "font-weight",
    "height",
    "letter-spacing",
    "line-height",
    "margin",
    "margin-bottom",
    "margin-left",
    "margin-right",
    "margin-top",
    "max-height",
    "max-width",
    "min-width",
    "padding",
    "padding-bottom",
    "padding-left",
    "padding-right",
    "padding-top",
    "text-align",
    "text-decoration",
    "text-indent",
    "vertical-align",
    "visibility",
    "white-space",
    "width",
    "word-break",
];

/// What may stay of the mark-up beside what ammonia lets stay.
const ATTRIBUTES: [&str; 12] = [
    "align",
    "bgcolor",
    "border",
    "cellpadding",
    "cellspacing",
    "color",
    "dir",
    "face",
    "height",
    "style",
    "valign",
    "width",
];

/// A mail as its recipients would see it.
#[derive(Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct Letter {
    /// Its texts in order.
    pub bodies: Vec<Body>,
    /// How many pictures and other things would have been loaded from elsewhere.
    pub remote: u32,
    /// Whether something was too long to be shown whole.
    pub cut: bool,
}

/// One text.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
pub enum Body {
    /// Plain.
    Plain(String),
    /// HTML that can do nothing.
    Html(String),
}

impl Letter {
    /// What of `view` may be shown.
    pub(super) fn of(view: View) -> Self {
        let View { texts, pictures, cut } = view;
        let mut letter = Self { cut, ..Self::default() };
        let pictures = Arc::new(Pictures { all: pictures, room: AtomicUsize::new(PICTURES) });
        for text in texts {
            let (body, whole) = match text {
                Text::Plain(text) => {
                    let (text, whole) = shortened(text);
                    (Body::Plain(text), whole)
                }
                Text::Html(html) => {
                    let (html, whole) = shortened(html);
                    let (html, remote) = clean(&html, &pictures);
                    letter.remote = letter.remote.saturating_add(remote);
                    (Body::Html(html), whole)
                }
            };
            letter.cut |= !whole;
            letter.bodies.push(body);
        }
        letter
    }
}

/// The beginning of a text, and whether that is all of it.
fn shortened(mut text: String) -> (String, bool) {
    let whole = text.len() <= LONGEST;
    text.truncate(text.floor_char_boundary(LONGEST));
    (text, whole)
}

/// The pictures of a mail by their ids, and how many bytes of them may still be shown.
struct Pictures {
    all: HashMap<String, (String, Vec<u8>)>,
    room: AtomicUsize,
}

/// HTML with nothing in it but what may be shown, and how many things it would have loaded.
fn clean(html: &str, pictures: &Arc<Pictures>) -> (String, u32) {
    let (remote, pictures) = (Arc::new(AtomicU32::new(0)), Arc::clone(pictures));
    let counted = Arc::clone(&remote);
    let mut builder = ammonia::Builder::default();
    builder
        .add_tags(["font", "big", "tt", "u", "strike"])
        .add_generic_attributes(ATTRIBUTES)
        .filter_style_properties(HashSet::from(STYLES))
        .link_rel(None)
        .url_schemes(HashSet::from(["cid", "http", "https"]))
        .attribute_filter(move |element, attribute, value| match (element, attribute) {
            ("img", "src") => {
                let picture = value.get(..4).filter(|scheme| scheme.eq_ignore_ascii_case("cid:"));
                match picture.and(value.get(4..)) {
                    Some(name) => pictures.address(name).map(Cow::Owned),
                    None => {
                        counted.fetch_add(1, Ordering::Relaxed);
                        None
                    }
                }
            }
            // No address leads anywhere.
            (_, "href" | "src" | "cite" | "action" | "background") => None,
            _ => Some(Cow::Borrowed(value)),
        });
    let html = builder.clean(html).to_string();
    (html, remote.load(Ordering::Relaxed))
}

impl Pictures {
    /// A picture, as an address that holds it whole.
    fn address(&self, name: &str) -> Option<String> {
        let (kind, bytes) = self.all.get(name)?;
        let kind = KINDS.into_iter().find(|known| known == kind)?;
        let left = self.room.load(Ordering::Relaxed).checked_sub(bytes.len())?;
        self.room.store(left, Ordering::Relaxed);
        Some(format!("data:{kind};base64,{}", data_encoding::BASE64.encode(bytes)))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::inspect::extract::view;

    fn html(html: &str) -> (String, u32) {
        let mail = format!("Subject: x\r\nContent-Type: text/html; charset=utf-8\r\n\r\n{html}");
        let Letter { bodies, remote, .. } = Letter::of(view(mail.as_bytes()));
        match bodies.into_iter().next() {
            Some(Body::Html(html)) => (html, remote),
            _ => (String::new(), remote),
        }
    }

    #[test]
    fn nothing_that_does_something_stays() {
        for hostile in [
            "<script>alert(1)</script>",
            "<img src=x onerror=alert(1)>",
            "<img src=\"https://evil.example/pixel.png\">",
            "<form action=https://evil.example><input name=a><button>go</button></form>",
            "<meta http-equiv=refresh content=\"0;url=https://evil.example\">",
            "<base href=https://evil.example><a href=/x>x</a>",
            "<a href=\"javascript:alert(1)\">x</a>",
            "<a href=\"https://evil.example\" target=_top>x</a>",
            "<iframe src=https://evil.example></iframe>",
            "<iframe srcdoc=\"<script>alert(1)</script>\"></iframe>",
            "</iframe><script>alert(1)</script>",
            "\"></iframe><script>alert(1)</script>",
            "<object data=https://evil.example></object><embed src=https://evil.example>",
            "<svg onload=alert(1)><script>alert(1)</script><image href=https://evil.example /></svg>",
            "<math><mtext><table><mglyph><style><img src=x onerror=alert(1)></style></mglyph></table></mtext></math>",
            "<style>@import url(https://evil.example/a.css); body{background:url(https://evil.example)}</style>",
            "<div style=\"background:url(https://evil.example/x)\">x</div>",
            "<div style=\"background-image:url(https://evil.example/x)\">x</div>",
            "<div style=\"position:fixed;top:0;left:0\">x</div>",
            "<table background=https://evil.example><tr><td>x</td></tr></table>",
            "<link rel=stylesheet href=https://evil.example>",
            "<video src=https://evil.example poster=https://evil.example></video><audio src=https://evil.example>",
            "<noscript><p title=\"</noscript><img src=x onerror=alert(1)>\"></noscript>",
            "<img src=\"data:image/svg+xml,<svg onload=alert(1)>\">",
            "<img srcset=\"https://evil.example 1x\">",
            "<textarea></textarea><select><option></select><dialog open>x</dialog>",
            "<template><script>alert(1)</script></template>",
            "<!--><script>alert(1)</script>-->",
        ] {
            let (cleaned, _) = html(hostile);
            for tag in tags(&cleaned) {
                let name = tag.trim_start_matches('/').split([' ', '\t', '\n']).next().unwrap_or_default();
                for forbidden in [
                    "script", "iframe", "form", "input", "button", "meta", "base", "object", "embed", "svg", "math",
                    "style", "link", "video", "audio", "textarea", "select", "dialog", "template", "!--", "noscript",
                ] {
                    assert_ne!(name, forbidden, "{hostile} leaves {cleaned}");
                }
                for mark in [
                    "onerror",
                    "onload",
                    "evil.example",
                    "javascript",
                    "url(",
                    "position",
                    "data:",
                    "srcset",
                    "srcdoc",
                    "href",
                    "target=",
                ] {
                    assert!(!tag.contains(mark), "{hostile} leaves {cleaned}");
                }
            }
        }
    }

    /// What stands between `<` and `>`, without titles, which only tell something.
    fn tags(html: &str) -> Vec<String> {
        let mut rest = html.to_lowercase();
        while let Some((before, after)) = rest.split_once(" title=\"") {
            rest = before.to_owned() + after.split_once('"').map_or("", |(_, behind)| behind);
        }
        rest.split('<').skip(1).map(|tag| tag.split('>').next().unwrap_or_default().to_owned()).collect()
    }

    #[test]
    fn what_would_be_loaded_is_counted_and_how_it_looks_is_kept() {
        let (cleaned, remote) = html(
            "<table width=600><tr><td bgcolor=\"#ffeeee\" style=\"color:red;background:url(x)\"><b>見積</b></td></tr></table>\
             <img src=https://a.example/1.png><img src=http://a.example/2.png alt=logo>",
        );
        assert_eq!(remote, 2);
        for kept in ["<table width=\"600\">", "bgcolor=\"#ffeeee\"", "color:red", "<b>見積</b>", "alt=\"logo\""] {
            assert!(cleaned.contains(kept), "{kept} in {cleaned}");
        }
    }

    #[test]
    fn pictures_of_the_mail_are_in_it_and_an_svg_is_not() {
        let mail = "Content-Type: multipart/related; boundary=b\r\n\r\n--b\r\nContent-Type: text/html\r\n\r\n\
                    <img src=\"cid:logo@x\"><img src=\"CID:evil@x\"><img src=\"cid:none\">\r\n--b\r\nContent-Type: \
                    image/png; name=a.png\r\nContent-ID: <logo@x>\r\nContent-Transfer-Encoding: base64\r\n\r\n\
                    iVBORw0KGgo=\r\n--b\r\nContent-Type: image/svg+xml\r\nContent-ID: <evil@x>\r\n\r\n\
                    <svg onload=alert(1)>\r\n--b--\r\n";
        let letter = Letter::of(view(mail.as_bytes()));
        let [Body::Html(html)] = &letter.bodies[..] else { panic!("one body") };
        assert_eq!(html.matches("src=").count(), 1, "{html}");
        assert!(html.contains("src=\"data:image/png;base64,iVBORw0KGgo=\""), "{html}");
        assert_eq!(letter.remote, 0);
    }

    #[test]
    fn a_text_that_is_too_long_is_cut_and_says_so() {
        let mail = format!("Content-Type: text/plain; charset=utf-8\r\n\r\n{}", "あ".repeat(LONGEST));
        let letter = Letter::of(view(mail.as_bytes()));
        let [Body::Plain(text)] = &letter.bodies[..] else { panic!("one body") };
        assert!(letter.cut && text.len() <= LONGEST);
    }

    #[test]
    fn deep_html_costs_no_fault() {
        let deep = "<div><b>".repeat(5_000);
        let (cleaned, _) = html(&deep);
        assert!(!cleaned.is_empty());
    }
}
