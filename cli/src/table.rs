//! Rows of text in columns.

/// Text from elsewhere, without what a terminal would take for commands.
pub(crate) fn plain(text: &str) -> String {
    let safe = |letter: char| {
        let escaped = letter
            .is_control()
            .then(|| letter.escape_default().to_string());
        escaped.unwrap_or_else(|| letter.to_string())
    };
    text.chars().map(safe).collect()
}

/// A table for people: each column as wide as its widest cell.
pub(crate) struct Table {
    rows: Vec<Vec<String>>,
}

impl Table {
    /// Begins with the names of the columns.
    pub(crate) fn new(columns: &[&str]) -> Self {
        Self {
            rows: vec![columns.iter().map(|&name| name.to_owned()).collect()],
        }
    }

    /// Adds a row.
    pub(crate) fn row(&mut self, cells: Vec<String>) {
        self.rows.push(cells);
    }

    /// Returns the lines. Cells that are numbers stand to the right.
    pub(crate) fn text(&self) -> String {
        let columns = self.rows.iter().map(Vec::len).max().unwrap_or(0);
        let width = |column: usize| {
            let cells = self.rows.iter().filter_map(|row| row.get(column));
            cells.map(|cell| cell.chars().count()).max().unwrap_or(0)
        };
        let widths: Vec<_> = (0..columns).map(width).collect();
        let mut text = String::new();
        for (number, row) in self.rows.iter().enumerate() {
            let mut line = String::new();
            for (column, cell) in row.iter().enumerate() {
                let width = widths.get(column).copied().unwrap_or(0);
                let padding = width - cell.chars().count();
                let is_number = self.is_numeric(column);
                let (left, right) = if is_number {
                    (padding, 0)
                } else {
                    (0, padding)
                };
                line.push_str(&" ".repeat(left));
                line.push_str(cell);
                line.push_str(&" ".repeat(right + 2));
            }
            text.push_str(line.trim_end());
            text.push('\n');
            if number == 0 {
                text.push_str(
                    &"-".repeat(
                        widths
                            .iter()
                            .map(|width| width + 2)
                            .sum::<usize>()
                            .saturating_sub(2),
                    ),
                );
                text.push('\n');
            }
        }
        text
    }

    fn is_numeric(&self, column: usize) -> bool {
        let mut cells = self
            .rows
            .iter()
            .skip(1)
            .filter_map(|row| row.get(column))
            .filter(|cell| !cell.is_empty());
        cells.clone().next().is_some()
            && cells.all(|cell| cell.bytes().all(|octet| octet.is_ascii_digit()))
    }
}

#[cfg(test)]
mod tests {
    use super::{Table, plain};

    #[test]
    fn control_characters_are_escaped() {
        assert_eq!(plain("Zoë's \u{1b}[31m"), "Zoë's \\u{1b}[31m");
    }

    #[test]
    fn columns_line_up() {
        let mut table = Table::new(&["name", "count", "what"]);
        table.row(vec!["a".into(), "5".into(), "short".into()]);
        table.row(vec!["longer".into(), "1234".into(), String::new()]);
        assert_eq!(
            table.text(),
            "name    count  what\n--------------------\na           5  short\nlonger   1234\n"
        );
    }
}
