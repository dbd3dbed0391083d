//! Connections that end: lost, left, stopped, or by a panic.

use super::*;

#[tokio::test]
async fn a_connection_lost_within_data_abandons_the_mail_once() {
    let server = Server::start(settings()).await;
    let mut client = server.connect().await;
    client.up_to_data("a@example.jp").await;
    client.send("half a message\r\n.").await;
    drop(client);
    let seen = server.end().await;
    assert_eq!(&seen[1..], ["rcpt b@example.com", "abandon"]);
}

#[tokio::test]
async fn a_client_that_leaves_does_not_interrupt_its_mail() {
    let server = Server::start(settings()).await;
    let mut client = server.connect().await;
    client.up_to_data("slow@example.jp").await;
    client.send("x\r\n.\r\n").await;
    server.gate.started.notified().await;
    drop(client);
    let gate = server.gate.clone();
    let ended = tokio::spawn(server.end());
    gate.finish.notify_one();
    assert_eq!(&ended.await.unwrap()[2..], ["message x\\r\\n", "finished"]);
}

#[tokio::test]
async fn a_stop_ends_idle_clients_and_lets_mails_in_flight_finish() {
    let server = Server::start(settings()).await;
    let (mut idle, mut busy, mut slow) = (server.connect().await, server.connect().await, server.connect().await);
    idle.expect("220").await;
    busy.up_to_data("a@example.jp").await;
    slow.up_to_data("slow@example.jp").await;
    slow.send("x\r\n.\r\n").await;
    server.gate.started.notified().await;
    server.stop.cancel();
    idle.expect("421 4.3.2").await;
    idle.assert_closed().await;
    busy.send("y\r\n.\r\n").await;
    busy.expect("250 2.0.0 forwarded").await;
    busy.expect("421 4.3.2").await;
    server.gate.finish.notify_one();
    slow.expect("250 2.0.0 forwarded").await;
    slow.expect("421 4.3.2").await;
    let address = server.address;
    server.end().await;
    assert!(TcpStream::connect(address).await.is_err());
}

#[tokio::test]
async fn a_stop_does_not_wait_for_ever() {
    let server = Server::start_with_grace(settings(), Duration::from_millis(20)).await;
    let (mut open, mut slow) = (server.connect().await, server.connect().await);
    open.up_to_data("a@example.jp").await;
    slow.up_to_data("slow@example.jp").await;
    slow.send("x\r\n.\r\n").await;
    server.gate.started.notified().await;
    server.stop.cancel();
    open.expect("421 4.3.2").await;
    slow.expect("421 4.3.2").await;
    let seen = server.end().await;
    assert_eq!(seen.last().unwrap(), "abandon");
    assert!(!seen.contains(&"finished".to_owned()));
}

#[tokio::test]
async fn a_panic_in_one_connection_leaves_the_others_alone() {
    let server = Server::start(settings()).await;
    let (mut healthy, mut broken) = (server.connect().await, server.connect().await);
    healthy.up_to_data("a@example.jp").await;
    broken.up_to_data("panic@example.jp").await;
    broken.send("x\r\n.\r\n").await;
    broken.expect("421 4.3.0").await;
    broken.assert_closed().await;
    healthy.send("y\r\n.\r\n").await;
    healthy.expect("250 2.0.0 forwarded").await;
    server.connect().await.expect("220").await;
    server.end().await;
}

#[tokio::test]
async fn a_client_that_is_cut_off_in_its_message_still_hears_why() {
    let server = Server::start(settings()).await;
    let client = server.connect().await;
    let mut client = Client(BufReader::with_capacity(100, client.0.into_inner()));
    client.up_to_data("a@example.jp").await;
    // Far more than the sockets hold: most of it is sent after the server has given up.
    client.send(vec![b'x'; 50 << 20]).await;
    client.expect("552 5.3.4").await;
    client.assert_closed().await;
    drop(client);
    assert_eq!(server.end().await.last().unwrap(), "abandon");
}
