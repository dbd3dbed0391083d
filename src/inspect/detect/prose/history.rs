//! Which lines of a mail's body are its history: what earlier mails of the thread said.
//!
//! In: the header fields of the mail, its recipients, the lines of its body. Out: for each line whether it is history
//! that its readers know already. People in it are not counted (unless `[inspection] count_quoted` says so): they left
//! with an earlier mail, and each answer would be about them again. What is found there is a finding all the same.
//!
//! A leak is data that reaches somebody new. So history is only what by this mail's own words its readers have had:
//! - below `From: / Sent: / To:` or 差出人・送信日時・宛先 (Outlook), if every recipient of this mail stands in those lines;
//! - below `On …, X <x@y> wrote:` (Gmail and others), to the end of the text or as far as `>` reaches, if X sends or gets
//!   this mail;
//! - lines with `>`, and quoted headers without addresses, if the mail answers one (`In-Reply-To`, `References`, `Re:`).
//!
//! What a page marks as quoted counts as lines with `>`, so that an answer below or between them is new.
//!
//! The last two believe what the sender wrote: somebody who dresses a list as a quotation is told by the findings and
//! by `quoted_persons`, not by `persons`. A forwarded mail is sent to somebody who did not have it: no history,
//! whatever it looks like. Deliberately absent: which mails there were before; inspection knows one mail.

use std::sync::LazyLock;

use memchr::memmem::Finder;

use super::zones::{is_rule, unquoted};
use crate::inspect::Place;

/// A quoted header has no more lines.
const HEADER: usize = 10;

/// Without any of these a text has no history. Looked for in all of nearly every body.
static SIGNS: LazyLock<[Finder<'static>; 11]> = LazyLock::new(|| {
    [">", "From", "from:", "wrote", "差出人", "送信者", "のメール", "Original", "元のメ", "orwarded", "転送"]
        .map(Finder::new)
});

/// The mail that is being read, and how far its history was told.
#[derive(Debug, Default)]
pub(crate) struct History {
    /// The place of the mail whose history it is, once a header field was seen.
    mail: Option<String>,
    /// Whoever gets this mail; from its header if nobody told.
    recipients: Vec<String>,
    told: bool,
    sender: Vec<String>,
    answers: bool,
    forwards: bool,
    /// How far it was told of its text, and of the same text as a page.
    told_of: [Progress; 2],
}

/// What is known of a body whose pieces come one after another.
#[derive(Debug, Clone, Copy, Default)]
struct Progress {
    /// The rest is history.
    open: bool,
    /// What comes quoted is history, or is not; nothing introduced it yet.
    marked: Option<bool>,
    /// The last line of a page introduced what comes next: all that is quoted, or everything if nothing is.
    introduced: bool,
    /// The rest is none, whatever it looks like.
    closed: bool,
}

impl Progress {
    /// A piece begins: what was introduced is what is quoted of it, or all.
    fn begin(&mut self, place: &Place) {
        if !place.hidden && std::mem::take(&mut self.introduced) && place.quoted != Some(true) {
            (self.open, self.closed) = (self.marked == Some(true), self.marked == Some(false));
        }
    }

    /// Whether what stands there is history as a whole.
    fn holds(self, place: &Place, answers: bool) -> bool {
        self.open || place.quoted == Some(true) && !self.closed && self.marked.unwrap_or(answers)
    }
}

impl History {
    /// For a mail of these addresses, its sender among them; empty if nobody knows.
    pub(crate) fn new(own: &[String]) -> Self {
        Self { recipients: own.to_vec(), told: !own.is_empty(), ..Self::default() }
    }

    /// Takes note of a header field.
    pub(crate) fn field(&mut self, place: &Place, name: &str, value: &str) {
        let mail = place.path.rsplit_once(" › ").map_or("", |(mail, _)| mail);
        match &self.mail {
            Some(known) if known == mail => {}
            // Of a mail inside the mail.
            Some(known) if known.is_empty() || mail.starts_with(&format!("{known} › ")) => return,
            _ => {
                let recipients = if self.told { std::mem::take(&mut self.recipients) } else { Vec::new() };
                *self = Self { mail: Some(mail.to_owned()), recipients, told: self.told, ..Self::default() };
            }
        }
        match name {
            "from" | "sender" => self.sender.extend(addresses(value)),
            "to" | "cc" if !self.told => self.recipients.extend(addresses(value)),
            "in-reply-to" | "references" => self.answers |= !value.trim().is_empty(),
            "subject" => {
                let subject = value.trim_start().to_lowercase();
                self.answers |=
                    ["re:", "re：", "aw:", "返信:", "返信：", "re["].iter().any(|word| subject.starts_with(word));
                self.forwards |= ["fw:", "fwd:", "fw：", "fwd：", "転送:", "転送：", "wg:"]
                    .iter()
                    .any(|word| subject.starts_with(word));
            }
            _ => {}
        }
    }

    /// Whether a table that stands at `place` is history.
    pub(crate) fn holds(&mut self, place: &Place) -> bool {
        if !self.is_body(place) || self.forwards {
            return false;
        }
        let answers = self.answers;
        let told = self.progress(place);
        told.begin(place);
        told.holds(place, answers)
    }

    /// Whether something is the mail's own text.
    fn is_body(&self, place: &Place) -> bool {
        !place.field
            && self.mail.as_ref().is_some_and(|mail| {
                place.path.strip_prefix(mail.as_str()).is_some_and(|rest| rest.trim_start_matches(" › ") == "body")
            })
    }

    fn progress(&mut self, place: &Place) -> &mut Progress {
        let [text, page] = &mut self.told_of;
        if place.quoted.is_some() { page } else { text }
    }

    /// For each line of a text whether it is history; empty if none is.
    pub(crate) fn lines(&mut self, place: &Place, text: &str) -> Vec<bool> {
        if !self.is_body(place) || self.forwards {
            return Vec::new();
        }
        let answers = self.answers;
        let told = self.progress(place);
        told.begin(place);
        if place.hidden && place.quoted.is_some() {
            // Links and remarks introduce nothing; they stand where they stand.
            let lines = text.split('\n').count();
            return if told.holds(place, answers) { vec![true; lines] } else { Vec::new() };
        }
        let (open, quoted) = (told.open, place.quoted == Some(true));
        if !open && !quoted && !SIGNS.iter().any(|sign| sign.find(text.as_bytes()).is_some()) {
            return Vec::new();
        }
        let lines: Vec<&str> = text.split('\n').collect();
        let mut history = vec![open; lines.len()];
        if !open {
            let told = self.mark(place, &lines, &mut history);
            *self.progress(place) = told;
        }
        if history.contains(&true) { history } else { Vec::new() }
    }

    /// Marks the lines that are history; how far that tells of what comes next.
    fn mark(&mut self, place: &Place, lines: &[&str], history: &mut [bool]) -> Progress {
        let mut told = *self.progress(place);
        if told.closed {
            return told;
        }
        let quoted = place.quoted == Some(true);
        let is_quoted = |line: &str| quoted || is_quoted(line);
        // Whether lines with `>` are history.
        let mut marked = told.marked.unwrap_or(self.answers);
        let mut at = 0;
        while let Some(line) = lines.get(at) {
            if is_forwarding(line) {
                return Progress { closed: true, ..told };
            }
            let rest = lines.get(at..).unwrap_or_default();
            let introduced = header(rest).map(|length| (length, self.had_it(rest.get(..length).unwrap_or_default())));
            let introduced = introduced.or_else(|| writes(rest).map(|length| (length, self.writes_or_gets(rest))));
            if let Some((length, known)) = introduced {
                let next = rest.iter().skip(length).find(|line| !line.trim().is_empty());
                let is_last = next.is_none() && place.quoted.is_some();
                told.marked = Some(known);
                if is_quoted(line) || next.is_some_and(|line| is_quoted(line)) {
                    marked = known;
                } else {
                    history.iter_mut().skip(at).for_each(|line| *line = known);
                    // What was not known to all is in what follows.
                    return Progress {
                        introduced: is_last,
                        open: known && !is_last,
                        closed: !known && !is_last,
                        ..told
                    };
                }
            }
            if let Some(history) = history.get_mut(at) {
                *history = marked && is_quoted(line);
            }
            at += 1;
        }
        told
    }

    /// Whether everybody who gets this mail is named in a quoted header.
    fn had_it(&self, lines: &[&str]) -> bool {
        let named: Vec<String> = lines.iter().flat_map(|line| addresses(line)).collect();
        if named.is_empty() {
            return self.answers;
        }
        let mut others = self.recipients.iter().filter(|address| !self.sender.contains(address)).peekable();
        others.peek().is_some() && others.all(|address| named.contains(address))
    }

    /// Whether who is quoted sends or gets this mail.
    fn writes_or_gets(&self, lines: &[&str]) -> bool {
        let named: Vec<String> = lines.iter().take(2).flat_map(|line| addresses(line)).collect();
        if named.is_empty() {
            return self.answers;
        }
        named.iter().any(|address| self.recipients.contains(address) || self.sender.contains(address))
    }
}

/// How many lines introduce history or a forwarded mail, if the first of these does.
pub(super) fn introduction(lines: &[&str]) -> Option<usize> {
    let forwarding = || lines.first().is_some_and(|line| is_forwarding(line)).then_some(1);
    header(lines).or_else(|| writes(lines)).or_else(forwarding)
}

/// Whether a line is marked as one of an earlier mail.
pub(super) fn is_quoted(line: &str) -> bool {
    line.trim_start().starts_with('>')
}

/// The addresses in a line, in small letters.
pub(crate) fn addresses(line: &str) -> Vec<String> {
    let parts = line.split(|c: char| c.is_whitespace() || !c.is_ascii() || "<>,;()[]\"':*".contains(c));
    let is_address =
        |part: &&str| part.split_once('@').is_some_and(|(local, domain)| !local.is_empty() && domain.contains('.'));
    parts.filter(is_address).take(1_000).map(str::to_ascii_lowercase).collect()
}

/// How many lines the header of a quoted mail takes that begins here, with the line above it that announces it.
fn header(lines: &[&str]) -> Option<usize> {
    const FROM: [&str; 6] = ["from", "差出人", "送信者", "送信元", "発信者", "von"];
    const OTHERS: [&str; 13] = [
        "sent",
        "date",
        "to",
        "cc",
        "subject",
        "送信日時",
        "日時",
        "日付",
        "宛先",
        "件名",
        "写し",
        "受信日時",
        "送信先",
    ];
    let first = lines.first().map(|line| unquoted(line))?;
    let announced =
        first.contains("Original Message") || first.contains("元のメッセージ") || first.contains("元のメール");
    let start = usize::from(announced || is_rule(first));
    let field = |line: &str| {
        let line = unquoted(line);
        let (name, _) = line.split_once(':')?;
        Some(name.trim_matches(|c: char| matches!(c, '*' | '【' | '】' | ' ')).to_lowercase())
    };
    let is_from = lines.get(start).and_then(|line| field(line)).is_some_and(|name| FROM.contains(&name.as_str()));
    if !is_from && !announced {
        return None;
    }
    let below = lines.iter().skip(start).take(HEADER);
    let length = start + below.take_while(|line| !unquoted(line).is_empty()).count();
    let fields = lines.get(start..length).unwrap_or_default().iter().filter_map(|line| field(line));
    let others = fields.filter(|name| OTHERS.contains(&name.as_str())).count();
    (is_from && others >= 2 || announced).then_some(length.max(1))
}

/// How many lines say that somebody wrote what follows: `2026年11月20日(金) 10:00 山田 <y@example.com>:`, `On … wrote:`.
fn writes(lines: &[&str]) -> Option<usize> {
    let first = unquoted(lines.first()?);
    let says = |line: &str| {
        let end = line.trim_end().trim_end_matches(':').trim_end();
        let words = ["wrote", "writes", "書きました", "のメール", "のメッセージ"];
        let said = words.iter().any(|word| end.ends_with(word));
        let digits = line.bytes().any(|c| c.is_ascii_digit());
        (said && line.trim_end().ends_with(':'))
            || (line.trim_end().ends_with(':') && line.contains('@') && digits && line.contains('<'))
    };
    if first.chars().count() > 300 || first.is_empty() {
        return None;
    }
    if says(first) {
        return Some(1);
    }
    // A long one is broken into two lines.
    let second = unquoted(lines.get(1)?);
    let begins = first.starts_with("On ") || (first.contains('年') && first.contains(':'));
    (begins && second.chars().count() <= 200 && says(&format!("{first} {second}"))).then_some(2)
}

fn is_forwarding(line: &str) -> bool {
    let line = unquoted(line);
    [
        "Forwarded message",
        "Begin forwarded message",
        "転送されたメッセージ",
        "転送メッセージ",
        "転送メール",
        "Weitergeleitete Nachricht",
    ]
    .iter()
    .any(|word| line.contains(word))
        && line.chars().count() <= 80
}

#[cfg(test)]
mod tests {
    use super::*;

    fn marks(fields: &[(&str, &str)], body: &str) -> String {
        let own = ["me@a.example", "you@b.example"].map(str::to_owned);
        let mut history = History::new(&own);
        history.field(&Place::default().field("From"), "from", "Me <me@a.example>");
        for (name, value) in fields {
            history.field(&Place::default().field(name), name, value);
        }
        let lines = history.lines(&Place::new("body"), body);
        (0..body.split('\n').count()).map(|line| if lines.get(line) == Some(&true) { 'h' } else { '-' }).collect()
    }

    const REPLY: [(&str, &str); 1] = [("subject", "Re: 名簿")];

    #[test]
    fn what_everybody_had_is_history() {
        for (body, marked) in [
            (
                "了解\n\n-----Original Message-----\nFrom: You <you@b.example>\nSent: Friday\nTo: me@a.example\n\n名簿",
                "--hhhhhh",
            ),
            ("了解\n\n差出人: You <you@b.example>\n送信日時: 金\n宛先: me@a.example\n件名: x\n\n名簿", "--hhhhhh"),
            ("了解\n\n差出人: 山田\n送信日時: 金\n宛先: 鈴木\n件名: x\n\n名簿", "--hhhhhh"),
            ("On Fri, Nov 20, 2026 at 10:00 You <you@b.example> wrote:\n\n> 名簿\n> 090\n了解", "--hh-"),
            ("2026年11月20日(金) 10:00 You <you@b.example>:\n> 名簿\n了解", "-h-"),
            ("On Fri, Nov 20, 2026 at 10:00 You\n<you@b.example> wrote:\n\n> 名簿", "---h"),
            ("了解\nOn Fri, Nov 20, 2026 You <you@b.example> wrote:\n名簿", "-hh"),
            ("> 名簿\n了解", "h-"),
        ] {
            assert_eq!(marks(&REPLY, body), marked, "{body}");
        }
    }

    #[test]
    fn what_is_new_to_somebody_is_not() {
        for (fields, body) in [
            // Others had it.
            (&REPLY[..], "了解\n\nFrom: x@c.example\nSent: Friday\nTo: me@a.example\n\n名簿"),
            (&REPLY[..], "On Fri, Nov 20, 2026 at 10:00 X <x@c.example> wrote:\n\n> 名簿"),
            // It is forwarded.
            (&[("subject", "Fwd: 名簿")][..], "From: you@b.example\nSent: Friday\nTo: me@a.example\n\n名簿"),
            (
                &REPLY[..],
                "---------- Forwarded message ---------\nFrom: you@b.example\nDate: x\nTo: me@a.example\n\n名簿",
            ),
            // Nothing says that it was ever sent.
            (&[][..], "> 名簿"),
            (&[][..], "差出人: 山田\n送信日時: 金\n宛先: 鈴木\n\n名簿"),
            (&REPLY[..], "名簿\n宛先: 東京"),
        ] {
            assert!(!marks(fields, body).contains('h'), "{body}: {}", marks(fields, body));
        }
    }

    /// The pieces of a page: which of their lines are history; `>` before one says that the page quotes it.
    fn page(fields: &[(&str, &str)], pieces: &[&str]) -> String {
        let own = ["me@a.example", "you@b.example"].map(str::to_owned);
        let mut history = History::new(&own);
        history.field(&Place::default().field("From"), "from", "Me <me@a.example>");
        for (name, value) in fields {
            history.field(&Place::default().field(name), name, value);
        }
        let told = pieces.iter().map(|piece| {
            let text = piece.strip_prefix('>');
            let place = Place { quoted: Some(text.is_some()), ..Place::new("body") };
            let text = text.unwrap_or(piece);
            if text == "table" {
                return (if history.holds(&place) { "H" } else { "T" }).to_owned();
            }
            let lines = history.lines(&place, text);
            (0..text.split('\n').count()).map(|line| if lines.get(line) == Some(&true) { 'h' } else { '-' }).collect()
        });
        told.collect::<Vec<String>>().join(" ")
    }

    #[test]
    fn what_a_page_quotes_is_history_and_an_answer_below_it_is_not() {
        let header = "了解\nFrom: You <you@b.example>\nSent: Friday\nTo: me@a.example";
        let gmail = "On Fri, Nov 20, 2026 at 10:00 You <you@b.example> wrote:\n";
        for (pieces, marked) in [
            // Outlook: the header, and everything below it.
            (&[header, "table", "名簿"][..], "-hhh H h"),
            (&[&format!("{header}\n\n名簿"), "table"], "-hhhhh H"),
            // Gmail: what is quoted, and no answer below.
            (&["了解", gmail, ">名簿\n090", ">table", "以下の通り", "table"], "- hh hh H - T"),
            (&[gmail, "名簿", "table"], "hh h H"),
            // Apple, and answers between.
            (&["了解", &format!(">{gmail}名簿"), "はい", ">次", "いいえ"], "- hh - h -"),
            // Whoever is quoted has nothing to do with this mail, or it is forwarded.
            (&["On Fri, Nov 20, 2026 at 10:00 X <x@c.example> wrote:", ">名簿", ">table"], "- - T"),
            (&["On Fri, Nov 20, 2026 at 10:00 X <x@c.example> wrote:", "名簿", ">名簿"], "- - -"),
            (&["---------- Forwarded message ---------\n", ">名簿", ">table"], "-- - T"),
        ] {
            assert_eq!(page(&REPLY, pieces), marked, "{pieces:?}");
        }
        // Nothing says that it was ever sent.
        assert_eq!(page(&[], &["名簿", ">名簿", ">table"]), "- - T");
    }

    #[test]
    fn only_the_mails_own_body_has_a_history() {
        let mut history = History::new(&[]);
        history.field(&Place::default().field("Subject"), "subject", "Re: x");
        history.field(&Place::new("x.eml").field("Subject"), "subject", "Fwd: x");
        assert!(history.lines(&Place::new("x.eml › body"), "> a").is_empty());
        assert!(history.lines(&Place::new("a.txt"), "> a").is_empty());
        assert_eq!(history.lines(&Place::new("body"), "> a"), [true]);
    }
}
