//! What people write in TOML files, and how they are told where it is wrong.
//!
//! In: a file's text and a byte offset or a misspelt word. Out: `file:line:column` and "did you mean …".
//! Deliberately absent: the meaning of any key; and everything else of the crate, so that every room may use this.

/// `name:line:column` of the byte `offset` in `text`; both count from 1, columns count characters.
pub fn place(name: &str, text: &str, offset: usize) -> String {
    let before = text.get(..offset.min(text.len())).unwrap_or(text);
    let line = before.matches('\n').count() + 1;
    let column = before.rsplit('\n').next().unwrap_or_default().chars().count() + 1;
    format!("{name}:{line}:{column}")
}

/// `; did you mean …?` if one of `known` is close to `written`, else nothing.
pub fn did_you_mean<'a>(written: &str, known: impl IntoIterator<Item = &'a str>) -> String {
    let near = known
        .into_iter()
        .map(|word| (strsim::damerau_levenshtein(written, word), word))
        .filter(|(distance, word)| *distance <= 1 + word.chars().count() / 4)
        .min_by_key(|(distance, _)| *distance);
    near.map(|(_, word)| format!(" (did you mean `{word}`?)")).unwrap_or_default()
}

/// A parser's message on one line.
pub fn one_line(message: &str) -> String {
    message.lines().map(str::trim).filter(|line| !line.is_empty()).collect::<Vec<_>>().join("; ")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn places_count_from_one_and_in_characters() {
        let text = "a = 1\n名前 = \"関所\" x\n";
        assert_eq!(place("f", text, 0), "f:1:1");
        assert_eq!(place("f", text, text.find('x').unwrap()), "f:2:11");
        assert_eq!(place("f", text, 9_999), "f:3:1");
    }

    #[test]
    fn suggests_only_what_is_near() {
        assert_eq!(did_you_mean("lissten", ["listen", "hosts"]), " (did you mean `listen`?)");
        assert_eq!(did_you_mean("colour", ["listen", "hosts"]), "");
    }
}
