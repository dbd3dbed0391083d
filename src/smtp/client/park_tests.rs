//! Transactions that are parked while their client is slow, with one place for all of them.

use super::{hop::*, *};

/// A next hop that takes one mail at a time.
fn one_place(hop: &Hop, turn: Duration) -> NextHop {
    let settings = Settings { max_connections: 1, ..settings(&[&hop.address], Tls::Never) };
    NextHop::with_timeouts(settings, Timeouts { turn, ..Timeouts::default() }).unwrap()
}

const TURN: Duration = Duration::from_secs(20);

/// A mail to one recipient, parked.
async fn parked(next_hop: &NextHop) -> Transaction {
    let (mut transaction, replies) = next_hop.begin_with(&from("slow@b.jp"), &[to("b@x.jp")]).await.unwrap();
    assert!(replies[0].is_positive(), "{replies:?}");
    transaction.park();
    transaction
}

const BEGUN: [(&str, &str); 3] = [("MAIL", "250 ok"), ("RCPT", "250 ok"), ("RSET", "250 ok")];

#[tokio::test]
async fn while_one_is_parked_another_has_its_connection_and_then_it_goes_on_as_it_was() {
    let more = [
        ("MAIL", "250 ok"),
        ("RCPT", "250 ok"),
        ("RCPT TO:<c@x.jp>", "550 5.1.1 no"),
        ("RCPT TO:<d@x.jp>", "250 ok"),
        ("RSET", "250 ok"),
        ("MAIL", "250 ok"),
        ("RCPT TO:<b@x.jp>", "250 ok"),
        ("RCPT TO:<d@x.jp>", "250 ok"),
        ("DATA", "354 go"),
        (".", "250 2.0.0 slow but sure"),
    ];
    let hop = Hop::start(vec![offering("PIPELINING", &[&BEGUN[..], &mail_to_data("250 quick"), &more].concat())]).await;
    let next_hop = one_place(&hop, TURN);
    let mut transaction = parked(&next_hop).await;
    assert_eq!(shown(&send(&next_hop).await), "250 quick");
    let replies = transaction.recipients(&["c@x.jp", "d@x.jp"].map(to)).await;
    assert_eq!(replies.iter().map(|reply| reply.code).collect::<Vec<_>>(), [550, 250]);
    transaction.park();
    // Parked is parked.
    transaction.park();
    assert_eq!(shown(&transaction.data(&pass()).await.reply), "250 2.0.0 slow but sure");
    assert_eq!(hop.connections(), 1);
    let heard = hop.heard();
    let (_, again) = heard.rsplit_once("RSET|").unwrap();
    assert!(again.starts_with("MAIL FROM:<slow@b.jp>|RCPT TO:<b@x.jp>|RCPT TO:<d@x.jp>|DATA|"), "{again}");
}

#[tokio::test]
async fn a_parked_mail_that_is_not_accepted_again_is_451_and_not_sent() {
    for refused in [
        vec![("MAIL", "550 5.7.1 not you")],
        vec![("MAIL", "250 ok"), ("RCPT", "550 5.1.1 gone")],
        vec![("MAIL", "250 ok"), ("RCPT", "close")],
    ] {
        let script = [&BEGUN[..], &refused, &[("DATA", "354 go")]].concat();
        let closed = vec![("", "421 closed|close")];
        let hop = Hop::start(vec![offering("PIPELINING", &script), closed]).await;
        let mut transaction = parked(&one_place(&hop, TURN)).await;
        assert_eq!(shown(&transaction.recipient(&to("c@x.jp")).await), UNAVAILABLE);
        assert_eq!(shown(&transaction.data(&pass()).await.reply), UNAVAILABLE);
        assert!(!hop.heard().contains("DATA") && !hop.heard().contains("c@x.jp"), "{}", hop.heard());
    }
}

#[tokio::test]
async fn a_next_hop_that_goes_away_meanwhile_is_asked_anew() {
    for answer in ["close", "250 ok|close", "421 4.4.2 timeout|close", "500 what?"] {
        let first = [&BEGUN[..2], &[("RSET", answer)]].concat();
        let hop = Hop::start(vec![opened(&first), opened(&mail_to_data("250 done"))]).await;
        let transaction = parked(&one_place(&hop, TURN)).await;
        assert_eq!(shown(&transaction.data(&pass()).await.reply), "250 done", "{answer}");
        assert_eq!(hop.connections(), 2, "{answer}");
    }
}

#[tokio::test]
async fn a_next_hop_that_hangs_at_rset_holds_nobody_and_no_place() {
    let first = [&BEGUN[..2], &[("RSET", "hang")]].concat();
    let hop = Hop::start(vec![opened(&first), opened(&mail_to_data("250 done"))]).await;
    let next_hop = one_place(&hop, Duration::from_secs(4));
    let _parked = parked(&next_hop).await;
    assert_eq!(shown(&send(&next_hop).await), "250 done");
}

#[tokio::test]
async fn a_parked_mail_waits_for_its_turn_like_a_new_one() {
    let hop = Hop::start(vec![opened(&[&BEGUN[..], &mail_to_data("250 done")].concat())]).await;
    let next_hop = one_place(&hop, Duration::from_secs(2));
    let transaction = parked(&next_hop).await;
    let other = next_hop.begin(&from("a@b.jp")).await.unwrap();
    assert_eq!(transaction.data(&pass()).await.reply, Reply::busy());
    drop(other);
}
