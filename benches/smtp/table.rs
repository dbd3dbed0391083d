//! The figures as they are printed, and what is asked of them.

use clap::ValueEnum;

use crate::{generator::Figures, mails::Payload};

/// A way to the sink.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum Way {
    Direct,
    Postfix,
    Sekisho,
}

impl Way {
    fn name(self) -> &'static str {
        match self {
            Self::Direct => "direct",
            Self::Postfix => "Postfix",
            Self::Sekisho => "Sekisho",
        }
    }
}

/// One line of the table.
pub(crate) struct Row {
    pub(crate) way: Way,
    pub(crate) payload: Payload,
    pub(crate) sessions: usize,
    pub(crate) figures: Figures,
}

pub(crate) fn print_head() {
    println!(
        "| way     | mail                        | sessions |  mails/s |    p50 ms |    p99 ms | CPU s/1000 | MiB  |"
    );
    println!(
        "|---------|-----------------------------|---------:|---------:|----------:|----------:|-----------:|-----:|"
    );
}

impl Row {
    pub(crate) fn print(&self) {
        let Figures { cpu: _, memory, .. } = self.figures;
        let milliseconds = |share| self.figures.reply(share).as_secs_f64() * 1_000.0;
        println!(
            "| {:<7} | {:<27} | {:>8} | {:>8.1} | {:>9.3} | {:>9.3} | {:>10} | {:>4} |",
            self.way.name(),
            self.payload.name(),
            self.sessions,
            self.figures.per_second(),
            milliseconds(0.5),
            milliseconds(0.99),
            self.figures.cpu_per_thousand().map_or_else(|| "–".to_owned(), |cpu| format!("{cpu:.3}")),
            memory.map_or_else(|| "–".to_owned(), |bytes| (bytes >> 20).to_string()),
        );
    }
}

/// Says for every target whose figures were measured whether it was met.
pub(crate) fn print_targets(rows: &[Row]) {
    let figures = |way, payload, sessions| {
        let row = rows.iter().find(|row| row.way == way && row.payload == payload && row.sessions == sessions);
        row.map(|row| &row.figures)
    };
    println!();
    for (payload, factor) in [(Payload::Text, 8.0), (Payload::Multipart, 3.0), (Payload::Random, 1.0)] {
        let pair = figures(Way::Sekisho, payload, 50).zip(figures(Way::Postfix, payload, 50));
        let Some((sekisho, postfix)) = pair else { continue };
        let measured = sekisho.per_second() / postfix.per_second();
        let what = format!("{}, 50 sessions: throughput beside Postfix", payload.name());
        verdict(&what, &format!("{measured:.1} ×"), &format!("at least {factor} ×"), measured >= factor);
    }
    let pair = figures(Way::Sekisho, Payload::Text, 50).zip(figures(Way::Postfix, Payload::Text, 50));
    if let Some((sekisho, postfix)) = pair.and_then(|(a, b)| a.cpu_per_thousand().zip(b.cpu_per_thousand())) {
        let share = sekisho / postfix;
        verdict("4 KB, 50 sessions: CPU beside Postfix", &format!("{share:.2}"), "at most 0.20", share <= 0.2);
    }
    let pair = figures(Way::Sekisho, Payload::Text, 1).zip(figures(Way::Direct, Payload::Text, 1));
    if let Some((sekisho, direct)) = pair {
        let added = (sekisho.whole().as_secs_f64() - direct.whole().as_secs_f64()) * 1_000.0;
        let what = "4 KB, 1 session: median from MAIL to the reply, beside direct";
        verdict(what, &format!("+{added:.3} ms"), "below 1 ms", added < 1.0);
    }
}

fn verdict(what: &str, measured: &str, target: &str, met: bool) {
    println!("{}  {what}: {measured} (target: {target})", if met { "met   " } else { "MISSED" });
}
