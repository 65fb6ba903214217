//! Watching a replay until its end, and what signals mean meanwhile.
//!
//! **Who acts.** The engine works in a task of its own, or in a console; this asks again and again how far the replay has
//! come, by either way, and waits for signals. A lost connection costs time: the engine waits for it, and so does this.
//!
//! **Ctrl-C** cancels what this program began or went on with: the database says so, and the engine ends and counts the
//! letter in hand and begins no other. A second one leaves at once: the letter in hand is committed or not, as the server
//! decides, and whoever looks at the replay finds it cancelled. What is only watched goes on.
//!
//! **SIGTERM** is nobody's wish about the replay: this program lets go of it, and somebody else goes on.
//!
//! **What if it dies.** The replay's lease ends half a minute later. Then a console goes on, or `waybill replay resume`.

use std::future::pending;
use std::time::Duration;

use anyhow::Context as _;
use tokio::signal::unix::{Signal, SignalKind, signal};
use tokio::time::sleep;
use uuid::Uuid;
use waybill_replay::ask::Cancelling;
use waybill_replay::view::ReplayView;

use super::progress::Progress;
use super::tell;
use crate::commands::patience::Patience;
use crate::output::{Ending, Output};
use crate::way::{Begun, Trouble, Way, Worker};

const LOOK_EVERY: Duration = Duration::from_millis(500);

/// What Ctrl-C does to the replay.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Interrupt {
    Cancels,
    Leaves,
}

pub(super) struct Watch<'a> {
    way: &'a Way,
    output: &'a Output,
    signals: Signals,
}

impl<'a> Watch<'a> {
    /// Listens to signals from now on: before anything begins that they could cut off.
    pub(super) fn prepare(way: &'a Way, output: &'a Output) -> anyhow::Result<Self> {
        Ok(Self { way, output, signals: Signals::listen()? })
    }

    /// Watches until the replay has ended or a signal comes, and tells how it stands then.
    pub(super) async fn until_the_end(
        mut self,
        begun: Begun,
        interrupt: Interrupt,
    ) -> anyhow::Result<Ending> {
        let Begun { replay, mut worker } = begun;
        let mut progress = Progress::of(&replay, self.output);
        let signalled = tokio::select! {
            ended = look_until_ended(replay.id, self.way, self.output, &mut progress) => {
                ended?;
                None
            }
            error = broke_down(&mut worker) => return Err(error),
            signalled = self.signals.next() => Some(signalled),
        };
        progress.clear();
        match (signalled, interrupt) {
            (None, _) => self.wind_up(replay.id, worker).await,
            (Some(Signalled::Interrupt), Interrupt::Cancels) => {
                self.cancel(replay.id, worker).await
            }
            (Some(_), _) => self.leave(replay.id, worker).await,
        }
    }

    /// It has ended, or will with the letter in hand.
    async fn wind_up(mut self, id: Uuid, mut worker: Option<Worker>) -> anyhow::Result<Ending> {
        tokio::select! {
            ended = done(&mut worker) => ended?,
            _again = self.signals.next() => {}
        }
        let replay = self.way.replay(id).await?;
        tell(&replay, self.output)?;
        Ok(ending(&replay))
    }

    async fn cancel(self, id: Uuid, worker: Option<Worker>) -> anyhow::Result<Ending> {
        self.output
            .aside("cancelling it; Ctrl-C again leaves at once");
        let asked = Cancelling { reason: "Ctrl-C at the command line".to_owned() };
        match self.way.cancel(id, &asked).await {
            Ok(_cancelled) => {
                if worker.is_none() {
                    // The console's letter in hand is counted by then, or soon after.
                    sleep(LOOK_EVERY).await;
                }
            }
            // It came to its end by itself.
            Err(Trouble::Conflict(_)) => {}
            Err(trouble) => return Err(trouble).context("could not cancel it"),
        }
        self.wind_up(id, worker).await
    }

    async fn leave(mut self, id: Uuid, mut worker: Option<Worker>) -> anyhow::Result<Ending> {
        let goes_on = match &worker {
            Some(worker) => {
                worker.let_go();
                format!("let go of it: a console goes on, or `waybill replay resume {id}`")
            }
            None => format!("it goes on: `waybill replay watch {id}`"),
        };
        tokio::select! {
            ended = done(&mut worker) => ended?,
            _again = self.signals.next() => {}
        }
        self.output.aside(&goes_on);
        tell(&self.way.replay(id).await?, self.output)?;
        Ok(Ending::NotWell)
    }
}

async fn look_until_ended(
    id: Uuid,
    way: &Way,
    output: &Output,
    progress: &mut Progress<'_>,
) -> Result<(), Trouble> {
    let mut patience = Patience::new();
    loop {
        match way.replay(id).await {
            Ok(replay) => {
                patience.answered(output);
                progress.show(&replay);
                if replay.finished_at.is_some() {
                    return Ok(());
                }
                sleep(LOOK_EVERY).await;
            }
            Err(trouble) => patience.bear(trouble, output).await?,
        }
    }
}

/// Whatever is worked on here is done.
async fn done(worker: &mut Option<Worker>) -> anyhow::Result<()> {
    match worker {
        Some(worker) => worker.done().await,
        None => Ok(()),
    }
}

/// Whoever is done without breaking down has told of it in the database, where somebody looks.
async fn broke_down(worker: &mut Option<Worker>) -> anyhow::Error {
    match done(worker).await {
        Ok(()) => pending().await,
        Err(error) => error,
    }
}

/// Well: all of it was replayed, by whoever it was.
fn ending(replay: &ReplayView) -> Ending {
    let stay_dead = replay.counts.unusable + replay.counts.missed;
    let is_well = replay.state == "finished" && stay_dead == 0;
    if is_well { Ending::Well } else { Ending::NotWell }
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Signalled {
    Interrupt,
    Terminate,
}

struct Signals {
    interrupt: Signal,
    terminate: Signal,
}

impl Signals {
    fn listen() -> anyhow::Result<Self> {
        let listen = |kind| signal(kind).context("could not wait for signals");
        Ok(Self {
            interrupt: listen(SignalKind::interrupt())?,
            terminate: listen(SignalKind::terminate())?,
        })
    }

    async fn next(&mut self) -> Signalled {
        tokio::select! {
            _ = self.interrupt.recv() => Signalled::Interrupt,
            _ = self.terminate.recv() => Signalled::Terminate,
        }
    }
}
