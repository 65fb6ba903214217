//! What is done around every request, whatever becomes of it: its connection's time, its correlation id, its refusal's
//! line in the log and in the metrics.

use std::error::Error as _;
use std::net::IpAddr;

use actix_web::body::MessageBody;
use actix_web::dev::{ServiceRequest, ServiceResponse};
use actix_web::http::{ConnectionType, Version};
use actix_web::middleware::Next;
use actix_web::web::Data;
use actix_web::{Error, HttpMessage as _, HttpRequest};
use tracing::Span;
use uuid::Uuid;
use waybill_common::telemetry::is_exported;

use crate::app::App;
use crate::connection::Connection;
use crate::correlation::{self, CorrelationId};
use crate::error::Refusal;
use crate::metrics::NO_SOURCE;

/// What is known of a request, kept with it until its answer is: nothing is logged of one that is accepted, and each saying
/// of a field writes all fields of the span anew.
pub struct Known {
    pub client: IpAddr,
    /// The configured source that it names.
    pub source: Option<String>,
    /// What its first event will be called.
    pub webhook_id: Option<Uuid>,
}

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

    let id = correlation_id(response.request());
    if is_exported() || response.response().error().is_some() {
        describe(response.request(), &id);
    }
    note_refusal(&app, &response);
    response
        .headers_mut()
        .insert(correlation::HEADER, id.header_value());
    let connection = response.request().conn_data::<Connection>();
    let is_last = connection.is_some_and(Connection::request_ends);
    if is_last || response.request().version() < Version::HTTP_11 {
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

/// In the span: for the line of a refusal, and for whoever sees the trace.
fn describe(request: &HttpRequest, id: &CorrelationId) {
    let extensions = request.extensions();
    let known = extensions.get::<Known>();
    tracing::record_all!(
        Span::current(),
        client.address = known.map(|known| display(known.client)),
        correlation.id = id.as_str(),
        source = known.and_then(|known| known.source.as_deref()),
        webhook.id = known.and_then(|known| known.webhook_id).map(display),
    );
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
    let known = extensions.get::<Known>();
    let source = known
        .and_then(|known| known.source.as_deref())
        .unwrap_or(NO_SOURCE);
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
