//! Every provider by name.

use waybill_common::config::Source;

use crate::setup::{Setup, SetupError};
use crate::{Adapter, native};

type Build = fn(Setup<'_>) -> Result<Box<dyn Adapter>, SetupError>;

/// One line for each provider.
const BUILDERS: [(&str, Build); 1] = [(native::NAME, native::build)];

/// The names that `sources.<name>.provider` can have.
pub const PROVIDERS: [&str; BUILDERS.len()] = {
    let mut names = [""; BUILDERS.len()];
    let mut index = 0;
    while index < names.len() {
        names[index] = BUILDERS[index].0;
        index += 1;
    }
    names
};

/// The adapter of a configured source.
///
/// # Errors
/// Which key of the source is unknown, missing, unused or wrong.
pub fn adapter(name: &str, source: &Source) -> Result<Box<dyn Adapter>, SetupError> {
    match BUILDERS
        .iter()
        .find(|(provider, _)| *provider == source.provider)
    {
        Some((provider, build)) => build(Setup { name, source, provider }),
        None => Err(SetupError::UnknownProvider {
            source_name: name.to_owned(),
            provider: source.provider.clone(),
            known: PROVIDERS.join(", "),
        }),
    }
}

#[cfg(test)]
mod tests;
