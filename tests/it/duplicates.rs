//! Two resources at one address: created by two runs without the lock, or left by one of them.

use std::io::{Read as _, Write as _};
use std::net::{TcpListener, TcpStream};
use std::sync::{Arc, Mutex};

use aws_sdk_apigateway::types::IntegrationType;
use gatestack::model::{Address, OutputName};
use gatestack::plan::{Options, Patterns, Plan};

use crate::support::program::{Folder, Ran};
use crate::support::theirs::{checks_tokens_of, in_the_api, in_the_pool, on_the_plan};
use crate::support::world::{World, counted, desired, stack_of, summary};

const OURS: &str = "gatestack:stack";
const AT: &str = "gatestack:key";

/// Creates what a second first apply has when it stops after its first calls: an API, a pool, a plan and a key of the stack, not
/// connected. Returns their ids.
async fn half_of_another(world: &World) -> [String; 4] {
    let (api, cognito) = (world.apigateway(), world.cognito());
    let tagged = api.create_rest_api().name("xxx-api");
    let tagged = tagged.tags(OURS, "claims").tags(AT, "api");
    let other_api = tagged.send().await.unwrap().id.unwrap();
    let pool = cognito.create_user_pool().pool_name("XXX Users");
    let pool = pool
        .user_pool_tags(OURS, "claims")
        .user_pool_tags(AT, "user_pool");
    let pool = pool.send().await.unwrap().user_pool.unwrap().id.unwrap();
    let plan = api.create_usage_plan().name("XXXPlan");
    let plan = plan.tags(OURS, "claims").tags(AT, "plans.XXXPlan");
    let plan = plan.send().await.unwrap().id.unwrap();
    let key = api.create_api_key().name("insurer0").enabled(true);
    let key = key.tags(OURS, "claims").tags(AT, "partners.insurer0/key");
    let key = key.send().await.unwrap().id.unwrap();
    [other_api, pool, plan, key]
}

#[tokio::test(start_paused = true)]
async fn the_one_in_use_stays_and_the_others_go_by_their_own_consent() {
    let world = World::new();
    let text = stack_of(1, 1);
    world.apply(&text).await;
    let before = world.look(&text).await;
    let [api, pool, plan, key] = half_of_another(&world).await;
    let expected = [
        format!("delete api/duplicate/{api}"),
        format!("delete partners.insurer0/key/duplicate/{key}"),
        format!("delete plans.XXXPlan/duplicate/{plan}"),
        format!("delete user_pool/duplicate/{pool}"),
    ];
    let planned = world.plan(&text).await;
    assert_eq!(summary(&planned), expected);
    for (address, change) in &planned.changes {
        assert!(planned.missing_consent.contains_key(address), "{address}");
        assert!(
            change
                .reasons
                .iter()
                .any(|why| why.contains("is in use at")),
            "{change:?}"
        );
    }
    let wide = Options {
        allow_delete: Patterns::new(
            ["api", "user_pool", "plans.XXXPlan", "partners.insurer0"].map(str::to_owned),
        ),
        ..Options::default()
    };
    let planned = world.plan_with(&text, &wide).await.unwrap();
    assert_eq!(
        planned.missing_consent.len(),
        4,
        "consent to the one in use is none to these"
    );
    let named = Options {
        allow_delete: Patterns::new(["*/duplicate/*".to_owned()]),
        ..Options::default()
    };
    world.apply_with(&text, &named).await;
    let after = world.look(&text).await;
    assert!(after.duplicates.is_empty());
    for (address, live) in &before.live {
        assert_eq!(after.live[address].outputs, live.outputs, "{address}");
    }
    assert!(world.plan(&text).await.is_empty());
}

/// Makes a deployment of an API with one route, by hand.
async fn deployed_by_hand(world: &World, api: &str) {
    let console = world.apigateway();
    let resources = console.get_resources().rest_api_id(api);
    let root = Box::pin(resources.send()).await.unwrap();
    let root = root.items()[0].id().unwrap();
    let method = console.put_method().rest_api_id(api).resource_id(root);
    let method = method.http_method("GET").authorization_type("NONE");
    Box::pin(method.send()).await.unwrap();
    let mock = console.put_integration().rest_api_id(api).resource_id(root);
    let mock = mock.http_method("GET").r#type(IntegrationType::Mock);
    Box::pin(mock.send()).await.unwrap();
    let deployment = console.create_deployment().rest_api_id(api);
    Box::pin(deployment.send()).await.unwrap();
}

#[tokio::test(start_paused = true)]
async fn what_goes_along_with_one_that_is_left_over_is_agreed_to_by_its_own_name() {
    let world = World::new();
    let text = stack_of(1, 1);
    Box::pin(world.apply(&text)).await;
    let [api, pool, plan, key] = Box::pin(half_of_another(&world)).await;
    Box::pin(deployed_by_hand(&world, &api)).await;
    Box::pin(in_the_pool(&world, &pool)).await;
    Box::pin(in_the_api(&world, &api)).await;
    Box::pin(on_the_plan(&world, &plan)).await;
    Box::pin(checks_tokens_of(&world, &pool)).await;
    let own = [
        format!("api/duplicate/{api}"),
        format!("partners.insurer0/key/duplicate/{key}"),
        format!("plans.XXXPlan/duplicate/{plan}"),
        format!("user_pool/duplicate/{pool}"),
    ];
    let of = |address: &str, words: &[&str]| -> Vec<String> {
        words
            .iter()
            .map(|word| format!("{address}/{word}"))
            .collect()
    };
    let others = [
        of(&own[0], &["other_stages"]),
        of(&own[2], &["other_keys", "other_stages"]),
        of(
            &own[3],
            &[
                "groups",
                "identity_providers",
                "other_authorizers",
                "other_clients",
                "other_resource_servers",
            ],
        ),
    ]
    .concat();
    let missing = |plan: &Plan| -> Vec<String> {
        let missing = plan.losses_to_confirm();
        missing.keys().map(ToString::to_string).collect()
    };
    let to = |destroy: bool, patterns: &[String]| Options {
        destroy,
        allow_delete: Patterns::new(patterns.iter().cloned()),
        ..Options::default()
    };
    let planned =
        async |options: Options| Box::pin(world.plan_with(&text, &options)).await.unwrap();
    // Consent to the resource in use or to what is deleted along with it is not consent to these.
    let wide = [
        "user_pool/other_clients",
        "user_pool/groups",
        "api/other_stages",
        "plans.XXXPlan/other_keys",
    ]
    .map(str::to_owned);
    let named = [&own[..], &wide].concat();
    for destroy in [false, true] {
        let plan = planned(to(destroy, &named)).await;
        assert_eq!(missing(&plan), others, "destroy: {destroy}");
        let clients = &plan.missing_consent[&Address::new(&others[6])];
        assert_eq!(
            clients.text,
            "1 app client that this stack did not make (\"theirs\"): their ids and secrets stop working"
        );
        let plan = planned(to(destroy, &[&own[..], &others].concat())).await;
        assert_eq!(missing(&plan), [""; 0], "destroy: {destroy}");
    }
    Box::pin(world.apply_with(&text, &to(false, &[&own[..], &others].concat()))).await;
    assert!(Box::pin(world.plan(&text)).await.is_empty());
}

#[tokio::test(start_paused = true)]
async fn a_domain_made_by_hand_keeps_the_pool_that_is_left_over() {
    let world = World::new();
    let text = stack_of(1, 1);
    Box::pin(world.apply(&text)).await;
    let [_, pool, ..] = Box::pin(half_of_another(&world)).await;
    let domain = world.cognito().create_user_pool_domain();
    let domain = domain.user_pool_id(&pool).domain("theirs");
    Box::pin(domain.send()).await.unwrap();
    let all = Options {
        allow_delete: Patterns::new(["*/duplicate/*".to_owned()]),
        ..Options::default()
    };
    let stopped = Box::pin(world.plan_with(&text, &all)).await.unwrap_err();
    assert_eq!(
        stopped[0].address.as_str(),
        format!("user_pool/duplicate/{pool}")
    );
    assert!(
        stopped[0]
            .what
            .contains("AWS deletes no pool that has one: theirs"),
        "{stopped:?}"
    );
    let domain = world.cognito().describe_user_pool_domain().domain("theirs");
    let domain = Box::pin(domain.send()).await.unwrap().domain_description;
    assert_eq!(domain.unwrap().user_pool_id, Some(pool));
}

#[tokio::test(start_paused = true)]
async fn where_neither_is_in_use_the_plan_stops_and_destroy_removes_both() {
    let world = World::new();
    let text = stack_of(1, 1);
    half_of_another(&world).await;
    half_of_another(&world).await;
    let problems = world
        .plan_with(&text, &Options::default())
        .await
        .unwrap_err();
    let api = problems
        .iter()
        .find(|problem| problem.address.as_str() == "api")
        .unwrap();
    assert!(
        api.what.contains("none of them has a deployed stage"),
        "{api:?}"
    );
    assert!(api.help.contains("destroy"), "{api:?}");
    world.destroy(&text).await;
    assert!(world.look(&text).await.live.is_empty());
    let apis = world.apigateway().get_rest_apis().send().await.unwrap();
    assert!(apis.items().is_empty());
}

/// Tags a thing of another stack as this one's, as a second run would have made it.
fn of_this_stack(text: &str) -> String {
    text.replace("\"claims\"", "\"twin\"")
}

/// Two whole stacks with one name: everything but the domain, which is unique. Returns the ids of the API and pool of the second,
/// which has none.
async fn twins(world: &World, text: &str) -> [String; 2] {
    let twin = of_this_stack(text)
        .lines()
        .filter(|line| !line.starts_with("domain"))
        .collect::<Vec<_>>()
        .join("\n")
        .replace("\"XXX Users\"", "\"YYY Users\"")
        .replace("name = \"xxx-api\"", "name = \"yyy-api\"")
        .replace("[plans.XXXPlan]\n", "[plans.XXXPlan]\nname = \"YYYPlan\"\n");
    Box::pin(world.apply(&twin)).await;
    let [api, pool] = ["api", "user_pool"].map(|address| (address, twin.clone()));
    let api = Box::pin(world.id(&api.1, api.0)).await;
    let pool = Box::pin(world.id(&pool.1, pool.0)).await;
    Box::pin(world.apply(text)).await;
    let ours = |arn: String| {
        let console = world.apigateway();
        async move {
            let tag = console.tag_resource().resource_arn(arn);
            Box::pin(tag.tags(OURS, "claims").send()).await.unwrap();
        }
    };
    let arn = format!("arn:aws:apigateway:eu-west-1::/restapis/{api}");
    ours(format!("{arn}/stages/prod")).await;
    ours(arn).await;
    let plan = Box::pin(world.id(&twin, "plans.XXXPlan")).await;
    ours(format!("arn:aws:apigateway:eu-west-1::/usageplans/{plan}")).await;
    let arn = format!(
        "arn:aws:cognito-idp:eu-west-1:{}:userpool/{pool}",
        crate::support::world::ACCOUNT
    );
    let tag = world.cognito().tag_resource().resource_arn(arn);
    Box::pin(tag.tags(OURS, "claims").send()).await.unwrap();
    [api, pool]
}

#[tokio::test(start_paused = true)]
async fn of_two_whole_chains_the_one_that_has_the_domain_is_in_use() {
    let world = World::new();
    let text = stack_of(0, 1);
    let [api, pool] = Box::pin(twins(&world, &text)).await;
    let seen = Box::pin(world.look(&text)).await;
    assert!(seen.obstacles.is_empty(), "{:#?}", seen.obstacles);
    let left: Vec<_> = seen
        .duplicates
        .iter()
        .filter(|one| ["api", "user_pool"].contains(&one.address.as_str()))
        .map(|one| {
            assert!(one.in_use.is_some(), "{one:?}");
            one.left_over.keys().map(Address::to_string).collect()
        })
        .collect::<Vec<Vec<_>>>();
    assert_eq!(
        left,
        [
            vec![format!("api/duplicate/{api}")],
            vec![format!("user_pool/duplicate/{pool}")]
        ]
    );
}

#[tokio::test(start_paused = true)]
async fn where_nothing_tells_a_choice_by_id_does() {
    let world = World::new();
    let text = stack_of(0, 1);
    let [api, pool] = Box::pin(twins(&world, &text)).await;
    let first = Box::pin(world.look(&text)).await;
    let api_in_use = first.live[&Address::new("api")].outputs[&OutputName::Id].clone();
    let pool_in_use = first.live[&Address::new("user_pool")].outputs[&OutputName::Id].clone();
    // Without the domain neither is more complete than the other.
    let gone = world.cognito().delete_user_pool_domain();
    let gone = gone.user_pool_id(&pool_in_use);
    let gone = gone.domain(format!("xxx-{}", crate::support::world::ACCOUNT));
    Box::pin(gone.send()).await.unwrap();
    let problems = Box::pin(world.plan_with(&text, &Options::default())).await;
    let problems = problems.unwrap_err();
    let apis = problems.iter().find(|one| one.address.as_str() == "api");
    let apis = apis.unwrap_or_else(|| panic!("{problems:#?}"));
    for words in [
        format!(
            "REST API {api} (has a deployed stage and a usage plan, lacks an authorizer for the user pool that has the domain)"
        ),
        format!("REST API {api_in_use} (has a deployed stage"),
    ] {
        assert!(apis.what.contains(&words), "{apis:?}");
    }
    for id in [&api, &api_in_use] {
        let flag = format!("--allow-delete 'api/duplicate/{id}'");
        assert!(apis.help.contains(&flag), "{apis:?}");
    }
    // Either goes.
    for (goes, stays) in [(&api, &api_in_use), (&api_in_use, &api)] {
        let mut wanted = desired(&text);
        wanted.leaving.insert(Address::new("api").duplicate(goes));
        let seen = Box::pin(world.observe(&wanted)).await;
        assert_eq!(
            &seen.live[&Address::new("api")].outputs[&OutputName::Id],
            stays
        );
        assert!(seen.live.contains_key(&Address::new("api").duplicate(goes)));
        let pools = if stays == &api { &pool } else { &pool_in_use };
        assert_eq!(
            &seen.live[&Address::new("user_pool")].outputs[&OutputName::Id],
            pools
        );
        let options = Options {
            allow_delete: Patterns::new(["*/duplicate/*".to_owned()]),
            ..Options::default()
        };
        let plan = gatestack::plan::plan(&wanted, &seen, &options).unwrap();
        assert!(
            plan.missing_consent.is_empty(),
            "{:?}",
            plan.missing_consent
        );
    }
}

#[tokio::test(start_paused = true)]
async fn destroy_removes_all_of_them() {
    let world = World::new();
    let text = stack_of(2, 1);
    world.apply(&text).await;
    half_of_another(&world).await;
    world.destroy(&text).await;
    assert!(world.look(&text).await.live.is_empty());
    let pools = world.cognito().list_user_pools().max_results(60);
    assert!(pools.send().await.unwrap().user_pools().is_empty());
    let keys = world.apigateway().get_api_keys().send().await.unwrap();
    assert!(keys.items().is_empty());
}

#[tokio::test(start_paused = true)]
async fn a_partner_that_two_runs_added_keeps_neither_by_chance() {
    let world = World::new();
    let text = stack_of(1, 1);
    world.apply(&text).await;
    let at = |address: &str| Address::new(address);
    let before = world.look(&text).await;
    let id = |address: &str| before.live[&at(address)].outputs[&OutputName::Id].clone();
    // A second key on the same plan, with a client of its own, as another run makes them.
    let client = world.cognito().create_user_pool_client();
    let client = client
        .user_pool_id(id("user_pool"))
        .client_name("insurer0")
        .generate_secret(true);
    let client = client.send().await.unwrap().user_pool_client.unwrap();
    let key = world.apigateway().create_api_key().name("insurer0");
    let key = key
        .enabled(true)
        .tags(OURS, "claims")
        .tags(AT, "partners.insurer0/key")
        .tags("gatestack:client", client.client_id.clone().unwrap());
    let key = key.send().await.unwrap().id.unwrap();
    let member = world.apigateway().create_usage_plan_key();
    let member = member.usage_plan_id(id("plans.XXXPlan")).key_id(&key);
    member.key_type("API_KEY").send().await.unwrap();

    let problems = world
        .plan_with(&text, &Options::default())
        .await
        .unwrap_err();
    let both = problems
        .iter()
        .find(|problem| problem.address.as_str() == "partners.insurer0/key")
        .unwrap_or_else(|| panic!("{problems:#?}"));
    assert!(
        both.what
            .contains("more than one is on a usage plan of the API"),
        "{both:?}"
    );
    assert!(both.what.contains(&key), "{both:?}");
    world.destroy(&text).await;
    assert!(world.look(&text).await.live.is_empty());
}

/// A stack with two halves can't be read or called.
#[test]
fn readers_refuse_and_no_run_calls_it_well() {
    let text = stack_of(1, 1).replace("[stack]", "[stack]\nlock = false");
    let folder = Folder::with(&text);
    let applied = folder.apply(&[]);
    assert!(applied.stderr.contains("no lock"), "{}", applied.stderr);
    folder.served(&[], |url| {
        let runtime = tokio::runtime::Builder::new_current_thread()
            .enable_all()
            .build()
            .unwrap();
        runtime.block_on(async {
            let config = aws_sdk_apigateway::Config::builder()
                .behavior_version_latest()
                .region(aws_sdk_apigateway::config::Region::new("eu-west-1"))
                .credentials_provider(aws_sdk_apigateway::config::Credentials::from_keys(
                    "someone", "else", None,
                ))
                .endpoint_url(url)
                .build();
            let api = aws_sdk_apigateway::Client::from_conf(config);
            let other = api.create_rest_api().name("xxx-api");
            let other = other.tags(OURS, "claims").tags(AT, "api");
            other.send().await.unwrap();
        });
    });
    let refused = |ran: Ran, words: &str| {
        assert_eq!(ran.code, 1, "{}{}", ran.stdout, ran.stderr);
        assert!(ran.stderr.contains(words), "{}", ran.stderr);
    };
    for command in [
        &["output"][..],
        &["token", "insurer0"],
        &["call", "insurer0", "GET", "/things0/1"],
        &["handoff", "insurer0", "--to", "access"],
        &["verify"],
        &["export", "postman", "--out", "postman"],
    ] {
        refused(
            folder.local(command),
            "several things carry the same address",
        );
    }
    for command in [&["history"][..], &["rollback", "--yes"]] {
        refused(
            folder.local(command),
            "several REST APIs carry the address api",
        );
    }
    let plan = folder.local(&["plan"]);
    assert_eq!(plan.code, 1, "{}{}", plan.stdout, plan.stderr);
    assert!(plan.stdout.contains("api/duplicate/"), "{}", plan.stdout);
    refused(folder.local(&["apply", "--yes"]), "api/duplicate/");
    let ran = folder.local(&["destroy", "--confirm", "claims"]);
    assert_eq!(ran.code, 0, "{}{}", ran.stdout, ran.stderr);
}

#[test]
fn two_first_applies_without_a_lock_can_be_destroyed() {
    let text = stack_of(2, 1).replace("[stack]", "[stack]\nlock = false");
    for _ in 0..3 {
        let folder = Folder::with(&text);
        let runs = [(); 2].map(|()| folder.start(&["--local", "apply", "--yes"]));
        for run in runs {
            run.wait_with_output().unwrap();
        }
        // If each run overwrote the other's mark, a client without a mark is left.
        let others = ["--allow-delete", "**/other_clients"];
        let ran = folder.local(&[&["destroy", "--confirm", "claims"][..], &others].concat());
        assert_eq!(ran.code, 0, "{}{}", ran.stdout, ran.stderr);
        assert_eq!(counted(&folder), [0; 5]);
    }
}

/// A proxy between a run and the AWS at this URL: `at` is called once, before the first request whose first line begins like this
/// is forwarded.
fn on_the_way(url: &str, begins: &'static str, at: impl FnOnce() + Send + 'static) -> String {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let here = format!("http://{}", listener.local_addr().unwrap());
    let upstream = url.trim_start_matches("http://").to_owned();
    let at = Arc::new(Mutex::new(Some(at)));
    std::thread::spawn(move || {
        for stream in listener.incoming() {
            let (mut stream, upstream, at) = (stream.unwrap(), upstream.clone(), at.clone());
            std::thread::spawn(move || {
                let Some((head, body)) = request(&mut stream) else {
                    return;
                };
                if head.starts_with(begins) {
                    let at = at.lock().unwrap().take();
                    if let Some(at) = at {
                        at();
                    }
                }
                let mut to = TcpStream::connect(upstream).unwrap();
                let head = head.replacen("\r\n", "\r\nconnection: close\r\n", 1);
                to.write_all(head.as_bytes()).unwrap();
                to.write_all(&body).unwrap();
                let mut answer = Vec::new();
                to.read_to_end(&mut answer).unwrap();
                let _ = stream.write_all(&answer);
            });
        }
    });
    here
}

/// A request's head and body; `None` where the connection ends before.
fn request(stream: &mut TcpStream) -> Option<(String, Vec<u8>)> {
    let (mut bytes, mut more) = (Vec::new(), [0; 8192]);
    loop {
        let end = bytes.windows(4).position(|four| four == b"\r\n\r\n");
        if let Some(end) = end {
            let head = String::from_utf8(bytes[..end + 4].to_vec()).unwrap();
            let length = head.lines().find_map(|line| {
                let (name, value) = line.split_once(": ")?;
                name.eq_ignore_ascii_case("content-length")
                    .then(|| value.parse::<usize>().unwrap())
            });
            let whole = end + 4 + length.unwrap_or(0);
            if bytes.len() >= whole {
                return Some((head, bytes[end + 4..whole].to_vec()));
            }
        }
        match stream.read(&mut more) {
            Ok(read) if read > 0 => bytes.extend_from_slice(&more[..read]),
            _ => return None,
        }
    }
}

/// Deletes the lock, as if by hand.
fn lock_deleted(url: &str) {
    asked(
        url,
        "ssm",
        "POST /",
        "x-amz-target: AmazonSSM.DeleteParameter\r\ncontent-type: application/x-amz-json-1.1",
        r#"{"Name": "/gatestack/lock/claims"}"#,
    );
}

/// Makes one request, which succeeds.
fn asked(url: &str, service: &str, begins: &str, headers: &str, body: &str) {
    let mut to = TcpStream::connect(url.trim_start_matches("http://")).unwrap();
    let request = format!(
        "{begins} HTTP/1.1\r\nhost: localhost\r\nconnection: close\r\n{headers}\r\n\
         authorization: AWS4-HMAC-SHA256 Credential=a/20261121/eu-west-1/{service}/aws4_request, SignedHeaders=host, Signature=0\r\n\
         content-length: {}\r\n\r\n{body}",
        body.len()
    );
    to.write_all(request.as_bytes()).unwrap();
    let mut answer = String::new();
    to.read_to_string(&mut answer).unwrap();
    assert!(answer.starts_with("HTTP/1.1 20"), "{answer}");
}

/// Runs an apply, and a whole second one before the first's first request that begins like this; returns how both ended.
fn one_within_another(folder: &Folder, url: &str, begins: &'static str, locked: bool) -> [Ran; 2] {
    let (tell, told) = std::sync::mpsc::channel();
    let mut inner = folder.command(&["--endpoint-url", url, "apply", "--yes"]);
    let direct = url.to_owned();
    let relayed = on_the_way(url, begins, move || {
        if locked {
            lock_deleted(&direct);
        }
        tell.send(Ran::from(inner.output().unwrap())).unwrap();
    });
    let outer = folder.run(&["--endpoint-url", &relayed, "apply", "--yes"]);
    [outer, told.recv().unwrap()]
}

/// A run that was not alone checks at the end what another one created too, whatever both of them create.
#[test]
fn no_run_that_was_not_alone_exits_0_on_a_duplicate() {
    let unlocked = |text: String| text.replace("[stack]", "[stack]\nlock = false");
    for (locked, partners, begins, doubled) in [
        (
            false,
            None,
            "POST /restapis ",
            &["api", "plans.XXXPlan"][..],
        ),
        (false, Some(2), "POST /apikeys", &["partners.insurer1/key"]),
        (true, None, "POST /usageplans ", &["plans.XXXPlan"]),
        (true, Some(2), "POST /apikeys", &["partners.insurer1/key"]),
    ] {
        let file = |partners| match locked {
            true => stack_of(partners, 1),
            false => unlocked(stack_of(partners, 1)),
        };
        let folder = Folder::with(&file(1));
        folder.served(&[], |url| {
            if let Some(partners) = partners {
                let ran = folder.run(&["--endpoint-url", url, "apply", "--yes"]);
                assert_eq!(ran.code, 0, "{}{}", ran.stdout, ran.stderr);
                folder.write(&file(partners));
            }
            let [outer, inner] = one_within_another(&folder, url, begins, locked);
            assert_eq!(inner.code, 0, "{}{}", inner.stdout, inner.stderr);
            assert_eq!(outer.code, 1, "{begins}: {}{}", outer.stdout, outer.stderr);
            let said: Vec<&str> = outer.stderr.split_whitespace().collect();
            let said = said.join(" ");
            for address in doubled {
                assert!(said.contains(&format!("{address}: ")), "{begins}: {said}");
            }
            assert!(said.contains("carr"), "{said}");
            assert!(!said.contains("has written nothing since;"), "{said}");
        });
    }
}

/// Without a lock, another run may make things while this one deletes them.
#[test]
fn no_destroy_that_was_not_alone_leaves_something_without_a_word() {
    let folder = Folder::with(&stack_of(1, 1).replace("[stack]", "[stack]\nlock = false"));
    folder.served(&[], |url| {
        let ran = folder.run(&["--endpoint-url", url, "apply", "--yes"]);
        assert_eq!(ran.code, 0, "{}{}", ran.stdout, ran.stderr);
        let direct = url.to_owned();
        let relayed = on_the_way(url, "DELETE /usageplans/", move || {
            asked(
                &direct,
                "apigateway",
                "POST /apikeys",
                "content-type: application/json",
                r#"{"name": "zed", "tags": {"gatestack:stack": "claims", "gatestack:key": "partners.zed/key"}}"#,
            );
        });
        let destroyed = ["--endpoint-url", &relayed, "destroy", "--confirm", "claims"];
        let ran = folder.run(&destroyed);
        assert_eq!(ran.code, 1, "{}{}", ran.stdout, ran.stderr);
        let said: Vec<&str> = ran.stderr.split_whitespace().collect();
        let said = said.join(" ");
        assert!(said.contains("partners.zed/key") && said.contains("is there again"), "{said}");
        let again = folder.run(&["--endpoint-url", url, "destroy", "--confirm", "claims"]);
        assert_eq!(again.code, 0, "{}{}", again.stdout, again.stderr);
    });
}
