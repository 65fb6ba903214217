use std::net::Ipv4Addr;

use super::*;

#[test]
fn one_client_cannot_use_up_everybodys_budget() {
    let budget = Budget::default();
    let client = |number: u32| IpAddr::V4(Ipv4Addr::from(number));
    let allowed = |owner: IpAddr| (0..100).filter(|_| budget.allows(owner)).count();
    assert_eq!(allowed(client(1)), CLIENT_PER_MINUTE as usize);
    assert_eq!(allowed(client(2)), CLIENT_PER_MINUTE as usize);
    let others: usize = (3..100).map(|number| allowed(client(number))).sum();
    assert_eq!(others, (ALL_PER_MINUTE - 2 * CLIENT_PER_MINUTE) as usize);
}

#[test]
fn the_clients_that_are_remembered_are_bounded() {
    let budget = Budget::default();
    for number in 0..u32::try_from(OWNERS_MAX).unwrap() + 10 {
        budget.allows(IpAddr::V4(Ipv4Addr::from(number)));
    }
    assert!(budget.each.len() <= OWNERS_MAX);
}
