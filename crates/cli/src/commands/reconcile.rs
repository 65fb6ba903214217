//! `waybill reconcile`: whether everything that was accepted is accounted for.

use waybill_operate::page::LIMIT_MAX;
use waybill_operate::reconciliation::{Asked, Reconciliation};

use crate::arguments::Reconcile;
use crate::output::{Ending, Output};
use crate::show;
use crate::way::Way;

/// Reads the whole window, part by part. 1 where something is missing for longer than all retries take.
pub(crate) async fn run(asked: Reconcile, way: &Way, output: &Output) -> anyhow::Result<Ending> {
    let mut part = Asked {
        from: asked.times.from,
        to: asked.times.to,
        minutes: asked.minutes,
        cursor: None,
        limit: Some(LIMIT_MAX),
    };
    let mut whole = Reconciliation { items: Vec::new(), next: None };
    loop {
        let found = way.reconciliation(&part).await?;
        whole.items.extend(found.items);
        part.cursor = found.next;
        if part.cursor.is_none() {
            break;
        }
    }
    output.result(&whole, |whole| show::balances(whole, output))?;
    let accounted = whole.items.iter().all(|balance| balance.unaccounted == 0);
    Ok(if accounted { Ending::Well } else { Ending::NotWell })
}
