//! A TCP proxy that can be cut: put between a service and its server, it makes the network fail in each way that matters.

use std::io;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use anyhow::Context as _;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::tcp::{ReadHalf, WriteHalf};
use tokio::net::{TcpListener, TcpStream, lookup_host};
use tokio::sync::watch;
use tokio::time::sleep;
use tokio_util::sync::{CancellationToken, DropGuard};
use tokio_util::task::TaskTracker;
use url::Url;

/// What becomes of bytes and connections.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Weather {
    Fair,
    /// Connections stay open, new ones are accepted, and nothing arrives: a cable that was pulled. What is sent meanwhile
    /// arrives when it is fair again, as TCP would have it.
    Blackhole,
    /// Each piece arrives that much later.
    Slow(Duration),
}

/// Listens on a port of its own for as long as it lives.
pub struct Proxy {
    address: SocketAddr,
    line: Arc<Line>,
    _stop: DropGuard,
}

struct Line {
    target: SocketAddr,
    weather: watch::Sender<Weather>,
    /// Raised to end every connection that is open then.
    cuts: watch::Sender<u64>,
    tasks: TaskTracker,
}

impl Proxy {
    /// # Errors
    /// Where it cannot listen.
    pub async fn to(target: SocketAddr) -> io::Result<Self> {
        let listener = TcpListener::bind(("127.0.0.1", 0)).await?;
        let address = listener.local_addr()?;
        let line = Arc::new(Line {
            target,
            weather: watch::Sender::new(Weather::Fair),
            cuts: watch::Sender::new(0),
            tasks: TaskTracker::new(),
        });
        let stop = CancellationToken::new();
        let accepting = Arc::clone(&line).accept(listener, stop.clone());
        line.tasks.spawn(accepting);
        Ok(Self { address, line, _stop: stop.drop_guard() })
    }

    /// A proxy before the server of that URL, and the URL that leads through it.
    ///
    /// # Errors
    /// Where the URL names no server that can be found.
    pub async fn before(url: &str) -> anyhow::Result<(Self, String)> {
        let mut url = Url::parse(url)?;
        let host = url.host_str().context("the URL has no host")?.to_owned();
        let port = url.port().context("the URL has no port")?;
        let target = lookup_host((host.as_str(), port)).await?.next();
        let proxy = Self::to(target.context("the host has no address")?).await?;
        let address = proxy.address();
        let renamed = url.set_host(Some(&address.ip().to_string()));
        renamed.context("the URL cannot lead elsewhere")?;
        let moved = url.set_port(Some(address.port()));
        anyhow::ensure!(moved.is_ok(), "the URL cannot lead elsewhere");
        Ok((proxy, url.into()))
    }

    #[must_use]
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    pub fn set(&self, weather: Weather) {
        self.line.weather.send_replace(weather);
    }

    /// Resets every open connection; new ones are welcome.
    pub fn cut(&self) {
        self.line.cuts.send_modify(|cuts| *cuts += 1);
    }
}

impl Line {
    async fn accept(self: Arc<Self>, listener: TcpListener, stop: CancellationToken) {
        loop {
            let accepted = tokio::select! {
                accepted = listener.accept() => accepted,
                () = stop.cancelled() => break,
            };
            if let Ok((client, _)) = accepted {
                let carry = Arc::clone(&self).carry(client, stop.clone());
                self.tasks.spawn(carry);
            }
        }
    }

    async fn carry(self: Arc<Self>, mut client: TcpStream, stop: CancellationToken) {
        let mut cuts = self.cuts.subscribe();
        let Ok(mut server) = TcpStream::connect(self.target).await else {
            return reset(&client);
        };
        // Without it, small packets would wait for each other.
        drop((client.set_nodelay(true), server.set_nodelay(true)));
        let whole = {
            let (from_client, to_client) = client.split();
            let (from_server, to_server) = server.split();
            let up = pump(from_client, to_server, self.weather.subscribe());
            let down = pump(from_server, to_client, self.weather.subscribe());
            tokio::select! {
                (up, down) = async { tokio::join!(up, down) } => up.and(down).is_ok(),
                _ = cuts.changed() => false,
                () = stop.cancelled() => false,
            }
        };
        if !whole {
            reset(&client);
            reset(&server);
        }
    }
}

/// Carries bytes one way until their end.
async fn pump(
    mut from: ReadHalf<'_>,
    mut to: WriteHalf<'_>,
    mut weather: watch::Receiver<Weather>,
) -> io::Result<()> {
    let mut piece = vec![0; 64 * 1024];
    loop {
        let length = from.read(&mut piece).await?;
        let now = weather
            .wait_for(|weather| *weather != Weather::Blackhole)
            .await
            .map_or(Weather::Fair, |now| *now);
        if let Weather::Slow(later) = now {
            sleep(later).await;
        }
        if length == 0 {
            return to.shutdown().await;
        }
        to.write_all(&piece[..length]).await?;
    }
}

/// Makes closing it a reset, as a crashed machine would answer, and not an orderly end.
fn reset(stream: &TcpStream) {
    // A stream that is gone already needs no reset.
    drop(stream.set_zero_linger());
}
