//! Filling tables to the size of years, with rows as the worker writes them: what one small run left is copied under new
//! ids, names, keys and times, into the same partitions and through the same indexes. Only the hashes of the trail, which
//! nothing reads here, are the old ones.

use std::path::Path;

use anyhow::Context as _;
use tokio::process::Command;

use super::database::Database;

/// Rows written by one statement, after which the server is made to give up its log: left to itself it keeps up to
/// `max_wal_size` of it, which is a quarter of what large tables take.
const CHUNK: u64 = 200_000;
/// What must stay free beside the tables, at most: the log of two such spans, and somebody else's files.
const SPARE_BYTES: f64 = 7e9;
/// What is written little leaves little log: of each byte in a table no more than so many.
const LOG_FACTOR: f64 = 4.0;
const SPARE_BYTES_LEAST: f64 = 2e9;
/// That grow with every event.
pub(crate) const TABLES: [&str; 5] =
    ["webhooks", "event_keys", "order_events", "orders", "order_aliases"];

/// A database whose tables are being filled.
pub(crate) struct Growing {
    /// Rows of the log that are copied.
    base: u64,
    copies: u64,
}

impl Growing {
    /// Keeps what the database holds now, `base` webhooks, as what is copied.
    pub(crate) async fn from(database: &mut Database, base: u64) -> anyhow::Result<Self> {
        for table in TABLES {
            let keep = format!("CREATE UNLOGGED TABLE base_{table} AS TABLE {table}");
            database.execute(&keep).await?;
        }
        database.execute(HELPERS).await?;
        for back in 1..=24 {
            let month = format!(
                "SELECT waybill_make_webhooks_month((now() - interval '{back} months')::date)"
            );
            database.execute(&month).await?;
        }
        Ok(Self { base, copies: 0 })
    }

    /// Fills up to so many rows of the log, then lets the server come to rest.
    ///
    /// # Errors
    /// Where the disk is too small, by what the first statement took.
    pub(crate) async fn fill(&mut self, database: &mut Database, rows: u64) -> anyhow::Result<()> {
        let wanted = rows / self.base;
        let step = (CHUNK / self.base).max(1);
        let (began, before) = (self.copies, bytes(database).await?);
        while self.copies < wanted {
            let is_first = self.copies == began;
            self.copy(database, (self.copies + step).min(wanted))
                .await?;
            if is_first {
                let a_copy = (bytes(database).await? - before) / (self.copies - began) as f64;
                ensure_room(a_copy * (wanted - self.copies) as f64).await?;
            }
            database.execute("CHECKPOINT").await?;
        }
        for table in TABLES {
            database.execute(&format!("VACUUM ANALYZE {table}")).await?;
        }
        database.execute("CHECKPOINT").await
    }

    /// Adds the copies up to that one.
    async fn copy(&mut self, database: &mut Database, until: u64) -> anyhow::Result<()> {
        for insert in INSERTS {
            let insert = insert
                .replace("$from", &(self.copies + 1).to_string())
                .replace("$until", &until.to_string());
            database.execute(&insert).await?;
        }
        self.copies = until;
        Ok(())
    }
}

/// What the tables take now.
async fn bytes(database: &mut Database) -> anyhow::Result<f64> {
    let mut bytes = 0.0;
    for table in TABLES {
        bytes += database.table_bytes(table).await?;
    }
    Ok(bytes)
}

/// Whether tables can grow by so many bytes.
async fn ensure_room(tables: f64) -> anyhow::Result<()> {
    let needed = tables + (tables * LOG_FACTOR).clamp(SPARE_BYTES_LEAST, SPARE_BYTES);
    let free = free_bytes(&std::env::temp_dir()).await?;
    anyhow::ensure!(
        free >= needed,
        "the disk is too small: {:.1} GB are needed and {:.1} GB free; say fewer --rows",
        needed / 1e9,
        free / 1e9
    );
    Ok(())
}

async fn free_bytes(folder: &Path) -> anyhow::Result<f64> {
    let told = Command::new("df")
        .args(["--output=avail", "-B1"])
        .arg(folder)
        .output()
        .await
        .context("could not ask for the room on the disk")?;
    let text = String::from_utf8(told.stdout)?;
    let bytes = text.lines().nth(1).context("df tells a number")?;
    Ok(bytes.trim().parse()?)
}

/// The `k`-th copy of an id, a uuid v7 that is as much older as what it names; the same wherever it is named. And when the
/// `k`-th copy of something happened: a thousand of them reach back for twelve days.
const HELPERS: &str = "
CREATE FUNCTION copy_id(id uuid, k bigint) RETURNS uuid LANGUAGE sql IMMUTABLE AS $$
    SELECT (lpad(to_hex(('x' || substr(replace(id::text, '-', ''), 1, 12))::bit(48)::bigint - k * 1000000), 12, '0')
        || '7' || substr(md5(id::text || k), 1, 3) || '8' || substr(md5(id::text || k), 4, 15))::uuid $$;
CREATE FUNCTION copy_at(at timestamptz, k bigint) RETURNS timestamptz LANGUAGE sql IMMUTABLE AS $$
    SELECT at - k * interval '1000 seconds' $$;
";

/// One statement for each of [`TABLES`]. A copy lies together, as what is received at one time does: pages of a list are then read
/// from as few places as in life.
const INSERTS: [&str; 5] = [
    "INSERT INTO webhooks (received_at, id, source, provider, account, dedup_key, body_sha256, native_type, order_id,
         state, verdict, reason, attempts, correlation_id, trace_id, committed_at, processing_ms, body, body_encoding,
         headers)
     SELECT copy_at(received_at, k), copy_id(id, k), source, provider, account, dedup_key || '.' || k, body_sha256,
         native_type, copy_id(order_id, k), state, verdict, reason, attempts, correlation_id, trace_id,
         copy_at(committed_at, k), processing_ms, body, body_encoding, headers
     FROM base_webhooks, generate_series($from::bigint, $until::bigint) k
     ORDER BY k",
    "INSERT INTO event_keys (key, source, dedup_key, body_sha256, webhook_id, order_id)
     SELECT substr(sha256(convert_to(source, 'UTF8') || '\\x00'::bytea || convert_to(dedup_key || '.' || k, 'UTF8')),
             1, 16),
         source, dedup_key || '.' || k, body_sha256, copy_id(webhook_id, k), copy_id(order_id, k)
     FROM base_event_keys, generate_series($from::bigint, $until::bigint) k
     ORDER BY k",
    "INSERT INTO order_events (order_id, seq, kind, webhook_id, source, dedup_key, body_sha256, native_type, verdict,
         label, from_status, to_status, reason, trust, order_refs, effect, occurred_at, recorded_at, correlation_id,
         trace_id, rules, prev_hash, hash)
     SELECT copy_id(order_id, k), seq, kind, copy_id(webhook_id, k), source, dedup_key || '.' || k, body_sha256,
         native_type, verdict, label, from_status, to_status, reason, trust, order_refs, effect,
         copy_at(occurred_at, k), copy_at(recorded_at, k), correlation_id, trace_id, rules, prev_hash, hash
     FROM base_order_events, generate_series($from::bigint, $until::bigint) k
     ORDER BY k",
    "INSERT INTO orders (id, namespace, external_id, status, payment, fulfilment, dispute, lifecycle, currency,
         exponent, total, authorized, captured, refunded, disputed, flags, facts, version, last_seq, head_hash, rules,
         created_at, updated_at)
     SELECT copy_id(id, k), namespace, external_id || '.' || k, status, payment, fulfilment, dispute, lifecycle,
         currency, exponent, total, authorized, captured, refunded, disputed, flags, facts, version, last_seq,
         head_hash, rules, copy_at(created_at, k), copy_at(updated_at, k)
     FROM base_orders, generate_series($from::bigint, $until::bigint) k
     ORDER BY k",
    "INSERT INTO order_aliases (namespace, ref, order_id)
     SELECT namespace, ref || '.' || k, copy_id(order_id, k)
     FROM base_order_aliases, generate_series($from::bigint, $until::bigint) k
     ORDER BY k",
];
