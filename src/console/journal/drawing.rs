//! Charts as drawings: where each bar stands, in a picture 360 wide that a phone shows at its own width.
//!
//! In: numbers and what they are called. Out: coordinates and words for a template, which writes the SVG: presentation
//! attributes and classes only, for the console's pages allow neither scripts nor styles of their own. A drawing says
//! nothing that the table under it does not say. Deliberately absent: colours, which the style sheet has for light and dark.

use crate::notice::words::number;

/// The width of every drawing, in its own units.
pub(super) const WIDTH: f64 = 360.0;

/// Left of the columns stand the numbers, below them the days.
const LEFT: f64 = 38.0;
const TOP: f64 = 8.0;
const PLOT: f64 = 140.0;

/// The height of one row of bars: a line of words, the bar, some room.
const ROW: f64 = 32.0;

/// How many days are named under the columns at most.
const NAMED: usize = 5;

/// What stands in one column, from below.
pub(super) struct Column {
    /// Under it.
    pub(super) name: String,
    /// When it is pointed at.
    pub(super) told: String,
    /// How much of what, each with the class that colours it.
    pub(super) pieces: Vec<(&'static str, u64)>,
}

/// Columns over days.
#[derive(Default)]
pub(super) struct Columns {
    pub(super) height: String,
    pub(super) columns: Vec<DrawnColumn>,
    /// Height and number of each line behind the columns.
    pub(super) lines: Vec<(String, String, String)>,
    /// Place and word under some columns.
    pub(super) names: Vec<(String, String)>,
}

pub(super) struct DrawnColumn {
    pub(super) told: String,
    pub(super) pieces: Vec<Piece>,
}

pub(super) struct Piece {
    pub(super) class: &'static str,
    pub(super) x: String,
    pub(super) y: String,
    pub(super) width: String,
    pub(super) height: String,
}

/// Draws columns; nothing if all of them are empty.
pub(super) fn columns(list: Vec<Column>) -> Option<Columns> {
    let sum = |column: &Column| column.pieces.iter().map(|(_, count)| count).sum::<u64>();
    let most = list.iter().map(sum).max().filter(|most| *most > 0)?;
    let (top, step) = (round(most), (WIDTH - LEFT - 2.0) / list.len() as f64);
    let height = |count: u64| PLOT * count as f64 / top as f64;
    let lines = [0, top / 2, top].into_iter().map(|value| {
        let y = TOP + PLOT - height(value);
        (short(y), short(y + 3.5), number(value))
    });
    let mut lines: Vec<_> = lines.collect();
    lines.dedup();
    let every = list.len().div_ceil(NAMED);
    let middle = |at: usize| short(LEFT + step * (at as f64 + 0.5));
    let names = list.iter().enumerate().step_by(every).map(|(at, column)| (middle(at), column.name.clone()));
    let names = names.collect();
    let drawn = list.into_iter().enumerate().map(|(at, column)| {
        let mut y = TOP + PLOT;
        let pieces = column.pieces.into_iter().filter(|(_, count)| *count > 0).map(|(class, count)| {
            // Few among many are seen all the same.
            let tall = height(count).max(0.8);
            y -= tall;
            Piece {
                class,
                x: short(LEFT + step * at as f64 + step * 0.1),
                y: short(y.max(0.0)),
                width: short(step * 0.8),
                height: short(tall),
            }
        });
        DrawnColumn { told: column.told, pieces: pieces.collect() }
    });
    Some(Columns { height: short(TOP + PLOT + 22.0), columns: drawn.collect(), lines, names })
}

/// One bar.
pub(super) struct Bar {
    pub(super) name: String,
    pub(super) told: String,
    /// How long it is, and how much of it is told apart.
    pub(super) all: u64,
    pub(super) apart: u64,
}

/// Bars below each other.
#[derive(Default)]
pub(super) struct Bars {
    pub(super) height: String,
    pub(super) bars: Vec<DrawnBar>,
}

pub(super) struct DrawnBar {
    pub(super) name: String,
    pub(super) number: String,
    pub(super) told: String,
    /// Where the words stand, and where the bar.
    pub(super) words: String,
    pub(super) y: String,
    pub(super) width: String,
    pub(super) apart: Option<String>,
}

/// Draws bars; nothing if there are none.
pub(super) fn bars(list: Vec<Bar>) -> Option<Bars> {
    let most = list.iter().map(|bar| bar.all).max().filter(|most| *most > 0)?;
    let width = |count: u64| (WIDTH * count as f64 / most as f64).max(1.0);
    let height = short(ROW * list.len() as f64);
    let drawn = list.into_iter().enumerate().map(|(at, bar)| {
        let y = ROW * at as f64;
        DrawnBar {
            number: number(bar.all),
            name: bar.name,
            told: bar.told,
            words: short(y + 12.0),
            y: short(y + 17.0),
            width: short(width(bar.all)),
            apart: (bar.apart > 0).then(|| short(width(bar.apart))),
        }
    });
    Some(Bars { height, bars: drawn.collect() })
}

/// The next number that is easily read: 1, 2 or 5 with noughts; even, so that its half is one too.
fn round(most: u64) -> u64 {
    let mut power = 1_u64;
    loop {
        for step in [2, 4, 10] {
            let top = power.saturating_mul(step);
            if top >= most || top == u64::MAX {
                return top;
            }
        }
        power = power.saturating_mul(10);
    }
}

/// A coordinate, as short as it may be.
fn short(value: f64) -> String {
    let text = format!("{value:.1}");
    text.strip_suffix(".0").map_or_else(|| text.clone(), str::to_owned)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn column(forward: u64, hold: u64) -> Column {
        Column { name: "1".to_owned(), told: String::new(), pieces: vec![("forward", forward), ("hold", hold)] }
    }

    #[test]
    fn columns_stay_within_the_picture() {
        for counts in [vec![(1, 0)], vec![(3, 2), (0, 0), (900_000, 7)], vec![(5, 5); 366]] {
            let many = counts.len();
            let drawn = columns(counts.into_iter().map(|(a, b)| column(a, b)).collect()).unwrap();
            assert!(drawn.columns.len() == many && drawn.names.len() <= NAMED);
            for piece in drawn.columns.iter().flat_map(|column| &column.pieces) {
                let of = |text: &str| text.parse::<f64>().unwrap();
                assert!(of(&piece.x) + of(&piece.width) <= WIDTH + 0.1 && of(&piece.y) >= 0.0, "{}", piece.x);
                assert!(of(&piece.y) + of(&piece.height) <= TOP + PLOT + 0.2, "{} {}", piece.y, piece.height);
            }
        }
        assert!(columns(vec![column(0, 0)]).is_none() && columns(Vec::new()).is_none());
    }

    #[test]
    fn bars_are_as_long_as_what_they_count() {
        let bar = |all, apart| Bar { name: String::new(), told: String::new(), all, apart };
        let drawn = bars(vec![bar(200, 50), bar(100, 0), bar(0, 0)]).unwrap();
        let lengths: Vec<(&str, Option<&str>)> =
            drawn.bars.iter().map(|bar| (bar.width.as_str(), bar.apart.as_deref())).collect();
        assert_eq!(lengths, [("360", Some("90")), ("180", None), ("1", None)]);
        assert!(bars(Vec::new()).is_none());
    }

    #[test]
    fn the_top_of_a_chart_is_a_round_number() {
        for (most, top) in [(1, 2), (2, 2), (3, 4), (5, 10), (11, 20), (399, 400), (401, 1000), (u64::MAX, u64::MAX)] {
            assert_eq!(round(most), top, "{most}");
        }
    }
}
