//! Names under which an order is known: the merchant's own, and those of the parties around it.

use serde::{Deserialize, Serialize};
use uuid::Uuid;

/// One name of an order, looked up within a namespace.
///
/// `order:<merchant's id>` is the merchant's own name; `<provider>.<object>:<account>:<id>` is foreign.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct Reference {
    pub merchant: bool,
    #[serde(rename = "ref")]
    pub name: String,
}

impl Reference {
    /// The merchant's own order; an event has at most one of these.
    #[must_use]
    pub fn order(id: &str) -> Self {
        Self { merchant: true, name: format!("order:{}", normal(id)) }
    }

    /// A name given by somebody else, such as `stripe.payment_intent:acct_1:pi_1`. The account is empty where the
    /// provider has none.
    #[must_use]
    pub fn foreign(provider: &str, object: &str, account: &str, id: &str) -> Self {
        Self { merchant: false, name: format!("{provider}.{object}:{account}:{}", normal(id)) }
    }

    /// The merchant's id, where this is the merchant's reference.
    #[must_use]
    pub fn external_id(&self) -> Option<&str> {
        self.merchant
            .then(|| self.name.strip_prefix("order:").unwrap_or(&self.name))
    }
}

/// UUID-shaped ids are told in either case by different senders; everything else is case-sensitive.
fn normal(id: &str) -> String {
    match Uuid::try_parse(id) {
        Ok(_) if id.len() == 36 => id.to_ascii_lowercase(),
        _ => id.to_owned(),
    }
}
