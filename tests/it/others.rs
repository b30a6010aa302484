//! Foreign dependents on the stack's resources: a plan that deletes such a resource stops before the first write if AWS would
//! refuse it half way, and asks for consent if AWS would delete them along.

use aws_sdk_apigateway::types::{
    AuthorizerType, ConnectionType, IntegrationType, Op, PatchOperation,
};
use aws_sdk_ec2::types::{Filter, InstanceType};
use aws_sdk_elasticloadbalancingv2::types::{
    Action, ActionTypeEnum, ProtocolEnum, Tag, TargetDescription, TargetTypeEnum,
};

use crate::support::program::{Folder, Ran, example};
use crate::support::road::{ec2, elbv2};
use crate::support::screen::said;
use crate::support::world::{World, world_in};

/// The reference system without deletion protection, applied, and clients for changes by hand.
struct Beside {
    folder: Folder,
    text: String,
    world: World,
}

impl Beside {
    fn new() -> Self {
        let text = example("partner-api")
            .replace("ap-southeast-1", "eu-west-1")
            .replace(
                "[user_pool]\n",
                "[user_pool]\ndeletion_protection = false\n",
            )
            .replace(
                "[load_balancer]\n",
                "[load_balancer]\ndeletion_protection = false\n",
            );
        let folder = Folder::with(&text);
        folder.apply(&[]);
        let world = world_in(&folder);
        Self {
            folder,
            text,
            world,
        }
    }

    /// The program with the file changed like this.
    fn with(&self, from: &str, to: &str, arguments: &[&str]) -> Ran {
        assert!(self.text.contains(from), "{from}");
        self.folder.write(&self.text.replace(from, to));
        let ran = self.folder.local(arguments);
        self.folder.write(&self.text);
        ran
    }

    /// The program on a file without the load balancer.
    fn without_the_road(&self, arguments: &[&str]) -> Ran {
        let (above, rest) = self.text.split_once("[load_balancer]\n").unwrap();
        let (_, below) = rest.split_once("\n[api]\n").unwrap();
        let below = below.replace(", via = \"load_balancer\"", "");
        self.folder.write(&format!("{above}[api]\n{below}"));
        let ran = self.folder.local(arguments);
        self.folder.write(&self.text);
        ran
    }

    /// Checks that a plan stops with this error, and that everything matches the file afterwards.
    fn stops(&self, ran: &Ran, says: &[&str]) {
        let text = said(ran, 1);
        for says in says {
            assert!(text.contains(says), "no {says:?} in\n{text}");
        }
        assert!(
            text.contains("Nothing was changed") || !text.contains("Applied"),
            "{text}"
        );
        let left = self.folder.planned();
        assert!(
            left.iter().all(|change| change == "update api/deployment"),
            "{left:?}"
        );
    }

    async fn api(&self) -> String {
        self.api_called("xxx-api").await
    }

    async fn api_called(&self, name: &str) -> String {
        let apis = self.world.apigateway().get_rest_apis().send().await;
        let apis = apis.unwrap();
        let api = apis.items().iter().find(|api| api.name() == Some(name));
        api.unwrap().id().unwrap().to_owned()
    }

    /// Another API with one deployed route, through a link where one is named.
    async fn other_api(&self, link: Option<&str>) -> String {
        let console = self.world.apigateway();
        let made = console.create_rest_api().name("other").send().await;
        let made = made.unwrap();
        let (api, root) = (made.id.unwrap(), made.root_resource_id.unwrap());
        let method = console.put_method().rest_api_id(&api).resource_id(&root);
        let method = method.http_method("GET").authorization_type("NONE");
        method.send().await.unwrap();
        let call = console.put_integration().rest_api_id(&api);
        let call = call
            .resource_id(&root)
            .http_method("GET")
            .r#type(IntegrationType::HttpProxy)
            .integration_http_method("GET")
            .uri("http://api.example.com/");
        let call = match link {
            Some(link) => call
                .connection_type(ConnectionType::VpcLink)
                .connection_id(link),
            None => call,
        };
        call.send().await.unwrap();
        let deployed = console.create_deployment().rest_api_id(&api);
        let deployed = deployed.stage_name("live");
        if let Some(variable) = link.and_then(|link| link.strip_prefix("${stageVariables.")) {
            let links = console.get_vpc_links().send().await.unwrap();
            let id = links.items()[0].id().unwrap();
            let variable = variable.trim_end_matches('}');
            deployed.variables(variable, id).send().await.unwrap();
        } else {
            deployed.send().await.unwrap();
        }
        api
    }

    async fn link(&self) -> String {
        let links = self.world.apigateway().get_vpc_links().send().await;
        links.unwrap().items()[0].id().unwrap().to_owned()
    }

    async fn load_balancer(&self) -> aws_sdk_elasticloadbalancingv2::types::LoadBalancer {
        let all = elbv2(&self.world).describe_load_balancers().send().await;
        all.unwrap().load_balancers()[0].clone()
    }

    async fn group(&self) -> String {
        let all = elbv2(&self.world).describe_target_groups().send().await;
        let all = all.unwrap();
        all.target_groups()[0]
            .target_group_arn()
            .unwrap()
            .to_owned()
    }

    /// A listener on our load balancer, to a group of its own unless one is named.
    async fn listener(&self, port: i32, group: Option<&str>, stack: Option<&str>) {
        let console = elbv2(&self.world);
        let balancer = self.load_balancer().await;
        let group = match group {
            Some(group) => group.to_owned(),
            None => {
                let made = console.create_target_group().name("theirs");
                let made = made.protocol(ProtocolEnum::Tcp).port(99);
                let made = made.vpc_id(balancer.vpc_id().unwrap());
                let made = made.target_type(TargetTypeEnum::Ip).send().await.unwrap();
                made.target_groups()[0]
                    .target_group_arn()
                    .unwrap()
                    .to_owned()
            }
        };
        let forward = Action::builder()
            .r#type(ActionTypeEnum::Forward)
            .target_group_arn(group)
            .build();
        let tag = |stack: &str| Tag::builder().key("gatestack:stack").value(stack).build();
        console
            .create_listener()
            .load_balancer_arn(balancer.load_balancer_arn().unwrap())
            .protocol(ProtocolEnum::Tcp)
            .port(port)
            .default_actions(forward)
            .set_tags(stack.map(|stack| vec![tag(stack)]))
            .send()
            .await
            .unwrap();
    }

    async fn ports(&self) -> Vec<i32> {
        let balancer = self.load_balancer().await;
        let listeners = elbv2(&self.world).describe_listeners();
        let arn = balancer.load_balancer_arn().unwrap();
        let listeners = listeners.load_balancer_arn(arn).send().await.unwrap();
        let ports = listeners.listeners().iter().filter_map(|one| one.port());
        let mut ports: Vec<i32> = ports.collect();
        ports.sort_unstable();
        ports
    }

    async fn pool(&self) -> String {
        let pools = self.world.cognito().list_user_pools().max_results(10);
        let pools = pools.send().await.unwrap();
        pools.user_pools()[0].id().unwrap().to_owned()
    }
}

/// An API without tokens, so that its file wants no authorizer.
const OPEN_API: &str = r#"
[stack]
name   = "open"
region = "eu-west-1"

[api]
name  = "open"
stage = "live"

[api.routes]
"GET /hello" = { mock = 200, requires = "nothing" }
"#;

const DESTROY: [&str; 3] = ["destroy", "--confirm", "partner-api"];

#[tokio::test]
async fn a_link_that_another_api_calls_through_does_not_go() {
    let beside = Beside::new();
    let link = beside.link().await;
    let other = Box::pin(beside.other_api(Some(&link))).await;
    let says = ["use the VPC link", &other, "(\"other\") at GET /"];
    beside.stops(&beside.folder.local(&DESTROY), &says);
    beside.stops(&beside.without_the_road(&["apply", "--yes"]), &says);
    let renamed = beside.with(
        "[load_balancer]\n",
        "[load_balancer]\nname = \"another\"\n",
        &["apply", "--yes"],
    );
    beside.stops(&renamed, &says);
    // If the link stays, other APIs are not read.
    let calm = beside.with("count     = 2", "count     = 1", &["plan"]);
    assert!(
        !said(&calm, 0).contains("use the VPC link"),
        "{}",
        calm.stdout
    );
}

#[tokio::test]
async fn a_link_that_a_stage_variable_of_another_api_names_does_not_go() {
    let beside = Beside::new();
    Box::pin(beside.other_api(Some("${stageVariables.link}"))).await;
    let says = ["use the VPC link", "(\"other\") at GET /"];
    beside.stops(&beside.folder.local(&DESTROY), &says);
}

#[tokio::test]
async fn an_api_that_others_use_by_nothing_of_ours_goes() {
    let beside = Beside::new();
    Box::pin(beside.other_api(None)).await;
    assert!(said(&beside.folder.local(&DESTROY), 0).contains("Destroyed"));
}

#[tokio::test]
async fn an_api_and_a_stage_to_which_a_hand_made_base_path_leads_do_not_go() {
    let beside = Beside::new();
    let certificate =
        crate::support::certificates::issued(&beside.world.service, "eu-west-1", "*.example.com");
    let certificate = Box::pin(certificate).await;
    let console = beside.world.apigateway();
    let endpoint = aws_sdk_apigateway::types::EndpointConfiguration::builder();
    let endpoint = endpoint.types(aws_sdk_apigateway::types::EndpointType::Regional);
    let domain = console
        .create_domain_name()
        .domain_name("theirs.example.com");
    let domain = domain.regional_certificate_arn(certificate);
    let domain = domain.endpoint_configuration(endpoint.build());
    Box::pin(domain.send()).await.unwrap();
    let mapping = console.create_base_path_mapping();
    let mapping = mapping.domain_name("theirs.example.com").base_path("x");
    let mapping = mapping.rest_api_id(beside.api().await).stage("prod");
    Box::pin(mapping.send()).await.unwrap();
    let mapping = beside.world.apigatewayv2().create_api_mapping();
    let mapping = mapping
        .domain_name("theirs.example.com")
        .api_mapping_key("y/z");
    let mapping = mapping.api_id(beside.api().await).stage("prod");
    Box::pin(mapping.send()).await.unwrap();

    let says = [
        "/x on the domain \"theirs.example.com\"",
        "/y/z on the domain \"theirs.example.com\"",
        "delete-base-path-mapping --domain-name theirs.example.com --base-path x",
        "delete-api-mapping --domain-name theirs.example.com --api-mapping-id",
    ];
    beside.stops(&beside.folder.local(&DESTROY), &says);
    let renamed = ["apply", "--yes", "--allow-delete", "api/stage/prod"];
    let renamed = beside.with("stage      = \"prod\"", "stage      = \"live\"", &renamed);
    let text = said(&renamed, 1);
    assert!(
        text.contains(says[0]) && text.contains("are mapped to this stage"),
        "{text}"
    );
    // A stage that stays is no obstacle.
    let kept = beside.with("stage      = \"prod\"", "stage      = \"live\"", &["plan"]);
    assert!(
        !said(&kept, 0).contains("theirs.example.com"),
        "{}",
        kept.stdout
    );
}

#[tokio::test]
async fn a_pool_with_a_hand_made_domain_does_not_go_and_keeps_its_protection() {
    let beside = Beside::new();
    beside.folder.write(&beside.text.replace(
        "[user_pool]\ndeletion_protection = false\n",
        "[user_pool]\n",
    ));
    beside.folder.apply(&[]);
    let pool = beside.pool().await;
    let cognito = beside.world.cognito();
    // A pool has one domain of each sort, so ours was deleted by hand before.
    let gone = cognito.delete_user_pool_domain().user_pool_id(&pool);
    Box::pin(gone.domain("xxx-123456789012").send())
        .await
        .unwrap();
    let made = cognito.create_user_pool_domain().user_pool_id(&pool);
    Box::pin(made.domain("theirs").send()).await.unwrap();
    let text = said(&beside.folder.local(&DESTROY), 1);
    assert!(
        text.contains("AWS deletes no pool that has one: theirs")
            && text.contains("delete-user-pool-domain --user-pool-id")
            && text.contains("--domain theirs"),
        "{text}"
    );
    let described = cognito.describe_user_pool().user_pool_id(&pool);
    let described = Box::pin(described.send()).await.unwrap();
    let protection = described.user_pool().unwrap().deletion_protection();
    assert_eq!(protection.unwrap().as_str(), "ACTIVE");
}

#[tokio::test]
async fn a_hand_made_listener_is_left_alone_and_goes_by_consent_only() {
    let beside = Beside::new();
    Box::pin(beside.listener(99, None, None)).await;
    let plan = said(&beside.folder.local(&["plan"]), 0);
    assert!(
        plan.contains("1 listener isn't managed by this stack; left alone"),
        "{plan}"
    );
    beside.folder.apply(&[]);
    assert_eq!(Box::pin(beside.ports()).await, [80, 99]);
    for flags in [vec![], vec!["--allow-delete", "*"]] {
        let refused = said(&beside.folder.local(&[&DESTROY[..], &flags].concat()), 1);
        assert!(
            refused.contains("1 listener that this stack did not make (\"port 99\")")
                && refused.contains("--allow-delete 'load_balancer/other_listeners'"),
            "{refused}"
        );
    }
    assert_eq!(Box::pin(beside.ports()).await, [80, 99]);
    let agreed = ["--allow-delete", "load_balancer/other_listeners"];
    let gone = beside.folder.local(&[&DESTROY[..], &agreed].concat());
    assert!(said(&gone, 0).contains("Destroyed"));
}

#[tokio::test]
async fn a_listener_without_tags_on_a_port_of_the_file_is_taken_over_by_adopt_only() {
    let beside = Beside::new();
    Box::pin(beside.listener(99, None, None)).await;
    let says = [
        "gatestack did not make",
        "the listener on port 99",
        "--adopt 'load_balancer.listeners.99'",
    ];
    let wants = |arguments: &[&str]| {
        let to = "listeners = { 99 = { to = 9090 }, 80 = {";
        beside.with("listeners = { 80 = {", to, arguments)
    };
    beside.stops(&wants(&["apply", "--yes"]), &says);
    assert_eq!(Box::pin(beside.ports()).await, [80, 99]);
    let adopts = ["apply", "--yes", "--adopt", "load_balancer.listeners.99"];
    assert!(said(&wants(&adopts), 0).contains("Applied"));
    // It carries the tags now.
    assert!(said(&wants(&["plan"]), 0).contains("No changes"));
    assert_eq!(Box::pin(beside.ports()).await, [80, 99]);
}

#[tokio::test]
async fn another_stacks_listener_is_never_deleted() {
    let beside = Beside::new();
    Box::pin(beside.listener(99, None, Some("otherstack"))).await;
    beside.folder.apply(&[]);
    assert_eq!(Box::pin(beside.ports()).await, [80, 99]);
    let says = ["port 99 of the stack \"otherstack\""];
    let all = ["--allow-delete", "*", "--allow-delete", "*/*"];
    beside.stops(&beside.folder.local(&[&DESTROY[..], &all].concat()), &says);
    beside.stops(&beside.without_the_road(&["apply", "--yes"]), &says);
    let wanted = beside.with(
        "listeners = { 80 = {",
        "listeners = { 99 = { to = 9090 }, 80 = {",
        &["apply", "--yes"],
    );
    beside.stops(
        &wanted,
        &["already belongs to the stack \"otherstack\"", "port 99"],
    );
}

#[tokio::test]
async fn a_group_that_a_hand_made_listener_leads_to_is_not_replaced() {
    let beside = Beside::new();
    let group = Box::pin(beside.group()).await;
    Box::pin(beside.listener(98, Some(&group), None)).await;
    let replaced = beside.with("to = 8080", "to = 8081", &["apply", "--yes"]);
    beside.stops(&replaced, &["forward to the target group", "port 98"]);
}

#[tokio::test]
async fn a_hand_made_authorizer_is_left_alone_and_goes_by_consent_only() {
    let beside = Beside::new();
    let console = beside.world.apigateway();
    let api = beside.api().await;
    let made = console.create_authorizer().rest_api_id(&api).name("Theirs");
    let made = made.r#type(AuthorizerType::Request).authorizer_uri(
        "arn:aws:apigateway:eu-west-1:lambda:path/2015-03-31/functions/arn:aws:lambda:eu-west-1:123456789012:function:x/invocations",
    );
    let made = made.identity_source("method.request.header.X");
    Box::pin(made.send()).await.unwrap();
    let plan = said(&beside.folder.local(&["plan"]), 0);
    assert!(
        plan.contains("1 authorizer isn't managed by this stack; left alone"),
        "{plan}"
    );
    beside.folder.apply(&[]);
    // Ours is distinguished from it by its type, also under another name.
    let renamed = beside.with("XXXAuthorizer", "YYYAuthorizer", &["apply", "--yes"]);
    assert!(said(&renamed, 0).contains("Applied"), "{}", renamed.stdout);
    let there = Box::pin(console.get_authorizers().rest_api_id(&api).send()).await;
    let there = there.unwrap();
    let mut names: Vec<&str> = there.items().iter().filter_map(|one| one.name()).collect();
    names.sort_unstable();
    assert_eq!(names, ["Theirs", "YYYAuthorizer"]);
    let refused = said(&beside.folder.local(&DESTROY), 1);
    assert!(
        refused.contains("--allow-delete 'api/other_authorizers'"),
        "{refused}"
    );
    let agreed = ["--allow-delete", "api/other_authorizers"];
    said(&beside.folder.local(&[&DESTROY[..], &agreed].concat()), 0);
}

#[tokio::test]
async fn a_hand_made_authorizer_for_another_pool_is_not_deleted() {
    let folder = Folder::with(OPEN_API);
    folder.apply(&[]);
    let world = world_in(&folder);
    let console = world.apigateway();
    let apis = console.get_rest_apis().send().await.unwrap();
    let api = apis.items()[0].id().unwrap();
    let pool = world.cognito().create_user_pool().pool_name("theirs");
    let pool = Box::pin(pool.send()).await.unwrap().user_pool.unwrap();
    let made = console.create_authorizer().rest_api_id(api).name("theirs");
    let made = made
        .r#type(AuthorizerType::CognitoUserPools)
        .provider_arns(pool.arn().unwrap())
        .identity_source("method.request.header.Authorization");
    Box::pin(made.send()).await.unwrap();
    let plan = said(&folder.local(&["plan"]), 0);
    assert!(
        plan.contains("1 authorizer isn't managed by this stack; left alone"),
        "{plan}"
    );
    folder.apply(&[]);
    let there = console.get_authorizers().rest_api_id(api).send();
    assert_eq!(Box::pin(there).await.unwrap().items().len(), 1);
}

#[tokio::test]
async fn targets_that_others_registered_are_not_lost_without_a_word() {
    let beside = Beside::new();
    let group = Box::pin(beside.group()).await;
    let console = ec2(&beside.world);
    let running = Box::pin(console.describe_instances().send()).await.unwrap();
    let ours = running.reservations()[0].instances()[0].clone();
    let run = console.run_instances().min_count(1).max_count(1);
    let run = run
        .image_id(ours.image_id().unwrap())
        .instance_type(InstanceType::T3Micro);
    let theirs = run.subnet_id(ours.subnet_id().unwrap());
    let theirs = Box::pin(theirs.send()).await.unwrap();
    let theirs = theirs.instances()[0].instance_id().unwrap();
    let target = TargetDescription::builder().id(theirs).build();
    let register = elbv2(&beside.world)
        .register_targets()
        .target_group_arn(group);
    Box::pin(register.targets(target).send()).await.unwrap();

    let name = "load_balancer.listeners.80/target_group/other_targets";
    let flag = format!("--allow-delete '{name}'");
    for refused in [
        beside.with("to = 8080", "to = 8081", &["apply", "--yes"]),
        beside.without_the_road(&["apply", "--yes"]),
        beside.folder.local(&DESTROY),
    ] {
        beside.stops(&refused, &[&flag, theirs]);
    }
    let agreed = beside.with(
        "to = 8080",
        "to = 8081",
        &["apply", "--yes", "--allow-delete", name],
    );
    said(&agreed, 0);
    let elsewhere = beside.with("count     = 2", "count     = 1", &["plan"]);
    assert!(!said(&elsewhere, 0).contains("other_targets"));
}

#[tokio::test]
async fn scopes_of_other_peoples_clients_do_not_go_without_a_word() {
    let beside = Beside::new();
    let pool = beside.pool().await;
    let client = |name: &str| {
        let client = beside.world.cognito().create_user_pool_client();
        client.user_pool_id(&pool).client_name(name)
    };
    let holder = client("theirs")
        .generate_secret(true)
        .allowed_o_auth_flows(
            aws_sdk_cognitoidentityprovider::types::OAuthFlowType::ClientCredentials,
        )
        .allowed_o_auth_flows_user_pool_client(true)
        .allowed_o_auth_scopes("xxx-api/read");
    Box::pin(holder.send()).await.unwrap();
    Box::pin(client("bystander").send()).await.unwrap();
    let name = "resource_servers.xxx-api/other_clients";
    let flag = format!("--allow-delete '{name}'");
    let renamed = |arguments: &[&str]| {
        let text = beside.text.replace(
            "scopes = { read = \"read\" }",
            "scopes = { look = \"read\" }",
        );
        beside
            .folder
            .write(&text.replace("xxx-api/read", "xxx-api/look"));
        let ran = beside.folder.local(arguments);
        beside.folder.write(&beside.text);
        ran
    };
    let refused = renamed(&["apply", "--yes"]);
    beside.stops(
        &refused,
        &[
            &flag,
            "1 app client that this stack did not make (\"theirs\")",
        ],
    );
    assert!(
        !refused.stdout.contains("2 app clients aren't managed"),
        "{}",
        refused.stdout
    );
    // A scope's description is no loss.
    let described = beside.with("read = \"read\"", "read = \"Read\"", &["plan"]);
    assert!(!said(&described, 0).contains("other_clients"));
    said(&renamed(&["apply", "--yes", "--allow-delete", name]), 0);
}

#[tokio::test]
async fn a_security_group_that_others_use_does_not_go() {
    let beside = Beside::new();
    let console = ec2(&beside.world);
    let named = Filter::builder()
        .name("tag:gatestack:key")
        .values("load_balancer/security_group");
    let groups = console.describe_security_groups().filters(named.build());
    let groups = Box::pin(groups.send()).await.unwrap();
    let group = groups.security_groups()[0].group_id().unwrap();
    let running = Box::pin(console.describe_instances().send()).await.unwrap();
    let ours = running.reservations()[0].instances()[0].clone();
    let run = console.run_instances().min_count(1).max_count(1);
    let run = run
        .image_id(ours.image_id().unwrap())
        .instance_type(InstanceType::T3Micro);
    let run = run
        .subnet_id(ours.subnet_id().unwrap())
        .security_group_ids(group);
    let theirs = Box::pin(run.send()).await.unwrap();
    let theirs = theirs.instances()[0].instance_id().unwrap().to_owned();
    let says = ["uses the security group", &format!("the instance {theirs}")];
    beside.stops(&beside.folder.local(&DESTROY), &says);
    beside.stops(&beside.without_the_road(&["apply", "--yes"]), &says);

    // A terminating one uses it for a minute only.
    let end = console.terminate_instances().instance_ids(&theirs);
    Box::pin(end.send()).await.unwrap();
    let other = console
        .create_security_group()
        .group_name("theirs")
        .description("theirs");
    let other = other.vpc_id(ours.vpc_id().unwrap());
    let other = Box::pin(other.send()).await.unwrap().group_id.unwrap();
    let pair = aws_sdk_ec2::types::UserIdGroupPair::builder()
        .group_id(group)
        .build();
    let rule = aws_sdk_ec2::types::IpPermission::builder().ip_protocol("tcp");
    let rule = rule
        .from_port(1)
        .to_port(2)
        .user_id_group_pairs(pair)
        .build();
    let let_in = console.authorize_security_group_ingress().group_id(&other);
    Box::pin(let_in.ip_permissions(rule).send()).await.unwrap();
    let says = [
        "uses the security group",
        &format!("a rule of the security group {other}"),
    ];
    beside.stops(&beside.folder.local(&DESTROY), &says);
    let gone = console.delete_security_group().group_id(other);
    Box::pin(gone.send()).await.unwrap();
    assert!(said(&beside.folder.local(&DESTROY), 0).contains("Destroyed"));
}

#[tokio::test]
async fn models_validators_and_places_on_other_plans_go_by_consent_only() {
    let beside = Beside::new();
    let console = beside.world.apigateway();
    let api = beside.api().await;
    let model = console.create_model().rest_api_id(&api).name("Theirs");
    let model = model.content_type("application/json").schema("{}");
    Box::pin(model.send()).await.unwrap();
    let validator = console.create_request_validator().rest_api_id(&api);
    let validator = validator.name("theirs").validate_request_body(true);
    Box::pin(validator.send()).await.unwrap();
    let stage = aws_sdk_apigateway::types::ApiStage::builder();
    let plan = console.create_usage_plan().name("theirs");
    let plan = plan.api_stages(stage.api_id(&api).stage("prod").build());
    Box::pin(plan.send()).await.unwrap();
    beside.folder.apply(&[]);
    let names = [
        "api/other_models",
        "api/other_plans",
        "api/other_request_validators",
    ];
    let flags: Vec<String> = names
        .iter()
        .map(|name| format!("--allow-delete '{name}'"))
        .collect();
    let says: Vec<&str> = flags.iter().map(String::as_str).collect();
    beside.stops(&beside.folder.local(&DESTROY), &says);
    let renamed = ["apply", "--yes", "--allow-delete", "api/stage/prod"];
    let renamed = beside.with("stage      = \"prod\"", "stage      = \"live\"", &renamed);
    beside.stops(
        &renamed,
        &["--allow-delete 'api/stage/prod/other_plans'", "\"theirs\""],
    );
    let agreed = ["--allow-delete", "api/*"];
    said(&beside.folder.local(&[&DESTROY[..], &agreed].concat()), 0);
}

#[tokio::test]
async fn a_key_of_ours_on_a_plan_of_others_stops_the_plan() {
    let beside = Beside::new();
    let console = beside.world.apigateway();
    let plans = console.get_usage_plans().send().await.unwrap();
    let ours = &plans.items()[0];
    let keys = console.get_usage_plan_keys();
    let keys = keys.usage_plan_id(ours.id().unwrap()).send().await.unwrap();
    let key = keys.items()[0].id().unwrap();
    let gone = console.delete_usage_plan_key();
    let gone = gone.usage_plan_id(ours.id().unwrap()).key_id(key);
    gone.send().await.unwrap();
    let theirs = console.create_usage_plan().name("theirs");
    let theirs = theirs.set_api_stages(ours.api_stages.clone());
    let theirs = theirs.send().await.unwrap().id.unwrap();
    let place = console.create_usage_plan_key();
    let place = place.usage_plan_id(&theirs).key_id(key).key_type("API_KEY");
    Box::pin(place.send()).await.unwrap();
    let says = [
        "the usage plan \"theirs\"",
        &theirs,
        "on one plan of a stage only",
    ];
    let text = said(&beside.folder.local(&["apply", "--yes"]), 1);
    for says in says {
        assert!(text.contains(says), "no {says:?} in\n{text}");
    }
    let gone = console.delete_usage_plan_key();
    let gone = gone.usage_plan_id(&theirs).key_id(key);
    Box::pin(gone.send()).await.unwrap();
    beside.folder.apply(&[]);
}

#[tokio::test]
async fn keys_that_an_authorizer_would_answer_are_read_from_the_header_again() {
    let beside = Beside::new();
    let console = beside.world.apigateway();
    let source = PatchOperation::builder()
        .op(Op::Replace)
        .path("/apiKeySource")
        .value("AUTHORIZER")
        .build();
    let changed = console.update_rest_api().rest_api_id(beside.api().await);
    Box::pin(changed.patch_operations(source).send())
        .await
        .unwrap();
    let plan = said(&beside.folder.local(&["plan"]), 0);
    assert!(plan.contains("keys_from_header"), "{plan}");
    beside.folder.apply(&[]);
    assert_eq!(beside.folder.planned(), [""; 0]);
}
