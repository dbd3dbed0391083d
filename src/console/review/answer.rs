//! The first sentence of the page: what it is, whose data, how many people, to whom, what is wrong.
//!
//! In: the story of one mail. Out: one sentence, in pieces of which those that carry the answer stand out. Whose data it is
//! nobody knows but by where it stands, so the file and the sheet are told: `業務委託.xlsx › 顧客`.
//! Deliberately absent: anything that the rest of the page does not show, and any judgement of our own.

use super::{evidence, spot::Spot};
use crate::{
    inspect::{Finding, Inspection},
    language::Language,
    notice::{Story, words},
    recipients::Direction,
};

/// A piece of the sentence.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Piece {
    pub(super) text: String,
    /// Whether it is a part of the answer.
    pub(super) strong: bool,
}

/// How many things of a kind are named.
const NAMED: usize = 3;

/// The sentence.
pub(super) fn answer(story: &Story, language: Language) -> Vec<Piece> {
    let mut sentence = Sentence(Vec::new());
    let (from, to) = (sender(story, language), recipients(story, language));
    match language {
        Language::Ja => {
            sentence.plain(&format!("{from}から"));
            sentence.strong(&to);
            sentence.plain(&format!("への{}", what(story, language)));
            found_ja(story, &mut sentence);
        }
        Language::En => {
            sentence.plain(&format!("{} from {from} to ", what(story, language)));
            sentence.strong(&to);
            found_en(story, &mut sentence);
        }
    }
    wrong(story, language, &mut sentence);
    sentence.plain(words::pick(language, "。", "."));
    sentence.0
}

struct Sentence(Vec<Piece>);

impl Sentence {
    fn plain(&mut self, text: &str) {
        self.0.push(Piece { text: text.to_owned(), strong: false });
    }

    fn strong(&mut self, text: &str) {
        self.0.push(Piece { text: text.to_owned(), strong: true });
    }
}

fn found_ja(story: &Story, sentence: &mut Sentence) {
    let Some(data) = data(story, Language::Ja) else {
        return sentence.plain("に、個人情報は見つかっていません");
    };
    let place = place(story, Language::Ja).map(|place| format!("、{place}に")).unwrap_or_default();
    sentence.plain(&format!("に{place}"));
    if story.inspection.persons > 0 {
        sentence.strong(&words::persons(story.inspection.persons, Language::Ja));
        if story.inspection.hidden_persons > 0 {
            let hidden = words::number(story.inspection.hidden_persons);
            sentence.strong(&format!("（うち{hidden}人分は隠れた場所だけ）"));
        }
        sentence.plain("の個人情報（");
        sentence.strong(&data);
        sentence.plain("）があります");
    } else {
        sentence.strong(&data);
        sentence.plain("があります");
    }
}

fn found_en(story: &Story, sentence: &mut Sentence) {
    let Some(data) = data(story, Language::En) else {
        return sentence.plain(": no personal data was found in it");
    };
    if story.inspection.persons > 0 {
        sentence.plain(" carries personal data (");
        sentence.strong(&data);
        sentence.plain(") of ");
        sentence.strong(&words::persons(story.inspection.persons, Language::En));
        if story.inspection.hidden_persons > 0 {
            let hidden = words::number(story.inspection.hidden_persons);
            sentence.strong(&format!(", {hidden} of them only in hidden places,"));
        }
    } else {
        sentence.plain(" carries ");
        sentence.strong(&data);
    }
    if let Some(place) = place(story, Language::En) {
        sentence.plain(&format!(" in {place}"));
    }
}

/// What is wrong: the first recipient with an issue, how many more there are, and whether all of it was read; where none
/// of that is, why policy stopped it.
fn wrong(story: &Story, language: Language, sentence: &mut Sentence) {
    let doubtful = || story.recipients.iter().filter(|recipient| !recipient.issues.is_empty());
    let mut wrong: Vec<String> = Vec::new();
    if let Some(recipient) = doubtful().next() {
        let address = words::one_line(recipient.address.as_str(), 120);
        let meant = recipient.issues.iter().find_map(|issue| issue.suggestion.as_deref());
        let meant = meant.map(|meant| words::one_line(meant, 120)).unwrap_or_default();
        let more = doubtful().count() - 1;
        wrong.push(match (language, meant.is_empty()) {
            (Language::Ja, true) => format!("宛先 {address} に疑いがあり"),
            (Language::Ja, false) => format!("宛先 {address} は {meant} の間違いかもしれず"),
            (Language::En, true) => format!("the recipient {address} is doubtful"),
            (Language::En, false) => format!("the recipient {address} may be meant to be {meant}"),
        });
        match (language, more) {
            (_, 0) => {}
            (Language::Ja, _) => wrong.push(format!("ほか{more}件の宛先にも疑いがあり")),
            (Language::En, _) => wrong.push(format!("{more} more are doubtful")),
        }
    }
    match (unread(&story.inspection), language) {
        (0, _) => {}
        (count, Language::Ja) => wrong.push(format!("{}か所は中身を確認できておらず", words::number(count))),
        (1, Language::En) => wrong.push("one part of it could not be read".to_owned()),
        (count, Language::En) => wrong.push(format!("{} parts of it could not be read", words::number(count))),
    }
    if wrong.is_empty() {
        let worst = story.matched.iter().max_by_key(|matched| matched.action);
        let title = worst.map(|matched| words::one_line(matched.title.in_language(language), 120));
        if let Some(title) = title.filter(|title| !title.is_empty()) {
            sentence.plain(words::pick(language, "。止めた規則は「", "; it was stopped by the rule “"));
            sentence.strong(&title);
            sentence.plain(words::pick(language, "」です", "”"));
        }
        return;
    }
    match language {
        // Each ends so that another can follow; the last one ends the sentence.
        Language::Ja => {
            let said = wrong.join("、");
            let stem = [("疑いがあり", "疑いがあります"), ("かもしれず", "かもしれません"), ("おらず", "いません")];
            let ended = stem.iter().find_map(|(open, closed)| Some(format!("{}{closed}", said.strip_suffix(open)?)));
            sentence.plain("が、");
            sentence.strong(&ended.unwrap_or(said));
        }
        Language::En => {
            sentence.plain("; ");
            sentence.strong(&wrong.join(", and "));
        }
    }
}

/// How many parts were not read. Their list is cut at its limit; their number is not.
fn unread(inspection: &Inspection) -> u64 {
    let counted = inspection.coverage.parts.saturating_sub(inspection.coverage.inspected);
    u64::from(counted).max(inspection.uninspected.len() as u64)
}

fn sender(story: &Story, language: Language) -> String {
    let sender = story.sender.as_ref().map(|sender| words::one_line(sender.as_str(), 120));
    match sender {
        Some(sender) if language == Language::Ja => format!("{sender} さん"),
        Some(sender) => sender,
        None => words::pick(language, "差出人のないもの", "nobody (a mail without a sender)").to_owned(),
    }
}

/// The mail, with its first files.
fn what(story: &Story, language: Language) -> String {
    let files = &story.inspection.attachments;
    let named = list(files.iter().map(|file| words::one_line(&file.name, 60)), files.len(), language);
    match (language, files.is_empty()) {
        (Language::Ja, true) => "メール".to_owned(),
        (Language::En, true) => "A mail".to_owned(),
        (Language::Ja, false) => format!("メール（添付 {named}）"),
        (Language::En, false) => format!("A mail with {named}"),
    }
}

fn recipients(story: &Story, language: Language) -> String {
    let outside: Vec<_> = story.recipients.iter().filter(|one| one.direction == Direction::External).collect();
    let inside = story.recipients.len() - outside.len();
    let shown = if outside.is_empty() { story.recipients.iter().collect() } else { outside.clone() };
    // Those with something wrong first: a long list is cut.
    let mut shown: Vec<_> = shown;
    shown.sort_by_key(|recipient| recipient.issues.is_empty());
    let named = list(shown.iter().map(|one| words::one_line(one.address.as_str(), 80)), shown.len(), language);
    match (language, outside.len(), inside) {
        (Language::Ja, 0, _) => format!("社内の{inside}件（{named}）"),
        (Language::Ja, outside, 0) => format!("社外の{outside}件（{named}）"),
        (Language::Ja, outside, inside) => format!("社外の{outside}件（{named}）と社内の{inside}件"),
        (Language::En, 0, _) => format!("{} inside ({named})", recipients_en(inside)),
        (Language::En, outside, 0) => format!("{} outside ({named})", recipients_en(outside)),
        (Language::En, outside, inside) => {
            format!("{} outside ({named}) and {inside} inside", recipients_en(outside))
        }
    }
}

fn recipients_en(count: usize) -> String {
    if count == 1 { "1 recipient".to_owned() } else { format!("{count} recipients") }
}

/// What kinds of data, the worst first; nothing if none was found.
fn data(story: &Story, language: Language) -> Option<String> {
    let findings = evidence::sorted(&story.inspection);
    let mut names: Vec<String> = Vec::new();
    for name in findings.iter().map(|finding| words::finding(finding, language)) {
        if !names.contains(&name) {
            names.push(name);
        }
    }
    let count = names.len();
    (count > 0).then(|| list(names.into_iter(), count, language))
}

/// Where most of it stands, by the samples: the sheet often says whose data it is.
fn place(story: &Story, language: Language) -> Option<String> {
    let findings: Vec<&Finding> = evidence::sorted(&story.inspection);
    let mut places: Vec<(String, usize)> = Vec::new();
    for example in findings.iter().flat_map(|finding| &finding.examples) {
        let place = Spot::of(&example.place).whole(language);
        match places.iter_mut().find(|(known, _)| *known == place) {
            Some((_, samples)) => *samples += 1,
            None => places.push((place, 1)),
        }
    }
    let more = places.len().checked_sub(1)?;
    // The first of those with most samples: the worst findings come first.
    let most = places.iter().map(|(_, samples)| *samples).max()?;
    let (place, _) = places.into_iter().find(|(_, samples)| *samples == most)?;
    Some(match (language, more) {
        (_, 0) => place,
        (Language::Ja, _) => format!("{place} ほか{more}か所"),
        (Language::En, 1) => format!("{place} and one other place"),
        (Language::En, _) => format!("{place} and {more} other places"),
    })
}

/// The first of `all` things.
fn list(things: impl Iterator<Item = String>, all: usize, language: Language) -> String {
    let named: Vec<String> = things.take(NAMED).collect();
    let more = all - named.len();
    let named = named.join(words::pick(language, "、", ", "));
    match (more, language) {
        (0, _) => named,
        (_, Language::Ja) => format!("{named} ほか{more}件"),
        (_, Language::En) => format!("{named} and {more} more"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        inspect::{Attachment, Coverage},
        mail::Address,
        notice::sample,
        recipients::Recipient,
    };

    fn said(story: &Story, language: Language) -> String {
        answer(story, language).into_iter().map(|piece| piece.text).collect()
    }

    #[test]
    fn the_gas_company_reads_the_whole_answer_in_one_sentence() {
        let story = sample::story().unwrap();
        assert_eq!(
            said(&story, Language::En),
            "A mail from taro@example.co.jp to 2 recipients outside (yamada@kita-haon.example.com, \
             suzuki@kita-hoan.example.com) carries personal data (Japanese name, Japanese phone number, e-mail address) of \
             about 12,000 people, 9,483 of them only in hidden places, in 業務委託.xlsx › 顧客 and one other place; the \
             recipient yamada@kita-haon.example.com may be meant to be yamada@kita-hoan.example.com, and one part of it could \
             not be read."
        );
    }

    #[test]
    fn the_same_in_japanese() {
        let story = sample::story().unwrap();
        let expected = [
            "taro@example.co.jp さんから社外の2件（yamada@kita-haon.example.com、suzuki@kita-hoan.example.com）への",
            "メールに、業務委託.xlsx › 顧客 ほか1か所に約12,000人分（うち9,483人分は隠れた場所だけ）の個人情報",
            "（氏名、電話番号、メールアドレス）がありますが、宛先 yamada@kita-haon.example.com は ",
            "yamada@kita-hoan.example.com の間違いかもしれず、1か所は中身を確認できていません。",
        ];
        assert_eq!(said(&story, Language::Ja), expected.concat());
    }

    #[test]
    fn a_mail_in_which_nothing_is_and_to_which_nothing_is_wrong_says_so() {
        let recipients = vec![Recipient::new(Address::parse("b@example.co.jp").unwrap(), Direction::Internal)];
        let quiet =
            Story { recipients, matched: Vec::new(), inspection: Inspection::default(), ..sample::story().unwrap() };
        assert_eq!(
            said(&quiet, Language::En),
            "A mail from taro@example.co.jp to 1 recipient inside (b@example.co.jp): no personal data was found in it."
        );
        assert_eq!(
            said(&quiet, Language::Ja),
            "taro@example.co.jp さんから社内の1件（b@example.co.jp）へのメールに、個人情報は見つかっていません。"
        );
    }

    #[test]
    fn parts_beyond_those_that_are_listed_are_counted() {
        let mut story = sample::story().unwrap();
        story.inspection.coverage = Coverage { parts: 1_503, inspected: 3, characters: 900 };
        let sentence = said(&story, Language::En);
        assert!(sentence.ends_with("and 1,500 parts of it could not be read."), "{sentence}");
        let sentence = said(&story, Language::Ja);
        assert!(sentence.ends_with("かもしれず、1,500か所は中身を確認できていません。"), "{sentence}");
    }

    #[test]
    fn hostile_names_stay_on_one_line_and_long_lists_are_cut() {
        let file = |n: usize| Attachment { kind: "zip".to_owned(), name: format!("a\r\n\u{202E}{n}<script>"), size: 1 };
        let mut story = sample::story().unwrap();
        story.inspection.attachments = (0..50).map(file).collect();
        let sentence = said(&story, Language::Ja);
        assert!(!sentence.contains(['\r', '\n', '\u{202E}']), "{sentence}");
        assert!(sentence.contains("ほか47件"), "{sentence}");
    }
}
