//! Servers and names for one run of the bench, cleaned up after.

use std::net::SocketAddr;
use std::path::PathBuf;

use anyhow::Context as _;
use tempfile::TempDir;
use uuid::Uuid;
use waybill_common::storage;
use waybill_common::{config, config::Redis};
use waybill_test_support::environment::amqp_url;
use waybill_test_support::private::PrivatePostgres;
use waybill_test_support::redis::TestRedis;

use super::database::Database;
use super::program::{Program, Usage, free_addresses};
use super::queues::Queues;
use super::settings::{Addresses, Tweak, text};

/// `docs/OPERATIONS.md`; then two that change nothing but what can be seen: recycled segments of log are kept, as a server
/// has them that has been running for a while, and the server notes when each transaction was committed.
const TUNED: [&str; 9] = [
    "shared_buffers=4GB",
    "max_wal_size=16GB",
    "checkpoint_timeout=15min",
    "wal_compression=lz4",
    "fsync=on",
    "synchronous_commit=on",
    "max_connections=100",
    "min_wal_size=2GB",
    "track_commit_timestamp=on",
];
const TEMPLATE: &str = "bench_template";

pub(crate) struct Stage {
    postgres: PrivatePostgres,
    maintenance: Database,
    redis: TestRedis,
    pub(crate) queues: Queues,
    broker: config::Broker,
    folder: TempDir,
    made: u32,
    /// Set for the programs.
    environment: Vec<(String, String)>,
    ingest: Option<Ingest>,
}

/// Ingest, once it runs: it knows no database, and one serves for all runs.
struct Ingest {
    program: Program,
    listens: SocketAddr,
}

/// A file for the programs, and the addresses that it gives them.
struct Configured {
    file: PathBuf,
    ingest: SocketAddr,
    ingest_ops: SocketAddr,
    worker_ops: SocketAddr,
    console: SocketAddr,
    console_ops: SocketAddr,
}

impl Stage {
    /// Starts PostgreSQL and declares the topology.
    pub(crate) async fn set_up(environment: Vec<(String, String)>) -> anyhow::Result<Self> {
        let postgres = PrivatePostgres::start_with(&TUNED)
            .await
            .context("could not start a PostgreSQL of the bench's own")?;
        let mut maintenance = Database::open(postgres.url()).await?;
        maintenance
            .execute(&format!("CREATE DATABASE {TEMPLATE}"))
            .await?;
        let template = address(&postgres, TEMPLATE);
        let settings = config::Database { url: template.into(), ..Default::default() };
        storage::migrate(&settings)
            .await
            .context("could not migrate")?;
        let broker = config::Broker {
            url: amqp_url().into(),
            prefix: format!("bench.{}", Uuid::now_v7().simple()),
            ..Default::default()
        };
        let queues = Queues::set_up(&broker).await?;
        let folder = TempDir::new()?;
        Ok(Self {
            postgres,
            maintenance,
            redis: TestRedis::new(),
            queues,
            broker,
            folder,
            made: 0,
            environment,
            ingest: None,
        })
    }

    /// A new, empty database with the schema.
    pub(crate) async fn database(&mut self) -> anyhow::Result<Database> {
        self.made += 1;
        let name = format!("bench_{}", self.made);
        self.maintenance
            .execute(&format!("CREATE DATABASE {name} TEMPLATE {TEMPLATE}"))
            .await?;
        Database::open(address(&self.postgres, &name)).await
    }

    /// Writes so much log and lets the server have it again, so that no run pays for the first use of a segment.
    pub(crate) async fn warm_up(&mut self, mebibytes: u32) -> anyhow::Result<()> {
        let write = format!(
            "SELECT count(pg_logical_emit_message(false, 'warm_up', repeat('x', 1024 * 1024))) \
             FROM generate_series(1, {mebibytes})"
        );
        for statement in [write.as_str(), "CHECKPOINT", "CHECKPOINT"] {
            self.maintenance.execute(statement).await?;
        }
        Ok(())
    }

    /// Drops a database; its connections are closed by the server.
    pub(crate) async fn drop_database(&mut self, database: Database) -> anyhow::Result<()> {
        let (_, name) = database
            .url()
            .rsplit_once('/')
            .context("an address ends with a name")?;
        let drop_it = format!("DROP DATABASE {name} WITH (FORCE)");
        self.maintenance.execute(&drop_it).await
    }

    /// Where ingest listens; it is started at the first call.
    pub(crate) async fn ingest(&mut self) -> anyhow::Result<SocketAddr> {
        if let Some(ingest) = &self.ingest {
            return Ok(ingest.listens);
        }
        let Configured { file, ingest: listens, ingest_ops, .. } =
            self.configure(&self.maintenance, Tweak::default())?;
        let program =
            Program::start("waybill-ingest", (&file, ingest_ops), &self.environment).await?;
        self.ingest = Some(Ingest { program, listens });
        Ok(listens)
    }

    /// What ingest has used so far; nothing before it runs.
    pub(crate) fn ingest_usage(&self) -> anyhow::Result<Usage> {
        let ingest = self.ingest.as_ref();
        ingest.map_or(Ok(Usage::default()), |ingest| ingest.program.usage())
    }

    pub(crate) async fn start_worker(
        &self,
        database: &Database,
        tweak: Tweak,
    ) -> anyhow::Result<Program> {
        let Configured { file, worker_ops, .. } = self.configure(database, tweak)?;
        Program::start("waybill-worker", (&file, worker_ops), &self.environment).await
    }

    /// A console, and where it listens.
    pub(crate) async fn start_console(
        &self,
        database: &Database,
    ) -> anyhow::Result<(Program, SocketAddr)> {
        let Configured { file, console, console_ops, .. } =
            self.configure(database, Tweak::default())?;
        let program =
            Program::start("waybill-console", (&file, console_ops), &self.environment).await?;
        Ok((program, console))
    }

    pub(crate) fn redis(&self) -> &Redis {
        &self.redis.config
    }

    fn configure(&self, database: &Database, tweak: Tweak) -> anyhow::Result<Configured> {
        let [ingest, ingest_ops, worker_ops, console, console_ops] = free_addresses()?;
        let addresses = Addresses {
            database,
            redis: &self.redis.config,
            broker: &self.broker,
            ingest,
            ingest_ops,
            worker_ops,
            console,
            console_ops,
        };
        let file = self.folder.path().join("waybill.toml");
        std::fs::write(&file, text(&addresses, tweak))?;
        Ok(Configured { file, ingest, ingest_ops, worker_ops, console, console_ops })
    }

    /// Deletes what was declared and stored on shared servers. What is the bench's own goes with its handles.
    pub(crate) async fn clean_up(self) -> anyhow::Result<()> {
        // Killed: nothing is in flight, and it would serve on for seconds.
        drop(self.ingest);
        self.queues.clean_up().await?;
        let redis = self.redis;
        tokio::task::spawn_blocking(move || drop(redis)).await?;
        Ok(())
    }
}

fn address(postgres: &PrivatePostgres, database: &str) -> String {
    let server = postgres.url();
    let (server, _) = server
        .rsplit_once('/')
        .expect("an address ends with a database");
    format!("{server}/{database}")
}
