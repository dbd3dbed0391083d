//! Embedded objects as OLE 1 wrote them (MS-OLEDS 2.2.4), in RTF.
//!
//! In: the object's bytes. Out: the names in its header as text, the file inside as a part, and the picture that stands
//! for it in the page as an entry of its own. Deliberately absent: links, which hold nothing but names.

use crate::inspect::Reason;
use crate::inspect::extract::compound::u32_at;
use crate::inspect::extract::ole;
use crate::inspect::extract::reading::{Part, Reading};
use crate::inspect::extract::sniff::{self, Format};
use crate::inspect::extract::sweep;
use crate::mail::charset;

/// Reads an object: a header with the names of class and file, and the file.
pub(crate) fn read(reading: &mut Reading<'_>, part: &Part<'_>) {
    let Some((names, content)) = object(part.bytes) else {
        return read_unknown(reading, part);
    };
    reading.text(part.place, &names.join("\n"));
    let native = part.bytes.get(content.clone()).unwrap_or_default();
    if names.first().is_some_and(|class| class == "Package") {
        ole::read_packaged(reading, &Part { bytes: native, ..*part });
    } else {
        read_unknown(reading, &Part { bytes: native, ..*part });
    }
    // Behind it stands the picture that the page shows.
    let rest = part.bytes.get(content.end..).unwrap_or_default();
    if rest.iter().any(|&c| c != 0) && rest.len() > 12 {
        let place = part.place.inside("presentation");
        if is_metafile(rest) {
            reading.unread(&place, Reason::Image);
        } else {
            read_unknown(reading, &Part { bytes: rest, place: &place, ..*part });
        }
    }
}

/// The names in the header, and where the data is.
fn object(bytes: &[u8]) -> Option<(Vec<String>, std::ops::Range<usize>)> {
    // Version, then whether it is a link (1) or the thing itself (2).
    if !matches!(u32_at(bytes, 4)?, 1 | 2) {
        return None;
    }
    let mut at = 8usize;
    let mut names = Vec::new();
    for _ in 0..3 {
        let length = usize::try_from(u32_at(bytes, at)?).ok()?;
        at = at.checked_add(4)?;
        let name = bytes.get(at..at.checked_add(length)?)?;
        at += length;
        names.push(charset::decode(name, None).trim_end_matches('\0').to_owned());
    }
    if u32_at(bytes, 4)? == 1 {
        return Some((names, at..at));
    }
    let length = usize::try_from(u32_at(bytes, at)?).ok()?;
    at = at.checked_add(4)?;
    Some((names, at..at.saturating_add(length).min(bytes.len())))
}

/// The presentation of an object is a metafile, under a header of the same form.
fn is_metafile(bytes: &[u8]) -> bool {
    let name = bytes.get(12..).unwrap_or_default();
    name.starts_with(b"METAFILEPICT") || name.starts_with(b"DIB") || name.starts_with(b"BITMAP")
}

/// A stretch of bytes: as what it looks like, or searched.
fn read_unknown(reading: &mut Reading<'_>, part: &Part<'_>) {
    match sniff::format(part.bytes, part.hint) {
        Format::Other(..) | Format::Text => sweep::read(reading, part),
        _ => {
            reading.read(part);
        }
    }
}
