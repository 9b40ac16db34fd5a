//! Working memory for a file with a row per device.
//!
//! The file has the device first, the page has the family first: the rows have
//! to be kept while the families are written one after another.

use std::ops::Range;

/// Rows of a name and up to `N` numbers.
#[derive(Debug)]
pub struct Table<const N: usize> {
    names: Vec<u8>,
    rows: Vec<(Range<usize>, usize, [u64; N])>,
}

impl<const N: usize> Default for Table<N> {
    fn default() -> Self {
        Self { names: Vec::new(), rows: Vec::new() }
    }
}

impl<const N: usize> Table<N> {
    /// Forgets the rows and keeps the memory.
    pub fn clear(&mut self) {
        self.names.clear();
        self.rows.clear();
    }

    /// Adds a row of the numbers that `columns` yields, those past `N` left
    /// out. With a `None` among them there is no row, and the answer is `None`.
    pub fn add(
        &mut self,
        name: &[u8],
        columns: impl Iterator<Item = Option<u64>>,
    ) -> Option<usize> {
        let mut numbers = [0; N];
        let mut count = 0;
        for (number, column) in numbers.iter_mut().zip(columns) {
            *number = column?;
            count += 1;
        }
        let start = self.names.len();
        self.names.extend_from_slice(name);
        self.rows.push((start..self.names.len(), count, numbers));
        Some(count)
    }

    /// The rows that have a number in `column`: name and number.
    pub fn column(&self, column: usize) -> impl Iterator<Item = (&[u8], u64)> {
        self.rows
            .iter()
            .filter(move |(_, count, _)| column < *count)
            .map(move |(name, _, numbers)| (&self.names[name.clone()], numbers[column]))
    }
}
