//! Who am I?

use actix_web::web::Json;
use serde::Serialize;
use utoipa::ToSchema;
use waybill_common::access::{Role, Scope};

use crate::access::Caller;

/// The caller, as the console knows it.
#[derive(Debug, Serialize, ToSchema)]
pub struct Me {
    /// The operator's or the token's name.
    pub name: String,
    #[schema(value_type = String, example = "viewer")]
    pub role: Role,
    #[schema(value_type = Vec<String>, example = json!(["all"]))]
    pub scopes: Vec<Scope>,
    /// What a browser's session sends as `X-CSRF-Token` with whatever changes something; absent for tokens.
    pub csrf_token: Option<String>,
}

/// Tells who the caller is and what it may do.
#[utoipa::path(get, path = "/api/v1/session", tag = "session",
    responses((status = 200, description = "The caller", body = Me)))]
pub async fn show(caller: Caller) -> Json<Me> {
    let csrf_token = caller.csrf().map(|token| token.as_str().to_owned());
    Json(Me {
        name: caller.name,
        role: caller.grant.role,
        scopes: caller.grant.scopes.into_iter().collect(),
        csrf_token,
    })
}
