//! Requests that no honest client writes, byte by byte.

use std::net::SocketAddr;
use std::time::Duration;

use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;
use tokio::time::{Instant, sleep, timeout};

use crate::support::{TOKEN, TestIngest, paid};

/// Long past every limit that these tests set.
const PATIENCE: Duration = Duration::from_secs(15);

/// Writes, and reads until the other side closes or has answered `answers` times.
async fn exchange(addr: SocketAddr, bytes: &[u8], answers: usize) -> anyhow::Result<String> {
    let mut socket = TcpStream::connect(addr).await?;
    // The other side may refuse to read on before everything is written.
    drop(socket.write_all(bytes).await);
    read(&mut socket, answers).await
}

async fn read(socket: &mut TcpStream, answers: usize) -> anyhow::Result<String> {
    let mut text = Vec::new();
    let reading = async {
        let mut chunk = [0; 4096];
        while statuses(&text).len() < answers {
            match socket.read(&mut chunk).await {
                Ok(0) | Err(_) => break,
                Ok(length) => text.extend_from_slice(&chunk[..length]),
            }
        }
    };
    timeout(PATIENCE, reading).await?;
    Ok(String::from_utf8_lossy(&text).into_owned())
}

/// Whether the other side closes without saying more.
async fn is_closed(socket: &mut TcpStream) -> anyhow::Result<bool> {
    let mut chunk = [0; 64];
    Ok(!matches!(timeout(PATIENCE, socket.read(&mut chunk)).await?, Ok(length) if length > 0))
}

fn statuses(text: impl AsRef<[u8]>) -> Vec<u16> {
    String::from_utf8_lossy(text.as_ref())
        .split("HTTP/1.1 ")
        .skip(1)
        .filter_map(|answer| answer.get(..3)?.parse().ok())
        .collect()
}

fn post(headers: &str, body: &str) -> Vec<u8> {
    format!(
        "POST /webhooks/payments HTTP/1.1\r\nhost: x\r\nauthorization: {TOKEN}\r\n{headers}\r\n\r\n{body}"
    )
    .into_bytes()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_body_of_two_lengths_is_nobodys() -> anyhow::Result<()> {
    let ingest = TestIngest::start().await?;
    let body = paid("TXN_1").to_string();
    let length = body.len();
    let chunked = format!("{length:x}\r\n{body}\r\n0\r\n\r\n");
    for (headers, body) in [
        (format!("content-length: {length}\r\ntransfer-encoding: chunked"), &chunked),
        (format!("transfer-encoding: chunked\r\ncontent-length: {length}"), &chunked),
        (format!("content-length: {length}\r\ncontent-length: 3"), &body),
        (format!("content-length: +{length}"), &body),
        (format!("content-length: {length}, {length}"), &body),
        ("content-length: 0x5".to_owned(), &body),
        ("content-length: -1".to_owned(), &body),
        ("content-length: 18446744073709551616".to_owned(), &body),
        ("transfer-encoding: xchunked".to_owned(), &chunked),
        ("transfer-encoding: chunked, identity".to_owned(), &chunked),
        ("transfer-encoding: chunked\r\ntransfer-encoding: chunked".to_owned(), &chunked),
        (format!("content-length : {length}"), &body),
        (format!("x: a\0b\r\ncontent-length: {length}"), &body),
        ("transfer-encoding: chunked".to_owned(), &"zz\r\n{}\r\n0\r\n\r\n".to_owned()),
    ] {
        let text = exchange(ingest.application.addr, &post(&headers, body), 1).await?;
        let found = statuses(&text);
        assert!(
            found
                .iter()
                .all(|status| [400, 401, 408, 411, 413, 415].contains(status)),
            "{headers:?}: {text}"
        );
    }
    ingest.finish().await
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_smuggled_second_request_is_never_seen() -> anyhow::Result<()> {
    let ingest = TestIngest::start().await?;
    let second = String::from_utf8(post("content-length: 2", "{}"))?;
    for headers in [
        "content-length: 5\r\ntransfer-encoding: chunked",
        "transfer-encoding: chunked\r\ncontent-length: 5",
    ] {
        let smuggling = post(headers, &format!("0\r\n\r\n{second}"));
        let text = exchange(ingest.application.addr, &smuggling, 2).await?;
        assert!(statuses(&text).len() <= 1, "{text}");
    }
    ingest.finish().await
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn security_headers_that_come_twice_are_not_believed() -> anyhow::Result<()> {
    let ingest = TestIngest::start().await?;
    let body = paid("TXN_1").to_string();
    for authorization in [TOKEN, "Bearer wrong"] {
        let headers = format!("authorization: {authorization}\r\ncontent-length: {}", body.len());
        let text = exchange(ingest.application.addr, &post(&headers, &body), 1).await?;
        assert_eq!(statuses(&text), [401], "{text}");
    }
    ingest.finish().await
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn http_1_0_is_heard_where_its_length_is_told_and_the_connection_ends() -> anyhow::Result<()>
{
    let ingest = TestIngest::start().await?;
    let body = paid("TXN_1").to_string();
    let length = format!("content-length: {}\r\nconnection: keep-alive", body.len());
    let chunked = format!("{length}\r\ntransfer-encoding: chunked");
    for (authorization, headers, status) in [
        (TOKEN, &length, "202"),
        ("Bearer wrong", &length, "401"),
        (TOKEN, &chunked, "400"),
        (TOKEN, &"connection: keep-alive".to_owned(), "400"),
    ] {
        let request = String::from_utf8(post(headers, &body))?;
        let request = request
            .replace("HTTP/1.1", "HTTP/1.0")
            .replace(TOKEN, authorization);
        let mut socket = TcpStream::connect(ingest.application.addr).await?;
        socket.write_all(request.as_bytes()).await?;
        let mut text = String::new();
        timeout(PATIENCE, socket.read_to_string(&mut text)).await??;
        assert_eq!(text.split(' ').nth(1), Some(status), "{headers}: {text}");
    }
    assert_eq!(ingest.published().await?.len(), 1);
    ingest.finish().await
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_slow_body_is_408_and_ends_the_connection() -> anyhow::Result<()> {
    let ingest = TestIngest::with(|config| config.ingest.body_timeout_ms = 500).await?;
    let mut socket = TcpStream::connect(ingest.application.addr).await?;
    socket
        .write_all(&post("content-length: 400", "{\"a\":"))
        .await?;
    let began = Instant::now();
    let text = read(&mut socket, 1).await?;
    assert_eq!(statuses(&text), [408], "{text}");
    assert!(text.contains("{\"message\":"), "{text}");
    assert!(is_closed(&mut socket).await?);
    assert!(began.elapsed() < Duration::from_secs(3), "{:?}", began.elapsed());
    ingest.finish().await
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_slow_head_is_408() -> anyhow::Result<()> {
    let ingest = TestIngest::with(|config| config.ingest.head_timeout_ms = 500).await?;
    let mut socket = TcpStream::connect(ingest.application.addr).await?;
    socket
        .write_all(b"POST /webhooks/payments HTTP/1.1\r\nhost: x\r\n")
        .await?;
    let text = read(&mut socket, 1).await?;
    assert_eq!(statuses(&text), [408], "{text}");
    ingest.finish().await
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_slow_second_head_ends_the_connection() -> anyhow::Result<()> {
    let ingest = TestIngest::with(|config| {
        config.ingest.head_timeout_ms = 500;
        config.ingest.keep_alive_ms = 500;
    })
    .await?;
    let mut socket = TcpStream::connect(ingest.application.addr).await?;
    let body = paid("TXN_1").to_string();
    let request = post(&format!("content-length: {}", body.len()), &body);
    socket.write_all(&request).await?;
    assert_eq!(statuses(read(&mut socket, 1).await?), [202]);
    // One byte at a time: the connection is never idle, and its head never ends.
    let began = Instant::now();
    let mut endless = b"POST /webhooks/payments HTTP/1.1\r\n"
        .iter()
        .chain([b'x'].iter().cycle());
    let drip = async {
        while socket.write_all(&[*endless.next().unwrap()]).await.is_ok() {
            sleep(Duration::from_millis(50)).await;
        }
    };
    timeout(PATIENCE, drip).await?;
    assert!(began.elapsed() < Duration::from_secs(5), "{:?}", began.elapsed());
    assert_eq!(ingest.published().await?.len(), 1);
    ingest.finish().await
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_connection_ends_politely_after_its_number_of_requests() -> anyhow::Result<()> {
    let ingest = TestIngest::with(|config| config.ingest.connection_requests_max = 2).await?;
    let body = paid("TXN_1").to_string();
    let request = post(&format!("content-length: {}", body.len()), &body);
    let mut socket = TcpStream::connect(ingest.application.addr).await?;
    socket.write_all(&request).await?;
    assert!(!read(&mut socket, 1).await?.contains("connection: close"));
    socket.write_all(&request).await?;
    let second = read(&mut socket, 1).await?;
    assert!(second.contains("connection: close"), "{second}");
    assert!(is_closed(&mut socket).await?);
    assert_eq!(ingest.published().await?.len(), 1);
    ingest.finish().await
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_connection_ends_politely_at_its_age() -> anyhow::Result<()> {
    let ingest = TestIngest::with(|config| config.ingest.connection_age_max_ms = 1).await?;
    let mut socket = TcpStream::connect(ingest.application.addr).await?;
    sleep(Duration::from_millis(5)).await;
    socket
        .write_all(b"GET / HTTP/1.1\r\nhost: x\r\n\r\n")
        .await?;
    let answer = read(&mut socket, 1).await?;
    assert!(answer.contains("connection: close"), "{answer}");
    assert!(is_closed(&mut socket).await?);
    ingest.finish().await
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn whoever_never_reads_the_answers_is_cut_off() -> anyhow::Result<()> {
    let ingest = TestIngest::with(|config| {
        config.ingest.head_timeout_ms = 500;
        config.ingest.keep_alive_ms = 500;
        config.ingest.connection_requests_max = u32::MAX;
    })
    .await?;
    let mut socket = TcpStream::connect(ingest.application.addr).await?;
    let requests = b"GET / HTTP/1.1\r\nhost: x\r\n\r\n".repeat(1_000);
    let flood = async { while socket.write_all(&requests).await.is_ok() {} };
    timeout(PATIENCE, flood).await?;
    ingest.finish().await
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn more_connections_than_allowed_wait_their_turn() -> anyhow::Result<()> {
    let workers = std::thread::available_parallelism()?.get();
    let ingest = TestIngest::with(|config| config.ingest.max_connections = workers).await?;
    let ask = b"GET / HTTP/1.1\r\nhost: x\r\n\r\n";
    let mut held = Vec::new();
    for _ in 0..workers {
        let mut socket = TcpStream::connect(ingest.application.addr).await?;
        socket.write_all(ask).await?;
        assert_eq!(statuses(read(&mut socket, 1).await?), [404]);
        held.push(socket);
    }
    let mut late = TcpStream::connect(ingest.application.addr).await?;
    late.write_all(ask).await?;
    let mut chunk = [0; 1];
    let early = timeout(Duration::from_millis(300), late.read(&mut chunk)).await;
    assert!(early.is_err(), "it was answered while all were taken");
    held.pop();
    assert_eq!(late.read(&mut chunk).await?, 1);
    ingest.finish().await
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_body_that_ends_early_publishes_nothing() -> anyhow::Result<()> {
    let ingest = TestIngest::start().await?;
    let body = paid("TXN_1").to_string();
    let mut socket = TcpStream::connect(ingest.application.addr).await?;
    let headers = format!("content-length: {}", body.len() + 10);
    socket.write_all(&post(&headers, &body)).await?;
    socket.shutdown().await?;
    let text = read(&mut socket, 1).await?;
    assert!(statuses(&text).iter().all(|status| *status == 400), "{text}");
    ingest.finish().await
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn heads_without_end_are_refused() -> anyhow::Result<()> {
    let ingest = TestIngest::start().await?;
    let many: String = (0..200)
        .map(|number| format!("x-{number}: y\r\n"))
        .collect();
    let long = format!("x: {}\r\n", "y".repeat(300_000));
    for more in [many, long] {
        let text =
            exchange(ingest.application.addr, &post(&format!("{more}content-length: 0"), ""), 1)
                .await?;
        assert!(
            statuses(&text)
                .iter()
                .all(|status| (400..500).contains(status)),
            "{text}"
        );
    }
    ingest.finish().await
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn connections_leave_nothing_open() -> anyhow::Result<()> {
    let ingest = TestIngest::start().await?;
    let open = || std::fs::read_dir("/proc/self/fd").map(Iterator::count);
    let before = open()?;
    for _ in 0..50 {
        let mut socket = TcpStream::connect(ingest.application.addr).await?;
        socket
            .write_all(b"GET / HTTP/1.1\r\nhost: x\r\n\r\n")
            .await?;
        assert_eq!(statuses(read(&mut socket, 1).await?), [404]);
    }
    waybill_test_support::eventually(PATIENCE, async || {
        let now = open().map_err(|error| error.to_string())?;
        (now <= before + 2)
            .then_some(())
            .ok_or(format!("{before} open before, now {now}"))
    })
    .await;
    ingest.finish().await
}
