//! Styles, scripts and pictures, compiled in. Their address holds the hash of all of them, so that browsers keep them for
//! good and a new build is seen at once; modules find each other beside themselves.

use std::sync::LazyLock;

use actix_web::HttpResponse;
use actix_web::http::header::{CACHE_CONTROL, ContentType};
use actix_web::web::Path;
use sha2::{Digest as _, Sha256};

use crate::problem::Problem;

struct Asset {
    path: &'static str,
    bytes: &'static [u8],
}

macro_rules! assets {
    ($($path:literal),+ $(,)?) => {
        &[$(Asset {
            path: $path,
            bytes: include_bytes!(concat!(env!("CARGO_MANIFEST_DIR"), "/assets/", $path)),
        }),+]
    };
}

static ASSETS: &[Asset] = assets![
    "badges.js",
    "icon.svg",
    "overview.js",
    "replay.js",
    "times.js",
    "waybill.css",
    "waybill.js",
    "vendor/htmx-2.0.11/LICENSE",
    "vendor/htmx-2.0.11/htmx.min.js",
    "vendor/uplot-1.6.32/LICENSE",
    "vendor/uplot-1.6.32/uPlot.iife.min.js",
    "vendor/uplot-1.6.32/uPlot.min.css",
];

static VERSION: LazyLock<String> = LazyLock::new(|| {
    let mut hash = Sha256::new();
    for asset in ASSETS {
        hash.update(Sha256::digest(asset.path));
        hash.update(Sha256::digest(asset.bytes));
    }
    hex::encode(&hash.finalize()[..8])
});

/// Where a browser gets it.
///
/// # Panics
/// Where there is none; every page's test finds out.
pub(super) fn address(path: &str) -> String {
    assert!(ASSETS.iter().any(|asset| asset.path == path), "there is no asset {path}");
    format!("/assets/{}/{path}", *VERSION)
}

pub(super) async fn serve(asked: Path<(String, String)>) -> Result<HttpResponse, Problem> {
    let (version, path) = asked.into_inner();
    let found = ASSETS.iter().find(|asset| asset.path == path);
    let asset = found
        .filter(|_| version == *VERSION)
        .ok_or(Problem::NotFound("file"))?;
    Ok(HttpResponse::Ok()
        .insert_header((CACHE_CONTROL, "public, max-age=31536000, immutable"))
        .content_type(content_type(asset.path))
        .body(asset.bytes))
}

fn content_type(path: &str) -> ContentType {
    let media = match path.rsplit_once('.') {
        Some((_, "css")) => "text/css; charset=utf-8",
        Some((_, "js")) => "text/javascript; charset=utf-8",
        Some((_, "svg")) => "image/svg+xml",
        Some(_) | None => "text/plain; charset=utf-8",
    };
    ContentType(media.parse().expect("these are media types"))
}
