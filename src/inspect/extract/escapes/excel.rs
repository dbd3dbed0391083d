//! Characters in strings of Office Open XML (ECMA-376, ST_Xstring): `_x5C71_`, which Excel shows as the character.
//!
//! In: a text. Out: the same with the characters. Deliberately absent: control characters, which is what Excel writes so.

use memchr::memmem;

use super::Edit;

const BEGIN: &str = "_x";

/// `text` with such characters readable.
pub(super) fn readable(text: &str) -> Option<String> {
    const LENGTH: usize = "_x5C71_".len();
    let mut edit = Edit::of(text);
    for at in memmem::find_iter(text.as_bytes(), BEGIN) {
        let escape = text.get(at..at + LENGTH).filter(|escape| at >= edit.done && escape.ends_with('_'));
        let digits = escape.and_then(|escape| escape.get(2..6)).filter(|digits| !digits.starts_with('+'));
        let number = digits.and_then(|digits| u32::from_str_radix(digits, 16).ok());
        if let Some(c) = number.and_then(char::from_u32).filter(|c| !c.is_control()) {
            edit.replace(at..at + LENGTH, c.encode_utf8(&mut [0; 4]));
        }
    }
    edit.finish()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn characters_of_excel_become_readable() {
        assert_eq!(readable("a_x5C71__x7530_b").as_deref(), Some("a山田b"));
        // An underscore that would begin one is written like that itself.
        assert_eq!(readable("_x005F_x5C71_").as_deref(), Some("_x5C71_"));
        for text in ["", "_x", "line_x000D_", "my_x_and_y", "_xD842_", "_x+123_", "_x5C71"] {
            assert_eq!(readable(text), None, "{text}");
        }
    }
}
