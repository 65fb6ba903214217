//! `waybill orders acknowledge`, `waybill orders unlink`: what is done to an order by hand, on record and on its trail.

use waybill_common::domain::{Currency, OrderState};
use waybill_operate::by_hand::{AcknowledgeRequest, AcknowledgedView, UnlinkRequest, UnlinkedView};

use crate::output::{Ending, Output};
use crate::show;
use crate::show::orders::in_currency;
use crate::way::Way;

pub(crate) async fn acknowledge(
    (order, flag): (&str, &str),
    asked: &AcknowledgeRequest,
    (way, output): (&Way, &Output),
) -> anyhow::Result<Ending> {
    let done = way.acknowledge((order, flag), asked).await?;
    output.result(&done, |done: &AcknowledgedView| {
        let left = if done.flags.is_empty() { "none".to_owned() } else { done.flags.join(", ") };
        format!("row {} acknowledges {}\nstill raised: {left}", done.seq, done.causes.join(", "))
    })
}

pub(crate) async fn unlink(
    order: &str,
    asked: &UnlinkRequest,
    (way, output): (&Way, &Output),
) -> anyhow::Result<Ending> {
    let done = way.unlink(order, asked).await?;
    output.result(&done, people)
}

fn people(done: &UnlinkedView) -> String {
    let rows: Vec<String> = done.rows.iter().map(ToString::to_string).collect();
    let what = match done.other_id {
        Some(other) => format!("order {other} has them from now on"),
        None => "nothing was done: this is what would change".to_owned(),
    };
    let mut lines = vec![
        format!("names  {}", done.names.join(", ")),
        format!("rows   {}", rows.join(", ")),
        what,
        format!("other  {}", other(&done.other)),
    ];
    lines.extend(show::changes(&done.changed, done.currency.as_deref()));
    lines.join("\n")
}

/// What the other order is, or would be.
fn other(state: &OrderState) -> String {
    let amount = |minor| in_currency(minor, state.currency.map(Currency::code));
    let (captured, refunded) = (amount(state.captured), amount(state.refunded));
    format!("{}, captured {captured}, refunded {refunded}", state.status)
}
