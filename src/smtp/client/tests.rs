//! The client against a scripted next hop on loopback: refusals, silence, nonsense, lost connections, reuse, failover.

use tokio::net::TcpListener;

use super::{hop::*, *};
use crate::mail::BodyKind;

#[tokio::test]
async fn each_recipient_gets_the_next_hops_own_reply_and_the_bytes_are_exact() {
    let hop = Hop::start(vec![opened(&[
        ("MAIL FROM:<a@example.jp> SIZE=20 BODY=8BITMIME SMTPUTF8\r\n", "250 2.1.0 sender fine"),
        ("RCPT TO:<b@example.com>\r\n", "250 2.1.5 b is fine"),
        ("RCPT TO:<taro..y.@docomo.ne.jp>\r\n", "250-2.1.5 two|250 2.1.5 lines"),
        ("RCPT TO:<no@example.com>\r\n", "550-5.1.1 no such user|550 5.1.1 here"),
        ("RCPT TO:<later@example.com>\r\n", "450 4.2.0 greylisted"),
        ("RCPT TO:<plain@example.com>\r\n", "553 without enhanced code"),
        ("RCPT TO:<terse@example.com>\r\n", "250"),
        ("DATA\r\n", "354 go ahead"),
        (".", "250 2.0.0 Ok: queued as 4XYZ"),
    ])])
    .await;
    let next_hop = hop.next_hop();
    let from = MailFrom { size: Some(20), body: BodyKind::EightBitMime, smtputf8: true, ..from("a@example.jp") };
    let mut transaction = next_hop.begin(&from).await.unwrap();
    assert_eq!(shown(transaction.mail_reply()), "250 2.1.0 sender fine");
    for (address, reply) in [
        ("b@example.com", "250 2.1.5 b is fine"),
        ("taro..y.@docomo.ne.jp", "250 2.1.5 two lines"),
        ("no@example.com", "550 5.1.1 no such user here"),
        ("later@example.com", "450 4.2.0 greylisted"),
        ("plain@example.com", "553 without enhanced code"),
        ("terse@example.com", "250 "),
    ] {
        assert_eq!(shown(&transaction.recipient(&to(address)).await), reply);
    }
    let message = b"Subject: \x93\xfa\r\n\r\n.dot\r\n..\r\n\r\nend\r\n\r\n".to_vec();
    let reply = transaction.data(&Pass(b"Received: here\r\n", message)).await.reply;
    assert_eq!(shown(&reply), "250 2.0.0 Ok: queued as 4XYZ");
    let heard = hop.heard();
    let (_, message) = heard.split_once("DATA|").unwrap();
    assert_eq!(message, "Received: here|Subject: \\x93\\xfa||..dot|...||end||.|");
}

#[tokio::test]
async fn messages_arrive_as_they_are_whatever_their_end() {
    for (trace, message, wire) in [
        (&b""[..], &b"a\r\n"[..], "a|.|"),
        (b"T: 1\r\n", b"", "T: 1|.|"),
        (b"T: 1\r\n", b"\r\n", "T: 1||.|"),
        (b"", b"no end", "no end|.|"),
        (b"", b".", "..|.|"),
        (b"T: 1\r\n", b".\r\n.\r\n", "T: 1|..|..|.|"),
    ] {
        let hop = Hop::start(vec![opened(&mail_to_data("250 ok"))]).await;
        let mut transaction = hop.next_hop().begin(&from("")).await.unwrap();
        transaction.recipient(&to("b@example.com")).await;
        let reply = transaction.data(&Pass(trace, message.to_vec())).await.reply;
        assert_eq!(shown(&reply), "250 ok");
        assert_eq!(hop.heard().split_once("DATA|").unwrap().1, wire);
    }
}

#[tokio::test]
async fn a_large_message_is_the_same_at_the_other_end() {
    let line = b".0123456789\xe3\x81\x82\r\n";
    let message = line.repeat(200_000);
    let hop = Hop::start(vec![offering("8BITMIME", &mail_to_data("250 ok"))]).await;
    let eight = MailFrom { body: BodyKind::EightBitMime, ..from("") };
    let mut transaction = hop.next_hop().begin(&eight).await.unwrap();
    transaction.recipient(&to("b@example.com")).await;
    assert_eq!(shown(&transaction.data(&Pass(b"", message)).await.reply), "250 ok");
    let heard = hop.heard.lock().unwrap();
    let expected = [&[&b"."[..], line].concat().repeat(200_000)[..], b".\r\n"].concat();
    assert!(heard.ends_with(&expected));
}

#[tokio::test]
async fn refusals_at_every_step_come_through_and_the_connection_is_used_again() {
    let hop = Hop::start(vec![opened(&[
        ("MAIL", "550 5.7.1 not you"),
        ("MAIL", "250 ok"),
        ("RCPT", "550 5.1.1 nobody"),
        ("RSET", "250 ok"),
        ("MAIL", "250 ok"),
        ("RCPT", "250 ok"),
        ("DATA", "452 4.3.1 disk full"),
        ("RSET", "250 ok"),
        ("MAIL", "250 ok"),
        ("RCPT", "250 ok"),
        ("DATA", "354 go"),
        (".", "451-4.7.1 not now|451 4.7.1 later"),
        ("MAIL", "250 ok"),
        ("RCPT", "250 ok"),
        ("DATA", "354 go"),
        (".", "554 5.7.1 spam"),
        ("MAIL", "250 ok"),
        ("RCPT", "250 ok"),
        ("RSET", "250 ok"),
        ("MAIL", "250 ok"),
        ("RCPT", "250 ok"),
        ("DATA", "354 go"),
        (".", "250 2.0.0 done"),
    ])])
    .await;
    let next_hop = hop.next_hop();
    assert_eq!(shown(&next_hop.begin(&from("a@b.jp")).await.unwrap_err()), "550 5.7.1 not you");
    let mut transaction = next_hop.begin(&from("a@b.jp")).await.unwrap();
    transaction.recipient(&to("b@example.com")).await;
    assert_eq!(shown(&transaction.data(&pass()).await.reply), "554 5.5.1 no valid recipients");
    assert_eq!(shown(&send(&next_hop).await), "452 4.3.1 disk full");
    assert_eq!(shown(&send(&next_hop).await), "451 4.7.1 not now later");
    assert_eq!(shown(&send(&next_hop).await), "554 5.7.1 spam");
    let mut transaction = next_hop.begin(&from("a@b.jp")).await.unwrap();
    transaction.recipient(&to("b@example.com")).await;
    transaction.reset().await;
    assert_eq!(shown(&send(&next_hop).await), "250 2.0.0 done");
    assert_eq!(hop.connections(), 1);
}

#[tokio::test]
async fn whatever_breaks_is_451_and_its_connection_is_not_used_again() {
    let broken: Vec<Vec<(&'static str, &'static str)>> = vec![
        vec![("MAIL", "close")],
        vec![("MAIL", "hang")],
        vec![("MAIL", "garbage")],
        vec![("MAIL", "250-never|ending")],
        vec![("MAIL", "354 what?")],
        vec![("MAIL", "421 4.3.2 going down|close")],
        vec![("MAIL", "250 ok"), ("RCPT", "close")],
        vec![("MAIL", "250 ok"), ("RCPT", "hang")],
        vec![("MAIL", "250 ok"), ("RCPT", "999 no")],
        vec![("MAIL", "250 ok"), ("RCPT", "250 ok"), ("DATA", "hang")],
        vec![("MAIL", "250 ok"), ("RCPT", "250 ok"), ("DATA", "250 what?")],
        vec![("MAIL", "250 ok"), ("RCPT", "250 ok"), ("DATA", "354 go"), ("Received", "close")],
        mail_to_data("close"),
        mail_to_data("hang"),
        mail_to_data("garbage"),
        mail_to_data("354 more?"),
    ];
    for script in broken {
        let hop = Hop::start(vec![opened(&script), opened(&mail_to_data("250 2.0.0 done"))]).await;
        let next_hop = hop.next_hop();
        let refusal = match next_hop.begin(&from("a@example.jp")).await {
            Err(refusal) => refusal,
            Ok(mut transaction) => match transaction.recipient(&to("b@example.com")).await {
                reply if reply.is_positive() => transaction.data(&pass()).await.reply,
                refusal => {
                    assert_eq!(shown(&transaction.recipient(&to("c@example.com")).await), UNAVAILABLE);
                    refusal
                }
            },
        };
        assert_eq!(shown(&refusal), UNAVAILABLE, "{script:?}");
        assert_eq!(shown(&send(&next_hop).await), "250 2.0.0 done", "{script:?}");
        assert_eq!(hop.connections(), 2, "{script:?}");
    }
}

#[tokio::test]
async fn a_421_of_the_next_hop_is_told_as_451_with_its_words() {
    for script in
        [vec![("MAIL", "250 ok"), ("RCPT", "421 4.3.2 going down|close")], mail_to_data("421 4.3.2 going down|close")]
    {
        let hop = Hop::start(vec![opened(&script)]).await;
        let mut transaction = hop.next_hop().begin(&from("a@example.jp")).await.unwrap();
        let reply = match transaction.recipient(&to("b@example.com")).await {
            reply if reply.is_positive() => transaction.data(&pass()).await.reply,
            reply => reply,
        };
        assert_eq!(shown(&reply), "451 4.3.2 going down");
    }
}

#[tokio::test]
async fn openings_that_fail_are_451_and_the_next_host_is_asked() {
    let good = Hop::start(vec![opened(&[mail_to_data("250 one"), mail_to_data("250 two")].concat())]).await;
    let closed = TcpListener::bind("127.0.0.1:0").await.unwrap().local_addr().unwrap().to_string();
    for script in [
        vec![("", "hang")],
        vec![("", "close")],
        vec![("", "554 5.7.1 go away|close")],
        vec![("", "421 busy|close")],
        vec![("", "HTTP/1.1 400 Bad Request")],
        vec![("", "220 hi"), ("EHLO", "502 no")],
        vec![("", "220 hi"), ("EHLO", "close")],
        vec![("", "220 hi"), ("EHLO", "550 no")],
        vec![("", "220 hi"), ("EHLO", "502 no"), ("HELO", "502 no")],
    ] {
        let bad = Hop::start(vec![script.clone()]).await;
        assert_eq!(shown(&bad.next_hop().begin(&from("a@b.jp")).await.unwrap_err()), UNAVAILABLE, "{script:?}");
        let next_hop = next_hop(&[&closed, &bad.address, &good.address], bad.hangs);
        let transaction = next_hop.begin(&from("a@b.jp")).await.unwrap();
        assert_eq!(bad.connections(), 2);
        drop(transaction);
        // For a while the broken ones are asked last.
        next_hop.begin(&from("a@b.jp")).await.unwrap();
        assert_eq!(bad.connections(), 2, "{script:?}");
    }
    assert_eq!(shown(&next_hop(&[&closed], false).begin(&from("a@b.jp")).await.unwrap_err()), UNAVAILABLE);
}

/// A process of somebody else's that waits for the port of a drill gets neither it nor a password.
#[tokio::test]
async fn where_nobody_listens_nobody_can() {
    let login = Some(Login { user: "relay".to_owned(), secret: Secret::Password("/nowhere".into()) });
    let settings = Settings { hosts: vec!["127.0.0.1:9".to_owned()], login, ..Settings::default() };
    let (nobody, port) = NextHop::new(settings).unwrap().where_nobody_listens().unwrap();
    assert!(nobody.settings.login.is_none());
    let address = port.local_addr().unwrap();
    assert_eq!(nobody.settings.hosts, [address.to_string()]);
    TcpListener::bind(address).await.unwrap_err();
    let refused = nobody.begin(&from("a@example.jp")).await.err().unwrap();
    assert!(refused.is_transient(), "{refused:?}");
}

#[tokio::test]
async fn a_host_that_fails_at_mail_is_replaced_by_the_next_one() {
    let good = Hop::start(vec![opened(&mail_to_data("250 ok"))]).await;
    for answer in ["close", "garbage", "421 4.3.2 going down|close"] {
        let bad = Hop::start(vec![opened(&[("MAIL", answer)])]).await;
        assert_eq!(shown(&send(&next_hop(&[&bad.address, &good.address], false)).await), "250 ok", "{answer}");
        assert_eq!(bad.connections(), 1);
    }
    // A refusal is no fault: it is the next hop's word, and asking another host would be asking until one says yes.
    let bad = Hop::start(vec![opened(&[("MAIL", "451 4.7.1 later")])]).await;
    let refusal = next_hop(&[&bad.address, &good.address], false).begin(&from("a@b.jp")).await.unwrap_err();
    assert_eq!(shown(&refusal), "451 4.7.1 later");
}

#[tokio::test]
async fn connections_are_reused_and_replaced_when_the_host_has_closed_them() {
    let one = mail_to_data("250 ok");
    let timed_out = [&one[..], &[("MAIL", "421 4.4.2 timeout|close")]].concat();
    let hop =
        Hop::start(vec![opened(&[&one[..], &one, &[("MAIL", "close")]].concat()), opened(&timed_out), opened(&one)])
            .await;
    let next_hop = hop.next_hop();
    for connections in [1, 1, 2, 3] {
        assert_eq!(shown(&send(&next_hop).await), "250 ok");
        assert_eq!(hop.connections(), connections);
    }
}

#[tokio::test]
async fn a_dropped_transaction_never_gives_its_connection_back() {
    let hop =
        Hop::start(vec![opened(&[("MAIL", "250 ok"), ("RCPT", "250 ok")]), opened(&mail_to_data("250 ok"))]).await;
    let next_hop = hop.next_hop();
    let mut transaction = next_hop.begin(&from("a@b.jp")).await.unwrap();
    transaction.recipient(&to("b@example.com")).await;
    drop(transaction);
    assert_eq!(shown(&send(&next_hop).await), "250 ok");
    assert_eq!(hop.connections(), 2);
}

#[tokio::test]
async fn a_command_given_up_half_way_never_gives_its_connection_back() {
    let hop = Hop::start(vec![opened(&[("MAIL", "250 ok"), ("RCPT", "hang")]), opened(&mail_to_data("250 ok"))]).await;
    let next_hop = hop.next_hop();
    let mut transaction = next_hop.begin(&from("a@b.jp")).await.unwrap();
    let recipient = to("b@example.com");
    tokio::select! {
        biased;
        _ = transaction.recipient(&recipient) => panic!("answered"),
        () = async { while !hop.heard().contains("RCPT") { tokio::task::yield_now().await } } => {}
    }
    transaction.reset().await;
    assert_eq!(shown(&send(&next_hop).await), "250 ok");
    assert_eq!(hop.connections(), 2);
}

#[tokio::test]
async fn a_failed_reset_closes_the_connection() {
    let hop =
        Hop::start(vec![opened(&[("MAIL", "250 ok"), ("RSET", "502 no")]), opened(&mail_to_data("250 ok"))]).await;
    let next_hop = hop.next_hop();
    next_hop.begin(&from("a@b.jp")).await.unwrap().reset().await;
    assert_eq!(shown(&send(&next_hop).await), "250 ok");
    assert_eq!(hop.connections(), 2);
}

#[tokio::test]
async fn unused_connections_are_closed_with_quit() {
    let hop = Hop::start(vec![opened(&[&mail_to_data("250 ok")[..], &[("QUIT", "221 bye")]].concat())]).await;
    let settings = settings(&[&hop.address], Tls::Never);
    let timeouts = Timeouts { idle: Duration::from_millis(40), ..Timeouts::default() };
    let next_hop = NextHop::with_timeouts(settings, timeouts).unwrap();
    send(&next_hop).await;
    let said = async {
        while !hop.heard().contains("QUIT") {
            tokio::time::sleep(Duration::from_millis(5)).await
        }
    };
    tokio::time::timeout(Duration::from_secs(10), said).await.unwrap();
}

#[tokio::test]
async fn close_says_quit_on_what_is_idle() {
    let hop = Hop::start(vec![opened(&[&mail_to_data("250 ok")[..], &[("QUIT", "221 bye")]].concat())]).await;
    let next_hop = hop.next_hop();
    send(&next_hop).await;
    next_hop.close().await;
    assert!(hop.heard().ends_with("QUIT|"));
}

#[tokio::test]
async fn what_the_next_hop_does_not_offer_is_not_said() {
    let plain =
        |rest: &[(&'static str, &'static str)]| -> Script { [&[("", "220 hop"), ("EHLO", "250 hop")], rest].concat() };
    let hop = Hop::start(vec![plain(&[("MAIL FROM:<a@b.jp>\r\n", "250 ok"), ("RSET", "250 ok")])]).await;
    let next_hop = hop.next_hop();
    let utf8 = MailFrom { smtputf8: true, ..from("a@b.jp") };
    assert_eq!(next_hop.begin(&utf8).await.unwrap_err(), Reply::smtputf8_unsupported());
    assert_eq!(next_hop.begin(&from("花子@例え.jp")).await.unwrap_err(), Reply::smtputf8_unsupported());
    let eight = MailFrom { body: BodyKind::EightBitMime, size: Some(5), ..from("a@b.jp") };
    let mut transaction = next_hop.begin(&eight).await.unwrap();
    assert_eq!(transaction.recipient(&to("花子@例え.jp")).await, Reply::smtputf8_needed());
    assert_eq!(hop.connections(), 1);
}

#[tokio::test]
async fn bare_line_ends_never_go_out() {
    let hop = Hop::start(vec![opened(&[("MAIL", "250 ok"), ("RCPT", "250 ok"), ("RSET", "250 ok")])]).await;
    let mut transaction = hop.next_hop().begin(&from("a@b.jp")).await.unwrap();
    transaction.recipient(&to("b@example.com")).await;
    let reply = transaction.data(&Pass(b"", b"a\n.\r\nMAIL FROM:<evil@b.jp>\r\n".to_vec())).await.reply;
    assert_eq!(reply, Reply::internal());
    assert!(!hop.heard().contains("DATA"));
}

#[tokio::test]
async fn tls_that_is_asked_for_and_not_offered_or_broken_is_451() {
    for tls in [Tls::Required, Tls::Verified] {
        for script in [
            opened(&mail_to_data("250 ok")),
            vec![("", "220 hop"), ("EHLO", "250-hop|250 STARTTLS"), ("STARTTLS", "454 4.7.0 no")],
            vec![("", "220 hop"), ("EHLO", "250-hop|250 STARTTLS"), ("STARTTLS", "220 go|250-injected|250 SMTPUTF8")],
            vec![("", "220 hop"), ("EHLO", "250-hop|250 STARTTLS"), ("STARTTLS", "220 go|close")],
        ] {
            let hop = Hop::start(vec![script]).await;
            let next_hop = NextHop::new(settings(&[&hop.address], tls)).unwrap();
            assert_eq!(shown(&next_hop.begin(&from("a@b.jp")).await.unwrap_err()), UNAVAILABLE);
            assert!(!hop.heard().contains("MAIL"));
        }
    }
}

#[tokio::test]
async fn opportunistic_tls_goes_on_in_plain_text_when_it_fails() {
    let hop = Hop::start(vec![
        vec![("", "220 hop"), ("EHLO", "250-hop|250 STARTTLS"), ("STARTTLS", "454 4.7.0 no|close")],
        opened(&mail_to_data("250 ok")),
    ])
    .await;
    let next_hop = NextHop::new(settings(&[&hop.address], Tls::Opportunistic)).unwrap();
    assert_eq!(shown(&send(&next_hop).await), "250 ok");
    assert_eq!(hop.connections(), 2);
}

#[test]
fn settings_that_cannot_work_say_how_to_mend_them() {
    let error = NextHop::new(settings(&[], Tls::Never)).unwrap_err().to_string();
    assert_eq!(error, "next_hop.hosts is empty; name at least one server as \"host:port\"");
    let error = NextHop::new(settings(&["mail"], Tls::Never)).unwrap_err().to_string();
    assert!(error.starts_with("next_hop.hosts: \"mail\" is not of the form \"host:port\""), "{error}");
}
