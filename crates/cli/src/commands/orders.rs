//! `waybill orders`: an order as it stands, and why.

use anyhow::bail;
use serde::Serialize;
use serde_json::Value;
use uuid::Uuid;
use waybill_common::config::Config;
use waybill_common::domain::audit::Row;
use waybill_common::domain::{Currency, Money, OrderState, Timestamp};
use waybill_common::storage::{order_events, orders};

use crate::database;
use crate::output::{Ending, Output, table};

/// An order with its trail, as programs see it.
#[derive(Serialize)]
struct Shown {
    id: Uuid,
    namespace: String,
    external_id: Option<String>,
    #[serde(flatten)]
    state: OrderState,
    exponent: Option<i16>,
    /// A string: it may outgrow what JSON keeps exactly.
    version: String,
    head_hash: String,
    absorbed_into: Option<Uuid>,
    created_at: Timestamp,
    updated_at: Timestamp,
    events: Vec<Event>,
}

/// One row of the trail.
#[derive(Serialize)]
struct Event {
    #[serde(flatten)]
    record: Value,
    prev_hash: String,
    hash: String,
}

pub(crate) async fn show(called: &str, config: &Config, output: &Output) -> anyhow::Result<Ending> {
    let mut conn = database::connect(config).await?;
    let found = orders::find(&mut conn, called).await?;
    if found.is_empty() {
        output.error(&format!("no order is called «{called}»"));
        return Ok(Ending::NotWell);
    }
    let mut all = Vec::new();
    for order in found {
        let rows = order_events::trail(&mut conn, order.id).await?;
        let text = people(&order, &order.stored()?.state, &rows)?;
        all.push((shown(order, &rows)?, text));
    }
    let (values, texts): (Vec<_>, Vec<_>) = all.into_iter().unzip();
    output.result(&values, |_| texts.join("\n\n"))?;
    Ok(Ending::Well)
}

fn shown(order: orders::Order, rows: &[Row]) -> anyhow::Result<Shown> {
    let state = order.stored()?.state;
    let order = order.summary;
    Ok(Shown {
        id: order.id,
        state,
        namespace: order.namespace,
        external_id: order.external_id,
        exponent: order.exponent,
        version: order.version.to_string(),
        head_hash: hex::encode(&order.head_hash),
        absorbed_into: order.absorbed_into,
        created_at: Timestamp::saturating(order.created_at),
        updated_at: Timestamp::saturating(order.updated_at),
        events: rows.iter().map(event).collect::<anyhow::Result<_>>()?,
    })
}

fn event(row: &Row) -> anyhow::Result<Event> {
    Ok(Event {
        record: serde_json::to_value(&row.record)?,
        prev_hash: hex::encode(row.prev_hash),
        hash: hex::encode(row.hash),
    })
}

fn people(order: &orders::Order, state: &OrderState, rows: &[Row]) -> anyhow::Result<String> {
    let mut lines = vec![
        format!(
            "order      {} ({})",
            order
                .external_id
                .as_deref()
                .unwrap_or("no merchant's id yet"),
            order.id
        ),
        format!("status     {}", state.status),
        format!(
            "axes       payment {} · lifecycle {} · fulfilment {} · dispute {}",
            state.payment, state.lifecycle, state.fulfilment, state.dispute
        ),
        format!("money      {}", money(state)?),
    ];
    if !state.flags.is_empty() {
        let flags: Vec<&str> = state.flags.iter().map(|flag| flag.as_str()).collect();
        lines.push(format!("flags      {}", flags.join(", ")));
    }
    if let Some(into) = order.absorbed_into {
        lines.push(format!("absorbed   into {into}"));
    }
    lines.push(format!("head       {}", hex::encode(&order.head_hash)));
    lines.push(trail(rows));
    Ok(lines.join("\n"))
}

fn money(state: &OrderState) -> anyhow::Result<String> {
    let Some(currency) = state.currency else {
        return Ok("none yet".to_owned());
    };
    let total = state
        .total
        .map_or(Ok("unknown".to_owned()), |total| amount(total, currency));
    let mut parts = vec![format!("total {}", total?)];
    for (minor, name) in [
        (state.authorized, "authorized"),
        (state.captured, "captured"),
        (state.refunded, "refunded"),
        (state.disputed, "disputed"),
    ] {
        parts.push(format!("{name} {}", amount(minor, currency)?));
    }
    Ok(parts.join(" · "))
}

fn amount(minor: i64, currency: Currency) -> anyhow::Result<String> {
    match Money::from_minor(minor, currency) {
        Ok(money) => Ok(money.to_string()),
        Err(error) => bail!("the stored amount {minor} {error}"),
    }
}

/// UTC, to the millisecond.
fn moment(time: Timestamp) -> String {
    let text = time.to_string();
    text.get(..23).unwrap_or(&text).replace('T', " ")
}

/// The audit trail: when each event happened beside when it was recorded, so that a bad order is seen at a glance.
fn trail(rows: &[Row]) -> String {
    let lines = rows.iter().map(|Row { record, hash, .. }| {
        let from = record.from_status.map_or("–", |status| status.as_str());
        let label = record
            .label
            .map_or(String::new(), |label| format!(" ({})", label.as_str()));
        [
            record.seq.to_string(),
            moment(record.occurred_at),
            moment(record.recorded_at),
            record.source.clone(),
            record.native_type.clone(),
            record.verdict.to_string(),
            format!("{from} → {}{label}", record.to_status),
            record.reason.clone(),
            hex::encode(&hash[..6]),
        ]
    });
    let heading =
        ["seq", "occurred", "recorded", "source", "type", "verdict", "status", "reason", "hash"];
    table(heading, lines)
}
