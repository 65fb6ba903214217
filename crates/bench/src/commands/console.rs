//! Lists and searches of the console on tables of years: what a person waits for, over HTTP, with the release binary.

mod questions;

use std::net::SocketAddr;
use std::sync::Arc;

use hyper::Method;
use hyper::body::Bytes;
use hyper::header::{AUTHORIZATION, HOST, HeaderMap, HeaderValue};

use super::bench::Bench;
use super::growth::Grown;
use super::large;
use crate::figure::{Row, Sample, Series, Target};
use crate::load::{Client, Prepared, Tally, Until, closed_loop};
use crate::measure::measured;
use crate::report::progress;
use questions::Question;

/// People who wait at the same time.
const CLIENTS: usize = 2;
const TARGET_MS: f64 = 50.0;

pub(super) async fn measure(bench: &mut Bench) -> anyhow::Result<Vec<Row>> {
    large::filled(bench, on).await
}

/// On tables that were filled before.
pub(super) async fn on(grown: &mut Grown, bench: &mut Bench) -> anyhow::Result<Vec<Row>> {
    let token = grown.database.token().await?;
    let questions = questions::all(&mut grown.database).await?;
    let (console, address) = bench.stage.start_console(&grown.database).await?;
    let headers = headers(token.expose())?;
    let mut table = Vec::new();
    for question in questions {
        progress(&format!("console: {}", question.name));
        table.extend(ask(bench, question, (address, &headers)).await?);
    }
    console.stop().await?;
    Ok(table)
}

/// One question in all its forms, again and again.
async fn ask(
    bench: &Bench,
    question: Question,
    (address, headers): (SocketAddr, &HeaderMap),
) -> anyhow::Result<[Row; 2]> {
    let prepared = question.paths.into_iter().map(|path| Prepared {
        method: Method::GET,
        wanted: 200,
        path,
        headers: headers.clone(),
        body: Bytes::new(),
    });
    let requests = Arc::new(prepared.collect::<Vec<_>>());
    let (mut median, mut slowest) = (Series::default(), Series::default());
    for _ in bench.repetitions() {
        let (tally, disk) = measured(asked(&requests, address, bench)).await?;
        median.push(Sample { value: tally.quantile_ms(0.5), disk });
        slowest.push(Sample { value: tally.quantile_ms(0.99), disk });
    }
    Ok([
        Row::plain(format!("{}, p50", question.name), "ms", median),
        Row::plain(format!("{}, p99", question.name), "ms", slowest)
            .target(Target::ValueAtMost(TARGET_MS)),
    ])
}

async fn asked(
    requests: &Arc<Vec<Prepared>>,
    address: SocketAddr,
    bench: &Bench,
) -> anyhow::Result<Tally> {
    let clients = (0..CLIENTS).map(|_| Client::new(address, requests));
    let until = Until { lasts: bench.lasts(), count: usize::MAX, go: None };
    let tally = closed_loop(clients.collect(), &until).await?;
    tally.ensure_all_accepted()?;
    Ok(tally)
}

fn headers(token: &str) -> anyhow::Result<HeaderMap> {
    let mut headers = HeaderMap::new();
    headers.insert(HOST, HeaderValue::from_static("localhost"));
    let mut bearer: HeaderValue = format!("Bearer {token}").parse()?;
    bearer.set_sensitive(true);
    headers.insert(AUTHORIZATION, bearer);
    Ok(headers)
}
