//! `waybill verify`: re-reads every trail, compares the stored state with its fold, and looks for what hangs loose.

use std::collections::BTreeMap;
use std::path::Path;

use anyhow::Context as _;
use diesel::result::Error;
use serde::Serialize;
use uuid::Uuid;
use waybill_common::config::Config;
use waybill_common::domain::audit::{Row, verify_trail};
use waybill_common::storage::loose_ends::{LooseEnds, loose_ends};
use waybill_common::storage::pool::Connection;
use waybill_common::storage::{order_events, orders, survey};

use crate::arguments::Verify;
use crate::database;
use crate::heads::Heads;
use crate::output::{Ending, Output};

const PAGE: i64 = 200;

#[derive(Debug, Default, Serialize)]
struct Checked {
    orders: u64,
    events: u64,
    /// By order, what does not hold.
    faults: BTreeMap<Uuid, Vec<String>>,
    /// Rows that others should stand for, and do not.
    loose_ends: Vec<LooseEnds>,
}

pub(crate) async fn run(
    arguments: Verify,
    config: &Config,
    output: &Output,
) -> anyhow::Result<Ending> {
    let mut conn = database::connect(config).await?;
    let exported = arguments.heads.as_deref().map(Heads::read).transpose()?;
    let mut verifier =
        Verifier { checked: Checked::default(), current: Heads::default(), exported };
    match &arguments.order {
        Some(called) => {
            let found = orders::find(&mut conn, called).await?;
            if found.is_empty() {
                output.error(&format!("no order is called «{called}»"));
                return Ok(Ending::NotWell);
            }
            for order in &found {
                verifier.check(&mut conn, order).await?;
            }
        }
        None => verifier.check_all(&mut conn, output).await?,
    }
    let Verifier { checked, current, .. } = verifier;
    output.result(&checked, people)?;
    if !checked.is_well() {
        return Ok(Ending::NotWell);
    }
    // Only of a whole and faultless database: otherwise the next run would believe what this one found wrong.
    if let Some(path) = arguments.heads.filter(|_| arguments.order.is_none()) {
        export(&current, &path, output)?;
    }
    Ok(Ending::Well)
}

impl Checked {
    fn is_well(&self) -> bool {
        self.faults.is_empty() && self.loose_ends.is_empty()
    }
}

struct Verifier {
    checked: Checked,
    /// Every head as it is now.
    current: Heads,
    /// Every head as an earlier run exported it.
    exported: Option<Heads>,
}

impl Verifier {
    async fn check_all(&mut self, conn: &mut Connection, output: &Output) -> anyhow::Result<()> {
        let progress = output.progress(survey::orders(conn).await?, "verifying");
        let mut after = None;
        loop {
            let page = orders::page(conn, after, PAGE).await?;
            for order in &page {
                self.check(conn, order).await?;
                progress.inc(1);
            }
            after = page.last().map(|order| order.id);
            if after.is_none() {
                break;
            }
        }
        progress.finish_and_clear();
        self.checked.loose_ends = loose_ends(conn)
            .await
            .context("could not look for what hangs loose")?;
        for order in self
            .exported
            .iter()
            .flat_map(|exported| exported.missing_from(&self.current))
        {
            let fault = "its head was exported, and the order is gone".to_owned();
            self.checked.faults.entry(order).or_default().push(fault);
        }
        Ok(())
    }

    async fn check(&mut self, conn: &mut Connection, order: &orders::Order) -> anyhow::Result<()> {
        let mut faults = Vec::new();
        match readable(order_events::trail(conn, order.id).await)? {
            Ok(rows) => {
                self.checked.events += u64::try_from(rows.len())?;
                faults.extend(self.against_heads(order.id, &rows));
                match readable(order.stored())? {
                    Ok(stored) => {
                        faults.extend(verify_trail(&rows, &stored).iter().map(ToString::to_string))
                    }
                    Err(unreadable) => faults.push(unreadable),
                }
            }
            Err(unreadable) => faults.push(unreadable),
        }
        self.checked.orders += 1;
        if !faults.is_empty() {
            self.checked
                .faults
                .entry(order.id)
                .or_default()
                .extend(faults);
        }
        Ok(())
    }

    /// Whoever can rewrite a whole trail with its head is caught only by a head that was exported before.
    fn against_heads(&mut self, order: Uuid, rows: &[Row]) -> Option<String> {
        if let Some(last) = rows.last() {
            self.current.insert(order, last.record.seq, last.hash);
        }
        let (seq, hash) = self.exported.as_ref()?.get(order)?;
        let still = rows
            .iter()
            .any(|row| row.record.seq == seq && row.hash == hash);
        (!still).then(|| format!("row {seq} is not the one whose hash was exported"))
    }
}

/// A row that cannot be read as one of ours is a fault of the data; anything else means that we could not look.
fn readable<T>(answer: Result<T, Error>) -> anyhow::Result<Result<T, String>> {
    match answer {
        Ok(value) => Ok(Ok(value)),
        Err(Error::DeserializationError(error)) => {
            Ok(Err(format!("a row cannot be read: {error}")))
        }
        Err(error) => Err(error).context("could not read the database"),
    }
}

fn export(heads: &Heads, path: &Path, output: &Output) -> anyhow::Result<()> {
    heads.write(path)?;
    output.note(&format!("exported {} heads to {}", heads.len(), path.display()));
    Ok(())
}

fn people(checked: &Checked) -> String {
    let counted = format!("{} orders, {} events", checked.orders, checked.events);
    if checked.is_well() {
        return format!("{counted}: every chain holds, every state is the fold of its trail");
    }
    let loose = checked.loose_ends.iter().map(|ends| {
        let LooseEnds { what, count, examples } = ends;
        format!("\n{count} {what}, such as {}", examples.join(", "))
    });
    let faults = checked.faults.iter().flat_map(|(order, faults)| {
        faults
            .iter()
            .map(move |fault| format!("\n{order}: {fault}"))
    });
    let told: String = faults.chain(loose).collect();
    format!("{counted}: {} orders do not hold{told}", checked.faults.len())
}
