//! What somebody else edits or deploys: a rollback and an apply find it.

use super::*;

/// Opens the one route of `stack_of(_, 1)` by hand.
pub(super) async fn open_by_hand(world: &World, text: &str) {
    let api = world.id(text, "api").await;
    let console = world.apigateway();
    let resources = console.get_resources().rest_api_id(&api).send().await;
    let resources = resources.unwrap();
    let resource = resources
        .items()
        .iter()
        .find(|one| one.path() == Some("/things0/{id}"));
    let replace = |path: &str, value: &str| {
        PatchOperation::builder()
            .op(Op::Replace)
            .path(path)
            .value(value)
            .build()
    };
    let update = console.update_method().rest_api_id(&api);
    update
        .resource_id(resource.unwrap().id().unwrap())
        .http_method("GET")
        .patch_operations(replace("/authorizationType", "NONE"))
        .patch_operations(replace("/apiKeyRequired", "false"))
        .send()
        .await
        .unwrap();
}

/// Deploys what is configured, as the console does, in the second of the last apply.
pub(super) async fn deploy_by_hand(world: &World, text: &str) -> String {
    let api = world.id(text, "api").await;
    let deploy = world.apigateway().create_deployment().rest_api_id(&api);
    let made = deploy.stage_name("prod").send().await.unwrap();
    made.id().unwrap().to_owned()
}

pub(super) fn notes<'a>(plan: &'a Plan, code: &str) -> Vec<(&'a str, &'a str)> {
    let notes = plan.notes.iter().filter(|note| note.code == code);
    notes
        .map(|note| (note.address.as_str(), note.text.as_str()))
        .collect()
}

#[tokio::test(start_paused = true)]
async fn a_route_opened_and_deployed_by_hand_is_open_now() {
    let world = World::new();
    let text = stack_of(1, 1);
    world.apply(&text).await;
    open_by_hand(&world, &text).await;
    // Changed and not deployed.
    assert_eq!(shown(&world, &text).await, Shows::Behind);
    let plan = world.plan(&text).await;
    let [(address, said)] = notes(&plan, "GS131")[..] else {
        panic!("{:?}", plan.notes);
    };
    assert_eq!(address, "api.routes.\"GET /things0/{id}\"");
    assert!(
        said.starts_with("configured to need neither a token nor an API key"),
        "{said}"
    );
    assert!(said.contains("not deployed"), "{said}");

    let theirs = deploy_by_hand(&world, &text).await;
    let unknown = shown(&world, &text).await;
    assert!(
        matches!(&unknown, Shows::Unknown { deployment, .. } if *deployment == theirs),
        "{unknown:?}"
    );
    let plan = world.plan(&text).await;
    let [(address, said)] = notes(&plan, "GS131")[..] else {
        panic!("{:?}", plan.notes);
    };
    assert_eq!(address, "api.routes.\"GET /things0/{id}\"");
    assert!(
        said.starts_with("open now, against the file: callers of the stage prod need neither a token nor an API key"),
        "{said}"
    );
    let [(address, said)] = notes(&plan, "GS132")[..] else {
        panic!("{:?}", plan.notes);
    };
    assert_eq!(address, "api/deployment");
    assert!(
        said.contains(&theirs) && said.contains("GET /things0/{id} (open)"),
        "{said}"
    );
    assert!(!plan.needs_forward, "nothing was rolled back");
    world.apply(&text).await;
    assert_eq!(shown(&world, &text).await, Shows::Configured);
    assert_eq!(summary(&world.plan(&text).await), [""; 0]);
}

#[tokio::test(start_paused = true)]
async fn a_request_signed_for_aws_is_no_token() {
    let world = World::new();
    let text = stack_of(1, 1);
    world.apply(&text).await;
    let api = world.id(&text, "api").await;
    let signed = PatchOperation::builder().op(Op::Replace);
    let signed = signed.path("/authorizationType").value("AWS_IAM").build();
    let update = world.apigateway().update_method().rest_api_id(&api);
    let update = update.resource_id(resource_by_hand(&world, &api).await);
    let update = update.http_method("GET").patch_operations(signed);
    update.send().await.unwrap();
    deploy_by_hand(&world, &text).await;
    let plan = world.plan(&text).await;
    let [(_, said)] = notes(&plan, "GS132")[..] else {
        panic!("{:?}", plan.notes);
    };
    assert!(
        said.contains("GET /things0/{id} (AWS signature and API key)"),
        "{said}"
    );
    assert!(notes(&plan, "GS131").is_empty(), "{:?}", plan.notes);
}

/// Gives the one route of `stack_of(_, 1)` back what it needs, by hand.
async fn shut_by_hand(world: &World, text: &str) {
    let api = world.id(text, "api").await;
    let console = world.apigateway();
    let authorizers = console.get_authorizers().rest_api_id(&api).send().await;
    let authorizer = authorizers.unwrap().items()[0].id().unwrap().to_owned();
    let resource = resource_by_hand(world, &api).await;
    let replace = |path: &str, value: &str| {
        let patch = PatchOperation::builder().op(Op::Replace);
        patch.path(path).value(value).build()
    };
    let update = console.update_method().rest_api_id(&api);
    update
        .resource_id(resource)
        .http_method("GET")
        .patch_operations(replace("/authorizationType", "COGNITO_USER_POOLS"))
        .patch_operations(replace("/authorizerId", &authorizer))
        .patch_operations(replace("/apiKeyRequired", "true"))
        .send()
        .await
        .unwrap();
    let add = PatchOperation::builder().op(Op::Add);
    let add = add.path("/authorizationScopes").value("xxx-api/read");
    let update = console.update_method().rest_api_id(&api);
    let update = update.resource_id(resource_by_hand(world, &api).await);
    let update = update.http_method("GET").patch_operations(add.build());
    update.send().await.unwrap();
}

/// The path of the one route of `stack_of(_, 1)`.
async fn resource_by_hand(world: &World, api: &str) -> String {
    let resources = world.apigateway().get_resources().rest_api_id(api);
    let resources = resources.send().await.unwrap();
    let mut resources = resources.items().iter();
    let resource = resources.find(|one| one.path() == Some("/things0/{id}"));
    resource.unwrap().id().unwrap().to_owned()
}

/// What is done by hand beside a deployment that has the description of the newest of gatestack's.
#[derive(Clone, Copy, Debug, PartialEq)]
enum Copied {
    /// The method is protected again.
    ShutAgain,
    /// It stays open.
    LeftOpen,
    /// There is another public method.
    OneMore,
    /// The digest in the description is another one.
    OtherDigest,
}

#[tokio::test(start_paused = true)]
async fn a_description_that_was_copied_is_not_believed() {
    for copied in [
        Copied::ShutAgain,
        Copied::LeftOpen,
        Copied::OneMore,
        Copied::OtherDigest,
    ] {
        for later in [0, 60] {
            Box::pin(copied_by_hand(copied, later)).await;
        }
    }
}

async fn copied_by_hand(copied: Copied, later: u64) {
    let case = format!("{copied:?}, {later} s later");
    let world = World::new();
    let text = stack_of(1, 1);
    Box::pin(world.apply(&text)).await;
    let api = Box::pin(world.id(&text, "api")).await;
    let console = world.apigateway();
    let deployments = console.get_deployments().rest_api_id(&api);
    let deployments = Box::pin(deployments.send()).await.unwrap();
    let [ours] = deployments.items() else {
        panic!("{deployments:?}");
    };
    world
        .clock
        .sleep(std::time::Duration::from_secs(later))
        .await;
    Box::pin(open_by_hand(&world, &text)).await;
    if copied == Copied::OneMore {
        let resource = Box::pin(resource_by_hand(&world, &api)).await;
        let method = console
            .put_method()
            .rest_api_id(&api)
            .resource_id(&resource);
        let method = method.http_method("POST").authorization_type("NONE");
        Box::pin(method.send()).await.unwrap();
        let mock = console.put_integration().rest_api_id(&api);
        let mock = mock.resource_id(&resource).http_method("POST");
        let mock = mock.r#type(aws_sdk_apigateway::types::IntegrationType::Mock);
        Box::pin(mock.send()).await.unwrap();
    }
    let mut description = ours.description().unwrap().to_owned();
    if copied == Copied::OtherDigest {
        let digest = description.find("sha256:").unwrap() + "sha256:".len();
        description.replace_range(digest..digest + 64, &"0".repeat(64));
    }
    let copy = console.create_deployment().rest_api_id(&api);
    let copy = copy.stage_name("prod").description(&description);
    let copy = Box::pin(copy.send()).await.unwrap().id.unwrap();
    if copied != Copied::LeftOpen {
        Box::pin(shut_by_hand(&world, &text)).await;
    }

    let unknown = Box::pin(shown(&world, &text)).await;
    assert!(
        matches!(&unknown, Shows::Unknown { deployment, .. } if *deployment == copy),
        "{case}: {unknown:?}"
    );
    let plan = Box::pin(world.plan(&text)).await;
    let [(address, said)] = notes(&plan, "GS131")[..] else {
        panic!("{case}: {:?}", plan.notes);
    };
    assert_eq!(address, "api.routes.\"GET /things0/{id}\"", "{case}");
    assert!(said.starts_with("open now"), "{case}: {said}");
    let [(_, said)] = notes(&plan, "GS132")[..] else {
        panic!("{case}: {:?}", plan.notes);
    };
    let one_more = said.contains("POST /things0/{id} (open, not in the file)");
    assert_eq!(one_more, copied == Copied::OneMore, "{case}: {said}");
    let changes = plan.changes.contains_key(&Address::new("api/deployment"));
    assert!(changes && !plan.needs_forward, "{case}");
    let history = Box::pin(history_of(&world, &text)).await;
    let back = history.previous().unwrap();
    assert_eq!(Some(back.id.as_str()), ours.id(), "{case}");
    assert_eq!(back.way, Way::Open, "{case}");

    Box::pin(world.apply(&text)).await;
    let now = Box::pin(shown(&world, &text)).await;
    assert_eq!(now, Shows::Configured, "{case}");
    let history = Box::pin(history_of(&world, &text)).await;
    assert_eq!(history.deployments.len(), 3, "{case}");
    assert!(!history.deployment(&copy).unwrap().is_ours(), "{case}");
    let plan = Box::pin(world.plan(&text)).await;
    assert_eq!(summary(&plan), [""; 0], "{case}");
}

/// All combinations of the served deployment: an apply without `--forward` ends at what is configured, unless the stage was
/// rolled back to a deployment of the stack's.
#[tokio::test(start_paused = true)]
async fn whatever_is_served_an_apply_deploys_the_file_or_asks_for_forward() {
    for served in [
        Served::Newest,
        Served::RolledBack,
        Served::Theirs,
        Served::TheirsAfterRollback,
        Served::RolledBackAfterTheirs,
    ] {
        for is_edited in [false, true] {
            for later in [0, 60] {
                Box::pin(ends_at_the_file(served, is_edited, later)).await;
            }
        }
    }
}

/// Which deployment the stage serves.
#[derive(Clone, Copy, Debug, PartialEq)]
enum Served {
    Newest,
    RolledBack,
    Theirs,
    TheirsAfterRollback,
    RolledBackAfterTheirs,
}

async fn ends_at_the_file(served: Served, is_edited: bool, later: u64) {
    let case = format!("{served:?}, edited by hand: {is_edited}, {later} s later");
    let world = World::new();
    let (first, text) = (stack_of(1, 1), stack_of(1, 2));
    Box::pin(world.apply(&first)).await;
    Box::pin(world.apply(&text)).await;
    let wait = std::time::Duration::from_secs(later);
    world.clock.sleep(wait).await;
    if is_edited {
        Box::pin(open_by_hand(&world, &text)).await;
    }
    let history = Box::pin(history_of(&world, &text)).await;
    let previous = history.previous().unwrap().id.clone();
    match served {
        Served::Newest => {}
        Served::RolledBack => Box::pin(lead(&world, &text, &previous)).await,
        Served::Theirs => drop(Box::pin(deploy_by_hand(&world, &text)).await),
        Served::TheirsAfterRollback => {
            Box::pin(lead(&world, &text, &previous)).await;
            Box::pin(deploy_by_hand(&world, &text)).await;
        }
        Served::RolledBackAfterTheirs => {
            Box::pin(deploy_by_hand(&world, &text)).await;
            Box::pin(lead(&world, &text, &previous)).await;
        }
    }
    let is_held = matches!(served, Served::RolledBack | Served::RolledBackAfterTheirs);
    let is_theirs = matches!(served, Served::Theirs | Served::TheirsAfterRollback);
    match Box::pin(shown(&world, &text)).await {
        Shows::Configured => assert!(served == Served::Newest && !is_edited, "{case}"),
        Shows::Behind => assert!(served == Served::Newest && is_edited, "{case}"),
        Shows::HeldBack { .. } => assert!(is_held, "{case}"),
        Shows::Unknown { .. } => assert!(is_theirs, "{case}"),
    }
    let plan = Box::pin(world.plan(&text)).await;
    assert_eq!(plan.needs_forward, is_held, "{case}");
    let changes = plan.changes.contains_key(&Address::new("api/deployment"));
    assert_eq!(changes, served != Served::Newest || is_edited, "{case}");
    assert_eq!(
        notes(&plan, "GS132").len(),
        usize::from(is_theirs),
        "{case}"
    );
    if is_theirs {
        let history = Box::pin(history_of(&world, &text)).await;
        let back = history.previous().unwrap();
        assert!(history.is_newest(back) && back.way == Way::Open, "{case}");
        assert_eq!(history.deployments[0].way, Way::Here, "{case}");
    }
    Box::pin(world.apply(&text)).await;
    assert_eq!(
        Box::pin(shown(&world, &text)).await,
        Shows::Configured,
        "{case}"
    );
    assert_eq!(
        summary(&Box::pin(world.plan(&text)).await),
        [""; 0],
        "{case}"
    );
}
