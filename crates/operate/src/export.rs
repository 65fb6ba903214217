//! An order's whole audit trail as one signed file, which anybody can check without the database and without us
//! (docs/AUDIT.md, section 7, is its format).
//!
//! The file is canonical JSON: one text for one meaning, so that nothing in it can be read in two ways, and nothing be added
//! beside what was signed. Payloads are not in it, only their hashes.

mod check;

use diesel_async::AsyncPgConnection;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use uuid::Uuid;
use waybill_common::domain::audit::Stored;
use waybill_common::domain::{Facts, OrderState, Timestamp, canonical};
use waybill_common::signing::SigningKey;
use waybill_common::storage::order_events;

use crate::orders::one;
use crate::refusal::Refusal;
use crate::trail::TrailRow;

pub use check::{Checked, NoExport, check};

/// What the file says it is.
pub const FORMAT: &str = "waybill-order-export";
/// The version of the format.
pub const VERSION: i64 = 1;
/// What is said where nothing can be signed.
pub const NO_KEY: &str = "no key is configured to sign with: `waybill export-key new` makes one for console.export_key_file";
/// Stands before what is signed, so that no signature of ours over anything else can be taken for one of an export.
const PURPOSE: &[u8] = b"waybill order export 1\n";

/// The order as its trail leaves it.
#[derive(Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Order {
    id: Uuid,
    namespace: String,
    external_id: Option<String>,
    state: OrderState,
    facts: Facts,
    #[serde(with = "hex::serde")]
    head_hash: [u8; 32],
    absorbed_into: Option<Uuid>,
}

impl Order {
    fn stored(self) -> Stored {
        Stored {
            id: self.id,
            state: self.state,
            facts: self.facts,
            head_hash: self.head_hash,
            absorbed_into: self.absorbed_into,
        }
    }
}

/// Exports an order: canonical JSON, signed, with a line end after it.
///
/// # Errors
/// As [`one`]; `Unreadable` where what is stored is none of ours.
pub async fn export(
    conn: &mut AsyncPgConnection,
    called: &str,
    key: &SigningKey,
    now: Timestamp,
) -> Result<Vec<u8>, Refusal> {
    // One snapshot: a commit in between would look like a fault.
    let document = conn
        .build_transaction()
        .repeatable_read()
        .read_only()
        .run(async |conn| {
            let order = one(conn, called).await?;
            let rows = order_events::trail(conn, order.id).await?;
            let rows: Vec<TrailRow> = rows.iter().map(TrailRow::of).collect::<Result<_, _>>()?;
            let Stored { id, state, facts, head_hash, absorbed_into } = order.stored()?;
            let (namespace, external_id) = (order.summary.namespace, order.summary.external_id);
            let order =
                Order { id, namespace, external_id, state, facts, head_hash, absorbed_into };
            Ok::<_, Refusal>(json!({
                "format": FORMAT,
                "version": VERSION,
                "exported_at": now,
                "key_id": key.public().id(),
                "public_key": hex::encode(key.public().as_bytes()),
                "order": order,
                "rows": rows,
            }))
        })
        .await?;
    signed(document, key)
}

fn signed(mut document: Value, key: &SigningKey) -> Result<Vec<u8>, Refusal> {
    let unreadable = |error: canonical::CanonicalError| Refusal::Unreadable(error.to_string());
    let message = message(&document).map_err(unreadable)?;
    document["signature"] = hex::encode(key.sign(&message)).into();
    let mut file = canonical::to_vec(&document).map_err(unreadable)?;
    file.push(b'\n');
    Ok(file)
}

/// What is signed: the document without its signature.
fn message(unsigned: &Value) -> Result<Vec<u8>, canonical::CanonicalError> {
    Ok([PURPOSE, &canonical::to_vec(unsigned)?].concat())
}

#[cfg(test)]
mod tests;
