//! A release binary that runs as a user runs it, and what it costs.

use std::net::{Ipv4Addr, SocketAddr, TcpListener};
use std::path::{Path, PathBuf};
use std::process::Stdio;
use std::time::Duration;

use anyhow::Context as _;
use tokio::process::{Child, Command};
use tokio::time::{Instant, sleep, timeout};

use crate::load::get;

const LOOK_EVERY: Duration = Duration::from_millis(20);
const START: Duration = Duration::from_secs(30);
/// Ingest serves on for 8 s after it was told to end, and a worker finishes what it holds.
const END: Duration = Duration::from_secs(45);
/// `USER_HZ`, in which Linux tells processor time to everybody, whatever the kernel's own clock.
const TICKS_A_SECOND: f64 = 100.0;

/// Killed when dropped.
pub(crate) struct Program {
    name: &'static str,
    child: Child,
    log: PathBuf,
    ops: SocketAddr,
}

/// What a process has used so far.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub(crate) struct Usage {
    /// In user and kernel mode, all threads.
    pub(crate) cpu_seconds: f64,
    /// The most memory that was resident at once.
    pub(crate) peak_mib: f64,
}

/// Different addresses on this machine that nobody listens on.
pub(crate) fn free_addresses<const COUNT: usize>() -> anyhow::Result<[SocketAddr; COUNT]> {
    // All are held until the last one is found, so that none is found twice.
    let held: Vec<TcpListener> = (0..COUNT)
        .map(|_| TcpListener::bind((Ipv4Addr::LOCALHOST, 0)))
        .collect::<Result<_, _>>()?;
    let addresses: Vec<SocketAddr> = held
        .iter()
        .map(TcpListener::local_addr)
        .collect::<Result<_, _>>()?;
    Ok(addresses.try_into().expect("there is one of each"))
}

impl Program {
    /// Starts `name`, which lies beside this program, and waits until it is ready.
    ///
    /// # Errors
    /// Where it is not built, ends at once or does not get ready.
    pub(crate) async fn start(
        name: &'static str,
        (config, ops): (&Path, SocketAddr),
        environment: &[(String, String)],
    ) -> anyhow::Result<Self> {
        let binary = beside_us(name)?;
        let log = config.with_extension(format!("{name}.log"));
        let output = std::fs::File::options()
            .create(true)
            .append(true)
            .open(&log)?;
        let child = Command::new(&binary)
            // Whatever configures the user's own Waybill must not configure this one.
            .env_clear()
            .envs(environment.iter().map(|(name, value)| (name, value)))
            .arg("--config")
            .arg(config)
            .stdin(Stdio::null())
            .stdout(output.try_clone()?)
            .stderr(output)
            .kill_on_drop(true)
            .spawn()
            .with_context(|| format!("could not start {}", binary.display()))?;
        let mut program = Self { name, child, log, ops };
        program.until_ready().await?;
        Ok(program)
    }

    async fn until_ready(&mut self) -> anyhow::Result<()> {
        let give_up = Instant::now() + START;
        loop {
            if matches!(get(self.ops, "/readyz").await, Ok(200)) {
                return Ok(());
            }
            if let Some(status) = self.child.try_wait()? {
                anyhow::bail!(
                    "{} ended at its start with {status}: {}",
                    self.name,
                    self.last_words()
                );
            }
            let in_time = Instant::now() < give_up;
            anyhow::ensure!(in_time, "{} did not get ready: {}", self.name, self.last_words());
            sleep(LOOK_EVERY).await;
        }
    }

    /// # Errors
    /// Where it has ended.
    pub(crate) fn usage(&self) -> anyhow::Result<Usage> {
        let process = self.child.id().with_context(|| self.ended())?;
        let folder = PathBuf::from(format!("/proc/{process}"));
        let read = |file: &str| std::fs::read_to_string(folder.join(file));
        let cpu_seconds = cpu_seconds(&read("stat")?).context("/proc has another form")?;
        let peak_mib = peak_mib(&read("status")?).context("/proc has another form")?;
        Ok(Usage { cpu_seconds, peak_mib })
    }

    /// Tells it to end, and waits.
    ///
    /// # Errors
    /// Where it does not end, or not well.
    pub(crate) async fn stop(mut self) -> anyhow::Result<()> {
        let process = self.child.id().with_context(|| self.ended())?;
        let told = Command::new("kill")
            .args(["-TERM", &process.to_string()])
            .status()
            .await?;
        anyhow::ensure!(told.success(), "could not tell {} to end", self.name);
        let status = timeout(END, self.child.wait())
            .await
            .with_context(|| format!("{} did not end: {}", self.name, self.last_words()))??;
        anyhow::ensure!(status.success(), "{}: {}", self.ended(), self.last_words());
        Ok(())
    }

    fn ended(&self) -> String {
        format!("{} has ended", self.name)
    }

    /// The last line of its log.
    fn last_words(&self) -> String {
        let log = std::fs::read_to_string(&self.log).unwrap_or_default();
        log.lines().last().unwrap_or("it said nothing").to_owned()
    }
}

fn beside_us(name: &str) -> anyhow::Result<PathBuf> {
    let us = std::env::current_exe().context("could not find this program")?;
    let binary = us.with_file_name(name);
    anyhow::ensure!(
        binary.exists(),
        "{} is not built: cargo build --release -p {name}",
        binary.display()
    );
    Ok(binary)
}

/// `/proc/<id>/stat`: fields 14 and 15, counted from the end of the name, which may hold anything.
fn cpu_seconds(stat: &str) -> Option<f64> {
    let (_, rest) = stat.rsplit_once(')')?;
    let mut fields = rest.split_whitespace().skip(11);
    let user: f64 = fields.next()?.parse().ok()?;
    let kernel: f64 = fields.next()?.parse().ok()?;
    Some((user + kernel) / TICKS_A_SECOND)
}

/// `/proc/<id>/status`.
fn peak_mib(status: &str) -> Option<f64> {
    let line = status
        .lines()
        .find_map(|line| line.strip_prefix("VmHWM:"))?;
    let kib: f64 = line.trim().strip_suffix("kB")?.trim().parse().ok()?;
    Some(kib / 1024.0)
}

#[cfg(test)]
mod tests;
