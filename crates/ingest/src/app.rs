//! What every request can reach.

use std::time::Duration;

use actix_web::HttpRequest;
use arc_swap::{ArcSwap, ArcSwapOption};
use std::net::IpAddr;
use tokio::runtime::Handle;
use tokio::task::JoinHandle;
use waybill_common::client::Proxies;
use waybill_common::clock::Clock;
use waybill_common::shutdown::Shutdown;

use crate::admission::Failures;
use crate::body;
use crate::certificates::Certificates;
use crate::load::Load;
use crate::metrics::Metrics;
use crate::outbox::Outbox;
use crate::redis::Redis;
use crate::sources::Sources;

/// One running ingest, seen from a request.
pub struct App {
    /// Swapped as a whole when the configuration is read again; a request keeps those it began with.
    pub sources: ArcSwap<Sources>,
    pub failures: Failures,
    pub proxies: Proxies,
    pub body: body::Bounds,
    /// From the body's end to the answer.
    pub answer_within: Duration,
    pub outbox: Outbox,
    /// Why the configuration as it stands now is not in force, if it is not.
    pub refused: ArcSwapOption<String>,
    pub redis: Redis,
    pub certificates: Certificates,
    pub load: Load,
    pub metrics: Metrics,
    pub clock: Clock,
    pub tasks: Tasks,
}

/// Where work goes on that must outlive its request.
#[derive(Clone)]
pub struct Tasks {
    /// Not the HTTP worker's own runtime: that one ends with its last connection.
    pub runtime: Handle,
    pub shutdown: Shutdown,
}

impl App {
    /// Who sent this.
    pub fn client(&self, request: &HttpRequest) -> IpAddr {
        self.proxies.sender(request)
    }

    /// Looks at what waits, and at who sends it.
    pub async fn look_at_load(&self) {
        let sources = self.sources.load_full();
        let pressure = self.load.look(sources.iter()).await;
        self.metrics.pressure(pressure);
    }

    /// Tells the workers what was accepted since the last time, and by which secrets.
    pub async fn report(&self) {
        let sources = self.sources.load_full();
        self.outbox.report(&sources, self.clock.now()).await;
    }

    /// Frees what the limiters need no longer remember.
    pub fn forget_idle_clients(&self) {
        self.failures.forget_idle();
        for source in self.sources.load().iter() {
            if let Some(requests) = &source.requests {
                requests.forget_idle();
            }
        }
    }
}

impl Tasks {
    /// Runs a task to its end, whatever becomes of the request; stopping waits for it.
    pub fn spawn<F>(&self, task: F) -> JoinHandle<F::Output>
    where
        F: Future + Send + 'static,
        F::Output: Send + 'static,
    {
        let _entered = self.runtime.enter();
        self.shutdown.spawn(task)
    }
}
