//! The wording of every notice: what happened, why, and what the reader can do next.
//!
//! In: a [`Telling`]. Out: [`Page`]s. What several notices say is said here, once; each stage of a held
//! mail's life has its file. Deliberately absent: rendering, headers, and anything that is not in the story.

pub(super) mod consult;
pub(super) mod course;
pub(super) mod crowd;
pub(super) mod delivery;
pub(super) mod drill;
pub(super) mod ended;
pub(super) mod held;
pub(super) mod many;
pub(super) mod replies;

use jiff::Timestamp;

use super::{
    Kind, Letter, Story, Voice,
    letter::About,
    page::{Block, Item, Page, Prose, Tone},
    wording::Values,
    words,
};
use crate::{
    inspect::{Example, Finding},
    language::Language,
    mail::Address,
    policy::{Action, Matched},
    recipients::{Direction, Recipient},
};

/// How many recipients, findings, unread parts, … a notice lists before it says "and N more".
const MOST: usize = 20;

/// How many masked samples it shows of one finding.
const SAMPLES: usize = 3;

/// What is told, by whom, to whom.
#[derive(Debug, Clone, Copy)]
pub(super) struct Telling<'a> {
    pub(super) story: &'a Story,
    pub(super) voice: &'a Voice,
    pub(super) letter: &'a Letter<'a>,
}

impl<'a> Telling<'a> {
    /// In which the reader reads.
    fn language(&self) -> Language {
        self.letter.language
    }

    /// A time as the reader reads it.
    fn when(&self, at: Timestamp) -> String {
        words::when_in(at, &self.voice.timezone, self.language())
    }

    /// Whether the reader is the one who sent the mail.
    fn reader_sent_it(&self) -> bool {
        self.story.sender.as_ref().is_some_and(|sender| sender.same_mailbox(self.letter.to))
    }

    /// Who was asked and has not approved yet.
    fn still_asked(&self) -> Vec<Address> {
        let given = &self.story.progress.given;
        let open = |asked: &&Address| !given.iter().any(|person| person.same_mailbox(asked));
        self.story.deciders.iter().filter(open).cloned().collect()
    }

    /// What the mail that tells `page` needs to know of the held one.
    pub(super) fn about(&self, page: &Page) -> About<'a> {
        let story = self.story;
        let sender = story.sender.as_ref().map(|sender| words::one_line(sender.as_str(), 160));
        let values = Values {
            subject: words::subject(&story.subject, self.language()),
            sender: sender.unwrap_or_default(),
            deadline: self.when(story.deadline),
            organization: words::one_line(&self.voice.organization, 100),
            id: story.id.to_string(),
            page: url(self).unwrap_or_default(),
            people: addresses(&page.people, 5, self.language()),
        };
        About { id: story.id.to_string(), thread: story.message_id.as_deref(), values }
    }
}

/// How a notice begins.
struct Head {
    kind: Kind,
    /// What stands in brackets before the subject.
    label: &'static str,
    headline: String,
    tone: Tone,
}

fn page(t: &Telling<'_>, head: Head, opening: impl Into<String>, blocks: Vec<Block>) -> Page {
    let Head { kind, label, headline, tone } = head;
    let subject = words::subject(&t.story.subject, t.language());
    Page {
        kind,
        language: t.language(),
        subject: format!("[{label}] {subject}"),
        headline,
        tone,
        opening: Prose::line(opening),
        blocks,
        closing: Prose::default(),
        people: t.story.deciders.clone(),
        footer: footer(t),
    }
}

/// A page whose subject tells nothing of the mail.
fn discreet(t: &Telling<'_>, head: Head, opening: impl Into<String>, blocks: Vec<Block>) -> Page {
    let subject = format!("[{}] {}", head.label, head.headline);
    Page { subject, ..page(t, head, opening, blocks) }
}

fn footer(t: &Telling<'_>) -> Vec<String> {
    let id = &t.story.id;
    vec![
        signature(t.voice, t.language()),
        match t.language() {
            Language::Ja => format!("このメールは自動でお送りしています。管理番号：{id}"),
            Language::En => format!("This mail was sent automatically. Reference: {id}"),
        },
    ]
}

/// Who writes.
fn signature(voice: &Voice, language: Language) -> String {
    let organization = words::one_line(&voice.organization, 100);
    let line = match language {
        Language::Ja => format!("{organization}　送信メール確認（Sekisho）"),
        Language::En => format!("{organization} outgoing mail check (Sekisho)"),
    };
    line.trim_start().to_owned()
}

/// The mail itself: subject, author, when.
fn facts(t: &Telling<'_>, author: bool) -> Block {
    let l = t.language();
    let mut facts = vec![(words::pick(l, "件名", "Subject").to_owned(), words::subject(&t.story.subject, l))];
    if author {
        facts.extend(authors(t));
    }
    facts.push((words::pick(l, "受付日時", "Received").to_owned(), t.when(t.story.arrived_at)));
    Block::Facts(facts)
}

/// Who wrote it; the envelope's sender too where the header says somebody else.
fn authors(t: &Telling<'_>) -> Vec<(String, String)> {
    let l = t.language();
    let author = words::one_line(&t.story.author, 160);
    let sender = t.story.sender.as_ref().map(|sender| words::one_line(sender.as_str(), 160));
    let from = words::pick(l, "差出人", "From").to_owned();
    match (author.is_empty(), sender) {
        (true, None) => vec![(from, words::pick(l, "（差出人なし）", "(nobody)").to_owned())],
        (true, Some(sender)) => vec![(from, sender)],
        (false, Some(sender)) if !author.to_lowercase().contains(&sender.to_lowercase()) => {
            vec![(from, author), (words::pick(l, "実際の送信者", "Actual sender").to_owned(), sender)]
        }
        (false, _) => vec![(from, author)],
    }
}

/// Which rules matched.
fn reasons(t: &Telling<'_>) -> Vec<Block> {
    let l = t.language();
    let mut items: Vec<Item> = Vec::new();
    // A rule that asked for a pause only says so in its title; where the mail waits for a person, that would be untrue.
    let paused = |matched: &&Matched| matched.action > Action::Delay || t.story.action == Action::Delay;
    for matched in t.story.matched.iter().filter(paused) {
        let title = words::one_line(matched.title.in_language(l), 200);
        let notice = matched.duties.notice.as_ref().map(|notice| words::one_line(notice.in_language(l), 600));
        if !title.is_empty()
            && !items.iter().any(|item| item.text == title && item.notes.len() == usize::from(notice.is_some()))
        {
            items.push(Item { text: title, notes: notice.into_iter().collect() });
        }
    }
    section(t, words::pick(l, "理由", "Why"), items, MOST)
}

/// Recipients. All of them for a decider, only those with something wrong for the sender.
fn recipients(t: &Telling<'_>, all: bool) -> Vec<Block> {
    let l = t.language();
    let mut chosen: Vec<&Recipient> =
        t.story.recipients.iter().filter(|recipient| all || !recipient.issues.is_empty()).collect();
    chosen.sort_by_key(|recipient| recipient.issues.is_empty());
    let items: Vec<Item> = chosen.into_iter().map(|recipient| recipient_item(recipient, l)).collect();
    let heading = match (l, all) {
        (Language::Ja, true) => format!("宛先（{}件）", t.story.recipients.len()),
        (Language::Ja, false) => "確認していただきたい宛先".to_owned(),
        (Language::En, true) => format!("Recipients ({})", t.story.recipients.len()),
        (Language::En, false) => "Recipients to check".to_owned(),
    };
    let mut blocks = section(t, &heading, items, MOST);
    if !t.story.sent_to.is_empty() {
        blocks.push(Block::Para(already_sent(t)));
    }
    blocks
}

fn already_sent(t: &Telling<'_>) -> String {
    let language = t.language();
    let names = addresses(&t.story.sent_to, 5, language);
    match language {
        Language::Ja => format!("次の宛先には、問題がないため送信済みです：{names}"),
        Language::En => format!("It has already gone to these recipients, for whom nothing was wrong: {names}"),
    }
}

fn recipient_item(recipient: &Recipient, language: Language) -> Item {
    let direction = match recipient.direction {
        Direction::Internal => words::pick(language, "社内", "inside"),
        Direction::External => words::pick(language, "社外", "outside"),
    };
    let address = words::one_line(recipient.address.as_str(), 160);
    let text = match language {
        Language::Ja => format!("{address}（{direction}）"),
        Language::En => format!("{address} ({direction})"),
    };
    let mut notes = Vec::new();
    for issue in &recipient.issues {
        notes.push(words::issue(issue, language));
        notes.extend(words::suggestion(issue, language));
    }
    Item { text, notes }
}

/// What was found, about how many people, with masked samples and where they stand.
fn findings(t: &Telling<'_>) -> Vec<Block> {
    let l = t.language();
    let inspection = &t.story.inspection;
    if inspection.findings.is_empty() && inspection.persons == 0 {
        return Vec::new();
    }
    let mut items: Vec<Item> = Vec::new();
    if inspection.persons > 0 {
        items.push(persons_item(t));
    }
    let mut found: Vec<&Finding> = inspection.findings.iter().collect();
    found.sort_by_key(|finding| (finding.category, std::cmp::Reverse(finding.count)));
    items.extend(found.into_iter().map(|finding| finding_item(finding, l)));
    section(t, words::pick(l, "見つかった情報", "What was found"), items, MOST)
}

fn persons_item(t: &Telling<'_>) -> Item {
    let language = t.language();
    let persons = words::persons(t.story.inspection.persons, language);
    let headings: Vec<&str> =
        t.story.inspection.reportable.iter().map(|heading| words::reportable(*heading, language)).collect();
    let text = match language {
        Language::Ja => format!("個人情報：{persons}"),
        Language::En => format!("Personal data of {persons}"),
    };
    let mut notes: Vec<String> = words::about_persons(&t.story.inspection, language);
    match (headings.is_empty(), language) {
        (true, _) => {}
        (false, Language::Ja) => {
            notes.push(format!("漏えいした場合は、個人情報保護委員会への報告対象です（{}）。", headings.join("、")));
        }
        (false, Language::En) => {
            notes.push(format!("A leak would have to be reported to the regulator ({}).", headings.join(", ")));
        }
    }
    Item { text, notes }
}

fn finding_item(finding: &Finding, language: Language) -> Item {
    let name = words::finding(finding, language);
    let count = words::count(finding.count, language);
    let text = match language {
        Language::Ja => format!("{name}：{count}"),
        Language::En => format!("{name}: {count}"),
    };
    Item { text, notes: finding.examples.iter().take(SAMPLES).map(|example| sample(example, language)).collect() }
}

fn sample(example: &Example, language: Language) -> String {
    let (masked, place) = (words::one_line(&example.masked, 80), words::place(&example.place, language));
    match (language, example.hidden) {
        (Language::Ja, false) => format!("例 {masked}（{place}）"),
        (Language::Ja, true) => format!("例 {masked}（{place}）【通常の表示では見えない場所】"),
        (Language::En, false) => format!("e.g. {masked} ({place})"),
        (Language::En, true) => format!("e.g. {masked} ({place}) [hidden from a normal reader]"),
    }
}

/// What was not read, and why.
fn uninspected(t: &Telling<'_>) -> Vec<Block> {
    let l = t.language();
    let items: Vec<Item> = t
        .story
        .inspection
        .uninspected
        .iter()
        .map(|part| {
            let (place, reason) = (words::place(&part.place, l), words::reason(part.reason, l));
            Item::new(match l {
                Language::Ja => format!("{place}：{reason}"),
                Language::En => format!("{place}: {reason}"),
            })
        })
        .collect();
    section(t, words::pick(l, "中身を確認できなかったもの", "What could not be read"), items, MOST)
}

/// A heading and its points; nothing at all without points.
fn section(t: &Telling<'_>, heading: &str, mut items: Vec<Item>, most: usize) -> Vec<Block> {
    if items.is_empty() {
        return Vec::new();
    }
    if items.len() > most {
        let more = items.len() - most;
        items.truncate(most);
        items.push(Item::new(and_more(more, t.language())));
    }
    section_of(heading, items)
}

/// A heading and all its points.
fn section_of(heading: &str, items: Vec<Item>) -> Vec<Block> {
    vec![Block::Heading(heading.to_owned()), Block::List(items)]
}

fn and_more(more: usize, language: Language) -> String {
    match language {
        Language::Ja => format!("ほか{more}件"),
        Language::En => format!("and {more} more"),
    }
}

/// Addresses in a sentence, at most `most` of them.
fn addresses(list: &[Address], most: usize, language: Language) -> String {
    let mut names: Vec<String> = list.iter().take(most).map(|address| words::one_line(address.as_str(), 160)).collect();
    if list.len() > most {
        names.push(and_more(list.len() - most, language));
    }
    names.join(words::pick(language, "、", ", "))
}

/// What a person wrote beside a decision.
fn comment(text: &str, t: &Telling<'_>) -> Vec<Block> {
    let lines = words::lines(text, 30, 500);
    if lines.is_empty() {
        return Vec::new();
    }
    vec![Block::Heading(words::pick(t.language(), "コメント", "Comment").to_owned()), Block::Quote(lines)]
}

/// The console's page of this mail, where there is a console. The link shows and never decides: nothing in it is secret,
/// and whoever opens it logs in.
fn console(t: &Telling<'_>) -> Option<Block> {
    let label = words::pick(t.language(), "画面で確認する（ログインが必要です）", "On the web (login needed)");
    url(t).map(|url| Block::Link { label: label.to_owned(), url })
}

fn url(t: &Telling<'_>) -> Option<String> {
    let known = !t.voice.public_url.is_empty();
    known.then(|| format!("{}/held/{}", t.voice.public_url, t.story.id))
}
