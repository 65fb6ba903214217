//! The layers of a configuration, later ones winning; and files that hold what a key may not say in the open.
//!
//! Which of a value and its file counts is settled by layers: within one, giving both is an error; of two, the later
//! has the last word, whichever form it takes. Only the file that counts is read.

use std::collections::{BTreeMap, HashMap};
use std::path::PathBuf;

use config::{Environment, Map, Source, Value, ValueKind};

use super::load::{ConfigError, unreadable};

/// Keys whose value may stand in a file instead, named by the same key with `_file`.
const FILED: [Key; 6] = [
    ("database", "url"),
    ("database", "migrate_url"),
    ("redis", "url"),
    ("broker", "url"),
    ("console", "export_key"),
    ("oidc", "client_secret"),
];
/// Names that other tools set for everyone, and what they set here.
const WELL_KNOWN: [(&str, &str); 4] = [
    ("DATABASE_URL", "database.url"),
    ("REDIS_URL", "redis.url"),
    ("AMQP_URL", "broker.url"),
    ("OTEL_EXPORTER_OTLP_ENDPOINT", "telemetry.otlp_endpoint"),
];
/// Keys, whatever their section, whose value is a list: in the environment its elements are separated by commas.
pub(super) const LISTS: [&str; 9] = [
    "trusted_proxies",
    "delays_seconds",
    "tokens",
    "secrets",
    "allow_from",
    "operations",
    "hosts",
    "scopes",
    "payload_read",
];

/// Section and name.
type Key = (&'static str, &'static str);

/// What one place says.
#[derive(Debug)]
pub(super) struct Layer {
    /// Where it comes from, for people.
    place: String,
    values: Values,
}

/// A table as a source for the builder.
#[derive(Clone, Debug)]
struct Values(Map<String, Value>);

impl Source for Values {
    fn clone_into_box(&self) -> Box<dyn Source + Send + Sync> {
        Box::new(self.clone())
    }

    fn collect(&self) -> Result<Map<String, Value>, config::ConfigError> {
        Ok(self.0.clone())
    }
}

impl Layer {
    pub(super) fn new(
        place: impl Into<String>,
        source: impl Source + Send + Sync + 'static,
    ) -> Result<Self, ConfigError> {
        // Through a builder, which makes sections of dotted names.
        let built = config::Config::builder()
            .add_source(source)
            .build()
            .and_then(|built| built.collect())
            .map_err(unreadable)?;
        Ok(Self { place: place.into(), values: Values(built) })
    }

    /// `DATABASE_URL` and its kind.
    pub(super) fn well_known(variables: &HashMap<String, String>) -> Result<Self, ConfigError> {
        let given = WELL_KNOWN.iter().filter_map(|(variable, key)| {
            let value = variables.get(*variable).filter(|value| !value.is_empty())?;
            let origin = Some((*variable).to_owned());
            Some(((*key).to_owned(), Value::new(origin.as_ref(), value.as_str())))
        });
        Self::new("the environment", Values(given.collect()))
    }

    /// `WAYBILL__SECTION__KEY`. Every value is text, which becomes what its key wants; the library's own guessing takes
    /// a list of one number for a number.
    pub(super) fn environment(variables: HashMap<String, String>) -> Result<Self, ConfigError> {
        let mut values = Environment::with_prefix("WAYBILL")
            .prefix_separator("__")
            .separator("__")
            .ignore_empty(true)
            .source(Some(variables.into_iter().collect()))
            .collect()
            .map_err(unreadable)?;
        for (key, value) in &mut values {
            if let ValueKind::String(text) = &value.kind
                && is_list(key)
            {
                value.kind = elements(text);
            }
        }
        Self::new("the environment", Values(values))
    }

    fn says(&self, (section, name): Key) -> bool {
        self.values.0.get(section).is_some_and(
            |section| matches!(&section.kind, ValueKind::Table(table) if table.contains_key(name)),
        )
    }

    /// The file that stands in a key's place. It is not a key of any section, so it leaves the layer.
    fn take_file(&mut self, key: Key) -> Result<Option<PathBuf>, ConfigError> {
        let (section, name) = key;
        let Some(section) = self.values.0.get_mut(section) else { return Ok(None) };
        let ValueKind::Table(table) = &mut section.kind else { return Ok(None) };
        match table.remove(&format!("{name}_file")) {
            None => Ok(None),
            Some(Value { kind: ValueKind::String(path), .. }) => Ok(Some(path.into())),
            Some(_) => Err(ConfigError::NotAPath { key: dotted(key) }),
        }
    }
}

fn is_list(key: &str) -> bool {
    let name = key.rsplit('.').next().unwrap_or(key);
    LISTS.contains(&name)
}

fn elements(text: &str) -> ValueKind {
    text.split(',').map(str::trim).collect::<Vec<_>>().into()
}

/// One configuration out of all layers.
pub(super) fn merge(layers: Vec<Layer>) -> Result<config::Config, ConfigError> {
    let mut builder = config::Config::builder();
    let mut files: BTreeMap<Key, PathBuf> = BTreeMap::new();
    for mut layer in layers {
        for key in FILED {
            match (layer.says(key), layer.take_file(key)?) {
                (true, Some(_)) => {
                    return Err(ConfigError::Both { key: dotted(key), place: layer.place });
                }
                (true, None) => {
                    files.remove(&key);
                }
                (false, Some(path)) => {
                    files.insert(key, path);
                }
                (false, None) => {}
            }
        }
        builder = builder.add_source(layer.values);
    }
    for (key, path) in files {
        let value = read(&dotted(key), path)?;
        builder = builder
            .set_override(dotted(key), value)
            .map_err(unreadable)?;
    }
    builder.build().map_err(unreadable)
}

fn dotted((section, name): Key) -> String {
    format!("{section}.{name}")
}

/// What a file says in a key's place, without the space around it.
fn read(key: &str, path: PathBuf) -> Result<String, ConfigError> {
    match std::fs::read_to_string(&path) {
        Ok(text) if text.trim().is_empty() => {
            Err(ConfigError::EmptyFile { key: key.to_owned(), path })
        }
        Ok(text) => Ok(text.trim().to_owned()),
        Err(source) => Err(ConfigError::File { key: key.to_owned(), path, source }),
    }
}

#[cfg(test)]
mod tests;
