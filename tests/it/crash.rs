//! `kill -9` at any moment: each mail is at the next hop, or held, or was never answered 250.

use std::{
    collections::HashSet,
    sync::{Arc, Mutex},
    time::Duration,
};

use crate::support::{
    relay::Relay,
    sink::Sink,
    talk::{Talk, letter},
};

const MOMENTS: u64 = 20;
const MAILS: usize = 500;
const CLIENTS: usize = 5;
const FROM: &str = "sato@toho.example.co.jp";
const CLEAN: &str = "yamada@kita-hoan.example.com";

/// Each secret mail has a recipient of its own, so that the hold can be asked for it.
fn secret_recipient(id: &str) -> String {
    format!("{id}@zeirishi.example.com")
}

/// What the clients were promised: the ids answered 250.
#[derive(Default)]
struct Promises {
    forwarded: HashSet<String>,
    held: HashSet<String>,
}

/// One client's share of the mails; every fifth holds a My Number. It stops when the relay dies.
fn client(relay: std::net::SocketAddr, ids: &[String], promises: &Mutex<Promises>) -> std::io::Result<()> {
    let mut talk = Talk::start(relay)?;
    for (n, id) in ids.iter().enumerate() {
        let secret = n % 5 == 0;
        let (to, text) = if secret {
            (secret_recipient(id), "従業員 高橋 由美のマイナンバーは 123456789018 です。")
        } else {
            (CLEAN.to_owned(), "来週の定例会議は水曜日です。")
        };
        let reply = talk.send(FROM, &[&to], &letter(id, "s", text))?;
        let mut promises = promises.lock().unwrap();
        if reply.starts_with("250 2.0.0 forwarded") {
            assert!(!secret, "a My Number was forwarded: {reply}");
            promises.forwarded.insert(id.clone());
        } else if reply.starts_with("250 2.0.0 held as ") {
            promises.held.insert(id.clone());
        } else {
            assert!(reply.starts_with('4'), "{reply}");
        }
    }
    Ok(())
}

#[test]
fn no_promise_is_broken_by_a_kill_at_any_of_twenty_moments() {
    let sink = Sink::start();
    let mut relay = Relay::start(sink.address);
    let promises = Arc::new(Mutex::new(Promises::default()));
    // A fixed series of moments, so that a failure can be seen again.
    let mut state = 0x5eed_u64;
    let mut rounds_cut_short = 0;
    for moment in 0..MOMENTS {
        let clients: Vec<_> = (0..CLIENTS)
            .map(|client_number| {
                let ids: Vec<_> = (0..MAILS / CLIENTS).map(|n| format!("m{moment}-{client_number}-{n}")).collect();
                let (promises, address) = (Arc::clone(&promises), relay.smtp);
                std::thread::spawn(move || client(address, &ids, &promises).is_err())
            })
            .collect();
        state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        std::thread::sleep(Duration::from_millis(20 + state % 600));
        relay.kill();
        rounds_cut_short += clients.into_iter().map(|c| usize::from(c.join().unwrap())).sum::<usize>();
        relay.run();
    }
    assert!(rounds_cut_short > 10, "the kills came too late to prove anything ({rounds_cut_short} clients were cut)");

    let delivered: HashSet<String> = sink.mails().iter().filter_map(|mail| message_id(&mail.text())).collect();
    let held: HashSet<String> = relay
        .held()
        .iter()
        .filter_map(|mail| Some(mail["rcpt_to"].as_array()?.first()?.as_str()?.to_owned()))
        .collect();
    let promises = promises.lock().unwrap();
    let broken: Vec<_> = promises.forwarded.iter().filter(|id| !delivered.contains(*id)).collect();
    assert!(broken.is_empty(), "answered 250 forwarded but not at the next hop: {broken:?}");
    let broken: Vec<_> = promises.held.iter().filter(|id| !held.contains(&secret_recipient(id))).collect();
    assert!(broken.is_empty(), "answered 250 held but not held: {broken:?}");
    assert!(!promises.held.is_empty() && !promises.forwarded.is_empty());
    let leaked: Vec<_> = sink.mails().into_iter().filter(|m| m.to.iter().any(|to| to.contains("zeirishi"))).collect();
    assert!(leaked.is_empty(), "{} held mails went out", leaked.len());
    let verify = relay.command(&["journal", "verify"]);
    assert!(verify.status.success(), "{}", String::from_utf8_lossy(&verify.stderr));
}

fn message_id(mail: &str) -> Option<String> {
    let line = mail.lines().find_map(|line| line.strip_prefix("Message-ID: <"))?;
    line.split('@').next().map(str::to_owned)
}
