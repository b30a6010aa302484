//! The default network, addresses, interfaces that are deleted with a delay.

use super::interfaces::Interface;
use super::*;

fn region() -> State {
    let mut state = State::default();
    state.lay_ground("123456789012", "eu-west-1");
    state
}

#[test]
fn the_ground_is_the_same_each_time_and_laid_once() {
    let mut state = region();
    assert_eq!(
        serde_json::to_string(&state).unwrap(),
        serde_json::to_string(&region()).unwrap()
    );
    let subnets: Vec<String> = state.subnets.iter().map(|(id, _)| id.to_owned()).collect();
    assert_eq!(subnets.len(), 5);
    state.subnets.remove(&subnets[0]);
    state.lay_ground("123456789012", "eu-west-1");
    assert_eq!(state.subnets.len(), 4);
    assert_eq!(state.instance_state("i-00000000000000000", 0.0), None);
}

#[test]
fn interfaces_take_addresses_until_they_are_gone() {
    let mut state = region();
    let subnet = state.subnets.iter().next().unwrap().0.to_owned();
    let wanted = Interface {
        subnet: subnet.clone(),
        description: "ELB net/a/1".into(),
        requester: Some("amazon-elb".into()),
        ..Interface::default()
    };
    state.add_interface(wanted.clone(), 1.0).unwrap();
    state.add_interface(wanted, 1.0).unwrap();
    let addresses: Vec<String> = state.addresses(&subnet, 1.0).map(str::to_owned).collect();
    assert_eq!(addresses.len(), 2);
    assert_ne!(addresses[0], addresses[1]);
    state.release_interfaces("ELB net/a/", 9.0);
    assert_eq!(state.addresses(&subnet, 8.9).count(), 2);
    assert_eq!(state.addresses(&subnet, 9.0).count(), 0);
}

#[test]
fn graviton_types_are_told_by_their_names() {
    for (of_type, architecture) in [
        ("t3.micro", "x86_64"),
        ("g5.xlarge", "x86_64"),
        ("t4g.nano", "arm64"),
        ("c7gn.large", "arm64"),
        ("a1.medium", "arm64"),
    ] {
        assert!(
            run_instances::fits(of_type, architecture).is_ok(),
            "{of_type}"
        );
        let other = if architecture == "arm64" {
            "x86_64"
        } else {
            "arm64"
        };
        assert!(run_instances::fits(of_type, other).is_err(), "{of_type}");
    }
}
