//! Settings of `[api]` that change what callers and backends get: each comes, changes, is mended after a change by hand, and goes.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use aws_sdk_apigateway::operation::get_rest_api::GetRestApiOutput;
use aws_sdk_apigateway::types::{GatewayResponseType, Op, PatchOperation};
use gatestack::plan::Plan;

use crate::support::program::Folder;
use crate::support::scene::{replace, stack};
use crate::support::world::{World, summary};

const PREFLIGHTS: [&str; 3] = [
    r#"api.routes."OPTIONS /health""#,
    r#"api.routes."OPTIONS /things0/{id}""#,
    r#"api.routes."OPTIONS /things1/{id}""#,
];

/// The usual stack with these lines in `[api]`.
fn with(lines: &str) -> String {
    stack().replace("cors = true\n", &format!("cors = true\n{lines}\n"))
}

/// An operation of a patch.
fn operation(op: Op, path: &str, value: Option<&str>) -> PatchOperation {
    PatchOperation::builder()
        .op(op)
        .path(path)
        .set_value(value.map(str::to_owned))
        .build()
}

fn codes(plan: &Plan) -> Vec<&str> {
    plan.notes.iter().map(|note| note.code.as_ref()).collect()
}

/// Applies, and checks that the plan was this and that the next one is empty.
async fn applied(world: &World, text: &str, expected: &[&str]) -> Plan {
    let plan = world.apply(text).await;
    assert_eq!(summary(&plan), expected);
    let again = world.plan(text).await;
    assert!(again.is_empty(), "{:#?}", again.changes);
    plan
}

#[tokio::test(start_paused = true)]
async fn bytes_compression_and_tracing_come_and_go() {
    let world = World::new();
    world.apply(&stack()).await;
    let api = world.id(&stack(), "api").await;
    let text = with("binary = [\"image/*\"]\ncompression = \"1KB\"\ntracing = true");

    // Templates of mocks take text, in an API that has bytes.
    let mut expected = vec!["update api".to_owned()];
    expected.push(r#"update api.routes."GET /health""#.into());
    expected.extend(PREFLIGHTS.map(|route| format!("update {route}")));
    expected.extend(["update api/deployment".into(), "update api/stage".into()]);
    let expected: Vec<&str> = expected.iter().map(String::as_str).collect();
    let plan = applied(&world, &text, &expected).await;
    assert!(codes(&plan).contains(&"GS150"), "{:?}", plan.notes);
    let console = world.apigateway();
    let live = console.get_rest_api().rest_api_id(&api);
    let live = live.send().await.unwrap();
    assert_eq!(live.binary_media_types(), ["image/*"]);
    assert_eq!(live.minimum_compression_size(), Some(1024));
    let stage = console.get_stage().rest_api_id(&api).stage_name("prod");
    assert!(stage.send().await.unwrap().tracing_enabled());

    let another = with("binary = [\"*/*\"]\ncompression = 0\ntracing = true");
    let of_api = ["update api", "update api/deployment"];
    let plan = applied(&world, &another, &of_api).await;
    assert!(!codes(&plan).contains(&"GS150"), "{:?}", plan.notes);

    let update = console.update_rest_api().rest_api_id(&api);
    let update = update.patch_operations(operation(
        Op::Add,
        "/binaryMediaTypes/application~1pdf",
        None,
    ));
    let update = update.patch_operations(operation(Op::Replace, "/minimumCompressionSize", None));
    update.send().await.unwrap();
    let update = console.update_stage().rest_api_id(&api).stage_name("prod");
    let update = update.patch_operations(replace("/tracingEnabled", "false"));
    update.send().await.unwrap();
    let all = ["update api", "update api/deployment", "update api/stage"];
    applied(&world, &another, &all).await;

    applied(&world, &stack(), &all).await;
    let live = console.get_rest_api().rest_api_id(&api);
    let live = live.send().await.unwrap();
    assert_eq!(live.binary_media_types(), [""; 0]);
    assert_eq!(live.minimum_compression_size(), None);
    world.destroy(&stack()).await;

    let world = World::new();
    world.apply(&another).await;
    let again = world.plan(&another).await;
    assert!(again.is_empty(), "{:#?}", again.changes);
}

const ROUTE: &str = r#"api.routes."GET /things0/{id}""#;

/// The usual stack with a route that sends these headers.
fn sending(headers: &str) -> String {
    let url = "http = \"http://api.aws.com/things0/{id}\"";
    stack().replace(url, &format!("{url}, send_headers = {{ {headers} }}"))
}

/// The mappings of the route's integration, and the parameters that its method declares.
async fn mapped(world: &World) -> (BTreeMap<String, String>, BTreeSet<String>) {
    let (api, resource) = place(world).await;
    let method = world.apigateway().get_method().rest_api_id(api);
    let method = method.resource_id(resource).http_method("GET");
    let method = method.send().await.unwrap();
    let mappings = method.method_integration.unwrap().request_parameters;
    let declared = method.request_parameters.unwrap_or_default();
    (
        mappings.unwrap_or_default().into_iter().collect(),
        declared.into_keys().collect(),
    )
}

/// The ids of the API and of the route's resource.
async fn place(world: &World) -> (String, String) {
    let api = world.id(&stack(), "api").await;
    (api, world.id(&stack(), ROUTE).await)
}

fn texts<T: FromIterator<(String, String)>>(pairs: &[(&str, &str)]) -> T {
    let pairs = pairs.iter();
    pairs
        .map(|(name, value)| ((*name).to_owned(), (*value).to_owned()))
        .collect()
}

#[tokio::test(start_paused = true)]
async fn headers_for_a_backend_come_and_go() {
    let world = World::new();
    world.apply(&stack()).await;
    let route = format!("update {ROUTE}");
    let changed = [route.as_str(), "update api/deployment"];
    let text = sending(
        "X-Tenant = \"acme-${account.id}\", X-Caller = { from = \"context.authorizer.claims.client_id\" }, X-Lang = { from = \"method.request.header.Accept-Language\" }, X-Page = { from = \"method.request.multivaluequerystring.page\" }",
    );
    applied(&world, &text, &changed).await;
    let (mappings, declared) = mapped(&world).await;
    let expected: BTreeMap<_, _> = texts(&[
        ("integration.request.path.id", "method.request.path.id"),
        ("integration.request.header.X-Tenant", "'acme-123456789012'"),
        (
            "integration.request.header.X-Caller",
            "context.authorizer.claims.client_id",
        ),
        (
            "integration.request.header.X-Lang",
            "method.request.header.Accept-Language",
        ),
        (
            "integration.request.header.X-Page",
            "method.request.multivaluequerystring.page",
        ),
    ]);
    assert_eq!(mappings, expected);
    let expected = [
        "method.request.header.Accept-Language",
        "method.request.path.id",
        "method.request.querystring.page",
    ];
    assert_eq!(declared.iter().collect::<Vec<_>>(), expected);

    let another =
        sending("X-Tenant = \"zeta\", X-Lang = { from = \"method.request.header.Accept\" }");
    applied(&world, &another, &changed).await;
    let (mappings, declared) = mapped(&world).await;
    assert_eq!(mappings.len(), 3);
    assert_eq!(mappings["integration.request.header.X-Tenant"], "'zeta'");
    let expected = ["method.request.header.Accept", "method.request.path.id"];
    assert_eq!(declared.iter().collect::<Vec<_>>(), expected);

    let (api, resource) = place(&world).await;
    let update = world.apigateway().update_integration().rest_api_id(api);
    let update = update.resource_id(resource).http_method("GET");
    let update = update.patch_operations(replace(
        "/requestParameters/integration.request.header.X-Tenant",
        "'evil'",
    ));
    let update = update.patch_operations(operation(
        Op::Add,
        "/requestParameters/integration.request.header.X-Role",
        Some("'admin'"),
    ));
    update.send().await.unwrap();
    applied(&world, &another, &changed).await;

    applied(&world, &stack(), &changed).await;
    let (mappings, declared) = mapped(&world).await;
    assert_eq!((mappings.len(), declared.len()), (1, 1));
    world.destroy(&stack()).await;

    let world = World::new();
    world.apply(&text).await;
    let again = world.plan(&text).await;
    assert!(again.is_empty(), "{:#?}", again.changes);
}

const RESPONSES: &str = r#"
[api.gateway_responses.UNAUTHORIZED]
status = 403
headers = { X-Reason = "token", X-Id = { from = "context.requestId" } }
body = '{"error": $context.error.messageString}'
[api.gateway_responses.DEFAULT_4XX]
body = { "text/plain" = "$context.error.message" }
"#;

/// The usual stack with these tables in `[api]`.
fn answering(tables: &str) -> String {
    stack().replace(
        "[api.stage_variables]",
        &format!("{tables}\n[api.stage_variables]"),
    )
}

#[tokio::test(start_paused = true)]
async fn answers_of_api_gateways_own_come_and_go() {
    let world = World::new();
    world.apply(&stack()).await;
    let api = world.id(&stack(), "api").await;
    let text = answering(RESPONSES);
    let expected = [
        "update api.gateway_responses.DEFAULT_4XX",
        "create api.gateway_responses.UNAUTHORIZED",
        "update api/deployment",
    ];
    applied(&world, &text, &expected).await;
    let console = world.apigateway();
    let read = console.get_gateway_response().rest_api_id(&api);
    let read = read.response_type(GatewayResponseType::Unauthorized);
    let live = read.clone().send().await.unwrap();
    assert_eq!(live.status_code(), Some("403"));
    // A type with an answer of its own doesn't get the headers of the general one.
    let expected: HashMap<_, _> = texts(&[
        ("gatewayresponse.header.Access-Control-Allow-Origin", "'*'"),
        ("gatewayresponse.header.X-Id", "context.requestId"),
        ("gatewayresponse.header.X-Reason", "'token'"),
    ]);
    assert_eq!(live.response_parameters, Some(expected));
    let expected: HashMap<_, _> = texts(&[(
        "application/json",
        "{\"error\": $context.error.messageString}",
    )]);
    assert_eq!(live.response_templates, Some(expected));

    let update = console.update_gateway_response().rest_api_id(&api);
    let update = update.response_type(GatewayResponseType::Unauthorized);
    let update = update.patch_operations(replace("/statusCode", "200"));
    let update = update.patch_operations(operation(
        Op::Add,
        "/responseTemplates/text~1plain",
        Some("come in"),
    ));
    update.send().await.unwrap();
    let mended = [
        "update api.gateway_responses.UNAUTHORIZED",
        "update api/deployment",
    ];
    applied(&world, &text, &mended).await;

    let usual =
        answering("[api.gateway_responses.UNAUTHORIZED]\nheaders = { X-Reason = \"token\" }");
    let back = [
        "update api.gateway_responses.UNAUTHORIZED",
        "update api/default_4xx",
        "update api/deployment",
    ];
    applied(&world, &usual, &back).await;
    let live = read.send().await.unwrap();
    assert_eq!(live.status_code(), Some("401"));

    let gone = [
        "delete api.gateway_responses.UNAUTHORIZED",
        "update api/deployment",
    ];
    applied(&world, &stack(), &gone).await;
    world.destroy(&stack()).await;
}

#[test]
fn what_the_file_answers_to_callers_is_verified() {
    let text = ["things0", "things1"]
        .iter()
        .fold(answering(RESPONSES), |text, path| {
            let url = format!("http = \"http://api.aws.com/{path}/{{id}}\"");
            text.replace(&url, "mock = 200")
        });
    let folder = Folder::with(&text);
    folder.apply(&[]);
    let ran = folder.local(&["verify", "-v"]);
    assert_eq!(ran.code, 0, "{}{}", ran.stdout, ran.stderr);
    assert!(ran.stdout.contains("403 Unauthorized"), "{}", ran.stdout);
}

#[tokio::test(start_paused = true)]
async fn a_long_timeout_needs_a_quota() {
    let world = World::new();
    let url = "http = \"http://api.aws.com/things0/{id}\"";
    let waiting = |timeout: &str| stack().replace(url, &format!("{url}, timeout = \"{timeout}\""));
    let route = format!("update {ROUTE}");
    let changed = [route.as_str(), "update api/deployment"];
    world.apply(&waiting("29s")).await;
    let plan = applied(&world, &waiting("2m"), &changed).await;
    let note = plan.notes.iter().find(|note| note.code == "GS151");
    let text = &note.expect("the quota is named").text;
    assert!(
        text.contains("Maximum integration timeout in milliseconds"),
        "{text}"
    );
    for shorter in ["90s", "5s"] {
        let plan = applied(&world, &waiting(shorter), &changed).await;
        assert!(!codes(&plan).contains(&"GS151"), "{:?}", plan.notes);
    }
}

#[tokio::test(start_paused = true)]
async fn tls_and_addresses_come_and_go() {
    let world = World::new();
    world.apply(&stack()).await;
    let api = world.id(&stack(), "api").await;
    let deployed = ["update api", "update api/deployment"];
    let text = with("tls = \"1.3\"\nip = \"dualstack\"");
    let plan = applied(&world, &text, &deployed).await;
    assert!(codes(&plan).contains(&"GS152"), "{:?}", plan.notes);
    let console = world.apigateway();
    let read = || console.get_rest_api().rest_api_id(&api).send();
    let live = read().await.unwrap();
    let policy = live.security_policy().unwrap().as_str().to_owned();
    assert_eq!(policy, "SecurityPolicy_TLS13_1_3_2025_09");
    assert_eq!(live.endpoint_access_mode().unwrap().as_str(), "BASIC");
    let addresses = |live: &GetRestApiOutput| {
        let endpoint = live.endpoint_configuration().unwrap();
        endpoint.ip_address_type().unwrap().as_str().to_owned()
    };
    assert_eq!(addresses(&live), "dualstack");

    let strict = with("tls = \"1.3\"\nendpoint_access = \"strict\"");
    let plan = applied(&world, &strict, &deployed).await;
    assert!(!codes(&plan).contains(&"GS153"), "{:?}", plan.notes);
    let plan = world.plan(&text).await;
    assert!(codes(&plan).contains(&"GS153"), "{:?}", plan.notes);

    let update = console.update_rest_api().rest_api_id(&api);
    let update = update.patch_operations(replace("/endpointAccessMode", "BASIC"));
    let update =
        update.patch_operations(replace("/endpointConfiguration/ipAddressType", "dualstack"));
    update.send().await.unwrap();
    applied(&world, &strict, &deployed).await;

    // Addresses need no deployment.
    let both = with("tls = \"1.3\"\nendpoint_access = \"strict\"\nip = \"dualstack\"");
    let plan = applied(&world, &both, &["update api"]).await;
    assert!(!codes(&plan).contains(&"GS154"), "{:?}", plan.notes);
    let plan = applied(&world, &stack(), &deployed).await;
    assert!(codes(&plan).contains(&"GS154"), "{:?}", plan.notes);
    let live = read().await.unwrap();
    assert_eq!(live.security_policy().unwrap().as_str(), "TLS_1_0");
    assert!(live.endpoint_access_mode().is_none());
    assert_eq!(addresses(&live), "ipv4");
    world.destroy(&stack()).await;

    let world = World::new();
    world.apply(&both).await;
    let again = world.plan(&both).await;
    assert!(again.is_empty(), "{:#?}", again.changes);
}

#[test]
fn a_plan_warns_of_older_tls_and_names_it() {
    let folder = Folder::with(&with("tls = \"SecurityPolicy_TLS13_1_3_2025_09\""));
    folder.apply(&[]);
    folder.write(&with("tls = \"1.3\""));
    assert_eq!(folder.planned(), [""; 0]);
    folder.write(&stack());
    let plan = folder.local(&["plan"]).stdout;
    let policies = "\"SecurityPolicy_TLS13_1_3_2025_09\" → \"TLS_1_0\"";
    assert!(plan.contains(policies), "{plan}");
    assert!(plan.contains("warning[GS154]: api: TLS"), "{plan}");
}
