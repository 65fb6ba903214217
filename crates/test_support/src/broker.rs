//! A topology of a test's own on a shared RabbitMQ: fresh names, one shard, short delays, deleted at the end.
//!
//! A test that is killed cannot delete; so each writes down what it declares, and the next one sweeps what belongs to
//! processes that are gone. Listing queues would need RabbitMQ's own tools, and rights that a tester may not have.

use std::path::PathBuf;

use anyhow::Context as _;
use lapin::message::BasicGetMessage;
use lapin::options::{BasicAckOptions, BasicGetOptions, QueueDeclareOptions};
use lapin::types::FieldTable;
use lapin::{Channel, Connection, ConnectionProperties};
use tokio::sync::Mutex;
use uuid::Uuid;
use waybill_common::broker::{Queue, Topology};
use waybill_common::config;

use crate::environment::amqp_url;

/// Deleted in any case, so that a test may change the number of its shards.
const SHARDS_MAX: u16 = 8;
/// For each queue: a busy machine takes its time.
const DELETE_TIMEOUT_MS: u64 = 30_000;

/// Names of one test's own, and a connection to look at them with.
pub struct TestBroker {
    pub config: config::Broker,
    pub retry: config::Retry,
    /// Opened at the first look, and again where the server ended it.
    connection: Mutex<Option<Connection>>,
    /// What to do for tidiness; absent on a private server, which goes away whole.
    note: Option<PathBuf>,
}

impl TestBroker {
    /// On the shared server.
    ///
    /// # Panics
    /// Where the note on what to sweep cannot be written.
    #[must_use]
    pub fn new() -> Self {
        let mut broker = Self::on(&amqp_url());
        sweep();
        let note = notes().join(&broker.config.prefix);
        let process = std::process::id().to_string();
        std::fs::create_dir_all(notes()).expect("the folder of temporary files can be written to");
        std::fs::write(&note, process).expect("the folder of temporary files can be written to");
        broker.note = Some(note);
        broker
    }

    /// On another server, such as a private one or a proxy before one; nothing is deleted there.
    #[must_use]
    pub fn on(url: &str) -> Self {
        let config = config::Broker {
            url: url.into(),
            prefix: format!("t.{}", Uuid::now_v7().simple()),
            ..Default::default()
        };
        Self { config, retry: short_delays(), connection: Mutex::new(None), note: None }
    }

    #[must_use]
    pub fn topology(&self) -> Topology {
        Topology::new(&self.config, &self.retry)
    }

    /// A fresh channel for looking around: most errors close it, and nothing else. The server ends the whole connection
    /// where something fails inside it, as when a queue is asked that is being deleted; the next look opens another.
    pub async fn channel(&self) -> anyhow::Result<Channel> {
        let mut connection = self.connection.lock().await;
        let usable = connection.take().filter(|open| open.status().connected());
        let open = match usable {
            Some(open) => open,
            None => connect(self.config.url.expose()).await?,
        };
        connection
            .insert(open)
            .create_channel()
            .await
            .context("could not open a channel")
    }

    /// Declares the topology, as the services do when they connect.
    pub async fn declare(&self) -> anyhow::Result<()> {
        self.topology()
            .declare(&self.channel().await?)
            .await
            .context("could not declare")
    }

    /// Messages ready in a queue.
    pub async fn ready(&self, queue: Queue) -> anyhow::Result<u32> {
        let name = self.topology().name(queue);
        let passive = QueueDeclareOptions::default().passive();
        let channel = self.channel().await?;
        let seen = channel
            .queue_declare(name.into(), passive, FieldTable::default())
            .await?;
        Ok(seen.message_count())
    }

    /// Takes one message out of a queue.
    pub async fn take(&self, queue: Queue) -> anyhow::Result<Option<BasicGetMessage>> {
        let name = self.topology().name(queue);
        let channel = self.channel().await?;
        let got = channel
            .basic_get(name.into(), BasicGetOptions::default())
            .await?;
        if let Some(got) = &got {
            got.ack(BasicAckOptions::default()).await?;
            // The acknowledgement is only written; the answer to this comes after it.
            channel.close(200, "taken".into()).await?;
        }
        Ok(got)
    }

    /// Deletes the topology now, and fails where that fails.
    pub async fn finish(mut self) -> anyhow::Result<()> {
        let note = self.note.take();
        delete(&self.config.url, &self.config.prefix, &self.retry).await?;
        if let Some(note) = note {
            std::fs::remove_file(note)?;
        }
        Ok(())
    }
}

impl Default for TestBroker {
    fn default() -> Self {
        Self::new()
    }
}

impl Drop for TestBroker {
    fn drop(&mut self) {
        let Some(note) = self.note.take() else {
            return;
        };
        let (url, prefix) = (self.config.url.clone(), self.config.prefix.clone());
        let retry = self.retry.clone();
        let deleted = in_a_thread(async move { delete(&url, &prefix, &retry).await });
        // Where it did not work out, the note stays, and the next test tries again.
        if deleted.is_ok() {
            drop(std::fs::remove_file(note));
        }
    }
}

fn short_delays() -> config::Retry {
    config::Retry { delays_seconds: vec![1], defer_ms: 100, unknown_version_ms: 200 }
}

async fn connect(url: &str) -> anyhow::Result<Connection> {
    let properties = ConnectionProperties::default().with_connection_name("waybill tests".into());
    Connection::connect(url, properties)
        .await
        .context("could not connect to RabbitMQ")
}

async fn delete(
    url: &config::SecretText,
    prefix: &str,
    retry: &config::Retry,
) -> anyhow::Result<()> {
    let connection = connect(url.expose()).await?;
    let channel = connection.create_channel().await?;
    let broker = config::Broker {
        prefix: prefix.to_owned(),
        shards: SHARDS_MAX,
        connect_timeout_ms: DELETE_TIMEOUT_MS,
        ..Default::default()
    };
    // A program that a test starts declares the usual delays beside, or in place of, the test's own.
    let mut retry = retry.clone();
    retry
        .delays_seconds
        .extend(config::Retry::default().delays_seconds);
    Topology::new(&broker, &retry).delete(&channel).await?;
    connection.close(200, "deleted".into()).await?;
    Ok(())
}

/// Deletes what killed tests left.
fn sweep() {
    let Ok(left) = std::fs::read_dir(notes()) else {
        return;
    };
    for note in left.flatten().map(|entry| entry.path()) {
        let owner = std::fs::read_to_string(&note).unwrap_or_default();
        let alive = owner.is_empty() || PathBuf::from(format!("/proc/{owner}")).exists();
        let Some(prefix) = note
            .file_name()
            .and_then(|name| name.to_str())
            .filter(|_| !alive)
        else {
            continue;
        };
        let prefix = prefix.to_owned();
        let swept = in_a_thread(async move {
            delete(&amqp_url().as_str().into(), &prefix, &short_delays()).await
        });
        if swept.is_ok() {
            drop(std::fs::remove_file(note));
        }
    }
}

fn notes() -> PathBuf {
    std::env::temp_dir().join("waybill-test-topologies")
}

/// Runs something to its end where no runtime can be awaited.
fn in_a_thread(
    work: impl Future<Output = anyhow::Result<()>> + Send + 'static,
) -> anyhow::Result<()> {
    let thread = std::thread::spawn(move || {
        tokio::runtime::Builder::new_current_thread()
            .enable_all()
            .build()?
            .block_on(work)
    });
    thread
        .join()
        .unwrap_or_else(|_| anyhow::bail!("it panicked"))
}
