//! About a mail on its way to the next hop: it cannot be delivered, it takes long, it went on, it was taken out.
//!
//! In: a [`Delivery`]. Out: delivery status notices (RFC 3464), whose first part people read. Deliberately absent: whom
//! to tell and of what (`hold`).

use super::{Head, Telling, comment, facts, page};
use crate::{
    language::Language,
    mail::{
        Message,
        dsn::{self, Entry, Original, Report},
    },
    notice::{
        Delivery, Kind, Notice, letter,
        page::{Block, Item, Page, Prose, Tone},
        words,
    },
};

/// What a notice says around the list of recipients.
struct Says {
    label: &'static str,
    headline: &'static str,
    what: String,
    recipients: &'static str,
    next: &'static str,
}

/// It was released, and the next hop refused it, or could not be reached for too long.
pub(in crate::notice) fn undeliverable(t: &Telling<'_>, delivery: &Delivery<'_>) -> Notice {
    let says = match t.language() {
        Language::Ja => Says {
            label: "配信不能",
            headline: "送信しましたが、届けられませんでした",
            what: "次のメールは送信が認められましたが、配信先のメールサーバーに受け取りを断られたか、期限までに届けられませんでした。"
                .to_owned(),
            recipients: "届かなかった宛先と、サーバーの返答",
            next: "宛先に誤りがないかを確かめて、必要ならもう一度お送りください。分からないことは、サーバーの返答を添えて管理者にお尋ねください。",
        },
        Language::En => Says {
            label: "Undeliverable",
            headline: "Your mail was released but could not be delivered",
            what: "The mail below was released, but the mail server behind us refused it or could not take it in time."
                .to_owned(),
            recipients: "Recipients and what the server said",
            next: "Check the recipients and send it again if it is still needed. If something is unclear, show the \
                   server's answer to your administrator.",
        },
    };
    tell(t, delivery, (Kind::Undeliverable, Tone::Bad, says))
}

/// It could not be delivered yet.
pub(in crate::notice) fn delayed(t: &Telling<'_>, delivery: &Delivery<'_>) -> Notice {
    let until = delivery.entries.iter().find_map(|entry| entry.retry_until);
    let until = until.map_or_else(String::new, |until| t.when(until));
    let says = match t.language() {
        Language::Ja => Says {
            label: "配信遅延",
            headline: "メールがまだ届いていません",
            what: format!(
                "次のメールは送信が認められましたが、配信先のメールサーバーがまだ受け取っていません。{until} まで自動で送り直します。"
            ),
            recipients: "まだ届いていない宛先と、サーバーの返答",
            next: "もう一度送る必要はありません。期限までに届けられないときは、改めてお知らせします。お急ぎなら、別の方法で相手にご連絡ください。",
        },
        Language::En => Says {
            label: "Delayed",
            headline: "Your mail has not been delivered yet",
            what: format!(
                "The mail below was released, but the mail server behind us has not taken it yet. It will be tried \
                 again until {until}."
            ),
            recipients: "Recipients who do not have it yet, and what the server said",
            next: "You need not send it again. If it cannot be delivered in time, you will be told. If it is urgent, \
                   reach the recipients in another way.",
        },
    };
    tell(t, delivery, (Kind::Delayed, Tone::Wait, says))
}

/// It went on to a server that will not report on it.
pub(in crate::notice) fn relayed(t: &Telling<'_>, delivery: &Delivery<'_>) -> Notice {
    let says = match t.language() {
        Language::Ja => Says {
            label: "中継済み",
            headline: "メールを次のサーバーに渡しました",
            what: "配信の通知を求められた次のメールは、次のメールサーバーが受け取りました。そのサーバーは配信の通知に対応していないため、相手に届いたことのお知らせはこれ以上ありません。"
                .to_owned(),
            recipients: "渡した宛先と、サーバーの返答",
            next: "何もしていただくことはありません。",
        },
        Language::En => Says {
            label: "Relayed",
            headline: "Your mail went on to the next server",
            what: "You asked to be told of the delivery of the mail below. The next mail server has taken it, but it \
                   does not report deliveries, so no further notice will come."
                .to_owned(),
            recipients: "Recipients it went on for, and what the server said",
            next: "There is nothing to do.",
        },
    };
    tell(t, delivery, (Kind::Relayed, Tone::Good, says))
}

/// An administrator took it out of the outbox.
pub(in crate::notice) fn dropped(t: &Telling<'_>, delivery: &Delivery<'_>, said: &str) -> Notice {
    let says = match t.language() {
        Language::Ja => Says {
            label: "配信中止",
            headline: "配信待ちのメールは取りやめになりました",
            what: "次のメールは配信を待っていましたが、管理者が配信を取りやめました。下の宛先には届いていません。"
                .to_owned(),
            recipients: "届かなかった宛先",
            next: "まだ必要なメールなら、管理者に確かめてから、もう一度お送りください。",
        },
        Language::En => Says {
            label: "Not delivered",
            headline: "An administrator stopped the delivery of your mail",
            what:
                "The mail below was waiting to be delivered, and an administrator stopped it. It has not reached these \
                   recipients."
                    .to_owned(),
            recipients: "Recipients who did not get it",
            next: "If it is still needed, have a word with your administrator and send it again.",
        },
    };
    let mut page = about(t, delivery.entries, (Kind::Dropped, Tone::Bad, says));
    page.blocks.splice(1..1, comment(said, t));
    report(t, "dropped", page, delivery)
}

/// To a sender outside: it did not go out, and no more than that. In both languages, for nobody knows theirs.
pub(in crate::notice) fn not_sent(t: &Telling<'_>, delivery: &Delivery<'_>) -> Notice {
    let (ja, en) = (
        "お送りいただいたメールは送信されませんでした。お手数ですが、送信元の組織の担当者にお問い合わせください。",
        "Your mail was not sent. Please contact the organisation that it was sent through.",
    );
    let paras = match t.language() {
        Language::Ja => [ja, en],
        Language::En => [en, ja],
    };
    let headline = words::pick(t.language(), "メールは送信されませんでした", "The mail was not sent").to_owned();
    let subject = words::pick(t.language(), "[未送信] Mail not sent", "[Not sent] メールは送信されませんでした");
    let head = Head { kind: Kind::NotSent, label: "", headline, tone: Tone::Bad };
    let page = Page {
        subject: subject.to_owned(),
        opening: Prose(paras.into_iter().map(|para| vec![para.to_owned()]).collect()),
        ..page(t, head, "", Vec::new())
    };
    // Only what the sender's mail program needs to tell which mail it is.
    let id = t.story.message_id.as_deref().and_then(dsn::repeatable);
    let named = id.map(|id| format!("Message-ID: {id}\r\n\r\n")).unwrap_or_default();
    let entries: Vec<Entry> = delivery.entries.iter().map(Entry::discreet).collect();
    let original = Original { message: &Message::new(named.into_bytes()), ..delivery.original };
    report(t, "notsent", page, &Delivery { entries: &entries, original, ..*delivery })
}

fn tell(t: &Telling<'_>, delivery: &Delivery<'_>, what: (Kind, Tone, Says)) -> Notice {
    let word = what.0.name();
    report(t, word, about(t, delivery.entries, what), delivery)
}

fn about(t: &Telling<'_>, entries: &[Entry], (kind, tone, says): (Kind, Tone, Says)) -> Page {
    let items = entries.iter().take(super::MOST).map(|entry| Item {
        text: words::one_line(entry.recipient.as_str(), 160),
        notes: entry.diagnostic.iter().map(|said| words::one_line(said, 300)).collect(),
    });
    let blocks = vec![
        facts(t, false),
        Block::Heading(says.recipients.to_owned()),
        Block::List(items.collect()),
        Block::Steps(vec![says.next.to_owned()]),
    ];
    let head = Head { kind, label: says.label, headline: says.headline.to_owned(), tone };
    page(t, head, says.what, blocks)
}

/// The notice around a page; `word` is for its Message-ID.
pub(super) fn report(t: &Telling<'_>, word: &str, page: Page, delivery: &Delivery<'_>) -> Notice {
    let about = t.about(&page);
    let page = t.voice.wording.over(page, &about.values);
    let id = letter::message_id(t.voice, t.letter, word, &about.id);
    let from = letter::own_address(t.voice);
    let bytes = dsn::compose(&Report {
        reporting_mta: &t.voice.hostname,
        envid: delivery.envid,
        from: (letter::own_name(), &from),
        to: t.letter.to,
        subject: &page.subject,
        message_id: &id,
        now: t.letter.now,
        arrived_at: t.story.arrived_at,
        text: &page.text(),
        recipients: delivery.entries,
        original: &delivery.original,
    });
    Notice::new(t.letter.to.clone(), format!("<{id}>"), bytes)
}
