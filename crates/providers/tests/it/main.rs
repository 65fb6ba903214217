//! Every adapter as its users see it: against requests that the providers' own libraries signed, against requests
//! that nobody signed, and along whole lives of an order.

mod describe;
mod lives;
mod mutations;
mod stripe;
mod support;
mod vectors;
