//! Ownership: moves, consent, and foreign resources beside ours.

use aws_sdk_apigateway::types::AuthorizerType;
use aws_sdk_cognitoidentityprovider::types::ExplicitAuthFlowsType;
use gatestack::engine::{self, Purpose, Silent};
use gatestack::model::Address;
use gatestack::plan::{Options, Patterns};

use crate::support::program::{Folder, Ran};
use crate::support::screen::said;
use crate::support::world::{World, desired, plan_of, stack_of, summary, world_in};

fn agreed(pattern: &str) -> Options {
    Options {
        allow_delete: Patterns::new([pattern.to_owned()]),
        ..Options::default()
    }
}

#[tokio::test(start_paused = true)]
async fn a_partner_moved_to_another_name_keeps_its_ids() {
    let world = World::new();
    let before = stack_of(2, 1);
    world.apply(&before).await;
    let key = world.id(&before, "partners.insurer0/key").await;
    let client = world.id(&before, "partners.insurer0/client").await;

    let after = before.replace("[partners.insurer0]", "[partners.acme-re]")
        + "\n[[moved]]\nfrom = \"partners.insurer0\"\nto = \"partners.acme-re\"\n";
    let plan = world.apply(&after).await;
    assert_eq!(
        summary(&plan),
        [
            "update partners.acme-re/client",
            "update partners.acme-re/key"
        ]
    );
    assert_eq!(world.id(&after, "partners.acme-re/key").await, key);
    assert_eq!(world.id(&after, "partners.acme-re/client").await, client);
    assert!(world.plan(&after).await.is_empty());
    // The line has done its work and may go.
    let without = after.split("\n[[moved]]").next().unwrap();
    assert!(world.plan(without).await.is_empty());
}

#[tokio::test(start_paused = true)]
async fn moved_works_for_every_table_with_names() {
    let world = World::new();
    let before = stack_of(1, 1)
        + "\n[app_clients.web]\nflows = [\"code\"]\ncallback_urls = [\"https://a.example.com/\"]\nscopes = [\"openid\"]\n\n[api_keys.batch]\nplan = \"XXXPlan\"\n";
    world.apply(&before).await;
    let client = world.id(&before, "app_clients.web").await;
    let key = world.id(&before, "api_keys.batch").await;
    let plan = world.id(&before, "plans.XXXPlan").await;
    let after = before
        .replace("[app_clients.web]", "[app_clients.portal]\nname = \"web\"")
        .replace("[api_keys.batch]", "[api_keys.nightly]")
        .replace("XXXPlan", "Gold")
        + "\n[[moved]]\nfrom = \"app_clients.web\"\nto = \"app_clients.portal\"\n[[moved]]\nfrom = \"api_keys.batch\"\nto = \"api_keys.nightly\"\n[[moved]]\nfrom = \"plans.XXXPlan\"\nto = \"plans.Gold\"\n";
    let applied = world.apply(&after).await;
    assert_eq!(
        summary(&applied),
        [
            "update api_keys.nightly",
            "update app_clients.portal",
            "update plans.Gold"
        ]
    );
    assert_eq!(world.id(&after, "app_clients.portal").await, client);
    assert_eq!(world.id(&after, "api_keys.nightly").await, key);
    assert_eq!(world.id(&after, "plans.Gold").await, plan);
    assert!(world.plan(&after).await.is_empty());
}

#[tokio::test(start_paused = true)]
async fn a_partner_moved_to_another_plan_moves_its_membership_only() {
    let world = World::new();
    let before = stack_of(2, 1) + "\n[plans.Gold]\nthrottle = { rate = 500, burst = 1000 }\n";
    world.apply(&before).await;
    let after = before.replacen(
        "[partners.insurer0]\nplan = \"XXXPlan\"",
        "[partners.insurer0]\nplan = \"Gold\"",
        1,
    );
    let plan = world.apply(&after).await;
    assert_eq!(summary(&plan), ["replace partners.insurer0/membership"]);
    assert!(plan.missing_consent.is_empty());
    assert!(
        plan.notes.iter().any(|note| note.code == "GS105"),
        "{:?}",
        plan.notes
    );
    assert!(world.plan(&after).await.is_empty());
}

#[tokio::test(start_paused = true)]
async fn a_renamed_stage_is_made_and_the_old_one_goes_only_when_named() {
    let world = World::new();
    let before = stack_of(1, 1);
    world.apply(&before).await;
    let api = world.id(&before, "api").await;

    let after = before.replace("stage = \"prod\"", "stage = \"live\"");
    let plan = world.apply(&after).await;
    assert_eq!(plan.kept, [Address::new("api/stage/prod")]);
    assert!(
        !summary(&plan).iter().any(|line| line.starts_with("delete")),
        "{:?}",
        summary(&plan)
    );
    let stages = world
        .apigateway()
        .get_stages()
        .rest_api_id(&api)
        .send()
        .await
        .unwrap();
    let mut names: Vec<_> = stages
        .item()
        .iter()
        .filter_map(|stage| stage.stage_name())
        .collect();
    names.sort_unstable();
    assert_eq!(names, ["live", "prod"]);
    let plans = world.apigateway().get_usage_plans().send().await.unwrap();
    assert_eq!(
        plans.items()[0].api_stages().len(),
        2,
        "the old door stays open while it stands"
    );
    assert!(world.plan(&after).await.is_empty());

    let plan = world.apply_with(&after, &agreed("api/stage/prod")).await;
    assert_eq!(
        summary(&plan),
        ["delete api/stage/prod", "update plans.XXXPlan"]
    );
    let stages = world
        .apigateway()
        .get_stages()
        .rest_api_id(&api)
        .send()
        .await
        .unwrap();
    assert_eq!(stages.item().len(), 1);
    assert!(world.plan(&after).await.is_empty());
}

#[tokio::test(start_paused = true)]
async fn a_removed_partner_goes_only_with_consent() {
    let world = World::new();
    let before = stack_of(2, 1);
    world.apply(&before).await;
    let after = stack_of(1, 1);
    let plan = world.plan(&after).await;
    let missing: Vec<_> = plan.missing_consent.keys().map(Address::as_str).collect();
    assert_eq!(
        missing,
        ["partners.insurer1/client", "partners.insurer1/key"]
    );

    let plan = world.apply_with(&after, &agreed("partners.insurer1")).await;
    assert_eq!(
        summary(&plan),
        [
            "delete partners.insurer1/client",
            "delete partners.insurer1/key",
            "delete partners.insurer1/membership"
        ]
    );
    assert!(world.plan(&after).await.is_empty());
}

#[tokio::test(start_paused = true)]
async fn consent_for_one_is_no_consent_for_another() {
    let world = World::new();
    world.apply(&stack_of(3, 1)).await;
    let plan = world
        .plan_with(&stack_of(1, 1), &agreed("partners.insurer1"))
        .await
        .unwrap();
    let missing: Vec<_> = plan.missing_consent.keys().map(Address::as_str).collect();
    assert_eq!(
        missing,
        ["partners.insurer2/client", "partners.insurer2/key"]
    );
}

#[tokio::test(start_paused = true)]
async fn a_console_made_client_beside_ours_is_counted_and_left() {
    let world = World::new();
    let text = stack_of(1, 1);
    world.apply(&text).await;
    let pool = world.id(&text, "user_pool").await;
    let made = world
        .cognito()
        .create_user_pool_client()
        .user_pool_id(&pool)
        .client_name("made in the console")
        .explicit_auth_flows(ExplicitAuthFlowsType::AllowUserSrpAuth)
        .send()
        .await
        .unwrap();
    let id = made
        .user_pool_client()
        .unwrap()
        .client_id()
        .unwrap()
        .to_owned();

    let plan = world.plan(&text).await;
    assert!(plan.is_empty());
    let counted: Vec<_> = plan
        .neighbours
        .iter()
        .map(|beside| (beside.kind.name, beside.count))
        .collect();
    assert_eq!(counted, [("app_client", 1)]);
    // Not even a change that deletes clients of ours touches it.
    world.apply_with(&stack_of(0, 1), &agreed("**")).await;
    let clients = world
        .cognito()
        .list_user_pool_clients()
        .user_pool_id(&pool)
        .send()
        .await
        .unwrap();
    assert_eq!(
        clients.user_pool_clients()[0].client_id(),
        Some(id.as_str())
    );
}

#[tokio::test(start_paused = true)]
async fn a_console_made_client_with_a_partners_name_stops_the_plan() {
    let world = World::new();
    let text = stack_of(1, 1);
    world.apply(&text).await;
    let pool = world.id(&text, "user_pool").await;
    world
        .cognito()
        .create_user_pool_client()
        .user_pool_id(&pool)
        .client_name("insurer1")
        .send()
        .await
        .unwrap();
    let problems = world
        .plan_with(&stack_of(2, 1), &Options::default())
        .await
        .unwrap_err();
    assert_eq!(
        problems[0].address,
        Address::new("partners.insurer1/client")
    );
    assert!(problems[0].help.contains("--adopt"), "{problems:?}");
}

#[tokio::test(start_paused = true)]
async fn another_stacks_pool_with_our_name_stops_the_plan() {
    let world = World::new();
    let theirs =
        "[stack]\nname = \"billing\"\nregion = \"eu-west-1\"\n[user_pool]\nname = \"XXX Users\"\n";
    world.apply(theirs).await;
    let problems = world
        .plan_with(&stack_of(1, 1), &Options::default())
        .await
        .unwrap_err();
    assert_eq!(problems.len(), 1);
    assert_eq!(problems[0].address, Address::new("user_pool"));
    assert!(problems[0].what.contains("billing"), "{problems:?}");
    assert!(!problems[0].help.contains("--adopt"), "{problems:?}");
    assert!(world.plan(theirs).await.is_empty());
}

#[tokio::test(start_paused = true)]
async fn a_hand_made_api_with_our_name_stops_the_plan_until_it_is_adopted() {
    let world = World::new();
    let made = world
        .apigateway()
        .create_rest_api()
        .name("xxx-api")
        .send()
        .await
        .unwrap();
    let text = stack_of(1, 1);
    let problems = world
        .plan_with(&text, &Options::default())
        .await
        .unwrap_err();
    assert_eq!(problems[0].address, Address::new("api"));
    assert!(problems[0].help.contains("--adopt 'api'"), "{problems:?}");

    let session = world
        .try_open(&text, &["api"], Purpose::Make)
        .await
        .unwrap();
    let plan = plan_of(&session, &Options::default()).await.unwrap();
    assert!(
        summary(&plan).contains(&"update api".to_owned()),
        "{:?}",
        summary(&plan)
    );
    let client = world.line();
    let outcome = world.carry_out(&plan, client).await;
    assert!(outcome.failures.is_empty(), "{:#?}", outcome.failures);
    assert_eq!(Some(world.id(&text, "api").await.as_str()), made.id());
    assert!(world.plan(&text).await.is_empty());
}

#[tokio::test(start_paused = true)]
async fn destroy_leaves_the_account_as_it_was() {
    let world = World::new();
    let kept = world
        .apigateway()
        .create_rest_api()
        .name("somebody else")
        .send()
        .await
        .unwrap();
    world
        .cognito()
        .create_user_pool()
        .pool_name("somebody else")
        .send()
        .await
        .unwrap();
    let text = stack_of(3, 3);
    world.apply(&text).await;
    world.destroy(&text).await;
    let apis = world.apigateway().get_rest_apis().send().await.unwrap();
    let ids: Vec<_> = apis.items().iter().filter_map(|api| api.id()).collect();
    assert_eq!(ids, [kept.id().unwrap()]);
    let pools = world
        .cognito()
        .list_user_pools()
        .max_results(60)
        .send()
        .await
        .unwrap();
    let names: Vec<_> = pools
        .user_pools()
        .iter()
        .filter_map(|pool| pool.name())
        .collect();
    assert_eq!(names, ["somebody else"]);
    assert!(
        world
            .apigateway()
            .get_api_keys()
            .send()
            .await
            .unwrap()
            .items()
            .is_empty()
    );
    assert!(
        world
            .apigateway()
            .get_usage_plans()
            .send()
            .await
            .unwrap()
            .items()
            .is_empty()
    );
}

#[tokio::test(start_paused = true)]
async fn protection_that_somebody_else_set_stops_a_destroy() {
    let world = World::new();
    let text = stack_of(1, 1).replace(
        "[user_pool]\n",
        "[user_pool]\ndeletion_protection = false\n",
    );
    world.apply(&text).await;
    let pool = world.id(&text, "user_pool").await;
    let update = world
        .cognito()
        .update_user_pool()
        .user_pool_id(&pool)
        .deletion_protection(
            aws_sdk_cognitoidentityprovider::types::DeletionProtectionType::Active,
        );
    update.send().await.unwrap();
    // UpdateUserPool resets what is not sent, tags included, as AWS does: put the stack's back.
    world
        .cognito()
        .tag_resource()
        .resource_arn(format!(
            "arn:aws:cognito-idp:eu-west-1:{}:userpool/{pool}",
            crate::support::world::ACCOUNT
        ))
        .tags("gatestack:stack", "claims")
        .tags("gatestack:key", "user_pool")
        .send()
        .await
        .unwrap();
    let options = Options {
        destroy: true,
        ..agreed("**")
    };
    let problems = world.plan_with(&text, &options).await.unwrap_err();
    assert!(
        problems
            .iter()
            .any(|problem| problem.what.contains("deletion protection")),
        "{problems:?}"
    );
}

/// All tags of the pool were removed by hand: its contents exist, and no command may report them as not applied.
#[tokio::test(start_paused = true)]
async fn a_pool_without_its_tags_is_told_of_by_readers_and_by_a_destroy() {
    let world = World::new();
    let text = stack_of(1, 1);
    world.apply(&text).await;
    let id = world.id(&text, "user_pool").await;
    let pool = world.cognito().describe_user_pool().user_pool_id(&id);
    let pool = pool.send().await.unwrap().user_pool.unwrap();
    let keys = pool.user_pool_tags.unwrap().into_keys().collect();
    let untag = world.cognito().untag_resource();
    let untag = untag.resource_arn(pool.arn.unwrap());
    untag.set_tag_keys(Some(keys)).send().await.unwrap();

    let session = world.session(&desired(&text), Purpose::Find).await;
    let refused = session.observe_whole(&mut Silent).await.unwrap_err();
    let refused = format!("{refused:?}");
    assert!(refused.contains("XXX Users"), "{refused}");
    assert!(refused.contains("--adopt 'user_pool'"), "{refused}");

    let (_, plan) = world.about_to_destroy(&text).await;
    let notes = plan.notes.iter();
    let told: Vec<_> = notes
        .filter(|note| note.code == "GS138")
        .map(|note| note.address.as_str())
        .collect();
    assert_eq!(told, ["user_pool"]);
    let problems = world.plan_with(&text, &Options::default()).await;
    let problems = problems.unwrap_err();
    // Its domain is no fault of its own; its resource server lost the mark that says whose it is.
    let told: Vec<_> = problems.iter().map(|one| one.address.as_str()).collect();
    assert_eq!(told, ["resource_servers.xxx-api", "user_pool"]);
    assert!(
        problems[0]
            .help
            .ends_with("\n--adopt 'resource_servers.xxx-api' --adopt 'user_pool'"),
        "{problems:?}"
    );
    assert!(!plan.goes(&Address::new("user_pool")));

    let never_applied = stack_of(1, 1).replace("\"claims\"", "\"other\"");
    let session = world.session(&desired(&never_applied), Purpose::Find).await;
    session.observe_whole(&mut Silent).await.unwrap();
}

/// The same of a partner's key: the client is found through it.
#[tokio::test(start_paused = true)]
async fn a_partner_whose_key_lost_its_tags_is_not_told_to_be_absent() {
    let world = World::new();
    let text = stack_of(1, 1);
    world.apply(&text).await;
    let key = world.id(&text, "partners.insurer0/key").await;
    let arn = format!("arn:aws:apigateway:eu-west-1::/apikeys/{key}");
    let untag = world.apigateway().untag_resource().resource_arn(arn);
    let keys = ["gatestack:stack", "gatestack:key", "gatestack:client"];
    let untag = untag.set_tag_keys(Some(keys.map(str::to_owned).to_vec()));
    untag.send().await.unwrap();
    let session = world.session(&desired(&text), Purpose::Find).await;
    let observation = session.observe_whole(&mut Silent).await.unwrap();
    let untagged = engine::in_the_way(&observation, "partners.insurer0").unwrap_err();
    let said = format!("{untagged:?}");
    assert!(said.contains("--adopt"), "{said}");
    assert!(engine::in_the_way(&observation, "partners.insurer1").is_ok());
}

#[tokio::test]
async fn an_output_that_a_key_without_tags_hides_is_no_unknown_one() {
    let text = stack_of(1, 1);
    let folder = Folder::with(&text);
    folder.apply(&[]);
    let world = world_in(&folder);
    let key = Box::pin(world.id(&text, "partners.insurer0/key")).await;
    let arn = format!("arn:aws:apigateway:eu-west-1::/apikeys/{key}");
    let untag = world.apigateway().untag_resource().resource_arn(arn);
    let keys = ["gatestack:stack", "gatestack:key", "gatestack:client"];
    let untag = untag.set_tag_keys(Some(keys.map(str::to_owned).to_vec()));
    Box::pin(untag.send()).await.unwrap();
    let words = |ran: &Ran| {
        let told = said(ran, 1)
            .split_whitespace()
            .collect::<Vec<_>>()
            .join(" ");
        told.split_once("exists without the stack's tags")
            .map(|(_, told)| told.to_owned())
    };
    let by_token = words(&folder.local(&["token", "insurer0"]));
    assert!(by_token.is_some());
    for arguments in [&["output"][..], &["output", "partners.insurer0.client_id"]] {
        assert_eq!(words(&folder.local(arguments)), by_token, "{arguments:?}");
    }
    let told = said(&folder.local(&["output", "--json"]), 1);
    assert!(
        told.contains("--adopt 'partners.insurer0/client'"),
        "{told}"
    );
    // What is known without it is told all the same.
    said(&folder.local(&["output", "--raw", "invoke_url"]), 0);
}

#[tokio::test]
async fn all_that_a_pool_without_tags_hides_is_adopted_by_the_line_that_one_run_tells() {
    let clients = ["a", "b", "c", "d", "e"].map(|name| {
        format!("\n[app_clients.{name}]\nflows = [\"client_credentials\"]\nscopes = [\"xxx-api/read\"]\n")
    });
    let text = stack_of(1, 1) + &clients.concat();
    let folder = Folder::with(&text);
    folder.apply(&[]);
    let world = world_in(&folder);
    let pool = Box::pin(world.id(&text, "user_pool")).await;
    let client = Box::pin(world.id(&text, "app_clients.a")).await;
    let described = world.cognito().describe_user_pool().user_pool_id(&pool);
    let described = Box::pin(described.send()).await.unwrap();
    let described = described.user_pool.unwrap();
    let keys = described.user_pool_tags.unwrap().into_keys().collect();
    let untag = world.cognito().untag_resource();
    let untag = untag.resource_arn(described.arn.unwrap());
    Box::pin(untag.set_tag_keys(Some(keys)).send())
        .await
        .unwrap();

    let ran = folder.local(&["plan"]);
    assert_eq!(ran.code, 1, "{}", ran.stdout);
    let told = ran.stderr;
    let line = "--adopt 'app_clients.*' --adopt 'resource_servers.xxx-api' --adopt 'user_pool'";
    assert!(told.contains(&format!("\n    {line}\n")), "{told}");
    let flags = line.replace('\'', "");
    let flags = flags.split(' ');
    let plan: Vec<&str> = ["plan", "--out", "a.plan"]
        .into_iter()
        .chain(flags)
        .collect();
    said(&folder.local(&plan), 0);
    let applied = folder.local(&["apply", "a.plan", "--yes"]);
    assert!(said(&applied, 0).contains("Applied"), "{}", applied.stdout);
    assert!(folder.planned().is_empty());
    assert_eq!(Box::pin(world.id(&text, "app_clients.a")).await, client);
    let idle = said(&folder.local(&["plan", "--adopt", "parters.*"]), 1);
    assert!(
        idle.contains("--adopt 'parters.*' names nothing in this stack"),
        "{idle}"
    );
}

#[tokio::test(start_paused = true)]
async fn an_authorizer_of_another_type_stops_the_plan() {
    let world = World::new();
    let open = r#"
        stack = { name = "hello", region = "eu-west-1" }
        user_pool = { name = "hello", domain = "hello-1" }
        resource_servers.hello = { scopes = { read = "Read greetings" } }
        api.name = "hello"
        api.stage = "prod"
        api.authorizer.name = "pool"
        api.routes."GET /a" = { mock = 200, requires = "nothing" }
    "#;
    let consent = agreed("api.routes.*");
    world.apply_with(open, &consent).await;
    let made = world.apigateway().create_authorizer().name("pool");
    let made = made.rest_api_id(world.id(open, "api").await);
    let made = made.r#type(AuthorizerType::Token);
    let lambda = "arn:aws:apigateway:eu-west-1:lambda:path/2015-03-31/functions/arn:aws:lambda:eu-west-1:123456789012:function:a/invocations";
    let made = made.authorizer_uri(lambda);
    let made = made.identity_source("method.request.header.Authorization");
    made.send().await.expect("one that somebody made");

    let shut = open.replace("\"nothing\"", "{ scopes = [\"hello/read\"] }");
    let problems = world.plan_with(&shut, &Options::default()).await;
    let problems = problems.expect_err("AWS changes no authorizer to this type");
    assert_eq!(problems[0].address.as_str(), "api/authorizer");
    assert!(
        problems[0]
            .help
            .contains("another `[api.authorizer]` `name`"),
        "{problems:?}"
    );
    let renamed = shut.replace("authorizer.name = \"pool\"", "authorizer.name = \"own\"");
    world.apply(&renamed).await;
    assert!(world.plan(&renamed).await.is_empty());
}
