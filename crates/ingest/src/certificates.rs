//! Certificates that a source's adapter asks for before it can verify a request: fetched, checked by the adapter, kept.
//!
//! Whoever sends a request decides what is asked for, so nothing here happens at a stranger's will: only addresses that
//! the adapter itself lets through, one fetch at a time for each, none for a while after a failure, and no more than a
//! budget for all and for each client. A certificate that was believed before is fetched again without budget, since
//! its address is the provider's. What is believed is kept here too, so that new adapters (a reload) need not ask.

mod budget;
mod shelf;

use std::net::IpAddr;
use std::sync::{Arc, Mutex, MutexGuard, OnceLock};

use anyhow::Context as _;
use tokio::sync::watch;
use waybill_common::config;
use waybill_common::domain::Timestamp;
use waybill_common::fetch::{Fetcher, Question};
use waybill_providers::Request;

use self::budget::Budget;
use self::shelf::{Shelf, Step, Wanted};
use crate::app::Tasks;
use crate::metrics::Metrics;
use crate::sources::{Source, Sources};

/// `PayPal`'s chains have about 5 KiB.
const BYTES_MAX: usize = 64 * 1024;

/// Fetches what adapters want; clones share everything.
#[derive(Clone)]
pub struct Certificates(Arc<Desk>);

struct Desk {
    config: config::Fetch,
    /// Made when it is first needed: most installations never ask anybody.
    fetcher: OnceLock<Option<Fetcher>>,
    shelf: Mutex<Shelf>,
    budget: Budget,
    metrics: Metrics,
    tasks: Tasks,
}

impl Certificates {
    #[must_use]
    pub fn new(config: config::Fetch, metrics: Metrics, tasks: Tasks) -> Self {
        Self(Arc::new(Desk {
            config,
            fetcher: OnceLock::new(),
            shelf: Mutex::default(),
            budget: Budget::default(),
            metrics,
            tasks,
        }))
    }

    /// Sees to it that the source's adapter has the certificate that this request needs, if it can be had. Where it
    /// cannot, the adapter does not believe the request.
    pub async fn provide(
        &self,
        (sources, source): (&Arc<Sources>, &Source),
        client: IpAddr,
        request: &Request<'_>,
        now: Timestamp,
    ) {
        let Some(address) = source.adapter.wants(request, now) else { return };
        let wanted = Wanted { source: source.name.clone(), address };
        let step = self
            .0
            .shelf()
            .step(&wanted, now, || self.0.budget.allows(client));
        let mut landed = match step {
            Step::Learn(pem) => return learn(source, &wanted, &pem, now),
            Step::GoWithout => return,
            Step::Wait(landed) => landed,
            Step::Fetch(landing, landed) => {
                // Outlives the request: others wait for it, and a sender that hangs up must not cost another fetch.
                let (desk, sources) = (Arc::clone(&self.0), Arc::clone(sources));
                self.0
                    .tasks
                    .spawn(desk.fetch((wanted.clone(), now), sources, landing));
                landed
            }
        };
        // An error means that the fetch ended without a word, which is no certificate either.
        drop(landed.wait_for(|landed| *landed).await);
        // Another generation of adapters may have fetched it.
        if source.adapter.wants(request, now).is_some()
            && let Some(pem) = self.0.shelf().believed(&wanted)
        {
            learn(source, &wanted, &pem, now);
        }
    }
}

impl Desk {
    async fn fetch(
        self: Arc<Self>,
        (wanted, now): (Wanted, Timestamp),
        sources: Arc<Sources>,
        landing: watch::Sender<bool>,
    ) {
        let fetched = self.fetch_once(&wanted, now, &sources).await;
        self.metrics.certificate(&wanted.source, fetched.is_ok());
        match fetched {
            Ok(pem) => self.shelf().keep(&wanted, pem, now),
            Err(error) => {
                let (source, error) = (wanted.source.as_str(), format!("{error:#}"));
                tracing::warn!(
                    source,
                    error,
                    "a certificate that a request was signed with cannot be had"
                );
                self.shelf().refuse(&wanted, now);
            }
        }
        landing.send_replace(true);
    }

    /// The certificate that the source's adapter believes, as PEM.
    async fn fetch_once(
        &self,
        wanted: &Wanted,
        now: Timestamp,
        sources: &Sources,
    ) -> anyhow::Result<Arc<[u8]>> {
        let fetcher = self.fetcher().context("nobody can be asked")?;
        let question =
            Question { address: &wanted.address, token: None, headers: &[], bytes_max: BYTES_MAX };
        let answer = fetcher.get(question).await?;
        anyhow::ensure!(answer.status == 200, "the answer was {}", answer.status);
        let source = sources
            .named(&wanted.source)
            .context("the source is gone")?;
        source.adapter.learn(&wanted.address, &answer.body, now)?;
        Ok(answer.body.into())
    }

    fn fetcher(&self) -> Option<&Fetcher> {
        let made = self.fetcher.get_or_init(|| {
            Fetcher::new(&self.config)
                .inspect_err(|error| {
                    tracing::error!(error = format!("{error:#}"), "no provider can be asked")
                })
                .ok()
        });
        made.as_ref()
    }

    fn shelf(&self) -> MutexGuard<'_, Shelf> {
        self.shelf.lock().expect("no holder of this lock can panic")
    }
}

/// What was believed a moment ago; where it is not any more, the request is not either.
fn learn(source: &Source, wanted: &Wanted, pem: &[u8], now: Timestamp) {
    if let Err(error) = source.adapter.learn(&wanted.address, pem, now) {
        tracing::debug!(source = source.name, %error, "a certificate is not believed any more");
    }
}
