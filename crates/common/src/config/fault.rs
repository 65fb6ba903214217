//! What is wrong with a configuration, without quoting it: the value at fault may be a secret in the wrong place.

use std::fmt;

use config::ConfigError;

/// A sentence that names the key and the file, never the value.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Fault(String);

impl std::error::Error for Fault {}

impl fmt::Display for Fault {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str(&self.0)
    }
}

impl From<ConfigError> for Fault {
    fn from(error: ConfigError) -> Self {
        Self(unquoted(&error))
    }
}

#[expect(
    clippy::wildcard_enum_match_arm,
    reason = "the enum is open, and the others hold no value of the configuration"
)]
fn unquoted(error: &ConfigError) -> String {
    match error {
        ConfigError::Type { expected, key, origin, .. } => {
            located(format!("invalid type, expected {expected}"), key, origin)
        }
        ConfigError::At { error, key, origin } => located(unquoted(error), key, origin),
        ConfigError::FileParse { cause, uri } => located(unquoted_toml(cause.as_ref()), &None, uri),
        ConfigError::Message(sentence) => unquoted_sentence(sentence),
        other => other.to_string(),
    }
}

fn located(what: String, key: &Option<String>, origin: &Option<String>) -> String {
    let key = key.as_ref().map(|key| format!(" for key `{key}`"));
    let origin = origin.as_ref().map(|origin| format!(" in {origin}"));
    what + &key.unwrap_or_default() + &origin.unwrap_or_default()
}

/// TOML's own sentences stand around a copy of the line, which begins with its number and a bar.
fn unquoted_toml(cause: &dyn std::error::Error) -> String {
    let text = cause.to_string();
    let quotes = |line: &str| {
        line.trim_start_matches(|letter: char| letter.is_ascii_digit() || letter == ' ')
            .starts_with('|')
    };
    let kept: Vec<&str> = text.lines().filter(|line| !quotes(line)).collect();
    kept.join(", ")
}

/// «invalid value: string "…", expected …», as serde says it.
fn unquoted_sentence(sentence: &str) -> String {
    match (sentence.split_once(": "), sentence.rsplit_once(", expected ")) {
        (Some((what @ ("invalid type" | "invalid value"), _)), Some((_, expected))) => {
            format!("{what}, expected {expected}")
        }
        _ => sentence.to_owned(),
    }
}
