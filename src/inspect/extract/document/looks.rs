//! Values of OpenDocument styles that decide whether text is seen.
//!
//! In: values of attributes. Out: whether a colour is white, paints anything, or a size is no larger than a dot.
//! Deliberately absent: which text has them.

/// What is at least so light in all its parts is white.
const WHITE: u8 = 240;

/// Whether letters in this colour are not seen on paper.
pub(crate) fn is_white(colour: &str) -> bool {
    let number = colour.strip_prefix('#').filter(|digits| digits.len() == 6);
    let number = number.and_then(|digits| u32::from_str_radix(digits, 16).ok());
    number.is_some_and(|number| number.to_be_bytes().into_iter().skip(1).all(|part| part >= WHITE))
}

/// Whether a background is more than paper.
pub(crate) fn is_painted(colour: &str) -> bool {
    colour != "transparent" && !is_white(colour)
}

/// Whether letters of this size are dots.
pub(crate) fn is_tiny(size: &str) -> bool {
    size.strip_suffix("pt").and_then(|size| size.trim().parse::<f64>().ok()).is_some_and(|size| size <= 1.0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn white_is_not_seen_and_dots_are_not_read() {
        assert!(is_white("#ffffff") && is_white("#FEFDF0") && !is_white("#ffff00") && !is_white("ffffff"));
        assert!(!is_painted("#ffffff") && !is_painted("transparent") && is_painted("#003366"));
        assert!(is_tiny("1pt") && is_tiny("0.5pt") && !is_tiny("10pt") && !is_tiny("100%") && !is_tiny("1cm"));
    }
}
