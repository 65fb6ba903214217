//! An order's audit trail as a signed file, and the key to check it with.

use actix_web::HttpResponse;
use actix_web::http::header::{ContentDisposition, DispositionParam, DispositionType};
use actix_web::web::{Data, Path};
use waybill_common::signing::SigningKey;
use waybill_operate::export;

use crate::app::App;
use crate::problem::{Problem, ProblemBody};

/// Exports an order's whole audit trail, signed. `waybill verify --file` checks it without a database. It holds no payload,
/// only their hashes. Keep it byte for byte: it is canonical JSON.
#[utoipa::path(get, path = "/api/v1/orders/{order}/export", tag = "orders",
    params(("order" = String, Path, description = "An id of ours or the merchant's")),
    responses((status = 200, description = "The export (docs/AUDIT.md, section 7)", body = serde_json::Value),
        (status = 404, description = "No such order", body = ProblemBody, content_type = "application/problem+json"),
        (status = 409, description = "No key is configured to sign with, or several orders are called so", body = ProblemBody, content_type = "application/problem+json")))]
pub async fn order(called: Path<String>, app: Data<App>) -> Result<HttpResponse, Problem> {
    let key = key(&app)?;
    let mut conn = app.read().await?;
    let file = export::export(&mut conn, &called, key, app.clock.now()).await?;
    Ok(HttpResponse::Ok()
        .insert_header(ContentDisposition {
            disposition: DispositionType::Attachment,
            parameters: vec![DispositionParam::Filename("order-export.json".to_owned())],
        })
        .content_type("application/json")
        .body(file))
}

/// Shows the public key that exports are signed with, as PEM.
#[utoipa::path(get, path = "/api/v1/export-key", tag = "orders",
    responses((status = 200, description = "An Ed25519 public key", body = String, content_type = "application/x-pem-file"),
        (status = 409, description = "No key is configured to sign with", body = ProblemBody, content_type = "application/problem+json")))]
pub async fn public_key(app: Data<App>) -> Result<HttpResponse, Problem> {
    let pem = key(&app)?.public().to_pem();
    Ok(HttpResponse::Ok()
        .content_type("application/x-pem-file")
        .body(pem))
}

fn key(app: &App) -> Result<&SigningKey, Problem> {
    app.export_key
        .as_ref()
        .ok_or(Problem::Conflict(export::NO_KEY))
}
