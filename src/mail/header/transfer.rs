//! What is written in ASCII letters → the bytes that it stands for.
//!
//! In: base64, quoted-printable, `%XX`. Out: bytes, never an error: what is no escape stays as it is, and what does not
//! belong is passed over. Deliberately absent: charsets.

/// Base64 that survives what happens to it on the way: anything outside the alphabet is passed over, padding in the
/// middle starts a new run (two encoded blocks joined).
pub(crate) fn base64(text: &[u8]) -> Vec<u8> {
    let mut bytes = Vec::with_capacity(text.len() / 4 * 3 + 3);
    let (mut bits, mut count) = (0u32, 0u32);
    let mut rest = text;
    loop {
        if count == 0 {
            rest = whole_groups(rest, &mut bytes);
        }
        let Some((&c, after)) = rest.split_first() else { return bytes };
        rest = after;
        match SEXTETS[usize::from(c)] {
            PADDING => (bits, count) = (0, 0),
            FOREIGN => {}
            value => {
                bits = (bits << 6 | u32::from(value)) & 0xffff;
                count += 6;
                if count >= 8 {
                    count -= 8;
                    // The mask keeps exactly the eight bits that are complete.
                    bytes.push((bits >> count & 0xff) as u8);
                }
            }
        }
    }
}

/// Decodes groups of four characters that are all in the alphabet, which is nearly all of a file; gives the rest.
fn whole_groups<'a>(mut text: &'a [u8], bytes: &mut Vec<u8>) -> &'a [u8] {
    while let Some((group, after)) = text.split_first_chunk::<4>() {
        let [a, b, c, d] = group.map(|c| SEXTETS[usize::from(c)]);
        if a | b | c | d >= PADDING {
            break;
        }
        let [_, triple @ ..] =
            (u32::from(a) << 18 | u32::from(b) << 12 | u32::from(c) << 6 | u32::from(d)).to_be_bytes();
        bytes.extend_from_slice(&triple);
        text = after;
    }
    text
}

/// What every byte means in base64: its value below 64, [`PADDING`], or nothing ([`FOREIGN`]). The alphabet of URLs
/// counts as well.
const SEXTETS: [u8; 256] = {
    let alphabet = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    let mut sextets = [FOREIGN; 256];
    let mut value = 0;
    while value < 64 {
        sextets[alphabet[value as usize] as usize] = value;
        value += 1;
    }
    sextets[b'-' as usize] = 62;
    sextets[b'_' as usize] = 63;
    sextets[b'=' as usize] = PADDING;
    sextets
};
const PADDING: u8 = 64;
const FOREIGN: u8 = 128;

/// Quoted-printable (RFC 2045 §6.7); with `header`, an underscore is a space (RFC 2047 §4.2). What is no escape stays
/// as it is.
pub(crate) fn quoted_printable(text: &[u8], header: bool) -> Vec<u8> {
    let mut bytes = Vec::with_capacity(text.len());
    let mut rest = text;
    loop {
        let plain = if header { memchr::memchr2(b'=', b'_', rest) } else { memchr::memchr(b'=', rest) };
        let (plain, special) = rest.split_at(plain.unwrap_or(rest.len()));
        bytes.extend_from_slice(plain);
        let Some((&c, after)) = special.split_first() else { return bytes };
        rest = after;
        if c == b'_' {
            bytes.push(b' ');
        } else if let Some(byte) = hex_pair(after) {
            bytes.push(byte);
            rest = after.get(2..).unwrap_or_default();
        } else if let Some(after) = soft_break(after) {
            rest = after;
        } else {
            bytes.push(c);
        }
    }
}

/// Behind an equals sign: white space and a line end, which together mean nothing.
fn soft_break(after: &[u8]) -> Option<&[u8]> {
    let blank = after.iter().position(|c| !matches!(c, b' ' | b'\t' | b'\r')).unwrap_or(after.len());
    match after.get(blank..) {
        Some([b'\n', rest @ ..]) => Some(rest),
        Some([]) => Some(&[]),
        _ => None,
    }
}

fn hex_pair(text: &[u8]) -> Option<u8> {
    let digit = |c: &u8| char::from(*c).to_digit(16);
    let (high, low) = (digit(text.first()?)?, digit(text.get(1)?)?);
    u8::try_from(high << 4 | low).ok()
}

/// `%XX` as the byte it stands for.
pub(crate) fn percent_decoded(text: &str) -> Vec<u8> {
    let mut bytes = Vec::with_capacity(text.len());
    let mut rest = text.as_bytes();
    while let Some((&c, after)) = rest.split_first() {
        match hex_pair(after) {
            Some(byte) if c == b'%' => {
                bytes.push(byte);
                rest = after.get(2..).unwrap_or_default();
            }
            _ => {
                bytes.push(c);
                rest = after;
            }
        }
    }
    bytes
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn transfer_encodings_survive_damage() {
        assert_eq!(base64(b"5Lu2\r\n!5ZCN"), "件名".as_bytes());
        assert_eq!(base64(b"5Lu25A==5Lu2"), [b"\xe4\xbb\xb6\xe4".as_slice(), "件".as_bytes()].concat());
        // Wherever a group of four is cut by a line end, and in the alphabet of URLs.
        let text = "顧客の山田花子様".as_bytes();
        let encoded = b"6aGn5a6i44Gu5bGx55Sw6Iqx5a2Q5qeY";
        for cut in 0..encoded.len() {
            let (first, second) = encoded.split_at(cut);
            assert_eq!(base64(&[first, b"\r\n", second].concat()), text, "cut at {cut}");
        }
        assert_eq!(base64(b"-_-_+/+/"), base64(b"+/+/-_-_"));
        assert_eq!(quoted_printable(b"a=\r\nb=3Dc=\t \nd=zz=", false), b"ab=cd=zz");
        assert_eq!(quoted_printable(b"a_b=3D_", true), b"a b= ");
        assert_eq!(quoted_printable(b"a_b=", false), b"a_b");
    }
}
