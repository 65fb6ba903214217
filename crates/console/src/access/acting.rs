//! Who acts and from where, as records of operators' actions name them.

use std::future::{Ready, ready};

use actix_web::dev::Payload;
use actix_web::web::Data;
use actix_web::{FromRequest, HttpRequest};
use waybill_operate::Who;

use super::Caller;
use crate::app::App;
use crate::problem::Problem;

/// Whoever the guard before the route has let in, with where the request came from.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Acting {
    /// `operator:<name>` or `token:<name>`.
    pub actor: String,
    /// The client's address.
    pub origin: String,
}

impl Acting {
    /// As operators' actions take it.
    pub(crate) fn who(&self) -> Who<'_> {
        Who { actor: &self.actor, origin: &self.origin }
    }

    fn of(request: &HttpRequest) -> Result<Self, Problem> {
        let caller = Caller::of(request)?;
        let app = request
            .app_data::<Data<App>>()
            .expect("every worker is given it");
        Ok(Self { actor: caller.actor(), origin: app.client(request).to_string() })
    }
}

impl FromRequest for Acting {
    type Error = Problem;
    type Future = Ready<Result<Self, Problem>>;

    fn from_request(request: &HttpRequest, _payload: &mut Payload) -> Self::Future {
        ready(Self::of(request))
    }
}
