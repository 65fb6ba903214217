//! The configured senders, found by the last part of the path.

use std::collections::HashMap;
use std::net::IpAddr;

use ipnet::IpNet;
use uuid::Uuid;
use waybill_common::config;
use waybill_common::domain::Timestamp;
use waybill_common::domain::counts::SecretUse;
use waybill_providers::{Adapter, Request, SetupError, Verified, adapter};

use crate::admission::Requests;
use crate::error::Refusal;
use crate::load::Share;
use crate::secret_uses::SecretUses;

/// Another word for a source, which the application that Waybill replaces documented.
const ALIAS: (&str, &str) = ("payment", "payments");

/// One configured sender.
pub struct Source {
    pub name: String,
    pub adapter: Box<dyn Adapter>,
    pub requests: Option<Requests>,
    pub share: Share,
    /// What its secrets have verified.
    pub secret_uses: SecretUses,
    /// Networks that its requests may come from; none: any.
    allow_from: Vec<IpNet>,
}

/// Every configured sender.
pub struct Sources {
    by_name: HashMap<String, Source>,
    /// Does a verification's work where there is no source, so that time tells nobody which ones exist.
    decoy: Box<dyn Adapter>,
}

impl Sources {
    /// # Errors
    /// Where a source's keys do not fit its provider.
    pub fn new(config: &config::Config, now: Timestamp) -> Result<Self, SetupError> {
        Self::build(config, |_| None, now)
    }

    /// Those that follow these when the configuration is read again. What a secret has verified is remembered where it
    /// stays.
    ///
    /// # Errors
    /// As [`Self::new`].
    pub fn next(&self, config: &config::Config, now: Timestamp) -> Result<Self, SetupError> {
        let before = |name: &str| self.by_name.get(name).map(|source| &source.secret_uses);
        Self::build(config, before, now)
    }

    fn build<'a>(
        config: &config::Config,
        before: impl Fn(&str) -> Option<&'a SecretUses>,
        now: Timestamp,
    ) -> Result<Self, SetupError> {
        let by_name = config
            .sources
            .iter()
            .map(|(name, source)| {
                let secret_uses = SecretUses::of(source, before(name), now);
                Ok((name.clone(), Source::new(name, source, secret_uses)?))
            })
            .collect::<Result<_, SetupError>>()?;
        Ok(Self { by_name, decoy: decoy()? })
    }

    /// The source of that name.
    #[must_use]
    pub fn named(&self, name: &str) -> Option<&Source> {
        let (alias, source) = ALIAS;
        self.by_name.get(if name == alias { source } else { name })
    }

    pub fn iter(&self) -> impl Iterator<Item = &Source> {
        self.by_name.values()
    }

    /// What there is to tell about secrets, at most so much.
    #[must_use]
    pub fn untold_secrets(&self, now: Timestamp, max: usize) -> Vec<SecretUse> {
        let untold = self
            .iter()
            .flat_map(|source| source.secret_uses.untold(&source.name, now));
        untold.take(max).collect()
    }

    /// This was told.
    pub fn told_secrets(&self, uses: &[SecretUse]) {
        for source in self.iter() {
            source.secret_uses.told(&source.name, uses);
        }
    }

    /// Believes the request of a source, or refuses it. A source that does not exist costs the same; one that does not
    /// allow the client's address costs nothing.
    ///
    /// # Errors
    /// Always one answer: nobody learns what was wrong, nor which sources exist.
    pub fn verify<'a>(
        &self,
        source: Option<&'a Source>,
        client: IpAddr,
        request: &Request<'_>,
        now: Timestamp,
    ) -> Result<(&'a Source, Verified), Refusal> {
        match source {
            Some(source) if !source.allows(client) => Err(Refusal::Address),
            Some(source) => source
                .adapter
                .verify(request, now)
                .map(|verified| (source, verified))
                .map_err(Refusal::Signature),
            None => Err(match self.decoy.verify(request, now) {
                Ok(_) | Err(_) => Refusal::UnknownSource,
            }),
        }
    }
}

impl Source {
    /// Whether its sender may be at that address.
    #[must_use]
    pub fn allows(&self, client: IpAddr) -> bool {
        self.allow_from.is_empty() || self.allow_from.iter().any(|net| net.contains(&client))
    }

    fn new(
        name: &str,
        source: &config::Source,
        secret_uses: SecretUses,
    ) -> Result<Self, SetupError> {
        Ok(Self {
            name: name.to_owned(),
            adapter: adapter(name, source)?,
            requests: source.rate_limit.map(|limit| Requests::new(name, limit)),
            share: Share::default(),
            secret_uses,
            allow_from: source.allow_from.clone(),
        })
    }
}

/// A native source with a token that nobody knows.
fn decoy() -> Result<Box<dyn Adapter>, SetupError> {
    let token = format!("{}{}", Uuid::new_v4(), Uuid::new_v4());
    let source =
        config::Source { tokens: vec![token.as_str().into()], ..config::Source::new("native") };
    adapter("decoy", &source)
}
