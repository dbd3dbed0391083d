//! What is counted about each mail.
//!
//! In: how a mail was judged, what was answered. Out: counters of [`Metrics`]. Deliberately absent: anything of a mail but
//! numbers and the ids of what matched.

use std::time::Duration;

use super::Judged;
use crate::{mail::Message, policy::Action, smtp::Reply, telemetry::metrics::Metrics};

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
pub(super) fn answered(metrics: &Metrics, action: Option<Action>, reply: &Reply) {
    metrics.mail(match (action, reply.is_positive()) {
        (Some(Action::Forward), true) => "forwarded",
        (Some(Action::Delay), true) => "delayed",
        (Some(Action::Hold), true) => "held",
        (Some(Action::RequireApproval), true) => "approval_required",
        // A mail that a rule rejects is answered with 5xx; one that was let go before is not judged again.
        (Some(Action::Reject), _) => "rejected",
        (None, true) => "passed_before",
        (_, false) if reply.code < 500 => "deferred",
        (_, false) => "refused",
    });
}
