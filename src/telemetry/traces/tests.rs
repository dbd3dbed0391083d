//! The exporter against collectors on loopback that do as they are told.

use std::{
    collections::BTreeMap,
    sync::Mutex,
    time::{Duration, Instant},
};

use opentelemetry_proto::tonic::{
    collector::trace::v1::{ExportTracePartialSuccess, ExportTraceServiceRequest, ExportTraceServiceResponse},
    trace::v1::Span,
};
use prost::Message;
use tokio::{
    io::{AsyncBufReadExt, AsyncReadExt, AsyncWriteExt, BufReader},
    net::{TcpListener, TcpStream},
    task::JoinHandle,
    time::{sleep, timeout},
};
use tokio_util::sync::CancellationToken;
use ulid::Ulid;

use super::*;
use crate::telemetry::{
    health::Health,
    trail::{Fact, Stage},
};

const LIMIT: Duration = Duration::from_secs(60);

/// What a collector answers.
#[derive(Clone)]
enum Manner {
    Takes,
    Refuses(u64),
    Says(&'static str),
    FallsSilent,
}

/// A collector.
#[derive(Clone)]
struct Collector {
    endpoint: String,
    manner: Arc<Mutex<Manner>>,
    heads: Arc<Mutex<Vec<String>>>,
    spans: Arc<Mutex<Vec<Span>>>,
}

impl Collector {
    async fn start(manner: Manner) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let collector = Self {
            endpoint: format!("http://{}/v1/traces", listener.local_addr().unwrap()),
            manner: Arc::new(Mutex::new(manner)),
            heads: Arc::default(),
            spans: Arc::default(),
        };
        let serving = collector.clone();
        tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                tokio::spawn(serving.clone().serve(stream));
            }
        });
        collector
    }

    async fn serve(self, stream: TcpStream) -> Option<()> {
        let mut stream = BufReader::new(stream);
        let (mut head, mut length) = (String::new(), 0);
        loop {
            let mut line = String::new();
            stream.read_line(&mut line).await.ok()?;
            if line.trim().is_empty() {
                break;
            }
            if let Some(value) = line.to_lowercase().strip_prefix("content-length:") {
                length = value.trim().parse().unwrap();
            }
            head.push_str(&line);
        }
        let mut body = vec![0; length];
        stream.read_exact(&mut body).await.ok()?;
        self.heads.lock().unwrap().push(head);
        let manner = self.manner.lock().unwrap().clone();
        let (status, refused) = match manner {
            Manner::Takes => ("200 OK", 0),
            Manner::Refuses(spans) => ("200 OK", spans),
            Manner::Says(status) => (status, 0),
            Manner::FallsSilent => return std::future::pending().await,
        };
        if status == "200 OK" {
            let request = ExportTraceServiceRequest::decode(body.as_slice()).unwrap();
            let spans = request.resource_spans.into_iter().flat_map(|resource| resource.scope_spans);
            self.spans.lock().unwrap().extend(spans.flat_map(|scope| scope.spans));
        }
        let partial = ExportTracePartialSuccess { rejected_spans: refused.cast_signed(), ..Default::default() };
        let said = ExportTraceServiceResponse { partial_success: (refused > 0).then_some(partial) }.encode_to_vec();
        let head = format!("HTTP/1.1 {status}\r\ncontent-length: {}\r\n\r\n", said.len());
        stream.write_all(&[head.as_bytes(), &said].concat()).await.ok()
    }

    fn spans(&self) -> Vec<Span> {
        self.spans.lock().unwrap().clone()
    }
}

struct Told {
    traces: Traces,
    metrics: Metrics,
    stop: CancellationToken,
    running: JoinHandle<()>,
}

fn start(endpoint: &str, share: f64) -> Told {
    let endpoint = Endpoint::parse(endpoint).unwrap();
    let headers = Headers::parse("authorization: Bearer s3cret").unwrap();
    let metrics = Metrics::default();
    let settings = Settings { endpoint, share, headers };
    let (traces, exporter) = Traces::start(settings, "node-1.example.co.jp", metrics.clone()).unwrap();
    let stop = CancellationToken::new();
    let running = tokio::spawn(exporter.run(stop.clone()));
    Told { traces, metrics, stop, running }
}

impl Told {
    fn figures(&self) -> BTreeMap<String, u64> {
        let text = self.metrics.text(&Health::default(), &[]).unwrap();
        let lines = text.lines().filter_map(|line| line.strip_prefix("sekisho_trace_spans_")?.split_once(' '));
        lines.map(|(name, value)| (name.to_owned(), value.parse().unwrap())).collect()
    }

    fn lost(&self, reason: &str) -> u64 {
        self.figures()[&format!("lost_total{{reason=\"{reason}\"}}")]
    }

    async fn ends(self) -> BTreeMap<String, u64> {
        self.stop.cancel();
        timeout(LIMIT, async {
            while !self.running.is_finished() {
                sleep(Duration::from_millis(5)).await
            }
        })
        .await
        .unwrap();
        self.figures()
    }
}

async fn eventually(what: &str, mut is: impl FnMut() -> bool) {
    let began = Instant::now();
    while !is() {
        assert!(began.elapsed() < LIMIT, "{what}");
        sleep(Duration::from_millis(20)).await;
    }
}

fn id() -> String {
    Ulid::generate().to_string()
}

/// Of two spans.
fn trail(id: &str) -> Trail {
    let mut trail = Trail::of_mail(id);
    trail.stage(Stage::since("inspect", trail.began()).with("sekisho.persons", Fact::Number(12)));
    trail.note("sekisho.rules", Fact::ids(["my-number", "taro@example.co.jp"]));
    trail.failed();
    trail
}

#[tokio::test]
async fn a_mail_is_a_trace_that_its_id_finds() {
    let collector = Collector::start(Manner::Takes).await;
    let told = start(&collector.endpoint, 1.0);
    let mail = id();
    told.traces.tell(trail(&mail));
    let mut delivery = Trail::of_delivery(&mail);
    delivery.note("sekisho.outgoing.id", Fact::id("O1"));
    told.traces.tell(delivery);
    told.traces.tell(Trail::of_mail("no ULID"));
    eventually("the spans", || collector.spans().len() == 3).await;
    let spans = collector.spans();
    let trace = u128::from(Ulid::from_string(&mail).unwrap()).to_be_bytes();
    assert!(spans.iter().all(|span| span.trace_id == trace && span.flags == 1));
    let [whole, stage, delivered] = spans.as_slice() else { panic!("{spans:?}") };
    assert_eq!((whole.name.as_str(), &whole.span_id[..], whole.parent_span_id.len()), ("mail", &trace[8..], 0));
    assert_eq!((stage.name.as_str(), &stage.parent_span_id), ("inspect", &whole.span_id));
    assert_eq!((delivered.name.as_str(), &delivered.parent_span_id), ("delivery", &whole.span_id));
    assert!(delivered.span_id != whole.span_id && stage.span_id != whole.span_id);
    assert!(whole.start_time_unix_nano <= stage.start_time_unix_nano);
    assert!(stage.end_time_unix_nano <= whole.end_time_unix_nano);
    assert_eq!(whole.status.as_ref().unwrap().code, 2);
    let said = format!("{spans:?}");
    assert!(said.contains("my-number") && said.contains("sekisho.persons") && !said.contains("taro"), "{said}");
    let head = collector.heads.lock().unwrap()[0].clone();
    for line in ["POST /v1/traces HTTP/1.1", "authorization: Bearer s3cret", "content-type: application/x-protobuf"] {
        assert!(head.contains(line), "{head}");
    }
    let figures = told.ends().await;
    assert_eq!((figures["sent_total"], figures.values().sum::<u64>()), (3, 3));
}

#[test]
fn all_nodes_agree_which_mails_are_told_and_the_share_is_as_large_as_it_says() {
    let settings = |share| Settings {
        endpoint: Endpoint::parse("http://127.0.0.1:1/v1/traces").unwrap(),
        share,
        headers: Headers::default(),
    };
    let ids: Vec<String> = (0..20_000).map(|_| id()).collect();
    let told = |share| ids.iter().filter_map(|id| settings(share).trace_of(id)).count();
    assert_eq!((told(0.0), told(1.0)), (0, 20_000));
    // Seven times the deviation of chance.
    let tenth = told(0.1);
    assert!((1_700..2_300).contains(&tenth), "{tenth}");
    // Who is told at one share is told at any larger one, so that a fleet may be changed node by node.
    assert!(ids.iter().all(|id| settings(0.1).trace_of(id).is_none() || settings(0.2).trace_of(id).is_some()));
    assert_eq!(settings(1.0).trace_of("01ARZ3NDEKTSV4RRFFQ69G5FAV").unwrap(), "01563e3ab5d3d6764c61efb99302bd5b");
    assert_eq!(settings(1.0).trace_of("M1"), None);
}

#[tokio::test]
async fn a_share_of_nothing_sends_nothing() {
    let collector = Collector::start(Manner::Takes).await;
    let told = start(&collector.endpoint, 0.0);
    for _ in 0..50 {
        told.traces.tell(trail(&id()));
    }
    let figures = told.ends().await;
    assert_eq!((figures.values().sum::<u64>(), collector.heads.lock().unwrap().len()), (0, 0));
}

#[tokio::test]
async fn what_a_collector_refuses_is_lost_and_counted() {
    let collector = Collector::start(Manner::Refuses(1)).await;
    let told = start(&collector.endpoint, 1.0);
    told.traces.tell(trail(&id()));
    eventually("an answer", || told.lost("refused") == 1).await;
    *collector.manner.lock().unwrap() = Manner::Says("400 Bad Request");
    told.traces.tell(trail(&id()));
    eventually("a refusal", || told.lost("refused") == 3).await;
    let figures = told.ends().await;
    assert_eq!((figures["sent_total"], figures.values().sum::<u64>()), (1, 4));
}

#[tokio::test]
async fn what_comes_while_a_collector_is_busy_is_told_when_it_is_not() {
    let collector = Collector::start(Manner::Says("503 Service Unavailable")).await;
    let told = start(&collector.endpoint, 1.0);
    told.traces.tell(trail(&id()));
    eventually("a first try", || !collector.heads.lock().unwrap().is_empty()).await;
    *collector.manner.lock().unwrap() = Manner::Takes;
    eventually("the spans", || collector.spans().len() == 2).await;
    assert_eq!(told.ends().await["sent_total"], 2);
}

#[tokio::test]
async fn a_silent_collector_costs_a_full_queue_and_delays_nobody_and_no_stop() {
    let collector = Collector::start(Manner::FallsSilent).await;
    let told = start(&collector.endpoint, 1.0);
    told.traces.tell(trail(&id()));
    eventually("a request", || !collector.heads.lock().unwrap().is_empty()).await;
    let mails = 2 * QUEUE as u64;
    for _ in 0..mails {
        told.traces.tell(trail(&id()));
    }
    assert_eq!(told.lost("queue_full"), 2 * (mails - QUEUE as u64), "what does not fit, two spans each");
    let began = Instant::now();
    let figures = told.ends().await;
    // Three seconds of patience; the rest is the machine's.
    assert!(began.elapsed() < Duration::from_secs(20), "{:?}", began.elapsed());
    assert_eq!((figures["sent_total"], figures.values().sum::<u64>()), (0, 2 * (mails + 1)), "each is counted once");
}

#[tokio::test]
async fn a_dead_collector_is_given_up_and_a_stop_tells_what_waits() {
    let nobody = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = nobody.local_addr().unwrap();
    drop(nobody);
    let told = start(&format!("http://{address}/v1/traces"), 1.0);
    told.traces.tell(trail(&id()));
    eventually("it to be given up", || told.lost("collector_away") == 2).await;
    assert_eq!(told.ends().await["sent_total"], 0);
    // What comes just before a stop is told by it.
    let collector = Collector::start(Manner::Takes).await;
    let told = start(&collector.endpoint, 1.0);
    for _ in 0..300 {
        told.traces.tell(trail(&id()));
    }
    let figures = told.ends().await;
    assert_eq!((figures["sent_total"], collector.spans().len()), (600, 600));
}
