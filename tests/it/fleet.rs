//! Several nodes on one PostgreSQL: what is wrong with one of them, or with the database, is said in plain words.

use std::{fs, os::unix::fs::PermissionsExt, process::Command};

use crate::{
    crash::SmallDisk,
    health::{condition, health},
    support::{
        eventually,
        postgres::Postgres,
        relay::{Relay, Signal},
        sink::Sink,
        talk::{self, letter},
    },
};

const FROM: &str = "sato@toho.example.co.jp";
const SECRET: &str = "従業員 高橋 由美のマイナンバーは 123456789018 です。";

#[test]
#[ignore = "needs PostgreSQL and root; tests/run runs it"]
fn nodes_with_other_rules_are_named_until_they_have_the_same() {
    let (postgres, sink) = (Postgres::start(), Sink::start());
    let url = format!("store.url = {:?}\n", postgres.url());
    let mut first = Relay::configured(sink.address, &url);
    first.run();
    let mut second = Relay::configured(sink.address, &format!("{url}policy.preset = \"strict\"\n"));
    second.shares_the_key_of(&first);
    second.run();
    for node in [&first, &second] {
        let report = eventually("the nodes to see that they differ", || {
            let (_, report) = health(node.console);
            (!condition(&report, "nodes")).then_some(report)
        });
        assert!(!report.to_string().contains("toho.example.co.jp"), "anybody may ask: {report}");
    }
    let said = String::from_utf8(first.command(&["doctor"]).stdout).unwrap();
    assert!(said.contains("they do not have the same rules: put the same files on each"), "{said}");
    for node in [&first, &second] {
        assert!(said.contains(&format!("sekisho.toho.example.co.jp {}: version", node.smtp)), "{said}");
    }
    // Mail goes on meanwhile, and the same files and SIGHUP mend it.
    let reply =
        talk::send(second.smtp, FROM, &["yamada@kita-hoan.example.com"], &letter("fleet-1", "s", "定例会議です。"));
    assert!(reply.unwrap().starts_with("250 2.0.0 forwarded"));
    let text = fs::read_to_string(second.config()).unwrap();
    fs::write(second.config(), text.replace("preset = \"strict\"", "")).unwrap();
    second.signal(Signal::HUP);
    for node in [&first, &second] {
        eventually("the nodes to see that they agree", || condition(&health(node.console).1, "nodes").then_some(()));
    }
    // One that ends is gone at once.
    assert!(second.stop());
    eventually("the other node to be gone", || {
        let said = String::from_utf8(first.command(&["doctor"]).stdout).unwrap();
        (!said.contains("nodes ")).then_some(())
    });
}

/// The tables are on a small disk of their own; the write-ahead log is not, without which PostgreSQL stops.
#[test]
#[ignore = "needs PostgreSQL and root to mount a small disk; tests/run runs it"]
fn a_full_disk_of_the_database_is_451_and_loses_nothing() {
    let (home, postgres, sink) = (tempfile::tempdir().unwrap(), Postgres::start(), Sink::start());
    fs::set_permissions(home.path(), fs::Permissions::from_mode(0o755)).unwrap();
    let disk = SmallDisk::mount(home.path().join("disk"));
    let tables = disk.0.join("tables");
    fs::create_dir(&tables).unwrap();
    assert!(Command::new("chown").arg("postgres").arg(&tables).status().unwrap().success());
    postgres.sql(&format!("CREATE TABLESPACE small LOCATION '{}'", tables.display()));
    postgres.sql("ALTER ROLE postgres SET default_tablespace = 'small'");
    let relay = Relay::start_with(sink.address, &format!("store.url = {:?}\n", postgres.url()));
    let send = |id: &str, text: &str| {
        talk::send(relay.smtp, FROM, &["nencho@zeirishi.example.com"], &letter(id, "s", text)).unwrap()
    };
    assert!(send("before", SECRET).starts_with("250 2.0.0 held"));
    disk.fill();
    let reply = send("full", &SECRET.repeat(20_000));
    assert!(reply.starts_with("451 4.3"), "{reply}");
    assert!(relay.log().contains("the disk is full"), "{}", relay.log());
    assert_eq!(relay.held().len(), 1, "nothing is half there");
    disk.free();
    eventually("mail to be taken again", || send("after", SECRET).starts_with("250 2.0.0 held").then_some(()));
    let verified = relay.command(&["journal", "verify"]);
    assert!(verified.status.success(), "{}", String::from_utf8_lossy(&verified.stderr));
    // Before the small disk goes away under the server.
    drop(relay);
    drop(postgres);
}

/// Searches ask the replica, which may be a little behind, and nothing else does.
#[test]
#[ignore = "needs PostgreSQL and root; tests/run runs it"]
fn searches_ask_a_standby_and_the_primary_while_it_is_away() {
    let (postgres, sink) = (Postgres::start(), Sink::start());
    let mut standby = postgres.standby();
    let urls = format!("store.url = {:?}\nstore.read_url = {:?}\n", postgres.url(), standby.url());
    let relay = Relay::start_with(sink.address, &urls);
    let send = |id: &str| {
        let to = format!("{id}@kita-hoan.example.com");
        let reply = talk::send(relay.smtp, FROM, &[&to], &letter(id, "s", "定例会議です。")).unwrap();
        assert!(reply.starts_with("250 2.0.0 forwarded"), "{reply}");
    };
    let found = |id: &str| {
        let to = format!("{id}@kita-hoan.example.com");
        let search = relay.command(&["journal", "search", "--json", "--to", &to]);
        assert!(search.status.success(), "{}", String::from_utf8_lossy(&search.stderr));
        String::from_utf8(search.stdout).unwrap().contains(&to)
    };
    send("one");
    eventually("the replica to have it", || found("one").then_some(()));
    standby.sql("SELECT pg_wal_replay_pause()");
    eventually("the replica to stand still", || {
        (standby.sql("SELECT pg_get_wal_replay_pause_state()").trim() == "paused").then_some(())
    });
    send("two");
    assert!(found("one") && !found("two"), "it is the replica that is asked");
    let verified = relay.command(&["journal", "verify"]);
    assert!(verified.status.success(), "{}", String::from_utf8_lossy(&verified.stderr));
    standby.die();
    let report = eventually("the replica to be missed", || {
        let (_, report) = health(relay.console);
        (!condition(&report, "nodes")).then_some(report)
    });
    assert!(report.to_string().contains("replica is away"), "{report}");
    assert!(found("one") && found("two"), "the primary is asked meanwhile");
    standby.live();
    eventually("the replica to be back", || condition(&health(relay.console).1, "nodes").then_some(()));
    eventually("the replica to catch up", || found("two").then_some(()));
}
