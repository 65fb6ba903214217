//! Reading a body: the raw bytes, within a size and a time. The HTTP library has no deadline for bodies.

use std::time::Duration;

use actix_web::HttpRequest;
use actix_web::error::PayloadError;
use actix_web::http::header::{CONTENT_ENCODING, CONTENT_LENGTH};
use actix_web::web::Payload;
use futures_util::StreamExt as _;
use tokio::time::timeout;

use crate::error::Refusal;

/// How much of a body is waited for, and how long.
#[derive(Clone, Copy, Debug)]
pub struct Bounds {
    pub bytes_max: usize,
    pub within: Duration,
}

/// The body as it was sent.
///
/// # Errors
/// Where it is encoded, too large, too slow or broken.
pub async fn read(
    request: &HttpRequest,
    payload: Payload,
    bounds: Bounds,
) -> Result<Vec<u8>, Refusal> {
    if is_encoded(request) {
        return Err(Refusal::Encoded);
    }
    let announced = announced_bytes(request);
    if announced.is_some_and(|bytes| bytes > bounds.bytes_max) {
        return Err(Refusal::TooLarge);
    }
    timeout(bounds.within, gather(payload, announced.unwrap_or(0), bounds.bytes_max))
        .await
        .unwrap_or(Err(Refusal::TooSlow))
}

async fn gather(
    mut payload: Payload,
    announced: usize,
    bytes_max: usize,
) -> Result<Vec<u8>, Refusal> {
    let mut body = Vec::with_capacity(announced);
    while let Some(chunk) = payload.next().await {
        let chunk = chunk.map_err(refusal)?;
        if body.len() + chunk.len() > bytes_max {
            return Err(Refusal::TooLarge);
        }
        body.extend_from_slice(&chunk);
    }
    Ok(body)
}

fn refusal(error: PayloadError) -> Refusal {
    if matches!(error, PayloadError::Overflow) { Refusal::TooLarge } else { Refusal::Broken(error) }
}

fn announced_bytes(request: &HttpRequest) -> Option<usize> {
    request
        .headers()
        .get(CONTENT_LENGTH)?
        .to_str()
        .ok()?
        .parse()
        .ok()
}

fn is_encoded(request: &HttpRequest) -> bool {
    request
        .headers()
        .get_all(CONTENT_ENCODING)
        .any(|value| !value.as_bytes().eq_ignore_ascii_case(b"identity"))
}
