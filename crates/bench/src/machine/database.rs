//! A database of one run, and what it holds in the end.

use anyhow::Context as _;
use diesel::sql_types::{BigInt, Double, Nullable, Text, Timestamptz};
use diesel::{QueryableByName, sql_query};
use diesel_async::{AsyncConnection as _, AsyncPgConnection, RunQueryDsl as _};
use waybill_common::access::{Grant, Role, Scope, Secret};
use waybill_common::clock::Clock;
use waybill_common::domain::Timestamp;
use waybill_common::storage::access::{NewToken, create_token};
use waybill_common::{config, id};

const DAY_MICROS: i64 = 86_400_000_000;

/// One run's database on the bench's own server.
pub(crate) struct Database {
    settings: config::Database,
    conn: AsyncPgConnection,
}

/// What a run must have left behind.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Expected {
    /// Webhooks received from then on.
    pub(crate) since: Timestamp,
    pub(crate) webhooks: u64,
}

#[derive(QueryableByName)]
struct Count {
    #[diesel(sql_type = BigInt)]
    count: i64,
}

#[derive(QueryableByName)]
struct Commits {
    #[diesel(sql_type = BigInt)]
    at: i64,
    #[diesel(sql_type = BigInt)]
    events: i64,
}

#[derive(QueryableByName)]
struct Measured {
    #[diesel(sql_type = Nullable<Double>)]
    value: Option<f64>,
}

#[derive(QueryableByName)]
struct Said {
    #[diesel(sql_type = Text)]
    text: String,
}

impl Database {
    pub(crate) async fn open(url: String) -> anyhow::Result<Self> {
        let conn = AsyncPgConnection::establish(&url)
            .await
            .context("could not connect to the bench's own PostgreSQL")?;
        Ok(Self { settings: config::Database { url: url.into(), ..Default::default() }, conn })
    }

    pub(crate) fn settings(&self) -> &config::Database {
        &self.settings
    }

    pub(crate) fn url(&self) -> &str {
        self.settings.url.expose()
    }

    /// Webhooks received since then that have their verdict.
    pub(crate) async fn settled(&mut self, since: Timestamp) -> anyhow::Result<u64> {
        self.count(
            "SELECT count(*) AS count FROM webhooks WHERE received_at >= $1 AND state = 'final'",
            since,
        )
        .await
    }

    /// Whether there are exactly these webhooks, each with a verdict, none of them dead.
    pub(crate) async fn ensure(&mut self, expected: Expected) -> anyhow::Result<()> {
        let settled = self.settled(expected.since).await?;
        anyhow::ensure!(
            settled == expected.webhooks,
            "{} webhooks were accepted and {settled} have a verdict",
            expected.webhooks
        );
        let astray = "SELECT count(*) AS count FROM webhooks WHERE received_at >= $1 \
             AND verdict NOT IN ('applied', 'no_change')";
        let astray = self.count(astray, expected.since).await?;
        anyhow::ensure!(astray == 0, "{astray} webhooks neither applied nor changed nothing");
        Ok(())
    }

    /// When webhooks received since then were committed, in microseconds, and how many at once; those of one order left
    /// out, by its merchant's id. The server tells the time (`track_commit_timestamp`), not the worker.
    pub(crate) async fn commits(
        &mut self,
        since: Timestamp,
        without: Option<&str>,
    ) -> anyhow::Result<Vec<(i64, u64)>> {
        let commits: Vec<Commits> = sql_query(
            "SELECT (extract(epoch FROM pg_xact_commit_timestamp(w.xmin)) * 1000000)::bigint AS at, count(*) AS events \
             FROM webhooks w WHERE w.received_at >= $1 \
             AND w.order_id IS DISTINCT FROM (SELECT o.id FROM orders o WHERE o.external_id = $2) \
             GROUP BY 1 ORDER BY 1",
        )
        .bind::<Timestamptz, _>(since.to_datetime())
        .bind::<Nullable<Text>, _>(without)
        .load(&mut self.conn)
        .await?;
        Ok(commits
            .into_iter()
            .map(|commits| (commits.at, commits.events.unsigned_abs()))
            .collect())
    }

    /// Milliseconds from received to committed, at this quantile.
    pub(crate) async fn end_to_end_ms(
        &mut self,
        since: Timestamp,
        quantile: f64,
    ) -> anyhow::Result<f64> {
        let measured: Measured = sql_query(
            "SELECT percentile_cont($2) WITHIN GROUP (ORDER BY \
                 extract(epoch FROM pg_xact_commit_timestamp(xmin) - received_at)::float8 * 1000) AS value \
             FROM webhooks WHERE received_at >= $1",
        )
        .bind::<Timestamptz, _>(since.to_datetime())
        .bind::<Double, _>(quantile)
        .get_result(&mut self.conn)
        .await?;
        measured.value.context("nothing was committed")
    }

    /// Bytes of write-ahead log written so far.
    pub(crate) async fn log_bytes(&mut self) -> anyhow::Result<f64> {
        let position =
            "SELECT pg_wal_lsn_diff(pg_current_wal_insert_lsn(), '0/0')::float8 AS value";
        let measured: Measured = sql_query(position).get_result(&mut self.conn).await?;
        measured.value.context("a server always has a position")
    }

    /// Bytes of a table with its partitions and indexes.
    pub(crate) async fn table_bytes(&mut self, table: &str) -> anyhow::Result<f64> {
        // A table without partitions is in no tree.
        let measured: Measured = sql_query(
            "SELECT COALESCE(sum(pg_total_relation_size(relid)), pg_total_relation_size($1::regclass))::float8 AS value \
             FROM pg_partition_tree($1::regclass)",
        )
        .bind::<Text, _>(table)
        .get_result(&mut self.conn)
        .await?;
        measured.value.context("the table is there")
    }

    /// Texts that a query gives in a column named `text`.
    pub(crate) async fn texts(&mut self, query: &str) -> anyhow::Result<Vec<String>> {
        let rows: Vec<Said> = sql_query(query).load(&mut self.conn).await?;
        Ok(rows.into_iter().map(|row| row.text).collect())
    }

    /// A token for the console that may look at everything but raw bodies.
    pub(crate) async fn token(&mut self) -> anyhow::Result<Secret> {
        let (secret, now) = (Secret::new("wb_"), Clock::system().now());
        let grant = Grant { role: Role::Viewer, scopes: [Scope::All].into() };
        let new = NewToken {
            id: id::at(now),
            name: "bench",
            hash: secret.hash(),
            grant: &grant,
            created_by: "bench",
            expires_at: Timestamp::from_micros_saturating(now.micros() + DAY_MICROS),
        };
        create_token(&mut self.conn, &new, now).await?;
        Ok(secret)
    }

    /// Runs statements that return nothing.
    pub(crate) async fn execute(&mut self, text: &str) -> anyhow::Result<()> {
        use diesel_async::SimpleAsyncConnection as _;
        Ok(self.conn.batch_execute(text).await?)
    }

    async fn count(&mut self, query: &str, since: Timestamp) -> anyhow::Result<u64> {
        let counted: Count = sql_query(query)
            .bind::<Timestamptz, _>(since.to_datetime())
            .get_result(&mut self.conn)
            .await?;
        Ok(counted.count.unsigned_abs())
    }
}
