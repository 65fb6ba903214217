//! `waybill verify --file`: an exported trail, without a database and without a configuration.

use std::fs;
use std::path::Path;

use anyhow::Context as _;
use waybill_common::signing::PublicKey;
use waybill_operate::export::{Checked, check};

use crate::output::{Ending, Output};

pub(crate) fn run(path: &Path, key: Option<&Path>, output: &Output) -> anyhow::Result<Ending> {
    let read =
        |path: &Path| fs::read(path).with_context(|| format!("could not read {}", path.display()));
    let trusted = match key {
        Some(path) => {
            let pem = String::from_utf8_lossy(&read(path)?).into_owned();
            let key = PublicKey::from_pem(&pem);
            Some(key.with_context(|| format!("could not use {}", path.display()))?)
        }
        None => None,
    };
    let checked = check(&read(path)?, trusted.as_ref())
        .with_context(|| format!("could not check {}", path.display()))?;
    output.result(&checked, people)?;
    Ok(if checked.faults.is_empty() { Ending::Well } else { Ending::NotWell })
}

fn people(checked: &Checked) -> String {
    let mut lines = Vec::new();
    if let (Some(id), Some(at)) = (checked.order_id, checked.exported_at) {
        let name = checked
            .external_id
            .as_deref()
            .unwrap_or("no name of the merchant");
        lines.push(format!("order {id} ({name}), exported {at}, {} events", checked.events));
    }
    if let Some(id) = &checked.key_id {
        lines.push(match checked.key_is_trusted {
            true => format!("signed with the key {id}, the one given"),
            false => format!(
                "signed with the key {id}, which nobody vouches for: give --key with one that you trust"
            ),
        });
    }
    match checked.faults.is_empty() {
        true => lines.push(
            "the signature, every hash and the chain hold, and the state is the fold of the trail"
                .to_owned(),
        ),
        false => lines.extend(
            checked
                .faults
                .iter()
                .map(|fault| format!("does not hold: {fault}")),
        ),
    }
    lines.join("\n")
}
