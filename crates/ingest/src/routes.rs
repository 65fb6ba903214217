//! Every path of the public listener.

use actix_web::web::{self, ServiceConfig};

use crate::error::Refusal;
use crate::webhooks;

const PATHS: [&str; 2] = ["/webhooks/{source}", "/api/webhooks/{source}"];

/// The same on every worker.
pub fn configure(routes: &mut ServiceConfig) {
    for path in PATHS {
        routes.service(
            web::resource(path)
                .route(web::post().to(webhooks::receive))
                .default_service(web::to(webhooks::shake_hands)),
        );
    }
    routes.default_service(web::to(unknown_path));
}

async fn unknown_path() -> Result<&'static str, Refusal> {
    Err(Refusal::UnknownPath)
}
