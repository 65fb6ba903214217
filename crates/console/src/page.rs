//! Single resources with a tag; pages of lists are [`waybill_operate::page`]'s.

use actix_web::http::header::{ETAG, IF_NONE_MATCH};
use actix_web::{HttpRequest, HttpResponse};
use serde::Serialize;
use sha2::{Digest as _, Sha256};

pub use waybill_operate::page::{LIMIT_MAX, Page, Paging, limit, named, page, text, time};

/// Answers with a resource and its tag, or that it is still what the caller has.
///
/// # Panics
/// Never: what we answer with has a JSON form.
pub fn tagged(request: &HttpRequest, resource: &impl Serialize) -> HttpResponse {
    let body = serde_json::to_string(resource).expect("what we answer with has a JSON form");
    let tag = format!("\"{}\"", hex::encode(&Sha256::digest(&body)[..16]));
    let known = request
        .headers()
        .get_all(IF_NONE_MATCH)
        .filter_map(|value| value.to_str().ok())
        .flat_map(|value| value.split(','))
        .map(|known| known.trim().trim_start_matches("W/"))
        .any(|known| known == "*" || known == tag);
    let caching = (actix_web::http::header::CACHE_CONTROL, "private, no-cache");
    if known {
        return HttpResponse::NotModified()
            .insert_header((ETAG, tag))
            .insert_header(caching)
            .finish();
    }
    HttpResponse::Ok()
        .insert_header((ETAG, tag))
        .insert_header(caching)
        .content_type("application/json")
        .body(body)
}
