//! Carries accepted webhooks into PostgreSQL: consume, lock, commit, acknowledge.
