//! What a signature is believed by: a certificate of `PayPal`'s under a configured root, or a configured key.

use std::time::Duration;

use aws_lc_rs::rand::SystemRandom;
use aws_lc_rs::rsa::KeyPair as RsaKeyPair;
use aws_lc_rs::signature::{
    KeyPair as _, RSA_PKCS1_2048_8192_SHA256 as RSA, RSA_PKCS1_SHA256, UnparsedPublicKey,
};
use rustls_pki_types::pem::PemObject as _;
use rustls_pki_types::{CertificateDer, PrivatePkcs8KeyDer, UnixTime};
use waybill_common::domain::Timestamp;
use webpki::aws_lc_rs::RSA_PKCS1_2048_8192_SHA256;
use webpki::{ALL_VERIFICATION_ALGS, EndEntityCert, KeyUsage, anchor_from_trusted_cert};

/// Whom the certificate must be for.
const DOMAIN: &str = ".paypal.com";
const CHAIN_MAX: usize = 5;

pub(super) enum Anchor {
    /// A certificate that others are signed with.
    Root(CertificateDer<'static>),
    Key(RsaKey),
}

impl Anchor {
    /// From PEM: a certificate, or a private key (PKCS #8) as simulators have one.
    pub(super) fn read(pem: &str) -> Option<Self> {
        if let Ok(root) = CertificateDer::from_pem_slice(pem.as_bytes()) {
            anchor_from_trusted_cert(&root).ok()?;
            return Some(Self::Root(root));
        }
        let key = PrivatePkcs8KeyDer::from_pem_slice(pem.as_bytes()).ok()?;
        let pair = RsaKeyPair::from_pkcs8(key.secret_pkcs8_der()).ok()?;
        Some(Self::Key(RsaKey(pair)))
    }
}

pub(super) struct RsaKey(RsaKeyPair);

impl RsaKey {
    pub(super) fn signed(&self, text: &[u8], signature: &[u8]) -> bool {
        UnparsedPublicKey::new(&RSA, self.0.public_key().as_ref())
            .verify(text, signature)
            .is_ok()
    }

    pub(super) fn sign(&self, text: &[u8]) -> Option<Vec<u8>> {
        let mut signature = vec![0; self.0.public_modulus_len()];
        self.0
            .sign(&RSA_PKCS1_SHA256, &SystemRandom::new(), text, &mut signature)
            .ok()
            .map(|()| signature)
    }
}

/// A certificate and those between it and its root.
pub(super) struct Leaf(Vec<CertificateDer<'static>>);

impl Leaf {
    pub(super) fn read(pem: &[u8]) -> Option<Self> {
        let chain: Vec<_> = CertificateDer::pem_slice_iter(pem)
            .take(CHAIN_MAX + 1)
            .collect::<Result<_, _>>()
            .ok()?;
        (1..=CHAIN_MAX)
            .contains(&chain.len())
            .then_some(Self(chain))
    }

    /// Whether it is `PayPal`'s, valid now, and leads to that root.
    pub(super) fn is_under(&self, root: &CertificateDer<'_>, now: Timestamp) -> bool {
        let Some(leaf) = self.end_entity() else { return false };
        let Ok(anchor) = anchor_from_trusted_cert(root) else { return false };
        let seconds = u64::try_from(now.seconds()).unwrap_or_default();
        let time = UnixTime::since_unix_epoch(Duration::from_secs(seconds));
        let anchors = [anchor];
        let usage = KeyUsage::server_auth();
        let path = leaf.verify_for_usage(
            ALL_VERIFICATION_ALGS,
            &anchors,
            &self.0[1..],
            time,
            usage,
            None,
            None,
        );
        path.is_ok() && leaf.valid_dns_names().any(|name| name.ends_with(DOMAIN))
    }

    pub(super) fn signed(&self, text: &[u8], signature: &[u8]) -> bool {
        self.end_entity().is_some_and(|leaf| {
            leaf.verify_signature(RSA_PKCS1_2048_8192_SHA256, text, signature)
                .is_ok()
        })
    }

    fn end_entity(&self) -> Option<EndEntityCert<'_>> {
        EndEntityCert::try_from(self.0.first()?).ok()
    }
}
