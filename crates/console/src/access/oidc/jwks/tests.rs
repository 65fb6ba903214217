use aws_lc_rs::rand::SystemRandom;
use aws_lc_rs::rsa::KeySize;
use aws_lc_rs::signature::{
    ECDSA_P256_SHA256_FIXED_SIGNING, EcdsaKeyPair, KeyPair as _, RSA_PKCS1_SHA256, RsaKeyPair,
};
use serde_json::{Value, json};

use super::*;

fn text(bytes: &[u8]) -> String {
    BASE64_URL_SAFE_NO_PAD.encode(bytes)
}

fn published(keys: Value) -> Vec<Key> {
    serde_json::from_value::<Published>(json!({ "keys": keys }))
        .unwrap()
        .keys()
}

/// An RSA key as the provider publishes it, and a signature of it over a message.
fn rsa(message: &[u8]) -> (Value, Vec<u8>) {
    let key = RsaKeyPair::generate(KeySize::Rsa2048).unwrap();
    let mut signature = vec![0; key.public_modulus_len()];
    key.sign(&RSA_PKCS1_SHA256, &SystemRandom::new(), message, &mut signature)
        .unwrap();
    // RFC 8017, A.1.1: a sequence of two integers, of 257 and 3 bytes.
    let der = key.public_key().as_ref().to_vec();
    let jwk = json!({ "kty": "RSA", "kid": "r", "use": "sig", "n": text(&der[9..265]), "e": text(&der[267..]) });
    (jwk, signature)
}

fn p256(message: &[u8]) -> (Value, Vec<u8>) {
    let key = EcdsaKeyPair::generate(&ECDSA_P256_SHA256_FIXED_SIGNING).unwrap();
    let signature = key
        .sign(&SystemRandom::new(), message)
        .unwrap()
        .as_ref()
        .to_vec();
    let point = key.public_key().as_ref().to_vec();
    let jwk = json!({ "kty": "EC", "crv": "P-256", "alg": "ES256", "x": text(&point[1..33]), "y": text(&point[33..]) });
    (jwk, signature)
}

#[test]
fn both_kinds_of_keys_check_their_own_signatures_by_their_own_algorithm() {
    let (rsa, by_rsa) = rsa(b"token");
    let (p256, by_p256) = p256(b"token");
    let keys = published(json!([rsa, p256]));
    assert_eq!(keys.len(), 2);
    assert!(keys[0].has_signed("RS256", b"token", &by_rsa));
    assert!(keys[1].has_signed("ES256", b"token", &by_p256));
    assert!(!keys[0].has_signed("RS256", b"other", &by_rsa));
    assert!(!keys[1].has_signed("ES256", b"other", &by_p256));
    for alg in ["none", "HS256", "RS512", "PS256", "ES256", ""] {
        assert!(!keys[0].has_signed(alg, b"token", &by_rsa), "{alg}");
    }
    assert!(!keys[1].has_signed("RS256", b"token", &by_p256));
    assert!(
        keys[0].is_called(Some("r")) && keys[0].is_called(None) && !keys[0].is_called(Some("x"))
    );
    assert!(!keys[1].is_called(Some("r")), "it has no name");
}

#[test]
fn keys_that_are_no_keys_for_us_are_passed_over() {
    let (rsa, _) = rsa(b"");
    let (p256, _) = p256(b"");
    let with = |key: &Value, name: &str, value: &str| {
        let mut key = key.clone();
        key[name] = value.into();
        key
    };
    let odd = [
        json!({ "kty": "oct", "k": "c2VjcmV0" }),
        json!({ "kty": "RSA" }),
        json!("key"),
        with(&rsa, "use", "enc"),
        with(&rsa, "alg", "RS512"),
        with(&rsa, "n", "!"),
        with(&p256, "crv", "P-384"),
        with(&p256, "x", "AA"),
        with(&p256, "alg", "EdDSA"),
    ];
    assert_eq!(published(json!(odd)).len(), 0);
}
