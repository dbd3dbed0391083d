//! What is counted about each mail, and what its trail says.
//!
//! In: how a mail was judged, what was answered. Out: counters of [`Metrics`], and facts of a [`Trail`]. Deliberately absent:
//! anything of a mail but numbers and the ids of what matched.

use std::time::Duration;

use super::Judged;
use crate::{
    inspect::Inspection,
    mail::{Envelope, MailId, Message},
    policy::Action,
    smtp::Reply,
    telemetry::{
        metrics::Metrics,
        trail::{Fact, Stage, Trail},
    },
};

/// A mail has arrived whole.
pub(super) fn arrived(trail: &mut Trail, envelope: &Envelope, message: &Message) {
    let received = Stage::since("receive", trail.began());
    trail.stage(
        received
            .with("sekisho.mail.bytes", Fact::count(message.bytes().len()))
            .with("sekisho.mail.recipients", Fact::count(envelope.recipients.len())),
    );
}

/// A mail was read.
pub(super) fn inspected(stage: Stage, inspection: &Inspection) -> Stage {
    stage
        .with("sekisho.persons", Fact::Number(inspection.persons.into()))
        .with("sekisho.parts", Fact::Number(inspection.coverage.inspected.into()))
        .with("sekisho.uninspected_parts", Fact::count(inspection.uninspected.len()))
        .with("sekisho.detectors", Fact::ids(inspection.findings.iter().map(|finding| finding.detector.as_str())))
}

/// What was decided.
pub(super) fn decided(trail: &mut Trail, judged: &mut Judged) {
    trail.extend(std::mem::take(&mut judged.stages));
    let matched = judged.verdict.matched();
    trail.note("sekisho.decision", Fact::Word(judged.verdict.action().name()));
    trail.note("sekisho.rules", Fact::ids(matched.iter().map(|matched| matched.rule.as_str())));
}

/// A mail was judged.
pub(super) fn judged(metrics: &Metrics, message: &Message, judged: &Judged, took: Duration) {
    let inspection = &judged.inspection;
    metrics.stage("judge", took);
    metrics.read(message.bytes().len(), inspection.persons, inspection.coverage.inspected);
    inspection.uninspected.iter().for_each(|part| metrics.unread(part.reason.name()));
    inspection.findings.iter().for_each(|finding| metrics.detector(&finding.detector));
    judged
        .recipients
        .iter()
        .flat_map(|recipient| &recipient.issues)
        .for_each(|issue| metrics.check(issue.check.name()));
    judged.verdict.matched().iter().for_each(|matched| metrics.rule(&matched.rule));
}

/// A mail that was judged so, or not at all, was answered so.
pub(super) fn answered(metrics: &Metrics, trail: &mut Trail, action: Option<Action>, reply: &Reply) {
    let outcome = match (action, reply.is_positive()) {
        (Some(Action::Forward), true) => "forwarded",
        (Some(Action::Delay), true) => "delayed",
        (Some(Action::Hold), true) => "held",
        (Some(Action::RequireApproval), true) => "approval_required",
        // A mail that a rule rejects is answered with 5xx; one that was let go before is not judged again.
        (Some(Action::Reject), _) => "rejected",
        (None, true) => "passed_before",
        (_, false) if reply.code < 500 => "deferred",
        (_, false) => "refused",
    };
    metrics.mail(outcome);
    ended(trail, outcome, reply.code);
}

/// A mail is held under this id.
pub(super) fn held(trail: &mut Trail, held: &MailId) {
    trail.note("sekisho.held.id", Fact::id(&held.0));
}

/// How a trail ended. What has to come a second time did not go as it should have.
pub(super) fn ended(trail: &mut Trail, outcome: &'static str, code: u16) {
    trail.note("sekisho.outcome", Fact::Word(outcome));
    trail.note("sekisho.reply.code", Fact::Number(code.into()));
    if code / 100 == 4 {
        trail.failed();
    }
}

/// What a stage at the next hop came to.
pub(super) fn replied(stage: Stage, reply: &Reply) -> Stage {
    stage.with("sekisho.reply.code", Fact::Number(reply.code.into()))
}
