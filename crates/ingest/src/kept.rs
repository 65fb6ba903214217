//! The request headers that are kept with an event: what it was, and the provider's own ids. An allow-list, because a
//! credential must never be stored and nobody knows every header's name.

use std::collections::BTreeMap;

use actix_web::http::header::HeaderMap;

/// Names in lower case. Signatures, tokens and cookies are not here, and must never be.
const KEPT: [&str; 37] = [
    "content-type",
    "user-agent",
    // Standard Webhooks, Svix
    "webhook-id",
    "webhook-timestamp",
    "svix-id",
    "svix-timestamp",
    // CloudEvents
    "ce-id",
    "ce-source",
    "ce-specversion",
    "ce-subject",
    "ce-time",
    "ce-type",
    // Shopify
    "x-shopify-api-version",
    "x-shopify-event-id",
    "x-shopify-shop-domain",
    "x-shopify-test",
    "x-shopify-topic",
    "x-shopify-triggered-at",
    "x-shopify-webhook-id",
    // Shopify's newer deliveries
    "shopify-api-version",
    "shopify-event-id",
    "shopify-shop-domain",
    "shopify-topic",
    "shopify-triggered-at",
    "shopify-webhook-id",
    // WooCommerce
    "x-wc-webhook-delivery-id",
    "x-wc-webhook-event",
    "x-wc-webhook-id",
    "x-wc-webhook-resource",
    "x-wc-webhook-source",
    "x-wc-webhook-topic",
    // Lightspeed C-Series
    "x-event",
    // PayPal
    "paypal-transmission-id",
    "paypal-transmission-time",
    // GitHub's kind, Square
    "x-github-delivery",
    "x-github-event",
    "square-environment",
];
/// Longer values are left out: no provider sends them.
const VALUE_BYTES_MAX: usize = 1_024;

/// What is kept of these headers, and of those that the source's own configuration names; of a repeated one the first.
#[must_use]
pub fn kept(headers: &HeaderMap, own: &[&str]) -> BTreeMap<String, String> {
    let mut kept = BTreeMap::new();
    for (name, value) in headers {
        let is_it = |listed: &&&str| listed.eq_ignore_ascii_case(name.as_str());
        // Looked for by each header that came, since few come and many are listed.
        if let Some(listed) = KEPT.iter().chain(own).find(is_it)
            && value.len() <= VALUE_BYTES_MAX
            && let Ok(value) = value.to_str()
        {
            kept.entry((*listed).to_owned())
                .or_insert_with(|| value.to_owned());
        }
    }
    kept
}

#[cfg(test)]
mod tests;
