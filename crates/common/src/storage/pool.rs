//! The pool of connections. Every wait has a limit, and a connection that was taken is what [`super::connection`] says.

use std::sync::Arc;
use std::time::Duration;

use deadpool::Runtime;
use deadpool::managed::QueueMode;
use diesel::ConnectionError;
use diesel_async::AsyncPgConnection;
use diesel_async::pooled_connection::deadpool::{Hook, HookError, Object};
use diesel_async::pooled_connection::{
    AsyncDieselConnectionManager, ManagerConfig, RecyclingMethod,
};
use futures_util::FutureExt as _;

use super::connection::{ConnectError, Target, only_read, take_role};
use super::migrate::require_schema;
use crate::config;

pub type Pool = diesel_async::pooled_connection::deadpool::Pool<AsyncPgConnection>;
/// A connection that goes back when it is dropped; one with an open or broken transaction is thrown away instead.
pub type Connection = Object<AsyncPgConnection>;
pub type PoolError = diesel_async::pooled_connection::deadpool::PoolError;

const WAIT_TIMEOUT: Duration = Duration::from_secs(2);
const RECYCLE_TIMEOUT: Duration = Duration::from_secs(2);
/// After a failover old connections may still reach a server that only reads; none lives long enough to keep doing so.
const AGE_MAX: Duration = Duration::from_secs(300);

/// What the connections of a pool are for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Use {
    Write,
    /// The server refuses every write.
    Read,
}

/// A pool of at most `max` connections. It makes none yet: a service starts, and waits, without its database too.
///
/// # Errors
/// `Url` or `Certificates`: what no waiting mends. Whatever is wrong with the server is told by `pool.get()`; a
/// missing role or an old schema say «run `waybill migrate`».
pub fn connect(settings: &config::Database, max: usize) -> Result<Pool, ConnectError> {
    build(settings, max, Use::Write)
}

/// As [`connect`], but nothing can be written over its connections.
///
/// # Errors
/// As [`connect`].
pub fn connect_to_read(settings: &config::Database, max: usize) -> Result<Pool, ConnectError> {
    build(settings, max, Use::Read)
}

fn build(settings: &config::Database, max: usize, purpose: Use) -> Result<Pool, ConnectError> {
    let connect_timeout = Duration::from_millis(settings.connect_timeout_ms);
    let target = Arc::new(Target::parse(settings.url.expose(), connect_timeout)?);
    let settings = Arc::new(settings.clone());
    let mut manager = ManagerConfig::default();
    // A query before each use costs as much as the use; a broken connection tells soon enough.
    manager.recycling_method = RecyclingMethod::Fast;
    manager.custom_setup = Box::new(move |_url| {
        let (target, settings) = (Arc::clone(&target), Arc::clone(&settings));
        async move { open(&target, &settings, purpose).await.map_err(told) }.boxed()
    });
    let pool = Pool::builder(AsyncDieselConnectionManager::new_with_config("", manager))
        .max_size(max)
        // The one that was used last: its server process has its plans and the tables at hand.
        .queue_mode(QueueMode::Lifo)
        .wait_timeout(Some(WAIT_TIMEOUT))
        .create_timeout(Some(connect_timeout))
        .recycle_timeout(Some(RECYCLE_TIMEOUT))
        .runtime(Runtime::Tokio1)
        .pre_recycle(Hook::sync_fn(|_, metrics| match metrics.age() {
            age if age > AGE_MAX => Err(HookError::message("old enough")),
            _ => Ok(()),
        }))
        .build()
        .expect("a runtime is given, and nothing else can be missing");
    Ok(pool)
}

async fn open(
    target: &Target,
    settings: &config::Database,
    purpose: Use,
) -> Result<AsyncPgConnection, ConnectError> {
    let mut conn = target.connect().await?;
    take_role(&mut conn, settings).await?;
    require_schema(&mut conn).await?;
    if purpose == Use::Read {
        only_read(&mut conn).await?;
    }
    Ok(conn)
}

fn told(error: ConnectError) -> ConnectionError {
    ConnectionError::BadConnection(error.to_string())
}
