//! Who makes a request.

use std::future::{Ready, ready};

use actix_web::dev::Payload;
use actix_web::{FromRequest, HttpMessage as _, HttpRequest};
use uuid::Uuid;
use waybill_common::access::Grant;

use super::CsrfToken;
use crate::problem::Problem;

/// Somebody whom the guard before the route has let in.
#[derive(Clone, Debug)]
pub struct Caller {
    /// The operator's or the token's.
    pub name: String,
    pub grant: Grant,
    pub credential: Credential,
}

/// What a caller was known by.
#[derive(Clone, Debug)]
pub enum Credential {
    Token { id: Uuid, hash: [u8; 32] },
    Session { operator_id: Uuid, hash: [u8; 32], csrf: CsrfToken },
}

impl Caller {
    /// Whom the guard has let in with this request.
    pub(super) fn of(request: &HttpRequest) -> Result<Self, Problem> {
        let caller = request.extensions().get::<Self>().cloned();
        caller.ok_or(Problem::Unauthenticated)
    }

    /// As operator actions name who acted.
    #[must_use]
    pub fn actor(&self) -> String {
        match self.credential {
            Credential::Token { .. } => format!("token:{}", self.name),
            Credential::Session { .. } => format!("operator:{}", self.name),
        }
    }

    /// What the pages of a session prove themselves with.
    #[must_use]
    pub fn csrf(&self) -> Option<&CsrfToken> {
        match &self.credential {
            Credential::Token { .. } => None,
            Credential::Session { csrf, .. } => Some(csrf),
        }
    }
}

impl FromRequest for Caller {
    type Error = Problem;
    type Future = Ready<Result<Self, Problem>>;

    fn from_request(request: &HttpRequest, _payload: &mut Payload) -> Self::Future {
        ready(Self::of(request))
    }
}
