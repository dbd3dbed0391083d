//! A reply as a mail: whether a machine wrote it, and the text that its writer typed into.
//!
//! In: the reply. Out: its first text, decoded, HTML without mark-up and without what it quotes.
//! Deliberately absent: attachments; an answer is written, not attached.

use mail_parser::{
    Encoding, MessageParser, MessagePart, MimeHeaders, PartType,
    decoders::{base64::base64_decode, html::html_to_text, quoted_printable::quoted_printable_decode},
};

use crate::mail::{Message, charset, header};

/// More of a reply is not read: an answer stands in its first lines.
const LONGEST: usize = 64 * 1024;

/// Where the quoted original begins in the HTML of mail programs: Gmail, Outlook on the web, Outlook, Apple Mail,
/// Yahoo, Thunderbird.
const HTML_QUOTES: [&str; 10] = [
    "<blockquote",
    "class=\"gmail_quote",
    "class=gmail_quote",
    "id=\"appendonsend\"",
    "id=\"divrplyfwdmsg\"",
    "border-top:solid",
    "border-top: solid",
    "class=\"yahoo_quoted",
    "class=\"moz-cite-prefix",
    "<hr",
];

/// How the subjects of automatic replies begin, in lower case.
const AUTOMATIC_SUBJECTS: [&str; 20] = [
    "自動応答",
    "自動返信",
    "【自動応答",
    "【自動返信",
    "[自動応答",
    "[自動返信",
    "不在",
    "【不在",
    "automatic reply",
    "auto:",
    "out of office",
    "undeliverable:",
    "undelivered mail",
    "配信不能",
    "開封済み:",
    "開封済み：",
    "開封確認",
    "既読:",
    "read:",
    "not read:",
];

/// Whether a machine wrote it (RFC 3834 and what is used beside it).
pub(super) fn is_automatic(message: &Message) -> bool {
    let value = |name: &str| message.header(name).map(|header| header::decode(header.value).to_lowercase());
    let says = |name: &str, words: &[&str]| {
        value(name).is_some_and(|value| words.iter().any(|word| without_re(&value).starts_with(word)))
    };
    let marks = [
        "X-Autoreply",
        "X-Autorespond",
        "X-Auto-Reply",
        "X-Auto-Response-Suppress",
        "List-Id",
        "List-Unsubscribe",
        "X-Sekisho-Notice",
    ];
    let kind = value("Content-Type").unwrap_or_default();
    value("Auto-Submitted").is_some_and(|value| !value.is_empty() && !value.starts_with("no"))
        || marks.iter().any(|name| message.header(name).is_some())
        || says("Precedence", &["bulk", "auto_reply", "list", "junk"])
        || value("Return-Path").is_some_and(|path| path == "<>")
        || kind.starts_with("multipart/report")
        || says("Subject", &AUTOMATIC_SUBJECTS)
        || value("From").is_some_and(|from| from.contains("mailer-daemon@"))
}

/// A subject without the `Re:` of programs that put one before their own; ours all begin with a word in brackets.
fn without_re(value: &str) -> &str {
    let mut rest = value.trim_start();
    while let Some(tail) = ["re:", "fw:", "fwd:"].iter().find_map(|prefix| rest.strip_prefix(prefix)) {
        rest = tail.trim_start();
    }
    rest
}

/// The text that its writer typed into; empty if there is none.
pub(super) fn text(message: &Message) -> String {
    let raw = message.bytes();
    let Some(mail) = MessageParser::default().parse(raw) else { return String::new() };
    let typed = mail.parts.iter().find(|part| {
        matches!(part.body, PartType::Text(_) | PartType::Html(_)) && !is_attached(part) && is_shown(part)
    });
    let Some(part) = typed else { return String::new() };
    let text = decoded(part, raw);
    if matches!(part.body, PartType::Html(_)) { html_to_text(typed_html(&text)) } else { text }
}

fn is_attached(part: &MessagePart<'_>) -> bool {
    part.content_disposition().is_some_and(|disposition| disposition.is_attachment())
}

/// Whether it is one of the two kinds that people type into (`text/calendar` is text, too).
fn is_shown(part: &MessagePart<'_>) -> bool {
    part.content_type().is_none_or(|kind| {
        kind.ctype().eq_ignore_ascii_case("text")
            && kind.subtype().is_none_or(|kind| kind.eq_ignore_ascii_case("plain") || kind.eq_ignore_ascii_case("html"))
    })
}

/// The part's bytes without their transfer encoding, in our own charset decoding: mail-parser's own misreads much
/// Japanese mail.
fn decoded(part: &MessagePart<'_>, raw: &[u8]) -> String {
    let (from, to) = (part.offset_body as usize, part.offset_end as usize);
    let body = raw.get(from..to.min(raw.len())).unwrap_or_default();
    let body = body.get(..LONGEST).unwrap_or(body);
    let declared = part.content_type().and_then(|kind| kind.attribute("charset"));
    let bytes = match part.encoding {
        Encoding::None => None,
        Encoding::Base64 => base64_decode(body),
        Encoding::QuotedPrintable => quoted_printable_decode(body),
    };
    charset::decode(bytes.as_deref().unwrap_or(body), declared)
}

/// The HTML before what it quotes, without comments.
fn typed_html(html: &str) -> &str {
    let lower = html.to_ascii_lowercase();
    let quote = HTML_QUOTES.iter().filter_map(|mark| lower.find(mark)).min().unwrap_or(html.len());
    // Back to the start of the tag that the mark stands in; ASCII lower-casing keeps all offsets.
    let start = lower.get(..quote + 1).and_then(|head| head.rfind('<')).unwrap_or(quote).min(html.len());
    html.get(..start).unwrap_or_default()
}
