//! `waybill tail`: what happens, as it is committed.
//!
//! It asks again and again where it stands, by either way, and moves on only past what it printed: a lost connection costs
//! time and no line. Where it stands is told at the end, so that another run goes on there.

mod changes;
mod webhooks;

use std::time::Duration;

use anyhow::Context as _;
use serde::Serialize;
use tokio::signal::unix::{SignalKind, signal};
use tokio::time::sleep;

use super::patience::Patience;
use crate::arguments::{Followed, Tail};
use crate::output::{Ending, Output};
use crate::way::Way;
use changes::Changes;
use webhooks::Webhooks;

const LOOK_EVERY: Duration = Duration::from_millis(500);

/// Follows until it is told to stop, which is how it ends well.
pub(crate) async fn run(asked: Tail, way: &Way, output: &Output) -> anyhow::Result<Ending> {
    let mut terminated = signal(SignalKind::terminate()).context("could not wait for signals")?;
    let mut tail = Follower {
        changes: asked
            .what
            .contains(&Followed::Changes)
            .then(|| Changes::after(asked.after)),
        webhooks: asked
            .what
            .contains(&Followed::Webhooks)
            .then(|| Webhooks::since(asked.since)),
        way,
        output,
    };
    let ended = tokio::select! {
        ended = tail.follow() => ended,
        interrupted = tokio::signal::ctrl_c() => interrupted.context("could not wait for signals"),
        _ = terminated.recv() => Ok(()),
    };
    // However it ended: whoever goes on must know from where.
    tail.tell_where();
    ended.map(|()| Ending::Well)
}

struct Follower<'a> {
    changes: Option<Changes>,
    webhooks: Option<Webhooks>,
    way: &'a Way,
    output: &'a Output,
}

impl Follower<'_> {
    async fn follow(&mut self) -> anyhow::Result<()> {
        let mut patience = Patience::new();
        loop {
            match self.look().await {
                Ok(found) => {
                    patience.answered(self.output);
                    if !found {
                        sleep(LOOK_EVERY).await;
                    }
                }
                Err(error) => patience.bear(error.downcast()?, self.output).await?,
            }
        }
    }

    /// Looks once. Returns whether there was anything.
    async fn look(&mut self) -> anyhow::Result<bool> {
        let mut found = false;
        if let Some(changes) = &mut self.changes {
            found |= changes.look(self.way, self.output).await?;
        }
        if let Some(webhooks) = &mut self.webhooks {
            found |= webhooks.look(self.way, self.output).await?;
        }
        Ok(found)
    }

    fn tell_where(&self) {
        let mut words = Vec::new();
        if let Some(position) = self.changes.as_ref().and_then(Changes::position) {
            words.push(format!("--after {position}"));
        }
        if let Some(time) = self.webhooks.as_ref().and_then(Webhooks::time) {
            words.push(format!("--since {time}"));
        }
        if !words.is_empty() {
            self.output.aside(&format!("to go on: {}", words.join(" ")));
        }
    }
}

/// One line of the answer, for programs.
#[derive(Serialize)]
#[serde(rename_all = "snake_case")]
enum Line<'a, T> {
    Change(&'a T),
    Webhook(&'a T),
}
