//! Whether an exported trail holds.

use serde::Deserialize;
use serde_json::Value;
use uuid::Uuid;
use waybill_common::domain::audit::{Record, Row, verify_trail};
use waybill_common::domain::{Timestamp, canonical};
use waybill_common::signing::PublicKey;

use super::{FORMAT, Order, VERSION, message};

/// The file is no export of ours, or of a version that is not known here: nothing can be said about it.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum NoExport {
    #[error("the file is no JSON")]
    NoJson,
    #[error("the file is no export of an order's trail")]
    Other,
    #[error("the export is of version {0}, which is not known here")]
    Version(i64),
}

/// What was found.
#[derive(Clone, Debug, PartialEq, Eq, serde::Serialize)]
pub struct Checked {
    pub order_id: Option<Uuid>,
    pub external_id: Option<String>,
    pub exported_at: Option<Timestamp>,
    pub events: usize,
    /// Of the key that the file says it was signed with.
    pub key_id: Option<String>,
    /// Whether that key was given by whoever checks; otherwise the signature only says that the file was not changed since.
    pub key_is_trusted: bool,
    /// What does not hold: first of the file, then of the trail in its order.
    pub faults: Vec<String>,
}

/// A file's content, as far as it can be read.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Export {
    #[serde(rename = "format")]
    _format: String,
    #[serde(rename = "version")]
    _version: i64,
    exported_at: Timestamp,
    key_id: String,
    #[serde(with = "hex::serde")]
    public_key: [u8; 32],
    #[serde(with = "hex::serde")]
    signature: [u8; 64],
    order: Order,
    rows: Vec<ExportedRow>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct ExportedRow {
    record: Record,
    #[serde(with = "hex::serde")]
    prev_hash: [u8; 32],
    #[serde(with = "hex::serde")]
    hash: [u8; 32],
}

/// Checks an export: its form, its signature, every hash, the chain, and that the order is what its rows fold to. `trusted` is
/// the key that whoever checks believes.
///
/// # Errors
/// Where it is none.
pub fn check(file: &[u8], trusted: Option<&PublicKey>) -> Result<Checked, NoExport> {
    let document: Value = serde_json::from_slice(file).map_err(|_broken| NoExport::NoJson)?;
    if document["format"] != FORMAT {
        return Err(NoExport::Other);
    }
    match document["version"].as_i64() {
        Some(VERSION) => {}
        Some(other) => return Err(NoExport::Version(other)),
        None => return Err(NoExport::Other),
    }
    let mut faults = Vec::new();
    if !is_canonical(file, &document) {
        faults.push(
            "the file is not canonical JSON, byte for byte: it was changed or written anew"
                .to_owned(),
        );
    }
    match Export::deserialize(&document) {
        Ok(export) => Ok(checked(&document, export, (trusted, faults))),
        Err(error) => {
            faults.push(format!("the export cannot be read: {error}"));
            Ok(Checked {
                order_id: None,
                external_id: None,
                exported_at: None,
                events: 0,
                key_id: None,
                key_is_trusted: false,
                faults,
            })
        }
    }
}

fn checked(
    document: &Value,
    export: Export,
    (trusted, mut faults): (Option<&PublicKey>, Vec<String>),
) -> Checked {
    let Export { exported_at, key_id, public_key, signature, order, rows, .. } = export;
    let key = PublicKey::from_bytes(&public_key).expect("it has 32 bytes");
    if key.id() != key_id {
        faults.push("the key is not the one that key_id names".to_owned());
    }
    if trusted.is_some_and(|trusted| *trusted != key) {
        faults.push(format!("it was signed with the key {}, not with the one given", key.id()));
    }
    let believed = trusted.unwrap_or(&key);
    if !is_signed(document, believed, &signature) {
        faults.push(
            "the signature does not hold: something was changed after it was signed".to_owned(),
        );
    }
    let rows: Vec<Row> = rows
        .into_iter()
        .map(|row| Row { record: row.record, prev_hash: row.prev_hash, hash: row.hash })
        .collect();
    let (order_id, external_id) = (Some(order.id), order.external_id.clone());
    let trail = verify_trail(&rows, &order.stored());
    faults.extend(trail.iter().map(ToString::to_string));
    Checked {
        order_id,
        external_id,
        exported_at: Some(exported_at),
        events: rows.len(),
        key_id: Some(key.id()),
        key_is_trusted: trusted.is_some(),
        faults,
    }
}

fn is_canonical(file: &[u8], document: &Value) -> bool {
    canonical::to_vec(document).is_ok_and(|canonical| file.strip_suffix(b"\n") == Some(&canonical))
}

fn is_signed(document: &Value, key: &PublicKey, signature: &[u8]) -> bool {
    let mut unsigned = document.clone();
    if let Some(fields) = unsigned.as_object_mut() {
        fields.remove("signature");
    }
    message(&unsigned).is_ok_and(|message| key.has_signed(&message, signature))
}
