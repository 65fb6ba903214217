//! Who may use the operator side, and for what: roles, scopes, secrets and passwords. Shared by console and command line.

mod grant;
mod password;
mod secret;

pub use grant::{Grant, Role, Scope};
pub use password::{PASSWORD_CHARS_MIN, PasswordError, PasswordHash};
pub use secret::Secret;

#[cfg(test)]
mod tests;
