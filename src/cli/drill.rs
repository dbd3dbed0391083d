//! `sekisho drill`: marked mails through the running server, and what came of them.
//!
//! In: the configuration, whose store has the key that makes the marks. Out: a line for each detector and each fault that
//! was tried, then "left uninspected: 0"; exit 1 if something failed. It is journalled, and the server's health and figures
//! take it up. Deliberately absent: the drill itself (`drill`), and drills of those who decide (the console's page of
//! approvers).

use std::{
    collections::BTreeMap,
    io::{self, Write},
    process::ExitCode,
};

use anyhow::Context;
use clap::Args;
use serde::Serialize;

use super::{ConfigFile, Failure, operator::operator, progress, show};
use crate::{
    app,
    drill::{DrillError, Format, Lapse, Report, Scenario, Trial},
    journal::Via,
    language::Language,
    notice::words::pick,
    store::Store,
};

/// `sekisho drill`.
#[derive(Debug, Args)]
pub(super) struct Options {
    #[command(flatten)]
    config: ConfigFile,
    /// One JSON object a mail, and one for the whole
    #[arg(long)]
    json: bool,
}

/// Holds a drill and tells how it ended.
pub(super) async fn run(options: Options) -> Result<ExitCode, Failure> {
    let loaded = options.config.load()?;
    let config = &loaded.config;
    if !config.store.is_made() {
        return Err(Failure::Input(format!(
            "there is no store at {}: no server ever ran with this configuration; start one with sekisho serve",
            config.data_dir.display()
        )));
    }
    let store = Store::open(&config.store).await.context("the store could not be opened")?;
    let drill = app::machine_drill(config, loaded.rules.plants(), &store);
    let drill = drill.ok_or_else(|| {
        Failure::Input("smtp.listen names no address at which the server could be entered; name one".to_owned())
    })?;
    let bar = progress::bar(drill.mails() as u64, "{bar:30} {pos}/{len} {msg}");
    let each = |trial: &Trial| {
        bar.set_message(trial.scenario.to_string());
        bar.inc(1);
    };
    let held = drill.carry_out((&operator(), Via::Cli), each).await;
    bar.finish_and_clear();
    let report = held.map_err(|why| match why {
        DrillError::Door(why) => {
            Failure::Input(format!("{why}; a drill needs the server of this configuration: is it running?"))
        }
        other => Failure::Internal(other.into()),
    })?;
    store.close().await;
    let out = if options.json { json(&report)? } else { table(&report, show::language()) };
    io::stdout().lock().write_all(out.as_bytes())?;
    let failed = report.failed().next().is_some() || report.left_uninspected() > 0;
    Ok(ExitCode::from(u8::from(failed)))
}

#[derive(Serialize)]
struct Row<'a> {
    scenario: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    detector: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    format: Option<&'static str>,
    ok: bool,
    #[serde(skip_serializing_if = "Option::is_none")]
    lapse: Option<&'static str>,
    left_uninspected: bool,
    only_reported: bool,
    #[serde(skip_serializing_if = "Option::is_none")]
    reply: Option<&'a str>,
    milliseconds: u128,
}

#[derive(Serialize)]
struct Whole {
    ok: bool,
    scenarios: usize,
    failed: usize,
    left_uninspected: usize,
    seconds: u64,
}

fn json(report: &Report) -> Result<String, Failure> {
    let line = |value: serde_json::Result<String>| value.context("JSON").map(|line| line + "\n");
    let mut out = String::new();
    for trial in &report.trials {
        let (detector, format) = match &trial.scenario {
            Scenario::Find { plant, format } => (Some(plant.detector.as_str()), Some(format.name())),
            _ => (None, None),
        };
        let row = Row {
            scenario: trial.scenario.to_string(),
            detector,
            format,
            ok: trial.verdict.lapse.is_none(),
            lapse: trial.verdict.lapse.as_ref().map(Lapse::name),
            left_uninspected: trial.verdict.left_uninspected,
            only_reported: trial.verdict.only_reported,
            reply: trial.reply.as_deref(),
            milliseconds: trial.took.as_millis(),
        };
        out.push_str(&line(serde_json::to_string(&row))?);
    }
    let (failed, left_uninspected) = (report.failed().count(), report.left_uninspected());
    let ok = failed == 0 && left_uninspected == 0;
    let whole = Whole { ok, scenarios: report.trials.len(), failed, left_uninspected, seconds: report.took.as_secs() };
    out.push_str(&line(serde_json::to_string(&whole))?);
    Ok(out)
}

/// A line for each fault and each detector, then what failed and what to do, then the sum.
fn table(report: &Report, language: Language) -> String {
    let mut out = String::new();
    let mut detectors: BTreeMap<&str, (usize, usize)> = BTreeMap::new();
    for trial in &report.trials {
        let well = trial.verdict.lapse.is_none();
        if let Scenario::Find { plant, .. } = &trial.scenario {
            let (tried, found) = detectors.entry(&plant.detector).or_default();
            (*tried, *found) = (*tried + 1, *found + usize::from(well));
        } else {
            let mark = mark(well);
            out.push_str(&format!("{mark} {}\n", said(&trial.scenario, language)));
        }
    }
    for (detector, (tried, found)) in &detectors {
        let mark = mark(tried == found);
        let counted = match language {
            Language::Ja => format!("{found}/{tried} 形式で検出"),
            Language::En => format!("found in {found} of {tried} formats"),
        };
        out.push_str(&format!("{mark} {detector:<28} {counted}\n"));
    }
    for trial in report.failed() {
        let why = why(trial, language);
        out.push_str(&format!("\n{} {}: {why}\n", pick(language, "失敗", "failed"), trial.scenario));
        if let Some(reply) = &trial.reply {
            out.push_str(&format!("  {}: {reply}\n", pick(language, "応答", "the reply was")));
        }
    }
    let only_reported = report.trials.iter().filter(|trial| trial.verdict.only_reported).count();
    let (mails, failed, left) = (report.trials.len(), report.failed().count(), report.left_uninspected());
    let seconds = report.took.as_secs();
    out.push('\n');
    match language {
        Language::Ja => {
            if only_reported > 0 {
                out.push_str(&format!(
                    "検査できなかったメールを止める規則は報告だけです（{only_reported} 通が該当）。止めるには [policy] preset と mode を見直してください。\n"
                ));
            }
            out.push_str(&format!("{mails} 通、{seconds} 秒、失敗 {failed}\n検査漏れ: {left}\n"));
        }
        Language::En => {
            if only_reported > 0 {
                out.push_str(&format!(
                    "rules that stop what was not read only report ({only_reported} mails); [policy] preset and mode make them act\n"
                ));
            }
            out.push_str(&format!("{mails} mails, {seconds} s, failed: {failed}\nleft uninspected: {left}\n"));
        }
    }
    out
}

fn mark(well: bool) -> &'static str {
    if well { "ok  " } else { "FAIL" }
}

/// What a scenario tries, in plain words.
fn said(scenario: &Scenario, language: Language) -> String {
    let (ja, en) = match scenario {
        Scenario::Find { plant, format } => {
            let format = form(*format, language);
            return match language {
                Language::Ja => format!("{} を{format}で検出", plant.detector),
                Language::En => format!("{} is found in {format}", plant.detector),
            };
        }
        Scenario::Calm => ("問題のないメールは全体を検査する", "a mail in which nothing is can be read whole"),
        Scenario::Bomb => (
            "展開すると巨大になる圧縮ファイルは「未検査」として扱う",
            "an archive that unpacks to too much counts as not read",
        ),
        Scenario::Crash => {
            ("検査プロセスが異常終了しても「未検査」として扱う", "what a worker dies of counts as not read")
        }
        Scenario::Hang => (
            "検査プロセスが応答しなくても「未検査」として扱う",
            "what a worker does not answer about counts as not read",
        ),
        Scenario::DeadNextHop => {
            ("次の中継先が止まっていれば 4xx を返す", "with a next hop that is away mail is answered with 4xx")
        }
    };
    pick(language, ja, en).to_owned()
}

fn form(format: Format, language: Language) -> &'static str {
    let (ja, en) = match format {
        Format::Text => ("本文", "a text"),
        Format::Html => ("HTML本文", "a page of HTML"),
        Format::Csv => ("CSV", "CSV"),
        Format::Xlsx => ("Excel", "a workbook"),
        Format::HiddenSheet => ("Excelの非表示シート", "a hidden sheet"),
        Format::Comment => ("Excelのメモ", "a comment in a workbook"),
        Format::Docx => ("Word", "a document"),
        Format::Pdf => ("PDF", "PDF"),
        Format::ZipInZip => ("二重のZIP", "an archive in an archive"),
    };
    pick(language, ja, en)
}

/// What went wrong, and what to do.
fn why(trial: &Trial, language: Language) -> String {
    let tried = said(&trial.scenario, language);
    let (ja, en) = match &trial.verdict.lapse {
        None => ("", ""),
        Some(Lapse::NotFound) => (
            "規則の例が見つかりませんでした。[[exclude]] で広く除外していないか、サーバーが新しい規則を読み込んだか（SIGHUP）を確認してください",
            "the examples of the rule were not found; look for an [[exclude]] that is too wide, and see that the server has taken the rules up (SIGHUP)",
        ),
        Some(Lapse::NotRead) => (
            "読めるはずのメールを検査できませんでした。ログと [inspection] を確認してください",
            "a mail that can be read was not; look at the log and at [inspection]",
        ),
        Some(Lapse::NotAccounted) => (
            "「未検査」として数えられませんでした。[inspection] の上限が緩すぎないか確認してください",
            "it does not count as not read; see whether the limits of [inspection] are too wide",
        ),
        Some(Lapse::LetOut) => (
            "「未検査」のメールだからといって止める規則がありません。規則 uninspected を有効にしてください",
            "no rule stops a mail because it was not read; let the rule `uninspected` act again",
        ),
        Some(Lapse::Taken) => (
            "受け取ってはならないメールを受け取ったため、自己点検を中止しました。待ち受けているのは別のプログラム、古い版、または別の設定のサーバーかもしれません。設定の smtp.listen と稼働中の版を確認してください",
            "a mail was taken that must not be, and so the drill ended: is it this server, of this version and with this configuration, that listens at smtp.listen?",
        ),
        Some(Lapse::Refused(_)) => (
            "想定と違う応答でした。ログを確認してください",
            "the reply was another than it should be; the log says why",
        ),
        Some(Lapse::Busy) => (
            "空きを待ちましたが、サーバーが混んでいたため、自己点検を中止しました。/health を確認してください",
            "there was no room for it for too long, and so the drill ended; GET /health says why",
        ),
        Some(Lapse::NoAnswer) => {
            ("サーバーが応答しませんでした。ログを確認してください", "the server did not answer; look at its log")
        }
    };
    format!("{tried} — {}", pick(language, ja, en))
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;
    use crate::{drill::Verdict, inspect::Plant};

    fn report() -> Report {
        let find = |format, verdict| {
            let plant = Plant { detector: "jp.phone".to_owned(), texts: vec!["090-1234-5678".to_owned()] };
            let took = Duration::from_millis(3);
            Trial { scenario: Scenario::Find { plant, format }, verdict, reply: None, took }
        };
        let missed = Verdict { left_uninspected: true, ..Verdict::without_outcome(Lapse::NotFound) };
        let reply = Some("451 4.3.0 next hop unavailable".to_owned());
        let took = Duration::from_millis(1);
        let dead = Trial { scenario: Scenario::DeadNextHop, verdict: Verdict::well(), reply, took };
        let trials = vec![dead, find(Format::Text, Verdict::well()), find(Format::Xlsx, missed)];
        Report { at: jiff::Timestamp::UNIX_EPOCH, trials, took: Duration::from_secs(4) }
    }

    #[test]
    fn a_table_tells_what_was_found_what_failed_and_what_to_do() {
        let en = table(&report(), Language::En);
        for told in [
            "ok   with a next hop that is away",
            "FAIL jp.phone",
            "found in 1 of 2 formats",
            "failed jp.phone in xlsx: jp.phone is found in a workbook",
            "[[exclude]]",
            "3 mails, 4 s, failed: 1\nleft uninspected: 1\n",
        ] {
            assert!(en.contains(told), "{told} is not in\n{en}");
        }
        let ja = table(&report(), Language::Ja);
        assert!(ja.contains("検査漏れ: 1") && ja.contains("1/2 形式で検出"), "{ja}");
        assert!(!en.contains("5678") && !ja.contains("5678"), "no value");
    }

    #[test]
    fn json_has_a_line_a_mail_and_one_for_the_whole() {
        let lines: Vec<serde_json::Value> =
            json(&report()).unwrap().lines().map(|line| serde_json::from_str(line).unwrap()).collect();
        assert_eq!(lines.len(), 4);
        assert_eq!((&lines[2]["lapse"], &lines[2]["format"]), (&"not_found".into(), &"xlsx".into()));
        assert_eq!((&lines[3]["ok"], &lines[3]["left_uninspected"]), (&false.into(), &1.into()));
    }
}
