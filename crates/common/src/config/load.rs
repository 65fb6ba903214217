//! Reading the configuration: built-in defaults ← file ← environment.

use std::path::{Path, PathBuf};

use config::builder::DefaultState;
use config::{ConfigBuilder, Environment, File, FileFormat};

use super::secret::SecretTable;
use super::{Config, Fault, Problem, Secret, check};

/// Names that other tools set for everyone, and what they set here.
const WELL_KNOWN: [(&str, &str); 4] = [
    ("DATABASE_URL", "database.url"),
    ("REDIS_URL", "redis.url"),
    ("AMQP_URL", "broker.url"),
    ("OTEL_EXPORTER_OTLP_ENDPOINT", "telemetry.otlp_endpoint"),
];

#[derive(Debug, thiserror::Error)]
pub enum ConfigError {
    #[error("could not read the configuration")]
    Unreadable(#[source] Fault),
    #[error("could not read the secret file {}", path.display())]
    SecretFile { path: PathBuf, source: std::io::Error },
    #[error("the configuration is not consistent:{}", list(.0))]
    Inconsistent(Vec<Problem>),
}

/// Loads what is in force: defaults, then the file (the one given, else `WAYBILL_CONFIG`), then `DATABASE_URL` and
/// its kind, then `WAYBILL__SECTION__KEY`; reads secret files and checks that the set is consistent.
///
/// # Errors
/// Says which key, file or rule is at fault.
#[expect(clippy::disallowed_methods, reason = "the one reader of the environment")]
pub fn load(file: Option<&Path>) -> Result<Config, ConfigError> {
    let mut builder = config::Config::builder();
    if let Some(path) = file_in_force(file) {
        builder = builder.add_source(File::from(path).format(FileFormat::Toml));
    }
    let mut well_known = config::Config::builder();
    for (variable, key) in WELL_KNOWN {
        let value = std::env::var(variable)
            .ok()
            .filter(|value| !value.is_empty());
        well_known = well_known
            .set_override_option(key, value)
            .map_err(unreadable)?;
    }
    let environment = Environment::with_prefix("WAYBILL")
        .prefix_separator("__")
        .separator("__")
        .ignore_empty(true)
        .try_parsing(true)
        .list_separator(",")
        .with_list_parse_key("ingest.trusted_proxies")
        .with_list_parse_key("retry.delays_seconds");
    finish(
        builder
            .add_source(well_known.build().map_err(unreadable)?)
            .add_source(environment),
    )
}

/// The file that [`load`] reads: the one given, else `WAYBILL_CONFIG`.
#[must_use]
#[expect(clippy::disallowed_methods, reason = "the one reader of the environment")]
pub fn file_in_force(given: Option<&Path>) -> Option<PathBuf> {
    given
        .map(Path::to_path_buf)
        .or_else(|| std::env::var("WAYBILL_CONFIG").ok().map(PathBuf::from))
}

/// Loads from text alone, as tests do.
///
/// # Errors
/// As [`load`].
pub fn from_toml(text: &str) -> Result<Config, ConfigError> {
    finish(config::Config::builder().add_source(File::from_str(text, FileFormat::Toml)))
}

/// The configuration as TOML, every secret hidden.
///
/// # Panics
/// Never: every value has a TOML form.
#[must_use]
pub fn redacted(config: &Config) -> String {
    toml::to_string_pretty(config).expect("every value has a TOML form")
}

fn finish(builder: ConfigBuilder<DefaultState>) -> Result<Config, ConfigError> {
    let mut config: Config = builder
        .build()
        .and_then(config::Config::try_deserialize)
        .map_err(unreadable)?;
    read_secret_files(&mut config)?;
    let problems = check::problems(&config);
    if problems.is_empty() { Ok(config) } else { Err(ConfigError::Inconsistent(problems)) }
}

fn read_secret_files(config: &mut Config) -> Result<(), ConfigError> {
    for source in config.sources.values_mut() {
        for secret in source.secrets.iter_mut().chain(&mut source.tokens) {
            if let Secret::Table(table) = secret {
                read_secret_file(table)?;
            }
        }
    }
    Ok(())
}

fn read_secret_file(table: &mut SecretTable) -> Result<(), ConfigError> {
    if let Some(path) = &table.file {
        let text = std::fs::read_to_string(path)
            .map_err(|source| ConfigError::SecretFile { path: path.clone(), source })?;
        table.value = Some(text.trim_end_matches(['\r', '\n']).into());
    }
    Ok(())
}

fn unreadable(error: config::ConfigError) -> ConfigError {
    ConfigError::Unreadable(error.into())
}

fn list(problems: &[Problem]) -> String {
    problems
        .iter()
        .map(|problem| format!("\n  - {problem}"))
        .collect()
}
