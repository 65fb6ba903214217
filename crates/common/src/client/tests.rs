use super::*;

#[track_caller]
fn check(peer: &str, forwarded: &[&str], position: usize, expected: &str) {
    let proxies = Proxies {
        trusted: vec!["10.0.0.0/8".parse().unwrap(), "fd00::/8".parse().unwrap()],
        position,
    };
    let lines: Vec<&[u8]> = forwarded.iter().map(|line| line.as_bytes()).collect();
    let client = proxies.client(peer.parse().unwrap(), lines.into_iter());
    assert_eq!(client, expected.parse::<IpAddr>().unwrap(), "{peer} {forwarded:?}");
}

#[test]
fn a_stranger_cannot_choose_its_address() {
    check("203.0.113.9", &["1.1.1.1"], 1, "203.0.113.9");
    check("::ffff:203.0.113.9", &["1.1.1.1"], 1, "203.0.113.9");
}

#[test]
fn a_proxy_of_ours_names_the_client_and_the_rest_is_the_clients_claim() {
    check("10.0.0.1", &["6.6.6.6, 198.51.100.7"], 1, "198.51.100.7");
    check("10.0.0.1", &["6.6.6.6, 198.51.100.7, 10.0.0.2"], 2, "198.51.100.7");
    check("10.0.0.1", &["6.6.6.6", "198.51.100.7"], 1, "198.51.100.7");
    check("fd00::1", &["2001:db8::7"], 1, "2001:db8::7");
    check("::ffff:10.0.0.1", &["198.51.100.7"], 1, "198.51.100.7");
}

#[test]
fn ports_and_brackets_are_no_part_of_the_address() {
    check("10.0.0.1", &["198.51.100.7:4711"], 1, "198.51.100.7");
    check("10.0.0.1", &["[2001:db8::7]:4711"], 1, "2001:db8::7");
    check("10.0.0.1", &["[2001:db8::7]"], 1, "2001:db8::7");
}

#[test]
fn where_the_proxy_names_nobody_it_is_the_client_itself() {
    check("10.0.0.1", &[], 1, "10.0.0.1");
    check("10.0.0.1", &["unknown"], 1, "10.0.0.1");
    check("10.0.0.1", &["198.51.100.7"], 2, "10.0.0.1");
    check("10.0.0.1", &["198.51.100.7, fe80::1%eth0"], 1, "10.0.0.1");
}

#[test]
fn one_ipv6_customer_has_one_budget() {
    let owner = |text: &str| budget_owner(text.parse().unwrap());
    assert_eq!(owner("2001:db8:1:2:3::4"), owner("2001:db8:1:2:ffff::1"));
    assert_ne!(owner("2001:db8:1:2::"), owner("2001:db8:1:3::"));
    assert_ne!(owner("198.51.100.7"), owner("198.51.100.8"));
}
