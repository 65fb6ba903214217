//! `waybill orders export`, `waybill export-key`: an order's trail as a signed file, and the key that signs it.

use std::fs;
use std::path::Path;

use anyhow::Context as _;
use serde::Deserialize;
use waybill_common::config::Config;
use waybill_common::signing::SigningKey;

use crate::output::{Ending, Output};
use crate::show::plain;
use crate::way::{Way, signing_key};

/// What is told of an export.
#[derive(Deserialize)]
struct Signed {
    key_id: String,
}

/// A new private key: a secret, for `console.export_key_file`. It needs no configuration.
pub(crate) fn new_key(output: &Output) -> anyhow::Result<Ending> {
    output.note("a secret: keep it in the file that console.export_key_file names");
    let pem = SigningKey::generate().to_pem();
    output.result(&pem, |pem| pem.trim_end().to_owned())
}

/// What whoever checks exports needs.
pub(crate) fn public_key(config: &Config, output: &Output) -> anyhow::Result<Ending> {
    let pem = signing_key(config)?.public().to_pem();
    output.result(&pem, |pem| pem.trim_end().to_owned())
}

/// Byte for byte, to a file or standard output: the export is what it is, for people and programs.
pub(crate) async fn order(
    called: &str,
    out: Option<&Path>,
    (way, output): (&Way, &Output),
) -> anyhow::Result<Ending> {
    let file = way.export(called).await?;
    match out {
        Some(path) => {
            fs::write(path, &file)
                .with_context(|| format!("could not write {}", path.display()))?;
            let signed: Signed = serde_json::from_slice(&file).context("that is no export")?;
            let key = plain(&signed.key_id);
            output.note(&format!("signed with the key {key}, written to {}", path.display()));
        }
        None => output.bytes(&file).context("could not write the export")?,
    }
    Ok(Ending::Well)
}
