//! What a collector of traces hears of mails: how long each stage took, and nothing of what was in them.

use std::{
    io::{BufRead, BufReader, Read, Write},
    net::{SocketAddr, TcpListener},
    sync::{Arc, Mutex},
    time::{Duration, Instant},
};

use opentelemetry_proto::tonic::{
    collector::trace::v1::ExportTraceServiceRequest, common::v1::any_value::Value, trace::v1::Span,
};
use prost::Message;

use crate::support::{
    eventually, free_port,
    relay::Relay,
    sink::Sink,
    talk::{self, letter},
};

const SENDER: &str = "sato@toho.example.co.jp";
const CONTRACTOR: &str = "yamada@kita-hoan.example.com";
const APPROVER: &str = "kacho@toho.example.co.jp";
const MYNUMBER: &str = "マイナンバー 1234 5678 9018";

/// A collector of OTLP over HTTP.
#[derive(Clone, Default)]
struct Collector {
    bytes: Arc<Mutex<Vec<Vec<u8>>>>,
}

impl Collector {
    fn start() -> (Self, SocketAddr) {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let (collector, address) = (Self::default(), listener.local_addr().unwrap());
        let bytes = Arc::clone(&collector.bytes);
        std::thread::spawn(move || {
            for stream in listener.incoming().flatten() {
                let mut stream = BufReader::new(stream);
                let (mut length, mut line) = (0, String::new());
                while stream.read_line(&mut line).unwrap() > 2 {
                    if let Some(value) = line.to_lowercase().strip_prefix("content-length:") {
                        length = value.trim().parse().unwrap();
                    }
                    line.clear();
                }
                let mut body = vec![0; length];
                stream.read_exact(&mut body).unwrap();
                bytes.lock().unwrap().push(body);
                let _ = stream.get_mut().write_all(b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n");
            }
        });
        (collector, address)
    }

    /// Everything that arrived, as it was on the wire.
    fn bytes(&self) -> Vec<u8> {
        self.bytes.lock().unwrap().concat()
    }

    fn spans(&self) -> Vec<Span> {
        let requests = self.bytes.lock().unwrap();
        let decoded = requests.iter().map(|body| ExportTraceServiceRequest::decode(body.as_slice()).unwrap());
        let resources = decoded.flat_map(|request| request.resource_spans);
        resources.flat_map(|resource| resource.scope_spans).flat_map(|scope| scope.spans).collect()
    }

    /// The span of the whole of each mail whose reply code and outcome are these.
    fn mail(&self, outcome: &str) -> Span {
        eventually(&format!("a mail that was {outcome}; {:?}", names(&self.spans())), || {
            let spans = self.spans();
            spans.into_iter().find(|span| span.name == "mail" && said(span, "sekisho.outcome") == outcome)
        })
    }

    /// The names of the spans below one.
    fn below(&self, span: &Span) -> Vec<String> {
        let spans = self.spans();
        names(&spans.into_iter().filter(|below| below.parent_span_id == span.span_id).collect::<Vec<_>>())
    }
}

fn names(spans: &[Span]) -> Vec<String> {
    spans.iter().map(|span| span.name.clone()).collect()
}

/// What a span says under a name.
fn said(span: &Span, name: &str) -> String {
    let found = span.attributes.iter().find(|attribute| attribute.key == name);
    let value = found.and_then(|attribute| attribute.value.clone()?.value);
    match value {
        Some(Value::StringValue(text)) => text,
        Some(Value::IntValue(number)) => number.to_string(),
        Some(Value::ArrayValue(list)) => {
            let texts = list.values.into_iter().map(|value| match value.value {
                Some(Value::StringValue(text)) => text,
                other => format!("{other:?}"),
            });
            texts.collect::<Vec<_>>().join(",")
        }
        other => format!("{other:?}"),
    }
}

fn hex(bytes: &[u8]) -> String {
    data_encoding::HEXLOWER.encode(bytes)
}

fn traced(address: SocketAddr, sample: &str) -> String {
    format!("[traces]\nendpoint = \"http://{address}/v1/traces\"\nsample = {sample}\n")
}

#[test]
fn each_stage_of_a_mail_is_told_and_nothing_that_was_in_it() {
    let (sink, (collector, address)) = (Sink::start(), Collector::start());
    let mut relay = Relay::start_with(sink.address, &traced(address, "1"));
    let forwarded = talk::send(relay.smtp, SENDER, &[CONTRACTOR], &letter("clean", "planted subject", "no data"));
    assert!(forwarded.unwrap().starts_with("250 "));
    let whole = collector.mail("forwarded");
    assert_eq!(
        (said(&whole, "sekisho.decision"), said(&whole, "sekisho.reply.code")),
        ("forward".into(), "250".into())
    );
    let stages = ["next_hop_mail", "next_hop_rcpt", "receive", "recognise", "recall", "wait", "inspect", "remember"];
    let stages = [&stages[..], &["recipients", "policy", "next_hop", "journal"]].concat();
    let below = collector.below(&whole);
    assert!(stages.iter().all(|stage| below.iter().filter(|name| name == stage).count() == 1), "{below:?}");

    // Held, released, delivered: what the outbox does with it is below the same mail.
    let held = talk::send(relay.smtp, SENDER, &[CONTRACTOR], &letter("held", "planted subject", MYNUMBER)).unwrap();
    assert!(held.contains("held as"), "{held}");
    let whole = collector.mail("approval_required");
    assert!(said(&whole, "sekisho.rules").contains("my-number"), "{whole:?}");
    assert!(collector.below(&whole).contains(&"hold".to_owned()), "{:?}", collector.below(&whole));
    let id = said(&whole, "sekisho.held.id");
    let approved = relay.command(&["held", "approve", &id, "--as", APPROVER]);
    assert!(approved.status.success(), "{}", String::from_utf8_lossy(&approved.stderr));
    let delivery = eventually("the delivery", || {
        let spans = collector.spans();
        spans.into_iter().find(|span| span.name == "delivery" && said(span, "sekisho.outgoing.kind") == "release")
    });
    assert_eq!((&delivery.trace_id, &delivery.parent_span_id), (&whole.trace_id, &whole.span_id));
    assert_eq!((said(&delivery, "sekisho.outcome"), said(&delivery, "sekisho.held.id")), ("delivered".into(), id));
    assert_eq!(collector.below(&delivery), ["clear", "next_hop", "settle"]);

    // The story on paper and the trace name each other.
    let mail = said(&whole, "sekisho.mail.id");
    let story = relay.command(&["trace", &mail]);
    let story = String::from_utf8(story.stdout).unwrap();
    assert!(story.starts_with(&format!("trace {}\n", hex(&whole.trace_id))), "{story}");
    assert!(relay.stop());

    let bytes = collector.bytes();
    let has = |word: &str| bytes.windows(word.len()).any(|part| part == word.as_bytes());
    assert!(has("sekisho.mail.id") && has("my-number"), "the bytes are searched");
    let (words, value) =
        (["planted", "マイナンバー", "北保安", "127.0.0.1"], ["1234 5678", "123456789018", "5678 9018"]);
    for private in [&[SENDER, CONTRACTOR, APPROVER][..], &words, &value].concat() {
        assert!(!has(private), "{private} is told");
    }
    // Among the bytes of an id anything may be; no text has one.
    let texts = format!("{:?}", collector.spans());
    assert!(!texts.contains('@'), "{texts}");
}

#[test]
fn a_mail_that_is_refused_is_a_trace_as_well() {
    let (sink, (collector, address)) = (Sink::start(), Collector::start());
    let mut relay = Relay::start_with(sink.address, &traced(address, "1.0"));
    let refused = [&b"X-Refuse: yes\r\n"[..], &letter("refused", "s", "no data")].concat();
    assert!(talk::send(relay.smtp, SENDER, &[CONTRACTOR], &refused).unwrap().starts_with("554"));
    // What the next hop made of a mail that policy forwards.
    let whole = collector.mail("refused");
    assert_eq!(
        (said(&whole, "sekisho.decision"), said(&whole, "sekisho.reply.code")),
        ("forward".into(), "554".into())
    );
    sink.go_down(true);
    let reply = talk::send(relay.smtp, SENDER, &[CONTRACTOR], &letter("later", "s", "no data")).unwrap();
    assert!(reply.starts_with('4'), "{reply}");
    let whole = collector.mail("mail_refused");
    assert_eq!(
        (whole.status.as_ref().map(|status| status.code), collector.below(&whole)),
        (Some(2), vec!["next_hop_mail".into()])
    );
    assert!(relay.stop());
}

#[test]
fn a_sample_of_nothing_sends_nothing() {
    let (sink, (collector, address)) = (Sink::start(), Collector::start());
    let mut relay = Relay::start_with(sink.address, &traced(address, "0"));
    for number in 0..5 {
        let reply = talk::send(relay.smtp, SENDER, &[CONTRACTOR], &letter(&format!("clean-{number}"), "s", "no data"));
        assert!(reply.unwrap().starts_with("250 "));
    }
    assert!(relay.stop());
    assert!(collector.bytes().is_empty());
}

#[test]
fn a_dead_collector_costs_no_mail_and_no_time_at_the_end() {
    // One that takes connections and never answers, and one that is not there.
    let silent = TcpListener::bind("127.0.0.1:0").unwrap();
    let gone = SocketAddr::from(([127, 0, 0, 1], free_port()));
    for address in [silent.local_addr().unwrap(), gone] {
        let (sink, metrics) = (Sink::start(), free_port());
        let extra = format!("{}[metrics]\nlisten = \"127.0.0.1:{metrics}\"\n", traced(address, "1"));
        let mut relay = Relay::start_with(sink.address, &extra);
        for number in 0..20 {
            let reply =
                talk::send(relay.smtp, SENDER, &[CONTRACTOR], &letter(&format!("mail-{number}"), "s", "no data"));
            assert!(reply.unwrap().starts_with("250 "));
        }
        assert_eq!(sink.to(CONTRACTOR).len(), 20);
        let began = Instant::now();
        assert!(relay.stop(), "{}", relay.log());
        // Three seconds of patience; the rest is the machine's.
        assert!(began.elapsed() < Duration::from_secs(20), "{:?}", began.elapsed());
        let log = relay.log();
        assert!(
            log.contains("the last traces could not be told and are lost") || log.contains("traces are not taken"),
            "{log}"
        );
        assert!(log.matches("traces are not taken").count() <= 1, "it is said once: {log}");
    }
}
