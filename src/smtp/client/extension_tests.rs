//! What the client does with a next hop's extensions: pipelining, chunks, sizes, 8-bit and binary bodies, DSN; and with
//! a connection that is lost while the mail is inspected.

use super::{hop::*, *};
use crate::mail::{BodyKind, Notify, RcptDsn, Ret};

fn asking(address: &str) -> RcptTo {
    let notify = Some(Notify { success: true, failure: true, delay: false });
    RcptTo { dsn: RcptDsn { notify, orcpt: Some(format!("rfc822;{address}")) }, ..to(address) }
}

fn eight_bit() -> Pass {
    Pass(b"", b"Subject: \xe9\r\n\r\n\r\n".to_vec())
}

/// A mail of one recipient and its last reply.
async fn bring(hop: &Hop, from: &MailFrom, message: &Pass) -> Reply {
    match hop.next_hop().begin_with(from, &[to("b@example.com")]).await {
        Ok((transaction, replies)) => {
            assert!(replies[0].is_positive(), "{replies:?}");
            transaction.data(message).await.reply
        }
        Err(refusal) => refusal,
    }
}

#[tokio::test]
async fn mail_and_all_recipients_leave_in_one_write_and_each_reply_is_its_own() {
    let hop = Hop::start(vec![offering(
        "PIPELINING",
        &[
            ("MAIL", "250 2.1.0 ok"),
            ("RCPT TO:<a@x.jp>", "250 2.1.5 a"),
            ("RCPT TO:<b@x.jp>", "550-5.1.1 b is|550 5.1.1 gone"),
            ("RCPT TO:<c@x.jp>", "450 4.2.0 c"),
            ("RCPT TO:<d@x.jp>", "250 2.1.5 d"),
            ("DATA", "354 go"),
            (".", "250 2.0.0 queued"),
        ],
    )])
    .await;
    let asked = ["a@x.jp", "b@x.jp", "花子@x.jp", "c@x.jp"].map(to);
    let (mut transaction, replies) = hop.next_hop().begin_with(&from("s@x.jp"), &asked).await.unwrap();
    let shown_replies: Vec<_> = replies.iter().map(shown).collect();
    let needs_utf8 = shown(&Reply::smtputf8_needed());
    assert_eq!(shown_replies, ["250 2.1.5 a", "550 5.1.1 b is gone", &needs_utf8, "450 4.2.0 c"]);
    assert_eq!(shown(&transaction.recipients(&[to("d@x.jp")]).await[0]), "250 2.1.5 d");
    assert_eq!(shown(&transaction.data(&pass()).await.reply), "250 2.0.0 queued");
}

#[tokio::test]
async fn pipelined_commands_really_share_a_write_and_others_wait_for_their_reply() {
    use tokio::io::{AsyncReadExt, AsyncWriteExt};
    for (extension, expected) in [
        ("PIPELINING", "MAIL FROM:<s@x.jp>\r\nRCPT TO:<a@x.jp>\r\nRCPT TO:<b@x.jp>\r\n"),
        ("HELP", "MAIL FROM:<s@x.jp>\r\n"),
    ] {
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let next_hop = next_hop(&[&listener.local_addr().unwrap().to_string()], false);
        let begun = tokio::spawn(async move {
            next_hop.begin_with(&from("s@x.jp"), &["a@x.jp", "b@x.jp"].map(to)).await.map(|(_, replies)| replies.len())
        });
        let (mut stream, _) = listener.accept().await.unwrap();
        let mut got = vec![0; 1000];
        stream.write_all(b"220 hop\r\n").await.unwrap();
        let _ = stream.read(&mut got).await.unwrap();
        stream.write_all(format!("250-hop\r\n250 {extension}\r\n").as_bytes()).await.unwrap();
        let count = stream.read(&mut got).await.unwrap();
        assert_eq!(String::from_utf8_lossy(&got[..count]), expected);
        drop(stream);
        drop(listener);
        assert!(begun.await.unwrap().is_err());
    }
}

#[tokio::test]
async fn a_thousand_pipelined_recipients_each_get_their_reply() {
    let mut script = vec![("MAIL", "250 ok")];
    for number in 0..1_000 {
        script.push(("RCPT", if number % 3 == 0 { "550 5.1.1 no" } else { "250 2.1.5 yes" }));
    }
    let hop = Hop::start(vec![offering("PIPELINING", &script)]).await;
    let asked: Vec<_> = (0..1_000).map(|number| to(&format!("{number}@x.jp"))).collect();
    let (_, replies) = hop.next_hop().begin_with(&from("s@x.jp"), &asked).await.unwrap();
    let wrong: Vec<_> = (0..1_000).filter(|number| replies[*number].is_positive() == (number % 3 == 0)).collect();
    assert_eq!((replies.len(), wrong), (1_000, vec![]));
    assert!(hop.heard().contains("RCPT TO:<998@x.jp>|RCPT TO:<999@x.jp>|"));
}

#[tokio::test]
async fn a_batch_of_recipients_is_answered_in_the_time_of_one() {
    let slow = ("RCPT", "late:250 2.1.5 yes");
    let hop = Hop::start(vec![offering("PIPELINING", &[("MAIL", "250 ok"), slow, slow, slow, slow, ("RCPT", "hang")])]);
    let mut transaction = hop.await.next_hop().begin(&from("s@x.jp")).await.unwrap();
    let began = tokio::time::Instant::now();
    let asked: Vec<_> = (0..8).map(|number| to(&format!("{number}@x.jp"))).collect();
    let replies = transaction.recipients(&asked).await;
    assert!(began.elapsed() < Duration::from_millis(550), "{:?}", began.elapsed());
    let codes: Vec<u16> = replies.iter().map(|reply| reply.code).collect();
    assert_eq!((codes[0], codes[7], codes.len()), (250, 451, 8), "{codes:?}");
}

#[tokio::test]
async fn a_refused_mail_from_names_nobody_and_keeps_the_connection() {
    let refused = [("MAIL", "550 5.7.1 not you"), ("RCPT", "503 5.5.1 MAIL first")];
    let script = [&refused[..], &mail_to_data("250 done")].concat();
    let hop = Hop::start(vec![offering("PIPELINING", &script)]).await;
    let next_hop = hop.next_hop();
    let refusal = next_hop.begin_with(&from("a@b.jp"), &[to("b@example.com")]).await.unwrap_err();
    assert_eq!(shown(&refusal), "550 5.7.1 not you");
    assert_eq!(shown(&send(&next_hop).await), "250 done");
    assert_eq!(hop.connections(), 1);
}

#[tokio::test]
async fn chunks_are_sent_as_they_are_and_a_refused_one_is_followed_by_rset() {
    let hop = Hop::start(vec![offering(
        "CHUNKING|PIPELINING",
        &[
            ("MAIL", "250 ok"),
            ("RCPT", "250 ok"),
            ("BDAT 33 LAST\r\n", "250 2.0.0 queued"),
            ("MAIL", "250 ok"),
            ("RCPT", "250 ok"),
            ("BDAT", "554 5.6.0 spam"),
            ("RSET", "250 ok"),
            ("MAIL", "250 ok"),
            ("RCPT", "250 ok"),
            ("BDAT", "421 4.3.2 going|close"),
        ],
    )])
    .await;
    let next_hop = hop.next_hop();
    let mut transaction = next_hop.begin(&from("a@b.jp")).await.unwrap();
    transaction.recipient(&to("b@example.com")).await;
    let message = Pass(b"Received: here\r\n", b".\r\n..dots\r\nno end".to_vec());
    assert_eq!(shown(&transaction.data(&message).await.reply), "250 2.0.0 queued");
    assert!(hop.heard().ends_with("BDAT 33 LAST|Received: here|.|..dots|no end"), "{}", hop.heard());
    assert_eq!(shown(&send(&next_hop).await), "554 5.6.0 spam");
    assert_eq!(shown(&send(&next_hop).await), "451 4.3.2 going");
    assert_eq!(hop.connections(), 1);
}

#[tokio::test]
async fn a_message_refused_half_way_is_not_written_to_its_end() {
    let large = Pass(b"", b"0123456789\r\n".repeat(2_000_000));
    for (extensions, step, answer, expected) in [
        ("CHUNKING", "BDAT", "early:552 5.3.4 too much", "552 5.3.4 too much"),
        ("CHUNKING", "BDAT", "early:552 5.3.4 too much|close", "552 5.3.4 too much"),
        ("CHUNKING", "BDAT", "early:421 4.3.2 disk|close", "451 4.3.2 disk"),
        ("CHUNKING", "BDAT", "early:250 2.0.0 liar", UNAVAILABLE),
        ("HELP", "DATA", "354 go|554 5.7.1 no|close", "554 5.7.1 no"),
    ] {
        let script = offering(extensions, &[("MAIL", "250 ok"), ("RCPT", "250 ok"), (step, answer)]);
        let hop = Hop::start(vec![script, opened(&mail_to_data("250 ok"))]).await;
        let next_hop = hop.next_hop();
        let mut transaction = next_hop.begin(&from("a@b.jp")).await.unwrap();
        transaction.recipient(&to("b@example.com")).await;
        assert_eq!(shown(&transaction.data(&large).await.reply), expected, "{answer}");
        assert_eq!(shown(&send(&next_hop).await), "250 ok", "{answer}");
        assert_eq!(hop.connections(), 2, "{answer}");
    }
}

#[tokio::test]
async fn a_host_that_stops_reading_is_451_after_the_time_of_a_block() {
    let stuck =
        Hop::start(vec![offering("HELP", &[("MAIL", "250 ok"), ("RCPT", "250 ok"), ("DATA", "354 go"), ("", "hang")])])
            .await;
    let large = Pass(b"", b"0123456789\r\n".repeat(2_000_000));
    assert_eq!(shown(&bring(&stuck, &from("a@b.jp"), &large).await), UNAVAILABLE);
}

#[tokio::test]
async fn what_is_too_large_for_the_next_hop_is_refused_before_it_is_sent() {
    let small = || vec![offering("SIZE 30", &[("MAIL", "250 ok"), ("RCPT", "250 ok"), ("RSET", "250 ok")])];
    let hop = Hop::start(small()).await;
    let announced = MailFrom { size: Some(31), ..from("a@b.jp") };
    assert_eq!(bring(&hop, &announced, &pass()).await, Reply::too_large(30));
    assert!(!hop.heard().contains("MAIL"));
    // The trace header counts too: 16 and 20 bytes.
    let hop = Hop::start(small()).await;
    let announced = MailFrom { size: Some(20), ..from("a@b.jp") };
    assert_eq!(bring(&hop, &announced, &pass()).await, Reply::too_large(30));
    assert!(hop.heard().ends_with("RSET|"), "{}", hop.heard());
}

#[tokio::test]
async fn eight_bit_content_never_goes_where_it_is_not_taken() {
    let said_eight = MailFrom { body: BodyKind::EightBitMime, ..from("a@b.jp") };
    for announced in [&said_eight, &from("a@b.jp")] {
        let script = [("MAIL FROM:<a@b.jp>\r\n", "250 ok"), ("RCPT", "250 ok"), ("RSET", "250 ok")];
        let hop = Hop::start(vec![offering("HELP", &script)]).await;
        assert_eq!(bring(&hop, announced, &eight_bit()).await, Reply::conversion_required());
        assert!(hop.heard().ends_with("RSET|"), "{}", hop.heard());
    }
    // Announced as 8-bit, clean in fact: it goes.
    let hop = Hop::start(vec![offering("HELP", &mail_to_data("250 ok"))]).await;
    assert_eq!(shown(&bring(&hop, &said_eight, &pass()).await), "250 ok");
}

#[tokio::test]
async fn eight_bit_content_that_was_not_announced_is_declared_before_it_is_sent() {
    let first = [("MAIL FROM:<a@b.jp>\r\n", "250 ok"), ("RCPT", "250 ok"), ("RSET", "250 ok")];
    let again = [("MAIL FROM:<a@b.jp> BODY=8BITMIME\r\n", "250 ok"), ("RCPT TO:<b@example.com>", "250 ok")];
    let sent = [("DATA", "354 go"), (".", "250 2.0.0 ok")];
    let hop = Hop::start(vec![offering("8BITMIME|PIPELINING", &[&first[..], &again, &sent].concat())]).await;
    assert_eq!(shown(&bring(&hop, &from("a@b.jp"), &eight_bit()).await), "250 2.0.0 ok");
    let refused = [("MAIL", "250 ok"), ("RCPT", "450 4.2.0 greylisted")];
    let hop = Hop::start(vec![offering("8BITMIME", &[&first[..], &refused].concat())]).await;
    assert_eq!(shown(&bring(&hop, &from("a@b.jp"), &eight_bit()).await), UNAVAILABLE);
}

#[tokio::test]
async fn binary_content_goes_only_by_bdat_to_those_who_take_it() {
    let binary = MailFrom { body: BodyKind::BinaryMime, ..from("a@b.jp") };
    let bytes = Pass(b"", b"\r\n\0\n.\r\xff".to_vec());
    let taking =
        [("MAIL FROM:<a@b.jp> BODY=BINARYMIME\r\n", "250 ok"), ("RCPT", "250 ok"), ("BDAT 7 LAST\r\n", "250 ok")];
    let hop = Hop::start(vec![offering("CHUNKING|BINARYMIME|8BITMIME", &taking)]).await;
    assert_eq!(shown(&bring(&hop, &binary, &bytes).await), "250 ok");
    for lacking in ["CHUNKING|8BITMIME", "BINARYMIME|8BITMIME"] {
        let script = [("MAIL FROM:<a@b.jp> BODY=8BITMIME\r\n", "250 ok"), ("RCPT", "250 ok"), ("RSET", "250 ok")];
        let hop = Hop::start(vec![offering(lacking, &script)]).await;
        assert_eq!(bring(&hop, &binary, &bytes).await, Reply::conversion_required(), "{lacking}");
        assert!(hop.heard().ends_with("RSET|"), "{}", hop.heard());
    }
    // Not announced as binary: bare line ends are our own fault, by BDAT as by DATA.
    let hop = Hop::start(vec![offering(
        "CHUNKING|BINARYMIME",
        &[("MAIL", "250 ok"), ("RCPT", "250 ok"), ("RSET", "250 ok")],
    )])
    .await;
    assert_eq!(bring(&hop, &from("a@b.jp"), &bytes).await, Reply::internal());
}

#[tokio::test]
async fn whether_binary_is_taken_is_known_from_the_last_connection() {
    let hop = Hop::start(vec![offering("CHUNKING|BINARYMIME", &mail_to_data("250 ok"))]).await;
    let next_hop = hop.next_hop();
    assert!(!next_hop.takes_binary());
    next_hop.probe().await.unwrap();
    assert!(next_hop.takes_binary());
    next_hop.begin(&from("a@b.jp")).await.unwrap();
    assert_eq!(hop.connections(), 1, "the first mail uses what the probe opened");
    let hop = Hop::start(vec![vec![("", "554 go away|close")]]).await;
    assert_eq!(hop.next_hop().probe().await, Err(Reply::next_hop_unavailable()));
}

#[tokio::test]
async fn dsn_parameters_go_where_they_are_offered() {
    let mail = MailFrom { ret: Some(Ret::Full), envid: Some("QQ314159".to_owned()), ..from("a@b.jp") };
    for (extension, dsn) in [("DSN", true), ("HELP", false)] {
        let hop = Hop::start(vec![offering(extension, &[("MAIL", "250 ok"), ("RCPT", "250 ok")])]).await;
        let mut transaction = hop.next_hop().begin(&mail).await.unwrap();
        transaction.recipient(&asking("b@example.com")).await;
        let said = "MAIL FROM:<a@b.jp> RET=FULL ENVID=QQ314159|\
                    RCPT TO:<b@example.com> NOTIFY=SUCCESS,FAILURE ORCPT=rfc822;b@example.com|";
        assert_eq!(hop.heard().ends_with(said), dsn, "{}", hop.heard());
    }
}

#[tokio::test]
async fn a_connection_lost_before_the_message_is_replaced_once() {
    let accepted = [("MAIL", "250 ok"), ("RCPT", "250 2.1.5 ok"), ("RCPT", "550 5.1.1 no"), ("RCPT", "250 2.1.5 ok")];
    let again = [("MAIL", "250 ok"), ("RCPT TO:<a@x.jp>", "250 ok"), ("RCPT TO:<c@x.jp>", "250 ok")];
    let refusing = [("MAIL", "250 ok"), ("RCPT TO:<a@x.jp>", "250 ok"), ("RCPT TO:<c@x.jp>", "450 4.2.0 no")];
    let sent = [("DATA", "354 go"), (".", "250 2.0.0 done")];
    for (lost, second, expected) in [
        (&[("", "421 4.4.2 idle|close")][..], [&again[..], &sent].concat(), "250 2.0.0 done"),
        (&[("DATA", "close")], [&again[..], &sent].concat(), "250 2.0.0 done"),
        (&[("DATA", "421 4.4.2 idle|close")], [&again[..], &sent].concat(), "250 2.0.0 done"),
        (&[("DATA", "close")], refusing.to_vec(), UNAVAILABLE),
        (&[("DATA", "close")], vec![("MAIL", "550 5.7.1 no more")], UNAVAILABLE),
        // Once, not for ever.
        (&[("DATA", "close")], [&again[..], &[("DATA", "close")]].concat(), UNAVAILABLE),
        // Once something of the message was sent, the next hop may have it.
        (&[("DATA", "354 go"), (".", "close")], [&again[..], &sent].concat(), UNAVAILABLE),
    ] {
        let scripts = vec![opened(&[&accepted[..], lost].concat()), offering("PIPELINING", &second)];
        let hop = Hop::start(scripts).await;
        let asked = ["a@x.jp", "b@x.jp", "c@x.jp"].map(to);
        let (transaction, replies) = hop.next_hop().begin_with(&from("s@x.jp"), &asked).await.unwrap();
        assert_eq!(replies.iter().map(Reply::is_positive).collect::<Vec<_>>(), [true, false, true]);
        // As long as an inspection takes: the hop's word is there before the message is.
        tokio::time::sleep(Duration::from_millis(50)).await;
        assert_eq!(shown(&transaction.data(&pass()).await.reply), expected, "{lost:?} {second:?}");
    }
}

#[tokio::test]
async fn who_reports_a_delivery_is_said_of_the_host_that_took_the_mail() {
    let lost = [("MAIL", "250 ok"), ("RCPT", "250 ok"), ("", "421 4.4.2 idle|close")];
    let (first, second) = (offering("DSN", &lost), opened(&mail_to_data("250 ok")));
    let hop = Hop::start(vec![first, second]).await;
    let mut transaction = hop.next_hop().begin(&from("a@b.jp")).await.unwrap();
    transaction.recipient(&asking("b@example.com")).await;
    tokio::time::sleep(Duration::from_millis(50)).await;
    let Sent { reply, host, reports } = transaction.data(&pass()).await;
    assert_eq!((shown(&reply).as_str(), host.as_str(), reports), ("250 ok", "127.0.0.1", false));
}

#[tokio::test]
async fn what_a_host_lacks_that_stands_in_for_the_first_is_not_final() {
    let utf8 = MailFrom { smtputf8: true, ..from("a@b.jp") };
    for (first, code) in [(offering("HELP", &[]), 550), (vec![("", "554 not now|close")], 451)] {
        let (first, second) = (Hop::start(vec![first]).await, Hop::start(vec![offering("HELP", &[])]).await);
        let refusal = next_hop(&[&first.address, &second.address], false).begin(&utf8).await.unwrap_err();
        assert_eq!(refusal.code, code, "{refusal:?}");
    }
}

#[tokio::test]
async fn an_unused_connection_that_spoke_or_closed_is_not_used() {
    for lost in ["421 4.4.2 idle|close", "250 2.0.0 out of turn"] {
        let hop = Hop::start(vec![
            opened(&[&mail_to_data("250 ok")[..], &[("", lost)]].concat()),
            opened(&mail_to_data("250 ok")),
        ])
        .await;
        let next_hop = hop.next_hop();
        for connections in [1, 2] {
            assert_eq!(shown(&send(&next_hop).await), "250 ok");
            assert_eq!(hop.connections(), connections);
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
        assert_eq!(hop.heard().matches("MAIL").count(), 2, "nothing was said on the first one again");
    }
}

#[tokio::test]
async fn connections_in_use_are_bounded_and_a_turn_is_not_waited_for_without_end() {
    let hop = Hop::start(vec![opened(&[("MAIL", "250 ok"), ("RSET", "250 ok"), ("MAIL", "250 ok")])]).await;
    let settings = Settings { max_connections: 1, ..settings(&[&hop.address], Tls::Never) };
    let short = Timeouts { turn: Duration::from_millis(100), ..Timeouts::default() };
    let next_hop = NextHop::with_timeouts(settings, short).unwrap();
    let first = next_hop.begin(&from("a@b.jp")).await.unwrap();
    assert_eq!(next_hop.begin(&from("a@b.jp")).await.unwrap_err(), Reply::busy());
    first.reset().await;
    next_hop.begin(&from("a@b.jp")).await.unwrap();
    assert_eq!(hop.connections(), 1);
}

#[tokio::test]
async fn a_host_without_ehlo_is_greeted_with_helo() {
    let hop = Hop::start(vec![
        [&[("", "220 hop"), ("EHLO", "502 5.5.1 what?"), ("HELO", "250 hop")], &mail_to_data("250 ok")[..]].concat(),
    ])
    .await;
    assert_eq!(shown(&send(&hop.next_hop()).await), "250 ok");
}
