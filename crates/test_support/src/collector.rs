//! A collector that telemetry is sent to, and what it saw.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::time::Duration;

use mock_collector::{MockServer, Protocol, ServerHandle, TestSpan};
use waybill_common::config;
use waybill_common::telemetry::{self, Telemetry};

use crate::eventually;

/// The SDK sends every few seconds.
const SOON: Duration = Duration::from_secs(40);

/// Kinds of spans as OTLP numbers them.
pub const SERVER: i32 = 2;
pub const PRODUCER: i32 = 4;
pub const CONSUMER: i32 = 5;

pub struct Collector(ServerHandle);

/// What the collector was told of one span, ids in hex.
#[derive(Clone, Debug)]
pub struct Seen {
    pub name: String,
    pub trace: String,
    pub id: String,
    /// Empty: it is a root.
    pub parent: String,
    pub kind: i32,
    /// Nanoseconds since 1970.
    pub start: u64,
    /// The traces that it is linked with.
    pub linked: Vec<String>,
    /// The names of its attributes.
    pub attributes: Vec<String>,
}

impl Collector {
    /// Listens on a free port.
    ///
    /// # Errors
    /// Where there is none.
    pub async fn start() -> anyhow::Result<Self> {
        let server = MockServer::builder()
            .protocol(Protocol::HttpBinary)
            .start()
            .await?;
        Ok(Self(server))
    }

    /// Where telemetry is to be sent.
    #[must_use]
    pub fn endpoint(&self) -> String {
        format!("http://{}", self.0.addr())
    }

    /// Starts this process's telemetry, which goes here. Once per process: such a test has a process of its own.
    ///
    /// # Errors
    /// As [`telemetry::start`].
    ///
    /// # Panics
    /// Never: the thread does not.
    pub fn telemetry(&self, service: &'static str) -> anyhow::Result<Telemetry> {
        let settings =
            config::Telemetry { otlp_endpoint: Some(self.endpoint()), ..Default::default() };
        // The exporter's blocking client must not be made inside a runtime.
        std::thread::spawn(move || telemetry::start(service, &settings))
            .join()
            .expect("starting telemetry does not panic")
    }

    /// The spans of that name, once there are so many.
    pub async fn spans(&self, name: &str, count: usize) -> Vec<Seen> {
        eventually(SOON, async || {
            let found: Vec<Seen> = self
                .all()
                .await
                .into_iter()
                .filter(|seen| seen.name == name)
                .collect();
            if found.len() == count {
                Ok(found)
            } else {
                Err(format!("{} of {count} spans {name}", found.len()))
            }
        })
        .await
    }

    /// A trace as a person reads it: one line a span, children below and behind their parents, in order of time.
    pub async fn tree(&self, trace: &str) -> String {
        let mut children: BTreeMap<String, Vec<Seen>> = BTreeMap::new();
        for seen in self
            .all()
            .await
            .into_iter()
            .filter(|seen| seen.trace == trace)
        {
            children.entry(seen.parent.clone()).or_default().push(seen);
        }
        let mut tree = String::new();
        draw(&mut tree, &children, "", 0);
        tree
    }

    async fn all(&self) -> Vec<Seen> {
        self.0
            .with_collector(|seen| seen.spans().iter().map(Seen::from).collect())
            .await
    }
}

fn draw(tree: &mut String, children: &BTreeMap<String, Vec<Seen>>, parent: &str, depth: usize) {
    let mut below: Vec<&Seen> = children.get(parent).into_iter().flatten().collect();
    below.sort_by_key(|seen| seen.start);
    for seen in below {
        let links = if seen.linked.is_empty() { "" } else { " (linked)" };
        writeln!(tree, "{:indent$}{}{links}", "", seen.name, indent = depth * 2)
            .expect("a string takes every line");
        draw(tree, children, &seen.id, depth + 1);
    }
}

impl From<&TestSpan> for Seen {
    fn from(told: &TestSpan) -> Self {
        let span = told.span();
        Self {
            name: span.name.clone(),
            trace: hex::encode(&span.trace_id),
            id: hex::encode(&span.span_id),
            parent: hex::encode(&span.parent_span_id),
            kind: span.kind,
            start: span.start_time_unix_nano,
            linked: span
                .links
                .iter()
                .map(|link| hex::encode(&link.trace_id))
                .collect(),
            attributes: span
                .attributes
                .iter()
                .map(|attribute| attribute.key.clone())
                .collect(),
        }
    }
}
