//! What tests rely on, tested: the proxy, the private servers, the waiting.

mod eventually;
mod private;
mod proxy;
