//! Keys, tokens and passwords: is this one that opens something, or does it only stand for one?
//!
//! In: a candidate that looks like a provider's key, or the label before a secret. Out: the secret's range, and how sure
//! it is: a check sum holds, the characters look drawn by lot ([`Note::Plain`]); a sample from a manual, a name in a
//! program ([`Note::Faint`], or nothing). Which keys there are and how long stands in `secret.toml`. Deliberately absent:
//! asking a provider, and showing any part of a secret.

use std::ops::Range;

use data_encoding::{BASE64, BASE64_NOPAD, BASE64URL_NOPAD};

use super::{Note, Passed};

/// A key whose form is its provider's: what was drawn by lot looks so.
pub(super) fn token(text: &str, range: &Range<usize>) -> Option<Passed> {
    let value = text.get(range.clone())?;
    // A label before it (`api_key = "…"`) belongs to no key.
    let start = value.find([':', '=']).map_or(0, |label| {
        let rest = value.get(label + 1..).unwrap_or_default();
        value.len() - rest.trim_start_matches([' ', '\t', '"', '\'', '`', ':', '=', '>', '「']).len()
    });
    let start = if start < value.len() { start } else { 0 };
    let key = value.get(start..)?;
    // Behind a label a program may name another thing: `access_token = session.get_token`.
    let has = |is: fn(&u8) -> bool| key.as_bytes().iter().any(is);
    if start > 0 && (is_name(key) || !has(u8::is_ascii_digit) || !has(u8::is_ascii_alphabetic)) {
        return None;
    }
    let note = randomness(key)?;
    Some(Passed { range: range.start + start..range.end, doubt: false, note })
}

/// A key of GitHub's or npm's form: six digits of base 62 at its end are the CRC-32 of the thirty before them (GitHub,
/// Behind GitHub's new authentication token formats, 2021). One that fails is a sample or a slip.
pub(super) fn checksummed(text: &str, range: &Range<usize>) -> Option<Passed> {
    let value = text.get(range.clone())?;
    let body = value.rsplit_once('_').map_or(value, |(_, body)| body);
    let (random, sum) = body.split_at_checked(body.len().checked_sub(6)?)?;
    if value.starts_with("github_pat_") || random.len() != 30 {
        return token(text, range);
    }
    let note =
        if base62(crc32(random.as_bytes())) == sum { Note::Plain } else { randomness(random).map(|_| Note::Faint)? };
    Some(Passed { range: range.clone(), doubt: false, note })
}

/// A signed token: its first part is JSON that names an algorithm, its second a JSON object (RFC 7515, RFC 7519).
pub(super) fn jwt(text: &str, range: &Range<usize>) -> Option<Passed> {
    let mut parts = text.get(range.clone())?.split('.');
    let json = |part: Option<&str>| {
        let bytes = BASE64URL_NOPAD.decode(part?.trim_end_matches('=').as_bytes()).ok()?;
        serde_json::from_slice::<serde_json::Map<String, serde_json::Value>>(&bytes).ok()
    };
    let head = json(parts.next())?;
    // An encrypted one has its payload out of sight.
    let payload = if head.contains_key("enc") { None } else { Some(json(parts.next())?) };
    let says = |key: &str, value: &str| payload.as_ref().and_then(|p| p.get(key)).is_some_and(|found| found == value);
    // The sample of every manual.
    let sample = says("sub", "1234567890") || says("name", "John Doe") || says("iss", "joe");
    let note = if sample { Note::Faint } else { Note::Plain };
    head.get("alg").is_some_and(serde_json::Value::is_string).then(|| Passed {
        range: range.clone(),
        doubt: false,
        note,
    })
}

/// A bot token of Discord: its first part is the bot's number in base 64.
pub(super) fn discord(text: &str, range: &Range<usize>) -> Option<Passed> {
    let head = text.get(range.clone())?.split('.').next()?;
    let number = BASE64URL_NOPAD.decode(head.as_bytes()).or_else(|_| BASE64_NOPAD.decode(head.as_bytes())).ok()?;
    let numbered = (17..=20).contains(&number.len()) && number.iter().all(u8::is_ascii_digit);
    if numbered { token(text, range) } else { None }
}

/// The first line of a private key: with the key below it, it is one; without, it is a line of a program or a manual.
pub(super) fn private_key(text: &str, range: &Range<usize>) -> Option<Passed> {
    let below: String = text.get(range.end..)?.chars().take(600).collect();
    let key = |c: char| c.is_ascii_alphanumeric() || matches!(c, '+' | '/' | '=');
    // In a program's string the lines of a key end in `\n` as two characters.
    let below = below.replace("\\n", "\n").replace("\\r", "");
    let lines = below.split(|c: char| !key(c)).filter(|run| run.len() >= 24 && randomness(run) == Some(Note::Plain));
    let note = if lines.count() > 0 { Note::Plain } else { Note::Faint };
    Some(Passed { range: range.clone(), doubt: false, note })
}

/// An address or a list of settings with a password in it: `postgres://app:…@db/x`, `Server=db;…;Password=…`.
pub(super) fn connection_string(text: &str, range: &Range<usize>) -> Option<Passed> {
    let value = text.get(range.clone())?;
    let (user, password, host) = match value.split_once("://") {
        Some((_, rest)) if rest.contains('@') => {
            let (login, host) = rest.rsplit_once('@')?;
            let (user, password) = login.split_once(':')?;
            (user, password, host)
        }
        _ => {
            let lower = value.to_ascii_lowercase();
            let (at, label) = ["password=", "pwd=", "accountkey=", "accesskey="]
                .iter()
                .filter_map(|label| Some((lower.rfind(label)?, *label)))
                .max()?;
            ("", value.get(at + label.len()..)?, value)
        }
    };
    let password = password.split([';', '&', '"', '\'']).next().unwrap_or_default();
    if password.len() < 3 || is_placeholder(password) || password.eq_ignore_ascii_case(user) {
        return None;
    }
    let lower = host.to_ascii_lowercase();
    let near = ["localhost", "127.0.0.1", "0.0.0.0", "::1"].iter().any(|name| lower.contains(name));
    let note = match () {
        () if near => Note::Faint,
        () if is_secret(password) || (password.len() >= 20 && randomness(password) == Some(Note::Plain)) => Note::Plain,
        () => Note::Likely,
    };
    Some(Passed { range: range.clone(), doubt: false, note })
}

/// The secret after its label at `range`.
pub(super) fn password(text: &str, range: &Range<usize>) -> Option<Passed> {
    let value = text.get(range.clone())?;
    let label = value
        .char_indices()
        .find(|&(at, c)| matches!(c, ':' | '=') || value.get(at..).is_some_and(|v| v.starts_with('は')));
    let (at, mark) = label?;
    let rest = value.get(at + mark.len_utf8()..)?;
    // `password := …`, `パスワードは：…`, `"password": "…"`.
    let opening = |c: char| c.is_whitespace() || matches!(c, ':' | '=' | '「' | '『' | '【' | '"' | '\'' | '`');
    let secret = rest.trim_start_matches(opening);
    let start = range.end - secret.len();
    let closing = |c: char| !c.is_ascii_graphic() || matches!(c, '"' | '\'' | '`' | '<');
    let end = secret.find(closing).unwrap_or(secret.len());
    let secret = secret.get(..end)?.trim_end_matches([',', ';', '.', ')', ']']);
    let told = value.get(..at)?;
    let japanese = !told.is_ascii();
    // Digits alone are a password where the text says so in Japanese; in programs they are most often a number.
    let digits = if told.contains("暗証") { 4..=16 } else { 6..=16 };
    let holds = is_secret(secret) || (japanese && is_digits(secret, digits));
    holds.then(|| Passed::plain(start..start + secret.len()))
}

/// A cell under パスワード: a secret, or a PIN.
pub(super) fn is_password_cell(value: &str) -> bool {
    is_secret(value) || is_digits(value.strip_suffix(".0").unwrap_or(value), 4..=16)
}

fn is_digits(value: &str, length: std::ops::RangeInclusive<usize>) -> bool {
    length.contains(&value.len())
        && value.bytes().all(|b| b.is_ascii_digit())
        && value.bytes().any(|b| Some(&b) != value.as_bytes().first())
}

/// Whether `value` is a secret and no placeholder, no word and no piece of a program.
pub(super) fn is_secret(value: &str) -> bool {
    let value = value.trim_end_matches([',', ';', '.', ')', '"', '\'', '。']).trim_start_matches(['"', '\'']);
    let code =
        value.contains(|c: char| "()[]{}<>\"'`;,=|\\/".contains(c)) || value.contains("::") || value.contains("->");
    let stands_for = value.starts_with(['$', '%', '&', '*']) || value.starts_with("0x") || value.contains('@');
    let has = |is: fn(&char) -> bool| value.chars().any(|c| is(&c));
    let letters = has(char::is_ascii_alphabetic);
    let mixed = letters && has(char::is_ascii_digit)
        || has(char::is_ascii_lowercase)
            && has(char::is_ascii_uppercase)
            && value.contains(|c| "!#$%&*+?^~-".contains(c));
    let short = (6..=128).contains(&value.chars().count());
    short && mixed && !code && !stands_for && !is_name(value) && !is_placeholder(value)
}

/// `test_case_12`, `config.v2`, `item-3`: the name of a thing in a program.
fn is_name(value: &str) -> bool {
    let parted = value.contains(['_', '.']) || value.matches('-').count() > 1;
    let plain = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || matches!(c, '_' | '.' | '-');
    let word = |part: &str| {
        let letters = part.trim_end_matches(|c: char| c.is_ascii_digit());
        letters.bytes().all(|b| b.is_ascii_lowercase())
    };
    parted && value.chars().all(plain) && value.split(['_', '.', '-']).all(word)
}

/// What manuals and templates write where a secret goes.
fn is_placeholder(value: &str) -> bool {
    const WORDS: [&str; 34] = [
        "password",
        "passwd",
        "passwort",
        "passphrase",
        "secret",
        "changeme",
        "change_me",
        "change-me",
        "example",
        "placeholder",
        "redacted",
        "dummy",
        "sample",
        "your",
        "insert",
        "replace",
        "xxxx",
        "****",
        "....",
        "____",
        "----",
        "todo",
        "undefined",
        "none",
        "null",
        "pass",
        "pwd",
        "user",
        "admin",
        "root",
        "guest",
        "test",
        "token",
        "foobar",
    ];
    let lower = value.to_ascii_lowercase();
    let bare = lower.trim_matches(|c: char| c.is_ascii_digit() || matches!(c, '_' | '-' | '.' | '!'));
    let stands = |word: &str| {
        let long = word.len() >= 6 || matches!(word, "xxxx" | "****" | "...." | "____" | "----" | "your");
        bare == word || (long && lower.contains(word) && lower.len() <= word.len() + 6)
    };
    value.starts_with(['<', '{', '[', '$', '%', '*'])
        || value.contains("${")
        || value.contains("{{")
        || matches!(bare, "postgres" | "mysql" | "redis" | "rabbitmq" | "mongo" | "sa" | "mypass" | "mypassword" | "")
        || WORDS.iter().any(|word| stands(word))
}

/// Whether the characters look drawn by lot (`Plain`), like a sample (`Faint`), or like nothing (`None`).
fn randomness(value: &str) -> Option<Note> {
    let lower = value.to_ascii_lowercase();
    let bytes: Vec<u8> = lower.bytes().filter(u8::is_ascii_alphanumeric).collect();
    let mut seen = [false; 256];
    bytes.iter().for_each(|&b| {
        if let Some(seen) = seen.get_mut(usize::from(b)) {
            *seen = true
        }
    });
    let distinct = seen.iter().filter(|&&seen| seen).count();
    // One character again and again, or a placeholder in words.
    let told = ["your_", "your-", "yourkey", "placeholder", "redacted", "change_me", "changeme", "insert_", "replace"];
    if distinct < 5 || longest(&bytes, |a, b| a == b) >= 8 || told.iter().any(|word| lower.contains(word)) {
        return None;
    }
    let ascending = longest(&bytes, |a, b| b == a + 1 || (a == b'9' && b == b'0')) >= 6;
    let sample = ["example", "sample", "dummy", "fake", "notareal", "not-a-real", "deadbeef", "xxxx", "0000000"];
    let worded = sample.iter().any(|word| lower.contains(word));
    // Letters and digits alternate in what is drawn by lot; words and names hardly do.
    let few = distinct < (bytes.len() / 4).min(10);
    Some(if ascending || worded || few { Note::Faint } else { Note::Plain })
}

/// The longest run in which each byte follows the one before as `next` says.
fn longest(bytes: &[u8], next: impl Fn(u8, u8) -> bool) -> usize {
    let mut best = 0;
    let mut run = 0;
    for pair in bytes.windows(2) {
        run = if matches!(pair, [a, b] if next(*a, *b)) { run + 1 } else { 0 };
        best = best.max(run + 1);
    }
    best
}

/// CRC-32 as in zip and PNG.
fn crc32(bytes: &[u8]) -> u32 {
    let mut crc = flate2::Crc::new();
    crc.update(bytes);
    crc.sum()
}

/// Six digits of base 62: 0–9, A–Z, a–z.
fn base62(mut number: u32) -> String {
    const DIGITS: &[u8; 62] = b"0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz";
    let mut digits = [b'0'; 6];
    for digit in digits.iter_mut().rev() {
        *digit = DIGITS.get((number % 62) as usize).copied().unwrap_or(b'0');
        number /= 62;
    }
    digits.iter().map(|&digit| char::from(digit)).collect()
}

/// The name and the password of an HTTP request (RFC 7617).
pub(super) fn basic_login(text: &str, range: &Range<usize>) -> Option<Passed> {
    let encoded = text.get(range.clone())?.rsplit(' ').next()?;
    let login = BASE64.decode(encoded.as_bytes()).ok().and_then(|bytes| String::from_utf8(bytes).ok())?;
    let (_, password) = login.split_once(':')?;
    let spoken = password.len() >= 4 && !password.chars().any(char::is_control) && !is_placeholder(password);
    let start = range.end - encoded.len();
    let note = if is_secret(password) { Note::Plain } else { Note::Likely };
    spoken.then_some(Passed { range: start..range.end, doubt: false, note })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn note(check: fn(&str, &Range<usize>) -> Option<Passed>, text: &str) -> Option<Note> {
        check(text, &(0..text.len())).map(|passed| passed.note)
    }

    #[test]
    fn a_check_sum_tells_a_token_from_a_sample() {
        // Published with the description of the form; revoked.
        assert_eq!(note(checksummed, "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"), Some(Note::Plain));
        assert_eq!(note(checksummed, "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"), Some(Note::Plain));
        assert_eq!(note(checksummed, "ghp_zQWBuTSOoRi4A9spHcVY5ncnsDkxkJ0mLq18"), Some(Note::Faint));
        assert_eq!(note(checksummed, "ghp_xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx"), None);
        assert_eq!(base62(0), "000000");
        assert_eq!(base62(u32::MAX), "4gfFC3");
    }

    #[test]
    fn what_is_drawn_by_lot_is_told_from_samples() {
        for random in ["Zk3uQ9vT1xYb7LmN0pRs", "9f86d081884c7d659a2feaa0c55ad015", "wJ4lrXUtnFMIK7DENGbPxRfiCYq2ZtVs"] {
            assert_eq!(randomness(random), Some(Note::Plain), "{random}");
        }
        for sample in [
            "AKIAIOSFODNN7EXAMPLE",
            "abcdefghijklmnopqrstuvwx",
            "1234567890abcdef1234567890abcdef",
            "sk_test_fakekey0a9Qz",
        ] {
            assert_eq!(randomness(sample), Some(Note::Faint), "{sample}");
        }
        for nothing in ["xxxxxxxxxxxxxxxxxxxx", "your_api_key_here_12", "0000000000000000", ""] {
            assert_eq!(randomness(nothing), None, "{nothing}");
        }
    }

    #[test]
    fn signed_tokens_name_their_algorithm() {
        // RFC 7519, 3.1, and RFC 7515, A.3 with its claims: samples.
        let rfc = "eyJ0eXAiOiJKV1QiLA0KICJhbGciOiJIUzI1NiJ9.eyJpc3MiOiJqb2UiLA0KICJleHAiOjEzMDA4MTkzODAsDQogImh0dHA6Ly9leGFtcGxlLmNvbS9pc19yb290Ijp0cnVlfQ.dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk";
        assert_eq!(note(jwt, rfc), Some(Note::Faint));
        let encode = |text: &str| BASE64URL_NOPAD.encode(text.as_bytes());
        let made = format!("{}.{}.c2lnbmF0dXJl", encode("{\"alg\":\"RS256\"}"), encode("{\"sub\":\"u-82\",\"exp\":1}"));
        assert_eq!(note(jwt, &made), Some(Note::Plain));
        for no in ["eyJhbGciOiJ.eyJzdWIiOiJ.x", "a.b.c", &format!("{}.{}.x", encode("{\"typ\":\"x\"}"), encode("{}"))] {
            assert_eq!(note(jwt, no), None, "{no}");
        }
    }

    #[test]
    fn a_bots_number_stands_at_the_head_of_its_token() {
        let head = BASE64_NOPAD.encode(b"412345678901234567");
        assert_eq!(note(discord, &format!("{head}.Gq7ZtA.dY3x_Qw9LmK2vBn8RsT5uJ1cXf4hPzE6oWaI7g")), Some(Note::Plain));
        let head = BASE64_NOPAD.encode(b"not a number at al");
        assert_eq!(note(discord, &format!("{head}.Gq7ZtA.dY3x_Qw9LmK2vBn8RsT5uJ1cXf4hPzE6oWaI7g")), None);
    }

    #[test]
    fn a_key_has_a_body() {
        let begin = "-----BEGIN PRIVATE KEY-----";
        let below = |body: &str| {
            let text = format!("{begin}{body}");
            private_key(&text, &(0..begin.len())).map(|passed| passed.note)
        };
        assert_eq!(below("\nMIIEvQIBADANBgkqhkiG9w0BAQEFAASCBKcwggSjAgEAAoIBAQC7"), Some(Note::Plain));
        assert_eq!(below("\\nMIIEvQIBADANBgkqhkiG9w0BAQEFAASCBKcwggSjAgEAAoIBAQC7\\n"), Some(Note::Plain));
        assert_eq!(below(""), Some(Note::Faint));
        assert_eq!(below("\";\nconst END: &str = \"-----END PRIVATE KEY-----\";"), Some(Note::Faint));
    }

    #[test]
    fn a_password_in_an_address_is_one() {
        for (text, expected) in [
            ("postgres://app:Kx7pq2Zw@db.example.jp:5432/main", Some(Note::Plain)),
            ("mongodb+srv://app:correcthorse@cluster0.example.net", Some(Note::Likely)),
            ("Server=db1;Database=x;User Id=sa;Password=Kx7!pq2Z;", Some(Note::Plain)),
            ("postgres://app:Kx7pq2Zw@localhost/main", Some(Note::Faint)),
            ("postgres://user:password@db.example.jp/main", None),
            ("postgres://postgres:postgres@db/main", None),
            ("mysql://${USER}:${PASSWORD}@db/main", None),
            ("Server=db1;Password=<password>;", None),
        ] {
            assert_eq!(note(connection_string, text), expected, "{text}");
        }
    }

    #[test]
    fn secrets_and_what_stands_for_one() {
        for yes in ["Kx7!pq2Z", "hunter2-Summer", "a1b2c3d4", "Summer-Moon!"] {
            assert!(is_secret(yes), "{yes}");
        }
        for no in [
            "********",
            "<password>",
            "${PW}",
            "changeme",
            "changeme123",
            "short",
            "https://x.example",
            "get_password(1)",
            "0x80090321",
            "windows::HRESULT1",
            "u8::MAX",
            "test_case_12",
            "config.v2",
            "your_password1",
        ] {
            assert!(!is_secret(no), "{no}");
        }
    }

    #[test]
    fn a_password_is_what_its_label_leads_to() {
        let found =
            |text: &str| password(text, &(0..text.len())).and_then(|passed| text.get(passed.range).map(str::to_owned));
        for (text, secret) in [
            ("パスワード:Kx7!pq2Z", "Kx7!pq2Z"),
            ("パスワードは「Kx7!pq2Z」", "Kx7!pq2Z"),
            ("PW: a1b2c3d4", "a1b2c3d4"),
            ("password = \"a1b2c3d4\",", "a1b2c3d4"),
            ("暗証番号:4821", "4821"),
            ("パスワード:20261129", "20261129"),
        ] {
            assert_eq!(found(text).as_deref(), Some(secret), "{text}");
        }
        for no in [
            "password: 20261129",
            "暗証番号:4桁",
            "暗証番号:1111",
            "パスワードは別途",
            "pass: test_case_12",
            "PW: ********",
        ] {
            assert_eq!(found(no), None, "{no}");
        }
    }

    #[test]
    fn a_login_of_a_request_is_a_password() {
        let header = |login: &str| format!("Authorization: Basic {}", BASE64.encode(login.as_bytes()));
        assert_eq!(note(basic_login, &header("taro:Kx7!pq2Z")), Some(Note::Plain));
        assert_eq!(note(basic_login, &header("user:password")), None);
        // RFC 7617, section 2.
        assert_eq!(note(basic_login, "Authorization: Basic QWxhZGRpbjpvcGVuIHNlc2FtZQ=="), Some(Note::Likely));
    }
}
