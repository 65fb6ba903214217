use super::*;

const SHIPPED: &str = include_str!("../../../../waybill.example.toml");
const DOCUMENTED: &str = include_str!("../../../../docs/CONFIGURATION.md");

#[track_caller]
fn check_refused(change: &str, expected: &str) {
    let message = from_toml(change).expect_err("must be refused");
    let text = format!("{:#}", anyhow::Error::from(message));
    assert!(text.contains(expected), "{text}");
}

#[test]
fn the_shipped_example_is_valid_and_says_what_the_defaults_are() {
    let shipped = from_toml(SHIPPED).unwrap();
    let mut expected = Config { sources: shipped.sources.clone(), ..Config::default() };
    expected.profile = Profile::Demo;
    assert_eq!(redacted(&shipped), redacted(&expected));
}

#[test]
fn the_other_configurations_that_ship_are_valid() {
    from_toml(include_str!("../../../../docker/waybill.toml")).unwrap();
    // Its secrets are files of the cluster.
    let deployed = include_str!("../../../../deploy/base/waybill.toml")
        .replace("file = \"/etc/waybill/secrets/", "value = \"a secret of 24 bytes or more: ");
    from_toml(&deployed).unwrap();
}

#[test]
fn every_key_of_the_example_is_documented() {
    let mut section = String::new();
    for line in SHIPPED.lines() {
        let line = line.trim_start_matches("# ");
        if let Some(name) = line.strip_prefix('[') {
            // Sources are documented once, whatever their name.
            let name = name.split_once(']').expect("a section ends").0;
            section = if name.starts_with("sources.") { String::new() } else { format!("{name}.") };
        } else if let Some((key, _)) = line.split_once(" = ").filter(|(key, _)| !key.contains(' '))
        {
            assert!(
                [format!("`{key}`"), format!("`{section}{key}`")]
                    .iter()
                    .any(|name| DOCUMENTED.contains(name.as_str())),
                "docs/CONFIGURATION.md does not mention {section}{key}"
            );
        }
    }
}

#[test]
fn unknown_keys_are_refused_by_name() {
    check_refused("[broker]\nshard = 2", "shard");
    check_refused("[sources.a]\nprovider = 'native'\nsecret = 'x'", "secret");
}

#[test]
fn sets_that_cannot_work_together_are_refused() {
    check_refused("[lock]\nttl_ms = 1000", "lock.ttl_ms must be at least 1.5 ×");
    check_refused(
        "[broker]\nconfirm_timeout_ms = 4500",
        "broker.confirm_timeout_ms must be less than",
    );
    check_refused("[ingest]\nanswer_timeout_ms = 6000", "the least that senders wait");
    check_refused("[backpressure]\nsoft_age_seconds = 900", "backpressure.soft_age_seconds");
    check_refused("[redis]\nmarker_ttl_seconds = 60", "as long as senders repeat");
    check_refused("[database]\npool_max = 2", "database.pool_max");
    check_refused(
        "[database]\nstatement_timeout_ms = 9000",
        "database.transaction_timeout_ms must be more",
    );
    check_refused("[retry]\ndelays_seconds = [10, 5]", "rising delays");
    check_refused("[ingest]\nops_listen = '0.0.0.0:8000'", "must not be the same listener");
    check_refused("[broker]\nprefix = 'a b'", "broker.prefix");
    check_refused("[worker]\nlanes = 0", "worker.lanes must be at least 1");
    check_refused("[telemetry]\nsample_ratio = 1.5", "telemetry.sample_ratio");
    check_refused(
        "[broker]\nurl = 'http://x'",
        "broker.url must be a URL that begins with amqp://",
    );
    check_refused("[redis]\nurl = '127.0.0.1:6379'", "redis.url must be");
    check_refused("[database]\nurl = 'host=x user=y'", "database.url must be");
}

#[test]
fn sources_are_checked_one_by_one() {
    let source =
        |keys: &str| format!("profile = 'demo'\n[sources.shop]\nprovider = 'native'\n{keys}");
    check_refused(&source("duplicate_status = 500"), "must be 200 or 409");
    check_refused(&source("default_currency = 'XXX'"), "default_currency");
    check_refused(&source("order_ref = 'metadata'"), "JSON pointer");
    check_refused(&source("tokens = ['']"), "must not be empty");
    check_refused(&source("tokens = ['a', 'b', 'c', 'd']"), "at most 3");
    check_refused(
        &source("rate_limit = { requests = 0, window_seconds = 60 }"),
        "at least one request",
    );
}

#[test]
fn what_may_be_asked_of_providers_is_named_well() {
    check_refused("[fetch]\nhosts = ['https://api.paypal.com/']", "fetch.hosts must be names");
    check_refused("[fetch]\ntimeout_ms = 4000", "less than ingest.answer_timeout_ms");
    check_refused("[fetch]\ntimeout_ms = 0", "fetch.timeout_ms");
    check_refused("[fetch]\nconcurrency = 0", "fetch.concurrency");
    check_refused("[fetch]\ndelays_seconds = [5, 5]", "rising delays");
    check_refused(
        "[sources.a]\nprovider = 'stripe'\napi_key = ''\nsecrets = ['a-secret-that-is-long-enough']",
        "sources.a.api_key must not be empty",
    );
    let config = from_toml("[fetch]\nresolve = { 'api.paypal.com' = '127.0.0.1:8443' }").unwrap();
    assert_eq!(config.fetch.resolve["api.paypal.com"].port(), 8443);
}

#[test]
fn a_console_that_browsers_cannot_trust_is_refused() {
    for url in [
        "waybill.example.com",
        "ftp://waybill.example.com",
        "https://waybill.example.com/console",
        "https://waybill.example.com/?a=b",
        "https://ada@waybill.example.com",
    ] {
        check_refused(&format!("[console]\npublic_url = '{url}'"), "console.public_url must be");
    }
    for url in [
        "https://traces.example.com/",
        "javascript:alert('{trace_id}')",
        "https://{trace_id}.example.com",
        "{trace_id}",
    ] {
        check_refused(&format!("[console]\ntrace_url = \"{url}\""), "console.trace_url must be");
    }
    check_refused("[console]\nsession_idle_minutes = 0", "console.session_idle_minutes");
    check_refused("[console]\nsession_idle_minutes = 721", "console.session_idle_minutes");
    check_refused("[console]\naccount_failures_max = 0", "console.account_failures_max");
    check_refused("[console]\naddress_failures_max = 0", "address_failures_max");
    check_refused("[console]\nread_pool_max = 0", "console.read_pool_max must be at least 1");

    let open = "[console]\nlisten = '0.0.0.0:8080'\n";
    let needs_https = "console.public_url must begin with https://";
    check_refused(open, needs_https);
    check_refused(&format!("{open}public_url = 'http://waybill.example.com'"), needs_https);
    from_toml(&format!("{open}public_url = 'https://waybill.example.com'")).unwrap();
    from_toml(&format!("profile = 'demo'\n{open}")).unwrap();
}

#[test]
fn production_refuses_weak_shared_and_sample_secrets() {
    let one = |secret: &str| format!("[sources.a]\nprovider = 'stripe'\nsecrets = ['{secret}']");
    check_refused(&one("short"), "at least 24 bytes");
    check_refused(&one("whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"), "from documentation");
    let long = "a-secret-that-is-long-enough-for-anyone";
    let both = format!("{}\n[sources.b]\nprovider = 'stripe'\nsecrets = ['{long}']", one(long));
    check_refused(&both, "must not share a secret");
    assert!(from_toml(&one(long)).is_ok());
    // What is public may be shared.
    let public = "whpk_A6EHv/POEL4dcN0Y50vAmWfk1jCbpQ1fHdyGZBJVMbg=";
    let both =
        format!("{}\n[sources.b]\nprovider = 'standard'\nsecrets = ['{public}']", one(public));
    assert!(from_toml(&both).is_ok());
}

#[test]
fn production_lets_no_stranger_choose_its_address() {
    for everyone in ["0.0.0.0/0", "::/0"] {
        let text = format!("[ingest]\ntrusted_proxies = ['10.0.0.0/8', '{everyone}']");
        check_refused(&text, "ingest.trusted_proxies must not trust");
    }
    check_refused("[ingest]\ntrusted_proxies = ['10.0.0.0/33']", "trusted_proxies");
    check_refused("[sources.a]\nprovider = 'native'\nallow_from = ['here']", "allow_from");
}

#[test]
fn secrets_never_show() {
    let text = "profile = 'demo'\n[database]\nurl = 'postgres://me:hunter2@db/waybill'\n\
                [sources.a]\nprovider = 'stripe'\nsecrets = ['whsec_hunter2', { value = 'hunter2' }]";
    let config = from_toml(text).unwrap();
    for shown in [redacted(&config), format!("{config:?}")] {
        assert!(!shown.contains("hunter2"), "{shown}");
    }
    assert!(redacted(&config).contains("postgres://me:redacted@db/waybill"));
}

#[test]
fn what_is_wrong_with_a_configuration_is_told_without_quoting_it() {
    let source = |keys: &str| format!("profile = 'demo'\n[sources.a]\nprovider = 'stripe'\n{keys}");
    for (keys, named) in [
        ("secrets = ['hunter2", "line 4"),
        ("secrets = 'hunter2'", "sources.a.secrets"),
        ("secrets = [{ value = ['hunter2'] }]", "sources.a.secrets"),
        ("live = 'hunter2'", "live"),
        ("rate_limit = 'hunter2'", "rate_limit"),
        ("secrets = [{ value = 'x', not_after = 'hunter2' }]", "secrets"),
    ] {
        let error = anyhow::Error::from(from_toml(&source(keys)).expect_err(keys));
        let text = format!("{error:#} {error:?}");
        assert!(!text.contains("hunter2"), "{text}");
        assert!(text.contains(named), "{keys}: {text}");
    }
}

#[test]
fn a_secret_is_active_only_in_its_time() {
    let text = "profile = 'demo'\n[sources.a]\nprovider = 'stripe'\n\
                secrets = [{ value = 'x', not_before = '2026-01-01T00:00:00Z', not_after = '2026-01-02T00:00:00Z' }]";
    let config = from_toml(text).unwrap();
    let active = |time| {
        config.sources["a"].secrets[0].is_active(crate::domain::Timestamp::parse(time).unwrap())
    };
    assert!(!active("2025-12-31T23:59:59Z"));
    assert!(active("2026-01-01T00:00:00Z"));
    assert!(active("2026-01-02T00:00:00Z"));
    assert!(!active("2026-01-02T00:00:01Z"));
}

#[test]
fn a_source_without_a_namespace_stands_alone() {
    let shipped = from_toml(SHIPPED).unwrap();
    assert_eq!(shipped.namespace_of("payments"), "default");
    assert_eq!(shipped.namespace_of("gone"), "gone");
}
