//! The index of the journal: which rows say what.
//!
//! In: terms, hash sums of what a row says, a while after the row was written; questions of which all must be answered
//! yes, each by one of several terms. Out: numbers of rows that may be meant, the newest first. Two texts may have one
//! hash sum, so whoever asks looks into the rows. Deliberately absent: what the terms stand for (`crate::journal`).

use std::collections::HashSet;

use jiff::Timestamp;

use super::{JournalRow, Store, StoreError, Writing, micros, plain, sql::Statement};

/// A term.
pub type Term = i64;

/// What rows must have that no index knows.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Sieve {
    /// Nothing before.
    pub since: Option<Timestamp>,
    /// Nothing from then on.
    pub until: Option<Timestamp>,
    /// A text in the record, whatever the case of its ASCII letters.
    pub text: Option<String>,
}

/// So many rows have their terms in one stretch of the table.
const BLOCK: i64 = 65_536;

/// How many terms one statement adds.
const TUPLES: usize = 1_000;

/// Terms that are on more rows of a block than this are equally common.
const COMMON: i64 = 2_000;

/// If there are more rows in a time than this, it is not asked which is the first and which the last.
const MANY: i64 = 20_000;

/// How many terms go at a time when rows are removed; 2,000 rows have fewer.
const FORGOTTEN: i64 = 60_000;

/// What in `meta` says how far the index goes.
const INDEXED: &str = "journal_indexed";

impl Store {
    /// The number of the last row whose terms are known, for whoever adds to them.
    pub async fn journal_indexed(&self) -> Result<i64, StoreError> {
        let kept = sqlx::query_scalar("SELECT value FROM meta WHERE name = $1");
        let kept: Option<Vec<u8>> = kept.bind(INDEXED).fetch_optional(self.readers()).await?;
        Ok(number(kept))
    }

    /// The same for whoever searches, perhaps in a replica that is behind.
    pub async fn journal_searchable(&self) -> Result<i64, StoreError> {
        let kept = sqlx::query_scalar("SELECT value FROM meta WHERE name = $1");
        let kept: Option<Vec<u8>> = kept.bind(INDEXED).fetch_optional(&mut *self.onlooker().await?).await?;
        Ok(number(kept))
    }

    /// Up to `limit` rows before number `before`, the newest first, whose terms answer every question in `asked`; from
    /// the block of the row before `before` only. Numbers, and whether an older block may have more.
    pub async fn journal_with(&self, asked: &[Vec<Term>], before: i64, limit: u32) -> Result<Vec<i64>, StoreError> {
        let block = (before - 1) / BLOCK;
        let mut asked: Vec<(i64, &[Term])> = asked.iter().map(|terms| (0, terms.as_slice())).collect();
        if asked.len() > 1 {
            for (count, terms) in &mut asked {
                *count = self.how_common(block, terms).await?;
            }
            // The rarest leads, so that few are looked at for the others.
            asked.sort_by_key(|(count, _)| *count);
        }
        let mut find = Statement::new(self.inner.engine, "SELECT DISTINCT t.seq FROM journal_term t WHERE t.block = ");
        find.push_bind(block).push(" AND t.seq < ").push_bind(before);
        for (at, (_, terms)) in asked.iter().enumerate() {
            if at == 0 {
                find.push(" AND t.term ").push_one_of(terms);
                continue;
            }
            find.push(" AND EXISTS (SELECT 1 FROM journal_term u WHERE u.block = t.block AND u.term ")
                .push_one_of(terms);
            find.push(" AND u.seq = t.seq)");
        }
        find.push(" ORDER BY t.seq DESC LIMIT ").push_bind(i64::from(limit));
        Ok(find.build_query_scalar().persistent(false).fetch_all(&mut *self.onlooker().await?).await?)
    }

    /// The number of the first row in the block of the row before `before`.
    pub fn journal_block_start(before: i64) -> i64 {
        (before - 1) / BLOCK * BLOCK
    }

    async fn how_common(&self, block: i64, terms: &[Term]) -> Result<i64, StoreError> {
        let mut count =
            Statement::new(self.inner.engine, "SELECT count(*) FROM (SELECT 1 FROM journal_term WHERE block = ");
        count.push_bind(block).push(" AND term ").push_one_of(terms);
        count.push(" LIMIT ").push_bind(COMMON).push(") AS found");
        Ok(count.build_query_scalar().persistent(false).fetch_one(&mut *self.onlooker().await?).await?)
    }

    /// Those of the rows with these numbers that pass, the newest first.
    pub async fn journal_rows(&self, numbers: &[i64], sieve: &Sieve) -> Result<Vec<JournalRow>, StoreError> {
        let mut find =
            Statement::new(self.inner.engine, "SELECT seq, at, id, record, previous, hash FROM journal WHERE ");
        find.push("seq ").push_one_of(numbers);
        sieve.push(&mut find);
        find.push(" ORDER BY seq DESC");
        let raw: Vec<super::journal::Raw> =
            find.build_query_as().persistent(false).fetch_all(&mut *self.onlooker().await?).await?;
        raw.into_iter().map(JournalRow::try_from).collect()
    }

    /// Up to `limit` rows in `from..before` that pass, the newest first.
    pub async fn journal_before(
        &self,
        from: i64,
        before: i64,
        sieve: &Sieve,
        limit: u32,
    ) -> Result<Vec<JournalRow>, StoreError> {
        let columns = "SELECT seq, at, id, record, previous, hash FROM journal WHERE seq >= ";
        let mut find = Statement::new(self.inner.engine, columns);
        find.push_bind(from).push(" AND seq < ").push_bind(before);
        sieve.push(&mut find);
        find.push(" ORDER BY seq DESC LIMIT ").push_bind(i64::from(limit));
        let raw: Vec<super::journal::Raw> = find.build_query_as().fetch_all(&mut *self.onlooker().await?).await?;
        raw.into_iter().map(JournalRow::try_from).collect()
    }

    /// The first and the last number of the rows that may be in the time that the sieve lets pass. A clock may have
    /// jumped: not every row between them is.
    pub async fn journal_between(&self, sieve: &Sieve) -> Result<Option<(i64, i64)>, StoreError> {
        let (from, to) = sieve.time();
        if sieve.since.is_some() || sieve.until.is_some() {
            let mut count = self.in_time("SELECT count(*) FROM (SELECT 1", from, to);
            count.push(" LIMIT ").push_bind(MANY + 1).push(") AS found");
            let count: i64 = count.build_query_scalar().fetch_one(&mut *self.onlooker().await?).await?;
            if count <= MANY {
                let ends = self.in_time("SELECT min(seq), max(seq)", from, to).build_query_as();
                let (first, last): (Option<i64>, Option<i64>) = ends.fetch_one(&mut *self.onlooker().await?).await?;
                return Ok(first.zip(last));
            }
        }
        let all = sqlx::query_as("SELECT (SELECT min(seq) FROM journal), (SELECT max(seq) FROM journal)");
        let (first, last): (Option<i64>, Option<i64>) = all.fetch_one(&mut *self.onlooker().await?).await?;
        Ok(first.zip(last))
    }

    /// The first rows of the blocks in which nothing that the index knows is from that time.
    pub async fn journal_blocks_outside(&self, sieve: &Sieve) -> Result<HashSet<i64>, StoreError> {
        let (from, to) = sieve.time();
        let outside = sqlx::query_scalar("SELECT block * $1 FROM journal_block WHERE last_at < $2 OR first_at >= $3");
        let outside: Vec<i64> = outside.bind(BLOCK).bind(from).bind(to).fetch_all(&mut *self.onlooker().await?).await?;
        Ok(outside.into_iter().collect())
    }

    /// The first and the last number of the rows from the time that the sieve lets pass in the block that begins with number
    /// `block`, as far as the index knows it; nothing if none of them is, and all of the block if it does not know it.
    pub async fn journal_within(&self, block: i64, sieve: &Sieve) -> Result<Option<(i64, i64)>, StoreError> {
        let (from, to) = sieve.time();
        let all = (block, block + BLOCK - 1);
        let span = sqlx::query_as("SELECT first_at, last_at FROM journal_block WHERE block = $1").bind(block / BLOCK);
        let span: Option<(i64, i64)> = span.fetch_optional(&mut *self.onlooker().await?).await?;
        let Some((first, last)) = span.filter(|(first, last)| *first < from || *last >= to) else {
            return Ok(Some(all));
        };
        // By time, so that no row is read: only a block across which an end of the time lies is asked.
        let (from, to) = (from.max(first), to.min(last.saturating_add(1)));
        let mut ends = self.in_time("SELECT min(seq), max(seq)", from, to);
        ends.push(" AND seq BETWEEN ").push_bind(all.0).push(" AND ").push_bind(all.1);
        let (first, last): (Option<i64>, Option<i64>) =
            ends.build_query_as().fetch_one(&mut *self.onlooker().await?).await?;
        Ok(first.zip(last))
    }

    /// What is asked of the rows of the journal from that time, looked up by time.
    fn in_time(&self, asked: &str, from: i64, to: i64) -> Statement {
        let mut statement = Statement::new(self.inner.engine, asked);
        statement.push(" FROM journal ").push(self.inner.engine.by_time());
        statement.push(" WHERE at >= ").push_bind(from).push(" AND at < ").push_bind(to);
        statement
    }

    /// Removes more of what is known of rows that are gone; whether there may be still more.
    pub async fn forget_gone_journal_terms(&self) -> Result<bool, StoreError> {
        let Some(anchor) = self.journal_anchor().await? else { return Ok(false) };
        let mut writing = self.write().await?;
        let more = writing.forget_journal_terms(anchor.seq).await?;
        writing.commit().await?;
        Ok(more)
    }

    /// The numbers below `before` of the rows about mails whose ids begin with `id`, the newest first.
    pub async fn journal_numbers_of(&self, id: &str, before: i64) -> Result<Vec<i64>, StoreError> {
        let find = "SELECT seq FROM journal WHERE id >= $1 AND id <= $2 AND seq < $3 ORDER BY seq DESC";
        let id = plain(id);
        let find = sqlx::query_scalar(find).bind(id.clone()).bind(format!("{id}\u{10FFFF}")).bind(before);
        Ok(find.fetch_all(&mut *self.onlooker().await?).await?)
    }
}

impl Writing {
    /// The number of the last row whose terms are known; nothing is known any more if the journal is shorter than that.
    pub async fn journal_indexed(&mut self) -> Result<i64, StoreError> {
        let kept = sqlx::query_scalar("SELECT value FROM meta WHERE name = $1");
        let kept: Option<Vec<u8>> = kept.bind(INDEXED).fetch_optional(&mut *self.transaction).await?;
        let (indexed, last) = (number(kept), self.journal_head().await?.map_or(0, |(seq, _)| seq));
        if indexed <= last {
            return Ok(indexed);
        }
        self.transaction.at_length("DELETE FROM journal_term; DELETE FROM journal_block").await?;
        Ok(0)
    }

    /// Adds the terms of `rows`, and notes that all up to the last of them are known.
    pub async fn put_journal_terms(&mut self, rows: &[JournalRow], terms: &[(i64, Term)]) -> Result<(), StoreError> {
        let Some(last) = rows.last().map(|row| row.seq) else { return Ok(()) };
        for (block, first, last) in spans(rows) {
            let put = "INSERT INTO journal_block (block, first_at, last_at) VALUES ($1, $2, $3) ON CONFLICT (block) DO UPDATE \
                       SET first_at = min(journal_block.first_at, excluded.first_at), \
                       last_at = max(journal_block.last_at, excluded.last_at)";
            sqlx::query(put).bind(block).bind(first).bind(last).execute(&mut *self.transaction).await?;
        }
        let mut sorted: Vec<(i64, Term, i64)> = terms.iter().map(|(seq, term)| (seq / BLOCK, *term, *seq)).collect();
        sorted.sort_unstable();
        sorted.dedup();
        for chunk in sorted.chunks(TUPLES) {
            let mut insert = Statement::new(self.store.inner.engine, "INSERT INTO journal_term (block, term, seq) ");
            insert.push_values(chunk, |values, (block, term, seq)| {
                values.push_bind(*block).push_bind(*term).push_bind(*seq);
            });
            insert.push(" ON CONFLICT DO NOTHING");
            insert.build().persistent(chunk.len() == TUPLES).execute(&mut *self.transaction).await?;
        }
        self.set_journal_indexed(last).await
    }

    /// Notes that the terms of all rows up to this number are known.
    pub async fn set_journal_indexed(&mut self, last: i64) -> Result<(), StoreError> {
        self.set_meta(INDEXED, &last.to_be_bytes()).await
    }

    /// Removes what is known of rows up to `seq`, which are gone: seals, and the terms of blocks that are gone as a whole, so
    /// many at a time that it holds up nobody.
    /// Whether there may be more.
    pub(super) async fn forget_journal_terms(&mut self, seq: i64) -> Result<bool, StoreError> {
        let block = (seq + 1) / BLOCK;
        let terms = "DELETE FROM journal_term WHERE (block, term, seq) IN \
                     (SELECT block, term, seq FROM journal_term WHERE block < $1 LIMIT $2)";
        let forgotten = sqlx::query(terms).bind(block).bind(FORGOTTEN).execute(&mut *self.transaction).await?;
        sqlx::query("DELETE FROM journal_block WHERE block < $1").bind(block).execute(&mut *self.transaction).await?;
        sqlx::query("DELETE FROM journal_seal WHERE seq <= $1").bind(seq).execute(&mut *self.transaction).await?;
        Ok(i64::try_from(forgotten.rows_affected()).is_ok_and(|forgotten| forgotten >= FORGOTTEN))
    }
}

/// For each block the times of its first and its last row, by the clock.
fn spans(rows: &[JournalRow]) -> Vec<(i64, i64, i64)> {
    let of = |rows: &[JournalRow]| {
        let times = rows.iter().map(|row| micros(row.at));
        Some((rows.first()?.seq / BLOCK, times.clone().min()?, times.max()?))
    };
    rows.chunk_by(|a, b| a.seq / BLOCK == b.seq / BLOCK).filter_map(of).collect()
}

impl Sieve {
    fn time(&self) -> (i64, i64) {
        (self.since.map_or(i64::MIN, micros), self.until.map_or(i64::MAX, micros))
    }

    /// The `+` keeps SQLite from going by time, and sorting by number what may be most of the journal.
    fn push(&self, find: &mut Statement) {
        if let Some(since) = self.since {
            find.push(" AND +at >= ").push_bind(micros(since));
        }
        if let Some(until) = self.until {
            find.push(" AND +at < ").push_bind(micros(until));
        }
        if let Some(text) = &self.text {
            find.push(" AND instr(lower(record), lower(").push_bind(plain(text)).push(")) > 0");
        }
    }
}

fn number(kept: Option<Vec<u8>>) -> i64 {
    kept.and_then(|bytes| bytes.try_into().ok()).map_or(0, i64::from_be_bytes)
}
