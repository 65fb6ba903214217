use waybill_common::storage::operator_actions::Reason;

use super::REASON;

/// As the pattern of a reason names them.
const SPACES: &str = r"\t-\r \x85\xA0\u1680\u2000-\u200A\u2028\u2029\u202F\u205F\u3000";

fn is_named(c: char) -> bool {
    matches!(
        c,
        '\t'..='\r' | ' ' | '\u{85}' | '\u{a0}' | '\u{1680}' | '\u{2000}'..='\u{200a}' | '\u{2028}' | '\u{2029}'
            | '\u{202f}' | '\u{205f}' | '\u{3000}'
    )
}

#[test]
fn a_reason_of_one_character_is_one_where_its_pattern_says_so() {
    assert!(REASON.contains(SPACES));
    for c in char::MIN..=char::MAX {
        let is_one = Reason::parse(c.encode_utf8(&mut [0; 4])).is_ok();
        assert_eq!(is_one, c != '\0' && !is_named(c), "{c:?}");
    }
}
