//! What people write in TOML files, and how they are told where it is wrong.
//!
//! In: a file's text and a byte offset, a misspelt word, a size or a duration. Out: `file:line:column`, "did you mean …",
//! the number that was meant.
//! Deliberately absent: the meaning of any key; and everything else of the crate, so that every room may use this.

use std::time::Duration;

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

/// What serde says about a TOML file, on one line and with a way to mend it.
pub fn mended(message: &str) -> String {
    let message = one_line(message);
    let mut quoted = message.split('`').skip(1).step_by(2);
    let (Some(written), known) = (quoted.next(), quoted.collect::<Vec<_>>()) else {
        return format!("{message}; mend the TOML here");
    };
    if message.starts_with("missing field") {
        return format!("{message}; add it");
    }
    if message.starts_with("unknown") {
        return format!("{message}{}; write one that is known", did_you_mean(written, known));
    }
    format!("{message}; mend the TOML here")
}

/// `50 MiB` → bytes.
///
/// # Errors
/// It is no size; and how to write one.
pub fn size(text: &str) -> Result<u64, String> {
    let wrong = || format!("`{text}` is no size; write a whole number and KiB, MiB or GiB, as in \"50 MiB\"");
    let (number, unit) = number_and_unit(text).ok_or_else(wrong)?;
    let factor: u64 = match unit {
        "KiB" => 1 << 10,
        "MiB" => 1 << 20,
        "GiB" => 1 << 30,
        _ => return Err(wrong()),
    };
    number.checked_mul(factor).ok_or_else(|| format!("`{text}` is larger than any mail; write a smaller size"))
}

/// `10m` → duration.
///
/// # Errors
/// It is no duration; and how to write one.
pub fn duration(text: &str) -> Result<Duration, String> {
    let wrong = || format!("`{text}` is no duration; write a whole number and s, m, h or d, as in \"10m\"");
    let (number, unit) = number_and_unit(text).ok_or_else(wrong)?;
    let factor = match unit {
        "s" => 1,
        "m" => 60,
        "h" => 3_600,
        "d" => 86_400,
        _ => return Err(wrong()),
    };
    let seconds = number.checked_mul(factor).ok_or_else(|| format!("`{text}` is longer than time; write less"))?;
    Ok(Duration::from_secs(seconds))
}

fn number_and_unit(text: &str) -> Option<(u64, &str)> {
    let digits = text.len() - text.trim_start_matches(|c: char| c.is_ascii_digit()).len();
    let (number, unit) = text.split_at_checked(digits)?;
    Some((number.parse().ok()?, unit.trim_start_matches(' ')))
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

    #[test]
    fn serde_messages_say_how_to_mend() {
        assert_eq!(
            mended("unknown field `direktion`, expected `direction` or `issues`\n"),
            "unknown field `direktion`, expected `direction` or `issues` (did you mean `direction`?); write one that is known"
        );
        assert_eq!(mended("missing field `id`"), "missing field `id`; add it");
        assert_eq!(mended("invalid type"), "invalid type; mend the TOML here");
    }

    #[test]
    fn sizes_and_durations() {
        assert_eq!(size("50 MiB"), Ok(50 << 20));
        assert_eq!(size("64KiB"), Ok(64 << 10));
        for wrong in ["50", "50 MB", "MiB", "", "-1 MiB", "1.5 GiB", "99999999999999 GiB", "５０ MiB"] {
            assert!(size(wrong).is_err(), "{wrong}");
        }
        assert_eq!(duration("10d"), Ok(Duration::from_secs(864_000)));
        assert_eq!(duration("60s"), Ok(Duration::from_secs(60)));
        for wrong in ["60", "1h30m", "ten minutes", "", "s", "99999999999999999999d", "999999999999999999d"] {
            assert!(duration(wrong).is_err(), "{wrong}");
        }
    }
}
