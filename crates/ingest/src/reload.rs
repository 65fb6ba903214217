//! New secrets without a restart: the configuration is read again on SIGHUP and when its file or a secret's file changes.
//!
//! Only `[sources]` is taken over: adapters are built anew and swapped as a whole, so that a request meets either the old
//! ones or the new ones, and none is dropped. A new configuration that cannot work is refused, told once, and tried again
//! at every look, for a file that is still being written becomes whole without another change. Files are told apart by
//! what they are and not by what they are called: mounted secrets are changed by pointing a symbolic link elsewhere.

use std::collections::BTreeMap;
use std::fs;
use std::os::unix::fs::MetadataExt as _;
use std::path::{Path, PathBuf};
use std::time::Duration;

use actix_web::web::Data;
use anyhow::Context as _;
use tokio::signal::unix::{Signal, SignalKind, signal};
use tokio::time::{MissedTickBehavior, interval};
use waybill_common::config::{self, Config};
use waybill_common::shutdown::Shutdown;

use crate::app::App;

/// Often enough for a person who waits for a secret to count.
const LOOK_EVERY: Duration = Duration::from_secs(2);

/// Follows one configuration file.
pub(crate) struct Reload {
    app: Data<App>,
    given: Option<PathBuf>,
    config: Config,
    seen: Seen,
}

/// What each file was at the last look.
type Seen = BTreeMap<PathBuf, Option<Stamp>>;

/// Changes whenever a file's content may have.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Stamp {
    device: u64,
    inode: u64,
    bytes: u64,
    modified: (i64, i64),
    changed: (i64, i64),
}

impl Reload {
    /// Follows `given`, or what `WAYBILL_CONFIG` names; `config` is what was read of it at start.
    pub(crate) fn new(app: Data<App>, given: Option<&Path>, config: Config) -> Self {
        let mut reload =
            Self { app, given: given.map(Path::to_path_buf), config, seen: Seen::new() };
        reload.seen = reload.look();
        reload
    }

    /// Looks until the service stops.
    pub(crate) async fn run(mut self, shutdown: Shutdown) {
        let mut hangup = match signal(SignalKind::hangup()) {
            Ok(hangup) => Some(hangup),
            Err(error) => {
                tracing::warn!(%error, "could not listen to SIGHUP: only files are watched");
                None
            }
        };
        let mut looks = interval(LOOK_EVERY);
        looks.set_missed_tick_behavior(MissedTickBehavior::Delay);
        loop {
            tokio::select! {
                () = shutdown.begun() => return,
                () = told(hangup.as_mut()) => self.read_again(),
                _ = looks.tick() => if self.has_changed() || self.app.refused.load().is_some() {
                    self.read_again();
                },
            }
        }
    }

    /// Local files, and small ones: reading them does not hold up the runtime.
    fn look(&self) -> Seen {
        config::file_in_force(self.given.as_deref())
            .into_iter()
            .chain(self.config.secret_files().map(Path::to_path_buf))
            .map(|path| {
                let stamp = Stamp::of(&path);
                (path, stamp)
            })
            .collect()
    }

    fn has_changed(&self) -> bool {
        self.look() != self.seen
    }

    fn read_again(&mut self) {
        // Before reading: what changes meanwhile is seen by the next look, and so is a file that is named for the first time.
        self.seen = self.look();
        match self.take_over() {
            Ok(()) => {
                self.app.refused.store(None);
                self.app.metrics.reloaded(true);
                tracing::info!(sources = self.config.sources.len(), "the sources were read again");
            }
            Err(error) => {
                let reason = format!("{error:#}");
                if self.app.refused.load().as_deref() != Some(&reason) {
                    self.app.metrics.reloaded(false);
                    tracing::error!(reason, "the new configuration is refused, the old one stays");
                }
                self.app.refused.store(Some(reason.into()));
            }
        }
    }

    fn take_over(&mut self) -> anyhow::Result<()> {
        let config = config::load(self.given.as_deref())?;
        let before = self.app.sources.load();
        let sources = before
            .next(&config, self.app.clock.now())
            .context("the configuration cannot work")?;
        if besides_sources(&config) != besides_sources(&self.config) {
            tracing::warn!("more than [sources] has changed: the rest needs a restart");
        }
        self.app.sources.store(sources.into());
        self.config = config;
        Ok(())
    }
}

async fn told(hangup: Option<&mut Signal>) {
    match hangup {
        Some(hangup) => {
            hangup.recv().await;
        }
        None => std::future::pending().await,
    }
}

fn besides_sources(config: &Config) -> String {
    config::redacted(&Config { sources: BTreeMap::new(), ..config.clone() })
}

impl Stamp {
    /// Absent: there is no such file.
    fn of(path: &Path) -> Option<Self> {
        let file = fs::metadata(path).ok()?;
        Some(Self {
            device: file.dev(),
            inode: file.ino(),
            bytes: file.len(),
            modified: (file.mtime(), file.mtime_nsec()),
            changed: (file.ctime(), file.ctime_nsec()),
        })
    }
}
