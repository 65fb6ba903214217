//! A Redis of a test's own.

use std::process::Command;
use std::time::Duration;

use anyhow::Context as _;
use deadpool_redis::redis::{Client, cmd};
use tempfile::TempDir;

use super::process::{Process, Signal, free_port, ready};

const START: Duration = Duration::from_secs(20);
const END: Duration = Duration::from_secs(10);

/// Keeps nothing on disk: what it held is gone with it.
pub struct PrivateRedis {
    folder: TempDir,
    port: u16,
    server: Option<Process>,
}

impl PrivateRedis {
    /// # Errors
    /// Where it cannot be started.
    pub async fn start() -> anyhow::Result<Self> {
        let mut redis = Self { folder: TempDir::new()?, port: free_port()?, server: None };
        redis.start_again().await?;
        Ok(redis)
    }

    #[must_use]
    pub fn url(&self) -> String {
        format!("redis://127.0.0.1:{}", self.port)
    }

    /// After [`end`](Self::end), on the same port, empty.
    ///
    /// # Errors
    /// Where it cannot be started.
    pub async fn start_again(&mut self) -> anyhow::Result<()> {
        let mut command = Command::new("redis-server");
        command
            .args(["--port", &self.port.to_string(), "--bind", "127.0.0.1"])
            .args(["--save", "", "--appendonly", "no", "--dir"])
            .arg(self.folder.path());
        let mut server = Process::start(&mut command, &self.folder.path().join("log"))?;
        let client = Client::open(self.url())?;
        ready(&mut server, START, async || {
            let asked = client.get_connection_with_timeout(Duration::from_millis(200));
            asked.is_ok_and(|mut connection| cmd("PING").exec(&mut connection).is_ok())
        })
        .await
        .context("redis-server")?;
        self.server = Some(server);
        Ok(())
    }

    /// # Errors
    /// Where it does not run.
    pub fn signal(&self, signal: Signal) -> anyhow::Result<()> {
        let server = self.server.as_ref();
        server.context("redis does not run")?.signal(signal)
    }

    /// # Errors
    /// Where it does not end.
    pub async fn end(&mut self, signal: Signal) -> anyhow::Result<()> {
        match self.server.take() {
            Some(server) => server.end(signal, END).await,
            None => Ok(()),
        }
    }
}
