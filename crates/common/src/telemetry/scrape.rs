//! Metrics as Prometheus pulls them.

use opentelemetry_prometheus::PrometheusExporter;
use opentelemetry_sdk::error::OTelSdkError;
use prometheus::{Registry, TextEncoder};

/// Everything counted so far, on demand.
#[derive(Clone, Debug, Default)]
pub struct Scrape(Registry);

impl Scrape {
    pub const CONTENT_TYPE: &'static str = "text/plain; version=0.0.4";

    /// The Prometheus text format.
    ///
    /// # Errors
    /// Where a metric cannot be written.
    pub fn text(&self) -> Result<String, prometheus::Error> {
        TextEncoder::new().encode_to_string(&self.0.gather())
    }

    pub(super) fn reader(&self) -> Result<PrometheusExporter, OTelSdkError> {
        opentelemetry_prometheus::exporter()
            .with_registry(self.0.clone())
            .scope_info_enabled(false)
            .without_target_info()
            .build()
    }
}
