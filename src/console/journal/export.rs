//! Records as a file: CSV for a spreadsheet, or JSON, a record a line as it is chained.
//!
//! In: what is sought, and in which form. Out: every record that fits, the newest first, written while it is read, so that
//! a million of them take no more room than some hundred. That somebody takes them out is journalled before the first
//! goes, and how many went when the last did or the reader went away; if it cannot be written down, nothing goes.
//! The CSV begins with the mark by which Japanese Excel knows its encoding, and nothing in it is computed (`row`). The name
//! of the file is made of the clock alone. Deliberately absent: a limit; whoever asks for everything gets it.

use std::{
    io,
    pin::Pin,
    sync::Arc,
    task::{Context, Poll},
};

use axum::{
    body::{Body, Bytes},
    extract::{Query as Fields, State},
    http::{StatusCode, header},
    response::{IntoResponse, Response},
};
use hyper::body::{Body as HttpBody, Frame};
use jiff::{Timestamp, tz::TimeZone};
use serde::Deserialize;
use tokio::sync::mpsc;

use super::{Asked, Sent, now, unavailable};
use crate::{
    console::{
        Desk, Ledger, Web,
        held::frame,
        login::Person,
        pages,
        place::Place,
        section::{self, Section},
    },
    directory::Identities,
    journal::{Exported, Hit, JournalError, Query, Reach, Record, Via, row},
    mail::MailId,
};

/// So many records are read at once.
const READ: usize = 500;

/// So many pieces wait for the reader.
const WAITING: usize = 4;

/// In which form.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
enum Form {
    Csv,
    Json,
}

impl Form {
    fn name(self) -> &'static str {
        match self {
            Self::Csv => "csv",
            Self::Json => "json",
        }
    }

    fn kind(self) -> &'static str {
        match self {
            Self::Csv => "text/csv; charset=utf-8; header=present",
            Self::Json => "application/jsonl; charset=utf-8",
        }
    }
}

#[derive(Debug, Deserialize)]
pub(in crate::console) struct Wanted {
    format: Form,
}

/// Every record that fits.
pub(in crate::console) async fn give<D: Desk, A: Identities>(
    State(web): State<Arc<Web<D, A>>>,
    person: Person,
    place: Place,
    wanted: Sent<Wanted>,
    asked: Sent<Asked>,
) -> Response {
    if let Some(refused) = section::closed(&web, &person, Section::Journal) {
        return refused;
    }
    let frame = frame(&web, &person);
    let bad = |ja: &str, en: &str| {
        let page = pages::told(frame, ("書き出せません", "This cannot be exported"), (ja, en));
        (StatusCode::BAD_REQUEST, page).into_response()
    };
    let Ok(Fields(Wanted { format })) = wanted else {
        return bad("形式は csv か json です。", "The format is csv or json.");
    };
    let asked = asked.map(|Fields(asked)| asked).unwrap_or_default();
    let at = now(&web);
    let query = match asked.query(&at) {
        Ok(query) => query,
        Err(problems) => {
            let said = problems.first().map(|problem| problem.what.clone());
            return said.map_or_else(|| bad("", ""), |said| bad(&said.ja, &said.en));
        }
    };
    let note = Exported {
        by: person.session.who.canonical(),
        via: Via::Console,
        place: place.0,
        format: format.name().to_owned(),
        query: asked.address(),
        rows: None,
        whole: false,
    };
    let id = MailId(ulid::Ulid::generate().to_string());
    if let Err(error) = web.engine.ledger.note(Record::export(id.clone(), Timestamp::now(), note.clone())).await {
        return unavailable(frame, &error);
    }
    let (pieces, waiting) = mpsc::channel(WAITING);
    let (ledger, zone) = (Arc::clone(&web.engine.ledger), web.timezone.clone());
    tokio::spawn(async move {
        let mut writing = Writing { ledger, format, zone, pieces, rows: 0 };
        let whole = match writing.all(&query).await {
            Ok(whole) => whole,
            Err(error) => {
                tracing::error!(%error, "an export of the journal broke off");
                // The reader must not take it for the whole.
                let _ = writing.pieces.send(Err(io::Error::other("the journal cannot be read"))).await;
                false
            }
        };
        let note = Exported { rows: Some(writing.rows), whole, ..note };
        if let Err(error) = writing.ledger.note(Record::export(id, Timestamp::now(), note)).await {
            tracing::error!(%error, "how many records of the journal were exported is not journalled");
        }
    });
    let extension = if format == Form::Csv { "csv" } else { "jsonl" };
    let name = format!("attachment; filename=\"sekisho-journal-{}.{extension}\"", at.strftime("%Y%m%d-%H%M%S"));
    let body = Body::new(Pieces(waiting));
    ([(header::CONTENT_TYPE, format.kind().to_owned()), (header::CONTENT_DISPOSITION, name)], body).into_response()
}

type Piece = Result<Bytes, io::Error>;

/// What is read and not sent yet.
struct Pieces(mpsc::Receiver<Piece>);

impl HttpBody for Pieces {
    type Data = Bytes;
    type Error = io::Error;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, io::Error>>> {
        self.0.poll_recv(context).map(|piece| piece.map(|piece| piece.map(Frame::data)))
    }
}

struct Writing {
    ledger: Arc<dyn Ledger>,
    format: Form,
    zone: TimeZone,
    pieces: mpsc::Sender<Piece>,
    rows: u64,
}

impl Writing {
    /// Writes everything; whether the reader took all of it.
    async fn all(&mut self, query: &Query) -> Result<bool, JournalError> {
        if !self.head().await? {
            return Ok(false);
        }
        let mut before = None;
        loop {
            let leaf = self.ledger.leaf(query, Reach { before, patience: None }, READ).await?;
            let rows = leaf.hits.len() as u64;
            let piece = self.piece(leaf.hits)?;
            if self.pieces.send(Ok(piece)).await.is_err() {
                return Ok(false);
            }
            self.rows += rows;
            let Some(next) = leaf.next else { return Ok(true) };
            before = Some(next);
        }
    }

    /// What stands before the first record; whether there is a reader.
    async fn head(&self) -> Result<bool, JournalError> {
        if self.format == Form::Json {
            return Ok(true);
        }
        let mut csv = writer();
        csv.write_record(row::COLUMNS).map_err(unwritable)?;
        let head = ["\u{feff}".as_bytes(), &csv.into_inner().map_err(unwritable)?].concat();
        Ok(self.pieces.send(Ok(head.into())).await.is_ok())
    }

    fn piece(&self, hits: Vec<Hit>) -> Result<Bytes, JournalError> {
        if self.format == Form::Json {
            return Ok(hits.into_iter().map(|hit| hit.text + "\n").collect::<String>().into());
        }
        let mut csv = writer();
        for hit in &hits {
            csv.write_record(row::cells(hit.seq, &hit.record, &self.zone)).map_err(unwritable)?;
        }
        Ok(csv.into_inner().map_err(unwritable)?.into())
    }
}

fn writer() -> csv::Writer<Vec<u8>> {
    csv::WriterBuilder::new().terminator(csv::Terminator::CRLF).from_writer(Vec::new())
}

fn unwritable(error: impl std::fmt::Display) -> JournalError {
    JournalError::Record(error.to_string())
}
