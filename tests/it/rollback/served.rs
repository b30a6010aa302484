//! What callers are served, and who made it.

use super::*;

/// Works by hand in the local AWS of a folder, on its API.
fn by_hand_in(folder: &Folder, work: impl AsyncFnOnce(aws_sdk_apigateway::Client, String)) {
    let options = aws_local::Options {
        clock: Clock::system(),
        ..aws_local::Options::default()
    };
    let state = folder.path().join(".gatestack/local.json");
    let service = Service::at_file(&state, options).unwrap();
    let credentials = aws_sdk_apigateway::config::Credentials::from_keys("someone", "else", None);
    let config = aws_sdk_apigateway::Config::builder()
        .behavior_version_latest()
        .region(aws_sdk_apigateway::config::Region::new("eu-central-1"))
        .credentials_provider(credentials)
        .http_client(aws_local::connector(service))
        .build();
    let console = aws_sdk_apigateway::Client::from_conf(config);
    let runtime = tokio::runtime::Builder::new_current_thread();
    let runtime = { runtime }.enable_all().build().unwrap();
    runtime.block_on(async {
        let apis = console.get_rest_apis().send().await.unwrap();
        let api = apis.items()[0].id().unwrap().to_owned();
        work(console, api).await;
    });
}

/// Deploys what is configured in the local AWS of a folder, as the console does.
fn deploy_in(folder: &Folder) {
    by_hand_in(folder, async |console, api| {
        let deploy = console.create_deployment().rest_api_id(api);
        deploy.stage_name("prod").send().await.unwrap();
    });
}

/// Opens `GET /hello` of the smallest stack by hand.
async fn open_hello(console: &aws_sdk_apigateway::Client, api: &str) {
    let resources = console.get_resources().rest_api_id(api).send().await;
    let resources = resources.unwrap();
    let mut resources = resources.items().iter();
    let hello = resources.find(|one| one.path() == Some("/hello")).unwrap();
    let replace = |path: &str, value: &str| {
        let patch = PatchOperation::builder().op(Op::Replace);
        patch.path(path).value(value).build()
    };
    let update = console.update_method().rest_api_id(api);
    update
        .resource_id(hello.id().unwrap())
        .http_method("GET")
        .patch_operations(replace("/authorizationType", "NONE"))
        .patch_operations(replace("/apiKeyRequired", "false"))
        .send()
        .await
        .unwrap();
}

/// What a run said, on one line.
fn said(folder: &Folder, code: i32, arguments: &[&str]) -> String {
    let ran = folder.local(arguments);
    assert_eq!(ran.code, code, "{}{}", ran.stdout, ran.stderr);
    let words: Vec<&str> = ran.stdout.split_whitespace().collect();
    words.join(" ")
}

#[test]
fn what_a_canary_serves_is_served() {
    let folder = applied(&[SMALLEST.to_owned()]);
    by_hand_in(&folder, async |console, api| {
        open_hello(&console, &api).await;
        let canary = aws_sdk_apigateway::types::DeploymentCanarySettings::builder();
        let deploy = console.create_deployment().rest_api_id(api);
        let deploy = deploy.stage_name("prod");
        let canary = canary.percent_traffic(100.0).build();
        deploy.canary_settings(canary).send().await.unwrap();
    });
    let removal = "op=remove,path=/canarySettings";
    let sends = "A canary that gatestack did not make sends 100% of the callers of prod";
    let open = "GET /hello needs neither a token nor an API key";
    let history = said(&folder, 0, &["history"]);
    for says in [
        sends,
        open,
        removal,
        "callers of the stage prod outside of its canary don't see it yet",
    ] {
        assert!(history.contains(says), "no {says:?} in {history}");
    }
    let told = report(&folder);
    let id = &told["canary"]["deployment"];
    let mut deployments = told["deployments"].as_array().unwrap().iter();
    let canary = deployments.find(|one| one["id"] == *id).unwrap();
    assert_eq!(canary["methods"]["GET /hello"]["token"], false, "{told:#}");
    let plan = said(&folder, 0, &["plan"]);
    let open_now = "open now, against the file: the 100% of the callers of the stage prod that its canary serves";
    for says in [open_now, removal, "GET /hello (open)"] {
        assert!(plan.contains(says), "no {says:?} in {plan}");
    }
    assert!(!plan.contains("still refuses"), "{plan}");
    folder.apply(&[]);
    let history = said(&folder, 0, &["history"]);
    let configured = "Callers of the stage prod outside of its canary see what is configured.";
    for says in [sends, open, configured] {
        assert!(history.contains(says), "no {says:?} in {history}");
    }
    assert!(said(&folder, 0, &["plan"]).contains(open_now));
    let nowhere = folder.local(&["rollback", "--yes"]);
    assert_eq!(nowhere.code, 1, "{}", nowhere.stdout);
    assert!(nowhere.stderr.contains(removal), "{}", nowhere.stderr);
    let verified = said(&folder, 1, &["verify"]);
    assert!(
        verified.contains("canary that gatestack did not make"),
        "{verified}"
    );
    assert!(!verified.contains("501"), "{verified}");
}

#[test]
fn another_stage_that_lets_everybody_in_is_told() {
    let folder = applied(&[SMALLEST.to_owned()]);
    let stage = async |console: &aws_sdk_apigateway::Client, api: &str, name: &str| {
        let deploy = console.create_deployment().rest_api_id(api);
        deploy.stage_name(name).send().await.unwrap();
    };
    by_hand_in(&folder, async |console, api| {
        stage(&console, &api, "as-shut").await
    });
    assert!(!said(&folder, 0, &["plan"]).contains("GS135"));
    said(&folder, 0, &["verify"]);
    by_hand_in(&folder, async |console, api| {
        open_hello(&console, &api).await;
        stage(&console, &api, "theirs").await;
    });
    folder.apply(&[]);
    assert!(folder.planned().is_empty());
    let plan = said(&folder, 0, &["plan"]);
    for says in [
        "warning[GS135]: api/deployment: the stage theirs of this API",
        "Anyone may make calls there that the file restricts, by GET /hello;",
        "--stage-name theirs",
    ] {
        assert!(plan.contains(says), "no {says:?} in {plan}");
    }
    assert_eq!(plan.matches("GS135").count(), 1, "{plan}");
    let verified = said(&folder, 1, &["verify"]);
    assert!(
        verified.contains("the stage theirs of this API"),
        "{verified}"
    );
    let history = said(&folder, 0, &["history"]);
    for says in [
        "The stage theirs of this API is not the file's",
        "GET /hello needs neither a token nor an API key",
    ] {
        assert!(history.contains(says), "no {says:?} in {history}");
    }
    let beside: Vec<&str> = vec!["as-shut", "theirs"];
    let report = report(&folder);
    let named = report["beside"].as_array().unwrap().iter();
    let named: Vec<&str> = named.map(|one| one["stage"].as_str().unwrap()).collect();
    assert_eq!(named, beside);
}

/// The screens of `history`, `rollback`, and the plan.
#[test]
fn a_deployment_that_gatestack_did_not_make_is_unknown() {
    let folder = applied(&[with_routes(&["/old"]), with_routes(&["/new"])]);
    deploy_in(&folder);
    assert_screen!("history_unknown", 0, folder.local(&["history"]));
    let json = report(&folder);
    assert_eq!(json["shows"], "unknown");
    assert_eq!(json["deployments"][0]["rollback"], "served");
    assert_eq!(
        json["deployments"][0]["methods"]["GET /hello"],
        serde_json::json!({ "token": true, "signature": false, "api_key": true })
    );
    assert_screen!("plan_unknown", 0, folder.local(&["plan"]));
    let plan = folder.plan(&[]);
    assert_eq!(plan["needs_forward"], false);
    let verified = folder.local(&["verify"]);
    assert_eq!(verified.code, 1, "{}", verified.stdout);
    assert!(
        verified.stdout.contains("which gatestack did not"),
        "{}",
        verified.stdout
    );
    let ran = folder.local(&["rollback", "--yes"]);
    assert_eq!(ran.code, 0, "{}{}", ran.stdout, ran.stderr);
    let after = report(&folder);
    assert_eq!(after["shows"], "configured");
    assert_eq!(after["served"], json["deployments"][1]["id"]);
}
