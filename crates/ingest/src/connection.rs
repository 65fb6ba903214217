//! One connection and how long it may live. The HTTP library bounds the head of a connection's first request and its
//! idle time; nothing there bounds the head of a second request, or a client that never reads its answers.
//!
//! So each connection has a watcher with a second handle on its socket. Whatever the connection waits for has an end
//! (the next head, the body and the answer); past it the watcher shuts the socket, which ends the connection. Age and
//! number of requests end it politely, with the next answer.

use std::any::Any;
use std::cell::Cell;
use std::net::Shutdown;
use std::os::fd::AsFd as _;
use std::rc::Rc;
use std::time::Duration;

use actix_web::dev::Extensions;
use actix_web::rt::net::TcpStream;
use tokio::time::{Instant, sleep_until};
use tokio_util::task::AbortOnDropHandle;
use waybill_common::config;

/// Beyond every time limit: so that whoever answers a slow client properly does so first.
const SLACK: Duration = Duration::from_secs(1);

/// How long a connection may take for what, and how long it may live.
#[derive(Clone, Copy, Debug)]
pub struct Limits {
    pub head: Duration,
    pub keep_alive: Duration,
    /// From a request's head to its answer.
    pub answer: Duration,
    pub age_max: Duration,
    pub requests_max: u32,
}

/// What a request can know of its connection.
pub struct Connection {
    life: Rc<Life>,
    _watcher: AbortOnDropHandle<()>,
}

struct Life {
    opened: Instant,
    requests: Cell<u32>,
    /// When the watcher ends it.
    until: Cell<Instant>,
    limits: Limits,
}

impl Limits {
    #[must_use]
    pub fn new(ingest: &config::Ingest) -> Self {
        Self {
            head: Duration::from_millis(ingest.head_timeout_ms),
            keep_alive: Duration::from_millis(ingest.keep_alive_ms),
            answer: Duration::from_millis(ingest.body_timeout_ms + ingest.answer_timeout_ms),
            age_max: Duration::from_millis(ingest.connection_age_max_ms),
            requests_max: ingest.connection_requests_max,
        }
    }
}

/// Begins to watch a connection that was just accepted.
pub fn opened(io: &dyn Any, extensions: &mut Extensions, limits: Limits) {
    let Some(stream) = io.downcast_ref::<TcpStream>() else {
        return;
    };
    let socket = match stream.as_fd().try_clone_to_owned() {
        Ok(descriptor) => std::net::TcpStream::from(descriptor),
        Err(error) => {
            tracing::warn!(%error, "could not watch a connection");
            return;
        }
    };
    let life = Rc::new(Life {
        opened: Instant::now(),
        requests: Cell::new(0),
        until: Cell::new(Instant::now() + limits.head + SLACK),
        limits,
    });
    let watcher = actix_web::rt::spawn(watch(Rc::clone(&life), socket));
    extensions.insert(Connection { life, _watcher: AbortOnDropHandle::new(watcher) });
}

async fn watch(life: Rc<Life>, socket: std::net::TcpStream) {
    while life.until.get() > Instant::now() {
        sleep_until(life.until.get()).await;
    }
    // Fails only where the other side has closed it: then it has ended already.
    socket.shutdown(Shutdown::Both).unwrap_or_default();
}

impl Connection {
    /// A request's head has arrived.
    pub fn request_begins(&self) {
        let life = &self.life;
        life.requests.set(life.requests.get().saturating_add(1));
        life.wait_at_most(life.limits.answer);
    }

    /// The answer is ready to be written. Returns whether it must be the last one.
    pub fn request_ends(&self) -> bool {
        let Life { opened, requests, limits, .. } = &*self.life;
        self.life.wait_at_most(limits.keep_alive + limits.head);
        opened.elapsed() >= limits.age_max || requests.get() >= limits.requests_max
    }
}

impl Life {
    fn wait_at_most(&self, time: Duration) {
        self.until.set(Instant::now() + time + SLACK);
    }
}
