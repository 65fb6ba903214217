//! The configuration that the programs run with: addresses, names and sources. All else has its default.

use std::fmt::Write as _;
use std::net::SocketAddr;

use waybill_common::config::{self, Config};

use super::database::Database;

/// What one measurement changes on purpose.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Tweak {
    pub(crate) batch: Option<usize>,
    pub(crate) lanes: Option<usize>,
}

impl Tweak {
    /// What everyone builds first: a transaction for each webhook, as many at once as PostgreSQL has use for.
    pub(crate) const ONE_BY_ONE: Self = Self { batch: Some(1), lanes: Some(16) };
}

/// Where the servers and the programs are.
pub(crate) struct Addresses<'a> {
    pub(crate) database: &'a Database,
    pub(crate) redis: &'a config::Redis,
    pub(crate) broker: &'a config::Broker,
    pub(crate) ingest: SocketAddr,
    pub(crate) ingest_ops: SocketAddr,
    pub(crate) worker_ops: SocketAddr,
    pub(crate) console: SocketAddr,
    pub(crate) console_ops: SocketAddr,
}

/// The file's text.
pub(crate) fn text(addresses: &Addresses<'_>, tweak: Tweak) -> String {
    let Addresses { database, redis, broker, .. } = addresses;
    let Addresses { ingest, ingest_ops, worker_ops, console, console_ops, .. } = addresses;
    let mut text = format!(
        "profile = \"demo\"\n\
         [redis]\nurl = {:?}\nprefix = {:?}\n\
         [broker]\nurl = {:?}\nprefix = {:?}\n\
         [ingest]\nlisten = \"{ingest}\"\nops_listen = \"{ingest_ops}\"\n\
         [console]\nlisten = \"{console}\"\nops_listen = \"{console_ops}\"\n\
         [worker]\nops_listen = \"{worker_ops}\"\n",
        redis.url.expose(),
        redis.prefix,
        broker.url.expose(),
        broker.prefix,
    );
    if let Some(lanes) = tweak.lanes {
        writeln!(text, "lanes = {lanes}").expect("a string takes it");
    }
    write!(text, "[database]\nurl = {:?}\n", database.url()).expect("a string takes it");
    if let Some(lanes) = tweak.lanes {
        // What the configuration asks for: a connection for each lane, and two.
        writeln!(text, "pool_max = {}", lanes + 2).expect("a string takes it");
    }
    if let Some(batch) = tweak.batch {
        write!(text, "[batch]\nmax_events = {batch}\n").expect("a string takes it");
    }
    text.push_str(SOURCES);
    text
}

/// The sources as the adapters of the bench see them.
pub(crate) fn sources() -> Config {
    config::from_toml(&format!("profile = \"demo\"\n{SOURCES}"))
        .expect("the sources of the bench are configured well")
}

/// Without the rate limits of the example.
const SOURCES: &str = r#"
[sources.payments]
provider = "native"
namespace = "default"
tokens = ["bench-token"]
default_currency = "EUR"
[sources.stripe]
provider = "stripe"
namespace = "default"
live = false
secrets = ["whsec_bench"]
order_ref = "/metadata/order_id"
"#;
