//! What a person or a token may do.

use std::collections::BTreeSet;

use serde::{Deserialize, Serialize};

use crate::domain::names::named;

/// How far somebody's hand reaches; each includes those before it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Role {
    /// Looks.
    Viewer,
    /// Acts on orders and dead letters.
    Operator,
    /// Decides who may do what.
    Admin,
}

named!(Role { Viewer => "viewer", Operator => "operator", Admin => "admin" });

/// What a token is for. People have `all`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Scope {
    /// Every scope but `payload:read`.
    All,
    Orders,
    Webhooks,
    DeadLetters,
    Reconciliation,
    Changes,
    Stats,
    Sources,
    Activity,
    /// Raw bodies, which hold personal data: never part of `all`.
    #[serde(rename = "payload:read")]
    PayloadRead,
}

named!(Scope {
    All => "all",
    Orders => "orders",
    Webhooks => "webhooks",
    DeadLetters => "dead_letters",
    Reconciliation => "reconciliation",
    Changes => "changes",
    Stats => "stats",
    Sources => "sources",
    Activity => "activity",
    PayloadRead => "payload:read",
});

/// A role within some scopes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Grant {
    pub role: Role,
    pub scopes: BTreeSet<Scope>,
}

impl Grant {
    /// A person's: everything that the role may do; raw bodies only where it is said.
    #[must_use]
    pub fn person(role: Role, payload_read: bool) -> Self {
        let payload = payload_read.then_some(Scope::PayloadRead);
        Self { role, scopes: payload.into_iter().chain([Scope::All]).collect() }
    }

    #[must_use]
    pub fn covers(&self, scope: Scope) -> bool {
        self.scopes.contains(&scope)
            || (scope != Scope::PayloadRead && self.scopes.contains(&Scope::All))
    }
}
