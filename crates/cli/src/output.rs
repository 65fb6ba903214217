//! What is printed: tables for people, JSON for programs, trouble on standard error.

use std::io::{self, IsTerminal as _, Write as _};
use std::process::ExitCode;

use comfy_table::presets::UTF8_FULL_CONDENSED;
use comfy_table::{ContentArrangement, Table};
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
}

impl Output {
    pub(crate) fn new(json: bool) -> Self {
        Self { json }
    }

    /// The result: `value` for programs, or what `text` makes of it for people.
    pub(crate) fn result<T: Serialize>(
        &self,
        value: &T,
        text: impl FnOnce(&T) -> String,
    ) -> anyhow::Result<()> {
        let text = if self.json { serde_json::to_string_pretty(value)? } else { text(value) };
        print(&text);
        Ok(())
    }

    /// A line beside the result; programs do not see it.
    pub(crate) fn note(&self, line: &str) {
        if !self.json {
            trouble(line);
        }
    }

    /// Why a command failed.
    pub(crate) fn error(&self, message: &str) {
        if self.json {
            print(&serde_json::json!({ "error": message }).to_string());
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
pub(crate) fn table<const N: usize>(
    heading: [&str; N],
    rows: impl IntoIterator<Item = [String; N]>,
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
    table.to_string()
}

/// A reader that went away (`| head`) is no trouble.
fn print(text: &str) {
    writeln!(io::stdout().lock(), "{text}").unwrap_or_default();
}

fn trouble(line: &str) {
    writeln!(io::stderr().lock(), "{line}").unwrap_or_default();
}
