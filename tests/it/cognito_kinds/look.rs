//! Observations, and their cost.

use super::*;

#[tokio::test(start_paused = true)]
async fn everything_is_seen_as_it_was_wanted() {
    let world = full().await;
    let made = world.converge().await;
    assert_eq!(made.len(), 6, "{made:?}");
    assert_eq!(world.converge().await, [""; 0]);
    let observation = world.look().await;
    for (address, live) in &observation.live {
        assert_eq!(live.unmanaged, [""; 0], "{address}");
    }
    assert_eq!(observation.neighbours.len(), 0);
}

#[tokio::test(start_paused = true)]
async fn marks_of_a_new_pool_cost_no_call_but_the_clients_ids() {
    let mut world = full().await;
    announce_the_client(&mut world);
    world.converge().await;
    let calls = world.all_calls();
    // One on the pool for `web`, one on the partner's key.
    assert_eq!(calls.get("TagResource"), Some(&2), "{calls:?}");
    assert_eq!(calls.get("UntagResource"), None);
    assert_eq!(calls.get("DescribeUserPool"), None);
    let marks = marks_of(&world, &console(&world)).await;
    let client = output(&world.look().await, WEB, OutputName::Id);
    let expected = [
        (WEB, client.as_str()),
        (SERVER, "xxx-api"),
        (DOMAIN, "xxx-123456789012"),
    ];
    assert_eq!(
        marks,
        expected
            .map(|(address, value)| (address.to_owned(), value.to_owned()))
            .into()
    );
}

#[tokio::test(start_paused = true)]
async fn a_look_costs_one_description_a_client_and_one_call_of_each_list() {
    let mut world = full().await;
    for number in 0..65 {
        let (address, name) = (format!("partners.p{number}"), format!("p{number}"));
        let props = key(&world, &name, &format!("{address}/key"));
        world.want(&format!("{address}/key"), props);
        let name: &'static str = name.leak();
        world.want(
            &format!("{address}/client"),
            partner_client(name, &format!("{address}/key")),
        );
    }
    world.converge().await;
    let before = world.all_calls();
    let observation = world.look().await;
    let after = world.all_calls();
    assert_eq!(observation.live.len(), 136);
    let cost = |operation: &str| after[operation] - before.get(operation).copied().unwrap_or(0);
    assert_eq!(cost("DescribeUserPoolClient"), 67);
    assert_eq!(cost("ListUserPoolClients"), 2);
    for once in [
        "ListUserPools",
        "DescribeUserPool",
        "ListResourceServers",
        "DescribeUserPoolDomain",
        "GetApiKeys",
    ] {
        assert_eq!(cost(once), 1, "{once}");
    }
}

#[tokio::test(start_paused = true)]
async fn nothing_is_asked_of_cognito_when_nothing_of_it_is_wanted_but_whether_something_is_left() {
    let world = WantedResources::new().await;
    let observation = observe(&world.connection.reader(), &world.desired)
        .await
        .expect("AWS to answer");
    assert_eq!(observation.live.len(), 0);
    // Without an API, whose tags would say so, only the list tells whether a pool was left behind.
    let calls = world.all_calls();
    let of_pools = calls
        .iter()
        .filter(|(operation, _)| operation.contains("UserPool"));
    let of_pools: Vec<_> = of_pools
        .map(|(operation, count)| (operation.as_str(), *count))
        .collect();
    assert_eq!(of_pools, [("ListUserPools", 1)], "{calls:?}");
}
