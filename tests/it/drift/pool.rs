//! The user pool and what is in it.

use std::collections::BTreeSet;

use aws_sdk_cognitoidentityprovider::types::DeletionProtectionType;
use gatestack::model::Address;
use gatestack::plan::{Options, Patterns};

use crate::support::scene::Scene;

const PARTNER: [&str; 3] = [
    "partners.insurer0/client",
    "partners.insurer0/key",
    "partners.insurer0/membership",
];

async fn delete_client(scene: &Scene, address: &str) {
    scene
        .world
        .cognito()
        .delete_user_pool_client()
        .user_pool_id(scene.id("user_pool"))
        .client_id(scene.id(address))
        .send()
        .await
        .unwrap();
}

async fn delete_key(scene: &Scene, address: &str) {
    scene
        .world
        .apigateway()
        .delete_api_key()
        .api_key(scene.id(address))
        .send()
        .await
        .unwrap();
}

#[tokio::test(start_paused = true)]
async fn a_partners_client_deleted_by_hand_is_made_again() {
    let scene = Scene::new().await;
    delete_client(&scene, PARTNER[0]).await;
    scene
        .is_made_good_by(&["create partners.insurer0/client"])
        .await;
}

// The key had the client's mark; now only `--adopt` can restore it.
#[tokio::test(start_paused = true)]
async fn a_client_whose_key_was_deleted_by_hand_is_taken_back_by_name() {
    let scene = Scene::new().await;
    delete_key(&scene, PARTNER[1]).await;
    let problems = scene
        .world
        .plan_with(&scene.text, &Options::default())
        .await
        .unwrap_err();
    assert_eq!(problems.len(), 1, "{problems:#?}");
    assert_eq!(problems[0].address.as_str(), PARTNER[0]);
    assert!(
        problems[0]
            .help
            .contains("--adopt 'partners.insurer0/client'")
    );

    scene.adopts(&[PARTNER[0]]).await;
    assert_eq!(
        scene.world.id(&scene.text, PARTNER[0]).await,
        scene.id(PARTNER[0])
    );
    assert!(scene.world.plan(&scene.text).await.is_empty());
}

#[tokio::test(start_paused = true)]
async fn a_partners_client_and_key_deleted_by_hand_are_made_again() {
    let scene = Scene::new().await;
    delete_client(&scene, PARTNER[0]).await;
    delete_key(&scene, PARTNER[1]).await;
    let expected: Vec<String> = PARTNER
        .iter()
        .map(|part| format!("create {part}"))
        .collect();
    let expected: Vec<&str> = expected.iter().map(String::as_str).collect();
    scene.is_made_good_by(&expected).await;
}

#[tokio::test(start_paused = true)]
async fn a_client_of_its_own_deleted_by_hand_is_made_again() {
    let scene = Scene::new().await;
    delete_client(&scene, "app_clients.web").await;
    scene.is_made_good_by(&["create app_clients.web"]).await;
}

#[tokio::test(start_paused = true)]
async fn a_key_of_its_own_deleted_by_hand_is_made_again() {
    let scene = Scene::new().await;
    delete_key(&scene, "api_keys.batch").await;
    scene
        .is_made_good_by(&["create api_keys.batch", "create api_keys.batch/membership"])
        .await;
}

#[tokio::test(start_paused = true)]
async fn a_resource_server_deleted_by_hand_is_made_again() {
    let scene = Scene::new().await;
    scene
        .world
        .cognito()
        .delete_resource_server()
        .user_pool_id(scene.id("user_pool"))
        .identifier("xxx-api")
        .send()
        .await
        .unwrap();
    scene
        .is_made_good_by(&["create resource_servers.xxx-api"])
        .await;
}

#[tokio::test(start_paused = true)]
async fn a_domain_deleted_by_hand_is_made_again() {
    let scene = Scene::new().await;
    scene
        .world
        .cognito()
        .delete_user_pool_domain()
        .user_pool_id(scene.id("user_pool"))
        .domain("xxx-123456789012")
        .send()
        .await
        .unwrap();
    scene.is_made_good_by(&["create user_pool/domain"]).await;
}

#[tokio::test(start_paused = true)]
async fn a_pool_deleted_by_hand_is_made_again_with_all_that_was_in_it() {
    let scene = Scene::new().await;
    let (cognito, pool) = (scene.world.cognito(), scene.id("user_pool"));
    let request = cognito.update_user_pool().user_pool_id(&pool);
    request
        .deletion_protection(DeletionProtectionType::Inactive)
        .send()
        .await
        .unwrap();
    let request = cognito.delete_user_pool_domain().user_pool_id(&pool);
    request.domain("xxx-123456789012").send().await.unwrap();
    cognito
        .delete_user_pool()
        .user_pool_id(&pool)
        .send()
        .await
        .unwrap();
    // The API's authorizer uses a missing pool: credentials are not replaced silently.
    let plan = scene.world.plan(&scene.text).await;
    let doubted: Vec<_> = plan.missing_consent.keys().map(Address::as_str).collect();
    assert_eq!(doubted, ["user_pool"]);
    let note = plan.notes.iter().find(|note| note.code == "GS130").unwrap();
    assert!(note.text.contains(&pool), "{note:?}");
    assert!(note.text.contains("--allow-delete 'user_pool'"), "{note:?}");
    scene
        .is_made_good_with(
            &Options {
                allow_delete: Patterns::new(["user_pool".to_owned()]),
                ..Options::default()
            },
            &[
                "update api/authorizer",
                "update api/deployment",
                "create app_clients.web",
                "create partners.insurer0/client",
                "create partners.insurer1/client",
                "create resource_servers.xxx-api",
                "create user_pool",
                "create user_pool/domain",
            ],
        )
        .await;
    // The keys are the ones the partners have.
    for key in [
        "partners.insurer0/key",
        "partners.insurer1/key",
        "api_keys.batch",
    ] {
        assert_eq!(scene.world.id(&scene.text, key).await, scene.id(key));
    }
    let clients: BTreeSet<_> = ["partners.insurer0/client", "app_clients.web"]
        .map(|address| scene.id(address))
        .into();
    for client in ["partners.insurer0/client", "app_clients.web"] {
        assert!(!clients.contains(&scene.world.id(&scene.text, client).await));
    }
}
