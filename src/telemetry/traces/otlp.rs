//! A trail in the words of OTLP.
//!
//! In: a [`Trail`]. Out: its spans. Deliberately absent: whether they are told.

use std::time::{Instant, UNIX_EPOCH};

use opentelemetry_proto::tonic::{
    collector::trace::v1::ExportTraceServiceRequest,
    common::v1::{AnyValue, ArrayValue, InstrumentationScope, KeyValue, any_value::Value},
    resource::v1::Resource,
    trace::v1::{ResourceSpans, ScopeSpans, Span, Status, span::SpanKind, status::StatusCode},
};
use ulid::Ulid;

use super::super::trail::{Fact, Kind, Stage, Trail};

/// W3C Trace Context: it is sampled.
const SAMPLED: u32 = 1;

/// The trace of a mail, none if its id is none of ours.
pub(super) fn trace_id(mail: &str) -> Option<u128> {
    Ulid::from_string(mail).ok().map(u128::from).filter(|id| *id != 0)
}

/// How many spans a trail is.
pub(super) fn spans_of(trail: &Trail) -> u64 {
    u64::try_from(trail.stages.len()).unwrap_or(u64::MAX).saturating_add(1)
}

/// Who we are.
pub(super) fn resource(hostname: &str) -> Resource {
    let attributes = [
        ("service.name", "sekisho"),
        ("service.version", env!("CARGO_PKG_VERSION")),
        ("service.instance.id", hostname),
        ("host.name", hostname),
    ];
    let attributes = attributes.map(|(key, value)| attribute(key, Value::StringValue(value.to_owned())));
    Resource { attributes: attributes.into(), ..Resource::default() }
}

/// Some trails in one request.
pub(super) fn request(resource: &Resource, trails: &[Trail]) -> ExportTraceServiceRequest {
    let scope = InstrumentationScope { name: "sekisho".to_owned(), ..InstrumentationScope::default() };
    let scope_spans =
        ScopeSpans { scope: Some(scope), spans: trails.iter().flat_map(spans).collect(), schema_url: String::new() };
    let resource = Some(resource.clone());
    ExportTraceServiceRequest {
        resource_spans: vec![ResourceSpans { resource, scope_spans: vec![scope_spans], schema_url: String::new() }],
    }
}

/// The span of the whole, and those of its stages below it.
fn spans(trail: &Trail) -> Vec<Span> {
    let Some(trace) = trace_id(&trail.mail) else { return Vec::new() };
    // The span of the whole way of a mail has an id that whoever knows the mail's can tell: its lower half, which is random.
    let mail = lower(trace);
    let (name, kind, whole, above) = match trail.kind {
        Kind::Mail => ("mail", SpanKind::Server, mail, Vec::new()),
        Kind::Delivery => ("delivery", SpanKind::Consumer, any_span(), mail.to_be_bytes().into()),
    };
    let mut attributes = vec![attribute("sekisho.mail.id", Value::StringValue(trail.mail.clone()))];
    attributes.extend(trail.facts.iter().map(said));
    let status = trail.failed.then(|| Status { message: String::new(), code: StatusCode::Error.into() });
    let first = Span {
        trace_id: trace.to_be_bytes().into(),
        span_id: whole.to_be_bytes().into(),
        parent_span_id: above,
        flags: SAMPLED,
        name: name.to_owned(),
        kind: kind.into(),
        start_time_unix_nano: nanos(trail, trail.began),
        end_time_unix_nano: nanos(trail, trail.ended),
        attributes,
        status,
        ..Span::default()
    };
    let below = trail.stages.iter().map(|stage| {
        let Stage { name, began, ended, facts } = stage;
        let kind = if name.starts_with("next_hop") { SpanKind::Client } else { SpanKind::Internal };
        Span {
            trace_id: first.trace_id.clone(),
            span_id: any_span().to_be_bytes().into(),
            parent_span_id: first.span_id.clone(),
            flags: SAMPLED,
            name: (*name).to_owned(),
            kind: kind.into(),
            start_time_unix_nano: nanos(trail, *began),
            end_time_unix_nano: nanos(trail, *ended),
            attributes: facts.iter().map(said).collect(),
            ..Span::default()
        }
    });
    let below: Vec<Span> = below.collect();
    std::iter::once(first).chain(below).collect()
}

/// An id of its own.
fn any_span() -> u64 {
    lower(Ulid::generate().into())
}

/// The lower half of an id, which is random in a ULID; not zero, which is no id.
pub(super) fn lower(id: u128) -> u64 {
    (id as u64).max(1)
}

/// A moment of a trail by the clock on the wall.
fn nanos(trail: &Trail, moment: Instant) -> u64 {
    let at = trail.at + moment.saturating_duration_since(trail.began);
    let since = at.duration_since(UNIX_EPOCH).unwrap_or_default();
    u64::try_from(since.as_nanos()).unwrap_or(u64::MAX)
}

fn said((name, fact): &(&'static str, Fact)) -> KeyValue {
    let text = |text: &str| Value::StringValue(text.to_owned());
    let value = match fact {
        Fact::Number(number) => Value::IntValue(*number),
        Fact::Word(word) => text(word),
        Fact::Ids(ids) => match ids.as_slice() {
            [only] if name.ends_with(".id") => text(only),
            ids => Value::ArrayValue(ArrayValue {
                values: ids.iter().map(|id| AnyValue { value: Some(text(id)) }).collect(),
            }),
        },
    };
    attribute(name, value)
}

fn attribute(name: &str, value: Value) -> KeyValue {
    KeyValue { key: name.to_owned(), value: Some(AnyValue { value: Some(value) }), ..KeyValue::default() }
}
