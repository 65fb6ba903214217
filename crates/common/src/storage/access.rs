//! Who may use the operator side: people, their sessions and sign-ins, and tokens.

mod api_tokens;
mod operators;
mod sessions;
mod sign_in;

pub use api_tokens::{
    ApiToken, NewToken, create_token, revoke_token, token_by_hash, tokens, use_token,
};
pub use operators::{
    Identity, NewOperator, Operator, admit_identity, create_operator, disable_operator,
    operator_by_name, operator_by_subject, operators, set_password,
};
pub use sessions::{
    NewSession, Session, begin_session, end_session, end_sessions_of, see_session, session, sweep,
};
pub use sign_in::{
    Count, Counted, FailureKind, count_failure, forget_failures, operator_by_id, put_link,
    take_link,
};
