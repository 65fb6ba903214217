//! The one place that reads the time, so that tests can set it.

use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};

use crate::domain::Timestamp;

/// Tells the wall-clock time, truncated to microseconds as everywhere in Waybill.
#[derive(Clone, Debug, Default)]
pub struct Clock {
    /// Microseconds since 1970; absent: the system's clock.
    fixed: Option<Arc<AtomicI64>>,
}

impl Clock {
    /// The system's clock.
    #[must_use]
    pub fn system() -> Self {
        Self::default()
    }

    /// A clock that stands still until it is [`set`](Self::set).
    #[must_use]
    pub fn fixed_at(time: Timestamp) -> Self {
        Self { fixed: Some(Arc::new(AtomicI64::new(time.micros()))) }
    }

    /// Moves a fixed clock; every clone sees it. Does nothing to the system's clock.
    pub fn set(&self, time: Timestamp) {
        if let Some(fixed) = &self.fixed {
            fixed.store(time.micros(), Ordering::SeqCst);
        }
    }

    #[must_use]
    #[expect(clippy::disallowed_methods, reason = "this is the one reader of the system's clock")]
    pub fn now(&self) -> Timestamp {
        match &self.fixed {
            Some(fixed) => Timestamp::from_micros_saturating(fixed.load(Ordering::SeqCst)),
            None => Timestamp::saturating(chrono::Utc::now()),
        }
    }
}
