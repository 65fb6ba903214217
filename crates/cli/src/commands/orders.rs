//! `waybill orders`: search, and one order: as it stands, its trail, and why.

use waybill_operate::by_hand::{AcknowledgeRequest, UnlinkRequest};
use waybill_operate::explain::Explanation;
use waybill_operate::orders::OrderFilter;
use waybill_operate::trail::{Trail, TrailPart, Verified};

use crate::arguments::{OrdersAct, OrdersEvents, OrdersList, OrdersWhat};
use crate::list;
use crate::output::{Ending, Output};
use crate::show;
use crate::way::Way;

/// Rows of a trail that are shown beside an order.
const TRAIL: i64 = 200;

pub(crate) async fn run(what: OrdersWhat, way: &Way, output: &Output) -> anyhow::Result<Ending> {
    match what {
        OrdersWhat::List(asked) => search(asked, way, output).await,
        OrdersWhat::Show { order } => one(&order, way, output).await,
        OrdersWhat::Events(asked) => events(asked, way, output).await,
        OrdersWhat::Explain { order } => {
            let explained = way.explain(&order).await?;
            output.result(&explained, |explained: &Explanation| {
                show::trail::explanation(explained, output)
            })
        }
        OrdersWhat::Verify { order } => {
            let verified = way.verify(&order).await?;
            output.result(&verified, show::trail::verified)?;
            Ok(ending(&verified))
        }
        OrdersWhat::Act(act) => by_hand(act, (way, output)).await,
    }
}

async fn by_hand(act: OrdersAct, with: (&Way, &Output)) -> anyhow::Result<Ending> {
    match act {
        OrdersAct::Acknowledge { order, flag, reason } => {
            let asked = AcknowledgeRequest { reason };
            super::by_hand::acknowledge((&order, &flag), &asked, with).await
        }
        OrdersAct::Unlink { order, name, reason, dry_run } => {
            let asked = UnlinkRequest { name, reason, dry_run };
            super::by_hand::unlink(&order, &asked, with).await
        }
        OrdersAct::Export { order, out } => {
            super::export::order(&order, out.as_deref(), with).await
        }
    }
}

async fn search(asked: OrdersList, way: &Way, output: &Output) -> anyhow::Result<Ending> {
    let OrdersList { status, payment, flag, source, q, times, pages } = asked;
    let mut filter = OrderFilter {
        status,
        payment,
        flag,
        source,
        q,
        from: times.from,
        to: times.to,
        limit: pages.limit(),
        cursor: None,
    };
    let ask = async |cursor: Option<String>| {
        filter.cursor = cursor;
        way.orders(&filter).await
    };
    list::print(&pages, output, ask, |orders| show::orders::list(orders, output)).await
}

async fn one(called: &str, way: &Way, output: &Output) -> anyhow::Result<Ending> {
    let order = way.order(called).await?;
    if output.is_json() {
        return output.result(&order, |_| String::new());
    }
    // By its id: the merchant's could be another's by now.
    let part = TrailPart { after: None, limit: Some(TRAIL) };
    let trail = way.events(&order.id.to_string(), &part).await?;
    output.result(&order, |order| {
        format!("{}\n{}", show::orders::one(order, output), show::trail::rows(&trail, output))
    })?;
    tell_of_more(&order.id.to_string(), &trail, output);
    Ok(Ending::Well)
}

async fn events(asked: OrdersEvents, way: &Way, output: &Output) -> anyhow::Result<Ending> {
    let limit = asked.limit.or(asked.all.then_some(TRAIL));
    let mut part = TrailPart { after: asked.after, limit };
    loop {
        let trail = way.events(&asked.order, &part).await?;
        let next = trail.next.as_deref().map(str::parse).transpose()?;
        match asked.all {
            true => output.items(&trail.items, || show::trail::rows(&trail, output))?,
            false => {
                output.result(&trail, |trail| show::trail::rows(trail, output))?;
                tell_of_more(&asked.order, &trail, output);
            }
        }
        if !asked.all || next.is_none() {
            return Ok(Ending::Well);
        }
        part.after = next;
    }
}

fn tell_of_more(called: &str, trail: &Trail, output: &Output) {
    if let Some(next) = &trail.next {
        output.note(&format!("more: waybill orders events {called} --after {next}"));
    }
}

fn ending(verified: &Verified) -> Ending {
    if verified.holds { Ending::Well } else { Ending::NotWell }
}
