//! Sends signed webhooks as a provider would: repeats on 429, 503 and lost connections, and counts the answers.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use anyhow::Context as _;
use futures_util::{StreamExt as _, stream};
use indicatif::ProgressBar;
use reqwest::{Client, Response, StatusCode};
use serde::Serialize;
use waybill_common::clock::Clock;
use waybill_providers::{Adapter, Message};

/// How often one webhook is tried before it counts as undelivered.
const TRIES_MAX: u32 = 10;
/// The longest wait between two tries, whatever `Retry-After` says: this is a tool that people wait for.
const WAIT_MAX: Duration = Duration::from_secs(15);
const ANSWER_TIMEOUT: Duration = Duration::from_secs(10);

/// One webhook that will be signed when it is sent, as retries of real senders are.
#[derive(Clone)]
pub(crate) struct Outgoing {
    pub(crate) source: Arc<str>,
    pub(crate) adapter: Arc<dyn Adapter>,
    pub(crate) message: Message,
}

/// How it went.
#[derive(Debug, Default, Serialize)]
pub(crate) struct Report {
    pub(crate) sent: u64,
    /// Answered 2xx.
    pub(crate) accepted: u64,
    /// Told to be known already: 409, or 200 with `ignored`.
    pub(crate) repeated: u64,
    /// Answered with anything else, after every try.
    pub(crate) refused: u64,
    /// No answer at all, after every try.
    pub(crate) undelivered: u64,
    /// Tries after the first.
    pub(crate) retries: u64,
    /// The last answer of each, by status.
    pub(crate) by_status: BTreeMap<u16, u64>,
}

enum Answered {
    Status { status: StatusCode, ignored: bool },
    Nothing,
}

/// Sends them all to the ingest at `to`, at most `at_once` at a time.
pub(crate) async fn send_all(
    webhooks: Vec<Outgoing>,
    to: &str,
    at_once: u32,
    progress: &ProgressBar,
) -> anyhow::Result<Report> {
    let client = Client::builder()
        .timeout(ANSWER_TIMEOUT)
        .build()
        .context("could not prepare sending")?;
    let answers = stream::iter(webhooks).map(|webhook| {
        let client = client.clone();
        async move { deliver(&client, &webhook, to).await }
    });
    let mut answers = answers.buffer_unordered(usize::try_from(at_once)?);
    let mut report = Report::default();
    while let Some((answered, tries)) = answers.next().await {
        report.count(&answered, tries);
        progress.inc(1);
    }
    progress.finish_and_clear();
    Ok(report)
}

impl Report {
    pub(crate) fn is_clean(&self) -> bool {
        self.refused == 0 && self.undelivered == 0
    }

    fn count(&mut self, answered: &Answered, tries: u32) {
        self.sent += 1;
        self.retries += u64::from(tries - 1);
        match answered {
            Answered::Nothing => self.undelivered += 1,
            Answered::Status { status, ignored } => {
                *self.by_status.entry(status.as_u16()).or_default() += 1;
                match *status {
                    StatusCode::CONFLICT => self.repeated += 1,
                    status if status.is_success() && *ignored => self.repeated += 1,
                    status if status.is_success() => self.accepted += 1,
                    _ => self.refused += 1,
                }
            }
        }
    }
}

async fn deliver(client: &Client, webhook: &Outgoing, to: &str) -> (Answered, u32) {
    let mut tries = 1;
    loop {
        let (answered, wait) = match post(client, webhook, to).await {
            Ok(response) => {
                let (status, wait) = (response.status(), retry_after(&response));
                let ignored = response
                    .text()
                    .await
                    .is_ok_and(|body| body.contains(r#""status":"ignored""#));
                (Answered::Status { status, ignored }, wait)
            }
            Err(_no_answer) => (Answered::Nothing, None),
        };
        if tries == TRIES_MAX || !wants_repeat(&answered) {
            return (answered, tries);
        }
        tokio::time::sleep(
            wait.unwrap_or(Duration::from_millis(200) * tries)
                .min(WAIT_MAX),
        )
        .await;
        tries += 1;
    }
}

fn wants_repeat(answered: &Answered) -> bool {
    match answered {
        Answered::Nothing => true,
        Answered::Status { status, .. } => {
            [StatusCode::TOO_MANY_REQUESTS, StatusCode::REQUEST_TIMEOUT].contains(status)
                || status.is_server_error()
        }
    }
}

fn retry_after(response: &Response) -> Option<Duration> {
    let seconds = response.headers().get("retry-after")?.to_str().ok()?;
    seconds.parse().ok().map(Duration::from_secs)
}

async fn post(client: &Client, webhook: &Outgoing, to: &str) -> reqwest::Result<Response> {
    let signed = webhook
        .adapter
        .sign(webhook.message.clone(), Clock::system().now());
    let mut request =
        client.post(format!("{}/webhooks/{}", to.trim_end_matches('/'), webhook.source));
    for (name, value) in signed.headers {
        request = request.header(name, value);
    }
    request.body(signed.body).send().await
}
