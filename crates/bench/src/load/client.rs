//! A sender of requests over one connection that is kept alive, as cheap as a client can be: what it costs is part of
//! the ceilings too.

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use anyhow::Context as _;
use http_body_util::{BodyExt as _, Full};
use hyper::body::{Bytes, Incoming};
use hyper::client::conn::http1::{SendRequest, handshake};
use hyper::header::{HOST, HeaderMap, HeaderValue};
use hyper::{Method, Request, Response};
use hyper_util::rt::TokioIo;
use tokio::net::TcpStream;
use tokio::task::JoinSet;
use tokio::time::timeout;

use super::{Answer, Sender};

/// Longer than any answer takes: ingest gives up before.
const PATIENCE: Duration = Duration::from_secs(10);

/// A request, ready to be sent.
pub(crate) struct Prepared {
    pub(crate) method: Method,
    /// The only answer that counts as accepted.
    pub(crate) wanted: u16,
    pub(crate) path: String,
    pub(crate) headers: HeaderMap,
    pub(crate) body: Bytes,
}

/// One client. It connects when it first sends, and again whenever the server has closed.
pub(crate) struct Client {
    address: SocketAddr,
    requests: Arc<Vec<Prepared>>,
    connection: Option<SendRequest<Full<Bytes>>>,
    /// What moves the bytes of the connection.
    driver: JoinSet<hyper::Result<()>>,
}

impl Client {
    pub(crate) fn new(address: SocketAddr, requests: &Arc<Vec<Prepared>>) -> Self {
        Self { address, requests: Arc::clone(requests), connection: None, driver: JoinSet::new() }
    }

    async fn exchange(&mut self, request: Request<Full<Bytes>>) -> anyhow::Result<u16> {
        let is_open = match &mut self.connection {
            Some(connection) => connection.ready().await.is_ok(),
            None => false,
        };
        if !is_open {
            self.connection = Some(connect(self.address, &mut self.driver).await?);
        }
        let connection = self.connection.as_mut().context("it was just made")?;
        let response = connection.send_request(request).await?;
        let status = response.status().as_u16();
        drain(response).await?;
        Ok(status)
    }

    /// A ceiling may send the same ones again.
    fn prepared(&self, index: usize) -> &Prepared {
        &self.requests[index % self.requests.len()]
    }

    fn request(&self, index: usize) -> Request<Full<Bytes>> {
        let prepared = self.prepared(index);
        let mut request = Request::new(Full::new(prepared.body.clone()));
        *request.method_mut() = prepared.method.clone();
        *request.uri_mut() = prepared.path.parse().expect("a path of ours is a URI");
        *request.headers_mut() = prepared.headers.clone();
        request
    }
}

impl Sender for Client {
    async fn send(&mut self, index: usize) -> Answer {
        let request = self.request(index);
        match timeout(PATIENCE, self.exchange(request)).await {
            Ok(Ok(status)) if status == self.prepared(index).wanted => Answer::Accepted,
            Ok(Ok(status)) => Answer::Refused(status),
            Ok(Err(_)) | Err(_) => {
                self.connection = None;
                Answer::Failed
            }
        }
    }
}

async fn connect(
    address: SocketAddr,
    driver: &mut JoinSet<hyper::Result<()>>,
) -> anyhow::Result<SendRequest<Full<Bytes>>> {
    let stream = TcpStream::connect(address)
        .await
        .context("could not connect")?;
    stream.set_nodelay(true)?;
    let (sender, connection) = handshake(TokioIo::new(stream)).await?;
    // The one before has ended; its result says nothing that the request did not.
    driver.abort_all();
    driver.spawn(connection);
    Ok(sender)
}

async fn drain(response: Response<Incoming>) -> hyper::Result<()> {
    let mut body = response.into_body();
    while let Some(frame) = body.frame().await {
        frame?;
    }
    Ok(())
}

/// The status of a GET.
pub(crate) async fn get(address: SocketAddr, path: &str) -> anyhow::Result<u16> {
    let mut driver = JoinSet::new();
    let mut sender = connect(address, &mut driver).await?;
    let mut request = Request::new(Full::new(Bytes::new()));
    *request.uri_mut() = path.parse()?;
    request
        .headers_mut()
        .insert(HOST, HeaderValue::from_static("localhost"));
    let response = timeout(PATIENCE, sender.send_request(request)).await??;
    Ok(response.status().as_u16())
}
