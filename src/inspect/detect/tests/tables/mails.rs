//! Mails: what is history, whose own rows count for nobody, what a leak is under the law.
//!
//! In: whole mails. Out: who is counted in them, and as what. Deliberately absent: layouts.

use super::*;

fn mail(head: &str, body: &str, count_quoted: bool) -> Inspection {
    let job =
        Job { own: vec!["you@b.example".to_owned(), "me@a.example".to_owned()], count_quoted, ..Job::new(Kind::Mail) };
    let mail = format!(
        "From: Me <me@a.example>\r\nTo: You <you@b.example>\r\n{head}\r\nContent-Type: text/plain; charset=utf-8\r\n\r\n{body}"
    );
    inspect(mail.as_bytes(), &job, &RULES, &Limits::default(), &mut ())
}

#[test]
fn history_is_found_and_not_counted_unless_asked() {
    let people = people(30);
    let list: String = people.iter().map(|p| format!("{},{}\n", p.name(), p.mobile)).collect();
    let quoted: String = list.lines().map(|line| format!("> {line}\n")).collect();
    let new = "高橋健一様 090-9999-8888 の件です。\n";
    let outlook =
        "-----Original Message-----\nFrom: You <you@b.example>\nSent: Friday\nTo: Me <me@a.example>\nSubject: x\n\n";
    for body in [
        format!("{new}\n{outlook}氏名,電話\n{list}"),
        format!("{new}\nOn Fri, 20 Nov 2026 You <you@b.example> wrote:\n\n{quoted}"),
    ] {
        let found = mail("Subject: Re: x", &body, false);
        assert_eq!((found.persons, found.quoted_persons, found.persons_max), (1, 30, 1), "{body}");
        let phone = found.findings.iter().find(|finding| finding.detector == "jp.phone").unwrap();
        assert_eq!(phone.count, 31);
        assert!(
            phone.examples.iter().any(|example| example.quoted) && phone.examples.iter().any(|example| !example.quoted)
        );
        let asked = mail("Subject: Re: x", &body, true);
        assert_eq!((asked.persons, asked.quoted_persons), (31, 0));
        let forwarded = mail("Subject: Fw: x", &body, false);
        assert_eq!((forwarded.persons, forwarded.quoted_persons), (31, 0), "{body}");
    }
    // Named once more in the answer, somebody is counted.
    let again = format!("{} {} の件\n\n{outlook}{list}", people[3].name(), people[3].mobile);
    let found = mail("Subject: Re: x", &again, false);
    assert_eq!((found.persons, found.quoted_persons), (1, 29));
}

/// A mail that is only a page, an answer to a mail of the other.
fn page(html: &str) -> Inspection {
    let job = Job { own: vec!["you@b.example".to_owned(), "me@a.example".to_owned()], ..Job::new(Kind::Mail) };
    let mail = format!(
        "From: Me <me@a.example>\r\nTo: You <you@b.example>\r\nSubject: Re: x\r\nMIME-Version: 1.0\r\n\
         Content-Type: text/html; charset=utf-8\r\n\r\n<html><body>{html}</body></html>"
    );
    inspect(mail.as_bytes(), &job, &RULES, &Limits::default(), &mut ())
}

#[test]
fn an_answer_in_html_is_counted_wherever_it_stands_and_what_it_quotes_is_not() {
    let people = people(30);
    let rows: String = people.iter().map(|p| format!("<tr><td>{}<td>{}", p.name(), p.mobile)).collect();
    let table = format!("<table><tr><td>氏名<td>電話{rows}</table>");
    let lines: String = people.iter().map(|p| format!("<div>{},{}</div>", p.name(), p.mobile)).collect();
    let link = "<a href=\"mailto:tanaka@c.example\">田中</a>";
    let one = "<p>高橋健一様 090-9999-8888 の件です。</p>";
    let two = "<p>中村真由美様 090-9999-7777 の件もお願いします。</p>";
    let gmail = "<div class=\"gmail_attr\">On Fri, Nov 20, 2026 at 10:00 You &lt;<a href=\"mailto:you@b.example\">you@b.example</a>&gt; wrote:<br></div>";
    let outlook = "<div id=\"appendonsend\"></div><hr><div id=\"divRplyFwdMsg\"><b>From:</b> You &lt;you@b.example&gt;<br>\
                   <b>Sent:</b> Friday<br><b>To:</b> Me &lt;me@a.example&gt;<br><b>Subject:</b> x</div>";
    for list in [&table, &lines] {
        let quote = format!("<blockquote type=\"cite\" cite=\"mid:x@c.example\">{list}{link}</blockquote>");
        for (mail, new) in [
            (format!("{one}{outlook}<div>お世話になります。</div>{list}"), 1),
            (format!("{one}<div class=\"gmail_quote\">{gmail}{quote}</div>"), 1),
            (format!("<div class=\"gmail_quote\">{gmail}{quote}{one}{two}</div>"), 2),
            (format!("{one}<blockquote type=\"cite\">{gmail}<div>{list}</div></blockquote>"), 1),
            (format!("{quote}{one}{quote}{two}"), 2),
            // Nothing is quoted: an indented list is new.
            (format!("{one}<blockquote style=\"margin:0 0 0 40px;border:none\">{list}</blockquote>"), 31),
        ] {
            let found = page(&mail);
            assert_eq!(found.persons, new, "{mail}");
            // Whoever is linked to, and the mail that is cited, may be somebody too.
            let quoted = if new > 30 { 0 } else { 30 };
            assert!((quoted..=quoted + 2).contains(&found.quoted_persons), "{}: {mail}", found.quoted_persons);
        }
    }
}

#[test]
fn a_leak_is_reportable_as_the_law_says() {
    use crate::inspect::Reportable::{Financial, Over1000, SpecialCare, Specific};
    let list = |count: usize| {
        let rows = below("氏名|電話", &people(count), |p| row(&[&p.name(), &p.mobile]));
        rows.iter().map(|row| row.join(",") + "\n").collect::<String>()
    };
    for (text, headings) in [
        (list(1_000), vec![]),
        (list(1_001), vec![Over1000]),
        ("氏名,病歴\n山田太郎,糖尿病\n佐藤花子,なし\n".to_owned(), vec![SpecialCare]),
        ("氏名,病歴\n山田太郎,なし\n佐藤花子,特になし\n".to_owned(), vec![]),
        ("糖尿病の予防セミナー,無料\n肺がん検診のご案内,有料\n健康診断,無料\n".to_owned(), vec![]),
        ("氏名,カード番号\n山田太郎,4111111111111111\n佐藤花子,5555555555554444\n".to_owned(), vec![Financial]),
        ("氏名,口座番号\n山田太郎,1234567\n佐藤花子,7654321\n".to_owned(), vec![Financial]),
        ("氏名,個人番号\n山田太郎,123456789018\n佐藤花子,621498320257\n".to_owned(), vec![Specific]),
        ("注文番号,個数\n123456789018,3\n123456789019,4\n".to_owned(), vec![]),
    ] {
        let found = file("list.csv", &text);
        assert_eq!(found.reportable, headings, "{}", text.chars().take(60).collect::<String>());
    }
    let history = "-----Original Message-----\nFrom: You <you@b.example>\nSent: Friday\nTo: Me <me@a.example>\n\n患者名：田中美咲\n診断：うつ病\n";
    let found = mail("Subject: Re: x", &format!("承知しました。\n\n{history}"), false);
    assert_eq!((found.persons, found.quoted_persons, found.reportable), (0, 1, vec![SpecialCare]), "it leaves again");
}

#[test]
fn cards_and_rows_of_sender_and_recipients_are_not_counted() {
    let card = "<table><tr><td>氏名</td><td>鈴木一郎</td></tr><tr><td>TEL</td><td>03-3535-1111</td></tr><tr><td>住所</td><td>東京都中央区銀座1-2-3</td></tr></table>";
    let html = |from: &str, table: &str| {
        let job = Job { own: vec!["you@b.example".to_owned(), "me@a.example".to_owned()], ..Job::new(Kind::Mail) };
        let mail = format!(
            "From: {from} <me@a.example>\r\nTo: you@b.example\r\nSubject: x\r\nContent-Type: text/html; charset=utf-8\r\n\r\n<p>添付をご覧ください。</p>{table}"
        );
        inspect(mail.as_bytes(), &job, &RULES, &Limits::default(), &mut ()).persons
    };
    assert_eq!((html("鈴木一郎", card), html("高橋健一", card)), (0, 1));
    let own = "<tr><td>佐藤花子</td><td>080-2345-6789</td><td>you@b.example</td></tr>";
    let list = format!(
        "<table><tr><td>氏名</td><td>電話</td><td>メール</td></tr><tr><td>山田太郎</td><td>090-1234-5678</td><td>t@c.example</td></tr>{own}</table>"
    );
    assert_eq!(html("高橋健一", &list), 1);
}

#[test]
fn names_and_things_out_of_sight_are_read() {
    let people = people(20);
    let mut detection = Detection::new(&RULES, &[], false);
    detection.begin_table(&Place::new("名簿.xlsx › 1"));
    for (number, row) in
        (0..).zip(below("No.|氏名|電話番号", &people, |p| row(&[&p.number.to_string(), &p.name(), &p.mobile])))
    {
        let cells: Vec<Cell<'_>> = (0..)
            .zip(&row)
            .map(|(column, text)| Cell { column, text: text.as_str().into(), hidden: column > 0 })
            .collect();
        detection.row(number, &cells);
    }
    detection.end_table();
    let (findings, people, _) = detection.finish();
    assert_eq!((people.visible, people.hidden), (0, 20));
    assert!(findings.iter().flat_map(|finding| &finding.examples).all(|example| example.hidden));
}

/// Each is between lines, as a form on a page sends them, and looks like a card.
#[test]
fn customers_between_lines_or_in_paragraphs_are_no_signatures() {
    for count in [1, 2, 25] {
        let people = people(count);
        for rule in ["------------------------------", "==========", "━━━━━━━━━━", "◆◇◆◇◆◇◆◇"]
        {
            let form =
                |p: &Invented| format!("{rule}\nお名前：{}\nご住所：{}\n電話番号：{}\n", p.name(), p.address, p.mobile);
            let forms =
                format!("お問い合わせがありました。\n\n{}{rule}\n", people.iter().map(form).collect::<String>());
            assert_eq!(mail("Subject: x", &forms, false).persons as usize, count, "{forms}");
            assert_eq!(file("forms.txt", &forms).persons as usize, count);
            let to = |p: &Invented| {
                format!("{rule}\n■お届け先\n{} 様\n〒{}\n{}\nTEL {}\n", p.name(), p.postal, p.address, p.mobile)
            };
            let orders = format!("下記をお送りください。\n\n{}{rule}\n", people.iter().map(to).collect::<String>());
            assert_eq!(mail("Subject: x", &orders, false).persons as usize, count, "{orders}");
        }
    }
    let card = |p: &Invented| {
        format!(
            "株式会社東邦{}\n営業部 部長\n{}\n〒{} {}\nTEL 03-3535-{:04} 携帯 {}\n{}\n\n",
            p.number,
            p.name(),
            p.postal,
            p.address,
            1_000 + p.number,
            p.mobile,
            p.mail
        )
    };
    let cards: String = people(50).iter().map(card).collect();
    assert_eq!(mail("Subject: x", &format!("名刺の内容です。\n\n{cards}"), false).persons, 50);
}

/// Each mail in a thread has the signature of whoever wrote it.
#[test]
fn the_signatures_of_a_thread_are_not_counted() {
    let mut thread = "承知しました。\n\n".to_owned();
    for p in people(6) {
        thread += &format!(
            "-- \n株式会社東邦 営業部\n{}\nTEL 03-3535-{:04} 携帯 {}\n{}\n\n\
             -----Original Message-----\nFrom: {} <{}>\nSent: Friday\nTo: Me <me@a.example>\nSubject: x\n\n山田様\n\n確認しました。\n\n",
            p.name(),
            1_000 + p.number,
            p.mobile,
            p.mail,
            p.name(),
            p.mail
        );
    }
    let found = mail("Subject: Fw: x", &thread, true);
    assert_eq!(found.persons, 0, "{thread}");
}
