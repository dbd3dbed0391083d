//! Exact data: the rows of the organisation's own tables, found without keeping them.
//!
//! In: a table once, when its index is built ([`Builder`]); later texts and rows. Out: a finding that says which table and
//! how many different rows, with the names of the columns that were there. The way of a value: [`canonical`] leaves its
//! letters, [`keyed`] hashes them with the organisation's secret, [`index`] is asked for the hash, [`search`] wants several
//! columns of one row near each other. Deliberately absent: values, in the index and in what is said.

mod build;
mod canonical;
pub(super) mod index;
mod keyed;
mod search;
mod table;
#[cfg(test)]
mod tests;

pub use build::{Builder, Summary, TooLarge};
pub use index::Bytes;
pub(super) use search::Search;
pub use table::Shelf;
pub(super) use table::{Table, is_exact, read};
