//! What tests share: databases, broker prefixes, private servers, signed webhooks, a proxy that can be cut.
