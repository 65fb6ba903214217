//! Acting on an order: acknowledging a flag, undoing a wrong link after a look at what that would change.

use actix_web::HttpResponse;
use actix_web::http::header::LOCATION;
use actix_web::web::{Data, Form, Path, Query};
use askama::Template;
use serde::Deserialize;
use uuid::Uuid;
use waybill_common::access::Scope;
use waybill_operate::by_hand::{self, AcknowledgeRequest, UnlinkRequest, UnlinkedView};

use crate::access::{Acting, Policy};
use crate::app::App;
use crate::pages::amount::amount;
use crate::pages::badge::Badge;
use crate::pages::changes::{Change, changes};
use crate::pages::layout::{self, Layout};
use crate::problem::Problem;

/// Who may.
pub(in crate::pages) const POLICY: Policy = Policy::operator(Scope::Orders);

/// Of the form; its other field is the proof of our own page.
#[derive(Deserialize)]
pub(in crate::pages) struct Acknowledging {
    reason: String,
}

#[derive(Deserialize)]
pub(in crate::pages) struct Unlinking {
    name: String,
    reason: String,
}

#[derive(Deserialize)]
pub(in crate::pages) struct Asked {
    name: String,
}

#[derive(Template)]
#[template(path = "unlink.html")]
struct UnlinkPage {
    layout: Layout,
    order_id: Uuid,
    name: String,
    /// What would leave with it.
    names: Vec<String>,
    rows: Vec<i64>,
    changes: Vec<Change>,
    other_status: Badge,
    other_captured: String,
    other_refunded: String,
}

pub(in crate::pages) async fn acknowledge(
    path: Path<(String, String)>,
    form: Form<Acknowledging>,
    acting: Acting,
    app: Data<App>,
) -> Result<HttpResponse, Problem> {
    let (order, flag) = path.into_inner();
    let asked = AcknowledgeRequest { reason: form.into_inner().reason };
    let mut conn = app.write().await?;
    let done =
        by_hand::acknowledge(&mut conn, (&order, &flag), (&asked, acting.who()), app.clock.now())
            .await?;
    Ok(see(done.order_id, Some(done.seq)))
}

pub(in crate::pages) async fn look(
    layout: Layout,
    order: Path<String>,
    asked: Query<Asked>,
    acting: Acting,
    app: Data<App>,
) -> Result<HttpResponse, Problem> {
    let name = asked.into_inner().name;
    let looking = UnlinkRequest { name, reason: "a look".to_owned(), dry_run: true };
    let mut conn = app.read().await?;
    let UnlinkedView { order_id, names, rows, mut currency, changed, other, .. } =
        by_hand::unlink(&mut conn, &order, (&looking, acting.who()), app.clock.now()).await?;
    let told = |minor: i64| amount(Some(minor), other.currency.map(|currency| currency.code()));
    layout::page(&UnlinkPage {
        layout,
        order_id,
        name: looking.name,
        names,
        rows,
        other_status: Badge::status(other.status.as_str()),
        other_captured: told(other.captured),
        other_refunded: told(other.refunded),
        changes: changes(&changed, &mut currency),
    })
}

pub(in crate::pages) async fn unlink(
    order: Path<String>,
    form: Form<Unlinking>,
    acting: Acting,
    app: Data<App>,
) -> Result<HttpResponse, Problem> {
    let Unlinking { name, reason } = form.into_inner();
    let asked = UnlinkRequest { name, reason, dry_run: false };
    let mut conn = app.write().await?;
    let done = by_hand::unlink(&mut conn, &order, (&asked, acting.who()), app.clock.now()).await?;
    Ok(see(done.order_id, done.seq))
}

/// Where a link is looked at before it is undone.
pub(super) fn undo_address(order: Uuid, name: &str) -> String {
    let name: String = url::form_urlencoded::byte_serialize(name.as_bytes()).collect();
    format!("/orders/{order}/unlink?name={name}")
}

/// Back to the order, at the step that was just made.
fn see(order: Uuid, seq: Option<i64>) -> HttpResponse {
    let step = seq.map_or_else(String::new, |seq| format!("#step-{seq}"));
    HttpResponse::SeeOther()
        .insert_header((LOCATION, format!("/orders/{order}{step}")))
        .finish()
}
