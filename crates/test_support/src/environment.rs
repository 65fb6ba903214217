//! Where the servers are that tests use.

/// `DATABASE_URL`, or PostgreSQL on its usual local port.
#[must_use]
#[expect(
    clippy::disallowed_methods,
    reason = "tests are told where the servers are by the environment alone"
)]
pub fn database_url() -> String {
    std::env::var("DATABASE_URL")
        .ok()
        .filter(|url| !url.is_empty())
        .unwrap_or_else(|| "postgres://postgres@127.0.0.1:5432/postgres".to_owned())
}
