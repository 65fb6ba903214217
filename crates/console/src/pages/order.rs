//! One order: what it is, why, and whether the record of it holds.

pub(super) mod by_hand;
mod step;
mod timeline;

use std::collections::BTreeMap;

use actix_web::HttpResponse;
use actix_web::web::{Data, Path};
use askama::Template;
use waybill_common::domain::Flag;
use waybill_common::storage::orders::Order;

use self::step::StepView;
use self::timeline::Timeline;
use super::amount::amount;
use super::badge::Badge;
use super::layout::{self, Layout};
use super::moment::Moment;
use crate::access::Caller;
use crate::api::explain;
use crate::api::orders::OrderView;
use crate::api::trail::{self, Verified};
use crate::app::App;
use crate::problem::Problem;

/// As many steps are shown, the newest ones; the API has all.
const STEPS_MAX: usize = 200;

#[derive(Template)]
#[template(path = "order.html")]
struct OrderPage {
    layout: Layout,
    name: String,
    order: OrderView,
    status: Badge,
    axes: Vec<(&'static str, Badge)>,
    money: Vec<(&'static str, String)>,
    flags: Vec<FlagView>,
    made: Moment,
    changed: Moment,
    /// Every name under which events have told of it.
    names: Vec<NameView>,
    /// Whether the reader may act on it.
    may_act: bool,
    can_export: bool,
    verified: Verified,
    /// Why the steps cannot be shown, where they cannot.
    unreadable: Option<String>,
    timeline: Option<Timeline>,
    steps: Vec<StepView>,
    /// Steps before those that are shown.
    earlier: usize,
}

struct FlagView {
    name: String,
    badge: Badge,
    meaning: &'static str,
}

struct NameView {
    name: String,
    /// Where its link is undone; absent for the merchant's own name.
    undo: Option<String>,
}

pub(super) async fn show(
    layout: Layout,
    caller: Caller,
    called: Path<String>,
    app: Data<App>,
) -> Result<HttpResponse, Problem> {
    let snapshot = trail::snapshot(&app, &called).await?;
    let verified = snapshot.verified();
    let names = names(&snapshot.order);
    let order = OrderView::from(snapshot.order.summary);
    let (rows, steps) = match snapshot.rows.map(|rows| (explain::steps(&rows), rows)) {
        Ok((Ok(steps), rows)) => (rows, Ok(steps)),
        Ok((Err(fault), _)) => (Vec::new(), Err(fault.to_string())),
        Err(unreadable) => (Vec::new(), Err(unreadable)),
    };
    let unreadable = steps.as_ref().err().cloned();
    let steps = steps.unwrap_or_default();
    let earlier = steps.len().saturating_sub(STEPS_MAX);
    let page = OrderPage {
        layout,
        name: order
            .external_id
            .clone()
            .unwrap_or_else(|| order.id.to_string()),
        status: Badge::status(&order.status),
        axes: axes(&order),
        money: money(&order),
        flags: flags(&order),
        made: order.created_at.into(),
        changed: order.updated_at.into(),
        names,
        may_act: by_hand::POLICY.allows(&caller.grant).is_ok(),
        can_export: app.export_key.is_some(),
        verified,
        unreadable,
        timeline: Timeline::of(&rows),
        steps: step::views(&rows, steps, &app.config.console).split_off(earlier),
        earlier,
        order,
    };
    layout::page(&page)
}

fn axes(order: &OrderView) -> Vec<(&'static str, Badge)> {
    vec![
        ("Payment", Badge::payment(&order.payment)),
        ("Fulfilment", Badge::fulfilment(&order.fulfilment)),
        ("Dispute", Badge::dispute(&order.dispute)),
        ("Lifecycle", Badge::lifecycle(&order.lifecycle)),
    ]
}

fn money(order: &OrderView) -> Vec<(&'static str, String)> {
    let told = |minor| amount(minor, order.currency.as_deref());
    vec![
        ("Total", told(order.total)),
        ("Authorized", told(Some(order.authorized))),
        ("Captured", told(Some(order.captured))),
        ("Refunded", told(Some(order.refunded))),
        ("Disputed", told(Some(order.disputed))),
    ]
}

fn flags(order: &OrderView) -> Vec<FlagView> {
    let view = |flag: &String| FlagView {
        name: flag.clone(),
        badge: Badge::flag(flag),
        meaning: flag.parse().map_or("", meaning),
    };
    order.flags.iter().map(view).collect()
}

/// What a flag means (DOMAIN.md, section 3).
fn meaning(flag: Flag) -> &'static str {
    match flag {
        Flag::Conflict => {
            "Two messages contradict each other. The first one stands, both are on the trail: ask the sender which is right."
        }
        Flag::CurrencyMismatch => {
            "Money was told in several currencies. Only that of the order is added up; the others are on the trail."
        }
        Flag::NeedsFetch => {
            "The provider told that something changed, but not what. A worker asks it; until then this may be old."
        }
        Flag::Overpaid => "More money was captured and kept than the order's total.",
        Flag::PaidAfterCancel => {
            "The order was cancelled or deleted, and money of it is still kept."
        }
        Flag::Untrusted => {
            "Something that counts here came without a signature over its content. Check it with the provider."
        }
    }
}

/// By name; none where what is stored cannot be read, as the record says then.
fn names(order: &Order) -> Vec<NameView> {
    let Ok(stored) = order.stored() else { return Vec::new() };
    let names = stored.facts.references();
    let names: BTreeMap<&str, bool> = names
        .map(|reference| (reference.name.as_str(), reference.merchant))
        .collect();
    let view = |(name, merchant): (&str, bool)| NameView {
        name: name.to_owned(),
        undo: (!merchant).then(|| by_hand::undo_address(order.id, name)),
    };
    names.into_iter().map(view).collect()
}
