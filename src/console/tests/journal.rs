//! The journal's pages: who finds what, in which words, how it is exported, drawn and reported.

use std::collections::BTreeMap;

use jiff::{SignedDuration, Timestamp};
use serde_json::{Value, json};

use super::{api::ask, *};
use crate::{
    inspect::Attachment,
    journal::{self, BrokenOff, Change, Counting, Decided, Journal, MailRecord, Record, Via, What},
};

const HANAKO: &str = "hanako@example.co.jp";

/// The journal of a store.
pub(super) fn books(store: &Arc<Store>) -> Arc<Books> {
    Arc::new(Books { journal: Journal::start((**store).clone()), titles: Arc::new(BTreeMap::new) })
}

/// Mail `n` of a company: the newest has the highest number, an hour apart, and ends now.
fn record(n: i64, of: i64) -> Record {
    let at = Timestamp::now() - SignedDuration::from_mins((of - n) * 60);
    let to = address(if n % 3 == 0 { "yamada@kita-hoan.example.com" } else { "info@customer.example" });
    let name = match n % 7 {
        0 => "=HYPERLINK(\"http://evil.example\";\"名簿\").xlsx",
        1 => "<script>alert(1)</script>.xlsx",
        _ => "顧客名簿.xlsx",
    };
    let action = if n % 5 == 0 { Action::Hold } else { Action::Forward };
    let mail = MailRecord {
        client: "127.0.0.1 mta".to_owned(),
        mail_from: Some(address("taro@example.co.jp")),
        rcpt_to: vec![to.clone()],
        message_id: Some(format!("<m{n}@example.co.jp>")),
        size: 1_000,
        persons: 12,
        hidden_persons: 0,
        persons_min: None,
        persons_max: None,
        files: vec![Attachment { kind: "xlsx".to_owned(), name: name.to_owned(), size: 9 }],
        detectors: BTreeMap::from([("jp.phone".to_owned(), 12)]),
        categories: [Category::Contact].into(),
        reportable: Vec::new(),
        unread: BTreeMap::new(),
        uninspected: 0,
        coverage: Coverage::default(),
        decision: action,
        decisions: vec![Decided {
            action,
            rcpt_to: vec![to],
            rules: vec!["bulk-personal-data".to_owned()],
            reported: Vec::new(),
            would: None,
            undecided: Vec::new(),
        }],
        next_hop: Some("2.0.0 ok".to_owned()),
        not_taken: false,
        passed_before: None,
        facts: None,
        held: if action == Action::Hold { vec![MailId(id(n))] } else { Vec::new() },
    };
    Record::mail(MailId(id(n)), at, mail)
}

fn id(n: i64) -> String {
    format!("01KJOURNAL{n:016}")
}

async fn write(browser: &Browser, records: Vec<Record>) {
    let mut writing = browser.people.write().await.unwrap();
    journal::append(&mut writing, &records).await.unwrap();
    writing.commit().await.unwrap();
}

/// Hanako before a journal of so many mails.
async fn reader(language: Language, mails: i64) -> Browser {
    let mut browser = Browser::new(language).await;
    assert_eq!(browser.log_in(HANAKO, PASSWORD).await.status, 303);
    write(&browser, (1..=mails).map(|n| record(n, mails)).collect()).await;
    browser
}

/// The numbers of the mails on a page.
fn shown(page: &Page) -> Vec<i64> {
    let ticks = page.body.split("name=\"id\" value=\"01KJOURNAL").skip(1);
    ticks.filter_map(|rest| rest.get(..16)?.parse().ok()).collect()
}

fn more(page: &Page) -> Option<String> {
    let (before, _) = page.body.split_once("\">続きを見る")?;
    Some(before.rsplit_once("href=\"")?.1.replace("&amp;", "&").replace("&#38;", "&"))
}

/// Whether the page has no other script than the one that every page has.
fn only_our_script(page: &str) -> bool {
    page.matches("<script").count() == 1 && page.contains("<script src=\"/script.js\" defer></script>")
}

#[tokio::test]
async fn an_attempt_that_broke_off_says_what_comes_next_and_leads_nowhere_where_nothing_is() {
    let again = "2026-11-30T20:41:12Z".parse().ok();
    let broken = |n: i64, held: bool, again: Option<Timestamp>| {
        let broken = BrokenOff { attempt: 2, kind: if held { "release" } else { "notice" }.to_owned(), held, again };
        let detail = Some(broken.to_string());
        let (held, change) = (MailId(id(n)), "broken_off".to_owned());
        Record::change(held.clone(), Timestamp::now(), Change { held, change, by: None, via: Via::System, detail })
    };
    for (language, tag, said) in [
        (Language::Ja, "送信が中断", "2026-12-01 05:41:12 に自動で再送信します"),
        (Language::En, "broken_off", "it is tried again at 2026-12-01 05:41:12"),
    ] {
        let mut browser = reader(language, 0).await;
        write(&browser, vec![broken(1, true, again)]).await;
        let page = browser.get("/journal").await.body;
        assert!(page.contains(&format!("<span class=\"tag wait\">{tag}</span>")), "{page}");
        assert!(
            page.contains(said) && !page.contains("attempt 2 (") && page.contains(&format!("/held/{}", id(1))),
            "{page}"
        );
        write(&browser, vec![broken(2, false, None)]).await;
        let page = browser.get("/journal").await.body;
        assert!(page.contains(&format!("<span class=\"tag bad\">{tag}</span>")), "{page}");
        assert!(!page.contains(&format!("/held/{}", id(2))), "there is no such page: {page}");
    }
}

#[tokio::test]
async fn searches_find_by_every_condition_and_say_so_in_words() {
    let mut browser = reader(Language::Ja, 40).await;
    let change = Change {
        held: MailId(id(40)),
        change: "approved".to_owned(),
        by: Some("kacho@example.co.jp".to_owned()),
        via: Via::Reply,
        detail: None,
    };
    write(&browser, vec![Record::change(MailId(id(40)), Timestamp::now(), change)]).await;
    for (asked, count) in [
        ("", 40),
        ("person=yamada%40kita-hoan.example.com", 13),
        ("to=kita-hoan.example.com", 13),
        ("person=kita-hoan.example.com&decision=hold", 2),
        ("from=yamada%40kita-hoan.example.com", 0),
        ("file=%E5%90%8D%E7%B0%BF", 34),
        ("detector=jp", 40),
        ("detector=us.ssn", 0),
        ("category=contact&persons=12", 40),
        ("persons=13", 0),
        ("rule=bulk-personal-data", 40),
        ("text=KITA-HOAN", 13),
        ("message_id=m7@example.co.jp", 1),
        (&*format!("id={}", id(40)), 1),
        ("since=2d", 40),
        ("until=2000-01-01", 0),
        ("text=%27%20OR%201%3D1%20--", 0),
        ("file=%25", 0),
        ("file=_", 0),
        ("text=%25%27%3B%20DROP%20TABLE%20journal%3B%20--", 0),
    ] {
        let page = browser.get(&format!("/journal?{asked}")).await;
        assert_eq!((page.status, shown(&page).len()), (200, count), "{asked}");
        assert_eq!(page.body.contains("class=\"empty\""), count == 0, "{asked}");
    }
    let page = browser.get(&format!("/journal?id={}", id(40))).await;
    for said in [
        "taro@example.co.jp → info@customer.example",
        "検出: 連絡先",
        "確認待ち",
        "約12人分",
        "承認</span>",
        "kacho@example.co.jp（返信）",
    ] {
        assert!(page.body.contains(said), "{said} in {}", page.body);
    }
    assert!(page.body.contains(&format!("href=\"/held/{}\"", id(40))), "the held mail is a click away");
    assert!(page.body.contains(&format!("value=\"{}\"", id(40))), "the form keeps what was asked");
}

#[tokio::test]
async fn pages_follow_each_other_whatever_is_written_meanwhile() {
    let mut browser = reader(Language::Ja, 120).await;
    let (mut seen, mut path) = (Vec::new(), "/journal?person=example.co.jp".to_owned());
    for turn in 0..4 {
        let page = browser.get(&path).await;
        seen.extend(shown(&page));
        write(&browser, vec![record(1_000 + turn, 1_000 + turn)]).await;
        let Some(next) = more(&page) else { break };
        assert!(next.contains("person=example.co.jp&before="), "{next}");
        path = next;
    }
    assert_eq!(seen, (1..=120).rev().collect::<Vec<i64>>());
    assert_eq!(shown(&browser.get("/journal?before=x").await)[0], 1_002, "what is no number begins anew");
    assert_eq!(shown(&browser.get("/journal?before=-5").await), Vec::<i64>::new());
}

#[tokio::test]
async fn nothing_that_was_recorded_or_asked_becomes_markup() {
    let mut browser = reader(Language::En, 20).await;
    for path in [
        "/journal",
        "/journal?text=%22%3E%3Cscript%3Ealert(1)%3C/script%3E",
        "/journal?person=%22%3E%3Cscript%3E",
        "/journal?since=%3Cscript%3E&decision=%3Cscript%3E",
        "/journal/charts?since=%22%3E%3Cscript%3E",
        "/journal/report?id=%22%3E%3Cscript%3Ealert(1)%3C/script%3E",
        &*format!("/journal/report?id={}&aware=%3Cscript%3E", id(1)),
        &*format!("/journal/report?id={}", id(1)),
    ] {
        let page = browser.get(path).await;
        assert!(only_our_script(&page.body) && !page.body.contains("style=\""), "{path}: {}", page.body);
        assert!([200, 400].contains(&page.status), "{path}: {}", page.status);
    }
    let page = browser.get("/journal").await;
    assert!(page.body.contains("&#60;script&#62;alert(1)"), "{}", page.body);
}

#[tokio::test]
async fn an_empty_journal_and_conditions_that_are_none_are_told_clearly() {
    let mut browser = reader(Language::Ja, 0).await;
    // Hanako has logged in.
    assert!(
        browser.get("/journal").await.body.contains("二要素でログイン")
            || shown(&browser.get("/journal").await).is_empty()
    );
    assert!(browser.get("/journal?file=x").await.body.contains("見つかりませんでした"));
    assert!(browser.get("/journal/charts").await.body.contains("この期間の記録はありません"));
    for (path, said) in [
        ("/journal?since=2026-13-45", "「2026-13-45」は日時として読み取れません"),
        ("/journal?until=soon", "「soon」は日時として読み取れません"),
        ("/journal?since=2026-11-02&amp;until=x&until=2026-11-01", "終わりが始まりより前です"),
        ("/journal?person=%E4%BD%90%E8%97%A4", "「佐藤」はメールアドレスでもドメインでもありません"),
        ("/journal?decision=burn", "判断を一覧から選んでください"),
        ("/journal?id=01K", "先頭の8文字以上"),
        ("/journal/charts?days=9999", "1から366までの数字"),
        ("/journal/charts?since=2019-01-01&until=2026-01-01", "期間は366日まで"),
        ("/journal/report?id=01KJOURNAL0000000000000009", "記録にないメールです"),
        ("/journal/report?id=01K", "先頭の8文字以上"),
        ("/journal/report?id=01KJOURNAL&aware=2999-01-01", "未来です"),
        ("/journal/export?format=csv&since=soon", "「soon」は日時として読み取れません"),
        ("/journal/export?format=exe", "csv か json"),
    ] {
        let page = browser.get(path).await;
        assert_eq!(page.status, 400, "{path}");
        assert!(page.body.contains(said), "{path}: {}", page.body);
    }
}

#[tokio::test]
async fn an_export_is_whole_harmless_and_journalled() {
    let mut browser = reader(Language::Ja, 1_300).await;
    let page = browser.get("/journal/export?format=csv&file=%E5%90%8D%E7%B0%BF").await;
    assert_eq!((page.status, page.header("content-type")), (200, "text/csv; charset=utf-8; header=present"));
    let name = page.header("content-disposition");
    assert!(name.starts_with("attachment; filename=\"sekisho-journal-20") && name.ends_with(".csv\""), "{name}");
    let body = unchunked(&page);
    let rest = body.strip_prefix('\u{feff}').expect("the mark by which Excel knows the encoding");
    let mut csv = csv::Reader::from_reader(rest.as_bytes());
    let column = csv.headers().unwrap().iter().position(|name| name == "files").unwrap();
    let rows: Vec<csv::StringRecord> = csv.records().map(Result::unwrap).collect();
    assert_eq!(rows.len(), 1_114, "all but those with a script in their name");
    for cell in rows.iter().flatten() {
        assert!(!cell.starts_with(['=', '+', '-', '@', '\t', '\r', '＝', '＋', '－', '＠']), "{cell}");
    }
    assert!(rows.iter().any(|row| row[column].starts_with("'=HYPERLINK")));
    // Ended, and told of twice: before the first row and behind the last.
    let notes = exports(&browser, 2).await;
    assert_eq!((notes[0].rows, notes[0].whole), (None, false));
    assert_eq!((notes[1].rows, notes[1].whole), (Some(1_114), true));
    for note in &notes {
        assert_eq!((note.by.as_str(), note.format.as_str(), note.place.as_str()), (HANAKO, "csv", "127.0.0.1"));
        assert_eq!(note.query, "file=%E5%90%8D%E7%B0%BF");
    }
    let page = browser.get("/journal?by=hanako%40example.co.jp&text=export").await;
    assert!(page.body.contains("記録を書き出し") && page.body.contains("1,114 件"), "{}", page.body);

    let lines = unchunked(&browser.get(&format!("/journal/export?format=json&id={}", id(7))).await);
    let line: Value = serde_json::from_str(lines.trim_end()).unwrap();
    assert_eq!((line["id"].as_str(), line["kind"].as_str()), (Some(id(7).as_str()), Some("mail")));
}

/// The notes of exports, when there are so many.
async fn exports(browser: &Browser, count: usize) -> Vec<journal::Exported> {
    let journal = Journal::start((*browser.people).clone());
    for _ in 0..200 {
        let found = journal.search("\"kind\":\"export\"", Timestamp::MIN, Timestamp::MAX, 100).await.unwrap();
        if found.len() >= count {
            let exported = |record: Record| match record.what {
                What::Export(exported) => Some(exported),
                _ => None,
            };
            return found.into_iter().rev().filter_map(exported).collect();
        }
        tokio::time::sleep(std::time::Duration::from_millis(10)).await;
    }
    panic!("the export is not journalled");
}

/// The body of an answer that came in pieces.
fn unchunked(page: &Page) -> String {
    assert_eq!(page.header("transfer-encoding"), "chunked");
    let (mut rest, mut body) = (page.body.as_bytes(), Vec::new());
    loop {
        let end = rest.windows(2).position(|two| two == b"\r\n").unwrap();
        let length = usize::from_str_radix(std::str::from_utf8(&rest[..end]).unwrap(), 16).unwrap();
        if length == 0 {
            return String::from_utf8(body).unwrap();
        }
        body.extend_from_slice(&rest[end + 2..end + 2 + length]);
        rest = &rest[end + 2 + length + 2..];
    }
}

#[tokio::test]
async fn an_export_from_which_the_reader_goes_away_says_how_far_it_got() {
    let mut browser = reader(Language::Ja, 9_000).await;
    let cookies: Vec<String> = browser.cookies.iter().map(|(name, value)| format!("{name}={value}")).collect();
    let request = format!(
        "GET /journal/export?format=json HTTP/1.1\r\nHost: {}\r\nCookie: {}\r\n\r\n",
        browser.at,
        cookies.join("; ")
    );
    let mut stream = TcpStream::connect(browser.at).await.unwrap();
    stream.write_all(request.as_bytes()).await.unwrap();
    let mut some = [0; 4_096];
    assert!(stream.read(&mut some).await.unwrap() > 0);
    drop(stream);
    let notes = exports(&browser, 2).await;
    assert!(notes[1].rows.is_some_and(|rows| rows < 9_000) && !notes[1].whole, "{notes:?}");
    assert_eq!(browser.get("/journal").await.status, 200);
}

#[tokio::test]
async fn charts_show_what_was_counted_in_drawings_and_in_tables() {
    for (language, words) in [
        (Language::Ja, ["日ごとのメール", "営業部", "電話番号", "強い色の部分は"]),
        (Language::En, ["Mails by day", "営業部", "phone number", "Strong colour: mails"]),
    ] {
        let mut browser = reader(language, 48).await;
        assert!(browser.get("/journal/charts").await.body.contains(match language {
            Language::Ja => "まだ数えていません",
            Language::En => "not counted yet",
        }));
        let department = Arc::new(|_: Option<&Address>| "営業部".to_owned());
        let counting = Counting { timezone: TimeZone::get("Asia/Tokyo").unwrap(), department };
        Journal::start((*browser.people).clone()).count(&counting).await.unwrap();
        for days in ["7", "30", "90"] {
            let page = browser.get(&format!("/journal/charts?days={days}")).await;
            assert_eq!((page.status, page.body.matches("<svg class=\"chart").count()), (200, 4), "{days}");
            for word in words {
                assert!(page.body.contains(word), "{word} in {}", page.body);
            }
            assert_eq!(page.body.matches("<table>").count(), 4);
            assert!(page.body.contains("<td>48</td><td>9</td>"), "{}", page.body);
            assert!(page.body.contains("/journal?detector=jp.phone&#38;since=20"), "{}", page.body);
            assert!(!page.body.contains("style=") && only_our_script(&page.body));
        }
        let empty = browser.get("/journal/charts?since=2020-01-01&until=2020-01-31").await;
        assert_eq!((empty.status, empty.body.matches("<svg class=\"chart").count()), (200, 0));
    }
}

#[tokio::test]
async fn mails_that_are_ticked_become_the_draft_of_a_report() {
    let mut browser = reader(Language::Ja, 9).await;
    let ids = format!("id={}&id={}", id(1), id(2));
    let page = browser.get(&format!("/journal/report?{ids}")).await;
    assert_eq!(page.status, 200);
    for said in [
        "個人データの漏えい等報告書（速報）案",
        "東邦観光株式会社",
        "info@customer.example",
        "施行規則8条",
        "【要確認】",
    ] {
        assert!(page.body.contains(said), "{said} in {}", page.body);
    }
    let page = browser.get(&format!("/journal/report?{ids}&form=gdpr&language=en&final=1")).await;
    assert!(page.body.contains("lang=\"en\"") && page.body.contains("[to be filled in]"), "{}", page.body);
    for (save, kind, begins) in
        [("md", "text/markdown; charset=utf-8", "# "), ("html", "text/html; charset=utf-8", "<!DOCTYPE html>")]
    {
        let page = browser.get(&format!("/journal/report?{ids}&save={save}")).await;
        assert_eq!((page.status, page.header("content-type")), (200, kind));
        assert!(page.body.starts_with(begins), "{}", page.body);
        assert!(page.header("content-disposition").starts_with("attachment; filename=\"sekisho-report-20"));
        // In Markdown it is no mark-up behind a backslash.
        assert!(!page.body.replace("\\<script", "").contains("<script"), "{}", page.body);
    }
    // One that waits has not left.
    let page = browser.get(&format!("/journal/report?id={}", id(5))).await;
    assert!(page.status == 200 && page.body.contains("報告する漏えいはありません"), "{}", page.body);
    let early = browser.get(&format!("/journal/report?{ids}&aware=2020-01-01")).await;
    assert!(early.status == 400 && early.body.contains("より前です"), "{}", early.body);
}

#[tokio::test]
async fn programs_search_count_and_report_as_the_pages_do() {
    let mut browser = reader(Language::En, 120).await;
    let token = api::program(&browser, HANAKO, 60).await;
    let (mut numbers, mut path) = (Vec::new(), "/api/v1/journal?to=customer.example&limit=30".to_owned());
    loop {
        let (status, found) = ask(&mut browser, &token, ("GET", &path), "").await;
        assert_eq!(status, 200, "{found}");
        let records = found["records"].as_array().unwrap();
        numbers.extend(records.iter().map(|record| record["number"].as_i64().unwrap()));
        assert!(
            records.iter().all(|record| record["kind"] == "mail" && record["rcpt_to"][0] == "info@customer.example")
        );
        let Some(next) = found["next"].as_str() else { break };
        path = format!("/api/v1/journal?to=customer.example&limit=30&before={next}");
    }
    assert!(numbers.len() == 80 && numbers.is_sorted_by(|a, b| a > b), "{numbers:?}");
    let (status, charts) = ask(&mut browser, &token, ("GET", "/api/v1/journal/charts?days=7"), "").await;
    assert_eq!((status, charts["days"].as_array().unwrap().len()), (200, 7));
    let (_, drafted) = ask(&mut browser, &token, ("GET", &format!("/api/v1/journal/report?id={}", id(1))), "").await;
    assert_eq!(drafted["report"]["language"], "en");
    assert_eq!(drafted["stayed"], json!([]));
    let described: Value = serde_json::from_str(&browser.get("/api/v1/openapi.json").await.body).unwrap();
    let (_, found) = ask(&mut browser, &token, ("GET", "/api/v1/journal?limit=1"), "").await;
    for (schema, answer) in
        [("Records", &found), ("Charts", &charts), ("Draft", &drafted), ("Report", &drafted["report"])]
    {
        let named = described["components"]["schemas"][schema]["properties"].as_object().unwrap();
        assert!(named.keys().eq(answer.as_object().unwrap().keys()), "{schema}: {answer}");
    }
    for (path, field) in [
        ("/api/v1/journal?since=soon", "since"),
        ("/api/v1/journal?limit=501", "limit"),
        ("/api/v1/journal?before=x", "before"),
        ("/api/v1/journal?text=a&text=b", "once"),
        ("/api/v1/journal/charts?days=0", "days"),
        ("/api/v1/journal/report", "id"),
        ("/api/v1/journal/report?id=01KNOBODY000", "id"),
    ] {
        let (status, said) = ask(&mut browser, &token, ("GET", path), "").await;
        assert_eq!((status, &said["error"]["code"]), (400, &json!("bad_request")), "{path}");
        assert!(said["error"]["message"].as_str().unwrap().contains(field), "{path}: {said}");
    }
    let taro = api::program(&browser, "taro@example.co.jp", 60).await;
    for path in ["/api/v1/journal", "/api/v1/journal/charts", "/api/v1/journal/report"] {
        assert_eq!(ask(&mut browser, &taro, ("GET", path), "").await.0, 403, "{path}");
    }
}

#[tokio::test]
async fn a_sender_is_told_whose_the_journal_is_and_sees_nothing_of_it() {
    let mut browser = Browser::of("taro@example.co.jp").await;
    write(&browser, vec![record(1, 1)]).await;
    for path in ["/journal", "/journal/charts", "/journal/export?format=csv", &*format!("/journal/report?id={}", id(1))]
    {
        let page = browser.get(path).await;
        assert_eq!(page.status, 403, "{path}");
        assert!(page.body.contains("監査担当") && !page.body.contains("customer.example"), "{path}");
    }
    assert!(!browser.get("/held").await.body.contains("href=\"/journal\""));
    assert!(!browser.get(&mail("")).await.body.contains("/journal/report"));
    let mut security = Browser::of(HANAKO).await;
    assert!(security.get(&mail("")).await.body.contains(&format!("href=\"/journal/report?id={ID}\"")));
    let all = Journal::start((*browser.people).clone());
    let found = all.search("export", Timestamp::MIN, Timestamp::MAX, 10).await.unwrap();
    assert!(found.is_empty(), "what was refused is no export: {found:?}");
}

/// `SEKISHO_PAGES=folder cargo test journal_pages_can_be_looked_at` writes the pages there, style inlined, to be looked at.
#[tokio::test]
async fn journal_pages_can_be_looked_at() {
    let folder = std::env::var_os("SEKISHO_PAGES").map(std::path::PathBuf::from);
    for (language, name) in [(Language::Ja, "ja"), (Language::En, "en")] {
        let mut browser = reader(language, 700).await;
        let style = browser.get("/style.css").await.body;
        let names = ["営業部", "総務部", "法務部", "情報システム部", "toho.example.co.jp", ""];
        let turn = std::sync::atomic::AtomicUsize::new(0);
        let department = Arc::new(move |_: Option<&Address>| {
            names[turn.fetch_add(1, std::sync::atomic::Ordering::Relaxed).pow(2) % names.len()].to_owned()
        });
        let counting = Counting { timezone: TimeZone::get("Asia/Tokyo").unwrap(), department };
        Journal::start((*browser.people).clone()).count(&counting).await.unwrap();
        for (page, path) in [
            ("journal", "/journal?person=example.co.jp".to_owned()),
            ("journal-wrong", "/journal?since=soon&person=x&rule=y".to_owned()),
            ("charts", "/journal/charts?days=30".to_owned()),
            ("charts-7", "/journal/charts?days=7".to_owned()),
            ("report", format!("/journal/report?id={}&id={}", id(1), id(2))),
        ] {
            let page_of = browser.get(&path).await;
            assert!(page_of.body.contains("href=\"/style.css\""), "{page}");
            if let Some(folder) = &folder {
                let link = "<link rel=\"stylesheet\" href=\"/style.css\">";
                let body = page_of.body.replace(link, &format!("<style>{style}</style>"));
                std::fs::write(folder.join(format!("{page}-{name}.html")), body).unwrap();
            }
        }
    }
}
