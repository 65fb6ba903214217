//! Understanding a stored letter with its adapter as it is today.

use std::collections::BTreeMap;
use std::panic::{AssertUnwindSafe, catch_unwind};

use waybill_common::config::Config;
use waybill_common::domain::envelope::Envelope;
use waybill_common::storage::commit::Pending;
use waybill_common::storage::dead_letters::Message;
use waybill_providers::{Adapter, SetupError, adapter, again};

/// The adapters of a configuration.
pub struct Reader {
    sources: BTreeMap<String, Source>,
}

struct Source {
    adapter: Result<Box<dyn Adapter>, SetupError>,
    namespace: String,
}

/// Why nothing can be read from a letter, whatever its adapter understands.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{}", self.as_str())]
pub enum Unreadable {
    NotOurs,
    NoSource,
    BadSource,
    /// A fault of ours; the letter waits for a release without it.
    Panicked,
}

impl Unreadable {
    /// For people.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::NotOurs => "the message is none of ours: nothing can be read from it",
            Self::NoSource => "its source is not configured any more",
            Self::BadSource => "its source is not configured well",
            Self::Panicked => "its adapter breaks down on it: a fault of this program",
        }
    }
}

impl Reader {
    #[must_use]
    pub fn new(config: &Config) -> Self {
        let sources = config.sources.iter().map(|(name, source)| {
            let namespace = config.namespace_of(name).to_owned();
            (name.clone(), Source { adapter: adapter(name, source), namespace })
        });
        Self { sources: sources.collect() }
    }

    /// The same, with another adapter for one of its sources.
    #[must_use]
    pub fn with(mut self, source: &str, adapter: Box<dyn Adapter>) -> Self {
        if let Some(source) = self.sources.get_mut(source) {
            source.adapter = Ok(adapter);
        }
        self
    }

    /// The event of a letter's message, ready to be committed. What the adapter does not understand today either stays
    /// what it was: unusable, or whatever failed too often.
    ///
    /// # Errors
    /// Where there is no adapter to ask, nothing to ask about, or no answer.
    pub fn read(&self, message: &Message) -> Result<Pending, Unreadable> {
        let stored =
            Envelope::decode(&message.bytes).map_err(|_undecodable| Unreadable::NotOurs)?;
        let name = &stored.event.source;
        let source = self.sources.get(name).ok_or(Unreadable::NoSource)?;
        let Ok(adapter) = &source.adapter else { return Err(Unreadable::BadSource) };
        // A panic here is one letter's, and must not end the replay of all that come behind it. Nothing is left half done:
        // an adapter keeps nothing of what it parses.
        let envelope = catch_unwind(AssertUnwindSafe(|| understood(adapter.as_ref(), stored)))
            .map_err(|_panic| Unreadable::Panicked)?;
        Ok(Pending {
            envelope,
            namespace: source.namespace.clone(),
            attempts: 0,
            replayed: true,
            trace_id: message.trace_id.clone(),
        })
    }
}

fn understood(adapter: &dyn Adapter, mut envelope: Envelope) -> Envelope {
    if let Some(parsed) = again::parse(adapter, &envelope) {
        let (id, name) = (envelope.event.webhook_id, envelope.event.source.clone());
        envelope.event = parsed.received(id, &name, adapter.provider());
    }
    envelope
}
