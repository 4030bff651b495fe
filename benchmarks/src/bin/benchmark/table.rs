//! Markdown tables, and figures as they stand in them.

use std::fmt;
use std::time::Duration;

/// A Markdown table: the first column is text, the others are figures.
pub(crate) struct Table {
    rows: Vec<Vec<String>>,
}

impl Table {
    /// A table with these headings.
    pub(crate) fn new<const N: usize>(headings: [&str; N]) -> Self {
        Table { rows: vec![headings.map(str::to_owned).into()] }
    }

    /// Adds a row.
    pub(crate) fn row<const N: usize>(&mut self, cells: [String; N]) {
        self.rows.push(cells.into());
    }
}

impl fmt::Display for Table {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        let columns = self.rows[0].len();
        let width = |column: usize| self.rows.iter().map(|row| row[column].chars().count()).max().unwrap_or(0);
        let widths: Vec<_> = (0..columns).map(|column| width(column).max(2)).collect();
        for (number, row) in self.rows.iter().enumerate() {
            for (column, cell) in row.iter().enumerate() {
                let width = widths[column];
                match column {
                    0 => write!(out, "| {cell:<width$} ")?,
                    _ => write!(out, "| {cell:>width$} ")?,
                }
            }
            writeln!(out, "|")?;
            if number == 0 {
                for (column, width) in widths.iter().enumerate() {
                    match column {
                        0 => write!(out, "|{:-<1$}", "", width + 2)?,
                        _ => write!(out, "|{:-<1$}:", "", width + 1)?,
                    }
                }
                writeln!(out, "|")?;
            }
        }
        Ok(())
    }
}

/// `12,345`
pub(crate) fn count(value: f64) -> String {
    let digits = format!("{value:.0}");
    let mut out = String::new();
    for (position, digit) in digits.chars().enumerate() {
        if position > 0 && (digits.len() - position).is_multiple_of(3) {
            out.push(',');
        }
        out.push(digit);
    }
    out
}

/// `0.43 ms`, `12.3 ms`, `1,234 ms`, `93.1 s`
pub(crate) fn time(value: Duration) -> String {
    let milliseconds = value.as_secs_f64() * 1e3;
    match milliseconds {
        ..10.0 => format!("{milliseconds:.2} ms"),
        ..1000.0 => format!("{milliseconds:.1} ms"),
        ..10_000.0 => format!("{} ms", count(milliseconds)),
        _ => format!("{:.1} s", value.as_secs_f64()),
    }
}

/// `4.3 µs`, `123 µs`, `1,234 µs`
pub(crate) fn microseconds(value: Duration) -> String {
    match value.as_secs_f64() * 1e6 {
        short @ ..100.0 => format!("{short:.1} µs"),
        long => format!("{} µs", count(long)),
    }
}

/// `12,345 B`
pub(crate) fn bytes(bytes: f64) -> String {
    format!("{} B", count(bytes))
}

/// `2.34 MB`, of 1,000,000 bytes.
pub(crate) fn megabytes(bytes: u64) -> String {
    format!("{:.2} MB", bytes as f64 / 1e6)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn columns_are_aligned() {
        let mut table = Table::new(["what", "a"]);
        table.row(["x".to_owned(), "12,345".to_owned()]);
        assert_eq!(table.to_string(), "| what |      a |\n|------|-------:|\n| x    | 12,345 |\n");
    }

    #[test]
    fn figures_are_short() {
        assert_eq!([0.0, 999.4, 1000.0, 1_234_567.0].map(count), ["0", "999", "1,000", "1,234,567"]);
        let times = [430, 12_340, 1_234_000, 93_100_000].map(|micros| time(Duration::from_micros(micros)));
        assert_eq!(times, ["0.43 ms", "12.3 ms", "1,234 ms", "93.1 s"]);
        let short = [4_321, 123_400, 1_234_000].map(|nanos| microseconds(Duration::from_nanos(nanos)));
        assert_eq!(short, ["4.3 µs", "123 µs", "1,234 µs"]);
        assert_eq!(bytes(12_345.0), "12,345 B");
        assert_eq!(megabytes(2_340_000), "2.34 MB");
    }
}
