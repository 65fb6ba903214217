//! Locks of orders in Redis: they save work and are never needed for correctness.
