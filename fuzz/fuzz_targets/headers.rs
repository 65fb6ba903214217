//! Any AMQP header table is read without complaint, and what was read can be written and read again.

#![no_main]

use amq_protocol_types::parsing::parse_field_table;
use libfuzzer_sys::{Corpus, fuzz_target};
use waybill_common::broker::Headers;

fuzz_target!(|bytes: &[u8]| -> Corpus {
    let Ok((_rest, table)) = parse_field_table(bytes) else { return Corpus::Reject };
    let headers = Headers::decode(Some(&table));
    assert_eq!(Headers::decode(Some(&headers.encode())), headers, "headers changed on their way");
    Corpus::Keep
});
