//! What a route asks of its caller.

use waybill_common::access::{Grant, Role, Scope};

use crate::problem::Problem;

/// The rule before a route.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Policy(Rule);

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Rule {
    /// Everybody, and why that is right.
    Public(&'static str),
    /// Whoever is known.
    Known,
    Needs(Role, Scope),
}

impl Policy {
    /// For everybody. Says why.
    #[must_use]
    pub const fn public(why: &'static str) -> Self {
        Self(Rule::Public(why))
    }

    /// For whoever is known, whatever they may do.
    #[must_use]
    pub const fn known() -> Self {
        Self(Rule::Known)
    }

    #[must_use]
    pub const fn viewer(scope: Scope) -> Self {
        Self(Rule::Needs(Role::Viewer, scope))
    }

    #[must_use]
    pub const fn operator(scope: Scope) -> Self {
        Self(Rule::Needs(Role::Operator, scope))
    }

    #[must_use]
    pub const fn admin(scope: Scope) -> Self {
        Self(Rule::Needs(Role::Admin, scope))
    }

    #[must_use]
    pub const fn is_public(self) -> bool {
        matches!(self.0, Rule::Public(_))
    }

    /// The role and scope that it needs, if it needs any.
    #[must_use]
    pub const fn needs(self) -> Option<(Role, Scope)> {
        match self.0 {
            Rule::Needs(role, scope) => Some((role, scope)),
            Rule::Public(_) | Rule::Known => None,
        }
    }

    /// Whether that grant is enough.
    ///
    /// # Errors
    /// `Forbidden` with what is missing.
    pub fn allows(self, grant: &Grant) -> Result<(), Problem> {
        let Some((role, scope)) = self.needs() else {
            return Ok(());
        };
        if grant.role < role {
            return Err(Problem::Forbidden(format!("the role {role}")));
        }
        if !grant.covers(scope) {
            return Err(Problem::Forbidden(format!("the scope {scope}")));
        }
        Ok(())
    }
}
