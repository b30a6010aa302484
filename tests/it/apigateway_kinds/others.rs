//! Changes by hand, and leftovers of interrupted runs.

use aws_sdk_apigateway::types::{Op, PatchOperation};

use super::*;

#[tokio::test(start_paused = true)]
async fn what_somebody_did_to_a_route_is_seen_and_undone() {
    let world = partner_api().await;
    world.converge().await;
    let (somebody, api) = (world.somebody(), world.id("api").await);
    let resource = world.id(ROUTE).await;
    let parameter = PatchOperation::builder()
        .op(Op::Add)
        .path("/requestParameters/integration.request.header.X-Role")
        .value("'admin'")
        .build();
    somebody
        .update_integration()
        .rest_api_id(&api)
        .resource_id(&resource)
        .http_method("GET")
        .patch_operations(parameter)
        .send()
        .await
        .expect("a header that changes what the backend believes");
    let undone = format!("update {ROUTE} [send_headers]");
    assert_eq!(world.converge().await[0], undone);
    assert_eq!(world.converge().await, NOTHING);

    somebody
        .delete_integration()
        .rest_api_id(&api)
        .resource_id(&resource)
        .http_method("GET")
        .send()
        .await
        .expect("a route as a run leaves it that died before its integration");
    let undone = format!("update {ROUTE} [integration, http, timeout]");
    assert_eq!(world.converge().await[0], undone);
    assert_eq!(world.converge().await, NOTHING);

    let root = world.look().await.live[&Address::new("api")].outputs[&OutputName::RootId].clone();
    somebody
        .put_method()
        .rest_api_id(&api)
        .resource_id(root)
        .http_method("POST")
        .authorization_type("NONE")
        .send()
        .await
        .expect("a method that the file doesn't name");
    assert_eq!(world.converge().await[0], r#"delete api.routes."POST /""#);
    assert_eq!(world.converge().await, NOTHING);
}

#[tokio::test(start_paused = true)]
async fn somebody_elses_things_are_in_the_way_or_left_alone() {
    let mut world = partner_api().await;
    let somebody = world.somebody();
    somebody
        .create_rest_api()
        .name("xxx-api")
        .send()
        .await
        .expect("an API by hand");
    somebody
        .create_rest_api()
        .name("theirs")
        .send()
        .await
        .expect("another API by hand");
    let stack = ("gatestack:stack".to_owned(), "others".to_owned());
    let key = ("gatestack:key".to_owned(), "plans.slow".to_owned());
    somebody
        .create_usage_plan()
        .name("slow")
        .set_tags(Some([stack, key].into()))
        .send()
        .await
        .expect("their plan");
    let obstacles = world.look().await.obstacles;
    let of = |address: &str| {
        obstacles
            .iter()
            .find(|obstacle| obstacle.address.as_str() == address)
    };
    assert_eq!(obstacles.len(), 2, "{obstacles:?}");
    assert!(of("api").is_some_and(|obstacle| obstacle.help.contains("--adopt 'api'")));
    assert!(of("plans.slow").is_some_and(|obstacle| obstacle.what.contains("\"others\"")));

    world.forget("plans.slow");
    world.desired.adopt = world.desired.adopt.and([Address::new("api")]);
    let steps = world.converge().await;
    assert!(steps[0].starts_with("update api ["), "{steps:?}");
    assert_eq!(world.converge().await, NOTHING);
    world.desired.adopt = Default::default();
    assert_eq!(
        world.converge().await,
        NOTHING,
        "it carries the stack's tags now"
    );
}

#[tokio::test(start_paused = true)]
async fn a_strangers_key_on_our_plan_is_counted_and_left() {
    let world = partner_api().await;
    world.converge().await;
    let (somebody, plan) = (world.somebody(), world.id("plans.slow").await);
    let key = somebody
        .create_api_key()
        .name("theirs")
        .send()
        .await
        .expect("a key")
        .id
        .expect("an id");
    let joined = somebody
        .create_usage_plan_key()
        .usage_plan_id(plan)
        .key_id(key)
        .key_type("API_KEY")
        .send()
        .await;
    joined.expect("a place on our plan");
    let observation = world.look().await;
    let neighbours: Vec<_> = observation
        .neighbours
        .iter()
        .map(|it| (it.kind.name, it.count))
        .collect();
    assert_eq!(neighbours, [("plan_membership", 1)]);
    assert_eq!(world.converge().await, NOTHING);
}
