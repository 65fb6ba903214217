use super::*;

/// RFC 8410, section 10.3 (and the public key of 10.1).
const PRIVATE: &str = "-----BEGIN PRIVATE KEY-----\n\
    MC4CAQAwBQYDK2VwBCIEINTuctv5E1hK1bbY8fdp+K06/nwoy/HU++CXqI9EdVhC\n\
    -----END PRIVATE KEY-----\n";
const PUBLIC: &str = "-----BEGIN PUBLIC KEY-----\n\
    MCowBQYDK2VwAyEAGb9ECWmEzf6FQbrBZ9w7lshQhqowtrbLDFw4rXAxZuE=\n\
    -----END PUBLIC KEY-----\n";

#[test]
fn keys_are_read_as_openssl_writes_them() {
    let key = SigningKey::from_pem(PRIVATE).unwrap();
    assert_eq!(key.public().to_pem(), PUBLIC);
    assert_eq!(PublicKey::from_pem(PUBLIC), Ok(key.public()));
    assert_eq!(key.to_pem(), PRIVATE);
}

#[test]
fn only_the_message_that_was_signed_holds() {
    let (key, other) = (SigningKey::generate(), SigningKey::generate());
    let signature = key.sign(b"what was said");
    assert_eq!(signature.len(), 64);
    assert!(key.public().has_signed(b"what was said", &signature));
    assert!(!key.public().has_signed(b"what was meant", &signature));
    assert!(!other.public().has_signed(b"what was said", &signature));
    assert!(!key.public().has_signed(b"what was said", b"short"));
    assert_ne!(key.public().id(), other.public().id());
}

#[test]
fn what_is_no_key_is_refused_and_a_key_is_never_shown() {
    let pem = SigningKey::generate().to_pem();
    for text in ["", "secret", PUBLIC, &pem.replace("PRIVATE", "PUBLIC"), &pem[..60]] {
        assert_eq!(SigningKey::from_pem(text).map(|_| ()), Err(KeyError::Private), "{text}");
    }
    for text in ["", PRIVATE, &PRIVATE.replace("PRIVATE", "PUBLIC")] {
        assert_eq!(PublicKey::from_pem(text), Err(KeyError::Public), "{text}");
    }
    let key = SigningKey::from_pem(PRIVATE).unwrap();
    assert!(!PRIVATE.contains(&format!("{key:?}")));
    assert_eq!(format!("{key:?}"), format!("SigningKey({})", key.public().id()));
}
