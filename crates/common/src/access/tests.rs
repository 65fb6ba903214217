use super::{Grant, PasswordError, PasswordHash, Role, Scope, Secret};

#[test]
fn roles_include_each_other_in_this_order() {
    assert!(Role::Viewer < Role::Operator && Role::Operator < Role::Admin);
}

#[test]
fn raw_bodies_are_never_part_of_everything() {
    let grant = Grant::person(Role::Admin, false);
    assert!(grant.covers(Scope::Orders) && grant.covers(Scope::All));
    assert!(!grant.covers(Scope::PayloadRead));
    assert!(Grant::person(Role::Viewer, true).covers(Scope::PayloadRead));
}

#[test]
fn a_scope_covers_itself_alone() {
    let grant = Grant { role: Role::Viewer, scopes: [Scope::Changes].into() };
    let covered: Vec<_> = Scope::ALL
        .iter()
        .filter(|scope| grant.covers(**scope))
        .collect();
    assert_eq!(covered, [&Scope::Changes]);
}

#[test]
fn names_are_those_of_json() {
    for scope in Scope::ALL {
        assert_eq!(serde_json::to_value(scope).unwrap(), scope.as_str());
        assert_eq!(scope.as_str().parse(), Ok(*scope));
    }
    for role in Role::ALL {
        assert_eq!(serde_json::to_value(role).unwrap(), role.as_str());
    }
}

#[test]
fn secrets_are_long_different_and_never_shown() {
    let (one, other) = (Secret::new("wb_"), Secret::new("wb_"));
    assert_eq!(one.expose().len(), "wb_".len() + 43);
    assert_ne!(one.hash(), other.hash());
    assert_eq!(Secret::presented(one.expose()).hash(), one.hash());
    assert!(!format!("{one:?}").contains(one.expose()));
}

#[test]
fn a_password_matches_its_hash_and_no_other() {
    let hash = PasswordHash::of("correct horse battery").unwrap();
    assert!(hash.as_str().starts_with("$argon2id$v=19$m=19456,t=2,p=1$"));
    assert!(hash.matches("correct horse battery"));
    assert!(!hash.matches("correct horse batterie"));
    assert!(!PasswordHash::stored("$argon2id$nonsense".into()).matches("correct horse battery"));
    assert!(!format!("{hash:?}").contains(hash.as_str()));
}

#[test]
fn passwords_have_bounds() {
    assert_eq!(PasswordHash::of("fourteen chars"), Err(PasswordError::TooShort));
    assert!(PasswordHash::of("fifteen chars!!").is_ok());
    assert_eq!(PasswordHash::of(&"x".repeat(1_025)), Err(PasswordError::TooLong));
}
