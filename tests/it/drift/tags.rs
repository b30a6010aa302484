//! Tags and ownership.

use gatestack::plan::{Options, Patterns, Problem};

use crate::support::scene::Scene;
use crate::support::world::{World, stack_of, summary};

async fn untag(scene: &Scene, address: &str, key: &str) {
    let arn = scene.arn(address);
    if address == "user_pool" {
        let request = scene.world.cognito().untag_resource();
        request
            .resource_arn(arn)
            .tag_keys(key)
            .send()
            .await
            .unwrap();
    } else {
        let request = scene.world.apigateway().untag_resource();
        request
            .resource_arn(arn)
            .tag_keys(key)
            .send()
            .await
            .unwrap();
    }
}

async fn tag(scene: &Scene, address: &str, key: &str, value: &str) {
    let request = scene.world.apigateway().tag_resource();
    request
        .resource_arn(scene.arn(address))
        .tags(key, value)
        .send()
        .await
        .unwrap();
}

async fn problems(scene: &Scene, text: &str, destroy: bool) -> Vec<Problem> {
    let options = Options {
        destroy,
        ..Options::default()
    };
    match scene.world.plan_with(text, &options).await {
        Ok(plan) => panic!("{:#?}", summary(&plan)),
        Err(problems) => problems,
    }
}

#[tokio::test(start_paused = true)]
async fn a_thing_that_lost_a_tag_stops_the_plan_until_it_is_adopted() {
    for address in [
        "user_pool",
        "api",
        "api/stage",
        "plans.XXXPlan",
        "partners.insurer0/key",
        "api_keys.batch",
    ] {
        for key in ["gatestack:stack", "gatestack:key"] {
            let scene = Scene::new().await;
            untag(&scene, address, key).await;
            let found = problems(&scene, &scene.text, false).await;
            let offer = format!("--adopt '{address}'");
            assert!(
                found.iter().any(|problem| problem.help.contains(&offer)),
                "{address} without {key}: {found:#?}"
            );
            let mut adopted = vec![address];
            if address.starts_with("partners") {
                adopted.push("partners.insurer0/client");
            }
            scene.adopts(&adopted).await;
            for address in adopted {
                assert_eq!(
                    scene.world.id(&scene.text, address).await,
                    scene.id(address)
                );
            }
            assert!(scene.world.plan(&scene.text).await.is_empty(), "{address}");
        }
    }
}

#[tokio::test(start_paused = true)]
async fn a_tag_with_another_things_address_stops_even_a_destroy() {
    let gold = crate::support::scene::stack() + "\n[plans.Gold]\n";
    for key in ["plans.XXXPlan", "user_pool", "plans.Gold"] {
        let scene = Scene::new().await;
        tag(&scene, "api_keys.batch", "gatestack:key", key).await;
        for destroy in [false, true] {
            let found = problems(&scene, &gold, destroy).await;
            assert!(
                found
                    .iter()
                    .any(|problem| problem.address.as_str() == key
                        && problem.what.contains("API key")),
                "{key}: {found:#?}"
            );
        }
    }
}

#[tokio::test(start_paused = true)]
async fn a_copy_of_our_tags_goes_by_its_own_consent_and_with_a_destroy() {
    let scene = Scene::new().await;
    let theirs = scene.world.apigateway().create_rest_api().name("theirs");
    theirs
        .tags("gatestack:stack", "claims")
        .tags("gatestack:key", "api")
        .send()
        .await
        .unwrap();
    // Callers use our stage, so theirs is the duplicate.
    let plan = scene.world.plan(&scene.text).await;
    let [(address, _)] = plan.changes.iter().collect::<Vec<_>>()[..] else {
        panic!("{:#?}", summary(&plan))
    };
    assert!(address.as_str().starts_with("api/duplicate/"), "{address}");
    assert!(plan.missing_consent.contains_key(address));
    for wide in ["api", "partners.*"] {
        let options = Options {
            allow_delete: Patterns::new([wide.to_owned()]),
            ..Options::default()
        };
        let plan = scene.world.plan_with(&scene.text, &options).await.unwrap();
        assert!(plan.missing_consent.contains_key(address), "{wide}");
    }
    scene.world.destroy(&scene.text).await;
    let left = scene.world.apigateway().get_rest_apis().send().await;
    assert!(left.unwrap().items().is_empty());
}

#[tokio::test(start_paused = true)]
async fn a_stack_tag_changes_everywhere_and_one_that_goes_is_left() {
    let world = World::new();
    let before = stack_of(1, 1).replace(
        "region = \"eu-west-1\"",
        "region = \"eu-west-1\"\ntags = { team = \"claims\", cost = \"1\" }",
    );
    world.apply(&before).await;
    let after = before.replace("team = \"claims\", cost = \"1\"", "team = \"other\"");
    let plan = world.apply(&after).await;
    assert_eq!(
        summary(&plan),
        [
            "update api",
            "update api/stage",
            "update partners.insurer0/key",
            "update plans.XXXPlan",
            "update user_pool",
        ]
    );
    assert!(world.plan(&after).await.is_empty());
    let without = after.replace("tags = { team = \"other\" }\n", "");
    assert!(world.plan(&without).await.is_empty());
}
