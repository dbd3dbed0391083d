//! Lines of a page → tables where columns stand under each other, running text elsewhere.
//!
//! In: lines from the top, each in pieces. Out: [`Block`]s. Pieces are a table if they keep to the same columns over
//! several lines and were drawn row by row; the columns of a newspaper, which are drawn one after the other, are text.
//! A cell of several lines is one cell, a sentence of several lines one line. Deliberately absent: ruled lines, which
//! half of all tables lack.

use super::lines::{Line, Piece, is_wide};

/// Columns are at least so far apart, in ems.
const GUTTER: f64 = 0.25;
/// Rows are at most so far apart.
const PITCH: f64 = 4.0;
/// Tables have no more columns than this.
const COLUMNS: usize = 100;
/// A paragraph is at least so wide, in ems; what is narrower is a list.
const PARAGRAPH: f64 = 20.0;

/// A stretch of a page.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Block {
    Text(String),
    /// What of it no reader sees.
    Hidden(String),
    Table(Vec<Vec<Cell>>),
}

/// A cell of a table.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Cell {
    pub(super) column: u32,
    pub(super) text: String,
    /// No reader sees any of it.
    pub(super) hidden: bool,
}

/// Divides the lines of one direction.
pub(super) fn blocks(lines: &[Line]) -> Vec<Block> {
    let mut blocks = Vec::new();
    let mut text: Vec<&Line> = Vec::new();
    let mut at = 0;
    while let Some(line) = lines.get(at) {
        let grid = Grid::at(lines.get(at..).unwrap_or_default());
        if grid.is_table() {
            blocks.extend(running(&std::mem::take(&mut text)));
            at += grid.rows.len();
            blocks.push(Block::Table(grid.table()));
        } else if grid.is_columns_of_text() {
            blocks.extend(running(&std::mem::take(&mut text)));
            at += grid.rows.len();
            blocks.extend(grid.columns_of_text());
        } else {
            text.push(line);
            at += 1;
        }
    }
    blocks.extend(running(&text));
    blocks
}

/// Lines of running text: what is seen of them, and what is not.
fn running(lines: &[&Line]) -> Vec<Block> {
    if !lines.iter().flat_map(|line| &line.pieces).any(|piece| piece.hidden) {
        return paragraphs(lines).map(Block::Text).into_iter().collect();
    }
    let part = |hidden: bool| {
        let part = lines.iter().map(|line| Line {
            level: line.level,
            size: line.size,
            pieces: line.pieces.iter().filter(|piece| piece.hidden == hidden).cloned().collect(),
        });
        let part: Vec<Line> = part.filter(|line| !line.pieces.is_empty()).collect();
        paragraphs(&part.iter().collect::<Vec<_>>())
    };
    part(false).map(Block::Text).into_iter().chain(part(true).map(Block::Hidden)).collect()
}

/// Lines whose pieces keep to columns.
struct Grid<'l> {
    columns: Vec<(f64, f64)>,
    rows: Vec<Row<'l>>,
    size: f64,
}

struct Row<'l> {
    line: &'l Line,
    /// The column of each piece.
    columns: Vec<usize>,
}

impl Row<'_> {
    /// Whether it is more of what stands in the row above: a few cells, and not the first.
    fn goes_on(&self, above: &Self, columns: usize) -> bool {
        let pitch = above.line.level - self.line.level;
        self.columns.first() != Some(&0) && self.columns.len() * 2 <= columns && pitch < 1.6 * self.line.size
    }
}

impl<'l> Grid<'l> {
    /// The longest grid from the first line on.
    fn at(lines: &'l [Line]) -> Self {
        let size = lines.first().map_or(1.0, |line| line.size);
        let mut grid = Self { columns: Vec::new(), rows: Vec::new(), size };
        if lines.first().is_none_or(|line| line.pieces.len() < 2) {
            return grid;
        }
        let mut level = f64::INFINITY;
        for line in lines {
            let far = level.is_finite() && level - line.level > PITCH * line.size.max(size);
            if far || !grid.take(line) {
                break;
            }
            level = line.level;
        }
        // What follows the last row with columns is text again, unless it goes on in a cell of it.
        grid.number();
        let full = grid.rows.iter().rposition(|row| row.columns.len() > 1).map_or(0, |at| at + 1);
        let mut kept = full;
        while let (Some(above), Some(row)) = (grid.rows.get(kept.wrapping_sub(1)), grid.rows.get(kept)) {
            if !row.goes_on(above, grid.columns.len()) {
                break;
            }
            kept += 1;
        }
        grid.rows.truncate(kept);
        grid
    }

    /// Takes a line in, if every piece of it keeps to one column.
    fn take(&mut self, line: &'l Line) -> bool {
        if line.pieces.len() > COLUMNS || self.columns.len() > COLUMNS {
            return false;
        }
        let gutter = GUTTER * self.size;
        let mut columns = self.columns.clone();
        for piece in &line.pieces {
            let (from, to) = (piece.from, piece.to);
            let touched: Vec<usize> = (0..columns.len())
                .filter(|&at| columns.get(at).is_some_and(|&(start, end)| from < end + gutter && start < to + gutter))
                .collect();
            match touched.as_slice() {
                [] => {
                    let at = columns.partition_point(|&(start, _)| start < from);
                    columns.insert(at, (from, to));
                }
                [one] => {
                    if let Some(column) = columns.get_mut(*one) {
                        *column = (column.0.min(from), column.1.max(to));
                    }
                }
                _ => return false,
            }
        }
        let taken: Vec<usize> = line.pieces.iter().filter_map(|piece| column_of(&columns, piece)).collect();
        let apart = columns.windows(2).all(|pair| matches!(pair, [(_, end), (start, _)] if start - end >= gutter));
        let once = taken.windows(2).all(|pair| matches!(pair, [a, b] if a < b));
        if !apart || !once {
            return false;
        }
        self.columns = columns;
        self.rows.push(Row { line, columns: taken });
        true
    }

    /// Numbers the columns anew, now that all of them are known.
    fn number(&mut self) {
        let columns = std::mem::take(&mut self.columns);
        for row in &mut self.rows {
            row.columns = row.line.pieces.iter().filter_map(|piece| column_of(&columns, piece)).collect();
        }
        self.columns = columns;
    }

    fn is_grid(&self) -> bool {
        let full = self.rows.iter().filter(|row| row.columns.len() > 1).count();
        let wide = self.rows.iter().filter(|row| row.columns.len() > 2).count();
        full >= 3 || wide >= 2
    }

    fn is_table(&self) -> bool {
        self.is_grid() && !self.is_drawn_in_columns()
    }

    fn is_columns_of_text(&self) -> bool {
        self.is_grid() && self.is_drawn_in_columns()
    }

    /// Whether one column after the other was drawn, from top to bottom.
    fn is_drawn_in_columns(&self) -> bool {
        let mut pieces: Vec<(usize, usize, usize)> = Vec::new();
        for (number, row) in self.rows.iter().enumerate() {
            pieces
                .extend(row.columns.iter().zip(&row.line.pieces).map(|(&column, piece)| (piece.order, number, column)));
        }
        pieces.sort_unstable();
        let (mut by_row, mut by_column) = (0, 0);
        for pair in pieces.windows(2) {
            let [(_, row, column), (_, next_row, next_column)] = *pair else { continue };
            if row == next_row && next_column > column || next_row == row + 1 && next_column < column {
                by_row += 1;
            } else if next_column == column && next_row > row {
                by_column += 1;
            }
        }
        by_column > 3 * by_row
    }

    fn table(&self) -> Vec<Vec<Cell>> {
        let mut pitches: Vec<f64> =
            self.rows.windows(2).filter_map(|pair| Some(pair.first()?.line.level - pair.last()?.line.level)).collect();
        pitches.sort_by(f64::total_cmp);
        let usual = pitches.get(pitches.len() / 2).copied().unwrap_or_default();
        let mut table: Vec<Vec<Cell>> = Vec::new();
        let mut above: Option<&Row<'_>> = None;
        for row in &self.rows {
            let goes_on = above.is_some_and(|above| {
                row.goes_on(above, self.columns.len()) && above.line.level - row.line.level <= usual * 1.05
            });
            above = Some(row);
            let cells = row.columns.iter().zip(&row.line.pieces).map(|(&at, piece)| Cell {
                column: number(at),
                text: piece.text.clone(),
                hidden: piece.hidden,
            });
            match table.last_mut().filter(|_| goes_on) {
                Some(above) => cells.for_each(|cell| continue_cell(above, cell)),
                None => table.push(cells.collect()),
            }
        }
        table
    }

    fn columns_of_text(&self) -> Vec<Block> {
        let (mut text, mut hidden) = (String::new(), String::new());
        for column in 0..self.columns.len() {
            let pieces = self.rows.iter().filter_map(|row| {
                let at = row.columns.iter().position(|&of| of == column)?;
                let piece = row.line.pieces.get(at)?;
                Some(Line { level: row.line.level, size: row.line.size, pieces: vec![piece.clone()] })
            });
            let lines: Vec<Line> = pieces.collect();
            for block in running(&lines.iter().collect::<Vec<_>>()) {
                match block {
                    Block::Text(paragraph) => text.push_str(&paragraph),
                    Block::Hidden(paragraph) => hidden.push_str(&paragraph),
                    Block::Table(_) => {}
                }
            }
        }
        let hidden = Some(hidden).filter(|hidden| !hidden.is_empty()).map(Block::Hidden);
        std::iter::once(Block::Text(text)).chain(hidden).collect()
    }
}

fn number(column: usize) -> u32 {
    u32::try_from(column).unwrap_or(u32::MAX)
}

/// The column that a piece is in.
fn column_of(columns: &[(f64, f64)], piece: &Piece) -> Option<usize> {
    columns.iter().position(|&(start, end)| start <= piece.from + 0.01 && piece.to <= end + 0.01)
}

fn continue_cell(row: &mut Vec<Cell>, next: Cell) {
    match row.iter_mut().find(|cell| cell.column == next.column) {
        Some(cell) => {
            continue_text(&mut cell.text, &next.text);
            cell.hidden &= next.hidden;
        }
        None => {
            row.push(next);
            row.sort_by_key(|cell| cell.column);
        }
    }
}

/// Goes on with a text that was broken for want of room.
fn continue_text(text: &mut String, next: &str) {
    let wide = text.chars().next_back().is_some_and(is_wide) || next.chars().next().is_some_and(is_wide);
    let dash = text.ends_with('-') || next.starts_with('-');
    if !wide && !dash {
        text.push(' ');
    }
    text.push_str(next);
}

/// Lines of running text, broken sentences mended.
fn paragraphs(lines: &[&Line]) -> Option<String> {
    let mut text = String::new();
    let margin = Margin::of(lines);
    let mut before: Option<&Line> = None;
    for line in lines {
        let own = line.pieces.iter().map(|piece| piece.text.as_str()).collect::<Vec<_>>().join("\t");
        if before.is_some_and(|before| margin.goes_on(before, line)) && !text.is_empty() {
            text.pop();
            continue_text(&mut text, &own);
        } else {
            text.push_str(&own);
        }
        text.push('\n');
        before = Some(line);
    }
    (!text.is_empty()).then_some(text)
}

/// Between which margins lines run.
struct Margin {
    from: f64,
    to: f64,
    /// It is prose: there are sentences in it.
    prose: bool,
}

impl Margin {
    fn of(lines: &[&Line]) -> Self {
        let pieces = || lines.iter().flat_map(|line| &line.pieces);
        let from = pieces().map(|piece| piece.from).fold(f64::INFINITY, f64::min);
        let to = pieces().map(|piece| piece.to).fold(f64::NEG_INFINITY, f64::max);
        Self { from, to, prose: pieces().any(|piece| piece.text.contains(['。', '、'])) }
    }

    /// Whether a line ends where it does only because there was no room, and the next goes on with it.
    fn goes_on(&self, line: &Line, next: &Line) -> bool {
        let ([piece], [after]) = (line.pieces.as_slice(), next.pieces.as_slice()) else { return false };
        let size = line.size;
        let alike = (next.size - size).abs() < 0.1 * size;
        let near = line.level - next.level < 2.2 * size;
        let full = self.to - piece.to < 1.6 * size && after.from - self.from < 1.6 * size;
        let digits = |c: Option<char>| c.is_some_and(|c| c.is_ascii_digit() || ('０'..='９').contains(&c));
        let record = digits(piece.text.chars().next_back()) && digits(after.text.chars().next());
        self.to - self.from > PARAGRAPH * size && alike && near && full && (self.prose || !record)
    }
}

#[cfg(test)]
mod tests {
    use super::super::lines::lines;
    use super::super::lines::tests::written;
    use super::super::walk::Glyph;
    use super::*;

    fn read(pieces: &[(&str, f64, f64)]) -> Vec<Block> {
        let glyphs: Vec<Glyph> = pieces.iter().flat_map(|(text, x, y)| written(text, *x, *y)).collect();
        lines(glyphs.iter()).iter().flat_map(|lines| blocks(lines)).collect()
    }

    fn row(cells: &[(u32, &str)]) -> Vec<Cell> {
        cells.iter().map(|&(column, text)| Cell { column, text: text.to_owned(), hidden: false }).collect()
    }

    #[test]
    fn what_stands_under_each_other_is_a_table() {
        let blocks = read(&[
            ("顧客の一覧です", 0.0, 100.0),
            ("番号", 0.0, 80.0),
            ("氏名", 60.0, 80.0),
            ("電話", 160.0, 80.0),
            ("1", 0.0, 65.0),
            ("山田 花子", 60.0, 65.0),
            ("090-1234-5678", 160.0, 65.0),
            ("12", 0.0, 50.0),
            ("090-9999-0000", 160.0, 50.0),
            ("以上", 0.0, 0.0),
        ]);
        let table = vec![
            row(&[(0, "番号"), (1, "氏名"), (2, "電話")]),
            row(&[(0, "1"), (1, "山田 花子"), (2, "090-1234-5678")]),
            row(&[(0, "12"), (2, "090-9999-0000")]),
        ];
        let text = |text: &str| Block::Text(text.to_owned());
        assert_eq!(blocks, [text("顧客の一覧です\n"), Block::Table(table), text("以上\n")]);
    }

    fn unseen(mut glyph: Glyph) -> Glyph {
        glyph.hidden = true;
        glyph
    }

    #[test]
    fn a_table_that_runs_over_the_edge_is_one_table_and_a_line_is_parted() {
        let mut glyphs: Vec<Glyph> = Vec::new();
        for (y, cells) in [
            (60.0, ["氏名", "山田 花子", "佐藤 一郎"]),
            (45.0, ["電話", "090-1", "090-2"]),
            (30.0, ["住所", "港区", "北区"]),
        ] {
            for (x, text) in [0.0, 60.0, 160.0].into_iter().zip(cells) {
                glyphs
                    .extend(written(text, x, y).into_iter().map(|glyph| if x < 50.0 { unseen(glyph) } else { glyph }));
            }
        }
        let all = |glyphs: &[Glyph]| lines(glyphs.iter()).iter().flat_map(|lines| blocks(lines)).collect::<Vec<_>>();
        let blocks = all(&glyphs);
        let [Block::Table(rows)] = blocks.as_slice() else { panic!("{blocks:?}") };
        let seen: Vec<Vec<bool>> = rows.iter().map(|row| row.iter().map(|cell| !cell.hidden).collect()).collect();
        assert_eq!(seen, vec![vec![false, true, true]; 3]);
        let over = written("秘密", 0.0, 0.0).into_iter().map(unseen);
        let line: Vec<Glyph> = over.chain(written("見える", 60.0, 0.0)).collect();
        assert_eq!(all(&line), [Block::Text("見える\n".to_owned()), Block::Hidden("秘密\n".to_owned())]);
    }

    #[test]
    fn a_cell_of_two_lines_is_one_cell() {
        let blocks = read(&[
            ("山田 花子", 0.0, 80.0),
            ("東京都港区芝", 100.0, 80.0),
            ("090-1", 200.0, 80.0),
            ("公園1-2-3", 100.0, 68.0),
            ("佐藤 一郎", 0.0, 50.0),
            ("大阪市北区", 100.0, 50.0),
            ("090-2", 200.0, 50.0),
        ]);
        let table = vec![
            row(&[(0, "山田 花子"), (1, "東京都港区芝公園1-2-3"), (2, "090-1")]),
            row(&[(0, "佐藤 一郎"), (1, "大阪市北区"), (2, "090-2")]),
        ];
        assert_eq!(blocks, [Block::Table(table)]);
    }

    #[test]
    fn columns_of_a_newspaper_are_text() {
        let left = ["この文章は左の段に", "あります。次の行も", "左の段の続きです。"];
        let right = ["右の段はその後に書", "かれています。ここ", "で終わります。"];
        let mut pieces: Vec<(&str, f64, f64)> = Vec::new();
        for (x, column) in [(0.0, left), (200.0, right)] {
            pieces.extend(column.iter().zip([80.0, 68.0, 56.0]).map(|(&text, y)| (text, x, y)));
        }
        let [Block::Text(text)] = &read(&pieces)[..] else { panic!("no text") };
        assert!(text.find("左の段の続き").unwrap() < text.find("右の段は").unwrap(), "{text}");
    }

    #[test]
    fn a_sentence_of_two_lines_is_one_line() {
        let first = "契約者の住所は次のとおりであり、変更があるときは東京都港区芝公";
        let second = "園一丁目の本社に届け出るものとする。";
        let blocks = read(&[(first, 10.0, 80.0), (second, 0.0, 65.0)]);
        assert_eq!(blocks, [Block::Text(format!("{first}{second}\n"))]);
        let list = read(&[("090-1234-5678", 0.0, 80.0), ("090-1234-5679", 0.0, 65.0)]);
        assert_eq!(list, [Block::Text("090-1234-5678\n090-1234-5679\n".to_owned())]);
    }
}
