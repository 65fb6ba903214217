//! Asking a console.

use std::time::Duration;

use anyhow::{Context as _, ensure};
use reqwest::{Client, RequestBuilder, Response, Url, redirect};
use serde::Serialize;
use serde::de::DeserializeOwned;
use waybill_operate::refusal::ProblemBody;

use super::{Answer, Trouble};
use crate::arguments::Through;

const CONNECT_TIMEOUT: Duration = Duration::from_secs(5);
/// Longer than the console itself may take over an answer.
const TIMEOUT: Duration = Duration::from_secs(30);

pub(crate) struct Api {
    http: Client,
    url: Url,
    token: Option<waybill_common::access::Secret>,
}

impl Api {
    pub(super) fn new(url: &Url, through: &Through) -> anyhow::Result<Self> {
        check(url, through.allow_http)?;
        if let Some(token) = &through.token {
            let is_one = token.expose().bytes().all(|byte| byte.is_ascii_graphic());
            ensure!(is_one, "the token has spaces or line ends in it, and no token has");
        }
        let http = Client::builder()
            .connect_timeout(CONNECT_TIMEOUT)
            .timeout(TIMEOUT)
            // An API does not redirect; whatever does is something else, and must not see the token.
            .redirect(redirect::Policy::none())
            .user_agent(concat!("waybill/", env!("CARGO_PKG_VERSION")))
            .build()
            .context("could not prepare to ask the console")?;
        Ok(Self { http, url: url.clone(), token: through.token.clone() })
    }

    pub(super) async fn get<T: DeserializeOwned>(
        &self,
        path: &[&str],
        query: &impl Serialize,
    ) -> Answer<T> {
        self.ask(self.http.get(self.at(path)).query(query)).await
    }

    /// For what is done to a thing, such as checking it.
    pub(super) async fn post<T: DeserializeOwned>(&self, path: &[&str]) -> Answer<T> {
        self.ask(self.http.post(self.at(path))).await
    }

    /// The same, with what is asked for as JSON.
    pub(super) async fn post_with<T: DeserializeOwned>(
        &self,
        path: &[&str],
        asked: &impl Serialize,
    ) -> Answer<T> {
        self.ask(self.http.post(self.at(path)).json(asked)).await
    }

    pub(super) async fn delete<T: DeserializeOwned>(
        &self,
        path: &[&str],
        query: &impl Serialize,
    ) -> Answer<T> {
        self.ask(self.http.delete(self.at(path)).query(query)).await
    }

    /// What it is, byte for byte.
    pub(super) async fn bytes(&self, path: &[&str]) -> Answer<Vec<u8>> {
        self.send(self.http.get(self.at(path))).await
    }

    fn at(&self, path: &[&str]) -> Url {
        let mut url = self.url.clone();
        if let Ok(mut segments) = url.path_segments_mut() {
            segments.pop_if_empty().extend(["api", "v1"]).extend(path);
        }
        url
    }

    async fn ask<T: DeserializeOwned>(&self, request: RequestBuilder) -> Answer<T> {
        let body = self.send(request).await?;
        serde_json::from_slice(&body).map_err(|error| {
            Trouble::Refused(format!("{} does not answer as a Waybill console: {error}", self.url))
        })
    }

    async fn send(&self, request: RequestBuilder) -> Answer<Vec<u8>> {
        let request = match &self.token {
            Some(token) => request.bearer_auth(token.expose()),
            None => request,
        };
        let answer = request
            .send()
            .await
            .map_err(|error| self.lost(error, "could not reach"))?;
        if !answer.status().is_success() {
            return Err(refused(answer).await);
        }
        match answer.bytes().await {
            Ok(body) => Ok(body.into()),
            Err(error) => Err(self.lost(error, "could not read the answer of")),
        }
    }

    fn lost(&self, error: reqwest::Error, what: &str) -> Trouble {
        // The address is told once, and without what was asked.
        let context = format!("{what} {}", self.url);
        Trouble::Lost(anyhow::Error::from(error.without_url()).context(context))
    }
}

async fn refused(answer: Response) -> Trouble {
    let status = answer.status();
    let body = answer.bytes().await.unwrap_or_default();
    match serde_json::from_slice::<ProblemBody>(&body) {
        Ok(problem) => problem.into(),
        Err(_) if status.is_server_error() => {
            Trouble::Lost(anyhow::anyhow!("the address answers {status}"))
        }
        Err(_) => {
            Trouble::Refused(format!("the address answers {status}, not as a Waybill console does"))
        }
    }
}

/// A token that travels in the clear is everybody's.
fn check(url: &Url, allow_http: bool) -> anyhow::Result<()> {
    ensure!(
        matches!(url.scheme(), "http" | "https") && url.has_host(),
        "--url must be an http or https address"
    );
    ensure!(
        url.username().is_empty() && url.password().is_none(),
        "--url must not hold a name or password: a token is presented"
    );
    ensure!(
        url.scheme() == "https" || allow_http || is_this_machine(url),
        "over plain http anybody on the way could read the token: use https, or --allow-http"
    );
    Ok(())
}

fn is_this_machine(url: &Url) -> bool {
    let host = url.host_str().unwrap_or_default();
    let address = host.trim_start_matches('[').trim_end_matches(']');
    host == "localhost"
        || address
            .parse::<std::net::IpAddr>()
            .is_ok_and(|address| address.is_loopback())
}
