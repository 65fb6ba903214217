use super::told;

#[test]
fn the_picture_is_told_in_words() {
    assert_eq!(told(1, &[]), "One event was recorded.");
    assert!(told(3, &[]).starts_with("All 3 events were recorded in the order"));
    let one = ["#2".to_owned()];
    assert_eq!(told(3, &one), "#2 of 3 events was recorded after something that happened later.");
    let two = ["#2".to_owned(), "#3".to_owned()];
    assert!(told(3, &two).starts_with("2 of 3 events") && told(3, &two).ends_with("#2, #3."));
}
