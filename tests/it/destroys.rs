//! What exists beside a stack when it is destroyed, and errors of AWS.

use std::sync::atomic::{AtomicBool, Ordering};

use aws_sdk_apigateway::types::{ApiStage, AuthorizerType, EndpointConfiguration, EndpointType};
use aws_sdk_cognitoidentityprovider::types::IdentityProviderTypeType;
use gatestack::model::Address;
use gatestack::plan::{Options, Plan};
use serde_json::json;

use crate::support::certificates::issued;
use crate::support::scene::{Scene, stack};
use crate::support::theirs::{in_the_api, on_the_plan};
use crate::support::wire::{Fate, Wire};
use crate::support::world::{World, stack_of};

fn everything() -> Options {
    Options {
        destroy: true,
        ..Options::default()
    }
}

async fn failures(scene: &Scene, plan: &Plan) -> Vec<String> {
    let outcome = scene.world.carry_out(plan, scene.world.line()).await;
    outcome
        .failures
        .iter()
        .map(|failure| {
            format!(
                "{}: {} {}",
                failure.address, failure.error.operation, failure.error.message
            )
        })
        .collect()
}

#[tokio::test(start_paused = true)]
async fn half_of_it_gone_is_no_hindrance() {
    let scene = Scene::new().await;
    let console = scene.world.apigateway();
    let plan = scene
        .world
        .plan_with(&scene.text, &everything())
        .await
        .unwrap();
    // Between the plan and the run.
    console
        .delete_rest_api()
        .rest_api_id(scene.id("api"))
        .send()
        .await
        .unwrap();
    console
        .delete_api_key()
        .api_key(scene.id("api_keys.batch"))
        .send()
        .await
        .unwrap();
    let client = scene.world.cognito().delete_user_pool_client();
    client
        .user_pool_id(scene.id("user_pool"))
        .client_id(scene.id("app_clients.web"))
        .send()
        .await
        .unwrap();
    assert_eq!(failures(&scene, &plan).await, Vec::<String>::new());
    assert!(scene.world.look(&scene.text).await.live.is_empty());
}

#[tokio::test(start_paused = true)]
async fn somebody_elses_plan_on_our_stage_stays() {
    let scene = Scene::new().await;
    let console = scene.world.apigateway();
    let stage = ApiStage::builder()
        .api_id(scene.id("api"))
        .stage("prod")
        .build();
    let theirs = console.create_usage_plan().name("theirs");
    theirs.api_stages(stage).send().await.unwrap();
    let plan = scene
        .world
        .plan_with(&scene.text, &everything())
        .await
        .unwrap();
    assert_eq!(failures(&scene, &plan).await, Vec::<String>::new());
    let plans = console.get_usage_plans().send().await.unwrap();
    let names: Vec<_> = plans
        .items()
        .iter()
        .filter_map(|plan| plan.name())
        .collect();
    assert_eq!(names, ["theirs"]);
}

#[tokio::test(start_paused = true)]
async fn somebody_elses_mapping_keeps_our_api_and_the_plan_says_why() {
    let scene = Scene::new().await;
    let console = scene.world.apigateway();
    let endpoint = EndpointConfiguration::builder()
        .types(EndpointType::Regional)
        .build();
    let certificate = issued(&scene.world.service, "eu-west-1", "api.example.com").await;
    let domain = console.create_domain_name().domain_name("api.example.com");
    domain
        .endpoint_configuration(endpoint)
        .regional_certificate_arn(certificate)
        .send()
        .await
        .unwrap();
    let mapping = console.create_base_path_mapping();
    mapping
        .domain_name("api.example.com")
        .rest_api_id(scene.id("api"))
        .stage("prod")
        .send()
        .await
        .unwrap();
    let stopped = scene.world.plan_with(&scene.text, &everything()).await;
    let stopped = stopped.unwrap_err();
    assert_eq!(stopped.len(), 1, "{stopped:?}");
    assert!(stopped[0].what.contains("api.example.com"), "{stopped:?}");
    let mapping = console.delete_base_path_mapping();
    mapping
        .domain_name("api.example.com")
        .base_path("(none)")
        .send()
        .await
        .unwrap();
    scene.world.destroy(&scene.text).await;
    assert!(scene.world.look(&scene.text).await.live.is_empty());
}

#[tokio::test(start_paused = true)]
async fn somebody_elses_domain_in_our_pool_is_said_before() {
    let scene = Scene::of(stack().replace("domain = \"xxx-${account.id}\"\n", "")).await;
    let domain = scene.world.cognito().create_user_pool_domain();
    domain
        .user_pool_id(scene.id("user_pool"))
        .domain("theirs")
        .send()
        .await
        .unwrap();
    let stopped = scene.world.plan_with(&scene.text, &everything()).await;
    let stopped = stopped.unwrap_err();
    assert!(
        stopped[0]
            .what
            .contains("AWS deletes no pool that has one: theirs"),
        "{stopped:?}"
    );
}

#[tokio::test(start_paused = true)]
async fn two_stacks_in_one_account_leave_each_other_alone() {
    let world = World::new();
    let one = stack_of(2, 2);
    let same_names = one.replace("\"claims\"", "\"other\"");
    let other = same_names
        .replace("XXX Users", "Other Users")
        .replace("xxx-${", "other-${")
        .replace("\"xxx-api\"\nstage", "\"other-api\"\nstage")
        .replace("XXXPlan", "Gold")
        .replace("insurer", "bank");
    world.apply(&one).await;
    let problems = world
        .plan_with(&same_names, &Options::default())
        .await
        .unwrap_err();
    assert!(
        problems
            .iter()
            .all(|problem| !problem.help.contains("--adopt")),
        "{problems:#?}"
    );
    world.apply(&other).await;
    assert!(world.plan(&one).await.is_empty());
    assert!(world.plan(&other).await.is_empty());
    world.destroy(&one).await;
    assert!(world.plan(&other).await.is_empty());
}

#[tokio::test(start_paused = true)]
async fn throttling_now_and_then_is_waited_out() {
    let world = World::new();
    let text = stack();
    let plan = world.plan(&text).await;
    let wire = Wire::to(&world, |number, operation| {
        if number % 3 == 0 {
            let code = "TooManyRequestsException";
            let status = if operation.contains('/') { 429 } else { 400 };
            Fate::Refused(status, code, "Too Many Requests")
        } else {
            Fate::Arrives
        }
    });
    let outcome = world.carry_out(&plan, wire).await;
    assert!(outcome.failures.is_empty(), "{:#?}", outcome.failures);
    assert!(world.plan(&text).await.is_empty());
}

#[tokio::test(start_paused = true)]
async fn answers_that_get_lost_now_and_then_make_nothing_twice() {
    for every in 2..5 {
        let world = World::new();
        let text = stack();
        let plan = world.plan(&text).await;
        let wire = Wire::to(&world, move |number, _| {
            if number % every == 0 {
                Fate::Unanswered
            } else {
                Fate::Arrives
            }
        });
        assert!(!world.carry_out(&plan, wire).await.failures.is_empty());
        world.apply(&text).await;
        let again = world.plan(&text).await;
        assert!(again.is_empty(), "{every}: {:#?}", again.changes);
        assert!(
            again.neighbours.is_empty(),
            "{every}: {:?}",
            again.neighbours
        );
    }
}

#[tokio::test(start_paused = true)]
async fn a_connection_that_breaks_during_a_create_makes_nothing_twice() {
    for operation in [
        "CreateUserPool",
        "CreateUserPoolClient",
        "POST /restapis",
        "POST /apikeys",
        "POST /usageplans",
    ] {
        let world = World::new();
        let text = stack();
        let plan = world.plan(&text).await;
        let wire = Wire::to(&world, move |_, sent| {
            if sent == operation {
                Fate::Broken
            } else {
                Fate::Arrives
            }
        });
        let failed = world.carry_out(&plan, wire).await.failures;
        assert!(!failed.is_empty(), "{operation} was never sent");
        world.apply(&text).await;
        let again = world.look(&text).await;
        assert!(
            again.ambiguities.is_empty(),
            "{operation}: {:?}",
            again.ambiguities
        );
        assert!(world.plan(&text).await.is_empty(), "{operation}");
    }
}

/// Each kind of foreign resource in a container of the stack, with the container's address.
const COMES: [(&str, &str); 9] = [
    ("app client", "user_pool"),
    ("resource server", "user_pool"),
    ("group", "user_pool"),
    ("identity provider", "user_pool"),
    ("stage", "api"),
    ("authorizer", "api"),
    ("model", "api"),
    ("request validator", "api"),
    ("API key", "plans.XXXPlan"),
];

async fn put_into(world: &World, what: &str, id: &str) {
    let (cognito, console) = (world.cognito(), world.apigateway());
    match what {
        "app client" => {
            let made = cognito.create_user_pool_client().user_pool_id(id);
            made.client_name("theirs").send().await.map(drop).unwrap();
        }
        "resource server" => {
            let made = cognito.create_resource_server().user_pool_id(id);
            let made = made.identifier("theirs").name("theirs").send();
            made.await.map(drop).unwrap();
        }
        "group" => {
            let made = cognito.create_group().user_pool_id(id);
            made.group_name("theirs").send().await.map(drop).unwrap();
        }
        "identity provider" => {
            let made = cognito.create_identity_provider().user_pool_id(id);
            let made = made.provider_name("theirs");
            let made = made.provider_type(IdentityProviderTypeType::Saml);
            let made = made.provider_details("MetadataURL", "https://example.com/saml");
            made.send().await.map(drop).unwrap();
        }
        "stage" => in_the_api(world, id).await,
        "authorizer" => {
            let made = console.create_authorizer().rest_api_id(id).name("theirs");
            let made = made.r#type(AuthorizerType::CognitoUserPools);
            let arn = "arn:aws:cognito-idp:eu-west-1:123456789012:userpool/eu-west-1_ZyXwVuTsR";
            let made = made
                .provider_arns(arn)
                .identity_source("method.request.header.X");
            made.send().await.map(drop).unwrap();
        }
        "model" => {
            let made = console.create_model().rest_api_id(id).name("theirs");
            let made = made.content_type("application/json").schema("{}");
            made.send().await.map(drop).unwrap();
        }
        "request validator" => {
            let made = console.create_request_validator().rest_api_id(id);
            made.name("theirs").send().await.map(drop).unwrap();
        }
        "API key" => on_the_plan(world, id).await,
        other => panic!("{other}"),
    }
}

/// AWS takes minutes to delete a domain or a link before their containers.
#[tokio::test(start_paused = true)]
async fn what_comes_into_a_container_while_others_go_keeps_it() {
    for (what, container) in COMES {
        let world = World::new();
        let text = stack();
        world.apply(&text).await;
        let (session, plan) = world.about_to_destroy(&text).await;
        let id = world.id(&text, container).await;
        Box::pin(put_into(&world, what, &id)).await;
        let failures = world.carry_out_in(&session, &plan).await.failures;
        let [failure] = &failures[..] else {
            panic!("{what}: {failures:#?}");
        };
        assert_eq!(failure.address, Address::new(container));
        let said = failure.error.to_string();
        assert!(said.contains(&format!("{what} \"theirs\"")), "{said}");
        assert!(!world.id(&text, container).await.is_empty());
        // The next plan shows what is deleted along, and consent to that is enough.
        let agreed = ["*", "*/other_*", "user_pool/*"];
        world.destroy_with(&text, &agreed).await;
    }
}

/// Waiting for the deletion of a domain that is created again is useless.
#[tokio::test(start_paused = true)]
async fn a_domain_that_is_there_again_is_not_waited_for() {
    let world = World::new();
    let text = stack_of(1, 1);
    world.apply(&text).await;
    let pool = world.id(&text, "user_pool").await;
    let (_, plan) = world.about_to_destroy(&text).await;
    let deleted = AtomicBool::new(false);
    let anew = Wire::to(&world, move |_, operation| {
        match operation {
        "DeleteUserPoolDomain" => {
            deleted.store(true, Ordering::SeqCst);
            Fate::Arrives
        }
        "DescribeUserPoolDomain" if deleted.load(Ordering::SeqCst) => Fate::Told(
            json!({"DomainDescription": {"Domain": "xxx-123456789012", "Status": "ACTIVE", "UserPoolId": pool}})
                .to_string(),
        ),
        _ => Fate::Arrives,
    }
    });
    let before = world.clock.now();
    let outcome = world.carry_out(&plan, anew).await;
    let failure = format!("{:?}", outcome.failures);
    assert!(failure.contains("exists again"), "{failure}");
    let took = world.clock.now().duration_since(before).as_secs();
    assert!(took < 120, "{took} s");
}
