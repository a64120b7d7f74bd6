//! Tables for people: columns side by side, or Markdown.

use comfy_table::{CellAlignment, ContentArrangement, ContentLineStyle, LineStyle, TableStyle};
use std::io::{self, Write};

/// Where a column's text stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Align {
    /// Words.
    Left,
    /// Numbers.
    Right,
}

/// A table that is filled row by row.
#[derive(Debug)]
pub struct Table {
    header: Vec<(String, Align)>,
    rows: Vec<Vec<String>>,
}

impl Table {
    /// An empty table. A heading may have several lines.
    pub fn new<'a>(header: impl IntoIterator<Item = (&'a str, Align)>) -> Self {
        let header = header
            .into_iter()
            .map(|(text, align)| (text.to_owned(), align));
        Self {
            header: header.collect(),
            rows: Vec::new(),
        }
    }

    /// Adds a row, with a text for each column.
    pub fn push(&mut self, row: Vec<String>) {
        self.rows.push(row);
    }

    /// Writes it with aligned columns. Nothing is wrapped, so that every row is one line for other programs too.
    pub fn write(&self, out: &mut dyn Write) -> io::Result<()> {
        let mut table = comfy_table::Table::new();
        table
            .load_style(
                TableStyle::new()
                    .header_lines(ContentLineStyle::none())
                    .header_separator(LineStyle::none().fill('─').junction('─'))
                    .content_lines(ContentLineStyle::none()),
            )
            .set_content_arrangement(ContentArrangement::Disabled)
            .set_header(self.header.iter().map(|(text, _)| text));
        for row in &self.rows {
            table.add_row(row);
        }
        for (column, (_, align)) in table.column_iter_mut().zip(&self.header) {
            if *align == Align::Right {
                column.set_cell_alignment(CellAlignment::Right);
            }
            column.set_padding((0, 2));
        }
        writeln!(out, "{}", table.trim_fmt())
    }

    /// Writes it as Markdown.
    pub fn write_markdown(&self, out: &mut dyn Write) -> io::Result<()> {
        let line = |cells: &mut dyn Iterator<Item = String>| {
            let cells: Vec<String> = cells.map(|cell| cell.replace('|', "\\|")).collect();
            format!("| {} |", cells.join(" | "))
        };
        let names = self.header.iter().map(|(text, _)| text.replace('\n', " "));
        writeln!(out, "{}", line(&mut names.into_iter()))?;
        let rules = self.header.iter().map(|(_, align)| match align {
            Align::Left => "---".to_owned(),
            Align::Right => "---:".to_owned(),
        });
        writeln!(out, "{}", line(&mut rules.into_iter()))?;
        for row in &self.rows {
            writeln!(out, "{}", line(&mut row.iter().cloned()))?;
        }
        Ok(())
    }
}
