//! Where the servers are that tests use.

/// `DATABASE_URL`, or PostgreSQL on its usual local port.
#[must_use]
pub fn database_url() -> String {
    url("DATABASE_URL", "postgres://postgres@127.0.0.1:5432/postgres")
}

/// `AMQP_URL`, or RabbitMQ on its usual local port.
#[must_use]
pub fn amqp_url() -> String {
    url("AMQP_URL", "amqp://guest:guest@127.0.0.1:5672/%2f")
}

/// `REDIS_URL`, or Redis on its usual local port.
#[must_use]
pub fn redis_url() -> String {
    url("REDIS_URL", "redis://127.0.0.1:6379")
}

#[expect(
    clippy::disallowed_methods,
    reason = "tests are told where the servers are by the environment alone"
)]
fn url(name: &str, usual: &str) -> String {
    let set = std::env::var(name).ok();
    set.filter(|url| !url.is_empty())
        .unwrap_or_else(|| usual.to_owned())
}
