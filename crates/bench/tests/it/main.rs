//! The bench itself, run so briefly that its figures mean nothing: what is checked is that it measures, that every webhook
//! of its runs got its verdict (anything else ends it with 2), and that it leaves nothing behind on shared servers.

use std::path::Path;
use std::process::{Command, Output};

use serde_json::Value;

/// It could not measure.
const COULD_NOT_MEASURE: i32 = 2;

/// Runs a subcommand and returns its rows.
fn run(arguments: &[&str]) -> anyhow::Result<Vec<Value>> {
    let folder = tempfile::tempdir()?;
    let file = folder.path().join("figures.json");
    let ran: Output = Command::new(env!("CARGO_BIN_EXE_waybill-bench"))
        .args(arguments)
        .args(["--seconds", "0.2", "--repetitions", "1", "--json"])
        .arg(&file)
        .output()?;
    let told = String::from_utf8_lossy(&ran.stderr).into_owned();
    let code = ran.status.code();
    anyhow::ensure!(code.is_some_and(|code| code < COULD_NOT_MEASURE), "{code:?}: {told}");
    let report: Value = serde_json::from_slice(&std::fs::read(&file)?)?;
    let rows = report["rows"].as_array().cloned().unwrap_or_default();
    let table = String::from_utf8(ran.stdout)?;
    for row in &rows {
        let figure = row["figure"].as_str().unwrap_or_default();
        assert!(table.contains(figure), "{figure} is not in {table}");
    }
    Ok(rows)
}

/// A worker is driven as a binary, and a test of this crate alone does not build it.
fn build(name: &str) -> anyhow::Result<()> {
    let binary = Path::new(env!("CARGO_BIN_EXE_waybill-bench")).with_file_name(name);
    if !binary.exists() {
        let built = Command::new(env!("CARGO"))
            .args(["build", "--quiet", "-p", name])
            .status()?;
        anyhow::ensure!(built.success(), "could not build {name}");
    }
    Ok(())
}

#[test]
fn the_ceilings_are_measured() -> anyhow::Result<()> {
    let rows = run(&["ceilings"])?;
    assert_eq!(rows.len(), 7);
    for row in rows {
        assert!(row["median"].as_f64().is_some_and(|rate| rate > 0.0), "{row}");
        assert_eq!(row["met"], Value::Null, "{row}");
    }
    Ok(())
}

#[test]
fn the_worker_is_measured_beside_its_ceilings() -> anyhow::Result<()> {
    build("waybill-worker")?;
    let rows = run(&["worker"])?;
    assert_eq!(rows.len(), 4);
    for row in rows.iter().filter(|row| row["unit"] == "/s") {
        for field in ["median", "ceiling_median", "ratio"] {
            assert!(row[field].as_f64().is_some_and(|value| value > 0.0), "{field}: {row}");
        }
        assert!(row["subject"][0]["disk"]["least_ms"].as_f64() > Some(0.0), "{row}");
    }
    Ok(())
}

#[test]
fn a_time_that_measures_nothing_is_refused() -> anyhow::Result<()> {
    let ran = Command::new(env!("CARGO_BIN_EXE_waybill-bench"))
        .args(["all", "--seconds", "0"])
        .output()?;
    assert_eq!(ran.status.code(), Some(COULD_NOT_MEASURE));
    assert!(String::from_utf8(ran.stderr)?.contains("from 0.05 to 600"));
    Ok(())
}

#[test]
fn the_console_is_measured_on_a_log_that_was_filled() -> anyhow::Result<()> {
    build("waybill-console")?;
    let rows = run(&["console", "--rows", "4000"])?;
    let called: Vec<&str> = rows
        .iter()
        .filter_map(|row| row["figure"].as_str())
        .collect();
    for figure in ["webhooks, deep page back, p99", "orders, called, p50", "order, explained, p99"]
    {
        assert!(called.contains(&figure), "{figure} is not in {called:?}");
    }
    for row in rows {
        assert!(row["median"].as_f64().is_some_and(|ms| ms > 0.0), "{row}");
    }
    Ok(())
}
