//! Whatever comes out of the broker is read or refused, and what is read can be written and read again.

#![no_main]

use libfuzzer_sys::fuzz_target;
use waybill_common::domain::envelope::Envelope;

fuzz_target!(|message: &[u8]| {
    if let Ok(envelope) = Envelope::decode(message) {
        let again = Envelope::decode(&envelope.encode()).expect("our own message");
        assert_eq!(again, envelope, "a message changed on its way");
    }
});
