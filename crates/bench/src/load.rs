//! Applying load: closed, each client sending its next request when it has its answer; or open, by a schedule that
//! waits for nobody, so that a slow answer delays no other request's clock.

mod client;
mod schedule;
mod tally;

pub(crate) use client::{Client, Prepared, get};
pub(crate) use schedule::Schedule;
pub(crate) use tally::Tally;

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use anyhow::Context as _;
use tokio::sync::{Semaphore, watch};
use tokio::task::JoinSet;

/// How one thing that was sent ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Answer {
    Accepted,
    Refused(u16),
    /// No answer.
    Failed,
}

/// One client's way of sending the `index`-th thing.
pub(crate) trait Sender: Send + 'static {
    fn send(&mut self, index: usize) -> impl Future<Output = Answer> + Send;
}

/// How long a closed loop goes on.
#[derive(Clone)]
pub(crate) struct Until {
    pub(crate) lasts: Duration,
    /// There is nothing more to send after so many.
    pub(crate) count: usize,
    /// False while the senders are to hold back.
    pub(crate) go: Option<watch::Receiver<bool>>,
}

/// Every sender sends as fast as it is answered.
pub(crate) async fn closed_loop<S: Sender>(
    senders: Vec<S>,
    until: &Until,
) -> anyhow::Result<Tally> {
    let next = Arc::new(AtomicUsize::new(0));
    let began = Instant::now();
    let mut clients = JoinSet::new();
    for sender in senders {
        clients.spawn(keep_sending(sender, Arc::clone(&next), until.clone(), began));
    }
    sum(clients, began).await
}

async fn keep_sending<S: Sender>(
    mut sender: S,
    next: Arc<AtomicUsize>,
    mut until: Until,
    began: Instant,
) -> Tally {
    let mut tally = Tally::new();
    while began.elapsed() < until.lasts {
        if let Some(go) = &mut until.go
            && go.wait_for(|go| *go).await.is_err()
        {
            break;
        }
        let index = next.fetch_add(1, Ordering::Relaxed);
        if index >= until.count {
            break;
        }
        let sent = Instant::now();
        let answer = sender.send(index).await;
        tally.count(answer);
        tally.time(sent.elapsed());
    }
    tally
}

/// Sends by the schedule, whoever is free; latency counts from when it was due.
pub(crate) async fn open_loop<S: Sender>(
    senders: Vec<S>,
    schedule: Schedule,
) -> anyhow::Result<Tally> {
    let due = Arc::new(Semaphore::new(0));
    let next = Arc::new(AtomicUsize::new(0));
    let began = Instant::now();
    let mut clients = JoinSet::new();
    for sender in senders {
        clients.spawn(send_when_due(
            sender,
            (Arc::clone(&due), Arc::clone(&next)),
            schedule,
            began,
        ));
    }
    // The runtime's timers only know milliseconds.
    let pacer = std::thread::spawn(move || schedule.pace(began, || due.add_permits(1)));
    let tally = sum(clients, began).await;
    pacer.join().ok().context("the pacer panicked")?;
    tally
}

async fn send_when_due<S: Sender>(
    mut sender: S,
    (due, next): (Arc<Semaphore>, Arc<AtomicUsize>),
    schedule: Schedule,
    began: Instant,
) -> Tally {
    let mut tally = Tally::new();
    loop {
        let index = next.fetch_add(1, Ordering::Relaxed);
        if index >= schedule.count {
            return tally;
        }
        if let Ok(permit) = due.acquire().await {
            permit.forget();
        }
        let answer = sender.send(index).await;
        tally.count(answer);
        if index >= schedule.warm_up {
            tally.time((began + schedule.due(index)).elapsed());
        }
    }
}

async fn sum(mut clients: JoinSet<Tally>, began: Instant) -> anyhow::Result<Tally> {
    let mut all = Tally::new();
    while let Some(tally) = clients.join_next().await {
        all.add(&tally.context("a client panicked")?);
    }
    all.lasted = began.elapsed();
    Ok(all)
}

#[cfg(test)]
mod tests;
