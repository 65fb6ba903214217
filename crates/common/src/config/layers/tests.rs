use std::collections::HashMap;
use std::ffi::OsString;
use std::io::Write as _;
use std::os::unix::ffi::OsStringExt as _;
use std::path::{Path, PathBuf};

use tempfile::NamedTempFile;

use super::LISTS;
use crate::config::load::{load_from, texts};
use crate::config::{Config, ConfigError, Map, Source, from_toml};

/// Section and name of a key that may stand in a file, a value for it, and how to read it back.
type Filed = (&'static str, &'static str, &'static str, fn(&Config) -> &str);

const FILED: [Filed; 4] = [
    ("database", "url", "postgres://me:hunter2@db/filed", |config| config.database.url.expose()),
    ("database", "migrate_url", "postgres://owner:hunter2@db/filed", |config| {
        config.database.migrate_url.as_ref().unwrap().expose()
    }),
    ("redis", "url", "redis://:hunter2@cache/1", |config| config.redis.url.expose()),
    ("broker", "url", "amqp://me:hunter2@rabbit/%2f", |config| config.broker.url.expose()),
];

fn file(text: &str) -> NamedTempFile {
    let mut file = NamedTempFile::new().unwrap();
    file.write_all(text.as_bytes()).unwrap();
    file
}

fn variables(given: &[(&str, &str)]) -> HashMap<String, String> {
    given
        .iter()
        .map(|(name, value)| ((*name).to_owned(), (*value).to_owned()))
        .collect()
}

fn loaded(text: &str, given: &[(&str, &str)]) -> Result<Config, ConfigError> {
    load_from(Some(file(text).path().to_path_buf()), variables(given))
}

fn text(path: &Path) -> &str {
    path.to_str().unwrap()
}

#[track_caller]
fn check_refused(refused: Result<Config, ConfigError>, expected: &[&str]) {
    let told = format!("{:#}", anyhow::Error::from(refused.expect_err("must be refused")));
    for part in expected {
        assert!(told.contains(part), "{told}");
    }
    assert!(!told.contains("hunter2"), "{told}");
}

#[test]
fn every_server_can_be_named_by_a_file_in_the_file_and_in_the_environment() {
    for (section, name, value, read) in FILED {
        let secret = file(&format!("\n {value}\n\n"));
        let path = text(secret.path());

        let by_file = loaded(&format!("[{section}]\n{name}_file = '{path}'"), &[]).unwrap();
        let variable = format!("WAYBILL__{section}__{name}_FILE").to_uppercase();
        let by_environment = loaded("", &[(&variable, path)]).unwrap();

        assert_eq!((read(&by_file), read(&by_environment)), (value, value));
    }
}

#[test]
fn a_value_and_its_file_in_one_place_are_refused() {
    for (section, name, value, _) in FILED {
        let both = format!("[{section}]\n{name} = '{value}'\n{name}_file = '/run/x'");
        let told = format!("{section}.{name} and {section}.{name}_file are both given");
        check_refused(from_toml(&both), &[&told, "the text"]);
    }
    let both = [
        ("WAYBILL__REDIS__URL", "redis://:hunter2@cache/1"),
        ("WAYBILL__REDIS__URL_FILE", "/run/x"),
    ];
    check_refused(loaded("", &both), &["redis.url_file", "both given in the environment"]);
}

#[test]
fn the_later_place_has_the_last_word_in_either_form() {
    let secret = file("redis://filed/1");
    let filed = format!("[redis]\nurl_file = '{}'", text(secret.path()));
    // What does not count is not even read.
    let absent = "[redis]\nurl_file = '/nowhere'";

    for (below, above, counts) in [
        (
            "[redis]\nurl = 'redis://said/1'",
            ("WAYBILL__REDIS__URL_FILE", text(secret.path())),
            "redis://filed/1",
        ),
        (absent, ("WAYBILL__REDIS__URL", "redis://said/1"), "redis://said/1"),
        (absent, ("REDIS_URL", "redis://known/1"), "redis://known/1"),
        (absent, ("WAYBILL__REDIS__URL_FILE", text(secret.path())), "redis://filed/1"),
        (&filed, ("REDIS_URL", ""), "redis://filed/1"),
    ] {
        assert_eq!(loaded(below, &[above]).unwrap().redis.url.expose(), counts, "{below}");
    }
    let both =
        [("REDIS_URL", "redis://known/1"), ("WAYBILL__REDIS__URL_FILE", text(secret.path()))];
    assert_eq!(loaded("", &both).unwrap().redis.url.expose(), "redis://filed/1");
}

#[test]
fn a_file_that_says_nothing_is_told_by_key_and_path() {
    let named = |path: &str| from_toml(&format!("[broker]\nurl_file = '{path}'"));
    check_refused(
        named("/nowhere/amqp"),
        &["could not read /nowhere/amqp", "broker.url_file", "No such file"],
    );

    let empty = file(" \n");
    check_refused(named(text(empty.path())), &[text(empty.path()), "broker.url_file", "is empty"]);

    let mut bytes = NamedTempFile::new().unwrap();
    bytes.write_all(b"amqp://hunter2:\xff@rabbit").unwrap();
    check_refused(named(text(bytes.path())), &["could not read", "broker.url_file", "UTF-8"]);

    let wrong = file("http://hunter2@rabbit");
    check_refused(
        named(text(wrong.path())),
        &["broker.url must be a URL that begins with amqp://"],
    );
}

#[test]
fn the_file_of_a_key_must_be_a_path() {
    check_refused(
        from_toml("[redis]\nurl_file = ['hunter2']"),
        &["redis.url_file must be the path of a file"],
    );
    check_refused(from_toml("database = 'hunter2'"), &["database"]);
    check_refused(from_toml("[redis]\nprefix_file = '/run/x'"), &["prefix_file"]);
}

#[test]
fn a_list_of_one_is_a_list_in_the_environment() {
    for (said, delays) in [("1", vec![1]), ("1,2", vec![1, 2]), (" 1, 20 ", vec![1, 20])] {
        let config = loaded("", &[("WAYBILL__RETRY__DELAYS_SECONDS", said)]).unwrap();
        assert_eq!(config.retry.delays_seconds, delays);
    }
    for (said, count) in [("10.0.0.0/8", 1), ("10.0.0.0/8,fd00::/8", 2)] {
        let config = loaded("", &[("WAYBILL__INGEST__TRUSTED_PROXIES", said)]).unwrap();
        assert_eq!(config.ingest.trusted_proxies.len(), count);
    }
    let source = "profile = 'demo'\n[sources.a]\nprovider = 'generic'";
    let given = [
        ("WAYBILL__SOURCES__A__TOKENS", "12345"),
        ("WAYBILL__SOURCES__A__SECRETS", "true"),
        ("WAYBILL__SOURCES__A__ALLOW_FROM", "203.0.113.0/24"),
        ("WAYBILL__SOURCES__A__MAP__OPERATIONS", "/id"),
    ];
    let source = loaded(source, &given).unwrap().sources.remove("a").unwrap();
    assert_eq!((source.tokens[0].expose(), source.secrets[0].expose()), ("12345", "true"));
    assert_eq!((source.allow_from.len(), source.map.unwrap().operations.len()), (1, 1));
}

#[test]
fn a_list_with_a_hole_is_refused() {
    let given = [("WAYBILL__RETRY__DELAYS_SECONDS", "1,,2")];
    check_refused(loaded("", &given), &["retry.delays_seconds"]);
}

/// So that a new list does not miss its place in [`LISTS`].
#[test]
fn every_key_that_is_a_list_is_known_as_one() {
    let mut config = Config::default();
    let mut source = Source::new("generic");
    (source.tokens, source.secrets) = (vec!["a".into()], vec!["b".into()]);
    source.allow_from = vec!["10.0.0.0/8".parse().unwrap()];
    source.map = Some(Map { operations: vec!["/id".into()], ..Map::default() });
    config.sources.insert("a".into(), source);
    let oidc = serde_json::json!({
        "issuer": "https://id.example",
        "client_id": "console",
        "roles": {},
        "payload_read": ["support"],
    });
    config.oidc = Some(serde_json::from_value(oidc).unwrap());

    let mut found = Vec::new();
    note_lists(&serde_json::to_value(&config).unwrap(), &mut found);

    found.sort();
    found.dedup();
    let mut known = LISTS.to_vec();
    known.sort_unstable();
    assert_eq!(found, known);
}

fn note_lists(value: &serde_json::Value, found: &mut Vec<String>) {
    for (name, value) in value.as_object().into_iter().flatten() {
        if value.is_array() {
            found.push(name.clone());
        }
        note_lists(value, found);
    }
}

#[test]
fn numbers_and_switches_in_the_environment_become_what_their_key_is() {
    let given = [
        ("WAYBILL__WORKER__LANES", "4"),
        ("WAYBILL__TELEMETRY__SAMPLE_RATIO", "0.25"),
        ("WAYBILL__BROKER__PREFIX", "007"),
        ("WAYBILL__SOURCES__A__LIVE", "false"),
        ("WAYBILL__SOURCES__A__RATE_LIMIT__REQUESTS", "5"),
        ("WAYBILL__SOURCES__A__RATE_LIMIT__WINDOW_SECONDS", "60"),
    ];
    let config = loaded("[sources.a]\nprovider = 'native'", &given).unwrap();
    assert_eq!((config.worker.lanes, config.broker.prefix.as_str()), (4, "007"));
    assert!((config.telemetry.sample_ratio - 0.25).abs() < f64::EPSILON);
    assert!(!config.sources["a"].live);
    assert_eq!(config.sources["a"].rate_limit.unwrap().requests, 5);
    check_refused(loaded("", &[("WAYBILL__WORKER__LANES", "hunter2")]), &["worker.lanes"]);
}

#[test]
fn a_variable_of_ours_must_be_text_and_others_may_be_what_they_like() {
    let odd = || OsString::from_vec(b"hunter2\xff".to_vec());
    let environment = |name: &str| texts([(OsString::from(name), odd())].into_iter());

    assert!(environment("LS_COLORS").unwrap().is_empty());
    let refused = environment("WAYBILL__REDIS__URL").unwrap_err().to_string();
    assert_eq!(refused, "the value of WAYBILL__REDIS__URL is not text in UTF-8");
}

#[test]
fn a_file_that_is_not_there_is_told() {
    let absent = load_from(Some(PathBuf::from("/nowhere/waybill.toml")), HashMap::new());
    check_refused(absent, &["/nowhere/waybill.toml"]);
}
