//! Clients that are slow, silent, or never listen.

use super::*;

#[tokio::test]
async fn a_mail_whose_client_is_slow_is_paused_once_between_two_steps_and_loses_no_byte() {
    let server = Server::start(settings()).await;
    let paused = async || timeout(HANG, server.gate.paused.notified()).await.expect("not paused");
    let mut client = server.connect().await;
    client.expect("220").await;
    client.ask("EHLO client.example", "250 ").await;
    client.ask("MAIL FROM:<a@example.jp>", "250").await;
    paused().await;
    client.send("RCPT TO:<b@exa").await;
    client.ask("mple.com>", "250").await;
    client.send("DA").await;
    paused().await;
    client.ask("TA", "354").await;
    for byte in b"Subject: slow\r\n\r\n.." {
        client.send([*byte]).await;
        tokio::time::sleep(Duration::from_millis(60)).await;
    }
    client.ask("\r\n.", "250").await;
    drop(client);
    let pauses = Arc::clone(&server.gate.pauses);
    let seen = server.end().await;
    let message = r"message Subject: slow\r\n\r\n.\r\n";
    assert_eq!(seen, ["mail a@example.jp from client.example, extended", "rcpt b@example.com", message]);
    assert_eq!(*pauses.lock().unwrap(), [1, 2]);
}

#[tokio::test]
async fn messages_that_trickle_are_paused() {
    for begin in ["DATA\r\nSubject: x\r\n", "BDAT 1\r\nSBDAT 1000\r\nubject: x\r\n"] {
        let server = Server::start(settings()).await;
        let mut client = server.connect().await;
        client.expect("220").await;
        client.ask("EHLO client.example", "250 ").await;
        client.send(format!("MAIL FROM:<a@example.jp>\r\nRCPT TO:<b@example.com>\r\n{begin}")).await;
        timeout(HANG, server.gate.paused.notified()).await.expect("not paused");
        assert_eq!(*server.gate.pauses.lock().unwrap(), [2]);
    }
}

#[tokio::test]
async fn silence_ends_a_connection_between_commands_and_within_data() {
    let server = Server::start(Settings { idle_timeout: Duration::from_millis(300), ..settings() }).await;
    let mut client = server.connect().await;
    client.expect("220").await;
    client.expect("421 4.4.2").await;
    client.assert_closed().await;
    let mut client = server.connect().await;
    client.up_to_data("a@example.jp").await;
    client.send("half a li").await;
    client.expect("421 4.4.2").await;
    client.assert_closed().await;
    assert_eq!(server.end().await.last().unwrap(), "abandon");
}

#[tokio::test]
async fn a_client_that_never_reads_does_not_make_replies_pile_up() {
    let most = Settings { max_message_size: 1 << 40, idle_timeout: Duration::from_millis(200), ..settings() };
    let server = Server::start(most).await;
    let mut client = server.connect().await;
    client.send("EHLO x\r\nMAIL FROM:<a@example.jp>\r\nRCPT TO:<b@example.com>\r\n").await;
    // Chunks of one byte are mail, and so no flood of idle commands.
    let flood = b"BDAT 1\r\nx".repeat(10_000);
    // The server stops reading when nobody takes its replies, and gives up in time: at some point the flood stalls or
    // fails, and the session ends all the same.
    let stalled =
        timeout(Duration::from_secs(5), async { while client.0.get_mut().write_all(&flood).await.is_ok() {} });
    assert!(stalled.await.is_ok(), "the server reads on without end");
    server.end().await;
}

#[tokio::test]
async fn replies_to_a_batch_leave_in_one_write() {
    let (mut client, server) = tokio::io::duplex(1 << 16);
    let start = session::Start {
        gate: Arc::new(Recorder::default()),
        settings: Arc::new(settings()),
        budget: budget::Budget::new(1 << 20),
        keys: Arc::default(),
        logins: Arc::new(auth::Logins::new(1)),
        senders: limits::Senders::new(settings().senders),
        address: "127.0.0.1:1".parse().unwrap(),
        stop: CancellationToken::new(),
    };
    let batch = "EHLO x\r\nMAIL FROM:<a@b.jp>\r\nRCPT TO:<c@d.jp>\r\nRCPT TO:<refused@d.jp>\r\nDATA\r\n";
    client.write_all(batch.as_bytes()).await.unwrap();
    tokio::spawn(session::run(start, stream::Stream::Plain(server), CancellationToken::new()));
    let mut got = vec![0; 1 << 16];
    let mut reads: Vec<String> = Vec::new();
    while !reads.concat().contains("354 ") {
        let count = timeout(HANG, client.read(&mut got)).await.unwrap().unwrap();
        reads.push(String::from_utf8_lossy(&got[..count]).into_owned());
    }
    // The greeting waits for nothing either: the batch was there when it was written.
    assert!(reads.len() <= 2, "{reads:?}");
}

/// Sends `bytes` again and again until the server has had enough, and gives its last words.
async fn trickle(client: &mut Client, bytes: &str) -> String {
    let (mut line, step) = (String::new(), Duration::from_millis(20));
    let heard = async {
        while timeout(step, client.0.read_line(&mut line)).await.is_err() {
            client.0.get_mut().write_all(bytes.as_bytes()).await.unwrap();
        }
    };
    timeout(HANG, heard).await.expect("the server waits for ever");
    line
}

#[tokio::test]
async fn a_command_line_that_trickles_ends_the_connection() {
    let server = Server::start(Settings { command_timeout: Duration::from_millis(300), ..settings() }).await;
    let mut client = server.connect().await;
    client.expect("220").await;
    assert!(trickle(&mut client, "x").await.starts_with("421 4.4.2"));
    server.end().await;
}

#[tokio::test]
async fn a_message_that_takes_too_long_ends_the_connection() {
    let server = Server::start(Settings { message_timeout: Duration::from_millis(300), ..settings() }).await;
    let mut client = server.connect().await;
    client.up_to_data("a@example.jp").await;
    assert!(trickle(&mut client, "x").await.starts_with("421 4.4.2 timeout"));
    let mut client = server.connect().await;
    client.expect("220").await;
    for command in ["EHLO x", "MAIL FROM:<a@example.jp>", "RCPT TO:<b@example.com>"] {
        client.ask(command, "250").await;
    }
    client.send("BDAT 1\r\nx").await;
    client.expect("250 2.0.0 1 octets").await;
    client.expect("421 4.4.2").await;
    assert_eq!(server.end().await.iter().filter(|seen| *seen == "abandon").count(), 2);
}

#[tokio::test]
async fn a_message_below_the_least_rate_ends_the_connection() {
    let slow = Settings { min_data_rate: 1_000, rate_window: Duration::from_millis(200), ..settings() };
    let server = Server::start(slow).await;
    let mut client = server.connect().await;
    client.up_to_data("a@example.jp").await;
    assert!(trickle(&mut client, "x").await.starts_with("421 4.4.2 the message comes too slowly"));
    assert_eq!(server.end().await.last().unwrap(), "abandon");
}

#[tokio::test]
async fn a_connection_may_last_and_bring_only_so_much() {
    let most = Settings { max_session: Duration::from_millis(400), max_mails_per_connection: 1, ..settings() };
    let server = Server::start(most).await;
    let mut client = server.connect().await;
    client.up_to_data("a@example.jp").await;
    client.send("x\r\n.\r\n").await;
    client.expect("250 2.0.0 forwarded").await;
    client.ask("MAIL FROM:<a@example.jp>", "421 4.7.0").await;
    client.assert_closed().await;
    let mut client = server.connect().await;
    client.expect("220").await;
    client.expect("421 4.4.2").await;
    client.assert_closed().await;
    server.end().await;
}
