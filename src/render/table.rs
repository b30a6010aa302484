//! Tables of texts.

use comfy_table::{ContentArrangement, Table, presets};

use super::style::{FAINT, paint};

/// A table with a header, as wide as its texts, `width` at most. Nothing without rows.
pub(crate) fn table<const N: usize>(
    header: [&str; N],
    rows: impl IntoIterator<Item = Vec<String>>,
    width: usize,
) -> String {
    let mut table = Table::new();
    table
        .load_style(presets::NOTHING)
        .set_content_arrangement(ContentArrangement::Dynamic)
        .set_width(u16::try_from(width).unwrap_or(u16::MAX))
        .set_header(header.map(str::to_owned).to_vec());
    table.add_rows(rows);
    if table.is_empty() {
        return String::new();
    }
    let last = N - 1;
    for column in table.column_iter_mut() {
        let right = if column.index == last { 0 } else { 2 };
        column.set_padding((0, right));
    }
    let lines = table.lines().enumerate().map(|(at, line)| {
        let line = line.trim_end();
        match at {
            0 => format!("{}\n", paint(FAINT, line)),
            _ => format!("{line}\n"),
        }
    });
    lines.collect()
}
