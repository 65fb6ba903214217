//! What is printed: tables for people, JSON for programs, trouble on standard error.

use std::io::{self, IsTerminal as _, Write as _};
use std::process::ExitCode;

use anstream::{AutoStream, ColorChoice};
use anstyle::AnsiColor;
use comfy_table::presets::UTF8_FULL_CONDENSED;
use comfy_table::{Cell, ColumnConstraint, ContentArrangement, Table};
use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};
use serde::Serialize;

/// Columns of a table where no terminal tells how many it has.
const WIDTH: u16 = 160;

/// How a command ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Ending {
    Well,
    /// It looked, and something does not hold or was not found.
    NotWell,
}

impl From<Ending> for ExitCode {
    fn from(ending: Ending) -> Self {
        match ending {
            Ending::Well => Self::SUCCESS,
            Ending::NotWell => Self::FAILURE,
        }
    }
}

#[derive(Clone, Copy, Debug)]
pub(crate) struct Output {
    json: bool,
    coloured: bool,
}

impl Output {
    /// Colours are for terminals, and for nobody who sets `NO_COLOR`.
    pub(crate) fn new(json: bool) -> Self {
        let coloured = !json && AutoStream::choice(&io::stdout()) != ColorChoice::Never;
        Self { json, coloured }
    }

    pub(crate) fn is_json(&self) -> bool {
        self.json
    }

    pub(crate) fn is_coloured(&self) -> bool {
        self.coloured
    }

    /// A word in a colour, where there are colours.
    pub(crate) fn paint(&self, word: &str, color: Option<AnsiColor>) -> String {
        match color.filter(|_| self.coloured).map(AnsiColor::on_default) {
            Some(style) => format!("{style}{word}{style:#}"),
            None => word.to_owned(),
        }
    }

    /// The result: `value` for programs, or what `text` makes of it for people.
    pub(crate) fn result<T: Serialize>(
        &self,
        value: &T,
        text: impl FnOnce(&T) -> String,
    ) -> anyhow::Result<Ending> {
        let text = if self.json { serde_json::to_string_pretty(value)? } else { text(value) };
        self.text(&text)?;
        Ok(Ending::Well)
    }

    /// A part of a long result: a line for each item for programs, or what `text` makes of them for people.
    pub(crate) fn items<T: Serialize>(
        &self,
        items: &[T],
        text: impl FnOnce() -> String,
    ) -> anyhow::Result<()> {
        if !self.json {
            return self.text(&text());
        }
        for item in items {
            self.text(&serde_json::to_string(item)?)?;
        }
        Ok(())
    }

    /// What has one form for everybody.
    pub(crate) fn text(&self, text: &str) -> anyhow::Result<()> {
        Ok(writeln!(io::stdout().lock(), "{text}")?)
    }

    /// As they are.
    pub(crate) fn bytes(&self, bytes: &[u8]) -> anyhow::Result<()> {
        let mut out = io::stdout().lock();
        out.write_all(bytes)?;
        Ok(out.flush()?)
    }

    /// A line beside the result; programs do not see it.
    pub(crate) fn note(&self, line: &str) {
        if !self.json {
            trouble(line);
        }
    }

    /// A line that everybody is told, beside the result.
    pub(crate) fn aside(&self, line: &str) {
        trouble(line);
    }

    /// Why a command failed.
    pub(crate) fn error(&self, message: &str) {
        if self.json {
            let line = serde_json::json!({ "error": message }).to_string();
            writeln!(io::stdout().lock(), "{line}").unwrap_or_default();
        } else {
            trouble(&format!("error: {message}"));
        }
    }

    /// A progress bar for long work; nothing where nobody watches.
    pub(crate) fn progress(&self, total: u64, what: &'static str) -> ProgressBar {
        let target = if self.json || !io::stderr().is_terminal() {
            ProgressDrawTarget::hidden()
        } else {
            ProgressDrawTarget::stderr()
        };
        let style =
            ProgressStyle::with_template("{msg} {wide_bar} {pos}/{len} {per_sec} eta {eta}")
                .expect("the template is constant and valid");
        ProgressBar::with_draw_target(Some(total), target)
            .with_style(style)
            .with_message(what)
    }
}

/// A table with a heading line.
pub(crate) fn table<C: Into<Cell>, const N: usize>(
    heading: [&str; N],
    rows: impl IntoIterator<Item = [C; N]>,
) -> String {
    let mut table = Table::new();
    if !io::stdout().is_terminal() {
        table.set_width(WIDTH);
    }
    table
        .load_style(UTF8_FULL_CONDENSED)
        .set_content_arrangement(ContentArrangement::Dynamic)
        .set_header(heading)
        .add_rows(rows);
    for (column, name) in table.column_iter_mut().zip(heading) {
        // People copy ids: they stay in one piece.
        if ["id", "webhook"].contains(&name) {
            column.set_constraint(ColumnConstraint::ContentWidth);
        }
    }
    table.to_string()
}

fn trouble(line: &str) {
    writeln!(io::stderr().lock(), "{line}").unwrap_or_default();
}
