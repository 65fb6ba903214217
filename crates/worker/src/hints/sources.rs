//! The sources that can be asked, and about what.

use waybill_common::config::{Config, SecretText};
use waybill_common::fetch::Fetcher;
use waybill_providers::{Adapter, Question, adapter};

/// A source with a key of its provider's API.
pub(super) struct Source {
    pub(super) name: String,
    pub(super) adapter: Box<dyn Adapter>,
    pub(super) api_key: SecretText,
    namespace: String,
}

pub(super) struct Sources(Vec<Source>);

impl Sources {
    /// # Errors
    /// Where a source's keys do not fit its provider.
    pub(super) fn new(config: &Config) -> anyhow::Result<Self> {
        let mut sources = Vec::new();
        for (name, source) in &config.sources {
            if let Some(key) = &source.api_key {
                sources.push(Source {
                    name: name.clone(),
                    adapter: adapter(name, source)?,
                    api_key: key.expose().into(),
                    namespace: config.namespace_of(name).to_owned(),
                });
            }
        }
        Ok(Self(sources))
    }

    pub(super) fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    pub(super) fn len(&self) -> u64 {
        u64::try_from(self.0.len()).unwrap_or(u64::MAX)
    }

    /// Whoever may know the object, with what to ask: sources that share the order's namespace, in the order of their
    /// names. A hint does not say which of several accounts it was about.
    pub(super) fn who_know<'a>(
        &'a self,
        namespace: &'a str,
        object: &'a str,
    ) -> impl Iterator<Item = (&'a Source, Question)> {
        self.0
            .iter()
            .filter(move |source| source.namespace == namespace)
            .filter_map(move |source| Some((source, source.adapter.question(object)?)))
    }

    /// Whether there is somebody who may be asked.
    pub(super) fn can_ask(&self, namespace: &str, object: &str, fetcher: &Fetcher) -> bool {
        self.who_know(namespace, object)
            .any(|(_, question)| fetcher.may_ask(&question.address))
    }
}
