//! Whether the database does what a worker needs of it: takes a write, from the role that services have.

use diesel::QueryResult;
use diesel::result::Error;
use diesel::sql_types::{Binary, Uuid as SqlUuid};
use diesel_async::{AsyncPgConnection, RunQueryDsl as _};
use uuid::Uuid;

use super::statement::statement;

statement! {
    struct TakeKey<'a> {
        key: &'a [u8] => Binary,
        hash: &'a [u8] => Binary,
        webhook_id: Uuid => SqlUuid,
    }
    -> ();
    "INSERT INTO event_keys (key, source, dedup_key, body_sha256, webhook_id) VALUES ($, 'probe', '', $, $)"
}

/// Writes a row and takes it back. A database that is away, stopping, read-only, full or without our schema fails here.
///
/// # Errors
/// Whatever it said.
pub async fn write(conn: &mut AsyncPgConnection) -> QueryResult<()> {
    let tried = conn
        .build_transaction()
        .read_committed()
        .run(async |conn| {
            let id = Uuid::new_v4();
            TakeKey { key: id.as_bytes(), hash: &[0; 32], webhook_id: id }
                .execute(conn)
                .await?;
            Err::<(), _>(Error::RollbackTransaction)
        })
        .await;
    match tried {
        Ok(()) | Err(Error::RollbackTransaction) => Ok(()),
        Err(error) => Err(error),
    }
}
