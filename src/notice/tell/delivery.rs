//! About a mail on its way to the next hop: it cannot be delivered, it takes long, it went on, it was taken out.
//!
//! In: a [`Delivery`]. Out: delivery status notices (RFC 3464), whose first part people read. Deliberately absent: whom
//! to tell and of what (`hold`).

use super::{comment, facts, page};
use crate::{
    language::Language,
    mail::{
        Message,
        dsn::{self, Entry, Original, Report},
    },
    notice::{
        Delivery, Letter, Notice, Story, Voice, letter,
        page::{Block, Item, Page, Tone},
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
pub(in crate::notice) fn undeliverable(
    story: &Story,
    voice: &Voice,
    to: &Letter<'_>,
    delivery: &Delivery<'_>,
) -> Notice {
    let says = match voice.language {
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
    tell(story, voice, to, delivery, ("undeliverable", Tone::Bad, says))
}

/// It could not be delivered yet.
pub(in crate::notice) fn delayed(story: &Story, voice: &Voice, to: &Letter<'_>, delivery: &Delivery<'_>) -> Notice {
    let until = delivery.entries.iter().find_map(|entry| entry.retry_until);
    let until = until.map_or_else(String::new, |until| words::when(until, voice));
    let says = match voice.language {
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
    tell(story, voice, to, delivery, ("delayed", Tone::Wait, says))
}

/// It went on to a server that will not report on it.
pub(in crate::notice) fn relayed(story: &Story, voice: &Voice, to: &Letter<'_>, delivery: &Delivery<'_>) -> Notice {
    let says = match voice.language {
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
    tell(story, voice, to, delivery, ("relayed", Tone::Good, says))
}

/// An administrator took it out of the outbox.
pub(in crate::notice) fn dropped(
    story: &Story,
    voice: &Voice,
    to: &Letter<'_>,
    delivery: &Delivery<'_>,
    said: &str,
) -> Notice {
    let says = match voice.language {
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
    let mut page = about(story, voice, delivery.entries, Tone::Bad, says);
    page.blocks.splice(2..2, comment(said, voice));
    report(story, voice, to, "dropped", &page, delivery)
}

/// To a sender outside: it did not go out, and no more than that. In both languages, for nobody knows theirs.
pub(in crate::notice) fn not_sent(story: &Story, voice: &Voice, to: &Letter<'_>, delivery: &Delivery<'_>) -> Notice {
    let (ja, en) = (
        "お送りいただいたメールは送信されませんでした。お手数ですが、送信元の組織の担当者にお問い合わせください。",
        "Your mail was not sent. Please contact the organisation that it was sent through.",
    );
    let paras = match voice.language {
        Language::Ja => [ja, en],
        Language::En => [en, ja],
    };
    let page = Page {
        language: voice.language,
        subject: words::pick(voice.language, "[未送信] Mail not sent", "[Not sent] メールは送信されませんでした")
            .to_owned(),
        headline: words::pick(voice.language, "メールは送信されませんでした", "The mail was not sent").to_owned(),
        tone: Tone::Bad,
        blocks: paras.into_iter().map(|para| Block::Para(para.to_owned())).collect(),
        footer: super::footer(story, voice),
    };
    // Only what the sender's mail program needs to tell which mail it is.
    let id = story.message_id.as_deref().and_then(dsn::repeatable);
    let named = id.map(|id| format!("Message-ID: {id}\r\n\r\n")).unwrap_or_default();
    let entries: Vec<Entry> = delivery.entries.iter().map(Entry::discreet).collect();
    let original = Original { message: &Message::new(named.into_bytes()), ..delivery.original };
    report(story, voice, to, "notsent", &page, &Delivery { entries: &entries, original, ..*delivery })
}

fn tell(
    story: &Story,
    voice: &Voice,
    to: &Letter<'_>,
    delivery: &Delivery<'_>,
    (kind, tone, says): (&str, Tone, Says),
) -> Notice {
    let page = about(story, voice, delivery.entries, tone, says);
    report(story, voice, to, kind, &page, delivery)
}

fn about(story: &Story, voice: &Voice, entries: &[Entry], tone: Tone, says: Says) -> Page {
    let items = entries.iter().take(super::MOST).map(|entry| Item {
        text: words::one_line(entry.recipient.as_str(), 160),
        notes: entry.diagnostic.iter().map(|said| words::one_line(said, 300)).collect(),
    });
    let blocks = vec![
        Block::Para(says.what),
        facts(story, voice, false),
        Block::Heading(says.recipients.to_owned()),
        Block::List(items.collect()),
        Block::Steps(vec![says.next.to_owned()]),
    ];
    page(story, voice, says.label, says.headline.to_owned(), tone, blocks)
}

/// The notice around a page.
pub(super) fn report(
    story: &Story,
    voice: &Voice,
    to: &Letter<'_>,
    kind: &str,
    page: &Page,
    delivery: &Delivery<'_>,
) -> Notice {
    let id = letter::message_id(story, voice, to, kind);
    let from = letter::own_address(voice);
    let bytes = dsn::compose(&Report {
        reporting_mta: &voice.hostname,
        envid: delivery.envid,
        from: (letter::own_name(), &from),
        to: to.to,
        subject: &page.subject,
        message_id: &id,
        now: to.now,
        arrived_at: story.arrived_at,
        text: &page.text(),
        recipients: delivery.entries,
        original: &delivery.original,
    });
    Notice::new(to.to.clone(), format!("<{id}>"), bytes)
}
