//! What is done around every request, whatever becomes of it: its connection's time, its correlation id, its refusal's
//! line in the log and in the metrics.

use std::error::Error as _;

use actix_web::body::MessageBody;
use actix_web::dev::{ServiceRequest, ServiceResponse};
use actix_web::http::ConnectionType;
use actix_web::middleware::Next;
use actix_web::web::Data;
use actix_web::{Error, HttpMessage as _, HttpRequest};
use tracing::Span;

use crate::app::App;
use crate::connection::Connection;
use crate::correlation::{self, CorrelationId};
use crate::error::Refusal;
use crate::metrics::NO_SOURCE;

/// The configured source that a request names; kept with the request.
pub struct SourceName(pub String);

/// The outermost step inside the request's span.
///
/// # Errors
/// Never its own.
pub async fn attend<B: MessageBody>(
    request: ServiceRequest,
    next: Next<B>,
) -> Result<ServiceResponse<B>, Error> {
    let app = request
        .app_data::<Data<App>>()
        .expect("every worker is given it")
        .clone();
    let _in_flight = app.metrics.request_begins();
    if let Some(connection) = request.conn_data::<Connection>() {
        connection.request_begins();
    }
    let given = CorrelationId::of(request.headers());
    request
        .extensions_mut()
        .insert(given.unwrap_or_else(CorrelationId::made));

    let mut response = next.call(request).await?;

    note_refusal(&app, &response);
    let id = correlation_id(response.request());
    Span::current().record("correlation.id", id.as_str());
    response
        .headers_mut()
        .insert(correlation::HEADER, id.header_value());
    let is_last = response
        .request()
        .conn_data::<Connection>()
        .is_some_and(Connection::request_ends);
    if is_last {
        response
            .response_mut()
            .head_mut()
            .set_connection_type(ConnectionType::Close);
    }
    Ok(response)
}

fn correlation_id(request: &HttpRequest) -> CorrelationId {
    request
        .extensions()
        .get::<CorrelationId>()
        .cloned()
        .unwrap_or_else(CorrelationId::made)
}

fn note_refusal<B>(app: &App, response: &ServiceResponse<B>) {
    let Some(refusal) = response
        .response()
        .error()
        .and_then(|error| error.as_error::<Refusal>())
    else {
        return;
    };
    let extensions = response.request().extensions();
    let source = extensions
        .get::<SourceName>()
        .map_or(NO_SOURCE, |SourceName(name)| name);
    let reason = refusal.reason();
    app.metrics.rejected(source, reason);
    let status = response.status();
    if status.is_server_error() {
        let cause = refusal.source().map(ToString::to_string);
        tracing::warn!(reason, cause, "{refusal}");
    } else {
        // Strangers decide how often these come.
        tracing::debug!(reason, "{refusal}");
    }
}
