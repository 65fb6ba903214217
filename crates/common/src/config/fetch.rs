//! What is asked of providers themselves.

use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::path::PathBuf;

use serde::{Deserialize, Serialize};

/// Ingest asks for the certificates that `PayPal` signs with; workers, where they are told to, for what thin webhooks
/// only name.
#[derive(Clone, Debug, Deserialize, Serialize)]
#[serde(deny_unknown_fields, default)]
pub struct Fetch {
    /// Whether workers ask for what thin webhooks only name, at sources that have an `api_key`.
    pub hints: bool,
    /// The only hosts that are ever asked.
    pub hosts: Vec<String>,
    /// From the first byte sent to the last one received.
    pub timeout_ms: u64,
    /// Hints that one worker asks about at once.
    pub concurrency: usize,
    /// Pauses between attempts at one hint; after the last it is given up, until a later hint.
    pub delays_seconds: Vec<u64>,
    /// Roots beside the system's, in PEM: such as an egress proxy's.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub ca_file: Option<PathBuf>,
    /// Fixed addresses of hosts, where a gateway stands in DNS's place.
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    pub resolve: BTreeMap<String, SocketAddr>,
}

/// Those that the adapters ask.
const HOSTS: [&str; 6] = [
    "api.paypal.com",
    "api-m.paypal.com",
    "api.sandbox.paypal.com",
    "api-m.sandbox.paypal.com",
    "api.stripe.com",
    "api.mollie.com",
];

impl Default for Fetch {
    fn default() -> Self {
        Self {
            hints: false,
            hosts: HOSTS.map(str::to_owned).to_vec(),
            timeout_ms: 2_000,
            concurrency: 4,
            delays_seconds: vec![5, 30, 120, 600, 3_600, 21_600],
            ca_file: None,
            resolve: BTreeMap::new(),
        }
    }
}
