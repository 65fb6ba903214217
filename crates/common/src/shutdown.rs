//! Starting, watching and stopping a service in order.
