//! One file for each subcommand: what it measures in turn, and which rows it makes of it.

mod all;
mod bench;
mod ceilings;
mod console;
mod curves;
mod end_to_end;
mod growth;
mod hot_order;
mod ingest;
mod large;
mod latency;
mod leaked_lock;
mod worker;

use crate::arguments::{Arguments, Command};
use crate::chart;
use crate::figure::Row;
use crate::report::Report;
use bench::Bench;

/// Measures, prints, and returns whether every target was met.
pub(crate) async fn run(arguments: Arguments) -> anyhow::Result<bool> {
    let Arguments { command, options } = arguments;
    let (json, plot) = (options.json.clone(), options.plot.clone());
    let mut bench = Bench::set_up(options).await?;
    let rows = measure(command, &mut bench).await?;
    let charts = match &plot {
        Some(_) => curves::measure(&mut bench).await?,
        None => Vec::new(),
    };
    bench.clean_up().await?;
    let report = Report::of(rows);
    report.print();
    if let Some(file) = json {
        report.write(&file)?;
    }
    if let Some(folder) = plot {
        chart::draw(&folder, &charts)?;
    }
    Ok(report.all_met())
}

async fn measure(command: Command, bench: &mut Bench) -> anyhow::Result<Vec<Row>> {
    match command {
        Command::All => all::measure(bench).await,
        Command::Ceilings => ceilings::measure(bench).await,
        Command::Ingest => ingest::measure(bench).await,
        Command::Worker => worker::measure(bench).await,
        Command::EndToEnd => end_to_end::measure(bench).await,
        Command::Latency => latency::measure(bench).await,
        Command::Growth => growth::measure(bench).await,
        Command::HotOrder => hot_order::measure(bench).await,
        Command::LeakedLock => leaked_lock::measure(bench).await,
        Command::Console => console::measure(bench).await,
        Command::Large => large::measure(bench).await,
    }
}
