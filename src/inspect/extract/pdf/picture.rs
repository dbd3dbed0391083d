//! Pictures in a document → parts of their own, in a form that readers of pictures know.
//!
//! In: a picture as a page draws it. Out: its JPEG or JPEG 2000 file as it stands, anything else as a PNG, for whoever
//! reads pictures; small ones (rules, bullets, logos) are named together. Deliberately absent: what is seen in them;
//! colours in the way a press needs them.

use std::io::Write as _;
use std::panic::{AssertUnwindSafe, catch_unwind};

use flate2::write::ZlibEncoder;
use flate2::{Compression, Crc};
use hayro_syntax::object::stream::ImageDecodeParams;
use hayro_syntax::object::{Array, Dict, Name, Object, Stream, String as Bytes};

use super::filter;
use super::walk::Picture;
use crate::inspect::extract::reading::{Part, Reading};
use crate::inspect::{Place, Reason};

/// A picture of fewer pixels is no page and no photograph of one.
const SIZEABLE: u64 = 60_000;

/// More than this is not unpacked: 64 million pixels are a poster.
const PIXELS: u64 = 64 << 20;

/// Whether somebody may read something in it.
pub(super) fn is_sizeable(picture: &Picture<'_>) -> bool {
    picture.pixels >= SIZEABLE
}

/// Reads a picture as a part.
pub(super) fn read(reading: &mut Reading<'_>, part: &Part<'_>, place: &Place, picture: &Picture<'_>) {
    if !reading.take_entry() {
        return reading.unread(place, Reason::Limit);
    }
    let Some(stream) = picture.stream.as_ref().filter(|_| picture.pixels <= PIXELS) else {
        return reading.unread(place, Reason::Image);
    };
    let most = reading.allowance();
    // Decoders of pictures are the likeliest to die.
    let Ok(file) = catch_unwind(AssertUnwindSafe(|| file(stream, most))) else {
        return reading.unread(place, Reason::Crashed);
    };
    match file {
        Some(bytes) if reading.charge(bytes.len() as u64) => {
            reading.read(&part.inside(&bytes, place));
        }
        _ => reading.unread(place, Reason::Image),
    }
}

/// A picture as a file.
fn file(stream: &Stream<'_>, most: u64) -> Option<Vec<u8>> {
    let unpacked = filter::unpack(stream, most);
    match unpacked.left.as_deref() {
        Some("DCTDecode" | "DCT" | "JPXDecode") => Some(unpacked.bytes.into_owned()),
        Some("CCITTFaxDecode" | "CCF" | "JBIG2Decode") => fax(stream),
        Some(_) => None,
        None => plain(stream.dict(), &unpacked.bytes),
    }
}

/// A picture of a fax machine or a scanner, in black and white.
fn fax(stream: &Stream<'_>) -> Option<Vec<u8>> {
    let (width, height) = sides(stream.dict())?;
    let params = ImageDecodeParams { width, height, ..ImageDecodeParams::default() };
    let decoded = stream.decoded_image(&params).ok()?;
    let data = decoded.image_data?;
    if data.bits_per_component != 8 {
        return None;
    }
    // One bit a pixel again: a page of a scanner has eight million.
    let packed = |row: &[u8]| -> Vec<u8> {
        row.chunks(8)
            .map(|eight| (0..8).fold(0, |bits, at| bits << 1 | eight.get(at).copied().unwrap_or(255) >> 7))
            .collect()
    };
    let rows: Vec<u8> = decoded.data.chunks(usize::try_from(data.width).ok()?.max(1)).flat_map(packed).collect();
    png(data.width, data.height, 0, 1, &rows)
}

fn plain(dict: &Dict<'_>, bytes: &[u8]) -> Option<Vec<u8>> {
    let (width, height) = sides(dict)?;
    if dict.get::<bool>("ImageMask") == Some(true) {
        return png(width, height, 0, 1, bytes);
    }
    let bits = dict.get::<i32>("BitsPerComponent").and_then(|bits| u8::try_from(bits).ok())?;
    match (space(dict)?, bits) {
        (Space::Inks(1), 1 | 2 | 4 | 8) => png(width, height, 0, bits, bytes),
        (Space::Inks(3), 8) => png(width, height, 2, 8, bytes),
        (Space::Inks(4), 8) => {
            let light = |pixel: &[u8]| {
                let ink = |at: usize| u16::from(pixel.get(at).copied().unwrap_or_default());
                [0, 1, 2].map(|at| 255 - u8::try_from((ink(at) + ink(3)).min(255)).unwrap_or(255))
            };
            let rgb: Vec<u8> = bytes.chunks_exact(4).flat_map(light).collect();
            png(width, height, 2, 8, &rgb)
        }
        (Space::Palette(palette), 8) => {
            let colour = |&index: &u8| {
                let at = usize::from(index) * 3;
                [at, at + 1, at + 2].map(|at| palette.get(at).copied().unwrap_or_default())
            };
            let rgb: Vec<u8> = bytes.iter().flat_map(colour).collect();
            png(width, height, 2, 8, &rgb)
        }
        // Shades by the order of the palette: mostly right, always readable.
        (Space::Palette(_), 1 | 2 | 4) => png(width, height, 0, bits, bytes),
        _ => None,
    }
}

fn sides(dict: &Dict<'_>) -> Option<(u32, u32)> {
    let side = |key: &str| dict.get::<i32>(key).and_then(|side| u32::try_from(side).ok()).filter(|side| *side > 0);
    Some((side("Width")?, side("Height")?))
}

/// How pixels are written.
enum Space {
    Inks(u8),
    /// Three bytes a colour.
    Palette(Vec<u8>),
}

fn space(dict: &Dict<'_>) -> Option<Space> {
    match dict.get::<Object<'_>>("ColorSpace")? {
        Object::Name(name) => inks(name.as_str()).map(Space::Inks),
        Object::Array(list) => {
            let mut entries = list.iter::<Object<'_>>();
            let family = entries.next()?.into_name()?;
            match family.as_str() {
                "ICCBased" => {
                    let profile = entries.next()?.into_stream()?;
                    profile.dict().get::<i32>("N").and_then(|n| u8::try_from(n).ok()).map(Space::Inks)
                }
                "Indexed" => {
                    let base = match entries.next()? {
                        Object::Name(name) => inks(name.as_str())?,
                        Object::Array(base) => calibrated(&base)?,
                        _ => return None,
                    };
                    let table = match entries.nth(1)? {
                        Object::String(table) => Bytes::as_bytes(&table).to_vec(),
                        Object::Stream(table) => filter::unpack(&table, 1 << 16).bytes.into_owned(),
                        _ => return None,
                    };
                    (base == 3).then_some(Space::Palette(table))
                }
                _ => calibrated(&list).map(Space::Inks),
            }
        }
        _ => None,
    }
}

fn inks(name: &str) -> Option<u8> {
    match name {
        "DeviceGray" | "G" | "CalGray" | "Separation" => Some(1),
        "DeviceRGB" | "RGB" | "CalRGB" => Some(3),
        "DeviceCMYK" | "CMYK" => Some(4),
        _ => None,
    }
}

fn calibrated(list: &Array<'_>) -> Option<u8> {
    let mut entries = list.iter::<Object<'_>>();
    let name: Name<'_> = entries.next()?.into_name()?;
    if name.as_str() == "ICCBased" {
        let profile = entries.next()?.into_stream()?;
        return profile.dict().get::<i32>("N").and_then(|n| u8::try_from(n).ok());
    }
    inks(name.as_str())
}

/// Writes a PNG file; what is missing at the end of the picture is black.
fn png(width: u32, height: u32, colour: u8, bits: u8, pixels: &[u8]) -> Option<Vec<u8>> {
    let channels = if colour == 2 { 3 } else { 1 };
    let row = (usize::try_from(width).ok()? * channels * usize::from(bits)).div_ceil(8);
    // A picture that only claims its size costs nothing.
    if pixels.len() < row.saturating_mul(usize::try_from(height).ok()?) / 2 {
        return None;
    }
    let mut packer = ZlibEncoder::new(Vec::new(), Compression::fast());
    let mut rows = pixels.chunks(row);
    for _ in 0..height {
        let mut line = rows.next().unwrap_or_default().to_vec();
        line.resize(row, 0);
        packer.write_all(&[0]).and_then(|()| packer.write_all(&line)).ok()?;
    }
    let mut header = [width.to_be_bytes(), height.to_be_bytes()].concat();
    header.extend([bits, colour, 0, 0, 0]);
    let mut file = b"\x89PNG\r\n\x1a\n".to_vec();
    for (kind, data) in [(b"IHDR", header), (b"IDAT", packer.finish().ok()?), (b"IEND", Vec::new())] {
        file.extend(u32::try_from(data.len()).ok()?.to_be_bytes());
        let mut sum = Crc::new();
        sum.update(kind);
        sum.update(&data);
        file.extend_from_slice(kind);
        file.extend_from_slice(&data);
        file.extend(sum.sum().to_be_bytes());
    }
    Some(file)
}

#[cfg(test)]
mod tests {
    use hayro_syntax::object::FromBytes;

    use super::*;

    #[test]
    fn a_plain_picture_becomes_a_png() {
        let source = b"<</Subtype/Image/Width 2/Height 2/BitsPerComponent 8/ColorSpace/DeviceGray/Length 4>>stream\n\x00\x40\x80\xffendstream";
        let png = file(&Stream::from_bytes(source).unwrap(), 1000).unwrap();
        assert!(png.starts_with(b"\x89PNG\r\n\x1a\n\0\0\0\x0dIHDR\0\0\0\x02\0\0\0\x02\x08\0\0\0\0"));
        assert!(png.ends_with(b"\0\0\0\0IEND\xae\x42\x60\x82"));
    }

    #[test]
    fn a_jpeg_stays_as_it_is() {
        let source = b"<</Subtype/Image/Width 2/Height 2/Filter/DCTDecode/Length 4>>stream\n\xff\xd8\xff\xe0endstream";
        assert_eq!(file(&Stream::from_bytes(source).unwrap(), 1000).unwrap(), b"\xff\xd8\xff\xe0");
    }
}
