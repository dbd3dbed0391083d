//! The gas-company case: how long the whole decision takes, beside calamine reading the same workbook.
//!
//! `cargo bench --bench decision`. The decision is the server's own: bytes to a worker process, MIME, workbook,
//! detection, persons, recipients, policy. The floor is what reading the cells alone costs.

#![expect(
    clippy::expect_used,
    clippy::print_stdout,
    reason = "a bench that cannot go on panics, and prints its figures"
)]

use std::{hint::black_box, io::Cursor, time::Duration};

use calamine::{DataRef, Reader, Xlsx, open_workbook_from_rs};
use criterion::Criterion;
use sekisho::{
    cli::demo::samples,
    inspect::{
        Job, Kind, Limits, Rules, inspect,
        sandbox::{Settings, Workers},
    },
    mail::{Address, BodyKind, Envelope, Message},
    pipeline::Judgement,
    policy::{Action, Policies},
    recipients::{Organization, Partners},
};

fn main() {
    let sample = samples::gas_company(samples::GAS_CUSTOMERS).expect("the sample mail");
    let workbook = samples::gas_company_workbook(samples::GAS_CUSTOMERS).expect("the sample workbook");
    println!(
        "gas-company mail: {} bytes, workbook {} bytes, {} rows × 8 columns",
        sample.bytes.len(),
        workbook.len(),
        samples::GAS_CUSTOMERS
    );

    let runtime = tokio::runtime::Runtime::new().expect("a runtime");
    let settings = Settings { workers: 1, ..Settings::default() };
    let program = env!("CARGO_BIN_EXE_sekisho").into();
    let judgement = Judgement {
        count_quoted: false,
        timezone: jiff::tz::TimeZone::UTC,
        organization: Organization {
            name: "東邦ガス".into(),
            domains: vec!["toho.example.co.jp".into()],
            ..Organization::default()
        },
        partners: Partners::default(),
        policies: Policies::compile(&[], Action::Forward).expect("the shipped policies"),
        workers: runtime.block_on(Workers::start(program, settings, Vec::new())).expect("a worker"),
        passwords: Default::default(),
        memory: None,
        past: None,
    };
    let message = Message::new(sample.bytes.clone());
    let envelope = Envelope {
        sender: Some(Address::parse(sample.from).expect("an address")),
        recipients: sample.to.iter().map(|to| Address::parse(to).expect("an address")).collect(),
        body: BodyKind::EightBitMime,
        ..Envelope::default()
    };
    let judged = runtime.block_on(judgement.judge(&envelope, &message)).expect("a verdict");
    println!(
        "persons {} (of {}), decision {:?}",
        judged.inspection.persons,
        samples::GAS_CUSTOMERS,
        judged.verdict.action()
    );

    let rules = Rules::compile(&[]).expect("the shipped rules");
    let job = Job::new(Kind::Mail);
    let mut criterion =
        Criterion::default().sample_size(20).measurement_time(Duration::from_secs(8)).configure_from_args();
    let mut group = criterion.benchmark_group("gas-company");
    group.bench_function("floor: calamine reads the cells", |b| b.iter(|| black_box(cells(&workbook))));
    group.bench_function("inspection in this process", |b| {
        b.iter(|| black_box(inspect(&sample.bytes, &job, &rules, &Limits::default(), &mut ())));
    });
    group.bench_function("whole decision through a worker", |b| {
        b.iter(|| runtime.block_on(judgement.judge(&envelope, &message)).expect("a verdict"));
    });
    group.finish();
    criterion.final_summary();
}

/// How many characters stand in the workbook's cells, streamed.
fn cells(workbook: &[u8]) -> usize {
    let mut book: Xlsx<_> = open_workbook_from_rs(Cursor::new(workbook)).expect("a workbook");
    let mut characters = 0;
    for sheet in book.sheet_names() {
        let mut reader = book.worksheet_cells_reader(&sheet).expect("a sheet");
        while let Some(cell) = reader.next_cell().expect("a cell") {
            match cell.get_value() {
                DataRef::SharedString(text) => characters += text.len(),
                DataRef::String(text) => characters += text.len(),
                _ => {}
            }
        }
    }
    characters
}
