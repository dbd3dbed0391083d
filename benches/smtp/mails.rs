//! The mails that are sent, each as it goes over the wire: dot-stuffed and ended by the dot.
//!
//! All of them are forwarded by the bench's configuration (`sekisho`), after the same inspection as any other mail.

use clap::ValueEnum;
use mail_builder::MessageBuilder;
use sekisho::cli::demo::samples;

/// From whom every mail comes.
pub(crate) const SENDER: &str = "sato@toho.example.co.jp";
/// To whom every mail goes: the partner of the bench's configuration.
pub(crate) const RECIPIENT: &str = "yamada@kita-hoan.example.com";

/// One of the mails.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum Payload {
    #[value(name = "4k")]
    Text,
    #[value(name = "40k")]
    Multipart,
    #[value(name = "xlsx")]
    Workbook,
    #[value(name = "10m")]
    Random,
}

impl Payload {
    pub(crate) const ALL: [Self; 4] = [Self::Text, Self::Multipart, Self::Workbook, Self::Random];

    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Text => "4 KB text",
            Self::Multipart => "40 KB Japanese multipart",
            Self::Workbook => "1.7 MB, xlsx of 12,000 rows",
            Self::Random => "10 MB random",
        }
    }

    /// The mail, ready for the wire.
    pub(crate) fn mail(self) -> Vec<u8> {
        let mail = MessageBuilder::new()
            .from(("佐藤 健一", SENDER))
            .to(("山田 太郎", RECIPIENT))
            .message_id("bench.20261122@toho.example.co.jp")
            .date(1_795_312_800_i64);
        let mail = match self {
            Self::Text => mail.subject("Minutes of the weekly meeting").text_body(english(3_500)),
            Self::Multipart => mail
                .subject("定例会議の議事録と来月の予定について")
                .text_body(japanese(8_500, "\r\n"))
                .html_body(format!("<html><body><p>{}</p></body></html>", japanese(8_500, "<br>\r\n")))
                .attachment("text/plain", "議事録.txt", japanese(10_500, "\r\n")),
            Self::Workbook => mail
                .subject("メーター交換のお客様一覧")
                .text_body(japanese(1_500, "\r\n"))
                .attachment(
                    "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
                    "メーター交換.xlsx",
                    samples::gas_company_workbook(samples::GAS_CUSTOMERS).expect("the sample workbook"),
                )
                .attachment("application/octet-stream", "写真.bin", random(WORKBOOK_COMPANION)),
            Self::Random => mail.subject("計測データ").text_body(japanese(1_500, "\r\n")).attachment(
                "application/octet-stream",
                "計測.bin",
                random(10_000_000 / 4 * 3),
            ),
        };
        wire(&mail.write_to_vec().expect("a mail"))
    }
}

/// What brings the workbook's mail to 1.7 MB.
const WORKBOOK_COMPANION: usize = 400_000;

/// Dot-stuffed, with the end of data.
fn wire(mail: &[u8]) -> Vec<u8> {
    let mut wire = Vec::with_capacity(mail.len() + 1024);
    for line in mail.split_inclusive(|c| *c == b'\n') {
        if line.starts_with(b".") {
            wire.push(b'.');
        }
        wire.extend_from_slice(line);
    }
    if !wire.ends_with(b"\r\n") {
        wire.extend_from_slice(b"\r\n");
    }
    wire.extend_from_slice(b".\r\n");
    wire
}

/// Ordinary sentences until `length` bytes are full. Their numbers are dates, amounts, rooms and versions.
fn sentences(all: &[&str], length: usize, line_end: &str) -> String {
    let mut text = String::with_capacity(length + 200);
    for (number, sentence) in all.iter().cycle().enumerate() {
        if text.len() >= length {
            break;
        }
        text.push_str(&sentence.replace("{n}", &(number % 28 + 1).to_string()));
        text.push_str(line_end);
    }
    text
}

fn english(length: usize) -> String {
    sentences(
        &[
            "Dear colleagues,",
            "please find below the minutes of our meeting of November {n}, 2026.",
            "The second release is planned for week {n}; the open points are listed in section {n}.2.",
            "",
            "1. The test environment was moved to building {n}, and all nightly jobs run there now.",
            "2. Costs of 1,{n}00 euros were approved for the new measuring equipment (order 4711-{n}).",
            "3. The supplier confirmed delivery within {n} working days; please plan accordingly.",
            "   - version 3.{n}.0 goes to production first, 3.{n}.1 follows after acceptance",
            "   - the checklist is at https://wiki.example.com/projects/meter/minutes-{n}.html",
            "4. Training takes place in room {n} from 10:00 to 12:30; lunch is provided.",
            "",
            "Please send corrections before Friday. Thank you for your cooperation.",
        ],
        length,
        "\r\n",
    )
}

fn japanese(length: usize, line_end: &str) -> String {
    sentences(
        &[
            "いつも大変お世話になっております。東邦ガス株式会社でございます。",
            "先日は定例会議にご出席いただき、誠にありがとうございました。議事録をお送りいたします。",
            "次回の会議は2026年12月{n}日(水)10時から、本社ビル{n}階の第二会議室で行う予定です。",
            "",
            "1. 作業計画の見直しについて",
            " ・メーター交換作業は第{n}地区から順番に進め、1日あたり{n}件を目安とします。",
            " ・部材の納期は発注から{n}営業日以内とし、遅れる場合は前日までにご連絡ください。",
            "2. 費用の精算について",
            " ・今月分の作業費は1,{n}00,000円(税抜)で、請求書は月末締めの翌月{n}日払いとなります。",
            " ・交通費は実費を精算しますので、領収書の写しを添付してください。",
            "3. 安全管理について",
            " ・高所での作業は必ず二名以上で行い、保護具の点検記録をシステムに登録してください。",
            " ・ヒヤリハットの報告は先月{n}件で、内訳は転倒が最も多くなっています。",
            "",
            "ご不明な点がございましたら、担当までお気軽にお問い合わせください。",
            "今後ともどうぞよろしくお願い申し上げます。",
            "資料の最新版は https://portal.example.co.jp/meter/plan-{n}.html に掲載しています。",
        ],
        length,
        line_end,
    )
}

/// Bytes that look like nothing, the same ones every time (xorshift).
fn random(length: usize) -> Vec<u8> {
    let mut state = 0x9E37_79B9_7F4A_7C15_u64;
    let mut bytes = Vec::with_capacity(length + 8);
    while bytes.len() < length {
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        bytes.extend_from_slice(&state.to_le_bytes());
    }
    bytes.truncate(length);
    bytes
}
