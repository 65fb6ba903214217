//! The proxy fails in the ways it says it does.

use std::io::ErrorKind;
use std::time::Duration;

use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::{TcpListener, TcpStream};
use tokio::time::{Instant, timeout};
use waybill_test_support::proxy::{Proxy, Weather};

const SOON: Duration = Duration::from_secs(5);
const A_WHILE: Duration = Duration::from_millis(100);

/// A client and a server with the proxy between them.
struct Pair {
    proxy: Proxy,
    listener: TcpListener,
    client: TcpStream,
    server: TcpStream,
}

impl Pair {
    async fn connected() -> anyhow::Result<Self> {
        let listener = TcpListener::bind("127.0.0.1:0").await?;
        let proxy = Proxy::to(listener.local_addr()?).await?;
        let (client, server) = open(&proxy, &listener).await?;
        Ok(Self { proxy, listener, client, server })
    }
}

async fn open(proxy: &Proxy, listener: &TcpListener) -> anyhow::Result<(TcpStream, TcpStream)> {
    let client = TcpStream::connect(proxy.address()).await?;
    let (server, _) = timeout(SOON, listener.accept()).await??;
    Ok((client, server))
}

async fn read(stream: &mut TcpStream) -> anyhow::Result<Vec<u8>> {
    let mut bytes = vec![0; 16];
    let length = timeout(SOON, stream.read(&mut bytes)).await??;
    bytes.truncate(length);
    Ok(bytes)
}

#[tokio::test]
async fn it_carries_bytes_both_ways_and_the_end_of_them() -> anyhow::Result<()> {
    let mut pair = Pair::connected().await?;
    pair.client.write_all(b"ping").await?;
    assert_eq!(read(&mut pair.server).await?, b"ping");
    pair.server.write_all(b"pong").await?;
    assert_eq!(read(&mut pair.client).await?, b"pong");
    pair.client.shutdown().await?;
    assert_eq!(read(&mut pair.server).await?, b"");
    Ok(())
}

#[tokio::test]
async fn a_cut_resets_what_is_open_and_lets_new_connections_in() -> anyhow::Result<()> {
    let mut pair = Pair::connected().await?;
    pair.proxy.cut();
    let mut byte = [0];
    for stream in [&mut pair.client, &mut pair.server] {
        let ended = timeout(SOON, stream.read(&mut byte)).await?;
        assert_eq!(ended.unwrap_err().kind(), ErrorKind::ConnectionReset);
    }
    let (mut client, mut server) = open(&pair.proxy, &pair.listener).await?;
    client.write_all(b"again").await?;
    assert_eq!(read(&mut server).await?, b"again");
    Ok(())
}

#[tokio::test]
async fn a_blackhole_holds_everything_until_it_is_fair_again() -> anyhow::Result<()> {
    let mut pair = Pair::connected().await?;
    pair.proxy.set(Weather::Blackhole);
    pair.client.write_all(b"lost?").await?;
    assert!(timeout(A_WHILE, read(&mut pair.server)).await.is_err(), "it arrived");
    pair.proxy.set(Weather::Fair);
    assert_eq!(read(&mut pair.server).await?, b"lost?");
    Ok(())
}

#[tokio::test]
async fn slow_is_late_but_complete() -> anyhow::Result<()> {
    let mut pair = Pair::connected().await?;
    pair.proxy.set(Weather::Slow(A_WHILE));
    let sent = Instant::now();
    pair.client.write_all(b"late").await?;
    assert_eq!(read(&mut pair.server).await?, b"late");
    assert!(sent.elapsed() >= A_WHILE);
    Ok(())
}
