//! `waybill webhooks`: the log.

use std::io::IsTerminal as _;

use anyhow::Context as _;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use waybill_operate::webhooks::{RawBody, WebhookFilter};

use crate::arguments::{WebhooksList, WebhooksWhat};
use crate::list;
use crate::output::{Ending, Output};
use crate::show::{self, plain};
use crate::way::Way;

pub(crate) async fn run(what: WebhooksWhat, way: &Way, output: &Output) -> anyhow::Result<Ending> {
    match what {
        WebhooksWhat::List(asked) => search(asked, way, output).await,
        WebhooksWhat::Show { webhook } => {
            let webhook = way.webhook(webhook).await?;
            output.result(&webhook, |webhook| show::webhooks::one(webhook, output))
        }
        WebhooksWhat::Body { webhook } => body(&way.body(webhook).await?, output),
    }
}

async fn search(asked: WebhooksList, way: &Way, output: &Output) -> anyhow::Result<Ending> {
    let WebhooksList { source, verdict, state, order, times, pages } = asked;
    let mut filter = WebhookFilter {
        source,
        verdict,
        state,
        order_id: order,
        from: times.from,
        to: times.to,
        limit: pages.limit(),
        cursor: None,
    };
    let ask = async |cursor: Option<String>| {
        filter.cursor = cursor;
        way.webhooks(&filter).await
    };
    list::print(&pages, output, ask, |webhooks| show::webhooks::list(webhooks, output)).await
}

/// Byte for byte, so that a file of it is what the sender signed; but nothing that a sender writes moves our cursor.
fn body(raw: &RawBody, output: &Output) -> anyhow::Result<Ending> {
    if output.is_json() {
        return output.result(raw, |_| String::new());
    }
    let bytes = match raw.encoding.as_str() {
        "base64" => STANDARD
            .decode(&raw.body)
            .context("the body is not what its encoding says")?,
        _ => raw.body.clone().into_bytes(),
    };
    if std::io::stdout().is_terminal() {
        let text = String::from_utf8_lossy(&bytes);
        let lines: Vec<String> = text.lines().map(plain).collect();
        output.text(&lines.join("\n"))?;
    } else {
        output.bytes(&bytes)?;
    }
    Ok(Ending::Well)
}
