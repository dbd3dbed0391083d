//! Mails: every encoding, every branch of the tree, everything that clients hide.
//!
//! In: a secret. Out: a mail with it in one place. Deliberately absent: Outlook's own formats (`outlook`).

use super::{Maker, archive, base64, cp932, euc, jis, wide, wide_be, zipped};

pub(crate) const CASES: &[Maker] = &[
    ("mail/body_utf8.eml", |s| text("charset=utf-8", "8bit", s.as_bytes())),
    ("mail/body_jis.eml", |s| text("charset=iso-2022-jp", "7bit", &jis(s))),
    ("mail/body_jis_without_label.eml", |s| text("", "7bit", &jis(s))),
    ("mail/body_jis_called_utf8.eml", |s| text("charset=utf-8", "7bit", &jis(s))),
    ("mail/body_sjis.eml", |s| text("charset=shift_jis", "8bit", &cp932(s))),
    ("mail/body_sjis_without_label.eml", |s| {
        text("", "8bit", &cp932(&format!("お世話になっております。{s} の件です。")))
    }),
    ("mail/body_euc.eml", |s| text("charset=euc-jp", "8bit", &euc(s))),
    ("mail/body_utf8_called_ascii.eml", |s| text("charset=us-ascii", "8bit", s.as_bytes())),
    ("mail/body_utf16.eml", |s| text("charset=utf-16le", "base64", base64(&wide(s)).as_bytes())),
    ("mail/body_utf16_with_mark.eml", |s| {
        text("charset=utf-16", "base64", base64(&[vec![0xfe, 0xff], wide_be(s)].concat()).as_bytes())
    }),
    ("mail/body_utf7.eml", |s| {
        let words: String =
            s.split(' ').map(|word| format!("+{}- ", data_encoding::BASE64_NOPAD.encode(&wide_be(word)))).collect();
        text("charset=utf-7", "7bit", words.as_bytes())
    }),
    ("mail/body_base64.eml", |s| text("charset=utf-8", "base64", base64(s.as_bytes()).as_bytes())),
    ("mail/body_quoted_printable.eml", |s| {
        text("charset=utf-8", "quoted-printable", quoted_printable(s.as_bytes()).as_bytes())
    }),
    ("mail/body_of_unknown_encoding.eml", |s| text("charset=utf-8", "x-unknown", s.as_bytes())),
    ("mail/body_uuencoded_attachment.eml", |s| {
        text("charset=utf-8", "8bit", format!("別送します。\r\n{}\r\n以上", uuencode(s.as_bytes())).as_bytes())
    }),
    ("mail/body_yenc_attachment.eml", |s| {
        let body =
            [&b"=ybegin line=128 size=999 name=a.txt\r\n"[..], &yenc(s.as_bytes()), b"\r\n=yend size=999\r\n"].concat();
        text("", "8bit", &body)
    }),
    ("mail/subject_encoded.eml", |s| header("Subject", &encoded_word("utf-8", s.as_bytes()))),
    ("mail/subject_jis.eml", |s| header("Subject", &encoded_word("iso-2022-jp", &jis(s)))),
    ("mail/subject_raw_sjis.eml", |s| {
        [b"From: a@example.jp\r\nTo: b@example.com\r\nSubject: "[..].to_vec(), cp932(s), b"\r\n\r\nx\r\n".to_vec()]
            .concat()
    }),
    ("mail/subject_cut_in_a_character.eml", |s| {
        let (first, rest) = s.as_bytes().split_at(16);
        header("Subject", &format!("{} {}", encoded_word("utf-8", first), encoded_word("utf-8", rest)))
    }),
    ("mail/display_name.eml", |s| header("Cc", &format!("{} <c@example.com>", encoded_word("utf-8", s.as_bytes())))),
    ("mail/comment_in_a_header.eml", |s| header("X-Address", &format!("c@example.com ({s})"))),
    ("mail/header_of_nobody.eml", |s| header("X-Memo", s)),
    ("mail/folded_header.eml", |s| header("X-Memo", &s.replace(' ', "\r\n "))),
    ("mail/comments_header.eml", |s| header("Comments", &encoded_word("utf-8", s.as_bytes()))),
    ("mail/attachment_name_2231.eml", |s| {
        let percent: String = format!("{s}.txt").bytes().map(|byte| format!("%{byte:02X}")).collect();
        mixed(&[("text/plain", &format!("Content-Disposition: attachment; filename*=utf-8''{percent}\r\n"), b"x")])
    }),
    ("mail/attachment_name_encoded_word.eml", |s| {
        mixed(&[(
            "text/plain",
            &format!(
                "Content-Disposition: attachment; filename=\"{}\"\r\n",
                encoded_word("utf-8", format!("{s}.txt").as_bytes())
            ),
            b"x",
        )])
    }),
    ("mail/part_description.eml", |s| {
        mixed(&[("text/plain", &format!("Content-Description: {}\r\n", encoded_word("utf-8", s.as_bytes())), b"x")])
    }),
    ("mail/parameter_of_nobody.eml", |s| mixed(&[(&format!("text/plain; memo=\"{s}\""), "", b"x")])),
    ("mail/text_attachment.eml", |s| {
        mixed(&[("text/plain; charset=shift_jis; name=a.txt", "Content-Disposition: attachment\r\n", &cp932(s))])
    }),
    ("mail/attachment_of_unknown_type.eml", |s| mixed(&[("application/x-sekisho", "", s.as_bytes())])),
    ("mail/zip_attachment.eml", |s| {
        let packed = base64(&zipped::archive(&[zipped::deflated("名簿.txt", s)]));
        mixed(&[("application/zip; name=a.zip", "Content-Transfer-Encoding: base64\r\n", packed.as_bytes())])
    }),
    ("mail/base64_without_padding.eml", |s| {
        text("charset=utf-8", "base64", base64(s.as_bytes()).trim_end().trim_end_matches('=').as_bytes())
    }),
    ("mail/base64_with_junk.eml", |s| {
        let junk: String = base64(s.as_bytes()).chars().flat_map(|c| [c, '!']).collect();
        text("charset=utf-8", "base64", junk.as_bytes())
    }),
    ("mail/base64_behind_its_padding.eml", |s| {
        text("charset=utf-8", "base64", format!("eA==\r\n{}", base64(s.as_bytes())).as_bytes())
    }),
    ("mail/html_body.eml", |s| html(&format!("<html><body><p>{s}</p></body></html>"))),
    ("mail/html_hidden.eml", |s| {
        html(&format!("<html><body><p>x</p><div style=\"display:none\">{s}</div></body></html>"))
    }),
];

pub(crate) const NESTED: &[Maker] = &[
    ("mail/alternative_first.eml", |s| alternative(s, "<p>x</p>")),
    ("mail/alternative_last.eml", |s| alternative("x", &format!("<p>{s}</p>"))),
    ("mail/alternative_calendar.eml", |s| {
        let calendar = format!(
            "BEGIN:VCALENDAR\r\nVERSION:2.0\r\nBEGIN:VEVENT\r\nUID:1\r\nSUMMARY:会議\r\nDESCRIPTION:{}\r\nEND:VEVENT\r\nEND:VCALENDAR\r\n",
            fold(s)
        );
        multipart(
            "alternative",
            &[
                &part("text/plain", "", b"x"),
                &part("text/calendar; charset=utf-8; method=REQUEST", "", calendar.as_bytes()),
            ],
        )
    }),
    ("mail/related.eml", |s| {
        multipart(
            "related",
            &[
                &part("text/html", "", b"<p>x</p>"),
                &part("text/plain; charset=utf-8", "Content-ID: <1@x>\r\n", s.as_bytes()),
            ],
        )
    }),
    ("mail/preamble.eml", |s| [&multipart_head("mixed")[..], s.as_bytes(), b"\r\n--b\r\n\r\nx\r\n--b--\r\n"].concat()),
    ("mail/epilogue.eml", |s| {
        [&multipart("mixed", &[&part("text/plain", "", b"x")])[..], s.as_bytes(), b"\r\n"].concat()
    }),
    ("mail/multipart_without_parts.eml", |s| [&multipart_head("mixed")[..], s.as_bytes(), b"\r\n"].concat()),
    ("mail/boundary_never_closed.eml", |s| {
        [&multipart_head("mixed")[..], b"--b\r\nContent-Type: text/plain; charset=utf-8\r\n\r\n", s.as_bytes()].concat()
    }),
    ("mail/part_headers_only.eml", |s| {
        [&multipart_head("mixed")[..], format!("--b\r\nX-Memo: {s}\r\n\r\n--b--\r\n").as_bytes()].concat()
    }),
    ("mail/boundary_twice.eml", |s| {
        let head = "From: a@example.jp\r\nTo: b@example.com\r\nSubject: x\r\nMIME-Version: 1.0\r\nContent-Type: multipart/mixed; boundary=\"a\"; boundary=\"b\"\r\n\r\n";
        format!("{head}--a\r\nContent-Type: text/plain; charset=utf-8\r\n\r\nx\r\n--a--\r\n--b\r\nContent-Type: text/plain; charset=utf-8\r\n\r\n{s}\r\n--b--\r\n").into_bytes()
    }),
    ("mail/content_type_twice.eml", |s| {
        let head = "From: a@example.jp\r\nTo: b@example.com\r\nSubject: x\r\nMIME-Version: 1.0\r\nContent-Type: text/plain\r\nContent-Type: multipart/mixed; boundary=\"b\"\r\n\r\n";
        format!("{head}--b\r\nContent-Type: text/plain; charset=utf-8\r\nContent-Transfer-Encoding: base64\r\n\r\n{}\r\n--b--\r\n", base64(s.as_bytes())).into_bytes()
    }),
    ("mail/mail_in_mail.eml", |s| multipart("mixed", &[&part("message/rfc822", "", &inner(s))])),
    ("mail/mail_in_mail_base64.eml", |s| {
        multipart(
            "mixed",
            &[&part("message/rfc822", "Content-Transfer-Encoding: base64\r\n", base64(&inner(s)).as_bytes())],
        )
    }),
    ("mail/mail_as_octets.eml", |s| {
        multipart(
            "mixed",
            &[&part(
                "application/octet-stream; name=a.eml",
                "Content-Transfer-Encoding: base64\r\n",
                base64(&inner(s)).as_bytes(),
            )],
        )
    }),
    ("mail/digest.eml", |s| multipart("digest", &[&[&b"\r\n"[..], &inner(s)].concat()])),
    ("mail/mail_in_mail_six_deep.eml", |s| {
        let mut mail = inner(s);
        for level in 0..6 {
            let outer = String::from_utf8(multipart("mixed", &[&part("message/rfc822", "", &mail)])).unwrap();
            mail =
                outer.replace("--b", &format!("--l{level}y")).replace("\"b\"", &format!("\"l{level}y\"")).into_bytes();
        }
        mail
    }),
    ("mail/partial.eml", |s| {
        multipart("mixed", &[&part("message/partial; id=\"x@y\"; number=1; total=2", "", &inner(s))])
    }),
    ("mail/external_body.eml", |s| {
        let body = format!("Content-Type: text/plain\r\nContent-ID: <1@x>\r\n\r\n{s}\r\n");
        multipart(
            "mixed",
            &[&part("message/external-body; access-type=URL; URL=\"https://example.jp/a\"", "", body.as_bytes())],
        )
    }),
    ("mail/delivery_status.eml", |s| {
        let status = format!(
            "Reporting-MTA: dns; example.jp\r\n\r\nFinal-Recipient: rfc822; a@example.jp\r\nAction: failed\r\nDiagnostic-Code: smtp; 550 {s}\r\n"
        );
        multipart("report", &[&part("text/plain", "", b"x"), &part("message/delivery-status", "", status.as_bytes())])
    }),
    ("mail/returned_headers.eml", |s| {
        multipart(
            "report",
            &[&part(
                "text/rfc822-headers",
                "",
                format!("From: a@example.jp\r\nSubject: {}\r\n", encoded_word("utf-8", s.as_bytes())).as_bytes(),
            )],
        )
    }),
    ("mail/signed_in_clear.eml", |s| {
        multipart(
            "signed",
            &[
                &part("text/plain; charset=utf-8", "", s.as_bytes()),
                &part("application/pkcs7-signature", "Content-Transfer-Encoding: base64\r\n", b"MAA=\r\n"),
            ],
        )
    }),
    ("mail/signed_opaque.eml", |s| {
        let signed = signed_data(format!("Content-Type: text/plain; charset=utf-8\r\n\r\n{s}\r\n").as_bytes());
        mixed(&[(
            "application/pkcs7-mime; smime-type=signed-data; name=smime.p7m",
            "Content-Transfer-Encoding: base64\r\n",
            base64(&signed).as_bytes(),
        )])
    }),
    ("mail/smime_encrypted.eml", |_| {
        let enveloped =
            [&b"\x30\x80\x06\x09\x2a\x86\x48\x86\xf7\x0d\x01\x07\x03\xa0\x80\x30\x80\x02\x01\x00"[..], &[0x5a; 90]]
                .concat();
        mixed(&[(
            "application/pkcs7-mime; smime-type=enveloped-data; name=smime.p7m",
            "Content-Transfer-Encoding: base64\r\n",
            base64(&enveloped).as_bytes(),
        )])
    }),
    ("mail/pgp_encrypted.eml", |_| {
        let armour = "-----BEGIN PGP MESSAGE-----\r\n\r\nhQEMA0t1c2FyaQf/ZHVtbXkgcGFja2V0IGRhdGEgZm9yIGEgdGVzdA==\r\n=abcd\r\n-----END PGP MESSAGE-----\r\n";
        multipart(
            "encrypted",
            &[
                &part("application/pgp-encrypted", "", b"Version: 1\r\n"),
                &part("application/octet-stream", "", armour.as_bytes()),
            ],
        )
    }),
    ("mail/pgp_in_the_text.eml", |_| {
        text("", "7bit", b"-----BEGIN PGP MESSAGE-----\r\n\r\nhQEMA0t1c2FyaQf/ZHVtbXkgcGFja2V0IGRhdGEgZm9yIGEgdGVzdA==\r\n=abcd\r\n-----END PGP MESSAGE-----\r\n")
    }),
    ("mail/pgp_signed_text.eml", |s| {
        let signed = format!(
            "-----BEGIN PGP SIGNED MESSAGE-----\r\nHash: SHA256\r\n\r\n{s}\r\n-----BEGIN PGP SIGNATURE-----\r\n\r\niQEz\r\n=abcd\r\n-----END PGP SIGNATURE-----\r\n"
        );
        text("charset=utf-8", "8bit", signed.as_bytes())
    }),
    ("mail/card.vcf", |s| {
        let (name, rest) = s.split_once(' ').unwrap_or((s, ""));
        format!("BEGIN:VCARD\r\nVERSION:3.0\r\nN:{name};;;;\r\nFN:{name} {}\r\nEND:VCARD\r\n", fold(rest)).into_bytes()
    }),
    ("mail/card_of_old_telephones.vcf", |s| {
        let text: String = cp932(s).iter().map(|byte| format!("={byte:02X}")).collect();
        format!(
            "BEGIN:VCARD\r\nVERSION:2.1\r\nNOTE;CHARSET=SHIFT_JIS;ENCODING=QUOTED-PRINTABLE:{}\r\nEND:VCARD\r\n",
            text.replacen("=20", "=20=\r\n", 1)
        )
        .into_bytes()
    }),
    ("mail/calendar.ics", |s| {
        format!("BEGIN:VCALENDAR\r\nVERSION:2.0\r\nBEGIN:VEVENT\r\nATTENDEE;CN=\"{s}\":mailto:t@example.jp\r\nEND:VEVENT\r\nEND:VCALENDAR\r\n").into_bytes()
    }),
    ("mail/second_mail_of_a_box.mbox", |s| {
        let second = String::from_utf8(inner(s)).unwrap();
        format!("From a@example.jp Thu Jan  1 00:00:00 2026\nFrom: a@example.jp\nTo: b@example.jp\nSubject: x\n\nx\n\nFrom a@example.jp Thu Jan  1 00:00:00 2026\n{}\n", second.replace("\r\n", "\n")).into_bytes()
    }),
    ("mail/password_in_the_body.eml", |s| {
        let locked = archive::zip_crypto("名簿.txt", s.as_bytes(), "Himitsu2026");
        let body = part("text/plain; charset=utf-8", "", "添付のパスワードは Himitsu2026 です。".as_bytes());
        let attached =
            part("application/zip; name=a.zip", "Content-Transfer-Encoding: base64\r\n", base64(&locked).as_bytes());
        multipart("mixed", &[&body, &attached])
    }),
];

const HEAD: &str = "From: a@example.jp\r\nTo: b@example.com\r\nSubject: x\r\nMIME-Version: 1.0\r\n";

fn text(parameter: &str, encoding: &str, body: &[u8]) -> Vec<u8> {
    let kind = if parameter.is_empty() { "text/plain".to_owned() } else { format!("text/plain; {parameter}") };
    [format!("{HEAD}Content-Type: {kind}\r\nContent-Transfer-Encoding: {encoding}\r\n\r\n").as_bytes(), body, b"\r\n"]
        .concat()
}

fn html(page: &str) -> Vec<u8> {
    format!("{HEAD}Content-Type: text/html; charset=utf-8\r\n\r\n{page}\r\n").into_bytes()
}

fn header(name: &str, value: &str) -> Vec<u8> {
    format!("From: a@example.jp\r\nTo: b@example.com\r\n{name}: {value}\r\n\r\nx\r\n").into_bytes()
}

/// A part with its headers.
pub(crate) fn part(kind: &str, headers: &str, body: &[u8]) -> Vec<u8> {
    [format!("Content-Type: {kind}\r\n{headers}\r\n").as_bytes(), body].concat()
}

fn multipart_head(kind: &str) -> Vec<u8> {
    format!("{HEAD}Content-Type: multipart/{kind}; boundary=\"b\"\r\n\r\n").into_bytes()
}

/// A mail of these parts.
pub(crate) fn multipart(kind: &str, parts: &[&[u8]]) -> Vec<u8> {
    let mut mail = multipart_head(kind);
    for part in parts {
        mail.extend_from_slice(b"--b\r\n");
        mail.extend_from_slice(part);
        mail.extend_from_slice(b"\r\n");
    }
    mail.extend_from_slice(b"--b--\r\n");
    mail
}

fn mixed(parts: &[(&str, &str, &[u8])]) -> Vec<u8> {
    let parts: Vec<Vec<u8>> = parts.iter().map(|(kind, headers, body)| part(kind, headers, body)).collect();
    multipart("mixed", &parts.iter().map(Vec::as_slice).collect::<Vec<_>>())
}

fn alternative(plain: &str, html: &str) -> Vec<u8> {
    multipart(
        "alternative",
        &[
            &part("text/plain; charset=utf-8", "", plain.as_bytes()),
            &part("text/html; charset=utf-8", "", html.as_bytes()),
        ],
    )
}

fn inner(text: &str) -> Vec<u8> {
    format!("From: c@example.jp\r\nTo: d@example.com\r\nSubject: inner\r\nContent-Type: text/plain; charset=utf-8\r\n\r\n{text}\r\n").into_bytes()
}

fn encoded_word(charset: &str, bytes: &[u8]) -> String {
    format!("=?{charset}?B?{}?=", data_encoding::BASE64.encode(bytes))
}

fn quoted_printable(bytes: &[u8]) -> String {
    let coded: Vec<String> = bytes.iter().map(|byte| format!("={byte:02X}")).collect();
    coded.chunks(20).map(|line| line.concat()).collect::<Vec<_>>().join("=\r\n")
}

fn uuencode(bytes: &[u8]) -> String {
    let sixes = |three: &[u8]| {
        let at = |index: usize| u32::from(three.get(index).copied().unwrap_or(0));
        let all = at(0) << 16 | at(1) << 8 | at(2);
        [18, 12, 6, 0]
            .map(|shift| char::from(u8::try_from(all >> shift & 0x3f).unwrap() + 0x20))
            .map(|c| if c == ' ' { '`' } else { c })
    };
    let lines: String = bytes
        .chunks(45)
        .map(|line| {
            let length = char::from(u8::try_from(line.len()).unwrap() + 0x20);
            format!("{length}{}\r\n", line.chunks(3).flat_map(sixes).collect::<String>())
        })
        .collect();
    format!("begin 644 a.txt\r\n{lines}`\r\nend\r\n")
}

fn yenc(bytes: &[u8]) -> Vec<u8> {
    let coded = |&byte: &u8| {
        let shifted = byte.wrapping_add(42);
        if matches!(shifted, 0 | b'\r' | b'\n' | b'=') { vec![b'=', shifted.wrapping_add(64)] } else { vec![shifted] }
    };
    bytes.iter().flat_map(coded).collect()
}

/// A long line as calendars and cards fold it.
fn fold(text: &str) -> String {
    text.replacen(' ', " \r\n ", 1)
}

/// A signed message of PKCS #7 without certificates: the signature is empty, the content is whole.
fn signed_data(content: &[u8]) -> Vec<u8> {
    let sequence = |tag: u8, inside: &[u8]| {
        let length = inside.len();
        let length = if length < 128 {
            vec![u8::try_from(length).unwrap()]
        } else {
            [&[0x82][..], &u16::try_from(length).unwrap().to_be_bytes()].concat()
        };
        [&[tag][..], &length, inside].concat()
    };
    let data = b"\x06\x09\x2a\x86\x48\x86\xf7\x0d\x01\x07\x01";
    let signed = b"\x06\x09\x2a\x86\x48\x86\xf7\x0d\x01\x07\x02";
    let content = sequence(0x30, &[&data[..], &sequence(0xa0, &sequence(0x04, content))].concat());
    let body = sequence(0x30, &[&b"\x02\x01\x01\x31\x00"[..], &content, b"\x31\x00"].concat());
    sequence(0x30, &[&signed[..], &sequence(0xa0, &body)].concat())
}
