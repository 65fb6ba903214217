//! One notification of a batch.

use serde_json::Value;
use waybill_common::domain::{OccurredAt, Origin, jcs};

use super::{list, signature};
use crate::json::Json;
use crate::meaning::{is_id, is_name};
use crate::{SignatureError, time};

/// What is signed, in this order, joined by colons and without any escape.
const SIGNED: [&str; 8] = [
    "/pspReference",
    "/originalReference",
    "/merchantAccountCode",
    "/merchantReference",
    "/amount/value",
    "/amount/currency",
    "/eventCode",
    "/success",
];
const SIGNATURE: &str = "/additionalData/hmacSignature";

#[derive(Clone, Copy)]
pub(super) struct Item<'a>(&'a Json<'a>);

/// Every item of the batch.
pub(super) fn all<'a>(body: &'a Json<'a>) -> impl Iterator<Item = Item<'a>> {
    list(body)
        .iter()
        .map(|item| Item(item.at("NotificationRequestItem")))
}

impl<'a> Item<'a> {
    pub(super) fn signed_fields(self) -> [&'a str; 8] {
        SIGNED.map(|pointer| self.0.pointer(pointer).decimal().unwrap_or_default())
    }

    pub(super) fn signed_text(self) -> String {
        self.signed_fields().join(":")
    }

    pub(super) fn signature(self) -> Result<&'a str, SignatureError> {
        self.0
            .pointer(SIGNATURE)
            .text()
            .ok_or(SignatureError::Missing)
    }

    pub(super) fn code(self) -> &'a str {
        self.0
            .at("eventCode")
            .text()
            .filter(|code| is_id(code))
            .unwrap_or("unknown")
    }

    /// A string, as Adyen writes it.
    pub(super) fn succeeded(self) -> bool {
        self.0.at("success").text() == Some("true")
    }

    pub(super) fn account(self) -> Option<&'a str> {
        self.reference("merchantAccountCode")
    }

    /// A field that holds a reference of Adyen's.
    pub(super) fn reference(self, key: &str) -> Option<&'a str> {
        self.0.at(key).text().filter(|text| is_id(text))
    }

    pub(super) fn at(self, pointer: &str) -> &'a Json<'a> {
        self.0.pointer(pointer)
    }

    /// A short word that says why.
    pub(super) fn reason(self) -> Option<String> {
        let reason = self.0.at("reason").text()?;
        is_name(reason).then(|| reason.to_owned())
    }

    pub(super) fn occurred_at(self) -> Option<OccurredAt> {
        time::rfc3339(self.0.at("eventDate"), Origin::Event)
    }

    /// The request that would have brought this item alone.
    pub(super) fn as_request(self, live: bool) -> Vec<u8> {
        let before =
            format!(r#"{{"live":"{live}","notificationItems":[{{"NotificationRequestItem":"#);
        let item = jcs::to_vec(self.0).unwrap_or_default();
        [before.as_bytes(), &item, b"}]}"].concat()
    }
}

/// The body with a signature in every item; absent where it is no batch.
pub(super) fn sign(body: &[u8], key: &str) -> Option<Vec<u8>> {
    let mut signed: Value = serde_json::from_slice(body).ok()?;
    let read = crate::json::parse(body).ok()?;
    for (item, read) in signed
        .get_mut("notificationItems")?
        .as_array_mut()?
        .iter_mut()
        .zip(all(&read))
    {
        let signature = signature::of(key, read.signed_text().as_bytes());
        item["NotificationRequestItem"]["additionalData"]["hmacSignature"] = signature.into();
    }
    serde_json::to_vec(&signed).ok()
}
