//! What is told in the end: one table for people, one file for programs.

use std::io::{self, Write as _};
use std::path::Path;

use anyhow::Context as _;
use comfy_table::Table;
use comfy_table::presets::UTF8_HORIZONTAL_ONLY;
use serde::Serialize;
use serde_json::json;
use waybill_common::clock::Clock;

use crate::figure::{Row, Target};

const HEADING: [&str; 7] =
    ["figure", "value", "ceiling", "ratio", "target", "met", "fdatasync p50, ms"];

/// All rows of a run.
pub(crate) struct Report {
    rows: Vec<Row>,
}

#[derive(Serialize)]
struct Told<'a> {
    #[serde(flatten)]
    row: &'a Row,
    median: f64,
    ceiling_median: Option<f64>,
    ratio: Option<f64>,
    met: Option<bool>,
    unsteady_disk: usize,
}

impl Report {
    pub(crate) fn of(rows: Vec<Row>) -> Self {
        Self { rows }
    }

    /// Whether nothing missed its target.
    pub(crate) fn all_met(&self) -> bool {
        self.rows.iter().all(|row| row.is_met() != Some(false))
    }

    pub(crate) fn print(&self) {
        let mut table = Table::new();
        table
            .load_style(UTF8_HORIZONTAL_ONLY)
            .set_header(HEADING)
            .add_rows(self.rows.iter().map(cells));
        let legend = "Medians; a ratio is that of pairs measured one after the other. «!n»: in so many pairs the disk changed \
                      its mode (probes more than 2 × apart); the others count, where there are any.";
        writeln!(io::stdout().lock(), "{table}\n{legend}").unwrap_or_default();
    }

    /// # Errors
    /// Where the file cannot be written.
    pub(crate) fn write(&self, file: &Path) -> anyhow::Result<()> {
        let rows: Vec<Told<'_>> = self.rows.iter().map(told).collect();
        let report = json!({
            "version": env!("CARGO_PKG_VERSION"),
            "at": Clock::system().now(),
            "processors": std::thread::available_parallelism().map_or(0, usize::from),
            "debug_build": cfg!(debug_assertions),
            "rows": rows,
        });
        let text = serde_json::to_string_pretty(&report)?;
        std::fs::write(file, text).with_context(|| format!("could not write {}", file.display()))
    }
}

fn told(row: &Row) -> Told<'_> {
    Told {
        row,
        median: row.subject.median(),
        ceiling_median: row.ceiling.as_ref().map(crate::figure::Series::median),
        ratio: row.ratio(),
        met: row.is_met(),
        unsteady_disk: row.unsteady(),
    }
}

fn cells(row: &Row) -> [String; 7] {
    let nothing = String::new;
    let ceiling = row.ceiling.as_ref();
    let target = match row.target {
        Target::RatioAtLeast(least) => format!("≥ {least} ×"),
        Target::RatioAtMost(most) => format!("≤ {most} ×"),
        Target::ValueAtMost(most) => format!("≤ {most} {}", row.unit),
        Target::None => nothing(),
    };
    let met = row
        .is_met()
        .map_or("", |met| if met { "yes" } else { "NO" });
    [
        row.figure.clone(),
        format!("{} {}", digits(row.subject.median()), row.unit),
        ceiling.map_or_else(nothing, |ceiling| digits(ceiling.median())),
        row.ratio()
            .map_or_else(nothing, |ratio| format!("{ratio:.2}")),
        target,
        met.to_owned(),
        disk(row),
    ]
}

fn disk(row: &Row) -> String {
    let range = row
        .disk()
        .map_or_else(String::new, |disk| format!("{:.2}–{:.2}", disk.least_ms, disk.most_ms));
    match row.unsteady() {
        0 => range,
        pairs => format!("{range} !{pairs}"),
    }
}

/// Three digits that say something, at least.
fn digits(value: f64) -> String {
    match value {
        large if large >= 100.0 => format!("{large:.0}"),
        medium if medium >= 10.0 => format!("{medium:.1}"),
        small => format!("{small:.2}"),
    }
}

/// Says on standard error what is being measured.
pub(crate) fn progress(what: &str) {
    writeln!(io::stderr().lock(), "{what}").unwrap_or_default();
}
