//! Every adapter as its users see it: against requests that the providers' own libraries signed, against requests
//! that nobody signed, and along whole lives of an order.

mod adyen;
mod cloudevents;
mod describe;
mod lightspeed;
mod lives;
mod mollie;
mod mutations;
mod paypal;
mod pointed;
mod shopify;
mod square;
mod standard;
mod strangers;
mod stripe;
mod support;
mod vectors;
mod woocommerce;
