//! One stay at the broker: a set of channels, from opening them to closing them.
//!
//! A session ends as a whole: when a channel fails, when the breaker opens, when a batch panics, or when the worker
//! stops. Whatever is in hand then and not acknowledged is given back by closing the channels, once.

use std::collections::BTreeMap;

use tokio_util::sync::CancellationToken;
use waybill_common::broker::Settler;

use crate::taken::Hand;

pub(crate) struct Session {
    settlers: Vec<Settler>,
    ended: CancellationToken,
}

impl Session {
    /// `settlers` by channel, in the order in which [`Hand::channel`] counts.
    pub(crate) fn new(settlers: Vec<Settler>) -> Self {
        Self { settlers, ended: CancellationToken::new() }
    }

    /// Nothing more is to be begun; what is in hand goes back.
    pub(crate) fn end(&self) {
        self.ended.cancel();
    }

    pub(crate) async fn ended(&self) {
        self.ended.cancelled().await;
    }

    /// Acknowledges these messages, each on the channel that it came on. One that could not be acknowledged comes again,
    /// and its claim in the database makes that harmless.
    pub(crate) async fn acknowledge(&self, hands: Vec<Hand>) {
        let mut by_channel: BTreeMap<usize, Vec<_>> = BTreeMap::new();
        for hand in hands {
            by_channel
                .entry(hand.channel)
                .or_default()
                .push(hand.delivery.acker);
        }
        for (channel, ackers) in by_channel {
            let lost = self.settlers[channel].acknowledge(ackers).await;
            if lost > 0 {
                tracing::debug!(messages = lost, "not acknowledged: they will come again");
            }
        }
    }
}
