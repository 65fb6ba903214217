//! `waybill config`: is it valid, and what is in force.

use std::path::Path;

use serde::Serialize;
use waybill_common::config::{self, ConfigError};

use crate::arguments::ConfigCommand;
use crate::output::{Ending, Output};

#[derive(Serialize)]
struct Checked {
    valid: bool,
    problems: Vec<String>,
}

pub(crate) fn run(
    command: &ConfigCommand,
    file: Option<&Path>,
    output: &Output,
) -> anyhow::Result<Ending> {
    match command {
        ConfigCommand::Check => check(file, output),
        ConfigCommand::Print => {
            let config = config::load(file)?;
            output.result(&config, config::redacted)?;
            Ok(Ending::Well)
        }
    }
}

fn check(file: Option<&Path>, output: &Output) -> anyhow::Result<Ending> {
    let problems = match config::load(file) {
        Ok(config) => adapters(&config),
        Err(ConfigError::Inconsistent(problems)) => {
            problems.iter().map(ToString::to_string).collect()
        }
        Err(other) => vec![format!("{:#}", anyhow::Error::from(other))],
    };
    let checked = Checked { valid: problems.is_empty(), problems };
    output.result(&checked, |checked| match checked.valid {
        true => "the configuration is valid".to_owned(),
        false => checked.problems.join("\n"),
    })?;
    Ok(if checked.valid { Ending::Well } else { Ending::NotWell })
}

/// What each source's adapter finds wrong.
fn adapters(config: &config::Config) -> Vec<String> {
    config
        .sources
        .iter()
        .filter_map(|(name, source)| waybill_providers::adapter(name, source).err())
        .map(|error| error.to_string())
        .collect()
}
