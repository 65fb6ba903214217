//! Who is it, and may they? Deny by default: [`admit`] stands before every route.
//!
//! A caller is known by a bearer token, or by the session cookie of a browser; never by both, and a bearer token that is
//! wrong is not made good by a cookie. With a cookie every request that may change something must prove that it comes
//! from our own pages: its origin must be ours, and it must carry the session's CSRF token, which other sites cannot read.

mod acting;
mod caller;
mod cookie;
mod csrf;
mod guard;
pub mod oidc;
mod origin;
mod password;
mod policy;
mod session;
mod sign_in;
mod throttle;

pub use acting::Acting;
pub use caller::{Caller, Credential};
pub use csrf::{CSRF_FIELD, CSRF_HEADER, CsrfToken};
pub use origin::Origin;
pub use password::Passwords;
pub use policy::Policy;
pub use sign_in::{SignedIn, end_presented, sign_in_by_link, sign_in_by_password, sign_out};

pub(crate) use guard::{admit, is_still_known};
