//! A child process that does not outlive its handle.

use std::net::{Ipv4Addr, TcpListener};
use std::os::unix::fs::MetadataExt as _;
use std::path::Path;
use std::process::{Child, Command, ExitStatus, Stdio};
use std::time::Duration;

use anyhow::Context as _;
use tokio::time::{Instant, sleep};

const LOOK_EVERY: Duration = Duration::from_millis(20);

#[derive(Clone, Copy, Debug)]
pub enum Signal {
    /// Please end.
    Term,
    /// PostgreSQL's fast shutdown.
    Int,
    /// A crash.
    Kill,
    /// Hangs: connections stay open, nothing answers.
    Stop,
    /// Goes on after [`Stop`](Self::Stop).
    Cont,
}

/// Killed when dropped.
pub(super) struct Process {
    child: Child,
}

impl Process {
    /// Starts it with its output in a file.
    pub(super) fn start(command: &mut Command, log: &Path) -> anyhow::Result<Self> {
        let log = std::fs::File::create(log)?;
        let child = command
            .stdin(Stdio::null())
            .stdout(log.try_clone()?)
            .stderr(log)
            .spawn()
            .with_context(|| format!("could not start {}", command.get_program().display()))?;
        Ok(Self { child })
    }

    pub(super) fn signal(&self, signal: Signal) -> anyhow::Result<()> {
        let name = match signal {
            Signal::Term => "TERM",
            Signal::Int => "INT",
            Signal::Kill => "KILL",
            Signal::Stop => "STOP",
            Signal::Cont => "CONT",
        };
        let sent = Command::new("sh")
            .args(["-c", "kill -s \"$1\" \"$2\"", "kill", name])
            .arg(self.child.id().to_string())
            .status()?;
        anyhow::ensure!(sent.success(), "could not send {name}");
        Ok(())
    }

    /// Sends the signal and waits for the end.
    pub(super) async fn end(mut self, signal: Signal, within: Duration) -> anyhow::Result<()> {
        self.signal(signal)?;
        let give_up = Instant::now() + within;
        while self.child.try_wait()?.is_none() {
            anyhow::ensure!(Instant::now() < give_up, "it did not end within {within:?}");
            sleep(LOOK_EVERY).await;
        }
        Ok(())
    }

    pub(super) fn has_ended(&mut self) -> anyhow::Result<Option<ExitStatus>> {
        Ok(self.child.try_wait()?)
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        // It may have ended by itself; then there is nothing to kill.
        drop(self.child.kill());
        drop(self.child.wait());
    }
}

/// Asks again and again whether the server answers, until it does, dies, or takes too long.
pub(super) async fn ready(
    process: &mut Process,
    within: Duration,
    mut answers: impl AsyncFnMut() -> bool,
) -> anyhow::Result<()> {
    let give_up = Instant::now() + within;
    loop {
        if answers().await {
            return Ok(());
        }
        if let Some(status) = process.has_ended()? {
            anyhow::bail!("it ended while starting: {status}");
        }
        anyhow::ensure!(Instant::now() < give_up, "it was not ready within {within:?}");
        sleep(LOOK_EVERY).await;
    }
}

/// A port that nobody listens on now.
///
/// # Errors
/// Where there is none.
pub fn free_port() -> anyhow::Result<u16> {
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0))?;
    Ok(listener.local_addr()?.port())
}

/// Whether we are root, by whose our own process is.
pub(super) fn is_root() -> anyhow::Result<bool> {
    Ok(std::fs::metadata("/proc/self")?.uid() == 0)
}
