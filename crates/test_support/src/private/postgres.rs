//! A PostgreSQL cluster of a test's own.

use std::os::unix::fs::chown;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Duration;

use anyhow::Context as _;
use tempfile::TempDir;

use super::process::{Process, Signal, free_port, is_root, ready};

/// Debian's place for each major version; elsewhere the programs are on the path.
const DEBIAN: &str = "/usr/lib/postgresql";
const START: Duration = Duration::from_secs(30);
const END: Duration = Duration::from_secs(20);

/// Superuser `waybill`, no password, no Unix socket.
pub struct PrivatePostgres {
    folder: TempDir,
    port: u16,
    /// Each `name=value`.
    settings: Vec<String>,
    server: Option<Process>,
}

impl PrivatePostgres {
    /// With PostgreSQL's own defaults.
    ///
    /// # Errors
    /// Where it cannot be made or started.
    pub async fn start() -> anyhow::Result<Self> {
        Self::start_with(&[]).await
    }

    /// With these settings, each `name=value`.
    ///
    /// # Errors
    /// Where it cannot be made or started.
    pub async fn start_with(settings: &[&str]) -> anyhow::Result<Self> {
        let folder = TempDir::new()?;
        if is_root()? {
            let nobody = user_id("nobody")?;
            chown(folder.path(), Some(nobody), None)?;
        }
        let settings = settings.iter().map(|&setting| setting.to_owned()).collect();
        let mut postgres = Self { folder, port: free_port()?, settings, server: None };
        postgres.make()?;
        postgres.start_again().await?;
        Ok(postgres)
    }

    /// Of the database `postgres`.
    #[must_use]
    pub fn url(&self) -> String {
        format!("postgres://waybill@127.0.0.1:{}/postgres", self.port)
    }

    /// After [`end`](Self::end), on the same port, with its data.
    ///
    /// # Errors
    /// Where it cannot be started.
    pub async fn start_again(&mut self) -> anyhow::Result<()> {
        let mut command = program("postgres")?;
        command
            .arg("-D")
            .arg(self.data())
            .args(["-c", "listen_addresses=127.0.0.1", "-c", "unix_socket_directories="])
            .args(["-c", &format!("port={}", self.port)])
            .args(self.settings.iter().flat_map(|setting| ["-c", setting]));
        let log = self.folder.path().join("server.log");
        let mut server = Process::start(&mut command, &log)?;
        let port = self.port.to_string();
        ready(&mut server, START, async || {
            let asked = binary("pg_isready")
                .args(["-q", "-h", "127.0.0.1", "-p", &port])
                .status();
            asked.is_ok_and(|status| status.success())
        })
        .await
        .context("postgres")?;
        self.server = Some(server);
        Ok(())
    }

    /// # Errors
    /// Where it does not run.
    pub fn signal(&self, signal: Signal) -> anyhow::Result<()> {
        let server = self.server.as_ref();
        server.context("postgres does not run")?.signal(signal)
    }

    /// # Errors
    /// Where it does not end.
    pub async fn end(&mut self, signal: Signal) -> anyhow::Result<()> {
        match self.server.take() {
            Some(server) => server.end(signal, END).await,
            None => Ok(()),
        }
    }

    fn data(&self) -> PathBuf {
        self.folder.path().join("data")
    }

    fn make(&self) -> anyhow::Result<()> {
        let made = program("initdb")?
            .arg("-D")
            .arg(self.data())
            .args(["-U", "waybill", "-A", "trust", "-E", "UTF8", "--locale=C.UTF-8", "--no-sync"])
            .output()?;
        let words = String::from_utf8_lossy(&made.stderr);
        anyhow::ensure!(made.status.success(), "initdb: {words}");
        Ok(())
    }
}

impl Drop for PrivatePostgres {
    fn drop(&mut self) {
        // Killed outright, its children would still be writing while the folder is removed.
        if let Some(server) = self.server.take()
            && server.signal(Signal::Int).is_ok()
        {
            let mut server = server;
            for _ in 0..100 {
                if matches!(server.has_ended(), Ok(Some(_)) | Err(_)) {
                    break;
                }
                std::thread::park_timeout(Duration::from_millis(20));
            }
        }
    }
}

/// A program of PostgreSQL as somebody who may run it: both refuse root.
fn program(name: &str) -> anyhow::Result<Command> {
    let binary = binary(name);
    if !is_root()? {
        return Ok(binary);
    }
    let mut command = Command::new("setpriv");
    command
        .args(["--reuid", "nobody", "--regid", "nogroup", "--clear-groups"])
        .arg(binary.get_program())
        // The folder that a test runs in may not be theirs to enter.
        .current_dir("/");
    Ok(command)
}

fn binary(name: &str) -> Command {
    let versions = std::fs::read_dir(DEBIAN).into_iter().flatten().flatten();
    let found = versions.map(|version| version.path().join("bin").join(name));
    let newest = found.filter(|path| path.exists()).max();
    Command::new(newest.unwrap_or_else(|| Path::new(name).to_owned()))
}

fn user_id(name: &str) -> anyhow::Result<u32> {
    let asked = Command::new("id").args(["-u", name]).output()?;
    let id = String::from_utf8(asked.stdout)?;
    id.trim()
        .parse()
        .with_context(|| format!("there is no user {name}"))
}
