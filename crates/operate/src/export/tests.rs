use std::collections::BTreeSet;

use waybill_common::domain::audit::GENESIS;

use super::*;

/// The rows of the worked example in docs/AUDIT.md, with their hashes and the facts and the state that they fold to.
fn example() -> Value {
    let page = include_str!("../../../../docs/AUDIT.md");
    let section = page.split("## 6.").nth(1).expect("section 6");
    let section = section.split("## 7.").next().expect("section 7");
    let blocks: Vec<&str> = section
        .split("```")
        .skip(1)
        .step_by(2)
        .map(|block| block.split_once('\n').expect("a language and a block").1)
        .collect();
    let [records, _, hashes, facts, state] = blocks[..] else { panic!("five blocks") };
    let parsed = |json: &str| serde_json::from_str::<Value>(json).expect("JSON");
    let hashes: Vec<&str> = hashes.split_whitespace().collect();
    let genesis = hex::encode(GENESIS);
    let before = std::iter::once(genesis.as_str()).chain(hashes.iter().copied());
    let rows: Vec<Value> = parsed(records)
        .as_array()
        .expect("records")
        .iter()
        .zip(hashes.iter().zip(before))
        .map(|(record, (hash, prev_hash))| json!({ "record": record, "hash": hash, "prev_hash": prev_hash }))
        .collect();
    json!({
        "format": FORMAT, "version": VERSION, "exported_at": "2026-01-02T00:00:00.000000Z",
        "order": {
            "id": "01920000-0000-7000-8000-000000000001", "namespace": "default", "external_id": "A",
            "state": parsed(state), "facts": parsed(facts), "head_hash": hashes[1], "absorbed_into": null,
        },
        "rows": rows,
    })
}

fn exported(key: &SigningKey) -> Vec<u8> {
    let mut document = example();
    document["key_id"] = key.public().id().into();
    document["public_key"] = hex::encode(key.public().as_bytes()).into();
    signed(document, key).expect("it has a canonical form")
}

/// The same change to the file, as whoever has no key would make it.
fn tampered(file: &[u8], pointer: &str, value: Value) -> Vec<u8> {
    let mut document: Value = serde_json::from_slice(file).unwrap();
    *document
        .pointer_mut(pointer)
        .unwrap_or_else(|| panic!("{pointer}")) = value;
    let mut file = canonical::to_vec(&document).unwrap();
    file.push(b'\n');
    file
}

/// A pointer to every value that is no list and no object.
fn leaves(value: &Value, at: &str, found: &mut BTreeSet<String>) {
    match value {
        Value::Object(fields) => {
            for (name, inner) in fields {
                let name = name.replace('~', "~0").replace('/', "~1");
                leaves(inner, &format!("{at}/{name}"), found);
            }
        }
        Value::Array(items) => {
            for (index, inner) in items.iter().enumerate() {
                leaves(inner, &format!("{at}/{index}"), found);
            }
        }
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => {
            found.insert(at.to_owned());
        }
    }
}

fn other(value: &Value) -> Value {
    match value {
        Value::Null => "x".into(),
        Value::Bool(is) => (!is).into(),
        Value::Number(number) => (number.as_i64().unwrap_or_default() ^ 1).into(),
        Value::String(text) => {
            let mut bytes = text.clone().into_bytes();
            match bytes.last_mut() {
                Some(last) => *last = if *last == b'0' { b'1' } else { b'0' },
                None => bytes.push(b'0'),
            }
            String::from_utf8(bytes).unwrap_or_default().into()
        }
        Value::Array(_) | Value::Object(_) => unreachable!("a leaf"),
    }
}

#[test]
fn an_export_as_it_was_made_holds() {
    let key = SigningKey::generate();
    let file = exported(&key);
    let checked = check(&file, Some(&key.public())).unwrap();
    assert_eq!(checked.faults, Vec::<String>::new());
    assert_eq!((checked.events, checked.key_is_trusted), (2, true));
    assert_eq!(
        (checked.external_id.as_deref(), checked.key_id),
        (Some("A"), Some(key.public().id()))
    );
    let unasked = check(&file, None).unwrap();
    assert!(unasked.faults.is_empty() && !unasked.key_is_trusted);
}

#[test]
fn a_change_of_any_field_is_found() {
    let key = SigningKey::generate();
    let file = exported(&key);
    let document: Value = serde_json::from_slice(&file).unwrap();
    let mut pointers = BTreeSet::new();
    leaves(&document, "", &mut pointers);
    assert!(pointers.len() > 90, "{}", pointers.len());
    for pointer in &pointers {
        let changed = tampered(&file, pointer, other(document.pointer(pointer).unwrap()));
        match check(&changed, Some(&key.public())) {
            Ok(checked) => assert!(!checked.faults.is_empty(), "{pointer}"),
            Err(none) => {
                assert!(["/format", "/version"].contains(&pointer.as_str()), "{pointer} {none}")
            }
        }
    }
}

/// Whoever changes and signs anew is caught by the key; whoever has the key too, by the chain and the fold.
#[test]
fn what_is_signed_anew_is_held_to_key_chain_and_fold() {
    let (key, own) = (SigningKey::generate(), SigningKey::generate());
    let by_another = check(&exported(&own), Some(&key.public())).unwrap();
    assert_eq!(by_another.faults.len(), 2, "{:?}", by_another.faults);
    assert!(by_another.faults[0].contains("not with the one given"));
    for (pointer, value, fault) in [
        (
            "/order/state/captured",
            json!(1),
            "the order's state is not what its trail folds to: captured",
        ),
        ("/order/facts", json!({}), "the order's facts are not what its trail folds to"),
        (
            "/rows/1/record/reason",
            json!("x"),
            "row 2 was changed after it was written: its hash differs",
        ),
        (
            "/rows/1/prev_hash",
            json!("00".repeat(32)),
            "row 2 does not follow the row before it: prev_hash differs",
        ),
        (
            "/order/head_hash",
            json!("00".repeat(32)),
            "the order's head is not the hash of its last row",
        ),
        ("/key_id", json!("0000000000000000"), "the key is not the one that key_id names"),
    ] {
        let mut document: Value = serde_json::from_slice(&exported(&key)).unwrap();
        document.as_object_mut().unwrap().remove("signature");
        *document.pointer_mut(pointer).unwrap() = value;
        let checked = check(&signed(document, &key).unwrap(), Some(&key.public())).unwrap();
        assert!(checked.faults.iter().any(|told| told == fault), "{pointer}: {:?}", checked.faults);
    }
}

#[test]
fn rows_taken_away_added_or_exchanged_are_found() {
    let key = SigningKey::generate();
    let document: Value = serde_json::from_slice(&exported(&key)).unwrap();
    let rows = document["rows"].as_array().unwrap();
    let (first, second) = (&rows[0], &rows[1]);
    for rows in [
        json!([first]),
        json!([second]),
        json!([second, first]),
        json!([first, first, second]),
        json!([]),
    ] {
        let changed = tampered(&exported(&key), "/rows", rows.clone());
        assert!(!check(&changed, None).unwrap().faults.is_empty(), "{rows}");
    }
}

#[test]
fn another_spelling_of_the_same_is_found() {
    let key = SigningKey::generate();
    let file = exported(&key);
    let document: Value = serde_json::from_slice(&file).unwrap();
    let pretty = serde_json::to_vec_pretty(&document).unwrap();
    let text = String::from_utf8(file.clone()).unwrap();
    // Another reader may believe the first of two; this one believes the last.
    let twice = text.replacen(
        "{\"exported_at\":",
        "{\"exported_at\":\"2020-01-01T00:00:00.000000Z\",\"exported_at\":",
        1,
    );
    let more = text.replacen("{\"exported_at\":", "{\"also\":1,\"exported_at\":", 1);
    for changed in [pretty, twice.into_bytes(), more.into_bytes(), [&file[..], b" "].concat()] {
        assert!(
            !check(&changed, Some(&key.public()))
                .unwrap()
                .faults
                .is_empty()
        );
    }
}

#[test]
fn what_is_no_export_is_told_apart() {
    assert_eq!(check(b"", None), Err(NoExport::NoJson));
    assert_eq!(check(b"[1]", None), Err(NoExport::Other));
    assert_eq!(check(b"{\"format\":\"other\"}", None), Err(NoExport::Other));
    let json = json!({ "format": FORMAT, "version": 2 }).to_string();
    assert_eq!(check(json.as_bytes(), None), Err(NoExport::Version(2)));
    let json = json!({ "format": FORMAT, "version": 1 }).to_string();
    let broken = check(json.as_bytes(), None).unwrap();
    assert!(
        broken
            .faults
            .iter()
            .any(|fault| fault.contains("cannot be read")),
        "{broken:?}"
    );
}
