//! Every provider by name.

use waybill_common::config::Source;

use crate::setup::{Setup, SetupError};
use crate::{
    Adapter, Scenario, adyen, cloudevents, generic, lightspeed_c, lightspeed_x, mollie,
    mollie_classic, native, paypal, shopify, square, standard, stripe, woocommerce,
};

/// One line for each provider.
const ALL: &[&Provider] = &[
    &native::PROVIDER,
    &stripe::PROVIDER,
    &shopify::PROVIDER,
    &adyen::PROVIDER,
    &woocommerce::PROVIDER,
    &square::PROVIDER,
    &lightspeed_c::PROVIDER,
    &lightspeed_x::PROVIDER,
    &mollie::PROVIDER,
    &mollie_classic::PROVIDER,
    &standard::PROVIDER,
    &cloudevents::PROVIDER,
    &generic::PROVIDER,
    &paypal::PROVIDER,
];

/// What a provider's file brings with it.
pub(crate) struct Provider {
    /// As in `sources.<name>.provider`.
    pub(crate) name: &'static str,
    pub(crate) build: fn(Setup<'_>) -> Result<Box<dyn Adapter>, SetupError>,
    pub(crate) scenarios: &'static [Scenario],
}

/// The names that `sources.<name>.provider` can have.
pub const PROVIDERS: [&str; ALL.len()] = {
    let mut names = [""; ALL.len()];
    let mut index = 0;
    while index < names.len() {
        names[index] = ALL[index].name;
        index += 1;
    }
    names
};

/// The adapter of a configured source.
///
/// # Errors
/// Which key of the source is unknown, missing, unused or wrong.
pub fn adapter(name: &str, source: &Source) -> Result<Box<dyn Adapter>, SetupError> {
    match find(&source.provider) {
        Some(Provider { name: provider, build, .. }) => build(Setup { name, source, provider }),
        None => Err(SetupError::UnknownProvider {
            source_name: name.to_owned(),
            provider: source.provider.clone(),
            known: PROVIDERS.join(", "),
        }),
    }
}

/// The lives of an order as that provider tells them; none of an unknown provider.
#[must_use]
pub fn scenarios(provider: &str) -> &'static [Scenario] {
    find(provider).map_or(&[], |provider| provider.scenarios)
}

fn find(name: &str) -> Option<&'static Provider> {
    ALL.iter().copied().find(|provider| provider.name == name)
}

#[cfg(test)]
mod tests;
