//! An address list without its outsiders.
//!
//! In: the value of To or Cc. Out: what is left of it: every mailbox that stays as it was written, groups with their
//! names. Deliberately absent: names of a list that is written in raw JIS or Shift_JIS, whose bytes may look like commas
//! and quotes: its addresses stay without them.

use crate::mail::{Address, header};

/// What is left of a list.
pub(super) enum Left {
    /// Everybody: it is not to be written anew.
    All,
    /// These, as a value with its leading space.
    Some(Vec<u8>),
    /// Nobody.
    Nobody,
}

/// Whether an address is one of ours. What is no address is nobody's and does not stay: it may be a name with an
/// outsider in it.
pub(super) fn stays(address: &str, is_ours: &impl Fn(&Address) -> bool) -> bool {
    Address::parse(address.trim()).is_ok_and(|address| is_ours(&address))
}

pub(super) fn without_outsiders(value: &[u8], is_ours: &impl Fn(&Address) -> bool) -> Left {
    let mailboxes = header::mailboxes(value);
    let left: Vec<&str> =
        mailboxes.iter().map(|mailbox| mailbox.address.as_str()).filter(|address| stays(address, is_ours)).collect();
    if left.len() == mailboxes.len() {
        return Left::All;
    }
    if left.is_empty() {
        return Left::Nobody;
    }
    let text = match std::str::from_utf8(value) {
        Ok(text) if !text.contains('\u{1b}') => text,
        _ => return Left::Some(joined(&left.iter().map(|address| format!("<{address}>")).collect::<Vec<_>>())),
    };
    let kept = kept(text, is_ours);
    // Both readings of the list must agree on who stays in view; if not, only the addresses are written.
    let again: usize = kept.iter().map(|part| header::mailboxes(part.as_bytes()).len()).sum();
    if again == left.len() {
        Left::Some(joined(&kept))
    } else {
        Left::Some(joined(&left.iter().map(|address| format!("<{address}>")).collect::<Vec<_>>()))
    }
}

/// The mailboxes and groups that stay, as they are written.
fn kept(text: &str, is_ours: &impl Fn(&Address) -> bool) -> Vec<String> {
    let is_mailbox_of_ours = |part: &str| {
        let mailboxes = header::mailboxes(part.as_bytes());
        !mailboxes.is_empty() && mailboxes.iter().all(|mailbox| stays(&mailbox.address, is_ours))
    };
    let mut kept = Vec::new();
    let mut rest = text;
    while !rest.is_empty() {
        let (part, stop, after) = until(rest, &[',', ';', ':']);
        rest = after;
        if stop == Some(':') {
            let (members, _, after) = until(after, &[';']);
            rest = after.trim_start().strip_prefix(',').unwrap_or(after);
            let members: Vec<String> =
                split(members).into_iter().filter(|member| is_mailbox_of_ours(member)).map(trimmed).collect();
            if !members.is_empty() {
                kept.push(format!("{}: {};", trimmed(part), members.join(", ")));
            }
        } else if is_mailbox_of_ours(part) {
            kept.push(trimmed(part));
        }
    }
    kept
}

fn split(text: &str) -> Vec<&str> {
    let mut parts = Vec::new();
    let mut rest = text;
    while !rest.is_empty() {
        let (part, _, after) = until(rest, &[',']);
        parts.push(part);
        rest = after;
    }
    parts
}

/// What stands before the first of `stops` outside of quotes, comments and angle brackets; that stop; and the rest.
fn until<'t>(text: &'t str, stops: &[char]) -> (&'t str, Option<char>, &'t str) {
    let (mut quoted, mut comments, mut angle, mut escaped) = (false, 0u32, false, false);
    for (at, c) in text.char_indices() {
        let is_escaped = std::mem::take(&mut escaped);
        match c {
            _ if is_escaped => {}
            '\\' if quoted || comments > 0 => escaped = true,
            '"' if comments == 0 => quoted = !quoted,
            _ if quoted => {}
            '(' => comments += 1,
            ')' => comments = comments.saturating_sub(1),
            _ if comments > 0 => {}
            '<' => angle = true,
            '>' => angle = false,
            _ if !angle && stops.contains(&c) => {
                let (part, rest) = text.split_at(at);
                return (part, Some(c), rest.get(c.len_utf8()..).unwrap_or_default());
            }
            _ => {}
        }
    }
    (text, None, "")
}

fn trimmed(part: &str) -> String {
    part.trim().to_owned()
}

/// One mailbox a line, so that no line becomes longer than it was.
fn joined(parts: &[String]) -> Vec<u8> {
    format!(" {}", parts.join(",\r\n ")).into_bytes()
}
