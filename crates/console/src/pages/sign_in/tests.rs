use super::is_ours;

#[test]
fn nobody_is_sent_on_to_another_site() {
    for path in ["/", "/orders?status=paid&q=A%201", "/orders/A-1"] {
        assert!(is_ours(path), "{path}");
    }
    for path in
        ["", "orders", "//evil.example", "/\\evil.example", "https://evil.example", "/a\r\nb", "/ "]
    {
        assert!(!is_ours(path), "{path}");
    }
}
