//! Reading the configuration: built-in defaults ← file ← environment.

use std::collections::HashMap;
use std::ffi::OsString;
use std::path::{Path, PathBuf};

use config::{File, FileFormat};

use super::layers::{Layer, merge};
use super::secret::SecretTable;
use super::{Config, Fault, Problem, Secret, check};

#[derive(Debug, thiserror::Error)]
pub enum ConfigError {
    #[error("could not read the configuration")]
    Unreadable(#[source] Fault),
    #[error("could not read the secret file {}", path.display())]
    SecretFile { path: PathBuf, source: std::io::Error },
    #[error("could not read {}, the file that {key}_file names", path.display())]
    File { key: String, path: PathBuf, source: std::io::Error },
    #[error("{}, the file that {key}_file names, is empty", path.display())]
    EmptyFile { key: String, path: PathBuf },
    #[error("{key} and {key}_file are both given in {place}: only one of them can count")]
    Both { key: String, place: String },
    #[error("{key}_file must be the path of a file")]
    NotAPath { key: String },
    #[error("the value of {variable} is not text in UTF-8")]
    NotText { variable: String },
    #[error("the configuration is not consistent:{}", list(.0))]
    Inconsistent(Vec<Problem>),
}

/// Loads what is in force: defaults, then the file (the one given, else `WAYBILL_CONFIG`), then `DATABASE_URL` and
/// its kind, then `WAYBILL__SECTION__KEY`; reads files that stand in values' place and checks that the set is consistent.
///
/// # Errors
/// Says which key, file or rule is at fault.
pub fn load(file: Option<&Path>) -> Result<Config, ConfigError> {
    load_from(file_in_force(file), texts(std::env::vars_os())?)
}

/// [`load`] with the environment as an argument.
pub(super) fn load_from(
    file: Option<PathBuf>,
    variables: HashMap<String, String>,
) -> Result<Config, ConfigError> {
    let mut layers = Vec::new();
    if let Some(path) = file {
        let place = path.display().to_string();
        layers.push(Layer::new(place, File::from(path).format(FileFormat::Toml))?);
    }
    layers.push(Layer::well_known(&variables)?);
    layers.push(Layer::environment(variables)?);
    finish(layers)
}

/// The environment as text. What is not, and not ours either, is nobody's business here.
pub(super) fn texts(
    variables: impl Iterator<Item = (OsString, OsString)>,
) -> Result<HashMap<String, String>, ConfigError> {
    let text = |(name, value): (OsString, OsString)| {
        let variable = name.into_string().ok()?;
        match value.into_string() {
            Ok(value) => Some(Ok((variable, value))),
            Err(_) if variable.to_uppercase().starts_with("WAYBILL__") => {
                Some(Err(ConfigError::NotText { variable }))
            }
            Err(_) => None,
        }
    };
    variables.filter_map(text).collect()
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
    finish(vec![Layer::new("the text", File::from_str(text, FileFormat::Toml))?])
}

/// The configuration as TOML, every secret hidden.
///
/// # Panics
/// Never: every value has a TOML form.
#[must_use]
pub fn redacted(config: &Config) -> String {
    toml::to_string_pretty(config).expect("every value has a TOML form")
}

fn finish(layers: Vec<Layer>) -> Result<Config, ConfigError> {
    let mut config: Config = merge(layers)?.try_deserialize().map_err(unreadable)?;
    read_secret_files(&mut config)?;
    let problems = check::problems(&config);
    if problems.is_empty() { Ok(config) } else { Err(ConfigError::Inconsistent(problems)) }
}

fn read_secret_files(config: &mut Config) -> Result<(), ConfigError> {
    for source in config.sources.values_mut() {
        for secret in source.keys_mut() {
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

pub(super) fn unreadable(error: config::ConfigError) -> ConfigError {
    ConfigError::Unreadable(error.into())
}

fn list(problems: &[Problem]) -> String {
    problems
        .iter()
        .map(|problem| format!("\n  - {problem}"))
        .collect()
}
