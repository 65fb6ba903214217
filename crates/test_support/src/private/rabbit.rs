//! A RabbitMQ node of a test's own, with an Erlang port mapper of its own, so that no daemon is left behind.

use std::fs;
use std::os::unix::fs::PermissionsExt as _;
use std::path::Path;
use std::process::Command;
use std::time::Duration;

use anyhow::Context as _;
use lapin::{Connection, ConnectionProperties};
use tempfile::TempDir;
use tokio::time::timeout;
use uuid::Uuid;

use super::process::{Process, Signal, free_port, ready};

/// The scripts themselves: their wrappers on the path refuse ordinary users.
const PROGRAMS: &str = "/usr/lib/rabbitmq/bin";
const START: Duration = Duration::from_secs(90);
const END: Duration = Duration::from_secs(30);
/// Messages that wait for a broken topology are offered again each 180 s; here sooner.
const ADVANCED: &str = "[{rabbit,[{dead_letter_worker_publisher_confirm_timeout,5000}]}].";
const ALARM: &str = "0.0001";
const NO_ALARM: &str = "0.4";

/// Ready about five seconds after its start on an idle machine.
pub struct PrivateRabbit {
    folder: TempDir,
    port: u16,
    environment: Vec<(&'static str, String)>,
    server: Option<Process>,
    // Dropped after the server.
    _mapper: Process,
}

impl PrivateRabbit {
    /// # Errors
    /// Where it cannot be started.
    pub async fn start() -> anyhow::Result<Self> {
        let folder = TempDir::new()?;
        let (port, mapper_port) = (free_port()?, free_port()?);
        write_settings(folder.path(), port)?;
        let environment = environment(folder.path(), port, mapper_port, free_port()?);
        let mut mapper = Command::new("epmd");
        mapper.args(["-address", "127.0.0.1", "-port", &mapper_port.to_string()]);
        let mapper = Process::start(&mut mapper, &folder.path().join("log/epmd.log"))?;
        let mut rabbit = Self { folder, port, environment, server: None, _mapper: mapper };
        rabbit.start_again().await?;
        Ok(rabbit)
    }

    #[must_use]
    pub fn url(&self) -> String {
        format!("amqp://guest:guest@127.0.0.1:{}/%2f", self.port)
    }

    /// After [`end`](Self::end), on the same port, with its queues.
    ///
    /// # Errors
    /// Where it cannot be started.
    pub async fn start_again(&mut self) -> anyhow::Result<()> {
        // Each quorum queue needs descriptors; with the usual 1024, connections hang in silence.
        let limit = "ulimit -n 16384 2>/dev/null || ulimit -n \"$(ulimit -Hn)\"; exec \"$0\"";
        let mut command = Command::new("sh");
        command
            .args(["-c", limit, &format!("{PROGRAMS}/rabbitmq-server")])
            .envs(self.environment.iter().map(|(name, value)| (name, value)))
            .current_dir(self.folder.path().join("data"));
        let log = self.folder.path().join("log/out");
        let mut server = Process::start(&mut command, &log)?;
        let url = self.url();
        ready(&mut server, START, async || answers(&url).await)
            .await
            .context("rabbitmq-server")?;
        self.server = Some(server);
        Ok(())
    }

    /// # Errors
    /// Where it does not run.
    pub fn signal(&self, signal: Signal) -> anyhow::Result<()> {
        let server = self.server.as_ref();
        server.context("rabbitmq does not run")?.signal(signal)
    }

    /// # Errors
    /// Where it does not end.
    pub async fn end(&mut self, signal: Signal) -> anyhow::Result<()> {
        match self.server.take() {
            Some(server) => server.end(signal, END).await,
            None => Ok(()),
        }
    }

    /// After [`end`](Self::end): the node will start as a new one, without queues.
    ///
    /// # Errors
    /// Where its files cannot be removed.
    pub fn forget(&self) -> anyhow::Result<()> {
        let data = self.folder.path().join("data");
        fs::remove_dir_all(&data)?;
        fs::create_dir(&data)?;
        Ok(())
    }

    /// Raises or lifts a memory alarm: every connection that publishes is blocked.
    ///
    /// # Errors
    /// Where the node refuses.
    pub async fn alarm(&self, on: bool) -> anyhow::Result<()> {
        let watermark = if on { ALARM } else { NO_ALARM };
        self.ctl(&["set_vm_memory_high_watermark", watermark])
            .await
            .map(drop)
    }

    /// Runs `rabbitmqctl` and returns what it printed; 0.7 s a call.
    ///
    /// # Errors
    /// With what it complained about.
    pub async fn ctl(&self, arguments: &[&str]) -> anyhow::Result<String> {
        let run = tokio::process::Command::new(format!("{PROGRAMS}/rabbitmqctl"))
            .arg("-q")
            .args(arguments)
            .envs(self.environment.iter().map(|(name, value)| (name, value)))
            .output()
            .await?;
        let words = String::from_utf8_lossy(&run.stderr);
        anyhow::ensure!(run.status.success(), "rabbitmqctl: {words}");
        Ok(String::from_utf8(run.stdout)?)
    }
}

async fn answers(url: &str) -> bool {
    let connecting = Connection::connect(url, ConnectionProperties::default());
    matches!(timeout(Duration::from_secs(2), connecting).await, Ok(Ok(_)))
}

fn write_settings(folder: &Path, port: u16) -> anyhow::Result<()> {
    for name in ["data", "log", "home"] {
        fs::create_dir(folder.join(name))?;
    }
    let cookie = folder.join("home/.erlang.cookie");
    fs::write(&cookie, Uuid::new_v4().simple().to_string())?;
    fs::set_permissions(&cookie, fs::Permissions::from_mode(0o400))?;
    fs::write(folder.join("env.conf"), "")?;
    fs::write(folder.join("enabled_plugins"), "[].")?;
    fs::write(folder.join("advanced.config"), ADVANCED)?;
    let settings = format!(
        "listeners.tcp.1 = 127.0.0.1:{port}\nlog.console = false\nraft.wal_max_size_bytes = 64000000\n"
    );
    fs::write(folder.join("rabbitmq.conf"), settings)?;
    Ok(())
}

fn environment(
    folder: &Path,
    port: u16,
    mapper_port: u16,
    distribution_port: u16,
) -> Vec<(&'static str, String)> {
    let path = |name: &str| folder.join(name).display().to_string();
    vec![
        ("HOME", path("home")),
        ("ERL_EPMD_PORT", mapper_port.to_string()),
        ("ERL_EPMD_ADDRESS", "127.0.0.1".into()),
        ("RABBITMQ_NODENAME", format!("rb{port}@localhost")),
        ("RABBITMQ_DIST_PORT", distribution_port.to_string()),
        ("RABBITMQ_CONF_ENV_FILE", path("env.conf")),
        ("RABBITMQ_CONFIG_FILE", path("rabbitmq.conf")),
        ("RABBITMQ_ADVANCED_CONFIG_FILE", path("advanced.config")),
        ("RABBITMQ_ENABLED_PLUGINS_FILE", path("enabled_plugins")),
        ("RABBITMQ_MNESIA_BASE", path("data")),
        ("RABBITMQ_LOG_BASE", path("log")),
        ("RABBITMQ_PID_FILE", path("rabbit.pid")),
        ("RABBITMQ_GENERATED_CONFIG_DIR", path("data/config")),
        (
            "RABBITMQ_SERVER_ADDITIONAL_ERL_ARGS",
            "-kernel inet_dist_use_interface {127,0,0,1}".into(),
        ),
        // Makes the script become the server, so that its process id is the server's.
        ("RUNNING_UNDER_SYSTEMD", "true".into()),
    ]
}
