//! Whether everything works, for those who look after it.
//!
//! In: the conditions of [`Health`](crate::telemetry::health::Health) and the queues. Out: a page, in words, what is not well
//! first. Deliberately absent: figures over time (a monitor asks `GET /health`), and anything to change.

use std::sync::Arc;

use askama::Template;
use axum::{extract::State, response::Response};
use jiff::{SignedDuration, Timestamp};

use super::{
    Desk, Web,
    held::{frame, refused},
    login::Person,
    pages::{self, Frame},
    section::{self, Section},
};
use crate::{
    directory::Identities,
    hold::Queues,
    language::Language,
    notice::words,
    telemetry::health::{Line, Node},
};

/// The page.
pub(super) async fn show<D: Desk, A: Identities>(State(web): State<Arc<Web<D, A>>>, person: Person) -> Response {
    if let Some(refused) = section::closed(&web, &person, Section::Status) {
        return refused;
    }
    let Queues { held, outbox } = match web.desk.queues().await {
        Ok(queues) => queues,
        Err(error) => return refused(&web, &person, error),
    };
    let (frame, now) = (frame(&web, &person), Timestamp::now());
    let mut lines = web.engine.health.report(frame.language).conditions;
    lines.sort_by_key(|line| line.ok);
    let nodes = web.engine.health.nodes();
    // One alone has nobody to agree with.
    let nodes = if nodes.len() > 1 { nodes } else { Vec::new() };
    let age = |at: Option<Timestamp>| at.map(|at| age(now.duration_since(at), frame.language));
    let queues = [
        (frame.t("判断を待つメール", "Mails that wait for a decision"), held.length, age(held.oldest)),
        (frame.t("送信を待つメールと通知", "Mails and notices to go out"), outbox.length, age(outbox.oldest)),
    ];
    pages::html(&Page { frame, lines, nodes, queues, now })
}

#[derive(Template)]
#[template(path = "console/status.html")]
struct Page<'a> {
    frame: Frame<'a>,
    lines: Vec<Line>,
    nodes: Vec<Node>,
    now: Timestamp,
    queues: [(&'a str, u64, Option<String>); 2],
}

impl Page<'_> {
    fn is_well(&self) -> bool {
        self.lines.iter().all(|line| line.ok)
    }

    /// Since when a node runs.
    fn runs(&self, node: &Node) -> String {
        age(self.now.duration_since(node.started_at), self.frame.language)
    }

    fn title(&self, line: &Line) -> &'static str {
        let (ja, en) = match line.name {
            "workers" => ("検査", "Inspection"),
            "store" => ("データベース", "Database"),
            "journal" => ("監査記録", "Journal"),
            "spool" => ("監査記録の退避", "Spool of the journal"),
            "disk" => ("ディスク", "Disk"),
            "next_hop" => ("次の中継先", "Next hop"),
            "outbox" => ("送信", "Outbox"),
            "sandbox" => ("検査の隔離", "Isolation of inspection"),
            "directory" => ("ディレクトリー", "Directory"),
            "certificates" => ("証明書", "Certificates"),
            "siem" => ("SIEM への送信", "SIEM"),
            "drill" => ("自己点検", "Machine drill"),
            "nodes" => ("ノード", "Nodes"),
            other => return other,
        };
        words::pick(self.frame.language, ja, en)
    }
}

/// A span of time in its largest whole unit.
pub(super) fn age(span: SignedDuration, language: Language) -> String {
    let seconds = u64::try_from(span.as_secs()).unwrap_or(0);
    let (count, ja, en) = match seconds {
        0..60 => (seconds, "秒", "s"),
        60..3_600 => (seconds / 60, "分", "min"),
        3_600..172_800 => (seconds / 3_600, "時間", "h"),
        _ => (seconds / 86_400, "日", "d"),
    };
    match language {
        Language::Ja => format!("{count}{ja}"),
        Language::En => format!("{count} {en}"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ages_are_told_in_their_largest_unit() {
        for (seconds, ja, en) in [
            (-5, "0秒", "0 s"),
            (59, "59秒", "59 s"),
            (60, "1分", "1 min"),
            (7_199, "1時間", "1 h"),
            (172_799, "47時間", "47 h"),
            (172_800, "2日", "2 d"),
        ] {
            let span = SignedDuration::from_secs(seconds);
            assert_eq!((age(span, Language::Ja).as_str(), age(span, Language::En).as_str()), (ja, en));
        }
    }
}
