//! Takes webhooks in: verify, validate, publish, answer.
