//! What shells and readers need.

use std::process::{Command, Stdio};

use crate::support::command;

#[test]
fn bash_takes_its_completions() -> anyhow::Result<()> {
    let folder = tempfile::tempdir()?;
    let script = folder.path().join("waybill");
    let printed = command(&["completions", "bash"]).assert().success();
    std::fs::write(&script, &printed.get_output().stdout)?;
    let checked = Command::new("bash").arg("-n").arg(&script).status()?;
    assert!(checked.success());
    Ok(())
}

#[test]
fn a_broken_configuration_is_no_reason_to_have_no_manual() {
    let nowhere = ["--config", "/nowhere/waybill.toml"];
    for arguments in [&["completions", "fish"][..], &["man"]] {
        command(&[arguments, &nowhere].concat()).assert().success();
    }
    command(&["man", "--dir", "/proc/nowhere"]).assert().code(2);
}

#[test]
fn a_reader_that_goes_away_ends_it_quietly() -> anyhow::Result<()> {
    let (reader, writer) = std::io::pipe()?;
    drop(reader);
    let ended = Command::new(env!("CARGO_BIN_EXE_waybill"))
        .args(["completions", "bash"])
        .stdout(writer)
        .stderr(Stdio::piped())
        .output()?;
    assert_eq!((ended.status.code(), ended.stderr), (Some(2), Vec::new()));
    Ok(())
}
