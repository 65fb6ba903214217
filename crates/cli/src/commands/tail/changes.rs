//! Following changes of orders: each once, in the order of commits.

use waybill_operate::changes::{ChangeView, ChangesAfter};
use waybill_operate::page::LIMIT_MAX;

use super::Line;
use crate::output::Output;
use crate::show::{self, at, color_of, plain};
use crate::way::Way;

/// Where a console, and the database, begin to tell of what comes from now on.
const NOW: &str = "end";
/// What people type for the beginning.
const START: &str = "start";

pub(super) struct Changes(ChangesAfter);

impl Changes {
    pub(super) fn after(position: Option<String>) -> Self {
        let after = position.unwrap_or_else(|| NOW.to_owned());
        Self(ChangesAfter { after: (after != START).then_some(after), limit: Some(LIMIT_MAX) })
    }

    pub(super) async fn look(&mut self, way: &Way, output: &Output) -> anyhow::Result<bool> {
        let found = way.changes(&self.0).await?;
        for change in &found.items {
            output.items(&[Line::Change(change)], || line(change, output))?;
            self.0.after = Some(change.position.clone());
        }
        // What nothing follows has a position too: that of «now».
        self.0.after = Some(found.next);
        Ok(!found.items.is_empty())
    }

    /// After what was printed; none where nothing was asked yet.
    pub(super) fn position(&self) -> Option<&str> {
        self.0.after.as_deref().filter(|after| *after != NOW)
    }
}

fn line(change: &ChangeView, output: &Output) -> String {
    let money = |minor| show::orders::in_currency(minor, change.currency.as_deref());
    let called = change.external_id.as_deref().map(plain);
    let label = change.label.as_deref().filter(|label| *label != "normal");
    format!(
        "{}  {}  {} → {}{}  captured {} · refunded {}  {} {}",
        at(change.recorded_at),
        called.unwrap_or_else(|| change.order_id.to_string()),
        change.from_status.as_deref().unwrap_or("–"),
        output.paint(&change.to_status, color_of(&change.to_status)),
        label.map_or(String::new(), |label| format!(" ({})", output.paint(label, color_of(label)))),
        money(change.captured),
        money(change.refunded),
        plain(&change.source),
        plain(&change.native_type),
    )
}
