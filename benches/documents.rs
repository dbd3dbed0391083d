//! A Japanese PDF of 100 pages beside pdftotext, and a Japanese mail of 40 KB beside mail-parser, in the same run.
//!
//! `cargo bench --bench documents`. The whole inspection is everything from bytes to findings and persons, through a real
//! worker. pdftotext (poppler-utils) is a process that reads a file, and where it is missing the line says so;
//! mail-parser takes the mail apart and decodes it in this process, and finds nothing.

#![expect(
    clippy::expect_used,
    clippy::unwrap_used,
    clippy::print_stdout,
    reason = "a bench that cannot go on panics, and prints its figures"
)]

#[path = "../tests/generators/mod.rs"]
#[expect(dead_code, reason = "the bench needs the writers, not the cases")]
mod generators;
#[path = "support/mod.rs"]
mod support;

use std::path::PathBuf;
use std::process::Command;
use std::time::Duration;

use generators::{Random, base64, hex, jis, mail, pdf, wide_be};
use support::{Inspected, best, inspected};

const PAGES: usize = 100;

fn main() {
    let report = report();
    let whole = inspected("報告書.pdf", &report, 5);
    line("PDF, 100 pages", &report, &whole, "pdftotext", pdftotext(&report));
    let mail = letter();
    let whole = inspected("mail.eml", &mail, 50);
    let parsed = best(50, || mail_parser::MessageParser::default().parse(&mail).map(|message| message.parts.len()));
    line("mail, 40 KB", &mail, &whole, "mail-parser", Some(parsed));
}

fn line(what: &str, bytes: &[u8], whole: &Inspected, peer: &str, time: Option<Duration>) {
    let beside =
        time.map_or_else(|| format!("{peer}: not here"), |time| format!("{peer} {:.2} ms", milliseconds(time)));
    println!(
        "{what}: {} bytes, {} persons; inspection {:.2} ms ({} MiB in the worker), reading alone {:.2} ms; {beside}",
        bytes.len(),
        whole.persons,
        milliseconds(whole.time),
        whole.memory >> 20,
        milliseconds(whole.reading)
    );
}

fn milliseconds(time: Duration) -> f64 {
    time.as_secs_f64() * 1_000.0
}

/// A line of a report: most of them prose, now and then a person.
fn sentence(number: usize, random: &mut Random) -> String {
    if number.is_multiple_of(20) {
        let phone = format!("090-{:04}-{:04}", 1_000 + random.below(9_000), random.below(10_000));
        return format!("担当者：佐藤健一　電話番号：{phone}　東京都港区芝公園{}丁目", 1 + random.below(9));
    }
    const PHRASES: [&str; 6] =
        ["点検の結果", "設備の更新", "次年度の計画", "お客様の要望", "費用の見積り", "関係部署との調整"];
    format!(
        "{}について{}を行い、{}を踏まえて報告する。",
        PHRASES[random.below(6)],
        PHRASES[random.below(6)],
        PHRASES[random.below(6)]
    )
}

fn report() -> Vec<u8> {
    let mut random = Random::new("report");
    let mut file = pdf::Pdf::with_page("");
    let mut pages = String::from("3 0 R");
    for page in 0..PAGES {
        let lines: String = (0..40)
            .map(|line| {
                let text = sentence(page * 40 + line, &mut random);
                format!("1 0 0 1 40 {} Tm <{}> Tj\n", 800 - 19 * line, hex(&wide_be(&text)))
            })
            .collect();
        file.objects.push(pdf::flate_stream(format!("BT /F1 10 Tf {lines} ET").as_bytes(), ""));
        let content = file.objects.len();
        let number = file.add(format!(
            "<</Type/Page/Parent 2 0 R/MediaBox[0 0 595 842]/Contents {content} 0 R/Resources<</Font<</F1 4 0 R>>>>>>"
        ));
        pages += &format!(" {number} 0 R");
    }
    file.edit(2, "/Kids[3 0 R]/Count 1", &format!("/Kids[{pages}]/Count {}", PAGES + 1));
    file.build()
}

fn letter() -> Vec<u8> {
    let mut random = Random::new("letter");
    let text: String = (0..120).map(|number| sentence(number, &mut random) + "\r\n").collect();
    let page = format!("<html><body>{}</body></html>", text.replace("\r\n", "<br>\r\n"));
    let plain = mail::part("text/plain; charset=iso-2022-jp", "", &jis(&text));
    let html = mail::part(
        "text/html; charset=utf-8",
        "Content-Transfer-Encoding: base64\r\n",
        base64(page.as_bytes()).as_bytes(),
    );
    mail::multipart("alternative", &[&plain, &html])
}

fn pdftotext(bytes: &[u8]) -> Option<Duration> {
    let path = PathBuf::from(env!("CARGO_TARGET_TMPDIR")).join("report.pdf");
    std::fs::write(&path, bytes).ok()?;
    let run = || Command::new("pdftotext").arg(&path).arg("-").output().is_ok_and(|output| output.status.success());
    run().then(|| best(5, run))
}
