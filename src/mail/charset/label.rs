//! Names of charsets, as mailers write them.
//!
//! In: a declared name. Out: what it stands for. encoding_rs knows the names of the web; Japanese mailers write others.
//! Deliberately absent: whether the name tells the truth (`charset`).

use encoding_rs::{EUC_JP, Encoding, ISO_2022_JP, SHIFT_JIS, UTF_8, UTF_16BE, UTF_16LE};

use super::Charset;

/// What a declared charset name stands for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Label {
    Known(&'static Encoding),
    Jis,
    Utf7,
    /// UTF-16; the byte order shows.
    Utf16,
    Utf32,
    /// Nothing declared, a name nobody knows, or one that says nothing about 8-bit bytes.
    Unknown,
}

impl Label {
    /// What this name stands for.
    pub(crate) fn of(name: &str) -> Self {
        let name = name.trim().trim_matches(['"', '\'']).to_ascii_lowercase();
        // RFC 2231 §5 allows a language behind an asterisk.
        let name = name.split('*').next().unwrap_or_default();
        match name {
            "cp932" | "x-ms-cp932" | "ms-932" | "windows-932" | "cp943" | "cp943c" | "ibm-943" | "ibm943"
            | "x-sjis-cp932" | "shiftjis" | "shift_jisx0213" | "shift_jis-2004" | "sjis-win" => Self::Known(SHIFT_JIS),
            "eucjp-ms" | "eucjpms" | "cp51932" | "x-eucjp" | "euc_jp" | "eucjp" | "eucjp-win" | "euc-jisx0213"
            | "euc-jis-2004" => Self::Known(EUC_JP),
            "iso-2022-jp-ms"
            | "cp50220"
            | "cp50221"
            | "cp50222"
            | "x-windows-50221"
            | "x-windows-iso2022jp"
            | "iso-2022-jp-1"
            | "iso-2022-jp-2"
            | "iso-2022-jp-3"
            | "iso-2022-jp-2004"
            | "iso2022jp"
            | "jis" => Self::Jis,
            "utf-7" | "utf7" | "unicode-1-1-utf-7" | "x-unicode-2-0-utf-7" => Self::Utf7,
            "utf-16" | "utf16" | "utf-16le" | "utf-16be" | "ucs-2" | "iso-10646-ucs-2" => Self::Utf16,
            "utf-32" | "utf32" | "utf-32le" | "utf-32be" | "ucs-4" | "iso-10646-ucs-4" => Self::Utf32,
            "utf8mb4" | "utf_8" => Self::Known(UTF_8),
            // encoding_rs takes us-ascii for windows-1252, but a mailer that writes it claims nothing about 8-bit bytes.
            "us-ascii" | "ascii" | "ansi_x3.4-1968" => Self::Unknown,
            _ => match Encoding::for_label(name.as_bytes()) {
                Some(encoding) if encoding == ISO_2022_JP => Self::Jis,
                Some(encoding) if encoding == encoding_rs::REPLACEMENT => Self::Unknown,
                Some(encoding) if encoding == UTF_16LE || encoding == UTF_16BE => Self::Utf16,
                Some(encoding) => Self::Known(encoding),
                None => Self::Unknown,
            },
        }
    }

    /// Whether a text that was read in `charset` is what this label says.
    pub(crate) fn means(self, charset: Charset) -> bool {
        match (self, charset) {
            (Self::Known(encoding), Charset::Of(read)) => encoding == read,
            (Self::Jis, Charset::Jis) | (Self::Utf7, Charset::Utf7) | (Self::Utf32, Charset::Utf32) => true,
            (Self::Utf16, Charset::Of(read)) => read == UTF_16LE || read == UTF_16BE,
            _ => false,
        }
    }
}
