//! A database per test: a copy of a migrated template, dropped at the end, kept and named when the test failed.
//!
//! The template is called after a hash of `migrations/` and is made once, by whichever test comes first; an advisory lock
//! on the maintenance database lets one work at a time, because two copies of one template exclude each other anyway.
//! Names carry the process that made them, so that the next run drops what an aborted one left behind.

use std::path::Path;
use std::time::Duration;

use anyhow::Context as _;
use diesel::{QueryableByName, sql_query, sql_types};
use diesel_async::{
    AsyncConnection as _, AsyncPgConnection, RunQueryDsl as _, SimpleAsyncConnection as _,
};
use sha2::{Digest as _, Sha256};
use url::Url;
use uuid::Uuid;
use waybill_common::config;
use waybill_common::storage::{self, Pool, pool};

use crate::environment::database_url;

const TEMPLATE: &str = "waybill_template_";
const TEST: &str = "waybill_test_";
/// Taken while databases are made; "waybtest" in ASCII.
const LOCK: i64 = 0x7761_7962_7465_7374;
/// Enough for a worker's lanes in a test, few enough for many tests at once.
const POOL_MAX: usize = 4;

/// A migrated, empty database of its own.
pub struct TestDatabase {
    name: String,
    settings: config::Database,
    pool: Pool,
}

impl TestDatabase {
    /// Copies the template, making it first where it is missing.
    ///
    /// # Errors
    /// Says what the server refused.
    pub async fn new() -> anyhow::Result<Self> {
        let mut server = server().await?;
        lock(&mut server).await?;
        let made = Self::make(&mut server).await;
        unlock(&mut server).await?;
        made
    }

    async fn make(server: &mut AsyncPgConnection) -> anyhow::Result<Self> {
        let template = format!("{TEMPLATE}{}", migrations_hash()?);
        if !exists(server, &template).await? {
            sweep(server).await?;
            make_template(server, &template).await?;
        }
        let name = format!("{TEST}{}_{}", std::process::id(), Uuid::now_v7().simple());
        server
            .batch_execute(&format!("CREATE DATABASE {name} TEMPLATE {template}"))
            .await
            .context("could not copy the template database")?;
        let settings = settings(&name)?;
        let pool = pool::connect(&settings, POOL_MAX)?;
        Ok(Self { name, settings, pool })
    }

    /// An empty database, not migrated.
    ///
    /// # Errors
    /// Says what the server refused.
    pub async fn empty() -> anyhow::Result<Self> {
        let name = format!("{TEST}{}_{}", std::process::id(), Uuid::now_v7().simple());
        server()
            .await?
            .batch_execute(&format!("CREATE DATABASE {name} TEMPLATE template0"))
            .await?;
        let settings = settings(&name)?;
        let pool = pool::connect(&settings, POOL_MAX)?;
        Ok(Self { name, settings, pool })
    }

    /// What a service is configured with to use this database.
    #[must_use]
    pub fn settings(&self) -> &config::Database {
        &self.settings
    }

    /// The address, as it is put into `DATABASE_URL`.
    #[must_use]
    pub fn url(&self) -> &str {
        self.settings.url.expose()
    }

    #[must_use]
    pub fn pool(&self) -> &Pool {
        &self.pool
    }

    /// A connection as services have it: in the role `waybill_app`.
    ///
    /// # Errors
    /// When the pool gives none.
    pub async fn connection(&self) -> anyhow::Result<storage::Connection> {
        self.pool
            .get()
            .await
            .map_err(|error| anyhow::anyhow!("{error}"))
            .context("no connection to the test database")
    }

    /// A connection as the owner of everything.
    ///
    /// # Errors
    /// When the server refuses it.
    pub async fn owner(&self) -> anyhow::Result<AsyncPgConnection> {
        Ok(AsyncPgConnection::establish(self.url()).await?)
    }

    /// Every row of every table, as a hash for each: equal means that nothing was written.
    ///
    /// # Errors
    /// As any query.
    pub async fn fingerprint(&self) -> anyhow::Result<Vec<String>> {
        let mut owner = self.owner().await?;
        let tables = "SELECT relname::text AS name FROM pg_class \
                      WHERE relnamespace = 'public'::regnamespace AND relkind IN ('r', 'p') ORDER BY 1";
        let tables: Vec<Named> = sql_query(tables).load(&mut owner).await?;
        let mut prints = Vec::new();
        for Named { name: table } in tables {
            let print = format!(
                "SELECT '{table} ' || md5(coalesce(string_agg(row::text, '|' ORDER BY row::text), '')) AS name \
                 FROM {table} AS row"
            );
            prints.push(sql_query(print).get_result::<Named>(&mut owner).await?.name);
        }
        Ok(prints)
    }
}

impl Drop for TestDatabase {
    /// Drops the database on a thread and runtime of its own: `drop` cannot wait, and the test's runtime may be ending.
    fn drop(&mut self) {
        if std::thread::panicking() {
            report(&format!("the test failed; its database is kept: {}", self.url()));
            return;
        }
        self.pool.close();
        let name = self.name.clone();
        let dropped = std::thread::spawn(move || drop_database(&name)).join();
        if !matches!(dropped, Ok(Ok(()))) {
            report(&format!("could not drop the test database {}: {dropped:?}", self.name));
        }
    }
}

#[expect(clippy::print_stderr, reason = "tests have no other place to say it")]
fn report(text: &str) {
    eprintln!("{text}");
}

fn drop_database(name: &str) -> anyhow::Result<()> {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()?;
    runtime.block_on(async {
        server()
            .await?
            .batch_execute(&format!("DROP DATABASE IF EXISTS {name} WITH (FORCE)"))
            .await?;
        Ok(())
    })
}

async fn server() -> anyhow::Result<AsyncPgConnection> {
    AsyncPgConnection::establish(&url_of("postgres")?)
        .await
        .context("PostgreSQL does not answer: see scripts/services")
}

fn url_of(database: &str) -> anyhow::Result<String> {
    let mut url = Url::parse(&database_url()).context("DATABASE_URL is not a URL")?;
    url.set_path(database);
    Ok(url.into())
}

/// As services have it, but for patience: many tests at once keep a disk busier than any limit of production allows.
fn settings(database: &str) -> anyhow::Result<config::Database> {
    Ok(config::Database {
        url: url_of(database)?.into(),
        connect_timeout_ms: 30_000,
        statement_timeout_ms: 30_000,
        lock_timeout_ms: 10_000,
        transaction_timeout_ms: 60_000,
        ..config::Database::default()
    })
}

async fn lock(server: &mut AsyncPgConnection) -> anyhow::Result<()> {
    server
        .batch_execute(&format!("SELECT pg_advisory_lock({LOCK})"))
        .await?;
    Ok(())
}

async fn unlock(server: &mut AsyncPgConnection) -> anyhow::Result<()> {
    server
        .batch_execute(&format!("SELECT pg_advisory_unlock({LOCK})"))
        .await?;
    Ok(())
}

/// Made under another name and renamed when it is whole, so that a crash leaves no half template.
async fn make_template(server: &mut AsyncPgConnection, template: &str) -> anyhow::Result<()> {
    let half = format!("{TEST}0_half_template");
    server
        .batch_execute(&format!("DROP DATABASE IF EXISTS {half} WITH (FORCE)"))
        .await?;
    server
        .batch_execute(&format!("CREATE DATABASE {half} TEMPLATE template0"))
        .await?;
    storage::migrate(&settings(&half)?)
        .await
        .context("could not migrate the template")?;
    // The migration's connection may still be on its way out; renaming wants to be alone.
    for _try in 0..100 {
        let renamed = server
            .batch_execute(&format!("ALTER DATABASE {half} RENAME TO {template}"))
            .await;
        match renamed {
            Ok(()) => return Ok(()),
            Err(error) if error.to_string().contains("being accessed") => {
                tokio::time::sleep(Duration::from_millis(20)).await;
            }
            Err(error) => return Err(error).context("could not finish the template"),
        }
    }
    anyhow::bail!("the template stayed in use")
}

#[derive(QueryableByName)]
struct Named {
    #[diesel(sql_type = sql_types::Text)]
    name: String,
}

async fn exists(server: &mut AsyncPgConnection, database: &str) -> anyhow::Result<bool> {
    let found: Vec<Named> =
        sql_query("SELECT datname::text AS name FROM pg_database WHERE datname = $1")
            .bind::<sql_types::Text, _>(database)
            .load(server)
            .await?;
    Ok(!found.is_empty())
}

/// Drops old templates, and the databases of test processes that are gone.
async fn sweep(server: &mut AsyncPgConnection) -> anyhow::Result<()> {
    let found: Vec<Named> = sql_query(
        "SELECT datname::text AS name FROM pg_database WHERE datname ~ '^waybill_(test|template)_'",
    )
    .load(server)
    .await?;
    for Named { name } in found {
        if is_left_over(&name) {
            // Somebody else may be sweeping, or using an old template at this moment: then it is theirs.
            let dropped = server
                .batch_execute(&format!("DROP DATABASE IF EXISTS {name}"))
                .await;
            if let Err(error) = dropped {
                report(&format!("left {name} alone: {error}"));
            }
        }
    }
    Ok(())
}

fn is_left_over(name: &str) -> bool {
    match name
        .strip_prefix(TEST)
        .and_then(|rest| rest.split_once('_'))
    {
        Some((process, _)) => !Path::new("/proc").join(process).exists(),
        None => name.starts_with(TEMPLATE),
    }
}

/// Names the schema: any change to a migration makes a new template.
fn migrations_hash() -> anyhow::Result<String> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../migrations");
    let mut hash = Sha256::new();
    let mut directories = std::fs::read_dir(root)?.collect::<Result<Vec<_>, _>>()?;
    directories.sort_by_key(std::fs::DirEntry::file_name);
    for directory in directories {
        hash.update(directory.file_name().as_encoded_bytes());
        hash.update(std::fs::read(directory.path().join("up.sql"))?);
    }
    Ok(hex::encode(&hash.finalize()[..6]))
}

/// Makes the database refuse events whose key holds a word, with that SQLSTATE: what to run as the owner.
#[must_use]
pub fn refuse(word: &str, code: &str) -> String {
    refuse_while(&format!("NEW.dedup_key LIKE '%{word}%'"), code)
}

/// Makes the database refuse the first try at an event whose key holds a word, as if something passing were at fault. A
/// sequence counts the tries: it does not roll back.
#[must_use]
pub fn refuse_once(word: &str) -> String {
    let first = format!("NEW.dedup_key LIKE '%{word}%' AND nextval('public.refused') = 1");
    let counted =
        "CREATE SEQUENCE public.refused; GRANT USAGE ON SEQUENCE public.refused TO PUBLIC;";
    format!("{counted} {}", refuse_while(&first, RAISED))
}

/// The SQLSTATE of a plain RAISE: an error that may go better later.
pub const RAISED: &str = "P0001";

fn refuse_while(condition: &str, code: &str) -> String {
    format!(
        "CREATE FUNCTION refuse() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN \
           IF {condition} THEN \
             RAISE EXCEPTION 'the test refuses %', NEW.dedup_key USING ERRCODE = '{code}'; \
           END IF; RETURN NEW; END $$; \
         CREATE TRIGGER refuse BEFORE INSERT ON event_keys FOR EACH ROW EXECUTE FUNCTION refuse();"
    )
}
